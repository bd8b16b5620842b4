//! The error function, its complement and its inverse.

use super::parts::{NAN, poly};
use super::power::{exp, log};

/// The error function of 1, roughly, with few bits.
const AT_1: f64 = 0.8450629115104675;
const TWO_OVER_ROOT_PI_LESS_1: f64 = 0.1283791670955126;

/// erf(x) / x - 1 for x² up to 0.84375²
fn near_0(square: f64) -> f64 {
    const P: [f64; 5] = [
        0.12837916709551256,
        -0.3250421072470015,
        -0.02848174957559851,
        -0.005770270296489442,
        -2.3763016656650163e-05,
    ];
    const Q: [f64; 6] = [
        1.0,
        0.39791722395915535,
        0.0650222499887673,
        0.005081306281875766,
        0.00013249473800432164,
        -3.960228278775368e-06,
    ];
    poly(square, &P) / poly(square, &Q)
}

/// erf(x) - [`AT_1`] for x from 0.84375 to 1.25
fn near_1(x: f64) -> f64 {
    const P: [f64; 7] = [
        -0.0023621185607526594,
        0.41485611868374833,
        -0.3722078760357013,
        0.31834661990116175,
        -0.11089469428239668,
        0.035478304325618236,
        -0.002166375594868791,
    ];
    const Q: [f64; 7] = [
        1.0,
        0.10642088040084423,
        0.540397917702171,
        0.07182865441419627,
        0.12617121980876164,
        0.01363708391202905,
        0.011984499846799107,
    ];
    let s = x - 1.0;
    poly(s, &P) / poly(s, &Q)
}

/// erfc(x) for x from 1.25 to 28
fn far(x: f64) -> f64 {
    const P: [f64; 8] = [
        -0.009864944034847148,
        -0.6938585727071818,
        -10.558626225323291,
        -62.375332450326006,
        -162.39666946257347,
        -184.60509290671104,
        -81.2874355063066,
        -9.814329344169145,
    ];
    const Q: [f64; 9] = [
        1.0,
        19.651271667439257,
        137.65775414351904,
        434.56587747522923,
        645.3872717332679,
        429.00814002756783,
        108.63500554177944,
        6.570249770319282,
        -0.0604244152148581,
    ];
    const FARTHER_P: [f64; 7] = [
        -0.0098649429247001,
        -0.799283237680523,
        -17.757954917754752,
        -160.63638485582192,
        -637.5664433683896,
        -1025.0951316110772,
        -483.5191916086514,
    ];
    const FARTHER_Q: [f64; 8] = [
        1.0,
        30.33806074348246,
        325.7925129965739,
        1536.729586084437,
        3199.8582195085955,
        2553.0504064331644,
        474.52854120695537,
        -22.44095244658582,
    ];
    let s = 1.0 / (x * x);
    let ratio = if x < 1.0 / 0.35 { poly(s, &P) / poly(s, &Q) } else { poly(s, &FARTHER_P) / poly(s, &FARTHER_Q) };
    // The square of the upper half of its bits is exact.
    let z = f64::from_bits(x.to_bits() & !0xFFFF_FFFF);
    exp(-z * z - 0.5625) * exp((z - x) * (z + x) + ratio) / x
}

/// The error function.
pub fn erf(x: f64) -> f64 {
    if x.is_nan() {
        return NAN;
    }
    if x == 0.0 {
        return x;
    }
    let size = x.abs();
    let result = if size < 2.848094538889218e-306 {
        // Without underflow.
        0.125 * (8.0 * size + 1.0270333367641007 * size)
    } else if size < 1.0 / (1_u64 << 28) as f64 {
        size + TWO_OVER_ROOT_PI_LESS_1 * size
    } else if size < 0.84375 {
        size + size * near_0(size * size)
    } else if size < 1.25 {
        AT_1 + near_1(size)
    } else if size < 6.0 {
        1.0 - far(size)
    } else {
        1.0
    };
    if x < 0.0 { -result } else { result }
}

/// The complement of the error function.
pub fn erfc(x: f64) -> f64 {
    if x.is_nan() {
        return NAN;
    }
    let (size, negative) = (x.abs(), x < 0.0);
    if size < 0.84375 {
        let part = if size < 1.0 / (1_u64 << 56) as f64 {
            size
        } else if size < 0.25 {
            size + size * near_0(size * size)
        } else {
            0.5 + (size * near_0(size * size) + (size - 0.5))
        };
        return if negative { 1.0 + part } else { 1.0 - part };
    }
    if size < 1.25 {
        let rest = near_1(size);
        return if negative { 1.0 + AT_1 + rest } else { 1.0 - AT_1 - rest };
    }
    match (size < 28.0, negative) {
        (true, true) if size > 6.0 => 2.0,
        (true, true) => 2.0 - far(size),
        (true, false) => far(size),
        (false, true) => 2.0,
        (false, false) => 0.0,
    }
}

/// The inverse of the error function, after Wichura.
pub fn erfinv(x: f64) -> f64 {
    const A: [f64; 8] = [
        1.1975323115670913,
        47.07268811238398,
        697.062665343896,
        4854.886889384388,
        16235.862515167575,
        23782.041382114385,
        11819.493347062295,
        887.0940696254552,
    ];
    const B: [f64; 8] = [
        1.0,
        42.31333070160091,
        687.1870074920579,
        5394.196021424751,
        21213.794301586597,
        39307.89580009271,
        28729.085735721943,
        5226.495278852854,
    ];
    const C: [f64; 8] = [
        1.4234371107496835,
        4.630337846156546,
        5.769497221460691,
        3.6478483247632045,
        1.2704582524523684,
        0.2417807251774506,
        0.022723844989269184,
        0.0007745450142783414,
    ];
    const D: [f64; 8] = [
        std::f64::consts::SQRT_2,
        2.9036514445419948,
        2.3707661626024534,
        0.9754783200178743,
        0.2094506521051275,
        0.021494160384252878,
        0.0007744145906515771,
        1.4859850019840355e-09,
    ];
    const E: [f64; 8] = [
        6.657904643501103,
        5.463784911164114,
        1.7848265399172913,
        0.29656057182850487,
        0.026532189526576124,
        0.0012426609473880784,
        2.7115555687434876e-05,
        2.0103343992922881e-07,
    ];
    const F: [f64; 8] = [
        std::f64::consts::SQRT_2,
        0.8482908416595164,
        0.19364809469506591,
        0.02103693768272069,
        0.0011128009970788597,
        2.6110884050805935e-05,
        2.010321207683943e-07,
        2.8910246058729655e-15,
    ];
    if x == 0.0 {
        return x;
    }
    let size = x.abs();
    if size == 1.0 {
        return f64::INFINITY.copysign(x);
    }
    if x.is_nan() || size > 1.0 {
        return NAN;
    }
    let result = if size <= 0.85 {
        let r = 0.180625 - 0.25 * size * size;
        size * poly(r, &A) / poly(r, &B)
    } else {
        let r = (std::f64::consts::LN_2 - log(1.0 - size)).sqrt();
        if r <= 5.0 { poly(r - 1.6, &C) / poly(r - 1.6, &D) } else { poly(r - 5.0, &E) / poly(r - 5.0, &F) }
    };
    if x < 0.0 { -result } else { result }
}
