//! The Gamma function and its logarithm.

use std::f64::consts::PI;

use super::angle::{cos, sin};
use super::parts::{NAN, modulo, poly};
use super::power::{exp, log, pow};

/// Stirling's formula for large numbers, as two factors whose product may overflow.
fn stirling(x: f64) -> (f64, f64) {
    const TERMS: [f64; 5] = [
        0.08333333333334822,
        0.0034722222160545866,
        -0.0026813261780578124,
        -0.00022954996161337813,
        0.0007873113957930937,
    ];
    if x > 200.0 {
        return (f64::INFINITY, 1.0);
    }
    let w = 1.0 / x;
    let w = 1.0 + w * poly(w, &TERMS);
    let power = exp(x);
    let (first, second) = if x > 143.01608 {
        let half = pow(x, 0.5 * x - 0.25);
        (half, half / power)
    } else {
        (pow(x, x - 0.5) / power, 1.0)
    };
    (first, 2.5066282746310007 * w * second)
}

/// The Gamma function.
pub fn gamma(x: f64) -> f64 {
    const P: [f64; 7] = [
        1.0,
        0.4942148268014971,
        0.20744822764843598,
        0.04763678004571372,
        0.010421379756176158,
        0.0011913514700658638,
        0.00016011952247675185,
    ];
    const Q: [f64; 8] = [
        1.0,
        0.0714304917030273,
        -0.23459179571824335,
        0.035823639860549865,
        0.011813978522206043,
        -0.004456419138517973,
        0.0005396055804933034,
        -2.3158187332412014e-05,
    ];
    if x.is_nan() || x < 0.0 && x.trunc() == x {
        return NAN;
    }
    if x == f64::INFINITY {
        return x;
    }
    if x == 0.0 {
        return f64::INFINITY.copysign(x);
    }
    if x.abs() > 33.0 {
        return gamma_large(x);
    }
    // Between 2 and 3 by its recurrence.
    let (mut x, mut factor) = (x, 1.0);
    while x >= 3.0 {
        x -= 1.0;
        factor *= x;
    }
    while x < 2.0 {
        if x.abs() < 1e-9 && (x > -1e-9 || x >= 0.0) {
            return near_pole(factor, x);
        }
        factor /= x;
        x += 1.0;
    }
    if x == 2.0 {
        return factor;
    }
    factor * poly(x - 2.0, &P) / poly(x - 2.0, &Q)
}

/// Near 0, where the rest of the series does not matter.
fn near_pole(factor: f64, x: f64) -> f64 {
    const EULER: f64 = std::f64::consts::EULER_GAMMA;
    if x == 0.0 { f64::INFINITY } else { factor / ((1.0 + EULER * x) * x) }
}

fn gamma_large(x: f64) -> f64 {
    if x > 0.0 {
        let (first, second) = stirling(x);
        return first * second;
    }
    // By reflection.
    let size = x.abs();
    let mut whole = size.floor();
    let sign = if whole as i64 & 1 == 0 { -1.0 } else { 1.0 };
    let mut rest = size - whole;
    if rest > 0.5 {
        whole += 1.0;
        rest = size - whole;
    }
    let scaled = size * sin(PI * rest);
    if scaled == 0.0 {
        return f64::INFINITY * sign;
    }
    let (first, second) = stirling(size);
    let scaled = scaled.abs();
    let product = scaled * first * second;
    sign * if product.is_infinite() { PI / scaled / first / second } else { PI / product }
}

/// The sine of -pi x, exact for integers.
fn minus_sin_pi(x: f64) -> f64 {
    if x < 0.25 {
        return -sin(PI * x);
    }
    if x.floor() == x {
        // Integers have the sine 0, and Go's sign of it.
        return -sin(0.0);
    }
    let x = modulo(x, 2.0);
    let value = match (x * 4.0) as i64 {
        0 => sin(PI * x),
        1 | 2 => cos(PI * (0.5 - x)),
        3 | 4 => sin(PI * (1.0 - x)),
        5 | 6 => -cos(PI * (x - 1.5)),
        _ => sin(PI * (x - 2.0)),
    };
    -value
}

/// The logarithm of the Gamma function's magnitude, and the sign of the function.
pub fn lgamma(x: f64) -> (f64, i64) {
    if x.is_nan() || x.is_infinite() {
        return (x, 1);
    }
    if x == 0.0 {
        return (f64::INFINITY, 1);
    }
    let (size, negative) = (x.abs(), x < 0.0);
    if size < 8.470329472543003e-22 {
        return (-log(size), if negative { -1 } else { 1 });
    }
    if !negative {
        return (lgamma_positive(size), 1);
    }
    if size >= (1_u64 << 52) as f64 {
        return (f64::INFINITY, 1);
    }
    let t = minus_sin_pi(size);
    if t == 0.0 {
        return (f64::INFINITY, 1);
    }
    let sign = if t < 0.0 { -1 } else { 1 };
    // Go leaves out the reflection where the function of the positive number is 0.
    if size == 1.0 || size == 2.0 {
        return (0.0, sign);
    }
    (log(PI / (t * size).abs()) - lgamma_positive(size), sign)
}

