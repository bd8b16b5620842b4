//! Pairs of words that move whole.
//!
//! The marker reads a tagged pair while a mutator may write it. If it saw the tag of one value with the payload of
//! another it could take a scalar for a pointer. So pairs are 16-byte aligned, and written and read by one
//! instruction each: on x86-64 an aligned 16-byte load or store is atomic on every processor with AVX (Intel's and
//! AMD's manuals say so), and on aarch64 a load or store of a pair is from ARMv8.4 on. They are written in assembly
//! because the language has no such access.

/// Reads the pair at an address: 16-byte aligned, in a mapped span or a root.
#[inline]
pub fn load(at: usize) -> [usize; 2] {
    debug_assert!(at.is_multiple_of(16));
    let source = std::ptr::with_exposed_provenance::<usize>(at);
    #[cfg(target_arch = "x86_64")]
    // SAFETY: the callers' addresses are 16-byte aligned and mapped; the instruction only reads.
    unsafe {
        let value: std::arch::x86_64::__m128i;
        std::arch::asm!(
            "movdqa {v}, [{p}]",
            v = out(xmm_reg) value,
            p = in(reg) source,
            options(nostack, readonly, preserves_flags)
        );
        std::mem::transmute(value)
    }
    #[cfg(target_arch = "aarch64")]
    // SAFETY: as above.
    unsafe {
        let (first, second): (usize, usize);
        std::arch::asm!(
            "ldp {a}, {b}, [{p}]",
            a = out(reg) first,
            b = out(reg) second,
            p = in(reg) source,
            options(nostack, readonly, preserves_flags)
        );
        [first, second]
    }
}

/// Writes a pair.
///
/// # Safety
/// `slot` is 16-byte aligned and valid for writes of 16 bytes.
#[inline]
pub unsafe fn store(slot: *mut [usize; 2], value: [usize; 2]) {
    debug_assert!(slot.addr().is_multiple_of(16));
    #[cfg(target_arch = "x86_64")]
    // SAFETY: the caller's slot is aligned and valid for writes.
    unsafe {
        let value: std::arch::x86_64::__m128i = std::mem::transmute(value);
        std::arch::asm!(
            "movdqa [{p}], {v}",
            v = in(xmm_reg) value,
            p = in(reg) slot,
            options(nostack, preserves_flags)
        );
    }
    #[cfg(target_arch = "aarch64")]
    // SAFETY: as above.
    unsafe {
        std::arch::asm!(
            "stp {a}, {b}, [{p}]",
            a = in(reg) value[0],
            b = in(reg) value[1],
            p = in(reg) slot,
            options(nostack, preserves_flags)
        );
    }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
compile_error!("the collector needs 16-byte loads and stores that are atomic");

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_stored_is_loaded_whole() {
        #[repr(align(16))]
        struct Pair([usize; 2]);
        let mut pair = Box::new(Pair([0; 2]));
        let slot = &raw mut pair.0;
        let at = slot.expose_provenance();
        let stop = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let slot = std::ptr::with_exposed_provenance_mut(at);
                for i in 0..200_000 {
                    // SAFETY: the box is aligned and outlives the scope.
                    unsafe { super::store(slot, [i, !i]) };
                }
                stop.store(true, std::sync::atomic::Ordering::Relaxed);
            });
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                let [a, b] = super::load(at);
                assert!(b == !a || (a, b) == (0, 0), "{a:x} {b:x}");
            }
        });
    }
}
