//! The heap of spans: pages become spans here, and spans pages again.
//!
//! One lock guards the page allocator and the room for records. It is held for some hundred nanoseconds per span and
//! never while memory is given back to the system or cleared.
//!
//! Accounting, in bytes, each page in exactly one of them:
//! `mapped = object spans + manual spans + free pages`, and of the free pages some are `released`, that is not backed
//! by memory. What is mapped less what is released is what the limits count, with the records added.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};

use super::PAGE_SIZE;
use super::address::Addr;
use super::arena::{Arena, Object};
use super::counters::Counters;
use super::mcentral::MCentral;
use super::page_alloc::PageAlloc;
use super::records::Records;
use super::shape::{SPAN_CLASSES, Shapes, SpanClass};
use super::span::{Kind, SpanRef, SpanSpec};
use crate::base::sync::{Mutex, lock};

#[cfg(test)]
pub mod tests;

/// Pages by which the usable part of the range grows.
const GROWTH: usize = 512;

/// Why an allocation failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AllocError {
    /// It would exceed the hard limit.
    HardLimit,
    /// The reserved address range is used up, or the size is larger than any range.
    AddressSpace,
    /// The system has no memory.
    System,
}

impl fmt::Display for AllocError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HardLimit => "out of memory: the allocation would exceed the hard limit",
            Self::AddressSpace => "out of memory: the heap's address space is used up",
            Self::System => "out of memory: the system has none",
        })
    }
}

impl std::error::Error for AllocError {}

/// The spans of a heap.
pub struct MHeap {
    /// The address range.
    pub arena: Arena,
    /// The registered shapes.
    pub shapes: Shapes,
    /// What is counted.
    pub counters: Counters,
    /// Freed memory is overwritten, so that whoever still uses it finds out.
    pub clobber_free: AtomicBool,
    central: Box<[MCentral<SpanRef>]>,
    sweepgen: AtomicU32,
    /// Bytes that may be backed by memory; an allocation beyond them fails.
    hard_limit: AtomicU64,
    core: Mutex<Core>,
}

struct Core {
    pages: PageAlloc,
    records: Records,
    /// Free pages that the page allocator counts as taken, because their memory is being released.
    releasing: usize,
}

/// How the pages of the range are used, in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Usage {
    /// Usable: in spans or free.
    pub mapped: u64,
    /// Of these, in spans of objects.
    pub objects: u64,
    /// Of these, in spans that are freed by hand.
    pub manual: u64,
    /// Of these, free.
    pub free: u64,
    /// Of the free ones, not backed by memory.
    pub released: u64,
    /// Records in use.
    pub records: u64,
    /// Records that were ever in use.
    pub records_mapped: u64,
    /// The page table and the page allocator's bitmaps, for the usable pages.
    pub tables: u64,
}

/// What overwrites freed memory: an odd, large value that is no address.
pub const CLOBBER: u64 = 0xdead_beef_dead_beef;

impl MHeap {
    /// A heap with up to `reserve` bytes of address space.
    pub fn new(reserve: usize, hard_limit: Option<u64>) -> io::Result<Self> {
        let arena = Arena::new(reserve)?;
        let core = Core {
            pages: PageAlloc::new(arena.bytes() / PAGE_SIZE),
            records: Records::new(arena.records_bytes()),
            releasing: 0,
        };
        Ok(Self {
            arena,
            shapes: Shapes::new()?,
            counters: Counters::default(),
            clobber_free: AtomicBool::new(false),
            central: std::iter::repeat_with(MCentral::default).take(SPAN_CLASSES).collect(),
            sweepgen: AtomicU32::new(2),
            hard_limit: AtomicU64::new(hard_limit.unwrap_or(u64::MAX)),
            core: Mutex::new(core),
        })
    }

    /// The central list of a span class.
    #[inline]
    pub fn central(&self, class: SpanClass) -> &MCentral<SpanRef> {
        &self.central[class.index()]
    }

    /// The sweep generation. Changes only while the world is stopped.
    #[inline]
    pub fn sweepgen(&self) -> u32 {
        self.sweepgen.load(Acquire)
    }

    /// Makes all spans unswept. While the world is stopped and all spans are swept.
    pub fn next_sweepgen(&self) {
        self.sweepgen.store(self.sweepgen().wrapping_add(2), Release);
    }

    /// Sets how many bytes may be backed by memory.
    pub fn set_hard_limit(&self, bytes: Option<u64>) {
        self.hard_limit.store(bytes.unwrap_or(u64::MAX), Relaxed);
    }

    /// Makes a span. Its objects' places are not cleared; it is swept, in nobody's list, and its owner is the caller.
    pub fn alloc_span(&self, spec: &SpanSpec) -> Result<SpanRef, AllocError> {
        if spec.pages > self.arena.bytes() / PAGE_SIZE {
            return Err(AllocError::AddressSpace);
        }
        let record_bytes = spec.record();
        let mut core = lock(&self.core);
        let pages = match core.pages.alloc(spec.pages) {
            Some(pages) => pages,
            None => {
                self.grow(&mut core, spec.pages)?;
                core.pages.alloc(spec.pages).ok_or(AllocError::AddressSpace)?
            }
        };
        let (limit, used_now) = (self.hard_limit.load(Relaxed), used(&core));
        if used_now > limit {
            // Other free pages may be backed by memory for nothing.
            drop(core);
            self.scavenge((used_now - limit) as usize, true);
            core = lock(&self.core);
            if used(&core) > limit {
                // SAFETY: the pages were given to this thread just now.
                if unsafe { self.arena.release(pages.base, spec.pages) }.is_ok() {
                    core.pages.give_back_scavenged(pages.base, spec.pages);
                } else {
                    core.pages.free(pages.base, spec.pages);
                }
                return Err(AllocError::HardLimit);
            }
        }
        let Some(record) = core.records.alloc(record_bytes) else {
            core.pages.free(pages.base, spec.pages);
            return Err(AllocError::AddressSpace);
        };
        let span = self.arena.record(record);
        span.init(self.arena.page_address(pages.base), spec, self.sweepgen(), pages.scavenged < spec.pages);
        self.arena.map(span);
        if spec.kind == Kind::Manual {
            self.counters.manual_pages.fetch_add(spec.pages, Relaxed);
        } else {
            self.counters.object_pages.fetch_add(spec.pages, Relaxed);
            self.counters.object_spans.fetch_add(1, Relaxed);
        }
        if spec.kind.holds_objects() && !span.is_large() {
            self.counters.add_room(span.span_class(), spec.objects);
        }
        Ok(span)
    }

