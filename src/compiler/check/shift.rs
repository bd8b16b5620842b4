//! Shifts.
//!
//! The count must be an integer or an untyped constant that fits `uint`. If the shift is not constant but its left
//! operand is an untyped constant, that operand gets the type it would have if the shift were replaced by it alone: it
//! stays untyped here, is remembered in `shift_operands`, and is checked when the context supplies the type
//! (`untyped`).

use super::info::Mode;
use super::{Checker, Operand};
use crate::compiler::diag::Code;
use crate::compiler::syntax::ast::{BinOp, ExprId};
use crate::compiler::types::constant::{self, BadCount, Value};
use crate::compiler::types::tid;

impl Checker<'_> {
    /// `x << y` or `x >> y` for checked operands; the result is in `x`. `e` is the whole expression.
    pub(super) fn shift(&mut self, x: &mut Operand, y: &mut Operand, e: ExprId, op: BinOp) {
        let integral = x.is_constant()
            && self.types.is_untyped(x.ty)
            && (x.value.is_integer() || matches!(x.value, Value::Unknown));
        if !integral && !self.all_integer(x.ty) {
            return self.refuse_shifted(x);
        }
        if !self.check_shift_count(y) {
            return x.invalidate();
        }
        if !x.is_constant() {
            x.mode = Mode::Value;
            return;
        }
        if y.is_constant() {
            return self.constant_shift(x, y, e, op);
        }
        if self.types.is_untyped(x.ty) {
            self.shift_operands.insert(x.expr);
        }
        x.mode = Mode::Value;
    }

    fn refuse_shifted(&mut self, x: &mut Operand) {
        if !self.is_invalid_type(x.ty) {
            let message = format!("invalid operation: shifted operand {} must be integer", self.describe(x));
            self.error(x.span, Code::InvalidShift, message);
        }
        x.invalidate();
    }

    /// Checks the count and gives an untyped one the type `uint`.
    fn check_shift_count(&mut self, y: &mut Operand) -> bool {
        if y.is_constant() && y.value.is_integer() && y.value.sign() < 0 {
            let message = format!("invalid operation: negative shift count {}", self.describe(y));
            self.error(y.span, Code::InvalidShift, message);
            return false;
        }
        if self.types.is_untyped(y.ty) {
            // A constant keeps its kind for the messages about its size.
            let mut count = y.clone();
            self.convert_untyped(&mut count, tid::UINT);
            return !count.is_invalid();
        }
        if self.all_integer(y.ty) || (y.is_constant() && y.value.is_integer()) {
            return true;
        }
        if !self.is_invalid_type(y.ty) {
            let message = format!("invalid operation: shift count {} must be integer", self.describe(y));
            self.error(y.span, Code::InvalidShift, message);
        }
        false
    }

    fn constant_shift(&mut self, x: &mut Operand, y: &Operand, e: ExprId, op: BinOp) {
        if !self.all_integer(x.ty) {
            // `1.0 << 3` is an integer constant.
            x.ty = tid::UNTYPED_INT;
        }
        if matches!(x.value, Value::Unknown) || matches!(y.value, Value::Unknown) {
            x.value = Value::Unknown;
            return;
        }
        match constant::shift_count(&y.value) {
            Ok(count) => {
                x.value = constant::shift(op, &x.value, count);
                x.expr = e;
                self.check_constant(x, "shift ");
            }
            Err(fault) => {
                let what = match fault {
                    BadCount::Negative => "negative",
                    BadCount::TooLarge | BadCount::NotInteger => "invalid",
                };
                let message = format!("invalid operation: {what} shift count {}", self.describe(y));
                self.error(y.span, Code::InvalidShift, message);
                x.invalidate();
            }
        }
    }
}
