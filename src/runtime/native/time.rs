//! Package `time`, but for what waits.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use super::os::lookup_env;
use crate::base::os::unix_ns;
use crate::runtime::interp::native::{Call, Flow, Table};
use crate::runtime::object::Trap;

pub(super) const TABLE: Table =
    &[("now", now), ("monotonic", monotonic), ("readFile", read_file), ("getenv", lookup_env)];

fn now(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let unix = unix_ns();
    let monotonic = c.proc.host.monotonic();
    c.put(unix / 1_000_000_000);
    c.put(unix % 1_000_000_000);
    c.put_int(monotonic);
    Ok(Flow::Done)
}

fn monotonic(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let monotonic = c.proc.host.monotonic();
    c.put_int(monotonic);
    Ok(Flow::Done)
}

fn read_file(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let name = c.text().to_vec();
    let data = c.blocked(0, || std::fs::read(OsStr::from_bytes(&name)));
    c.put_text(data.as_deref().unwrap_or_default())?;
    c.put_bool(data.is_ok());
    Ok(Flow::Done)
}
