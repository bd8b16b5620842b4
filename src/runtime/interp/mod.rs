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

use std::io;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

pub use report::Report;

use self::host::Host;
use self::native::NativeFn;
use self::state::{HandlerTable, Looped, State, Threaded};
use super::object::{Memory, Str, Trap, Types};
use super::sched::{Found, GoroutineRef, Means, Processor, Sched};
use super::stack::{Entry, Full, Pool};
use crate::bytecode::program::Known;
use crate::memory::{AllocError, Heap};

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

/// What all processors of a program have in common.
pub struct Shared {
    /// The heap.
    pub heap: Heap,
    /// Goroutines.
    pub sched: Arc<Sched>,
    types: Arc<Types>,
    natives: Box<[NativeFn]>,
    host: Host,
    execution: Execution,
    strings: Box<[Str]>,
    /// Closures of functions without captures: each is a word, the function's number.
    closures: Box<[u64]>,
    /// Held by the processor that reports why the program ends; it is not given back.
    last_words: AtomicBool,
}

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
    closures: *const u64,
    globals: *mut u64,
    natives: *const NativeFn,
    /// Which function an interface's tag and a method's number lead to: tag, method and function.
    methods: Box<[(u64, u32, u32); METHODS]>,
    /// The heap and the program's types.
    pub memory: Memory,
    /// Types that natives need.
    pub known: Known,
    /// What the surroundings give the program.
    pub host: Host,
    /// Goroutines.
    pub sched: Arc<Sched>,
    /// This processor, as the others see it.
    pub own: Arc<Processor>,
    /// Segments of stacks.
    pool: Pool,
    /// The goroutine that runs.
    pub g: GoroutineRef,
    trap: Option<Trap>,
    stop: Stop,
    registers: Option<State>,
    execution: Execution,
    /// Safepoints so far, and the one at which the next collection is due under stress.
    safepoints: (u64, u64),
    report: Report,
    /// What the pointers above lead to.
    shared: Arc<Shared>,
}

// SAFETY: what its pointers lead to is shared by all processors and never changes, or belongs to this one.
unsafe impl Send for Proc {}

impl Shared {
    /// What the processors of a machine need. `natives` are those of the program, in its order.
    pub fn new(
        heap: Heap,
        sched: Arc<Sched>,
        types: Arc<Types>,
        natives: Box<[NativeFn]>,
        host: Host,
        execution: Execution,
    ) -> Arc<Self> {
        let program = sched.machine.code.program();
        let text = |bytes: &[u8]| Str { at: bytes.as_ptr().expose_provenance(), len: bytes.len() };
        let strings = program.strings.iter().map(|bytes| text(bytes)).collect();
        let closures = (0..program.functions.len() as u64).collect();
        let last_words = AtomicBool::new(false);
        let shared = Arc::new(Self { heap, sched, types, natives, host, execution, strings, closures, last_words });
        let weak = Arc::downgrade(&shared);
        shared.sched.set_starter(move |processor| {
            let Some(shared) = weak.upgrade() else { return false };
            start(move || Proc::new(shared, processor).work(true))
        });
        let weak = Arc::downgrade(&shared.sched);
        shared.sched.machine.set_listener(move || {
            if let Some(sched) = weak.upgrade() {
                sched.poll();
            }
        });
        shared
    }

    /// Makes the main goroutine, and the processor that will run it.
    ///
    /// # Errors
    /// The heap is exhausted.
    pub fn begin(self: &Arc<Self>) -> Result<Proc, AllocError> {
        let mut proc = Proc::new(Arc::clone(self), self.sched.first_processor());
        let program = self.sched.machine.code.program();
        let entry = (&raw const self.closures[program.entry as usize]) as u64;
        // SAFETY: the entry is a function without parameters and results.
        let main = unsafe { proc.make_goroutine(entry, None)? };
        self.sched.set_main(main);
        self.sched.ready(&proc.own, main, true);
        Ok(proc)
    }

    /// Runs the program to its end on the processor that [`Shared::begin`] made, and on others; its exit code.
    ///
    /// # Errors
    /// The system refuses a thread.
    pub fn run(&self, mut proc: Proc) -> io::Result<i32> {
        let thread = std::thread::Builder::new().name(NAME.to_owned()).stack_size(THREAD_STACK);
        thread.spawn(move || proc.work(false))?;
        Ok(self.sched.wait_for_end())
    }
}

/// The name of processors' threads.
const NAME: &str = "processor";
/// Bytes of their stacks, as the main thread of a process usually has.
const THREAD_STACK: usize = 8 << 20;

