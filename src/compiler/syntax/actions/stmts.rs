//! Actions for statements.

use super::{Builder, Exprs, take};
use crate::base::Span;
use crate::compiler::syntax::ast::*;

/// The header of an if, switch or for with at most one semicolon.
#[derive(Clone, Copy)]
pub struct Header {
    init: Option<StmtId>,
    semicolon: Option<u32>,
    main: Option<StmtId>,
}

/// What stands behind `case`.
#[derive(Clone, Copy)]
pub enum Case {
    /// A simple statement, also a single expression.
    Simple(StmtId),
    /// Several expressions, on the stack.
    List(u32),
}

/// `case … :`
#[derive(Clone, Copy)]
pub struct CaseHead {
    case: Case,
    span: Span,
}

impl Builder<'_> {
    /// Any statement.
    #[inline]
    pub fn stmt(&mut self, l: u32, node: Stmt, r: u32) -> StmtId {
        self.ast.add_stmt(node, Span::new(l, r))
    }

    /// A statement on the stack; returns how many there are now.
    #[inline]
    pub fn push_stmt(&mut self, s: StmtId, before: u32) -> u32 {
        self.stmts.push(s);
        before + 1
    }

    fn take_stmts(&mut self, n: u32) -> List<StmtId> {
        take(&mut self.stmts, n, |stmts| self.ast.add_list(stmts))
    }

    /// `{ … }`
    pub fn block(&mut self, l: u32, n: u32, r: u32) -> BlockId {
        let stmts = self.take_stmts(n);
        self.ast.add_block(Block { stmts, span: Span::new(l, r) })
    }

    /// An expression as a statement.
    #[inline]
    pub fn expr_stmt(&mut self, x: ExprId) -> StmtId {
        let span = self.ast.span(x);
        self.ast.add_stmt(Stmt::Expr(x), span)
    }

    /// `chan <- value`
    pub fn send(&mut self, chan: ExprId, value: ExprId) -> StmtId {
        let span = self.ast.span(chan).to(self.ast.span(value));
        self.ast.add_stmt(Stmt::Send { chan, value }, span)
    }

    /// `x++`, `x--`
    pub fn inc_dec(&mut self, x: ExprId, inc: bool, r: u32) -> StmtId {
        let span = Span::new(self.ast.span(x).lo, r);
        self.ast.add_stmt(Stmt::IncDec { x, inc }, span)
    }

    /// `x op= y`
    pub fn op_assign(&mut self, x: ExprId, op: BinOp, y: ExprId) -> StmtId {
        let span = self.ast.span(x).to(self.ast.span(y));
        self.ast.add_stmt(Stmt::OpAssign { op, x, y }, span)
    }

    /// Takes both sides of an assignment; the right one lies above the left one.
    #[inline]
    fn sides(&mut self, left: Exprs, right: Exprs) -> (List<ExprId>, List<ExprId>, Span) {
        let rhs = self.take_exprs(right);
        let lhs = self.take_exprs(left);
        let first = self.ast.first(lhs).map_or(Span::NONE, |x| self.ast.span(x));
        let last = self.ast.last(rhs).map_or(first, |x| self.ast.span(x));
        (lhs, rhs, first.to(last))
    }

    /// `lhs = rhs`
    pub fn assign(&mut self, left: Exprs, right: Exprs) -> StmtId {
        let (lhs, rhs, span) = self.sides(left, right);
        self.ast.add_stmt(Stmt::Assign { lhs, rhs }, span)
    }

    /// `lhs := rhs`
    pub fn define(&mut self, left: Exprs, right: Exprs) -> StmtId {
        let (lhs, rhs, span) = self.sides(left, right);
        self.ast.add_stmt(Stmt::Define { lhs, rhs }, span)
    }

    /// `return values`
    pub fn return_stmt(&mut self, l: u32, values: Exprs, r: u32) -> StmtId {
        let values = self.take_exprs(values);
        self.stmt(l, Stmt::Return(values), r)
    }

    /// `break`, `continue`, `goto`, `fallthrough`
    pub fn branch(&mut self, l: u32, kind: BranchKind, label: Option<LabelId>, r: u32) -> StmtId {
        self.stmt(l, Stmt::Branch { kind, label }, r)
    }

    /// A label's name.
    pub fn label(&mut self, l: u32, r: u32) -> LabelId {
        let name = self.name((l, r));
        self.ast.add_label(name)
    }

    /// `label: stmt`
    pub fn labeled(&mut self, l: u32, lr: u32, stmt: StmtId, r: u32) -> StmtId {
        let label = self.label(l, lr);
        self.stmt(l, Stmt::Labeled { label, stmt }, r)
    }

    /// `label:` before a semicolon, the end of a block, or (an error) the next clause.
    pub fn empty_labeled(&mut self, l: u32, lr: u32, r: u32) -> StmtId {
        let behind = self.source(r, self.base + self.text.len() as u32).trim_start();
        if behind.starts_with("case") || behind.starts_with("default") {
            self.syntax_error(Span::new(l, lr), "missing statement after label");
        }
        let stmt = self.stmt(r, Stmt::Empty, r);
        self.labeled(l, lr, stmt, r)
    }

    /// A header with at most one semicolon.
    pub fn header(&mut self, init: Option<StmtId>, semicolon: Option<u32>, main: Option<StmtId>) {
        self.headers.push(Header { init, semicolon, main });
    }

    fn take_header(&mut self) -> Header {
        self.headers.pop().unwrap_or(Header { init: None, semicolon: None, main: None })
    }

    /// The expression that a header's statement has to be.
    fn condition(&mut self, s: StmtId) -> ExprId {
        let span = self.ast.stmt_span(s);
        match self.ast.stmt(s) {
            Stmt::Expr(x) => return x,
            Stmt::Bad => {}
            node => {
                let text = self.source(span.lo, span.hi);
                let text = text.lines().next().unwrap_or(text);
                let what = if matches!(node, Stmt::Assign { .. }) { "assignment " } else { "" };
                self.guards.retain(|&g| self.ast.span(g).lo < span.lo);
                self.syntax_error(span, format_args!("cannot use {what}{text} as value"));
            }
        }
        self.bad(span.lo, span.hi)
    }

    /// `if header { … } else …`
    pub fn if_stmt(&mut self, l: u32, then: BlockId, els: Option<StmtId>, r: u32) -> StmtId {
        let header = self.take_header();
        let cond = match header.main {
            Some(s) => self.condition(s),
            None => {
                let at = self.ast.block(then).span.lo;
                self.missing_condition(header.semicolon, at);
                self.bad(at, at)
            }
        };
        self.stmt(l, Stmt::If { init: header.init, cond, then, els }, r)
    }

    fn missing_condition(&mut self, semicolon: Option<u32>, brace: u32) {
        match semicolon {
            Some(at) if self.source(at, at + 1) != ";" => {
                self.syntax_error(Span::new(at, at + 1), "unexpected newline, expected { after if clause");
            }
            _ => {
                let at = semicolon.unwrap_or(brace);
                self.syntax_error(Span::new(at, at + 1), "missing condition in if statement");
            }
        }
    }

    /// `switch header { n clauses }`: with a guard in its header, a type switch.
    pub fn switch(&mut self, l: u32, n: u32, r: u32) -> StmtId {
        let header = self.take_header();
        let clauses = self.take_clauses(n);
        let init = header.init;
        let guard = header.main.and_then(|s| self.guard(s));
        let node = match guard {
            Some((bind, guard)) => Stmt::TypeSwitch { init, bind, guard, clauses },
            None => Stmt::Switch { init, tag: header.main.map(|s| self.condition(s)), clauses },
        };
        self.stmt(l, node, r)
    }

    /// Reads a header as `x.(type)` or `v := x.(type)`.
    fn guard(&mut self, s: StmtId) -> Option<(Option<ExprId>, ExprId)> {
        let (bind, guard) = match self.ast.stmt(s) {
            Stmt::Expr(x) => (None, x),
            Stmt::Define { lhs, rhs } if lhs.len() == 1 && rhs.len() == 1 => {
                (self.ast.first(lhs), self.ast.first(rhs)?)
            }
            _ => return None,
        };
        let Expr::Assert { ty: None, .. } = self.ast.expr(guard) else { return None };
        if let Some(x) = bind
            && !matches!(self.ast.expr(x), Expr::Ident(_) | Expr::Bad)
        {
            return None;
        }
        self.guards.retain(|&g| g != guard);
        Some((bind, guard))
    }

    /// `select { n clauses }`
    pub fn select(&mut self, l: u32, n: u32, r: u32) -> StmtId {
        let clauses = self.take_clauses(n);
        self.stmt(l, Stmt::Select(clauses), r)
    }

    fn take_clauses(&mut self, n: u32) -> List<ClauseId> {
        take(&mut self.clauses, n, |clauses| self.ast.add_list(clauses))
    }

    /// `case … :`
    pub fn case_head(&mut self, l: u32, case: Case, r: u32) {
        self.cases.push(CaseHead { case, span: Span::new(l, r) });
    }

    fn clause(&mut self, exprs: List<ExprId>, comm: Option<StmtId>, is_default: bool, head: Span, body: List<StmtId>) {
        let end = self.ast.last(body).map_or(head.hi, |s| self.ast.stmt_span(s).hi);
        let span = Span::new(head.lo, end.max(head.hi));
        let clause = self.ast.add_clause(Clause { exprs, comm, is_default, body, span, head });
        self.clauses.push(clause);
    }

    /// A clause of a switch with `n` statements.
    pub fn switch_clause(&mut self, n: u32) {
        let body = self.take_stmts(n);
        let Some(CaseHead { case, span }) = self.cases.pop() else { return };
        let exprs = match case {
            Case::List(n) => Exprs::Many(n),
            Case::Simple(s) => Exprs::One(self.condition(s)),
        };
        let exprs = self.take_exprs(exprs);
        self.clause(exprs, None, false, span, body);
    }

    /// A clause of a select with `n` statements.
    pub fn select_clause(&mut self, n: u32) {
        let body = self.take_stmts(n);
        let Some(CaseHead { case, span }) = self.cases.pop() else { return };
        let comm = match case {
            Case::Simple(s) => s,
            Case::List(n) => {
                let exprs = self.take_exprs(Exprs::Many(n));
                let at = self.ast.last(exprs).map_or(span.end(), |x| self.ast.span(x).end());
                self.syntax_error(at, "unexpected :, expected := or = or comma");
                self.ast.add_stmt(Stmt::Bad, span)
            }
        };
        self.clause(List::default(), Some(comm), false, span, body);
    }

    /// `default:` with `n` statements.
    pub fn default_clause(&mut self, head: Span, n: u32) {
        let body = self.take_stmts(n);
        self.clause(List::default(), None, true, head, body);
    }

    /// `for { … }`, `for cond { … }`
    pub fn for_stmt(&mut self, l: u32, body: BlockId, r: u32) -> StmtId {
        let header = self.take_header();
        let cond = header.main.map(|s| self.condition(s));
        if header.semicolon.is_some() {
            let brace = self.ast.block(body).span.lo;
            let what = if header.main.is_some() { "semicolon or newline" } else { "for loop condition" };
            self.syntax_error(Span::new(brace, brace + 1), format_args!("unexpected {{, expected {what}"));
        }
        self.stmt(l, Stmt::For { init: header.init, cond, post: None, body }, r)
    }

    /// `for init; cond; post { … }`
    pub fn for_clause(&mut self, l: u32, [init, cond, post]: [Option<StmtId>; 3], body: BlockId, r: u32) -> StmtId {
        let cond = cond.map(|s| self.condition(s));
        if let Some(s) = post
            && matches!(self.ast.stmt(s), Stmt::Define { .. })
        {
            let span = self.ast.stmt_span(s);
            self.syntax_error(span, "cannot declare in post statement of for loop");
        }
        self.stmt(l, Stmt::For { init, cond, post, body }, r)
    }

    /// `for vars := range x { … }`
    pub fn range(&mut self, l: u32, vars: Exprs, define: bool, x: ExprId, body: BlockId, r: u32) -> StmtId {
        let vars = self.take_exprs(vars);
        self.stmt(l, Stmt::Range { vars, define, x, body }, r)
    }
}
