//! Fields and methods of a type, promoted ones included.
//!
//! The search goes breadth first through embedded fields: the shallowest depth at which a name is found decides, and
//! two finds at that depth are ambiguous. Each defined type is entered once, at its shallowest place.

use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::{SmallVec, smallvec};

use super::Checker;
use crate::base::Symbol;
use crate::compiler::types::{NamedId, ObjId, ObjKind, PkgId, Type, TypeId};

/// Steps from a value to a member: field indices, for a method its own index last.
pub(super) type Path = SmallVec<[u32; 4]>;

/// What a name selects in a type.
#[derive(Clone, Debug)]
pub(super) enum Found {
    /// Nothing.
    Nothing,
    /// Two members at the same depth.
    Ambiguous,
    /// A field.
    Field {
        /// Steps to it.
        path: Path,
        /// Its type.
        ty: TypeId,
        /// Whether a pointer is followed on the way.
        indirect: bool,
    },
    /// A method.
    Method(FoundMethod),
}

/// A method that a name selects.
#[derive(Clone, Debug)]
pub(super) struct FoundMethod {
    /// Steps to it.
    pub path: Path,
    /// Its signature, type arguments of the receiver substituted.
    pub ty: TypeId,
    /// Its declaration; `None` for a method of an interface.
    pub obj: Option<ObjId>,
    /// Whether it is declared with a pointer receiver.
    pub ptr_recv: bool,
    /// Whether a pointer is followed on the way, the outermost included.
    pub indirect: bool,
}

/// Which names a search accepts.
#[derive(Clone, Copy)]
enum Wanted<'n> {
    /// This name, seen from this package.
    Exact(Symbol, Option<PkgId>),
    /// Any name equal to this one but for case.
    Fold(&'n str),
}

/// An embedded type that is still to be searched.
struct Entry {
    ty: TypeId,
    path: Path,
    indirect: bool,
    /// Whether the same type is embedded more than once at this depth.
    multiples: bool,
}

/// A name that differs from the wanted one in case only.
pub(super) struct Similar {
    /// The name.
    pub name: Symbol,
    /// Its package when it is not exported.
    pub pkg: Option<PkgId>,
    /// Whether it is a method.
    pub method: bool,
}

/// Whether a name begins with an upper-case letter.
pub(super) fn is_exported(name: &str) -> bool {
    name.chars().next().is_some_and(char::is_uppercase)
}

