//! Operators on constants.
//!
//! Each operation has a path for small integers that neither allocates nor branches much, and a general one that
//! brings both operands to the same kind of number: integer, fraction, float.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::Arc;

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Zero};

use super::Value;
use super::float::Float;
use super::text::STRING_LIMIT;
use crate::compiler::syntax::ast::{BinOp, UnOp};

/// The largest shift count of constants: what it takes to shift the smallest `float64` to 1.
pub const SHIFT_LIMIT: u32 = 1074;

/// Why an operation has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Division by zero.
    DivisionByZero,
    /// The exponent of a float does not fit 32 bits.
    NotRepresentable,
    /// A concatenation would be this long, beyond [`STRING_LIMIT`].
    StringTooLong(u64),
}

impl Fault {
    /// As the compiler reports it.
    pub fn message(self) -> String {
        match self {
            Self::DivisionByZero => "invalid operation: division by zero".into(),
            Self::NotRepresentable => "constant result is not representable".into(),
            Self::StringTooLong(len) => format!("constant string too long ({len} bytes > {STRING_LIMIT} bytes)"),
        }
    }
}

/// `op x`; `^` complements all bits of an unsigned operand, whose width is `unsigned_bits`.
pub fn unary(op: UnOp, x: &Value, unsigned_bits: Option<u32>) -> Value {
    match (op, x) {
        (UnOp::Plus, x) if x.is_numeric() => x.clone(),
        (UnOp::Minus, Value::Int(x)) => match x.checked_neg() {
            Some(x) => Value::Int(x),
            None => Value::from_big(-BigInt::from(*x)),
        },
        (UnOp::Minus, Value::Big(x)) => Value::from_big(-&**x),
        (UnOp::Minus, Value::Rat(x)) => Value::Rat(Arc::new(-&**x)),
        (UnOp::Minus, Value::Float(x)) => Value::Float(Arc::new(x.neg())),
        (UnOp::Not, Value::Bool(x)) => Value::Bool(!x),
        (UnOp::Xor, x) if let Some(bits) = unsigned_bits => match x.as_u64() {
            Some(x) => Value::from_u64(!x & u64::MAX.unbounded_shr(u64::BITS.saturating_sub(bits))),
            None => Value::Unknown,
        },
        (UnOp::Xor, Value::Int(x)) => Value::Int(!x),
        (UnOp::Xor, Value::Big(x)) => Value::from_big(!&**x),
        _ => Value::Unknown,
    }
}

/// `x op y` for operands of one kind, comparisons included and shifts excluded. `/` is the division of
/// integers if `truncate`, and exact otherwise.
#[inline]
pub fn binary(op: BinOp, x: &Value, y: &Value, truncate: bool) -> Result<Value, Fault> {
    match (x, y) {
        (&Value::Int(a), &Value::Int(b)) => match small(op, a, b, truncate) {
            Some(value) => Ok(value),
            None => general(op, x, y, truncate),
        },
        _ => general(op, x, y, truncate),
    }
}

/// The cases whose result is a small integer, too.
#[inline]
fn small(op: BinOp, a: i64, b: i64, truncate: bool) -> Option<Value> {
    Some(Value::Int(match op {
        BinOp::Add => a.checked_add(b)?,
        BinOp::Sub => a.checked_sub(b)?,
        BinOp::Mul => a.checked_mul(b)?,
        BinOp::Div if truncate || a.checked_rem(b)? == 0 => a.checked_div(b)?,
        BinOp::Rem => a.checked_rem(b)?,
        BinOp::And => a & b,
        BinOp::Or => a | b,
        BinOp::Xor => a ^ b,
        BinOp::AndNot => a & !b,
        _ => return None,
    }))
}

fn general(op: BinOp, x: &Value, y: &Value, truncate: bool) -> Result<Value, Fault> {
    if op.is_comparison() {
        return Ok(compare(op, x, y).map_or(Value::Unknown, Value::Bool));
    }
    match (x, y) {
        (Value::Bool(a), Value::Bool(b)) => Ok(match op {
            BinOp::LAnd => Value::Bool(*a && *b),
            BinOp::LOr => Value::Bool(*a || *b),
            _ => Value::Unknown,
        }),
        (Value::Str(a), Value::Str(b)) if op == BinOp::Add => a.concat(b).map(Value::Str).map_err(Fault::StringTooLong),
        (Value::Float(_), other) | (other, Value::Float(_)) if other.is_numeric() => floats(op, &float(x), &float(y)),
        (Value::Rat(_), other) | (other, Value::Rat(_)) if other.is_numeric() => ratios(op, &ratio(x), &ratio(y)),
        (x, y) if x.is_integer() && y.is_integer() => integers(op, &integer(x), &integer(y), truncate),
        _ => Ok(Value::Unknown),
    }
}

fn integers(op: BinOp, a: &BigInt, b: &BigInt, truncate: bool) -> Result<Value, Fault> {
    if matches!(op, BinOp::Div | BinOp::Rem) && b.is_zero() {
        return Err(Fault::DivisionByZero);
    }
    Ok(Value::from_big(match op {
        BinOp::Add => a + b,
        BinOp::Sub => a - b,
        BinOp::Mul => a * b,
        BinOp::Div if truncate => a / b,
        BinOp::Div => return Ok(Value::from_ratio(BigRational::new(a.clone(), b.clone()))),
        BinOp::Rem => a % b,
        BinOp::And => a & b,
        BinOp::Or => a | b,
        BinOp::Xor => a ^ b,
        BinOp::AndNot => a & !b,
        _ => return Ok(Value::Unknown),
    }))
}

