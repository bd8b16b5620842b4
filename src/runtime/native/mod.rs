//! The functions of the standard library that are written in Rust, by package.
//!
//! Each module is a package and has a table of its natives. What one does is written where it is declared, in
//! `stdlib/`.

mod math;
mod os;

use super::interp::native::{NativeFn, Table};

/// The packages with natives.
const PACKAGES: &[(&str, Table)] = &[("math", math::TABLE), ("os", os::TABLE)];

/// The native with a name such as `math.Sqrt`; methods do not occur.
pub fn find(name: &str) -> Option<NativeFn> {
    let (package, function) = name.rsplit_once('.')?;
    let (_, table) = PACKAGES.iter().find(|(path, _)| *path == package)?;
    table.iter().find(|(own, _)| *own == function).map(|(_, native)| *native)
}
