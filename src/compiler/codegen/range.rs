//! `for … range`.

use super::assign::Dest;
use super::func::{Fun, Storage, Target};
use crate::base::{Symbol, sym};
use crate::bytecode::isa::Op;
use crate::bytecode::program::{Kind, WordKind};
use crate::compiler::syntax::ast::{BlockId, Expr, ExprId, List};
use crate::compiler::types::{ObjId, Type, TypeId, tid};

/// A variable of the loop.
#[derive(Clone, Copy)]
pub enum Var {
    None,
    /// Declared by the loop, anew in each iteration.
    New(ObjId),
    /// Assigned to.
    Old(ExprId),
    /// The same, when its place is known.
    At(Dest, TypeId),
}

impl Fun<'_, '_> {
    pub fn range(&mut self, vars: List<ExprId>, define: bool, x: ExprId, body: BlockId) {
        let label = self.pending_label.take();
        let var = |fun: &Self, i: usize| match fun.ast().nth(vars, i) {
            None => Var::None,
            Some(e) if matches!(fun.ast().expr(e), Expr::Ident(s) if s == sym::BLANK) => Var::None,
            Some(e) if define => fun.g.query.info().object(e).map_or(Var::None, Var::New),
            Some(e) => Var::Old(e),
        };
        let (first, second) = (var(self, 0), var(self, 1));
        let x_ty = self.ty(x);
        self.open_scope();
        match self.under(x_ty) {
            Type::Basic(basic) if basic.is_integer() => self.range_integer(first, x, x_ty, label, body),
            Type::Basic(_) => self.range_string(first, second, x, label, body),
            Type::Slice(elem) => {
                let slice = self.temp(x_ty);
                self.expr_into(x, slice);
                let count = self.scalar();
                self.b.emit(Op::Len, count, slice, 0);
                self.range_elements(first, second, count, Elements::Slice(slice, elem), label, body);
            }
            Type::Array(elem, len) => {
                let count = self.scalar();
                self.integer(count, len);
                let base = if matches!(second, Var::None) {
                    if self.calls(x) {
                        _ = self.expr(x);
                    }
                    Elements::None(elem)
                } else {
                    // A copy, as the language says.
                    let layout = self.layout(x_ty);
                    if layout.large {
                        let copy = self.expr(x);
                        Elements::Array(self.object_of(copy, x_ty), elem, len)
                    } else {
                        let copy = self.take(&layout);
                        self.expr_into(x, copy);
                        self.b.pin(copy, layout.width());
                        let pointer = self.scalar();
                        self.b.emit(Op::FrameAddr, pointer, copy, 0);
                        Elements::Array(pointer, elem, len)
                    }
                };
                self.range_elements(first, second, count, base, label, body);
            }
            Type::Pointer(array) => {
                let Type::Array(elem, len) = self.under(array) else { return };
                let pointer = self.temp(x_ty);
                self.expr_into(x, pointer);
                let count = self.scalar();
                self.integer(count, len);
                self.range_elements(first, second, count, Elements::Array(pointer, elem, len), label, body);
            }
            Type::Map(key, elem) => self.range_map(first, second, x, x_ty, [key, elem], label, body),
            Type::Chan(..) => self.range_chan(first, x, label, body),
            _ => self.range_function([first, second], x, x_ty, label, body),
        }
        self.close_scope();
    }

    /// Gives a variable of the loop its value for the iteration.
    pub fn bind(&mut self, var: Var, slot: u16, ty: TypeId) {
        match var {
            Var::None => {}
            Var::New(obj) => {
                let storage = self.declare(obj);
                let to = self.obj_ty(obj);
                let value = self.converted(slot, ty, to, None);
                self.store_storage(storage, to, value);
            }
            Var::Old(e) => {
                let mark = self.b.mark();
                let dest = self.dest(e);
                let to = self.dest_ty(e);
                let value = self.converted(slot, ty, to, None);
                self.store_dest(dest, to, value);
                self.b.release(mark);
            }
            Var::At(dest, to) => {
                let value = self.converted(slot, ty, to, None);
                self.store_dest(dest, to, value);
            }
        }
    }

    /// Makes a slot a variable of the loop, if nothing but the loop assigns to that. Whether that was done.
    fn is_slot(&mut self, var: Var, slot: u16, ty: TypeId) -> bool {
        let Var::New(obj) = var else { return false };
        let reassigned = self.g.query.objects()[obj].var().is_none_or(|var| var.reassigned);
        if reassigned || self.is_in_heap(obj) || self.obj_ty(obj) != ty {
            return false;
        }
        self.vars.insert(obj, Storage::Slots(slot));
        true
    }

