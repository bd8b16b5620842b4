//! Any bytes are a source that the front end takes: it may report errors, but it never panics, overflows its stack or
//! runs on without end, and each message can be drawn.

#![no_main]

use std::io;
use std::path::{Path, PathBuf};

use libfuzzer_sys::fuzz_target;
use tricolor::compiler::check_program;
use tricolor::compiler::diag::json::to_json;
use tricolor::compiler::diag::render::Renderer;
use tricolor::compiler::load::SourceReader;

/// How the source is called.
const NAME: &str = "main.lang";

/// The one file there is.
struct Single<'a>(&'a [u8]);

impl SourceReader for Single<'_> {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        if path == Path::new(NAME) { Ok(self.0.to_vec()) } else { Err(io::ErrorKind::NotFound.into()) }
    }

    fn list(&self, _: &Path) -> io::Result<Vec<PathBuf>> {
        Err(io::ErrorKind::NotFound.into())
    }
}

fuzz_target!(|bytes: &[u8]| {
    let program = check_program(Path::new(NAME), &Single(bytes));
    let renderer = Renderer::plain();
    for diagnostic in &program.diagnostics {
        let text = renderer.render(diagnostic, &program.sources);
        let line = to_json(diagnostic, &program.sources);
        assert!(!text.is_empty() && !line.contains('\n'));
    }
});
