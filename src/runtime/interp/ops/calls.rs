//! Calls, returns, deferred calls, panics.

use super::super::native::{Call as NativeCall, Flow};
use super::super::state::{Dispatch, Operands, State};
use super::super::{Next, Stop};
use super::{Proc, handlers, raise, resume};
use crate::bytecode::program::{CALLER, CLOSURE, DEFERS, HEADER, RETURN_PC};
use crate::runtime::object::{Memory, Trap, Value};
use crate::runtime::stack::Entry;

handlers! {
    Call(s) {
        let entry = &*(*s.cx).entries.add(s.long() as usize);
        enter::<D>(s, entry);
    }
    CallArg(s) {
        let entry = &*(*s.cx).entries.add(s.long() as usize);
        let window = s.slot(s.a());
        *window.add(s.ext_second()) = s.get(s.ext_slot()).wrapping_add(i64::from(s.high() as i32) as u64);
        enter_at::<D>(s, entry, window, s.pc.add(2));
    }
    CallClosure(s) {
        let closure = s.get(s.b());
        if closure == 0 {
            return s.cold(super::fault::<D>);
        }
        let entry = &*(*s.cx).entries.add(*(closure as *const u64) as usize);
        *s.slot(s.a() + CLOSURE) = closure;
        enter::<D>(s, entry);
    }
    CallMethod(s) {
        let [tag, payload] = s.pair(s.b());
        let function = (*s.cx).cached_method(tag, s.c());
        if function == u32::MAX {
            return s.cold(call_method::<D>);
        }
        let entry = &*(*s.cx).entries.add(function as usize);
        *s.slot(s.a() + usize::from(HEADER)) = payload;
        enter::<D>(s, entry);
    }
    CallNative(s) {
        match native(s.cx, s.operands()) {
            0 => State { acc: 0, facc: 0.0, ..s }.next::<D>(1),
            1 => s.cold(raise::<D>),
            _ => {}
        }
    }
    Ret(s) {
        s.ret::<D>();
    }
    Go(s) { s.work::<D>(1, go) }
    Defer(s) { s.work::<D>(1, defer) }
    DeferTo(s) { s.work::<D>(1, defer_to) }
    BadRange(s) { s.work::<D>(1, bad_range) }
    RunDefers(s) {
        let deferred = s.get(DEFERS) as *const [u64; 2];
        if deferred.is_null() {
            return s.next::<D>(1);
        }
        let [next, closure] = *deferred;
        *s.slot(DEFERS) = next;
        if closure == 0 {
            return s.cold(super::fault::<D>);
        }
        let entry = &*(*s.cx).entries.add(*(closure as *const u64) as usize);
        *s.slot(s.a() + CLOSURE) = closure;
        // It returns to this instruction.
        enter_at::<D>(s, entry, s.slot(s.a()), s.pc);
    }
    Recover(s) { s.work::<D>(1, recover) }
    Panic(s) { s.work::<D>(1, panic) }
    Refuse(s) { s.work::<D>(1, refuse) }
    Unreachable(s) { s.work::<D>(1, unreachable) }
    Print(s) { s.work::<D>(2, super::super::print::print) }
    Edge(s) {
        let pc = over_edge(s.cx);
        D::next(State { pc, acc: 0, facc: 0.0, ..s });
    }
    Unwound(s) {
        let next = unwound(s.cx);
        resume::<D>(s.cx, next, s.asked);
    }
    Finish(s) {
        finish(s.cx);
    }
    Printed(s) {
        let next = printed(s.cx);
        resume::<D>(s.cx, next, s.asked);
    }
    /// A call that needs more stack, or a safepoint at a function's beginning.
    #[cold]
    #[inline(never)]
    call_slow(s) {
        if s.is_asked() {
            return s.cold(call_slowest::<D>);
        }
        let frame = crossed(s.cx, s.acc as *const Entry, s.fp);
        if frame.is_null() {
            return s.cold(call_slowest::<D>);
        }
        let pc = (*(s.acc as *const Entry)).pc;
        D::next(State { pc, fp: frame, acc: 0, ..s });
    }
    /// The same, if it is more than going over an edge again.
    #[cold]
    #[inline(never)]
    call_slowest(s) {
        let next = entered(s.cx, s.acc as *const Entry, s.pc, s.fp);
        resume::<D>(s.cx, next, s.asked);
    }
    /// A method that the cache does not have.
    #[cold]
    #[inline(never)]
    call_method(s) {
        if find_method(s.cx, s.operands()) {
            return D::next(s);
        }
        s.cold(super::fault::<D>);
    }
}

/// Calls a function whose frame's arguments, and closure if it is one, are in place.
#[inline(always)]
unsafe fn enter<D: Dispatch>(s: State, entry: &Entry) {
    // SAFETY: the window of a verified call lies behind the frame's own slots and in its segment.
    unsafe { enter_at::<D>(s, entry, s.slot(s.a()), s.pc.add(1)) };
}

/// The same with the frame and the address to return to.
#[inline(always)]
unsafe fn enter_at<D: Dispatch>(s: State, entry: &Entry, window: *mut u64, back: *const u64) {
    let (mut window, mut entry) = (window, &raw const *entry);
    // SAFETY: nothing is executed. What the registers hold counts as unknown from here on, so that it is not computed
    // again in others, which would have to be saved.
    unsafe { std::arch::asm!("/* {} {} */", inout(reg) window, inout(reg) entry, options(nostack, preserves_flags)) };
    // SAFETY: as above.
    unsafe {
        *window.add(RETURN_PC) = back as u64;
        *window.add(CALLER) = s.fp as u64;
        let entry = &*entry;
        if window.wrapping_byte_add(entry.frame) > (*s.cx).limit || s.is_asked() {
            let entry = (&raw const *entry) as u64;
            return call_slow::<D>(s.pc, window, entry, s.asked, s.cx, 0.0);
        }
        D::next(State { pc: entry.pc, fp: window, ..s });
    }
}

