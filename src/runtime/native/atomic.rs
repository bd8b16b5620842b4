//! Package `sync/atomic`. All operations are sequentially consistent.
//!
//! Memory has the bits of integers; slots have them extended to 64 bits, with the sign if there is one.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::SeqCst, fence};

use super::reflect::target;
use crate::runtime::interp::native::{Call, Flow, Table};
use crate::runtime::object::Trap;

pub(super) const TABLE: Table = &[
    ("LoadInt32", |c| half(c, SIGNED, |at, _| at.load(SeqCst))),
    ("LoadInt64", |c| whole(c, |at, _| at.load(SeqCst))),
    ("LoadUint32", |c| half(c, UNSIGNED, |at, _| at.load(SeqCst))),
    ("LoadUint64", |c| whole(c, |at, _| at.load(SeqCst))),
    ("LoadUintptr", |c| whole(c, |at, _| at.load(SeqCst))),
    ("StoreInt32", store_half),
    ("StoreInt64", store_whole),
    ("StoreUint32", store_half),
    ("StoreUint64", store_whole),
    ("StoreUintptr", store_whole),
    ("SwapInt32", |c| half(c, SIGNED, |at, c| at.swap(c.word() as u32, SeqCst))),
    ("SwapInt64", |c| whole(c, |at, c| at.swap(c.word(), SeqCst))),
    ("SwapUint32", |c| half(c, UNSIGNED, |at, c| at.swap(c.word() as u32, SeqCst))),
    ("SwapUint64", |c| whole(c, |at, c| at.swap(c.word(), SeqCst))),
    ("SwapUintptr", |c| whole(c, |at, c| at.swap(c.word(), SeqCst))),
    ("CompareAndSwapInt32", exchange_half),
    ("CompareAndSwapInt64", exchange_whole),
    ("CompareAndSwapUint32", exchange_half),
    ("CompareAndSwapUint64", exchange_whole),
    ("CompareAndSwapUintptr", exchange_whole),
    ("AddInt32", |c| half(c, SIGNED, add_half)),
    ("AddInt64", |c| whole(c, add_whole)),
    ("AddUint32", |c| half(c, UNSIGNED, add_half)),
    ("AddUint64", |c| whole(c, add_whole)),
    ("AddUintptr", |c| whole(c, add_whole)),
    ("AndInt32", |c| half(c, SIGNED, |at, c| at.fetch_and(c.word() as u32, SeqCst))),
    ("AndInt64", |c| whole(c, |at, c| at.fetch_and(c.word(), SeqCst))),
    ("AndUint32", |c| half(c, UNSIGNED, |at, c| at.fetch_and(c.word() as u32, SeqCst))),
    ("AndUint64", |c| whole(c, |at, c| at.fetch_and(c.word(), SeqCst))),
    ("AndUintptr", |c| whole(c, |at, c| at.fetch_and(c.word(), SeqCst))),
    ("OrInt32", |c| half(c, SIGNED, |at, c| at.fetch_or(c.word() as u32, SeqCst))),
    ("OrInt64", |c| whole(c, |at, c| at.fetch_or(c.word(), SeqCst))),
    ("OrUint32", |c| half(c, UNSIGNED, |at, c| at.fetch_or(c.word() as u32, SeqCst))),
    ("OrUint64", |c| whole(c, |at, c| at.fetch_or(c.word(), SeqCst))),
    ("OrUintptr", |c| whole(c, |at, c| at.fetch_or(c.word(), SeqCst))),
    ("fence", |_| {
        fence(SeqCst);
        Ok(Flow::Done)
    }),
    ("casPointer", exchange_pointer),
    ("casValue", exchange_value),
    ("sameType", |c| {
        let (a, b) = (c.any(), c.any());
        c.put_bool(a.tag == b.tag);
        Ok(Flow::Done)
    }),
];

/// How bits in memory become those of a slot.
type Extend = fn(u32) -> u64;
const SIGNED: Extend = |bits| i64::from(bits as i32) as u64;
const UNSIGNED: Extend = |bits| u64::from(bits);

/// The integer of 32 bits that the next argument leads to.
fn at_half<'a>(c: &mut Call<'a>) -> Result<&'a AtomicU32, Trap> {
    // SAFETY: a pointer of the program to such an integer, which is alive until the native returns. Who accesses it
    // otherwise than atomically is a race of the program.
    Ok(unsafe { AtomicU32::from_ptr(c.pointer()? as *mut u32) })
}

/// The integer of 64 bits that the next argument leads to.
fn at_whole<'a>(c: &mut Call<'a>) -> Result<&'a AtomicU64, Trap> {
    // SAFETY: as above.
    Ok(unsafe { AtomicU64::from_ptr(c.pointer()? as *mut u64) })
}

/// An operation on an integer of 32 bits, whose result is one.
fn half(c: &mut Call<'_>, extend: Extend, f: impl Fn(&AtomicU32, &mut Call<'_>) -> u32) -> Result<Flow, Trap> {
    let at = at_half(c)?;
    let result = f(at, c);
    c.put(extend(result));
    Ok(Flow::Done)
}

/// An operation on an integer of 64 bits, whose result is one.
fn whole(c: &mut Call<'_>, f: impl Fn(&AtomicU64, &mut Call<'_>) -> u64) -> Result<Flow, Trap> {
    let at = at_whole(c)?;
    let result = f(at, c);
    c.put(result);
    Ok(Flow::Done)
}

fn add_half(at: &AtomicU32, c: &mut Call<'_>) -> u32 {
    let delta = c.word() as u32;
    at.fetch_add(delta, SeqCst).wrapping_add(delta)
}

fn add_whole(at: &AtomicU64, c: &mut Call<'_>) -> u64 {
    let delta = c.word();
    at.fetch_add(delta, SeqCst).wrapping_add(delta)
}

fn store_half(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let (at, new) = (at_half(c)?, c.word());
    at.store(new as u32, SeqCst);
    Ok(Flow::Done)
}

fn store_whole(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let (at, new) = (at_whole(c)?, c.word());
    at.store(new, SeqCst);
    Ok(Flow::Done)
}

fn exchange_half(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let (at, old, new) = (at_half(c)?, c.word() as u32, c.word() as u32);
    c.put_bool(at.compare_exchange(old, new, SeqCst, SeqCst).is_ok());
    Ok(Flow::Done)
}

fn exchange_whole(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let (at, old, new) = (at_whole(c)?, c.word(), c.word());
    c.put_bool(at.compare_exchange(old, new, SeqCst, SeqCst).is_ok());
    Ok(Flow::Done)
}

fn exchange_pointer(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let (slot, old, new) = (c.any(), c.any(), c.any());
    let (_, at) = target(c.proc.memory.types(), slot)?;
    // SAFETY: the slot is one for pointers, and the others are such pointers.
    let done = unsafe { c.memory().mutator.exchange_ptr(at as *mut usize, old.word as usize, new.word as usize) };
    c.put_bool(done);
    Ok(Flow::Done)
}

fn exchange_value(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let (at, old, new) = (c.pointer()?, c.pair(), c.pair());
    let words = |[tag, word]: [u64; 2]| [tag as usize, word as usize];
    // SAFETY: the first argument leads to an interface, which is aligned to 16 bytes; the others are interfaces.
    let done = unsafe { c.memory().mutator.exchange_tagged(at as *mut [usize; 2], words(old), words(new)) };
    c.put_bool(done);
    Ok(Flow::Done)
}
