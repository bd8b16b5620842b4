//! The span heap: where objects lie.
//!
//! From the bottom up:
//! - [`arena`]: one reserved address range, the page table and the metadata range;
//! - [`page_alloc`]: which pages are free, first fit by address, and which of these are backed by memory;
//! - [`size_class`], [`shape`]: how large the places for objects are, and which words of an object are pointers;
//! - [`span`]: a run of pages with objects of one size, its mark bytes, allocation bits and layouts;
//! - [`mheap`]: makes spans of pages and pages of spans, and accounts for every page;
//! - [`mcentral`]: the spans that nobody allocates from, by span class;
//! - [`mcache`]: the window of free objects that a mutator allocates from without asking anybody.
//!
//! Nothing here decides when to collect or what is reachable: that is [`gc`](super::gc).

pub mod address;
pub mod arena;
pub mod counters;
pub mod mcache;
pub mod mcentral;
pub mod mheap;
pub mod page_alloc;
pub mod page_table;
pub mod records;
pub mod shape;
pub mod size_class;
pub mod span;

/// The logarithm of [`PAGE_SIZE`].
pub const PAGE_SHIFT: u32 = 13;
/// Bytes per page: the unit in which spans are allocated. A multiple of the system's page.
pub const PAGE_SIZE: usize = 1 << PAGE_SHIFT;

pub use address::{Addr, WORD};
pub use mheap::{AllocError, MHeap};
pub use shape::{ShapeError, ShapeId, Word};
