//! Statements.

use super::func::{Fun, Storage, Target};
use crate::base::{Symbol, sym};
use crate::bytecode::isa::Op;
use crate::bytecode::program::HEADER;
use crate::compiler::syntax::ast::{
    BinOp, BlockId, BranchKind, Decl, DeclKeyword, Expr, ExprId, LabelId, List, Spec, Stmt, StmtId,
};
use crate::compiler::types::{ObjId, TypeId};

impl Fun<'_, '_> {
    pub fn statements(&mut self, list: List<StmtId>) {
        for stmt in self.ast().list(list) {
            self.stmt(stmt);
        }
    }

    pub fn block(&mut self, id: BlockId) {
        self.open_scope();
        let block = self.ast().block(id);
        self.statements(block.stmts);
        self.close_scope();
    }

    pub fn stmt(&mut self, id: StmtId) {
        let stmt = self.ast().stmt(id);
        if !matches!(stmt, Stmt::Block(_) | Stmt::Labeled { .. }) {
            self.set_place(self.ast().stmt_span(id));
        }
        if !matches!(stmt, Stmt::For { .. } | Stmt::Range { .. } | Stmt::Switch { .. } | Stmt::TypeSwitch { .. })
            && !matches!(stmt, Stmt::Select(_))
        {
            self.pending_label = None;
        }
        match stmt {
            // Variables live on; what else the statement took ends with it.
            Stmt::Define { lhs, rhs } => self.define_all(lhs, rhs),
            Stmt::Decl(decl) => self.declaration_stmt(decl),
            Stmt::Block(block) => self.block(block),
            Stmt::Labeled { label, stmt } => self.labeled(label, stmt),
            _ => {
                let mark = self.b.mark();
                self.simple(stmt);
                self.b.release(mark);
            }
        }
    }

    fn simple(&mut self, stmt: Stmt) {
        match stmt {
            Stmt::Expr(e) => self.effect(e),
            Stmt::Send { chan, value } => {
                let chan_ty = self.ty(chan);
                let layout = self.layout(chan_ty);
                let elem = layout.elem.unwrap_or(crate::compiler::types::tid::INVALID);
                let slot = self.expr(chan);
                // It is read by whoever receives, at any time.
                let inner = self.layout(elem);
                let copy = self.take(&inner);
                self.expr_as_into(value, elem, copy);
                self.b.pin(copy, inner.width());
                self.b.emit_ext(Op::Send, [slot, copy, 0], layout.idx, 0);
            }
            Stmt::IncDec { x, inc } => self.assign_op(if inc { BinOp::Add } else { BinOp::Sub }, x, None),
            Stmt::Assign { lhs, rhs } => self.assign(lhs, rhs),
            Stmt::OpAssign { op, x, y } => self.assign_op(op, x, Some(y)),
            Stmt::Go(call) => {
                let closure = self.delayed_call(call);
                self.b.emit(Op::Go, closure, 0, 0);
            }
            Stmt::Defer(call) => {
                let closure = self.delayed_call(call);
                match self.outermost() {
                    Some(frame) => self.b.emit(Op::DeferTo, closure, frame, 0),
                    None => self.b.emit(Op::Defer, closure, 0, 0),
                }
            }
            Stmt::Return(values) => self.return_stmt(values),
            Stmt::Branch { kind, label } => self.branch_stmt(kind, label),
            Stmt::If { init, cond, then, els } => self.if_stmt(init, cond, then, els),
            Stmt::Switch { init, tag, clauses } => self.switch(init, tag, clauses),
            Stmt::TypeSwitch { init, bind: _, guard, clauses } => self.type_switch(init, guard, clauses),
            Stmt::Select(clauses) => self.select(clauses),
            Stmt::For { init, cond, post, body } => self.for_stmt(init, cond, post, body),
            Stmt::Range { vars, define, x, body } => self.range(vars, define, x, body),
            _ => {}
        }
    }

    /// An expression for its effect.
    fn effect(&mut self, e: ExprId) {
        let inner = self.ast().unparen(e);
        match self.ast().expr(inner) {
            Expr::Call { fun, .. }
                if !matches!(
                    self.g.query.info().mode(fun),
                    crate::compiler::check::Mode::Type | crate::compiler::check::Mode::Builtin(_)
                ) =>
            {
                self.call(inner);
            }
            _ => _ = self.expr(inner),
        }
    }

