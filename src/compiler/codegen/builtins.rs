//! Built-in functions.

use super::func::Fun;
use crate::bytecode::isa::Op;
use crate::bytecode::program::{Kind, WordKind};
use crate::compiler::syntax::ast::{ExprId, List};
use crate::compiler::types::{Builtin, Type, TypeId, tid};

impl Fun<'_, '_> {
    /// A call of a built-in function.
    pub fn builtin(&mut self, e: ExprId, builtin: Builtin, args: List<ExprId>, ty: TypeId, want: Option<u16>) -> u16 {
        let exprs: Vec<ExprId> = self.ast().list(args).collect();
        self.set_place(self.ast().span(e));
        match builtin {
            Builtin::Len | Builtin::Cap => self.length(builtin, exprs[0], want),
            Builtin::New => self.new_value(exprs[0], ty, want),
            Builtin::Make => self.make(&exprs, ty, want),
            Builtin::Append => self.append(e, &exprs, ty, want),
            Builtin::Copy => {
                let dst_ty = self.ty(exprs[0]);
                let (dst, src) = (self.expr(exprs[0]), self.expr(exprs[1]));
                let src_ty = self.ty(exprs[1]);
                let to = want.unwrap_or_else(|| self.scalar());
                if self.layout(src_ty).kind == Kind::String {
                    self.b.emit(Op::CopyStr, to, dst, src);
                } else {
                    let idx = self.elem_idx(dst_ty);
                    self.b.emit_ext(Op::Copy, [to, dst, src], idx, 0);
                }
                to
            }
            Builtin::Min | Builtin::Max => self.extreme(builtin, &exprs, ty, want),
            Builtin::Recover => {
                let to = want.unwrap_or_else(|| self.temp(tid::ANY));
                self.b.emit(Op::Recover, to, 0, 0);
                to
            }
            Builtin::Panic => {
                let value = self.expr_as(exprs[0], tid::ANY);
                self.set_place(self.ast().span(e));
                self.b.emit(Op::Panic, value, 0, 0);
                value
            }
            Builtin::Print | Builtin::Println if exprs.len() == 1 && self.count(exprs[0]) > 1 => {
                let count = self.count(exprs[0]);
                let values = self.several(exprs[0], count);
                self.builtin_slots(builtin, &values);
                0
            }
            _ => {
                let values: Vec<(u16, TypeId)> = exprs
                    .iter()
                    .enumerate()
                    .map(|(i, &e)| {
                        let ty = match (builtin, i) {
                            (Builtin::Delete, 1) => {
                                let map = self.ty(exprs[0]);
                                self.layout(map).key.unwrap_or(tid::INVALID)
                            }
                            _ => self.ty(e),
                        };
                        (self.expr_as(e, ty), ty)
                    })
                    .collect();
                self.builtin_slots(builtin, &values);
                0
            }
        }
    }

