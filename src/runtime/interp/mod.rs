//! The interpreter.

pub mod native;

use self::native::Known;
use crate::runtime::object::Memory;

/// A processor: what goroutines run on.
pub struct Proc {
    /// The heap and the program's types.
    pub memory: Memory,
    /// Types that natives need.
    pub known: Known,
}
