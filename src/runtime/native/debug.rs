//! Package `runtime/debug`.

use std::sync::atomic::Ordering::Relaxed;

use crate::runtime::interp::native::{Call, Flow, Table};
use crate::runtime::object::Trap;

pub(super) const TABLE: Table = &[
    ("SetGCPercent", set_gc_percent),
    ("SetMemoryLimit", set_memory_limit),
    ("SetMaxStack", set_max_stack),
    ("SetMaxThreads", set_max_threads),
    ("SetTraceback", |_| Ok(Flow::Done)),
    ("FreeOSMemory", free_os_memory),
];

/// Go's default, which means nothing here: a program has one thread of its own.
const MAX_THREADS: i64 = 10_000;

fn set_gc_percent(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let percent = u32::try_from(c.int()).ok();
    let old = c.memory().mutator.set_gogc(percent);
    c.put_int(old.map_or(-1, i64::from));
    Ok(Flow::Done)
}

fn set_memory_limit(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let limit = c.int();
    let mutator = &mut c.memory().mutator;
    let old = match u64::try_from(limit) {
        Ok(limit) => mutator.set_memory_limit((limit != i64::MAX as u64).then_some(limit)),
        Err(_) => mutator.memory_limit(),
    };
    c.put_int(old.map_or(i64::MAX, |bytes| i64::try_from(bytes).unwrap_or(i64::MAX)));
    Ok(Flow::Done)
}

fn set_max_stack(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let bytes = c.int();
    let old = c.proc.sched.max_stack.swap(usize::try_from(bytes).unwrap_or(0), Relaxed);
    c.put_int(old as i64);
    Ok(Flow::Done)
}

fn set_max_threads(c: &mut Call<'_>) -> Result<Flow, Trap> {
    c.put_int(MAX_THREADS);
    Ok(Flow::Done)
}

fn free_os_memory(c: &mut Call<'_>) -> Result<Flow, Trap> {
    c.memory().mutator.free_os_memory();
    Ok(Flow::Done)
}
