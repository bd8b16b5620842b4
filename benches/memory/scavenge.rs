//! Giving memory back to the system and taking it again, by size of the objects that were freed.

use tricolor::base::os::thread_cpu_ns;
use tricolor::memory::{Config, ShapeId};

use crate::support::heap;

pub fn run(quick: bool) {
    let bytes = if quick { 4 << 20 } else { 512 << 20 };
    println!("scavenging             released MiB  us/MiB released  us/MiB first write  us/MiB written again");
    for size in [32, 4096, 1 << 20] {
        let (heap, _root) = heap(Config::default());
        let mut mutator = heap.attach();
        let mut fill = || {
            let start = thread_cpu_ns();
            for _ in 0..bytes / size {
                // Large objects are clear when their pages are new, so they are written to as a program would.
                let object = mutator.alloc(ShapeId::NOSCAN, size).unwrap();
                (0..size).step_by(4096).for_each(|at| {
                    // SAFETY: a byte of a new object.
                    unsafe { object.add(at).write(1) };
                });
            }
            let took = thread_cpu_ns() - start;
            mutator.collect();
            took
        };
        let first = fill();
        let again = fill();
        drop(mutator);
        let before = heap.stats().pages.released;
        let start = thread_cpu_ns();
        heap.scavenge();
        let took = thread_cpu_ns() - start;
        let released = (heap.stats().pages.released - before) as f64 / f64::from(1 << 20);
        let per = |ns: u64, mib: f64| ns as f64 / 1e3 / mib;
        let mib = bytes as f64 / f64::from(1 << 20);
        println!(
            "objects of {size:>8} B {released:>14.0} {:>16.1} {:>19.1} {:>21.1}",
            per(took, released),
            per(first, mib),
            per(again, mib)
        );
    }
}
