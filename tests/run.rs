//! Programs and what they must print: `tests/run/**/NAME.lang` with `NAME.out`.
//!
//! The expectation is the program's standard output, as real Go prints it; behind a line `--- stderr` its standard
//! error, and behind `--- exit N` its exit code, where there are such. `NAME.in` is standard input, `NAME.env` has
//! variables of the environment. Each program runs in all [`MODES`]. `RUN_UPDATE=1` writes expectations that are
//! missing, from what the program prints in the first mode.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, mpsc};
use std::time::Duration;

/// Settings of `GODEBUG`: as it is, the other dispatch, and each check.
const MODES: &[&str] = &["", "dispatch=loop", "gcstress=1", "deadpoison=1", "checkheap=1,gccheckmark=1,clobberfree=1"];
/// How long a program may run.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn programs_print_what_they_must() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/run");
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.sort();
    let only = std::env::var("RUN_ONLY").unwrap_or_default();
    files.retain(|file| file.to_string_lossy().contains(&only));
    assert!(!files.is_empty(), "no programs were found");
    let jobs: Vec<(&PathBuf, &str)> = MODES.iter().flat_map(|mode| files.iter().map(move |f| (f, *mode))).collect();
    let next = AtomicUsize::new(0);
    let problems = Mutex::new(Vec::new());
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((file, mode)) = jobs.get(next.fetch_add(1, Relaxed)) {
                    if let Err(problem) = check(&root, file, mode) {
                        problems.lock().unwrap().push(problem);
                    }
                }
            });
        }
    });
    let mut problems = problems.into_inner().unwrap();
    problems.sort();
    assert!(problems.is_empty(), "{} of {}:\n{}", problems.len(), jobs.len(), problems.join("\n"));
}

#[test]
fn examples_print_what_they_must() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    collect(&root.join("examples"), &mut files);
    files.sort();
    assert!(files.len() >= 8, "examples are missing");
    for file in files {
        let expectation = root.join("tests/examples").join(file.file_name().unwrap()).with_extension("out");
        let input = fs::read(expectation.with_extension("in")).unwrap_or_default();
        let mut found = run(root, &file, "", "", input).unwrap();
        if file.ends_with("gc_show.lang") {
            // Its figures are never the same.
            found = found.split(|c: char| c.is_ascii_digit() || " .B".contains(c)).collect::<Vec<_>>().join("");
            found = ["Ki", "Mi", "µs", "ms", "ns"].iter().fold(found, |text, unit| text.replace(unit, ""));
        }
        if std::env::var_os("RUN_UPDATE").is_some() && !expectation.exists() {
            fs::write(&expectation, &found).unwrap();
        }
        assert_eq!(found, fs::read_to_string(&expectation).unwrap_or_default(), "{}", file.display());
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.join("part").exists() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "lang") {
            files.push(path);
        }
    }
}

fn check(root: &Path, file: &Path, mode: &str) -> Result<(), String> {
    let variables = fs::read_to_string(file.with_extension("env")).unwrap_or_default();
    let input = fs::read(file.with_extension("in")).unwrap_or_default();
    let found = run(root, file, mode, &variables, input)?;
    let expectation = file.with_extension("out");
    let wanted = match fs::read(&expectation) {
        Ok(text) => String::from_utf8_lossy(&text).into_owned(),
        Err(_) if mode.is_empty() && std::env::var_os("RUN_UPDATE").is_some() => {
            fs::write(&expectation, &found).unwrap();
            found.clone()
        }
        Err(error) => return Err(format!("{}: {error}", expectation.display())),
    };
    if found == wanted {
        return Ok(());
    }
    let line = found.lines().zip(wanted.lines()).take_while(|(a, b)| a == b).count();
    let show = |text: &str| text.lines().nth(line).unwrap_or("<end>").to_owned();
    Err(format!(
        "{} [{mode}] line {}:\n   found: {}\n  wanted: {}",
        file.strip_prefix(root).unwrap_or(file).display(),
        line + 1,
        show(&found),
        show(&wanted)
    ))
}

/// What a program does.
fn run(root: &Path, file: &Path, mode: &str, variables: &str, input: Vec<u8>) -> Result<String, String> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_vm"))
        .arg("run")
        .arg(file.strip_prefix(root).unwrap_or(file))
        .current_dir(root)
        .env("GODEBUG", mode)
        .env_remove("GOGC")
        .env_remove("GOMEMLIMIT")
        .env_remove("VM_MAX_HEAP")
        .envs(variables.lines().filter_map(|line| line.split_once('=')))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| error.to_string())?;
    let mut stdin = child.stdin.take().unwrap();
    std::thread::spawn(move || stdin.write_all(&input));
    let id = child.id();
    let (done, waiting) = mpsc::channel();
    std::thread::spawn(move || done.send(child.wait_with_output()));
    let Ok(output) = waiting.recv_timeout(PATIENCE) else {
        _ = Command::new("kill").arg("-9").arg(id.to_string()).status();
        return Err(format!("{} [{mode}]: did not end", file.display()));
    };
    let output = output.map_err(|error| error.to_string())?;
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.stderr.is_empty() {
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str("--- stderr\n");
        text.push_str(&String::from_utf8_lossy(&output.stderr));
    }
    match output.status.code() {
        Some(0) => {}
        Some(code) => _ = writeln!(text, "--- exit {code}"),
        None => _ = writeln!(text, "--- {}", output.status),
    }
    Ok(text)
}
