//! Expression switches and type switches.

use rustc_hash::FxHashMap;

use super::info::Mode;
use super::labels::Flow;
use super::{Checker, Operand};
use crate::base::{Span, sym};
use crate::compiler::diag::{Code, Diagnostic};
use crate::compiler::syntax::ast::{BinOp, ClauseId, Expr, ExprId, List, StmtId};
use crate::compiler::types::constant::Value;
use crate::compiler::types::{ObjId, Object, TypeId, VarKind, tid};

impl Checker<'_> {
    pub(super) fn switch_stmt(
        &mut self,
        init: Option<StmtId>,
        tag: Option<ExprId>,
        clauses: List<ClauseId>,
        flow: Flow,
    ) {
        self.inner_scope(|c| {
            if let Some(init) = init {
                c.stmt(init, Flow::default());
            }
            let tag = tag.map(|e| c.switch_tag(e));
            let mut default = None;
            let mut seen: FxHashMap<(Value, TypeId), Span> = FxHashMap::default();
            let count = clauses.len();
            let ast = c.ast;
            for (i, id) in ast.list(clauses).enumerate() {
                let clause = ast.clause(id);
                if clause.is_default {
                    c.note_default(&mut default, &clause);
                }
                for e in ast.list(clause.exprs) {
                    c.switch_case(e, tag.as_ref(), &mut seen);
                }
                let last = i + 1 == count;
                let inner = Flow { break_ok: true, fallthrough_ok: !last, final_clause: last, ..flow.nested() };
                c.inner_scope(|c| c.stmts(clause.body, inner));
            }
        });
    }

    fn switch_tag(&mut self, e: ExprId) -> Operand {
        let mut x = self.expr(e);
        if x.is_invalid() {
            return x;
        }
        // The tag is assigned to a variable nobody sees.
        self.assignment(&mut x, None, "switch expression");
        if !x.is_invalid() && !self.is_comparable(x.ty) && !self.has_nil(x.ty) {
            let message = format!("cannot switch on {} ({} is not comparable)", self.describe(&x), self.text(x.ty));
            self.error(x.span, Code::NotComparable, message);
            x.invalidate();
        }
        x
    }

    fn switch_case(&mut self, e: ExprId, tag: Option<&Operand>, seen: &mut FxHashMap<(Value, TypeId), Span>) {
        let mut value = self.expr(e);
        let with = match tag {
            Some(tag) => tag.clone(),
            None => {
                // No tag means `true`.
                let mut truth = self.operand(e);
                truth.set_constant(tid::BOOL, Value::Bool(true));
                truth
            }
        };
        if value.is_invalid() || with.is_invalid() {
            return;
        }
        let text = match tag {
            Some(tag) => self.expr_text(tag.expr),
            None => "true".into(),
        };
        if self.types.is_untyped(value.ty) {
            self.convert_untyped(&mut value, with.ty);
            if value.is_invalid() {
                return;
            }
        }
        if let Some(fault) = self.comparison_fault(&value, &with, BinOp::Eq) {
            let message = format!("invalid case {} in switch on {text} ({})", self.expr_text(e), fault.cause);
            return self.error(value.span, Code::Mismatched, message);
        }
        if !value.is_constant() {
            return;
        }
        if matches!(value.value, Value::Bool(_)) || matches!(value.value, Value::Unknown) {
            return;
        }
        let key = (value.value.clone(), self.types.canon(value.ty));
        match seen.get(&key) {
            Some(&first) => {
                let message = format!("duplicate case {} in expression switch", self.describe(&value));
                let place = self.sources.describe(first);
                let diagnostic = Diagnostic::error(Code::DuplicateCase, value.span, message)
                    .label(first, "previous case")
                    .note(format!("{place}: previous case"));
                self.report(diagnostic);
            }
            None => {
                seen.insert(key, value.span);
            }
        }
    }

    // ---- Type switches

    pub(super) fn type_switch(
        &mut self,
        init: Option<StmtId>,
        bind: Option<ExprId>,
        guard: ExprId,
        clauses: List<ClauseId>,
        flow: Flow,
    ) {
        self.inner_scope(|c| {
            if let Some(init) = init {
                c.stmt(init, Flow::default());
            }
            let subject = c.type_switch_subject(guard);
            let name = bind.and_then(|e| match c.ast.expr(e) {
                Expr::Ident(symbol) => Some((symbol, c.ast.span(e))),
                _ => None,
            });
            if let Some((sym::BLANK, span)) = name {
                c.error(span, Code::NoNewVariables, "no new variable on left side of :=");
            }
            let name = name.filter(|&(symbol, _)| symbol != sym::BLANK);
            let mut vars: Vec<ObjId> = Vec::new();
            let mut seen: Vec<(TypeId, Span)> = Vec::new();
            let mut default = None;
            let ast = c.ast;
            for id in ast.list(clauses) {
                let clause = ast.clause(id);
                if clause.is_default {
                    c.note_default(&mut default, &clause);
                }
                let single = c.type_cases(&clause, subject.as_ref(), &mut seen);
                let inner = Flow { break_ok: true, type_switch: true, ..flow.nested() };
                c.inner_scope(|c| {
                    if let Some((symbol, span)) = name {
                        let whole = subject.as_ref().map_or(tid::INVALID, |x| x.ty);
                        let ty = single.unwrap_or(whole);
                        let depth = c.funcs.len() as u16;
                        // Not a plain local: the symbol is unused only if no clause uses its variable.
                        let variable = Object::new_var(symbol, span, c.env.pkg, ty, VarKind::Param, depth);
                        let object = c.objects.push(variable);
                        c.info.clause_vars.insert(id, object);
                        c.declare_local(object);
                        vars.push(object);
                    }
                    c.stmts(clause.body, inner);
                });
            }
            if let Some((symbol, span)) = name {
                for &object in &vars {
                    if let Some(var) = c.objects[object].var_mut() {
                        var.kind = VarKind::Local;
                    }
                }
                let used = vars.iter().any(|&o| c.objects[o].var().is_some_and(|v| v.used));
                if !used {
                    let message = format!("{} declared and not used", c.name(symbol));
                    c.soft_error(Diagnostic::error(Code::UnusedVariable, span, message));
                }
            }
        });
    }

    fn type_switch_subject(&mut self, guard: ExprId) -> Option<Operand> {
        let Expr::Assert { x, ty: None } = self.ast.expr(guard) else { return None };
        let operand = self.expr(x);
        if operand.is_invalid() {
            return None;
        }
        if self.types.as_tparam(operand.ty).is_some() {
            let message = format!("cannot use type switch on type parameter value {}", self.describe(&operand));
            self.error(operand.span, Code::InvalidTypeSwitch, message);
            return None;
        }
        if !self.is_plain_interface(operand.ty) {
            let message = format!("{} is not an interface", self.describe(&operand));
            self.error(operand.span, Code::InvalidTypeSwitch, message);
            return None;
        }
        Some(operand)
    }

    /// Checks the types of a clause; the type of its variable when there is exactly one.
    fn type_cases(
        &mut self,
        clause: &crate::compiler::syntax::ast::Clause,
        subject: Option<&Operand>,
        seen: &mut Vec<(TypeId, Span)>,
    ) -> Option<TypeId> {
        let ast = self.ast;
        let mut single = None;
        for e in ast.list(clause.exprs) {
            let x = self.expr_or_type(e, false);
            let ty = match x.mode {
                Mode::Invalid => {
                    single = Some(tid::INVALID);
                    continue;
                }
                Mode::Nil => tid::UNTYPED_NIL,
                Mode::Type => {
                    self.refuse_constraint_later(x.ty, x.span);
                    x.ty
                }
                _ => {
                    self.not_a_type(e, &x);
                    single = Some(tid::INVALID);
                    continue;
                }
            };
            single = if ty == tid::UNTYPED_NIL { subject.map(|s| s.ty) } else { Some(ty) };
            if let Some(&(_, first)) = seen.iter().find(|&&(other, _)| self.same_case(other, ty)) {
                let text = if ty == tid::UNTYPED_NIL { "nil".to_owned() } else { self.text(ty) };
                let place = self.sources.describe(first);
                let diagnostic =
                    Diagnostic::error(Code::DuplicateCase, x.span, format!("duplicate case {text} in type switch"))
                        .label(first, "previous case")
                        .note(format!("{place}: previous case"));
                self.report(diagnostic);
                continue;
            }
            seen.push((ty, x.span));
            if let Some(subject) = subject
                && ty != tid::UNTYPED_NIL
            {
                self.check_case_possible(e, ty, subject);
            }
        }
        if clause.exprs.len() == 1 { single } else { None }
    }

    fn same_case(&self, a: TypeId, b: TypeId) -> bool {
        self.types.canon(a) == self.types.canon(b)
    }

    fn check_case_possible(&mut self, e: ExprId, ty: TypeId, subject: &Operand) {
        if self.is_plain_interface(ty) {
            return;
        }
        let Err(cause) = self.implements(ty, subject.ty, false) else { return };
        let text = self.expr_text(e);
        // `T does not implement I (missing method M)` ends in the part that is wanted here.
        let why = cause.text.find('(').map_or("", |at| &cause.text[at..]).to_owned();
        let span = self.ast.span(e);
        let note = format!("{} cannot have dynamic type {} {why}", self.describe(subject), self.text(ty));
        let mut diagnostic =
            Diagnostic::error(Code::ImpossibleAssertion, span, format!("impossible type switch case: {text}"))
                .note(note);
        diagnostic.notes.extend(cause.notes);
        self.report(diagnostic);
    }
}
