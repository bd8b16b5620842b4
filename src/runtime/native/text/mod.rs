//! What packages `strings`, `bytes`, `bufio` and `unicode/utf8` do with text, as functions of bytes.
//!
//! Text is UTF-8 as far as it goes: a byte that begins no character counts as U+FFFD.
//!
//! - [`utf8`][]: characters;
//! - [`search`][]: places;
//! - [`change`][]: other text made of it.

pub mod change;
pub mod search;
pub mod utf8;
