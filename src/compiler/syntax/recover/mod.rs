//! What happens when the parser stops: the error is worded, the tokens are mended, and the parser goes over the item
//! again.
//!
//! Mending tokens instead of popping the parser's states keeps the values on its stack small (LALRPOP's own recovery
//! makes each of them as large as an error), costs nothing while there is no error, and leaves more of the tree:
//! a missing operand becomes a `Bad` node, the rest of its statement stays. Where to resume follows what Go does, so
//! that several errors in one run are the same ones.
//!
//! Progress: a repair either shortens what is left behind the failing token or adds tokens before it; the driver
//! drops a token at which repairs repeat ([`Repairs::PATIENCE`]) and gives up on a file that costs too much
//! ([`Repairs::LIMIT`]).

mod context;
mod rules;

use self::context::Context;
use super::lexer::{Chunk, Spanned};
use super::token::{Semi, Token};
use crate::base::Span;
use crate::compiler::diag::{Code, Diagnostic};

/// A mended error.
struct Repair {
    /// What to say; nothing for errors that only follow from others.
    diagnostic: Option<Diagnostic>,
    /// First token to replace.
    from: usize,
    /// One past the last token to replace.
    to: usize,
    /// What to put there.
    insert: Vec<Token>,
    /// The file is not worth going on with.
    stop: bool,
}

/// How a parser run ended that did not reach the end of its tokens.
pub struct Failure {
    /// First token of the failing item.
    pub start: usize,
    /// Where the parser stopped; the number of tokens if it wanted more.
    pub at: usize,
    /// Names of the terminals it would have taken, as LALRPOP writes them.
    pub expected: Vec<String>,
}

/// The repairs of one file.
pub struct Repairs<'s> {
    text: &'s str,
    base: u32,
    /// Whether the file has a package clause.
    pub program: bool,
    /// Syntax errors.
    pub diagnostics: Vec<Diagnostic>,
    /// Tokens behind the last failure, and how often that did not become less.
    left: usize,
    stuck: usize,
    /// Tokens that may still be parsed again.
    budget: usize,
}

impl<'s> Repairs<'s> {
    /// Repairs at one place before a token is dropped.
    const PATIENCE: usize = 4;
    /// Errors after which no more are looked for.
    const LIMIT: usize = 200;

    /// No repairs yet.
    pub fn new(text: &'s str, base: u32) -> Self {
        let budget = 1_000_000 + 4 * text.len();
        Self { text, base, program: false, diagnostics: Vec::new(), left: usize::MAX, stuck: 0, budget }
    }

    /// Forgets where the last failure was: other tokens come.
    pub fn next_chunk(&mut self) {
        (self.left, self.stuck) = (usize::MAX, 0);
    }

    /// Notes an error and mends the tokens. False when the file should be left alone.
    pub fn mend(&mut self, chunk: &mut Chunk, failure: &Failure) -> bool {
        let left = chunk.tokens.len().saturating_sub(failure.at);
        self.budget = self.budget.saturating_sub(failure.at.saturating_sub(failure.start));
        if self.budget == 0 || self.diagnostics.len() >= Self::LIMIT {
            return false;
        }
        if left < self.left {
            (self.left, self.stuck) = (left, 0);
        } else {
            self.stuck += 1;
        }
        if self.stuck >= Self::PATIENCE || failure.at >= chunk.tokens.len() {
            if failure.at >= chunk.tokens.len() && self.diagnostics.is_empty() {
                let repair = self.repair(&chunk.tokens, failure);
                self.diagnostics.extend(repair.diagnostic);
            }
            let from = if failure.at >= chunk.tokens.len() { failure.start } else { failure.at };
            chunk.tokens.drain(from..chunk.tokens.len().min(failure.at + 1));
            self.left = left;
            return true;
        }
        let repair = self.repair(&chunk.tokens, failure);
        self.diagnostics.extend(repair.diagnostic);
        let at = chunk.tokens.get(repair.from).map_or(0, |t| t.lo);
        let to = repair.to.clamp(repair.from, chunk.tokens.len());
        let insert = repair.insert.into_iter().map(|token| Spanned { token, lo: at, hi: at });
        chunk.tokens.splice(repair.from..to, insert);
        !repair.stop
    }

    fn source(&self, lo: u32, hi: u32) -> &'s str {
        self.text.get((lo - self.base) as usize..(hi - self.base) as usize).unwrap_or("")
    }

    /// A token in Go's words.
    fn describe(&self, token: Option<&Spanned>) -> String {
        let Some(&Spanned { token, lo, hi }) = token else { return "EOF".to_owned() };
        let text = self.source(lo, hi);
        let text = text.lines().next().unwrap_or(text);
        match token {
            Token::Name | Token::TypeParam => format!("name {text}"),
            Token::Literal(_) => format!("literal {text}"),
            Token::Semi(Semi::Written) => "semicolon".to_owned(),
            Token::Semi(Semi::Newline) => "newline".to_owned(),
            Token::Semi(Semi::Eof) => "EOF".to_owned(),
            Token::Comma => "comma".to_owned(),
            _ if token.is_keyword() => format!("keyword {text}"),
            _ => text.to_owned(),
        }
    }

    /// Where a token stands; behind the last one, the end of the text.
    fn place(&self, token: Option<&Spanned>) -> Span {
        let end = self.base + self.text.len() as u32;
        token.map_or(Span::new(end, end), |t| Span::new(t.lo, t.hi.max(t.lo)))
    }

    fn repair(&self, tokens: &[Spanned], failure: &Failure) -> Repair {
        let context = Context { tokens, start: failure.start, at: failure.at };
        rules::repair(self, context, &failure.expected)
    }

    /// `syntax error: …` at a token.
    fn error(&self, token: Option<&Spanned>, message: impl std::fmt::Display) -> Diagnostic {
        Diagnostic::error(Code::Syntax, self.place(token), format!("syntax error: {message}"))
    }
}
