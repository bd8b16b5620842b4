//! What the collector notes about itself while it works, and the snapshot of everything that is counted.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::Collector;
use super::cycle::Cause;
use super::pacer::{self, ScanWork};
use crate::base::histogram::TimeHistogram;
use crate::base::os;
use crate::base::sync::{Mutex, lock};
use crate::memory::heap::mcache::MCache;
use crate::memory::heap::shape::{SPAN_CLASSES, SpanClass};
use crate::memory::heap::size_class::{CLASSES, SizeClass};
use crate::memory::stats::{
    ClassStats, CpuStats, CycleStats, CycleTrace, MetadataStats, ObjectStats, PageStats, PauseHistory, PauseStats,
    PoolStats, Stats,
};

/// When the world was asked to stop, and when it did, on the monotonic clock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stopped {
    pub asked: u64,
    pub stopped: u64,
}

/// Processor time that a cycle used, in nanoseconds, and the wall time of its concurrent part.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Times {
    pub marking: u64,
    pub background: u64,
    pub assist: u64,
    pub idle: u64,
}

/// A cycle that has just ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ended {
    pub stopped: Stopped,
    pub cause: Cause,
    pub times: Times,
    /// Bytes live before it was known what was marked.
    pub live: u64,
    /// Bytes marked.
    pub marked: u64,
    pub goal: u64,
    pub work: ScanWork,
    pub objects: u64,
    pub processors: usize,
}

/// Notes.
pub(super) struct Recorder {
    /// Locked last: nothing else is locked while it is.
    notes: Mutex<Notes>,
    /// On the monotonic clock.
    made: u64,
    /// Totals of processor time in nanoseconds.
    background: AtomicU64,
    assist: AtomicU64,
    idle: AtomicU64,
    scavenging: AtomicU64,
    scavenging_eagerly: AtomicU64,
    last_cycle: AtomicU64,
    pauses: TimeHistogram,
    stops: TimeHistogram,
}

#[derive(Default)]
struct Notes {
    history: PauseHistory,
    pauses_total: u64,
    /// Pauses since the last cycle ended.
    pauses_now: u64,
    cycles: u64,
    forced: u64,
    last_end: u64,
    last: Option<CycleTrace>,
    /// Bytes released in the background and eagerly, when the observer was last told.
    released_told: [u64; 2],
    /// Cycles that nobody was told of.
    untold: VecDeque<CycleTrace>,
    limited: u64,
    // The running cycle.
    began: u64,
    began_live: u64,
    first_pause: u64,
    marking_since: u64,
    times_before: [u64; 3],
}

impl Default for Recorder {
    fn default() -> Self {
        Self {
            notes: Mutex::default(),
            made: os::monotonic_ns(),
            background: AtomicU64::default(),
            assist: AtomicU64::default(),
            idle: AtomicU64::default(),
            scavenging: AtomicU64::default(),
            scavenging_eagerly: AtomicU64::default(),
            last_cycle: AtomicU64::default(),
            pauses: TimeHistogram::new(),
            stops: TimeHistogram::new(),
        }
    }
}

/// Cycles that are remembered until somebody is told of them.
const UNTOLD: usize = 256;

impl Recorder {
    pub fn add_background(&self, ns: u64) {
        self.background.fetch_add(ns, Relaxed);
    }

    pub fn add_assist(&self, ns: u64) {
        self.assist.fetch_add(ns, Relaxed);
    }

    pub fn add_idle(&self, ns: u64) {
        self.idle.fetch_add(ns, Relaxed);
    }

    pub fn add_scavenging(&self, ns: u64, eagerly: bool) {
        if eagerly { &self.scavenging_eagerly } else { &self.scavenging }.fetch_add(ns, Relaxed);
    }

    /// Total processor times of background markers, assists and idle markers.
    pub fn times(&self) -> [u64; 3] {
        [self.background.load(Relaxed), self.assist.load(Relaxed), self.idle.load(Relaxed)]
    }

