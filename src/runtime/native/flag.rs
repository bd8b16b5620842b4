//! Package `flag`.

use super::reflect::{assign, name, target, type_of, zero};
use crate::bytecode::program::Kind;
use crate::runtime::interp::native::{Call, Flow, Table};
use crate::runtime::object::{Trap, Value};

pub(super) const TABLE: Table = &[("zeroLike", zero_like), ("typeOf", type_of_value), ("assignText", assign_text)];

/// What `assignText` answers.
const ASSIGNED: i64 = 0;
const NOT_POINTER: i64 = 1;
const OTHER_TYPE: i64 = 2;

fn zero_like(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let ty = type_of(c.any())?;
    let value = zero(c.memory(), ty)?;
    c.put_any(value);
    Ok(Flow::Done)
}

fn type_of_value(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let value = c.any();
    let types = c.proc.memory.types();
    let mut ty = types.get(type_of(value)?);
    if ty.kind() == Kind::Pointer {
        ty = types.get(ty.desc.elem);
    }
    let name = name(ty);
    c.put_string(name);
    Ok(Flow::Done)
}

fn assign_text(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let (to, mut value) = (c.any(), c.any());
    let memory = c.memory();
    let is_pointer = |value: Value| type_of(value).map(|ty| memory.types().get(ty).kind() == Kind::Pointer);
    let answer = if !is_pointer(to)? {
        NOT_POINTER
    } else {
        let from_pointer = is_pointer(value)?;
        let elem = memory.types().get(type_of(to)?).desc.elem;
        let own = if from_pointer { target(memory.types(), value)?.0 } else { type_of(value)? };
        if own != elem {
            OTHER_TYPE
        } else {
            let (_, at) = target(memory.types(), to)?;
            // SAFETY: pointers that are not null lead to values of their element type, which is the same for both.
            unsafe {
                if from_pointer {
                    value = memory.value_at(own, value.word as usize)?;
                }
                assign(memory, at, value)?;
            }
            ASSIGNED
        }
    };
    c.put_int(answer);
    Ok(Flow::Done)
}
