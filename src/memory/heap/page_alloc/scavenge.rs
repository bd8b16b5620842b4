//! Which free pages to give back to the system.
//!
//! The scavenger takes pages in two steps, so that the system call runs without the heap's lock:
//! [`PageAlloc::take_unscavenged`] marks a run as in use and hands it out; [`PageAlloc::give_back_scavenged`] makes it
//! free again when the system has its memory. In between nobody else can have the pages.
//!
//! It works from the highest addresses down, while allocation takes the lowest that fit: so it takes the pages that
//! are least likely to be wanted soon. It looks at regions of a huge page (2 MiB) each. One in which nearly all pages
//! are in use is left alone unless forced: giving back its few free pages would break up a huge page, which costs the
//! mutator more in address translation than the pages are worth, and allocation will likely fill them anyway. And a
//! huge page that is free as a whole is given back as a whole, as half of one would break it up all the same.
//!
//! Which regions are worth a look is kept in two bitmaps, one for gentle and one for forced work. Invariant: the bit
//! of a region is set if a run in it can be taken. What makes pages of the region free sets it; a search that finds
//! nothing in the region clears it; allocation does not touch it, as it can only make a region less worth a look. So
//! no search visits a region in vain twice.

use super::bitmap::last_run;
use super::{CHUNK_PAGES, PageAlloc};

/// Pages of a huge page of the system.
pub const REGION_PAGES: usize = (2 << 20) / crate::memory::heap::PAGE_SIZE;
/// A region with at most this many free pages counts as dense.
pub const DENSE_FREE: usize = REGION_PAGES / 32;

const REGION_WORDS: usize = REGION_PAGES / 64;
const REGIONS_PER_CHUNK: usize = CHUNK_PAGES / REGION_PAGES;

/// A set of regions.
pub struct Regions(Vec<u64>);

impl Regions {
    /// The empty set of regions of a range of `pages` pages.
    pub fn new(pages: usize) -> Self {
        Self(vec![0; pages.div_ceil(REGION_PAGES).div_ceil(64)])
    }

    /// Adds a region.
    #[inline]
    pub fn insert(&mut self, region: usize) {
        self.0[region / 64] |= 1 << (region % 64);
    }

    /// Removes a region.
    pub fn remove(&mut self, region: usize) {
        self.0[region / 64] &= !(1 << (region % 64));
    }

    /// Whether a region is in the set.
    pub fn contains(&self, region: usize) -> bool {
        self.0[region / 64] >> (region % 64) & 1 == 1
    }

    /// The highest region that lies within the first `usable` pages, at least in part.
    fn last(&self, usable: usize) -> Option<usize> {
        let words = usable.div_ceil(REGION_PAGES).div_ceil(64);
        let word = self.0[..words].iter().rposition(|bits| *bits != 0)?;
        Some(word * 64 + 63 - self.0[word].leading_zeros() as usize)
    }
}

impl PageAlloc {
    /// Takes a run of free pages that are not scavenged, at most `max_pages` long, from the highest addresses: first
    /// page and length. The run counts as in use until [`PageAlloc::give_back_scavenged`]. It does not cross a region
    /// of a huge page; a region of which all pages qualify is taken as a whole, whatever `max_pages` is. Unless
    /// `force` is set, dense regions are passed over.
    #[must_use]
    pub fn take_unscavenged(&mut self, max_pages: usize, force: bool) -> Option<(usize, usize)> {
        assert!(max_pages > 0, "no pages to take");
        loop {
            let regions = if force { &self.forced } else { &self.gentle };
            let region = regions.last(self.usable)?;
            if let Some((start, n)) = self.takeable(region, force) {
                let taken = if n == REGION_PAGES { n } else { n.min(max_pages) };
                let base = region * REGION_PAGES + start + n - taken;
                self.mark_used(base, taken);
                return Some((base, taken));
            }
            let regions = if force { &mut self.forced } else { &mut self.gentle };
            regions.remove(region);
        }
    }

    /// Makes a run of [`PageAlloc::take_unscavenged`] free again. Its memory was given back to the system: it takes
    /// none, and reads as zero.
    pub fn give_back_scavenged(&mut self, base: usize, n: usize) {
        self.mark_free(base, n, true);
        // A part of its region may be left, and with the run in use the region may have counted as dense.
        self.regions_changed(base, n);
    }

    /// Adds the regions of some pages, more of which are free now, to those worth a look.
    pub(super) fn regions_changed(&mut self, base: usize, n: usize) {
        for region in base / REGION_PAGES..=(base + n - 1) / REGION_PAGES {
            self.gentle.insert(region);
            self.forced.insert(region);
        }
    }

    /// The last run of free, unscavenged pages of a region: offset in the region and length.
    pub(super) fn takeable(&self, region: usize, force: bool) -> Option<(usize, usize)> {
        let (chunk, first) = (region / REGIONS_PER_CHUNK, region % REGIONS_PER_CHUNK * REGION_WORDS);
        let free = &self.free[chunk][first..first + REGION_WORDS];
        let scavenged = &self.scavenged[chunk][first..first + REGION_WORDS];
        let free_pages: u32 = free.iter().map(|bits| bits.count_ones()).sum();
        if !force && free_pages as usize <= DENSE_FREE {
            return None;
        }
        let wanted: [u64; REGION_WORDS] = std::array::from_fn(|i| free[i] & !scavenged[i]);
        last_run(&wanted)
    }
}
