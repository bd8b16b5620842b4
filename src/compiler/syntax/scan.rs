//! Literals and comments by hand: what an automaton cannot explain well.
//!
//! Each function is called by the automaton behind the first byte of the token, extends it over the rest, and notes
//! what is wrong in words that are Go's. A malformed literal is still one literal, as far as it reaches, so that
//! one fault gives one message. The first fault of a literal is noted, in strings also a missing end.

use logos::Lexer;

use super::ast::LitKind;
use super::token::Token;
use crate::compiler::diag::Code;

/// A fault inside a token, by byte offset in the text.
pub struct LexError {
    /// Where.
    pub offset: usize,
    /// Which family.
    pub code: Code,
    /// In words.
    pub message: String,
}

type Automaton<'s> = Lexer<'s, Token>;

fn note(lex: &mut Automaton<'_>, offset: usize, code: Code, message: impl Into<String>) {
    lex.extras.list.push(LexError { offset, code, message: message.into() });
}

/// `//` up to the end of the line.
pub fn line_comment(lex: &mut Automaton<'_>) {
    let rest = lex.remainder().as_bytes();
    lex.bump(rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len()));
}

/// `/*` up to `*/`.
pub fn block_comment(lex: &mut Automaton<'_>) {
    match lex.remainder().find("*/") {
        Some(end) => lex.bump(end + 2),
        None => {
            let start = lex.span().start;
            lex.bump(lex.remainder().len());
            note(lex, start, Code::Unterminated, "comment not terminated");
        }
    }
}

/// A raw string behind its first backquote.
pub fn raw_string_token(lex: &mut Automaton<'_>) -> LitKind {
    match lex.remainder().find('`') {
        Some(end) => lex.bump(end + 1),
        None => {
            let start = lex.span().start;
            lex.bump(lex.remainder().len());
            note(lex, start, Code::Unterminated, "string not terminated");
        }
    }
    LitKind::String
}

/// A string behind its first quote.
pub fn string_token(lex: &mut Automaton<'_>) -> LitKind {
    let (start, base) = (lex.span().start, lex.span().end);
    let rest = lex.remainder().as_bytes();
    let mut at = 0;
    let mut bad = false;
    let end = loop {
        match rest.get(at) {
            Some(b'"') => break at + 1,
            Some(b'\\') => {
                let (len, fault) = escape(lex.remainder(), at + 1, b'"');
                at += 1 + len;
                if let Some((offset, message)) = fault
                    && !bad
                {
                    bad = true;
                    note(lex, base + offset, Code::InvalidLiteral, message);
                }
            }
            Some(b'\n') => {
                note(lex, base + at, Code::Unterminated, "newline in string");
                break at;
            }
            Some(_) => at += 1,
            None => {
                note(lex, start, Code::Unterminated, "string not terminated");
                break at;
            }
        }
    };
    lex.bump(end);
    LitKind::String
}

/// A rune literal behind its first quote.
pub fn rune_token(lex: &mut Automaton<'_>) -> LitKind {
    let (start, base) = (lex.span().start, lex.span().end);
    let rest = lex.remainder();
    let (mut at, mut count, mut bad) = (0, 0, false);
    let end = loop {
        let mut fault = None;
        match rest.as_bytes().get(at) {
            Some(b'\'') => {
                if !bad && count == 0 {
                    note(lex, base + at, Code::InvalidLiteral, "empty rune literal or unescaped '");
                } else if !bad && count > 1 {
                    note(lex, start, Code::InvalidLiteral, "more than one character in rune literal");
                }
                break at + 1;
            }
            Some(b'\\') => {
                let (len, found) = escape(rest, at + 1, b'\'');
                at += 1 + len;
                fault = found.map(|(offset, message)| (base + offset, Code::InvalidLiteral, message));
            }
            Some(b'\n') => {
                if !bad {
                    note(lex, base + at, Code::Unterminated, "newline in rune literal");
                }
                break at;
            }
            Some(_) => at += rest.get(at..).and_then(|r| r.chars().next()).map_or(1, char::len_utf8),
            None => {
                if !bad {
                    note(lex, start, Code::Unterminated, "rune literal not terminated");
                }
                break at;
            }
        }
        count += 1;
        if let Some((offset, code, message)) = fault
            && !bad
        {
            bad = true;
            note(lex, offset, code, message);
        }
    };
    lex.bump(end);
    LitKind::Rune
}

