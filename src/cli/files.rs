//! The file system as the compiler sees it: the only place of the front end that does I/O.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use tricolor::compiler::load::SourceReader;

/// Largest file that is read; what is larger is not source, and a device may have no end.
const LIMIT: u64 = 1 << 30;
/// How far a file is searched for NUL bytes.
const PROBE: usize = 1024;
/// A file with one NUL byte in so many is no source; a stray one in a source is the lexer's to report.
const DENSITY: usize = 16;

/// Reads sources from disk.
pub(super) struct FileSystem;

impl SourceReader for FileSystem {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        File::open(path).and_then(|file| file.take(LIMIT + 1).read_to_end(&mut bytes)).map_err(in_words)?;
        if bytes.len() as u64 > LIMIT {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "file too large"));
        }
        let probe = bytes.get(..PROBE).unwrap_or(&bytes);
        if probe.iter().filter(|&&b| b == 0).count() * DENSITY > probe.len() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "this is a binary file, not source text"));
        }
        Ok(bytes)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(folder).map_err(in_words)? {
            let path = entry.map_err(in_words)?.path();
            if path.is_file() {
                files.push(path);
            }
        }
        files.sort();
        Ok(files)
    }
}

/// The same error without the system's number, in words that can follow a colon.
fn in_words(error: io::Error) -> io::Error {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or("");
    let mut chars = text.chars();
    let text: String = chars.next().into_iter().flat_map(char::to_lowercase).chain(chars).collect();
    io::Error::new(error.kind(), text)
}
