//! Marking: from pointers to everything that they reach.
//!
//! A [`Marker`] belongs to one thread at a time and holds work of its own:
//! - `stack`: pointers that nobody has looked at. They may lead anywhere: into objects, to their begin, to stacks,
//!   out of the heap, nowhere.
//! - `pieces`: parts of large objects that are still to be scanned.
//! - `spans`: a queue of spans with grey objects.
//!
//! **Depth first, in batches.** Up to 64 pointers are taken from the top of the stack; for all of them the mark byte
//! and the object are computed from the page table and prefetched; then all are tested and marked; then those that
//! were white are scanned, and what they point to goes on the stack. So the misses of a batch overlap, while the
//! order is still nearly depth first, which is best for trees and lists.
//!
//! **Spans, when there is too much.** On a random graph the stack would grow to a large part of the heap. When it
//! exceeds [`OVERFLOW`] the pointers are only turned grey, and their spans queued, each once. A span is scanned when
//! it comes up, first in first out, so that by then several of its objects are grey and are scanned together. When
//! the queued spans turn out to hold few grey objects each, marking goes back to depth first.
//!
//! Invariants:
//! - An object is turned from white to black or grey by a plain store. Two markers may do it at once, and then both
//!   scan it: more work, nothing wrong.
//! - A grey object lies in a queued span: it is turned grey first, then its span is queued unless it is; and a span is
//!   unqueued first, then its grey objects are looked for.
//! - The words of objects are read with relaxed atomic loads, while mutators write them: what a mutator overwrites or
//!   stores meanwhile reaches the marker through the barrier.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed, Ordering::SeqCst, fence};

use super::barrier::Spare;
use super::pair;
use super::work::WorkPool;
use crate::base::os::prefetch;
use crate::memory::heap::address::{Addr, WORD};
use crate::memory::heap::mheap::MHeap;
use crate::memory::heap::page_table::PageEntry;
use crate::memory::heap::shape::ShapeId;
use crate::memory::heap::size_class::SizeClass;
use crate::memory::heap::span::{BLACK, GREY, Kind, SpanRef, WHITE};

#[cfg(test)]
mod tests;

/// How many pointers are looked at together.
const BATCH: usize = 64;
/// Pointers on the stack from which on spans are queued.
const OVERFLOW: usize = 4096;
/// Large objects are shared between markers in pieces of this size, in bytes.
const PIECE: usize = 128 << 10;
/// Words of a large object that are scanned before what they point to.
const STRIDE: usize = 1024;
/// How far ahead the records of queued spans are prefetched.
const LOOKAHEAD: usize = 3;
/// Grey objects per queued span below which depth first is better.
const SPARSE: usize = 4;

/// Something to mark, between workers.
pub enum Work {
    /// Pointers that nobody has looked at.
    Pointers(Vec<usize>),
    /// The same, from a barrier's buffer.
    Shaded(Vec<usize>),
    /// Part of an object that is marked.
    Piece(Piece),
    /// Spans with grey objects.
    Spans(Vec<SpanRef>),
}

/// Words of an array, from an element's begin on.
#[derive(Clone, Copy, Debug)]
pub struct Piece {
    start: usize,
    end: usize,
    shape: ShapeId,
}

/// What a marker did, since it was last asked.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct Done {
    /// Bytes of objects marked.
    pub marked: u64,
    /// Objects marked.
    pub objects: u64,
    /// Bytes scanned for pointers: the work that the pacer counts.
    pub scanned: u64,
}

/// A worker's own lists.
#[derive(Default)]
pub struct Marker {
    stack: Vec<usize>,
    pieces: Vec<Piece>,
    spans: VecDeque<SpanRef>,
    /// Pointers are turned grey instead of being followed.
    spanning: bool,
    /// Of the spans scanned since the mode was last judged: how many, and their grey objects.
    judged: (usize, usize),
    done: Done,
}

/// An object that was just marked and has pointers.
#[derive(Clone, Copy)]
struct Target {
    entry: PageEntry,
    base: usize,
    index: usize,
}

