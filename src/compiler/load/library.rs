//! The standard library: sources embedded in the binary, found by import path.

use crate::compiler::diag::spelling;

/// Path below `stdlib/` and text of each source, sorted by path.
pub(super) static SOURCES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/stdlib.rs"));

/// Name and text of each source of the package `path`; none if there is no such package.
pub(super) fn sources(path: &str) -> impl Iterator<Item = (&'static str, &'static str)> + use<'_> {
    SOURCES.iter().copied().filter(move |(name, _)| folder(name) == path)
}

/// Whether there is a package `path`.
pub(super) fn contains(path: &str) -> bool {
    find(path).is_some()
}

/// The path of a package, if there is one.
pub(super) fn find(path: &str) -> Option<&'static str> {
    packages().find(|p| *p == path)
}

/// The package that is in scope under `name` in scripts: the one whose path ends in it.
pub(super) fn named(name: &str) -> Option<&'static str> {
    packages().find(|path| last_element(path) == name && !is_version(name) && !is_internal(path))
}

/// The package that an unknown path most likely means: one with the same last element, or a similar path.
pub(super) fn similar(path: &str) -> Option<&'static str> {
    let same_name = || named(last_element(path));
    spelling::closest(path, packages().filter(|p| !is_internal(p))).or_else(same_name)
}

/// Whether only the library itself may import the package.
pub(super) fn is_internal(path: &str) -> bool {
    path.split('/').any(|element| element == "internal")
}

/// The paths of all packages, in order.
fn packages() -> impl Iterator<Item = &'static str> {
    let mut last = "";
    SOURCES.iter().map(|(name, _)| folder(name)).filter(move |path| std::mem::replace(&mut last, path) != *path)
}

fn folder(name: &'static str) -> &'static str {
    name.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn last_element(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// `v2` and the like, which name no package.
fn is_version(element: &str) -> bool {
    element.strip_prefix('v').is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_found_by_path_and_name() {
        assert!(contains("strings") && contains("unicode/utf8"));
        assert!(!contains("utf8") && !contains("") && !contains("net/http"));
        assert_eq!(named("utf8"), Some("unicode/utf8"));
        assert_eq!(named("v2"), None);
        assert!(sources("unicode").all(|(name, _)| name.matches('/').count() == 1), "no subfolders");
    }

    #[test]
    fn misspelled_paths_have_proposals() {
        assert_eq!(similar("strngs"), Some("strings"));
        assert_eq!(similar("text/utf8"), Some("unicode/utf8"));
        assert_eq!(similar("net/http"), None);
    }
}
