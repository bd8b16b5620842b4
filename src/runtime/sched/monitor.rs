//! The thread that ends time slices, and takes the leave of processors inside of natives that last.
//!
//! It looks at the processors while more than one goroutine may want to run, and sleeps otherwise: a program whose
//! goroutines all wait uses no processor time.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed, Ordering::SeqCst};
use std::time::Duration;

use super::Sched;
use crate::base::os::monotonic_ns;
use crate::base::sync::{Condvar, Mutex, lock};

/// How long a goroutine runs while others are ready.
pub const SLICE: Duration = Duration::from_millis(10);

/// Whether the thread has something to do.
#[derive(Default)]
pub struct Monitor {
    /// There was nothing to do when it last looked, or it has not begun.
    asleep: AtomicBool,
    began: AtomicBool,
    gate: Mutex<()>,
    wake: Condvar,
}

impl Monitor {
    /// A goroutine is about to run: if others may want to, the thread has to look.
    pub(super) fn need(&self, sched: &Sched) {
        if (self.asleep.load(SeqCst) || !self.began.load(Relaxed)) && sched.has_others() {
            if !self.began.swap(true, SeqCst) {
                // Without it goroutines run until they wait.
                let thread = std::thread::Builder::new().name("monitor".to_owned());
                if let Some(sched) = sched.this.upgrade() {
                    _ = thread.spawn(move || run(&sched));
                }
            }
            self.wake();
        }
    }

    pub(super) fn wake(&self) {
        let _gate = lock(&self.gate);
        self.asleep.store(false, SeqCst);
        self.wake.notify_all();
    }
}

/// The thread's work, until the program ends.
fn run(sched: &Sched) {
    let monitor = &sched.monitor;
    // What each processor had begun to run when it was looked at last.
    let mut turns: Vec<u64> = Vec::new();
    while !sched.has_ended() {
        let mut gate = lock(&monitor.gate);
        while !sched.has_ended() && monitor.asleep.load(SeqCst) {
            gate = monitor.wake.wait(gate).unwrap_or_else(std::sync::PoisonError::into_inner);
        }
        drop(monitor.wake.wait_timeout(gate, SLICE).unwrap_or_else(std::sync::PoisonError::into_inner));
        sched.clock.store(monotonic_ns(), Relaxed);
        let processors = sched.processors.read().map(|all| all.clone()).unwrap_or_default();
        turns.resize(processors.len(), u64::MAX);
        for (processor, before) in processors.iter().zip(&mut turns) {
            if processor.current().is_none() {
                continue;
            }
            if std::mem::replace(before, processor.turns()) == processor.turns() && sched.has_others() {
                if processor.is_inside() {
                    if processor.take_leave() {
                        sched.leave();
                    }
                } else {
                    processor.interrupt();
                }
            }
        }
        // Who begins to run a goroutine after the look sees that this sleeps.
        monitor.asleep.store(true, SeqCst);
        if sched.has_others() && processors.iter().any(|processor| processor.current().is_some()) {
            monitor.asleep.store(false, SeqCst);
        }
    }
}
