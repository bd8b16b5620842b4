//! From the soft memory limit to a heap goal.
//!
//! The limit is about mapped − released bytes, the goal about bytes of heap objects. What lies between is the memory
//! that neither is nor can become a heap object: stacks, metadata, and the unused part of spans in use. It is taken
//! off the limit. Free pages that are still mapped are not taken off: the heap grows into them at no cost. Counting
//! them as overhead keeps the limit no better and costs 30 % more collector time in the simulation
//! (`free_pages_are_no_overhead`). Should they stand in the way of the limit, the scavenger releases them at once.
//!
//! What already exceeds the limit is taken off once more, to get back below it.

/// Part of the goal kept free in percent: pacing is not exact, and a heap that lives at the limit itself would
/// scavenge at each allocation.
const HEADROOM_PERCENT: u64 = 3;

/// The least headroom: for small heaps pacing is coarser.
const MIN_HEADROOM: u64 = 1 << 20;

/// What is mapped, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mapped {
    /// Everything mapped and not released to the system: heap, stacks, metadata.
    pub ready: u64,
    /// The part of it in free pages that are not scavenged.
    pub free: u64,
    /// The part of it in heap objects that are live or not yet swept.
    pub objects: u64,
}

/// The bytes of heap objects that fit under `limit` beside everything else; zero if nothing does.
pub(super) fn ceiling(limit: u64, mapped: Mapped) -> u64 {
    if limit == u64::MAX {
        return u64::MAX;
    }
    let other = mapped.ready.saturating_sub(mapped.free).saturating_sub(mapped.objects);
    let over = mapped.ready.saturating_sub(limit);
    limit.saturating_sub(other).saturating_sub(over)
}

/// The heap goal of `limit`: the ceiling less headroom. The caller raises it to the live heap.
pub(super) fn goal(limit: u64, mapped: Mapped) -> u64 {
    if limit == u64::MAX {
        return u64::MAX;
    }
    let ceiling = ceiling(limit, mapped);
    let headroom = super::percent(ceiling, HEADROOM_PERCENT).max(MIN_HEADROOM);
    // A tiny limit leaves the headroom as goal, since a goal of nothing would collect at every allocation.
    if ceiling == 0 { 0 } else { ceiling.saturating_sub(headroom).max(headroom) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn mapped(ready: u64, free: u64, objects: u64) -> Mapped {
        Mapped { ready: ready * MIB, free: free * MIB, objects: objects * MIB }
    }

    #[test]
    fn overheads_and_headroom_come_off() {
        // 600 mapped, of which 50 free and 450 objects: 100 of overheads.
        assert_eq!(ceiling(1_000 * MIB, mapped(600, 50, 450)), 900 * MIB);
        assert_eq!(goal(1_000 * MIB, mapped(600, 50, 450)), 873 * MIB);
    }

    #[test]
    fn free_pages_do_not_count() {
        assert_eq!(ceiling(1_000 * MIB, mapped(900, 800, 50)), ceiling(1_000 * MIB, mapped(100, 0, 50)));
    }

    #[test]
    fn excess_comes_off_again() {
        assert_eq!(ceiling(500 * MIB, mapped(600, 0, 600)), 400 * MIB);
        assert_eq!(ceiling(500 * MIB, mapped(600, 0, 500)), 300 * MIB);
    }

    #[test]
    fn headroom_is_at_least_a_mebibyte() {
        assert_eq!(goal(10 * MIB, mapped(0, 0, 0)), 9 * MIB);
        assert_eq!(goal(MIB / 2, mapped(0, 0, 0)), MIB);
        assert_eq!(goal(100 * MIB, mapped(200, 0, 0)), 0, "the rest alone is above the limit");
    }

    #[test]
    fn no_limit_is_no_goal() {
        assert_eq!(goal(u64::MAX, mapped(600, 50, 450)), u64::MAX);
        assert_eq!(ceiling(u64::MAX, mapped(600, 50, 450)), u64::MAX);
    }
}
