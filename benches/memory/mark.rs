//! Marking, nanoseconds per object and thread.

use std::sync::atomic::Ordering::Relaxed;

use tricolor::memory::{Checks, Config, Heap, Mutator, ShapeId, Word};

use crate::measure::Rng;
use crate::support::heap;

fn pointer(mutator: &mut Mutator, shape: ShapeId, size: usize) -> usize {
    mutator.alloc(shape, size).unwrap().as_ptr().expose_provenance()
}

fn set(object: usize, word: usize, value: usize) {
    // SAFETY: a word of an object that the caller has just made; no cycle runs.
    unsafe { std::ptr::with_exposed_provenance_mut::<usize>(object).add(word).write(value) };
}

/// `n` objects of 32 bytes with two random pointers each, held by an array.
fn graph(heap: &Heap, mutator: &mut Mutator, n: usize) -> usize {
    let shape = heap.shape(&[Word::Pointer, Word::Pointer, Word::Scalar, Word::Scalar], false).unwrap();
    let objects: Vec<usize> = (0..n).map(|_| pointer(mutator, shape, 32)).collect();
    let mut rng = Rng(1);
    for &object in &objects {
        set(object, 0, objects[rng.below(n)]);
        set(object, 1, objects[rng.below(n)]);
    }
    // Most are reached from any one.
    objects[0]
}

fn tree(mutator: &mut Mutator, shape: ShapeId, size: usize, depth: usize) -> usize {
    let node = pointer(mutator, shape, size);
    if depth > 0 {
        let left = tree(mutator, shape, size, depth - 1);
        let right = tree(mutator, shape, size, depth - 1);
        set(node, 0, left);
        set(node, 1, right);
    }
    node
}

/// Arrays of 32 pointers to random objects without pointers.
fn arrays(mutator: &mut Mutator, n: usize) -> usize {
    let leaves: Vec<usize> = (0..n).map(|_| pointer(mutator, ShapeId::NOSCAN, 32)).collect();
    let mut rng = Rng(1);
    let top = pointer(mutator, ShapeId::POINTERS, 8 * (n / 32));
    for i in 0..n / 32 {
        let array = pointer(mutator, ShapeId::POINTERS, 256);
        (0..32).for_each(|w| set(array, w, leaves[rng.below(n)]));
        set(top, i, array);
    }
    top
}

/// A list through objects in random order.
fn list(heap: &Heap, mutator: &mut Mutator, n: usize) -> usize {
    let shape = heap.shape(&[Word::Pointer, Word::Scalar], false).unwrap();
    let mut objects: Vec<usize> = (0..n).map(|_| pointer(mutator, shape, 16)).collect();
    let mut rng = Rng(1);
    (1..n).rev().for_each(|i| objects.swap(i, rng.below(i + 1)));
    objects.windows(2).for_each(|pair| set(pair[0], 0, pair[1]));
    objects[0]
}

pub fn run(quick: bool) {
    let n = if quick { 10_000 } else { 8_000_000 };
    println!("marking, ns/object         1 marker  2 markers        MB/s     objects    Go 1 P");
    let line = |name: &str, go: f64, make: &dyn Fn(&Heap, &mut Mutator) -> usize| {
        let mut times = [0.0; 2];
        let mut figures = (0, 0.0);
        for markers in 1..=2 {
            // One marker marks alone while the world is stopped; of two, one is the thread that waits for the cycle.
            let checks = Checks { stop_the_world: markers == 1, ..Checks::default() };
            let config = Config { markers: Some(1), processors: 4, checks, ..Config::default() };
            let (heap, root) = heap(config);
            let mut mutator = heap.attach();
            root.0.store(make(&heap, &mut mutator), Relaxed);
            let mut best = f64::INFINITY;
            for _ in 0..4 {
                mutator.collect();
                let trace = heap.last_cycle().unwrap();
                figures = (trace.objects, trace.heap_live as f64);
                let ns = if markers == 1 { trace.dedicated_ns } else { trace.mark_ns };
                best = best.min(ns as f64 / trace.objects as f64);
            }
            times[markers - 1] = best;
        }
        let (objects, bytes) = figures;
        let rate = bytes / (times[0] * objects as f64) * 1e3;
        println!("{name:<24} {:>10.1} {:>10.1} {rate:>11.0} {objects:>11} {go:>9.1}", times[0], times[1]);
    };
    line("random graph, 32 B", 259.0, &|heap, mutator| graph(heap, mutator, n));
    let two = |heap: &Heap, words: usize| {
        let mut shape = vec![Word::Pointer; 2];
        shape.resize(words, Word::Scalar);
        heap.shape(&shape, false).unwrap()
    };
    let depth = n.ilog2() as usize;
    line("tree, 16 B", 17.3, &|heap, mutator| tree(mutator, two(heap, 2), 16, depth));
    line("tree, 32 B", 21.2, &|heap, mutator| tree(mutator, two(heap, 4), 32, depth));
    line("random arrays", 174.0, &|_, mutator| arrays(mutator, n));
    line("shuffled list", 292.0, &|heap, mutator| list(heap, mutator, n / 4));
}
