//! The code of one function under construction: slots, labels, places.
//!
//! Slots are taken as a stack and given back in the same way, but a slot that is given back is only taken again for the
//! same kinds of words: what a slot can hold never changes inside a function, so that liveness alone says which slots
//! hold pointers. The frame of an outgoing call begins behind all slots, which is known at the end: until then its
//! slots are numbered from [`WINDOW`] on.

mod hoist;

use std::sync::Arc;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::bytecode::forward::Left;
use crate::bytecode::isa::{Instr, Op, Operand};
use crate::bytecode::program::{HEADER, Place, WordKind};

/// Numbers from here on are slots of the outgoing call's frame.
pub const WINDOW: u16 = 0x8000;
/// The first slot for arguments and results of an outgoing call.
pub const ARGS: u16 = WINDOW + HEADER;

/// A place in the code that jumps lead to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Label(u32);

/// Code under construction.
pub struct Builder {
    pub code: Vec<u64>,
    /// What each slot can hold.
    pub kinds: Vec<WordKind>,
    free: FxHashMap<Arc<[WordKind]>, Vec<u16>>,
    owned: Vec<(Arc<[WordKind]>, u16)>,
    labels: Vec<Option<u32>>,
    jumps: Vec<(u32, Label)>,
    /// Positions of instructions with slots of the outgoing call.
    windows: Vec<u32>,
    /// The most slots of an outgoing call that were named.
    window: u16,
    pub places: Vec<(u32, Place)>,
    place: Place,
    /// Slots whose address is known to others: first and count.
    pub pinned: Vec<(u16, u16)>,
    /// The position after the last label or jump target: what lies before is not looked at by peepholes.
    barrier: u32,
    /// Whether nothing leads to the end of the code.
    pub dead: bool,
    /// Slots of the parameters.
    pub params: u16,
    /// The last instructions, the very last one first.
    last: [Option<Written>; 2],
    /// Loops around what is being compiled.
    pub loops: u32,
    /// Slots with constants that loops use, by the instruction that loads them.
    constants: FxHashMap<u64, u16>,
}

/// An instruction that writes a slot.
#[derive(Clone, Copy)]
struct Written {
    slot: u16,
    /// Where it begins and ends.
    start: u32,
    end: u32,
    /// What it left in the accumulators.
    left: Left,
}

/// Most slots with constants in a function.
const MAX_CONSTANTS: usize = 32;

/// The operation without what it takes from an accumulator.
fn plain(op: Op) -> Op {
    op.variant_of().map_or(op, |(op, ..)| op)
}

/// Why a function cannot be encoded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TooLarge {
    /// It needs too many slots.
    Slots,
    /// A conditional jump is too far.
    Jump,
}

impl Builder {
    pub fn new() -> Self {
        Self {
            code: Vec::new(),
            kinds: vec![WordKind::Scalar; usize::from(HEADER)],
            free: FxHashMap::default(),
            owned: Vec::new(),
            labels: Vec::new(),
            jumps: Vec::new(),
            windows: Vec::new(),
            window: 0,
            places: Vec::new(),
            place: Place::default(),
            pinned: Vec::new(),
            barrier: 0,
            dead: false,
            params: 0,
            last: [None; 2],
            loops: 0,
            constants: FxHashMap::default(),
        }
    }

    // ---- slots

    /// Takes slots of these kinds.
    pub fn take(&mut self, kinds: &Arc<[WordKind]>) -> u16 {
        if kinds.is_empty() {
            return HEADER;
        }
        let slot = match self.free.get_mut(kinds).and_then(Vec::pop) {
            Some(slot) => slot,
            None => self.fresh(kinds),
        };
        self.owned.push((kinds.clone(), slot));
        slot
    }

    /// Slots that nothing else uses, ever.
    pub fn fresh(&mut self, kinds: &[WordKind]) -> u16 {
        if kinds.len() > 1 && self.kinds.len() % 2 == 1 {
            self.kinds.push(WordKind::Scalar);
        }
        let slot = self.kinds.len();
        self.kinds.extend_from_slice(kinds);
        // Too many are noticed at the end.
        slot.min(usize::from(WINDOW) - 1) as u16
    }

