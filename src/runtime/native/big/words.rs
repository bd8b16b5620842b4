//! Arithmetic with vectors of words, the least significant first.
//!
//! Vectors may be the same memory, so they are cells. All words of the shortest vector are worked on: no length that a
//! program passes is out of range.

use std::cell::Cell;

/// A vector of words.
pub type Words<'a> = &'a [Cell<u64>];

/// The lower word, and the upper one as the carry.
fn halves(wide: u128) -> (u64, u64) {
    (wide as u64, (wide >> 64) as u64)
}

/// z = x + y, and the carry.
pub fn add(z: Words<'_>, x: Words<'_>, y: Words<'_>) -> u64 {
    let mut carry = false;
    for ((z, x), y) in z.iter().zip(x).zip(y) {
        let (sum, first) = x.get().overflowing_add(y.get());
        let (sum, second) = sum.overflowing_add(u64::from(carry));
        z.set(sum);
        carry = first | second;
    }
    u64::from(carry)
}

/// z = x - y, and the borrow.
pub fn sub(z: Words<'_>, x: Words<'_>, y: Words<'_>) -> u64 {
    let mut borrow = false;
    for ((z, x), y) in z.iter().zip(x).zip(y) {
        let (difference, first) = x.get().overflowing_sub(y.get());
        let (difference, second) = difference.overflowing_sub(u64::from(borrow));
        z.set(difference);
        borrow = first | second;
    }
    u64::from(borrow)
}

/// z = x + word, and the carry.
pub fn add_word(z: Words<'_>, x: Words<'_>, mut word: u64) -> u64 {
    for (z, x) in z.iter().zip(x) {
        let (sum, carry) = x.get().overflowing_add(word);
        z.set(sum);
        word = u64::from(carry);
    }
    word
}

/// z = x - word, and the borrow.
pub fn sub_word(z: Words<'_>, x: Words<'_>, mut word: u64) -> u64 {
    for (z, x) in z.iter().zip(x) {
        let (difference, borrow) = x.get().overflowing_sub(word);
        z.set(difference);
        word = u64::from(borrow);
    }
    word
}

/// z = x shifted to the left by less than 64, and the bits that do not fit.
pub fn shift_left(z: Words<'_>, x: Words<'_>, by: u64) -> u64 {
    let by = by as u32 & 63;
    let mut below = 0;
    for (z, x) in z.iter().zip(x) {
        let wide = u128::from(x.get()) << by;
        z.set(wide as u64 | below);
        below = (wide >> 64) as u64;
    }
    below
}

/// z = x shifted to the right by less than 64.
pub fn shift_right(z: Words<'_>, x: Words<'_>, by: u64) {
    let by = by as u32 & 63;
    let len = z.len().min(x.len());
    for i in 0..len {
        let above = if i + 1 < len { x[i + 1].get() } else { 0 };
        z[i].set(((u128::from(above) << 64 | u128::from(x[i].get())) >> by) as u64);
    }
}

/// z = x × factor + word, and the word that does not fit.
pub fn mul_add_word(z: Words<'_>, x: Words<'_>, factor: u64, mut word: u64) -> u64 {
    for (z, x) in z.iter().zip(x) {
        let (low, high) = halves(u128::from(x.get()) * u128::from(factor) + u128::from(word));
        z.set(low);
        word = high;
    }
    word
}

/// z = z + x × factor, and the word that does not fit.
fn add_mul_word(z: Words<'_>, x: Words<'_>, factor: u64) -> u64 {
    let mut carry = 0;
    for (z, x) in z.iter().zip(x) {
        let (low, high) = halves(u128::from(x.get()) * u128::from(factor) + u128::from(z.get()) + u128::from(carry));
        z.set(low);
        carry = high;
    }
    carry
}

/// z = x × y; z overlaps with neither.
pub fn mul(z: Words<'_>, x: Words<'_>, y: Words<'_>) {
    z.iter().for_each(|z| z.set(0));
    for (i, factor) in y.iter().enumerate() {
        let Some(part) = z.get(i..) else { return };
        let carry = add_mul_word(part, x, factor.get());
        if let Some(above) = part.get(x.len()) {
            above.set(carry);
        }
    }
}