/// Starts a processor's thread; whether the system has let us.
fn start(work: impl FnOnce() + Send + 'static) -> bool {
    std::thread::Builder::new().name(NAME.to_owned()).stack_size(THREAD_STACK).spawn(work).is_ok()
}

impl Drop for Proc {
    fn drop(&mut self) {
        self.sched.machine.detach(self.memory.mutator.id());
    }
}

impl Proc {
    /// A processor for the calling thread, or the one that it is given to.
    fn new(shared: Arc<Shared>, own: Arc<Processor>) -> Self {
        let sched = Arc::clone(&shared.sched);
        let memory = Memory::new(shared.heap.attach(), Arc::clone(&shared.types));
        own.set_nudge(memory.mutator.nudge());
        sched.machine.attach(memory.mutator.id(), Arc::clone(&own));
        let code = &sched.machine.code;
        let program = code.program();
        Self {
            table: match shared.execution.backend {
                Backend::Threaded => const { ops::table::<Threaded>() },
                Backend::Looped => const { ops::table::<Looped>() },
            },
            limit: ptr::null_mut(),
            edge: code.edge(),
            entries: code.entries().as_ptr(),
            constants: program.constants.as_ptr(),
            strings: shared.strings.as_ptr(),
            closures: shared.closures.as_ptr(),
            globals: sched.machine.globals(),
            natives: shared.natives.as_ptr(),
            methods: Box::new([(0, 0, 0); METHODS]),
            memory,
            known: program.known,
            host: shared.host.clone(),
            own,
            pool: Pool::default(),
            g: GoroutineRef::none(),
            trap: None,
            stop: Stop::Yield,
            registers: None,
            execution: shared.execution,
            safepoints: (0, 0),
            report: Report::default(),
            sched,
            shared,
        }
    }

    /// A new goroutine, which the caller makes ready.
    ///
    /// # Safety
    /// As for [`Sched::make`].
    unsafe fn make_goroutine(
        &mut self,
        closure: u64,
        creator: Option<(u32, u32, u64)>,
    ) -> Result<GoroutineRef, AllocError> {
        let means = Means { memory: &mut self.memory, pool: &mut self.pool };
        // SAFETY: the caller's promise.
        unsafe { self.sched.make(means, closure, creator) }
    }

    /// Runs goroutines until the program ends. `searching` says whether the processor was started to look for some.
    fn work(&mut self, mut searching: bool) {
        loop {
            let g = match self.sched.find(&self.own, &mut self.memory.mutator, searching) {
                Found::Run(g) => g,
                Found::Deadlock => {
                    let code = self.deadlock();
                    return self.sched.finish(code);
                }
                Found::End => return,
            };
            searching = false;
            self.run_one(g);
            match self.stop {
                Stop::Yield => self.sched.ready_anywhere(g),
                Stop::Park if g.let_go() => {}
                Stop::Park => self.sched.ready(&self.own, g, false),
                Stop::Finish if self.sched.ends_with(g) => return self.sched.finish(0),
                Stop::Finish => {
                    let means = Means { memory: &mut self.memory, pool: &mut self.pool };
                    self.sched.end(means, g);
                }
                Stop::Exit(code) => return self.sched.finish(code),
            }
        }
    }

    /// Runs a goroutine until it stops.
    fn run_one(&mut self, g: GoroutineRef) {
        self.g = g;
        g.resume(&mut self.memory.mutator, &self.sched.machine.code);
        self.own.set_current(Some(g));
        self.own.take_interrupt();
        if self.execution.stress || self.execution.poison || self.sched.has_ended() {
            self.own.interrupt();
        }
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
            Stop::Finish | Stop::Park => {}
            // The program may end within an instruction, where there is no map of the frame: nobody looks at it again.
            Stop::Exit(_) => g.end(),
            // It may be this mutator that the collector waits for; while it has not looked, the goroutine counts as
            // running. One that waits has done so before others could see that it does.
            Stop::Yield => self.memory.mutator.safepoint(),
        }
        self.own.set_current(None);
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
        if self.own.take_interrupt() {
            self.sched.poll();
            if self.sched.is_contended() || self.sched.has_ended() {
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
        }
        // The next safepoint is not to be passed by.
        if self.execution.stress && self.memory.random().is_multiple_of(4) {
            self.own.interrupt();
        } else {
            self.own.nudge();
        }
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
            let (pool, limit) = (&mut self.pool, self.sched.max_stack.load(Relaxed));
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
