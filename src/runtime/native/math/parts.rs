//! Fractions and exponents, rounding and remainders.

/// "Not a number", with Go's bits.
pub const NAN: f64 = f64::from_bits(0x7FF8_0000_0000_0001);

const EXPONENT: u64 = 0x7FF << 52;
const BIAS: i64 = 1023;

/// The polynomial with these coefficients, that of the highest power last, after Horner.
#[inline]
pub fn poly(x: f64, coefficients: &[f64]) -> f64 {
    let Some((last, rest)) = coefficients.split_last() else { return 0.0 };
    rest.iter().rev().fold(*last, |sum, coefficient| sum * x + coefficient)
}

/// The bits of a `float32`, which a slot holds as a `float64`: those of a signalling NaN are kept.
pub fn single_bits(value: f64) -> u32 {
    if !value.is_nan() {
        return (value as f32).to_bits();
    }
    let bits = value.to_bits();
    let payload = (bits >> 29) as u32 & 0x7F_FFFF;
    // A payload that only has lower bits would make it an infinity.
    (bits >> 32) as u32 & 1 << 31 | 0x7F80_0000 | if payload == 0 { 1 << 22 } else { payload }
}

/// The `float32` with these bits, as a slot holds it.
pub fn from_single_bits(bits: u32) -> f64 {
    let value = f32::from_bits(bits);
    if !value.is_nan() {
        return f64::from(value);
    }
    f64::from_bits(u64::from(bits >> 31) << 63 | EXPONENT | u64::from(bits & 0x7F_FFFF) << 29)
}

/// A number that is not 0 as one with an implicit highest bit and a power of two.
fn normalized(x: f64) -> (f64, i64) {
    if x.abs() < f64::MIN_POSITIVE { (x * (1_u64 << 52) as f64, -52) } else { (x, 0) }
}

/// A fraction of at least a half and less than 1, and the power of two that makes it the number.
pub fn frexp(x: f64) -> (f64, i64) {
    if x == 0.0 || !x.is_finite() {
        return (x, 0);
    }
    let (x, exponent) = normalized(x);
    let bits = x.to_bits();
    let own = ((bits & EXPONENT) >> 52) as i64 - BIAS + 1;
    (f64::from_bits(bits & !EXPONENT | ((BIAS - 1) as u64) << 52), exponent + own)
}

/// `fraction` × 2^`exponent`. Exponents near the greatest integer overflow, as they do in Go.
pub fn ldexp(fraction: f64, exponent: i64) -> f64 {
    if fraction == 0.0 || !fraction.is_finite() {
        return fraction;
    }
    let (normal, shift) = normalized(fraction);
    let bits = normal.to_bits();
    let exponent = exponent.wrapping_add(shift).wrapping_add(((bits & EXPONENT) >> 52) as i64 - BIAS);
    if exponent < -1075 {
        return 0_f64.copysign(fraction);
    }
    if exponent > BIAS {
        return f64::INFINITY.copysign(fraction);
    }
    let with = |exponent: i64| f64::from_bits(bits & !EXPONENT | ((exponent + BIAS) as u64) << 52);
    if exponent < 1 - BIAS {
        // One rounding, of a number whose bits are all there.
        return with(exponent + 53) / (1_u64 << 53) as f64;
    }
    with(exponent)
}

/// The larger one.
pub fn max(x: f64, y: f64) -> f64 {
    if x == f64::INFINITY || y == f64::INFINITY {
        return f64::INFINITY;
    }
    if x.is_nan() || y.is_nan() {
        return NAN;
    }
    // Zeros of both signs are equal.
    if x > y || x == y && y.is_sign_negative() { x } else { y }
}

/// The smaller one.
pub fn min(x: f64, y: f64) -> f64 {
    if x == f64::NEG_INFINITY || y == f64::NEG_INFINITY {
        return f64::NEG_INFINITY;
    }
    if x.is_nan() || y.is_nan() {
        return NAN;
    }
    if x < y || x == y && x.is_sign_negative() { x } else { y }
}

/// The remainder of x / y with the sign of x.
pub fn modulo(x: f64, y: f64) -> f64 {
    let result = x % y;
    if result.is_nan() { NAN } else { result }
}

/// What x is more or less than the multiple of y that is nearest to it.
pub fn remainder(x: f64, y: f64) -> f64 {
    if x.is_nan() || y.is_nan() || x.is_infinite() || y == 0.0 {
        return NAN;
    }
    if y.is_infinite() || x == 0.0 {
        return x;
    }
    let y = y.abs();
    // Less than twice y, unless that is too large a number.
    let mut rest = if y <= f64::MAX / 2.0 { x.abs() % (y + y) } else { x.abs() };
    if x.abs() == y {
        rest = 0.0;
    } else if y < 2.0 * f64::MIN_POSITIVE {
        // The half of such a small number may not exist.
        if rest + rest > y {
            rest -= y;
            if rest + rest >= y {
                rest -= y;
            }
        }
    } else if rest > 0.5 * y {
        rest -= y;
        if rest >= 0.5 * y {
            rest -= y;
        }
    }
    if x < 0.0 { -rest } else { rest }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions() {
        assert_eq!(frexp(8.0), (0.5, 4));
        assert_eq!(frexp(-5e-324), (-0.5, -1073));
        assert_eq!(ldexp(0.5, -1073), 5e-324);
        assert_eq!(ldexp(1.0, 1024), f64::INFINITY);
        assert_eq!(ldexp(0.75, -1073), 1e-323);
        assert_eq!(ldexp(4.0, i64::MAX), 0.0);
        assert_eq!(ldexp(-1.0, i64::MIN), 0.0);
    }

    #[test]
    fn singles() {
        for bits in [0, 1, 0x3F80_0000, 0x7F80_0000, 0x7F80_0001, 0xFFC0_0000, 0x8000_0000] {
            assert_eq!(single_bits(from_single_bits(bits)), bits);
        }
    }

    #[test]
    fn remainders() {
        assert_eq!((remainder(5.0, 3.0), remainder(7.5, 5.0), remainder(-2.5, 5.0)), (-1.0, -2.5, -2.5));
        let most = f64::MAX;
        assert_eq!(remainder(most, most / 1.5), most - most / 1.5);
        assert!(max(-0.0, 0.0).is_sign_positive() && min(0.0, -0.0).is_sign_negative());
        assert!(max(f64::NAN, 1.0).is_nan() && max(f64::NAN, f64::INFINITY) == f64::INFINITY);
    }
}
