//! Sending, receiving, closing and `select`.
//!
//! Who waits is in a queue of the channel, by way of a [`Waiter`] of the goroutine. A value is handed over directly to
//! whoever waits for it: from slots to slots.

use std::ptr;

use super::{GoroutineRef, Sched, Wait};
use crate::runtime::object::chan::Chan;
use crate::runtime::object::{Memory, Trap};

/// A goroutine's place in the queue of a channel. It does not move while it is in there.
pub struct Waiter {
    g: GoroutineRef,
    chan: usize,
    sends: bool,
    /// The slots with the value, or for it.
    value: *mut u64,
    /// Where a receiver gets to know whether there was a value.
    ok: *mut u64,
    case: u64,
    prev: *mut Waiter,
    next: *mut Waiter,
}

/// A case of a `select`, in four slots.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Case {
    chan: usize,
    sends: u64,
    value: *mut u64,
    ok: u64,
}

/// How an operation went on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It is done.
    Done,
    /// The goroutine waits.
    Parked,
}

fn queue(chan: &mut Chan, sends: bool) -> &mut [usize; 2] {
    if sends { &mut chan.senders } else { &mut chan.receivers }
}

impl Waiter {
    /// # Safety
    /// It is not in a queue, and stays where it is until it leaves; its channel is alive until then.
    unsafe fn enqueue(&mut self) {
        let this: *mut Self = self;
        // SAFETY: the caller's promise; the last of the queue is a waiter that is in it.
        unsafe {
            let [first, last] = queue(&mut *(self.chan as *mut Chan), self.sends);
            self.prev = *last as *mut Self;
            self.next = ptr::null_mut();
            match (*last as *mut Self).as_mut() {
                Some(last) => last.next = this,
                None => *first = this.expose_provenance(),
            }
            *last = this.expose_provenance();
        }
    }

    /// # Safety
    /// It is in the queue of its channel.
    unsafe fn dequeue(&mut self) {
        // SAFETY: the caller's promise; its neighbours are waiters that are in the queue.
        unsafe {
            let [first, last] = queue(&mut *(self.chan as *mut Chan), self.sends);
            match self.prev.as_mut() {
                Some(prev) => prev.next = self.next,
                None => *first = self.next.expose_provenance(),
            }
            match self.next.as_mut() {
                Some(next) => next.prev = self.prev,
                None => *last = self.prev.expose_provenance(),
            }
        }
    }
}

/// Copies a value from slots to slots.
///
/// # Safety
/// Both lead to the slots of a value of the channel's elements.
unsafe fn hand_over(memory: &Memory, chan: &Chan, from: *const u64, to: *mut u64) {
    let slots = memory.types().get(chan.elem).desc.slots;
    // SAFETY: the caller's promise.
    unsafe { ptr::copy(from, to, usize::from(slots)) };
}

impl Sched {
    /// Takes the first waiter of a queue and wakes its goroutine, which waits nowhere any more.
    ///
    /// # Safety
    /// The channel is one.
    unsafe fn take_waiter(&mut self, chan: &mut Chan, sends: bool) -> Option<(GoroutineRef, *mut u64, *mut u64)> {
        // SAFETY: who is in a queue is a waiter of a goroutine that waits.
        unsafe {
            let first = (queue(chan, sends)[0] as *mut Waiter).as_mut()?;
            let (g, value, ok, case) = (first.g, first.value, first.ok, first.case);
            let state = g.get();
            for waiter in &mut state.waiters {
                waiter.dequeue();
            }
            state.waiters.clear();
            if !state.result.is_null() {
                *state.result = case;
                state.result = ptr::null_mut();
            }
            self.wake(g);
            Some((g, value, ok))
        }
    }

