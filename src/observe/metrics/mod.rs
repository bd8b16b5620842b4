//! Go's `runtime/metrics`: names with units, what they mean, and how to read them from a snapshot.
//!
//! A name is a path and, after a colon, a unit; both are Go's. Metrics whose names end in the same folder and `total`
//! are the sum of the others below that folder. The ones that are left out measure what does not exist in this layer:
//! goroutines and the scheduler, mutexes, C calls, behaviour switches. Two that always read 0, as they mostly do in Go,
//! are kept so that sums over `/memory/classes` need no exception.
//!
//! The table [`all`] is the only list there is; the kind of a metric follows from the function that reads it.

use std::sync::LazyLock;

use crate::base::histogram::{BUCKETS, HistogramSnapshot, bucket_start};
use crate::memory::stats::{ClassStats, CpuStats, Stats};

/// A metric that can be read.
#[derive(Clone, Copy, Debug)]
pub struct Description {
    /// Its name, such as `/gc/heap/goal:bytes`.
    pub name: &'static str,
    /// What it means.
    pub description: &'static str,
    /// Whether it never goes down (of a histogram: none of its counts does), so that differences are rates.
    pub cumulative: bool,
    reader: Reader,
}

impl Description {
    /// The kind of its values.
    pub fn kind(&self) -> Kind {
        match self.reader {
            Reader::Number(_) => Kind::Uint64,
            Reader::Cpu(_) => Kind::Float64,
            Reader::Times(_) | Reader::Sizes(_) => Kind::Float64Histogram,
        }
    }

    /// Its unit, the part of the name behind the colon; of a histogram that of the buckets.
    pub fn unit(&self) -> &'static str {
        self.name.rsplit_once(':').map_or("", |(_, unit)| unit)
    }

    /// Its value in a snapshot.
    pub fn read(&self, stats: &Stats) -> Value {
        match self.reader {
            Reader::Number(number) => Value::Uint64(number(stats)),
            Reader::Cpu(ns) => Value::Float64(ns(&stats.cpu) as f64 / 1e9),
            Reader::Times(times) => {
                Value::Float64Histogram(Histogram { counts: times(stats).counts().to_vec(), buckets: TIMES.clone() })
            }
            Reader::Sizes(sizes) => Value::Float64Histogram(sizes(stats)),
        }
    }
}

/// How a metric is read. Times are in nanoseconds here and in seconds outside.
#[derive(Clone, Copy, Debug)]
enum Reader {
    Number(fn(&Stats) -> u64),
    Cpu(fn(&CpuStats) -> u64),
    Times(fn(&Stats) -> &HistogramSnapshot),
    Sizes(fn(&Stats) -> Histogram),
}

/// The kind of a metric's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A number.
    Uint64,
    /// A number with fractions.
    Float64,
    /// A distribution.
    Float64Histogram,
}

/// The value of a metric.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A number.
    Uint64(u64),
    /// A number with fractions.
    Float64(f64),
    /// A distribution.
    Float64Histogram(Histogram),
}

impl Value {
    /// Its kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Uint64(_) => Kind::Uint64,
            Self::Float64(_) => Kind::Float64,
            Self::Float64Histogram(_) => Kind::Float64Histogram,
        }
    }
}

/// A distribution: `counts[n]` values are at least `buckets[n]` and below `buckets[n + 1]`. There is one more boundary
/// than there are counts; the boundaries ascend, and the last one is infinite.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    /// How many values there are between two boundaries.
    pub counts: Vec<u64>,
    /// The boundaries.
    pub buckets: Vec<f64>,
}

/// All metrics, ordered by name.
pub fn all() -> &'static [Description] {
    METRICS
}

/// The value of a metric in a snapshot; `None` if there is no such metric.
pub fn read(stats: &Stats, name: &str) -> Option<Value> {
    let at = METRICS.binary_search_by(|metric| metric.name.cmp(name)).ok()?;
    Some(METRICS[at].read(stats))
}

