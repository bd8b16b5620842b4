//! Integers.

use super::super::state::{Dispatch, State};
use super::{Proc, fault, handlers};

macro_rules! binary {
    ($($name:ident: |$x:ident, $y:ident| $value:expr;)*) => {
        handlers! {
            $($name(s) {
                let ($x, $y) = (s.get(s.b()), s.get(s.c()));
                s.put::<D>($value);
            })*
        }
    };
}

macro_rules! immediate {
    ($($name:ident: |$x:ident, $y:ident| $value:expr;)*) => {
        handlers! {
            $($name(s) {
                let ($x, $y) = (s.get(s.b()), s.imm() as u64);
                s.put::<D>($value);
            })*
        }
    };
}

macro_rules! unary {
    ($($name:ident: |$x:ident| $value:expr;)*) => {
        handlers! {
            $($name(s) {
                let $x = s.get(s.b());
                s.put::<D>($value);
            })*
        }
    };
}

/// Divisions: a zero divisor is a fault.
macro_rules! division {
    ($($name:ident: |$x:ident, $y:ident| $value:expr;)*) => {
        handlers! {
            $($name(s) {
                let ($x, $y) = (s.get(s.b()), s.get(s.c()));
                if $y == 0 {
                    return s.cold(fault::<D>);
                }
                s.put::<D>($value);
            })*
        }
    };
}

binary! {
    Add: |x, y| x.wrapping_add(y);
    Sub: |x, y| x.wrapping_sub(y);
    Mul: |x, y| x.wrapping_mul(y);
    And: |x, y| x & y;
    Or: |x, y| x | y;
    Xor: |x, y| x ^ y;
    AndNot: |x, y| x & !y;
    Shl: |x, y| if y < 64 { x << y } else { 0 };
    Shr: |x, y| (x as i64 >> y.min(63)) as u64;
    Ushr: |x, y| if y < 64 { x >> y } else { 0 };
    Eq: |x, y| u64::from(x == y);
    Ne: |x, y| u64::from(x != y);
    Lt: |x, y| u64::from((x as i64) < y as i64);
    Le: |x, y| u64::from(x as i64 <= y as i64);
    Ult: |x, y| u64::from(x < y);
    Ule: |x, y| u64::from(x <= y);
    Add32s: |x, y| i64::from(x.wrapping_add(y) as i32) as u64;
    Sub32s: |x, y| i64::from(x.wrapping_sub(y) as i32) as u64;
    Mul32s: |x, y| i64::from(x.wrapping_mul(y) as i32) as u64;
    Add32u: |x, y| u64::from(x.wrapping_add(y) as u32);
    Sub32u: |x, y| u64::from(x.wrapping_sub(y) as u32);
    Mul32u: |x, y| u64::from(x.wrapping_mul(y) as u32);
    Shl32u: |x, y| if y < 64 { u64::from((x << y) as u32) } else { 0 };
}

immediate! {
    AddI: |x, y| x.wrapping_add(y);
    MulI: |x, y| x.wrapping_mul(y);
    AndI: |x, y| x & y;
    OrI: |x, y| x | y;
    XorI: |x, y| x ^ y;
    DivP2: |x, y| (rounding(x, y).wrapping_add(x) as i64 >> (y & 63)) as u64;
    RemP2: |x, y| {
        let biased = rounding(x, y).wrapping_add(x);
        x.wrapping_sub(biased >> (y & 63) << (y & 63))
    };
    ShlI: |x, y| x << (y & 63);
    ShrI: |x, y| (x as i64 >> (y & 63)) as u64;
    UshrI: |x, y| x >> (y & 63);
    AddI32s: |x, y| i64::from(x.wrapping_add(y) as i32) as u64;
    MulI32s: |x, y| i64::from(x.wrapping_mul(y) as i32) as u64;
    ShlI32s: |x, y| i64::from((x << (y & 63)) as i32) as u64;
    AddI32u: |x, y| u64::from(x.wrapping_add(y) as u32);
    MulI32u: |x, y| u64::from(x.wrapping_mul(y) as u32);
    ShlI32u: |x, y| u64::from((x << (y & 63)) as u32);
}

/// What a dividend needs so that a shift rounds its quotient by a power of two towards zero.
#[inline(always)]
fn rounding(x: u64, power: u64) -> u64 {
    (x as i64 >> 63) as u64 & !(u64::MAX << (power & 63))
}

