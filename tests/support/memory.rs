//! Sources in memory.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};

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
