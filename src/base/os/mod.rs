//! The operating system, as far as the memory manager needs it: address space, clocks, prefetching.
//!
//! The only place that maps memory. Linux is what is used and tested; other systems with `mmap` should work, with
//! their own meaning of giving memory back.

pub mod clock;
pub mod reservation;

pub use reservation::Reservation;

/// Asks the processor to load the cache line of an address. Any address is allowed; nothing happens if it is bad.
#[inline(always)]
pub fn prefetch(address: usize) {
    let pointer = std::ptr::without_provenance::<u8>(address);
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch reads nothing as far as the program can tell, and never faults.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(pointer.cast());
    }
    #[cfg(target_arch = "aarch64")]
    // SAFETY: as above.
    unsafe {
        std::arch::asm!("prfm pldl1keep, [{p}]", p = in(reg) pointer, options(nostack, readonly, preserves_flags));
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let _ = pointer;
}
