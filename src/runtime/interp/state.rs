//! What a handler has: the registers of the interpreter, and dispatch.
//!
//! A handler executes one instruction and goes on to the next handler by a call that is its last act. In optimised
//! builds that is a jump, as long as nothing is alive in the handler then: no local that is dropped, no address of a
//! local that was given away. Work that needs such things is in functions that are not inlined ([`State::work`]), or in
//! cold handlers ([`State::cold`]).

use super::Proc;
use crate::bytecode::isa::Op;
use crate::bytecode::program::{CALLER, RETURN_PC};
use crate::memory::gc::handshake::StateWord;
use crate::runtime::object::Trap;

/// A handler: the address of its instruction, the frame, the accumulator, the word of safepoints, the processor, the
/// accumulator for floats.
pub type Handler = unsafe fn(*const u64, *mut u64, u64, *const StateWord, *mut Proc, f64);

/// Handlers by operation.
pub type HandlerTable = [Handler; Op::COUNT];

/// The registers.
#[derive(Clone, Copy)]
pub struct State {
    /// The instruction.
    pub pc: *const u64,
    /// The frame.
    pub fp: *mut u64,
    /// The last result.
    pub acc: u64,
    /// Zero as long as safepoints have nothing to do: [`Mutator::asked`](crate::memory::gc::Mutator::asked).
    pub asked: *const StateWord,
    /// The processor.
    pub cx: *mut Proc,
    /// The last float.
    pub facc: f64,
}

/// How a handler goes on to the next one.
pub trait Dispatch: Sized + 'static {
    /// Goes on with `s.pc`.
    ///
    /// # Safety
    /// The state is that of a program that was verified.
    unsafe fn next(s: State);
}

/// Each handler calls the next one.
pub struct Threaded;

impl Dispatch for Threaded {
    #[inline(always)]
    unsafe fn next(s: State) {
        // SAFETY: the code is verified: there is an instruction at `pc`, and its number is below that of the table.
        unsafe {
            let op = *s.pc.cast::<u16>();
            let handler = *(&raw const (*s.cx).table).cast::<Handler>().add(usize::from(op));
            handler(s.pc, s.fp, s.acc, s.asked, s.cx, s.facc);
        }
    }
}

/// Each handler returns to a loop.
pub struct Looped;

impl Dispatch for Looped {
    #[inline(always)]
    unsafe fn next(s: State) {
        // SAFETY: the processor outlives the loop.
        unsafe { (*s.cx).registers = Some(s) };
    }
}

/// An instruction's operands, for functions outside of handlers.
#[derive(Clone, Copy)]
pub struct Operands {
    /// The instruction.
    pub pc: *const u64,
    /// The frame.
    pub fp: *mut u64,
}

macro_rules! operands {
    () => {
        /// The first operand.
        #[inline(always)]
        pub fn a(&self) -> usize {
            // SAFETY: instructions have four parts.
            usize::from(unsafe { *self.pc.cast::<u16>().add(1) })
        }

        /// The second operand.
        #[inline(always)]
        pub fn b(&self) -> usize {
            // SAFETY: as above.
            usize::from(unsafe { *self.pc.cast::<u16>().add(2) })
        }

        /// The third operand.
        #[inline(always)]
        pub fn c(&self) -> usize {
            // SAFETY: as above.
            usize::from(unsafe { *self.pc.cast::<u16>().add(3) })
        }

        /// The long operand.
        #[inline(always)]
        pub fn long(&self) -> u32 {
            // SAFETY: as above.
            unsafe { *self.pc.cast::<u32>().add(1) }
        }

        /// The lower number of the second word: a type.
        #[inline(always)]
        pub fn low(&self) -> u32 {
            // SAFETY: only for instructions that have a second word.
            unsafe { *self.pc.cast::<u32>().add(2) }
        }

        /// The slot in the second word.
        #[inline(always)]
        pub fn ext_slot(&self) -> usize {
            // SAFETY: as above.
            usize::from(unsafe { *self.pc.cast::<u16>().add(4) })
        }

        /// Behind the slot in the second word: another one, or where an argument goes in the callee's frame.
        #[inline(always)]
        pub fn ext_second(&self) -> usize {
            // SAFETY: as above.
            usize::from(unsafe { *self.pc.cast::<u16>().add(5) })
        }

        /// The upper number of the second word.
        #[inline(always)]
        pub fn high(&self) -> u32 {
            // SAFETY: as above.
            unsafe { *self.pc.cast::<u32>().add(3) }
        }

        /// The address of a slot.
        #[inline(always)]
        pub fn slot(&self, slot: usize) -> *mut u64 {
            self.fp.wrapping_add(slot)
        }

        /// A slot.
        #[inline(always)]
        pub fn get(&self, slot: usize) -> u64 {
            // SAFETY: operands of verified code are slots of the frame.
            unsafe { *self.slot(slot) }
        }

        /// Writes a slot.
        #[inline(always)]
        pub fn set(&self, slot: usize, value: u64) {
            // SAFETY: as above.
            unsafe { *self.slot(slot) = value };
        }

        /// Two slots.
        #[inline(always)]
        pub fn pair(&self, slot: usize) -> [u64; 2] {
            // SAFETY: as above.
            unsafe { *self.slot(slot).cast() }
        }

        /// Writes two slots.
        #[inline(always)]
        pub fn set_pair(&self, slot: usize, pair: [u64; 2]) {
            // SAFETY: as above.
            unsafe { *self.slot(slot).cast() = pair };
        }
    };
}

