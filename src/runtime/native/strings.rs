//! Package `strings`.

use super::text::{change, search};
use super::unicode::tables::Case;
use crate::runtime::interp::native::{Call, Flow, Table};
use crate::runtime::object::{Str, Trap};

pub(super) const TABLE: Table = &[
    ("Index", |c| {
        let at = search::index(c.text(), c.text());
        put_index(c, at)
    }),
    ("IndexByte", |c| {
        let at = search::index(c.text(), &[c.word() as u8]);
        put_index(c, at)
    }),
    ("IndexRune", |c| {
        let at = search::index_rune(c.text(), c.int());
        put_index(c, at)
    }),
    ("IndexAny", |c| {
        let at = search::index_any(c.text(), c.text());
        put_index(c, at)
    }),
    ("LastIndex", |c| {
        let at = search::last_index(c.text(), c.text());
        put_index(c, at)
    }),
    ("LastIndexByte", |c| {
        let at = search::last_index(c.text(), &[c.word() as u8]);
        put_index(c, at)
    }),
    ("LastIndexAny", |c| {
        let at = search::last_index_any(c.text(), c.text());
        put_index(c, at)
    }),
    ("Count", |c| {
        let count = search::count(c.text(), c.text());
        c.put_int(count as i64);
        Ok(Flow::Done)
    }),
    ("Compare", |c| {
        let order = search::compare(c.text(), c.text());
        c.put_int(order);
        Ok(Flow::Done)
    }),
    ("EqualFold", |c| {
        let equal = search::equal_fold(c.text(), c.text());
        c.put_bool(equal);
        Ok(Flow::Done)
    }),
    ("ToUpper", |c| in_case(c, Case::Upper)),
    ("ToLower", |c| in_case(c, Case::Lower)),
    ("ToTitle", |c| in_case(c, Case::Title)),
    ("ToValidUTF8", |c| {
        let ((own, text), replacement) = (c.string_and_text(), c.text());
        put_changed(c, own, change::to_valid(text, replacement))
    }),
    ("replace", |c| {
        let ((own, text), old, new) = (c.string_and_text(), c.text(), c.text());
        // A negative number is no limit.
        let most = usize::try_from(c.int()).unwrap_or(usize::MAX);
        match change::Replacing::new(text, old, new, most) {
            Some(replacing) => c.put_filled(replacing.len(), |out| replacing.write(out))?,
            None => c.put_string(own),
        }
        Ok(Flow::Done)
    }),
    ("repeat", |c| {
        let (text, count) = (c.text(), c.int());
        let len = text.len().saturating_mul(usize::try_from(count).unwrap_or(0));
        c.put_filled(len, |out| {
            // Twice as much each time.
            let mut done = text.len().min(out.len());
            out[..done].copy_from_slice(&text[..done]);
            while done < out.len() {
                let more = done.min(out.len() - done);
                out.copy_within(..more, done);
                done += more;
            }
        })?;
        Ok(Flow::Done)
    }),
    ("freeze", freeze),
    ("split", |c| {
        let ((own, text), separator, keep) = (c.string_and_text(), c.text(), c.int());
        let limit = usize::try_from(c.int()).unwrap_or(usize::MAX);
        let pieces = search::split(text, separator, usize::try_from(keep).unwrap_or(0), limit);
        put_pieces(c, own, &pieces)
    }),
    ("Fields", |c| {
        let (own, text) = c.string_and_text();
        put_pieces(c, own, &search::fields(text))
    }),
    ("Join", join),
    ("TrimSpace", |c| {
        let (own, text) = c.string_and_text();
        c.put_string(piece(own, search::trim_space(text)));
        Ok(Flow::Done)
    }),
];

/// The next result, a place or -1.
pub(super) fn put_index(c: &mut Call<'_>, at: Option<usize>) -> Result<Flow, Trap> {
    c.put_int(at.map_or(-1, |at| at as i64));
    Ok(Flow::Done)
}

/// A string over the very bytes of a slice.
pub(super) fn freeze(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let bytes = c.slice();
    c.put_string(Str { at: bytes.at, len: bytes.len as usize });
    Ok(Flow::Done)
}

/// A part of a string.
fn piece(text: Str, (start, end): (usize, usize)) -> Str {
    // An empty one keeps nothing alive.
    if start < end { Str { at: text.at + start, len: end - start } } else { Str::default() }
}

fn put_pieces(c: &mut Call<'_>, text: Str, pieces: &[(usize, usize)]) -> Result<Flow, Trap> {
    let pieces: Vec<_> = pieces.iter().map(|&place| piece(text, place)).collect();
    c.put_strings(&pieces)?;
    Ok(Flow::Done)
}

/// The next result: the string that exists if nothing changed.
fn put_changed(c: &mut Call<'_>, own: Str, text: std::borrow::Cow<'_, [u8]>) -> Result<Flow, Trap> {
    match text {
        std::borrow::Cow::Borrowed(_) => c.put_string(own),
        std::borrow::Cow::Owned(text) => c.put_text(&text)?,
    }
    Ok(Flow::Done)
}

fn in_case(c: &mut Call<'_>, case: Case) -> Result<Flow, Trap> {
    let (own, text) = c.string_and_text();
    put_changed(c, own, change::in_case(text, case))
}

fn join(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let (parts, separator) = (c.strings(), c.text());
    if let [(only, _)] = parts[..] {
        c.put_string(only);
        return Ok(Flow::Done);
    }
    let between = separator.len().checked_mul(parts.len().saturating_sub(1));
    let len = parts.iter().try_fold(between.unwrap_or(usize::MAX), |len, part| len.checked_add(part.0.len));
    let Some(len) = len.filter(|&len| i64::try_from(len).is_ok()) else {
        return Err(c.panic("strings: Join output length overflow"));
    };
    c.put_filled(len, |mut out| {
        for (i, (_, text)) in parts.iter().enumerate() {
            for bytes in [if i > 0 { separator } else { &[] }, text] {
                let (here, rest) = out.split_at_mut(bytes.len());
                here.copy_from_slice(bytes);
                out = rest;
            }
        }
    })?;
    Ok(Flow::Done)
}
