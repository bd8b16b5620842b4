//! Type sets: the methods of an interface, embedded ones included, and the types it is restricted to.
//!
//! A type set is computed on demand and cached by interface literal. While a declaration that it needs is in progress
//! the result is preliminary and not kept; an interface that embeds itself (an error reported by `finite`) adds nothing
//! to itself.
//!
//! Terms are kept in normal form: no term includes another. `None` stands for all types, no term for none.

use std::sync::Arc;

use super::Checker;
use crate::compiler::types::{Method, TParamId, Term, Type, TypeId, tid};

/// What an interface, type parameter or constraint admits.
#[derive(Clone, Debug)]
pub struct TypeSet {
    /// Methods, sorted by name and then package.
    pub methods: Arc<[Method]>,
    /// The types it is restricted to; `None` for all types.
    pub terms: Option<Arc<[Term]>>,
    /// Whether types must be comparable; never set beside terms, which are filtered instead.
    pub comparable: bool,
}

impl TypeSet {
    /// Whether no type is in the set.
    pub fn is_empty(&self) -> bool {
        self.terms.as_ref().is_some_and(|terms| terms.is_empty())
    }

    /// Whether every type is in the set.
    pub fn is_all(&self) -> bool {
        self.terms.is_none() && !self.comparable && self.methods.is_empty()
    }
}

/// A type set under construction.
struct Partial {
    methods: Vec<Method>,
    terms: Option<Vec<Term>>,
    comparable: bool,
    /// Whether everything it needs was known.
    complete: bool,
}