    // ---- declarations

    fn define_all(&mut self, lhs: List<ExprId>, rhs: List<ExprId>) {
        let left: Vec<ExprId> = self.ast().list(lhs).collect();
        let right: Vec<ExprId> = self.ast().list(rhs).collect();
        let objs: Vec<Option<ObjId>> = left.iter().map(|&x| self.g.query.info().object(x)).collect();
        // Names that are declared here, as opposed to assigned: those whose object stands at this name.
        let new: Vec<bool> = left
            .iter()
            .zip(&objs)
            .map(|(&x, obj)| obj.is_some_and(|o| self.g.query.objects()[o].span == self.ast().span(x)))
            .collect();
        if let ([_], [y]) = (&left[..], &right[..]) {
            return self.define_scoped(objs[0], *y);
        }
        // Variables first, so that temporaries can end with the statement; then values, then the assignments.
        let mut values: Vec<(u16, TypeId)> = Vec::new();
        let mut homes = Vec::new();
        for (i, &x) in left.iter().enumerate() {
            let blank = matches!(self.ast().expr(x), Expr::Ident(s) if s == sym::BLANK);
            let obj = objs[i].filter(|_| !blank);
            homes.push(
                obj.map(|obj| if new[i] && !self.is_fixed(obj) { self.declare_later(obj) } else { self.storage(obj) }),
            );
        }
        let mark = self.b.mark();
        if right.len() == left.len() {
            for (i, &y) in right.iter().enumerate() {
                let ty = match objs[i] {
                    Some(obj) if homes[i].is_some() => self.obj_ty(obj),
                    _ => self.ty(y),
                };
                // Nothing reads a new variable yet.
                let to = match homes[i] {
                    Some(Storage::Slots(slot)) if new[i] => slot,
                    _ => self.temp(ty),
                };
                self.expr_as_into(y, ty, to);
                values.push((to, ty));
            }
        } else {
            values = self.several(right[0], left.len());
        }
        for (i, (slot, from)) in values.into_iter().enumerate() {
            let (Some(obj), Some(home)) = (objs[i], homes[i]) else { continue };
            let ty = self.obj_ty(obj);
            let value = self.converted(slot, from, ty, None);
            if new[i] && !self.is_fixed(obj) {
                self.vars.insert(obj, home);
            }
            self.store_storage(home, ty, value);
        }
        self.b.release(mark);
    }

    /// Whether a variable has its place already whatever is declared: a global.
    fn is_fixed(&self, obj: ObjId) -> bool {
        self.g.query.objects()[obj].var().is_some_and(|v| v.kind == crate::compiler::types::VarKind::Global)
    }

    /// A new variable that its own initial value must not see.
    fn declare_later(&mut self, obj: ObjId) -> Storage {
        let old = self.vars.remove(&obj);
        let storage = self.declare(obj);
        self.vars.remove(&obj);
        if let Some(old) = old {
            self.vars.insert(obj, old);
        }
        storage
    }

    /// A new variable with a value; temporaries end here.
    fn define_scoped(&mut self, obj: Option<ObjId>, rhs: ExprId) {
        let obj = obj.filter(|&obj| self.g.query.objects()[obj].name != sym::BLANK);
        let Some(obj) = obj else {
            let mark = self.b.mark();
            _ = self.expr(rhs);
            return self.b.release(mark);
        };
        let ty = self.obj_ty(obj);
        let storage = if self.is_fixed(obj) { self.storage(obj) } else { self.declare_later(obj) };
        let mark = self.b.mark();
        match storage {
            Storage::Slots(slot) => self.expr_as_into(rhs, ty, slot),
            storage => {
                let value = self.expr_as(rhs, ty);
                self.store_storage(storage, ty, value);
            }
        }
        self.b.release(mark);
        if !self.is_fixed(obj) {
            self.vars.insert(obj, storage);
        }
    }

