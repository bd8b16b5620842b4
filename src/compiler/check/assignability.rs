//! Assignability, and what an assignment does to its operand.

use super::info::Mode;
use super::untyped::Misfit;
use super::{Checker, Operand};
use crate::compiler::diag::{Code, Diagnostic};
use crate::compiler::syntax::ast::ChanDir;
use crate::compiler::types::{Type, TypeId, tid};

/// Why types do not fit: a reason that ends a message, and further lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Cause {
    /// One line; may be empty.
    pub text: String,
    /// `have …` and `want …` lines.
    pub notes: Vec<String>,
}

impl Cause {
    /// A reason without further lines.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), notes: Vec::new() }
    }
}

impl Checker<'_> {
    /// Converts an untyped operand, checks that it can be assigned to a variable of type `target` (any, when `None`)
    /// and records the conversion that the assignment implies. `context` ends the message: `assignment`, `argument`, ….
    pub(super) fn assignment(&mut self, x: &mut Operand, target: Option<TypeId>, context: &str) {
        if !self.single_value(x) {
            return;
        }
        match x.mode {
            Mode::Invalid => return,
            Mode::Nil | Mode::Constant | Mode::Variable | Mode::MapIndex | Mode::Value | Mode::CommaOk => {}
            Mode::NoValue | Mode::Builtin(_) | Mode::Type => {
                let (code, message) = match x.mode {
                    Mode::Builtin(_) => {
                        (Code::BuiltinNotCalled, format!("{} (built-in) must be called", self.expr_text(x.expr)))
                    }
                    _ => (Code::NotAssignable, format!("cannot assign {} to {context}", self.describe(x))),
                };
                self.error(x.span, code, message);
                return x.invalidate();
            }
        }
        if target == Some(tid::INVALID) {
            if self.types.is_untyped(x.ty) && !x.is_nil() {
                let ty = self.default_type(x.ty);
                self.convert_untyped(x, ty);
            }
            return x.invalidate();
        }
        if self.types.is_untyped(x.ty) && !self.assign_untyped(x, target, context) {
            return;
        }
        if let Type::Signature(s) = self.types.get(x.ty)
            && !s.tparams.is_empty()
        {
            let message = format!("cannot use generic function {} without instantiation", self.expr_text(x.expr));
            self.error(x.span, Code::NotInstantiated, message);
            return x.invalidate();
        }
        let Some(target) = target else { return };
        if let Err(cause) = self.assignable(x, target) {
            self.refuse_assignment(x, target, context, cause);
            return;
        }
        if self.types.canon(x.ty) != self.types.canon(target) || x.is_nil() {
            self.info.implicit.insert(x.expr, target);
        }
    }

    fn refuse_assignment(&mut self, x: &mut Operand, target: TypeId, context: &str, cause: Cause) {
        if x.ty != tid::INVALID && self.types.canon(x.ty) != tid::INVALID {
            let mut message = format!("cannot use {} as {} value in {context}", self.describe(x), self.text(target));
            if !cause.text.is_empty() {
                message.push_str(": ");
                message.push_str(&cause.text);
            }
            let mut diagnostic = Diagnostic::error(Code::NotAssignable, x.span, message);
            diagnostic.notes = cause.notes;
            self.report(diagnostic);
        }
        x.invalidate();
    }

    /// The untyped part of an assignment. Says whether to go on.
    fn assign_untyped(&mut self, x: &mut Operand, target: Option<TypeId>, context: &str) -> bool {
        if x.is_nil() {
            let Some(target) = target else {
                self.error(x.span, Code::UntypedNil, format!("use of untyped nil in {context}"));
                x.invalidate();
                return false;
            };
            if !self.has_nil(target) {
                self.refuse_assignment(x, target, context, Cause::default());
                return false;
            }
            self.info.implicit.insert(x.expr, target);
            return false;
        }
        let wanted = match target {
            Some(target) if !self.is_plain_interface(target) => target,
            _ => self.default_type(x.ty),
        };
        match self.implicit_type(x, wanted) {
            Ok(ty) => {
                self.settle_untyped(x, ty);
                !x.is_invalid()
            }
            Err(misfit) => {
                let mut message =
                    format!("cannot use {} as {} value in {context}", self.describe(x), self.text(wanted));
                let misfit = if self.types.as_tparam(wanted).is_some() { Misfit::Incompatible } else { misfit };
                let code = match misfit {
                    Misfit::Truncated => {
                        message.push_str(" (truncated)");
                        Code::ConstantTruncated
                    }
                    Misfit::Overflows => {
                        message.push_str(" (overflows)");
                        Code::ConstantOverflow
                    }
                    Misfit::Incompatible => Code::NotAssignable,
                };
                self.error(x.span, code, message);
                x.invalidate();
                false
            }
        }
    }

    /// Whether a value can be assigned to a variable of type `target`; if not, why.
    pub(super) fn assignable(&mut self, x: &Operand, target: TypeId) -> Result<(), Cause> {
        let from = x.ty;
        if from == tid::INVALID || target == tid::INVALID || self.identical(from, target) {
            return Ok(());
        }
        let (from_under, target_under) = (self.under(from), self.under(target));
        let (from_tparam, target_tparam) = (self.types.as_tparam(from), self.types.as_tparam(target));
        if self.types.is_untyped(from) {
            if let Some(tparam) = target_tparam {
                let terms = self.tparam_terms(tparam);
                let fits = terms.is_some_and(|terms| {
                    !terms.is_empty() && terms.iter().all(|t| self.implicit_type(x, t.ty).is_ok())
                });
                return if fits { Ok(()) } else { Err(Cause::default()) };
            }
            let fits = match self.implicit_type(x, target) {
                Ok(ty) => x.is_nil() || ty != tid::INVALID,
                Err(_) => false,
            };
            return if fits { Ok(()) } else { Err(Cause::default()) };
        }
        let nominal =
            |c: &Self, ty: TypeId| matches!(c.types.get(ty), Type::Named(_) | Type::TypeParam(_) | Type::Basic(_));
        if self.identical(from_under, target_under)
            && (!nominal(self, from) || !nominal(self, target))
            && from_tparam.is_none()
            && target_tparam.is_none()
        {
            return Ok(());
        }
        // A pointer to an interface is refused with a remark on that.
        if self.is_plain_interface(target) || self.points_to_interface(target_under) {
            let (from, target) = (self.types.unalias(from), self.types.unalias(target));
            match self.implements(from, target, false) {
                // What a type parameter does not implement it may still be assignable to.
                Err(_) if from_tparam.is_some() => {}
                result => return result,
            }
        }
        // A missing assertion is the likely cause when the interface could hold the wanted type.
        if self.is_plain_interface(from) && self.implements(target, from, false).is_ok() {
            return Err(Cause::new("need type assertion"));
        }
        if let (Type::Chan(ChanDir::Both, a), Type::Chan(_, b)) =
            (self.types.get(from_under), self.types.get(target_under))
        {
            let (a, b) = (*a, *b);
            if self.identical(a, b) && (!nominal(self, from) || !nominal(self, target)) {
                return Ok(());
            }
        }
        if from_tparam.is_none() && target_tparam.is_none() {
            return Err(Cause::default());
        }
        self.assignable_by_terms(x, target)
    }

    /// Assignments from and to type parameters: each type of the type set must fit, if the other side is not named.
    fn assignable_by_terms(&mut self, x: &Operand, target: TypeId) -> Result<(), Cause> {
        let from = x.ty;
        let named =
            |c: &Self, ty: TypeId| matches!(c.types.get(ty), Type::Named(_) | Type::TypeParam(_) | Type::Basic(_));
        if let Some(tparam) = self.types.as_tparam(target)
            && !named(self, from)
        {
            let Some(terms) = self.tparam_terms(tparam).filter(|t| !t.is_empty()) else { return Err(Cause::default()) };
            for term in terms.iter() {
                if self.assignable(x, term.ty).is_err() {
                    let text = format!(
                        "cannot assign {} to {} (in {})",
                        self.text(from),
                        self.text(term.ty),
                        self.text(target)
                    );
                    return Err(Cause::new(text));
                }
            }
            return Ok(());
        }
        if let Some(tparam) = self.types.as_tparam(from)
            && !named(self, target)
        {
            let Some(terms) = self.tparam_terms(tparam).filter(|t| !t.is_empty()) else { return Err(Cause::default()) };
            for term in terms.iter() {
                let part = Operand { ty: term.ty, ..x.clone() };
                if self.assignable(&part, target).is_err() {
                    let text = format!(
                        "cannot assign {} (in {}) to {}",
                        self.text(term.ty),
                        self.text(from),
                        self.text(target)
                    );
                    return Err(Cause::new(text));
                }
            }
            return Ok(());
        }
        Err(Cause::default())
    }
}
