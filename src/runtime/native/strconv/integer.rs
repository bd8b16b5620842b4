//! Integers as text.

/// Digits above 9 are lower-case letters.
const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// The text of an integer: 64 binary digits and a sign fit.
pub struct Digits {
    buf: [u8; 65],
    start: usize,
}

impl Digits {
    /// An integer with sign, in a base from 2 to 36; other bases count as the nearest of these.
    pub fn signed(value: i64, base: i64) -> Self {
        let mut digits = Self::unsigned(value.unsigned_abs(), base);
        if value < 0 {
            digits.push(b'-');
        }
        digits
    }

    /// An integer without sign, as [`Digits::signed`].
    pub fn unsigned(mut value: u64, base: i64) -> Self {
        let mut digits = Self { buf: [0; 65], start: 65 };
        if base == 10 {
            // A constant divisor is much cheaper.
            while value >= 10 {
                digits.push(b'0' + (value % 10) as u8);
                value /= 10;
            }
            digits.push(b'0' + value as u8);
            return digits;
        }
        let base = base.clamp(2, 36) as u64;
        while value >= base {
            digits.push(DIGITS[(value % base) as usize]);
            value /= base;
        }
        digits.push(DIGITS[value as usize]);
        digits
    }

    fn push(&mut self, c: u8) {
        self.start -= 1;
        self.buf[self.start] = c;
    }

    /// The text.
    pub fn text(&self) -> &[u8] {
        &self.buf[self.start..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bases_and_limits() {
        let signed = |value, base| String::from_utf8(Digits::signed(value, base).text().to_vec()).unwrap();
        assert_eq!(signed(0, 2), "0");
        assert_eq!(signed(i64::MIN, 10), "-9223372036854775808");
        assert_eq!(signed(i64::MIN, 2), format!("-1{}", "0".repeat(63)));
        assert_eq!(signed(-35, 36), "-z");
        assert_eq!(Digits::unsigned(u64::MAX, 36).text(), b"3w5e11264sgsf");
        assert_eq!(Digits::unsigned(u64::MAX, 10).text(), b"18446744073709551615");
    }
}
