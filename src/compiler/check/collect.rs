//! Phase 1 and the course of a package's check: top-level names become objects, imports fill the file scopes.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::Checker;
use super::decl::Progress;
use super::env::Env;
use super::lookup::is_exported;
use crate::base::{Span, Symbol, sym};
use crate::compiler::diag::{Code, Diagnostic};
use crate::compiler::load::Unit;
use crate::compiler::syntax::ast::{Decl, DeclId, Expr, ExprId, Func, FuncId, List, Name, Spec, SpecId, Stmt, StmtId};
use crate::compiler::types::constant::Value;
use crate::compiler::types::{ObjId, ObjKind, Object, Package, PkgId, Scope, VarKind};

/// The declaration of a package-level object, with the file it stands in.
#[derive(Debug)]
pub(super) struct DeclInfo {
    /// Index of its file.
    pub file: usize,
    /// Whether that is a script.
    pub script: bool,
    /// What declares it.
    pub kind: DeclKind,
}

/// What declares an object.
#[derive(Debug)]
pub(super) enum DeclKind {
    /// A constant.
    Const {
        /// Its type as written or repeated.
        ty: Option<ExprId>,
        /// Its value as written or repeated.
        init: Option<ExprId>,
        /// Its place in the group.
        iota: u32,
        /// Whether type and value are repeated.
        repeated: bool,
    },
    /// A variable.
    Var {
        /// All variables of an initialiser with several results; else empty.
        together: Arc<[ObjId]>,
        /// Its type.
        ty: Option<ExprId>,
        /// Its value.
        init: Option<ExprId>,
    },
    /// A type.
    Type(SpecId),
    /// A function or method.
    Func(FuncId),
}

/// A method with the type name its receiver mentions.
struct Method {
    obj: ObjId,
    base: Option<Symbol>,
}

