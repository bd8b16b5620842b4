//! Loads and stores.

use super::super::state::{Dispatch, State};
use super::{Proc, fault, handlers};
use crate::runtime::object::Memory;

macro_rules! load {
    ($($name:ident: $ty:ty as $wide:ty;)*) => {
        handlers! {
            $($name(s) {
                let base = s.get(s.b()) as usize;
                if base == 0 {
                    return s.cold(fault::<D>);
                }
                let value = *((base + s.c()) as *const $ty);
                s.put::<D>(<$wide>::from(value) as u64);
            })*
        }
    };
}

macro_rules! store {
    ($($name:ident: $ty:ty;)*) => {
        handlers! {
            $($name(s) {
                let base = s.get(s.a()) as usize;
                if base == 0 {
                    return s.cold(fault::<D>);
                }
                *((base + s.c()) as *mut $ty) = s.get(s.b()) as $ty;
                s.next::<D>(1);
            })*
        }
    };
}

load! {
    Ld8s: i8 as i64;
    Ld8u: u8 as u64;
    Ld16s: i16 as i64;
    Ld16u: u16 as u64;
    Ld32s: i32 as i64;
    Ld32u: u32 as u64;
}

store! {
    St8: u8;
    St16: u16;
    St32: u32;
    St64: u64;
}

/// Loads a word, which may be a float.
macro_rules! load_word {
    ($($name:ident: |$s:ident| $base:expr;)*) => {
        handlers! {
            $($name($s) {
                let base = $base as usize;
                if base == 0 {
                    return $s.cold(fault::<D>);
                }
                let value = *((base + $s.c()) as *const u64);
                State { facc: f64::from_bits(value), ..$s }.put::<D>(value);
            })*
        }
    };
}

load_word! {
    Ld64: |s| s.get(s.b());
    Ld64B: |s| s.acc;
}

/// Adds to a word in memory.
macro_rules! add_to {
    ($($name:ident: |$s:ident, $old:ident| $new:expr;)*) => {
        handlers! {
            $($name($s) {
                let base = $s.get($s.a()) as usize;
                if base == 0 {
                    return $s.cold(fault::<D>);
                }
                let at = (base + $s.c()) as *mut u64;
                let $old = *at;
                *at = $new;
                $s.next::<D>(1);
            })*
        }
    };
}

add_to! {
    FaddTo: |s, old| (f64::from_bits(old) + f64::from_bits(s.get(s.b()))).to_bits();
    FaddToB: |s, old| (f64::from_bits(old) + s.facc).to_bits();
    FsubTo: |s, old| (f64::from_bits(old) - f64::from_bits(s.get(s.b()))).to_bits();
    FsubToB: |s, old| (f64::from_bits(old) - s.facc).to_bits();
    AddTo: |s, old| old.wrapping_add(s.get(s.b()));
    AddToI: |s, old| old.wrapping_add(s.b_imm() as u64);
}

