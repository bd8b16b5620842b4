//! Checks of the collector by other means, while the world is stopped.
//!
//! - `check_mark`: everything reachable is found once more, by a plain traversal that shares nothing with the marker
//!   but the layout of objects. An object that it finds and the marker did not is lost: a defect.
//! - `check_heap`: every reachable pointer leads to an allocated object, none from the heap to a stack; spans, page
//!   table, lists and counters agree with each other.
//!
//! What is found is collected as [`Defect`]s, for tests and for the embedder to report. Lost objects are marked then,
//! so that the report is not followed by a crash.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};

use rustc_hash::FxBuildHasher;

use super::marker::Marker;
use super::roots::Visitor;
use super::{Collector, Mutators};
use crate::base::sync::{Mutex, lock};
use crate::memory::heap::address::{Addr, WORD};
use crate::memory::heap::arena::Object;
use crate::memory::heap::mheap::MHeap;
use crate::memory::heap::shape::{SPAN_CLASSES, ShapeId, SpanClass, Word};
use crate::memory::heap::span::{BLACK, Kind, SpanRef, WHITE, low_bits};

/// Something that must not be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Defect {
    /// The marker missed a reachable object.
    Lost {
        /// The object.
        object: Addr,
        /// The object it was reached from; null for a root.
        from: Addr,
        /// Where in that object, in bytes.
        offset: usize,
    },
    /// A reachable pointer leads to no allocated object, but into the heap's pages.
    Dangling {
        /// The pointer.
        pointer: Addr,
        /// The object that holds it; null for a root.
        from: Addr,
        /// Where in that object, in bytes.
        offset: usize,
    },
    /// An object in the heap points to a stack.
    ToStack {
        /// The pointer.
        pointer: Addr,
        /// The object that holds it.
        from: Addr,
        /// Where in that object, in bytes.
        offset: usize,
    },
    /// Two records of the same thing differ.
    Counters {
        /// What does not agree, with both values.
        what: String,
    },
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origin = |f: &mut fmt::Formatter<'_>, from: Addr, offset: usize| {
            if from.is_null() { write!(f, "from a root") } else { write!(f, "from object {from:?}+{offset}") }
        };
        match self {
            Self::Lost { object, from, offset } => {
                write!(f, "the marker missed object {object:?}, which is reachable ")?;
                origin(f, *from, *offset)
            }
            Self::Dangling { pointer, from, offset } => {
                write!(f, "pointer {pointer:?} leads to no object, reached ")?;
                origin(f, *from, *offset)
            }
            Self::ToStack { pointer, from, offset } => {
                write!(f, "pointer {pointer:?} leads to a stack, reached ")?;
                origin(f, *from, *offset)
            }
            Self::Counters { what } => f.write_str(what),
        }
    }
}

/// Where defects are kept.
#[derive(Default)]
pub(super) struct Defects(Mutex<Vec<Defect>>);

/// No more are kept: one defect breeds many.
const KEPT: usize = 100;

impl Defects {
    fn add(&self, defect: Defect) {
        let mut list = lock(&self.0);
        if list.len() < KEPT {
            list.push(defect);
        }
    }
}

/// A pointer, and where it was found.
struct Edge {
    pointer: usize,
    from: Addr,
    offset: usize,
}

impl Collector {
    pub(super) fn defects(&self) -> Vec<Defect> {
        lock(&self.defects.0).clone()
    }

    /// Looks for reachable objects that are white. The world is stopped, marking is complete.
    pub(super) fn check_mark(&self, mutators: &Mutators) {
        if !self.config.checks.check_mark {
            return;
        }
        self.traverse(mutators, |object, from, offset| {
            if object.mark() == WHITE {
                object.span.mark(object.index).store(BLACK, Relaxed);
                self.defects.add(Defect::Lost { object: object.base(), from, offset });
            }
        });
    }

    /// Checks pointers and accounts. The world is stopped.
    pub(super) fn check_heap(&self, mutators: &Mutators) {
        if !self.config.checks.check_heap {
            return;
        }
        self.traverse(mutators, |_, _, _| {});
        if let Err(what) = self.heap.check_pages() {
            self.defects.add(Defect::Counters { what });
        }
        self.check_counters(mutators);
    }

    /// Visits each reachable object once, and reports pointers that lead nowhere.
    fn traverse(&self, mutators: &Mutators, mut visit: impl FnMut(Object, Addr, usize)) {
        let mut seen: HashMap<SpanRef, Vec<u64>, FxBuildHasher> = HashMap::default();
        let mut edges: Vec<Edge> = self.all_roots(mutators);
        while let Some(Edge { pointer, from, offset }) = edges.pop() {
            let Some(object) = self.heap.allocated_object(pointer) else {
                self.judge_stray(pointer, from, offset);
                continue;
            };
            let bits = seen.entry(object.span).or_insert_with(|| vec![0; object.span.windows()]);
            let bit = 1 << (object.index % 64);
            if bits[object.index / 64] & bit != 0 {
                continue;
            }
            bits[object.index / 64] |= bit;
            visit(object, from, offset);
            let base = object.base();
            for_each_pointer(&self.heap, object, |offset, pointer| edges.push(Edge { pointer, from: base, offset }));
        }
    }

    fn judge_stray(&self, pointer: usize, from: Addr, offset: usize) {
        if !self.heap.arena.contains(pointer) {
            return;
        }
        let manual = self.heap.arena.entry(pointer).kind() == Kind::Manual;
        let pointer = Addr::new(pointer);
        if !manual {
            self.defects.add(Defect::Dangling { pointer, from, offset });
        } else if !from.is_null() {
            self.defects.add(Defect::ToStack { pointer, from, offset });
        }
    }

