//! Goroutines: who runs, who is ready, who waits for what.
//!
//! - [`goroutine`]: a goroutine's state, and its stack as roots;
//! - [`machine`]: all goroutines and globals, as the collector sees them;
//! - [`processor`], [`queue`]: what runs goroutines, and which are ready there;
//! - [`idle`]: which processors run, rest, or are inside of a native that lasts, and the search for work;
//! - [`chan`], [`semaphore`], [`timers`], [`poller`]: what goroutines wait for;
//! - [`monitor`]: ends time slices.
//!
//! As many processors run at a time as the program has leave for (`GOMAXPROCS`). Each has a thread and a mutator of its
//! own for good; one that is inside of a native that lasts gives its leave to another.
//!
//! How a goroutine waits: its processor saves its place, says that it waits ([`GoroutineRef::begin_wait`]) and makes
//! that known to whom it waits for (under a lock of theirs); from then on it may be woken, even before its processor
//! has let go of it ([`GoroutineRef::let_go`]). Between the last safepoint and the moment in which its processor lets
//! go there is no other safepoint.

pub mod chan;
pub mod goroutine;
mod idle;
pub mod machine;
mod monitor;
mod poller;
mod processor;
pub mod queue;
mod semaphore;
mod timers;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Arc, OnceLock, RwLock, Weak};

pub use goroutine::{Goroutine, GoroutineRef, Panic, Wait};
pub use idle::Found;
pub use machine::Machine;
pub use processor::Processor;

use self::idle::Idle;
use self::monitor::Monitor;
use self::poller::Poller;
use self::queue::Overflow;
use self::semaphore::Semaphores;
use self::timers::Timers;
use super::object::Memory;
use super::stack::{Pool, Stack};
use crate::base::os::monotonic_ns;
use crate::base::sync::{Condvar, Mutex, lock};
use crate::bytecode::program::{CALLER, CLOSURE, RETURN_PC};
use crate::memory::AllocError;

/// Starts the thread of a processor that has leave to run and is searching; whether it could.
type Starter = Box<dyn Fn(Arc<Processor>) -> bool + Send + Sync>;

/// What all processors of a program share.
pub struct Sched {
    /// Itself, for threads that it starts.
    this: Weak<Self>,
    /// What the collector knows.
    pub machine: Arc<Machine>,
    /// Bytes that a stack may have.
    pub max_stack: AtomicUsize,
    /// Those that are ready and belong to no processor.
    ready: Mutex<VecDeque<GoroutineRef>>,
    /// How many these are.
    queued: AtomicUsize,
    /// All processors, whatever they do.
    processors: RwLock<Vec<Arc<Processor>>>,
    idle: Mutex<Idle>,
    /// How many more processors may run.
    spare: AtomicUsize,
    /// How many look for work elsewhere.
    searching: AtomicUsize,
    /// Whether a processor that runs has to give way to another, or is one too many.
    crowded: AtomicBool,
    starter: OnceLock<Starter>,
    timers: Timers,
    semaphores: Semaphores,
    poller: Poller,
    free: Mutex<Vec<GoroutineRef>>,
    next_id: AtomicU64,
    /// Goroutines that are not the runtime's own.
    count: AtomicUsize,
    own: Mutex<Own>,
    /// The goroutine that `main` runs on.
    main: OnceLock<GoroutineRef>,
    /// Whether it has left by `Goexit`, which does not end the program.
    main_left: AtomicBool,
    /// A rough time of the monotonic clock.
    clock: AtomicU64,
    monitor: Monitor,
    has_ended: AtomicBool,
    end: Mutex<Option<i32>>,
    ended: Condvar,
}

/// The runtime's own goroutines.
#[derive(Default)]
struct Own {
    /// Those that run finalizers and cleanups, while they wait.
    idle_finalizers: Vec<GoroutineRef>,
    /// How often the collector has found something.
    finds: u64,
    finalizers_began: bool,
    cleanups_began: bool,
    /// The one that keeps the program's timers, while it waits, and the number of the wait.
    keeper: Option<(GoroutineRef, u64)>,
    /// It was woken while it ran.
    keeper_woken: bool,
}

/// What a processor needs to make and end goroutines.
pub struct Means<'a> {
    /// Its access to the heap.
    pub memory: &'a mut Memory,
    /// Its segments of stacks.
    pub pool: &'a mut Pool,
}

