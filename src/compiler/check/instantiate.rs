//! Instantiation: generic types and functions with type arguments, and the structure of instances.
//!
//! An instance of a type is a nominal entry of its own, shared by equal arguments; its underlying type is substituted
//! into that of its generic type on demand. That the arguments satisfy their constraints is verified when declarations
//! are complete. Instances nested too deeply are cut off: a program that grows them without end is reported by `mono`,
//! but until then nothing may loop.

use std::collections::hash_map::Entry;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

use super::Checker;
use super::assignability::Cause;
use super::mono::Edge;
use crate::base::Span;
use crate::compiler::diag::{Code, Diagnostic};
use crate::compiler::syntax::ast::ExprId;
use crate::compiler::types::{AliasInfo, NamedId, ObjId, Signature, Type, TypeId, tid};

/// How deep type arguments may nest before an instance is cut off.
pub(super) const MAX_DEPTH: u32 = 200;

/// What the checker remembers of generic types and functions.
#[derive(Default)]
pub(super) struct Generics {
    /// Interfaces whose type sets are being computed.
    pub computing: Vec<TypeId>,
    /// Generic types whose underlying types are being resolved for an instance.
    expanding: Vec<NamedId>,
    /// Instances whose arguments satisfy their constraints.
    verified: FxHashSet<TypeId>,
    /// Where each instance is first mentioned.
    pub places: FxHashMap<TypeId, Span>,
    /// How deep types nest.
    depths: FxHashMap<TypeId, u32>,
    /// A generic type that had an instance nested too deeply.
    pub cut_off: Option<ObjId>,
    /// Which type parameters are instantiated with types that contain which others.
    pub edges: Vec<Edge>,
    /// Defined types that do not contain themselves, with which of their parameters they store in place.
    pub stored: FxHashMap<NamedId, SmallVec<[bool; 4]>>,
    /// Defined types whose declarations are being walked to find that out.
    pub walked: FxHashSet<NamedId>,
    /// Generic functions whose local types are substituted too, which only matters when they are compiled.
    pub owners: FxHashSet<ObjId>,
    /// Local types with the type arguments of their functions.
    pub locals: FxHashMap<(NamedId, SmallVec<[TypeId; 4]>), TypeId>,
    /// All defined types that were checked.
    pub declared: Vec<TypeId>,
}

