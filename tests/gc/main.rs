//! The memory manager driven from plain Rust threads.

mod support;
mod torture;
