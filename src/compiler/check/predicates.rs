//! Questions about types: kinds, identity, comparability, and what all types of a type parameter's type set share.
//!
//! `is_*` ask about the type itself (its underlying type, never a type parameter's constraint); `all_*` hold for a type
//! parameter when they hold for every type of its type set, and for other types they are the same question.

use rustc_hash::FxHashSet;
use smallvec::{SmallVec, smallvec};

use super::Checker;
use crate::compiler::syntax::ast::ChanDir;
use crate::compiler::types::{Basic, Signature, Type, TypeId, tid};

macro_rules! kinds {
    ($via:ident: $($name:ident = $test:ident, $what:literal;)*) => {$(
        #[doc = concat!("Whether the type is ", $what, ".")]
        pub(super) fn $name(&mut self, ty: TypeId) -> bool {
            self.$via(ty, Basic::$test)
        }
    )*};
}

impl Checker<'_> {
    kinds! { is_basic:
        is_boolean = is_boolean, "boolean";
        is_integer = is_integer, "an integer type";
        is_string = is_string, "a string type";
        is_const_type = is_const_type, "a type that constants can have";
    }

    kinds! { all_basic:
        all_boolean = is_boolean, "boolean";
        all_integer = is_integer, "an integer type";
        all_numeric = is_numeric, "numeric";
        all_string = is_string, "a string type";
        all_ordered = is_ordered, "ordered";
        all_numeric_or_string = is_ordered, "numeric or a string type";
    }

    fn is_basic(&mut self, ty: TypeId, test: fn(Basic) -> bool) -> bool {
        let under = self.under(ty);
        matches!(self.types.spelled(under), Type::Basic(basic) if test(*basic))
    }

    fn all_basic(&mut self, ty: TypeId, test: fn(Basic) -> bool) -> bool {
        match self.types.as_tparam(ty) {
            Some(_) => self.type_set_all(ty, |c, under| c.is_basic(under, test)),
            None => self.is_basic(ty, test),
        }
    }

    /// Whether `test` holds for the underlying type of `ty`, or of every type of a type parameter's type set; never for
    /// a type parameter without specific types.
    pub(super) fn type_set_all(&mut self, ty: TypeId, mut test: impl FnMut(&mut Self, TypeId) -> bool) -> bool {
        let terms = self.each_term(ty);
        !terms.is_empty()
            && terms.into_iter().all(|term| {
                let under = self.under(term);
                test(self, under)
            })
    }

    /// The types of a type parameter's terms (none when it has no specific types); any other type is its only term.
    pub(super) fn each_term(&mut self, ty: TypeId) -> SmallVec<[TypeId; 4]> {
        match self.types.as_tparam(ty) {
            Some(p) => self.tparam_terms(p).map_or_else(SmallVec::new, |terms| terms.iter().map(|t| t.ty).collect()),
            None => smallvec![ty],
        }
    }

    /// The underlying type that all types of the type set share: of a type without type parameters, its own.
    pub(super) fn common_under(&mut self, ty: TypeId) -> Option<TypeId> {
        self.common_under_or(ty).ok()
    }

    /// As [`Checker::common_under`]; if there is none, why. Channels of one element type share the more restricted
    /// direction.
    pub(super) fn common_under_or(&mut self, ty: TypeId) -> Result<TypeId, String> {
        let terms = self.each_term(ty);
        let Some((&first, rest)) = terms.split_first() else { return Err("no specific type".into()) };
        let mut common = self.under(first);
        for &term in rest {
            let under = self.under(term);
            if let (&Type::Chan(a, x), &Type::Chan(b, y)) = (self.types.get(common), self.types.get(under)) {
                let fault = if !self.identical(x, y) {
                    "have different element types"
                } else if a != b && a != ChanDir::Both && b != ChanDir::Both {
                    "have conflicting directions"
                } else {
                    if a == ChanDir::Both {
                        common = under;
                    }
                    continue;
                };
                return Err(format!("channels {} and {} {fault}", self.text(first), self.text(term)));
            }
            if !self.identical(common, under) {
                return Err(format!("{} and {} have different underlying types", self.text(first), self.text(term)));
            }
        }
        Ok(common)
    }

    /// Whether the type is a type parameter.
    pub(super) fn is_tparam(&self, ty: TypeId) -> bool {
        self.types.as_tparam(ty).is_some()
    }

    /// Whether the type is an interface; a type parameter is none.
    pub(super) fn is_plain_interface(&mut self, ty: TypeId) -> bool {
        let under = self.under(ty);
        matches!(self.types.get(under), Type::Interface(_))
    }

    /// Whether `nil` is a value of the type.
    pub(super) fn has_nil(&mut self, ty: TypeId) -> bool {
        match self.under_type(ty) {
            Type::Basic(basic) => basic == Basic::UntypedNil,
            Type::Pointer(_) | Type::Slice(_) | Type::Map(..) | Type::Chan(..) => true,
            Type::Signature(_) | Type::Interface(_) => true,
            Type::TypeParam(_) => self.type_set_all(ty, |c, under| c.has_nil(under)),
            _ => false,
        }
    }

    // ---- Comparability

    /// Whether `==` is defined, as for map keys: interfaces are comparable, type parameters when constrained so.
    pub(super) fn is_comparable(&mut self, ty: TypeId) -> bool {
        self.comparable(ty, true).is_ok()
    }

    /// Whether values of the type can be compared; if not, why (perhaps without words). With `dynamic`, interfaces are
    /// comparable, though the comparison may panic.
    pub(super) fn comparable(&mut self, ty: TypeId, dynamic: bool) -> Result<(), String> {
        self.comparable_inside(ty, dynamic, &mut FxHashSet::default())
    }

    /// `seen` holds what was asked before. A type in it is comparable or its answer is still to come: the first that is
    /// not decides for all that hold it.
    fn comparable_inside(
        &mut self,
        ty: TypeId,
        dynamic: bool,
        seen: &mut FxHashSet<(TypeId, bool)>,
    ) -> Result<(), String> {
        match self.under_type(ty) {
            Type::Basic(basic) if basic != Basic::UntypedNil => Ok(()),
            Type::Pointer(_) | Type::Chan(..) => Ok(()),
            Type::Interface(_) if dynamic => Ok(()),
            Type::Interface(_) | Type::TypeParam(_) => self.comparable_set(ty, seen),
            Type::Struct(s) => {
                if !seen.insert((ty, dynamic)) {
                    return Ok(());
                }
                match s.fields.iter().find(|f| self.comparable_inside(f.ty, dynamic, seen).is_err()) {
                    Some(field) => Err(format!("struct containing {} cannot be compared", self.text(field.ty))),
                    None => Ok(()),
                }
            }
            Type::Array(elem, _) => match self.comparable_inside(elem, dynamic, seen) {
                Ok(()) => Ok(()),
                Err(_) => Err(format!("{} cannot be compared", self.text(ty))),
            },
            _ => Err(String::new()),
        }
    }

    fn comparable_set(&mut self, ty: TypeId, seen: &mut FxHashSet<(TypeId, bool)>) -> Result<(), String> {
        if !seen.insert((ty, false)) {
            return Ok(());
        }
        let set = self.type_set(ty);
        let fine = match &set.terms {
            None => set.comparable,
            Some(terms) => terms.iter().all(|t| self.comparable_inside(t.ty, false, seen).is_ok()),
        };
        if fine {
            return Ok(());
        }
        Err(if set.is_empty() { "empty type set" } else { "incomparable types in type set" }.into())
    }

    // ---- Identity

    /// Whether two types are identical.
    #[inline]
    pub(super) fn identical(&mut self, a: TypeId, b: TypeId) -> bool {
        let (a, b) = (self.types.canon(a), self.types.canon(b));
        a == b || self.identical_by_type_set(a, b)
    }

    /// Canonical types that differ are identical only if interfaces in them have equal type sets, or if they are
    /// generic functions that differ in their type parameters' names.
    fn identical_by_type_set(&mut self, a: TypeId, b: TypeId) -> bool {
        let generic = |c: &Self, ty| matches!(c.types.get(ty), Type::Signature(s) if !s.tparams.is_empty());
        let special = self.types.has_interface(a) || self.types.has_interface(b);
        let special = special || (generic(self, a) && generic(self, b));
        if !special {
            return false;
        }
        self.identical_structure(a, b, &mut Vec::new())
    }

    /// `pairs` holds the interfaces under comparison: a pair that is met again is taken for identical.
    fn identical_structure(&mut self, a: TypeId, b: TypeId, pairs: &mut Vec<(TypeId, TypeId)>) -> bool {
        let (a, b) = (self.types.canon(a), self.types.canon(b));
        if a == b {
            return true;
        }
        match (self.types.get(a).clone(), self.types.get(b).clone()) {
            (Type::Pointer(x), Type::Pointer(y)) | (Type::Slice(x), Type::Slice(y)) => {
                self.identical_structure(x, y, pairs)
            }
            (Type::Array(x, n), Type::Array(y, m)) => n == m && self.identical_structure(x, y, pairs),
            (Type::Chan(d, x), Type::Chan(e, y)) => d == e && self.identical_structure(x, y, pairs),
            (Type::Map(k, x), Type::Map(l, y)) => {
                self.identical_structure(k, l, pairs) && self.identical_structure(x, y, pairs)
            }
            (Type::Tuple(x), Type::Tuple(y)) => self.identical_lists(&x, &y, pairs),
            (Type::Signature(x), Type::Signature(y)) => self.identical_signatures(&x, &y, pairs),
            (Type::Struct(x), Type::Struct(y)) => {
                x.fields.len() == y.fields.len()
                    && x.fields.iter().zip(&y.fields).all(|(f, g)| {
                        (f.name, f.pkg, f.embedded, f.tag) == (g.name, g.pkg, g.embedded, g.tag)
                            && self.identical_structure(f.ty, g.ty, pairs)
                    })
            }
            (Type::Interface(_), Type::Interface(_)) => {
                if pairs.contains(&(a, b)) || pairs.contains(&(b, a)) {
                    return true;
                }
                pairs.push((a, b));
                let same = self.identical_interfaces(a, b, pairs);
                pairs.pop();
                same
            }
            (Type::Named(x), Type::Named(y)) => {
                let (x, y) = (self.types.named(x), self.types.named(y));
                if x.origin.is_none() || x.origin != y.origin {
                    return false;
                }
                let (x, y) = (x.targs.clone(), y.targs.clone());
                self.identical_lists(&x, &y, pairs)
            }
            _ => false,
        }
    }

    fn identical_lists(&mut self, a: &[TypeId], b: &[TypeId], pairs: &mut Vec<(TypeId, TypeId)>) -> bool {
        a.len() == b.len() && a.iter().zip(b).all(|(&x, &y)| self.identical_structure(x, y, pairs))
    }

    fn identical_signatures(&mut self, a: &Signature, b: &Signature, pairs: &mut Vec<(TypeId, TypeId)>) -> bool {
        let same_shape = a.tparams.len() == b.tparams.len()
            && a.params.len() == b.params.len()
            && a.results.len() == b.results.len()
            && a.variadic == b.variadic;
        if !same_shape {
            return false;
        }
        for (&p, &q) in a.tparams.iter().zip(&b.tparams) {
            let (Some(c), Some(d)) = (self.constraint_of(p), self.constraint_of(q)) else { return false };
            let d = self.subst(d, &b.tparams, &a.tparams);
            if !self.identical_structure(c, d, pairs) {
                return false;
            }
        }
        let of_a = a.params.iter().chain(&a.results);
        of_a.zip(b.params.iter().chain(&b.results)).all(|(p, q)| {
            let ty = self.subst(q.ty, &b.tparams, &a.tparams);
            self.identical_structure(p.ty, ty, pairs)
        })
    }

    fn identical_interfaces(&mut self, a: TypeId, b: TypeId, pairs: &mut Vec<(TypeId, TypeId)>) -> bool {
        let (a, b) = (self.type_set(a), self.type_set(b));
        if a.comparable != b.comparable || a.methods.len() != b.methods.len() || !self.same_terms(&a, &b) {
            return false;
        }
        a.methods
            .iter()
            .zip(b.methods.iter())
            .all(|(m, n)| (m.name, m.pkg) == (n.name, n.pkg) && self.identical_structure(m.ty, n.ty, pairs))
    }

    /// Whether the type is wrong, so that messages about it are follow-ups.
    pub(super) fn is_invalid_type(&mut self, ty: TypeId) -> bool {
        self.under(ty) == tid::INVALID
    }
}
