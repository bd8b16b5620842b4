//! The type checker: from parsed packages to a fully resolved, fully typed program.
//!
//! Phases, for each package in dependency order:
//! 1. *Collect* (`collect`): every top-level name becomes an object; imports fill the file scopes.
//! 2. *Declare* (`decl`): each object gets its type, on demand and at most once; a declaration that needs itself is
//!    found by the path of declarations in progress. What needs complete types is put off (`later`).
//! 3. *Bodies* (`stmt`, `expr`, …): function bodies are checked after all declarations, each once, generic or not.
//! 4. *Order* (`initorder`): package variables are sorted by what their initialisers refer to.
//!
//! Invariants:
//! - An error is reported once: its operand becomes invalid, and invalid operands and types are silent.
//! - An expression is recorded in [`Info`] when its type is final; one that is still untyped gets its final type when
//!   the context supplies it (`untyped`).
//! - Inside of a declaration the checker recurses as deep as the parser's nesting limit allows, times a constant;
//!   declarations that need others end when they use a quarter of the stack (`Checker::declare`). Types are expanded
//!   lazily and instantiation depth is bounded.
//!
//! The method is that of Go's own checker in outline (operands with modes, lazy declarations, delayed actions); the
//! data structures are different: hash-consed types, index tables, one stack of local bindings.

mod assign;
mod assignability;
mod builtins;
mod call;
mod collect;
mod compare;
mod conversion;
mod decl;
mod env;
mod expr;
mod expr_text;
mod finite;
mod implements;
mod index;
mod infer;
mod info;
mod initorder;
mod instantiate;
mod labels;
mod literals;
mod lookup;
mod mono;
mod operand;
mod predicates;
mod query;
mod range;
mod receiver;
mod selector;
mod shift;
mod stmt;
mod subst;
mod switch;
mod terminate;
mod typeset;
mod typexpr;
mod unify;
mod unions;
mod untyped;

use std::collections::VecDeque;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use self::collect::DeclInfo;
use self::env::{Env, FuncState, Locals};
pub use self::info::{Info, Initializer, Mode, Selection, SelectionKind};
use self::lookup::Found;
pub use self::operand::Operand;
pub use self::query::{MethodOf, Query};
use self::typeset::TypeSet;
use crate::base::ids::IdVec;
use crate::base::{SourceMap, Span, Symbol};
use crate::compiler::diag::{Code, Diagnostic, Severity};
use crate::compiler::load::Loaded;
use crate::compiler::syntax::ast::{Ast, BlockId, ExprId, FuncId};
use crate::compiler::types::{ObjId, Objects, Package, PkgId, Scope, Type, TypeId, TypePrinter, Types, Universe, tid};

/// A checked program.
pub struct Checked {
    /// All types.
    pub types: Types,
    /// All objects.
    pub objects: Objects,
    /// All packages, dependencies first; the entry is the last.
    pub packages: IdVec<PkgId, Package>,
    /// What was found out about the tree.
    pub info: Info,
    /// Everything there is to say, in order of position.
    pub diagnostics: Vec<Diagnostic>,
}

/// Checks all packages of `loaded`. `stack` is the size of the thread's stack in bytes, of which a part may be in use.
pub fn check(loaded: &Loaded, sources: &SourceMap, stack: usize) -> Checked {
    let mut checker = Checker::new(&loaded.ast, sources);
    // A quarter holds tens of thousands of declarations; the rest is for a last one that is nested deeply.
    checker.stack_limit = stack_position().saturating_sub(stack / 4);
    for unit in &loaded.units {
        checker.package(unit);
    }
    checker.finish()
}

/// A function's or package-level literal's body that waits until all declarations are done.
struct Body {
    env: Box<Env>,
    sig: TypeId,
    block: BlockId,
    lit: Option<ExprId>,
    func: Option<FuncId>,
}

