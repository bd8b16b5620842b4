//! What the memory manager tells about itself: one plain snapshot, [`Stats`].
//!
//! The heap and the collector count in whatever way suits them and fill in a `Stats` when asked; `observe` turns it
//! into what users know (`MemStats`, metrics). The records of single events are in [`CycleTrace`] and
//! [`ScavengeTrace`]. Everything here is public, plain and without behaviour, except for sums and [`Stats::verify`].
//!
//! Conventions: sizes are in bytes and times in nanoseconds, all unsigned. *Cumulative* numbers never go down during
//! the life of a heap. Bytes of objects are those of their slots, so an object of 50 bytes in a class of 64 counts 64;
//! those of large objects are the bytes of their pages. A *tiny* object shares a block with others; the block is what
//! counts as an object, the tiny ones are counted on the side.
//!
//! Where memory is, a partition of all that has been mapped readable and writable:
//!
//! ```text
//!   pages.mapped = in_use (spans of objects) + stacks + free (empty, in memory) + released (empty, given back)
//!   metadata     = spans + caches + collector + other
//! ```
//!
//! The invariants of a snapshot that was taken with the world stopped are those that [`Stats::verify`] checks. One
//! taken while mutators run may be off by what they did in between; the readers of `observe` stay defined (sums that
//! would be negative are zero).

mod trace;

pub use self::trace::{CycleTrace, ScavengeTrace};
use crate::base::histogram::HistogramSnapshot;

/// How many cycles back [`PauseHistory`] reaches.
pub const PAUSE_HISTORY: usize = 256;

/// The state of a heap and its collector.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stats {
    /// The pages of the heap.
    pub pages: PageStats,
    /// Objects, allocated and freed.
    pub objects: ObjectStats,
    /// Memory of the manager itself.
    pub metadata: MetadataStats,
    /// The collector's cycles and settings.
    pub cycles: CycleStats,
    /// How long the world was stopped.
    pub pauses: PauseStats,
    /// CPU time, by what it was used for.
    pub cpu: CpuStats,
    /// Functions that run after objects have died.
    pub finalizers: FinalizerStats,
}

/// The pages of the heap, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PageStats {
    /// All pages that have been committed. Counted where pages are committed, not as the sum of the others. Never
    /// goes down.
    pub mapped: u64,
    /// Pages of spans that hold objects, or are cached for them.
    pub in_use: u64,
    /// Pages of manual spans: stacks of goroutines.
    pub stacks: u64,
    /// Pages that belong to no span and may be in memory.
    pub free: u64,
    /// Pages that belong to no span and have been given back to the system.
    pub released: u64,
}

/// Objects, counted by where they lie.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectStats {
    /// The size classes, by ascending size; each is the sum over all spans of the class, with pointers or without.
    pub classes: Vec<ClassStats>,
    /// Large objects allocated. Cumulative.
    pub large_allocs: u64,
    /// Large objects freed. Cumulative.
    pub large_frees: u64,
    /// Bytes of large objects allocated. Cumulative.
    pub large_allocated: u64,
    /// Bytes of large objects freed. Cumulative.
    pub large_freed: u64,
    /// Tiny objects allocated into shared blocks. Cumulative.
    pub tiny_allocs: u64,
}

/// A size class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClassStats {
    /// The bytes of a slot.
    pub size: u32,
    /// Objects allocated. Cumulative.
    pub allocs: u64,
    /// Objects found dead by sweeping. Cumulative.
    pub frees: u64,
}

impl ObjectStats {
    /// Objects allocated, blocks of tiny ones included and tiny ones not. Cumulative.
    pub fn allocs(&self) -> u64 {
        self.large_allocs + self.classes.iter().map(|class| class.allocs).sum::<u64>()
    }

    /// Objects freed. Cumulative.
    pub fn frees(&self) -> u64 {
        self.large_frees + self.classes.iter().map(|class| class.frees).sum::<u64>()
    }

    /// Bytes allocated. Cumulative.
    pub fn allocated(&self) -> u64 {
        self.large_allocated + self.classes.iter().map(|class| class.allocs * u64::from(class.size)).sum::<u64>()
    }

