//! Composite literals.

use rustc_hash::{FxHashMap, FxHashSet};

use super::info::{Mode, Selection, SelectionKind};
use super::lookup::{Found, Path, is_exported};
use super::{Checker, Operand};
use crate::base::{Span, Symbol};
use crate::compiler::diag::{Code, Diagnostic};
use crate::compiler::syntax::ast::{Expr, ExprId, List};
use crate::compiler::types::constant::Value;
use crate::compiler::types::{Struct, Type, TypeId, tid};

/// The key of a map literal, for finding duplicates: its value, and its type where keys are interfaces.
#[derive(PartialEq, Eq, Hash)]
struct Key(TypeId, Value);

impl Checker<'_> {
    /// Checks `T{…}`; without `T`, the type is the hint.
    pub(super) fn composite(
        &mut self,
        x: &mut Operand,
        e: ExprId,
        ty: Option<ExprId>,
        elems: List<ExprId>,
        hint: Option<TypeId>,
    ) {
        // `[...]T{…}` takes its length from the elements.
        if let Some((array, elem)) = self.open_array(ty) {
            let elem = self.var_type(elem);
            let len = self.indexed_elements(elems, elem, None);
            let ty = self.types.intern(Type::Array(elem, len));
            self.info.record(array, ty, Mode::Type, &Value::Unknown);
            return x.set_value(ty);
        }
        let written = ty;
        let Some((ty, base)) = self.literal_type(x, ty, hint) else {
            self.use_elements(elems);
            return;
        };
        match self.under_type(base) {
            Type::Struct(s) => self.struct_literal(ty, &s, e, elems),
            Type::Array(elem, len) => {
                self.indexed_elements(elems, elem, Some(len));
            }
            Type::Slice(elem) => {
                self.indexed_elements(elems, elem, None);
            }
            Type::Map(key, value) => self.map_literal(elems, key, value),
            _ => {
                self.use_elements(elems);
                if self.under(base) == tid::INVALID {
                    self.report_incomplete(base);
                } else {
                    let element = if written.is_none() { "element " } else { "" };
                    let mut message = format!("invalid composite literal {element}type {}", self.text(ty));
                    if self.types.as_tparam(base).is_some() {
                        message.push_str(" (no common underlying type)");
                    }
                    self.error(x.span, Code::InvalidLiteralType, message);
                }
                return;
            }
        }
        x.set_value(ty);
    }

    /// The array type, length and element type of `[...]T`.
    fn open_array(&self, ty: Option<ExprId>) -> Option<(ExprId, ExprId)> {
        let e = ty?;
        let Expr::ArrayType { len, elem } = self.ast.expr(e) else { return None };
        matches!(self.ast.expr(len), Expr::Ellipsis).then_some((e, elem))
    }

    /// The literal's type, and the type whose structure it has: they differ for an elided `&T`.
    fn literal_type(&mut self, x: &Operand, ty: Option<ExprId>, hint: Option<TypeId>) -> Option<(TypeId, TypeId)> {
        let Some(e) = ty else {
            let Some(hint) = hint else {
                self.error(x.span, Code::InvalidLiteralType, "invalid composite literal type: missing type");
                return None;
            };
            let base = match self.literal_base(hint) {
                Type::Pointer(elem) => elem,
                _ => hint,
            };
            return Some((hint, self.literal_structure(base)));
        };
        let ty = self.type_expr(e);
        if ty == tid::INVALID {
            return None;
        }
        Some((ty, self.literal_structure(ty)))
    }

    fn literal_base(&mut self, ty: TypeId) -> Type {
        let under = self.literal_structure(ty);
        self.under_type(under)
    }

    /// The type itself, or the single underlying type of a type parameter's type set.
    fn literal_structure(&mut self, ty: TypeId) -> TypeId {
        if self.types.as_tparam(ty).is_some() { self.common_under(ty).unwrap_or(ty) } else { ty }
    }

    /// An element, key or field value. As in Go, its type completes no type arguments that are written in part.
    fn element(&mut self, e: ExprId, ty: TypeId) -> Operand {
        let hint = if matches!(self.ast.expr(e), Expr::Index { .. }) { None } else { Some(ty) };
        self.expr_hint(e, hint)
    }

    fn use_elements(&mut self, elems: List<ExprId>) {
        let ast = self.ast;
        for e in ast.list(elems) {
            // Keys may be field names, which are not expressions: only values are evaluated.
            let value = match ast.expr(e) {
                Expr::KeyValue { value, .. } => value,
                _ => e,
            };
            if !matches!(ast.expr(value), Expr::Composite { ty: None, .. }) {
                self.use_expr(value);
            }
        }
    }

    // ---- Structs

    fn struct_literal(&mut self, ty: TypeId, s: &Struct, e: ExprId, elems: List<ExprId>) {
        let ast = self.ast;
        let Some(first) = ast.first(elems) else { return };
        if matches!(ast.expr(first), Expr::KeyValue { .. }) {
            self.keyed_fields(ty, s, elems);
        } else {
            self.positional_fields(ty, s, e, elems);
        }
    }

    fn keyed_fields(&mut self, ty: TypeId, s: &Struct, elems: List<ExprId>) {
        let ast = self.ast;
        let mut seen: FxHashSet<Symbol> = FxHashSet::default();
        // Paths given so far, to find a field given together with one inside of it.
        let mut given: Vec<(Path, Symbol)> = Vec::new();
        for elem in ast.list(elems) {
            let Expr::KeyValue { key, value } = ast.expr(elem) else {
                let message = "mixture of field:value and value elements in struct literal";
                self.error(ast.span(elem), Code::InvalidElement, message);
                self.use_expr(elem);
                continue;
            };
            let Expr::Ident(name) = ast.expr(key) else {
                let message = format!("invalid field name {} in struct literal", self.expr_text(key));
                self.error(ast.span(key), Code::InvalidElement, message);
                self.use_expr(value);
                continue;
            };
            let Some((path, field)) = self.literal_field(ty, s, key, name) else {
                self.use_expr(value);
                continue;
            };
            let mut x = self.element(value, field);
            self.assignment(&mut x, Some(field), "struct literal");
            if !seen.insert(name) {
                let message = format!("duplicate field name {} in struct literal", self.name(name));
                self.error(ast.span(key), Code::DuplicateElement, message);
                continue;
            }
            self.check_overlap(&given, &path, name, ast.span(key));
            given.push((path, name));
        }
    }

    /// A field named in a struct literal, promoted ones included (they must not be behind a pointer).
    fn literal_field(&mut self, ty: TypeId, s: &Struct, key: ExprId, name: Symbol) -> Option<(Path, TypeId)> {
        let pkg = self.member_pkg(name);
        let direct = s.fields.iter().position(|f| f.name == name && f.pkg == pkg);
        let found = match direct {
            Some(index) => Found::Field { path: Self::direct(index), ty: s.fields[index].ty, indirect: false },
            None => self.lookup_member(ty, name),
        };
        match found {
            Found::Field { path, ty: field, indirect } => {
                let through_pointer = indirect && !matches!(self.types.get(ty), Type::Pointer(_));
                if through_pointer && path.len() > 1 {
                    let message = format!("invalid implicit pointer indirection to reach {}", self.name(name));
                    self.error(self.ast.span(key), Code::InvalidElement, message);
                    return None;
                }
                let selection =
                    Selection { kind: SelectionKind::Field, recv: ty, path: path.clone(), indirect: false, obj: None };
                self.info.selections.insert(key, selection);
                Some((path, field))
            }
            Found::Method(_) => {
                let message = format!("{} is not a field", self.name(name));
                self.error(self.ast.span(key), Code::MissingFieldOrMethod, message);
                None
            }
            _ => {
                let message = self.missing_member_text(ty, name, Some(ty));
                let mut diagnostic = Diagnostic::error(Code::MissingFieldOrMethod, self.ast.span(key), message);
                let known: Vec<Symbol> = s.fields.iter().map(|f| f.name).collect();
                if let Some(best) = self.closest(self.name(name), &known) {
                    diagnostic = diagnostic.suggest(self.ast.span(key), best, format!("did you mean `{best}`?"));
                }
                self.report(diagnostic);
                None
            }
        }
    }

    fn check_overlap(&mut self, given: &[(Path, Symbol)], path: &Path, name: Symbol, span: Span) {
        for (other, other_name) in given {
            let message = if other.len() < path.len() && path.starts_with(other) {
                format!(
                    "cannot specify promoted field {} and enclosing embedded field {}",
                    self.name(name),
                    self.name(*other_name)
                )
            } else if path.len() < other.len() && other.starts_with(path) {
                format!(
                    "cannot specify embedded field {} and enclosed promoted field {}",
                    self.name(name),
                    self.name(*other_name)
                )
            } else {
                continue;
            };
            self.error(span, Code::DuplicateElement, message);
            return;
        }
    }

    fn positional_fields(&mut self, ty: TypeId, s: &Struct, e: ExprId, elems: List<ExprId>) {
        let ast = self.ast;
        for (i, elem) in ast.list(elems).enumerate() {
            if let Expr::KeyValue { value, .. } = ast.expr(elem) {
                let message = "mixture of field:value and value elements in struct literal";
                self.error(ast.span(elem), Code::InvalidElement, message);
                self.use_expr(value);
                continue;
            }
            let Some(field) = s.fields.get(i) else {
                self.use_expr(elem);
                let message = format!("too many values in struct literal of type {}", self.text(ty));
                self.error(ast.span(elem), Code::InvalidElement, message);
                ast.list(elems).skip(i + 1).for_each(|rest| self.use_expr(rest));
                return;
            };
            let mut x = self.element(elem, field.ty);
            if !is_exported(self.name(field.name)) && field.pkg != self.env.pkg {
                let message = format!(
                    "implicit assignment to unexported field {} in struct literal of type {}",
                    self.name(field.name),
                    self.text(ty)
                );
                self.error(ast.span(elem), Code::Unexported, message);
                continue;
            }
            self.assignment(&mut x, Some(field.ty), "struct literal");
        }
        if elems.len() < s.fields.len() {
            let message = format!("too few values in struct literal of type {}", self.text(ty));
            let span = ast.span(e);
            self.error(Span::new(span.hi.saturating_sub(1), span.hi), Code::InvalidElement, message);
        }
    }

    // ---- Arrays, slices and maps

    /// Checks the elements of an array or slice literal; the number of elements that the largest index implies.
    fn indexed_elements(&mut self, elems: List<ExprId>, elem_ty: TypeId, len: Option<u64>) -> u64 {
        let ast = self.ast;
        // The elements of `[...]T{…}` are checked when the type is made.
        let mut seen: FxHashSet<u64> = FxHashSet::default();
        let keyed = ast.list(elems).any(|e| matches!(ast.expr(e), Expr::KeyValue { .. }));
        let (mut index, mut max) = (0u64, 0u64);
        for elem in ast.list(elems) {
            let mut value = elem;
            let mut known = len.is_none_or(|len| index < len);
            if let Expr::KeyValue { key, value: v } = ast.expr(elem) {
                value = v;
                match self.element_index(key, len) {
                    Some(i) => (index, known) = (i, true),
                    None => known = false,
                }
            } else if !known {
                let len = len.unwrap_or(0);
                let message = format!("index {index} is out of bounds (>= {len})");
                self.error(ast.span(elem), Code::InvalidIndex, message);
            }
            if known && keyed && !seen.insert(index) {
                let message = format!("duplicate index {index} in array or slice literal");
                self.error(ast.span(elem), Code::DuplicateElement, message);
            }
            if known {
                max = max.max(index + 1);
            }
            index = index.saturating_add(1);
            let mut x = self.element(value, elem_ty);
            self.assignment(&mut x, Some(elem_ty), "array or slice literal");
        }
        max
    }

    fn element_index(&mut self, key: ExprId, len: Option<u64>) -> Option<u64> {
        let mut x = self.expr(key);
        if x.is_invalid() {
            return None;
        }
        if x.is_constant() {
            // An untyped index becomes an int before it is looked at.
            self.convert_untyped(&mut x, tid::INT);
            if x.is_invalid() {
                return None;
            }
            let index = self.check_index_operand(&mut x, len, "index")?;
            return u64::try_from(index).ok();
        }
        let message = if self.all_integer(x.ty) {
            format!("index {} must be integer constant", self.expr_text(key))
        } else {
            format!("invalid argument: index {} must be integer", self.describe(&x))
        };
        self.error(x.span, Code::InvalidIndex, message);
        None
    }

    fn map_literal(&mut self, elems: List<ExprId>, key_ty: TypeId, value_ty: TypeId) {
        let ast = self.ast;
        let mut seen: FxHashMap<Key, Span> = FxHashMap::default();
        let interface = self.is_plain_interface(key_ty);
        for elem in ast.list(elems) {
            let Expr::KeyValue { key, value } = ast.expr(elem) else {
                self.error(ast.span(elem), Code::InvalidElement, "missing key in map literal");
                if !matches!(ast.expr(elem), Expr::Composite { ty: None, .. }) {
                    self.use_expr(elem);
                }
                continue;
            };
            let mut x = self.element(key, key_ty);
            self.assignment(&mut x, Some(key_ty), "map literal");
            if x.is_constant() {
                let ty = if interface { x.ty } else { tid::INVALID };
                let text = Key(ty, x.value.clone());
                if let Some(&previous) = seen.get(&text) {
                    let shown = x.value.to_string_short(false);
                    let message = format!("duplicate key {shown} in map literal");
                    let diagnostic = Diagnostic::error(Code::DuplicateElement, ast.span(key), message)
                        .label(previous, "first used here");
                    self.report(diagnostic);
                } else {
                    seen.insert(text, ast.span(key));
                }
            }
            let mut x = self.element(value, value_ty);
            self.assignment(&mut x, Some(value_ty), "map literal");
        }
    }
}
