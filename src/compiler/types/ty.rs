//! The store of types.
//!
//! Invariants:
//! - A [`Type`] is stored once; its id never changes. The predeclared types have the fixed ids of [`tid`].
//! - `canon(t)` replaces aliases by what they stand for and drops parameter names, everywhere inside `t`.
//! - `Named`, type parameters and aliases are nominal: each has an entry of its own, filled in as the checker learns
//!   more.
//! - A struct field or method that is exported has no package, so that equal structure means equal type.

use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use hashbrown::HashTable;
use rustc_hash::{FxBuildHasher, FxHashMap};
use smallvec::SmallVec;

use super::object::{ObjId, PkgId};
use crate::base::Symbol;
use crate::base::ids::IdVec;
use crate::compiler::syntax::ast::ChanDir;
use crate::define_id;

define_id! {
    /// Names a type.
    pub struct TypeId;
    /// Names the entry of a defined type or an instance of one.
    pub struct NamedId;
    /// Names the entry of a type parameter.
    pub struct TParamId;
    /// Names the entry of an alias.
    pub struct AliasId;
}

/// The predeclared types that have no structure. The order is that of [`tid`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Basic {
    Invalid,
    Bool,
    Int,
    Int8,
    Int16,
    Int32,
    Int64,
    Uint,
    Uint8,
    Uint16,
    Uint32,
    Uint64,
    Uintptr,
    Float32,
    Float64,
    String,
    UntypedBool,
    UntypedInt,
    UntypedRune,
    UntypedFloat,
    UntypedString,
    UntypedNil,
    /// `byte`: canonically `uint8`.
    Byte,
    /// `rune`: canonically `int32`.
    Rune,
}

impl Basic {
    /// All in the order of [`tid`].
    pub const ALL: [Self; 24] = [
        Self::Invalid,
        Self::Bool,
        Self::Int,
        Self::Int8,
        Self::Int16,
        Self::Int32,
        Self::Int64,
        Self::Uint,
        Self::Uint8,
        Self::Uint16,
        Self::Uint32,
        Self::Uint64,
        Self::Uintptr,
        Self::Float32,
        Self::Float64,
        Self::String,
        Self::UntypedBool,
        Self::UntypedInt,
        Self::UntypedRune,
        Self::UntypedFloat,
        Self::UntypedString,
        Self::UntypedNil,
        Self::Byte,
        Self::Rune,
    ];

    /// As error messages name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Invalid => "invalid type",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Int8 => "int8",
            Self::Int16 => "int16",
            Self::Int32 => "int32",
            Self::Int64 => "int64",
            Self::Uint => "uint",
            Self::Uint8 => "uint8",
            Self::Uint16 => "uint16",
            Self::Uint32 => "uint32",
            Self::Uint64 => "uint64",
            Self::Uintptr => "uintptr",
            Self::Float32 => "float32",
            Self::Float64 => "float64",
            Self::String => "string",
            Self::UntypedBool => "untyped bool",
            Self::UntypedInt => "untyped int",
            Self::UntypedRune => "untyped rune",
            Self::UntypedFloat => "untyped float",
            Self::UntypedString => "untyped string",
            Self::UntypedNil => "untyped nil",
            Self::Byte => "byte",
            Self::Rune => "rune",
        }
    }

    /// Whether it is one of the untyped kinds, nil included.
    pub fn is_untyped(self) -> bool {
        self >= Self::UntypedBool && self <= Self::UntypedNil
    }

    /// Integer kinds, untyped ones included.
    pub fn is_integer(self) -> bool {
        use Basic::*;
        (self >= Int && self <= Uintptr) || matches!(self, UntypedInt | UntypedRune | Byte | Rune)
    }

    /// Unsigned integer kinds.
    pub fn is_unsigned(self) -> bool {
        (self >= Self::Uint && self <= Self::Uintptr) || self == Self::Byte
    }

    /// Floating-point kinds, the untyped one included.
    pub fn is_float(self) -> bool {
        matches!(self, Self::Float32 | Self::Float64 | Self::UntypedFloat)
    }

    /// Integer or floating-point.
    pub fn is_numeric(self) -> bool {
        self.is_integer() || self.is_float()
    }

    /// `string` and the untyped one.
    pub fn is_string(self) -> bool {
        matches!(self, Self::String | Self::UntypedString)
    }

    /// `bool` and the untyped one.
    pub fn is_boolean(self) -> bool {
        matches!(self, Self::Bool | Self::UntypedBool)
    }

    /// Kinds with an order: numbers and strings.
    pub fn is_ordered(self) -> bool {
        self.is_numeric() || self.is_string()
    }

    /// Kinds that constants can have.
    pub fn is_const_type(self) -> bool {
        self.is_ordered() || self.is_boolean()
    }

    /// Size in bits of an integer or float kind on the 64-bit machine Lang has.
    pub fn bits(self) -> Option<u32> {
        use Basic::*;
        Some(match self {
            Int8 | Uint8 | Byte => 8,
            Int16 | Uint16 => 16,
            Int32 | Uint32 | Rune | Float32 => 32,
            Int | Int64 | Uint | Uint64 | Uintptr | Float64 => 64,
            _ => return None,
        })
    }
}