    /// How many slots are taken now.
    pub fn mark(&self) -> usize {
        self.owned.len()
    }

    /// Gives back what was taken since.
    pub fn release(&mut self, mark: usize) {
        for (kinds, slot) in self.owned.drain(mark..) {
            self.free.entry(kinds).or_default().push(slot);
        }
    }

    /// Whether a slot was taken since, so that nothing outlasts its next use.
    pub fn taken_since(&self, mark: usize, slot: u16) -> bool {
        self.owned[mark..].iter().any(|(kinds, first)| *first == slot && kinds.len() <= 2)
    }

    /// Says that slots are written and read through their address, so that they count as live everywhere.
    pub fn pin(&mut self, slot: u16, count: u16) {
        if count > 0 && !self.pinned.contains(&(slot, count)) {
            self.pinned.push((slot, count));
        }
    }

    // ---- code

    /// The place that what follows comes from.
    pub fn set_place(&mut self, place: Place) {
        self.place = place;
    }

    pub fn place(&self) -> Place {
        self.place
    }

    pub fn at(&self) -> u32 {
        self.code.len() as u32
    }

    fn push(&mut self, mut instr: Instr) {
        let at = self.at();
        self.forward(&mut instr);
        if self.places.last().is_none_or(|(_, last)| *last != self.place) {
            self.places.push((at, self.place));
        }
        let info = instr.op.info();
        for (operand, value) in info.operands.iter().zip([instr.a, instr.b, instr.c]) {
            if is_slot(*operand) && value >= WINDOW {
                let slots = if *operand == Operand::Window { HEADER } else { 2 };
                self.window = self.window.max(value - WINDOW + slots);
                if self.windows.last() != Some(&at) {
                    self.windows.push(at);
                }
            }
        }
        self.code.push(instr.word());
        if instr.op.words() == 2 {
            self.code.push(instr.ext);
        }
        let writes = matches!(info.operands[0], Operand::W | Operand::RW | Operand::W2);
        let written = writes.then(|| Written { slot: instr.a, start: at, end: self.at(), left: instr.op.leaves() });
        self.last = [written, self.last[0]];
    }

    /// Takes an operand from the accumulator if the instruction before has just written it.
    fn forward(&self, instr: &mut Instr) {
        let Some(Written { slot, end, left, .. }) = self.last[0] else { return };
        if end != self.at() || self.barrier >= self.at() || left == Left::Nothing {
            return;
        }
        for (operand, value) in [instr.a, instr.b, instr.c].into_iter().enumerate() {
            if value == slot
                && let Some(op) = instr.op.forwarded(operand, left)
            {
                instr.op = op;
                return;
            }
        }
    }

    /// The last instruction, if it is this operation and has written this slot, and nothing jumps behind it: it is
    /// taken back. Its value must not be used by anything else.
    pub fn take_back(&mut self, is: impl Fn(Op) -> bool, slot: u16) -> Option<Instr> {
        self.take_back_if(|instr| instr.a == slot && is(instr.op))
    }

    /// The last instruction, if it is such a one that writes a slot.
    fn take_back_if(&mut self, is: impl Fn(&Instr) -> bool) -> Option<Instr> {
        let Written { start, end, .. } = self.last[0]?;
        if end != self.at() || self.barrier >= self.at() {
            return None;
        }
        let mut instr = Instr::decode(&self.code, start as usize)?;
        instr.op = plain(instr.op);
        // Whoever takes it back puts its operands elsewhere.
        if !is(&instr) || self.windows.last() == Some(&start) {
            return None;
        }
        self.code.truncate(start as usize);
        self.last = [self.last[1], None];
        if self.places.last().is_some_and(|(at, _)| *at >= self.at()) {
            self.places.pop();
        }
        Some(instr)
    }