/// Bytes that a goroutine's stack may have, at first.
const MAX_STACK: usize = 1_000_000_000;

impl Sched {
    /// A scheduler without goroutines, for so many processors at a time.
    pub fn new(machine: Arc<Machine>, processors: usize) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            this: Weak::clone(this),
            machine,
            max_stack: AtomicUsize::new(MAX_STACK),
            ready: Mutex::default(),
            queued: AtomicUsize::new(0),
            processors: RwLock::default(),
            idle: Mutex::new(Idle::new(processors)),
            spare: AtomicUsize::new(processors),
            searching: AtomicUsize::new(0),
            crowded: AtomicBool::new(false),
            starter: OnceLock::new(),
            timers: Timers::default(),
            semaphores: Semaphores::default(),
            poller: Poller::default(),
            free: Mutex::default(),
            next_id: AtomicU64::new(1),
            count: AtomicUsize::new(0),
            own: Mutex::default(),
            main: OnceLock::new(),
            main_left: AtomicBool::new(false),
            clock: AtomicU64::new(monotonic_ns()),
            monitor: Monitor::default(),
            has_ended: AtomicBool::new(false),
            end: Mutex::new(None),
            ended: Condvar::new(),
        })
    }

    // ---- goroutines

    /// A new goroutine that runs a closure; `creator` is where it is made, for traces. The caller makes it ready.
    ///
    /// # Errors
    /// The heap is exhausted.
    ///
    /// # Safety
    /// `closure` is one of the program, without parameters and results.
    pub unsafe fn make(
        &self,
        means: Means<'_>,
        closure: u64,
        creator: Option<(u32, u32, u64)>,
    ) -> Result<GoroutineRef, AllocError> {
        let Means { memory, pool } = means;
        let mut stack = Stack::new(pool, &mut memory.mutator)?;
        let code = &self.machine.code;
        // SAFETY: the caller's promise: the first word of a closure is its function.
        let entry = code.entries()[unsafe { Memory::word(closure as usize) } as usize];
        let mut frame = stack.base();
        // SAFETY: the first segment has room for a frame's header; one that needs more crosses to the next segment.
        unsafe {
            *frame.add(RETURN_PC) = code.finish() as u64;
            *frame.add(CALLER) = 0;
            *frame.add(CLOSURE) = closure;
            if frame.byte_add(entry.frame) > stack.limit() {
                let crossed = stack.cross(pool, &mut memory.mutator, &entry, frame, code.edge(), usize::MAX);
                frame = match crossed {
                    Ok(frame) => frame,
                    Err(_) => {
                        stack.free(pool, &mut memory.mutator);
                        return Err(AllocError::HardLimit);
                    }
                };
            }
        }
        let free = lock(&self.free).pop();
        let g = free.unwrap_or_else(|| self.machine.add());
        let state = g.get();
        state.id = self.next_id.fetch_add(1, Relaxed);
        (state.pc, state.frame) = (entry.pc, frame);
        state.stack = Some(stack);
        state.system = false;
        state.creator = creator;
        self.count.fetch_add(1, SeqCst);
        g.begin(memory.mutator.cycle());
        Ok(g)
    }

    /// A goroutine has ended.
    pub fn end(&self, means: Means<'_>, g: GoroutineRef) {
        let state = g.get();
        if !state.system {
            self.count.fetch_sub(1, SeqCst);
        }
        state.panics.clear();
        g.end();
        if let Some(stack) = state.stack.take() {
            stack.free(means.pool, &mut means.memory.mutator);
        }
        lock(&self.free).push(g);
    }

    /// Makes a goroutine of the program one of the runtime's own.
    pub fn make_system(&self, g: GoroutineRef) {
        if !std::mem::replace(&mut g.get().system, true) {
            self.count.fetch_sub(1, SeqCst);
        }
    }

    /// How many goroutines there are that are not the runtime's own.
    pub fn count(&self) -> usize {
        self.count.load(SeqCst)
    }

    /// The goroutine that `main` runs on.
    pub fn main(&self) -> Option<GoroutineRef> {
        self.main.get().copied()
    }

    /// Says which one that is.
    pub fn set_main(&self, g: GoroutineRef) {
        _ = self.main.set(g);
    }

    /// The main goroutine leaves by `Goexit`.
    pub fn leave_main(&self) {
        self.main_left.store(true, SeqCst);
    }

    /// Whether the end of a goroutine is that of the program.
    pub fn ends_with(&self, g: GoroutineRef) -> bool {
        self.main() == Some(g) && !self.main_left.load(SeqCst)
    }

    // ---- who is ready

    /// A goroutine is ready to run on this processor, next if `next` says so.
    pub fn ready(&self, own: &Processor, g: GoroutineRef, next: bool) {
        let pushed = if next { own.queue.push_next(g.address()) } else { own.queue.push(g.address()) };
        if let Err(Overflow(items)) = pushed {
            let mut ready = lock(&self.ready);
            ready.extend(items.into_iter().filter_map(GoroutineRef::at));
            self.queued.store(ready.len(), SeqCst);
        }
        self.wake_processor();
    }

    /// A goroutine is ready to run on any processor, after those that are ready already.
    pub fn ready_anywhere(&self, g: GoroutineRef) {
        {
            let mut ready = lock(&self.ready);
            ready.push_back(g);
            self.queued.store(ready.len(), SeqCst);
        }
        self.wake_processor();
    }

    /// A goroutine whose wait the caller has ended goes on.
    pub fn wake(&self, own: &Processor, g: GoroutineRef) {
        if g.awaken() {
            self.ready(own, g, true);
        }
    }

    /// The same from where there is no processor.
    fn wake_anywhere(&self, g: GoroutineRef) {
        if g.awaken() {
            self.ready_anywhere(g);
        }
    }

    /// Takes some of those that belong to no processor; the first is returned.
    fn take_ready(&self, own: &Processor, most: usize) -> Option<GoroutineRef> {
        if self.queued.load(SeqCst) == 0 {
            return None;
        }
        let mut ready = lock(&self.ready);
        let share = (ready.len() / self.processors.read().map_or(1, |all| all.len()).max(1) + 1).min(most);
        let first = ready.pop_front();
        for _ in 1..share {
            let Some(g) = ready.pop_front() else { break };
            if let Err(Overflow(items)) = own.queue.push(g.address()) {
                ready.extend(items.into_iter().filter_map(GoroutineRef::at));
                break;
            }
        }
        self.queued.store(ready.len(), SeqCst);
        first
    }

    /// Whether a goroutine is ready to run that nobody runs.
    pub fn has_ready(&self) -> bool {
        self.queued.load(SeqCst) > 0
            || self.processors.read().is_ok_and(|all| all.iter().any(|processor| !processor.queue.is_empty()))
    }

    /// Whether somebody may want to run before the running one stops.
    pub fn has_others(&self) -> bool {
        self.count() > 1 || self.timers.next().is_some() || self.is_crowded()
    }

    /// Whether somebody waits to run instead of the running one.
    pub fn is_contended(&self) -> bool {
        self.has_ready() || self.is_crowded()
    }

    fn is_crowded(&self) -> bool {
        self.crowded.load(SeqCst)
    }

    /// There is another goroutine: time slices begin to matter.
    pub fn others_began(&self) {
        self.monitor.need(self);
    }

    /// A rough time of the monotonic clock.
    pub fn now(&self) -> u64 {
        self.clock.load(Relaxed)
    }

    // ---- time

    /// The goroutine will wait until a time of the monotonic clock; nothing else wakes it.
    pub fn sleep_until(&self, g: GoroutineRef, deadline: u64) {
        let wait = g.begin_wait(Wait::Sleep, 0, self.now());
        self.add_timer(g, wait, deadline);
    }

    fn add_timer(&self, g: GoroutineRef, wait: u64, deadline: u64) {
        if self.timers.add(deadline, wait, g) {
            self.look_at_timers();
        }
    }

    /// Wakes those whose time has come, and what runs finalizers if there are some.
    pub fn poll(&self) {
        if let Some(next) = self.timers.next() {
            let now = monotonic_ns();
            self.clock.store(now, Relaxed);
            if next <= now {
                self.timers.take_due(now).into_iter().for_each(|g| self.wake_anywhere(g));
            }
        }
        if self.machine.take_signal() {
            self.wake_finalizers();
        }
    }

    // ---- the runtime's own goroutines

    /// Whether the goroutine that runs finalizers has to be started now.
    pub fn begin_finalizers(&self) -> bool {
        !std::mem::replace(&mut lock(&self.own).finalizers_began, true)
    }

    /// The same for cleanups.
    pub fn begin_cleanups(&self) -> bool {
        !std::mem::replace(&mut lock(&self.own).cleanups_began, true)
    }

    /// How often the collector has found something to finalize or clean up.
    pub fn finds(&self) -> u64 {
        lock(&self.own).finds
    }

    /// A goroutine waits for the collector to find something to finalize or clean up; not if it has, since
    /// [`Sched::finds`] was `finds`.
    pub fn await_finalizers(&self, g: GoroutineRef, wait: Wait, finds: u64) -> bool {
        let mut own = lock(&self.own);
        if own.finds != finds {
            return false;
        }
        g.begin_wait(wait, 0, self.now());
        own.idle_finalizers.push(g);
        true
    }

    /// There is something to finalize or clean up.
    pub fn wake_finalizers(&self) {
        let waiting = {
            let mut own = lock(&self.own);
            own.finds += 1;
            std::mem::take(&mut own.idle_finalizers)
        };
        for g in waiting {
            // Nobody else wakes them.
            if g.claim(g.waits()) {
                self.wake_anywhere(g);
            }
        }
    }

    /// The keeper of timers waits, until a time if there is one. Not if it was woken before.
    pub fn park_keeper(&self, g: GoroutineRef, until: Option<u64>) -> bool {
        let mut own = lock(&self.own);
        if std::mem::take(&mut own.keeper_woken) {
            return false;
        }
        let wait = g.begin_wait(Wait::Timer, 0, self.now());
        own.keeper = Some((g, wait));
        drop(own);
        if let Some(until) = until {
            self.add_timer(g, wait, until);
        }
        true
    }

    /// The keeper of timers shall look again.
    pub fn wake_keeper(&self) {
        let mut own = lock(&self.own);
        match own.keeper.take().filter(|(g, wait)| g.claim(*wait)) {
            Some((g, _)) => {
                drop(own);
                self.wake_anywhere(g);
            }
            None => own.keeper_woken = true,
        }
    }

    // ---- semaphores

    /// Counts a semaphore down, or waits until somebody has done that for the goroutine; whether it waits. How long it
    /// has waited goes to `result`.
    pub fn acquire(&self, g: GoroutineRef, semaphore: &AtomicU32, front: bool, wait: Wait, result: *mut u64) -> bool {
        let address = semaphore.as_ptr().addr();
        let mut part = self.semaphores.part(address);
        if semaphore::take(semaphore) {
            return false;
        }
        g.get().result = result;
        let number = g.begin_wait(wait, address, monotonic_ns());
        let queue = part.entry(address).or_default();
        if front {
            queue.push_front((g, number))
        } else {
            queue.push_back((g, number))
        }
        true
    }

    /// Counts a semaphore up, or for the goroutine that waits for it.
    pub fn release(&self, own: &Processor, semaphore: &AtomicU32) {
        let address = semaphore.as_ptr().addr();
        let mut part = self.semaphores.part(address);
        let first = semaphore::first(&mut part, address).filter(|(g, wait)| g.claim(*wait));
        let Some((g, _)) = first else {
            semaphore.fetch_add(1, SeqCst);
            return;
        };
        drop(part);
        let state = g.get();
        // SAFETY: its wait was ended here; the place is one of its frame's, or null.
        if let Some(result) = unsafe { state.result.as_mut() } {
            *result = monotonic_ns().saturating_sub(state.since);
        }
        state.result = std::ptr::null_mut();
        self.wake(own, g);
    }

    // ---- the end

    /// The program ends with an exit code, unless it has ended already.
    pub fn finish(&self, code: i32) {
        {
            let mut end = lock(&self.end);
            end.get_or_insert(code);
            self.has_ended.store(true, SeqCst);
            self.ended.notify_all();
        }
        self.call_all();
        self.monitor.wake();
    }

    /// Whether the program has ended.
    pub fn has_ended(&self) -> bool {
        self.has_ended.load(Relaxed)
    }

    /// Waits for the end; the exit code.
    pub fn wait_for_end(&self) -> i32 {
        let mut end = lock(&self.end);
        loop {
            match *end {
                Some(code) => return code,
                None => end = self.ended.wait(end).unwrap_or_else(std::sync::PoisonError::into_inner),
            }
        }
    }
}
