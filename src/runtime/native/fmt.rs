//! Package `fmt`: a look into values of any type, and stores through pointers of any type.

use super::reflect::{self, name, out_of_range, set, slice, target, type_of};
use crate::bytecode::program::{FieldDesc, Kind, TypeDesc, TypeIdx};
use crate::runtime::interp::native::{Call, Flow, Table};
use crate::runtime::object::{Memory, Slice, Trap, Value};

pub(super) const TABLE: Table = &[
    ("kindOf", kind_of),
    ("typeString", reflect::type_name),
    ("boolOf", |c| scalar(c, |word| u64::from(word != 0))),
    ("intOf", |c| scalar(c, |word| word)),
    ("uintOf", |c| scalar(c, |word| word)),
    ("floatOf", |c| scalar(c, |word| word)),
    ("stringOf", string_of),
    ("bytesOf", bytes_of),
    ("addressOf", |c| address(c, |at| at)),
    ("isNil", |c| address(c, |at| u64::from(at == 0))),
    ("lengthOf", length_of),
    ("elemKind", elem_kind),
    ("elemTypeString", |c| part_name(c, |ty| ty.elem)),
    ("keyTypeString", |c| part_name(c, |ty| ty.key)),
    ("elementAt", element_at),
    ("mapEntries", map_entries),
    ("pointee", pointee),
    ("fieldAt", field_at),
    ("fieldName", |c| of_field(c, |c, field| c.put_string(reflect::constant(&field.name)))),
    ("fieldTypeString", |c| of_field(c, |c, field| c.put_string(name(c.proc.memory.types().get(field.ty))))),
    ("fieldTraits", |c| of_field(c, |c, field| c.put_int(i64::from(!field.exported) | i64::from(field.embedded) << 1))),
    ("targetOf", target_of),
    ("setBool", |c| set_scalar(c, |kind| kind == Kind::Bool)),
    ("setInt", |c| set_scalar(c, Kind::is_signed)),
    ("setUint", |c| set_scalar(c, Kind::is_unsigned)),
    ("setFloat", |c| set_scalar(c, Kind::is_float)),
    ("setString", |c| set_pair(c, Kind::String)),
    ("setBytes", |c| set_pair(c, Kind::Slice)),
];

fn kind_of(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let value = c.any();
    let kind = c.type_of(value).map_or(Kind::Invalid, |ty| ty.kind());
    c.put_int(kind as i64);
    Ok(Flow::Done)
}

/// Values of one slot are the payload itself.
fn scalar(c: &mut Call<'_>, f: impl Fn(u64) -> u64) -> Result<Flow, Trap> {
    let value = c.any();
    c.put(f(value.word));
    Ok(Flow::Done)
}

fn string_of(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let value = c.any();
    match c.type_of(value).map(|ty| ty.kind()) {
        Some(Kind::String) => c.put_string(reflect::string(value)),
        _ => c.put_text(b"")?,
    }
    Ok(Flow::Done)
}

fn bytes_of(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let value = c.any();
    let bytes = match c.type_of(value) {
        Some(ty) if ty.kind() == Kind::Slice => slice(value),
        Some(ty) if ty.kind() == Kind::Array && ty.size() > 0 => {
            let len = ty.desc.len as u32;
            // SAFETY: the payload of such an array leads to its bytes, which nobody writes. They are copied, so that
            // this stays so.
            let bytes = unsafe { Slice { at: value.word as usize, len, cap: len }.bytes() };
            c.memory().bytes_slice(bytes)?
        }
        _ => Slice { at: Memory::nothing(), len: 0, cap: 0 },
    };
    c.put_slice(bytes);
    Ok(Flow::Done)
}

fn address(c: &mut Call<'_>, f: impl Fn(u64) -> u64) -> Result<Flow, Trap> {
    let value = c.any();
    let at = match c.type_of(value) {
        Some(ty) if ty.kind() == Kind::Slice => slice(value).at as u64,
        _ => value.word,
    };
    c.put(f(at));
    Ok(Flow::Done)
}

fn length_of(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let value = c.any();
    let len = match c.type_of(value) {
        None => 0,
        Some(ty) => match ty.kind() {
            Kind::Array => ty.desc.len,
            Kind::Slice => u64::from(slice(value).len),
            // SAFETY: the payload is a map or null.
            Kind::Map => unsafe { Memory::map_len(value.word as usize) },
            Kind::Struct => ty.desc.fields.len() as u64,
            _ => 0,
        },
    };
    c.put(len);
    Ok(Flow::Done)
}

fn elem_kind(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let value = c.any();
    let types = c.proc.memory.types();
    let kind = types.get(types.get(type_of(value)?).desc.elem).kind();
    c.put_int(kind as i64);
    Ok(Flow::Done)
}

fn part_name(c: &mut Call<'_>, part: impl Fn(&TypeDesc) -> TypeIdx) -> Result<Flow, Trap> {
    let value = c.any();
    let types = c.proc.memory.types();
    let name = name(types.get(part(&types.get(type_of(value)?).desc)));
    c.put_string(name);
    Ok(Flow::Done)
}

