//! Foundations shared by both wings: typed indices, the interner, the source map, histograms, and the system's
//! memory and clocks.
//!
//! Nothing here knows the language. Everything is a plain value owned by its user; there is no global state.

pub mod histogram;
pub mod ids;
pub mod interner;
pub mod os;
pub mod source;

pub use interner::{Interner, Symbol, sym};
pub use source::{FileId, SourceFile, SourceMap, Span};
