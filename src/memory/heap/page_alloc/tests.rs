//! The page allocator against a model that keeps the state of each page and searches page by page.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::scavenge::{DENSE_FREE, REGION_PAGES};
use super::summary::MAX_LOG;
use super::*;

/// The model's state of a page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Page {
    Used,
    Free,
    Scavenged,
}

#[derive(Clone, Debug)]
enum Op {
    Grow(usize),
    Alloc(usize),
    /// Frees a whole run.
    Free(Index),
    /// Frees a few pages in the middle of a run.
    FreePart(Index, Index, usize),
    Take(usize, bool),
    GiveBack(Index),
}

/// The allocator beside its model. One page of the model stands for `unit` pages.
struct Pair {
    alloc: PageAlloc,
    model: Vec<Page>,
    unit: usize,
    reserved: usize,
    /// Runs in use, and runs that were taken for scavenging, in pages of the model.
    runs: Vec<(usize, usize)>,
    taken: Vec<(usize, usize)>,
}

impl Pair {
    fn new(reserved: usize, unit: usize) -> Self {
        let alloc = PageAlloc::new(reserved * unit);
        Self { alloc, model: Vec::new(), unit, reserved, runs: Vec::new(), taken: Vec::new() }
    }

    fn apply(&mut self, op: &Op) {
        match op {
            Op::Grow(n) => self.grow(*n),
            Op::Alloc(n) => self.alloc(*n),
            Op::Free(run) if !self.runs.is_empty() => {
                let (base, n) = self.runs.swap_remove(run.index(self.runs.len()));
                self.free(base, n);
            }
            Op::FreePart(run, offset, n) if !self.runs.is_empty() => {
                let (base, len) = self.runs.swap_remove(run.index(self.runs.len()));
                let first = base + offset.index(len);
                let n = (*n).min(base + len - first);
                self.free(first, n);
                let rest = [(base, first - base), (first + n, base + len - first - n)];
                self.runs.extend(rest.into_iter().filter(|(_, n)| *n > 0));
            }
            Op::Take(max, force) => self.take(*max, *force),
            Op::GiveBack(run) if !self.taken.is_empty() => {
                let (base, n) = self.taken.swap_remove(run.index(self.taken.len()));
                self.alloc.give_back_scavenged(base, n);
                self.model[base..base + n].fill(Page::Scavenged);
            }
            _ => {}
        }
    }

    fn grow(&mut self, n: usize) {
        let fits = self.model.len() + n <= self.reserved;
        assert_eq!(self.alloc.grow(n * self.unit), fits);
        if fits {
            self.model.resize(self.model.len() + n, Page::Scavenged);
        }
    }

    fn alloc(&mut self, n: usize) {
        let mut run = 0;
        let last = self.model.iter().position(|page| {
            run = if *page == Page::Used { 0 } else { run + 1 };
            run == n
        });
        let want = last.map(|last| {
            let base = last + 1 - n;
            self.runs.push((base, n));
            let scavenged = self.count(base, n, Page::Scavenged);
            self.model[base..base + n].fill(Page::Used);
            Allocated { base: base * self.unit, scavenged: scavenged * self.unit }
        });
        assert_eq!(self.alloc.alloc(n * self.unit), want, "first fit of {n} pages");
    }

    fn free(&mut self, base: usize, n: usize) {
        self.alloc.free(base * self.unit, n * self.unit);
        self.model[base..base + n].fill(Page::Free);
    }

    fn take(&mut self, max: usize, force: bool) {
        let regions = (0..self.model.len().div_ceil(REGION_PAGES)).rev();
        let want = regions.map(|r| self.model_take(r * REGION_PAGES, max, force)).find_map(|run| run);
        assert_eq!(self.alloc.take_unscavenged(max, force), want, "taking {max} pages, forced: {force}");
        if let Some((base, n)) = want {
            self.model[base..base + n].fill(Page::Used);
            self.taken.push((base, n));
        }
    }

    /// What is to be taken from the region that begins at `start`.
    fn model_take(&self, start: usize, max: usize, force: bool) -> Option<(usize, usize)> {
        let region = &self.model[start..self.model.len().min(start + REGION_PAGES)];
        if !force && region.iter().filter(|page| **page != Page::Used).count() <= DENSE_FREE {
            return None;
        }
        let last = region.iter().rposition(|page| *page == Page::Free)?;
        let first = region[..last].iter().rposition(|page| *page != Page::Free).map_or(0, |page| page + 1);
        let run = last + 1 - first;
        let n = if run == REGION_PAGES { run } else { run.min(max) };
        Some((start + last + 1 - n, n))
    }

