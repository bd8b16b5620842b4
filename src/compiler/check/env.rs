//! Where the checker is: the environment of a declaration, the local names in scope, and the functions around it.
//!
//! Local names live on one stack. `Locals::heads` holds, per symbol, its innermost binding, so a look-up is one index;
//! leaving a scope restores the bindings it hid. A package-level declaration that is checked on demand from inside a
//! function must not see that function's names: bindings below [`Env::base`] are invisible.

use smallvec::SmallVec;

use super::Checker;
use crate::base::ids::{Id, IdVec};
use crate::base::{Span, Symbol, sym};
use crate::compiler::diag::{Code, Diagnostic};
use crate::compiler::syntax::ast::ExprId;
use crate::compiler::types::{ObjId, Object, PkgId, TypeId, VarKind};

/// The environment of what is being checked.
#[derive(Clone, Debug, Default)]
pub(super) struct Env {
    /// The package.
    pub pkg: Option<PkgId>,
    /// Index of the file in the package, for names of imports.
    pub file: usize,
    /// Whether the file is a script.
    pub script: bool,
    /// Whether `//vm:export` stands above the declaration whose names are collected.
    pub exports: bool,
    /// Whether the statement is at the top level of a script, where `:=` and `var` declare globals.
    pub script_top: bool,
    /// The package-level object whose declaration this is, for initialisation order.
    pub decl: Option<ObjId>,
    /// First visible local binding.
    pub base: usize,
    /// The value of `iota`, inside constant declarations.
    pub iota: Option<u32>,
    /// Where to report errors of a repeated constant expression.
    pub repeated_at: Option<Span>,
    /// The signature of the function whose body this is.
    pub sig: Option<TypeId>,
    /// The declared function whose body this is, for local types that depend on its type parameters.
    pub func: Option<ObjId>,
    /// Whether a call or receive occurred in the expression (then `len` of it is not constant).
    pub has_call: bool,
}

/// A function or function literal around the current statement.
#[derive(Default)]
pub(super) struct FuncState {
    /// The literal; `None` for a declared function and for the statements of a script.
    pub lit: Option<ExprId>,
    /// Variables of outer functions it refers to.
    pub captures: Vec<ObjId>,
    /// Its named results.
    pub results: SmallVec<[ObjId; 2]>,
}

#[derive(Clone, Copy)]
struct Binding {
    symbol: Symbol,
    object: ObjId,
    /// 1 + index of the binding it hides; 0 for none.
    hidden: u32,
}

/// The stack of local names.
#[derive(Default)]
pub(super) struct Locals {
    stack: Vec<Binding>,
    scopes: Vec<usize>,
    /// Per symbol, 1 + index of its innermost binding; 0 for none.
    heads: IdVec<Symbol, u32>,
}

impl Locals {
    /// The number of bindings.
    pub fn len(&self) -> usize {
        self.stack.len()
    }

    fn find(&self, symbol: Symbol) -> Option<usize> {
        (self.heads.get(symbol).copied().unwrap_or(0) as usize).checked_sub(1)
    }

    fn push(&mut self, symbol: Symbol, object: ObjId) {
        self.heads.grow(symbol.index() + 1, 0);
        let hidden = self.heads[symbol];
        self.stack.push(Binding { symbol, object, hidden });
        self.heads[symbol] = self.stack.len() as u32;
    }

    fn close(&mut self) {
        let start = self.scopes.pop().unwrap_or(0);
        while self.stack.len() > start {
            if let Some(binding) = self.stack.pop() {
                self.heads[binding.symbol] = binding.hidden;
            }
        }
    }

    fn scope_start(&self) -> usize {
        self.scopes.last().copied().unwrap_or(0)
    }
}

