//! Places: variables, fields, elements; loading from and storing to them; assignments.

use super::builder::ARGS;
use super::func::{Fun, Storage};
use crate::base::sym;
use crate::bytecode::isa::{Instr, Op};
use crate::bytecode::program::{Kind, WordKind};
use crate::compiler::check::{Mode, SelectionKind};
use crate::compiler::syntax::ast::{BinOp, Expr, ExprId, List};
use crate::compiler::types::{ObjId, Type, TypeId, tid};

/// Where a value can be stored.
#[derive(Clone, Copy, Debug)]
pub enum Dest {
    /// Nowhere.
    Blank,
    /// Slots.
    Slots(u16),
    /// Memory: the slot with an address, and a distance.
    Mem(u16, u16),
    /// Slots of an outer frame, whose address is in slot `base`.
    Outer { base: u16, slot: u16 },
    /// An element of a slice, whose size and kind one instruction moves: the slots with the slice and the index.
    Elem { slice: u16, index: u16, kind: Kind },
    /// The element of a map: the slot with the map, those with the key, and the map's type.
    Map { map: u16, key: u16, ty: TypeId },
}

impl Fun<'_, '_> {
    // ---- memory

    /// The value of a type at an address to slots.
    pub fn load_at(&mut self, pointer: u16, offset: u16, ty: TypeId, want: Option<u16>) -> u16 {
        let layout = self.layout(ty);
        let to = want.unwrap_or_else(|| self.take(&layout));
        if layout.size == 0 {
            self.b.emit(Op::Check, pointer, 0, 0);
            return to;
        }
        if layout.large {
            let made = self.pointer();
            self.b.emit_long(Op::New, made, layout.idx);
            let from = self.distant(pointer, offset);
            self.b.emit_ext(Op::CopyT, [made, from, 0], layout.idx, 0);
            self.mov(to, made, 1);
            return to;
        }
        let op = match layout.kind {
            Kind::Bool | Kind::Uint8 => Op::Ld8u,
            Kind::Int8 => Op::Ld8s,
            Kind::Int16 => Op::Ld16s,
            Kind::Uint16 => Op::Ld16u,
            Kind::Int32 => Op::Ld32s,
            Kind::Uint32 => Op::Ld32u,
            Kind::Float32 => Op::LdF32,
            Kind::String | Kind::Slice | Kind::Interface => Op::Ld2,
            Kind::Struct | Kind::Array if self.is_words(ty) => {
                self.b.emit_ext(Op::LdN, [to, pointer, offset], layout.width().into(), 0);
                return to;
            }
            Kind::Struct | Kind::Array => {
                self.b.emit_ext(Op::LdT, [to, pointer, offset], layout.idx, 0);
                return to;
            }
            _ => Op::Ld64,
        };
        self.b.emit(op, to, pointer, offset);
        to
    }

    /// Slots to memory.
    pub fn store_at(&mut self, pointer: u16, offset: u16, ty: TypeId, from: u16) {
        let layout = self.layout(ty);
        if layout.size == 0 {
            return self.b.emit(Op::Check, pointer, 0, 0);
        }
        if layout.large {
            let at = self.distant(pointer, offset);
            let (some, end) = (self.b.label(), self.b.label());
            self.b.jump(Op::JNeI, from, 0, some);
            self.b.emit_ext(Op::ZeroT, [at, 0, 0], layout.idx, 0);
            self.b.jump(Op::Jmp, 0, 0, end);
            self.b.bind(some);
            self.b.emit_ext(Op::CopyT, [at, from, 0], layout.idx, 0);
            return self.b.bind(end);
        }
        let op = match layout.kind {
            Kind::Bool | Kind::Uint8 | Kind::Int8 => Op::St8,
            Kind::Int16 | Kind::Uint16 => Op::St16,
            Kind::Int32 | Kind::Uint32 => Op::St32,
            Kind::Float32 => Op::StF32,
            Kind::String | Kind::Slice => Op::St2,
            Kind::Interface => Op::StI,
            Kind::Struct | Kind::Array if self.is_words(ty) => {
                return self.b.emit_ext(Op::StN, [pointer, from, offset], layout.width().into(), 0);
            }
            Kind::Struct | Kind::Array => {
                return self.b.emit_ext(Op::StT, [pointer, from, offset], layout.idx, 0);
            }
            Kind::Pointer | Kind::Map | Kind::Chan | Kind::Func => Op::StP,
            _ => Op::St64,
        };
        self.b.emit(op, pointer, from, offset);
    }