    /// Bytes freed. Cumulative.
    pub fn freed(&self) -> u64 {
        self.large_freed + self.classes.iter().map(|class| class.frees * u64::from(class.size)).sum::<u64>()
    }

    /// Objects that have not been freed: alive, or dead and not yet swept.
    pub fn count(&self) -> u64 {
        self.allocs().saturating_sub(self.frees())
    }

    /// Bytes of the objects that have not been freed.
    pub fn bytes(&self) -> u64 {
        self.allocated().saturating_sub(self.freed())
    }
}

/// Memory of the manager itself, in bytes; outside of the heap's pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MetadataStats {
    /// Descriptions of spans.
    pub spans: PoolStats,
    /// Allocation caches of processors.
    pub caches: PoolStats,
    /// Structures of the collector and the page allocator: mark bits, page table, work queues, barrier buffers.
    pub collector: u64,
    /// What belongs to none of the others: finalizers, cleanups, weak pointers.
    pub other: u64,
}

impl MetadataStats {
    /// All of it.
    pub fn total(&self) -> u64 {
        self.spans.mapped + self.caches.mapped + self.collector + self.other
    }
}

/// Structures of one kind that are reused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolStats {
    /// Bytes of those in use.
    pub in_use: u64,
    /// Bytes set aside for them, in use or not.
    pub mapped: u64,
}

/// The collector's cycles and settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CycleStats {
    /// Cycles whose marking is complete. Cumulative.
    pub completed: u64,
    /// Those of them that the program asked for. Cumulative.
    pub forced: u64,
    /// The cycle in which the limiter of the collector's CPU time last stepped in; 0 if it never did.
    pub limiter_last_enabled: u64,
    /// When the last cycle ended its marking, as time since 1970; 0 if there was none.
    pub last_end_unix_ns: u64,
    /// The size of the heap at which the next cycle is meant to end its marking.
    pub goal: u64,
    /// Bytes that the last cycle found alive.
    pub live: u64,
    /// Bytes of the heap that the last cycle had to scan: objects up to their last pointer.
    pub scannable_heap: u64,
    /// Bytes of stacks that the last cycle scanned.
    pub scannable_stacks: u64,
    /// Bytes of global variables with pointers.
    pub scannable_globals: u64,
    /// `GOGC`: how much the heap may grow, in percent of what is alive; `None` if it is off.
    pub gc_percent: Option<u32>,
    /// `GOMEMLIMIT`: the soft limit on memory; `None` if there is none.
    pub memory_limit: Option<u64>,
    /// The size of the stack of a new goroutine.
    pub initial_stack: u64,
}

/// How long the world was stopped for the collector.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PauseStats {
    /// The sum of all pauses. Cumulative.
    pub total_ns: u64,
    /// The last cycles.
    pub history: PauseHistory,
    /// All pauses, from the decision to stop to the restart.
    pub pauses: HistogramSnapshot,
    /// All times to stop, from the decision to the moment when all mutators stand; a part of the pause.
    pub stops: HistogramSnapshot,
}

/// The pauses of the last [`PAUSE_HISTORY`] cycles, in two rings. Cycles are numbered from 1, and cycle *n* is at
/// `(n - 1) % PAUSE_HISTORY`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PauseHistory {
    /// The sum of the pauses of the cycle.
    pub ns: [u64; PAUSE_HISTORY],
    /// When its last pause ended, as time since 1970.
    pub end_unix_ns: [u64; PAUSE_HISTORY],
}

impl Default for PauseHistory {
    fn default() -> Self {
        Self { ns: [0; PAUSE_HISTORY], end_unix_ns: [0; PAUSE_HISTORY] }
    }
}

impl PauseHistory {
    /// Enters the pauses of `cycle`, counted from 1, in the place of those of an older one.
    pub fn record(&mut self, cycle: u64, ns: u64, end_unix_ns: u64) {
        assert!(cycle > 0, "cycles are numbered from 1");
        let at = ((cycle - 1) % PAUSE_HISTORY as u64) as usize;
        self.ns[at] = ns;
        self.end_unix_ns[at] = end_unix_ns;
    }
}

