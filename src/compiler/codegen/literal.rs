//! Composite literals.

use super::assign::Dest;
use super::func::Fun;
use crate::bytecode::isa::Op;
use crate::bytecode::program::Kind;
use crate::compiler::syntax::ast::{Expr, ExprId, List};
use crate::compiler::types::{Type, TypeId, tid};

impl Fun<'_, '_> {
    /// `T{…}` as a value.
    pub fn composite(&mut self, e: ExprId, ty: TypeId, want: Option<u16>) -> u16 {
        let Expr::Composite { elems, .. } = self.ast().expr(e) else { return 0 };
        let layout = self.layout(ty);
        match self.under(ty) {
            Type::Pointer(inner) => self.new_composite(e, inner, want),
            _ if layout.large => self.new_composite(e, ty, want),
            Type::Struct(_) => {
                // Built in slots of its own: its elements may read what is wanted.
                let to = self.take(&layout);
                self.struct_literal(elems, ty, Dest::Slots(to));
                self.wanted(to, layout.width(), want)
            }
            Type::Array(elem, _) => {
                let to = self.take(&layout);
                self.zero(to, layout.width());
                self.b.pin(to, layout.width());
                let pointer = self.scalar();
                self.b.emit(Op::FrameAddr, pointer, to, 0);
                self.elements(elems, elem, pointer);
                self.wanted(to, layout.width(), want)
            }
            Type::Slice(elem) => {
                let length = self.literal_length(elems);
                let to = self.temp(ty);
                let count = self.scalar();
                self.integer(count, length);
                let idx = self.layout(elem).idx;
                self.b.emit_ext(Op::MakeSlice, [to, count, count], idx, 0);
                self.elements(elems, elem, to);
                self.wanted(to, 2, want)
            }
            Type::Map(key, elem) => {
                let to = self.pointer();
                let count = self.scalar();
                self.integer(count, elems.len() as u64);
                self.b.emit_ext(Op::MakeMap, [to, count, 0], layout.idx, 0);
                for entry in self.ast().list(elems) {
                    let Expr::KeyValue { key: k, value } = self.ast().expr(entry) else { continue };
                    let mark = self.b.mark();
                    let k = self.expr_as(k, key);
                    let value = self.expr_as(value, elem);
                    self.store_dest(Dest::Map { map: to, key: k, ty }, elem, value);
                    self.b.release(mark);
                }
                self.wanted(to, 1, want)
            }
            _ => {
                let to = want.unwrap_or_else(|| self.take(&layout));
                self.zero(to, layout.width());
                to
            }
        }
    }

    fn wanted(&mut self, slot: u16, width: u16, want: Option<u16>) -> u16 {
        match want {
            Some(want) => {
                self.mov(want, slot, width);
                want
            }
            None => slot,
        }
    }

    /// `&T{…}`
    pub fn new_composite(&mut self, e: ExprId, ty: TypeId, want: Option<u16>) -> u16 {
        let Expr::Composite { elems, .. } = self.ast().expr(e) else { return 0 };
        let idx = self.layout(ty).idx;
        let made = self.pointer();
        self.b.emit_long(Op::New, made, idx);
        match self.under(ty) {
            Type::Struct(_) => self.struct_literal(elems, ty, Dest::Mem(made, 0)),
            Type::Array(elem, _) => self.elements(elems, elem, made),
            _ => {
                let value = self.composite(e, ty, None);
                self.store_at(made, 0, ty, value);
            }
        }
        self.wanted(made, 1, want)
    }

    /// The fields of a struct: in memory those that are given, the others are zero already.
    fn struct_literal(&mut self, elems: List<ExprId>, ty: TypeId, at: Dest) {
        let layout = self.layout(ty);
        let Type::Struct(structure) = self.under(ty) else { return };
        if let Dest::Slots(slot) = at
            && (elems.len() < layout.fields.len() || layout.fields.iter().any(|f| f.ty == tid::INVALID))
        {
            self.zero(slot, layout.width());
        }
        for (i, elem) in self.ast().list(elems).enumerate() {
            let (index, value) = match self.ast().expr(elem) {
                Expr::KeyValue { key, value } => {
                    let Expr::Ident(name) = self.ast().expr(key) else { continue };
                    let Some(index) = structure.fields.iter().position(|f| f.name == name) else { continue };
                    (index, value)
                }
                _ => (i, elem),
            };
            let Some(field) = layout.fields.get(index).copied() else { continue };
            let mark = self.b.mark();
            match at {
                Dest::Slots(slot) => self.expr_as_into(value, field.ty, slot + field.slot),
                Dest::Mem(pointer, offset) => {
                    if matches!(self.ast().expr(value), Expr::Composite { .. })
                        && self.layout(field.ty).kind == Kind::Struct
                    {
                        let Expr::Composite { elems, .. } = self.ast().expr(value) else { continue };
                        let (pointer, offset) = self.offset(pointer, u64::from(offset) + field.offset);
                        self.struct_literal(elems, field.ty, Dest::Mem(pointer, offset));
                    } else {
                        let value = self.expr_as(value, field.ty);
                        let (pointer, offset) = self.offset(pointer, u64::from(offset) + field.offset);
                        self.store_at(pointer, offset, field.ty, value);
                    }
                }
                _ => {}
            }
            self.b.release(mark);
        }
    }

    /// How many elements a literal of a slice gives it.
    fn literal_length(&self, elems: List<ExprId>) -> u64 {
        let (mut next, mut length) = (0, 0);
        for elem in self.ast().list(elems) {
            if let Expr::KeyValue { key, .. } = self.ast().expr(elem) {
                next = self.g.query.info().value(key).and_then(|v| v.as_u64()).unwrap_or(next);
            }
            next += 1;
            length = length.max(next);
        }
        length
    }

    /// The elements of an array at an address.
    fn elements(&mut self, elems: List<ExprId>, elem: TypeId, pointer: u16) {
        let size = self.layout(elem).size;
        let mut next = 0;
        for e in self.ast().list(elems) {
            let value = match self.ast().expr(e) {
                Expr::KeyValue { key, value } => {
                    next = self.g.query.info().value(key).and_then(|v| v.as_u64()).unwrap_or(next);
                    value
                }
                _ => e,
            };
            let mark = self.b.mark();
            let value = self.expr_as(value, elem);
            if size > 0 {
                let (pointer, offset) = self.offset(pointer, next * size);
                self.store_at(pointer, offset, elem, value);
            }
            self.b.release(mark);
            next += 1;
        }
    }
}
