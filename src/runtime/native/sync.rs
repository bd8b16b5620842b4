//! Package `sync`.

use std::sync::atomic::AtomicU32;

use crate::runtime::interp::native::{Call, Flow, Table};
use crate::runtime::object::{Trap, Value};
use crate::runtime::sched::Wait;

pub(super) const TABLE: Table = &[
    ("semAcquire", acquire),
    ("semRelease", release),
    ("fatal", super::runtime::fatal),
    ("poolGet", pool_get),
    ("poolPut", pool_put),
];

/// The semaphore that the next argument leads to.
fn semaphore<'a>(c: &mut Call<'a>) -> Result<&'a AtomicU32, Trap> {
    // SAFETY: the argument is a pointer to a uint32 of the program, which is alive until the native returns.
    Ok(unsafe { AtomicU32::from_ptr(c.pointer()? as *mut u32) })
}

fn acquire(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let (semaphore, front, reason) = (semaphore(c)?, c.bool(), c.int());
    c.settle(semaphore.as_ptr().addr());
    let (g, slot) = (c.proc.g, c.result_slot());
    if c.proc.sched.acquire(g, semaphore, front, Wait::Sync(reason as u8), slot) {
        return Ok(Flow::Park);
    }
    c.put_int(0);
    Ok(Flow::Done)
}

fn release(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let semaphore = semaphore(c)?;
    c.proc.sched.release(&c.proc.own, semaphore);
    Ok(Flow::Done)
}

fn pool_get(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let id = c.word() as usize;
    if id == 0 {
        return Err(Trap::Nil);
    }
    // SAFETY: the argument is a pointer to a uint32 of the program.
    let id = unsafe { *(id as *const u32) };
    let found = c.proc.sched.machine.pool_get(id).unwrap_or(Value::NIL);
    // The running cycle may have seen the goroutine already, and never sees it in the pool now.
    c.memory().keep(found);
    c.put_any(found);
    Ok(Flow::Done)
}

fn pool_put(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let (id, value) = (c.word() as *mut u32, c.any());
    // SAFETY: as above, and the pool exists.
    let id = unsafe {
        if id.is_null() {
            return Err(Trap::Nil);
        }
        if *id == 0 {
            *id = c.proc.sched.machine.new_pool();
        }
        *id
    };
    // The running cycle may have passed by the pools.
    c.memory().keep(value);
    c.proc.sched.machine.pool_put(id, value);
    Ok(Flow::Done)
}
