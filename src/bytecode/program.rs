//! What a compiled program consists of.
//!
//! Indices are positions in the program's tables. Slots are words of a frame: the header has [`HEADER`] of them, then
//! come the parameters as a call lays them out, which the results overwrite.

use std::sync::Arc;

use super::isa::{Instr, Op, Operand};

/// Slots of a frame's header: return address, caller's frame, closure, deferred calls.
pub const HEADER: u16 = 4;
/// Where a frame keeps its return address.
pub const RETURN_PC: usize = 0;
/// Where a frame keeps its caller's frame.
pub const CALLER: usize = 1;
/// Where a frame keeps the closure that was called, a pointer or null.
pub const CLOSURE: usize = 2;
/// Where a frame keeps the list of its deferred calls, a pointer or null; in functions that defer.
pub const DEFERS: usize = 3;

/// A position in [`Program::types`].
pub type TypeIdx = u32;
/// A position in [`Program::functions`].
pub type FuncIdx = u32;

/// A compiled program.
#[derive(Default)]
pub struct Program {
    /// All functions.
    pub functions: Vec<Function>,
    /// The types that exist at run time.
    pub types: Vec<TypeDesc>,
    /// 64-bit constants.
    pub constants: Vec<u64>,
    /// Strings, which literals refer to.
    pub strings: Vec<Box<[u8]>>,
    /// What the words of the globals are.
    pub globals: Vec<WordKind>,
    /// The functions that are written in Rust, by package path and name: `math.Sqrt`.
    pub natives: Vec<String>,
    /// The names of methods that are called through interfaces.
    pub methods: Vec<String>,
    /// The function that initialises all packages and calls `main`.
    pub entry: FuncIdx,
    /// The files that places refer to.
    pub files: Vec<String>,
    /// Types that the machine makes values of.
    pub known: Known,
}

/// Types that the machine makes values of. Every program has them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known {
    /// `string`
    pub string: TypeIdx,
    /// `byte`
    pub byte: TypeIdx,
    /// `any`
    pub any: TypeIdx,
    /// `runtime.errorString`
    pub error_string: TypeIdx,
    /// `runtime.boundsError`
    pub bounds_error: TypeIdx,
    /// `runtime.plainError`
    pub plain_error: TypeIdx,
    /// `*runtime.TypeAssertionError`
    pub assertion_error: TypeIdx,
    /// `*runtime.PanicNilError`
    pub nil_error: TypeIdx,
    /// `error`
    pub error: TypeIdx,
    /// `interface{ String() string }`
    pub stringer: TypeIdx,
}

/// A function.
#[derive(Clone, Debug, Default)]
pub struct Function {
    /// Its name as traces show it: `main.(*T).Method`, `main.f.func1`.
    pub name: String,
    /// Its instructions, encoded.
    pub code: Vec<u64>,
    /// Slots of its frame, header and outgoing calls included.
    pub frame: u32,
    /// Slots that parameters and results need, from [`HEADER`] on: the larger of the two.
    pub signature: u16,
    /// What the parameters' slots are.
    pub params: Vec<WordKind>,
    /// Which slots hold pointers at the places where it can stop, by position in `code`, in order.
    pub maps: Vec<(u32, Arc<SlotMap>)>,
    /// The slots that can hold pointers, as a bitmap; where they do, `maps` says.
    pub pointers: Vec<u64>,
    /// The words of its closures, the first of which is its number; empty if it captures nothing.
    pub captures: Vec<WordKind>,
    /// Where it goes on after one of its deferred calls has recovered; functions that defer have it.
    pub recovery: Option<u32>,
    /// A function that only passes a call on: traces leave it out, and what it calls counts as called by its caller.
    pub wrapper: bool,
    /// Positions in `code` and the places they came from, in order.
    pub places: Vec<(u32, Place)>,
}

/// A line of a source file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Place {
    /// A position in [`Program::files`].
    pub file: u32,
    /// Counted from 1.
    pub line: u32,
}

/// The slots of a frame that hold pointers at some point, as bitmaps.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct SlotMap {
    /// Bit `slot % 64` of `[slot / 64]`: a pointer, or null.
    pub pointers: Vec<u64>,
    /// The same for the second slot of an interface, which is a pointer if the first one's lowest bit is set.
    pub tagged: Vec<u64>,
}

/// What a word of memory or a slot holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WordKind {
    /// No pointer.
    Scalar,
    /// A pointer, or null.
    Pointer,
    /// A pointer if the lowest bit of the word before it is set.
    Tagged,
}

/// The kinds of types, numbered as in Go's `reflect`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
#[repr(u8)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Kind {
    #[default]
    Invalid = 0,
    Bool,
    Int,
    Int8,
    Int16,
    Int32,
    Int64,
    Uint,
    Uint8,
    Uint16,
    Uint32,
    Uint64,
    Uintptr,
    Float32,
    Float64,
    Array = 17,
    Chan,
    Func,
    Interface,
    Map,
    Pointer,
    Slice,
    String,
    Struct,
}

