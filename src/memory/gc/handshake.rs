//! The safepoint handshake: how one thread makes all mutators stand still, or do something, without signals.
//!
//! Each mutator has a [`StateWord`]: its state in the low bits, what is asked of it in the others. While it runs and
//! nothing is asked the word is zero, so a safepoint is one relaxed load. All transitions are atomic operations on
//! this one word, therefore who asks learns the state in the same step:
//!
//! ```text
//!             enter(Stopped | Blocked | Quiet)
//!   RUNNING ------------------------------------> STOPPED | BLOCKED | QUIET
//!           <------------------------------------
//!             leave, only when STOP is not asked
//! ```
//!
//! - A mutator that is not running stands still for whoever has set `STOP`: it cannot leave before `STOP` is taken
//!   back. Until then its local data belong to the one who set it. Only the holder of the world's coordination lock
//!   sets `STOP`.
//! - `STOPPED`: at a safepoint. `BLOCKED`: parked or in a native call that may last; its roots can be scanned.
//!   `QUIET`: in the middle of an allocation that takes long (clearing a large object). The world can stop, but its
//!   roots cannot be scanned until its next safepoint.
//! - `HOOK` asks for something to be done at the next safepoint, or when a block ends: see `gc::mutator`.
//!
//! Stopping the world: [`World::expect`] the mutators, set `STOP` in each word, discount those that do not run, and
//! wait for the others to arrive: they count down as they enter a state other than running. The waiting thread spins
//! for some microseconds, then sleeps.

use crate::base::sync::{AtomicU32, Condvar, Mutex, Ordering, lock};

/// The state bits.
const STATE: u32 = 3;
const RUNNING: u32 = 0;
/// The mutator shall stand still.
const STOP: u32 = 4;
/// The mutator has something to do.
const HOOK: u32 = 8;

/// How a mutator does not run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum Pause {
    /// At a safepoint, until the world goes on.
    Stopped = 1,
    /// Parked, or in a native call; its roots can be scanned.
    Blocked = 2,
    /// Between two safepoints, but not touching the heap's structures.
    Quiet = 3,
}

/// The state of a mutator and what is asked of it.
#[derive(Default)]
pub struct StateWord(AtomicU32);

/// What a mutator was doing when it was asked to stop.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use = "a running mutator has to be waited for"]
pub enum Was {
    /// It runs, and will arrive.
    Running,
    /// It does not run and cannot begin to.
    Still(Pause),
}

impl StateWord {
    /// Whether nothing is asked, for a mutator that runs. The whole cost of a safepoint.
    #[inline]
    pub fn is_calm(&self) -> bool {
        self.0.load(Ordering::Relaxed) == RUNNING
    }

    /// Whether it is asked to stop.
    pub fn stop_asked(&self) -> bool {
        self.0.load(Ordering::Acquire) & STOP != 0
    }

    /// Whether it runs now.
    pub fn is_running(&self) -> bool {
        self.0.load(Ordering::Acquire) & STATE == RUNNING
    }

    /// Asks it to do something at its next safepoint.
    pub fn ask_hook(&self) {
        self.0.fetch_or(HOOK, Ordering::AcqRel);
    }

    /// Takes the request to do something; whether there was one.
    pub fn take_hook(&self) -> bool {
        self.0.fetch_and(!HOOK, Ordering::AcqRel) & HOOK != 0
    }

    /// Asks it to stand still. For the holder of the coordination lock.
    pub fn ask_stop(&self) -> Was {
        match self.0.fetch_or(STOP, Ordering::AcqRel) & STATE {
            RUNNING => Was::Running,
            1 => Was::Still(Pause::Stopped),
            2 => Was::Still(Pause::Blocked),
            _ => Was::Still(Pause::Quiet),
        }
    }

    /// Makes it stand still if it does not run; in what state it is. For the holder of the coordination lock.
    pub fn try_hold(&self) -> Option<Pause> {
        let mut word = self.0.load(Ordering::Relaxed);
        loop {
            let pause = match word & STATE {
                RUNNING => return None,
                1 => Pause::Stopped,
                2 => Pause::Blocked,
                _ => Pause::Quiet,
            };
            match self.0.compare_exchange_weak(word, word | STOP, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return Some(pause),
                Err(now) => word = now,
            }
        }
    }

