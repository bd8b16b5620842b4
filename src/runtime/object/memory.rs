//! Allocation, and values of any type between slots and memory.
//!
//! Memory that the collector does not know (frames, globals) is written in the same way as objects: the barrier only
//! looks at what is overwritten and what is written.
//!
//! Strings, slices and interfaces in memory that goroutines share are read and written whole, as pairs, so that no race
//! of a program yields the address of one with the length of another.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::types::{Access, Types};
use super::{Trap, Type};
use crate::bytecode::program::{TypeIdx, WordKind};
use crate::memory::gc::pair;
use crate::memory::{Mutator, ShapeId};

/// The address of all objects without a size.
static NOTHING: [u64; 2] = [0; 2];

/// Sizes that `append` rounds capacities up to: those of Go's size classes, since programs print capacities.
const ROUNDED: [u16; 67] = [
    8, 16, 24, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240, 256, 288, 320, 352, 384, 416, 448, 480,
    512, 576, 640, 704, 768, 896, 1024, 1152, 1280, 1408, 1536, 1792, 2048, 2304, 2688, 3072, 3200, 3456, 4096, 4864,
    5376, 6144, 6528, 6784, 6912, 8192, 9472, 9728, 10240, 10880, 12288, 13568, 14336, 16384, 18432, 19072, 20480,
    21760, 24576, 27264, 28672, 32768,
];
/// Go's objects with pointers above this size have a header of a word.
const HEADER_FROM: usize = 512;
const PAGE: usize = 8192;

/// A processor's access to the heap and the program's types.
pub struct Memory {
    /// The processor as the collector knows it.
    pub mutator: Mutator,
    types: Arc<Types>,
    /// Room for keys of maps.
    scratch: Vec<[u64; 2]>,
    random: u64,
}

