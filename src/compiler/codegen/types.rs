//! Types at run time: layouts in memory and in slots, and the program's table of them.
//!
//! Types with the same canonical form share an entry; interface types that are identical in spite of different
//! spellings do too, because programs compare entries by position.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::Gen;
use crate::base::Symbol;
use crate::bytecode::program::{FieldDesc, Kind, TypeDesc, TypeIdx, WordKind};
use crate::compiler::syntax::ast::ChanDir;
use crate::compiler::types::{Basic, PkgId, Type, TypeId};

/// How values of a type lie in slots and in memory.
#[derive(Clone, Debug)]
pub struct Layout {
    /// Its entry in the program.
    pub idx: TypeIdx,
    /// Its kind.
    pub kind: Kind,
    /// What its slots hold.
    pub slots: Arc<[WordKind]>,
    /// Bytes in memory.
    pub size: u64,
    /// Alignment in memory.
    pub align: u64,
    /// Fields: type, offset, slot.
    pub fields: Arc<[Field]>,
    /// The element type of an array, slice, pointer, map or channel; the struct's own otherwise.
    pub elem: Option<TypeId>,
    /// The key type of a map.
    pub key: Option<TypeId>,
    /// The number of elements of an array.
    pub len: u64,
    /// Whether a value in slots is a pointer to an object that nobody changes any more, or null for the zero value.
    pub large: bool,
}

/// A field of a struct.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its type.
    pub ty: TypeId,
    /// Bytes from the start in memory.
    pub offset: u64,
    /// Slots from the start.
    pub slot: u16,
}

/// The types of methods with the same name, and their numbers.
type MethodNumbers = Vec<(TypeId, u32)>;

/// What the compiler remembers of types.
#[derive(Default)]
pub struct TypeTable {
    layouts: FxHashMap<TypeId, Arc<Layout>>,
    /// Canonical types with interfaces inside, which must be compared one by one.
    interfaces: Vec<(TypeId, TypeIdx)>,
    /// The type of each entry.
    pub of: Vec<TypeId>,
    /// Types whose entries do not name their parts yet.
    unfinished: Vec<TypeId>,
    /// Entries whose methods are compiled.
    pub with_methods: Vec<bool>,
    /// Entries that values in interfaces can have.
    pub todo: Vec<TypeIdx>,
    /// Numbers of methods, with their types.
    methods: FxHashMap<(Symbol, Option<PkgId>), MethodNumbers>,
}

impl Layout {
    /// Slots of a value.
    pub fn width(&self) -> u16 {
        self.slots.len() as u16
    }

    /// Whether values in interfaces are copies in the heap.
    pub fn is_boxed(&self) -> bool {
        matches!(self.kind, Kind::String | Kind::Slice | Kind::Struct | Kind::Array) && self.size > 0
    }
}

fn basic_kind(basic: Basic) -> (Kind, u64) {
    match basic {
        Basic::Bool | Basic::UntypedBool => (Kind::Bool, 1),
        Basic::Int | Basic::UntypedInt => (Kind::Int, 8),
        Basic::Int8 => (Kind::Int8, 1),
        Basic::Int16 => (Kind::Int16, 2),
        Basic::Int32 | Basic::Rune | Basic::UntypedRune => (Kind::Int32, 4),
        Basic::Int64 => (Kind::Int64, 8),
        Basic::Uint => (Kind::Uint, 8),
        Basic::Uint8 | Basic::Byte => (Kind::Uint8, 1),
        Basic::Uint16 => (Kind::Uint16, 2),
        Basic::Uint32 => (Kind::Uint32, 4),
        Basic::Uint64 => (Kind::Uint64, 8),
        Basic::Uintptr => (Kind::Uintptr, 8),
        Basic::Float32 => (Kind::Float32, 4),
        Basic::Float64 | Basic::UntypedFloat => (Kind::Float64, 8),
        Basic::String | Basic::UntypedString => (Kind::String, 16),
        Basic::Invalid | Basic::UntypedNil => (Kind::Invalid, 8),
    }
}

const SCALAR: &[WordKind] = &[WordKind::Scalar];
const POINTER: &[WordKind] = &[WordKind::Pointer];
const POINTER_PAIR: &[WordKind] = &[WordKind::Pointer, WordKind::Scalar];
const TAGGED_PAIR: &[WordKind] = &[WordKind::Scalar, WordKind::Tagged];

/// An array's words in memory, as far as they are needed to describe slots: those of its innermost element, repeated.
fn repeat(words: &[WordKind], bytes: u64) -> Vec<WordKind> {
    if !words.iter().any(|w| *w != WordKind::Scalar) {
        return vec![WordKind::Scalar; bytes.div_ceil(8) as usize];
    }
    // Elements with pointers are whole words.
    words.iter().copied().cycle().take((bytes / 8) as usize).collect()
}

/// Arrays and structs larger than this, in words or in slots, are not held in slots.
pub const MAX_SLOTS: u64 = 2048;