    /// Lets it go on. Whoever waits is not woken: [`World::resume`].
    fn allow(&self) {
        self.0.fetch_and(!STOP, Ordering::AcqRel);
    }

    /// The mutator stops running; whether somebody waits for that.
    #[must_use = "who waits must be told"]
    fn enter(&self, pause: Pause) -> bool {
        let before = self.0.fetch_or(pause as u32, Ordering::AcqRel);
        debug_assert_eq!(before & STATE, RUNNING, "only a running mutator can pause");
        before & STOP != 0
    }

    /// The mutator runs again, unless it is to stand still.
    #[must_use = "it may have to wait"]
    fn leave(&self) -> bool {
        let mut word = self.0.load(Ordering::Relaxed);
        loop {
            if word & STOP != 0 {
                return false;
            }
            match self.0.compare_exchange_weak(word, word & !STATE, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
    }
}

/// Where mutators and the thread that stops them meet.
#[derive(Default)]
pub struct World {
    /// Mutators that were running when they were asked to stop and have not arrived, plus one while they are counted.
    missing: AtomicU32,
    /// Guards nothing: a lock for the two conditions.
    gate: Mutex<()>,
    /// All have arrived.
    arrived: Condvar,
    /// Somebody may go on.
    resumed: Condvar,
}

/// How often a waiting thread looks before it sleeps: about 5 µs.
#[cfg(not(loom))]
const SPINS: u32 = 150;
#[cfg(loom)]
const SPINS: u32 = 0;

impl World {
    /// Begins to stop `mutators` of them: none is missed, whenever it arrives.
    pub fn expect(&self, mutators: u32) {
        self.missing.store(mutators + 1, Ordering::Release);
    }

    /// One that was expected does not run.
    pub fn discount(&self) {
        self.missing.fetch_sub(1, Ordering::AcqRel);
    }

    /// Waits until all that were expected have arrived or were discounted.
    pub fn wait_for_all(&self) {
        if self.missing.fetch_sub(1, Ordering::AcqRel) == 1 {
            return;
        }
        for _ in 0..SPINS {
            if self.missing.load(Ordering::Acquire) == 0 {
                return;
            }
            std::hint::spin_loop();
        }
        let mut gate = lock(&self.gate);
        while self.missing.load(Ordering::Acquire) != 0 {
            gate = self.arrived.wait(gate).unwrap_or_else(std::sync::PoisonError::into_inner);
        }
    }

    fn arrive(&self) {
        if self.missing.fetch_sub(1, Ordering::AcqRel) == 1 {
            // Under the lock, so that it cannot fall between the other's look and its sleep.
            let _gate = lock(&self.gate);
            self.arrived.notify_all();
        }
    }

    /// Lets mutators go on.
    pub fn resume<'a>(&self, words: impl Iterator<Item = &'a StateWord>) {
        words.for_each(StateWord::allow);
        let _gate = lock(&self.gate);
        self.resumed.notify_all();
    }

    /// The mutator with this word stops running.
    pub fn enter(&self, word: &StateWord, pause: Pause) {
        if word.enter(pause) {
            self.arrive();
        }
    }

    /// The mutator with this word runs again, as soon as it is allowed to.
    pub fn leave(&self, word: &StateWord) {
        if word.leave() {
            return;
        }
        for _ in 0..SPINS {
            std::hint::spin_loop();
            if word.leave() {
                return;
            }
        }
        let mut gate = lock(&self.gate);
        while !word.leave() {
            gate = self.resumed.wait(gate).unwrap_or_else(std::sync::PoisonError::into_inner);
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_word_says_what_it_was() {
        let (world, word) = (World::default(), StateWord::default());
        assert!(word.is_calm());
        assert_eq!(word.ask_stop(), Was::Running);
        word.allow();
        world.enter(&word, Pause::Blocked);
        assert_eq!(word.ask_stop(), Was::Still(Pause::Blocked));
        assert!(!word.leave(), "a mutator that must stand still cannot leave");
        word.allow();
        word.ask_hook();
        world.leave(&word);
        assert!(!word.is_calm() && word.take_hook() && word.is_calm());
    }

    #[test]
    fn a_stopped_world_stands_still() {
        use std::sync::atomic::{AtomicBool, AtomicU64};
        let world = World::default();
        let words: Vec<StateWord> = std::iter::repeat_with(StateWord::default).take(3).collect();
        let (count, done) = (AtomicU64::new(0), AtomicBool::new(false));
        std::thread::scope(|scope| {
            for word in &words {
                scope.spawn(|| {
                    while !done.load(Ordering::Relaxed) {
                        count.fetch_add(1, Ordering::Relaxed);
                        if !word.is_calm() {
                            world.enter(word, Pause::Stopped);
                            world.leave(word);
                        }
                    }
                    world.enter(word, Pause::Blocked);
                });
            }
            for _ in 0..200 {
                world.expect(3);
                for word in &words {
                    if word.ask_stop() != Was::Running {
                        world.discount();
                    }
                }
                world.wait_for_all();
                let before = count.load(Ordering::Relaxed);
                std::thread::yield_now();
                assert_eq!(count.load(Ordering::Relaxed), before);
                world.resume(words.iter());
            }
            done.store(true, Ordering::Relaxed);
        });
    }
}

#[cfg(all(test, loom))]
mod models {
    use loom::cell::UnsafeCell;
    use loom::sync::Arc;

    use super::{Pause, StateWord, Was, World};

    /// A mutator's state and its data, which belong to whoever the handshake says.
    struct Shared {
        world: World,
        words: [StateWord; 2],
        data: [UnsafeCell<u32>; 2],
    }

    impl Shared {
        fn new() -> Arc<Self> {
            Arc::new(Self {
                world: World::default(),
                words: Default::default(),
                data: [UnsafeCell::new(0), UnsafeCell::new(0)],
            })
        }

        /// A mutator's work, and its safepoint.
        fn run(&self, i: usize, rounds: usize) {
            for _ in 0..rounds {
                // SAFETY: the mutator runs, so the data are its own; loom checks just that.
                self.data[i].with_mut(|data| unsafe { *data += 1 });
                if self.words[i].stop_asked() {
                    self.world.enter(&self.words[i], Pause::Stopped);
                    self.world.leave(&self.words[i]);
                }
            }
            self.world.enter(&self.words[i], Pause::Blocked);
        }

        fn stop_and_change(&self, mutators: usize) {
            self.world.expect(mutators as u32);
            for word in &self.words[..mutators] {
                if word.ask_stop() != Was::Running {
                    self.world.discount();
                }
            }
            self.world.wait_for_all();
            for data in &self.data[..mutators] {
                // SAFETY: the world stands still.
                data.with_mut(|data| unsafe { *data += 100 });
            }
            self.world.resume(self.words[..mutators].iter());
        }
    }

    #[test]
    fn a_stopped_mutator_s_data_are_the_stopper_s() {
        loom::model(|| {
            let shared = Shared::new();
            let mutator = {
                let shared = shared.clone();
                loom::thread::spawn(move || shared.run(0, 2))
            };
            shared.stop_and_change(1);
            mutator.join().unwrap();
            // SAFETY: the mutator has ended.
            shared.data[0].with(|data| assert_eq!(unsafe { *data }, 102));
        });
    }

    #[test]
    fn a_world_of_two_stops() {
        let mut model = loom::model::Builder::new();
        // All orders of three threads take too long.
        model.preemption_bound = model.preemption_bound.or(Some(3));
        model.check(|| {
            let shared = Shared::new();
            let mutators: Vec<_> = (0..2)
                .map(|i| {
                    let shared = shared.clone();
                    loom::thread::spawn(move || shared.run(i, 1))
                })
                .collect();
            shared.stop_and_change(2);
            mutators.into_iter().for_each(|mutator| mutator.join().unwrap());
            // SAFETY: the mutators have ended.
            shared.data[1].with(|data| assert_eq!(unsafe { *data }, 101));
        });
    }

    #[test]
    fn a_blocked_mutator_is_held_or_comes_back() {
        loom::model(|| {
            let shared = Shared::new();
            let mutator = {
                let shared = shared.clone();
                loom::thread::spawn(move || {
                    shared.world.enter(&shared.words[0], Pause::Blocked);
                    shared.world.leave(&shared.words[0]);
                    // SAFETY: it runs.
                    shared.data[0].with_mut(|data| unsafe { *data += 1 });
                })
            };
            if shared.words[0].try_hold().is_some() {
                // SAFETY: it stands still.
                shared.data[0].with_mut(|data| unsafe { *data += 100 });
                shared.world.resume(shared.words[..1].iter());
            }
            mutator.join().unwrap();
        });
    }
}
