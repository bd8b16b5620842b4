//! Limits: hard and soft ones, address space, and when cycles begin by themselves.

use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use tricolor::memory::{AllocError, Config, ShapeId};

use crate::support::{Rig, Rng, checked, is_node, number, read, used, write};

const MIB: usize = 1 << 20;

/// A small heap without checks, which collects only when it is told to.
fn plain() -> Config {
    Config { gogc: None, reserve: 1 << 30, processors: 2, ..Config::default() }
}

/// A chain of large objects of `bytes` each, held by slot 0, as long as it can be. Returns its objects and what ended
/// it.
fn fill(rig: &mut Rig, bytes: usize) -> (Vec<usize>, AllocError) {
    let mut chain = Vec::new();
    loop {
        match rig.mutator.alloc(ShapeId::POINTERS, bytes) {
            Ok(object) => {
                let object = number(object);
                assert_eq!(read(object, 0), 0);
                rig.link(object, 0, chain.last().copied().unwrap_or(0));
                // The last word is a pointer out of the heap.
                write(object, bytes / 8 - 1, 8 * chain.len());
                rig.hold(0, object);
                chain.push(object);
            }
            Err(error) => return (chain, error),
        }
    }
}

fn assert_chain(chain: &[usize], bytes: usize) {
    for (i, &object) in chain.iter().enumerate() {
        let before = i.checked_sub(1).map_or(0, |i| chain[i]);
        assert_eq!((read(object, 0), read(object, bytes / 8 - 1)), (before, 8 * i), "object {i} of the chain");
    }
}

#[test]
fn at_the_hard_limit_allocation_fails_and_goes_on_after_a_collection() {
    for bytes in [32 << 10, 200_000] {
        let mut rig = Rig::new(Config { hard_limit: Some(16 * MIB as u64), ..checked() });
        for round in 0..3 {
            let (chain, error) = fill(&mut rig, bytes);
            assert_eq!(error, AllocError::HardLimit);
            let total = chain.len() * bytes;
            assert!(total > 13 * MIB && total < 16 * MIB, "{total} bytes in round {round} of {bytes}");
            assert_chain(&chain, bytes);
            let stats = rig.mutator.stats();
            assert!(used(&stats) <= 16 * MIB as u64, "{} bytes are backed", used(&stats));
            // Half of it goes, and as much fits again.
            let half = chain.len() / 2;
            rig.hold(0, chain[half - 1]);
            rig.collect();
            assert_chain(&chain[..half], bytes);
            let fits = (0..).take_while(|_| rig.mutator.alloc_noscan(bytes).is_ok()).count();
            assert!(fits + half >= chain.len() - 1, "{fits} and {half} of {}", chain.len());
            assert_chain(&chain[..half], bytes);
            rig.hold(0, 0);
            rig.collect();
        }
        assert_eq!(rig.objects(), 0);
    }
}

#[test]
fn garbage_that_is_not_swept_yet_is_no_reason_to_fail() {
    let mut rig = Rig::new(Config { hard_limit: Some(24 * MIB as u64), ..plain() });
    for _ in 0..10 {
        while rig.mutator.alloc_noscan(48).is_ok() {}
        let Rig { mutator, heap, .. } = &mut rig;
        let failed = std::thread::scope(|scope| {
            let collecting = scope.spawn(|| heap.attach().collect());
            while mutator.cycle().is_none() && !collecting.is_finished() {
                mutator.safepoint();
            }
            while mutator.cycle().is_some() {
                mutator.safepoint();
            }
            // The other thread has just begun to sweep. What is wanted here is of another size.
            let failed = (0..16 * MIB / 2048).find_map(|_| mutator.alloc_noscan(2000).err());
            mutator.blocked(|| collecting.join().unwrap());
            failed
        });
        assert_eq!(failed, None);
        rig.collect();
    }
}

