//! Bessel functions.

use std::f64::consts::FRAC_2_PI;

use super::angle::{cos, sincos};
use super::parts::{NAN, poly};
use super::power::log;

/// 1 / sqrt(pi)
const ROOT: f64 = 0.5641895835477563;
/// From this number on, the first term of the asymptotic series is all.
const HUGE: f64 = 6.80564733841876926926749214863536422912e38;

/// The quotients of polynomials of 1 / x² that the asymptotic series are made of: from which x on, and the terms above
/// and below, where the first one is 1.
type Quotients = [(f64, [f64; 6], [f64; 7]); 4];

const P0: Quotients = [
    (
        8.0,
        [0.0, -0.07031249999999004, -8.081670412753498, -257.06310567970485, -2485.216410094288, -5253.043804907295],
        [1.0, 116.53436461966818, 3833.7447536412183, 40597.857264847255, 116752.97256437592, 47627.728414673096, 0.0],
    ),
    (
        4.5454,
        [
            -1.141254646918945e-11,
            -0.07031249408735993,
            -4.159610644705878,
            -67.67476522651673,
            -331.23129964917297,
            -346.4333883656049,
        ],
        [1.0, 60.753938269230034, 1051.2523059570458, 5978.970943338558, 9625.445143577745, 2406.058159229391, 0.0],
    ),
    (
        2.8571,
        [
            -2.547046017719519e-09,
            -0.07031196163814817,
            -2.409032215495296,
            -21.96597747348831,
            -58.07917047017376,
            -31.44794705948885,
        ],
        [1.0, 35.85603380552097, 361.51398305030386, 1193.6078379211153, 1127.9967985690741, 173.58093081333575, 0.0],
    ),
    (
        2.0,
        [
            -8.875343330325264e-08,
            -0.07030309954836247,
            -1.4507384678095299,
            -7.635696138235278,
            -11.193166886035675,
            -3.2336457935133534,
        ],
        [1.0, 22.22029975320888, 136.2067942182152, 270.4702786580835, 153.87539420832033, 14.65761769482562, 0.0],
    ),
];
const Q0: Quotients = [
    (
        8.0,
        [0.0, 0.0732421874999935, 11.76820646822527, 557.6733802564019, 8859.197207564686, 37014.62677768878],
        [
            1.0,
            163.77602689568982,
            8098.344946564498,
            142538.29141912048,
            803309.2571195144,
            840501.5798190605,
            -343899.2935378666,
        ],
    ),
    (
        4.5454,
        [
            1.8408596359451553e-11,
            0.07324217666126848,
            5.8356350896205695,
            135.11157728644983,
            1027.243765961641,
            1989.9778586460538,
        ],
        [
            1.0,
            82.77661022365378,
            2077.81416421393,
            18847.28877857181,
            56751.11228949473,
            35976.75384251145,
            -5354.342756019448,
        ],
    ),
    (
        2.8571,
        [
            4.377410140897386e-09,
            0.07324111800429114,
            3.344231375161707,
            42.621844074541265,
            170.8080913405656,
            166.73394869665117,
        ],
        [
            1.0,
            48.75887297245872,
            709.689221056606,
            3704.1482262011136,
            6460.425167525689,
            2516.3336892036896,
            -149.2474518361564,
        ],
    ),
    (
        2.0,
        [
            1.5044444488698327e-07,
            0.07322342659630793,
            1.99819174093816,
            14.495602934788574,
            31.666231750478154,
            16.252707571092927,
        ],
        [
            1.0,
            30.36558483552192,
            269.34811860804984,
            844.7837575953201,
            882.9358451124886,
            212.66638851179883,
            -5.3109549388266695,
        ],
    ),
];
const P1: Quotients = [
    (
        8.0,
        [0.0, 0.11718749999998865, 13.239480659307358, 412.05185430737856, 3874.7453891396053, 7914.479540318917],
        [1.0, 114.20737037567841, 3650.9308342085346, 36956.206026903346, 97602.79359349508, 30804.27206278888, 0.0],
    ),
    (
        4.5454,
        [
            1.3199051955624352e-11,
            0.1171874931906141,
            6.802751278684329,
            108.30818299018911,
            517.6361395331998,
            528.7152013633375,
        ],
        [1.0, 59.28059872211313, 991.4014187336144, 5353.26695291488, 7844.690317495512, 1504.0468881036106, 0.0],
    ),
    (
        2.8571,
        [
            3.025039161373736e-09,
            0.11718686556725359,
            3.9329775003331564,
            35.11940355916369,
            91.05501107507813,
            48.55906851973649,
        ],
        [1.0, 34.79130950012515, 336.76245874782575, 1046.8713997577513, 890.8113463982564, 103.78793243963928, 0.0],
    ),
    (
        2.0,
        [
            1.0771083010687374e-07,
            0.11717621946268335,
            2.368514966676088,
            12.242610914826123,
            17.693971127168773,
            5.073523125888185,
        ],
        [1.0, 21.43648593638214, 125.29022716840275, 232.2764690571628, 117.6793732871471, 8.364638933716183, 0.0],
    ),
];
const Q1: Quotients = [
    (
        8.0,
        [0.0, -0.10253906249999271, -16.271753454459, -759.6017225139501, -11849.806670242959, -48438.512428575035],
        [
            1.0,
            161.3953697007229,
            7825.385999233485,
            133875.33628724958,
            719657.7236832409,
            666601.2326177764,
            -294490.26430383464,
        ],
    ),
    (
        4.5454,
        [
            -2.089799311417641e-11,
            -0.10253905024137543,
            -8.05644828123936,
            -183.66960747488838,
            -1373.1937606550816,
            -2612.4444045321566,
        ],
        [
            1.0,
            81.27655013843358,
            1991.7987346048596,
            17468.48519249089,
            49851.42709103523,
            27948.075163891812,
            -4719.183547951285,
        ],
    ),
    (
        2.8571,
        [
            -5.078312264617666e-09,
            -0.10253782982083709,
            -4.610115811394734,
            -57.847221656278364,
            -228.2445407376317,
            -219.21012847890933,
        ],
        [
            1.0,
            47.66515503237295,
            673.8651126766997,
            3380.1528667952634,
            5547.729097207228,
            1903.119193388108,
            -135.20119144430734,
        ],
    ),
    (
        2.0,
        [
            -1.7838172751095887e-07,
            -0.10251704260798555,
            -2.7522056827818746,
            -19.663616264370372,
            -42.32531333728305,
            -21.371921170370406,
        ],
        [
            1.0,
            29.533362906052385,
            252.98154998219053,
            757.5028348686454,
            739.3932053204672,
            155.94900333666612,
            -4.959498988226282,
        ],
    ),
];

