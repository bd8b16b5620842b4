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
}

immediate! {
    AddI: |x, y| x.wrapping_add(y);
    MulI: |x, y| x.wrapping_mul(y);
    AndI: |x, y| x & y;
    ShlI: |x, y| x << (y & 63);
    ShrI: |x, y| (x as i64 >> (y & 63)) as u64;
    UshrI: |x, y| x >> (y & 63);
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
    CheckShift(s) {
        if (s.get(s.a()) as i64) < 0 {
            return s.cold(fault::<D>);
        }
        s.next::<D>(1);
    }
}
