//! Phase changes.
//!
//! Each is made by one thread that has the lock of the list of mutators: a mutator at a safepoint, where that is
//! possible, because it runs anyway and the others can be waited for by spinning; else a marker. A mutator never waits
//! for the lock while it runs: who has it may be waiting for that mutator.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};

use super::handshake::{Pause, Was};
use super::marker::{Marker, Work};
use super::mutator::{Local, Mutator, Record, Task};
use super::pacer::{CycleEnd, CycleStart, ScanWork};
use super::recorder::{Ended, Stopped};
use super::roots::Visitor;
use super::{Collector, Mutators};
use crate::base::os;
use crate::base::sync::{Mutex, lock};

const OFF: u8 = 0;
const MARK: u8 = 1;

/// Bytes that may be scanned while the world is stopped at the end, to spare another round.
const LAST_SCAN: u64 = 64 << 10;

/// The running cycle, or the last one.
#[derive(Default)]
pub(super) struct Cycle {
    phase: AtomicU8,
    /// Cycles that have begun.
    pub begun: AtomicU32,
    /// Cycles whose marking has ended.
    pub ended: AtomicU32,
    /// Number of the last scan of all roots: of a cycle, or of a check.
    pub epoch: AtomicU32,
    /// Jobs of the embedder's roots that nobody has taken: those with smaller numbers.
    jobs: AtomicUsize,
    /// The specials are to be scanned.
    specials: AtomicBool,
    /// Mutators that have not scanned their stack.
    unscanned: AtomicUsize,
    /// The round of handing over buffers.
    round: AtomicU32,
    /// Objects that markers have marked.
    pub objects: AtomicU64,
    /// The thread that looks for the end, of which there is one at a time.
    pub finisher: Mutex<()>,
    /// Bytes of marked objects, those allocated black included.
    pub marked: AtomicU64,
    /// Work done: bytes of the heap, of stacks, of other roots.
    pub scanned: AtomicU64,
    pub scanned_stacks: AtomicU64,
    pub scanned_globals: AtomicU64,
    /// Marking is complete but for the last look.
    finishing: AtomicBool,
    /// Why it began.
    cause: Mutex<Cause>,
    /// Bytes that the last complete cycle found alive.
    pub live: AtomicU64,
}

impl Cycle {
    /// The current round of handing over buffers.
    pub fn round(&self) -> u32 {
        self.round.load(SeqCst)
    }

    pub fn is_marking(&self) -> bool {
        self.phase.load(SeqCst) == MARK
    }
}

/// Why a cycle begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Cause {
    /// The heap has reached the trigger.
    #[default]
    Heap,
    /// The last cycle is long ago.
    Time,
    /// Somebody asked for it.
    Forced,
}

impl Collector {
    // ---- stopping the world ----

    /// Stops all mutators but `own`, which stands still because it is the caller's.
    fn stop(&self, mutators: &Mutators, own: Option<&Arc<Record>>) -> Stopped {
        let asked = os::monotonic_ns();
        let others = || mutators.list.iter().filter(|m| own.is_none_or(|own| !Arc::ptr_eq(m, own)));
        self.world.expect(others().count() as u32);
        for mutator in others() {
            if mutator.word.ask_stop() != Was::Running {
                self.world.discount();
            }
        }
        self.world.wait_for_all();
        Stopped { asked, stopped: os::monotonic_ns() }
    }

    fn resume(&self, mutators: &Mutators, own: Option<&Arc<Record>>, stopped: Stopped) -> u64 {
        let others = mutators.list.iter().filter(|m| own.is_none_or(|own| !Arc::ptr_eq(m, own)));
        self.world.resume(others.map(|m| &m.word));
        let now = os::monotonic_ns();
        self.recorder.pause(stopped, now);
        now
    }

    /// Runs something while the world is stopped. For a thread that is no mutator, or a blocked one.
    pub(super) fn while_stopped<R>(&self, f: impl FnOnce(&Mutators) -> R) -> R {
        let mutators = lock(&self.mutators);
        let stopped = self.stop(&mutators, None);
        let result = f(&mutators);
        self.resume(&mutators, None, stopped);
        result
    }

    // ---- who makes a phase change ----

    /// Makes the phase change that is due, if no other thread is about to. `own` is the calling mutator.
    pub(super) fn attend(&self, own: Option<&Arc<Record>>) {
        let Ok(mutators) = self.mutators.try_lock() else { return };
        if self.cycle.is_marking() {
            if self.cycle.finishing.load(SeqCst) {
                self.try_finish(&mutators, own);
            }
        } else if self.is_due() {
            self.start_cycle(&mutators, own, Cause::Heap);
        }
        drop(mutators);
        self.report();
    }

