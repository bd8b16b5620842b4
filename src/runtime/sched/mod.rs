//! Goroutines: who runs, who is ready, who waits for what.
//!
//! - [`goroutine`]: a goroutine's state, and its stack as roots;
//! - [`machine`]: all goroutines and globals, as the collector sees them;
//! - [`chan`]: sending, receiving, closing, `select`;
//! - [`Sched`]: the queue of those that are ready, timers, semaphores.

pub mod chan;
pub mod goroutine;
pub mod machine;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::sync::Arc;

pub use goroutine::{Goroutine, GoroutineRef, Panic, Wait};
pub use machine::Machine;

use super::object::Memory;
use super::stack::{Pool, Stack};
use crate::base::os::monotonic_ns;
use crate::bytecode::program::{CALLER, CLOSURE, RETURN_PC};
use crate::memory::AllocError;

/// A goroutine that waits for a time: when, and in which wait of its own, so that a wait that ended early is known.
type Timer = Reverse<(u64, u64, GoroutineRef)>;

/// The scheduler of one processor.
pub struct Sched {
    /// What the collector knows.
    pub machine: Arc<Machine>,
    /// Segments of stacks.
    pub pool: Pool,
    /// Bytes that a stack may have.
    pub max_stack: usize,
    ready: VecDeque<GoroutineRef>,
    timers: BinaryHeap<Timer>,
    /// Who waits for a semaphore, by its address.
    semaphores: HashMap<usize, VecDeque<GoroutineRef>>,
    free: Vec<GoroutineRef>,
    next_id: u64,
    /// Those that run finalizers and cleanups, while they wait.
    idle_finalizers: Vec<GoroutineRef>,
    finalizers_began: bool,
    cleanups_began: bool,
    keeper: Keeper,
    /// Goroutines that are not the runtime's own.
    pub count: usize,
}

/// The goroutine that keeps the program's timers.
#[derive(Default)]
struct Keeper {
    parked: Option<GoroutineRef>,
    /// It was woken while it ran.
    woken: bool,
}

/// What there is to run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Next {
    /// This goroutine.
    Run(GoroutineRef),
    /// Nothing before this time.
    Sleep(u64),
    /// Nothing, ever.
    Deadlock,
}

/// A goroutine's stack at first, at most.
const MAX_STACK: usize = 1_000_000_000;

impl Sched {
    /// A scheduler without goroutines.
    pub fn new(machine: Arc<Machine>) -> Self {
        Self {
            machine,
            pool: Pool::default(),
            max_stack: MAX_STACK,
            ready: VecDeque::new(),
            timers: BinaryHeap::new(),
            semaphores: HashMap::new(),
            free: Vec::new(),
            next_id: 1,
            idle_finalizers: Vec::new(),
            finalizers_began: false,
            cleanups_began: false,
            keeper: Keeper::default(),
            count: 0,
        }
    }

    /// A new goroutine that runs a closure, ready to run.
    ///
    /// # Errors
    /// The heap is exhausted.
    ///
    /// # Safety
    /// `closure` is one of the program, without parameters and results.
    pub unsafe fn start(&mut self, memory: &mut Memory, closure: u64) -> Result<GoroutineRef, AllocError> {
        let stack = Stack::new(&mut self.pool, &mut memory.mutator)?;
        let code = Arc::clone(&self.machine.code);
        // SAFETY: the caller's promise: the first word of a closure is its function.
        let entry = code.entries()[unsafe { Memory::word(closure as usize) } as usize];
        let g = self.free.pop().unwrap_or_else(|| self.machine.add());
        let state = g.get();
        state.id = self.next_id;
        self.next_id += 1;
        self.count += 1;
        let mut stack = stack;
        let mut frame = stack.base();
        // SAFETY: the first segment has room for a frame's header; one that needs more crosses to the next segment.
        unsafe {
            *frame.add(RETURN_PC) = code.finish() as u64;
            *frame.add(CALLER) = 0;
            *frame.add(CLOSURE) = closure;
            if frame.byte_add(entry.frame) > stack.limit() {
                let crossed = stack.cross(&mut self.pool, &mut memory.mutator, &entry, frame, code.edge(), usize::MAX);
                frame = match crossed {
                    Ok(frame) => frame,
                    Err(_) => {
                        stack.free(&mut self.pool, &mut memory.mutator);
                        self.free.push(g);
                        self.count -= 1;
                        return Err(AllocError::HardLimit);
                    }
                };
            }
        }
        (state.pc, state.frame) = (entry.pc, frame);
        state.stack = Some(stack);
        state.system = false;
        g.begin(memory.mutator.cycle());
        self.ready.push_back(g);
        Ok(g)
    }

    /// A goroutine has ended.
    pub fn end(&mut self, memory: &mut Memory, g: GoroutineRef) {
        let state = g.get();
        if !state.system {
            self.count -= 1;
        }
        state.panics.clear();
        g.end();
        if let Some(stack) = state.stack.take() {
            stack.free(&mut self.pool, &mut memory.mutator);
        }
        self.free.push(g);
    }