    /// Sends if that is possible at once.
    ///
    /// # Safety
    /// The channel is one, and `value` leads to a value of its elements.
    unsafe fn try_send(&mut self, memory: &mut Memory, chan: &mut Chan, value: *const u64) -> Result<bool, Trap> {
        if chan.closed {
            return Err(Trap::plain("send on closed channel"));
        }
        // SAFETY: the caller's promise.
        unsafe {
            if let Some((_, to, ok)) = self.take_waiter(chan, false) {
                hand_over(memory, chan, value, to);
                *ok = 1;
                return Ok(true);
            }
            if chan.len < chan.cap {
                memory.chan_push(chan, value);
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Receives if that is possible at once.
    ///
    /// # Errors
    /// The heap is exhausted.
    ///
    /// # Safety
    /// The channel is one, and `to` leads to the slots for a value of its elements.
    unsafe fn try_receive(
        &mut self,
        memory: &mut Memory,
        chan: &mut Chan,
        to: *mut u64,
        ok: *mut u64,
    ) -> Result<bool, Trap> {
        // SAFETY: the caller's promise.
        unsafe {
            if chan.len > 0 {
                memory.chan_pop(chan, to)?;
                // The room is for the first who waits to send.
                if let Some((_, value, _)) = self.take_waiter(chan, true) {
                    memory.chan_push(chan, value);
                }
                *ok = 1;
                return Ok(true);
            }
            if let Some((_, value, _)) = self.take_waiter(chan, true) {
                hand_over(memory, chan, value, to);
                *ok = 1;
                return Ok(true);
            }
            if chan.closed {
                let slots = memory.types().get(chan.elem).desc.slots;
                ptr::write_bytes(to, 0, usize::from(slots));
                *ok = 0;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// # Safety
    /// The places are valid until the goroutine goes on.
    unsafe fn wait_on(&mut self, g: GoroutineRef, chan: usize, sends: bool, value: *mut u64, ok: *mut u64) {
        let state = g.get();
        state.waiters.clear();
        let (prev, next) = (ptr::null_mut(), ptr::null_mut());
        state.waiters.push(Waiter { g, chan, sends, value, ok, case: 0, prev, next });
        // SAFETY: the list does not change while its waiters are in queues; the goroutine keeps the channel.
        unsafe { state.waiters[0].enqueue() };
        self.park(g, if sends { Wait::Send } else { Wait::Receive }, chan);
    }

    /// `chan <- value`
    ///
    /// # Errors
    /// The channel is closed.
    ///
    /// # Safety
    /// `chan` is a channel or null, and `value` leads to a value of its elements, which stays there while the goroutine
    /// waits.
    pub unsafe fn send(
        &mut self,
        memory: &mut Memory,
        g: GoroutineRef,
        chan: usize,
        value: *mut u64,
    ) -> Result<Outcome, Trap> {
        if chan == 0 {
            self.park(g, Wait::SendNil, 0);
            return Ok(Outcome::Parked);
        }
        // SAFETY: the caller's promise.
        unsafe {
            if self.try_send(memory, &mut *(chan as *mut Chan), value)? {
                return Ok(Outcome::Done);
            }
            self.wait_on(g, chan, true, value, ptr::null_mut());
        }
        Ok(Outcome::Parked)
    }

    /// `to, ok = <-chan`
    ///
    /// # Errors
    /// The heap is exhausted.
    ///
    /// # Safety
    /// `chan` is a channel or null, and `to` leads to the slots for a value of its elements.
    pub unsafe fn receive(
        &mut self,
        memory: &mut Memory,
        g: GoroutineRef,
        chan: usize,
        to: *mut u64,
        ok: *mut u64,
    ) -> Result<Outcome, Trap> {
        if chan == 0 {
            self.park(g, Wait::ReceiveNil, 0);
            return Ok(Outcome::Parked);
        }
        // SAFETY: the caller's promise.
        unsafe {
            if self.try_receive(memory, &mut *(chan as *mut Chan), to, ok)? {
                return Ok(Outcome::Done);
            }
            self.wait_on(g, chan, false, to, ok);
        }
        Ok(Outcome::Parked)
    }

    /// `close(chan)`
    ///
    /// # Errors
    /// There is none, or it is closed.
    ///
    /// # Safety
    /// `chan` is a channel or null.
    pub unsafe fn close(&mut self, memory: &Memory, chan: usize) -> Result<(), Trap> {
        if chan == 0 {
            return Err(Trap::plain("close of nil channel"));
        }
        // SAFETY: the caller's promise.
        unsafe {
            let chan = &mut *(chan as *mut Chan);
            if std::mem::replace(&mut chan.closed, true) {
                return Err(Trap::plain("close of closed channel"));
            }
            let slots = usize::from(memory.types().get(chan.elem).desc.slots);
            while let Some((_, to, ok)) = self.take_waiter(chan, false) {
                ptr::write_bytes(to, 0, slots);
                *ok = 0;
            }
            while let Some((g, ..)) = self.take_waiter(chan, true) {
                g.get().closed = true;
            }
        }
        Ok(())
    }

    /// `select`: the number of the case that was chosen goes to `chosen`.
    ///
    /// # Errors
    /// A case sends on a closed channel.
    ///
    /// # Safety
    /// The cases are as the compiler makes them, and stay there while the goroutine waits.
    pub unsafe fn select(
        &mut self,
        memory: &mut Memory,
        g: GoroutineRef,
        cases: *mut Case,
        count: usize,
        has_default: bool,
        chosen: *mut u64,
    ) -> Result<Outcome, Trap> {
        let start = if count == 0 { 0 } else { memory.random() as usize % count };
        // SAFETY: the caller's promise.
        unsafe {
            for i in 0..count {
                let number = (start + i) % count;
                let case = cases.add(number);
                let Some(chan) = ((*case).chan as *mut Chan).as_mut() else { continue };
                let ready = if (*case).sends != 0 {
                    self.try_send(memory, chan, (*case).value)?
                } else {
                    self.try_receive(memory, chan, (*case).value, &raw mut (*case).ok)?
                };
                if ready {
                    *chosen = number as u64;
                    return Ok(Outcome::Done);
                }
            }
            if has_default {
                *chosen = u64::MAX;
                return Ok(Outcome::Done);
            }
            let state = g.get();
            state.waiters.clear();
            for i in 0..count {
                let case = cases.add(i);
                if (*case).chan == 0 {
                    continue;
                }
                let (chan, sends, value) = ((*case).chan, (*case).sends != 0, (*case).value);
                let (ok, prev, next) = (&raw mut (*case).ok, ptr::null_mut(), ptr::null_mut());
                state.waiters.push(Waiter { g, chan, sends, value, ok, case: i as u64, prev, next });
            }
            for waiter in &mut state.waiters {
                waiter.enqueue();
            }
            state.result = if state.waiters.is_empty() { ptr::null_mut() } else { chosen };
            self.park(g, if count == 0 { Wait::SelectNone } else { Wait::Select }, 0);
        }
        Ok(Outcome::Parked)
    }
}
