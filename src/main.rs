//! The command `vm`: a thin face of the library.

mod cli;

fn main() -> std::process::ExitCode {
    cli::main()
}
