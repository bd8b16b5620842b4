//! Which processors run, and how one finds something to run.
//!
//! A processor that runs has leave, of which there are as many as the program may use processors at a time. One that
//! finds nothing to do rests and gives its leave back; who makes a goroutine ready gives it to one that rests, or to a
//! new one. One that is inside of a native that lasts gives it back too, and waits for another afterwards.
//!
//! No goroutine is left lying: who makes one ready looks for spare leave after that, and who gives leave back looks
//! for goroutines that are ready after that. One processor that searches is enough: it calls another one when it has
//! found something.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

use super::chan::leave_queues;
use super::processor::{Call, Processor};
use super::{GoroutineRef, Sched};
use crate::base::sync::lock;
use crate::memory::Mutator;

/// Processors that do not run.
pub(super) struct Idle {
    /// Those that rest.
    resting: Vec<Arc<Processor>>,
    /// Those that are back from a native and wait for leave.
    returning: VecDeque<Arc<Processor>>,
    /// How many have leave.
    running: usize,
    /// How many may have it.
    most: usize,
    /// How many are inside of a native that lasts.
    away: usize,
    /// The one that wakes up when the next timer is due.
    keeper: Option<Arc<Processor>>,
}

impl Idle {
    pub(super) fn new(most: usize) -> Self {
        Self { resting: Vec::new(), returning: VecDeque::new(), running: 0, most, away: 0, keeper: None }
    }
}

/// What a processor is to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Found {
    /// To run this.
    Run(GoroutineRef),
    /// All goroutines wait for each other.
    Deadlock,
    /// To leave: the program has ended.
    End,
}

/// After so many turns a processor looks at the goroutines that belong to none first.
const FAIR: u64 = 61;
/// How many of these it takes at a time, at most.
const BATCH: usize = 128;
/// How often a processor looks around before it rests: about 20 µs.
const ROUNDS: usize = 200;
/// How long a processor is left what it would run next, in looks: about 3 µs.
const PATIENCE: usize = 100;

impl Sched {
    /// Who starts threads for processors.
    pub fn set_starter(&self, starter: impl Fn(Arc<Processor>) -> bool + Send + Sync + 'static) {
        _ = self.starter.set(Box::new(starter));
    }

    /// A new processor, which has leave to run: the first one of the program.
    pub fn first_processor(&self) -> Arc<Processor> {
        let mut idle = lock(&self.idle);
        idle.running += 1;
        self.publish(&idle);
        self.new_processor()
    }

    fn new_processor(&self) -> Arc<Processor> {
        let mut all = self.processors.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        let processor = Arc::new(Processor::new(all.len()));
        all.push(Arc::clone(&processor));
        processor
    }

    fn publish(&self, idle: &Idle) {
        self.spare.store(idle.most.saturating_sub(idle.running), SeqCst);
        self.crowded.store(!idle.returning.is_empty() || idle.running > idle.most, SeqCst);
    }

    /// How many processors may run at a time.
    pub fn most(&self) -> usize {
        lock(&self.idle).most
    }

    /// Sets that. Those that are too many stop when their goroutines do.
    pub fn set_most(&self, most: usize) {
        let mut idle = lock(&self.idle);
        idle.most = most;
        self.publish(&idle);
        drop(idle);
        for _ in 0..most {
            if self.has_ready() {
                self.wake_processor();
            }
        }
    }

    /// Gives leave to one more processor, if there is leave and nobody is searching already.
    pub(super) fn wake_processor(&self) {
        if self.spare.load(SeqCst) == 0
            || self.searching.load(SeqCst) > 0
            || self.searching.compare_exchange(0, 1, SeqCst, SeqCst).is_err()
        {
            return;
        }
        if !self.call_one() {
            self.searching.fetch_sub(1, SeqCst);
        }
    }

    /// Makes one more processor run, which counts as searching.
    fn call_one(&self) -> bool {
        let mut idle = lock(&self.idle);
        if idle.running >= idle.most || self.has_ended() {
            return false;
        }
        idle.running += 1;
        self.publish(&idle);
        if let Some(processor) = idle.resting.pop() {
            self.no_keeper(&mut idle, &processor);
            drop(idle);
            processor.call(Call::Run);
            return true;
        }
        drop(idle);
        let processor = self.new_processor();
        if self.starter.get().is_some_and(|start| start(processor)) {
            return true;
        }
        // The system has no more threads: those that there are go on alone.
        let mut idle = lock(&self.idle);
        idle.running -= 1;
        idle.most = idle.most.min(idle.running.max(1));
        self.publish(&idle);
        false
    }

