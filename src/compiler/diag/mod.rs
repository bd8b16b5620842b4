//! Diagnostics: what the compiler has to say to people.
//!
//! A [`Diagnostic`] has a stable documented [`Code`], a severity, a message in one line at a primary place, labels at
//! other places, notes and at most one suggestion. Phases collect them and go on; the first error stops nothing.
//! Wording follows Go's compiler where one exists. [`render`] draws them on the source, [`json`] writes them for
//! tools, [`explain`] finds the pages that document them, [`spelling`] finds what a misspelled name meant.

mod code;
pub mod explain;
pub mod json;
pub mod render;
pub mod spelling;

pub use code::Code;

use crate::base::Span;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// The program is refused.
    Error,
    /// The program is accepted.
    Warning,
}

/// A remark at a second place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What.
    pub text: String,
}

/// A change that may mend the error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// What to replace.
    pub span: Span,
    /// With what.
    pub replacement: String,
    /// In words: "did you mean `println`?"
    pub text: String,
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its stable code.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// One line, in Go's words where Go has them.
    pub message: String,
    /// The primary place.
    pub span: Span,
    /// A short remark at the primary place; may be empty.
    pub primary_label: String,
    /// Other places.
    pub labels: Vec<Label>,
    /// Further lines.
    pub notes: Vec<String>,
    /// How to mend it.
    pub suggestion: Option<Suggestion>,
}

impl Diagnostic {
    /// An error.
    pub fn error(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            span,
            primary_label: String::new(),
            labels: Vec::new(),
            notes: Vec::new(),
            suggestion: None,
        }
    }

    /// A warning.
    pub fn warning(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, span, message) }
    }

    /// With a remark at another place.
    #[must_use]
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        if !span.is_none() {
            self.labels.push(Label { span, text: text.into() });
        }
        self
    }

    /// With a remark at the primary place.
    #[must_use]
    pub fn primary(mut self, text: impl Into<String>) -> Self {
        self.primary_label = text.into();
        self
    }

    /// With a further line.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    /// With a change that may mend it.
    #[must_use]
    pub fn suggest(mut self, span: Span, replacement: impl Into<String>, text: impl Into<String>) -> Self {
        self.suggestion = Some(Suggestion { span, replacement: replacement.into(), text: text.into() });
        self
    }
}

/// Whether any of `diagnostics` is an error.
pub fn has_errors(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|d| d.severity == Severity::Error)
}
