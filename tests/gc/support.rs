//! Mutators in plain Rust: roots, and a graph of objects with a model beside it that knows what must be in them.

use std::collections::HashMap;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use tricolor::memory::{Addr, Config, Heap, Mutator, MutatorId, Roots, ShapeId, Visitor, Word};

/// A small generator of pseudo-random numbers: the same seed gives the same run, as far as threads allow.
#[derive(Clone)]
pub struct Rng(u64);

impl Rng {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    pub fn chance(&mut self, one_in: usize) -> bool {
        self.below(one_in) == 0
    }
}

/// A mutator's stack: slots that hold pointers. Only its thread writes them, while it runs.
pub struct Stack(pub Vec<AtomicUsize>);

/// Roots: a stack per mutator, and globals.
#[derive(Default)]
pub struct TestRoots {
    stacks: Mutex<HashMap<MutatorId, Arc<Stack>>>,
    globals: Mutex<Vec<Arc<Stack>>>,
}

impl TestRoots {
    pub fn stack(&self, mutator: &Mutator, slots: usize) -> Arc<Stack> {
        let stack = Arc::new(Stack((0..slots).map(|_| AtomicUsize::new(0)).collect()));
        self.stacks.lock().unwrap().insert(mutator.id(), Arc::clone(&stack));
        stack
    }

    /// Slots that are written through the barrier.
    pub fn globals(&self, slots: usize) -> Arc<Stack> {
        let globals = Arc::new(Stack((0..slots).map(|_| AtomicUsize::new(0)).collect()));
        self.globals.lock().unwrap().push(Arc::clone(&globals));
        globals
    }

    pub fn leave(&self, mutator: MutatorId) {
        self.stacks.lock().unwrap().remove(&mutator);
    }
}

impl Roots for TestRoots {
    fn begin(&self, _: u32) -> usize {
        self.globals.lock().unwrap().len()
    }

    fn scan(&self, _: u32, job: usize, visitor: &mut Visitor<'_>) {
        let globals = Arc::clone(&self.globals.lock().unwrap()[job]);
        globals.0.iter().for_each(|slot| visitor.pointer(slot.load(Relaxed)));
    }

    fn scan_mutator(&self, _: u32, mutator: MutatorId, visitor: &mut Visitor<'_>) {
        let stack = self.stacks.lock().unwrap().get(&mutator).map(Arc::clone);
        stack.iter().flat_map(|stack| &stack.0).for_each(|slot| visitor.pointer(slot.load(Relaxed)));
    }
}

/// A heap with its roots.
pub fn heap(config: Config) -> (Heap, Arc<TestRoots>) {
    let roots = Arc::new(TestRoots::default());
    (Heap::new(config, roots.clone()).unwrap(), roots)
}

/// Reads word `w` of an object.
pub fn read(object: usize, w: usize) -> usize {
    // SAFETY: tests read words of objects that their model says are alive.
    unsafe { AtomicUsize::from_ptr(Addr::new(object + 8 * w).as_ptr()) }.load(Relaxed)
}

/// Writes a scalar into word `w` of an object.
pub fn write(object: usize, w: usize, value: usize) {
    // SAFETY: as in `read`.
    unsafe { AtomicUsize::from_ptr(Addr::new(object + 8 * w).as_ptr()) }.store(value, Relaxed);
}

/// Writes a pointer into word `w` of an object.
pub fn write_ptr(mutator: &mut Mutator, object: usize, w: usize, pointer: usize) {
    // SAFETY: as in `read`; the pointer leads to an object that the model holds.
    unsafe { mutator.write_ptr(Addr::new(object + 8 * w).as_ptr(), pointer) };
}

/// Stores into a global.
pub fn write_global(mutator: &mut Mutator, slot: &AtomicUsize, pointer: usize) {
    // SAFETY: a slot of the globals, which are roots.
    unsafe { mutator.write_ptr(slot.as_ptr(), pointer) };
}

pub fn number(object: NonNull<u8>) -> usize {
    object.as_ptr().expose_provenance()
}

/// A kind of object that tests make.
#[derive(Clone)]
pub struct Class {
    pub id: ShapeId,
    /// The words of an element.
    pub words: Vec<Word>,
}

/// Shapes of all sorts.
pub fn classes(heap: &Heap) -> Vec<Class> {
    use Word::{Pointer as P, Scalar as S, Tagged as T};
    let mut all = vec![
        vec![S, P],
        vec![S, P, P],
        vec![S, S, P],
        vec![P, P, S, P],
        vec![S, T],
        vec![S, T, P, S, S, T],
        vec![P],
        vec![S],
        [vec![S; 7], vec![P; 3], vec![S; 20], vec![P]].concat(),
        [P, S].repeat(40),
        [vec![S, T], vec![P; 2]].concat().repeat(30),
    ];
    for n in 1..6 {
        all.push([vec![S; n], vec![P; 2]].concat());
    }
    all.into_iter().map(|words| Class { id: heap.shape(&words, false).unwrap(), words }).collect()
}
