//! Slices: an address, a length and a capacity.

use super::{Memory, Trap};
use crate::bytecode::program::TypeIdx;

/// A slice in two slots.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(C)]
pub struct Slice {
    /// Where its first element is.
    pub at: usize,
    /// The number of elements.
    pub len: u32,
    /// The number of elements that there is room for.
    pub cap: u32,
}

/// Most elements of a slice.
pub const MAX_LEN: usize = u32::MAX as usize;

impl Slice {
    /// From its two words.
    #[inline]
    pub fn from_words([at, size]: [u64; 2]) -> Self {
        Self { at: at as usize, len: size as u32, cap: (size >> 32) as u32 }
    }

    /// Its two words.
    #[inline]
    pub fn words(self) -> [u64; 2] {
        [self.at as u64, u64::from(self.cap) << 32 | u64::from(self.len)]
    }

    /// The elements of a slice of bytes.
    ///
    /// # Safety
    /// It is a slice of bytes of the program. They are used only until the next safepoint, and nothing writes them
    /// meanwhile.
    #[inline]
    pub unsafe fn bytes<'a>(self) -> &'a [u8] {
        if self.len == 0 {
            return &[];
        }
        // SAFETY: a slice of the program leads to so many bytes.
        unsafe { std::slice::from_raw_parts(std::ptr::with_exposed_provenance(self.at), self.len as usize) }
    }
}

/// The capacity for `needed` elements that a slice of capacity `old` gets: twice the old one while it is small, less
/// and less above, so that appending takes constant time on average.
fn grown(old: usize, needed: usize) -> usize {
    const SMALL: usize = 256;
    if needed > 2 * old {
        return needed;
    }
    if old < SMALL {
        return 2 * old;
    }
    let mut cap = old;
    while cap < needed {
        cap += (cap + 3 * SMALL) / 4;
    }
    cap
}

impl Memory {
    /// `make([]T, len, cap)`
    ///
    /// # Errors
    /// A size that cannot be, or the heap is exhausted.
    pub fn make_slice(&mut self, elem: TypeIdx, len: i64, cap: i64, with_cap: bool) -> Result<Slice, Trap> {
        let size = self.types().get(elem).size().max(1) as u64;
        let most = (MAX_LEN as u64).min((1 << 47) / size);
        if !u64::try_from(len).is_ok_and(|len| len <= most) {
            return Err(Trap::error("makeslice: len out of range"));
        }
        if !u64::try_from(cap).is_ok_and(|cap| cap <= most) || cap < len {
            return Err(Trap::error(if with_cap {
                "makeslice: cap out of range"
            } else {
                "makeslice: len out of range"
            }));
        }
        let at = self.new_array(elem, cap as usize)?;
        Ok(Slice { at, len: len as u32, cap: cap as u32 })
    }

    /// The slice with room for `more` further elements, and that many longer. New elements are as they are in memory,
    /// zero if it was moved.
    ///
    /// # Errors
    /// The slice would be too long, or the heap is exhausted.
    ///
    /// # Safety
    /// It is a slice of such elements.
    #[inline]
    pub unsafe fn grow(&mut self, slice: Slice, elem: TypeIdx, more: usize) -> Result<Slice, Trap> {
        let len = slice.len as usize + more;
        if len <= slice.cap as usize {
            return Ok(Slice { len: len as u32, ..slice });
        }
        // SAFETY: the caller's promise.
        unsafe { self.grow_slow(slice, elem, len) }
    }

    /// # Safety
    /// As for [`Memory::grow`].
    #[cold]
    #[inline(never)]
    unsafe fn grow_slow(&mut self, slice: Slice, elem: TypeIdx, len: usize) -> Result<Slice, Trap> {
        let size = self.types().get(elem).size();
        if len > MAX_LEN {
            return Err(Trap::error("growslice: len out of range"));
        }
        let wanted = grown(slice.cap as usize, len);
        // What the heap rounds up to is room too.
        let cap = match size {
            0 => len,
            size => (self.rounded(elem, wanted * size) / size).max(wanted),
        };
        let cap = cap.min(MAX_LEN);
        let at = self.new_array(elem, cap)?;
        // SAFETY: the new object has room for as many as the slice had, which the caller's slice leads to.
        unsafe { self.init_copy(elem, at, slice.at, slice.len as usize) };
        Ok(Slice { at, len: len as u32, cap: cap as u32 })
    }

    /// A new slice of bytes.
    ///
    /// # Errors
    /// The heap is exhausted.
    pub fn bytes_slice(&mut self, bytes: &[u8]) -> Result<Slice, Trap> {
        if bytes.len() > MAX_LEN {
            return Err(Trap::error("makeslice: len out of range"));
        }
        let text = self.new_string(bytes)?;
        Ok(Slice { at: text.at, len: text.len as u32, cap: text.len as u32 })
    }
}
