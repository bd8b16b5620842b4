//! Package `encoding/base64`.

use std::cell::Cell;

use super::strings::freeze;
use crate::runtime::interp::native::{Flow, Table};

pub(super) const TABLE: Table = &[
    ("encode", |c| {
        encode(c.cells(), c.cells(), c.bytes());
        Ok(Flow::Done)
    }),
    ("decode", |c| {
        let groups = decode(c.cells(), c.cells(), c.bytes());
        c.put_int(groups as i64);
        Ok(Flow::Done)
    }),
    ("freeze", freeze),
];

/// Four characters for each three bytes; an incomplete group is left out.
fn encode(to: &[Cell<u8>], from: &[Cell<u8>], alphabet: &[u8]) {
    for (to, from) in to.chunks_exact(4).zip(from.chunks_exact(3)) {
        let bits = from.iter().fold(0, |bits, byte| bits << 8 | usize::from(byte.get()));
        for (i, to) in to.iter().enumerate() {
            to.set(alphabet.get(bits >> (18 - 6 * i) & 63).copied().unwrap_or(0));
        }
    }
}

/// Three bytes for each four characters, as long as these have values below 64; how many groups that are.
fn decode(to: &[Cell<u8>], from: &[Cell<u8>], values: &[u8]) -> usize {
    let mut done = 0;
    for (to, from) in to.chunks_exact(3).zip(from.chunks_exact(4)) {
        let (mut bits, mut all) = (0_u32, 0);
        for c in from {
            let value = values.get(usize::from(c.get())).copied().unwrap_or(u8::MAX);
            all |= value;
            bits = bits << 6 | u32::from(value & 63);
        }
        if all >= 64 {
            break;
        }
        for (to, byte) in to.iter().zip(&bits.to_be_bytes()[1..]) {
            to.set(*byte);
        }
        done += 1;
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut values = [0xFF; 256];
        for (value, c) in ALPHABET.iter().enumerate() {
            values[usize::from(*c)] = value as u8;
        }
        let text = *b"\x00\xFF any bytes";
        let (text, coded, back) = (text.map(Cell::new), [const { Cell::new(0) }; 16], [const { Cell::new(0) }; 12]);
        encode(&coded, &text, ALPHABET);
        assert_eq!(coded.clone().map(Cell::into_inner), *b"AP8gYW55IGJ5dGVz");
        assert_eq!(decode(&back, &coded, &values), 4);
        assert_eq!(back, text);
        coded[6].set(b'=');
        assert_eq!(decode(&back, &coded, &values), 1);
    }
}
