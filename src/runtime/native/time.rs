//! Package `time`.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use super::os::lookup_env;
use crate::base::os::{monotonic_ns, unix_ns};
use crate::runtime::interp::native::{Call, Flow, Table};
use crate::runtime::object::Trap;

pub(super) const TABLE: Table = &[
    ("now", now),
    ("monotonic", monotonic),
    ("readFile", read_file),
    ("getenv", lookup_env),
    ("Sleep", sleep),
    ("beTimerKeeper", be_keeper),
    ("parkTimerKeeper", park_keeper),
    ("wakeTimerKeeper", wake_keeper),
];

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

fn sleep(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let Ok(time @ 1..) = u64::try_from(c.int()) else { return Ok(Flow::Done) };
    let deadline = monotonic_ns().saturating_add(time);
    c.settle(0);
    let g = c.proc.g;
    c.proc.sched.sleep_until(g, deadline);
    Ok(Flow::Park)
}

fn be_keeper(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let g = c.proc.g;
    c.proc.sched.make_system(g);
    Ok(Flow::Done)
}

fn park_keeper(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let deadline = c.int();
    c.settle(0);
    let g = c.proc.g;
    // The program's clock began with it.
    let left = deadline.saturating_sub(c.proc.host.monotonic());
    let until = (deadline != i64::MAX).then(|| monotonic_ns().saturating_add(u64::try_from(left).unwrap_or(0)));
    if c.proc.sched.park_keeper(g, until) { Ok(Flow::Park) } else { Ok(Flow::Done) }
}

fn wake_keeper(c: &mut Call<'_>) -> Result<Flow, Trap> {
    c.proc.sched.wake_keeper();
    Ok(Flow::Done)
}
