//! Expressions: their values in slots.
//!
//! [`Fun::expr`] gives the slots of a value, which may be those of a variable; [`Fun::expr_into`] puts it where the
//! caller wants it. Slots that are wanted are written last, unless said otherwise.

use super::builder::ARGS;
use super::func::{Fun, Storage};
use crate::bytecode::isa::{Instr, Op};
use crate::bytecode::program::{Kind, WordKind};
use crate::compiler::check::{Mode, SelectionKind};
use crate::compiler::syntax::ast::{BinOp, Expr, ExprId, UnOp};
use crate::compiler::types::constant::{Value, to_f32, to_f64};
use crate::compiler::types::{Type, TypeId, tid};

impl Fun<'_, '_> {
    /// The value of an expression.
    pub fn expr(&mut self, e: ExprId) -> u16 {
        self.value(e, None)
    }

    /// The value of an expression, to slots that nothing in it reads.
    pub fn expr_into(&mut self, e: ExprId, to: u16) {
        self.value(e, Some(to));
    }

    /// The value of an expression as one of a type that it can be assigned to.
    pub fn expr_as(&mut self, e: ExprId, ty: TypeId) -> u16 {
        self.value_as(e, ty, None)
    }

    /// The same to slots that nothing in it reads.
    pub fn expr_as_into(&mut self, e: ExprId, ty: TypeId, to: u16) {
        self.value_as(e, ty, Some(to));
    }

    /// The same to slots that the expression may read.
    pub fn expr_as_safely(&mut self, e: ExprId, ty: TypeId, to: u16) {
        if self.writes_last(e) && self.same_representation(e, ty) {
            self.value_as(e, ty, Some(to));
            return;
        }
        let from = self.expr_as(e, ty);
        let width = self.layout(ty).width();
        self.mov(to, from, width);
    }

    fn same_representation(&mut self, e: ExprId, ty: TypeId) -> bool {
        !self.is_interface(ty) || {
            let own = self.ty(e);
            self.is_interface(own)
        }
    }

    /// Whether evaluating an expression writes its result in the last step.
    fn writes_last(&mut self, e: ExprId) -> bool {
        let e = self.ast().unparen(e);
        if self.g.query.info().value(e).is_some() {
            return true;
        }
        let ty = self.ty(e);
        if self.layout(ty).width() > 2 {
            return false;
        }
        match self.ast().expr(e) {
            Expr::Ident(_) | Expr::Literal(..) => true,
            Expr::Binary(op, ..) => !matches!(op, BinOp::LAnd | BinOp::LOr) && !op.is_comparison(),
            Expr::Unary(op, _) => matches!(op, UnOp::Minus | UnOp::Xor | UnOp::Plus),
            Expr::Call { fun, .. } => !matches!(self.g.query.info().mode(fun), Mode::Builtin(_)),
            Expr::Index { x, .. } => {
                let ty = self.ty(x);
                !matches!(self.under(ty), Type::Map(..))
            }
            Expr::Selector { .. } | Expr::Star(_) => true,
            _ => false,
        }
    }

    pub fn is_interface(&mut self, ty: TypeId) -> bool {
        self.g.query.is_interface(ty)
    }

    fn value_as(&mut self, e: ExprId, ty: TypeId, want: Option<u16>) -> u16 {
        let own = self.ty(e);
        if self.g.query.info().mode(e) == Mode::Nil || self.g.query.types().as_basic(own).is_some_and(is_nil) {
            let layout = self.layout(ty);
            let to = want.unwrap_or_else(|| self.take(&layout));
            self.zero(to, layout.width());
            return to;
        }
        if self.is_interface(ty) && !self.is_interface(own) {
            let from = self.expr(e);
            return self.boxed(from, own, want);
        }
        if let Some(value) = self.g.query.info().value(e).cloned() {
            return self.constant(&value, ty, want);
        }
        self.value(e, want)
    }

    /// A value in slots as one of another type that it can be assigned to.
    pub fn converted(&mut self, slot: u16, from: TypeId, to: TypeId, want: Option<u16>) -> u16 {
        if to != tid::INVALID && self.is_interface(to) && !self.is_interface(from) {
            return self.boxed(slot, from, want);
        }
        match want {
            Some(want) => {
                let width = self.layout(from).width();
                self.mov(want, slot, width);
                want
            }
            None => slot,
        }
    }