impl Checker<'_> {
    /// The package that matters for the identity of a member name seen from the current package.
    pub(super) fn member_pkg(&self, name: Symbol) -> Option<PkgId> {
        if is_exported(self.name(name)) { None } else { self.env.pkg }
    }

    /// What `name` selects in `ty`, seen from the current package.
    pub(super) fn lookup_member(&mut self, ty: TypeId, name: Symbol) -> Found {
        let pkg = self.member_pkg(name);
        self.lookup_member_in(ty, name, pkg)
    }

    /// What `name` of package `pkg` (`None` when exported) selects in `ty`.
    pub(super) fn lookup_member_in(&mut self, ty: TypeId, name: Symbol, pkg: Option<PkgId>) -> Found {
        let key = (ty, name, pkg);
        if let Some(known) = self.lookups.get(&key) {
            return known.clone();
        }
        let mut kind = None;
        let found = self.search(ty, Wanted::Exact(name, pkg), &mut kind);
        // While declarations are in progress types may still gain methods and fields.
        if self.path.is_empty() {
            self.lookups.insert(key, found.clone());
        }
        found
    }

    /// A member of `ty` whose name equals `name` but for case.
    pub(super) fn lookup_similar(&mut self, ty: TypeId, name: Symbol) -> Option<Similar> {
        let mut similar = None;
        self.search(ty, Wanted::Fold(self.name(name)), &mut similar);
        similar
    }

    /// `*T` → `T`, for pointers as spelled (not for defined pointer types).
    pub(super) fn deref(&self, ty: TypeId) -> (TypeId, bool) {
        match *self.types.get(ty) {
            Type::Pointer(elem) => (elem, true),
            _ => (ty, false),
        }
    }

    fn search(&mut self, ty: TypeId, wanted: Wanted<'_>, similar: &mut Option<Similar>) -> Found {
        let (mut start, mut indirect) = self.deref(ty);
        if self.types.as_named(ty).is_some()
            && let Type::Pointer(elem) = self.under_type(ty)
        {
            // A defined pointer type has the fields of what it points to, but no methods.
            match self.search(elem, wanted, similar) {
                Found::Field { path, ty, .. } => return Found::Field { path, ty, indirect: true },
                _ => return Found::Nothing,
            }
        }
        if indirect && matches!(self.under_type(start), Type::Interface(_)) {
            return Found::Nothing;
        }
        let mut seen: FxHashSet<NamedId> = FxHashSet::default();
        let mut level: Vec<Entry> = vec![Entry { ty: start, path: Path::new(), indirect, multiples: false }];
        while !level.is_empty() {
            let mut next: Vec<Entry> = Vec::new();
            let mut found: Option<Found> = None;
            let mut twice = false;
            for entry in &level {
                (start, indirect) = (entry.ty, entry.indirect);
                if let Some(id) = self.types.as_named(start)
                    && !seen.insert(id)
                {
                    continue;
                }
                let hit = match self.declared_method(start, wanted, similar) {
                    Some((index, obj)) => Some(self.method_found(start, index, obj, &entry.path, indirect)),
                    None => self.structural(start, entry, wanted, similar, &mut next),
                };
                if let Some(hit) = hit {
                    twice |= found.is_some() || entry.multiples;
                    found = Some(hit);
                }
            }
            match found {
                Some(_) if twice => return Found::Ambiguous,
                Some(found) => return found,
                None => level = self.merge_level(next),
            }
        }
        Found::Nothing
    }

    /// A method declared for a defined type itself.
    fn declared_method(
        &mut self,
        ty: TypeId,
        wanted: Wanted<'_>,
        similar: &mut Option<Similar>,
    ) -> Option<(usize, ObjId)> {
        let id = self.types.as_named(ty)?;
        let origin = self.types.named(id).origin.unwrap_or(id);
        let methods = &self.types.named(origin).methods;
        let (index, &obj) = methods.iter().enumerate().find(|&(_, &m)| {
            let method = &self.objects[m];
            self.accepts(wanted, method.name, method.pkg)
        })?;
        let object = &self.objects[obj];
        *similar = Some(Similar { name: object.name, pkg: object.pkg, method: true });
        Some((index, obj))
    }

    fn method_found(&mut self, recv: TypeId, index: usize, obj: ObjId, path: &Path, indirect: bool) -> Found {
        let ptr_recv = matches!(self.objects[obj].kind, ObjKind::Func { ptr_recv: true, .. });
        let ty = self.method_type(recv, obj);
        let mut path = path.clone();
        path.push(index as u32);
        Found::Method(FoundMethod { path, ty, obj: Some(obj), ptr_recv, indirect })
    }

    /// Fields of a struct and methods of an interface; embedded fields go to `next`.
    fn structural(
        &mut self,
        ty: TypeId,
        entry: &Entry,
        wanted: Wanted<'_>,
        similar: &mut Option<Similar>,
        next: &mut Vec<Entry>,
    ) -> Option<Found> {
        let with = |index: usize| {
            let mut path = entry.path.clone();
            path.push(index as u32);
            path
        };
        match self.under_type(ty) {
            Type::Struct(s) => {
                let mut hit = None;
                for (index, field) in s.fields.iter().enumerate() {
                    if self.accepts(wanted, field.name, field.pkg.or(self.env.pkg)) {
                        *similar = Some(Similar { name: field.name, pkg: field.pkg, method: false });
                        hit = Some(Found::Field { path: with(index), ty: field.ty, indirect: entry.indirect });
                        continue;
                    }
                    if field.embedded && hit.is_none() {
                        let (ty, pointer) = self.deref(field.ty);
                        let indirect = entry.indirect || pointer;
                        next.push(Entry { ty, path: with(index), indirect, multiples: entry.multiples });
                    }
                }
                hit
            }
            Type::Interface(_) | Type::TypeParam(_) => {
                let set = self.type_set(ty);
                let (index, method) = set
                    .methods
                    .iter()
                    .enumerate()
                    .find(|(_, m)| self.accepts(wanted, m.name, m.pkg.or(self.env.pkg)))?;
                *similar = Some(Similar { name: method.name, pkg: method.pkg, method: true });
                let indirect = entry.indirect;
                Some(Found::Method(FoundMethod {
                    path: with(index),
                    ty: method.ty,
                    obj: None,
                    ptr_recv: false,
                    indirect,
                }))
            }
            _ => None,
        }
    }

    /// Equal types at one depth become one entry that counts as several.
    fn merge_level(&self, entries: Vec<Entry>) -> Vec<Entry> {
        let mut merged: Vec<Entry> = Vec::with_capacity(entries.len());
        let mut places: FxHashMap<TypeId, usize> = FxHashMap::default();
        for entry in entries {
            if self.types.as_named(entry.ty).is_none() {
                merged.push(entry);
                continue;
            }
            let place = *places.entry(self.types.canon(entry.ty)).or_insert(merged.len());
            match merged.get_mut(place) {
                Some(first) => first.multiples = true,
                None => merged.push(entry),
            }
        }
        merged
    }

    fn accepts(&self, wanted: Wanted<'_>, name: Symbol, pkg: Option<PkgId>) -> bool {
        match wanted {
            Wanted::Exact(symbol, from) => name == symbol && (from.is_none() || pkg == from),
            Wanted::Fold(text) => self.name(name).to_lowercase() == text.to_lowercase(),
        }
    }

    /// The signature of a declared method for a receiver type, its type arguments substituted.
    pub(super) fn method_type(&mut self, recv: TypeId, obj: ObjId) -> TypeId {
        self.obj_decl(obj);
        let declared = self.objects[obj].ty;
        let Some(id) = self.types.as_named(recv) else { return declared };
        let named = self.types.named(id);
        let (Some(origin), targs) = (named.origin, named.targs.clone()) else { return declared };
        let tparams = self.types.named(origin).tparams.clone();
        self.subst(declared, &tparams, &targs)
    }

    /// Whether the method can be called on a value of its receiver base type: a pointer is there, or none is needed.
    pub(super) fn in_method_set(&self, method: &FoundMethod) -> bool {
        !method.ptr_recv || method.indirect
    }

    /// The path to a member of depth zero.
    pub(super) fn direct(index: usize) -> Path {
        smallvec![index as u32]
    }
}
