//! What the collector sees of a program that runs: goroutines, globals, and what lies in pools.

use std::cell::UnsafeCell;
use std::collections::HashMap;
use std::sync::Arc;

use super::goroutine::{Cell, GoroutineRef};
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
    goroutines: Mutex<Vec<Box<Cell>>>,
    /// What each processor runs.
    running: Mutex<Vec<(MutatorId, GoroutineRef)>>,
    jobs: Mutex<Vec<GoroutineRef>>,
    pools: Mutex<HashMap<u32, Bag>>,
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
            running: Mutex::default(),
            jobs: Mutex::default(),
            pools: Mutex::default(),
        }
    }

    /// Where the globals begin: aligned to 16 bytes.
    pub fn globals(&self) -> *mut u64 {
        self.globals.as_ptr().cast_mut().cast()
    }

    /// A goroutine's cell.
    #[expect(clippy::vec_box, reason = "cells do not move")]
    pub(super) fn add(&self) -> GoroutineRef {
        let cell = Box::new(Cell::new());
        let g = GoroutineRef::new(&cell);
        let list: &mut Vec<Box<Cell>> = &mut lock(&self.goroutines);
        list.push(cell);
        g
    }

    /// All goroutines that have not ended, in order of their numbers.
    pub fn goroutines(&self) -> Vec<GoroutineRef> {
        let list = lock(&self.goroutines);
        let mut all: Vec<_> = list.iter().map(|cell| GoroutineRef::new(cell)).filter(|g| g.is_alive()).collect();
        all.sort_by_key(|g| g.get().id);
        all
    }

    /// A processor runs a goroutine, or none.
    pub fn set_running(&self, mutator: MutatorId, g: Option<GoroutineRef>) {
        let mut running = lock(&self.running);
        running.retain(|(id, _)| *id != mutator);
        running.extend(g.map(|g| (mutator, g)));
    }

    /// Takes something out of a pool.
    pub fn pool_get(&self, id: u32) -> Option<Value> {
        let mut pools = lock(&self.pools);
        let bag = pools.get_mut(&id)?;
        bag.fresh.pop().or_else(|| bag.old.pop())
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

    fn scan(&self, cycle: u32, job: usize, visitor: &mut Visitor<'_>) {
        match job {
            0 => self.scan_globals(visitor),
            1 => {
                for bag in lock(&self.pools).values() {
                    for value in bag.fresh.iter().chain(&bag.old) {
                        visitor.pair([value.tag as usize, value.word as usize]);
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
        let running = lock(&self.running).iter().find(|(id, _)| *id == mutator).map(|(_, g)| *g);
        if let Some(g) = running {
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
                    let word = unsafe { std::sync::atomic::AtomicUsize::from_ptr(at as *mut usize) };
                    visitor.pointer(word.load(std::sync::atomic::Ordering::Relaxed));
                }
                WordKind::Tagged => visitor.shared_pair(at - 8),
            }
        }
    }
}
