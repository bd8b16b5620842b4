//! Panics, deferred calls, `recover`, and the end of a goroutine by `runtime.Goexit`.
//!
//! A panic leaves the stack as it is. It looks for frames with deferred calls from its place outwards, and calls them
//! on top of the stack, one after the other; they return to a stub ([`Code::unwound`](super::super::stack::Code)).
//! When one of them has recovered the panic, the stack is cut back to the frame that deferred it, which goes on with
//! its remaining deferred calls and returns. A panic in a deferred call goes on with what the one before it has left.

use std::cell::Cell;
use std::sync::Arc;

use super::{Next, Proc, Stop};
use crate::bytecode::program::{CALLER, CLOSURE, DEFERS, RETURN_PC};
use crate::runtime::object::{Memory, Trap, Value};
use crate::runtime::sched::Panic;
use crate::runtime::stack::{Code, Raised, Walk};

impl Proc {
    /// Raises the trap that was kept, at an instruction of the running goroutine.
    ///
    /// # Safety
    /// The goroutine runs there.
    pub(super) unsafe fn raise(&mut self, pc: *const u64, fp: *mut u64) -> Next {
        let state = self.g.get();
        (state.pc, state.frame) = (pc, fp);
        let Some(trap) = self.trap.take() else { return Next::STOP };
        let (signal, goexit) = (trap == Trap::Nil, trap == Trap::Goexit);
        let value = match self.value_of(trap) {
            Ok(value) => value,
            Err(fatal) => return self.fatal(&fatal),
        };
        let raised = Raised { pc, frame: fp, deferring: std::ptr::null_mut() };
        state.panics.push(Panic { value, goexit, recovered: false, signal, raised, reached: (pc, fp, 0) });
        // SAFETY: the panic was raised just now.
        unsafe { self.go_on() }
    }

    /// The value of the panic that a trap is, or the trap if it ends the program.
    fn value_of(&mut self, trap: Trap) -> Result<Value, Trap> {
        let known = self.known;
        let (ty, text) = match trap {
            Trap::Value(value) => return Ok(value),
            Trap::Goexit => return Ok(Value::NIL),
            Trap::Error(text) => (known.error_string, text),
            Trap::Bounds(text) => (known.bounds_error, text.into()),
            Trap::Plain(text) => (known.plain_error, text),
            Trap::Nil => (known.error_string, "invalid memory address or nil pointer dereference".into()),
            Trap::Assertion(text) => {
                let elem = self.memory.types().get(known.assertion_error).desc.elem;
                let object = self.memory.new_value(elem)?;
                let text = self.memory.new_string(text.as_bytes())?;
                // SAFETY: the object is new and begins with its only field, a string.
                unsafe { self.memory.set_pair(object, text.words()) };
                return Ok(Value { tag: self.tag(known.assertion_error), word: object as u64 });
            }
            Trap::Fatal(_) | Trap::OutOfMemory(_) | Trap::StackOverflow => return Err(trap),
        };
        let text = self.memory.new_string(text.as_bytes())?;
        self.memory.string_value(ty, text)
    }

    /// Goes on with the innermost panic: calls the next deferred call.
    ///
    /// # Safety
    /// There is a panic, and nothing above the frame that raised it is used.
    unsafe fn go_on(&mut self) -> Next {
        let code = Arc::clone(&self.sched.machine.code);
        let state = self.g.get();
        let Some((panic, earlier)) = state.panics.split_last_mut() else { return Next::STOP };
        let raised = panic.raised;
        // SAFETY: the goroutine stands still; its frames have complete headers.
        unsafe {
            let (pc, from, passed) = panic.reached;
            // How many panics the search has passed, with and without the one that was met last.
            let met = Cell::new([passed; 2]);
            let mut walk = Walk::new(&code, pc, from, searched_by(earlier, &met));
            let found =
                walk.find(|frame| code.function(frame.function).recovery.is_some() && *frame.at.add(DEFERS) != 0);
            drop(walk);
            let Some(frame) = found else {
                if self.report.is_under_way() {
                    // A method that makes the text of a panic has failed itself.
                    return self.method_failed();
                }
                if panic.goexit {
                    state.panics.pop();
                    self.stop = Stop::Finish;
                    if self.sched.main() == Some(self.g) {
                        self.sched.leave_main();
                    }
                    return Next::STOP;
                }
                return self.report_panics();
            };
            panic.raised.deferring = frame.at;
            let [with, without] = met.get();
            let passed = if frame.by_panic { without } else { with };
            panic.reached = (code.address(frame.function, frame.position), frame.at, passed);
            let deferred = *frame.at.add(DEFERS) as usize;
            let [next, closure] = *(deferred as *const [u64; 2]);
            *frame.at.add(DEFERS) = next;
            if closure == 0 {
                self.trap = Some(Trap::Nil);
                return self.raise(raised.pc, raised.frame);
            }
            self.call_above(&code, closure, raised, code.unwound())
        }
    }