impl Checker<'_> {
    /// The type set of an interface or of a type parameter's constraint; any other type is the only member of its own.
    pub(super) fn type_set(&mut self, ty: TypeId) -> Arc<TypeSet> {
        let interface = match self.types.as_tparam(ty) {
            Some(_) => self.constraint_of(ty).unwrap_or(tid::EMPTY_INTERFACE),
            None => ty,
        };
        let under = self.under(interface);
        if let Some(known) = self.type_sets.get(&under) {
            return known.clone();
        }
        self.compute_set(under).0
    }

    /// The terms of a type parameter's type set; `None` when it has no specific types.
    pub(super) fn tparam_terms(&mut self, tparam: TParamId) -> Option<Arc<[Term]>> {
        let ty = self.types.tparam(tparam).ty;
        self.type_set(ty).terms.clone()
    }

    /// The type set of an underlying type, and whether it is final.
    fn compute_set(&mut self, under: TypeId) -> (Arc<TypeSet>, bool) {
        if let Some(known) = self.type_sets.get(&under) {
            return (known.clone(), true);
        }
        let mut partial = Partial { methods: Vec::new(), terms: None, comparable: false, complete: true };
        match self.types.get(under).clone() {
            Type::Interface(interface) if !self.generics.computing.contains(&under) => {
                partial.methods.extend(interface.methods.iter());
                self.generics.computing.push(under);
                for &embed in &interface.embeds {
                    self.embed(&mut partial, embed);
                }
                self.generics.computing.pop();
            }
            Type::Interface(_) => partial.complete = false,
            Type::Basic(_) if under == tid::INVALID => partial.complete = false,
            _ => partial.terms = Some(vec![Term { tilde: false, ty: under }]),
        }
        self.keep_comparable_terms(&mut partial);
        partial.methods.sort_by(|a, b| self.name(a.name).cmp(self.name(b.name)).then(a.pkg.cmp(&b.pkg)));
        let set = Arc::new(TypeSet {
            methods: partial.methods.into(),
            terms: partial.terms.map(Arc::from),
            comparable: partial.comparable,
        });
        if partial.complete {
            self.type_sets.insert(under, set.clone());
        }
        (set, partial.complete)
    }

    fn embed(&mut self, partial: &mut Partial, embed: TypeId) {
        if self.types.canon(embed) == tid::COMPARABLE {
            partial.comparable = true;
            return;
        }
        let under = self.under(embed);
        if under == tid::INVALID {
            partial.complete &= self.is_settled(embed);
            return;
        }
        let terms = match self.types.get(under).clone() {
            Type::Interface(_) => {
                let (set, complete) = self.compute_set(under);
                partial.complete &= complete;
                partial.comparable |= set.comparable;
                for &method in set.methods.iter() {
                    if !partial.methods.iter().any(|m| (m.name, m.pkg) == (method.name, method.pkg)) {
                        partial.methods.push(method);
                    }
                }
                set.terms.as_ref().map(|terms| terms.to_vec())
            }
            Type::Union(terms) => {
                let (terms, complete) = self.union_terms(&terms);
                partial.complete &= complete;
                terms
            }
            _ => Some(vec![Term { tilde: false, ty: embed }]),
        };
        partial.terms = match (partial.terms.take(), terms) {
            (None, other) | (other, None) => other,
            (Some(a), Some(b)) => Some(self.intersection(&a, &b)),
        };
    }

    /// Whether the underlying type is final, also when it is wrong.
    fn is_settled(&self, ty: TypeId) -> bool {
        self.types.as_named(ty).is_none_or(|id| self.types.named(id).underlying.is_some())
    }

    /// Comparability is a matter of the terms, where there are any.
    fn keep_comparable_terms(&mut self, partial: &mut Partial) {
        if !partial.comparable {
            return;
        }
        if let Some(terms) = partial.terms.take() {
            partial.terms = Some(terms.into_iter().filter(|t| self.comparable(t.ty, false).is_ok()).collect());
            partial.comparable = false;
        }
    }

    /// The terms of a union, interfaces in it replaced by theirs, and whether they are final.
    fn union_terms(&mut self, terms: &[Term]) -> (Option<Vec<Term>>, bool) {
        let mut all = Vec::with_capacity(terms.len());
        let mut complete = true;
        for &term in terms {
            let under = self.under(term.ty);
            if under == tid::INVALID {
                complete &= self.is_settled(term.ty);
            } else if matches!(self.types.get(under), Type::Interface(_)) {
                let (set, settled) = self.compute_set(under);
                complete &= settled;
                match &set.terms {
                    Some(inner) => inner.iter().for_each(|&t| all.push(t)),
                    None => return (None, complete),
                }
            } else {
                all.push(term);
            }
        }
        (Some(self.normal_form(all)), complete)
    }

    // ---- Terms

    /// Drops terms that others include.
    fn normal_form(&mut self, terms: Vec<Term>) -> Vec<Term> {
        let mut normal: Vec<Term> = Vec::with_capacity(terms.len());
        for term in terms {
            if normal.iter().any(|&n| self.is_subset(term, n)) {
                continue;
            }
            normal.retain(|&n| !self.is_subset(n, term));
            normal.push(term);
        }
        normal
    }

    fn intersection(&mut self, a: &[Term], b: &[Term]) -> Vec<Term> {
        let mut common = Vec::new();
        for &x in a {
            for &y in b {
                if !self.disjoint(x, y) {
                    common.push(if x.tilde && !y.tilde { y } else { x });
                }
            }
        }
        self.normal_form(common)
    }

    /// Whether no type is in both terms.
    pub(super) fn disjoint(&mut self, a: Term, b: Term) -> bool {
        let x = if b.tilde { self.under(a.ty) } else { a.ty };
        let y = if a.tilde { self.under(b.ty) } else { b.ty };
        !self.identical(x, y)
    }

    fn is_subset(&mut self, inner: Term, outer: Term) -> bool {
        !self.disjoint(inner, outer) && (!inner.tilde || outer.tilde)
    }

    /// Whether a type is in a term.
    pub(super) fn term_includes(&mut self, term: Term, ty: TypeId) -> bool {
        let ty = if term.tilde { self.under(ty) } else { ty };
        self.identical(term.ty, ty)
    }

    /// Whether each of `inner` is in one of `outer`.
    pub(super) fn terms_subset(&mut self, inner: &[Term], outer: &[Term]) -> bool {
        inner.iter().all(|&x| outer.iter().any(|&y| self.is_subset(x, y)))
    }

    /// Whether two type sets have the same terms.
    pub(super) fn same_terms(&mut self, a: &TypeSet, b: &TypeSet) -> bool {
        match (&a.terms, &b.terms) {
            (None, None) => true,
            (Some(x), Some(y)) => self.terms_subset(x, y) && self.terms_subset(y, x),
            _ => false,
        }
    }

    /// A term as messages show it.
    pub(super) fn term_text(&self, term: Term) -> String {
        format!("{}{}", if term.tilde { "~" } else { "" }, self.text(term.ty))
    }
}