/// Fixed ids of the predeclared types.
pub mod tid {
    use super::{Basic, TypeId};

    const fn basic(b: Basic) -> TypeId {
        TypeId::constant(b as u32)
    }
    macro_rules! fixed {
        ($($name:ident $basic:ident),*) => {$(
            #[doc = concat!("[`Basic::", stringify!($basic), "`]")]
            pub const $name: TypeId = basic(Basic::$basic);
        )*};
    }
    fixed! {
        INVALID Invalid, BOOL Bool, INT Int, INT8 Int8, INT16 Int16, INT32 Int32, INT64 Int64, UINT Uint, UINT8 Uint8,
        UINT16 Uint16, UINT32 Uint32, UINT64 Uint64, UINTPTR Uintptr, FLOAT32 Float32, FLOAT64 Float64, STRING String,
        UNTYPED_BOOL UntypedBool, UNTYPED_INT UntypedInt, UNTYPED_RUNE UntypedRune, UNTYPED_FLOAT UntypedFloat,
        UNTYPED_STRING UntypedString, UNTYPED_NIL UntypedNil, BYTE Byte, RUNE Rune
    }
    /// `interface{}`
    pub const EMPTY_INTERFACE: TypeId = TypeId::constant(24);
    /// `any`
    pub const ANY: TypeId = TypeId::constant(25);
    /// `error`
    pub const ERROR: TypeId = TypeId::constant(26);
    /// `comparable`
    pub const COMPARABLE: TypeId = TypeId::constant(27);
    /// The result of a call without results.
    pub const EMPTY_TUPLE: TypeId = TypeId::constant(28);
}

/// The structure of a type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// Predeclared, without structure.
    Basic(Basic),
    /// `*T`
    Pointer(TypeId),
    /// `[len]T`
    Array(TypeId, u64),
    /// `[]T`
    Slice(TypeId),
    /// `map[K]V`
    Map(TypeId, TypeId),
    /// `chan T` with its direction
    Chan(ChanDir, TypeId),
    /// The results of a call that has none or several.
    Tuple(Arc<[TypeId]>),
    /// A function type.
    Signature(Arc<Signature>),
    /// A struct type.
    Struct(Arc<Struct>),
    /// An interface type literal.
    Interface(Arc<Interface>),
    /// A union in a constraint.
    Union(Arc<[Term]>),
    /// A defined type or an instance of a generic one.
    Named(NamedId),
    /// A type parameter.
    TypeParam(TParamId),
    /// An alias, kept for messages.
    Alias(AliasId),
}

/// A parameter or result in a [`Signature`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Param {
    /// Empty when unnamed; not part of the type's identity.
    pub name: Symbol,
    /// Its type; of a variadic parameter, the slice type.
    pub ty: TypeId,
}

