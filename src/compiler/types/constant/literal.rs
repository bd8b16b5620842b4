//! Literals to values.
//!
//! The lexer has checked the form; what is wrong all the same is an error here, never a panic. Quoted literals are
//! the matter of `syntax::literal`.

use num_bigint::{BigInt, BigUint};
use num_integer::Integer;
use num_rational::BigRational;
use num_traits::{One, Zero};

use super::float::Float;
use super::{INTEGER_BITS, RATIO_BITS, Value};

/// Longer number literals are refused.
const LENGTH_LIMIT: usize = 10_000;

/// Why a number literal has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadLiteral {
    /// Not a number, or one with an exponent beyond reason.
    Malformed,
    /// Longer than 10,000 characters.
    TooLong,
    /// An integer of more than [`INTEGER_BITS`] bits.
    Overflow,
}

impl BadLiteral {
    /// As the compiler reports it for the literal `text`.
    pub fn message(self, text: &str) -> String {
        match self {
            Self::Malformed => format!("malformed constant: {text}"),
            Self::TooLong => {
                let start: String = text.chars().take(10).collect();
                format!("excessively long constant: {start}... ({} chars)", text.chars().count())
            }
            Self::Overflow => "constant overflow".into(),
        }
    }
}

/// The value of an integer literal: `42`, `0x2a`, `0o52`, `052`, `0b10_1010`.
pub fn int_literal(text: &str) -> Result<Value, BadLiteral> {
    if text.len() > LENGTH_LIMIT {
        return Err(BadLiteral::TooLong);
    }
    let (radix, digits) = match text.as_bytes() {
        [b'0', b'x' | b'X', digits @ ..] => (16, digits),
        [b'0', b'o' | b'O', digits @ ..] => (8, digits),
        [b'0', b'b' | b'B', digits @ ..] => (2, digits),
        [b'0', digits @ ..] if !digits.is_empty() => (8, digits),
        digits => (10, digits),
    };
    let mantissa = Mantissa::parse(digits, radix).ok_or(BadLiteral::Malformed)?;
    match mantissa {
        Mantissa::Small(x) => Ok(Value::from_u64(x)),
        Mantissa::Big(x) if x.bits() > INTEGER_BITS => Err(BadLiteral::Overflow),
        Mantissa::Big(x) => Ok(Value::from_big(x.into())),
    }
}

/// The digits of a literal as an integer, dots left out.
enum Mantissa {
    Small(u64),
    Big(BigUint),
}

impl Mantissa {
    fn parse(digits: &[u8], radix: u32) -> Option<Self> {
        let mut small = Some(0u64);
        let mut any = false;
        for &byte in digits {
            if matches!(byte, b'_' | b'.') {
                continue;
            }
            let digit = char::from(byte).to_digit(radix)?;
            any = true;
            small = small.and_then(|x| x.checked_mul(radix.into())?.checked_add(digit.into()));
        }
        match small {
            Some(x) => any.then_some(Self::Small(x)),
            None => {
                let digits: Vec<u8> = digits.iter().copied().filter(|b| !matches!(b, b'_' | b'.')).collect();
                BigUint::parse_bytes(&digits, radix).map(Self::Big)
            }
        }
    }

    fn is_zero(&self) -> bool {
        matches!(self, Self::Small(0))
    }

    fn bits(&self) -> u64 {
        match self {
            Self::Small(x) => (u64::BITS - x.leading_zeros()).into(),
            Self::Big(x) => x.bits(),
        }
    }

    fn into_big(self) -> BigUint {
        match self {
            Self::Small(x) => x.into(),
            Self::Big(x) => x,
        }
    }
}

/// The value of a floating-point literal: `1.5`, `1e9`, `0x1p-2`.
pub fn float_literal(text: &str) -> Result<Value, BadLiteral> {
    if text.len() > LENGTH_LIMIT {
        return Err(BadLiteral::TooLong);
    }
    let value = match text.as_bytes() {
        [b'0', b'x' | b'X', rest @ ..] => parse_float(rest, true),
        all => parse_float(all, false),
    };
    value.ok_or(BadLiteral::Malformed)
}

