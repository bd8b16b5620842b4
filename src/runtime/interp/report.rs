//! The report of what ends a program: panics, fatal errors, deadlocks, with the stacks of goroutines.

use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use super::{Next, Proc, Stop, print};
use crate::base::os::monotonic_ns;
use crate::bytecode::program::{HEADER, Kind};
use crate::runtime::object::{Str, Trap, Value};
use crate::runtime::sched::GoroutineRef;
use crate::runtime::stack::{Frame, Raised};

/// Exit code of a program that a panic or fatal error ends.
const FAILED: i32 = 2;
/// Frames that a trace shows of each end of a deep stack.
const SHOWN: usize = 50;
const MINUTE: u64 = 60_000_000_000;

/// The report of a panic while the program's own methods make its texts.
#[derive(Default)]
pub struct Report {
    /// The texts so far, one per panic.
    texts: Vec<String>,
    /// How many panics there are to print.
    panics: usize,
    /// The panic whose text is being made.
    at: Option<usize>,
    /// The frame of the method that makes it.
    frame: Option<*mut u64>,
}

impl Report {
    /// Whether texts are being made.
    pub(super) fn is_under_way(&self) -> bool {
        self.at.is_some()
    }
}

impl Proc {
    /// Nothing recovers the panics: reports them and ends the program.
    pub(super) fn report_panics(&mut self) -> Next {
        let panics = self.g.get().panics.len();
        self.report = Report { texts: Vec::new(), panics, at: Some(0), frame: None };
        self.next_text()
    }

    /// Makes the text of the next panic, by a method of the program if its value has one.
    fn next_text(&mut self) -> Next {
        let code = Arc::clone(&self.sched.machine.code);
        let state = self.g.get();
        loop {
            let at = self.report.texts.len();
            self.report.at = Some(at);
            let Some(panic) = state.panics.get(at).copied() else { return self.print_panics() };
            if panic.goexit {
                self.report.texts.push(String::new());
                continue;
            }
            let method = panic.value.ty().and_then(|ty| {
                let wanted = [self.known.error, self.known.stringer];
                let interface = wanted.into_iter().find(|&interface| self.implements(ty, interface))?;
                let types = self.memory.types();
                let number = *types.get(interface).desc.wanted.first()?;
                let methods = &types.get(ty).desc.methods;
                let found = methods.binary_search_by_key(&number, |(number, _)| *number).ok()?;
                Some(methods[found].1)
            });
            let Some(function) = method else {
                let text = print::value(self, panic.value);
                self.report.texts.push(text);
                continue;
            };
            let Some(last) = state.panics.last().copied() else { return self.print_panics() };
            // SAFETY: the goroutine stands at its last panic, above which nothing is used; the method takes the payload
            // as its only argument.
            return unsafe { self.call_method(&code, function, panic.value.word, last.raised) };
        }
    }

    /// # Safety
    /// As for [`Proc::call_above`]; the function takes one word.
    unsafe fn call_method(&mut self, code: &crate::runtime::stack::Code, function: u32, word: u64, at: Raised) -> Next {
        let closure = self.closures.wrapping_add(function as usize) as u64;
        // SAFETY: the caller's promise; the argument lies behind the frame's header.
        unsafe {
            let own = code.locate(at.pc).map_or(0, |(function, _)| code.entries()[function as usize].frame);
            let window = at.frame.byte_add(own);
            // There is room for the word behind the limit.
            *window.add(usize::from(HEADER)) = word;
            self.report.frame = Some(window);
            self.call_above(code, closure, at, code.printed())
        }
    }

    /// The method that makes a text has returned.
    pub(super) fn printed(&mut self) -> Next {
        let Some(frame) = self.report.frame.take() else { return self.print_panics() };
        // SAFETY: the method returns a string, in the slots behind the header of its frame.
        let text = unsafe {
            let text: Str = *frame.add(usize::from(HEADER)).cast();
            String::from_utf8_lossy(text.bytes()).replace('\n', "\n\t")
        };
        self.report.texts.push(text);
        self.next_text()
    }

    /// The method that makes a text has panicked.
    pub(super) fn method_failed(&mut self) -> Next {
        let state = self.g.get();
        let value = state.panics.last().map_or(Value::NIL, |panic| panic.value);
        let what = match value.ty() {
            Some(ty) if self.memory.types().get(ty).name() == "string" => print::value(self, value),
            Some(ty) => format!("type {}", self.memory.types().get(ty).name()),
            None => "type nil".to_owned(),
        };
        state.panics.truncate(self.report.panics);
        if let Some(panic) = state.panics.pop() {
            (state.pc, state.frame) = (panic.raised.pc, panic.raised.frame);
        }
        self.fatal(&Trap::fatal(format!("panic while printing panic value: {what}")))
    }

    /// Whether two panics have the same value: not one that is equal, but this one, or the same string of the program,
    /// or an error of the machine of which Go has only one.
    fn is_same(&self, a: Value, b: Value) -> bool {
        let Some(ty) = a.ty().filter(|_| a != b && a.tag == b.tag) else { return a == b };
        if self.memory.types().get(ty).kind() != Kind::String {
            return false;
        }
        // SAFETY: a string in an interface is behind a pointer.
        let (a, b) = unsafe { (*(a.word as *const Str), *(b.word as *const Str)) };
        // SAFETY: strings of the program.
        let equal = || unsafe { a.bytes() == b.bytes() };
        a.words() == b.words() || [self.known.error_string, self.known.plain_error].contains(&ty) && equal()
    }

