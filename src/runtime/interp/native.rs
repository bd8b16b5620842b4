//! Functions that are written in Rust, as the interpreter calls them.
//!
//! A native reads its arguments in order, does its work, and writes its results in order, which overwrite the arguments
//! (so all are read first). It runs between two safepoints: what it reads or allocates stays alive until it returns,
//! and no object moves. It must not keep an address for longer than that, unless the collector knows of it.
//!
//! A native that would wait says so with its [`Flow`]; what then happens is the scheduler's business.

use std::cell::Cell;

use super::Proc;
use crate::bytecode::program::{Kind, TypeIdx};
use crate::runtime::object::{Memory, Slice, Str, Trap, Value, text};

/// A function that is written in Rust.
pub type NativeFn = fn(&mut Call<'_>) -> Result<Flow, Trap>;

/// How a native went on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flow {
    /// It has returned.
    Done,
    /// It has returned, and other goroutines may run before its caller goes on.
    Yield,
    /// Its goroutine waits until somebody makes it ready; the native has seen to that. Results are written before it
    /// is made ready.
    Park,
    /// The goroutine runs its deferred calls and ends.
    Goexit,
    /// The program ends with this code.
    Exit(i32),
}

/// A native's access to its arguments, its results and the machine.
pub struct Call<'a> {
    /// The processor that the caller runs on.
    pub proc: &'a mut Proc,
    /// The first argument.
    slots: *mut u64,
    next: usize,
    done: usize,
}

impl<'a> Call<'a> {
    /// # Safety
    /// `slots` leads to the arguments of the native, with room for its results.
    pub(super) unsafe fn new(proc: &'a mut Proc, slots: *mut u64) -> Self {
        Self { proc, slots, next: 0, done: 0 }
    }

    /// Where the next result will be, for natives that write it later.
    pub fn result_slot(&self) -> *mut u64 {
        self.slots.wrapping_add(self.done)
    }

    /// To be called before the goroutine is made to wait: does what is asked of the processor while the goroutine is
    /// here; `object`, or 0, stays alive. The native has no results with pointers, or calls [`Call::again`] before.
    pub fn settle(&mut self, object: usize) {
        if self.proc.memory.mutator.is_asked() {
            let state = self.proc.g.get();
            state.keeps = object;
            self.proc.memory.mutator.safepoint();
            state.keeps = 0;
        }
    }

    /// When the goroutine goes on, this native, which has no arguments, is called once more.
    pub fn again(&mut self) {
        let state = self.proc.g.get();
        // The place is behind the call, which is one word.
        state.pc = state.pc.wrapping_sub(1);
    }

    /// The heap and the program's types.
    #[inline]
    pub fn memory(&mut self) -> &mut Memory {
        &mut self.proc.memory
    }

    /// Runs something that may last, while the collector does not wait for this processor; `object`, or 0, stays alive
    /// meanwhile. This is a safepoint: nothing else that the native has got from the heap can be used afterwards.
    pub fn blocked<R>(&mut self, object: usize, f: impl FnOnce() -> R) -> R {
        let Proc { memory, sched, own, .. } = &mut *self.proc;
        memory.mutator.blocked_with(object, || sched.away(own, f))
    }

    // ---- arguments

    /// The next argument of one slot.
    #[inline]
    pub fn word(&mut self) -> u64 {
        // SAFETY: the signature of the native, which the compiler knows, has this argument.
        let word = unsafe { *self.slots.add(self.next) };
        self.next += 1;
        word
    }

    /// The next argument of two slots.
    #[inline]
    pub fn pair(&mut self) -> [u64; 2] {
        self.next = self.next.next_multiple_of(2);
        [self.word(), self.word()]
    }

    /// The next argument, an integer with sign of any size.
    #[inline]
    pub fn int(&mut self) -> i64 {
        self.word() as i64
    }

    /// The next argument, a pointer.
    ///
    /// # Errors
    /// It is null.
    #[inline]
    pub fn pointer(&mut self) -> Result<usize, Trap> {
        match self.word() {
            0 => Err(Trap::Nil),
            at => Ok(at as usize),
        }
    }

    /// The next argument, a `bool`.
    #[inline]
    pub fn bool(&mut self) -> bool {
        self.word() != 0
    }

    /// The next argument, a `float64` or `float32`.
    #[inline]
    pub fn float(&mut self) -> f64 {
        f64::from_bits(self.word())
    }

    /// The next argument, a string.
    #[inline]
    pub fn string(&mut self) -> Str {
        let [at, len] = self.pair();
        Str { at: at as usize, len: len as usize }
    }

