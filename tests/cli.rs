//! The command `vm` as a user meets it: arguments, streams, exit codes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tricolor::compiler::diag::Code;

/// A folder of its own for one test, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str, files: &[(&str, &[u8])]) -> Self {
        let path = std::env::temp_dir().join(format!("tricolor-cli-{test}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        for (name, bytes) in files {
            fs::create_dir_all(path.join(name).parent().unwrap()).unwrap();
            fs::write(path.join(name), bytes).unwrap();
        }
        Self(path)
    }

    fn vm(&self, arguments: &[&str]) -> Output {
        command(&self.0).args(arguments).output().unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vm"));
    command.current_dir(folder);
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    command
}

fn vm(arguments: &[&str]) -> Output {
    command(Path::new(env!("CARGO_MANIFEST_DIR"))).args(arguments).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

const GOOD: &[u8] = b"println(\"hello\")\n";
const BAD: &[u8] = b"x := 1\nprintln(foo, x)\n";

#[test]
fn a_good_file_is_silent() {
    let folder = Folder::new("good", &[("good.lang", GOOD)]);
    let output = folder.vm(&["check", "good.lang"]);
    assert_eq!((output.status.code(), stdout(&output), stderr(&output)), (Some(0), String::new(), String::new()));
}

#[test]
fn errors_are_drawn_and_counted_on_stderr() {
    let folder = Folder::new("bad", &[("bad.lang", BAD), ("good.lang", GOOD)]);
    let output = folder.vm(&["check", "bad.lang", "good.lang"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stdout(&output), "");
    let text = stderr(&output);
    assert!(text.starts_with("error[E0201]: undefined: foo\n --> bad.lang:2:9\n"), "{text}");
    assert!(text.ends_with("\n\n1 error\n"), "{text}");
}

#[test]
fn json_goes_to_stdout_line_by_line() {
    let folder = Folder::new("json", &[("bad.lang", BAD)]);
    let output = folder.vm(&["check", "--json", "bad.lang", "bad.lang"]);
    assert_eq!((output.status.code(), stderr(&output)), (Some(1), String::new()));
    let text = stdout(&output);
    assert_eq!(text.lines().count(), 1, "what two arguments share is reported once:\n{text}");
    let value: serde_json::Value = serde_json::from_str(text.trim_end()).unwrap();
    assert_eq!(value["code"], "E0201");
    assert_eq!((&value["file"], &value["line"], &value["column"]), (&"bad.lang".into(), &2.into(), &9.into()));
}

#[test]
fn colours_are_the_callers_choice() {
    let folder = Folder::new("colour", &[("bad.lang", BAD)]);
    let coloured = |arguments: &[&str], variable: Option<&str>| {
        let mut command = command(&folder.0);
        command.envs(variable.map(|v| (v, "1"))).arg("check").args(arguments).arg("bad.lang");
        stderr(&command.output().unwrap()).contains('\u{1b}')
    };
    assert!(!coloured(&[], None), "a pipe gets no colours");
    assert!(coloured(&["--color", "always"], None));
    assert!(coloured(&["--color", "always"], Some("NO_COLOR")), "the argument is stronger");
    assert!(!coloured(&["--color", "never"], Some("CLICOLOR_FORCE")));
    assert!(coloured(&[], Some("CLICOLOR_FORCE")));
}

#[test]
fn what_cannot_be_read_is_an_error() {
    let files: &[(&str, &[u8])] = &[("binary.lang", b"\x7fELF\0\0\x01"), ("empty/readme.txt", b"x"), ("a.lang", GOOD)];
    let folder = Folder::new("unreadable", files);
    let cases: &[(&[&str], &str)] = &[
        (&["missing.lang"], "missing.lang"),
        (&["missing/"], "missing"),
        (&["binary.lang"], "binary"),
        (&["empty"], "empty"),
        (&["a.lang/b.lang"], "b.lang"),
    ];
    for (arguments, want) in cases {
        let output = folder.vm(&[&["check"], *arguments].concat());
        let text = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {text}");
        assert!(
            text.starts_with("error[E0") && text.contains(want) && text.ends_with("1 error\n"),
            "{arguments:?}: {text}"
        );
    }
}

#[cfg(unix)]
#[test]
fn a_file_without_permission_is_an_error() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new("permission", &[("secret.lang", GOOD)]);
    let path = folder.0.join("secret.lang");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(&path).is_ok() {
        return; // the superuser may read everything
    }
    let output = folder.vm(&["check", "secret.lang"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("permission denied"), "{}", stderr(&output));
}

#[test]
fn a_folder_is_the_package_in_it() {
    let files: &[(&str, &[u8])] = &[
        ("p/main.lang", b"package main\n\nfunc main() {\n\tprintln(answer())\n}\n"),
        ("p/answer.lang", b"package main\n\nfunc answer() int {\n\treturn 42\n}\n"),
    ];
    let folder = Folder::new("folder", files);
    for name in ["p", "p/", "./p"] {
        let output = folder.vm(&["check", name]);
        assert_eq!(output.status.code(), Some(0), "{name}: {}", stderr(&output));
    }
    let output = command(&folder.0.join("p")).args(["check", "."]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
fn bad_usage_exits_with_2() {
    for arguments in [&[][..], &["chek"], &["check"], &["check", "--color", "pink", "x"], &["explain", "a", "b"]] {
        let output = vm(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr(&output).contains("--help"), "{arguments:?}: {}", stderr(&output));
    }
    assert!(stderr(&vm(&["chek"])).contains("'check'"));
}

#[test]
fn help_and_version_are_no_errors() {
    let help = vm(&["--help"]);
    assert_eq!(help.status.code(), Some(0));
    assert!(stdout(&help).contains("check") && stdout(&help).contains("explain"));
    assert!(stdout(&vm(&["--version"])).starts_with("vm "));
}

#[test]
fn codes_are_explained_in_any_case() {
    for query in ["E0201", "e0201"] {
        let output = vm(&["explain", query]);
        assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(0), Code::Undefined.page()));
    }
    let list = stdout(&vm(&["explain"]));
    assert!(Code::ALL.iter().all(|code| list.contains(code.number())));
}

#[test]
fn unknown_codes_get_proposals() {
    let output = vm(&["explain", "201"]);
    assert_eq!((output.status.code(), stdout(&output)), (Some(2), String::new()));
    assert!(stderr(&output).contains("did you mean E0201, undefined name?"), "{}", stderr(&output));
    assert!(stderr(&vm(&["explain", "zebra"])).contains("lists all codes"));
}

#[test]
fn a_closed_pipe_is_quiet() {
    let folder = Folder::new("pipe", &[("bad.lang", BAD)]);
    for (arguments, code) in [(&["explain"][..], 0), (&["check", "--json", "bad.lang"], 1)] {
        let mut command = command(&folder.0);
        let mut child = command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(code), ""), "{arguments:?}");
    }
}

