//! The sweep of a span against a model that has a value per object.
//!
//! Nothing is marked by a marker here: the test decides what was reached, so that every pattern comes up. The memory
//! of the objects is used, because a sweep may overwrite it, and must not overwrite that of their neighbours.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::memory::gc::{Checks, Config, Heap, MutatorId, Roots, Visitor};
use crate::memory::heap::WORD;
use crate::memory::heap::address::Addr;
use crate::memory::heap::mheap::CLOBBER;
use crate::memory::heap::size_class::MAX_SMALL;
use crate::memory::heap::span::tests::{bits_of, small_specs};
use crate::memory::heap::span::{GREY, Kind, SpanSpec, WHITE};

/// No mutator, no roots: the heap's own threads have nothing to do.
struct NoRoots;

impl Roots for NoRoots {
    fn begin(&self, _: u32) -> usize {
        0
    }

    fn scan(&self, _: u32, _: usize, _: &mut Visitor<'_>) {}

    fn scan_mutator(&self, _: u32, _: MutatorId, _: &mut Visitor<'_>) {}
}

fn heap(clobber_free: bool) -> Heap {
    let config = Config {
        gogc: None,
        memory_limit: None,
        reserve: 64 << 20,
        processors: 1,
        period: Duration::from_secs(3600),
        checks: Checks { clobber_free, ..Checks::default() },
        ..Config::default()
    };
    Heap::new(config, Arc::new(NoRoots)).unwrap()
}

fn specs() -> impl Strategy<Value = SpanSpec> {
    let large = (MAX_SMALL + 1..200_000).prop_map(|size| SpanSpec::large(size, Kind::NoScan));
    prop_oneof![4 => small_specs(), 1 => large]
}

/// Which objects are allocated, and the marks of those; over and over along the span.
type Round = (Vec<bool>, Vec<u8>);

fn rounds() -> impl Strategy<Value = Vec<Round>> {
    let marks = prop_oneof![Just(WHITE), Just(GREY), Just(BLACK)];
    // Of one mark only, now and then: nothing or all of it is alive.
    let marks = prop_oneof![vec(marks.clone(), 1..80), vec(marks, 1)];
    vec((vec(any::<bool>(), 1..80), marks), 1..4)
}

/// The first and the last word of an object.
fn ends(span: SpanRef, object: usize) -> [&'static AtomicU64; 2] {
    [0, span.size() - WORD].map(|offset| {
        // SAFETY: the span is the test's, its pages can be used as long as the heap exists, which lives longer than
        // what is done with the words, and nobody uses them but this test and its sweeps.
        unsafe { AtomicU64::from_ptr(Addr::new(span.object(object).get() + offset).as_ptr()) }
    })
}

fn sweep(heap: &Heap, span: SpanRef) -> Swept {
    let collector = &heap.collector;
    collector.without_sweepers(|| collector.heap.next_sweepgen());
    assert!(span.sweepgen().claim(collector.heap.sweepgen()), "a new cycle makes all spans unswept");
    let swept = collector.sweep_span(span);
    assert!(span.sweepgen().is_swept(collector.heap.sweepgen()));
    swept
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn what_was_marked_is_what_is_left(spec in specs(), rounds in rounds(), clobber: bool) {
        let heap = heap(clobber);
        let span = heap.collector.heap.alloc_span(&spec).unwrap();
        let mut taken = vec![false; spec.objects];
        let mut freed = 0;
        for (pattern, marks) in rounds {
            taken.iter_mut().zip(pattern.iter().cycle()).for_each(|(taken, more)| *taken |= more);
            for (window, taken) in taken.chunks(64).enumerate() {
                span.alloc_bits(window).store(bits_of(taken.iter().copied()), Relaxed);
            }
            let count = taken.iter().filter(|taken| **taken).count();
            span.set_allocated(count);
            span.set_window(span.windows());
            let marks: Vec<u8> = taken.iter().zip(marks.iter().cycle()).map(|(t, mark)| *mark * u8::from(*t)).collect();
            for (object, mark) in marks.iter().enumerate() {
                span.mark(object).store(*mark, Relaxed);
                ends(span, object).into_iter().for_each(|word| word.store(object as u64, Relaxed));
            }

            let swept = sweep(&heap, span);
            for (object, mark) in marks.iter().enumerate() {
                let alive = *mark != WHITE;
                prop_assert_eq!(span.mark(object).load(Relaxed), WHITE);
                // A large object that is dead is the whole span: it keeps its bit and what is in it until its pages are
                // freed, which its sweeper does next.
                let dead = taken[object] && !alive && !span.is_large();
                let kept = taken[object] && !dead;
                prop_assert_eq!(span.is_allocated(object), kept, "object {}", object);
                let word = if dead && clobber { CLOBBER } else { object as u64 };
                prop_assert_eq!(ends(span, object).map(|end| end.load(Relaxed)), [word; 2], "object {}", object);
            }
            let live = marks.iter().filter(|mark| **mark != WHITE).count();
            let want = if live == 0 {
                Swept::Empty
            } else if live == spec.objects {
                Swept::Full
            } else {
                Swept::Partial
            };
            prop_assert_eq!((swept, span.allocated(), span.window()), (want, live, 0));
            freed += count - live;
            let counters = &heap.collector.heap.counters;
            let large = counters.large_frees.load(Relaxed);
            let counted = if span.is_large() { large } else { counters.frees(span.span_class()) };
            prop_assert_eq!(counted, freed as u64);
            taken = marks.iter().map(|mark| *mark != WHITE).collect();
        }
    }
}
