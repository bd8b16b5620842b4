//! Properties of the pacer that hold for any input, and examples of its rules.

use super::*;
use proptest::prelude::*;

const MIB: u64 = 1 << 20;
const NO_LIMIT: u64 = u64::MAX;

fn pacer(gogc: Option<u32>, memory_limit: u64) -> Pacer {
    Pacer::new(Config { gogc, memory_limit, processors: 4 })
}

/// A pacer after a cycle that left `live` MiB, all of it scanned, at `rate` bytes of allocation per byte of work in
/// the shares 25 % and 75 %.
fn after_cycle(gogc: Option<u32>, memory_limit: u64, live: u64, rate: f64) -> Pacer {
    let mut pacer = pacer(gogc, memory_limit);
    pacer.start_cycle(CycleStart { heap_live: 10 * MIB, heap_scannable: 10 * MIB, stack_bytes: 0 });
    pacer.end_cycle(CycleEnd {
        heap_live: 10 * MIB + ((live * MIB) as f64 * rate) as u64,
        heap_marked: live * MIB,
        work: ScanWork { heap: live * MIB, ..ScanWork::default() },
        duration_ns: 1_000_000,
        background_ns: 1_000_000,
        ..CycleEnd::default()
    });
    pacer
}

#[test]
fn the_first_goal_is_the_least_heap() {
    assert_eq!(pacer(Some(100), NO_LIMIT).goal(), MIN_HEAP);
    assert_eq!(pacer(Some(400), NO_LIMIT).goal(), 4 * MIN_HEAP);
    assert_eq!(pacer(Some(25), NO_LIMIT).goal(), MIN_HEAP / 4);
    assert_eq!(pacer(None, NO_LIMIT).goal(), u64::MAX);
    assert!(!pacer(None, NO_LIMIT).should_start(1 << 50));
    let mut large = pacer(Some(100), NO_LIMIT);
    large.set_globals(64 * MIB);
    assert_eq!(large.goal(), 64 * MIB);
}

#[test]
fn stacks_and_globals_grow_the_goal() {
    let mut pacer = pacer(Some(50), NO_LIMIT);
    pacer.set_globals(6 * MIB);
    pacer.end_cycle(CycleEnd {
        heap_marked: 20 * MIB,
        work: ScanWork { heap: 3, stacks: 4 * MIB, globals: 6 * MIB },
        ..CycleEnd::default()
    });
    assert_eq!(pacer.goal(), 35 * MIB);
}

#[test]
fn the_trigger_leaves_the_predicted_runway() {
    // Ten per cent of a byte allocated per byte of work.
    let pacer = after_cycle(Some(100), NO_LIMIT, 100, 0.1);
    assert_eq!(pacer.goal(), 200 * MIB);
    let runway = pacer.goal() - pacer.trigger();
    assert!(runway.abs_diff(10 * MIB) <= 1, "{runway}");
    assert!(!pacer.should_start(pacer.trigger() - 1) && pacer.should_start(pacer.trigger()));
}

#[test]
fn the_trigger_stays_within_its_bounds() {
    assert_eq!(after_cycle(Some(100), NO_LIMIT, 100, 5.0).trigger(), 170 * MIB);
    assert_eq!(after_cycle(Some(100), NO_LIMIT, 100, 0.0).trigger(), 196 * MIB);
    assert_eq!(after_cycle(Some(100), NO_LIMIT, 20, 0.0).trigger(), 39 * MIB);
}

#[test]
fn the_lower_goal_wins() {
    assert_eq!(after_cycle(Some(100), 150 * MIB, 100, 0.1).goal(), percent(150 * MIB, 97));
    assert_eq!(after_cycle(None, 150 * MIB, 100, 0.1).goal(), percent(150 * MIB, 97));
    assert_eq!(after_cycle(Some(20), 150 * MIB, 100, 0.1).goal(), 120 * MIB);
    let below = after_cycle(Some(100), 80 * MIB, 100, 0.1);
    assert_eq!((below.goal(), below.trigger()), (100 * MIB, 100 * MIB), "never below the live heap");
}

