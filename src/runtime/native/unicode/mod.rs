//! Package `unicode`.
//!
//! - [`tables`]: what characters are, from the tables of a crate.

pub mod tables;

use self::tables::{Case, Category, category};
use crate::runtime::interp::native::{Call, Flow, Table};
use crate::runtime::object::Trap;

pub(super) const TABLE: Table = &[
    ("inTable", |c| {
        let is = tables::in_set(c.int(), c.word() as u32);
        c.put_bool(is);
        Ok(Flow::Done)
    }),
    ("IsLetter", |c| is(c, |point| category(point).is_letter())),
    ("IsDigit", |c| is(c, |point| category(point) == Category::Nd)),
    ("IsNumber", |c| is(c, |point| category(point).is_number())),
    ("IsUpper", |c| is(c, |point| category(point) == Category::Lu)),
    ("IsLower", |c| is(c, |point| category(point) == Category::Ll)),
    ("IsTitle", |c| is(c, |point| category(point) == Category::Lt)),
    ("IsSpace", |c| is(c, tables::is_space)),
    ("IsControl", |c| is(c, |point| category(point) == Category::Cc)),
    ("IsGraphic", |c| is(c, tables::is_graphic)),
    ("IsPrint", |c| is(c, tables::is_print)),
    ("IsPunct", |c| is(c, |point| category(point).is_punctuation())),
    ("IsSymbol", |c| is(c, |point| category(point).is_symbol())),
    ("IsMark", |c| is(c, |point| category(point).is_mark())),
    ("ToUpper", |c| map(c, |point| tables::map_case(Case::Upper, point))),
    ("ToLower", |c| map(c, |point| tables::map_case(Case::Lower, point))),
    ("ToTitle", |c| map(c, |point| tables::map_case(Case::Title, point))),
    ("SimpleFold", |c| map(c, tables::simple_fold)),
];

fn is(c: &mut Call<'_>, is: impl Fn(u32) -> bool) -> Result<Flow, Trap> {
    let point = c.word() as u32;
    c.put_bool(is(point));
    Ok(Flow::Done)
}

fn map(c: &mut Call<'_>, map: impl Fn(u32) -> u32) -> Result<Flow, Trap> {
    let point = c.word() as u32;
    // A rune has a sign.
    c.put_int(i64::from(map(point) as i32));
    Ok(Flow::Done)
}