impl Operands {
    operands!();
}

impl State {
    operands!();

    /// The third operand as a number with sign.
    #[inline(always)]
    pub fn imm(&self) -> i64 {
        // SAFETY: instructions have four parts.
        i64::from(unsafe { *self.pc.cast::<i16>().add(3) })
    }

    /// The second operand as a number with sign.
    #[inline(always)]
    pub fn b_imm(&self) -> i64 {
        // SAFETY: instructions have four parts.
        i64::from(unsafe { *self.pc.cast::<i16>().add(2) })
    }

    /// Whether a safepoint has something to do.
    #[inline(always)]
    pub fn is_asked(&self) -> bool {
        // SAFETY: the word is that of the processor's mutator, which outlives it.
        unsafe { !(*self.asked).is_calm() }
    }

    /// The same for functions outside of handlers.
    #[inline(always)]
    pub fn operands(&self) -> Operands {
        Operands { pc: self.pc, fp: self.fp }
    }

    /// Goes on with the instruction after this one, which has so many words.
    ///
    /// # Safety
    /// The handler's state is that of verified code.
    #[inline(always)]
    pub unsafe fn next<D: Dispatch>(self, words: usize) {
        // SAFETY: verified code does not end with an instruction that falls through.
        unsafe { D::next(Self { pc: self.pc.add(words), ..self }) };
    }

    /// Writes the result of an instruction of one word, and goes on.
    ///
    /// # Safety
    /// As for [`State::next`].
    #[inline(always)]
    pub unsafe fn put<D: Dispatch>(self, value: u64) {
        self.set(self.a(), value);
        // SAFETY: the caller's promise.
        unsafe { D::next(Self { pc: self.pc.add(1), acc: value, ..self }) };
    }

    /// The same for a float.
    ///
    /// # Safety
    /// As for [`State::next`].
    #[inline(always)]
    pub unsafe fn put_float<D: Dispatch>(self, value: f64) {
        self.set(self.a(), value.to_bits());
        // SAFETY: the caller's promise.
        unsafe { D::next(Self { pc: self.pc.add(1), facc: value, ..self }) };
    }

    /// Goes on at a distance from the next instruction, which is one word further.
    ///
    /// # Safety
    /// As for [`State::next`].
    #[inline(always)]
    pub unsafe fn jump<D: Dispatch>(self, distance: i64) {
        // SAFETY: verified jumps lead to instructions.
        unsafe { D::next(Self { pc: self.pc.offset(distance as isize + 1), ..self }) };
    }

    /// Returns to the caller.
    ///
    /// # Safety
    /// As for [`State::next`].
    #[inline(always)]
    pub unsafe fn ret<D: Dispatch>(self) {
        // SAFETY: the frame's header says where the caller goes on, and with which frame.
        unsafe {
            let pc = *self.slot(RETURN_PC) as *const u64;
            let fp = *self.slot(CALLER) as *mut u64;
            D::next(Self { pc, fp, ..self });
        }
    }

    /// Goes on with a cold handler for the same instruction.
    ///
    /// # Safety
    /// As for [`State::next`].
    #[inline(always)]
    pub unsafe fn cold(self, handler: Handler) {
        // SAFETY: the caller's promise.
        unsafe { handler(self.pc, self.fp, self.acc, self.asked, self.cx, self.facc) };
    }

    /// Does the work of an instruction of so many words that may fail, and goes on, with the trap if it did.
    ///
    /// # Safety
    /// As for [`State::next`].
    #[inline(always)]
    pub unsafe fn work<D: Dispatch>(self, words: usize, work: impl Fn(&mut Proc, Operands) -> Result<(), Trap> + Copy) {
        // SAFETY: the caller's promise; the accumulators have no meaning behind such instructions.
        unsafe {
            let state = Self { acc: 0, facc: 0.0, ..self };
            if guarded(self.cx, self.operands(), work) {
                state.next::<D>(words);
            } else {
                state.cold(super::ops::raise::<D>);
            }
        }
    }
}

/// Does work; keeps the trap if it fails.
#[inline(never)]
unsafe fn guarded(cx: *mut Proc, operands: Operands, work: impl Fn(&mut Proc, Operands) -> Result<(), Trap>) -> bool {
    // SAFETY: the processor is the caller's, who keeps no reference to it.
    let proc = unsafe { &mut *cx };
    match work(proc, operands) {
        Ok(()) => true,
        Err(trap) => {
            proc.trap = Some(trap);
            false
        }
    }
}
