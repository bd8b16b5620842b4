//! The list of names, the sums, and where each number comes from.

use super::*;
use crate::base::histogram::TimeHistogram;
use crate::memory::stats::{CycleStats, FinalizerStats, MetadataStats, ObjectStats, PageStats, PoolStats};

const NAMES: &str = "
    /cpu/classes/gc/mark/assist:cpu-seconds
    /cpu/classes/gc/mark/dedicated:cpu-seconds
    /cpu/classes/gc/mark/idle:cpu-seconds
    /cpu/classes/gc/pause:cpu-seconds
    /cpu/classes/gc/total:cpu-seconds
    /cpu/classes/idle:cpu-seconds
    /cpu/classes/scavenge/assist:cpu-seconds
    /cpu/classes/scavenge/background:cpu-seconds
    /cpu/classes/scavenge/total:cpu-seconds
    /cpu/classes/total:cpu-seconds
    /cpu/classes/user:cpu-seconds
    /gc/cleanups/executed:cleanups
    /gc/cleanups/queued:cleanups
    /gc/cycles/automatic:gc-cycles
    /gc/cycles/forced:gc-cycles
    /gc/cycles/total:gc-cycles
    /gc/finalizers/executed:finalizers
    /gc/finalizers/queued:finalizers
    /gc/gogc:percent
    /gc/gomemlimit:bytes
    /gc/heap/allocs-by-size:bytes
    /gc/heap/allocs:bytes
    /gc/heap/allocs:objects
    /gc/heap/frees-by-size:bytes
    /gc/heap/frees:bytes
    /gc/heap/frees:objects
    /gc/heap/goal:bytes
    /gc/heap/live:bytes
    /gc/heap/objects:objects
    /gc/heap/tiny/allocs:objects
    /gc/limiter/last-enabled:gc-cycle
    /gc/pauses:seconds
    /gc/scan/globals:bytes
    /gc/scan/heap:bytes
    /gc/scan/stack:bytes
    /gc/scan/total:bytes
    /gc/stack/starting-size:bytes
    /memory/classes/heap/free:bytes
    /memory/classes/heap/objects:bytes
    /memory/classes/heap/released:bytes
    /memory/classes/heap/stacks:bytes
    /memory/classes/heap/unused:bytes
    /memory/classes/metadata/mcache/free:bytes
    /memory/classes/metadata/mcache/inuse:bytes
    /memory/classes/metadata/mspan/free:bytes
    /memory/classes/metadata/mspan/inuse:bytes
    /memory/classes/metadata/other:bytes
    /memory/classes/os-stacks:bytes
    /memory/classes/other:bytes
    /memory/classes/profiling/buckets:bytes
    /memory/classes/total:bytes
    /sched/pauses/stopping/gc:seconds
    /sched/pauses/total/gc:seconds";

/// A snapshot in which all numbers are different powers of two, so that no two sums are the same.
fn sample() -> Stats {
    let mut bit = 0;
    let mut next = || {
        bit += 1;
        1_u64 << bit
    };
    let mut stats = Stats {
        objects: ObjectStats {
            classes: vec![ClassStats { size: 8, allocs: 5, frees: 1 }, ClassStats { size: 24, allocs: 7, frees: 3 }],
            large_allocs: 9,
            large_frees: 2,
            large_allocated: 900,
            large_freed: 200,
            tiny_allocs: 31,
        },
        finalizers: FinalizerStats {
            finalizers_queued: next(),
            finalizers_executed: next(),
            cleanups_queued: next(),
            cleanups_executed: next(),
        },
        cycles: CycleStats {
            forced: next(),
            completed: next(),
            limiter_last_enabled: next(),
            goal: next(),
            live: next(),
            scannable_heap: next(),
            scannable_stacks: next(),
            scannable_globals: next(),
            initial_stack: next(),
            gc_percent: Some(150),
            memory_limit: Some(next()),
            last_end_unix_ns: 0,
        },
        pages: PageStats { mapped: 0, in_use: next(), stacks: next(), free: next(), released: next() },
        metadata: MetadataStats {
            spans: PoolStats { in_use: next(), mapped: next() },
            caches: PoolStats { in_use: next(), mapped: next() },
            collector: next(),
            other: next(),
        },
        cpu: CpuStats {
            assist_ns: next(),
            dedicated_ns: next(),
            idle_mark_ns: next(),
            pause_ns: next(),
            scavenge_assist_ns: next(),
            scavenge_background_ns: next(),
            idle_ns: next(),
            total_ns: next(),
        },
        ..Stats::default()
    };
    let (pauses, stops) = (TimeHistogram::new(), TimeHistogram::new());
    [1_500, 1_500, 80_000].iter().for_each(|&ns| pauses.record(ns));
    stops.record(700);
    stats.pauses.pauses = pauses.snapshot();
    stats.pauses.stops = stops.snapshot();
    stats
}

