//! Assignments, definitions, and the initialisation of variables.

use smallvec::SmallVec;

use super::info::Mode;
use super::{Checker, Operand};
use crate::base::{Span, sym};
use crate::compiler::diag::{Code, Diagnostic};
use crate::compiler::syntax::ast::{Expr, ExprId, List, StmtId};
use crate::compiler::types::{ObjId, ObjKind, TypeId, tid};

impl Checker<'_> {
    // ---- Initialisation

    /// Gives a new variable its type and checks its value. `declared` is its written type.
    pub(super) fn init_var(&mut self, object: ObjId, declared: Option<TypeId>, x: &mut Operand, context: &str) {
        if x.is_invalid() || x.ty == tid::INVALID && !x.is_nil() {
            if declared.is_none() {
                self.objects[object].ty = tid::INVALID;
            }
            x.invalidate();
            return;
        }
        let target = match declared {
            Some(ty) => ty,
            None => {
                if x.is_nil() {
                    self.error(x.span, Code::UntypedNil, format!("use of untyped nil in {context}"));
                    self.objects[object].ty = tid::INVALID;
                    return x.invalidate();
                }
                let ty = if self.types.is_untyped(x.ty) { self.default_type(x.ty) } else { x.ty };
                self.objects[object].ty = ty;
                ty
            }
        };
        self.assignment(x, Some(target), context);
    }

    /// Initialises several variables, of which those with a written type have it already, from as many values or from
    /// the results of one call.
    pub(super) fn init_vars(&mut self, lhs: &[ObjId], rhs: &[ExprId]) {
        let declared: SmallVec<[Option<TypeId>; 4]> =
            lhs.iter().map(|&o| Some(self.objects[o].ty).filter(|&ty| ty != tid::INVALID)).collect();
        if lhs.len() == rhs.len() {
            let context = "assignment";
            for ((&object, &value), &declared) in lhs.iter().zip(rhs).zip(&declared) {
                let mut x = self.expr_hint(value, declared);
                self.init_var(object, declared, &mut x, context);
            }
            return;
        }
        let [only] = rhs else {
            rhs.iter().for_each(|&e| self.use_expr(e));
            return self.count_mismatch(lhs.len(), rhs, None);
        };
        let (mut operands, comma_ok) = self.multi_expr(*only, lhs.len() == 2);
        if operands.len() == lhs.len() {
            for ((&object, x), &declared) in lhs.iter().zip(operands.iter_mut()).zip(&declared) {
                self.init_var(object, declared, x, "multiple assignment");
            }
            if comma_ok {
                self.record_comma_ok(*only);
            }
            return;
        }
        if operands.first().is_some_and(|x| !x.is_invalid()) {
            self.count_mismatch(lhs.len(), rhs, Some(operands.len()));
        }
    }

    /// Notes that an expression gives its second, boolean value too.
    fn record_comma_ok(&mut self, e: ExprId) {
        let mut e = e;
        loop {
            self.info.comma_ok.insert(e);
            match self.ast.expr(e) {
                Expr::Paren(inner) => e = inner,
                _ => return,
            }
        }
    }

    /// `assignment mismatch: 2 variables but f() returns 1 value`
    fn count_mismatch(&mut self, variables: usize, rhs: &[ExprId], results: Option<usize>) {
        let plural = |n: usize, word: &str| if n == 1 { format!("{n} {word}") } else { format!("{n} {word}s") };
        let vars = plural(variables, "variable");
        let Some(&first) = rhs.first() else { return };
        let call = match self.ast.expr(self.ast.unparen(first)) {
            Expr::Call { fun, .. } if rhs.len() == 1 => Some(fun),
            _ => None,
        };
        let message = match (results, call) {
            (Some(n), Some(fun)) => {
                format!("assignment mismatch: {vars} but {} returns {}", self.expr_text(fun), plural(n, "value"))
            }
            _ => format!("assignment mismatch: {vars} but {}", plural(rhs.len(), "value")),
        };
        self.error(self.ast.span(first), Code::AssignmentMismatch, message);
    }

    /// The values of a `return` against the results of the function.
    pub(super) fn return_values(&mut self, targets: &[TypeId], values: &[ExprId], at: Span) {
        let context = "return statement";
        let single_tuple = |c: &Self, x: &Operand| match c.types.get(x.ty) {
            crate::compiler::types::Type::Tuple(parts) if x.mode == Mode::Value => parts.len() > 1,
            _ => false,
        };
        if let (&[target], &[value]) = (targets, values) {
            let mut x = self.operand(value);
            self.raw_expr(&mut x, value, Some(target), false);
            self.exclude_non_values(&mut x);
            if !single_tuple(self, &x) {
                return self.assignment(&mut x, Some(target), context);
            }
            let (operands, _) = self.unpack(x, false);
            return self.wrong_result_count(targets, values, &operands, at);
        }
        if targets.len() == values.len() {
            for (&target, &value) in targets.iter().zip(values) {
                let mut x = self.expr_hint(value, Some(target));
                self.assignment(&mut x, Some(target), context);
            }
            return;
        }
        let mut operands: Vec<Operand> = Vec::new();
        match values {
            [only] => operands.extend(self.multi_expr(*only, false).0),
            many => operands.extend(many.iter().map(|&e| self.expr(e))),
        }
        if values.len() == 1 && operands.len() == targets.len() {
            for (x, &target) in operands.iter_mut().zip(targets) {
                self.assignment(x, Some(target), context);
            }
            return;
        }
        if values.len() == 1 && operands.iter().any(|x| x.is_invalid()) {
            return;
        }
        self.wrong_result_count(targets, values, &operands, at);
    }

    fn wrong_result_count(&mut self, targets: &[TypeId], values: &[ExprId], operands: &[Operand], at: Span) {
        let (word, span) = if operands.len() > targets.len() {
            let extra = operands.get(targets.len()).map_or(at, |x| x.span);
            ("too many", if values.len() == 1 { operands.first().map_or(at, |x| x.span) } else { extra })
        } else {
            ("not enough", operands.last().map_or(at, |x| x.span))
        };
        let have = self.operand_summary(operands, false);
        let want = format!("({})", targets.iter().map(|&t| self.text(t)).collect::<Vec<_>>().join(", "));
        let diagnostic = Diagnostic::error(Code::ResultCount, span, format!("{word} return values"))
            .note(format!("have {have}"))
            .note(format!("want {want}"));
        self.report(diagnostic);
    }

    // ---- Assignment

    pub(super) fn assign_stmt(&mut self, lhs: List<ExprId>, rhs: List<ExprId>) {
        let ast = self.ast;
        if lhs.len() == rhs.len() {
            if let (Some(target), Some(value), 1) = (ast.first(lhs), ast.first(rhs), lhs.len()) {
                return self.assign_single(target, value);
            }
            let context = "multiple assignment";
            for (target, value) in ast.list(lhs).zip(ast.list(rhs)) {
                self.assign_one(target, value, context);
            }
            return;
        }
        let values: SmallVec<[ExprId; 4]> = ast.list(rhs).collect();
        let [only] = values[..] else {
            self.use_targets(lhs);
            self.use_exprs(rhs);
            return self.count_mismatch(lhs.len(), &values, None);
        };
        let (mut operands, comma_ok) = self.multi_expr(only, lhs.len() == 2);
        if operands.len() == lhs.len() {
            for (target, x) in ast.list(lhs).zip(operands.iter_mut()) {
                self.assign_value_to(target, x, "multiple assignment", None);
            }
            if comma_ok {
                self.record_comma_ok(only);
            }
            return;
        }
        self.use_targets(lhs);
        if operands.first().is_some_and(|x| !x.is_invalid()) {
            self.count_mismatch(lhs.len(), &values, Some(operands.len()));
        }
    }

    /// `x = v`, where `v` may be a call with several results by mistake.
    fn assign_single(&mut self, target: ExprId, value: ExprId) {
        let wanted = self.target_type(target, None);
        let hint = match wanted {
            Target::Typed(ty) => Some(ty),
            _ => None,
        };
        if let Some(mut x) = self.only_value(value, hint) {
            self.assign_to(wanted, &mut x, "assignment");
        }
    }

    /// The value for a single variable; reports a call with several results in terms of the assignment.
    fn only_value(&mut self, value: ExprId, hint: Option<TypeId>) -> Option<Operand> {
        let mut x = self.operand(value);
        self.raw_expr(&mut x, value, hint, false);
        self.exclude_non_values(&mut x);
        if let crate::compiler::types::Type::Tuple(parts) = self.types.get(x.ty)
            && x.mode == Mode::Value
        {
            let count = parts.len();
            self.count_mismatch(1, &[value], Some(count));
            return None;
        }
        Some(x)
    }

    fn assign_one(&mut self, target: ExprId, value: ExprId, context: &str) {
        let wanted = self.target_type(target, None);
        let hint = match wanted {
            Target::Typed(ty) => Some(ty),
            _ => None,
        };
        let mut x = self.expr_hint(value, hint);
        self.assign_to(wanted, &mut x, context);
    }

    /// Assigns a checked value. An operation has evaluated the target already, and uses the target's own value too.
    pub(super) fn assign_value_to(
        &mut self,
        target: ExprId,
        x: &mut Operand,
        context: &str,
        evaluated: Option<Operand>,
    ) {
        let wanted = self.target_type(target, evaluated);
        self.assign_to(wanted, x, context);
    }

    fn assign_to(&mut self, target: Target, x: &mut Operand, context: &str) {
        match target {
            Target::Blank if x.is_nil() => {
                self.error(x.span, Code::UntypedNil, "use of untyped nil in assignment to _ identifier");
            }
            Target::Blank => {
                let context = if context == "assignment" { "assignment to _ identifier" } else { context };
                self.assignment(x, None, context);
            }
            Target::Typed(ty) => self.assignment(x, Some(ty), context),
            Target::Wrong => {
                let ty = if self.types.is_untyped(x.ty) { Some(tid::INVALID) } else { None };
                if ty.is_some() {
                    self.assignment(x, ty, context);
                }
            }
        }
    }

    /// The type of what is assigned to. Assigning to a variable does not use it.
    fn target_type(&mut self, target: ExprId, evaluated: Option<Operand>) -> Target {
        let operation = evaluated.is_some();
        let inner = self.ast.unparen(target);
        let mut assigned = None;
        if let Expr::Ident(symbol) = self.ast.expr(inner) {
            if symbol == sym::BLANK {
                return Target::Blank;
            }
            if let Some(object) = self.lookup_name(symbol)
                && let ObjKind::Var(var) = self.objects[object].kind
            {
                assigned = Some((object, var.used));
            }
        }
        let x = evaluated.unwrap_or_else(|| self.expr(target));
        if let Some((object, used)) = assigned {
            self.note_reassigned(object);
            if !operation
                && self.objects[object].pkg == self.env.pkg
                && let Some(var) = self.objects[object].var_mut()
            {
                var.used = used;
            }
        } else {
            self.note_part_reassigned(inner);
        }
        if x.is_invalid() {
            return Target::Wrong;
        }
        match x.mode {
            Mode::Variable | Mode::MapIndex => Target::Typed(x.ty),
            _ => {
                self.not_assignable_to(&x);
                Target::Wrong
            }
        }
    }

    /// Assigning a field or array element changes the variable that holds it.
    fn note_part_reassigned(&mut self, e: ExprId) {
        let mut e = e;
        loop {
            match self.ast.expr(e) {
                Expr::Paren(inner) => e = inner,
                Expr::Selector { x, .. } if self.info.selections.get(&e).is_some_and(|s| !s.indirect) => e = x,
                Expr::Index { x, .. }
                    if matches!(
                        self.types.get(self.known_under(self.info.type_of(x))),
                        crate::compiler::types::Type::Array(..)
                    ) =>
                {
                    e = x;
                }
                Expr::Ident(_) => {
                    if let Some(object) = self.info.object(e) {
                        self.note_reassigned(object);
                    }
                    return;
                }
                _ => return,
            }
        }
    }

    fn not_assignable_to(&mut self, x: &Operand) {
        let text = self.expr_text(x.expr);
        let inner = self.ast.unparen(x.expr);
        let mut message = format!("cannot assign to {text} (neither addressable nor a map index expression)");
        if let Expr::Selector { x: base, .. } = self.ast.expr(inner)
            && self.info.mode(self.ast.unparen(base)) == Mode::MapIndex
        {
            message = format!("cannot assign to struct field {text} in map");
        }
        self.error(x.span, Code::NotAssignableTo, message);
    }

    /// Evaluates a target after an error.
    pub(super) fn use_expr_as_target(&mut self, target: ExprId) {
        self.target_type(target, None);
    }

    /// Evaluates targets after an error, without counting a plain variable as used.
    fn use_targets(&mut self, lhs: List<ExprId>) {
        let ast = self.ast;
        for target in ast.list(lhs) {
            self.target_type(target, None);
        }
    }

    // ---- Definition

    pub(super) fn define_stmt(&mut self, stmt: StmtId, lhs: List<ExprId>, rhs: List<ExprId>) {
        let ast = self.ast;
        let mut objects: SmallVec<[Option<ObjId>; 4]> = SmallVec::new();
        let mut new: SmallVec<[ObjId; 4]> = SmallVec::new();
        let mut seen: SmallVec<[crate::base::Symbol; 4]> = SmallVec::new();
        let mut wrong = false;
        for target in ast.list(lhs) {
            let Expr::Ident(symbol) = ast.expr(target) else {
                let message = format!("non-name {} on left side of :=", self.expr_text(target));
                self.error(ast.span(target), Code::InvalidDefine, message);
                self.use_expr(target);
                objects.push(None);
                wrong = true;
                continue;
            };
            if symbol != sym::BLANK && seen.contains(&symbol) {
                let message = format!("{} repeated on left side of :=", self.name(symbol));
                self.error(ast.span(target), Code::Redeclared, message);
                wrong = true;
                objects.push(None);
                continue;
            }
            seen.push(symbol);
            if let Some(known) = self.defined_here(symbol) {
                self.info.record_use(target, known);
                if matches!(self.objects[known].kind, ObjKind::Var(_)) {
                    self.note_reassigned(known);
                    objects.push(Some(known));
                } else {
                    let message = format!(
                        "cannot assign to {} (neither addressable nor a map index expression)",
                        self.name(symbol)
                    );
                    self.error(ast.span(target), Code::NotAssignableTo, message);
                    wrong = true;
                    objects.push(None);
                }
                continue;
            }
            let object = self.new_declared_var(symbol, ast.span(target));
            self.info.record_use(target, object);
            if symbol != sym::BLANK {
                new.push(object);
            }
            objects.push(Some(object));
        }
        if new.is_empty() && !wrong {
            let span = ast.stmt_span(stmt);
            self.error(span, Code::NoNewVariables, "no new variables on left side of :=");
        }
        self.define_values(&objects, &new, lhs, rhs);
        for &object in &new {
            self.declare_var(object);
        }
    }

    /// A variable that `:=` assigns because this very scope declares it.
    fn defined_here(&self, symbol: crate::base::Symbol) -> Option<ObjId> {
        if symbol == sym::BLANK {
            return None;
        }
        if self.env.script_top {
            let scope = self.env.pkg.map(|p| &self.packages[p].scope)?;
            return scope.get(&symbol).copied();
        }
        self.local_in_scope(symbol)
    }

    fn define_values(&mut self, objects: &[Option<ObjId>], new: &[ObjId], lhs: List<ExprId>, rhs: List<ExprId>) {
        let ast = self.ast;
        let is_new = |o: ObjId| new.contains(&o);
        if objects.len() == rhs.len() {
            for (&object, value) in objects.iter().zip(ast.list(rhs)) {
                match object {
                    Some(object) => {
                        let known = self.objects[object].ty;
                        let fresh = is_new(object) || known == tid::INVALID;
                        let declared = if fresh { None } else { Some(known) };
                        if objects.len() == 1 {
                            let Some(mut x) = self.only_value(value, declared) else { continue };
                            self.init_var(object, declared, &mut x, "assignment");
                            continue;
                        }
                        let mut x = self.expr_hint(value, declared);
                        self.init_var(object, declared, &mut x, "multiple assignment");
                    }
                    None => self.use_expr(value),
                }
            }
            return;
        }
        let values: SmallVec<[ExprId; 4]> = ast.list(rhs).collect();
        let [only] = values[..] else {
            self.use_exprs(rhs);
            return self.count_mismatch(lhs.len(), &values, None);
        };
        let (mut operands, comma_ok) = self.multi_expr(only, objects.len() == 2);
        if operands.len() != objects.len() {
            if operands.first().is_some_and(|x| !x.is_invalid()) {
                self.count_mismatch(lhs.len(), &values, Some(operands.len()));
            }
            return;
        }
        for (&object, x) in objects.iter().zip(operands.iter_mut()) {
            let Some(object) = object else { continue };
            let known = self.objects[object].ty;
            let declared = if is_new(object) || known == tid::INVALID { None } else { Some(known) };
            self.init_var(object, declared, x, "multiple assignment");
        }
        if comma_ok {
            self.record_comma_ok(only);
        }
    }
}

/// What an assignment goes to.
#[derive(Clone, Copy)]
enum Target {
    Blank,
    Typed(TypeId),
    /// Reported already.
    Wrong,
}
