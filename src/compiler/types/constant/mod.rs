//! Exact values of constants.
//!
//! Constant expressions are computed without rounding or wrapping, as the language demands: what a value may become
//! is decided only where it gets a type ([`representable`]). This module knows values and the kinds of
//! [`Basic`](super::Basic), nothing of other types. Which operators an operand admits is for the checker to say; a
//! combination that makes no sense here gives [`Value::Unknown`], as does any operation on it, so that one error does
//! not breed others.
//!
//! Invariants:
//! - A value has one representation, so `==` and `Hash` are those of the values: an integer that fits is an `Int`, else
//!   `Big`; a fraction in lowest terms is a `Rat`; a `Float` is neither. The kind of an untyped constant is not part
//!   of its value: `1`, `1.0` and `'\x01'` are all `Int(1)`.
//! - Sizes are bounded, so that no program makes the checker run away: numerators and denominators have at most
//!   [`RATIO_BITS`] bits; what does not fit is rounded to a [`Float`] of 512 bits with a 32-bit exponent; a string
//!   is at most [`STRING_LIMIT`] bytes long and concatenation copies nothing large ([`Text`]). Integers of untyped
//!   integer kind the checker refuses beyond [`INTEGER_BITS`] bits ([`Value::bit_len`]).
//! - Small integers, nearly all there are, never allocate; a value is 16 bytes and clones by a reference count.
//!
//! The limits are those that Go's compiler shows from outside.

mod convert;
mod float;
mod format;
mod literal;
mod ops;
mod text;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Signed, ToPrimitive};

pub use self::convert::{Why, int_to_string, representable, round32, round64, to_f32, to_f64};
pub use self::float::Float;
pub use self::format::quote;
pub use self::literal::{BadLiteral, float_literal, int_literal};
pub use self::ops::{BadCount, Fault, SHIFT_LIMIT, binary, compare, shift, shift_count, unary};
pub use self::text::{STRING_LIMIT, Text};

/// Constants of untyped integer kind have at most this many bits; those of float kind may have more.
pub const INTEGER_BITS: u64 = 512;

/// Exact numerators and denominators have at most this many bits.
pub const RATIO_BITS: u64 = 4095;

/// The value of a constant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// Not known because of an error that was reported.
    Unknown,
    /// A truth value.
    Bool(bool),
    /// A string: any bytes.
    Str(Text),
    /// An integer that fits.
    Int(i64),
    /// An integer that does not fit `Int`.
    Big(Arc<BigInt>),
    /// A fraction in lowest terms that is not integral.
    Rat(Arc<BigRational>),
    /// A number too large or too fine for exact arithmetic.
    Float(Arc<Float>),
}

const _: () = assert!(size_of::<Value>() == 16);

impl Value {
    /// The value of a string.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self::Str(Text::new(bytes))
    }

    /// The value of an unsigned integer.
    #[inline]
    pub fn from_u64(x: u64) -> Self {
        match i64::try_from(x) {
            Ok(x) => Self::Int(x),
            Err(_) => Self::Big(Arc::new(x.into())),
        }
    }

    /// The value of an integer of any size.
    pub fn from_big(x: BigInt) -> Self {
        match x.to_i64() {
            Some(x) => Self::Int(x),
            None if x.bits() <= RATIO_BITS => Self::Big(Arc::new(x)),
            None => Self::from_float(Float::new(&x, 0)).unwrap_or(Self::Unknown),
        }
    }

    /// The value of a fraction in lowest terms with a positive denominator.
    pub fn from_ratio(x: BigRational) -> Self {
        if x.is_integer() {
            Self::from_big(x.into_raw().0)
        } else if x.numer().bits() <= RATIO_BITS && x.denom().bits() <= RATIO_BITS {
            Self::Rat(Arc::new(x))
        } else {
            Self::from_float(Float::from_ratio(&x)).unwrap_or(Self::Unknown)
        }
    }

    /// The value of a number that was rounded; `None` if it is too large for a [`Float`]; one that is too small is
    /// zero.
    ///
    /// A number that is back in the range of exact arithmetic becomes exact. If its last bits alone keep it from
    /// being an integer they are the dirt of earlier roundings and go, so that `1e5000/3*3/1e4999` is 10.
    pub fn from_float(x: Float) -> Option<Self> {
        if x.is_zero() || x.magnitude() < i64::from(i32::MIN) {
            return Some(Self::Int(0));
        }
        if x.magnitude() > i64::from(i32::MAX) {
            return None;
        }
        if let Some(integer) = x.nearly_integer(RATIO_BITS) {
            return Some(Self::from_big(integer));
        }
        Some(match x.to_ratio(RATIO_BITS) {
            Some(ratio) => Self::Rat(Arc::new(ratio)),
            None => Self::Float(Arc::new(x)),
        })
    }

    /// The exact value of a finite number; `Unknown` for the others.
    pub fn from_f64(x: f64) -> Self {
        Float::from_f64(x).and_then(Self::from_float).unwrap_or(Self::Unknown)
    }

    /// Whether nothing is known of it.
    #[inline]
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }

    /// Whether it is a number.
    #[inline]
    pub fn is_numeric(&self) -> bool {
        matches!(self, Self::Int(_) | Self::Big(_) | Self::Rat(_) | Self::Float(_))
    }

    /// Whether it is a number without a fraction. Numbers of more than [`RATIO_BITS`] bits do not count.
    #[inline]
    pub fn is_integer(&self) -> bool {
        matches!(self, Self::Int(_) | Self::Big(_))
    }

    /// The truth value.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(b) => Some(*b),
            _ => None,
        }
    }

    /// The string.
    pub fn as_text(&self) -> Option<&Text> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The integer, if it fits.
    #[inline]
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Int(x) => Some(*x),
            _ => None,
        }
    }

    /// The integer, if it fits.
    #[inline]
    pub fn as_u64(&self) -> Option<u64> {
        match self {
            Self::Int(x) => u64::try_from(*x).ok(),
            Self::Big(x) => x.to_u64(),
            _ => None,
        }
    }

    /// The value as an integer; `None` if it is not one.
    pub fn to_int(&self) -> Option<Self> {
        self.is_integer().then(|| self.clone())
    }

    /// The value as a floating-point constant; `None` if it is not a number. Nothing is rounded.
    pub fn to_float(&self) -> Option<Self> {
        self.is_numeric().then(|| self.clone())
    }

    /// −1, 0 or 1; 0 for what is not a number.
    pub fn sign(&self) -> i32 {
        let negative = match self {
            Self::Int(x) => return x.signum() as i32,
            Self::Big(x) => x.is_negative(),
            Self::Rat(x) => x.is_negative(),
            Self::Float(x) => x.is_negative(),
            Self::Unknown | Self::Bool(_) | Self::Str(_) => return 0,
        };
        if negative { -1 } else { 1 }
    }

    /// Whether it is the number zero.
    #[inline]
    pub fn is_zero(&self) -> bool {
        matches!(self, Self::Int(0))
    }

    /// The bits needed for the absolute value of a number without a fraction, however large.
    #[inline]
    pub fn bit_len(&self) -> Option<u64> {
        match self {
            Self::Int(x) => Some(u64::from(u64::BITS - x.unsigned_abs().leading_zeros())),
            Self::Big(x) => Some(x.bits()),
            Self::Float(x) if x.parts().1 >= 0 => Some(x.magnitude().unsigned_abs()),
            _ => None,
        }
    }
}
