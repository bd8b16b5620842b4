//! Floats.

use super::super::state::{Dispatch, State};
use super::{Proc, fault, handlers};

macro_rules! binary {
    ($($name:ident: |$x:ident, $y:ident| $value:expr;)*) => {
        handlers! {
            $($name(s) {
                let ($x, $y) = (f64::from_bits(s.get(s.b())), f64::from_bits(s.get(s.c())));
                s.put_float::<D>($value);
            })*
        }
    };
}

macro_rules! compare {
    ($($name:ident: |$x:ident, $y:ident| $value:expr;)*) => {
        handlers! {
            $($name(s) {
                let ($x, $y) = (f64::from_bits(s.get(s.b())), f64::from_bits(s.get(s.c())));
                s.put::<D>(u64::from($value));
            })*
        }
    };
}

binary! {
    Fadd: |x, y| x + y;
    Fsub: |x, y| x - y;
    Fmul: |x, y| x * y;
    Fdiv: |x, y| x / y;
    Fmin: |x, y| lesser(x, y);
    Fmax: |x, y| -lesser(-x, -y);
}

compare! {
    Feq: |x, y| x == y;
    Fne: |x, y| x != y;
    Flt: |x, y| x < y;
    Fle: |x, y| x <= y;
}

/// The smaller one; a NaN if there is one, and the negative of two zeros.
#[inline(always)]
fn lesser(x: f64, y: f64) -> f64 {
    if x.is_nan() || y.is_nan() {
        f64::NAN
    } else if x < y || (x == y && x.is_sign_negative()) {
        x
    } else {
        y
    }
}

/// An integer of a float: for values that fit none, what x86-64 gives, which programs of Go's users expect.
#[inline(always)]
fn to_int(x: f64) -> i64 {
    if (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&x) { x as i64 } else { i64::MIN }
}

#[inline(always)]
fn to_uint(x: f64) -> u64 {
    const HALF: f64 = 9_223_372_036_854_775_808.0;
    if x < HALF { to_int(x) as u64 } else { (to_int(x - HALF) as u64) ^ (1 << 63) }
}

handlers! {
    Fneg(s) {
        let x = f64::from_bits(s.get(s.b()));
        s.put_float::<D>(-x);
    }
    Fround(s) {
        let x = f64::from_bits(s.get(s.b()));
        s.put_float::<D>(f64::from(x as f32));
    }
    I2f(s) {
        let x = s.get(s.b()) as i64;
        s.put_float::<D>(x as f64);
    }
    U2f(s) {
        let x = s.get(s.b());
        s.put_float::<D>(x as f64);
    }
    I2s(s) {
        let x = s.get(s.b()) as i64;
        s.put_float::<D>(f64::from(x as f32));
    }
    U2s(s) {
        let x = s.get(s.b());
        s.put_float::<D>(f64::from(x as f32));
    }
    F2i(s) {
        let x = f64::from_bits(s.get(s.b()));
        s.put::<D>(to_int(x) as u64);
    }
    F2u(s) {
        let x = f64::from_bits(s.get(s.b()));
        s.put::<D>(to_uint(x));
    }
}

/// As `binary`, with operand `b` from the accumulator.
macro_rules! binary_b {
    ($($name:ident: |$x:ident, $y:ident| $value:expr;)*) => {
        handlers! {
            $($name(s) {
                let ($x, $y) = (s.facc, f64::from_bits(s.get(s.c())));
                s.put_float::<D>($value);
            })*
        }
    };
}

/// As `binary`, with operand `c` from the accumulator.
macro_rules! binary_c {
    ($($name:ident: |$x:ident, $y:ident| $value:expr;)*) => {
        handlers! {
            $($name(s) {
                let ($x, $y) = (f64::from_bits(s.get(s.b())), s.facc);
                s.put_float::<D>($value);
            })*
        }
    };
}

binary_b! {
    FaddB: |x, y| x + y;
    FsubB: |x, y| x - y;
    FmulB: |x, y| x * y;
    FdivB: |x, y| x / y;
}

binary_c! {
    FaddC: |x, y| x + y;
    FsubC: |x, y| x - y;
    FmulC: |x, y| x * y;
    FdivC: |x, y| x / y;
}

