//! Text made of other text.

use std::borrow::Cow;

use super::search::count;
use super::utf8::chars;
use crate::runtime::native::unicode::tables::{Case, map_case};
use crate::runtime::object::text::char_of;

/// All characters in a case; what is not UTF-8 becomes U+FFFD.
pub fn in_case(text: &[u8], case: Case) -> Cow<'_, [u8]> {
    if text.is_ascii() {
        let other = |byte: &u8| if case == Case::Lower { byte.is_ascii_uppercase() } else { byte.is_ascii_lowercase() };
        if !text.iter().any(other) {
            return Cow::Borrowed(text);
        }
        return Cow::Owned(if case == Case::Lower { text.to_ascii_lowercase() } else { text.to_ascii_uppercase() });
    }
    let mut out = Vec::with_capacity(text.len());
    for (_, c, _) in chars(text) {
        let mapped = char_of(i64::from(map_case(case, c as u32)));
        out.extend_from_slice(mapped.encode_utf8(&mut [0; 4]).as_bytes());
    }
    if out == text { Cow::Borrowed(text) } else { Cow::Owned(out) }
}

/// Each run of bytes that are not UTF-8 replaced.
pub fn to_valid<'a>(text: &'a [u8], replacement: &[u8]) -> Cow<'a, [u8]> {
    if std::str::from_utf8(text).is_ok() {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len() + replacement.len());
    let mut in_run = false;
    for chunk in text.utf8_chunks() {
        if !chunk.valid().is_empty() {
            out.extend_from_slice(chunk.valid().as_bytes());
            in_run = false;
        }
        if !chunk.invalid().is_empty() && !in_run {
            out.extend_from_slice(replacement);
            in_run = true;
        }
    }
    Cow::Owned(out)
}

/// Replacements in a text: of its first occurrences of `old`, nothing being around every character.
pub struct Replacing<'a> {
    text: &'a [u8],
    old: &'a [u8],
    new: &'a [u8],
    times: usize,
}

impl<'a> Replacing<'a> {
    /// At most so many; none if there is nothing to replace.
    pub fn new(text: &'a [u8], old: &'a [u8], new: &'a [u8], most: usize) -> Option<Self> {
        let times = if most == 0 { 0 } else { count(text, old).min(most) };
        (times > 0).then_some(Self { text, old, new, times })
    }

    /// The length of the result; too large to count if there is none.
    pub fn len(&self) -> usize {
        let rest = self.text.len() - self.times * self.old.len();
        self.times.saturating_mul(self.new.len()).saturating_add(rest)
    }

    /// Writes the result, of that length.
    pub fn write(&self, mut out: &mut [u8]) {
        let mut append = |bytes: &[u8]| {
            let (here, rest) = std::mem::take(&mut out).split_at_mut(bytes.len());
            here.copy_from_slice(bytes);
            out = rest;
        };
        let mut done = 0;
        let mut replace = |at: usize| {
            append(&self.text[done..at]);
            append(self.new);
            done = at + self.old.len();
        };
        match self.old {
            [] => {
                let places = chars(self.text).map(|(at, ..)| at).chain([self.text.len()]);
                places.take(self.times).for_each(&mut replace);
            }
            [byte] => memchr::memchr_iter(*byte, self.text).take(self.times).for_each(&mut replace),
            old => memchr::memmem::find_iter(self.text, old).take(self.times).for_each(&mut replace),
        }
        append(&self.text[done..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases() {
        assert_eq!(in_case(b"aB1", Case::Upper), &b"AB1"[..]);
        assert!(matches!(in_case(b"AB1", Case::Upper), Cow::Borrowed(_)));
        assert_eq!(in_case("ǆß".as_bytes(), Case::Title), "ǅß".as_bytes());
        assert_eq!(in_case(b"a\xFF", Case::Upper), "A\u{FFFD}".as_bytes());
    }

    #[test]
    fn valid() {
        assert_eq!(to_valid(b"a\xFF\xFEb\xE4\xB8", b"?"), &b"a?b?"[..]);
        assert_eq!(to_valid("a\u{FFFD}".as_bytes(), b"?"), "a\u{FFFD}".as_bytes());
    }

    #[test]
    fn replacing() {
        let replaced = |text: &str, old: &str, new: &str, most| {
            let replacing = Replacing::new(text.as_bytes(), old.as_bytes(), new.as_bytes(), most)?;
            let mut out = vec![0; replacing.len()];
            replacing.write(&mut out);
            Some(String::from_utf8(out).unwrap())
        };
        assert_eq!(replaced("oink oink oink", "k", "ky", 2).as_deref(), Some("oinky oinky oink"));
        assert_eq!(replaced("世界", "", "-", usize::MAX).as_deref(), Some("-世-界-"));
        assert_eq!(replaced("世界", "", "-", 2).as_deref(), Some("-世-界"));
        assert_eq!(replaced("aaa", "aa", "", usize::MAX).as_deref(), Some("a"));
        assert_eq!(replaced("abc", "x", "y", usize::MAX), None);
        assert_eq!(replaced("", "", "y", usize::MAX).as_deref(), Some("y"));
    }
}
