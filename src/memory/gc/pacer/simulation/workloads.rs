//! The applications that the pacer is judged by.
//!
//! Rates are in bytes per nanosecond of one processor (so about GB/s), and scanning runs at 1.0 if not said otherwise.
//! With `GOGC=100` and marking at 25 % of the processors, an application that allocates at up to 0.1 can be collected
//! without assists: the runway (0.1 × 3 × live) is then the longest that the lowest trigger allows (0.3 × live).

use super::super::Config;
use super::model::{App, Jitter, Setup};

use std::f64::consts::TAU;

const MIB: u64 = 1 << 20;
const NO_LIMIT: u64 = u64::MAX;
/// Cycles after which a run must have settled, from its start and from each change.
pub(super) const SETTLING: u32 = 20;
/// The length of most runs.
const CYCLES: u32 = 100;
/// The cycle in which a step happens.
const STEP: u32 = 50;

/// The first cycle and the one after the last.
type Cycles = (u32, u32);

/// All cycles after settling.
const SETTLED: &[Cycles] = &[(SETTLING, CYCLES)];
/// The same for runs with a step.
const AROUND_STEP: &[Cycles] = &[(SETTLING, STEP), (STEP + SETTLING, CYCLES)];

/// The same for a heap that does not fit, once the limiter's bucket is full.
const THRASHING: &[Cycles] = &[(1000, 2000)];

/// What every judged cycle of a run must keep. Pairs are the lowest and the highest value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub judged: &'static [Cycles],
    /// Peak to goal.
    pub overshoot: (f64, f64),
    /// The start of marking, as part of the way from live to goal.
    pub trigger: (f64, f64),
    /// The collector's part of the processors while it marks.
    pub mark_utilization: (f64, f64),
    /// The collector's part of all busy processor time of the judged cycles together.
    pub total_utilization: f64,
    /// The part of their time that mutators lose to assists.
    pub assist_share: f64,
    /// The same for every cycle after the first [`SETTLING`], judged or not: more is an assist storm.
    pub storm: f64,
    /// How far cons/mark moves from one cycle to the next, relative to itself.
    pub drift: f64,
    /// Peak of mapped memory to the memory limit.
    pub mapped: f64,
}

/// The steady state: the goal is met, nobody assists, nothing moves. Its runway is a tenth of the way (0.033 × 3).
const STEADY: Bounds = Bounds {
    judged: SETTLED,
    overshoot: (0.995, 1.005),
    trigger: (0.90, 0.92),
    mark_utilization: MARKERS_ALONE,
    total_utilization: 0.031,
    assist_share: NOBODY_ASSISTS,
    storm: NOBODY_ASSISTS,
    drift: 0.005,
    mapped: f64::INFINITY,
};
/// Background markers get by without assists.
const MARKERS_ALONE: (f64, f64) = (0.25, 0.254);
const NOBODY_ASSISTS: f64 = 0.005;
/// Rates that vary from cycle to cycle by up to a third: the prediction is early rather than late.
const VARYING: Bounds = Bounds {
    overshoot: (0.94, 1.01),
    trigger: (0.75, 0.87),
    mark_utilization: (0.25, 0.32),
    total_utilization: 0.057,
    assist_share: 0.09,
    storm: 0.09,
    drift: 0.5,
    ..STEADY
};
/// The trigger of a small heap that hardly needs a runway: as late as allowed, which leaves the rest unused.
const LATE: Bounds = Bounds { overshoot: (0.95, 1.005), trigger: (0.94, 0.951), total_utilization: 0.001, ..STEADY };
/// Under a memory limit without `GOGC`. Spans in use are never quite full, so the goal recedes a little as the heap
/// grows, and assists make up for it.
const LIMITED: Bounds = Bounds {
    overshoot: (0.97, 1.02),
    trigger: (0.85, 0.99),
    mark_utilization: (0.25, 0.29),
    total_utilization: 0.01,
    assist_share: 0.04,
    storm: 0.04,
    mapped: LIMIT_KEPT,
    ..STEADY
};
/// Mapped memory may pass its soft limit by this.
const LIMIT_KEPT: f64 = 1.01;

/// An application that stays as it is.
const APP: App = App {
    alloc_rate: 0.033,
    scan_rate: 1.0,
    live: 64 * MIB,
    scannable: 1.0,
    stacks: 64 << 10,
    non_heap: 4 * MIB,
    idle: 0.0,
};

const SETUP: Setup = Setup {
    config: Config { gogc: Some(100), memory_limit: NO_LIMIT, processors: 8 },
    globals: 32 << 10,
    cycles: CYCLES,
    idle_markers: false,
};

/// A named application on a machine.
pub(super) struct Workload {
    pub name: &'static str,
    pub setup: Setup,
    pub app: fn(cycle: u32, jitter: &mut Jitter) -> App,
    pub bounds: Bounds,
}

/// All workloads.
pub(super) fn all() -> Vec<Workload> {
    [rates(), heaps(), roots(), settings(), limits()].into_iter().flatten().collect()
}