/// CPU time since the start. All cumulative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CpuStats {
    /// Marking by mutators, to make up for their allocation.
    pub assist_ns: u64,
    /// Marking by threads that do nothing else.
    pub dedicated_ns: u64,
    /// Marking by processors that had nothing else to do.
    pub idle_mark_ns: u64,
    /// Stopped worlds: the pauses times the number of processors.
    pub pause_ns: u64,
    /// Giving memory back under pressure, by those who need it.
    pub scavenge_assist_ns: u64,
    /// Giving memory back in the background.
    pub scavenge_background_ns: u64,
    /// Processors without anything to do.
    pub idle_ns: u64,
    /// What was available: elapsed time times the number of processors.
    pub total_ns: u64,
}

impl CpuStats {
    /// What the collector used, idle processors included.
    pub fn collector_ns(&self) -> u64 {
        self.assist_ns + self.dedicated_ns + self.idle_mark_ns + self.pause_ns
    }

    /// What giving memory back used.
    pub fn scavenge_ns(&self) -> u64 {
        self.scavenge_assist_ns + self.scavenge_background_ns
    }

    /// What was left for the program.
    pub fn user_ns(&self) -> u64 {
        self.total_ns.saturating_sub(self.collector_ns() + self.scavenge_ns() + self.idle_ns)
    }

    /// The part of the available time that the collector took away from the program, from 0 to 1: marking by idle
    /// processors is free.
    pub fn collector_fraction(&self) -> f64 {
        let taken = self.collector_ns() - self.idle_mark_ns;
        if self.total_ns == 0 { 0.0 } else { (taken as f64 / self.total_ns as f64).min(1.0) }
    }
}

/// Functions that run after objects have died. All cumulative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FinalizerStats {
    /// Finalizers whose objects have been found dead.
    pub finalizers_queued: u64,
    /// Finalizers that have run.
    pub finalizers_executed: u64,
    /// Cleanups whose objects have been found dead.
    pub cleanups_queued: u64,
    /// Cleanups that have run.
    pub cleanups_executed: u64,
}

impl Stats {
    /// Bytes that the manager has from the system, those that it gave back included.
    pub fn mapped(&self) -> u64 {
        self.pages.in_use + self.pages.stacks + self.pages.free + self.pages.released + self.metadata.total()
    }

