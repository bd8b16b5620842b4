//! Jumps.

use super::super::state::{Dispatch, State};
use super::{Proc, handlers, resume};

macro_rules! branch {
    ($($name:ident: |$x:ident, $y:ident| $holds:expr;)*) => {
        handlers! {
            $($name(s) {
                let ($x, $y) = (s.get(s.a()), s.get(s.b()));
                if $holds {
                    return s.jump::<D>(s.imm());
                }
                s.next::<D>(1);
            })*
        }
    };
}

/// The second operand is a number.
macro_rules! branch_immediate {
    ($($name:ident: |$x:ident, $y:ident| $holds:expr;)*) => {
        handlers! {
            $($name(s) {
                let ($x, $y) = (s.get(s.a()) as i64, i64::from(s.b() as u16 as i16));
                if $holds {
                    return s.jump::<D>(s.imm());
                }
                s.next::<D>(1);
            })*
        }
    };
}

branch! {
    JEq: |x, y| x == y;
    JNe: |x, y| x != y;
    JLt: |x, y| (x as i64) < y as i64;
    JLe: |x, y| x as i64 <= y as i64;
    JUlt: |x, y| x < y;
    JUle: |x, y| x <= y;
    JFeq: |x, y| f64::from_bits(x) == f64::from_bits(y);
    JFne: |x, y| f64::from_bits(x) != f64::from_bits(y);
    JFlt: |x, y| f64::from_bits(x) < f64::from_bits(y);
    JFle: |x, y| f64::from_bits(x) <= f64::from_bits(y);
    // With a NaN these hold.
    JFnlt: |x, y| f64::from_bits(x).partial_cmp(&f64::from_bits(y)) != Some(std::cmp::Ordering::Less);
    JFnle: |x, y| !matches!(
        f64::from_bits(x).partial_cmp(&f64::from_bits(y)),
        Some(std::cmp::Ordering::Less | std::cmp::Ordering::Equal)
    );
}

branch_immediate! {
    JEqI: |x, y| x == y;
    JNeI: |x, y| x != y;
    JLtI: |x, y| x < y;
    JLeI: |x, y| x <= y;
    JGtI: |x, y| x > y;
    JGeI: |x, y| x >= y;
}

handlers! {
    Jmp(s) {
        s.jump::<D>(i64::from(s.long() as i32));
    }
    Loop(s) {
        if (*s.cx).memory.mutator.is_asked() {
            return s.cold(poll::<D>);
        }
        s.jump::<D>(i64::from(s.long() as i32));
    }
    JmpT(s) {
        if s.get(s.a()) != 0 {
            return s.jump::<D>(i64::from(s.long() as i32));
        }
        s.next::<D>(1);
    }
    JmpF(s) {
        if s.get(s.a()) == 0 {
            return s.jump::<D>(i64::from(s.long() as i32));
        }
        s.next::<D>(1);
    }
    /// A safepoint before the loop's next turn.
    #[cold]
    poll(s) {
        let target = s.pc.offset(s.long() as i32 as isize + 1);
        let next = polled(s.cx, target, s.fp);
        resume::<D>(s.cx, next, s.spare);
    }
}

#[inline(never)]
unsafe fn polled(cx: *mut Proc, pc: *const u64, fp: *mut u64) -> super::Next {
    // SAFETY: the processor is the handler's, which keeps no reference to it.
    unsafe { (*cx).safepoint(pc, fp) }
}
