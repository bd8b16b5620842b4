//! Interfaces, and equality and hashes of values of any type.
//!
//! The first word of an interface is 0 for nil, otherwise twice the position of its type plus 2, plus 1 if the second
//! word is a pointer. The second word is the value itself where that takes one slot, and a pointer to a copy, which
//! nobody writes, for strings, slices, structs and arrays.

use std::hash::{BuildHasher as _, Hasher};

use smallvec::{SmallVec, smallvec};

use super::types::Types;
use super::{Memory, Str, Trap};
use crate::bytecode::program::{Kind, TypeIdx};

/// An interface in two slots.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(C)]
pub struct Value {
    /// The type, and whether the payload is a pointer; 0: nil.
    pub tag: u64,
    /// The value, or a pointer to it.
    pub word: u64,
}

impl Value {
    /// The nil interface.
    pub const NIL: Self = Self { tag: 0, word: 0 };

    /// From its two words.
    #[inline]
    pub fn from_words([tag, word]: [u64; 2]) -> Self {
        Self { tag, word }
    }

    /// Its two words.
    #[inline]
    pub fn words(self) -> [u64; 2] {
        [self.tag, self.word]
    }

    /// Whether it is nil.
    #[inline]
    pub fn is_nil(self) -> bool {
        self.tag == 0
    }

    /// The type of what it holds; `None` if it is nil.
    #[inline]
    pub fn ty(self) -> Option<TypeIdx> {
        ((self.tag >> 1) as TypeIdx).checked_sub(1)
    }
}

/// The first word of interfaces that hold a type.
#[inline]
pub fn tag_of(types: &Types, ty: TypeIdx) -> u64 {
    let desc = &types.get(ty).desc;
    let pointer = desc.boxed || matches!(desc.kind, Kind::Pointer | Kind::Map | Kind::Chan | Kind::Func);
    (u64::from(ty) + 1) << 1 | u64::from(pointer)
}

impl Memory {
    /// The value of a type in slots, as an interface.
    ///
    /// # Errors
    /// The heap is exhausted.
    ///
    /// # Safety
    /// `slots` leads to the slots of such a value.
    pub unsafe fn boxed(&mut self, ty: TypeIdx, slots: *const u64) -> Result<Value, Trap> {
        let desc = &self.types().get(ty).desc;
        let (boxed, empty) = (desc.boxed, desc.slots == 0 || desc.size == 0);
        let tag = tag_of(self.types(), ty);
        if !boxed {
            // SAFETY: the caller's promise.
            let word = if empty { 0 } else { unsafe { *slots } };
            return Ok(Value { tag, word });
        }
        let at = self.new_value(ty)?;
        // SAFETY: the object is new and for this type.
        unsafe { self.store(ty, at, slots) };
        Ok(Value { tag, word: at as u64 })
    }

    /// The value in an interface to slots. The interface holds a value of that type.
    ///
    /// # Safety
    /// `slots` leads to the slots for such a value.
    pub unsafe fn unboxed(&self, ty: TypeIdx, value: Value, slots: *mut u64) {
        let desc = &self.types().get(ty).desc;
        // SAFETY: the caller's promise; the payload of a boxed type leads to a value.
        unsafe {
            if desc.boxed {
                self.load(ty, value.word as usize, slots);
            } else if desc.slots > 0 && desc.size > 0 {
                *slots = value.word;
            }
        }
    }

    /// A copy of the value of a type in memory, as an interface; what an interface there holds, if it is one.
    ///
    /// # Errors
    /// The heap is exhausted.
    ///
    /// # Safety
    /// `at` leads to such a value.
    pub unsafe fn value_at(&mut self, ty: TypeIdx, at: usize) -> Result<Value, Trap> {
        let desc = &self.types().get(ty).desc;
        let (kind, boxed) = (desc.kind, desc.boxed);
        // SAFETY: the caller's promise.
        unsafe {
            if kind == Kind::Interface {
                return Ok(Value::from_words(Self::pair(at)));
            }
            let tag = tag_of(self.types(), ty);
            if boxed {
                let copy = self.new_value(ty)?;
                self.init_copy(ty, copy, at, 1);
                return Ok(Value { tag, word: copy as u64 });
            }
            let mut word = 0;
            self.load(ty, at, &raw mut word);
            Ok(Value { tag, word })
        }
    }

