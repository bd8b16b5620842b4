//! Open files, by descriptor.
//!
//! A goroutine that waits for input must not keep the others of its processor waiting. So a read first asks whether
//! there is something to read; if not, it returns [`AGAIN`] and lets others run, and its caller calls it again. When
//! nobody else has anything to do, it sleeps for a while each time instead, as the host's `Patience` says. Pipes that
//! the program makes do not block, and a write to a full one goes the same way. A write to another descriptor may wait:
//! whoever reads there does not depend on this processor.

use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, IntoRawFd, RawFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags, RawDir, SeekFrom, Stat};
use rustix::io::{self, Errno, retry_on_intr};
use rustix::pipe::PipeFlags;

use super::path::owner;
use super::{AGAIN, code, counted, done, number, strings};
use crate::base::os::monotonic_ns;
use crate::runtime::interp::Proc;
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

/// Whether a file can be read or written at once, after waiting for some nanoseconds at most. One that cannot be asked
/// is ready: what is wrong shows when it is used.
fn is_ready(fd: BorrowedFd<'_>, events: PollFlags, wait: u64) -> bool {
    let wait = Timespec { tv_sec: 0, tv_nsec: wait.min(999_999_999) as _ };
    match poll(&mut [PollFd::from_borrowed_fd(fd, events)], Some(&wait)) {
        Ok(count) => count > 0,
        Err(error) => error != Errno::INTR,
    }
}

/// Does what may have to wait for one of the events; `None` if it has to. `object` stays alive meanwhile. With `first`
/// it is tried before it is asked for.
fn patient(
    c: &mut Call<'_>,
    (fd, events, first): (BorrowedFd<'_>, PollFlags, bool),
    object: usize,
    mut work: impl FnMut() -> io::Result<usize>,
) -> Option<io::Result<usize>> {
    let mut attempt = || match retry_on_intr(&mut work) {
        Err(Errno::AGAIN) => None,
        result => Some(result),
    };
    let Proc { memory, host, .. } = &mut *c.proc;
    memory.mutator.blocked_with(object, || {
        let mut tried = if first || is_ready(fd, events, 0) { attempt() } else { None };
        if tried.is_none() {
            let wait = host.patience.next(monotonic_ns());
            tried = if wait > 0 && is_ready(fd, events, wait) { attempt() } else { None };
            host.patience.note(monotonic_ns());
        }
        tried
    })
}

/// Ends a read or write.
fn transferred(c: &mut Call<'_>, result: Option<io::Result<usize>>) -> Result<Flow, Trap> {
    match result {
        Some(result) => counted(c, result.map(|n| n as i64)),
        None => {
            c.put_int(0);
            c.put_int(AGAIN);
            Ok(Flow::Yield)
        }
    }
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
        return transferred(c, Some(Ok(0)));
    }
    let result = match descriptor(fd) {
        // SAFETY: an argument, whose object is held until the call is over.
        Ok(fd) => patient(c, (fd, PollFlags::IN, false), p.at, || unsafe {
            io::read(fd, room(p)).map(|(read, _)| read.len())
        }),
        Err(error) => Some(Err(error)),
    };
    transferred(c, result)
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
    transferred(c, Some(result))
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
    let result = match descriptor(fd) {
        // SAFETY: as in `read`.
        Ok(fd) => patient(c, (fd, PollFlags::OUT, true), p.at, || io::write(fd, unsafe { p.bytes() })),
        Err(error) => Some(Err(error)),
    };
    if result == Some(Err(Errno::PIPE)) && matches!(fd, 1 | 2) {
        return Ok(Flow::Exit(BROKEN_PIPE_EXIT));
    }
    transferred(c, result)
}

pub(super) fn write_at(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let (fd, p, offset) = (c.int(), c.slice(), c.int());
    let result = descriptor(fd).and_then(|fd| {
        // SAFETY: as in `read`.
        c.blocked(p.at, || retry_on_intr(|| io::pwrite(fd, unsafe { p.bytes() }, offset as u64)))
    });
    transferred(c, Some(result))
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
        let ready = || is_ready(std::os::fd::AsFd::as_fd(&r), PollFlags::IN, 1000);
        assert!(!ready());
        io::write(&w, b"x").unwrap();
        assert!(ready());
        drop(w);
        assert!(ready());
    }
}
