//! Package `encoding/hex`.

use std::cell::Cell;

use crate::runtime::interp::native::{Flow, Table};

pub(super) const TABLE: Table = &[
    ("encode", |c| {
        let (to, from) = (c.cells(), c.cells());
        for (to, from) in to.chunks_exact(2).zip(from) {
            let digits = digits(from.get());
            to[0].set(digits[0]);
            to[1].set(digits[1]);
        }
        Ok(Flow::Done)
    }),
    ("encodeString", |c| {
        let bytes = c.bytes();
        c.put_filled(2 * bytes.len(), |out| {
            for (to, byte) in out.chunks_exact_mut(2).zip(bytes) {
                to.copy_from_slice(&digits(*byte));
            }
        })?;
        Ok(Flow::Done)
    }),
    ("decode", |c| {
        let count = decode(c.cells(), c.cells());
        c.put_int(count as i64);
        Ok(Flow::Done)
    }),
];

fn digits(byte: u8) -> [u8; 2] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]
}

/// A byte for each two digits up to something else; how many. Reading is ahead of writing, so both may be the same.
fn decode(to: &[Cell<u8>], from: &[Cell<u8>]) -> usize {
    let value = |c: &Cell<u8>| char::from(c.get()).to_digit(16).map(|value| value as u8);
    let mut done = 0;
    for (to, from) in to.iter().zip(from.chunks_exact(2)) {
        let (Some(high), Some(low)) = (value(&from[0]), value(&from[1])) else { break };
        to.set(high << 4 | low);
        done += 1;
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_place() {
        let text = b"00fFx9a".map(Cell::new);
        assert_eq!(decode(&text, &text), 2);
        assert_eq!((text[0].get(), text[1].get()), (0, 255));
        assert_eq!(digits(0xA5), *b"a5");
    }
}
