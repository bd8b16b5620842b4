//! Powers, roots and logarithms.

use super::parts::{NAN, frexp, ldexp, poly};

const LN_2_HIGH: f64 = 0.6931471803691238;
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
const LOG2_E: f64 = std::f64::consts::LOG2_E;
const LN_2: f64 = std::f64::consts::LN_2;
/// The largest number with a finite power of e.
const EXP_LIMIT: f64 = 709.782_712_893_384;

/// e^x
pub fn exp(x: f64) -> f64 {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("fma") {
        // SAFETY: the processor has what the function needs.
        return unsafe { exp_fused(x) };
    }
    exp_steps(x)
}

/// As [`exp`], with instructions in place of calls.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "fma")]
fn exp_fused(x: f64) -> f64 {
    exp_steps(x)
}

/// The Taylor series of x / 16 less a multiple of the logarithm of 2, squared four times.
#[inline(always)]
fn exp_steps(x: f64) -> f64 {
    const TERMS: [f64; 8] = [
        2.48015873015873e-5,
        1.984126984126984e-4,
        1.388888888888889e-3,
        8.333333333333333e-3,
        4.1666666666666664e-2,
        0.16666666666666666,
        0.5,
        1.0,
    ];
    if x.is_nan() {
        return x;
    }
    if x > EXP_LIMIT {
        return f64::INFINITY;
    }
    if x < -1000.0 {
        return 0.0;
    }
    let exponent = (x * LOG2_E).round_ties_even();
    let rest = (-exponent).mul_add(0.693147180559663, x);
    let rest = (-exponent).mul_add(2.8235290563031577e-13, rest) * 0.0625;
    let mut sum = TERMS[0];
    for term in &TERMS[1..] {
        sum = sum.mul_add(rest, *term);
    }
    // sum is e^rest - 1 from here on; (1 + sum)² - 1 = sum × (sum + 2)
    sum *= rest;
    for _ in 0..3 {
        sum *= sum + 2.0;
    }
    scaled(sum.mul_add(sum + 2.0, 1.0), exponent as i64)
}

/// x × 2^exponent for an x near 1.
fn scaled(x: f64, exponent: i64) -> f64 {
    let power = |exponent: i64| f64::from_bits((exponent as u64) << 52);
    let biased = exponent + 1023;
    match biased {
        0x7FF.. => f64::INFINITY,
        1.. => x * power(biased),
        -52.. => x * power(biased + 1022) * power(1),
        _ => 0.0,
    }
}

/// 2^x
pub fn exp2(x: f64) -> f64 {
    if x.is_nan() {
        return x;
    }
    if x > 1023.9999999999999 {
        return f64::INFINITY;
    }
    if x < -1074.0 {
        return 0.0;
    }
    let exponent = (x + 0.5_f64.copysign(x)) as i64;
    let rest = x - exponent as f64;
    let (high, low) = (rest * LN_2_HIGH, -rest * LN_2_LOW);
    const TERMS: [f64; 5] = [
        0.16666666666666666,
        -0.0027777777777015593,
        6.613756321437934e-05,
        -1.6533902205465252e-06,
        4.1381367970572385e-08,
    ];
    let r = high - low;
    let t = r * r;
    let c = r - t * poly(t, &TERMS);
    ldexp(1.0 - ((low - (r * c) / (2.0 - c)) - high), exponent)
}

/// A number with a power of two added to its exponent.
fn times_power(x: f64, exponent: i64) -> f64 {
    f64::from_bits(x.to_bits().wrapping_add((exponent as u64) << 52))
}

/// e^x - 1
pub fn expm1(x: f64) -> f64 {
    const TERMS: [f64; 6] = [
        1.0,
        -0.03333333333333313,
        0.0015873015872548146,
        -7.93650757867488e-05,
        4.008217827329362e-06,
        -2.0109921818362437e-07,
    ];
    if x.is_nan() || x == f64::INFINITY {
        return x;
    }
    let size = x.abs();
    if size >= 38.816242111356935 {
        if x < 0.0 {
            return -1.0;
        }
        if size >= EXP_LIMIT {
            return f64::INFINITY;
        }
    }
    if size < 1.0 / (1_u64 << 54) as f64 {
        return x;
    }
    let (mut exponent, mut high, mut low) = (0, x, 0.0);
    if size > 0.34657359027997264 {
        exponent = if size < 1.0397207708399179 {
            if x < 0.0 { -1 } else { 1 }
        } else {
            (LOG2_E * x + 0.5_f64.copysign(x)) as i64
        };
        high = x - exponent as f64 * LN_2_HIGH;
        low = exponent as f64 * LN_2_LOW;
    }
    let x = high - low;
    let correction = (high - x) - low;

    let half = 0.5 * x;
    let square = x * half;
    let r = poly(square, &TERMS);
    let t = 3.0 - r * half;
    let e = square * ((r - t) / (6.0 - x * t));
    if exponent == 0 {
        return x - (x * e - square);
    }
    let e = (x * (e - correction) - correction) - square;
    match exponent {
        -1 => 0.5 * (x - e) - 0.5,
        1 if x < -0.25 => -2.0 * (e - (x + 0.5)),
        1 => 1.0 + 2.0 * (x - e),
        ..-1 | 57.. => times_power(1.0 - (e - x), exponent) - 1.0,
        _ if exponent < 20 => {
            let t = f64::from_bits(0x3FF0_0000_0000_0000 - (0x20_0000_0000_0000 >> exponent));
            times_power(t - (e - x), exponent)
        }
        _ => {
            let t = f64::from_bits(((0x3FF - exponent) as u64) << 52);
            times_power((x - (e + t)) + 1.0, exponent)
        }
    }
}

