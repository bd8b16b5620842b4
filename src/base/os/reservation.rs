//! Reserved ranges of addresses.

use std::ffi::c_void;
use std::io;

use rustix::mm::{Advice, MapFlags, MprotectFlags, ProtFlags, madvise, mmap_anonymous, mprotect, munmap};

/// Ranges begin and end at multiples of this, in bytes: two huge pages.
pub const ALIGNMENT: usize = 4 << 20;

/// A range of addresses that nothing else is mapped to. What is not committed cannot be read or written. The range is
/// given back when this is dropped.
pub struct Reservation {
    base: *mut c_void,
    len: usize,
}

// SAFETY: it is only an address and a length; what is done with the memory is the user's matter.
unsafe impl Send for Reservation {}
// SAFETY: as above; its methods change mappings, which the system serialises.
unsafe impl Sync for Reservation {}

impl Reservation {
    /// Reserves `bytes`, rounded up to the alignment; if the system refuses, half as much, again and again, but not
    /// less than `least`.
    ///
    /// # Errors
    /// The system refuses even that.
    pub fn new(bytes: usize, least: usize) -> io::Result<Self> {
        let mut len = bytes.max(1).next_multiple_of(ALIGNMENT);
        loop {
            match Self::exactly(len) {
                Ok(range) => return Ok(range),
                Err(error) if len / 2 < least.max(ALIGNMENT) => return Err(error),
                Err(_) => len = (len / 2).next_multiple_of(ALIGNMENT),
            }
        }
    }

    fn exactly(len: usize) -> io::Result<Self> {
        let padded = len.checked_add(ALIGNMENT).ok_or(io::ErrorKind::OutOfMemory)?;
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
        // SAFETY: a new anonymous mapping at an address that the system chooses touches no memory in use.
        let start = unsafe { mmap_anonymous(std::ptr::null_mut(), padded, ProtFlags::empty(), flags) }?;
        let head = start.addr().next_multiple_of(ALIGNMENT) - start.addr();
        let base = start.wrapping_byte_add(head);
        let tail = padded - head - len;
        for (part, bytes) in [(start, head), (base.wrapping_byte_add(len), tail)] {
            if bytes > 0 {
                // SAFETY: the part belongs to the mapping just made, and nobody uses it.
                unsafe { munmap(part, bytes) }?;
            }
        }
        base.expose_provenance();
        Ok(Self { base, len })
    }

    /// The first address.
    #[inline]
    pub fn base(&self) -> usize {
        self.base.addr()
    }

    /// Its size in bytes.
    #[inline]
    #[expect(clippy::len_without_is_empty, reason = "a range is never empty")]
    pub fn len(&self) -> usize {
        self.len
    }

    /// The first address, as a pointer.
    #[inline]
    pub fn as_ptr(&self) -> *mut u8 {
        self.base.cast()
    }

    fn part(&self, offset: usize, bytes: usize) -> io::Result<*mut c_void> {
        match offset.checked_add(bytes) {
            Some(end) if end <= self.len => Ok(self.base.wrapping_byte_add(offset)),
            _ => Err(io::ErrorKind::InvalidInput.into()),
        }
    }

    /// Makes a part readable and writable. Memory that was never used reads as zero.
    ///
    /// # Errors
    /// The part is not inside of the range, or the system has no memory.
    pub fn commit(&self, offset: usize, bytes: usize) -> io::Result<()> {
        let part = self.part(offset, bytes)?;
        // SAFETY: the part lies in this mapping, and becomes more accessible than it was.
        Ok(unsafe { mprotect(part, bytes, MprotectFlags::READ | MprotectFlags::WRITE) }?)
    }

    /// Gives the memory of a part back; it reads as zero afterwards. Who calls it owns the part.
    ///
    /// # Errors
    /// The part is not inside of the range, or the system refuses.
    pub fn release(&self, offset: usize, bytes: usize) -> io::Result<()> {
        let part = self.part(offset, bytes)?;
        // SAFETY: the part lies in this mapping; its owner gives up what is in it.
        Ok(unsafe { madvise(part, bytes, Advice::LinuxDontNeed) }?)
    }

    /// Asks for huge pages in a part, or for none. Systems without them do nothing.
    pub fn huge_pages(&self, offset: usize, bytes: usize, yes: bool) {
        if let Ok(part) = self.part(offset, bytes) {
            let advice = if yes { Advice::LinuxHugepage } else { Advice::LinuxNoHugepage };
            // SAFETY: advice about this mapping changes no contents.
            let _ = unsafe { madvise(part, bytes, advice) };
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        // SAFETY: the whole mapping belongs to this, and its users are gone with it.
        let _ = unsafe { munmap(self.base, self.len) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_committed_and_released() {
        let range = Reservation::new(5 << 20, 1).unwrap();
        assert_eq!((range.len(), range.base() % ALIGNMENT), (8 << 20, 0));
        range.commit(4096, 8192).unwrap();
        let word = range.as_ptr().wrapping_add(4096).cast::<u64>();
        // SAFETY: committed just now.
        unsafe {
            assert_eq!(word.read(), 0);
            word.write(7);
            range.release(4096, 8192).unwrap();
            assert_eq!(word.read(), 0);
        }
    }

    #[test]
    fn parts_outside_are_refused() {
        let range = Reservation::new(1, 1).unwrap();
        assert!(range.commit(range.len(), 1).is_err() && range.release(usize::MAX, 2).is_err());
    }

    #[test]
    fn a_huge_wish_is_halved() {
        let range = Reservation::new(usize::MAX / 4, ALIGNMENT).unwrap();
        assert!(range.len() < usize::MAX / 4 && range.len() >= ALIGNMENT);
    }
}
