//! The verifier's view of the page allocator: every table against the bitmaps.

use super::bitmap::{Bitmap, find_run};
use super::scavenge::REGION_PAGES;
use super::summary::Summary;
use super::{CHUNK_PAGES, PageAlloc};

impl PageAlloc {
    /// Verifies the invariants in the head of `page_alloc`; an error says what is wrong. For the heap's verifier and
    /// for tests: the time it takes is proportional to the usable range.
    pub fn check(&self) -> Result<(), String> {
        self.check_chunks()?;
        self.tree.check(self.usable)?;
        self.check_bounds()?;
        self.check_regions()
    }

    /// The summaries of chunks, and the counters.
    fn check_chunks(&self) -> Result<(), String> {
        let (mut free_pages, mut scavenged_pages) = (0, 0);
        for chunk in 0..self.usable.div_ceil(CHUNK_PAGES) {
            let (free, scavenged) = (&self.free[chunk], &self.scavenged[chunk]);
            let (kept, want) = (self.tree.chunk(chunk), Summary::of_bitmap(free));
            if kept != want {
                return Err(format!("summary of chunk {chunk} is {kept:?}, should be {want:?}"));
            }
            if free.iter().zip(scavenged).any(|(free, scavenged)| scavenged & !free != 0) {
                return Err(format!("chunk {chunk} has scavenged pages that are not free"));
            }
            free_pages += count(free);
            scavenged_pages += count(scavenged);
        }
        let counters = (self.free_pages, self.scavenged_pages);
        if (free_pages, scavenged_pages) != counters {
            return Err(format!("{free_pages} free and {scavenged_pages} scavenged pages, counted as {counters:?}"));
        }
        Ok(())
    }

    /// No page is free below the first free one or behind the last usable one.
    fn check_bounds(&self) -> Result<(), String> {
        let (chunk, rest) = (self.usable / CHUNK_PAGES, self.usable % CHUNK_PAGES);
        if rest != 0 && find_run(&self.free[chunk], rest, 1).is_some() {
            return Err(format!("a page from {} on is free but not usable", self.usable));
        }
        let lowest = (0..self.free.len().min(self.first_free.div_ceil(CHUNK_PAGES)))
            .find_map(|chunk| find_run(&self.free[chunk], 0, 1).map(|page| chunk * CHUNK_PAGES + page));
        match lowest {
            Some(page) if page < self.first_free => {
                Err(format!("page {page} is free, below the first free page {}", self.first_free))
            }
            _ => Ok(()),
        }
    }

    /// No region that the scavenger could use is missing from its sets.
    fn check_regions(&self) -> Result<(), String> {
        for (regions, force) in [(&self.gentle, false), (&self.forced, true)] {
            let missing = |region: &usize| self.takeable(*region, force).is_some() && !regions.contains(*region);
            if let Some(region) = (0..self.usable.div_ceil(REGION_PAGES)).find(missing) {
                return Err(format!("region {region} has pages to scavenge (forced: {force}), but is not in the set"));
            }
        }
        Ok(())
    }
}

fn count(bitmap: &Bitmap) -> usize {
    bitmap.iter().map(|bits| bits.count_ones() as usize).sum()
}
