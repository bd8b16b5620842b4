//! Actions for types: parameters, structs, interfaces and parameters of types.

use smallvec::SmallVec;

use super::{Builder, Exprs, take};
use crate::base::{Span, Symbol};
use crate::compiler::diag::Code;
use crate::compiler::syntax::ast::*;
use crate::compiler::syntax::literal;

/// An entry of a parameter list before it is known whether the list has names.
#[derive(Clone, Copy)]
pub struct Param {
    name: Option<(u32, u32)>,
    ty: ExprId,
    dots: Option<u32>,
}

/// An entry of a list of type parameters.
#[derive(Clone, Copy)]
pub enum TypeParam {
    /// A name, perhaps with its constraint.
    Named(Name, Option<ExprId>),
    /// `P *C`, `P (C)`, or the length of an array.
    Cover(ExprId),
}

impl Builder<'_> {
    /// `pkg.Name`
    pub fn qualified(&mut self, l: u32, m: u32, nl: u32, r: u32) -> ExprId {
        let x = self.ident(l, m);
        self.selector(x, nl, r)
    }

    /// `Name[args]`
    pub fn instantiated_name(&mut self, l: u32, m: u32, args: Exprs, r: u32) -> ExprId {
        let x = self.ident(l, m);
        self.index(x, args, r)
    }

    /// `[]elem`
    pub fn slice_type(&mut self, l: u32, elem: ExprId) -> ExprId {
        let hi = self.ast.span(elem).hi;
        self.ast.add_expr(Expr::SliceType(elem), Span::new(l, hi))
    }

    /// `[len]elem`
    pub fn array_type(&mut self, l: u32, len: ExprId, elem: ExprId) -> ExprId {
        let hi = self.ast.span(elem).hi;
        self.ast.add_expr(Expr::ArrayType { len, elem }, Span::new(l, hi))
    }

    /// `...` as a length.
    pub fn ellipsis(&mut self, l: u32, r: u32) -> ExprId {
        self.ast.add_expr(Expr::Ellipsis, Span::new(l, r))
    }

    /// `map[key]value`
    pub fn map_type(&mut self, l: u32, key: ExprId, value: ExprId) -> ExprId {
        let hi = self.ast.span(value).hi;
        self.ast.add_expr(Expr::MapType { key, value }, Span::new(l, hi))
    }

    /// `chan elem` and its directions.
    pub fn chan_type(&mut self, l: u32, dir: ChanDir, elem: ExprId) -> ExprId {
        let hi = self.ast.span(elem).hi;
        self.ast.add_expr(Expr::ChanType(dir, elem), Span::new(l, hi))
    }

    /// `func(params) results`
    pub fn func_type(&mut self, l: u32, params: List<FieldId>, results: List<FieldId>, r: u32) -> ExprId {
        let signature = self.signature(params, results);
        self.ast.add_expr(Expr::FuncType(signature), Span::new(l, r))
    }

    /// Parameters and results, of which only parameters can be variadic.
    pub(super) fn signature(&mut self, params: List<FieldId>, results: List<FieldId>) -> Signature {
        for i in 0..results.len() {
            let Some(id) = self.ast.nth(results, i) else { break };
            let field = self.ast.field(id);
            if field.variadic {
                self.error(Code::MisplacedDots, field.span, "invalid use of ...");
            }
        }
        Signature { params, results }
    }

    /// A result without parentheses.
    pub fn single_result(&mut self, ty: ExprId) -> List<FieldId> {
        let span = self.ast.span(ty);
        let field = self.ast.add_field(Field { name: None, ty, variadic: false, tag: None, span });
        self.ast.add_list(&[field])
    }

    /// An entry of a parameter list.
    pub fn param(&mut self, name: Option<(u32, u32)>, ty: ExprId, dots: Option<u32>) {
        self.params.push(Param { name, ty, dots });
    }

    /// A parameter list of `n` entries.
    pub fn params(&mut self, n: u32) -> List<FieldId> {
        let entries: SmallVec<[Param; 8]> = take(&mut self.params, n, SmallVec::from_slice);
        let named = entries.iter().any(|e| e.name.is_some());
        let mut fields: SmallVec<[FieldId; 8]> = SmallVec::new();
        // From the last on, so that a lone name finds the type it shares.
        let mut shared: Option<Param> = None;
        let mut fault = None;
        for (i, &entry) in entries.iter().enumerate().rev() {
            let mut entry = entry;
            if named && entry.name.is_none() {
                let at = self.ast.span(entry.ty);
                match (self.ast.expr(entry.ty), shared) {
                    (Expr::Ident(_), Some(later)) if entry.dots.is_none() => {
                        entry = Param { name: Some((at.lo, at.hi)), ..later };
                    }
                    (Expr::Ident(_), None) if entry.dots.is_none() => {
                        fault = Some((Span::new(at.hi, at.hi + 1), "missing parameter type"));
                    }
                    _ => fault = Some((at.start(), "missing parameter name")),
                }
            } else {
                shared = named.then_some(entry);
            }
            if let Some(dots) = entry.dots
                && (i + 1 < entries.len() || shared.is_some_and(|s| s.name != entry.name))
            {
                let message = "can only use ... with final parameter";
                self.error(Code::MisplacedDots, Span::new(dots, dots + 3), message);
                entry.dots = None;
            }
            fields.push(self.param_field(entry));
        }
        if let Some((at, what)) = fault {
            self.syntax_error(at, what);
        }
        fields.reverse();
        self.ast.add_list(&fields)
    }

    /// `name [...]T`: behind a name, brackets are read as the index of a type first.
    fn refuse_dots(&mut self, ty: ExprId) {
        if let Expr::ArrayType { len, .. } = self.ast.expr(ty)
            && self.ast.expr(len) == Expr::Ellipsis
        {
            let span = self.ast.span(len);
            self.syntax_error(span, "unexpected ..., expected expression");
            self.ast.set_expr(len, Expr::Bad, span);
        }
    }

    fn param_field(&mut self, entry: Param) -> FieldId {
        if entry.name.is_some() {
            self.refuse_dots(entry.ty);
        }
        let ty = self.ast.span(entry.ty);
        let name = entry.name.map(|at| self.name(at));
        let lo = name.map_or(entry.dots.unwrap_or(ty.lo), |n| n.span.lo);
        let span = Span::new(lo, ty.hi);
        self.ast.add_field(Field { name, ty: entry.ty, variadic: entry.dots.is_some(), tag: None, span })
    }

    /// How many fields are on the stack.
    pub fn field_mark(&mut self) -> u32 {
        self.fields.len() as u32
    }

    /// `name type tag`
    pub fn field(&mut self, l: u32, r: u32, ty: ExprId, tag: Option<(u32, u32)>) {
        self.refuse_dots(ty);
        let name = Some(self.name((l, r)));
        self.push_field(name, ty, tag);
    }

    /// Two names on the stack of expressions.
    pub fn push_idents(&mut self, l: u32, r: u32, nl: u32, nr: u32) -> u32 {
        let n = self.push_ident(l, r, 0);
        self.push_ident(nl, nr, n)
    }

    /// `names type tag`
    pub fn fields(&mut self, n: u32, ty: ExprId, tag: Option<(u32, u32)>) {
        for x in self.take_names(n) {
            if let Expr::Ident(symbol) = self.ast.expr(x) {
                let name = Some(Name { symbol, span: self.ast.span(x) });
                self.push_field(name, ty, tag);
            }
        }
    }

    /// An embedded field.
    pub fn embedded(&mut self, ty: ExprId, tag: Option<(u32, u32)>) {
        self.push_field(None, ty, tag);
    }

    /// The value of a tag; a malformed literal was reported by the lexer.
    fn tag(&mut self, l: u32, r: u32) -> Option<Symbol> {
        let value = literal::unquote_string(self.source(l, r))?;
        Some(self.ast.names.intern(&String::from_utf8_lossy(&value)))
    }

    fn push_field(&mut self, name: Option<Name>, ty: ExprId, tag: Option<(u32, u32)>) {
        let at = self.ast.span(ty);
        let span = Span::new(name.map_or(at.lo, |n| n.span.lo), at.hi);
        let tag = tag.and_then(|(l, r)| self.tag(l, r));
        let field = self.ast.add_field(Field { name, ty, variadic: false, tag, span });
        self.fields.push(field);
    }

    /// `struct{ … }`, whose fields lie on the stack from `mark` on.
    pub fn struct_type(&mut self, l: u32, mark: u32, r: u32) -> ExprId {
        let n = self.fields.len() as u32 - mark;
        let fields = take(&mut self.fields, n, |fields| self.ast.add_list(fields));
        self.ast.add_expr(Expr::StructType(fields), Span::new(l, r))
    }

    /// A method of an interface; its signature begins at `sl`.
    pub fn method_elem(&mut self, l: u32, r: u32, sl: u32, params: List<FieldId>, results: List<FieldId>, end: u32) {
        let name = self.name((l, r));
        let ty = self.func_type(sl, params, results, end);
        let elem = self.ast.add_elem(Elem::Method { name, ty });
        self.elems.push(elem);
    }

    /// An embedded type or union.
    pub fn embed_elem(&mut self, ty: ExprId) {
        let elem = self.ast.add_elem(Elem::Embed(ty));
        self.elems.push(elem);
    }

    /// `interface{ … }` of `n` elements.
    pub fn interface_type(&mut self, l: u32, n: u32, r: u32) -> ExprId {
        let elems = take(&mut self.elems, n, |elems| self.ast.add_list(elems));
        self.ast.add_expr(Expr::InterfaceType(elems), Span::new(l, r))
    }

    /// A type parameter, perhaps with its constraint.
    pub fn type_param(&mut self, l: u32, r: u32, constraint: Option<ExprId>) {
        let name = self.name((l, r));
        if let Some(ty) = constraint {
            self.refuse_dots(ty);
        }
        self.type_params.push(TypeParam::Named(name, constraint));
    }

    /// What may be a type parameter or the length of an array.
    pub fn type_param_cover(&mut self, x: ExprId) {
        self.type_params.push(TypeParam::Cover(x));
    }

    /// A list of `n` type parameters. A name without a constraint shares the next one.
    pub fn type_params(&mut self, n: u32) -> List<FieldId> {
        let entries: SmallVec<[TypeParam; 4]> = take(&mut self.type_params, n, SmallVec::from_slice);
        let mut fields: SmallVec<[FieldId; 4]> = SmallVec::new();
        let mut shared = None;
        let mut fault = None;
        for &entry in entries.iter().rev() {
            let (name, constraint) = match entry {
                TypeParam::Named(name, constraint) => (Some(name), constraint),
                TypeParam::Cover(x) => self.uncover(x),
            };
            let Some(name) = name else {
                if let (TypeParam::Cover(x), _) = (entry, constraint) {
                    fault = Some((self.ast.span(x), "missing type parameter name"));
                }
                continue;
            };
            shared = constraint.or(shared);
            let ty = shared.unwrap_or_else(|| {
                fault = Some((Span::new(name.span.hi, name.span.hi + 1), "missing type constraint"));
                self.ast.add_expr(Expr::Bad, name.span.end())
            });
            let span = Span::new(name.span.lo, self.ast.span(ty).hi.max(name.span.hi));
            fields.push(self.ast.add_field(Field { name: Some(name), ty, variadic: false, tag: None, span }));
        }
        if let Some((at, what)) = fault {
            self.syntax_error(at, what);
        }
        fields.reverse();
        self.ast.add_list(&fields)
    }

    /// Reads an expression as a type parameter: `P *C | D` or `P (C)`, or a lone name.
    fn uncover(&mut self, x: ExprId) -> (Option<Name>, Option<ExprId>) {
        let span = self.ast.span(x);
        match self.ast.expr(x) {
            Expr::Ident(symbol) => (Some(Name { symbol, span }), None),
            Expr::Binary(BinOp::Mul, p, c) => match self.ast.expr(p) {
                Expr::Ident(symbol) => {
                    let name = Name { symbol, span: self.ast.span(p) };
                    let star = self.source(name.span.hi, span.hi).find('*').unwrap_or(0) as u32;
                    (Some(name), Some(self.star(name.span.hi + star, c)))
                }
                _ => (None, None),
            },
            Expr::Binary(BinOp::Or, left, right) => match self.uncover(left) {
                (Some(name), Some(first)) => (Some(name), Some(self.binary(first, BinOp::Or, right))),
                _ => (None, None),
            },
            Expr::Call { fun, args, spread: false } => match (self.ast.expr(fun), self.ast.first(args)) {
                (Expr::Ident(symbol), Some(c)) if args.len() == 1 => {
                    let name = Name { symbol, span: self.ast.span(fun) };
                    let open = self.source(name.span.hi, span.hi).find('(').unwrap_or(0) as u32;
                    (Some(name), Some(self.paren(name.span.hi + open, c, span.hi)))
                }
                _ => (None, None),
            },
            _ => (None, None),
        }
    }

    /// Decides what stands between the brackets of `type T[…] …`: `Some(length)` of an array, or type parameters.
    pub(super) fn array_length(&mut self, n: u32, trailing_comma: bool) -> Option<ExprId> {
        let length = match self.type_params.last() {
            Some(&TypeParam::Cover(x)) if n == 1 && !trailing_comma && !self.must_be_constraint(x) => x,
            _ => return None,
        };
        self.type_params.pop();
        Some(length)
    }

    /// Whether an expression holds types in operand position, as `P *struct{}` does: then it is no length.
    fn must_be_constraint(&self, x: ExprId) -> bool {
        match self.ast.expr(x) {
            Expr::Binary(_, x, y) => self.must_be_constraint(x) || self.must_be_constraint(y),
            Expr::Unary(UnOp::Tilde, _) => true,
            Expr::Star(x) | Expr::Unary(_, x) | Expr::Paren(x) => self.must_be_constraint(x),
            Expr::Call { args, .. } if args.len() == 1 => {
                self.ast.first(args).is_some_and(|x| self.must_be_constraint(x))
            }
            Expr::ArrayType { .. }
            | Expr::SliceType(_)
            | Expr::MapType { .. }
            | Expr::ChanType(..)
            | Expr::FuncType(_)
            | Expr::StructType(_)
            | Expr::InterfaceType(_) => true,
            _ => false,
        }
    }
}
