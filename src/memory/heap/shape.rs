//! Shapes: which words of an object are pointers.
//!
//! An embedder registers a shape once and names it by its [`ShapeId`] when it allocates. Every word of a shape is a
//! scalar, a pointer, or the payload of a *tagged pair*: two adjacent words, the first of which says by its lowest
//! bit whether the second is a pointer. That is how a value of dynamic type can hold a scalar unboxed and still be
//! scanned precisely. The lowest bit of the tag belongs to the collector, all others to the embedder.
//!
//! An object may be larger than its shape: then it is an array of such elements.
//!
//! Invariants:
//! - The table only grows, and a registered shape never changes, except for the two words of statistics that decide
//!   which shapes are hot (`heat`, `index`). So ids are read without a lock.
//! - Equal shapes have equal ids.
//!
//! **Hot shapes** are allocated in spans of their own (`Kind::Hot`): one bitmap for the whole span, nothing written
//! per object. That saves time and costs memory where a shape has few objects, so it is decided by what is measured:
//! a shape becomes hot when enough of it was allocated since the last collection, and is given up when its spans stay
//! sparse.

use std::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering::Relaxed, Ordering::Release};

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use super::address::WORD;
use super::size_class::{CLASSES, SizeClass};
use super::span::Kind;
use crate::base::os::Reservation;
use crate::base::sync::{Mutex, lock};

/// Names a registered shape of one heap.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ShapeId(u32);

impl ShapeId {
    /// Objects without pointers, of any size, aligned to 8 bytes.
    pub const NOSCAN: Self = Self(0);
    /// Objects without pointers, of any size, aligned to 16 bytes.
    pub const NOSCAN_PAIRS: Self = Self(1);
    /// Arrays of pointers.
    pub const POINTERS: Self = Self(2);

    /// Its position in the table.
    #[inline]
    pub fn index(self) -> usize {
        self.0 as usize
    }

    /// The id that was at this position.
    #[inline]
    pub fn from_index(index: u32) -> Self {
        Self(index)
    }
}

/// What a word of an object is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Word {
    /// Never a pointer.
    Scalar,
    /// A pointer into the heap, anywhere else, or null.
    Pointer,
    /// A pointer if the lowest bit of the word before it is set.
    Tagged,
}

/// Where objects of one kind and size come from: the number of a cache of each mutator and of a central list.
/// Three groups by size class (pointer-free, with heap bits, with layout words), then the hot shapes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SpanClass(pub u16);

/// How many shapes can be hot in the life of a heap.
pub const HOT_SLOTS: usize = 256;
/// How many span classes there are.
pub const SPAN_CLASSES: usize = 3 * CLASSES + HOT_SLOTS;
/// Objects up to this size have one heap bit per word; larger ones have a layout word.
pub const MAX_BITS: usize = 512;
/// Bytes of a shape that must have been allocated between two collections to make it hot.
const HOT_BYTES: u32 = 256 << 10;
/// How many shapes a heap can know.
const MAX_SHAPES: usize = 1 << 18;

impl SpanClass {
    /// The span class of objects of a size class.
    #[inline]
    pub fn new(class: SizeClass, kind: Kind) -> Self {
        let group = match kind {
            Kind::NoScan => 0,
            Kind::Bits => 1,
            _ => 2,
        };
        Self((group * CLASSES + class.index()) as u16)
    }

    /// The span class of a hot shape.
    #[inline]
    pub fn hot(slot: u16) -> Self {
        Self((3 * CLASSES) as u16 + slot)
    }

    /// Its number.
    #[inline]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// Whether it is the class of large objects, of some kind.
    pub fn is_large(self) -> bool {
        self.index() < 3 * CLASSES && self.index().is_multiple_of(CLASSES)
    }

    /// The slot of the hot shape, if it is of one.
    pub fn hot_slot(self) -> Option<u16> {
        self.0.checked_sub((3 * CLASSES) as u16)
    }

