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
