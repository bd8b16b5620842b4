//! Selectors: `pkg.Name`, `x.field`, `x.method`, `T.method`.

use std::sync::Arc;

use super::info::{Mode, Selection, SelectionKind};
use super::lookup::{Found, FoundMethod, is_exported};
use super::{Checker, Operand};
use crate::base::{Span, Symbol};
use crate::compiler::diag::{Code, Diagnostic, spelling};
use crate::compiler::syntax::ast::{Expr, ExprId};
use crate::compiler::types::{ObjId, ObjKind, Param, PkgId, Signature, Type, TypeId};

impl<'a> Checker<'a> {
    /// Checks `base.name`.
    pub(super) fn selector(&mut self, x: &mut Operand, e: ExprId, base: ExprId, name: Symbol) {
        x.invalidate();
        if let Expr::Ident(symbol) = self.ast.expr(base)
            && let Some(object) = self.lookup_name(symbol)
            && let ObjKind::PkgName { pkg, .. } = self.objects[object].kind
        {
            self.mark_package_used(object);
            self.info.record_use(base, object);
            self.qualified(x, e, pkg, name);
            return;
        }
        let operand = self.expr_or_type(base, false);
        if operand.is_invalid() {
            return;
        }
        if let Mode::Builtin(_) = operand.mode {
            let text = self.expr_text(base);
            self.error(
                operand.span,
                Code::BuiltinNotCalled,
                format!("invalid use of {text} (built-in) in selector expression"),
            );
            return;
        }
        if operand.is_nil() {
            let message = format!(
                "{} undefined (type untyped nil has no field or method {})",
                self.expr_text(e),
                self.name(name)
            );
            self.error(operand.span, Code::UntypedNil, message);
            return;
        }
        self.member(x, e, operand, name);
    }

    fn mark_package_used(&mut self, object: ObjId) {
        if let ObjKind::PkgName { used, .. } = &mut self.objects[object].kind {
            *used = true;
        }
    }

    fn qualified(&mut self, x: &mut Operand, e: ExprId, pkg: PkgId, name: Symbol) {
        let span = self.ast.selector_name_span(e);
        let text = self.name(name);
        let package = &self.packages[pkg];
        if package.broken {
            return;
        }
        let visible = is_exported(text) || package.exported.contains(&name);
        let Some(&object) = package.scope.get(&name).filter(|_| visible || package.scope.contains_key(&name)) else {
            let mut message = format!("undefined: {}", self.expr_text(e));
            let package = &self.packages[pkg];
            let known: Vec<Symbol> = package
                .scope
                .keys()
                .copied()
                .filter(|&s| is_exported(self.name(s)) || package.exported.contains(&s))
                .collect();
            let same = known.iter().map(|&s| self.name(s)).filter(|k| k.eq_ignore_ascii_case(text)).min();
            if let Some(same) = same {
                message.push_str(&format!(" (but have {same})"));
            }
            let mut diagnostic = Diagnostic::error(Code::Undefined, span, message);
            if let Some(best) = same.or_else(|| self.closest(text, &known)) {
                diagnostic = diagnostic.suggest(span, best, format!("did you mean `{best}`?"));
            }
            self.report(diagnostic);
            return;
        };
        if !visible {
            let message = format!("name {text} not exported by package {}", self.name(self.packages[pkg].name));
            self.error(span, Code::Unexported, message);
            return;
        }
        self.object_operand(x, object);
        self.info.record_use(e, object);
        let selection = Selection {
            kind: SelectionKind::Qualified,
            recv: self.objects[object].ty,
            path: Default::default(),
            indirect: false,
            obj: Some(object),
        };
        self.info.selections.insert(e, selection);
    }