    fn no_keeper(&self, idle: &mut Idle, processor: &Arc<Processor>) {
        if idle.keeper.as_ref().is_some_and(|keeper| Arc::ptr_eq(keeper, processor)) {
            idle.keeper = None;
        }
    }

    /// There is a first timer now: somebody has to wake up for it.
    pub(super) fn look_at_timers(&self) {
        let keeper = lock(&self.idle).keeper.clone();
        match keeper {
            Some(keeper) => keeper.call(Call::Look),
            None => self.wake_processor(),
        }
        self.monitor.need(self);
    }

    /// Calls all that rest or wait: the program has ended.
    pub(super) fn call_all(&self) {
        let mut idle = lock(&self.idle);
        idle.keeper = None;
        let all: Vec<_> = idle.resting.drain(..).collect();
        let returning: Vec<_> = idle.returning.drain(..).collect();
        drop(idle);
        all.iter().chain(&returning).for_each(|processor| processor.call(Call::Run));
        if let Ok(processors) = self.processors.read() {
            processors.iter().for_each(|processor| processor.interrupt());
        }
    }

    // ---- the search for work

    /// What the processor, which has leave, is to do next. `searching` says whether it counts as searching, which it
    /// does not afterwards.
    pub fn find(&self, own: &Arc<Processor>, mutator: &mut Mutator, searching: bool) -> Found {
        let mut searching = searching;
        let found = loop {
            if self.has_ended() {
                return Found::End;
            }
            self.poll();
            if self.gives_way(own) {
                if let Some(end) = self.rest(own, mutator, &mut searching) {
                    return end;
                }
                continue;
            }
            if let Some(g) = self.look(own) {
                break g;
            }
            if !searching && self.spare_searchers() {
                searching = true;
                self.searching.fetch_add(1, SeqCst);
            }
            if searching && let Some(g) = self.search(own, mutator) {
                break g;
            }
            if let Some(end) = self.rest(own, mutator, &mut searching) {
                return end;
            }
        };
        if searching && self.searching.fetch_sub(1, SeqCst) == 1 {
            // There may be more.
            self.wake_processor();
        }
        leave_queues(found);
        self.monitor.need(self);
        Found::Run(found)
    }

    /// What is ready here, or nowhere in particular.
    fn look(&self, own: &Processor) -> Option<GoroutineRef> {
        let fair = own.turns().is_multiple_of(FAIR).then(|| self.take_ready(own, 1)).flatten();
        if fair.is_none()
            && let Some(next) = own.queue.pop_next()
        {
            return GoroutineRef::at(next);
        }
        own.begin_turn();
        fair.or_else(|| own.queue.pop().and_then(GoroutineRef::at)).or_else(|| self.take_ready(own, BATCH))
    }

    /// Whether one more may search: at most half of those that run do.
    fn spare_searchers(&self) -> bool {
        let running = lock(&self.idle).running;
        2 * self.searching.load(SeqCst) < running
    }

    /// Looks around for a while.
    fn search(&self, own: &Arc<Processor>, mutator: &mut Mutator) -> Option<GoroutineRef> {
        let others: Vec<Arc<Processor>> = self.processors.read().ok()?.clone();
        for round in 0..ROUNDS {
            for i in 0..others.len() {
                let other = &others[(own.number + 1 + i) % others.len()];
                if Arc::ptr_eq(own, other) {
                    continue;
                }
                let patient = || {
                    // Who runs may be about to run it itself.
                    round >= PATIENCE
                };
                if let Some(g) = other.queue.steal(&own.queue, patient) {
                    return GoroutineRef::at(g);
                }
            }
            if let Some(g) = self.take_ready(own, BATCH) {
                return Some(g);
            }
            if self.has_ended() || self.is_crowded() {
                return None;
            }
            if self.timers.next().is_some() {
                self.poll();
            }
            mutator.safepoint();
            std::hint::spin_loop();
        }
        None
    }