    /// The size class and the kind, unless it is of a hot shape.
    pub fn size_and_kind(self) -> Option<(SizeClass, Kind)> {
        let kind = match self.index() / CLASSES {
            0 => Kind::NoScan,
            1 => Kind::Bits,
            2 => Kind::Words,
            _ => return None,
        };
        Some((SizeClass::from_index(self.index() % CLASSES), kind))
    }
}

/// Which words are pointers, as bitmaps: bit `w % 64` of `[w / 64]` stands for word `w`.
#[derive(Clone, PartialEq, Eq, Hash, Default, Debug)]
struct Masks {
    pointers: Box<[u64]>,
    tagged: Box<[u64]>,
}

/// A registered shape.
#[repr(C, align(64))]
pub struct Shape {
    /// Size of an element in bytes; 0 if nothing is registered here.
    size: u32,
    /// The span class of single objects, from which arrays differ.
    index: AtomicU16,
    flags: u16,
    /// Bytes allocated since the last collection, in the common spans: an estimate.
    heat: AtomicU32,
    hot_slot: AtomicU16,
    /// The first 64 words of the masks.
    first_pointers: u64,
    first_tagged: u64,
    /// All words of the masks, if there are more than 64.
    more: Option<Box<Masks>>,
}

const SCAN: u16 = 1;
const TAGGED: u16 = 2;
const ALIGN16: u16 = 4;
const NO_SLOT: u16 = u16::MAX;
const _: () = assert!(size_of::<Shape>() == 64, "a shape is one cache line");

impl Shape {
    /// Size of an element in bytes.
    #[inline]
    pub fn size(&self) -> usize {
        self.size as usize
    }

    /// Whether it has words that can be pointers.
    #[inline]
    pub fn scans(&self) -> bool {
        self.flags & SCAN != 0
    }

    /// Whether it has tagged pairs.
    #[inline]
    pub fn has_tagged(&self) -> bool {
        self.flags & TAGGED != 0
    }

    /// Whether its objects are aligned to 16 bytes.
    #[inline]
    pub fn align16(&self) -> bool {
        self.flags & ALIGN16 != 0
    }

    /// Where a single object of it comes from now.
    #[inline]
    pub fn single(&self) -> SpanClass {
        SpanClass(self.index.load(Relaxed))
    }

    /// The masks of pointers and of tagged payloads of a shape with at most 64 words.
    #[inline]
    pub fn small_masks(&self) -> Option<(u64, u64)> {
        self.more.is_none().then_some((self.first_pointers, self.first_tagged))
    }

    /// Words `64 * i ..` of the masks of pointers and of tagged payloads.
    #[inline]
    pub fn masks(&self, i: usize) -> (u64, u64) {
        match &self.more {
            None => (self.first_pointers, self.first_tagged),
            Some(masks) => (masks.pointers[i], masks.tagged[i]),
        }
    }

    /// Size of an element in words.
    #[inline]
    pub fn words(&self) -> usize {
        self.size() / WORD
    }

    /// What word `w` of an element is.
    pub fn word(&self, w: usize) -> Word {
        let (pointers, tagged) = self.masks(w / 64);
        match (pointers >> (w % 64) & 1, tagged >> (w % 64) & 1) {
            (1, _) => Word::Pointer,
            (_, 1) => Word::Tagged,
            _ => Word::Scalar,
        }
    }

    /// How objects of `size` bytes are described to the marker, in the common spans.
    #[inline]
    pub fn kind(&self, size: usize) -> Kind {
        if !self.scans() {
            Kind::NoScan
        } else if size <= MAX_BITS && !self.has_tagged() {
            Kind::Bits
        } else {
            Kind::Words
        }
    }

    /// The span class of an object of `size` bytes in the common spans; `None` if it is large.
    #[inline]
    pub fn common(&self, size: usize) -> Option<SpanClass> {
        SizeClass::for_size(size, self.align16()).map(|class| SpanClass::new(class, self.kind(class.size())))
    }
}

/// The shapes of a heap.
pub struct Shapes {
    table: Reservation,
    registry: Mutex<Registry>,
    hot: Box<[HotLayout]>,
}

