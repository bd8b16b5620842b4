//! The corpus: sources with what the compiler must say about them, written where it must say it.
//!
//! `// ERROR "text"` expects an error on its line whose message and notes contain the text; `// WARNING "text"` a
//! warning; several texts, in quotes or backquotes, several of them. `ERROR@+1` means the next line. What is said and
//! not expected fails as well. Folders below `packages/` that hold a `main.lang` are one program each.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use support::Checked;
use tricolor::base::SourceMap;
use tricolor::compiler::diag::{Diagnostic, Severity};

/// Something that a source expects, or that was said.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Remark {
    file: String,
    line: u32,
    severity: Severity,
    text: String,
}

/// A program: its entry and its files by their paths from the corpus' root.
struct Case {
    entry: String,
    files: BTreeMap<String, Vec<u8>>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui")
}

/// The path of a file from the corpus' root.
fn name_of(file: &Path) -> String {
    file.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/")
}

fn is_source(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "lang" || e == "go")
}

/// The plain files and the folders in `folder`, in order.
fn entries(folder: &Path) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let mut all: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    all.sort();
    all.into_iter().partition(|path| path.is_file())
}

fn files_below(folder: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
    let (files, folders) = entries(folder);
    for file in files {
        found.insert(name_of(&file), fs::read(&file).unwrap());
    }
    folders.iter().for_each(|folder| files_below(folder, found));
}

fn collect(folder: &Path, cases: &mut Vec<Case>) {
    let (files, folders) = entries(folder);
    let is_package =
        files.iter().any(|f| f.ends_with("main.lang")) && folder.components().any(|c| c.as_os_str() == "packages");
    if is_package {
        let mut files = BTreeMap::new();
        files_below(folder, &mut files);
        let entry = name_of(&folder.join("main.lang"));
        return cases.push(Case { entry, files });
    }
    for file in files.iter().filter(|f| is_source(f)) {
        let name = name_of(file);
        cases.push(Case { entry: name.clone(), files: BTreeMap::from([(name, fs::read(file).unwrap())]) });
    }
    folders.iter().for_each(|folder| collect(folder, cases));
}

/// The expectations in a source.
fn expected(file: &str, text: &str) -> Vec<Remark> {
    let mut remarks = Vec::new();
    for (index, line) in text.split('\n').enumerate() {
        for (word, severity) in [("ERROR", Severity::Error), ("WARNING", Severity::Warning)] {
            for (at, _) in line.match_indices(word) {
                let mut rest = &line[at + word.len()..];
                let mut offset = 0i64;
                if let Some(after) = rest.strip_prefix('@') {
                    let end = after.find(' ').unwrap_or(after.len());
                    offset = after[..end].parse().unwrap_or_else(|_| panic!("{file}:{}: bad offset", index + 1));
                    rest = &after[end..];
                }
                while let Some(quote) = rest.trim_start().chars().next().filter(|c| matches!(c, '"' | '`')) {
                    let body = &rest.trim_start()[1..];
                    let Some(end) = body.find(quote) else { break };
                    let line = u32::try_from(index as i64 + 1 + offset).unwrap();
                    remarks.push(Remark { file: file.to_owned(), line, severity, text: body[..end].to_owned() });
                    rest = &body[end + 1..];
                }
            }
        }
    }
    remarks
}

fn said(sources: &SourceMap, diagnostic: &Diagnostic) -> Remark {
    let text = format!("{}\n{}", diagnostic.message, diagnostic.notes.join("\n"));
    let text = text.trim_end().to_owned();
    let (file, line) = match sources.file_at(diagnostic.span.lo).filter(|_| !diagnostic.span.is_none()) {
        Some(id) => {
            let file = sources.file(id);
            (file.name.clone(), file.line_column(diagnostic.span.lo).0)
        }
        None => ("?".to_owned(), 0),
    };
    Remark { file, line, severity: diagnostic.severity, text }
}

/// What differs between expectations and messages, a line each.
fn differences(wanted: Vec<Remark>, mut got: Vec<Remark>) -> Vec<String> {
    let mut out = Vec::new();
    for want in wanted {
        let matches = |g: &Remark| {
            (&g.file, g.line, g.severity) == (&want.file, want.line, want.severity) && g.text.contains(&want.text)
        };
        match got.iter().position(matches) {
            Some(index) => {
                got.remove(index);
            }
            None => out.push(format!("{}:{}: missing: {}", want.file, want.line, want.text)),
        }
    }
    out.extend(got.iter().map(|g| format!("{}:{}: not expected: {}", g.file, g.line, g.text.replace('\n', " | "))));
    out
}

fn run(case: &Case) -> Vec<String> {
    let files: Vec<(&str, &[u8])> = case.files.iter().map(|(name, text)| (name.as_str(), text.as_slice())).collect();
    let Checked { sources, diagnostics } = support::check(&case.entry, &files);
    let sources_of_case = case.files.iter().filter(|(name, _)| is_source(Path::new(name)));
    let wanted = sources_of_case.flat_map(|(name, text)| expected(name, &String::from_utf8_lossy(text))).collect();
    differences(wanted, diagnostics.iter().map(|d| said(&sources, d)).collect())
}

/// Runs the cases below a folder on all cores; the number of cases.
fn run_folder(folder: &str) -> usize {
    let mut cases = Vec::new();
    collect(&root().join(folder), &mut cases);
    let workers = std::thread::available_parallelism().map_or(1, |n| n.get());
    let failures: Vec<String> = std::thread::scope(|scope| {
        let parts = cases.chunks(cases.len().div_ceil(workers).max(1));
        let threads: Vec<_> = parts.map(|part| scope.spawn(|| part.iter().flat_map(run).collect::<Vec<_>>())).collect();
        threads.into_iter().flat_map(|t| t.join().unwrap()).collect()
    });
    assert!(failures.is_empty(), "{} differences:\n{}", failures.len(), failures.join("\n"));
    cases.len()
}

#[test]
fn wrong_sources_get_the_errors_they_expect() {
    let count = run_folder("errors");
    assert!(count >= 350, "only {count} sources");
}

#[test]
fn valid_sources_are_accepted() {
    let count = run_folder("valid");
    assert!(count >= 250, "only {count} sources");
}

#[test]
fn the_comparison_can_fail() {
    let case = |text: &str| {
        let files = BTreeMap::from([("a.lang".to_owned(), text.as_bytes().to_vec())]);
        run(&Case { entry: "a.lang".to_owned(), files })
    };
    assert_eq!(case("println(x) // ERROR \"undefined: x\""), Vec::<String>::new());
    assert_eq!(case("// ERROR@+1 `undefined: x`\nprintln(x)"), Vec::<String>::new());
    assert_eq!(case("println(x)"), ["a.lang:1: not expected: undefined: x"]);
    assert_eq!(case("println(1) // ERROR \"undefined\""), ["a.lang:1: missing: undefined"]);
    let differs = case("println(x) // WARNING \"undefined: x\"");
    assert_eq!(differs.len(), 2, "{differs:?}");
    assert_eq!(case("println(x) // ERROR \"undefined: x\" \"more\"").len(), 1);
}
