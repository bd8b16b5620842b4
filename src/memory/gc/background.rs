//! The collector's threads.
//!
//! - **Markers** sleep between cycles. In a cycle they take a quarter of the processors together, more when mutators
//!   leave processors idle: a thread that is over its share sleeps for as long as it must.
//! - **The caretaker** sweeps, scavenges, and begins the cycles that are due by time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::Collector;
use super::cycle::Cause;
use super::marker::Marker;
use super::pacer::BACKGROUND_UTILIZATION;
use crate::base::os;
use crate::base::sync::{Condvar, Mutex, lock};

/// How threads are woken and ended.
#[derive(Default)]
pub(super) struct Signals {
    stop: AtomicBool,
    /// An allocation failed for want of memory.
    requested: AtomicBool,
    gate: Mutex<()>,
    wake: Condvar,
}

impl Signals {
    /// Wakes all threads.
    pub fn wake(&self) {
        let _gate = lock(&self.gate);
        self.wake.notify_all();
    }

    /// Ends all threads.
    pub fn stop(&self) {
        self.stop.store(true, Relaxed);
        self.wake();
    }

    fn sleep(&self, time: Duration, unless: impl Fn() -> bool) {
        let gate = lock(&self.gate);
        if !unless() && !self.is_stopped() {
            let _unused = self.wake.wait_timeout(gate, time);
        }
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Relaxed)
    }
}

/// Bytes that a marker scans before it looks around.
const STRIDE: u64 = 256 << 10;
/// How long a marker waits for work, or for mutators, before it looks again.
const PATIENCE: Duration = Duration::from_micros(200);
/// How long a marker waits for a mutator to end the cycle before it does so itself.
const COURTESY: Duration = Duration::from_millis(1);
/// How often the caretaker looks whether something is due.
const ROUND: Duration = Duration::from_millis(50);
/// Batches of spans swept in a row.
const SWEEP_RUN: usize = 4;

/// Starts a heap's threads.
pub(super) fn spawn(collector: &Arc<Collector>) -> std::io::Result<Vec<JoinHandle<()>>> {
    let mut threads = Vec::new();
    for i in 0..collector.markers() {
        let collector = Arc::clone(collector);
        let marker = move || collector.run_marker();
        threads.push(thread::Builder::new().name(format!("marker-{i}")).spawn(marker)?);
    }
    let caretaker = Arc::clone(collector);
    threads.push(thread::Builder::new().name("caretaker".to_owned()).spawn(move || caretaker.run_caretaker())?);
    Ok(threads)
}

impl Collector {
    /// How many marker threads there are.
    fn markers(&self) -> usize {
        let share = (self.config.processors as f64 * BACKGROUND_UTILIZATION).round() as usize;
        self.config.markers.unwrap_or(share).max(1)
    }

    /// The share of a processor that each marker thread may use while mutators use all.
    fn duty(&self) -> f64 {
        (self.config.processors as f64 * BACKGROUND_UTILIZATION / self.markers() as f64).min(1.0)
    }

    fn run_marker(&self) {
        let mut marker = Marker::default();
        while !self.background.is_stopped() {
            self.background.sleep(Duration::from_secs(3600), || self.cycle.is_marking());
            self.mark(&mut marker, self.duty(), || self.background.is_stopped());
        }
    }

    /// Marks with a share of a processor until the cycle ends, or there is no more time.
    fn mark(&self, marker: &mut Marker, duty: f64, timeout: impl Fn() -> bool) {
        while self.cycle.is_marking() && !timeout() {
            if self.mark_some(marker, duty) {
                continue;
            }
            if self.seems_done() || self.cycle.finisher.try_lock().is_ok() {
                self.approach_end(marker, &timeout);
            }
            if self.cycle.is_marking() {
                self.pool.wait(PATIENCE, || !self.cycle.is_marking() || timeout());
            }
        }
    }

