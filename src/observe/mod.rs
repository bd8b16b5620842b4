//! What a running program can be seen to do: numbers under the names that Go's users know.
//!
//! - [`MemStats`]: the fields of Go's `runtime.MemStats`.
//! - [`metrics`]: the names, kinds and units of Go's `runtime/metrics`, as far as what they measure exists.
//! - [`gctrace`]: the lines of `GODEBUG=gctrace=1` and `scavtrace=1`, in Go's format, for the tools that read them.
//!
//! All of them are pure functions of the snapshots and records that the layers below define
//! ([`memory::stats`](crate::memory::stats)); nothing is counted here, and nothing here can disturb what it shows. The
//! names, units and meanings are Go's; each place says where ours mean something slightly different.

pub mod gctrace;
mod memstats;
pub mod metrics;

pub use self::memstats::{BySize, MemStats, SIZES};