    /// Gives a variable of the loop its value for the iteration, which `load` puts into slots.
    fn bind_loaded(&mut self, var: Var, ty: TypeId, load: impl FnOnce(&mut Self, u16)) {
        if let Var::New(obj) = var
            && !self.is_in_heap(obj)
            && self.obj_ty(obj) == ty
            && let Storage::Slots(slot) = self.declare(obj)
        {
            return load(self, slot);
        }
        let layout = self.layout(ty);
        let to = self.take(&layout);
        load(self, to);
        self.bind(var, to, ty);
    }

    /// The variables of an iteration before the first is assigned to, which the place of the second may depend on.
    pub fn settled(&mut self, [first, second]: [Var; 2]) -> [Var; 2] {
        let (Var::Old(_), Var::Old(e)) = (first, second) else { return [first, second] };
        if matches!(self.ast().expr(self.ast().unparen(e)), Expr::Ident(_)) {
            return [first, second];
        }
        [first, second].map(|var| match var {
            Var::Old(e) => Var::At(self.stable_dest(e), self.dest_ty(e)),
            var => var,
        })
    }

    /// Goes on at a loop's head if a comparison holds.
    fn repeat(&mut self, op: Op, a: u16, b: u16, top: super::builder::Label) {
        let outer = self.back_edge.replace(top);
        self.jump_if(op, a, b, top);
        self.back_edge = outer;
    }

    fn range_integer(&mut self, first: Var, x: ExprId, ty: TypeId, label: Option<Symbol>, body: BlockId) {
        // A count without a type has that of the variable, unless that is an interface.
        let to = match first {
            Var::New(obj) => self.obj_ty(obj),
            Var::Old(e) => self.ty(e),
            Var::At(_, to) => to,
            Var::None => ty,
        };
        let ty = if self.is_interface(to) { ty } else { to };
        let ty = if self.g.query.types().is_untyped(ty) { tid::INT } else { ty };
        let (count, i) = (self.scalar(), self.scalar());
        self.expr_as_into(x, ty, count);
        self.zero(i, 1);
        let (top, next, end) = (self.b.label(), self.b.label(), self.b.label());
        let unsigned = self.layout(ty).kind.is_unsigned();
        let less = if unsigned { Op::JUlt } else { Op::JLt };
        self.jump_if(if unsigned { Op::JEqI } else { Op::JLeI }, count, 0, end);
        self.b.bind(top);
        self.b.loops += 1;
        self.open_scope();
        if !self.is_slot(first, i, ty) {
            self.bind(first, i, ty);
        }
        self.targets.push(Target { label, breaks: end, continues: Some(next), plain: true });
        self.block(body);
        self.targets.pop();
        self.close_scope();
        self.b.loops -= 1;
        self.b.bind(next);
        self.b.emit(Op::AddI, i, i, 1);
        self.repeat(less, i, count, top);
        self.b.hoist(top);
        self.b.bind(end);
    }

    fn range_elements(
        &mut self,
        first: Var,
        second: Var,
        count: u16,
        elements: Elements,
        label: Option<Symbol>,
        body: BlockId,
    ) {
        let i = self.scalar();
        self.zero(i, 1);
        let (top, next, end) = (self.b.label(), self.b.label(), self.b.label());
        self.jump_if(Op::JLeI, count, 0, end);
        self.b.bind(top);
        self.b.loops += 1;
        self.open_scope();
        let [first, second] = self.settled([first, second]);
        if !self.is_slot(first, i, tid::INT) {
            self.bind(first, i, tid::INT);
        }
        if !matches!(second, Var::None) {
            let elem = elements.elem();
            let layout = self.layout(elem);
            self.bind_loaded(second, elem, |fun, to| match elements {
                Elements::Slice(slice, _) => match layout.kind {
                    Kind::Bool | Kind::Uint8 => fun.b.emit(Op::At8u, to, slice, i),
                    Kind::Int32 => fun.b.emit(Op::At32s, to, slice, i),
                    Kind::String | Kind::Slice | Kind::Interface => fun.b.emit(Op::At2, to, slice, i),
                    Kind::Struct | Kind::Array => fun.range_load(Op::ElemAddr, slice, i, elem, 0, to),
                    _ if layout.size == 8 => fun.b.emit(Op::At64, to, slice, i),
                    _ => fun.range_load(Op::ElemAddr, slice, i, elem, 0, to),
                },
                Elements::Array(pointer, _, len) => fun.range_load(Op::ArrayAddr, pointer, i, elem, len, to),
                Elements::None(_) => {}
            });
        }
        self.targets.push(Target { label, breaks: end, continues: Some(next), plain: true });
        self.block(body);
        self.targets.pop();
        self.close_scope();
        self.b.loops -= 1;
        self.b.bind(next);
        self.b.emit(Op::AddI, i, i, 1);
        self.repeat(Op::JLt, i, count, top);
        self.b.hoist(top);
        self.b.bind(end);
    }