/// z = x / divisor, which is not 0, and the remainder.
pub fn div_word(z: Words<'_>, x: Words<'_>, divisor: u64) -> u64 {
    let divisor = u128::from(divisor.max(1));
    let mut rest = 0_u128;
    for (z, x) in z.iter().zip(x).rev() {
        let wide = rest << 64 | u128::from(x.get());
        z.set((wide / divisor) as u64);
        rest = wide % divisor;
    }
    rest as u64
}

/// q = u / v, and u = its remainder; v's highest bit is set, u is as long as both together. After Knuth's algorithm D.
pub fn div(q: Words<'_>, u: Words<'_>, v: Words<'_>) {
    let n = v.len();
    let [.., second, first] = v else { return };
    let (first, second) = (first.get(), second.get());
    if first == 0 || u.len() < q.len() + n {
        return;
    }
    for i in (0..q.len()).rev() {
        let part = &u[i..=i + n];
        let digit = estimate([part[n].get(), part[n - 1].get(), part[n - 2].get()], first, second);
        let mut digit = digit;
        let mut carry = 0;
        let mut borrow = 0;
        for (u, v) in part.iter().zip(v) {
            let (low, high) = halves(u128::from(v.get()) * u128::from(digit) + u128::from(carry));
            carry = high;
            let (difference, one) = u.get().overflowing_sub(low);
            let (difference, other) = difference.overflowing_sub(borrow);
            u.set(difference);
            borrow = u64::from(one | other);
        }
        let (top, one) = part[n].get().overflowing_sub(carry);
        let (top, other) = top.overflowing_sub(borrow);
        part[n].set(top);
        if one | other {
            // One too large, which is rare.
            digit = digit.wrapping_sub(1);
            let carry = add(&part[..n], &part[..n], v);
            part[n].set(part[n].get().wrapping_add(carry));
        }
        q[i].set(digit);
    }
}

/// A digit of a quotient, from the three upper words of what is divided and the two of the divisor; at most one too
/// large.
fn estimate([top, middle, low]: [u64; 3], first: u64, second: u64) -> u64 {
    if top >= first {
        return u64::MAX;
    }
    let wide = u128::from(top) << 64 | u128::from(middle);
    let (mut digit, mut rest) = (wide / u128::from(first), wide % u128::from(first));
    while digit * u128::from(second) > (rest << 64 | u128::from(low)) {
        digit -= 1;
        rest += u128::from(first);
        if rest >> 64 != 0 {
            break;
        }
    }
    digit as u64
}

/// -1, 0 or 1 as x is less than y, equal or greater.
pub fn compare(x: Words<'_>, y: Words<'_>) -> i64 {
    x.iter().map(Cell::get).rev().cmp(y.iter().map(Cell::get).rev()) as i64
}

/// Each word of z made of those of x and y: `and`, `and not`, `or`, `xor` by number.
pub fn bitwise(z: Words<'_>, x: Words<'_>, y: Words<'_>, operation: i64) {
    for ((z, x), y) in z.iter().zip(x).zip(y) {
        let (x, y) = (x.get(), y.get());
        z.set(match operation {
            0 => x & y,
            1 => x & !y,
            2 => x | y,
            _ => x ^ y,
        });
    }
}

