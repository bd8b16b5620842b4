//! What several test programs share: sources in memory, and the one call that checks them.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};

use tricolor::base::SourceMap;
use tricolor::compiler::diag::Diagnostic;
use tricolor::compiler::load::SourceReader;

/// Files by their paths. A folder exists if anything is in it.
pub struct Memory(BTreeMap<PathBuf, Vec<u8>>);

impl Memory {
    /// A file system of `files`, given as (path, text).
    pub fn new<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Self {
        Self(files.into_iter().map(|(path, bytes)| (plain(Path::new(path)), bytes.to_owned())).collect())
    }
}

impl SourceReader for Memory {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.0.get(&plain(path)).cloned().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        let folder = plain(folder);
        if !self.0.keys().any(|path| path.starts_with(&folder)) {
            return Err(io::Error::from(io::ErrorKind::NotFound));
        }
        Ok(self.0.keys().filter(|path| path.parent() == Some(&folder)).cloned().collect())
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

/// Checks the program or script `entry` among `files`.
pub fn check<T: AsRef<[u8]>>(entry: &str, files: &[(&str, T)]) -> Checked {
    let reader = Memory::new(files.iter().map(|(path, text)| (*path, text.as_ref())));
    let checked = tricolor::compiler::check_program(Path::new(entry), &reader);
    Checked { sources: checked.sources, diagnostics: checked.diagnostics }
}
