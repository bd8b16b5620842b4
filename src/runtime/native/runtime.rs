//! Package `runtime`.

use std::cell::Cell;

use crate::memory::{Addr, Ready};
use crate::runtime::interp::native::{Call, Flow, Table};
use crate::runtime::object::{Memory, Trap, Value};
use crate::runtime::sched::Wait;

pub(super) const TABLE: Table = &[
    ("GC", collect),
    ("Gosched", |_| Ok(Flow::Yield)),
    ("Goexit", |_| Ok(Flow::Goexit)),
    ("NumGoroutine", |c| number(c, |c| c.proc.sched.count() as i64)),
    ("NumCPU", |c| number(c, |_| processors())),
    ("GOMAXPROCS", max_procs),
    ("SetDefaultGOMAXPROCS", |_| Ok(Flow::Done)),
    ("KeepAlive", |_| Ok(Flow::Done)),
    ("fatal", fatal),
    ("Caller", caller),
    ("Callers", callers),
    ("Stack", stack),
    ("symbolize", symbolize),
    ("readMemStats", read_mem_stats),
    ("setFinalizer", set_finalizer),
    ("nextFinalizer", next_finalizer),
    ("addCleanup", add_cleanup),
    ("stopCleanup", stop_cleanup),
    ("nextCleanup", next_cleanup),
];

fn number(c: &mut Call<'_>, f: impl Fn(&Call<'_>) -> i64) -> Result<Flow, Trap> {
    let value = f(c);
    c.put_int(value);
    Ok(Flow::Done)
}

fn processors() -> i64 {
    std::thread::available_parallelism().map_or(1, |n| n.get() as i64)
}

/// Most processors that a program can ask for.
const MOST_PROCESSORS: usize = 1024;

fn collect(c: &mut Call<'_>) -> Result<Flow, Trap> {
    c.memory().mutator.collect();
    Ok(Flow::Done)
}

fn max_procs(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let wanted = c.int();
    let before = c.proc.sched.most();
    if let Ok(most @ 1..) = usize::try_from(wanted) {
        c.proc.sched.set_most(most.min(MOST_PROCESSORS));
    }
    c.put_int(before as i64);
    Ok(Flow::Done)
}

pub(super) fn fatal(c: &mut Call<'_>) -> Result<Flow, Trap> {
    Err(Trap::fatal(String::from_utf8_lossy(c.text()).into_owned()))
}

// ---- call stacks

/// Numbers of places begin here, so that 0 is none.
const FIRST_PLACE: u64 = 0x1000;

/// The numbers of the places that the calling goroutine's frames return to, from the caller of the native outwards.
fn places(c: &Call<'_>) -> Vec<u64> {
    let code = &c.proc.sched.machine.code;
    // SAFETY: the goroutine stands at the call of the native.
    let frames = unsafe { c.proc.g.frames(code) };
    let program = code.program();
    let visible = frames.filter(|frame| !code.function(frame.function).wrapper && frame.function != program.entry);
    visible.map(|frame| FIRST_PLACE + code.offset(frame.function, frame.position) as u64).collect()
}

fn describe(c: &Call<'_>, place: u64) -> Option<(String, String, i64, u64)> {
    let code = &c.proc.sched.machine.code;
    let offset = usize::try_from(place.checked_sub(FIRST_PLACE)?).ok()?;
    let (function, at) = code.locate_offset(offset)?;
    let place = code.program().place(function, at);
    let file = place.and_then(|place| code.program().files.get(place.file as usize).cloned()).unwrap_or_default();
    let entry = FIRST_PLACE + code.offset(function, 0) as u64;
    Some((code.function(function).name.clone(), file, place.map_or(0, |place| place.line.into()), entry))
}

fn caller(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let skip = c.int();
    let place = usize::try_from(skip).ok().and_then(|skip| places(c).get(skip).copied());
    let found = place.and_then(|place| Some((place, describe(c, place - 1)?)));
    let (place, file, line) = match &found {
        Some((place, (_, file, line, _))) => (*place, file.as_str(), *line),
        None => (0, "", 0),
    };
    c.put(place);
    c.put_text(file.as_bytes())?;
    c.put_int(line);
    c.put_bool(found.is_some());
    Ok(Flow::Done)
}