    fn range_load(&mut self, op: Op, base: u16, i: u16, elem: TypeId, len: u64, to: u16) {
        let size = self.layout(elem).size;
        if size == 0 {
            return;
        }
        let frame = self.b.kinds.get(usize::from(base)) == Some(&WordKind::Scalar);
        let at = if frame { self.scalar() } else { self.pointer() };
        self.b.emit_ext(op, [at, base, i], size as u32, len.min(u64::from(u32::MAX)) as u32);
        self.load_at(at, 0, elem, Some(to));
    }

    fn range_string(&mut self, first: Var, second: Var, x: ExprId, label: Option<Symbol>, body: BlockId) {
        let text = self.temp(tid::STRING);
        self.expr_as_into(x, tid::STRING, text);
        let i = self.scalar();
        self.zero(i, 1);
        let rune = self.b.take(&std::sync::Arc::from([WordKind::Scalar; 2]));
        let (top, next, end) = (self.b.label(), self.b.label(), self.b.label());
        self.b.bind(top);
        self.b.loops += 1;
        self.jump_if(Op::JLe, text + 1, i, end);
        self.b.emit(Op::RuneAt, rune, text, i);
        self.open_scope();
        let [first, second] = self.settled([first, second]);
        for (var, slot, ty) in [(first, i, tid::INT), (second, rune, tid::INT32)] {
            if !self.is_slot(var, slot, ty) {
                self.bind(var, slot, ty);
            }
        }
        self.targets.push(Target { label, breaks: end, continues: Some(next), plain: true });
        self.block(body);
        self.targets.pop();
        self.close_scope();
        self.b.loops -= 1;
        self.b.bind(next);
        self.mov(i, rune + 1, 1);
        self.b.jump(Op::Loop, 0, 0, top);
        self.b.bind(end);
    }

    #[expect(clippy::too_many_arguments, reason = "a loop's parts")]
    fn range_map(
        &mut self,
        first: Var,
        second: Var,
        x: ExprId,
        x_ty: TypeId,
        [key, elem]: [TypeId; 2],
        label: Option<Symbol>,
        body: BlockId,
    ) {
        let map = self.expr(x);
        let iter = self.pointer();
        let idx = self.layout(x_ty).idx;
        self.b.emit_ext(Op::MapIter, [iter, map, 0], idx, 0);
        let (at_key, at_elem) = (self.pointer(), self.pointer());
        let (top, end) = (self.b.label(), self.b.label());
        self.b.bind(top);
        self.b.loops += 1;
        self.b.emit_ext(Op::MapNext, [iter, at_key, at_elem], idx, 0);
        self.jump_if(Op::JEqI, at_key, 0, end);
        self.open_scope();
        let [first, second] = self.settled([first, second]);
        for (var, at, ty) in [(first, at_key, key), (second, at_elem, elem)] {
            if !matches!(var, Var::None) {
                let empty = self.layout(ty).size == 0;
                self.bind_loaded(var, ty, |fun, to| {
                    if !empty {
                        fun.load_at(at, 0, ty, Some(to));
                    }
                });
            }
        }
        self.targets.push(Target { label, breaks: end, continues: Some(top), plain: true });
        self.block(body);
        self.targets.pop();
        self.close_scope();
        self.b.loops -= 1;
        self.b.jump(Op::Loop, 0, 0, top);
        self.b.bind(end);
    }

    fn range_chan(&mut self, first: Var, x: ExprId, label: Option<Symbol>, body: BlockId) {
        let chan_ty = self.ty(x);
        let chan = self.temp(chan_ty);
        self.expr_into(x, chan);
        let layout = self.layout(chan_ty);
        let elem = layout.elem.unwrap_or(tid::INVALID);
        let inner = self.layout(elem);
        let (to, ok) = (self.take(&inner), self.scalar());
        self.b.pin(to, inner.width());
        self.b.pin(ok, 1);
        let (top, end) = (self.b.label(), self.b.label());
        self.b.bind(top);
        self.b.loops += 1;
        self.b.emit_ext(Op::Recv, [to, chan, ok], layout.idx, 0);
        self.b.jump(Op::JmpF, ok, 0, end);
        self.open_scope();
        self.bind(first, to, elem);
        self.targets.push(Target { label, breaks: end, continues: Some(top), plain: true });
        self.block(body);
        self.targets.pop();
        self.close_scope();
        self.b.loops -= 1;
        self.b.jump(Op::Loop, 0, 0, top);
        self.b.bind(end);
    }
}

/// What is ranged over.
#[derive(Clone, Copy)]
enum Elements {
    Slice(u16, TypeId),
    /// At an address.
    Array(u16, TypeId, u64),
    /// Only the positions matter.
    None(TypeId),
}

impl Elements {
    fn elem(self) -> TypeId {
        match self {
            Self::Slice(_, elem) | Self::Array(_, elem, _) | Self::None(elem) => elem,
        }
    }
}