/// A type at run time.
///
/// In memory a type has `size` bytes. In slots every scalar takes one, a string, slice or interface two that begin at
/// an even slot, and a struct the slots of its fields in order; an array has its memory layout, rounded up to slots.
#[derive(Clone, Debug, Default)]
pub struct TypeDesc {
    /// As `%T` prints it: `main.T`, `[]int`.
    pub name: String,
    /// Its kind.
    pub kind: Kind,
    /// Whether it was declared with a name.
    pub named: bool,
    /// Bytes in memory.
    pub size: u64,
    /// Alignment in memory: 1, 2, 4, 8 or 16.
    pub align: u8,
    /// Whether values can be compared with `==`; one of interfaces may still panic.
    pub comparable: bool,
    /// What is stored in the second word of an interface that holds it: the value itself, or a pointer to a copy.
    pub boxed: bool,
    /// Slots of a value.
    pub slots: u16,
    /// Whether a value in slots is a pointer to an object that nobody changes any more, or null for the zero value: it
    /// is too large for slots.
    pub large: bool,
    /// What the words of memory are; of at least `size` bytes.
    pub words: Vec<WordKind>,
    /// The element type of arrays, slices, maps, channels and pointers.
    pub elem: TypeIdx,
    /// The key type of maps.
    pub key: TypeIdx,
    /// The number of elements of an array.
    pub len: u64,
    /// The fields of a struct.
    pub fields: Vec<FieldDesc>,
    /// The methods that can be called on it through an interface, by position in [`Program::methods`], in order.
    pub methods: Vec<(u32, FuncIdx)>,
    /// The methods that an interface type asks for, in order.
    pub wanted: Vec<u32>,
    /// The direction of a channel: 0 both, 1 send, 2 receive.
    pub direction: u8,
}

/// A field of a struct.
#[derive(Clone, Debug, Default)]
pub struct FieldDesc {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: TypeIdx,
    /// Where it is in memory, in bytes.
    pub offset: u64,
    /// The slot among those of the struct.
    pub slot: u16,
    /// Whether it is embedded.
    pub embedded: bool,
    /// Whether its name is exported.
    pub exported: bool,
}

impl Program {
    /// The place that a position in a function's code came from.
    pub fn place(&self, function: FuncIdx, at: u32) -> Option<Place> {
        let places = &self.functions.get(function as usize)?.places;
        let after = places.partition_point(|&(position, _)| position <= at);
        Some(places.get(after.checked_sub(1)?)?.1)
    }
}

impl Program {
    /// How many slots an instruction reads or writes from an operand on.
    pub fn width(&self, instr: &Instr, operand: Operand) -> u16 {
        let slots = |idx: u32| self.types.get(idx as usize).map_or(0, |ty| ty.slots);
        let idx = instr.ext as u32;
        let of = self.types.get(idx as usize);
        match operand {
            Operand::W | Operand::R | Operand::RW => 1,
            Operand::W2 | Operand::R2 => 2,
            Operand::Rn | Operand::Wn => match instr.op {
                Op::MovN => instr.c,
                Op::Mov3 => 3,
                Op::Mov4 => 4,
                Op::LdN | Op::StN => idx as u16,
                Op::ZeroN => instr.b,
                Op::Concat => instr.c.saturating_mul(2),
                Op::Slice | Op::SliceArray | Op::SliceStr | Op::Grow => 3,
                Op::Select => instr.c.saturating_mul(4),
                Op::MapFind | Op::MapPlace | Op::MapDelete => of.map_or(0, |ty| slots(ty.key)),
                Op::Send | Op::Recv => of.map_or(0, |ty| slots(ty.elem)),
                Op::Print => match idx {
                    4 | 6 | 7 => 2,
                    8 | 9 => 0,
                    _ => 1,
                },
                _ => slots(idx),
            },
            _ => 0,
        }
    }
}

impl Function {
    /// The slots with pointers when execution stands at a position.
    pub fn map_at(&self, at: u32) -> Option<&SlotMap> {
        let i = self.maps.binary_search_by_key(&at, |&(position, _)| position).ok()?;
        Some(&self.maps[i].1)
    }
}

impl Kind {
    /// Integer kinds with a sign.
    pub fn is_signed(self) -> bool {
        (Self::Int..=Self::Int64).contains(&self)
    }

    /// Integer kinds without a sign.
    pub fn is_unsigned(self) -> bool {
        (Self::Uint..=Self::Uintptr).contains(&self)
    }

    /// Floating-point kinds.
    pub fn is_float(self) -> bool {
        matches!(self, Self::Float32 | Self::Float64)
    }
}
