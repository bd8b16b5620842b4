//! A goroutine.

use std::cell::UnsafeCell;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::AcqRel, Ordering::Acquire, Ordering::Relaxed};

use super::chan::Waiter;
use crate::base::sync::{Mutex, lock};
use crate::memory::Visitor;
use crate::runtime::object::Value;
use crate::runtime::stack::{Code, Frame, Raised, Stack, Walk};

/// What a goroutine waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wait {
    /// A value from a channel.
    Receive,
    /// The same from no channel.
    ReceiveNil,
    /// That a channel takes a value.
    Send,
    /// The same of no channel.
    SendNil,
    /// One of several channels.
    Select,
    /// None of no channels.
    SelectNone,
    /// A time.
    Sleep,
    /// A file.
    File,
    /// A lock of package `sync`, by the reason's number there.
    Sync(u8),
    /// Something to finalize.
    Finalizer,
    /// Something to clean up.
    Cleanup,
    /// The next timer.
    Timer,
}

impl Wait {
    /// As traces name it.
    pub fn text(self) -> &'static str {
        match self {
            Self::Receive => "chan receive",
            Self::ReceiveNil => "chan receive (nil chan)",
            Self::Send => "chan send",
            Self::SendNil => "chan send (nil chan)",
            Self::Select => "select",
            Self::SelectNone => "select (no cases)",
            Self::Sleep => "sleep",
            Self::File => "IO wait",
            Self::Sync(0) => "sync.Mutex.Lock",
            Self::Sync(1) => "sync.RWMutex.RLock",
            Self::Sync(2) => "sync.RWMutex.Lock",
            Self::Sync(3) => "sync.WaitGroup.Wait",
            Self::Sync(_) => "sync.Cond.Wait",
            Self::Finalizer => "finalizer wait",
            Self::Cleanup => "cleanup wait",
            Self::Timer => "timer wait",
        }
    }
}

/// A panic that is under way, or a goroutine's end by `runtime.Goexit`.
#[derive(Clone, Copy, Debug)]
pub struct Panic {
    /// Its value.
    pub value: Value,
    /// Whether it is `Goexit`, which nothing recovers.
    pub goexit: bool,
    /// Whether a deferred call has recovered it.
    pub recovered: bool,
    /// Whether it was raised by the use of a nil pointer.
    pub signal: bool,
    /// Where it was raised, and whose deferred call it runs.
    pub raised: Raised,
    /// Where its search for deferred calls goes on: an address and a frame, and how many of the panics that were under
    /// way before lie further in.
    pub reached: (*const u64, *mut u64, usize),
}

/// A goroutine's state. It belongs to the processor that runs it. From the moment in which others can see that it waits
/// it belongs to whoever has ended the wait ([`GoroutineRef::claim`]), until that one has woken it.
pub struct Goroutine {
    /// Its number.
    pub id: u64,
    /// The next instruction.
    pub pc: *const u64,
    /// The innermost frame.
    pub frame: *mut u64,
    /// Its stack; `None` before it begins and after its end.
    pub stack: Option<Stack>,
    /// The panics under way, the innermost last.
    pub panics: Vec<Panic>,
    /// What it waits for.
    pub wait: Option<Wait>,
    /// Since when.
    pub since: u64,
    /// An object that stays alive while it waits.
    pub keeps: usize,
    /// Its places in the queues of channels; some may still be there when it goes on.
    pub waiters: Vec<Waiter>,
    /// Where the result of its wait goes: the number of the case that was chosen, how long it has waited.
    pub result: *mut u64,
    /// It waited to send on a channel that was closed.
    pub closed: bool,
    /// It is one of the runtime's own.
    pub system: bool,
    /// The program's own numbers of the places that started it, for traces.
    pub creator: Option<(u32, u32, u64)>,
}

/// A goroutine and what scanning it needs.
pub struct Cell {
    state: UnsafeCell<Goroutine>,
    /// The last cycle in which its stack was scanned; held while it is scanned.
    scanned: Mutex<u32>,
    running: AtomicBool,
    alive: AtomicBool,
    /// [`READY`] or what follows.
    phase: AtomicU8,
    /// How many of its waits have ended.
    waits: AtomicU64,
}

