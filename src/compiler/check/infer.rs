//! Type inference: the type arguments of a generic function, from its arguments or from the type it is wanted as.
//!
//! 1. Typed arguments are unified with their parameters' types.
//! 2. Type parameters are unified with their constraints' types and methods, until nothing more is learned.
//! 3. A type parameter that only untyped constants are left for gets the default type of the largest kind.
//! 4. What was inferred in terms of other type parameters is resolved; what remains cannot be inferred.
//!
//! Generic functions among the arguments take part with type parameters of their own. All type parameters are renamed
//! where they might also occur in the types of arguments, as in recursive calls.

use super::unify::{Matching, Unifier};
use super::{Checker, Operand};
use crate::base::Span;
use crate::compiler::diag::{Code, Diagnostic};
use crate::compiler::syntax::ast::ExprId;
use crate::compiler::types::{Type, TypeId, tid};

/// What a type is matched for, as messages name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TargetName {
    /// A variable that is assigned to.
    Unnamed,
    /// An argument.
    Expr(ExprId),
}

/// A type that is matched with a parameter.
struct Given {
    ty: TypeId,
    span: Span,
    /// The type as messages show it: of a generic function, with its type parameters.
    shown: TypeId,
    is_nil: bool,
    name: TargetName,
}

/// Why inference failed.
struct Failure {
    span: Span,
    code: Code,
    message: String,
    notes: Vec<String>,
}

impl Failure {
    fn new(span: Span, code: Code, message: String) -> Self {
        Self { span, code, message, notes: Vec::new() }
    }
}

/// A generic function among the arguments: which, and where its type parameters begin among all.
struct GenericArgument {
    index: usize,
    ty: TypeId,
    first: usize,
    count: usize,
}