/// The frame of a call that goes over an edge again; null if it needs more than that.
#[inline(always)]
unsafe fn crossed(cx: *mut Proc, entry: *const Entry, window: *mut u64) -> *mut u64 {
    // SAFETY: as for `entered`.
    unsafe { (*cx).cross_again(&*entry, window) }
}

#[inline(never)]
unsafe fn entered(cx: *mut Proc, entry: *const Entry, pc: *const u64, window: *mut u64) -> Next {
    // SAFETY: the processor is the handler's, which keeps no reference to it; the window's header is complete.
    unsafe { (*cx).enter_slowly(&*entry, pc, window) }
}

#[inline(never)]
unsafe fn find_method(cx: *mut Proc, o: Operands) -> bool {
    // SAFETY: as above.
    unsafe { (*cx).cache_method(o.get(o.b()), o.c()) }
}

/// Calls a native: 0, it has returned; 1, there is a trap; 2, the goroutine stops.
#[inline(never)]
unsafe fn native(cx: *mut Proc, o: Operands) -> u32 {
    // SAFETY: as above; the arguments are behind the header of the window.
    unsafe {
        let proc = &mut *cx;
        let state = proc.g.get();
        let back = o.pc.add(1);
        (state.pc, state.frame) = (back, o.fp);
        let native = *proc.natives.add(o.long() as usize);
        let mut call = NativeCall::new(proc, o.slot(o.a() + usize::from(HEADER)));
        let stop = match native(&mut call) {
            Ok(Flow::Done) => return 0,
            Err(trap) => {
                proc.trap = Some(trap);
                return 1;
            }
            Ok(Flow::Yield) => Stop::Yield,
            Ok(Flow::Park) => Stop::Park,
            Ok(Flow::Goexit) => {
                proc.trap = Some(Trap::Goexit);
                return 1;
            }
            Ok(Flow::Exit(code)) => Stop::Exit(code),
        };
        // Its place is saved; if it waits, it is not ours any more.
        proc.stop = stop;
        2
    }
}

fn go(p: &mut Proc, o: Operands) -> Result<(), Trap> {
    let closure = o.get(o.a());
    if closure == 0 {
        return Err(Trap::fatal("go of nil func value"));
    }
    let creator = p.sched.machine.code.locate(o.pc).map(|(function, at)| (function, at, p.g.get().id));
    // SAFETY: verified code has a closure without parameters there.
    let g = unsafe { p.make_goroutine(closure, creator)? };
    p.sched.ready(&p.own, g, true);
    p.sched.others_began();
    Ok(())
}

fn defer(p: &mut Proc, o: Operands) -> Result<(), Trap> {
    push_deferred(p, o.get(o.a()), o.fp)
}

fn defer_to(p: &mut Proc, o: Operands) -> Result<(), Trap> {
    push_deferred(p, o.get(o.a()), o.get(o.b()) as *mut u64)
}

/// Adds a closure to the deferred calls of a frame.
fn push_deferred(p: &mut Proc, closure: u64, frame: *mut u64) -> Result<(), Trap> {
    let shape = p.memory.types().deferred;
    let deferred = p.memory.new_shaped(shape, 16)?;
    // SAFETY: the object is new and has two words. What it gets is protected as the frame's own values are; the frame
    // is one of the goroutine's that waits for this one.
    unsafe {
        *(deferred as *mut [u64; 2]) = [*frame.add(DEFERS), closure];
        *frame.add(DEFERS) = deferred as u64;
    }
    Ok(())
}

fn bad_range(_: &mut Proc, o: Operands) -> Result<(), Trap> {
    Err(Trap::error(match o.get(o.a()) {
        0 => "range function continued iteration after function for loop body returned false",
        2 => "range function continued iteration after loop body panic",
        3 => "range function continued iteration after whole loop exit",
        _ => "range function recovered a loop body panic and did not resume panicking",
    }))
}

fn recover(p: &mut Proc, o: Operands) -> Result<(), Trap> {
    let value = p.recover(o.pc, o.fp);
    o.set_pair(o.a(), value.words());
    Ok(())
}

fn panic(p: &mut Proc, o: Operands) -> Result<(), Trap> {
    let value = Value::from_words(o.pair(o.a()));
    if value.is_nil() {
        let at = Memory::nothing() as u64;
        return Err(Trap::Value(Value { tag: p.tag(p.known.nil_error), word: at }));
    }
    Err(Trap::Value(value))
}

fn refuse(p: &mut Proc, o: Operands) -> Result<(), Trap> {
    let text = &p.sched.machine.code.program().strings[o.long() as usize];
    Err(Trap::plain(String::from_utf8_lossy(text).into_owned()))
}

fn unreachable(_: &mut Proc, _: Operands) -> Result<(), Trap> {
    Err(Trap::fatal("unreachable code was reached"))
}

#[inline(always)]
unsafe fn over_edge(cx: *mut Proc) -> *const u64 {
    // SAFETY: the first frame of a segment has returned.
    unsafe { (*cx).over_edge() }
}

#[inline(never)]
unsafe fn unwound(cx: *mut Proc) -> Next {
    // SAFETY: the processor is the handler's, which keeps no reference to it.
    unsafe { (*cx).unwound() }
}

#[inline(never)]
unsafe fn finish(cx: *mut Proc) {
    // SAFETY: as above.
    unsafe { (*cx).stop = Stop::Finish };
}

#[inline(never)]
unsafe fn printed(cx: *mut Proc) -> Next {
    // SAFETY: as above.
    unsafe { (*cx).printed() }
}
