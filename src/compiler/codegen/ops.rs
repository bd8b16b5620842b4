//! Operators and conditions.

use super::builder::Label;
use super::func::Fun;
use crate::bytecode::isa::Op;
use crate::bytecode::program::{Kind, WordKind};
use crate::compiler::check::Mode;
use crate::compiler::syntax::ast::{BinOp, Expr, ExprId, UnOp};
use crate::compiler::types::{Type, TypeId, tid};

impl Fun<'_, '_> {
    /// Cuts an integer in a slot down to its type, or rounds a float.
    pub fn narrow(&mut self, kind: Kind, slot: u16) {
        if matches!(kind, Kind::Int32 | Kind::Uint32) && self.b.narrow_last(slot, kind == Kind::Int32) {
            return;
        }
        self.narrow_to(kind, slot, slot);
    }

    /// The same, to another slot, for a type that has fewer bits than a slot.
    pub fn narrow_to(&mut self, kind: Kind, to: u16, from: u16) {
        let op = match kind {
            Kind::Int8 => Op::Ext8s,
            Kind::Int16 => Op::Ext16s,
            Kind::Int32 => Op::Ext32s,
            Kind::Uint8 => Op::Ext8u,
            Kind::Uint16 => Op::Ext16u,
            Kind::Uint32 => Op::Ext32u,
            Kind::Float32 => Op::Fround,
            _ => return,
        };
        self.b.emit(op, to, from, 0);
    }

    pub fn unary(&mut self, op: UnOp, x: ExprId, ty: TypeId, want: Option<u16>) -> u16 {
        match op {
            UnOp::Plus => self.value(x, want),
            UnOp::Addr => self.address_of(x, want),
            UnOp::Recv => self.receive(x, want, None).0,
            UnOp::Not => {
                let from = self.expr(x);
                let to = want.unwrap_or_else(|| self.scalar());
                self.b.emit(Op::NotB, to, from, 0);
                to
            }
            _ => {
                let kind = self.layout(ty).kind;
                let from = self.expr(x);
                let to = want.unwrap_or_else(|| self.scalar());
                let code = match op {
                    UnOp::Minus if kind.is_float() => Op::Fneg,
                    UnOp::Minus => Op::Neg,
                    _ => Op::Not,
                };
                self.b.emit(code, to, from, 0);
                if !kind.is_float() {
                    self.narrow(kind, to);
                }
                to
            }
        }
    }

    /// `&x`
    fn address_of(&mut self, x: ExprId, want: Option<u16>) -> u16 {
        let x = self.ast().unparen(x);
        if let Expr::Composite { .. } = self.ast().expr(x) {
            let ty = self.ty(x);
            return self.new_composite(x, ty, want);
        }
        let place = self.address(x);
        let to = want.unwrap_or_else(|| self.pointer());
        match place {
            super::assign::Dest::Mem(pointer, 0) => {
                // `&p.x` panics if p is nil, as the address of a variable never is.
                if matches!(self.ast().expr(x), Expr::Selector { .. }) {
                    self.b.emit(Op::Check, pointer, 0, 0);
                }
                self.mov(to, pointer, 1);
            }
            super::assign::Dest::Mem(pointer, offset) => self.b.emit(Op::Lea, to, pointer, offset),
            super::assign::Dest::Slots(slot) => {
                // Of a value without a place, which only generated code has.
                let ty = self.ty(x);
                let idx = self.layout(ty).idx;
                self.b.emit_long(Op::New, to, idx);
                self.store_at(to, 0, ty, slot);
            }
            _ => self.zero(to, 1),
        }
        to
    }

    pub fn binary(&mut self, e: ExprId, op: BinOp, x: ExprId, y: ExprId, ty: TypeId, want: Option<u16>) -> u16 {
        if matches!(op, BinOp::LAnd | BinOp::LOr) || op.is_comparison() {
            return self.truth(e, want);
        }
        if self.layout(ty).kind == Kind::String {
            return self.concat(e, want);
        }
        let mark = self.b.mark();
        let left = self.expr(x);
        let own = self.b.taken_since(mark, left);
        let to = want.unwrap_or_else(|| self.temp(ty));
        self.operate(op, ty, (left, own), y, to);
        to
    }

    /// `to = x op y`, where `to` may be `x`.
    pub fn binary_with(&mut self, op: BinOp, ty: TypeId, x: u16, y: ExprId, to: u16) {
        self.operate(op, ty, (x, false), y, to);
    }

