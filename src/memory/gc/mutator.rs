//! Mutators: threads that use the heap.
//!
//! A [`Mutator`] belongs to one thread. What it needs for itself ([`Local`]) lies in the record that the collector
//! knows too, and belongs to the thread while it runs, and to who holds it still otherwise (`handshake`).
//!
//! - Allocation takes a place from the window of a span class; when it is used up, the next window of the span, the
//!   next span, a swept one, a new one. On that slow way the mutator also pays: it counts what it allocated, sweeps
//!   and marks in proportion, and asks for a cycle when it is time. It never waits for others there.
//! - At a safepoint it stands still if asked, and does what a phase change left it to do ([`Task`]).

use std::marker::PhantomData;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{
    AtomicU32, AtomicUsize, Ordering::AcqRel, Ordering::Acquire, Ordering::Relaxed, Ordering::Release, Ordering::SeqCst,
};

use smallvec::SmallVec;

use super::barrier::Buffer;
use super::handshake::{Pause, StateWord};
use super::marker::Marker;
use super::roots::{MutatorId, Visitor};
use super::special::{CleanupId, Ready, SpecialError};
use super::sweep::Swept;
use super::{Collector, pair};
use crate::memory::heap::PAGE_SIZE;
use crate::memory::heap::address::{Addr, WORD};
use crate::memory::heap::mcache::{MCache, Tiny, Uncached, Window};
use crate::memory::heap::mheap::AllocError;
use crate::memory::heap::shape::{Shape, ShapeId, SpanClass};
use crate::memory::heap::size_class::SizeClass;
use crate::memory::heap::span::{BLACK, Kind, SpanRef, SpanSpec, WHITE, low_bits};
use crate::memory::stats::Stats;

/// What a phase change leaves a mutator to do at its next safepoint.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub(super) enum Task {
    /// Marking began: scan the own stack.
    Scan = 1,
    /// Hand the barrier's buffer over.
    HandOver = 2,
    /// See whether there is a phase change to make.
    Attend = 4,
    /// The heap has outgrown its goal: give the markers time.
    Help = 8,
}

/// What the collector knows of a mutator.
pub(super) struct Record {
    pub id: MutatorId,
    pub word: StateWord,
    tasks: AtomicU32,
    /// The last round of handing over buffers that it took part in.
    pub round: AtomicU32,
    local: std::cell::UnsafeCell<Local>,
}

// SAFETY: `local` is only used through `Record::local`, whose callers own the mutator: it is their thread's, or they
// hold it still.
unsafe impl Sync for Record {}
// SAFETY: everything in it can move between threads.
unsafe impl Send for Record {}

/// A mutator's own data.
#[derive(Default)]
pub(super) struct Local {
    pub cache: MCache,
    pub buffer: Buffer,
    /// The barrier is on, and new objects are black.
    pub marking: bool,
    /// The stack is not scanned in this cycle.
    pub grey: bool,
    /// An object that a call which may last works on, or null: a root.
    pub held: usize,
    marker: Marker,
    /// Bytes allocated that the heap's counter does not have yet.
    live: u64,
    /// Marking to be done for what was allocated, in bytes to scan; negative: done in advance.
    debt: i64,
}

impl Local {
    /// Marking has ended: what is allocated so far is counted as marked, and the buffer has no purpose any more.
    pub fn end_marking(&mut self) {
        self.marking = false;
        self.buffer.clear();
        self.live = 0;
        self.debt = 0;
    }

    /// Takes the bytes that were allocated and not counted.
    pub fn take_live(&mut self) -> u64 {
        std::mem::take(&mut self.live)
    }
}

/// Bytes that a mutator may allocate before it tells the heap.
const LIVE_STEP: u64 = 32 << 10;
/// How often in a row a mutator assists before it goes on with what it wanted; the rest stays its debt.
const ASSIST_STEPS: usize = 4;
/// Objects smaller than this, without pointers, share blocks.
const TINY: usize = 16;
/// Larger objects are cleared while the world may stop, in bytes.
const QUIET_CLEAR: usize = 128 << 10;
/// Unswept spans of its class that an allocation tries before it takes new pages.
const SWEEP_TRIES: usize = 100;

