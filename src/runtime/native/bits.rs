//! Package `math/bits`.

use crate::runtime::interp::native::{Call, Flow, Table};
use crate::runtime::object::Trap;

pub(super) const TABLE: Table = &[
    ("LeadingZeros64", |c| unary(c, |x| u64::from(x.leading_zeros()))),
    ("TrailingZeros64", |c| unary(c, |x| u64::from(x.trailing_zeros()))),
    ("OnesCount64", |c| unary(c, |x| u64::from(x.count_ones()))),
    ("Reverse64", |c| unary(c, u64::reverse_bits)),
    ("ReverseBytes64", |c| unary(c, u64::swap_bytes)),
    ("RotateLeft32", |c| {
        // A negative count turns right, as many bits modulo the width.
        let result = (c.word() as u32).rotate_left((c.int() & 31) as u32);
        c.put(u64::from(result));
        Ok(Flow::Done)
    }),
    ("RotateLeft64", |c| {
        let result = c.word().rotate_left((c.int() & 63) as u32);
        c.put(result);
        Ok(Flow::Done)
    }),
    ("Mul64", |c| {
        let product = u128::from(c.word()) * u128::from(c.word());
        put_halves(c, (product >> 64) as u64, product as u64)
    }),
    ("div128", |c| {
        let (dividend, divisor) = (u128::from(c.word()) << 64 | u128::from(c.word()), u128::from(c.word()));
        // The caller has excluded 0, which would be a panic of this program otherwise.
        let divisor = divisor.max(1);
        put_halves(c, (dividend / divisor) as u64, (dividend % divisor) as u64)
    }),
];

fn unary(c: &mut Call<'_>, f: impl Fn(u64) -> u64) -> Result<Flow, Trap> {
    let x = c.word();
    c.put(f(x));
    Ok(Flow::Done)
}

fn put_halves(c: &mut Call<'_>, first: u64, second: u64) -> Result<Flow, Trap> {
    c.put(first);
    c.put(second);
    Ok(Flow::Done)
}
