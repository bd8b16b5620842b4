//! Where something is in text.

use std::cmp::Ordering;

use memchr::memmem;

use super::utf8::{chars, count as count_chars, decode_last};
use crate::runtime::native::unicode::tables;
use crate::runtime::object::text::decode;

/// Where `part` first is.
pub fn index(text: &[u8], part: &[u8]) -> Option<usize> {
    match part {
        [] => Some(0),
        [byte] => memchr::memchr(*byte, text),
        _ => memmem::find(text, part),
    }
}

/// Where `part` last is.
pub fn last_index(text: &[u8], part: &[u8]) -> Option<usize> {
    match part {
        [] => Some(text.len()),
        [byte] => memchr::memrchr(*byte, text),
        _ => memmem::rfind(text, part),
    }
}

/// Where a character first is; U+FFFD is also found where no character begins.
pub fn index_rune(text: &[u8], rune: i64) -> Option<usize> {
    let c = u32::try_from(rune).ok().and_then(char::from_u32)?;
    if c == char::REPLACEMENT_CHARACTER {
        return chars(text).find(|&(_, other, _)| other == c).map(|(at, ..)| at);
    }
    index(text, c.encode_utf8(&mut [0; 4]).as_bytes())
}

/// Characters to look for.
struct CharSet<'a> {
    ascii: [bool; 128],
    text: &'a [u8],
}

impl<'a> CharSet<'a> {
    fn new(text: &'a [u8]) -> Self {
        let mut ascii = [false; 128];
        for &byte in text.iter().filter(|byte| byte.is_ascii()) {
            ascii[usize::from(byte)] = true;
        }
        Self { ascii, text }
    }

    fn contains(&self, c: char) -> bool {
        match self.ascii.get(c as usize) {
            Some(contained) => *contained,
            None => index_rune(self.text, i64::from(u32::from(c))).is_some(),
        }
    }
}

/// Where any of some characters first is.
pub fn index_any(text: &[u8], set: &[u8]) -> Option<usize> {
    match set {
        [] => return None,
        [byte] if byte.is_ascii() => return memchr::memchr(*byte, text),
        [a, b] if a.is_ascii() && b.is_ascii() => return memchr::memchr2(*a, *b, text),
        [a, b, c] if set.is_ascii() => return memchr::memchr3(*a, *b, *c, text),
        _ => {}
    }
    let set = CharSet::new(set);
    chars(text).find(|&(_, c, _)| set.contains(c)).map(|(at, ..)| at)
}

/// Where any of some characters last is.
pub fn last_index_any(text: &[u8], set: &[u8]) -> Option<usize> {
    if set.is_empty() {
        return None;
    }
    let set = CharSet::new(set);
    let mut rest = text;
    while !rest.is_empty() {
        let (c, size) = decode_last(rest);
        rest = &rest[..rest.len() - size];
        if set.contains(c) {
            return Some(rest.len());
        }
    }
    None
}

/// How often `part` is there without overlap; nothing is around every character.
pub fn count(text: &[u8], part: &[u8]) -> usize {
    match part {
        [] => count_chars(text) + 1,
        [byte] => memchr::memchr_iter(*byte, text).count(),
        _ => memmem::find_iter(text, part).count(),
    }
}

/// -1, 0 or 1 as the first text sorts before, with or after the second.
pub fn compare(a: &[u8], b: &[u8]) -> i64 {
    match a.cmp(b) {
        Ordering::Less => -1,
        Ordering::Equal => 0,
        Ordering::Greater => 1,
    }
}

/// Whether texts are the same but for case.
pub fn equal_fold(a: &[u8], b: &[u8]) -> bool {
    let (mut a, mut b) = (a, b);
    while !a.is_empty() && !b.is_empty() {
        let ((first, size), (second, other_size)) = (decode(a), decode(b));
        if !tables::same_folded(first as u32, second as u32) {
            return false;
        }
        (a, b) = (&a[size..], &b[other_size..]);
    }
    a.is_empty() && b.is_empty()
}

/// Where pieces begin and end when `text` is cut at every `separator`, into so many at most; each piece keeps the
/// first `keep` bytes of its separator. Nothing as a separator cuts between characters.
pub fn split(text: &[u8], separator: &[u8], keep: usize, limit: usize) -> Vec<(usize, usize)> {
    let mut pieces = Vec::new();
    if limit == 0 {
        return pieces;
    }
    if separator.is_empty() {
        pieces.extend(chars(text).take(limit).map(|(at, _, size)| (at, at + size)));
        if let Some(last) = pieces.last_mut() {
            last.1 = text.len();
        }
        return pieces;
    }
    let mut start = 0;
    let keep = keep.min(separator.len());
    let mut cut = |at: usize| {
        pieces.push((start, at + keep));
        start = at + separator.len();
    };
    match separator {
        [byte] => memchr::memchr_iter(*byte, text).take(limit - 1).for_each(&mut cut),
        _ => memmem::find_iter(text, separator).take(limit - 1).for_each(&mut cut),
    }
    pieces.push((start, text.len()));
    pieces
}

