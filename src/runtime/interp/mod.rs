//! The interpreter: executes the goroutines of a program on a processor.
//!
//! - [`state`]: what a handler has, and dispatch;
//! - [`ops`]: the handlers, by family;
//! - [`Proc`]: the processor, and its loop over goroutines that are ready;
//! - [`unwind`]: panics, deferred calls, `recover`, `Goexit`;
//! - [`fault`], [`print`], [`report`]: what is said when something goes wrong;
//! - [`native`]: how functions that are written in Rust are called.
//!
//! Invariants:
//! - code is verified before it runs, so handlers check no operand;
//! - a goroutine stops only where its function has a map: behind calls, at loop heads, at function entries;
//! - before a safepoint its place is saved, and between the last safepoint and the moment in which it stops running
//!   the phase of the collector does not change.

mod fault;
pub mod host;
pub mod native;
mod ops;
mod print;
mod report;
mod state;
mod unwind;

use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

pub use report::Report;

use self::host::Host;
use self::native::NativeFn;
use self::state::{HandlerTable, Looped, State, Threaded};
use super::object::{Memory, Str, Trap};
use super::sched::{GoroutineRef, Machine, Next as NextGoroutine, Sched};
use super::stack::{Entry, Full};
use crate::base::os::monotonic_ns;
use crate::bytecode::program::Known;
use crate::memory::{AllocError, Mutator, Nudge};

/// Which dispatch runs the handlers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Backend {
    /// Each handler jumps to the next; needs an optimised build.
    Threaded,
    /// A loop calls them.
    Looped,
}

impl Default for Backend {
    fn default() -> Self {
        if cfg!(tail_calls) { Self::Threaded } else { Self::Looped }
    }
}

/// How programs are executed.
#[derive(Clone, Copy, Default, Debug)]
pub struct Execution {
    /// Which dispatch runs the handlers.
    pub backend: Backend,
    /// Collect at safepoints, and switch goroutines there as it comes.
    pub stress: bool,
    /// Overwrite the slots without a live value at safepoints.
    pub poison: bool,
}

/// Where a goroutine goes on.
#[derive(Clone, Copy, Debug)]
struct Next {
    /// The instruction; null: it does not.
    pc: *const u64,
    fp: *mut u64,
}

impl Next {
    const STOP: Self = Self { pc: ptr::null(), fp: ptr::null_mut() };
}

/// Why a goroutine stops running.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stop {
    /// Others may run.
    Yield,
    /// It waits.
    Park,
    /// It has ended.
    Finish,
    /// The program has ended.
    Exit(i32),
}

/// Entries of the cache of methods.
const METHODS: usize = 1024;

/// A processor: what goroutines run on.
#[repr(C)]
pub struct Proc {
    table: HandlerTable,
    /// Where frames of the current segment must end.
    limit: *mut u64,
    /// Where functions return to over the edge of a segment.
    edge: *const u64,
    entries: *const Entry,
    constants: *const u64,
    strings: *const Str,
    /// Closures of functions without captures: each is a word, the function's number.
    closures: *const u64,
    globals: *mut u64,
    /// Which function an interface's tag and a method's number lead to: tag, method and function.
    methods: Box<[(u64, u32, u32); METHODS]>,
    /// The heap and the program's types.
    pub memory: Memory,
    /// Types that natives need.
    pub known: Known,
    /// What the surroundings give the program.
    pub host: Host,
    /// Goroutines.
    pub sched: Sched,
    /// The goroutine that runs.
    pub g: GoroutineRef,
    main: GoroutineRef,
    /// Whether the main goroutine has left by `Goexit`, which does not end the program.
    main_left: bool,
    natives: Box<[NativeFn]>,
    trap: Option<Trap>,
    stop: Stop,
    registers: Option<State>,
    execution: Execution,
    /// Safepoints so far, and the one at which the next collection is due under stress.
    safepoints: (u64, u64),
    report: Report,
    preempt: Preempt,
    watcher: Option<std::thread::JoinHandle<()>>,
    /// What the pointers above lead to.
    _tables: Tables,
}

struct Tables {
    _strings: Box<[Str]>,
    _closures: Box<[u64]>,
}