#[test]
fn bytecode_stands_under_its_lines() {
    let source =
        b"package main\n\nfunc twice(n int) int {\n\treturn n + n\n}\n\nfunc main() {\n\tprintln(twice(21))\n}\n";
    let folder = Folder::new("bytecode", &[("main.lang", source), ("bad.lang", BAD)]);
    let output = folder.vm(&["build", "-S", "main.lang"]);
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
    let text = stdout(&output);
    let twice = text.split("main.twice: ").nth(1).unwrap_or_default();
    let shown: Vec<&str> = twice.lines().skip(1).take(3).map(str::trim).collect();
    assert_eq!(shown, ["main.lang:4: return n + n", "0  Add          r4 r4 r4", "1  Ret"], "{text}");
    assert!(text.contains("main.lang:8: println(twice(21))") && text.contains("main.twice"), "{text}");

    let silent = folder.vm(&["build", "main.lang"]);
    assert_eq!((silent.status.code(), silent.stdout.is_empty(), silent.stderr.is_empty()), (Some(0), true, true));
    let output = folder.vm(&["build", "-S", "bad.lang"]);
    assert_eq!((output.status.code(), output.stdout.is_empty()), (Some(1), true));
    assert!(stderr(&output).contains("E0201"), "{}", stderr(&output));
}
