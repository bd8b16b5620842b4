//! Sending, receiving, closing and `select`.
//!
//! Who waits is in a queue of the channel, by way of a [`Waiter`] of the goroutine. A value is handed over directly to
//! whoever waits for it: from slots to slots.
//!
//! - A channel and its queues belong to whoever holds its lock. While it is held there is no safepoint and nothing is
//!   allocated: who waits for a lock does not come to a safepoint either.
//! - A goroutine is in the queues of all channels of its `select`. One of those who find it there ends its wait
//!   ([`GoroutineRef::claim`]); the others pass over it, and it takes itself out of their queues when it goes on.

use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use parking_lot::lock_api::RawMutex as _;
use smallvec::SmallVec;

use super::{GoroutineRef, Processor, Sched, Wait};
use crate::runtime::object::chan::Chan;
use crate::runtime::object::{Memory, Trap};

/// A goroutine's place in the queue of a channel. It does not move while it is in there.
pub struct Waiter {
    g: GoroutineRef,
    /// The number of the wait.
    wait: u64,
    chan: usize,
    sends: bool,
    /// Whether it is in the queue: only the holder of the channel's lock changes it.
    queued: AtomicBool,
    /// The slots with the value, or for it.
    value: *mut u64,
    /// Where a receiver gets to know whether there was a value.
    ok: *mut u64,
    case: u64,
    prev: *mut Waiter,
    next: *mut Waiter,
}

/// A goroutine whose wait the caller has ended.
#[derive(Clone, Copy)]
struct Claimed {
    g: GoroutineRef,
    value: *mut u64,
    ok: *mut u64,
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

/// Who does something with channels: a goroutine, whose place behind that is saved, on a processor.
pub struct Actor<'a> {
    /// The processor's access to the heap.
    pub memory: &'a mut Memory,
    /// The processor.
    pub own: &'a Processor,
    /// The goroutine.
    pub g: GoroutineRef,
}

/// What an attempt that cannot wait has done.
enum Attempt {
    /// It could be done; this goroutine is to be woken.
    Done(Option<GoroutineRef>),
    /// It would have to wait.
    Never,
}

/// The first and the last of those who wait for a channel. Channels are pointers here: waiters lead to them too.
///
/// # Safety
/// `chan` is a channel whose lock is held, until the result is not used any more.
unsafe fn queue<'a>(chan: *mut Chan, sends: bool) -> &'a mut [usize; 2] {
    // SAFETY: the caller's promise.
    unsafe { if sends { &mut (*chan).senders } else { &mut (*chan).receivers } }
}

