//! The texts of run-time errors.

use super::Proc;
use super::state::Operands;
use crate::bytecode::isa::{Instr, Op};
use crate::bytecode::program::Kind;
use crate::runtime::object::{Memory, Slice, Trap, Value};

/// A bound of a slice expression that is out of range, with what it had to be.
#[derive(Clone, Copy, Debug)]
pub enum Bounds {
    /// `s[:high]`: the capacity of a slice, or the length of a string or array.
    High(u64, u64, bool),
    /// `s[low:high]`
    LowHigh(u64, u64),
    /// `s[::max]`: the capacity, or the length of an array.
    Max(u64, u64, bool),
    /// `s[:high:max]`
    HighMax(u64, u64),
    /// `s[low:high:]`
    LowHigh3(u64, u64),
}

/// A slice expression that is out of range.
pub fn slice(bounds: Bounds) -> Trap {
    // A negative bound is said alone, as Go does.
    let signed = |x: u64| (x as i64) < 0;
    let number = |x: u64| x as i64;
    let what = match bounds {
        Bounds::High(x, _, _) if signed(x) => format!("[:{}]", number(x)),
        Bounds::High(x, y, true) => format!("[:{x}] with capacity {y}"),
        Bounds::High(x, y, false) => format!("[:{x}] with length {y}"),
        Bounds::LowHigh(x, _) if signed(x) => format!("[{}:]", number(x)),
        Bounds::LowHigh(x, y) => format!("[{x}:{y}]"),
        Bounds::Max(x, _, _) if signed(x) => format!("[::{}]", number(x)),
        Bounds::Max(x, y, false) => format!("[::{x}] with capacity {y}"),
        Bounds::Max(x, y, true) => format!("[::{x}] with length {y}"),
        Bounds::HighMax(x, _) if signed(x) => format!("[:{}:]", number(x)),
        Bounds::HighMax(x, y) => format!("[:{x}:{y}]"),
        Bounds::LowHigh3(x, _) if signed(x) => format!("[{}::]", number(x)),
        Bounds::LowHigh3(x, y) => format!("[{x}:{y}:]"),
    };
    Trap::Bounds(format!("slice bounds out of range {what}"))
}

fn index(i: u64, len: u64) -> Trap {
    if (i as i64) < 0 {
        return Trap::Bounds(format!("index out of range [{}]", i as i64));
    }
    Trap::Bounds(format!("index out of range [{i}] with length {len}"))
}

/// The same of two indices into a slice of slices, of which one is out of range.
fn two_indices(outer: [u64; 2], i: u64, j: u64) -> Trap {
    let outer = Slice::from_words(outer);
    if i >= u64::from(outer.len) {
        return index(i, outer.len.into());
    }
    // SAFETY: the element is inside of the outer slice, which is one of slices.
    let inner = Slice::from_words(unsafe { Memory::pair(outer.at + 16 * i as usize) });
    index(j, inner.len.into())
}

/// Why the instruction at an address cannot be executed.
pub fn of(proc: &Proc, pc: *const u64, fp: *mut u64) -> Trap {
    let o = Operands { pc, fp };
    // SAFETY: verified code.
    let word = unsafe { *pc };
    let slice_len = |slot: usize| u64::from(Slice::from_words(o.pair(slot)).len);
    let op = Op::from_number(word as u16);
    // A variant has its operands in the same slots.
    match op.map(|op| op.variant_of().map_or(op, |(op, ..)| op)) {
        Some(Op::AtAt64 | Op::AtAt8u | Op::FmacAtAt) => two_indices(o.pair(o.b()), o.get(o.c()), o.get(o.ext_slot())),
        Some(Op::FmacRow) => match o.get(o.ext_slot()) {
            i if i >= slice_len(o.b()) => index(i, slice_len(o.b())),
            i => two_indices(o.pair(o.c()), i, o.get(o.ext_second())),
        },
        Some(Op::Div | Op::Rem | Op::Udiv | Op::Urem) => Trap::error("integer divide by zero"),
        Some(Op::CheckShift) => Trap::error("negative shift amount"),
        Some(Op::StrAt) => index(o.get(o.c()), o.pair(o.b())[1]),
        Some(Op::ElemAddr | Op::At8u | Op::At32s | Op::At32u | Op::At64 | Op::At2 | Op::AtField64 | Op::FmacAt) => {
            index(o.get(o.c()), slice_len(o.b()))
        }
        Some(Op::Set8 | Op::Set32 | Op::Set64 | Op::SetP) => index(o.get(o.b()), slice_len(o.a())),
        Some(Op::ArrAt8u | Op::ArrAt32s | Op::ArrAt32u | Op::ArrAt64) if o.get(o.b()) != 0 => {
            index(o.get(o.c()), u64::from(o.low()))
        }
        Some(Op::ArrayAddr) if o.get(o.b()) != 0 => index(o.get(o.c()), u64::from(o.high())),
        other => {
            debug_assert!(other.is_some(), "{:?}", Instr::decode(&[word], 0));
            _ = proc;
            Trap::Nil
        }
    }
}

/// The text of a type assertion that fails.
pub fn assertion(proc: &Proc, value: Value, wanted: u32, interface: u32) -> String {
    let types = proc.memory.types();
    let (target, shown) = (types.get(wanted), types.get(interface));
    let source = if shown.name() == "any" { "interface {}" } else { shown.name() };
    let Some(ty) = value.ty() else {
        let what = if target.kind() == Kind::Interface { "interface" } else { source };
        return format!("interface conversion: {what} is nil, not {}", target.name());
    };
    let dynamic = types.get(ty);
    if target.kind() == Kind::Interface {
        let names = &proc.sched.machine.code.program().methods;
        let has = |method| dynamic.desc.methods.binary_search_by_key(method, |(number, _)| *number).is_ok();
        let missing = target.desc.wanted.iter().filter(|method| !has(*method));
        let name = missing.map(|method| names[*method as usize].as_str()).min().unwrap_or_default();
        return format!("interface conversion: {} is not {}: missing method {name}", dynamic.name(), target.name());
    }
    let note = if dynamic.name() == target.name() { " (types from different scopes)" } else { "" };
    format!("interface conversion: {source} is {}, not {}{note}", dynamic.name(), target.name())
}
