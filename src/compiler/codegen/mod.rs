//! Code generation: from checked trees to bytecode.
//!
//! Everything reachable from the entry is compiled once per list of type arguments. The generator keeps a list of
//! functions that were named and not compiled yet; compiling one may name more.
//!
//! Values live in slots (`builder`), laid out as `types` says. A variable lives in slots of its own, or in a cell of
//! the heap: [`Gen`] decides in one place, [`func::Fun::placement`].

mod assign;
mod builder;
mod builtins;
mod call;
mod control;
mod convert;
mod expr;
mod func;
mod iterate;
mod literal;
mod liveness;
mod names;
mod ops;
mod range;
mod stmt;
mod switch;
mod thunk;
mod types;

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use self::func::{Capture, Fun};
use self::thunk::Thunk;
use self::types::TypeTable;
use crate::base::{FileId, Span, Symbol, sym};
use crate::bytecode::program::{FuncIdx, Function, Known, Place, Program, WordKind};
use crate::compiler::check::Query;
use crate::compiler::diag::{Code, Diagnostic};
use crate::compiler::syntax::ast::{ExprId, FuncId, List, StmtId};
use crate::compiler::types::{ObjId, ObjKind, PkgId, Type, TypeId, tid};

/// Type parameters and what they are in an instance.
#[derive(Clone, Default, PartialEq, Eq, Hash, Debug)]
pub(super) struct Env {
    from: Arc<[TypeId]>,
    to: Arc<[TypeId]>,
}

/// What a function of the program is made of.
enum Work {
    /// A declared function or method.
    Decl { func: FuncId, obj: ObjId },
    /// A function literal.
    Lit { expr: ExprId, captures: Vec<Capture> },
    /// The initialisation of a package.
    Init(PkgId),
    /// The statements of a script.
    Script(List<StmtId>),
    /// Initialises all packages and begins the program.
    Entry,
    /// A function that passes a call on.
    Thunk(Thunk),
}

struct Job {
    index: FuncIdx,
    work: Work,
    env: Env,
}

/// The generator.
pub(super) struct Gen<'a> {
    query: Query<'a>,
    program: Program,
    table: TypeTable,
    jobs: Vec<Job>,
    declared: FxHashMap<(ObjId, Arc<[TypeId]>), FuncIdx>,
    wrappers: FxHashMap<(TypeId, Symbol, Option<PkgId>), FuncIdx>,
    constants: FxHashMap<u64, u32>,
    strings: FxHashMap<Box<[u8]>, u32>,
    natives: FxHashMap<String, u32>,
    globals: FxHashMap<ObjId, u32>,
    decls: FxHashMap<ObjId, FuncId>,
    /// The names of the methods that can be called without knowing the type.
    dynamic: FxHashSet<Symbol>,
    files: FxHashMap<FileId, u32>,
    script: Option<List<StmtId>>,
    errors: Vec<Diagnostic>,
}

/// Compiles a checked program. `script` has the statements of the entry if it is a script.
pub fn generate(query: Query<'_>, script: Option<List<StmtId>>) -> Result<Program, Vec<Diagnostic>> {
    let decls = query.info().funcs.iter().map(|(&func, &obj)| (obj, func)).collect();
    let dynamic = query.types().interface_methods().collect();
    let mut generator = Gen {
        query,
        program: Program::default(),
        table: TypeTable::default(),
        jobs: Vec::new(),
        declared: FxHashMap::default(),
        wrappers: FxHashMap::default(),
        constants: FxHashMap::default(),
        strings: FxHashMap::default(),
        natives: FxHashMap::default(),
        globals: FxHashMap::default(),
        decls,
        dynamic,
        files: FxHashMap::default(),
        script,
        errors: Vec::new(),
    };
    generator.run();
    if generator.errors.is_empty() { Ok(generator.program) } else { Err(generator.errors) }
}

