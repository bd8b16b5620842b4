//! Records of spans against models that keep a value per object.
//!
//! Several records lie side by side, so that a write past the end of one shows in another, and records are used
//! again while they are full of what the last span left there.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::memory::heap::arena::Arena;
use crate::memory::heap::records::Records;
use crate::memory::heap::shape::{HOT_SLOTS, MAX_BITS};
use crate::memory::heap::size_class::CLASSES;

/// Spans of small objects of any class, of each kind that the class can have.
pub fn small_specs() -> impl Strategy<Value = SpanSpec> {
    let kinds = prop_oneof![Just(Kind::NoScan), Just(Kind::Bits), Just(Kind::Words), Just(Kind::Hot)];
    // Small classes are the ones with several windows.
    let classes = prop_oneof![1..16_usize, 1..CLASSES];
    (classes, kinds, 0..HOT_SLOTS as u16).prop_map(|(class, kind, slot)| {
        let class = SizeClass::from_index(class);
        match kind {
            Kind::Hot => SpanSpec::small(class, kind, slot),
            Kind::Bits if class.size() > MAX_BITS => SpanSpec::small(class, Kind::Words, 0),
            _ => SpanSpec::small(class, kind, 0),
        }
    })
}

/// Spans of anything.
pub fn specs() -> impl Strategy<Value = SpanSpec> {
    let large = (crate::memory::heap::size_class::MAX_SMALL + 1..1 << 20, any::<bool>());
    prop_oneof![
        6 => small_specs(),
        2 => large.prop_map(|(size, scans)| SpanSpec::large(size, if scans { Kind::Words } else { Kind::NoScan })),
        1 => (1..40_usize).prop_map(SpanSpec::manual),
    ]
}

/// Up to 64 values as bits, the first as the lowest.
pub fn bits_of(values: impl IntoIterator<Item = bool>) -> u64 {
    values.into_iter().enumerate().fold(0, |bits, (i, value)| bits | u64::from(value) << i)
}

/// What is done to a span; windows, objects and words are chosen among those it has.
#[derive(Clone, Debug)]
enum Op {
    Mark(Index, u8),
    SetMarks(Index, u64, u8),
    ClearMarks(Index),
    SetAllocated(Index, u64),
    /// Marks of a window become its allocation bits.
    Swap(Index),
    SetLayout(Index, u64),
    Specials(bool),
    /// It is freed, and another one is made, perhaps in the same record.
    Renew(SpanSpec),
}

fn ops() -> impl Strategy<Value = Vec<(usize, Op)>> {
    let marks = || prop_oneof![Just(WHITE), Just(GREY), Just(BLACK)];
    let op = prop_oneof![
        4 => (any::<Index>(), marks()).prop_map(|(object, mark)| Op::Mark(object, mark)),
        2 => (any::<Index>(), any::<u64>(), marks()).prop_map(|(window, bits, mark)| Op::SetMarks(window, bits, mark)),
        1 => any::<Index>().prop_map(Op::ClearMarks),
        3 => (any::<Index>(), any::<u64>()).prop_map(|(window, bits)| Op::SetAllocated(window, bits)),
        2 => any::<Index>().prop_map(Op::Swap),
        3 => (any::<Index>(), any::<u64>()).prop_map(|(at, value)| Op::SetLayout(at, value)),
        1 => any::<bool>().prop_map(Op::Specials),
        2 => specs().prop_map(Op::Renew),
    ];
    vec((0..SPANS, op), 1..40)
}

/// How many spans there are at a time.
const SPANS: usize = 3;

/// A span beside its model.
struct Pair {
    span: SpanRef,
    position: usize,
    base: Addr,
    spec: SpanSpec,
    needs_zero: bool,
    has_specials: bool,
    marks: Vec<u8>,
    allocated: Vec<bool>,
    /// Heap bits, one per word, or layout words, one per object.
    heap_bits: Vec<bool>,
    layouts: Vec<u32>,
}

impl Pair {
    fn new(arena: &Arena, records: &mut Records, spec: SpanSpec, page: usize) -> Self {
        let position = records.alloc(spec.record()).unwrap();
        let (span, base, needs_zero) = (arena.record(position), arena.page_address(page), page.is_multiple_of(2));
        span.init(base, &spec, 2, needs_zero);
        let words = if spec.kind == Kind::Bits { spec.objects * (spec.size / WORD) } else { 0 };
        let layouts = if spec.kind == Kind::Words { spec.objects } else { 0 };
        Self {
            span,
            position,
            base,
            spec,
            needs_zero,
            has_specials: false,
            marks: vec![WHITE; spec.objects],
            allocated: vec![false; spec.objects],
            heap_bits: vec![false; words],
            layouts: vec![0; layouts],
        }
    }

