//! Types as people read them, in the spelling of Go's compiler.

use std::fmt::Write;

use super::object::{ObjId, Objects, Package, PkgId};
use super::ty::{Interface, Param, Signature, Struct, Type, TypeId, Types};
use crate::base::ids::IdVec;
use crate::base::{Interner, sym};
use crate::compiler::syntax::ast::ChanDir;

/// Writes types; names of other packages than `current` are qualified.
#[derive(Clone, Copy)]
pub struct TypePrinter<'a> {
    /// Texts of names.
    pub names: &'a Interner,
    /// The store of types.
    pub types: &'a Types,
    /// The arena of objects.
    pub objects: &'a Objects,
    /// The packages.
    pub packages: &'a IdVec<PkgId, Package>,
    /// The package whose names need no qualifier.
    pub current: Option<PkgId>,
}

impl TypePrinter<'_> {
    /// The type as text.
    pub fn text(&self, ty: TypeId) -> String {
        let mut out = String::new();
        self.write(&mut out, ty);
        out
    }

    /// Parameters and results as text, without `func`.
    pub fn signature_text(&self, signature: &Signature) -> String {
        let mut out = String::new();
        self.signature(&mut out, signature);
        out
    }

    /// The types of a list, separated by `, `.
    pub fn list_text(&self, types: impl IntoIterator<Item = TypeId>) -> String {
        let mut out = String::new();
        self.separated(&mut out, ", ", types, |out, ty| self.write(out, ty));
        out
    }

    fn write(&self, out: &mut String, ty: TypeId) {
        match self.types.spelled(ty) {
            Type::Basic(basic) => out.push_str(basic.name()),
            Type::Pointer(elem) => self.prefixed(out, "*", *elem),
            Type::Slice(elem) => self.prefixed(out, "[]", *elem),
            Type::Array(elem, len) => {
                // Writing to a string cannot fail.
                let _ = write!(out, "[{len}]");
                self.write(out, *elem);
            }
            Type::Map(key, value) => {
                self.prefixed(out, "map[", *key);
                self.prefixed(out, "]", *value);
            }
            Type::Chan(dir, elem) => self.channel(out, *dir, *elem),
            Type::Tuple(parts) => {
                out.push('(');
                self.separated(out, ", ", parts.iter().copied(), |out, ty| self.write(out, ty));
                out.push(')');
            }
            Type::Signature(signature) => {
                out.push_str("func");
                self.signature(out, signature);
            }
            Type::Struct(s) => self.structure(out, s),
            Type::Interface(i) => self.interface(out, i),
            Type::Union(terms) => self.separated(out, " | ", terms.iter(), |out, term| {
                self.prefixed(out, if term.tilde { "~" } else { "" }, term.ty);
            }),
            Type::Named(id) => {
                let named = self.types.named(*id);
                self.object(out, named.obj);
                if named.targs.is_empty() && !named.tparams.is_empty() {
                    out.push('[');
                    self.type_parameters(out, &named.tparams);
                    out.push(']');
                }
                self.arguments(out, &named.targs);
            }
            Type::TypeParam(id) => self.object(out, self.types.tparam(*id).obj),
            Type::Alias(id) => {
                let alias = self.types.alias(*id);
                self.object(out, alias.obj);
                if alias.targs.is_empty() && !alias.tparams.is_empty() {
                    out.push('[');
                    self.type_parameters(out, &alias.tparams);
                    out.push(']');
                }
                self.arguments(out, &alias.targs);
            }
        }
    }

    fn prefixed(&self, out: &mut String, prefix: &str, ty: TypeId) {
        out.push_str(prefix);
        self.write(out, ty);
    }

    fn object(&self, out: &mut String, id: ObjId) {
        let object = &self.objects[id];
        if let Some(pkg) = object.pkg
            && object.pkg != self.current
            && self.packages[pkg].scope.get(&object.name) == Some(&id)
        {
            out.push_str(self.names.get(self.packages[pkg].name));
            out.push('.');
        }
        out.push_str(self.names.get(object.name));
    }

    fn arguments(&self, out: &mut String, targs: &[TypeId]) {
        if targs.is_empty() {
            return;
        }
        out.push('[');
        self.separated(out, ", ", targs.iter().copied(), |out, ty| self.write(out, ty));
        out.push(']');
    }

    fn type_parameters(&self, out: &mut String, tparams: &[TypeId]) {
        let constraint = |t: TypeId| self.types.as_tparam(t).and_then(|p| self.types.tparam(p).constraint);
        for (i, &tparam) in tparams.iter().enumerate() {
            if i > 0 {
                out.push_str(", ");
            }
            self.write(out, tparam);
            let next = tparams.get(i + 1).map(|&t| constraint(t));
            if next != Some(constraint(tparam))
                && let Some(c) = constraint(tparam)
            {
                out.push(' ');
                self.constraint(out, c);
            }
        }
    }

    fn constraint(&self, out: &mut String, ty: TypeId) {
        match self.types.spelled(ty) {
            Type::Interface(i) if i.implicit && i.methods.is_empty() => match i.embeds[..] {
                [one] => self.write(out, one),
                _ => self.write(out, ty),
            },
            _ => self.write(out, ty),
        }
    }

    fn channel(&self, out: &mut String, dir: ChanDir, elem: TypeId) {
        out.push_str(match dir {
            ChanDir::Both => "chan ",
            ChanDir::Send => "chan<- ",
            ChanDir::Recv => "<-chan ",
        });
        if dir == ChanDir::Both && matches!(self.types.spelled(elem), Type::Chan(ChanDir::Recv, _)) {
            out.push('(');
            self.write(out, elem);
            out.push(')');
        } else {
            self.write(out, elem);
        }
    }

    fn signature(&self, out: &mut String, signature: &Signature) {
        if !signature.tparams.is_empty() {
            out.push('[');
            self.type_parameters(out, &signature.tparams);
            out.push(']');
        }
        self.parameters(out, &signature.params, signature.variadic);
        match &signature.results[..] {
            [] => {}
            [one] if one.name == sym::EMPTY => {
                out.push(' ');
                self.write(out, one.ty);
            }
            results => {
                out.push(' ');
                self.parameters(out, results, false);
            }
        }
    }

    fn parameters(&self, out: &mut String, params: &[Param], variadic: bool) {
        out.push('(');
        for (i, param) in params.iter().enumerate() {
            if i > 0 {
                out.push_str(", ");
            }
            if param.name != sym::EMPTY {
                out.push_str(self.names.get(param.name));
                out.push(' ');
            }
            match self.types.get(param.ty) {
                Type::Slice(elem) if variadic && i + 1 == params.len() => self.prefixed(out, "...", *elem),
                _ => self.write(out, param.ty),
            }
        }
        out.push(')');
    }

    fn structure(&self, out: &mut String, s: &Struct) {
        out.push_str("struct{");
        self.separated(out, "; ", s.fields.iter(), |out, field| {
            if !field.embedded {
                out.push_str(self.names.get(field.name));
                out.push(' ');
            }
            self.write(out, field.ty);
            if let Some(tag) = field.tag {
                let _ = write!(out, " {:?}", self.names.get(tag));
            }
        });
        out.push('}');
    }

    fn interface(&self, out: &mut String, i: &Interface) {
        if i.implicit
            && i.methods.is_empty()
            && let [one] = i.embeds[..]
        {
            return self.write(out, one);
        }
        out.push_str("interface{");
        self.separated(out, "; ", i.methods.iter(), |out, method| {
            out.push_str(self.names.get(method.name));
            if let Type::Signature(signature) = self.types.get(method.ty) {
                self.signature(out, signature);
            }
        });
        if !i.methods.is_empty() && !i.embeds.is_empty() {
            out.push_str("; ");
        }
        self.separated(out, "; ", i.embeds.iter().copied(), |out, ty| self.write(out, ty));
        out.push('}');
    }

    fn separated<T>(
        &self,
        out: &mut String,
        separator: &str,
        items: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut String, T),
    ) {
        for (i, item) in items.into_iter().enumerate() {
            if i > 0 {
                out.push_str(separator);
            }
            write(out, item);
        }
    }
}
