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

#[cfg(all(test, tail_calls, target_arch = "x86_64"))]
mod tests {
    use std::collections::HashSet;

    use iced_x86::{Code, Decoder, DecoderOptions, FlowControl, Instruction, Mnemonic};

    use super::super::state::{Handler, Looped, Threaded};
    use super::*;
    use crate::bytecode::isa::OPS;

    /// How a handler leaves, over all ways through its code.
    #[derive(Default)]
    struct Exits {
        jumps: usize,
        calls: Vec<String>,
    }

    /// Whether it calls what a register or a table holds, as opposed to a function of another library.
    fn is_indirect_call(instr: &Instruction) -> bool {
        instr.mnemonic() == Mnemonic::Call && instr.is_call_near_indirect() && !instr.is_ip_rel_memory_operand()
    }

    fn exits(handler: Handler) -> Exits {
        let (mut seen, mut todo, mut exits) = (HashSet::new(), vec![handler as usize as u64], Exits::default());
        while let Some(at) = todo.pop() {
            if !seen.insert(at) {
                continue;
            }
            // SAFETY: the code of a function, which is followed where it goes; no instruction has more bytes.
            let bytes = unsafe { std::slice::from_raw_parts(at as *const u8, 15) };
            let instr = Decoder::with_ip(64, bytes, at, DecoderOptions::NONE).decode();
            assert_ne!(instr.code(), Code::INVALID, "no instruction at {at:#x}");
            match instr.flow_control() {
                FlowControl::UnconditionalBranch => todo.push(instr.near_branch_target()),
                FlowControl::ConditionalBranch => todo.extend([instr.near_branch_target(), instr.next_ip()]),
                FlowControl::IndirectBranch => exits.jumps += 1,
                FlowControl::Return | FlowControl::Exception | FlowControl::Interrupt => {}
                _ => {
                    if is_indirect_call(&instr) {
                        exits.calls.push(format!("{:#x}", at - handler as usize as u64));
                    }
                    todo.push(instr.next_ip());
                }
            }
        }
        exits
    }

    #[test]
    fn every_dispatch_is_a_jump() {
        for (info, handler) in OPS.iter().zip(table::<Threaded>()) {
            let exits = exits(handler);
            assert!(
                exits.calls.is_empty(),
                "{} calls what it should jump to, at {}",
                info.name,
                exits.calls.join(", ")
            );
            let goes_on = exits.jumps > 0;
            assert_eq!(goes_on, info.name != "Finish", "{} does not go on", info.name);
        }
    }

    #[test]
    fn a_dispatch_that_is_a_call_is_noticed() {
        unsafe fn calls<D: Dispatch>(
            pc: *const u64,
            fp: *mut u64,
            acc: u64,
            asked: *const crate::memory::gc::handshake::StateWord,
            cx: *mut Proc,
            facc: f64,
        ) {
            let state = State { pc, fp, acc, asked, cx, facc };
            // SAFETY: it is only looked at.
            unsafe {
                D::next(state);
                std::arch::asm!("nop");
            }
        }
        assert!(!exits(calls::<Threaded>).calls.is_empty());
        assert_eq!(exits(table::<Looped>()[Op::Add as usize]).jumps, 0);
    }
}
