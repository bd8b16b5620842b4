//! The memory manager driven from plain Rust threads.

mod limits;
mod objects;
mod observer;
mod specials;
mod support;
mod torture;