    fn count(&self, base: usize, n: usize, state: Page) -> usize {
        self.model[base..base + n].iter().filter(|page| **page == state).count()
    }

    /// The allocator's tables agree with one another, and its counters with the model.
    fn compare(&self) {
        self.alloc.check().unwrap();
        let count = |state| self.count(0, self.model.len(), state) * self.unit;
        let (free, scavenged) = (count(Page::Free), count(Page::Scavenged));
        assert_eq!(self.alloc.free_pages(), free + scavenged);
        assert_eq!(self.alloc.scavenged_pages(), scavenged);
        assert_eq!(self.alloc.usable_pages(), self.model.len() * self.unit);
    }

    /// The allocator's bitmaps are the model's states.
    fn compare_pages(&self) {
        for (i, want) in self.model.iter().enumerate() {
            for page in [i * self.unit, (i + 1) * self.unit - 1] {
                let bit = |map: &[Bitmap]| bitmap::tests::bit(&map[page / CHUNK_PAGES], page % CHUNK_PAGES);
                let state = match (bit(&self.alloc.free), bit(&self.alloc.scavenged)) {
                    (false, _) => Page::Used,
                    (true, false) => Page::Free,
                    (true, true) => Page::Scavenged,
                };
                assert_eq!(state, *want, "page {page}");
            }
        }
    }
}

/// Sizes from one page to many chunks.
fn sizes() -> impl Strategy<Value = usize> {
    prop_oneof![4 => 1..=8usize, 3 => 9..=300usize, 2 => 300..=3000usize, 1 => 3000..=20_000usize]
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        3 => sizes().prop_map(Op::Grow),
        8 => sizes().prop_map(Op::Alloc),
        3 => any::<Index>().prop_map(Op::Free),
        6 => (any::<Index>(), any::<Index>(), 1..=20usize).prop_map(|(run, offset, n)| Op::FreePart(run, offset, n)),
        3 => (1..=300usize, any::<bool>()).prop_map(|(max, force)| Op::Take(max, force)),
        3 => any::<Index>().prop_map(Op::GiveBack),
    ];
    vec(op, 1..80)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Up to 40,000 pages: 79 chunks, so that nodes of two levels above the chunks have neighbours.
    #[test]
    fn behaves_as_the_model(start in sizes(), ops in ops()) {
        let mut pair = Pair::new(40_000, 1);
        pair.grow(start);
        for op in &ops {
            pair.apply(op);
            pair.compare();
        }
        pair.compare_pages();
    }

    /// Up to 2²³ pages in steps of half a node of the third level: runs cross nodes at the top.
    #[test]
    fn huge_runs_behave_as_the_model(start in 1..512usize, ops in ops()) {
        let mut pair = Pair::new(512, 1 << 14);
        pair.grow(start);
        for op in ops.iter().filter(|op| !matches!(op, Op::Take(..) | Op::GiveBack(_))) {
            pair.apply(op);
            pair.compare();
        }
        pair.compare_pages();
    }
}

#[test]
fn a_run_may_cross_nodes_of_the_top_level() {
    let node = 1 << MAX_LOG;
    let mut pages = PageAlloc::new(4 * node);
    assert!(pages.grow(3 * node + 100));
    assert_eq!(pages.alloc(700), Some(Allocated { base: 0, scavenged: 700 }));
    assert_eq!(pages.alloc(2 * node + 5), Some(Allocated { base: 700, scavenged: 2 * node + 5 }));
    assert_eq!(pages.alloc(node), None);
    pages.free(300, node + 400);
    assert_eq!(pages.alloc(node + 401), None, "neither the hole nor the end is long enough");
    assert_eq!(pages.alloc(node + 400), Some(Allocated { base: 300, scavenged: 0 }));
    assert_eq!(pages.alloc(node - 605), Some(Allocated { base: 2 * node + 705, scavenged: node - 605 }));
    assert_eq!((pages.free_pages(), pages.alloc(1)), (0, None));
    pages.check().unwrap();
    assert!(pages.grow(node - 100) && !pages.grow(1), "the reserved range is used to its end");
    assert_eq!(pages.alloc(node - 100).map(|run| run.base), Some(3 * node + 100));
    assert_eq!(pages.alloc(1), None);
    pages.free(0, 4 * node);
    assert_eq!(pages.alloc(4 * node), Some(Allocated { base: 0, scavenged: 0 }));
    pages.check().unwrap();
}