/// A function's parameters and results. The receiver of a method is not part of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Signature {
    /// Type parameters of a generic function or method.
    pub tparams: Vec<TypeId>,
    /// Parameters.
    pub params: Vec<Param>,
    /// Results.
    pub results: Vec<Param>,
    /// Whether the last parameter is `...T`.
    pub variadic: bool,
}

/// A struct's fields.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Struct {
    /// In order.
    pub fields: Vec<StructField>,
}

/// A field of a struct.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StructField {
    /// Its name; of an embedded field, the type's.
    pub name: Symbol,
    /// The package of a name that is not exported.
    pub pkg: Option<PkgId>,
    /// Its type.
    pub ty: TypeId,
    /// Whether it is embedded.
    pub embedded: bool,
    /// Its tag, unquoted and interned.
    pub tag: Option<Symbol>,
}

/// A method of an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Method {
    /// Its name.
    pub name: Symbol,
    /// The package of a name that is not exported.
    pub pkg: Option<PkgId>,
    /// Its [`Type::Signature`].
    pub ty: TypeId,
}

/// An interface literal as written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Interface {
    /// Methods written out, sorted by name.
    pub methods: Vec<Method>,
    /// Embedded types and unions, in order.
    pub embeds: Vec<TypeId>,
    /// Whether a constraint `T` stands for `interface{ T }`.
    pub implicit: bool,
}

/// A term of a union.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Term {
    /// Whether `~` was written.
    pub tilde: bool,
    /// The type.
    pub ty: TypeId,
}

/// The entry of a defined type, or of an instance of a generic one.
#[derive(Clone, Debug)]
pub struct Named {
    /// Its type name.
    pub obj: ObjId,
    /// The [`Type::Named`] of this entry.
    pub ty: TypeId,
    /// The generic type of an instance.
    pub origin: Option<NamedId>,
    /// The type arguments of an instance.
    pub targs: Arc<[TypeId]>,
    /// The type parameters of a generic type.
    pub tparams: Arc<[TypeId]>,
    /// What it was defined as, once known; may itself be named.
    pub rhs: Option<TypeId>,
    /// Its underlying type, once known.
    pub underlying: Option<TypeId>,
    /// The methods declared for it (none for instances: ask their origin).
    pub methods: Vec<ObjId>,
    /// The function a local type is declared in, for types that depend on its type parameters.
    pub enclosing: Option<ObjId>,
}

/// The entry of a type parameter.
#[derive(Clone, Debug)]
pub struct TParam {
    /// Its type name.
    pub obj: ObjId,
    /// The [`Type::TypeParam`] of this entry.
    pub ty: TypeId,
    /// Its position in its list.
    pub index: usize,
    /// Its constraint; `None` until it is resolved.
    pub constraint: Option<TypeId>,
}

/// The entry of an alias.
#[derive(Clone, Debug)]
pub struct AliasInfo {
    /// Its type name.
    pub obj: ObjId,
    /// Its type parameters.
    pub tparams: Arc<[TypeId]>,
    /// Its type arguments when it is an instance.
    pub targs: Arc<[TypeId]>,
    /// What it stands for.
    pub actual: TypeId,
}

const HAS_INTERFACE: u8 = 1;
const HAS_TPARAM: u8 = 2;
const HAS_LOCAL: u8 = 4;

#[derive(Clone, Copy)]
struct Meta {
    canon: TypeId,
    flags: u8,
}

/// The store of all types.
pub struct Types {
    types: IdVec<TypeId, Type>,
    meta: IdVec<TypeId, Meta>,
    table: HashTable<TypeId>,
    named: IdVec<NamedId, Named>,
    tparams: IdVec<TParamId, TParam>,
    aliases: IdVec<AliasId, AliasInfo>,
    instances: FxHashMap<(NamedId, Arc<[TypeId]>), TypeId>,
}

impl Default for Types {
    fn default() -> Self {
        Self::new()
    }
}

impl Types {
    /// A store that holds the basic types; [`super::Universe`] adds the rest of [`tid`].
    pub fn new() -> Self {
        let mut types = Self {
            types: IdVec::new(),
            meta: IdVec::new(),
            table: HashTable::new(),
            named: IdVec::new(),
            tparams: IdVec::new(),
            aliases: IdVec::new(),
            instances: FxHashMap::default(),
        };
        for basic in Basic::ALL {
            types.intern(Type::Basic(basic));
        }
        types
    }