impl Checker<'_> {
    /// The type arguments of the function `callee` in a call; generic functions among the arguments are instantiated,
    /// also when the callee is not generic (`tparams` is empty). Reports what cannot be inferred.
    pub(super) fn infer(
        &mut self,
        span: Span,
        callee: ExprId,
        tparams: &[TypeId],
        partial: &[Option<TypeId>],
        params: &[TypeId],
        args: &mut [Operand],
    ) -> Option<Vec<TypeId>> {
        if args.iter().any(|a| a.is_invalid()) {
            return None;
        }
        let (mut all, mut params) = self.separate(tparams, params, partial, args);
        let mut known = partial.to_vec();
        known.resize(tparams.len(), None);
        let mut generic: Vec<GenericArgument> = Vec::new();
        let mut given: Vec<Given> = Vec::with_capacity(args.len());
        for (index, arg) in args.iter().enumerate() {
            let mut ty = arg.ty;
            if let Type::Signature(sig) = self.types.spelled(ty)
                && !sig.tparams.is_empty()
            {
                let sig = sig.clone();
                let fresh = self.renamed_tparams(&sig.tparams);
                let mut plain = (*sig).clone();
                plain.tparams = Vec::new();
                plain.params.iter_mut().for_each(|p| p.ty = self.subst(p.ty, &sig.tparams, &fresh));
                plain.results.iter_mut().for_each(|p| p.ty = self.subst(p.ty, &sig.tparams, &fresh));
                ty = self.types.intern(Type::Signature(plain.into()));
                known.resize(all.len(), None);
                known.extend(self.written_type_args(arg.expr).into_iter().map(Some));
                generic.push(GenericArgument { index, ty: arg.ty, first: all.len(), count: fresh.len() });
                all.extend(fresh);
            }
            let name = TargetName::Expr(arg.expr);
            given.push(Given { ty, span: arg.span, shown: arg.ty, is_nil: arg.is_nil(), name });
        }
        if all.is_empty() {
            return Some(Vec::new());
        }
        known.resize(all.len(), None);
        self.apply_known(&all, &known, &mut params);
        match self.solve(span, &all, &known, &params, &given, false) {
            Ok(mut targs) => {
                self.instantiate_arguments(&generic, &targs, args)?;
                targs.truncate(tparams.len());
                Some(targs)
            }
            Err(Some(mut failure)) => {
                failure.message = format!("in call to {}, {}", self.expr_text(callee), failure.message);
                self.report_failure(failure);
                None
            }
            Err(None) => None,
        }
    }

    /// The type parameters to solve for and the parameters in terms of them: renamed if the arguments mention them.
    fn separate(
        &mut self,
        tparams: &[TypeId],
        params: &[TypeId],
        partial: &[Option<TypeId>],
        args: &[Operand],
    ) -> (Vec<TypeId>, Vec<TypeId>) {
        let mentioned = args.iter().map(|a| a.ty).chain(partial.iter().flatten().copied());
        let clash = mentioned.into_iter().any(|ty| self.is_parameterized(ty, tparams));
        if !clash {
            return (tparams.to_vec(), params.to_vec());
        }
        let fresh = self.renamed_tparams(tparams);
        let params = self.subst_list(params, tparams, &fresh).into_vec();
        (fresh, params)
    }

    /// Type arguments that are known are put in at once: their parameters take assignable arguments, not identical
    /// ones only.
    fn apply_known(&mut self, tparams: &[TypeId], known: &[Option<TypeId>], params: &mut [TypeId]) {
        let (from, to): (Vec<TypeId>, Vec<TypeId>) =
            tparams.iter().zip(known).filter_map(|(&p, known)| Some((p, (*known)?))).unzip();
        for param in params {
            *param = self.subst(*param, &from, &to);
        }
    }

    fn instantiate_arguments(
        &mut self,
        generic: &[GenericArgument],
        targs: &[TypeId],
        args: &mut [Operand],
    ) -> Option<()> {
        for argument in generic {
            let own = targs.get(argument.first..argument.first + argument.count)?;
            let arg = args.get_mut(argument.index)?;
            let instance = self.instantiate_signature(arg.span, arg.expr, own, argument.ty, &[])?;
            arg.ty = instance;
            self.info.set_type(arg.expr, instance);
            self.record_instance(arg.expr, own);
        }
        Some(())
    }

    fn report_failure(&mut self, failure: Failure) {
        let mut diagnostic = Diagnostic::error(failure.code, failure.span, failure.message);
        diagnostic.notes = failure.notes;
        self.report(diagnostic);
    }

    /// The type arguments of a generic function that is used as a value of the function type `target`, some of them
    /// given. Reports what cannot be inferred.
    pub(super) fn infer_target(
        &mut self,
        span: Span,
        sig: TypeId,
        partial: &[Option<TypeId>],
        target: Option<TypeId>,
    ) -> Option<Vec<TypeId>> {
        let Type::Signature(generic) = self.types.get(sig).clone() else { return None };
        // The function may be used inside of itself.
        let tparams = self.renamed_tparams(&generic.tparams);
        let mut params = Vec::new();
        let mut given = Vec::new();
        if let Some(target) = target {
            let mut plain = (*generic).clone();
            plain.tparams = Vec::new();
            let plain = self.types.intern(Type::Signature(plain.into()));
            params.push(self.subst(plain, &generic.tparams, &tparams));
            given.push(Given { ty: target, span, shown: target, is_nil: false, name: TargetName::Unnamed });
        }
        self.apply_known(&tparams, partial, &mut params);
        match self.solve(span, &tparams, partial, &params, &given, true) {
            Ok(targs) => Some(targs),
            Err(failure) => {
                if let Some(failure) = failure {
                    self.report_failure(failure);
                }
                None
            }
        }
    }

    fn target_text(&self, name: TargetName) -> String {
        match name {
            TargetName::Unnamed => "variable".into(),
            TargetName::Expr(e) => self.expr_text(e),
        }
    }

    /// Solves for type parameters. `Err(None)` says that the cause was reported before.
    fn solve(
        &mut self,
        span: Span,
        tparams: &[TypeId],
        known: &[Option<TypeId>],
        params: &[TypeId],
        given: &[Given],
        reverse: bool,
    ) -> Result<Vec<TypeId>, Option<Failure>> {
        let complete: Option<Vec<TypeId>> = tparams.iter().enumerate().map(|(i, _)| known.get(i).copied()?).collect();
        if let Some(complete) = complete {
            return Ok(complete);
        }
        if given.iter().any(|g| g.ty == tid::INVALID) || params.contains(&tid::INVALID) {
            return Err(None);
        }
        let mut u = Unifier::new(tparams, known);
        let mut untyped: Vec<(TypeId, &Given)> = Vec::new();
        for (&param, given) in params.iter().zip(given) {
            if !self.is_parameterized(param, tparams) && !self.is_parameterized(given.ty, tparams) {
                continue;
            }
            if self.types.is_untyped(given.ty) {
                if self.is_tparam(param) && !given.is_nil {
                    untyped.push((param, given));
                }
            } else if !self.unify(&mut u, param, given.ty, Matching::ASSIGN) {
                return Err(Some(self.mismatch(&u, tparams, param, given, reverse)));
            }
        }
        self.infer_from_constraints(span, &mut u, tparams).map_err(Some)?;
        self.infer_from_constants(&mut u, &untyped).map_err(Some)?;
        self.resolve_inferred(span, tparams, u.inferred()).map_err(Some)
    }

    fn mismatch(&mut self, u: &Unifier, tparams: &[TypeId], param: TypeId, given: &Given, reverse: bool) -> Failure {
        let inferred = u.inferred();
        let (ty, text) = (self.text(given.shown), self.target_text(given.name));
        if inferred.iter().all(Option::is_none) {
            let names: Vec<String> = tparams.iter().map(|&p| self.text(p)).collect();
            let (param, names) = (self.text(param), enumeration(&names));
            let message = format!("type {ty} of {text} does not match {param} (cannot infer {names})");
            return Failure::new(given.span, Code::InferenceMismatch, message);
        }
        let (from, to): (Vec<TypeId>, Vec<TypeId>) =
            tparams.iter().zip(&inferred).filter_map(|(&p, known)| Some((p, (*known)?))).unzip();
        let resolved = self.subst(param, &from, &to);
        let message = if resolved == param {
            format!("type {ty} of {text} does not match {}", self.text(param))
        } else if reverse {
            format!("inferred type {} for {} does not match type {ty} of {text}", self.text(resolved), self.text(param))
        } else {
            format!("type {ty} of {text} does not match inferred type {} for {}", self.text(resolved), self.text(param))
        };
        Failure::new(given.span, Code::InferenceMismatch, message)
    }

    /// What constraints say: their single type or shared underlying type, and their methods.
    fn infer_from_constraints(&mut self, span: Span, u: &mut Unifier, tparams: &[TypeId]) -> Result<(), Failure> {
        loop {
            let before = u.unknowns();
            for &tparam in tparams {
                self.infer_from_constraint(span, u, tparam, tparams)?;
            }
            if u.unknowns() == before {
                return Ok(());
            }
        }
    }

    fn infer_from_constraint(
        &mut self,
        span: Span,
        u: &mut Unifier,
        tparam: TypeId,
        tparams: &[TypeId],
    ) -> Result<(), Failure> {
        let known = u.at(tparam);
        if let Some((core, single, tilde)) = self.core_term(tparam) {
            match known {
                // Inexact: whether the constraint is met is verified when all arguments are known.
                Some(ty) if !self.unify(u, ty, core, Matching::INEXACT) => {
                    return Err(self.unsatisfied(span, tparam, ty));
                }
                None if single && !tilde => u.set(tparam, core),
                _ => {}
            }
        }
        let Some(ty) = known.filter(|&ty| !self.is_parameterized(ty, tparams)) else { return Ok(()) };
        let Some(constraint) = self.constraint_of(tparam) else { return Ok(()) };
        match self.missing_equivalent(ty, constraint, &mut |c, a, b| c.unify(u, a, b, Matching::EXACT)) {
            None => Ok(()),
            Some(cause) => {
                let mut failure = self.unsatisfied(span, tparam, ty);
                failure.message = format!("{} {}", failure.message, cause.text);
                failure.notes = cause.notes;
                Err(failure)
            }
        }
    }

    fn unsatisfied(&mut self, span: Span, tparam: TypeId, ty: TypeId) -> Failure {
        let constraint = self.constraint_of(tparam).unwrap_or(tid::EMPTY_INTERFACE);
        let message =
            format!("{} (type {}) does not satisfy {}", self.text(tparam), self.text(ty), self.text(constraint));
        Failure::new(span, Code::NotSatisfied, message)
    }

    /// The type that a constraint comes down to: its only term, or the underlying type that all its terms share. Also
    /// says whether it is the only term, and whether defined types are meant, too.
    fn core_term(&mut self, tparam: TypeId) -> Option<(TypeId, bool, bool)> {
        let terms = self.types.as_tparam(tparam).and_then(|p| self.tparam_terms(p))?;
        match &terms[..] {
            [] => None,
            [only] => Some((only.ty, true, only.tilde)),
            many => Some((self.common_under(tparam)?, false, many.iter().any(|t| t.tilde))),
        }
    }

    /// Untyped constants decide what nothing else has decided.
    fn infer_from_constants(&mut self, u: &mut Unifier, untyped: &[(TypeId, &Given)]) -> Result<(), Failure> {
        let mut largest: Vec<(TypeId, TypeId)> = Vec::new();
        for &(tparam, given) in untyped {
            if u.at(tparam).is_some() {
                continue;
            }
            match largest.iter_mut().find(|(p, _)| *p == tparam) {
                None => largest.push((tparam, given.ty)),
                Some((_, max)) => match larger_kind(*max, given.ty) {
                    Some(larger) => *max = larger,
                    None => {
                        let (a, b, tparam) = (self.text(*max), self.text(given.ty), self.text(tparam));
                        let message = format!("mismatched types {a} and {b} (cannot infer {tparam})");
                        return Err(Failure::new(given.span, Code::InferenceMismatch, message));
                    }
                },
            }
        }
        for (tparam, kind) in largest {
            let ty = self.default_type(kind);
            u.set(tparam, ty);
        }
        Ok(())
    }

    /// Replaces type parameters inside of inferred types by what was inferred for them.
    fn resolve_inferred(
        &mut self,
        span: Span,
        tparams: &[TypeId],
        mut inferred: Vec<Option<TypeId>>,
    ) -> Result<Vec<TypeId>, Failure> {
        // Each round resolves at least one type parameter, unless they are defined by each other.
        for _ in 0..tparams.len() {
            let done: Vec<Option<TypeId>> =
                inferred.iter().map(|ty| ty.filter(|&ty| !self.is_parameterized(ty, tparams))).collect();
            if done.iter().all(Option::is_some) {
                break;
            }
            let (from, to): (Vec<TypeId>, Vec<TypeId>) =
                tparams.iter().zip(&done).filter_map(|(&p, ty)| Some((p, (*ty)?))).unzip();
            for ty in inferred.iter_mut().flatten() {
                *ty = self.subst(*ty, &from, &to);
            }
        }
        let mut targs = Vec::with_capacity(tparams.len());
        for (&tparam, ty) in tparams.iter().zip(inferred) {
            match ty.filter(|&ty| !self.is_parameterized(ty, tparams)) {
                Some(ty) => targs.push(ty),
                None => {
                    let place = match self.types.as_tparam(tparam) {
                        Some(p) => self.sources.describe(self.objects[self.types.tparam(p).obj].span),
                        None => String::new(),
                    };
                    let message = format!("cannot infer {} (declared at {place})", self.text(tparam));
                    return Err(Failure::new(span, Code::CannotInfer, message));
                }
            }
        }
        Ok(targs)
    }

    /// Whether one of `tparams` occurs in a type.
    pub(super) fn is_parameterized(&self, ty: TypeId, tparams: &[TypeId]) -> bool {
        if !self.types.has_tparam(ty) {
            return false;
        }
        if tparams.contains(&ty) {
            return true;
        }
        let mut found = false;
        self.types.each_part(self.types.spelled(ty), |part| found = found || self.is_parameterized(part, tparams));
        found
    }
}