const LOG_TERMS: [f64; 7] = [
    0.6666666666666735,
    0.3999999999940942,
    0.2857142874366239,
    0.22222198432149784,
    0.1818357216161805,
    0.15313837699209373,
    0.14798198605116586,
];

/// The natural logarithm.
pub fn log(x: f64) -> f64 {
    if x.is_nan() || x == f64::INFINITY {
        return x;
    }
    if x < 0.0 {
        return NAN;
    }
    if x == 0.0 {
        return f64::NEG_INFINITY;
    }
    // Go's own code for this machine does not normalize small numbers either.
    let bits = x.to_bits();
    let mut fraction = f64::from_bits(bits & 0xF_FFFF_FFFF_FFFF | 0x3FE0_0000_0000_0000);
    let mut exponent = ((bits >> 52 & 0x7FF) as i64 - 0x3FE) as f64;
    if fraction <= std::f64::consts::FRAC_1_SQRT_2 {
        exponent -= 1.0;
        fraction *= 2.0;
    }
    let f = fraction - 1.0;
    let s = f / (2.0 + f);
    let s2 = s * s;
    let s4 = s2 * s2;
    let odd = s2 * poly(s4, &[LOG_TERMS[0], LOG_TERMS[2], LOG_TERMS[4], LOG_TERMS[6]]);
    let even = s4 * poly(s4, &[LOG_TERMS[1], LOG_TERMS[3], LOG_TERMS[5]]);
    let half = 0.5 * f * f;
    exponent * LN_2_HIGH - ((half - (s * (half + (odd + even)) + exponent * LN_2_LOW)) - f)
}

/// The decimal logarithm.
pub fn log10(x: f64) -> f64 {
    log(x) * std::f64::consts::LOG10_E
}

/// The binary logarithm.
pub fn log2(x: f64) -> f64 {
    let (fraction, exponent) = frexp(x);
    if fraction == 0.5 {
        return (exponent - 1) as f64;
    }
    log(fraction) * LOG2_E + exponent as f64
}

/// The natural logarithm of 1 + x.
pub fn log1p(x: f64) -> f64 {
    const SQRT_2_LESS_1: f64 = 0.41421356237309503;
    const SQRT_HALF_LESS_1: f64 = -0.2928932188134525;
    const SQRT_2_FRACTION: u64 = 0x6_A09E_667F_3BCD;
    if x < -1.0 || x.is_nan() {
        return NAN;
    }
    if x == -1.0 {
        return f64::NEG_INFINITY;
    }
    if x == f64::INFINITY {
        return x;
    }
    let size = x.abs();
    if size < 1.0 / (1_u64 << 54) as f64 {
        return x;
    }
    if size < 1.0 / (1_u64 << 29) as f64 {
        return x - x * x * 0.5;
    }
    let (mut exponent, mut f, mut correction, mut tiny) = (0, x, 0.0, false);
    if size >= SQRT_2_LESS_1 || x <= SQRT_HALF_LESS_1 {
        let u = if size < (1_u64 << 53) as f64 { 1.0 + x } else { x };
        exponent = (u.to_bits() >> 52) as i64 - 1023;
        if size < (1_u64 << 53) as f64 {
            correction = if exponent > 0 { 1.0 - (u - x) } else { x - (u - 1.0) } / u;
        }
        let fraction = u.to_bits() & 0xF_FFFF_FFFF_FFFF;
        // Between the roots of a half and of 2.
        let (u, left) = if fraction < SQRT_2_FRACTION {
            (f64::from_bits(fraction | 0x3FF0_0000_0000_0000), fraction)
        } else {
            exponent += 1;
            (f64::from_bits(fraction | 0x3FE0_0000_0000_0000), (0x10_0000_0000_0000 - fraction) >> 2)
        };
        f = u - 1.0;
        tiny = left == 0;
    }
    let k = exponent as f64;
    let half = 0.5 * f * f;
    if tiny {
        if f == 0.0 {
            return if exponent == 0 { 0.0 } else { k * LN_2_HIGH + (correction + k * LN_2_LOW) };
        }
        let r = half * (1.0 - 0.6666666666666666 * f);
        return if exponent == 0 { f - r } else { k * LN_2_HIGH - ((r - (k * LN_2_LOW + correction)) - f) };
    }
    let s = f / (2.0 + f);
    let z = s * s;
    let r = z * poly(z, &LOG_TERMS);
    if exponent == 0 {
        return f - (half - s * (half + r));
    }
    k * LN_2_HIGH - ((half - (s * (half + r) + (k * LN_2_LOW + correction))) - f)
}

