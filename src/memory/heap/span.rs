//! Spans: runs of pages that hold objects of one size, or one large object, or a stack.
//!
//! A span's record lies outside of its pages, in the metadata range, and the page table leads to it:
//!
//! ```text
//! record:  | header, 64 bytes | mark bytes, one per object | allocation bits, one per object | layouts |
//! layouts: Bits: one bit per word of each object; Words: one shape id (4 bytes) per object; else nothing
//! ```
//!
//! So the marker finds the mark byte of an object from the page table's entry alone, without reading the header.
//! Marks are bytes because a byte is set with a plain store: an atomic `or` on shared bits costs the marker more than
//! the bytes cost the sweeper.
//!
//! Who may touch what:
//! - The header is written when the span is made and constant until it is freed, except for the state words below.
//! - Mark bytes: during marking, by markers (`GREY`, `BLACK`) and by the owner of the span's allocation window for
//!   objects that are free; between cycles they are all `WHITE`, cleared by the sweeper. Two markers may set the same
//!   byte and then scan an object twice, which is harmless.
//! - Allocation bits, `allocated`, `window`, layouts: by the owner, which is the mutator that caches the span, or the
//!   thread that sweeps it, or whoever holds the central list it is in. A bit is set for every object that is
//!   allocated and for all of the window that a mutator has taken.
//! - `sweepgen`: the thread that claims a sweep owns the span until it says that the sweep is done (`mcentral`).

use std::ptr::NonNull;
use std::sync::atomic::{
    AtomicBool, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering::AcqRel, Ordering::Relaxed, Ordering::SeqCst,
    fence,
};

use super::PAGE_SIZE;
use super::address::{Addr, WORD};
use super::mcentral::SweepGen;
use super::shape::SpanClass;
use super::size_class::SizeClass;

#[cfg(test)]
pub mod tests;

/// What the objects of a span are, as the page table's entries say it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Kind {
    /// The page is free, or not usable yet.
    Free = 0,
    /// Objects without pointers.
    NoScan = 1,
    /// Objects with one heap bit per word.
    Bits = 2,
    /// Objects, or one large object, with a layout word: the shape's id.
    Words = 3,
    /// Objects of one hot shape.
    Hot = 4,
    /// Stacks and whatever else is freed by hand.
    Manual = 5,
}

impl Kind {
    /// The kind with this number.
    #[inline]
    pub fn from_bits(bits: u8) -> Self {
        match bits {
            1 => Self::NoScan,
            2 => Self::Bits,
            3 => Self::Words,
            4 => Self::Hot,
            5 => Self::Manual,
            _ => Self::Free,
        }
    }

    /// Whether pages of this kind hold objects.
    #[inline]
    pub fn holds_objects(self) -> bool {
        !matches!(self, Self::Free | Self::Manual)
    }
}

/// Not reached by the marker.
pub const WHITE: u8 = 0;
/// Reached, and to be scanned when its span comes up in the span queue.
pub const GREY: u8 = 1;
/// Reached; its pointers are scanned or on somebody's work list.
pub const BLACK: u8 = 2;

/// The header of a span's record.
#[repr(C, align(64))]
pub struct Span {
    base: AtomicUsize,
    /// Size of an object in bytes; of a large one, of what was asked for, rounded up to words.
    size: AtomicUsize,
    pages: AtomicU32,
    objects: AtomicU32,
    /// Position of the allocation bits in the record, in bytes.
    bits: AtomicU32,
    /// Size of the record in bytes.
    record: AtomicU32,
    sweepgen: SweepGen,
    /// How many allocation bits are set, with the whole window of a mutator that caches the span.
    allocated: AtomicU32,
    /// The first group of 64 objects that no mutator has taken since the last sweep.
    window: AtomicU32,
    kind: AtomicU8,
    class: AtomicU8,
    flags: AtomicU8,
    queued: AtomicBool,
    hot: AtomicU32,
}