    /// Whether another has more right to run; what is ready here is for all then.
    fn gives_way(&self, own: &Processor) -> bool {
        if !self.is_crowded() {
            return false;
        }
        let mut ready = lock(&self.ready);
        ready.extend(own.queue.drain().filter_map(GoroutineRef::at));
        self.queued.store(ready.len(), SeqCst);
        true
    }

    /// Gives the leave back, and rests until there is something to do. `Some` if there never will be.
    fn rest(&self, own: &Arc<Processor>, mutator: &mut Mutator, searching: &mut bool) -> Option<Found> {
        let mut idle = lock(&self.idle);
        let gives_way = !idle.returning.is_empty() || idle.running > idle.most;
        if !gives_way && self.queued.load(SeqCst) > 0 {
            return None;
        }
        self.give_leave(&mut idle);
        idle.resting.push(Arc::clone(own));
        if std::mem::take(searching) {
            self.searching.fetch_sub(1, SeqCst);
        }
        let mut until = self.timers.next().filter(|_| idle.keeper.is_none());
        if until.is_some() {
            idle.keeper = Some(Arc::clone(own));
        }
        let is_last = idle.running == 0 && idle.away == 0;
        let deadlock =
            is_last && !self.has_ready() && !self.machine.has_signal() && !self.timers.any() && !self.awaits_files();
        drop(idle);
        if deadlock && !self.has_ended() {
            return Some(Found::Deadlock);
        }
        // Who made one ready before the leave was given back has called nobody.
        if self.has_ready() || self.machine.has_signal() {
            self.wake_processor();
        }
        loop {
            let mut call = Call::Rest;
            mutator.blocked(|| call = own.rest(until));
            match call {
                Call::Run => break,
                Call::Look | Call::Rest => {
                    let mut idle = lock(&self.idle);
                    let place = idle.resting.iter().position(|other| Arc::ptr_eq(other, own));
                    let Some(place) = place else {
                        // It was called to run just now.
                        until = None;
                        continue;
                    };
                    if call == Call::Look {
                        until = self.timers.next();
                        continue;
                    }
                    // The time has come; those that run see to it unless there is leave.
                    self.no_keeper(&mut idle, own);
                    until = None;
                    if idle.running < idle.most {
                        idle.resting.swap_remove(place);
                        idle.running += 1;
                        self.publish(&idle);
                        self.searching.fetch_add(1, SeqCst);
                        break;
                    }
                }
            }
        }
        *searching = true;
        None
    }

    /// Gives the leave of a processor to one that waits for it, or back.
    fn give_leave(&self, idle: &mut Idle) {
        if idle.running <= idle.most
            && let Some(next) = idle.returning.pop_front()
        {
            next.call(Call::Run);
        } else {
            idle.running -= 1;
        }
        self.publish(idle);
    }

    // ---- natives that last

    /// Runs what may last on the processor, whose mutator counts as blocked. It gives its leave away when it turns out
    /// to last.
    pub fn away<R>(&self, own: &Arc<Processor>, f: impl FnOnce() -> R) -> R {
        own.enter_native();
        let result = f();
        if !own.leave_native() {
            self.come_back(own);
        }
        result
    }

    /// The processor is inside of a native that lasts: others run meanwhile.
    pub(super) fn leave(&self) {
        let mut idle = lock(&self.idle);
        idle.away += 1;
        self.give_leave(&mut idle);
        // Somebody has to wake up for timers.
        let unkept = idle.running == 0 && idle.keeper.is_none() && self.timers.next().is_some();
        drop(idle);
        if unkept || self.has_ready() {
            self.wake_processor();
        }
    }

    /// It is back; its mutator still counts as blocked.
    fn come_back(&self, own: &Arc<Processor>) {
        let mut idle = lock(&self.idle);
        idle.away -= 1;
        if idle.running < idle.most || self.has_ended() {
            idle.running += 1;
            return self.publish(&idle);
        }
        idle.returning.push_back(Arc::clone(own));
        self.publish(&idle);
        drop(idle);
        self.monitor.need(self);
        while own.rest(None) != Call::Run {}
    }
}
