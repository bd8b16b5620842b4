//! Open files, by descriptor.
//!
//! A read first asks whether there is something to read. If not, its goroutine waits until there is or the file is
//! closed, and the native returns [`AGAIN`]: its caller calls it again. Pipes that the program makes do not block, and
//! a write to a full one goes the same way. Writes to other descriptors wait in the system; so do reads of what it says
//! is ready, which a file of a disk always is.

use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, IntoRawFd, RawFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags, RawDir, SeekFrom, Stat};
use rustix::io::{self, Errno, retry_on_intr};
use rustix::pipe::PipeFlags;

use super::path::owner;
use super::{AGAIN, code, counted, done, number, strings};
use crate::runtime::interp::native::{Call, Flow};
use crate::runtime::object::{Slice, Trap};

/// How the system tells a program that nobody reads its output: it ends it by the signal of this number.
const BROKEN_PIPE_EXIT: i32 = 128 + 13;

/// A descriptor of the program.
fn descriptor(fd: i64) -> io::Result<BorrowedFd<'static>> {
    let fd = RawFd::try_from(fd).ok().filter(|&fd| fd >= 0).ok_or(Errno::BADF)?;
    // SAFETY: it is used for one system call, and not -1. If it is not open, or another file by now, the call fails or
    // does what the program would have done to that file in any language.
    Ok(unsafe { BorrowedFd::borrow_raw(fd) })
}

/// Whether a file can be read or written at once. One that cannot be asked is ready: what is wrong shows when it is
/// used.
fn is_ready(fd: BorrowedFd<'_>, events: PollFlags) -> bool {
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut [PollFd::from_borrowed_fd(fd, events)], Some(&now)).map_or_else(|error| error != Errno::INTR, |n| n > 0)
}

