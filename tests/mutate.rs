//! Mutated sources of the corpus: whatever comes out, the compiler says something sensible or nothing, and never fails.

mod support;
#[path = "support/text.rs"]
mod text;

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};
use tricolor::base::SourceMap;
use tricolor::compiler::diag::{has_errors, json};
use tricolor::compiler::syntax::ast::Ast;
use tricolor::compiler::syntax::parse_file;
use tricolor::compiler::syntax::printer::print_file;

/// Mutations of one source, applied in turn. Positions are fractions of the text.
#[derive(Clone, Debug)]
enum Mutation {
    /// Removes a stretch of words.
    Delete(f64, usize),
    /// Repeats a stretch of words.
    Repeat(f64, usize),
    /// Swaps two words.
    Swap(f64, f64),
    /// Puts a word of the text, or one of [`WORDS`], somewhere else.
    Insert(f64, usize),
    /// Replaces one byte.
    Byte(f64, u8),
    /// Cuts the text off.
    Cut(f64),
}

/// Words that like to confuse parsers.
const WORDS: &[&str] = &[
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    ";",
    ",",
    ":",
    ":=",
    "=",
    ".",
    "...",
    "<-",
    "~",
    "*",
    "&",
    "!",
    "\n",
    "\"",
    "`",
    "'",
    "/*",
    "//",
    "func",
    "type",
    "struct",
    "interface",
    "map",
    "chan",
    "go",
    "defer",
    "if",
    "else",
    "for",
    "range",
    "switch",
    "case",
    "default",
    "select",
    "return",
    "goto",
    "fallthrough",
    "package",
    "import",
    "const",
    "var",
    "iota",
    "nil",
    "any",
    "1",
    "0x",
    "1e9999",
    "'a'",
    "\"s\"",
    "x",
    "_",
    "T",
    "T[T]",
    "[...]",
    "1<<",
    "\u{0}",
    "\u{feff}",
    "é",
];

fn mutation() -> impl Strategy<Value = Mutation> {
    let at = || 0.0..1.0f64;
    prop_oneof![
        (at(), 1..8usize).prop_map(|(at, n)| Mutation::Delete(at, n)),
        (at(), 1..8usize).prop_map(|(at, n)| Mutation::Repeat(at, n)),
        (at(), at()).prop_map(|(a, b)| Mutation::Swap(a, b)),
        (at(), 0..2 * WORDS.len()).prop_map(|(at, n)| Mutation::Insert(at, n)),
        (at(), any::<u8>()).prop_map(|(at, byte)| Mutation::Byte(at, byte)),
        at().prop_map(Mutation::Cut),
    ]
}

/// Splits a text into words, numbers, blanks and single other characters.
fn words(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let len = match first {
            c if is_word(c) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            ' ' | '\t' => rest.find(|c| c != ' ' && c != '\t').unwrap_or(rest.len()),
            c => c.len_utf8(),
        };
        let (word, after) = rest.split_at(len);
        out.push(word);
        rest = after;
    }
    out
}

fn apply(text: &str, mutation: &Mutation) -> Vec<u8> {
    let mut words = words(text);
    let index = |at: f64| (at * words.len() as f64) as usize;
    match *mutation {
        Mutation::Delete(at, n) => {
            let from = index(at);
            words.drain(from..words.len().min(from + n));
        }
        Mutation::Repeat(at, n) => {
            let from = index(at);
            let copy = words[from..words.len().min(from + n)].to_vec();
            words.splice(from..from, copy);
        }
        Mutation::Swap(a, b) if !words.is_empty() => {
            let (a, b) = (index(a), index(b));
            words.swap(a, b);
        }
        Mutation::Swap(..) => {}
        Mutation::Insert(at, n) => {
            let word =
                WORDS.get(n).copied().or_else(|| words.get(n * 7919 % words.len().max(1)).copied()).unwrap_or("");
            words.insert(index(at), word);
        }
        Mutation::Byte(at, byte) => {
            let mut bytes = text.as_bytes().to_vec();
            let at = (at * bytes.len() as f64) as usize;
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
            return bytes;
        }
        Mutation::Cut(at) => words.truncate(index(at)),
    }
    words.concat().into_bytes()
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|e| e == "lang") {
            found.push(path);
        }
    }
}

fn corpus() -> Vec<Vec<u8>> {
    let mut files = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui"), &mut files);
    files.sort();
    files.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// Checks a source and holds what is said against what must always be true.
fn examine(bytes: &[u8]) {
    let checked = support::check("main.lang", &[("main.lang", bytes)]);
    for diagnostic in &checked.diagnostics {
        let span = diagnostic.span;
        if !span.is_none() {
            let id = checked.sources.file_at(span.lo).expect("a span in a file");
            let file = checked.sources.file(id);
            assert!(span.lo <= span.hi && span.hi <= file.base + file.text.len() as u32, "{diagnostic:?}");
            assert!(file.text.get((span.lo - file.base) as usize..(span.hi - file.base) as usize).is_some());
        }
        json::to_json(diagnostic, &checked.sources);
    }
    text::rendered(&checked);
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Some(once) = printed(text)
    {
        assert_eq!(printed(&once).as_ref(), Some(&once), "printing is not stable");
    }
}

/// The printed tree of a source without syntax errors.
fn printed(text: &str) -> Option<String> {
    let mut sources = SourceMap::new();
    let id = sources.add("main.lang", text).ok()?;
    let mut ast = Ast::new();
    let (file, diagnostics) = parse_file(&mut ast, &sources, id);
    (!has_errors(&diagnostics)).then(|| print_file(&ast, &file))
}

#[test]
fn mutated_sources_do_no_harm() {
    let corpus = corpus();
    assert!(corpus.len() >= 600, "the corpus was not found");
    let config = Config { cases: 8_000, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..Config::default() };
    let strategy = (0..corpus.len(), proptest::collection::vec(mutation(), 1..4));
    proptest!(config, |((index, mutations) in strategy)| {
        let mut bytes = corpus[index].clone();
        for mutation in &mutations {
            bytes = apply(&String::from_utf8_lossy(&bytes), mutation);
        }
        examine(&bytes);
    });
}

#[test]
fn truncated_sources_do_no_harm() {
    for (index, bytes) in corpus().iter().enumerate() {
        for part in 0..4 {
            let cut = (bytes.len() * part + index * 131 % bytes.len().max(1)) / 4;
            examine(&bytes[..cut.min(bytes.len())]);
        }
    }
}
