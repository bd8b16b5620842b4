//! Conversions `T(x)`.

use super::func::Fun;
use crate::bytecode::isa::Op;
use crate::bytecode::program::Kind;
use crate::compiler::check::Mode;
use crate::compiler::syntax::ast::ExprId;
use crate::compiler::types::{Type, TypeId};

impl Fun<'_, '_> {
    /// `T(x)`
    pub fn conversion(&mut self, x: ExprId, to_ty: TypeId, want: Option<u16>) -> u16 {
        let from_ty = self.ty(x);
        if self.g.query.info().mode(x) == Mode::Nil || self.is_interface(to_ty) {
            return match want {
                Some(want) => {
                    self.expr_as_into(x, to_ty, want);
                    want
                }
                None => self.expr_as(x, to_ty),
            };
        }
        let (from, to) = (self.layout(from_ty), self.layout(to_ty));
        if to.kind == Kind::String && from.kind != Kind::String {
            return self.string_of(x, from_ty, to_ty, want);
        }
        if to.kind == Kind::Slice && from.kind == Kind::String {
            let runes = matches!(self.under(to_ty), Type::Slice(elem) if self.layout(elem).kind == Kind::Int32);
            let slot = self.expr(x);
            let result = want.unwrap_or_else(|| self.take(&to));
            self.b.emit(if runes { Op::RunesOfStr } else { Op::BytesOfStr }, result, slot, 0);
            return result;
        }
        if from.kind == Kind::Slice && matches!(to.kind, Kind::Array | Kind::Pointer) {
            return self.slice_to_array(x, to_ty, want);
        }
        let number = |kind: Kind| kind.is_signed() || kind.is_unsigned() || kind.is_float();
        if !number(from.kind) || !number(to.kind) {
            return self.value(x, want);
        }
        let unsigned = from.kind.is_unsigned();
        if from.kind.is_float() == to.kind.is_float() && to.kind != Kind::Float32 {
            let wider = to.size > from.size && (unsigned || to.kind.is_signed());
            if to.kind.is_float() || wider || to.size == 8 || to.kind == from.kind {
                return self.value(x, want);
            }
            let slot = self.expr(x);
            let result = want.unwrap_or_else(|| self.scalar());
            self.narrow_to(to.kind, result, slot);
            return result;
        }
        let slot = self.expr(x);
        let result = want.unwrap_or_else(|| self.scalar());
        match (from.kind.is_float(), to.kind.is_float()) {
            (false, true) => {
                let op = match (to.kind, unsigned) {
                    (Kind::Float32, false) => Op::I2s,
                    (Kind::Float32, true) => Op::U2s,
                    (_, false) => Op::I2f,
                    (_, true) => Op::U2f,
                };
                self.b.emit(op, result, slot, 0);
            }
            (true, false) => {
                let wide = to.kind.is_unsigned() && to.size == 8;
                self.b.emit(if wide { Op::F2u } else { Op::F2i }, result, slot, 0);
                self.narrow(to.kind, result);
            }
            _ => {
                let op = if from.kind == Kind::Float32 { Op::Mov } else { Op::Fround };
                self.b.emit(op, result, slot, 0);
            }
        }
        result
    }

    fn string_of(&mut self, x: ExprId, from: TypeId, to: TypeId, want: Option<u16>) -> u16 {
        let op = match self.under(from) {
            Type::Slice(elem) if self.layout(elem).kind == Kind::Int32 => Op::StrOfRunes,
            Type::Slice(_) => Op::StrOfBytes,
            _ => Op::StrOfRune,
        };
        let slot = self.expr(x);
        let result = want.unwrap_or_else(|| self.temp(to));
        self.b.emit(op, result, slot, 0);
        result
    }

    fn slice_to_array(&mut self, x: ExprId, to: TypeId, want: Option<u16>) -> u16 {
        let slot = self.expr(x);
        let pointer = self.pointer();
        let array = match self.under(to) {
            Type::Pointer(array) => array,
            _ => to,
        };
        let layout = self.layout(array);
        self.b.emit_ext(Op::SliceToArray, [pointer, slot, 0], layout.idx, 0);
        if self.layout(to).kind == Kind::Pointer {
            return match want {
                Some(want) => {
                    self.mov(want, pointer, 1);
                    want
                }
                None => pointer,
            };
        }
        if layout.size == 0 {
            return want.unwrap_or_else(|| self.take(&layout));
        }
        self.load_at(pointer, 0, to, want)
    }
}
