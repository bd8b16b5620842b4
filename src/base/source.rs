//! The source map: every file of a compilation laid end to end in one 32-bit position space.
//!
//! A [`Span`] is a half-open byte range of that space, so it names its file too. Each file is followed by one
//! unused position, so that the end of one file is never the start of the next. Lines are split at `\n`; columns
//! are counted in bytes from 1, as Go counts them.

use std::path::Path;

use super::ids::{Id, IdVec};
use crate::define_id;

define_id! {
    /// Names a file of a [`SourceMap`].
    pub struct FileId;
}

/// A half-open range of bytes in the position space of a [`SourceMap`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Span {
    /// First byte.
    pub lo: u32,
    /// One past the last byte.
    pub hi: u32,
}

impl Span {
    /// The span of nothing, for what has no source (the universe, built-in methods).
    pub const NONE: Self = Self { lo: u32::MAX, hi: u32::MAX };

    /// `lo..hi`.
    #[inline]
    pub const fn new(lo: u32, hi: u32) -> Self {
        Self { lo, hi }
    }

    /// From the start of `self` to the end of `other`.
    #[inline]
    pub fn to(self, other: Self) -> Self {
        Self { lo: self.lo, hi: other.hi }
    }

    /// The empty span at the start.
    pub fn start(self) -> Self {
        Self { lo: self.lo, hi: self.lo }
    }

    /// The empty span at the end.
    pub fn end(self) -> Self {
        Self { lo: self.hi, hi: self.hi }
    }

    /// Whether this is [`Span::NONE`].
    pub fn is_none(self) -> bool {
        self == Self::NONE
    }
}

impl std::fmt::Debug for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}..{}", self.lo, self.hi)
    }
}

/// A file's text with its place in the position space.
pub struct SourceFile {
    /// How the file is named to users: the path as given, or `<expr>` and the like.
    pub name: String,
    /// The text. Invalid UTF-8 was replaced when it was read.
    pub text: String,
    /// Position of its first byte.
    pub base: u32,
    line_starts: Vec<u32>,
}

impl SourceFile {
    /// The span of the whole text.
    pub fn span(&self) -> Span {
        Span::new(self.base, self.base + self.text.len() as u32)
    }

    /// 1-based line and byte column of a position in this file.
    pub fn line_column(&self, position: u32) -> (u32, u32) {
        let offset = position.saturating_sub(self.base).min(self.text.len() as u32);
        let line = self.line_starts.partition_point(|&start| start <= offset);
        (line as u32, offset - self.line_starts[line - 1] + 1)
    }

    /// The span of a 1-based line without its line break; empty for lines that do not exist.
    pub fn line_span(&self, line: u32) -> Span {
        let len = self.text.len() as u32;
        let index = (line as usize).saturating_sub(1);
        let start = self.line_starts.get(index).copied().unwrap_or(len);
        let end = self.line_starts.get(index + 1).map_or(len, |&next| next - 1);
        let carriage = self.text.as_bytes().get(start as usize..end as usize).is_some_and(|line| line.ends_with(b"\r"));
        Span::new(self.base + start, self.base + end - u32::from(carriage))
    }

    /// The number of lines.
    pub fn line_count(&self) -> usize {
        self.line_starts.len()
    }

    /// The folder part of the name, `.` when there is none.
    pub fn folder(&self) -> &Path {
        match Path::new(&self.name).parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        }
    }
}

/// All files of a compilation.
#[derive(Default)]
pub struct SourceMap {
    files: IdVec<FileId, SourceFile>,
}

/// A text does not fit into the 32-bit position space any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLarge;

impl SourceMap {
    /// An empty map.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file. Fails when all texts together would exceed 2³²−2 bytes.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> Result<FileId, TooLarge> {
        let text = text.into();
        let base = self.files.iter().last().map_or(0, |last| last.span().hi + 1);
        let end = u64::from(base) + text.len() as u64;
        if end >= u64::from(u32::MAX) - 1 {
            return Err(TooLarge);
        }
        let newlines = text.bytes().enumerate().filter(|&(_, b)| b == b'\n');
        let line_starts = std::iter::once(0).chain(newlines.map(|(i, _)| i as u32 + 1)).collect();
        Ok(self.files.push(SourceFile { name: name.into(), text, base, line_starts }))
    }

    /// The file named by `id`.
    pub fn file(&self, id: FileId) -> &SourceFile {
        &self.files[id]
    }

    /// All files in order of their positions.
    pub fn files(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        self.files.ids().zip(self.files.iter())
    }

    /// The file that a position lies in; `None` for positions of no file.
    pub fn file_at(&self, position: u32) -> Option<FileId> {
        let count = self.files.iter().as_slice().partition_point(|f| f.base <= position);
        let id = FileId::new(count.checked_sub(1)?);
        (position <= self.files[id].span().hi).then_some(id)
    }

    /// The text a span covers; empty for spans of no file.
    pub fn text(&self, span: Span) -> &str {
        let Some(id) = self.file_at(span.lo) else { return "" };
        let file = &self.files[id];
        file.text.get((span.lo - file.base) as usize..(span.hi - file.base) as usize).unwrap_or("")
    }

    /// File, line and column of the start of a span, as `file:line:column`.
    pub fn describe(&self, span: Span) -> String {
        match self.file_at(span.lo) {
            Some(id) => {
                let file = &self.files[id];
                let (line, column) = file.line_column(span.lo);
                format!("{}:{line}:{column}", file.name)
            }
            None => "-".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_know_their_file_line_and_column() {
        let mut map = SourceMap::new();
        let a = map.add("a", "x\ny\n").unwrap();
        let b = map.add("b", "").unwrap();
        let c = map.add("c", "zz").unwrap();
        assert_eq!(map.file_at(0), Some(a));
        assert_eq!(map.file_at(4), Some(a), "the end of a file belongs to it");
        assert_eq!(map.file_at(5), Some(b));
        assert_eq!(map.file_at(6), Some(c));
        assert_eq!(map.file_at(9), None);
        assert_eq!(map.file(a).line_column(2), (2, 1));
        assert_eq!(map.describe(Span::new(7, 8)), "c:1:2");
        assert_eq!(map.text(Span::new(6, 8)), "zz");
    }

    #[test]
    fn lines_have_spans_without_their_breaks() {
        let mut map = SourceMap::new();
        let file = map.add("a", "ab\r\n\nc").unwrap();
        let spans = [0, 1, 2, 3, 4, 9].map(|line| map.text(map.file(file).line_span(line)));
        assert_eq!(spans, ["ab", "ab", "", "c", "", ""]);
    }
}