impl Record {
    pub fn new(id: MutatorId) -> Self {
        Self {
            id,
            word: StateWord::default(),
            tasks: AtomicU32::new(0),
            round: AtomicU32::new(0),
            local: std::cell::UnsafeCell::default(),
        }
    }

    /// The mutator's own data.
    ///
    /// # Safety
    /// The caller is the mutator's thread and uses no other reference to them, or holds the mutator still, while that
    /// thread uses none.
    #[expect(clippy::mut_from_ref, reason = "ownership goes with the mutator's state, as the contract says")]
    pub unsafe fn local(&self) -> &mut Local {
        // SAFETY: the caller's promise.
        unsafe { &mut *self.local.get() }
    }

    /// Leaves something to do.
    pub fn ask(&self, task: Task) {
        self.tasks.fetch_or(task as u32, AcqRel);
        self.word.ask_hook();
    }

    /// Takes a task; whether it was there.
    pub fn take(&self, task: Task) -> bool {
        self.tasks.load(Acquire) & task as u32 != 0 && self.tasks.fetch_and(!(task as u32), AcqRel) & task as u32 != 0
    }
}

/// Brings a mutator to its slow way at the next safepoint, from any thread, for the embedder's own reasons.
#[derive(Clone)]
pub struct Nudge(Arc<Record>);

impl Nudge {
    /// Does it.
    pub fn now(&self) {
        self.0.word.ask_hook();
    }
}

/// A thread's access to a heap. Leaves when it is dropped.
pub struct Mutator {
    pub(super) collector: Arc<Collector>,
    pub(super) record: Arc<Record>,
    /// Not for other threads.
    thread: PhantomData<*mut ()>,
}

impl Mutator {
    pub(super) fn new(collector: Arc<Collector>, record: Arc<Record>) -> Self {
        Self { collector, record, thread: PhantomData }
    }

    #[inline]
    fn local(&mut self) -> &mut Local {
        // SAFETY: this is the mutator's thread (`Mutator` is not `Send`), it is running or, in `quiet` and blocked,
        // uses no reference; and `&mut self` excludes another reference of this thread.
        unsafe { self.record.local() }
    }

    /// The collector, and beside it the own data.
    #[inline]
    fn split(&mut self) -> (&Collector, &mut Local) {
        // SAFETY: as in `local`.
        (&self.collector, unsafe { self.record.local() })
    }

    /// Its name.
    pub fn id(&self) -> MutatorId {
        self.record.id
    }

    // ---- allocation ----

    /// Allocates an object of `size` bytes whose words are as `shape` says; if it is larger than the shape, an array of
    /// such elements. It is cleared, and aligned to 8 bytes, or 16 if the shape demands it.
    ///
    /// This is no safepoint: what the caller holds stays alive until its next one.
    #[inline]
    pub fn alloc(&mut self, shape: ShapeId, size: usize) -> Result<NonNull<u8>, AllocError> {
        let (Collector { heap, .. }, local) = self.split();
        let known = heap.shapes.get(shape);
        if size == known.size() {
            let window = local.cache.window(known.single());
            if let Some((object, bit)) = window.take() {
                clear(object, window.size as usize);
                if window.has_layouts() {
                    describe(window, bit, known, shape, size);
                }
                return Ok(object);
            }
        }
        self.alloc_other(shape, size)
    }

    /// Allocates an array, or a single object when the window is used up.
    #[inline(never)]
    fn alloc_other(&mut self, shape: ShapeId, size: usize) -> Result<NonNull<u8>, AllocError> {
        let (Collector { heap, .. }, local) = self.split();
        let known = heap.shapes.get(shape);
        let class = if size == known.size() { Some(known.single()) } else { known.common(size) };
        let Some(class) = class else { return self.alloc_large(shape, size) };
        let window = local.cache.window(class);
        let Some((object, bit)) = window.take() else { return self.alloc_slow(shape, size) };
        clear(object, window.size as usize);
        if window.has_layouts() {
            describe(window, bit, known, shape, size);
        }
        Ok(object)
    }

    /// Allocates an object without pointers, aligned to 8 bytes. Objects below 16 bytes share blocks, and are aligned
    /// to the largest power of two that divides their size.
    #[inline]
    pub fn alloc_noscan(&mut self, size: usize) -> Result<NonNull<u8>, AllocError> {
        if size < TINY
            && let Some(object) = self.local().cache.tiny.take(size)
        {
            return Ok(object);
        }
        self.alloc_noscan_block(size)
    }

