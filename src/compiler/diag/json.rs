//! Writes diagnostics for tools: one JSON object per line.
//!
//! The schema, which only ever grows, is described for users in `docs/json.md`:
//!
//! | field | type | meaning |
//! |---|---|---|
//! | `code` | string | stable code, `"E0201"` |
//! | `severity` | string | `"error"` or `"warning"` |
//! | `message` | string | one line, in some cases followed by detail lines |
//! | `file` … `end_offset` | see below | the primary place; all `null` where there is none |
//! | `label` | string | remark at the primary place, may be empty |
//! | `labels` | array | other places: a place and `text` |
//! | `notes` | array of strings | further remarks |
//! | `suggestion` | object or `null` | a place, `replacement` (what to put there) and `text` (in words) |
//!
//! A place is `file` (as the user named it), `line`, `column`, `end_line`, `end_column` (from 1, columns in bytes, the
//! end exclusive) and `offset`, `end_offset` (bytes from the start of the file).

use serde::Serialize;

use super::{Diagnostic, Severity};
use crate::base::{SourceMap, Span};

#[derive(Serialize)]
struct Message<'a> {
    code: &'static str,
    severity: &'static str,
    message: &'a str,
    #[serde(flatten)]
    place: Place<'a>,
    label: &'a str,
    labels: Vec<Label<'a>>,
    notes: &'a [String],
    suggestion: Option<Suggestion<'a>>,
}

#[derive(Serialize, Default)]
struct Place<'a> {
    file: Option<&'a str>,
    line: Option<u32>,
    column: Option<u32>,
    end_line: Option<u32>,
    end_column: Option<u32>,
    offset: Option<u32>,
    end_offset: Option<u32>,
}

#[derive(Serialize)]
struct Label<'a> {
    #[serde(flatten)]
    place: Place<'a>,
    text: &'a str,
}

#[derive(Serialize)]
struct Suggestion<'a> {
    #[serde(flatten)]
    place: Place<'a>,
    replacement: &'a str,
    text: &'a str,
}

/// One diagnostic as a JSON object in one line, without a line break at its end.
pub fn to_json(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    let message = Message {
        code: diagnostic.code.number(),
        severity: match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        message: &diagnostic.message,
        place: place(diagnostic.span, sources),
        label: &diagnostic.primary_label,
        labels: diagnostic.labels.iter().map(|l| Label { place: place(l.span, sources), text: &l.text }).collect(),
        notes: &diagnostic.notes,
        suggestion: diagnostic.suggestion.as_ref().map(|s| Suggestion {
            place: place(s.span, sources),
            replacement: &s.replacement,
            text: &s.text,
        }),
    };
    serde_json::to_string(&message).expect("texts and numbers always have a JSON form")
}

fn place(span: Span, sources: &SourceMap) -> Place<'_> {
    let Some(id) = sources.file_at(span.lo) else { return Place::default() };
    let file = sources.file(id);
    let hi = span.hi.clamp(span.lo, file.span().hi);
    let (line, column) = file.line_column(span.lo);
    let (end_line, end_column) = file.line_column(hi);
    Place {
        file: Some(&file.name),
        line: Some(line),
        column: Some(column),
        end_line: Some(end_line),
        end_column: Some(end_column),
        offset: Some(span.lo - file.base),
        end_offset: Some(hi - file.base),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compiler::diag::Code;

    #[test]
    fn every_field_is_there() {
        let mut sources = SourceMap::new();
        sources.add("other.lang", "x").unwrap();
        sources.add("a.lang", "x\n\"é\" fo\n").unwrap();
        let span = Span::new(9, 11);
        let diagnostic = Diagnostic::error(Code::Undefined, span, "undefined: fo")
            .label(Span::new(0, 1), "here")
            .note("a note")
            .suggest(span, "foo", "did you mean `foo`?");
        let text = to_json(&diagnostic, &sources);
        assert!(!text.contains('\n'));
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let want = serde_json::json!({
            "code": "E0201", "severity": "error", "message": "undefined: fo",
            "file": "a.lang", "line": 2, "column": 6, "end_line": 2, "end_column": 8, "offset": 7, "end_offset": 9,
            "label": "", "notes": ["a note"],
            "labels": [{
                "file": "other.lang", "line": 1, "column": 1, "end_line": 1, "end_column": 2,
                "offset": 0, "end_offset": 1, "text": "here",
            }],
            "suggestion": {
                "file": "a.lang", "line": 2, "column": 6, "end_line": 2, "end_column": 8, "offset": 7, "end_offset": 9,
                "replacement": "foo", "text": "did you mean `foo`?",
            },
        });
        assert_eq!(value, want);
    }

    #[test]
    fn no_place_is_null() {
        let diagnostic = Diagnostic::warning(Code::ImportNotFound, Span::NONE, "m");
        let value: serde_json::Value = serde_json::from_str(&to_json(&diagnostic, &SourceMap::new())).unwrap();
        assert_eq!(value["severity"], "warning");
        assert!(value["file"].is_null() && value["end_offset"].is_null() && value["suggestion"].is_null());
    }
}
