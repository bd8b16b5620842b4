//! What several packages want to know of values in interfaces.
//!
//! An argument that is an interface holds a value of its type: the payload is the value itself, or leads to it, as
//! [`crate::runtime::object::value`] says. All that is unsafe here relies on it.

use crate::bytecode::program::{Kind, TypeIdx};
use crate::runtime::interp::native::{Call, Flow};
use crate::runtime::object::value::tag_of;
use crate::runtime::object::{Memory, Slice, Str, Trap, Type, Types, Value};

/// The type of what an interface holds.
///
/// # Errors
/// It is nil.
pub(super) fn type_of(value: Value) -> Result<TypeIdx, Trap> {
    value.ty().ok_or(Trap::Nil)
}

/// The name of a type, as a string of the program: it is there as long as the types are.
pub(super) fn name(ty: &Type) -> Str {
    constant(ty.name())
}

/// A text that is there as long as the program's types, as a string of the program.
pub(super) fn constant(text: &str) -> Str {
    Str { at: text.as_ptr().expose_provenance(), len: text.len() }
}

/// What an index that is out of range leads to.
pub(super) fn out_of_range() -> Trap {
    Trap::error("index out of range")
}

/// The string in an interface of a string type.
pub(super) fn string(value: Value) -> Str {
    // SAFETY: strings are boxed: the payload leads to one.
    unsafe { *(value.word as *const Str) }
}

/// The slice in an interface of a slice type.
pub(super) fn slice(value: Value) -> Slice {
    // SAFETY: slices are boxed: the payload leads to one.
    Slice::from_words(unsafe { Memory::pair(value.word as usize) })
}

/// What a pointer in an interface leads to: its type and address.
///
/// # Errors
/// It is no pointer, or null.
pub(super) fn target(types: &Types, value: Value) -> Result<(TypeIdx, usize), Trap> {
    let ty = types.get(type_of(value)?);
    if ty.kind() != Kind::Pointer || value.word == 0 {
        return Err(Trap::Nil);
    }
    Ok((ty.desc.elem, value.word as usize))
}

/// Stores a value, which is in slots, where a pointer in an interface leads to.
///
/// # Errors
/// It is no pointer, null, or leads to something of another kind.
pub(super) fn set(memory: &mut Memory, to: Value, is: impl Fn(Kind) -> bool, slots: &[u64; 2]) -> Result<(), Trap> {
    let (ty, at) = target(memory.types(), to)?;
    if !is(memory.types().get(ty).kind()) {
        return Err(Trap::error("invalid memory address or nil pointer dereference"));
    }
    // SAFETY: the pointer leads to a value of its element type, which takes at most two slots if it has such a kind.
    unsafe { memory.store(ty, at, slots.as_ptr()) };
    Ok(())
}

/// Stores the value in an interface at an address, which leads to one of the same type.
///
/// # Safety
/// It does.
pub(super) unsafe fn assign(memory: &mut Memory, to: usize, value: Value) -> Result<(), Trap> {
    let idx = type_of(value)?;
    // SAFETY: the caller's promise; the payload leads to a value, or is one of at most one slot.
    unsafe {
        if memory.types().get(idx).desc.boxed {
            memory.copy(idx, to, value.word as usize, 1);
        } else {
            memory.store(idx, to, &raw const value.word);
        }
    }
    Ok(())
}

/// Whether a type has the methods that an interface type wants.
pub(super) fn implements(types: &Types, ty: TypeIdx, interface: TypeIdx) -> bool {
    let methods = &types.get(ty).desc.methods;
    let wanted = &types.get(interface).desc.wanted;
    wanted.iter().all(|number| methods.binary_search_by_key(number, |(own, _)| *own).is_ok())
}

/// The zero value of a type, or a pointer to a new one if it is a pointer type.
pub(super) fn zero(memory: &mut Memory, idx: TypeIdx) -> Result<Value, Trap> {
    let desc = &memory.types().get(idx).desc;
    let (pointer, boxed, elem) = (desc.kind == Kind::Pointer, desc.boxed, desc.elem);
    let tag = tag_of(memory.types(), idx);
    let word = match (pointer, boxed) {
        (true, _) => memory.new_value(elem)?,
        (_, true) => memory.new_value(idx)?,
        _ => 0,
    };
    Ok(Value { tag, word: word as u64 })
}

// ---- natives of several packages

/// `isComparable(v any) bool`, of the type.
pub(super) fn is_comparable(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let value = c.any();
    let comparable = c.type_of(value).is_none_or(|ty| ty.desc.comparable);
    c.put_bool(comparable);
    Ok(Flow::Done)
}

/// `typeName(v any) string`
pub(super) fn type_name(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let value = c.any();
    let name = c.type_of(value).map_or(constant("<nil>"), name);
    c.put_string(name);
    Ok(Flow::Done)
}