    fn declaration_stmt(&mut self, decl: crate::compiler::syntax::ast::DeclId) {
        let Decl::Group { keyword: DeclKeyword::Var, specs, .. } = self.ast().decl(decl) else { return };
        for spec in self.ast().list(specs) {
            let Spec::Var { names, values, .. } = self.ast().spec(spec) else { continue };
            if !values.is_empty() {
                self.define_all(names, values);
                continue;
            }
            for name in self.ast().list(names) {
                let Some(obj) = self.g.query.info().object(name) else { continue };
                if self.g.query.objects()[obj].name == sym::BLANK {
                    continue;
                }
                let ty = self.obj_ty(obj);
                match self.declare(obj) {
                    Storage::Slots(slot) => {
                        let width = self.layout(ty).width();
                        self.zero(slot, width);
                    }
                    Storage::Cell(_) | Storage::Outer { .. } => {}
                    Storage::Global(offset) => {
                        let mark = self.b.mark();
                        let pointer = self.global_address(offset);
                        let idx = self.layout(ty).idx;
                        self.b.emit_ext(Op::ZeroT, [pointer, 0, 0], idx, 0);
                        self.b.release(mark);
                    }
                }
            }
        }
    }

    // ---- control

    fn labeled(&mut self, label: LabelId, stmt: StmtId) {
        let name = self.ast().label(label).symbol;
        let here = self.goto_label(name);
        self.b.bind(here);
        self.pending_label = Some(name);
        let inner = self.ast().stmt(stmt);
        let loops = matches!(
            inner,
            Stmt::For { .. } | Stmt::Range { .. } | Stmt::Switch { .. } | Stmt::TypeSwitch { .. } | Stmt::Select(_)
        );
        if loops {
            return self.stmt(stmt);
        }
        // `break L` leaves any labeled block.
        let end = self.b.label();
        self.targets.push(Target { label: Some(name), breaks: end, continues: None, plain: false });
        self.stmt(stmt);
        self.targets.pop();
        self.b.bind(end);
    }

    fn goto_label(&mut self, name: Symbol) -> super::builder::Label {
        if let Some(&known) = self.labels.get(&name) {
            return known;
        }
        let label = self.b.label();
        self.labels.insert(name, label);
        label
    }

    pub fn branch_stmt(&mut self, kind: BranchKind, label: Option<LabelId>) {
        if self.branch_out(kind, label) {
            return;
        }
        let name = label.map(|label| self.ast().label(label).symbol);
        let target = match kind {
            BranchKind::Goto => {
                let Some(name) = name else { return };
                let label = self.goto_label(name);
                // Backwards it may be a loop.
                let op = if self.b.position(label).is_some() { Op::Loop } else { Op::Jmp };
                return self.b.jump(op, 0, 0, label);
            }
            BranchKind::Fallthrough => self.fallthrough,
            BranchKind::Break => self
                .targets
                .iter()
                .rev()
                .find(|t| match name {
                    Some(name) => t.label == Some(name),
                    None => t.plain,
                })
                .map(|t| t.breaks),
            BranchKind::Continue => self
                .targets
                .iter()
                .rev()
                .filter(|t| t.continues.is_some())
                .find(|t| name.is_none() || t.label == name)
                .and_then(|t| t.continues),
        };
        if let Some(target) = target {
            self.b.jump(Op::Jmp, 0, 0, target);
        }
    }

    fn return_stmt(&mut self, values: List<ExprId>) {
        let exprs: Vec<ExprId> = self.ast().list(values).collect();
        let types = self.result_types.clone();
        if exprs.is_empty() {
            return self.leave();
        }
        if let Some(vars) = self.result_vars.clone() {
            if let ([e], [var]) = (&exprs[..], &vars[..]) {
                match *var {
                    Storage::Slots(slot) => self.expr_as_safely(*e, types[0], slot),
                    var => {
                        let value = self.expr_as(*e, types[0]);
                        self.store_storage(var, types[0], value);
                    }
                }
                return self.leave();
            }
            let values = self.values_of(&exprs, &types);
            for ((slot, ty), var) in values.into_iter().zip(vars) {
                self.store_storage(var, ty, slot);
            }
            return self.leave();
        }
        let (offsets, _) = self.sequence(&types);
        if let ([e], [ty]) = (&exprs[..], &types[..]) {
            self.expr_as_safely(*e, *ty, HEADER);
        } else {
            let values = self.values_of(&exprs, &types);
            for ((slot, ty), offset) in values.into_iter().zip(offsets) {
                let width = self.layout(ty).width();
                self.mov(HEADER + offset, slot, width);
            }
        }
        self.b.emit(Op::Ret, 0, 0, 0);
        self.b.dead = true;
    }