/// It runs or can run.
const READY: u8 = 0;
/// It waits as far as others can see, but its processor has not let go of it.
const LEAVING: u8 = 1;
/// It waits.
const WAITING: u8 = 2;
/// It was woken before its processor let go of it.
const WOKEN: u8 = 3;

/// A goroutine of a machine, as long as that exists: cells are used again, never freed.
#[derive(Clone, Copy)]
pub struct GoroutineRef(*const Cell);

// SAFETY: a cell's state belongs to one processor at a time, as `Goroutine` says; the rest is for all threads.
unsafe impl Send for GoroutineRef {}
// SAFETY: as above.
unsafe impl Sync for GoroutineRef {}

impl PartialEq for GoroutineRef {
    fn eq(&self, other: &Self) -> bool {
        ptr::eq(self.0, other.0)
    }
}
impl Eq for GoroutineRef {}
impl PartialOrd for GoroutineRef {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for GoroutineRef {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}
impl std::fmt::Debug for GoroutineRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "goroutine {}", self.get().id)
    }
}

impl Cell {
    pub(super) fn new() -> Self {
        let state = Goroutine {
            id: 0,
            pc: ptr::null(),
            frame: ptr::null_mut(),
            stack: None,
            panics: Vec::new(),
            wait: None,
            since: 0,
            keeps: 0,
            waiters: Vec::new(),
            result: ptr::null_mut(),
            closed: false,
            system: false,
            creator: None,
        };
        Self {
            state: UnsafeCell::new(state),
            scanned: Mutex::new(0),
            running: AtomicBool::new(false),
            alive: AtomicBool::new(false),
            phase: AtomicU8::new(READY),
            waits: AtomicU64::new(0),
        }
    }
}

impl GoroutineRef {
    pub(super) fn new(cell: &Cell) -> Self {
        Self(cell)
    }

    fn cell<'a>(self) -> &'a Cell {
        // SAFETY: cells live as long as the machine.
        unsafe { &*self.0 }
    }

    /// Its address, never 0, for [`GoroutineRef::at`].
    pub fn address(self) -> usize {
        self.0.expose_provenance()
    }

    /// No goroutine, which nothing must be done with.
    pub fn none() -> Self {
        Self(ptr::null())
    }

    /// The goroutine with this address; `None` for 0.
    pub fn at(address: usize) -> Option<Self> {
        (address != 0).then(|| Self(ptr::with_exposed_provenance(address)))
    }

    // ---- waiting

    /// It will wait, on the processor that runs it: what it waits for, and an object that stays alive meanwhile. To be
    /// said before others can see that it waits; its place is saved already. Returns the number of the wait.
    pub fn begin_wait(self, wait: Wait, keeps: usize, since: u64) -> u64 {
        let state = self.get();
        state.wait = Some(wait);
        state.keeps = keeps;
        state.since = since;
        self.cell().phase.store(LEAVING, Relaxed);
        self.waits()
    }

    /// It will not wait: nobody has seen that it would.
    pub fn cancel_wait(self) {
        self.cell().phase.store(READY, Relaxed);
        self.get().wait = None;
        self.get().keeps = 0;
    }

    /// How many of its waits have ended.
    pub fn waits(self) -> u64 {
        self.cell().waits.load(Acquire)
    }

    /// Ends a wait; false if somebody else has. Who has ended it must wake the goroutine.
    pub fn claim(self, wait: u64) -> bool {
        self.cell().waits.compare_exchange(wait, wait + 1, AcqRel, Relaxed).is_ok()
    }

    /// The processor that ran it lets go of it; false if it was woken already and has to be made ready.
    pub fn let_go(self) -> bool {
        let phase = &self.cell().phase;
        if phase.compare_exchange(LEAVING, WAITING, AcqRel, Acquire).is_ok() {
            return true;
        }
        phase.store(READY, Relaxed);
        false
    }

    /// It goes on, whoever has ended its wait says. Whether the caller has to make it ready; else the processor that
    /// ran it does.
    pub(super) fn awaken(self) -> bool {
        let state = self.get();
        state.wait = None;
        state.keeps = 0;
        let phase = &self.cell().phase;
        match phase.compare_exchange(LEAVING, WOKEN, AcqRel, Acquire) {
            Ok(_) => false,
            Err(_) => {
                phase.store(READY, Relaxed);
                true
            }
        }
    }

