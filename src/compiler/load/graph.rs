//! The graph of packages: a depth-first walk over imports that leaves dependencies first.

use std::io;
use std::path::{Path, PathBuf};

use rustc_hash::{FxHashMap, FxHashSet};

use super::path::{Import, NotFound, Sources, classify, locate, package_files, plain, show_folder};
use super::reach::Reachable;
use super::text::decode;
use super::{Extent, Loaded, SourceReader, Unit, library};
use crate::base::ids::Id;
use crate::base::{SourceMap, Span, Symbol, sym};
use crate::compiler::diag::{Code, Diagnostic, has_errors};
use crate::compiler::syntax::ast::{Ast, Decl, DeclKeyword, Expr, ExprId, File, Name, Spec, SpecId, Stmt};
use crate::compiler::syntax::{literal, parse_file};

/// How users see the folder of embedded sources.
const LIBRARY: &str = "$std";

/// Loads the program, script or package `entry`, a file or a folder, with all that it imports, after the standard
/// packages `needed`.
pub fn load(entry: &Path, reader: &dyn SourceReader, needed: &[&str], extent: Extent) -> (Loaded, SourceMap) {
    let loaded = Loaded { ast: Ast::new(), units: Vec::new(), diagnostics: Vec::new(), parsed: true };
    let mut loader = Loader {
        reader,
        loaded,
        sources: SourceMap::new(),
        states: FxHashMap::default(),
        own: FxHashMap::default(),
        located: FxHashMap::default(),
        loading: Vec::new(),
        wanted: Vec::new(),
        reachable: None,
    };
    for path in needed {
        loader.standard(path);
    }
    match loader.entry(entry) {
        Ok(sources) => {
            loader.own_unit(sources, Span::NONE);
        }
        Err(error) => {
            let message = format!("cannot read {}: {error}", entry.display());
            loader.error(Span::NONE, Code::UnreadableSource, message);
        }
    }
    loader.library(extent);
    (loader.loaded, loader.sources)
}

/// What kind of package it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Library,
    Program,
    Script,
}

/// How far a package has come.
#[derive(Clone, Copy)]
enum State {
    /// Its imports are being followed.
    Loading(Kind),
    /// It is a unit, or a program or script that cannot be imported.
    Loaded(Kind),
    /// It has no usable file; that was reported.
    Broken,
}

/// Who imports.
struct Importer {
    /// The folder that relative paths start from.
    folder: PathBuf,
    /// Whether it belongs to the standard library.
    is_std: bool,
}

/// State of the walk.
struct Loader<'r> {
    reader: &'r dyn SourceReader,
    loaded: Loaded,
    sources: SourceMap,
    /// Packages by their paths.
    states: FxHashMap<String, State>,
    /// Paths of own packages by the identity of their file or folder.
    own: FxHashMap<PathBuf, String>,
    /// Paths of own packages by where relative imports lead.
    located: FxHashMap<PathBuf, String>,
    /// Paths of the packages in progress, outermost first.
    loading: Vec<String>,
    /// The standard packages that own code imports.
    wanted: Vec<&'static str>,
    /// What of the library is loaded, if not all.
    reachable: Option<Reachable>,
}

