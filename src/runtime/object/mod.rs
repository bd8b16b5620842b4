//! Objects: how Lang's values lie in slots and in memory, and what can be done with them.
//!
//! Addresses are plain numbers here: an object of the collected heap, a constant outside of it, or a place in a frame.
//! None of this is a safepoint: what an operation holds stays alive until its caller reaches one.
//!
//! - [`types`]: the program's types, with what the heap and the operations need of them;
//! - [`memory`]: allocation, loads, stores and copies of values of any type, with the barrier;
//! - [`text`], [`slice`]: strings and slices;
//! - [`map`], [`chan`]: maps, and channels without the waiting;
//! - [`value`]: interfaces, equality and hashes of values of any type;
//! - [`trap`]: why an operation did not end as usual.

pub mod chan;
pub mod map;
pub mod memory;
pub mod slice;
pub mod text;
pub mod trap;
pub mod types;
pub mod value;

pub use memory::Memory;
pub use slice::Slice;
pub use text::Str;
pub use trap::Trap;
pub use types::{Type, Types};
pub use value::Value;