    /// All roots, scanned anew under a number of their own.
    fn all_roots(&self, mutators: &Mutators) -> Vec<Edge> {
        let mut marker = Marker::default();
        let epoch = self.cycle.epoch.fetch_add(1, SeqCst) + 1;
        let jobs = self.roots.begin(epoch);
        let mut visitor = Visitor::new(&mut marker);
        for job in 0..jobs {
            self.roots.scan(epoch, job, &mut visitor);
        }
        for mutator in &mutators.list {
            self.roots.scan_mutator(epoch, mutator.id, &mut visitor);
            // SAFETY: the world is stopped by this thread.
            visitor.pointer(unsafe { mutator.local() }.held);
        }
        let mut edges: Vec<Edge> = Vec::new();
        let root = |pointer| Edge { pointer, from: Addr::NULL, offset: 0 };
        edges.extend(marker.take_pointers().into_iter().map(root));
        let mut objects = Vec::new();
        self.specials.roots(|value| edges.push(root(value)), |object| objects.push(object));
        for object in objects.into_iter().filter_map(|object| self.heap.allocated_object(object.get())) {
            for_each_pointer(&self.heap, object, |_, pointer| edges.push(root(pointer)));
        }
        edges
    }

    /// Compares the counters with what the spans say.
    fn check_counters(&self, mutators: &Mutators) {
        let mut pages = [0; 2];
        let mut spans = 0;
        let mut objects = vec![0u64; SPAN_CLASSES];
        self.heap.for_each_span(|span| {
            if span.kind() == Kind::Manual {
                pages[1] += span.pages();
                return;
            }
            pages[0] += span.pages();
            spans += 1;
            let bits: u32 = (0..span.windows()).map(|i| span.alloc_bits(i).load(Relaxed).count_ones()).sum();
            self.expect("allocation bits of a span", u64::from(bits), span.allocated() as u64);
            objects[span.span_class().index()] += u64::from(bits);
        });
        let counters = &self.heap.counters;
        let now = |counter: &AtomicUsize| counter.load(Relaxed) as u64;
        self.expect("pages of objects", pages[0] as u64, now(&counters.object_pages));
        self.expect("pages of stacks", pages[1] as u64, now(&counters.manual_pages));
        self.expect("spans", spans, now(&counters.object_spans));
        let usage = self.heap.usage();
        let in_use = ((pages[0] + pages[1]) * crate::memory::heap::PAGE_SIZE) as u64;
        self.expect("mapped bytes", in_use + usage.free, usage.mapped);
        // What mutators have taken and not reported counts as allocated in the spans.
        let mut cached = vec![0u64; SPAN_CLASSES];
        for mutator in &mutators.list {
            // SAFETY: the world is stopped.
            let local = unsafe { mutator.local() };
            for class in local.cache.cached().collect::<Vec<_>>() {
                cached[class.index()] += local.cache.window(class).unreported() as u64;
            }
        }
        let large = |counter: &AtomicU64| counter.load(Relaxed);
        let large_now = large(&counters.large_allocs) - large(&counters.large_frees);
        let mut large_objects = 0;
        for (index, (&objects, &cached)) in objects.iter().zip(&cached).enumerate() {
            let class = SpanClass(index as u16);
            if class.is_large() {
                large_objects += objects;
            } else {
                let counted = counters.allocs(class) - counters.frees(class);
                self.expect("objects of a span class", objects, counted + cached);
            }
        }
        self.expect("large objects", large_objects, large_now);
    }

    fn expect(&self, what: &str, found: u64, counted: u64) {
        if found != counted {
            let what = format!("{what}: {found} in the spans, {counted} counted");
            self.defects.add(Defect::Counters { what });
        }
    }
}

/// Visits the words of an object that are pointers by its layout, with their offsets. Null is left out.
fn for_each_pointer(heap: &MHeap, object: Object, mut f: impl FnMut(usize, usize)) {
    let Object { span, index } = object;
    let words = span.size() / WORD;
    let base = object.base();
    let word = |w: usize| {
        // SAFETY: word `w` of an allocated object; the world is stopped.
        unsafe { AtomicUsize::from_ptr((base + w * WORD).as_ptr()) }.load(Relaxed)
    };
    for w in 0..words {
        let kind = match span.kind() {
            Kind::Bits => {
                let bit = index * words + w;
                let set = span.heap_bits(bit / 64).load(Relaxed) >> (bit % 64) & 1 == 1;
                if set { Word::Pointer } else { Word::Scalar }
            }
            Kind::Words => {
                let shape = heap.shapes.get(ShapeId::from_index(span.layout(index).load(Relaxed)));
                shape.word(w % shape.words().max(1))
            }
            Kind::Hot => {
                let (pointers, tagged) = heap.shapes.hot(span.hot_slot()).masks();
                match (pointers & low_bits(words)) >> w & 1 {
                    1 => Word::Pointer,
                    _ if tagged >> w & 1 == 1 => Word::Tagged,
                    _ => Word::Scalar,
                }
            }
            Kind::NoScan | Kind::Free | Kind::Manual => return,
        };
        let is_pointer = match kind {
            Word::Scalar => false,
            Word::Pointer => true,
            Word::Tagged => word(w - 1) & 1 == 1,
        };
        if is_pointer && word(w) != 0 {
            f(w * WORD, word(w));
        }
    }
}