    /// An address and a distance as one address.
    fn distant(&mut self, pointer: u16, offset: u16) -> u16 {
        if offset == 0 {
            return pointer;
        }
        let to = self.pointer();
        self.b.emit(Op::Lea, to, pointer, offset);
        to
    }

    /// The object that holds a large value, whose slot is null if it is zero.
    pub fn object_of(&mut self, slot: u16, ty: TypeId) -> u16 {
        let idx = self.layout(ty).idx;
        let (object, some) = (self.pointer(), self.b.label());
        self.mov(object, slot, 1);
        self.b.jump(Op::JNeI, object, 0, some);
        self.b.emit_long(Op::New, object, idx);
        self.b.bind(some);
        object
    }

    /// Whether values of a type are the same words in memory as in slots, and none of them a pointer.
    fn is_words(&mut self, ty: TypeId) -> bool {
        let layout = self.layout(ty);
        let fits = layout.size == 8 * u64::from(layout.width()) && layout.align >= 8;
        if !fits || layout.slots.iter().any(|kind| *kind != WordKind::Scalar) {
            return false;
        }
        match layout.kind {
            Kind::Struct => layout.fields.iter().all(|field| {
                field.offset == 8 * u64::from(field.slot)
                    && (self.layout(field.ty).size == 0 || self.is_words(field.ty))
            }),
            Kind::Array => true,
            _ => layout.size == 8,
        }
    }

    /// The value of an element or field, whose place is a place of its own.
    pub fn load_part(&mut self, e: ExprId, ty: TypeId, want: Option<u16>) -> u16 {
        let mark = self.b.mark();
        let place = self.address(e);
        let layout = self.layout(ty);
        let Dest::Mem(pointer, offset) = place else { return self.load_dest(place, ty, want) };
        if layout.width() != 1
            || matches!(layout.kind, Kind::Struct | Kind::Array)
            || !self.b.taken_since(mark, pointer)
        {
            return self.load_dest(place, ty, want);
        }
        let Some(at) = self.b.take_back(|op| matches!(op, Op::ElemAddr | Op::ArrayAddr), pointer) else {
            return self.load_dest(place, ty, want);
        };
        let (size, count) = (at.ext as u32, (at.ext >> 32) as u32);
        let op = match (at.op, layout.kind) {
            (Op::ElemAddr, _) if layout.size == 8 => Some(Op::AtField64),
            (Op::ElemAddr, Kind::Uint32) if offset == 0 && size == 4 => Some(Op::At32u),
            (Op::ArrayAddr, _) if offset != 0 || u64::from(size) != layout.size => None,
            (Op::ArrayAddr, Kind::Bool | Kind::Uint8) => Some(Op::ArrAt8u),
            (Op::ArrayAddr, Kind::Int32) => Some(Op::ArrAt32s),
            (Op::ArrayAddr, Kind::Uint32) => Some(Op::ArrAt32u),
            (Op::ArrayAddr, _) if layout.size == 8 => Some(Op::ArrAt64),
            _ => None,
        };
        let Some(op) = op else {
            self.b.emit_ext(at.op, [at.a, at.b, at.c], size, count);
            return self.load_dest(place, ty, want);
        };
        let to = want.unwrap_or_else(|| self.take(&layout));
        match op {
            Op::AtField64 => self.b.emit_ext(op, [to, at.b, at.c], size, offset.into()),
            Op::At32u => self.b.emit(op, to, at.b, at.c),
            _ => self.b.emit_ext(op, [to, at.b, at.c], count, 0),
        }
        to
    }

