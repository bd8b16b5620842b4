//! The program's types at run time.

use super::chan;
use super::map::{self, Entries};
use crate::bytecode::program::{Kind, Program, TypeDesc, TypeIdx, WordKind};
use crate::memory::{Heap, ShapeError, ShapeId, Word};

/// How a part of a value moves between memory and slots.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// A byte without sign.
    U8,
    /// A byte with sign.
    I8,
    /// Two bytes without sign.
    U16,
    /// Two bytes with sign.
    I16,
    /// Four bytes without sign.
    U32,
    /// Four bytes with sign.
    I32,
    /// A `float32`, which slots hold as a `float64`.
    F32,
    /// A word without a pointer.
    Word,
    /// A pointer.
    Pointer,
    /// A string or slice.
    Pair,
    /// An interface.
    Tagged,
    /// An array, which has the same layout in both: the type.
    Array(TypeIdx),
    /// A value that is too large for slots, which hold a pointer to it: the type.
    Large(TypeIdx),
}

/// A part of a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Part {
    /// Bytes from the start in memory.
    pub offset: u32,
    /// Slots from the start.
    pub slot: u32,
    /// How it moves.
    pub access: Access,
}

/// A type of the program.
#[derive(Debug)]
pub struct Type {
    /// What the program says of it.
    pub desc: TypeDesc,
    /// The shape of a value in the heap; of the innermost element for arrays.
    pub shape: ShapeId,
    /// Whether there are pointers in it.
    pub has_pointers: bool,
    /// Its parts, from the first to the last.
    pub parts: Box<[Part]>,
    /// Whether equal values have equal bytes and the other way round.
    pub plain: bool,
    /// How entries are laid out, if it is a map.
    pub map: Option<Entries>,
}

/// All types of a program.
#[derive(Debug)]
pub struct Types {
    list: Vec<Type>,
    /// The shape of the words of each function's closures, where it captures something.
    closures: Vec<Option<ShapeId>>,
    pub(super) map_shape: ShapeId,
    pub(super) iter_shape: ShapeId,
    pub(super) chan_shape: ShapeId,
    /// The shape of a deferred call: the next one, and the closure.
    pub deferred: ShapeId,
}

impl Type {
    /// Bytes of a value in memory.
    #[inline]
    pub fn size(&self) -> usize {
        self.desc.size as usize
    }

    /// Its kind.
    #[inline]
    pub fn kind(&self) -> Kind {
        self.desc.kind
    }

    /// Its name, as `%T` prints it.
    pub fn name(&self) -> &str {
        &self.desc.name
    }
}

fn words(kinds: &[WordKind]) -> Vec<Word> {
    let word = |kind: &WordKind| match kind {
        WordKind::Scalar => Word::Scalar,
        WordKind::Pointer => Word::Pointer,
        WordKind::Tagged => Word::Tagged,
    };
    kinds.iter().map(word).collect()
}

impl Types {
    /// The types of a program, whose shapes the heap gets to know.
    ///
    /// # Errors
    /// The heap refuses a shape: a type is too large, or there are too many.
    pub fn new(program: &Program, heap: &Heap) -> Result<Self, ShapeError> {
        let mut list = Vec::with_capacity(program.types.len());
        for idx in 0..program.types.len() {
            let desc = program.types[idx].clone();
            let kinds = &desc.words;
            let has_pointers = kinds.iter().any(|kind| *kind != WordKind::Scalar) && desc.size > 0;
            let shape = if has_pointers { heap.shape(&words(kinds), desc.align == 16)? } else { ShapeId::NOSCAN };
            let mut parts = Vec::new();
            collect(program, idx as TypeIdx, 0, 0, &mut parts);
            let plain = is_plain(program, idx as TypeIdx);
            let map = if desc.kind == Kind::Map {
                let (entries, kinds) = map::layout(program, idx as TypeIdx);
                let pairs = kinds.contains(&WordKind::Tagged) || entries.scans();
                let shape = if entries.scans() { heap.shape(&words(&kinds), pairs)? } else { ShapeId::NOSCAN_PAIRS };
                Some(entries.with_shape(shape))
            } else {
                None
            };
            list.push(Type { desc, shape, has_pointers, parts: parts.into(), plain, map });
        }
        let closures = program.functions.iter().map(|function| {
            let captures = &function.captures;
            let pairs = captures.contains(&WordKind::Tagged);
            (!captures.is_empty()).then(|| heap.shape(&words(captures), pairs)).transpose()
        });
        let closures = closures.collect::<Result<_, _>>()?;
        let (map_words, iter_words) = map::shapes();
        Ok(Self {
            list,
            closures,
            map_shape: heap.shape(&words(&map_words), false)?,
            iter_shape: heap.shape(&words(&iter_words), false)?,
            chan_shape: heap.shape(&words(&chan::shape()), false)?,
            deferred: heap.shape(&[Word::Pointer; 2], false)?,
        })
    }

    /// A type.
    #[inline]
    pub fn get(&self, idx: TypeIdx) -> &Type {
        &self.list[idx as usize]
    }

    /// The shape of a function's closures; `None` if it captures nothing.
    #[inline]
    pub fn closure(&self, function: u32) -> Option<ShapeId> {
        self.closures[function as usize]
    }

    /// The number of types.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

fn collect(program: &Program, idx: TypeIdx, offset: u64, slot: u32, parts: &mut Vec<Part>) {
    let desc = &program.types[idx as usize];
    let access = match desc.kind {
        _ if desc.large => Access::Large(idx),
        Kind::Struct => {
            for field in &desc.fields {
                collect(program, field.ty, offset + field.offset, slot + u32::from(field.slot), parts);
            }
            return;
        }
        _ if desc.size == 0 => return,
        Kind::Array => Access::Array(idx),
        Kind::Bool | Kind::Uint8 => Access::U8,
        Kind::Int8 => Access::I8,
        Kind::Uint16 => Access::U16,
        Kind::Int16 => Access::I16,
        Kind::Uint32 => Access::U32,
        Kind::Int32 => Access::I32,
        Kind::Float32 => Access::F32,
        Kind::Pointer | Kind::Map | Kind::Chan | Kind::Func => Access::Pointer,
        Kind::String | Kind::Slice => Access::Pair,
        Kind::Interface => Access::Tagged,
        _ => Access::Word,
    };
    parts.push(Part { offset: offset as u32, slot, access });
}

/// Whether values are equal exactly if their bytes are: no padding, floats, strings, interfaces or blank fields.
fn is_plain(program: &Program, idx: TypeIdx) -> bool {
    let desc = &program.types[idx as usize];
    match desc.kind {
        Kind::Struct => {
            let mut end = 0;
            for field in &desc.fields {
                if field.offset != end || field.name == "_" || !is_plain(program, field.ty) {
                    return false;
                }
                end += program.types[field.ty as usize].size;
            }
            end == desc.size
        }
        Kind::Array => is_plain(program, desc.elem),
        Kind::Float32 | Kind::Float64 | Kind::String | Kind::Interface => false,
        Kind::Slice | Kind::Map | Kind::Func => false,
        _ => true,
    }
}
