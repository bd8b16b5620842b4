//! Criterion's view of the memory manager, to compare one commit with another: `cargo bench --bench memory`. The table
//! with the figures of Go beside it is `memory_table`.

mod support;

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tricolor::memory::{Config, Heap, Mutator, ShapeId, Word};

use crate::support::heap;

/// Objects allocated between collections.
const BATCH: u64 = 1 << 20;

/// A shape of one object whose first word is a pointer.
fn single(heap: &Heap, size: usize) -> ShapeId {
    let mut words = vec![Word::Scalar; size / 8];
    words[0] = Word::Pointer;
    heap.shape(&words, false).unwrap()
}

/// Allocates so many objects that die at once; only allocation counts.
fn stream(mutator: &mut Mutator, shape: ShapeId, size: usize, count: u64) -> Duration {
    let mut total = Duration::ZERO;
    let mut left = count;
    while left > 0 {
        let batch = left.min(BATCH);
        let start = std::time::Instant::now();
        for _ in 0..batch {
            std::hint::black_box(mutator.alloc(shape, size).unwrap());
        }
        total += start.elapsed();
        mutator.collect();
        left -= batch;
    }
    total
}

fn alloc(c: &mut Criterion) {
    let mut group = c.benchmark_group("alloc");
    for size in [16, 32, 64, 128, 256, 512, 1024] {
        let mut line = |name: &str, shape: fn(&Heap, usize) -> ShapeId| {
            group.throughput(Throughput::Elements(1));
            group.bench_function(BenchmarkId::new(name, size), |b| {
                let (heap, _root) = heap(Config::default());
                let shape = shape(&heap, size);
                let mut mutator = heap.attach();
                b.iter_custom(|count| stream(&mut mutator, shape, size, count));
            });
        };
        line("single", single);
        line("array", |_, _| ShapeId::POINTERS);
        line("free of pointers", |_, _| ShapeId::NOSCAN);
    }
}

fn barrier(c: &mut Criterion) {
    c.bench_function("barrier/off", |b| {
        let (heap, _root) = heap(Config::default());
        let mut mutator = heap.attach();
        let object = mutator.alloc(ShapeId::POINTERS, 64).unwrap().as_ptr().cast::<usize>();
        // SAFETY: a word of an object, and nothing is collected here.
        b.iter(|| unsafe { mutator.write_ptr(std::hint::black_box(object), object.expose_provenance()) });
    });
}

fn tree(mutator: &mut Mutator, shape: ShapeId, depth: usize) -> usize {
    let node = mutator.alloc(shape, 32).unwrap().as_ptr().cast::<usize>();
    if depth > 0 {
        for word in 0..2 {
            let child = tree(mutator, shape, depth - 1);
            // SAFETY: a word of a new object; no cycle runs.
            unsafe { node.add(word).write(child) };
        }
    }
    node.expose_provenance()
}

fn mark(c: &mut Criterion) {
    const DEPTH: usize = 18;
    let mut group = c.benchmark_group("mark");
    group.throughput(Throughput::Elements((2 << DEPTH) - 1)).sample_size(20);
    group.bench_function("tree of 32 B", |b| {
        let (heap, root) = heap(Config::default());
        let shape = heap.shape(&[Word::Pointer, Word::Pointer, Word::Scalar, Word::Scalar], false).unwrap();
        let mut mutator = heap.attach();
        root.0.store(tree(&mut mutator, shape, DEPTH), Relaxed);
        b.iter_custom(|cycles| {
            (0..cycles)
                .map(|_| {
                    mutator.collect();
                    Duration::from_nanos(heap.last_cycle().unwrap().mark_ns)
                })
                .sum()
        });
    });
}

fn scavenge(c: &mut Criterion) {
    const BYTES: usize = 64 << 20;
    let mut group = c.benchmark_group("scavenge");
    group.throughput(Throughput::Bytes(BYTES as u64)).sample_size(10);
    group.bench_function("64 MiB of small objects", |b| {
        let (heap, _root) = heap(Config::default());
        b.iter_custom(|rounds| {
            let round = |_| {
                let mut mutator = heap.attach();
                (0..BYTES / 64).for_each(|_| _ = std::hint::black_box(mutator.alloc(ShapeId::NOSCAN, 64).unwrap()));
                mutator.collect();
                drop(mutator);
                let start = std::time::Instant::now();
                heap.scavenge();
                start.elapsed()
            };
            (0..rounds).map(round).sum()
        });
    });
}

criterion_group!(benches, alloc, barrier, mark, scavenge);
criterion_main!(benches);
