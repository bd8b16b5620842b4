//! Checks of a program before it runs: the interpreter trusts what is checked here, and checks it no more.
//!
//! - every operand is a slot of its function's frame, or a position in one of the program's tables;
//! - jumps lead to instructions of the same function, and no function runs off its end;
//! - frames of calls begin where there is room for a header and for the signature of what is called;
//! - maps and places are in order, and name slots of the frame and positions of instructions.
//!
//! What slots hold is the compiler's promise: the kinds of values are not checked.

use super::isa::{Ext, Instr, Op, Operand};
use super::program::{Function, HEADER, Program};

/// What is wrong with a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The function.
    pub function: String,
    /// The position in its code.
    pub at: u32,
    /// What is wrong.
    pub what: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at {}: {}", self.function, self.at, self.what)
    }
}

/// Checks a program.
///
/// # Errors
/// The first thing that is wrong.
pub fn verify(program: &Program) -> Result<(), Problem> {
    let whole = |what: &str| Problem { function: String::new(), at: 0, what: what.to_owned() };
    if program.functions.get(program.entry as usize).is_none() {
        return Err(whole("the entry is no function"));
    }
    for ty in &program.types {
        let known = |idx: u32| (idx as usize) < program.types.len();
        if !known(ty.elem) || !known(ty.key) || ty.fields.iter().any(|field| !known(field.ty)) {
            return Err(whole("a type has a part that is no type"));
        }
        if ty.methods.iter().any(|&(_, function)| function as usize >= program.functions.len()) {
            return Err(whole("a method is no function"));
        }
    }
    for function in &program.functions {
        Check { program, function, starts: Vec::new() }.run()?;
    }
    Ok(())
}

struct Check<'p> {
    program: &'p Program,
    function: &'p Function,
    /// Whether an instruction begins at a position.
    starts: Vec<bool>,
}

