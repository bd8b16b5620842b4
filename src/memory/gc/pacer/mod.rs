//! The pacer: when a cycle starts, and how hard mutators help, so that marking ends as the heap reaches its goal.
//!
//! Terms:
//! - *heap live*: bytes marked by the last cycle plus all bytes allocated since. It only grows between cycles.
//! - *goal*: the heap live at which the running (or the next) cycle should be complete. Two parties ask for one and
//!   the lower wins: `GOGC` ([`Config::gogc`]: live + (live + stacks + globals) × GOGC/100, at least
//!   4 MiB × GOGC/100) and the soft memory limit (`limit`).
//! - *runway*: the bytes that the application will allocate while the next cycle marks with its 25 % of the
//!   processors. Predicted from the cons/mark ratio (`cons_mark`).
//! - *trigger*: the heap live at which a cycle starts: goal − runway, within bounds.
//! - *assist ratio*: the scan work a mutator owes per byte it allocates while marking runs (`assist`). With a good
//!   prediction the background markers earn all of it as credit and nobody assists.
//!
//! Life of a cycle, as the collector drives it under its own lock:
//! 1. Sweep phase: [`Pacer::should_start`] is asked whenever heap live moves (or compared with a copy of
//!    [`Pacer::trigger`]); [`Pacer::set_mapped`] keeps the memory limit's view fresh; [`SweepPacer`] makes sure that
//!    sweeping ends before the trigger.
//! 2. World stopped: [`Pacer::start_cycle`] gives the first assist ratio.
//! 3. Mark phase: [`Pacer::revise`] gives a new one whenever heap live or the work done has moved.
//! 4. World stopped: [`Pacer::end_cycle`] learns from the cycle; goal and trigger are those of the next one.
//!
//! Invariants, tested for arbitrary inputs:
//! - live ≤ trigger ≤ goal, where live is what the last cycle marked;
//! - assist ratios are finite and positive;
//! - nothing here reads a clock, an atomic or a global, nothing panics, and sums saturate.
//!
//! The design is that of Go's pacer since 1.18 and its memory limit since 1.19. Differences: background time is
//! measured instead of assumed to be 25 %; a growing heap may not push the goal past what the memory limit allows
//! (there the goal is extrapolated by GOGC alone, and `GOGC=off` with a limit passes it); the worst-case work is
//! fixed when the cycle starts, since stacks made later are born scanned.

mod assist;
mod cons_mark;
mod limit;
mod sweep;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod simulation;

pub use assist::AssistRatio;
pub use limit::Mapped;
pub use sweep::{SweepPacer, SweepPlan};

use cons_mark::ConsMark;

/// The share of the processors that background markers get while a cycle runs. The trigger is chosen so that it is
/// enough.
pub const BACKGROUND_UTILIZATION: f64 = 0.25;

/// With `GOGC=100` no heap is collected below this many bytes: the cost of a cycle that has nothing to mark.
pub const MIN_HEAP: u64 = 4 << 20;

/// A cycle starts at least this percentage of the way from the live heap to the goal. Starting earlier saves assists
/// of an application that allocates very fast, but what is allocated during a cycle stays until the next: marking
/// nearly all the time would make the heap grow.
const MIN_TRIGGER_PERCENT: u64 = 70;

/// A cycle of a small heap starts at most this percentage of the way, so that there is some runway even when the
/// prediction is zero. Larger heaps start at most [`MIN_HEAP`] before the goal.
const MAX_TRIGGER_PERCENT: u64 = 95;

/// Room for sweeping: after a cycle at least this much is allocated before the next one may start.
const MIN_SWEEP_DISTANCE: u64 = 1 << 20;

/// A goal of `GOGC` is at least this far from where the cycle started, even if that was late.
const MIN_RUNWAY: u64 = 64 << 10;

/// What the user can set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// How many percent the heap may grow between cycles; `None` is `GOGC=off`.
    pub gogc: Option<u32>,
    /// Soft limit for mapped − released bytes; `u64::MAX` is none.
    pub memory_limit: u64,
    /// Processors that run mutators and markers. Zero counts as one.
    pub processors: u32,
}

/// Scan work in bytes: what markers read to find pointers. Pointer-free objects and tails are no work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScanWork {
    /// Bytes of heap objects.
    pub heap: u64,
    /// Bytes of stacks, of the part in use.
    pub stacks: u64,
    /// Bytes of globals.
    pub globals: u64,
}

impl ScanWork {
    /// The sum.
    pub fn total(self) -> u64 {
        self.heap.saturating_add(self.stacks).saturating_add(self.globals)
    }
}

/// What the collector knows when it starts a cycle. All in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CycleStart {
    /// Heap live at this moment.
    pub heap_live: u64,
    /// The part of heap live that would be scanned if all of it were reachable.
    pub heap_scannable: u64,
    /// Stack space allocated to goroutines, used or not.
    pub stack_bytes: u64,
}

