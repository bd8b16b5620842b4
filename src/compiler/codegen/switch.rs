//! `switch` on values and types.

use super::builder::Label;
use super::func::{Fun, Storage, Target};
use crate::bytecode::isa::Op;
use crate::bytecode::program::Kind;
use crate::compiler::check::Mode;
use crate::compiler::syntax::ast::{ClauseId, Expr, ExprId, List, StmtId};
use crate::compiler::types::{TypeId, tid};

impl Fun<'_, '_> {
    pub fn switch(&mut self, init: Option<StmtId>, tag: Option<ExprId>, clauses: List<ClauseId>) {
        let label = self.pending_label.take();
        self.open_scope();
        if let Some(init) = init {
            self.stmt(init);
        }
        let tag = tag.map(|tag| {
            let ty = self.ty(tag);
            let ty = if self.g.query.types().is_untyped(ty) { tid::BOOL } else { ty };
            (self.expr_as(tag, ty), ty)
        });
        let end = self.b.label();
        let list: Vec<ClauseId> = self.ast().list(clauses).collect();
        let bodies: Vec<Label> = list.iter().map(|_| self.b.label()).collect();
        let mut default = end;
        let table = tag.and_then(|(_, ty)| self.dense(ty, &list, &bodies));
        for (&clause, &body) in list.iter().zip(&bodies) {
            let clause = self.ast().clause(clause);
            if clause.is_default {
                default = body;
            }
            if table.is_some() {
                continue;
            }
            for e in self.ast().list(clause.exprs) {
                self.set_place(self.ast().span(e));
                let mark = self.b.mark();
                match tag {
                    None => self.branch(e, Some(body), None),
                    Some((slot, ty)) => self.case(slot, ty, e, body),
                }
                self.b.release(mark);
            }
        }
        if let (Some((tag, _)), Some((low, entries))) = (tag, table) {
            let labels: Vec<Label> = entries.into_iter().map(|entry| entry.unwrap_or(default)).collect();
            self.b.table(tag, low, &labels);
        }
        self.b.jump(Op::Jmp, 0, 0, default);
        self.targets.push(Target { label, breaks: end, continues: None, plain: true });
        let outer = self.fallthrough;
        for (i, &clause) in list.iter().enumerate() {
            self.b.bind(bodies[i]);
            self.fallthrough = bodies.get(i + 1).copied();
            let clause = self.ast().clause(clause);
            self.open_scope();
            self.statements(clause.body);
            self.close_scope();
            if !self.b.dead {
                self.b.jump(Op::Jmp, 0, 0, end);
            }
        }
        self.fallthrough = outer;
        self.targets.pop();
        self.b.bind(end);
        self.close_scope();
    }

    /// If the cases are small numbers that lie close together: the lowest, and where each one from there on leads.
    fn dense(&mut self, ty: TypeId, clauses: &[ClauseId], bodies: &[Label]) -> Option<(i16, Vec<Option<Label>>)> {
        let kind = self.layout(ty).kind;
        if !kind.is_signed() && !kind.is_unsigned() {
            return None;
        }
        let mut cases = Vec::new();
        for (&clause, &body) in clauses.iter().zip(bodies) {
            for e in self.ast().list(self.ast().clause(clause).exprs) {
                cases.push((self.small(e)?, body));
            }
        }
        let low = cases.iter().map(|case| case.0).min()?;
        let high = cases.iter().map(|case| case.0).max()?;
        let span = usize::from(high.abs_diff(low)) + 1;
        if cases.len() < 4 || span > 3 * cases.len() {
            return None;
        }
        let mut entries = vec![None; span];
        for (value, body) in cases {
            // Of equal cases, which constants may not be, the first counts.
            entries[usize::from(value.abs_diff(low))].get_or_insert(body);
        }
        Some((low, entries))
    }

    /// Jumps to a clause if the tag equals a value.
    fn case(&mut self, tag: u16, ty: TypeId, e: ExprId, body: Label) {
        let own = self.ty(e);
        let nil = self.g.query.info().mode(e) == Mode::Nil;
        // One of the two may be an interface.
        let common = if !nil && self.is_interface(own) && !self.is_interface(ty) { own } else { ty };
        let layout = self.layout(common);
        let number = layout.width() == 1 && !matches!(layout.kind, Kind::Struct | Kind::Array) && common == ty;
        if number && !layout.kind.is_float() {
            if let Some(i) = self.small(e) {
                return self.jump_if(Op::JEqI, tag, i as u16, body);
            }
            let value = self.expr_as(e, ty);
            return self.jump_if(Op::JEq, tag, value, body);
        }
        let value = self.expr_as(e, common);
        let tag = self.converted(tag, ty, common, None);
        let same = self.scalar();
        self.equal(common, tag, value, same);
        self.b.jump(Op::JmpT, same, 0, body);
    }

    pub fn type_switch(&mut self, init: Option<StmtId>, guard: ExprId, clauses: List<ClauseId>) {
        let label = self.pending_label.take();
        self.open_scope();
        if let Some(init) = init {
            self.stmt(init);
        }
        let Expr::Assert { x, .. } = self.ast().expr(self.ast().unparen(guard)) else { return };
        let value = self.expr(x);
        let end = self.b.label();
        let list: Vec<ClauseId> = self.ast().list(clauses).collect();
        let bodies: Vec<Label> = list.iter().map(|_| self.b.label()).collect();
        let mut default = end;
        let matches = self.scalar();
        for (&id, &body) in list.iter().zip(&bodies) {
            let clause = self.ast().clause(id);
            if clause.is_default {
                default = body;
            }
            for e in self.ast().list(clause.exprs) {
                if self.g.query.info().mode(e) == Mode::Nil {
                    self.jump_if(Op::JEqI, value, 0, body);
                    continue;
                }
                let ty = self.ty(e);
                let interface = self.is_interface(ty);
                let idx = if interface { self.layout(ty).idx } else { self.g.dynamic_type(ty) };
                let op = if interface { Op::Implements } else { Op::IsType };
                self.b.emit_ext(op, [matches, value, 0], idx, 0);
                self.b.jump(Op::JmpT, matches, 0, body);
            }
        }
        self.b.jump(Op::Jmp, 0, 0, default);
        self.targets.push(Target { label, breaks: end, continues: None, plain: true });
        for (i, &id) in list.iter().enumerate() {
            self.b.bind(bodies[i]);
            let clause = self.ast().clause(id);
            self.open_scope();
            if let Some(&obj) = self.g.query.info().clause_vars.get(&id) {
                let ty = self.obj_ty(obj);
                let storage = self.declare(obj);
                let layout = self.layout(ty);
                let slot = if layout.kind == Kind::Interface {
                    value
                } else {
                    let to = self.take(&layout);
                    self.b.emit_ext(Op::Unbox, [to, value, 0], layout.idx, 0);
                    to
                };
                self.store_storage(storage, ty, slot);
                debug_assert!(!matches!(storage, Storage::Global(_)));
            }
            self.statements(clause.body);
            self.close_scope();
            if !self.b.dead {
                self.b.jump(Op::Jmp, 0, 0, end);
            }
        }
        self.targets.pop();
        self.b.bind(end);
        self.close_scope();
    }
}
