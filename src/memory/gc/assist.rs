//! Pacing at work: when a cycle is due, what allocation costs while one runs, and how it is paid.
//!
//! The pacer decides (`pacer`); what mutators need of its decisions all the time is published in atomics: the
//! trigger, and bytes to scan per byte allocated. Background markers earn credit with what they scan; a mutator in
//! debt takes credit first and marks by itself for the rest.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};

use super::Collector;
use super::config::Config;
use super::limiter::{CpuLimiter, Window};
use super::marker::Marker;
use super::pacer::{self, AssistRatio, CycleEnd, CycleStart, Mapped, Pacer, Progress, SweepPacer, SweepPlan};
use crate::base::os;
use crate::base::sync::lock;
use crate::memory::heap::AllocError;
use crate::memory::heap::PAGE_SIZE;
use crate::memory::heap::span::{SpanRef, SpanSpec};

/// The pacers, under one lock.
pub(super) struct Pacing {
    pub pacer: Pacer,
    pub sweep: SweepPacer,
    pub limiter: CpuLimiter,
    /// When the limiter was last told, and what it was told in total.
    told_at: u64,
    told: [u64; 3],
}

/// What mutators read.
#[derive(Default)]
pub(super) struct Credit {
    /// Bytes live at which a cycle is due.
    trigger: AtomicU64,
    /// Bytes live at which it should end.
    goal: AtomicU64,
    /// Bytes to scan per byte allocated, as the bits of an `f64`.
    ratio: AtomicU64,
    /// Bytes scanned in the background that nobody has taken as credit.
    credit: AtomicI64,
    /// The collector has had its half of the processors.
    limiting: AtomicBool,
    /// Bytes allocated since the ratio was last revised.
    unrevised: AtomicU64,
    /// The soft limit in bytes.
    memory_limit: AtomicU64,
}

/// Bytes allocated after which the assist ratio is revised.
const REVISE_STEP: u64 = 256 << 10;
/// How often an allocation that fails looks for what is being swept.
const LAST_TRIES: u32 = 100;
/// The most that a mutator scans at once, in bytes.
const ASSIST_STEP: u64 = 64 << 10;

impl Pacing {
    pub fn new(config: &Config) -> Self {
        let processors = config.processors.max(1) as u32;
        let settings =
            pacer::Config { gogc: config.gogc, memory_limit: config.memory_limit.unwrap_or(u64::MAX), processors };
        Self {
            pacer: Pacer::new(settings),
            sweep: SweepPacer::new(SweepPlan::default()),
            limiter: CpuLimiter::new(processors),
            told_at: os::monotonic_ns(),
            told: [0; 3],
        }
    }
}

impl Collector {
    /// Publishes what mutators need.
    pub(super) fn publish_pacing(&self, pacing: &Pacing) {
        self.credit.trigger.store(pacing.pacer.trigger(), Relaxed);
        self.credit.goal.store(pacing.pacer.goal(), Relaxed);
        self.credit.memory_limit.store(pacing.pacer.config().memory_limit, Relaxed);
        self.credit.limiting.store(pacing.limiter.limiting(), Relaxed);
    }

    fn publish_ratio(&self, ratio: AssistRatio) {
        self.credit.ratio.store(ratio.work_per_byte.to_bits(), Relaxed);
    }

    pub(super) fn begin_pacing(&self, start: CycleStart) {
        let mut pacing = lock(&self.pacing);
        self.tell_limiter(&mut pacing, 0);
        let ratio = pacing.pacer.start_cycle(start);
        self.publish_ratio(ratio);
        self.credit.credit.store(0, Relaxed);
        self.credit.unrevised.store(0, Relaxed);
        self.publish_pacing(&pacing);
    }

    /// Learns from a cycle; returns the goal that it had.
    pub(super) fn end_pacing(&self, end: CycleEnd, pages: u64) -> u64 {
        let mut pacing = lock(&self.pacing);
        self.tell_limiter(&mut pacing, 0);
        pacing.pacer.set_globals(end.work.globals);
        pacing.pacer.end_cycle(end);
        self.tell_mapped(&mut pacing);
        let plan = SweepPlan { heap_live: end.heap_marked, trigger: pacing.pacer.trigger(), pages, pages_swept: 0 };
        pacing.sweep = SweepPacer::new(plan);
        self.publish_pacing(&pacing);
        pacing.pacer.last_goal()
    }

