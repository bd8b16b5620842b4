//! Channels.

use super::super::Stop;
use super::super::state::{Dispatch, Operands, State};
use super::{Proc, handlers, raise};
use crate::runtime::object::Trap;
use crate::runtime::object::chan::Chan;
use crate::runtime::sched::Sched;
use crate::runtime::sched::chan::{Actor, Case, Outcome};

handlers! {
    MakeChan(s) { s.work::<D>(2, make_chan) }
    Send(s) { go_on::<D>(s, wait(s.cx, s.operands(), send)); }
    Recv(s) { go_on::<D>(s, wait(s.cx, s.operands(), receive)); }
    Select(s) { go_on::<D>(s, wait(s.cx, s.operands(), select)); }
    Close(s) { s.work::<D>(1, close) }
    ChanLen(s) {
        let chan = (s.get(s.b()) as *const Chan).as_ref();
        s.put::<D>(chan.map_or(0, |chan| chan.len as u64));
    }
    ChanCap(s) {
        let chan = (s.get(s.b()) as *const Chan).as_ref();
        s.put::<D>(chan.map_or(0, |chan| chan.cap as u64));
    }
}

/// Goes on after an instruction of two words that may wait: 0, it is done; 1, there is a trap; 2, the goroutine waits.
#[inline(always)]
unsafe fn go_on<D: Dispatch>(s: State, outcome: u32) {
    // SAFETY: the handler's state.
    unsafe {
        match outcome {
            0 => State { acc: 0, facc: 0.0, ..s }.next::<D>(2),
            1 => s.cold(raise::<D>),
            _ => {}
        }
    }
}

#[inline(never)]
unsafe fn wait(cx: *mut Proc, o: Operands, operation: fn(&mut Proc, Operands) -> Result<Outcome, Trap>) -> u32 {
    // SAFETY: the processor is the handler's, which keeps no reference to it.
    let proc = unsafe { &mut *cx };
    // If it waits, it may go on elsewhere before the operation returns.
    proc.stop_at(Stop::Park, o.pc.wrapping_add(2), o.fp);
    match operation(proc, o) {
        Ok(Outcome::Done) => 0,
        Err(trap) => {
            proc.trap = Some(trap);
            1
        }
        Ok(Outcome::Parked) => 2,
    }
}

fn actor(p: &mut Proc) -> (&Sched, Actor<'_>) {
    (&p.sched, Actor { memory: &mut p.memory, own: &p.own, g: p.g })
}

fn make_chan(p: &mut Proc, o: Operands) -> Result<(), Trap> {
    let elem = p.memory.types().get(o.low()).desc.elem;
    let chan = p.memory.make_chan(elem, o.get(o.b()) as i64)?;
    o.set(o.a(), chan as u64);
    Ok(())
}

fn send(p: &mut Proc, o: Operands) -> Result<Outcome, Trap> {
    // SAFETY: verified code has a channel and a value of its elements there; the compiler keeps the value's slots.
    unsafe {
        let (sched, actor) = actor(p);
        sched.send(actor, o.get(o.a()) as usize, o.slot(o.b()))
    }
}

fn receive(p: &mut Proc, o: Operands) -> Result<Outcome, Trap> {
    // SAFETY: as above.
    unsafe {
        let (sched, actor) = actor(p);
        sched.receive(actor, o.get(o.b()) as usize, o.slot(o.a()), o.slot(o.c()))
    }
}

fn select(p: &mut Proc, o: Operands) -> Result<Outcome, Trap> {
    let cases = o.slot(o.b()).cast::<Case>();
    // SAFETY: as above; cases have four slots each.
    unsafe {
        let (sched, actor) = actor(p);
        sched.select(actor, cases, o.c(), o.low() != 0, o.slot(o.a()))
    }
}

fn close(p: &mut Proc, o: Operands) -> Result<(), Trap> {
    // SAFETY: as above.
    unsafe { p.sched.close(&mut p.memory, &p.own, o.get(o.a()) as usize) }
}
