//! Phase changes among threads that come, go, block and collect.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use tricolor::memory::{Addr, Checks, Config, Mutator, ShapeId};

use crate::support::{Rig, checked, gated, heap, is_node, node, number, read, write, write_global, write_ptr};

const MIB: usize = 1 << 20;

#[test]
fn who_is_blocked_delays_nobody_and_keeps_what_it_holds() {
    let mut rig = Rig::new(checked());
    let Rig { mutator, heap, roots, shape, .. } = &mut rig;
    let (ready, done) = (Barrier::new(2), AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut mutator = heap.attach();
            let stack = roots.stack(&mutator, 1);
            let (object, child) = (node(&mut mutator, *shape, 1), node(&mut mutator, *shape, 2));
            write_ptr(&mut mutator, object, 0, child);
            stack.0[0].store(object, Relaxed);
            let until_done = || {
                ready.wait();
                let end = Instant::now() + Duration::from_secs(20);
                while !done.load(Relaxed) && Instant::now() < end {
                    std::thread::sleep(Duration::from_millis(1));
                }
                done.load(Relaxed)
            };
            assert!(mutator.blocked(until_done), "the others waited for a blocked mutator");
            assert!(is_node(object, 1) && is_node(child, 2));
            roots.leave(mutator.id());
        });
        mutator.blocked(|| ready.wait());
        for _ in 0..5 {
            churn(mutator, 1000);
            mutator.collect();
        }
        done.store(true, Relaxed);
        mutator.block();
    });
    rig.mutator.unblock();
}

#[test]
fn mutators_come_and_go_while_marking() {
    let mut rig = Rig::new(gated());
    let globals = rig.roots.globals(8);
    let hidden = rig.node(100);
    rig.hold(0, hidden);
    let (shape, roots, stack) = (rig.shape, rig.roots.clone(), rig.stack.clone());
    rig.while_marking(|mutator, heap| {
        for round in 0..8 {
            let visit = || {
                let mut mutator = heap.attach();
                let own = roots.stack(&mutator, 1);
                // Many windows, of which something is left when it goes.
                assert!((1..60).all(|size| mutator.alloc_noscan(16 * size).is_ok()));
                let object = node(&mut mutator, shape, round);
                own.0[0].store(object, Relaxed);
                mutator.safepoint();
                write_global(&mut mutator, &globals.0[round], object);
                if round % 2 == 0 {
                    write_ptr(&mut mutator, object, 0, hidden);
                }
                roots.leave(mutator.id());
            };
            mutator.blocked(|| std::thread::scope(|scope| scope.spawn(visit).join().unwrap()));
        }
        // From now on only the new objects lead to it.
        stack.0[0].store(0, Relaxed);
    });
    rig.collect();
    for round in 0..8 {
        let object = globals.0[round].load(Relaxed);
        assert!(is_node(object, round) && (round % 2 == 1 || is_node(read(object, 0), 100)));
    }
    assert_eq!(rig.objects(), 9);
}

#[test]
fn a_mutator_that_comes_while_marking_and_never_waits_does_not_delay_the_end() {
    let mut rig = Rig::new(checked());
    let Rig { mutator, heap, .. } = &mut rig;
    let (stop, end) = (AtomicBool::new(false), Instant::now() + Duration::from_secs(20));
    let mut cycles = 0;
    std::thread::scope(|scope| {
        // Comes at any moment of a cycle, and stays for some without a pause.
        scope.spawn(|| {
            while !stop.load(Relaxed) {
                let mut mutator = heap.attach();
                let until = Instant::now() + Duration::from_millis(150);
                while Instant::now() < until && !stop.load(Relaxed) {
                    mutator.safepoint();
                }
            }
        });
        let mut slowest = Duration::ZERO;
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_millis(1200) && Instant::now() < end {
            let began = Instant::now();
            mutator.collect();
            slowest = slowest.max(began.elapsed());
            cycles += 1;
        }
        stop.store(true, Relaxed);
        mutator.block();
        println!("{cycles} cycles, the slowest {slowest:?}");
        assert!(slowest < Duration::from_millis(100), "a cycle took {slowest:?}");
    });
    rig.mutator.unblock();
}

