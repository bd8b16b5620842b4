//! `vm run`: compiles a program or script and runs it.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use anstream::{AutoStream, ColorChoice};
use tricolor::compiler::diag::has_errors;
use tricolor::compiler::diag::render::{Renderer, summary};
use tricolor::engine::{self, Settings};
use tricolor::runtime::interp::host::Host;

use super::files::FileSystem;
use super::output::Output;

/// Arguments of `vm run`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The program or script; a folder stands for the package in it.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What the program gets as its arguments.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARG")]
    args: Vec<std::ffi::OsString>,
}

/// Runs the program; its exit code is ours.
pub(super) fn run(args: &Args) -> ExitCode {
    let program = tricolor::compiler::compile_program(&args.file, &FileSystem);
    if !program.diagnostics.is_empty() {
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
    let Some(code) = program.code else { return ExitCode::FAILURE };
    let settings = match Settings::from_environment(|name| std::env::var(name).ok()) {
        Ok(settings) => settings,
        Err(message) => return failed(&message),
    };
    let mut host = Host::default();
    let name = args.file.clone().into_os_string();
    host.args = std::iter::once(&name).chain(&args.args).map(|arg| arg.clone().into_encoded_bytes()).collect();
    match engine::run(code, &settings, host) {
        Ok(code) => ExitCode::from(code as u8),
        Err(error) => failed(&error.to_string()),
    }
}

fn failed(message: &str) -> ExitCode {
    let mut output = Output::new(AutoStream::new(io::stderr(), ColorChoice::Auto));
    output.put(&format!("error: {message}\n"));
    output.finish(ExitCode::FAILURE)
}
