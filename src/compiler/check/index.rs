//! Index and slice expressions, and the rules of indices that array literals and `make` share.
//!
//! A type parameter can be indexed when every type of its type set can, with the same key and element; the result can
//! be assigned only if all of them allow it, and constant indices must fit the shortest array.

use super::info::Mode;
use super::{Checker, Operand};
use crate::base::Span;
use crate::compiler::diag::Code;
use crate::compiler::syntax::ast::{ExprId, List};
use crate::compiler::types::constant::{Value, representable};
use crate::compiler::types::{Basic, Type, TypeId, tid};

/// What indexing a type means.
struct Indexing {
    /// The key type of a map.
    key: Option<TypeId>,
    elem: TypeId,
    /// The length of an array.
    len: Option<u64>,
    mode: Mode,
}

impl Checker<'_> {
    /// Checks `base[index]` for a checked base that is no type and no generic function.
    pub(super) fn index_expr(&mut self, x: &mut Operand, e: ExprId, mut base: Operand, indices: List<ExprId>) {
        let Some(mut found) = self.indexing(&base) else {
            let message = format!("cannot index {}", self.describe(&base));
            self.error(self.brackets(e, &base), Code::NotIndexable, message);
            self.use_exprs(indices);
            return;
        };
        if base.is_constant() {
            found.len = base.value.as_text().map(|text| text.len() as u64);
            self.settle_default(&mut base);
        }
        let Some(index) = self.single_index(indices) else { return };
        match found.key {
            Some(key) => {
                let mut operand = self.expr_hint(index, Some(key));
                self.assignment(&mut operand, Some(key), "map index");
            }
            None => {
                self.check_index(index, found.len);
            }
        }
        if found.elem != tid::INVALID {
            x.mode = found.mode;
            x.ty = found.elem;
        }
    }

    /// From the opening bracket on, which is where Go reports what cannot be indexed.
    fn brackets(&self, e: ExprId, base: &Operand) -> Span {
        let (whole, base) = (self.ast.span(e), self.ast.span(base.expr));
        self.env.repeated_at.unwrap_or_else(|| Span::new(base.hi.clamp(whole.lo, whole.hi), whole.hi))
    }

    fn single_index(&mut self, indices: List<ExprId>) -> Option<ExprId> {
        if let Some(second) = self.ast.nth(indices, 1) {
            let span = self.ast.span(second);
            self.error(span, Code::InvalidIndex, "invalid operation: more than one index");
        }
        self.ast.first(indices)
    }

    fn indexing(&mut self, base: &Operand) -> Option<Indexing> {
        let addressable = base.mode == Mode::Variable;
        if !self.is_tparam(base.ty) {
            return self.indexing_of(base.ty, addressable);
        }
        let mut common: Option<Indexing> = None;
        for term in self.each_term(base.ty) {
            let next = self.indexing_of(term, addressable)?;
            let Some(all) = &mut common else {
                common = Some(next);
                continue;
            };
            let same_key = match (all.key, next.key) {
                (None, None) => true,
                (Some(a), Some(b)) => self.identical(a, b),
                _ => false,
            };
            if !same_key || !self.identical(all.elem, next.elem) {
                return None;
            }
            // As in Go, the first type decides whether constant indices are checked at all.
            if let (Some(known), Some(len)) = (all.len, next.len) {
                all.len = Some(known.min(len));
            }
            if next.mode == Mode::Value {
                all.mode = Mode::Value;
            }
        }
        common
    }

    fn indexing_of(&mut self, ty: TypeId, addressable: bool) -> Option<Indexing> {
        let element = |elem, len, mode| Some(Indexing { key: None, elem, len, mode });
        match self.under_type(ty) {
            Type::Basic(basic) if basic.is_string() => element(tid::BYTE, None, Mode::Value),
            Type::Array(elem, len) => element(elem, Some(len), if addressable { Mode::Variable } else { Mode::Value }),
            Type::Slice(elem) => element(elem, None, Mode::Variable),
            Type::Pointer(base) => match self.under_type(base) {
                Type::Array(elem, len) => element(elem, Some(len), Mode::Variable),
                _ => None,
            },
            Type::Map(key, elem) => Some(Indexing { key: Some(key), elem, len: None, mode: Mode::MapIndex }),
            _ => None,
        }
    }

    /// Gives an untyped operand that nothing converts its default type.
    pub(super) fn settle_default(&mut self, x: &mut Operand) {
        let ty = self.default_type(x.ty);
        self.settle_untyped(x, ty);
    }

    /// Checks an index. The value of a valid constant one.
    pub(super) fn check_index(&mut self, index: ExprId, len: Option<u64>) -> Option<i64> {
        let mut x = self.expr(index);
        if x.is_invalid() {
            return None;
        }
        self.check_index_operand(&mut x, len, "index")
    }

    /// Checks an evaluated index: an integer, and if constant neither negative nor beyond `len`. The value of a valid
    /// constant.
    pub(super) fn check_index_operand(&mut self, x: &mut Operand, len: Option<u64>, what: &str) -> Option<i64> {
        self.convert_untyped(x, tid::INT);
        if x.is_invalid() {
            return None;
        }
        if !self.all_integer(x.ty) {
            return self.refuse_index(x, what, "must be integer");
        }
        if !x.is_constant() || matches!(x.value, Value::Unknown) {
            return None;
        }
        if x.value.sign() < 0 {
            return self.refuse_index(x, what, "must not be negative");
        }
        let Some(value) = representable(&x.value, Basic::Int).ok().and_then(|v| v.as_i64()) else {
            return self.refuse_index(x, what, "overflows int");
        };
        if let Some(len) = len
            && value.unsigned_abs() >= len
        {
            let message = format!("invalid argument: index {value} out of bounds [0:{len}]");
            self.error(x.span, Code::InvalidIndex, message);
            return None;
        }
        Some(value)
    }

    fn refuse_index(&mut self, x: &Operand, what: &str, fault: &str) -> Option<i64> {
        if !self.is_invalid_type(x.ty) {
            let message = format!("invalid argument: {what} {} {fault}", self.describe(x));
            self.error(x.span, Code::InvalidIndex, message);
        }
        None
    }

    // ---- Slice expressions

    /// Checks `base[lo:hi:max]`.
    pub(super) fn slice_expr(&mut self, x: &mut Operand, e: ExprId, base: ExprId, parts: u32) {
        let parts = self.ast.slice_parts(parts);
        let mut operand = self.expr(base);
        let Some((ty, len)) = self.sliced(&mut operand, parts[2]) else {
            parts.into_iter().flatten().for_each(|part| self.use_expr(part));
            return;
        };
        let mut bounds = [None; 3];
        for (i, part) in parts.into_iter().enumerate() {
            bounds[i] = match part {
                // The last index may be the length itself.
                Some(part) => self.check_index(part, len.map(|len| len.saturating_add(1))).map(i64::unsigned_abs),
                None if i == 0 => Some(0),
                None => len,
            };
        }
        self.check_slice_order(e, parts, bounds);
        x.set_value(ty);
    }

    /// The type of a slice of `x` and its constant length; `None` after an error.
    fn sliced(&mut self, x: &mut Operand, max: Option<ExprId>) -> Option<(TypeId, Option<u64>)> {
        if x.is_invalid() {
            return None;
        }
        let under = match self.common_string_or_under(x.ty) {
            Ok(under) => under,
            Err(why) => {
                let none = if why == "no specific type" { format!(" in {}", self.text(x.ty)) } else { String::new() };
                let message = format!("cannot slice {}: {why}{none}", self.describe(x));
                self.error(x.span, Code::NotSliceable, message);
                return None;
            }
        };
        match self.types.get(under).clone() {
            Type::Basic(basic) if basic.is_string() => {
                if let Some(max) = max {
                    let message = "invalid operation: 3-index slice of string";
                    self.error(self.ast.span(max), Code::InvalidSlice, message);
                    return None;
                }
                let len = if x.is_constant() { x.value.as_text().map(|text| text.len() as u64) } else { None };
                self.settle_default(x);
                return Some((x.ty, len));
            }
            Type::Array(elem, len) => {
                if x.mode != Mode::Variable {
                    let message = format!("cannot slice unaddressable value {}", self.describe(x));
                    self.error(x.span, Code::NotSliceable, message);
                    return None;
                }
                self.mark_addressed(x.expr);
                return Some((self.types.slice_of(elem), Some(len)));
            }
            Type::Pointer(base) => {
                if let Type::Array(elem, len) = self.under_type(base) {
                    return Some((self.types.slice_of(elem), Some(len)));
                }
            }
            Type::Slice(_) => return Some((x.ty, None)),
            _ => {}
        }
        let message = format!("cannot slice {}", self.describe(x));
        self.error(x.span, Code::NotSliceable, message);
        None
    }

    /// As [`Checker::common_under_or`], but strings and byte slices together count as `string`.
    fn common_string_or_under(&mut self, ty: TypeId) -> Result<TypeId, String> {
        if self.is_tparam(ty) && self.all_strings_or_bytes(ty) {
            let strings = self.each_term(ty).into_iter().any(|term| self.is_string(term));
            if strings {
                return Ok(tid::STRING);
            }
        }
        self.common_under_or(ty)
    }

    /// Whether the type, or each one of a type parameter's type set, is a string or a `[]byte`.
    pub(super) fn all_strings_or_bytes(&mut self, ty: TypeId) -> bool {
        self.type_set_all(ty, |c, under| match *c.types.get(under) {
            Type::Basic(basic) => basic.is_string(),
            Type::Slice(elem) => c.types.canon(elem) == tid::UINT8,
            _ => false,
        })
    }

    /// Constant bounds must not descend; only the first fault is reported.
    fn check_slice_order(&mut self, e: ExprId, parts: [Option<ExprId>; 3], bounds: [Option<u64>; 3]) {
        for (i, j) in [(0, 1), (0, 2), (1, 2)] {
            let (Some(low), Some(high)) = (bounds[i], bounds[j]) else { continue };
            if high < low {
                let span = self.ast.span(parts[j].unwrap_or(e));
                self.error(span, Code::InvalidSlice, format!("invalid slice indices: {high} < {low}"));
                return;
            }
        }
    }
}