    fn tell_mapped(&self, pacing: &mut Pacing) {
        let usage = self.heap.usage();
        pacing.pacer.set_mapped(Mapped {
            ready: usage.mapped - usage.released + usage.records_mapped,
            free: usage.free - usage.released,
            objects: self.heap.counters.heap_live.load(Relaxed),
        });
    }

    /// Tells the limiter what the processors did since it was last told.
    fn tell_limiter(&self, pacing: &mut Pacing, stopped_ns: u64) {
        let now = os::monotonic_ns();
        let total = self.recorder.times();
        let told = std::mem::replace(&mut pacing.told, total);
        let since = |i: usize| total[i].saturating_sub(told[i]);
        pacing.limiter.update(Window {
            elapsed_ns: now.saturating_sub(std::mem::replace(&mut pacing.told_at, now)),
            stopped_ns,
            background_ns: since(0),
            assist_ns: since(1),
            idle_ns: since(2),
        });
    }

    /// Whether the heap has reached the trigger.
    pub(super) fn is_due(&self) -> bool {
        self.heap.counters.heap_live.load(Relaxed) >= self.credit.trigger.load(Relaxed)
    }

    /// Counts allocated bytes; whether a cycle is due and none runs.
    pub(super) fn count_live(&self, bytes: u64) -> bool {
        self.heap.counters.heap_live.fetch_add(bytes, Relaxed);
        if self.cycle.is_marking() {
            if self.credit.unrevised.fetch_add(bytes, Relaxed) + bytes >= REVISE_STEP {
                self.credit.unrevised.store(0, Relaxed);
                self.revise();
            }
            return false;
        }
        // Under a memory limit the trigger moves with what is mapped.
        if self.memory_limit() != u64::MAX && self.credit.unrevised.fetch_add(bytes, Relaxed) + bytes >= REVISE_STEP {
            self.credit.unrevised.store(0, Relaxed);
            if let Ok(mut pacing) = self.pacing.try_lock() {
                self.tell_mapped(&mut pacing);
                self.publish_pacing(&pacing);
            }
        }
        self.is_due()
    }

    fn revise(&self) {
        let Ok(mut pacing) = self.pacing.try_lock() else { return };
        self.tell_limiter(&mut pacing, 0);
        self.tell_mapped(&mut pacing);
        let cycle = &self.cycle;
        let work_done =
            cycle.scanned.load(Relaxed) + cycle.scanned_stacks.load(Relaxed) + cycle.scanned_globals.load(Relaxed);
        let progress = Progress { heap_live: self.heap.counters.heap_live.load(Relaxed), work_done };
        let ratio = pacing.pacer.revise(progress);
        self.publish_ratio(ratio);
        if pacing.limiter.limiting() && !self.credit.limiting.swap(true, Relaxed) {
            self.recorder.limited();
        } else if !pacing.limiter.limiting() {
            self.credit.limiting.store(false, Relaxed);
        }
    }

    /// Whether the heap has outgrown the goal of the running cycle.
    pub(super) fn is_past_goal(&self) -> bool {
        self.heap.counters.heap_live.load(Relaxed) > self.credit.goal.load(Relaxed)
            && !self.credit.limiting.load(Relaxed)
    }

    /// Bytes to scan for allocated bytes.
    pub(super) fn assist_work(&self, bytes: usize) -> i64 {
        (f64::from_bits(self.credit.ratio.load(Relaxed)) * bytes as f64) as i64
    }

    /// Takes up to `debt` bytes of credit.
    pub(super) fn take_credit(&self, debt: i64) -> i64 {
        let credit = &self.credit.credit;
        let available = credit.load(Relaxed);
        if available <= 0 {
            return 0;
        }
        let taken = debt.min(available);
        // May go below zero when several take at once; then the next ones take less.
        credit.fetch_sub(taken, Relaxed);
        taken
    }

    /// Credits bytes scanned in the background.
    pub(super) fn add_credit(&self, bytes: u64) {
        self.credit.credit.fetch_add(bytes as i64, Relaxed);
    }

    /// Marks for a mutator, up to `debt` bytes, and returns how much that was; `None` if there was not enough work.
    pub(super) fn assist(&self, marker: &mut Marker, debt: u64) -> Option<u64> {
        if self.credit.limiting.load(Relaxed) {
            return Some(debt);
        }
        let began = os::thread_cpu_ns();
        let budget = debt.min(ASSIST_STEP);
        self.pool.begin();
        let mut scanned = 0;
        while scanned < budget {
            if let Some(work) = self.pool.take() {
                marker.accept(work, &self.spare);
            } else if !self.scan_job(marker) {
                break;
            }
            marker.drain(&self.heap, &self.pool, budget - scanned, || false);
            scanned += self.count_done(marker);
        }
        marker.put_back(&self.pool);
        let candidate = self.pool.end();
        if candidate {
            self.background.wake();
            self.pool.wake_all();
        }
        self.recorder.add_assist(os::thread_cpu_ns() - began);
        (scanned >= budget).then_some(scanned)
    }

