//! Package `bufio`.

use super::text::search;
use crate::runtime::interp::native::{Flow, Table};

pub(super) const TABLE: Table = &[("wordIn", |c| {
    let (start, rest) = search::first_word(c.bytes());
    let (end, next) = rest.map_or((-1, -1), |(end, next)| (end as i64, next as i64));
    c.put_int(start as i64);
    c.put_int(end);
    c.put_int(next);
    Ok(Flow::Done)
})];
