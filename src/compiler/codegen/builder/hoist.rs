//! Loads of a slice's elements that stay the same in a loop: `a[i]` in a loop that reads `a[i][k]`.
//!
//! Such a load moves before the loop if it is the first instruction there that can panic, if nothing that it reads is
//! written in the loop, and if the loop neither calls anything nor stores anything but numbers: a slice's element that
//! is a slice itself cannot change then. The loop's head is only reached through the place before it, and from the
//! loop's end.

use std::ops::Range;

use smallvec::SmallVec;

use super::{Builder, Label, plain};
use crate::bytecode::isa::{Ext, Instr, Op, Operand};
use crate::bytecode::program::{Place, WordKind};

/// A load that can move.
struct Load {
    /// Where the instruction is.
    at: u32,
    /// What stands before the loop.
    before: Instr,
    /// What remains in the loop.
    rest: Option<Instr>,
}

impl Builder {
    /// Moves a load out of the loop that begins at a label and ends here.
    pub fn hoist(&mut self, head: Label) {
        let Some(start) = self.position(head) else { return };
        let Some(mut load) = self.first_load(start) else { return };
        if !self.is_steady(start, &load) {
            return;
        }
        if let Some(rest) = &mut load.rest {
            let row = self.fresh(&[WordKind::Pointer, WordKind::Scalar]);
            (load.before.a, rest.b) = (row, row);
        }
        self.move_before(head, start, &load);
    }

    /// The first instruction of a loop that can panic, if it is a load of an element that has two words.
    fn first_load(&self, start: u32) -> Option<Load> {
        let mut read = Vec::new();
        let mut at = start;
        loop {
            let instr = Instr::decode(&self.code, at as usize)?;
            let op = plain(instr.op);
            let header = Instr::new(Op::At2, 0, instr.b, instr.c);
            let second = instr.ext as u16;
            let (before, rest) = match op {
                // What was read before has its value from the last round.
                Op::At2 if read.contains(&instr.a) || read.contains(&(instr.a + 1)) => return None,
                Op::At2 => (Instr::new(Op::At2, instr.a, instr.b, instr.c), None),
                Op::AtAt64 => (header, Some(Instr::new(Op::At64, instr.a, 0, second))),
                Op::AtAt8u => (header, Some(Instr::new(Op::At8u, instr.a, 0, second))),
                _ if cannot_panic(op) => {
                    for (operand, value) in op.info().operands.iter().zip([instr.a, instr.b, instr.c]) {
                        match operand {
                            Operand::R | Operand::RW => read.push(value),
                            Operand::R2 => read.extend([value, value + 1]),
                            _ => {}
                        }
                    }
                    at += op.words() as u32;
                    continue;
                }
                _ => return None,
            };
            return Some(Load { at, before, rest });
        }
    }

    /// Whether a load gives the same all through a loop, wherever it stands there.
    fn is_steady(&self, start: u32, load: &Load) -> bool {
        let Instr { a, b, c, .. } = load.before;
        let target = if load.rest.is_none() { [a, a + 1] } else { [u16::MAX; 2] };
        let read = [b, b + 1, c];
        let pinned = |slot: u16| self.pinned.iter().any(|&(first, count)| (first..first + count).contains(&slot));
        if read.iter().any(|slot| target.contains(slot)) || read.iter().chain(&target).any(|&slot| pinned(slot)) {
            return false;
        }
        let mut at = start;
        while at < self.at() {
            let Some(instr) = Instr::decode(&self.code, at as usize) else { return false };
            if !is_quiet(plain(instr.op)) {
                return false;
            }
            for (operand, value) in instr.op.info().operands.iter().zip([instr.a, instr.b, instr.c]) {
                let written: &[u16] = match operand {
                    Operand::W | Operand::RW => &[value],
                    Operand::W2 => &[value, value + 1],
                    Operand::Wn => return false,
                    _ => &[],
                };
                if written.iter().any(|slot| read.contains(slot) || at != load.at && target.contains(slot)) {
                    return false;
                }
            }
            at += instr.op.words() as u32;
        }
        true
    }

    /// What is left of a load that feeds a product with an element of another row of the same number, and that product:
    /// `sum += row[k] * b[k][j]`.
    fn fused(&self, start: u32, load: &Load) -> Option<Instr> {
        let rest = load.rest.filter(|rest| rest.op == Op::At64)?;
        let next = load.at + 2;
        let product = Instr::decode(&self.code, next as usize).filter(|instr| instr.op == Op::FmacAtAt)?;
        let (column, factor) = (product.ext as u16, (product.ext >> 16) as u16);
        // Nobody else reads the factor: neither in the loop nor behind it, where its slot belongs to nobody.
        let owned = self.owned.iter().any(|(kinds, slot)| (*slot..slot + kinds.len() as u16).contains(&factor));
        let fits = factor == rest.a && product.c == rest.c && ![product.a, product.c, column].contains(&factor);
        if !fits || owned || self.labels.contains(&Some(next)) || self.is_read(start..next, factor) {
            return None;
        }
        if self.is_read(next + 2..self.at(), factor) {
            return None;
        }
        let slots = u32::from(rest.c) | u32::from(column) << 16;
        Some(Instr::new(Op::FmacRow, product.a, rest.b, product.b).with(slots, 0))
    }

