//! What a program is given of the library, by the names in it, is enough: no program of the other tests has to be
//! loaded again with all of it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;

use tricolor::compiler::compile_program;
use tricolor::compiler::load::SourceReader;

struct Files;

impl SourceReader for Files {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        fs::read(path)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect()
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for path in Files.list(folder).unwrap() {
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|ending| ending == "lang") {
            files.push(path);
        }
    }
}

/// Whether a source of the library is there as a whole: what is cut has no comments between declarations.
fn is_whole(text: &str) -> bool {
    text.lines().any(|line| line.starts_with("//") && line != "//vm:export")
}

#[test]
fn what_a_program_can_reach_is_enough_for_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    collect(&root.join("tests/run"), &mut files);
    collect(&root.join("examples"), &mut files);
    assert!(files.len() > 350);
    let (queue, lacking) = (Mutex::new(files.into_iter()), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let Some(file) = queue.lock().unwrap().next() else { return };
                    let program = compile_program(&file, &Files);
                    let mut library = program.sources.files().filter(|(_, source)| source.name.starts_with("$std/"));
                    if program.code.is_none() || library.any(|(_, source)| is_whole(&source.text)) {
                        lacking.lock().unwrap().push(file);
                    }
                }
            });
        }
    });
    let lacking = lacking.into_inner().unwrap();
    assert!(lacking.is_empty(), "loaded twice: {lacking:?}");
}

#[test]
fn what_is_wrong_is_loaded_as_a_whole() {
    let file = std::env::temp_dir().join(format!("tricolor-reach-{}.lang", std::process::id()));
    fs::write(&file, "fmt.Println(unknown)\n").unwrap();
    let program = compile_program(&file, &Files);
    fs::remove_file(&file).unwrap();
    assert!(program.code.is_none() && !program.diagnostics.is_empty());
    assert!(program.sources.files().any(|(_, source)| source.name.starts_with("$std/") && is_whole(&source.text)));
}