    /// The bytes of the next argument, a string.
    #[inline]
    pub fn text(&mut self) -> &'a [u8] {
        self.string_and_text().1
    }

    /// The next argument, a string, and its bytes.
    #[inline]
    pub fn string_and_text(&mut self) -> (Str, &'a [u8]) {
        let text = self.string();
        // SAFETY: a string of the program; natives keep nothing beyond their return.
        (text, unsafe { text.bytes() })
    }

    /// The next argument, a slice of strings, and the bytes of each.
    pub fn strings(&mut self) -> Vec<(Str, &'a [u8])> {
        let slice = self.slice();
        self.strings_of(slice)
    }

    /// The strings of a slice of the program that has such elements, and the bytes of each.
    pub fn strings_of(&self, slice: Slice) -> Vec<(Str, &'a [u8])> {
        let pairs = (0..slice.len as usize).map(|i| {
            // SAFETY: a slice of the program with elements of this size; natives keep nothing beyond their return.
            unsafe {
                let [at, len] = Memory::pair(slice.at + 16 * i);
                let text = Str { at: at as usize, len: len as usize };
                (text, text.bytes())
            }
        });
        pairs.collect()
    }

    /// The next argument, a slice of any type.
    #[inline]
    pub fn slice(&mut self) -> Slice {
        Slice::from_words(self.pair())
    }

    /// The elements of the next argument, a slice of bytes that the native does not write to.
    #[inline]
    pub fn bytes(&mut self) -> &'a [u8] {
        // SAFETY: a slice of the program; natives keep nothing beyond their return. A native that also writes bytes
        // reads through `cells` instead.
        unsafe { self.slice().bytes() }
    }

    /// The elements of the next argument, a slice of bytes, to read and write; it may overlap with others.
    #[inline]
    pub fn cells(&mut self) -> &'a [Cell<u8>] {
        self.elements()
    }

    /// The elements of the next argument, a slice of numbers of the memory size of `T`.
    #[inline]
    pub fn elements<T: Number>(&mut self) -> &'a [Cell<T>] {
        let slice = self.slice();
        self.elements_of(slice)
    }

    /// The elements of a slice of the program that has numbers of the memory size of `T`.
    #[inline]
    pub fn elements_of<T: Number>(&self, slice: Slice) -> &'a [Cell<T>] {
        if slice.len == 0 {
            return &[];
        }
        // SAFETY: a slice of the program with elements of this size; any bits are a number.
        unsafe { std::slice::from_raw_parts(slice.at as *const Cell<T>, slice.len as usize) }
    }

    /// The next argument, an interface.
    #[inline]
    pub fn any(&mut self) -> Value {
        Value::from_words(self.pair())
    }

    /// The slice in an interface, and the type of its elements; `None` if it holds something else.
    pub fn slice_in(&self, value: Value) -> Option<(TypeIdx, Slice)> {
        let desc = &self.type_of(value)?.desc;
        // SAFETY: the payload of a slice type leads to a slice.
        (desc.kind == Kind::Slice).then(|| (desc.elem, Slice::from_words(unsafe { Memory::pair(value.word as usize) })))
    }

    /// The kind of a type.
    pub fn kind(&self, ty: TypeIdx) -> Kind {
        self.proc.memory.types().get(ty).kind()
    }

    // ---- memory of the program

    /// Exchanges two elements of a slice of the program.
    ///
    /// # Errors
    /// One of them is out of range.
    pub fn swap(&mut self, elem: TypeIdx, slice: Slice, i: i64, j: i64) -> Result<(), Trap> {
        const SMALL: usize = 8;
        let place = |i: i64| usize::try_from(i).ok().filter(|&i| i < slice.len as usize);
        let (Some(a), Some(b)) = (place(i), place(j)) else {
            return Err(Trap::error("slice index out of range"));
        };
        let size = self.proc.memory.types().get(elem).size();
        let (a, b) = (slice.at + a * size, slice.at + b * size);
        let (mut small, mut large) = ([0_u128; SMALL], Vec::new());
        let between = if size <= size_of_val(&small) {
            small.as_mut_ptr()
        } else {
            large.resize(size.div_ceil(size_of::<u128>()), 0_u128);
            large.as_mut_ptr()
        };
        // What is only in the buffer for a moment is known to the collector: it is told what is overwritten.
        // SAFETY: both are elements of the slice, and the buffer has room for one.
        unsafe {
            self.memory().init_copy(elem, between.expose_provenance(), a, 1);
            self.memory().copy(elem, a, b, 1);
            self.memory().copy(elem, b, between.expose_provenance(), 1);
        }
        Ok(())
    }

    /// Overwrites the elements of a slice of strings of the program.
    pub fn write_strings(&mut self, slice: Slice, texts: impl Iterator<Item = Str>) {
        for (i, text) in texts.take(slice.len as usize).enumerate() {
            // SAFETY: an element of the slice.
            unsafe { self.memory().set_pair(slice.at + 16 * i, text.words()) };
        }
    }

    // ---- results

    /// The next result, of one slot.
    #[inline]
    pub fn put(&mut self, word: u64) {
        // SAFETY: the caller has made room for the results.
        unsafe { *self.slots.add(self.done) = word };
        self.done += 1;
    }

    /// The next result, of two slots.
    #[inline]
    pub fn put_pair(&mut self, [first, second]: [u64; 2]) {
        self.done = self.done.next_multiple_of(2);
        self.put(first);
        self.put(second);
    }

    /// The next result, an integer with sign, in the range of its type.
    #[inline]
    pub fn put_int(&mut self, value: i64) {
        self.put(value as u64);
    }

    /// The next result, a `bool`.
    #[inline]
    pub fn put_bool(&mut self, value: bool) {
        self.put(u64::from(value));
    }

    /// The next result, a `float64`, or a `float32` with its value.
    #[inline]
    pub fn put_float(&mut self, value: f64) {
        self.put(value.to_bits());
    }

    /// The next result, a string that exists.
    #[inline]
    pub fn put_string(&mut self, text: Str) {
        self.put_pair(text.words());
    }

    /// The next result, a new string.
    ///
    /// # Errors
    /// The heap is exhausted.
    pub fn put_text(&mut self, text: &[u8]) -> Result<(), Trap> {
        let text = self.memory().new_string(text)?;
        self.put_string(text);
        Ok(())
    }

    /// The next result, a slice that exists.
    #[inline]
    pub fn put_slice(&mut self, slice: Slice) {
        self.put_pair(slice.words());
    }

    /// The next result, a new slice of bytes.
    ///
    /// # Errors
    /// The heap is exhausted.
    pub fn put_bytes(&mut self, bytes: &[u8]) -> Result<(), Trap> {
        let slice = self.memory().bytes_slice(bytes)?;
        self.put_slice(slice);
        Ok(())
    }

    /// The next result, a new string of this length that `fill` writes; what it leaves out is zero.
    ///
    /// # Errors
    /// There are no strings of this length, or the heap is exhausted.
    pub fn put_filled(&mut self, len: usize, fill: impl FnOnce(&mut [u8])) -> Result<(), Trap> {
        if len > text::MAX_LEN {
            return Err(Trap::error("makeslice: len out of range"));
        }
        let at = self.memory().new_bytes(len)?;
        if len > 0 {
            // SAFETY: the object is new, has this size, and is known to nobody else.
            fill(unsafe { std::slice::from_raw_parts_mut(std::ptr::with_exposed_provenance_mut(at), len) });
        }
        self.put_string(Str { at, len });
        Ok(())
    }

    /// The next result, a slice of bytes with others behind it, as `append` makes it.
    ///
    /// # Errors
    /// The slice would be too long, or the heap is exhausted.
    pub fn put_appended(&mut self, slice: Slice, bytes: &[u8]) -> Result<(), Trap> {
        let ty = self.proc.known.byte;
        // SAFETY: it is a slice of bytes of the program; the result has room for the new ones.
        let result = unsafe {
            let result = self.memory().grow(slice, ty, bytes.len())?;
            let to: *mut u8 = std::ptr::with_exposed_provenance_mut(result.at + slice.len as usize);
            std::ptr::copy(bytes.as_ptr(), to, bytes.len());
            result
        };
        self.put_slice(result);
        Ok(())
    }

    /// A panic with this string as its value.
    pub fn panic(&mut self, text: &str) -> Trap {
        let ty = self.proc.known.string;
        let value = self.memory().new_string(text.as_bytes()).and_then(|text| self.memory().string_value(ty, text));
        value.map_or_else(|trap| trap, Trap::Value)
    }

    /// The next result, a new slice of strings, which exist.
    ///
    /// # Errors
    /// The heap is exhausted.
    pub fn put_strings(&mut self, texts: &[Str]) -> Result<(), Trap> {
        let ty = self.proc.known.string;
        let at = self.memory().new_array(ty, texts.len())?;
        for (i, text) in texts.iter().enumerate() {
            // SAFETY: the new array has room for all.
            unsafe { self.memory().set_pair(at + 16 * i, text.words()) };
        }
        self.put_slice(Slice { at, len: texts.len() as u32, cap: texts.len() as u32 });
        Ok(())
    }

    /// The next result, an interface.
    #[inline]
    pub fn put_any(&mut self, value: Value) {
        self.put_pair(value.words());
    }

    /// The type of a value in an interface.
    pub fn type_of(&self, value: Value) -> Option<&crate::runtime::object::Type> {
        value.ty().map(|ty| self.proc.memory.types().get(ty))
    }
}

/// A number as elements of slices are in memory: any bits are one.
pub trait Number: Copy + private::Sealed {}

mod private {
    pub trait Sealed {}
}

macro_rules! numbers {
    ($($ty:ty)*) => { $(impl private::Sealed for $ty {} impl Number for $ty {})* };
}
numbers!(u8 i8 u16 i16 u32 i32 u64 i64 f32 f64);

/// The natives of a package: name without the package, and the function.
pub type Table = &'static [(&'static str, NativeFn)];
