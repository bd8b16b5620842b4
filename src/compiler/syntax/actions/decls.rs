//! Actions for declarations.

use smallvec::SmallVec;

use super::{Builder, Exprs, take};
use crate::base::Span;
use crate::compiler::diag::Code;
use crate::compiler::syntax::ast::*;

impl Builder<'_> {
    /// A declaration as a statement.
    pub fn decl_stmt(&mut self, l: u32, decl: DeclId, r: u32) -> StmtId {
        self.ast.add_stmt(Stmt::Decl(decl), Span::new(l, r))
    }

    /// `keyword spec` or `keyword (n specs)`.
    pub fn group(&mut self, l: u32, keyword: DeclKeyword, n: u32, parens: bool, r: u32) -> DeclId {
        let specs: SmallVec<[SpecId; 4]> = take(&mut self.specs, n, SmallVec::from_slice);
        if keyword == DeclKeyword::Const {
            self.repeat_constants(&specs);
        }
        let specs = self.ast.add_list(&specs);
        self.ast.add_decl(Decl::Group { keyword, specs, parens, span: Span::new(l, r) })
    }

    /// Numbers the constants of a group and repeats type and values where neither was written.
    fn repeat_constants(&mut self, specs: &[SpecId]) {
        let mut last = None;
        for (iota, &id) in (0u32..).zip(specs) {
            let Spec::Const { names, ty, values, .. } = self.ast.spec(id) else { continue };
            let written = ty.is_some() || !values.is_empty();
            if written {
                last = Some((ty, values));
            }
            let (ty, values) = last.unwrap_or((ty, values));
            let repeated = !written && last.is_some();
            self.ast.set_spec(id, Spec::Const { names, ty, values, repeated, iota });
        }
    }

    fn spec(&mut self, node: Spec, l: u32, r: u32) {
        let id = self.ast.add_spec(node, Span::new(l, r));
        self.specs.push(id);
    }

    /// `name "path"`
    pub fn import(&mut self, name: Option<(u32, u32)>, l: u32, r: u32) {
        let lo = name.map_or(l, |(nl, _)| nl);
        let name = name.map(|at| self.name(at));
        let path = self.name((l, r));
        let node = if self.bad_literals.binary_search(&l).is_ok() {
            Spec::Bad
        } else if self.source(l, r).starts_with(['"', '`']) {
            Spec::Import { name, path }
        } else {
            self.syntax_error(path.span, "import path must be a string");
            Spec::Bad
        };
        self.spec(node, lo, r);
    }

    /// `names type = values` of constants.
    pub fn const_spec(&mut self, l: u32, n: u32, ty: Option<ExprId>, values: Exprs, r: u32) {
        let values = self.take_exprs(values);
        let names = self.take_exprs(Exprs::Many(n));
        self.spec(Spec::Const { names, ty, values, repeated: false, iota: 0 }, l, r);
    }

    /// `names type = values` of variables.
    pub fn var_spec(&mut self, l: u32, n: u32, ty: Option<ExprId>, values: Exprs, r: u32) {
        let values = self.take_exprs(values);
        let names = self.take_exprs(Exprs::Many(n));
        self.spec(Spec::Var { names, ty, values }, l, r);
    }

    /// `name type` or `name = type`
    pub fn type_spec(&mut self, name: (u32, u32), alias: bool, ty: ExprId, r: u32) {
        let (lo, name) = (name.0, self.name(name));
        self.spec(Spec::Type { name, tparams: List::default(), alias, ty }, lo, r);
    }

    /// `name []elem`
    pub fn slice_type_spec(&mut self, name: (u32, u32), l: u32, elem: ExprId, r: u32) {
        let ty = self.slice_type(l, elem);
        self.type_spec(name, false, ty, r);
    }

    /// `name [len]elem`
    pub fn array_type_spec(&mut self, name: (u32, u32), l: u32, len: ExprId, elem: ExprId, r: u32) {
        let ty = self.array_type(l, len, elem);
        self.type_spec(name, false, ty, r);
    }

    /// `name[…] type`: an array or a generic type.
    pub fn generic_type_spec(&mut self, name: (u32, u32), l: u32, n: u32, trailing_comma: bool, ty: ExprId, r: u32) {
        if let Some(len) = self.array_length(n, trailing_comma) {
            return self.array_type_spec(name, l, len, ty, r);
        }
        let tparams = self.type_params(n);
        let (lo, name) = (name.0, self.name(name));
        self.spec(Spec::Type { name, tparams, alias: false, ty }, lo, r);
    }

    /// `name[…] = type`
    pub fn generic_alias_spec(&mut self, name: (u32, u32), n: u32, ty: ExprId, r: u32) {
        let tparams = self.type_params(n);
        let (lo, name) = (name.0, self.name(name));
        self.spec(Spec::Type { name, tparams, alias: true, ty }, lo, r);
    }

    /// A function or method.
    #[expect(clippy::too_many_arguments, reason = "one per part of the production")]
    pub fn func_decl(
        &mut self,
        l: u32,
        receivers: Option<List<FieldId>>,
        name: (u32, u32),
        tparams: List<FieldId>,
        params: List<FieldId>,
        results: List<FieldId>,
        head: u32,
        body: Option<BlockId>,
        r: u32,
    ) -> DeclId {
        let name = self.name(name);
        let recv = receivers.and_then(|list| self.receiver(list, l, name));
        let sig = self.signature(params, results);
        let func = Func { name, recv, tparams, sig, body, span: Span::new(l, r), head: Span::new(l, head) };
        let id = self.ast.add_func(func);
        self.ast.add_decl(Decl::Func(id))
    }

    /// The only receiver of a method.
    fn receiver(&mut self, list: List<FieldId>, l: u32, name: Name) -> Option<FieldId> {
        let at = Span::new(l, name.span.lo);
        match list.len() {
            0 => self.error(Code::InvalidReceiver, at, "method has no receiver"),
            1 => {}
            _ => self.error(Code::InvalidReceiver, at, "method has multiple receivers"),
        }
        let first = self.ast.first(list)?;
        let field = self.ast.field(first);
        if field.variadic {
            self.error(Code::MisplacedDots, field.span, "invalid use of ...");
        }
        Some(first)
    }
}