/// The boundaries of all distributions of times, in seconds.
static TIMES: LazyLock<Vec<f64>> =
    LazyLock::new(|| (0..BUCKETS).map(|bucket| bucket_start(bucket) as f64 / 1e9).chain([f64::INFINITY]).collect());

/// A distribution over the size classes, with large objects in the last bucket. The largest object of a class still
/// belongs to it, so the next one begins a byte later.
fn by_size(stats: &Stats, small: fn(&ClassStats) -> u64, large: u64) -> Histogram {
    let classes = &stats.objects.classes;
    let ends = classes.iter().map(|class| f64::from(class.size) + 1.0);
    Histogram {
        counts: classes.iter().map(small).chain([large]).collect(),
        buckets: [1.0].into_iter().chain(ends).chain([f64::INFINITY]).collect(),
    }
}

const fn level(name: &'static str, description: &'static str, read: fn(&Stats) -> u64) -> Description {
    Description { name, description, cumulative: false, reader: Reader::Number(read) }
}

const fn counter(name: &'static str, description: &'static str, read: fn(&Stats) -> u64) -> Description {
    Description { name, description, cumulative: true, reader: Reader::Number(read) }
}

const fn cpu(name: &'static str, description: &'static str, read: fn(&CpuStats) -> u64) -> Description {
    Description { name, description, cumulative: true, reader: Reader::Cpu(read) }
}

const fn times(name: &'static str, description: &'static str, read: fn(&Stats) -> &HistogramSnapshot) -> Description {
    Description { name, description, cumulative: true, reader: Reader::Times(read) }
}

const fn sizes(name: &'static str, description: &'static str, read: fn(&Stats) -> Histogram) -> Description {
    Description { name, description, cumulative: true, reader: Reader::Sizes(read) }
}

