//! Pauses: two mutators allocate and change a heap of 1 GiB while cycles run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use tricolor::memory::{Config, Heap, Mutator, MutatorId, Roots, ShapeId, Visitor, Word};
use tricolor::observe::gctrace::Printer;

use crate::measure::Rng;

/// An array of pointers per mutator.
#[derive(Default)]
struct Arrays([AtomicUsize; 2]);

impl Roots for Arrays {
    fn begin(&self, _: u32) -> usize {
        2
    }

    fn scan(&self, _: u32, job: usize, visitor: &mut Visitor<'_>) {
        visitor.pointer(self.0[job].load(Relaxed));
    }

    fn scan_mutator(&self, _: u32, _: MutatorId, _: &mut Visitor<'_>) {}
}

fn object(mutator: &mut Mutator, shape: ShapeId) -> usize {
    mutator.alloc(shape, 64).unwrap().as_ptr().expose_provenance()
}

/// Replaces random objects of its array by new ones, each with an object of its own.
fn mutate(heap: &Heap, root: &AtomicUsize, shape: ShapeId, count: usize, seed: u64, stop: &AtomicBool) -> u64 {
    let mut mutator = heap.attach();
    let array = mutator.alloc(ShapeId::POINTERS, 8 * count).unwrap().as_ptr().expose_provenance();
    root.store(array, Relaxed);
    let slot = |i: usize| std::ptr::with_exposed_provenance_mut::<usize>(array + 8 * i);
    let mut rng = Rng(seed);
    let mut operations = 0;
    for i in (0..count).chain(std::iter::repeat_with(|| rng.below(count))) {
        let new = object(&mut mutator, shape);
        let leaf = mutator.alloc(ShapeId::NOSCAN, 16).unwrap().as_ptr().expose_provenance();
        // SAFETY: the array is a root, and the others were allocated just now.
        unsafe {
            mutator.write_ptr(std::ptr::with_exposed_provenance_mut(new), leaf);
            mutator.write_ptr(slot(i), new);
        }
        mutator.safepoint();
        operations += 1;
        if operations % 1024 == 0 && stop.load(Relaxed) {
            break;
        }
    }
    root.store(0, Relaxed);
    operations
}

pub fn run(quick: bool) {
    let (bytes, seconds) = if quick { (8 << 20, 1) } else { (1usize << 30, 20) };
    let arrays = Arc::new(Arrays::default());
    let config = Config {
        gogc: Some(40),
        reserve: 16 << 30,
        processors: 2,
        memory_limit: None,
        observer: Some(Arc::new(Printer { cycles: true, scavenging: false })),
        ..Config::default()
    };
    let heap = Heap::new(config, arrays.clone()).unwrap();
    let mut words = vec![Word::Scalar; 8];
    words[0] = Word::Pointer;
    let shape = heap.shape(&words, false).unwrap();
    let stop = AtomicBool::new(false);
    let start = Instant::now();
    let operations: u64 = std::thread::scope(|scope| {
        let (heap, stop) = (&heap, &stop);
        let threads: Vec<_> = (0..2)
            .map(|i| {
                let root = &arrays.0[i];
                scope.spawn(move || mutate(heap, root, shape, bytes / 2 / 88, i as u64 + 1, stop))
            })
            .collect();
        std::thread::sleep(Duration::from_secs(seconds));
        stop.store(true, Relaxed);
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    let elapsed = start.elapsed();
    let stats = heap.stats();
    println!(
        "pauses, µs                     p50       p99       max     count  (2 mutators, {} MiB live)",
        bytes >> 20
    );
    for (name, histogram) in [("time to stop", &stats.pauses.stops), ("pause", &stats.pauses.pauses)] {
        let at = |p: f64| histogram.percentile(p).unwrap_or(0) as f64 / 1e3;
        let (max, count) = (histogram.max() as f64 / 1e3, histogram.count());
        println!("{name:<24} {:>9.1} {:>9.1} {max:>9.1} {count:>9}", at(50.0), at(99.0));
    }
    println!(
        "{} cycles in {:.1} s, {:.1} M operations/s, collector {:.0} % of the processors, goal met to {:.0} %",
        stats.cycles.completed,
        elapsed.as_secs_f64(),
        operations as f64 / elapsed.as_secs_f64() / 1e6,
        100.0 * stats.cpu.collector_fraction(),
        heap.last_cycle().map_or(0.0, |t| 100.0 * t.heap_end as f64 / t.goal as f64),
    );
}
