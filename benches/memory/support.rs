//! Heaps without roots but one slot, and a clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use tricolor::base::os::thread_cpu_ns;
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

/// Nanoseconds of processor time per item of the fastest of `runs`.
pub fn fastest(runs: usize, items: usize, mut f: impl FnMut()) -> f64 {
    let time = |_| {
        let start = thread_cpu_ns();
        f();
        (thread_cpu_ns() - start) as f64 / items as f64
    };
    (0..runs).map(time).fold(f64::INFINITY, f64::min)
}

/// Pseudo-random numbers.
pub struct Rng(pub u64);

impl Rng {
    pub fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) as usize % n
    }
}
