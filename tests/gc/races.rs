//! Finalizers, cleanups and weak handles while threads collect, sweep and use them at once.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use tricolor::memory::{Addr, Config, Heap, Mutator, Ready, ShapeId, Word};

use crate::support::{Rig, Rng, TestRoots, checked, heap, is_node, node, number, read, write_global};

/// How long each of these tests lets its threads race.
const TIME: Duration = Duration::from_millis(1500);
/// Marks the values of cleanups, outside of what an address can be.
const CLEANUP: usize = 1 << 62;

/// How many finalizers and cleanups ran, or are to run, by object.
type Tally = HashMap<usize, [usize; 2]>;

/// What threads share that make objects with specials and let them go.
struct Makers<'a> {
    heap: &'a Heap,
    roots: &'a TestRoots,
    shape: ShapeId,
    ids: AtomicUsize,
    stop: AtomicBool,
    expected: Mutex<Tally>,
}

impl Makers<'_> {
    /// Holds objects, some for long, and gives them specials at any time of their life.
    fn make(&self, seed: u64) {
        let mut rng = Rng::new(seed);
        let mut mutator = self.heap.attach();
        let stack = self.roots.stack(&mutator, 256);
        let mut held = vec![(0, [0usize; 2]); 256];
        let mut tally = Tally::new();
        while !self.stop.load(Relaxed) {
            let slot = rng.below(256);
            let (id, specials) = &mut held[slot];
            let object = Addr::new(stack.0[slot].load(Relaxed));
            if object.is_null() {
                *id = self.ids.fetch_add(1, Relaxed);
                *specials = [0; 2];
                stack.0[slot].store(node(&mut mutator, self.shape, *id), Relaxed);
            } else if rng.chance(6) {
                if *specials != [0; 2] {
                    tally.insert(*id, *specials);
                }
                stack.0[slot].store(0, Relaxed);
            } else if specials[0] == 0 && rng.chance(2) {
                mutator.set_finalizer(object, *id).unwrap();
                specials[0] = 1;
            } else if rng.chance(3) {
                let cleanup = mutator.add_cleanup(object, *id | CLEANUP).unwrap();
                if rng.chance(2) {
                    mutator.stop_cleanup(cleanup);
                } else {
                    specials[1] += 1;
                }
            } else if specials[0] == 1 && rng.chance(4) {
                mutator.clear_finalizer(object).unwrap();
                specials[0] = 0;
            }
            mutator.safepoint();
        }
        let left = held.iter().enumerate().filter(|(slot, (_, s))| stack.0[*slot].load(Relaxed) != 0 && *s != [0; 2]);
        tally.extend(left.map(|(_, held)| *held));
        self.expected.lock().unwrap().extend(tally);
        self.roots.leave(mutator.id());
    }
}

/// Takes what is ready, and checks its order.
fn take(mutator: &mut Mutator, ran: &mut Tally) -> usize {
    let mut count = 0;
    while let Some(ready) = mutator.next_ready() {
        count += 1;
        match ready {
            Ready::Finalizer { object, value: id } => {
                assert!(is_node(object.get(), id), "a finalizer's object is not alive");
                let ran = ran.entry(id).or_default();
                assert_eq!(ran[1], 0, "a cleanup ran before the finalizer");
                ran[0] += 1;
            }
            Ready::Cleanup { value } => ran.entry(value & !CLEANUP).or_default()[1] += 1,
        }
    }
    count
}

#[test]
fn each_finalizer_and_cleanup_runs_once() {
    let mut rig = Rig::new(checked());
    let Rig { mutator, roots, heap, shape, .. } = &mut rig;
    let (heap, roots): (&Heap, &TestRoots) = (heap, roots);
    let (ids, stop) = (AtomicUsize::new(1), AtomicBool::new(false));
    let makers = Makers { heap, roots, shape: *shape, ids, stop, expected: Mutex::default() };
    let mut ran = Tally::new();
    std::thread::scope(|scope| {
        for seed in 1..4 {
            let makers = &makers;
            scope.spawn(move || makers.make(seed));
        }
        let end = Instant::now() + TIME;
        while Instant::now() < end {
            mutator.collect();
            take(mutator, &mut ran);
        }
        makers.stop.store(true, Relaxed);
        mutator.block();
    });
    mutator.unblock();
    // A finalizer and the cleanups of its object take a cycle each.
    for _ in 0..3 {
        mutator.collect();
        take(mutator, &mut ran);
    }
    let expected = makers.expected.into_inner().unwrap();
    let stats = mutator.stats();
    println!("{} objects with specials, {} cycles", expected.len(), stats.cycles.completed);
    assert!(expected.len() > 1000);
    let wrong: Vec<_> = expected.iter().filter(|(id, n)| ran.get(*id) != Some(*n)).take(5).collect();
    assert!(wrong.is_empty(), "of these, something else ran: {wrong:?}");
    assert_eq!(ran.len(), expected.len());
    assert_eq!(stats.objects.allocs(), stats.objects.frees(), "something is left");
}

const HANDLES: usize = 512;

/// Objects with weak handles, half of them held.
struct Handles<'a> {
    heap: &'a Heap,
    roots: &'a TestRoots,
    /// The handles, and the number of the object of each.
    handles: Vec<(usize, usize)>,
    strengthened: AtomicUsize,
    stop: AtomicBool,
}