fn quotient(x: f64, quotients: &Quotients) -> f64 {
    let z = 1.0 / (x * x);
    let found = quotients.iter().find(|(from, ..)| x >= *from);
    // The last term of some is 0, which changes nothing.
    found.map_or(0.0, |(_, above, below)| poly(z, above) / poly(z, below))
}

/// The functions of a number of at least 2, of order 0 or 1: first and second kind.
fn asymptotic(x: f64, order: u8) -> (f64, f64) {
    let (sin, cosine) = sincos(x);
    let (mut ss, mut cc) = if order == 0 { (sin - cosine, sin + cosine) } else { (-sin - cosine, sin - cosine) };
    if x < f64::MAX / 2.0 {
        // One of them loses bits, and is made of the other.
        let z = if order == 0 { -cos(x + x) } else { cos(x + x) };
        if (order == 0 && sin * cosine < 0.0) || (order == 1 && sin * cosine > 0.0) {
            cc = z / ss;
        } else {
            ss = z / cc;
        }
    }
    if x > HUGE {
        return (ROOT * cc / x.sqrt(), ROOT * ss / x.sqrt());
    }
    let (u, v) = if order == 0 {
        (1.0 + quotient(x, &P0), (-0.125 + quotient(x, &Q0)) / x)
    } else {
        (1.0 + quotient(x, &P1), (0.375 + quotient(x, &Q1)) / x)
    };
    (ROOT * (u * cc - v * ss) / x.sqrt(), ROOT * (u * ss + v * cc) / x.sqrt())
}