/// Ends a native with the value at an address.
///
/// # Safety
/// The address leads to a value of the type.
unsafe fn put_value_at(c: &mut Call<'_>, ty: TypeIdx, at: usize) -> Result<Flow, Trap> {
    // SAFETY: the caller's promise.
    let value = unsafe { c.memory().value_at(ty, at)? };
    c.put_any(value);
    Ok(Flow::Done)
}

fn element_at(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let (value, i) = (c.any(), c.int());
    let types = c.proc.memory.types();
    let ty = types.get(type_of(value)?);
    let (base, len) = match ty.kind() {
        Kind::Array => (value.word as usize, ty.desc.len),
        Kind::Slice => (slice(value).at, u64::from(slice(value).len)),
        _ => (0, 0),
    };
    let i = u64::try_from(i).ok().filter(|&i| i < len).ok_or_else(out_of_range)?;
    let elem = ty.desc.elem;
    let at = base + i as usize * types.get(elem).size();
    // SAFETY: the element is one of the array or slice.
    unsafe { put_value_at(c, elem, at) }
}

fn map_entries(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let map = c.any();
    let idx = type_of(map)?;
    let any = c.proc.known.any;
    let memory = c.memory();
    let desc = &memory.types().get(idx).desc;
    if desc.kind != Kind::Map {
        return Err(Trap::Nil);
    }
    let (key, elem) = (desc.key, desc.elem);
    let mut entries: Vec<Value> = Vec::new();
    // SAFETY: the payload is a map of the type or null; what the iterator returns are addresses of keys and elements,
    // or null at the end.
    unsafe {
        let iter = memory.map_iter(map.word as usize)?;
        loop {
            let (key_at, elem_at) = memory.map_next(idx, iter)?;
            if key_at == 0 {
                break;
            }
            entries.push(memory.value_at(key, key_at)?);
            entries.push(memory.value_at(elem, elem_at)?);
        }
    }
    let at = memory.new_array(any, entries.len())?;
    for (i, entry) in entries.iter().enumerate() {
        // SAFETY: the new array has room for all.
        unsafe { memory.set_tagged(at + 16 * i, entry.words()) };
    }
    let len = u32::try_from(entries.len()).map_err(|_| Trap::error("makeslice: len out of range"))?;
    c.put_slice(Slice { at, len, cap: len });
    Ok(Flow::Done)
}

fn pointee(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let value = c.any();
    let (ty, at) = target(c.proc.memory.types(), value)?;
    // SAFETY: a pointer that is not null leads to a value of its element type.
    unsafe { put_value_at(c, ty, at) }
}

fn field_at(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let (value, i) = (c.any(), c.int());
    let field = field(&c.proc.memory.types().get(type_of(value)?).desc, i)?;
    let (ty, offset) = (field.ty, field.offset as usize);
    // SAFETY: the payload leads to the struct; one without a size has only fields without a size.
    unsafe { put_value_at(c, ty, value.word as usize + offset) }
}

/// The field of a struct type with a number.
fn field(desc: &TypeDesc, i: i64) -> Result<&FieldDesc, Trap> {
    usize::try_from(i).ok().and_then(|i| desc.fields.get(i)).ok_or_else(out_of_range)
}

fn of_field(c: &mut Call<'_>, put: impl Fn(&mut Call<'_>, &FieldDesc)) -> Result<Flow, Trap> {
    let (value, i) = (c.any(), c.int());
    let types = c.proc.memory.shared_types();
    put(c, field(&types.get(type_of(value)?).desc, i)?);
    Ok(Flow::Done)
}

fn target_of(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let value = c.any();
    let types = c.proc.memory.types();
    let pointer = value.ty().map(|ty| types.get(ty)).filter(|ty| ty.kind() == Kind::Pointer);
    let (kind, bits) = match pointer.map(|ty| types.get(ty.desc.elem)) {
        None => (Kind::Invalid, 0),
        Some(ty) if ty.kind() == Kind::Slice && types.get(ty.desc.elem).kind() == Kind::Uint8 => (Kind::Slice, 8),
        Some(ty) => (ty.kind(), 8 * ty.desc.size),
    };
    c.put_int(kind as i64);
    c.put(bits);
    Ok(Flow::Done)
}

fn set_scalar(c: &mut Call<'_>, is: impl Fn(Kind) -> bool) -> Result<Flow, Trap> {
    let (to, word) = (c.any(), c.word());
    set(c.memory(), to, is, &[word, 0])?;
    Ok(Flow::Done)
}

fn set_pair(c: &mut Call<'_>, kind: Kind) -> Result<Flow, Trap> {
    let (to, pair) = (c.any(), c.pair());
    set(c.memory(), to, |own| own == kind, &pair)?;
    Ok(Flow::Done)
}