    /// Several values in temporaries, converted to types.
    fn values_of(&mut self, exprs: &[ExprId], types: &[TypeId]) -> Vec<(u16, TypeId)> {
        if exprs.len() == types.len() {
            return exprs
                .iter()
                .zip(types)
                .map(|(&e, &ty)| {
                    let to = self.temp(ty);
                    self.expr_as_into(e, ty, to);
                    (to, ty)
                })
                .collect();
        }
        let values = self.several(exprs[0], types.len());
        values.into_iter().zip(types).map(|((slot, from), &ty)| (self.converted(slot, from, ty, None), ty)).collect()
    }

    fn if_stmt(&mut self, init: Option<StmtId>, cond: ExprId, then: BlockId, els: Option<StmtId>) {
        self.open_scope();
        if let Some(init) = init {
            self.stmt(init);
        }
        let (no, end) = (self.b.label(), self.b.label());
        let mark = self.b.mark();
        self.set_place(self.ast().span(cond));
        self.branch(cond, None, Some(no));
        self.b.release(mark);
        self.block(then);
        match els {
            Some(els) => {
                if !self.b.dead {
                    self.b.jump(Op::Jmp, 0, 0, end);
                }
                self.b.bind(no);
                self.stmt(els);
                self.b.bind(end);
            }
            None => self.b.bind(no),
        }
        self.close_scope();
    }

    fn for_stmt(&mut self, init: Option<StmtId>, cond: Option<ExprId>, post: Option<StmtId>, body: BlockId) {
        let label = self.pending_label.take();
        self.open_scope();
        if let Some(init) = init {
            self.stmt(init);
        }
        let cells = self.loop_cells(init);
        let (top, next, end) = (self.b.label(), self.b.label(), self.b.label());
        // The condition is tested before the loop and again at its end.
        if let Some(cond) = cond {
            let mark = self.b.mark();
            self.branch(cond, None, Some(end));
            self.b.release(mark);
        }
        self.b.bind(top);
        self.b.loops += 1;
        self.targets.push(Target { label, breaks: end, continues: Some(next), plain: true });
        self.block(body);
        self.targets.pop();
        self.b.bind(next);
        for (obj, cell) in cells {
            // Each iteration has its own variable.
            let ty = self.obj_ty(obj);
            let mark = self.b.mark();
            let value = self.load_at(cell, 0, ty, None);
            let idx = self.layout(ty).idx;
            self.b.emit_long(Op::New, cell, idx);
            self.store_at(cell, 0, ty, value);
            self.b.release(mark);
        }
        if let Some(post) = post {
            self.stmt(post);
        }
        match cond {
            Some(cond) => {
                let mark = self.b.mark();
                self.set_place(self.ast().span(cond));
                let outer = self.back_edge.replace(top);
                self.branch(cond, Some(top), None);
                self.back_edge = outer;
                self.b.release(mark);
            }
            None => self.b.jump(Op::Loop, 0, 0, top),
        }
        self.b.loops -= 1;
        self.b.hoist(top);
        self.b.bind(end);
        self.close_scope();
    }

    /// The variables of a loop that live in the heap.
    fn loop_cells(&mut self, init: Option<StmtId>) -> Vec<(ObjId, u16)> {
        let Some(init) = init else { return Vec::new() };
        let Stmt::Define { lhs, .. } = self.ast().stmt(init) else { return Vec::new() };
        let objs: Vec<ObjId> = self.ast().list(lhs).filter_map(|x| self.g.query.info().object(x)).collect();
        objs.into_iter()
            .filter_map(|obj| match self.vars.get(&obj) {
                Some(Storage::Cell(cell)) => Some((obj, *cell)),
                _ => None,
            })
            .collect()
    }
}
