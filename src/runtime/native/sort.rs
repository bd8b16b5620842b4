//! Packages `sort` and `slices`.

use std::cmp::Ordering;

use crate::bytecode::program::Kind;
use crate::runtime::interp::native::{Call, Flow, Number, Table};
use crate::runtime::object::Slice;

/// The natives of package `sort`.
pub(super) const TABLE: Table = &[
    ("lengthOf", |c| {
        let value = c.any();
        let length = c.slice_in(value).map_or(-1, |(_, slice)| i64::from(slice.len));
        c.put_int(length);
        Ok(Flow::Done)
    }),
    ("swapIn", |c| {
        let (value, i, j) = (c.any(), c.int(), c.int());
        if let Some((elem, slice)) = c.slice_in(value) {
            c.swap(elem, slice, i, j)?;
        }
        Ok(Flow::Done)
    }),
    ("typeName", |c| {
        let value = c.any();
        let name = c.type_of(value).map_or_else(|| "nil".to_owned(), |ty| ty.name().to_owned());
        c.put_text(name.as_bytes())?;
        Ok(Flow::Done)
    }),
];

/// The native of package `slices`.
pub(super) const SLICES: Table = &[("sortOrdered", |c| {
    let value = c.any();
    let Some((elem, slice)) = c.slice_in(value) else { return Ok(Flow::Done) };
    match c.kind(elem) {
        Kind::Int | Kind::Int64 => sort::<i64>(c, slice, i64::cmp),
        Kind::Int8 => sort::<i8>(c, slice, i8::cmp),
        Kind::Int16 => sort::<i16>(c, slice, i16::cmp),
        Kind::Int32 => sort::<i32>(c, slice, i32::cmp),
        Kind::Uint | Kind::Uint64 | Kind::Uintptr => sort::<u64>(c, slice, u64::cmp),
        Kind::Uint8 => sort::<u8>(c, slice, u8::cmp),
        Kind::Uint16 => sort::<u16>(c, slice, u16::cmp),
        Kind::Uint32 => sort::<u32>(c, slice, u32::cmp),
        Kind::Float32 => sort::<f32>(c, slice, |a, b| floats(f64::from(*a), f64::from(*b))),
        Kind::Float64 => sort::<f64>(c, slice, |a, b| floats(*a, *b)),
        Kind::String => {
            let mut texts = c.strings_of(slice);
            texts.sort_unstable_by_key(|(_, text)| *text);
            c.write_strings(slice, texts.iter().map(|(own, _)| *own));
        }
        _ => {}
    }
    Ok(Flow::Done)
})];

/// NaN comes before everything else.
fn floats(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| b.is_nan().cmp(&a.is_nan()))
}

/// Sorts a copy, since another goroutine may write meanwhile; zeros of both signs keep their order.
fn sort<T: Number>(c: &mut Call<'_>, slice: Slice, order: impl Fn(&T, &T) -> Ordering) {
    let cells = c.elements_of::<T>(slice);
    let mut values: Vec<T> = cells.iter().map(|cell| cell.get()).collect();
    values.sort_by(order);
    for (cell, value) in cells.iter().zip(values) {
        cell.set(value);
    }
}
