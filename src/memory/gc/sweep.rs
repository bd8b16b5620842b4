//! Sweeping: what the marker did not reach becomes free.
//!
//! After a cycle every span is unswept. It is swept before anybody allocates from it, by whoever needs it, by the
//! background sweeper, or by mutators in proportion to what they allocate, so that all is done before the next cycle
//! begins. To sweep a span is to let its marks become its allocation bits and to make the marks white again.
//!
//! Objects with specials (finalizers, cleanups, weak handles) are looked at first: `special` may keep an object that
//! was not reached for one more cycle.

use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};

use smallvec::SmallVec;

use super::Collector;
use super::special::Verdict;
use crate::memory::heap::shape::{SPAN_CLASSES, SpanClass};
use crate::memory::heap::span::{BLACK, SpanRef, low_bits};

#[cfg(test)]
mod tests;

/// What was found in a span. The caller owns it still.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Swept {
    /// Nothing in it is alive.
    Empty,
    /// It has free objects.
    Partial,
    /// All its objects are alive.
    Full,
}

/// Spans that a background sweeper takes at once: it competes with mutators for the locks of lists and pages.
const BATCH: usize = 16;
/// No sweeper may begin.
const CLOSED: u32 = 1 << 31;

impl Collector {
    /// Sweeps a span that was claimed. Who does must count it with [`Collector::count_swept`] when it is where it
    /// belongs.
    pub(super) fn sweep_span(&self, span: SpanRef) -> Swept {
        if span.has_specials() {
            self.visit_specials(span);
        }
        let before = span.allocated();
        let live = if span.is_large() { usize::from(span.mark(0).load(Relaxed) != 0) } else { self.sweep_bits(span) };
        if span.is_large() {
            span.clear_marks(0);
            self.count_large(span, before - live);
        } else {
            self.heap.counters.add_frees(span.span_class(), before - live);
        }
        self.sweep.pages_swept.fetch_add(span.pages(), Relaxed);
        span.set_allocated(live);
        span.set_window(0);
        span.sweepgen().done(self.heap.sweepgen());
        match live {
            0 => Swept::Empty,
            _ if live == span.objects() => Swept::Full,
            _ => Swept::Partial,
        }
    }

    /// Says that so many spans are swept and where they belong.
    pub(super) fn count_swept(&self, spans: usize) {
        self.sweep.unswept.fetch_sub(spans, Release);
    }

    /// Gives the pages of spans without objects back. How many pages.
    fn free_spans(&self, spans: &[SpanRef]) -> usize {
        if spans.is_empty() {
            return 0;
        }
        if self.heap.clobber_free.load(Relaxed) {
            spans.iter().for_each(|span| self.heap.clobber(span.base(), span.bytes()));
        }
        let pages = spans.iter().map(|span| span.pages()).sum();
        self.heap.free_spans(spans);
        pages
    }

    /// Puts a span where it belongs after its sweep, and counts it; whether it still exists.
    pub(super) fn settle(&self, span: SpanRef, swept: Swept) -> bool {
        let exists = swept != Swept::Empty;
        if exists {
            let list = self.heap.central(span.span_class());
            list.put_swept(self.heap.sweepgen(), span, swept == Swept::Full);
        } else {
            self.free_spans(&[span]);
        }
        self.count_swept(1);
        exists
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
        let judge = |object| {
            let index = span.index_of(object).unwrap_or(0);
            if span.mark(index).load(Relaxed) != 0 { Verdict::Alive } else { Verdict::Dead }
        };
        let left = self.specials.sweep(span, judge);
        for object in left.kept {
            if let Some(index) = span.index_of(object) {
                span.mark(index).store(BLACK, Relaxed);
            }
        }
        if left.queued {
            self.roots.finalizers_ready();
        }
    }

    /// Changes the generation while no sweeper is at work: one that slept through that would take spans for unswept
    /// that are not. While the world is stopped and all is swept.
    pub(super) fn without_sweepers(&self, change: impl FnOnce()) {
        self.sweep.sweepers.fetch_or(CLOSED, SeqCst);
        while self.sweep.sweepers.load(SeqCst) != CLOSED {
            std::thread::yield_now();
        }
        change();
        self.sweep.sweepers.fetch_and(!CLOSED, SeqCst);
    }

    /// Sweeps up to `most` spans of some list; how many pages that freed. `None` if no list has unswept spans.
    fn sweep_some(&self, most: usize) -> Option<usize> {
        let closed = self.sweep.sweepers.fetch_add(1, SeqCst) & CLOSED != 0;
        // All is swept when the generation changes.
        let freed = if closed { None } else { self.sweep_listed(most) };
        self.sweep.sweepers.fetch_sub(1, SeqCst);
        freed
    }

    fn sweep_listed(&self, most: usize) -> Option<usize> {
        let generation = self.heap.sweepgen();
        let mut spans: SmallVec<[SpanRef; BATCH]> = SmallVec::new();
        loop {
            let cursor = self.sweep.cursor.load(Acquire);
            if cursor >= SPAN_CLASSES {
                return None;
            }
            let list = self.heap.central(SpanClass(cursor as u16));
            list.take_unswept(generation, most, &mut spans);
            if spans.is_empty() {
                let _ = self.sweep.cursor.compare_exchange(cursor, cursor + 1, AcqRel, Relaxed);
                continue;
            }
            spans.retain(|span| span.sweepgen().claim(generation));
            let claimed = spans.len();
            spans.retain(|span| match self.sweep_span(*span) {
                Swept::Empty => true,
                swept => {
                    list.put_swept(generation, *span, swept == Swept::Full);
                    false
                }
            });
            let pages = self.free_spans(&spans);
            self.count_swept(claimed);
            return Some(pages);
        }
    }

    /// Whether some list may have unswept spans.
    pub(super) fn sweep_is_due(&self) -> bool {
        self.sweep.cursor.load(Relaxed) < SPAN_CLASSES && !self.is_swept()
    }

    /// Sweeps a span; how many pages that freed. `None` if no list has an unswept one.
    pub(super) fn sweep_one(&self) -> Option<usize> {
        self.sweep_some(1)
    }

    /// Sweeps some spans; false if no list has unswept ones.
    pub(super) fn sweep_batch(&self) -> bool {
        self.sweep_some(BATCH).is_some()
    }

    /// Sweeps all that is in lists.
    pub(super) fn sweep_all(&self) {
        while self.sweep_batch() {}
    }

    /// Whether every span was swept.
    pub(super) fn is_swept(&self) -> bool {
        self.sweep.unswept.load(Acquire) == 0
    }
}
