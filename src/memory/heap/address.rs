//! Addresses.

use std::fmt;
use std::ops::Add;

/// Size of a machine word in bytes; the collector exists for 64-bit machines only.
pub const WORD: usize = 8;
const _: () = assert!(size_of::<usize>() == WORD, "the heap needs 64-bit addresses");

/// An address in memory, in the heap or elsewhere.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(transparent)]
pub struct Addr(usize);

impl Addr {
    /// No address.
    pub const NULL: Self = Self(0);

    /// The address with this number.
    #[inline]
    pub const fn new(address: usize) -> Self {
        Self(address)
    }

    /// The address a pointer holds.
    #[inline]
    pub fn of<T>(pointer: *const T) -> Self {
        Self(pointer.expose_provenance())
    }

    /// Its number.
    #[inline]
    pub const fn get(self) -> usize {
        self.0
    }

    /// Whether it is no address.
    #[inline]
    pub const fn is_null(self) -> bool {
        self.0 == 0
    }

    /// A pointer to it. The heap's memory is mapped, so its provenance was exposed when the mapping was made.
    #[inline]
    pub fn as_ptr<T>(self) -> *mut T {
        std::ptr::with_exposed_provenance_mut(self.0)
    }
}

impl Add<usize> for Addr {
    type Output = Self;

    #[inline]
    fn add(self, bytes: usize) -> Self {
        Self(self.0 + bytes)
    }
}

impl fmt::Debug for Addr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}
