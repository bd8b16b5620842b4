//! Binary floating point of 512 bits, for numbers beyond exact arithmetic.
//!
//! A number is `mant × 2^exp`. Invariant: the mantissa is odd (the exponent of zero is 0), so equal numbers are equal
//! structures. Every operation rounds to nearest, ties to even. Exponents are `i64` here and cannot overflow: a
//! constant's stays within 32 bits ([`Value::from_float`](super::Value::from_float) sees to it), so one operation's
//! result stays far within 64.

use std::cmp::Ordering;

use num_bigint::{BigInt, BigUint, Sign};
use num_integer::Integer;
use num_rational::BigRational;
use num_traits::{One, Signed, ToPrimitive, Zero};

/// Bits of a mantissa.
const PRECISION: u64 = 512;

/// Bits of intermediate results that are rounded again.
const WORKING_PRECISION: u64 = PRECISION + 64;

/// Bits that count when a number is examined for being an integer.
const TRUSTED_PRECISION: u64 = PRECISION - 4;

/// A floating-point number.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Float {
    mant: BigInt,
    exp: i64,
}

impl Float {
    /// `mant × 2^exp`, rounded.
    pub fn new(mant: &BigInt, exp: i64) -> Self {
        Self::round(mant.sign(), mant.magnitude(), exp, PRECISION)
    }

    /// The fraction, rounded.
    pub fn from_ratio(x: &BigRational) -> Self {
        Self::quotient(x.numer(), x.denom(), 0, PRECISION)
    }

    /// The exact value of a finite number; `None` for the others.
    pub fn from_f64(x: f64) -> Option<Self> {
        if !x.is_finite() {
            return None;
        }
        let fraction = x.to_bits() & ((1 << 52) - 1);
        let biased = (x.to_bits() >> 52 & 0x7ff) as i64;
        let (mant, exp) = if biased == 0 { (fraction, -1074) } else { (fraction | 1 << 52, biased - 1075) };
        let sign = if x < 0.0 { Sign::Minus } else { Sign::Plus };
        Some(Self::round(sign, &mant.into(), exp, PRECISION))
    }

    /// `mant × 2^exp2 × 5^exp5`, rounded; exact if it fits 512 bits and `exp5` is 0.
    pub fn scaled(mant: &BigInt, exp2: i64, exp5: i64) -> Self {
        let power = Self::power_of_5(exp5.unsigned_abs());
        match exp5.cmp(&0) {
            Ordering::Less => Self::quotient(mant, &power.mant, exp2 - power.exp, PRECISION),
            Ordering::Equal => Self::new(mant, exp2),
            Ordering::Greater => Self::new(&(mant * &power.mant), exp2 + power.exp),
        }
    }

    /// `5^n`, good for [`WORKING_PRECISION`] but for the last few bits.
    fn power_of_5(mut n: u64) -> Self {
        let mut result = Self { mant: BigInt::one(), exp: 0 };
        let mut square = Self { mant: BigInt::from(5), exp: 0 };
        while n != 0 {
            if n & 1 == 1 {
                result = result.product(&square, WORKING_PRECISION);
            }
            n >>= 1;
            if n != 0 {
                square = square.product(&square, WORKING_PRECISION);
            }
        }
        result
    }

    fn round(sign: Sign, mag: &BigUint, exp: i64, precision: u64) -> Self {
        let zeros = mag.trailing_zeros().unwrap_or(0);
        let excess = mag.bits().saturating_sub(precision);
        let (kept, dropped) = if excess > zeros {
            let mut kept = mag >> excess;
            let tie = zeros == excess - 1;
            if mag.bit(excess - 1) && (!tie || kept.bit(0)) {
                kept += 1u32;
            }
            // Rounding up can carry through and leave zeros below.
            let zeros = kept.trailing_zeros().unwrap_or(0);
            (kept >> zeros, excess + zeros)
        } else {
            (mag >> zeros, zeros)
        };
        let exp = if kept.is_zero() { 0 } else { exp + dropped as i64 };
        Self { mant: BigInt::from_biguint(sign, kept), exp }
    }

    fn quotient(num: &BigInt, den: &BigInt, exp: i64, precision: u64) -> Self {
        // Two bits more than wanted and one that says whether a remainder is left decide every rounding.
        let shift = (precision + 2 + den.bits()).saturating_sub(num.bits());
        let (quotient, rest) = (num.magnitude() << shift).div_rem(den.magnitude());
        let quotient = (quotient << 1u32) + u32::from(!rest.is_zero());
        Self::round(num.sign() * den.sign(), &quotient, exp - shift as i64 - 1, precision)
    }