macro_rules! unary {
    ($($name:ident: |$x:ident| $value:expr;)*) => {
        handlers! {
            $($name(s) {
                let $x = f64::from_bits(s.get(s.b()));
                s.put_float::<D>($value);
            })*
        }
    };
}

unary! {
    Fsqrt: |x| x.sqrt();
    Fabs: |x| x.abs();
}

// What is a call without SSE4.1 is made outside, so that nothing has to be kept over it here.
unary! {
    Ffloor: |x| floor(x);
    Fceil: |x| ceil(x);
    Ftrunc: |x| trunc(x);
}

#[inline(never)]
fn floor(x: f64) -> f64 {
    x.floor()
}

#[inline(never)]
fn ceil(x: f64) -> f64 {
    x.ceil()
}

#[inline(never)]
fn trunc(x: f64) -> f64 {
    x.trunc()
}

/// Puts a float that an instruction of two words has computed, and goes on.
#[inline(always)]
unsafe fn put_long<D: Dispatch>(s: State, value: f64) {
    s.set(s.a(), value.to_bits());
    // SAFETY: a handler's state.
    unsafe { State { facc: value, ..s }.next::<D>(2) };
}

/// With the second operand from memory.
macro_rules! loaded {
    ($($name:ident: |$x:ident, $y:ident| $value:expr;)*) => {
        handlers! {
            $($name(s) {
                let at = s.get(s.c());
                if at == 0 {
                    return s.cold(fault::<D>);
                }
                let ($x, $y) = (f64::from_bits(s.get(s.b())), *((at + u64::from(s.low())) as *const f64));
                put_long::<D>(s, $value);
            })*
        }
    };
}

loaded! {
    FaddL: |x, y| x + y;
    FsubL: |x, y| x - y;
    FmulL: |x, y| x * y;
}

/// With both operands from memory.
macro_rules! both_loaded {
    ($($name:ident: |$x:ident, $y:ident| $value:expr;)*) => {
        handlers! {
            $($name(s) {
                let (b, c) = (s.get(s.b()), s.get(s.c()));
                if b == 0 || c == 0 {
                    return s.cold(fault::<D>);
                }
                let $x = *((b + u64::from(s.low())) as *const f64);
                let $y = *((c + u64::from(s.high())) as *const f64);
                put_long::<D>(s, $value);
            })*
        }
    };
}

both_loaded! {
    FaddLL: |x, y| x + y;
    FsubLL: |x, y| x - y;
    FmulLL: |x, y| x * y;
}

/// Adds a product to a slot or to what is in memory.
macro_rules! multiply {
    ($($slot:ident, $memory:ident: $sign:tt $assign:tt;)*) => {
        handlers! {
            $(
                $slot(s) {
                    let product = f64::from_bits(s.get(s.b())) * f64::from_bits(s.get(s.c()));
                    put_long::<D>(s, f64::from_bits(s.get(s.ext_slot())) $sign product);
                }
                $memory(s) {
                    let at = s.get(s.a());
                    if at == 0 {
                        return s.cold(fault::<D>);
                    }
                    let product = f64::from_bits(s.get(s.b())) * f64::from_bits(s.get(s.c()));
                    let place = (at + u64::from(s.low())) as *mut f64;
                    *place $assign product;
                    s.next::<D>(2);
                }
            )*
        }
    };
}

multiply! {
    FmulAdd, FmulAddTo: + +=;
    FmulSub, FmulSubTo: - -=;
}

/// `a ± b * c`, where the product's factors are given.
macro_rules! accumulate {
    ($($name:ident: |$s:ident| $y:expr, $z:expr, $sign:tt;)*) => {
        handlers! {
            $($name($s) {
                let product = $y * $z;
                let sum = f64::from_bits($s.get($s.a())) $sign product;
                $s.put_float::<D>(sum);
            })*
        }
    };
}

accumulate! {
    Fmac: |s| f64::from_bits(s.get(s.b())), f64::from_bits(s.get(s.c())), +;
    FmacB: |s| s.facc, f64::from_bits(s.get(s.c())), +;
    FmacC: |s| f64::from_bits(s.get(s.b())), s.facc, +;
    Fmsc: |s| f64::from_bits(s.get(s.b())), f64::from_bits(s.get(s.c())), -;
    FmscB: |s| s.facc, f64::from_bits(s.get(s.c())), -;
    FmscC: |s| f64::from_bits(s.get(s.b())), s.facc, -;
}