#[cfg(not(loom))]
const _: () = assert!(size_of::<Span>() == 64, "the header is one cache line");
/// Size of the header.
pub const HEADER: usize = size_of::<Span>();

const HAS_SPECIALS: u8 = 1;
const NEEDS_ZERO: u8 = 2;

/// What a new span is to hold.
#[derive(Clone, Copy, Debug)]
pub struct SpanSpec {
    /// What its objects are.
    pub kind: Kind,
    /// The size class; `SizeClass::LARGE` for a large object or a stack.
    pub class: SizeClass,
    /// Size of an object in bytes.
    pub size: usize,
    /// How many objects it has room for.
    pub objects: usize,
    /// How many pages it has.
    pub pages: usize,
    /// The slot of the hot shape, for `Kind::Hot`.
    pub hot: u16,
}

impl SpanSpec {
    /// A span of small objects.
    pub fn small(class: SizeClass, kind: Kind, hot: u16) -> Self {
        Self { kind, class, size: class.size(), objects: class.objects(), pages: class.pages(), hot }
    }

    /// The span of a large object of `size` bytes.
    pub fn large(size: usize, kind: Kind) -> Self {
        let pages = size.div_ceil(PAGE_SIZE);
        Self { kind, class: SizeClass::LARGE, size: size.next_multiple_of(WORD), objects: 1, pages, hot: 0 }
    }

    /// Pages that are freed by hand.
    pub fn manual(pages: usize) -> Self {
        let size = pages * PAGE_SIZE;
        Self { kind: Kind::Manual, class: SizeClass::LARGE, size, objects: 0, pages, hot: 0 }
    }

    fn bits_at(&self) -> usize {
        HEADER + self.objects.next_multiple_of(8)
    }

    /// Size of the record in bytes.
    pub fn record(&self) -> usize {
        let layouts = match self.kind {
            Kind::Bits => (self.objects * (self.size / WORD)).div_ceil(64) * 8,
            Kind::Words => self.objects * 4,
            _ => 0,
        };
        (self.bits_at() + self.objects.div_ceil(64) * 8 + layouts).next_multiple_of(HEADER)
    }
}

/// A span's record. Copies are handles of the same span.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(transparent)]
pub struct SpanRef(NonNull<Span>);

// SAFETY: a record is only reached through atomics; who may change what is said in the module's head.
unsafe impl Send for SpanRef {}
// SAFETY: as above.
unsafe impl Sync for SpanRef {}

impl std::ops::Deref for SpanRef {
    type Target = Span;

    #[inline]
    fn deref(&self) -> &Span {
        // SAFETY: `SpanRef::new` demands a record, records stay mapped as long as the heap, and all fields are
        // atomics, which may be shared. A record that was given back may describe another span; that is no
        // unsoundness here, and callers exclude it by the rules above.
        unsafe { self.0.as_ref() }
    }
}

impl SpanRef {
    /// The record at an address.
    ///
    /// # Safety
    /// A record begins there, and its memory stays mapped and is used for records only as long as the heap exists.
    #[inline]
    pub unsafe fn new(record: NonNull<Span>) -> Self {
        Self(record)
    }

    /// Where the record lies.
    #[inline]
    pub fn record_address(self) -> Addr {
        Addr::of(self.0.as_ptr())
    }

