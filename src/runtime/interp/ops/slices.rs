//! Strings, slices and arrays.

use super::super::state::{Dispatch, Operands, State};
use super::{Proc, fault, handlers};
use crate::runtime::interp::fault::{self as faults, Bounds};
use crate::runtime::object::{Memory, Slice, Str, Trap, text};

/// Loads an element: the slice is operand `b`, the index `c`.
macro_rules! at {
    ($($name:ident: $ty:ty as $wide:ty;)*) => {
        handlers! {
            $($name(s) {
                let ([base, size], i) = (s.pair(s.b()), s.get(s.c()));
                if i >= u64::from(size as u32) {
                    return s.cold(fault::<D>);
                }
                let value = *(base as *const $ty).add(i as usize);
                s.put::<D>(<$wide>::from(value) as u64);
            })*
        }
    };
}

/// Stores an element: the slice is operand `a`, the index `b`.
macro_rules! set {
    ($($name:ident: $ty:ty;)*) => {
        handlers! {
            $($name(s) {
                let ([base, size], i) = (s.pair(s.a()), s.get(s.b()));
                if i >= u64::from(size as u32) {
                    return s.cold(fault::<D>);
                }
                *(base as *mut $ty).add(i as usize) = s.get(s.c()) as $ty;
                s.next::<D>(1);
            })*
        }
    };
}

at! {
    At8u: u8 as u64;
    At32s: i32 as i64;
    At32u: u32 as u64;
}

/// Loads an element of an array: its address is operand `b`, the index `c`.
macro_rules! array_at {
    ($($name:ident: $ty:ty as $wide:ty;)*) => {
        handlers! {
            $($name(s) {
                let (base, i) = (s.get(s.b()), s.get(s.c()));
                if base == 0 || i >= u64::from(s.low()) {
                    return s.cold(fault::<D>);
                }
                let value = <$wide>::from(*(base as *const $ty).add(i as usize)) as u64;
                s.set(s.a(), value);
                State { acc: value, ..s }.next::<D>(2);
            })*
        }
    };
}

array_at! {
    ArrAt8u: u8 as u64;
    ArrAt32s: i32 as i64;
    ArrAt32u: u32 as u64;
}

/// The same with the index from the accumulator.
macro_rules! at_c {
    ($($name:ident: $ty:ty as $wide:ty;)*) => {
        handlers! {
            $($name(s) {
                let ([base, size], i) = (s.pair(s.b()), s.acc);
                if i >= u64::from(size as u32) {
                    return s.cold(fault::<D>);
                }
                let value = *(base as *const $ty).add(i as usize);
                s.put::<D>(<$wide>::from(value) as u64);
            })*
        }
    };
}

at_c! {
    At8uC: u8 as u64;
    At32sC: i32 as i64;
}

/// Loads an element of 64 bits, which may be a float.
macro_rules! at_word {
    ($($name:ident: |$s:ident| $i:expr;)*) => {
        handlers! {
            $($name($s) {
                let ([base, size], i) = ($s.pair($s.b()), $i);
                if i >= u64::from(size as u32) {
                    return $s.cold(fault::<D>);
                }
                let value = *(base as *const u64).add(i as usize);
                State { facc: f64::from_bits(value), ..$s }.put::<D>(value);
            })*
        }
    };
}

at_word! {
    At64: |s| s.get(s.c());
    At64C: |s| s.acc;
}

set! {
    Set8: u8;
    Set32: u32;
    Set64: u64;
}

