//! A processor as all others see it: its queue, what it runs, and how it rests.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::time::Duration;

use super::goroutine::GoroutineRef;
use super::queue::Queue;
use crate::base::os::monotonic_ns;
use crate::base::sync::{Condvar, Mutex, lock};
use crate::memory::Nudge;

/// A thread that runs goroutines, as long as it has the leave to.
pub struct Processor {
    /// Its number.
    pub number: usize,
    /// What is ready to run here.
    pub queue: Queue,
    /// The address of the cell of what runs, or 0.
    current: AtomicUsize,
    /// How many time slices it has begun.
    turns: AtomicU64,
    /// The time slice is over, or there is something else to look at.
    over: AtomicBool,
    /// [`OUTSIDE`] or what follows.
    native: AtomicU8,
    nudge: OnceLock<Nudge>,
    call: Mutex<Call>,
    called: Condvar,
}

/// It is not inside of a native that may last.
const OUTSIDE: u8 = 0;
/// It is, and has its leave.
const INSIDE: u8 = 1;
/// It is for so long that its leave was taken from it.
const WITHOUT: u8 = 2;

/// What a resting processor is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Call {
    /// Nothing.
    Rest,
    /// To look at the timers again.
    Look,
    /// To run.
    Run,
}

impl Processor {
    /// One that has not begun.
    pub fn new(number: usize) -> Self {
        Self {
            number,
            queue: Queue::default(),
            current: AtomicUsize::new(0),
            turns: AtomicU64::new(0),
            over: AtomicBool::new(false),
            native: AtomicU8::new(OUTSIDE),
            nudge: OnceLock::new(),
            call: Mutex::new(Call::Rest),
            called: Condvar::new(),
        }
    }

    /// How others make its mutator come to a safepoint.
    pub fn set_nudge(&self, nudge: Nudge) {
        _ = self.nudge.set(nudge);
    }

    /// Demands that what it runs stops at the next safepoint, for others to run.
    pub fn interrupt(&self) {
        self.over.store(true, Relaxed);
        self.nudge();
    }

    /// Makes its mutator come to a safepoint.
    pub fn nudge(&self) {
        if let Some(nudge) = self.nudge.get() {
            nudge.now();
        }
    }

    /// Whether that was demanded since the last call.
    pub fn take_interrupt(&self) -> bool {
        self.over.load(Relaxed) && self.over.swap(false, Relaxed)
    }

    /// A time slice begins; only this processor counts them.
    pub(super) fn begin_turn(&self) {
        self.turns.store(self.turns.load(Relaxed) + 1, Relaxed);
    }

    /// It begins to run a goroutine, or none.
    pub fn set_current(&self, g: Option<GoroutineRef>) {
        self.current.store(g.map_or(0, GoroutineRef::address), Relaxed);
    }

    /// What it runs.
    pub fn current(&self) -> Option<GoroutineRef> {
        GoroutineRef::at(self.current.load(Relaxed))
    }

    /// How many time slices it has begun. One that was woken by what ran before goes on in the slice of that one, so
    /// that two who wake each other do not keep others from running.
    pub fn turns(&self) -> u64 {
        self.turns.load(Relaxed)
    }

    /// It goes into a native that may last.
    pub(super) fn enter_native(&self) {
        self.native.store(INSIDE, SeqCst);
    }

    /// It comes out of it; whether it still has its leave.
    pub(super) fn leave_native(&self) -> bool {
        self.native.swap(OUTSIDE, SeqCst) == INSIDE
    }

    /// Whether it is inside of one, and has its leave.
    pub(super) fn is_inside(&self) -> bool {
        self.native.load(Relaxed) == INSIDE
    }

    /// Takes its leave from it if it is inside of one; whether it was.
    pub(super) fn take_leave(&self) -> bool {
        self.native.compare_exchange(INSIDE, WITHOUT, SeqCst, Relaxed).is_ok()
    }

    /// Waits for a call other than [`Call::Rest`], at most until a time of the monotonic clock.
    pub fn rest(&self, until: Option<u64>) -> Call {
        let mut call = lock(&self.call);
        while *call == Call::Rest {
            let Some(until) = until else {
                call = self.called.wait(call).unwrap_or_else(std::sync::PoisonError::into_inner);
                continue;
            };
            let now = monotonic_ns();
            if now >= until {
                break;
            }
            let time = Duration::from_nanos(until - now);
            (call, _) = self.called.wait_timeout(call, time).unwrap_or_else(std::sync::PoisonError::into_inner);
        }
        std::mem::replace(&mut *call, Call::Rest)
    }

    /// Calls it. To run is the last thing it is told.
    pub fn call(&self, what: Call) {
        let mut call = lock(&self.call);
        if *call != Call::Run {
            *call = what;
            self.called.notify_one();
        }
    }
}
