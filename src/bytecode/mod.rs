//! Bytecode: the contract between the compiler, which makes a [`Program`], and the runtime, which executes it.
//!
//! - [`isa`]: the instructions, declared once; numbers, codec and names of operands follow from the declaration;
//! - [`forward`]: which results are passed on without their slots;
//! - [`program`]: functions, constants, types, globals and tables;
//! - [`disasm`]: a program as text;
//! - [`verify`]: what must hold before it runs.

pub mod disasm;
pub mod forward;
pub mod isa;
pub mod program;
pub mod verify;

pub use isa::{Instr, Op};
pub use program::{Function, Kind, Program, TypeDesc, TypeIdx};