    fn apply(&mut self, op: &Op) {
        let (span, objects) = (self.span, self.spec.objects);
        if let Op::Specials(yes) = op {
            span.set_specials(*yes);
            self.has_specials = *yes;
        }
        // Stacks have no objects to do anything with.
        if objects == 0 {
            return;
        }
        // The objects of a window.
        let range = |window: usize| 64 * window..objects.min(64 * window + 64);
        match op {
            Op::Mark(object, mark) => {
                let object = object.index(objects);
                span.mark(object).store(*mark, Relaxed);
                self.marks[object] = *mark;
            }
            Op::SetMarks(window, bits, mark) => {
                let window = window.index(span.windows());
                span.set_marks(window, bits & low_bits(range(window).len()), *mark);
                let named = range(window).filter(|object| bits >> (object % 64) & 1 == 1);
                named.for_each(|object| self.marks[object] = *mark);
            }
            Op::ClearMarks(window) => {
                let window = window.index(span.windows());
                span.clear_marks(window);
                self.marks[range(window)].fill(WHITE);
            }
            Op::SetAllocated(window, bits) => {
                let window = window.index(span.windows());
                span.alloc_bits(window).store(bits & low_bits(range(window).len()), Relaxed);
                range(window).for_each(|object| self.allocated[object] = bits >> (object % 64) & 1 == 1);
            }
            Op::Swap(window) => {
                let window = window.index(span.windows());
                span.alloc_bits(window).store(span.marked_bits(window), Relaxed);
                range(window).for_each(|object| self.allocated[object] = self.marks[object] != WHITE);
            }
            Op::SetLayout(at, value) => self.set_layout(at, *value),
            Op::Specials(_) | Op::Renew(_) => {}
        }
    }

    fn set_layout(&mut self, at: &Index, value: u64) {
        match self.spec.kind {
            Kind::Bits => {
                let word = at.index(self.heap_bits.len().div_ceil(64));
                self.span.heap_bits(word).store(value, Relaxed);
                let bits = self.heap_bits[64 * word..].iter_mut().take(64);
                bits.enumerate().for_each(|(i, bit)| *bit = value >> i & 1 == 1);
            }
            Kind::Words => {
                let object = at.index(self.layouts.len());
                self.span.layout(object).store(value as u32, Relaxed);
                self.layouts[object] = value as u32;
            }
            _ => {}
        }
    }

    fn compare(&self) {
        self.compare_header();
        let (span, objects) = (self.span, self.spec.objects);
        for object in 0..objects {
            let marks = [span.mark(object), span.mark_unchecked(object)].map(|mark| mark.load(Relaxed));
            assert_eq!(marks, [self.marks[object]; 2], "mark of object {object}");
            assert_eq!(span.is_allocated(object), self.allocated[object], "object {object}");
        }
        assert!(!span.is_allocated(objects) && !span.is_allocated(objects.next_multiple_of(64)), "behind the last one");
        for (i, marks) in self.marks.chunks(8).enumerate() {
            let mut padded = [WHITE; 8];
            padded[..marks.len()].copy_from_slice(marks);
            assert_eq!(span.marks8(i).load(Relaxed), u64::from_le_bytes(padded), "marks from {} on", 8 * i);
        }
        assert_eq!(span.windows(), self.marks.chunks(64).len());
        for (i, (marks, allocated)) in self.marks.chunks(64).zip(self.allocated.chunks(64)).enumerate() {
            let marked = marks.iter().map(|mark| *mark != WHITE);
            assert_eq!(span.marked_bits(i), bits_of(marked), "marked objects of window {i}");
            assert_eq!(span.alloc_bits(i).load(Relaxed), bits_of(allocated.iter().copied()), "window {i}");
        }
        let words = self.spec.size / WORD;
        for (object, bits) in self.heap_bits.chunks(words).enumerate() {
            let found = span.object_bits_of(self.spec.class, object);
            assert_eq!(found, bits_of(bits.iter().copied()), "heap bits of object {object}");
        }
        for (object, layout) in self.layouts.iter().enumerate() {
            assert_eq!(span.layout(object).load(Relaxed), *layout, "layout word of object {object}");
        }
    }

    fn compare_header(&self) {
        let (span, spec) = (self.span, &self.spec);
        assert_eq!((span.base(), span.size(), span.pages()), (self.base, spec.size, spec.pages));
        assert_eq!((span.kind(), span.class(), span.objects()), (spec.kind, spec.class, spec.objects));
        assert_eq!((span.hot_slot(), span.record(), span.bytes()), (spec.hot, spec.record(), spec.pages * PAGE_SIZE));
        assert_eq!((span.needs_zero(), span.has_specials()), (self.needs_zero, self.has_specials));
        assert_eq!((span.window(), span.allocated()), (0, 0), "no owner has set them");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn records_behave_as_modelled(first in vec(specs(), SPANS), ops in ops()) {
        let arena = Arena::new(4 << 20).unwrap();
        let mut records = Records::new(arena.records_bytes());
        let mut page = 0;
        let mut make = |records: &mut Records, spec| {
            page += 1;
            Pair::new(&arena, records, spec, page)
        };
        let mut pairs: Vec<Pair> = first.into_iter().map(|spec| make(&mut records, spec)).collect();
        pairs.iter().for_each(Pair::compare);
        for (i, op) in &ops {
            if let Op::Renew(spec) = op {
                records.free(pairs[*i].position, pairs[*i].spec.record());
                pairs[*i] = make(&mut records, *spec);
            }
            pairs[*i].apply(op);
            pairs.iter().for_each(Pair::compare);
        }
    }
}