impl Checker<'_> {
    /// Checks one package; those it imports have been checked.
    pub(super) fn package(&mut self, unit: &Unit) {
        let name = self.package_name(unit);
        let pkg = self.packages.push(Package {
            path: unit.path.clone(),
            name,
            scope: Scope::default(),
            is_std: unit.is_std,
            exported: Default::default(),
            imports: Vec::new(),
            broken: false,
        });
        self.by_path.insert(unit.path.clone(), pkg);
        self.env = Env { pkg: Some(pkg), ..Env::default() };
        self.file_scopes = vec![Scope::default(); unit.files.len()];
        self.implicit_scope.clear();
        let mut objects = Vec::new();
        let mut methods = Vec::new();
        for (index, file) in unit.files.iter().enumerate() {
            self.env.file = index;
            self.env.script = file.is_script();
            if file.is_script() {
                self.implicit_imports(unit);
            }
            for item in self.ast.list(file.items) {
                if let Stmt::Decl(decl) = self.ast.stmt(item) {
                    self.env.exports = self.ast.exports.contains(&self.ast.stmt_span(item).lo);
                    self.collect_decl(unit, decl, &mut objects, &mut methods);
                }
            }
        }
        self.check_file_clashes(unit);
        self.attach_methods(methods);
        self.declare_all(&objects);
        for (index, file) in unit.files.iter().enumerate() {
            if file.is_script() {
                self.env = Env { pkg: Some(pkg), file: index, script: true, ..Env::default() };
                self.script_body(file.items);
            }
        }
        self.run_delayed();
        self.report_unused_globals();
        self.check_instantiation_cycles();
        self.env = Env { pkg: Some(pkg), ..Env::default() };
        self.init_order(pkg);
        self.report_unused_imports(unit);
        self.check_interface_cycles();
        self.decls.clear();
    }

    fn package_name(&self, unit: &Unit) -> Symbol {
        unit.files.iter().find_map(|f| f.package).map_or(sym::MAIN, |name| name.symbol)
    }

    fn collect_decl(&mut self, unit: &Unit, decl: DeclId, objects: &mut Vec<ObjId>, methods: &mut Vec<Method>) {
        match self.ast.decl(decl) {
            Decl::Func(id) => self.collect_func(id, objects, methods),
            Decl::Group { specs, .. } => {
                for spec in self.ast.list(specs) {
                    match self.ast.spec(spec) {
                        Spec::Bad => {}
                        Spec::Import { name, path } => self.collect_import(unit, spec, name, path),
                        Spec::Const { names, ty, values, repeated, iota } => {
                            self.collect_consts(names, ty, values, repeated, iota, objects);
                        }
                        // The variables of a script are declared when its statements run.
                        Spec::Var { .. } if self.env.script => {}
                        Spec::Var { names, ty, values } => self.collect_vars(names, ty, values, objects),
                        Spec::Type { name, .. } => {
                            let object = self.collect_object(name.symbol, name.span, ObjKind::TypeName);
                            self.info.type_names.insert(spec, object);
                            self.add_decl(object, DeclKind::Type(spec), objects);
                        }
                    }
                }
            }
        }
    }

    fn collect_import(&mut self, unit: &Unit, spec: SpecId, name: Option<Name>, path: Name) {
        let target = unit.imports.get(&spec).and_then(|target| self.by_path.get(target.as_ref()?).copied());
        let Some(imported) = target else { return self.broken_import(name, path) };
        let Some(own) = self.env.pkg else { return };
        if !self.packages[own].imports.contains(&imported) {
            self.packages[own].imports.push(imported);
        }
        let span = name.map_or(path.span, |n| n.span);
        match name.map(|n| n.symbol) {
            Some(sym::BLANK) => {}
            Some(sym::DOT) => self.dot_import(imported, span, path.symbol),
            Some(sym::INIT) => {
                self.error(span, Code::InvalidInitMain, "cannot import package as init - init must be a func")
            }
            other => {
                let symbol = other.unwrap_or(self.packages[imported].name);
                let kind = ObjKind::PkgName { pkg: imported, used: false, path: path.symbol };
                let object = self.objects.push(Object::new(symbol, span, self.env.pkg, kind));
                self.imports.push((self.env.file, object));
                let previous = self.file_scopes[self.env.file].get(&symbol).copied();
                match previous {
                    Some(previous) => self.redeclared(object, previous),
                    None => {
                        self.file_scopes[self.env.file].insert(symbol, object);
                    }
                }
            }
        }
    }

    /// The name of a package that could not be loaded, so that its uses are no further errors.
    fn broken_import(&mut self, name: Option<Name>, path: Name) {
        let literal = self.name(path.symbol).trim_matches(['"', '`']);
        let last = literal.trim_end_matches(".lang").rsplit('/').next().unwrap_or(literal);
        // A name that was never interned is used nowhere.
        let Some(symbol) = name.map(|n| n.symbol).or_else(|| self.ast.names.lookup(last)) else { return };
        if symbol == sym::BLANK || symbol == sym::DOT {
            return;
        }
        let pkg = self.packages.push(Package {
            path: literal.to_owned(),
            name: symbol,
            scope: Scope::default(),
            is_std: false,
            exported: Default::default(),
            imports: Vec::new(),
            broken: true,
        });
        let kind = ObjKind::PkgName { pkg, used: true, path: path.symbol };
        let object = self.objects.push(Object::new(symbol, path.span, self.env.pkg, kind));
        self.file_scopes[self.env.file].entry(symbol).or_insert(object);
    }

    /// Standard packages that a script mentions without importing them; an own import or declaration hides them.
    fn implicit_imports(&mut self, unit: &Unit) {
        for (name, path) in &unit.implicit {
            let Some(&pkg) = self.by_path.get(path) else { continue };
            let kind = ObjKind::PkgName { pkg, used: true, path: sym::EMPTY };
            let object = self.objects.push(Object::new(*name, Span::NONE, self.env.pkg, kind));
            self.implicit_scope.insert(*name, object);
        }
    }

    fn dot_import(&mut self, imported: PkgId, span: Span, path: Symbol) {
        let kind = ObjKind::PkgName { pkg: imported, used: false, path };
        // The marker keeps track of use; its name cannot be written.
        let marker = self.objects.push(Object::new(sym::DOT, span, self.env.pkg, kind));
        self.dot_imports.push((self.env.file, marker));
        self.imports.push((self.env.file, marker));
        let exported: Vec<(Symbol, ObjId)> = self.packages[imported]
            .scope
            .iter()
            .filter(|&(&name, _)| is_exported(self.name(name)))
            .map(|(&name, &object)| (name, object))
            .collect();
        for (name, object) in exported {
            match self.file_scopes[self.env.file].get(&name).copied() {
                Some(previous) if previous != object => {
                    let message = format!("{} redeclared in this block", self.name(name));
                    let before = self.objects[previous].span;
                    let place = self.sources.describe(before);
                    let diagnostic = Diagnostic::error(Code::Redeclared, span, message)
                        .label(before, "other declaration")
                        .note(format!("{place}: other declaration of {}", self.name(name)));
                    self.report(diagnostic);
                }
                _ => {
                    self.file_scopes[self.env.file].insert(name, object);
                }
            }
        }
    }

    fn collect_consts(
        &mut self,
        names: List<ExprId>,
        ty: Option<ExprId>,
        values: List<ExprId>,
        repeated: bool,
        iota: u32,
        objects: &mut Vec<ObjId>,
    ) {
        for (i, ident) in self.ast.list(names).enumerate() {
            let Expr::Ident(symbol) = self.ast.expr(ident) else { continue };
            let object = self.collect_object(symbol, self.ast.span(ident), ObjKind::Const { value: Value::Unknown });
            self.info.record_use(ident, object);
            let init = self.ast.nth(values, i);
            self.add_decl(object, DeclKind::Const { ty, init, iota, repeated }, objects);
        }
        self.const_arity(names, values, repeated);
    }

    fn collect_vars(
        &mut self,
        names: List<ExprId>,
        ty: Option<ExprId>,
        values: List<ExprId>,
        objects: &mut Vec<ObjId>,
    ) {
        let declared: Vec<(ExprId, ObjId)> = self
            .ast
            .list(names)
            .filter_map(|ident| match self.ast.expr(ident) {
                Expr::Ident(symbol) => Some((ident, symbol)),
                _ => None,
            })
            .map(|(ident, symbol)| {
                let variable = Object::new_var(
                    symbol,
                    self.ast.span(ident),
                    self.env.pkg,
                    crate::compiler::types::tid::INVALID,
                    VarKind::Global,
                    0,
                );
                (ident, self.collect_new(variable))
            })
            .collect();
        let together: Arc<[ObjId]> = match values.len() {
            1 if names.len() > 1 => declared.iter().map(|&(_, o)| o).collect(),
            _ => Arc::from([]),
        };
        for (i, &(ident, object)) in declared.iter().enumerate() {
            self.info.record_use(ident, object);
            let init = if together.is_empty() { self.ast.nth(values, i) } else { self.ast.first(values) };
            self.add_decl(object, DeclKind::Var { together: together.clone(), ty, init }, objects);
        }
        self.var_arity(names, values, ty);
    }

    fn collect_func(&mut self, id: FuncId, objects: &mut Vec<ObjId>, methods: &mut Vec<Method>) {
        let func = self.ast.func(id);
        let name = func.name;
        if let Some(recv) = func.recv {
            let (base, ptr_recv) = self.receiver_base(self.ast.field(recv).ty);
            let kind = ObjKind::Func { method: true, ptr_recv };
            let object = self.objects.push(Object::new(name.symbol, name.span, self.env.pkg, kind));
            self.info.funcs.insert(id, object);
            self.add_decl(object, DeclKind::Func(id), objects);
            methods.push(Method { obj: object, base });
            return;
        }
        let kind = ObjKind::Func { method: false, ptr_recv: false };
        let is_main_package = self.env.pkg.is_some_and(|p| self.packages[p].name == sym::MAIN) && !self.env.script;
        let special = name.symbol == sym::INIT || (name.symbol == sym::MAIN && is_main_package);
        if special {
            self.check_special(&func);
        }
        let object = if name.symbol == sym::INIT || name.symbol == sym::BLANK {
            if name.symbol == sym::INIT && func.body.is_none() {
                self.error(name.span, Code::MissingBody, "func init must have a body");
            }
            self.objects.push(Object::new(name.symbol, name.span, self.env.pkg, kind))
        } else {
            self.collect_object(name.symbol, name.span, kind)
        };
        self.info.funcs.insert(id, object);
        self.add_decl(object, DeclKind::Func(id), objects);
    }

    fn check_special(&mut self, func: &Func) {
        let name = self.name(func.name.symbol);
        if !func.tparams.is_empty() {
            self.error(func.name.span, Code::InvalidInitMain, format!("func {name} must have no type parameters"));
        }
        if !func.sig.params.is_empty() || !func.sig.results.is_empty() {
            let message = format!("func {name} must have no arguments and no return values");
            self.error(func.name.span, Code::InvalidInitMain, message);
        }
    }

    /// The type name a receiver type mentions, and whether through a pointer.
    pub(super) fn receiver_base(&self, ty: ExprId) -> (Option<Symbol>, bool) {
        let mut ty = self.ast.unparen(ty);
        let mut pointer = false;
        if let Expr::Star(inner) = self.ast.expr(ty) {
            pointer = true;
            ty = self.ast.unparen(inner);
        }
        if let Expr::Index { x, .. } = self.ast.expr(ty) {
            ty = self.ast.unparen(x);
        }
        match self.ast.expr(ty) {
            Expr::Ident(symbol) => (Some(symbol), pointer),
            _ => (None, pointer),
        }
    }

    fn collect_object(&mut self, name: Symbol, span: Span, kind: ObjKind) -> ObjId {
        self.collect_new(Object::new(name, span, self.env.pkg, kind))
    }

    /// Enters an object into the package scope.
    fn collect_new(&mut self, object: Object) -> ObjId {
        let (name, span) = (object.name, object.span);
        let is_func = matches!(object.kind, ObjKind::Func { .. });
        let exported_by_directive = self.env.exports || self.ast.exports.contains(&span.lo);
        let id = self.objects.push(object);
        let Some(pkg) = self.env.pkg else { return id };
        if name == sym::BLANK {
            return id;
        }
        let package_name = self.packages[pkg].name;
        if name == sym::INIT && !is_func {
            self.error(span, Code::InvalidInitMain, "cannot declare init - must be func");
            return id;
        }
        if name == sym::MAIN && package_name == sym::MAIN && !is_func && !self.env.script {
            self.error(span, Code::InvalidInitMain, "cannot declare main - must be func");
            return id;
        }
        if exported_by_directive {
            self.packages[pkg].exported.insert(name);
        }
        match self.packages[pkg].scope.get(&name).copied() {
            Some(previous) => self.redeclared(id, previous),
            None => {
                self.packages[pkg].scope.insert(name, id);
            }
        }
        id
    }

    fn add_decl(&mut self, object: ObjId, kind: DeclKind, objects: &mut Vec<ObjId>) {
        let info = DeclInfo { file: self.env.file, script: self.env.script, kind };
        self.decls.insert(object, Arc::new(info));
        self.set_progress(object, Progress::Pending);
        objects.push(object);
    }

    /// A name that an import gives to a file must not be declared by the package.
    fn check_file_clashes(&mut self, unit: &Unit) {
        let Some(pkg) = self.env.pkg else { return };
        for index in 0..unit.files.len() {
            let mut clashes: Vec<(Symbol, ObjId, ObjId)> = self.file_scopes[index]
                .iter()
                .filter_map(|(&name, &import)| Some((name, import, *self.packages[pkg].scope.get(&name)?)))
                .collect();
            clashes.sort_by_key(|&(_, import, _)| import);
            for (name, import, declared) in clashes {
                let text = self.name(name);
                let (span, other) = (self.objects[declared].span, self.objects[import].span);
                let (pkg, path, kind) = match self.objects[import].kind {
                    ObjKind::PkgName { pkg, path, .. } => (pkg, path, "import"),
                    _ => {
                        let Some((pkg, path)) = self.dot_import_of(index, import) else { continue };
                        (pkg, path, "dot-import")
                    }
                };
                let package = self.name(self.packages[pkg].name);
                let message =
                    format!("{text} already declared through {kind} of package {package} ({})", self.name(path));
                let place = self.sources.describe(other);
                let diagnostic = Diagnostic::error(Code::Redeclared, span, message)
                    .label(other, "imported here")
                    .note(format!("{place}: {text} imported here"));
                self.report(diagnostic);
            }
        }
    }

    /// The dot import of a file that brought an object: its package and path.
    fn dot_import_of(&self, file: usize, object: ObjId) -> Option<(PkgId, Symbol)> {
        let home = self.objects[object].pkg?;
        self.dot_imports.iter().filter(|&&(f, _)| f == file).find_map(|&(_, marker)| match self.objects[marker].kind {
            ObjKind::PkgName { pkg, path, .. } if pkg == home => Some((pkg, path)),
            _ => None,
        })
    }

    /// Hands methods to the type names their receivers mention.
    fn attach_methods(&mut self, methods: Vec<Method>) {
        let Some(pkg) = self.env.pkg else { return };
        let mut by_type: FxHashMap<ObjId, Vec<ObjId>> = FxHashMap::default();
        for method in methods {
            let Some(mut base) = method.base.and_then(|name| self.packages[pkg].scope.get(&name).copied()) else {
                continue;
            };
            // A receiver may name its type through aliases; bounded, as aliases may be cyclic.
            for _ in 0..64 {
                let Some((next, pointer)) = self.alias_target(base) else { break };
                base = next;
                if pointer && let ObjKind::Func { ptr_recv, .. } = &mut self.objects[method.obj].kind {
                    *ptr_recv = true;
                }
            }
            by_type.entry(base).or_default().push(method.obj);
        }
        self.methods = by_type;
    }

    /// The type name that a package-level alias spells as its right side, and whether as a pointer to it.
    fn alias_target(&self, object: ObjId) -> Option<(ObjId, bool)> {
        let info = self.decls.get(&object)?;
        let DeclKind::Type(spec) = info.kind else { return None };
        let Spec::Type { alias: true, ty, .. } = self.ast.spec(spec) else { return None };
        // The methods of an instance are those of its generic type.
        let inner = match self.ast.expr(self.ast.unparen(ty)) {
            Expr::Star(inner) => self.ast.unparen(inner),
            _ => self.ast.unparen(ty),
        };
        if matches!(self.ast.expr(inner), Expr::Index { .. }) {
            return None;
        }
        let (name, pointer) = self.receiver_base(ty);
        let target = self.packages[self.env.pkg?].scope.get(&name?).copied()?;
        Some((target, pointer))
    }

    /// Phase 2: types first, then everything else in textual order.
    fn declare_all(&mut self, objects: &[ObjId]) {
        let is_type = |c: &Self, o: &ObjId| matches!(c.objects[*o].kind, ObjKind::TypeName);
        let is_alias = |c: &Self, o: &ObjId| {
            let spec = c.decls.get(o).and_then(|d| if let DeclKind::Type(spec) = d.kind { Some(spec) } else { None });
            spec.is_some_and(|s| matches!(c.ast.spec(s), Spec::Type { alias: true, .. }))
        };
        for &object in objects.iter().filter(|o| is_type(self, o) && !is_alias(self, o)).collect::<Vec<_>>() {
            self.obj_decl(object);
        }
        for &object in objects {
            self.obj_decl(object);
        }
        self.run_actions();
    }

    /// The top-level statements of a script that are not declarations checked beforehand.
    pub(super) fn is_collected(&self, stmt: StmtId) -> bool {
        let Stmt::Decl(decl) = self.ast.stmt(stmt) else { return false };
        match self.ast.decl(decl) {
            Decl::Func(_) => true,
            Decl::Group { keyword, .. } => keyword != crate::compiler::syntax::ast::DeclKeyword::Var,
        }
    }

    /// The variables of a script that nothing uses.
    fn report_unused_globals(&mut self) {
        for object in std::mem::take(&mut self.script_vars) {
            let (name, span) = (self.objects[object].name, self.objects[object].span);
            if self.objects[object].var().is_some_and(|var| !var.used) {
                let message = format!("declared and not used: {}", self.name(name));
                self.report(Diagnostic::warning(Code::UnusedVariable, span, message));
            }
        }
    }

    fn report_unused_imports(&mut self, unit: &Unit) {
        self.dot_imports.clear();
        let mut unused = std::mem::take(&mut self.imports);
        unused.sort_by_key(|&(_, o)| self.objects[o].span);
        for (index, object) in unused {
            let ObjKind::PkgName { used: false, path, .. } = self.objects[object].kind else { continue };
            let (name, span) = (self.objects[object].name, self.objects[object].span);
            self.env.script = unit.files.get(index).is_some_and(|f| f.is_script());
            let path = self.name(path).trim_matches(['"', '`']);
            let last = path.trim_end_matches(".lang").rsplit('/').next().unwrap_or(path);
            let message = if name == sym::DOT || self.name(name) == last {
                format!("{path:?} imported and not used")
            } else {
                format!("{path:?} imported as {} and not used", self.name(name))
            };
            self.soft_error(Diagnostic::error(Code::UnusedImport, span, message));
        }
    }
}