    /// The same, with whether nothing else uses the slot `x`.
    fn operate(&mut self, op: BinOp, ty: TypeId, (x, own): (u16, bool), y: ExprId, to: u16) {
        let kind = self.layout(ty).kind;
        if kind == Kind::String {
            let run = self.b.take(&std::sync::Arc::from([
                WordKind::Pointer,
                WordKind::Scalar,
                WordKind::Pointer,
                WordKind::Scalar,
            ]));
            let right = self.expr(y);
            self.mov(run, x, 2);
            self.mov(run + 2, right, 2);
            return self.b.emit(Op::Concat, to, run, 2);
        }
        if op.is_shift() {
            return self.shift(op, kind, x, y, to);
        }
        if kind.is_float() {
            let mark = self.b.mark();
            let mut right = self.expr_as(y, ty);
            if self.b.taken_since(mark, right) {
                if kind == Kind::Float64 && self.fused(op, (x, own), right, to, mark) {
                    return;
                }
                right = self.b.take_result(right).unwrap_or(right);
            }
            let code = match op {
                BinOp::Add => Op::Fadd,
                BinOp::Sub => Op::Fsub,
                BinOp::Mul => Op::Fmul,
                _ => Op::Fdiv,
            };
            self.b.emit(code, to, x, right);
            return self.narrow(kind, to);
        }
        let small = self.small(y);
        let immediate = match (op, small) {
            (BinOp::Add, Some(i)) => Some((Op::AddI, i)),
            (BinOp::Sub, Some(i)) if i != i16::MIN => Some((Op::AddI, -i)),
            (BinOp::Mul, Some(i)) => Some((Op::MulI, i)),
            (BinOp::And, Some(i)) => Some((Op::AndI, i)),
            (BinOp::Or, Some(i)) => Some((Op::OrI, i)),
            (BinOp::Xor, Some(i)) => Some((Op::XorI, i)),
            (BinOp::AndNot, Some(i)) => Some((Op::AndI, !i)),
            (BinOp::Div | BinOp::Rem, Some(i)) => divide_by(op, i, kind.is_unsigned()),
            _ => None,
        };
        if let Some((code, i)) = immediate {
            self.b.emit(code, to, x, i as u16);
        } else {
            let mark = self.b.mark();
            let mut right = self.expr_as(y, ty);
            if self.b.taken_since(mark, right) {
                let whole = matches!(kind, Kind::Int | Kind::Int64 | Kind::Uint | Kind::Uint64 | Kind::Uintptr);
                if op == BinOp::Add
                    && whole
                    && let Some(load) = self.b.take_back(|op| op == Op::Ld64, right)
                {
                    return self.b.emit_ext(Op::AddL, [to, x, load.b], load.c.into(), 0);
                }
                right = self.b.take_result(right).unwrap_or(right);
            }
            let unsigned = kind.is_unsigned();
            let code = match op {
                BinOp::Add => Op::Add,
                BinOp::Sub => Op::Sub,
                BinOp::Mul => Op::Mul,
                BinOp::Div if unsigned => Op::Udiv,
                BinOp::Div => Op::Div,
                BinOp::Rem if unsigned => Op::Urem,
                BinOp::Rem => Op::Rem,
                BinOp::And => Op::And,
                BinOp::Or => Op::Or,
                BinOp::Xor => Op::Xor,
                _ => Op::AndNot,
            };
            self.b.emit(code, to, x, right);
        }
        // These cannot leave the type's range.
        let stays = matches!(op, BinOp::And | BinOp::Or | BinOp::Xor | BinOp::Rem | BinOp::AndNot)
            || (op == BinOp::Div && kind.is_unsigned());
        if !stays {
            self.narrow(kind, to);
        }
    }

