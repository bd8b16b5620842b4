//! Package `os`: the process and its environment here, open files in [`file`], names of files in [`path`].
//!
//! Codes are the error numbers of the system, 0 for success, and [`AGAIN`].

mod file;
mod path;

use std::os::unix::ffi::OsStrExt;

use rustix::io;
use rustix::process;

use crate::base::os::page_size;
use crate::runtime::interp::native::{Call, Flow, Table};
use crate::runtime::object::{Memory, Str, Trap};

/// The code of a read or write that would have to wait: it is called again.
const AGAIN: i64 = -1;

pub(super) const TABLE: Table = &[
    ("args", args),
    ("exit", exit),
    ("Getpid", |c| number(c, process::getpid().as_raw_nonzero().get().into())),
    ("Getppid", |c| number(c, process::getppid().map_or(0, |pid| pid.as_raw_nonzero().get().into()))),
    ("Getuid", |c| number(c, process::getuid().as_raw().into())),
    ("Geteuid", |c| number(c, process::geteuid().as_raw().into())),
    ("Getgid", |c| number(c, process::getgid().as_raw().into())),
    ("Getegid", |c| number(c, process::getegid().as_raw().into())),
    ("Getpagesize", |c| number(c, page_size() as i64)),
    ("hostname", hostname),
    ("executable", executable),
    ("Environ", environ),
    ("LookupEnv", lookup_env),
    ("Clearenv", clear_env),
    ("setenv", set_env),
    ("unsetenv", unset_env),
    ("fdOpen", file::open),
    ("fdClose", file::close),
    ("fdWake", file::wake),
    ("fdRead", file::read),
    ("fdWrite", file::write),
    ("fdWriteString", file::write_string),
    ("fdReadAt", file::read_at),
    ("fdWriteAt", file::write_at),
    ("fdSeek", file::seek),
    ("fdSync", file::sync),
    ("fdTruncate", file::truncate),
    ("fdChmod", file::chmod),
    ("fdChown", file::chown),
    ("fdChdir", file::chdir),
    ("fdStat", file::stat),
    ("fdReadDir", file::read_dir),
    ("makePipe", file::make_pipe),
    ("pathStat", path::stat),
    ("pathMkdir", path::mkdir),
    ("pathUnlink", path::unlink),
    ("pathRmdir", path::rmdir),
    ("pathRename", path::rename),
    ("pathLink", path::link),
    ("pathSymlink", path::symlink),
    ("pathReadlink", path::readlink),
    ("pathTruncate", path::truncate),
    ("pathChmod", path::chmod),
    ("pathChown", path::chown),
    ("pathChtimes", path::chtimes),
    ("pathChdir", path::chdir),
    ("getwd", path::getwd),
];

fn number(c: &mut Call<'_>, value: i64) -> Result<Flow, Trap> {
    c.put_int(value);
    Ok(Flow::Done)
}

/// The code of a result.
fn code<T>(result: io::Result<T>) -> i64 {
    result.err().map_or(0, |error| error.raw_os_error().into())
}

/// Ends a native whose only result is a code.
fn done<T>(c: &mut Call<'_>, result: io::Result<T>) -> Result<Flow, Trap> {
    number(c, code(result))
}

/// Ends a native whose results are a number and a code.
fn counted(c: &mut Call<'_>, result: io::Result<i64>) -> Result<Flow, Trap> {
    c.put_int(*result.as_ref().unwrap_or(&0));
    done(c, result)
}

/// Ends a native whose results are a text and a code.
fn text(c: &mut Call<'_>, result: io::Result<Vec<u8>>) -> Result<Flow, Trap> {
    c.put_text(result.as_deref().unwrap_or_default())?;
    done(c, result)
}

/// New strings of the program.
fn strings(memory: &mut Memory, texts: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Result<Vec<Str>, Trap> {
    texts.into_iter().map(|text| memory.new_string(text.as_ref())).collect()
}

// ---- the process

fn args(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let args = c.proc.host.args.clone();
    let args = strings(c.memory(), args.iter())?;
    c.put_strings(&args)?;
    Ok(Flow::Done)
}

fn exit(c: &mut Call<'_>) -> Result<Flow, Trap> {
    Ok(Flow::Exit(c.int() as i32))
}

fn hostname(c: &mut Call<'_>) -> Result<Flow, Trap> {
    text(c, Ok(rustix::system::uname().nodename().to_bytes().to_vec()))
}

fn executable(c: &mut Call<'_>) -> Result<Flow, Trap> {
    const GONE: &[u8] = b" (deleted)";
    let path = std::env::current_exe().map(|path| {
        let path = path.as_os_str().as_bytes();
        path.strip_suffix(GONE).unwrap_or(path).to_vec()
    });
    text(c, path.map_err(|error| io::Errno::from_io_error(&error).unwrap_or(io::Errno::NOENT)))
}

// ---- the environment

fn environ(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let variables: Vec<Vec<u8>> =
        c.proc.host.environment().iter().map(|(key, value)| [key, b"=", value].concat()).collect();
    let variables = strings(c.memory(), variables)?;
    c.put_strings(&variables)?;
    Ok(Flow::Done)
}

/// `LookupEnv`, which package `time` has too.
pub(super) fn lookup_env(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let key = c.text();
    let value = c.proc.host.environment().get(key).map(<[u8]>::to_vec);
    c.put_text(value.as_deref().unwrap_or_default())?;
    c.put_bool(value.is_some());
    Ok(Flow::Done)
}

fn clear_env(c: &mut Call<'_>) -> Result<Flow, Trap> {
    c.proc.host.environment().clear();
    Ok(Flow::Done)
}

fn set_env(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let (key, value) = (c.text(), c.text());
    c.proc.host.environment().set(key, value);
    Ok(Flow::Done)
}

fn unset_env(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let key = c.text();
    c.proc.host.environment().unset(key);
    Ok(Flow::Done)
}
