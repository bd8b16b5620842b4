//! Records of single events, for `GODEBUG=gctrace=1` and `scavtrace=1`: one per cycle, and one per round of giving
//! memory back. The collector and the scavenger fill them in and hand them to whoever has asked; `observe::gctrace`
//! makes lines of them.

/// A completed cycle.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CycleTrace {
    /// The number of the cycle, from 1.
    pub cycle: u64,
    /// From the start of the program to the start of the cycle.
    pub started_ns: u64,
    /// The part of the available CPU time that the collector took since the start of the program, from 0 to 1.
    pub cpu_fraction: f64,
    /// Elapsed time of the first pause, in which sweeping is finished and the barrier is raised.
    pub sweep_termination_ns: u64,
    /// Elapsed time of marking, with the world running.
    pub mark_ns: u64,
    /// Elapsed time of the last pause, which ends marking.
    pub mark_termination_ns: u64,
    /// CPU time of marking by mutators, in this cycle.
    pub assist_ns: u64,
    /// CPU time of marking by threads that do nothing else, in this cycle.
    pub dedicated_ns: u64,
    /// CPU time of marking by processors that had nothing else to do, in this cycle.
    pub idle_ns: u64,
    /// Processors that a pause keeps from working: no more than the machine has. What a pause costs is its elapsed
    /// time times this.
    pub stopped_processors: u32,
    /// Bytes of the heap at the start of the cycle.
    pub heap_start: u64,
    /// Bytes of the heap at the end of marking.
    pub heap_end: u64,
    /// Bytes that were found alive.
    pub heap_live: u64,
    /// The goal that this cycle had for `heap_end`.
    pub goal: u64,
    /// Bytes of stacks that were scanned.
    pub stacks: u64,
    /// Bytes of global variables with pointers.
    pub globals: u64,
    /// Objects that markers marked, without those that were allocated meanwhile.
    pub objects: u64,
    /// Processors that run the program.
    pub processors: u32,
    /// Whether the program asked for the cycle.
    pub forced: bool,
}

/// A round of giving memory back to the system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScavengeTrace {
    /// Bytes given back in the background since the last record.
    pub background: u64,
    /// Bytes given back under pressure since the last record.
    pub eager: u64,
    /// Bytes of the heap that are given back now.
    pub released: u64,
    /// Bytes in spans of objects now.
    pub in_use: u64,
    /// Bytes of pages that are in no span and not given back, now.
    pub free: u64,
    /// Whether the program asked for it (`debug.FreeOSMemory`).
    pub forced: bool,
}