    #[inline]
    fn alloc_noscan_block(&mut self, size: usize) -> Result<NonNull<u8>, AllocError> {
        let Some(class) = SizeClass::for_size(size, false) else { return self.alloc_large(ShapeId::NOSCAN, size) };
        let window = self.local().cache.window(SpanClass::new(class, Kind::NoScan));
        let object = match window.take() {
            Some((object, _)) => {
                clear(object, window.size as usize);
                object
            }
            None => self.alloc_slow(ShapeId::NOSCAN, size)?,
        };
        if size < TINY {
            self.local().cache.tiny.begin(object, size.max(1));
        }
        Ok(object)
    }

    #[cold]
    #[inline(never)]
    fn alloc_slow(&mut self, shape: ShapeId, size: usize) -> Result<NonNull<u8>, AllocError> {
        let known = self.collector.heap.shapes.get(shape);
        let class = if size == known.size() { known.single() } else { known.common(size).unwrap_or(known.single()) };
        if class.hot_slot().is_none() && class.size_and_kind().is_none_or(|(c, _)| c == SizeClass::LARGE) {
            return self.alloc_large(shape, size);
        }
        let single = size == known.size() && known.scans();
        let bytes = self.refill(class)?;
        if single {
            self.collector.heap.shapes.warm(shape, bytes);
        }
        // The window has objects now, unless the shape has just become hot; then it is filled in the same way.
        self.alloc_other(shape, size)
    }

    /// Fills the window of a span class; how many bytes it has.
    fn refill(&mut self, class: SpanClass) -> Result<usize, AllocError> {
        loop {
            let (collector, local) = self.split();
            let marking = local.marking;
            let window = local.cache.window(class);
            let objects = window.advance();
            if objects > 0 {
                if marking && let Some(span) = window.span {
                    span.set_marks(window.number as usize, window.free, BLACK);
                }
                let bytes = objects * window.size as usize;
                self.pay(bytes);
                return Ok(bytes);
            }
            if let Some(uncached) = window.uncache() {
                collector.put_back(class, uncached, marking);
            }
            let span = self.acquire(class)?;
            self.local().cache.window(class).cache(span);
        }
    }

    /// A span of a class with free objects.
    fn acquire(&mut self, class: SpanClass) -> Result<SpanRef, AllocError> {
        let collector = &self.collector;
        let heap = &collector.heap;
        let generation = heap.sweepgen();
        collector.sweep_debt();
        if let Some(span) = heap.central(class).take_swept(generation) {
            return Ok(span);
        }
        for _ in 0..SWEEP_TRIES {
            let mut taken: SmallVec<[SpanRef; 1]> = SmallVec::new();
            heap.central(class).take_unswept(generation, 1, &mut taken);
            let Some(span) = taken.pop() else { break };
            if !span.sweepgen().claim(generation) {
                continue;
            }
            let swept = collector.sweep_span(span);
            if swept == Swept::Full {
                heap.central(class).put_swept(generation, span, true);
            }
            collector.count_swept(1);
            if swept != Swept::Full {
                return Ok(span);
            }
        }
        let spec = match (class.hot_slot(), class.size_and_kind()) {
            (Some(slot), _) => SpanSpec::small(heap.shapes.hot(slot).class(), Kind::Hot, slot),
            (None, Some((size, kind))) => SpanSpec::small(size, kind, 0),
            (None, None) => return Err(AllocError::AddressSpace),
        };
        collector.new_span(&spec)
    }