fn callers(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let skip = c.int();
    let out: &[Cell<u64>] = c.elements();
    // Callers itself is the first; it has no frame of its own.
    let own = (skip <= 0).then_some(FIRST_PLACE);
    let skip = usize::try_from(skip - 1).unwrap_or(0);
    let all = own.into_iter().chain(places(c).into_iter().skip(skip));
    let count = out.iter().zip(all).map(|(to, place)| to.set(place)).count();
    c.put_int(count as i64);
    Ok(Flow::Done)
}

fn symbolize(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let place = c.word();
    let (function, file, line, entry) = describe(c, place).unwrap_or_default();
    c.put_text(function.as_bytes())?;
    c.put_text(file.as_bytes())?;
    c.put_int(line);
    c.put(entry);
    c.put_bool(false);
    Ok(Flow::Done)
}

fn stack(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let out = c.cells();
    let all = c.bool();
    let mut text = String::new();
    let own = c.proc.g;
    c.proc.trace(&mut text, own, true);
    if all {
        for g in c.proc.sched.machine.goroutines() {
            if g != own && !g.get().system {
                text.push('\n');
                c.proc.trace(&mut text, g, false);
            }
        }
    }
    let count = out.iter().zip(text.bytes()).map(|(to, byte)| to.set(byte)).count();
    c.put_int(count as i64);
    Ok(Flow::Done)
}

// ---- statistics

fn read_mem_stats(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let counters: &[Cell<u64>] = c.elements();
    let pauses: &[Cell<u64>] = c.elements();
    let ends: &[Cell<u64>] = c.elements();
    let classes: &[Cell<u64>] = c.elements();
    let stats = c.memory().mutator.stats();
    let (pages, objects, meta) = (&stats.pages, &stats.objects, &stats.metadata);
    let tiny = objects.tiny_allocs;
    let values = [
        objects.allocated(),
        0,
        objects.allocs() + tiny,
        objects.frees() + tiny,
        objects.bytes(),
        pages.in_use + pages.free + pages.released,
        pages.free + pages.released,
        pages.in_use,
        pages.released,
        pages.stacks,
        pages.stacks,
        meta.spans.in_use,
        meta.spans.mapped,
        meta.caches.in_use,
        meta.caches.mapped,
        0,
        meta.collector,
        meta.other,
        stats.cycles.goal,
        stats.cycles.last_end_unix_ns,
        stats.pauses.total_ns,
        stats.cycles.completed,
        stats.cycles.forced,
    ];
    counters.iter().zip(values).for_each(|(to, value)| to.set(value));
    pauses.iter().zip(stats.pauses.history.ns).for_each(|(to, value)| to.set(value));
    ends.iter().zip(stats.pauses.history.end_unix_ns).for_each(|(to, value)| to.set(value));
    // The first class is empty, as in Go.
    let each = objects.classes.iter().flat_map(|class| [u64::from(class.size), class.allocs, class.frees]);
    classes.iter().zip([0; 3].into_iter().chain(each)).for_each(|(to, value)| to.set(value));
    c.put_float(stats.cpu.collector_fraction());
    Ok(Flow::Done)
}

// ---- finalizers and cleanups

/// The parameter of a function type, from its name.
fn parameter(function: &str) -> Option<&str> {
    let rest = function.strip_prefix("func(")?;
    let mut depth = 0;
    let end = rest.char_indices().find(|(_, c)| {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' if depth == 0 => return true,
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
        false
    });
    Some(&rest[..end?.0])
}

/// What stands against a finalizer; otherwise the interface's tag if it takes one.
fn check_finalizer(c: &Call<'_>, object: Value, finalizer: Value) -> Result<Option<u64>, String> {
    use crate::bytecode::program::Kind;
    let Some(own) = c.type_of(object) else { return Err("first argument is nil".to_owned()) };
    if own.kind() != Kind::Pointer {
        return Err(format!("first argument is {}, not pointer", own.name()));
    }
    if object.word == 0 {
        return Err("first argument is nil".to_owned());
    }
    let Some(function) = c.type_of(finalizer) else { return Ok(None) };
    if function.kind() != Kind::Func {
        return Err(format!("second argument is {}, not a function", function.name()));
    }
    let mismatch = || format!("cannot pass {} to finalizer {}", own.name(), function.name());
    let wanted = parameter(function.name()).ok_or_else(mismatch)?;
    if wanted == own.name() {
        return Ok(None);
    }
    if wanted == "any" || wanted == "interface {}" {
        return Ok(Some(object.tag));
    }
    let types = c.proc.memory.types();
    let interface =
        (0..types.len() as u32).find(|&ty| types.get(ty).kind() == Kind::Interface && types.get(ty).name() == wanted);
    match (interface, object.ty()) {
        (Some(interface), Some(ty)) if c.proc.implements(ty, interface) => Ok(Some(object.tag)),
        _ => Err(mismatch()),
    }
}