    /// A value in an interface.
    pub fn boxed(&mut self, from: u16, ty: TypeId, want: Option<u16>) -> u16 {
        let to = want.unwrap_or_else(|| self.temp(tid::ANY));
        let idx = self.g.dynamic_type(ty);
        self.b.emit_ext(Op::Box, [to, from, 0], idx, 0);
        to
    }

    // ---- constants

    pub fn integer(&mut self, to: u16, value: u64) {
        let load = self.load_of(to, value);
        self.b.emit_long(load.op, to, load.long_operand());
    }

    pub fn float(&mut self, to: u16, value: f64) {
        self.integer(to, value.to_bits());
    }

    pub fn constant(&mut self, value: &Value, ty: TypeId, want: Option<u16>) -> u16 {
        let layout = self.layout(ty);
        if layout.kind == Kind::Interface {
            let own = default_type(value);
            let from = self.constant(value, own, None);
            return self.boxed(from, own, want);
        }
        if want.is_none()
            && self.b.loops > 0
            && let Some(slot) = self.loop_constant(value, layout.kind)
        {
            return slot;
        }
        let to = want.unwrap_or_else(|| self.take(&layout));
        match layout.kind {
            Kind::String => {
                let bytes = value.as_text().map_or(Vec::new(), |text| text.bytes().to_vec());
                let index = self.g.string(&bytes);
                self.b.emit_long(Op::Str, to, index);
            }
            kind => {
                let load = self.load_of(to, word_of(value, kind));
                self.b.emit_long(load.op, to, load.long_operand());
            }
        }
        to
    }

    /// The instruction that loads a word.
    fn load_of(&mut self, to: u16, word: u64) -> Instr {
        if i64::from(word as i32) as u64 == word {
            Instr::long(Op::Imm, to, word as u32)
        } else {
            Instr::long(Op::Const, to, self.g.constant(word))
        }
    }

    /// A slot with a word.
    pub fn word_slot(&mut self, word: u64) -> u16 {
        let load = self.load_of(0, word);
        let hoisted = if self.b.loops > 0 { self.b.constant_slot(load) } else { None };
        hoisted.unwrap_or_else(|| {
            let to = self.scalar();
            self.integer(to, word);
            to
        })
    }

    /// The slot of a constant that a loop uses: it is loaded once per call.
    fn loop_constant(&mut self, value: &Value, kind: Kind) -> Option<u16> {
        if kind == Kind::String {
            return None;
        }
        let load = self.load_of(0, word_of(value, kind));
        self.b.constant_slot(load)
    }

    /// A constant integer that fits an immediate operand.
    pub fn small(&self, e: ExprId) -> Option<i16> {
        let value = self.g.query.info().value(e)?;
        i16::try_from(value.as_i64()?).ok()
    }

    // ---- values

    /// The value, in `want` if that is given.
    pub fn value(&mut self, e: ExprId, want: Option<u16>) -> u16 {
        let ty = self.ty(e);
        if let Some(value) = self.g.query.info().value(e).cloned() {
            return self.constant(&value, ty, want);
        }
        match self.ast().expr(e) {
            Expr::Paren(x) => self.value(x, want),
            Expr::Ident(_) => self.identifier(e, ty, want),
            Expr::FuncLit { .. } => self.closure(e, want),
            Expr::Composite { .. } => self.composite(e, ty, want),
            Expr::Selector { .. } => self.selector(e, ty, want),
            Expr::Index { .. } => self.index_value(e, ty, want),
            Expr::Slice { x, parts } => self.slice(x, parts, ty, want),
            Expr::Assert { x, ty: Some(_) } => self.assertion(x, ty, want, None),
            Expr::Call { .. } => self.call_value(e, ty, want),
            Expr::Star(x) => {
                let pointer = self.expr(x);
                self.load_at(pointer, 0, ty, want)
            }
            Expr::Unary(op, x) => self.unary(op, x, ty, want),
            Expr::Binary(op, x, y) => self.binary(e, op, x, y, ty, want),
            _ => {
                let layout = self.layout(ty);
                let to = want.unwrap_or_else(|| self.take(&layout));
                self.zero(to, layout.width());
                to
            }
        }
    }

