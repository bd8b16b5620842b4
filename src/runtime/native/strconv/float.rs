//! Floating-point numbers as text.
//!
//! The digits come from Rust's formatting, which gives the shortest digits that read back as the number, or any number
//! of digits of its exact value, rounded to even in the middle. The forms are put together here.

use std::fmt::Write as _;

use super::integer::Digits;

/// More digits than any number has, after the point or before: what follows is zeros.
const MOST: usize = 1100;

/// A number in a form as `strconv.FormatFloat` describes it, of 32 or 64 bits. The precision is not negative, or asks
/// for the fewest digits; the caller has made sure that so many fit into memory.
pub fn format(value: f64, form: u8, precision: Option<usize>, single: bool, out: &mut Vec<u8>) {
    let value = if single { f64::from(value as f32) } else { value };
    if value.is_nan() {
        return out.extend_from_slice(b"NaN");
    }
    if value.is_infinite() {
        return out.extend_from_slice(if value > 0.0 { b"+Inf" } else { b"-Inf" });
    }
    if !b"beEfgGxX".contains(&form) {
        return out.extend_from_slice(&[b'%', form]);
    }
    if value.is_sign_negative() {
        out.push(b'-');
    }
    let value = value.abs();
    match form {
        b'b' => binary(value, single, out),
        b'x' | b'X' => hexadecimal(value, form, precision, single, out),
        b'f' => match precision {
            Some(precision) => fixed(value, precision, out),
            None => Decimal::shortest(value, single).fixed(out),
        },
        b'e' | b'E' => match precision {
            Some(precision) => Decimal::rounded(value, precision).exponential(form, Some(precision), out),
            None => Decimal::shortest(value, single).exponential(form, None, out),
        },
        _ => general(value, form, precision, single, out),
    }
}

/// `%f` with a precision, which Rust writes in the same way.
fn fixed(value: f64, precision: usize, out: &mut Vec<u8>) {
    let own = precision.min(MOST);
    let mut text = Text::new(out);
    // Writing to a vector cannot fail.
    let _ = write!(text, "{value:.own$}");
    out.resize(out.len() + (precision - own), b'0');
}

/// `%g`: an exponent where it is very small or at least the precision, no trailing zeros.
fn general(value: f64, form: u8, precision: Option<usize>, single: bool, out: &mut Vec<u8>) {
    let decimal = match precision {
        Some(precision) => Decimal::rounded(value, precision.max(1) - 1),
        None => Decimal::shortest(value, single),
    };
    let limit = match precision {
        None => SHORTEST_LIMIT,
        Some(precision) => {
            let (precision, digits) = (precision.max(1), decimal.digits().len());
            let all_shown = digits as i32 >= decimal.point;
            if precision > digits && all_shown { digits } else { precision }
        }
    };
    let exponent = decimal.point - 1;
    if exponent < -4 || i64::from(exponent) >= limit as i64 {
        decimal.exponential(form - (b'g' - b'e'), None, out);
    } else {
        decimal.fixed(out);
    }
}

/// From this exponent on, the shortest form has one.
const SHORTEST_LIMIT: usize = 6;

/// Digits without trailing zeros, none for 0, and where the decimal point is: 0.digits × 10^point.
struct Decimal {
    buf: Vec<u8>,
    point: i32,
}

impl Decimal {
    /// The fewest digits that read back as the number, and of these the nearest, in the middle the even ones.
    fn shortest(value: f64, single: bool) -> Self {
        let digits =
            Self::from_text(|text| if single { write!(text, "{:e}", value as f32) } else { write!(text, "{value:e}") });
        // Rust makes odd digits of some numbers that lie in the middle.
        if digits.may_be_middle(value) {
            let even = Self::rounded(value, digits.buf.len() - 1);
            if even.reads_as(value, single) {
                return even;
            }
        }
        digits
    }

    /// Whether the number may lie in the middle between these digits and others that are even.
    fn may_be_middle(&self, value: f64) -> bool {
        if self.buf.last().is_none_or(|digit| digit % 2 == 0) {
            return false;
        }
        let (mantissa, exponent, width) = parts(value, false);
        // A number with so many binary digits behind the point has as many decimal ones, the last of which is 5.
        let behind = width - exponent - mantissa.trailing_zeros() as i32;
        let shown = self.buf.len() as i32 - self.point;
        if behind > 0 { shown + 1 == behind } else { shown < 0 }
    }

    fn reads_as(&self, value: f64, single: bool) -> bool {
        let text = format!("0.{}e{}", String::from_utf8_lossy(&self.buf), self.point);
        if single { text.parse() == Ok(value as f32) } else { text.parse() == Ok(value) }
    }

    /// The exact number, rounded to so many digits after the first.
    fn rounded(value: f64, precision: usize) -> Self {
        let precision = precision.min(MOST);
        Self::from_text(|text| write!(text, "{value:.precision$e}"))
    }

