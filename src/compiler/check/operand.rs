//! Operands: an expression with its mode, type and constant value while it is being checked.

use super::Checker;
use super::info::Mode;
use crate::base::Span;
use crate::compiler::syntax::ast::ExprId;
use crate::compiler::types::constant::Value;
use crate::compiler::types::{Basic, Type, TypeId, tid};

/// Which part of its expression an operand is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Part {
    /// All of it.
    #[default]
    Whole,
    /// One of several results of a call, counted from 1.
    Result(u32),
    /// The boolean of an expression that gives one as its second value.
    Ok,
}

/// An expression under check.
#[derive(Clone, Debug)]
pub struct Operand {
    /// How it can be used.
    pub mode: Mode,
    /// Its type; of a [`Mode::Type`], the type itself.
    pub ty: TypeId,
    /// The value of a constant.
    pub value: Value,
    /// The expression.
    pub expr: ExprId,
    /// Where to report it: differs from the expression's place for results of a call and repeated constants.
    pub span: Span,
    /// Which part of the expression it is.
    pub part: Part,
}

impl Operand {
    /// Marks the operand as wrong.
    pub fn invalidate(&mut self) {
        self.mode = Mode::Invalid;
        self.ty = tid::INVALID;
    }

    /// Whether it is wrong.
    #[inline]
    pub fn is_invalid(&self) -> bool {
        self.mode == Mode::Invalid
    }

    /// Whether it is a constant.
    #[inline]
    pub fn is_constant(&self) -> bool {
        self.mode == Mode::Constant
    }

    /// Whether it is `nil`.
    #[inline]
    pub fn is_nil(&self) -> bool {
        self.mode == Mode::Nil
    }

    /// Makes it a plain value of a type.
    pub fn set_value(&mut self, ty: TypeId) {
        self.mode = Mode::Value;
        self.ty = ty;
    }

    /// Makes it a constant.
    pub fn set_constant(&mut self, ty: TypeId, value: Value) {
        self.mode = Mode::Constant;
        self.ty = ty;
        self.value = value;
    }
}

impl Checker<'_> {
    /// An operand for `expr` that nothing is known of yet.
    #[inline]
    pub fn operand(&self, expr: ExprId) -> Operand {
        Operand {
            mode: Mode::Invalid,
            ty: tid::INVALID,
            value: Value::Unknown,
            expr,
            span: self.ast.span(expr),
            part: Part::Whole,
        }
    }

    /// The operand as messages show it: `x (variable of type int)`.
    pub fn describe(&self, x: &Operand) -> String {
        if x.is_nil() {
            return if x.ty == tid::UNTYPED_NIL { "nil".into() } else { format!("nil (of type {})", self.text(x.ty)) };
        }
        let expr = match x.part {
            Part::Whole => self.expr_text(x.expr),
            Part::Result(n) => format!("{n}{} function result", ordinal_suffix(n)),
            Part::Ok => "ok value of (comma, ok) expression".into(),
        };
        let untyped = self.types.is_untyped(x.ty);
        let kind = match x.mode {
            Mode::Invalid => "invalid operand",
            Mode::NoValue => "no value",
            Mode::Builtin(_) => "built-in",
            Mode::Type => "type",
            Mode::Constant => "constant",
            Mode::Variable => "variable",
            Mode::MapIndex => "map index expression",
            Mode::Value | Mode::Nil => "value",
            Mode::CommaOk => "comma, ok expression",
        };
        let mut out = format!("{expr} (");
        let typed = !matches!(x.mode, Mode::Invalid | Mode::NoValue | Mode::Builtin(_) | Mode::Type);
        if typed && untyped {
            out.push_str(&self.text(x.ty));
            out.push(' ');
        }
        out.push_str(kind);
        if x.is_constant() {
            let value = x.value.to_string_short(self.is_float_kind(x.ty));
            if value != expr && !matches!(x.value, Value::Unknown) {
                out.push(' ');
                out.push_str(&value);
            }
        }
        if typed && !untyped {
            if x.ty == tid::INVALID {
                out.push_str(" with invalid type");
            } else {
                out.push_str(&self.of_type(x.ty));
            }
        }
        out.push(')');
        out
    }

    /// ` of struct type T`, ` of type T constrained by C`
    fn of_type(&self, ty: TypeId) -> String {
        let text = self.text(ty);
        if let Some(p) = self.types.as_tparam(ty) {
            return match self.types.tparam(p).constraint {
                Some(c) => format!(" of type {text} constrained by {}", self.text(c)),
                None => format!(" of type {text}"),
            };
        }
        let generic = if self.is_generic_value(ty) { "generic " } else { "" };
        let kind = match self.types.spelled(ty) {
            Type::Named(_) | Type::Alias(_) => self.kind_word(ty),
            _ => "",
        };
        let space = if kind.is_empty() { "" } else { " " };
        format!(" of {generic}{kind}{space}type {text}")
    }

    fn is_generic_value(&self, ty: TypeId) -> bool {
        matches!(self.types.get(ty), Type::Signature(s) if !s.tparams.is_empty())
    }

    /// Whether constants of the type are shown as numbers with a fraction.
    fn is_float_kind(&self, ty: TypeId) -> bool {
        matches!(self.types.get(self.known_under(ty)), Type::Basic(basic) if basic.is_float())
    }

    /// What sort of type a named type is underneath: `struct`, `int`, …
    pub fn kind_word(&self, ty: TypeId) -> &'static str {
        match self.types.get(self.known_under(ty)) {
            Type::Basic(Basic::Invalid) | Type::Named(_) | Type::Alias(_) => "",
            Type::Basic(basic) => basic.name(),
            Type::Pointer(_) => "pointer",
            Type::Array(..) => "array",
            Type::Slice(_) => "slice",
            Type::Map(..) => "map",
            Type::Chan(..) => "chan",
            Type::Tuple(_) => "tuple",
            Type::Signature(_) => "func",
            Type::Struct(_) => "struct",
            Type::Interface(_) => "interface",
            Type::Union(_) => "union",
            Type::TypeParam(_) => "type parameter",
        }
    }
}

fn ordinal_suffix(n: u32) -> &'static str {
    match (n % 10, n % 100) {
        (1, k) if k != 11 => "st",
        (2, k) if k != 12 => "nd",
        (3, k) if k != 13 => "rd",
        _ => "th",
    }
}
