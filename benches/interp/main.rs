//! How fast programs run: those of `benches/peers/`, whole processes, on vm and on whatever of lua5.4 and luajit is
//! installed, one beside the other; and what a call over the edge of a stack segment costs.
//!
//! Run with `cargo bench --bench interp`. `benches/peers/compare.py` prints the same as a table, with Go and with
//! memory, from interleaved runs.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};

/// What runs programs: a name, the command, and the ending of its programs.
const RUNNERS: [(&str, &[&str], &str); 3] = [
    ("vm", &[env!("CARGO_BIN_EXE_vm"), "run"], "lang"),
    ("lua5.4", &["lua5.4"], "lua"),
    ("luajit -joff", &["luajit", "-joff"], "lua"),
];

/// Programs that run for so long elsewhere that the script is the better place to compare them.
const LONG: [&str; 1] = ["binary_trees.lang"];

fn benches() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches")
}

fn command(words: &[&str], program: &Path) -> Command {
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).arg(program).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn programs(c: &mut Criterion) {
    let found = std::fs::read_dir(benches().join("peers")).expect("the programs");
    let mut programs: Vec<PathBuf> = found.map(|entry| entry.expect("a program").path()).collect();
    programs.retain(|path| path.extension() == Some(OsStr::new("lang")));
    programs.retain(|path| !LONG.iter().any(|long| path.ends_with(long)));
    programs.sort();
    for program in programs {
        let name = program.file_stem().expect("a name").to_string_lossy().into_owned();
        let mut group = c.benchmark_group(name);
        group.sample_size(10).measurement_time(Duration::from_secs(3));
        for (runner, words, ending) in RUNNERS {
            let program = program.with_extension(ending);
            if !program.exists() || command(words, &program).status().is_err() {
                continue;
            }
            group.bench_function(runner, |b| {
                b.iter(|| assert!(command(words, &program).status().expect("it could be started").success()));
            });
        }
        group.finish();
    }
}

fn edge(_: &mut Criterion) {
    let status = Command::new(RUNNERS[0].1[0]).arg("run").arg(benches().join("interp/edge.lang")).status();
    assert!(status.expect("vm").success());
}

criterion_group!(all, programs, edge);
criterion_main!(all);
