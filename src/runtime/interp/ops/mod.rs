//! The handlers, by family.
//!
//! A handler has the name of its operation, and [`table`] has all of them in the order of the operations.

#![expect(non_snake_case, reason = "handlers have the names of their operations")]

mod calls;
mod chans;
mod floats;
mod integers;
mod jumps;
mod memory;
mod moves;
mod objects;
mod slices;

use crate::memory::gc::handshake::StateWord;

use super::state::{Dispatch, HandlerTable, State};
use super::{Next, Proc};
use crate::bytecode::isa::Op;

/// Declares handlers: the name of the operation, the state, and what it does.
macro_rules! handlers {
    ($($(#[$meta:meta])* $name:ident($s:ident) $body:block)*) => {
        $(
            $(#[$meta])*
            pub(super) unsafe fn $name<D: Dispatch>(
                pc: *const u64,
                fp: *mut u64,
                acc: u64,
                asked: *const $crate::memory::gc::handshake::StateWord,
                cx: *mut Proc,
                facc: f64,
            ) {
                let $s = State { pc, fp, acc, asked, cx, facc };
                // SAFETY: handlers are only reached through dispatch: the state is that of verified code, so operands
                // are slots of the frame with values of the right kind, and jumps lead to instructions.
                unsafe { $body }
            }
        )*
    };
}
use handlers;

mod all {
    pub(super) use super::calls::*;
    pub(super) use super::chans::*;
    pub(super) use super::floats::*;
    pub(super) use super::integers::*;
    pub(super) use super::jumps::*;
    pub(super) use super::memory::*;
    pub(super) use super::moves::*;
    pub(super) use super::objects::*;
    pub(super) use super::slices::*;
}

macro_rules! table {
    ($($(#[doc = $doc:literal])* $name:ident ($a:ident, $b:ident, $c:ident) $ext:ident;)*) => {
        /// The handlers, by operation.
        pub const fn table<D: Dispatch>() -> HandlerTable {
            [$(all::$name::<D>,)*]
        }
    };
}
crate::for_each_op!(table);

/// Goes on as a trap demands that was kept.
#[cold]
#[inline(never)]
pub(super) unsafe fn raise<D: Dispatch>(
    pc: *const u64,
    fp: *mut u64,
    _: u64,
    asked: *const StateWord,
    cx: *mut Proc,
    _: f64,
) {
    // SAFETY: as in handlers.
    unsafe { resume::<D>(cx, raised(cx, pc, fp), asked) };
}

/// Goes on as the trap demands that the instruction's operands lead to: a nil pointer, a bad index.
#[cold]
#[inline(never)]
pub(super) unsafe fn fault<D: Dispatch>(
    pc: *const u64,
    fp: *mut u64,
    _: u64,
    asked: *const StateWord,
    cx: *mut Proc,
    _: f64,
) {
    // SAFETY: as in handlers.
    unsafe { resume::<D>(cx, faulted(cx, pc, fp), asked) };
}

/// Goes on where the machine says, or stops.
#[inline(always)]
unsafe fn resume<D: Dispatch>(cx: *mut Proc, next: Next, asked: *const StateWord) {
    if next.pc.is_null() {
        return;
    }
    // SAFETY: the machine gives an instruction of the program and its frame.
    unsafe { D::next(State { pc: next.pc, fp: next.fp, acc: 0, asked, cx, facc: 0.0 }) };
}

#[inline(never)]
unsafe fn raised(cx: *mut Proc, pc: *const u64, fp: *mut u64) -> Next {
    // SAFETY: the processor is the handler's, which keeps no reference to it.
    unsafe { (*cx).raise(pc, fp) }
}

#[inline(never)]
unsafe fn faulted(cx: *mut Proc, pc: *const u64, fp: *mut u64) -> Next {
    // SAFETY: as above.
    unsafe {
        (*cx).trap = Some(super::fault::of(&*cx, pc, fp));
        (*cx).raise(pc, fp)
    }
}

const _: () = assert!(Op::COUNT < 512, "the table is part of each processor");
