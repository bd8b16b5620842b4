//! The page allocator: which pages of the heap's reserved range are free.
//!
//! It is bookkeeping only. Pages are numbers from 0 on; the heap turns them into addresses, and page 0 should lie at a
//! multiple of the system's huge page (2 MiB). It is used under the heap's lock and has no synchronization of its own.
//!
//! The range is reserved once and becomes usable from its start, by [`PageAlloc::grow`]. A usable page is in use, or
//! free, or free and *scavenged*: then it takes no memory of the system and reads as zero. Allocation is first fit by
//! address, which keeps the used part of the range dense and the free part in one piece at its end.
//!
//! - *Bitmaps* (`bitmap`): for each chunk of 512 pages (4 MiB) one bit per page for "free" and one for "scavenged".
//! - *Summaries* (`summary`, `tree`): for each chunk, and for each node of a tree with fan-out 8 above the chunks, the
//!   length of the free run at its start, of the longest one, and of the one at its end, in one word. They lead to the
//!   first fit without a look at bitmaps that do not have it.
//! - *First free page*: no page below it is free. Most searches end in the chunk that holds it.
//! - *Regions worth scavenging* (`scavenge`).
//!
//! In all tables zero stands for "nothing usable here yet". They are made for the whole reserved range at once, but as
//! zero memory that the system provides when it is first written; the unused part costs address space only.
//!
//! Invariants, which [`PageAlloc::check`] verifies:
//! - Only usable pages are free, and only free pages are scavenged.
//! - Each summary is what the bitmaps below it say; nodes without a usable page are zero.
//! - The counters are the numbers of bits.
//! - No page below `first_free` is free. A region from which pages can be taken is in its set of regions.
//!
//! The source of the idea is the page allocator of Go's runtime, with its summaries in a radix tree; the encodings, the
//! list at the top, the search and the sets of regions are this one's own.

mod bitmap;
mod check;
mod scavenge;
mod summary;
#[cfg(test)]
mod tests;
mod tree;

use self::bitmap::{Bitmap, find_run, masks};
use self::scavenge::Regions;
use self::summary::Summary;
use self::tree::{Found, Tree};

/// The logarithm of [`CHUNK_PAGES`].
const CHUNK_LOG: u32 = 9;
/// Pages per chunk: what one bitmap covers.
pub const CHUNK_PAGES: usize = 1 << CHUNK_LOG;

/// Which pages are in use, free, or free and scavenged.
pub struct PageAlloc {
    /// Pages in the reserved range.
    reserved: usize,
    /// Pages, from 0 on, that may be allocated.
    usable: usize,
    free_pages: usize,
    scavenged_pages: usize,
    /// No page below this one is free.
    first_free: usize,
    /// By chunk; a page that is not usable is not free.
    free: Vec<Bitmap>,
    /// By chunk; only free pages are.
    scavenged: Vec<Bitmap>,
    tree: Tree,
    /// Regions in which the scavenger may find pages if it spares dense ones.
    gentle: Regions,
    /// Regions in which it may find pages if it does not.
    forced: Regions,
}

/// A run of pages that was allocated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Allocated {
    /// Its first page.
    pub base: usize,
    /// How many of its pages were scavenged. If all were, the run is zero; each one takes memory when it is written.
    pub scavenged: usize,
}

impl PageAlloc {
    /// The allocator of a reserved range, of which nothing is usable yet.
    pub fn new(reserved_pages: usize) -> Self {
        let chunks = reserved_pages.div_ceil(CHUNK_PAGES);
        Self {
            reserved: reserved_pages,
            usable: 0,
            free_pages: 0,
            scavenged_pages: 0,
            first_free: 0,
            free: vec![[0; CHUNK_PAGES / 64]; chunks],
            scavenged: vec![[0; CHUNK_PAGES / 64]; chunks],
            tree: Tree::new(reserved_pages),
            gentle: Regions::new(reserved_pages),
            forced: Regions::new(reserved_pages),
        }
    }

    /// Makes the next `pages` pages usable, at least one: free and scavenged. `false`, and no change, if the reserved
    /// range has fewer left.
    #[must_use]
    pub fn grow(&mut self, pages: usize) -> bool {
        if pages > self.reserved - self.usable {
            return false;
        }
        let base = self.usable;
        self.usable += pages;
        self.mark_free(base, pages, true);
        // The region that was usable in part may have counted as dense because of that.
        self.regions_changed(base, 1);
        true
    }

