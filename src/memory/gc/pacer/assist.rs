//! The exchange rate between allocation and scan work while marking runs.

/// Beyond the goal the worst-case work is due within this percentage of the goal.
pub(super) const MAX_OVERSHOOT_PERCENT: u64 = 10;

/// Marking counts in batches and sees some objects twice, so the work left is an estimate even when it says nothing:
/// this much is always assumed.
const MIN_WORK: u64 = 1000;

/// Heap live moves by whole refills of an allocation cache: no distance is meaningful below a page.
const MIN_RUNWAY: u64 = 8 << 10;

/// What a mutator owes, and what work is worth. Both are finite and positive, and reciprocals of each other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AssistRatio {
    /// Bytes of scan work due per byte allocated.
    pub work_per_byte: f64,
    /// Bytes that may be allocated per byte of scan work.
    pub bytes_per_work: f64,
}

impl AssistRatio {
    /// The ratio that spreads `work` over `runway`, both in bytes.
    pub(super) fn new(work: u64, runway: u64) -> Self {
        let (work, runway) = (work.max(MIN_WORK) as f64, runway.max(MIN_RUNWAY) as f64);
        Self { work_per_byte: work / runway, bytes_per_work: runway / work }
    }
}

/// The goal for `worst` bytes of work, if `goal` was meant for `expected` bytes from `triggered` on.
pub(super) fn extend(goal: u64, triggered: u64, expected: u64, worst: u64) -> u64 {
    let runway = u128::from(goal.saturating_sub(triggered));
    // Nothing was expected, so nothing is known about the runway this work needs: the caller's hard goal decides.
    let Some(stretched) = (runway * u128::from(worst)).checked_div(u128::from(expected)) else { return u64::MAX };
    u64::try_from(u128::from(triggered.min(goal)) + stretched.max(runway)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_spread_over_the_runway() {
        let ratio = AssistRatio::new(3 << 20, 1 << 20);
        assert_eq!((ratio.work_per_byte, ratio.bytes_per_work), (3.0, 1.0 / 3.0));
    }

    #[test]
    fn nothing_left_is_still_a_ratio() {
        let ratio = AssistRatio::new(0, 0);
        assert_eq!(ratio.work_per_byte, MIN_WORK as f64 / MIN_RUNWAY as f64);
        assert!(AssistRatio::new(u64::MAX, 0).work_per_byte.is_finite());
        assert!(AssistRatio::new(0, u64::MAX).work_per_byte > 0.0);
    }

    #[test]
    fn the_goal_grows_with_the_work() {
        assert_eq!(extend(120, 100, 50, 100), 140);
        assert_eq!(extend(120, 100, 50, 40), 120, "a worst case below the expectation takes nothing away");
        assert_eq!(extend(120, 100, 0, 100), u64::MAX);
        assert_eq!(extend(90, 100, 50, 100), 90, "started past the goal: there is no runway to stretch");
        assert_eq!(extend(u64::MAX, 0, 1, u64::MAX), u64::MAX);
    }
}