    /// The slot of an outgoing call's frame that the last instruction has copied to a slot: it is taken back, so the
    /// next instruction has to read it there. The copy must not be used by anything else.
    pub fn take_result(&mut self, slot: u16) -> Option<u16> {
        let Written { slot: written, start, end, .. } = self.last[0]?;
        let instr = Instr::decode(&self.code, start as usize)?;
        if written != slot || end != self.at() || self.barrier >= self.at() || instr.op != Op::Mov || instr.b < WINDOW {
            return None;
        }
        self.windows.pop();
        self.code.truncate(start as usize);
        self.last = [None; 2];
        if self.places.last().is_some_and(|(at, _)| *at >= self.at()) {
            self.places.pop();
        }
        Some(instr.b)
    }

    /// A call of a function whose arguments are in the outgoing call's frame. The last of them may become part of it.
    pub fn call(&mut self, function: u32) {
        if let Some(Written { slot, start, end, .. }) = self.last[0]
            && slot >= ARGS
            && end == self.at()
            && self.barrier < end
            && let Some(instr) = Instr::decode(&self.code, start as usize)
            && matches!(plain(instr.op), Op::Mov | Op::AddI)
            && instr.b < WINDOW
        {
            let number = if plain(instr.op) == Op::AddI { i32::from(instr.c as i16) } else { 0 };
            self.windows.pop();
            self.code.truncate(start as usize);
            if self.places.last().is_some_and(|(at, _)| *at >= self.at()) {
                self.places.pop();
            }
            self.last = [None; 2];
            let source = u32::from(instr.b) | u32::from(slot - WINDOW) << 16;
            return self.push(Instr::long(Op::CallArg, WINDOW, function).with(source, number as u32));
        }
        self.emit_long(Op::Call, WINDOW, function);
    }

    /// A slot with a constant, which an instruction loads at the function's beginning.
    pub fn constant_slot(&mut self, load: Instr) -> Option<u16> {
        if let Some(&known) = self.constants.get(&load.word()) {
            return Some(known);
        }
        if self.constants.len() >= MAX_CONSTANTS {
            return None;
        }
        let slot = self.fresh(&[WordKind::Scalar]);
        self.constants.insert(load.word(), slot);
        Some(slot)
    }

    /// Says that an outgoing call has so many slots for arguments or results.
    pub fn reserve_window(&mut self, slots: u16) {
        self.window = self.window.max(HEADER + slots + 2);
    }

    pub fn emit(&mut self, op: Op, a: u16, b: u16, c: u16) {
        self.push(Instr::new(op, a, b, c));
    }

    pub fn emit_long(&mut self, op: Op, a: u16, long: u32) {
        self.push(Instr::long(op, a, long));
    }

    pub fn emit_ext(&mut self, op: Op, [a, b, c]: [u16; 3], low: u32, high: u32) {
        self.push(Instr::new(op, a, b, c).with(low, high));
    }

    // ---- labels

    pub fn label(&mut self) -> Label {
        self.labels.push(None);
        Label(self.labels.len() as u32 - 1)
    }

    pub fn bind(&mut self, label: Label) {
        // A jump to the next instruction is no jump.
        while let Some(&(at, target)) = self.jumps.last()
            && target == label
            && at + 1 == self.at()
            && self.barrier < self.at()
            && Instr::decode(&self.code, at as usize).is_some_and(|i| i.op == Op::Jmp)
        {
            self.code.pop();
            self.jumps.pop();
            if self.places.last().is_some_and(|(position, _)| *position >= self.at()) {
                self.places.pop();
            }
        }
        self.return_if(label);
        self.labels[label.0 as usize] = Some(self.at());
        self.barrier = self.at();
        self.dead = false;
    }

