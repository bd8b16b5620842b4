//! Rules of form that no compiler checks: see [`RULES`]. Each rule is a function of a file's path and text, and a
//! test proves that each can fail.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use tricolor::compiler::diag::Code;

/// Most lines of a source file.
const MAX_LINES: usize = 1_200;
/// Most characters of a line.
const MAX_COLUMNS: usize = 120;
/// Folders that hold no sources of ours, or test sources that are odd on purpose.
const SKIPPED: &[&str] = &["target", ".git", "tests/ui", "tests/snapshots", "fuzz/target", "fuzz/corpus"];
/// Words that mark unfinished work; written in halves so that this file passes itself.
const UNFINISHED: &[&str] =
    &[concat!("TO", "DO", ":"), concat!("FIX", "ME"), concat!("dbg", "!("), concat!("XX", "X:")];

type Rule = fn(path: &str, text: &str) -> Vec<String>;

const RULES: &[Rule] = &[length, columns, blanks, unfinished, essay, no_unsafe, dependencies];

#[test]
fn every_file_is_tidy() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    collect(root, root, &mut files);
    assert!(files.len() > 50, "the sources were not found");
    let mut problems = Vec::new();
    for file in files {
        let path = file.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
        // What programs read and print is as it is.
        if (path.starts_with("tests/run/") || path.starts_with("tests/examples/")) && is(&path, &["in", "out"]) {
            continue;
        }
        if let Ok(text) = String::from_utf8(fs::read(&file).unwrap()) {
            problems.extend(RULES.iter().flat_map(|rule| rule(&path, &text)).map(|p| format!("{path}{p}")));
        }
    }
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

#[test]
fn pages_and_codes_are_the_same() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/errors");
    let names = fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned());
    let pages: BTreeSet<_> = names.collect();
    let codes: BTreeSet<_> = Code::ALL.iter().map(|c| format!("{}.md", c.number())).collect();
    assert_eq!(pages, codes);
}

#[test]
fn every_rule_can_fail() {
    let long_line = format!("//! a\n{}\n", "x".repeat(MAX_COLUMNS + 1));
    let cases: &[(Rule, &str, &str, &str)] = &[
        (length, "src/a.rs", &"\n".repeat(MAX_LINES + 1), "1201 lines"),
        (columns, "src/a.rs", &long_line, ":2: 121 columns"),
        (columns, "docs/a.md", &long_line, ":2: 121 columns"),
        (blanks, "src/a.rs", "fn f() {\n\tg()\n}\n", ":2: tab"),
        (blanks, "Cargo.toml", "a = 1 \n", ":1: blanks at the end"),
        (blanks, "docs/a.md", "text", "no line break at the end"),
        (blanks, "docs/a.md", "text\n\n\n", "empty lines at the end"),
        (blanks, "docs/a.md", "text\r\n", "carriage return"),
        (unfinished, "stdlib/a.lang", concat!("x := 1 // TO", "DO: more\n"), ":1:"),
        (unfinished, "src/a.rs", concat!("dbg", "!(x);\n"), ":1:"),
        (essay, "src/a.rs", "use std::fs;\n", "does not open"),
        (essay, "src/a/mod.rs", "//! Short.\n", "essay"),
        (no_unsafe, "src/compiler/check/a.rs", "let x = unsafe { *p };\n", ":1:"),
        (no_unsafe, "src/compiler/mod.rs", "//! x\n", "deny(unsafe_code)"),
        (dependencies, "Cargo.toml", "[dependencies]\n# Why.\na = \"1\"\nb = \"2\"\n", ":4: b has no reason"),
        (dependencies, "Cargo.toml", "[build-dependencies]\na = \"1\"\n", ":2: a has no reason"),
    ];
    for (rule, path, text, want) in cases {
        let found = rule(path, text);
        assert!(found.iter().any(|p| p.contains(want)), "{path}: wanted {want:?}, found {found:?}");
    }
    assert_eq!(cases.iter().map(|c| c.0 as usize).collect::<BTreeSet<_>>().len(), RULES.len(), "each rule has a case");
}

fn length(path: &str, text: &str) -> Vec<String> {
    let lines = text.lines().count();
    let limited = is(path, &["rs", "lalrpop", "lang"]) && lines > MAX_LINES;
    if limited { vec![format!(": {lines} lines, the limit is {MAX_LINES}")] } else { Vec::new() }
}

