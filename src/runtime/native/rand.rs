//! Packages `math/rand` and `math/rand/v2`.

use crate::runtime::interp::native::{Flow, Table};

/// Both packages have the same native.
pub(super) const TABLE: Table = &[("random", |c| {
    // Each thread has its own generator, seeded when the thread first uses it.
    c.put(fastrand::u64(..));
    Ok(Flow::Done)
})];
