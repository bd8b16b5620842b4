//! A program as text.

use std::fmt::Write as _;

use super::isa::{Ext, Instr, Op, Operand};
use super::program::{FuncIdx, Program, SlotMap};

/// A function's instructions, a line each: position, operation, operands, and what they name. Above the instructions
/// of a line of the source stands that line, as `source` knows it; behind the places where the function can stop, the
/// slots that hold pointers there.
pub fn function(program: &Program, index: FuncIdx, source: impl Fn(&str, u32) -> Option<String>) -> String {
    let Some(function) = program.functions.get(index as usize) else { return String::new() };
    let mut text = format!("{}: {} slots\n", function.name, function.frame);
    let mut places = function.places.iter().peekable();
    let mut at = 0;
    while let Some(instr) = Instr::decode(&function.code, at) {
        while let Some((_, place)) = places.next_if(|(from, _)| *from as usize <= at) {
            let name = program.files.get(place.file as usize).map_or("?", String::as_str);
            let line = source(name, place.line).unwrap_or_default();
            let _ = writeln!(text, "  {name}:{}: {}", place.line, line.trim());
        }
        let _ = write!(text, "{at:6}  {}", instruction(program, &instr, at));
        if let Ok(map) = function.maps.binary_search_by_key(&(at as u32), |(at, _)| *at) {
            let slots: Vec<String> = slots(&function.maps[map].1).collect();
            if !slots.is_empty() {
                let _ = write!(text, "  ; pointers {}", slots.join(" "));
            }
        }
        text.push('\n');
        at += instr.op.words();
    }
    text
}

/// The slots of a map; those that hold a pointer only if the slot before says so, with a question mark.
fn slots(map: &SlotMap) -> impl Iterator<Item = String> {
    let bits = |words: &[u64]| {
        let set =
            |(i, &word): (usize, &u64)| (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| 64 * i + bit);
        words.iter().enumerate().flat_map(set).collect::<Vec<_>>()
    };
    let tagged = bits(&map.tagged).into_iter().map(|slot| format!("r{slot}?"));
    bits(&map.pointers).into_iter().map(|slot| format!("r{slot}")).chain(tagged)
}

/// An instruction at a position.
pub fn instruction(program: &Program, instr: &Instr, at: usize) -> String {
    let info = instr.op.info();
    let mut text = format!("{:<12}", info.name);
    let next = at as i64 + instr.op.words() as i64;
    let long = instr.long_operand();
    for (operand, value) in info.operands.iter().zip([instr.a, instr.b, instr.c]) {
        let _ = match operand {
            Operand::None => Ok(()),
            Operand::W | Operand::R | Operand::RW | Operand::Wn | Operand::Rn => write!(text, " r{value}"),
            Operand::W2 | Operand::R2 => write!(text, " r{value}:{}", u32::from(value) + 1),
            Operand::Window => write!(text, " [{value}..]"),
            Operand::Imm => write!(text, " {}", value as i16),
            Operand::Uint => write!(text, " {value}"),
            Operand::Jump => write!(text, " ->{}", next + i64::from(value as i16)),
            Operand::Imm32 => write!(text, " {}", long as i32),
            Operand::Uint32 => write!(text, " {long}"),
            Operand::Jump32 => write!(text, " ->{}", next + i64::from(long as i32)),
            Operand::Const32 => write!(text, " {:#x}", program.constants.get(long as usize).copied().unwrap_or(0)),
            Operand::Str32 => {
                let bytes = program.strings.get(long as usize).map_or(&[][..], |s| s);
                write!(text, " {:?}", String::from_utf8_lossy(bytes))
            }
            Operand::Func32 => write!(text, " {}", program.functions.get(long as usize).map_or("?", |f| &f.name)),
            Operand::Native32 => write!(text, " {}", program.natives.get(long as usize).map_or("?", |n| n)),
            Operand::Type32 => write!(text, " {}", program.types.get(long as usize).map_or("?", |t| &t.name)),
            Operand::Method => write!(text, " .{}", program.methods.get(value as usize).map_or("?", |m| m)),
        };
    }
    match info.ext {
        Ext::None => {}
        Ext::Type => {
            let name = program.types.get(instr.ext as u32 as usize).map_or("?", |t| &t.name);
            let _ = write!(text, " {name}");
            if instr.ext >> 32 != 0 {
                let _ = write!(text, " {}", instr.ext >> 32);
            }
        }
        Ext::Slot => {
            let _ = write!(text, " r{}", instr.ext as u16);
        }
        Ext::Slots => {
            let _ = write!(text, " r{} r{}", instr.ext as u16, (instr.ext >> 16) as u16);
        }
        Ext::Arg => {
            let to = instr.a.wrapping_add((instr.ext >> 16) as u16);
            let _ = write!(text, " r{to} = r{} + {}", instr.ext as u16, (instr.ext >> 32) as i32);
        }
        Ext::Numbers => {
            let _ = write!(text, " {} {}", instr.ext as u32, instr.ext >> 32);
        }
    }
    text
}

/// The reference of all instructions, in Markdown: `docs/opcodes.md`.
pub fn reference() -> String {
    let mut text = String::from(REFERENCE);
    for info in super::isa::OPS {
        let operands: Vec<String> =
            info.operands.iter().filter(|o| **o != Operand::None).map(|o| format!("{o:?}")).collect();
        let ext = if info.ext == Ext::None { String::new() } else { format!(" + {:?}", info.ext) };
        let doc = info.doc.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|");
        let _ = writeln!(text, "| `{}` | {}{ext} | {doc} |", info.name, operands.join(" "));
    }
    text
}

/// What stands above the table.
const REFERENCE: &str = "\
# Instructions

This page is made from the list in `src/bytecode/isa.rs`; `DOCS_UPDATE=1 cargo test --test opcodes` writes it anew.

An instruction is a word of 64 bits: the operation and the operands `a`, `b` and `c`, 16 bits each. Some have a second
word. Slots are words of the frame; `vm build -S` shows them as `r4`, and pairs as `r4:5`.

| operand | what it is |
|---|---|
| `W`, `R`, `RW` | a slot that is written, read, or both |
| `W2`, `R2` | two slots: a string, a slice, an interface |
| `Wn`, `Rn` | as many slots as the instruction says |
| `Window` | where the frame of a call begins, above the own frame |
| `Imm`, `Uint`, `Imm32`, `Uint32` | a number |
| `Jump`, `Jump32` | where to go on, counted from the next instruction |
| `Const32`, `Str32`, `Func32`, `Native32`, `Type32`, `Method` | an entry of a table of the program |
| `+ Type`, `+ Slot`, `+ Slots`, `+ Arg`, `+ Numbers` | what the second word holds |

| operation | operands | what it does |
|---|---|---|
";

/// The operation names, for tests and tables.
pub fn names() -> impl Iterator<Item = &'static str> {
    (0..).map_while(Op::from_number).map(|op| op.info().name)
}
