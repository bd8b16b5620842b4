//! The allocation cache of a mutator: one span per span class, and of that span a window of up to 64 objects.
//!
//! Allocation takes the lowest free bit of the window, nothing else; that is all that happens for most objects. When
//! the window is empty its owner takes the next window of the span, and when the span has no more, another span
//! (`gc::mutator`). A window that is taken counts as allocated in the span until it is given back, so that no one else
//! has to know about the bits that are still free here.

use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use super::address::{Addr, WORD};
use super::shape::{SPAN_CLASSES, ShapeId, SpanClass};
use super::span::{Kind, SpanRef, low_bits};

#[cfg(test)]
mod tests;

/// A window of one span class.
#[derive(Clone, Copy)]
pub struct Window {
    /// The objects that are free, as bits.
    pub free: u64,
    /// The address of the window's first object.
    pub base: usize,
    /// Size of an object in bytes.
    pub size: u32,
    /// The window's number in the span.
    pub number: u32,
    /// The span, if one is cached.
    pub span: Option<SpanRef>,
    /// Where the layouts of the span's objects begin; 0 if nothing is written per object.
    layouts: usize,
    /// What is written are heap bits, not a layout word.
    heap_bits: bool,
    /// How many objects of the span were allocated when it was cached.
    counted: u32,
}

const EMPTY: Window =
    Window { free: 0, base: 0, size: 0, number: 0, span: None, layouts: 0, heap_bits: false, counted: 0 };

/// A block of 16 bytes that small pointer-free objects share.
#[derive(Clone, Copy, Default)]
pub struct Tiny {
    /// Where it begins; 0 if there is none.
    pub base: usize,
    /// How much of it is taken.
    pub used: usize,
    /// How many objects were put into blocks since this was last read.
    pub allocs: u64,
}

/// The cache.
pub struct MCache {
    windows: [Window; SPAN_CLASSES],
    /// The block for tiny objects.
    pub tiny: Tiny,
}

impl Default for MCache {
    fn default() -> Self {
        Self { windows: [EMPTY; SPAN_CLASSES], tiny: Tiny::default() }
    }
}

/// A span that leaves a cache, with what its mutator did to it.
#[derive(Clone, Copy, Debug)]
pub struct Uncached {
    /// The span.
    pub span: SpanRef,
    /// How many objects were allocated in it while it was cached.
    pub allocs: usize,
    /// How many objects of its last window are free again.
    pub unused: usize,
}

impl MCache {
    /// Size of a cache in bytes.
    pub const BYTES: usize = size_of::<Self>();

    /// The window of a span class.
    #[inline]
    pub fn window(&mut self, class: SpanClass) -> &mut Window {
        &mut self.windows[class.index()]
    }

    /// Numbers of the classes that have a span.
    pub fn cached(&self) -> impl Iterator<Item = SpanClass> + '_ {
        self.windows.iter().enumerate().filter(|(_, w)| w.span.is_some()).map(|(i, _)| SpanClass(i as u16))
    }
}

impl Window {
    /// Takes an object, cleared by nobody; `None` if the window is used up.
    #[inline]
    pub fn take(&mut self) -> Option<(NonNull<u8>, usize)> {
        if self.free == 0 {
            return None;
        }
        let bit = self.free.trailing_zeros() as usize;
        self.free &= self.free - 1;
        let addr = Addr::new(self.base + bit * self.size as usize);
        NonNull::new(addr.as_ptr()).map(|object| (object, bit))
    }

    /// Whether something is to be written per object.
    #[inline]
    pub fn has_layouts(&self) -> bool {
        self.layouts != 0
    }

    /// Whether heap bits are to be written, and not a layout word.
    #[inline]
    pub fn has_heap_bits(&self) -> bool {
        self.heap_bits
    }

    /// Sets the heap bits of the object at `bit`. The marker reads the bits of other objects at the same time, which
    /// are left as they are.
    #[inline]
    pub fn set_heap_bits(&self, bit: usize, bits: u64) {
        let words = self.size as usize / WORD;
        let first = (64 * self.number as usize + bit) * words;
        let shift = first % 64;
        let set = |i: usize, mask: u64, bits: u64| {
            // SAFETY: the span is of `Kind::Bits`, whose layouts have one bit per word, padded to eight bytes.
            let word = unsafe { AtomicU64::from_ptr(Addr::new(self.layouts + 8 * i).as_ptr()) };
            word.store(word.load(Relaxed) & !mask | bits, Relaxed);
        };
        set(first / 64, low_bits(words) << shift, bits << shift);
        if shift + words > 64 {
            set(first / 64 + 1, low_bits(words) >> (64 - shift), bits >> (64 - shift));
        }
    }

    /// Sets the layout word of the object at `bit`.
    #[inline]
    pub fn set_layout(&self, bit: usize, shape: ShapeId) {
        let object = 64 * self.number as usize + bit;
        // SAFETY: the span is of `Kind::Words`, whose layouts are four bytes per object.
        let word = unsafe { AtomicU32::from_ptr(Addr::new(self.layouts + 4 * object).as_ptr()) };
        word.store(shape.index() as u32, Relaxed);
    }

    /// Caches a span. The caller owns it.
    pub fn cache(&mut self, span: SpanRef) {
        debug_assert!(self.span.is_none());
        let layouts = if matches!(span.kind(), Kind::Bits | Kind::Words) { span.layouts_address() } else { 0 };
        *self = Window {
            span: Some(span),
            size: span.size() as u32,
            layouts,
            heap_bits: span.kind() == Kind::Bits,
            counted: span.allocated() as u32,
            ..EMPTY
        };
    }

    /// Takes the next window of the cached span that has free objects, and says how many; 0 if there is none left.
    pub fn advance(&mut self) -> usize {
        let Some(span) = self.span else { return 0 };
        debug_assert_eq!(self.free, 0);
        while span.window() < span.windows() {
            let number = span.window();
            span.set_window(number + 1);
            let in_window = low_bits((span.objects() - 64 * number).min(64));
            let free = !span.alloc_bits(number).load(Relaxed) & in_window;
            if free != 0 {
                span.alloc_bits(number).store(in_window, Relaxed);
                span.set_allocated(span.allocated() + free.count_ones() as usize);
                self.free = free;
                self.number = number as u32;
                self.base = span.object(64 * number).get();
                return free.count_ones() as usize;
            }
        }
        0
    }

    /// Objects that were allocated since the span was cached, with the whole window.
    pub fn unreported(&self) -> usize {
        self.span.map_or(0, |span| span.allocated() - self.counted as usize)
    }

    /// Gives up the span. What is left of the window is free again.
    pub fn uncache(&mut self) -> Option<Uncached> {
        let span = self.span?;
        let unused = self.free.count_ones() as usize;
        if unused > 0 {
            let bits = span.alloc_bits(self.number as usize);
            bits.store(bits.load(Relaxed) & !self.free, Relaxed);
            span.set_allocated(span.allocated() - unused);
            // The next owner looks at this window again.
            span.set_window(self.number as usize);
        }
        let allocs = span.allocated() - self.counted as usize;
        *self = EMPTY;
        Some(Uncached { span, allocs, unused })
    }
}