fn number(name: &str) -> u64 {
    match read(&sample(), name) {
        Some(Value::Uint64(n)) => n,
        other => panic!("{name}: {other:?}"),
    }
}

fn seconds(name: &str) -> f64 {
    match read(&sample(), name) {
        Some(Value::Float64(n)) => n,
        other => panic!("{name}: {other:?}"),
    }
}

fn histogram(name: &str) -> Histogram {
    match read(&sample(), name) {
        Some(Value::Float64Histogram(h)) => h,
        other => panic!("{name}: {other:?}"),
    }
}

/// The names below a folder, except for its total and for those that are sums themselves.
fn parts<'a>(folder: &'a str, sums: &'a [&str]) -> impl Iterator<Item = &'static str> + 'a {
    let names = all().iter().map(|metric| metric.name);
    names.filter(move |name| name.starts_with(folder) && !sums.iter().any(|sum| name[folder.len()..] == **sum))
}

#[test]
fn the_names_are_these() {
    let want: Vec<_> = NAMES.split_whitespace().collect();
    let have: Vec<_> = all().iter().map(|metric| metric.name).collect();
    assert_eq!(have, want);
    assert!(have.is_sorted(), "reading relies on the order");
}

#[test]
fn every_metric_has_a_unit_a_meaning_and_a_value_of_its_kind() {
    let stats = sample();
    for metric in all() {
        assert!(metric.name.starts_with('/') && metric.name.ends_with(&format!(":{}", metric.unit())));
        assert!(metric.description.ends_with('.') && !metric.description.contains("  "), "{}", metric.name);
        let kind = match metric.unit() {
            "cpu-seconds" => Kind::Float64,
            "seconds" => Kind::Float64Histogram,
            _ if metric.name.contains("by-size") => Kind::Float64Histogram,
            _ => Kind::Uint64,
        };
        let value = read(&stats, metric.name).unwrap();
        assert_eq!((metric.kind(), value.kind()), (kind, kind), "{}", metric.name);
    }
    assert_eq!(read(&stats, "/gc/heap/goal"), None);
    assert_eq!(read(&stats, ""), None);
}

#[test]
fn totals_are_sums() {
    for folder in ["/memory/classes/", "/gc/scan/", "/gc/cycles/"] {
        let total =
            all().iter().map(|m| m.name).find(|n| n.strip_prefix(folder).is_some_and(|n| n.starts_with("total:")));
        let total = total.unwrap();
        let sum: u64 = parts(folder, &[&total[folder.len()..]]).map(number).sum();
        assert_eq!(number(total), sum, "{folder}");
    }
    for folder in ["/cpu/classes/gc/", "/cpu/classes/scavenge/", "/cpu/classes/"] {
        let sums = ["total:cpu-seconds", "gc/total:cpu-seconds", "scavenge/total:cpu-seconds"];
        let total = seconds(&format!("{folder}total:cpu-seconds"));
        let sum: f64 = parts(folder, &sums).map(seconds).sum();
        assert!((total - sum).abs() < 1e-9 * total, "{folder}: {total} {sum}");
    }
}

