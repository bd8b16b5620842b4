//! Windows of spans against a model that has a value per object, knows no windows and searches object by object.
//!
//! The cycle is the collector's, on one span: the mutator gives up its window when marking begins and when it ends,
//! what it takes meanwhile is black, and a sweep makes marks allocation bits.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::memory::heap::arena::Arena;
use crate::memory::heap::span::tests::small_specs;
use crate::memory::heap::span::{BLACK, GREY, SpanSpec, WHITE};

#[derive(Clone, Debug)]
enum Op {
    /// Takes so many objects, or all that are left.
    Take(usize, u64),
    /// Gives up the window.
    Uncache,
    /// Marks the objects that the pattern names, over and over; begins marking, unless it is on.
    Mark(Vec<bool>, u8),
    /// Ends marking. If it had not begun, no object is reached.
    Sweep,
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        6 => (1..100_usize, any::<u64>()).prop_map(|(n, layout)| Op::Take(n, layout)),
        2 => Just(Op::Uncache),
        3 => (vec(any::<bool>(), 1..100), prop_oneof![Just(GREY), Just(BLACK)]).prop_map(|(p, mark)| Op::Mark(p, mark)),
        2 => Just(Op::Sweep),
    ];
    vec(op, 1..40)
}

/// A span and the cache that takes it, beside their model.
struct Pair {
    arena: Arena,
    span: SpanRef,
    cache: MCache,
    spec: SpanSpec,
    marking: bool,
    /// Objects that were taken and not swept.
    taken: Vec<bool>,
    marks: Vec<u8>,
    /// The heap bits or the layout word that an object had last.
    layouts: Vec<u64>,
    /// What lies before this object is not given out before the next sweep.
    next: usize,
    /// While the span is cached: how many objects were taken before.
    cached: Option<usize>,
    /// The window that the cache has, if it took any since it has the span.
    held: Option<usize>,
}

impl Pair {
    fn new(spec: SpanSpec) -> Self {
        let arena = Arena::new(4 << 20).unwrap();
        let span = arena.record(0);
        span.init(arena.page_address(1), &spec, 2, false);
        let n = spec.objects;
        let (taken, marks, layouts) = (vec![false; n], vec![WHITE; n], vec![0; n]);
        let (cache, marking, next, cached, held) = (MCache::default(), false, 0, None, None);
        Self { arena, span, cache, spec, marking, taken, marks, layouts, next, cached, held }
    }

    fn apply(&mut self, op: &Op) {
        match op {
            Op::Take(n, layout) => (0..*n as u64).for_each(|i| self.take(layout.rotate_left(i as u32))),
            Op::Uncache => self.uncache(),
            Op::Mark(pattern, mark) => self.mark(pattern, *mark),
            Op::Sweep => self.sweep(),
        }
    }

    fn window(&mut self) -> &mut Window {
        self.cache.window(self.span.span_class())
    }

    fn count(&self) -> usize {
        self.taken.iter().filter(|taken| **taken).count()
    }

    /// Takes an object as `Mutator::refill` does, and writes its layout.
    fn take(&mut self, layout: u64) {
        let want = (self.next..self.spec.objects).find(|object| !self.taken[*object]);
        let (span, marking) = (self.span, self.marking);
        if self.cached.is_none() {
            self.window().cache(span);
            self.cached = Some(self.count());
        }
        if self.window().free == 0 {
            let in_window = |first: &usize| self.taken[first - first % 64..].iter().take(64).filter(|t| !**t).count();
            let want = want.as_ref().map_or(0, in_window);
            let window = self.window();
            assert_eq!(window.advance(), want, "free objects of the next window");
            if marking {
                span.set_marks(window.number as usize, window.free, BLACK);
            }
        }
        let (base, size) = (span.base().get(), self.spec.size);
        let window = self.window();
        let (found, number) = (window.take(), window.number as usize);
        let found = found.map(|(object, bit)| (object.addr().get(), number, bit));
        assert_eq!(found, want.map(|object| (base + object * size, object / 64, object % 64)), "the next free object");
        let Some(object) = want else { return };
        self.taken[object] = true;
        self.marks[object] = if marking { BLACK } else { WHITE };
        (self.next, self.held) = (object + 1, Some(object / 64));
        self.describe(object, layout);
    }