    /// The world went on at `now`.
    pub fn pause(&self, stopped: Stopped, now: u64) {
        let pause = now - stopped.asked;
        self.pauses.record(pause);
        self.stops.record(stopped.stopped - stopped.asked);
        let mut notes = lock(&self.notes);
        notes.pauses_total += pause;
        notes.pauses_now += pause;
    }

    /// Total time that the world was stopped.
    pub fn stopped(&self) -> u64 {
        lock(&self.notes).pauses_total
    }

    /// A cycle begins.
    pub fn begin(&self, stopped: Stopped, live: u64) {
        let mut notes = lock(&self.notes);
        notes.began = stopped.asked;
        notes.began_live = live;
        notes.marking_since = 0;
        notes.pauses_now = 0;
        notes.times_before = self.times();
    }

    /// Mutators run while marking goes on, from `now`.
    pub fn marking(&self, now: u64) {
        let mut notes = lock(&self.notes);
        notes.marking_since = now;
        notes.first_pause = now - notes.began;
    }

    /// Marking has ended. Returns what it took.
    pub fn end(&self, stopped: Stopped) -> Times {
        let notes = lock(&self.notes);
        let total = self.times();
        let since = |i: usize| total[i] - notes.times_before[i];
        let marking = stopped.asked.saturating_sub(notes.marking_since.max(notes.began));
        Times { marking, background: since(0), assist: since(1), idle: since(2) }
    }

    /// The limiter steps in, in the running cycle.
    pub fn limited(&self) {
        let mut notes = lock(&self.notes);
        notes.limited = notes.cycles + 1;
    }

    /// The cycle is over, and mutators run since `now`.
    pub fn ended(&self, end: Ended, now: u64) {
        self.last_cycle.store(now, Relaxed);
        let cpu = self.cpu(end.processors);
        let mut notes = lock(&self.notes);
        notes.cycles += 1;
        notes.forced += u64::from(end.cause == Cause::Forced);
        notes.last_end = os::unix_ns();
        let (cycle, pauses, last_end) = (notes.cycles, notes.pauses_now, notes.last_end);
        notes.history.record(cycle, pauses, last_end);
        let trace = CycleTrace {
            cycle,
            started_ns: notes.began - self.made,
            cpu_fraction: cpu.collector_fraction(),
            sweep_termination_ns: notes.first_pause,
            mark_ns: end.times.marking,
            mark_termination_ns: now - end.stopped.asked,
            assist_ns: end.times.assist,
            dedicated_ns: end.times.background,
            idle_ns: end.times.idle,
            stopped_processors: end.processors as u32,
            heap_start: notes.began_live,
            heap_end: end.live,
            heap_live: end.marked,
            goal: end.goal,
            stacks: end.work.stacks,
            globals: end.work.globals,
            objects: end.objects,
            processors: end.processors as u32,
            forced: end.cause == Cause::Forced,
        };
        notes.last = Some(trace);
        notes.untold.push_back(trace);
        if notes.untold.len() > UNTOLD {
            notes.untold.pop_front();
        }
    }

    fn cpu(&self, processors: usize) -> CpuStats {
        let [dedicated_ns, assist_ns, idle_mark_ns] = self.times();
        CpuStats {
            assist_ns,
            dedicated_ns,
            idle_mark_ns,
            pause_ns: self.stopped() * processors as u64,
            scavenge_assist_ns: self.scavenging_eagerly.load(Relaxed),
            scavenge_background_ns: self.scavenging.load(Relaxed),
            idle_ns: 0,
            total_ns: (os::monotonic_ns() - self.made) * processors as u64,
        }
    }

    /// The last complete cycle.
    pub fn last(&self) -> Option<CycleTrace> {
        lock(&self.notes).last
    }

    /// Takes the cycles that nobody was told of.
    pub fn take_untold(&self) -> VecDeque<CycleTrace> {
        std::mem::take(&mut lock(&self.notes).untold)
    }

    /// Bytes released in the background and eagerly since the observer was last told; the totals now are `released`.
    pub fn take_released(&self, released: [u64; 2]) -> [u64; 2] {
        let told = std::mem::replace(&mut lock(&self.notes).released_told, released);
        [released[0].saturating_sub(told[0]), released[1].saturating_sub(told[1])]
    }