/// Ends time slices.
#[derive(Clone)]
struct Preempt {
    /// The time slice is over.
    over: Arc<AtomicBool>,
    nudge: Nudge,
    /// What the thread that watches knows; it sleeps while nobody waits for the processor.
    watch: Arc<Watch>,
}

struct Watch {
    state: std::sync::Mutex<WatchState>,
    changed: std::sync::Condvar,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum WatchState {
    /// Nobody waits.
    Idle,
    Busy,
    /// The program has ended.
    Ended,
}

/// How long a goroutine runs while others are ready.
const SLICE: std::time::Duration = std::time::Duration::from_millis(10);

impl Preempt {
    fn new(mutator: &Mutator) -> Self {
        let watch = Watch { state: std::sync::Mutex::new(WatchState::Idle), changed: std::sync::Condvar::new() };
        Self { over: Arc::default(), nudge: mutator.nudge(), watch: Arc::new(watch) }
    }

    fn set(&self, state: WatchState) {
        let mut current = self.watch.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if *current != state && *current != WatchState::Ended {
            *current = state;
            self.watch.changed.notify_one();
        }
    }

    /// The watching thread.
    fn run(self) {
        let mut state = self.watch.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        loop {
            state = match *state {
                WatchState::Ended => return,
                WatchState::Idle => self.watch.changed.wait(state).unwrap_or_else(std::sync::PoisonError::into_inner),
                WatchState::Busy => {
                    let waited = self.watch.changed.wait_timeout(state, SLICE);
                    let (state, timeout) = waited.unwrap_or_else(std::sync::PoisonError::into_inner);
                    if timeout.timed_out() {
                        self.over.store(true, Relaxed);
                        self.nudge.now();
                    }
                    state
                }
            };
        }
    }
}

impl Proc {
    /// A processor for a machine. `natives` are those of the program, in its order.
    ///
    /// # Errors
    /// The heap is exhausted.
    pub fn new(
        machine: Arc<Machine>,
        mut memory: Memory,
        natives: Box<[NativeFn]>,
        host: Host,
        execution: Execution,
    ) -> Result<Self, AllocError> {
        let code = Arc::clone(&machine.code);
        let program = code.program();
        let text = |bytes: &[u8]| Str { at: bytes.as_ptr().expose_provenance(), len: bytes.len() };
        let strings: Box<[Str]> = program.strings.iter().map(|bytes| text(bytes)).collect();
        let closures: Box<[u64]> = (0..program.functions.len() as u64).collect();
        let entry = (&raw const closures[program.entry as usize]) as u64;
        let mut sched = Sched::new(Arc::clone(&machine));
        // SAFETY: the entry is a function without parameters and results.
        let main = unsafe { sched.start(&mut memory, entry)? };
        let preempt = Preempt::new(&memory.mutator);
        Ok(Self {
            table: match execution.backend {
                Backend::Threaded => const { ops::table::<Threaded>() },
                Backend::Looped => const { ops::table::<Looped>() },
            },
            limit: ptr::null_mut(),
            edge: code.edge(),
            entries: code.entries().as_ptr(),
            constants: program.constants.as_ptr(),
            strings: strings.as_ptr(),
            closures: closures.as_ptr(),
            globals: machine.globals(),
            methods: Box::new([(0, 0, 0); METHODS]),
            memory,
            known: program.known,
            host,
            sched,
            g: main,
            main,
            main_left: false,
            natives,
            trap: None,
            stop: Stop::Yield,
            registers: None,
            execution,
            safepoints: (0, 0),
            report: Report::default(),
            preempt,
            watcher: None,
            _tables: Tables { _strings: strings, _closures: closures },
        })
    }

    /// Runs the program to its end; its exit code.
    pub fn run(&mut self) -> i32 {
        let code = self.run_all();
        self.preempt.set(WatchState::Ended);
        if let Some(thread) = self.watcher.take() {
            _ = thread.join();
        }
        code
    }

    /// Whether others wait for the processor. The thread that watches begins when they do for the first time.
    fn set_busy(&mut self, busy: bool) {
        if busy && self.watcher.is_none() {
            let preempt = self.preempt.clone();
            let thread = std::thread::Builder::new().name("preempt".to_owned()).spawn(move || preempt.run());
            // Without it goroutines run until they wait.
            self.watcher = thread.ok();
        }
        self.preempt.set(if busy { WatchState::Busy } else { WatchState::Idle });
    }