fn set_finalizer(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let (object, finalizer) = (c.any(), c.any());
    let mut problem = String::new();
    let mut start = false;
    match check_finalizer(c, object, finalizer) {
        Err(text) => problem = text,
        Ok(tag) => {
            let at = Addr::new(object.word as usize);
            let outcome = if finalizer.is_nil() {
                c.memory().mutator.clear_finalizer(at)
            } else {
                let shape = c.memory().types().deferred;
                let value = c.memory().new_shaped(shape, 16)?;
                // SAFETY: the object is new and has two words; a tag leads to no object.
                unsafe { *(value as *mut [u64; 2]) = [finalizer.word, tag.unwrap_or(0)] };
                start = c.proc.sched.begin_finalizers();
                c.memory().mutator.set_finalizer(at, value)
            };
            // What is no object of the heap lives for ever.
            if outcome.is_err() && Memory::nothing() != at.get() {
                problem = "pointer not at beginning of allocated block".to_owned();
            }
        }
    }
    c.put_text(problem.as_bytes())?;
    c.put_bool(start);
    Ok(Flow::Done)
}

/// Takes what the collector has, until it is what is asked for; the rest is kept for the other goroutine.
fn next(c: &mut Call<'_>, finalizer: bool) -> Option<(usize, usize)> {
    let machine = std::sync::Arc::clone(&c.proc.sched.machine);
    loop {
        if let Some((object, value)) = machine.take_ready(finalizer) {
            // As with pools: the running cycle may never see them on the list now.
            let mutator = &mut c.memory().mutator;
            [object, value].into_iter().filter(|at| *at != 0).for_each(|at| mutator.keep_marked(at));
            return Some((object, value));
        }
        match c.memory().mutator.next_ready()? {
            Ready::Finalizer { object, value } => machine.keep_ready(true, (object.get(), value)),
            Ready::Cleanup { value } => machine.keep_ready(false, (0, value)),
        }
        c.proc.sched.wake_finalizers();
    }
}

/// Waits until there is more than there was when the collector had found so much.
fn wait(c: &mut Call<'_>, wait: Wait, found: u64) -> Result<Flow, Trap> {
    let g = c.proc.g;
    c.proc.sched.make_system(g);
    c.again();
    c.settle(0);
    Ok(if c.proc.sched.await_finalizers(g, wait, found) { Flow::Park } else { Flow::Yield })
}

fn next_finalizer(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let found = c.proc.sched.finds();
    let Some((object, value)) = next(c, true) else { return wait(c, Wait::Finalizer, found) };
    // SAFETY: the value is the object that `setFinalizer` made.
    let [closure, tag] = unsafe { *(value as *const [u64; 2]) };
    if tag == 0 {
        c.put(closure);
        c.put(object as u64);
        c.put(0);
        c.put_any(Value::NIL);
    } else {
        c.put(0);
        c.put(0);
        c.put(closure);
        c.put_any(Value { tag, word: object as u64 });
    }
    Ok(Flow::Done)
}

fn add_cleanup(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let (object, run) = (c.any(), c.word());
    let start = c.proc.sched.begin_cleanups();
    let outcome = c.memory().mutator.add_cleanup(Addr::new(object.word as usize), run as usize);
    c.put(outcome.map_or(0, |id| id.number()));
    c.put(object.word);
    c.put_bool(start);
    Ok(Flow::Done)
}

fn stop_cleanup(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let id = c.word();
    c.memory().mutator.stop_cleanup(crate::memory::CleanupId::from_number(id));
    Ok(Flow::Done)
}

fn next_cleanup(c: &mut Call<'_>) -> Result<Flow, Trap> {
    let found = c.proc.sched.finds();
    let Some((_, run)) = next(c, false) else { return wait(c, Wait::Cleanup, found) };
    c.put(run as u64);
    Ok(Flow::Done)
}