impl Checker<'_> {
    /// The instance of a generic type or alias; [`tid::INVALID`] when the number of arguments is wrong, which is
    /// reported. Constraints are verified when no declaration is in progress.
    pub(super) fn instantiate(&mut self, span: Span, generic: TypeId, targs: &[TypeId], arg_spans: &[Span]) -> TypeId {
        match self.types.spelled(generic) {
            Type::Alias(id) => {
                let alias = self.types.alias(*id).clone();
                if !self.check_type_argument_count(span, alias.obj, alias.tparams.len(), arg_spans, targs.len()) {
                    return tid::INVALID;
                }
                self.verify_or_delay(span, alias.tparams.to_vec(), targs, arg_spans, None);
                let actual = self.subst(alias.actual, &alias.tparams, targs);
                self.types.new_alias(AliasInfo { targs: Arc::from(targs), tparams: Arc::from([]), actual, ..alias })
            }
            Type::Named(id) => {
                let id = *id;
                let (object, tparams) = (self.types.named(id).obj, self.types.named(id).tparams.clone());
                if !self.check_type_argument_count(span, object, tparams.len(), arg_spans, targs.len()) {
                    return tid::INVALID;
                }
                let instance = self.types.instance(id, targs);
                if let Entry::Vacant(place) = self.generics.places.entry(instance) {
                    place.insert(span);
                    self.note_instance(span, &tparams, targs, arg_spans);
                }
                if !self.generics.verified.contains(&instance) {
                    self.verify_or_delay(span, tparams.to_vec(), targs, arg_spans, Some(instance));
                }
                instance
            }
            _ => tid::INVALID,
        }
    }

    fn check_type_argument_count(
        &mut self,
        span: Span,
        object: ObjId,
        want: usize,
        arg_spans: &[Span],
        have: usize,
    ) -> bool {
        if have == want {
            return true;
        }
        let (at, word) = match arg_spans.get(want) {
            Some(&extra) => (extra, "too many"),
            None => (span, if have < want { "not enough" } else { "too many" }),
        };
        let name = self.name(self.objects[object].name);
        let message = format!("{word} type arguments for type {name}: have {have}, want {want}");
        self.error(at, Code::TypeArgumentCount, message);
        false
    }

    /// The signature of a generic function with type arguments. `callee` is the expression that names the function;
    /// the caller records the arguments there.
    pub(super) fn instantiate_signature(
        &mut self,
        span: Span,
        callee: ExprId,
        targs: &[TypeId],
        sig: TypeId,
        arg_spans: &[Span],
    ) -> Option<TypeId> {
        let Type::Signature(generic) = self.types.get(sig).clone() else { return None };
        if generic.tparams.len() != targs.len() {
            let text = self.expr_text(callee);
            let message = format!("got {} type arguments for {text} but want {}", targs.len(), generic.tparams.len());
            self.error(span, Code::TypeArgumentCount, message);
            return None;
        }
        self.note_instance(span, &generic.tparams, targs, arg_spans);
        self.verify_or_delay(span, generic.tparams.clone(), targs, arg_spans, None);
        let plain = Signature { tparams: Vec::new(), ..(*generic).clone() };
        let plain = self.types.intern(Type::Signature(Arc::new(plain)));
        Some(self.subst(plain, &generic.tparams, targs))
    }

    // ---- Constraints

    fn verify_or_delay(
        &mut self,
        span: Span,
        tparams: Vec<TypeId>,
        targs: &[TypeId],
        arg_spans: &[Span],
        instance: Option<TypeId>,
    ) {
        if self.path.is_empty() {
            return self.verify_and_report(span, &tparams, targs, arg_spans, instance);
        }
        let (targs, arg_spans) = (targs.to_vec(), arg_spans.to_vec());
        self.later(move |c| c.verify_and_report(span, &tparams, &targs, &arg_spans, instance));
    }

    fn verify_and_report(
        &mut self,
        span: Span,
        tparams: &[TypeId],
        targs: &[TypeId],
        arg_spans: &[Span],
        instance: Option<TypeId>,
    ) {
        match self.verify(tparams, targs) {
            Ok(()) => self.generics.verified.extend(instance),
            Err((index, cause)) => {
                let at = arg_spans.get(index).copied().unwrap_or(span);
                let mut diagnostic = Diagnostic::error(Code::NotSatisfied, at, cause.text);
                diagnostic.notes = cause.notes;
                self.report(diagnostic);
            }
        }
    }

    /// Whether type arguments satisfy the constraints of their parameters: otherwise the first that does not, and why.
    pub(super) fn verify(&mut self, tparams: &[TypeId], targs: &[TypeId]) -> Result<(), (usize, Cause)> {
        for (index, (&tparam, &targ)) in tparams.iter().zip(targs).enumerate() {
            let Some(constraint) = self.constraint_of(tparam) else { continue };
            let bound = self.subst(constraint, tparams, targs);
            self.implements(targ, bound, true).map_err(|cause| (index, cause))?;
        }
        Ok(())
    }

    // ---- Underlying types

    /// The underlying type of a defined type: what the chain of right sides ends in. [`tid::INVALID`], and not yet
    /// final, while a declaration on the way is in progress.
    pub(super) fn resolve_underlying(&mut self, id: NamedId) -> TypeId {
        let mut chain: SmallVec<[NamedId; 4]> = SmallVec::new();
        let mut at = id;
        let under = loop {
            let named = self.types.named(at);
            if let Some(known) = named.underlying {
                break known;
            }
            if chain.contains(&at) {
                // Defined as itself, which `finite` reports.
                return tid::INVALID;
            }
            chain.push(at);
            if let Some(origin) = named.origin {
                match self.expand(at, origin) {
                    Some(under) => break under,
                    None => return tid::INVALID,
                }
            }
            let Some(rhs) = named.rhs else { return tid::INVALID };
            match *self.types.get(rhs) {
                Type::Named(next) => at = next,
                _ => break self.types.unalias(rhs),
            }
        };
        for named in chain {
            self.types.named_mut(named).underlying = Some(under);
        }
        under
    }

    /// The underlying type of an instance; `None` while that of its generic type is not known.
    fn expand(&mut self, instance: NamedId, origin: NamedId) -> Option<TypeId> {
        if self.generics.expanding.contains(&origin) {
            return None;
        }
        self.generics.expanding.push(origin);
        let generic = self.under(self.types.named(origin).ty);
        self.generics.expanding.pop();
        if generic == tid::INVALID {
            return self.types.named(origin).underlying;
        }
        let named = self.types.named(instance);
        let (ty, targs) = (named.ty, named.targs.clone());
        if self.nesting(ty) > MAX_DEPTH {
            // The cause, a cycle of instantiations, is reported when all is checked.
            self.generics.cut_off = Some(self.types.named(origin).obj);
            return Some(tid::INVALID);
        }
        let tparams = self.types.named(origin).tparams.clone();
        Some(self.subst(generic, &tparams, &targs))
    }

    /// How deep a type is nested, type arguments included.
    fn nesting(&mut self, ty: TypeId) -> u32 {
        if let Some(&known) = self.generics.depths.get(&ty) {
            return known;
        }
        let mut parts: SmallVec<[TypeId; 8]> = SmallVec::new();
        self.types.each_part(self.types.spelled(ty), |part| parts.push(part));
        let depth = parts.into_iter().map(|part| self.nesting(part)).max().map_or(0, |inner| inner + 1);
        self.generics.depths.insert(ty, depth);
        depth
    }
}