/// The function of the first kind of order 0.
pub fn j0(x: f64) -> f64 {
    const R: [f64; 4] = [0.015624999999999995, -0.00018997929423885472, 1.8295404953270067e-06, -4.618326885321032e-09];
    const S: [f64; 5] = [1.0, 0.015619102946489001, 0.00011692678466333745, 5.135465502073181e-07, 1.1661400333379e-09];
    if x.is_nan() {
        return x;
    }
    if x.is_infinite() {
        return 0.0;
    }
    let x = x.abs();
    if x >= 2.0 {
        return asymptotic(x, 0).0;
    }
    if x < 1.0 / (1_u64 << 27) as f64 {
        return 1.0;
    }
    if x < 1.0 / (1_u64 << 13) as f64 {
        return 1.0 - 0.25 * x * x;
    }
    let z = x * x;
    let ratio = z * poly(z, &R) / poly(z, &S);
    if x < 1.0 {
        return 1.0 + z * (-0.25 + ratio);
    }
    let u = 0.5 * x;
    (1.0 + u) * (1.0 - u) + z * ratio
}

/// The function of the second kind of order 0.
pub fn y0(x: f64) -> f64 {
    const U: [f64; 7] = [
        -0.07380429510868723,
        0.17666645250918112,
        -0.01381856719455969,
        0.00034745343209368365,
        -3.8140705372436416e-06,
        1.9559013703502292e-08,
        -3.982051941321034e-11,
    ];
    const V: [f64; 5] =
        [1.0, 0.01273048348341237, 7.600686273503533e-05, 2.591508518404578e-07, 4.4111031133267547e-10];
    if let Some(value) = second_kind_limit(x) {
        return value;
    }
    if x >= 2.0 {
        return asymptotic(x, 0).1;
    }
    if x <= 1.0 / (1_u64 << 27) as f64 {
        return U[0] + FRAC_2_PI * log(x);
    }
    let z = x * x;
    poly(z, &U) / poly(z, &V) + FRAC_2_PI * j0(x) * log(x)
}

/// What the functions of the second kind are for negative numbers, 0 and the infinite.
fn second_kind_limit(x: f64) -> Option<f64> {
    if x < 0.0 || x.is_nan() {
        return Some(NAN);
    }
    if x == 0.0 {
        return Some(f64::NEG_INFINITY);
    }
    x.is_infinite().then_some(0.0)
}

/// The function of the first kind of order 1.
pub fn j1(x: f64) -> f64 {
    const R: [f64; 4] = [-0.0625, 0.001407056669551897, -1.599556310840356e-05, 4.9672799960958445e-08];
    const S: [f64; 6] = [
        1.0,
        0.019153759953836346,
        0.00018594678558863092,
        1.1771846404262368e-06,
        5.0463625707621704e-09,
        1.2354227442613791e-11,
    ];
    if x.is_nan() {
        return x;
    }
    if x.is_infinite() || x == 0.0 {
        return 0.0;
    }
    let size = x.abs();
    if size < 1.0 / (1_u64 << 27) as f64 {
        // Go forgets the sign here.
        return 0.5 * size;
    }
    let result = if size >= 2.0 {
        asymptotic(size, 1).0
    } else {
        let z = size * size;
        0.5 * size + z * poly(z, &R) * size / poly(z, &S)
    };
    if x < 0.0 { -result } else { result }
}

/// The function of the second kind of order 1.
pub fn y1(x: f64) -> f64 {
    const U: [f64; 5] = [
        -0.19605709064623894,
        0.05044387166398113,
        -0.0019125689587576355,
        2.352526005616105e-05,
        -9.190991580398789e-08,
    ];
    const V: [f64; 6] = [
        1.0,
        0.01991673182366499,
        0.00020255258102513517,
        1.3560880109751623e-06,
        6.227414523646215e-09,
        1.6655924620799208e-11,
    ];
    if let Some(value) = second_kind_limit(x) {
        return value;
    }
    if x >= 2.0 {
        return asymptotic(x, 1).1;
    }
    if x <= 1.0 / (1_u64 << 54) as f64 {
        return -FRAC_2_PI / x;
    }
    let z = x * x;
    x * (poly(z, &U) / poly(z, &V)) + FRAC_2_PI * (j1(x) * log(x) - 1.0 / x)
}