    /// From what Rust writes: `d.ddde-d`.
    fn from_text(write: impl FnOnce(&mut Text<'_>) -> std::fmt::Result) -> Self {
        let mut buf = Vec::with_capacity(32);
        // Writing to a vector cannot fail.
        let _ = write(&mut Text::new(&mut buf));
        let mantissa = buf.iter().position(|&c| c == b'e').unwrap_or(buf.len());
        let exponent = buf.get(mantissa + 1..).and_then(|text| std::str::from_utf8(text).ok()?.parse::<i32>().ok());
        buf.truncate(mantissa);
        if buf.len() > 1 {
            buf.remove(1);
        }
        while buf.last() == Some(&b'0') {
            buf.pop();
        }
        let point = if buf.is_empty() { 0 } else { exponent.unwrap_or(0) + 1 };
        Self { buf, point }
    }

    fn digits(&self) -> &[u8] {
        &self.buf
    }

    /// `d.ddde±dd` with so many digits after the point, or all there are.
    fn exponential(&self, form: u8, precision: Option<usize>, out: &mut Vec<u8>) {
        let (first, rest) = self.buf.split_first().unwrap_or((&b'0', &[]));
        out.push(*first);
        let precision = precision.unwrap_or(rest.len());
        if precision > 0 {
            out.push(b'.');
            let end = out.len() + precision;
            out.extend_from_slice(&rest[..rest.len().min(precision)]);
            out.resize(end, b'0');
        }
        let exponent = if self.buf.is_empty() { 0 } else { self.point - 1 };
        out.extend_from_slice(&[form, if exponent < 0 { b'-' } else { b'+' }]);
        two_digits(exponent.unsigned_abs(), out);
    }

    /// `ddd.ddd` with all digits there are.
    fn fixed(&self, out: &mut Vec<u8>) {
        let before = usize::try_from(self.point).unwrap_or(0);
        if before == 0 {
            out.push(b'0');
        }
        let end = out.len() + before;
        let (whole, fraction) = self.buf.split_at(self.buf.len().min(before));
        out.extend_from_slice(whole);
        out.resize(end, b'0');
        if !fraction.is_empty() {
            out.push(b'.');
            out.resize(out.len() + self.point.min(0).unsigned_abs() as usize, b'0');
            out.extend_from_slice(fraction);
        }
    }
}

fn two_digits(value: u32, out: &mut Vec<u8>) {
    if value < 10 {
        out.push(b'0');
    }
    out.extend_from_slice(Digits::unsigned(u64::from(value), 10).text());
}

/// The bits of the mantissa, and the exponent of its highest one.
fn parts(value: f64, single: bool) -> (u64, i32, i32) {
    let (bits, width, bias) =
        if single { (u64::from((value as f32).to_bits()), 23, 127) } else { (value.to_bits(), 52, 1023) };
    let (fraction, exponent) = (bits & ((1 << width) - 1), (bits >> width) as i32);
    if exponent == 0 { (fraction, 1 - bias, width) } else { (fraction | 1 << width, exponent - bias, width) }
}

/// `ddddp±ddd`
fn binary(value: f64, single: bool, out: &mut Vec<u8>) {
    let (mantissa, exponent, width) = parts(value, single);
    out.extend_from_slice(Digits::unsigned(mantissa, 10).text());
    let exponent = exponent - width;
    out.push(b'p');
    if exponent >= 0 {
        out.push(b'+');
    }
    out.extend_from_slice(Digits::signed(i64::from(exponent), 10).text());
}

/// `0xd.dddp±dd`
fn hexadecimal(value: f64, form: u8, precision: Option<usize>, single: bool, out: &mut Vec<u8>) {
    /// Where the highest bit is brought to.
    const TOP: u32 = 60;
    let (mut mantissa, mut exponent, width) = parts(value, single);
    if mantissa == 0 {
        exponent = 0;
    } else {
        let shift = mantissa.leading_zeros() - (63 - TOP);
        mantissa <<= shift;
        exponent -= shift as i32 - (TOP as i32 - width);
    }
    if let Some(precision) = precision.filter(|&precision| precision < 15) {
        let kept = TOP - 4 * precision as u32;
        let (low, half) = (mantissa & ((1 << kept) - 1), 1 << (kept - 1));
        mantissa >>= kept;
        mantissa += u64::from(low > half || low == half && mantissa & 1 == 1);
        mantissa <<= kept;
        if mantissa >> (TOP + 1) != 0 {
            mantissa >>= 1;
            exponent += 1;
        }
    }
    out.extend_from_slice(&[b'0', form, b'0' + (mantissa >> TOP) as u8]);
    let mut rest = mantissa << (64 - TOP);
    let count = precision.unwrap_or((64 - rest.trailing_zeros() as usize).div_ceil(4));
    if count > 0 {
        out.push(b'.');
        let end = out.len() + count;
        let digits = if form == b'x' { b"0123456789abcdef" } else { b"0123456789ABCDEF" };
        for _ in 0..count.min(16) {
            out.push(digits[(rest >> 60) as usize]);
            rest <<= 4;
        }
        out.resize(end, b'0');
    }
    out.extend_from_slice(&[form - (b'x' - b'p'), if exponent < 0 { b'-' } else { b'+' }]);
    two_digits(exponent.unsigned_abs(), out);
}

/// Text that is appended to a vector.
struct Text<'a>(&'a mut Vec<u8>);

impl<'a> Text<'a> {
    fn new(out: &'a mut Vec<u8>) -> Self {
        Self(out)
    }
}

impl std::fmt::Write for Text<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}