handlers! {
    ArrAt64(s) {
        let (base, i) = (s.get(s.b()), s.get(s.c()));
        if base == 0 || i >= u64::from(s.low()) {
            return s.cold(fault::<D>);
        }
        let value = *(base as *const u64).add(i as usize);
        s.set(s.a(), value);
        State { acc: value, facc: f64::from_bits(value), ..s }.next::<D>(2);
    }
    AtField64(s) {
        let ([base, size], i) = (s.pair(s.b()), s.get(s.c()));
        if i >= u64::from(size as u32) {
            return s.cold(fault::<D>);
        }
        let value = *((base + i * u64::from(s.low()) + u64::from(s.high())) as *const u64);
        s.set(s.a(), value);
        State { acc: value, facc: f64::from_bits(value), ..s }.next::<D>(2);
    }
    AtAt64(s) {
        let ([base, size], i) = (s.pair(s.b()), s.get(s.c()));
        if i >= u64::from(size as u32) {
            return s.cold(fault::<D>);
        }
        let ([base, size], i) = (whole(base, i), s.get(s.ext_slot()));
        if i >= u64::from(size as u32) {
            return s.cold(fault::<D>);
        }
        let value = *(base as *const u64).add(i as usize);
        s.set(s.a(), value);
        State { acc: value, facc: f64::from_bits(value), ..s }.next::<D>(2);
    }
    FmacAt(s) {
        let ([base, size], i) = (s.pair(s.b()), s.get(s.c()));
        if i >= u64::from(size as u32) {
            return s.cold(fault::<D>);
        }
        let product = f64::from_bits(s.get(s.ext_slot())) * *(base as *const f64).add(i as usize);
        let sum = f64::from_bits(s.get(s.a())) + product;
        s.set(s.a(), sum.to_bits());
        State { facc: sum, ..s }.next::<D>(2);
    }
    FmacAtAt(s) {
        let ([base, size], i) = (s.pair(s.b()), s.get(s.c()));
        if i >= u64::from(size as u32) {
            return s.cold(fault::<D>);
        }
        let ([base, size], i) = (whole(base, i), s.get(s.ext_slot()));
        if i >= u64::from(size as u32) {
            return s.cold(fault::<D>);
        }
        let product = f64::from_bits(s.get(s.ext_second())) * *(base as *const f64).add(i as usize);
        let sum = f64::from_bits(s.get(s.a())) + product;
        s.set(s.a(), sum.to_bits());
        State { facc: sum, ..s }.next::<D>(2);
    }
    FmacRow(s) {
        let ([base, size], i) = (s.pair(s.b()), s.get(s.ext_slot()));
        let [rows, count] = s.pair(s.c());
        if i >= u64::from(size as u32) || i >= u64::from(count as u32) {
            return s.cold(fault::<D>);
        }
        let factor = *(base as *const f64).add(i as usize);
        let ([base, size], i) = (whole(rows, i), s.get(s.ext_second()));
        if i >= u64::from(size as u32) {
            return s.cold(fault::<D>);
        }
        let sum = f64::from_bits(s.get(s.a())) + factor * *(base as *const f64).add(i as usize);
        s.set(s.a(), sum.to_bits());
        State { facc: sum, ..s }.next::<D>(2);
    }
    AtAt8u(s) {
        let ([base, size], i) = (s.pair(s.b()), s.get(s.c()));
        if i >= u64::from(size as u32) {
            return s.cold(fault::<D>);
        }
        let ([base, size], i) = (whole(base, i), s.get(s.ext_slot()));
        if i >= u64::from(size as u32) {
            return s.cold(fault::<D>);
        }
        let value = u64::from(*(base as *const u8).add(i as usize));
        s.set(s.a(), value);
        State { acc: value, ..s }.next::<D>(2);
    }
    StrAt(s) {
        let ([base, len], i) = (s.pair(s.b()), s.get(s.c()));
        if i >= len {
            return s.cold(fault::<D>);
        }
        let byte = *(base as *const u8).add(i as usize);
        s.put::<D>(u64::from(byte));
    }
    Len(s) {
        let [_, size] = s.pair(s.b());
        s.put::<D>(u64::from(size as u32));
    }
    Cap(s) {
        let [_, size] = s.pair(s.b());
        s.put::<D>(size >> 32);
    }
    ElemAddr(s) {
        let ([base, size], i) = (s.pair(s.b()), s.get(s.c()));
        if i >= u64::from(size as u32) {
            return s.cold(fault::<D>);
        }
        let address = base + i * u64::from(s.low());
        s.set(s.a(), address);
        State { acc: address, ..s }.next::<D>(2);
    }
    ArrayAddr(s) {
        let (base, i) = (s.get(s.b()), s.get(s.c()));
        if base == 0 || i >= u64::from(s.high()) {
            return s.cold(fault::<D>);
        }
        let address = base + i * u64::from(s.low());
        s.set(s.a(), address);
        State { acc: address, ..s }.next::<D>(2);
    }
    At2(s) {
        let ([base, size], i) = (s.pair(s.b()), s.get(s.c()));
        if i >= u64::from(size as u32) {
            return s.cold(fault::<D>);
        }
        let pair = whole(base, i);
        s.set_pair(s.a(), pair);
        s.next::<D>(1);
    }
    SetP(s) {
        let ([base, size], i) = (s.pair(s.a()), s.get(s.b()));
        if i >= u64::from(size as u32) {
            return s.cold(fault::<D>);
        }
        (*s.cx).memory.set_pointer(base as usize + 8 * i as usize, s.get(s.c()));
        s.next::<D>(1);
    }
    Slice(s) { s.work::<D>(2, slice) }
    SliceArray(s) { s.work::<D>(2, slice_array) }
    SliceStr(s) { s.work::<D>(2, slice_string) }
    SliceToArray(s) { s.work::<D>(2, slice_to_array) }
    MakeSlice(s) { s.work::<D>(2, make_slice) }
    Grow(s) { s.work::<D>(2, grow) }
    ClearSlice(s) { s.work::<D>(2, clear_slice) }
    Append(s) { s.work::<D>(2, append) }
    AppendStr(s) { s.work::<D>(1, append_string) }
    Copy(s) { s.work::<D>(2, copy) }
    CopyStr(s) { s.work::<D>(1, copy_string) }
    Concat(s) { s.work::<D>(1, concat) }
    StrCmp(s) {
        let order = compare(string(s.pair(s.b())), string(s.pair(s.c())));
        State { facc: 0.0, ..s }.put::<D>(order);
    }
    StrEq(s) {
        let ([x, x_len], [y, y_len]) = (s.pair(s.b()), s.pair(s.c()));
        let equal = x_len == y_len && (x == y || same(x, y, x_len));
        State { facc: 0.0, ..s }.put::<D>(u64::from(equal));
    }
    StrOfBytes(s) { s.work::<D>(1, string_of_bytes) }
    BytesOfStr(s) { s.work::<D>(1, bytes_of_string) }
    StrOfRunes(s) { s.work::<D>(1, string_of_runes) }
    RunesOfStr(s) { s.work::<D>(1, runes_of_string) }
    StrOfRune(s) { s.work::<D>(1, string_of_rune) }
    RuneAt(s) {
        let ([base, _], i) = (s.pair(s.b()), s.get(s.c()));
        // Loops look before they ask.
        let first = *(base as *const u8).add(i as usize);
        if first < 0x80 {
            s.set(s.a(), u64::from(first));
            s.set(s.a() + 1, i + 1);
            return s.next::<D>(1);
        }
        rune_at(s.operands());
        State { acc: 0, facc: 0.0, ..s }.next::<D>(1);
    }
}