    /// Whether a part of the code reads a slot.
    fn is_read(&self, part: Range<u32>, slot: u16) -> bool {
        let mut at = part.start;
        while at < part.end {
            let Some(instr) = Instr::decode(&self.code, at as usize) else { return true };
            let info = instr.op.info();
            let reads = info.operands.iter().zip([instr.a, instr.b, instr.c]).any(|(operand, value)| match operand {
                Operand::R | Operand::RW => value == slot,
                Operand::R2 => [value, value + 1].contains(&slot),
                Operand::Rn => true,
                _ => false,
            });
            let slots = [instr.ext as u16, (instr.ext >> 16) as u16];
            if reads || info.ext != Ext::None && slots.contains(&slot) {
                return true;
            }
            at += instr.op.words() as u32;
        }
        false
    }

    /// Puts the load before the loop, and what is left of it in its place.
    fn move_before(&mut self, head: Label, start: u32, load: &Load) {
        let fused = self.fused(start, load);
        let (old, left) = match (fused, load.rest) {
            (Some(fused), _) => (4, SmallVec::from([fused.word(), fused.ext])),
            (None, Some(rest)) => (2, SmallVec::<[u64; 2]>::from_slice(&[rest.word()])),
            (None, None) => (1, SmallVec::new()),
        };
        let place_of = |at: u32| self.places.iter().rev().find(|(from, _)| *from <= at).map(|(_, place)| *place);
        let (head_place, load_place) = (place_of(start), place_of(load.at));
        let (from, to) = (start as usize, load.at as usize);
        let behind = load.at + old;
        let shrunk = old - left.len() as u32 - 1;
        self.code.splice(to..behind as usize, left);
        self.code.insert(from, load.before.word());

        let moved = |at: u32| match at {
            at if at >= behind => at - shrunk,
            at if at > load.at => load.at + 1,
            at if at > start => at + 1,
            at => at,
        };
        // An instruction at the head moves, what leads to the place before it does not.
        let moved_code = |at: u32| if at == start { start + 1 } else { moved(at) };
        self.labels.iter_mut().flatten().for_each(|at| *at = moved(*at));
        self.labels[head.0 as usize] = Some(start + 1);
        self.jumps.iter_mut().for_each(|(at, _)| *at = moved_code(*at));
        self.windows.iter_mut().for_each(|at| *at = moved_code(*at));

        self.places.iter_mut().for_each(|(at, _)| *at = moved(*at));
        self.places.retain(|(at, _)| *at != start);
        let next = self.places.partition_point(|(at, _)| *at < start);
        let inserted = load_place.map(|place| (start, place)).into_iter();
        self.places.splice(next..next, inserted.chain(head_place.map(|place| (start + 1, place))));
        // Of several at a position the last one holds; one that says the same as the one before says nothing.
        let mut places: Vec<(u32, Place)> = Vec::with_capacity(self.places.len());
        for &(at, place) in &self.places {
            places.pop_if(|(last, _)| *last == at);
            if places.last().is_none_or(|(_, last)| *last != place) {
                places.push((at, place));
            }
        }
        self.places = places;
        self.last = [None; 2];
        self.barrier = self.at();
    }
}

/// Whether an instruction does nothing but give a value, and always has one.
fn cannot_panic(op: Op) -> bool {
    use Op::*;
    matches!(op, Mov | Mov2 | Imm | Const | Add | Sub | Mul | And | Or | Xor | AddI | MulI | ShlI | ShrI | UshrI | Len)
}

/// Whether an instruction neither runs others nor stores what a slice of slices can hold.
fn is_quiet(op: Op) -> bool {
    use Op::*;
    let [first, ..] = op.info().operands;
    match op {
        Append | Copy | Select | MapNext | Recv | MapPlace => false,
        Set8 | Set32 | Set64 | St8 | St16 | St32 | St64 | StF32 => true,
        AddTo | AddToI | FaddTo | FsubTo | FmulAddTo | FmulSubTo | CheckShift | Check | Nop | Table => true,
        _ => {
            op.returns()
                || op.info().operands.iter().any(|operand| matches!(operand, Operand::Jump | Operand::Jump32))
                || matches!(first, Operand::W | Operand::W2 | Operand::RW)
        }
    }
}