#[test]
fn the_hard_limit_holds_when_free_memory_is_in_pieces() {
    let limit = 16 * MIB as u64;
    let mut rig = Rig::new(Config { hard_limit: Some(limit), ..checked() });
    let (chain, _) = fill(&mut rig, 40_000);
    // Every other object goes: half of the memory is free, in pieces of 40 kB.
    let kept: Vec<usize> = chain.iter().copied().step_by(2).collect();
    for pair in kept.windows(2) {
        rig.link(pair[1], 0, pair[0]);
    }
    rig.hold(0, *kept.last().unwrap());
    rig.collect();
    let mut large = 0;
    while let Ok(object) = rig.mutator.alloc_noscan(1 << 20) {
        // Written, so that it takes memory.
        (0..1 << 17).for_each(|w| write(number(object), w, 1));
        large += 1;
        let stats = rig.mutator.stats();
        assert!(used(&stats) <= limit, "{} bytes are backed with {large} large objects", used(&stats));
    }
    assert!(large >= 6, "only {large} MiB fit into the free half");
}

#[test]
fn the_hard_limit_can_be_changed() {
    let mut rig = Rig::new(plain());
    assert!(rig.mutator.alloc_noscan(20 * MIB).is_ok());
    rig.heap.set_hard_limit(Some(24 * MIB as u64));
    assert_eq!(rig.mutator.alloc_noscan(8 * MIB), Err(AllocError::HardLimit));
    rig.heap.set_hard_limit(None);
    assert!(rig.mutator.alloc_noscan(8 * MIB).is_ok());
}

#[test]
fn used_up_address_space_is_an_error_and_comes_back() {
    let mut rig = Rig::new(Config { reserve: 8 * MIB, ..checked() });
    for _ in 0..3 {
        let (chain, error) = fill(&mut rig, 100_000);
        assert_eq!(error, AllocError::AddressSpace);
        assert!(chain.len() * 100_000 > 7 * MIB);
        assert_eq!(rig.mutator.alloc_noscan(MIB), Err(AllocError::AddressSpace));
        // Small objects still find room behind the last large one, until that is full too.
        let small = (0..).take_while(|_| rig.mutator.alloc_noscan(4096).is_ok()).count();
        assert!(small < 100);
        assert_chain(&chain, 100_000);
        rig.hold(0, 0);
        rig.collect();
    }
    assert_eq!(rig.mutator.alloc_noscan(9 * MIB), Err(AllocError::AddressSpace));
}

#[test]
fn sizes_that_no_address_space_has_are_refused() {
    let mut rig = Rig::new(checked());
    let node = rig.node(1);
    rig.hold(0, node);
    let max = usize::MAX;
    for size in [max, max - 7, max - 8191, max - 8192, max / 2, max / 2 + 1, 1 << 47, (1 << 30) + 1] {
        assert_eq!(rig.mutator.alloc_noscan(size), Err(AllocError::AddressSpace), "{size:#x}");
        for shape in [ShapeId::NOSCAN, ShapeId::NOSCAN_PAIRS, ShapeId::POINTERS, rig.shape] {
            assert_eq!(rig.mutator.alloc(shape, size), Err(AllocError::AddressSpace), "{size:#x}");
        }
    }
    rig.collect();
    assert!(is_node(node, 1));
    assert_eq!(rig.objects(), 1);
}

/// Holds about `bytes` in small nodes, in a list from slot 0.
fn live_list(rig: &mut Rig, bytes: usize) {
    let mut head = 0;
    for id in 0..bytes / 32 {
        let node = rig.node(id);
        rig.link(node, 0, head);
        rig.hold(0, node);
        head = node;
        rig.mutator.safepoint();
    }
}

/// Allocates `bytes` that nobody holds, in objects of many sizes. Returns the most memory that was used.
fn churn(rig: &mut Rig, bytes: usize) -> u64 {
    let mut rng = Rng::new(7);
    let (mut allocated, mut looked, mut peak) = (0, 0, 0);
    while allocated < bytes {
        let most = if rng.chance(100) { 60_000 } else { 700 };
        let size = 8 + rng.below(most);
        if rng.chance(2) {
            rig.mutator.alloc_noscan(size).unwrap();
        } else {
            rig.mutator.alloc(ShapeId::POINTERS, size / 8 * 8).unwrap();
        }
        rig.mutator.safepoint();
        allocated += size;
        if allocated - looked > MIB {
            looked = allocated;
            peak = peak.max(used(&rig.mutator.stats()));
        }
    }
    peak
}

