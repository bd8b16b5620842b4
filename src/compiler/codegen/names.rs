//! Names of types as programs see them: in `%T`, in panics, in traces. They are those of Go's `reflect`, which differ
//! from the compiler's: spaces in literals, no names of parameters, and no aliases.

use std::fmt::Write;

use super::Gen;
use crate::compiler::syntax::ast::ChanDir;
use crate::compiler::types::{ObjId, Param, PkgId, Signature, Type, TypeId};

impl Gen<'_> {
    /// The name of a type without type parameters.
    pub fn runtime_name(&mut self, ty: TypeId) -> String {
        let mut out = String::new();
        self.write_name(&mut out, ty, false);
        out
    }

    /// With `inside`, as a type argument: packages have their whole paths.
    fn write_name(&mut self, out: &mut String, ty: TypeId, inside: bool) {
        let ty = self.query.types().canon(ty);
        let shape = self.query.types().get(ty).clone();
        let mut prefixed = |out: &mut String, prefix: &str, ty: TypeId| {
            out.push_str(prefix);
            self.write_name(out, ty, inside);
        };
        match shape {
            Type::Basic(basic) => out.push_str(basic.name()),
            Type::Pointer(elem) => prefixed(out, "*", elem),
            Type::Slice(elem) => prefixed(out, "[]", elem),
            Type::Array(elem, len) => prefixed(out, &format!("[{len}]"), elem),
            Type::Map(key, value) => {
                prefixed(out, "map[", key);
                prefixed(out, "]", value);
            }
            Type::Chan(ChanDir::Send, elem) => prefixed(out, "chan<- ", elem),
            Type::Chan(ChanDir::Recv, elem) => prefixed(out, "<-chan ", elem),
            Type::Chan(ChanDir::Both, elem) => {
                let received = matches!(self.query.types().get(elem), Type::Chan(ChanDir::Recv, _));
                out.push_str(if received { "chan (" } else { "chan " });
                self.write_name(out, elem, inside);
                out.push_str(if received { ")" } else { "" });
            }
            Type::Signature(signature) => {
                out.push_str("func");
                self.write_signature(out, &signature, inside);
            }
            Type::Struct(s) => {
                out.push_str(if s.fields.is_empty() { "struct {" } else { "struct { " });
                for (i, field) in s.fields.iter().enumerate() {
                    out.push_str(if i > 0 { "; " } else { "" });
                    if !field.embedded {
                        let pkg = field.pkg.filter(|_| inside);
                        self.write_member(out, self.query.ast().names.get(field.name).to_owned(), pkg);
                        out.push(' ');
                    }
                    self.write_name(out, field.ty, inside);
                    if let Some(tag) = field.tag {
                        // Writing to a string cannot fail.
                        _ = write!(out, " {:?}", self.query.ast().names.get(tag));
                    }
                }
                out.push_str(if s.fields.is_empty() { "}" } else { " }" });
            }
            Type::Interface(_) => {
                let mut methods = self.query.interface_methods(ty).to_vec();
                let names = &self.query.ast().names;
                methods.sort_by(|a, b| names.get(a.name).cmp(names.get(b.name)));
                out.push_str(if methods.is_empty() { "interface {" } else { "interface { " });
                for (i, method) in methods.iter().enumerate() {
                    out.push_str(if i > 0 { "; " } else { "" });
                    self.write_member(out, self.query.ast().names.get(method.name).to_owned(), method.pkg);
                    if let Type::Signature(signature) = self.query.types().get(method.ty).clone() {
                        self.write_signature(out, &signature, inside);
                    }
                }
                out.push_str(if methods.is_empty() { "}" } else { " }" });
            }
            Type::Named(id) => {
                let named = self.query.types().named(id);
                let (obj, targs) = (named.obj, named.targs.to_vec());
                self.write_object(out, obj, inside);
                for (i, &targ) in targs.iter().enumerate() {
                    out.push(if i == 0 { '[' } else { ',' });
                    self.write_name(out, targ, true);
                }
                out.push_str(if targs.is_empty() { "" } else { "]" });
            }
            _ => out.push_str(&self.query.text(ty)),
        }
    }

    fn write_object(&self, out: &mut String, id: ObjId, inside: bool) {
        let object = &self.query.objects()[id];
        if let Some(pkg) = object.pkg {
            self.write_package(out, pkg, inside);
        }
        out.push_str(self.query.ast().names.get(object.name));
    }

    fn write_package(&self, out: &mut String, pkg: PkgId, whole: bool) {
        let package = &self.query.packages()[pkg];
        let whole = whole && package.is_std;
        out.push_str(if whole { &package.path } else { self.query.ast().names.get(package.name) });
        out.push('.');
    }

    /// A field or method, with the package of a name that is not exported.
    fn write_member(&self, out: &mut String, name: String, pkg: Option<PkgId>) {
        if let Some(pkg) = pkg.filter(|_| !name.starts_with(char::is_uppercase)) {
            self.write_package(out, pkg, false);
        }
        out.push_str(&name);
    }

    fn write_signature(&mut self, out: &mut String, signature: &Signature, inside: bool) {
        self.write_params(out, &signature.params, signature.variadic, inside);
        match &signature.results[..] {
            [] => {}
            [one] => {
                out.push(' ');
                self.write_name(out, one.ty, inside);
            }
            results => {
                out.push(' ');
                self.write_params(out, results, false, inside);
            }
        }
    }

    fn write_params(&mut self, out: &mut String, params: &[Param], variadic: bool, inside: bool) {
        out.push('(');
        for (i, param) in params.iter().enumerate() {
            out.push_str(if i > 0 { ", " } else { "" });
            match *self.query.types().get(self.query.types().canon(param.ty)) {
                Type::Slice(elem) if variadic && i + 1 == params.len() => {
                    out.push_str("...");
                    self.write_name(out, elem, inside);
                }
                _ => self.write_name(out, param.ty, inside),
            }
        }
        out.push(')');
    }
}
