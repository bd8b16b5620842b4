//! Values as messages show them.

use super::Value;
use super::convert::to_f64;
use super::float::Float;
use super::ops::float;
use super::text::Text;

/// Longer strings are cut to this many characters, quotes and dots included.
const SHOWN_CHARS: usize = 72;

/// Digits of a number with a fraction.
const SHOWN_DIGITS: i64 = 6;

impl Value {
    /// The value as messages show it: `300`, `1e+100`, `0.333333`, `"abc"`. Numbers of `float` kind have six digits,
    /// long strings are cut.
    pub fn to_string_short(&self, float: bool) -> String {
        match self {
            Self::Unknown => "unknown".into(),
            Self::Bool(x) => x.to_string(),
            Self::Str(x) => short_string(x),
            Self::Int(x) if !float => x.to_string(),
            Self::Big(x) if !float => x.to_string(),
            _ => short_number(self),
        }
    }
}

fn short_string(text: &Text) -> String {
    // No character has more than four bytes, so this is enough to see whether it is too long.
    let mut quoted = quote(&text.prefix(4 * SHOWN_CHARS));
    let cut = quoted.char_indices().nth(SHOWN_CHARS - 3).map(|(at, _)| at);
    if let Some(at) = cut
        && quoted.chars().nth(SHOWN_CHARS).is_some()
    {
        quoted.truncate(at);
        quoted.push_str("...");
    }
    quoted
}

/// The bytes as a quoted literal: what cannot be printed is escaped.
pub fn quote(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() + 2);
    out.push('"');
    for chunk in bytes.utf8_chunks() {
        chunk.valid().chars().for_each(|c| quote_char(c, &mut out));
        for byte in chunk.invalid() {
            out.push_str(&format!("\\x{byte:02x}"));
        }
    }
    out.push('"');
    out
}

fn quote_char(c: char, out: &mut String) {
    match c {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\x07' => out.push_str("\\a"),
        '\x08' => out.push_str("\\b"),
        '\x0c' => out.push_str("\\f"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\x0b' => out.push_str("\\v"),
        ' '..='~' => out.push(c),
        '\0'..='\x7f' => out.push_str(&format!("\\x{:02x}", u32::from(c))),
        _ if is_printable(c) => out.push(c),
        _ if u32::from(c) > 0xffff => out.push_str(&format!("\\U{:08x}", u32::from(c))),
        _ => out.push_str(&format!("\\u{:04x}", u32::from(c))),
    }
}

/// Letters, marks, numbers, punctuation and symbols.
fn is_printable(c: char) -> bool {
    // The standard library knows but does not tell; escaping of debug output shows it. Marks are escaped at the
    // start of a text only.
    String::from_iter(['a', c]).escape_debug().count() == 2
}

fn short_number(x: &Value) -> String {
    let exact = to_f64(x).filter(|f| (*f == 0.0) == (x.sign() == 0));
    match exact {
        Some(f) => {
            let text = general(&format!("{:.*e}", SHOWN_DIGITS as usize - 1, f));
            // What is not integral, to the precision of floats, shall not look so.
            let integral = |x: &Value| x.is_integer() || float(x).parts().1 >= 0;
            if text.contains('.') || integral(x) { text } else { general(&format!("{f:e}")) }
        }
        // Beyond the range of float64.
        None => {
            let (digits, exponent) = leading_digits(&float(x));
            let sign = if x.sign() < 0 { "-" } else { "" };
            let (head, tail) = digits.split_at(1);
            general(&format!("{sign}{head}.{tail}e{exponent}"))
        }
    }
}

/// The six leading decimal digits of a number that is not zero, rounded, and the decimal exponent of the first.
fn leading_digits(x: &Float) -> (String, i64) {
    let mut exponent = ((x.magnitude() - 1) as f64 * 2f64.log10()).floor() as i64;
    let (mant, exp) = x.parts();
    let (least, limit) = (10u64.pow(SHOWN_DIGITS as u32 - 1), 10u64.pow(SHOWN_DIGITS as u32));
    // The estimate is off by one at most, and so is what rounding adds.
    for _ in 0..3 {
        let scale = SHOWN_DIGITS - 1 - exponent;
        match Float::scaled(mant, exp + scale, scale).to_nearest_u64() {
            Some(digits) if digits < least => exponent -= 1,
            Some(digits) if digits < limit => return (digits.to_string(), exponent),
            _ => exponent += 1,
        }
    }
    ("0".repeat(SHOWN_DIGITS as usize), exponent)
}

/// Scientific notation (`-1.25e3`) as C's `%g` writes it: without trailing zeros, the exponent signed and of two
/// digits at least, and left out if the number is neither large nor small.
fn general(scientific: &str) -> String {
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa),
    };
    let exponent: i64 = exponent.parse().unwrap_or(0);
    let all: String = mantissa.chars().filter(|&c| c != '.').collect();
    let digits = match all.trim_end_matches('0') {
        "" => "0",
        digits => digits,
    };
    if !(-4..SHOWN_DIGITS).contains(&exponent) {
        let (head, tail) = digits.split_at(1);
        let dot = if tail.is_empty() { "" } else { "." };
        let direction = if exponent < 0 { '-' } else { '+' };
        return format!("{sign}{head}{dot}{tail}e{direction}{:02}", exponent.unsigned_abs());
    }
    if exponent < 0 {
        return format!("{sign}0.{}{digits}", "0".repeat(exponent.unsigned_abs() as usize - 1));
    }
    let whole = exponent as usize + 1;
    match digits.split_at_checked(whole) {
        Some((whole, "")) => format!("{sign}{whole}"),
        Some((whole, fraction)) => format!("{sign}{whole}.{fraction}"),
        None => format!("{sign}{digits:0<whole$}"),
    }
}
