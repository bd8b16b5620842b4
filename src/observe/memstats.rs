//! Go's `runtime.MemStats`: the same fields with the same meanings, in the same units.
//!
//! Identities that hold for every snapshot:
//! - `heap_sys = heap_idle + heap_inuse`, and `heap_idle` is at least `heap_released`;
//! - `sys` is the sum of `heap_sys`, `stack_sys`, `mspan_sys`, `mcache_sys`, `buck_hash_sys`, `gc_sys` and `other_sys`;
//! - `heap_objects = mallocs - frees`, and `heap_alloc = alloc`.
//!
//! Where Go's meaning does not apply: the stacks of system threads belong to the system and are not counted, there is
//! no profiler, and side tables that only reserve address space count what is committed of them.

use std::fmt;

use crate::memory::stats::{PAUSE_HISTORY, Stats};

/// The number of entries of [`MemStats::by_size`], fixed by Go.
pub const SIZES: usize = 61;

/// How the memory manager is doing. The names in the comments are Go's.
#[derive(Clone, Debug, PartialEq)]
pub struct MemStats {
    /// `Alloc`: bytes of objects that have not been freed; the same as `heap_alloc`.
    pub alloc: u64,
    /// `TotalAlloc`: bytes of all objects ever allocated.
    pub total_alloc: u64,
    /// `Sys`: bytes of address space that the manager has from the system; the sum of all other `…_sys`.
    pub sys: u64,
    /// `Lookups`: always 0, as in Go.
    pub lookups: u64,
    /// `Mallocs`: objects ever allocated. Tiny objects count, and so do the blocks they share.
    pub mallocs: u64,
    /// `Frees`: objects ever freed. Tiny objects count as freed when they are allocated, because only the fate of
    /// their blocks is known.
    pub frees: u64,

    /// `HeapAlloc`: bytes of objects that have not been freed: alive, or dead and not yet swept.
    pub heap_alloc: u64,
    /// `HeapSys`: bytes of address space of the heap, except what stacks use of it at the moment.
    pub heap_sys: u64,
    /// `HeapIdle`: bytes of pages that belong to no span, in memory or not.
    pub heap_idle: u64,
    /// `HeapInuse`: bytes of spans of objects. What it is above `heap_alloc` is the cost of size classes and of
    /// objects scattered over spans.
    pub heap_inuse: u64,
    /// `HeapReleased`: bytes of idle pages that have been given back to the system.
    pub heap_released: u64,
    /// `HeapObjects`: objects that have not been freed.
    pub heap_objects: u64,

    /// `StackInuse`: bytes of spans of stacks.
    pub stack_inuse: u64,
    /// `StackSys`: the same; stacks of system threads are not counted.
    pub stack_sys: u64,
    /// `MSpanInuse`: bytes of descriptions of spans in use.
    pub mspan_inuse: u64,
    /// `MSpanSys`: bytes set aside for descriptions of spans.
    pub mspan_sys: u64,
    /// `MCacheInuse`: bytes of allocation caches in use.
    pub mcache_inuse: u64,
    /// `MCacheSys`: bytes set aside for allocation caches.
    pub mcache_sys: u64,
    /// `BuckHashSys`: bytes of the profiler's tables. There is no profiler, so 0.
    pub buck_hash_sys: u64,
    /// `GCSys`: bytes of the collector's structures.
    pub gc_sys: u64,
    /// `OtherSys`: bytes of everything else that is not in the heap.
    pub other_sys: u64,

