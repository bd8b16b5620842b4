//! Foundations shared by both wings: typed indices, the interner, and the source map.
//!
//! Nothing here knows the language. Everything is a plain value owned by its user; there is no global state.

pub mod ids;
pub mod interner;
pub mod source;

pub use interner::{Interner, Symbol, sym};
pub use source::{FileId, SourceFile, SourceMap, Span};