static METRICS: &[Description] = &[
    cpu(
        "/cpu/classes/gc/mark/assist:cpu-seconds",
        "CPU time in which goroutines marked to make up for what they allocated. An estimate, to be compared with \
         other metrics of /cpu/classes only.",
        |cpu| cpu.assist_ns,
    ),
    cpu(
        "/cpu/classes/gc/mark/dedicated:cpu-seconds",
        "CPU time of threads that did nothing but mark. An estimate, see /cpu/classes/gc/mark/assist.",
        |cpu| cpu.dedicated_ns,
    ),
    cpu(
        "/cpu/classes/gc/mark/idle:cpu-seconds",
        "CPU time in which processors marked because they had nothing else to do; it cost the program nothing. An \
         estimate, see /cpu/classes/gc/mark/assist.",
        |cpu| cpu.idle_mark_ns,
    ),
    cpu(
        "/cpu/classes/gc/pause:cpu-seconds",
        "CPU time that was lost in pauses for the collector: their length times the number of processors. An \
         estimate, see /cpu/classes/gc/mark/assist.",
        |cpu| cpu.pause_ns,
    ),
    cpu(
        "/cpu/classes/gc/total:cpu-seconds",
        "CPU time of the collector: the sum of /cpu/classes/gc.",
        CpuStats::collector_ns,
    ),
    cpu(
        "/cpu/classes/idle:cpu-seconds",
        "CPU time that was available and not used. An estimate, see /cpu/classes/gc/mark/assist.",
        |cpu| cpu.idle_ns,
    ),
    cpu(
        "/cpu/classes/scavenge/assist:cpu-seconds",
        "CPU time of giving memory back to the system at once, under the pressure of a limit. An estimate, see \
         /cpu/classes/gc/mark/assist.",
        |cpu| cpu.scavenge_assist_ns,
    ),
    cpu(
        "/cpu/classes/scavenge/background:cpu-seconds",
        "CPU time of giving memory back to the system in the background. An estimate, see \
         /cpu/classes/gc/mark/assist.",
        |cpu| cpu.scavenge_background_ns,
    ),
    cpu(
        "/cpu/classes/scavenge/total:cpu-seconds",
        "CPU time of giving memory back to the system: the sum of /cpu/classes/scavenge.",
        CpuStats::scavenge_ns,
    ),
    cpu(
        "/cpu/classes/total:cpu-seconds",
        "CPU time that was available: elapsed time times the number of processors. The sum of /cpu/classes.",
        |cpu| cpu.total_ns,
    ),
    cpu(
        "/cpu/classes/user:cpu-seconds",
        "CPU time that was left for the program, and what the manager does for it on the way, such as allocation. \
         An estimate, see /cpu/classes/gc/mark/assist.",
        CpuStats::user_ns,
    ),
    counter("/gc/cleanups/executed:cleanups", "Cleanups (runtime.AddCleanup) that have run.", |stats| {
        stats.finalizers.cleanups_executed
    }),
    counter(
        "/gc/cleanups/queued:cleanups",
        "Cleanups (runtime.AddCleanup) that were found due. What it is above those executed is the length of the \
         queue.",
        |stats| stats.finalizers.cleanups_queued,
    ),
    counter("/gc/cycles/automatic:gc-cycles", "Completed cycles that the collector started by itself.", |stats| {
        stats.cycles.completed.saturating_sub(stats.cycles.forced)
    }),
    counter("/gc/cycles/forced:gc-cycles", "Completed cycles that the program asked for.", |stats| stats.cycles.forced),
    counter("/gc/cycles/total:gc-cycles", "Completed cycles: the sum of /gc/cycles.", |stats| stats.cycles.completed),
    counter("/gc/finalizers/executed:finalizers", "Finalizers (runtime.SetFinalizer) that have run.", |stats| {
        stats.finalizers.finalizers_executed
    }),
    counter(
        "/gc/finalizers/queued:finalizers",
        "Finalizers (runtime.SetFinalizer) that were found due. What it is above those executed is the length of the \
         queue.",
        |stats| stats.finalizers.finalizers_queued,
    ),
    level(
        "/gc/gogc:percent",
        "How much the heap may grow before it is collected, in percent of what is alive (GOGC, debug.SetGCPercent). \
         The largest number if that is off, as in Go.",
        |stats| stats.cycles.gc_percent.map_or(u64::MAX, u64::from),
    ),
    level(
        "/gc/gomemlimit:bytes",
        "The soft limit on memory (GOMEMLIMIT, debug.SetMemoryLimit). 2^63 - 1 if there is none, as in Go.",
        |stats| stats.cycles.memory_limit.unwrap_or(i64::MAX as u64),
    ),
    sizes(
        "/gc/heap/allocs-by-size:bytes",
        "Objects allocated, by size. Tiny objects are not counted, the blocks that they share are.",
        |stats| by_size(stats, |class| class.allocs, stats.objects.large_allocs),
    ),
    counter("/gc/heap/allocs:bytes", "Bytes of objects allocated.", |stats| stats.objects.allocated()),
    counter(
        "/gc/heap/allocs:objects",
        "Objects allocated. Tiny objects are not counted, the blocks that they share are.",
        |stats| stats.objects.allocs(),
    ),
    sizes(
        "/gc/heap/frees-by-size:bytes",
        "Objects freed, by size. Tiny objects are not counted, the blocks that they share are.",
        |stats| by_size(stats, |class| class.frees, stats.objects.large_frees),
    ),
    counter("/gc/heap/frees:bytes", "Bytes of objects freed.", |stats| stats.objects.freed()),
    counter(
        "/gc/heap/frees:objects",
        "Objects freed. Tiny objects are not counted, the blocks that they share are.",
        |stats| stats.objects.frees(),
    ),
    level("/gc/heap/goal:bytes", "The size of the heap that the cycle aims to end with.", |stats| stats.cycles.goal),
    level("/gc/heap/live:bytes", "Bytes of objects that the last cycle found alive.", |stats| stats.cycles.live),
    level("/gc/heap/objects:objects", "Objects that take up space: alive, or dead and not yet swept.", |stats| {
        stats.objects.count()
    }),
    counter(
        "/gc/heap/tiny/allocs:objects",
        "Tiny objects allocated. They share blocks, which are what other metrics count.",
        |stats| stats.objects.tiny_allocs,
    ),
    level(
        "/gc/limiter/last-enabled:gc-cycle",
        "The last cycle in which the limiter kept the collector from taking more CPU time; from then on memory may \
         exceed its limit. Cycles count from 1; 0 if it never happened.",
        |stats| stats.cycles.limiter_last_enabled,
    ),
    times("/gc/pauses:seconds", "An older name of /sched/pauses/total/gc:seconds.", |stats| &stats.pauses.pauses),
    level("/gc/scan/globals:bytes", "Bytes of global variables that may hold pointers.", |stats| {
        stats.cycles.scannable_globals
    }),
    level("/gc/scan/heap:bytes", "Bytes of the heap that may hold pointers.", |stats| stats.cycles.scannable_heap),
    level("/gc/scan/stack:bytes", "Bytes of stacks that the last cycle scanned.", |stats| {
        stats.cycles.scannable_stacks
    }),
    level("/gc/scan/total:bytes", "Bytes that have to be scanned: the sum of /gc/scan.", |stats| {
        stats.cycles.scannable_globals + stats.cycles.scannable_heap + stats.cycles.scannable_stacks
    }),
    level("/gc/stack/starting-size:bytes", "The size of the stack of a new goroutine.", |stats| {
        stats.cycles.initial_stack
    }),
    level(
        "/memory/classes/heap/free:bytes",
        "Pages that nothing uses and that have not been given back to the system.",
        |stats| stats.pages.free,
    ),
    level(
        "/memory/classes/heap/objects:bytes",
        "Objects that take up space: alive, or dead and not yet swept.",
        |stats| stats.objects.bytes(),
    ),
    level(
        "/memory/classes/heap/released:bytes",
        "Pages that nothing uses and that have been given back to the system.",
        |stats| stats.pages.released,
    ),
    level("/memory/classes/heap/stacks:bytes", "Pages of the stacks of goroutines.", |stats| stats.pages.stacks),
    level("/memory/classes/heap/unused:bytes", "Room in spans of objects that no object takes up.", |stats| {
        stats.pages.in_use.saturating_sub(stats.objects.bytes())
    }),
    level(
        "/memory/classes/metadata/mcache/free:bytes",
        "Memory set aside for allocation caches, but not in use.",
        |stats| stats.metadata.caches.mapped.saturating_sub(stats.metadata.caches.in_use),
    ),
    level("/memory/classes/metadata/mcache/inuse:bytes", "Allocation caches of processors.", |stats| {
        stats.metadata.caches.in_use
    }),
    level(
        "/memory/classes/metadata/mspan/free:bytes",
        "Memory set aside for descriptions of spans, but not in use.",
        |stats| stats.metadata.spans.mapped.saturating_sub(stats.metadata.spans.in_use),
    ),
    level("/memory/classes/metadata/mspan/inuse:bytes", "Descriptions of spans.", |stats| stats.metadata.spans.in_use),
    level("/memory/classes/metadata/other:bytes", "Structures of the collector and of the page allocator.", |stats| {
        stats.metadata.collector
    }),
    level(
        "/memory/classes/os-stacks:bytes",
        "Stacks of system threads that the memory manager has provided. It provides none, so 0.",
        |_| 0,
    ),
    level("/memory/classes/other:bytes", "Everything else: finalizers, cleanups, weak pointers.", |stats| {
        stats.metadata.other
    }),
    level("/memory/classes/profiling/buckets:bytes", "Tables of the profiler. There is none, so 0.", |_| 0),
    level(
        "/memory/classes/total:bytes",
        "All memory that the manager has mapped, given back or not: the sum of /memory/classes.",
        Stats::mapped,
    ),
    times(
        "/sched/pauses/stopping/gc:seconds",
        "How long it took to stop the world for the collector, from the decision until all processors stood. A part \
         of /sched/pauses/total/gc:seconds.",
        |stats| &stats.pauses.stops,
    ),
    times(
        "/sched/pauses/total/gc:seconds",
        "How long the world was stopped for the collector, from the decision to stop it until it ran again.",
        |stats| &stats.pauses.pauses,
    ),
];

#[cfg(test)]
mod tests;