#[test]
fn numbers_come_from_their_counters() {
    let stats = sample();
    let cases = [
        ("/gc/cycles/automatic:gc-cycles", stats.cycles.completed - stats.cycles.forced),
        ("/gc/heap/goal:bytes", stats.cycles.goal),
        ("/gc/heap/live:bytes", stats.cycles.live),
        ("/gc/limiter/last-enabled:gc-cycle", stats.cycles.limiter_last_enabled),
        ("/gc/gogc:percent", 150),
        ("/gc/gomemlimit:bytes", stats.cycles.memory_limit.unwrap()),
        ("/gc/heap/allocs:objects", 21),
        ("/gc/heap/allocs:bytes", 5 * 8 + 7 * 24 + 900),
        ("/gc/heap/frees:objects", 6),
        ("/gc/heap/frees:bytes", 8 + 3 * 24 + 200),
        ("/gc/heap/objects:objects", 15),
        ("/gc/heap/tiny/allocs:objects", 31),
        ("/gc/scan/globals:bytes", stats.cycles.scannable_globals),
        ("/gc/scan/heap:bytes", stats.cycles.scannable_heap),
        ("/gc/scan/stack:bytes", stats.cycles.scannable_stacks),
        ("/gc/stack/starting-size:bytes", stats.cycles.initial_stack),
        ("/gc/finalizers/queued:finalizers", stats.finalizers.finalizers_queued),
        ("/gc/finalizers/executed:finalizers", stats.finalizers.finalizers_executed),
        ("/gc/cleanups/queued:cleanups", stats.finalizers.cleanups_queued),
        ("/gc/cleanups/executed:cleanups", stats.finalizers.cleanups_executed),
        ("/memory/classes/heap/unused:bytes", stats.pages.in_use - stats.objects.bytes()),
        ("/memory/classes/heap/stacks:bytes", stats.pages.stacks),
        ("/memory/classes/heap/free:bytes", stats.pages.free),
        ("/memory/classes/heap/released:bytes", stats.pages.released),
        ("/memory/classes/metadata/mspan/inuse:bytes", stats.metadata.spans.in_use),
        ("/memory/classes/metadata/mcache/inuse:bytes", stats.metadata.caches.in_use),
        ("/memory/classes/metadata/other:bytes", stats.metadata.collector),
        ("/memory/classes/other:bytes", stats.metadata.other),
    ];
    for (name, want) in cases {
        assert_eq!(number(name), want, "{name}");
    }
    assert_eq!(seconds("/cpu/classes/gc/mark/dedicated:cpu-seconds"), stats.cpu.dedicated_ns as f64 / 1e9);
}

#[test]
fn settings_that_are_off_read_as_in_go() {
    let stats = Stats::default();
    assert_eq!(read(&stats, "/gc/gogc:percent"), Some(Value::Uint64(u64::MAX)));
    assert_eq!(read(&stats, "/gc/gomemlimit:bytes"), Some(Value::Uint64(9_223_372_036_854_775_807)));
}

#[test]
fn sizes_include_the_largest_object_of_a_class() {
    let allocs = histogram("/gc/heap/allocs-by-size:bytes");
    assert_eq!(allocs, Histogram { counts: vec![5, 7, 9], buckets: vec![1.0, 9.0, 25.0, f64::INFINITY] });
    assert_eq!(histogram("/gc/heap/frees-by-size:bytes").counts, [1, 3, 2]);
}

#[test]
fn times_are_in_seconds() {
    let pauses = histogram("/sched/pauses/total/gc:seconds");
    assert_eq!(pauses.buckets.len(), pauses.counts.len() + 1);
    assert!(pauses.buckets.is_sorted_by(|a, b| a < b) && pauses.buckets.last() == Some(&f64::INFINITY));
    let at = |seconds: f64| pauses.buckets.iter().rposition(|&start| start <= seconds).unwrap();
    assert_eq!((pauses.counts[at(1.5e-6)], pauses.counts[at(80e-6)], pauses.counts.iter().sum::<u64>()), (2, 1, 3));
    assert_eq!(histogram("/gc/pauses:seconds"), pauses);
    let stops = histogram("/sched/pauses/stopping/gc:seconds");
    assert_eq!((stops.counts[at(0.7e-6)], stops.counts.iter().sum::<u64>()), (1, 1));
}
