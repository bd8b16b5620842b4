//! The functions of the standard library that are written in Rust, by package.
//!
//! Each module is a package and has a table of its natives. What one does is written where it is declared, in
//! `stdlib/`.

mod atomic;
mod base64;
mod big;
mod bits;
mod bufio;
mod bytes;
mod context;
mod debug;
mod errors;
mod flag;
mod fmt;
mod fnv;
mod hex;
mod math;
mod os;
mod rand;
mod reflect;
mod runtime;
mod sha256;
mod sort;
mod strconv;
mod strings;
mod sync;
mod text;
mod time;
mod unicode;
mod utf8;
mod weak;

use super::interp::native::{NativeFn, Table};

/// The packages with natives.
const PACKAGES: &[(&str, Table)] = &[
    ("bufio", bufio::TABLE),
    ("bytes", bytes::TABLE),
    ("context", context::TABLE),
    ("crypto/sha256", sha256::TABLE),
    ("encoding/base64", base64::TABLE),
    ("encoding/hex", hex::TABLE),
    ("errors", errors::TABLE),
    ("flag", flag::TABLE),
    ("fmt", fmt::TABLE),
    ("hash/fnv", fnv::TABLE),
    ("math", math::TABLE),
    ("math/big", big::TABLE),
    ("math/bits", bits::TABLE),
    ("math/rand", rand::TABLE),
    ("math/rand/v2", rand::TABLE),
    ("os", os::TABLE),
    ("runtime", runtime::TABLE),
    ("runtime/debug", debug::TABLE),
    ("slices", sort::SLICES),
    ("sort", sort::TABLE),
    ("strconv", strconv::TABLE),
    ("strings", strings::TABLE),
    ("sync", sync::TABLE),
    ("sync/atomic", atomic::TABLE),
    ("time", time::TABLE),
    ("unicode", unicode::TABLE),
    ("unicode/utf8", utf8::TABLE),
    ("weak", weak::TABLE),
];

/// The native with a name such as `math.Sqrt`; methods do not occur.
pub fn find(name: &str) -> Option<NativeFn> {
    let (package, function) = name.rsplit_once('.')?;
    let (_, table) = PACKAGES.iter().find(|(path, _)| *path == package)?;
    table.iter().find(|(own, _)| *own == function).map(|(_, native)| *native)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// The functions without a body in the files of a folder of the library and in the folders below.
    fn declared(folder: &Path, package: &str, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() {
                let inner = if package.is_empty() { name.to_owned() } else { format!("{package}/{name}") };
                declared(&path, &inner, found);
            } else if name.ends_with(".lang") {
                let text = std::fs::read_to_string(&path).unwrap();
                for line in text.lines().filter(|line| !line.ends_with(',') && !line.contains('{')) {
                    let Some((function, _)) = line.strip_prefix("func ").and_then(|rest| rest.split_once('(')) else {
                        continue;
                    };
                    if !function.is_empty() {
                        found.push(format!("{package}.{function}"));
                    }
                }
            }
        }
    }

    #[test]
    fn all_functions_without_a_body_are_here() {
        let mut names = Vec::new();
        declared(&Path::new(env!("CARGO_MANIFEST_DIR")).join("stdlib"), "", &mut names);
        assert!(names.len() > 200);
        names.retain(|name| find(name).is_none());
        assert!(names.is_empty(), "{names:?}");
    }

    #[test]
    fn every_native_is_declared() {
        let mut names = Vec::new();
        declared(&Path::new(env!("CARGO_MANIFEST_DIR")).join("stdlib"), "", &mut names);
        for (package, table) in PACKAGES {
            for (function, _) in *table {
                let name = format!("{package}.{function}");
                assert!(names.contains(&name), "{name}");
            }
        }
    }
}
