//! Draws diagnostics on the source for people.
//!
//! ```text
//! error[E0201]: undefined: foo
//!  --> main.lang:3:5
//!   |
//! 3 |     foo()
//!   |     ^^^
//!   = note: …
//! ```
//!
//! The drawing itself is `annotate-snippets`, rustc's own. It wants small texts, so a diagnostic is first cut into
//! [`Excerpt`]s: a few neighbouring lines of one file, each at most [`LINE_LIMIT`] bytes wide. That bounds time and
//! output by the number of labels, whatever the size of the file or the length of its lines:
//! - a span over several lines is underlined up to the end of its first line;
//! - a long line is cut to a window around what is marked in it, with `…` where text is left out;
//! - labels that are far from the primary place get an excerpt of their own.
//!
//! Columns count bytes, as [`SourceMap`] and Go do. What the source says to a terminal is never passed on: control
//! and bidirectional characters are replaced.

use annotate_snippets::{AnnotationKind, Element, Group, Level, Patch, Snippet, normalize_untrusted_str};

use super::{Diagnostic, Severity, Suggestion};
use crate::base::{FileId, SourceFile, SourceMap, Span};

/// Longest part of a line that is shown, in bytes.
const LINE_LIMIT: u32 = 160;
/// How much of a long line is shown before the marked place, in bytes.
const LEAD: u32 = 60;
/// Labels at most this many lines apart share an excerpt.
const NEIGHBOURHOOD: u32 = 40;
/// Most labels drawn of one diagnostic.
const LABEL_LIMIT: usize = 12;
/// Longest message, label or note that is shown, in characters.
const TEXT_LIMIT: usize = 2_000;
/// Wider than any excerpt: lines are cut here, not by the library.
const WIDTH: usize = 8 * LINE_LIMIT as usize;
/// Stands for what is left out of a line.
const LEFT_OUT: &str = "…";

/// Turns diagnostics into text.
#[derive(Clone, Debug)]
pub struct Renderer {
    inner: annotate_snippets::Renderer,
}

impl Renderer {
    /// Text without escape sequences.
    pub const fn plain() -> Self {
        Self { inner: annotate_snippets::Renderer::plain().term_width(WIDTH) }
    }

    /// Text with the escape sequences of terminals.
    pub const fn coloured() -> Self {
        Self { inner: annotate_snippets::Renderer::styled().term_width(WIDTH) }
    }

    /// Draws one diagnostic; the text ends with a line break. Places outside of `sources` are left out.
    pub fn render(&self, diagnostic: &Diagnostic, sources: &SourceMap) -> String {
        let excerpts = excerpts(diagnostic, sources);
        let mut groups = vec![main_group(diagnostic, &excerpts)];
        groups.extend(diagnostic.suggestion.as_ref().map(|s| help_group(s, sources)));
        let mut text = with_byte_columns(self.inner.render(&groups), &excerpts);
        text.push('\n');
        if text.contains(is_c1_control) {
            text = text.replace(is_c1_control, "\u{fffd}");
        }
        text
    }
}

/// The last line of a report, `3 errors, 1 warning`; `None` when there is nothing to count.
pub fn summary(diagnostics: &[Diagnostic]) -> Option<String> {
    let errors = diagnostics.iter().filter(|d| d.severity == Severity::Error).count();
    let counts = [(errors, "error"), (diagnostics.len() - errors, "warning")];
    let plural = |n: usize| if n == 1 { "" } else { "s" };
    let parts = counts.iter().filter(|(n, _)| *n > 0).map(|&(n, what)| format!("{n} {what}{}", plural(n)));
    let parts: Vec<_> = parts.collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// A marked place: a span clipped to its first line.
struct Mark<'a> {
    file: FileId,
    line: u32,
    span: Span,
    /// The part of the line that can be shown.
    window: Span,
    label: &'a str,
    primary: bool,
}

