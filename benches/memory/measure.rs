//! A clock, and pseudo-random numbers.

use tricolor::base::os::thread_cpu_ns;

/// Nanoseconds of processor time per item of the fastest of `runs`.
pub fn fastest(runs: usize, items: usize, mut f: impl FnMut()) -> f64 {
    let time = |_| {
        let start = thread_cpu_ns();
        f();
        (thread_cpu_ns() - start) as f64 / items as f64
    };
    (0..runs).map(time).fold(f64::INFINITY, f64::min)
}

/// Pseudo-random numbers.
pub struct Rng(pub u64);

impl Rng {
    pub fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) as usize % n
    }
}
