//! Trigonometric functions.

use std::f64::consts::{FRAC_PI_2, FRAC_PI_4, PI};

use super::parts::{NAN, poly};

const SIN: [f64; 6] = [
    -0.1666666666666663,
    0.008333333333322118,
    -0.0001984126982958954,
    2.7557313621385722e-06,
    -2.5050747762857807e-08,
    1.5896230157654656e-10,
];
const COS: [f64; 6] = [
    0.041666666666666595,
    -0.0013888888888873056,
    2.4801587288851704e-05,
    -2.755731417929674e-07,
    2.087570084197473e-09,
    -1.1358536521387682e-11,
];

/// From this number on, an angle is reduced with more digits of pi.
const LARGE: f64 = (1_u64 << 29) as f64;

/// The binary digits of 4 / pi.
const FOUR_OVER_PI: [u64; 20] = [
    0x0000000000000001,
    0x45f306dc9c882a53,
    0xf84eafa3ea69bb81,
    0xb6c52b3278872083,
    0xfca2c757bd778ac3,
    0x6e48dc74849ba5c0,
    0x0c925dd413a32439,
    0xfc3bd63962534e7d,
    0xd1046bea5d768909,
    0xd338e04d68befc82,
    0x7323ac7306a673e9,
    0x3908bf177bf25076,
    0x3ff12fffbc0b301f,
    0xde5e2316b414da3e,
    0xda6cfd9e4f96136e,
    0x9e8c7ecd3cbfd45a,
    0xea4f758fd7cbe2f6,
    0x7a0e73ef14a525d4,
    0xd7f6bf623f1aba10,
    0xac06608df8f6d757,
];

/// The octant of an angle that is not negative, an even number below 8, and how much larger than it the angle is.
fn reduce(x: f64) -> (u64, f64) {
    if x >= LARGE {
        return reduce_large(x);
    }
    let octant = (x * 1.2732395447351628) as u64;
    let octant = octant + (octant & 1);
    let y = octant as f64;
    // pi / 4 in three parts
    let z = ((x - y * 0.7853981256484985) - y * 3.774894707930798e-08) - y * 2.6951514290790595e-15;
    (octant & 7, z)
}

/// The same after Payne and Hanek: only the digits of 4 / pi that matter are multiplied.
fn reduce_large(x: f64) -> (u64, f64) {
    let bits = x.to_bits();
    let mantissa = bits & 0xF_FFFF_FFFF_FFFF | 1 << 52;
    let position = ((bits >> 52 & 0x7FF) as u32 + 61).saturating_sub(1023 + 52);
    let (digit, shift) = ((position / 64) as usize, position % 64);
    let digits = |i: usize| {
        let at = |i: usize| u128::from(FOUR_OVER_PI.get(digit + i).copied().unwrap_or(0));
        ((at(i) << 64 | at(i + 1)) << shift >> 64) as u64
    };
    let wide = |digits: u64| u128::from(digits) * u128::from(mantissa);
    let product = (u128::from(digits(0).wrapping_mul(mantissa)) << 64)
        .wrapping_add(wide(digits(1)))
        .wrapping_add(wide(digits(2)) >> 64);
    let mut octant = (product >> 125) as u64;
    // The fraction as a number: its highest bit is implied. The bits that fill it up are three off in Go as well.
    let fraction = product << 3 >> 64;
    let zeros = (fraction as u64).leading_zeros();
    let digits = ((fraction << 64 | u128::from(product as u64)) << (zeros + 1) >> 76) as u64;
    let mut z = f64::from_bits(digits | u64::from(1022 - zeros) << 52);
    if octant & 1 == 1 {
        octant = (octant + 1) & 7;
        z -= 1.0;
    }
    (octant, z * FRAC_PI_4)
}

fn sin_near_zero(z: f64) -> f64 {
    let square = z * z;
    z + z * square * poly(square, &SIN)
}

fn cos_near_zero(z: f64) -> f64 {
    let square = z * z;
    1.0 - 0.5 * square + square * square * poly(square, &COS)
}

fn with_sign(value: f64, negative: bool) -> f64 {
    if negative { -value } else { value }
}

