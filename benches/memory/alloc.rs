//! Allocation, nanoseconds per object: a stream of 256 MB, nothing kept, the collector off.

use tricolor::memory::{Config, ShapeId, Word};

use crate::measure::fastest;
use crate::support::heap;

/// Size, and what Go needs for an object with and one without pointers (`go version` 1.27.3).
const SIZES: [(usize, f64, f64); 7] = [
    (16, 12.2, 9.6),
    (32, 14.3, 11.6),
    (64, 19.6, 17.3),
    (128, 36.6, 31.6),
    (256, f64::NAN, f64::NAN),
    (512, f64::NAN, f64::NAN),
    (1024, f64::NAN, f64::NAN),
];

/// What nobody can be faster than: objects side by side in memory that is there already, only cleared.
fn bump(size: usize, count: usize) -> f64 {
    let mut memory = vec![1u64; size / 8 * count];
    fastest(3, count, || {
        for object in memory.chunks_exact_mut(size / 8) {
            std::hint::black_box(object).fill(0);
        }
    })
}

pub fn run(quick: bool) {
    let stream = if quick { 1 << 20 } else { 256 << 20 };
    println!("allocation, ns/object  bump  pointers  hot shape  free of pointers   Go pointers  Go free");
    for (size, go_pointers, go_free) in SIZES {
        let count = stream / size;
        let time = |shape: fn(&tricolor::memory::Heap, usize) -> ShapeId, bytes: usize| {
            let (heap, _root) = heap(Config::default());
            let shape = shape(&heap, bytes);
            let mut mutator = heap.attach();
            let mut pass = || {
                for _ in 0..count {
                    std::hint::black_box(mutator.alloc(shape, bytes).unwrap());
                }
            };
            // The first pass takes new pages from the system, later ones the swept ones of the pass before.
            pass();
            mutator.collect();
            let mut best = f64::INFINITY;
            for _ in 0..3 {
                best = best.min(fastest(1, count, || {
                    for _ in 0..count {
                        std::hint::black_box(mutator.alloc(shape, bytes).unwrap());
                    }
                }));
                mutator.collect();
            }
            best
        };
        // An array is never hot.
        let array = time(|_, _| ShapeId::POINTERS, size);
        let hot = time(
            |heap, size| {
                let mut words = vec![Word::Scalar; size / 8];
                words[0] = Word::Pointer;
                heap.shape(&words, false).unwrap()
            },
            size,
        );
        let free = time(|_, _| ShapeId::NOSCAN, size);
        let bump = bump(size, count);
        println!("{size:>6} B {bump:>8.1} {array:>10.1} {hot:>10.1} {free:>17.1} {go_pointers:>13.1} {go_free:>8.1}");
    }
}
