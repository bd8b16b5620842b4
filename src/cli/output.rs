//! Output that survives its reader.
//!
//! Once a write has failed nothing more is written; the command still runs to its end, because its exit code does
//! not depend on who listens. A closed pipe is quiet, any other failure is told and makes the command fail.

use std::io::{self, Write};
use std::process::ExitCode;

/// A stream with the first failure it met.
pub(super) struct Output {
    stream: Box<dyn Write>,
    failure: Option<io::Error>,
}

impl Output {
    /// Writes to `stream`.
    pub(super) fn new(stream: impl Write + 'static) -> Self {
        Self { stream: Box::new(stream), failure: None }
    }

    /// Writes to standard output in large pieces.
    pub(super) fn stdout() -> Self {
        Self::new(io::BufWriter::new(io::stdout()))
    }

    /// Writes `text`, unless an earlier write failed.
    pub(super) fn put(&mut self, text: &str) {
        if self.failure.is_none() {
            self.failure = self.stream.write_all(text.as_bytes()).err();
        }
    }

    /// Writes out what is pending; the exit code is `code` unless writing failed.
    pub(super) fn finish(mut self, code: ExitCode) -> ExitCode {
        let failure = self.failure.take().or_else(|| self.stream.flush().err());
        match failure {
            Some(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                let _ = writeln!(io::stderr(), "error: cannot write output: {error}");
                ExitCode::FAILURE
            }
            _ => code,
        }
    }
}