    /// A call of a built-in function without results, with arguments in slots.
    pub fn builtin_slots(&mut self, builtin: Builtin, args: &[(u16, TypeId)]) {
        match (builtin, args) {
            (Builtin::Close, [(chan, _)]) => self.b.emit(Op::Close, *chan, 0, 0),
            (Builtin::Delete, [(map, ty), (key, from)]) => {
                let layout = self.layout(*ty);
                let key_ty = layout.key.unwrap_or(*from);
                let key = self.converted(*key, *from, key_ty, None);
                self.b.emit_ext(Op::MapDelete, [*map, key, 0], layout.idx, 0);
            }
            (Builtin::Clear, [(slot, ty)]) => {
                let layout = self.layout(*ty);
                if layout.kind == Kind::Map {
                    self.b.emit_ext(Op::MapClear, [*slot, 0, 0], layout.idx, 0);
                } else {
                    let idx = self.elem_idx(*ty);
                    self.b.emit_ext(Op::ClearSlice, [*slot, 0, 0], idx, 0);
                }
            }
            (Builtin::Panic, [(slot, ty)]) => {
                let value = self.converted(*slot, *ty, tid::ANY, None);
                self.b.emit(Op::Panic, value, 0, 0);
            }
            (Builtin::Recover, _) => {
                let to = self.temp(tid::ANY);
                self.b.emit(Op::Recover, to, 0, 0);
            }
            (Builtin::Copy, [(dst, ty), (src, _)]) => {
                let idx = self.elem_idx(*ty);
                let to = self.scalar();
                self.b.emit_ext(Op::Copy, [to, *dst, *src], idx, 0);
            }
            (Builtin::Print | Builtin::Println, _) => {
                for (i, &(slot, ty)) in args.iter().enumerate() {
                    if i > 0 && builtin == Builtin::Println {
                        self.b.emit_ext(Op::Print, [0, 0, 0], 8, 0);
                    }
                    let what = match self.layout(ty).kind {
                        Kind::Bool => 0,
                        kind if kind.is_signed() => 1,
                        kind if kind.is_unsigned() => 2,
                        Kind::Float32 => 10,
                        Kind::Float64 => 3,
                        Kind::String => 4,
                        Kind::Slice => 6,
                        Kind::Interface => 7,
                        _ => 5,
                    };
                    self.b.emit_ext(Op::Print, [slot, 0, 0], what, 0);
                }
                if builtin == Builtin::Println {
                    self.b.emit_ext(Op::Print, [0, 0, 0], 9, 0);
                }
            }
            _ => {}
        }
    }

    /// How many values an expression has.
    fn count(&mut self, e: ExprId) -> usize {
        let ty = self.ty(e);
        match self.under(ty) {
            Type::Tuple(parts) => parts.len(),
            _ => 1,
        }
    }

    /// The entry of a slice type's element.
    pub fn elem_idx(&mut self, ty: TypeId) -> u32 {
        let under = self.under(ty);
        match under {
            Type::Slice(elem) => self.layout(elem).idx,
            _ => self.layout(tid::UINT8).idx,
        }
    }

    fn length(&mut self, builtin: Builtin, x: ExprId, want: Option<u16>) -> u16 {
        let ty = self.ty(x);
        if self.layout(ty).kind == Kind::String {
            let slot = self.expr(x) + 1;
            return match want {
                Some(want) => {
                    self.mov(want, slot, 1);
                    want
                }
                None => slot,
            };
        }
        let to = want.unwrap_or_else(|| self.scalar());
        match self.under(ty) {
            Type::Array(_, len) => {
                _ = self.expr(x);
                self.integer(to, len);
            }
            Type::Pointer(array) => {
                _ = self.expr(x);
                let len = self.layout(array).len;
                self.integer(to, len);
            }
            Type::Slice(_) => {
                let slot = self.expr(x);
                self.b.emit(if builtin == Builtin::Len { Op::Len } else { Op::Cap }, to, slot, 0);
            }
            Type::Map(..) => {
                let slot = self.expr(x);
                self.b.emit(Op::MapLen, to, slot, 0);
            }
            Type::Chan(..) => {
                let slot = self.expr(x);
                self.b.emit(if builtin == Builtin::Len { Op::ChanLen } else { Op::ChanCap }, to, slot, 0);
            }
            _ => {}
        }
        to
    }

    fn new_value(&mut self, arg: ExprId, ty: TypeId, want: Option<u16>) -> u16 {
        let made = self.pointer();
        let Type::Pointer(elem) = self.under(ty) else { return made };
        let idx = self.layout(elem).idx;
        if self.g.query.info().mode(arg) != crate::compiler::check::Mode::Type {
            let value = self.expr_as(arg, elem);
            self.b.emit_long(Op::New, made, idx);
            self.store_at(made, 0, elem, value);
        } else {
            self.b.emit_long(Op::New, made, idx);
        }
        match want {
            Some(want) => {
                self.mov(want, made, 1);
                want
            }
            None => made,
        }
    }

