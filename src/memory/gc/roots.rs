//! Roots: what the embedder holds.
//!
//! The collector asks for roots once per cycle, one job after the other, while mutators run. That is sound if every
//! stack is scanned before it changes:
//! - What runs on a mutator is scanned by that mutator at its first safepoint of the cycle, before it goes on, or by
//!   the collector while it holds the mutator still ([`Roots::scan_mutator`]).
//! - A stack that nobody runs on is a job of [`Roots::scan`]. Before a mutator begins to run on it, the mutator scans
//!   it, if that was not done in this cycle ([`Mutator::scan`](super::Mutator::scan),
//!   [`Mutator::cycle`](super::Mutator::cycle)); the embedder excludes that both happen at once.
//! - Writes to globals and to objects go through the barrier, so their scan may come at any time.
//!
//! After its scan a stack is not looked at again: new objects are black, and what a stack loads from the heap is
//! protected by the barrier.

use super::marker::Marker;
use super::pair;
use crate::memory::heap::WORD;

/// Names a mutator of a heap.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct MutatorId(pub u32);

/// The roots of an embedder.
pub trait Roots: Send + Sync {
    /// A cycle begins, and the world is stopped: fixes what is to be scanned. Returns the number of jobs.
    fn begin(&self, cycle: u32) -> usize;

    /// Scans a job of the cycle. Each is asked for once, by any thread, while mutators run.
    fn scan(&self, cycle: u32, job: usize, visitor: &mut Visitor<'_>);

    /// Scans what a mutator is running on. Called by the mutator itself at a safepoint, or by another thread while the
    /// mutator stands still, once per cycle.
    fn scan_mutator(&self, cycle: u32, mutator: MutatorId, visitor: &mut Visitor<'_>);

    /// A finalizer or cleanup waits to be taken. Called by whoever swept; must not call back into the heap.
    fn finalizers_ready(&self) {}
}

/// Receives roots.
pub struct Visitor<'a> {
    marker: &'a mut Marker,
    /// Bytes of roots seen.
    bytes: u64,
}

impl<'a> Visitor<'a> {
    pub(super) fn new(marker: &'a mut Marker) -> Self {
        Self { marker, bytes: 0 }
    }

    /// A pointer: into an object or anywhere else, or null.
    #[inline]
    pub fn pointer(&mut self, pointer: usize) {
        self.bytes += WORD as u64;
        if pointer != 0 {
            self.marker.push(pointer);
        }
    }

    /// A tagged pair: the payload is a pointer if the tag's lowest bit is set.
    #[inline]
    pub fn pair(&mut self, [tag, payload]: [usize; 2]) {
        self.bytes += 2 * WORD as u64;
        if tag & 1 == 1 {
            self.marker.push(payload);
        }
    }

    /// A tagged pair in memory that mutators write meanwhile.
    #[inline]
    pub fn shared_pair(&mut self, at: usize) {
        self.pair(pair::load(at));
    }

    /// Counts memory that was looked at without a call for each word.
    pub fn count(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
    }

    pub(super) fn finish(self) -> u64 {
        self.bytes
    }
}
