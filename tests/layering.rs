//! Who may import whom.
//!
//! The table [`LAYERS`] is the import order of ARCHITECTURE.md. The test reads every path in `src/` that begins with
//! `crate`, `super`, `self` or the library's name, in `use` lines and elsewhere, finds the layers at both ends and
//! refuses what the table does not allow. It also keeps the generators of the parser inside `syntax`, and I/O out
//! of the compiler.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Each layer with the layers directly below it; it may import those and all that they may import.
const LAYERS: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("compiler::diag", &["base"]),
    ("compiler::syntax", &["compiler::diag"]),
    ("compiler::load", &["compiler::syntax"]),
    ("compiler::types", &["compiler::syntax"]),
    ("compiler::check", &["compiler::load", "compiler::types"]),
    ("compiler::escape", &["compiler::check"]),
    ("compiler::codegen", &["compiler::escape", "bytecode"]),
    ("compiler", &["compiler::codegen"]),
    ("bytecode", &["base"]),
    ("memory::stats", &["base"]),
    ("memory::heap", &["memory::stats"]),
    ("memory::gc", &["memory::heap"]),
    ("memory", &["memory::gc"]),
    ("runtime::object", &["memory", "bytecode"]),
    ("runtime::stack", &["runtime::object"]),
    ("runtime::sched", &["runtime::stack"]),
    ("runtime::interp", &["runtime::sched"]),
    ("runtime::native", &["runtime::interp"]),
    ("runtime", &["runtime::native"]),
    ("observe", &["runtime"]),
    ("engine", &["compiler", "observe"]),
    ("cli", &["engine"]),
];

/// Words that only `compiler::syntax` may use.
const GENERATORS: &[&str] = &["lalrpop", "lalrpop_util", "logos", "Logos"];
/// Paths and macros that the compiler must not use, because it does no I/O.
const IO: &[&str] = &["std::fs", "std::env", "std::net", "std::process"];
const IO_MACROS: &[&str] = &["print", "println", "eprint", "eprintln"];

#[test]
fn imports_follow_the_architecture() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    assert!(files.len() > 10, "the sources were not found");
    let sources: Vec<_> =
        files.iter().map(|file| (module_of(&root, file), fs::read_to_string(file).unwrap())).collect();
    let sources: Vec<_> = sources.iter().map(|(module, text)| (module.clone(), text.as_str())).collect();
    let problems = problems(&sources);
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

#[test]
fn the_order_has_no_cycle() {
    for (layer, below) in LAYERS {
        assert!(!below.iter().any(|b| reachable(b).contains(layer)), "{layer} is above and below itself");
    }
}

#[test]
fn every_rule_can_fail() {
    let cases: &[(&str, &str, &str)] = &[
        (
            "compiler::diag::json",
            "use crate::compiler::syntax::Ast;",
            "compiler::diag must not import compiler::syntax",
        ),
        ("base::ids", "use super::super::compiler::diag::Code;", "base must not import compiler::diag"),
        ("compiler::types", "use super::load::Package;", "compiler::types must not import compiler::load"),
        ("compiler::syntax", "use crate::{base::Span, compiler::{diag::Code, check::Info}};", "compiler::check"),
        ("compiler::syntax", "fn f(x: crate::compiler::types::Type) {}", "compiler::types"),
        ("compiler::diag", "use super::check_program;", "compiler::diag must not import compiler"),
        ("runtime::interp::ops", "use crate::compiler::diag::Code;", "runtime::interp must not import compiler::diag"),
        ("memory::heap", "use crate::runtime::object::Str;", "memory::heap must not import runtime::object"),
        ("memory::heap::span", "use super::super::gc::Cycle;", "memory::heap must not import memory::gc"),
        ("compiler::check", "mod tests { use super::super::cli::X; use crate::engine::Vm; }", "must not import engine"),
        ("compiler::check", "#[derive(Logos)] struct T;", "only compiler::syntax may name Logos"),
        ("cli", "use lalrpop_util::ParseError;", "only compiler::syntax may name lalrpop_util"),
        ("compiler::load", "use std::fs::File;", "the compiler does no I/O"),
        ("compiler::load", "use std::{env, fs};", "the compiler does no I/O"),
        ("compiler::load", "fn f() { println!(\"x\") }", "the compiler does no I/O"),
        ("base", "use crate::nowhere::Thing;", "nowhere"),
    ];
    for (module, text, want) in cases {
        let found = problems(&[((*module).to_owned(), text)]);
        assert!(found.iter().any(|p| p.contains(want)), "{module}: {text}\nfound {found:?}");
    }
}

