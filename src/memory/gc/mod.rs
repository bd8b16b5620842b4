//! The collector: concurrent, tri-colour, non-moving mark and sweep.
//!
//! ```text
//!        start_cycle (world stopped)              finish_cycle (world stopped)
//!   OFF ----------------------------> MARK -------------------------------------> OFF
//!   spans are swept, in the background,   barrier on, new objects black,
//!   by need, and in proportion to         markers run, stacks are scanned
//!   allocation                            one at a time, mutators assist
//! ```
//!
//! 1. A mutator finds that the heap has reached the trigger, and asks itself to attend to that at its next safepoint.
//!    There it sweeps what is left, stops the world, turns the barrier on and lets the world go on: `cycle`.
//! 2. Each mutator, before it goes on, blackens what is left of its windows and scans the stack it runs on; all other
//!    roots are jobs for the markers: `mutator`, `roots`, `background`.
//! 3. Markers drain the pool of work; mutators hand over full barrier buffers, and assist when they allocate faster
//!    than the markers mark: `marker`, `work`, `barrier`, `assist`.
//! 4. When no work is left, the mutators are asked for what is in their barrier buffers. When that brings no work,
//!    the world is stopped, it is checked once more, and the cycle ends: `cycle`.
//! 5. The sweep generation goes up by two. Mutators give up their windows before they go on: `sweep`.
//!
//! Invariants:
//! - **Snapshot.** What was reachable when the cycle began, or was allocated since, is marked when it ends: overwritten
//!   pointers are shaded, new objects are black, and every stack is scanned before it changes or is shaded by hand.
//! - **Black is done.** No black object has a pointer to a white one, unless the barrier has the white one.
//! - Phases change only while the world is stopped, so a mutator sees one phase between two safepoints.
//! - Mutators that are blocked delay nothing: whoever needs something of them does it for them, while holding them
//!   still.
//! - Nobody waits inside of an allocation.
//!
//! Locks, in the order in which they are taken: the list of mutators (which is the right to stop the world), the
//! specials, the pacer, the pool of work, a central list, the heap's core.

mod assist;
mod background;
pub mod barrier;
mod config;
mod cycle;
pub mod handshake;
pub mod limiter;
pub mod marker;
pub mod mutator;
pub mod pacer;
pub mod pair;
mod recorder;
pub mod roots;
mod scavenge;
pub mod special;
mod sweep;
mod verify;
pub mod work;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};

pub use config::{Checks, Config, Observer};
pub use mutator::{Mutator, Nudge};
pub use roots::{MutatorId, Roots, Visitor};
pub use special::{CleanupId, Ready, SpecialError};
pub use verify::Defect;

use self::cycle::Cycle;
use self::handshake::World;
use self::marker::Work;
use self::mutator::Record;
use self::special::Specials;
use self::work::WorkPool;
use crate::base::sync::{Mutex, lock};
use crate::memory::heap::mheap::MHeap;
use crate::memory::heap::{ShapeError, ShapeId, Word};
use crate::memory::stats::{CycleTrace, Stats};

/// Everything that a heap's threads share.
pub(crate) struct Collector {
    pub(super) heap: MHeap,
    roots: Arc<dyn Roots>,
    config: Config,
    world: World,
    /// The mutators. Who has the lock may stop the world.
    mutators: Mutex<Mutators>,
    /// Mutators that are attached and not blocked.
    running: AtomicUsize,
    pool: WorkPool<Work>,
    spare: barrier::Spare,
    cycle: Cycle,
    sweep: Sweep,
    specials: Specials,
    defects: verify::Defects,
    pacing: Mutex<assist::Pacing>,
    credit: assist::Credit,
    recorder: recorder::Recorder,
    /// One thread scavenges in the background or on request at a time.
    scavenging: Mutex<()>,
    background: background::Signals,
}

#[derive(Default)]
struct Mutators {
    list: Vec<Arc<Record>>,
    next: u32,
}

/// Where sweeping stands.
#[derive(Default)]
struct Sweep {
    /// Spans that need sweeping, in lists or cached.
    unswept: AtomicUsize,
    /// New spans that are in no list yet, while the world can stop: they need no sweeping.
    unlisted: AtomicUsize,
    /// The first span class whose list may have unswept spans.
    cursor: AtomicUsize,
    /// Sweepers at work, and in the highest bit whether no other may begin: the generation changes.
    sweepers: AtomicU32,
    /// Pages swept since the cycle ended.
    pages_swept: AtomicUsize,
}

/// A collected heap. Its threads end when it is dropped.
pub struct Heap {
    collector: Arc<Collector>,
    threads: Vec<std::thread::JoinHandle<()>>,
}

