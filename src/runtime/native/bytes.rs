//! Package `bytes`.

use super::strings::put_index;
use super::text::{change, search};
use super::unicode::tables::Case;
use crate::runtime::interp::native::{Call, Flow, Table};
use crate::runtime::object::Trap;

pub(super) const TABLE: Table = &[
    ("Index", |c| {
        let at = search::index(c.bytes(), c.bytes());
        put_index(c, at)
    }),
    ("IndexByte", |c| {
        let at = search::index(c.bytes(), &[c.word() as u8]);
        put_index(c, at)
    }),
    ("IndexRune", |c| {
        let at = search::index_rune(c.bytes(), c.int());
        put_index(c, at)
    }),
    ("IndexAny", |c| {
        let at = search::index_any(c.bytes(), c.text());
        put_index(c, at)
    }),
    ("LastIndex", |c| {
        let at = search::last_index(c.bytes(), c.bytes());
        put_index(c, at)
    }),
    ("LastIndexByte", |c| {
        let at = search::last_index(c.bytes(), &[c.word() as u8]);
        put_index(c, at)
    }),
    ("LastIndexAny", |c| {
        let at = search::last_index_any(c.bytes(), c.text());
        put_index(c, at)
    }),
    ("Count", |c| {
        let count = search::count(c.bytes(), c.bytes());
        c.put_int(count as i64);
        Ok(Flow::Done)
    }),
    ("Compare", |c| {
        let order = search::compare(c.bytes(), c.bytes());
        c.put_int(order);
        Ok(Flow::Done)
    }),
    ("Equal", |c| {
        let equal = c.bytes() == c.bytes();
        c.put_bool(equal);
        Ok(Flow::Done)
    }),
    ("EqualFold", |c| {
        let equal = search::equal_fold(c.bytes(), c.bytes());
        c.put_bool(equal);
        Ok(Flow::Done)
    }),
    ("ToUpper", |c| in_case(c, Case::Upper)),
    ("ToLower", |c| in_case(c, Case::Lower)),
    ("ToTitle", |c| in_case(c, Case::Title)),
    ("ToValidUTF8", |c| {
        let text = change::to_valid(c.bytes(), c.bytes());
        c.put_bytes(&text)?;
        Ok(Flow::Done)
    }),
];

fn in_case(c: &mut Call<'_>, case: Case) -> Result<Flow, Trap> {
    let text = change::in_case(c.bytes(), case);
    c.put_bytes(&text)?;
    Ok(Flow::Done)
}
