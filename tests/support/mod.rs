//! What several test programs share: sources in memory, and the one call that checks them.

mod memory;

use std::path::Path;

use tricolor::base::SourceMap;
use tricolor::compiler::diag::Diagnostic;

use self::memory::Memory;

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
