//! Declarations: each object gets its type on demand, at most once.
//!
//! `path` holds the objects whose declarations are in progress. Meeting one of them again is a cycle: fine when it goes
//! through a defined type or only through functions, an error otherwise (reported here for types, by `initorder` for
//! variables).

use std::sync::Arc;

use super::collect::{DeclInfo, DeclKind};
use super::env::Env;
use super::{Body, Checker};
use crate::base::ids::Id;
use crate::base::{Span, sym};
use crate::compiler::diag::{Code, Diagnostic};
use crate::compiler::syntax::ast::{Decl, DeclId, Expr, ExprId, FuncId, List, Spec, SpecId};
use crate::compiler::types::constant::Value;
use crate::compiler::types::{AliasInfo, ObjId, ObjKind, Object, Type, TypeId, VarKind, tid};

/// How far a declaration has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) enum Progress {
    /// Done, or nothing to do (local objects are declared complete).
    #[default]
    Settled,
    /// Not begun.
    Pending,
    /// On the path.
    Active,
}

impl Checker<'_> {
    pub(super) fn set_progress(&mut self, object: ObjId, progress: Progress) {
        self.progress.grow(object.index() + 1, Progress::Settled);
        self.progress[object] = progress;
    }

    /// Makes sure that an object has its type.
    #[inline]
    pub(super) fn obj_decl(&mut self, object: ObjId) {
        match self.progress.get(object) {
            None | Some(Progress::Settled) => {}
            Some(Progress::Active) => self.active_again(object),
            Some(Progress::Pending) => self.declare(object),
        }
    }

    fn declare(&mut self, object: ObjId) {
        let Some(info) = self.decls.get(&object).cloned() else { return };
        if super::stack_position() < self.stack_limit {
            let message = format!("declaration of {} needs too many others", self.object_text(object));
            self.error(self.declared_at(object), Code::NestingTooDeep, message);
            self.set_progress(object, Progress::Settled);
            return;
        }
        self.set_progress(object, Progress::Active);
        self.path.push(object);
        let env = Env {
            pkg: self.objects[object].pkg,
            file: info.file,
            script: info.script,
            decl: Some(object),
            base: self.locals.len(),
            ..Env::default()
        };
        let outer = std::mem::replace(&mut self.env, env);
        let functions = std::mem::take(&mut self.funcs);
        self.open_scope();
        self.declare_kind(object, &info);
        self.close_scope();
        self.funcs = functions;
        self.env = outer;
        self.path.pop();
        self.set_progress(object, Progress::Settled);
    }

    fn declare_kind(&mut self, object: ObjId, info: &DeclInfo) {
        match info.kind {
            DeclKind::Const { ty, init, iota, repeated } => {
                let repeated_at = repeated.then(|| self.objects[object].span);
                self.const_decl(object, ty, init, iota, repeated_at);
            }
            DeclKind::Var { ref together, ty, init } => {
                let together = together.clone();
                self.global_var_decl(object, &together, ty, init);
            }
            DeclKind::Type(spec) => self.type_decl(object, spec),
            DeclKind::Func(func) => self.func_decl(object, func),
        }
    }

    /// An object is needed while its declaration is in progress.
    fn active_again(&mut self, object: ObjId) {
        let start = self.path.iter().position(|&o| o == object).unwrap_or(0);
        let cycle: Vec<ObjId> = self.path[start..].to_vec();
        let valid = self.is_valid_cycle(&cycle);
        match self.objects[object].kind {
            ObjKind::Const { .. } | ObjKind::Var(_) => {
                if !valid {
                    self.report_cycle(&cycle);
                    self.objects[object].ty = tid::INVALID;
                } else if matches!(self.objects[object].kind, ObjKind::Const { .. }) {
                    // Variables are left to the initialisation order, which sees functions too.
                    let first = (0..cycle.len()).min_by_key(|&i| self.objects[cycle[i]].span).unwrap_or(0);
                    let ordered: Vec<ObjId> = cycle[first..].iter().chain(&cycle[..first]).copied().collect();
                    self.report_init_cycle(&ordered);
                }
            }
            ObjKind::TypeName if !valid => {
                self.report_cycle(&cycle);
                self.objects[object].ty = tid::INVALID;
            }
            ObjKind::Func { .. } if !valid => self.report_cycle(&cycle),
            _ => {}
        }
    }

    fn is_valid_cycle(&self, cycle: &[ObjId]) -> bool {
        let (mut values, mut defined) = (0, 0);
        for &object in cycle {
            match self.objects[object].kind {
                ObjKind::Const { .. } | ObjKind::Var(_) => values += 1,
                ObjKind::TypeName if !self.is_alias_decl(object) => defined += 1,
                _ => {}
            }
        }
        values == cycle.len() || (values == 0 && defined > 0)
    }

    fn is_alias_decl(&self, object: ObjId) -> bool {
        match self.decls.get(&object).map(|d| &d.kind) {
            Some(DeclKind::Type(spec)) => matches!(self.ast.spec(*spec), Spec::Type { alias: true, .. }),
            _ => false,
        }
    }

    /// Reports a type whose structure is needed while its own declaration is in progress, as in `type T [len(T{})]int`.
    pub(super) fn report_incomplete(&mut self, ty: TypeId) {
        let Some(id) = self.types.as_named(ty) else { return };
        let (object, declared) = (self.types.named(id).obj, self.types.named(id).rhs.is_some());
        if declared || self.objects[object].ty == tid::INVALID {
            return;
        }
        let Some(start) = self.path.iter().position(|&o| o == object) else { return };
        let cycle = self.path[start..].to_vec();
        self.report_cycle(&cycle);
        self.objects[object].ty = tid::INVALID;
    }

    /// Reports a cycle, starting at the object that stands first in the source.
    pub(super) fn report_cycle(&mut self, cycle: &[ObjId]) {
        let first = (0..cycle.len()).min_by_key(|&i| self.objects[cycle[i]].span).unwrap_or(0);
        let Some(&head) = cycle.get(first) else { return };
        let is_type = matches!(self.objects[head].kind, ObjKind::TypeName);
        let what = if is_type { "invalid recursive type" } else { "invalid cycle in declaration of" };
        let (code, span) =
            (if is_type { Code::InvalidRecursiveType } else { Code::CyclicDeclaration }, self.declared_at(head));
        let name = self.object_text(head);
        if cycle.len() == 1 {
            let message = if is_type {
                format!("{what}: {name} refers to itself")
            } else {
                format!("invalid cycle in declaration: {name} refers to itself")
            };
            self.error(span, code, message);
            return;
        }
        let diagnostic = Diagnostic::error(code, span, format!("{what} {name}"));
        let diagnostic = self.cycle_notes(diagnostic, cycle, first);
        self.report(diagnostic);
    }

    /// Reports an initialisation cycle, starting at its first object.
    pub(super) fn report_init_cycle(&mut self, cycle: &[ObjId]) {
        let Some(&head) = cycle.first() else { return };
        let (span, name) = (self.declared_at(head), self.object_text(head));
        let code = match self.objects[head].kind {
            ObjKind::Const { .. } => Code::CyclicDeclaration,
            _ => Code::InitializationCycle,
        };
        if cycle.len() == 1 {
            let message = format!("initialization cycle: {name} refers to itself");
            return self.error(span, code, message);
        }
        let diagnostic = Diagnostic::error(code, span, format!("initialization cycle for {name}"));
        let diagnostic = self.cycle_notes(diagnostic, cycle, 0);
        self.report(diagnostic);
    }

    /// One note for each step of a cycle, starting at its object number `first`.
    fn cycle_notes(&self, mut diagnostic: Diagnostic, cycle: &[ObjId], first: usize) -> Diagnostic {
        for i in 0..cycle.len() {
            let (from, to) = (cycle[(first + i) % cycle.len()], cycle[(first + i + 1) % cycle.len()]);
            let place = self.sources.describe(self.declared_at(from));
            diagnostic =
                diagnostic.note(format!("{place}: {} refers to {}", self.object_text(from), self.object_text(to)));
        }
        diagnostic
    }

    /// An object's name; a generic type with its parameters' names.
    fn object_text(&self, object: ObjId) -> String {
        let o = &self.objects[object];
        let mut text = self.name(o.name).to_owned();
        if let Some(id) = self.types.as_named(o.ty)
            && !self.types.named(id).tparams.is_empty()
            && self.types.named(id).obj == object
        {
            let names = self.printer().list_text(self.types.named(id).tparams.iter().copied());
            text = format!("{text}[{names}]");
        }
        text
    }

    /// Notes that the declaration being checked refers to a package-level function or variable.
    #[inline]
    pub(super) fn note_dependency(&mut self, object: ObjId) {
        if let Some(from) = self.env.decl
            && self.objects[object].pkg == self.env.pkg
            && self.dependencies_seen.insert((from, object))
        {
            self.deps.entry(from).or_default().push(object);
        }
    }

    // ---- Constants and variables

    pub(super) fn const_arity(&mut self, names: List<ExprId>, values: List<ExprId>, repeated: bool) {
        if let Some(extra) = self.ast.nth(values, names.len()) {
            if !repeated {
                let text = self.expr_text(extra);
                self.error(self.ast.span(extra), Code::AssignmentMismatch, format!("extra init expr {text}"));
            } else if let Some(name) = self.ast.first(names) {
                self.error(self.ast.span(name), Code::AssignmentMismatch, "extra init expr");
            }
        } else if let Some(missing) = self.ast.nth(names, values.len()) {
            let text = self.expr_text(missing);
            self.error(self.ast.span(missing), Code::MissingInit, format!("missing init expr for {text}"));
        }
    }

    pub(super) fn var_arity(&mut self, names: List<ExprId>, values: List<ExprId>, ty: Option<ExprId>) {
        if values.is_empty() && ty.is_some() {
            return;
        }
        if let Some(extra) = self.ast.nth(values, names.len()) {
            let text = self.expr_text(extra);
            self.error(self.ast.span(extra), Code::AssignmentMismatch, format!("extra init expr {text}"));
        } else if values.len() != 1
            && let Some(missing) = self.ast.nth(names, values.len())
        {
            let text = self.expr_text(missing);
            self.error(self.ast.span(missing), Code::MissingInit, format!("missing init expr for {text}"));
        }
    }

    fn const_decl(
        &mut self,
        object: ObjId,
        ty: Option<ExprId>,
        init: Option<ExprId>,
        iota: u32,
        repeated_at: Option<Span>,
    ) {
        let (outer_iota, outer_repeated) = (self.env.iota.replace(iota), self.env.repeated_at);
        self.env.repeated_at = repeated_at;
        let mut declared = None;
        if let Some(ty_expr) = ty {
            let ty = self.type_expr(ty_expr);
            let under = self.under(ty);
            let is_const_type = matches!(self.types.get(under), Type::Basic(b) if b.is_const_type());
            if !is_const_type {
                if under != tid::INVALID {
                    let message = format!("invalid constant type {}", self.text(ty));
                    self.error(self.ast.span(ty_expr), Code::InvalidConstantType, message);
                }
                self.objects[object].ty = tid::INVALID;
                (self.env.iota, self.env.repeated_at) = (outer_iota, outer_repeated);
                return;
            }
            declared = Some(ty);
        }
        if let Some(init) = init {
            let mut x = self.expr(init);
            if let Some(at) = repeated_at {
                x.span = at;
            }
            self.init_const(object, declared, &mut x);
        }
        (self.env.iota, self.env.repeated_at) = (outer_iota, outer_repeated);
    }

    fn init_const(&mut self, object: ObjId, declared: Option<TypeId>, x: &mut super::Operand) {
        if x.is_invalid() {
            self.objects[object].ty = declared.unwrap_or(tid::INVALID);
            return;
        }
        if !x.is_constant() {
            if x.is_nil() || x.ty != tid::INVALID {
                let message = format!("{} is not constant", self.describe(x));
                self.error(x.span, Code::NotConstant, message);
            }
            self.objects[object].ty = declared.unwrap_or(tid::INVALID);
            return;
        }
        let target = declared.unwrap_or(x.ty);
        self.objects[object].ty = target;
        self.assignment(x, Some(target), "constant declaration");
        if !x.is_invalid() {
            self.objects[object].kind = ObjKind::Const { value: x.value.clone() };
        }
    }

    fn global_var_decl(&mut self, object: ObjId, together: &[ObjId], ty: Option<ExprId>, init: Option<ExprId>) {
        let declared = ty.map(|ty| self.var_type(ty));
        let Some(init) = init else {
            self.objects[object].ty = declared.unwrap_or(tid::INVALID);
            return;
        };
        if together.is_empty() {
            if let Some(ty) = declared {
                self.objects[object].ty = ty;
            }
            let mut x = self.expr_hint(init, declared);
            self.init_var(object, declared, &mut x, "variable declaration");
            return;
        }
        for &other in together {
            self.objects[other].ty = declared.unwrap_or(tid::INVALID);
            self.set_progress(other, Progress::Settled);
        }
        // Each of them depends on what the shared initialiser refers to.
        self.set_progress(object, Progress::Active);
        self.init_vars(together, &[init]);
        let deps = self.env.decl.and_then(|d| self.deps.get(&d).cloned()).unwrap_or_default();
        for &other in together.iter().filter(|&&o| Some(o) != self.env.decl) {
            self.deps.insert(other, deps.clone());
        }
    }

    /// Declarations inside of functions; at the top level of a script, its variables.
    pub(super) fn decl_stmt(&mut self, decl: DeclId) {
        let ast = self.ast;
        let Decl::Group { specs, .. } = ast.decl(decl) else {
            return;
        };
        for spec in ast.list(specs) {
            match ast.spec(spec) {
                Spec::Bad => {}
                Spec::Import { path, .. } => {
                    self.error(path.span, Code::MisplacedDeclaration, "imports must stand at the top level of a file");
                }
                Spec::Const { names, ty, values, repeated, iota } => {
                    self.local_consts(names, ty, values, repeated, iota)
                }
                Spec::Var { names, ty, values } => self.local_vars(names, ty, values),
                Spec::Type { name, .. } => {
                    let object =
                        self.objects.push(Object::new(name.symbol, name.span, self.env.pkg, ObjKind::TypeName));
                    self.info.type_names.insert(spec, object);
                    // The scope of a local type begins at its name, so it may refer to itself.
                    self.declare_local(object);
                    self.set_progress(object, Progress::Active);
                    self.path.push(object);
                    self.type_decl(object, spec);
                    self.path.pop();
                    self.set_progress(object, Progress::Settled);
                }
            }
        }
    }

    fn local_consts(
        &mut self,
        names: List<ExprId>,
        ty: Option<ExprId>,
        values: List<ExprId>,
        repeated: bool,
        iota: u32,
    ) {
        let ast = self.ast;
        let mut declared = Vec::with_capacity(names.len());
        for (i, ident) in ast.list(names).enumerate() {
            let Expr::Ident(symbol) = ast.expr(ident) else { continue };
            let kind = ObjKind::Const { value: Value::Unknown };
            let object = self.objects.push(Object::new(symbol, ast.span(ident), self.env.pkg, kind));
            self.info.record_use(ident, object);
            let at = repeated.then(|| ast.span(ident));
            self.const_decl(object, ty, ast.nth(values, i), iota, at);
            declared.push(object);
        }
        self.const_arity(names, values, repeated);
        for object in declared {
            self.declare_local(object);
        }
    }

    fn local_vars(&mut self, names: List<ExprId>, ty: Option<ExprId>, values: List<ExprId>) {
        let ast = self.ast;
        let declared = ty.map(|ty| self.var_type(ty));
        let mut objects: Vec<ObjId> = Vec::with_capacity(names.len());
        for ident in ast.list(names) {
            let Expr::Ident(symbol) = ast.expr(ident) else { continue };
            let object = self.new_declared_var(symbol, ast.span(ident));
            self.objects[object].ty = declared.unwrap_or(tid::INVALID);
            self.info.record_use(ident, object);
            objects.push(object);
        }
        let inits: Vec<ExprId> = ast.list(values).collect();
        match inits.len() {
            0 => {
                if ty.is_none() {
                    self.var_arity(names, values, ty);
                }
            }
            n if n == objects.len() => {
                for (&object, &init) in objects.iter().zip(&inits) {
                    let mut x = self.expr_hint(init, declared);
                    self.init_var(object, declared, &mut x, "variable declaration");
                }
            }
            1 => self.init_vars(&objects, &inits),
            _ => {
                self.use_exprs(values);
                self.var_arity(names, values, ty);
            }
        }
        for object in objects {
            self.declare_var(object);
        }
    }

    // ---- Types

    fn type_decl(&mut self, object: ObjId, spec: SpecId) {
        let Spec::Type { tparams, alias, ty, .. } = self.ast.spec(spec) else { return };
        if alias {
            self.open_scope();
            let list: Arc<[TypeId]> = self.type_params(tparams).into();
            let actual = self.type_expr(ty);
            self.close_scope();
            if actual == tid::INVALID {
                self.objects[object].ty = tid::INVALID;
                return;
            }
            if list.contains(&actual) {
                let message = "cannot use type parameter declared in alias declaration as RHS";
                self.error(self.ast.span(ty), Code::InvalidTypeParameter, message);
                self.objects[object].ty = tid::INVALID;
                return;
            }
            let alias = AliasInfo { obj: object, tparams: list, targs: Arc::from([]), actual };
            self.objects[object].ty = self.types.new_alias(alias);
            return;
        }
        let named = self.types.new_named(object, self.env.func);
        self.objects[object].ty = named;
        let Some(id) = self.types.as_named(named) else { return };
        self.open_scope();
        let list: Arc<[TypeId]> = if tparams.is_empty() { Arc::from([]) } else { self.named_type_params(id, tparams) };
        self.types.named_mut(id).tparams = list;
        let rhs = self.type_expr(ty);
        self.close_scope();
        if self.objects[object].ty == tid::INVALID {
            // A cycle was found and reported while the right side was checked.
            let entry = self.types.named_mut(id);
            (entry.rhs, entry.underlying) = (Some(tid::INVALID), Some(tid::INVALID));
            return;
        }
        if self.types.as_tparam(rhs).is_some() {
            let message = "cannot use a type parameter as RHS in type declaration";
            self.error(self.ast.span(ty), Code::InvalidTypeParameter, message);
            let entry = self.types.named_mut(id);
            (entry.rhs, entry.underlying) = (Some(tid::INVALID), Some(tid::INVALID));
        } else {
            self.types.named_mut(id).rhs = Some(rhs);
        }
        self.adopt_methods(object, named);
        if self.funcs.is_empty() {
            self.later(move |c| c.check_finite(named));
        } else {
            self.check_finite(named);
        }
        self.later(move |c| c.check_field_method_clash(named));
    }

    /// Gives a type the methods whose receivers name it.
    fn adopt_methods(&mut self, object: ObjId, named: TypeId) {
        let Some(methods) = self.methods.remove(&object) else { return };
        let Some(id) = self.types.as_named(named) else { return };
        let mut adopted: Vec<ObjId> = Vec::with_capacity(methods.len());
        let mut by_name: rustc_hash::FxHashMap<crate::base::Symbol, ObjId> = Default::default();
        for method in methods {
            let name = self.objects[method].name;
            if name == sym::BLANK {
                continue;
            }
            if let Some(&previous) = by_name.get(&name) {
                let place = self.sources.describe(self.declared_at(previous));
                let text = format!(
                    "method {}.{} already declared at {place}",
                    self.name(self.objects[object].name),
                    self.name(name)
                );
                let diagnostic = Diagnostic::error(Code::DuplicateMethod, self.declared_at(method), text)
                    .label(self.declared_at(previous), "first declared here");
                self.report(diagnostic);
                continue;
            }
            by_name.insert(name, method);
            adopted.push(method);
        }
        self.types.named_mut(id).methods = adopted;
    }

    fn check_field_method_clash(&mut self, named: TypeId) {
        let Some(id) = self.types.as_named(named) else { return };
        let Type::Struct(s) = self.under_type(named) else { return };
        for method in self.types.named(id).methods.clone() {
            let name = self.objects[method].name;
            if !s.fields.iter().any(|f| f.name == name) {
                continue;
            }
            let text = self.name(name);
            let mut diagnostic = Diagnostic::error(
                Code::FieldAndMethod,
                self.declared_at(method),
                format!("field and method with the same name {text}"),
            );
            let under = self.under(named);
            if let Some(&at) = self.field_spans.get(&(self.types.canon(under), name)) {
                diagnostic = diagnostic
                    .label(at, "the field")
                    .note(format!("{}: other declaration of {text}", self.sources.describe(at)));
            }
            self.report(diagnostic);
        }
    }

    // ---- Functions

    fn func_decl(&mut self, object: ObjId, id: FuncId) {
        let func = self.ast.func(id);
        let sig = match func.recv {
            Some(recv) => {
                if let Some(name) = self.ast.field(recv).name {
                    self.receiver_names.insert(object, name.symbol);
                }
                self.method_signature(id, recv, &func)
            }
            None => {
                self.open_scope();
                let tparams = self.type_params(func.tparams);
                let sig = self.func_type(func.sig, tparams);
                self.close_scope();
                sig
            }
        };
        self.objects[object].ty = sig;
        let Some(pkg) = self.env.pkg else { return };
        match func.body {
            Some(block) => {
                let env = Box::new(Env { func: Some(object), base: self.locals.len(), ..self.env.clone() });
                self.delayed_bodies.push_back(Body { env, sig, block, lit: None, func: Some(id) });
                self.info.bodies.push((pkg, id));
            }
            None => {
                if !func.tparams.is_empty() && self.packages[pkg].is_std {
                    self.error(func.name.span, Code::MissingBody, "generic function is missing function body");
                } else if !self.packages[pkg].is_std {
                    self.error(func.name.span, Code::MissingBody, "missing function body");
                }
            }
        }
    }

    /// A function declared at package level or a literal outside of functions may refer to what is declared later, so
    /// its body waits.
    pub(super) fn delay_body(&mut self, sig: TypeId, block: crate::compiler::syntax::ast::BlockId, lit: ExprId) {
        let env = Box::new(Env { base: self.locals.len(), iota: None, repeated_at: None, ..self.env.clone() });
        self.delayed_bodies.push_back(Body { env, sig, block, lit: Some(lit), func: None });
    }

    /// A variable declared by the current statement: a global at the top level of a script, else a local.
    pub(super) fn new_declared_var(&mut self, symbol: crate::base::Symbol, span: Span) -> ObjId {
        if self.env.script_top {
            let object = Object::new_var(symbol, span, self.env.pkg, tid::INVALID, VarKind::Global, 0);
            return self.objects.push(object);
        }
        self.new_local_var(symbol, span, tid::INVALID, VarKind::Local)
    }

    /// Makes a variable of [`Checker::new_declared_var`] visible.
    pub(super) fn declare_var(&mut self, object: ObjId) {
        if !self.env.script_top {
            self.declare_local(object);
            return;
        }
        let symbol = self.objects[object].name;
        let Some(pkg) = self.env.pkg else { return };
        if symbol == sym::BLANK {
            return;
        }
        match self.packages[pkg].scope.get(&symbol).copied() {
            // What was collected before the statements may stand further down.
            Some(other) if self.objects[other].span.lo > self.objects[object].span.lo => self.redeclared(other, object),
            Some(previous) => self.redeclared(object, previous),
            None => {
                self.packages[pkg].scope.insert(symbol, object);
                self.script_vars.push(object);
            }
        }
    }
}