    /// Fills in the header and clears the rest of the record. The span is swept and has no objects.
    pub fn init(self, base: Addr, spec: &SpanSpec, sweepgen: u32, needs_zero: bool) {
        let record = spec.record();
        // SAFETY: the record has this size, and nobody else knows it yet.
        unsafe { self.0.cast::<u8>().add(HEADER).write_bytes(0, record - HEADER) };
        self.base.store(base.get(), Relaxed);
        self.size.store(spec.size, Relaxed);
        self.pages.store(spec.pages as u32, Relaxed);
        self.objects.store(spec.objects as u32, Relaxed);
        self.bits.store(spec.bits_at() as u32, Relaxed);
        self.record.store(record as u32, Relaxed);
        self.allocated.store(0, Relaxed);
        self.window.store(0, Relaxed);
        self.kind.store(spec.kind as u8, Relaxed);
        self.class.store(spec.class.index() as u8, Relaxed);
        self.flags.store(if needs_zero { NEEDS_ZERO } else { 0 }, Relaxed);
        self.queued.store(false, Relaxed);
        self.hot.store(u32::from(spec.hot), Relaxed);
        self.sweepgen.reset(sweepgen);
    }

    #[inline]
    fn byte(self, at: usize) -> *mut u8 {
        self.0.as_ptr().cast::<u8>().wrapping_add(at)
    }

    /// The mark byte of an object.
    #[inline]
    pub fn mark(&self, object: usize) -> &AtomicU8 {
        debug_assert!(object < self.objects());
        // SAFETY: the record has one byte per object after the header (`SpanSpec::record`); bytes are always valid
        // atomics.
        unsafe { AtomicU8::from_ptr(self.byte(HEADER + object)) }
    }

    /// The mark bytes of objects `8 * i ..`, the first in the lowest byte.
    #[inline]
    pub fn marks8(&self, i: usize) -> &AtomicU64 {
        debug_assert!(8 * i < self.objects());
        // SAFETY: mark bytes are padded to a multiple of eight and begin on a cache line.
        unsafe { AtomicU64::from_ptr(self.byte(HEADER + 8 * i).cast()) }
    }

    /// The allocation bits of objects `64 * i ..`, the first in the lowest bit.
    #[inline]
    pub fn alloc_bits(&self, i: usize) -> &AtomicU64 {
        debug_assert!(64 * i < self.objects());
        // SAFETY: they follow the mark bytes, at a multiple of eight.
        unsafe { AtomicU64::from_ptr(self.byte(self.bits.load(Relaxed) as usize + 8 * i).cast()) }
    }

    /// The mark byte of an object, for callers that know the index to be in range from the size class alone.
    #[inline]
    pub fn mark_unchecked(&self, object: usize) -> &AtomicU8 {
        // SAFETY: the record of a span of small objects has one byte for each object of its class, and that of a
        // large one a byte for the one object.
        unsafe { AtomicU8::from_ptr(self.byte(HEADER + object)) }
    }

    /// Where the layout of a small object lies, give or take its length; for prefetching.
    #[inline]
    pub fn layout_address(self, class: SizeClass, object: usize) -> usize {
        self.byte(layouts_at(class) + object * class.size() / (8 * WORD)).addr()
    }

    /// The heap bits of one object, without a look at the header.
    #[inline]
    pub fn object_bits_of(&self, class: SizeClass, object: usize) -> u64 {
        debug_assert!(self.kind() == Kind::Bits && self.class() == class);
        let words = class.size() / WORD;
        let (first, shift) = (object * words / 64, object * words % 64);
        let layouts = self.byte(layouts_at(class)).cast::<u64>();
        // SAFETY: as in `heap_bits`; the position is the same because the number of objects follows from the class.
        let word = |i: usize| unsafe { AtomicU64::from_ptr(layouts.wrapping_add(i)).load(Relaxed) };
        let mut bits = word(first) >> shift;
        if shift + words > 64 {
            bits |= word(first + 1) << (64 - shift);
        }
        bits & low_bits(words)
    }

    /// Where the layouts begin, for their owner to write.
    pub fn layouts_address(self) -> usize {
        self.layouts().expose_provenance()
    }

    /// Where the layouts begin.
    #[inline]
    fn layouts(self) -> *mut u8 {
        self.byte(self.bits.load(Relaxed) as usize + 8 * self.windows())
    }