    /// A jump to a label that is about to be bound, over nothing but a return, becomes a return if the opposite holds.
    fn return_if(&mut self, label: Label) {
        let at = self.at();
        let Some(&(jump, target)) = self.jumps.last() else { return };
        if target != label
            || jump + 2 != at
            || self.barrier > jump
            || self.code[jump as usize + 1] != Instr::new(Op::Ret, 0, 0, 0).word()
        {
            return;
        }
        let Some(mut instr) = Instr::decode(&self.code, jump as usize) else { return };
        instr.op = match plain(instr.op) {
            Op::JEqI => Op::RetNeI,
            Op::JNeI => Op::RetEqI,
            Op::JLtI => Op::RetGeI,
            Op::JLeI => Op::RetGtI,
            Op::JGtI => Op::RetLeI,
            Op::JGeI => Op::RetLtI,
            _ => return,
        };
        self.jumps.pop();
        self.code.pop();
        self.code[jump as usize] = instr.word();
        if self.places.last().is_some_and(|(position, _)| *position >= self.at()) {
            self.places.pop();
        }
    }

    /// Where a bound label is.
    pub fn position(&self, label: Label) -> Option<u32> {
        self.labels[label.0 as usize]
    }

    /// A jump to the label at `slot - low`, or to the instruction behind if there is none.
    pub fn table(&mut self, slot: u16, low: i16, labels: &[Label]) {
        self.emit(Op::Table, slot, low as u16, labels.len() as u16);
        for &label in labels {
            self.jump(Op::Jmp, 0, 0, label);
        }
        // These jumps stay, wherever they lead.
        self.barrier = self.at();
        self.dead = false;
    }

    /// Cuts what the last instruction has left in a slot down to 32 bits; whether it could be told so.
    pub fn narrow_last(&mut self, slot: u16, signed: bool) -> bool {
        let narrow = |op| {
            Some(match (op, signed) {
                (Op::Add, true) => Op::Add32s,
                (Op::Sub, true) => Op::Sub32s,
                (Op::Mul, true) => Op::Mul32s,
                (Op::AddI, true) => Op::AddI32s,
                (Op::MulI, true) => Op::MulI32s,
                (Op::ShlI, true) => Op::ShlI32s,
                (Op::Add, false) => Op::Add32u,
                (Op::Sub, false) => Op::Sub32u,
                (Op::Mul, false) => Op::Mul32u,
                (Op::Shl, false) => Op::Shl32u,
                (Op::AddI, false) => Op::AddI32u,
                (Op::MulI, false) => Op::MulI32u,
                (Op::ShlI, false) => Op::ShlI32u,
                _ => return None,
            })
        };
        let Some(last) = self.take_back(|op| narrow(op).is_some(), slot) else { return false };
        let Some(op) = narrow(last.op) else { return false };
        self.emit(op, last.a, last.b, last.c);
        true
    }

    /// Goes on at a loop's head if a slot that has just been counted up is less than a slice's length, which nothing
    /// else reads. Whether that is what the last instructions are.
    pub fn jump_below_length(&mut self, a: u16, b: u16, label: Label) -> bool {
        let counts = |i: &Instr| *i == Instr::new(Op::AddI, a, a, 1);
        let Some(len) = self.take_back(|op| op == Op::Len, b) else { return false };
        if len.b == a || self.take_back_if(counts).is_none() {
            self.emit(Op::Len, len.a, len.b, 0);
            return false;
        }
        self.jumps.push((self.at(), label));
        self.push(Instr::new(Op::IncLtLen, a, len.b, 0));
        true
    }

    /// An instruction whose last operand is a jump.
    pub fn jump(&mut self, mut op: Op, a: u16, b: u16, label: Label) {
        let counted = match op {
            Op::LoopLt => Some((Op::IncLt, 1)),
            Op::LoopLtI => Some((Op::IncLtI, 1)),
            Op::LoopLe => Some((Op::IncLe, 1)),
            Op::LoopLeI => Some((Op::IncLeI, 1)),
            Op::LoopGtI => Some((Op::DecGtI, -1i16)),
            Op::LoopGeI => Some((Op::DecGeI, -1)),
            _ => None,
        };
        let mut step = 0;
        if let Some((counted, by)) = counted {
            if self.take_back_if(|i| *i == Instr::new(Op::AddI, a, a, by as u16)).is_some() {
                op = counted;
            } else if op == Op::LoopLt
                && let Some(add) = self.take_back_if(|i| i.op == Op::Add && i.a == a && i.b == a && i.c != a)
            {
                (op, step) = (Op::AddLt, add.c);
            }
        }
        self.jumps.push((self.at(), label));
        self.push(Instr::new(op, a, b, 0).with(step.into(), 0));
        if matches!(op, Op::Jmp | Op::Loop) {
            self.dead = true;
        }
    }

