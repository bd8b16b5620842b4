//! The page table: what each page of the reserved range belongs to.
//!
//! An entry is one word, so that the marker learns all it needs for an address from one load:
//!
//! ```text
//! bits  0..32   the span's record, in units of 64 bytes from the begin of the metadata range
//! bits 32..40   size class, 0 for a large object
//! bits 40..48   number of the page within the span; 0 in the spans of large objects, whose records are consulted
//! bits 48..52   kind
//! bits 52..64   slot of the hot shape
//! ```
//!
//! Entries are written under the heap's lock when a span is made or freed, and read without a lock. A reader that
//! has a pointer to an allocated object sees the entry of its span: the pointer reached it after the entry was
//! written, and a span whose objects are reachable is not freed.

use super::shape::HOT_SLOTS;
use super::size_class::SizeClass;
use super::span::{Kind, SpanRef};

/// What a page belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
#[repr(transparent)]
pub struct PageEntry(u64);

/// Unit in which records are counted.
pub const RECORD_UNIT: usize = 64;
const _: () = assert!(HOT_SLOTS <= 1 << 12, "a slot fits the entry");

impl PageEntry {
    /// A page that belongs to no span.
    pub const FREE: Self = Self(0);

    /// The entry of page `page` of a span whose record lies `record` bytes into the metadata range.
    pub fn new(record: usize, span: SpanRef, page: usize) -> Self {
        let page = if span.is_large() { 0 } else { page as u64 };
        debug_assert!(page < 256 && record.is_multiple_of(RECORD_UNIT) && record / RECORD_UNIT <= u32::MAX as usize);
        Self(
            (record / RECORD_UNIT) as u64
                | (span.class().index() as u64) << 32
                | page << 40
                | (span.kind() as u64) << 48
                | u64::from(span.hot_slot()) << 52,
        )
    }

    /// The entry with these bits.
    #[inline]
    pub fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// Its bits.
    #[inline]
    pub fn bits(self) -> u64 {
        self.0
    }

    /// Where the record lies in the metadata range, in bytes.
    #[inline]
    pub fn record(self) -> usize {
        (self.0 as u32 as usize) * RECORD_UNIT
    }

    /// The size class.
    #[inline]
    pub fn class(self) -> SizeClass {
        SizeClass::from_index(usize::from((self.0 >> 32) as u8))
    }

    /// The number of the page within the span of small objects.
    #[inline]
    pub fn page(self) -> usize {
        usize::from((self.0 >> 40) as u8)
    }

    /// What the span's objects are.
    #[inline]
    pub fn kind(self) -> Kind {
        Kind::from_bits((self.0 >> 48) as u8 & 15)
    }

    /// The slot of the hot shape.
    #[inline]
    pub fn hot_slot(self) -> u16 {
        (self.0 >> 52) as u16
    }
}