#[test]
fn threads_that_collect_at_once_find_their_garbage_gone() {
    let mut rig = Rig::new(checked());
    let Rig { mutator, heap, roots, shape, .. } = &mut rig;
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (heap, roots, shape) = (&*heap, &*roots, *shape);
            scope.spawn(move || {
                let mut mutator = heap.attach();
                let stack = roots.stack(&mutator, 2);
                for round in 0..25 {
                    let (kept, lost) = (node(&mut mutator, shape, thread), node(&mut mutator, shape, round));
                    let handle = mutator.weak(Addr::new(lost)).unwrap().unwrap();
                    stack.0[0].store(kept, Relaxed);
                    stack.0[1].store(handle.get(), Relaxed);
                    mutator.collect();
                    assert_eq!(read(handle.get(), 0), 0, "garbage is left after a collection");
                    assert!(is_node(kept, thread));
                }
                roots.leave(mutator.id());
            });
        }
        mutator.block();
    });
    rig.mutator.unblock();
    rig.collect();
    let stats = rig.mutator.stats();
    assert_eq!(stats.objects.allocs(), stats.objects.frees());
    assert!(stats.cycles.completed >= 25 && stats.cycles.completed == stats.cycles.forced);
}

#[test]
fn a_heap_may_go_before_its_mutators() {
    for round in 0..10 {
        let (heap, roots) = heap(Config { gogc: Some(50), ..checked() });
        let heap = Arc::new(heap);
        let dropped = Arc::new(Barrier::new(3));
        let entered = Arc::new(Barrier::new(3));
        let threads: Vec<_> = (0..2)
            .map(|thread| {
                let (heap, roots) = (Arc::clone(&heap), Arc::clone(&roots));
                let (dropped, entered) = (Arc::clone(&dropped), Arc::clone(&entered));
                std::thread::spawn(move || {
                    let mut mutator = heap.attach();
                    let stack = roots.stack(&mutator, 1);
                    let kept = number(mutator.alloc_noscan(100).unwrap());
                    stack.0[0].store(kept, Relaxed);
                    write(kept, 0, 55);
                    churn(&mut mutator, 20_000);
                    mutator.block();
                    drop(heap);
                    entered.wait();
                    dropped.wait();
                    if thread == round % 2 {
                        // It goes as it is. The other goes on, and collects without the heap's threads.
                        return;
                    }
                    mutator.unblock();
                    churn(&mut mutator, 20_000);
                    mutator.collect();
                    assert_eq!(read(kept, 0), 55);
                    roots.leave(mutator.id());
                })
            })
            .collect();
        entered.wait();
        drop(Arc::into_inner(heap).expect("the threads have given it up"));
        dropped.wait();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    }
}

/// Allocates small objects that nobody holds.
fn churn(mutator: &mut Mutator, count: usize) {
    for i in 0..count {
        mutator.alloc_noscan(i % 500).unwrap();
        mutator.safepoint();
    }
}

#[test]
fn heaps_do_not_know_each_other() {
    let mut rigs: Vec<Rig> = (0..4).map(|_| Rig::new(checked())).collect();
    for round in 0..10 {
        for i in 0..4 {
            let other = rigs[(i + 1) % 4].stack.0[0].load(Relaxed);
            let rig = &mut rigs[i];
            let object = rig.node(round);
            // A pointer into another heap is like one to nowhere.
            rig.link(object, 0, other);
            rig.hold(0, object);
            rig.collect();
            assert!(is_node(object, round));
            assert_eq!(rig.objects(), 1);
        }
    }
}

/// A thread allocates large objects, which takes long, while it holds small ones that no root knows; others collect
/// without a pause. Returns how many cycles there were.
fn clear_large_while_others_collect(config: Config, bytes: usize, time: Duration) -> u64 {
    let mut rig = Rig::new(config);
    // Memory that was used before must be cleared.
    rig.mutator.alloc_noscan(bytes + MIB).unwrap();
    rig.collect();
    let before = rig.mutator.stats().cycles.completed;
    let Rig { mutator, heap, shape, stack, .. } = &mut rig;
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut mutator = heap.attach();
                while !stop.load(Relaxed) {
                    mutator.collect();
                }
            });
        }
        let end = Instant::now() + time;
        let mut id = 0;
        while Instant::now() < end {
            id += 1;
            // Not on the stack yet, and in no object: but between two safepoints.
            let first = node(mutator, *shape, id);
            let Ok(large) = mutator.alloc(ShapeId::POINTERS, bytes) else {
                // The others got no processor to collect.
                mutator.collect();
                continue;
            };
            let large = number(large);
            let second = node(mutator, *shape, id);
            for w in (0..bytes / 8).step_by(4093) {
                assert_eq!(read(large, w), 0, "word {w} is not cleared");
            }
            assert!(is_node(first, id), "what is held between two safepoints was lost");
            write_ptr(mutator, large, 0, first);
            write_ptr(mutator, first, 0, second);
            write_ptr(mutator, large, bytes / 8 - 1, second);
            stack.0[0].store(large, Relaxed);
            (0..50).for_each(|_| mutator.safepoint());
            mutator.blocked(|| std::thread::sleep(Duration::from_micros(300)));
            assert!(is_node(first, id) && is_node(second, id) && read(large, bytes / 8 - 1) == second);
            stack.0[0].store(0, Relaxed);
        }
        stop.store(true, Relaxed);
        mutator.block();
    });
    rig.mutator.unblock();
    rig.collect();
    assert_eq!(rig.objects(), 0);
    rig.mutator.stats().cycles.completed - before
}

