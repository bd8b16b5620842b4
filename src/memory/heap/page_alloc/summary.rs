//! Summaries: what a node of the tree knows about the free pages below it.
//!
//! A summary is three lengths of runs of free pages: the run at the start of the node's range, the longest one
//! anywhere in it, and the run at its end. Two neighbours' summaries tell that of both, so a node's summary follows
//! from its children's.
//!
//! Encoding: the two outer runs in 21 bits each, the longest in 22, because the largest node has 2²¹ pages. Only when
//! all of these are free the outer runs need a 22nd bit; since the longest run is then the whole range too, its top
//! bit serves for all three. All bits zero means that nothing below is free, or that nothing is there yet.

use std::fmt;

use super::bitmap::{Bitmap, starts_of_runs};

/// The logarithm of how many pages the largest node covers.
pub const MAX_LOG: u32 = 21;
/// Children of a node.
pub const FANOUT: usize = 8;

const OUTER: u64 = (1 << MAX_LOG) - 1;
const WHOLE: u64 = 1 << MAX_LOG;

/// The lengths of the first, longest and last run of free pages in a range, packed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Summary(pub u64);

impl Summary {
    /// Packs the three lengths. If one is 2²¹ pages, all are.
    #[inline]
    pub fn new(start: usize, max: usize, end: usize) -> Self {
        debug_assert!(start <= max && end <= max && max <= 1 << MAX_LOG);
        Self((start as u64 & OUTER) | (end as u64 & OUTER) << MAX_LOG | (max as u64) << (2 * MAX_LOG))
    }

    /// The run at the start.
    #[inline]
    pub fn start(self) -> usize {
        ((self.0 & OUTER) | (self.0 >> (2 * MAX_LOG) & WHOLE)) as usize
    }

    /// The longest run.
    #[inline]
    pub fn max(self) -> usize {
        (self.0 >> (2 * MAX_LOG)) as usize
    }

    /// The run at the end.
    #[inline]
    pub fn end(self) -> usize {
        ((self.0 >> MAX_LOG & OUTER) | (self.0 >> (2 * MAX_LOG) & WHOLE)) as usize
    }

    /// The summary of neighbours that cover `1 << log` pages each, fewer than the largest node.
    pub fn merge(children: &[u64; FANOUT], log: u32) -> Self {
        debug_assert!(log < MAX_LOG);
        let (mut start, mut max, mut run, mut all_free) = (0, 0, 0, true);
        for child in children {
            // Not the accessors: the outer runs of a smaller node fit their fields.
            let (first, longest, last) = (child & OUTER, child >> (2 * MAX_LOG), child >> MAX_LOG & OUTER);
            let (joined, whole) = (run + first, first == 1 << log);
            max = max.max(joined).max(longest);
            start = if all_free { joined } else { start };
            run = if whole { joined } else { last };
            all_free &= whole;
        }
        Self::new(start as usize, max as usize, run as usize)
    }

    /// The summary of a chunk whose free pages are `free`.
    pub fn of_bitmap(free: &Bitmap) -> Self {
        let (mut start, mut max, mut run) = (None, 0, 0);
        for bits in free {
            let joined = run + bits.trailing_ones() as usize;
            max = max.max(joined);
            if *bits == u64::MAX {
                run = joined;
            } else {
                start = start.or(Some(joined));
                run = bits.leading_ones() as usize;
            }
        }
        max = max.max(run);
        // So far runs that touch a word's edge. One inside of a word leaves room for both its neighbours.
        if max < 62 {
            let mut longer = *free;
            starts_of_runs(&mut longer, max + 1);
            while longer.iter().fold(0, |all, bits| all | bits) != 0 {
                max += 1;
                longer.iter_mut().for_each(|bits| *bits &= *bits >> 1);
            }
        }
        Self::new(start.unwrap_or(run), max, run)
    }
}

impl fmt::Debug for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.start(), self.max(), self.end())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::CHUNK_PAGES;
    use super::super::bitmap::tests::{bit, bitmaps};
    use super::*;

    fn naive(free: &[bool]) -> Summary {
        let runs = free.split(|free| !free).map(<[bool]>::len);
        let start = free.iter().take_while(|free| **free).count();
        let end = free.iter().rev().take_while(|free| **free).count();
        Summary::new(start, runs.max().unwrap_or(0), end)
    }

    proptest! {
        #[test]
        fn a_bitmap_is_summarized(bitmap in bitmaps(), noise in any::<[u64; 8]>()) {
            for bitmap in [bitmap, noise] {
                let free: Vec<_> = (0..CHUNK_PAGES).map(|i| bit(&bitmap, i)).collect();
                prop_assert_eq!(Summary::of_bitmap(&bitmap), naive(&free));
            }
        }

        #[test]
        fn neighbours_are_merged(bitmaps in proptest::collection::vec(bitmaps(), 8), whole in 0..=255u8) {
            let mut bitmaps = bitmaps;
            for (i, bitmap) in bitmaps.iter_mut().enumerate().filter(|(i, _)| whole >> i & 1 == 1) {
                *bitmap = [if i % 3 == 0 { 0 } else { u64::MAX }; 8];
            }
            let free: Vec<_> = bitmaps.iter().flat_map(|map| (0..CHUNK_PAGES).map(|i| bit(map, i))).collect();
            let children = std::array::from_fn(|i| Summary::of_bitmap(&bitmaps[i]).0);
            prop_assert_eq!(Summary::merge(&children, 9), naive(&free));
        }

        #[test]
        fn lengths_survive_packing(lengths in any::<[usize; 3]>()) {
            let max = lengths[0] % (1 << MAX_LOG);
            let (start, end) = (lengths[1] % (max + 1), lengths[2] % (max + 1));
            let packed = Summary::new(start, max, end);
            prop_assert_eq!((packed.start(), packed.max(), packed.end()), (start, max, end));
        }
    }

    #[test]
    fn the_largest_range_fits_and_zero_is_nothing() {
        let all_free = |pages| Summary::new(pages, pages, pages);
        let whole = all_free(1 << MAX_LOG);
        assert_eq!((whole.start(), whole.max(), whole.end()), (1 << MAX_LOG, 1 << MAX_LOG, 1 << MAX_LOG));
        assert_eq!(Summary::merge(&[all_free(1 << 18).0; 8], 18), whole);
        assert_eq!(Summary::new(0, 0, 0).0, 0);
        assert_eq!(Summary::of_bitmap(&[0; 8]).0, 0);
    }
}