    /// An address with a distance that fits an operand.
    pub fn offset(&mut self, pointer: u16, offset: u64) -> (u16, u16) {
        match u16::try_from(offset) {
            Ok(offset) => (pointer, offset),
            Err(_) => {
                let to = self.pointer();
                let mut left = offset;
                self.b.emit(Op::Lea, to, pointer, u16::MAX);
                left -= u64::from(u16::MAX);
                if left > 0 {
                    let distance = self.scalar();
                    self.integer(distance, left);
                    self.b.emit(Op::Add, to, to, distance);
                }
                (to, 0)
            }
        }
    }

    pub fn load_storage(&mut self, storage: Storage, ty: TypeId, want: Option<u16>) -> u16 {
        match storage {
            Storage::Slots(slot) => match want {
                Some(to) => {
                    let width = self.layout(ty).width();
                    self.mov(to, slot, width);
                    to
                }
                None => slot,
            },
            Storage::Cell(cell) => self.load_at(cell, 0, ty, want),
            Storage::Outer { base, slot, cell } => {
                let place = self.outer_dest(base, slot, cell);
                self.load_dest(place, ty, want)
            }
            Storage::Global(offset) => {
                let pointer = self.global_address(offset);
                self.load_at(pointer, 0, ty, want)
            }
        }
    }

    pub fn store_storage(&mut self, storage: Storage, ty: TypeId, from: u16) {
        match storage {
            Storage::Slots(slot) => {
                let width = self.layout(ty).width();
                self.mov(slot, from, width);
            }
            Storage::Cell(cell) => self.store_at(cell, 0, ty, from),
            Storage::Outer { base, slot, cell } => {
                let place = self.outer_dest(base, slot, cell);
                self.store_dest(place, ty, from);
            }
            Storage::Global(offset) => {
                let pointer = self.global_address(offset);
                self.store_at(pointer, 0, ty, from);
            }
        }
    }

    pub fn global_address(&mut self, offset: u32) -> u16 {
        let pointer = self.pointer();
        self.b.emit_long(Op::Global, pointer, offset);
        pointer
    }

    // ---- destinations

    /// The place that an expression names. Its operands are evaluated.
    pub fn dest(&mut self, e: ExprId) -> Dest {
        let e = self.ast().unparen(e);
        match self.ast().expr(e) {
            Expr::Ident(symbol) if symbol == sym::BLANK => Dest::Blank,
            Expr::Ident(_) => {
                let Some(obj) = self.g.query.info().object(e) else { return Dest::Blank };
                let storage = self.storage(obj);
                self.storage_dest(storage)
            }
            Expr::Index { x, indices } => {
                let x_ty = self.ty(x);
                if let Type::Map(key, _) = self.under(x_ty) {
                    let map = self.expr(x);
                    let index = self.ast().first(indices).unwrap_or(x);
                    let key = self.expr_as(index, key);
                    return Dest::Map { map, key, ty: x_ty };
                }
                if let Type::Slice(elem) = self.under(x_ty)
                    && let Some(kind) = self.elem_kind(elem)
                {
                    let index = self.ast().first(indices).unwrap_or(x);
                    let slice = self.expr(x);
                    let index = self.index(index);
                    return Dest::Elem { slice, index, kind };
                }
                self.address(e)
            }
            _ => self.address(e),
        }
    }

    /// The kind of elements that instructions load from and store to slices.
    fn elem_kind(&mut self, elem: TypeId) -> Option<Kind> {
        let layout = self.layout(elem);
        match layout.kind {
            Kind::Bool | Kind::Uint8 | Kind::Int32 => Some(layout.kind),
            Kind::Struct | Kind::Array => None,
            kind if layout.size == 8 => Some(kind),
            _ => None,
        }
    }

    pub fn storage_dest(&mut self, storage: Storage) -> Dest {
        match storage {
            Storage::Slots(slot) => Dest::Slots(slot),
            Storage::Cell(cell) => Dest::Mem(cell, 0),
            Storage::Outer { base, slot, cell } => self.outer_dest(base, slot, cell),
            Storage::Global(offset) => Dest::Mem(self.global_address(offset), 0),
        }
    }