/// The larger of two untyped kinds: of numbers the more general, otherwise only equal ones go together.
fn larger_kind(a: TypeId, b: TypeId) -> Option<TypeId> {
    const NUMBERS: [TypeId; 3] = [tid::UNTYPED_INT, tid::UNTYPED_RUNE, tid::UNTYPED_FLOAT];
    if a == b {
        return Some(a);
    }
    let rank = |ty| NUMBERS.iter().position(|&n| n == ty);
    let larger = rank(a)?.max(rank(b)?);
    NUMBERS.get(larger).copied()
}

/// `A`, `A and B`, `A, B, and C`
fn enumeration(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [a, b] => format!("{a} and {b}"),
        [first @ .., last] => format!("{}, and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn untyped_numbers_take_the_most_general_kind() {
        assert_eq!(larger_kind(tid::UNTYPED_INT, tid::UNTYPED_FLOAT), Some(tid::UNTYPED_FLOAT));
        assert_eq!(larger_kind(tid::UNTYPED_RUNE, tid::UNTYPED_INT), Some(tid::UNTYPED_RUNE));
        assert_eq!(larger_kind(tid::UNTYPED_STRING, tid::UNTYPED_STRING), Some(tid::UNTYPED_STRING));
        assert_eq!(larger_kind(tid::UNTYPED_STRING, tid::UNTYPED_INT), None);
    }

    #[test]
    fn names_are_enumerated_in_english() {
        let names = |n: usize| ["A", "B", "C"][..n].iter().map(|s| s.to_string()).collect::<Vec<_>>();
        assert_eq!(enumeration(&names(1)), "A");
        assert_eq!(enumeration(&names(2)), "A and B");
        assert_eq!(enumeration(&names(3)), "A, B, and C");
    }
}