#[derive(Default)]
struct Registry {
    known: HashMap<(Box<[Word]>, bool), ShapeId, FxBuildHasher>,
    count: u32,
    hot_slots: u16,
}

/// The masks of a hot shape, small and side by side for the marker. All zero while the slot is free.
#[derive(Default)]
pub struct HotLayout {
    pointers: AtomicU64,
    tagged: AtomicU64,
    class: AtomicU8,
}

impl HotLayout {
    /// The masks of pointers and of tagged payloads.
    #[inline]
    pub fn masks(&self) -> (u64, u64) {
        (self.pointers.load(Relaxed), self.tagged.load(Relaxed))
    }

    /// The size class of its objects.
    pub fn class(&self) -> SizeClass {
        SizeClass::from_index(usize::from(self.class.load(Relaxed)))
    }
}

/// Why a shape cannot be registered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ShapeError {
    /// A heap knows at most 2¹⁸ shapes.
    TooMany,
    /// An element has between 1 and 2²⁰ words.
    Size,
    /// A tagged payload is the second word of a 16-byte aligned pair whose first word is a scalar.
    Pair,
}

impl std::fmt::Display for ShapeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::TooMany => "too many shapes",
            Self::Size => "a shape has between 1 and 2^20 words",
            Self::Pair => "a tagged word stands at an odd position and follows a scalar",
        })
    }
}

impl std::error::Error for ShapeError {}

impl Shapes {
    /// A table with the shapes that every heap knows.
    pub fn new() -> std::io::Result<Self> {
        let bytes = MAX_SHAPES * size_of::<Shape>();
        let table = Reservation::new(bytes, bytes)?;
        table.commit(0, bytes)?;
        let hot = std::iter::repeat_with(HotLayout::default).take(HOT_SLOTS).collect();
        let shapes = Self { table, registry: Mutex::default(), hot };
        // In the order of the constants of ShapeId.
        let known = [(&[Word::Scalar][..], false), (&[Word::Scalar; 2][..], true), (&[Word::Pointer][..], false)];
        for (words, pairs) in known {
            shapes.register(words, pairs).map_err(std::io::Error::other)?;
        }
        Ok(shapes)
    }

    /// The shape of elements with these words; `align16` if their objects must be aligned to 16 bytes, as pairs are.
    pub fn register(&self, words: &[Word], align16: bool) -> Result<ShapeId, ShapeError> {
        let masks = Masks::new(words)?;
        let align16 = align16 || words.contains(&Word::Tagged);
        let mut registry = lock(&self.registry);
        if let Some(&id) = registry.known.get(&(words.into(), align16)) {
            return Ok(id);
        }
        if registry.count as usize == MAX_SHAPES {
            return Err(ShapeError::TooMany);
        }
        let id = ShapeId(registry.count);
        let mut flags = 0;
        flags |= if masks.pointers.iter().chain(&masks.tagged).any(|&m| m != 0) { SCAN } else { 0 };
        flags |= if masks.tagged.iter().any(|&m| m != 0) { TAGGED } else { 0 };
        flags |= if align16 { ALIGN16 } else { 0 };
        let mut shape = Shape {
            size: (words.len() * WORD) as u32,
            index: AtomicU16::new(0),
            flags,
            heat: AtomicU32::new(0),
            hot_slot: AtomicU16::new(NO_SLOT),
            first_pointers: masks.pointers[0],
            first_tagged: masks.tagged[0],
            more: (words.len() > 64).then(|| Box::new(masks)),
        };
        *shape.index.get_mut() = shape.common(shape.size()).map_or(0, |class| class.0);
        // SAFETY: the table has MAX_SHAPES entries, entry `count` is not in use (the count grows under the lock), and
        // nobody has its id yet.
        unsafe { self.entry(id).write(shape) };
        registry.count += 1;
        registry.known.insert((words.into(), align16), id);
        Ok(id)
    }

