//! Bitmaps of one chunk: a bit for each of its pages.

use super::CHUNK_PAGES;

/// One bit for each page of a chunk; bit `i % 64` of word `i / 64` is page `i`.
pub type Bitmap = [u64; CHUNK_PAGES / 64];

/// The words that hold bits `from..to`, each with the mask of those bits.
pub fn masks(from: usize, to: usize) -> impl Iterator<Item = (usize, u64)> {
    debug_assert!(from < to && to <= CHUNK_PAGES);
    let (first, last) = (from / 64, (to - 1) / 64);
    (first..=last).map(move |word| {
        let low = if word == first { u64::MAX << (from % 64) } else { u64::MAX };
        let high = if word == last { u64::MAX >> (63 - (to - 1) % 64) } else { u64::MAX };
        (word, low & high)
    })
}

/// The first of `n` set bits in a row that lie at `from` or later.
pub fn find_run(bitmap: &Bitmap, from: usize, n: usize) -> Option<usize> {
    let mut carried = 0;
    for (word, bits) in bitmap.iter().enumerate().skip(from / 64) {
        let skipped = if word == from / 64 { from % 64 } else { 0 };
        let bits = bits & (u64::MAX << skipped);
        let ahead = bits.trailing_ones() as usize;
        if carried + ahead >= n {
            return Some(word * 64 - carried);
        }
        if ahead == 64 {
            carried += 64;
            continue;
        }
        if n < 64 {
            let mut starts = [bits];
            starts_of_runs(&mut starts, n);
            if starts != [0] {
                return Some(word * 64 + starts[0].trailing_zeros() as usize);
            }
        }
        carried = bits.leading_ones() as usize;
    }
    None
}

/// The last run of set bits within `words`: its first bit and its length, counted from the first word.
pub fn last_run(words: &[u64]) -> Option<(usize, usize)> {
    let top = words.iter().rposition(|bits| *bits != 0)?;
    let end = (top + 1) * 64 - words[top].leading_zeros() as usize;
    // The bits above the run go, so that what is in front of the run begins at the word's top.
    let aligned = words[top] << words[top].leading_zeros();
    let mut start = end - aligned.leading_ones() as usize;
    let mut word = top;
    while start == word * 64 && word > 0 {
        word -= 1;
        start -= words[word].leading_ones() as usize;
    }
    Some((start, end - start))
}

/// Leaves of each word the bits at which `n` set bits in a row begin, `n` at least 1 and at most 64. A run of `2n`
/// begins where one of `n` does that is followed by another after `n` bits: so the length known to be set doubles with
/// each step. Words are treated alike, whatever is in them, so that the compiler can use vectors.
pub fn starts_of_runs<const N: usize>(words: &mut [u64; N], n: usize) {
    let mut known = 1;
    while known < n {
        let more = known.min(n - known);
        words.iter_mut().for_each(|bits| *bits &= *bits >> more);
        known += more;
    }
}

#[cfg(test)]
pub mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Bitmaps of few long runs, so that runs of all lengths occur, and cross words.
    pub fn bitmaps() -> impl Strategy<Value = Bitmap> {
        let flips = prop_oneof![
            proptest::collection::vec(0..CHUNK_PAGES, 0..8),
            proptest::collection::vec(0..CHUNK_PAGES, 0..120),
        ];
        (flips, any::<bool>()).prop_map(|(mut flips, first)| {
            flips.sort_unstable();
            let mut bitmap = [0; CHUNK_PAGES / 64];
            for page in 0..CHUNK_PAGES {
                let flipped = flips.partition_point(|f| *f <= page) % 2 == 1;
                bitmap[page / 64] |= u64::from(flipped != first) << (page % 64);
            }
            bitmap
        })
    }

    pub fn bit(words: &[u64], i: usize) -> bool {
        words[i / 64] >> (i % 64) & 1 == 1
    }

    proptest! {
        #[test]
        fn masks_cover_the_range_once(from in 0..CHUNK_PAGES, n in 1..=CHUNK_PAGES) {
            let to = (from + n).min(CHUNK_PAGES);
            let mut covered = [0; CHUNK_PAGES / 64];
            for (word, mask) in masks(from, to) {
                prop_assert_ne!(mask, 0);
                prop_assert_eq!(covered[word] & mask, 0);
                covered[word] |= mask;
            }
            for i in 0..CHUNK_PAGES {
                prop_assert_eq!(bit(&covered, i), (from..to).contains(&i));
            }
        }

        #[test]
        fn the_first_run_is_found(bitmap in bitmaps(), from in 0..CHUNK_PAGES, n in 1..=CHUNK_PAGES) {
            for n in [n, n / 8 + 1] {
                let fits = |start: usize| start + n <= CHUNK_PAGES && (start..start + n).all(|i| bit(&bitmap, i));
                prop_assert_eq!(find_run(&bitmap, from, n), (from..CHUNK_PAGES).find(|start| fits(*start)));
            }
        }

        #[test]
        fn the_last_run_is_found(bitmap in bitmaps(), from in 0..8usize, n in 1..=8usize) {
            let words = &bitmap[from..(from + n).min(8)];
            let pages = words.len() * 64;
            let want = (0..pages).rev().find(|i| bit(words, *i)).map(|last| {
                let start = (0..last).rev().find(|i| !bit(words, *i)).map_or(0, |i| i + 1);
                (start, last + 1 - start)
            });
            prop_assert_eq!(last_run(words), want);
        }
    }
}