fn parse_float(text: &[u8], hex: bool) -> Option<Value> {
    let is_marker = |b: &u8| matches!((hex, b), (true, b'p' | b'P') | (false, b'e' | b'E'));
    let (digits, exponent) = match text.iter().position(is_marker) {
        Some(at) => (text.get(..at)?, parse_exponent(text.get(at + 1..)?)?),
        // A hexadecimal float needs its exponent.
        None if hex => return None,
        None => (text, 0),
    };
    let fraction = match digits.iter().position(|&b| b == b'.') {
        Some(at) => digits.get(at + 1..)?.iter().filter(|&&b| b != b'_').count() as i64,
        None => 0,
    };
    let mantissa = Mantissa::parse(digits, if hex { 16 } else { 10 })?;
    if mantissa.is_zero() {
        return Some(Value::Int(0));
    }
    let exp2 = exponent.checked_sub(if hex { 4 * fraction } else { fraction })?;
    let exp5 = if hex { 0 } else { exp2 };
    if let Mantissa::Small(digits) = mantissa
        && let Some(value) = short_decimal(digits, exp2, exp5)
    {
        return Some(value);
    }
    let bits = mantissa.bits() as i64;
    i32::try_from(exp2.checked_add(bits)?).ok()?;
    // Beyond this the parts of the fraction would be too large.
    let magnitude = (bits + exp2) as f64 + exp5 as f64 * 5f64.log2();
    let mantissa = mantissa.into_big();
    if magnitude.abs() > (RATIO_BITS + 1) as f64 {
        return Value::from_float(Float::scaled(&mantissa.into(), exp2, exp5));
    }
    Some(Value::from_ratio(reduced(mantissa, exp2, exp5)))
}

/// Sign and digits; zero digits before and underscores are allowed.
fn parse_exponent(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'+', digits @ ..] => (false, digits),
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    let mut exponent = None;
    for &byte in digits.iter().filter(|&&b| b != b'_') {
        let digit = i64::from(char::from(byte).to_digit(10)?);
        // Counted below zero, where there is one number more.
        exponent = Some(exponent.unwrap_or(0i64).checked_mul(10)?.checked_sub(digit)?);
    }
    if negative { exponent } else { exponent?.checked_neg() }
}

/// `digits × 2^exp2 × 5^exp5` for the usual `2.5` and `1e9`, without big numbers on the way: only factors of 2 and 5
/// can be common to both sides of such a fraction.
fn short_decimal(mut digits: u64, exp2: i64, exp5: i64) -> Option<Value> {
    if exp2 != exp5 || !(-19..=18).contains(&exp2) {
        return None;
    }
    if exp2 >= 0 {
        let value = digits.checked_mul(10u64.pow(exp2 as u32))?;
        return Some(Value::from_u64(value));
    }
    let (mut twos, mut fives) = (exp2.unsigned_abs() as u32, exp5.unsigned_abs() as u32);
    while fives > 0 && digits.is_multiple_of(5) {
        digits /= 5;
        fives -= 1;
    }
    let shift = twos.min(digits.trailing_zeros());
    digits >>= shift;
    twos -= shift;
    let den = 5u64.pow(fives) << twos;
    Some(Value::from_ratio(BigRational::new_raw(digits.into(), den.into())))
}

/// `mant × 2^exp2 × 5^exp5` in lowest terms.
fn reduced(mant: BigUint, exp2: i64, exp5: i64) -> BigRational {
    let zeros = mant.trailing_zeros().unwrap_or(0);
    let exp2 = exp2 + zeros as i64;
    let (mant, exp5) = without_fives(mant >> zeros, exp5);
    let power = |exp2: i64, exp5: i64| {
        let fives = if exp5 > 0 { BigUint::from(5u32).pow(exp5 as u32) } else { BigUint::one() };
        BigInt::from(fives << exp2.max(0).unsigned_abs())
    };
    BigRational::new_raw(BigInt::from(mant) * power(exp2, exp5), power(-exp2, -exp5))
}

/// Moves factors of 5 from the mantissa to the exponent while that is below zero.
fn without_fives(mut mant: BigUint, mut exp5: i64) -> (BigUint, i64) {
    // Many at once first: a division costs as much by 5^27, the largest power in a word, as by 5.
    for step in [27, 1] {
        let divisor = BigUint::from(5u64.pow(step));
        while exp5 <= -i64::from(step) {
            let (quotient, rest) = mant.div_rem(&divisor);
            if !rest.is_zero() {
                break;
            }
            mant = quotient;
            exp5 += i64::from(step);
        }
    }
    (mant, exp5)
}
