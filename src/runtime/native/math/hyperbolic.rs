//! Hyperbolic functions.

use super::parts::{NAN, poly};
use super::power::{exp, log, log_of_double, log1p};

/// From this number on, what is added to or taken from it in the formulas does not matter.
const LARGE: f64 = (1_u64 << 28) as f64;
const TINY: f64 = 1.0 / LARGE;

fn odd(x: f64, f: impl Fn(f64) -> f64) -> f64 {
    if x < 0.0 { -f(-x) } else { f(x) }
}

/// The hyperbolic sine.
pub fn sinh(x: f64) -> f64 {
    const P: [f64; 4] = [-630767.3640497717, -89912.72022039509, -2894.211355989564, -26.30563213397497];
    const Q: [f64; 4] = [-630767.3640497717, 15215.17378790019, -173.6789535582337, 1.0];
    odd(x, |x| {
        if x > 21.0 {
            return exp(x) * 0.5;
        }
        if x > 0.5 {
            let power = exp(x);
            return (power - 1.0 / power) * 0.5;
        }
        let square = x * x;
        poly(square, &P) * x / poly(square, &Q)
    })
}

/// The hyperbolic cosine.
pub fn cosh(x: f64) -> f64 {
    let power = exp(x.abs());
    if x.abs() > 21.0 { power * 0.5 } else { (power + 1.0 / power) * 0.5 }
}

/// The hyperbolic tangent.
pub fn tanh(x: f64) -> f64 {
    const P: [f64; 3] = [-1614.6876844170845, -99.28772310019185, -0.9643991794250523];
    const Q: [f64; 4] = [4844.063053251255, 2235.4883906010045, 112.81167849163293, 1.0];
    let size = x.abs();
    if size > 44.014845965556525 {
        return 1_f64.copysign(x);
    }
    if size >= 0.625 {
        return (1.0 - 2.0 / (exp(2.0 * size) + 1.0)).copysign(x);
    }
    if x == 0.0 {
        return x;
    }
    let square = x * x;
    x + x * square * poly(square, &P) / poly(square, &Q)
}

/// The inverse hyperbolic sine.
pub fn asinh(x: f64) -> f64 {
    if !x.is_finite() {
        return x;
    }
    odd(x, |x| {
        if x > LARGE {
            log_of_double(x)
        } else if x > 2.0 {
            log(2.0 * x + 1.0 / ((x * x + 1.0).sqrt() + x))
        } else if x < TINY {
            x
        } else {
            log1p(x + x * x / (1.0 + (1.0 + x * x).sqrt()))
        }
    })
}

/// The inverse hyperbolic cosine.
pub fn acosh(x: f64) -> f64 {
    if x < 1.0 || x.is_nan() {
        return NAN;
    }
    if x == 1.0 {
        return 0.0;
    }
    if x >= LARGE {
        return log_of_double(x);
    }
    if x > 2.0 {
        return log(2.0 * x - 1.0 / (x + (x * x - 1.0).sqrt()));
    }
    let t = x - 1.0;
    log1p(t + (2.0 * t + t * t).sqrt())
}

/// The inverse hyperbolic tangent.
pub fn atanh(x: f64) -> f64 {
    if !(-1.0..=1.0).contains(&x) {
        return NAN;
    }
    if x.abs() == 1.0 {
        return f64::INFINITY.copysign(x);
    }
    odd(x, |x| {
        if x < TINY {
            return x;
        }
        let double = x + x;
        let ratio = if x < 0.5 { double + double * x / (1.0 - x) } else { double / (1.0 - x) };
        0.5 * log1p(ratio)
    })
}
