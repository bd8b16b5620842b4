//! `vm build`: compiles a program or script without running it.
//!
//! It prints nothing but what is wrong, or what was asked for: with `-S` the bytecode of the program's own functions.

use std::path::PathBuf;
use std::process::ExitCode;

use tricolor::base::SourceMap;
use tricolor::bytecode::{Program, disasm};
use tricolor::compiler::compile_program;

use super::files::FileSystem;
use super::output::{Output, report};

/// Arguments of `vm build`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The program or script; a folder stands for the package in it.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Print the bytecode beside the lines of the source.
    #[arg(short = 'S')]
    listing: bool,
}

/// Compiles the program.
pub(super) fn run(args: &Args) -> ExitCode {
    let program = compile_program(&args.file, &FileSystem);
    report(&program);
    let Some(code) = program.code else { return ExitCode::FAILURE };
    let mut output = Output::stdout();
    if args.listing {
        output.put(&listing(&code, &program.sources));
    }
    output.finish(ExitCode::SUCCESS)
}

/// The functions that are not the library's, in the order of their places.
fn listing(program: &Program, sources: &SourceMap) -> String {
    let line = |name: &str, line: u32| {
        let (_, file) = sources.files().find(|(_, file)| file.name == name)?;
        file.text.lines().nth(line.checked_sub(1)? as usize).map(str::to_owned)
    };
    let mut own: Vec<_> = (0..)
        .zip(&program.functions)
        .filter_map(|(index, function)| {
            let (_, place) = function.places.first()?;
            let file = program.files.get(place.file as usize)?;
            // What has no line is made by the compiler.
            (place.line > 0 && !file.starts_with("$std/")).then_some((file, place.line, index))
        })
        .collect();
    own.sort_unstable();
    let texts: Vec<String> = own.iter().map(|(.., index)| disasm::function(program, *index, line)).collect();
    texts.join("\n")
}
