//! Comparisons.
//!
//! One operand must be assignable to the other's type; `==` needs comparable types or `nil` on one side, `<` and its
//! kind ordered ones. The result is an untyped boolean.

use super::{Checker, Operand};
use crate::compiler::diag::{Code, Diagnostic};
use crate::compiler::syntax::ast::BinOp;
use crate::compiler::types::constant::{self, Value};
use crate::compiler::types::{Type, TypeId, tid};

/// Why a comparison is refused.
pub(super) struct Fault {
    /// Whether because of the right operand.
    pub of_right: bool,
    /// In words.
    pub cause: String,
}

impl Checker<'_> {
    /// `x op y` for operands that [`Checker::match_types`] has seen; the result is in `x`.
    pub(super) fn comparison(&mut self, x: &mut Operand, y: &mut Operand, op: BinOp) {
        if !self.comparable_operands(x, y, op) {
            return x.invalidate();
        }
        if x.is_constant() && y.is_constant() {
            // Operands of a constant comparison never exist at run time.
            let value = constant::compare(op, &x.value, &y.value).map_or(Value::Unknown, Value::Bool);
            x.set_constant(tid::UNTYPED_BOOL, value);
            return;
        }
        self.settle_default(x);
        self.settle_default(y);
        self.note_comparison(x, y.ty);
        self.note_comparison(y, x.ty);
        x.set_value(tid::UNTYPED_BOOL);
    }

    /// Whether `x op y` is allowed; reports if not.
    fn comparable_operands(&mut self, x: &Operand, y: &Operand, op: BinOp) -> bool {
        let Some(Fault { cause, of_right }) = self.comparison_fault(x, y, op) else { return true };
        if self.is_invalid_type(x.ty) || self.is_invalid_type(y.ty) {
            return false;
        }
        let (a, b) = (self.expr_text(x.expr), self.expr_text(y.expr));
        let message = format!("invalid operation: {a} {} {b} ({cause})", op.text());
        let mismatched = cause.starts_with("mismatched types");
        let (code, span) = match mismatched {
            true => (Code::Mismatched, x.span.to(y.span)),
            false if of_right => (Code::NotComparable, y.span),
            false => (Code::NotComparable, x.span.to(y.span)),
        };
        let mut diagnostic = Diagnostic::error(code, span, message);
        if mismatched {
            diagnostic = diagnostic.label(x.span, self.text(x.ty)).label(y.span, self.text(y.ty));
        }
        self.report(diagnostic);
        false
    }

    /// Why `x op y` is not allowed; `None` if it is.
    pub(super) fn comparison_fault(&mut self, x: &Operand, y: &Operand, op: BinOp) -> Option<Fault> {
        if self.assignable(x, y.ty).is_err() && self.assignable(y, x.ty).is_err() {
            let cause = format!("mismatched types {} and {}", self.text(x.ty), self.text(y.ty));
            return Some(Fault { of_right: true, cause });
        }
        match op {
            BinOp::Eq | BinOp::Ne => self.equality_fault(x, y, op),
            _ => self.order_fault(x, y, op),
        }
    }

    fn equality_fault(&mut self, x: &Operand, y: &Operand, op: BinOp) -> Option<Fault> {
        if x.is_nil() || y.is_nil() {
            // Only a type that has nil could be matched with it.
            let ty = if x.is_nil() { y.ty } else { x.ty };
            if ty != tid::UNTYPED_NIL && self.has_nil(ty) {
                return None;
            }
            return Some(self.undefined_comparison(x, y, op, x.is_nil()));
        }
        for (of_right, ty) in [(false, x.ty), (true, y.ty)] {
            if let Err(why) = self.comparable(ty, true) {
                let cause = self.incomparable_cause(ty, why);
                if cause.is_empty() {
                    return Some(self.undefined_comparison(x, y, op, of_right));
                }
                return Some(Fault { of_right, cause });
            }
        }
        None
    }

    fn incomparable_cause(&mut self, ty: TypeId, why: String) -> String {
        match self.under_type(ty) {
            Type::Slice(_) | Type::Signature(_) | Type::Map(..) => {
                format!("{} can only be compared to nil", self.kind_word(ty))
            }
            _ => why,
        }
    }

    fn order_fault(&mut self, x: &Operand, y: &Operand, op: BinOp) -> Option<Fault> {
        let of_right = if !self.all_ordered(x.ty) {
            // Of `nil < s` the words are about `s`.
            x.is_nil()
        } else if !self.all_ordered(y.ty) {
            true
        } else {
            return None;
        };
        Some(self.undefined_comparison(x, y, op, of_right))
    }

    fn undefined_comparison(&mut self, x: &Operand, y: &Operand, op: BinOp, of_right: bool) -> Fault {
        let tparam = [x.ty, y.ty].into_iter().find(|&ty| self.is_tparam(ty));
        if let Some(ty) = tparam {
            let cause = format!("type parameter {} cannot use operator {}", self.text(ty), op.text());
            return Fault { of_right: ty != x.ty, cause };
        }
        let ty = if of_right { y.ty } else { x.ty };
        let kind = match self.under_type(ty) {
            Type::Basic(_) => self.text(ty),
            _ => self.kind_word(ty).to_owned(),
        };
        Fault { of_right, cause: format!("operator {} not defined on {kind}", op.text()) }
    }

    /// Records the conversion of an operand to the other's type: of `nil`, and of a value that meets an interface.
    fn note_comparison(&mut self, x: &Operand, other: TypeId) {
        if x.ty == other {
            return;
        }
        if x.is_nil() || (self.is_plain_interface(other) && !self.is_plain_interface(x.ty)) {
            self.info.implicit.insert(x.expr, other);
        }
    }
}