    fn identifier(&mut self, e: ExprId, ty: TypeId, want: Option<u16>) -> u16 {
        let Some(obj) = self.g.query.info().object(e) else {
            let layout = self.layout(ty);
            let to = want.unwrap_or_else(|| self.take(&layout));
            self.zero(to, layout.width());
            return to;
        };
        if self.g.query.objects()[obj].var().is_some() {
            let storage = self.storage(obj);
            return self.load_storage(storage, ty, want);
        }
        if self.g.query.info().mode(e) == Mode::Nil || !self.g.decls.contains_key(&obj) {
            let layout = self.layout(ty);
            let to = want.unwrap_or_else(|| self.take(&layout));
            self.zero(to, layout.width());
            return to;
        }
        self.function_value(e, want)
    }

    /// A declared function as a value.
    fn function_value(&mut self, e: ExprId, want: Option<u16>) -> u16 {
        let index = self.function_of(e);
        let to = want.unwrap_or_else(|| self.pointer());
        self.b.emit_long(Op::FuncValue, to, index);
        to
    }

    /// The function that a name or a qualified name means, instantiated.
    pub fn function_of(&mut self, e: ExprId) -> u32 {
        let e = self.ast().unparen(e);
        let named = match self.ast().expr(e) {
            Expr::Index { x, .. } => self.ast().unparen(x),
            _ => e,
        };
        let obj = self.g.query.info().object(named);
        let targs = self.type_args(named);
        match obj {
            Some(obj) => self.g.function(obj, &targs),
            None => 0,
        }
    }

    /// The type arguments recorded at a name.
    pub fn type_args(&mut self, e: ExprId) -> Vec<TypeId> {
        let recorded = self.g.query.info().instances.get(&e).cloned();
        recorded.map_or(Vec::new(), |targs| targs.iter().map(|&t| self.inst(t)).collect())
    }

    fn closure(&mut self, e: ExprId, want: Option<u16>) -> u16 {
        let captures = self.captures(e);
        let name = self.literal_name();
        let env = self.env.clone();
        let index = self.g.job(name, super::Work::Lit { expr: e, captures: captures.clone() }, env);
        let to = want.unwrap_or_else(|| self.pointer());
        if captures.is_empty() {
            self.b.emit_long(Op::FuncValue, to, index);
            return to;
        }
        let (offsets, kinds) = self.closure_layout(&captures);
        self.g.program.functions[index as usize].captures = kinds;
        // A closure that captures itself must not be seen half made.
        let made = self.pointer();
        self.b.emit_long(Op::Closure, made, index);
        for (capture, offset) in captures.iter().zip(offsets) {
            match self.storage(capture.obj) {
                Storage::Cell(cell) if capture.by_ref => self.b.emit(Op::StP, made, cell, offset),
                Storage::Outer { base, slot, cell: true } => {
                    let cell = self.pointer();
                    self.outer_load(base, slot, cell, &[WordKind::Pointer]);
                    self.b.emit(Op::StP, made, cell, offset);
                }
                storage => {
                    let ty = self.obj_ty(capture.obj);
                    let slot = self.load_storage(storage, ty, None);
                    let kinds = self.layout(ty).slots.clone();
                    self.store_words(made, offset, slot, &kinds);
                }
            }
        }
        self.mov(to, made, 1);
        to
    }

    fn selector(&mut self, e: ExprId, ty: TypeId, want: Option<u16>) -> u16 {
        let Some(selection) = self.g.query.info().selections.get(&e).cloned() else {
            return self.identifier(e, ty, want);
        };
        match selection.kind {
            SelectionKind::Field => self.load_part(e, ty, want),
            SelectionKind::Qualified => self.identifier(e, ty, want),
            SelectionKind::Method => self.method_value(e, e, want),
            SelectionKind::MethodExpr => self.method_expression(e, e, want),
        }
    }

