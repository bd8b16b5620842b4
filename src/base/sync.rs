//! Atomics, locks and cells: those of the standard library, or loom's when its models are built.
//!
//! Only the small lock-free parts that a loom model covers take their types from here: the state words of the
//! safepoint handshake, the pool of mark work, the ownership of spans. What lies in mapped memory uses the standard
//! atomics directly, because loom's have a state of their own and cannot be laid over raw bytes.

#[cfg(loom)]
pub use loom::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence};
#[cfg(loom)]
pub use loom::sync::{Arc, Condvar, Mutex, MutexGuard};
#[cfg(not(loom))]
pub use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence};
#[cfg(not(loom))]
pub use std::sync::{Arc, Condvar, Mutex, MutexGuard};

/// Locks `mutex`. What a panicking thread left behind is used as it is: the collector's data are plain counters and
/// lists, whole at every point where a thread can panic.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
