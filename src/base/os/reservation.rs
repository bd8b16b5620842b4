//! Address space without memory behind it, until parts are committed.
//!
//! A page of a [`Reservation`] is in one of three states:
//!
//! ```text
//!   reserved ──commit──> committed, no memory ──first touch──> committed, in memory
//!   (faults)             (reads as zero)     <───release────   (the caller's data)
//! ```
//!
//! Nothing goes back to *reserved*: making pages accessible costs the system a split of its map of the process, and
//! the heap has no use for the faults. Neighbouring pages that are committed separately join into one entry of that
//! map; so do pages with the same advice about huge pages, which is why advice should be given for large ranges.

use std::ffi::c_void;
use std::io;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::ptr::{self, NonNull};

use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect, munmap};

use super::page_size;

/// Sizes and addresses of reservations are multiples of this: two huge pages of x86-64.
pub const RESERVATION_UNIT: usize = 4 << 20;

/// A range of addresses that belongs to this process. Dropping it unmaps the range, whatever still points there.
#[derive(Debug)]
pub struct Reservation {
    base: NonNull<u8>,
    size: NonZeroUsize,
}

// SAFETY: the fields are never changed, and the methods only make system calls on the range, which any thread may
// make at any time; what is unsafe about their effect is in the contract of `release`.
unsafe impl Send for Reservation {}
// SAFETY: as above.
unsafe impl Sync for Reservation {}

impl Reservation {
    /// Reserves `size` bytes, rounded up to [`RESERVATION_UNIT`]; when the system refuses, half of that, again and
    /// again while it is at least `min` (rounded up too).
    ///
    /// Fails with the system's reason for the smallest try, with `InvalidInput` when `min` is above `size`, and with
    /// `OutOfMemory` when `size` is more than the address space.
    pub fn new(size: usize, min: usize) -> io::Result<Self> {
        Self::new_with(size, min, map)
    }

    fn new_with(size: usize, min: usize, map: impl Fn(usize) -> io::Result<NonNull<u8>>) -> io::Result<Self> {
        let (mut size, min) = (round_up(size.max(1))?, round_up(min.max(1))?);
        if min > size {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the least size is above the wanted one"));
        }
        loop {
            let refused = match Self::aligned(size, &map) {
                Ok(reservation) => return Ok(reservation),
                Err(refused) => refused,
            };
            let half = round_up(size.get() / 2)?;
            if half < min || half == size {
                return Err(refused);
            }
            size = half;
        }
    }

    /// Maps one unit more than needed, and gives back what is before and behind the aligned part.
    fn aligned(size: NonZeroUsize, map: impl Fn(usize) -> io::Result<NonNull<u8>>) -> io::Result<Self> {
        let mapped = size.get().checked_add(RESERVATION_UNIT).ok_or_else(too_large)?;
        let start = map(mapped)?;
        let before = start.addr().get().wrapping_neg() % RESERVATION_UNIT;
        let behind = RESERVATION_UNIT - before;
        // SAFETY: `mapped` bytes from `start` are ours, just mapped and known to nobody. `before` is less than a unit,
        // so the aligned part is inside, and the two ends are what surrounds it.
        let base = unsafe {
            let base = start.add(before);
            unmap(start, before);
            unmap(base.add(size.get()), behind);
            base
        };
        Ok(Self { base, size })
    }

    /// The address of the first byte; a multiple of [`RESERVATION_UNIT`], not zero. Its provenance is exposed.
    pub fn base(&self) -> usize {
        self.base.as_ptr().expose_provenance()
    }

    /// The first byte. Valid for access to committed parts, as long as the reservation lives.
    pub fn as_ptr(&self) -> *mut u8 {
        self.base.as_ptr()
    }

    /// The size in bytes; a multiple of [`RESERVATION_UNIT`].
    pub fn size(&self) -> usize {
        self.size.get()
    }

    /// The addresses of the range.
    pub fn addresses(&self) -> Range<usize> {
        self.base()..self.base() + self.size()
    }

    /// Makes `len` bytes from `offset` readable and writable. What was not committed before reads as zero; what was is
    /// left as it is. Whole pages only.
    ///
    /// Fails when the system does not promise the memory, or its map of the process is full.
    pub fn commit(&self, offset: usize, len: usize) -> io::Result<()> {
        let start = self.range(offset, len);
        if len == 0 {
            return Ok(());
        }
        // SAFETY: the range is inside of ours, and access is only added.
        unsafe { mprotect(start, len, MprotectFlags::READ | MprotectFlags::WRITE) }.map_err(io::Error::from)
    }