/// Neighbouring lines of one file with the marks on them.
struct Excerpt<'a> {
    file: &'a SourceFile,
    /// `file:line:column` of the first mark.
    location: String,
    first: u32,
    last: u32,
    marks: Vec<Mark<'a>>,
}

impl<'a> Mark<'a> {
    fn new(span: Span, label: &'a str, primary: bool, sources: &SourceMap) -> Option<Self> {
        let id = sources.file_at(span.lo)?;
        let file = sources.file(id);
        let (line, _) = file.line_column(span.lo);
        let whole = file.line_span(line);
        let lo = round_down(file, span.lo.clamp(whole.lo, whole.hi));
        let hi = round_up(file, span.hi.clamp(lo, whole.hi));
        let window = window(file, whole, lo);
        let span = Span::new(lo, hi.min(window.hi));
        Some(Self { file: id, line, span, window, label, primary })
    }
}

impl<'a> Excerpt<'a> {
    fn new(mark: Mark<'a>, sources: &'a SourceMap) -> Self {
        let location = normalize_untrusted_str(&sources.describe(mark.span));
        Self { file: sources.file(mark.file), location, first: mark.line, last: mark.line, marks: vec![mark] }
    }

    /// Takes `mark` in if it is near enough, or gives it back.
    fn join(&mut self, mut mark: Mark<'a>) -> Option<Mark<'a>> {
        let same_file = self.marks.first().is_some_and(|m| m.file == mark.file);
        let near = mark.line + NEIGHBOURHOOD >= self.first && mark.line <= self.last + NEIGHBOURHOOD;
        if !same_file || !near {
            return Some(mark);
        }
        if let Some(shown) = self.marks.iter().find(|m| m.line == mark.line).map(|m| m.window) {
            if mark.span.lo < shown.lo || mark.span.lo > shown.hi {
                return Some(mark);
            }
            mark.window = shown;
            mark.span.hi = mark.span.hi.min(shown.hi);
        }
        self.first = self.first.min(mark.line);
        self.last = self.last.max(mark.line);
        self.marks.push(mark);
        None
    }

    fn draw(&'a self) -> Element<'a> {
        let mut text = String::new();
        let mut annotations = Vec::new();
        for line in self.first..=self.last {
            let whole = self.file.line_span(line);
            let shown = self
                .marks
                .iter()
                .find(|m| m.line == line)
                .map_or_else(|| window(self.file, whole, whole.lo), |m| m.window);
            let start = push_cut(&mut text, self.file, whole, shown);
            for mark in self.marks.iter().filter(|m| m.line == line) {
                let kind = if mark.primary { AnnotationKind::Primary } else { AnnotationKind::Context };
                let offset = |position: u32| start + (position - shown.lo) as usize;
                let annotation = kind.span(offset(mark.span.lo)..offset(mark.span.hi));
                annotations.push(annotation.label((!mark.label.is_empty()).then(|| shorten(mark.label))));
            }
            text.push('\n');
        }
        Snippet::source(text).line_start(self.first as usize).path(&self.location).annotations(annotations).into()
    }
}

/// Groups the places of a diagnostic; the primary place is in the first excerpt.
fn excerpts<'a>(diagnostic: &'a Diagnostic, sources: &'a SourceMap) -> Vec<Excerpt<'a>> {
    let labels = diagnostic.labels.iter().take(LABEL_LIMIT).map(|l| (l.span, l.text.as_str(), false));
    let places = std::iter::once((diagnostic.span, diagnostic.primary_label.as_str(), true)).chain(labels);
    let mut excerpts: Vec<Excerpt<'a>> = Vec::new();
    for (span, label, primary) in places {
        let mark = Mark::new(span, label, primary, sources);
        let rest = excerpts.iter_mut().fold(mark, |mark, excerpt| mark.and_then(|m| excerpt.join(m)));
        excerpts.extend(rest.map(|mark| Excerpt::new(mark, sources)));
    }
    excerpts
}

/// Message, source and notes.
fn main_group<'a>(diagnostic: &'a Diagnostic, excerpts: &'a [Excerpt<'a>]) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(shorten(&diagnostic.message)).id(diagnostic.code.number());
    let notes = diagnostic.notes.iter().map(|n| Level::NOTE.message(normalize_untrusted_str(&shorten(n))));
    Group::with_title(title).elements(excerpts.iter().map(Excerpt::draw)).elements(notes)
}

