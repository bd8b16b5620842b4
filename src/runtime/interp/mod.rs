//! The interpreter.

pub mod host;
pub mod native;

use self::host::Host;
use self::native::Known;
use crate::runtime::object::Memory;

/// A processor: what goroutines run on.
pub struct Proc {
    /// The heap and the program's types.
    pub memory: Memory,
    /// Types that natives need.
    pub known: Known,
    /// What the program gets from outside.
    pub host: Host,
}
