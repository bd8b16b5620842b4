//! The characters of text.

use crate::runtime::object::text::decode;

/// Most bytes of a character.
const MOST: usize = 4;

/// The last character of some bytes, and how many bytes it takes; none of none.
pub fn decode_last(bytes: &[u8]) -> (char, usize) {
    let Some(&last) = bytes.last() else { return (char::REPLACEMENT_CHARACTER, 0) };
    if last < 0x80 {
        return (char::from(last), 1);
    }
    let tail = &bytes[bytes.len().saturating_sub(MOST)..];
    let start = tail.iter().rposition(|byte| byte & 0xC0 != 0x80).unwrap_or(0);
    match decode(&tail[start..]) {
        (c, size) if start + size == tail.len() => (c, size),
        _ => (char::REPLACEMENT_CHARACTER, 1),
    }
}

/// Whether bytes begin with a whole character, or with something that more bytes cannot make one.
pub fn is_full(bytes: &[u8]) -> bool {
    match std::str::from_utf8(&bytes[..bytes.len().min(MOST)]) {
        Ok(text) => !text.is_empty(),
        Err(error) => error.valid_up_to() > 0 || error.error_len().is_some(),
    }
}

/// The number of characters.
pub fn count(bytes: &[u8]) -> usize {
    bytes.utf8_chunks().map(|chunk| chunk.valid().chars().count() + chunk.invalid().len()).sum()
}

/// The characters, with where each begins and how many bytes it takes.
pub fn chars(bytes: &[u8]) -> impl Iterator<Item = (usize, char, usize)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let (c, size) = decode(bytes.get(at..)?);
        if size == 0 {
            return None;
        }
        at += size;
        Some((at - size, c, size))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last() {
        assert_eq!(decode_last(b""), ('\u{FFFD}', 0));
        assert_eq!(decode_last("a世".as_bytes()), ('世', 3));
        assert_eq!(decode_last(b"\xE4\xB8"), ('\u{FFFD}', 1));
        assert_eq!(decode_last("\u{10FFFF}".as_bytes()), ('\u{10FFFF}', 4));
        assert_eq!(decode_last(b"\x80\x80\x80\x80\x80"), ('\u{FFFD}', 1));
        assert_eq!(decode_last(b"\xED\xA0\x80"), ('\u{FFFD}', 1));
    }

    #[test]
    fn full() {
        for whole in [&b"a"[..], b"\xC0", b"\xFF", b"\xE4\xB8\x96", b"\xE4a", b"\x80", b"\xED\xA0", b"a\xE4"] {
            assert!(is_full(whole), "{whole:x?}");
        }
        for part in [&b""[..], b"\xE4", b"\xE4\xB8", b"\xF0\x9F\x98", b"\xC3"] {
            assert!(!is_full(part), "{part:x?}");
        }
    }

    #[test]
    fn counts() {
        assert_eq!(count(b""), 0);
        assert_eq!(count("a世b".as_bytes()), 3);
        assert_eq!(count(b"\xE4\xB8a\xFF"), 4);
        assert_eq!(chars(b"a\xE4\xB8").map(|(at, _, size)| (at, size)).collect::<Vec<_>>(), [(0, 1), (1, 1), (2, 1)]);
    }
}
