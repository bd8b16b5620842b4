//! Heaps without roots but one slot, and a clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use tricolor::memory::{Config, Heap, MutatorId, Roots, Visitor};

/// The only root.
#[derive(Default)]
pub struct Root(pub AtomicUsize);

impl Roots for Root {
    fn begin(&self, _: u32) -> usize {
        1
    }

    fn scan(&self, _: u32, _: usize, visitor: &mut Visitor<'_>) {
        visitor.pointer(self.0.load(Relaxed));
    }

    fn scan_mutator(&self, _: u32, _: MutatorId, _: &mut Visitor<'_>) {}
}

/// A heap that collects only when told to.
pub fn heap(config: Config) -> (Heap, Arc<Root>) {
    let root = Arc::new(Root::default());
    (Heap::new(Config { gogc: None, reserve: 16 << 30, ..config }, root.clone()).unwrap(), root)
}
