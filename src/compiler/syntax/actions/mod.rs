//! The builder: what the grammar's actions do.
//!
//! The parser's own stack carries 32-bit ids and counts only. Lists grow on the builder's stacks, one per kind of
//! entry: an action for an entry pushes, the action for the whole list takes as many as the parser counted. Since
//! LR reductions nest, so do the lists.
//!
//! Covers are resolved here: parameters that may be names or types, parameters of types that may be array lengths,
//! operators without levels, range and type-switch headers, `<-chan T`. What the grammar takes but the language does
//! not is reported here too.
//!
//! A failed item is parsed again after [repair](super::repair): everything the builder did since
//! [`Builder::item`] was last called can be undone by [`Builder::rewind`], nodes excepted (no one refers to them).

mod decls;
mod exprs;
mod stmts;
mod types;

pub use stmts::Case;

use std::cell::Cell;

use self::stmts::{CaseHead, Header};
use self::types::{Param, TypeParam};
use super::ast::*;
use crate::base::{Span, Symbol, sym};
use crate::compiler::diag::{Code, Diagnostic};

/// One expression, or several on the stack of expressions.
#[derive(Clone, Copy, Debug)]
pub enum Exprs {
    /// A single one.
    One(ExprId),
    /// So many.
    Many(u32),
}

impl Exprs {
    /// No expression.
    pub const NONE: Self = Self::Many(0);
}

/// Builds the tree of one file.
pub struct Builder<'a> {
    pub(super) ast: &'a mut Ast,
    text: &'a str,
    base: u32,
    exprs: Vec<ExprId>,
    stmts: Vec<StmtId>,
    clauses: Vec<ClauseId>,
    specs: Vec<SpecId>,
    fields: Vec<FieldId>,
    elems: Vec<ElemId>,
    params: Vec<Param>,
    type_params: Vec<TypeParam>,
    headers: Vec<Header>,
    cases: Vec<CaseHead>,
    /// `x.(type)` that no switch has claimed yet.
    guards: Vec<ExprId>,
    /// What is wrong with finished items, then with the current one.
    pub(super) diagnostics: Vec<Diagnostic>,
    /// How many of the diagnostics belong to finished items.
    finished: usize,
    /// How many tokens the parser has asked for.
    asked: &'a Cell<usize>,
    /// The first token behind the finished items.
    pub(super) resume: usize,
    /// Whether the file is a program.
    pub(super) program: bool,
    /// Whether a declaration other than an import was seen.
    past_imports: bool,
    /// Finished items.
    pub(super) items: Vec<StmtId>,
    /// The name in the package clause.
    pub(super) package: Option<Name>,
    /// The expression of [`parse_expr`](super::parse_expr).
    pub(super) expression: Option<ExprId>,
    /// Starts of literals whose value must not be looked at, ascending.
    pub(super) bad_literals: Vec<u32>,
}

impl<'a> Builder<'a> {
    /// A builder for a text that begins at position `base`. The driver counts in `asked` the tokens it hands out.
    pub fn new(ast: &'a mut Ast, text: &'a str, base: u32, asked: &'a Cell<usize>) -> Self {
        Self {
            ast,
            text,
            base,
            exprs: Vec::new(),
            stmts: Vec::new(),
            clauses: Vec::new(),
            specs: Vec::new(),
            fields: Vec::new(),
            elems: Vec::new(),
            params: Vec::new(),
            type_params: Vec::new(),
            headers: Vec::new(),
            cases: Vec::new(),
            guards: Vec::new(),
            diagnostics: Vec::new(),
            finished: 0,
            asked,
            resume: 0,
            program: false,
            past_imports: false,
            items: Vec::new(),
            package: None,
            expression: None,
            bad_literals: Vec::new(),
        }
    }

    /// The text between two positions.
    #[inline]
    pub(super) fn source(&self, l: u32, r: u32) -> &'a str {
        self.text.get((l - self.base) as usize..(r - self.base) as usize).unwrap_or("")
    }

    #[inline]
    fn symbol(&mut self, l: u32, r: u32) -> Symbol {
        let text = self.source(l, r);
        self.ast.names.intern(text)
    }

    #[inline]
    fn name(&mut self, (l, r): (u32, u32)) -> Name {
        Name { symbol: self.symbol(l, r), span: Span::new(l, r) }
    }

    #[cold]
    fn error(&mut self, code: Code, span: Span, message: impl Into<String>) {
        self.diagnostics.push(Diagnostic::error(code, span, message));
    }

    #[cold]
    fn syntax_error(&mut self, span: Span, message: impl std::fmt::Display) {
        self.error(Code::Syntax, span, format!("syntax error: {message}"));
    }

    /// An item of the file is complete, the token behind it has been asked for.
    pub fn item(&mut self, item: StmtId) {
        self.items.push(item);
        self.empty_item();
    }

    /// The same for an item that leaves nothing.
    pub fn empty_item(&mut self) {
        self.report_guards();
        self.finished = self.diagnostics.len();
        self.resume = self.asked.get().saturating_sub(1);
    }

    /// A declaration outside of functions.
    pub fn declaration(&mut self, l: u32, decl: DeclId, r: u32) {
        let is_import = matches!(self.ast.decl(decl), Decl::Group { keyword: DeclKeyword::Import, .. });
        if is_import && self.past_imports && self.program {
            self.syntax_error(Span::new(l, r), "imports must appear before other declarations");
        }
        self.past_imports |= !is_import;
        let item = self.decl_stmt(l, decl, r);
        self.item(item);
    }

    /// The package clause.
    pub fn package(&mut self, l: u32, r: u32) {
        let name = self.name((l, r));
        if name.symbol == sym::BLANK {
            self.error(Code::InvalidBlank, name.span, "invalid package name _");
        }
        self.package = Some(name);
    }

    /// The expression that was asked for.
    pub fn result(&mut self, x: ExprId) {
        self.report_guards();
        self.expression = Some(x);
    }

    /// Forgets what an unfinished item left behind.
    pub fn rewind(&mut self) {
        self.exprs.clear();
        self.stmts.clear();
        self.clauses.clear();
        self.specs.clear();
        self.fields.clear();
        self.elems.clear();
        self.params.clear();
        self.type_params.clear();
        self.headers.clear();
        self.cases.clear();
        self.guards.clear();
        self.diagnostics.truncate(self.finished);
    }

    /// `x.(type)` outside of a type switch.
    fn report_guards(&mut self) {
        for guard in std::mem::take(&mut self.guards) {
            let span = self.ast.span(guard);
            self.error(Code::InvalidTypeSwitch, span, "use of .(type) outside type switch");
        }
    }

    /// Takes a list of expressions off the stack.
    #[inline]
    fn take_exprs(&mut self, list: Exprs) -> List<ExprId> {
        match list {
            Exprs::One(x) => self.ast.add_list(&[x]),
            Exprs::Many(n) => take(&mut self.exprs, n, |entries| self.ast.add_list(entries)),
        }
    }
}

/// Hands the last `n` entries of a stack to `f` and drops them.
#[inline]
fn take<T, R>(stack: &mut Vec<T>, n: u32, f: impl FnOnce(&[T]) -> R) -> R {
    let start = stack.len().saturating_sub(n as usize);
    let result = f(stack.get(start..).unwrap_or(&[]));
    stack.truncate(start);
    result
}
