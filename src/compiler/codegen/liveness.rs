//! Which slots hold pointers where a function can stop: liveness over its bytecode.
//!
//! A slot is live where its value may still be read. Since what a slot can hold never changes inside a function, the
//! live slots that can hold pointers are the map of a place. Slots that are reached through their address count as
//! live everywhere but at the very beginning, where they are not cleared yet.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use smallvec::{SmallVec, smallvec};

use crate::bytecode::isa::{Ext, Instr, Op, Operand};
use crate::bytecode::program::{Function, HEADER, Program, SlotMap, WordKind};

/// A set of slots.
#[derive(Clone, PartialEq, Eq, Default)]
struct Slots(SmallVec<[u64; 2]>);

impl Slots {
    fn new(count: usize) -> Self {
        Self(smallvec![0; count.div_ceil(64)])
    }

    fn insert(&mut self, slot: usize) {
        if let Some(word) = self.0.get_mut(slot / 64) {
            *word |= 1 << (slot % 64);
        }
    }

    fn remove(&mut self, slot: usize) {
        if let Some(word) = self.0.get_mut(slot / 64) {
            *word &= !(1 << (slot % 64));
        }
    }

    /// Whether it has grown.
    fn join(&mut self, other: &Self) -> bool {
        let mut grown = false;
        for (a, b) in self.0.iter_mut().zip(&other.0) {
            grown |= *b & !*a != 0;
            *a |= b;
        }
        grown
    }

    /// What is live before a part of the code in which `written` are written and `read` are read before that, if these
    /// are live behind it.
    fn before(&mut self, written: &Self, read: &Self) {
        for ((live, written), read) in self.0.iter_mut().zip(&written.0).zip(&read.0) {
            *live = *live & !written | read;
        }
    }

    fn has(&self, slot: usize) -> bool {
        self.0.get(slot / 64).is_some_and(|word| word >> (slot % 64) & 1 == 1)
    }
}

/// A function's frame.
pub struct Frame<'f> {
    /// What its slots can hold.
    pub kinds: &'f [WordKind],
    /// Slots that are reached through their address: where they begin, and how many.
    pub pinned: &'f [(u16, u16)],
    /// How many slots from the header on hold parameters.
    pub params: u16,
    /// How many slots from the header on are read by whoever it returns to.
    pub results: u16,
}

struct Analysis<'p> {
    program: &'p Program,
    results: u16,
    instrs: Vec<(u32, Instr)>,
    slots: usize,
    /// Words of the code.
    words: usize,
}

impl Analysis<'_> {
    /// From what is live behind an instruction to what is live before it.
    fn step(&self, instr: &Instr, live: &mut Slots) {
        self.each(instr, true, |slot| live.remove(slot));
        self.each(instr, false, |slot| live.insert(slot));
    }

    /// The slots that an instruction writes, or those that it reads.
    fn each(&self, instr: &Instr, written: bool, mut f: impl FnMut(usize)) {
        let values = [instr.a, instr.b, instr.c];
        for (&operand, &value) in instr.op.info().operands.iter().zip(&values) {
            let writes = matches!(operand, Operand::W | Operand::W2 | Operand::Wn);
            if writes == written {
                let count = usize::from(self.program.width(instr, operand));
                (usize::from(value)..usize::from(value) + count).for_each(&mut f);
            }
        }
        if matches!(instr.op.info().ext, Ext::Slot | Ext::Slots | Ext::Arg) && !written {
            f(usize::from(instr.ext as u16));
        }
        if instr.op.info().ext == Ext::Slots && !written {
            f(usize::from((instr.ext >> 16) as u16));
        }
        if instr.op.returns() && !written {
            (HEADER..HEADER + self.results).map(usize::from).for_each(f);
        }
    }
}

/// The maps of a function's places.
pub fn maps(program: &Program, function: &Function, frame: &Frame<'_>) -> Vec<(u32, Arc<SlotMap>)> {
    let &Frame { kinds, pinned, params, results } = frame;
    let mut instrs = Vec::new();
    let mut at = 0;
    while let Some(instr) = Instr::decode(&function.code, at) {
        instrs.push((at as u32, instr));
        at += instr.op.words();
    }
    let analysis = Analysis { program, results, instrs, slots: kinds.len(), words: at };
    let wanted = analysis.places();
    let live = analysis.solve(&wanted, function.recovery);
    let mut shared: FxHashMap<SlotMap, Arc<SlotMap>> = FxHashMap::default();
    let mut maps = Vec::new();
    for (at, mut live) in live {
        for &(slot, count) in pinned {
            if at != 0 || slot < HEADER + params {
                (slot..slot + count).for_each(|slot| live.insert(usize::from(slot)));
            }
        }
        let words = kinds.len().div_ceil(64);
        let mut map = SlotMap { pointers: vec![0; words], tagged: vec![0; words] };
        for (slot, kind) in kinds.iter().enumerate() {
            if live.has(slot) {
                match kind {
                    WordKind::Scalar => {}
                    WordKind::Pointer => map.pointers[slot / 64] |= 1 << (slot % 64),
                    WordKind::Tagged => map.tagged[slot / 64] |= 1 << (slot % 64),
                }
            }
        }
        let map = shared.entry(map.clone()).or_insert_with(|| Arc::new(map)).clone();
        maps.push((at, map));
    }
    maps
}

