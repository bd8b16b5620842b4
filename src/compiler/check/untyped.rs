//! Untyped operands: default types, implicit conversion, and passing the final type down the expression.

use super::info::Mode;
use super::{Checker, Operand};
use crate::compiler::diag::Code;
use crate::compiler::syntax::ast::{Expr, ExprId};
use crate::compiler::types::constant::{Value, Why, representable};
use crate::compiler::types::{Basic, Type, TypeId, tid};

/// Why an untyped operand does not convert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Misfit {
    /// A fraction would be lost.
    Truncated,
    /// The value is out of range.
    Overflows,
    /// The kinds do not go together.
    Incompatible,
}

impl Checker<'_> {
    /// The type an untyped operand gets where nothing else is wanted.
    pub(super) fn default_type(&self, ty: TypeId) -> TypeId {
        match ty {
            tid::UNTYPED_BOOL => tid::BOOL,
            tid::UNTYPED_INT => tid::INT,
            tid::UNTYPED_RUNE => tid::RUNE,
            tid::UNTYPED_FLOAT => tid::FLOAT64,
            tid::UNTYPED_STRING => tid::STRING,
            other => other,
        }
    }

    /// Whether a constant is representable in a basic type: its value there.
    pub(super) fn representation(&mut self, x: &Operand, target: TypeId) -> Result<Value, Misfit> {
        let under = self.under(target);
        let Some(basic) = self.types.as_basic(under) else { return Err(Misfit::Incompatible) };
        match representable(&x.value, basic) {
            Ok(value) => Ok(value),
            Err(why) => {
                let from_under = self.under(x.ty);
                let from = self.types.as_basic(from_under).unwrap_or(Basic::Invalid);
                Err(match why {
                    _ if !(from.is_numeric() && basic.is_numeric()) => Misfit::Incompatible,
                    Why::Truncated | Why::Overflows if !from.is_integer() && basic.is_integer() => Misfit::Truncated,
                    _ => Misfit::Overflows,
                })
            }
        }
    }

    /// Checks that a constant fits its (new) basic type and rounds it; reports and invalidates otherwise.
    pub(super) fn represent(&mut self, x: &mut Operand, target: TypeId) {
        match self.representation(x, target) {
            Ok(value) => x.value = value,
            Err(misfit) => self.invalid_conversion(x, target, misfit),
        }
    }

    fn invalid_conversion(&mut self, x: &mut Operand, target: TypeId, misfit: Misfit) {
        let under = self.under(target);
        let (operand, ty) = match misfit {
            // A constant does not fit the basic type underneath.
            Misfit::Truncated | Misfit::Overflows if self.types.as_tparam(target).is_none() => {
                (self.describe(x), self.text(under))
            }
            _ => (self.describe(x), self.text(target)),
        };
        let misfit = if self.types.as_tparam(target).is_some() { Misfit::Incompatible } else { misfit };
        let (code, message) = match misfit {
            Misfit::Truncated => (Code::ConstantTruncated, format!("{operand} truncated to {ty}")),
            Misfit::Overflows => (Code::ConstantOverflow, format!("{operand} overflows {ty}")),
            Misfit::Incompatible => (Code::NotAssignable, format!("cannot convert {operand} to type {ty}")),
        };
        self.error(x.span, code, message);
        x.invalidate();
    }

    /// Converts an untyped operand to `target`; typed operands and wrong ones are left alone. Reports what does not
    /// fit.
    pub(super) fn convert_untyped(&mut self, x: &mut Operand, target: TypeId) {
        match self.implicit_type(x, target) {
            Ok(ty) => self.settle_untyped(x, ty),
            Err(misfit) => {
                self.invalid_conversion(x, target, misfit);
            }
        }
    }

    /// Gives an untyped operand the type that [`Checker::implicit_type`] found.
    pub(super) fn settle_untyped(&mut self, x: &mut Operand, ty: TypeId) {
        if ty == x.ty || !self.types.is_untyped(x.ty) {
            return;
        }
        if x.is_constant() && !self.types.is_untyped(ty) && self.info.mode(x.expr) == Mode::Constant {
            // The parts of a constant stay as they are: nothing will ask for them.
            if let Ok(value) = self.representation(x, ty) {
                x.value = value;
            }
            x.ty = ty;
            self.info.record(x.expr, ty, Mode::Constant, &x.value);
            return;
        }
        x.ty = ty;
        self.update_type(x.expr, ty);
    }

    /// The type an untyped operand has when it is converted to `target`: `target` itself, the default type for an
    /// interface, or the larger kind of two untyped ones.
    pub(super) fn implicit_type(&mut self, x: &Operand, target: TypeId) -> Result<TypeId, Misfit> {
        if x.is_invalid() || !self.types.is_untyped(x.ty) || target == tid::INVALID {
            return Ok(x.ty);
        }
        if self.types.is_untyped(target) {
            return self.larger_untyped(x.ty, target);
        }
        if x.is_nil() {
            return if self.has_nil(target) { Ok(tid::UNTYPED_NIL) } else { Err(Misfit::Incompatible) };
        }
        if let Some(tparam) = self.types.as_tparam(target) {
            let Some(terms) = self.tparam_terms(tparam).filter(|t| !t.is_empty()) else {
                return Err(Misfit::Incompatible);
            };
            for term in terms.iter() {
                self.implicit_type(x, term.ty)?;
            }
            return Ok(target);
        }
        match self.under_type(target) {
            Type::Basic(basic) => {
                if x.is_constant() {
                    return self.representation(x, target).map(|_| target);
                }
                // Comparisons give untyped booleans, shifts untyped numbers.
                let from = self.types.as_basic(x.ty).unwrap_or(Basic::Invalid);
                let fits = match from {
                    Basic::UntypedBool => basic.is_boolean(),
                    Basic::UntypedInt | Basic::UntypedRune | Basic::UntypedFloat => basic.is_numeric(),
                    Basic::UntypedString => basic.is_string(),
                    _ => false,
                };
                if fits { Ok(target) } else { Err(Misfit::Incompatible) }
            }
            Type::Interface(_) => {
                // An untyped value implements only interfaces without methods.
                let set = self.type_set(target);
                if set.methods.is_empty() && set.terms.is_none() {
                    Ok(self.default_type(x.ty))
                } else {
                    Err(Misfit::Incompatible)
                }
            }
            _ => Err(Misfit::Incompatible),
        }
    }

    fn larger_untyped(&self, a: TypeId, b: TypeId) -> Result<TypeId, Misfit> {
        if a == b {
            return Ok(a);
        }
        let rank = |ty| match ty {
            tid::UNTYPED_INT => Some(0),
            tid::UNTYPED_RUNE => Some(1),
            tid::UNTYPED_FLOAT => Some(2),
            _ => None,
        };
        match (rank(a), rank(b)) {
            (Some(x), Some(y)) => Ok(if x >= y { a } else { b }),
            _ => Err(Misfit::Incompatible),
        }
    }

    /// Passes the type that the context gives to an untyped expression down to its untyped parts.
    pub(super) fn update_type(&mut self, e: ExprId, ty: TypeId) {
        let old = self.info.type_of(e);
        if !self.types.is_untyped(old) {
            return;
        }
        let constant = self.info.value(e).cloned();
        match self.ast.expr(e) {
            Expr::Paren(inner) => self.update_type(inner, ty),
            Expr::Unary(_, inner) if constant.is_none() => self.update_type(inner, ty),
            Expr::Binary(op, a, b) if constant.is_none() && !op.is_comparison() => {
                self.update_type(a, ty);
                if !op.is_shift() {
                    self.update_type(b, ty);
                }
            }
            _ => {}
        }
        if self.types.is_untyped(ty) {
            self.info.set_type(e, ty);
            return;
        }
        if self.shift_operands.contains(&e) && !self.all_integer(ty) {
            let message = format!(
                "invalid operation: shifted operand {} (type {}) must be integer",
                self.expr_text(e),
                self.text(ty)
            );
            self.error(self.ast.span(e), Code::InvalidShift, message);
            self.info.set_type(e, tid::INVALID);
            return;
        }
        match constant {
            Some(value) => {
                let mut x = self.operand(e);
                x.set_constant(old, value);
                match self.implicit_type(&x, ty) {
                    Ok(_) => {
                        let value = match self.representation(&x, ty) {
                            Ok(value) => value,
                            Err(_) => x.value,
                        };
                        self.info.record(e, ty, Mode::Constant, &value);
                    }
                    Err(misfit) => self.invalid_conversion(&mut x, ty, misfit),
                }
            }
            None => self.info.set_type(e, ty),
        }
    }
}