/// Reads or writes a file, or waits until that is possible. `object` stays alive meanwhile. With `first` it is tried
/// before the system is asked.
fn transfer(
    c: &mut Call<'_>,
    (fd, events, first): (BorrowedFd<'_>, PollFlags, bool),
    object: usize,
    mut work: impl FnMut() -> io::Result<usize>,
) -> Result<Flow, Trap> {
    let result =
        c.blocked(object, || if first || is_ready(fd, events) { retry_on_intr(&mut work) } else { Err(Errno::AGAIN) });
    if result != Err(Errno::AGAIN) {
        return transferred(c, result);
    }
    c.put_int(0);
    c.put_int(AGAIN);
    c.settle(object);
    let g = c.proc.g;
    Ok(if c.proc.sched.await_file(g, fd, events) { Flow::Park } else { Flow::Yield })
}

/// Ends a read or write.
fn transferred(c: &mut Call<'_>, result: io::Result<usize>) -> Result<Flow, Trap> {
    counted(c, result.map(|n| n as i64))
}

/// The bytes of a slice, for a system call to fill.
///
/// # Safety
/// The slice is one of bytes of the program, its object stays alive, and they are used for one system call.
unsafe fn room<'a>(slice: Slice) -> &'a mut [MaybeUninit<u8>] {
    // SAFETY: the caller's promise. Objects do not move. Only the kernel looks at the bytes; what another goroutine
    // does to them meanwhile is a race of the program.
    unsafe { std::slice::from_raw_parts_mut(std::ptr::with_exposed_provenance_mut(slice.at), slice.len as usize) }
}

pub(super) fn read(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let (fd, p) = (c.int(), c.slice());
    if p.len == 0 {
        return transferred(c, Ok(0));
    }
    match descriptor(fd) {
        // SAFETY: an argument, whose object is held until the call is over.
        Ok(fd) => transfer(c, (fd, PollFlags::IN, false), p.at, || unsafe {
            io::read(fd, room(p)).map(|(read, _)| read.len())
        }),
        Err(error) => transferred(c, Err(error)),
    }
}

pub(super) fn read_at(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let (fd, p, offset) = (c.int(), c.slice(), c.int());
    let result = match (descriptor(fd), p.len) {
        (Err(error), _) => Err(error),
        (_, 0) => Ok(0),
        (Ok(fd), _) => c.blocked(p.at, || {
            retry_on_intr(|| {
                // SAFETY: as in `read`.
                let room = unsafe { room(p) };
                io::pread(fd, room, offset as u64).map(|(read, _)| read.len())
            })
        }),
    };
    transferred(c, result)
}

pub(super) fn write(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let (fd, p) = (c.int(), c.slice());
    write_bytes(c, fd, p)
}

pub(super) fn write_string(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let (fd, text) = (c.int(), c.string());
    // What is longer than a slice can be is written in parts.
    let len = text.len.min(u32::MAX as usize) as u32;
    write_bytes(c, fd, Slice { at: text.at, len, cap: len })
}

fn write_bytes(c: &mut Call<'_>, fd: i64, p: Slice) -> Result<Flow, Trap> {
    let mut is_broken = false;
    let flow = match descriptor(fd) {
        Ok(fd) => transfer(c, (fd, PollFlags::OUT, true), p.at, || {
            // SAFETY: as in `read`.
            let result = io::write(fd, unsafe { p.bytes() });
            is_broken = result == Err(Errno::PIPE);
            result
        }),
        Err(error) => transferred(c, Err(error)),
    };
    if is_broken && matches!(fd, 1 | 2) { Ok(Flow::Exit(BROKEN_PIPE_EXIT)) } else { flow }
}

pub(super) fn write_at(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let (fd, p, offset) = (c.int(), c.slice(), c.int());
    let result = descriptor(fd).and_then(|fd| {
        // SAFETY: as in `read`.
        c.blocked(p.at, || retry_on_intr(|| io::pwrite(fd, unsafe { p.bytes() }, offset as u64)))
    });
    transferred(c, result)
}

pub(super) fn open(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let (path, flag, perm) = (c.text().to_vec(), c.int(), c.word());
    let flags = OFlags::from_bits_retain(flag as u32) | OFlags::CLOEXEC;
    let mode = Mode::from_bits_retain(perm as u32);
    let file = c.blocked(0, || retry_on_intr(|| rustix::fs::open(path.as_slice(), flags, mode)));
    counted(c, file.map(|file| file.into_raw_fd().into()))
}

pub(super) fn close(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let fd = c.int();
    let result = descriptor(fd).and_then(|_| {
        // SAFETY: the descriptor belongs to the program, of which nothing on this side keeps a record.
        unsafe { io::try_close(fd as RawFd) }
    });
    done(c, result)
}

/// The file is about to be closed: who waits for it goes on.
pub(super) fn wake(c: &mut Call<'_>) -> Result<Flow, Trap> {
    if let Ok(fd) = RawFd::try_from(c.int()) {
        c.proc.sched.forget_file(fd);
    }
    Ok(Flow::Done)
}

pub(super) fn seek(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let (fd, offset, whence) = (c.int(), c.int(), c.int());
    let from = match whence {
        0 if offset < 0 => Err(Errno::INVAL),
        0 => Ok(SeekFrom::Start(offset as u64)),
        1 => Ok(SeekFrom::Current(offset)),
        2 => Ok(SeekFrom::End(offset)),
        3 if offset >= 0 => Ok(SeekFrom::Data(offset as u64)),
        4 if offset >= 0 => Ok(SeekFrom::Hole(offset as u64)),
        _ => Err(Errno::INVAL),
    };
    let at = descriptor(fd).and_then(|fd| rustix::fs::seek(fd, from?));
    counted(c, at.map(|at| at as i64))
}

pub(super) fn sync(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let fd = descriptor(c.int());
    let result = fd.and_then(|fd| c.blocked(0, || retry_on_intr(|| rustix::fs::fsync(fd))));
    done(c, result)
}

pub(super) fn truncate(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let (fd, size) = (c.int(), c.int());
    let result = descriptor(fd).and_then(|fd| {
        let size = u64::try_from(size).map_err(|_| Errno::INVAL)?;
        retry_on_intr(|| rustix::fs::ftruncate(fd, size))
    });
    done(c, result)
}

pub(super) fn chmod(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let (fd, mode) = (c.int(), c.word());
    let mode = Mode::from_bits_retain(mode as u32);
    done(c, descriptor(fd).and_then(|fd| retry_on_intr(|| rustix::fs::fchmod(fd, mode))))
}

pub(super) fn chown(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let (fd, user, group) = (c.int(), c.int(), c.int());
    let (user, group) = owner(user, group);
    done(c, descriptor(fd).and_then(|fd| retry_on_intr(|| rustix::fs::fchown(fd, user, group))))
}

pub(super) fn chdir(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let fd = c.int();
    done(c, descriptor(fd).and_then(|fd| retry_on_intr(|| rustix::process::fchdir(fd))))
}

pub(super) fn make_pipe(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let ends = rustix::pipe::pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK);
    let code = code(ends.as_ref().map_err(|error| *error));
    let (r, w) = ends.map_or((-1, -1), |(r, w)| (r.into_raw_fd(), w.into_raw_fd()));
    c.put_int(r.into());
    c.put_int(w.into());
    number(c, code)
}