    /// An operation on floats as one instruction with what the last instructions do: a product that is added, operands
    /// that are loaded. `right` and what it was made of were taken since `mark`. Whether there is such an instruction.
    fn fused(&mut self, op: BinOp, (x, own): (u16, bool), right: u16, to: u16, mark: usize) -> bool {
        if matches!(op, BinOp::Add | BinOp::Sub)
            && let Some(product) = self.b.take_back(|op| op == Op::Fmul, right)
        {
            let add = op == BinOp::Add;
            if to == x
                && add
                && product.b != product.c
                && self.b.taken_since(mark, product.c)
                && let Some(at) = self.b.take_back(|op| matches!(op, Op::At64 | Op::AtAt64), product.c)
            {
                let (code, slots) = match at.op {
                    Op::At64 => (Op::FmacAt, u32::from(product.b)),
                    _ => (Op::FmacAtAt, u32::from(product.b) << 16 | at.ext as u32 & 0xffff),
                };
                self.b.emit_ext(code, [to, at.b, at.c], slots, 0);
                return true;
            }
            if to == x {
                self.b.emit(if add { Op::Fmac } else { Op::Fmsc }, to, product.b, product.c);
            } else {
                let code = if add { Op::FmulAdd } else { Op::FmulSub };
                self.b.emit_ext(code, [to, product.b, product.c], x.into(), 0);
            }
            return true;
        }
        let [one, both] = match op {
            BinOp::Add => [Op::FaddL, Op::FaddLL],
            BinOp::Sub => [Op::FsubL, Op::FsubLL],
            BinOp::Mul => [Op::FmulL, Op::FmulLL],
            _ => return false,
        };
        let Some(load) = self.b.take_back(|op| op == Op::Ld64, right) else { return false };
        if own
            && x != load.b
            && let Some(first) = self.b.take_back(|op| op == Op::Ld64, x)
        {
            self.b.emit_ext(both, [to, first.b, load.b], first.c.into(), load.c.into());
        } else {
            self.b.emit_ext(one, [to, x, load.b], load.c.into(), 0);
        }
        true
    }

    fn shift(&mut self, op: BinOp, kind: Kind, x: u16, y: ExprId, to: u16) {
        if let Some(count) = self.small(y).filter(|count| (0..64).contains(count)) {
            let code = match op {
                BinOp::Shl => Op::ShlI,
                _ if kind.is_unsigned() => Op::UshrI,
                _ => Op::ShrI,
            };
            self.b.emit(code, to, x, count as u16);
        } else {
            let count = self.expr(y);
            let count_ty = self.ty(y);
            if self.layout(count_ty).kind.is_signed() {
                self.b.emit(Op::CheckShift, count, 0, 0);
            }
            let code = match op {
                BinOp::Shl => Op::Shl,
                _ if kind.is_unsigned() => Op::Ushr,
                _ => Op::Shr,
            };
            self.b.emit(code, to, x, count);
        }
        if op == BinOp::Shl {
            self.narrow(kind, to);
        }
    }

    /// A chain of `+` on strings, joined at once.
    fn concat(&mut self, e: ExprId, want: Option<u16>) -> u16 {
        let mut parts = Vec::new();
        self.concat_parts(e, &mut parts);
        let kinds: Vec<_> = parts.iter().flat_map(|_| [WordKind::Pointer, WordKind::Scalar]).collect();
        let run = self.b.take(&kinds.into());
        for (i, &part) in parts.iter().enumerate() {
            self.expr_as_into(part, tid::STRING, run + 2 * i as u16);
        }
        let to = want.unwrap_or_else(|| self.temp(tid::STRING));
        self.b.emit(Op::Concat, to, run, parts.len() as u16);
        to
    }

    fn concat_parts(&self, e: ExprId, parts: &mut Vec<ExprId>) {
        let e = self.ast().unparen(e);
        match self.ast().expr(e) {
            Expr::Binary(BinOp::Add, x, y) if self.g.query.info().value(e).is_none() => {
                self.concat_parts(x, parts);
                self.concat_parts(y, parts);
            }
            _ => parts.push(e),
        }
    }

    // ---- conditions

    /// A condition as a value.
    fn truth(&mut self, e: ExprId, want: Option<u16>) -> u16 {
        let inner = self.ast().unparen(e);
        if let Expr::Binary(op, x, y) = self.ast().expr(inner)
            && op.is_comparison()
            && let Some(slot) = self.compare_words(op, x, y, want)
        {
            return slot;
        }
        // The operands may read what is wanted, so it is written when both are known.
        let to = want.unwrap_or_else(|| self.scalar());
        let (no, end) = (self.b.label(), self.b.label());
        self.branch(e, None, Some(no));
        self.b.emit_long(Op::Imm, to, 1);
        self.b.jump(Op::Jmp, 0, 0, end);
        self.b.bind(no);
        self.b.emit_long(Op::Imm, to, 0);
        self.b.bind(end);
        to
    }