    /// The place of an addressable expression, or of a field or constant element of a value in slots.
    pub fn address(&mut self, e: ExprId) -> Dest {
        let e = self.ast().unparen(e);
        match self.ast().expr(e) {
            Expr::Ident(_) => self.dest(e),
            Expr::Star(x) => {
                let pointer = self.expr(x);
                self.b.emit(Op::Check, pointer, 0, 0);
                Dest::Mem(pointer, 0)
            }
            Expr::Selector { x, .. } => {
                let Some(selection) = self.g.query.info().selections.get(&e).cloned() else { return Dest::Blank };
                match selection.kind {
                    SelectionKind::Qualified => match selection.obj {
                        Some(obj) => {
                            let storage = self.storage(obj);
                            self.storage_dest(storage)
                        }
                        None => Dest::Blank,
                    },
                    SelectionKind::Field => {
                        let x_ty = self.ty(x);
                        let base = self.operand_place(x, x_ty);
                        let path: Vec<u32> = selection.path.to_vec();
                        self.walk(base, x_ty, &path).0
                    }
                    _ => self.value_place(e),
                }
            }
            Expr::Index { x, indices } => {
                let index = self.ast().first(indices).unwrap_or(x);
                self.element(x, index)
            }
            _ => self.value_place(e),
        }
    }

    /// Any expression, as a place.
    fn value_place(&mut self, e: ExprId) -> Dest {
        let slot = self.expr(e);
        let ty = self.ty(e);
        if self.layout(ty).large { Dest::Mem(self.object_of(slot, ty), 0) } else { Dest::Slots(slot) }
    }

    /// What is selected from or indexed: without a copy where it has a place.
    fn operand_place(&mut self, x: ExprId, ty: TypeId) -> Dest {
        if matches!(self.under(ty), Type::Pointer(_)) {
            return Dest::Slots(self.expr(x));
        }
        match self.g.query.info().mode(x) {
            Mode::Variable => self.address(x),
            _ => self.value_place(x),
        }
    }

    /// Follows field indices from a place; returns the place and its type.
    pub fn walk(&mut self, mut at: Dest, mut ty: TypeId, path: &[u32]) -> (Dest, TypeId) {
        for &index in path {
            if let Type::Pointer(elem) = self.under(ty) {
                let pointer = self.load_dest(at, ty, None);
                at = Dest::Mem(pointer, 0);
                ty = elem;
            }
            let layout = self.layout(ty);
            let Some(field) = layout.fields.get(index as usize).copied() else { return (Dest::Blank, tid::INVALID) };
            at = match at {
                Dest::Slots(slot) => Dest::Slots(slot + field.slot),
                Dest::Outer { base, slot } => Dest::Outer { base, slot: slot + field.slot },
                Dest::Mem(pointer, offset) => {
                    let (pointer, offset) = self.offset(pointer, u64::from(offset) + field.offset);
                    Dest::Mem(pointer, offset)
                }
                other => other,
            };
            ty = field.ty;
        }
        (at, ty)
    }

    /// The place of an element of an array, a slice, or an array that a pointer leads to.
    fn element(&mut self, x: ExprId, index: ExprId) -> Dest {
        let x_ty = self.ty(x);
        match self.under(x_ty) {
            Type::Slice(elem) => {
                let slice = self.expr(x);
                let i = self.index(index);
                let size = self.layout(elem).size;
                let to = self.pointer();
                self.b.emit_ext(Op::ElemAddr, [to, slice, i], size as u32, 0);
                Dest::Mem(to, 0)
            }
            Type::Array(elem, len) => {
                let base = self.operand_place(x, x_ty);
                self.array_element(base, elem, len, index)
            }
            Type::Pointer(array) => {
                let pointer = self.expr(x);
                let Type::Array(elem, len) = self.under(array) else { return Dest::Blank };
                self.array_element(Dest::Mem(pointer, 0), elem, len, index)
            }
            _ => self.value_place(x),
        }
    }

