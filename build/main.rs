//! Generates the parser from the grammar and the tables of the embedded standard library.

mod outline;

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

/// Writes `stdlib.rs`, a sorted slice of (path below `stdlib/`, text), and `outline.rs`, which says what is in them.
fn embed_stdlib() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=stdlib");
    println!("cargo::rerun-if-changed=build");
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("stdlib");
    let mut paths = Vec::new();
    collect(&root, &mut paths)?;
    paths.sort();
    let mut table = String::from("&[\n");
    let mut files = Vec::new();
    for path in paths {
        let name = path.strip_prefix(&root)?.to_string_lossy().replace('\\', "/");
        writeln!(table, "    ({name:?}, include_str!({:?})),", path.display().to_string())?;
        let package = name.rsplit_once('/').map_or("", |(folder, _)| folder);
        files.push((package.to_owned(), fs::read_to_string(&path)?));
    }
    table.push_str("]\n");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("stdlib.rs"), table)?;
    fs::write(out.join("outline.rs"), outline::table(&files)?)?;
    Ok(())
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