/// The workload of that name.
pub(super) fn named(name: &str) -> Workload {
    all().into_iter().find(|w| w.name == name).expect("the workload exists")
}

fn with_gogc(gogc: Option<u32>, memory_limit: u64) -> Setup {
    Setup { config: Config { gogc, memory_limit, ..SETUP.config }, ..SETUP }
}

fn after_step<T>(cycle: u32, before: T, after: T) -> T {
    if cycle < STEP { before } else { after }
}

/// A wave around 1 with a period in cycles.
fn wave(cycle: u32, period: u32, amplitude: f64) -> f64 {
    1.0 + amplitude * (TAU * f64::from(cycle) / f64::from(period)).sin()
}

fn bytes(mebibytes: f64) -> u64 {
    (mebibytes * MIB as f64) as u64
}

/// Workloads whose rate of allocation is the matter.
fn rates() -> Vec<Workload> {
    vec![
        Workload { name: "steady", setup: SETUP, app: |_, _| APP, bounds: STEADY },
        Workload {
            name: "step up in allocation",
            setup: SETUP,
            app: |cycle, _| App { alloc_rate: after_step(cycle, 0.033, 0.099), ..APP },
            bounds: Bounds {
                judged: AROUND_STEP,
                trigger: (0.69, 0.92),
                total_utilization: 0.045,
                storm: 0.4,
                ..STEADY
            },
        },
        Workload {
            name: "step down in allocation",
            setup: SETUP,
            app: |cycle, _| App { alloc_rate: after_step(cycle, 0.099, 0.02), ..APP },
            bounds: Bounds { judged: AROUND_STEP, trigger: (0.69, 0.95), ..STEADY },
        },
        Workload {
            name: "heavy step in allocation",
            setup: SETUP,
            app: |cycle, _| App { alloc_rate: after_step(cycle, 0.033, 0.33), ..APP },
            bounds: Bounds {
                judged: AROUND_STEP,
                trigger: (0.69, 0.92),
                mark_utilization: (0.25, 0.45),
                total_utilization: 0.055,
                // Even the lowest trigger leaves less runway than this rate needs.
                assist_share: 0.26,
                storm: 0.72,
                ..STEADY
            },
        },
        Workload {
            name: "oscillating allocation",
            setup: SETUP,
            app: |cycle, _| App { alloc_rate: 0.067 * wave(cycle, 8, 0.2), ..APP },
            bounds: VARYING,
        },
        Workload {
            name: "jitter in allocation",
            setup: SETUP,
            app: |_, jitter| App { alloc_rate: 0.067 * jitter.around_one(0.3), ..APP },
            bounds: VARYING,
        },
        Workload {
            name: "jitter in scannable part",
            setup: SETUP,
            app: |_, jitter| App { scannable: 0.5 * jitter.around_one(0.2), ..APP },
            bounds: Bounds { overshoot: (0.985, 1.01), trigger: (0.94, 0.951), ..STEADY },
        },
    ]
}

/// Workloads whose live heap is the matter.
fn heaps() -> Vec<Workload> {
    vec![
        Workload {
            name: "step up in live heap",
            setup: SETUP,
            app: |cycle, _| App { live: after_step(cycle, 64, 256) * MIB, ..APP },
            bounds: Bounds { overshoot: (0.99, 1.06), ..STEADY },
        },
        Workload {
            name: "step down in live heap",
            setup: SETUP,
            app: |cycle, _| App { live: after_step(cycle, 256, 32) * MIB, ..APP },
            bounds: Bounds { overshoot: (0.95, 1.005), ..STEADY },
        },
        Workload {
            name: "oscillating live heap",
            setup: SETUP,
            app: |cycle, _| App { live: bytes(64.0 * wave(cycle, 16, 0.4)), ..APP },
            bounds: Bounds { overshoot: (0.99, 1.01), ..STEADY },
        },
        Workload {
            name: "small heap, slow allocation",
            setup: SETUP,
            app: |_, _| App { live: MIB, ..SLOW },
            bounds: LATE,
        },
        Workload {
            name: "medium heap, slow allocation",
            setup: SETUP,
            app: |_, _| App { live: 40 * MIB, ..SLOW },
            bounds: LATE,
        },
        Workload {
            name: "large heap, slow allocation",
            setup: SETUP,
            app: |_, _| App { live: 2048 * MIB, ..SLOW },
            bounds: Bounds { trigger: (0.99, 1.0), ..LATE },
        },
    ]
}

/// Little allocation, hardly any pointers.
const SLOW: App = App { alloc_rate: 0.001, scan_rate: 2.0, scannable: 0.01, ..APP };

/// Workloads whose roots are the matter.
fn roots() -> Vec<Workload> {
    vec![
        Workload { name: "big stacks", setup: SETUP, app: |_, _| App { stacks: 256 * MIB, ..APP }, bounds: STEADY },
        Workload {
            name: "growing stacks",
            setup: SETUP,
            app: |cycle, _| App { stacks: u64::from(cycle) * 2 * MIB, ..APP },
            bounds: STEADY,
        },
        Workload { name: "big globals", setup: Setup { globals: 128 * MIB, ..SETUP }, app: |_, _| APP, bounds: STEADY },
    ]
}

