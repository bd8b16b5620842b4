//! The memory manager: a span heap and its concurrent collector, as a layer of its own.
//!
//! It knows objects, which words of them are pointers, and the threads that use them; nothing of Lang, bytecode or an
//! interpreter. An embedder registers [shapes](ShapeId), implements [`Roots`], and attaches a [`Mutator`] per thread.
//! The design follows Go's memory manager: its papers and comments are the source of the ideas.
//!
//! - [`heap`]: where objects lie;
//! - [`gc`]: when, and how, it is found out which of them are alive;
//! - [`stats`]: what both tell about themselves, as plain data.

pub mod gc;
pub mod heap;
pub mod stats;

pub use gc::{
    Checks, CleanupId, Config, Defect, Heap, Mutator, MutatorId, Nudge, Observer, Ready, Roots, SpecialError, Visitor,
};
pub use heap::{Addr, AllocError, ShapeError, ShapeId, WORD, Word};
pub use stats::{CycleTrace, ScavengeTrace, Stats};
