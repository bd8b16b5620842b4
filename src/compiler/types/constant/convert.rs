//! What a constant becomes when it gets a type: range checks, rounding, conversion to string.

use num_bigint::BigUint;
use num_integer::Integer;
use num_traits::{ToPrimitive, Zero};

use super::Value;
use crate::compiler::types::Basic;

/// Why a constant cannot be a value of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// A number with a fraction, for an integer kind.
    Truncated,
    /// A number beyond the range of the kind.
    Overflows,
    /// Not a number for a kind of numbers, and so on.
    Mismatched,
}

/// The value that the constant `x` has as a constant of kind `to`: the same, except that `float32` and `float64` round.
///
/// Go's words go by kinds, not by values: any number of float kind that does not fit an integer kind is "truncated".
#[inline]
pub fn representable(x: &Value, to: Basic) -> Result<Value, Why> {
    if let Value::Int(value) = x
        && to.is_integer()
    {
        return if fits(*value, to) { Ok(Value::Int(*value)) } else { Err(Why::Overflows) };
    }
    representable_slow(x, to)
}

fn representable_slow(x: &Value, to: Basic) -> Result<Value, Why> {
    let converted = match x {
        Value::Unknown => return Ok(Value::Unknown),
        Value::Bool(_) => return if to.is_boolean() { Ok(x.clone()) } else { Err(Why::Mismatched) },
        Value::Str(_) => return if to.is_string() { Ok(x.clone()) } else { Err(Why::Mismatched) },
        _ if !to.is_numeric() => return Err(Why::Mismatched),
        _ => match to {
            Basic::Float32 => round32(x),
            Basic::Float64 => round64(x),
            Basic::UntypedFloat => Some(x.clone()),
            // Integer kinds: a small value was dealt with, so only `uint64` and its like can hold a fitting one.
            _ => {
                let fits = match to.bits() {
                    None => x.is_integer(),
                    Some(bits) => bits == u64::BITS && to.is_unsigned() && x.as_u64().is_some(),
                };
                fits.then(|| x.clone())
            }
        },
    };
    converted.ok_or(if to.is_integer() && !x.is_integer() { Why::Truncated } else { Why::Overflows })
}

/// Whether a small integer is in the range of an integer kind.
#[inline]
fn fits(x: i64, kind: Basic) -> bool {
    let unsigned = kind.is_unsigned();
    match kind.bits() {
        None => true,
        Some(u64::BITS) => !unsigned || x >= 0,
        Some(bits) if unsigned => x >= 0 && x >> bits == 0,
        Some(bits) => (x >> (bits - 1)) == x >> (i64::BITS - 1),
    }
}

/// The number rounded to the nearest `float32`, ties to even; `None` if that is infinite or `x` is no number.
pub fn round32(x: &Value) -> Option<Value> {
    match x {
        Value::Int(n) if n.unsigned_abs() <= 1 << f32::MANTISSA_DIGITS => Some(x.clone()),
        _ => to_f32(x).map(|rounded| Value::from_f64(rounded.into())),
    }
}

/// The number rounded to the nearest `float64`, ties to even; `None` if that is infinite or `x` is no number.
pub fn round64(x: &Value) -> Option<Value> {
    match x {
        Value::Int(n) if n.unsigned_abs() <= 1 << f64::MANTISSA_DIGITS => Some(x.clone()),
        _ => to_f64(x).map(Value::from_f64),
    }
}

/// The nearest `f32`, ties to even; `None` if that is infinite or `x` is no number. Zero is positive.
pub fn to_f32(x: &Value) -> Option<f32> {
    if let Value::Int(x) = x {
        return Some(*x as f32);
    }
    let bits = u32::try_from(leading(x)?.round(f32::MANTISSA_DIGITS, i64::from(f32::MAX_EXP) - 1)?).ok()?;
    Some(with_sign(f64::from(f32::from_bits(bits)), x) as f32)
}