    fn run_all(&mut self) -> i32 {
        if self.execution.stress || self.execution.poison {
            self.preempt.nudge.now();
        }
        loop {
            let g = match self.sched.choose() {
                NextGoroutine::Run(g) => g,
                NextGoroutine::Sleep(until) => {
                    self.sleep(until);
                    continue;
                }
                NextGoroutine::Deadlock => return self.deadlock(),
            };
            self.run_one(g);
            match self.stop {
                Stop::Yield => self.sched.yield_now(g),
                Stop::Park => {}
                Stop::Finish if g == self.main && !self.main_left => return 0,
                Stop::Finish => self.sched.end(&mut self.memory, g),
                Stop::Exit(code) => return code,
            }
        }
    }

    /// Runs a goroutine until it stops.
    fn run_one(&mut self, g: GoroutineRef) {
        self.g = g;
        let busy = self.sched.has_others();
        self.set_busy(busy);
        let machine = Arc::clone(&self.sched.machine);
        g.resume(&mut self.memory.mutator, &machine.code);
        machine.set_running(self.memory.mutator.id(), Some(g));
        let state = g.get();
        self.limit = state.stack.as_ref().map_or(ptr::null_mut(), super::stack::Stack::limit);
        let mut next = Next { pc: state.pc, fp: state.frame };
        if std::mem::take(&mut state.closed) {
            self.trap = Some(Trap::plain("send on closed channel"));
            // SAFETY: the goroutine waited behind an instruction that sends, which takes two words.
            next = unsafe { self.raise(next.pc.sub(1), next.fp) };
        }
        if !next.pc.is_null() {
            self.interpret(next);
        }
        match self.stop {
            Stop::Finish => {}
            // The program may end within an instruction, where there is no map of the frame: nobody looks at it again.
            Stop::Exit(_) => g.end(),
            // It may be this mutator that the collector waits for; while it has not looked, the goroutine counts as
            // running.
            _ => self.memory.mutator.safepoint(),
        }
        machine.set_running(self.memory.mutator.id(), None);
        g.pause();
    }

    fn interpret(&mut self, next: Next) {
        let cx: *mut Self = self;
        let mut state = State { pc: next.pc, fp: next.fp, acc: 0, asked: self.memory.mutator.asked(), cx, facc: 0.0 };
        // SAFETY: the goroutine's place is an instruction of verified code and its frame; nothing but the handlers uses
        // the processor until they return.
        unsafe {
            loop {
                let op = usize::from(*state.pc.cast::<u16>());
                (*cx).registers = None;
                ((*cx).table[op])(state.pc, state.fp, state.acc, state.asked, cx, state.facc);
                match (*cx).registers {
                    Some(next) if (*cx).execution.backend == Backend::Looped => state = next,
                    _ => break,
                }
            }
        }
    }

    /// The goroutine stops, and will go on there.
    fn stop_at(&mut self, stop: Stop, pc: *const u64, fp: *mut u64) {
        let state = self.g.get();
        (state.pc, state.frame) = (pc, fp);
        self.stop = stop;
    }

    fn sleep(&mut self, until: u64) {
        let now = monotonic_ns();
        if until > now {
            let time = std::time::Duration::from_nanos(until - now);
            let machine = Arc::clone(&self.sched.machine);
            self.set_busy(false);
            self.memory.mutator.blocked(|| machine.sleep(time));
        }
    }

    /// There is another goroutine: time slices begin to matter.
    pub fn others_are_ready(&mut self) {
        self.set_busy(true);
    }

    /// A safepoint of the running goroutine, which goes on there afterwards.
    ///
    /// # Safety
    /// The function of the frame has a map there.
    unsafe fn safepoint(&mut self, pc: *const u64, fp: *mut u64) -> Next {
        let state = self.g.get();
        (state.pc, state.frame) = (pc, fp);
        self.memory.mutator.safepoint();
        if self.execution.stress || self.execution.poison {
            self.check();
        }
        if self.preempt.over.swap(false, Relaxed) {
            self.sched.poll();
            if self.sched.is_busy() {
                self.stop = Stop::Yield;
                return Next::STOP;
            }
        }
        Next { pc, fp }
    }