/// The length of the escape at `at` (behind the backslash), and what is wrong with it.
fn escape(text: &str, at: usize, quote: u8) -> (usize, Option<(usize, String)>) {
    let bytes = text.as_bytes();
    let Some(&kind) = bytes.get(at) else { return (0, None) };
    let (digits, base, skip) = match kind {
        b'a' | b'b' | b'f' | b'n' | b'r' | b't' | b'v' | b'\\' => return (1, None),
        b'0'..=b'7' => (3, 8, 0),
        b'x' => (2, 16, 1),
        b'u' => (4, 16, 1),
        b'U' => (8, 16, 1),
        _ if kind == quote => return (1, None),
        _ => return (0, Some((at, "unknown escape".to_owned()))),
    };
    let mut value = 0u32;
    for i in 0..digits {
        let Some(c) = text.get(at + skip + i..).and_then(|t| t.chars().next()) else { return (skip + i, None) };
        let Some(digit) = c.to_digit(base) else {
            let name = if base == 8 { "octal" } else { "hexadecimal" };
            return (skip + i, Some((at + skip + i, format!("invalid character {} in {name} escape", quoted(c)))));
        };
        value = value.wrapping_mul(base).wrapping_add(digit);
    }
    let len = skip + digits;
    if base == 8 && value > 255 {
        return (len, Some((at + len, format!("octal escape value {value} > 255"))));
    }
    if matches!(kind, b'u' | b'U') && char::from_u32(value).is_none() {
        return (len, Some((at + len, format!("escape is invalid Unicode code point U+{value:04X}"))));
    }
    (len, None)
}

/// A character in single quotes, as Go's `%q` has it.
fn quoted(c: char) -> String {
    match c {
        '\'' => r"'\''".to_owned(),
        '\n' => r"'\n'".to_owned(),
        '\\' => r"'\\'".to_owned(),
        _ if c.is_control() => format!("'\\x{:02x}'", u32::from(c)),
        _ => format!("'{c}'"),
    }
}

/// A number behind its first digit (or `.` and digit).
pub fn number_token(lex: &mut Automaton<'_>) -> LitKind {
    let start = lex.span().start;
    // The common case: a few decimal digits and nothing that could belong to a number.
    let rest = lex.remainder().as_bytes();
    let digits = rest.iter().position(|b| !b.is_ascii_digit()).unwrap_or(rest.len());
    let next = rest.get(digits).copied().unwrap_or(0);
    let first = lex.slice().as_bytes().first().copied().unwrap_or(0);
    if matches!(first, b'1'..=b'9') && !next.is_ascii_alphanumeric() && next != b'.' && next != b'_' {
        lex.bump(digits);
        return LitKind::Int;
    }
    let number = Number::scan(lex.source().as_bytes().get(start..).unwrap_or(&[]));
    lex.bump(number.len - lex.slice().len());
    if let Some((offset, message)) = number.fault {
        note(lex, start + offset, Code::InvalidLiteral, message);
    }
    number.kind
}

/// A number as it is read.
struct Number {
    len: usize,
    kind: LitKind,
    fault: Option<(usize, String)>,
}

impl Number {
    fn fail(&mut self, offset: usize, message: impl Into<String>) {
        self.fault.get_or_insert_with(|| (offset, message.into()));
    }

