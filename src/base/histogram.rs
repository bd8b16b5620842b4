//! A histogram of times that any number of threads may record in without a lock.
//!
//! Buckets are log-linear, as in HdrHistogram and in Go's runtime: each power of two is cut into eight buckets of the
//! same width. So a bucket is at most an eighth as wide as the least value in it, and a value that is read back is
//! too large by at most 12.5 %, whatever its order of magnitude. Values below 16 have a bucket each. All 64-bit values
//! have a bucket; nothing overflows and nothing is out of range.
//!
//! ```text
//!   value    0 … 7 | 8 … 15 | 16,17 … 30,31 | 32–35 … 60–63 | …
//!   bucket   0 … 7 | 8 … 15 | 16    …    23 | 24    …    31 | …
//! ```
//!
//! Recording is three relaxed atomic operations, one of them rarely. A snapshot that is taken meanwhile may miss part
//! of a record in flight (a count without its sum); it never sees a torn number, and counts never go back.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Buckets of a power of two, as a power of two.
const SPLIT_BITS: u32 = 3;
/// Buckets of a power of two.
const SPLIT: usize = 1 << SPLIT_BITS;
/// Buckets of a histogram: `SPLIT` for the values below it, and as many for each power of two from there on.
pub const BUCKETS: usize = SPLIT * (1 + (u64::BITS - SPLIT_BITS) as usize);

/// Counts of values, in nanoseconds by convention.
#[derive(Debug)]
pub struct TimeHistogram {
    counts: [AtomicU64; BUCKETS],
    sum: AtomicU64,
    max: AtomicU64,
}

impl Default for TimeHistogram {
    fn default() -> Self {
        Self::new()
    }
}

impl TimeHistogram {
    /// An empty histogram.
    pub const fn new() -> Self {
        Self { counts: [const { AtomicU64::new(0) }; BUCKETS], sum: AtomicU64::new(0), max: AtomicU64::new(0) }
    }

    /// Counts `value`.
    #[inline]
    pub fn record(&self, value: u64) {
        self.counts[bucket_of(value)].fetch_add(1, Relaxed);
        self.sum.fetch_add(value, Relaxed);
        if value > self.max.load(Relaxed) {
            self.max.fetch_max(value, Relaxed);
        }
    }

    /// What has been counted so far.
    pub fn snapshot(&self) -> HistogramSnapshot {
        HistogramSnapshot {
            counts: self.counts.iter().map(|count| count.load(Relaxed)).collect(),
            sum: self.sum.load(Relaxed),
            max: self.max.load(Relaxed),
        }
    }
}

/// The counts of a [`TimeHistogram`] at some moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistogramSnapshot {
    counts: Box<[u64]>,
    sum: u64,
    max: u64,
}

impl Default for HistogramSnapshot {
    fn default() -> Self {
        Self { counts: vec![0; BUCKETS].into_boxed_slice(), sum: 0, max: 0 }
    }
}

impl HistogramSnapshot {
    /// The number of values in each of the [`BUCKETS`]; the first values of the buckets are given by [`bucket_start`].
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// The number of values.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The exact sum of the values, modulo 2⁶⁴.
    pub fn sum(&self) -> u64 {
        self.sum
    }

    /// The largest value, exactly; 0 if there is none.
    pub fn max(&self) -> u64 {
        self.max
    }

    /// A value that `percent` of the values do not exceed: at least the exact one, at most 12.5 % above it, and never
    /// above the largest value. `None` if there is no value. Percentages outside of 0 to 100 count as the nearer end.
    pub fn percentile(&self, percent: f64) -> Option<u64> {
        let total = self.count();
        // The rank is rounded up; conversion to an integer saturates, and takes "not a number" for 0.
        let rank = ((percent / 100.0 * total as f64).ceil() as u64).clamp(1, total.max(1));
        let mut seen = 0;
        let bucket = self.counts.iter().position(|&count| {
            seen += count;
            seen >= rank
        })?;
        // A record in flight may have been counted before it has raised the largest value.
        Some(bucket_end(bucket).min(self.max.max(bucket_start(bucket))))
    }
}