    /// Selects a field or method of an operand or type.
    fn member(&mut self, x: &mut Operand, e: ExprId, operand: Operand, name: Symbol) {
        let recv = operand.ty;
        // The declaration must be complete enough to have members.
        self.under(recv);
        let (base, pointer) = self.deref(recv);
        // The members of a type parameter are not those of pointers to it.
        let none = name == crate::base::sym::BLANK || (pointer && self.is_tparam(base));
        let found = if none { Found::Nothing } else { self.lookup_member(recv, name) };
        match found {
            Found::Nothing => self.missing_member(e, &operand, name),
            Found::Ambiguous => {
                let message = format!("ambiguous selector {}", self.expr_text(e));
                self.error(self.ast.selector_name_span(e), Code::AmbiguousSelector, message);
            }
            Found::Field { .. } if operand.mode == Mode::Type => {
                let message =
                    format!("operand for field selector {} must be value of type {}", self.name(name), self.text(recv));
                self.error(self.ast.selector_name_span(e), Code::InvalidMethodExpression, message);
            }
            Found::Field { path, ty, indirect } => {
                let pointer = self.deref(recv).1 || matches!(self.under_type(recv), Type::Pointer(_));
                let variable = operand.mode == Mode::Variable || indirect || pointer;
                x.mode = if variable { Mode::Variable } else { Mode::Value };
                x.ty = ty;
                let indirect = indirect || pointer;
                self.info
                    .selections
                    .insert(e, Selection { kind: SelectionKind::Field, recv, path, indirect, obj: None });
            }
            Found::Method(method) if operand.mode == Mode::Type => self.method_expression(x, e, recv, name, method),
            Found::Method(method) => self.method_value(x, e, &operand, name, method),
        }
    }

    fn method_value(&mut self, x: &mut Operand, e: ExprId, operand: &Operand, name: Symbol, method: FoundMethod) {
        if method.ptr_recv && !method.indirect {
            if operand.mode != Mode::Variable {
                let message = format!("cannot call pointer method {} on {}", self.name(name), self.text(operand.ty));
                self.error(self.ast.selector_name_span(e), Code::NotAddressable, message);
                return;
            }
            let Expr::Selector { x: base, .. } = self.ast.expr(e) else { return };
            self.mark_addressed(base);
        }
        if let Some(obj) = method.obj {
            self.note_dependency(obj);
        }
        x.set_value(method.ty);
        let selection = Selection {
            kind: SelectionKind::Method,
            recv: operand.ty,
            path: method.path,
            indirect: method.indirect,
            obj: method.obj,
        };
        self.info.selections.insert(e, selection);
    }

    fn method_expression(&mut self, x: &mut Operand, e: ExprId, recv: TypeId, name: Symbol, method: FoundMethod) {
        if !self.in_method_set(&method) {
            let (ty, name) = (self.text(recv), self.name(name));
            let message = format!("invalid method expression {ty}.{name} (needs pointer receiver (*{ty}).{name})");
            self.error(self.ast.selector_name_span(e), Code::InvalidMethodExpression, message);
            return;
        }
        if let Some(obj) = method.obj {
            self.note_dependency(obj);
        }
        let Type::Signature(signature) = self.types.get(method.ty).clone() else { return };
        // Parameters are all named or all unnamed.
        let named = signature.params.iter().any(|p| p.name != crate::base::sym::EMPTY);
        let own_name = method.obj.and_then(|obj| self.receiver_names.get(&obj).copied());
        let receiver_name = match own_name {
            Some(name) => name,
            None if named => crate::base::sym::BLANK,
            None => crate::base::sym::EMPTY,
        };
        let mut params = vec![Param { name: receiver_name, ty: recv }];
        params.extend(signature.params.iter().copied());
        let function = Signature {
            tparams: signature.tparams.clone(),
            params,
            results: signature.results.clone(),
            variadic: signature.variadic,
        };
        let ty = self.types.intern(Type::Signature(Arc::new(function)));
        x.set_value(ty);
        let selection = Selection {
            kind: SelectionKind::MethodExpr,
            recv,
            path: method.path,
            indirect: method.indirect,
            obj: method.obj,
        };
        self.info.selections.insert(e, selection);
    }