    #[cold]
    #[inline(never)]
    fn alloc_large(&mut self, shape: ShapeId, size: usize) -> Result<NonNull<u8>, AllocError> {
        if size > isize::MAX as usize - PAGE_SIZE {
            return Err(AllocError::AddressSpace);
        }
        let scans = self.collector.heap.shapes.get(shape).scans();
        let spec = SpanSpec::large(size, if scans { Kind::Words } else { Kind::NoScan });
        self.collector.reclaim(spec.pages);
        let span = self.collector.new_span(&spec)?;
        let Some(object) = NonNull::new(span.base().as_ptr::<u8>()) else { return Err(AllocError::AddressSpace) };
        if span.needs_zero() {
            // SAFETY: the span is new and has this size; nobody else knows it.
            self.clear_large(span, || unsafe { object.write_bytes(0, span.bytes()) });
        }
        if scans {
            span.layout(0).store(shape.index() as u32, Relaxed);
        }
        span.alloc_bits(0).store(1, Relaxed);
        span.set_allocated(1);
        let (collector, local) = self.split();
        if local.marking {
            span.mark(0).store(BLACK, Relaxed);
        }
        let counters = &collector.heap.counters;
        counters.large_allocs.fetch_add(1, Relaxed);
        counters.large_alloc_bytes.fetch_add(span.bytes() as u64, Relaxed);
        collector.heap.central(span.span_class()).put_swept(collector.heap.sweepgen(), span, true);
        self.pay(span.bytes());
        Ok(object)
    }

    /// Clears a new span. If that takes long the world may stop meanwhile, and even a cycle may end.
    fn clear_large(&mut self, span: SpanRef, clear: impl FnOnce()) {
        let collector = &self.collector;
        // A cycle that marks while the world is stopped cannot wait for the scan of what the caller holds.
        if span.bytes() <= QUIET_CLEAR || collector.config.checks.stop_the_world {
            return clear();
        }
        collector.sweep.unlisted.fetch_add(1, Relaxed);
        collector.world.enter(&self.record.word, Pause::Quiet);
        clear();
        collector.world.leave(&self.record.word);
        collector.sweep.unlisted.fetch_sub(1, Relaxed);
        span.sweepgen().reset(collector.heap.sweepgen());
    }

    /// Counts allocated bytes, and does the marking that they cost.
    fn pay(&mut self, bytes: usize) {
        let (collector, local) = self.split();
        local.live += bytes as u64;
        if local.marking {
            collector.cycle.marked.fetch_add(bytes as u64, Relaxed);
            local.debt += collector.assist_work(bytes);
        }
        if local.live >= LIVE_STEP {
            let live = std::mem::take(&mut local.live);
            let (marking, due) = (local.marking, collector.count_live(live));
            if due {
                self.record.ask(Task::Attend);
            }
            if marking {
                self.assist();
            }
        }
    }

    /// Marks for what was allocated, out of the credit of the background markers first.
    fn assist(&mut self) {
        let (collector, local) = self.split();
        if local.debt <= 0 {
            return;
        }
        local.debt -= collector.take_credit(local.debt);
        for _ in 0..ASSIST_STEPS {
            if local.debt <= 0 {
                return;
            }
            let Some(scanned) = collector.assist(&mut local.marker, local.debt as u64) else {
                // Without work there is no debt, unless that lets the heap grow and grow.
                local.debt = 0;
                if collector.is_past_goal() {
                    self.record.ask(Task::Help);
                }
                return;
            };
            local.debt -= scanned as i64;
        }
    }

    // ---- the barrier ----

    /// Writes a pointer into an object, or into a global that was registered as a root.
    ///
    /// # Safety
    /// `slot` is a word of an object that is alive, or of a root, which is valid for writes and aligned; `pointer` is
    /// null, or leads to an object that is alive, or out of the heap.
    #[inline]
    pub unsafe fn write_ptr(&mut self, slot: *mut usize, pointer: usize) {
        // SAFETY: the caller's slot is valid and aligned; the marker reads it atomically too.
        let slot = unsafe { AtomicUsize::from_ptr(slot) };
        if self.local().marking {
            self.shade(slot.load(Relaxed), pointer);
        }
        slot.store(pointer, Relaxed);
    }

    /// Writes a pair whose first word is a pointer and whose second is a scalar.
    ///
    /// # Safety
    /// As for [`Mutator::write_ptr`]; the slot is aligned to 16 bytes.
    #[inline]
    pub unsafe fn write_pair(&mut self, slot: *mut [usize; 2], pair: [usize; 2]) {
        if self.local().marking {
            self.shade(pair::load(slot.expose_provenance())[0], pair[0]);
        }
        // SAFETY: the caller's slot is valid and aligned.
        unsafe { pair::store(slot, pair) };
    }

