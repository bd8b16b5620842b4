//! Central lists: the spans of one span class that no mutator caches.
//!
//! A span is in exactly one place: cached by a mutator, in one of the four sets of its central list, in the hands of
//! a sweeper, or free. The sets are those with and without free objects, each once for swept and once for unswept
//! spans. When a cycle ends all spans become unswept at once: the heap's sweep generation goes up by two and the pairs
//! of sets change their roles, which is why they are chosen by the generation. That happens only while the world is
//! stopped and nothing is being swept, so nobody holds a generation that is out of date.
//!
//! Who takes an unswept span out of a set must claim it ([`SweepGen::claim`]) before it sweeps.

use crate::base::sync::{AtomicU32, Mutex, Ordering, lock};

/// The sweep generation of a span: equal to the heap's when it is swept, 2 less when it needs sweeping, 1 less while
/// it is swept.
#[repr(transparent)]
pub struct SweepGen(AtomicU32);

impl SweepGen {
    /// A span made now.
    pub fn new(heap: u32) -> Self {
        Self(AtomicU32::new(heap))
    }

    /// Begins a new life.
    pub fn reset(&self, heap: u32) {
        self.0.store(heap, Ordering::Release);
    }

    /// Whether the span is swept.
    #[inline]
    pub fn is_swept(&self, heap: u32) -> bool {
        self.0.load(Ordering::Acquire) == heap
    }

    /// Becomes the sweeper of an unswept span; false if another is or was.
    #[must_use]
    pub fn claim(&self, heap: u32) -> bool {
        let (unswept, sweeping) = (heap.wrapping_sub(2), heap.wrapping_sub(1));
        self.0.load(Ordering::Acquire) == unswept
            && self.0.compare_exchange(unswept, sweeping, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// Says that the span is swept. For its sweeper.
    pub fn done(&self, heap: u32) {
        debug_assert_eq!(self.0.load(Ordering::Relaxed), heap.wrapping_sub(1), "only the sweeper ends a sweep");
        self.0.store(heap, Ordering::Release);
    }
}

/// The sets of a central list. `S` is a span; loom models use another.
pub struct MCentral<S> {
    sets: Mutex<[Sets<S>; 2]>,
}

struct Sets<S> {
    /// Spans that may have free objects.
    partial: Vec<S>,
    /// Spans without a free object, as far as is known.
    full: Vec<S>,
}

impl<S> Default for MCentral<S> {
    fn default() -> Self {
        Self { sets: Mutex::new([Sets::default(), Sets::default()]) }
    }
}

impl<S> Default for Sets<S> {
    fn default() -> Self {
        Self { partial: Vec::new(), full: Vec::new() }
    }
}

/// Which of the two pairs of sets holds the swept spans in a generation.
fn swept(generation: u32) -> usize {
    (generation / 2 % 2) as usize
}

impl<S> MCentral<S> {
    /// Takes a swept span that has free objects.
    pub fn take_swept(&self, generation: u32) -> Option<S> {
        lock(&self.sets)[swept(generation)].partial.pop()
    }

    /// Takes up to `most` spans that were not swept yet, those with free objects first. The caller claims and sweeps
    /// them.
    pub fn take_unswept(&self, generation: u32, most: usize, taken: &mut impl Extend<S>) {
        let mut sets = lock(&self.sets);
        let sets = &mut sets[1 - swept(generation)];
        let set = if sets.partial.is_empty() { &mut sets.full } else { &mut sets.partial };
        let from = set.len().saturating_sub(most);
        taken.extend(set.drain(from..));
    }

    /// Puts a swept span into its set.
    pub fn put_swept(&self, generation: u32, span: S, full: bool) {
        lock(&self.sets)[swept(generation)].put(span, full);
    }

    /// Puts a span that needs sweeping into its set.
    pub fn put_unswept(&self, generation: u32, span: S, full: bool) {
        lock(&self.sets)[1 - swept(generation)].put(span, full);
    }

    /// Visits the spans of all sets.
    pub fn for_each(&self, mut f: impl FnMut(&S)) {
        for sets in &*lock(&self.sets) {
            sets.partial.iter().chain(&sets.full).for_each(&mut f);
        }
    }
}

impl<S> Sets<S> {
    fn put(&mut self, span: S, full: bool) {
        if full { self.full.push(span) } else { self.partial.push(span) }
    }
}

#[cfg(all(test, loom))]
mod models {
    use loom::cell::UnsafeCell;
    use loom::sync::Arc;

    use super::{MCentral, SweepGen};

    /// The heap's generation; the spans are those of the one before, and need sweeping.
    const NOW: u32 = 4;

    /// A span: who sweeps it or allocates from it owns `swept`.
    struct Span {
        generation: SweepGen,
        swept: UnsafeCell<u32>,
    }

    impl Span {
        fn new() -> Arc<Self> {
            Arc::new(Self { generation: SweepGen::new(NOW - 2), swept: UnsafeCell::new(0) })
        }

        fn sweep(&self) {
            // SAFETY: the span is claimed; loom checks just that.
            self.swept.with_mut(|swept| unsafe { *swept += 1 });
            self.generation.done(NOW);
        }

        fn times_swept(&self) -> u32 {
            // SAFETY: all threads have ended.
            self.swept.with(|swept| unsafe { *swept })
        }
    }

    /// What a sweeper does: takes, claims, sweeps, puts back.
    fn sweep_some(central: &MCentral<Arc<Span>>) {
        let mut spans: Vec<Arc<Span>> = Vec::new();
        central.take_unswept(NOW, 2, &mut spans);
        for span in spans {
            if span.generation.claim(NOW) {
                span.sweep();
                central.put_swept(NOW, span, false);
            }
        }
    }

    /// What an allocation does: a swept span, or an unswept one that it sweeps.
    fn acquire(central: &MCentral<Arc<Span>>) -> Option<Arc<Span>> {
        if let Some(span) = central.take_swept(NOW) {
            return Some(span);
        }
        let mut spans: Vec<Arc<Span>> = Vec::new();
        central.take_unswept(NOW, 1, &mut spans);
        let span = spans.pop()?;
        span.generation.claim(NOW).then(|| {
            span.sweep();
            span
        })
    }

    #[test]
    fn a_span_is_swept_once_and_has_one_owner() {
        loom::model(|| {
            let central = Arc::new(MCentral::default());
            let spans = [Span::new(), Span::new()];
            spans.iter().for_each(|span| central.put_unswept(NOW, span.clone(), false));
            let sweeper = {
                let central = central.clone();
                loom::thread::spawn(move || sweep_some(&central))
            };
            let owned = acquire(&central);
            sweeper.join().unwrap();
            sweep_some(&central);
            assert!(spans.iter().all(|span| span.times_swept() == 1), "swept twice or never");
            let mut listed = 0;
            central.for_each(|_| listed += 1);
            assert_eq!(listed + usize::from(owned.is_some()), 2, "a span is lost");
        });
    }

    #[test]
    fn a_cached_span_is_claimed_by_its_user_or_the_sweeper() {
        loom::model(|| {
            let central = Arc::new(MCentral::default());
            let span = Span::new();
            // A mutator gives its span up while a sweeper works, and another asks whether an object in it is alive.
            let giver = {
                let (central, span) = (central.clone(), span.clone());
                loom::thread::spawn(move || {
                    central.put_unswept(NOW, span, false);
                    sweep_some(&central);
                })
            };
            if span.generation.claim(NOW) {
                span.sweep();
                central.put_swept(NOW, span.clone(), false);
            }
            giver.join().unwrap();
            sweep_some(&central);
            assert_eq!(span.times_swept(), 1);
        });
    }
}
