//! Speed of the memory manager, beside the figures of Go that its design is held against.
//!
//! `cargo bench --bench memory_table` prints one table; each line is the fastest of several runs. Names of topics
//! (`alloc`, `barrier`, `mark`, `pause`, `scavenge`) select some.

mod alloc;
mod barrier;
mod mark;
mod measure;
mod pause;
mod scavenge;
mod support;

fn main() {
    // `cargo test --benches` asks for a run that only shows that it works.
    let quick = std::env::args().any(|arg| arg == "--test");
    let only: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let wanted = |name: &str| only.is_empty() || only.iter().any(|o| name.contains(o.as_str()));
    if wanted("alloc") {
        alloc::run(quick);
    }
    if wanted("barrier") {
        barrier::run(quick);
    }
    if wanted("pause") {
        pause::run(quick);
    }
    if wanted("mark") {
        mark::run(quick);
    }
    if wanted("scavenge") {
        scavenge::run(quick);
    }
}