impl Gen<'_> {
    /// The layout of a type without type parameters.
    pub fn layout(&mut self, ty: TypeId) -> Arc<Layout> {
        if let Some(known) = self.table.layouts.get(&ty) {
            return known.clone();
        }
        let canon = self.query.types().canon(ty);
        if canon != ty {
            let layout = self.layout(canon);
            self.table.layouts.insert(ty, layout.clone());
            return layout;
        }
        if self.query.types().has_interface(ty) {
            let same = self.table.interfaces.clone();
            let found = same.into_iter().find(|&(other, _)| self.query.identical(other, ty));
            if let Some((other, _)) = found {
                let layout = self.layout(other);
                self.table.layouts.insert(ty, layout.clone());
                return layout;
            }
        }
        let idx = self.program.types.len() as TypeIdx;
        self.program.types.push(TypeDesc::default());
        self.table.of.push(ty);
        self.table.with_methods.push(false);
        if self.query.types().has_interface(ty) {
            self.table.interfaces.push((ty, idx));
        }
        let under = self.query.under_type(ty);
        let (slots, size, align): (&[WordKind], u64, u64) = match &under {
            Type::Basic(basic) => {
                let (kind, size) = basic_kind(*basic);
                if kind == Kind::String { (POINTER_PAIR, 16, 16) } else { (SCALAR, size, size) }
            }
            Type::Slice(_) => (POINTER_PAIR, 16, 16),
            Type::Interface(_) => (TAGGED_PAIR, 16, 16),
            Type::Array(..) | Type::Struct(_) => return self.aggregate(ty, idx, &under),
            Type::Tuple(_) => return self.aggregate(ty, idx, &under),
            _ => (POINTER, 8, 8),
        };
        let (slots, kind) = (Arc::from(slots), kind_of(&under));
        let layout = Layout {
            idx,
            kind,
            slots,
            size,
            align,
            fields: Arc::from([]),
            elem: None,
            key: None,
            len: 0,
            large: false,
        };
        // Known before its parts are: it may contain itself behind a pointer.
        let (elem, key) = match under {
            Type::Pointer(elem) | Type::Slice(elem) | Type::Chan(_, elem) => (Some(elem), None),
            Type::Map(key, elem) => (Some(elem), Some(key)),
            _ => (None, None),
        };
        self.finish_type(ty, Layout { elem, key, ..layout }, &[])
    }

    fn aggregate(&mut self, ty: TypeId, idx: TypeIdx, under: &Type) -> Arc<Layout> {
        let empty = Layout {
            idx,
            kind: kind_of(under),
            slots: Arc::from([]),
            size: 0,
            align: 1,
            fields: Arc::from([]),
            elem: None,
            key: None,
            len: 0,
            large: false,
        };
        match under {
            Type::Array(elem, len) => {
                let inner = self.layout(*elem);
                let size = inner.size.saturating_mul(*len);
                let words = self.program.types[inner.idx as usize].words.clone();
                let large = size.div_ceil(8) > MAX_SLOTS;
                let slots = if large { POINTER.to_vec() } else { repeat(&words, size) };
                let layout = Layout {
                    large,
                    slots: slots.into(),
                    size,
                    align: inner.align,
                    elem: Some(*elem),
                    len: *len,
                    ..empty
                };
                self.finish_type(ty, layout, &words)
            }
            Type::Struct(s) => {
                let parts: Vec<TypeId> = s.fields.iter().map(|f| f.ty).collect();
                self.sequence(ty, empty, &parts)
            }
            Type::Tuple(parts) => {
                let parts = parts.to_vec();
                self.sequence(ty, empty, &parts)
            }
            _ => Arc::new(empty),
        }
    }

    fn sequence(&mut self, ty: TypeId, empty: Layout, parts: &[TypeId]) -> Arc<Layout> {
        let mut slots: Vec<WordKind> = Vec::new();
        let mut words: Vec<WordKind> = Vec::new();
        let (mut size, mut align) = (0u64, 1u64);
        let mut fields = Vec::new();
        for &part in parts {
            let layout = self.layout(part);
            if layout.align == 16 && !slots.len().is_multiple_of(2) {
                slots.push(WordKind::Scalar);
            }
            size = size.next_multiple_of(layout.align);
            fields.push(Field { ty: part, offset: size, slot: slots.len() as u16 });
            if slots.len() as u64 <= MAX_SLOTS {
                slots.extend_from_slice(&layout.slots);
            }
            if size.is_multiple_of(8) {
                words.resize((size / 8) as usize, WordKind::Scalar);
                let desc = &self.program.types[layout.idx as usize];
                if layout.kind == Kind::Array {
                    words.extend(repeat(&desc.words, layout.size));
                } else {
                    words.extend_from_slice(&desc.words);
                }
            }
            size += layout.size;
            align = align.max(layout.align);
        }
        if align == 16 && !slots.len().is_multiple_of(2) {
            slots.push(WordKind::Scalar);
        }
        // The address of a last field without size is inside of the object too.
        let ends_empty = fields.last().is_some_and(|last: &Field| last.offset == size);
        size = (size + u64::from(ends_empty && size > 0)).next_multiple_of(align);
        words.resize(size.div_ceil(8) as usize, WordKind::Scalar);
        // A tuple is a list of results, each of which is held by itself.
        let is_struct = matches!(self.query.under_type(ty), Type::Struct(_));
        let large = is_struct && (slots.len() as u64 > MAX_SLOTS || size.div_ceil(8) > MAX_SLOTS);
        let slots = if large { POINTER.to_vec() } else { slots };
        let layout = Layout { large, slots: slots.into(), size, align, fields: fields.into(), ..empty };
        self.finish_type(ty, layout, &words)
    }

    /// Fills in the entry of a type whose layout is known.
    fn finish_type(&mut self, ty: TypeId, layout: Layout, words: &[WordKind]) -> Arc<Layout> {
        let words = if words.is_empty() && layout.fields.is_empty() && layout.kind != Kind::Array {
            layout.slots.to_vec()
        } else {
            words.to_vec()
        };
        let layout = Arc::new(layout);
        self.table.layouts.insert(ty, layout.clone());
        let under = self.query.under_type(ty);
        let named = self.query.types().as_named(ty).is_some() || self.query.types().as_basic(ty).is_some();
        let desc = TypeDesc {
            name: self.runtime_name(ty),
            kind: layout.kind,
            named,
            size: layout.size,
            align: layout.align as u8,
            comparable: self.query.comparable(ty),
            boxed: layout.is_boxed(),
            slots: layout.width(),
            large: layout.large,
            words,
            len: layout.len,
            direction: match under {
                Type::Chan(ChanDir::Send, _) => 1,
                Type::Chan(ChanDir::Recv, _) => 2,
                _ => 0,
            },
            ..TypeDesc::default()
        };
        self.program.types[layout.idx as usize] = desc;
        // Its parts may contain it: they follow.
        self.table.unfinished.push(ty);
        layout
    }

    /// Fills in what entries say of other types.
    pub fn finish_types(&mut self) {
        while let Some(ty) = self.table.unfinished.pop() {
            let layout = self.layout(ty);
            let elem = layout.elem.map_or(0, |elem| self.layout(elem).idx);
            let key = layout.key.map_or(0, |key| self.layout(key).idx);
            let mut fields = Vec::new();
            let mut wanted = Vec::new();
            match self.query.under_type(ty) {
                Type::Struct(s) => {
                    for (field, place) in s.fields.iter().zip(layout.fields.iter()) {
                        let name = self.query.ast().names.get(field.name).to_owned();
                        fields.push(FieldDesc {
                            exported: name.chars().next().is_some_and(char::is_uppercase),
                            name,
                            ty: self.layout(field.ty).idx,
                            offset: place.offset,
                            slot: place.slot,
                            embedded: field.embedded,
                        });
                    }
                }
                Type::Interface(_) => {
                    for method in self.query.interface_methods(ty).iter() {
                        wanted.push(self.method_number(method.name, method.pkg, method.ty));
                    }
                    wanted.sort_unstable();
                }
                _ => {}
            }
            let desc = &mut self.program.types[layout.idx as usize];
            (desc.elem, desc.key, desc.fields, desc.wanted) = (elem, key, fields, wanted);
        }
    }

    /// The number of a method among those that are called through interfaces: of its name and type.
    pub fn method_number(&mut self, name: Symbol, pkg: Option<PkgId>, ty: TypeId) -> u32 {
        let ty = self.query.types().canon(ty);
        let known = self.table.methods.entry((name, pkg)).or_default().clone();
        if let Some((_, number)) = known.into_iter().find(|&(other, _)| self.query.identical(other, ty)) {
            return number;
        }
        let number = self.program.methods.len() as u32;
        self.table.methods.entry((name, pkg)).or_default().push((ty, number));
        self.program.methods.push(self.query.ast().names.get(name).to_owned());
        number
    }

    /// The entry of a type that values in interfaces have: its methods will be compiled.
    pub fn dynamic_type(&mut self, ty: TypeId) -> TypeIdx {
        let idx = self.layout(ty).idx;
        if !std::mem::replace(&mut self.table.with_methods[idx as usize], true) {
            self.table.todo.push(idx);
        }
        idx
    }
}

fn kind_of(under: &Type) -> Kind {
    match under {
        Type::Basic(basic) => basic_kind(*basic).0,
        Type::Pointer(_) => Kind::Pointer,
        Type::Array(..) => Kind::Array,
        Type::Slice(_) => Kind::Slice,
        Type::Map(..) => Kind::Map,
        Type::Chan(..) => Kind::Chan,
        Type::Signature(_) => Kind::Func,
        Type::Struct(_) | Type::Tuple(_) => Kind::Struct,
        Type::Interface(_) => Kind::Interface,
        _ => Kind::Invalid,
    }
}