    /// Marks a stride; false if there was nothing.
    fn mark_some(&self, marker: &mut Marker, duty: f64) -> bool {
        let began = os::thread_cpu_ns();
        self.pool.begin();
        let mut any = false;
        let mut scanned = 0;
        while scanned < STRIDE {
            if marker.is_empty() {
                if let Some(work) = self.pool.take() {
                    marker.accept(work, &self.spare);
                } else if !self.scan_job(marker) {
                    break;
                }
            }
            any = true;
            marker.drain(&self.heap, &self.pool, STRIDE - scanned, || false);
            scanned += self.count_done(marker);
        }
        if !marker.is_empty() && self.pool.is_wanted() {
            marker.put_back(&self.pool);
        }
        if marker.is_empty() {
            self.pool.end();
        } else {
            // It stays active as long as it has work; the next stride begins anew.
            marker.put_back(&self.pool);
            self.pool.end();
        }
        self.add_credit(scanned);
        if any {
            self.rest(os::thread_cpu_ns() - began, duty);
        }
        any
    }

    /// Accounts for time spent marking, and sleeps if the share is used up.
    fn rest(&self, busy: u64, duty: f64) {
        let share = (busy as f64 * duty) as u64;
        if self.running.load(Relaxed) < self.config.processors || duty >= 1.0 {
            self.recorder.add_background(share);
            self.recorder.add_idle(busy - share);
            return;
        }
        self.recorder.add_background(busy);
        let pause = (busy as f64 / duty) as u64 - busy;
        thread::sleep(Duration::from_nanos(pause));
    }

    /// Finds out whether marking is complete, and ends it.
    fn approach_end(&self, marker: &mut Marker, timeout: impl Fn() -> bool) {
        let Ok(_only_one) = self.cycle.finisher.try_lock() else { return };
        self.scan_blocked();
        if !self.seems_done() {
            return;
        }
        let objects = self.cycle.objects.load(Relaxed);
        self.begin_round();
        while !self.round_is_complete() {
            if !self.cycle.is_marking() || timeout() {
                return;
            }
            self.mark_some(marker, 1.0);
            thread::sleep(Duration::from_micros(20));
        }
        while self.mark_some(marker, 1.0) {}
        if !self.seems_done() || self.cycle.objects.load(Relaxed) != objects {
            return;
        }
        if self.announce_finish() {
            self.pool.wait(COURTESY, || !self.cycle.is_marking());
        }
        self.finish();
    }

    /// Marks with the calling thread, which is blocked anyway, until no cycle runs: with the heap's threads or, when
    /// these are gone, without.
    pub(super) fn help_finish(&self) {
        let mut marker = Marker::default();
        self.mark(&mut marker, 1.0, || false);
    }

    /// Marks with the calling thread, which is blocked, for a while: without that a heap whose markers get no
    /// processor would grow and grow.
    pub(super) fn help_for_a_while(&self) {
        let deadline = os::monotonic_ns() + COURTESY.as_nanos() as u64;
        let mut marker = Marker::default();
        self.mark(&mut marker, 1.0, || os::monotonic_ns() >= deadline);
    }

    /// Asks for a collection, because memory has run out.
    pub(super) fn request_collection(&self) {
        self.background.requested.store(true, Relaxed);
        self.background.wake();
    }

    fn run_caretaker(&self) {
        while !self.background.is_stopped() {
            let requested = || self.background.requested.load(Relaxed) || self.sweep_is_due();
            self.background.sleep(ROUND, requested);
            self.sweep_in_background();
            if self.background.requested.swap(false, Relaxed) {
                self.start(Cause::Forced);
            }
            if self.recorder.since_last_cycle() >= self.config.period.as_nanos() as u64 && self.is_enabled() {
                self.start(Cause::Time);
            }
            self.scavenge_in_background();
        }
    }

    fn sweep_in_background(&self) {
        while !self.background.is_stopped() {
            for _ in 0..SWEEP_RUN {
                if !self.sweep_batch() {
                    return;
                }
            }
            if self.running.load(Relaxed) >= self.config.processors {
                thread::yield_now();
            }
        }
    }
}
