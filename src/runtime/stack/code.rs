//! A program's code where it lies in memory, and what the machine asks of an address in it.

use std::sync::Arc;

use crate::bytecode::isa::{Instr, Op};
use crate::bytecode::program::{FuncIdx, Function, Place, Program};

/// What a call needs of a function.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Entry {
    /// Its first instruction.
    pub pc: *const u64,
    /// Bytes of its frame.
    pub frame: usize,
    /// Slots of its parameters or results, the larger of the two.
    pub signature: usize,
    /// Not used: an entry has 32 bytes, so that its address is cheap to compute.
    pad: usize,
}

/// All functions of a program in one piece of memory, followed by the stubs.
pub struct Code {
    program: Arc<Program>,
    words: Box<[u64]>,
    entries: Box<[Entry]>,
    /// Where each function begins in `words`, and where the stubs do.
    starts: Box<[u32]>,
}

// SAFETY: the pointers lead into `words`, which nobody writes and which lives as long as they do.
unsafe impl Send for Code {}
// SAFETY: as above.
unsafe impl Sync for Code {}

/// The stubs, in order.
const STUBS: [Op; 4] = [Op::Edge, Op::Unwound, Op::Finish, Op::Printed];

impl Code {
    /// Lays out a program.
    pub fn new(program: Arc<Program>) -> Self {
        let mut starts = Vec::with_capacity(program.functions.len() + 1);
        let mut words = Vec::new();
        for function in &program.functions {
            starts.push(words.len() as u32);
            words.extend_from_slice(&function.code);
        }
        starts.push(words.len() as u32);
        words.extend(STUBS.map(|op| Instr::new(op, 0, 0, 0).word()));
        let words = words.into_boxed_slice();
        let entry = |(function, &start): (&Function, &u32)| Entry {
            pc: &raw const words[start as usize],
            frame: function.frame as usize * 8,
            signature: usize::from(function.signature),
            pad: 0,
        };
        let entries = program.functions.iter().zip(&starts).map(entry).collect();
        Self { program, words, entries, starts: starts.into() }
    }

    /// The program.
    pub fn program(&self) -> &Arc<Program> {
        &self.program
    }

    /// What calls need, by function.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn stub(&self, number: usize) -> *const u64 {
        &raw const self.words[self.words.len() - STUBS.len() + number]
    }

    /// Where frames at the beginning of a segment return to.
    pub fn edge(&self) -> *const u64 {
        self.stub(0)
    }

    /// Where deferred calls return to that a panic has called.
    pub fn unwound(&self) -> *const u64 {
        self.stub(1)
    }

    /// Where the first function of a goroutine returns to.
    pub fn finish(&self) -> *const u64 {
        self.stub(2)
    }

    /// Where the methods return to that make the text of a panic's value.
    pub fn printed(&self) -> *const u64 {
        self.stub(3)
    }

    /// The function that an address is in, and the position in its code; `None` for stubs.
    pub fn locate(&self, pc: *const u64) -> Option<(FuncIdx, u32)> {
        let at = (pc as usize).checked_sub(self.words.as_ptr() as usize)? / 8;
        let function = self.starts.partition_point(|&start| start as usize <= at) - 1;
        self.program.functions.get(function)?;
        Some((function as FuncIdx, (at - self.starts[function] as usize) as u32))
    }

    /// A function.
    pub fn function(&self, function: FuncIdx) -> &Function {
        &self.program.functions[function as usize]
    }

    /// An address in a function.
    pub fn address(&self, function: FuncIdx, at: u32) -> *const u64 {
        self.entries[function as usize].pc.wrapping_add(at as usize)
    }

    /// The place of an instruction, or of the call before an address that a call returns to.
    pub fn place(&self, function: FuncIdx, at: u32, returns: bool) -> Option<Place> {
        let runs_defers =
            Instr::decode(&self.function(function).code, at as usize).is_some_and(|i| i.op == Op::RunDefers);
        let at = if returns && !runs_defers { at.saturating_sub(1) } else { at };
        self.program.place(function, at)
    }
}