/// Workloads with other settings of `GOGC` and of the machine.
fn settings() -> Vec<Workload> {
    vec![
        Workload {
            name: "GOGC 25",
            setup: with_gogc(Some(25), NO_LIMIT),
            app: |_, _| APP,
            bounds: Bounds {
                // The runway needed is two fifths of the way, and three tenths are allowed.
                trigger: (0.69, 0.71),
                mark_utilization: (0.25, 0.30),
                total_utilization: 0.115,
                assist_share: 0.06,
                storm: 0.06,
                ..STEADY
            },
        },
        Workload {
            name: "GOGC 400",
            setup: with_gogc(Some(400), NO_LIMIT),
            app: |_, _| APP,
            bounds: Bounds { trigger: (0.97, 0.98), total_utilization: 0.008, ..STEADY },
        },
        Workload {
            name: "GOGC 1500, live heap explodes",
            setup: with_gogc(Some(1500), NO_LIMIT),
            app: |cycle, jitter| App {
                alloc_rate: 0.165 * jitter.around_one(0.05),
                live: after_step(cycle, 32, 448) * MIB,
                ..APP
            },
            bounds: Bounds {
                // The cycle that finds fourteen times the live heap takes the memory that the next one may use,
                // instead of making everyone assist.
                overshoot: (0.99, 1.3),
                trigger: (0.97, 0.985),
                mark_utilization: (0.25, 0.27),
                total_utilization: 0.009,
                assist_share: 0.03,
                storm: 0.03,
                drift: 0.15,
                ..STEADY
            },
        },
        Workload {
            name: "idle markers help",
            setup: Setup { idle_markers: true, ..SETUP },
            app: |_, _| App { idle: 0.5, ..APP },
            bounds: Bounds { overshoot: (0.98, 1.005), trigger: (0.94, 0.951), total_utilization: 0.014, ..STEADY },
        },
        Workload {
            name: "idle processors, no idle markers",
            setup: SETUP,
            app: |_, _| App { idle: 0.5, ..APP },
            bounds: Bounds { trigger: (0.94, 0.951), total_utilization: 0.032, ..STEADY },
        },
        Workload {
            name: "one processor",
            setup: Setup { config: Config { processors: 1, ..SETUP.config }, ..SETUP },
            app: |_, _| APP,
            bounds: STEADY,
        },
    ]
}

/// Workloads with a soft memory limit.
fn limits() -> Vec<Workload> {
    vec![
        Workload { name: "GOGC off, limit", setup: with_gogc(None, 512 * MIB), app: |_, _| APP, bounds: LIMITED },
        Workload {
            name: "GOGC off, limit, jitter",
            setup: with_gogc(None, 512 * MIB),
            app: |_, jitter| App {
                alloc_rate: 0.067 * jitter.around_one(0.3),
                live: bytes(64.0 * jitter.around_one(0.2)),
                ..APP
            },
            bounds: Bounds {
                mark_utilization: (0.25, 0.40),
                total_utilization: 0.015,
                assist_share: 0.18,
                storm: 0.18,
                drift: 0.5,
                ..LIMITED
            },
        },
        Workload {
            name: "GOGC off, limit, live heap grows",
            setup: with_gogc(None, 512 * MIB),
            app: |cycle, _| App { live: after_step(cycle, 64, 256) * MIB, ..APP },
            bounds: Bounds {
                mark_utilization: (0.25, 0.45),
                total_utilization: 0.03,
                assist_share: 0.25,
                storm: 0.25,
                ..LIMITED
            },
        },
        Workload {
            name: "limit above need",
            setup: with_gogc(Some(100), 1024 * MIB),
            app: |_, _| APP,
            bounds: Bounds { mapped: 0.16, ..STEADY },
        },
        Workload {
            name: "limit, non-heap memory grows",
            setup: with_gogc(Some(100), 512 * MIB),
            app: |cycle, _| App { non_heap: u64::from(cycle) * 4 * MIB, ..APP },
            bounds: Bounds {
                trigger: (0.80, 0.93),
                mark_utilization: (0.25, 0.28),
                total_utilization: 0.04,
                assist_share: 0.04,
                storm: 0.04,
                mapped: LIMIT_KEPT,
                ..STEADY
            },
        },
        Workload {
            name: "limit below live heap",
            setup: Setup { cycles: 2000, ..with_gogc(Some(100), 48 * MIB) },
            app: |_, _| App { alloc_rate: 0.5, ..APP },
            bounds: Bounds {
                judged: THRASHING,
                // With the limiter on, the heap passes its goal by what a cycle without assists allocates.
                overshoot: (1.0, 3.0),
                trigger: (0.0, 0.0),
                mark_utilization: (0.25, 0.6),
                total_utilization: 0.502,
                assist_share: 0.5,
                storm: 0.9,
                drift: 0.05,
                mapped: f64::INFINITY,
            },
        },
    ]
}
