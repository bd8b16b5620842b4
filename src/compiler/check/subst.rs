//! Substitution: the type with type parameters replaced by type arguments.
//!
//! Types are hash-consed, so a type in which nothing changes is returned as it is, and one that contains no type
//! parameter is not even looked into. Instances are instantiated anew with the substituted arguments; their structure
//! follows on demand. A substitution never looks into what a name was declared as, so it is as deep as the type is
//! spelled.

use std::sync::Arc;

use smallvec::SmallVec;

use super::Checker;
use crate::compiler::types::{AliasInfo, Interface, NamedId, Param, Signature, TParamId, Type, TypeId, tid};

/// The parts of a type, in the order of `Types::each_part`.
type Parts = SmallVec<[TypeId; 8]>;

impl Checker<'_> {
    /// `ty` with each type parameter of `from` replaced by the type at its position in `to`.
    pub(super) fn subst(&mut self, ty: TypeId, from: &[TypeId], to: &[TypeId]) -> TypeId {
        let has_local = || !self.generics.owners.is_empty() && self.types.has_local(ty);
        if from.is_empty() || !(self.types.has_tparam(ty) || has_local()) {
            return ty;
        }
        match self.types.spelled(ty) {
            Type::TypeParam(_) => from.iter().zip(to).find(|&(&p, _)| p == ty).map_or(ty, |(_, &arg)| arg),
            Type::Named(id) => {
                let id = *id;
                let named = self.types.named(id);
                if named.enclosing.is_some_and(|owner| self.generics.owners.contains(&owner)) {
                    return self.subst_local(id, from, to);
                }
                let (Some(origin), targs) = (named.origin, named.targs.clone()) else { return ty };
                let changed = self.subst_list(&targs, from, to);
                if changed[..] == targs[..] { ty } else { self.types.instance(origin, &changed) }
            }
            Type::Alias(id) => {
                let alias = self.types.alias(*id).clone();
                self.subst_alias(ty, alias, from, to)
            }
            Type::Signature(sig) if !sig.tparams.is_empty() => {
                let sig = sig.clone();
                self.subst_generic_signature(ty, sig, from, to)
            }
            _ => self.subst_structure(ty, from, to),
        }
    }

    /// Each type of a list substituted.
    pub(super) fn subst_list(&mut self, list: &[TypeId], from: &[TypeId], to: &[TypeId]) -> Parts {
        list.iter().map(|&ty| self.subst(ty, from, to)).collect()
    }

    fn subst_structure(&mut self, ty: TypeId, from: &[TypeId], to: &[TypeId]) -> TypeId {
        let structure = self.types.spelled(ty).clone();
        let mut parts = Parts::new();
        self.types.each_part(&structure, |part| parts.push(part));
        let changed = self.subst_list(&parts, from, to);
        if changed == parts {
            return ty;
        }
        // Both walks visit the parts in the same order.
        let mut next = changed.into_iter();
        let new = self.types.map_parts(&structure, |part| next.next().unwrap_or(part));
        self.types.intern(new)
    }

    /// A type that is declared in a generic function, in an instance of the function.
    fn subst_local(&mut self, local: NamedId, from: &[TypeId], to: &[TypeId]) -> TypeId {
        let key = (local, SmallVec::from_slice(to));
        if let Some(&known) = self.generics.locals.get(&key) {
            return known;
        }
        let ty = self.types.new_local_instance(local, to);
        // Known before its structure is: it may contain itself behind a pointer.
        self.generics.locals.insert(key, ty);
        let generic = self.under(self.types.named(local).ty);
        let underlying = self.subst(generic, from, to);
        if let Some(id) = self.types.as_named(ty) {
            self.types.named_mut(id).underlying = Some(underlying);
        }
        ty
    }

    /// An alias keeps its name with the new arguments; a local one without arguments gives way to what it stands for.
    fn subst_alias(&mut self, ty: TypeId, alias: AliasInfo, from: &[TypeId], to: &[TypeId]) -> TypeId {
        let actual = self.subst(alias.actual, from, to);
        let targs = self.subst_list(&alias.targs, from, to);
        if actual == alias.actual && targs[..] == alias.targs[..] {
            return ty;
        }
        if targs.is_empty() {
            return actual;
        }
        self.types.new_alias(AliasInfo { targs: Arc::from(&targs[..]), actual, ..alias })
    }

    /// A generic method of an instance: its own type parameters are new ones when their constraints mention what is
    /// substituted.
    fn subst_generic_signature(&mut self, ty: TypeId, sig: Arc<Signature>, from: &[TypeId], to: &[TypeId]) -> TypeId {
        let constraints: Vec<Option<TypeId>> = sig.tparams.iter().map(|&p| self.constraint_of(p)).collect();
        let changed: Vec<Option<TypeId>> = constraints.iter().map(|c| c.map(|c| self.subst(c, from, to))).collect();
        if changed == constraints {
            return self.subst_structure(ty, from, to);
        }
        let tparams = self.fresh_tparams(&sig.tparams);
        for (&tparam, constraint) in tparams.iter().zip(changed) {
            let constraint = constraint.map(|c| self.subst(c, &sig.tparams, &tparams));
            self.set_constraint(tparam, constraint);
        }
        let mut param = |p: &Param| {
            let substituted = self.subst(p.ty, from, to);
            Param { ty: self.subst(substituted, &sig.tparams, &tparams), ..*p }
        };
        let params = sig.params.iter().map(&mut param).collect();
        let results = sig.results.iter().map(&mut param).collect();
        self.types.intern(Type::Signature(Arc::new(Signature { tparams, params, results, variadic: sig.variadic })))
    }

    /// New type parameters in the place of `tparams`, with the same names; their constraints are not set.
    fn fresh_tparams(&mut self, tparams: &[TypeId]) -> Vec<TypeId> {
        let mut fresh = Vec::with_capacity(tparams.len());
        for (index, &tparam) in tparams.iter().enumerate() {
            match self.types.as_tparam(tparam) {
                Some(id) => {
                    let object = self.types.tparam(id).obj;
                    fresh.push(self.types.new_tparam(object, index));
                }
                None => fresh.push(tparam),
            }
        }
        fresh
    }

    /// Copies of type parameters that occur nowhere else, constraints included: what inference solves for must not be
    /// confused with the same parameters in the types of arguments, as in a recursive call.
    pub(super) fn renamed_tparams(&mut self, tparams: &[TypeId]) -> Vec<TypeId> {
        let fresh = self.fresh_tparams(tparams);
        for (&old, &new) in tparams.iter().zip(&fresh) {
            let constraint = self.constraint_of(old).map(|c| self.subst(c, tparams, &fresh));
            self.set_constraint(new, constraint);
        }
        fresh
    }

    /// The constraint of a type parameter, an interface; `None` for other types and while it is not resolved.
    pub(super) fn constraint_of(&mut self, tparam: TypeId) -> Option<TypeId> {
        let id: TParamId = self.types.as_tparam(tparam)?;
        let constraint = self.types.tparam(id).constraint?;
        if matches!(self.types.get(constraint), Type::Named(_)) {
            let under = self.under(constraint);
            if under != tid::INVALID && !matches!(self.types.get(under), Type::Interface(_)) {
                // What it is was not known where it was declared: it stands for the interface that embeds it.
                let interface = Interface { methods: Vec::new(), embeds: vec![constraint], implicit: true };
                let interface = self.types.intern(Type::Interface(Arc::new(interface)));
                self.types.tparam_mut(id).constraint = Some(interface);
                return Some(interface);
            }
        }
        Some(constraint)
    }

    fn set_constraint(&mut self, tparam: TypeId, constraint: Option<TypeId>) {
        if let Some(id) = self.types.as_tparam(tparam) {
            self.types.tparam_mut(id).constraint = constraint;
        }
    }
}
