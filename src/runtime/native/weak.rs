//! Package `weak`.
//!
//! A cell has two words: an address, and whether it is fixed. Those of objects are the collector's weak handles, which
//! it clears; those of other places are the host's and stay.

use super::reflect::target;
use crate::memory::Addr;
use crate::runtime::interp::native::{Call, Flow, Table};
use crate::runtime::object::{Memory, Trap, Value};

pub(super) const TABLE: Table = &[("cellOf", cell_of), ("pointerTo", pointer_to)];

fn cell_of(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let pointer = c.any();
    let (_, at) = target(c.proc.memory.types(), pointer)?;
    let cell = match c.memory().mutator.weak(Addr::new(at)) {
        Ok(handle) => handle?.get(),
        Err(_) => c.proc.host.fixed_handle(at),
    };
    c.put(cell as u64);
    Ok(Flow::Done)
}

fn pointer_to(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let (cell, sample) = (c.pointer()?, c.any());
    // SAFETY: a cell, which `cellOf` made, has two words, and the second one never changes.
    let [at, fixed] = unsafe { [Memory::word(cell), Memory::word(cell + 8)] };
    let word = if fixed != 0 { at } else { c.memory().mutator.strengthen(Addr::new(cell)).get() as u64 };
    c.put_any(Value { tag: sample.tag, word });
    Ok(Flow::Done)
}