impl Handles<'_> {
    /// Strengthens handles at random; what comes must be whole, and null is for ever.
    fn strengthen(&self, seed: u64) {
        let mut rng = Rng::new(seed);
        let mut mutator = self.heap.attach();
        let stack = self.roots.stack(&mutator, 1);
        let mut dead = vec![false; self.handles.len()];
        while !self.stop.load(Relaxed) {
            let i = rng.below(self.handles.len());
            let (handle, id) = self.handles[i];
            let object = mutator.strengthen(Addr::new(handle));
            if object.is_null() {
                assert!(id.is_multiple_of(2), "object {id} is held");
                dead[i] = true;
            } else {
                assert!(!dead[i], "object {id} was dead");
                assert!(is_node(object.get(), id), "object {id} is not whole");
                self.strengthened.fetch_add(1, Relaxed);
                if rng.chance(100) {
                    // From here on it is held, for a while.
                    stack.0[0].store(object.get(), Relaxed);
                    mutator.safepoint();
                    assert!(is_node(object.get(), id), "object {id} is held by a stack");
                    stack.0[0].store(0, Relaxed);
                }
            }
            mutator.safepoint();
        }
        self.roots.leave(mutator.id());
    }
}

#[test]
fn weak_handles_are_strengthened_while_others_sweep() {
    let mut rig = Rig::new(checked());
    let end = Instant::now() + TIME;
    let (mut rounds, mut strengthened) = (0, 0);
    while Instant::now() < end || rounds < 2 {
        // Objects with odd numbers are held by globals, and so are all handles. Others lie between them.
        let globals = rig.roots.globals(2 * HANDLES);
        let mut handles = Vec::new();
        for id in 0..HANDLES {
            let object = rig.node(id);
            (0..20).for_each(|_| _ = rig.node(0));
            if id % 2 == 1 {
                write_global(&mut rig.mutator, &globals.0[2 * id], object);
            }
            let handle = rig.mutator.weak(Addr::new(object)).unwrap().unwrap();
            write_global(&mut rig.mutator, &globals.0[2 * id + 1], handle.get());
            handles.push((handle.get(), id));
        }
        let Rig { mutator, roots, heap, .. } = &mut rig;
        let shared = Handles { heap, roots, handles, strengthened: AtomicUsize::new(0), stop: AtomicBool::new(false) };
        std::thread::scope(|scope| {
            for seed in 1..4 {
                let shared = &shared;
                scope.spawn(move || shared.strengthen(seed + 10 * rounds as u64));
            }
            (0..6).for_each(|_| mutator.collect());
            shared.stop.store(true, Relaxed);
            mutator.block();
        });
        mutator.unblock();
        mutator.collect();
        for &(handle, id) in &shared.handles {
            assert_eq!(read(handle, 0) != 0, id % 2 == 1, "object {id}");
        }
        strengthened += shared.strengthened.load(Relaxed);
        globals.0.iter().for_each(|slot| write_global(&mut rig.mutator, slot, 0));
        rounds += 1;
    }
    println!("{rounds} rounds, {strengthened} handles strengthened");
    assert!(strengthened > 1000);
}

#[test]
fn threads_that_ask_at_once_get_the_same_handle() {
    let mut rig = Rig::new(checked());
    for round in 0..50 {
        let object = rig.node(round);
        rig.hold(0, object);
        let Rig { mutator, heap, .. } = &mut rig;
        let start = std::sync::Barrier::new(3);
        let handles: Vec<Addr> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..3)
                .map(|_| {
                    scope.spawn(|| {
                        let mut mutator = heap.attach();
                        mutator.blocked(|| start.wait());
                        mutator.weak(Addr::new(object)).unwrap().unwrap()
                    })
                })
                .collect();
            mutator.blocked(|| threads.into_iter().map(|thread| thread.join().unwrap()).collect())
        });
        assert!(handles.iter().all(|handle| *handle == handles[0]), "{handles:?}");
        assert_eq!(mutator.strengthen(handles[0]), Addr::new(object));
    }
}

#[test]
fn strengthening_waits_for_nobody_who_stands_still() {
    let (heap, roots) = heap(Config { checks: Default::default(), ..checked() });
    let shape = heap.shape(&[Word::Pointer; 4], false).unwrap();
    let globals = roots.globals(1);
    let (heap, roots, globals, over) = (&heap, &roots, &globals, &AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let mut mutator = heap.attach();
            while !over.load(Relaxed) {
                let handle = globals.0[0].load(Relaxed);
                if handle != 0 {
                    mutator.strengthen(Addr::new(handle));
                }
                mutator.safepoint();
            }
        });
        scope.spawn(move || {
            let mut mutator = heap.attach();
            let stack = roots.stack(&mutator, 1);
            while !over.load(Relaxed) {
                let object = number(mutator.alloc(shape, 32).unwrap());
                stack.0[0].store(object, Relaxed);
                let handle = mutator.weak(Addr::new(object)).unwrap().unwrap();
                write_global(&mut mutator, &globals.0[0], handle.get());
                (0..50).for_each(|_| mutator.safepoint());
            }
        });
        scope.spawn(move || {
            let mut mutator = heap.attach();
            (0..300).for_each(|_| mutator.collect());
            over.store(true, Relaxed);
        });
        while !over.load(Relaxed) {
            heap.stats();
        }
    });
}