    fn index_value(&mut self, e: ExprId, ty: TypeId, want: Option<u16>) -> u16 {
        if let Some(method) = self.generic_method(e) {
            let selection = self.g.query.info().selections.get(&method);
            return if selection.is_some_and(|selection| selection.kind == SelectionKind::Method) {
                self.method_value(method, e, want)
            } else {
                self.method_expression(method, e, want)
            };
        }
        let Expr::Index { x, indices } = self.ast().expr(e) else { return ARGS };
        if matches!(self.g.query.info().mode(x), Mode::Type)
            || self.g.query.info().instances.contains_key(&self.ast().unparen(x))
        {
            return self.function_value(e, want);
        }
        let index = self.ast().first(indices).unwrap_or(x);
        let x_ty = self.ty(x);
        match self.under(x_ty) {
            Type::Map(key, _) => {
                let map = self.expr(x);
                let key = self.expr_as(index, key);
                self.map_load(map, key, x_ty, want, None)
            }
            Type::Basic(_) => {
                let text = self.expr(x);
                let i = self.index(index);
                let to = want.unwrap_or_else(|| self.scalar());
                self.b.emit(Op::StrAt, to, text, i);
                to
            }
            Type::Slice(elem) => {
                let layout = self.layout(elem);
                let op = match layout.kind {
                    Kind::Bool | Kind::Uint8 => Op::At8u,
                    Kind::Int32 => Op::At32s,
                    Kind::String | Kind::Slice | Kind::Interface => Op::At2,
                    _ if layout.size == 8
                        && layout.width() == 1
                        && layout.kind != Kind::Struct
                        && layout.kind != Kind::Array =>
                    {
                        Op::At64
                    }
                    _ => return self.load_part(e, ty, want),
                };
                let mark = self.b.mark();
                let slice = self.expr(x);
                let i = self.index(index);
                let to = want.unwrap_or_else(|| self.take(&layout));
                // `x[i][j]`
                let nested = match op {
                    Op::At64 => Some(Op::AtAt64),
                    Op::At8u => Some(Op::AtAt8u),
                    _ => None,
                };
                if let Some(nested) = nested
                    && self.b.taken_since(mark, slice)
                    && let Some(outer) = self.b.take_back(|op| op == Op::At2, slice)
                {
                    self.b.emit_ext(nested, [to, outer.b, outer.c], u32::from(i), 0);
                } else {
                    self.b.emit(op, to, slice, i);
                }
                to
            }
            _ => self.load_part(e, ty, want),
        }
    }

    fn slice(&mut self, x: ExprId, parts: u32, ty: TypeId, want: Option<u16>) -> u16 {
        let bounds = self.ast().slice_parts(parts);
        let x_ty = self.ty(x);
        let under = self.under(x_ty);
        let base = match under {
            Type::Array(..) => match self.address(x) {
                super::assign::Dest::Mem(pointer, offset) => {
                    let to = self.pointer();
                    self.b.emit(Op::Lea, to, pointer, offset);
                    to
                }
                _ => self.expr(x),
            },
            _ => self.expr(x),
        };
        let first = self.b.take(&std::sync::Arc::from([WordKind::Scalar; 4]));
        let mut flags = 0;
        for (i, bound) in bounds.into_iter().enumerate() {
            if let Some(bound) = bound {
                flags |= 1 << i;
                self.expr_into(bound, first + i as u16);
            }
        }
        let to = want.unwrap_or_else(|| self.temp(ty));
        match under {
            Type::Basic(_) => self.b.emit_ext(Op::SliceStr, [to, base, first], 0, flags),
            Type::Slice(elem) => {
                let idx = self.layout(elem).idx;
                self.b.emit_ext(Op::Slice, [to, base, first], idx, flags);
            }
            Type::Array(..) => {
                let idx = self.layout(x_ty).idx;
                self.b.emit_ext(Op::SliceArray, [to, base, first], idx, flags);
            }
            Type::Pointer(array) => {
                let idx = self.layout(array).idx;
                self.b.emit_ext(Op::SliceArray, [to, base, first], idx, flags);
            }
            _ => {}
        }
        to
    }

