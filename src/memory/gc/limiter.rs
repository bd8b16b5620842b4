//! A ceiling for the processor time of the collector.
//!
//! A memory limit that the live heap does not fit into would have the collector run without end, and assists would
//! leave nothing to the application. The limiter is the way out: it measures, and while it says
//! [`limiting`](CpuLimiter::limiting) the collector switches assists off and accepts that the heap passes its goal.
//!
//! It is a leaky bucket. Collector time fills it and application time drains it, one for one, so it stays full only
//! if the collector takes more than half of the time. Its capacity is one second per processor: that much excess is
//! free, so that a short burst of marking is never limited. The bucket never goes below empty: an application that
//! ran for a day without a collection has no credit for a death spiral on the next day.
//!
//! What a window brings beyond full is kept up to [`OVERDRAFT_PER_PROCESSOR_NS`] and has to be paid back first.
//! Without that, windows with and without assists would alternate, each of the former would forget its excess, and
//! the collector would get to 61 % in the simulated death spiral instead of 50 %. The bound is there for excess that
//! no limiting prevents: it must not limit for long after its cause is gone.
//!
//! Invariants: `fill <= capacity + overdraft`; limiting exactly while `fill >= capacity`.
//!
//! What counts: background markers and assists are collector time, and a stopped world is collector time on every
//! processor. Time in which a processor had nothing to run counts for neither side, whether an idle marker used it
//! or not; otherwise a program that uses one processor of thirty could thrash unnoticed.
//!
//! The idea is that of the CPU limiter in Go's runtime; here the background markers' time is measured, not assumed,
//! and excess is paid back.

/// Room for one second of excess per processor.
const CAPACITY_PER_PROCESSOR_NS: u64 = 1_000_000_000;

/// How far a full bucket remembers more excess: several windows.
const OVERDRAFT_PER_PROCESSOR_NS: u64 = 100_000_000;

/// What the processors did since the last update. All times in nanoseconds; all but the first two are summed over
/// the processors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// Wall time since the last update.
    pub elapsed_ns: u64,
    /// Wall time of it during which the collector kept the world stopped.
    pub stopped_ns: u64,
    /// Processor time of background markers while the world ran.
    pub background_ns: u64,
    /// Processor time of assists while the world ran.
    pub assist_ns: u64,
    /// Processor time without work for the application, used by idle markers or not.
    pub idle_ns: u64,
}

/// The leaky bucket. The collector updates it at each change of phase, and about every 10 ms while it marks.
#[derive(Clone, Debug)]
pub struct CpuLimiter {
    processors: u32,
    /// Excess of collector time over application time, in nanoseconds of processor time.
    fill: u64,
}

impl CpuLimiter {
    /// An empty bucket. Zero processors count as one.
    pub fn new(processors: u32) -> Self {
        Self { processors: processors.max(1), fill: 0 }
    }

    /// Changes the number of processors, and with it the capacity. The time before belongs into an update before.
    pub fn set_processors(&mut self, processors: u32) {
        self.processors = processors.max(1);
        self.fill = self.fill.min(self.brim());
    }

    /// Accounts for one window of time.
    pub fn update(&mut self, window: Window) {
        let processors = u64::from(self.processors);
        let total = window.elapsed_ns.saturating_mul(processors);
        let stopped = window.stopped_ns.saturating_mul(processors);
        let collector = window.background_ns.saturating_add(window.assist_ns).saturating_add(stopped);
        let application = total.saturating_sub(window.idle_ns).saturating_sub(collector);
        self.fill = if collector > application {
            self.fill.saturating_add(collector - application).min(self.brim())
        } else {
            self.fill.saturating_sub(application - collector)
        };
    }

    /// Whether the collector has used up its half: assists are off, and the heap may pass its goal.
    pub fn limiting(&self) -> bool {
        self.fill >= self.capacity()
    }

    fn capacity(&self) -> u64 {
        u64::from(self.processors) * CAPACITY_PER_PROCESSOR_NS
    }