    fn make(&mut self, exprs: &[ExprId], ty: TypeId, want: Option<u16>) -> u16 {
        let mut sizes: Vec<u16> = Vec::new();
        for &e in &exprs[1..] {
            sizes.push(self.expr(e));
        }
        let layout = self.layout(ty);
        let to = want.unwrap_or_else(|| self.take(&layout));
        match self.under(ty) {
            Type::Slice(elem) => {
                let idx = self.layout(elem).idx;
                let cap = sizes.get(1).copied().unwrap_or(sizes[0]);
                self.b.emit_ext(Op::MakeSlice, [to, sizes[0], cap], idx, sizes.len() as u32 - 1);
            }
            under => {
                let size = match sizes.first() {
                    Some(&size) => size,
                    None => {
                        let zero = self.scalar();
                        self.zero(zero, 1);
                        zero
                    }
                };
                let op = if matches!(under, Type::Map(..)) { Op::MakeMap } else { Op::MakeChan };
                self.b.emit_ext(op, [to, size, 0], layout.idx, 0);
            }
        }
        to
    }

    fn append(&mut self, e: ExprId, exprs: &[ExprId], ty: TypeId, want: Option<u16>) -> u16 {
        let crate::compiler::syntax::ast::Expr::Call { spread, .. } = self.ast().expr(e) else { return 0 };
        let Type::Slice(elem) = self.under(ty) else { return 0 };
        let layout = self.layout(elem);
        let slice = self.expr_as(exprs[0], ty);
        if spread {
            let other_ty = self.ty(exprs[1]);
            let string = self.layout(other_ty).kind == Kind::String;
            let other = self.expr_as(exprs[1], if string { other_ty } else { ty });
            let to = want.unwrap_or_else(|| self.temp(ty));
            if string {
                self.b.emit(Op::AppendStr, to, slice, other);
            } else {
                self.b.emit_ext(Op::Append, [to, slice, other], layout.idx, 0);
            }
            return to;
        }
        let values: Vec<u16> = exprs[1..].iter().map(|&e| self.expr_as(e, elem)).collect();
        if values.is_empty() {
            let to = want.unwrap_or_else(|| self.temp(ty));
            self.mov(to, slice, 2);
            return to;
        }
        // The new slice and, behind it, the address of the first new element.
        let grown = self.b.take(&std::sync::Arc::from([
            WordKind::Pointer,
            WordKind::Scalar,
            WordKind::Pointer,
            WordKind::Scalar,
        ]));
        let count = self.scalar();
        self.integer(count, values.len() as u64);
        self.b.emit_ext(Op::Grow, [grown, slice, count], layout.idx, 0);
        for (i, &value) in values.iter().enumerate() {
            if layout.size > 0 {
                let (pointer, offset) = self.offset(grown + 2, i as u64 * layout.size);
                self.store_at(pointer, offset, elem, value);
            }
        }
        match want {
            Some(want) => {
                self.mov(want, grown, 2);
                want
            }
            None => grown,
        }
    }

    fn extreme(&mut self, builtin: Builtin, exprs: &[ExprId], ty: TypeId, want: Option<u16>) -> u16 {
        let layout = self.layout(ty);
        let best = self.take(&layout);
        self.expr_as_into(exprs[0], ty, best);
        for &e in &exprs[1..] {
            let mark = self.b.mark();
            let other = self.expr_as(e, ty);
            let keep = self.b.label();
            match layout.kind {
                Kind::Float32 | Kind::Float64 => {
                    let op = if builtin == Builtin::Min { Op::Fmin } else { Op::Fmax };
                    self.b.emit(op, best, best, other);
                }
                Kind::String => {
                    let order = self.scalar();
                    self.b.emit(Op::StrCmp, order, best, other);
                    let op = if builtin == Builtin::Min { Op::JLeI } else { Op::JGeI };
                    self.jump_if(op, order, 0, keep);
                    self.mov(best, other, 2);
                }
                kind => {
                    let op = if kind.is_unsigned() { Op::JUle } else { Op::JLe };
                    let (a, b) = if builtin == Builtin::Min { (best, other) } else { (other, best) };
                    self.jump_if(op, a, b, keep);
                    self.mov(best, other, 1);
                }
            }
            self.b.bind(keep);
            self.b.release(mark);
        }
        match want {
            Some(want) => {
                self.mov(want, best, layout.width());
                want
            }
            None => best,
        }
    }
}
