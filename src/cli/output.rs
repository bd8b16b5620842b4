//! Output that survives its reader.
//!
//! Once a write has failed nothing more is written; the command still runs to its end, because its exit code does
//! not depend on who listens. A closed pipe is quiet, any other failure is told and makes the command fail.

use std::io::{self, Write};
use std::process::ExitCode;

use anstream::{AutoStream, ColorChoice};
use tricolor::compiler::Program;
use tricolor::compiler::diag::has_errors;
use tricolor::compiler::diag::render::{Renderer, summary};

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

/// Says on standard error what the compiler has to say of a program.
pub(super) fn report(program: &Program) {
    if program.diagnostics.is_empty() {
        return;
    }
    let renderer = Renderer::coloured();
    let mut output = Output::new(AutoStream::new(io::stderr(), ColorChoice::Auto));
    for diagnostic in &program.diagnostics {
        output.put(&(renderer.render(diagnostic, &program.sources) + "\n"));
    }
    if let Some(counts) = summary(&program.diagnostics).filter(|_| has_errors(&program.diagnostics)) {
        output.put(&format!("{counts}\n"));
    }
    _ = output.finish(ExitCode::SUCCESS);
}