impl Loader<'_> {
    // ---- Own code

    fn entry(&mut self, entry: &Path) -> io::Result<Sources> {
        let error = match self.reader.read(entry) {
            Ok(bytes) => {
                return Ok(Sources { path: entry.to_owned(), files: vec![(entry.to_owned(), Some(bytes))] });
            }
            Err(error) => error,
        };
        match package_files(entry, self.reader) {
            Ok(files) if files.is_empty() => {
                Err(io::Error::new(io::ErrorKind::NotFound, "no .lang files in this folder"))
            }
            Ok(files) => Ok(Sources { path: entry.to_owned(), files: files.into_iter().map(|f| (f, None)).collect() }),
            Err(e) if error.kind() == io::ErrorKind::IsADirectory => Err(e),
            Err(_) => Err(error),
        }
    }

    /// Loads the package in `sources` unless that was done before; its path.
    fn own_unit(&mut self, sources: Sources, import: Span) -> String {
        let identity = self.reader.identity(&sources.path);
        if let Some(known) = self.own.get(&identity) {
            return known.clone();
        }
        let path = unit_path(&sources.path);
        self.own.insert(identity, path.clone());
        let mut files = Vec::new();
        let mut implicit = Vec::new();
        for (name, bytes) in sources.files {
            let first_expr = self.loaded.ast.expr_count();
            if let Some(file) = self.read_file(&name, bytes, import) {
                if file.is_script() {
                    self.implicit_names(first_expr, &mut implicit);
                }
                files.push(file);
            }
        }
        let kind = self.agree(&mut files);
        let Some(kind) = kind else {
            self.states.insert(path.clone(), State::Broken);
            return path;
        };
        let unit =
            Unit { path: path.clone(), files, is_std: false, imports: FxHashMap::default(), implicit: Vec::new() };
        if kind != Kind::Library && !import.is_none() {
            self.states.insert(path.clone(), State::Loaded(kind));
        } else {
            self.follow(unit, kind, &implicit);
        }
        path
    }

    /// Reads, decodes and parses a file of own code.
    fn read_file(&mut self, path: &Path, bytes: Option<Vec<u8>>, import: Span) -> Option<File> {
        let bytes = match bytes.map_or_else(|| self.reader.read(path), Ok) {
            Ok(bytes) => bytes,
            Err(error) => {
                self.error(import, Code::UnreadableSource, format!("cannot read {}: {error}", path.display()));
                return None;
            }
        };
        let decoded = decode(bytes);
        let Ok(id) = self.sources.add(path.display().to_string(), decoded.text) else {
            let message = "source too large: all sources together must stay below 4 GiB";
            self.error(import, Code::SourceTooLarge, message);
            return None;
        };
        let base = self.sources.file(id).base;
        let (file, mut diagnostics) = parse_file(&mut self.loaded.ast, &self.sources, id);
        if !decoded.replaced.is_empty() {
            let replaced = |d: &Diagnostic| decoded.replaced.binary_search(&(d.span.lo - base)).is_ok();
            diagnostics.retain(|d| d.code != Code::InvalidCharacter || !replaced(d));
            let len = char::REPLACEMENT_CHARACTER.len_utf8() as u32;
            diagnostics.extend(decoded.invalid.iter().map(|&at| {
                let span = Span::new(base + at, base + at + len);
                Diagnostic::error(Code::InvalidUtf8, span, "invalid UTF-8 encoding")
            }));
        }
        self.loaded.parsed &= !has_errors(&diagnostics);
        self.loaded.diagnostics.append(&mut diagnostics);
        Some(file)
    }

    /// Keeps those files that belong to the package of the first and reports the others; `None` if there is no file.
    fn agree(&mut self, files: &mut Vec<File>) -> Option<Kind> {
        let first = *files.first()?;
        let named = files.iter().find_map(|f| f.package);
        let Some(package) = named else {
            for other in files.drain(1..) {
                let name = &self.sources.file(first.id).name;
                let message = format!("a script is a package of its own, but {name} is in the same folder");
                let span = self.sources.file(other.id).span().start();
                self.loaded.diagnostics.push(Diagnostic::error(Code::PackageMismatch, span, message));
            }
            return Some(Kind::Script);
        };
        let expected = self.loaded.ast.names.get(package.symbol);
        files.retain(|file| {
            let (span, found) = match file.package {
                Some(name) if name.symbol == package.symbol => return true,
                Some(name) => (name.span, format!("package {}", self.loaded.ast.names.get(name.symbol))),
                None => (self.sources.file(file.id).span().start(), "a script".to_owned()),
            };
            let diagnostic =
                Diagnostic::error(Code::PackageMismatch, span, format!("{found}; expected package {expected}"))
                    .label(package.span, "as here");
            self.loaded.diagnostics.push(diagnostic);
            false
        });
        Some(if package.symbol == sym::MAIN { Kind::Program } else { Kind::Library })
    }

    // ---- Imports

    /// Loads what a package imports and makes it a unit.
    fn follow(&mut self, mut unit: Unit, kind: Kind, implicit: &[Symbol]) {
        self.states.insert(unit.path.clone(), State::Loading(kind));
        self.loading.push(unit.path.clone());
        for index in 0..unit.files.len() {
            let file = unit.files[index];
            let importer = Importer { folder: self.sources.file(file.id).folder().to_owned(), is_std: unit.is_std };
            for (spec, path) in imports(&self.loaded.ast, file) {
                let target = self.import(&importer, path);
                unit.imports.insert(spec, target);
            }
        }
        for &symbol in implicit {
            let path = library::named(self.loaded.ast.names.get(symbol));
            if let Some(path) = path.and_then(|p| self.standard(p)) {
                unit.implicit.push((symbol, path));
            }
        }
        self.loading.pop();
        self.states.insert(unit.path.clone(), State::Loaded(kind));
        self.loaded.units.push(unit);
    }

    /// Loads the package that an import names; its path.
    fn import(&mut self, importer: &Importer, literal: Name) -> Option<String> {
        let bytes = literal::unquote_string(self.loaded.ast.names.get(literal.symbol))?;
        let path = String::from_utf8_lossy(&bytes);
        let span = literal.span;
        let target = match classify(&path) {
            Err(message) => {
                self.error(span, Code::InvalidImportPath, message);
                return None;
            }
            Ok(Import::Relative) => self.relative(importer, &path, span)?,
            Ok(Import::Standard) if library::is_internal(&path) && !importer.is_std => {
                self.error(span, Code::InvalidImportPath, format!("use of internal package {path} not allowed"));
                return None;
            }
            Ok(Import::Standard) if importer.is_std => self.standard_unit(&path)?,
            Ok(Import::Standard) if library::contains(&path) => return self.standard(&path),
            Ok(Import::Standard) => {
                self.not_in_library(importer, &path, span);
                return None;
            }
        };
        let what = match self.states.get(&target)? {
            State::Loading(Kind::Program) | State::Loaded(Kind::Program) => "program",
            State::Loading(Kind::Script) | State::Loaded(Kind::Script) => "script",
            State::Loading(Kind::Library) => {
                self.cycle(&target, span);
                return None;
            }
            State::Loaded(Kind::Library) => return Some(target),
            State::Broken => return None,
        };
        let message = format!("import {path:?} is a {what}, not an importable package");
        self.error(span, Code::InvalidImportPath, message);
        None
    }

    /// Notes that own code imports a standard package; its path.
    fn standard(&mut self, path: &str) -> Option<String> {
        let path = library::find(path)?;
        if !self.wanted.contains(&path) {
            self.wanted.push(path);
        }
        Some(path.to_owned())
    }

    /// Loads the standard packages that were noted, to stand before all other units.
    fn library(&mut self, extent: Extent) {
        let wanted = std::mem::take(&mut self.wanted);
        if extent == Extent::Reachable {
            let names = &self.loaded.ast.names;
            self.reachable = Some(Reachable::new(&wanted, names.texts()));
        }
        let own = std::mem::take(&mut self.loaded.units);
        for path in wanted {
            self.standard_unit(path);
        }
        self.loaded.units.extend(own);
    }

    /// Loads a standard package.
    fn standard_unit(&mut self, path: &str) -> Option<String> {
        if self.states.contains_key(path) {
            return Some(path.to_owned());
        }
        let mut files = Vec::new();
        for (name, text) in library::sources(path) {
            let text = match self.reachable.as_ref().map(|reachable| reachable.text(name)) {
                None => text,
                Some(Some(text)) => text,
                Some(None) => continue,
            };
            let Ok(id) = self.sources.add(format!("{LIBRARY}/{name}"), text) else { return None };
            let (file, mut diagnostics) = parse_file(&mut self.loaded.ast, &self.sources, id);
            self.loaded.parsed &= !has_errors(&diagnostics);
            self.loaded.diagnostics.append(&mut diagnostics);
            files.push(file);
        }
        let path = path.to_owned();
        let unit =
            Unit { path: path.clone(), files, is_std: true, imports: FxHashMap::default(), implicit: Vec::new() };
        self.follow(unit, Kind::Library, &[]);
        Some(path)
    }

    /// Loads own code; its path.
    fn relative(&mut self, importer: &Importer, path: &str, span: Span) -> Option<String> {
        let base = plain(&importer.folder.join(path));
        if let Some(known) = self.located.get(&base) {
            return Some(known.clone());
        }
        match locate(&base, self.reader) {
            Ok(sources) => {
                let known = self.own_unit(sources, span);
                self.located.insert(base, known.clone());
                Some(known)
            }
            Err(reason) => {
                self.not_found(path, span, reason);
                None
            }
        }
    }

    fn not_found(&mut self, path: &str, span: Span, reason: NotFound) {
        let (code, message) = match reason {
            NotFound::Missing(searched) => {
                let searched = searched.join(", ");
                let message = format!("could not import {path} (file not found; looked for {searched})");
                (Code::ImportNotFound, message)
            }
            NotFound::NoFiles(folder) => {
                (Code::ImportNotFound, format!("could not import {path} (no .lang files in {folder})"))
            }
            NotFound::Ambiguous(found) => {
                (Code::AmbiguousImport, format!("ambiguous import {path} (found {})", found.join(" and ")))
            }
            NotFound::Unreadable(place, error) => {
                (Code::UnreadableSource, format!("could not import {path} (cannot read {place}: {error})"))
            }
        };
        let mut diagnostic = Diagnostic::error(code, span, message);
        let without = [".lang", ".go"].iter().find_map(|extension| path.strip_suffix(extension));
        if let Some(without) = without.filter(|_| code == Code::ImportNotFound) {
            let text = "an import path has no file extension".to_owned();
            diagnostic = diagnostic.suggest(span, format!("{without:?}"), text);
        }
        self.loaded.diagnostics.push(diagnostic);
    }

    fn not_in_library(&mut self, importer: &Importer, path: &str, span: Span) {
        match path {
            "unsafe" => return self.error(span, Code::NotSupported, "package unsafe is not supported"),
            "C" => return self.error(span, Code::NotSupported, "cgo is not supported"),
            _ => {}
        }
        let message = format!("package {path} is not part of Lang's library");
        let mut diagnostic = Diagnostic::error(Code::ImportNotFound, span, message);
        let own = plain(&importer.folder.join(path));
        let best = match library::similar(path) {
            _ if !importer.is_std && locate(&own, self.reader).is_ok() => Some(format!("./{path}")),
            similar => similar.map(str::to_owned),
        };
        if let Some(best) = best {
            diagnostic = diagnostic.suggest(span, format!("{best:?}"), format!("did you mean `{best}`?"));
        }
        self.loaded.diagnostics.push(diagnostic);
    }

    /// Reports that an import closes a circle.
    fn cycle(&mut self, target: &str, span: Span) {
        let mut diagnostic = Diagnostic::error(Code::ImportCycle, span, "import cycle not allowed");
        let start = self.loading.iter().position(|path| path == target).unwrap_or(0);
        let circle = self.loading.get(start..).unwrap_or(&[]);
        let show = |path: &str| path.strip_prefix("./").unwrap_or(path).to_owned();
        if let [own] = circle {
            diagnostic = diagnostic.note(format!("{} imports itself", show(own)));
        } else {
            for (i, from) in circle.iter().enumerate() {
                let to = circle.get(i + 1).map_or(target, |next| next);
                diagnostic = diagnostic.note(format!("{} imports {}", show(from), show(to)));
            }
        }
        self.loaded.diagnostics.push(diagnostic);
    }

    // ---- Scripts

    /// Adds the names that stand before a dot in the expressions from `first` on and may be standard packages.
    fn implicit_names(&self, first: usize, names: &mut Vec<Symbol>) {
        let ast = &self.loaded.ast;
        let mut seen: FxHashSet<Symbol> = names.iter().copied().collect();
        for index in first..ast.expr_count() {
            if let Expr::Selector { x, .. } = ast.expr(ExprId::new(index))
                && let Expr::Ident(symbol) = ast.expr(x)
                && seen.insert(symbol)
            {
                names.push(symbol);
            }
        }
    }

    fn error(&mut self, span: Span, code: Code, message: impl Into<String>) {
        self.loaded.diagnostics.push(Diagnostic::error(code, span, message));
    }
}

/// The import specifications of a file with their path literals.
fn imports(ast: &Ast, file: File) -> Vec<(SpecId, Name)> {
    let mut found = Vec::new();
    for item in ast.list(file.items) {
        let Stmt::Decl(decl) = ast.stmt(item) else { continue };
        let Decl::Group { keyword: DeclKeyword::Import, specs, .. } = ast.decl(decl) else { continue };
        found.extend(ast.list(specs).filter_map(|spec| match ast.spec(spec) {
            Spec::Import { path, .. } => Some((spec, path)),
            _ => None,
        }));
    }
    found
}

/// The path of a unit of own code, which cannot be that of a standard package.
fn unit_path(path: &Path) -> String {
    let path = plain(path);
    let text = if path.as_os_str().is_empty() { show_folder(&path) } else { path.display().to_string() };
    if path.is_absolute() || text.starts_with('.') { text } else { format!("./{text}") }
}
