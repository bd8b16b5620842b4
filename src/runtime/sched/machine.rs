//! What the collector sees of a program that runs: goroutines, globals, and what lies in pools.

use std::cell::UnsafeCell;
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Arc, OnceLock};

use super::goroutine::{Cell, GoroutineRef};
use super::processor::Processor;
use crate::base::sync::{Mutex, lock};
use crate::bytecode::program::WordKind;
use crate::memory::{MutatorId, Roots, Visitor};
use crate::runtime::object::Value;
use crate::runtime::stack::Code;

/// All that is reachable in itself.
pub struct Machine {
    /// The program's code.
    pub code: Arc<Code>,
    globals: Box<[UnsafeCell<[u64; 2]>]>,
    #[expect(clippy::vec_box, reason = "cells do not move")]
    goroutines: Mutex<Vec<Box<Cell>>>,
    /// The processors, by their mutators.
    processors: Mutex<Vec<(MutatorId, Arc<Processor>)>>,
    jobs: Mutex<Vec<GoroutineRef>>,
    pools: Mutex<HashMap<u32, Bag>>,
    /// What the collector has found to finalize and to clean up, as far as nobody runs it yet: object and value.
    finalizers: Mutex<VecDeque<(usize, usize)>>,
    cleanups: Mutex<VecDeque<(usize, usize)>>,
    /// The collector has found more.
    signal: AtomicBool,
    /// Who is told of that.
    listener: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

// SAFETY: globals are written as the program says, through the barrier; the collector reads them atomically.
unsafe impl Send for Machine {}
// SAFETY: as above.
unsafe impl Sync for Machine {}

/// What lies in a `sync.Pool`: what was put there since the last collection, and what was before.
#[derive(Default)]
struct Bag {
    fresh: Vec<Value>,
    old: Vec<Value>,
}

impl Machine {
    /// A machine without goroutines, its globals zero.
    pub fn new(code: Arc<Code>) -> Self {
        let words = code.program().globals.len().div_ceil(2);
        Self {
            globals: std::iter::repeat_with(UnsafeCell::default).take(words).collect(),
            code,
            goroutines: Mutex::default(),
            processors: Mutex::default(),
            jobs: Mutex::default(),
            pools: Mutex::default(),
            finalizers: Mutex::default(),
            cleanups: Mutex::default(),
            signal: AtomicBool::new(false),
            listener: OnceLock::new(),
        }
    }

    /// Where the globals begin: aligned to 16 bytes.
    pub fn globals(&self) -> *mut u64 {
        self.globals.as_ptr().cast_mut().cast()
    }

    /// A goroutine's cell.
    pub(super) fn add(&self) -> GoroutineRef {
        let cell = Box::new(Cell::new());
        let g = GoroutineRef::new(&cell);
        lock(&self.goroutines).push(cell);
        g
    }

    /// All goroutines that have not ended, in order of their numbers.
    pub fn goroutines(&self) -> Vec<GoroutineRef> {
        let list = lock(&self.goroutines);
        let mut all: Vec<_> = list.iter().map(|cell| GoroutineRef::new(cell)).filter(|g| g.is_alive()).collect();
        all.sort_by_key(|g| g.get().id);
        all
    }

    /// A processor begins, with its mutator.
    pub fn attach(&self, mutator: MutatorId, processor: Arc<Processor>) {
        lock(&self.processors).push((mutator, processor));
    }

    /// Its mutator is no more.
    pub fn detach(&self, mutator: MutatorId) {
        lock(&self.processors).retain(|(id, _)| *id != mutator);
    }

    /// Takes something out of a pool.
    pub fn pool_get(&self, id: u32) -> Option<Value> {
        let mut pools = lock(&self.pools);
        let bag = pools.get_mut(&id)?;
        bag.fresh.pop().or_else(|| bag.old.pop())
    }

    /// The number of a new pool.
    pub fn new_pool(&self) -> u32 {
        let mut pools = lock(&self.pools);
        let id = pools.len() as u32 + 1;
        pools.insert(id, Bag::default());
        id
    }

    /// Takes something to finalize, or to clean up.
    pub fn take_ready(&self, finalizer: bool) -> Option<(usize, usize)> {
        lock(if finalizer { &self.finalizers } else { &self.cleanups }).pop_front()
    }

    /// Keeps something to finalize, or to clean up.
    pub fn keep_ready(&self, finalizer: bool, found: (usize, usize)) {
        lock(if finalizer { &self.finalizers } else { &self.cleanups }).push_back(found);
    }

    /// Whether the collector has found something to finalize or clean up since the last call.
    pub fn take_signal(&self) -> bool {
        self.signal.load(Relaxed) && self.signal.swap(false, SeqCst)
    }

    /// Whether it has, as far as nobody has taken notice.
    pub fn has_signal(&self) -> bool {
        self.signal.load(SeqCst)
    }

    /// Who is told when the collector has found something; it does not use the heap.
    pub fn set_listener(&self, listener: impl Fn() + Send + Sync + 'static) {
        _ = self.listener.set(Box::new(listener));
    }

    /// Puts something into a pool.
    pub fn pool_put(&self, id: u32, value: Value) {
        lock(&self.pools).entry(id).or_default().fresh.push(value);
    }
}

impl Roots for Machine {
    fn begin(&self, _: u32) -> usize {
        let list = lock(&self.goroutines);
        let mut jobs = lock(&self.jobs);
        jobs.clear();
        jobs.extend(list.iter().map(|cell| GoroutineRef::new(cell)).filter(|g| g.is_alive()));
        for bag in lock(&self.pools).values_mut() {
            bag.old = std::mem::take(&mut bag.fresh);
        }
        jobs.len() + 2
    }

    fn finalizers_ready(&self) {
        self.signal.store(true, SeqCst);
        if let Some(listener) = self.listener.get() {
            listener();
        }
    }

    fn scan(&self, cycle: u32, job: usize, visitor: &mut Visitor<'_>) {
        match job {
            0 => self.scan_globals(visitor),
            1 => {
                for bag in lock(&self.pools).values() {
                    for value in bag.fresh.iter().chain(&bag.old) {
                        visitor.pair([value.tag as usize, value.word as usize]);
                    }
                }
                for list in [&self.finalizers, &self.cleanups] {
                    for &(object, value) in lock(list).iter() {
                        visitor.pointer(object);
                        visitor.pointer(value);
                    }
                }
            }
            _ => {
                let g = lock(&self.jobs).get(job - 2).copied();
                if let Some(g) = g {
                    g.scan_idle(cycle, &self.code, visitor);
                }
            }
        }
    }

    fn scan_mutator(&self, cycle: u32, mutator: MutatorId, visitor: &mut Visitor<'_>) {
        let current = lock(&self.processors).iter().find(|(id, _)| *id == mutator).and_then(|(_, p)| p.current());
        if let Some(g) = current {
            g.scan_running(cycle, &self.code, visitor);
        }
    }
}

impl Machine {
    fn scan_globals(&self, visitor: &mut Visitor<'_>) {
        let base = self.globals() as usize;
        for (i, kind) in self.code.program().globals.iter().enumerate() {
            let at = base + 8 * i;
            match kind {
                WordKind::Scalar => {}
                WordKind::Pointer => {
                    // SAFETY: inside of the globals; whoever writes it does so atomically.
                    let word = unsafe { AtomicUsize::from_ptr(at as *mut usize) };
                    visitor.pointer(word.load(Relaxed));
                }
                WordKind::Tagged => visitor.shared_pair(at - 8),
            }
        }
    }
}