    /// A comparison of numbers or pointers as one instruction.
    fn compare_words(&mut self, op: BinOp, x: ExprId, y: ExprId, want: Option<u16>) -> Option<u16> {
        let ty = self.compared_type(x, y);
        let layout = self.layout(ty);
        if layout.width() != 1 || matches!(layout.kind, Kind::Struct | Kind::Array) {
            return None;
        }
        let (a, b) = (self.expr_as(x, ty), self.expr_as(y, ty));
        let to = want.unwrap_or_else(|| self.scalar());
        let (float, unsigned) = (layout.kind.is_float(), layout.kind.is_unsigned());
        let (code, swap) = match op {
            BinOp::Eq => (if float { Op::Feq } else { Op::Eq }, false),
            BinOp::Ne => (if float { Op::Fne } else { Op::Ne }, false),
            BinOp::Lt | BinOp::Gt => (
                if float {
                    Op::Flt
                } else if unsigned {
                    Op::Ult
                } else {
                    Op::Lt
                },
                op == BinOp::Gt,
            ),
            _ => (
                if float {
                    Op::Fle
                } else if unsigned {
                    Op::Ule
                } else {
                    Op::Le
                },
                op == BinOp::Ge,
            ),
        };
        let (a, b) = if swap { (b, a) } else { (a, b) };
        self.b.emit(code, to, a, b);
        Some(to)
    }

    /// The type in which two operands are compared.
    fn compared_type(&mut self, x: ExprId, y: ExprId) -> TypeId {
        let (a, b) = (self.ty(x), self.ty(y));
        let nil = |fun: &Self, e: ExprId, ty: TypeId| {
            fun.g.query.info().mode(e) == Mode::Nil || fun.g.query.types().is_untyped(ty)
        };
        if nil(self, x, a) || (self.is_interface(b) && !nil(self, y, b)) { b } else { a }
    }

    /// A conditional jump, near or far.
    pub fn jump_if(&mut self, op: Op, a: u16, b: u16, to: Label) {
        if self.back_edge == Some(to) {
            return self.jump_back(op, a, b, to);
        }
        if !self.far || matches!(op, Op::JmpT | Op::JmpF) {
            return self.b.jump(op, a, b, to);
        }
        let (yes, no) = (self.b.label(), self.b.label());
        self.b.jump(op, a, b, yes);
        self.b.jump(Op::Jmp, 0, 0, no);
        self.b.bind(yes);
        self.b.jump(Op::Jmp, 0, 0, to);
        self.b.bind(no);
    }

    /// A conditional jump to a loop's head.
    fn jump_back(&mut self, op: Op, a: u16, b: u16, to: Label) {
        let fused = match op {
            Op::JLt => Some(Op::LoopLt),
            Op::JLe => Some(Op::LoopLe),
            Op::JLtI => Some(Op::LoopLtI),
            Op::JLeI => Some(Op::LoopLeI),
            Op::JGtI => Some(Op::LoopGtI),
            Op::JGeI => Some(Op::LoopGeI),
            Op::JNeI => Some(Op::LoopNeI),
            _ => None,
        };
        match fused {
            Some(fused) if !self.far => self.b.jump(fused, a, b, to),
            _ => {
                let (yes, no) = (self.b.label(), self.b.label());
                self.b.jump(op, a, b, yes);
                self.b.jump(Op::Jmp, 0, 0, no);
                self.b.bind(yes);
                self.b.jump(Op::Loop, 0, 0, to);
                self.b.bind(no);
            }
        }
    }

    /// Jumps to one of two places as a condition holds or not; one that is absent is what follows.
    pub fn branch(&mut self, e: ExprId, yes: Option<Label>, no: Option<Label>) {
        let e = self.ast().unparen(e);
        if let Some(value) = self.g.query.info().value(e).and_then(|v| v.as_bool()) {
            if let Some(to) = if value { yes } else { no } {
                let op = if self.back_edge == Some(to) { Op::Loop } else { Op::Jmp };
                self.b.jump(op, 0, 0, to);
            }
            return;
        }
        match self.ast().expr(e) {
            Expr::Unary(UnOp::Not, x) => self.branch(x, no, yes),
            Expr::Binary(BinOp::LAnd, x, y) => {
                let end = self.b.label();
                self.branch(x, None, Some(no.unwrap_or(end)));
                self.branch(y, yes, no);
                self.b.bind(end);
            }
            Expr::Binary(BinOp::LOr, x, y) => {
                let end = self.b.label();
                self.branch(x, Some(yes.unwrap_or(end)), None);
                self.branch(y, yes, no);
                self.b.bind(end);
            }
            Expr::Binary(op, x, y) if op.is_comparison() => self.branch_compare(op, x, y, yes, no),
            _ => {
                let slot = self.expr(e);
                self.branch_truth(slot, yes, no);
            }
        }
    }