/// A pair among others.
///
/// # Safety
/// There are more than `i` from `base` on.
#[inline(always)]
unsafe fn whole(base: u64, i: u64) -> [u64; 2] {
    // SAFETY: the caller's promise.
    unsafe { Memory::pair(base as usize + 16 * i as usize) }
}

fn string([at, len]: [u64; 2]) -> Str {
    Str { at: at as usize, len: len as usize }
}

#[inline(never)]
unsafe fn same(x: u64, y: u64, len: u64) -> bool {
    // SAFETY: strings of the program.
    unsafe { string([x, len]).bytes() == string([y, len]).bytes() }
}

#[inline(never)]
unsafe fn compare(x: Str, y: Str) -> u64 {
    // SAFETY: strings of the program.
    unsafe { x.bytes().cmp(y.bytes()) as i64 as u64 }
}

#[inline(never)]
unsafe fn rune_at(o: Operands) {
    let i = o.get(o.c());
    // SAFETY: a string of the program.
    let bytes = unsafe { string(o.pair(o.b())).bytes() };
    let (rune, size) = text::decode(&bytes[i as usize..]);
    o.set(o.a(), u64::from(u32::from(rune)));
    o.set(o.a() + 1, i + size as u64);
}

/// The bounds of a slice expression that are there.
fn bounds(o: Operands) -> [Option<u64>; 3] {
    let (first, flags) = (o.c(), o.high());
    [0, 1, 2].map(|i| (flags >> i & 1 == 1).then(|| o.get(first + i)))
}

fn slice(p: &mut Proc, o: Operands) -> Result<(), Trap> {
    let old = Slice::from_words(o.pair(o.b()));
    let [low, high, max] = bounds(o);
    let cap = u64::from(old.cap);
    let full = max.is_some();
    let end = max.unwrap_or(cap);
    if end > cap {
        return Err(faults::slice(Bounds::Max(end, cap, false)));
    }
    let high = high.unwrap_or(u64::from(old.len));
    if high > end {
        return Err(faults::slice(if full { Bounds::HighMax(high, end) } else { Bounds::High(high, cap, true) }));
    }
    let low = low.unwrap_or(0);
    if low > high {
        return Err(faults::slice(if full { Bounds::LowHigh3(low, high) } else { Bounds::LowHigh(low, high) }));
    }
    let cap = end - low;
    let size = p.memory.types().get(o.low()).size() as u64;
    // Without room it keeps its base: no pointer leads past the end of its object.
    let at = if cap == 0 { old.at } else { old.at + (low * size) as usize };
    o.set_pair(o.a(), Slice { at, len: (high - low) as u32, cap: cap as u32 }.words());
    Ok(())
}

