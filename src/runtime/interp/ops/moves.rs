//! Moves and constants.

use super::super::state::{Dispatch, State};
use super::{Proc, handlers};
use crate::runtime::object::Str;

handlers! {
    Nop(s) {
        s.next::<D>(1);
    }
    Mov(s) {
        let value = s.get(s.b());
        s.put::<D>(value);
    }
    MovB(s) {
        s.put::<D>(s.acc);
    }
    Mov2(s) {
        s.set_pair(s.a(), s.pair(s.b()));
        s.next::<D>(1);
    }
    Mov3(s) {
        let words: [u64; 3] = *s.slot(s.b()).cast();
        *s.slot(s.a()).cast() = words;
        s.next::<D>(1);
    }
    Mov4(s) {
        let words: [u64; 4] = *s.slot(s.b()).cast();
        *s.slot(s.a()).cast() = words;
        s.next::<D>(1);
    }
    MovN(s) {
        std::ptr::copy(s.slot(s.b()), s.slot(s.a()), s.c());
        s.next::<D>(1);
    }
    Imm(s) {
        s.put::<D>(i64::from(s.long() as i32) as u64);
    }
    Const(s) {
        let value = *(*s.cx).constants.add(s.long() as usize);
        State { facc: f64::from_bits(value), ..s }.put::<D>(value);
    }
    Str(s) {
        let text: Str = *(*s.cx).strings.add(s.long() as usize);
        s.set_pair(s.a(), text.words());
        s.next::<D>(1);
    }
    FuncValue(s) {
        let closure = (*s.cx).closures.add(s.long() as usize);
        s.put::<D>(closure as u64);
    }
    ZeroN(s) {
        std::ptr::write_bytes(s.slot(s.a()), 0, s.b());
        s.next::<D>(1);
    }
}
