//! Semaphores: numbers of the program that goroutines wait to count down, by address.
//!
//! Who waits for an address is in a queue of the part of the table that the address belongs to. The number itself is
//! only changed under that part's lock.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use rustc_hash::FxHashMap;

use super::goroutine::GoroutineRef;
use crate::base::sync::{Mutex, MutexGuard, lock};

const PARTS: usize = 64;

/// A goroutine that waits, with the number of its wait.
type Waiting = (GoroutineRef, u64);

/// A part of the table.
pub(super) type Part = FxHashMap<usize, VecDeque<Waiting>>;

/// Who waits for which semaphore.
pub struct Semaphores {
    parts: [Mutex<Part>; PARTS],
}

impl Default for Semaphores {
    fn default() -> Self {
        Self { parts: std::array::from_fn(|_| Mutex::default()) }
    }
}

impl Semaphores {
    /// The part that an address belongs to.
    pub(super) fn part(&self, semaphore: usize) -> MutexGuard<'_, Part> {
        lock(&self.parts[semaphore / 8 % PARTS])
    }
}

/// Counts a semaphore down if it is not 0; whether it was not.
pub(super) fn take(count: &AtomicU32) -> bool {
    count.fetch_update(SeqCst, SeqCst, |count| count.checked_sub(1)).is_ok()
}

/// Takes the first one who waits for a semaphore out of its queue.
pub(super) fn first(part: &mut Part, semaphore: usize) -> Option<Waiting> {
    let queue = part.get_mut(&semaphore)?;
    let first = queue.pop_front();
    if queue.is_empty() {
        part.remove(&semaphore);
    }
    first
}
