//! What the heap counts.
//!
//! Totals of allocation are kept per span class and added up when somebody asks. A mutator adds what it took from a
//! span when it gives the span back, so that nothing is counted per object; a statistic that must be exact flushes all
//! caches first (`gc::stats`).

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

use super::shape::{SPAN_CLASSES, SpanClass};

/// Objects of one span class since the heap began.
#[derive(Default)]
pub struct ClassCounters {
    allocs: AtomicU64,
    frees: AtomicU64,
    /// Objects for which the spans in use have room.
    room: AtomicUsize,
}

/// The heap's counters. All only grow, except those called "now".
pub struct Counters {
    classes: Box<[ClassCounters]>,
    /// Large objects allocated, their bytes, and the same of those freed.
    pub large_allocs: AtomicU64,
    /// Bytes of large objects allocated, in whole pages.
    pub large_alloc_bytes: AtomicU64,
    /// Large objects freed.
    pub large_frees: AtomicU64,
    /// Bytes of large objects freed, in whole pages.
    pub large_free_bytes: AtomicU64,
    /// Objects that were put into a block with others.
    pub tiny_allocs: AtomicU64,
    /// Spans that hold objects, now.
    pub object_spans: AtomicUsize,
    /// Pages of spans that hold objects, now.
    pub object_pages: AtomicUsize,
    /// Pages that are freed by hand, now.
    pub manual_pages: AtomicUsize,
    /// Bytes allocated and not known to be free, now: grows with allocation and is set anew by each cycle.
    pub heap_live: AtomicU64,
    /// Bytes given back to the system by the background scavenger.
    pub scavenged_background: AtomicU64,
    /// Bytes given back at once, because of a limit or on request.
    pub scavenged_eagerly: AtomicU64,
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            classes: std::iter::repeat_with(ClassCounters::default).take(SPAN_CLASSES).collect(),
            large_allocs: AtomicU64::default(),
            large_alloc_bytes: AtomicU64::default(),
            large_frees: AtomicU64::default(),
            large_free_bytes: AtomicU64::default(),
            tiny_allocs: AtomicU64::default(),
            object_spans: AtomicUsize::default(),
            object_pages: AtomicUsize::default(),
            manual_pages: AtomicUsize::default(),
            heap_live: AtomicU64::default(),
            scavenged_background: AtomicU64::default(),
            scavenged_eagerly: AtomicU64::default(),
        }
    }
}

impl Counters {
    fn class(&self, class: SpanClass) -> &ClassCounters {
        &self.classes[class.index()]
    }

    /// Objects of a class that were allocated.
    pub fn allocs(&self, class: SpanClass) -> u64 {
        self.class(class).allocs.load(Relaxed)
    }

    /// Objects of a class that were freed.
    pub fn frees(&self, class: SpanClass) -> u64 {
        self.class(class).frees.load(Relaxed)
    }

    /// Counts allocated objects.
    pub fn add_allocs(&self, class: SpanClass, objects: usize) {
        self.class(class).allocs.fetch_add(objects as u64, Relaxed);
    }

    /// Counts freed objects.
    pub fn add_frees(&self, class: SpanClass, objects: usize) {
        self.class(class).frees.fetch_add(objects as u64, Relaxed);
    }

    /// Counts the room of a new span.
    pub fn add_room(&self, class: SpanClass, objects: usize) {
        self.class(class).room.fetch_add(objects, Relaxed);
    }

    /// Counts the room of a span that is freed.
    pub fn sub_room(&self, class: SpanClass, objects: usize) {
        self.class(class).room.fetch_sub(objects, Relaxed);
    }

    /// Objects of a class that exist, and how many its spans have room for.
    pub fn occupancy(&self, class: SpanClass) -> (usize, usize) {
        let objects = self.allocs(class).saturating_sub(self.frees(class)) as usize;
        (objects, self.class(class).room.load(Relaxed))
    }
}
