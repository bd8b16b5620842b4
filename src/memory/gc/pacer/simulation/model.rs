//! The simulated machine: see the head of the module above.

use super::super::super::limiter::{CpuLimiter, Window};
use super::super::cons_mark::ConsMark;
use super::super::*;

/// Steps that a mark phase is divided into, about.
const MARK_STEPS: f64 = 200.0;
/// Unused bytes of spans in use, in percent of object bytes.
const FRAGMENTATION_PERCENT: u64 = 10;
/// Steps that the allocation between two cycles is divided into, about.
const SWEEP_STEPS: u64 = 64;
const PAGE: u64 = 8 << 10;

/// An application during one cycle.
#[derive(Clone, Copy, Debug)]
pub(super) struct App {
    /// Bytes allocated per nanosecond of the application's processor time.
    pub alloc_rate: f64,
    /// Bytes scanned per nanosecond of a marker.
    pub scan_rate: f64,
    /// Bytes reachable when the cycle starts, if that much was allocated.
    pub live: u64,
    /// The part of the heap that holds pointers, from 0 to 1.
    pub scannable: f64,
    /// Bytes of stacks; half of them is in use.
    pub stacks: u64,
    /// Mapped bytes that are neither heap nor stacks.
    pub non_heap: u64,
    /// The part of the application's processor time that it does not use, from 0 to 1.
    pub idle: f64,
}

/// What does not change during a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setup {
    pub config: Config,
    pub globals: u64,
    pub cycles: u32,
    /// Idle processors help to mark.
    pub idle_markers: bool,
}

/// Parts of the collector that a test may replace, to compare or to break it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sabotage {
    /// Another prediction from the last measurements.
    pub predict: Option<fn(&[f64]) -> f64>,
    pub no_assists: bool,
    pub no_limiter: bool,
    /// The pacer does not hear what is mapped.
    pub blind: bool,
    /// Nobody sweeps before the next cycle starts.
    pub no_sweeping: bool,
    /// Free pages are taken off the memory limit.
    pub free_is_overhead: bool,
}

/// Splitmix64: the same jitter on every machine.
pub(super) struct Jitter(u64);

impl Jitter {
    /// A number around 1, at most `part` away from it.
    pub fn around_one(&mut self, part: f64) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let unit = ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64;
        1.0 + part * (2.0 * unit - 1.0)
    }
}

/// What happened in one cycle, from the end of the one before to its own end.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Outcome {
    /// Live bytes of the cycle before.
    pub live: u64,
    /// Heap live where marking started.
    pub triggered: u64,
    pub goal: u64,
    /// Heap live where marking ended.
    pub peak: u64,
    /// Wall time between the cycles, and of marking, in nanoseconds.
    pub off_ns: f64,
    pub mark_ns: f64,
    /// Processor time, in nanoseconds.
    pub background_ns: f64,
    pub assist_ns: f64,
    pub idle_ns: f64,
    /// Processor time of the whole cycle without the application's idle time.
    pub busy_ns: f64,
    /// The prediction after the cycle.
    pub cons_mark: f64,
    /// Most bytes mapped and not released.
    pub mapped_peak: u64,
    /// Pages that were not swept when the cycle was due.
    pub late_pages: u64,
    /// The part of the mark phase in which the limiter was on.
    pub limited: f64,
}

impl Outcome {
    /// Peak to goal.
    pub fn overshoot(&self) -> f64 {
        self.peak as f64 / self.goal as f64
    }

    /// The start, as part of the way from live to goal.
    pub fn trigger_ratio(&self) -> f64 {
        let way = self.goal.saturating_sub(self.live).max(1);
        self.triggered.saturating_sub(self.live) as f64 / way as f64
    }

    /// The collector's part of busy processor time while it marks.
    pub fn mark_utilization(&self, processors: u32) -> f64 {
        (self.background_ns + self.assist_ns) / (self.mark_ns * f64::from(processors))
    }

    /// The assists' part of what background markers leave while marking.
    pub fn assist_share(&self, processors: u32) -> f64 {
        self.assist_ns / (self.mark_ns * f64::from(processors) - self.background_ns)
    }
}

/// Mapped memory, in bytes.
#[derive(Clone, Copy, Debug, Default)]
struct Memory {
    /// Objects that are live or not yet swept.
    objects: u64,
    /// The dead among them.
    dead: u64,
    free: u64,
    stacks: u64,
    non_heap: u64,
    peak: u64,
}

impl Memory {
    fn in_spans(bytes: u64) -> u64 {
        bytes + percent(bytes, FRAGMENTATION_PERCENT)
    }