    fn print_panics(&mut self) -> Next {
        let state = self.g.get();
        // Those of the methods that made the texts are not shown.
        state.panics.truncate(self.report.panics);
        let mut out = String::new();
        let mut first = true;
        let mut said = None;
        for (i, (panic, text)) in state.panics.iter().zip(&self.report.texts).enumerate() {
            // A value that was panicked with again is printed once.
            let same = |value| self.is_same(value, panic.value);
            if panic.goexit || said.is_some_and(same) {
                continue;
            }
            said = Some(panic.value);
            if !first {
                out.push('\t');
            }
            first = false;
            _ = write!(out, "panic: {text}");
            if panic.recovered {
                let again = state.panics.get(i + 1).is_some_and(|next| same(next.value));
                out.push_str(if again { " [recovered, repanicked]" } else { " [recovered]" });
            }
            out.push('\n');
            if panic.signal {
                out.push_str("[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x0]\n");
            }
        }
        // The stack is shown from where the last one was raised, over the others.
        if let Some(panic) = state.panics.pop() {
            (state.pc, state.frame) = (panic.raised.pc, panic.raised.frame);
        }
        out.push('\n');
        let g = self.g;
        self.trace(&mut out, g, true);
        self.end(&out)
    }

    /// Says why the program cannot go on, and ends it.
    pub(super) fn fatal(&mut self, trap: &Trap) -> Next {
        let mut out = String::new();
        match trap {
            Trap::StackOverflow => {
                let limit = self.sched.max_stack.load(Relaxed);
                _ = write!(out, "runtime: goroutine stack exceeds {limit}-byte limit\nfatal error: stack overflow\n\n");
            }
            Trap::OutOfMemory(error) => _ = write!(out, "runtime: {error}\nfatal error: out of memory\n\n"),
            Trap::Fatal(text) => _ = write!(out, "fatal error: {text}\n\n"),
            other => _ = write!(out, "fatal error: {other:?}\n\n"),
        }
        let g = self.g;
        self.trace(&mut out, g, true);
        self.end(&out)
    }

    /// All goroutines wait for each other.
    pub(super) fn deadlock(&mut self) -> i32 {
        let mut out = "fatal error: all goroutines are asleep - deadlock!\n".to_owned();
        if self.sched.main().is_some_and(|main| !main.is_alive()) {
            out = "fatal error: no goroutines (main called runtime.Goexit) - deadlock!\n".to_owned();
        }
        for g in self.sched.machine.goroutines() {
            if !g.get().system {
                out.push('\n');
                self.trace(&mut out, g, false);
            }
        }
        self.end(&out);
        FAILED
    }

    fn end(&mut self, text: &str) -> Next {
        // Of several that go wrong at once the first one is reported.
        if !self.shared.last_words.swap(true, Relaxed) {
            _ = std::io::stderr().write_all(text.as_bytes());
        } else {
            let sched = &self.sched;
            self.memory.mutator.blocked(|| _ = sched.wait_for_end());
        }
        self.stop = Stop::Exit(FAILED);
        Next::STOP
    }

    /// The stack of a goroutine.
    pub fn trace(&self, out: &mut String, g: GoroutineRef, running: bool) {
        let code = &self.sched.machine.code;
        let state = g.get();
        let what = match state.wait {
            _ if running => "running",
            Some(wait) => wait.text(),
            None => "runnable",
        };
        let minutes = if state.wait.is_some() { monotonic_ns().saturating_sub(state.since) / MINUTE } else { 0 };
        let since = if minutes > 0 { format!(", {minutes} minutes") } else { String::new() };
        _ = writeln!(out, "goroutine {} [{what}{since}]:", state.id);
        // SAFETY: the goroutine is the running one at a safepoint, or does not run.
        let frames: Vec<_> = unsafe { g.frames(code) }.collect();
        let mut visible: Vec<Frame> = Vec::new();
        for frame in &frames {
            if code.function(frame.function).wrapper {
                // What it passes on counts as called by its caller.
                visible.last_mut().into_iter().for_each(|called| called.by_panic |= frame.by_panic);
            } else if frame.function != code.program().entry {
                visible.push(*frame);
            }
        }
        for (i, frame) in visible.iter().enumerate() {
            let from_end = visible.len() - i;
            if i == SHOWN && from_end > SHOWN {
                _ = writeln!(out, "...{} frames elided...", visible.len() - 2 * SHOWN);
            }
            if i >= SHOWN && from_end > SHOWN {
                continue;
            }
            let function = code.function(frame.function);
            let args = if function.params.is_empty() { "" } else { "..." };
            _ = writeln!(out, "{}({args})", function.name);
            // One that waits has begun the instruction before.
            let begun = frame.returns || i == 0 && state.wait.is_some() && !running;
            self.place(out, frame.function, frame.position, begun);
            if frame.by_panic {
                out.push_str("panic(...)\n");
            }
        }
        if let Some((function, at, id)) = state.creator {
            _ = writeln!(out, "created by {} in goroutine {id}", code.function(function).name);
            self.place(out, function, at, false);
        }
    }

    fn place(&self, out: &mut String, function: u32, at: u32, returns: bool) {
        let code = &self.sched.machine.code;
        if let Some(place) = code.place(function, at, returns) {
            let file = code.program().files.get(place.file as usize).map_or("?", String::as_str);
            _ = writeln!(out, "\t{file}:{}", place.line);
        }
    }
}
