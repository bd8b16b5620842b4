//! Types that contain themselves: structs and arrays of infinite size, interfaces that embed themselves, and names
//! defined as each other.
//!
//! The walk follows what is stored in place: fields, elements, embedded types and right sides. Pointers, slices, maps,
//! channels and functions end it. Each declaration is walked once, generic or not; for a generic type the walk finds
//! which of its parameters it stores in place. Where an instance is mentioned, the arguments for those are stored there
//! too. So `Box[Box[int]]` is no cycle while `type T struct { b Box[T] }` is one, nothing is expanded, and the work is
//! linear in the size of the declarations.

use smallvec::SmallVec;

use super::Checker;
use crate::base::Span;
use crate::compiler::diag::{Code, Diagnostic, has_errors};
use crate::compiler::types::{NamedId, Type, TypeId, tid};

/// A type on the way from the start of the walk to the current place.
struct Step {
    ty: TypeId,
    /// Whether its declaration is being walked, rather than an argument that it stores.
    declaration: bool,
}

impl Checker<'_> {
    /// Reports a defined type that contains itself, and makes it invalid.
    pub(super) fn check_finite(&mut self, named: TypeId) {
        self.generics.declared.push(named);
        self.is_finite(named, &mut Vec::new(), &mut Vec::new());
    }

    /// Walks what a type stores in place; the type parameters among it are added to `inline`.
    fn is_finite(&mut self, ty: TypeId, path: &mut Vec<Step>, inline: &mut Vec<TypeId>) -> bool {
        match self.types.get(ty).clone() {
            Type::Array(elem, _) => self.is_finite(elem, path, inline),
            Type::Struct(s) => self.are_finite(s.fields.iter().map(|f| f.ty), path, inline),
            Type::Union(terms) => self.are_finite(terms.iter().map(|t| t.ty), path, inline),
            // `comparable` embeds itself by definition.
            Type::Interface(i) => {
                let embeds = i.embeds.iter().copied().filter(|&e| e != tid::COMPARABLE);
                self.are_finite(embeds, path, inline)
            }
            Type::Named(_) => self.is_named_finite(self.types.unalias(ty), path, inline),
            Type::TypeParam(_) => {
                if !inline.contains(&ty) {
                    inline.push(ty);
                }
                true
            }
            _ => true,
        }
    }

    /// Walks several types, also behind one that is not finite: each may be a cycle of its own.
    fn are_finite(
        &mut self,
        types: impl Iterator<Item = TypeId>,
        path: &mut Vec<Step>,
        inline: &mut Vec<TypeId>,
    ) -> bool {
        let mut finite = true;
        for ty in types {
            finite &= self.is_finite(ty, path, inline);
        }
        finite
    }

    fn is_named_finite(&mut self, ty: TypeId, path: &mut Vec<Step>, inline: &mut Vec<TypeId>) -> bool {
        let Some(id) = self.types.as_named(ty) else { return true };
        let origin = self.types.named(id).origin.unwrap_or(id);
        if self.types.named(origin).underlying == Some(tid::INVALID) {
            return false;
        }
        let is_origin = |c: &Self, other: TypeId| {
            c.types.as_named(other).is_some_and(|o| c.types.named(o).origin.unwrap_or(o) == origin)
        };
        if self.generics.walked.contains(&origin)
            && let Some(start) = path.iter().position(|step| step.declaration && is_origin(self, step.ty))
        {
            let mut cycle: Vec<TypeId> = path[start..].iter().map(|step| step.ty).collect();
            if let Some(first) = cycle.first_mut()
                && self.is_generic_type(*first)
            {
                // A generic type by itself refers to the instance that is met here.
                *first = ty;
            }
            self.report_infinite(&cycle);
            return false;
        }
        let Some(stored) = self.stored_params(ty, origin, path) else { return false };
        let targs = self.types.named(id).targs.clone();
        path.push(Step { ty, declaration: false });
        let arguments = targs.iter().zip(&stored).filter(|&(_, &stored)| stored).map(|(&targ, _)| targ);
        let finite = self.are_finite(arguments, path, inline);
        path.pop();
        finite
    }

    /// Which of its parameters the generic type `origin` stores in place; `None` if it contains itself. Walks its
    /// declaration the first time; `ty` is the instance that is met.
    fn stored_params(&mut self, ty: TypeId, origin: NamedId, path: &mut Vec<Step>) -> Option<SmallVec<[bool; 4]>> {
        if let Some(known) = self.generics.stored.get(&origin) {
            return Some(known.clone());
        }
        let Some(rhs) = self.types.named(origin).rhs else { return Some(SmallVec::new()) };
        let mut inline = Vec::new();
        path.push(Step { ty, declaration: true });
        self.generics.walked.insert(origin);
        let finite = self.is_finite(rhs, path, &mut inline);
        self.generics.walked.remove(&origin);
        path.pop();
        if !finite {
            return None;
        }
        let stored: SmallVec<[bool; 4]> = self.types.named(origin).tparams.iter().map(|p| inline.contains(p)).collect();
        self.generics.stored.insert(origin, stored.clone());
        Some(stored)
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
