//! The tree of summaries above the chunks.
//!
//! The lowest level has one node per chunk (2⁹ pages); each level above has one node for eight below, up to nodes of
//! 2²¹ pages (16 GiB). There the tree ends: the nodes of the top level are a list, as long as the range demands. Each
//! level is one vector, and the children of node `i` are the nodes `8 * i ..` of the level below. The vectors are as
//! long as the whole reserved range needs, but zero memory that nobody wrote costs nothing.
//!
//! A search goes along a level from left to right, adding up the free pages at the seams, until the run is long enough
//! or lies inside of one node; then it goes on among that node's children. So it visits eight nodes per level, and
//! the list at the top from the first free page on.

use super::CHUNK_LOG;
use super::summary::{FANOUT, MAX_LOG, Summary};

/// The logarithm of [`FANOUT`].
const FANOUT_LOG: u32 = FANOUT.ilog2();
/// The levels, the top one first.
const LEVELS: usize = ((MAX_LOG - CHUNK_LOG) / FANOUT_LOG) as usize + 1;
const LEAVES: usize = LEVELS - 1;

const _: () = assert!(page_log(0) == MAX_LOG && page_log(LEAVES) == CHUNK_LOG);

/// The logarithm of the pages of a node of `level`.
const fn page_log(level: usize) -> u32 {
    MAX_LOG - FANOUT_LOG * level as u32
}

/// Summaries of all nodes.
pub struct Tree {
    /// [`Summary`]s, packed, by level; plain words, so that their vectors are born as untouched zero memory.
    levels: [Vec<u64>; LEVELS],
}

/// Where the first fit is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Found {
    /// At this page.
    Page(usize),
    /// In the middle of this chunk, whose bitmap knows where.
    Chunk(usize),
}

impl Tree {
    /// A tree over `pages` pages, none of them free.
    pub fn new(pages: usize) -> Self {
        let top = pages.div_ceil(1 << MAX_LOG);
        Self { levels: std::array::from_fn(|level| vec![0; top << (FANOUT_LOG as usize * level)]) }
    }

    /// The summary of a chunk.
    #[inline]
    pub fn chunk(&self, chunk: usize) -> Summary {
        Summary(self.levels[LEAVES][chunk])
    }

    /// Sets the summary of a chunk; [`Tree::update`] must follow.
    #[inline]
    pub fn set_chunk(&mut self, chunk: usize, summary: Summary) {
        self.levels[LEAVES][chunk] = summary.0;
    }

    /// Brings all nodes above the chunks `first..=last` up to date.
    pub fn update(&mut self, first: usize, last: usize) {
        let (mut first, mut last) = (first, last);
        for level in (0..LEAVES).rev() {
            (first, last) = (first >> FANOUT_LOG, last >> FANOUT_LOG);
            let mut changed = false;
            for node in first..=last {
                let summary = self.merged(level, node).0;
                changed |= std::mem::replace(&mut self.levels[level][node], summary) != summary;
            }
            if !changed {
                return;
            }
        }
    }

    /// The first run of `n` free pages among the first `usable` pages, if no page below `from` is free.
    pub fn find(&self, n: usize, from: usize, usable: usize) -> Option<Found> {
        let mut nodes = from >> MAX_LOG..usable.div_ceil(1 << MAX_LOG);
        for (level, summaries) in self.levels.iter().enumerate() {
            let log = page_log(level);
            let mut run = 0;
            let mut inside = None;
            for node in nodes {
                let summary = Summary(summaries[node]);
                if run + summary.start() >= n {
                    return Some(Found::Page((node << log) - run));
                }
                if summary.max() >= n {
                    inside = Some(node);
                    break;
                }
                run = if summary.start() == 1 << log { run + (1 << log) } else { summary.end() };
            }
            let node = match inside {
                Some(node) if level == LEAVES => return Some(Found::Chunk(node)),
                Some(node) => node,
                None if level == 0 => return None,
                None => unreachable!("a node's longest run is found below it"),
            };
            nodes = node << FANOUT_LOG..(node + 1) << FANOUT_LOG;
        }
        unreachable!("the search ends at the chunks")
    }

    /// Whether every node above the chunks of the first `usable` pages is what its children say, and their siblings
    /// without a usable page are zero. From the bottom up, so that what is reported is the cause.
    pub fn check(&self, usable: usize) -> Result<(), String> {
        for level in (0..LEVELS).rev() {
            let used = usable.div_ceil(1 << page_log(level));
            let siblings = used.next_multiple_of(FANOUT).min(self.levels[level].len());
            if let Some(node) = (used..siblings).find(|node| self.levels[level][*node] != 0) {
                return Err(format!("node {node} of level {level} has no usable page, but is not zero"));
            }
            for node in 0..if level == LEAVES { 0 } else { used } {
                let (kept, want) = (Summary(self.levels[level][node]), self.merged(level, node));
                if kept != want {
                    return Err(format!("summary of node {node} of level {level} is {kept:?}, should be {want:?}"));
                }
            }
        }
        Ok(())
    }

    fn merged(&self, level: usize, node: usize) -> Summary {
        let children = self.levels[level + 1][node * FANOUT..].first_chunk().expect("a node has eight children");
        Summary::merge(children, page_log(level + 1))
    }

    /// The packed summary of a node, for tests that damage it; the top level is level 0.
    #[cfg(test)]
    pub fn node_mut(&mut self, level: usize, node: usize) -> &mut u64 {
        &mut self.levels[level][node]
    }
}
