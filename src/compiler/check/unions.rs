//! Unions and embedded elements as written: reading them, and the rules their types must keep.
//!
//! The rules need complete types and so are checked later than the union is read.

use rustc_hash::FxHashMap;

use super::Checker;
use crate::base::{Span, Symbol};
use crate::compiler::diag::{Code, Diagnostic};
use crate::compiler::syntax::ast::{BinOp, Expr, ExprId, UnOp};
use crate::compiler::types::{Method, PkgId, Term, Type, TypeId, tid};

/// The most terms a union may have, as in Go.
const MAX_TERMS: usize = 100;

impl Checker<'_> {
    /// The type of `A | ~B | …`; a single type without `~` is itself.
    pub(super) fn union_type(&mut self, e: ExprId) -> TypeId {
        let ast = self.ast;
        let mut parts = Vec::new();
        // The operator groups to the left, so the chain of left operands is the list in reverse.
        let mut rest = e;
        while let Expr::Binary(BinOp::Or, left, right) = ast.expr(rest) {
            parts.push(right);
            rest = left;
        }
        parts.push(rest);
        parts.reverse();
        if parts.len() > MAX_TERMS {
            let message = format!("cannot handle more than {MAX_TERMS} union terms (implementation limitation)");
            self.error(ast.span(e), Code::InvalidUnion, message);
            return tid::INVALID;
        }
        let alone = parts.len() == 1;
        let mut terms: Vec<(Term, Span)> = Vec::with_capacity(parts.len());
        let mut wrong = false;
        for part in parts {
            match self.union_term(part) {
                Some(term) => terms.push((term, ast.span(part))),
                None => wrong = true,
            }
        }
        if let [(Term { tilde: false, ty }, _)] = terms[..]
            && alone
        {
            return ty;
        }
        if wrong || terms.is_empty() {
            return tid::INVALID;
        }
        let union = self.types.intern(Type::Union(terms.iter().map(|(term, _)| *term).collect()));
        self.later(move |c| c.check_union(&terms));
        union
    }

    fn union_term(&mut self, e: ExprId) -> Option<Term> {
        let ast = self.ast;
        let (tilde, inner) = match ast.expr(e) {
            Expr::Unary(UnOp::Tilde, inner) => (true, inner),
            _ => (false, e),
        };
        let ty = self.type_expr(inner);
        if ty == tid::INVALID {
            return None;
        }
        if self.is_tparam(ty) {
            let message = if tilde {
                format!("type in term {} cannot be a type parameter", self.expr_text(e))
            } else {
                "term cannot be a type parameter".into()
            };
            self.error(ast.span(e), Code::InvalidUnion, message);
            return None;
        }
        if tilde {
            let ty = self.info.type_of(inner);
            self.info.record(e, ty, super::Mode::Type, &crate::compiler::types::constant::Value::Unknown);
        }
        Some(Term { tilde, ty })
    }

    fn check_union(&mut self, terms: &[(Term, Span)]) {
        for (i, &(term, span)) in terms.iter().enumerate() {
            let under = self.under(term.ty);
            if under == tid::INVALID {
                continue;
            }
            let is_interface = matches!(self.types.get(under), Type::Interface(_));
            let fault = if term.tilde && is_interface {
                Some(format!("invalid use of ~ ({} is an interface)", self.text(term.ty)))
            } else if term.tilde && !self.identical(under, term.ty) {
                let (ty, under) = (self.text(term.ty), self.text(under));
                Some(format!("invalid use of ~ (underlying type of {ty} is {under})"))
            } else if is_interface {
                self.interface_term_fault(term)
            } else {
                let earlier = terms.get(..i).unwrap_or_default();
                let overlap = earlier
                    .iter()
                    .find(|&&(other, _)| !self.is_plain_interface(other.ty) && !self.disjoint(term, other));
                overlap.map(|&(other, _)| {
                    format!("overlapping terms {} and {}", self.term_text(term), self.term_text(other))
                })
            };
            if let Some(message) = fault {
                self.error(span, Code::InvalidUnion, message);
            }
        }
    }

    fn interface_term_fault(&mut self, term: Term) -> Option<String> {
        let set = self.type_set(term.ty);
        let text = self.qualified_printer().text(term.ty);
        if !set.methods.is_empty() {
            Some(format!("cannot use {text} in union ({text} contains methods)"))
        } else if self.types.canon(term.ty) == tid::COMPARABLE {
            Some("cannot use comparable in union".into())
        } else if set.comparable {
            Some(format!("cannot use {text} in union ({text} embeds comparable)"))
        } else {
            None
        }
    }

    /// Checks the elements embedded in an interface literal; `spans` are their places.
    pub(super) fn check_interface(&mut self, ty: TypeId, spans: &[Span]) {
        let Type::Interface(interface) = self.types.get(ty).clone() else { return };
        let mut known: FxHashMap<(Symbol, Option<PkgId>), (Method, Span)> = FxHashMap::default();
        known.extend(interface.methods.iter().map(|m| ((m.name, m.pkg), (*m, Span::NONE))));
        for (&embed, &span) in interface.embeds.iter().zip(spans) {
            if self.is_tparam(embed) {
                self.error(span, Code::InvalidEmbedding, "term cannot be a type parameter");
                continue;
            }
            if !self.is_plain_interface(embed) {
                continue;
            }
            let set = self.type_set(embed);
            for method in set.methods.iter() {
                let (other, at) = *known.entry((method.name, method.pkg)).or_insert((*method, span));
                if self.identical(other.ty, method.ty) {
                    continue;
                }
                let name = self.name(method.name);
                let mut diagnostic =
                    Diagnostic::error(Code::DuplicateInterfaceMethod, span, format!("duplicate method {name}"));
                if !at.is_none() {
                    let place = self.sources.describe(at);
                    diagnostic = diagnostic
                        .label(at, "other declaration")
                        .note(format!("{place}: other declaration of method {name}"));
                }
                self.report(diagnostic);
            }
        }
    }
}