fn ratios(op: BinOp, a: &BigRational, b: &BigRational) -> Result<Value, Fault> {
    Ok(Value::from_ratio(match op {
        BinOp::Add => a + b,
        BinOp::Sub => a - b,
        BinOp::Mul => a * b,
        BinOp::Div if b.is_zero() => return Err(Fault::DivisionByZero),
        BinOp::Div => a / b,
        _ => return Ok(Value::Unknown),
    }))
}

fn floats(op: BinOp, a: &Float, b: &Float) -> Result<Value, Fault> {
    let result = match op {
        BinOp::Add => a.add(b),
        BinOp::Sub => a.add(&b.neg()),
        BinOp::Mul => a.mul(b),
        BinOp::Div => a.div(b).ok_or(Fault::DivisionByZero)?,
        _ => return Ok(Value::Unknown),
    };
    Value::from_float(result).ok_or(Fault::NotRepresentable)
}

fn integer(x: &Value) -> Cow<'_, BigInt> {
    match x {
        Value::Int(x) => Cow::Owned(BigInt::from(*x)),
        Value::Big(x) => Cow::Borrowed(x),
        _ => Cow::Owned(BigInt::zero()),
    }
}

fn ratio(x: &Value) -> Cow<'_, BigRational> {
    match x {
        Value::Rat(x) => Cow::Borrowed(x),
        _ => Cow::Owned(BigRational::new_raw(integer(x).into_owned(), BigInt::one())),
    }
}

/// A number as a float, rounded; what is no number gives zero.
pub(super) fn float(x: &Value) -> Cow<'_, Float> {
    match x {
        Value::Float(x) => Cow::Borrowed(x),
        Value::Rat(x) => Cow::Owned(Float::from_ratio(x)),
        _ => Cow::Owned(Float::new(&integer(x), 0)),
    }
}

/// `x op y` for a comparison; `None` if the operands cannot be compared so or are unknown.
pub fn compare(op: BinOp, x: &Value, y: &Value) -> Option<bool> {
    let order = match (x, y) {
        (Value::Int(a), Value::Int(b)) => a.cmp(b),
        (Value::Str(a), Value::Str(b)) => a.cmp(b),
        (Value::Bool(a), Value::Bool(b)) if matches!(op, BinOp::Eq | BinOp::Ne) => a.cmp(b),
        _ if x.is_numeric() && y.is_numeric() => compare_numbers(x, y),
        _ => return None,
    };
    Some(match op {
        BinOp::Eq => order.is_eq(),
        BinOp::Ne => order.is_ne(),
        BinOp::Lt => order.is_lt(),
        BinOp::Le => order.is_le(),
        BinOp::Gt => order.is_gt(),
        BinOp::Ge => order.is_ge(),
        _ => return None,
    })
}

fn compare_numbers(x: &Value, y: &Value) -> Ordering {
    match (x, y) {
        (Value::Float(_), _) | (_, Value::Float(_)) => float(x).cmp(&float(y)),
        (Value::Rat(_), _) | (_, Value::Rat(_)) => {
            let (a, b) = (ratio(x), ratio(y));
            (a.numer() * b.denom()).cmp(&(b.numer() * a.denom()))
        }
        _ => integer(x).cmp(&integer(y)),
    }
}

/// Why a value cannot be a shift count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadCount {
    /// It is below zero.
    Negative,
    /// It is above [`SHIFT_LIMIT`].
    TooLarge,
    /// It is not an integer.
    NotInteger,
}

/// The value as the count of a constant shift.
pub fn shift_count(count: &Value) -> Result<u32, BadCount> {
    match count {
        Value::Int(n) if *n < 0 => Err(BadCount::Negative),
        Value::Int(n) => u32::try_from(*n).ok().filter(|&n| n <= SHIFT_LIMIT).ok_or(BadCount::TooLarge),
        Value::Big(_) if count.sign() < 0 => Err(BadCount::Negative),
        Value::Big(_) => Err(BadCount::TooLarge),
        _ => Err(BadCount::NotInteger),
    }
}

/// `x << count` or `x >> count` for an integer and a count that [`shift_count`] gave.
pub fn shift(op: BinOp, x: &Value, count: u32) -> Value {
    let count = count.min(SHIFT_LIMIT);
    match (op, x) {
        (BinOp::Shl, Value::Int(0)) => Value::Int(0),
        (BinOp::Shl, &Value::Int(x)) => match x.checked_shl(count).filter(|shifted| shifted >> count == x) {
            Some(shifted) => Value::Int(shifted),
            None => Value::from_big(BigInt::from(x) << count),
        },
        (BinOp::Shl, Value::Big(x)) => Value::from_big(&**x << count),
        (BinOp::Shr, Value::Int(x)) => Value::Int(x >> count.min(i64::BITS - 1)),
        (BinOp::Shr, Value::Big(x)) => Value::from_big(&**x >> count),
        _ => Value::Unknown,
    }
}
