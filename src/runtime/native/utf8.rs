//! Package `unicode/utf8`.

use super::text::utf8;
use crate::runtime::interp::native::{Call, Flow, Table};
use crate::runtime::object::Trap;
use crate::runtime::object::text::decode;

pub(super) const TABLE: Table = &[
    ("DecodeRune", |c| {
        let bytes = c.bytes();
        put_rune(c, decode(bytes))
    }),
    ("DecodeRuneInString", |c| {
        let text = c.text();
        put_rune(c, decode(text))
    }),
    ("DecodeLastRune", |c| {
        let bytes = c.bytes();
        put_rune(c, utf8::decode_last(bytes))
    }),
    ("DecodeLastRuneInString", |c| {
        let text = c.text();
        put_rune(c, utf8::decode_last(text))
    }),
    ("FullRune", |c| {
        let full = utf8::is_full(c.bytes());
        put_bool(c, full)
    }),
    ("FullRuneInString", |c| {
        let full = utf8::is_full(c.text());
        put_bool(c, full)
    }),
    ("RuneCount", |c| {
        let count = utf8::count(c.bytes());
        put_count(c, count)
    }),
    ("RuneCountInString", |c| {
        let count = utf8::count(c.text());
        put_count(c, count)
    }),
    ("Valid", |c| {
        let valid = std::str::from_utf8(c.bytes()).is_ok();
        put_bool(c, valid)
    }),
    ("ValidString", |c| {
        let valid = std::str::from_utf8(c.text()).is_ok();
        put_bool(c, valid)
    }),
];

fn put_rune(c: &mut Call<'_>, (rune, size): (char, usize)) -> Result<Flow, Trap> {
    c.put(u64::from(u32::from(rune)));
    put_count(c, size)
}

fn put_count(c: &mut Call<'_>, count: usize) -> Result<Flow, Trap> {
    c.put(count as u64);
    Ok(Flow::Done)
}

fn put_bool(c: &mut Call<'_>, value: bool) -> Result<Flow, Trap> {
    c.put_bool(value);
    Ok(Flow::Done)
}