    fn ready(&self) -> u64 {
        Self::in_spans(self.objects) + self.free + self.stacks + self.non_heap
    }

    fn allocate(&mut self, bytes: u64, limit: u64) {
        self.objects += bytes;
        self.free = self.free.saturating_sub(Self::in_spans(bytes));
        self.scavenge(limit);
    }

    /// Releases free pages that stand in the way of the limit, as the allocator does.
    fn scavenge(&mut self, limit: u64) {
        self.free -= self.free.min(self.ready().saturating_sub(limit));
        self.peak = self.peak.max(self.ready());
    }

    fn sweep(&mut self, pages: u64) {
        let bytes = (pages * PAGE).min(self.dead);
        self.dead -= bytes;
        self.objects -= bytes;
        self.free += Self::in_spans(bytes);
    }

    fn mapped(&self) -> Mapped {
        Mapped { ready: self.ready(), free: self.free, objects: self.objects }
    }
}

/// A running simulation.
pub(super) struct Machine {
    setup: Setup,
    sabotage: Sabotage,
    pacer: Pacer,
    limiter: CpuLimiter,
    memory: Memory,
    heap_live: u64,
    pub jitter: Jitter,
}

impl Machine {
    pub fn new(setup: Setup, sabotage: Sabotage, seed: u64) -> Self {
        let mut pacer = Pacer::new(setup.config);
        if let Some(predict) = sabotage.predict {
            pacer.cons_mark = ConsMark::predicted_by(predict);
        }
        pacer.set_globals(setup.globals);
        let limiter = CpuLimiter::new(setup.config.processors);
        let (memory, jitter) = (Memory::default(), Jitter(seed));
        Self { setup, sabotage, pacer, limiter, memory, heap_live: 0, jitter }
    }

    /// One cycle of `app`.
    pub fn cycle(&mut self, app: App) -> Outcome {
        self.memory.stacks = app.stacks;
        self.memory.non_heap = app.non_heap + self.setup.globals;
        self.memory.peak = 0;
        let mut out = Outcome { live: self.heap_live, ..Outcome::default() };
        self.run_off(app, &mut out);
        self.run_mark(app, &mut out);
        out.goal = self.pacer.last_goal();
        out.cons_mark = self.pacer.cons_mark();
        out.mapped_peak = self.memory.peak;
        out
    }

    fn processors(&self) -> f64 {
        f64::from(self.setup.config.processors)
    }

    fn allocate(&mut self, bytes: u64) {
        self.heap_live += bytes;
        self.memory.allocate(bytes, self.setup.config.memory_limit);
        self.tell_mapped();
    }

    fn tell_mapped(&mut self) {
        if !self.sabotage.blind {
            let mapped = self.memory.mapped();
            let free = if self.sabotage.free_is_overhead { 0 } else { mapped.free };
            self.pacer.set_mapped(Mapped { free, ..mapped });
        }
    }

    /// From the end of a cycle to the next start: the application allocates and sweeps what it owes.
    fn run_off(&mut self, app: App, out: &mut Outcome) {
        self.memory.scavenge(self.setup.config.memory_limit);
        self.tell_mapped();
        let pages = self.memory.dead.div_ceil(PAGE);
        let plan = SweepPlan { heap_live: self.heap_live, trigger: self.pacer.trigger(), pages, pages_swept: 0 };
        let (sweeper, mut swept) = (SweepPacer::new(plan), 0);
        let rate = app.alloc_rate * self.processors() * (1.0 - app.idle);
        while !self.pacer.should_start(self.heap_live) {
            let way = self.pacer.trigger() - self.heap_live;
            let bytes = way.min((self.heap_live / SWEEP_STEPS).max(PAGE));
            let debt = if self.sabotage.no_sweeping { 0 } else { sweeper.debt(self.heap_live + bytes, swept) };
            self.memory.sweep(debt);
            swept += debt;
            self.allocate(bytes);
            out.off_ns += bytes as f64 / rate;
        }
        // What is left is swept before marking starts; that is nothing, unless the trigger moved towards the heap.
        out.late_pages = pages - swept;
        self.memory.sweep(out.late_pages);
        out.busy_ns += out.off_ns * self.processors() * (1.0 - app.idle);
        let idle_ns = (out.off_ns * self.processors() * app.idle) as u64;
        self.limiter.update(Window { elapsed_ns: out.off_ns as u64, idle_ns, ..Window::default() });
    }