#[test]
fn what_is_allowed_passes() {
    let macros = "#[macro_export]\nmacro_rules! define_id { () => { $crate::base::ids::RawId } }";
    let cases: &[(&str, &str)] = &[
        ("compiler::check::stmt", "use super::Checker; use crate::base::{Span, sym}; use crate::compiler::types::*;"),
        ("compiler::diag", "mod code; pub use code::Code; mod tests { use super::Diagnostic; use super::*; }"),
        ("compiler::syntax::parse", "use lalrpop_util::ParseError; use logos::Logos;"),
        (
            "compiler::types",
            "// use crate::compiler::check::Info;\nconst S: &str = \"crate::engine::Vm\"; use crate::define_id;",
        ),
        ("cli::check", "use tricolor::compiler::diag::Code; use super::files::FileSystem;"),
        ("compiler::load", "use std::path::Path; use std::io; fn f() -> io::Result<()> { Ok(()) }"),
    ];
    for (module, text) in cases {
        let found = problems(&[("base::ids".to_owned(), macros), ((*module).to_owned(), text)]);
        assert!(found.is_empty(), "{module}: {text}\nfound {found:?}");
    }
}

/// All problems of a set of modules with their texts.
fn problems(sources: &[(String, &str)]) -> Vec<String> {
    let code: Vec<_> = sources.iter().map(|(module, text)| (module.as_str(), tokens(text))).collect();
    let mut macros = BTreeMap::new();
    for (module, tokens) in &code {
        for window in tokens.windows(7).filter(|w| w[2] == "macro_export" && w[4] == "macro_rules") {
            macros.insert(window[6].clone(), layer_of(module));
        }
    }
    let mut out = Vec::new();
    for (module, tokens) in &code {
        let from = layer_of(module);
        let allowed = from.map(reachable);
        for path in paths(module, tokens) {
            let to = macros.get(path.split("::").next().unwrap_or("")).copied().unwrap_or_else(|| layer_of(&path));
            match (from, to) {
                (None, _) => {}
                (Some(from), None) => out.push(format!("{module}: {from} must not import {path} of the crate's root")),
                (Some(from), Some(to)) if from == to || allowed.as_ref().is_some_and(|a| a.contains(to)) => {}
                (Some(from), Some(to)) => out.push(format!("{module}: {from} must not import {to} ({path})")),
            }
        }
        out.extend(generators_and_io(module, tokens));
    }
    out
}

fn generators_and_io(module: &str, tokens: &[String]) -> Vec<String> {
    let mut out = Vec::new();
    let compiler = module == "compiler" || module.starts_with("compiler::");
    for (i, token) in tokens.iter().enumerate() {
        if GENERATORS.contains(&token.as_str()) && layer_of(module) != Some("compiler::syntax") {
            out.push(format!("{module}: only compiler::syntax may name {token}"));
        }
        let is_macro = tokens.get(i + 1).is_some_and(|t| t == "!") && IO_MACROS.contains(&token.as_str());
        let mut used = Vec::new();
        if token == "std" && tokens.get(i + 1).is_some_and(|t| t == "::") {
            expand(tokens, &mut (i + 2), "std", &mut used);
        }
        let io =
            used.iter().find(|path| IO.iter().any(|io| path.as_str() == *io || path.starts_with(&format!("{io}::"))));
        if compiler && (is_macro || io.is_some()) {
            out.push(format!("{module}: the compiler does no I/O, but uses {}", io.unwrap_or(token)));
        }
    }
    out
}

/// The layer that a module or item belongs to: the longest that is a prefix of its path.
fn layer_of(path: &str) -> Option<&'static str> {
    let inside = |layer: &str| path == layer || path.strip_prefix(layer).is_some_and(|rest| rest.starts_with("::"));
    LAYERS.iter().map(|(layer, _)| *layer).filter(|layer| inside(layer)).max_by_key(|layer| layer.len())
}

/// All layers below `layer`.
fn reachable(layer: &str) -> BTreeSet<&'static str> {
    let below = LAYERS.iter().find(|(name, _)| *name == layer).map_or(&[][..], |(_, below)| below);
    below.iter().flat_map(|b| std::iter::once(*b).chain(reachable(b))).collect()
}

