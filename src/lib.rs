//! Tricolor: a managed-language VM with a production-style garbage collector.
//!
//! Today the library holds the front end of Lang, from source to a fully checked program, and the memory manager with
//! its counters.
//! `ARCHITECTURE.md` is the map.

pub mod base;
pub mod bytecode;
pub mod compiler;
pub mod engine;
pub mod memory;
pub mod observe;
pub mod runtime;
