//! Where the wings meet: source is compiled and run.
//!
//! [`Settings`] are what the environment says as Go's users know it: `GOGC`, `GOMEMLIMIT`, `GODEBUG`.

mod settings;

use std::io;
use std::sync::Arc;

pub use settings::Settings;

use crate::bytecode::{Program, verify};
use crate::memory::{AllocError, CycleTrace, Heap, Observer, Roots, ScavengeTrace, ShapeError};
use crate::observe::gctrace;
use crate::runtime::interp::host::Host;
use crate::runtime::interp::{Proc, Shared};
use crate::runtime::native;
use crate::runtime::object::Types;
use crate::runtime::sched::{Machine, Sched};
use crate::runtime::stack::Code;

/// Why a program cannot be started.
#[derive(Debug)]
pub enum StartError {
    /// The system refuses address space or threads.
    System(io::Error),
    /// A type is too large for the heap, or there are too many.
    Type(ShapeError),
    /// There is not enough memory.
    Memory(AllocError),
    /// The compiler has made code that must not run.
    Code(verify::Problem),
    /// The library has functions that this machine does not have.
    Natives(Vec<String>),
}

impl std::fmt::Display for StartError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::System(error) => write!(f, "the system refuses what a program needs: {error}"),
            Self::Type(error) => write!(f, "a type cannot live in the heap: {error}"),
            Self::Memory(error) => write!(f, "not enough memory to start: {error}"),
            Self::Code(problem) => write!(f, "internal error: bad code: {problem}"),
            Self::Natives(names) => write!(f, "functions of the library are missing: {}", names.join(", ")),
        }
    }
}

impl std::error::Error for StartError {}

/// Writes the lines of `gctrace` and `scavtrace`.
struct Tracer {
    cycles: bool,
    scavenging: bool,
}

impl Observer for Tracer {
    fn cycle(&self, trace: &CycleTrace) {
        if self.cycles {
            eprintln!("{}", gctrace::cycle_line(trace));
        }
    }

    fn scavenged(&self, trace: &ScavengeTrace) {
        if self.scavenging {
            eprintln!("{}", gctrace::scavenge_line(trace));
        }
    }
}

/// A program that can be run: its heap, its main goroutine and the threads that serve them.
pub struct Ready {
    shared: Arc<Shared>,
    /// The processor that begins, until then.
    first: Option<Proc>,
}

impl Ready {
    /// Runs the program to its end, once; its exit code. A goroutine that is inside of a call of the system then keeps
    /// its thread, and with it the heap, until that call returns.
    ///
    /// # Errors
    /// The system refuses a thread.
    pub fn run(&mut self) -> Result<i32, StartError> {
        match self.first.take() {
            Some(first) => self.shared.run(first).map_err(StartError::System),
            None => Ok(self.shared.sched.wait_for_end()),
        }
    }
}

/// Runs a program to its end; its exit code.
///
/// # Errors
/// It cannot be started.
pub fn run(program: Program, settings: &Settings, host: Host) -> Result<i32, StartError> {
    prepare(program, settings, host)?.run()
}

/// Makes a program ready to run.
///
/// # Errors
/// It cannot be started.
pub fn prepare(program: Program, settings: &Settings, host: Host) -> Result<Ready, StartError> {
    verify::verify(&program).map_err(StartError::Code)?;
    let program = Arc::new(program);
    let code = Arc::new(Code::new(Arc::clone(&program)));
    let machine = Arc::new(Machine::new(code));
    let mut config = settings.heap.clone();
    if settings.gctrace || settings.scavtrace {
        config.observer = Some(Arc::new(Tracer { cycles: settings.gctrace, scavenging: settings.scavtrace }));
    }
    let heap = Heap::new(config, Arc::clone(&machine) as Arc<dyn Roots>).map_err(StartError::System)?;
    let types = Arc::new(Types::new(&program, &heap).map_err(StartError::Type)?);
    let mut natives = Vec::with_capacity(program.natives.len());
    let mut missing = Vec::new();
    for name in &program.natives {
        match native::find(name) {
            Some(native) => natives.push(native),
            None => missing.push(name.clone()),
        }
    }
    if !missing.is_empty() {
        return Err(StartError::Natives(missing));
    }
    let sched = Sched::new(machine, settings.processors.get());
    let shared = Shared::new(heap, sched, types, natives.into(), host, settings.execution);
    let first = shared.begin().map_err(StartError::Memory)?;
    Ok(Ready { shared, first: Some(first) })
}
