//! The runs: see the head of the module above.

use super::model::{Machine, Outcome, Sabotage};
use super::workloads::{Bounds, SETTLING, Workload, all, named};

/// The seeds with which workloads run, beside the first one that the table shows.
const MORE_SEEDS: std::ops::Range<u64> = 2..12;

/// All cycles of a workload.
fn run(workload: &Workload, sabotage: Sabotage, seed: u64) -> Vec<Outcome> {
    let mut machine = Machine::new(workload.setup, sabotage, seed);
    let cycle = |number| {
        let app = (workload.app)(number, &mut machine.jitter);
        machine.cycle(app)
    };
    (0..workload.setup.cycles).map(cycle).collect()
}

/// The values of one figure, sorted.
struct Figure(Vec<f64>);

impl Figure {
    fn new(values: impl Iterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        Self(values)
    }

    fn min(&self) -> f64 {
        self.0[0]
    }

    fn p50(&self) -> f64 {
        self.0[self.0.len() / 2]
    }

    fn max(&self) -> f64 {
        self.0[self.0.len() - 1]
    }
}

/// What the judged cycles of a run come to; the bounds have the same names.
struct Figures {
    overshoot: Figure,
    trigger: Figure,
    /// Trigger to goal.
    start: Figure,
    mark_utilization: Figure,
    total_utilization: f64,
    assist_share: Figure,
    storm: f64,
    drift: Figure,
    mapped: Figure,
    late_pages: u64,
    /// The limiter's part of marking.
    limited: f64,
}

impl Figures {
    fn new(workload: &Workload, outcomes: &[Outcome]) -> Self {
        let config = workload.setup.config;
        let spans = || workload.bounds.judged.iter().map(|&(from, to)| &outcomes[from as usize..to as usize]);
        let judged = || spans().flatten();
        let collector = judged().map(|o| o.background_ns + o.assist_ns).sum::<f64>();
        let marking = judged().map(|o| o.mark_ns).sum::<f64>();
        let assists = |o: &Outcome| o.assist_share(config.processors);
        let drifts = spans().flat_map(|s| s.windows(2)).map(|w| (w[1].cons_mark / w[0].cons_mark - 1.0).abs());
        Self {
            overshoot: Figure::new(judged().map(Outcome::overshoot)),
            trigger: Figure::new(judged().map(Outcome::trigger_ratio)),
            start: Figure::new(judged().map(|o| o.triggered as f64 / o.goal as f64)),
            mark_utilization: Figure::new(judged().map(|o| o.mark_utilization(config.processors))),
            total_utilization: collector / judged().map(|o| o.busy_ns).sum::<f64>(),
            assist_share: Figure::new(judged().map(assists)),
            storm: outcomes[SETTLING as usize..].iter().map(assists).fold(0.0, f64::max),
            drift: Figure::new(drifts),
            mapped: Figure::new(judged().map(|o| o.mapped_peak as f64 / config.memory_limit as f64)),
            late_pages: if config.memory_limit == u64::MAX { judged().map(|o| o.late_pages).sum() } else { 0 },
            limited: judged().map(|o| o.limited * o.mark_ns).sum::<f64>() / marking,
        }
    }

    /// What is out of bounds.
    fn violations(&self, bounds: &Bounds) -> Vec<String> {
        let ranges = [
            ("overshoot", &self.overshoot, bounds.overshoot),
            ("trigger", &self.trigger, bounds.trigger),
            ("mark utilization", &self.mark_utilization, bounds.mark_utilization),
            ("assist share", &self.assist_share, (0.0, bounds.assist_share)),
            ("drift", &self.drift, (0.0, bounds.drift)),
            ("mapped", &self.mapped, (0.0, bounds.mapped)),
        ];
        let ranges = ranges.iter().map(|(name, found, (low, high))| (*name, found.min(), found.max(), *low, *high));
        let total =
            ("total utilization", self.total_utilization, self.total_utilization, 0.0, bounds.total_utilization);
        let storm = ("storm", self.storm, self.storm, 0.0, bounds.storm);
        let late = ("late pages", 0.0, self.late_pages as f64, 0.0, 0.0);
        let all = ranges.chain([total, storm, late]);
        // Written so that a figure that is no number is out of bounds.
        let broken = all.filter(|(_, min, max, low, high)| !(min >= low && max <= high));
        broken.map(|(name, min, max, low, high)| format!("{name}: {min:.4}..{max:.4}, not in {low}..{high}")).collect()
    }

    fn row(&self, name: &str) -> String {
        let percent = |value: f64| format!("{:5.1}", 100.0 * value);
        let cells = [
            self.overshoot.p50(),
            self.overshoot.max(),
            self.start.p50(),
            self.trigger.p50(),
            self.mark_utilization.p50(),
            self.mark_utilization.max(),
            self.total_utilization,
            self.assist_share.max(),
            self.storm,
            self.drift.max(),
            self.mapped.max(),
            self.limited,
        ];
        format!("{name:32} {}", cells.map(percent).join(" "))
    }
}

const HEADER: [&str; 2] = [
    "                                 peak/  goal start    of  mark   CPU   all assis    ts cons/  map/ limit",
    "workload, all in percent           p50   max  goal   way   p50   max   CPU   max storm  mark limit   ing",
];

