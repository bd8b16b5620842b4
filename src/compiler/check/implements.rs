//! Implementing an interface and satisfying a constraint, and the words for why a type does not.
//!
//! A type implements an interface when it has all its methods with identical signatures and is in its type set. For a
//! constraint, an ordinary interface also satisfies `comparable`, although its comparison may panic.

use super::Checker;
use super::assignability::Cause;
use super::lookup::Found;
use crate::base::Symbol;
use crate::compiler::types::{Method, Term, Type, TypeId, TypePrinter, tid};

/// How an interface's method is missing from a type.
enum Missing {
    NotFound,
    /// A method whose name differs in case only, with its signature.
    WrongName(Symbol, TypeId),
    Unexported,
    /// A method with another signature.
    WrongSignature(TypeId),
    Ambiguous,
    PointerReceiver,
    Field,
}

/// When two method signatures are as good as equal: identity, or unification.
type Equivalence<'e> = &'e mut dyn FnMut(&mut Checker<'_>, TypeId, TypeId) -> bool;

impl Checker<'_> {
    /// Whether `v` implements the interface `t`; with `constraint`, whether it satisfies it.
    pub(super) fn implements(&mut self, v: TypeId, t: TypeId, constraint: bool) -> Result<(), Cause> {
        if self.types.canon(t) == tid::EMPTY_INTERFACE {
            return Ok(());
        }
        let (v_under, t_under) = (self.under(v), self.under(t));
        if v_under == tid::INVALID || t_under == tid::INVALID || self.is_incomplete(v_under) {
            return Ok(());
        }
        let verb = if constraint { "satisfy" } else { "implement" };
        if !matches!(self.types.get(t_under), Type::Interface(_)) {
            let detail = match self.interface_pointer(t) {
                Some(detail) => detail,
                None => format!("{} is not an interface", self.text(t)),
            };
            return Err(Cause::new(format!("{} does not {verb} {} ({detail})", self.text(v), self.text(t))));
        }
        let set = self.type_set(t);
        if set.is_all() {
            return Ok(());
        }
        let abstract_v = matches!(self.types.get(v_under), Type::Interface(_) | Type::TypeParam(_));
        if abstract_v && self.type_set(v).is_empty() {
            return Ok(());
        }
        if set.is_empty() {
            return Err(Cause::new(format!("cannot {verb} {} (empty type set)", self.text(t))));
        }
        if let Some(cause) = self.missing_method(v, t) {
            let text = format!("{} does not {verb} {} {}", self.text(v), self.text(t), cause.text);
            return Err(Cause { text, notes: cause.notes });
        }
        if let Some(terms) = set.terms.clone() {
            self.in_terms(v, t, abstract_v, &terms, verb)?;
        }
        let fine =
            !set.comparable || self.comparable(v, false).is_ok() || (constraint && self.comparable(v, true).is_ok());
        if fine { Ok(()) } else { Err(Cause::new(format!("{} does not {verb} comparable", self.text(v)))) }
    }

    /// Whether methods may be missing only because of an error that was reported.
    fn is_incomplete(&mut self, under: TypeId) -> bool {
        match *self.types.get(under) {
            Type::Pointer(elem) => self.under(elem) == tid::INVALID || self.embeds_invalid(elem),
            _ => self.embeds_invalid(under),
        }
    }

    /// What an embedded field of an unknown type would bring is not known.
    fn embeds_invalid(&mut self, ty: TypeId) -> bool {
        let Type::Struct(s) = self.under_type(ty) else { return false };
        s.fields.iter().any(|f| {
            let (base, _) = self.deref(f.ty);
            f.embedded && self.types.canon(base) == tid::INVALID
        })
    }

    /// Whether the types of `v` are among the terms of the interface `t`.
    fn in_terms(&mut self, v: TypeId, t: TypeId, abstract_v: bool, terms: &[Term], verb: &str) -> Result<(), Cause> {
        let (text, wanted) = (self.text(v), self.text(t));
        if abstract_v {
            let own = self.type_set(v).terms.clone();
            return match own {
                Some(own) if self.terms_subset(&own, terms) => Ok(()),
                _ => Err(Cause::new(format!("{text} does not {verb} {wanted}"))),
            };
        }
        if terms.iter().any(|&term| self.term_includes(term, v)) {
            return Ok(());
        }
        let near = terms.iter().find(|term| {
            let under = self.under(term.ty);
            !term.tilde && self.identical(term.ty, under) && self.term_includes(Term { tilde: true, ..**term }, v)
        });
        let detail = match near {
            Some(term) => format!("possibly missing ~ for {} in {wanted}", self.text(term.ty)),
            None if self.mentions(t, v) => {
                format!("{wanted} mentions {text}, but {text} is not in the type set of {wanted}")
            }
            None => format!("{text} missing in {}", self.qualified_terms(terms)),
        };
        Err(Cause::new(format!("{text} does not {verb} {wanted} ({detail})")))
    }

    /// Whether a constraint names a type somewhere.
    fn mentions(&mut self, constraint: TypeId, ty: TypeId) -> bool {
        if self.identical(constraint, ty) {
            return true;
        }
        if self.types.canon(constraint) == tid::COMPARABLE {
            // It embeds itself by definition.
            return false;
        }
        match self.under_type(constraint) {
            Type::Interface(i) => i.embeds.iter().any(|&e| self.mentions_term(e, ty)),
            _ => false,
        }
    }

    fn mentions_term(&mut self, embed: TypeId, ty: TypeId) -> bool {
        match self.types.get(embed).clone() {
            Type::Union(terms) => terms.iter().any(|t| self.mentions(t.ty, ty)),
            _ => self.mentions(embed, ty),
        }
    }

    /// Prints types with the names of all packages.
    pub(super) fn qualified_printer(&self) -> TypePrinter<'_> {
        TypePrinter { current: None, ..self.printer() }
    }

    fn qualified_terms(&self, terms: &[Term]) -> String {
        let printer = self.qualified_printer();
        let part = |t: &Term| format!("{}{}", if t.tilde { "~" } else { "" }, printer.text(t.ty));
        terms.iter().map(part).collect::<Vec<_>>().join(" | ")
    }

    /// The remark on a pointer to an interface or type parameter, which has no methods; `None` for other types.
    pub(super) fn interface_pointer(&mut self, ty: TypeId) -> Option<String> {
        let Type::Pointer(elem) = self.under_type(ty) else { return None };
        let text = self.text(ty);
        match self.under_type(elem) {
            Type::Interface(_) => Some(format!("type {text} is pointer to interface, not interface")),
            Type::TypeParam(_) => Some(format!("type {text} is pointer to type parameter, not type parameter")),
            _ => None,
        }
    }

    /// Whether an underlying type is a pointer to an interface.
    pub(super) fn points_to_interface(&mut self, under: TypeId) -> bool {
        match *self.types.get(under) {
            Type::Pointer(elem) => self.is_plain_interface(elem),
            _ => false,
        }
    }

    // ---- Methods

    /// The first method of the interface `t` that `v` lacks, in words.
    pub(super) fn missing_method(&mut self, v: TypeId, t: TypeId) -> Option<Cause> {
        self.missing_equivalent(v, t, &mut |c, a, b| c.identical(a, b))
    }

    /// As [`Checker::missing_method`], with another notion of equal signatures.
    pub(super) fn missing_equivalent(&mut self, v: TypeId, t: TypeId, equal: Equivalence<'_>) -> Option<Cause> {
        let set = self.type_set(t);
        let abstract_v = matches!(self.under_type(v), Type::Interface(_) | Type::TypeParam(_));
        for method in set.methods.iter() {
            let missing = if abstract_v {
                self.missing_in_interface(v, method, equal)
            } else {
                self.missing_in_type(v, method, equal)
            };
            if let Some(missing) = missing {
                return Some(self.missing_cause(v, t, method, missing));
            }
        }
        None
    }

    fn missing_in_interface(&mut self, v: TypeId, method: &Method, equal: Equivalence<'_>) -> Option<Missing> {
        let set = self.type_set(v);
        match set.methods.iter().find(|m| (m.name, m.pkg) == (method.name, method.pkg)) {
            None => Some(Missing::NotFound),
            Some(own) if equal(self, own.ty, method.ty) => None,
            Some(own) => Some(Missing::WrongSignature(own.ty)),
        }
    }

    fn missing_in_type(&mut self, v: TypeId, method: &Method, equal: Equivalence<'_>) -> Option<Missing> {
        if self.interface_pointer(v).is_some() {
            return Some(Missing::NotFound);
        }
        match self.lookup_member_in(v, method.name, method.pkg) {
            Found::Method(own) if !self.in_method_set(&own) => Some(Missing::PointerReceiver),
            Found::Method(own) if equal(self, own.ty, method.ty) => None,
            Found::Method(own) => Some(Missing::WrongSignature(own.ty)),
            Found::Field { .. } => Some(Missing::Field),
            Found::Ambiguous => Some(Missing::Ambiguous),
            Found::Nothing => Some(self.similar_method(v, method)),
        }
    }

    fn similar_method(&mut self, v: TypeId, method: &Method) -> Missing {
        let Some(similar) = self.lookup_similar(v, method.name) else { return Missing::NotFound };
        match self.lookup_member_in(v, similar.name, similar.pkg) {
            Found::Method(own) if self.in_method_set(&own) => {
                if similar.name == method.name {
                    Missing::Unexported
                } else {
                    Missing::WrongName(similar.name, own.ty)
                }
            }
            _ => Missing::NotFound,
        }
    }

    fn missing_cause(&mut self, v: TypeId, t: TypeId, method: &Method, missing: Missing) -> Cause {
        let name = self.name(method.name);
        match missing {
            Missing::NotFound => {
                let pointer = match self.interface_pointer(v) {
                    Some(text) => Some(text),
                    None => self.interface_pointer(t),
                };
                Cause::new(match pointer {
                    Some(text) => format!("({text})"),
                    None => format!("(missing method {name})"),
                })
            }
            Missing::WrongName(own, ty) => {
                let text = format!("(missing method {name})");
                let (have, want) = (self.method_text(own, ty, false), self.method_text(method.name, method.ty, false));
                Cause { text, notes: vec![format!("have {have}"), format!("want {want}")] }
            }
            Missing::Unexported => Cause::new(format!("(unexported method {name})")),
            Missing::WrongSignature(ty) => {
                let text = format!("(wrong type for method {name})");
                let notes = [false, true].into_iter().find_map(|qualified| {
                    let have = self.method_text(method.name, ty, qualified);
                    let want = self.method_text(method.name, method.ty, qualified);
                    (have != want).then(|| vec![format!("have {have}"), format!("want {want}")])
                });
                Cause { text, notes: notes.unwrap_or_default() }
            }
            Missing::Ambiguous => Cause::new(format!("(ambiguous selector {}.{name})", self.text(v))),
            Missing::PointerReceiver => Cause::new(format!("(method {name} has pointer receiver)")),
            Missing::Field => Cause::new(format!("({}.{name} is a field, not a method)", self.text(v))),
        }
    }

    /// `Name(int) string`
    fn method_text(&self, name: Symbol, ty: TypeId, qualified: bool) -> String {
        let printer = if qualified { self.qualified_printer() } else { self.printer() };
        match self.types.get(ty) {
            Type::Signature(signature) => format!("{}{}", self.name(name), printer.signature_text(signature)),
            _ => self.name(name).to_owned(),
        }
    }
}