    fn array_element(&mut self, base: Dest, elem: TypeId, len: u64, index: ExprId) -> Dest {
        let size = self.layout(elem).size;
        let constant = self.g.query.info().value(index).and_then(|v| v.as_u64());
        let (pointer, offset) = match base {
            Dest::Slots(slot) => {
                let words = (size * len).div_ceil(8) as u16;
                self.b.pin(slot, words);
                // Frames stay where they are, so a loop needs it once.
                let load = Instr::new(Op::FrameAddr, 0, slot, 0);
                let known = if self.b.loops > 0 { self.b.constant_slot(load) } else { None };
                let pointer = known.unwrap_or_else(|| {
                    let pointer = self.scalar();
                    self.b.emit(Op::FrameAddr, pointer, slot, 0);
                    pointer
                });
                (pointer, 0)
            }
            Dest::Outer { base, slot } => self.offset(base, 8 * u64::from(slot)),
            Dest::Mem(pointer, offset) => (pointer, offset),
            other => return other,
        };
        if let Some(i) = constant.filter(|&i| i < len) {
            let (pointer, offset) = self.offset(pointer, u64::from(offset) + i * size);
            return Dest::Mem(pointer, offset);
        }
        let i = self.index(index);
        let base = if offset == 0 {
            pointer
        } else {
            let to = self.pointer();
            self.b.emit(Op::Lea, to, pointer, offset);
            to
        };
        let to = if matches!(base_kind(self, base), WordKind::Scalar) { self.scalar() } else { self.pointer() };
        self.b.emit_ext(Op::ArrayAddr, [to, base, i], size as u32, len.min(u64::from(u32::MAX)) as u32);
        Dest::Mem(to, 0)
    }

    /// An index, as an `int` or larger.
    pub fn index(&mut self, e: ExprId) -> u16 {
        self.expr(e)
    }

    /// The value at a place.
    pub fn load_dest(&mut self, at: Dest, ty: TypeId, want: Option<u16>) -> u16 {
        match at {
            Dest::Slots(slot) => self.load_storage(Storage::Slots(slot), ty, want),
            Dest::Mem(pointer, offset) => self.load_at(pointer, offset, ty, want),
            Dest::Outer { base, slot } => {
                let layout = self.layout(ty);
                let to = want.unwrap_or_else(|| self.take(&layout));
                self.outer_load(base, slot, to, &layout.slots);
                to
            }
            Dest::Elem { slice, index, kind } => {
                let layout = self.layout(ty);
                let to = want.unwrap_or_else(|| self.take(&layout));
                let op = match kind {
                    Kind::Bool | Kind::Uint8 => Op::At8u,
                    Kind::Int32 => Op::At32s,
                    _ => Op::At64,
                };
                self.b.emit(op, to, slice, index);
                to
            }
            Dest::Map { map, key, ty: map_ty } => self.map_load(map, key, map_ty, want, None),
            Dest::Blank => {
                let layout = self.layout(ty);
                let to = want.unwrap_or_else(|| self.take(&layout));
                self.zero(to, layout.width());
                to
            }
        }
    }

    /// A value to a place.
    pub fn store_dest(&mut self, at: Dest, ty: TypeId, from: u16) {
        match at {
            Dest::Blank => {}
            Dest::Slots(slot) => {
                let width = self.layout(ty).width();
                self.mov(slot, from, width);
            }
            Dest::Mem(pointer, offset) => self.store_at(pointer, offset, ty, from),
            Dest::Outer { base, slot } => {
                let kinds = self.layout(ty).slots.clone();
                self.outer_store(base, slot, from, &kinds);
            }
            Dest::Elem { slice, index, kind } => {
                let op = match kind {
                    Kind::Bool | Kind::Uint8 => Op::Set8,
                    Kind::Int32 => Op::Set32,
                    Kind::Pointer | Kind::Map | Kind::Chan | Kind::Func => Op::SetP,
                    _ => Op::Set64,
                };
                self.b.emit(op, slice, index, from);
            }
            Dest::Map { map, key, ty: map_ty } => {
                let to = self.pointer();
                let idx = self.layout(map_ty).idx;
                self.b.emit_ext(Op::MapPlace, [to, map, key], idx, 0);
                self.store_at(to, 0, ty, from);
            }
        }
    }