impl Memory {
    /// With a mutator of the heap that the types were made for.
    pub fn new(mutator: Mutator, types: Arc<Types>) -> Self {
        let random = std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), 0) | 1;
        Self { mutator, types, scratch: Vec::new(), random }
    }

    /// The program's types.
    #[inline]
    pub fn types(&self) -> &Types {
        &self.types
    }

    /// The program's types, to keep.
    pub fn shared_types(&self) -> Arc<Types> {
        Arc::clone(&self.types)
    }

    // ---- allocation

    /// A new value of a type, zero.
    ///
    /// # Errors
    /// The heap is exhausted.
    #[inline]
    pub fn new_value(&mut self, ty: TypeIdx) -> Result<usize, Trap> {
        let ty = self.types.get(ty);
        let (size, shape) = (ty.size(), ty.shape);
        if ty.has_pointers { self.new_shaped(shape, size) } else { self.new_bytes(size) }
    }

    /// Values of a type next to each other, zero.
    ///
    /// # Errors
    /// The heap is exhausted.
    pub fn new_array(&mut self, elem: TypeIdx, count: usize) -> Result<usize, Trap> {
        let elem = self.types.get(elem);
        let (size, shape) = (elem.size().saturating_mul(count), elem.shape);
        if elem.has_pointers && count > 0 { self.new_shaped(shape, size) } else { self.new_bytes(size) }
    }

    /// An object of a shape, or an array of such.
    ///
    /// # Errors
    /// The heap is exhausted.
    #[inline]
    pub fn new_shaped(&mut self, shape: ShapeId, size: usize) -> Result<usize, Trap> {
        Ok(self.mutator.alloc(shape, size)?.as_ptr().expose_provenance())
    }

    /// Bytes without pointers, zero.
    ///
    /// # Errors
    /// The heap is exhausted.
    #[inline]
    pub fn new_bytes(&mut self, size: usize) -> Result<usize, Trap> {
        if size == 0 {
            return Ok((&raw const NOTHING).expose_provenance());
        }
        Ok(self.mutator.alloc_noscan(size)?.as_ptr().expose_provenance())
    }

    /// Where all objects without a size are.
    pub fn nothing() -> usize {
        (&raw const NOTHING).expose_provenance()
    }

    /// The size that an array of so many bytes is made larger to, for `append`.
    pub(super) fn rounded(&self, elem: TypeIdx, size: usize) -> usize {
        let header = if self.types.get(elem).has_pointers && size > HEADER_FROM { 8 } else { 0 };
        let needed = size + header;
        if needed > usize::from(ROUNDED[ROUNDED.len() - 1]) {
            return size.next_multiple_of(PAGE);
        }
        let class = ROUNDED.partition_point(|&class| usize::from(class) < needed);
        usize::from(ROUNDED[class]) - header
    }

    /// Memory for some pairs of words, until the next call.
    pub(super) fn scratch(&mut self, pairs: usize) -> usize {
        if self.scratch.len() < pairs {
            self.scratch.resize(pairs, [0; 2]);
        }
        // What is left of the last use must not look like a pointer.
        self.scratch[..pairs].fill([0; 2]);
        self.scratch.as_mut_ptr().expose_provenance()
    }

    /// A number that is hard to guess.
    pub fn random(&mut self) -> u64 {
        // Marsaglia's xorshift64*: "Xorshift RNGs", Journal of Statistical Software 8 (2003), with Vigna's multiplier.
        self.random ^= self.random >> 12;
        self.random ^= self.random << 25;
        self.random ^= self.random >> 27;
        self.random.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// Keeps what an interface holds alive for the running cycle: for who puts it where the collector may have looked
    /// already.
    pub fn keep(&mut self, value: super::Value) {
        if value.tag & 1 == 1 {
            self.mutator.keep_marked(value.word as usize);
        }
    }

    // ---- words

    /// Reads a word.
    ///
    /// # Safety
    /// The address is aligned and leads to a word that the program may read.
    #[inline]
    pub unsafe fn word(at: usize) -> u64 {
        // SAFETY: the caller's promise.
        unsafe { *(at as *const u64) }
    }

    /// Reads a pair, whole.
    ///
    /// # Safety
    /// As for [`Memory::word`], with two words, aligned to 16 bytes.
    #[inline]
    pub unsafe fn pair(at: usize) -> [u64; 2] {
        pair::load(at).map(|word| word as u64)
    }

    /// Writes a pointer.
    ///
    /// # Safety
    /// The address leads to a word for pointers that the program may write.
    #[inline]
    pub unsafe fn set_pointer(&mut self, at: usize, value: u64) {
        // SAFETY: the caller's promise.
        unsafe { self.mutator.write_ptr(at as *mut usize, value as usize) };
    }

    /// Writes a string or slice.
    ///
    /// # Safety
    /// The address is aligned to 16 bytes and leads to such a pair that the program may write.
    #[inline]
    pub unsafe fn set_pair(&mut self, at: usize, [first, second]: [u64; 2]) {
        // SAFETY: the caller's promise.
        unsafe { self.mutator.write_pair(at as *mut [usize; 2], [first as usize, second as usize]) };
    }

    /// Writes an interface.
    ///
    /// # Safety
    /// As for [`Memory::set_pair`].
    #[inline]
    pub unsafe fn set_tagged(&mut self, at: usize, [first, second]: [u64; 2]) {
        // SAFETY: the caller's promise.
        unsafe { self.mutator.write_tagged(at as *mut [usize; 2], [first as usize, second as usize]) };
    }

    // ---- values

    /// A value from memory to slots; if it is too large for them it must be one that nobody changes.
    ///
    /// # Safety
    /// `at` leads to a value of the type, and `slots` to the slots for one, even if it has pairs.
    pub unsafe fn load(&self, ty: TypeIdx, at: usize, slots: *mut u64) {
        for part in &self.types.get(ty).parts {
            let from = at + part.offset as usize;
            // SAFETY: the parts lie inside of the value and of its slots, which the caller vouches for.
            unsafe {
                let to = slots.add(part.slot as usize);
                match part.access {
                    Access::U8 => *to = u64::from(*(from as *const u8)),
                    Access::I8 => *to = i64::from(*(from as *const i8)) as u64,
                    Access::U16 => *to = u64::from(*(from as *const u16)),
                    Access::I16 => *to = i64::from(*(from as *const i16)) as u64,
                    Access::U32 => *to = u64::from(*(from as *const u32)),
                    Access::I32 => *to = i64::from(*(from as *const i32)) as u64,
                    Access::F32 => *to = f64::from(*(from as *const f32)).to_bits(),
                    Access::Word | Access::Pointer => *to = Self::word(from),
                    Access::Pair | Access::Tagged => *to.cast::<[u64; 2]>() = Self::pair(from),
                    Access::Array(array) => {
                        copy_out(self.types.get(array), to.expose_provenance(), from, 1);
                    }
                    Access::Large(_) => *to = from as u64,
                }
            }
        }
    }

    /// A value from slots to memory.
    ///
    /// # Safety
    /// As for [`Memory::load`]; the program may write there.
    pub unsafe fn store(&mut self, ty: TypeIdx, at: usize, slots: *const u64) {
        let types = Arc::clone(&self.types);
        for part in &types.get(ty).parts {
            let to = at + part.offset as usize;
            // SAFETY: the parts lie inside of the value and of its slots, which the caller vouches for.
            unsafe {
                let from = slots.add(part.slot as usize);
                match part.access {
                    Access::U8 | Access::I8 => *(to as *mut u8) = *from as u8,
                    Access::U16 | Access::I16 => *(to as *mut u16) = *from as u16,
                    Access::U32 | Access::I32 => *(to as *mut u32) = *from as u32,
                    Access::F32 => *(to as *mut f32) = f64::from_bits(*from) as f32,
                    Access::Word => *(to as *mut u64) = *from,
                    Access::Pointer => self.set_pointer(to, *from),
                    Access::Pair => self.set_pair(to, *from.cast()),
                    Access::Tagged => self.set_tagged(to, *from.cast()),
                    Access::Array(array) => self.copy(array, to, from.expose_provenance(), 1),
                    Access::Large(ty) if *from == 0 => self.clear(ty, to, 1),
                    Access::Large(ty) => self.copy(ty, to, *from as usize, 1),
                }
            }
        }
    }

    /// Values from one place to another; they may overlap.
    ///
    /// # Safety
    /// Both addresses lead to so many values of the type, and the program may write to the first.
    pub unsafe fn copy(&mut self, ty: TypeIdx, to: usize, from: usize, count: usize) {
        let types = Arc::clone(&self.types);
        let ty = types.get(ty);
        let bytes = ty.size() * count;
        if !ty.has_pointers {
            // SAFETY: the caller's promise.
            return unsafe { std::ptr::copy(from as *const u8, to as *mut u8, bytes) };
        }
        let backwards = to > from;
        // SAFETY: as above; the words of the type, repeated, are those of the values.
        unsafe {
            words(ty, bytes / 8, backwards, |i, kind| {
                let (to, from) = (to + 8 * i, from + 8 * i);
                match kind {
                    Move::Scalar => *(to as *mut u64) = Self::word(from),
                    Move::Pointer => self.set_pointer(to, Self::word(from)),
                    Move::Pair => self.set_pair(to, Self::pair(from)),
                    Move::Tagged => self.set_tagged(to, Self::pair(from)),
                }
            });
        }
    }

    /// The same into memory that was allocated just now.
    ///
    /// # Safety
    /// As for [`Memory::copy`]; nobody else knows the object at `to`, and there was no safepoint since it was made.
    pub unsafe fn init_copy(&mut self, ty: TypeIdx, to: usize, from: usize, count: usize) {
        // New objects are black, and what they get is in the snapshot or as new as they are: no barrier is needed.
        // SAFETY: the caller's promise.
        unsafe { copy_out(self.types.get(ty), to, from, count) };
    }

    /// Values become zero.
    ///
    /// # Safety
    /// The address leads to so many values of the type, and the program may write there.
    pub unsafe fn clear(&mut self, ty: TypeIdx, at: usize, count: usize) {
        let types = Arc::clone(&self.types);
        let ty = types.get(ty);
        let bytes = ty.size() * count;
        if !ty.has_pointers {
            // SAFETY: the caller's promise.
            return unsafe { std::ptr::write_bytes(at as *mut u8, 0, bytes) };
        }
        // SAFETY: as in `copy`.
        unsafe {
            words(ty, bytes / 8, false, |i, kind| {
                let at = at + 8 * i;
                match kind {
                    Move::Scalar => *(at as *mut u64) = 0,
                    Move::Pointer => self.set_pointer(at, 0),
                    Move::Pair => self.set_pair(at, [0; 2]),
                    Move::Tagged => self.set_tagged(at, [0; 2]),
                }
            });
        }
    }
}