    /// A string as an interface of a string type.
    ///
    /// # Errors
    /// The heap is exhausted.
    pub fn string_value(&mut self, ty: TypeIdx, text: Str) -> Result<Value, Trap> {
        // SAFETY: a string type has two slots.
        unsafe { self.boxed(ty, text.words().as_ptr()) }
    }
}

impl Types {
    /// Whether two interfaces are equal.
    ///
    /// # Errors
    /// Their type cannot be compared.
    ///
    /// # Safety
    /// They are interfaces of the program.
    pub unsafe fn values_equal(&self, a: Value, b: Value) -> Result<bool, Trap> {
        match self.words_equal(a, b)? {
            Some(same) => Ok(same),
            // SAFETY: the payloads of a boxed type lead to values of it.
            None => unsafe { self.equal(a.ty().unwrap_or(0), a.word as usize, b.word as usize) },
        }
    }

    /// The same as far as their words tell; none if they lead to values that have to be compared.
    fn words_equal(&self, a: Value, b: Value) -> Result<Option<bool>, Trap> {
        if a.tag != b.tag {
            return Ok(Some(false));
        }
        let Some(ty) = a.ty() else { return Ok(Some(true)) };
        let ty = self.get(ty);
        if !ty.desc.comparable {
            return Err(Trap::error(format!("comparing uncomparable type {}", ty.name())));
        }
        if ty.desc.boxed {
            return Ok(None);
        }
        Ok(Some(match ty.kind() {
            Kind::Float32 | Kind::Float64 => f64::from_bits(a.word) == f64::from_bits(b.word),
            _ => a.word == b.word,
        }))
    }

