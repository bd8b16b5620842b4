//! The pages of the error codes tell the truth: the first example of each really gives its code, and every further
//! example on it has no error at all.
//!
//! An example of several files names each in a line `// file: name` before its text.

mod support;
#[path = "support/text.rs"]
mod text;

use tricolor::compiler::diag::{Code, has_errors};

/// Codes whose cause cannot be written down on a page: their pages open with the message instead.
const NOT_SHOWN: &[Code] =
    &[Code::InvalidUtf8, Code::SourceTooLarge, Code::NestingTooDeep, Code::UnreadableSource, Code::Limit];

#[test]
fn wrong_examples_give_their_code_and_mended_ones_pass() {
    let mut problems = Vec::new();
    for &code in Code::ALL {
        let number = code.number();
        let examples = examples(code.page());
        let shown = examples.first().is_some_and(|e| e.language == "lang");
        if shown == NOT_SHOWN.contains(&code) || examples.len() < 2 {
            problems.push(format!("{number}: wants a wrong example and a mended one"));
            continue;
        }
        for (position, example) in examples.iter().enumerate().filter(|(_, e)| e.language == "lang") {
            let checked = check(&example.text);
            let right = match position {
                0 => checked.diagnostics.iter().any(|d| d.code == code),
                _ => !has_errors(&checked.diagnostics),
            };
            if !right {
                let what = if position == 0 { "does not give the code" } else { "has errors" };
                problems.push(format!("{number}: example {} {what}\n{}", position + 1, text::rendered(&checked)));
            }
        }
    }
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

#[test]
fn examples_are_found() {
    let found = examples("# t\n\n```lang\na\n\nb\n```\ntext\n```text\nc\n```\n");
    let found: Vec<_> = found.iter().map(|e| (e.language.as_str(), e.text.as_str())).collect();
    assert_eq!(found, [("lang", "a\n\nb\n"), ("text", "c\n")]);
    assert_eq!(files("x\n"), [("main.lang", "x\n".to_owned())]);
    let several = files("// file: a.lang\nx\n// file: b/c.lang\ny\n");
    assert_eq!(several, [("a.lang", "x\n".to_owned()), ("b/c.lang", "y\n".to_owned())]);
}

struct Example {
    language: String,
    text: String,
}

/// The fenced blocks of a page.
fn examples(page: &str) -> Vec<Example> {
    let mut out: Vec<Example> = Vec::new();
    let mut inside = false;
    for line in page.lines() {
        if let Some(language) = line.strip_prefix("```") {
            inside = !inside;
            if inside {
                out.push(Example { language: language.to_owned(), text: String::new() });
            }
        } else if let Some(example) = out.last_mut().filter(|_| inside) {
            example.text.push_str(line);
            example.text.push('\n');
        }
    }
    out
}

/// The files of an example; the first is the entry.
fn files(text: &str) -> Vec<(&str, String)> {
    let mut out: Vec<(&str, String)> = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("// file: ") {
            out.push((name, String::new()));
            continue;
        }
        if out.is_empty() {
            out.push(("main.lang", String::new()));
        }
        if let Some((_, text)) = out.last_mut() {
            text.push_str(line);
            text.push('\n');
        }
    }
    out
}

fn check(example: &str) -> support::Checked {
    let files = files(example);
    let files: Vec<_> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    support::check(files[0].0, &files)
}
