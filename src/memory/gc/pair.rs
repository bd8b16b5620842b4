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

/// Writes a pair if another is there, in one step with all other such steps; whether it was there.
///
/// # Safety
/// As for [`store`].
#[inline]
pub unsafe fn compare_exchange(slot: *mut [usize; 2], old: [usize; 2], new: [usize; 2]) -> bool {
    debug_assert!(slot.addr().is_multiple_of(16));
    #[cfg(target_arch = "x86_64")]
    // SAFETY: the caller's slot is aligned and valid for writes. The instruction wants a word of the new pair in `rbx`,
    // which the compiler keeps for itself: it is put there and taken back inside. The other operands have registers by
    // name, because one that the compiler chooses may be `rbx`.
    unsafe {
        let done: u8;
        std::arch::asm!(
            "xchg rsi, rbx",
            "lock cmpxchg16b [rdi]",
            "sete r8b",
            "mov rbx, rsi",
            inout("rsi") new[0] => _,
            in("rdi") slot,
            out("r8b") done,
            in("rcx") new[1],
            inout("rax") old[0] => _,
            inout("rdx") old[1] => _,
            options(nostack)
        );
        done != 0
    }
    #[cfg(target_arch = "aarch64")]
    // SAFETY: as above; the loop ends when no other access comes in between.
    unsafe {
        let differs: usize;
        std::arch::asm!(
            "2:",
            "ldaxp {a}, {b}, [{p}]",
            "cmp {a}, {x}",
            "ccmp {b}, {y}, #0, eq",
            "cset {differs}, ne",
            // What was read counts only if it can be written back.
            "csel {a}, {v}, {a}, eq",
            "csel {b}, {w}, {b}, eq",
            "stlxp {failed:w}, {a}, {b}, [{p}]",
            "cbnz {failed:w}, 2b",
            a = out(reg) _,
            b = out(reg) _,
            failed = out(reg) _,
            differs = out(reg) differs,
            x = in(reg) old[0],
            y = in(reg) old[1],
            v = in(reg) new[0],
            w = in(reg) new[1],
            p = in(reg) slot,
            options(nostack)
        );
        differs == 0
    }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
compile_error!("the collector needs 16-byte loads and stores that are atomic");

#[cfg(test)]
mod tests {
    #[repr(align(16))]
    struct Pair([usize; 2]);

    #[test]
    fn a_pair_is_exchanged_only_for_the_expected_one() {
        let mut pair = Box::new(Pair([1, 2]));
        let slot = &raw mut pair.0;
        // SAFETY: the box is aligned and valid.
        unsafe {
            assert!(!super::compare_exchange(slot, [1, 3], [7, 8]));
            assert!(!super::compare_exchange(slot, [3, 2], [7, 8]));
            assert!(super::compare_exchange(slot, [1, 2], [7, 8]));
        }
        assert_eq!(pair.0, [7, 8]);
    }

    #[test]
    fn exchanges_of_several_threads_are_not_lost() {
        let mut pair = Box::new(Pair([0, !0]));
        let at = (&raw mut pair.0).expose_provenance();
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    let slot = std::ptr::with_exposed_provenance_mut(at);
                    for _ in 0..20_000 {
                        loop {
                            let [n, m] = super::load(at);
                            assert_eq!(m, !n);
                            // SAFETY: the box is aligned and outlives the scope.
                            if unsafe { super::compare_exchange(slot, [n, m], [n + 1, !(n + 1)]) } {
                                break;
                            }
                        }
                    }
                });
            }
        });
        assert_eq!(super::load(at), [60_000, !60_000]);
    }

    #[test]
    fn what_is_stored_is_loaded_whole() {
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