/// A check that needs complete types, with the environment it was put off in; done when no declaration is in progress.
struct Action {
    env: Box<Env>,
    run: Box<dyn FnOnce(&mut Checker<'_>)>,
}

/// About where the stack ends now; it grows towards lower addresses.
#[inline(never)]
fn stack_position() -> usize {
    let marker = 0u8;
    std::ptr::from_ref(&marker).addr()
}

/// State of the check.
pub struct Checker<'a> {
    ast: &'a Ast,
    sources: &'a SourceMap,
    types: Types,
    objects: Objects,
    packages: IdVec<PkgId, Package>,
    universe: Universe,
    info: Info,
    diagnostics: Vec<Diagnostic>,
    /// Where the checker is.
    env: Env,
    /// Local names in scope.
    locals: Locals,
    /// Functions and literals around the current statement, outermost first.
    funcs: Vec<FuncState>,
    /// Names that imports give to each file of the current package.
    file_scopes: Vec<Scope>,
    /// Standard packages that a script mentions without importing them.
    implicit_scope: Scope,
    /// Declarations of package-level objects.
    decls: FxHashMap<ObjId, Arc<DeclInfo>>,
    /// How far each declaration has come; absent ones are done.
    progress: IdVec<ObjId, decl::Progress>,
    /// Objects being declared, outermost first.
    path: Vec<ObjId>,
    /// Checks to be done when no declaration is in progress.
    delayed: VecDeque<Action>,
    /// Packages by import path.
    by_path: FxHashMap<String, PkgId>,
    /// Methods declared per receiver base type name, until the type is declared.
    methods: FxHashMap<ObjId, Vec<ObjId>>,
    type_sets: FxHashMap<TypeId, Arc<TypeSet>>,
    lookups: FxHashMap<(TypeId, Symbol, Option<PkgId>), Found>,
    /// What each package-level object's declaration refers to, for initialisation order.
    deps: FxHashMap<ObjId, Vec<ObjId>>,
    /// The pairs in `deps`.
    dependencies_seen: FxHashSet<(ObjId, ObjId)>,
    /// Where the fields of struct types are declared, by canonical type and name.
    field_spans: FxHashMap<(TypeId, Symbol), Span>,
    /// Bodies to be checked when all declarations are done.
    delayed_bodies: VecDeque<Body>,
    /// The variables of the current script, in order.
    script_vars: Vec<ObjId>,
    /// The names of imports of the current package, with their files.
    imports: Vec<(usize, ObjId)>,
    /// Those of them that are markers of dot imports.
    dot_imports: Vec<(usize, ObjId)>,
    /// Names that method receivers give to their type's parameters.
    receiver_params: FxHashMap<FuncId, Vec<ObjId>>,
    /// Names of method receivers, for the types of method expressions.
    receiver_names: FxHashMap<ObjId, Symbol>,
    /// Untyped left operands of non-constant shifts: their final type must be an integer.
    shift_operands: FxHashSet<ExprId>,
    /// Where the stack may not grow to: declarations that need each other are checked inside of each other.
    stack_limit: usize,
    /// What is remembered of generic types and functions.
    generics: instantiate::Generics,
}

impl<'a> Checker<'a> {
    fn new(ast: &'a Ast, sources: &'a SourceMap) -> Self {
        let mut types = Types::new();
        let mut objects = Objects::new();
        let universe = Universe::new(&mut types, &mut objects);
        Self {
            ast,
            sources,
            types,
            objects,
            packages: IdVec::new(),
            universe,
            info: Info::new(ast.expr_count()),
            diagnostics: Vec::new(),
            env: Env::default(),
            locals: Locals::default(),
            funcs: Vec::new(),
            file_scopes: Vec::new(),
            implicit_scope: Scope::default(),
            decls: FxHashMap::default(),
            progress: IdVec::new(),
            path: Vec::new(),
            delayed: VecDeque::new(),
            by_path: FxHashMap::default(),
            methods: FxHashMap::default(),
            type_sets: FxHashMap::default(),
            lookups: FxHashMap::default(),
            deps: FxHashMap::default(),
            dependencies_seen: FxHashSet::default(),
            field_spans: FxHashMap::default(),
            delayed_bodies: VecDeque::new(),
            script_vars: Vec::new(),
            imports: Vec::new(),
            dot_imports: Vec::new(),
            receiver_params: FxHashMap::default(),
            receiver_names: FxHashMap::default(),
            shift_operands: FxHashSet::default(),
            stack_limit: 0,
            generics: instantiate::Generics::default(),
        }
    }