    /// Begins a cycle unless one runs. For a thread that is no mutator, or a blocked one.
    pub(super) fn start(&self, cause: Cause) {
        let mutators = lock(&self.mutators);
        if !self.cycle.is_marking() {
            self.start_cycle(&mutators, None, cause);
        }
        drop(mutators);
        self.report();
    }

    /// Ends the cycle if that can be. For a thread that is no mutator, or a blocked one.
    pub(super) fn finish(&self) {
        let mutators = lock(&self.mutators);
        if self.cycle.is_marking() && self.cycle.finishing.load(SeqCst) {
            self.try_finish(&mutators, None);
        }
        drop(mutators);
        self.report();
    }

    /// Says that marking seems to be complete, and asks the running mutators to make the change. Whether there are
    /// any.
    pub(super) fn announce_finish(&self) -> bool {
        let mutators = lock(&self.mutators);
        self.cycle.finishing.store(true, SeqCst);
        let mut any = false;
        for mutator in &mutators.list {
            if mutator.word.is_running() {
                mutator.ask(Task::Attend);
                any = true;
            }
        }
        any
    }

    // ---- the begin ----

    fn start_cycle(&self, mutators: &Mutators, own: Option<&Arc<Record>>, cause: Cause) {
        self.sweep_all();
        let stopped = self.stop(mutators, own);
        for mutator in &mutators.list {
            // SAFETY: the world is stopped, and the own mutator's caller uses no reference to its data.
            let local = unsafe { mutator.local() };
            self.uncache(local);
            local.marking = !self.barrier_is_off();
            local.grey = true;
            mutator.ask(Task::Scan);
        }
        self.sweep_rest();
        self.check_heap(mutators);
        let cycle = &self.cycle;
        cycle.begun.fetch_add(1, SeqCst);
        let epoch = cycle.epoch.fetch_add(1, SeqCst) + 1;
        for counter in [&cycle.marked, &cycle.objects, &cycle.scanned, &cycle.scanned_stacks, &cycle.scanned_globals] {
            counter.store(0, Relaxed);
        }
        *lock(&cycle.cause) = cause;
        cycle.finishing.store(false, Relaxed);
        cycle.unscanned.store(mutators.list.len(), SeqCst);
        cycle.specials.store(true, Relaxed);
        cycle.jobs.store(self.roots.begin(epoch), SeqCst);
        self.recorder.begin(stopped, self.heap.counters.heap_live.load(Relaxed));
        self.begin_pacing(CycleStart {
            heap_live: self.heap.counters.heap_live.load(Relaxed),
            heap_scannable: self.heap.counters.heap_live.load(Relaxed),
            stack_bytes: self.manual_bytes(),
        });
        cycle.phase.store(MARK, SeqCst);
        if self.config.checks.stop_the_world {
            self.mark_stopped(mutators);
        }
        let now = self.resume(mutators, own, stopped);
        self.recorder.marking(now);
        self.background.wake();
        self.pool.wake_all();
    }

    /// Sweeps what is left while the world is stopped: spans that mutators gave up just now, and what another thread
    /// is sweeping.
    fn sweep_rest(&self) {
        loop {
            self.sweep_all();
            if self.is_swept() {
                return;
            }
            std::thread::yield_now();
        }
    }

    /// Marks everything now.
    fn mark_stopped(&self, mutators: &Mutators) {
        let began = os::thread_cpu_ns();
        let mut marker = Marker::default();
        loop {
            for mutator in &mutators.list {
                if mutator.take(Task::Scan) {
                    // SAFETY: the world is stopped.
                    self.begin_marking(mutator, unsafe { mutator.local() });
                }
            }
            while self.scan_job(&mut marker) {}
            while let Some(work) = self.pool.take() {
                marker.accept(work, &self.spare);
            }
            marker.drain(&self.heap, &self.pool, u64::MAX, || false);
            if marker.is_empty() && self.pool.is_empty() {
                break;
            }
        }
        self.count_done(&mut marker);
        self.recorder.add_background(os::thread_cpu_ns() - began);
        self.cycle.finishing.store(true, SeqCst);
    }

    // ---- roots ----

