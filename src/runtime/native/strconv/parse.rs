//! Text as integers and floating-point numbers.

/// Why a text is no number; the program gets these codes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(i64)]
pub enum Problem {
    /// It does not have the form of one.
    Syntax = 1,
    /// The number does not fit, and another stands in for it.
    Range = 2,
}

/// A number, and why it is not what the text says.
pub type Parsed<T> = (T, Option<Problem>);

fn lower(c: u8) -> u8 {
    c | 0x20
}

/// Base and digits of an unsigned integer whose prefix says what it is.
fn prefixed(text: &[u8]) -> (u64, &[u8]) {
    match text {
        [b'0', kind, _, ..] if matches!(lower(*kind), b'b' | b'o' | b'x') => {
            let base = match lower(*kind) {
                b'b' => 2,
                b'o' => 8,
                _ => 16,
            };
            (base, &text[2..])
        }
        [b'0', rest @ ..] => (8, rest),
        _ => (10, text),
    }
}

fn bits_of(size: i64) -> u32 {
    if size == 0 { 64 } else { size.clamp(1, 64) as u32 }
}

/// An integer without sign in a base from 2 to 36, or the base that its prefix says if that is 0; it fits so many bits
/// (0: 64).
pub fn unsigned(text: &[u8], base: i64, size: i64) -> Parsed<u64> {
    let fail = (0, Some(Problem::Syntax));
    if text.is_empty() {
        return fail;
    }
    let (radix, digits) = if base == 0 { prefixed(text) } else { (base.clamp(2, 36) as u64, text) };
    let max = u64::MAX >> (64 - bits_of(size));
    let mut value = 0_u64;
    let mut underscores = false;
    for &c in digits {
        let digit = match c {
            b'_' if base == 0 => {
                underscores = true;
                continue;
            }
            b'0'..=b'9' => c - b'0',
            b'a'..=b'z' | b'A'..=b'Z' => lower(c) - b'a' + 10,
            _ => return fail,
        };
        if u64::from(digit) >= radix {
            return fail;
        }
        // What stands behind a number that is too large is not looked at.
        match value.checked_mul(radix).and_then(|value| value.checked_add(u64::from(digit))) {
            Some(sum) if sum <= max => value = sum,
            _ => return (max, Some(Problem::Range)),
        }
    }
    if underscores && !underscores_fit(text) { fail } else { (value, None) }
}

/// An integer with an optional sign, otherwise as [`unsigned`].
pub fn signed(text: &[u8], base: i64, size: i64) -> Parsed<i64> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let (value, problem) = unsigned(digits, base, size);
    if problem == Some(Problem::Syntax) {
        return (0, problem);
    }
    let limit = 1_u64 << (bits_of(size) - 1);
    if negative {
        let out = value > limit;
        ((value.min(limit) as i64).wrapping_neg(), out.then_some(Problem::Range))
    } else {
        let out = value >= limit;
        (value.min(limit - 1) as i64, out.then_some(Problem::Range))
    }
}

/// Whether all underscores stand between digits, the prefix counting as one.
fn underscores_fit(text: &[u8]) -> bool {
    let text = match text {
        [b'+' | b'-', rest @ ..] => rest,
        _ => text,
    };
    let (mut digit, mut underscore, mut hexadecimal) = (false, false, false);
    let mut rest = text;
    if let [b'0', kind, digits @ ..] = text
        && matches!(lower(*kind), b'b' | b'o' | b'x')
    {
        (digit, hexadecimal, rest) = (true, lower(*kind) == b'x', digits);
    }
    for &c in rest {
        let is_digit = c.is_ascii_digit() || hexadecimal && c.is_ascii_hexdigit();
        if c == b'_' && !digit || underscore && !is_digit {
            return false;
        }
        (digit, underscore) = (is_digit, c == b'_');
    }
    !underscore
}

/// A floating-point number, rounded to 32 bits if `single`, else to 64.
pub fn float(text: &[u8], single: bool) -> Parsed<f64> {
    if let Some(value) = special(text) {
        return (value, None);
    }
    let Some(number) = Number::read(text) else { return (0.0, Some(Problem::Syntax)) };
    let value = if number.hexadecimal { number.binary(single) } else { number.decimal(single) };
    let value = if number.negative { -value } else { value };
    (value, value.is_infinite().then_some(Problem::Range))
}

/// Infinities with an optional sign, and NaN.
fn special(text: &[u8]) -> Option<f64> {
    let (sign, name) = match text {
        [b'-', rest @ ..] => (-1.0, rest),
        [b'+', rest @ ..] => (1.0, rest),
        _ if text.eq_ignore_ascii_case(b"nan") => return Some(f64::NAN),
        _ => (1.0, text),
    };
    let infinite = name.eq_ignore_ascii_case(b"inf") || name.eq_ignore_ascii_case(b"infinity");
    infinite.then_some(sign * f64::INFINITY)
}

