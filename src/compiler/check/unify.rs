//! Unification: what type parameters must stand for so that two types match.
//!
//! Each type parameter that is solved for has a slot; slots are joined when two type parameters are matched with each
//! other. Matching is *exact* (identity), or *inexact*: a defined type also matches a type literal that equals its
//! underlying type, channel directions are ignored, and an interface matches what has its methods. In an *assignment*
//! the outermost types match inexactly and their elements exactly, as assignability would have it.
//!
//! When a type parameter meets several types that match inexactly, it keeps the defined one, or the directed channel:
//! the others can be assigned to it, whatever their order.

use smallvec::SmallVec;

use super::Checker;
use super::lookup::Found;
use crate::compiler::syntax::ast::ChanDir;
use crate::compiler::types::{NamedId, Param, Signature, Type, TypeId, tid};

/// Nesting beyond which unification gives up: recursion through core types has no other bound.
const MAX_DEPTH: u32 = 100;

/// How two types must match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Matching {
    /// Elements must match exactly.
    assign: bool,
    /// No difference at all.
    exact: bool,
}

impl Matching {
    /// As in an assignment.
    pub const ASSIGN: Self = Self { assign: true, exact: false };
    /// Inexactly, elements too.
    pub const INEXACT: Self = Self { assign: false, exact: false };
    /// Identity.
    pub const EXACT: Self = Self { assign: false, exact: true };

    fn of_elements(self) -> Self {
        if self.assign { Self { exact: true, ..self } } else { self }
    }
}

/// Type parameters and what they were matched with so far.
pub(super) struct Unifier {
    tparams: Vec<TypeId>,
    /// Per type parameter, the index of its entry in `known`; joined ones share it.
    slots: Vec<usize>,
    known: Vec<Option<TypeId>>,
    depth: u32,
    /// Interfaces under comparison: a pair that is met again matches.
    pairs: Vec<(TypeId, TypeId)>,
}

impl Unifier {
    /// A unifier for type parameters of which some are known.
    pub fn new(tparams: &[TypeId], targs: &[Option<TypeId>]) -> Self {
        let known = (0..tparams.len()).map(|i| targs.get(i).copied().flatten()).collect();
        Self { tparams: tparams.to_vec(), slots: (0..tparams.len()).collect(), known, depth: 0, pairs: Vec::new() }
    }

    fn slot(&self, ty: TypeId) -> Option<usize> {
        self.tparams.iter().position(|&p| p == ty).and_then(|i| self.slots.get(i).copied())
    }

    /// What a type parameter was matched with.
    pub fn at(&self, tparam: TypeId) -> Option<TypeId> {
        self.slot(tparam).and_then(|slot| self.known.get(slot).copied().flatten())
    }

    /// Decides a type parameter.
    pub fn set(&mut self, tparam: TypeId, ty: TypeId) {
        if let Some(entry) = self.slot(tparam).and_then(|slot| self.known.get_mut(slot)) {
            *entry = Some(ty);
        }
    }

    /// How many type parameters are not decided.
    pub fn unknowns(&self) -> usize {
        self.tparams.iter().filter(|&&p| self.at(p).is_none()).count()
    }

    /// What each type parameter was matched with.
    pub fn inferred(&self) -> Vec<Option<TypeId>> {
        self.tparams.iter().map(|&p| self.at(p)).collect()
    }

    /// Joins two slots; not when both are decided differently.
    fn join(&mut self, a: usize, b: usize) -> bool {
        if a == b {
            return true;
        }
        let (keep, drop) = match (self.known.get(a), self.known.get(b)) {
            (Some(Some(_)), Some(Some(_))) => return false,
            (_, Some(Some(_))) => (b, a),
            _ => (a, b),
        };
        for slot in self.slots.iter_mut().filter(|slot| **slot == drop) {
            *slot = keep;
        }
        true
    }
}

