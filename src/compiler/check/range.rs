//! `for … range`.

use super::info::Mode;
use super::labels::Flow;
use super::{Checker, Operand};
use crate::base::sym;
use crate::compiler::diag::Code;
use crate::compiler::syntax::ast::{ChanDir, Expr, ExprId, List, Stmt, StmtId};
use crate::compiler::types::{Basic, ObjId, Type, TypeId, tid};

/// The types of the values of a range, as many as there are.
struct Ranged {
    key: Option<TypeId>,
    value: Option<TypeId>,
}

impl Checker<'_> {
    pub(super) fn range_stmt(&mut self, id: StmtId, flow: Flow) {
        let Stmt::Range { vars, define, x, body } = self.ast.stmt(id) else { return };
        self.inner_scope(|c| {
            let mut over = c.expr(x);
            let ranged = c.ranged(&mut over, vars);
            if define {
                c.define_range(&mut over, vars, &ranged);
            } else {
                c.assign_range(&mut over, vars, &ranged);
            }
            c.block(body, flow.in_loop());
        });
    }

    /// What ranging over an operand gives; reports what cannot be ranged over.
    fn ranged(&mut self, over: &mut Operand, vars: List<ExprId>) -> Option<Ranged> {
        if let Some(third) = self.ast.nth(vars, 2) {
            let message = "range clause permits at most two iteration variables";
            self.error(self.ast.span(third), Code::InvalidRange, message);
        }
        if over.is_invalid() {
            return None;
        }
        let found = self.range_types(over);
        let ranged = match found {
            Ok(ranged) => ranged,
            Err(why) => {
                let why = if why.is_empty() { why } else { format!(": {why}") };
                let message = format!("cannot range over {}{why}", self.describe(over));
                self.error(over.span, Code::InvalidRange, message);
                return None;
            }
        };
        let allowed = usize::from(ranged.key.is_some()) + usize::from(ranged.value.is_some());
        if let Some(extra) = self.ast.nth(vars, allowed).filter(|_| vars.len() <= 2) {
            let count = if allowed == 0 { "no iteration variables" } else { "only one iteration variable" };
            let message = format!("range over {} permits {count}", self.describe(over));
            self.error(self.ast.span(extra), Code::InvalidRange, message);
        }
        Some(ranged)
    }

    fn range_types(&mut self, over: &Operand) -> Result<Ranged, String> {
        if over.is_nil() {
            return Err(String::new());
        }
        let under = match self.types.as_tparam(over.ty) {
            Some(_) => self.common_under_or(over.ty)?,
            None => self.under(over.ty),
        };
        let both = |key, value| Ok(Ranged { key: Some(key), value: Some(value) });
        match self.types.get(under).clone() {
            Type::Basic(Basic::String | Basic::UntypedString) => both(tid::INT, tid::RUNE),
            Type::Basic(basic) if basic.is_integer() => Ok(Ranged { key: Some(over.ty), value: None }),
            Type::Basic(Basic::UntypedFloat) => Err(String::new()),
            Type::Array(elem, _) | Type::Slice(elem) => both(tid::INT, elem),
            Type::Pointer(elem) => match self.under_type(elem) {
                Type::Array(elem, _) => both(tid::INT, elem),
                _ => Err(String::new()),
            },
            Type::Map(key, value) => both(key, value),
            Type::Chan(ChanDir::Send, _) => {
                let shown = if self.is_tparam(over.ty) { under } else { over.ty };
                Err(format!("receive from send-only channel {}", self.text(shown)))
            }
            Type::Chan(_, elem) => Ok(Ranged { key: Some(elem), value: None }),
            Type::Signature(sig) => {
                let shape = "func must be func(yield func(...) bool): ";
                let [yield_param] = sig.params[..] else { return Err(format!("{shape}wrong argument count")) };
                if !sig.results.is_empty() {
                    return Err(format!("{shape}unexpected results"));
                }
                let Some(under) = self.common_under(yield_param.ty) else {
                    return Err(format!("{shape}argument is not func"));
                };
                let Type::Signature(body) = self.types.get(under).clone() else {
                    return Err(format!("{shape}argument is not func"));
                };
                if body.variadic {
                    let text = self.text(yield_param.ty);
                    return Err(format!("yield func of type {text} cannot be variadic"));
                }
                if body.params.len() > 2 {
                    return Err(format!("{shape}yield func has too many parameters"));
                }
                match body.results[..] {
                    [result] if self.types.canon(result.ty) == tid::BOOL => {}
                    [result] if self.is_boolean(result.ty) => {
                        return Err(format!("{shape}yield func returns user-defined boolean, not bool"));
                    }
                    _ => return Err(format!("{shape}yield func does not return bool")),
                }
                let param = |i: usize| body.params.get(i).map(|p| p.ty);
                Ok(Ranged { key: param(0), value: param(1) })
            }
            _ => Err(String::new()),
        }
    }

    fn define_range(&mut self, over: &mut Operand, vars: List<ExprId>, ranged: &Option<Ranged>) {
        let ast = self.ast;
        let mut objects: Vec<ObjId> = Vec::with_capacity(2);
        for (i, target) in ast.list(vars).enumerate() {
            if i >= 2 {
                // Reported with the operand.
                break;
            }
            let Expr::Ident(symbol) = ast.expr(target) else {
                let message = format!("non-name {} on left side of :=", self.expr_text(target));
                self.error(ast.span(target), Code::InvalidDefine, message);
                self.use_expr(target);
                continue;
            };
            let object = self.new_declared_var(symbol, ast.span(target));
            self.info.record_use(target, object);
            let ty = ranged.as_ref().and_then(|r| {
                if i == 0 {
                    r.key
                } else if i == 1 {
                    r.value
                } else {
                    None
                }
            });
            if let Some(ty) = ty {
                if i == 0 && self.types.is_untyped(ty) {
                    let mut x = over.clone();
                    self.init_var(object, None, &mut x, "range clause");
                    *over = x;
                } else {
                    self.objects[object].ty = ty;
                }
            }
            if symbol != sym::BLANK {
                objects.push(object);
            }
        }
        self.settle_range(over);
        if ranged.is_none() {
            // The cause was reported: the variables need not be used.
            objects.iter().for_each(|&o| self.objects[o].ty = tid::INVALID);
        }
        for object in objects {
            self.declare_var(object);
        }
    }

    fn assign_range(&mut self, over: &mut Operand, vars: List<ExprId>, ranged: &Option<Ranged>) {
        let ast = self.ast;
        for (i, target) in ast.list(vars).enumerate() {
            let ty = ranged.as_ref().and_then(|r| {
                if i == 0 {
                    r.key
                } else if i == 1 {
                    r.value
                } else {
                    None
                }
            });
            let Some(ty) = ty else {
                self.use_expr_as_target(target);
                continue;
            };
            if self.types.is_untyped(ty) {
                self.assign_count(target, over);
                continue;
            }
            let mut x = Operand { mode: Mode::Value, ty, expr: target, span: ast.span(target), ..over.clone() };
            x.span = ast.span(target);
            self.assign_value_to(target, &mut x, "assignment", None);
        }
        self.settle_range(over);
    }

    /// The untyped number of iterations takes the type of the variable.
    fn assign_count(&mut self, target: ExprId, over: &mut Operand) {
        self.assign_value_to(target, over, "range clause", None);
        if !over.is_invalid() && !self.all_integer(over.ty) {
            let message = format!("cannot use iteration variable of type {}", self.text(over.ty));
            self.error(self.ast.span(target), Code::InvalidRange, message);
        }
    }

    fn settle_range(&mut self, over: &mut Operand) {
        if !over.is_invalid() && !over.is_nil() && self.types.is_untyped(over.ty) {
            let ty = self.default_type(over.ty);
            self.convert_untyped(over, ty);
        }
    }
}
