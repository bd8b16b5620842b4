//! Package `strconv`.
//!
//! - [`integer`], [`float`]: numbers as text;
//! - [`parse`][]: text as numbers;
//! - [`quote`][]: literals.

pub mod float;
pub mod integer;
pub mod parse;
pub mod quote;

use self::integer::Digits;
use self::quote::Mode;
use super::unicode::tables;
use crate::memory::AllocError;
use crate::runtime::interp::native::{Call, Flow, Table};
use crate::runtime::object::text::char_of;
use crate::runtime::object::{Trap, slice};

pub(super) const TABLE: Table = &[
    ("formatInt", |c| {
        let digits = Digits::signed(c.int(), c.int());
        c.put_text(digits.text())?;
        Ok(Flow::Done)
    }),
    ("formatUint", |c| {
        let digits = Digits::unsigned(c.word(), c.int());
        c.put_text(digits.text())?;
        Ok(Flow::Done)
    }),
    ("Itoa", |c| {
        let digits = Digits::signed(c.int(), 10);
        c.put_text(digits.text())?;
        Ok(Flow::Done)
    }),
    ("appendInt", |c| {
        let (to, digits) = (c.slice(), Digits::signed(c.int(), c.int()));
        c.put_appended(to, digits.text())?;
        Ok(Flow::Done)
    }),
    ("appendUint", |c| {
        let (to, digits) = (c.slice(), Digits::unsigned(c.word(), c.int()));
        c.put_appended(to, digits.text())?;
        Ok(Flow::Done)
    }),
    ("formatFloat", |c| {
        let text = float_text(c)?;
        c.put_text(&text)?;
        Ok(Flow::Done)
    }),
    ("appendFloat", |c| {
        let to = c.slice();
        let text = float_text(c)?;
        c.put_appended(to, &text)?;
        Ok(Flow::Done)
    }),
    ("parseInt", |c| {
        let (value, problem) = parse::signed(c.text(), c.int(), c.int());
        c.put_int(value);
        put_code(c, problem)
    }),
    ("parseUint", |c| {
        let (value, problem) = parse::unsigned(c.text(), c.int(), c.int());
        c.put(value);
        put_code(c, problem)
    }),
    ("parseFloat", |c| {
        let (value, problem) = parse::float(c.text(), c.int() == 32);
        c.put_float(value);
        put_code(c, problem)
    }),
    ("quote", |c| {
        let text = quote::quote(c.text(), Mode::from_number(c.int()));
        c.put_text(&text)?;
        Ok(Flow::Done)
    }),
    ("quoteRune", |c| {
        let text = quote::quote_char(char_of(c.int()), Mode::from_number(c.int()));
        c.put_text(&text)?;
        Ok(Flow::Done)
    }),
    ("CanBackquote", |c| {
        let can = quote::can_backquote(c.text());
        c.put_bool(can);
        Ok(Flow::Done)
    }),
    ("IsPrint", |c| {
        let is = tables::is_print(c.word() as u32);
        c.put_bool(is);
        Ok(Flow::Done)
    }),
    ("IsGraphic", |c| {
        let is = tables::is_graphic(c.word() as u32);
        c.put_bool(is);
        Ok(Flow::Done)
    }),
];

fn put_code(c: &mut Call<'_>, problem: Option<parse::Problem>) -> Result<Flow, Trap> {
    c.put_int(problem.map_or(0, |problem| problem as i64));
    Ok(Flow::Done)
}

/// Reads the number, the form, the precision and the size of `formatFloat`, and formats.
fn float_text(c: &mut Call<'_>) -> Result<Vec<u8>, Trap> {
    let (value, form, precision, size) = (c.float(), c.word() as u8, c.int(), c.int());
    let precision = usize::try_from(precision).ok();
    // The longest number without a precision has 309 digits before the point, or 1074 behind it.
    let most = precision.unwrap_or(0).saturating_add(1100);
    if most > slice::MAX_LEN {
        return Err(Trap::error("makeslice: cap out of range"));
    }
    let mut out = Vec::new();
    let reserved = if most > 4096 { out.try_reserve_exact(most) } else { out.try_reserve(32) };
    reserved.map_err(|_| AllocError::System)?;
    float::format(value, form, precision, size == 32, &mut out);
    Ok(out)
}
