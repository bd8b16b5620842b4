//! Package `hash/fnv`.

use crate::runtime::interp::native::{Flow, Table};

pub(super) const TABLE: Table = &[
    ("update32", |c| {
        let (hash, bytes, first) = (c.word() as u32, c.bytes(), c.bool());
        let hash = update(hash, bytes, first, |hash, byte| hash ^ u32::from(byte), |hash| hash.wrapping_mul(PRIME32));
        c.put(u64::from(hash));
        Ok(Flow::Done)
    }),
    ("update64", |c| {
        let (hash, bytes, first) = (c.word(), c.bytes(), c.bool());
        let hash = update(hash, bytes, first, |hash, byte| hash ^ u64::from(byte), |hash| hash.wrapping_mul(PRIME64));
        c.put(hash);
        Ok(Flow::Done)
    }),
    ("update128", |c| {
        let hash = u128::from(c.word()) << 64 | u128::from(c.word());
        let (bytes, first) = (c.bytes(), c.bool());
        let hash = update(hash, bytes, first, |hash, byte| hash ^ u128::from(byte), |hash| hash.wrapping_mul(PRIME128));
        c.put((hash >> 64) as u64);
        c.put(hash as u64);
        Ok(Flow::Done)
    }),
];

const PRIME32: u32 = (1 << 24) + 0x193;
const PRIME64: u64 = (1 << 40) + 0x1B3;
const PRIME128: u128 = (1 << 88) + 0x13B;

/// Takes bytes into a hash; with FNV-1a the byte comes before the product.
fn update<T>(hash: T, bytes: &[u8], first: bool, mix: impl Fn(T, u8) -> T, times: impl Fn(T) -> T) -> T {
    if first {
        bytes.iter().fold(hash, |hash, byte| times(mix(hash, *byte)))
    } else {
        bytes.iter().fold(hash, |hash, byte| mix(times(hash), *byte))
    }
}
