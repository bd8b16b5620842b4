//! The address range of a heap, and what is known about its pages.
//!
//! One range is reserved when the heap is made and never moves, so an address belongs to the heap if it is less than
//! a fixed distance behind a fixed base. Beside it lie the page table, one entry per page, and the metadata range with
//! the spans' records. Reserved memory costs address space only; pages become real as they are used.

use std::io;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed, Ordering::Release};

use super::address::Addr;
use super::page_table::PageEntry;
use super::span::{Span, SpanRef};
use super::{PAGE_SHIFT, PAGE_SIZE};
use crate::base::os::Reservation;

/// An object: its span and its number in there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Object {
    /// The span it lies in.
    pub span: SpanRef,
    /// Its number in the span.
    pub index: usize,
}

impl Object {
    /// Where it begins.
    pub fn base(&self) -> Addr {
        self.span.object(self.index)
    }

    /// Its mark.
    pub fn mark(&self) -> u8 {
        self.span.mark(self.index).load(Relaxed)
    }
}

/// The reserved range with its page table and metadata.
pub struct Arena {
    base: usize,
    bytes: usize,
    heap: Reservation,
    table: Reservation,
    records: Reservation,
}

/// No heap works with less address space than this.
const MIN_RESERVE: usize = 64 << 20;

impl Arena {
    /// Reserves `bytes` of address space, or half of it again and again if the system refuses.
    pub fn new(bytes: usize) -> io::Result<Self> {
        let heap = Reservation::new(bytes, MIN_RESERVE.min(bytes))?;
        let bytes = heap.size();
        // Records are largest for objects of 16 bytes: one mark byte and six bits of layout and allocation each.
        let table = committed(bytes / PAGE_SIZE * size_of::<PageEntry>())?;
        let records = committed(bytes / 8 + (1 << 20))?;
        Ok(Self { base: heap.base(), bytes, heap, table, records })
    }

    /// The first address of the range.
    #[inline]
    pub fn base(&self) -> usize {
        self.base
    }

    /// The size of the range in bytes.
    #[inline]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Where the records begin.
    #[inline]
    pub fn records_base(&self) -> usize {
        self.records.base()
    }

    /// How much room there is for records, in bytes.
    pub fn records_bytes(&self) -> usize {
        self.records.size()
    }

    /// Whether an address lies in the range.
    #[inline]
    pub fn contains(&self, addr: usize) -> bool {
        addr.wrapping_sub(self.base) < self.bytes
    }

    /// The address of a page.
    pub fn page_address(&self, page: usize) -> Addr {
        Addr::new(self.base + (page << PAGE_SHIFT))
    }

    /// The page of an address of the range.
    pub fn page_of(&self, addr: Addr) -> usize {
        (addr.get() - self.base) >> PAGE_SHIFT
    }

    /// Makes pages usable.
    pub fn commit(&self, page: usize, pages: usize) -> io::Result<()> {
        self.heap.commit(page << PAGE_SHIFT, pages << PAGE_SHIFT)
    }

    /// Gives the memory of pages back to the system; they read as zero afterwards.
    ///
    /// # Safety
    /// The pages belong to nobody but the caller.
    pub unsafe fn release(&self, page: usize, pages: usize) -> io::Result<()> {
        // SAFETY: the caller's promise.
        unsafe { self.heap.release(page << PAGE_SHIFT, pages << PAGE_SHIFT) }
    }

    /// Bytes of the page table up to a page: what may be backed by memory if pages below it are usable.
    pub fn table_bytes(&self, pages: usize) -> usize {
        pages * size_of::<PageEntry>()
    }

    #[inline]
    fn slot(&self, page: usize) -> &AtomicU64 {
        debug_assert!(page < self.bytes >> PAGE_SHIFT);
        // SAFETY: the table has an entry for each page of the range, all committed, and zero is a valid entry.
        unsafe { AtomicU64::from_ptr(self.table.as_ptr().cast::<u64>().wrapping_add(page)) }
    }

    /// The entry of a page of the range.
    #[inline]
    pub fn entry_of_page(&self, page: usize) -> PageEntry {
        PageEntry::from_bits(self.slot(page).load(Relaxed))
    }

    /// The entry for an address; that of a free page outside of the range.
    #[inline]
    pub fn entry(&self, addr: usize) -> PageEntry {
        let offset = addr.wrapping_sub(self.base);
        if offset >= self.bytes {
            return PageEntry::FREE;
        }
        self.entry_of_page(offset >> PAGE_SHIFT)
    }

    /// The span that an entry with a kind other than `Free` leads to.
    #[inline]
    pub fn span(&self, entry: PageEntry) -> SpanRef {
        let record = self.records.as_ptr().wrapping_add(entry.record()).cast::<Span>();
        debug_assert!(!record.is_null());
        // SAFETY: entries are only written by `map`, for records that begin there; the metadata range is used for
        // records only and stays mapped as long as the heap. It does not begin at address 0.
        unsafe { SpanRef::new(NonNull::new_unchecked(record)) }
    }

    /// The record at a position of the metadata range.
    pub fn record(&self, position: usize) -> SpanRef {
        assert!(position + size_of::<Span>() <= self.records.size());
        let record = self.records.as_ptr().wrapping_add(position).cast::<Span>();
        // SAFETY: inside of the metadata range, which is used for records only; a record's header is plain atomics,
        // so even a free one is valid.
        unsafe { SpanRef::new(NonNull::new_unchecked(record)) }
    }

    /// Enters a span's pages into the table. Under the heap's lock.
    pub fn map(&self, span: SpanRef) {
        let record = span.record_address().get() - self.records.base();
        let first = self.page_of(span.base());
        for page in 0..span.pages() {
            self.slot(first + page).store(PageEntry::new(record, span, page).bits(), Release);
        }
    }

    /// Takes a span's pages out of the table. Under the heap's lock.
    pub fn unmap(&self, span: SpanRef) {
        let first = self.page_of(span.base());
        for page in first..first + span.pages() {
            self.slot(page).store(PageEntry::FREE.bits(), Release);
        }
    }

    /// The object that an address leads to or into, allocated or not; `None` if it leads to no object's place.
    #[inline]
    pub fn object(&self, addr: usize) -> Option<Object> {
        let entry = self.entry(addr);
        if !entry.kind().holds_objects() {
            return None;
        }
        let span = self.span(entry);
        span.index_of(Addr::new(addr)).map(|index| Object { span, index })
    }
}

fn committed(bytes: usize) -> io::Result<Reservation> {
    let range = Reservation::new(bytes, bytes)?;
    range.commit(0, range.size())?;
    Ok(range)
}