    fn grow(&self, core: &mut Core, pages: usize) -> Result<(), AllocError> {
        let end = core.pages.usable_pages();
        let left = self.arena.bytes() / PAGE_SIZE - end;
        let growth = pages.next_multiple_of(GROWTH).min(left);
        if growth == 0 {
            return Err(AllocError::AddressSpace);
        }
        self.arena.commit(end, growth).map_err(|_| AllocError::System)?;
        if core.pages.grow(growth) { Ok(()) } else { Err(AllocError::AddressSpace) }
    }

    /// Gives the pages of spans back. For their owner, when nothing leads to them any more.
    pub fn free_spans(&self, spans: &[SpanRef]) {
        let mut core = lock(&self.core);
        for span in spans {
            let pages = span.pages();
            if span.kind() == Kind::Manual {
                self.counters.manual_pages.fetch_sub(pages, Relaxed);
                continue;
            }
            self.counters.object_pages.fetch_sub(pages, Relaxed);
            self.counters.object_spans.fetch_sub(1, Relaxed);
            if !span.is_large() {
                self.counters.sub_room(span.span_class(), span.objects());
            }
        }
        for span in spans {
            let position = span.record_address().get() - self.arena.records_base();
            self.arena.unmap(*span);
            span.retire();
            core.pages.free(self.arena.page_of(span.base()), span.pages());
            core.records.free(position, span.record());
        }
    }

    /// Gives the memory of up to `bytes` of free pages back to the system, from the highest addresses; how much it
    /// was. Unless `all`, memory in the midst of what is in use is left alone.
    pub fn scavenge(&self, bytes: usize, all: bool) -> usize {
        let mut released = 0;
        while released < bytes {
            let wanted = (bytes - released).div_ceil(PAGE_SIZE);
            let taken = {
                let mut core = lock(&self.core);
                let taken = core.pages.take_unscavenged(wanted, all);
                core.releasing += taken.map_or(0, |(_, pages)| pages);
                taken
            };
            let Some((base, pages)) = taken else { break };
            // SAFETY: the page allocator has given the pages to this thread; they were free.
            let result = unsafe { self.arena.release(base, pages) };
            let mut core = lock(&self.core);
            core.releasing -= pages;
            if result.is_ok() {
                core.pages.give_back_scavenged(base, pages);
            } else {
                core.pages.free(base, pages);
                break;
            }
            released += pages * PAGE_SIZE;
        }
        released
    }

    /// How the pages are used now.
    pub fn usage(&self) -> Usage {
        let core = lock(&self.core);
        let bytes = |pages: usize| (pages * PAGE_SIZE) as u64;
        Usage {
            mapped: bytes(core.pages.usable_pages()),
            objects: bytes(self.counters.object_pages.load(Relaxed)),
            manual: bytes(self.counters.manual_pages.load(Relaxed)),
            free: bytes(core.pages.free_pages() + core.releasing),
            released: bytes(core.pages.scavenged_pages()),
            records: core.records.in_use() as u64,
            records_mapped: core.records.mapped() as u64,
            // Two bits per page in the allocator.
            tables: (self.arena.table_bytes(core.pages.usable_pages()) + core.pages.usable_pages() / 4) as u64,
        }
    }

    /// Bytes backed by memory, as the limits count them.
    pub fn used(&self) -> u64 {
        used(&lock(&self.core))
    }

    /// Checks the page allocator's own invariants. For the verifier.
    pub fn check_pages(&self) -> Result<(), String> {
        lock(&self.core).pages.check()
    }

    /// Visits all spans in order of address, manual ones too. While nobody makes or frees spans.
    pub fn for_each_span(&self, mut f: impl FnMut(SpanRef)) {
        let end = lock(&self.core).pages.usable_pages();
        let mut page = 0;
        while page < end {
            let entry = self.arena.entry_of_page(page);
            if entry.kind() == Kind::Free {
                page += 1;
            } else {
                let span = self.arena.span(entry);
                f(span);
                page += span.pages().max(1);
            }
        }
    }

    /// The object that an address leads to or into; `None` if there is none, or it is free.
    pub fn allocated_object(&self, addr: usize) -> Option<Object> {
        self.arena.object(addr).filter(|object| object.span.is_allocated(object.index))
    }

    /// Overwrites the place of a freed object.
    pub fn clobber(&self, addr: Addr, bytes: usize) {
        for i in 0..bytes / 8 {
            // SAFETY: the caller owns the span that the place belongs to, and the object there is free.
            unsafe { addr.as_ptr::<u64>().add(i).write(CLOBBER) };
        }
    }
}

fn used(core: &Core) -> u64 {
    let pages = core.pages.usable_pages() - core.pages.scavenged_pages();
    (pages * PAGE_SIZE + core.records.mapped()) as u64
}