fn lgamma_positive(x: f64) -> f64 {
    const W: [f64; 7] = [
        0.4189385332046727,
        0.08333333333333297,
        -0.0027777777772877554,
        0.0007936505586430196,
        -0.00059518755745034,
        0.0008363399189962821,
        -0.0016309293409657527,
    ];
    if x == 1.0 || x == 2.0 {
        return 0.0;
    }
    if x < 2.0 {
        return lgamma_below_2(x);
    }
    if x < 8.0 {
        return lgamma_below_8(x);
    }
    if x < (1_u64 << 58) as f64 {
        let z = 1.0 / x;
        let w = W[0] + z * poly(z * z, &W[1..]);
        return (x - 0.5) * (log(x) - 1.0) + w;
    }
    x * (log(x) - 1.0)
}

fn lgamma_below_2(x: f64) -> f64 {
    /// Where the function is smallest, and what it is there, in two parts.
    const LOWEST: f64 = 1.4616321449683622;
    const AT_LOWEST: f64 = -0.12148629053584961;
    const AT_LOWEST_REST: f64 = -3.638676997039505e-18;
    const A: [f64; 12] = [
        0.07721566490153287,
        0.3224670334241136,
        0.06735230105312927,
        0.020580808432516733,
        0.007385550860814029,
        0.0028905138367341563,
        0.0011927076318336207,
        0.0005100697921535113,
        0.00022086279071390839,
        0.00010801156724758394,
        2.5214456545125733e-05,
        4.4864094961891516e-05,
    ];
    const T: [f64; 15] = [
        0.48383612272381005,
        -0.1475877229945939,
        0.06462494023913339,
        -0.032788541075985965,
        0.01797067508118204,
        -0.010314224129834144,
        0.006100538702462913,
        -0.0036845201678113826,
        0.0022596478090061247,
        -0.0014034646998923284,
        0.000881081882437654,
        -0.0005385953053567405,
        0.00031563207090362595,
        -0.00031275416837512086,
        0.0003355291926355191,
    ];
    const U: [f64; 6] = [
        -0.07721566490153287,
        0.6328270640250934,
        1.4549225013723477,
        0.9777175279633727,
        0.22896372806469245,
        0.013381091853678766,
    ];
    const V: [f64; 6] =
        [1.0, 2.4559779371304113, 2.128489763798934, 0.7692851504566728, 0.10422264559336913, 0.003217092422824239];
    // One more than small numbers, the logarithm of which makes up for it.
    let small = x <= 0.9;
    let added = if small { -log(x) } else { 0.0 };
    let every = |terms: &[f64], from: usize, step: usize, x: f64| {
        let mut own = [0.0; 6];
        let count = terms.iter().skip(from).step_by(step).zip(&mut own).map(|(term, own)| *own = *term).count();
        poly(x, &own[..count])
    };
    let (high, low) =
        if small { (0.7316321449683623, 0.19163214496836226) } else { (1.7316321449683623, 1.1916321449683623) };
    if x >= high {
        let y = if small { 1.0 - x } else { 2.0 - x };
        let z = y * y;
        let p = y * every(&A, 0, 2, z) + z * every(&A, 1, 2, z);
        added + (p - 0.5 * y)
    } else if x >= low {
        let y = if small { x - (LOWEST - 1.0) } else { x - LOWEST };
        let z = y * y;
        let w = z * y;
        let p = z * every(&T, 0, 3, w) - (AT_LOWEST_REST - w * (every(&T, 1, 3, w) + y * every(&T, 2, 3, w)));
        added + (AT_LOWEST + p)
    } else {
        let y = if small { x } else { x - 1.0 };
        added + (-0.5 * y + y * poly(y, &U) / poly(y, &V))
    }
}

fn lgamma_below_8(x: f64) -> f64 {
    const S: [f64; 7] = [
        -0.07721566490153287,
        0.21498241596060885,
        0.325778796408931,
        0.14635047265246445,
        0.02664227030336386,
        0.0018402845140733772,
        3.194753265841009e-05,
    ];
    const R: [f64; 7] = [
        1.0,
        1.3920053346762105,
        0.7219355475671381,
        0.17193386563280308,
        0.01864591917156529,
        0.0007779424963818936,
        7.326684307446256e-06,
    ];
    let whole = x as i64;
    let y = x - whole as f64;
    let result = 0.5 * y + y * poly(y, &S) / poly(y, &R);
    if whole < 3 {
        return result;
    }
    let product = (2..whole).rev().fold(1.0, |product, i| product * (y + i as f64));
    result + log(product)
}
