//! The compiler wing: source text to checked trees (and later to bytecode). Pure: no unsafe code, no I/O.
//!
//! Layers, each importing only those before it: `diag` < `syntax` < `load` and `types` < `check`.

#![deny(unsafe_code)]

pub mod check;
pub mod diag;
pub mod load;
pub mod syntax;
pub mod types;