#[test]
fn sweeping_has_room_unless_memory_is_short() {
    let mut pacer = after_cycle(Some(0), NO_LIMIT, 10, 0.1);
    assert_eq!((pacer.trigger(), pacer.goal()), (11 * MIB, 11 * MIB));
    pacer.set_gogc(Some(1));
    pacer.keep_sweep_distance(12 * MIB);
    assert_eq!(pacer.trigger(), 13 * MIB);
    pacer.set_memory_limit(5 * MIB);
    assert_eq!(pacer.trigger(), 10 * MIB);
}

#[test]
fn a_late_start_still_has_a_runway() {
    let mut pacer = after_cycle(Some(100), NO_LIMIT, 10, 0.1);
    pacer.start_cycle(CycleStart { heap_live: 30 * MIB, heap_scannable: 10 * MIB, stack_bytes: 0 });
    assert_eq!(pacer.goal(), 30 * MIB + MIN_RUNWAY);
    pacer.end_cycle(CycleEnd { heap_live: 31 * MIB, heap_marked: 10 * MIB, ..CycleEnd::default() });
    assert_eq!((pacer.last_goal(), pacer.goal()), (30 * MIB + MIN_RUNWAY, 20 * MIB));
}

/// The three regimes of the assist ratio for a cycle over 100 MiB that starts 20 MiB before its goal.
#[test]
fn assists_follow_the_regime() {
    let mut pacer = after_cycle(Some(100), NO_LIMIT, 100, 0.2);
    let start = CycleStart { heap_live: 180 * MIB, heap_scannable: 180 * MIB, stack_bytes: 20 * MIB };
    assert_eq!(pacer.start_cycle(start).work_per_byte, 5.0);
    let ratio = |live, done| pacer.revise(Progress { heap_live: live * MIB, work_done: done * MIB }).work_per_byte;
    assert_eq!(ratio(190, 90), 1.0, "as expected, and ahead of time");
    assert_eq!(ratio(190, 100), MIN_WORK_LEFT / (10 * MIB) as f64, "all done that was expected");
    // Beyond it the worst case of 200 MiB is due by a goal twice as far, which is 220 MiB.
    assert_eq!(ratio(200, 120), 4.0, "growing: the same ratio as at the start");
    // Past the goal the worst case is due within a tenth of it.
    assert_eq!(ratio(210, 80), 12.0);
    assert_eq!(ratio(240, 120), 40.0);
}

const MIN_WORK_LEFT: f64 = 1000.0;

#[test]
fn a_growing_heap_stays_under_the_limit() {
    let start = CycleStart { heap_live: 180 * MIB, heap_scannable: 180 * MIB, stack_bytes: 20 * MIB };
    let progress = Progress { heap_live: 200 * MIB, work_done: 120 * MIB };
    let ratio = |gogc, limit| {
        let mut pacer = after_cycle(gogc, limit, 100, 0.2);
        pacer.start_cycle(start);
        pacer.revise(progress).work_per_byte
    };
    assert_eq!(ratio(Some(100), 210 * MIB), 8.0, "80 MiB of work in the 10 MiB that the limit leaves");
    assert_eq!(ratio(None, 210 * MIB), 8.0);
    assert_eq!(ratio(Some(100), 1000 * MIB), 4.0, "a limit that is out of sight");
}

#[test]
fn a_growing_heap_moves_the_goal_as_far_as_gogc_would() {
    let mut pacer = after_cycle(Some(5), NO_LIMIT, 100, 0.2);
    pacer.start_cycle(CycleStart { heap_live: 103 * MIB, heap_scannable: 2000 * MIB, stack_bytes: 0 });
    // The work of 2000 MiB would stretch the runway of 2 MiB to 40, but 5 % of the goal of 105 MiB are 5.25.
    let ratio = pacer.revise(Progress { heap_live: 105 * MIB, work_done: 320 * MIB });
    assert!((ratio.work_per_byte - 1680.0 / 5.25).abs() < 1e-3, "{ratio:?}");
}

/// Numbers with the awkward ones among them.
fn bytes() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), Just(1), Just(u64::MAX), Just(u64::MAX - 1), 0..1u64 << 34, any::<u64>()]
}

fn gogc() -> impl Strategy<Value = Option<u32>> {
    prop_oneof![Just(None), Just(Some(0)), Just(Some(u32::MAX)), (0u32..1000).prop_map(Some)]
}