    /// What the checks do at a safepoint.
    #[cold]
    fn check(&mut self) {
        if self.execution.poison {
            let code = Arc::clone(&self.sched.machine.code);
            // Those further out have waited at the same place before, when they were among these.
            // SAFETY: the running goroutine stands at a safepoint.
            unsafe { self.g.frames(&code) }.take(8).for_each(|frame| unsafe { frame.poison(&code) });
        }
        if self.execution.stress {
            let (count, due) = &mut self.safepoints;
            *count += 1;
            if *count >= *due {
                // Less and less often, so that long programs end.
                *due = *count + 1 + *count / 64;
                self.memory.mutator.collect();
            }
            if self.memory.random().is_multiple_of(4) {
                self.preempt.over.store(true, Relaxed);
            }
        }
        // The next safepoint is not to be passed by.
        self.preempt.nudge.now();
    }

    /// A call whose frame does not fit, where the next segment is ready for it; null if it is not.
    ///
    /// # Safety
    /// As for [`Proc::enter_slowly`].
    #[inline(always)]
    unsafe fn cross_again(&mut self, entry: &Entry, window: *mut u64) -> *mut u64 {
        let Some(stack) = self.g.get().stack.as_mut() else { return ptr::null_mut() };
        // SAFETY: the caller's promise.
        let frame = unsafe { stack.cross_again(entry, window, self.edge) };
        if !frame.is_null() {
            self.limit = stack.limit();
        }
        frame
    }

    /// A call whose frame does not fit, or that is a safepoint. The window's header is complete.
    ///
    /// # Safety
    /// `entry` is that of the function to call, and `window` its frame as the caller made it.
    unsafe fn enter_slowly(&mut self, entry: &Entry, pc: *const u64, window: *mut u64) -> Next {
        let mut frame = window;
        if window.wrapping_byte_add(entry.frame) > self.limit {
            let edge = self.edge;
            let (pool, limit) = (&mut self.sched.pool, self.sched.max_stack);
            let Some(stack) = self.g.get().stack.as_mut() else { return Next::STOP };
            // SAFETY: the caller's promise.
            match unsafe { stack.cross(pool, &mut self.memory.mutator, entry, window, edge, limit) } {
                Ok(new) => {
                    frame = new;
                    self.limit = stack.limit();
                }
                Err(full) => {
                    // SAFETY: the caller's frame.
                    let caller = unsafe { super::stack::Stack::caller(window) };
                    self.stop_at(Stop::Yield, pc, caller);
                    self.trap = Some(match full {
                        Full::Limit => Trap::StackOverflow,
                        Full::Memory(error) => error.into(),
                    });
                    // SAFETY: the place of the call.
                    return unsafe { self.raise(pc, caller) };
                }
            }
        }
        if self.memory.mutator.is_asked() {
            // SAFETY: functions have a map at their beginning.
            return unsafe { self.safepoint(entry.pc, frame) };
        }
        Next { pc: entry.pc, fp: frame }
    }

    /// The first frame of a segment has returned; where its caller goes on.
    ///
    /// # Safety
    /// That is so.
    unsafe fn over_edge(&mut self) -> *const u64 {
        let Some(stack) = self.g.get().stack.as_mut() else { return ptr::null() };
        // SAFETY: the caller's promise.
        let pc = unsafe { stack.cross_back() };
        self.limit = stack.limit();
        pc
    }

    // ---- methods

    fn method_place(tag: u64, method: usize) -> usize {
        (tag as usize >> 1).wrapping_mul(31).wrapping_add(method) % METHODS
    }

    /// The function that a method is for a value with a tag, if the cache has it.
    #[inline(always)]
    fn cached_method(&self, tag: u64, method: usize) -> u32 {
        let (known, number, function) = self.methods[Self::method_place(tag, method)];
        if known == tag && number == method as u32 && tag != 0 { function } else { u32::MAX }
    }

    /// Puts the function into the cache; whether there is one.
    fn cache_method(&mut self, tag: u64, method: usize) -> bool {
        let value = super::object::Value { tag, word: 0 };
        let Some(ty) = value.ty() else { return false };
        let methods = &self.memory.types().get(ty).desc.methods;
        let Ok(found) = methods.binary_search_by_key(&(method as u32), |(number, _)| *number) else { return false };
        self.methods[Self::method_place(tag, method)] = (tag, method as u32, methods[found].1);
        true
    }
}