impl Waiter {
    /// # Safety
    /// It is not in a queue, and stays where it is until it leaves; its channel is alive until then, and its lock is
    /// held.
    unsafe fn enqueue(&mut self) {
        let this: *mut Self = self;
        self.queued.store(true, Relaxed);
        // SAFETY: the caller's promise; the last of the queue is a waiter that is in it.
        unsafe {
            let [first, last] = queue(self.chan as *mut Chan, self.sends);
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
    /// It is in the queue of its channel, whose lock is held.
    unsafe fn dequeue(&mut self) {
        self.queued.store(false, Relaxed);
        // SAFETY: the caller's promise; its neighbours are waiters that are in the queue.
        unsafe {
            let [first, last] = queue(self.chan as *mut Chan, self.sends);
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

/// The lock of a channel, until it is dropped.
struct Locked(*mut Chan);

impl Locked {
    /// # Safety
    /// `chan` is a channel, which is alive until the lock is dropped.
    unsafe fn new(chan: usize) -> Self {
        let chan = chan as *mut Chan;
        // SAFETY: the caller's promise.
        unsafe { (*chan).lock.lock() };
        Self(chan)
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        // SAFETY: the lock is held.
        unsafe { (*self.0).lock.unlock() };
    }
}

/// Takes the first waiter of a queue whose wait nobody else has ended.
///
/// # Safety
/// The channel's lock is held.
unsafe fn take_waiter(chan: *mut Chan, sends: bool) -> Option<Claimed> {
    loop {
        // SAFETY: who is in a queue is a waiter of a goroutine that waits, or has not taken it out yet; that takes the
        // lock.
        unsafe {
            let first = (queue(chan, sends)[0] as *mut Waiter).as_mut()?;
            first.dequeue();
            let (g, value, ok, case) = (first.g, first.value, first.ok, first.case);
            if !g.claim(first.wait) {
                continue;
            }
            let state = g.get();
            if !state.result.is_null() {
                *state.result = case;
                state.result = ptr::null_mut();
            }
            return Some(Claimed { g, value, ok });
        }
    }
}

impl Claimed {
    /// Gives a receiver that waits its value.
    ///
    /// # Safety
    /// The channel's lock is held, and `from` leads to the slots of a value of its elements, or is null.
    unsafe fn receive(self, memory: &mut Memory, chan: *const Chan, from: *const u64) {
        // SAFETY: the caller's promise.
        let slots = usize::from(memory.types().get(unsafe { (*chan).elem }).desc.slots);
        let marking = memory.mutator.cycle().is_some();
        // SAFETY: the caller's promise; the receiver's slots are there until it goes on.
        self.g.hold(marking, || unsafe {
            if from.is_null() {
                ptr::write_bytes(self.value, 0, slots);
            } else {
                ptr::copy_nonoverlapping(from, self.value, slots);
            }
            *self.ok = u64::from(!from.is_null());
        });
    }
}

/// Sends if that is possible at once.
///
/// # Safety
/// The channel's lock is held, and `value` leads to a value of its elements.
unsafe fn try_send(memory: &mut Memory, chan: *mut Chan, value: *const u64) -> Result<Attempt, Trap> {
    // SAFETY: the caller's promise.
    unsafe {
        if (*chan).closed {
            return Err(Trap::plain("send on closed channel"));
        }
        if let Some(receiver) = take_waiter(chan, false) {
            receiver.receive(memory, chan, value);
            return Ok(Attempt::Done(Some(receiver.g)));
        }
        if (*chan).len < (*chan).cap {
            memory.chan_push(&mut *chan, value);
            return Ok(Attempt::Done(None));
        }
    }
    Ok(Attempt::Never)
}

/// Receives if that is possible at once. `object` is for a value that is too large for slots.
///
/// # Safety
/// The channel's lock is held, and `to` leads to the slots for a value of its elements.
unsafe fn try_receive(memory: &mut Memory, chan: *mut Chan, to: *mut u64, ok: *mut u64, object: usize) -> Attempt {
    // SAFETY: the caller's promise.
    unsafe {
        if (*chan).len > 0 {
            memory.chan_pop(&mut *chan, to, object);
            // The room is for the first who waits to send.
            let sender = take_waiter(chan, true);
            if let Some(sender) = sender {
                memory.chan_push(&mut *chan, sender.value);
            }
            *ok = 1;
            return Attempt::Done(sender.map(|sender| sender.g));
        }
        let slots = usize::from(memory.types().get((*chan).elem).desc.slots);
        if let Some(sender) = take_waiter(chan, true) {
            ptr::copy_nonoverlapping(sender.value, to, slots);
            *ok = 1;
            return Attempt::Done(Some(sender.g));
        }
        if (*chan).closed {
            ptr::write_bytes(to, 0, slots);
            *ok = 0;
            return Attempt::Done(None);
        }
    }
    Attempt::Never
}

/// An object for a value that a receive takes out of the buffer, if it needs one.
///
/// # Safety
/// `chan` is a channel.
unsafe fn room(memory: &mut Memory, chan: usize) -> Result<usize, Trap> {
    // SAFETY: the caller's promise; these fields never change.
    let (elem, cap) = unsafe { ((*(chan as *const Chan)).elem, (*(chan as *const Chan)).cap) };
    if cap > 0 && memory.types().get(elem).desc.large { memory.new_value(elem) } else { Ok(0) }
}

impl Sched {
    /// `chan <- value`
    ///
    /// # Errors
    /// The channel is closed.
    ///
    /// # Safety
    /// `chan` is a channel or null, and `value` leads to a value of its elements, which stays there while the goroutine
    /// waits.
    pub unsafe fn send(&self, actor: Actor<'_>, chan: usize, value: *mut u64) -> Result<Outcome, Trap> {
        if chan == 0 {
            return Ok(self.wait_for_ever(&actor, Wait::SendNil));
        }
        // SAFETY: the caller's promise.
        unsafe { self.one(actor, chan, true, value, ptr::null_mut()) }
    }

    /// `to, ok = <-chan`
    ///
    /// # Errors
    /// The heap is exhausted.
    ///
    /// # Safety
    /// `chan` is a channel or null, and `to` leads to the slots for a value of its elements.
    pub unsafe fn receive(&self, actor: Actor<'_>, chan: usize, to: *mut u64, ok: *mut u64) -> Result<Outcome, Trap> {
        if chan == 0 {
            return Ok(self.wait_for_ever(&actor, Wait::ReceiveNil));
        }
        // SAFETY: the caller's promise.
        unsafe { self.one(actor, chan, false, to, ok) }
    }

    fn wait_for_ever(&self, actor: &Actor<'_>, wait: Wait) -> Outcome {
        actor.g.begin_wait(wait, 0, self.now());
        Outcome::Parked
    }

    /// # Safety
    /// As for [`Sched::send`] and [`Sched::receive`].
    unsafe fn one(
        &self,
        actor: Actor<'_>,
        chan: usize,
        sends: bool,
        value: *mut u64,
        ok: *mut u64,
    ) -> Result<Outcome, Trap> {
        let Actor { memory, own, g } = actor;
        // SAFETY: the caller's promise.
        let object = if sends { 0 } else { unsafe { room(memory, chan)? } };
        loop {
            // SAFETY: as above; the goroutine keeps the channel.
            unsafe {
                let locked = Locked::new(chan);
                let attempt = if sends {
                    try_send(memory, locked.0, value)?
                } else {
                    try_receive(memory, locked.0, value, ok, object)
                };
                if let Attempt::Done(woken) = attempt {
                    drop(locked);
                    woken.into_iter().for_each(|g| self.wake(own, g));
                    return Ok(Outcome::Done);
                }
                if memory.mutator.is_asked() {
                    // What is asked must be done while the goroutine is here.
                    drop(locked);
                    g.get().keeps = chan;
                    memory.mutator.safepoint();
                    g.get().keeps = 0;
                    continue;
                }
                let wait = g.begin_wait(if sends { Wait::Send } else { Wait::Receive }, chan, self.now());
                let (prev, next, queued) = (ptr::null_mut(), ptr::null_mut(), AtomicBool::new(false));
                let waiters = &mut g.get().waiters;
                waiters.clear();
                waiters.push(Waiter { g, wait, chan, sends, queued, value, ok, case: 0, prev, next });
                waiters[0].enqueue();
                return Ok(Outcome::Parked);
            }
        }
    }

    /// `close(chan)`
    ///
    /// # Errors
    /// There is none, or it is closed.
    ///
    /// # Safety
    /// `chan` is a channel or null.
    pub unsafe fn close(&self, memory: &mut Memory, own: &Processor, chan: usize) -> Result<(), Trap> {
        if chan == 0 {
            return Err(Trap::plain("close of nil channel"));
        }
        let mut woken = Vec::new();
        // SAFETY: the caller's promise.
        unsafe {
            let locked = Locked::new(chan);
            let chan = locked.0;
            if std::mem::replace(&mut (*chan).closed, true) {
                return Err(Trap::plain("close of closed channel"));
            }
            while let Some(receiver) = take_waiter(chan, false) {
                receiver.receive(memory, chan, ptr::null());
                woken.push(receiver.g);
            }
            while let Some(sender) = take_waiter(chan, true) {
                sender.g.get().closed = true;
                woken.push(sender.g);
            }
        }
        woken.into_iter().for_each(|g| self.wake(own, g));
        Ok(())
    }

    /// `select`: the number of the case that was chosen goes to `chosen`.
    ///
    /// # Errors
    /// A case sends on a closed channel, or the heap is exhausted.
    ///
    /// # Safety
    /// The cases are as the compiler makes them, and stay there while the goroutine waits.
    pub unsafe fn select(
        &self,
        actor: Actor<'_>,
        cases: *mut Case,
        count: usize,
        has_default: bool,
        chosen: *mut u64,
    ) -> Result<Outcome, Trap> {
        let Actor { memory, own, g } = actor;
        // SAFETY: the caller's promise.
        let all: SmallVec<[Case; 8]> = (0..count).map(|i| unsafe { *cases.add(i) }).collect();
        let mut chans: SmallVec<[usize; 8]> = all.iter().map(|case| case.chan).filter(|&chan| chan != 0).collect();
        chans.sort_unstable();
        chans.dedup();
        let mut objects: SmallVec<[usize; 8]> = SmallVec::new();
        for case in &all {
            let receives = case.chan != 0 && case.sends == 0;
            // SAFETY: as above.
            objects.push(if receives { unsafe { room(memory, case.chan)? } } else { 0 });
        }
        let start = if count == 0 { 0 } else { memory.random() as usize % count };
        loop {
            // SAFETY: the caller's promise; all locks are held while something is done with the channels, and taken in
            // the same order by everybody.
            unsafe {
                let locked: SmallVec<[Locked; 8]> = chans.iter().map(|&chan| Locked::new(chan)).collect();
                for i in 0..count {
                    let number = (start + i) % count;
                    let case = all[number];
                    if case.chan == 0 {
                        continue;
                    }
                    let chan = case.chan as *mut Chan;
                    let attempt = if case.sends != 0 {
                        try_send(memory, chan, case.value)?
                    } else {
                        let ok = &raw mut (*cases.add(number)).ok;
                        try_receive(memory, chan, case.value, ok, objects[number])
                    };
                    if let Attempt::Done(woken) = attempt {
                        drop(locked);
                        *chosen = number as u64;
                        woken.into_iter().for_each(|g| self.wake(own, g));
                        return Ok(Outcome::Done);
                    }
                }
                if has_default {
                    *chosen = u64::MAX;
                    return Ok(Outcome::Done);
                }
                if memory.mutator.is_asked() {
                    drop(locked);
                    memory.mutator.safepoint();
                    continue;
                }
                let wait = g.begin_wait(if count == 0 { Wait::SelectNone } else { Wait::Select }, 0, self.now());
                let state = g.get();
                state.waiters.clear();
                for (i, case) in all.iter().enumerate().filter(|(_, case)| case.chan != 0) {
                    let (prev, next, queued) = (ptr::null_mut(), ptr::null_mut(), AtomicBool::new(false));
                    let (chan, sends, value) = (case.chan, case.sends != 0, case.value);
                    let ok = &raw mut (*cases.add(i)).ok;
                    state.waiters.push(Waiter { g, wait, chan, sends, queued, value, ok, case: i as u64, prev, next });
                }
                state.result = if state.waiters.is_empty() { ptr::null_mut() } else { chosen };
                state.waiters.iter_mut().for_each(|waiter| waiter.enqueue());
                return Ok(Outcome::Parked);
            }
        }
    }
}

/// A goroutine that goes on takes itself out of the queues in which it still is.
pub(super) fn leave_queues(g: GoroutineRef) {
    let waiters = &mut g.get().waiters;
    // Of one alone it was taken out by whoever has woken it.
    if waiters.len() > 1 {
        for waiter in waiters.iter_mut().filter(|waiter| waiter.queued.load(Relaxed)) {
            // SAFETY: the channel is kept by the frame that has the cases, until the goroutine goes on.
            unsafe {
                let _locked = Locked::new(waiter.chan);
                if waiter.queued.load(Relaxed) {
                    waiter.dequeue();
                }
            }
        }
    }
    waiters.clear();
}