/// z = x × y / 2^(64 × length) modulo m, or that and m more, where `inverse` is -1 / m modulo 2^64. After Montgomery.
pub fn reduce(z: Words<'_>, x: Words<'_>, y: Words<'_>, m: Words<'_>, inverse: u64) {
    z.iter().for_each(|z| z.set(0));
    let [z_last, ..] = z else { return };
    let z_last = z.last().unwrap_or(z_last);
    let mut top = 0_u64;
    for factor in x {
        let carry = add_mul_word(z, y, factor.get());
        let upper = u128::from(top) + u128::from(carry);
        // A multiple of m makes the lowest word 0, which then is left out.
        let factor = z[0].get().wrapping_mul(inverse);
        let carry = add_mul_word(z, m, factor);
        for pair in z.windows(2) {
            pair[0].set(pair[1].get());
        }
        let (low, high) = halves(upper + u128::from(carry));
        z_last.set(low);
        top = high;
    }
    if top != 0 {
        sub(z, z, m);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_bigint::BigUint;
    use proptest::prelude::*;

    fn cells(words: &[u64]) -> Vec<Cell<u64>> {
        words.iter().copied().map(Cell::new).collect()
    }

    fn zeros(len: usize) -> Vec<Cell<u64>> {
        cells(&vec![0; len])
    }

    fn number(words: Words<'_>) -> BigUint {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.get().to_le_bytes()).collect();
        BigUint::from_bytes_le(&bytes)
    }

    /// Words among which those are frequent that carry.
    fn words(len: std::ops::Range<usize>) -> impl Strategy<Value = Vec<u64>> {
        let word = prop_oneof![Just(0), Just(1), Just(u64::MAX), Just(1 << 63), any::<u64>()];
        proptest::collection::vec(word, len)
    }

    proptest! {
        #[test]
        fn products(x in words(0..6), y in words(0..6), factor in any::<u64>(), word in any::<u64>()) {
            let (x, y) = (cells(&x), cells(&y));
            let z = zeros(x.len() + y.len());
            mul(&z, &x, &y);
            prop_assert_eq!(number(&z), number(&x) * number(&y));
            let z = zeros(x.len() + 1);
            z[x.len()].set(mul_add_word(&z[..x.len()], &x, factor, word));
            prop_assert_eq!(number(&z), number(&x) * factor + word);
        }

        #[test]
        fn quotients(q in words(1..5), v in words(2..5), r in words(5..6), divisor in 1_u64..) {
            let v = cells(&v);
            let last = &v[v.len() - 1];
            last.set(last.get() | 1 << 63);
            // What is divided is a product and a remainder, so that its upper part is less than v.
            let rest = number(&cells(&r)) % number(&v);
            let whole = number(&cells(&q)) * number(&v) + &rest;
            let mut digits = whole.to_u64_digits();
            digits.resize(q.len() + v.len(), 0);
            let (u, z) = (cells(&digits), zeros(q.len()));
            div(&z, &u, &v);
            prop_assert_eq!(number(&z), number(&cells(&q)));
            prop_assert_eq!(number(&u), rest);
            let (x, z) = (cells(&digits), zeros(digits.len()));
            let rest = div_word(&z, &x, divisor);
            prop_assert_eq!(number(&z) * divisor + rest, number(&x));
        }

        #[test]
        fn sums(x in words(0..6), word in any::<u64>(), by in 0_u64..64) {
            let len = x.len();
            let y: Vec<u64> = x.iter().map(|x| x.rotate_left(7) ^ word).collect();
            let (x, y, z) = (cells(&x), cells(&y), zeros(len + 1));
            z[len].set(add(&z[..len], &x, &y));
            prop_assert_eq!(number(&z), number(&x) + number(&y));
            prop_assert_eq!(sub(&z[..len], &z[..len], &y), z[len].get());
            prop_assert_eq!(number(&z[..len]), number(&x));
            z[len].set(add_word(&z[..len], &x, word));
            let added = if len == 0 { z[0].get() } else { word };
            prop_assert_eq!(number(&z), number(&x) + added);
            z[len].set(shift_left(&z[..len], &x, by));
            prop_assert_eq!(number(&z), number(&x) << by);
            shift_right(&z[..len], &x, by);
            prop_assert_eq!(number(&z[..len]), number(&x) >> by);
            prop_assert_eq!(compare(&x, &y), number(&x).cmp(&number(&y)) as i64);
        }

        #[test]
        fn reduced(m in words(1..5), word in any::<u64>()) {
            let m = cells(&m);
            m[0].set(m[0].get() | 1);
            // The inverse modulo 2^64, each step doubling the bits that are right.
            let inverse = (0..6).fold(1_u64, |inverse, _| {
                inverse.wrapping_mul(2_u64.wrapping_sub(m[0].get().wrapping_mul(inverse)))
            });
            let x = cells(&m.iter().map(|m| m.get().wrapping_mul(word)).collect::<Vec<_>>());
            let y = cells(&m.iter().map(|m| m.get() ^ word).collect::<Vec<_>>());
            let z = zeros(m.len());
            reduce(&z, &x, &y, &m, inverse.wrapping_neg());
            let shifted = (number(&z) << (64 * m.len())) % number(&m);
            prop_assert_eq!(shifted, number(&x) * number(&y) % number(&m));
        }
    }
}