#[test]
fn dense_regions_are_scavenged_by_force_only_and_free_ones_as_a_whole() {
    let mut pages = PageAlloc::new(8 * CHUNK_PAGES);
    assert!(pages.grow(4 * REGION_PAGES));
    assert_eq!(pages.take_unscavenged(usize::MAX, true), None, "new pages are scavenged");
    assert_eq!(pages.alloc(4 * REGION_PAGES).map(|run| run.base), Some(0));
    pages.free(3 * REGION_PAGES, DENSE_FREE);
    pages.free(REGION_PAGES, REGION_PAGES);
    pages.free(0, DENSE_FREE + 1);
    assert_eq!(pages.take_unscavenged(1, false), Some((REGION_PAGES, REGION_PAGES)));
    assert_eq!(pages.take_unscavenged(2, false), Some((DENSE_FREE - 1, 2)));
    assert_eq!(pages.take_unscavenged(2, false), None, "with that in use the first region is dense too");
    pages.give_back_scavenged(DENSE_FREE - 1, 2);
    assert_eq!(pages.take_unscavenged(usize::MAX, false), Some((0, DENSE_FREE - 1)));
    assert_eq!(pages.take_unscavenged(usize::MAX, false), None);
    assert_eq!(pages.take_unscavenged(usize::MAX, true), Some((3 * REGION_PAGES, DENSE_FREE)));
    assert_eq!(pages.take_unscavenged(usize::MAX, true), None);
    assert_eq!((pages.free_pages(), pages.scavenged_pages()), (2, 2));
}

#[test]
#[should_panic(expected = "freed twice")]
fn pages_are_not_freed_twice() {
    let mut pages = PageAlloc::new(CHUNK_PAGES);
    assert!(pages.grow(100));
    assert_eq!(pages.alloc(10).map(|run| run.base), Some(0));
    pages.free(0, 11);
}

#[test]
#[should_panic(expected = "not usable")]
fn pages_that_are_not_usable_are_not_freed() {
    let mut pages = PageAlloc::new(CHUNK_PAGES);
    assert!(pages.grow(100));
    assert_eq!(pages.alloc(100).map(|run| run.base), Some(0));
    pages.free(90, 11);
}

#[test]
fn damage_is_found() {
    type Damage = fn(&mut PageAlloc);
    let damages: &[(Damage, &str)] = &[
        (|pages| *pages.tree.node_mut(0, 0) += 1, "node 0 of level 0"),
        (|pages| *pages.tree.node_mut(1, 0) = 0, "node 0 of level 1"),
        (|pages| *pages.tree.node_mut(2, 0) ^= 1 << 30, "node 0 of level 2"),
        (|pages| *pages.tree.node_mut(3, 1) -= 1, "node 1 of level 3"),
        (|pages| *pages.tree.node_mut(4, 9) += 1, "summary of chunk 9"),
        (|pages| *pages.tree.node_mut(4, 10) = 1, "node 10 of level 4 has no usable page"),
        (|pages| *pages.tree.node_mut(1, 1) = 1, "node 1 of level 1 has no usable page"),
        (|pages| pages.free[3][2] ^= 1 << 7, "summary of chunk 3"),
        (|pages| pages.scavenged[0][0] |= 1, "not free"),
        (|pages| pages.scavenged[9][5] ^= 1, "scavenged pages, counted as"),
        (|pages| pages.free_pages += 1, "free and"),
        (|pages| pages.scavenged_pages -= 1, "scavenged pages, counted as"),
        (|pages| pages.first_free = 2000, "below the first free page 2000"),
        (|pages| pages.usable -= 1, "free but not usable"),
        (|pages| pages.gentle.remove(2), "region 2"),
        (|pages| pages.forced.remove(2), "region 2"),
    ];
    for (damage, want) in damages {
        let mut pages = PageAlloc::new(10_000);
        assert!(pages.grow(5_000));
        assert_eq!(pages.alloc(4_900).map(|run| run.base), Some(0));
        pages.free(600, 60);
        pages.check().unwrap();
        damage(&mut pages);
        let found = pages.check().expect_err(want);
        assert!(found.contains(want), "found {found:?} instead of {want:?}");
    }
}