    /// `x.(T)`; with `ok` a failure gives zero instead of a panic.
    pub fn assertion(&mut self, x: ExprId, ty: TypeId, want: Option<u16>, ok: Option<u16>) -> u16 {
        let value = self.expr(x);
        let static_ty = self.ty(x);
        let layout = self.layout(ty);
        let to = want.unwrap_or_else(|| self.take(&layout));
        let matches = ok.unwrap_or_else(|| self.scalar());
        let (bad, end) = (self.b.label(), self.b.label());
        let interface = layout.kind == Kind::Interface;
        let idx = if interface { layout.idx } else { self.g.dynamic_type(ty) };
        let op = if interface { Op::Implements } else { Op::IsType };
        self.b.emit_ext(op, [matches, value, 0], idx, 0);
        self.b.jump(Op::JmpF, matches, 0, bad);
        if interface {
            self.mov(to, value, 2);
        } else {
            self.b.emit_ext(Op::Unbox, [to, value, 0], idx, 0);
        }
        self.b.jump(Op::Jmp, 0, 0, end);
        self.b.bind(bad);
        if ok.is_some() {
            self.zero(to, layout.width());
        } else {
            let static_idx = self.layout(static_ty).idx;
            self.b.emit_ext(Op::BadAssert, [value, 0, 0], idx, static_idx);
        }
        self.b.bind(end);
        to
    }

    /// A value with a second, boolean one: map element, assertion, receive.
    pub fn comma_ok(&mut self, e: ExprId, ty: TypeId, ok: u16) -> u16 {
        let e = self.ast().unparen(e);
        match self.ast().expr(e) {
            Expr::Index { x, indices } => {
                let x_ty = self.ty(x);
                let index = self.ast().first(indices).unwrap_or(x);
                let key_ty = self.layout(x_ty).key.unwrap_or(tid::INVALID);
                let map = self.expr(x);
                let key = self.expr_as(index, key_ty);
                self.map_load(map, key, x_ty, None, Some(ok))
            }
            Expr::Assert { x, .. } => self.assertion(x, ty, None, Some(ok)),
            Expr::Unary(UnOp::Recv, x) => self.receive(x, None, Some(ok)).0,
            _ => self.expr(e),
        }
    }

    /// `<-x`; the value and its type.
    pub fn receive(&mut self, x: ExprId, want: Option<u16>, ok: Option<u16>) -> (u16, TypeId) {
        let chan_ty = self.ty(x);
        let layout = self.layout(chan_ty);
        let elem = layout.elem.unwrap_or(tid::INVALID);
        let chan = self.expr(x);
        let inner = self.layout(elem);
        // It is written by whoever sends, at any time.
        let to = self.take(&inner);
        let ok = ok.unwrap_or_else(|| self.scalar());
        self.b.pin(to, inner.width());
        self.b.pin(ok, 1);
        self.b.emit_ext(Op::Recv, [to, chan, ok], layout.idx, 0);
        match want {
            Some(want) => {
                self.mov(want, to, inner.width());
                (want, elem)
            }
            None => (to, elem),
        }
    }
}

fn is_nil(basic: crate::compiler::types::Basic) -> bool {
    basic == crate::compiler::types::Basic::UntypedNil
}

/// A constant that is no string, as slots hold it.
fn word_of(value: &Value, kind: Kind) -> u64 {
    match kind {
        Kind::Bool => u64::from(value.as_bool() == Some(true)),
        Kind::Float64 => to_f64(value).unwrap_or(0.0).to_bits(),
        Kind::Float32 => f64::from(to_f32(value).unwrap_or(0.0)).to_bits(),
        _ => {
            let whole = value.to_int().unwrap_or(Value::Int(0));
            whole.as_i64().map(|v| v as u64).or_else(|| whole.as_u64()).unwrap_or(0)
        }
    }
}

/// The type of a constant that has none.
fn default_type(value: &Value) -> TypeId {
    match value {
        Value::Bool(_) => tid::BOOL,
        Value::Str(_) => tid::STRING,
        Value::Rat(_) | Value::Float(_) => tid::FLOAT64,
        _ => tid::INT,
    }
}
