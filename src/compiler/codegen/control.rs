//! `select`.

use std::sync::Arc;

use super::func::{Fun, Target};
use crate::base::sym;
use crate::bytecode::isa::Op;
use crate::bytecode::program::WordKind;
use crate::compiler::syntax::ast::{ClauseId, Expr, ExprId, List, Stmt, StmtId, UnOp};
use crate::compiler::types::{TypeId, tid};

/// A case with a communication.
struct Case {
    clause: ClauseId,
    /// The value's slots and type.
    value: u16,
    elem: TypeId,
    receives: bool,
}

impl Fun<'_, '_> {
    pub fn select(&mut self, clauses: List<ClauseId>) {
        let label = self.pending_label.take();
        let place = self.b.place();
        self.open_scope();
        let list: Vec<ClauseId> = self.ast().list(clauses).collect();
        let comms: Vec<(ClauseId, StmtId)> =
            list.iter().filter_map(|&id| Some((id, self.ast().clause(id).comm?))).collect();
        let kinds: Vec<WordKind> = comms
            .iter()
            .flat_map(|_| [WordKind::Pointer, WordKind::Scalar, WordKind::Scalar, WordKind::Scalar])
            .collect();
        let table = if kinds.is_empty() { self.scalar() } else { self.b.take(&Arc::from(kinds.clone())) };
        self.b.pin(table, kinds.len() as u16);
        let mut cases = Vec::new();
        for (i, &(clause, comm)) in comms.iter().enumerate() {
            let case = self.comm(clause, comm, table + 4 * i as u16);
            cases.push(case);
        }
        let chosen = self.scalar();
        let default = list.iter().copied().find(|&id| self.ast().clause(id).is_default);
        self.b.set_place(place);
        self.b.emit_ext(Op::Select, [chosen, table, cases.len() as u16], u32::from(default.is_some()), 0);
        let end = self.b.label();
        let bodies: Vec<_> = cases.iter().map(|_| self.b.label()).collect();
        for (i, &body) in bodies.iter().enumerate() {
            self.jump_if(Op::JEqI, chosen, i as u16, body);
        }
        self.targets.push(Target { label, breaks: end, continues: None, plain: true });
        if let Some(default) = default {
            self.open_scope();
            self.statements(self.ast().clause(default).body);
            self.close_scope();
            if !self.b.dead {
                self.b.jump(Op::Jmp, 0, 0, end);
            }
        }
        for (i, case) in cases.iter().enumerate() {
            self.b.bind(bodies[i]);
            self.open_scope();
            if case.receives {
                self.received(case, table + 4 * i as u16 + 3);
            }
            self.statements(self.ast().clause(case.clause).body);
            self.close_scope();
            if !self.b.dead {
                self.b.jump(Op::Jmp, 0, 0, end);
            }
        }
        self.targets.pop();
        self.b.bind(end);
        self.close_scope();
    }

    /// The receive in a communication.
    fn receive_of(&self, comm: StmtId) -> Option<ExprId> {
        let e = match self.ast().stmt(comm) {
            Stmt::Expr(e) => e,
            Stmt::Assign { rhs, .. } | Stmt::Define { rhs, .. } => self.ast().first(rhs)?,
            _ => return None,
        };
        match self.ast().expr(self.ast().unparen(e)) {
            Expr::Unary(UnOp::Recv, chan) => Some(chan),
            _ => None,
        }
    }

    /// Fills in a case: channel, direction, address of the value.
    fn comm(&mut self, clause: ClauseId, comm: StmtId, entry: u16) -> Case {
        let (chan, sent) = match self.ast().stmt(comm) {
            Stmt::Send { chan, value } => (Some(chan), Some(value)),
            _ => (self.receive_of(comm), None),
        };
        let Some(chan) = chan else {
            return Case { clause, value: 0, elem: tid::INVALID, receives: false };
        };
        let chan_ty = self.ty(chan);
        let elem = self.layout(chan_ty).elem.unwrap_or(tid::INVALID);
        self.expr_into(chan, entry);
        let inner = self.layout(elem);
        let value = self.take(&inner);
        if let Some(sent) = sent {
            self.expr_as_into(sent, elem, value);
        } else {
            self.zero(value, inner.width());
        }
        self.b.pin(value, inner.width());
        self.integer(entry + 1, u64::from(sent.is_some()));
        self.b.emit(Op::FrameAddr, entry + 2, value, 0);
        self.zero(entry + 3, 1);
        Case { clause, value, elem, receives: sent.is_none() }
    }

    /// Gives the variables of a receiving case their values.
    fn received(&mut self, case: &Case, ok: u16) {
        let Some(comm) = self.ast().clause(case.clause).comm else { return };
        let values = [(case.value, case.elem), (ok, tid::BOOL)];
        match self.ast().stmt(comm) {
            Stmt::Define { lhs, .. } => {
                let names: Vec<ExprId> = self.ast().list(lhs).collect();
                for (name, (slot, ty)) in names.into_iter().zip(values) {
                    if let Some(obj) = self.g.query.info().object(name)
                        && self.g.query.objects()[obj].name != sym::BLANK
                    {
                        let storage = self.declare(obj);
                        self.store_storage(storage, ty, slot);
                    }
                }
            }
            Stmt::Assign { lhs, .. } => {
                let names: Vec<ExprId> = self.ast().list(lhs).collect();
                for (name, (slot, from)) in names.into_iter().zip(values) {
                    let dest = self.dest(name);
                    let ty = self.dest_ty(name);
                    let value = self.converted(slot, from, ty, None);
                    self.store_dest(dest, if ty == tid::INVALID { from } else { ty }, value);
                }
            }
            _ => {}
        }
    }
}
