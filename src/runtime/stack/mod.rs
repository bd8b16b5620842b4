//! Goroutines' stacks: segments, frames, and walks over them.
//!
//! A stack is a list of segments that never move. A call whose frame does not fit goes to the next segment, which is
//! made if there is none: its arguments are copied there, and the frame returns to a stub ([`Code::edge`]) that copies
//! the results back. The emptied segment stays attached, so that a call across the edge in a loop costs a copy and no
//! allocation.
//!
//! Invariants:
//! - a frame lies in one segment, the first one of a segment right behind its [`Segment`] header;
//! - the segments before the current one are in use, those behind it are spare;
//! - slots are valid where the function's map says so, and nowhere else.

mod code;
mod walk;

use std::ptr;

pub use code::{Code, Entry};
pub use walk::{Frame, Raised, Walk};

use crate::bytecode::program::{CALLER, HEADER, RETURN_PC};
use crate::memory::{AllocError, Mutator};

/// Bytes of the first segment.
pub const FIRST: usize = 2 << 10;
/// Bytes of the largest segment, unless a frame needs more.
const LARGEST: usize = 256 << 10;
/// Bytes from which segments are spans of their own.
const OWN_SPAN: usize = 8 << 10;

/// The head of a segment.
#[repr(C, align(16))]
pub struct Segment {
    prev: *mut Segment,
    next: *mut Segment,
    /// Bytes, the head included.
    size: usize,
    /// Where the call that led here goes on.
    return_pc: *const u64,
    /// The frame that the caller made for it.
    window: *mut u64,
    /// Slots of parameters and results.
    signature: usize,
}

impl Segment {
    /// Where its first frame begins.
    fn first(this: *mut Self) -> *mut u64 {
        this.wrapping_add(1).cast()
    }

    /// Its end.
    ///
    /// # Safety
    /// It is a segment.
    unsafe fn end(this: *mut Self) -> *mut u64 {
        // SAFETY: the caller's promise.
        this.cast::<u8>().wrapping_add(unsafe { (*this).size }).cast()
    }
}

/// Segments that nobody uses, by size: 2 and 4 KiB.
#[derive(Default)]
pub struct Pool {
    small: [Vec<*mut u8>; 2],
}

/// A goroutine's stack.
pub struct Stack {
    first: *mut Segment,
    current: *mut Segment,
    /// Bytes of all segments.
    size: usize,
}

/// Why a stack cannot grow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Full {
    /// It has reached its limit.
    Limit,
    /// The heap is exhausted.
    Memory(AllocError),
}

impl Pool {
    fn take(&mut self, mutator: &mut Mutator, size: usize) -> Result<*mut u8, AllocError> {
        if size >= OWN_SPAN {
            return Ok(mutator.alloc_stack(size)?.as_ptr());
        }
        let list = usize::from(size > FIRST);
        if self.small[list].is_empty() {
            let block = mutator.alloc_stack(OWN_SPAN)?.as_ptr();
            self.small[list].extend((0..OWN_SPAN / size).map(|i| block.wrapping_add(i * size)));
        }
        Ok(self.small[list].pop().unwrap_or(ptr::null_mut()))
    }

    /// # Safety
    /// The memory was taken from this pool with this size, and nobody uses it any more.
    unsafe fn give(&mut self, mutator: &mut Mutator, at: *mut u8, size: usize) {
        if size >= OWN_SPAN {
            // SAFETY: the caller's promise.
            return unsafe { mutator.free_stack(at) };
        }
        self.small[usize::from(size > FIRST)].push(at);
    }
}

/// Copies a few words, for which a call would cost more.
///
/// # Safety
/// Both are there and do not overlap.
#[inline(always)]
unsafe fn copy_words(from: *const u64, to: *mut u64, count: usize) {
    for i in 0..count {
        // SAFETY: nothing is executed; without it the loop would become a call, or copy several words at once.
        unsafe { std::arch::asm!("", options(nomem, nostack, preserves_flags)) };
        // SAFETY: the caller's promise.
        unsafe { *to.add(i) = *from.add(i) };
    }
}

/// Slots behind the limit of a segment: a header, and two for an argument or a result.
const ABOVE: usize = HEADER as usize + 2;

impl Stack {
    /// A stack of one segment.
    ///
    /// # Errors
    /// The heap is exhausted.
    pub fn new(pool: &mut Pool, mutator: &mut Mutator) -> Result<Self, AllocError> {
        let first = Self::segment(pool, mutator, FIRST, ptr::null_mut())?;
        Ok(Self { first, current: first, size: FIRST })
    }

    fn segment(
        pool: &mut Pool,
        mutator: &mut Mutator,
        size: usize,
        prev: *mut Segment,
    ) -> Result<*mut Segment, AllocError> {
        let segment = pool.take(mutator, size)?.cast::<Segment>();
        let head = Segment {
            prev,
            next: ptr::null_mut(),
            size,
            return_pc: ptr::null(),
            window: ptr::null_mut(),
            signature: 0,
        };
        // SAFETY: the pool gives memory of this size that nobody uses, aligned to 16 bytes at least.
        unsafe { segment.write(head) };
        Ok(segment)
    }

    /// Where the first frame begins.
    pub fn base(&self) -> *mut u64 {
        Segment::first(self.first)
    }

    /// Where frames of the current segment must end. Behind it there is room for the beginning of one more, to call a
    /// function without parameters, or with one of a word, above any frame.
    pub fn limit(&self) -> *mut u64 {
        // SAFETY: a stack has a current segment.
        unsafe { Segment::end(self.current).wrapping_sub(ABOVE) }
    }