/// Every path into the crate, resolved to the crate's root.
fn paths(module: &str, tokens: &[String]) -> Vec<String> {
    let mut out = Vec::new();
    let mut inner: Vec<(String, usize)> = Vec::new();
    let (mut depth, mut i) = (0, 0);
    while let Some(token) = tokens.get(i) {
        let next = tokens.get(i + 1).map(String::as_str);
        let continues = i > 0 && tokens[i - 1] == "::";
        match token.as_str() {
            "{" => depth += 1,
            "}" => {
                depth -= 1;
                inner.pop_if(|(_, opened)| *opened == depth);
            }
            "mod" if tokens.get(i + 2).is_some_and(|t| t == "{") => inner.extend(next.map(|n| (n.to_owned(), depth))),
            "crate" | "super" | "self" | "tricolor" if next == Some("::") && !continues => {
                let mut base: Vec<&str> = match token.as_str() {
                    "crate" | "tricolor" => Vec::new(),
                    _ => module
                        .split("::")
                        .filter(|s| !s.is_empty())
                        .chain(inner.iter().map(|(n, _)| n.as_str()))
                        .collect(),
                };
                while tokens.get(i).is_some_and(|t| t == "super") {
                    base.pop();
                    i += 2;
                }
                if matches!(token.as_str(), "crate" | "self" | "tricolor") {
                    i += 2;
                }
                let mut end = i;
                expand(tokens, &mut end, &base.join("::"), &mut out);
                continue;
            }
            _ => {}
        }
        i += 1;
    }
    out
}

/// Reads the rest of a path, groups in braces included, and adds all paths it stands for.
fn expand(tokens: &[String], i: &mut usize, prefix: &str, out: &mut Vec<String>) {
    let join = |name: &str| if prefix.is_empty() { name.to_owned() } else { format!("{prefix}::{name}") };
    match tokens.get(*i).map(String::as_str) {
        Some("{") => {
            *i += 1;
            while tokens.get(*i).is_some_and(|t| t != "}") {
                expand(tokens, i, prefix, out);
                while tokens.get(*i).is_some_and(|t| t != "," && t != "}") {
                    *i += 1;
                }
                *i += usize::from(tokens.get(*i).is_some_and(|t| t == ","));
            }
            *i += 1;
        }
        Some("*" | "self") => {
            out.push(prefix.to_owned());
            *i += 1;
        }
        Some(name) if name.starts_with(|c: char| c.is_alphabetic() || c == '_') => {
            *i += 1;
            if tokens.get(*i).is_some_and(|t| t == "::") && tokens.get(*i + 1).is_some_and(|t| t != "<") {
                *i += 1;
                expand(tokens, i, &join(name), out);
            } else {
                out.push(join(name));
            }
        }
        _ => {}
    }
}

/// Splits Rust source into words, `::` and single characters; comments, strings and characters are left out.
fn tokens(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    let mut out = Vec::new();
    let mut i = 0;
    while i < chars.len() {
        match at(i) {
            '/' if at(i + 1) == '/' => i += chars[i..].iter().take_while(|&&c| c != '\n').count(),
            '/' if at(i + 1) == '*' => {
                while i < chars.len() && !(at(i) == '*' && at(i + 1) == '/') {
                    i += 1;
                }
                i += 2;
            }
            'r' if at(i + 1) == '"' || (at(i + 1) == '#' && matches!(at(i + 2), '"' | '#')) => {
                let hashes = chars[i + 1..].iter().take_while(|&&c| c == '#').count();
                i += hashes + 2;
                while i < chars.len() && !(at(i) == '"' && (1..=hashes).all(|n| at(i + n) == '#')) {
                    i += 1;
                }
                i += hashes + 1;
            }
            '"' => {
                i += 1;
                while i < chars.len() && at(i) != '"' {
                    i += 1 + usize::from(at(i) == '\\');
                }
                i += 1;
            }
            '\'' if at(i + 1) == '\\' => {
                i += 3 + chars[(i + 3).min(chars.len())..].iter().take_while(|&&c| c != '\'').count() + 1
            }
            '\'' if at(i + 2) == '\'' => i += 3,
            c if c.is_alphanumeric() || c == '_' => {
                let word: String = chars[i..].iter().take_while(|c| c.is_alphanumeric() || **c == '_').collect();
                i += word.chars().count();
                out.push(word);
            }
            ':' if at(i + 1) == ':' => {
                out.push("::".to_owned());
                i += 2;
            }
            c => {
                if !c.is_whitespace() {
                    out.push(c.to_string());
                }
                i += 1;
            }
        }
    }
    out
}

/// The module path of a source file; empty for the crate's roots.
fn module_of(root: &Path, file: &Path) -> String {
    let relative = file.strip_prefix(root).unwrap().with_extension("");
    let mut parts: Vec<_> = relative.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if matches!(parts.last().map(String::as_str), Some("mod" | "lib" | "main")) {
        parts.pop();
    }
    parts.join("::")
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
}
