//! Text as literals of the language.

use crate::runtime::native::unicode::tables;
use crate::runtime::object::text::decode;

/// What a literal may hold unescaped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// Printable characters.
    Printable,
    /// Printable ASCII.
    Ascii,
    /// Graphic characters.
    Graphic,
}

impl Mode {
    /// From the number that programs use.
    pub fn from_number(number: i64) -> Self {
        match number {
            1 => Self::Ascii,
            2 => Self::Graphic,
            _ => Self::Printable,
        }
    }

    fn allows(self, c: char) -> bool {
        match self {
            Self::Ascii => matches!(c, ' '..='~'),
            Self::Printable => tables::is_print(c as u32),
            Self::Graphic => tables::is_graphic(c as u32),
        }
    }
}

/// A string as a literal in double quotes.
pub fn quote(text: &[u8], mode: Mode) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + text.len() / 8 + 2);
    out.push(b'"');
    let mut rest = text;
    while let Some(&first) = rest.first() {
        let (c, size) = decode(rest);
        if size == 1 && first >= 0x80 {
            hexadecimal(b'x', u32::from(first), 2, &mut out);
        } else {
            escape(c, b'"', mode, &mut out);
        }
        rest = &rest[size..];
    }
    out.push(b'"');
    out
}

/// A character as a literal in single quotes.
pub fn quote_char(c: char, mode: Mode) -> Vec<u8> {
    let mut out = vec![b'\''];
    escape(c, b'\'', mode, &mut out);
    out.push(b'\'');
    out
}

fn escape(c: char, quote: u8, mode: Mode, out: &mut Vec<u8>) {
    let short = match c {
        '\\' => b'\\',
        _ if c == char::from(quote) => quote,
        _ if mode.allows(c) => return out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        '\x07' => b'a',
        '\x08' => b'b',
        '\x0C' => b'f',
        '\n' => b'n',
        '\r' => b'r',
        '\t' => b't',
        '\x0B' => b'v',
        _ => {
            let (letter, width) = match c {
                '\0'..'\x20' | '\x7F' => (b'x', 2),
                '\0'..='\u{FFFF}' => (b'u', 4),
                _ => (b'U', 8),
            };
            return hexadecimal(letter, c as u32, width, out);
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

fn hexadecimal(letter: u8, value: u32, width: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(&[b'\\', letter]);
    out.extend((0..width).rev().map(|i| b"0123456789abcdef"[(value >> (4 * i) & 15) as usize]));
}

/// Whether a string can stand as it is between back quotes, on one line.
pub fn can_backquote(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok_and(|text| {
        text.chars().all(|c| match c {
            '\t' => true,
            '\0'..' ' | '`' | '\x7F' | '\u{FEFF}' => false,
            _ => true,
        })
    })
}
