//! The entry points, and the loop that drives lexer, parser and recovery.

use std::cell::Cell;

use lalrpop_util::ParseError;
use rustc_hash::FxHashSet;

use super::actions::Builder;
use super::ast::{Ast, ExprId, File};
use super::grammar::StartParser;
use super::lexer::{Chunk, Lexer, Spanned};
use super::recover::{Failure, Repairs};
use super::token::Token;
use crate::base::{FileId, SourceFile, SourceMap};
use crate::compiler::diag::Diagnostic;

/// Parses a file: a program if it begins with a package clause, else a script.
pub fn parse_file(ast: &mut Ast, sources: &SourceMap, file: FileId) -> (File, Vec<Diagnostic>) {
    let asked = Cell::new(0);
    let mut driver = Driver::new(ast, sources.file(file), &asked);
    driver.run(None);
    let diagnostics = driver.diagnostics();
    let exports = std::mem::take(&mut driver.lexer.exports);
    let items = std::mem::take(&mut driver.builder.items);
    let package = driver.builder.package;
    ast.exports.extend(exports);
    (File { id: file, package, items: ast.add_list(&items) }, diagnostics)
}

/// Parses a single expression. After an error there may be none, or one that holds `Bad` nodes.
pub fn parse_expr(ast: &mut Ast, sources: &SourceMap, file: FileId) -> (Option<ExprId>, Vec<Diagnostic>) {
    let asked = Cell::new(0);
    let mut driver = Driver::new(ast, sources.file(file), &asked);
    driver.run(Some(Token::StartExpr));
    let diagnostics = driver.diagnostics();
    (driver.builder.expression, diagnostics)
}

/// Hands tokens to the parser and counts what it asks for.
struct Feed<'t> {
    tokens: std::slice::Iter<'t, Spanned>,
    asked: &'t Cell<usize>,
}

impl Iterator for Feed<'_> {
    type Item = (u32, Token, u32);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.asked.set(self.asked.get() + 1);
        self.tokens.next().map(|t| (t.lo, t.token, t.hi))
    }
}

/// One file on its way.
struct Driver<'a> {
    source: &'a SourceFile,
    lexer: Lexer<'a>,
    builder: Builder<'a>,
    repairs: Repairs<'a>,
    asked: &'a Cell<usize>,
}

impl<'a> Driver<'a> {
    fn new(ast: &'a mut Ast, source: &'a SourceFile, asked: &'a Cell<usize>) -> Self {
        Self {
            source,
            lexer: Lexer::new(&source.text, source.base),
            builder: Builder::new(ast, &source.text, source.base, asked),
            repairs: Repairs::new(&source.text, source.base),
            asked,
        }
    }

    /// Lexes and parses chunk by chunk. Without a `start` the first token says what the file is.
    fn run(&mut self, start: Option<Token>) {
        let mut chunk = Chunk::default();
        let mut first = true;
        while self.lexer.fill(&mut chunk) {
            self.builder.bad_literals.append(&mut self.lexer.bad_literals);
            if std::mem::take(&mut first) && start.is_none() {
                let program = chunk.tokens.first().is_some_and(|t| t.token == Token::Package);
                (self.builder.program, self.repairs.program) = (program, program);
            }
            if !self.parse(&mut chunk, start) {
                break;
            }
            chunk.tokens.clear();
            chunk.items.clear();
        }
    }

    /// Parses the items of a chunk, mending tokens where the parser stops. False when the file is not worth going on.
    fn parse(&mut self, chunk: &mut Chunk, start: Option<Token>) -> bool {
        let parser = StartParser::new();
        self.builder.resume = 0;
        self.repairs.next_chunk();
        loop {
            let from = self.builder.resume;
            let start = start.unwrap_or(match chunk.tokens.first() {
                _ if !self.builder.program => Token::StartScript,
                Some(Spanned { token: Token::Package, .. }) if from == 0 => Token::StartFile,
                _ => Token::StartDecls,
            });
            self.asked.set(from);
            let tokens = chunk.tokens.get(from..).unwrap_or(&[]);
            let place = tokens.first().map_or(self.source.base, |t| t.lo);
            let feed = Feed { tokens: tokens.iter(), asked: self.asked };
            let Err(error) = parser.parse(&mut self.builder, std::iter::once((place, start, place)).chain(feed)) else {
                return true;
            };
            if self.lexer.cut {
                return false;
            }
            self.builder.rewind();
            let at = self.asked.get().saturating_sub(1).min(chunk.tokens.len());
            let expected = match error {
                ParseError::UnrecognizedToken { expected, .. } | ParseError::UnrecognizedEof { expected, .. } => {
                    expected
                }
                _ => Vec::new(),
            };
            let failure = Failure { start: self.builder.resume, at, expected };
            if !self.repairs.mend(chunk, &failure) {
                return false;
            }
        }
    }

    /// All that is wrong, in order of places. Of syntax errors on one line one stays, as in Go: the first at which the
    /// parser stopped, or else the first that an action found.
    fn diagnostics(&mut self) -> Vec<Diagnostic> {
        let mut all = std::mem::take(&mut self.repairs.diagnostics);
        all.append(&mut self.builder.diagnostics);
        all.append(&mut self.lexer.diagnostics);
        let mut lines = FxHashSet::default();
        all.retain(|d| {
            let (line, _) = self.source.line_column(d.span.lo);
            !d.message.starts_with("syntax error:") || lines.insert(line)
        });
        all.sort_by_key(|d| d.span.lo);
        all.dedup_by(|b, a| a.message == b.message && self.same_line(a, b));
        all
    }

    fn same_line(&self, a: &Diagnostic, b: &Diagnostic) -> bool {
        self.source.line_column(a.span.lo).0 == self.source.line_column(b.span.lo).0
    }
}