    fn product(&self, other: &Self, precision: u64) -> Self {
        let product = &self.mant * &other.mant;
        Self::round(product.sign(), product.magnitude(), self.exp + other.exp, precision)
    }

    /// The product, rounded.
    #[must_use]
    pub fn mul(&self, other: &Self) -> Self {
        self.product(other, PRECISION)
    }

    /// The quotient, rounded; `None` for a division by zero.
    pub fn div(&self, other: &Self) -> Option<Self> {
        let exp = self.exp - other.exp;
        (!other.is_zero()).then(|| Self::quotient(&self.mant, &other.mant, exp, PRECISION))
    }

    /// The sum, rounded.
    #[must_use]
    pub fn add(&self, other: &Self) -> Self {
        let (big, small) = if self.magnitude() >= other.magnitude() { (self, other) } else { (other, self) };
        // A summand this much smaller lies beyond every bit that rounding looks at.
        if small.is_zero() || (!big.is_zero() && big.magnitude() - small.magnitude() > 2 * PRECISION as i64) {
            return big.clone();
        }
        let exp = big.exp.min(small.exp);
        let sum = (&big.mant << (big.exp - exp) as u64) + (&small.mant << (small.exp - exp) as u64);
        Self::new(&sum, exp)
    }

    /// The negated number.
    #[must_use]
    pub fn neg(&self) -> Self {
        Self { mant: -&self.mant, exp: self.exp }
    }

    /// Whether it is zero.
    pub fn is_zero(&self) -> bool {
        self.mant.is_zero()
    }

    /// Whether it is below zero.
    pub fn is_negative(&self) -> bool {
        self.mant.is_negative()
    }

    /// The `e` of 2^(e−1) ≤ |x| < 2^e; of zero, 0.
    pub fn magnitude(&self) -> i64 {
        self.mant.bits() as i64 + self.exp
    }

    /// Mantissa (odd, or zero) and exponent.
    pub fn parts(&self) -> (&BigInt, i64) {
        (&self.mant, self.exp)
    }

    /// The number as an integer of at most `limit` bits, if it is one as far as its bits can be trusted.
    pub fn nearly_integer(&self, limit: u64) -> Option<BigInt> {
        if self.magnitude() < 0 || self.magnitude() > limit as i64 {
            return None;
        }
        let trusted = Self::round(self.mant.sign(), self.mant.magnitude(), self.exp, TRUSTED_PRECISION);
        let exact = if self.exp >= 0 { self } else { &trusted };
        (exact.exp >= 0).then(|| &exact.mant << exact.exp as u64)
    }

    /// The number as a fraction that is no integer and whose parts have at most `limit` bits, if it is one.
    pub fn to_ratio(&self, limit: u64) -> Option<BigRational> {
        let fits = self.exp < 0 && self.exp.unsigned_abs() < limit && self.mant.bits() <= limit;
        // In lowest terms, since the mantissa is odd.
        fits.then(|| BigRational::new_raw(self.mant.clone(), BigInt::one() << self.exp.unsigned_abs()))
    }

    /// The absolute value rounded to an integer, if that is below 2^53.
    pub fn to_nearest_u64(&self) -> Option<u64> {
        let magnitude = self.magnitude();
        if magnitude < 0 || self.is_zero() {
            return Some(0);
        }
        let bits = u64::try_from(magnitude).ok().filter(|&bits| bits <= 53)?;
        if bits == 0 {
            // One half up to one: the tie goes to zero.
            return Some(u64::from(!self.mant.magnitude().is_one()));
        }
        let rounded = Self::round(Sign::Plus, self.mant.magnitude(), self.exp, bits);
        rounded.mant.to_u64().and_then(|mant| mant.checked_shl(u32::try_from(rounded.exp).ok()?))
    }
}

impl PartialOrd for Float {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Float {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_sign = self.mant.sign().cmp(&other.mant.sign());
        by_sign.then_with(|| {
            let by_size = self.magnitude().cmp(&other.magnitude()).then_with(|| {
                let exp = self.exp.min(other.exp);
                let mine = self.mant.magnitude() << (self.exp - exp) as u64;
                mine.cmp(&(other.mant.magnitude() << (other.exp - exp) as u64))
            });
            if self.is_negative() { by_size.reverse() } else { by_size }
        })
    }
}