/// Largest exponent that is told apart from larger ones.
const MOST: i64 = 100_000;

/// The parts of a number's text.
struct Number {
    negative: bool,
    hexadecimal: bool,
    /// The digits without leading zeros, the point left out.
    digits: Vec<u8>,
    /// By how many digits the point is behind the first of them.
    point: i64,
    /// The power of 10, or of 2 in hexadecimal numbers.
    exponent: i64,
}

impl Number {
    fn read(text: &[u8]) -> Option<Self> {
        let (negative, rest) = match text {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            _ => (false, text),
        };
        let (hexadecimal, mut rest) = match rest {
            [b'0', b'x' | b'X', digits @ ..] if !digits.is_empty() => (true, digits),
            _ => (false, rest),
        };
        let mut number = Self { negative, hexadecimal, digits: Vec::with_capacity(24), point: 0, exponent: 0 };
        let mut underscores = false;
        let (mut any, mut dot) = (false, false);
        while let [c, after @ ..] = rest {
            match *c {
                b'_' => underscores = true,
                b'.' if !dot => dot = true,
                c if c.is_ascii_digit() || hexadecimal && c.is_ascii_hexdigit() => {
                    any = true;
                    let leading = c == b'0' && number.digits.is_empty();
                    if !leading {
                        number.digits.push(c);
                    }
                    number.point += i64::from(!dot && !leading) - i64::from(dot && leading);
                }
                _ => break,
            }
            rest = after;
        }
        if !any {
            return None;
        }
        match rest {
            [c, after @ ..] if lower(*c) == if hexadecimal { b'p' } else { b'e' } => {
                number.exponent = exponent(after, &mut underscores)?;
            }
            [] if !hexadecimal => {}
            _ => return None,
        }
        (!underscores || underscores_fit(text)).then_some(number)
    }

    /// The value of a decimal number; Rust's parser rounds correctly, however many digits there are.
    fn decimal(&self, single: bool) -> f64 {
        if self.digits.is_empty() {
            return 0.0;
        }
        // 0.digits times this power of ten
        let exponent = self.point + self.exponent;
        let text = format!("0.{}e{exponent}", String::from_utf8_lossy(&self.digits));
        if single { f64::from(text.parse::<f32>().unwrap_or(0.0)) } else { text.parse::<f64>().unwrap_or(0.0) }
    }

    /// The value of a hexadecimal number.
    fn binary(&self, single: bool) -> f64 {
        // The first 16 digits, with a last bit that says whether there is more.
        let mut mantissa = 0_u128;
        for &c in self.digits.iter().take(16) {
            mantissa = mantissa << 4 | u128::from(char::from(c).to_digit(16).unwrap_or(0));
        }
        let shown = self.digits.len().min(16) as i64;
        let more = self.digits.iter().skip(16).any(|&c| c != b'0');
        let exponent = 4 * (self.point - shown) + self.exponent - 1;
        let mantissa = mantissa << 1 | u128::from(more);
        round(mantissa, exponent, if single { (24, -149, 127) } else { (53, -1074, 1023) })
    }
}

/// mantissa × 2^exponent, rounded to even, for numbers of so many bits with this least and greatest exponent.
fn round(mut mantissa: u128, mut exponent: i64, (width, least, greatest): (i64, i64, i64)) -> f64 {
    let bits = 128 - i64::from(mantissa.leading_zeros());
    let drop = (bits - width).max(least - exponent);
    if drop > 0 {
        exponent += drop;
        // More than all of the bits leave nothing, and no more than exactly half can be rounded up.
        let drop = drop.min(127) as u32;
        let (low, half) = (mantissa & ((1 << drop) - 1), 1_u128 << (drop - 1));
        mantissa >>= drop;
        mantissa += u128::from(low > half || low == half && mantissa & 1 == 1);
    }
    if mantissa == 0 {
        return 0.0;
    }
    let top = exponent + 127 - i64::from(mantissa.leading_zeros());
    if top > greatest {
        return f64::INFINITY;
    }
    // In two steps, since the power of two may be too small for a number of its own.
    let first = exponent.clamp(-1000, 1000) as i32;
    mantissa as f64 * 2_f64.powi(first) * 2_f64.powi((exponent - i64::from(first)) as i32)
}

/// The number behind an `e` or `p`; large ones are all the same.
fn exponent(text: &[u8], underscores: &mut bool) -> Option<i64> {
    let (sign, digits) = match text {
        [b'-', rest @ ..] => (-1, rest),
        [b'+', rest @ ..] => (1, rest),
        _ => (1, text),
    };
    if !digits.first()?.is_ascii_digit() {
        return None;
    }
    let mut value = 0;
    for &c in digits {
        match c {
            b'_' => *underscores = true,
            b'0'..=b'9' if value < MOST => value = value * 10 + i64::from(c - b'0'),
            b'0'..=b'9' => {}
            _ => return None,
        }
    }
    Some(sign * value)
}
