//! Expressions as messages show them: one line, bodies and element lists cut to `…`.

use super::Checker;
use crate::compiler::syntax::ast::{self, ChanDir, Elem, Expr, ExprId, FieldId, List, UnOp};

/// Nesting beyond this is cut to `…`.
const DEPTH: u32 = 40;

impl Checker<'_> {
    /// The expression in one line.
    pub(super) fn expr_text(&self, e: ExprId) -> String {
        let mut out = String::new();
        ExprText { ast: self.ast }.expr(&mut out, e, DEPTH);
        out
    }
}

struct ExprText<'a> {
    ast: &'a ast::Ast,
}

impl ExprText<'_> {
    fn expr(&self, out: &mut String, e: ExprId, depth: u32) {
        let Some(depth) = depth.checked_sub(1) else { return out.push('…') };
        let ast = self.ast;
        match ast.expr(e) {
            Expr::Bad => out.push_str("BadExpr"),
            Expr::Ident(symbol) | Expr::Literal(_, symbol) => out.push_str(ast.names.get(symbol)),
            Expr::Composite { ty, elems } => {
                if let Some(ty) = ty {
                    self.expr(out, ty, depth);
                }
                out.push_str(if elems.is_empty() { "{}" } else { "{…}" });
            }
            Expr::KeyValue { key, value } => {
                self.expr(out, key, depth);
                out.push_str(": ");
                self.expr(out, value, depth);
            }
            Expr::FuncLit { ty, body } => {
                self.expr(out, ty, depth);
                out.push_str(if ast.block(body).stmts.is_empty() { " {}" } else { " {…}" });
            }
            Expr::Paren(inner) => self.wrapped(out, "(", inner, ")", depth),
            Expr::Selector { x, name } => {
                self.expr(out, x, depth);
                out.push('.');
                out.push_str(ast.names.get(name));
            }
            Expr::Index { x, indices } => {
                self.expr(out, x, depth);
                out.push('[');
                self.list(out, indices, depth);
                out.push(']');
            }
            Expr::Slice { x, parts } => self.slice(out, x, parts, depth),
            Expr::Assert { x, ty } => {
                self.expr(out, x, depth);
                match ty {
                    Some(ty) => self.wrapped(out, ".(", ty, ")", depth),
                    None => out.push_str(".(type)"),
                }
            }
            Expr::Call { fun, args, spread } => {
                self.expr(out, fun, depth);
                out.push('(');
                self.list(out, args, depth);
                out.push_str(if spread { "...)" } else { ")" });
            }
            Expr::Star(inner) => self.wrapped(out, "*", inner, "", depth),
            Expr::Unary(op, inner) => {
                out.push_str(op.text());
                // `- -x` and `&&x` would read as other operators.
                if let Expr::Unary(inner_op, _) = ast.expr(inner)
                    && inner_op == op
                    && matches!(op, UnOp::Plus | UnOp::Minus | UnOp::Addr)
                {
                    out.push(' ');
                }
                self.expr(out, inner, depth);
            }
            Expr::Binary(op, a, b) => {
                self.expr(out, a, depth);
                out.push(' ');
                out.push_str(op.text());
                out.push(' ');
                self.expr(out, b, depth);
            }
            _ => self.type_text(out, e, depth),
        }
    }

    fn type_text(&self, out: &mut String, e: ExprId, depth: u32) {
        match self.ast.expr(e) {
            Expr::ArrayType { len, elem } => {
                self.wrapped(out, "[", len, "]", depth);
                self.expr(out, elem, depth);
            }
            Expr::Ellipsis => out.push_str("..."),
            Expr::SliceType(elem) => self.wrapped(out, "[]", elem, "", depth),
            Expr::MapType { key, value } => {
                self.wrapped(out, "map[", key, "]", depth);
                self.expr(out, value, depth);
            }
            Expr::ChanType(dir, elem) => {
                out.push_str(match dir {
                    ChanDir::Both => "chan ",
                    ChanDir::Send => "chan<- ",
                    ChanDir::Recv => "<-chan ",
                });
                let nested = dir != ChanDir::Recv && matches!(self.ast.expr(elem), Expr::ChanType(ChanDir::Recv, _));
                if nested {
                    self.wrapped(out, "(", elem, ")", depth);
                } else {
                    self.expr(out, elem, depth);
                }
            }
            Expr::FuncType(sig) => {
                out.push_str("func");
                self.signature(out, sig, depth);
            }
            Expr::StructType(fields) => {
                out.push_str("struct{");
                self.fields(out, fields, "; ", depth);
                out.push('}');
            }
            Expr::InterfaceType(elems) => {
                out.push_str("interface{");
                for (i, elem) in self.ast.list(elems).enumerate() {
                    if i > 0 {
                        out.push_str("; ");
                    }
                    match self.ast.elem(elem) {
                        Elem::Embed(e) => self.expr(out, e, depth),
                        Elem::Method { name, ty } => {
                            out.push_str(self.ast.names.get(name.symbol));
                            if let Expr::FuncType(sig) = self.ast.expr(ty) {
                                self.signature(out, sig, depth);
                            }
                        }
                    }
                }
                out.push('}');
            }
            _ => {}
        }
    }

    fn wrapped(&self, out: &mut String, before: &str, e: ExprId, after: &str, depth: u32) {
        out.push_str(before);
        self.expr(out, e, depth);
        out.push_str(after);
    }

    fn list(&self, out: &mut String, list: List<ExprId>, depth: u32) {
        for (i, e) in self.ast.list(list).enumerate() {
            if i > 0 {
                out.push_str(", ");
            }
            self.expr(out, e, depth);
        }
    }

    fn slice(&self, out: &mut String, x: ExprId, parts: u32, depth: u32) {
        let [lo, hi, max] = self.ast.slice_parts(parts);
        self.expr(out, x, depth);
        out.push('[');
        for (i, part) in [lo, hi, max].into_iter().enumerate() {
            if i == 1 || (i == 2 && max.is_some()) {
                out.push(':');
            }
            if let Some(part) = part {
                self.expr(out, part, depth);
            }
        }
        out.push(']');
    }

    fn signature(&self, out: &mut String, sig: ast::Signature, depth: u32) {
        out.push('(');
        self.fields(out, sig.params, ", ", depth);
        out.push(')');
        let results: Vec<FieldId> = self.ast.list(sig.results).collect();
        match results[..] {
            [] => {}
            [one] if self.ast.field(one).name.is_none() => {
                out.push(' ');
                self.expr(out, self.ast.field(one).ty, depth);
            }
            _ => {
                out.push_str(" (");
                self.fields(out, sig.results, ", ", depth);
                out.push(')');
            }
        }
    }

    /// Fields or parameters; neighbours that share a type are written together.
    fn fields(&self, out: &mut String, list: List<FieldId>, separator: &str, depth: u32) {
        let fields: Vec<ast::Field> = self.ast.list(list).map(|f| self.ast.field(f)).collect();
        for (i, field) in fields.iter().enumerate() {
            if i > 0 {
                let grouped = fields[i - 1].ty == field.ty && field.name.is_some();
                out.push_str(if grouped { ", " } else { separator });
            }
            let shared = fields.get(i + 1).is_some_and(|next| next.ty == field.ty && next.name.is_some());
            if let Some(name) = field.name {
                out.push_str(self.ast.names.get(name.symbol));
                if shared {
                    continue;
                }
                out.push(' ');
            }
            if field.variadic {
                out.push_str("...");
            }
            self.expr(out, field.ty, depth);
        }
    }
}