/// 2^302, from which on sine and cosine are all of the functions of any order.
fn is_enormous(x: f64) -> bool {
    x >= f64::from_bits((1023 + 302) << 52)
}

/// The function of the first kind of an order.
pub fn jn(order: i64, x: f64) -> f64 {
    if x.is_nan() {
        return x;
    }
    if x.is_infinite() {
        return 0.0;
    }
    if order == 0 {
        return j0(x);
    }
    if x == 0.0 {
        return 0.0;
    }
    let (order, x) = if order < 0 { (order.wrapping_neg(), -x) } else { (order, x) };
    if order == 1 {
        return j1(x);
    }
    let negative = x < 0.0 && order & 1 == 1;
    let x = x.abs();
    let result = if order as f64 > x {
        if x < 1.0 / (1_u64 << 29) as f64 { first_of_series(order, x) } else { backward(order, x) }
    } else if is_enormous(x) {
        let (sin, cos) = sincos(x);
        let sum = match order & 3 {
            0 => cos + sin,
            1 => -cos + sin,
            2 => -cos - sin,
            _ => cos - sin,
        };
        ROOT * sum / x.sqrt()
    } else {
        let (mut before, mut result) = (j0(x), j1(x));
        for i in 1..order {
            (before, result) = (result, result * ((i + i) as f64 / x) - before);
        }
        result
    };
    if negative { -result } else { result }
}

/// (x / 2)^order / order!
fn first_of_series(order: i64, x: f64) -> f64 {
    if order > 33 {
        return 0.0;
    }
    let half = x * 0.5;
    let (mut factorial, mut power) = (1.0, half);
    for i in 2..=order {
        factorial *= i as f64;
        power *= half;
    }
    power / factorial
}

/// The recurrence downwards, from the ratio of two neighbours that a continued fraction gives.
fn backward(order: i64, x: f64) -> f64 {
    let n = order as f64;
    let twice = |i: i64| i.wrapping_add(i);
    let w = twice(order) as f64 / x;
    let step = 2.0 / x;
    let (mut z, mut before, mut now) = (w + step, w, w * (w + step) - 1.0);
    let mut terms = 1_i64;
    while now < 1e9 {
        terms += 1;
        z += step;
        (before, now) = (now, z * now - before);
    }
    let mut ratio = 0.0;
    for i in (order..=order.wrapping_add(terms)).rev() {
        ratio = 1.0 / (twice(i) as f64 / x - ratio);
    }
    let (mut a, mut b) = (ratio, 1.0);
    // Whether a number on the way might be too large.
    let limited = n * log((2.0 / x * n).abs()) >= 709.782712893384;
    for i in (1..order).rev() {
        (a, b) = (b, b * twice(i) as f64 / x - a);
        if limited && b > 1e100 {
            a /= b;
            ratio /= b;
            b = 1.0;
        }
    }
    ratio * j0(x) / b
}

/// The function of the second kind of an order.
pub fn yn(order: i64, x: f64) -> f64 {
    if order == 0 {
        return y0(x);
    }
    let negative = order < 0 && order & 1 == 1;
    if let Some(value) = second_kind_limit(x) {
        return if x == 0.0 && negative { f64::INFINITY } else { value };
    }
    let order = order.wrapping_abs();
    let result = if order == 1 {
        y1(x)
    } else if is_enormous(x) {
        let (sin, cos) = sincos(x);
        let sum = match order & 3 {
            0 => sin - cos,
            1 => -sin - cos,
            2 => -sin + cos,
            _ => sin + cos,
        };
        ROOT * sum / x.sqrt()
    } else {
        let (mut before, mut result) = (y0(x), y1(x));
        let mut i = 1_i64;
        while i < order && result != f64::NEG_INFINITY {
            (before, result) = (result, (i + i) as f64 / x * result - before);
            i += 1;
        }
        result
    };
    if negative { -result } else { result }
}