/// The bucket that counts `value`.
#[inline]
fn bucket_of(value: u64) -> usize {
    if value < SPLIT as u64 {
        return value as usize;
    }
    let exponent = value.ilog2() - SPLIT_BITS;
    // The leading bit and the three below it: 8 to 15. The leading one counts for the bucket's power of two.
    let leading = (value >> exponent) as usize;
    exponent as usize * SPLIT + leading
}

/// The first value of a bucket. Panics when there is no such bucket.
pub fn bucket_start(bucket: usize) -> u64 {
    assert!(bucket < BUCKETS, "bucket {bucket} of {BUCKETS}");
    if bucket < SPLIT { bucket as u64 } else { ((SPLIT + bucket % SPLIT) as u64) << (bucket / SPLIT - 1) }
}

/// The last value of a bucket.
fn bucket_end(bucket: usize) -> u64 {
    if bucket + 1 < BUCKETS { bucket_start(bucket + 1) - 1 } else { u64::MAX }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(values: &[u64]) -> HistogramSnapshot {
        let histogram = TimeHistogram::new();
        values.iter().for_each(|&value| histogram.record(value));
        histogram.snapshot()
    }

    #[test]
    fn buckets_follow_each_other_without_gaps() {
        assert_eq!(bucket_start(0), 0);
        for bucket in 0..BUCKETS {
            let (start, end) = (bucket_start(bucket), bucket_end(bucket));
            assert_eq!((bucket_of(start), bucket_of(end)), (bucket, bucket));
            // Its width is at most an eighth of its start.
            assert!(end - start <= start / 8, "{bucket}: {start}..={end}");
        }
        assert_eq!((bucket_of(u64::MAX), bucket_end(BUCKETS - 1)), (BUCKETS - 1, u64::MAX));
    }

    #[test]
    fn the_drawing_in_the_head_is_right() {
        for (value, bucket) in [(0, 0), (7, 7), (8, 8), (15, 15), (16, 16), (17, 16), (31, 23), (32, 24), (63, 31)] {
            assert_eq!(bucket_of(value), bucket, "{value}");
        }
    }

    #[test]
    fn empty_and_single() {
        let empty = of(&[]);
        assert_eq!((empty.count(), empty.sum(), empty.max(), empty.percentile(50.0)), (0, 0, 0, None));
        assert_eq!(empty, HistogramSnapshot::default());
        let one = of(&[1_000_003]);
        for percent in [-5.0, 0.0, 50.0, 100.0, 700.0, f64::NAN] {
            assert_eq!(one.percentile(percent), Some(1_000_003), "{percent}");
        }
    }

    #[test]
    fn percentiles_of_small_values_are_exact() {
        let all = of(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        let read = [0.0, 10.0, 10.1, 50.0, 90.0, 99.0, 100.0].map(|percent| all.percentile(percent).unwrap());
        assert_eq!(read, [1, 1, 2, 5, 9, 10, 10]);
        assert_eq!((all.count(), all.sum(), all.max()), (10, 55, 10));
    }

    #[test]
    fn threads_record_without_losing_any() {
        let histogram = TimeHistogram::new();
        std::thread::scope(|scope| {
            for thread in 0..4_u64 {
                let histogram = &histogram;
                scope.spawn(move || (0..5_000).for_each(|n| histogram.record(n * 4 + thread)));
            }
        });
        let snapshot = histogram.snapshot();
        assert_eq!((snapshot.count(), snapshot.max()), (20_000, 19_999));
        assert_eq!(snapshot.sum(), 19_999 * 20_000 / 2);
    }

    proptest! {
        #[test]
        fn percentiles_are_at_most_an_eighth_too_high(
            mut values in prop::collection::vec((0_u32..64, any::<u64>()).prop_map(|(bits, v)| v >> bits), 1..200),
            percent in 0.0..100.0_f64,
        ) {
            let read = of(&values).percentile(percent).unwrap();
            values.sort_unstable();
            let rank = (percent / 100.0 * values.len() as f64).ceil().max(1.0) as usize;
            let exact = values[rank - 1];
            prop_assert!(read >= exact && read - exact <= exact / 8, "{read} for {exact}");
        }
    }
}
