//! Objects, interfaces and maps.

use super::super::state::{Dispatch, Operands, State};
use super::{Proc, handlers, raise};
use crate::bytecode::program::Kind;
use crate::runtime::interp::fault;
use crate::runtime::object::value::tag_of;
use crate::runtime::object::{Memory, Trap, Value};

handlers! {
    New(s) {
        let object = new_value(s.cx, s.long());
        if object == 0 {
            return s.cold(raise::<D>);
        }
        State { facc: 0.0, ..s }.put::<D>(object);
    }
    Closure(s) { s.work::<D>(1, closure) }
    Box(s) { s.work::<D>(2, boxed) }
    Unbox(s) {
        unboxed(s.cx, s.operands());
        State { acc: 0, facc: 0.0, ..s }.next::<D>(2);
    }
    IsType(s) {
        // The tag is twice the position plus 2, and the lowest bit follows from the type.
        let is = s.get(s.b()) >> 1 == u64::from(s.low()) + 1;
        s.set(s.a(), u64::from(is));
        State { acc: u64::from(is), ..s }.next::<D>(2);
    }
    Implements(s) {
        let value = Value::from_words(s.pair(s.b()));
        let does = implements(s.cx, value, s.low());
        s.set(s.a(), does);
        State { acc: does, facc: 0.0, ..s }.next::<D>(2);
    }
    BadAssert(s) { s.work::<D>(2, bad_assert) }
    IfaceEq(s) { s.work::<D>(1, interfaces_equal) }
    EqT(s) { s.work::<D>(2, equal) }
    MakeMap(s) { s.work::<D>(2, make_map) }
    MapFind(s) { s.work::<D>(2, map_find) }
    MapPlace(s) { s.work::<D>(2, map_place) }
    MapDelete(s) { s.work::<D>(2, map_delete) }
    MapLen(s) {
        let len = Memory::map_len(s.get(s.b()) as usize);
        s.put::<D>(len);
    }
    MapClear(s) { s.work::<D>(2, map_clear) }
    MapIter(s) { s.work::<D>(2, map_iter) }
    MapNext(s) { s.work::<D>(2, map_next) }
}

/// A new object, or 0 with the trap kept.
#[inline(never)]
unsafe fn new_value(cx: *mut Proc, ty: u32) -> u64 {
    // SAFETY: the processor is the handler's, which keeps no reference to it.
    let proc = unsafe { &mut *cx };
    match proc.memory.new_value(ty) {
        Ok(object) => object as u64,
        Err(trap) => {
            proc.trap = Some(trap);
            0
        }
    }
}

fn closure(p: &mut Proc, o: Operands) -> Result<(), Trap> {
    let function = o.long();
    let Some(shape) = p.memory.types().closure(function) else {
        return Err(Trap::fatal("a closure without captures was made"));
    };
    let words = p.sched.machine.code.function(function).captures.len();
    let object = p.memory.new_shaped(shape, 8 * words)?;
    // SAFETY: the object is new and has a word for the function.
    unsafe { *(object as *mut u64) = u64::from(function) };
    o.set(o.a(), object as u64);
    Ok(())
}

fn boxed(p: &mut Proc, o: Operands) -> Result<(), Trap> {
    // SAFETY: verified code has a value of the type there.
    let value = unsafe { p.memory.boxed(o.low(), o.slot(o.b()))? };
    o.set_pair(o.a(), value.words());
    Ok(())
}

#[inline(never)]
unsafe fn unboxed(cx: *mut Proc, o: Operands) {
    // SAFETY: the processor is the handler's; the compiler has looked at the interface's type before.
    unsafe { (*cx).memory.unboxed(o.low(), Value::from_words(o.pair(o.b())), o.slot(o.a())) };
}

#[inline(never)]
unsafe fn implements(cx: *mut Proc, value: Value, interface: u32) -> u64 {
    // SAFETY: the processor is the handler's.
    let proc = unsafe { &mut *cx };
    u64::from(value.ty().is_some_and(|ty| proc.implements(ty, interface)))
}

fn bad_assert(p: &mut Proc, o: Operands) -> Result<(), Trap> {
    let value = Value::from_words(o.pair(o.a()));
    Err(Trap::Assertion(fault::assertion(p, value, o.low(), o.high())))
}

fn interfaces_equal(p: &mut Proc, o: Operands) -> Result<(), Trap> {
    let (x, y) = (Value::from_words(o.pair(o.b())), Value::from_words(o.pair(o.c())));
    // SAFETY: verified code has interfaces there.
    let equal = unsafe { p.memory.types().values_equal(x, y)? };
    o.set(o.a(), u64::from(equal));
    Ok(())
}

fn equal(p: &mut Proc, o: Operands) -> Result<(), Trap> {
    let (x, y) = (o.get(o.b()) as usize, o.get(o.c()) as usize);
    // SAFETY: verified code has addresses of values of the type there.
    let equal = unsafe { p.memory.types().equal(o.low(), x, y)? };
    o.set(o.a(), u64::from(equal));
    Ok(())
}

fn make_map(p: &mut Proc, o: Operands) -> Result<(), Trap> {
    let hint = o.get(o.b()) as i64;
    debug_assert_eq!(p.memory.types().get(o.low()).kind(), Kind::Map);
    let map = p.memory.make_map(o.low(), hint)?;
    o.set(o.a(), map as u64);
    Ok(())
}

fn map_find(p: &mut Proc, o: Operands) -> Result<(), Trap> {
    // SAFETY: verified code has a map of the type and a key there.
    let found = unsafe { p.memory.map_find(o.low(), o.get(o.b()) as usize, o.slot(o.c()))? };
    o.set(o.a(), found as u64);
    Ok(())
}

fn map_place(p: &mut Proc, o: Operands) -> Result<(), Trap> {
    // SAFETY: as above.
    let place = unsafe { p.memory.map_place(o.low(), o.get(o.b()) as usize, o.slot(o.c()))? };
    o.set(o.a(), place as u64);
    Ok(())
}

fn map_delete(p: &mut Proc, o: Operands) -> Result<(), Trap> {
    // SAFETY: as above.
    unsafe { p.memory.map_delete(o.low(), o.get(o.a()) as usize, o.slot(o.b())) }
}

fn map_clear(p: &mut Proc, o: Operands) -> Result<(), Trap> {
    // SAFETY: as above.
    unsafe { p.memory.map_clear(o.get(o.a()) as usize) }
}

fn map_iter(p: &mut Proc, o: Operands) -> Result<(), Trap> {
    // SAFETY: as above.
    let iter = unsafe { p.memory.map_iter(o.get(o.b()) as usize)? };
    o.set(o.a(), iter as u64);
    Ok(())
}

fn map_next(p: &mut Proc, o: Operands) -> Result<(), Trap> {
    // SAFETY: verified code has an iterator over a map of the type there.
    let (key, elem) = unsafe { p.memory.map_next(o.low(), o.get(o.a()) as usize)? };
    o.set(o.b(), key as u64);
    o.set(o.c(), elem as u64);
    Ok(())
}

impl Proc {
    /// Whether a type has the methods that an interface type asks for.
    pub fn implements(&self, ty: u32, interface: u32) -> bool {
        let types = self.memory.types();
        let (have, wanted) = (&types.get(ty).desc.methods, &types.get(interface).desc.wanted);
        wanted.iter().all(|method| have.binary_search_by_key(method, |(number, _)| *number).is_ok())
    }

    /// The first word of interfaces that hold a type.
    pub fn tag(&self, ty: u32) -> u64 {
        tag_of(self.memory.types(), ty)
    }
}
