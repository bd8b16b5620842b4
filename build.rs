//! Generates the parser from the grammar and the table of the embedded standard library.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Calls that end a function become jumps only where the compiler optimises.
    if env::var("OPT_LEVEL")? != "0" {
        println!("cargo::rustc-cfg=tail_calls");
    }
    lalrpop::Configuration::new()
        .emit_rerun_directives(true)
        .set_in_dir("grammar")
        .set_out_dir(env::var("OUT_DIR")?)
        .process()?;
    embed_stdlib()?;
    Ok(())
}

/// Writes `stdlib.rs`: a sorted slice of (path below `stdlib/`, text).
fn embed_stdlib() -> io::Result<()> {
    println!("cargo::rerun-if-changed=stdlib");
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?).join("stdlib");
    let mut files = Vec::new();
    collect(&root, &mut files)?;
    files.sort();
    let mut table = String::from("&[\n");
    for file in files {
        let name = file.strip_prefix(&root).map_err(io::Error::other)?.to_string_lossy().replace('\\', "/");
        writeln!(table, "    ({name:?}, include_str!({:?})),", file.display().to_string()).map_err(io::Error::other)?;
    }
    table.push_str("]\n");
    let out = PathBuf::from(env::var("OUT_DIR").map_err(io::Error::other)?).join("stdlib.rs");
    fs::write(out, table)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|e| e == "lang") {
            files.push(path);
        }
    }
    Ok(())
}