/// Where the words of text begin and end, white space around them.
pub fn fields(text: &[u8]) -> Vec<(usize, usize)> {
    let mut words = Vec::new();
    let mut start = None;
    for (at, c, _) in chars(text) {
        match (is_space(c), start) {
            (true, Some(from)) => {
                words.push((from, at));
                start = None;
            }
            (false, None) => start = Some(at),
            _ => {}
        }
    }
    words.extend(start.map(|from| (from, text.len())));
    words
}

fn is_space(c: char) -> bool {
    tables::is_space(c as u32)
}

/// Where text begins and ends without the white space around it; two times the same place if it has nothing else.
pub fn trim_space(text: &[u8]) -> (usize, usize) {
    let Some((start, ..)) = chars(text).find(|&(_, c, _)| !is_space(c)) else { return (text.len(), text.len()) };
    let mut end = text.len();
    while end > start {
        let (c, size) = decode_last(&text[..end]);
        if !is_space(c) {
            break;
        }
        end -= size;
    }
    (start, end)
}

/// Where the first word begins (the end of the text if there is none), and, unless it goes on to the end of the text,
/// where it ends and where the white space behind it ends.
pub fn first_word(text: &[u8]) -> (usize, Option<(usize, usize)>) {
    let mut word = chars(text).skip_while(|&(_, c, _)| is_space(c));
    let start = word.next().map_or(text.len(), |(at, ..)| at);
    (start, word.find(|&(_, c, _)| is_space(c)).map(|(at, _, size)| (at, at + size)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        assert_eq!((index(b"", b""), last_index(b"ab", b"")), (Some(0), Some(2)));
        assert_eq!((index(b"abcabc", b"ca"), last_index(b"abcabc", b"bc")), (Some(2), Some(4)));
        assert_eq!(index_rune("a世".as_bytes(), i64::from(u32::from('世'))), Some(1));
        assert_eq!(index_rune(b"ab\xFF", 0xFFFD), Some(2));
        assert_eq!((index_rune(b"ab", -1), index_rune(b"\xED\xA0\x80", 0xD800)), (None, None));
        assert_eq!(index_any("a世b".as_bytes(), "x世".as_bytes()), Some(1));
        assert_eq!((index_any(b"a\xFF", b"\xFE"), index_any(b"ab", b"")), (Some(1), None));
        assert_eq!(last_index_any("a世b世c".as_bytes(), "世a".as_bytes()), Some(5));
        assert_eq!((count(b"aaaa", b"aa"), count("世界".as_bytes(), b""), count(b"", b"")), (2, 3, 1));
    }

    #[test]
    fn folding() {
        assert!(equal_fold("Straße K".as_bytes(), "sTRASSE K".replace("SS", "ß").as_bytes()));
        assert!(equal_fold("\u{212A}".as_bytes(), b"k") && !equal_fold(b"k", b"kk"));
        assert!(equal_fold(b"\xFF", "\u{FFFD}".as_bytes()));
    }

    #[test]
    fn pieces() {
        let cut = |text: &'static str, separator: &str, keep, limit| {
            let pieces = split(text.as_bytes(), separator.as_bytes(), keep, limit);
            pieces.into_iter().map(|(start, end)| &text[start..end]).collect::<Vec<_>>()
        };
        assert_eq!(cut("a,b,c", ",", 0, usize::MAX), ["a", "b", "c"]);
        assert_eq!(cut("a,b,c", ",", 1, 2), ["a,", "b,c"]);
        assert_eq!(cut("", ",", 0, usize::MAX), [""]);
        assert_eq!(cut("a世b", "", 0, 2), ["a", "世b"]);
        assert_eq!(cut("", "", 0, usize::MAX), [""; 0]);
        assert_eq!(fields(" a \u{3000}bc\n".as_bytes()), [(1, 2), (6, 8)]);
        assert_eq!((trim_space(b" \t"), trim_space("\u{85}a b ".as_bytes())), ((2, 2), (2, 5)));
        assert_eq!(
            (first_word(b" ab  c"), first_word(b" ab"), first_word(b" ")),
            ((1, Some((3, 4))), (1, None), (1, None))
        );
    }
}
