//! Finalizers, cleanups and weak handles: what is said about an object outside of it.
//!
//! Guarantees, which are Go's:
//! - A finalizer runs once, after its object was found unreachable; the object and all that it reaches stay alive for
//!   it. So of two objects that point one at the other in a row, the first is finalized first; in a ring, none.
//! - A cleanup runs after its object was found unreachable and has no finalizer left to run; the object is gone.
//! - A weak handle holds an address in its object until the object is found unreachable, and null from then on, before
//!   any finalizer of it runs. There is one handle per address at a time.
//!
//! How: what finalizers and cleanups need (their values) and what objects with a finalizer point to are roots. The
//! objects themselves are not. When the sweeper comes to such an object and it is white, the verdict is given here;
//! what is to run goes into a queue, whose entries are roots until the embedder has taken them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering::Release};

use smallvec::SmallVec;

use crate::base::sync::{Mutex, lock};
use crate::memory::heap::Addr;
use crate::memory::heap::span::SpanRef;
use crate::memory::stats::FinalizerStats;

/// Names a cleanup, so that it can be stopped.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct CleanupId(u64);

impl CleanupId {
    /// Its number, never 0.
    pub fn number(self) -> u64 {
        self.0
    }

    /// The id with a number.
    pub fn from_number(number: u64) -> Self {
        Self(number)
    }
}

/// Something that the embedder is to run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ready {
    /// The finalizer of an object, which is alive still.
    Finalizer {
        /// The object.
        object: Addr,
        /// What was given with the finalizer.
        value: usize,
    },
    /// The cleanup of an object that is gone.
    Cleanup {
        /// What was given with the cleanup.
        value: usize,
    },
}

/// Why a special cannot be set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SpecialError {
    /// The address is not the begin of an allocated object of the heap.
    NotAnObject,
    /// The object has a finalizer already.
    HasFinalizer,
}

impl std::fmt::Display for SpecialError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::NotAnObject => "not the beginning of a heap object",
            Self::HasFinalizer => "the object has a finalizer already",
        })
    }
}

impl std::error::Error for SpecialError {}

/// Whether an object was reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    Alive,
    Dead,
}

/// What remains of a span's specials after its sweep.
#[derive(Default, Debug)]
pub(super) struct Left {
    /// Objects that were not reached and live on for their finalizers.
    pub kept: Vec<Addr>,
    /// Some objects of the span still have specials.
    pub any: bool,
    /// Something was queued.
    pub queued: bool,
}

#[derive(Default)]
struct Special {
    finalizer: Option<usize>,
    cleanups: Vec<(CleanupId, usize)>,
    /// Addresses in the object, and of the weak handles that hold them.
    weak: SmallVec<[(usize, usize); 1]>,
}

impl Special {
    fn is_empty(&self) -> bool {
        self.finalizer.is_none() && self.cleanups.is_empty() && self.weak.is_empty()
    }
}

/// All specials of a heap. A span's flag for them changes under the table's lock only: a sweeper that finds none would
/// take back what a mutator has just set.
#[derive(Default)]
pub(super) struct Specials {
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    /// By the address of the object.
    objects: BTreeMap<usize, Special>,
    cleanups: u64,
    queue: VecDeque<Ready>,
    counts: FinalizerStats,
    /// The object of each cleanup that has not run.
    owners: BTreeMap<u64, usize>,
}

impl Specials {
    pub fn set_finalizer(&self, span: SpanRef, object: Addr, value: usize) -> Result<(), SpecialError> {
        let mut table = lock(&self.table);
        span.set_specials(true);
        let special = table.objects.entry(object.get()).or_default();
        if special.finalizer.is_some() {
            return Err(SpecialError::HasFinalizer);
        }
        special.finalizer = Some(value);
        Ok(())
    }

    pub fn clear_finalizer(&self, object: Addr) {
        let mut table = lock(&self.table);
        if let Some(special) = table.objects.get_mut(&object.get()) {
            special.finalizer = None;
            if special.is_empty() {
                table.objects.remove(&object.get());
            }
        }
    }

    pub fn add_cleanup(&self, span: SpanRef, object: Addr, value: usize) -> CleanupId {
        let mut table = lock(&self.table);
        span.set_specials(true);
        table.cleanups += 1;
        let id = CleanupId(table.cleanups);
        table.objects.entry(object.get()).or_default().cleanups.push((id, value));
        table.owners.insert(id.0, object.get());
        id
    }

