//! The cons/mark ratio: how fast the application allocates against how fast the collector scans.
//!
//! Each cycle measures it once. The prediction for the next cycle is the maximum of the last [`WINDOW`] measurements:
//! too high an estimate starts a cycle a little early, too low a one makes every mutator assist, and latency is worth
//! more than some processor time. The simulation compares this with averages (`smoothing_is_worth_it`).

use super::CycleEnd;

/// Cycles that a measurement counts for.
const WINDOW: usize = 5;

/// Most of the processors that the collector is taken to have used: a cycle in which the application hardly ran says
/// hardly anything about its rate of allocation.
const MAX_UTILIZATION: f64 = 0.99;

/// The last measurements, newest last, and how they become a prediction.
#[derive(Clone, Debug)]
pub(super) struct ConsMark {
    samples: [f64; WINDOW],
    combine: fn(&[f64]) -> f64,
}

impl ConsMark {
    /// No measurement yet.
    pub(super) fn new() -> Self {
        Self { samples: [0.0; WINDOW], combine: maximum }
    }

    /// The same with another prediction, to compare.
    #[cfg(test)]
    pub(super) fn predicted_by(combine: fn(&[f64]) -> f64) -> Self {
        Self { combine, ..Self::new() }
    }

    /// The prediction; zero if nothing was measured.
    pub(super) fn estimate(&self) -> f64 {
        (self.combine)(&self.samples)
    }

    /// Learns from a cycle that started at `triggered` bytes, unless it has nothing to teach: no allocation (a
    /// forced collection whose callers waited), no work or no time.
    pub(super) fn record(&mut self, end: CycleEnd, triggered: u64, processors: u32) {
        let measured = measure(end, triggered, processors).filter(|ratio| ratio.is_finite() && *ratio > 0.0);
        if let Some(ratio) = measured {
            self.samples.rotate_left(1);
            self.samples[WINDOW - 1] = ratio;
        }
    }
}

/// Bytes allocated per processor time of the application, over bytes scanned per processor time of the collector.
///
/// Idle markers count for the collector, since they did part of the work, but not against the application, which
/// could have had that time at any moment.
fn measure(end: CycleEnd, triggered: u64, processors: u32) -> Option<f64> {
    let allocated = end.heap_live.checked_sub(triggered)? as f64;
    if end.duration_ns == 0 {
        return None;
    }
    let total = end.duration_ns as f64 * f64::from(processors.max(1));
    let collecting = end.background_ns as f64 + end.assist_ns as f64;
    let utilization = (collecting / total).min(MAX_UTILIZATION);
    let marking = utilization + (end.idle_ns as f64 / total).min(1.0);
    Some(allocated * marking / (end.work.total() as f64 * (1.0 - utilization)))
}

fn maximum(samples: &[f64]) -> f64 {
    samples.iter().copied().fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::super::ScanWork;
    use super::*;

    const MS: u64 = 1_000_000;

    /// Four processors for 10 ms: 10 ms of marking, so 30 ms of application.
    fn cycle() -> CycleEnd {
        let work = ScanWork { heap: 90, stacks: 6, globals: 4 };
        CycleEnd { heap_live: 130, work, duration_ns: 10 * MS, background_ns: 10 * MS, ..CycleEnd::default() }
    }

    #[test]
    fn rates_are_per_processor_time() {
        // 30 bytes in 30 ms against 100 bytes in 10 ms.
        let ratio = measure(cycle(), 100, 4).unwrap();
        assert!((ratio - 0.1).abs() < 1e-12, "{ratio}");
        // The same work with 10 ms of assists: 30 bytes in 20 ms against 100 in 20.
        let ratio = measure(CycleEnd { assist_ns: 10 * MS, ..cycle() }, 100, 4).unwrap();
        assert!((ratio - 0.3).abs() < 1e-12, "{ratio}");
        // With 10 ms of idle markers: 30 bytes in 30 ms against 100 in 20.
        let ratio = measure(CycleEnd { idle_ns: 10 * MS, ..cycle() }, 100, 4).unwrap();
        assert!((ratio - 0.2).abs() < 1e-12, "{ratio}");
    }

    #[test]
    fn the_highest_counts_until_it_is_forgotten() {
        let mut ratio = ConsMark::new();
        assert_eq!(ratio.estimate(), 0.0);
        ratio.record(CycleEnd { heap_live: 400, ..cycle() }, 100, 4);
        for _ in 1..WINDOW {
            ratio.record(cycle(), 100, 4);
            assert!((ratio.estimate() - 1.0).abs() < 1e-12);
        }
        ratio.record(cycle(), 100, 4);
        assert!((ratio.estimate() - 0.1).abs() < 1e-12);
    }

    #[test]
    fn a_cycle_without_news_teaches_nothing() {
        let mut ratio = ConsMark::new();
        ratio.record(cycle(), 100, 4);
        let before = ratio.estimate();
        let none = CycleEnd { duration_ns: 0, background_ns: 0, ..cycle() };
        for _ in 0..WINDOW {
            ratio.record(cycle(), 130, 4);
            ratio.record(cycle(), 200, 4);
            ratio.record(none, 100, 4);
            ratio.record(CycleEnd { work: ScanWork::default(), ..cycle() }, 100, 4);
        }
        assert_eq!(ratio.estimate(), before);
    }

    #[test]
    fn a_stalled_application_stays_finite() {
        let ratio = measure(CycleEnd { assist_ns: u64::MAX, ..cycle() }, 100, 4).unwrap();
        assert!(ratio.is_finite());
    }
}