    fn describe(&mut self, object: usize, layout: u64) {
        let (kind, words) = (self.spec.kind, self.spec.size / WORD);
        let window = self.window();
        assert_eq!(window.has_layouts(), matches!(kind, Kind::Bits | Kind::Words));
        if !window.has_layouts() {
            return;
        }
        assert_eq!(window.has_heap_bits(), kind == Kind::Bits);
        self.layouts[object] = if kind == Kind::Bits {
            let bits = layout & low_bits(words);
            self.window().set_heap_bits(object % 64, bits);
            bits
        } else {
            self.window().set_layout(object % 64, ShapeId::from_index(layout as u32));
            u64::from(layout as u32)
        };
    }

    /// Gives the span up as the collector does it for a mutator.
    fn uncache(&mut self) {
        let want = self.cached.take().map(|before| {
            let unused = self.held.map_or(0, |w| self.taken[64 * w..].iter().take(64).filter(|t| !**t).count());
            (self.span, self.count() - before, unused)
        });
        self.held = None;
        let (number, free) = (self.window().number as usize, self.window().free);
        let uncached = self.window().uncache();
        if let Some(Uncached { span, .. }) = uncached {
            span.set_marks(number, free, WHITE);
        }
        assert_eq!(uncached.map(|Uncached { span, allocs, unused }| (span, allocs, unused)), want);
    }

    fn mark(&mut self, pattern: &[bool], mark: u8) {
        if !self.marking {
            self.uncache();
            self.marking = true;
        }
        // What the mutator has not taken yet is not reached by anybody.
        let reached = pattern.iter().cycle().zip(0..self.spec.objects).filter(|(reached, _)| **reached);
        for (_, object) in reached.filter(|(_, object)| self.taken[*object]) {
            self.span.mark(object).store(mark, Relaxed);
            self.marks[object] = mark;
        }
    }

    fn sweep(&mut self) {
        self.uncache();
        let (span, mut live) = (self.span, 0);
        for window in 0..span.windows() {
            let marked = span.marked_bits(window);
            assert_eq!(marked & !span.alloc_bits(window).load(Relaxed), 0, "marked but free");
            span.alloc_bits(window).store(marked, Relaxed);
            live += marked.count_ones() as usize;
            span.clear_marks(window);
        }
        span.set_allocated(live);
        span.set_window(0);
        self.taken = self.marks.iter().map(|mark| *mark != WHITE).collect();
        self.marks.fill(WHITE);
        (self.marking, self.next) = (false, 0);
    }

    fn compare(&mut self) {
        let span = self.span;
        let mut allocated = 0;
        for object in 0..self.spec.objects {
            // Of the cached window all objects count as allocated, and are black while the marker runs.
            let spare = self.held == Some(object / 64) && !self.taken[object];
            let mark = if spare && self.marking { BLACK } else { self.marks[object] };
            assert_eq!(span.is_allocated(object), self.taken[object] || spare, "object {object}");
            assert_eq!(span.mark(object).load(Relaxed), mark, "mark of object {object}");
            allocated += usize::from(self.taken[object] || spare);
            let layout = match self.spec.kind {
                Kind::Bits => span.object_bits_of(self.spec.class, object),
                Kind::Words => u64::from(span.layout(object).load(Relaxed)),
                _ => 0,
            };
            assert_eq!(layout, self.layouts[object], "layout of object {object}");
        }
        assert_eq!(span.allocated(), allocated);
        let (unreported, cached) = (self.window().unreported(), self.window().span);
        assert_eq!(unreported, self.cached.map_or(0, |before| allocated - before));
        assert_eq!(cached, self.cached.map(|_| span));
        let cached: Vec<SpanClass> = self.cache.cached().collect();
        assert_eq!(cached, self.cached.map(|_| span.span_class()).into_iter().collect::<Vec<_>>());
        assert_eq!(span.base(), self.arena.page_address(1));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn objects_are_taken_as_the_model_says(spec in small_specs(), ops in ops()) {
        let mut pair = Pair::new(spec);
        for op in &ops {
            pair.apply(op);
            pair.compare();
        }
        // Nothing is lost: what is not taken is found by the end.
        pair.sweep();
        pair.apply(&Op::Take(spec.objects, 0));
        assert_eq!(pair.count(), spec.objects);
        pair.compare();
    }
}
