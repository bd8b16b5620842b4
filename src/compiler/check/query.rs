//! Questions that later phases ask about types, when all is checked: substitution, method sets, identity.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::lookup::Found;
use super::{Checked, Checker, Info};
use crate::base::ids::IdVec;
use crate::base::{SourceMap, Symbol};
use crate::compiler::syntax::ast::Ast;
use crate::compiler::types::{Method, ObjId, Objects, Package, PkgId, Type, TypeId, TypePrinter, Types};

/// A checked program that can be asked.
pub struct Query<'a>(Checker<'a>);

/// A method of a type.
#[derive(Clone, Debug)]
pub struct MethodOf {
    /// Field indices that lead to the receiver.
    pub path: Vec<u32>,
    /// Its declaration; `None` for a method of an interface.
    pub obj: Option<ObjId>,
    /// Whether it is declared with a pointer receiver.
    pub ptr_recv: bool,
    /// Its signature.
    pub ty: TypeId,
}

impl<'a> Query<'a> {
    /// Asks about a checked program.
    pub fn new(checked: Checked, ast: &'a Ast, sources: &'a SourceMap) -> Self {
        let mut checker = Checker::new(ast, sources);
        checker.types = checked.types;
        checker.objects = checked.objects;
        checker.packages = checked.packages;
        checker.info = checked.info;
        Self(checker)
    }

    /// The tree.
    pub fn ast(&self) -> &'a Ast {
        self.0.ast
    }

    /// All sources.
    pub fn sources(&self) -> &'a SourceMap {
        self.0.sources
    }

    /// What was found out about the tree.
    pub fn info(&self) -> &Info {
        &self.0.info
    }

    /// All types.
    pub fn types(&self) -> &Types {
        &self.0.types
    }

    /// All types, to make new ones.
    pub fn types_mut(&mut self) -> &mut Types {
        &mut self.0.types
    }

    /// All objects.
    pub fn objects(&self) -> &Objects {
        &self.0.objects
    }

    /// All packages.
    pub fn packages(&self) -> &IdVec<PkgId, Package> {
        &self.0.packages
    }

    /// `ty` with type parameters replaced.
    pub fn subst(&mut self, ty: TypeId, from: &[TypeId], to: &[TypeId]) -> TypeId {
        self.0.subst(ty, from, to)
    }

    /// From now on local types of these functions, which are generic, are substituted too.
    pub fn substitute_locals(&mut self, generic: FxHashSet<ObjId>) {
        self.0.generics.owners = generic;
    }

    /// The underlying type.
    pub fn under(&mut self, ty: TypeId) -> TypeId {
        self.0.under(ty)
    }

    /// The structure of the underlying type.
    pub fn under_type(&mut self, ty: TypeId) -> Type {
        self.0.under_type(ty)
    }

    /// Whether two types are identical.
    pub fn identical(&mut self, a: TypeId, b: TypeId) -> bool {
        self.0.identical(a, b)
    }

    /// Whether values of a type can be compared; interfaces can.
    pub fn comparable(&mut self, ty: TypeId) -> bool {
        self.0.comparable(ty, true).is_ok()
    }

    /// Whether it is an interface and no type parameter.
    pub fn is_interface(&mut self, ty: TypeId) -> bool {
        matches!(self.0.under_type(ty), Type::Interface(_)) && !self.0.is_tparam(ty)
    }

    /// The methods of an interface, sorted by name.
    pub fn interface_methods(&mut self, ty: TypeId) -> Arc<[Method]> {
        self.0.type_set(ty).methods.clone()
    }

    /// The type that decides how values of a constraint's types behave, if they have one in common.
    pub fn common_under(&mut self, ty: TypeId) -> Option<TypeId> {
        self.0.common_under(ty)
    }

    /// The method of a type with a name, promoted ones included.
    pub fn method(&mut self, ty: TypeId, name: Symbol, pkg: Option<PkgId>) -> Option<MethodOf> {
        let Found::Method(found) = self.0.lookup_member_in(ty, name, pkg) else { return None };
        let mut path: Vec<u32> = found.path.to_vec();
        path.pop();
        Some(MethodOf { path, obj: found.obj, ptr_recv: found.ptr_recv, ty: found.ty })
    }

    /// The names of all methods that values of a type have, and with `pointer` those of pointers to it; promoted ones
    /// included.
    pub fn method_names(&mut self, ty: TypeId) -> Vec<(Symbol, Option<PkgId>)> {
        let mut names = Vec::new();
        let mut seen = FxHashSet::default();
        let mut todo = vec![self.0.deref(ty).0];
        while let Some(ty) = todo.pop() {
            if !seen.insert(self.0.types.canon(ty)) {
                continue;
            }
            if let Some(id) = self.0.types.as_named(ty) {
                let origin = self.0.types.named(id).origin.unwrap_or(id);
                for &method in &self.0.types.named(origin).methods {
                    let object = &self.0.objects[method];
                    let exported = super::lookup::is_exported(self.0.name(object.name));
                    names.push((object.name, if exported { None } else { object.pkg }));
                }
            }
            match self.0.under_type(ty) {
                Type::Struct(s) => {
                    todo.extend(s.fields.iter().filter(|f| f.embedded).map(|f| self.0.deref(f.ty).0));
                }
                Type::Interface(_) => {
                    names.extend(self.0.type_set(ty).methods.iter().map(|m| (m.name, m.pkg)));
                }
                _ => {}
            }
        }
        names.sort_unstable();
        names.dedup();
        names
    }

    /// A type as text, names qualified by their packages.
    pub fn text(&self, ty: TypeId) -> String {
        TypePrinter {
            names: &self.0.ast.names,
            types: &self.0.types,
            objects: &self.0.objects,
            packages: &self.0.packages,
            current: None,
        }
        .text(ty)
    }
}