fn slice_array(p: &mut Proc, o: Operands) -> Result<(), Trap> {
    let base = o.get(o.b()) as usize;
    if base == 0 {
        return Err(Trap::Nil);
    }
    let array = &p.memory.types().get(o.low()).desc;
    let (len, elem) = (array.len, array.elem);
    let [low, high, max] = bounds(o);
    let full = max.is_some();
    let end = max.unwrap_or(len);
    if end > len {
        return Err(faults::slice(Bounds::Max(end, len, true)));
    }
    let high = high.unwrap_or(len);
    if high > end {
        return Err(faults::slice(if full { Bounds::HighMax(high, end) } else { Bounds::High(high, len, false) }));
    }
    let low = low.unwrap_or(0);
    if low > high {
        return Err(faults::slice(if full { Bounds::LowHigh3(low, high) } else { Bounds::LowHigh(low, high) }));
    }
    if end > u64::from(u32::MAX) {
        return Err(Trap::error("makeslice: len out of range"));
    }
    let cap = end - low;
    let size = p.memory.types().get(elem).size() as u64;
    let at = if cap == 0 { base } else { base + (low * size) as usize };
    o.set_pair(o.a(), Slice { at, len: (high - low) as u32, cap: cap as u32 }.words());
    Ok(())
}

fn slice_string(_: &mut Proc, o: Operands) -> Result<(), Trap> {
    let [at, len] = o.pair(o.b());
    let [low, high, _] = bounds(o);
    let high = high.unwrap_or(len);
    if high > len {
        return Err(faults::slice(Bounds::High(high, len, false)));
    }
    let low = low.unwrap_or(0);
    if low > high {
        return Err(faults::slice(Bounds::LowHigh(low, high)));
    }
    let at = if low == high { at } else { at + low };
    o.set_pair(o.a(), [at, high - low]);
    Ok(())
}

fn slice_to_array(p: &mut Proc, o: Operands) -> Result<(), Trap> {
    let slice = Slice::from_words(o.pair(o.b()));
    let len = p.memory.types().get(o.low()).desc.len;
    if u64::from(slice.len) < len {
        return Err(Trap::Bounds(format!(
            "cannot convert slice with length {} to array or pointer to array with length {len}",
            slice.len
        )));
    }
    o.set(o.a(), slice.at as u64);
    Ok(())
}

fn make_slice(p: &mut Proc, o: Operands) -> Result<(), Trap> {
    let (len, cap) = (o.get(o.b()) as i64, o.get(o.c()) as i64);
    let slice = p.memory.make_slice(o.low(), len, cap, o.high() != 0)?;
    o.set_pair(o.a(), slice.words());
    Ok(())
}

fn grow(p: &mut Proc, o: Operands) -> Result<(), Trap> {
    let old = Slice::from_words(o.pair(o.b()));
    let more = o.get(o.c()) as usize;
    // SAFETY: verified code has a slice of this type there.
    let new = unsafe { p.memory.grow(old, o.low(), more)? };
    let size = p.memory.types().get(o.low()).size();
    o.set_pair(o.a(), new.words());
    o.set(o.a() + 2, (new.at + old.len as usize * size) as u64);
    Ok(())
}

fn clear_slice(p: &mut Proc, o: Operands) -> Result<(), Trap> {
    let slice = Slice::from_words(o.pair(o.a()));
    // SAFETY: as above.
    unsafe { p.memory.clear(o.low(), slice.at, slice.len as usize) };
    Ok(())
}

fn append(p: &mut Proc, o: Operands) -> Result<(), Trap> {
    let (old, other) = (Slice::from_words(o.pair(o.b())), Slice::from_words(o.pair(o.c())));
    let count = other.len as usize;
    if count == 0 {
        o.set_pair(o.a(), old.words());
        return Ok(());
    }
    // SAFETY: as above; there is room for the elements behind the old ones.
    unsafe {
        let new = p.memory.grow(old, o.low(), count)?;
        let size = p.memory.types().get(o.low()).size();
        p.memory.copy(o.low(), new.at + old.len as usize * size, other.at, count);
        o.set_pair(o.a(), new.words());
    }
    Ok(())
}

