//! What the collector records about itself.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::Collector;
use super::pacer::ScanWork;
use crate::base::os::clock;
use crate::base::sync::{Mutex, lock};
use crate::memory::heap::PAGE_SIZE;
use crate::memory::heap::mheap::Usage;
use crate::memory::heap::shape::{SPAN_CLASSES, SpanClass};
use crate::memory::heap::size_class::{CLASSES, SizeClass};

/// When the world was asked to stop, and when it did, on the monotonic clock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stopped {
    pub asked: u64,
    pub stopped: u64,
}

/// A pause of the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pause {
    /// From the request until all mutators stood still, in nanoseconds.
    pub stopping: u64,
    /// From the request until they were allowed to go on, in nanoseconds.
    pub total: u64,
    /// When it ended, in nanoseconds since 1970.
    pub end: u64,
}

/// Processor time that the collector used in a cycle, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// Wall time of concurrent marking.
    pub marking: u64,
    /// Background markers.
    pub background: u64,
    /// Mutators that assisted.
    pub assist: u64,
    /// Markers on processors that had nothing else to do.
    pub idle: u64,
}

/// A complete cycle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CycleTrace {
    /// Its number, from 1.
    pub number: u32,
    /// Somebody asked for it.
    pub forced: bool,
    /// When it began, in nanoseconds since the heap was made.
    pub at: u64,
    /// The pause at its begin and the one at its end, in nanoseconds.
    pub pauses: [u64; 2],
    /// Processor times.
    pub times: Times,
    /// Share of all processor time since the heap was made that the collector used.
    pub share: f64,
    /// Bytes live at its begin, at its end, and marked.
    pub live: [u64; 3],
    /// The goal, in bytes.
    pub goal: u64,
    /// Bytes scanned.
    pub work: ScanWork,
    /// Objects marked, without those allocated black.
    pub objects: u64,
    /// Processors.
    pub processors: usize,
}

/// How many pauses are remembered.
const REMEMBERED: usize = 256;

#[derive(Default)]
pub(super) struct Recorder {
    state: Mutex<State>,
    /// Totals in nanoseconds.
    background: AtomicU64,
    assist: AtomicU64,
    idle: AtomicU64,
    stopped: AtomicU64,
    last_cycle: AtomicU64,
}

struct State {
    made: u64,
    pauses: VecDeque<Pause>,
    pauses_total: u64,
    cycles: u32,
    forced: u32,
    began: u64,
    began_live: u64,
    first_pause: u64,
    marking_since: u64,
    at_begin: [u64; 3],
    traces: VecDeque<CycleTrace>,
    last: Option<CycleTrace>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            made: clock::monotonic_ns(),
            pauses: VecDeque::new(),
            pauses_total: 0,
            cycles: 0,
            forced: 0,
            began: 0,
            began_live: 0,
            first_pause: 0,
            marking_since: 0,
            at_begin: [0; 3],
            traces: VecDeque::new(),
            last: None,
        }
    }
}

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

    /// Total processor times of background markers, assists and idle markers.
    pub fn times(&self) -> [u64; 3] {
        [self.background.load(Relaxed), self.assist.load(Relaxed), self.idle.load(Relaxed)]
    }

    /// The world went on at `now`.
    pub fn pause(&self, stopped: Stopped, now: u64) {
        let pause =
            Pause { stopping: stopped.stopped - stopped.asked, total: now - stopped.asked, end: clock::unix_ns() };
        self.stopped.fetch_add(now - stopped.stopped, Relaxed);
        let mut state = lock(&self.state);
        if state.pauses.len() == REMEMBERED {
            state.pauses.pop_front();
        }
        state.pauses.push_back(pause);
        state.pauses_total += 1;
    }

    /// A cycle begins.
    pub fn begin(&self, stopped: Stopped, live: u64) {
        let mut state = lock(&self.state);
        state.began = stopped.asked;
        state.began_live = live;
        state.at_begin = self.times();
    }

    /// Mutators run while marking goes on, from `now`.
    pub fn marking(&self, now: u64) {
        let mut state = lock(&self.state);
        state.marking_since = now;
        state.first_pause = now - state.began;
    }

    /// Marking has ended. Returns what it took.
    pub fn end(&self, stopped: Stopped) -> Times {
        let state = lock(&self.state);
        let total = self.times();
        let since = |i: usize| total[i] - state.at_begin[i];
        Times {
            // Nothing was concurrent if the world stood still all the time.
            marking: stopped.asked.saturating_sub(state.marking_since.max(state.began)),
            background: since(0),
            assist: since(1),
            idle: since(2),
        }
    }

    /// The cycle is over, and mutators run since `now`.
    pub fn ended(&self, end: Ended, now: u64) {
        self.last_cycle.store(now, Relaxed);
        let mut state = lock(&self.state);
        state.cycles += 1;
        state.forced += u32::from(end.forced);
        let elapsed = (now - state.made).max(1) as f64 * end.processors as f64;
        let [background, assist, _] = self.times();
        let used = background + assist + self.stopped.load(Relaxed) * end.processors as u64;
        let trace = CycleTrace {
            number: state.cycles,
            forced: end.forced,
            at: state.began - state.made,
            pauses: [state.first_pause, now - end.stopped.asked],
            times: end.times,
            share: used as f64 / elapsed,
            live: [state.began_live, end.live, end.marked],
            goal: end.goal,
            work: end.work,
            objects: end.objects,
            processors: end.processors,
        };
        state.last = Some(trace);
        state.traces.push_back(trace);
        if state.traces.len() > REMEMBERED {
            state.traces.pop_front();
        }
    }

    /// The last complete cycle.
    pub fn last_cycle_trace(&self) -> Option<CycleTrace> {
        lock(&self.state).last
    }

    /// Takes the cycles that were not reported.
    pub fn take_traces(&self) -> VecDeque<CycleTrace> {
        std::mem::take(&mut lock(&self.state).traces)
    }

    /// Nanoseconds since the last cycle ended, or the heap was made.
    pub fn since_last_cycle(&self) -> u64 {
        let last = self.last_cycle.load(Relaxed).max(lock(&self.state).made);
        clock::monotonic_ns().saturating_sub(last)
    }
}

