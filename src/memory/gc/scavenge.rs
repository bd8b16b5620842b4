//! Giving memory back to the system.
//!
//! Free pages are kept backed as far as the heap is expected to need them again before its next goal, and a tenth
//! more. What exceeds that is released little by little by the caretaker, in about a hundredth of its time. Under a
//! memory limit an allocation that exceeds it releases as much at once.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use super::Collector;
use crate::base::os;
use crate::base::sync::lock;
use crate::memory::heap::PAGE_SIZE;
use crate::memory::stats::ScavengeTrace;

/// Bytes released in one step.
const STEP: usize = 256 << 10;
/// The longest that the caretaker scavenges before it looks after other things.
const SESSION: Duration = Duration::from_millis(40);
/// The share of time that scavenging in the background takes: one part in this many.
const SHARE: u64 = 100;

impl Collector {
    /// Bytes that may stay backed.
    fn retained(&self) -> u64 {
        let (goal, limit) = {
            let pacing = lock(&self.pacing);
            (pacing.pacer.last_goal(), pacing.pacer.config().memory_limit)
        };
        let in_use = (self.heap.counters.object_pages.load(Relaxed) * PAGE_SIZE) as u64;
        let live = self.heap.counters.heap_live.load(Relaxed).max(1);
        // Objects need more pages than their bytes: by the ratio that they do now.
        let spread = (in_use as f64 / live as f64).clamp(1.0, 4.0);
        let by_goal = (goal.min(1 << 46) as f64 * spread * 1.1) as u64 + self.manual_bytes();
        // Close to the limit the background begins before allocations have to.
        by_goal.min(if limit == u64::MAX { u64::MAX } else { limit / 20 * 19 })
    }

    pub(super) fn scavenge_in_background(&self) {
        let until = os::monotonic_ns() + SESSION.as_nanos() as u64;
        let mut total = 0;
        while self.heap.used() > self.retained() && !self.cycle.is_marking() {
            let began = os::monotonic_ns();
            let released = {
                let _alone = lock(&self.scavenging);
                self.heap.scavenge(STEP, false)
            };
            if released == 0 {
                break;
            }
            total += released;
            self.recorder.add_scavenging(os::monotonic_ns() - began, false);
            let took = os::monotonic_ns() - began;
            if os::monotonic_ns() + took * SHARE > until {
                break;
            }
            std::thread::sleep(Duration::from_nanos(took * SHARE));
        }
        if total > 0 {
            self.heap.counters.scavenged_background.fetch_add(total as u64, Relaxed);
            self.report_scavenging(false);
        }
    }

    /// Releases as much as the memory limit is exceeded by.
    pub(super) fn scavenge_to_limit(&self) {
        let limit = self.memory_limit();
        if limit == u64::MAX {
            return;
        }
        let used = self.heap.used();
        if used > limit {
            let began = os::monotonic_ns();
            let released = self.heap.scavenge((used - limit) as usize, true);
            self.recorder.add_scavenging(os::monotonic_ns() - began, true);
            self.heap.counters.scavenged_eagerly.fetch_add(released as u64, Relaxed);
        }
    }

    /// Releases all free memory.
    pub(super) fn scavenge_all(&self) {
        // What another thread is about to release is missing in the page allocator until it is done.
        let _alone = lock(&self.scavenging);
        let released = self.heap.scavenge(usize::MAX, true);
        self.heap.counters.scavenged_eagerly.fetch_add(released as u64, Relaxed);
        self.report_scavenging(true);
    }

    /// Tells the observer what was released since it was last told.
    fn report_scavenging(&self, forced: bool) {
        let Some(observer) = &self.config.observer else { return };
        let counters = &self.heap.counters;
        let total = [&counters.scavenged_background, &counters.scavenged_eagerly].map(|counter| counter.load(Relaxed));
        let [background, eager] = self.recorder.take_released(total);
        let usage = self.heap.usage();
        observer.scavenged(&ScavengeTrace {
            background,
            eager,
            released: usage.released,
            in_use: usage.mapped - usage.free,
            free: usage.free - usage.released,
            forced,
        });
    }
}