/// A suggestion: its words, and the changed line where one line says it.
fn help_group<'a>(suggestion: &'a Suggestion, sources: &SourceMap) -> Group<'a> {
    let words = normalize_untrusted_str(&shorten(&suggestion.text));
    let group = Group::with_title(Level::HELP.secondary_title(words));
    let short = suggestion.replacement.len() <= LINE_LIMIT as usize && !suggestion.replacement.contains('\n');
    let Some(mark) = Mark::new(suggestion.span, "", true, sources).filter(|m| short && m.span == suggestion.span)
    else {
        return group;
    };
    let file = sources.file(mark.file);
    let mut text = String::new();
    let start = push_cut(&mut text, file, file.line_span(mark.line), mark.window);
    let offset = |position: u32| start + (position - mark.window.lo) as usize;
    let patch = Patch::new(offset(mark.span.lo)..offset(mark.span.hi), suggestion.replacement.as_str());
    group.element(Snippet::source(text).line_start(mark.line as usize).patch(patch))
}

/// The library appends `:line:column` to an excerpt's path and counts columns in the excerpt; the path already
/// is the location in the file, so what was appended goes.
fn with_byte_columns(text: String, excerpts: &[Excerpt<'_>]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    for excerpt in excerpts {
        let appended = format!("{}:", excerpt.location);
        let Some(end) = rest.find(&appended).map(|at| at + excerpt.location.len()) else { continue };
        let (before, after) = rest.split_at(end);
        out.push_str(before);
        rest = after.trim_start_matches(|c: char| c == ':' || c.is_ascii_digit());
    }
    out.push_str(rest);
    out
}

/// What is shown of the line `whole` when `marked` is to be seen.
fn window(file: &SourceFile, whole: Span, marked: u32) -> Span {
    if whole.hi - whole.lo <= LINE_LIMIT {
        return whole;
    }
    let lo = marked.saturating_sub(LEAD).clamp(whole.lo, whole.hi - LINE_LIMIT);
    Span::new(round_down(file, lo), round_up(file, lo + LINE_LIMIT))
}

/// Appends the part `shown` of the line `whole` and returns where in `out` the part starts.
fn push_cut(out: &mut String, file: &SourceFile, whole: Span, shown: Span) -> usize {
    if shown.lo > whole.lo {
        out.push_str(LEFT_OUT);
    }
    let start = out.len();
    out.push_str(file.text.get((shown.lo - file.base) as usize..(shown.hi - file.base) as usize).unwrap_or(""));
    if shown.hi < whole.hi {
        out.push_str(LEFT_OUT);
    }
    start
}

fn round_down(file: &SourceFile, position: u32) -> u32 {
    file.base + file.text.floor_char_boundary((position - file.base) as usize) as u32
}

fn round_up(file: &SourceFile, position: u32) -> u32 {
    file.base + file.text.ceil_char_boundary((position - file.base) as usize) as u32
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(TEXT_LIMIT) {
        Some((end, _)) => format!("{}{LEFT_OUT}", text.get(..end).unwrap_or("")),
        None => text.to_owned(),
    }
}