    fn entry(&self, id: ShapeId) -> *mut Shape {
        debug_assert!(id.index() < MAX_SHAPES);
        self.table.as_ptr().cast::<Shape>().wrapping_add(id.index())
    }

    /// The shape with this id. An id of another heap gives some other shape, or one of size 0.
    #[inline]
    pub fn get(&self, id: ShapeId) -> &Shape {
        assert!(id.index() < MAX_SHAPES);
        // SAFETY: inside of the table; an entry is zero, which is a valid empty shape, or written once before its id
        // is known.
        unsafe { &*self.entry(id) }
    }

    /// The masks of the hot shape in a slot.
    #[inline]
    pub fn hot(&self, slot: u16) -> &HotLayout {
        &self.hot[usize::from(slot) % HOT_SLOTS]
    }

    /// Notes that about `bytes` of single objects of a shape were allocated in the common spans, and makes the shape
    /// hot when that is much.
    pub fn warm(&self, id: ShapeId, bytes: usize) {
        let shape = self.get(id);
        let heat = shape.heat.load(Relaxed).saturating_add(bytes as u32);
        shape.heat.store(heat, Relaxed);
        if heat >= HOT_BYTES && shape.scans() && shape.words() <= 64 && shape.single().hot_slot().is_none() {
            self.make_hot(shape);
        }
    }

    fn make_hot(&self, shape: &Shape) {
        let mut registry = lock(&self.registry);
        let mut slot = shape.hot_slot.load(Relaxed);
        if slot == NO_SLOT {
            if usize::from(registry.hot_slots) == HOT_SLOTS {
                return;
            }
            slot = registry.hot_slots;
            registry.hot_slots += 1;
            shape.hot_slot.store(slot, Relaxed);
            let layout = &self.hot[usize::from(slot)];
            let class = SizeClass::for_size(shape.size(), shape.align16()).unwrap_or(SizeClass::LARGE);
            layout.class.store(class.index() as u8, Relaxed);
            layout.tagged.store(shape.first_tagged, Relaxed);
            layout.pointers.store(shape.first_pointers, Release);
        }
        shape.index.store(SpanClass::hot(slot).0, Relaxed);
    }

    /// Ends a period of measurement: shapes whose hot spans are less than a quarter full go back to the common spans.
    /// `occupancy` says how many objects a slot's spans hold and how many they have room for.
    pub fn cool(&self, occupancy: impl Fn(SpanClass) -> (usize, usize)) {
        let registry = lock(&self.registry);
        for id in 0..registry.count {
            let shape = self.get(ShapeId(id));
            shape.heat.store(0, Relaxed);
            if let Some(slot) = shape.single().hot_slot() {
                let (objects, room) = occupancy(SpanClass::hot(slot));
                // A few spans are no waste worth moving for.
                if room > 4 * objects.max(1) && room * shape.size() > HOT_BYTES as usize {
                    shape.index.store(shape.common(shape.size()).map_or(0, |class| class.0), Relaxed);
                }
            }
        }
    }
}

impl Drop for Shapes {
    fn drop(&mut self) {
        let count = lock(&self.registry).count;
        for id in 0..count {
            // SAFETY: entries below the count were written by `register`; nobody can use them any more.
            unsafe { self.entry(ShapeId(id)).drop_in_place() };
        }
    }
}

impl Masks {
    fn new(words: &[Word]) -> Result<Self, ShapeError> {
        if words.is_empty() || words.len() > 1 << 20 {
            return Err(ShapeError::Size);
        }
        let mut pointers = vec![0u64; words.len().div_ceil(64)];
        let mut tagged = pointers.clone();
        for (i, word) in words.iter().enumerate() {
            match word {
                Word::Scalar => {}
                Word::Pointer => pointers[i / 64] |= 1 << (i % 64),
                Word::Tagged if i % 2 == 1 && words[i - 1] == Word::Scalar => tagged[i / 64] |= 1 << (i % 64),
                Word::Tagged => return Err(ShapeError::Pair),
            }
        }
        Ok(Self { pointers: pointers.into(), tagged: tagged.into() })
    }
}
