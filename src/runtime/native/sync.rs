//! Package `sync`.

use crate::base::os::monotonic_ns;
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

fn acquire(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let (semaphore, front, reason) = (c.word() as usize, c.bool(), c.int());
    if semaphore == 0 {
        return Err(Trap::Nil);
    }
    let count = semaphore as *mut u32;
    // SAFETY: the argument is a pointer to a uint32 of the program, and no other processor runs.
    unsafe {
        if *count > 0 {
            *count -= 1;
            c.put_int(0);
            return Ok(Flow::Done);
        }
    }
    let (g, slot) = (c.proc.g, c.result_slot());
    g.get().result = slot;
    c.proc.sched.wait_for(g, semaphore, front, Wait::Sync(reason as u8));
    Ok(Flow::Park)
}

fn release(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let semaphore = c.word() as usize;
    if semaphore == 0 {
        return Err(Trap::Nil);
    }
    match c.proc.sched.first_waiting(semaphore) {
        Some(g) => {
            let state = g.get();
            // SAFETY: the goroutine waits in `acquire`, whose result goes there.
            unsafe { *state.result = monotonic_ns().saturating_sub(state.since) };
            state.result = std::ptr::null_mut();
            c.proc.sched.wake(g);
        }
        // SAFETY: as above.
        None => unsafe { *(semaphore as *mut u32) += 1 },
    }
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
