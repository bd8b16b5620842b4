//! Channels: what they hold. Who waits for them is the scheduler's business (`sched`).

use parking_lot::lock_api::RawMutex as _;

use super::{Memory, Trap};
use crate::bytecode::program::{TypeIdx, WordKind};

/// A channel in the heap.
#[repr(C)]
pub struct Chan {
    /// The elements that were sent and not received, a ring.
    pub buffer: usize,
    /// How many there are.
    pub len: usize,
    /// How many there is room for.
    pub cap: usize,
    /// The position of the oldest.
    pub head: usize,
    /// Their type.
    pub elem: TypeIdx,
    /// Whether it was closed.
    pub closed: bool,
    /// What is in it belongs to who holds this, but for what never changes: `cap` and `elem`.
    pub lock: parking_lot::RawMutex,
    /// Those who wait to receive, first and last: addresses that mean nothing to the collector.
    pub receivers: [usize; 2],
    /// Those who wait to send.
    pub senders: [usize; 2],
}

const WORDS: usize = size_of::<Chan>() / 8;

/// The words of a channel.
pub(super) fn shape() -> [WordKind; WORDS] {
    let mut words = [WordKind::Scalar; WORDS];
    words[0] = WordKind::Pointer;
    words
}

impl Memory {
    /// `make(chan T, size)`; the type is that of the elements.
    ///
    /// # Errors
    /// A size that cannot be, or the heap is exhausted.
    pub fn make_chan(&mut self, elem: TypeIdx, size: i64) -> Result<usize, Trap> {
        let bytes = self.types().get(elem).size().max(1) as u64;
        let cap = u64::try_from(size).ok().filter(|&size| size < (1 << 47) / bytes);
        let Some(cap) = cap else { return Err(Trap::plain("makechan: size out of range")) };
        let cap = cap as usize;
        let buffer = if cap == 0 { 0 } else { self.new_array(elem, cap)? };
        let at = self.new_shaped(self.types().chan_shape, size_of::<Chan>())?;
        // SAFETY: the object is new and has this size.
        unsafe {
            let (receivers, senders) = ([0; 2], [0; 2]);
            let lock = parking_lot::RawMutex::INIT;
            let (len, head, closed) = (0, 0, false);
            (at as *mut Chan).write(Chan { buffer, len, cap, head, elem, closed, lock, receivers, senders });
        }
        Ok(at)
    }

    /// Puts a value from slots into the buffer, which has room.
    ///
    /// # Safety
    /// The channel is one, and `slots` leads to a value of its elements' type.
    pub unsafe fn chan_push(&mut self, chan: &mut Chan, slots: *const u64) {
        let size = self.types().get(chan.elem).size();
        let at = chan.buffer + (chan.head + chan.len) % chan.cap * size;
        // SAFETY: the place is inside of the buffer.
        unsafe { self.store(chan.elem, at, slots) };
        chan.len += 1;
    }

    /// Takes the oldest value out of the buffer, which is not empty.
    ///
    /// # Safety
    /// The channel is one, and `slots` leads to the slots for a value of its elements' type. If that is too large for
    /// slots, `object` is one of the type that nobody else knows.
    pub unsafe fn chan_pop(&mut self, chan: &mut Chan, slots: *mut u64, object: usize) {
        let elem = self.types().get(chan.elem);
        let (size, large) = (elem.size(), elem.desc.large);
        let at = chan.buffer + chan.head * size;
        // SAFETY: the place is inside of the buffer, and the object is for this type.
        unsafe {
            if large {
                self.copy(chan.elem, object, at, 1);
                *slots = object as u64;
            } else {
                self.load(chan.elem, at, slots);
            }
            self.clear(chan.elem, at, 1);
        }
        chan.head = (chan.head + 1) % chan.cap;
        chan.len -= 1;
    }
}