    /// Writes a tagged pair: the second word is a pointer if the lowest bit of the first is set.
    ///
    /// # Safety
    /// As for [`Mutator::write_pair`].
    #[inline]
    pub unsafe fn write_tagged(&mut self, slot: *mut [usize; 2], pair: [usize; 2]) {
        if self.local().marking {
            self.shade(payload(pair::load(slot.expose_provenance())), payload(pair));
        }
        // SAFETY: the caller's slot is valid and aligned.
        unsafe { pair::store(slot, pair) };
    }

    /// Writes a pointer where another one is, in one step with all other such steps; whether it was there.
    ///
    /// # Safety
    /// As for [`Mutator::write_ptr`], also for `old`.
    pub unsafe fn exchange_ptr(&mut self, slot: *mut usize, old: usize, new: usize) -> bool {
        // What is overwritten can only be `old`; to shade it for nothing only keeps it alive for this cycle.
        if self.local().marking {
            self.shade(old, new);
        }
        // SAFETY: the caller's slot is valid and aligned; the marker reads it atomically too.
        let slot = unsafe { AtomicUsize::from_ptr(slot) };
        slot.compare_exchange(old, new, SeqCst, SeqCst).is_ok()
    }

    /// The same for a tagged pair.
    ///
    /// # Safety
    /// As for [`Mutator::write_tagged`], also for `old`.
    pub unsafe fn exchange_tagged(&mut self, slot: *mut [usize; 2], old: [usize; 2], new: [usize; 2]) -> bool {
        if self.local().marking {
            self.shade(payload(old), payload(new));
        }
        // SAFETY: the caller's slot is valid and aligned.
        unsafe { pair::compare_exchange(slot, old, new) }
    }

    /// The barrier's work: a slot of the heap loses `old` and gets `new`.
    #[inline]
    fn shade(&mut self, old: usize, new: usize) {
        let local = self.local();
        let new = if local.grey { new } else { 0 };
        if local.buffer.shade(old) | local.buffer.shade(new) {
            self.hand_over();
        }
    }

    /// Keeps an object alive for this cycle: for who puts it where the collector may have looked already.
    pub fn keep_marked(&mut self, object: usize) {
        // Shading what is marked would be harmless, but a thread that does nothing else could keep the markers busy
        // for ever.
        let (collector, local) = self.split();
        if !local.marking {
            return;
        }
        let found = collector.heap.arena.object(object);
        let is_white = found.is_none_or(|found| found.span.mark(found.index).load(Relaxed) == WHITE);
        if is_white && local.buffer.shade(object) {
            self.hand_over();
        }
    }

    #[cold]
    fn hand_over(&mut self) {
        let (collector, local) = self.split();
        collector.hand_over(local);
    }

    // ---- safepoints ----

    /// Whether a safepoint has something to do.
    #[inline]
    pub fn is_asked(&self) -> bool {
        !self.record.word.is_calm()
    }

    /// The word that is calm as long as [`Mutator::is_asked`] is false. It lives as long as the mutator.
    pub fn asked(&self) -> *const StateWord {
        &raw const self.record.word
    }

    /// Something with which other threads can make [`Mutator::is_asked`] true.
    pub fn nudge(&self) -> Nudge {
        Nudge(Arc::clone(&self.record))
    }

    /// A point where the mutator may stand still and its roots may be scanned.
    #[inline]
    pub fn safepoint(&mut self) {
        if !self.record.word.is_calm() {
            self.safepoint_slow();
        }
    }

    #[cold]
    #[inline(never)]
    fn safepoint_slow(&mut self) {
        while !self.record.word.is_calm() {
            if self.record.word.stop_asked() {
                self.collector.world.enter(&self.record.word, Pause::Stopped);
                self.collector.world.leave(&self.record.word);
            }
            self.run_tasks();
        }
    }

    fn run_tasks(&mut self) {
        if !self.record.word.take_hook() {
            return;
        }
        let (collector, record) = (&self.collector, &self.record);
        // SAFETY: this is the mutator's thread, and there is no other reference. The last task uses none.
        let local = || unsafe { record.local() };
        if record.take(Task::Scan) {
            collector.begin_marking(record, local());
        }
        if record.take(Task::HandOver) {
            collector.hand_over_round(record, local());
        }
        if record.take(Task::Attend) {
            collector.attend(Some(record));
        }
        if record.take(Task::Help) && collector.cycle.is_marking() {
            let collector = Arc::clone(collector);
            self.blocked(|| collector.help_for_a_while());
        }
    }