    /// The id of a structure.
    pub fn intern(&mut self, ty: Type) -> TypeId {
        let hash = FxBuildHasher.hash_one(&ty);
        let types = &self.types;
        if let Some(&known) = self.table.find(hash, |&id| types[id] == ty) {
            return known;
        }
        let flags = self.flags_of(&ty);
        let canonical = self.canonical(&ty);
        let id = self.types.push(ty);
        self.meta.push(Meta { canon: canonical.unwrap_or(id), flags });
        let types = &self.types;
        self.table.insert_unique(hash, id, |&id| FxBuildHasher.hash_one(&types[id]));
        id
    }

    /// The names of the methods that interfaces have.
    pub fn interface_methods(&self) -> impl Iterator<Item = Symbol> {
        let interfaces = self.types.iter().filter_map(|ty| match ty {
            Type::Interface(interface) => Some(interface),
            _ => None,
        });
        interfaces.flat_map(|interface| interface.methods.iter().map(|method| method.name))
    }

    /// The structure of a type, as spelled: an alias is an alias here.
    #[inline]
    pub fn spelled(&self, id: TypeId) -> &Type {
        &self.types[id]
    }

    /// The structure of a type, aliases followed.
    #[inline]
    pub fn get(&self, id: TypeId) -> &Type {
        match &self.types[id] {
            Type::Alias(a) => self.get(self.aliases[*a].actual),
            ty => ty,
        }
    }

    /// `id`, or what it stands for when it is an alias.
    #[inline]
    pub fn unalias(&self, id: TypeId) -> TypeId {
        match self.types[id] {
            Type::Alias(a) => self.unalias(self.aliases[a].actual),
            _ => id,
        }
    }

    /// The canonical id: aliases followed and parameter names dropped, everywhere inside.
    #[inline]
    pub fn canon(&self, id: TypeId) -> TypeId {
        self.meta[id].canon
    }

    /// Whether an interface literal, whose identity is decided by type set, occurs in the type.
    pub fn has_interface(&self, id: TypeId) -> bool {
        self.meta[id].flags & HAS_INTERFACE != 0
    }

    /// Whether a type parameter occurs in the type, arguments of instances included.
    #[inline]
    pub fn has_tparam(&self, id: TypeId) -> bool {
        self.meta[id].flags & HAS_TPARAM != 0
    }

    /// Whether it mentions a type that is declared in a function.
    pub fn has_local(&self, id: TypeId) -> bool {
        self.meta[id].flags & HAS_LOCAL != 0
    }

    fn flags_of(&self, ty: &Type) -> u8 {
        let own = match ty {
            Type::Named(id) if self.named[*id].enclosing.is_some() => HAS_LOCAL,
            Type::Interface(i) if !(i.methods.is_empty() && i.embeds.is_empty()) => HAS_INTERFACE,
            Type::TypeParam(_) => HAS_TPARAM,
            _ => 0,
        };
        let mut flags = own;
        self.each_part(ty, |part| flags |= self.meta[part].flags);
        flags
    }

    /// Calls `f` with each type that `ty` is made of, type arguments included.
    pub fn each_part(&self, ty: &Type, mut f: impl FnMut(TypeId)) {
        match ty {
            Type::Basic(_) | Type::TypeParam(_) => {}
            Type::Pointer(t) | Type::Array(t, _) | Type::Slice(t) | Type::Chan(_, t) => f(*t),
            Type::Map(k, v) => {
                f(*k);
                f(*v);
            }
            Type::Tuple(parts) => parts.iter().copied().for_each(f),
            Type::Signature(s) => s.params.iter().chain(&s.results).for_each(|p| f(p.ty)),
            Type::Struct(s) => s.fields.iter().for_each(|field| f(field.ty)),
            Type::Interface(i) => {
                i.methods.iter().for_each(|m| f(m.ty));
                i.embeds.iter().copied().for_each(f);
            }
            Type::Union(terms) => terms.iter().for_each(|t| f(t.ty)),
            Type::Named(n) => self.named[*n].targs.iter().copied().for_each(f),
            Type::Alias(a) => {
                f(self.aliases[*a].actual);
                self.aliases[*a].targs.iter().copied().for_each(f);
            }
        }
    }