#[test]
fn every_workload_keeps_its_bounds() {
    let mut problems = Vec::new();
    println!("{}\n{}", HEADER[0], HEADER[1]);
    for workload in all() {
        let figures = Figures::new(&workload, &run(&workload, Sabotage::default(), 1));
        println!("{}", figures.row(workload.name));
        problems.extend(figures.violations(&workload.bounds).iter().map(|v| format!("{}: {v}", workload.name)));
    }
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

#[test]
fn jitter_keeps_its_bounds_with_any_seed() {
    for workload in all().into_iter().filter(|w| w.name.contains("jitter")) {
        for seed in MORE_SEEDS {
            let figures = Figures::new(&workload, &run(&workload, Sabotage::default(), seed));
            let problems = figures.violations(&workload.bounds);
            assert!(problems.is_empty(), "{}, seed {seed}: {problems:?}\n{}", workload.name, figures.row(""));
        }
    }
}

#[test]
fn workloads_are_named_once() {
    let names: std::collections::BTreeSet<_> = all().iter().map(|w| w.name).collect();
    assert_eq!(names.len(), all().len());
    assert!(names.len() >= 20);
}

/// The prediction against others: a little more processor time in all, far fewer assists where rates vary.
#[test]
fn smoothing_is_worth_it() {
    fn mean(samples: &[f64]) -> f64 {
        samples.iter().sum::<f64>() / samples.len() as f64
    }
    fn last(samples: &[f64]) -> f64 {
        samples[samples.len() - 1]
    }
    for name in ["oscillating allocation", "jitter in allocation", "GOGC off, limit, jitter"] {
        let workload = named(name);
        let figures = |predict| {
            let seeds = MORE_SEEDS.map(|seed| {
                Figures::new(&workload, &run(&workload, Sabotage { predict, ..Sabotage::default() }, seed))
            });
            seeds.fold((0.0, 0.0), |(worst, total), f| (f.assist_share.max().max(worst), total + f.total_utilization))
        };
        let (maximum, total) = figures(None);
        for (other, predict) in [("mean", mean as fn(&[f64]) -> f64), ("last", last)] {
            let (assists, utilization) = figures(Some(predict));
            println!(
                "{name}: worst assists {:.1} % with the maximum, {:.1} % with the {other}; total x {:.3}",
                100.0 * maximum,
                100.0 * assists,
                total / utilization
            );
            assert!(maximum < 0.9 * assists, "{name}: {other} has {assists}, the maximum {maximum}");
            assert!(total < 1.04 * utilization, "{name}: {other} costs {utilization}, the maximum {total}");
        }
    }
}

/// A live heap that does not fit: the limiter is what keeps the application going.
#[test]
fn the_limiter_caps_the_collector_at_half() {
    let workload = named("limit below live heap");
    let with = Figures::new(&workload, &run(&workload, Sabotage::default(), 1));
    assert!(with.limited > 0.0 && with.total_utilization <= 0.5, "{}", with.row(""));
    let without = Figures::new(&workload, &run(&workload, Sabotage { no_limiter: true, ..Sabotage::default() }, 1));
    assert!(without.total_utilization > 0.75, "{}", without.row(""));
}

/// Free pages that are still mapped are room for the heap: taken off the limit, they cost collections for nothing.
#[test]
fn free_pages_are_no_overhead() {
    let workload = named("GOGC off, limit");
    let figures = |free_is_overhead| {
        let sabotage = Sabotage { free_is_overhead, ..Sabotage::default() };
        Figures::new(&workload, &run(&workload, sabotage, 1))
    };
    let (without, with) = (figures(false), figures(true));
    let more = with.total_utilization / without.total_utilization;
    println!("free pages as overhead: {more:.3} times the collector's time");
    assert!(more > 1.2);
    assert!(without.mapped.max() < 1.0);
}

/// Each bound notices a pacer that is broken where it looks.
#[test]
fn every_bound_can_fail() {
    let intact = Sabotage::default();
    let blunt = |predict| Sabotage { predict: Some(predict), ..intact };
    let never: Sabotage = blunt(|_| 0.0);
    let always: Sabotage = blunt(|_| 1e9);
    // Predicts by turns nothing and too much, from what it sees: the opposite of converging.
    let nervous: Sabotage = blunt(|samples| if samples[4] > 0.0332 { 0.0 } else { 0.2 });
    let cases = [
        ("step up in allocation", never, "assist share"),
        ("step up in allocation", never, "trigger"),
        ("heavy step in allocation", never, "storm"),
        ("steady", always, "trigger"),
        ("steady", always, "overshoot"),
        ("step up in allocation", never, "mark utilization"),
        ("steady", always, "total utilization"),
        ("heavy step in allocation", Sabotage { no_assists: true, ..intact }, "overshoot"),
        ("limit below live heap", Sabotage { no_limiter: true, ..intact }, "total utilization"),
        ("limit, non-heap memory grows", Sabotage { blind: true, ..intact }, "mapped"),
        ("jitter in allocation", nervous, "drift"),
        ("steady", Sabotage { no_sweeping: true, ..intact }, "late pages"),
    ];
    let mut silent = Vec::new();
    for (name, sabotage, bound) in cases {
        let workload = named(name);
        let figures = Figures::new(&workload, &run(&workload, sabotage, 1));
        let violations = figures.violations(&workload.bounds);
        if !violations.iter().any(|v| v.starts_with(bound)) {
            silent.push(format!("{name}: {bound} did not notice: {violations:?}\n{}", figures.row("")));
        }
    }
    assert!(silent.is_empty(), "\n{}", silent.join("\n"));
}