impl Check<'_> {
    fn problem(&self, at: usize, what: impl Into<String>) -> Problem {
        Problem { function: self.function.name.clone(), at: at as u32, what: what.into() }
    }

    fn run(mut self) -> Result<(), Problem> {
        let function = self.function;
        let params = usize::from(function.signature).max(function.params.len());
        if usize::from(HEADER) + params > function.frame as usize {
            return Err(self.problem(0, "the parameters have no room in the frame"));
        }
        let code = &function.code;
        self.starts = vec![false; code.len()];
        let mut at = 0;
        let mut last = None;
        while at < code.len() {
            self.starts[at] = true;
            let Some(instr) = Instr::decode(code, at) else { return Err(self.problem(at, "no instruction")) };
            last = Some(instr.op);
            at += instr.op.words();
        }
        if at != code.len() || last.is_none_or(Op::falls_through) {
            return Err(self.problem(at, "execution runs off the end"));
        }
        let targets: Vec<u32> = self.targets();
        let (mut at, mut before) = (0, None);
        while let Some(instr) = Instr::decode(code, at) {
            self.instruction(at, &instr)?;
            self.forwarded(at, &instr, before, targets.binary_search(&(at as u32)).is_ok())?;
            before = Some(instr);
            at += instr.op.words();
        }
        self.tables()
    }

    /// Where jumps, returns and recoveries lead, in order.
    fn targets(&self) -> Vec<u32> {
        let mut targets: Vec<u32> = self.function.recovery.into_iter().collect();
        targets.extend(self.function.maps.iter().map(|(at, _)| *at));
        let mut at = 0;
        while let Some(instr) = Instr::decode(&self.function.code, at) {
            targets.extend(instr.target(at as u32));
            at += instr.op.words();
        }
        targets.sort_unstable();
        targets
    }

    /// An operand from an accumulator must have been written by the instruction before, with no other way to here.
    fn forwarded(&self, at: usize, instr: &Instr, before: Option<Instr>, is_target: bool) -> Result<(), Problem> {
        let Some((op, operand, float)) = instr.op.variant_of() else { return Ok(()) };
        let slot = [instr.a, instr.b, instr.c][operand];
        let fits = before.is_some_and(|before| {
            let first = before.op.info().operands[0];
            matches!(first, Operand::W | Operand::RW)
                && before.a == slot
                && op.forwarded(operand, before.op.leaves()) == Some(instr.op)
        });
        if fits && !is_target {
            return Ok(());
        }
        let which = if float { "the accumulator for floats" } else { "the accumulator" };
        Err(self.problem(at, format!("slot {slot} is not in {which}")))
    }

    fn instruction(&self, at: usize, instr: &Instr) -> Result<(), Problem> {
        if matches!(instr.op, Op::Edge | Op::Unwound | Op::Finish | Op::Printed) {
            return Err(self.problem(at, "an instruction of the machine itself"));
        }
        let program = self.program;
        let long = instr.long_operand() as usize;
        let known = |what: &str, idx: usize, count: usize| {
            if idx < count { Ok(()) } else { Err(self.problem(at, format!("there is no {what} {idx}"))) }
        };
        if instr.op.info().ext == Ext::Type {
            known("type", instr.ext as u32 as usize, program.types.len())?;
        }
        if matches!(instr.op.info().ext, Ext::Slot | Ext::Slots | Ext::Arg) {
            self.slots(at, instr.ext as u16, 1)?;
        }
        if instr.op.info().ext == Ext::Slots {
            self.slots(at, (instr.ext >> 16) as u16, 1)?;
        }
        if instr.op.info().ext == Ext::Arg {
            self.slots(at, instr.a.saturating_add((instr.ext >> 16) as u16), 1)?;
        }
        if instr.op == Op::Table {
            let jumps = self.function.code.get(at + 1..).and_then(|code| code.get(..usize::from(instr.c)));
            let is_jump = |&word: &u64| Op::from_number(word as u16) == Some(Op::Jmp);
            if !jumps.is_some_and(|jumps| jumps.iter().all(is_jump)) {
                return Err(self.problem(at, "a table of something else than jumps"));
            }
        }
        if matches!(instr.op, Op::DivI | Op::RemI) && instr.c == 0 {
            return Err(self.problem(at, "a division by zero"));
        }
        for (&operand, value) in instr.op.info().operands.iter().zip([instr.a, instr.b, instr.c]) {
            match operand {
                Operand::None | Operand::Imm | Operand::Imm32 | Operand::Uint => {}
                Operand::Uint32 => known("global", long / 8, program.globals.len())?,
                Operand::Const32 => known("constant", long, program.constants.len())?,
                Operand::Str32 => known("string", long, program.strings.len())?,
                Operand::Func32 => known("function", long, program.functions.len())?,
                Operand::Native32 => known("native", long, program.natives.len())?,
                Operand::Type32 => known("type", long, program.types.len())?,
                Operand::Method => known("method", usize::from(value), program.methods.len())?,
                Operand::Jump | Operand::Jump32 => {
                    let target = instr.target(at as u32).unwrap_or(u32::MAX);
                    if self.starts.get(target as usize) != Some(&true) {
                        return Err(self.problem(at, format!("a jump to {target}, where no instruction begins")));
                    }
                }
                Operand::Window => {
                    let callee =
                        if matches!(instr.op, Op::Call | Op::CallArg) { program.functions.get(long) } else { None };
                    let signature = callee.map_or(0, |callee| usize::from(callee.signature));
                    self.slots(at, value, usize::from(HEADER) + signature)?;
                }
                operand => self.slots(at, value, usize::from(program.width(instr, operand)))?,
            }
        }
        Ok(())
    }

    fn slots(&self, at: usize, first: u16, count: usize) -> Result<(), Problem> {
        let end = usize::from(first) + count;
        if end <= self.function.frame as usize {
            return Ok(());
        }
        Err(self.problem(at, format!("slots up to {end}, but the frame has {}", self.function.frame)))
    }

    fn tables(&self) -> Result<(), Problem> {
        let function = self.function;
        let begins = |at: u32| self.starts.get(at as usize) == Some(&true) || at as usize == self.starts.len();
        if !function.maps.is_sorted_by_key(|(at, _)| *at) || !function.places.is_sorted_by_key(|(at, _)| *at) {
            return Err(self.problem(0, "maps or places are not in order"));
        }
        for (at, map) in &function.maps {
            if !begins(*at) {
                return Err(self.problem(*at as usize, "a map where no instruction begins"));
            }
            let slots = |bits: &[u64]| {
                let last = bits.iter().rposition(|&word| word != 0);
                last.map_or(0, |i| 64 * i + 64 - bits[i].leading_zeros() as usize)
            };
            if slots(&map.pointers).max(slots(&map.tagged)) > function.frame as usize {
                return Err(self.problem(*at as usize, "a map of slots that the frame does not have"));
            }
        }
        if function.recovery.is_some_and(|at| !begins(at)) {
            return Err(self.problem(0, "it recovers where no instruction begins"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(code: &[Instr]) -> Program {
        let mut words = Vec::new();
        for instr in code {
            words.push(instr.word());
            words.extend((instr.op.words() == 2).then_some(instr.ext));
        }
        let function = Function { name: "main.f".to_owned(), code: words, frame: 8, ..Function::default() };
        Program { functions: vec![function], constants: vec![1], ..Program::default() }
    }

    fn problem(code: &[Instr]) -> String {
        verify(&program(code)).err().map_or_else(String::new, |problem| problem.what)
    }

    #[test]
    fn each_rule_can_fail() {
        let ret = Instr::new(Op::Ret, 0, 0, 0);
        assert_eq!(verify(&program(&[Instr::new(Op::Add, 4, 5, 7), ret])), Ok(()));
        assert_eq!(problem(&[Instr::new(Op::Add, 8, 5, 6), ret]), "slots up to 9, but the frame has 8");
        assert_eq!(problem(&[Instr::new(Op::Mov2, 4, 7, 0), ret]), "slots up to 9, but the frame has 8");
        assert_eq!(problem(&[Instr::new(Op::Mov, 4, 5, 0)]), "execution runs off the end");
        assert_eq!(problem(&[Instr::long(Op::Const, 4, 1), ret]), "there is no constant 1");
        assert_eq!(problem(&[Instr::long(Op::Call, 5, 0), ret]), "slots up to 9, but the frame has 8");
        assert_eq!(problem(&[Instr::long(Op::Call, 4, 1), ret]), "there is no function 1");
        assert_eq!(problem(&[Instr::long(Op::Jmp, 0, 9), ret]), "a jump to 10, where no instruction begins");
        let into = [Instr::long(Op::Jmp, 0, 1), Instr::new(Op::ElemAddr, 4, 4, 4).with(8, 0), ret];
        assert_eq!(problem(&into), "a jump to 2, where no instruction begins");
        assert_eq!(problem(&[Instr::new(Op::Edge, 0, 0, 0), ret]), "an instruction of the machine itself");
        let forwarded = [Instr::new(Op::Add, 4, 5, 5), Instr::new(Op::AddB, 5, 4, 4), ret];
        assert_eq!(problem(&forwarded), "");
        let other = [Instr::new(Op::Add, 4, 5, 5), Instr::new(Op::AddB, 5, 6, 4), ret];
        assert_eq!(problem(&other), "slot 6 is not in the accumulator");
        let wrong = [Instr::new(Op::Add, 4, 5, 5), Instr::new(Op::FaddB, 5, 4, 4), ret];
        assert_eq!(problem(&wrong), "slot 4 is not in the accumulator for floats");
        let target =
            [Instr::new(Op::Add, 4, 5, 5), Instr::new(Op::AddB, 5, 4, 4), Instr::long(Op::Jmp, 0, -2i32 as u32)];
        assert_eq!(problem(&target), "slot 4 is not in the accumulator");
        assert_eq!(problem(&[Instr::new(Op::RemI, 4, 4, 0), ret]), "a division by zero");
        let table = [Instr::new(Op::Table, 4, 0, 1), Instr::long(Op::Jmp, 0, 0), ret];
        assert_eq!(problem(&table), "");
        assert_eq!(problem(&[table[0], ret]), "a table of something else than jumps");
        assert_eq!(problem(&[Instr::new(Op::LdT, 4, 4, 0).with(0, 0), ret]), "there is no type 0");
    }

    #[test]
    fn maps_are_checked() {
        let mut bad = program(&[Instr::new(Op::Ret, 0, 0, 0)]);
        let map = super::super::program::SlotMap { pointers: vec![1 << 8], tagged: vec![0] };
        bad.functions[0].maps = vec![(0, map.into())];
        let what = verify(&bad).err().map(|problem| problem.what);
        assert_eq!(what.as_deref(), Some("a map of slots that the frame does not have"));
    }
}