    /// The type with each part replaced by `f(part)`; nominal types are left alone, but for arguments of instances,
    /// which the caller instantiates anew (the checker's `subst` does).
    pub fn map_parts(&self, ty: &Type, mut f: impl FnMut(TypeId) -> TypeId) -> Type {
        let mut param = |p: &Param| Param { name: p.name, ty: f(p.ty) };
        match ty {
            Type::Basic(_) | Type::TypeParam(_) | Type::Named(_) | Type::Alias(_) => ty.clone(),
            Type::Pointer(t) => Type::Pointer(f(*t)),
            Type::Array(t, n) => Type::Array(f(*t), *n),
            Type::Slice(t) => Type::Slice(f(*t)),
            Type::Chan(d, t) => Type::Chan(*d, f(*t)),
            Type::Map(k, v) => Type::Map(f(*k), f(*v)),
            Type::Tuple(parts) => Type::Tuple(parts.iter().map(|&p| f(p)).collect()),
            Type::Signature(s) => Type::Signature(Arc::new(Signature {
                tparams: s.tparams.clone(),
                params: s.params.iter().map(&mut param).collect(),
                results: s.results.iter().map(&mut param).collect(),
                variadic: s.variadic,
            })),
            Type::Struct(s) => Type::Struct(Arc::new(Struct {
                fields: s.fields.iter().map(|field| StructField { ty: f(field.ty), ..*field }).collect(),
            })),
            Type::Interface(i) => Type::Interface(Arc::new(Interface {
                methods: i.methods.iter().map(|m| Method { ty: f(m.ty), ..*m }).collect(),
                embeds: i.embeds.iter().map(|&e| f(e)).collect(),
                implicit: i.implicit,
            })),
            Type::Union(terms) => Type::Union(terms.iter().map(|t| Term { ty: f(t.ty), ..*t }).collect()),
        }
    }

    /// The canonical id of a structure that is not its own canonical form.
    fn canonical(&mut self, ty: &Type) -> Option<TypeId> {
        let mut changed = match ty {
            Type::Basic(Basic::Byte) => return Some(tid::UINT8),
            Type::Basic(Basic::Rune) => return Some(tid::INT32),
            Type::Alias(a) => return Some(self.canon(self.aliases[*a].actual)),
            Type::Named(n) => {
                let (origin, targs) = (self.named[*n].origin?, self.named[*n].targs.clone());
                let canon: SmallVec<[TypeId; 4]> = targs.iter().map(|&t| self.canon(t)).collect();
                if canon[..] == targs[..] {
                    return None;
                }
                return Some(self.instance(origin, &canon));
            }
            Type::Signature(s) => s.params.iter().chain(&s.results).any(|p| p.name != crate::base::sym::EMPTY),
            _ => false,
        };
        self.each_part(ty, |part| changed |= self.meta[part].canon != part);
        if !changed {
            return None;
        }
        let mut canonical = self.map_parts(ty, |part| self.meta[part].canon);
        if let Type::Signature(s) = &mut canonical {
            let s = Arc::make_mut(s);
            s.params.iter_mut().chain(&mut s.results).for_each(|p| p.name = crate::base::sym::EMPTY);
        }
        Some(self.intern(canonical))
    }

    /// A new defined type.
    pub fn new_named(&mut self, obj: ObjId, enclosing: Option<ObjId>) -> TypeId {
        let none: Arc<[TypeId]> = Arc::from([]);
        self.add_named(Named {
            obj,
            ty: tid::INVALID,
            origin: None,
            targs: none.clone(),
            tparams: none,
            rhs: None,
            underlying: None,
            methods: Vec::new(),
            enclosing,
        })
    }

