//! Types of finite size: a type must not contain itself by value.
//!
//! The walk follows arrays, struct fields and defined types, not pointers and the like. An instance of a generic type is
//! walked with its own structure; since each instance may contain a larger one (`type T[P any] struct { f T[[]P] }`),
//! an origin that recurs too often on the path counts as a cycle.

use super::Checker;
use crate::base::Span;
use crate::compiler::types::{NamedId, ObjId, Type, TypeId, tid};

/// How often one generic type may occur on a path.
const EXPANSIONS: usize = 16;

impl Checker<'_> {
    /// Reports a type that contains itself, and makes it invalid.
    pub(super) fn check_finite(&mut self, named: TypeId, _at: Span) {
        let mut path = Vec::new();
        self.walk_finite(named, &mut path);
    }

    /// Says whether the walk found nothing wrong.
    fn walk_finite(&mut self, ty: TypeId, path: &mut Vec<NamedId>) -> bool {
        match self.types.get(ty).clone() {
            Type::Array(elem, _) => self.walk_finite(elem, path),
            Type::Struct(s) => s.fields.iter().all(|field| self.walk_finite(field.ty, path)),
            Type::Named(id) => self.walk_named(id, path),
            _ => true,
        }
    }

    fn walk_named(&mut self, id: NamedId, path: &mut Vec<NamedId>) -> bool {
        let id = self.normalised(id);
        if self.finite.contains(&id) {
            return true;
        }
        let origin = |c: &Self, id: NamedId| c.types.named(id).origin.unwrap_or(id);
        let start = path.iter().position(|&p| p == id).or_else(|| {
            let own = origin(self, id);
            let same: Vec<usize> = (0..path.len()).filter(|&i| origin(self, path[i]) == own).collect();
            if same.len() >= EXPANSIONS { same.first().copied() } else { None }
        });
        if let Some(start) = start {
            let mut cycle: Vec<ObjId> = path[start..].iter().map(|&n| self.types.named(n).obj).collect();
            cycle.dedup();
            self.report_cycle(&cycle);
            for &member in &path[start..] {
                self.make_invalid(member);
            }
            return false;
        }
        let ty = self.types.named(id).ty;
        let under = self.under(ty);
        if under == tid::INVALID {
            return true;
        }
        path.push(id);
        let fine = self.walk_finite(under, path);
        path.pop();
        if fine {
            self.finite.insert(id);
        }
        fine
    }

    fn make_invalid(&mut self, id: NamedId) {
        let origin = self.types.named(id).origin.unwrap_or(id);
        for member in [id, origin] {
            let entry = self.types.named_mut(member);
            (entry.rhs, entry.underlying) = (Some(tid::INVALID), Some(tid::INVALID));
        }
    }

    /// `List[T]` inside the declaration of `List` is the declared type itself.
    fn normalised(&self, id: NamedId) -> NamedId {
        let named = self.types.named(id);
        match named.origin {
            Some(origin) if self.types.named(origin).tparams == named.targs => origin,
            _ => id,
        }
    }
}
