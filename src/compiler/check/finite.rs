//! Types that contain themselves: structs and arrays of infinite size, interfaces that embed themselves, and names
//! defined as each other.
//!
//! The walk follows what is stored in place: fields, elements, embedded types and right sides. Pointers, slices, maps,
//! channels and functions end it. Types are walked as they are declared, not as they are instantiated: a type
//! parameter is looked up in the instance the walk is in, and its argument is walked in the place where that instance
//! is mentioned (`nest` without its last entry), so that `Box[Box[int]]` is no cycle while `type T struct { b Box[T] }`
//! is one. This also ends for types that would be expanded without end.

use super::Checker;
use crate::base::Span;
use crate::compiler::diag::{Code, Diagnostic, has_errors};
use crate::compiler::types::{Type, TypeId, tid};

/// Instances around the current place: what is being walked, innermost last.
type Nest = Vec<TypeId>;

impl Checker<'_> {
    /// Reports a defined type that contains itself, and makes it invalid.
    pub(super) fn check_finite(&mut self, named: TypeId) {
        self.generics.declared.push(named);
        self.is_finite(named, &mut Vec::new(), &mut Vec::new());
    }

    /// `path` holds the types from the start of the walk, for the message.
    fn is_finite(&mut self, ty: TypeId, nest: &mut Nest, path: &mut Vec<TypeId>) -> bool {
        match self.types.get(ty).clone() {
            Type::Array(elem, _) => self.is_finite(elem, nest, path),
            Type::Struct(s) => s.fields.iter().all(|f| self.is_finite(f.ty, nest, path)),
            Type::Union(terms) => terms.iter().all(|t| self.is_finite(t.ty, nest, path)),
            // `comparable` embeds itself by definition.
            Type::Interface(i) => i.embeds.iter().all(|&e| e == tid::COMPARABLE || self.is_finite(e, nest, path)),
            Type::Named(_) => self.is_named_finite(self.types.unalias(ty), nest, path),
            Type::TypeParam(_) => self.is_argument_finite(ty, nest, path),
            _ => true,
        }
    }

    fn is_named_finite(&mut self, ty: TypeId, nest: &mut Nest, path: &mut Vec<TypeId>) -> bool {
        let Some(id) = self.types.as_named(ty) else { return true };
        if self.generics.finite.contains(&ty) {
            return true;
        }
        let named = self.types.named(id);
        if named.underlying == Some(tid::INVALID) {
            return false;
        }
        if nest.contains(&ty) {
            let start = path.iter().position(|&t| t == ty).unwrap_or(0);
            let cycle = path.split_off(start);
            self.report_infinite(&cycle);
            return false;
        }
        let Some(rhs) = self.types.named(named.origin.unwrap_or(id)).rhs else { return true };
        nest.push(ty);
        path.push(ty);
        let finite = self.is_finite(rhs, nest, path);
        path.truncate(path.len().saturating_sub(1));
        nest.pop();
        if finite {
            self.generics.finite.insert(ty);
        }
        finite
    }

    /// A type parameter stands for its argument in the instance that is being walked.
    fn is_argument_finite(&mut self, tparam: TypeId, nest: &mut Nest, path: &mut Vec<TypeId>) -> bool {
        let Some(&instance) = nest.last() else { return true };
        let Some(named) = self.types.as_named(instance).map(|id| self.types.named(id)) else { return true };
        let Some(origin) = named.origin else { return true };
        let index = self.types.named(origin).tparams.iter().position(|&p| p == tparam);
        let Some(&targ) = index.and_then(|i| named.targs.get(i)) else { return true };
        nest.pop();
        let finite = self.is_finite(targ, nest, path);
        nest.push(instance);
        finite
    }

    /// Reports a cycle, starting at the type that stands first in the source, and makes its types invalid.
    fn report_infinite(&mut self, cycle: &[TypeId]) {
        let mut entries: Vec<(Span, String)> = cycle.iter().map(|&ty| self.cycle_entry(ty)).collect();
        for &ty in cycle {
            if let Some(id) = self.types.as_named(ty) {
                let origin = self.types.named(id).origin.unwrap_or(id);
                for id in [id, origin] {
                    self.types.named_mut(id).underlying = Some(tid::INVALID);
                }
            }
        }
        let first = (0..entries.len()).min_by_key(|&i| entries.get(i).map(|e| e.0)).unwrap_or(0);
        entries.rotate_left(first);
        let Some((span, name)) = entries.first().cloned() else { return };
        if entries.len() == 1 {
            let message = format!("invalid recursive type: {name} refers to itself");
            return self.error(span, Code::InvalidRecursiveType, message);
        }
        let mut diagnostic =
            Diagnostic::error(Code::InvalidRecursiveType, span, format!("invalid recursive type {name}"));
        let next = entries.iter().cycle().skip(1);
        for ((at, from), (_, to)) in entries.iter().zip(next) {
            let place = self.sources.describe(*at);
            diagnostic =
                diagnostic.label(*at, format!("{from} refers to {to}")).note(format!("{place}: {from} refers to {to}"));
        }
        self.report(diagnostic);
    }

    /// Place and name of a type in a cycle: an instance stands where it is mentioned.
    fn cycle_entry(&self, ty: TypeId) -> (Span, String) {
        let Some(named) = self.types.as_named(ty).map(|id| self.types.named(id)) else {
            return (Span::NONE, self.text(ty));
        };
        let declared = self.objects[named.obj].span;
        if named.origin.is_some() {
            return (self.generics.places.get(&ty).copied().unwrap_or(declared), self.text(ty));
        }
        let mut name = self.name(self.objects[named.obj].name).to_owned();
        if !named.tparams.is_empty() {
            let names = self.printer().list_text(named.tparams.iter().copied());
            name = format!("{name}[{names}]");
        }
        (declared, name)
    }

    // ---- Anonymous interfaces

    /// Refuses interface literals whose methods' types contain the literal itself, by way of embedding a named
    /// interface. As in Go, only a program without other errors is looked at.
    pub(super) fn check_interface_cycles(&mut self) {
        let declared = std::mem::take(&mut self.generics.declared);
        if has_errors(&self.diagnostics) {
            return;
        }
        for named in declared {
            let under = self.under(named);
            if self.types.has_interface(under) && self.has_interface_cycle(under, &mut Vec::new()) {
                let (span, _) = self.cycle_entry(named);
                let message =
                    "invalid recursive type: anonymous interface refers to itself (see https://go.dev/issue/56103)";
                self.error(span, Code::InvalidRecursiveType, message);
            }
        }
    }

    fn has_interface_cycle(&mut self, ty: TypeId, around: &mut Vec<TypeId>) -> bool {
        if !self.types.has_interface(ty) {
            return false;
        }
        let ty = self.types.canon(ty);
        if !matches!(self.types.get(ty), Type::Interface(_)) {
            let mut parts = Vec::new();
            self.types.each_part(self.types.get(ty), |part| parts.push(part));
            return parts.into_iter().any(|part| self.has_interface_cycle(part, around));
        }
        if around.contains(&ty) {
            return true;
        }
        around.push(ty);
        let set = self.type_set(ty);
        let cyclic = set.methods.iter().any(|method| self.has_interface_cycle(method.ty, around));
        around.pop();
        cyclic
    }
}
