//! Actions for expressions.

use super::{Builder, Exprs, take};
use crate::base::Span;
use crate::compiler::diag::Code;
use crate::compiler::syntax::ast::*;

impl Builder<'_> {
    /// A name as an expression.
    #[inline]
    pub fn ident(&mut self, l: u32, r: u32) -> ExprId {
        let symbol = self.symbol(l, r);
        self.ast.add_expr(Expr::Ident(symbol), Span::new(l, r))
    }

    /// A name on the stack of expressions; returns how many there are now.
    pub fn push_ident(&mut self, l: u32, r: u32, before: u32) -> u32 {
        let x = self.ident(l, r);
        self.exprs.push(x);
        before + 1
    }

    /// Two expressions on the stack.
    pub fn push_exprs(&mut self, x: ExprId, y: ExprId) -> u32 {
        self.exprs.extend([x, y]);
        2
    }

    /// One expression on the stack.
    pub fn push_expr(&mut self, x: ExprId) -> u32 {
        self.exprs.push(x);
        1
    }

    /// A literal.
    #[inline]
    pub fn literal(&mut self, l: u32, kind: LitKind, r: u32) -> ExprId {
        if self.bad_literals.binary_search(&l).is_ok() {
            return self.bad(l, r);
        }
        let symbol = self.symbol(l, r);
        self.ast.add_expr(Expr::Literal(kind, symbol), Span::new(l, r))
    }

    /// What stands where something was missing.
    pub fn bad(&mut self, l: u32, r: u32) -> ExprId {
        self.ast.add_expr(Expr::Bad, Span::new(l, r))
    }

    /// `(x)`
    pub fn paren(&mut self, l: u32, x: ExprId, r: u32) -> ExprId {
        self.ast.add_expr(Expr::Paren(x), Span::new(l, r))
    }

    /// `x.name`
    #[inline]
    pub fn selector(&mut self, x: ExprId, nl: u32, r: u32) -> ExprId {
        let name = self.symbol(nl, r);
        let lo = self.ast.span(x).lo;
        self.ast.add_expr(Expr::Selector { x, name }, Span::new(lo, r))
    }

    /// `x.(T)`
    pub fn assert(&mut self, x: ExprId, ty: ExprId, r: u32) -> ExprId {
        let lo = self.ast.span(x).lo;
        self.ast.add_expr(Expr::Assert { x, ty: Some(ty) }, Span::new(lo, r))
    }

    /// `x.(type)`
    pub fn type_guard(&mut self, x: ExprId, r: u32) -> ExprId {
        let lo = self.ast.span(x).lo;
        let guard = self.ast.add_expr(Expr::Assert { x, ty: None }, Span::new(lo, r));
        self.guards.push(guard);
        guard
    }

    /// `x[indices]`
    pub fn index(&mut self, x: ExprId, indices: Exprs, r: u32) -> ExprId {
        let lo = self.ast.span(x).lo;
        let indices = self.take_exprs(indices);
        self.ast.add_expr(Expr::Index { x, indices }, Span::new(lo, r))
    }

    /// `x[i:j:k]`; `full` when the second colon was written.
    pub fn slice(&mut self, x: ExprId, parts: [Option<ExprId>; 3], full: bool, l: u32, r: u32) -> ExprId {
        let lo = self.ast.span(x).lo;
        if full && parts[1].is_none() {
            self.error(Code::InvalidSlice, Span::new(l, r), "middle index required in 3-index slice");
        }
        if full && parts[2].is_none() {
            self.error(Code::InvalidSlice, Span::new(r - 1, r), "final index required in 3-index slice");
        }
        let bad = full && (parts[1].is_none() || parts[2].is_none());
        let parts = self.ast.add_slice_parts(parts);
        let node = if bad { Expr::Bad } else { Expr::Slice { x, parts } };
        self.ast.add_expr(node, Span::new(lo, r))
    }

    /// `fun(args)`
    #[inline]
    pub fn call(&mut self, fun: ExprId, args: Exprs, dots: Option<u32>, r: u32) -> ExprId {
        let lo = self.ast.span(fun).lo;
        let args = self.take_exprs(args);
        self.ast.add_expr(Expr::Call { fun, args, spread: dots.is_some() }, Span::new(lo, r))
    }

    /// `ty{elements}`
    pub fn composite(&mut self, ty: ExprId, brace: u32, n: u32, r: u32) -> ExprId {
        let lo = self.ast.span(ty).lo;
        let elems = self.take_exprs(Exprs::Many(n));
        if !self.is_literal_type(ty) {
            let what = match self.ast.expr(ty) {
                Expr::Paren(_) => "cannot parenthesize type in composite literal",
                _ => "unexpected { at end of statement",
            };
            self.syntax_error(Span::new(brace, brace + 1), what);
        }
        self.ast.add_expr(Expr::Composite { ty: Some(ty), elems }, Span::new(lo, r))
    }

    /// Whether an expression can be the type of a composite literal.
    fn is_literal_type(&self, x: ExprId) -> bool {
        match self.ast.expr(x) {
            Expr::Ident(_) | Expr::Bad => true,
            Expr::ArrayType { .. } | Expr::SliceType(_) | Expr::MapType { .. } | Expr::StructType(_) => true,
            Expr::Selector { .. } => true,
            Expr::Index { x, .. } => !matches!(self.ast.expr(x), Expr::Index { .. }) && self.is_literal_type(x),
            _ => false,
        }
    }

    /// `{elements}` inside another literal.
    pub fn elided_literal(&mut self, l: u32, n: u32, r: u32) -> ExprId {
        let elems = self.take_exprs(Exprs::Many(n));
        self.ast.add_expr(Expr::Composite { ty: None, elems }, Span::new(l, r))
    }

    /// An element of a composite literal.
    pub fn element(&mut self, x: ExprId) {
        self.exprs.push(x);
    }

    /// A keyed element.
    pub fn key_value(&mut self, key: ExprId, value: ExprId) {
        let span = self.ast.span(key).to(self.ast.span(value));
        let x = self.ast.add_expr(Expr::KeyValue { key, value }, span);
        self.exprs.push(x);
    }

    /// `func(…) … { … }`
    pub fn func_lit(&mut self, l: u32, ty: ExprId, body: BlockId, r: u32) -> ExprId {
        self.ast.add_expr(Expr::FuncLit { ty, body }, Span::new(l, r))
    }

    /// `x op y`, where `x` may hold weaker operators on its right edge: they give up their right operand. Equal
    /// strength binds to the left, so at most one node per strength is on that edge.
    #[inline]
    pub fn binary(&mut self, x: ExprId, op: BinOp, y: ExprId) -> ExprId {
        if let Expr::Binary(outer, left, right) = self.ast.expr(x)
            && outer.precedence() < op.precedence()
        {
            let inner = self.binary(right, op, y);
            let span = self.ast.span(x).to(self.ast.span(inner));
            self.ast.set_expr(x, Expr::Binary(outer, left, inner), span);
            return x;
        }
        let span = self.ast.span(x).to(self.ast.span(y));
        self.ast.add_expr(Expr::Binary(op, x, y), span)
    }

    /// `op x`
    pub fn unary(&mut self, l: u32, op: UnOp, x: ExprId) -> ExprId {
        let hi = self.ast.span(x).hi;
        self.ast.add_expr(Expr::Unary(op, x), Span::new(l, hi))
    }

    /// `+x`, `-x`, `^x`
    pub fn sign(&mut self, l: u32, op: BinOp, x: ExprId) -> ExprId {
        let op = match op {
            BinOp::Add => UnOp::Plus,
            BinOp::Sub => UnOp::Minus,
            _ => UnOp::Xor,
        };
        self.unary(l, op, x)
    }

    /// `*x`: dereference or pointer type.
    pub fn star(&mut self, l: u32, x: ExprId) -> ExprId {
        let hi = self.ast.span(x).hi;
        self.ast.add_expr(Expr::Star(x), Span::new(l, hi))
    }

    /// `<-x`, which is a type if `x` is `chan T`. Then the arrow belongs to the first `chan`, and as the element of
    /// a channel `chan<- T` gives its arrow away in turn.
    pub fn receive(&mut self, l: u32, x: ExprId) -> ExprId {
        let span = Span::new(l, self.ast.span(x).hi);
        match self.ast.expr(x) {
            Expr::ChanType(ChanDir::Both, elem) => self.ast.add_expr(Expr::ChanType(ChanDir::Recv, elem), span),
            Expr::ChanType(ChanDir::Send, elem) => {
                let ok = matches!(self.ast.expr(elem), Expr::ChanType(ChanDir::Both | ChanDir::Send, _));
                if !ok {
                    let (at, text) = (self.ast.span(elem), self.source(self.ast.span(elem).lo, span.hi).to_owned());
                    self.syntax_error(at, format_args!("unexpected {text}, expected chan"));
                    return self.bad(l, span.hi);
                }
                let inner = self.receive(self.ast.span(elem).lo, elem);
                self.ast.add_expr(Expr::ChanType(ChanDir::Recv, inner), span)
            }
            _ => self.unary(l, UnOp::Recv, x),
        }
    }

    /// Takes `n` names off the stack of expressions.
    pub(super) fn take_names(&mut self, n: u32) -> smallvec::SmallVec<[ExprId; 8]> {
        take(&mut self.exprs, n, smallvec::SmallVec::from_slice)
    }
}
