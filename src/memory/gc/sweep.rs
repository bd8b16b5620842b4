//! Sweeping: what the marker did not reach becomes free.
//!
//! After a cycle every span is unswept. It is swept before anybody allocates from it, by whoever needs it, by the
//! background sweeper, or by mutators in proportion to what they allocate, so that all is done before the next cycle
//! begins. To sweep a span is to let its marks become its allocation bits and to make the marks white again.
//!
//! Objects with specials (finalizers, cleanups, weak handles) are looked at first: `special` may keep an object that
//! was not reached for one more cycle.

use std::sync::atomic::Ordering::Relaxed;

use super::Collector;
use super::special::Verdict;
use crate::memory::heap::shape::{SPAN_CLASSES, SpanClass};
use crate::memory::heap::span::{BLACK, SpanRef, low_bits};

/// What became of a span.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Swept {
    /// Nothing in it was alive: its pages are free.
    Freed {
        /// How many pages.
        pages: usize,
    },
    /// It has free objects; the caller owns it.
    Partial,
    /// All its objects are alive; the caller owns it.
    Full,
}

impl Collector {
    /// Sweeps a span that was claimed. If nothing in it is alive its pages become free, unless the caller wants to
    /// `keep` it, to allocate from it.
    pub(super) fn sweep_span(&self, span: SpanRef, keep: bool) -> Swept {
        let generation = self.heap.sweepgen();
        let pages = span.pages();
        if span.has_specials() {
            self.visit_specials(span);
        }
        let before = span.allocated();
        let live = if span.is_large() { usize::from(span.mark(0).load(Relaxed) != 0) } else { self.sweep_bits(span) };
        let freed = before - live;
        if span.is_large() {
            self.count_large(span, freed);
        } else {
            self.heap.counters.add_frees(span.span_class(), freed);
        }
        self.sweep.pages_swept.fetch_add(pages, Relaxed);
        let swept = if live == 0 && !keep {
            if self.heap.clobber_free.load(Relaxed) {
                self.heap.clobber(span.base(), span.bytes());
            }
            self.heap.free_span(span);
            Swept::Freed { pages }
        } else {
            if span.is_large() {
                span.clear_marks(0);
            }
            span.set_allocated(live);
            span.set_window(0);
            span.sweepgen().done(generation);
            if live == span.objects() { Swept::Full } else { Swept::Partial }
        };
        self.sweep.unswept.fetch_sub(1, Relaxed);
        swept
    }

    /// Marks become allocation bits. Returns how many objects are alive.
    fn sweep_bits(&self, span: SpanRef) -> usize {
        let clobber = self.heap.clobber_free.load(Relaxed);
        let mut live = 0;
        for window in 0..span.windows() {
            let marked = span.marked_bits(window);
            let allocated = span.alloc_bits(window);
            if clobber {
                let mut freed = allocated.load(Relaxed) & !marked;
                while freed != 0 {
                    self.heap.clobber(span.object(64 * window + freed.trailing_zeros() as usize), span.size());
                    freed &= freed - 1;
                }
            }
            debug_assert_eq!(
                marked & !allocated.load(Relaxed),
                0,
                "marked but free: a pointer to a freed object, in {span:?}"
            );
            allocated.store(marked & low_bits(span.objects() - 64 * window), Relaxed);
            live += marked.count_ones() as usize;
            span.clear_marks(window);
        }
        live
    }

    fn count_large(&self, span: SpanRef, freed: usize) {
        if freed > 0 {
            self.heap.counters.large_frees.fetch_add(1, Relaxed);
            self.heap.counters.large_free_bytes.fetch_add(span.bytes() as u64, Relaxed);
        }
    }

    /// Lets `special` decide about the objects of a span that were not reached.
    fn visit_specials(&self, span: SpanRef) {
        let left = self.specials.sweep(span.base(), span.bytes(), |object| {
            let index = span.index_of(object).unwrap_or(0);
            if span.mark(index).load(Relaxed) != 0 { Verdict::Alive } else { Verdict::Dead }
        });
        for object in left.kept {
            if let Some(index) = span.index_of(object) {
                span.mark(index).store(BLACK, Relaxed);
            }
        }
        span.set_specials(left.any);
        if left.queued {
            self.roots.finalizers_ready();
        }
    }

    /// Sweeps some unswept span and puts it into its list; how many pages it freed. `None` if no list has one.
    pub(super) fn sweep_one(&self) -> Option<usize> {
        let generation = self.heap.sweepgen();
        loop {
            let cursor = self.sweep.cursor.load(Relaxed);
            if cursor >= SPAN_CLASSES {
                return None;
            }
            let class = SpanClass(cursor as u16);
            match self.heap.central(class).take_unswept(generation) {
                Some(span) if span.sweepgen().claim(generation) => {
                    return Some(match self.sweep_span(span, false) {
                        Swept::Freed { pages } => pages,
                        swept => {
                            self.heap.central(class).put_swept(generation, span, swept == Swept::Full);
                            0
                        }
                    });
                }
                Some(_) => {}
                None => {
                    // Lists below the cursor are empty, or were filled by a mutator that gave its cache up late.
                    let _ = self.sweep.cursor.compare_exchange(cursor, cursor + 1, Relaxed, Relaxed);
                }
            }
        }
    }

    /// Sweeps all that is in lists.
    pub(super) fn sweep_all(&self) {
        while self.sweep_one().is_some() {}
    }

    /// Whether every span was swept.
    pub(super) fn is_swept(&self) -> bool {
        self.sweep.unswept.load(Relaxed) == 0
    }
}
