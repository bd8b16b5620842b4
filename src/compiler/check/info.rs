//! What the checker found out, for later phases: side tables over the syntax tree.

use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

use crate::base::ids::IdVec;
use crate::compiler::syntax::ast::{ClauseId, ExprId, FieldId, FuncId, SpecId};
use crate::compiler::types::constant::Value;
use crate::compiler::types::{Builtin, ObjId, PkgId, TypeId, tid};

/// How an expression can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Mode {
    /// Not checked, or wrong (a diagnostic was given).
    #[default]
    Invalid,
    /// A call without results.
    NoValue,
    /// A built-in function.
    Builtin(Builtin),
    /// A type.
    Type,
    /// A constant; its value is in [`Info::value`].
    Constant,
    /// An addressable variable.
    Variable,
    /// A map element: assignable, not addressable; may give a second value.
    MapIndex,
    /// A value.
    Value,
    /// `nil`
    Nil,
    /// A value that may give a second, boolean one (type assertion, receive).
    CommaOk,
}

/// Type, mode and constant of an expression.
#[derive(Clone, Copy, Debug)]
struct Record {
    ty: TypeId,
    mode: Mode,
    /// 1 + index into `values`; 0 when there is none.
    value: u32,
}

const UNRECORDED: Record = Record { ty: tid::INVALID, mode: Mode::Invalid, value: 0 };

/// What a selector expression selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SelectionKind {
    /// `x.f`, a field.
    Field,
    /// `x.m`, a method value or call.
    Method,
    /// `T.m`, a method expression.
    MethodExpr,
    /// `pkg.name`
    Qualified,
}

/// A resolved selector.
#[derive(Clone, Debug)]
pub struct Selection {
    /// What is selected.
    pub kind: SelectionKind,
    /// The type selected from.
    pub recv: TypeId,
    /// Field indices from the outside in; for methods all but the last lead to the embedded receiver, and the last is
    /// the method's index in its declared type or its interface's sorted method set.
    pub path: SmallVec<[u32; 4]>,
    /// Whether a pointer is followed on the way.
    pub indirect: bool,
    /// The method's or package member's object; `None` for fields and interface methods.
    pub obj: Option<ObjId>,
}

/// All results of checking.
#[derive(Default)]
pub struct Info {
    records: IdVec<ExprId, Record>,
    values: Vec<Value>,
    uses: IdVec<ExprId, Option<ObjId>>,
    /// Objects of parameters, results, receivers and type parameters.
    pub fields: FxHashMap<FieldId, ObjId>,
    /// Objects of declared types.
    pub type_names: FxHashMap<SpecId, ObjId>,
    /// Objects of functions and methods.
    pub funcs: FxHashMap<FuncId, ObjId>,
    /// The implicit variable of each type switch clause.
    pub clause_vars: FxHashMap<ClauseId, ObjId>,
    /// Resolved selectors.
    pub selections: FxHashMap<ExprId, Selection>,
    /// Conversions that the language implies where a value is assigned: the target type.
    pub implicit: FxHashMap<ExprId, TypeId>,
    /// Type arguments of each instantiated function, by the expression that names it.
    pub instances: FxHashMap<ExprId, std::sync::Arc<[TypeId]>>,
    /// Expressions that give a second, boolean value.
    pub comma_ok: FxHashSet<ExprId>,
    /// Variables that each function literal captures, in order of first use.
    pub captures: FxHashMap<ExprId, Vec<ObjId>>,
    /// Package-level variables in the order of their initialisation, per package in dependency order.
    pub init_order: Vec<Initializer>,
    /// Function bodies of each package in textual order.
    pub bodies: Vec<(PkgId, FuncId)>,
}

/// One step of package initialisation: `lhs = rhs`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Initializer {
    /// The package.
    pub pkg: PkgId,
    /// The variables, one or as many as `rhs` has results.
    pub lhs: Vec<ObjId>,
    /// The value.
    pub rhs: ExprId,
}

impl Info {
    /// Tables for `expressions` expressions.
    pub fn new(expressions: usize) -> Self {
        let mut info = Self::default();
        info.records.grow(expressions, UNRECORDED);
        info.uses.grow(expressions, None);
        info
    }

    /// Records type, mode and constant.
    #[inline]
    pub fn record(&mut self, expr: ExprId, ty: TypeId, mode: Mode, value: &Value) {
        let record = &mut self.records[expr];
        record.ty = ty;
        record.mode = mode;
        if mode == Mode::Constant && !matches!(value, Value::Unknown) {
            if record.value == 0 {
                self.values.push(value.clone());
                record.value = self.values.len() as u32;
            } else {
                self.values[record.value as usize - 1] = value.clone();
            }
        } else {
            record.value = 0;
        }
    }

    /// Replaces the recorded type alone.
    #[inline]
    pub fn set_type(&mut self, expr: ExprId, ty: TypeId) {
        self.records[expr].ty = ty;
    }

    /// Records the object an identifier refers to or declares.
    #[inline]
    pub fn record_use(&mut self, ident: ExprId, object: ObjId) {
        self.uses[ident] = Some(object);
    }

    /// The type of an expression; [`tid::INVALID`] when it was not checked or is wrong.
    #[inline]
    pub fn type_of(&self, expr: ExprId) -> TypeId {
        self.records[expr].ty
    }

    /// The mode of an expression.
    #[inline]
    pub fn mode(&self, expr: ExprId) -> Mode {
        self.records[expr].mode
    }

    /// The value of a constant expression.
    pub fn value(&self, expr: ExprId) -> Option<&Value> {
        let index = self.records[expr].value.checked_sub(1)?;
        self.values.get(index as usize)
    }

    /// The object that an identifier refers to or declares.
    #[inline]
    pub fn object(&self, ident: ExprId) -> Option<ObjId> {
        self.uses[ident]
    }
}