#[test]
fn cycles_go_on_while_a_large_object_is_cleared() {
    let cycles = clear_large_while_others_collect(gated(), 64 * MIB, Duration::from_millis(700));
    assert!(cycles > 0, "no cycle");
    let cycles = clear_large_while_others_collect(checked(), MIB, Duration::from_millis(700));
    assert!(cycles > 1, "only {cycles} cycles");
}

#[test]
fn with_the_world_stopped_all_is_marked_at_once() {
    let checks = Checks { stop_the_world: true, ..checked().checks };
    let cycles = clear_large_while_others_collect(Config { checks, ..checked() }, MIB, Duration::from_millis(700));
    assert!(cycles > 1, "only {cycles} cycles");
    let mut rig = Rig::new(Config { checks, ..checked() });
    // A list is marked by nobody but the thread that stopped the world.
    let mut head = 0;
    for id in 0..200_000 {
        let next = rig.node(id);
        rig.link(next, 0, head);
        head = next;
        rig.hold(0, head);
    }
    rig.collect();
    assert_eq!(rig.objects(), 200_000);
}

#[test]
fn who_comes_while_buffers_are_handed_over_does_not_hold_up_the_end() {
    let (heap, _roots) = heap(Config { checks: Checks::default(), ..gated() });
    let (heap, done, late) = (&heap, &AtomicBool::new(false), &AtomicBool::new(false));
    let there = &Barrier::new(2);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            // The round waits for this one until the other has come, which has nothing to hand over.
            let mut mutator = heap.attach();
            there.wait();
            while mutator.cycle().is_none() {
                mutator.safepoint();
            }
            while !late.load(Relaxed) {
                std::thread::yield_now();
            }
            while !done.load(Relaxed) {
                mutator.safepoint();
            }
            mutator.block();
            mutator.unblock();
        });
        scope.spawn(move || {
            std::thread::sleep(Duration::from_millis(20));
            let mut mutator = heap.attach();
            late.store(true, Relaxed);
            while !done.load(Relaxed) {
                mutator.safepoint();
            }
        });
        there.wait();
        heap.attach().collect();
        done.store(true, Relaxed);
    });
}

#[test]
fn large_objects_made_while_marking_count_once() {
    let mut rig = Rig::new(gated());
    rig.while_marking(|mutator, _| _ = mutator.alloc_noscan(8 * MIB).unwrap());
    let live = rig.heap.last_cycle().unwrap().heap_live;
    assert!((8 * MIB as u64..9 * MIB as u64).contains(&live), "{live}");
}

#[test]
fn who_leaves_as_a_cycle_begins_is_counted_right() {
    let (heap, _roots) = heap(Config { checks: Checks::default(), ..gated() });
    for round in 0..50 {
        let (heap, ready) = (&heap, &AtomicBool::new(false));
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let mut mutator = heap.attach();
                mutator.alloc(ShapeId::POINTERS, 2048).unwrap();
                mutator.alloc(ShapeId::POINTERS, 64).unwrap();
                ready.store(true, Relaxed);
                std::thread::sleep(Duration::from_micros(40 * round));
            });
            while !ready.load(Relaxed) {
                std::thread::yield_now();
            }
            heap.attach().collect();
        });
        let live = heap.last_cycle().unwrap().heap_live;
        assert!(live <= MIB as u64, "{live:#x} bytes are alive");
    }
}

#[test]
fn a_mutator_may_go_while_it_is_blocked() {
    let (heap, _roots) = heap(gated());
    for _ in 0..20 {
        let mut mutator = heap.attach();
        mutator.alloc_noscan(100).unwrap();
        mutator.block();
        heap.attach().collect();
        drop(mutator);
    }
    heap.attach().collect();
    assert_eq!(heap.defects(), []);
}

#[test]
fn accounts_add_up_while_others_sweep() {
    let (heap, _roots) = heap(Config { gogc: Some(100), checks: Checks::default(), ..gated() });
    let (heap, over) = (&heap, &AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let mut mutator = heap.attach();
            let mut i = 0;
            while !over.load(Relaxed) {
                i += 1;
                // A heap of garbage may be full until it is collected.
                let _ = mutator.alloc_noscan(if i % 50 == 0 { 40_000 } else { 32 + i % 2000 });
                mutator.safepoint();
            }
        });
        for _ in 0..20_000 {
            heap.stats().verify().unwrap();
        }
        over.store(true, Relaxed);
    });
}