/// Sine and cosine of an angle.
pub fn sincos(x: f64) -> (f64, f64) {
    if x == 0.0 {
        return (x, 1.0);
    }
    if !x.is_finite() {
        return (NAN, NAN);
    }
    let (octant, z) = reduce(x.abs());
    let (sin, cos) = (sin_near_zero(z), cos_near_zero(z));
    let (sin, cos) = if octant % 4 == 2 { (cos, sin) } else { (sin, cos) };
    (with_sign(sin, (octant >= 4) != (x < 0.0)), with_sign(cos, octant == 2 || octant == 4))
}

/// The sine.
pub fn sin(x: f64) -> f64 {
    if x.is_nan() {
        return x;
    }
    sincos(x).0
}

/// The cosine.
pub fn cos(x: f64) -> f64 {
    sincos(x).1
}

/// The tangent.
pub fn tan(x: f64) -> f64 {
    const P: [f64; 3] = [-17956525.197648488, 1153516.6483858742, -13093.693918138379];
    const Q: [f64; 5] = [-53869575.592945464, 25008380.18233579, -1320892.3444021097, 13681.296347069296, 1.0];
    if x == 0.0 || x.is_nan() {
        return x;
    }
    if x.is_infinite() {
        return NAN;
    }
    let (octant, z) = reduce(x.abs());
    let square = z * z;
    let mut y = if square > 1e-14 { z + z * (square * poly(square, &P) / poly(square, &Q)) } else { z };
    if octant & 2 == 2 {
        y = -1.0 / y;
    }
    with_sign(y, x < 0.0)
}

/// The arctangent of a number up to 0.66.
fn atan_small(x: f64) -> f64 {
    const P: [f64; 5] =
        [-64.85021904942025, -122.88666844901361, -75.00855792314705, -16.157537187333652, -0.8750608600031904];
    const Q: [f64; 6] =
        [194.5506571482614, 485.3903996359137, 432.88106049129027, 165.02700983169885, 24.858464901423062, 1.0];
    let z = x * x;
    x * (z * poly(z, &P) / poly(z, &Q)) + x
}

/// What pi / 2 is more than the number closest to it.
const PI_2_REST: f64 = 6.123233995736766e-17;

/// The arctangent of a number that is not negative.
fn atan_positive(x: f64) -> f64 {
    if x <= 0.66 {
        return atan_small(x);
    }
    if x > 2.414213562373095 {
        return FRAC_PI_2 - atan_small(1.0 / x) + PI_2_REST;
    }
    FRAC_PI_4 + atan_small((x - 1.0) / (x + 1.0)) + 0.5 * PI_2_REST
}

/// The arctangent.
pub fn atan(x: f64) -> f64 {
    if x == 0.0 {
        return x;
    }
    if x > 0.0 { atan_positive(x) } else { -atan_positive(-x) }
}

/// The arcsine.
pub fn asin(x: f64) -> f64 {
    if x == 0.0 {
        return x;
    }
    let size = x.abs();
    if size > 1.0 {
        return NAN;
    }
    let other = (1.0 - size * size).sqrt();
    let angle = if size > 0.7 { FRAC_PI_2 - atan_positive(other / size) } else { atan_positive(size / other) };
    with_sign(angle, x < 0.0)
}

/// The arccosine.
pub fn acos(x: f64) -> f64 {
    FRAC_PI_2 - asin(x)
}

/// The angle of a point.
pub fn atan2(y: f64, x: f64) -> f64 {
    if x.is_nan() || y.is_nan() {
        return NAN;
    }
    let behind = x.is_sign_negative();
    let angle = if y == 0.0 {
        if behind { PI } else { 0.0 }
    } else if x == 0.0 {
        FRAC_PI_2
    } else if x.is_infinite() {
        match (behind, y.is_infinite()) {
            (false, true) => FRAC_PI_4,
            (false, false) => 0.0,
            (true, true) => 2.356194490192345,
            (true, false) => PI,
        }
    } else if y.is_infinite() {
        FRAC_PI_2
    } else {
        let angle = atan(y / x);
        return match (behind, angle <= 0.0) {
            (false, _) => angle,
            (true, true) => angle + PI,
            (true, false) => angle - PI,
        };
    };
    angle.copysign(y)
}
