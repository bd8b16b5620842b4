//! The entry points, and the loop that drives lexer, parser and repair.

use super::actions::Builder;
use super::ast::{Ast, ExprId, File};
use super::grammar::StartParser;
use super::lexer::{Chunk, Lexer};
use super::token::Token;
use crate::base::{FileId, SourceMap, Span};
use crate::compiler::diag::{Code, Diagnostic};

/// Parses a file: a program if it begins with a package clause, else a script.
pub fn parse_file(ast: &mut Ast, sources: &SourceMap, file: FileId) -> (File, Vec<Diagnostic>) {
    let source = sources.file(file);
    let mut lexer = Lexer::new(&source.text, source.base);
    let mut builder = Builder::new(ast, &source.text, source.base);
    let mut chunk = Chunk::default();
    let parser = StartParser::new();
    let mut errors = Vec::new();
    while lexer.fill(&mut chunk) {
        builder.bad_literals.append(&mut lexer.bad_literals);
        let tokens = chunk.tokens.iter().map(|t| (t.lo, t.token, t.hi));
        let start = (source.base, Token::StartFile, source.base);
        if let Err(e) = parser.parse(&mut builder, std::iter::once(start).chain(tokens)) {
            let at = match e {
                lalrpop_util::ParseError::UnrecognizedToken { token: (lo, _, hi), .. } => Span::new(lo, hi),
                _ => source.span().end(),
            };
            errors.push(Diagnostic::error(Code::Syntax, at, format!("syntax error: unexpected {}", sources.text(at))));
        }
        chunk.tokens.clear();
        chunk.items.clear();
    }
    let Builder { items, package, diagnostics, .. } = builder;
    let file = File { id: file, package, items: ast.add_list(&items) };
    ast.exports.extend(lexer.exports);
    errors.extend(diagnostics);
    errors.extend(lexer.diagnostics);
    (file, errors)
}

/// Parses a single expression.
pub fn parse_expr(ast: &mut Ast, sources: &SourceMap, file: FileId) -> (Option<ExprId>, Vec<Diagnostic>) {
    let source = sources.file(file);
    let mut lexer = Lexer::new(&source.text, source.base);
    let mut builder = Builder::new(ast, &source.text, source.base);
    let mut chunk = Chunk::default();
    while lexer.fill(&mut chunk) {}
    let tokens = chunk.tokens.iter().map(|t| (t.lo, t.token, t.hi));
    let start = (source.base, Token::StartExpr, source.base);
    let _ = StartParser::new().parse(&mut builder, std::iter::once(start).chain(tokens));
    (builder.expression, lexer.diagnostics)
}