/// Where a running cycle stands. All in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Heap live at this moment, so including what was allocated since the start.
    pub heap_live: u64,
    /// Scan work done since the start by all markers and assists: heap, stacks and globals.
    pub work_done: u64,
}

/// What the collector knows when marking is complete.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CycleEnd {
    /// Heap live before it is reset to the marked bytes: the peak of this cycle.
    pub heap_live: u64,
    /// Bytes of all marked objects, those allocated black included: the new live heap.
    pub heap_marked: u64,
    /// The scan work of the whole cycle.
    pub work: ScanWork,
    /// Wall time of concurrent marking, in nanoseconds.
    pub duration_ns: u64,
    /// Processor time of background markers, in nanoseconds, without idle markers.
    pub background_ns: u64,
    /// Processor time of assists, in nanoseconds, over all mutators.
    pub assist_ns: u64,
    /// Processor time of idle markers, in nanoseconds.
    pub idle_ns: u64,
}

/// The pacer's state. It belongs to the collector, which calls it under its lock.
#[derive(Clone, Debug)]
pub struct Pacer {
    config: Config,
    mapped: Mapped,
    /// Scannable bytes of globals.
    globals: u64,
    /// Bytes marked by the last cycle.
    live: u64,
    /// Scan work of the last cycle in heap and stacks; that of globals is their size.
    last_work: ScanWork,
    cons_mark: ConsMark,
    /// Neither trigger nor goal of `GOGC` may be below, so that sweeping has room.
    sweep_floor: u64,
    last_goal: u64,
    /// Set while a cycle runs.
    cycle: Option<Cycle>,
}

/// What is fixed when a cycle starts.
#[derive(Clone, Copy, Debug)]
struct Cycle {
    /// Heap live at the start.
    triggered: u64,
    /// The scan work if everything is reachable and all stacks are full.
    worst_work: u64,
}

/// The effective goal and what decided it.
#[derive(Clone, Copy, Debug)]
struct Target {
    goal: u64,
    /// A lower bound of the trigger.
    floor: u64,
}

impl Pacer {
    /// A pacer before the first cycle: nothing is live, nothing is known about the application.
    pub fn new(config: Config) -> Self {
        let mut pacer = Self {
            config,
            mapped: Mapped::default(),
            globals: 0,
            live: 0,
            last_work: ScanWork::default(),
            cons_mark: ConsMark::new(),
            sweep_floor: 0,
            last_goal: 0,
            cycle: None,
        };
        pacer.last_goal = pacer.goal();
        pacer
    }

    /// Changes `GOGC`. While spans await sweeping, [`Self::keep_sweep_distance`] must follow, and while a cycle runs
    /// [`Self::revise`].
    pub fn set_gogc(&mut self, gogc: Option<u32>) {
        self.config.gogc = gogc;
    }

    /// Changes the soft memory limit, in bytes. While a cycle runs [`Self::revise`] must follow.
    pub fn set_memory_limit(&mut self, bytes: u64) {
        self.config.memory_limit = bytes;
    }

    /// Changes the number of processors. Not while a cycle runs: its measurement would be wrong.
    pub fn set_processors(&mut self, processors: u32) {
        self.config.processors = processors;
    }

    /// The settings in force.
    pub fn config(&self) -> Config {
        self.config
    }

    /// Tells the size of all globals with pointers, in bytes. From then on the goal counts them.
    pub fn set_globals(&mut self, bytes: u64) {
        self.globals = bytes;
    }

    /// Tells what is mapped, for the goal of the memory limit. To be called when spans are allocated or freed.
    pub fn set_mapped(&mut self, mapped: Mapped) {
        self.mapped = mapped;
    }

    /// Keeps the trigger 1 MiB away from `heap_live`: to be called when a setting changes in the middle of sweeping.
    pub fn keep_sweep_distance(&mut self, heap_live: u64) {
        self.sweep_floor = heap_live.saturating_add(MIN_SWEEP_DISTANCE);
    }

    /// The heap live at which the running or next cycle should be complete, in bytes; never below the live heap.
    /// `u64::MAX` if neither `GOGC` nor a limit asks for one.
    pub fn goal(&self) -> u64 {
        self.target().goal
    }

    /// The goal of the last complete cycle at its end, in bytes: what the scavenger and traces relate to.
    pub fn last_goal(&self) -> u64 {
        self.last_goal
    }

    /// The heap live at which the next cycle starts, in bytes. It moves with the memory limit's view
    /// ([`Self::set_mapped`]).
    pub fn trigger(&self) -> u64 {
        let Target { goal, floor } = self.target();
        let way = goal.saturating_sub(self.live);
        let lowest = self.live.saturating_add(percent(way, MIN_TRIGGER_PERCENT)).max(floor);
        let highest = self.live.saturating_add(percent(way, MAX_TRIGGER_PERCENT));
        let highest = highest.max(goal.saturating_sub(MIN_HEAP)).max(lowest);
        goal.saturating_sub(self.runway()).clamp(lowest, highest).min(goal)
    }