#[derive(Clone, Debug)]
enum Step {
    Gogc(Option<u32>),
    Limit(u64),
    Processors(u32),
    Globals(u64),
    Mapped(Mapped),
    SweepDistance(u64),
    Start(CycleStart),
    Revise(Progress),
    End(CycleEnd),
}

fn step() -> impl Strategy<Value = Step> {
    let nine = prop::array::uniform9(bytes());
    prop_oneof![
        gogc().prop_map(Step::Gogc),
        bytes().prop_map(Step::Limit),
        any::<u32>().prop_map(Step::Processors),
        bytes().prop_map(Step::Globals),
        (bytes(), bytes(), bytes()).prop_map(|(ready, free, objects)| Step::Mapped(Mapped { ready, free, objects })),
        bytes().prop_map(Step::SweepDistance),
        (bytes(), bytes(), bytes()).prop_map(|(heap_live, heap_scannable, stack_bytes)| {
            Step::Start(CycleStart { heap_live, heap_scannable, stack_bytes })
        }),
        (bytes(), bytes()).prop_map(|(heap_live, work_done)| Step::Revise(Progress { heap_live, work_done })),
        nine.prop_map(
            |[heap_live, heap_marked, heap, stacks, globals, duration_ns, background_ns, assist_ns, idle_ns]| {
                let work = ScanWork { heap, stacks, globals };
                Step::End(CycleEnd { heap_live, heap_marked, work, duration_ns, background_ns, assist_ns, idle_ns })
            }
        ),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn the_invariants_hold_for_any_history(
        start_gogc in gogc(),
        memory_limit in bytes(),
        processors: u32,
        steps in prop::collection::vec(step(), 1..40),
    ) {
        let mut pacer = Pacer::new(Config { gogc: start_gogc, memory_limit, processors });
        let mut ratio = AssistRatio::new(1, 1);
        for step in steps {
            match step {
                Step::Gogc(gogc) => pacer.set_gogc(gogc),
                Step::Limit(bytes) => pacer.set_memory_limit(bytes),
                Step::Processors(count) => pacer.set_processors(count),
                Step::Globals(bytes) => pacer.set_globals(bytes),
                Step::Mapped(mapped) => pacer.set_mapped(mapped),
                Step::SweepDistance(heap_live) => pacer.keep_sweep_distance(heap_live),
                Step::Start(start) => ratio = pacer.start_cycle(start),
                Step::Revise(progress) => ratio = pacer.revise(progress),
                Step::End(end) => pacer.end_cycle(end),
            }
            prop_assert!(pacer.live <= pacer.trigger(), "{pacer:?}");
            prop_assert!(pacer.trigger() <= pacer.goal(), "{pacer:?}");
            prop_assert!(pacer.cons_mark().is_finite() && pacer.cons_mark() >= 0.0);
            for side in [ratio.work_per_byte, ratio.bytes_per_work] {
                prop_assert!(side.is_finite() && side > 0.0, "{ratio:?} {pacer:?}");
            }
        }
    }

    /// More memory allowed is never a lower goal.
    #[test]
    fn the_goal_grows_with_what_is_allowed(
        marked in bytes(),
        stacks in bytes(),
        globals in bytes(),
        mapped in (bytes(), bytes(), bytes()),
        gogcs: (u32, u32),
        limits in (bytes(), bytes()),
    ) {
        let goal = |gogc, memory_limit| {
            let mut pacer = pacer(Some(gogc), memory_limit);
            pacer.set_globals(globals);
            let (ready, free, objects) = mapped;
            pacer.set_mapped(Mapped { ready, free, objects });
            let work = ScanWork { heap: 0, stacks, globals };
            pacer.end_cycle(CycleEnd { heap_marked: marked, work, ..CycleEnd::default() });
            pacer.goal()
        };
        let (less, more) = (gogcs.0.min(gogcs.1), gogcs.0.max(gogcs.1));
        let (low, high) = (limits.0.min(limits.1), limits.0.max(limits.1));
        // The headroom's own minimum makes tiny limits an exception, up to that minimum.
        prop_assert!(goal(less, low) <= goal(more, low));
        prop_assert!(goal(less, low) <= goal(less, high).saturating_add(MIB));
    }
}