    /// Nanoseconds since the last cycle ended, or the heap was made.
    pub fn since_last_cycle(&self) -> u64 {
        os::monotonic_ns().saturating_sub(self.last_cycle.load(Relaxed).max(self.made))
    }
}

impl Collector {
    /// Tells the embedder about the cycles that have ended.
    pub(super) fn report(&self) {
        let Some(observer) = &self.config.observer else { return };
        for trace in self.recorder.take_untold() {
            observer.cycle(&trace);
        }
    }

    /// Everything that is counted, with what the mutators have not reported. The world is stopped for it.
    pub(super) fn stats(&self) -> Stats {
        self.while_stopped(|mutators| {
            for mutator in &mutators.list {
                // SAFETY: the world is stopped.
                self.uncache(unsafe { mutator.local() });
            }
            self.read_stats(mutators.list.len() as u64)
        })
    }

    fn read_stats(&self, mutators: u64) -> Stats {
        let usage = self.heap.usage();
        let recorder = &self.recorder;
        let caches = mutators * MCache::BYTES as u64;
        let (goal, settings) = {
            let pacing = lock(&self.pacing);
            (pacing.pacer.goal(), pacing.pacer.config())
        };
        let notes = lock(&recorder.notes);
        let mut stats = Stats {
            pages: PageStats {
                mapped: usage.mapped,
                in_use: usage.objects,
                stacks: usage.manual,
                free: usage.free - usage.released,
                released: usage.released,
            },
            objects: self.object_stats(),
            metadata: MetadataStats {
                spans: PoolStats { in_use: usage.records, mapped: usage.records_mapped },
                caches: PoolStats { in_use: caches, mapped: caches },
                collector: usage.tables,
                other: self.specials.bytes() as u64,
            },
            cycles: self.cycle_stats(&notes, goal, settings),
            pauses: PauseStats {
                total_ns: notes.pauses_total,
                history: notes.history,
                pauses: recorder.pauses.snapshot(),
                stops: recorder.stops.snapshot(),
            },
            cpu: CpuStats::default(),
            finalizers: self.specials.stats(),
        };
        drop(notes);
        stats.cpu = recorder.cpu(self.config.processors);
        stats
    }

    fn cycle_stats(&self, notes: &Notes, goal: u64, settings: pacer::Config) -> CycleStats {
        CycleStats {
            completed: notes.cycles,
            forced: notes.forced,
            limiter_last_enabled: notes.limited,
            last_end_unix_ns: notes.last_end,
            goal,
            live: self.cycle.live.load(Relaxed),
            scannable_heap: self.cycle.scanned.load(Relaxed),
            scannable_stacks: self.cycle.scanned_stacks.load(Relaxed),
            scannable_globals: self.cycle.scanned_globals.load(Relaxed),
            gc_percent: settings.gogc,
            memory_limit: (settings.memory_limit != u64::MAX).then_some(settings.memory_limit),
            initial_stack: 0,
        }
    }

    fn object_stats(&self) -> ObjectStats {
        let counters = &self.heap.counters;
        let load = |counter: &AtomicU64| counter.load(Relaxed);
        let size = |class: usize| SizeClass::from_index(class).size() as u32;
        let mut classes: Vec<_> = (1..CLASSES).map(|c| ClassStats { size: size(c), ..ClassStats::default() }).collect();
        for class in (0..SPAN_CLASSES as u16).map(SpanClass).filter(|class| !class.is_large()) {
            let size = match class.hot_slot() {
                Some(slot) => self.heap.shapes.hot(slot).class(),
                None => class.size_and_kind().map_or(SizeClass::LARGE, |(size, _)| size),
            };
            if size != SizeClass::LARGE {
                classes[size.index() - 1].allocs += counters.allocs(class);
                classes[size.index() - 1].frees += counters.frees(class);
            }
        }
        ObjectStats {
            classes,
            large_allocs: load(&counters.large_allocs),
            large_frees: load(&counters.large_frees),
            large_allocated: load(&counters.large_alloc_bytes),
            large_freed: load(&counters.large_free_bytes),
            tiny_allocs: load(&counters.tiny_allocs),
        }
    }
}
