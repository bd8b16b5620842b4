//! Import paths: which are well-formed, and where own code is looked for.

use std::path::{Component, Path, PathBuf};

use super::SourceReader;

/// What an import path asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Import {
    /// A package of the standard library.
    Standard,
    /// Own code, relative to the importing file.
    Relative,
}

/// Classifies a path; the error is a message in Go's words.
pub(super) fn classify(path: &str) -> Result<Import, String> {
    if path.is_empty() {
        return Err("invalid import path (empty string)".to_owned());
    }
    let refused = |c: &char| c.is_control() || c.is_whitespace() || "!\"#$%&'()*,:;<=>?[\\]^`{|}\u{fffd}".contains(*c);
    if let Some(c) = path.chars().find(refused) {
        let point = u32::from(c);
        let shown = if c.is_control() || c.is_whitespace() && c != ' ' {
            format!("U+{point:04X}")
        } else {
            format!("U+{point:04X} '{c}'")
        };
        return Err(format!("invalid import path (invalid character {shown})"));
    }
    if path.starts_with('/') {
        return Err(format!("could not import {path} (import path cannot be absolute path)"));
    }
    if path.split('/').next().is_some_and(|first| first == "." || first == "..") {
        return Ok(Import::Relative);
    }
    let canonical = plain(Path::new(path)).display().to_string().replace('\\', "/");
    if canonical != path {
        let reason = format!("non-canonical import path {path:?} (should be {canonical:?})");
        return Err(format!("could not import {path} ({reason})"));
    }
    Ok(Import::Standard)
}

/// A path without `.` and, where a name precedes, `..`.
pub(super) fn plain(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => match out.components().next_back() {
                Some(Component::Normal(_)) => {
                    out.pop();
                }
                Some(Component::RootDir | Component::Prefix(_)) => {}
                _ => out.push(".."),
            },
            part => out.push(part),
        }
    }
    out
}

/// How users see a folder: `.` is not empty, and it ends in a slash.
pub(super) fn show_folder(folder: &Path) -> String {
    match folder.to_string_lossy() {
        text if text.is_empty() => "./".to_owned(),
        text if text.ends_with(std::path::is_separator) => text.into_owned(),
        text => format!("{text}/"),
    }
}

/// The sources of a package on disk.
pub(super) struct Sources {
    /// The file, or the folder whose files they are.
    pub path: PathBuf,
    /// Path of each file; the text if it was read already.
    pub files: Vec<(PathBuf, Option<Vec<u8>>)>,
}

/// Why there are no sources for an import.
pub(super) enum NotFound {
    /// Nothing is there; the places searched.
    Missing(Vec<String>),
    /// A folder without source files.
    NoFiles(String),
    /// More than one is there.
    Ambiguous(Vec<String>),
    /// Something is there but cannot be read: what, and why.
    Unreadable(String, std::io::Error),
}

/// Looks for the package that the relative import `base`, joined with its folder, names.
pub(super) fn locate(base: &Path, reader: &dyn SourceReader) -> Result<Sources, NotFound> {
    let mut found = Vec::new();
    let mut searched = Vec::new();
    if base.file_name().is_some() {
        for extension in ["lang", "go"] {
            let mut file = base.as_os_str().to_owned();
            file.push(".");
            file.push(extension);
            let file = PathBuf::from(file);
            searched.push(file.display().to_string());
            match reader.read(&file) {
                Ok(bytes) => found.push(Sources { path: file.clone(), files: vec![(file, Some(bytes))] }),
                Err(e) if is_absent(&e) => {}
                Err(e) => return Err(NotFound::Unreadable(file.display().to_string(), e)),
            }
        }
    }
    searched.push(show_folder(base));
    let mut empty = false;
    match package_files(base, reader) {
        Ok(files) if files.is_empty() => empty = true,
        Ok(files) => {
            found.push(Sources { path: base.to_owned(), files: files.into_iter().map(|f| (f, None)).collect() });
        }
        Err(e) if is_absent(&e) => {}
        Err(e) => return Err(NotFound::Unreadable(show_folder(base), e)),
    }
    match (found.pop(), found.as_slice()) {
        (Some(only), []) => Ok(only),
        (None, _) if empty => Err(NotFound::NoFiles(show_folder(base))),
        (None, _) => Err(NotFound::Missing(searched)),
        (Some(last), others) => {
            let show = |s: &Sources| if s.path == base { show_folder(base) } else { s.path.display().to_string() };
            Err(NotFound::Ambiguous(others.iter().chain([&last]).map(show).collect()))
        }
    }
}

/// The sources among the files of a folder: `.lang` files, or if there are none, `.go` files. As in Go, those that
/// begin with `_` or `.` and those of tests do not count.
pub(super) fn package_files(folder: &Path, reader: &dyn SourceReader) -> std::io::Result<Vec<PathBuf>> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let files = reader.list(folder)?;
    let with = |extension: &str| -> Vec<PathBuf> {
        let wanted = |path: &&PathBuf| {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            path.extension().is_some_and(|e| e == extension)
                && !stem.starts_with(['_', '.'])
                && !stem.ends_with("_test")
        };
        files.iter().filter(wanted).map(|path| plain(path)).collect()
    };
    let lang = with("lang");
    Ok(if lang.is_empty() { with("go") } else { lang })
}

fn is_absent(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_classified_as_go_does() {
        assert_eq!(classify("fmt"), Ok(Import::Standard));
        assert_eq!(classify("math/rand"), Ok(Import::Standard));
        assert_eq!(classify("./a b"), Err("invalid import path (invalid character U+0020 ' ')".to_owned()));
        for relative in ["./a", "../a", ".", "..", "./a/../b"] {
            assert_eq!(classify(relative), Ok(Import::Relative), "{relative}");
        }
        for (bad, reason) in [
            ("a//b", "non-canonical import path \"a//b\" (should be \"a/b\")"),
            ("a/../b", "non-canonical import path \"a/../b\" (should be \"b\")"),
            ("fmt/", "non-canonical import path \"fmt/\" (should be \"fmt\")"),
            ("/x", "import path cannot be absolute path"),
        ] {
            assert_eq!(classify(bad), Err(format!("could not import {bad} ({reason})")));
        }
        assert_eq!(classify("a\tb"), Err("invalid import path (invalid character U+0009)".to_owned()));
        assert_eq!(classify("a\u{a0}b"), Err("invalid import path (invalid character U+00A0)".to_owned()));
        assert_eq!(classify("a\u{fffd}"), Err("invalid import path (invalid character U+FFFD '\u{fffd}')".to_owned()));
    }

    #[test]
    fn plain_paths_keep_what_they_cannot_resolve() {
        for (path, want) in
            [("./a/../b", "b"), ("../../a", "../../a"), ("a/./b/..", "a"), ("/..", "/"), ("a/../..", ".."), (".", "")]
        {
            assert_eq!(plain(Path::new(path)), Path::new(want), "{path}");
        }
    }
}
