//! The compiler wing: source text to checked trees and bytecode. Pure: no unsafe code, no I/O.
//!
//! Layers, each importing only those before it: `diag` < `syntax` < `load` and `types` < `check` < `codegen`.
//! [`check_program`] and [`compile_program`] run them and are what the engine and the command line call. Phases
//! recurse over the tree, whose depth the parser limits; they run on a thread whose stack is sized for that limit, so
//! that no source overflows it.

#![deny(unsafe_code)]

pub mod check;
mod codegen;
pub mod diag;
pub mod load;
pub mod syntax;
pub mod types;

use std::io;
use std::panic;
use std::path::Path;
use std::thread;

use self::check::{Checked, Query};
use self::diag::{Code, Diagnostic, has_errors};
use self::load::{Extent, Loaded, SourceReader, Unit};
use self::syntax::ast::{Ast, Decl, List, Stmt, StmtId};
use crate::base::{SourceMap, Span, sym};
use crate::bytecode;

/// Stack of the compiler's thread. The nesting limit is 10,000 levels, and a level takes some kilobytes in a debug
/// build. Only what is used becomes real memory.
const STACK: usize = if cfg!(target_pointer_width = "64") { 1 << 30 } else { 1 << 28 };

/// Packages that every compiled program has: their types are those of the machine's own errors.
const MACHINE: &[&str] = &["runtime"];

/// A program or script with all that is known about it.
pub struct Program {
    /// All sources that were read.
    pub sources: SourceMap,
    /// The tree of all files.
    pub ast: Ast,
    /// What the type checker found out; absent after syntax errors.
    pub checked: Option<Checked>,
    /// Everything there is to say, in order of position.
    pub diagnostics: Vec<Diagnostic>,
    /// The statements of the entry if it is a script.
    pub script: Option<List<StmtId>>,
    /// What it was compiled to, if that was asked for and nothing is wrong.
    pub code: Option<bytecode::Program>,
}

/// Reads and checks the program, script or package `entry`, a file or a folder, with all that it imports.
pub fn check_program(entry: &Path, reader: &dyn SourceReader) -> Program {
    with_stack(&|stack| front_end(entry, reader, &[], Extent::Whole, stack)).unwrap_or_else(failure)
}

/// The same, and compiles it to bytecode unless something is wrong.
pub fn compile_program(entry: &Path, reader: &dyn SourceReader) -> Program {
    let compile = |stack| {
        let compile = |extent| back_end(front_end(entry, reader, MACHINE, extent, stack));
        let program = compile(Extent::Reachable);
        if has_errors(&program.diagnostics) { compile(Extent::Whole) } else { program }
    };
    with_stack(&compile).unwrap_or_else(failure)
}

fn failure(error: io::Error) -> Program {
    Program {
        sources: SourceMap::new(),
        ast: Ast::new(),
        checked: None,
        diagnostics: vec![Diagnostic::error(Code::Limit, Span::NONE, format!("cannot start the compiler: {error}"))],
        script: None,
        code: None,
    }
}

/// Runs `work` on a thread with a large stack, whose size it is told, and a panic of it goes on in the caller.
fn with_stack<R: Send>(work: &(dyn Fn(usize) -> R + Sync)) -> io::Result<R> {
    thread::scope(|scope| {
        let spawn = |size| {
            let thread = thread::Builder::new().name("compiler".to_owned()).stack_size(size);
            thread.spawn_scoped(scope, move || work(size))
        };
        // Where address space is limited, less may do: few programs nest deeply.
        let thread = spawn(STACK).or_else(|_| spawn(STACK / 16))?;
        Ok(thread.join().unwrap_or_else(|fault| panic::resume_unwind(fault)))
    })
}

fn back_end(mut program: Program) -> Program {
    if has_errors(&program.diagnostics) {
        return program;
    }
    let Some(checked) = program.checked.take() else { return program };
    match codegen::generate(Query::new(checked, &program.ast, &program.sources), program.script) {
        Ok(code) => program.code = Some(code),
        Err(mut errors) => program.diagnostics.append(&mut errors),
    }
    program
}

fn front_end(entry: &Path, reader: &dyn SourceReader, needed: &[&str], extent: Extent, stack: usize) -> Program {
    let (mut loaded, sources) = load::load(entry, reader, needed, extent);
    let mut diagnostics = std::mem::take(&mut loaded.diagnostics);
    let mut checked = loaded.parsed.then(|| check::check(&loaded, &sources, stack));
    if let Some(checked) = &mut checked {
        diagnostics.append(&mut checked.diagnostics);
    }
    if !has_errors(&diagnostics) {
        diagnostics.extend(missing_main(&loaded));
    }
    diagnostics.sort_by_key(|d| (d.span.lo, d.severity));
    let file = loaded.units.last().and_then(|unit| unit.files.first());
    let script = file.filter(|file| file.is_script()).map(|file| file.items);
    Program { sources, ast: loaded.ast, checked, diagnostics, script, code: None }
}

/// A program must have a function `main`. As in Go, that is said only if nothing else is wrong.
fn missing_main(loaded: &Loaded) -> Option<Diagnostic> {
    let entry: &Unit = loaded.units.last()?;
    let package = entry.files.iter().find_map(|file| file.package).filter(|name| name.symbol == sym::MAIN)?;
    let ast = &loaded.ast;
    let is_main = |item| {
        let Stmt::Decl(decl) = ast.stmt(item) else { return false };
        let Decl::Func(id) = ast.decl(decl) else { return false };
        let func = ast.func(id);
        func.recv.is_none() && func.name.symbol == sym::MAIN
    };
    let declared = entry.files.iter().any(|file| ast.list(file.items).any(is_main));
    let message = "function main is undeclared in the main package";
    (!declared).then(|| Diagnostic::error(Code::MissingMain, package.span, message))
}