    /// Takes back a cleanup that is not queued yet.
    pub fn stop_cleanup(&self, id: CleanupId) {
        let mut table = lock(&self.table);
        let Some(object) = table.owners.remove(&id.0) else { return };
        if let Some(special) = table.objects.get_mut(&object) {
            special.cleanups.retain(|(other, _)| *other != id);
            if special.is_empty() {
                table.objects.remove(&object);
            }
        }
    }

    /// The weak handle of an address in an object; if it has none, `fresh` becomes it. A handle holds the address.
    pub fn weak(&self, span: SpanRef, object: Addr, at: Addr, fresh: Option<Addr>) -> Option<Addr> {
        let mut table = lock(&self.table);
        span.set_specials(true);
        let special = table.objects.get_mut(&object.get());
        if let Some(&(_, handle)) = special.and_then(|s| s.weak.iter().find(|(other, _)| *other == at.get())) {
            return Some(Addr::new(handle));
        }
        let handle = fresh?;
        table.objects.entry(object.get()).or_default().weak.push((at.get(), handle.get()));
        Some(handle)
    }

    /// Visits the roots: first all values, then all objects with finalizers, whose contents but not themselves are to
    /// be marked.
    pub fn roots(&self, mut value: impl FnMut(usize), mut contents: impl FnMut(Addr)) {
        let table = lock(&self.table);
        for ready in &table.queue {
            match *ready {
                Ready::Finalizer { object, value: v } => {
                    value(object.get());
                    value(v);
                }
                Ready::Cleanup { value: v } => value(v),
            }
        }
        for (&object, special) in &table.objects {
            special.cleanups.iter().for_each(|&(_, v)| value(v));
            special.weak.iter().for_each(|&(_, handle)| value(handle));
            if let Some(v) = special.finalizer {
                value(v);
                contents(Addr::new(object));
            }
        }
    }

    /// Gives the verdicts for the objects of a span.
    pub fn sweep(&self, span: SpanRef, judge: impl Fn(Addr) -> Verdict) -> Left {
        let (base, bytes) = (span.base(), span.bytes());
        let mut left = Left::default();
        let mut table = lock(&self.table);
        let table = &mut *table;
        let mut gone = Vec::new();
        for (&object, special) in table.objects.range_mut(base.get()..base.get() + bytes) {
            let object = Addr::new(object);
            if judge(object) == Verdict::Alive {
                left.any = true;
                continue;
            }
            for (_, handle) in special.weak.drain(..) {
                // SAFETY: a handle is an object of 16 bytes that its special keeps alive; it holds one address.
                let cell = unsafe { AtomicUsize::from_ptr(Addr::new(handle).as_ptr()) };
                cell.store(0, Release);
            }
            if let Some(value) = special.finalizer.take() {
                table.queue.push_back(Ready::Finalizer { object, value });
                table.counts.finalizers_queued += 1;
                left.kept.push(object);
                left.queued = true;
            } else {
                for (id, value) in special.cleanups.drain(..) {
                    table.owners.remove(&id.0);
                    table.queue.push_back(Ready::Cleanup { value });
                    table.counts.cleanups_queued += 1;
                    left.queued = true;
                }
            }
            if special.is_empty() {
                gone.push(object.get());
            } else {
                left.any = true;
            }
        }
        for object in gone {
            table.objects.remove(&object);
        }
        span.set_specials(left.any);
        left
    }

    /// Takes what is to run next.
    pub fn next(&self) -> Option<Ready> {
        let mut table = lock(&self.table);
        let ready = table.queue.pop_front()?;
        match ready {
            Ready::Finalizer { .. } => table.counts.finalizers_executed += 1,
            Ready::Cleanup { .. } => table.counts.cleanups_executed += 1,
        }
        Some(ready)
    }

    /// How many were queued and taken.
    pub fn stats(&self) -> FinalizerStats {
        lock(&self.table).counts
    }

    /// About how much memory the table takes, in bytes.
    pub fn bytes(&self) -> usize {
        let table = lock(&self.table);
        let cleanup = size_of::<(CleanupId, usize)>() + size_of::<(u64, usize)>();
        table.objects.len() * size_of::<(usize, Special)>()
            + table.owners.len() * cleanup
            + table.queue.capacity() * size_of::<Ready>()
    }
}
