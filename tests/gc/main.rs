//! The memory manager driven from plain Rust threads.

mod fragmentation;
mod limits;
mod objects;
mod observer;
mod phases;
mod races;
mod specials;
mod support;
mod torture;