/// A cycle that has just ended.
pub(super) struct Ended {
    pub stopped: Stopped,
    pub forced: bool,
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

/// The heap's accounts at one moment. Sizes in bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// How the pages are used.
    pub usage: Usage,
    /// Pages of spans that hold objects.
    pub objects_in_use: u64,
    /// Pages of stacks.
    pub stacks_in_use: u64,
    /// Objects allocated and freed, and the bytes of their places, since the heap was made. Tiny objects count as the
    /// blocks that they share.
    pub allocs: Totals,
    /// The same of those that were freed.
    pub frees: Totals,
    /// The same by size class; the first entry is that of large objects.
    pub by_class: Vec<(Totals, Totals)>,
    /// Tiny objects.
    pub tiny_allocs: u64,
    /// Bytes live, as the pacer counts them.
    pub heap_live: u64,
    /// The goal of the next cycle; `u64::MAX` if there is none.
    pub goal: u64,
    /// Complete cycles, and those that somebody asked for.
    pub cycles: [u32; 2],
    /// The last pauses, the oldest first, at most 256, and how many there were in all.
    pub pauses: Vec<Pause>,
    /// All pauses there were.
    pub pauses_total: u64,
    /// Given back to the system in the background and at once.
    pub scavenged: [u64; 2],
    /// Processor time in nanoseconds: background markers, assists, idle markers, and the world stopped.
    pub cpu: [u64; 4],
}

/// Objects and their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// How many.
    pub objects: u64,
    /// The bytes of their places.
    pub bytes: u64,
}

impl Totals {
    fn add(&mut self, objects: u64, bytes: u64) {
        self.objects += objects;
        self.bytes += bytes;
    }
}

impl Collector {
    /// The accounts, with what the mutators have not reported. The world is stopped for it.
    pub(super) fn stats(&self) -> Stats {
        self.while_stopped(|mutators| {
            for mutator in &mutators.list {
                // SAFETY: the world is stopped.
                self.uncache(unsafe { mutator.local() });
            }
            self.read_stats()
        })
    }

    fn read_stats(&self) -> Stats {
        let counters = &self.heap.counters;
        let load = |counter: &AtomicU64| counter.load(Relaxed);
        let mut stats = Stats {
            usage: self.heap.usage(),
            objects_in_use: (counters.object_pages.load(Relaxed) * PAGE_SIZE) as u64,
            stacks_in_use: self.manual_bytes(),
            by_class: vec![Default::default(); CLASSES],
            tiny_allocs: load(&counters.tiny_allocs),
            heap_live: load(&counters.heap_live),
            goal: lock(&self.pacing).pacer.goal(),
            scavenged: [load(&counters.scavenged_background), load(&counters.scavenged_eagerly)],
            ..Stats::default()
        };
        let large = &mut stats.by_class[0];
        large.0.add(load(&counters.large_allocs), load(&counters.large_alloc_bytes));
        large.1.add(load(&counters.large_frees), load(&counters.large_free_bytes));
        for class in (0..SPAN_CLASSES as u16).map(SpanClass).filter(|class| !class.is_large()) {
            let size = match class.hot_slot() {
                Some(slot) => self.heap.shapes.hot(slot).class(),
                None => class.size_and_kind().map_or(SizeClass::LARGE, |(size, _)| size),
            };
            let (allocs, frees) = (counters.allocs(class), counters.frees(class));
            if allocs > 0 {
                let by_class = &mut stats.by_class[size.index()];
                by_class.0.add(allocs, allocs * size.size() as u64);
                by_class.1.add(frees, frees * size.size() as u64);
            }
        }
        for (allocs, frees) in &stats.by_class {
            stats.allocs.add(allocs.objects, allocs.bytes);
            stats.frees.add(frees.objects, frees.bytes);
        }
        let state = lock(&self.stats.state);
        stats.cycles = [state.cycles, state.forced];
        stats.pauses = state.pauses.iter().copied().collect();
        stats.pauses_total = state.pauses_total;
        let [background, assist, idle] = self.stats.times();
        stats.cpu = [background, assist, idle, load(&self.stats.stopped)];
        stats
    }

    /// Tells the embedder about the cycles that have ended.
    pub(super) fn report(&self) {
        let Some(sink) = &self.config.trace else { return };
        for trace in self.stats.take_traces() {
            sink(&trace);
        }
    }
}