    fn brim(&self) -> u64 {
        self.capacity() + u64::from(self.processors) * OVERDRAFT_PER_PROCESSOR_NS
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MS: u64 = 1_000_000;
    const PROCESSORS: u32 = 4;

    /// A window of `elapsed` milliseconds in which the collector had `share` percent of all processors.
    fn busy(elapsed: u64, share: u64) -> Window {
        let total = elapsed * MS * u64::from(PROCESSORS);
        let background_ns = total / 100 * share.min(25);
        Window { elapsed_ns: elapsed * MS, background_ns, assist_ns: total / 100 * share - background_ns, ..idle() }
    }

    fn idle() -> Window {
        Window::default()
    }

    #[test]
    fn half_of_the_time_never_limits() {
        let mut limiter = CpuLimiter::new(PROCESSORS);
        for _ in 0..100_000 {
            limiter.update(busy(10, 50));
            assert!(!limiter.limiting());
        }
    }

    #[test]
    fn a_second_of_excess_is_free() {
        let mut limiter = CpuLimiter::new(PROCESSORS);
        (0..99).for_each(|_| limiter.update(busy(10, 100)));
        assert!(!limiter.limiting(), "0.99 s of nothing but collection");
        limiter.update(busy(10, 100));
        assert!(limiter.limiting(), "1.00 s of nothing but collection");
        limiter.update(busy(1, 49));
        assert!(!limiter.limiting(), "the application got its share");
    }

    #[test]
    fn three_quarters_limit_after_two_seconds() {
        let mut limiter = CpuLimiter::new(PROCESSORS);
        let windows = (1..).take_while(|_| {
            limiter.update(busy(10, 75));
            !limiter.limiting()
        });
        assert_eq!(windows.count(), 199);
    }

    #[test]
    fn a_death_spiral_gets_half() {
        let mut limiter = CpuLimiter::new(PROCESSORS);
        let shares: Vec<u64> = (0..10_000)
            .map(|_| {
                let share = if limiter.limiting() { 25 } else { 100 };
                limiter.update(busy(10, share));
                share
            })
            .collect();
        let late = &shares[5_000..];
        let mean = late.iter().sum::<u64>() as f64 / late.len() as f64;
        assert!((49.5..50.5).contains(&mean), "{mean}");
    }

    #[test]
    fn excess_that_nothing_prevents_is_forgotten() {
        let mut limiter = CpuLimiter::new(PROCESSORS);
        limiter.update(busy(3_600_000, 100));
        limiter.update(busy(201, 25));
        assert!(!limiter.limiting());
    }

    #[test]
    fn quiet_days_give_no_credit() {
        let mut limiter = CpuLimiter::new(PROCESSORS);
        limiter.update(busy(86_400_000, 0));
        limiter.update(busy(1_000, 100));
        assert!(limiter.limiting());
    }

    #[test]
    fn idle_time_counts_for_neither_side() {
        let mut limiter = CpuLimiter::new(PROCESSORS);
        // One processor of four marks all the time, one runs the application a third of it: 75 % of what was used.
        let window = Window { elapsed_ns: 3 * MS, background_ns: 3 * MS, idle_ns: 8 * MS, ..idle() };
        (0..2_000).for_each(|_| limiter.update(window));
        assert!(limiter.limiting());
        let mut limiter = CpuLimiter::new(PROCESSORS);
        (0..2_000).for_each(|_| limiter.update(Window { idle_ns: 0, ..window }));
        assert!(!limiter.limiting(), "the same with an application that is busy");
    }

    #[test]
    fn a_stopped_world_costs_every_processor() {
        let mut limiter = CpuLimiter::new(PROCESSORS);
        limiter.update(Window { elapsed_ns: 999 * MS, stopped_ns: 999 * MS, ..idle() });
        assert!(!limiter.limiting());
        limiter.update(Window { elapsed_ns: MS, stopped_ns: MS, ..idle() });
        assert!(limiter.limiting());
    }

    #[test]
    fn fewer_processors_have_less_room() {
        let mut limiter = CpuLimiter::new(PROCESSORS);
        limiter.update(busy(600, 100));
        assert!(!limiter.limiting());
        limiter.set_processors(1);
        assert!(limiter.limiting());
        limiter.set_processors(8);
        assert!(!limiter.limiting());
    }

    proptest! {
        #[test]
        fn the_bucket_stays_within_its_walls(processors: u32, windows: Vec<(u64, u64, u64, u64, u64)>) {
            let mut limiter = CpuLimiter::new(processors);
            for (elapsed_ns, stopped_ns, background_ns, assist_ns, idle_ns) in windows {
                limiter.update(Window { elapsed_ns, stopped_ns, background_ns, assist_ns, idle_ns });
                prop_assert!(limiter.fill <= limiter.brim());
                prop_assert_eq!(limiter.limiting(), limiter.fill >= limiter.capacity());
            }
        }

        /// Over any run that stops its assists while limited, the collector's excess is at most the bucket.
        #[test]
        fn excess_is_at_most_the_bucket(shares in prop::collection::vec(0u64..=100, 1..2_000)) {
            let mut limiter = CpuLimiter::new(PROCESSORS);
            let (mut collector, mut application) = (0, 0);
            for share in shares {
                let window = busy(10, if limiter.limiting() { 25 } else { share });
                limiter.update(window);
                let used = window.background_ns + window.assist_ns;
                collector += used;
                application += window.elapsed_ns * u64::from(PROCESSORS) - used;
                let one_window = 10 * MS * u64::from(PROCESSORS);
                prop_assert!(collector <= application + limiter.capacity() + one_window);
            }
        }
    }
}