/// Fills in what `os` wants to know of a file.
pub(super) fn describe(info: &[std::cell::Cell<i64>], stat: &Stat) {
    let fields = [
        i64::from(stat.st_mode),
        stat.st_size,
        stat.st_mtime,
        stat.st_mtime_nsec as i64,
        stat.st_dev as i64,
        stat.st_ino as i64,
    ];
    for (to, field) in info.iter().zip(fields) {
        to.set(field);
    }
}

pub(super) fn stat(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let (fd, info) = (c.int(), c.elements::<i64>());
    let stat = descriptor(fd).and_then(|fd| retry_on_intr(|| rustix::fs::fstat(fd)));
    done(c, stat.map(|stat| describe(info, &stat)))
}

/// The names in a directory from where its descriptor stands, and the system's mode bits of their kinds.
fn entries(fd: BorrowedFd<'_>) -> io::Result<Vec<(Vec<u8>, u32)>> {
    let mut room = Vec::with_capacity(32 << 10);
    let mut found = Vec::new();
    let mut dir = RawDir::new(fd, room.spare_capacity_mut());
    while let Some(entry) = dir.next() {
        let entry = match entry {
            Err(Errno::INTR) => continue,
            entry => entry?,
        };
        let name = entry.file_name().to_bytes();
        // An entry without a number was deleted.
        if entry.ino() == 0 || name == b"." || name == b".." {
            continue;
        }
        let kind = entry.file_type();
        let kind = if kind == rustix::fs::FileType::Unknown { 0 } else { kind.as_raw_mode() };
        found.push((name.to_vec(), kind));
    }
    Ok(found)
}

pub(super) fn read_dir(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let fd = c.int();
    let found = descriptor(fd).and_then(entries);
    let (found, code) = match found {
        Ok(found) => (found, 0),
        Err(error) => (Vec::new(), error.raw_os_error().into()),
    };
    let names = strings(c.memory(), found.iter().map(|(name, _)| name))?;
    let kinds: Vec<u8> = found.iter().flat_map(|(_, kind)| kind.to_ne_bytes()).collect();
    let kinds = c.memory().bytes_slice(&kinds)?;
    c.put_strings(&names)?;
    c.put_slice(Slice { len: kinds.len / 4, cap: kinds.cap / 4, ..kinds });
    number(c, code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_of_descriptors_are_descriptors() {
        for fd in [-1, i64::MIN, i64::MAX, 1 << 32] {
            assert_eq!(descriptor(fd).err(), Some(Errno::BADF));
        }
        assert!(descriptor(0).is_ok());
    }

    #[test]
    fn a_directory_is_read_without_its_links() {
        let dir = std::fs::File::open("/proc/self").unwrap();
        let found = entries(std::os::fd::AsFd::as_fd(&dir)).unwrap();
        assert!(found.iter().any(|(name, kind)| name == b"fd" && *kind & 0o170_000 == 0o040_000));
        assert!(!found.iter().any(|(name, _)| name == b"." || name == b".."));
    }

    #[test]
    fn an_empty_pipe_is_not_ready() {
        let (r, w) = rustix::pipe::pipe().unwrap();
        let ready = || is_ready(std::os::fd::AsFd::as_fd(&r), PollFlags::IN);
        assert!(!ready());
        io::write(&w, b"x").unwrap();
        assert!(ready());
        drop(w);
        assert!(ready());
    }
}