    /// The element of a map for a key, zero if there is none; `ok` gets whether there is one.
    pub fn map_load(&mut self, map: u16, key: u16, map_ty: TypeId, want: Option<u16>, ok: Option<u16>) -> u16 {
        let layout = self.layout(map_ty);
        let elem = layout.elem.unwrap_or(tid::INVALID);
        let inner = self.layout(elem);
        let at = self.pointer();
        self.b.emit_ext(Op::MapFind, [at, map, key], layout.idx, 0);
        let to = want.unwrap_or_else(|| self.take(&inner));
        let (missing, end) = (self.b.label(), self.b.label());
        self.b.jump(Op::JEqI, at, 0, missing);
        if inner.size > 0 {
            self.load_at(at, 0, elem, Some(to));
        }
        if let Some(ok) = ok {
            self.b.emit_long(Op::Imm, ok, 1);
        }
        self.b.jump(Op::Jmp, 0, 0, end);
        self.b.bind(missing);
        self.zero(to, inner.width());
        if let Some(ok) = ok {
            self.b.emit_long(Op::Imm, ok, 0);
        }
        self.b.bind(end);
        to
    }

    // ---- assignments

    /// `lhs = rhs`
    pub fn assign(&mut self, lhs: List<ExprId>, rhs: List<ExprId>) {
        let left: Vec<ExprId> = self.ast().list(lhs).collect();
        let right: Vec<ExprId> = self.ast().list(rhs).collect();
        if let ([x], [y]) = (&left[..], &right[..]) {
            return self.assign_one(*x, *y);
        }
        if left.len() != right.len() {
            let dests: Vec<Dest> = left.iter().map(|&x| self.stable_dest(x)).collect();
            let types: Vec<TypeId> = left.iter().map(|&x| self.dest_ty(x)).collect();
            let values = self.several(right[0], left.len());
            for ((dest, ty), (slot, from)) in dests.into_iter().zip(types).zip(values) {
                if matches!(dest, Dest::Blank) {
                    continue;
                }
                let value = self.converted(slot, from, ty, None);
                self.store_dest(dest, ty, value);
            }
            return;
        }
        let dests: Vec<Dest> = left.iter().map(|&x| self.stable_dest(x)).collect();
        let mut values = Vec::new();
        for (&x, &y) in left.iter().zip(&right) {
            let ty = self.dest_ty(x);
            let ty = if ty == tid::INVALID { self.ty(y) } else { ty };
            let to = self.temp(ty);
            self.expr_as_into(y, ty, to);
            values.push((to, ty));
        }
        for (dest, (slot, ty)) in dests.into_iter().zip(values) {
            self.store_dest(dest, ty, slot);
        }
    }

    /// A place that assignments to other variables do not move.
    pub fn stable_dest(&mut self, e: ExprId) -> Dest {
        match self.dest(e) {
            Dest::Mem(pointer, offset) => {
                let kind = base_kind(self, pointer);
                let copy = if kind == WordKind::Scalar { self.scalar() } else { self.pointer() };
                self.mov(copy, pointer, 1);
                Dest::Mem(copy, offset)
            }
            Dest::Elem { slice, index, kind } => {
                let copy = self.b.take(&std::sync::Arc::from([WordKind::Pointer, WordKind::Scalar]));
                self.mov(copy, slice, 2);
                let place = self.scalar();
                self.mov(place, index, 1);
                Dest::Elem { slice: copy, index: place, kind }
            }
            Dest::Map { map, key, ty } => {
                let copy = self.pointer();
                self.mov(copy, map, 1);
                let key_ty = self.layout(ty).key.unwrap_or(tid::INVALID);
                let layout = self.layout(key_ty);
                let to = self.take(&layout);
                self.mov(to, key, layout.width());
                Dest::Map { map: copy, key: to, ty }
            }
            dest => dest,
        }
    }

