//! Jumps.

use std::cmp::Ordering::{Equal, Less};

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
                let ($x, $y) = (s.get(s.a()) as i64, s.b_imm());
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
    JFnlt: |x, y| f64::from_bits(x).partial_cmp(&f64::from_bits(y)) != Some(Less);
    JFnle: |x, y| !matches!(
        f64::from_bits(x).partial_cmp(&f64::from_bits(y)),
        Some(Less | Equal)
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
        if s.is_asked() {
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
    #[inline(never)]
    poll(s) {
        let target = s.pc.offset(s.long() as i32 as isize + 1);
        let next = polled(s.cx, target, s.fp);
        resume::<D>(s.cx, next, s.asked);
    }
}

#[inline(never)]
unsafe fn polled(cx: *mut Proc, pc: *const u64, fp: *mut u64) -> super::Next {
    // SAFETY: the processor is the handler's, which keeps no reference to it.
    unsafe { (*cx).safepoint(pc, fp) }
}

/// As `branch`, with an operand from the accumulator.
macro_rules! branch_forwarded {
    ($($name:ident: |$s:ident, $x:ident, $y:ident| ($a:expr, $b:expr), $holds:expr;)*) => {
        handlers! {
            $($name($s) {
                let ($x, $y) = ($a, $b);
                if $holds {
                    return $s.jump::<D>($s.imm());
                }
                $s.next::<D>(1);
            })*
        }
    };
}

branch_forwarded! {
    JEqA: |s, x, y| (s.acc, s.get(s.b())), x == y;
    JEqB: |s, x, y| (s.get(s.a()), s.acc), x == y;
    JNeA: |s, x, y| (s.acc, s.get(s.b())), x != y;
    JNeB: |s, x, y| (s.get(s.a()), s.acc), x != y;
    JLtA: |s, x, y| (s.acc, s.get(s.b())), (x as i64) < y as i64;
    JLtB: |s, x, y| (s.get(s.a()), s.acc), (x as i64) < y as i64;
    JLeA: |s, x, y| (s.acc, s.get(s.b())), x as i64 <= y as i64;
    JLeB: |s, x, y| (s.get(s.a()), s.acc), x as i64 <= y as i64;
    JUltA: |s, x, y| (s.acc, s.get(s.b())), x < y;
    JUltB: |s, x, y| (s.get(s.a()), s.acc), x < y;
    JUleA: |s, x, y| (s.acc, s.get(s.b())), x <= y;
    JUleB: |s, x, y| (s.get(s.a()), s.acc), x <= y;
    JFeqA: |s, x, y| (s.facc, f64::from_bits(s.get(s.b()))), x == y;
    JFeqB: |s, x, y| (f64::from_bits(s.get(s.a())), s.facc), x == y;
    JFneA: |s, x, y| (s.facc, f64::from_bits(s.get(s.b()))), x != y;
    JFneB: |s, x, y| (f64::from_bits(s.get(s.a())), s.facc), x != y;
    JFltA: |s, x, y| (s.facc, f64::from_bits(s.get(s.b()))), x < y;
    JFltB: |s, x, y| (f64::from_bits(s.get(s.a())), s.facc), x < y;
    JFleA: |s, x, y| (s.facc, f64::from_bits(s.get(s.b()))), x <= y;
    JFleB: |s, x, y| (f64::from_bits(s.get(s.a())), s.facc), x <= y;
    JFnltA: |s, x, y| (s.facc, f64::from_bits(s.get(s.b()))), x.partial_cmp(&y) != Some(Less);
    JFnltB: |s, x, y| (f64::from_bits(s.get(s.a())), s.facc), x.partial_cmp(&y) != Some(Less);
    JFnleA: |s, x, y| (s.facc, f64::from_bits(s.get(s.b()))), !matches!(x.partial_cmp(&y), Some(Less | Equal));
    JFnleB: |s, x, y| (f64::from_bits(s.get(s.a())), s.facc), !matches!(x.partial_cmp(&y), Some(Less | Equal));
    JEqIA: |s, x, y| (s.acc as i64, s.b_imm()), x == y;
    JNeIA: |s, x, y| (s.acc as i64, s.b_imm()), x != y;
    JLtIA: |s, x, y| (s.acc as i64, s.b_imm()), x < y;
    JLeIA: |s, x, y| (s.acc as i64, s.b_imm()), x <= y;
    JGtIA: |s, x, y| (s.acc as i64, s.b_imm()), x > y;
    JGeIA: |s, x, y| (s.acc as i64, s.b_imm()), x >= y;
}

/// Back to a loop's head.
macro_rules! repeat {
    ($($name:ident: |$s:ident, $x:ident, $y:ident| ($a:expr, $b:expr), $holds:expr;)*) => {
        handlers! {
            $($name($s) {
                let ($x, $y) = ($a, $b);
                if $holds {
                    if $s.is_asked() {
                        return $s.cold(poll_short::<D>);
                    }
                    return $s.jump::<D>($s.imm());
                }
                $s.next::<D>(1);
            })*
        }
    };
}

repeat! {
    LoopLt: |s, x, y| (s.get(s.a()) as i64, s.get(s.b()) as i64), x < y;
    LoopLe: |s, x, y| (s.get(s.a()) as i64, s.get(s.b()) as i64), x <= y;
    LoopLtI: |s, x, y| (s.get(s.a()) as i64, s.b_imm()), x < y;
    LoopLeI: |s, x, y| (s.get(s.a()) as i64, s.b_imm()), x <= y;
    LoopGtI: |s, x, y| (s.get(s.a()) as i64, s.b_imm()), x > y;
    LoopGeI: |s, x, y| (s.get(s.a()) as i64, s.b_imm()), x >= y;
    LoopNeI: |s, x, y| (s.get(s.a()) as i64, s.b_imm()), x != y;
    IncLt: |s, x, y| (increment(s), s.get(s.b()) as i64), x < y;
    IncLtI: |s, x, y| (increment(s), s.b_imm()), x < y;
    IncLe: |s, x, y| (increment(s), s.get(s.b()) as i64), x <= y;
    IncLeI: |s, x, y| (increment(s), s.b_imm()), x <= y;
    DecGtI: |s, x, y| (decrement(s), s.b_imm()), x > y;
    DecGeI: |s, x, y| (decrement(s), s.b_imm()), x >= y;
    IncLtLen: |s, x, y| (increment(s), i64::from(s.pair(s.b())[1] as u32)), x < y;
}

/// Adds one to operand `a`.
#[inline(always)]
fn increment(s: State) -> i64 {
    let value = s.get(s.a()).wrapping_add(1);
    s.set(s.a(), value);
    value as i64
}

/// Takes one from operand `a`.
#[inline(always)]
fn decrement(s: State) -> i64 {
    let value = s.get(s.a()).wrapping_sub(1);
    s.set(s.a(), value);
    value as i64
}

/// Returns if a comparison holds.
macro_rules! return_if {
    ($($name:ident: |$x:ident, $y:ident| $holds:expr;)*) => {
        handlers! {
            $($name(s) {
                let ($x, $y) = (s.get(s.a()) as i64, s.b_imm());
                if $holds {
                    return s.ret::<D>();
                }
                s.next::<D>(1);
            })*
        }
    };
}

return_if! {
    RetEqI: |x, y| x == y;
    RetNeI: |x, y| x != y;
    RetLtI: |x, y| x < y;
    RetLeI: |x, y| x <= y;
    RetGtI: |x, y| x > y;
    RetGeI: |x, y| x >= y;
}

handlers! {
    Table(s) {
        let (entry, count) = (s.get(s.a()).wrapping_sub(s.b_imm() as u64), s.c());
        if entry >= count as u64 {
            return s.next::<D>(1 + count);
        }
        let jump = State { pc: s.pc.add(1 + entry as usize), ..s };
        jump.jump::<D>(i64::from(jump.long() as i32));
    }
    AddLt(s) {
        let value = s.get(s.a()).wrapping_add(s.get(s.ext_slot())) as i64;
        s.set(s.a(), value as u64);
        if value < s.get(s.b()) as i64 {
            if s.is_asked() {
                return s.cold(poll_long::<D>);
            }
            return s.jump::<D>(s.imm() + 1);
        }
        s.next::<D>(2);
    }
    JmpTA(s) {
        if s.acc != 0 {
            return s.jump::<D>(i64::from(s.long() as i32));
        }
        s.next::<D>(1);
    }
    JmpFA(s) {
        if s.acc == 0 {
            return s.jump::<D>(i64::from(s.long() as i32));
        }
        s.next::<D>(1);
    }
    /// A safepoint before the loop's next turn, where the distance is the third operand.
    #[cold]
    #[inline(never)]
    poll_short(s) {
        let target = s.pc.offset(s.imm() as isize + 1);
        let next = polled(s.cx, target, s.fp);
        resume::<D>(s.cx, next, s.asked);
    }
    /// The same for an instruction of two words.
    #[cold]
    #[inline(never)]
    poll_long(s) {
        let target = s.pc.offset(s.imm() as isize + 2);
        let next = polled(s.cx, target, s.fp);
        resume::<D>(s.cx, next, s.asked);
    }
}
