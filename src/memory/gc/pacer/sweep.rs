//! Pacing of sweeping: all pages are swept before the next cycle starts.
//!
//! The background sweeper may never get to run, so each allocation of a span owes a number of pages: the pages left,
//! spread evenly over what will be allocated before the trigger. What the background has swept is credit. The last
//! megabyte before the trigger is kept free of debt, so that a slow last sweep does not delay the cycle.
//!
//! Invariant: at a heap live of trigger − 1 MiB or more the debt is every page that is left.

/// Sweeping is to be complete this far before the trigger.
const SLACK: u64 = 1 << 20;

/// The distance to sweep in when the trigger is closer than the slack.
const MIN_DISTANCE: u64 = 8 << 10;

/// The numbers at the end of a cycle, or where the trigger has moved in the middle of sweeping.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SweepPlan {
    /// Heap live now, in bytes.
    pub heap_live: u64,
    /// The next trigger, in bytes.
    pub trigger: u64,
    /// Pages of all spans that this sweep has to visit, those done included.
    pub pages: u64,
    /// How many of them are swept already.
    pub pages_swept: u64,
}

/// A straight line from now to the trigger. It is plain data: a copy can be read by every processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SweepPacer {
    start: SweepPlan,
    /// Bytes from the start to the point where all is swept; at least one page.
    distance: u64,
}

impl SweepPacer {
    /// The line for `plan`.
    pub fn new(plan: SweepPlan) -> Self {
        let distance = plan.trigger.saturating_sub(plan.heap_live).saturating_sub(SLACK).max(MIN_DISTANCE);
        Self { start: plan, distance }
    }

    /// Pages that must be swept before heap live may become `heap_live` bytes, if `pages_swept` are swept so far.
    pub fn debt(&self, heap_live: u64, pages_swept: u64) -> u64 {
        let left = u128::from(self.start.pages.saturating_sub(self.start.pages_swept));
        let way = heap_live.saturating_sub(self.start.heap_live).min(self.distance);
        let due = (left * u128::from(way)).div_ceil(u128::from(self.distance));
        // `due` is at most `left`, so it fits.
        self.start.pages_swept.saturating_add(due as u64).saturating_sub(pages_swept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MIB: u64 = 1 << 20;

    #[test]
    fn pages_are_spread_evenly() {
        let pacer = SweepPacer::new(SweepPlan { heap_live: 4 * MIB, trigger: 9 * MIB, pages: 800, pages_swept: 0 });
        assert_eq!(pacer.debt(4 * MIB, 0), 0);
        assert_eq!(pacer.debt(5 * MIB, 0), 200);
        assert_eq!(pacer.debt(5 * MIB, 150), 50);
        assert_eq!(pacer.debt(5 * MIB, 300), 0, "the background sweeper is ahead");
        assert_eq!(pacer.debt(8 * MIB, 0), 800, "all is swept a megabyte before the trigger");
    }

    #[test]
    fn a_moved_trigger_takes_up_where_sweeping_stands() {
        let pacer = SweepPacer::new(SweepPlan { heap_live: 5 * MIB, trigger: 7 * MIB, pages: 800, pages_swept: 200 });
        assert_eq!(pacer.debt(5 * MIB, 200), 0);
        assert_eq!(pacer.debt(5 * MIB + MIB / 2, 200), 300);
        assert_eq!(pacer.debt(6 * MIB, 500), 300);
    }

    #[test]
    fn a_trigger_at_hand_sweeps_all_at_once() {
        let pacer = SweepPacer::new(SweepPlan { heap_live: 5 * MIB, trigger: 5 * MIB, pages: 800, pages_swept: 0 });
        assert_eq!(pacer.debt(5 * MIB + MIN_DISTANCE, 0), 800);
    }

    proptest! {
        #[test]
        fn all_is_swept_by_the_trigger(heap_live: u64, trigger: u64, pages: u64, pages_swept: u64) {
            let pages_swept = pages_swept.min(pages);
            let pacer = SweepPacer::new(SweepPlan { heap_live, trigger, pages, pages_swept });
            let late = trigger.max(heap_live.saturating_add(MIN_DISTANCE));
            prop_assume!(late - heap_live >= MIN_DISTANCE);
            prop_assert_eq!(pacer.debt(late, pages_swept), pages - pages_swept);
        }

        #[test]
        fn the_debt_grows_with_the_heap_and_pays_off(plan: [u64; 4], a: u64, b: u64, swept: u64) {
            let [heap_live, trigger, pages, pages_swept] = plan;
            let pacer = SweepPacer::new(SweepPlan { heap_live, trigger, pages, pages_swept });
            prop_assert!(pacer.debt(a.min(b), swept) <= pacer.debt(a.max(b), swept));
            let debt = pacer.debt(a, swept);
            prop_assert_eq!(pacer.debt(a, swept.saturating_add(debt)), 0);
        }
    }
}