unary! {
    Neg: |x| x.wrapping_neg();
    Not: |x| !x;
    NotB: |x| x ^ 1;
    Ext8s: |x| i64::from(x as i8) as u64;
    Ext16s: |x| i64::from(x as i16) as u64;
    Ext32s: |x| i64::from(x as i32) as u64;
    Ext8u: |x| u64::from(x as u8);
    Ext16u: |x| u64::from(x as u16);
    Ext32u: |x| u64::from(x as u32);
}

division! {
    Div: |x, y| (x as i64).wrapping_div(y as i64) as u64;
    Rem: |x, y| (x as i64).wrapping_rem(y as i64) as u64;
    Udiv: |x, y| x / y;
    Urem: |x, y| x % y;
}

handlers! {
    DivI(s) {
        let (x, y) = (s.get(s.b()) as i64, s.imm());
        // The divisor is not zero, which is not said twice.
        s.put::<D>(x.checked_div(y).unwrap_or(x.wrapping_neg()) as u64);
    }
    RemI(s) {
        let (x, y) = (s.get(s.b()) as i64, s.imm());
        s.put::<D>(x.checked_rem(y).unwrap_or(0) as u64);
    }
    CheckShift(s) {
        if (s.get(s.a()) as i64) < 0 {
            return s.cold(fault::<D>);
        }
        s.next::<D>(1);
    }
}

/// As `binary`, with operand `b` from the accumulator.
macro_rules! binary_b {
    ($($name:ident: |$x:ident, $y:ident| $value:expr;)*) => {
        handlers! {
            $($name(s) {
                let ($x, $y) = (s.acc, s.get(s.c()));
                s.put::<D>($value);
            })*
        }
    };
}

/// As `binary`, with operand `c` from the accumulator.
macro_rules! binary_c {
    ($($name:ident: |$x:ident, $y:ident| $value:expr;)*) => {
        handlers! {
            $($name(s) {
                let ($x, $y) = (s.get(s.b()), s.acc);
                s.put::<D>($value);
            })*
        }
    };
}

/// As `immediate`, with operand `b` from the accumulator.
macro_rules! immediate_b {
    ($($name:ident: |$x:ident, $y:ident| $value:expr;)*) => {
        handlers! {
            $($name(s) {
                let ($x, $y) = (s.acc, s.imm() as u64);
                s.put::<D>($value);
            })*
        }
    };
}

binary_b! {
    AddB: |x, y| x.wrapping_add(y);
    SubB: |x, y| x.wrapping_sub(y);
    MulB: |x, y| x.wrapping_mul(y);
    AndB: |x, y| x & y;
    OrB: |x, y| x | y;
    XorB: |x, y| x ^ y;
    AndNotB: |x, y| x & !y;
    ShlB: |x, y| if y < 64 { x << y } else { 0 };
    ShrB: |x, y| (x as i64 >> y.min(63)) as u64;
    UshrB: |x, y| if y < 64 { x >> y } else { 0 };
}

binary_c! {
    AddC: |x, y| x.wrapping_add(y);
    SubC: |x, y| x.wrapping_sub(y);
    MulC: |x, y| x.wrapping_mul(y);
    AndC: |x, y| x & y;
    OrC: |x, y| x | y;
    XorC: |x, y| x ^ y;
    AndNotC: |x, y| x & !y;
    ShlC: |x, y| if y < 64 { x << y } else { 0 };
    ShrC: |x, y| (x as i64 >> y.min(63)) as u64;
    UshrC: |x, y| if y < 64 { x >> y } else { 0 };
}

immediate_b! {
    AddIB: |x, y| x.wrapping_add(y);
    MulIB: |x, y| x.wrapping_mul(y);
    AndIB: |x, y| x & y;
    ShlIB: |x, y| x << (y & 63);
    ShrIB: |x, y| (x as i64 >> (y & 63)) as u64;
    UshrIB: |x, y| x >> (y & 63);
}

handlers! {
    AddL(s) {
        let at = s.get(s.c());
        if at == 0 {
            return s.cold(fault::<D>);
        }
        let sum = s.get(s.b()).wrapping_add(*((at + u64::from(s.low())) as *const u64));
        s.set(s.a(), sum);
        State { acc: sum, ..s }.next::<D>(2);
    }
}
