//! What several test programs share: sources in memory, and the one call that checks them.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};

use tricolor::base::SourceMap;
use tricolor::compiler::diag::Diagnostic;
use tricolor::compiler::diag::render::{Renderer, summary};
use tricolor::compiler::load::SourceReader;

/// Files by their paths.
pub struct Memory(BTreeMap<PathBuf, String>);

impl Memory {
    /// A file system of `files`, given as (path, text).
    pub fn new<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self(files.into_iter().map(|(path, text)| (plain(Path::new(path)), text.to_owned())).collect())
    }
}

impl SourceReader for Memory {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let text = self.0.get(&plain(path)).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        Ok(text.clone().into_bytes())
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        let folder = plain(folder);
        let files: Vec<_> = self.0.keys().filter(|path| path.parent() == Some(&folder)).cloned().collect();
        if files.is_empty() { Err(io::Error::from(io::ErrorKind::NotFound)) } else { Ok(files) }
    }
}

/// A path without `.` parts.
fn plain(path: &Path) -> PathBuf {
    path.components().filter(|part| *part != Component::CurDir).collect()
}

/// What checking gave.
pub struct Checked {
    /// All sources that were read.
    pub sources: SourceMap,
    /// All messages, in order.
    pub diagnostics: Vec<Diagnostic>,
}

impl Checked {
    /// The messages as users see them, without colours.
    pub fn rendered(&self) -> String {
        let renderer = Renderer::plain();
        let texts = self.diagnostics.iter().map(|d| renderer.render(d, &self.sources));
        let mut out = texts.collect::<Vec<_>>().join("\n");
        if let Some(counts) = summary(&self.diagnostics) {
            out.push_str(&format!("\n{counts}\n"));
        }
        out
    }
}

/// Checks the program or script `entry` among `files`.
pub fn check(entry: &str, files: &[(&str, &str)]) -> Checked {
    let reader = Memory::new(files.iter().copied());
    let checked = tricolor::compiler::check_program(Path::new(entry), &reader);
    Checked { sources: checked.sources, diagnostics: checked.diagnostics }
}