/// Whether it is an odd integer.
fn is_odd(x: f64) -> bool {
    x.abs() < (1_u64 << 53) as f64 && x.trunc() == x && x as i64 & 1 == 1
}

/// x^y
pub fn pow(x: f64, y: f64) -> f64 {
    if y == 0.0 || x == 1.0 {
        return 1.0;
    }
    if y == 1.0 {
        return x;
    }
    if x.is_nan() || y.is_nan() {
        return NAN;
    }
    if x == 0.0 || x.is_infinite() && !y.is_infinite() {
        let sign = if is_odd(y) { x } else { 1.0 };
        let result = if (x == 0.0) == (y < 0.0) { f64::INFINITY } else { 0.0 };
        return result.copysign(sign);
    }
    if y.is_infinite() {
        return if x == -1.0 {
            1.0
        } else if (x.abs() < 1.0) == (y > 0.0) {
            0.0
        } else {
            f64::INFINITY
        };
    }
    if y.abs() == 0.5 {
        return if y > 0.0 { x.sqrt() } else { 1.0 / x.sqrt() };
    }
    let (mut whole, mut fraction) = (y.abs().trunc(), y.abs().fract());
    if fraction != 0.0 && x < 0.0 {
        return NAN;
    }
    if whole >= 9_223_372_036_854_775_808.0 {
        return if x == -1.0 {
            1.0
        } else if (x.abs() < 1.0) == (y > 0.0) {
            0.0
        } else {
            f64::INFINITY
        };
    }
    let mut result = 1.0;
    if fraction != 0.0 {
        if fraction > 0.5 {
            fraction -= 1.0;
            whole += 1.0;
        }
        result = exp(fraction * log(x));
    }
    let mut exponent = 0_i64;
    let (mut square, mut square_exponent) = frexp(x);
    let mut left = whole as i64;
    while left != 0 {
        // What is left would only make it larger, or smaller, still.
        if !(-(1 << 12)..=1 << 12).contains(&square_exponent) {
            exponent += square_exponent;
            break;
        }
        if left & 1 == 1 {
            result *= square;
            exponent += square_exponent;
        }
        square *= square;
        square_exponent <<= 1;
        if square < 0.5 {
            square += square;
            square_exponent -= 1;
        }
        left >>= 1;
    }
    if y < 0.0 { ldexp(1.0 / result, -exponent) } else { ldexp(result, exponent) }
}

/// 10^n
pub fn pow10(n: i64) -> f64 {
    const SMALL: [f64; 32] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22, 1e23, 1e24, 1e25, 1e26, 1e27, 1e28, 1e29, 1e30, 1e31,
    ];
    const LARGE: [f64; 10] = [1e0, 1e32, 1e64, 1e96, 1e128, 1e160, 1e192, 1e224, 1e256, 1e288];
    const TINY: [f64; 11] = [1e0, 1e-32, 1e-64, 1e-96, 1e-128, 1e-160, 1e-192, 1e-224, 1e-256, 1e-288, 1e-320];
    let (steps, rest) = ((n.unsigned_abs() / 32) as usize, (n.unsigned_abs() % 32) as usize);
    match n {
        0..=308 => LARGE[steps] * SMALL[rest],
        -323..0 => TINY[steps] / SMALL[rest],
        309.. => f64::INFINITY,
        _ => 0.0,
    }
}

/// The cube root.
pub fn cbrt(x: f64) -> f64 {
    if x == 0.0 || !x.is_finite() {
        return x;
    }
    let size = x.abs();
    // To 5 bits, from a third of the exponent,
    let mut t = if size < f64::MIN_POSITIVE {
        f64::from_bits(((1_u64 << 54) as f64 * size).to_bits() / 3 + (696_219_795 << 32))
    } else {
        f64::from_bits(size.to_bits() / 3 + (715_094_163 << 32))
    };
    // to 23,
    let r = t * t / size;
    let s = 0.5428571428571428 + r * t;
    t *= 0.35714285714285715 + 1.6071428571428572 / (s + 1.4142857142857144 + -0.7053061224489796 / s);
    // cut to 22 so that the square is exact, and to 53 with a step after Newton.
    t = f64::from_bits((t.to_bits() & (0xF_FFFF_FFFC << 28)) + (1 << 30));
    let r = size / (t * t);
    let r = (r - t) / (t + t + r);
    (t + t * r).copysign(x)
}

/// The root of p² + q².
pub fn hypot(p: f64, q: f64) -> f64 {
    let (p, q) = (p.abs(), q.abs());
    if p.is_infinite() || q.is_infinite() {
        return f64::INFINITY;
    }
    if p.is_nan() || q.is_nan() {
        return NAN;
    }
    let (large, small) = if p < q { (q, p) } else { (p, q) };
    if large == 0.0 {
        return 0.0;
    }
    let ratio = small / large;
    large * (1.0 + ratio * ratio).sqrt()
}

/// The natural logarithm of a large number's double.
pub(super) fn log_of_double(x: f64) -> f64 {
    log(x) + LN_2
}
