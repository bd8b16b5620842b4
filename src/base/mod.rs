//! Foundations shared by both wings: typed indices, the interner, the source map, histograms, the
//! operating system, and what threads share.
//!
//! Nothing here knows the language. Everything is a plain value owned by its user; there is no global state.

pub mod histogram;
pub mod ids;
pub mod interner;
pub mod os;
pub mod source;
pub mod sync;

pub use interner::{Interner, Symbol, sym};
pub use source::{FileId, SourceFile, SourceMap, Span};