    fn finish(mut self) -> Checked {
        self.diagnostics.sort_by_key(|d| (d.span.lo, d.severity));
        // As in Go, a line has each message once.
        let mut seen = FxHashSet::default();
        let place =
            |span: Span| self.sources.file_at(span.lo).map(|id| (id, self.sources.file(id).line_column(span.lo).0));
        self.diagnostics.retain(|d| seen.insert((place(d.span), d.message.clone())));
        Checked {
            types: self.types,
            objects: self.objects,
            packages: self.packages,
            info: self.info,
            diagnostics: self.diagnostics,
        }
    }

    // ---- Messages

    /// Reports an error.
    fn error(&mut self, span: Span, code: Code, message: impl Into<String>) {
        self.report(Diagnostic::error(code, span, message));
    }

    /// Reports a diagnostic built by the caller (labels, notes, suggestion). Follow-ups of wrong operands are dropped:
    /// their cause was reported where the type went wrong.
    fn report(&mut self, diagnostic: Diagnostic) {
        let follow_up = diagnostic.message.contains("invalid type") || diagnostic.message.contains("invalid operand");
        if !follow_up || self.diagnostics.is_empty() {
            self.diagnostics.push(diagnostic);
        }
    }

    /// Reports what is an error in programs and a warning in scripts.
    fn soft_error(&mut self, diagnostic: Diagnostic) {
        let severity = if self.env.script { Severity::Warning } else { Severity::Error };
        self.report(Diagnostic { severity, ..diagnostic });
    }

    /// A type as messages show it.
    fn text(&self, ty: TypeId) -> String {
        self.printer().text(ty)
    }

    fn printer(&self) -> TypePrinter<'_> {
        TypePrinter {
            names: &self.ast.names,
            types: &self.types,
            objects: &self.objects,
            packages: &self.packages,
            current: self.env.pkg,
        }
    }

    /// The text of a name.
    fn name(&self, symbol: Symbol) -> &'a str {
        self.ast.names.get(symbol)
    }

    // ---- Types

    /// The underlying type; instances are expanded. [`tid::INVALID`] for a declaration in progress whose right side is
    /// not known yet.
    fn under(&mut self, ty: TypeId) -> TypeId {
        let Type::Named(id) = *self.types.get(ty) else { return self.types.unalias(ty) };
        if let Some(known) = self.types.named(id).underlying {
            return known;
        }
        self.resolve_underlying(id)
    }

    /// The underlying type as far as it is known; for messages.
    fn known_under(&self, ty: TypeId) -> TypeId {
        match *self.types.get(ty) {
            Type::Named(id) => self.types.named(id).underlying.unwrap_or(tid::INVALID),
            _ => self.types.unalias(ty),
        }
    }

    /// The structure of the underlying type. Cheap to clone: large parts are shared.
    fn under_type(&mut self, ty: TypeId) -> Type {
        let under = self.under(ty);
        self.types.get(under).clone()
    }

    // ---- Delayed work

    /// Puts off a check until no declaration is in progress.
    fn later(&mut self, run: impl FnOnce(&mut Checker<'_>) + 'static) {
        let env = Box::new(self.env.clone());
        self.delayed.push_back(Action { env, run: Box::new(run) });
    }

    /// Does all work that was put off, also what that puts off.
    fn run_delayed(&mut self) {
        self.run_actions();
        while let Some(Body { env, sig, block, lit, func }) = self.delayed_bodies.pop_front() {
            let outer = std::mem::replace(&mut self.env, *env);
            self.func_body(sig, block, lit, func);
            self.env = outer;
            self.run_actions();
        }
    }

    /// Does the checks that were put off, but leaves bodies.
    fn run_actions(&mut self) {
        while let Some(Action { env, run }) = self.delayed.pop_front() {
            let outer = std::mem::replace(&mut self.env, *env);
            run(self);
            self.env = outer;
        }
    }

    /// What the imports of the current file declare.
    fn file_scope(&self) -> Option<&Scope> {
        self.file_scopes.get(self.env.file)
    }
}