    /// Bytes of all segments.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Moves on to the next segment for a call whose frame does not fit: `window` is the frame that the caller made,
    /// with the arguments. Returns the frame in the new segment, which returns to `edge`.
    ///
    /// # Errors
    /// The stack would pass its limit in bytes, or the heap is exhausted.
    ///
    /// # Safety
    /// `window` is in the current segment, as far as its header and the `entry.signature` slots behind it; its header
    /// is complete.
    pub unsafe fn cross(
        &mut self,
        pool: &mut Pool,
        mutator: &mut Mutator,
        entry: &Entry,
        window: *mut u64,
        edge: *const u64,
        limit: usize,
    ) -> Result<*mut u64, Full> {
        let needed = size_of::<Segment>() + entry.frame + size_of::<[u64; ABOVE]>();
        // SAFETY: segments belong to this stack; the caller vouches for the window.
        unsafe {
            let mut next = (*self.current).next;
            if !next.is_null() && (*next).size < needed {
                self.drop_spare(pool, mutator);
                next = ptr::null_mut();
            }
            if next.is_null() {
                let size = (2 * (*self.current).size).min(LARGEST).max(needed.next_power_of_two());
                if self.size + size > limit {
                    return Err(Full::Limit);
                }
                next = Self::segment(pool, mutator, size, self.current).map_err(Full::Memory)?;
                (*self.current).next = next;
                self.size += size;
            }
            Ok(self.enter(next, entry, window, edge))
        }
    }

    /// The same if the next segment is there and large enough, which it is whenever calls go over the same edge again
    /// and again; null if it is not.
    ///
    /// # Safety
    /// As for [`Stack::cross`].
    #[inline]
    pub unsafe fn cross_again(&mut self, entry: &Entry, window: *mut u64, edge: *const u64) -> *mut u64 {
        let needed = size_of::<Segment>() + entry.frame + size_of::<[u64; ABOVE]>();
        // SAFETY: as there.
        unsafe {
            let next = (*self.current).next;
            if next.is_null() || (*next).size < needed {
                return ptr::null_mut();
            }
            self.enter(next, entry, window, edge)
        }
    }

    /// Makes the segment the current one, for a call.
    ///
    /// # Safety
    /// As for [`Stack::cross`]; the segment is the one behind the current one, and has room for the frame.
    #[inline]
    unsafe fn enter(&mut self, next: *mut Segment, entry: &Entry, window: *mut u64, edge: *const u64) -> *mut u64 {
        // SAFETY: the caller's promise.
        unsafe {
            (*next).return_pc = *window.add(RETURN_PC) as *const u64;
            (*next).window = window;
            (*next).signature = entry.signature;
            let frame = Segment::first(next);
            *frame.add(RETURN_PC) = edge as u64;
            // Word by word: the caller has only just written them so, and would be waited for else.
            copy_words(window.add(1), frame.add(1), usize::from(HEADER) - 1 + entry.signature);
            self.current = next;
            frame
        }
    }

    /// Goes back over the edge: copies the results to the caller's window. Returns where the caller goes on.
    ///
    /// # Safety
    /// The first frame of the current segment, which is not the first one, has returned.
    pub unsafe fn cross_back(&mut self) -> *const u64 {
        // SAFETY: the segment was entered through `cross`, which filled in its head.
        unsafe {
            let segment = self.current;
            let head = &*segment;
            let from = Segment::first(segment).add(usize::from(HEADER));
            copy_words(from, head.window.add(usize::from(HEADER)), head.signature);
            self.current = head.prev;
            head.return_pc
        }
    }

    /// Makes the segment that holds a frame the current one.
    ///
    /// # Safety
    /// The frame is one of this stack, and those behind it are not used any more.
    pub unsafe fn unwind_to(&mut self, frame: *mut u64) {
        // SAFETY: the frame lies in one of the segments up to the current one.
        unsafe {
            while !(self.current as usize..Segment::end(self.current) as usize).contains(&(frame as usize)) {
                self.current = (*self.current).prev;
            }
        }
    }

    /// Frees the segments behind the current one.
    pub fn drop_spare(&mut self, pool: &mut Pool, mutator: &mut Mutator) {
        // SAFETY: what is behind the current segment is spare.
        unsafe {
            let mut next = std::mem::replace(&mut (*self.current).next, ptr::null_mut());
            while !next.is_null() {
                let (after, size) = ((*next).next, (*next).size);
                self.size -= size;
                pool.give(mutator, next.cast(), size);
                next = after;
            }
        }
    }

    /// Frees all segments.
    pub fn free(mut self, pool: &mut Pool, mutator: &mut Mutator) {
        self.current = self.first;
        self.drop_spare(pool, mutator);
        // SAFETY: the stack ends, so nobody uses its last segment.
        unsafe { pool.give(mutator, self.first.cast(), (*self.first).size) };
    }

    /// Where a frame that returns over an edge goes on, and its caller's window.
    ///
    /// # Safety
    /// The frame is the first of a segment that is not the first one.
    unsafe fn over_edge(frame: *mut u64) -> *const u64 {
        // SAFETY: the head lies right before the frame.
        unsafe { (*frame.cast::<Segment>().sub(1)).return_pc }
    }

    /// The caller's frame.
    ///
    /// # Safety
    /// It is a frame.
    pub unsafe fn caller(frame: *mut u64) -> *mut u64 {
        // SAFETY: the caller's promise.
        unsafe { *frame.add(CALLER) as *mut u64 }
    }
}
