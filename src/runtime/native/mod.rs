//! The functions of the standard library that are written in Rust, by package.
//!
//! Each module is a package and has a table of its natives. What one does is written where it is declared, in
//! `stdlib/`.

mod atomic;
mod bytes;
mod context;
mod debug;
mod errors;
mod flag;
mod fmt;
mod math;
mod os;
mod reflect;
mod runtime;
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
    ("bytes", bytes::TABLE),
    ("context", context::TABLE),
    ("errors", errors::TABLE),
    ("flag", flag::TABLE),
    ("fmt", fmt::TABLE),
    ("math", math::TABLE),
    ("os", os::TABLE),
    ("runtime", runtime::TABLE),
    ("runtime/debug", debug::TABLE),
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