#[test]
fn used_memory_stays_near_the_soft_limit() {
    let limit = 48 * MIB as u64;
    let mut rig = Rig::new(Config { memory_limit: Some(limit), ..plain() });
    live_list(&mut rig, 12 * MIB);
    let before = rig.mutator.stats().cycles.completed;
    let total = 600 * MIB;
    let peak = churn(&mut rig, total);
    let stats = rig.mutator.stats();
    let cycles = stats.cycles.completed - before;
    println!("peak {:.1} % of the limit, {cycles} cycles", 100.0 * peak as f64 / limit as f64);
    // A marker that gets no processor for a while costs some; without a limit it would be six times as much.
    assert!(peak <= limit / 100 * 125, "{peak} bytes were used with a limit of {limit}");
    // Garbage has about 48 - 12 MiB less spread and headroom per cycle: the memory that is allowed is used.
    let room = 36.0 - 0.03 * 48.0;
    let ideal = (total / MIB) as f64 / room;
    assert!((cycles as f64) < 2.0 * ideal, "{cycles} cycles where {ideal:.0} would do");
    assert!(is_node(rig.stack.0[0].load(Relaxed), 12 * MIB / 32 - 1));
}

#[test]
fn a_live_heap_above_the_soft_limit_does_not_stop_the_program() {
    let mut rig = Rig::new(plain());
    live_list(&mut rig, 16 * MIB);
    assert_eq!(rig.heap.set_memory_limit(Some(8 * MIB as u64)), None);
    churn(&mut rig, 60 * MIB);
    assert!(rig.mutator.stats().cycles.completed > 1, "the collector did not even try");
}

#[test]
fn settings_change_at_run_time() {
    let mut rig = Rig::new(plain());
    let cycles = |rig: &mut Rig| rig.mutator.stats().cycles.completed;
    churn(&mut rig, 40 * MIB);
    assert_eq!(cycles(&mut rig), 0, "without limits nothing is collected");
    assert_eq!(rig.mutator.stats().cycles.goal, u64::MAX);
    assert_eq!(rig.heap.set_gogc(Some(100)), None);
    churn(&mut rig, 20 * MIB);
    let with_gogc = cycles(&mut rig);
    assert!(with_gogc >= 2, "{with_gogc} cycles");
    assert_eq!(rig.heap.set_gogc(None), Some(100));
    rig.wait_for_the_end();
    let before = cycles(&mut rig);
    churn(&mut rig, 20 * MIB);
    assert_eq!(cycles(&mut rig), before);
    let limit = used(&rig.mutator.stats()) + 2 * MIB as u64;
    assert_eq!(rig.heap.set_memory_limit(Some(limit)), None);
    churn(&mut rig, 20 * MIB);
    assert!(cycles(&mut rig) > before);
    assert_eq!(rig.heap.set_memory_limit(None), Some(limit));
    rig.wait_for_the_end();
    let before = cycles(&mut rig);
    churn(&mut rig, 20 * MIB);
    assert_eq!(cycles(&mut rig), before);
}

impl Rig {
    /// Waits until no cycle runs.
    fn wait_for_the_end(&mut self) {
        while self.mutator.cycle().is_some() {
            self.mutator.blocked(|| std::thread::sleep(Duration::from_millis(1)));
        }
    }
}

#[test]
fn cycles_begin_when_their_time_has_come() {
    let period = Duration::from_millis(60);
    let mut rig = Rig::new(Config { gogc: Some(100), period, ..plain() });
    let mut off = Rig::new(Config { period, ..plain() });
    let end = Instant::now() + Duration::from_secs(10);
    let mut stats = rig.mutator.stats();
    while stats.cycles.completed < 3 && Instant::now() < end {
        rig.mutator.blocked(|| off.mutator.blocked(|| std::thread::sleep(Duration::from_millis(20))));
        stats = rig.mutator.stats();
    }
    assert!(stats.cycles.completed >= 3 && stats.cycles.forced == 0, "cycles, and forced ones: {:?}", stats.cycles);
    assert_eq!(off.mutator.stats().cycles.completed, 0, "switched off");
}