    /// The type of a place; invalid for `_`.
    pub fn dest_ty(&mut self, e: ExprId) -> TypeId {
        if matches!(self.ast().expr(self.ast().unparen(e)), Expr::Ident(symbol) if symbol == sym::BLANK) {
            return tid::INVALID;
        }
        self.ty(e)
    }

    fn assign_one(&mut self, x: ExprId, y: ExprId) {
        match self.dest(x) {
            Dest::Blank => _ = self.expr(y),
            Dest::Slots(slot) => {
                let ty = self.ty(x);
                self.expr_as_safely(y, ty, slot);
            }
            dest => {
                let ty = self.ty(x);
                let value = self.expr_as(y, ty);
                self.store_dest(dest, ty, value);
            }
        }
    }

    /// `x op= y`, or with a constant one for `++` and `--`.
    pub fn assign_op(&mut self, op: BinOp, x: ExprId, y: Option<ExprId>) {
        let ty = self.ty(x);
        let mut dest = self.dest(x);
        if let Dest::Map { map, key, ty: map_ty } = dest
            && !self.may_stop(y)
        {
            // Looked up once: the element is changed in place.
            let place = self.pointer();
            let idx = self.layout(map_ty).idx;
            self.b.emit_ext(Op::MapPlace, [place, map, key], idx, 0);
            dest = Dest::Mem(place, 0);
        }
        match dest {
            Dest::Slots(slot) => {
                self.apply(op, ty, slot, y, slot);
            }
            Dest::Mem(pointer, offset)
                if matches!(op, BinOp::Add | BinOp::Sub) && self.adds_in_place(op, ty, y) && !self.may_stop(y) =>
            {
                let kind = self.layout(ty).kind;
                let small = match y {
                    Some(y) => self.small(y),
                    None => Some(1),
                };
                if let Some(i) = small.filter(|&i| i != i16::MIN && kind != Kind::Float64) {
                    let i = if op == BinOp::Add { i } else { -i };
                    return self.b.emit(Op::AddToI, pointer, i as u16, offset);
                }
                let mark = self.b.mark();
                let value = match y {
                    Some(y) => self.expr_as(y, ty),
                    None => {
                        let step = if op == BinOp::Add { 1 } else { -1i64 };
                        let word = if kind == Kind::Float64 { 1f64.to_bits() } else { step as u64 };
                        self.word_slot(word)
                    }
                };
                if kind == Kind::Float64
                    && self.b.taken_since(mark, value)
                    && let Some(product) = self.b.take_back(|op| op == Op::Fmul, value)
                {
                    let code = if op == BinOp::Add { Op::FmulAddTo } else { Op::FmulSubTo };
                    return self.b.emit_ext(code, [pointer, product.b, product.c], u32::from(offset), 0);
                }
                let code = match (kind, op) {
                    (Kind::Float64, BinOp::Add) => Op::FaddTo,
                    (Kind::Float64, _) => Op::FsubTo,
                    _ => Op::AddTo,
                };
                self.b.emit(code, pointer, value, offset);
            }
            dest => {
                let old = self.load_dest(dest, ty, None);
                let layout = self.layout(ty);
                let to = self.take(&layout);
                self.apply(op, ty, old, y, to);
                self.store_dest(dest, ty, to);
            }
        }
    }

    /// Whether an instruction adds to such values in memory.
    fn adds_in_place(&mut self, op: BinOp, ty: TypeId, y: Option<ExprId>) -> bool {
        let layout = self.layout(ty);
        match layout.kind {
            Kind::Float64 => true,
            Kind::Int | Kind::Int64 | Kind::Uint | Kind::Uint64 | Kind::Uintptr => {
                op == BinOp::Add || y.is_none_or(|y| self.small(y).is_some_and(|i| i != i16::MIN))
            }
            _ => false,
        }
    }