    fn missing_member(&mut self, e: ExprId, operand: &Operand, name: Symbol) {
        let span = self.ast.selector_name_span(e);
        let recv = operand.ty;
        if recv == crate::compiler::types::tid::INVALID {
            return;
        }
        let base = match self.under_type(recv) {
            Type::Basic(crate::compiler::types::Basic::Invalid) => return self.report_incomplete(recv),
            Type::Pointer(elem) => Some(elem),
            _ => None,
        };
        let (base, pointer) = base.map_or((recv, false), |elem| (elem, true));
        let why = if pointer && self.types.as_tparam(base).is_some() {
            format!("type {} is pointer to type parameter, not type parameter", self.text(recv))
        } else if pointer && matches!(self.under_type(base), Type::Interface(_)) {
            format!("type {} is pointer to interface, not interface", self.text(recv))
        } else if name == crate::base::sym::BLANK {
            format!("type {} has no field or method _", self.text(recv))
        } else if operand.mode == Mode::Type && self.lookup_similar(recv, name).is_none() {
            format!("type {} has no field or method {}", self.text(recv), self.name(name))
        } else {
            self.missing_member_text(recv, name, None)
        };
        let message = format!("{} undefined ({why})", self.expr_text(e));
        let mut diagnostic = Diagnostic::error(Code::MissingFieldOrMethod, span, message);
        if let Some(similar) = self.lookup_similar(recv, name)
            && (similar.pkg.is_none() || similar.pkg == self.env.pkg)
        {
            let text = self.name(similar.name);
            diagnostic = diagnostic.suggest(span, text, format!("did you mean `{text}`?"));
        }
        self.report(diagnostic);
    }

    /// Why a member is missing, in Go's words; `literal` names the struct type of a composite literal.
    pub(super) fn missing_member_text(&mut self, ty: TypeId, name: Symbol, literal: Option<TypeId>) -> String {
        // A name that is there all the same is behind a pointer to a pointer, or blank.
        let similar =
            self.lookup_similar(ty, name).filter(|s| s.name != name || s.pkg.is_some_and(|p| Some(p) != self.env.pkg));
        let (wanted, type_text) = (self.name(name), self.text(literal.unwrap_or(ty)));
        let missing = match literal {
            Some(_) => format!("unknown field {wanted} in struct literal of type {type_text}"),
            None => format!("type {type_text} has no field or method {wanted}"),
        };
        let Some(similar) = similar else { return missing };
        let alt = self.name(similar.name);
        let what = if similar.method { "method" } else { "field" };
        let foreign = !is_exported(alt) && similar.pkg.is_some() && similar.pkg != self.env.pkg;
        let same_tail = tail(alt) == tail(wanted);
        match (literal, foreign) {
            (None, true) if alt == wanted => format!("cannot refer to unexported {what} {alt}"),
            (Some(_), true) if alt == wanted => {
                format!("cannot refer to unexported field {alt} in struct literal of type {type_text}")
            }
            (None, true) if same_tail => format!("{missing}, but does have unexported {what} {alt}"),
            (Some(_), true) if same_tail => format!("{missing}, but does have unexported {alt}"),
            (_, true) => missing,
            (None, false) => format!("{missing}, but does have {what} {alt}"),
            (Some(_), false) => format!("{missing}, but does have {alt}"),
        }
    }

    /// Marks the variable at the root of an addressable expression: its address is taken.
    pub(super) fn mark_addressed(&mut self, e: ExprId) {
        let mut e = e;
        loop {
            match self.ast.expr(e) {
                Expr::Paren(inner) => e = inner,
                Expr::Selector { x, .. } => {
                    // Through a pointer the variable itself is not addressed.
                    match self.info.selections.get(&e) {
                        Some(s) if s.kind == SelectionKind::Field && !s.indirect => e = x,
                        Some(s) if s.kind == SelectionKind::Qualified => {
                            if let Some(obj) = s.obj {
                                self.note_addressed(obj);
                            }
                            return;
                        }
                        _ => return,
                    }
                }
                Expr::Index { x, .. } => {
                    let ty = self.info.type_of(x);
                    if !matches!(self.under_type(ty), Type::Array(..)) {
                        return;
                    }
                    e = x;
                }
                Expr::Ident(_) => {
                    if let Some(obj) = self.info.object(e) {
                        self.note_addressed(obj);
                    }
                    return;
                }
                _ => return,
            }
        }
    }

    /// The name of `known` that a misspelled `text` most likely means.
    pub(super) fn closest(&self, text: &str, known: &[Symbol]) -> Option<&'a str> {
        spelling::closest(text, known.iter().map(|&s| self.name(s)))
    }

    /// Where a name stands: used for labels of other declarations.
    pub(super) fn declared_at(&self, obj: ObjId) -> Span {
        self.objects[obj].span
    }
}

fn tail(name: &str) -> &str {
    let mut chars = name.chars();
    chars.next();
    chars.as_str()
}