    // ---- the end

    /// Pinned slots are read by the collector from the beginning, so they begin as zero.
    fn clear_pinned(&mut self) {
        let mut prefix = Vec::new();
        let mut constants: Vec<(u64, u16)> = self.constants.drain().collect();
        constants.sort_unstable_by_key(|(_, slot)| *slot);
        // The first operand is the slot.
        prefix.extend(constants.into_iter().map(|(load, slot)| load | u64::from(slot) << 16));
        for &(slot, count) in &self.pinned {
            // Parameters have a value from the beginning.
            if slot >= HEADER + self.params
                && self.kinds[usize::from(slot)..][..usize::from(count)].iter().any(|kind| *kind != WordKind::Scalar)
            {
                prefix.push(Instr::new(Op::ZeroN, slot, count, 0).word());
            }
        }
        let shift = prefix.len() as u32;
        self.code.splice(0..0, prefix);
        self.labels.iter_mut().flatten().for_each(|at| *at += shift);
        self.jumps.iter_mut().for_each(|(at, _)| *at += shift);
        self.windows.iter_mut().for_each(|at| *at += shift);
        self.places.iter_mut().skip(1).for_each(|(at, _)| *at += shift);
    }

    /// Resolves jumps and the outgoing calls' frame. Returns the slots of the frame.
    pub fn finish(&mut self) -> Result<u32, TooLarge> {
        self.clear_pinned();
        let base = self.kinds.len().next_multiple_of(2);
        // Frames on top of it are aligned as it is.
        let frame = (base + usize::from(self.window)).next_multiple_of(2);
        if frame >= usize::from(WINDOW) {
            return Err(TooLarge::Slots);
        }
        for at in std::mem::take(&mut self.windows) {
            let at = at as usize;
            let Some(mut instr) = Instr::decode(&self.code, at) else { continue };
            let operands = instr.op.info().operands;
            for (operand, value) in operands.iter().zip([&mut instr.a, &mut instr.b, &mut instr.c]) {
                if is_slot(*operand) && *value >= WINDOW {
                    *value = *value - WINDOW + base as u16;
                }
            }
            self.code[at] = instr.word();
        }
        for (at, label) in std::mem::take(&mut self.jumps) {
            let Some(target) = self.labels[label.0 as usize] else { continue };
            let Some(mut instr) = Instr::decode(&self.code, at as usize) else { continue };
            let distance = i64::from(target) - i64::from(at) - instr.op.words() as i64;
            if instr.op.info().operands[1] == Operand::Jump32 {
                (instr.b, instr.c) = (distance as u16, (distance >> 16) as u16);
            } else {
                instr.c = i16::try_from(distance).map_err(|_| TooLarge::Jump)? as u16;
            }
            self.code[at as usize] = instr.word();
        }
        Ok(frame as u32)
    }
}

fn is_slot(operand: Operand) -> bool {
    use Operand::*;
    matches!(operand, W | W2 | RW | R | R2 | Rn | Wn | Window)
}

/// Where the values of a parameter or result list lie, from the first slot on, and what the slots hold.
pub fn sequence<'k>(
    parts: impl Iterator<Item = (&'k [WordKind], u64)>,
) -> (SmallVec<[u16; 8]>, SmallVec<[WordKind; 16]>) {
    let (mut offsets, mut kinds) = (SmallVec::new(), SmallVec::<[WordKind; 16]>::new());
    for (slots, align) in parts {
        if align == 16 && kinds.len() % 2 == 1 {
            kinds.push(WordKind::Scalar);
        }
        offsets.push(kinds.len() as u16);
        kinds.extend_from_slice(slots);
    }
    (offsets, kinds)
}
