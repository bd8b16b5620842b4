//! `vm explain`: what a code means, with an example.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;

use tricolor::compiler::diag::explain;

use super::output::Output;

/// Exit code of a wrong command line, clap's.
const USAGE: u8 = 2;

/// Arguments of `vm explain`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// A code such as E0201, in any case; without it all codes are listed.
    code: Option<String>,
}

/// Prints the page of a code or the list of all.
pub(super) fn run(args: &Args) -> ExitCode {
    let mut output = Output::stdout();
    match &args.code {
        None => output.put(&explain::list()),
        Some(query) => match explain::find(query) {
            Ok(code) => output.put(code.page()),
            Err(similar) => return unknown(query, &similar),
        },
    }
    output.finish(ExitCode::SUCCESS)
}

/// Refuses a code that does not exist, in clap's manner.
fn unknown(query: &str, similar: &[tricolor::compiler::diag::Code]) -> ExitCode {
    let mut text = format!("error: unknown error code '{}'\n", query.escape_debug());
    for code in similar {
        let _ = write!(text, "\n  tip: did you mean {}, {}?", code.number(), code.title());
    }
    if !similar.is_empty() {
        text.push('\n');
    }
    text.push_str("\n'vm explain' lists all codes.\n");
    let _ = std::io::stderr().write_all(text.as_bytes());
    ExitCode::from(USAGE)
}