    /// Whether two values of a type in memory are equal.
    ///
    /// # Errors
    /// There are interfaces in them whose type cannot be compared.
    ///
    /// # Safety
    /// The addresses lead to such values.
    pub unsafe fn equal(&self, idx: TypeIdx, a: usize, b: usize) -> Result<bool, Trap> {
        // What is left to compare, the next last: interfaces can hold each other as deep as programs like.
        let mut todo: Todo<[usize; 2]> = smallvec![(idx, [a, b], 1)];
        while let Some((idx, [a, b], count)) = todo.pop() {
            let ty = self.get(idx);
            let size = ty.size();
            // SAFETY: the caller's promise; parts lie inside of values, and payloads of a boxed type lead to values.
            unsafe {
                if ty.plain {
                    let bytes = |at: usize| std::slice::from_raw_parts(at as *const u8, size * count);
                    if size > 0 && bytes(a) != bytes(b) {
                        return Ok(false);
                    }
                    continue;
                }
                if count > 1 {
                    todo.push((idx, [a + size, b + size], count - 1));
                }
                let same = match ty.kind() {
                    Kind::String => text(a).bytes() == text(b).bytes(),
                    Kind::Interface => {
                        let (a, b) = (Value::from_words(Memory::pair(a)), Value::from_words(Memory::pair(b)));
                        match self.words_equal(a, b)? {
                            Some(same) => same,
                            None => {
                                todo.push((a.ty().unwrap_or(0), [a.word as usize, b.word as usize], 1));
                                true
                            }
                        }
                    }
                    Kind::Float32 => *(a as *const f32) == *(b as *const f32),
                    Kind::Float64 => *(a as *const f64) == *(b as *const f64),
                    Kind::Struct => {
                        for field in ty.desc.fields.iter().rev().filter(|field| field.name != "_") {
                            let offset = field.offset as usize;
                            todo.push((field.ty, [a + offset, b + offset], 1));
                        }
                        true
                    }
                    Kind::Array => {
                        if ty.desc.len > 0 {
                            todo.push((ty.desc.elem, [a, b], ty.desc.len as usize));
                        }
                        true
                    }
                    // Only nil compares, which the compiler sees to.
                    _ => Memory::word(a) == Memory::word(b),
                };
                if !same {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// Feeds a value in memory to a hasher; equal values feed it the same.
    ///
    /// # Errors
    /// There are interfaces in it whose type cannot be hashed.
    ///
    /// # Safety
    /// The address leads to a value of the type.
    pub unsafe fn hash(&self, idx: TypeIdx, at: usize, to: &mut impl Hasher) -> Result<(), Trap> {
        // As in `equal`.
        let mut todo: Todo<usize> = smallvec![(idx, at, 1)];
        while let Some((idx, at, count)) = todo.pop() {
            let ty = self.get(idx);
            let size = ty.size();
            if count > 1 {
                todo.push((idx, at + size, count - 1));
            }
            // SAFETY: the caller's promise; parts lie inside of values, and payloads of a boxed type lead to values.
            unsafe {
                if ty.plain {
                    match size {
                        0 => {}
                        8 => to.write_u64(Memory::word(at)),
                        size => to.write(std::slice::from_raw_parts(at as *const u8, size)),
                    }
                    continue;
                }
                match ty.kind() {
                    Kind::String => to.write(text(at).bytes()),
                    Kind::Interface => {
                        let value = Value::from_words(Memory::pair(at));
                        if self.hash_words(value, to)? {
                            todo.push((value.ty().unwrap_or(0), value.word as usize, 1));
                        }
                    }
                    Kind::Float32 => hash_float(f64::from(*(at as *const f32)), to),
                    Kind::Float64 => hash_float(*(at as *const f64), to),
                    Kind::Struct => {
                        for field in ty.desc.fields.iter().rev().filter(|field| field.name != "_") {
                            todo.push((field.ty, at + field.offset as usize, 1));
                        }
                    }
                    Kind::Array => {
                        if ty.desc.len > 0 {
                            todo.push((ty.desc.elem, at, ty.desc.len as usize));
                        }
                    }
                    _ => to.write_u64(Memory::word(at)),
                }
            }
        }
        Ok(())
    }

    /// Feeds an interface's type to a hasher, and its word; whether that leads to a value that is to follow.
    fn hash_words(&self, value: Value, to: &mut impl Hasher) -> Result<bool, Trap> {
        let Some(idx) = value.ty() else {
            to.write_u64(0);
            return Ok(false);
        };
        let ty = self.get(idx);
        if !ty.desc.comparable {
            return Err(Trap::error(format!("hash of unhashable type {}", ty.name())));
        }
        to.write_u32(idx);
        if ty.desc.boxed {
            return Ok(true);
        }
        match ty.kind() {
            Kind::Float32 | Kind::Float64 => hash_float(f64::from_bits(value.word), to),
            _ => to.write_u64(value.word),
        }
        Ok(false)
    }
}

/// Parts of values that are to be looked at: their type, where they are, and how many of them lie together.
type Todo<At> = SmallVec<[(TypeIdx, At, usize); 4]>;

/// The string at an address.
///
/// # Safety
/// There is one.
pub(super) unsafe fn text(at: usize) -> Str {
    // SAFETY: the caller's promise.
    let [at, len] = unsafe { Memory::pair(at) };
    Str { at: at as usize, len: len as usize }
}

/// Zeros of both signs are equal; a NaN equals nothing, and any hash will do, best a different one each time.
fn hash_float(value: f64, to: &mut impl Hasher) {
    if value.is_nan() {
        to.write_u64(std::hash::RandomState::new().hash_one(0));
    } else {
        to.write_u64(if value == 0.0 { 0 } else { value.to_bits() });
    }
}