    /// The layout word of an object of a span of `Kind::Words`.
    #[inline]
    pub fn layout(&self, object: usize) -> &AtomicU32 {
        debug_assert!(object < self.objects() && self.kind() == Kind::Words);
        // SAFETY: layouts of this kind are four bytes per object, at a multiple of eight.
        unsafe { AtomicU32::from_ptr(self.layouts().cast::<u32>().wrapping_add(object)) }
    }

    /// Heap bits of words `64 * i ..` of the whole span, of `Kind::Bits`.
    #[inline]
    pub fn heap_bits(&self, i: usize) -> &AtomicU64 {
        debug_assert!(self.kind() == Kind::Bits && 64 * i < self.objects() * (self.size() / WORD));
        // SAFETY: layouts of this kind are one bit per word, padded to eight bytes, at a multiple of eight.
        unsafe { AtomicU64::from_ptr(self.layouts().cast::<u64>().wrapping_add(i)) }
    }

    /// Whether an object is allocated, as far as its span's owner has said it: the rest of a window that a mutator
    /// has taken counts as allocated.
    pub fn is_allocated(&self, object: usize) -> bool {
        object < self.objects() && self.alloc_bits(object / 64).load(Relaxed) >> (object % 64) & 1 == 1
    }
}

/// Where the layouts of a span of small objects begin in its record, in bytes.
#[inline]
fn layouts_at(class: SizeClass) -> usize {
    HEADER + class.objects().next_multiple_of(8) + class.objects().div_ceil(64) * 8
}

/// The lowest `n` bits, `n` from 0 to 64.
#[inline]
pub fn low_bits(n: usize) -> u64 {
    if n >= 64 { u64::MAX } else { (1 << n) - 1 }
}

/// Which of eight mark bytes are not white, as the lowest eight bits.
#[inline]
fn marked(bytes: u64) -> u64 {
    const LOW: u64 = 0x0101_0101_0101_0101;
    // Marks are 0, 1 or 2, so their two low bits say it; the multiplication gathers one bit of each byte at the top.
    let bits = (bytes | bytes >> 1) & LOW;
    bits.wrapping_mul(0x0102_0408_1020_4080) >> 56
}

impl Span {
    /// Address of the first object.
    #[inline]
    pub fn base(&self) -> Addr {
        Addr::new(self.base.load(Relaxed))
    }

    /// Size of an object in bytes.
    #[inline]
    pub fn size(&self) -> usize {
        self.size.load(Relaxed)
    }

    /// How many objects it has room for.
    #[inline]
    pub fn objects(&self) -> usize {
        self.objects.load(Relaxed) as usize
    }

    /// How many groups of 64 objects it has.
    #[inline]
    pub fn windows(&self) -> usize {
        self.objects().div_ceil(64)
    }

    /// How many pages it has.
    #[inline]
    pub fn pages(&self) -> usize {
        self.pages.load(Relaxed) as usize
    }

    /// Its size in bytes.
    pub fn bytes(&self) -> usize {
        self.pages() * PAGE_SIZE
    }

    /// Size of its record in bytes.
    pub fn record(&self) -> usize {
        self.record.load(Relaxed) as usize
    }

    /// What its objects are.
    #[inline]
    pub fn kind(&self) -> Kind {
        Kind::from_bits(self.kind.load(Relaxed))
    }

    /// The size class; `LARGE` for one large object.
    #[inline]
    pub fn class(&self) -> SizeClass {
        SizeClass::from_index(usize::from(self.class.load(Relaxed)))
    }

    /// Whether it holds one large object.
    #[inline]
    pub fn is_large(&self) -> bool {
        self.class() == SizeClass::LARGE
    }

    /// The slot of the hot shape.
    #[inline]
    pub fn hot_slot(&self) -> u16 {
        self.hot.load(Relaxed) as u16
    }

    /// The span class it belongs to.
    pub fn span_class(&self) -> SpanClass {
        match self.kind() {
            Kind::Hot => SpanClass::hot(self.hot_slot()),
            kind => SpanClass::new(self.class(), kind),
        }
    }