    fn run_mark(&mut self, app: App, out: &mut Outcome) {
        out.triggered = self.heap_live;
        let reachable = app.live.min(self.heap_live);
        let scannable = |bytes: u64| (bytes as f64 * app.scannable) as u64;
        let work = ScanWork { heap: scannable(reachable), stacks: app.stacks / 2, globals: self.setup.globals };
        let total = work.total() as f64;
        let start = CycleStart {
            heap_live: self.heap_live,
            heap_scannable: scannable(self.heap_live),
            stack_bytes: app.stacks,
        };
        let mut ratio = self.pacer.start_cycle(start);
        let (mut done, mut credit) = (0.0, 0.0);
        let mut allocation = 0.0;
        let background = app.scan_rate * self.processors() * BACKGROUND_UTILIZATION;
        let step = total / background / MARK_STEPS;
        while done < total {
            let shares = self.shares(app, ratio, &mut credit, step);
            let per_ns = app.scan_rate * self.processors() * shares.marking();
            let elapsed = step.min((total - done) / per_ns).max(1.0);
            done += per_ns * elapsed;
            allocation += app.alloc_rate * self.processors() * shares.application * elapsed;
            self.allocate(allocation as u64);
            allocation = allocation.fract();
            self.account(shares, elapsed, out);
            ratio = self.pacer.revise(Progress { heap_live: self.heap_live, work_done: done as u64 });
        }
        out.limited /= out.mark_ns;
        out.peak = self.heap_live;
        self.finish(reachable + self.heap_live - out.triggered, work, out);
    }

    /// Marking ends: what is not marked is dead, and the pacer learns.
    fn finish(&mut self, marked: u64, work: ScanWork, out: &Outcome) {
        self.memory.dead = self.memory.objects - marked;
        self.pacer.end_cycle(CycleEnd {
            heap_live: self.heap_live,
            heap_marked: marked,
            work,
            duration_ns: out.mark_ns as u64,
            background_ns: out.background_ns as u64,
            assist_ns: out.assist_ns as u64,
            idle_ns: out.idle_ns as u64,
        });
        self.heap_live = marked;
    }

    /// How the processors' time is divided during the next `step` nanoseconds of marking.
    ///
    /// Allocation costs `ratio` of work per byte. Saved credit and what background and idle markers do in this step
    /// pay for it; if that is not enough, mutators give up just as much of their time as makes both sides equal.
    fn shares(&self, app: App, ratio: AssistRatio, credit: &mut f64, step: f64) -> Shares {
        let idle_time = (1.0 - BACKGROUND_UTILIZATION) * app.idle;
        let mutators = 1.0 - BACKGROUND_UTILIZATION - idle_time;
        let idle = if self.setup.idle_markers { idle_time } else { 0.0 };
        let limiting = self.limiter.limiting() && !self.sabotage.no_limiter;
        let none = Shares {
            background: BACKGROUND_UTILIZATION,
            assist: 0.0,
            idle,
            idle_time,
            application: mutators,
            limiting,
        };
        if limiting || self.sabotage.no_assists {
            return none;
        }
        let cpu = self.processors() * step;
        let available = *credit / cpu + (BACKGROUND_UTILIZATION + idle) * app.scan_rate;
        let price = app.alloc_rate * ratio.work_per_byte;
        if mutators * price <= available {
            *credit = (available - mutators * price) * cpu;
            return none;
        }
        *credit = 0.0;
        let application = (available + mutators * app.scan_rate) / (price + app.scan_rate);
        Shares { assist: mutators - application, application, ..none }
    }

    fn account(&mut self, shares: Shares, elapsed: f64, out: &mut Outcome) {
        let cpu = elapsed * self.processors();
        out.mark_ns += elapsed;
        out.background_ns += cpu * shares.background;
        out.assist_ns += cpu * shares.assist;
        out.idle_ns += cpu * shares.idle;
        out.busy_ns += cpu * (1.0 - shares.idle_time);
        out.limited += if shares.limiting { elapsed } else { 0.0 };
        self.limiter.update(Window {
            elapsed_ns: elapsed as u64,
            stopped_ns: 0,
            background_ns: (cpu * shares.background) as u64,
            assist_ns: (cpu * shares.assist) as u64,
            idle_ns: (cpu * shares.idle_time) as u64,
        });
    }
}

/// Parts of all processors' time.
#[derive(Clone, Copy, Debug)]
struct Shares {
    background: f64,
    assist: f64,
    /// Used by idle markers.
    idle: f64,
    /// Not used by the application.
    idle_time: f64,
    application: f64,
    limiting: bool,
}

impl Shares {
    fn marking(&self) -> f64 {
        self.background + self.assist + self.idle
    }
}
