//! The runtime wing: executes a [`Program`](crate::bytecode::Program), and never sees source.
//!
//! Layers, each importing only those before it: `object` < `stack` < `sched` < `interp` < `native`.

pub mod interp;
pub mod native;
pub mod object;
pub mod sched;
pub mod stack;