impl Gen<'_> {
    fn run(&mut self) {
        let functions: Vec<ObjId> = self.decls.keys().copied().collect();
        let generic = functions.into_iter().filter(|&obj| !self.type_params(obj).is_empty()).collect();
        self.query.substitute_locals(generic);
        self.known_types();
        self.program.entry = self.job("runtime.main", Work::Entry, Env::default());
        loop {
            if let Some(job) = self.jobs.pop() {
                self.compile(job);
            } else if let Some(idx) = self.table.todo.pop() {
                self.methods_of(idx);
            } else {
                self.finish_types();
                if self.jobs.is_empty() && self.table.todo.is_empty() {
                    break;
                }
            }
        }
        for ty in &mut self.program.types {
            ty.methods.sort_unstable();
        }
    }

    /// Types that the machine makes values of.
    fn known_types(&mut self) {
        let mut known = Known {
            string: self.dynamic_type(tid::STRING),
            byte: self.dynamic_type(tid::UINT8),
            any: self.dynamic_type(tid::ANY),
            error: self.dynamic_type(tid::ERROR),
            ..Known::default()
        };
        let runtime = self.query.packages().iter().find(|package| package.is_std && package.path == "runtime");
        let Some(runtime) = runtime else { return self.program.known = known };
        let named: Vec<(Symbol, ObjId)> = runtime.scope.iter().map(|(&name, &obj)| (name, obj)).collect();
        for (name, obj) in named {
            let (field, pointer) = match self.query.ast().names.get(name) {
                "errorString" => (&mut known.error_string, false),
                "boundsError" => (&mut known.bounds_error, false),
                "plainError" => (&mut known.plain_error, false),
                "TypeAssertionError" => (&mut known.assertion_error, true),
                "PanicNilError" => (&mut known.nil_error, true),
                "stringer" => (&mut known.stringer, false),
                _ => continue,
            };
            let ty = self.query.objects()[obj].ty;
            let ty = if pointer { self.query.types_mut().pointer_to(ty) } else { ty };
            *field = self.dynamic_type(ty);
        }
        self.program.known = known;
    }

    fn compile(&mut self, job: Job) {
        let index = job.index as usize;
        let name = std::mem::take(&mut self.program.functions[index].name);
        let mut far = false;
        loop {
            match Fun::compile(self, &job, name.clone(), far) {
                Ok(mut function) => {
                    // Whoever makes its closures knows what they hold.
                    function.captures = std::mem::take(&mut self.program.functions[index].captures);
                    break self.program.functions[index] = function;
                }
                Err(builder::TooLarge::Jump) if !far => far = true,
                Err(_) => {
                    let message = format!("function {name} is too large: it needs more than 32,000 slots");
                    self.errors.push(Diagnostic::error(Code::Limit, Span::NONE, message));
                    break;
                }
            }
        }
    }

    /// A function that is to be compiled.
    fn job(&mut self, name: impl Into<String>, work: Work, env: Env) -> FuncIdx {
        let index = self.program.functions.len() as FuncIdx;
        self.program.functions.push(Function { name: name.into(), ..Function::default() });
        self.jobs.push(Job { index, work, env });
        index
    }

    /// The number of a function that is compiled on the side.
    fn placeholder(&mut self) -> FuncIdx {
        self.program.functions.push(Function::default());
        self.program.functions.len() as FuncIdx - 1
    }

    /// Gives a function its place, and says what its closures hold.
    fn fill(&mut self, index: FuncIdx, function: Function, captures: Vec<WordKind>) {
        self.program.functions[index as usize] = Function { captures, ..function };
    }

    /// The function of a declaration with type arguments: those of the receiver, then its own.
    fn function(&mut self, obj: ObjId, targs: &[TypeId]) -> FuncIdx {
        let targs: Arc<[TypeId]> = targs.iter().map(|&t| self.query.types().canon(t)).collect();
        if let Some(&known) = self.declared.get(&(obj, targs.clone())) {
            return known;
        }
        let name = self.function_name(obj, &targs);
        let from = self.type_params(obj);
        let env = Env { from: from.into(), to: targs.clone() };
        let func = self.decls[&obj];
        let index = self.job(name, Work::Decl { func, obj }, env);
        self.declared.insert((obj, targs), index);
        index
    }

    /// The type parameters of a declaration: those of the receiver's type, then its own.
    fn type_params(&mut self, obj: ObjId) -> Vec<TypeId> {
        let mut params = Vec::new();
        if let Some(recv) = self.receiver_base(obj)
            && let Some(id) = self.query.types().as_named(recv)
        {
            params.extend_from_slice(&self.query.types().named(id).tparams);
        }
        if let Type::Signature(sig) = self.query.types().get(self.query.objects()[obj].ty) {
            params.extend_from_slice(&sig.tparams);
        }
        params
    }

    /// The defined type that a method is declared for, generic or not.
    fn receiver_base(&self, obj: ObjId) -> Option<TypeId> {
        let func = self.query.ast().func(*self.decls.get(&obj)?);
        let var = *self.query.info().fields.get(&func.recv?)?;
        let ty = self.query.objects()[var].ty;
        let types = self.query.types();
        let base = if let Type::Pointer(elem) = *types.get(ty) { elem } else { ty };
        // The receiver of a generic type is its instance with its own parameters.
        let id = types.as_named(base)?;
        let named = types.named(id);
        Some(named.origin.map_or(types.unalias(base), |origin| types.named(origin).ty))
    }

    /// A function's name as traces show it.
    fn function_name(&self, obj: ObjId, targs: &[TypeId]) -> String {
        let object = &self.query.objects()[obj];
        let names = &self.query.ast().names;
        let package = object.pkg.map_or("", |pkg| self.package_name(pkg));
        let own = names.get(object.name);
        // Type arguments stand where they belong: at the receiver's type, or at the function.
        let dots = |some: bool| if some { "[...]" } else { "" };
        match (&object.kind, self.receiver_base(obj)) {
            (ObjKind::Func { ptr_recv, .. }, Some(base)) => {
                let id = self.query.types().as_named(base);
                let ty = id.map_or("?", |id| names.get(self.query.objects()[self.query.types().named(id).obj].name));
                let of_type = id.map_or(0, |id| self.query.types().named(id).tparams.len());
                let (ty, own) = (format!("{ty}{}", dots(of_type > 0)), format!("{own}{}", dots(targs.len() > of_type)));
                if *ptr_recv { format!("{package}.(*{ty}).{own}") } else { format!("{package}.{ty}.{own}") }
            }
            _ => format!("{package}.{own}{}", dots(!targs.is_empty())),
        }
    }

    /// How names of a package are qualified in traces and natives.
    fn package_name(&self, pkg: PkgId) -> &str {
        let package = &self.query.packages()[pkg];
        if package.is_std { &package.path } else { self.query.ast().names.get(package.name) }
    }

    // ---- tables

    fn constant(&mut self, value: u64) -> u32 {
        let next = self.program.constants.len() as u32;
        let index = *self.constants.entry(value).or_insert(next);
        if index == next {
            self.program.constants.push(value);
        }
        index
    }

    fn string(&mut self, bytes: &[u8]) -> u32 {
        if let Some(&known) = self.strings.get(bytes) {
            return known;
        }
        let index = self.program.strings.len() as u32;
        self.program.strings.push(bytes.into());
        self.strings.insert(bytes.into(), index);
        index
    }

    fn native(&mut self, name: String) -> u32 {
        let next = self.program.natives.len() as u32;
        let index = *self.natives.entry(name.clone()).or_insert(next);
        if index == next {
            self.program.natives.push(name);
        }
        index
    }

    /// Where a global variable lies, in bytes.
    fn global(&mut self, obj: ObjId) -> u32 {
        if let Some(&known) = self.globals.get(&obj) {
            return known;
        }
        let ty = self.query.objects()[obj].ty;
        let layout = self.layout(ty);
        let globals = &mut self.program.globals;
        if globals.len() % 2 == 1 {
            globals.push(WordKind::Scalar);
        }
        let offset = globals.len() as u32 * 8;
        let words = self.program.types[layout.idx as usize].words.clone();
        let total = (layout.size.div_ceil(8) as usize).max(1);
        let repeated = words.iter().copied().cycle().take(if words.is_empty() { 0 } else { total });
        self.program.globals.extend(repeated);
        self.program.globals.resize(offset as usize / 8 + total, WordKind::Scalar);
        self.globals.insert(obj, offset);
        offset
    }

    fn place(&mut self, span: Span) -> Option<Place> {
        let sources = self.query.sources();
        let id = sources.file_at(span.lo)?;
        let file = sources.file(id);
        let next = self.program.files.len() as u32;
        let index = *self.files.entry(id).or_insert(next);
        if index == next {
            self.program.files.push(file.name.clone());
        }
        Some(Place { file: index, line: file.line_column(span.lo).0 })
    }

    /// What there is that this compiler cannot translate yet.
    fn unsupported(&mut self, span: Span, what: &str) {
        let message = format!("not supported yet: {what}");
        self.errors.push(Diagnostic::error(Code::Limit, span, message));
    }

    /// The function `main` of the entry package.
    fn main_function(&self) -> Option<ObjId> {
        let package = self.query.packages().iter().last()?;
        package.scope.get(&sym::MAIN).copied()
    }
}