/// How words move: a string's, a slice's or an interface's two together.
enum Move {
    Scalar,
    Pointer,
    /// A pointer and a scalar: a string or slice, or two words that merely lie there.
    Pair,
    Tagged,
}

/// Copies values of a type to where nobody else looks, without barriers.
///
/// # Safety
/// `from` leads to so many values of the type, and there is room for them at `to`; the two do not overlap.
pub(super) unsafe fn copy_out(ty: &Type, to: usize, from: usize, count: usize) {
    let bytes = ty.size() * count;
    // SAFETY: the caller's promise.
    unsafe {
        if ty.has_pointers {
            copy_units(to, from, bytes, ty.desc.align == 16);
        } else {
            std::ptr::copy_nonoverlapping(from as *const u8, to as *mut u8, bytes);
        }
    }
}

/// Copies words, or whole pairs of such, to where nobody else looks.
///
/// # Safety
/// Both addresses lead to so many bytes, which do not overlap, aligned to what is copied.
pub(super) unsafe fn copy_units(to: usize, from: usize, bytes: usize, pairs: bool) {
    // SAFETY: the caller's promise.
    unsafe {
        if pairs {
            for at in (0..bytes).step_by(16) {
                *((to + at) as *mut [u64; 2]) = Memory::pair(from + at);
            }
        } else {
            for at in (0..bytes).step_by(8) {
                *((to + at) as *mut u64) = AtomicU64::from_ptr((from + at) as *mut u64).load(Relaxed);
            }
        }
    }
}

/// Calls `f` for the words of values of a type next to each other.
fn words(ty: &Type, count: usize, backwards: bool, mut f: impl FnMut(usize, Move)) {
    let kinds = &ty.desc.words;
    let step = kinds.len();
    // Where there are pairs, they begin at even words.
    let pairs = ty.desc.align == 16;
    let mut each = |i: usize| match kinds[i % step] {
        WordKind::Scalar if kinds.get(i % step + 1) == Some(&WordKind::Tagged) => {}
        WordKind::Scalar if pairs && i % 2 == 1 && kinds[i % step - 1] == WordKind::Pointer => {}
        WordKind::Scalar => f(i, Move::Scalar),
        WordKind::Pointer if pairs && i.is_multiple_of(2) && kinds[i % step + 1] == WordKind::Scalar => {
            f(i, Move::Pair)
        }
        WordKind::Pointer => f(i, Move::Pointer),
        WordKind::Tagged => f(i - 1, Move::Tagged),
    };
    if backwards { (0..count).rev().for_each(&mut each) } else { (0..count).for_each(&mut each) }
}