    pub fn branch_truth(&mut self, slot: u16, yes: Option<Label>, no: Option<Label>) {
        if let Some(no) = no {
            self.b.jump(Op::JmpF, slot, 0, no);
            if let Some(yes) = yes {
                self.b.jump(Op::Jmp, 0, 0, yes);
            }
        } else if let Some(yes) = yes {
            self.jump_if(Op::JmpT, slot, 0, yes);
        }
    }

    fn branch_compare(&mut self, op: BinOp, x: ExprId, y: ExprId, yes: Option<Label>, no: Option<Label>) {
        let ty = self.compared_type(x, y);
        let layout = self.layout(ty);
        let words =
            layout.width() == 1 && !matches!(layout.kind, Kind::Struct | Kind::Array | Kind::String | Kind::Interface);
        if !words {
            let (a, b) = (self.expr_as(x, ty), self.expr_as(y, ty));
            let to = self.scalar();
            let negate = self.compare_large(op, ty, a, b, to);
            let (yes, no) = if negate { (no, yes) } else { (yes, no) };
            return self.branch_truth(to, yes, no);
        }
        // One jump if the condition holds, or one if it does not.
        let (target, op, other) = match (yes, no) {
            (Some(yes), other) => (yes, Condition::holds(op), other),
            (None, Some(no)) => (no, Condition::fails(op), None),
            (None, None) => return,
        };
        let (float, unsigned) = (layout.kind.is_float(), layout.kind.is_unsigned());
        let nil = self.g.query.info().mode(y) == Mode::Nil;
        let immediate = if float || unsigned && !matches!(op.op, BinOp::Eq | BinOp::Ne) {
            None
        } else if nil {
            Some(0)
        } else {
            self.small(y)
        };
        if let (Some(i), false) = (immediate, op.negated && float) {
            let a = self.expr_as(x, ty);
            let code = match op.integer() {
                BinOp::Eq => Op::JEqI,
                BinOp::Ne => Op::JNeI,
                BinOp::Lt => Op::JLtI,
                BinOp::Le => Op::JLeI,
                BinOp::Gt => Op::JGtI,
                _ => Op::JGeI,
            };
            self.jump_if(code, a, i as u16, target);
        } else {
            let a = self.expr_as(x, ty);
            let mark = self.b.mark();
            let mut b = self.expr_as(y, ty);
            if self.b.taken_since(mark, b) {
                let below = !float && !unsigned && op.integer() == BinOp::Lt;
                if below && !self.far && self.back_edge == Some(target) && self.b.jump_below_length(a, b, target) {
                    if let Some(other) = other {
                        self.b.jump(Op::Jmp, 0, 0, other);
                    }
                    return;
                }
                b = self.b.take_result(b).unwrap_or(b);
            }
            let (code, swap) = if float {
                let swap = matches!(op.op, BinOp::Gt | BinOp::Ge);
                let code = match (op.op, op.negated) {
                    (BinOp::Eq, false) | (BinOp::Ne, true) => Op::JFeq,
                    (BinOp::Ne, false) | (BinOp::Eq, true) => Op::JFne,
                    (BinOp::Lt | BinOp::Gt, false) => Op::JFlt,
                    (BinOp::Lt | BinOp::Gt, true) => Op::JFnlt,
                    (_, false) => Op::JFle,
                    (_, true) => Op::JFnle,
                };
                (code, swap)
            } else {
                let op = op.integer();
                let swap = matches!(op, BinOp::Gt | BinOp::Ge);
                let code = match op {
                    BinOp::Eq => Op::JEq,
                    BinOp::Ne => Op::JNe,
                    BinOp::Lt | BinOp::Gt => {
                        if unsigned {
                            Op::JUlt
                        } else {
                            Op::JLt
                        }
                    }
                    _ => {
                        if unsigned {
                            Op::JUle
                        } else {
                            Op::JLe
                        }
                    }
                };
                (code, swap)
            };
            let (a, b) = if swap { (b, a) } else { (a, b) };
            self.jump_if(code, a, b, target);
        }
        if let Some(other) = other {
            self.b.jump(Op::Jmp, 0, 0, other);
        }
    }