    /// Keeps everybody from scanning it while a cycle marks: for who writes into the frames of one that waits.
    pub(super) fn hold<R>(self, marking: bool, f: impl FnOnce() -> R) -> R {
        let _scanned = marking.then(|| lock(&self.cell().scanned));
        f()
    }

    /// Its state, for the processor that it belongs to.
    #[inline]
    pub fn get<'a>(self) -> &'a mut Goroutine {
        // SAFETY: one processor at a time owns it, and keeps no reference over a call that may take another.
        unsafe { &mut *self.cell().state.get() }
    }

    /// It is new: while a cycle marks, what it has is protected by whoever made it.
    pub(super) fn begin(self, cycle: Option<u32>) {
        let cell = self.cell();
        if let Some(cycle) = cycle {
            *lock(&cell.scanned) = cycle;
        }
        cell.alive.store(true, Relaxed);
    }

    /// It has ended: nothing that it has is looked at again.
    pub fn end(self) {
        // Nobody may be scanning its stack when that is freed.
        let _scanned = lock(&self.cell().scanned);
        self.cell().alive.store(false, Relaxed);
        self.cell().running.store(false, Relaxed);
    }

    /// Whether it has begun and not ended.
    pub fn is_alive(self) -> bool {
        self.cell().alive.load(Relaxed)
    }

    /// It begins to run on a processor; its stack is scanned before, if the cycle demands it.
    pub fn resume(self, mutator: &mut crate::memory::Mutator, code: &Code) {
        let cell = self.cell();
        if let Some(cycle) = mutator.cycle() {
            let mut scanned = lock(&cell.scanned);
            if *scanned != cycle {
                // SAFETY: it does not run yet, and the lock keeps others from scanning it.
                mutator.scan(|visitor| unsafe { self.visit(code, visitor) });
                *scanned = cycle;
            }
            cell.running.store(true, Relaxed);
        } else {
            cell.running.store(true, Relaxed);
        }
    }

    /// It does not run any more. The processor has been at a safepoint since the cycle began.
    pub fn pause(self) {
        self.cell().running.store(false, Relaxed);
    }

    /// Scans it as a job of the collector, unless it runs: then its processor does.
    pub(super) fn scan_idle(self, cycle: u32, code: &Code, visitor: &mut Visitor<'_>) {
        let cell = self.cell();
        let mut scanned = lock(&cell.scanned);
        if *scanned == cycle || cell.running.load(Relaxed) || !cell.alive.load(Relaxed) {
            return;
        }
        // SAFETY: it does not run, and cannot begin to while the lock is held.
        unsafe { self.visit(code, visitor) };
        *scanned = cycle;
    }

    /// Scans it while the processor that runs it stands still.
    pub(super) fn scan_running(self, cycle: u32, code: &Code, visitor: &mut Visitor<'_>) {
        let mut scanned = lock(&self.cell().scanned);
        // SAFETY: the processor stands still at a safepoint, where it has saved its place.
        unsafe { self.visit(code, visitor) };
        *scanned = cycle;
    }

    /// # Safety
    /// It stands still.
    unsafe fn visit(self, code: &Code, visitor: &mut Visitor<'_>) {
        let state = self.get();
        visitor.pointer(state.keeps);
        for panic in &state.panics {
            visitor.pair([panic.value.tag as usize, panic.value.word as usize]);
        }
        // SAFETY: the caller's promise.
        unsafe {
            for frame in self.frames(code) {
                frame.scan(code, visitor);
            }
        }
    }

    /// Its frames, from the innermost on.
    ///
    /// # Safety
    /// It stands still while they are used.
    pub unsafe fn frames(self, code: &Code) -> impl Iterator<Item = Frame> {
        let state = self.get();
        let panics = state.panics.iter().rev().map(|panic| panic.raised);
        // SAFETY: the caller's promise.
        unsafe { Walk::new(code, state.pc, state.frame, panics) }
    }
}
