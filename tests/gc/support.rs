//! Mutators in plain Rust: roots, and a graph of objects with a model beside it that knows what must be in them.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, Once};
use std::time::Duration;

use tricolor::memory::{Addr, Checks, Config, Heap, Mutator, MutatorId, Roots, ShapeId, Stats, Visitor, Word};

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

/// Roots: a stack per mutator, and globals. One more job waits at a gate, so that a test can keep a cycle marking.
#[derive(Default)]
pub struct TestRoots {
    stacks: Mutex<HashMap<MutatorId, Arc<Stack>>>,
    globals: Mutex<Vec<Arc<Stack>>>,
    gate: Mutex<Gate>,
    opened: Condvar,
}

#[derive(Default)]
struct Gate {
    closed: bool,
    /// A job has come to the closed gate.
    reached: bool,
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

    /// The next cycle marks until the gate is opened. Not with `check_heap`, which scans all roots while the world is
    /// stopped.
    pub fn close_gate(&self) {
        *self.gate.lock().unwrap() = Gate { closed: true, reached: false };
    }

    pub fn open_gate(&self) {
        self.gate.lock().unwrap().closed = false;
        self.opened.notify_all();
    }

    pub fn gate_is_reached(&self) -> bool {
        self.gate.lock().unwrap().reached
    }

    fn pass_gate(&self) {
        let mut gate = self.gate.lock().unwrap();
        while gate.closed {
            gate.reached = true;
            gate = self.opened.wait(gate).unwrap();
        }
    }
}

impl Roots for TestRoots {
    fn begin(&self, _: u32) -> usize {
        1 + self.globals.lock().unwrap().len()
    }

    fn scan(&self, _: u32, job: usize, visitor: &mut Visitor<'_>) {
        let Some(job) = job.checked_sub(1) else { return self.pass_gate() };
        let globals = Arc::clone(&self.globals.lock().unwrap()[job]);
        globals.0.iter().for_each(|slot| visitor.pointer(slot.load(Relaxed)));
    }

    fn scan_mutator(&self, _: u32, mutator: MutatorId, visitor: &mut Visitor<'_>) {
        let stack = self.stacks.lock().unwrap().get(&mutator).map(Arc::clone);
        stack.iter().flat_map(|stack| &stack.0).for_each(|slot| visitor.pointer(slot.load(Relaxed)));
    }
}

/// How long the torture runs.
pub fn torture_seconds() -> u64 {
    let seconds = std::env::var("TORTURE_SECONDS").ok().and_then(|value| value.parse().ok());
    seconds.unwrap_or(if cfg!(debug_assertions) { 5 } else { 60 })
}

/// Ends the process when its tests hang: nobody should have to wait to learn that.
fn watch() {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        std::thread::spawn(|| {
            std::thread::sleep(Duration::from_secs(torture_seconds() + 240));
            eprintln!("the tests of the collector hang: those that were not named as passed do not end");
            std::process::abort();
        });
    });
}

/// A heap with its roots.
pub fn heap(config: Config) -> (Heap, Arc<TestRoots>) {
    watch();
    let roots = Arc::new(TestRoots::default());
    (Heap::new(config, roots.clone()).unwrap(), roots)
}

/// A small heap that collects only when it is told to, with all checks on.
pub fn checked() -> Config {
    let checks = Checks { check_mark: true, check_heap: true, clobber_free: true, ..Checks::default() };
    Config { gogc: None, reserve: 1 << 30, processors: 2, checks, ..Config::default() }
}

/// A small heap that collects only when it is told to, with the checks that allow to keep it marking.
pub fn gated() -> Config {
    let checks = Checks { check_mark: true, clobber_free: true, ..Checks::default() };
    Config { checks, ..checked() }
}

/// A heap with a mutator on the test's thread. When it goes, its checks must have found nothing.
pub struct Rig {
    pub mutator: Mutator,
    pub stack: Arc<Stack>,
    /// Two pointers, then two scalars.
    pub shape: ShapeId,
    pub roots: Arc<TestRoots>,
    pub heap: Heap,
}

impl Rig {
    pub fn new(config: Config) -> Self {
        let (heap, roots) = heap(config);
        let mutator = heap.attach();
        let stack = roots.stack(&mutator, 64);
        let shape = heap.shape(&[Word::Pointer, Word::Pointer, Word::Scalar, Word::Scalar], false).unwrap();
        Self { mutator, stack, shape, roots, heap }
    }

    /// A new node that nothing holds.
    pub fn node(&mut self, id: usize) -> usize {
        node(&mut self.mutator, self.shape, id)
    }

    /// Lets a slot of the stack hold an object, or nothing.
    pub fn hold(&self, slot: usize, object: usize) {
        self.stack.0[slot].store(object, Relaxed);
    }

    pub fn link(&mut self, object: usize, w: usize, pointer: usize) {
        write_ptr(&mut self.mutator, object, w, pointer);
    }

    pub fn collect(&mut self) {
        self.mutator.collect();
    }

    /// Objects that were allocated and not freed.
    pub fn objects(&mut self) -> u64 {
        let stats = self.mutator.stats();
        stats.objects.allocs() - stats.objects.frees()
    }

    /// Runs something in the middle of a cycle: all roots but one job are scanned before, and the stack.
    pub fn while_marking<R>(&mut self, f: impl FnOnce(&mut Mutator, &Heap) -> R) -> R {
        self.roots.close_gate();
        let Self { mutator, roots, heap, .. } = self;
        std::thread::scope(|scope| {
            let collecting = scope.spawn(|| heap.attach().collect());
            while mutator.cycle().is_none() || !roots.gate_is_reached() {
                mutator.safepoint();
                std::thread::yield_now();
            }
            let result = catch_unwind(AssertUnwindSafe(|| f(mutator, heap)));
            roots.open_gate();
            mutator.blocked(|| collecting.join().unwrap());
            result.unwrap_or_else(|panic| resume_unwind(panic))
        })
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.heap.defects(), []);
        }
    }
}

/// Bytes backed by memory, as limits count them.
pub fn used(stats: &Stats) -> u64 {
    stats.pages.mapped - stats.pages.released + stats.metadata.spans.mapped
}

/// A new node of the shape of [`Rig`] that knows its number.
pub fn node(mutator: &mut Mutator, shape: ShapeId, id: usize) -> usize {
    let object = number(mutator.alloc(shape, 32).unwrap());
    write(object, 2, id);
    write(object, 3, !id);
    object
}

/// Whether a node with this number lies there: a freed one is overwritten.
pub fn is_node(object: usize, id: usize) -> bool {
    (read(object, 2), read(object, 3)) == (id, !id)
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
