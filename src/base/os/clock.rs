//! Clocks, as nanoseconds in 64 bits: 584 years are enough.

use rustix::time::{ClockId, Timespec, clock_gettime};

/// Time since a fixed but unknown moment. Never goes back, and is the same for all threads.
#[inline]
pub fn monotonic_ns() -> u64 {
    nanoseconds(clock_gettime(ClockId::Monotonic))
}

/// Time since 1970, as the machine's clock has it: may jump when that is set.
#[inline]
pub fn unix_ns() -> u64 {
    nanoseconds(clock_gettime(ClockId::Realtime))
}

/// CPU time that the calling thread has used.
#[inline]
pub fn thread_cpu_ns() -> u64 {
    nanoseconds(clock_gettime(ClockId::ThreadCPUTime))
}

/// CPU time that all threads of the process have used.
#[inline]
pub fn process_cpu_ns() -> u64 {
    nanoseconds(clock_gettime(ClockId::ProcessCPUTime))
}

/// Times before the clock's origin count as its origin.
#[inline]
fn nanoseconds(time: Timespec) -> u64 {
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    seconds.saturating_mul(1_000_000_000).saturating_add(u64::try_from(time.tv_nsec).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    use super::*;

    #[test]
    fn the_monotonic_clock_measures_a_sleep() {
        let before = monotonic_ns();
        std::thread::sleep(Duration::from_millis(5));
        let passed = monotonic_ns() - before;
        assert!(passed >= 5_000_000, "{passed}");
    }

    #[test]
    fn unix_time_is_that_of_the_library() {
        let library = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
        let difference = i128::from(unix_ns()) - i128::try_from(library).unwrap();
        assert!(difference.abs() < 1_000_000_000, "{difference}");
    }

    #[test]
    fn cpu_time_grows_with_work_and_not_with_sleep() {
        let (thread, process) = (thread_cpu_ns(), process_cpu_ns());
        std::thread::sleep(Duration::from_millis(20));
        let asleep = thread_cpu_ns() - thread;
        assert!(asleep < 10_000_000, "{asleep} ns of CPU while asleep");
        let start = thread_cpu_ns();
        let mut sum = 0_u64;
        while thread_cpu_ns() - start < 2_000_000 {
            sum = std::hint::black_box(sum.wrapping_mul(31).wrapping_add(1));
        }
        assert!(process_cpu_ns() - process >= 2_000_000, "the process has at least the time of its thread");
    }

    #[test]
    fn odd_times_are_clamped() {
        assert_eq!(nanoseconds(Timespec { tv_sec: -1, tv_nsec: 5 }), 5);
        assert_eq!(nanoseconds(Timespec { tv_sec: 3, tv_nsec: 7 }), 3_000_000_007);
        assert_eq!(nanoseconds(Timespec { tv_sec: i64::MAX, tv_nsec: 7 }), u64::MAX);
    }
}
