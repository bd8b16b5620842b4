//! The write barrier, nanoseconds per store into an object that is in the cache.
//!
//! The barrier is on while a cycle runs; this one runs as long as the scan of the roots is held up.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use tricolor::memory::{Config, Heap, MutatorId, Roots, ShapeId, Visitor};

use crate::measure::fastest;

/// No roots, but a scan that takes as long as it is told to.
#[derive(Default)]
struct SlowRoots(AtomicBool);

impl Roots for SlowRoots {
    fn begin(&self, _: u32) -> usize {
        1
    }

    fn scan(&self, _: u32, _: usize, _: &mut Visitor<'_>) {
        while self.0.load(Relaxed) {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn scan_mutator(&self, _: u32, _: MutatorId, _: &mut Visitor<'_>) {}
}

pub fn run(quick: bool) {
    let stores = if quick { 10_000 } else { 2_000_000 };
    let roots = Arc::new(SlowRoots::default());
    // One marker is held up, the other empties the buffers.
    let config = Config { gogc: None, reserve: 1 << 30, markers: Some(2), ..Config::default() };
    let heap = Heap::new(config, roots.clone()).unwrap();
    let mut mutator = heap.attach();
    let array = mutator.alloc(ShapeId::POINTERS, 4096).unwrap().as_ptr().cast::<usize>();
    let other = mutator.alloc(ShapeId::POINTERS, 16).unwrap().as_ptr().expose_provenance();
    let plain = fastest(9, stores, || {
        for i in 0..stores {
            // SAFETY: the array has 512 words.
            unsafe { std::hint::black_box(array.add(i % 512)).write(other) };
        }
    });
    let barrier = |mutator: &mut tricolor::memory::Mutator| {
        fastest(9, stores, || {
            for i in 0..stores {
                // SAFETY: as above, and nothing is collected before the end.
                unsafe { mutator.write_ptr(std::hint::black_box(array.add(i % 512)), other) };
            }
        })
    };
    let off = barrier(&mut mutator);
    roots.0.store(true, Relaxed);
    let on = std::thread::scope(|scope| {
        scope.spawn(|| heap.attach().collect());
        while mutator.cycle().is_none() {
            mutator.safepoint();
            std::thread::yield_now();
        }
        let on = barrier(&mut mutator);
        roots.0.store(false, Relaxed);
        mutator.block();
        on
    });
    mutator.unblock();
    println!("barrier, ns/store            none       off        on     Go off     Go on");
    println!("{plain:>33.1} {off:>9.1} {on:>9.1} {:>10.1} {:>9.1}", 1.13, 15.2);
}