    /// `NextGC`: the size of the heap, in bytes, that the next cycle aims for.
    pub next_gc: u64,
    /// `LastGC`: when the last cycle ended, in nanoseconds since 1970; 0 if there was none.
    pub last_gc: u64,
    /// `PauseTotalNs`: nanoseconds that the world was stopped for the collector.
    pub pause_total_ns: u64,
    /// `PauseNs`: a ring of the pauses of the last cycles in nanoseconds; the last is at `(num_gc + 255) % 256`.
    pub pause_ns: [u64; PAUSE_HISTORY],
    /// `PauseEnd`: when these pauses ended, in nanoseconds since 1970; the same ring.
    pub pause_end: [u64; PAUSE_HISTORY],
    /// `NumGC`: completed cycles, modulo 2³².
    pub num_gc: u32,
    /// `NumForcedGC`: those of them that the program asked for, modulo 2³².
    pub num_forced_gc: u32,
    /// `GCCPUFraction`: the part of the available CPU time that the collector took, from 0 to 1; processors that had
    /// nothing else to do are not counted against it.
    pub gc_cpu_fraction: f64,
    /// `EnableGC`: always true, even when `GOGC` is off, as in Go.
    pub enable_gc: bool,
    /// `DebugGC`: always false, as in Go.
    pub debug_gc: bool,
    /// `BySize`: the smaller size classes. Entry 0 is empty, as in Go; entry *n* is for objects that are larger than
    /// the size of entry *n - 1*. Classes that have no place here are left out.
    pub by_size: [BySize; SIZES],
}

/// A size class. The names in the comments are Go's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BySize {
    /// `Size`: the largest object, in bytes.
    pub size: u32,
    /// `Mallocs`: objects ever allocated.
    pub mallocs: u64,
    /// `Frees`: objects ever freed.
    pub frees: u64,
}

impl MemStats {
    /// The numbers of a snapshot.
    pub fn new(stats: &Stats) -> Self {
        let Stats { pages, objects, metadata, cycles, pauses, cpu, finalizers: _ } = stats;
        let mut by_size = [BySize::default(); SIZES];
        for (to, class) in by_size[1..].iter_mut().zip(&objects.classes) {
            *to = BySize { size: class.size, mallocs: class.allocs, frees: class.frees };
        }
        let heap_alloc = objects.bytes();
        Self {
            alloc: heap_alloc,
            total_alloc: objects.allocated(),
            sys: stats.mapped(),
            lookups: 0,
            mallocs: objects.allocs() + objects.tiny_allocs,
            frees: objects.frees() + objects.tiny_allocs,
            heap_alloc,
            heap_sys: pages.in_use + pages.free + pages.released,
            heap_idle: pages.free + pages.released,
            heap_inuse: pages.in_use,
            heap_released: pages.released,
            heap_objects: objects.count(),
            stack_inuse: pages.stacks,
            stack_sys: pages.stacks,
            mspan_inuse: metadata.spans.in_use,
            mspan_sys: metadata.spans.mapped,
            mcache_inuse: metadata.caches.in_use,
            mcache_sys: metadata.caches.mapped,
            buck_hash_sys: 0,
            gc_sys: metadata.collector,
            other_sys: metadata.other,
            next_gc: cycles.goal,
            last_gc: cycles.last_end_unix_ns,
            pause_total_ns: pauses.total_ns,
            pause_ns: pauses.history.ns,
            pause_end: pauses.history.end_unix_ns,
            num_gc: cycles.completed as u32,
            num_forced_gc: cycles.forced as u32,
            gc_cpu_fraction: cpu.collector_fraction(),
            enable_gc: true,
            debug_gc: false,
            by_size,
        }
    }

    /// The lines of the table, except for the size classes: Go's name, number, unit.
    fn rows(&self) -> [(&'static str, String, &'static str); 28] {
        let bytes = |name, n: u64| (name, n.to_string(), "bytes");
        let count = |name, n: u64, unit| (name, n.to_string(), unit);
        let last_pause = self.pause_ns[(self.num_gc as usize + PAUSE_HISTORY - 1) % PAUSE_HISTORY];
        [
            bytes("Alloc", self.alloc),
            bytes("TotalAlloc", self.total_alloc),
            bytes("Sys", self.sys),
            count("Lookups", self.lookups, ""),
            count("Mallocs", self.mallocs, "objects"),
            count("Frees", self.frees, "objects"),
            bytes("HeapAlloc", self.heap_alloc),
            bytes("HeapSys", self.heap_sys),
            bytes("HeapIdle", self.heap_idle),
            bytes("HeapInuse", self.heap_inuse),
            bytes("HeapReleased", self.heap_released),
            count("HeapObjects", self.heap_objects, "objects"),
            bytes("StackInuse", self.stack_inuse),
            bytes("StackSys", self.stack_sys),
            bytes("MSpanInuse", self.mspan_inuse),
            bytes("MSpanSys", self.mspan_sys),
            bytes("MCacheInuse", self.mcache_inuse),
            bytes("MCacheSys", self.mcache_sys),
            bytes("BuckHashSys", self.buck_hash_sys),
            bytes("GCSys", self.gc_sys),
            bytes("OtherSys", self.other_sys),
            bytes("NextGC", self.next_gc),
            count("LastGC", self.last_gc, "ns since 1970"),
            count("PauseTotalNs", self.pause_total_ns, "ns"),
            count("PauseNs", last_pause, "ns in the last cycle"),
            count("NumGC", self.num_gc.into(), "cycles"),
            count("NumForcedGC", self.num_forced_gc.into(), "cycles"),
            ("GCCPUFraction", format!("{:.4}", self.gc_cpu_fraction), ""),
        ]
    }
}