    /// Gives the memory behind `len` bytes from `offset` back to the system. They stay committed and read as zero.
    /// Whole pages only.
    ///
    /// # Safety
    /// The range is committed, and nobody reads or writes it, or holds a reference into it, during the call; nobody
    /// expects the old contents after it.
    pub unsafe fn release(&self, offset: usize, len: usize) -> io::Result<()> {
        let start = self.range(offset, len);
        if len == 0 {
            return Ok(());
        }
        // SAFETY: the range is inside of ours; the caller promises that its contents are of no use to anybody.
        unsafe { discard(start, len) }
    }

    /// Advises the system to use huge pages for `len` bytes from `offset`, or not to. Whole pages only. Nothing
    /// happens where it knows no such advice.
    pub fn huge_pages(&self, offset: usize, len: usize, wanted: bool) {
        let start = self.range(offset, len);
        #[cfg(target_os = "linux")]
        {
            use rustix::mm::{Advice, madvise};
            let advice = if wanted { Advice::LinuxHugepage } else { Advice::LinuxNoHugepage };
            // SAFETY: the range is inside of ours, and this advice changes no contents.
            let _ = unsafe { madvise(start, len, advice) };
        }
        #[cfg(not(target_os = "linux"))]
        let _ = (start, wanted);
    }

    /// The start of a range that is inside of the reservation and made of whole pages.
    fn range(&self, offset: usize, len: usize) -> *mut c_void {
        let end = offset.checked_add(len);
        assert!(
            end.is_some_and(|end| end <= self.size()),
            "{len} bytes at {offset} are not inside of {} bytes",
            self.size()
        );
        assert!((offset | len).is_multiple_of(page_size()), "{len} bytes at {offset} are not whole pages");
        self.as_ptr().wrapping_add(offset).cast()
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        // SAFETY: the range is ours as a whole. References into it are derived from raw pointers, by code that has
        // promised to make none that outlives the reservation.
        unsafe { unmap(self.base, self.size()) };
    }
}

/// Maps `len` inaccessible bytes that no swap space is set aside for.
fn map(len: usize) -> io::Result<NonNull<u8>> {
    #[cfg(target_os = "freebsd")]
    let flags = MapFlags::PRIVATE;
    #[cfg(not(target_os = "freebsd"))]
    let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
    // SAFETY: the system chooses a place where nothing is.
    let start = unsafe { mmap_anonymous(ptr::null_mut(), len, ProtFlags::empty(), flags) }?;
    NonNull::new(start.cast()).ok_or_else(|| io::Error::other("the system mapped address zero"))
}

/// Unmaps `len` bytes, of which there may be none.
///
/// # Safety
/// The range consists of whole pages, is mapped, belongs to the caller, and is not used any more.
unsafe fn unmap(start: NonNull<u8>, len: usize) {
    if len > 0 {
        // SAFETY: as the caller promises.
        let result = unsafe { munmap(start.as_ptr().cast(), len) };
        // The map of the process may be too full to be split. Then address space is lost, and nothing else.
        debug_assert!(result.is_ok(), "{result:?}");
    }
}

/// Drops the contents of pages; they read as zero afterwards.
///
/// # Safety
/// The range is committed, belongs to the caller, and its contents are not used any more.
#[cfg(target_os = "linux")]
unsafe fn discard(start: *mut c_void, len: usize) -> io::Result<()> {
    use rustix::mm::{Advice, madvise};
    // SAFETY: as the caller promises.
    unsafe { madvise(start, len, Advice::LinuxDontNeed) }.map_err(io::Error::from)
}

/// Drops the contents of pages; they read as zero afterwards.
///
/// # Safety
/// The range is committed, belongs to the caller, and its contents are not used any more.
#[cfg(not(target_os = "linux"))]
unsafe fn discard(start: *mut c_void, len: usize) -> io::Result<()> {
    let access = ProtFlags::READ | ProtFlags::WRITE;
    // SAFETY: fresh pages replace the caller's own, which are of no use any more.
    unsafe { mmap_anonymous(start, len, access, MapFlags::PRIVATE | MapFlags::FIXED) }?;
    Ok(())
}

fn round_up(size: usize) -> io::Result<NonZeroUsize> {
    size.checked_next_multiple_of(RESERVATION_UNIT).and_then(NonZeroUsize::new).ok_or_else(too_large)
}