impl Checker<'_> {
    /// Opens a block scope.
    pub(super) fn open_scope(&mut self) {
        self.locals.scopes.push(self.locals.len());
    }

    /// Closes the innermost block scope and reports its unused variables.
    pub(super) fn close_scope(&mut self) {
        for i in self.locals.scope_start()..self.locals.len() {
            let object = self.locals.stack[i].object;
            self.report_unused(object);
        }
        self.locals.close();
    }

    fn report_unused(&mut self, id: ObjId) {
        let object = &self.objects[id];
        if let Some(var) = object.var()
            && !var.used
            && var.kind == VarKind::Local
        {
            let message = format!("declared and not used: {}", self.name(object.name));
            self.soft_error(Diagnostic::error(Code::UnusedVariable, object.span, message));
        }
    }

    /// Runs `check` in a scope of its own.
    pub(super) fn scoped<R>(&mut self, check: impl FnOnce(&mut Self) -> R) -> R {
        self.open_scope();
        let result = check(self);
        self.close_scope();
        result
    }

    /// Makes a local object visible from here on; reports a redeclaration in the same scope. `_` is never visible.
    pub(super) fn declare_local(&mut self, object: ObjId) {
        let symbol = self.objects[object].name;
        if symbol == sym::BLANK || symbol == sym::EMPTY {
            return;
        }
        match self.local_in_scope(symbol) {
            Some(previous) => self.redeclared(object, previous),
            None => self.locals.push(symbol, object),
        }
    }

    /// The object declared under `symbol` in the innermost local scope itself.
    pub(super) fn local_in_scope(&self, symbol: Symbol) -> Option<ObjId> {
        let index = self.locals.find(symbol)?;
        let start = self.locals.scope_start().max(self.env.base);
        (index >= start).then(|| self.locals.stack[index].object)
    }

    /// Reports that `object` declares a name again.
    pub(super) fn redeclared(&mut self, object: ObjId, previous: ObjId) {
        let (at, before) = (self.objects[object].span, self.objects[previous].span);
        let name = self.name(self.objects[object].name);
        let mut diagnostic = Diagnostic::error(Code::Redeclared, at, format!("{name} redeclared in this block"));
        if !before.is_none() {
            let place = self.sources.describe(before);
            diagnostic =
                diagnostic.label(before, "other declaration").note(format!("{place}: other declaration of {name}"));
        }
        self.report(diagnostic);
    }

    /// The object that a name refers to here: local, package, file, universe.
    pub(super) fn lookup_name(&self, symbol: Symbol) -> Option<ObjId> {
        if let Some(index) = self.locals.find(symbol)
            && index >= self.env.base
        {
            return Some(self.locals.stack[index].object);
        }
        if let Some(pkg) = self.env.pkg
            && let Some(&object) = self.packages[pkg].scope.get(&symbol)
        {
            return Some(object);
        }
        if let Some(&object) = self.file_scope().and_then(|scope| scope.get(&symbol)) {
            return Some(object);
        }
        if self.env.script
            && let Some(&object) = self.implicit_scope.get(&symbol)
        {
            return Some(object);
        }
        self.universe.scope.get(&symbol).copied()
    }

    /// All names in scope, for suggestions.
    pub(super) fn visible_names(&self) -> Vec<Symbol> {
        let mut names: Vec<Symbol> = self.locals.stack[self.env.base..].iter().map(|b| b.symbol).collect();
        if let Some(pkg) = self.env.pkg {
            names.extend(self.packages[pkg].scope.keys());
        }
        if let Some(scope) = self.file_scope() {
            names.extend(scope.keys());
        }
        names.extend(self.universe.scope.keys());
        names
    }

    /// A new variable of the current function; not visible before [`Checker::declare_local`].
    pub(super) fn new_local_var(&mut self, name: Symbol, span: Span, ty: TypeId, kind: VarKind) -> ObjId {
        let depth = self.funcs.len() as u16;
        self.objects.push(Object::new_var(name, span, self.env.pkg, ty, kind, depth))
    }

    /// Notes that the current function refers to a variable: it is captured when an outer function declares it.
    pub(super) fn note_capture(&mut self, id: ObjId) {
        let depth = self.funcs.len();
        let Some(var) = self.objects[id].var_mut() else { return };
        let home = usize::from(var.depth);
        if home == 0 || home >= depth {
            return;
        }
        var.captured = true;
        for func in &mut self.funcs[home..] {
            if !func.captures.contains(&id) {
                func.captures.push(id);
            }
        }
    }

    /// Notes that the address of a variable is taken.
    pub(super) fn note_addressed(&mut self, id: ObjId) {
        if let Some(var) = self.objects[id].var_mut() {
            var.addressed = true;
        }
    }

    /// Notes that a variable is assigned after its declaration.
    pub(super) fn note_reassigned(&mut self, id: ObjId) {
        if let Some(var) = self.objects[id].var_mut() {
            var.reassigned = true;
        }
    }
}