    /// Makes a goroutine of the program one of the runtime's own.
    pub fn make_system(&mut self, g: GoroutineRef) {
        if !std::mem::replace(&mut g.get().system, true) {
            self.count -= 1;
        }
    }

    /// A goroutine that waited goes on.
    pub fn wake(&mut self, g: GoroutineRef) {
        let state = g.get();
        state.wait = None;
        state.waits += 1;
        state.keeps = 0;
        self.ready.push_back(g);
    }

    /// A goroutine that runs lets others run first.
    pub fn yield_now(&mut self, g: GoroutineRef) {
        self.ready.push_back(g);
    }

    /// A goroutine waits until somebody wakes it; `keeps` is an address that stays alive meanwhile.
    pub fn park(&mut self, g: GoroutineRef, wait: Wait, keeps: usize) {
        let state = g.get();
        state.wait = Some(wait);
        state.keeps = keeps;
        state.since = monotonic_ns();
    }

    /// The same, until a time at the latest, in nanoseconds of the monotonic clock.
    pub fn park_until(&mut self, g: GoroutineRef, wait: Wait, deadline: u64) {
        self.park(g, wait, 0);
        self.timers.push(Reverse((deadline, g.get().waits, g)));
    }

    /// Whether others are ready to run.
    pub fn is_busy(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Whether another goroutine may want to run before the running one stops.
    pub fn has_others(&self) -> bool {
        !self.timers.is_empty() || self.count > 1
    }

    /// Makes those ready whose time has come, or for whom the collector has found something.
    pub fn poll(&mut self) {
        if !self.timers.is_empty() {
            self.fire();
        }
        if self.machine.take_signal() {
            self.wake_finalizers();
        }
    }

    /// What to run next.
    pub fn choose(&mut self) -> Next {
        self.poll();
        if let Some(g) = self.ready.pop_front() {
            return Next::Run(g);
        }
        match self.timers.peek() {
            Some(Reverse((when, ..))) => Next::Sleep(*when),
            None => Next::Deadlock,
        }
    }

    /// Wakes those whose time has come.
    fn fire(&mut self) {
        let now = monotonic_ns();
        while let Some(&Reverse((when, wait, g))) = self.timers.peek() {
            let current = g.get().waits == wait && g.get().wait.is_some();
            if current && when > now {
                break;
            }
            self.timers.pop();
            if current {
                self.wake(g);
            }
        }
    }

    // ---- the runtime's own goroutines

    /// Whether the goroutine that runs finalizers has to be started now.
    pub fn begin_finalizers(&mut self) -> bool {
        !std::mem::replace(&mut self.finalizers_began, true)
    }

    /// The same for cleanups.
    pub fn begin_cleanups(&mut self) -> bool {
        !std::mem::replace(&mut self.cleanups_began, true)
    }

    /// A goroutine waits for the collector to find something to finalize or clean up.
    pub fn await_finalizers(&mut self, g: GoroutineRef, wait: Wait) {
        self.idle_finalizers.push(g);
        self.park(g, wait, 0);
    }

    /// There is something to finalize or clean up.
    pub fn wake_finalizers(&mut self) {
        for g in std::mem::take(&mut self.idle_finalizers) {
            self.wake(g);
        }
    }

    /// The keeper of timers waits, until a time if there is one. Not if it was woken before.
    pub fn park_keeper(&mut self, g: GoroutineRef, until: Option<u64>) -> bool {
        if std::mem::take(&mut self.keeper.woken) {
            return false;
        }
        match until {
            Some(until) => self.park_until(g, Wait::Timer, until),
            None => self.park(g, Wait::Timer, 0),
        }
        self.keeper.parked = Some(g);
        true
    }

    /// The keeper of timers shall look again.
    pub fn wake_keeper(&mut self) {
        match self.keeper.parked.take().filter(|g| g.get().wait == Some(Wait::Timer)) {
            Some(g) => self.wake(g),
            None => self.keeper.woken = true,
        }
    }

    // ---- semaphores

    /// A goroutine waits for a semaphore.
    pub fn wait_for(&mut self, g: GoroutineRef, semaphore: usize, front: bool, wait: Wait) {
        let queue = self.semaphores.entry(semaphore).or_default();
        if front {
            queue.push_front(g)
        } else {
            queue.push_back(g)
        }
        self.park(g, wait, semaphore);
    }

    /// The goroutine that waits longest for a semaphore, taken from its queue.
    pub fn first_waiting(&mut self, semaphore: usize) -> Option<GoroutineRef> {
        let queue = self.semaphores.get_mut(&semaphore)?;
        let first = queue.pop_front();
        if queue.is_empty() {
            self.semaphores.remove(&semaphore);
        }
        first
    }
}
