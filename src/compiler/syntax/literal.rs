//! The values of string and rune literals, from their text as written.
//!
//! A Lang string is bytes: `"\xff"` is one byte and no UTF-8. Texts come from literals the lexer found without fault;
//! for anything else the answer is `None`.

/// The bytes of a string literal, quotes included in `text`.
pub fn unquote_string(text: &str) -> Option<Vec<u8>> {
    if let Some(raw) = text.strip_prefix('`') {
        let raw = raw.strip_suffix('`')?;
        return Some(raw.bytes().filter(|&b| b != b'\r').collect());
    }
    let mut rest = text.strip_prefix('"')?.strip_suffix('"')?;
    let mut out = Vec::with_capacity(rest.len());
    while let Some(at) = rest.find('\\') {
        let (plain, escape) = rest.split_at(at);
        out.extend_from_slice(plain.as_bytes());
        let (unit, behind) = read_escape(escape)?;
        match unit {
            Unit::Byte(b) => out.push(b),
            Unit::Char(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
        rest = behind;
    }
    out.extend_from_slice(rest.as_bytes());
    Some(out)
}

/// The code point of a rune literal, quotes included in `text`.
pub fn unquote_rune(text: &str) -> Option<u32> {
    let inner = text.strip_prefix('\'')?.strip_suffix('\'')?;
    let (value, rest) = if inner.starts_with('\\') {
        match read_escape(inner)? {
            (Unit::Byte(b), rest) => (u32::from(b), rest),
            (Unit::Char(c), rest) => (u32::from(c), rest),
        }
    } else {
        let c = inner.chars().next()?;
        (u32::from(c), inner.get(c.len_utf8()..)?)
    };
    rest.is_empty().then_some(value)
}

/// What an escape stands for.
enum Unit {
    /// `\x..` and octal escapes: a byte, whatever it means.
    Byte(u8),
    /// Any other: a code point.
    Char(char),
}

/// Reads the escape that `text` begins with; returns it and the text behind.
fn read_escape(text: &str) -> Option<(Unit, &str)> {
    let kind = *text.as_bytes().get(1)?;
    let simple = match kind {
        b'a' => 7,
        b'b' => 8,
        b'f' => 12,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 11,
        b'\\' | b'\'' | b'"' => kind,
        _ => return read_number(text, kind),
    };
    Some((Unit::Byte(simple), text.get(2..)?))
}

fn read_number(text: &str, kind: u8) -> Option<(Unit, &str)> {
    let (start, digits, radix) = match kind {
        b'x' => (2, 2, 16),
        b'u' => (2, 4, 16),
        b'U' => (2, 8, 16),
        b'0'..=b'7' => (1, 3, 8),
        _ => return None,
    };
    let number = text.get(start..start + digits).filter(|n| n.bytes().all(|b| b.is_ascii_hexdigit()))?;
    let value = u32::from_str_radix(number, radix).ok()?;
    let unit = match kind {
        b'u' | b'U' => Unit::Char(char::from_u32(value)?),
        _ => Unit::Byte(u8::try_from(value).ok()?),
    };
    Some((unit, text.get(start + digits..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_bytes() {
        let cases: &[(&str, &[u8])] = &[
            (r#""""#, b""),
            (r#""a\tb""#, b"a\tb"),
            (r#""\xff\377\000""#, &[0xff, 0xff, 0]),
            (r#""\u00e9\U0001F600""#, "é😀".as_bytes()),
            (r#""\"\\""#, b"\"\\"),
            ("`a\r\n\\n`", b"a\n\\n"),
        ];
        for &(text, value) in cases {
            assert_eq!(unquote_string(text).as_deref(), Some(value), "{text}");
        }
    }

    #[test]
    fn runes_are_code_points() {
        let cases = [
            ("'a'", 97),
            (r"'\n'", 10),
            (r"'\''", 39),
            ("'世'", 0x4e16),
            (r"'\xff'", 255),
            (r"'\U0010FFFF'", 0x10ffff),
        ];
        for (text, value) in cases {
            assert_eq!(unquote_rune(text), Some(value), "{text}");
        }
    }

    #[test]
    fn malformed_texts_have_no_value() {
        for text in ["", "\"", "\"a", r#""\q""#, r#""\x4""#, r#""\400""#, r#""\ud800""#, "`"] {
            assert_eq!(unquote_string(text), None, "{text}");
        }
        for text in ["", "'", "''", "'ab'", r"'\'", r"'\u12'", r"'\x+1'"] {
            assert_eq!(unquote_rune(text), None, "{text}");
        }
    }
}