    /// What a mutator does first in a cycle; the caller owns it.
    pub(super) fn begin_marking(&self, record: &Record, local: &mut Local) {
        local.marking = !self.barrier_is_off();
        local.grey = false;
        self.pool.begin();
        let mut marker = Marker::default();
        let mut visitor = Visitor::new(&mut marker);
        self.roots.scan_mutator(self.cycle.epoch.load(Relaxed), record.id, &mut visitor);
        visitor.pointer(local.held);
        let bytes = visitor.finish();
        self.cycle.scanned_stacks.fetch_add(bytes, Relaxed);
        marker.put_back(&self.pool);
        self.cycle.unscanned.fetch_sub(1, SeqCst);
        self.pool.end();
    }

    /// Scans roots for a mutator.
    pub(super) fn scan_with(&self, marker: &mut Marker, f: impl FnOnce(&mut Visitor<'_>)) {
        self.pool.begin();
        let mut visitor = Visitor::new(marker);
        f(&mut visitor);
        let bytes = visitor.finish();
        self.cycle.scanned_stacks.fetch_add(bytes, Relaxed);
        marker.put_back(&self.pool);
        self.pool.end();
    }

    /// Scans one job of the roots, if there is one left. For an active worker.
    pub(super) fn scan_job(&self, marker: &mut Marker) -> bool {
        if self.cycle.specials.swap(false, SeqCst) {
            self.scan_specials(marker);
            return true;
        }
        // A marker that slept since the last cycle takes a job of this one, or none.
        let take = |left: usize| left.checked_sub(1);
        let Ok(left) = self.cycle.jobs.fetch_update(SeqCst, SeqCst, take) else { return false };
        let job = left - 1;
        let mut visitor = Visitor::new(marker);
        self.roots.scan(self.cycle.epoch.load(Relaxed), job, &mut visitor);
        let bytes = visitor.finish();
        self.cycle.scanned_globals.fetch_add(bytes, Relaxed);
        true
    }

    fn jobs_left(&self) -> bool {
        self.cycle.specials.load(SeqCst) || self.cycle.jobs.load(SeqCst) > 0
    }

    fn scan_specials(&self, marker: &mut Marker) {
        let mut objects = Vec::new();
        self.specials.roots(|value| marker.push(value), |object| objects.push(object));
        for object in objects {
            marker.scan_contents(&self.heap, object);
        }
    }

    /// Scans for the mutators that are blocked. For a thread that is no mutator.
    pub(super) fn scan_blocked(&self) {
        if self.cycle.unscanned.load(SeqCst) == 0 {
            return;
        }
        let mutators = lock(&self.mutators);
        for mutator in &mutators.list {
            self.hold(mutator, |local, pause| {
                if pause == Pause::Blocked && mutator.take(Task::Scan) {
                    self.begin_marking(mutator, local);
                }
            });
        }
    }

    /// Runs something with a mutator's data if it does not run. The caller has the lock of the list.
    fn hold(&self, mutator: &Record, f: impl FnOnce(&mut Local, Pause)) -> bool {
        let Some(pause) = mutator.word.try_hold() else { return false };
        // SAFETY: it stands still until it is allowed to go on.
        f(unsafe { mutator.local() }, pause);
        self.world.resume(std::iter::once(&mutator.word));
        true
    }

    // ---- barrier buffers ----

    /// Makes a barrier's buffer work for the markers.
    pub(super) fn hand_over(&self, local: &mut Local) {
        if let Some(pointers) = local.buffer.take(|| self.spare.take())
            && self.cycle.is_marking()
        {
            self.pool.leave(Work::Shaded(pointers));
        }
    }

    /// Takes part in a round of handing over.
    pub(super) fn hand_over_round(&self, record: &Record, local: &mut Local) {
        let round = self.cycle.round.load(SeqCst);
        self.hand_over(local);
        record.round.store(round, SeqCst);
    }

    /// Begins a round in which all mutators hand their buffers over.
    pub(super) fn begin_round(&self) {
        let mutators = lock(&self.mutators);
        self.cycle.round.fetch_add(1, SeqCst);
        for mutator in &mutators.list {
            if !self.hold(mutator, |local, _| self.hand_over_round(mutator, local)) {
                mutator.ask(Task::HandOver);
            }
        }
    }

    /// Whether all mutators have handed over; for those that do not run, it is done here.
    pub(super) fn round_is_complete(&self) -> bool {
        let mutators = lock(&self.mutators);
        let round = self.cycle.round.load(SeqCst);
        mutators.list.iter().all(|mutator| {
            mutator.round.load(SeqCst) == round || self.hold(mutator, |local, _| self.hand_over_round(mutator, local))
        })
    }

    /// Whether there is no work that anybody knows of.
    pub(super) fn seems_done(&self) -> bool {
        !self.jobs_left() && self.cycle.unscanned.load(SeqCst) == 0 && self.pool.is_finished()
    }

    // ---- the end ----

    /// Stops the world and looks once more; ends the cycle if nothing was left to mark.
    fn try_finish(&self, mutators: &Mutators, own: Option<&Arc<Record>>) {
        let stopped = self.stop(mutators, own);
        let mut marker = Marker::default();
        for mutator in &mutators.list {
            // SAFETY: the world is stopped.
            let local = unsafe { mutator.local() };
            if let Some(pointers) = local.buffer.take(|| self.spare.take()) {
                marker.accept(Work::Shaded(pointers), &self.spare);
            }
        }
        // Full buffers that were handed over since somebody last looked.
        while let Some(work) = self.pool.take() {
            marker.accept(work, &self.spare);
        }
        marker.drain(&self.heap, &self.pool, LAST_SCAN, || false);
        let done = marker.is_empty() && self.seems_done();
        self.count_done(&mut marker);
        if !done {
            marker.put_back(&self.pool);
            self.cycle.finishing.store(false, SeqCst);
            self.resume(mutators, own, stopped);
            self.pool.wake_all();
            return;
        }
        self.check_mark(mutators);
        self.check_heap(mutators);
        let ended = self.end_cycle(mutators, stopped);
        let now = self.resume(mutators, own, stopped);
        self.recorder.ended(ended, now);
        self.background.wake();
        self.pool.wake_all();
    }

    fn end_cycle(&self, mutators: &Mutators, stopped: Stopped) -> Ended {
        let counters = &self.heap.counters;
        for mutator in &mutators.list {
            // SAFETY: the world is stopped.
            let local = unsafe { mutator.local() };
            // A cached span would need sweeping and nobody could do it.
            self.uncache(local);
            local.end_marking();
        }
        let marked = self.cycle.marked.load(Relaxed);
        let live_before = counters.heap_live.load(Relaxed);
        counters.heap_live.store(marked, Relaxed);
        self.cycle.live.store(marked, Relaxed);
        let unswept = counters.object_spans.load(Relaxed) - self.sweep.unlisted.load(Relaxed);
        self.sweep.unswept.store(unswept, Relaxed);
        self.sweep.pages_swept.store(0, Relaxed);
        self.without_sweepers(|| {
            self.heap.next_sweepgen();
            self.sweep.cursor.store(0, SeqCst);
        });
        self.cycle.phase.store(OFF, SeqCst);
        let work = ScanWork {
            heap: self.cycle.scanned.load(Relaxed),
            stacks: self.cycle.scanned_stacks.load(Relaxed),
            globals: self.cycle.scanned_globals.load(Relaxed),
        };
        let times = self.recorder.end(stopped);
        let goal = self.end_pacing(
            CycleEnd {
                heap_live: live_before,
                heap_marked: marked,
                work,
                duration_ns: times.marking,
                background_ns: times.background,
                assist_ns: times.assist,
                idle_ns: times.idle,
            },
            counters.object_pages.load(Relaxed) as u64,
        );
        self.spare.trim();
        self.heap.shapes.cool(|class| counters.occupancy(class));
        self.cycle.ended.fetch_add(1, SeqCst);
        Ended {
            stopped,
            cause: *lock(&self.cycle.cause),
            times,
            live: live_before,
            marked,
            goal,
            work,
            objects: self.cycle.objects.load(Relaxed),
            processors: self.config.processors,
        }
    }

    /// Forgets a mutator that leaves; the caller owns it and has the lock of the list.
    pub(super) fn leave(&self, record: &Record, local: &mut Local) {
        if record.take(Task::Scan) {
            // It has no stack any more.
            self.cycle.unscanned.fetch_sub(1, SeqCst);
        }
        self.hand_over(local);
        self.uncache(local);
    }

    // ---- forced collections ----

    /// Runs a whole cycle, and sweeps.
    pub(super) fn collect(&self, mutator: &mut Mutator) {
        mutator.safepoint();
        let begun = self.cycle.begun.load(SeqCst);
        // What runs now may have missed what has become garbage since it began.
        let target = begun + 1;
        mutator.blocked(|| {
            loop {
                self.help_finish();
                let ended = self.cycle.ended.load(SeqCst);
                if ended >= target {
                    break;
                }
                self.start(Cause::Forced);
            }
            while !self.is_swept() && self.cycle.ended.load(SeqCst) == target {
                if self.sweep_one().is_none() {
                    std::thread::yield_now();
                }
            }
        });
    }
}
