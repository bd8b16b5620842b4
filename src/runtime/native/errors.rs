//! Package `errors`.

use super::reflect::{self, assign, implements, target, type_of};
use crate::bytecode::program::Kind;
use crate::runtime::interp::native::{Call, Flow, Table};
use crate::runtime::object::Trap;

pub(super) const TABLE: Table =
    &[("isComparable", reflect::is_comparable), ("classifyTarget", classify_target), ("assign", assign_error)];

/// What `classifyTarget` answers.
const GOOD: i64 = 0;
const NOT_POINTER: i64 = 1;
const NOT_ERROR: i64 = 2;

fn classify_target(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let value = c.any();
    let error = c.proc.known.error;
    let types = c.proc.memory.types();
    let class = match target(types, value) {
        Err(_) => NOT_POINTER,
        Ok((ty, _)) if types.get(ty).kind() == Kind::Interface || implements(types, ty, error) => GOOD,
        Ok(_) => NOT_ERROR,
    };
    c.put_int(class);
    Ok(Flow::Done)
}

fn assign_error(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let (to, error) = (c.any(), c.any());
    let own = type_of(error)?;
    let memory = c.memory();
    let (ty, at) = target(memory.types(), to)?;
    let types = memory.types();
    let interface = types.get(ty).kind() == Kind::Interface;
    let fits = if interface { implements(types, own, ty) } else { own == ty };
    if fits {
        // SAFETY: the pointer leads to an interface that such a value implements, or to a value of its type.
        unsafe {
            if interface {
                memory.set_tagged(at, error.words());
            } else {
                assign(memory, at, error)?;
            }
        }
    }
    c.put_bool(fits);
    Ok(Flow::Done)
}
