//! Files by name.

use rustix::fs::{self, AtFlags, CWD, Gid, Mode, OFlags, Timespec, Timestamps, UTIME_OMIT, Uid};
use rustix::io::{self, Errno, retry_on_intr};

use super::{done, file, text};
use crate::runtime::interp::native::{Call, Flow};
use crate::runtime::object::Trap;

/// The owners that a program names, where -1 leaves one as it is.
pub(super) fn owner(user: i64, group: i64) -> (Option<Uid>, Option<Gid>) {
    let known = |id: i64| Some(id as u32).filter(|&id| id != u32::MAX);
    (known(user).map(Uid::from_raw), known(group).map(Gid::from_raw))
}

/// A native with one path.
fn on_path(c: &mut Call<'_>, f: impl Fn(&[u8]) -> io::Result<()>) -> Result<Flow, Trap> {
    let path = c.text();
    done(c, retry_on_intr(|| f(path)))
}

/// A native with two paths.
fn on_paths(c: &mut Call<'_>, f: impl Fn(&[u8], &[u8]) -> io::Result<()>) -> Result<Flow, Trap> {
    let (from, to) = (c.text(), c.text());
    done(c, retry_on_intr(|| f(from, to)))
}

pub(super) fn stat(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let (path, follow, info) = (c.text(), c.bool(), c.elements::<i64>());
    let flags = if follow { AtFlags::empty() } else { AtFlags::SYMLINK_NOFOLLOW };
    let stat = retry_on_intr(|| fs::statat(CWD, path, flags));
    done(c, stat.map(|stat| file::describe(info, &stat)))
}

pub(super) fn mkdir(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let (path, mode) = (c.text(), c.word());
    let mode = Mode::from_bits_retain(mode as u32);
    done(c, retry_on_intr(|| fs::mkdirat(CWD, path, mode)))
}

pub(super) fn unlink(c: &mut Call<'_>) -> Result<Flow, Trap> {
    on_path(c, |path| fs::unlinkat(CWD, path, AtFlags::empty()))
}

pub(super) fn rmdir(c: &mut Call<'_>) -> Result<Flow, Trap> {
    on_path(c, |path| fs::unlinkat(CWD, path, AtFlags::REMOVEDIR))
}

pub(super) fn rename(c: &mut Call<'_>) -> Result<Flow, Trap> {
    on_paths(c, |from, to| fs::renameat(CWD, from, CWD, to))
}

pub(super) fn link(c: &mut Call<'_>) -> Result<Flow, Trap> {
    on_paths(c, |from, to| fs::linkat(CWD, from, CWD, to, AtFlags::empty()))
}

pub(super) fn symlink(c: &mut Call<'_>) -> Result<Flow, Trap> {
    on_paths(c, |from, to| fs::symlinkat(from, CWD, to))
}

pub(super) fn readlink(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let path = c.text();
    let target = retry_on_intr(|| fs::readlinkat(CWD, path, Vec::new()));
    text(c, target.map(std::ffi::CString::into_bytes))
}

/// There is no call by name in `rustix`: the file is opened, without waiting for anybody.
pub(super) fn truncate(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let (path, size) = (c.text(), c.int());
    let truncate = || {
        let size = u64::try_from(size).map_err(|_| Errno::INVAL)?;
        let flags = OFlags::WRONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
        fs::ftruncate(fs::open(path, flags, Mode::empty())?, size)
    };
    done(c, retry_on_intr(truncate))
}

pub(super) fn chmod(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let (path, mode) = (c.text(), c.word());
    let mode = Mode::from_bits_retain(mode as u32);
    done(c, retry_on_intr(|| fs::chmodat(CWD, path, mode, AtFlags::empty())))
}

pub(super) fn chown(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let (path, user, group, follow) = (c.text(), c.int(), c.int(), c.bool());
    let (user, group) = owner(user, group);
    let flags = if follow { AtFlags::empty() } else { AtFlags::SYMLINK_NOFOLLOW };
    done(c, retry_on_intr(|| fs::chownat(CWD, path, user, group, flags)))
}

pub(super) fn chtimes(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let path = c.text();
    let mut time = || {
        let (seconds, nanos) = (c.int(), c.int());
        Timespec { tv_sec: seconds, tv_nsec: if nanos == -1 { UTIME_OMIT } else { nanos as _ } }
    };
    let times = Timestamps { last_access: time(), last_modification: time() };
    done(c, retry_on_intr(|| fs::utimensat(CWD, path, &times, AtFlags::empty())))
}

pub(super) fn chdir(c: &mut Call<'_>) -> Result<Flow, Trap> {
    on_path(c, |path| rustix::process::chdir(path))
}

pub(super) fn getwd(c: &mut Call<'_>) -> Result<Flow, Trap> {
    text(c, rustix::process::getcwd(Vec::new()).map(std::ffi::CString::into_bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minus_one_is_no_owner() {
        let (user, group) = owner(-1, 7);
        assert!(user.is_none());
        assert_eq!(group.map(Gid::as_raw), Some(7));
    }
}