impl Heap {
    /// A heap whose roots are `roots`.
    ///
    /// # Errors
    /// The system refuses address space or threads.
    pub fn new(config: Config, roots: Arc<dyn Roots>) -> io::Result<Self> {
        let heap = MHeap::new(config.reserve, config.hard_limit)?;
        heap.clobber_free.store(config.checks.clobber_free, Relaxed);
        let collector = Arc::new(Collector {
            heap,
            roots,
            world: World::default(),
            mutators: Mutex::default(),
            running: AtomicUsize::new(0),
            pool: WorkPool::default(),
            spare: barrier::Spare::default(),
            cycle: Cycle::default(),
            sweep: Sweep::default(),
            specials: Specials::default(),
            defects: verify::Defects::default(),
            pacing: Mutex::new(assist::Pacing::new(&config)),
            credit: assist::Credit::default(),
            recorder: recorder::Recorder::default(),
            scavenging: Mutex::default(),
            background: background::Signals::default(),
            config,
        });
        collector.publish_pacing(&lock(&collector.pacing));
        let mut heap = Self { collector, threads: Vec::new() };
        heap.threads = background::spawn(&heap.collector)?;
        Ok(heap)
    }

    /// Makes the calling thread a mutator.
    pub fn attach(&self) -> Mutator {
        self.collector.attach()
    }

    /// Registers a shape: the words of an element, and whether its objects are aligned to 16 bytes.
    ///
    /// # Errors
    /// The shape cannot be.
    pub fn shape(&self, words: &[Word], align16: bool) -> Result<ShapeId, ShapeError> {
        self.collector.heap.shapes.register(words, align16)
    }

    /// Sets how many percent the heap may grow between cycles; `None` switches the trigger off. Returns the old value.
    pub fn set_gogc(&self, percent: Option<u32>) -> Option<u32> {
        self.collector.set_gogc(percent)
    }

    /// Sets the soft limit of memory in bytes. Returns the old one.
    pub fn set_memory_limit(&self, bytes: Option<u64>) -> Option<u64> {
        self.collector.set_memory_limit(bytes)
    }

    /// Sets the hard limit of memory in bytes: allocations beyond it fail.
    pub fn set_hard_limit(&self, bytes: Option<u64>) {
        self.collector.heap.set_hard_limit(bytes);
    }

    /// The heap's accounts. For a thread that is no mutator; others ask their [`Mutator`].
    pub fn stats(&self) -> Stats {
        self.collector.stats()
    }

    /// The last complete cycle.
    pub fn last_cycle(&self) -> Option<CycleTrace> {
        self.collector.recorder.last()
    }

    /// Gives all free memory back to the system.
    pub fn scavenge(&self) {
        self.collector.scavenge_all();
    }

    /// The defects that the checks have found so far.
    pub fn defects(&self) -> Vec<Defect> {
        self.collector.defects()
    }
}

impl Drop for Heap {
    fn drop(&mut self) {
        self.collector.background.stop();
        self.collector.pool.wake_all();
        for thread in self.threads.drain(..) {
            // A marker that panicked has said so on its own.
            let _ = thread.join();
        }
    }
}

impl Collector {
    fn attach(self: &Arc<Self>) -> Mutator {
        let mut mutators = lock(&self.mutators);
        let record = Arc::new(Record::new(MutatorId(mutators.next)));
        mutators.next += 1;
        // SAFETY: nobody else knows the record yet.
        unsafe { record.local() }.marking = self.cycle.is_marking() && !self.config.checks.no_barrier;
        // It has nothing to hand over in the round that may be on its way.
        record.round.store(self.cycle.round(), SeqCst);
        mutators.list.push(Arc::clone(&record));
        self.running.fetch_add(1, Relaxed);
        Mutator::new(Arc::clone(self), record)
    }

    fn detach(&self, record: &Arc<Record>) {
        // Not running while it waits for the lock, whose holder may be waiting for it. Nor was it if it is blocked.
        if record.word.is_running() {
            self.running.fetch_sub(1, Relaxed);
            self.world.enter(&record.word, handshake::Pause::Blocked);
        }
        let mut mutators = lock(&self.mutators);
        // SAFETY: the mutator does not run, and who holds the lock is the only one who may use its data.
        let local = unsafe { record.local() };
        self.leave(record, local);
        mutators.list.retain(|other| !Arc::ptr_eq(other, record));
    }

    /// Whether the barrier can be left out, to show that the checks notice.
    fn barrier_is_off(&self) -> bool {
        self.config.checks.no_barrier
    }
}
