//! The write barrier's buffer.
//!
//! While the marker runs, a mutator that overwrites a pointer in the heap shades the pointer that was there: a stack
//! that was scanned already may have loaded it from this place, which the marker has not seen yet. As long as its own
//! stack is not scanned it also shades the pointer that comes: the stack may be the only place that leads to it, and
//! let go of it before its scan. That happens only to a mutator that was in the middle of an allocation when marking
//! began; all others scan their stacks before they run on. This is the hybrid barrier of Go.
//!
//! To shade is to put the pointer into this buffer, no more; a full buffer becomes work for the marker.

use crate::base::sync::{Mutex, lock};

/// How many pointers a buffer holds.
pub const BUFFER: usize = 512;
/// How many empty lists are kept between cycles.
const KEPT: usize = 64;

/// Pointers that a mutator has shaded and not handed over.
pub struct Buffer {
    pointers: Vec<usize>,
}

impl Default for Buffer {
    fn default() -> Self {
        Self { pointers: Vec::with_capacity(BUFFER) }
    }
}

impl Buffer {
    /// Shades a pointer, or what may be one; whether the buffer is full and must be handed over.
    #[inline]
    pub fn shade(&mut self, pointer: usize) -> bool {
        if pointer != 0 {
            self.pointers.push(pointer);
        }
        self.pointers.len() >= BUFFER
    }

    /// Takes what is in it, for an empty list in exchange.
    pub fn take(&mut self, empty: impl FnOnce() -> Vec<usize>) -> Option<Vec<usize>> {
        if self.pointers.is_empty() {
            return None;
        }
        Some(std::mem::replace(&mut self.pointers, empty()))
    }

    /// Forgets what is in it: the cycle is over.
    pub fn clear(&mut self) {
        self.pointers.clear();
    }
}

/// Lists that were emptied, to be filled again. Who fills and who empties them are different threads, and memory that
/// one thread takes from the system's allocator and another gives back makes them wait for each other.
#[derive(Default)]
pub struct Spare(Mutex<Vec<Vec<usize>>>);

impl Spare {
    /// An empty list.
    pub fn take(&self) -> Vec<usize> {
        lock(&self.0).pop().unwrap_or_else(|| Vec::with_capacity(BUFFER))
    }

    /// Keeps a list, emptied.
    pub fn keep(&self, mut pointers: Vec<usize>) {
        pointers.clear();
        lock(&self.0).push(pointers);
    }

    /// Forgets all but a few.
    pub fn trim(&self) {
        lock(&self.0).truncate(KEPT);
    }
}
