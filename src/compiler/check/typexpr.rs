//! Type expressions.

use std::sync::Arc;

use super::info::Mode;
use super::{Checker, Operand};
use crate::base::{Span, Symbol, sym};
use crate::compiler::diag::{Code, Diagnostic};
use crate::compiler::syntax::ast::{self, Elem, Expr, ExprId, FieldId, List};
use crate::compiler::types::{
    Interface, Method, ObjId, ObjKind, Object, Param, Signature, Struct, StructField, Type, TypeId, VarKind, tid,
};

impl Checker<'_> {
    /// The type that an expression denotes; [`tid::INVALID`] after an error. Constraint interfaces are allowed, generic
    /// types without arguments are not.
    pub(super) fn type_expr(&mut self, e: ExprId) -> TypeId {
        let ty = self.generic_type(e);
        if self.is_generic_type(ty) {
            let message = format!("cannot use generic type {} without instantiation", self.text(ty));
            self.error(self.ast.span(e), Code::NotInstantiated, message);
            self.info.set_type(e, tid::INVALID);
            return tid::INVALID;
        }
        ty
    }

    /// The type of a variable, element, parameter and so on: not a constraint interface.
    pub(super) fn var_type(&mut self, e: ExprId) -> TypeId {
        let ty = self.type_expr(e);
        self.refuse_constraint_later(ty, self.ast.span(e));
        ty
    }

    /// Reports a constraint interface that is used as the type of something, once all types are complete.
    pub(super) fn refuse_constraint_later(&mut self, ty: TypeId, span: Span) {
        if self.may_be_constraint(ty) {
            self.later(move |c| c.refuse_constraint(ty, span));
        }
    }

    fn may_be_constraint(&self, ty: TypeId) -> bool {
        matches!(self.types.get(ty), Type::Named(_) | Type::Interface(_))
            && !matches!(
                self.types.get(self.known_under(ty)),
                Type::Struct(_) | Type::Basic(crate::compiler::types::Basic::String)
            )
    }

    fn refuse_constraint(&mut self, ty: TypeId, span: Span) {
        if !matches!(self.under_type(ty), Type::Interface(_)) {
            return;
        }
        let set = self.type_set(ty);
        let why = if set.terms.is_some() {
            "interface contains type constraints"
        } else if set.comparable {
            "interface is (or embeds) comparable"
        } else {
            return;
        };
        let message = format!("cannot use type {} outside a type constraint: {why}", self.text(ty));
        self.error(span, Code::MisplacedConstraint, message);
    }

    /// Whether a type is generic and not instantiated.
    pub(super) fn is_generic_type(&self, ty: TypeId) -> bool {
        match self.types.spelled(ty) {
            Type::Named(id) => {
                let named = self.types.named(*id);
                named.origin.is_none() && !named.tparams.is_empty()
            }
            Type::Alias(id) => {
                let alias = self.types.alias(*id);
                alias.targs.is_empty() && !alias.tparams.is_empty()
            }
            _ => false,
        }
    }

    /// The type that an expression denotes, generic ones included.
    pub(super) fn generic_type(&mut self, e: ExprId) -> TypeId {
        let ty = self.type_of_expr(e);
        self.info.record(e, ty, Mode::Type, &crate::compiler::types::constant::Value::Unknown);
        ty
    }

    fn type_of_expr(&mut self, e: ExprId) -> TypeId {
        let ast = self.ast;
        match ast.expr(e) {
            Expr::Bad => tid::INVALID,
            Expr::Ident(symbol) => self.named_type(e, symbol),
            Expr::Selector { x, name } => self.qualified_type(e, x, name),
            Expr::Index { x, indices } => self.instantiated_type(e, x, indices),
            Expr::Paren(inner) => self.generic_type(inner),
            Expr::Star(elem) => {
                let elem = self.var_type(elem);
                if elem == tid::INVALID { tid::INVALID } else { self.types.pointer_to(elem) }
            }
            Expr::ArrayType { len, elem } => self.array_type(len, elem),
            Expr::SliceType(elem) => {
                let elem = self.var_type(elem);
                self.types.slice_of(elem)
            }
            Expr::MapType { key, value } => self.map_type(key, value),
            Expr::ChanType(dir, elem) => {
                let elem = self.var_type(elem);
                self.types.intern(Type::Chan(dir, elem))
            }
            Expr::FuncType(sig) => {
                self.open_scope();
                let ty = self.func_type(sig, Vec::new());
                self.close_scope();
                ty
            }
            Expr::StructType(fields) => self.struct_type(fields),
            Expr::InterfaceType(elems) => self.interface_type(elems),
            Expr::Ellipsis => {
                self.error(ast.span(e), Code::MisplacedDots, "invalid use of ...");
                tid::INVALID
            }
            Expr::Unary(ast::UnOp::Tilde, _) | Expr::Binary(ast::BinOp::Or, ..) => {
                let ty = self.union_type(e);
                if matches!(self.types.get(ty), Type::Union(_)) {
                    let message = format!("cannot use type {} outside a type constraint", self.expr_text(e));
                    self.error(ast.span(e), Code::MisplacedConstraint, message);
                    return tid::INVALID;
                }
                ty
            }
            _ => {
                let message = format!("{} is not a type", self.expr_text(e));
                self.error(ast.span(e), Code::NotAType, message);
                tid::INVALID
            }
        }
    }

    fn named_type(&mut self, e: ExprId, symbol: Symbol) -> TypeId {
        let mut x = self.operand(e);
        self.ident(&mut x, e, symbol);
        self.expect_type(e, &x)
    }

    fn expect_type(&mut self, e: ExprId, x: &Operand) -> TypeId {
        match x.mode {
            Mode::Type => x.ty,
            Mode::Invalid => tid::INVALID,
            Mode::NoValue => {
                let message = format!("{} used as type", self.expr_text(e));
                self.error(self.ast.span(e), Code::NotAType, message);
                tid::INVALID
            }
            _ => {
                self.not_a_type(e, x);
                tid::INVALID
            }
        }
    }

    /// Reports a value that stands where a type should.
    pub(super) fn not_a_type(&mut self, e: ExprId, x: &Operand) {
        let text = self.expr_text(e);
        let what = match self.ast.expr(e) {
            Expr::Ident(_) => match self.info.object(e) {
                Some(object) => format!("{text} ({})", self.object_kind(object)),
                None => text,
            },
            Expr::Selector { .. } => self.describe(x),
            _ => text,
        };
        self.error(self.ast.span(e), Code::NotAType, format!("{what} is not a type"));
    }

    /// What a name stands for, in words.
    fn object_kind(&self, object: ObjId) -> &'static str {
        match &self.objects[object].kind {
            ObjKind::PkgName { .. } => "package name",
            ObjKind::Const { .. } => "constant",
            ObjKind::TypeName => "type",
            ObjKind::Func { .. } => "function",
            ObjKind::Builtin(_) => "built-in function",
            ObjKind::Nil => "untyped nil",
            ObjKind::Var(var) => match var.kind {
                VarKind::Global => "package-level variable",
                VarKind::Param => "parameter",
                VarKind::Result => "result variable",
                VarKind::Receiver => "receiver",
                _ => "local variable",
            },
        }
    }

    fn qualified_type(&mut self, e: ExprId, base: ExprId, name: Symbol) -> TypeId {
        let mut x = self.operand(e);
        self.selector(&mut x, e, base, name);
        self.expect_type(e, &x)
    }

    fn instantiated_type(&mut self, e: ExprId, generic: ExprId, indices: List<ExprId>) -> TypeId {
        let ast = self.ast;
        let ty = self.generic_type(generic);
        let spans: Vec<Span> = ast.list(indices).map(|i| ast.span(i)).collect();
        let targs: Vec<TypeId> = ast.list(indices).map(|i| self.var_type(i)).collect();
        if ty == tid::INVALID || targs.contains(&tid::INVALID) {
            return tid::INVALID;
        }
        if !self.is_generic_type(ty) {
            let message = format!("invalid operation: {} ({} is not a generic type)", self.expr_text(e), self.text(ty));
            self.error(ast.span(generic), Code::NotGeneric, message);
            return tid::INVALID;
        }
        self.instantiate(ast.span(e), ty, &targs, &spans)
    }

    /// Type arguments of an index expression; `None` when one is wrong.
    pub(super) fn type_args(&mut self, indices: List<ExprId>) -> Option<Vec<TypeId>> {
        let ast = self.ast;
        let targs: Vec<TypeId> = ast.list(indices).map(|i| self.var_type(i)).collect();
        (!targs.contains(&tid::INVALID)).then_some(targs)
    }

    fn array_type(&mut self, len: ExprId, elem: ExprId) -> TypeId {
        if matches!(self.ast.expr(len), Expr::Ellipsis) {
            self.error(
                self.ast.span(len),
                Code::InvalidArrayLength,
                "invalid use of [...] array (outside a composite literal)",
            );
            self.var_type(elem);
            return tid::INVALID;
        }
        let len = self.array_length(len);
        let elem = self.var_type(elem);
        match len {
            Some(len) => self.types.intern(Type::Array(elem, len)),
            None => tid::INVALID,
        }
    }

    fn array_length(&mut self, e: ExprId) -> Option<u64> {
        let ast = self.ast;
        if let Expr::Ident(symbol) = ast.expr(e) {
            match self.lookup_name(symbol) {
                None => {
                    let message = format!("undefined array length {} or missing type constraint", self.name(symbol));
                    self.error(ast.span(e), Code::InvalidArrayLength, message);
                    return None;
                }
                Some(object) if !matches!(self.objects[object].kind, ObjKind::Const { .. }) => {
                    self.mark_used(object);
                    let message = format!("invalid array length {}", self.name(symbol));
                    self.error(ast.span(e), Code::InvalidArrayLength, message);
                    return None;
                }
                Some(_) => {}
            }
        }
        let x = self.expr(e);
        if x.is_invalid() || x.ty == tid::INVALID {
            return None;
        }
        if !x.is_constant() {
            let message = format!("array length {} must be constant", self.describe(&x));
            self.error(x.span, Code::InvalidArrayLength, message);
            return None;
        }
        let integer = self.is_integer(x.ty);
        if (integer || self.types.is_untyped(x.ty))
            && let Some(len) = x.value.to_int().and_then(|v| v.as_i64()).and_then(|n| u64::try_from(n).ok())
        {
            self.convert_untyped_quietly(e, x.ty);
            return Some(len);
        }
        let message = if integer {
            format!("invalid array length {}", self.describe(&x))
        } else {
            format!("array length {} must be integer", self.describe(&x))
        };
        self.error(x.span, Code::InvalidArrayLength, message);
        None
    }

    /// An untyped length is an `int`.
    fn convert_untyped_quietly(&mut self, e: ExprId, ty: TypeId) {
        if self.types.is_untyped(ty) {
            self.update_type(e, tid::INT);
        }
    }

    fn map_type(&mut self, key: ExprId, value: ExprId) -> TypeId {
        let span = self.ast.span(key);
        let key = self.var_type(key);
        let value = self.var_type(value);
        if key != tid::INVALID && !matches!(self.types.get(key), Type::Basic(_)) {
            self.later(move |c| c.check_map_key(key, span));
        }
        self.types.intern(Type::Map(key, value))
    }

    fn check_map_key(&mut self, key: TypeId, span: Span) {
        if self.under(key) == tid::INVALID || self.is_comparable(key) {
            return;
        }
        let mut message = format!("invalid map key type {}", self.text(key));
        if self.types.as_tparam(key).is_some() {
            message.push_str(" (missing comparable constraint)");
        }
        self.error(span, Code::InvalidMapKey, message);
    }

    // ---- Functions

    /// The type of a function; declares its parameters in the open scope. `tparams` are its type parameters.
    pub(super) fn func_type(&mut self, sig: ast::Signature, tparams: Vec<TypeId>) -> TypeId {
        // All types are resolved before any name is declared: parameters are visible in the body only.
        let (params, variadic) = self.param_types(sig.params);
        let (results, _) = self.param_types(sig.results);
        self.declare_params(sig.params, &params, VarKind::Param);
        self.declare_params(sig.results, &results, VarKind::Result);
        self.types.intern(Type::Signature(Arc::new(Signature { tparams, params, results, variadic })))
    }

    /// Parameters or results, and whether the last is variadic; the parser allows that of no other.
    fn param_types(&mut self, fields: List<FieldId>) -> (Vec<Param>, bool) {
        let ast = self.ast;
        let mut params = Vec::with_capacity(fields.len());
        let mut variadic = false;
        let mut last: Option<(ExprId, TypeId)> = None;
        for id in ast.list(fields) {
            let field = ast.field(id);
            let mut ty = match last {
                Some((e, ty)) if e == field.ty => ty,
                _ => self.var_type(field.ty),
            };
            last = Some((field.ty, ty));
            if field.variadic {
                variadic = true;
                ty = self.types.slice_of(ty);
            }
            params.push(Param { name: field.name.map_or(sym::EMPTY, |n| n.symbol), ty });
        }
        (params, variadic)
    }

    fn declare_params(&mut self, fields: List<FieldId>, params: &[Param], kind: VarKind) {
        let ast = self.ast;
        for (id, param) in ast.list(fields).zip(params) {
            let field = ast.field(id);
            let span = field.name.map_or(field.span, |n| n.span);
            let mut object = Object::new_var(param.name, span, self.env.pkg, param.ty, kind, 0);
            if let Some(var) = object.var_mut() {
                var.depth = self.funcs.len() as u16 + 1;
            }
            let object = self.objects.push(object);
            self.info.fields.insert(id, object);
            self.declare_local(object);
        }
    }

    // ---- Type parameters

    /// Declares type parameters in the open scope and resolves their constraints.
    pub(super) fn type_params(&mut self, fields: List<FieldId>) -> Vec<TypeId> {
        let list = self.declare_type_params(fields);
        self.bind_type_params(fields, &list);
        list
    }

    /// The type parameters of a defined type: set before their constraints are resolved, which may mention the type.
    pub(super) fn named_type_params(
        &mut self,
        id: crate::compiler::types::NamedId,
        fields: List<FieldId>,
    ) -> Arc<[TypeId]> {
        let list: Arc<[TypeId]> = self.declare_type_params(fields).into();
        self.types.named_mut(id).tparams = list.clone();
        self.bind_type_params(fields, &list);
        list
    }

    fn declare_type_params(&mut self, fields: List<FieldId>) -> Vec<TypeId> {
        let ast = self.ast;
        let mut list = Vec::with_capacity(fields.len());
        for (index, id) in ast.list(fields).enumerate() {
            let field = ast.field(id);
            let Some(name) = field.name else { continue };
            let object = self.objects.push(Object::new(name.symbol, name.span, self.env.pkg, ObjKind::TypeName));
            let ty = self.types.new_tparam(object, index);
            self.objects[object].ty = ty;
            self.info.fields.insert(id, object);
            self.declare_local(object);
            list.push(ty);
        }
        list
    }

    fn bind_type_params(&mut self, fields: List<FieldId>, list: &[TypeId]) {
        let ast = self.ast;
        let mut last: Option<(ExprId, TypeId)> = None;
        let mut refused = false;
        for (id, &tparam) in ast.list(fields).zip(list) {
            let field = ast.field(id);
            let constraint = match last {
                Some((e, ty)) if e == field.ty => ty,
                _ => self.constraint(field.ty, &mut refused),
            };
            last = Some((field.ty, constraint));
            if let Some(p) = self.types.as_tparam(tparam) {
                self.types.tparam_mut(p).constraint = Some(constraint);
            }
        }
    }

    /// A constraint: an interface, or what stands for `interface{ e }`.
    /// `refused` says that a type parameter stood for a constraint in this list: that is reported once.
    fn constraint(&mut self, e: ExprId, refused: &mut bool) -> TypeId {
        let ast = self.ast;
        let plain = !matches!(ast.expr(e), Expr::Unary(ast::UnOp::Tilde, _) | Expr::Binary(ast::BinOp::Or, ..));
        let ty = if plain { self.type_expr(e) } else { self.union_type(e) };
        self.info.record(e, ty, Mode::Type, &crate::compiler::types::constant::Value::Unknown);
        if ty == tid::INVALID {
            return tid::EMPTY_INTERFACE;
        }
        if plain && self.types.as_tparam(ty).is_some() {
            if !std::mem::replace(refused, true) {
                self.error(ast.span(e), Code::InvalidTypeParameter, "cannot use a type parameter as constraint");
            }
            return tid::EMPTY_INTERFACE;
        }
        if plain && (matches!(self.under_type(ty), Type::Interface(_)) || self.under(ty) == tid::INVALID) {
            return ty;
        }
        let interface = Interface { methods: Vec::new(), embeds: vec![ty], implicit: true };
        self.types.intern(Type::Interface(Arc::new(interface)))
    }

    // ---- Structs

    fn struct_type(&mut self, fields: List<FieldId>) -> TypeId {
        let ast = self.ast;
        let mut list: Vec<StructField> = Vec::with_capacity(fields.len());
        let mut seen: rustc_hash::FxHashMap<Symbol, Span> = Default::default();
        let mut spans: Vec<(Symbol, Span)> = Vec::with_capacity(fields.len());
        let mut last: Option<(ExprId, TypeId)> = None;
        for id in ast.list(fields) {
            let field = ast.field(id);
            let (symbol, span, embedded) = match field.name {
                Some(name) => (name.symbol, name.span, false),
                None => match self.embedded_name(field.ty) {
                    Some((symbol, span)) => (symbol, span, true),
                    None => continue,
                },
            };
            let ty = match last {
                Some((e, ty)) if e == field.ty => ty,
                _ if embedded => self.type_expr(field.ty),
                _ => self.var_type(field.ty),
            };
            last = Some((field.ty, ty));
            if embedded {
                let at = ast.span(field.ty);
                self.later(move |c| c.check_embedded(ty, at));
            }
            if symbol != sym::BLANK
                && let Some(&previous) = seen.get(&symbol)
            {
                let text = self.name(symbol);
                let place = self.sources.describe(previous);
                let diagnostic = Diagnostic::error(Code::DuplicateField, span, format!("{text} redeclared"))
                    .label(previous, "other declaration")
                    .note(format!("{place}: other declaration of {text}"));
                self.report(diagnostic);
                continue;
            }
            seen.insert(symbol, span);
            spans.push((symbol, span));
            list.push(StructField { name: symbol, pkg: self.member_pkg(symbol), ty, embedded, tag: field.tag });
        }
        let ty = self.types.intern(Type::Struct(Arc::new(Struct { fields: list })));
        let canon = self.types.canon(ty);
        for (symbol, span) in spans {
            self.field_spans.entry((canon, symbol)).or_insert(span);
        }
        ty
    }

    fn embedded_name(&self, e: ExprId) -> Option<(Symbol, Span)> {
        let span = self.ast.span(e);
        match self.ast.expr(e) {
            Expr::Ident(symbol) => Some((symbol, span)),
            Expr::Selector { name, .. } => Some((name, self.ast.selector_name_span(e))),
            Expr::Star(inner) | Expr::Paren(inner) => self.embedded_name(inner),
            Expr::Index { x, .. } => self.embedded_name(x),
            _ => None,
        }
    }

    fn check_embedded(&mut self, ty: TypeId, span: Span) {
        let (base, pointer) = self.deref(ty);
        let message = if self.types.as_tparam(base).is_some() {
            "embedded field type cannot be a (pointer to a) type parameter"
        } else {
            match self.under_type(base) {
                Type::Pointer(_) => "embedded field type cannot be a pointer",
                Type::Interface(_) if pointer => "embedded field type cannot be a pointer to an interface",
                Type::Interface(_) => return self.refuse_constraint(ty, span),
                _ => return,
            }
        };
        self.error(span, Code::InvalidEmbedding, message);
    }

    // ---- Interfaces

    fn interface_type(&mut self, elems: List<ast::ElemId>) -> TypeId {
        let ast = self.ast;
        let mut methods: Vec<Method> = Vec::new();
        let mut embeds = Vec::new();
        let mut seen: rustc_hash::FxHashMap<Symbol, Span> = Default::default();
        let mut embed_spans = Vec::new();
        for id in ast.list(elems) {
            match ast.elem(id) {
                Elem::Method { name, ty } => {
                    let ty = self.type_expr(ty);
                    if name.symbol == sym::BLANK {
                        self.error(name.span, Code::InvalidBlank, "methods must have a unique non-blank name");
                        continue;
                    }
                    if let Some(&previous) = seen.get(&name.symbol) {
                        let text = self.name(name.symbol);
                        let place = self.sources.describe(previous);
                        let message = format!("duplicate method {text}");
                        let diagnostic = Diagnostic::error(Code::DuplicateInterfaceMethod, name.span, message)
                            .label(previous, "other declaration")
                            .note(format!("{place}: other declaration of method {text}"));
                        self.report(diagnostic);
                        continue;
                    }
                    seen.insert(name.symbol, name.span);
                    methods.push(Method { name: name.symbol, pkg: self.member_pkg(name.symbol), ty });
                }
                Elem::Embed(e) => {
                    let ty = self.embedded_elem(e);
                    if ty != tid::INVALID {
                        embeds.push(ty);
                        embed_spans.push(ast.span(e));
                    }
                }
            }
        }
        methods.sort_by(|a, b| self.name(a.name).cmp(self.name(b.name)));
        let has_embeds = !embeds.is_empty();
        let ty = self.types.intern(Type::Interface(Arc::new(Interface { methods, embeds, implicit: false })));
        if has_embeds {
            self.later(move |c| c.check_interface(ty, &embed_spans));
        }
        ty
    }

    fn embedded_elem(&mut self, e: ExprId) -> TypeId {
        match self.ast.expr(e) {
            Expr::Unary(ast::UnOp::Tilde, _) | Expr::Binary(ast::BinOp::Or, ..) => {
                let ty = self.union_type(e);
                self.info.record(e, ty, Mode::Type, &crate::compiler::types::constant::Value::Unknown);
                ty
            }
            _ => self.type_expr(e),
        }
    }

    /// The object of a field, parameter, receiver or type parameter.
    pub(super) fn field_object(&self, id: FieldId) -> Option<ObjId> {
        self.info.fields.get(&id).copied()
    }
}
