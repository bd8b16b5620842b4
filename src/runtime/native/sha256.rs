//! Package `crypto/sha256`.

use crate::runtime::interp::native::{Flow, Table};

pub(super) const TABLE: Table = &[("blocks", |c| {
    let (cells, data) = (c.elements::<u32>(), c.bytes());
    let Some(cells) = cells.first_chunk::<8>() else { return Ok(Flow::Done) };
    let mut state = cells.each_ref().map(|cell| cell.get());
    sha2::block_api::compress256(&mut state, data.as_chunks().0);
    for (cell, word) in cells.iter().zip(state) {
        cell.set(word);
    }
    Ok(Flow::Done)
})];