    /// Runs something that may last, without the heap: the world does not wait for it. Its roots are scanned as they
    /// are now.
    pub fn blocked<R>(&mut self, f: impl FnOnce() -> R) -> R {
        struct Unblock<'a>(&'a mut Mutator);
        impl Drop for Unblock<'_> {
            fn drop(&mut self) {
                self.0.unblock();
            }
        }
        self.block();
        let _unblock = Unblock(self);
        f()
    }

    /// The same for what works on an object, which stays alive meanwhile even if nothing else leads to it.
    pub fn blocked_with<R>(&mut self, object: usize, f: impl FnOnce() -> R) -> R {
        let before = std::mem::replace(&mut self.local().held, object);
        let result = self.blocked(f);
        self.local().held = before;
        result
    }

    /// The mutator stops using the heap until [`Mutator::unblock`]. A safepoint.
    pub fn block(&mut self) {
        assert!(self.record.word.is_running(), "a mutator that is blocked blocks again");
        self.safepoint();
        self.collector.running.fetch_sub(1, Relaxed);
        self.collector.world.enter(&self.record.word, Pause::Blocked);
    }

    /// The mutator uses the heap again.
    pub fn unblock(&mut self) {
        self.collector.world.leave(&self.record.word);
        self.collector.running.fetch_add(1, Relaxed);
        self.safepoint();
    }

    // ---- cycles ----

    /// The number of the cycle if the marker runs: stacks that were not scanned in it must be before they are run on.
    pub fn cycle(&mut self) -> Option<u32> {
        self.local().marking.then(|| self.collector.cycle.epoch.load(Relaxed))
    }

    /// Scans roots for the running cycle.
    pub fn scan(&mut self, f: impl FnOnce(&mut Visitor<'_>)) {
        let (collector, local) = self.split();
        collector.scan_with(&mut local.marker, f);
    }

    /// Collects: returns when all that is unreachable now is swept. A safepoint.
    pub fn collect(&mut self) {
        let collector = Arc::clone(&self.collector);
        collector.collect(self);
    }

    /// Collects, and gives all free memory back to the system.
    pub fn free_os_memory(&mut self) {
        self.collect();
        let collector = Arc::clone(&self.collector);
        self.blocked(|| collector.scavenge_all());
    }

    /// Sets how many percent the heap may grow between cycles; `None` switches the trigger off. Returns the old value.
    pub fn set_gogc(&mut self, percent: Option<u32>) -> Option<u32> {
        self.collector.set_gogc(percent)
    }

    /// Sets the soft limit of memory in bytes. Returns the old one.
    pub fn set_memory_limit(&mut self, bytes: Option<u64>) -> Option<u64> {
        self.collector.set_memory_limit(bytes)
    }

    /// The soft limit of memory in bytes.
    pub fn memory_limit(&self) -> Option<u64> {
        Some(self.collector.memory_limit()).filter(|&limit| limit != u64::MAX)
    }

    /// The heap's accounts at this moment. A safepoint.
    pub fn stats(&mut self) -> Stats {
        let collector = Arc::clone(&self.collector);
        self.blocked(|| collector.stats())
    }

    // ---- stacks ----

    /// Memory for stacks, a multiple of the page size: not cleared, aligned to it, freed by hand.
    pub fn alloc_stack(&mut self, bytes: usize) -> Result<NonNull<u8>, AllocError> {
        let span = self.collector.new_span(&SpanSpec::manual(bytes.div_ceil(PAGE_SIZE)))?;
        NonNull::new(span.base().as_ptr()).ok_or(AllocError::AddressSpace)
    }

    /// Frees memory for stacks.
    ///
    /// # Safety
    /// It is what [`Mutator::alloc_stack`] gave, and nobody uses it any more.
    pub unsafe fn free_stack(&mut self, stack: *mut u8) {
        let arena = &self.collector.heap.arena;
        let span = arena.span(arena.entry(Addr::of(stack).get()));
        self.collector.heap.free_spans(&[span]);
    }

    // ---- specials ----

    /// Sets what is to be queued when the object is unreachable. `value` is kept alive until then.
    pub fn set_finalizer(&mut self, object: Addr, value: usize) -> Result<(), SpecialError> {
        let span = self.special(object)?;
        self.collector.specials.set_finalizer(span, object, value)?;
        self.keep(object, value);
        Ok(())
    }

    /// Takes the finalizer of an object back.
    pub fn clear_finalizer(&mut self, object: Addr) -> Result<(), SpecialError> {
        self.special(object)?;
        self.collector.specials.clear_finalizer(object);
        Ok(())
    }

    /// Adds something to be queued when the object is gone. `value` is kept alive until then.
    pub fn add_cleanup(&mut self, object: Addr, value: usize) -> Result<CleanupId, SpecialError> {
        let (span, base) = self.special_base(object)?;
        let id = self.collector.specials.add_cleanup(span, base, value);
        self.keep(base, value);
        Ok(id)
    }

    /// Takes a cleanup back, unless it is queued already.
    pub fn stop_cleanup(&mut self, id: CleanupId) {
        self.collector.specials.stop_cleanup(id);
    }

    /// Takes what is to run next. A finalizer's object and the value are alive as long as the caller holds them.
    pub fn next_ready(&mut self) -> Option<Ready> {
        let ready = self.collector.specials.next()?;
        match ready {
            Ready::Finalizer { object, value } => self.keep(object, value),
            Ready::Cleanup { value } => self.keep_marked(value),
        }
        Some(ready)
    }

    /// The weak handle of an address in an object, itself an object of two words without pointers. The first one
    /// belongs to the collector.
    pub fn weak(&mut self, object: Addr) -> Result<Result<Addr, AllocError>, SpecialError> {
        let (span, base) = self.special_base(object)?;
        if let Some(handle) = self.collector.specials.weak(span, base, object, None) {
            self.keep(object, handle.get());
            return Ok(Ok(handle));
        }
        Ok(self.alloc(ShapeId::NOSCAN_PAIRS, 2 * WORD).map(|fresh| {
            // SAFETY: a new object of 16 bytes.
            unsafe { AtomicUsize::from_ptr(fresh.as_ptr().cast()).store(object.get(), Release) };
            let fresh = Addr::of(fresh.as_ptr());
            let handle = self.collector.specials.weak(span, base, object, Some(fresh)).unwrap_or(fresh);
            self.keep(object, handle.get());
            handle
        }))
    }

    /// The address of a weak handle, its object alive until the next safepoint; null if it was found unreachable.
    pub fn strengthen(&mut self, handle: Addr) -> Addr {
        // SAFETY: the caller's handle is an object made by `weak`.
        let cell = unsafe { AtomicUsize::from_ptr(handle.as_ptr()) };
        loop {
            let object = cell.load(Acquire);
            if object == 0 {
                return Addr::NULL;
            }
            if self.local().marking {
                self.keep_marked(object);
                return Addr::new(object);
            }
            // Between cycles an object is known to be alive only when its span is swept.
            match self.collector.heap.arena.object(object) {
                Some(found) if self.collector.make_swept(found.span) && cell.load(Acquire) == object => {
                    return Addr::new(object);
                }
                _ => std::hint::spin_loop(),
            }
        }
    }

    /// The span and the start of the object that an address leads into.
    fn special_base(&self, object: Addr) -> Result<(SpanRef, Addr), SpecialError> {
        let found = self.collector.heap.allocated_object(object.get()).ok_or(SpecialError::NotAnObject)?;
        Ok((found.span, found.base()))
    }

    /// The span of an object.
    fn special(&self, object: Addr) -> Result<SpanRef, SpecialError> {
        let (span, base) = self.special_base(object)?;
        if base == object { Ok(span) } else { Err(SpecialError::NotAnObject) }
    }

    /// The running cycle may have passed by the table of specials.
    fn keep(&mut self, object: Addr, value: usize) {
        self.keep_marked(object.get());
        self.keep_marked(value);
    }
}

