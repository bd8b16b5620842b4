//! The universe: the scope of predeclared names, outside of all packages.

use std::sync::Arc;

use super::constant::Value;
use super::object::{Builtin, ObjId, ObjKind, Object, Objects, Scope};
use super::ty::{AliasInfo, Basic, Interface, Method, Param, Signature, Type, TypeId, Types, tid};
use crate::base::{Span, Symbol, sym};

/// The predeclared names.
pub struct Universe {
    /// Name to object.
    pub scope: Scope,
    /// `iota`, a constant whose value depends on where it stands.
    pub iota: ObjId,
    /// The method `Error` of `error`.
    pub error_method: Method,
}

impl Universe {
    /// Declares everything predeclared. `types` must hold the basic types only.
    pub fn new(types: &mut Types, objects: &mut Objects) -> Self {
        let mut scope = Scope::default();
        let mut declare = |name, ty, kind| {
            let object = objects.push(Object { name, span: Span::NONE, pkg: None, ty, kind });
            scope.insert(name, object);
            object
        };
        for (name, basic) in BASICS {
            declare(name, types.intern(Type::Basic(basic)), ObjKind::TypeName);
        }
        let none: Arc<[TypeId]> = Arc::from([]);
        let empty = types.intern(interface(Vec::new(), Vec::new()));
        let any = declare(sym::ANY, tid::INVALID, ObjKind::TypeName);
        let any_type = types.new_alias(AliasInfo { obj: any, tparams: none.clone(), targs: none, actual: empty });
        let error = declare(sym::ERROR_TYPE, tid::ERROR, ObjKind::TypeName);
        let error_type = types.new_named(error, None);
        let comparable = declare(sym::COMPARABLE, tid::COMPARABLE, ObjKind::TypeName);
        let comparable_type = types.new_named(comparable, None);
        types.intern(Type::Tuple(Arc::from([])));

        let signature = Signature {
            tparams: Vec::new(),
            params: Vec::new(),
            results: vec![Param { name: sym::EMPTY, ty: tid::STRING }],
            variadic: false,
        };
        let error_signature = types.intern(Type::Signature(Arc::new(signature)));
        let error_method = Method { name: sym::ERROR_METHOD, pkg: None, ty: error_signature };
        let error_interface = types.intern(interface(vec![error_method], Vec::new()));
        define(types, error_type, error_interface);
        // `comparable` has no spelling of its own: an interface that embeds it, which the type set knows.
        let comparable_interface = types.intern(interface(Vec::new(), vec![tid::COMPARABLE]));
        define(types, comparable_type, comparable_interface);

        for (name, basic, value) in [(sym::TRUE, Basic::UntypedBool, true), (sym::FALSE, Basic::UntypedBool, false)] {
            declare(name, types.intern(Type::Basic(basic)), ObjKind::Const { value: Value::Bool(value) });
        }
        let iota = declare(sym::IOTA, tid::UNTYPED_INT, ObjKind::Const { value: Value::Int(0) });
        declare(sym::NIL, tid::UNTYPED_NIL, ObjKind::Nil);
        for (name, builtin) in BUILTINS {
            declare(name, tid::INVALID, ObjKind::Builtin(builtin));
        }
        objects[any].ty = any_type;
        debug_assert_eq!(
            [empty, any_type, error_type, comparable_type],
            [tid::EMPTY_INTERFACE, tid::ANY, tid::ERROR, tid::COMPARABLE]
        );
        Self { scope, iota, error_method }
    }
}

fn interface(methods: Vec<Method>, embeds: Vec<TypeId>) -> Type {
    Type::Interface(Arc::new(Interface { methods, embeds, implicit: false }))
}

fn define(types: &mut Types, named: TypeId, underlying: TypeId) {
    if let Some(id) = types.as_named(named) {
        let entry = types.named_mut(id);
        entry.rhs = Some(underlying);
        entry.underlying = Some(underlying);
    }
}

const BASICS: [(Symbol, Basic); 17] = [
    (sym::BOOL, Basic::Bool),
    (sym::INT, Basic::Int),
    (sym::INT8, Basic::Int8),
    (sym::INT16, Basic::Int16),
    (sym::INT32, Basic::Int32),
    (sym::INT64, Basic::Int64),
    (sym::UINT, Basic::Uint),
    (sym::UINT8, Basic::Uint8),
    (sym::UINT16, Basic::Uint16),
    (sym::UINT32, Basic::Uint32),
    (sym::UINT64, Basic::Uint64),
    (sym::UINTPTR, Basic::Uintptr),
    (sym::FLOAT32, Basic::Float32),
    (sym::FLOAT64, Basic::Float64),
    (sym::STRING, Basic::String),
    (sym::BYTE, Basic::Byte),
    (sym::RUNE, Basic::Rune),
];

const BUILTINS: [(Symbol, Builtin); 18] = [
    (sym::APPEND, Builtin::Append),
    (sym::CAP, Builtin::Cap),
    (sym::CLEAR, Builtin::Clear),
    (sym::CLOSE, Builtin::Close),
    (sym::COMPLEX, Builtin::Complex),
    (sym::COPY, Builtin::Copy),
    (sym::DELETE, Builtin::Delete),
    (sym::IMAG, Builtin::Imag),
    (sym::LEN, Builtin::Len),
    (sym::MAKE, Builtin::Make),
    (sym::MAX, Builtin::Max),
    (sym::MIN, Builtin::Min),
    (sym::NEW, Builtin::New),
    (sym::PANIC, Builtin::Panic),
    (sym::PRINT, Builtin::Print),
    (sym::PRINTLN, Builtin::Println),
    (sym::REAL, Builtin::Real),
    (sym::RECOVER, Builtin::Recover),
];