    /// Adds what a marker did to the cycle; returns the bytes scanned.
    pub(super) fn count_done(&self, marker: &mut Marker) -> u64 {
        let done = marker.take_done();
        self.cycle.marked.fetch_add(done.marked, Relaxed);
        self.cycle.scanned.fetch_add(done.scanned, Relaxed);
        self.cycle.objects.fetch_add(done.objects, Relaxed);
        done.scanned
    }

    /// Bytes of stacks and other memory that is freed by hand.
    pub(super) fn manual_bytes(&self) -> u64 {
        (self.heap.counters.manual_pages.load(Relaxed) * PAGE_SIZE) as u64
    }

    // ---- pages ----

    /// A new span, within the limits.
    pub(super) fn new_span(&self, spec: &SpanSpec) -> Result<SpanRef, AllocError> {
        let mut span = self.heap.alloc_span(spec);
        let mut tries = 0;
        while span.is_err() && tries < LAST_TRIES {
            // What is dead but not swept is no reason to fail, even if another thread is just sweeping it.
            tries = if self.is_swept() { LAST_TRIES } else { tries + 1 };
            self.sweep_all();
            std::thread::yield_now();
            span = self.heap.alloc_span(spec);
        }
        let span = span.inspect_err(|_| self.request_collection())?;
        self.scavenge_to_limit();
        Ok(span)
    }

    /// Sweeps what the bytes allocated so far demand.
    pub(super) fn sweep_debt(&self) {
        if self.is_swept() {
            return;
        }
        let live = self.heap.counters.heap_live.load(Relaxed);
        loop {
            let swept = self.sweep.pages_swept.load(Relaxed) as u64;
            let Ok(pacing) = self.pacing.try_lock() else { return };
            let debt = pacing.sweep.debt(live, swept);
            drop(pacing);
            if debt == 0 || self.sweep_one().is_none() {
                return;
            }
        }
    }

    /// Before the heap grows by many pages, sweeps as many free, if there are unswept ones.
    pub(super) fn reclaim(&self, pages: usize) {
        let mut freed = 0;
        while freed < pages && !self.is_swept() {
            match self.sweep_one() {
                Some(pages) => freed += pages,
                None => return,
            }
        }
    }

    /// Makes sure that a span is swept; false if it was freed, or nobody can tell yet.
    pub(super) fn make_swept(&self, span: SpanRef) -> bool {
        let generation = self.heap.sweepgen();
        if span.sweepgen().is_swept(generation) {
            return true;
        }
        if !span.sweepgen().claim(generation) {
            return false;
        }
        let swept = self.sweep_span(span);
        self.settle(span, swept)
    }

    // ---- settings ----

    pub(super) fn set_gogc(&self, percent: Option<u32>) -> Option<u32> {
        let mut pacing = lock(&self.pacing);
        let old = pacing.pacer.config().gogc;
        pacing.pacer.set_gogc(percent);
        self.settings_changed(&mut pacing);
        old
    }

    /// The soft limit in bytes; `u64::MAX` is none.
    pub(super) fn memory_limit(&self) -> u64 {
        self.credit.memory_limit.load(Relaxed)
    }

    /// Whether cycles begin by themselves.
    pub(super) fn is_enabled(&self) -> bool {
        lock(&self.pacing).pacer.config().gogc.is_some()
    }

    pub(super) fn set_memory_limit(&self, bytes: Option<u64>) -> Option<u64> {
        let mut pacing = lock(&self.pacing);
        let old = pacing.pacer.config().memory_limit;
        pacing.pacer.set_memory_limit(bytes.unwrap_or(u64::MAX));
        self.settings_changed(&mut pacing);
        (old != u64::MAX).then_some(old)
    }

    fn settings_changed(&self, pacing: &mut Pacing) {
        if !self.is_swept() {
            pacing.pacer.keep_sweep_distance(self.heap.counters.heap_live.load(Relaxed));
        }
        self.tell_mapped(pacing);
        self.publish_pacing(pacing);
    }
}
