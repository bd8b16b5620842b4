//! Types, objects and scopes: what names mean.
//!
//! Types are hash-consed in one store ([`Types`]): equal spellings share a [`TypeId`], and each id knows its
//! *canonical* id, in which aliases are replaced and parameter names dropped. Two types without interface literals are
//! identical exactly when their canonical ids are equal; interfaces are compared by type set, which the checker
//! computes. Declared entities are [`Object`]s in one arena. Both arenas serve all packages of a compilation.

pub mod constant;
mod display;
mod object;
mod ty;
mod universe;

pub use display::TypePrinter;
pub use object::{Builtin, ObjId, ObjKind, Object, Objects, Package, PkgId, Scope, Var, VarKind};
pub use ty::{
    AliasId, AliasInfo, Basic, Interface, Method, Named, NamedId, Param, Signature, Struct, StructField, TParam,
    TParamId, Term, Type, TypeId, Types, tid,
};
pub use universe::Universe;