    /// Whether an operand calls something, which could change what it is added to.
    fn may_stop(&self, y: Option<ExprId>) -> bool {
        y.is_some_and(|y| self.calls(y))
    }

    fn apply(&mut self, op: BinOp, ty: TypeId, x: u16, y: Option<ExprId>, to: u16) {
        match y {
            Some(y) => self.binary_with(op, ty, x, y, to),
            None => {
                let kind = self.layout(ty).kind;
                if kind.is_float() {
                    let one = self.scalar();
                    self.float(one, 1.0);
                    let op = if op == BinOp::Add { Op::Fadd } else { Op::Fsub };
                    self.b.emit(op, to, x, one);
                } else {
                    let step = if op == BinOp::Add { 1i16 } else { -1 };
                    self.b.emit(Op::AddI, to, x, step as u16);
                }
                self.narrow(kind, to);
            }
        }
    }

    /// New variables with values.
    pub fn initialise(&mut self, objs: &[ObjId], rhs: ExprId) {
        if let [obj] = objs {
            return self.define(Some(*obj), rhs);
        }
        let values = self.several(rhs, objs.len());
        for (&obj, (slot, from)) in objs.iter().zip(values) {
            if self.g.query.objects()[obj].name == sym::BLANK {
                continue;
            }
            let storage = self.declare(obj);
            let ty = self.obj_ty(obj);
            let value = self.converted(slot, from, ty, None);
            self.store_storage(storage, ty, value);
        }
    }

    /// A new variable with a value; without a variable the value is dropped.
    pub fn define(&mut self, obj: Option<ObjId>, rhs: ExprId) {
        let obj = obj.filter(|&obj| self.g.query.objects()[obj].name != sym::BLANK);
        let Some(obj) = obj else {
            _ = self.expr(rhs);
            return;
        };
        let ty = self.obj_ty(obj);
        // The value may mention an outer variable of the same name, which is another object.
        if self.vars.contains_key(&obj) {
            // A loop comes here again: what closures have of the last round stays theirs.
            self.vars.remove(&obj);
        }
        match self.declare(obj) {
            Storage::Slots(slot) => self.expr_as_into(rhs, ty, slot),
            storage => {
                let value = self.expr_as(rhs, ty);
                self.store_storage(storage, ty, value);
            }
        }
    }

    /// The values of an expression that has several: a call, or one with a second, boolean value.
    pub fn several(&mut self, e: ExprId, count: usize) -> Vec<(u16, TypeId)> {
        let e = self.ast().unparen(e);
        if let Expr::Call { .. } = self.ast().expr(e) {
            let ty = self.ty(e);
            let types: Vec<TypeId> = match self.under(ty) {
                Type::Tuple(parts) => parts.to_vec(),
                _ => vec![ty],
            };
            let types: Vec<TypeId> = types.into_iter().map(|ty| self.inst(ty)).collect();
            self.call(e);
            let (offsets, _) = self.sequence(&types);
            let mut values = Vec::new();
            for (&ty, offset) in types.iter().zip(offsets) {
                let layout = self.layout(ty);
                let to = self.take(&layout);
                self.mov(to, ARGS + offset, layout.width());
                values.push((to, ty));
            }
            return values;
        }
        debug_assert_eq!(count, 2);
        let ok = self.scalar();
        let recorded = self.g.query.info().type_of(e);
        let ty = match self.g.query.types().get(recorded).clone() {
            Type::Tuple(parts) => self.inst(parts[0]),
            _ => self.inst(recorded),
        };
        let value = self.comma_ok(e, ty, ok);
        vec![(value, ty), (ok, tid::BOOL)]
    }
}

/// What the slot of an address can hold: addresses of slots are no pointers.
fn base_kind(fun: &Fun<'_, '_>, slot: u16) -> WordKind {
    fun.b.kinds.get(usize::from(slot)).copied().unwrap_or(WordKind::Pointer)
}
