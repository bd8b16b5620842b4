//! Calls, conversions in call form, instantiations of functions, function literals and type assertions.

use std::sync::Arc;

use smallvec::SmallVec;

use super::expr::ExprKind;
use super::info::Mode;
use super::operand::Part;
use super::{Checker, Operand};
use crate::base::Span;
use crate::compiler::diag::{Code, Diagnostic};
use crate::compiler::syntax::ast::{BlockId, Expr, ExprId, List};
use crate::compiler::types::{Basic, Builtin, Param, Signature, Type, TypeId, tid};

/// A callee with the type arguments written behind it.
struct Callee {
    operand: Operand,
    targs: Vec<TypeId>,
}

impl Checker<'_> {
    /// Checks a call or conversion.
    pub(super) fn call(&mut self, x: &mut Operand, e: ExprId) -> ExprKind {
        let Expr::Call { fun, args, spread } = self.ast.expr(e) else { return ExprKind::Expression };
        let Some(callee) = self.callee(fun) else {
            self.use_exprs(args);
            return ExprKind::Statement;
        };
        match callee.operand.mode {
            Mode::Type => self.conversion_call(x, callee.operand.ty, fun, args, spread),
            Mode::Builtin(builtin) => {
                if self.builtin_call(x, e, builtin) && !matches!(builtin, Builtin::Len | Builtin::Cap) {
                    self.env.has_call = true;
                }
                x.expr = e;
                builtin_kind(builtin)
            }
            _ => {
                self.function_call(x, e, callee, args, spread);
                ExprKind::Statement
            }
        }
    }

    /// Evaluates what is called. `f[int]` may leave type arguments to be inferred.
    fn callee(&mut self, fun: ExprId) -> Option<Callee> {
        let mut operand = self.operand(fun);
        if let Expr::Index { x: base, indices } = self.ast.expr(fun) {
            let base_operand = self.expr_or_type(base, true);
            if base_operand.is_invalid() {
                self.use_exprs(indices);
                return None;
            }
            if self.is_generic_function(&base_operand) {
                let targs = self.type_args(indices)?;
                operand = Operand { expr: fun, span: self.ast.span(fun), ..base_operand };
                self.info.record(fun, operand.ty, operand.mode, &operand.value);
                return Some(Callee { operand, targs });
            }
            let mut x = self.operand(fun);
            self.index_base(&mut x, fun, base, base_operand, indices);
            self.info.record(fun, x.ty, x.mode, &x.value);
            operand = x;
        } else {
            self.raw_expr(&mut operand, fun, None, true);
        }
        if operand.mode == Mode::NoValue {
            let message = format!("{} (no value) used as value", self.expr_text(fun));
            self.error(operand.span, Code::NotAValue, message);
            return None;
        }
        (!operand.is_invalid()).then_some(Callee { operand, targs: Vec::new() })
    }

    fn is_generic_function(&self, x: &Operand) -> bool {
        x.mode == Mode::Value && matches!(self.types.get(x.ty), Type::Signature(s) if !s.tparams.is_empty())
    }

    fn conversion_call(
        &mut self,
        x: &mut Operand,
        target: TypeId,
        fun: ExprId,
        args: List<ExprId>,
        spread: bool,
    ) -> ExprKind {
        let whole = x.span;
        if self.is_generic_type(target) {
            // A generic type cannot infer its arguments from a conversion.
            self.use_exprs(args);
            let message = format!("cannot use generic type {} without instantiation", self.text(target));
            self.error(self.ast.span(fun), Code::NotInstantiated, message);
            return ExprKind::Conversion;
        }
        match (self.ast.first(args), args.len()) {
            (Some(arg), 1) => {
                if spread {
                    self.error(
                        self.ast.span(arg),
                        Code::InvalidSpread,
                        format!("invalid use of ... in conversion to {}", self.text(target)),
                    );
                    self.use_exprs(args);
                    return ExprKind::Conversion;
                }
                let e = x.expr;
                // A generic function takes its type arguments from a function type.
                let under = self.common_under(target).unwrap_or(target);
                let wants_function = matches!(self.under_type(under), Type::Signature(_));
                *x = self.expr_hint(arg, Some(target).filter(|_| wants_function));
                x.span = self.env.repeated_at.unwrap_or_else(|| self.ast.span(arg));
                if !x.is_invalid() && self.is_constraint(target) {
                    let message = format!(
                        "cannot use interface {} in conversion \
                         (contains specific type constraints or is comparable)",
                        self.text(target)
                    );
                    self.error(x.span, Code::MisplacedConstraint, message);
                    x.invalidate();
                }
                if !x.is_invalid() {
                    self.conversion(x, target);
                }
                x.expr = e;
                x.span = whole;
            }
            (_, 0) => {
                let close = Span::new(whole.hi.saturating_sub(1), whole.hi);
                let message = format!("missing argument in conversion to {}", self.text(target));
                self.error(close, Code::ArgumentCount, message);
            }
            _ => {
                self.use_exprs(args);
                let last = self.ast.last(args).map_or(whole, |a| self.ast.span(a));
                let message = format!("too many arguments in conversion to {}", self.text(target));
                self.error(last, Code::ArgumentCount, message);
            }
        }
        ExprKind::Conversion
    }

    fn is_constraint(&mut self, ty: TypeId) -> bool {
        if !self.is_plain_interface(ty) {
            return false;
        }
        let set = self.type_set(ty);
        set.terms.is_some() || set.comparable
    }

    fn function_call(&mut self, x: &mut Operand, e: ExprId, callee: Callee, args: List<ExprId>, spread: bool) {
        let Callee { operand, targs } = callee;
        self.env.has_call = true;
        let Some(sig) = self.callable(&operand) else {
            self.use_exprs(args);
            let why = match self.types.as_tparam(operand.ty) {
                Some(_) => self.common_under_or(operand.ty).err().unwrap_or_default(),
                None => String::new(),
            };
            let why = if why.is_empty() { format!("{} is not a function", self.text(operand.ty)) } else { why };
            let message = format!("invalid operation: cannot call {}: {why}", self.describe(&operand));
            self.error(x.span, Code::NotCallable, message);
            return;
        };
        if targs.len() > sig.tparams.len() {
            self.use_exprs(args);
            let extra = match self.ast.expr(operand.expr) {
                Expr::Index { indices, .. } => self.ast.nth(indices, sig.tparams.len()),
                _ => None,
            };
            let span = extra.map_or(operand.span, |i| self.ast.span(i));
            let message = format!("got {} type arguments but want {}", targs.len(), sig.tparams.len());
            self.error(span, Code::TypeArgumentCount, message);
            return;
        }
        let (mut operands, unpacked) = self.argument_values(args);
        let signature_ty = operand.ty;
        let result = self.arguments(e, &operand, signature_ty, &sig, &targs, &mut operands, unpacked, spread);
        let Some(sig) = result else {
            // The result's type is known all the same, if the function is not generic.
            if sig.tparams.is_empty() {
                self.call_result(x, &sig);
            }
            return;
        };
        self.call_result(x, &sig);
    }

    fn call_result(&mut self, x: &mut Operand, sig: &Signature) {
        match &sig.results[..] {
            [] => {
                x.mode = Mode::NoValue;
                x.ty = tid::EMPTY_TUPLE;
            }
            [one] => {
                if one.ty != tid::INVALID {
                    x.set_value(one.ty);
                }
            }
            many => {
                let parts: SmallVec<[TypeId; 4]> = many.iter().map(|p| p.ty).collect();
                let ty = self.types.tuple(&parts);
                x.set_value(ty);
            }
        }
    }

    /// The signature of what is called.
    fn callable(&mut self, x: &Operand) -> Option<Arc<Signature>> {
        if let Type::Signature(sig) = self.under_type(x.ty) {
            return Some(sig);
        }
        let under = self.common_under(x.ty)?;
        match self.types.get(under) {
            Type::Signature(sig) => Some(sig.clone()),
            _ => None,
        }
    }

    /// The values of arguments; the results of a single call are spread over the parameters. Says whether they were.
    fn argument_values(&mut self, args: List<ExprId>) -> (Vec<Operand>, bool) {
        let ast = self.ast;
        if let (Some(only), 1) = (ast.first(args), args.len()) {
            let mut x = self.operand(only);
            self.raw_expr(&mut x, only, None, true);
            if x.mode == Mode::NoValue || matches!(x.mode, Mode::Builtin(_) | Mode::Type) {
                let x = self.expr_value_only(x);
                return (vec![x], false);
            }
            let (operands, _) = self.unpack(x, false);
            let unpacked = operands.len() != 1;
            // Messages name the call, not which of its results it is.
            let whole = operands.into_iter().map(|x| Operand { part: Part::Whole, ..x });
            return (whole.collect(), unpacked);
        }
        (ast.list(args).map(|a| self.generic_expr(a)).collect(), false)
    }

    fn expr_value_only(&mut self, mut x: Operand) -> Operand {
        let (code, message) = match x.mode {
            Mode::NoValue => (Code::NotAValue, format!("{} (no value) used as value", self.expr_text(x.expr))),
            Mode::Builtin(_) => {
                (Code::BuiltinNotCalled, format!("{} (built-in) must be called", self.expr_text(x.expr)))
            }
            _ => (Code::NotAnExpression, format!("{} (type) is not an expression", self.expr_text(x.expr))),
        };
        self.error(x.span, code, message);
        x.invalidate();
        x
    }

    /// Checks arguments against parameters, inferring type arguments; the instantiated signature when all is well.
    #[expect(clippy::too_many_arguments, reason = "one call site; a struct would only rename them")]
    fn arguments(
        &mut self,
        e: ExprId,
        callee: &Operand,
        signature_ty: TypeId,
        sig: &Arc<Signature>,
        targs: &[TypeId],
        args: &mut [Operand],
        unpacked: bool,
        spread: bool,
    ) -> Option<Arc<Signature>> {
        let name = self.expr_text(callee.expr);
        let count = args.len();
        let mut params: Vec<TypeId> = sig.params.iter().map(|p| p.ty).collect();
        let mut wanted = params.len();
        if spread && !sig.variadic {
            let span = args.last().map_or(self.ast.span(e), |a| a.span);
            self.error(span, Code::InvalidSpread, format!("cannot use ... in call to non-variadic {name}"));
            return None;
        }
        if spread && unpacked {
            let span = args.first().map_or(self.ast.span(e), |a| a.span);
            let text = args.first().map(|a| self.expr_text(a.expr)).unwrap_or_default();
            self.error(span, Code::InvalidSpread, format!("cannot use ... with {count}-valued {text}"));
            return None;
        }
        if sig.variadic && !spread {
            if count + 1 >= wanted {
                let last = params.pop().unwrap_or(tid::INVALID);
                let elem = match self.types.get(last) {
                    Type::Slice(elem) => *elem,
                    _ => last,
                };
                params.resize(count, elem);
                wanted = count;
            } else {
                wanted -= 1;
            }
        }
        if count != wanted {
            self.argument_count(e, &name, sig, args, wanted, spread);
            return None;
        }
        let mut result = sig.clone();
        if !sig.tparams.is_empty() || args.iter().any(|a| self.is_generic_function(a)) {
            result = self.infer_call(e, callee, signature_ty, sig, targs, &mut params, args)?;
        }
        let context = format!("argument to {name}");
        for (arg, &param) in args.iter_mut().zip(&params) {
            self.assignment(arg, Some(param), &context);
        }
        Some(result)
    }

    #[expect(clippy::too_many_arguments, reason = "one call site; a struct would only rename them")]
    fn infer_call(
        &mut self,
        e: ExprId,
        callee: &Operand,
        signature_ty: TypeId,
        sig: &Arc<Signature>,
        targs: &[TypeId],
        params: &mut [TypeId],
        args: &mut [Operand],
    ) -> Option<Arc<Signature>> {
        if args.iter().any(|a| a.is_invalid()) {
            return None;
        }
        let mut partial: Vec<Option<TypeId>> = targs.iter().copied().map(Some).collect();
        partial.resize(sig.tparams.len(), None);
        let close = Span::new(self.ast.span(e).hi.saturating_sub(1), self.ast.span(e).hi);
        let inferred = self.infer(close, callee.expr, &sig.tparams, &partial, params, args)?;
        if sig.tparams.is_empty() {
            // Only arguments were generic.
            return Some(sig.clone());
        }
        let spans: Vec<Span> = match self.ast.expr(callee.expr) {
            Expr::Index { indices, .. } => self.ast.list(indices).map(|i| self.ast.span(i)).collect(),
            _ => Vec::new(),
        };
        let instance = self.instantiate_signature(callee.span, callee.expr, &inferred, signature_ty, &spans)?;
        for param in params.iter_mut() {
            *param = self.subst(*param, &sig.tparams, &inferred);
        }
        self.info.set_type(callee.expr, instance);
        self.record_instance(callee.expr, &inferred);
        match self.types.get(instance) {
            Type::Signature(sig) => Some(sig.clone()),
            _ => None,
        }
    }

    /// Records the type arguments of a function at the expression that names it.
    pub(super) fn record_instance(&mut self, callee: ExprId, targs: &[TypeId]) {
        let mut e = self.ast.unparen(callee);
        if let Expr::Index { x, .. } = self.ast.expr(e) {
            e = self.ast.unparen(x);
        }
        self.info.instances.insert(e, Arc::from(targs));
    }

    fn argument_count(
        &mut self,
        e: ExprId,
        name: &str,
        sig: &Signature,
        args: &[Operand],
        wanted: usize,
        spread: bool,
    ) {
        let span = self.ast.span(e);
        let (span, word) = match args.get(wanted) {
            Some(extra) => (extra.span, "too many"),
            None => (Span::new(span.hi.saturating_sub(1), span.hi), "not enough"),
        };
        let have = self.operand_summary(args, spread);
        let want = self.param_summary(&sig.params, sig.variadic);
        let diagnostic = Diagnostic::error(Code::ArgumentCount, span, format!("{word} arguments in call to {name}"))
            .note(format!("have {have}"))
            .note(format!("want {want}"));
        self.report(diagnostic);
    }

    /// `(number, string)`: the types of operands in a few words.
    pub(super) fn operand_summary(&self, operands: &[Operand], spread: bool) -> String {
        let mut parts: Vec<String> = operands.iter().map(|x| self.summary(x.ty)).collect();
        if spread && let Some(last) = parts.last_mut() {
            last.push_str("...");
        }
        format!("({})", parts.join(", "))
    }

    /// `(int, ...string)`: the types of parameters or results.
    pub(super) fn param_summary(&self, params: &[Param], variadic: bool) -> String {
        let count = params.len();
        let part = |(i, p): (usize, &Param)| match self.types.get(p.ty) {
            Type::Slice(elem) if variadic && i + 1 == count => format!("...{}", self.text(*elem)),
            _ => self.summary(p.ty),
        };
        let parts: Vec<String> = params.iter().enumerate().map(part).collect();
        format!("({})", parts.join(", "))
    }

    fn summary(&self, ty: TypeId) -> String {
        match self.types.as_basic(ty) {
            Some(Basic::Invalid) => "unknown type".into(),
            Some(basic) if basic.is_untyped() && basic.is_numeric() => "number".into(),
            Some(basic) if basic.is_untyped() => basic.name().trim_start_matches("untyped ").into(),
            _ => self.text(ty),
        }
    }

    // ---- Instantiation

    /// `x[…]`: an element, or an instance of a generic type or function.
    pub(super) fn index_or_instance(
        &mut self,
        x: &mut Operand,
        e: ExprId,
        base: ExprId,
        indices: List<ExprId>,
        hint: Option<TypeId>,
    ) {
        let operand = self.expr_or_type(base, true);
        if operand.is_invalid() {
            self.use_exprs(indices);
            return;
        }
        if self.is_generic_function(&operand) {
            self.func_instance(x, e, operand, indices, hint);
            return;
        }
        self.index_base(x, e, base, operand, indices);
    }

    fn index_base(&mut self, x: &mut Operand, e: ExprId, base: ExprId, operand: Operand, indices: List<ExprId>) {
        if operand.mode == Mode::Type {
            let ty = self.type_expr(e);
            if ty != tid::INVALID {
                x.mode = Mode::Type;
                x.ty = ty;
            }
            return;
        }
        if let Mode::Builtin(_) = operand.mode {
            let message = format!("cannot index {} (built-in)", self.expr_text(base));
            self.error(operand.span, Code::BuiltinNotCalled, message);
            self.use_exprs(indices);
            return;
        }
        self.index_expr(x, e, operand, indices);
    }

    /// A generic function with type arguments, perhaps not all.
    fn func_instance(
        &mut self,
        x: &mut Operand,
        e: ExprId,
        operand: Operand,
        indices: List<ExprId>,
        hint: Option<TypeId>,
    ) {
        let Some(targs) = self.type_args(indices) else { return };
        let Type::Signature(sig) = self.types.get(operand.ty).clone() else { return };
        if targs.len() > sig.tparams.len() {
            let span = self.ast.nth(indices, sig.tparams.len()).map_or(x.span, |i| self.ast.span(i));
            let message = format!("got {} type arguments but want {}", targs.len(), sig.tparams.len());
            self.error(span, Code::TypeArgumentCount, message);
            return;
        }
        let spans: Vec<Span> = self.ast.list(indices).map(|i| self.ast.span(i)).collect();
        if targs.len() < sig.tparams.len() {
            // The rest is inferred where the function is used: `raw_expr` and `infer` find what is written here.
            return x.set_value(operand.ty);
        }
        let partial: Vec<Option<TypeId>> = targs.iter().copied().map(Some).collect();
        self.complete_instance(x, e, operand.ty, &partial, hint, &spans);
    }

    /// Infers what is missing of a function's type arguments from the type it is wanted as.
    fn complete_instance(
        &mut self,
        x: &mut Operand,
        e: ExprId,
        sig: TypeId,
        partial: &[Option<TypeId>],
        target: Option<TypeId>,
        spans: &[Span],
    ) {
        let complete: Option<Vec<TypeId>> = partial.iter().copied().collect();
        let targs: Option<Vec<TypeId>> = match complete {
            Some(targs) => Some(targs),
            None => self.infer_target(x.span, sig, partial, target),
        };
        let Some(targs) = targs else { return x.invalidate() };
        match self.instantiate_signature(x.span, e, &targs, sig, spans) {
            Some(instance) => {
                x.set_value(instance);
                self.record_instance(e, &targs);
            }
            None => x.invalidate(),
        }
    }

    /// Type arguments written behind a generic function's name; they have been checked.
    pub(super) fn written_type_args(&self, e: ExprId) -> Vec<TypeId> {
        match self.ast.expr(self.ast.unparen(e)) {
            Expr::Index { indices, .. } => self.ast.list(indices).map(|i| self.info.type_of(i)).collect(),
            _ => Vec::new(),
        }
    }

    /// Completes a generic function that is used as a value, from the type arguments written and the type wanted.
    pub(super) fn complete_written(&mut self, x: &mut Operand, sig: &Signature, target: Option<TypeId>) {
        let (e, ty) = (x.expr, x.ty);
        let mut partial: Vec<Option<TypeId>> = self.written_type_args(e).into_iter().map(Some).collect();
        partial.resize(sig.tparams.len(), None);
        let spans: Vec<Span> = match self.ast.expr(self.ast.unparen(e)) {
            Expr::Index { indices, .. } => self.ast.list(indices).map(|i| self.ast.span(i)).collect(),
            _ => Vec::new(),
        };
        self.complete_instance(x, e, ty, &partial, target, &spans);
    }

    /// A generic function that is used as a value of a known type.
    pub(super) fn instantiate_for_target(&mut self, x: &mut Operand, target: TypeId) {
        let Type::Signature(sig) = self.types.get(x.ty).clone() else { return };
        let target = self.common_under(target).unwrap_or(target);
        if !matches!(self.under_type(target), Type::Signature(_)) {
            let message = format!("cannot use generic function {} without instantiation", self.expr_text(x.expr));
            self.error(x.span, Code::NotInstantiated, message);
            return x.invalidate();
        }
        self.complete_written(x, &sig, Some(target));
    }

    // ---- Function literals and assertions

    pub(super) fn func_lit(&mut self, x: &mut Operand, e: ExprId, ty: ExprId, body: BlockId) {
        let sig = self.type_expr(ty);
        if sig == tid::INVALID {
            return;
        }
        if self.funcs.is_empty() {
            self.delay_body(sig, body, e);
        } else {
            let outer = self.env.clone();
            (self.env.iota, self.env.repeated_at, self.env.script_top) = (None, None, false);
            self.func_body(sig, body, Some(e), None);
            self.env = outer;
        }
        x.set_value(sig);
    }

    pub(super) fn assertion(&mut self, x: &mut Operand, e: ExprId, base: ExprId, ty: Option<ExprId>) {
        let operand = self.expr(base);
        let Some(ty) = ty else {
            self.error(x.span, Code::InvalidTypeSwitch, "use of .(type) outside type switch");
            return;
        };
        if operand.is_invalid() {
            self.type_expr(ty);
            return;
        }
        if self.types.as_tparam(operand.ty).is_some() {
            let message = format!(
                "invalid operation: cannot use type assertion on type parameter value {}",
                self.describe(&operand)
            );
            self.error(operand.span, Code::InvalidAssertion, message);
            self.type_expr(ty);
            return;
        }
        if !self.is_plain_interface(operand.ty) {
            let message = format!("invalid operation: {} is not an interface", self.describe(&operand));
            self.error(operand.span, Code::InvalidAssertion, message);
            self.type_expr(ty);
            return;
        }
        let target = self.var_type(ty);
        if target == tid::INVALID {
            return;
        }
        self.check_assertable(e, target, operand.ty, false);
        x.mode = Mode::CommaOk;
        x.ty = target;
    }

    /// Reports an assertion that can never hold: a concrete type that does not implement the interface.
    pub(super) fn check_assertable(&mut self, e: ExprId, target: TypeId, interface: TypeId, in_switch: bool) -> bool {
        if self.is_plain_interface(target) {
            return true;
        }
        let Err(cause) = self.implements(target, interface, false) else { return true };
        let span = self.ast.span(e);
        let message = if in_switch {
            let text = self.expr_text(e);
            format!("impossible type switch case: {text}")
        } else {
            format!("impossible type assertion: {}", self.expr_text(e))
        };
        let mut diagnostic = Diagnostic::error(Code::ImpossibleAssertion, span, message).note(cause.text);
        diagnostic.notes.extend(cause.notes);
        self.report(diagnostic);
        false
    }
}

fn builtin_kind(builtin: Builtin) -> ExprKind {
    use Builtin::*;
    match builtin {
        Append | Cap | Complex | Imag | Len | Make | Max | Min | New | Real => ExprKind::Expression,
        Clear | Close | Copy | Delete | Panic | Print | Println | Recover => ExprKind::Statement,
    }
}
