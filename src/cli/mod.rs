//! The command line: what is asked for, and by whom it is answered.
//!
//! Exit codes: 0 when all went well, 1 when a program has errors or cannot be read, 2 when the command line is
//! wrong (as clap does), 3 when `vm` itself failed. A reader that closes our output early is no failure and gets no
//! message.

mod build;
mod check;
mod explain;
mod files;
mod output;
mod run;

use std::io::Write as _;
use std::panic::{self, PanicHookInfo};
use std::process::{self, ExitCode};

use clap::{Parser, Subcommand};

/// Exit code of a defect of `vm`.
const INTERNAL: i32 = 3;

/// Tricolor: Lang, which is Go's language with a script mode, and its VM.
#[derive(Parser)]
#[command(name = "vm", version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Report the errors of programs and scripts.
    Check(check::Args),
    /// Compile a program or script and run it.
    Run(run::Args),
    /// Compile a program or script without running it.
    Build(build::Args),
    /// Explain an error code, or list all of them.
    Explain(explain::Args),
}

/// Runs the command that the arguments of the process name.
pub(crate) fn main() -> ExitCode {
    panic::set_hook(Box::new(fault));
    match Cli::parse().command {
        Command::Check(args) => check::run(&args),
        Command::Run(args) => run::run(&args),
        Command::Build(args) => build::run(&args),
        Command::Explain(args) => explain::run(&args),
    }
}

/// Tells of a defect in words of our own and ends the process; no user should meet a Rust panic.
fn fault(info: &PanicHookInfo<'_>) {
    let what = info.payload_as_str().unwrap_or("unknown");
    let place = info.location().map(|at| format!(" at {}:{}", at.file(), at.line())).unwrap_or_default();
    let _ = writeln!(
        std::io::stderr(),
        "error: internal error: {what}{place}\nnote: this is a defect of vm: please report it with the source"
    );
    process::exit(INTERNAL);
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_well_formed() {
        super::Cli::command().debug_assert();
    }
}
