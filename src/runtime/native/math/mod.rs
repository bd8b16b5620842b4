//! Package `math`.
//!
//! Programs print the last digit of what these functions return, so they have to be Go's algorithms with Go's order of
//! operations: those of FreeBSD's msun and of Cephes, and for `Exp`, `Log` and `Hypot` the ones that Go has for x86-64.
//! The C library, Rust's standard library and the crate `libm` differ from them in the last bit. The numbers in the
//! polynomials are those of msun and Cephes.
//!
//! - [`parts`]: fraction and exponent, rounding, remainders;
//! - [`power`]: powers, roots and logarithms;
//! - [`angle`]: trigonometric functions; [`hyperbolic`]: hyperbolic ones;
//! - [`erf`], [`gamma`], [`bessel`]: the special functions.

pub mod angle;
pub mod bessel;
pub mod erf;
pub mod gamma;
pub mod hyperbolic;
pub mod parts;
pub mod power;

use crate::runtime::interp::native::{Call, Flow, Table};
use crate::runtime::object::Trap;

pub(super) const TABLE: Table = &[
    ("Abs", |c| unary(c, f64::abs)),
    ("Acos", |c| unary(c, angle::acos)),
    ("Acosh", |c| unary(c, hyperbolic::acosh)),
    ("Asin", |c| unary(c, angle::asin)),
    ("Asinh", |c| unary(c, hyperbolic::asinh)),
    ("Atan", |c| unary(c, angle::atan)),
    ("Atan2", |c| binary(c, angle::atan2)),
    ("Atanh", |c| unary(c, hyperbolic::atanh)),
    ("Cbrt", |c| unary(c, power::cbrt)),
    ("Ceil", |c| unary(c, f64::ceil)),
    ("Cos", |c| unary(c, angle::cos)),
    ("Cosh", |c| unary(c, hyperbolic::cosh)),
    ("Erf", |c| unary(c, erf::erf)),
    ("Erfc", |c| unary(c, erf::erfc)),
    ("Erfinv", |c| unary(c, erf::erfinv)),
    ("Exp", |c| unary(c, power::exp)),
    ("Exp2", |c| unary(c, power::exp2)),
    ("Expm1", |c| unary(c, power::expm1)),
    ("FMA", |c| {
        let result = c.float().mul_add(c.float(), c.float());
        c.put_float(result);
        Ok(Flow::Done)
    }),
    ("Float32bits", |c| {
        let bits = parts::single_bits(c.float());
        c.put(u64::from(bits));
        Ok(Flow::Done)
    }),
    ("Float32frombits", |c| {
        let value = parts::from_single_bits(c.word() as u32);
        c.put_float(value);
        Ok(Flow::Done)
    }),
    ("Float64bits", same),
    ("Float64frombits", same),
    ("Floor", |c| unary(c, f64::floor)),
    ("Frexp", |c| {
        let (fraction, exponent) = parts::frexp(c.float());
        c.put_float(fraction);
        c.put_int(exponent);
        Ok(Flow::Done)
    }),
    ("Gamma", |c| unary(c, gamma::gamma)),
    ("Hypot", |c| binary(c, power::hypot)),
    ("J0", |c| unary(c, bessel::j0)),
    ("J1", |c| unary(c, bessel::j1)),
    ("Jn", |c| {
        let result = bessel::jn(c.int(), c.float());
        c.put_float(result);
        Ok(Flow::Done)
    }),
    ("Ldexp", |c| {
        let result = parts::ldexp(c.float(), c.int());
        c.put_float(result);
        Ok(Flow::Done)
    }),
    ("Lgamma", |c| {
        let (result, sign) = gamma::lgamma(c.float());
        c.put_float(result);
        c.put_int(sign);
        Ok(Flow::Done)
    }),
    ("Log", |c| unary(c, power::log)),
    ("Log10", |c| unary(c, power::log10)),
    ("Log1p", |c| unary(c, power::log1p)),
    ("Log2", |c| unary(c, power::log2)),
    ("Max", |c| binary(c, parts::max)),
    ("Min", |c| binary(c, parts::min)),
    ("Mod", |c| binary(c, parts::modulo)),
    ("Pow", |c| binary(c, power::pow)),
    ("Pow10", |c| {
        let result = power::pow10(c.int());
        c.put_float(result);
        Ok(Flow::Done)
    }),
    ("Remainder", |c| binary(c, parts::remainder)),
    ("Round", |c| unary(c, f64::round)),
    ("RoundToEven", |c| unary(c, f64::round_ties_even)),
    ("Sin", |c| unary(c, angle::sin)),
    ("Sincos", |c| {
        let (sin, cos) = angle::sincos(c.float());
        c.put_float(sin);
        c.put_float(cos);
        Ok(Flow::Done)
    }),
    ("Sinh", |c| unary(c, hyperbolic::sinh)),
    ("Sqrt", |c| unary(c, f64::sqrt)),
    ("Tan", |c| unary(c, angle::tan)),
    ("Tanh", |c| unary(c, hyperbolic::tanh)),
    ("Trunc", |c| unary(c, f64::trunc)),
    ("Y0", |c| unary(c, bessel::y0)),
    ("Y1", |c| unary(c, bessel::y1)),
    ("Yn", |c| {
        let result = bessel::yn(c.int(), c.float());
        c.put_float(result);
        Ok(Flow::Done)
    }),
];

fn unary(c: &mut Call<'_>, f: impl Fn(f64) -> f64) -> Result<Flow, Trap> {
    let x = c.float();
    c.put_float(f(x));
    Ok(Flow::Done)
}

fn binary(c: &mut Call<'_>, f: impl Fn(f64, f64) -> f64) -> Result<Flow, Trap> {
    let (x, y) = (c.float(), c.float());
    c.put_float(f(x, y));
    Ok(Flow::Done)
}

/// A slot holds the bits of a number already.
fn same(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let word = c.word();
    c.put(word);
    Ok(Flow::Done)
}
