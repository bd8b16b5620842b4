//! What addresses lead to, in heaps of random spans, against a list of the spans that is searched from end to end.
//!
//! A heap is small enough to be filled to its last page. Its memory is not touched: only what is known about it
//! matters here.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::memory::heap::WORD;
use crate::memory::heap::size_class::MAX_SMALL;
use crate::memory::heap::span::low_bits;
use crate::memory::heap::span::tests::small_specs;

/// Two steps of growth: some heaps fill all of it, others leave the second half unused.
const RESERVE: usize = 2 * GROWTH * PAGE_SIZE;

/// What is done to a heap.
#[derive(Clone, Debug)]
pub enum Op {
    /// Makes a span; its objects are allocated as the bits say, over and over.
    Make(SpanSpec, u64),
    /// Frees some spans at once.
    Free(Vec<Index>),
}

/// Sequences of operations.
pub fn ops() -> impl Strategy<Value = Vec<Op>> {
    let kind = |scans| if scans { Kind::Words } else { Kind::NoScan };
    let large = prop_oneof![4 => MAX_SMALL + 1..100_000, 1 => 100_000..RESERVE / 2];
    let spec = prop_oneof![
        6 => small_specs(),
        2 => (large, any::<bool>()).prop_map(move |(size, scans)| SpanSpec::large(size, kind(scans))),
        1 => (1..20_usize).prop_map(SpanSpec::manual),
    ];
    let op = prop_oneof![
        5 => (spec, any::<u64>()).prop_map(|(spec, bits)| Op::Make(spec, bits)),
        1 => vec(any::<Index>(), 1..6).prop_map(Op::Free),
    ];
    vec(op, 1..100)
}

/// An object as a lookup gives it: its span, its number there, and where it begins.
pub type Found = Option<(SpanRef, usize, usize)>;

/// A heap, and the spans that it has.
pub struct Listed {
    /// The heap.
    pub heap: MHeap,
    spans: Vec<Known>,
}

/// A span, as it was made.
struct Known {
    span: SpanRef,
    base: usize,
    spec: SpanSpec,
    allocated: u64,
}

impl Known {
    fn pages(&self, heap: &MHeap) -> std::ops::Range<usize> {
        let first = (self.base - heap.arena.base()) / PAGE_SIZE;
        first..first + self.spec.pages
    }

    fn end(&self) -> usize {
        self.base + self.spec.pages * PAGE_SIZE
    }

    /// Bytes from one object to the next: a large one has its span for itself, to the end of the last page.
    fn stride(&self) -> usize {
        if self.spec.objects == 1 && self.spec.size > MAX_SMALL { self.end() - self.base } else { self.spec.size }
    }

    fn is_allocated(&self, object: usize) -> bool {
        self.allocated >> (object % 64) & 1 == 1
    }
}

impl Listed {
    /// A heap after some operations.
    pub fn new(ops: &[Op]) -> Self {
        let mut listed = Self { heap: MHeap::new(RESERVE, None).unwrap(), spans: Vec::new() };
        assert_eq!(listed.heap.arena.bytes(), RESERVE, "so that the end can be reached");
        for op in ops {
            match op {
                Op::Make(spec, bits) => listed.make(spec, *bits),
                Op::Free(which) => listed.free(which),
            }
        }
        listed
    }

    fn make(&mut self, spec: &SpanSpec, bits: u64) {
        let span = match self.heap.alloc_span(spec) {
            Ok(span) => span,
            // Whether there was room is the page allocator's own test.
            Err(error) => return assert_eq!(error, AllocError::AddressSpace),
        };
        for window in 0..spec.objects.div_ceil(64) {
            span.alloc_bits(window).store(bits & low_bits(spec.objects - 64 * window), Relaxed);
        }
        self.spans.push(Known { span, base: span.base().get(), spec: *spec, allocated: bits });
    }

    fn free(&mut self, which: &[Index]) {
        let mut freed = Vec::new();
        for index in which {
            if !self.spans.is_empty() {
                freed.push(self.spans.swap_remove(index.index(self.spans.len())));
            }
        }
        self.heap.free_spans(&freed.iter().map(|known| known.span).collect::<Vec<_>>());
        for known in freed {
            let addresses = [known.base, known.base + known.spec.size / 2, known.end() - 1];
            assert!(addresses.iter().all(|addr| self.heap.arena.object(*addr).is_none()), "a freed span has objects");
        }
    }

