//! Objects: the declared entities that names refer to, and the packages and scopes that hold them.

use rustc_hash::FxHashMap;

use super::constant::Value;
use super::ty::{TypeId, tid};
use crate::base::ids::IdVec;
use crate::base::{Span, Symbol};
use crate::define_id;

define_id! {
    /// Names an object.
    pub struct ObjId;
    /// Names a package.
    pub struct PkgId;
}

/// A table of declared names.
pub type Scope = FxHashMap<Symbol, ObjId>;

/// A declared entity.
#[derive(Clone, Debug)]
pub struct Object {
    /// Its name.
    pub name: Symbol,
    /// Where the name is declared; [`Span::NONE`] in the universe.
    pub span: Span,
    /// The package it belongs to; `None` in the universe.
    pub pkg: Option<PkgId>,
    /// Its type; [`tid::INVALID`] until it is known.
    pub ty: TypeId,
    /// What it is.
    pub kind: ObjKind,
}

/// What an object is.
#[derive(Clone, Debug)]
pub enum ObjKind {
    /// An imported package's name in a file.
    PkgName {
        /// The package.
        pkg: PkgId,
        /// Whether it was referred to.
        used: bool,
        /// The import path as it is written, quotes included; empty if there is no import.
        path: Symbol,
    },
    /// A constant.
    Const {
        /// Its value; unknown until it is checked or when it is wrong.
        value: Value,
    },
    /// A defined type, alias or type parameter.
    TypeName,
    /// A variable.
    Var(Var),
    /// A function or method.
    Func {
        /// Whether it is a method.
        method: bool,
        /// Whether a method has a pointer receiver.
        ptr_recv: bool,
    },
    /// A built-in function.
    Builtin(Builtin),
    /// `nil`
    Nil,
}

/// A variable.
#[derive(Clone, Copy, Debug)]
pub struct Var {
    /// Where it lives.
    pub kind: VarKind,
    /// Whether its value is used.
    pub used: bool,
    /// Whether a closure refers to it.
    pub captured: bool,
    /// Whether its address is taken, explicitly or by a method call or slicing.
    pub addressed: bool,
    /// Whether it is assigned after its declaration.
    pub reassigned: bool,
    /// How deep in function literals it is declared: 0 outside of any function.
    pub depth: u16,
}

/// Where a variable lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VarKind {
    /// Package level, or the top level of a script.
    Global,
    /// Inside a function.
    Local,
    /// A parameter.
    Param,
    /// A result.
    Result,
    /// A receiver.
    Receiver,
}

/// The built-in functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Builtin {
    Append,
    Cap,
    Clear,
    Close,
    Complex,
    Copy,
    Delete,
    Imag,
    Len,
    Make,
    Max,
    Min,
    New,
    Panic,
    Print,
    Println,
    Real,
    Recover,
}

impl Object {
    /// The variable of an [`ObjKind::Var`].
    pub fn var(&self) -> Option<&Var> {
        match &self.kind {
            ObjKind::Var(var) => Some(var),
            _ => None,
        }
    }

    /// The variable of an [`ObjKind::Var`], to be changed.
    pub fn var_mut(&mut self) -> Option<&mut Var> {
        match &mut self.kind {
            ObjKind::Var(var) => Some(var),
            _ => None,
        }
    }
}

/// The arena of objects.
pub type Objects = IdVec<ObjId, Object>;

/// A package.
#[derive(Clone, Debug)]
pub struct Package {
    /// Its import path; of own code, the path of its file or folder.
    pub path: String,
    /// Its name.
    pub name: Symbol,
    /// Its top-level names.
    pub scope: Scope,
    /// Whether it is part of the standard library.
    pub is_std: bool,
    /// Lower-case names that `//vm:export` exports.
    pub exported: rustc_hash::FxHashSet<Symbol>,
    /// Packages it imports, in order of first import.
    pub imports: Vec<PkgId>,
    /// Whether it stands for a package that could not be imported: nothing is said of what it lacks.
    pub broken: bool,
}

impl Object {
    /// A new object without a type yet.
    pub fn new(name: Symbol, span: Span, pkg: Option<PkgId>, kind: ObjKind) -> Self {
        Self { name, span, pkg, ty: tid::INVALID, kind }
    }

    /// A new variable.
    pub fn new_var(name: Symbol, span: Span, pkg: Option<PkgId>, ty: TypeId, kind: VarKind, depth: u16) -> Self {
        let var = Var { kind, used: false, captured: false, addressed: false, reassigned: false, depth };
        Self { name, span, pkg, ty, kind: ObjKind::Var(var) }
    }
}