impl Analysis<'_> {
    /// The places where a function can stop, by position.
    fn places(&self) -> Vec<bool> {
        let mut places = vec![false; self.words + 1];
        places[0] = true;
        for &(at, instr) in &self.instrs {
            let next = at + instr.op.words() as u32;
            match instr.op {
                Op::Call
                | Op::CallArg
                | Op::CallClosure
                | Op::CallMethod
                | Op::CallNative
                | Op::Send
                | Op::Recv
                | Op::Select => {
                    places[next as usize] = true;
                }
                Op::RunDefers => {
                    places[at as usize] = true;
                }
                op if op.is_loop() => {
                    instr.target(at).into_iter().for_each(|target| places[target as usize] = true);
                }
                _ => {}
            }
        }
        places
    }

    /// What is live at the wanted places, in order.
    fn solve(&self, wanted: &[bool], recovery: Option<u32>) -> Vec<(u32, Slots)> {
        // Blocks begin at jump targets and behind jumps.
        let mut starts = vec![false; self.words + 1];
        starts[0] = true;
        recovery.into_iter().for_each(|at| starts[at as usize] = true);
        for &(at, instr) in &self.instrs {
            if let Some(target) = instr.target(at) {
                starts[target as usize] = true;
                starts[at as usize + instr.op.words()] = true;
            }
            if instr.op == Op::RunDefers {
                starts[at as usize] = true;
            }
            if instr.op == Op::Table {
                starts[at as usize + 1..][..=usize::from(instr.c)].fill(true);
            }
        }
        let mut blocks: Vec<std::ops::Range<usize>> = Vec::new();
        // Which block begins at a position.
        let mut block_at = vec![0; self.words + 1];
        for (i, (at, _)) in self.instrs.iter().enumerate() {
            if starts[*at as usize] {
                if let Some(last) = blocks.last_mut() {
                    last.end = i;
                }
                block_at[*at as usize] = blocks.len();
                blocks.push(i..self.instrs.len());
            }
        }
        // What each block writes, and what it reads before it writes it.
        let effect = |range: &std::ops::Range<usize>| {
            let (mut written, mut read) = (Slots::new(self.slots), Slots::new(self.slots));
            for (_, instr) in self.instrs[range.clone()].iter().rev() {
                self.each(instr, true, |slot| written.insert(slot));
                self.step(instr, &mut read);
            }
            (written, read)
        };
        let effects: Vec<(Slots, Slots)> = blocks.iter().map(effect).collect();
        let mut live_in: Vec<Slots> = vec![Slots::new(self.slots); blocks.len()];
        let out = |block: usize, live_in: &[Slots]| {
            let (at, instr) = self.instrs[blocks[block].end - 1];
            let mut live = Slots::new(self.slots);
            if let Some(target) = instr.target(at) {
                live.join(&live_in[block_at[target as usize]]);
            }
            if instr.op == Op::Table {
                let ways = at as usize + 1..=at as usize + 1 + usize::from(instr.c);
                block_at[ways].iter().for_each(|&way| _ = live.join(&live_in[way]));
            }
            if instr.op.falls_through() && block + 1 < blocks.len() {
                live.join(&live_in[block + 1]);
            }
            live
        };
        loop {
            let mut changed = false;
            for block in (0..blocks.len()).rev() {
                let mut live = out(block, &live_in);
                let (written, read) = &effects[block];
                live.before(written, read);
                changed |= live_in[block].join(&live);
            }
            if !changed {
                break;
            }
        }
        let mut found = Vec::new();
        for (block, range) in blocks.iter().enumerate() {
            let mut live = out(block, &live_in);
            // A place may lie behind the last instruction of a block that ends without a jump.
            for i in range.clone().rev() {
                let (at, instr) = self.instrs[i];
                let next = at + instr.op.words() as u32;
                if wanted[next as usize] && !starts[next as usize] {
                    found.push((next, live.clone()));
                }
                self.step(&instr, &mut live);
                if wanted[at as usize] && starts[at as usize] {
                    found.push((at, live.clone()));
                }
            }
        }
        found.sort_by_key(|(at, _)| *at);
        found.dedup_by_key(|(at, _)| *at);
        found
    }
}