impl Checker<'_> {
    /// Matches two types, deciding type parameters of `u` on the way.
    pub(super) fn unify(&mut self, u: &mut Unifier, x: TypeId, y: TypeId, mode: Matching) -> bool {
        if u.depth >= MAX_DEPTH {
            return false;
        }
        u.depth += 1;
        let matched = self.unify_types(u, x, y, mode);
        u.depth -= 1;
        matched
    }

    fn unify_types(&mut self, u: &mut Unifier, x: TypeId, y: TypeId, mode: Matching) -> bool {
        if self.types.canon(x) == self.types.canon(y) {
            return true;
        }
        let (mut x, mut y) = (self.bare_tparam(x), self.bare_tparam(y));
        // A type parameter that is solved for goes to the left, a defined type to the right.
        if self.types.as_named(x).is_some() || u.slot(y).is_some() {
            std::mem::swap(&mut x, &mut y);
        }
        if !mode.exact && self.types.as_named(y).is_some() && self.is_literal(x) && !self.is_plain_interface(x) {
            y = self.under(y);
            if y == tid::INVALID {
                return false;
            }
        }
        match (u.slot(x), u.slot(y)) {
            (Some(a), Some(b)) => {
                if u.join(a, b) {
                    return true;
                }
                let (Some(a), Some(b)) = (u.at(x), u.at(y)) else { return false };
                return self.unify(u, a, b, mode);
            }
            (Some(_), None) => return self.unify_tparam(u, x, y, mode),
            (None, Some(_)) => return self.unify_tparam(u, y, x, mode),
            (None, None) => {}
        }
        if !mode.exact
            && let Some(matched) = self.unify_with_interface(u, x, y)
        {
            return matched;
        }
        if self.is_tparam(y) {
            std::mem::swap(&mut x, &mut y);
        }
        if self.is_tparam(x) {
            // A type parameter that is not solved for matches what its only underlying type matches.
            return match self.common_under(x) {
                Some(core) if !self.is_tparam(core) => self.unify(u, core, y, Matching::ASSIGN),
                _ => false,
            };
        }
        self.unify_structure(u, x, y, mode)
    }

    /// The type parameter that an alias stands for; other types stay as they are spelled, for messages.
    fn bare_tparam(&self, ty: TypeId) -> TypeId {
        if self.is_tparam(ty) { self.types.unalias(ty) } else { ty }
    }

    fn is_literal(&self, ty: TypeId) -> bool {
        !matches!(self.types.get(ty), Type::Named(_) | Type::TypeParam(_))
    }

    /// Matches a type parameter that is solved for with a type that is none.
    fn unify_tparam(&mut self, u: &mut Unifier, tparam: TypeId, y: TypeId, mode: Matching) -> bool {
        let Some(known) = u.at(tparam) else {
            u.set(tparam, y);
            return true;
        };
        if !self.unify(u, known, y, mode) {
            return false;
        }
        if mode.exact {
            return true;
        }
        let (known_named, y_named) = (self.types.as_named(known).is_some(), self.types.as_named(y).is_some());
        match (self.is_plain_interface(known), self.is_plain_interface(y)) {
            (true, true) => {
                // Values of both must be assignable to one of them without loss, so neither may have more methods.
                let (a, b) = (self.type_set(known), self.type_set(y));
                if a.methods.len() != b.methods.len() || (known_named && y_named && !self.identical(known, y)) {
                    return false;
                }
            }
            (false, false) => {}
            _ => return false,
        }
        let directed = matches!(self.types.get(y), Type::Chan(dir, _) if *dir != ChanDir::Both);
        if y_named || (directed && !known_named) {
            u.set(tparam, y);
        }
        true
    }

    /// Matches when at least one of two types is an interface; `None` when neither is.
    fn unify_with_interface(&mut self, u: &mut Unifier, x: TypeId, y: TypeId) -> Option<bool> {
        let (x_is, y_is) = (self.is_plain_interface(x), self.is_plain_interface(y));
        if x_is && y_is {
            return Some(self.unify_interfaces(u, x, y, false));
        }
        let (interface, other) = match (x_is, y_is) {
            (true, _) => (x, y),
            (_, true) => (y, x),
            _ => return None,
        };
        let set = self.type_set(interface);
        Some(set.methods.iter().all(|method| {
            let own = match self.lookup_member_in(other, method.name, method.pkg) {
                Found::Method(own) if self.in_method_set(&own) => own.ty,
                _ => return false,
            };
            self.unify(u, method.ty, own, Matching::EXACT)
        }))
    }

    /// Interfaces match when they restrict types in the same way and the methods of one, or with `exact` of both, are
    /// among those of the other.
    fn unify_interfaces(&mut self, u: &mut Unifier, x: TypeId, y: TypeId, exact: bool) -> bool {
        let (a, b) = (self.type_set(x), self.type_set(y));
        if a.comparable != b.comparable || !self.same_terms(&a, &b) {
            return false;
        }
        if exact && a.methods.len() != b.methods.len() {
            return false;
        }
        if u.pairs.contains(&(x, y)) || u.pairs.contains(&(y, x)) {
            return true;
        }
        let (fewer, more) = if a.methods.len() <= b.methods.len() { (&a, &b) } else { (&b, &a) };
        u.pairs.push((x, y));
        let matched = fewer.methods.iter().all(|m| {
            let other = more.methods.iter().find(|n| (n.name, n.pkg) == (m.name, m.pkg));
            other.is_some_and(|n| self.unify(u, m.ty, n.ty, Matching::EXACT))
        });
        u.pairs.pop();
        matched
    }

    fn unify_structure(&mut self, u: &mut Unifier, x: TypeId, y: TypeId, mode: Matching) -> bool {
        if self.types.canon(x) == self.types.canon(y) {
            return true;
        }
        let elements = mode.of_elements();
        match (self.types.get(x).clone(), self.types.get(y).clone()) {
            (Type::Array(a, n), Type::Array(b, m)) => n == m && self.unify(u, a, b, elements),
            (Type::Slice(a), Type::Slice(b)) | (Type::Pointer(a), Type::Pointer(b)) => self.unify(u, a, b, elements),
            (Type::Chan(d, a), Type::Chan(e, b)) => (!mode.exact || d == e) && self.unify(u, a, b, elements),
            (Type::Map(k, a), Type::Map(l, b)) => self.unify(u, k, l, elements) && self.unify(u, a, b, elements),
            (Type::Tuple(a), Type::Tuple(b)) => self.unify_lists(u, &a, &b, mode),
            (Type::Signature(a), Type::Signature(b)) => self.unify_signatures(u, &a, &b, elements),
            (Type::Interface(_), Type::Interface(_)) => self.unify_interfaces(u, x, y, true),
            (Type::Struct(a), Type::Struct(b)) => {
                a.fields.len() == b.fields.len()
                    && a.fields.iter().zip(&b.fields).all(|(f, g)| {
                        (f.name, f.pkg, f.embedded, f.tag) == (g.name, g.pkg, g.embedded, g.tag)
                            && self.unify(u, f.ty, g.ty, elements)
                    })
            }
            (Type::Named(a), Type::Named(b)) => self.unify_named(u, a, b, mode),
            _ => false,
        }
    }

    fn unify_lists(&mut self, u: &mut Unifier, a: &[TypeId], b: &[TypeId], mode: Matching) -> bool {
        a.len() == b.len() && a.iter().zip(b).all(|(&x, &y)| self.unify(u, x, y, mode))
    }

    /// The type parameters of a generic function are of no matter here: inference has renamed and collected them.
    fn unify_signatures(&mut self, u: &mut Unifier, a: &Signature, b: &Signature, mode: Matching) -> bool {
        let types = |params: &[Param]| params.iter().map(|p| p.ty).collect::<SmallVec<[TypeId; 4]>>();
        a.variadic == b.variadic
            && self.unify_lists(u, &types(&a.params), &types(&b.params), mode)
            && self.unify_lists(u, &types(&a.results), &types(&b.results), mode)
    }

    /// Instances match when their arguments do and they are of one generic type.
    fn unify_named(&mut self, u: &mut Unifier, a: NamedId, b: NamedId, mode: Matching) -> bool {
        let (x, y) = (self.types.named(a), self.types.named(b));
        let related = x.origin.is_some() && x.origin == y.origin;
        let (x, y) = (x.targs.clone(), y.targs.clone());
        // Arguments come first: what they tell helps the message when the generic types differ.
        self.unify_lists(u, &x, &y, mode) && related
    }
}
