//! `vm run`: compiles a program or script and runs it.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use anstream::{AutoStream, ColorChoice};
use tricolor::engine::{self, Settings};
use tricolor::runtime::interp::host::{Environment, Host};

use super::files::FileSystem;
use super::output::{Output, report};

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
    report(&program);
    let Some(code) = program.code else { return ExitCode::FAILURE };
    let settings = match Settings::from_environment(|name| std::env::var(name).ok()) {
        Ok(settings) => settings,
        Err(message) => return failed(&message),
    };
    let name = args.file.clone().into_os_string();
    let all = std::iter::once(&name).chain(&args.args).map(|arg| arg.clone().into_encoded_bytes()).collect();
    let host = Host::new(all, Environment::of_process());
    let mut ready = match engine::prepare(code, &settings, host) {
        Ok(ready) => ready,
        Err(error) => return failed(&error.to_string()),
    };
    match ready.run() {
        // The system takes memory and threads back faster than we could.
        Ok(code) => std::process::exit(code),
        Err(error) => failed(&error.to_string()),
    }
}

fn failed(message: &str) -> ExitCode {
    let mut output = Output::new(AutoStream::new(io::stderr(), ColorChoice::Auto));
    output.put(&format!("error: {message}\n"));
    output.finish(ExitCode::FAILURE)
}