fn too_large() -> io::Error {
    io::Error::new(io::ErrorKind::OutOfMemory, "more than the address space")
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    const UNIT: usize = RESERVATION_UNIT;

    /// Reads a byte of a committed page.
    fn read(r: &Reservation, offset: usize) -> u8 {
        assert!(offset < r.size());
        // SAFETY: inside of the reservation; the tests read what they have committed.
        unsafe { r.as_ptr().add(offset).read_volatile() }
    }

    /// Writes a byte of a committed page.
    fn write(r: &Reservation, offset: usize, value: u8) {
        assert!(offset < r.size());
        // SAFETY: inside of the reservation; the tests write what they have committed.
        unsafe { r.as_ptr().add(offset).write_volatile(value) }
    }

    /// Whether the process has a mapping that covers `addr`, with its access.
    #[cfg(target_os = "linux")]
    fn mapping(addr: usize) -> Option<String> {
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        maps.lines().find_map(|line| {
            let (range, rest) = line.split_once(' ')?;
            let (start, end) = range.split_once('-')?;
            let inside =
                (usize::from_str_radix(start, 16).unwrap()..usize::from_str_radix(end, 16).unwrap()).contains(&addr);
            inside.then(|| rest[..4].to_owned())
        })
    }

    #[test]
    fn sizes_and_addresses_are_rounded() {
        for (asked, size) in [(0, UNIT), (1, UNIT), (UNIT, UNIT), (UNIT + 1, 2 * UNIT), (64 << 30, 64 << 30)] {
            let r = Reservation::new(asked, 1).unwrap();
            assert_eq!(r.size(), size);
            assert_eq!(r.base() % UNIT, 0);
            assert_eq!(r.addresses(), r.base()..r.base() + size);
            assert_eq!(r.as_ptr().addr(), r.base());
        }
    }

    #[test]
    fn committed_pages_are_zero_and_keep_what_is_written() {
        let r = Reservation::new(3 * UNIT, UNIT).unwrap();
        let page = page_size();
        r.commit(UNIT, 2 * page).unwrap();
        assert_eq!((read(&r, UNIT), read(&r, UNIT + 2 * page - 1)), (0, 0));
        write(&r, UNIT, 5);
        write(&r, UNIT + page, 6);
        r.commit(UNIT, UNIT).unwrap();
        assert_eq!((read(&r, UNIT), read(&r, UNIT + page), read(&r, 2 * UNIT - 1)), (5, 6, 0));
        // SAFETY: the page is committed, and nothing refers to it.
        unsafe { r.release(UNIT + page, page) }.unwrap();
        assert_eq!((read(&r, UNIT), read(&r, UNIT + page)), (5, 0));
        write(&r, UNIT + page, 7);
        assert_eq!(read(&r, UNIT + page), 7);
    }

    /// The bytes in memory of the mapping that begins at `addr`.
    #[cfg(target_os = "linux")]
    fn resident(addr: usize) -> u64 {
        let smaps = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let mut lines = smaps.lines().skip_while(|line| !line.starts_with(&format!("{addr:x}-")));
        let rss = lines.find_map(|line| line.strip_prefix("Rss:")).unwrap();
        rss.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() * 1024
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn releasing_returns_memory_to_the_system() {
        let size = 64 << 20;
        // The ends are left alone, so that the mapping cannot join with a neighbour.
        let r = Reservation::new(size + 2 * UNIT, size + 2 * UNIT).unwrap();
        let start = r.base() + UNIT;
        r.commit(UNIT, size).unwrap();
        r.huge_pages(UNIT, size, false);
        assert_eq!(resident(start), 0);
        for offset in (0..size).step_by(page_size()) {
            write(&r, UNIT + offset, 1);
        }
        assert_eq!(resident(start), size as u64);
        // The system counts for the process as a whole with some delay.
        let process = crate::base::os::resident_bytes().unwrap();
        assert!(process > size as u64 / 4 * 3, "{process}");
        // SAFETY: all of it is committed, and nothing refers to it.
        unsafe { r.release(UNIT, size / 2) }.unwrap();
        assert_eq!((resident(start), read(&r, UNIT + size / 2)), (size as u64 / 2, 1));
        assert_eq!(read(&r, UNIT), 0);
    }

    /// Maps `len` bytes from an address that is not aligned, by giving back a page at one of the ends.
    #[cfg(target_os = "linux")]
    fn map_askew(len: usize) -> io::Result<NonNull<u8>> {
        let start = map(len + page_size())?;
        let aligned = start.addr().get().is_multiple_of(UNIT);
        let (keep, spare) = if aligned { (page_size(), 0) } else { (0, len) };
        // SAFETY: both are inside of what has just been mapped, and nobody knows of the spare page.
        unsafe {
            unmap(start.add(spare), page_size());
            Ok(start.add(keep))
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn nothing_else_stays_mapped() {
        // Another thread may map something where it has just become free; but hardly each time.
        let clean = (0..100).any(|_| {
            let mapped = RefCell::new(0..0);
            let r = Reservation::new_with(2 * UNIT, UNIT, |len| {
                let start = map_askew(len)?;
                *mapped.borrow_mut() = start.addr().get()..start.addr().get() + len;
                Ok(start)
            });
            let (addresses, mapped) = (r.as_ref().unwrap().addresses(), mapped.take());
            assert!(mapped.start < addresses.start && addresses.end < mapped.end, "{addresses:x?} of {mapped:x?}");
            assert!(mapping(addresses.start).is_some() && mapping(addresses.end - 1).is_some());
            let around = [mapped.start, addresses.start - 1, addresses.end, mapped.end - 1].map(mapping);
            drop(r);
            let inside = [addresses.start, addresses.end - 1].map(mapping);
            around.iter().chain(&inside).all(Option::is_none)
        });
        assert!(clean);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn access_and_mappings_are_as_described() {
        let r = Reservation::new(2 * UNIT, UNIT).unwrap();
        let (base, page) = (r.base(), page_size());
        assert_eq!(mapping(base).as_deref(), Some("---p"));
        r.commit(page, page).unwrap();
        r.commit(0, 0).unwrap();
        assert_eq!(mapping(base).as_deref(), Some("---p"));
        assert_eq!(mapping(base + page).as_deref(), Some("rw-p"));
        assert_eq!(mapping(base + 2 * page).as_deref(), Some("---p"));
        assert_eq!(mapping(base + 2 * UNIT - 1).as_deref(), Some("---p"));
    }

    #[test]
    fn a_refused_size_is_halved_down_to_the_least() {
        let tries = RefCell::new(Vec::new());
        let refuse_above = |limit: usize| {
            let tries = &tries;
            move |len: usize| {
                tries.borrow_mut().push(len - UNIT);
                if len > limit + UNIT { Err(io::Error::from(io::ErrorKind::QuotaExceeded)) } else { map(len) }
            }
        };
        let r = Reservation::new_with(16 * UNIT, UNIT, refuse_above(4 * UNIT)).unwrap();
        assert_eq!((r.size(), tries.take()), (4 * UNIT, vec![16 * UNIT, 8 * UNIT, 4 * UNIT]));
        let refused = Reservation::new_with(16 * UNIT, 8 * UNIT, refuse_above(4 * UNIT)).unwrap_err();
        assert_eq!((refused.kind(), tries.take()), (io::ErrorKind::QuotaExceeded, vec![16 * UNIT, 8 * UNIT]));
        let refused = Reservation::new_with(3 * UNIT, 1, refuse_above(0)).unwrap_err();
        assert_eq!((refused.kind(), tries.take()), (io::ErrorKind::QuotaExceeded, vec![3 * UNIT, 2 * UNIT, UNIT]));
    }

    #[test]
    fn impossible_sizes_are_errors() {
        let kind = |size, min| Reservation::new(size, min).unwrap_err().kind();
        assert_eq!(kind(UNIT, 2 * UNIT), io::ErrorKind::InvalidInput);
        assert_eq!(kind(usize::MAX, UNIT), io::ErrorKind::OutOfMemory);
        assert_eq!(kind(usize::MAX - UNIT + 1, usize::MAX - UNIT), io::ErrorKind::OutOfMemory);
        // More than any address space has, but not more than its numbers: the system says no until it fits.
        let r = Reservation::new(1 << 60, UNIT).unwrap();
        assert!(r.size() >= UNIT && r.size() < 1 << 60);
    }

    #[test]
    fn advice_is_never_an_error() {
        let r = Reservation::new(UNIT, UNIT).unwrap();
        r.huge_pages(0, UNIT, true);
        r.commit(0, UNIT).unwrap();
        r.huge_pages(0, UNIT / 2, true);
        r.huge_pages(0, UNIT, false);
        assert_eq!(read(&r, UNIT - 1), 0);
    }

    #[test]
    #[should_panic(expected = "not inside")]
    fn a_range_past_the_end_is_refused() {
        let _ = Reservation::new(UNIT, UNIT).unwrap().commit(UNIT - page_size(), 2 * page_size());
    }

    #[test]
    #[should_panic(expected = "not inside")]
    fn a_range_that_overflows_is_refused() {
        let _ = Reservation::new(UNIT, UNIT).unwrap().commit(page_size(), usize::MAX - page_size() + 1);
    }

    #[test]
    #[should_panic(expected = "whole pages")]
    fn a_part_of_a_page_is_refused() {
        let _ = Reservation::new(UNIT, UNIT).unwrap().commit(8, page_size());
    }
}