    /// Compares values of more than a word; whether the result must be negated.
    fn compare_large(&mut self, op: BinOp, ty: TypeId, a: u16, b: u16, to: u16) -> bool {
        let kind = self.layout(ty).kind;
        if matches!(op, BinOp::Eq | BinOp::Ne) {
            self.equal(ty, a, b, to);
            return op == BinOp::Ne;
        }
        debug_assert_eq!(kind, Kind::String);
        self.b.emit(Op::StrCmp, to, a, b);
        let zero = self.scalar();
        self.zero(zero, 1);
        match op {
            BinOp::Lt => self.b.emit(Op::Lt, to, to, zero),
            BinOp::Le => self.b.emit(Op::Le, to, to, zero),
            BinOp::Gt => self.b.emit(Op::Lt, to, zero, to),
            _ => self.b.emit(Op::Le, to, zero, to),
        }
        false
    }

    /// `to = a == b` for values of any type that can be compared.
    pub fn equal(&mut self, ty: TypeId, a: u16, b: u16, to: u16) {
        let layout = self.layout(ty);
        if layout.large {
            let (x, y) = (self.object_of(a, ty), self.object_of(b, ty));
            return self.b.emit_ext(Op::EqT, [to, x, y], layout.idx, 0);
        }
        match layout.kind {
            Kind::String => self.b.emit(Op::StrEq, to, a, b),
            Kind::Interface => self.b.emit(Op::IfaceEq, to, a, b),
            Kind::Float32 | Kind::Float64 => self.b.emit(Op::Feq, to, a, b),
            Kind::Slice => self.b.emit(Op::Eq, to, a, b),
            Kind::Struct => {
                let end = self.b.label();
                self.b.emit_long(Op::Imm, to, 1);
                let names: Vec<bool> = match self.under(ty) {
                    Type::Struct(s) => s.fields.iter().map(|f| f.name == crate::base::sym::BLANK).collect(),
                    _ => Vec::new(),
                };
                for (i, field) in layout.fields.iter().copied().enumerate() {
                    if names.get(i) == Some(&true) {
                        continue;
                    }
                    self.equal(field.ty, a + field.slot, b + field.slot, to);
                    self.b.jump(Op::JmpF, to, 0, end);
                }
                self.b.bind(end);
            }
            Kind::Array => {
                self.b.pin(a, layout.width());
                self.b.pin(b, layout.width());
                let (x, y) = (self.scalar(), self.scalar());
                self.b.emit(Op::FrameAddr, x, a, 0);
                self.b.emit(Op::FrameAddr, y, b, 0);
                self.b.emit_ext(Op::EqT, [to, x, y], layout.idx, 0);
            }
            _ => self.b.emit(Op::Eq, to, a, b),
        }
    }
}

/// The instruction that divides by a number, and its operand.
fn divide_by(op: BinOp, by: i16, unsigned: bool) -> Option<(Op, i16)> {
    let divides = op == BinOp::Div;
    if by > 0 && by & (by - 1) == 0 {
        let power = by.trailing_zeros() as i16;
        return Some(match (unsigned, divides) {
            (true, true) => (Op::UshrI, power),
            (true, false) => (Op::AndI, by - 1),
            (false, true) => (Op::DivP2, power),
            (false, false) => (Op::RemP2, power),
        });
    }
    (!unsigned && by != 0).then_some((if divides { Op::DivI } else { Op::RemI }, by))
}

/// A comparison that must hold, or must not.
#[derive(Clone, Copy)]
struct Condition {
    op: BinOp,
    negated: bool,
}

impl Condition {
    fn holds(op: BinOp) -> Self {
        Self { op, negated: false }
    }

    fn fails(op: BinOp) -> Self {
        Self { op, negated: true }
    }

    /// The comparison of integers that holds in its place.
    fn integer(self) -> BinOp {
        if !self.negated {
            return self.op;
        }
        match self.op {
            BinOp::Eq => BinOp::Ne,
            BinOp::Ne => BinOp::Eq,
            BinOp::Lt => BinOp::Ge,
            BinOp::Le => BinOp::Gt,
            BinOp::Gt => BinOp::Le,
            _ => BinOp::Lt,
        }
    }
}