    fn add_named(&mut self, named: Named) -> TypeId {
        let id = self.named.push(named);
        let ty = self.intern(Type::Named(id));
        self.named[id].ty = ty;
        ty
    }

    /// What a type that is declared in a generic function is in an instance of that function.
    pub fn new_local_instance(&mut self, local: NamedId, targs: &[TypeId]) -> TypeId {
        let local = &self.named[local];
        let named =
            Named { ty: tid::INVALID, targs: Arc::from(targs), underlying: None, enclosing: None, ..local.clone() };
        self.add_named(named)
    }

    /// The instance of a generic type with these arguments; its structure is substituted on demand by the checker.
    pub fn instance(&mut self, origin: NamedId, targs: &[TypeId]) -> TypeId {
        let key = (origin, Arc::from(targs));
        if let Some(&known) = self.instances.get(&key) {
            return known;
        }
        let generic = &self.named[origin];
        let named = Named {
            obj: generic.obj,
            ty: tid::INVALID,
            origin: Some(origin),
            targs: key.1.clone(),
            tparams: Arc::from([]),
            rhs: None,
            underlying: None,
            methods: Vec::new(),
            enclosing: generic.enclosing,
        };
        let ty = self.add_named(named);
        self.instances.insert(key, ty);
        ty
    }

    /// A new type parameter; its constraint follows.
    pub fn new_tparam(&mut self, obj: ObjId, index: usize) -> TypeId {
        let id = self.tparams.push(TParam { obj, ty: tid::INVALID, index, constraint: None });
        let ty = self.intern(Type::TypeParam(id));
        self.tparams[id].ty = ty;
        ty
    }

    /// A new alias for `actual`, which must be final.
    pub fn new_alias(&mut self, alias: AliasInfo) -> TypeId {
        let id = self.aliases.push(alias);
        self.intern(Type::Alias(id))
    }

    /// The entry of a defined type.
    pub fn named(&self, id: NamedId) -> &Named {
        &self.named[id]
    }

    /// The entry of a defined type, to be filled in.
    pub fn named_mut(&mut self, id: NamedId) -> &mut Named {
        &mut self.named[id]
    }

    /// The entry of a type parameter.
    pub fn tparam(&self, id: TParamId) -> &TParam {
        &self.tparams[id]
    }

    /// The entry of a type parameter, to be filled in.
    pub fn tparam_mut(&mut self, id: TParamId) -> &mut TParam {
        &mut self.tparams[id]
    }

    /// The entry of an alias.
    pub fn alias(&self, id: AliasId) -> &AliasInfo {
        &self.aliases[id]
    }

    /// The defined type that `id` names, aliases followed.
    pub fn as_named(&self, id: TypeId) -> Option<NamedId> {
        match self.get(id) {
            Type::Named(n) => Some(*n),
            _ => None,
        }
    }

    /// The type parameter that `id` names, aliases followed.
    pub fn as_tparam(&self, id: TypeId) -> Option<TParamId> {
        match self.get(id) {
            Type::TypeParam(p) => Some(*p),
            _ => None,
        }
    }

    /// The basic type that `id` itself is, aliases followed but not underlying types.
    pub fn as_basic(&self, id: TypeId) -> Option<Basic> {
        match self.get(id) {
            Type::Basic(b) => Some(*b),
            _ => None,
        }
    }

    /// Whether `id` is one of the untyped kinds.
    #[inline]
    pub fn is_untyped(&self, id: TypeId) -> bool {
        matches!(&self.types[id], Type::Basic(b) if b.is_untyped())
    }

    /// `*T`
    pub fn pointer_to(&mut self, id: TypeId) -> TypeId {
        self.intern(Type::Pointer(id))
    }

    /// `[]T`
    pub fn slice_of(&mut self, id: TypeId) -> TypeId {
        self.intern(Type::Slice(id))
    }

    /// The results of a call: the type itself when there is one.
    pub fn tuple(&mut self, parts: &[TypeId]) -> TypeId {
        match parts {
            [one] => *one,
            _ => self.intern(Type::Tuple(Arc::from(parts))),
        }
    }
}
