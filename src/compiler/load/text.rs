//! From bytes to text.

/// A source as text, with the offsets of what was no UTF-8: the first such place of each line.
pub(super) struct Decoded {
    /// The text; what was invalid is U+FFFD there.
    pub text: String,
    /// Offsets in `text`, ascending: the first invalid place of each line.
    pub invalid: Vec<u32>,
    /// All invalid places of `text`, ascending.
    pub replaced: Vec<u32>,
}

/// Decodes a source. Each invalid sequence becomes one replacement character.
pub(super) fn decode(bytes: Vec<u8>) -> Decoded {
    let bytes = match String::from_utf8(bytes) {
        Ok(text) => return Decoded { text, invalid: Vec::new(), replaced: Vec::new() },
        Err(error) => error.into_bytes(),
    };
    let mut text = String::with_capacity(bytes.len() + 16);
    let (mut invalid, mut replaced) = (Vec::new(), Vec::new());
    let mut clean_line = true;
    for chunk in bytes.utf8_chunks() {
        clean_line |= chunk.valid().contains('\n');
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            // Texts beyond 32 bits are refused later, so that their offsets do not matter.
            let offset = u32::try_from(text.len()).unwrap_or(u32::MAX);
            if std::mem::take(&mut clean_line) {
                invalid.push(offset);
            }
            replaced.push(offset);
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
    Decoded { text, invalid, replaced }
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn valid_text_is_kept() {
        let decoded = decode("a\u{fffd}é\n".as_bytes().to_vec());
        assert_eq!((decoded.text.as_str(), decoded.invalid.len(), decoded.replaced.len()), ("a\u{fffd}é\n", 0, 0));
    }

    #[test]
    fn invalid_bytes_are_replaced_and_reported_once_a_line() {
        let decoded = decode(b"a\xff\xfe b\xc3\nc\xe2\x82".to_vec());
        assert_eq!(decoded.text, "a\u{fffd}\u{fffd} b\u{fffd}\nc\u{fffd}");
        assert_eq!(decoded.invalid, [1, 14]);
        assert_eq!(decoded.replaced, [1, 4, 9, 14]);
    }
}