impl Marker {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.stack.is_empty() && self.pieces.is_empty() && self.spans.is_empty()
    }

    /// A pointer to be followed; anything is allowed.
    #[inline]
    pub fn push(&mut self, pointer: usize) {
        self.stack.push(pointer);
    }

    /// Takes the pointers that nobody has looked at.
    pub fn take_pointers(&mut self) -> Vec<usize> {
        std::mem::take(&mut self.stack)
    }

    /// What was done since this was last asked.
    pub fn take_done(&mut self) -> Done {
        std::mem::take(&mut self.done)
    }

    /// Bytes scanned since `take_done`.
    pub fn scanned(&self) -> u64 {
        self.done.scanned
    }

    /// Counts scanned roots as work.
    pub fn add_scanned(&mut self, bytes: u64) {
        self.done.scanned += bytes;
    }

    /// Takes over an item of the pool.
    pub fn accept(&mut self, work: Work, spare: &Spare) {
        match work {
            Work::Shaded(pointers) => {
                self.stack.extend_from_slice(&pointers);
                spare.keep(pointers);
            }
            Work::Pointers(pointers) if self.stack.is_empty() => self.stack = pointers,
            Work::Pointers(pointers) => self.stack.extend_from_slice(&pointers),
            Work::Piece(piece) => self.pieces.push(piece),
            Work::Spans(spans) => self.spans.extend(spans),
        }
    }

    /// Puts what an object points to on the stack, whether the object is marked or not.
    pub fn scan_contents(&mut self, heap: &MHeap, object: Addr) {
        if let Some(target) = resolve(heap, object.get()) {
            self.scan(heap, target);
        }
    }

    /// Puts everything back into the pool.
    pub fn put_back(&mut self, pool: &WorkPool<Work>) {
        if !self.stack.is_empty() {
            pool.put(Work::Pointers(std::mem::take(&mut self.stack)));
        }
        for piece in self.pieces.drain(..) {
            pool.put(Work::Piece(piece));
        }
        if !self.spans.is_empty() {
            pool.put(Work::Spans(self.spans.drain(..).collect()));
        }
    }

    /// Marks until its own lists are empty, `budget` bytes are scanned, or `stop` says so, which is asked after each
    /// batch. Shares with others when they are hungry.
    pub fn drain(&mut self, heap: &MHeap, pool: &WorkPool<Work>, budget: u64, stop: impl Fn() -> bool) {
        let end = self.done.scanned.saturating_add(budget);
        while !self.is_empty() && self.done.scanned < end && !stop() {
            self.step(heap);
            if pool.is_wanted() {
                self.share(pool);
            }
        }
    }

    /// Does a batch of what is most urgent.
    fn step(&mut self, heap: &MHeap) {
        if self.stack.len() > OVERFLOW {
            self.spanning = true;
        }
        if !self.stack.is_empty() {
            if self.spanning {
                while !self.stack.is_empty() {
                    self.grey_batch(heap);
                }
            } else {
                self.follow_batch(heap);
            }
        } else if !self.spans.is_empty() {
            self.scan_spans(heap);
        } else if let Some(piece) = self.pieces.pop() {
            self.scan_piece(heap, piece);
        }
    }

    /// Gives away about half of what is here.
    fn share(&mut self, pool: &WorkPool<Work>) {
        if self.stack.len() >= 2 * BATCH {
            let rest = self.stack.split_off(self.stack.len() / 2);
            pool.put(Work::Pointers(std::mem::replace(&mut self.stack, rest)));
        } else if self.spans.len() >= 2 {
            let half = self.spans.len() / 2;
            pool.put(Work::Spans(self.spans.drain(..half).collect()));
        } else if self.pieces.len() >= 2 {
            let piece = self.pieces.swap_remove(0);
            pool.put(Work::Piece(piece));
        }
    }

    /// Takes a batch from the stack and prefetches what it leads to. Returns how many lead to objects.
    #[inline]
    fn resolve(&mut self, heap: &MHeap, targets: &mut [Target; BATCH], spanning: bool) -> usize {
        let start = self.stack.len().saturating_sub(BATCH);
        let mut count = 0;
        for &pointer in &self.stack[start..] {
            let Some(target) = resolve(heap, pointer) else { continue };
            let span = heap.arena.span(target.entry);
            prefetch(std::ptr::from_ref(span.mark_unchecked(target.index)).addr());
            if spanning {
                prefetch(span.record_address().get());
            } else if target.entry.kind() != Kind::NoScan {
                prefetch(target.base);
                if target.entry.kind() != Kind::Hot {
                    prefetch(span.layout_address(target.entry.class(), target.index));
                }
            }
            targets[count] = target;
            count += 1;
        }
        self.stack.truncate(start);
        count
    }

    fn follow_batch(&mut self, heap: &MHeap) {
        let mut targets = [Target { entry: PageEntry::FREE, base: 0, index: 0 }; BATCH];
        let count = self.resolve(heap, &mut targets, false);
        let mut white = 0;
        for i in 0..count {
            let target = targets[i];
            if self.mark(heap, target, BLACK) {
                targets[white] = target;
                white += 1;
            }
        }
        for target in &targets[..white] {
            self.scan(heap, *target);
        }
    }

    fn grey_batch(&mut self, heap: &MHeap) {
        let mut targets = [Target { entry: PageEntry::FREE, base: 0, index: 0 }; BATCH];
        let count = self.resolve(heap, &mut targets, true);
        let mut white = 0;
        for i in 0..count {
            let target = targets[i];
            if self.mark(heap, target, GREY) {
                targets[white] = target;
                white += 1;
            }
        }
        // Another marker may just take one of these spans from its queue: it sees the marks, or this one sees that the
        // span is queued no more.
        fence(SeqCst);
        for target in &targets[..white] {
            let span = heap.arena.span(target.entry);
            if span.enqueue() {
                self.spans.push_back(span);
            }
        }
    }

    /// Marks an object; whether it was white and is to be scanned.
    #[inline]
    fn mark(&mut self, heap: &MHeap, target: Target, mark: u8) -> bool {
        let span = heap.arena.span(target.entry);
        let byte = span.mark_unchecked(target.index);
        if byte.load(Relaxed) != WHITE {
            return false;
        }
        let scan = target.entry.kind() != Kind::NoScan;
        byte.store(if scan { mark } else { BLACK }, Relaxed);
        let class = target.entry.class();
        self.done.marked += if class == SizeClass::LARGE { span.bytes() } else { class.size() } as u64;
        self.done.objects += 1;
        scan
    }

    /// Scans the grey objects of the spans at the queue's head, about a batch of them.
    fn scan_spans(&mut self, heap: &MHeap) {
        let mut targets = [Target { entry: PageEntry::FREE, base: 0, index: 0 }; BATCH];
        let mut count = 0;
        let mut visited = 0;
        let mut found = 0;
        while count < BATCH / 2
            && let Some(span) = self.spans.pop_front()
        {
            if let Some(ahead) = self.spans.get(LOOKAHEAD) {
                let record = ahead.record_address().get();
                (0..3).for_each(|line| prefetch(record + line * 64));
            }
            span.dequeue();
            visited += 1;
            let entry = heap.arena.entry(span.base().get());
            for group in 0..span.objects().div_ceil(8) {
                let bytes = span.marks8(group).load(Relaxed);
                if bytes & 0x0101_0101_0101_0101 == 0 {
                    continue;
                }
                for index in 8 * group..(8 * group + 8).min(span.objects()) {
                    let mark = span.mark(index);
                    if mark.load(Relaxed) != GREY {
                        continue;
                    }
                    mark.store(BLACK, Relaxed);
                    let base = span.object(index).get();
                    prefetch(base);
                    targets[count] = Target { entry, base, index };
                    count += 1;
                    found += 1;
                    if count == BATCH {
                        targets.iter().for_each(|target| self.scan(heap, *target));
                        count = 0;
                    }
                }
            }
        }
        targets[..count].iter().for_each(|target| self.scan(heap, *target));
        self.judge(visited, found);
    }

    /// Decides, now and then, whether queueing spans is worth it.
    fn judge(&mut self, visited: usize, found: usize) {
        let (spans, objects) = (self.judged.0 + visited, self.judged.1 + found);
        self.judged = if spans >= BATCH {
            self.spanning = objects >= SPARSE * spans;
            (0, 0)
        } else {
            (spans, objects)
        };
    }

    /// Puts what an object points to on the stack.
    #[inline]
    fn scan(&mut self, heap: &MHeap, target: Target) {
        let Target { entry, base, index } = target;
        match entry.kind() {
            Kind::Hot => {
                let (pointers, tagged) = heap.shapes.hot(entry.hot_slot()).masks();
                self.done.scanned += entry.class().size() as u64;
                self.scan_masks(heap, base, pointers, tagged);
            }
            Kind::Bits => {
                let bits = heap.arena.span(entry).object_bits_of(entry.class(), index);
                self.done.scanned += entry.class().size() as u64;
                self.scan_masks(heap, base, bits, 0);
            }
            Kind::Words => self.scan_words(heap, target),
            Kind::NoScan | Kind::Free | Kind::Manual => {}
        }
    }

    fn scan_words(&mut self, heap: &MHeap, target: Target) {
        let span = heap.arena.span(target.entry);
        let shape = ShapeId::from_index(span.layout(target.index).load(Relaxed));
        let piece = Piece { start: target.base, end: target.base + span.size(), shape };
        if span.size() <= STRIDE * WORD {
            return self.scan_range(heap, piece);
        }
        let element = heap.shapes.get(shape).size().max(WORD);
        let step = (PIECE / element).max(1) * element;
        let ends = (piece.start + step..piece.end).step_by(step).chain([piece.end]);
        let mut start = piece.start;
        for end in ends {
            self.pieces.push(Piece { start, end, shape });
            start = end;
        }
    }

    /// Scans the first part of what is left of a large object.
    fn scan_piece(&mut self, heap: &MHeap, piece: Piece) {
        let element = heap.shapes.get(piece.shape).size().max(WORD);
        // No more than the stack has room for: random pointers to many spans are worst for the span queue.
        let middle = piece.start + (STRIDE * WORD / element).max(1) * element;
        if middle >= piece.end {
            return self.scan_range(heap, piece);
        }
        self.pieces.push(Piece { start: middle, ..piece });
        self.scan_range(heap, Piece { end: middle, ..piece });
    }

    fn scan_range(&mut self, heap: &MHeap, piece: Piece) {
        let shape = heap.shapes.get(piece.shape);
        self.done.scanned += (piece.end - piece.start) as u64;
        if piece.shape == ShapeId::POINTERS {
            for at in (piece.start..piece.end).step_by(WORD) {
                self.scan_word(heap, at);
            }
            return;
        }
        let mut element = piece.start;
        while element < piece.end && shape.size() > 0 {
            // Behind the last whole element lies cleared memory, if anything.
            let words = shape.words().min((piece.end - element) / WORD);
            for i in 0..words.div_ceil(64) {
                let (pointers, tagged) = shape.masks(i);
                let inside = crate::memory::heap::span::low_bits(words - 64 * i);
                self.scan_masks(heap, element + 64 * WORD * i, pointers & inside, tagged & inside);
            }
            element += shape.size();
        }
    }

    #[inline]
    fn scan_masks(&mut self, heap: &MHeap, base: usize, mut pointers: u64, mut tagged: u64) {
        while pointers != 0 {
            self.scan_word(heap, base + pointers.trailing_zeros() as usize * WORD);
            pointers &= pointers - 1;
        }
        while tagged != 0 {
            let at = base + (tagged.trailing_zeros() as usize - 1) * WORD;
            let [tag, payload] = pair::load(at);
            if tag & 1 == 1 && heap.arena.contains(payload) {
                self.stack.push(payload);
            }
            tagged &= tagged - 1;
        }
    }

    #[inline]
    fn scan_word(&mut self, heap: &MHeap, at: usize) {
        let value = word(at).load(Relaxed);
        if heap.arena.contains(value) {
            self.stack.push(value);
        }
    }
}

/// The word of an object at an address.
#[inline]
fn word<'a>(at: usize) -> &'a AtomicUsize {
    // SAFETY: callers compute the address from an object that is allocated and from its shape, so the word lies in a
    // span, whose memory stays mapped as long as the heap; mutators write it with atomic stores too.
    unsafe { AtomicUsize::from_ptr(Addr::new(at).as_ptr()) }
}

/// The object that a pointer leads to, if it leads to one.
#[inline]
fn resolve(heap: &MHeap, pointer: usize) -> Option<Target> {
    let entry = heap.arena.entry(pointer);
    if !entry.kind().holds_objects() {
        return None;
    }
    let class = entry.class();
    if class == SizeClass::LARGE {
        let base = heap.arena.span(entry).base().get();
        return Some(Target { entry, base, index: 0 });
    }
    let page = pointer & !(crate::memory::heap::PAGE_SIZE - 1);
    let start = page - (entry.page() << crate::memory::heap::PAGE_SHIFT);
    let index = class.index_of(pointer - start);
    // The few bytes behind the last object of a span belong to none.
    (index < class.objects()).then(|| Target { entry, base: start + index * class.size(), index })
}