    /// Checks that the numbers of a snapshot with the world stopped agree with each other; tells the first that do not.
    pub fn verify(&self) -> Result<(), String> {
        let at_most = |what: &str, part: u64, whole: u64| {
            if part <= whole { Ok(()) } else { Err(format!("{what}: {part} of {whole}")) }
        };
        let PageStats { mapped, in_use, stacks, free, released } = self.pages;
        let sum = in_use + stacks + free + released;
        if mapped != sum {
            return Err(format!("{mapped} bytes of pages are mapped, but {sum} are in use, stacks, free or released"));
        }
        for class in &self.objects.classes {
            at_most(&format!("objects freed in the class of {} bytes", class.size), class.frees, class.allocs)?;
        }
        if !self.objects.classes.is_sorted_by(|a, b| a.size < b.size) {
            return Err("the size classes do not ascend".to_owned());
        }
        at_most("large objects freed", self.objects.large_frees, self.objects.large_allocs)?;
        at_most("bytes of large objects freed", self.objects.large_freed, self.objects.large_allocated)?;
        at_most("bytes of objects in spans", self.objects.bytes(), in_use)?;
        at_most("bytes of spans in use", self.metadata.spans.in_use, self.metadata.spans.mapped)?;
        at_most("bytes of caches in use", self.metadata.caches.in_use, self.metadata.caches.mapped)?;
        at_most("forced cycles", self.cycles.forced, self.cycles.completed)?;
        at_most("finalizers executed", self.finalizers.finalizers_executed, self.finalizers.finalizers_queued)?;
        at_most("cleanups executed", self.finalizers.cleanups_executed, self.finalizers.cleanups_queued)?;
        at_most("time to stop in pauses", self.pauses.stops.sum(), self.pauses.pauses.sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::histogram::TimeHistogram;

    fn sample() -> Stats {
        Stats {
            pages: PageStats { mapped: 1000, in_use: 500, stacks: 100, free: 300, released: 100 },
            objects: ObjectStats {
                classes: vec![
                    ClassStats { size: 8, allocs: 10, frees: 4 },
                    ClassStats { size: 16, allocs: 20, frees: 20 },
                ],
                large_allocs: 2,
                large_frees: 1,
                large_allocated: 300,
                large_freed: 100,
                tiny_allocs: 7,
            },
            metadata: MetadataStats {
                spans: PoolStats { in_use: 10, mapped: 20 },
                caches: PoolStats { in_use: 3, mapped: 4 },
                collector: 50,
                other: 6,
            },
            ..Stats::default()
        }
    }

    #[test]
    fn sums() {
        let stats = sample();
        let objects = &stats.objects;
        assert_eq!((objects.allocs(), objects.frees(), objects.count()), (32, 25, 7));
        assert_eq!((objects.allocated(), objects.freed(), objects.bytes()), (700, 452, 248));
        assert_eq!((stats.metadata.total(), stats.mapped()), (80, 1080));
    }

    #[test]
    fn cpu_time_is_split_up() {
        let cpu = CpuStats {
            assist_ns: 1,
            dedicated_ns: 2,
            idle_mark_ns: 3,
            pause_ns: 4,
            scavenge_assist_ns: 5,
            scavenge_background_ns: 6,
            idle_ns: 7,
            total_ns: 100,
        };
        assert_eq!((cpu.collector_ns(), cpu.scavenge_ns(), cpu.user_ns()), (10, 11, 72));
        assert!((cpu.collector_fraction() - 0.07).abs() < 1e-12);
        let small = CpuStats { total_ns: 5, ..cpu };
        assert_eq!((small.user_ns(), small.collector_fraction()), (0, 1.0));
        assert_eq!(CpuStats::default().collector_fraction(), 0.0);
    }

    #[test]
    fn the_history_is_a_ring() {
        let mut history = PauseHistory::default();
        for cycle in 1..=PAUSE_HISTORY as u64 + 2 {
            history.record(cycle, cycle * 10, cycle * 1000);
        }
        assert_eq!((history.ns[0], history.ns[1], history.ns[2], history.ns[255]), (2570, 2580, 30, 2560));
        assert_eq!((history.end_unix_ns[1], history.end_unix_ns[255]), (258_000, 256_000));
    }

    #[test]
    #[should_panic(expected = "from 1")]
    fn there_is_no_cycle_zero() {
        PauseHistory::default().record(0, 1, 1);
    }

    #[test]
    fn each_disagreement_is_found() {
        assert_eq!(sample().verify(), Ok(()));
        assert_eq!(Stats::default().verify(), Ok(()));
        let long = TimeHistogram::new();
        long.record(5);
        let long = long.snapshot();
        type Change<'a> = &'a dyn Fn(&mut Stats);
        let cases: &[(Change<'_>, &str)] = &[
            (&|s| s.pages.mapped += 1, "1001 bytes of pages are mapped, but 1000"),
            (&|s| s.pages.released -= 1, "1000 bytes of pages are mapped, but 999"),
            (&|s| s.objects.classes[1].frees = 21, "in the class of 16 bytes: 21 of 20"),
            (&|s| s.objects.classes.reverse(), "do not ascend"),
            (&|s| s.objects.large_frees = 3, "large objects freed: 3 of 2"),
            (&|s| s.objects.large_freed = 301, "bytes of large objects freed: 301 of 300"),
            (&|s| s.objects.large_allocated = 600, "bytes of objects in spans: 548 of 500"),
            (&|s| s.metadata.spans.in_use = 21, "bytes of spans in use: 21 of 20"),
            (&|s| s.metadata.caches.in_use = 5, "bytes of caches in use: 5 of 4"),
            (&|s| s.cycles.forced = 1, "forced cycles: 1 of 0"),
            (&|s| s.finalizers.finalizers_executed = 1, "finalizers executed: 1 of 0"),
            (&|s| s.finalizers.cleanups_executed = 1, "cleanups executed: 1 of 0"),
            (&|s| s.pauses.stops = long.clone(), "time to stop in pauses: 5 of 0"),
        ];
        for (change, want) in cases {
            let mut stats = sample();
            change(&mut stats);
            let found = stats.verify().unwrap_err();
            assert!(found.contains(want), "wanted {want:?}, found {found:?}");
        }
    }
}
