//! Who waits for a time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use super::goroutine::GoroutineRef;
use crate::base::sync::{Mutex, lock};

/// A goroutine's wait: the time, the number of the wait, so that one that ended early is known, and the goroutine.
type Timer = Reverse<(u64, u64, GoroutineRef)>;

/// All timers of a program, in nanoseconds of the monotonic clock.
pub struct Timers {
    heap: Mutex<BinaryHeap<Timer>>,
    /// The first one's time.
    next: AtomicU64,
}

impl Default for Timers {
    fn default() -> Self {
        Self { heap: Mutex::default(), next: AtomicU64::new(u64::MAX) }
    }
}

impl Timers {
    /// When the first one is due; one whose wait ended early may still count.
    pub fn next(&self) -> Option<u64> {
        Some(self.next.load(SeqCst)).filter(|&next| next != u64::MAX)
    }

    /// Adds one; whether it is the first now.
    pub fn add(&self, when: u64, wait: u64, g: GoroutineRef) -> bool {
        let when = when.min(u64::MAX - 1);
        let mut heap = lock(&self.heap);
        heap.push(Reverse((when, wait, g)));
        let first = when < self.next.load(SeqCst);
        if first {
            self.next.store(when, SeqCst);
        }
        first
    }

    /// Takes those that are due, and whose waits have not ended: the caller wakes them.
    pub fn take_due(&self, now: u64) -> Vec<GoroutineRef> {
        let mut due = Vec::new();
        let mut heap = lock(&self.heap);
        while let Some(&Reverse((when, wait, g))) = heap.peek() {
            if when > now && g.waits() == wait {
                break;
            }
            heap.pop();
            if when <= now && g.claim(wait) {
                due.push(g);
            }
        }
        self.next.store(heap.peek().map_or(u64::MAX, |Reverse((when, ..))| *when), SeqCst);
        due
    }

    /// Whether somebody waits for a time.
    pub fn any(&self) -> bool {
        let mut heap = lock(&self.heap);
        while let Some(&Reverse((_, wait, g))) = heap.peek() {
            if g.waits() == wait {
                break;
            }
            heap.pop();
        }
        self.next.store(heap.peek().map_or(u64::MAX, |Reverse((when, ..))| *when), SeqCst);
        !heap.is_empty()
    }
}