/// What a tagged pair leads to.
#[inline]
fn payload([tag, payload]: [usize; 2]) -> usize {
    if tag & 1 == 1 { payload } else { 0 }
}

impl Drop for Mutator {
    fn drop(&mut self) {
        self.collector.detach(&self.record);
    }
}

impl Tiny {
    /// Takes a place of `size` bytes in the block.
    #[inline]
    fn take(&mut self, size: usize) -> Option<NonNull<u8>> {
        // An object of no size has a place too, or its address could be that of another object.
        let size = size.max(1);
        let align = (size & size.wrapping_neg()).min(WORD);
        let at = self.used.next_multiple_of(align);
        if self.base == 0 || at + size > TINY {
            return None;
        }
        self.used = at + size;
        self.allocs += 1;
        NonNull::new(Addr::new(self.base + at).as_ptr())
    }

    /// A new block, whose first place is taken; the old one is kept if it has more room.
    #[inline]
    fn begin(&mut self, block: NonNull<u8>, size: usize) {
        if self.base == 0 || size < self.used {
            (self.base, self.used) = (Addr::of(block.as_ptr()).get(), size);
        }
    }
}

/// Clears the place of an object, of 16 bytes or more. Small ones by stores from both ends, which overlap in the
/// middle: a call of `memset` takes longer.
#[inline(always)]
fn clear(object: NonNull<u8>, size: usize) {
    let zero = |at: usize| {
        // SAFETY: the place has `size` bytes, nobody else uses it, and all calls below stay 16 bytes off its end.
        unsafe { object.byte_add(at).cast::<[u64; 2]>().write_unaligned([0; 2]) };
    };
    if size > 128 {
        // SAFETY: as above.
        return unsafe { object.write_bytes(0, size) };
    }
    if size > 64 {
        (0..4).for_each(|i| zero(16 * i));
        (0..4).for_each(|i| zero(size - 64 + 16 * i));
        return;
    }
    zero(0);
    zero(size - 16);
    if size > 32 {
        zero(16);
        zero(size - 32);
    }
}