    /// Reads the number that `text` begins with.
    fn scan(text: &[u8]) -> Self {
        let at = |i: usize| text.get(i).copied().unwrap_or(0);
        let mut n = Self { len: 0, kind: LitKind::Int, fault: None };
        let (mut prefix, mut base) = (0, 10);
        if at(0) == b'0' {
            (prefix, base) = match at(1) | 0x20 {
                b'x' => (b'x', 16),
                b'o' => (b'o', 8),
                b'b' => (b'b', 2),
                _ => (b'0', 8),
            };
            n.len = if prefix == b'0' { 1 } else { 2 };
        }
        let name = match base {
            2 => "binary",
            8 => "octal",
            10 => "decimal",
            _ => "hexadecimal",
        };
        let mut digits = Digits { any: prefix == b'0', separators: false, invalid: None };
        if at(0) != b'.' {
            digits.scan(text, &mut n.len, base);
        }
        if at(n.len) == b'.' {
            n.kind = LitKind::Float;
            if prefix == b'o' || prefix == b'b' {
                n.fail(n.len, format!("invalid radix point in {name} literal"));
            }
            n.len += 1;
            digits.scan(text, &mut n.len, base);
        }
        if !digits.any {
            n.fail(n.len, format!("{name} literal has no digits"));
        }
        n.exponent(text, prefix, &mut digits);
        if at(n.len) == b'i' {
            n.kind = LitKind::Imaginary;
            n.len += 1;
        }
        if let Some(i) = digits.invalid.filter(|_| n.kind == LitKind::Int || matches!(prefix, b'b' | b'o')) {
            n.fail(i, format!("invalid digit '{}' in {name} literal", char::from(at(i))));
        }
        if digits.separators
            && let Some(i) = misplaced_separator(text.get(..n.len).unwrap_or(text), prefix)
        {
            n.fail(i, "'_' must separate successive digits");
        }
        n
    }

    fn exponent(&mut self, text: &[u8], prefix: u8, digits: &mut Digits) {
        let at = |i: usize| text.get(i).copied().unwrap_or(0);
        let mark = at(self.len) | 0x20;
        if mark != b'e' && mark != b'p' {
            if prefix == b'x' && self.kind == LitKind::Float {
                self.fail(self.len, "hexadecimal mantissa requires a 'p' exponent");
            }
            return;
        }
        if mark == b'e' && prefix != 0 && prefix != b'0' {
            self.fail(self.len, format!("'{}' exponent requires decimal mantissa", char::from(at(self.len))));
        } else if mark == b'p' && prefix != b'x' {
            self.fail(self.len, format!("'{}' exponent requires hexadecimal mantissa", char::from(at(self.len))));
        }
        self.len += 1;
        self.kind = LitKind::Float;
        if matches!(at(self.len), b'+' | b'-') {
            self.len += 1;
        }
        let mut exponent = Digits { any: false, separators: false, invalid: None };
        exponent.scan(text, &mut self.len, 10);
        digits.separators |= exponent.separators;
        if !exponent.any {
            self.fail(self.len, "exponent has no digits");
        }
    }
}

/// What was seen among the digits of a number.
struct Digits {
    any: bool,
    separators: bool,
    /// The first digit that is too large for the base.
    invalid: Option<usize>,
}

impl Digits {
    /// Goes over digits and separators; decimal digits are taken for every base.
    fn scan(&mut self, text: &[u8], at: &mut usize, base: u8) {
        while let Some(&b) = text.get(*at) {
            match b {
                b'_' => self.separators = true,
                b'0'..=b'9' => {
                    self.any = true;
                    if b - b'0' >= base && self.invalid.is_none() {
                        self.invalid = Some(*at);
                    }
                }
                _ if base == 16 && b.is_ascii_hexdigit() => self.any = true,
                _ => return,
            }
            *at += 1;
        }
    }
}

/// The offset of the first `_` that is not between digits (or behind a prefix).
fn misplaced_separator(number: &[u8], prefix: u8) -> Option<usize> {
    let skip = if matches!(prefix, b'x' | b'o' | b'b') { 2 } else { 0 };
    let is_digit = |b: u8| if prefix == b'x' { b.is_ascii_hexdigit() } else { b.is_ascii_digit() };
    let mut before = if skip > 0 { b'0' } else { b'.' };
    for (i, &b) in number.iter().enumerate().skip(skip) {
        match b {
            b'_' if before != b'0' => return Some(i),
            b'_' => before = b'_',
            _ if is_digit(b) => before = b'0',
            _ if before == b'_' => return Some(i - 1),
            _ => before = b'.',
        }
    }
    (before == b'_').then(|| number.len() - 1)
}
