//! Statements.

use super::expr::ExprKind;
use super::info::Mode;
use super::labels::Flow;
use super::{Checker, Operand};
use crate::base::Span;
use crate::compiler::diag::{Code, Diagnostic};
use crate::compiler::syntax::ast::{
    BinOp, BlockId, BranchKind, ChanDir, Clause, Expr, ExprId, FuncId, List, Stmt, StmtId,
};
use crate::compiler::types::{Builtin, Type, TypeId, tid};

impl Checker<'_> {
    /// Checks the body of a declared function or a literal whose signature is known.
    pub(super) fn func_body(&mut self, sig: TypeId, block: BlockId, lit: Option<ExprId>, func: Option<FuncId>) {
        self.funcs.push(super::env::FuncState { lit, ..Default::default() });
        self.env.sig = Some(sig);
        self.env.script_top = false;
        self.open_scope();
        match (func, lit) {
            (Some(id), _) => self.declare_func_params(id),
            (None, Some(lit)) => {
                if let Expr::FuncLit { ty, .. } = self.ast.expr(lit)
                    && let Expr::FuncType(signature) = self.ast.expr(ty)
                {
                    self.declare_sig_params(signature);
                }
            }
            (None, None) => {}
        }
        let body = self.ast.block(block);
        self.stmts(body.stmts, Flow::default());
        self.check_labels(body.stmts);
        let needs_return = matches!(self.types.get(sig), Type::Signature(s) if !s.results.is_empty());
        if needs_return && !self.list_terminates(body.stmts) {
            let close = Span::new(body.span.hi.saturating_sub(1), body.span.hi);
            self.error(close, Code::MissingReturn, "missing return");
        }
        self.close_scope();
        if let Some(state) = self.funcs.pop()
            && let Some(lit) = state.lit
            && !state.captures.is_empty()
        {
            self.info.captures.insert(lit, state.captures);
        }
    }

    /// The statements of a script, in textual order; declarations other than variables were collected beforehand.
    pub(super) fn script_body(&mut self, items: List<StmtId>) {
        self.funcs.push(super::env::FuncState::default());
        self.env.script_top = true;
        self.open_scope();
        let ast = self.ast;
        for stmt in ast.list(items) {
            if !self.is_collected(stmt) {
                self.stmt(stmt, Flow::default());
            }
        }
        self.check_labels(items);
        self.close_scope();
        self.env.script_top = false;
        self.funcs.pop();
    }

    /// Statements of one scope. `flow` says what `fallthrough` may do at the end of a clause.
    pub(super) fn stmts(&mut self, list: List<StmtId>, flow: Flow) {
        let ast = self.ast;
        let last = self.last_nonempty(list);
        for stmt in ast.list(list) {
            let inner = if Some(stmt) == last { flow } else { Flow { fallthrough_ok: false, ..flow } };
            self.stmt(stmt, inner);
        }
    }

    fn last_nonempty(&self, list: List<StmtId>) -> Option<StmtId> {
        self.ast.list(list).rev().find(|&s| !matches!(self.ast.stmt(s), Stmt::Empty))
    }

    /// A block in a scope of its own.
    pub(super) fn block(&mut self, block: BlockId, flow: Flow) {
        let stmts = self.ast.block(block).stmts;
        self.inner_scope(|c| c.stmts(stmts, flow));
    }

    /// Runs `check` in a scope of its own, in which variables are local even at the top of a script.
    pub(super) fn inner_scope<R>(&mut self, check: impl FnOnce(&mut Self) -> R) -> R {
        let top = std::mem::replace(&mut self.env.script_top, false);
        let result = self.scoped(check);
        self.env.script_top = top;
        result
    }

    /// A statement, under what its surroundings allow.
    pub(super) fn stmt(&mut self, id: StmtId, flow: Flow) {
        match self.ast.stmt(id) {
            Stmt::Bad | Stmt::Empty => {}
            Stmt::Expr(e) => self.expr_stmt(e),
            Stmt::Send { chan, value } => self.send(chan, value),
            Stmt::IncDec { x, inc } => self.inc_dec(x, inc),
            Stmt::Assign { lhs, rhs } => self.assign_stmt(lhs, rhs),
            Stmt::OpAssign { op, x, y } => self.op_assign(op, x, y),
            Stmt::Define { lhs, rhs } => self.define_stmt(id, lhs, rhs),
            Stmt::Go(e) => self.suspended_call(e, "go"),
            Stmt::Defer(e) => self.suspended_call(e, "defer"),
            Stmt::Return(values) => self.return_stmt(id, values),
            Stmt::Branch { kind, label } => {
                if label.is_none() {
                    self.plain_branch(id, kind, flow);
                }
            }
            Stmt::Block(block) => self.block(block, flow.nested()),
            Stmt::If { init, cond, then, els } => self.if_stmt(init, cond, then, els, flow),
            Stmt::Switch { init, tag, clauses } => self.switch_stmt(init, tag, clauses, flow),
            Stmt::TypeSwitch { init, bind, guard, clauses } => self.type_switch(init, bind, guard, clauses, flow),
            Stmt::Select(clauses) => self.select_stmt(clauses, flow),
            Stmt::For { init, cond, post, body } => self.for_stmt(init, cond, post, body, flow),
            Stmt::Range { .. } => self.range_stmt(id, flow),
            Stmt::Labeled { stmt, .. } => self.stmt(stmt, flow),
            Stmt::Decl(decl) => self.decl_stmt(decl),
        }
    }

    fn expr_stmt(&mut self, e: ExprId) {
        let mut x = self.operand(e);
        let kind = self.raw_expr(&mut x, e, None, false);
        if x.is_invalid() {
            return;
        }
        let message = match x.mode {
            Mode::Builtin(_) => format!("{} must be called", self.describe(&x)),
            Mode::Type => format!("{} is not an expression", self.describe(&x)),
            _ if kind == ExprKind::Statement => return,
            _ => format!("{} is not used", self.describe(&x)),
        };
        let code = match x.mode {
            Mode::Builtin(_) => Code::BuiltinNotCalled,
            Mode::Type => Code::NotAnExpression,
            _ => Code::UnusedResult,
        };
        self.error(x.span, code, message);
    }

    fn send(&mut self, chan: ExprId, value: ExprId) {
        let channel = self.expr(chan);
        if channel.is_invalid() {
            return self.use_expr(value);
        }
        let under = self.common_under(channel.ty);
        let found = under.map(|u| self.types.get(u).clone());
        let Some(Type::Chan(dir, elem)) = found else {
            self.use_expr(value);
            let message = self.channel_misuse("send to", &channel, None);
            return self.error(channel.span, Code::InvalidSend, message);
        };
        if dir == ChanDir::Recv {
            self.use_expr(value);
            let message = self.channel_misuse("send to", &channel, Some("receive-only"));
            return self.error(channel.span, Code::InvalidSend, message);
        }
        let mut x = self.expr_hint(value, Some(elem));
        self.assignment(&mut x, Some(elem), "send");
    }

    fn inc_dec(&mut self, target: ExprId, inc: bool) {
        let x = self.expr(target);
        if x.is_invalid() {
            return;
        }
        if !self.all_numeric(x.ty) {
            let op = if inc { "++" } else { "--" };
            let message =
                format!("invalid operation: {}{op} (non-numeric type {})", self.expr_text(target), self.text(x.ty));
            return self.error(x.span, Code::UndefinedOperator, message);
        }
        let mut value = x.clone();
        value.mode = Mode::Value;
        self.assign_value_to(target, &mut value, "assignment", Some(x));
    }

    fn suspended_call(&mut self, e: ExprId, what: &str) {
        let inner = self.ast.unparen(e);
        let span = self.ast.span(e);
        if inner != e {
            self.error(span, Code::InvalidDefer, format!("expression in {what} must not be parenthesized"));
        } else if !matches!(self.ast.expr(inner), Expr::Call { .. }) {
            self.use_expr(e);
            return self.error(span, Code::InvalidDefer, format!("expression in {what} must be function call"));
        }
        let mut x = self.operand(inner);
        let kind = self.raw_expr(&mut x, inner, None, false);
        if !matches!(self.ast.expr(inner), Expr::Call { .. }) {
            return;
        }
        let message = match kind {
            ExprKind::Conversion => format!("{what} requires function call, not conversion {}", self.describe(&x)),
            ExprKind::Expression if !x.is_invalid() => format!("{what} discards result of {}", self.describe(&x)),
            _ => return,
        };
        self.error(span, Code::InvalidDefer, message);
    }

    fn return_stmt(&mut self, id: StmtId, values: List<ExprId>) {
        let span = self.ast.stmt_span(id);
        let Some(sig) = self.env.sig else {
            // At the top level of a script.
            if let Some(first) = self.ast.first(values) {
                self.use_exprs(values);
                self.error(self.ast.span(first), Code::ResultCount, "too many return values");
            }
            return;
        };
        let Type::Signature(signature) = self.types.get(sig).clone() else { return };
        if values.is_empty() && !signature.results.is_empty() {
            return self.bare_return(span, &signature);
        }
        if signature.results.is_empty() {
            if let Some(first) = self.ast.first(values) {
                self.returned_too_much(first, values);
            }
            return;
        }
        let targets: Vec<TypeId> = signature.results.iter().map(|r| r.ty).collect();
        let values: Vec<ExprId> = self.ast.list(values).collect();
        for result in self.funcs.last().map(|f| f.results.clone()).unwrap_or_default() {
            self.note_reassigned(result);
        }
        self.return_values(&targets, &values, span);
    }

    fn returned_too_much(&mut self, first: ExprId, values: List<ExprId>) {
        let ast = self.ast;
        let mut operands: Vec<Operand> = Vec::new();
        for value in ast.list(values) {
            let (parts, _) = self.multi_expr(value, false);
            operands.extend(parts);
        }
        if operands.iter().any(|x| x.is_invalid()) {
            return;
        }
        let have = self.operand_summary(&operands, false);
        let diagnostic = Diagnostic::error(Code::ResultCount, ast.span(first), "too many return values")
            .note(format!("have {have}"))
            .note("want ()".to_owned());
        self.report(diagnostic);
    }

    fn bare_return(&mut self, span: Span, signature: &crate::compiler::types::Signature) {
        let named = signature.results.iter().all(|r| r.name != crate::base::sym::EMPTY);
        if !named {
            let want = self.param_summary(&signature.results, false);
            let diagnostic = Diagnostic::error(Code::ResultCount, span, "not enough return values")
                .note("have ()".to_owned())
                .note(format!("want {want}"));
            return self.report(diagnostic);
        }
        let results = self.funcs.last().map(|f| f.results.clone()).unwrap_or_default();
        for result in results {
            let name = self.objects[result].name;
            if let Some(seen) = self.lookup_name(name)
                && seen != result
                && name != crate::base::sym::BLANK
            {
                let text = self.name(name);
                let inner = self.declared_at(seen);
                let place = self.sources.describe(inner);
                let diagnostic = Diagnostic::error(
                    Code::ShadowedResult,
                    span,
                    format!("result parameter {text} not in scope at return"),
                )
                .label(inner, "inner declaration")
                .note(format!("{place}: inner declaration of var {text} {}", self.text(self.objects[seen].ty)));
                self.report(diagnostic);
            }
        }
    }

    /// A condition must be boolean.
    pub(super) fn condition(&mut self, cond: ExprId, what: &str) {
        let x = self.expr(cond);
        if !x.is_invalid() && !self.all_boolean(x.ty) {
            let message = format!("non-boolean condition in {what} statement");
            self.error(x.span, Code::InvalidCondition, message);
        }
    }

    fn if_stmt(&mut self, init: Option<StmtId>, cond: ExprId, then: BlockId, els: Option<StmtId>, flow: Flow) {
        // A chain of `else if` nests scopes but not calls.
        let top = std::mem::replace(&mut self.env.script_top, false);
        let mut depth = 0;
        let (mut init, mut cond, mut then, mut els) = (init, cond, then, els);
        loop {
            self.open_scope();
            depth += 1;
            if let Some(init) = init {
                self.stmt(init, Flow::default());
            }
            self.condition(cond, "if");
            self.block(then, flow.nested());
            match els.map(|e| (e, self.ast.stmt(e))) {
                Some((_, Stmt::If { init: i, cond: c, then: t, els: e })) => (init, cond, then, els) = (i, c, t, e),
                Some((other, _)) => {
                    self.stmt(other, flow.nested());
                    break;
                }
                None => break,
            }
        }
        for _ in 0..depth {
            self.close_scope();
        }
        self.env.script_top = top;
    }

    fn for_stmt(
        &mut self,
        init: Option<StmtId>,
        cond: Option<ExprId>,
        post: Option<StmtId>,
        body: BlockId,
        flow: Flow,
    ) {
        self.inner_scope(|c| {
            if let Some(init) = init {
                c.stmt(init, Flow::default());
            }
            if let Some(cond) = cond {
                c.condition(cond, "for");
            }
            if let Some(post) = post {
                if matches!(c.ast.stmt(post), Stmt::Define { .. }) {
                    let span = c.ast.stmt_span(post);
                    c.error(span, Code::Syntax, "cannot declare in post statement of for loop");
                }
                c.stmt(post, Flow::default());
            }
            c.block(body, flow.in_loop());
        });
    }

    fn select_stmt(&mut self, clauses: List<crate::compiler::syntax::ast::ClauseId>, flow: Flow) {
        let ast = self.ast;
        let mut default: Option<Span> = None;
        for id in ast.list(clauses) {
            let clause = ast.clause(id);
            if clause.is_default {
                self.note_default(&mut default, &clause);
            } else if !self.is_communication(&clause) {
                let span = clause.comm.map_or(clause.head, |c| ast.stmt_span(c));
                let message = "select case must be send or receive (possibly with assignment)";
                self.error(span, Code::InvalidSelectCase, message);
                continue;
            }
            self.inner_scope(|c| {
                if let Some(comm) = clause.comm {
                    c.stmt(comm, Flow::default());
                }
                c.stmts(clause.body, flow.in_select());
            });
        }
    }

    /// Reports a second `default` clause.
    pub(super) fn note_default(&mut self, default: &mut Option<Span>, clause: &Clause) {
        match *default {
            Some(first) => {
                let place = self.sources.describe(first);
                let message = format!("multiple defaults (first at {place})");
                let diagnostic =
                    Diagnostic::error(Code::DuplicateDefault, clause.head, message).label(first, "first default");
                self.report(diagnostic);
            }
            None => *default = Some(clause.head),
        }
    }

    fn is_communication(&self, clause: &Clause) -> bool {
        let is_receive = |e: ExprId| {
            matches!(self.ast.expr(self.ast.unparen(e)), Expr::Unary(crate::compiler::syntax::ast::UnOp::Recv, _))
        };
        match clause.comm.map(|c| self.ast.stmt(c)) {
            Some(Stmt::Send { .. }) | Some(Stmt::Bad) => true,
            Some(Stmt::Expr(e)) => is_receive(e),
            Some(Stmt::Assign { rhs, .. } | Stmt::Define { rhs, .. }) => {
                rhs.len() == 1 && self.ast.first(rhs).is_some_and(is_receive)
            }
            _ => false,
        }
    }

    fn plain_branch(&mut self, id: StmtId, kind: BranchKind, flow: Flow) {
        let span = self.ast.stmt_span(id);
        let (fine, message) = match kind {
            BranchKind::Break => (flow.break_ok, "break is not in a loop, switch, or select"),
            BranchKind::Continue => (flow.continue_ok, "continue is not in a loop"),
            BranchKind::Goto => (true, ""),
            BranchKind::Fallthrough => (
                flow.fallthrough_ok,
                if flow.final_clause {
                    "cannot fallthrough final case in switch"
                } else if flow.type_switch {
                    "cannot fallthrough in type switch"
                } else {
                    "fallthrough statement out of place"
                },
            ),
        };
        if !fine {
            self.error(span, Code::MisplacedBranch, message);
        }
    }

    /// Whether a call is one of the built-in `panic`.
    pub(super) fn is_panic(&self, e: ExprId) -> bool {
        match self.ast.expr(self.ast.unparen(e)) {
            Expr::Call { fun, .. } => self.info.mode(fun) == Mode::Builtin(Builtin::Panic),
            _ => false,
        }
    }

    fn op_assign(&mut self, op: BinOp, target: ExprId, value: ExprId) {
        let mut x = self.expr(target);
        let y = self.expr(value);
        let base = x.clone();
        self.binary_operands(&mut x, y, target, op);
        if x.is_invalid() {
            return;
        }
        x.expr = value;
        x.span = base.span;
        if base.ty == tid::INVALID {
            return;
        }
        self.assign_value_to(target, &mut x, "assignment operation", Some(base));
    }
}
