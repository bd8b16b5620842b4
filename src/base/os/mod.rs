//! What the memory manager asks of the operating system: address space, clocks, limits, and a hint to the cache.
//!
//! This is the only place that calls it for those. The calls go through `rustix`, so what is unsafe here is unsafe
//! because of what happens to memory and not because of how a system call is spelled.
//!
//! - [`Reservation`]: a range of addresses that costs nothing until parts of it are committed.
//! - [`monotonic_ns`] and its siblings: times as plain nanoseconds.
//! - [`MemoryLimits`]: how much memory the process may use, by its container and by the machine.
//! - [`resident_bytes`]: how much it uses, as the system sees it.
//!
//! Invariants:
//! - A range is never handed out that is not wholly inside of its reservation and made of whole pages: a caller that
//!   asks for one has lost count, and is stopped by an assertion.
//! - What the system refuses is an error, or a smaller reservation, never a panic. Advice that it refuses is dropped.
//! - Reading limits never fails: what cannot be read or understood is no limit.
//!
//! Linux is the system this is made for. Another unix differs in two ways: pages are given back by mapping fresh ones
//! over them, since its advice about pages promises no zeros, and there are no huge pages to ask for, nor files in
//! `/proc`, so limits and the resident size are unknown.

mod clock;
mod limits;
mod reservation;

pub use self::clock::{monotonic_ns, process_cpu_ns, thread_cpu_ns, unix_ns};
pub use self::limits::{CgroupMount, CgroupPaths, MemoryLimits};
pub use self::reservation::{RESERVATION_UNIT, Reservation};

/// The size of the system's pages in bytes.
pub fn page_size() -> usize {
    rustix::param::page_size()
}

/// The memory of this process that is in RAM, in bytes; `None` where the system does not tell.
pub fn resident_bytes() -> Option<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    parse_statm(&statm, page_size() as u64)
}

/// The resident size in the text of `/proc/self/statm`: its second number counts pages.
fn parse_statm(text: &str, page: u64) -> Option<u64> {
    text.split_ascii_whitespace().nth(1)?.parse::<u64>().ok()?.checked_mul(page)
}

/// Asks for the cache line at `addr`, which may be any number: a prefetch does not fault.
#[inline(always)]
pub fn prefetch(addr: usize) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: the instruction is part of the base architecture, reads nothing the program can see, and ignores
        // addresses that are not mapped.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::without_provenance(addr)) };
    }
    #[cfg(target_arch = "aarch64")]
    {
        // SAFETY: as above; the instruction touches neither the stack nor the flags.
        unsafe {
            std::arch::asm!("prfm pldl1keep, [{}]", in(reg) addr, options(nostack, readonly, preserves_flags));
        }
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let _ = addr;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statm_is_read_in_pages() {
        assert_eq!(parse_statm("5000 321 200 10 0 400 0\n", 4096), Some(321 * 4096));
        assert_eq!(parse_statm("5000", 4096), None);
        assert_eq!(parse_statm("5000 x", 4096), None);
        assert_eq!(parse_statm("1 18446744073709551615", 4096), None);
    }

    #[test]
    fn pages_have_a_sensible_size() {
        assert!(page_size().is_power_of_two() && page_size() >= 4096);
    }

    #[test]
    fn any_address_may_be_prefetched() {
        let word = 7_u64;
        for addr in [0, 1, usize::MAX, 1 << 47, (&raw const word).addr()] {
            prefetch(addr);
        }
        assert_eq!(word, 7);
    }
}
