//! How a heap is set up.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::base::os::MemoryLimits;
use crate::memory::stats::{CycleTrace, ScavengeTrace};

/// Who wants to know what the collector did. Called with the world running.
pub trait Observer: Send + Sync {
    /// A cycle has ended its marking.
    fn cycle(&self, _: &CycleTrace) {}
    /// Memory was given back to the system.
    fn scavenged(&self, _: &ScavengeTrace) {}
}

/// Settings of a heap.
#[derive(Clone)]
pub struct Config {
    /// How many percent the heap may grow between cycles; `None`: no limit but the memory limits.
    pub gogc: Option<u32>,
    /// The soft limit of memory in bytes: the collector works harder to stay below it.
    pub memory_limit: Option<u64>,
    /// The hard limit of memory in bytes: allocations beyond it fail.
    pub hard_limit: Option<u64>,
    /// Address space to reserve, in bytes.
    pub reserve: usize,
    /// Processors that mutators use.
    pub processors: usize,
    /// Marker threads; `None`: a quarter of the processors.
    pub markers: Option<usize>,
    /// A cycle begins at the latest this long after the last one.
    pub period: Duration,
    /// Who is told about each cycle.
    pub observer: Option<Arc<dyn Observer>>,
    /// Checks to make.
    pub checks: Checks,
}

/// Checks for finding defects of the collector and of its embedder. All are slow.
#[derive(Clone, Copy, Default, Debug)]
pub struct Checks {
    /// At the end of marking the world is stopped and everything is marked a second time, in another way: what the
    /// marker did not find is a defect.
    pub check_mark: bool,
    /// At each phase change all reachable pointers, all spans and all counters are checked.
    pub check_heap: bool,
    /// Freed memory is overwritten.
    pub clobber_free: bool,
    /// Marking happens while the world is stopped.
    pub stop_the_world: bool,
    /// For tests of the checks only: the write barrier does nothing, so that objects are lost.
    pub no_barrier: bool,
}

impl Default for Config {
    /// `GOGC=100`, 64 GiB of address space or four times the memory, all processors of the machine. Where a container
    /// limits memory, nine tenths of that are the soft limit.
    fn default() -> Self {
        let limits = MemoryLimits::detect(Path::new("/"));
        let reserve = limits.physical.and_then(|bytes| usize::try_from(bytes).ok()).map_or(0, |b| b.saturating_mul(4));
        Self {
            gogc: Some(100),
            memory_limit: limits.cgroup.map(|bytes| bytes / 10 * 9),
            hard_limit: None,
            reserve: reserve.max(64 << 30),
            processors: std::thread::available_parallelism().map_or(1, usize::from),
            markers: None,
            period: Duration::from_secs(120),
            observer: None,
            checks: Checks::default(),
        }
    }
}