handlers! {
    St64B(s) {
        let base = s.get(s.a()) as usize;
        if base == 0 {
            return s.cold(fault::<D>);
        }
        *((base + s.c()) as *mut u64) = s.acc;
        s.next::<D>(1);
    }
    LdF32(s) {
        let base = s.get(s.b()) as usize;
        if base == 0 {
            return s.cold(fault::<D>);
        }
        s.put_float::<D>(f64::from(*((base + s.c()) as *const f32)));
    }
    StF32(s) {
        let base = s.get(s.a()) as usize;
        if base == 0 {
            return s.cold(fault::<D>);
        }
        *((base + s.c()) as *mut f32) = f64::from_bits(s.get(s.b())) as f32;
        s.next::<D>(1);
    }
    Ld2(s) {
        let base = s.get(s.b()) as usize;
        if base == 0 {
            return s.cold(fault::<D>);
        }
        let pair = Memory::pair(base + s.c());
        s.set_pair(s.a(), pair);
        s.next::<D>(1);
    }
    LdT(s) {
        let base = s.get(s.b()) as usize;
        if base == 0 {
            return s.cold(fault::<D>);
        }
        (*s.cx).memory.load(s.low(), base + s.c(), s.slot(s.a()));
        s.next::<D>(2);
    }
    LdN(s) {
        let base = s.get(s.b()) as usize;
        if base == 0 {
            return s.cold(fault::<D>);
        }
        copy_words((base + s.c()) as *const u64, s.slot(s.a()), s.low() as usize);
        s.next::<D>(2);
    }
    StN(s) {
        let base = s.get(s.a()) as usize;
        if base == 0 {
            return s.cold(fault::<D>);
        }
        copy_words(s.slot(s.b()), (base + s.c()) as *mut u64, s.low() as usize);
        s.next::<D>(2);
    }
    StP(s) {
        let base = s.get(s.a()) as usize;
        if base == 0 {
            return s.cold(fault::<D>);
        }
        (*s.cx).memory.set_pointer(base + s.c(), s.get(s.b()));
        s.next::<D>(1);
    }
    St2(s) {
        let base = s.get(s.a()) as usize;
        if base == 0 {
            return s.cold(fault::<D>);
        }
        (*s.cx).memory.set_pair(base + s.c(), s.pair(s.b()));
        s.next::<D>(1);
    }
    StI(s) {
        let base = s.get(s.a()) as usize;
        if base == 0 {
            return s.cold(fault::<D>);
        }
        (*s.cx).memory.set_tagged(base + s.c(), s.pair(s.b()));
        s.next::<D>(1);
    }
    StT(s) {
        let base = s.get(s.a()) as usize;
        if base == 0 {
            return s.cold(fault::<D>);
        }
        store(s.cx, s.low(), base + s.c(), s.slot(s.b()));
        State { acc: 0, facc: 0.0, ..s }.next::<D>(2);
    }
    CopyT(s) {
        let (to, from) = (s.get(s.a()) as usize, s.get(s.b()) as usize);
        if to == 0 || from == 0 {
            return s.cold(fault::<D>);
        }
        copy(s.cx, s.low(), to, from);
        State { acc: 0, facc: 0.0, ..s }.next::<D>(2);
    }
    ZeroT(s) {
        let at = s.get(s.a()) as usize;
        if at == 0 {
            return s.cold(fault::<D>);
        }
        clear(s.cx, s.low(), at);
        State { acc: 0, facc: 0.0, ..s }.next::<D>(2);
    }
    Check(s) {
        if s.get(s.a()) == 0 {
            return s.cold(fault::<D>);
        }
        s.next::<D>(1);
    }
    Lea(s) {
        let base = s.get(s.b());
        if base == 0 {
            return s.cold(fault::<D>);
        }
        s.put::<D>(base + s.c() as u64);
    }
    Global(s) {
        let address = (*s.cx).globals as u64 + u64::from(s.long());
        s.put::<D>(address);
    }
    FrameAddr(s) {
        let address = s.slot(s.b()) as u64;
        s.put::<D>(address);
    }
}

/// Copies words between a frame and the heap; most often there are few.
#[inline(always)]
unsafe fn copy_words(from: *const u64, to: *mut u64, count: usize) {
    // SAFETY: verified code has so many words in both places, which do not overlap.
    unsafe {
        for i in 0..count {
            // Else this would be a call, over which registers have to be kept.
            std::arch::asm!("", options(nomem, nostack, preserves_flags));
            *to.add(i) = *from.add(i);
        }
    }
}

#[inline(never)]
unsafe fn store(cx: *mut Proc, ty: u32, at: usize, slots: *const u64) {
    // SAFETY: the processor is the handler's, which keeps no reference to it; verified code has a value of the type in
    // the slots and its address in the other operand.
    unsafe { (*cx).memory.store(ty, at, slots) };
}

#[inline(never)]
unsafe fn copy(cx: *mut Proc, ty: u32, to: usize, from: usize) {
    // SAFETY: as above.
    unsafe { (*cx).memory.copy(ty, to, from, 1) };
}

#[inline(never)]
unsafe fn clear(cx: *mut Proc, ty: u32, at: usize) {
    // SAFETY: as above.
    unsafe { (*cx).memory.clear(ty, at, 1) };
}
