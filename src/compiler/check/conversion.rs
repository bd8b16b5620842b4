//! Conversions `T(x)`.
//!
//! A constant becomes a constant of `T` if `T` admits constants and the value is representable. Everything else is a
//! conversion at run time; with type parameters on either side it must be valid for each pair of specific types, and
//! the message names the pair that fails.

use smallvec::SmallVec;

use super::assignability::Cause;
use super::info::Mode;
use super::{Checker, Operand};
use crate::compiler::diag::{Code, Diagnostic};
use crate::compiler::types::constant::{Value, int_to_string, representable};
use crate::compiler::types::{Basic, Struct, StructField, Type, TypeId, tid};

impl Checker<'_> {
    /// Converts an operand; reports and invalidates it when that is not possible.
    pub(super) fn conversion(&mut self, x: &mut Operand, target: TypeId) {
        if x.is_invalid() {
            return;
        }
        if target == tid::INVALID {
            return x.invalidate();
        }
        if x.is_constant() && self.is_const_type(target) {
            return self.constant_conversion(x, target);
        }
        let result = if x.is_constant() && self.is_tparam(target) {
            let result = self.constant_to_tparam(x, target);
            // Type parameters are not constants, and the messages say so.
            x.mode = Mode::Value;
            result
        } else {
            self.convertible(x, target)
        };
        if let Err(cause) = result {
            return self.refuse_conversion(x, target, cause);
        }
        self.settle_converted(x, target);
        if x.is_invalid() {
            return;
        }
        x.set_value(target);
    }

    fn constant_conversion(&mut self, x: &mut Operand, target: TypeId) {
        let under = self.under(target);
        let basic = self.types.as_basic(under).unwrap_or(Basic::Invalid);
        if let Some(value) = self.converted_constant(x, basic) {
            if self.types.is_untyped(x.ty) {
                // The operand has the type it is converted to; a number that becomes a string its own.
                let own = matches!(value, Value::Str(_)) && !matches!(x.value, Value::Str(_));
                let ty = if own { self.default_type(x.ty) } else { target };
                self.update_type(x.expr, ty);
            }
            x.set_constant(target, value);
            return;
        }
        if self.is_integer(x.ty) && basic.is_integer() {
            let message = format!("constant {} overflows {}", x.value.to_string_short(false), self.text(target));
            self.error(x.span, Code::ConstantOverflow, message);
            return x.invalidate();
        }
        self.refuse_conversion(x, target, Cause::default());
    }

    /// The constant as a value of a basic type; an integer becomes the string of its character.
    fn converted_constant(&mut self, x: &Operand, basic: Basic) -> Option<Value> {
        match representable(&x.value, basic) {
            Ok(value) => Some(value),
            Err(_) if basic.is_string() && self.is_integer(x.ty) => Some(int_to_string(&x.value)),
            Err(_) => None,
        }
    }

    /// A constant must convert to each specific type.
    fn constant_to_tparam(&mut self, x: &Operand, target: TypeId) -> Result<(), Cause> {
        let terms = self.each_term(target);
        if terms.is_empty() {
            return Err(Cause::new(format!("{} does not contain specific types", self.text(target))));
        }
        for term in terms {
            let under = self.under(term);
            if self.is_string(x.ty) && self.is_bytes_or_runes(under) {
                continue;
            }
            let basic = self.types.as_basic(under);
            if basic.is_some_and(|basic| self.converted_constant(x, basic).is_some()) {
                continue;
            }
            let (term, whole) = (self.text(under), self.text(target));
            return Err(Cause::new(if self.is_integer(x.ty) && self.is_integer(under) {
                format!("constant {} overflows {term} (in {whole})", x.value.to_string_short(false))
            } else {
                format!("cannot convert {} to type {term} (in {whole})", self.describe(x))
            }));
        }
        Ok(())
    }

    fn refuse_conversion(&mut self, x: &mut Operand, target: TypeId, cause: Cause) {
        let mut message = format!("cannot convert {} to type {}", self.describe(x), self.text(target));
        if !cause.text.is_empty() {
            message.push_str(": ");
            message.push_str(&cause.text);
        }
        if !self.is_invalid_type(x.ty) && !self.is_invalid_type(target) {
            let mut diagnostic = Diagnostic::error(Code::InvalidConversion, x.span, message);
            diagnostic.notes = cause.notes;
            self.report(diagnostic);
        }
        x.invalidate();
    }

    /// Gives the converted operand its final type: the target, or its default type where the target cannot be the
    /// type of a constant.
    fn settle_converted(&mut self, x: &mut Operand, target: TypeId) {
        if !self.types.is_untyped(x.ty) {
            return;
        }
        if x.is_nil() {
            self.info.implicit.insert(x.expr, target);
            return;
        }
        // The mode of a constant that meets a type parameter has changed already.
        let constant = self.info.value(x.expr).cloned();
        if constant.is_none() && !self.is_plain_interface(target) {
            return self.settle_untyped(x, target);
        }
        let ty = self.default_type(x.ty);
        if let Some(value) = constant {
            x.set_constant(x.ty, value);
        }
        self.convert_untyped(x, ty);
    }

    // ---- Non-constant conversions

    /// Whether a value converts; if not, why.
    fn convertible(&mut self, x: &Operand, target: TypeId) -> Result<(), Cause> {
        let Err(cause) = self.assignable(x, target) else { return Ok(()) };
        let (from_tparam, to_tparam) = (self.is_tparam(x.ty), self.is_tparam(target));
        if !from_tparam && !to_tparam {
            return if self.convertible_plain(x.ty, target) { Ok(()) } else { Err(cause) };
        }
        self.convertible_terms(x, target, cause)
    }

    /// The rules for types that are not type parameters.
    fn convertible_plain(&mut self, from: TypeId, to: TypeId) -> bool {
        let (from_under, to_under) = (self.under(from), self.under(to));
        if let (Type::Basic(a), Type::Basic(b)) = (self.types.get(from_under), self.types.get(to_under)) {
            return (a.is_numeric() && b.is_numeric())
                || (b.is_string() && (a.is_integer() || a.is_string()))
                || (a.is_boolean() && b.is_boolean());
        }
        if self.identical_but_tags(from_under, to_under) || self.same_pointers(from, to) {
            return true;
        }
        if self.is_string(to_under) {
            return self.is_bytes_or_runes(from_under);
        }
        if self.is_string(from_under) {
            return self.is_bytes_or_runes(to_under);
        }
        let Type::Slice(elem) = *self.types.get(from_under) else { return false };
        let array = match *self.types.get(to_under) {
            Type::Pointer(base) => self.under(base),
            _ => to_under,
        };
        match *self.types.get(array) {
            Type::Array(array_elem, _) => self.identical(elem, array_elem),
            _ => false,
        }
    }

    /// Unnamed pointer types convert if what they point to has the same underlying type.
    fn same_pointers(&mut self, from: TypeId, to: TypeId) -> bool {
        let (&Type::Pointer(a), &Type::Pointer(b)) = (self.types.get(from), self.types.get(to)) else { return false };
        if self.is_tparam(a) || self.is_tparam(b) {
            return false;
        }
        let (a, b) = (self.under(a), self.under(b));
        self.identical_but_tags(a, b)
    }

    /// Whether the type is a slice of bytes or runes, or of types defined as such.
    fn is_bytes_or_runes(&mut self, ty: TypeId) -> bool {
        let Type::Slice(elem) = self.under_type(ty) else { return false };
        matches!(self.under_type(elem), Type::Basic(Basic::Uint8 | Basic::Byte | Basic::Int32 | Basic::Rune))
    }

    /// Each specific type of a type parameter must convert.
    fn convertible_terms(&mut self, x: &Operand, target: TypeId, cause: Cause) -> Result<(), Cause> {
        let (from_terms, to_terms) = (self.each_term(x.ty), self.each_term(target));
        if from_terms.is_empty() || to_terms.is_empty() {
            return Err(cause);
        }
        let (from_tparam, to_tparam) = (self.is_tparam(x.ty), self.is_tparam(target));
        for from in from_terms {
            let part = Operand { ty: from, ..x.clone() };
            for &to in &to_terms {
                let Err(inner) = self.convertible(&part, to) else { continue };
                let mut text = format!("cannot convert {}", self.text(from));
                if from_tparam {
                    text.push_str(&format!(" (in {})", self.text(x.ty)));
                }
                text.push_str(&format!(" to type {}", self.text(to)));
                if to_tparam {
                    text.push_str(&format!(" (in {})", self.text(target)));
                }
                let inner = if inner.text.is_empty() { cause } else { inner };
                let mut notes = Vec::new();
                if !inner.text.is_empty() {
                    notes.push(inner.text);
                }
                notes.extend(inner.notes);
                return Err(Cause { text, notes });
            }
        }
        Ok(())
    }

    // ---- Identity without tags

    fn identical_but_tags(&mut self, a: TypeId, b: TypeId) -> bool {
        if self.identical(a, b) {
            return true;
        }
        if matches!(self.types.get(a), Type::Basic(_)) || matches!(self.types.get(b), Type::Basic(_)) {
            return false;
        }
        let (a, b) = (self.without_tags(a), self.without_tags(b));
        self.identical(a, b)
    }

    /// The type with the tags of its struct literals removed; defined types are left alone.
    fn without_tags(&mut self, ty: TypeId) -> TypeId {
        let ty = self.types.canon(ty);
        let structure = self.types.get(ty).clone();
        if matches!(structure, Type::Basic(_) | Type::Named(_) | Type::TypeParam(_)) {
            return ty;
        }
        let mut parts: SmallVec<[(TypeId, TypeId); 8]> = SmallVec::new();
        self.types.each_part(&structure, |part| parts.push((part, part)));
        for (part, stripped) in &mut parts {
            *stripped = self.without_tags(*part);
        }
        let find = |part| parts.iter().find(|(old, _)| *old == part).map_or(part, |(_, new)| *new);
        let mut stripped = self.types.map_parts(&structure, find);
        if let Type::Struct(s) = &mut stripped {
            let fields = s.fields.iter().map(|field| StructField { tag: None, ..*field }).collect();
            stripped = Type::Struct(std::sync::Arc::new(Struct { fields }));
        }
        self.types.intern(stripped)
    }
}
