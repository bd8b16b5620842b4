//! Package `math/big`.
//!
//! - [`words`][]: arithmetic;
//! - [`digits`][]: text.

pub mod digits;
pub mod words;

use crate::runtime::interp::native::{Call, Flow, Table};
use crate::runtime::object::Trap;

pub(super) const TABLE: Table = &[
    ("addVV", |c| {
        let carry = words::add(c.elements(), c.elements(), c.elements());
        put(c, carry)
    }),
    ("subVV", |c| {
        let borrow = words::sub(c.elements(), c.elements(), c.elements());
        put(c, borrow)
    }),
    ("addVW", |c| {
        let carry = words::add_word(c.elements(), c.elements(), c.word());
        put(c, carry)
    }),
    ("subVW", |c| {
        let borrow = words::sub_word(c.elements(), c.elements(), c.word());
        put(c, borrow)
    }),
    ("shlVU", |c| {
        let out = words::shift_left(c.elements(), c.elements(), c.word());
        put(c, out)
    }),
    ("shrVU", |c| {
        words::shift_right(c.elements(), c.elements(), c.word());
        Ok(Flow::Done)
    }),
    ("mulAddVWW", |c| {
        let out = words::mul_add_word(c.elements(), c.elements(), c.word(), c.word());
        put(c, out)
    }),
    ("mulVV", |c| {
        words::mul(c.elements(), c.elements(), c.elements());
        Ok(Flow::Done)
    }),
    ("divVW", |c| {
        let rest = words::div_word(c.elements(), c.elements(), c.word());
        put(c, rest)
    }),
    ("divVV", |c| {
        words::div(c.elements(), c.elements(), c.elements());
        Ok(Flow::Done)
    }),
    ("cmpVV", |c| {
        let order = words::compare(c.elements(), c.elements());
        c.put_int(order);
        Ok(Flow::Done)
    }),
    ("bitVV", |c| {
        words::bitwise(c.elements(), c.elements(), c.elements(), c.int());
        Ok(Flow::Done)
    }),
    ("redcVV", |c| {
        words::reduce(c.elements(), c.elements(), c.elements(), c.elements(), c.word());
        Ok(Flow::Done)
    }),
    ("formatV", |c| {
        let text = digits::format(c.elements(), c.int());
        c.put_text(&text)?;
        Ok(Flow::Done)
    }),
    ("parseV", |c| {
        let len = digits::parse(c.elements(), c.text(), c.int());
        put(c, len as u64)
    }),
    ("digitPrefix", |c| {
        let count = digits::prefix(c.text(), c.int());
        put(c, count as u64)
    }),
];

fn put(c: &mut Call<'_>, word: u64) -> Result<Flow, Trap> {
    c.put(word);
    Ok(Flow::Done)
}