    /// Whether a cycle is due at this heap live.
    pub fn should_start(&self, heap_live: u64) -> bool {
        heap_live >= self.trigger()
    }

    /// Bytes that the application is expected to allocate while the next cycle marks.
    ///
    /// cons/mark relates bytes allocated per nanosecond of the application's processor time to bytes scanned per
    /// nanosecond of the collector's. Weighed with the shares that both are meant to have, it relates what happens
    /// in the same wall time.
    pub fn runway(&self) -> u64 {
        let shares = (1.0 - BACKGROUND_UTILIZATION) / BACKGROUND_UTILIZATION;
        (self.cons_mark.estimate() * shares * self.expected_work() as f64) as u64
    }

    /// The predicted ratio of the application's allocation rate to the collector's scan rate, both per processor
    /// time. Zero before the first cycle.
    pub fn cons_mark(&self) -> f64 {
        self.cons_mark.estimate()
    }

    /// A cycle starts; the world is stopped. Returns the first assist ratio.
    pub fn start_cycle(&mut self, start: CycleStart) -> AssistRatio {
        let worst = ScanWork { heap: start.heap_scannable, stacks: start.stack_bytes, globals: self.globals };
        self.cycle = Some(Cycle { triggered: start.heap_live, worst_work: worst.total() });
        self.revise(Progress { heap_live: start.heap_live, work_done: 0 })
    }

    /// The assist ratio from now on.
    ///
    /// As long as less work was done than the last cycle needed, the rest of that is due by the goal. Beyond that
    /// the heap is growing: the worst case is expected, and the goal moves out in proportion, so that the ratio
    /// stays where it was instead of punishing growth; the next cycle would allow that memory anyway. Past the goal,
    /// the worst case is due within another tenth of it.
    ///
    /// Without a cycle the answer is as if one had started at this moment.
    pub fn revise(&self, progress: Progress) -> AssistRatio {
        let expected = self.expected_work();
        let cycle = self.cycle.unwrap_or(Cycle { triggered: progress.heap_live, worst_work: expected });
        let (mut goal, mut work) = (self.goal(), expected);
        if progress.work_done > expected {
            let hard = self.hard_goal(goal);
            goal = assist::extend(goal, cycle.triggered, expected, cycle.worst_work).min(hard);
            work = cycle.worst_work;
        }
        if progress.heap_live > goal {
            goal = goal.saturating_add(percent(goal, assist::MAX_OVERSHOOT_PERCENT));
            work = cycle.worst_work;
        }
        AssistRatio::new(work.saturating_sub(progress.work_done), goal.saturating_sub(progress.heap_live))
    }

    /// Marking is complete; the world is stopped. Goal and trigger are those of the next cycle from now on.
    pub fn end_cycle(&mut self, end: CycleEnd) {
        self.last_goal = self.goal();
        if let Some(cycle) = self.cycle.take() {
            self.cons_mark.record(end, cycle.triggered, self.config.processors);
        }
        self.live = end.heap_marked;
        self.last_work = end.work;
        self.keep_sweep_distance(end.heap_marked);
    }

    /// The scan work of a cycle that finds what the last one found.
    fn expected_work(&self) -> u64 {
        ScanWork { globals: self.globals, ..self.last_work }.total()
    }

    fn target(&self) -> Target {
        let by_gogc = self.gogc_goal();
        let by_limit = limit::goal(self.config.memory_limit, self.mapped).max(self.live);
        if by_limit < by_gogc {
            // Under the limit's pressure neither sweeping nor a late start are reasons to use more memory.
            return Target { goal: by_limit, floor: self.live };
        }
        let started = self.cycle.map_or(0, |cycle| cycle.triggered.saturating_add(MIN_RUNWAY));
        Target { goal: by_gogc.max(self.sweep_floor).max(started), floor: self.sweep_floor }
    }

    fn gogc_goal(&self) -> u64 {
        let Some(gogc) = self.config.gogc.map(u64::from) else { return u64::MAX };
        let roots = self.last_work.stacks.saturating_add(self.globals);
        let growth = percent(self.live.saturating_add(roots), gogc);
        self.live.saturating_add(growth).max(percent(MIN_HEAP, gogc))
    }

    /// How far a growing heap may move the goal out: as far as `GOGC` would let the next cycle go, but not past
    /// what fits under the memory limit.
    fn hard_goal(&self, goal: u64) -> u64 {
        let by_gogc = self.config.gogc.map_or(u64::MAX, |gogc| goal.saturating_add(percent(goal, u64::from(gogc))));
        by_gogc.min(limit::ceiling(self.config.memory_limit, self.mapped)).max(goal)
    }
}

/// `percent` hundredths of `bytes`, saturating.
fn percent(bytes: u64, percent: u64) -> u64 {
    u64::try_from(u128::from(bytes) * u128::from(percent) / 100).unwrap_or(u64::MAX)
}