    /// The span of each page of the range; no page may have two.
    fn owners(&self) -> Vec<Option<&Known>> {
        let mut owners = vec![None; self.heap.arena.bytes() / PAGE_SIZE];
        for known in &self.spans {
            for page in known.pages(&self.heap) {
                assert!(owners[page].replace(known).is_none(), "page {page} has two spans");
            }
        }
        owners
    }

    /// Compares what a lookup finds with what the list says. `exhaustive` is the span of which every address is tried;
    /// of the others, and of free pages, the ends of everything and some in between.
    pub fn compare(&self, exhaustive: Index, lookup: impl Fn(usize) -> Found) {
        let (arena, owners) = (&self.heap.arena, self.owners());
        let check = |addr: usize| {
            let owner = addr.checked_sub(arena.base()).and_then(|offset| *owners.get(offset / PAGE_SIZE)?);
            let want = owner.and_then(|known| {
                let object = (addr - known.base) / known.stride();
                (object < known.spec.objects).then(|| (known.span, object, known.base + object * known.stride()))
            });
            assert_eq!(lookup(addr), want, "{addr:#x}, in {:?}", owner.map(|known| (known.base, known.spec)));
        };
        for page in 0..owners.len() {
            let start = arena.base() + page * PAGE_SIZE;
            [0, WORD, 1 + page * 7919 % (PAGE_SIZE - 1), PAGE_SIZE - 1]
                .into_iter()
                .for_each(|offset| check(start + offset));
        }
        for known in &self.spans {
            for object in 0..known.spec.objects {
                let (start, inside) = (known.base + object * known.stride(), object * 7919 % known.stride());
                [start, start + inside, start + known.stride() - 1].into_iter().for_each(check);
            }
            let tail = known.base + known.spec.objects * known.stride();
            (tail..known.end()).step_by(5).for_each(check);
            check(known.end() - 1);
        }
        if !self.spans.is_empty() {
            let known = &self.spans[exhaustive.index(self.spans.len())];
            (known.base..known.end()).take(10 * PAGE_SIZE).for_each(check);
        }
        let (base, end) = (arena.base(), arena.base() + arena.bytes());
        let outside = [0, 1, base - PAGE_SIZE, base - 1, end, end + 1, end + PAGE_SIZE, usize::MAX];
        outside.into_iter().for_each(check);
        // Memory of the process that is not the heap's: records, what Rust allocates, the stack.
        [arena.records_base(), owners.as_ptr().addr(), (&raw const owners).addr()].into_iter().for_each(check);
    }

    /// What the page table and the walk over all spans say of the spans.
    fn compare_table(&self) {
        for (page, owner) in self.owners().into_iter().enumerate() {
            let entry = self.heap.arena.entry_of_page(page);
            let Some(known) = owner else {
                assert_eq!(entry.bits(), 0, "page {page} is free");
                continue;
            };
            let spec = &known.spec;
            assert_eq!((entry.kind(), entry.class(), entry.hot_slot()), (spec.kind, spec.class, spec.hot));
            assert_eq!(self.heap.arena.span(entry), known.span);
        }
        let mut bases: Vec<usize> = self.spans.iter().map(|known| known.base).collect();
        bases.sort_unstable();
        let mut visited = Vec::new();
        self.heap.for_each_span(|span| visited.push(span.base().get()));
        assert_eq!(visited, bases);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn every_address_leads_to_its_object(ops in ops(), exhaustive: Index) {
        let listed = Listed::new(&ops);
        listed.compare_table();
        listed.compare(exhaustive, |addr| {
            listed.heap.arena.object(addr).map(|object| (object.span, object.index, object.base().get()))
        });
    }

    #[test]
    fn only_what_is_allocated_is_an_allocated_object(ops in ops()) {
        let listed = Listed::new(&ops);
        for known in &listed.spans {
            for object in 0..known.spec.objects {
                let start = known.base + object * known.stride();
                let found = [start, start + known.stride() - 1].map(|addr| listed.heap.allocated_object(addr));
                let want = known.is_allocated(object).then_some(Object { span: known.span, index: object });
                assert_eq!(found, [want; 2], "object {object} of {:?}", known.spec);
            }
            let tail = known.base + known.spec.objects * known.stride();
            assert!((tail..known.end()).all(|addr| listed.heap.allocated_object(addr).is_none()));
        }
    }
}