/// The nearest `f64`, ties to even; `None` if that is infinite or `x` is no number. Zero is positive.
pub fn to_f64(x: &Value) -> Option<f64> {
    match x {
        Value::Int(x) => return Some(*x as f64),
        // Both sides are exact and the division rounds once.
        Value::Rat(x) => {
            const EXACT: u64 = 1 << f64::MANTISSA_DIGITS;
            if let (Some(num), Some(den)) = (x.numer().to_i64(), x.denom().to_u64())
                && num.unsigned_abs() <= EXACT
                && den <= EXACT
            {
                return Some(num as f64 / den as f64);
            }
        }
        _ => {}
    }
    let bits = leading(x)?.round(f64::MANTISSA_DIGITS, i64::from(f64::MAX_EXP) - 1)?;
    Some(with_sign(f64::from_bits(bits), x))
}

fn with_sign(magnitude: f64, x: &Value) -> f64 {
    if x.sign() < 0 && magnitude != 0.0 { -magnitude } else { magnitude }
}

/// The leading 64 bits of a positive number: it lies in `[bits, bits+1) × 2^exp`, and at the start of that interval
/// exactly if there is nothing below.
struct Leading {
    bits: u64,
    exp: i64,
    more_below: bool,
}

/// The leading bits of the absolute value of a number that is not zero.
fn leading(x: &Value) -> Option<Leading> {
    match x {
        Value::Int(x) => Leading::new(&x.unsigned_abs().into(), 0, false),
        Value::Big(x) => Leading::new(x.magnitude(), 0, false),
        Value::Rat(x) => {
            let (num, den) = (x.numer().magnitude(), x.denom().magnitude());
            let shift = (u64::from(u64::BITS) + 1 + den.bits()).saturating_sub(num.bits());
            let (quotient, rest) = (num << shift).div_rem(den);
            Leading::new(&quotient, -(shift as i64), !rest.is_zero())
        }
        Value::Float(x) => {
            let (mant, exp) = x.parts();
            Leading::new(mant.magnitude(), exp, false)
        }
        Value::Unknown | Value::Bool(_) | Value::Str(_) => None,
    }
}

impl Leading {
    fn new(mag: &BigUint, exp: i64, more_below: bool) -> Option<Self> {
        let excess = mag.bits() as i64 - i64::from(u64::BITS);
        let (bits, more) = if excess <= 0 {
            (mag.to_u64()?.checked_shl(u32::try_from(-excess).ok()?)?, false)
        } else {
            ((mag >> excess.unsigned_abs()).to_u64()?, mag.trailing_zeros()? < excess.unsigned_abs())
        };
        Some(Self { bits, exp: exp + excess, more_below: more_below || more })
    }

    /// The bits of the nearest number of an IEEE format with mantissas of `digits` bits and exponents up to
    /// `max_exp`; `None` beyond its range.
    fn round(&self, digits: u32, max_exp: i64) -> Option<u64> {
        let min_exp = 1 - max_exp;
        let exp = self.exp + i64::from(u64::BITS) - 1;
        if exp > max_exp {
            return None;
        }
        // Below the normal numbers each binary order costs a bit.
        let lost = (min_exp - exp).max(0);
        let dropped = u64::from(u64::BITS - digits) + lost.unsigned_abs();
        if dropped > u64::from(u64::BITS) {
            return Some(0);
        }
        let wide = u128::from(self.bits);
        let (kept, rest) = (wide >> dropped, wide & ((1 << dropped) - 1));
        let half = 1u128 << (dropped - 1);
        let up = rest > half || (rest == half && (self.more_below || kept & 1 == 1));
        let kept = u64::try_from(kept).ok()? + u64::from(up);
        // The leading bit of a normal number adds one to the exponent field, and so does a carry of the rounding.
        let below_normal = if lost > 0 { 0 } else { u64::try_from(exp - min_exp).ok()? };
        let field = (below_normal << (digits - 1)) + kept;
        let infinity = (2 * max_exp.unsigned_abs() + 1) << (digits - 1);
        (field < infinity).then_some(field)
    }
}

/// `string(x)` for an integer: the character of that code point in UTF-8, U+FFFD for what is none.
pub fn int_to_string(x: &Value) -> Value {
    if x.is_unknown() {
        return Value::Unknown;
    }
    let code = x.as_i64().and_then(|x| u32::try_from(x).ok());
    let c = code.and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER);
    Value::from_bytes(c.encode_utf8(&mut [0; 4]).as_bytes())
}