/// Controls that some terminals obey and the library passes on.
fn is_c1_control(c: char) -> bool {
    ('\u{80}'..='\u{9f}').contains(&c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compiler::diag::Code;

    fn draw(text: &str, make: impl FnOnce(Diagnostic) -> Diagnostic, span: (u32, u32)) -> String {
        let mut sources = SourceMap::new();
        sources.add("main.lang", text).unwrap();
        let diagnostic = Diagnostic::error(Code::Undefined, Span::new(span.0, span.1), "undefined: foo");
        Renderer::plain().render(&make(diagnostic), &sources)
    }

    #[test]
    fn the_primary_place_is_underlined() {
        let text = draw("x := 1\n\tfoo(x)\n", |d| d.primary("not found").note("a note"), (8, 11));
        let want = "\
error[E0201]: undefined: foo
 --> main.lang:2:2
  |
2 |     foo(x)
  |     ^^^ not found
  |
  = note: a note
";
        assert_eq!(text, want);
    }

    #[test]
    fn columns_count_bytes_and_marks_count_cells() {
        let text = draw("日本, foo", |d| d, (8, 11));
        assert!(text.contains("--> main.lang:1:9\n"), "{text}");
        assert!(text.contains("1 | 日本, foo\n  |       ^^^"), "{text}");
        let text = draw("日本, foo", |d| d.note("see main.lang:1:9"), (8, 11));
        assert!(text.contains("--> main.lang:1:9\n") && text.contains("see main.lang:1:9\n"), "{text}");
    }

    #[test]
    fn suggestions_show_the_changed_line() {
        let text = draw("fo()", |d| d.suggest(Span::new(0, 2), "foo", "did you mean `foo`?"), (0, 2));
        assert!(text.contains("help: did you mean `foo`?\n  |\n1 | foo()\n  |   +\n"), "{text}");
    }

    #[test]
    fn far_labels_get_their_own_excerpt() {
        let source = format!("foo\n{}bar\n", "\n".repeat(500));
        let text = draw(&source, |d| d.label(Span::new(504, 507), "here"), (0, 3));
        assert!(text.contains("--> main.lang:1:1\n"), "{text}");
        assert!(text.contains("::: main.lang:502:1\n"), "{text}");
        assert!(text.lines().count() < 12, "{text}");
    }

    #[test]
    fn a_line_of_a_megabyte_stays_short() {
        let source = format!("{}foo{}", "é ".repeat(200_000), " x".repeat(300_000));
        let (lo, end) = (600_000, source.len() as u32);
        let text = draw(
            &source,
            |d| d.label(Span::new(end - 1, end), "the end").suggest(Span::new(lo, lo + 3), "fo", "so"),
            (lo, end),
        );
        assert!(text.contains("--> main.lang:1:600001\n"), "{text}");
        assert!(text.contains("…é é") && text.contains("x …"), "{text}");
        assert!(text.contains("the end"), "{text}");
        assert!(text.len() < 3_000, "{} bytes", text.len());
    }

    #[test]
    fn any_span_can_be_drawn() {
        let source = "é\r\n\n日\u{9b}本";
        let end = source.len() as u32;
        for lo in 0..end + 4 {
            for hi in 0..end + 4 {
                let text =
                    draw(source, |d| d.label(Span::new(hi, lo), "l").suggest(Span::new(lo, hi), "x", "y"), (lo, hi));
                assert!(text.starts_with("error[E0201]: undefined: foo\n"));
                assert!(!text.contains('\u{9b}'));
            }
        }
        let none = draw("", |d| d.note("n"), (u32::MAX, u32::MAX));
        assert_eq!(none, "error[E0201]: undefined: foo\n |\n = note: n\n");
        assert!(draw("", |d| d, (0, 0)).contains("--> main.lang:1:1"));
    }

    #[test]
    fn summaries_count() {
        let error = Diagnostic::error(Code::Undefined, Span::NONE, "");
        let warning = Diagnostic::warning(Code::Undefined, Span::NONE, "");
        assert_eq!(summary(&[]), None);
        assert_eq!(summary(std::slice::from_ref(&warning)).as_deref(), Some("1 warning"));
        assert_eq!(summary(&[error.clone(), warning, error]).as_deref(), Some("2 errors, 1 warning"));
    }
}
