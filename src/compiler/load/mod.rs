//! Loading: finds, reads and parses the packages of a program or script.
//!
//! Phases, for each package, beginning with the entry:
//! 1. *Locate* (`path`): an import path is classified as Go does; a relative one names a file or a folder.
//! 2. *Parse*: its sources are read, decoded (`text`) and parsed into the one tree of the compilation; the files of a
//!    folder must agree on the package. Standard packages come from a table in the binary (`library`), after all own
//!    code: then it is known what of them the program can reach (`reach`).
//! 3. *Follow* (`graph`): its imports are loaded in the same way, and then the package is complete.
//!
//! Invariants:
//! - [`Loaded::units`] is in dependency order, and a package is in it once, however many paths lead to it.
//! - Only what is imported is parsed; in scripts, also the standard packages whose names stand before a dot.
//! - This module does no I/O. It asks a [`SourceReader`], which the caller implements over files or memory.
//! - What is wrong with an import is reported once, at the import; its entry in [`Unit::imports`] is `None` then.

mod graph;
mod library;
mod path;
mod reach;
mod text;

use std::io;
use std::path::{Path, PathBuf};

use rustc_hash::FxHashMap;

pub use self::graph::load;
use crate::base::Symbol;
use crate::compiler::diag::Diagnostic;
use crate::compiler::syntax::ast::{Ast, File, SpecId};

/// Where sources come from. `Sync`, because the compiler runs on a thread of its own.
pub trait SourceReader: Sync {
    /// The bytes of a file. An absent file is [`io::ErrorKind::NotFound`]; the error's words are shown after a colon.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// The full paths of the plain files in a folder, sorted.
    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>>;

    /// What all paths of one file or folder have in common, so that it is loaded once.
    fn identity(&self, path: &Path) -> PathBuf {
        path.to_owned()
    }
}

/// What is loaded of the standard packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All: whatever is wrong with the program can be said.
    Whole,
    /// What the program can reach: enough for a program with nothing wrong.
    Reachable,
}

/// All packages of a program, parsed.
pub struct Loaded {
    /// The tree of all files.
    pub ast: Ast,
    /// The packages, dependencies first; the entry is the last. Empty if the entry could not be read.
    pub units: Vec<Unit>,
    /// What was found wrong.
    pub diagnostics: Vec<Diagnostic>,
    /// Whether all files are free of syntax errors, so that the tree can be checked.
    pub parsed: bool,
}

/// The files of one package.
pub struct Unit {
    /// Its import path; of own code the path of its file or folder, which begins with `.` or `/`.
    pub path: String,
    /// Its files.
    pub files: Vec<File>,
    /// Whether it is part of the standard library.
    pub is_std: bool,
    /// The path of the unit that each import means; `None` after an error.
    pub imports: FxHashMap<SpecId, Option<String>>,
    /// In scripts, the standard packages in scope without an import: name and path.
    pub implicit: Vec<(Symbol, String)>,
}
