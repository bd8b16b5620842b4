//! Walks over the frames of a stack, from the innermost to the outermost.

use super::{Code, Stack};
use crate::bytecode::program::{CALLER, CLOSURE, DEFERS, FuncIdx, RETURN_PC};
use crate::memory::Visitor;

/// A frame of a stack that stands still.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    /// Its slots.
    pub at: *mut u64,
    /// Its function.
    pub function: FuncIdx,
    /// Where it stands in the function's code.
    pub position: u32,
    /// Whether it waits for a call to return there.
    pub returns: bool,
    /// Whether it can only go on after it has recovered: a panic passes through it.
    pub dying: bool,
    /// Whether its caller is a panic that runs deferred calls.
    pub by_panic: bool,
}

/// Where a panic was raised, and the frame whose deferred calls it runs.
#[derive(Clone, Copy, Debug)]
pub struct Raised {
    /// The instruction that raised it.
    pub pc: *const u64,
    /// Its frame.
    pub frame: *mut u64,
    /// The frame whose deferred call runs.
    pub deferring: *mut u64,
}

/// A walk.
pub struct Walk<'a, P> {
    code: &'a Code,
    pc: *const u64,
    frame: *mut u64,
    returns: bool,
    /// The panics that are under way, the innermost first.
    panics: P,
    /// Frames up to this one are dying.
    until: Option<*mut u64>,
}

impl<'a, P: Iterator<Item = Raised>> Walk<'a, P> {
    /// From an address and a frame outwards, over these panics.
    ///
    /// # Safety
    /// The frame belongs to a stack that stands still while the walk lasts, and stands at that address.
    pub unsafe fn new(code: &'a Code, pc: *const u64, frame: *mut u64, panics: P) -> Self {
        Self { code, pc, frame, returns: false, panics, until: None }
    }
}

impl<P: Iterator<Item = Raised>> Iterator for Walk<'_, P> {
    type Item = Frame;

    fn next(&mut self) -> Option<Frame> {
        let (function, position) = self.code.locate(self.pc)?;
        let at = self.frame;
        let dying = self.until.is_some();
        if self.until == Some(at) {
            self.until = None;
        }
        let returns = self.returns;
        // SAFETY: the walk's creator vouches for the stack; frames have a complete header.
        unsafe {
            self.pc = *at.add(RETURN_PC) as *const u64;
            self.frame = *at.add(CALLER) as *mut u64;
            self.returns = true;
            if self.pc == self.code.edge() {
                self.pc = Stack::over_edge(at);
            }
        }
        let by_panic = self.pc == self.code.unwound();
        if by_panic {
            let raised = self.panics.next()?;
            (self.pc, self.frame, self.returns) = (raised.pc, raised.frame, false);
            self.until.get_or_insert(raised.deferring);
        }
        Some(Frame { at, function, position, returns, dying, by_panic })
    }
}

impl Frame {
    /// Shows the pointers of the frame to the collector.
    ///
    /// # Safety
    /// The frame stands still.
    pub unsafe fn scan(&self, code: &Code, visitor: &mut Visitor<'_>) {
        let function = code.function(self.function);
        let position = match (self.dying, function.recovery) {
            (false, _) => self.position,
            (true, Some(recovery)) => recovery,
            (true, None) => return,
        };
        // SAFETY: the frame has the slots that the map of its function names.
        unsafe {
            if position == 0 && !function.captures.is_empty() {
                visitor.pointer(*self.at.add(CLOSURE) as usize);
            }
            if position != 0 && function.recovery.is_some() {
                visitor.pointer(*self.at.add(DEFERS) as usize);
            }
            let Some(map) = function.map_at(position) else {
                debug_assert!(false, "{} has no map at {position}", function.name);
                return;
            };
            each(&map.pointers, |slot| visitor.pointer(*self.at.add(slot) as usize));
            each(&map.tagged, |slot| {
                visitor.pair([*self.at.add(slot - 1) as usize, *self.at.add(slot) as usize]);
            });
        }
    }
}

/// What dead slots are overwritten with: no address of anything.
const POISON: u64 = 0xDEAD_5107_DEAD_5107;

impl Frame {
    /// Overwrites the slots that can hold pointers but whose values are not used any more.
    ///
    /// # Safety
    /// The frame stands still, and belongs to the running goroutine.
    pub unsafe fn poison(&self, code: &Code) {
        let function = code.function(self.function);
        let Some(map) = function.map_at(self.position).filter(|_| !self.dying) else { return };
        for (i, &all) in function.pointers.iter().enumerate() {
            // SAFETY: the frame has these slots; nobody reads them before they are written again.
            each(&[all & !map.pointers[i] & !map.tagged[i]], |slot| unsafe { *self.at.add(64 * i + slot) = POISON });
        }
    }
}

fn each(bits: &[u64], mut f: impl FnMut(usize)) {
    for (i, &word) in bits.iter().enumerate() {
        let mut word = word;
        while word != 0 {
            f(i * 64 + word.trailing_zeros() as usize);
            word &= word - 1;
        }
    }
}