/// Writes what an object of a common span looks like.
#[inline]
fn describe(window: &Window, bit: usize, known: &Shape, shape: ShapeId, size: usize) {
    if window.has_heap_bits() {
        window.set_heap_bits(bit, repeated(known, size));
    } else {
        window.set_layout(bit, shape);
    }
}

/// The pointer mask of a shape with pointers, or of an array of it, of at most 64 words.
#[inline]
fn repeated(shape: &Shape, size: usize) -> u64 {
    let (element, _) = shape.masks(0);
    let (words, step) = (size / WORD, shape.words());
    if words <= step {
        return element & low_bits(words);
    }
    if step == 1 {
        return low_bits(words);
    }
    let (mut bits, mut at) = (element, step);
    while at < words {
        bits |= bits << at;
        at *= 2;
    }
    bits & low_bits(words)
}

impl Collector {
    /// Takes a span from a mutator that has no more use for it. While marking, what is free in it is white again.
    pub(super) fn put_back(&self, class: SpanClass, uncached: Uncached, marking: bool) {
        let Uncached { span, allocs, unused, .. } = uncached;
        self.heap.counters.add_allocs(class, allocs);
        let generation = self.heap.sweepgen();
        let full = span.allocated() == span.objects();
        if unused > 0 {
            let bytes = (unused * span.size()) as u64;
            self.heap.counters.heap_live.fetch_sub(bytes, Relaxed);
            if marking {
                self.cycle.marked.fetch_sub(bytes, Relaxed);
            }
        }
        debug_assert!(span.sweepgen().is_swept(generation), "an unswept span was cached");
        self.heap.central(class).put_swept(generation, span, full);
    }

    /// Gives up the block for tiny objects.
    pub(super) fn drop_tiny(&self, local: &mut Local) {
        let tiny = std::mem::take(&mut local.cache.tiny);
        self.heap.counters.tiny_allocs.fetch_add(tiny.allocs, Relaxed);
    }

    /// Gives up all windows of a mutator: the caller owns it.
    pub(super) fn uncache(&self, local: &mut Local) {
        self.heap.counters.heap_live.fetch_add(local.take_live(), Relaxed);
        self.drop_tiny(local);
        let cached: Vec<SpanClass> = local.cache.cached().collect();
        for class in cached {
            let window = local.cache.window(class);
            let (number, free) = (window.number as usize, window.free);
            if let Some(uncached) = window.uncache() {
                if free != 0 {
                    uncached.span.set_marks(number, free, WHITE);
                }
                self.put_back(class, uncached, local.marking);
            }
        }
    }
}
