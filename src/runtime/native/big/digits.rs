//! Vectors of words as digits in a base from 2 to 62.

use super::words::Words;

const DIGITS: &[u8; 62] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
/// Up to this base, upper and lower case letters are the same digits.
const MAX_SMALL: u64 = 36;

fn in_range(base: i64) -> u64 {
    base.clamp(2, 62) as u64
}

/// How many digits fit into a word, and the power of the base that many digits make.
fn chunk(base: u64) -> (u32, u64) {
    let count = u64::MAX.ilog(base);
    (count, base.pow(count))
}

/// The digits of a number.
pub fn format(x: Words<'_>, base: i64) -> Vec<u8> {
    let base = in_range(base);
    let mut words: Vec<u64> = x.iter().map(|word| word.get()).collect();
    while words.last() == Some(&0) {
        words.pop();
    }
    let mut digits = if base.is_power_of_two() { of_bits(&words, base.ilog2()) } else { of_base(words, base) };
    while digits.len() > 1 && digits.last() == Some(&b'0') {
        digits.pop();
    }
    if digits.is_empty() {
        digits.push(b'0');
    }
    digits.reverse();
    digits
}

/// The digits of so many bits each, the lowest first.
fn of_bits(words: &[u64], bits: u32) -> Vec<u8> {
    let total = 64 * words.len();
    let step = bits as usize;
    let digit = |at: usize| {
        let (word, shift) = (at / 64, at % 64);
        let above = words.get(word + 1).copied().unwrap_or(0);
        let wide = u128::from(above) << 64 | u128::from(words[word]);
        DIGITS[(wide >> shift) as usize & ((1 << bits) - 1)]
    };
    (0..total).step_by(step).map(digit).collect()
}

fn of_base(mut words: Vec<u64>, base: u64) -> Vec<u8> {
    let (count, power) = chunk(base);
    let mut digits = Vec::with_capacity(words.len() * (count as usize + 1));
    while !words.is_empty() {
        let mut rest = 0_u128;
        for word in words.iter_mut().rev() {
            let wide = rest << 64 | u128::from(*word);
            *word = (wide / u128::from(power)) as u64;
            rest = wide % u128::from(power);
        }
        while words.last() == Some(&0) {
            words.pop();
        }
        let mut rest = rest as u64;
        for _ in 0..count {
            digits.push(DIGITS[(rest % base) as usize]);
            rest /= base;
        }
    }
    digits
}

fn value(c: u8, base: u64) -> Option<u64> {
    let value = match c {
        b'0'..=b'9' => c - b'0',
        b'a'..=b'z' => c - b'a' + 10,
        b'A'..=b'Z' if base <= MAX_SMALL => c - b'A' + 10,
        b'A'..=b'Z' => c - b'A' + 36,
        _ => return None,
    };
    Some(u64::from(value)).filter(|value| *value < base)
}

/// How many of the first bytes are digits.
pub fn prefix(text: &[u8], base: i64) -> usize {
    text.iter().take_while(|&&c| value(c, in_range(base)).is_some()).count()
}

/// z = the number with these digits, and how many words it has.
pub fn parse(z: Words<'_>, text: &[u8], base: i64) -> usize {
    let base = in_range(base);
    z.iter().for_each(|word| word.set(0));
    let digits = text.iter().map(|&c| value(c, base).unwrap_or(0));
    if base.is_power_of_two() {
        let bits = base.ilog2() as usize;
        for (i, digit) in digits.rev().enumerate() {
            let (word, shift) = (i * bits / 64, i * bits % 64);
            let wide = u128::from(digit) << shift;
            for (part, word) in [wide as u64, (wide >> 64) as u64].into_iter().zip(z.iter().skip(word)) {
                word.set(word.get() | part);
            }
        }
        return z.iter().rposition(|word| word.get() != 0).map_or(0, |last| last + 1);
    }
    let (count, _) = chunk(base);
    let mut len = 0;
    for part in text.chunks(count as usize) {
        let number = part.iter().fold(0, |number, &c| number * base + value(c, base).unwrap_or(0));
        let power = base.pow(part.len() as u32);
        let carry = super::words::mul_add_word(&z[..len], &z[..len], power, number);
        if carry != 0
            && let Some(word) = z.get(len)
        {
            word.set(carry);
            len += 1;
        }
    }
    len
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    fn cells(words: &[u64]) -> Vec<Cell<u64>> {
        words.iter().copied().map(Cell::new).collect()
    }

    #[test]
    fn there_and_back() {
        let number = [0x0123_4567_89AB_CDEF, 0xFEDC_BA98_7654_3210, 7];
        for base in 2..=62 {
            let text = format(&cells(&number), base);
            let z = cells(&[1; 6]);
            assert_eq!(parse(&z, &text, base), 3, "{base}");
            assert_eq!(z.iter().map(Cell::get).take(3).collect::<Vec<_>>(), number, "{base}");
            assert_eq!(prefix(&text, base), text.len());
        }
        assert_eq!(format(&cells(&[0, 1]), 10), b"18446744073709551616");
        assert_eq!(format(&cells(&[0, 0]), 10), b"0");
        assert_eq!(format(&cells(&[61]), 62), b"Z");
        assert_eq!((prefix(b"12x", 10), prefix(b"fFg", 16), prefix(b"Zz_", 62)), (2, 2, 2));
    }
}