fn columns(path: &str, text: &str) -> Vec<String> {
    let limited = |line: &str| is(path, &["rs", "lalrpop"]) || (is(path, &["md"]) && !line.starts_with('|'));
    let wide = text.lines().enumerate().map(|(n, line)| (n + 1, line.chars().count(), line));
    let wide = wide.filter(|(_, columns, line)| *columns > MAX_COLUMNS && limited(line));
    wide.map(|(n, columns, _)| format!(":{n}: {columns} columns, the limit is {MAX_COLUMNS}")).collect()
}

fn blanks(path: &str, text: &str) -> Vec<String> {
    let mut out = Vec::new();
    for (n, line) in text.lines().enumerate().map(|(n, line)| (n + 1, line)) {
        if line.contains('\t') && is(path, &["rs", "toml", "lalrpop"]) {
            out.push(format!(":{n}: tab"));
        }
        if line.ends_with([' ', '\t']) {
            out.push(format!(":{n}: blanks at the end of the line"));
        }
    }
    if !text.is_empty() && !text.ends_with('\n') {
        out.push(": no line break at the end".to_owned());
    }
    if text.ends_with("\n\n") {
        out.push(": empty lines at the end".to_owned());
    }
    if text.contains("\r\n") {
        out.push(": carriage return".to_owned());
    }
    out
}

fn unfinished(path: &str, text: &str) -> Vec<String> {
    if !is(path, &["rs", "lalrpop", "lang", "md", "toml", "py"]) {
        return Vec::new();
    }
    let marked = text.lines().enumerate().filter(|(_, line)| UNFINISHED.iter().any(|word| line.contains(word)));
    marked.map(|(n, line)| format!(":{}: unfinished: {}", n + 1, line.trim())).collect()
}

/// Every source opens with words about itself; a folder's module with an essay of at least three lines.
fn essay(path: &str, text: &str) -> Vec<String> {
    let lines = text.lines().take_while(|line| line.starts_with("//!")).count();
    if !is(path, &["rs"]) || lines >= 3 || (lines > 0 && !(path.starts_with("src/") && path.ends_with("/mod.rs"))) {
        Vec::new()
    } else if lines == 0 {
        vec![": does not open with //!".to_owned()]
    } else {
        vec![": a folder's module opens with an essay of at least three lines".to_owned()]
    }
}

fn no_unsafe(path: &str, text: &str) -> Vec<String> {
    if !path.starts_with("src/compiler/") {
        return Vec::new();
    }
    let used =
        |line: &str| ["{", "fn", "impl", "extern", "trait"].iter().any(|what| line.contains(&format!("unsafe {what}")));
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//") && used(line));
    let mut out: Vec<_> = lines.map(|(n, _)| format!(":{}: unsafe code in the compiler", n + 1)).collect();
    if path == "src/compiler/mod.rs" && !text.contains("#![deny(unsafe_code)]") {
        out.push(": lacks #![deny(unsafe_code)]".to_owned());
    }
    out
}

/// Above each dependency a comment says what it is for.
fn dependencies(path: &str, text: &str) -> Vec<String> {
    if !path.ends_with("Cargo.toml") {
        return Vec::new();
    }
    let (mut inside, mut previous, mut out) = (false, "", Vec::new());
    for (n, line) in text.lines().enumerate() {
        if line.starts_with('[') {
            inside = line.ends_with("dependencies]");
        } else if let Some((name, _)) = line.split_once('=').filter(|_| inside && line.starts_with(char::is_alphabetic))
            && !previous.starts_with('#')
        {
            out.push(format!(":{}: {} has no reason in a comment above it", n + 1, name.trim()));
        }
        previous = line;
    }
    out
}

fn is(path: &str, endings: &[&str]) -> bool {
    Path::new(path).extension().is_some_and(|e| endings.iter().any(|ending| e == *ending))
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let relative = path.strip_prefix(root).unwrap();
        let skipped = SKIPPED.iter().any(|s| relative == Path::new(s));
        if path.is_dir() && !skipped {
            collect(root, &path, files);
        } else if path.is_file() {
            files.push(path);
        }
    }
}