fn append_string(p: &mut Proc, o: Operands) -> Result<(), Trap> {
    let (old, other) = (Slice::from_words(o.pair(o.b())), string(o.pair(o.c())));
    if other.len == 0 {
        o.set_pair(o.a(), old.words());
        return Ok(());
    }
    let byte = p.known.byte;
    // SAFETY: as above.
    unsafe {
        let new = p.memory.grow(old, byte, other.len)?;
        std::ptr::copy(other.bytes().as_ptr(), (new.at + old.len as usize) as *mut u8, other.len);
        o.set_pair(o.a(), new.words());
    }
    Ok(())
}

fn copy(p: &mut Proc, o: Operands) -> Result<(), Trap> {
    let (to, from) = (Slice::from_words(o.pair(o.b())), Slice::from_words(o.pair(o.c())));
    let count = to.len.min(from.len);
    // SAFETY: as above.
    unsafe { p.memory.copy(o.low(), to.at, from.at, count as usize) };
    o.set(o.a(), u64::from(count));
    Ok(())
}

fn copy_string(_: &mut Proc, o: Operands) -> Result<(), Trap> {
    let (to, from) = (Slice::from_words(o.pair(o.b())), string(o.pair(o.c())));
    let count = from.len.min(to.len as usize);
    // SAFETY: as above.
    unsafe { std::ptr::copy(from.bytes().as_ptr(), to.at as *mut u8, count) };
    o.set(o.a(), count as u64);
    Ok(())
}

fn concat(p: &mut Proc, o: Operands) -> Result<(), Trap> {
    // SAFETY: verified code has so many strings there.
    let text = unsafe {
        let parts = std::slice::from_raw_parts(o.slot(o.b()).cast::<Str>(), o.c());
        p.memory.concat(parts)?
    };
    o.set_pair(o.a(), text.words());
    Ok(())
}

fn string_of_bytes(p: &mut Proc, o: Operands) -> Result<(), Trap> {
    // SAFETY: verified code has a slice of bytes there.
    let text = unsafe { p.memory.new_string(Slice::from_words(o.pair(o.b())).bytes())? };
    o.set_pair(o.a(), text.words());
    Ok(())
}

fn bytes_of_string(p: &mut Proc, o: Operands) -> Result<(), Trap> {
    // SAFETY: verified code has a string there.
    let slice = unsafe { p.memory.bytes_slice(string(o.pair(o.b())).bytes())? };
    o.set_pair(o.a(), slice.words());
    Ok(())
}

fn string_of_runes(p: &mut Proc, o: Operands) -> Result<(), Trap> {
    let slice = Slice::from_words(o.pair(o.b()));
    let mut out = String::new();
    for i in 0..slice.len as usize {
        // SAFETY: verified code has a slice of runes there.
        out.push(text::char_of(i64::from(unsafe { *(slice.at as *const i32).add(i) })));
    }
    let text = p.memory.new_string(out.as_bytes())?;
    o.set_pair(o.a(), text.words());
    Ok(())
}

fn runes_of_string(p: &mut Proc, o: Operands) -> Result<(), Trap> {
    // SAFETY: verified code has a string there.
    let mut rest = unsafe { string(o.pair(o.b())).bytes() };
    let mut runes = Vec::new();
    while !rest.is_empty() {
        let (rune, size) = text::decode(rest);
        runes.push(u32::from(rune));
        rest = &rest[size..];
    }
    let at = p.memory.new_bytes(4 * runes.len())?;
    // SAFETY: the new object has room for all.
    unsafe { std::ptr::copy_nonoverlapping(runes.as_ptr(), at as *mut u32, runes.len()) };
    let len = u32::try_from(runes.len()).map_err(|_| Trap::error("makeslice: len out of range"))?;
    o.set_pair(o.a(), Slice { at, len, cap: len }.words());
    Ok(())
}

fn string_of_rune(p: &mut Proc, o: Operands) -> Result<(), Trap> {
    let rune = text::char_of(o.get(o.b()) as i64);
    let text = p.memory.new_string(rune.encode_utf8(&mut [0; 4]).as_bytes())?;
    o.set_pair(o.a(), text.words());
    Ok(())
}