    /// Calls a closure on top of the stack, above the frame that raised a panic.
    ///
    /// # Safety
    /// The goroutine stands there, and nothing above that frame is used.
    pub(super) unsafe fn call_above(&mut self, code: &Code, closure: u64, raised: Raised, back: *const u64) -> Next {
        let function = code.locate(raised.pc).map_or(0, |(function, _)| function);
        // SAFETY: the frame's end is in its segment or is the next one's business; closures begin with their function.
        unsafe {
            let entry = code.entries()[Memory::word(closure as usize) as usize];
            let own = code.entries()[function as usize].frame;
            let frame = raised.frame.byte_add(own);
            let header = [(RETURN_PC, back as u64), (CALLER, raised.frame as u64), (CLOSURE, closure)];
            // There is always room for a header behind the limit.
            for (slot, value) in header {
                *frame.add(slot) = value;
            }
            self.enter_slowly(&entry, raised.pc, frame)
        }
    }

    /// A deferred call that the innermost panic has called has returned.
    ///
    /// # Safety
    /// That is so.
    pub(super) unsafe fn unwound(&mut self) -> Next {
        let code = Arc::clone(&self.sched.machine.code);
        let state = self.g.get();
        let Some(panic) = state.panics.last().copied() else { return Next::STOP };
        if !panic.recovered {
            // SAFETY: the deferred call's frame is not used any more.
            return unsafe { self.go_on() };
        }
        state.panics.pop();
        let target = panic.raised.deferring;
        // Panics whose deferred calls are cut off are gone.
        let mut gone = 0;
        // SAFETY: the goroutine stands still.
        let mut frames = unsafe { Walk::new(&code, panic.raised.pc, panic.raised.frame, raised_by(&state.panics)) };
        let found = frames.find(|frame| {
            gone += usize::from(frame.at != target && frame.by_panic);
            frame.at == target
        });
        drop(frames);
        let recovery = found.and_then(|frame| {
            let at = code.function(frame.function).recovery?;
            Some(code.address(frame.function, at))
        });
        let left = state.panics.len().saturating_sub(gone);
        let goexit = state.panics.drain(left..).any(|panic| panic.goexit);
        let Some(pc) = recovery else { return Next::STOP };
        if let Some(stack) = state.stack.as_mut() {
            // SAFETY: the frame is one of the stack, and nothing above it is used.
            unsafe { stack.unwind_to(target) };
            self.limit = stack.limit();
        }
        if goexit {
            self.trap = Some(Trap::Goexit);
            // SAFETY: the frame stands where it can be called from.
            return unsafe { self.raise(pc, target) };
        }
        Next { pc, fp: target }
    }

    /// `recover()` in a frame.
    pub(super) fn recover(&mut self, pc: *const u64, fp: *mut u64) -> Value {
        let code = Arc::clone(&self.sched.machine.code);
        let by_panic = self.called_by_panic(&code, pc, fp);
        match self.g.get().panics.last_mut() {
            Some(panic) if by_panic && !panic.recovered && !panic.goexit => {
                panic.recovered = true;
                panic.value
            }
            _ => Value::NIL,
        }
    }

    /// Whether a panic has called the function of a frame, wrappers left aside.
    fn called_by_panic(&self, code: &Code, pc: *const u64, fp: *mut u64) -> bool {
        // SAFETY: the goroutine stands there.
        let mut frames = unsafe { Walk::new(code, pc, fp, raised_by(&self.g.get().panics)) };
        // A deferred call of `recover` itself is not the call of a function that recovers.
        let Some(first) = frames.next().filter(|first| !code.function(first.function).wrapper) else { return false };
        if first.by_panic {
            return true;
        }
        for frame in frames {
            if !code.function(frame.function).wrapper {
                return false;
            }
            if frame.by_panic {
                return true;
            }
        }
        false
    }
}

/// Where panics were raised, the innermost first.
fn raised_by(panics: &[Panic]) -> impl Iterator<Item = Raised> {
    panics.iter().rev().map(|panic| panic.raised)
}

/// Where panics have got to in their search for deferred calls, the innermost first: up to there nothing is left to be
/// called. What one of them has passed is passed with it; `met` counts.
fn searched_by<'p>(panics: &'p [Panic], met: &'p Cell<[usize; 2]>) -> impl Iterator<Item = Raised> + 'p {
    std::iter::from_fn(move || {
        let [passed, _] = met.get();
        let panic = panics.get(panics.len().checked_sub(passed + 1)?)?;
        let (pc, frame, more) = panic.reached;
        met.set([passed + 1 + more, passed]);
        Some(Raised { pc, frame, deferring: panic.raised.deferring })
    })
}