    /// Pages that were made usable so far.
    pub fn usable_pages(&self) -> usize {
        self.usable
    }

    /// Pages that are free, scavenged or not.
    pub fn free_pages(&self) -> usize {
        self.free_pages
    }

    /// Pages that are free and scavenged.
    pub fn scavenged_pages(&self) -> usize {
        self.scavenged_pages
    }

    /// Allocates the first run of `n` free pages; `None` if there is none, then the range must grow.
    #[must_use]
    pub fn alloc(&mut self, n: usize) -> Option<Allocated> {
        assert!(n > 0, "an allocation of no pages");
        if n > self.free_pages {
            return None;
        }
        let first = self.find(1, self.first_free).expect("a free page is found");
        let base = if n == 1 { Some(first) } else { self.find(n, first) };
        self.first_free = if base == Some(first) { first + n } else { first };
        let base = base?;
        Some(Allocated { base, scavenged: self.mark_used(base, n) })
    }

    /// Makes `n` pages in use from `base` on free. They need not be what one allocation gave: a run can be freed in
    /// parts, and neighbours at once.
    pub fn free(&mut self, base: usize, n: usize) {
        self.mark_free(base, n, false);
        self.regions_changed(base, n);
    }

    /// The first run of `n` free pages, when no page below `from` is free.
    fn find(&self, n: usize, from: usize) -> Option<usize> {
        let chunk = from / CHUNK_PAGES;
        if self.tree.chunk(chunk).max() >= n {
            return self.find_in(chunk, from % CHUNK_PAGES, n);
        }
        match self.tree.find(n, from, self.usable)? {
            Found::Page(page) => Some(page),
            Found::Chunk(chunk) => self.find_in(chunk, 0, n),
        }
    }

    fn find_in(&self, chunk: usize, from: usize, n: usize) -> Option<usize> {
        find_run(&self.free[chunk], from, n).map(|page| chunk * CHUNK_PAGES + page)
    }

    /// Marks free pages as in use, and returns how many of them were scavenged.
    fn mark_used(&mut self, base: usize, n: usize) -> usize {
        let mut were_scavenged = 0;
        for (chunk, from, to) in chunks(base, n) {
            let (free, scavenged) = (&mut self.free[chunk], &mut self.scavenged[chunk]);
            for (word, mask) in masks(from, to) {
                debug_assert_eq!(free[word] & mask, mask, "pages of chunk {chunk} are in use already");
                were_scavenged += (scavenged[word] & mask).count_ones() as usize;
                free[word] &= !mask;
                scavenged[word] &= !mask;
            }
        }
        self.summarize(base, n);
        self.free_pages -= n;
        self.scavenged_pages -= were_scavenged;
        were_scavenged
    }

    /// Marks pages that are not free as free. That each was not is checked always: a page that is free twice would
    /// belong to two spans one day.
    fn mark_free(&mut self, base: usize, n: usize, scavenged: bool) {
        assert!(n > 0 && n <= self.usable && base <= self.usable - n, "pages {base} + {n} are not usable");
        for (chunk, from, to) in chunks(base, n) {
            for (word, mask) in masks(from, to) {
                assert!(self.free[chunk][word] & mask == 0, "pages from {base} + {n} are freed twice");
                self.free[chunk][word] |= mask;
                if scavenged {
                    self.scavenged[chunk][word] |= mask;
                }
            }
        }
        self.summarize(base, n);
        self.free_pages += n;
        self.scavenged_pages += if scavenged { n } else { 0 };
        self.first_free = self.first_free.min(base);
    }

    /// Brings the summaries above some pages, which are now all free or all in use, up to date.
    fn summarize(&mut self, base: usize, n: usize) {
        for (chunk, _, _) in chunks(base, n) {
            self.tree.set_chunk(chunk, Summary::of_bitmap(&self.free[chunk]));
        }
        self.tree.update(base / CHUNK_PAGES, (base + n - 1) / CHUNK_PAGES);
    }
}

/// The chunks of a run of pages, each with the range of the chunk's pages that are in the run.
fn chunks(base: usize, n: usize) -> impl Iterator<Item = (usize, usize, usize)> {
    let end = base + n;
    (base / CHUNK_PAGES..end.div_ceil(CHUNK_PAGES)).map(move |chunk| {
        let start = chunk * CHUNK_PAGES;
        (chunk, base.saturating_sub(start), (end - start).min(CHUNK_PAGES))
    })
}