/// A table of one number per line under Go's names, then the size classes that have been used.
impl fmt::Display for MemStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, number, unit) in self.rows() {
            writeln!(f, "{}", format!("{name:<13} {number:>20} {unit}").trim_end())?;
        }
        let used: Vec<_> = self.by_size.iter().filter(|class| class.mallocs > 0).collect();
        if !used.is_empty() {
            writeln!(f, "\n{:>6} {:>20} {:>20} {:>20}", "Size", "Mallocs", "Frees", "live")?;
        }
        for class in used {
            let live = class.mallocs.saturating_sub(class.frees);
            writeln!(f, "{:>6} {:>20} {:>20} {live:>20}", class.size, class.mallocs, class.frees)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::memory::stats::{
        ClassStats, CpuStats, CycleStats, MetadataStats, ObjectStats, PageStats, PauseStats, PoolStats,
    };

    fn sample() -> Stats {
        let mut pauses = PauseStats { total_ns: 90_000, ..PauseStats::default() };
        (1..=5).for_each(|cycle| pauses.history.record(cycle, cycle * 6_000, 1_000 + cycle));
        Stats {
            pages: PageStats { mapped: 10 << 20, in_use: 4 << 20, stacks: 1 << 20, free: 3 << 20, released: 2 << 20 },
            objects: ObjectStats {
                classes: vec![
                    ClassStats { size: 8, allocs: 0, frees: 0 },
                    ClassStats { size: 16, allocs: 1000, frees: 400 },
                    ClassStats { size: 24, allocs: 50, frees: 50 },
                ],
                large_allocs: 3,
                large_frees: 1,
                large_allocated: 3 << 20,
                large_freed: 1 << 20,
                tiny_allocs: 77,
            },
            metadata: MetadataStats {
                spans: PoolStats { in_use: 100, mapped: 160 },
                caches: PoolStats { in_use: 20, mapped: 30 },
                collector: 5000,
                other: 7,
            },
            cycles: CycleStats {
                completed: 5,
                forced: 2,
                goal: 8 << 20,
                last_end_unix_ns: 1_005,
                ..CycleStats::default()
            },
            pauses,
            cpu: CpuStats { assist_ns: 10, dedicated_ns: 20, idle_mark_ns: 40, total_ns: 1000, ..CpuStats::default() },
            ..Stats::default()
        }
    }

    #[test]
    fn fields_come_from_the_snapshot() {
        let stats = sample();
        stats.verify().unwrap();
        let m = MemStats::new(&stats);
        assert_eq!((m.alloc, m.heap_alloc), (2 * (1 << 20) + 600 * 16, m.alloc));
        assert_eq!(m.total_alloc, 3 * (1 << 20) + 16_000 + 1200);
        assert_eq!((m.mallocs, m.frees, m.heap_objects), (1053 + 77, 451 + 77, 602));
        assert_eq!((m.heap_sys, m.heap_idle), (9 << 20, 5 << 20));
        assert_eq!((m.heap_inuse, m.heap_released, m.stack_inuse), (4 << 20, 2 << 20, 1 << 20));
        assert_eq!((m.mspan_inuse, m.mspan_sys, m.mcache_inuse, m.mcache_sys), (100, 160, 20, 30));
        assert_eq!((m.gc_sys, m.other_sys, m.buck_hash_sys, m.lookups), (5000, 7, 0, 0));
        assert_eq!((m.next_gc, m.last_gc, m.num_gc, m.num_forced_gc), (8 << 20, 1005, 5, 2));
        assert_eq!((m.pause_total_ns, m.gc_cpu_fraction), (90_000, 0.03));
        assert_eq!((m.enable_gc, m.debug_gc), (true, false));
    }

    #[test]
    fn the_last_pause_is_where_go_has_it() {
        let mut stats = sample();
        for cycle in 6..=600 {
            stats.pauses.history.record(cycle, cycle, cycle + 1);
        }
        stats.cycles.completed = 600;
        let m = MemStats::new(&stats);
        let last = (m.num_gc as usize + 255) % 256;
        assert_eq!((m.pause_ns[last], m.pause_end[last], m.pause_ns[(last + 1) % 256]), (600, 601, 345));
    }

    #[test]
    fn size_classes_begin_at_entry_one() {
        let mut stats = sample();
        let m = MemStats::new(&stats);
        assert_eq!(m.by_size[0], BySize::default());
        assert_eq!(m.by_size[2], BySize { size: 16, mallocs: 1000, frees: 400 });
        assert_eq!(m.by_size[4], BySize::default());
        stats.objects.classes = (1..=70).map(|n| ClassStats { size: n * 8, allocs: u64::from(n), frees: 0 }).collect();
        let m = MemStats::new(&stats);
        assert_eq!((m.by_size[60].size, m.by_size[60].mallocs), (480, 60));
        assert_eq!(m.total_alloc, stats.objects.allocated(), "classes without an entry still count");
    }

    #[test]
    fn the_table_has_all_numbers() {
        let table = MemStats::new(&sample()).to_string();
        insta::assert_snapshot!(table, @r"
        Alloc                      2106752 bytes
        TotalAlloc                 3162928 bytes
        Sys                       10490957 bytes
        Lookups                          0
        Mallocs                       1130 objects
        Frees                          528 objects
        HeapAlloc                  2106752 bytes
        HeapSys                    9437184 bytes
        HeapIdle                   5242880 bytes
        HeapInuse                  4194304 bytes
        HeapReleased               2097152 bytes
        HeapObjects                    602 objects
        StackInuse                 1048576 bytes
        StackSys                   1048576 bytes
        MSpanInuse                     100 bytes
        MSpanSys                       160 bytes
        MCacheInuse                     20 bytes
        MCacheSys                       30 bytes
        BuckHashSys                      0 bytes
        GCSys                         5000 bytes
        OtherSys                         7 bytes
        NextGC                     8388608 bytes
        LastGC                        1005 ns since 1970
        PauseTotalNs                 90000 ns
        PauseNs                      30000 ns in the last cycle
        NumGC                            5 cycles
        NumForcedGC                      2 cycles
        GCCPUFraction               0.0300

          Size              Mallocs                Frees                 live
            16                 1000                  400                  600
            24                   50                   50                    0
        ");
    }

    proptest! {
        #[test]
        fn identities(n in prop::collection::vec(0_u64..1 << 40, 10)) {
            let mut stats = sample();
            stats.pages = PageStats { mapped: 0, in_use: n[0], stacks: n[1], free: n[2], released: n[3] };
            stats.metadata = MetadataStats {
                spans: PoolStats { in_use: n[4], mapped: n[5] },
                caches: PoolStats { in_use: n[6], mapped: n[7] },
                collector: n[8],
                other: n[9],
            };
            let m = MemStats::new(&stats);
            prop_assert_eq!(m.heap_sys, m.heap_idle + m.heap_inuse);
            prop_assert!(m.heap_idle >= m.heap_released);
            let structures = m.mspan_sys + m.mcache_sys + m.buck_hash_sys + m.gc_sys + m.other_sys;
            prop_assert_eq!(m.sys, m.heap_sys + m.stack_sys + structures);
            prop_assert_eq!(m.heap_objects, m.mallocs - m.frees);
            prop_assert_eq!(m.heap_alloc, m.alloc);
        }
    }
}
