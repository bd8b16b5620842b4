//! `vm check`: reports every error of each program, script or folder that is named.
//!
//! For people the messages are drawn on standard error, followed by a count; for tools (`--json`) they go to
//! standard output, one object per line and nothing else. What two arguments share, such as a broken package that
//! both import, is reported once.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anstream::{AutoStream, ColorChoice};
use clap::ValueEnum;
use tricolor::base::SourceMap;
use tricolor::compiler::diag::render::{Renderer, summary};
use tricolor::compiler::diag::{Diagnostic, has_errors, json};

use super::files::FileSystem;
use super::output::Output;

/// Arguments of `vm check`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Programs or scripts; a folder stands for the package in it.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Write one JSON object per message to standard output.
    #[arg(long)]
    json: bool,
    /// When to colour; `auto` heeds the terminal and NO_COLOR.
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    color: Color,
}

/// When to colour.
#[derive(Clone, Copy, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

/// Checks each argument on its own.
pub(super) fn run(args: &Args) -> ExitCode {
    let choice = match args.color {
        Color::Auto => ColorChoice::Auto,
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
    };
    let renderer = Renderer::coloured();
    let mut output = if args.json { Output::stdout() } else { Output::new(AutoStream::new(io::stderr(), choice)) };
    let mut seen = HashSet::new();
    let mut reported = Vec::new();
    for file in &args.files {
        let checked = check_entry(file);
        for diagnostic in checked.diagnostics {
            let line = json::to_json(&diagnostic, &checked.sources);
            if seen.contains(&line) {
                continue;
            }
            output.put(&if args.json {
                format!("{line}\n")
            } else {
                renderer.render(&diagnostic, &checked.sources) + "\n"
            });
            seen.insert(line);
            reported.push(diagnostic);
        }
    }
    if let Some(counts) = summary(&reported).filter(|_| !args.json) {
        output.put(&format!("{counts}\n"));
    }
    output.finish(if has_errors(&reported) { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// What checking one argument gave.
struct Checked {
    sources: SourceMap,
    diagnostics: Vec<Diagnostic>,
}

/// The one call into the compiler.
fn check_entry(path: &Path) -> Checked {
    let checked = tricolor::compiler::check_program(path, &FileSystem);
    Checked { sources: checked.sources, diagnostics: checked.diagnostics }
}