    /// How many allocation bits are set.
    #[inline]
    pub fn allocated(&self) -> usize {
        self.allocated.load(Relaxed) as usize
    }

    /// Sets how many allocation bits are set. For the owner.
    #[inline]
    pub fn set_allocated(&self, count: usize) {
        self.allocated.store(count as u32, Relaxed);
    }

    /// The first group of 64 objects that was not taken since the last sweep.
    #[inline]
    pub fn window(&self) -> usize {
        self.window.load(Relaxed) as usize
    }

    /// Sets the next window. For the owner.
    #[inline]
    pub fn set_window(&self, window: usize) {
        self.window.store(window as u32, Relaxed);
    }

    /// Whether its pages held something before and must be cleared before use.
    #[inline]
    pub fn needs_zero(&self) -> bool {
        self.flags.load(Relaxed) & NEEDS_ZERO != 0
    }

    /// Whether objects of it have finalizers, cleanups or weak handles. May be true without need.
    #[inline]
    pub fn has_specials(&self) -> bool {
        self.flags.load(Relaxed) & HAS_SPECIALS != 0
    }

    /// Says that objects of it have finalizers, cleanups or weak handles.
    pub fn set_specials(&self, yes: bool) {
        if yes {
            self.flags.fetch_or(HAS_SPECIALS, Relaxed);
        } else {
            self.flags.fetch_and(!HAS_SPECIALS, Relaxed);
        }
    }

    /// Claims the right to put the span into the span queue; false if it is in there. Behind a fence that follows the
    /// marks.
    #[inline]
    pub fn enqueue(&self) -> bool {
        !self.queued.load(Relaxed) && !self.queued.swap(true, AcqRel)
    }

    /// Takes it from the span queue: objects that turn grey from now on put it there again.
    #[inline]
    pub fn dequeue(&self) {
        self.queued.store(false, Relaxed);
        fence(SeqCst);
    }

    /// Whether it is swept, and who may sweep it.
    #[inline]
    pub fn sweepgen(&self) -> &SweepGen {
        &self.sweepgen
    }

    /// Takes it out of use. For its owner.
    pub fn retire(&self) {
        self.kind.store(Kind::Free as u8, Relaxed);
    }

    /// The address of an object.
    #[inline]
    pub fn object(&self, index: usize) -> Addr {
        self.base() + index * self.size()
    }

    /// The index of the object that an address inside of the span belongs to; `None` behind the last object.
    #[inline]
    pub fn index_of(&self, addr: Addr) -> Option<usize> {
        let offset = addr.get() - self.base().get();
        let index = if self.is_large() { 0 } else { self.class().index_of(offset) };
        (index < self.objects()).then_some(index)
    }
}

impl SpanRef {
    /// The objects of window `i` that are marked, as bits.
    #[inline]
    pub fn marked_bits(&self, i: usize) -> u64 {
        let groups = (self.objects() - 64 * i).div_ceil(8).min(8);
        let mut bits = 0;
        for group in 0..groups {
            bits |= marked(self.marks8(8 * i + group).load(Relaxed)) << (8 * group);
        }
        bits
    }

    /// Makes all marks of window `i` white.
    #[inline]
    pub fn clear_marks(&self, i: usize) {
        let groups = (self.objects() - 64 * i).div_ceil(8).min(8);
        for group in 0..groups {
            self.marks8(8 * i + group).store(0, Relaxed);
        }
    }

    /// Sets the marks of the objects of window `i` that are named by `bits`. For the owner: nobody else marks them.
    pub fn set_marks(&self, i: usize, mut bits: u64, mark: u8) {
        while bits != 0 {
            self.mark(64 * i + bits.trailing_zeros() as usize).store(mark, Relaxed);
            bits &= bits - 1;
        }
    }
}
