//! From text to tree.
//!
//! Phases: the token automaton ([`token`], [`scan`]) under an adaptor ([`lexer`]) that fills a buffer with whole
//! top-level items; the LR(1) parser that LALRPOP makes of `grammar/lang.lalrpop`; its [`actions`], which build the
//! arena of [`ast`]; and, where the parser stops, [`recover`], which words the error, mends the tokens and lets
//! the parser go over that item again. A file without errors pays nothing for recovery.
//!
//! Nothing outside of this module may know how tokens and tables are made; what others use is [`parse_file`],
//! [`parse_expr`], [`ast`], [`literal`] and [`printer`].

mod actions;
pub mod ast;
mod lexer;
pub mod literal;
mod parse;
pub mod printer;
mod recover;
mod scan;
mod token;

pub use parse::{parse_expr, parse_file};

/// What LALRPOP generates.
#[expect(clippy::all, clippy::allow_attributes, clippy::allow_attributes_without_reason, reason = "generated")]
mod grammar {
    include!(concat!(env!("OUT_DIR"), "/lang.rs"));
}
