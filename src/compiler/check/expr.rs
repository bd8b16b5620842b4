//! Expressions: the entry points, identifiers, and unary and binary operators.

use smallvec::{SmallVec, smallvec};

use super::info::Mode;
use super::operand::Part;
use super::untyped::Misfit;
use super::{Checker, Operand};
use crate::base::{Symbol, sym};
use crate::compiler::diag::{Code, Diagnostic};
use crate::compiler::syntax::ast::{BinOp, ChanDir, Expr, ExprId, List, LitKind, UnOp};
use crate::compiler::syntax::literal;
use crate::compiler::types::constant::{self, BadLiteral, INTEGER_BITS, Value};
use crate::compiler::types::{ObjId, ObjKind, Type, TypeId, tid};

/// Errors after which undefined names get no more suggestions.
const SUGGESTIONS: usize = 200;

/// What an expression is when it stands as a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ExprKind {
    /// A conversion: must be used.
    Conversion,
    /// An ordinary expression: must be used.
    Expression,
    /// A call or receive: may stand alone.
    Statement,
}

impl Checker<'_> {
    // ---- Entry points

    /// One value.
    pub(super) fn expr(&mut self, e: ExprId) -> Operand {
        self.expr_hint(e, None)
    }

    /// One value; `hint` is the type it will be assigned to, from which a generic function infers its arguments.
    pub(super) fn expr_hint(&mut self, e: ExprId, hint: Option<TypeId>) -> Operand {
        let mut x = self.operand(e);
        self.raw_expr(&mut x, e, hint, false);
        self.exclude_non_values(&mut x);
        self.single_value(&mut x);
        x
    }

    /// One value, possibly a generic function.
    pub(super) fn generic_expr(&mut self, e: ExprId) -> Operand {
        let mut x = self.operand(e);
        self.raw_expr(&mut x, e, None, true);
        self.exclude_non_values(&mut x);
        self.single_value(&mut x);
        x
    }

    /// One value or a type.
    pub(super) fn expr_or_type(&mut self, e: ExprId, allow_generic: bool) -> Operand {
        let mut x = self.operand(e);
        self.raw_expr(&mut x, e, None, allow_generic);
        if x.mode == Mode::NoValue {
            let message = format!("{} (no value) used as value or type", self.expr_text(e));
            self.error(x.span, Code::NotAValue, message);
            x.invalidate();
        }
        self.single_value(&mut x);
        x
    }

    /// One or several values: a call's results each become an operand. With `allow_comma_ok` an expression that can
    /// give a second, boolean value becomes two operands, and the second result is true.
    pub(super) fn multi_expr(&mut self, e: ExprId, allow_comma_ok: bool) -> (SmallVec<[Operand; 2]>, bool) {
        let mut x = self.operand(e);
        self.raw_expr(&mut x, e, None, false);
        self.exclude_non_values(&mut x);
        self.unpack(x, allow_comma_ok)
    }

    /// The operands of a call's results.
    pub(super) fn unpack(&mut self, x: Operand, allow_comma_ok: bool) -> (SmallVec<[Operand; 2]>, bool) {
        if !x.is_invalid()
            && let Type::Tuple(parts) = self.types.get(x.ty).clone()
        {
            let part = |(i, &ty): (usize, &TypeId)| Operand {
                mode: Mode::Value,
                ty,
                part: Part::Result(i as u32 + 1),
                ..x.clone()
            };
            return (parts.iter().enumerate().map(part).collect(), false);
        }
        if allow_comma_ok && matches!(x.mode, Mode::MapIndex | Mode::CommaOk) {
            let mut ok = x.clone();
            ok.set_value(tid::UNTYPED_BOOL);
            ok.part = Part::Ok;
            return (smallvec![x, ok], true);
        }
        (smallvec![x], false)
    }

    /// Evaluates expressions for their uses of names, after an error made their values moot.
    pub(super) fn use_exprs(&mut self, list: List<ExprId>) {
        let ast = self.ast;
        for e in ast.list(list) {
            self.use_expr(e);
        }
    }

    /// Evaluates one expression for its uses of names.
    pub(super) fn use_expr(&mut self, e: ExprId) {
        match self.ast.expr(e) {
            Expr::KeyValue { value, .. } => self.use_expr(value),
            Expr::Bad => {}
            _ => {
                let mut x = self.operand(e);
                self.raw_expr(&mut x, e, None, true);
            }
        }
    }

    pub(super) fn exclude_non_values(&mut self, x: &mut Operand) {
        let (code, message) = match x.mode {
            Mode::NoValue => (Code::NotAValue, format!("{} (no value) used as value", self.expr_text(x.expr))),
            Mode::Builtin(_) => {
                (Code::BuiltinNotCalled, format!("{} (built-in) must be called", self.expr_text(x.expr)))
            }
            Mode::Type => (Code::NotAnExpression, format!("{} (type) is not an expression", self.expr_text(x.expr))),
            _ => return,
        };
        self.error(x.span, code, message);
        x.invalidate();
    }

    /// Refuses the results of a call that has several. Says whether the operand is fine.
    pub(super) fn single_value(&mut self, x: &mut Operand) -> bool {
        if x.mode == Mode::Value && matches!(self.types.get(x.ty), Type::Tuple(_)) {
            let message = format!(
                "multiple-value {} (value of type {}) in single-value context",
                self.expr_text(x.expr),
                self.results_text(x)
            );
            self.error(x.span, Code::MultipleValues, message);
            x.invalidate();
            return false;
        }
        !x.is_invalid()
    }

    /// The results of a call with their names.
    fn results_text(&self, x: &Operand) -> String {
        if let Expr::Call { fun, .. } = self.ast.expr(self.ast.unparen(x.expr))
            && let Type::Signature(sig) = self.types.get(self.known_under(self.info.type_of(fun)))
            && sig.results.iter().all(|p| p.name != sym::EMPTY)
        {
            let parts = sig.results.iter().map(|p| format!("{} {}", self.name(p.name), self.text(p.ty)));
            return format!("({})", parts.collect::<Vec<_>>().join(", "));
        }
        self.text(x.ty)
    }

    /// Checks an expression of any kind and records what it is.
    pub(super) fn raw_expr(
        &mut self,
        x: &mut Operand,
        e: ExprId,
        hint: Option<TypeId>,
        allow_generic: bool,
    ) -> ExprKind {
        x.expr = e;
        x.span = self.env.repeated_at.unwrap_or_else(|| self.ast.span(e));
        x.invalidate();
        let kind = self.expr_kind(x, e, hint);
        if !allow_generic {
            self.refuse_generic(x, hint);
        }
        if matches!(x.mode, Mode::Constant) {
            self.info.record(e, x.ty, x.mode, &x.value);
        } else {
            self.info.record(e, x.ty, x.mode, &Value::Unknown);
        }
        kind
    }

    fn refuse_generic(&mut self, x: &mut Operand, hint: Option<TypeId>) {
        match x.mode {
            Mode::Type if self.is_generic_type(x.ty) => {
                let message = format!("cannot use generic type {} without instantiation", self.expr_text(x.expr));
                self.error(x.span, Code::NotInstantiated, message);
                x.invalidate();
            }
            Mode::Value if matches!(self.types.get(x.ty), Type::Signature(s) if !s.tparams.is_empty()) => {
                if let Some(target) = hint {
                    self.instantiate_for_target(x, target);
                    return;
                }
                if let Type::Signature(sig) = self.types.get(x.ty).clone()
                    && !self.written_type_args(x.expr).is_empty()
                {
                    // Reports what the written type arguments leave open.
                    return self.complete_written(x, &sig, None);
                }
                let message = format!("cannot use generic function {} without instantiation", self.expr_text(x.expr));
                self.error(x.span, Code::NotInstantiated, message);
                x.invalidate();
            }
            _ => {}
        }
    }

    fn expr_kind(&mut self, x: &mut Operand, e: ExprId, hint: Option<TypeId>) -> ExprKind {
        match self.ast.expr(e) {
            Expr::Bad => {}
            Expr::Ident(symbol) => self.ident(x, e, symbol),
            Expr::Literal(kind, text) => self.literal(x, kind, text),
            Expr::Composite { ty, elems } => self.composite(x, e, ty, elems, hint),
            Expr::KeyValue { value, .. } => {
                self.use_expr(value);
                self.error(x.span, Code::Syntax, "syntax error: unexpected key:value expression");
            }
            Expr::FuncLit { ty, body } => self.func_lit(x, e, ty, body),
            Expr::Paren(inner) => {
                // As in Go, parentheses hide the type that is wanted from a generic function.
                let kind = self.raw_expr(x, inner, None, false);
                x.expr = e;
                x.span = self.env.repeated_at.unwrap_or_else(|| self.ast.span(e));
                return kind;
            }
            Expr::Selector { x: base, name } => self.selector(x, e, base, name),
            Expr::Index { x: base, indices } => self.index_or_instance(x, e, base, indices, hint),
            Expr::Slice { x: base, parts } => self.slice_expr(x, e, base, parts),
            Expr::Assert { x: base, ty } => self.assertion(x, e, base, ty),
            Expr::Call { .. } => return self.call(x, e),
            Expr::Star(inner) => self.star(x, inner),
            Expr::Unary(op, inner) => {
                self.unary(x, op, inner, hint);
                if op == UnOp::Recv && !x.is_invalid() {
                    return ExprKind::Statement;
                }
            }
            Expr::Binary(op, a, b) => self.binary(x, e, op, a, b),
            Expr::Ellipsis => self.error(x.span, Code::MisplacedDots, "invalid use of ..."),
            Expr::ArrayType { .. }
            | Expr::SliceType(_)
            | Expr::MapType { .. }
            | Expr::ChanType(..)
            | Expr::FuncType(_)
            | Expr::StructType(_)
            | Expr::InterfaceType(_) => {
                x.ty = self.generic_type(e);
                x.mode = if x.ty == tid::INVALID { Mode::Invalid } else { Mode::Type };
            }
        }
        ExprKind::Expression
    }

    // ---- Identifiers and literals

    /// Checks an identifier.
    pub(super) fn ident(&mut self, x: &mut Operand, e: ExprId, symbol: Symbol) {
        x.invalidate();
        let Some(object) = self.lookup_name(symbol) else {
            self.undefined(x, symbol);
            return;
        };
        self.info.record_use(e, object);
        self.mark_dot_import(object);
        self.object_operand(x, object);
    }

    fn undefined(&mut self, x: &Operand, symbol: Symbol) {
        if symbol == sym::BLANK {
            self.error(x.span, Code::InvalidBlank, "cannot use _ as value or type");
            return;
        }
        let text = self.name(symbol);
        let mut diagnostic = Diagnostic::error(Code::Undefined, x.span, format!("undefined: {text}"));
        // Where hundreds of names are missing, a whole file is: looking for each one's like would take long.
        let worthwhile = self.diagnostics.len() < SUGGESTIONS;
        if worthwhile && let Some(best) = self.closest(text, &self.visible_names()) {
            diagnostic = diagnostic.suggest(x.span, best, format!("did you mean `{best}`?"));
        }
        self.report(diagnostic);
    }

    fn mark_dot_import(&mut self, object: ObjId) {
        if self.dot_imports.is_empty() || self.objects[object].pkg == self.env.pkg {
            return;
        }
        let Some(home) = self.objects[object].pkg else { return };
        for i in 0..self.dot_imports.len() {
            let (file, marker) = self.dot_imports[i];
            if file == self.env.file
                && let ObjKind::PkgName { pkg, used, .. } = &mut self.objects[marker].kind
                && *pkg == home
            {
                *used = true;
            }
        }
    }

    /// Makes the operand what a declared name stands for.
    pub(super) fn object_operand(&mut self, x: &mut Operand, object: ObjId) {
        self.obj_decl(object);
        let ty = self.objects[object].ty;
        match &self.objects[object].kind {
            ObjKind::PkgName { .. } => {
                let message = format!("use of package {} not in selector", self.name(self.objects[object].name));
                self.error(x.span, Code::NotAnExpression, message);
            }
            ObjKind::Const { value } => {
                if object == self.universe.iota {
                    match self.env.iota {
                        Some(iota) => x.set_constant(ty, Value::Int(i64::from(iota))),
                        None => self.error(x.span, Code::InvalidIota, "cannot use iota outside constant declaration"),
                    }
                } else if ty != tid::INVALID && !matches!(value, Value::Unknown) {
                    let value = value.clone();
                    x.set_constant(ty, value);
                }
            }
            ObjKind::TypeName if ty != tid::INVALID => {
                x.mode = Mode::Type;
                x.ty = ty;
            }
            ObjKind::TypeName => {}
            ObjKind::Var(_) => {
                self.mark_used(object);
                self.note_capture(object);
                self.note_dependency(object);
                if ty != tid::INVALID {
                    x.mode = Mode::Variable;
                    x.ty = ty;
                }
            }
            ObjKind::Func { .. } => {
                self.note_dependency(object);
                if ty != tid::INVALID {
                    x.set_value(ty);
                }
            }
            ObjKind::Builtin(builtin) => x.mode = Mode::Builtin(*builtin),
            ObjKind::Nil => {
                x.mode = Mode::Nil;
                x.ty = tid::UNTYPED_NIL;
            }
        }
    }

    /// Notes that a variable's value is used.
    #[inline]
    pub(super) fn mark_used(&mut self, object: ObjId) {
        if let Some(var) = self.objects[object].var_mut() {
            var.used = true;
        }
    }

    fn literal(&mut self, x: &mut Operand, kind: LitKind, text: Symbol) {
        let text = self.name(text);
        let (ty, value) = match kind {
            LitKind::Int => (tid::UNTYPED_INT, constant::int_literal(text)),
            LitKind::Float => (tid::UNTYPED_FLOAT, constant::float_literal(text)),
            LitKind::Rune => {
                let value = literal::unquote_rune(text).map(|c| Value::Int(i64::from(c)));
                (tid::UNTYPED_RUNE, value.ok_or(BadLiteral::Malformed))
            }
            LitKind::String => {
                let value = literal::unquote_string(text).map(|s| Value::from_bytes(&s));
                (tid::UNTYPED_STRING, value.ok_or(BadLiteral::Malformed))
            }
            LitKind::Imaginary => {
                self.error(x.span, Code::NotSupported, "complex numbers are not supported yet");
                return;
            }
        };
        match value {
            Ok(value) => x.set_constant(ty, value),
            Err(bad) => self.error(x.span, Code::InvalidLiteral, bad.message(text)),
        }
    }

    // ---- Unary operators

    fn star(&mut self, x: &mut Operand, inner: ExprId) {
        let operand = self.expr_or_type(inner, false);
        if operand.is_invalid() {
            return;
        }
        if operand.is_nil() {
            self.error(x.span, Code::InvalidIndirection, "invalid operation: cannot indirect nil");
            return;
        }
        if operand.mode == Mode::Type {
            self.refuse_constraint_later(operand.ty, operand.span);
            x.mode = Mode::Type;
            x.ty = self.types.pointer_to(operand.ty);
            return;
        }
        let elem = match self.under_type(operand.ty) {
            Type::Pointer(elem) => Some(elem),
            _ => self.common_under(operand.ty).and_then(|u| match self.types.get(u) {
                Type::Pointer(elem) => Some(*elem),
                _ => None,
            }),
        };
        match elem {
            Some(elem) => {
                x.mode = Mode::Variable;
                x.ty = elem;
            }
            None => {
                let mut message = format!("invalid operation: cannot indirect {}", self.describe(&operand));
                let terms = self.each_term(operand.ty);
                if self.is_tparam(operand.ty)
                    && !terms.is_empty()
                    && terms.iter().all(|&t| matches!(self.under_type(t), Type::Pointer(_)))
                {
                    message = format!(
                        "invalid operation: pointers of {} must have identical base types",
                        self.describe(&operand)
                    );
                }
                self.error(x.span, Code::InvalidIndirection, message);
            }
        }
    }

    fn unary(&mut self, x: &mut Operand, op: UnOp, inner: ExprId, hint: Option<TypeId>) {
        match op {
            UnOp::Addr => return self.address_of(x, inner, hint),
            UnOp::Recv => return self.receive(x, inner),
            UnOp::Tilde => {
                self.use_expr(inner);
                let message = "cannot use ~ outside of interface or type constraint";
                self.error(x.span, Code::InvalidUnion, message);
                return;
            }
            UnOp::Plus | UnOp::Minus | UnOp::Not | UnOp::Xor => {}
        }
        let operand = self.expr(inner);
        if operand.is_invalid() {
            return;
        }
        let defined = match op {
            UnOp::Not => self.all_boolean(operand.ty),
            UnOp::Xor => self.all_integer(operand.ty),
            _ => self.all_numeric(operand.ty),
        };
        if !defined {
            let message =
                format!("invalid operation: operator {} not defined on {}", op.text(), self.describe(&operand));
            self.error(x.span, Code::UndefinedOperator, message);
            return;
        }
        let (e, span) = (x.expr, x.span);
        *x = operand;
        (x.expr, x.span) = (e, span);
        if !x.is_constant() {
            x.mode = Mode::Value;
            return;
        }
        let under = self.under(x.ty);
        let basic = self.types.as_basic(under);
        let bits = basic.filter(|b| b.is_unsigned()).and_then(|b| b.bits());
        x.value = constant::unary(op, &x.value, bits);
        self.check_constant(x, unary_name(op));
    }

    fn address_of(&mut self, x: &mut Operand, inner: ExprId, hint: Option<TypeId>) {
        // The hint of `&T{…}` without a type is the pointer's element.
        let hint = hint.and_then(|ty| match self.under_type(ty) {
            Type::Pointer(elem) => Some(elem),
            _ => None,
        });
        let is_literal = matches!(self.ast.expr(self.ast.unparen(inner)), Expr::Composite { .. });
        let operand = if is_literal { self.expr_hint(inner, hint) } else { self.expr(inner) };
        if operand.is_invalid() {
            return;
        }
        if operand.mode != Mode::Variable && !is_literal {
            let operand = Operand { expr: self.ast.unparen(inner), ..operand };
            let message = format!("invalid operation: cannot take address of {}", self.describe(&operand));
            self.error(x.span, Code::NotAddressable, message);
            return;
        }
        if !is_literal {
            self.mark_addressed(inner);
        }
        let ty = self.types.pointer_to(operand.ty);
        x.set_value(ty);
    }

    fn receive(&mut self, x: &mut Operand, inner: ExprId) {
        let operand = self.expr(inner);
        if operand.is_invalid() {
            return;
        }
        let channel = match self.under_type(operand.ty) {
            Type::Chan(dir, elem) => Some((dir, elem)),
            _ => self.common_channel(operand.ty),
        };
        let Some((dir, elem)) = channel else {
            let message = self.channel_misuse("receive from", &operand, None);
            self.error(x.span, Code::InvalidReceive, message);
            return;
        };
        if dir == ChanDir::Send {
            let message = self.channel_misuse("receive from", &operand, Some("send-only"));
            self.error(x.span, Code::InvalidReceive, message);
            return;
        }
        x.mode = Mode::CommaOk;
        x.ty = elem;
        self.env.has_call = true;
    }

    /// Why a value cannot be sent to or received from; `direction` is that of a channel with the wrong one.
    pub(super) fn channel_misuse(&mut self, what: &str, x: &Operand, direction: Option<&str>) -> String {
        let described = self.describe(x);
        let reason = match (self.types.as_tparam(x.ty), direction) {
            (None, _) => {
                let kind = direction.map_or("non-channel".to_owned(), |d| format!("{d} channel"));
                return format!("invalid operation: cannot {what} {kind} {} {described}", self.text(x.ty));
            }
            (Some(_), Some(direction)) => {
                let under = self.common_under(x.ty).unwrap_or(x.ty);
                format!("{direction} channel {}", self.text(under))
            }
            (Some(_), None) => match self.common_under_or(x.ty) {
                Err(why) if !self.each_term(x.ty).is_empty() => why,
                _ => "no specific channel type".to_owned(),
            },
        };
        format!("invalid operation: cannot {what} {described}: {reason}")
    }

    fn common_channel(&mut self, ty: TypeId) -> Option<(ChanDir, TypeId)> {
        let under = self.common_under(ty)?;
        match *self.types.get(under) {
            Type::Chan(dir, elem) => Some((dir, elem)),
            _ => None,
        }
    }

    // ---- Binary operators

    fn binary(&mut self, x: &mut Operand, e: ExprId, op: BinOp, a: ExprId, b: ExprId) {
        // Long chains such as `a + b + c + …` lean left: walk down the spine instead of recursing.
        let mut spine: SmallVec<[(ExprId, BinOp, ExprId); 8]> = smallvec![(e, op, b)];
        let mut left = a;
        while let Expr::Binary(op, a, b) = self.ast.expr(left) {
            spine.push((left, op, b));
            left = a;
        }
        let mut value = self.expr(left);
        while let Some((node, op, right)) = spine.pop() {
            let y = self.expr(right);
            self.binary_operands(&mut value, y, node, op);
            value.expr = node;
            value.span = self.env.repeated_at.unwrap_or_else(|| self.ast.span(node));
            if node != e {
                self.info.record(node, value.ty, value.mode, &value.value);
            }
        }
        let (expr, span) = (x.expr, x.span);
        *x = value;
        (x.expr, x.span) = (expr, span);
    }

    /// `x op y` for checked operands; the result is in `x`. `e` is the whole expression, also of `x op= y`.
    pub(super) fn binary_operands(&mut self, x: &mut Operand, mut y: Operand, e: ExprId, op: BinOp) {
        if x.is_invalid() || y.is_invalid() {
            return x.invalidate();
        }
        if op.is_shift() {
            return self.shift(x, &mut y, e, op);
        }
        self.match_types(x, &mut y, e, op);
        if x.is_invalid() || y.is_invalid() {
            return x.invalidate();
        }
        if op.is_comparison() {
            return self.comparison(x, &mut y, op);
        }
        if !self.identical(x.ty, y.ty) {
            self.mismatched(x, &y, e, op);
            return x.invalidate();
        }
        if !self.operator_defined(x, op) {
            return x.invalidate();
        }
        if matches!(op, BinOp::Div | BinOp::Rem)
            && (x.is_constant() || self.all_integer(x.ty))
            && y.is_constant()
            && y.value.is_zero()
        {
            self.error(y.span, Code::DivisionByZero, "invalid operation: division by zero");
            return x.invalidate();
        }
        if x.is_constant() && y.is_constant() {
            if matches!(x.value, Value::Unknown) || matches!(y.value, Value::Unknown) {
                x.value = Value::Unknown;
                return;
            }
            let integer = op == BinOp::Div && self.is_integer(x.ty);
            x.expr = e;
            match constant::binary(op, &x.value, &y.value, integer) {
                Ok(value) => x.value = value,
                Err(fault) => {
                    self.error(x.span, Code::ConstantOverflow, fault.message());
                    return x.invalidate();
                }
            }
            self.check_constant(x, binary_name(op));
            return;
        }
        x.mode = Mode::Value;
    }

    /// Converts untyped operands to each other's types where that can make sense; reports what does not fit.
    pub(super) fn match_types(&mut self, x: &mut Operand, y: &mut Operand, e: ExprId, op: BinOp) {
        if !self.types.is_untyped(x.ty) && !self.types.is_untyped(y.ty) {
            return;
        }
        if !self.may_convert(x, y, op) {
            self.mismatched(x, y, e, op);
            return x.invalidate();
        }
        let (x_ty, y_ty) = (x.ty, y.ty);
        let kinds_differ = self.implicit_type(x, y_ty) == Err(Misfit::Incompatible)
            || self.implicit_type(y, x_ty) == Err(Misfit::Incompatible);
        if kinds_differ {
            self.mismatched(x, y, e, op);
            return x.invalidate();
        }
        self.convert_untyped(x, y_ty);
        if x.is_invalid() {
            return;
        }
        self.convert_untyped(y, if self.types.is_untyped(x.ty) { x.ty } else { x_ty });
        if y.is_invalid() {
            x.invalidate();
        }
    }

    fn may_convert(&mut self, x: &Operand, y: &Operand, op: BinOp) -> bool {
        if self.is_plain_interface(x.ty) || self.is_plain_interface(y.ty) {
            return op.is_comparison();
        }
        if self.all_boolean(x.ty) != self.all_boolean(y.ty) || self.all_string(x.ty) != self.all_string(y.ty) {
            return false;
        }
        if x.is_nil() {
            return self.has_nil(y.ty);
        }
        if y.is_nil() {
            return self.has_nil(x.ty);
        }
        !matches!(self.under_type(x.ty), Type::Pointer(_)) && !matches!(self.under_type(y.ty), Type::Pointer(_))
    }

    /// Reports operands of different types. `e` is the operation, or the target of an assignment operation.
    fn mismatched(&mut self, x: &Operand, y: &Operand, e: ExprId, op: BinOp) {
        if x.ty == tid::INVALID || y.ty == tid::INVALID {
            return;
        }
        let (a, b) = (self.expr_text(x.expr), self.expr_text(y.expr));
        let assign = if matches!(self.ast.expr(e), Expr::Binary(..)) { "" } else { "=" };
        let message = format!(
            "invalid operation: {a} {}{assign} {b} (mismatched types {} and {})",
            op.text(),
            self.text(x.ty),
            self.text(y.ty)
        );
        let span = x.span.to(y.span);
        let diagnostic = Diagnostic::error(Code::Mismatched, span, message)
            .label(x.span, self.text(x.ty))
            .label(y.span, self.text(y.ty));
        self.report(diagnostic);
    }

    fn operator_defined(&mut self, x: &Operand, op: BinOp) -> bool {
        use BinOp::*;
        let defined = match op {
            Add => self.all_numeric_or_string(x.ty),
            Sub | Mul | Div => self.all_numeric(x.ty),
            Rem | And | Or | Xor | AndNot => self.all_integer(x.ty),
            LAnd | LOr => self.all_boolean(x.ty),
            _ => true,
        };
        if !defined && x.ty != tid::INVALID {
            let message = format!("invalid operation: operator {} not defined on {}", op.text(), self.describe(x));
            self.error(x.span, Code::UndefinedOperator, message);
        }
        defined
    }

    /// Checks that the value of a constant operation fits its type.
    pub(super) fn check_constant(&mut self, x: &mut Operand, operation: &str) {
        if matches!(x.value, Value::Unknown) {
            let message = if operation.is_empty() {
                "constant result is not representable".to_owned()
            } else {
                format!("constant {operation}overflow")
            };
            self.error(x.span, Code::ConstantOverflow, message);
            return x.invalidate();
        }
        if self.types.is_untyped(x.ty) {
            self.limit_untyped(x, operation);
        } else {
            let ty = x.ty;
            self.represent(x, ty);
        }
    }

    /// Untyped integers must not grow without bound.
    fn limit_untyped(&mut self, x: &mut Operand, operation: &str) {
        if x.ty != tid::UNTYPED_FLOAT && x.value.bit_len().is_some_and(|bits| bits > INTEGER_BITS) {
            self.error(x.span, Code::ConstantOverflow, format!("constant {operation}overflow"));
            x.invalidate();
        }
    }
}

fn unary_name(op: UnOp) -> &'static str {
    match op {
        UnOp::Xor => "bitwise complement ",
        _ => "",
    }
}

fn binary_name(op: BinOp) -> &'static str {
    match op {
        BinOp::Add => "addition ",
        BinOp::Sub => "subtraction ",
        BinOp::Xor => "bitwise XOR ",
        BinOp::Mul => "multiplication ",
        BinOp::Shl => "shift ",
        _ => "",
    }
}
