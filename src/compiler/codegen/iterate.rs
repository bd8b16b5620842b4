//! `for … range` over functions.
//!
//! The body becomes a function of its own, which the iterator calls for each value. Its frame is another, but it uses
//! the variables around the loop where they are: in the slots of the frame that the loop stands in, whose address its
//! closure has. That is sound because that frame waits for the iterator: a cell in the heap, which the closure has
//! too, says whether the body may run, and whoever kept the body beyond the loop gets a panic.
//!
//! What leaves the body early (`return`, `break` and `continue` of outer loops, `goto`) is noted as a number in a slot
//! of the outer frame; the body returns false, and after the call of the iterator the loop does what the number says.

use rustc_hash::FxHashMap;

use super::assign::Dest;
use super::call::Callee;
use super::func::{Fun, Storage, Target};
use super::range::Var;
use crate::base::Symbol;
use crate::bytecode::isa::Op;
use crate::bytecode::program::{CLOSURE, Function, HEADER, WordKind};
use crate::compiler::syntax::ast::{Ast, BlockId, BranchKind, ExprId, LabelId, List, Stmt, StmtId};
use crate::compiler::types::{TypeId, tid};

/// States of a loop over a function, as the machine knows them.
const DONE: u64 = 0;
const READY: u64 = 1;
const RUNNING: u64 = 2;
const EXHAUSTED: u64 = 3;

/// How a body leaves its loop but by `break` and `continue` of the loop itself.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Exit {
    Return,
    Branch(BranchKind, Option<LabelId>),
}

/// What the body of a loop over a function knows of what is around it.
pub struct Outer {
    /// Slots with the addresses of the frames around it, the nearest first.
    bases: Vec<u16>,
    /// The outer slots that it uses: how many frames outwards, the first, and how many.
    used: Vec<(usize, u16, u16)>,
    exits: Vec<Exit>,
    /// Labels that are declared in the body.
    labels: Vec<Symbol>,
    /// The outer slot for the number of the exit.
    code: u16,
    /// The slot with the address of the loop's state.
    state: u16,
}

impl Fun<'_, '_> {
    /// Notes that an outer variable is used.
    pub fn note_outer(&mut self, storage: Storage, ty: TypeId) {
        let Storage::Outer { base, slot, cell } = storage else { return };
        let width = if cell { 1 } else { self.layout(ty).width() };
        if let Some(outer) = self.outer.as_mut()
            && let Some(level) = outer.bases.iter().position(|b| *b == base)
            && !outer.used.contains(&(level, slot, width))
        {
            outer.used.push((level, slot, width));
        }
    }

    /// The place of an outer variable.
    pub fn outer_dest(&mut self, base: u16, slot: u16, cell: bool) -> Dest {
        if cell {
            let pointer = self.pointer();
            self.outer_load(base, slot, pointer, &[WordKind::Pointer]);
            return Dest::Mem(pointer, 0);
        }
        Dest::Outer { base, slot }
    }

    /// Slots of an outer frame to slots.
    pub fn outer_load(&mut self, base: u16, slot: u16, to: u16, kinds: &[WordKind]) {
        let (base, offset) = self.offset(base, 8 * u64::from(slot));
        self.load_words(to, base, offset, kinds);
    }

    /// Slots to slots of an outer frame.
    pub fn outer_store(&mut self, base: u16, slot: u16, from: u16, kinds: &[WordKind]) {
        // No barrier is needed for frames.
        let (base, offset) = self.offset(base, 8 * u64::from(slot));
        for i in 0..kinds.len() as u16 {
            self.b.emit(Op::St64, base, from + i, offset + 8 * i);
        }
    }

    /// The function that the body of loops stands in, from within such a body: its frame's address.
    pub fn outermost(&self) -> Option<u16> {
        self.outer.as_ref()?.bases.last().copied()
    }

    // ---- the loop

    pub(super) fn range_function(
        &mut self,
        [first, second]: [Var; 2],
        x: ExprId,
        x_ty: TypeId,
        label: Option<Symbol>,
        body: BlockId,
    ) {
        let sig = self.sig(x_ty);
        let Some(yield_ty) = sig.params.first().map(|param| param.ty) else { return };
        let yield_ty = self.inst(yield_ty);
        let yield_sig = self.sig(yield_ty);
        let types: Vec<TypeId> = yield_sig.params.iter().map(|param| param.ty).collect();
        let types: Vec<TypeId> = types.into_iter().map(|ty| self.inst(ty)).collect();
        let iterator = self.temp(x_ty);
        self.expr_into(x, iterator);
        // Returns from the body leave their values where the outer function looks for them.
        if self.result_vars.is_none() && !self.result_types.is_empty() {
            let results = self.result_types.clone();
            let slots = |fun: &mut Self, ty| {
                let layout = fun.layout(ty);
                Storage::Slots(fun.b.fresh(&layout.slots))
            };
            self.result_vars = Some(results.into_iter().map(|ty| slots(self, ty)).collect());
        }
        let (code, state) = (self.scalar(), self.pointer());
        self.b.pin(code, 1);
        self.zero(code, 1);
        let int = self.layout(tid::INT).idx;
        self.b.emit_long(Op::New, state, int);
        let ready = self.scalar();
        self.integer(ready, READY);
        self.b.emit(Op::St64, state, ready, 0);

        let index = self.g.placeholder();
        self.ranges += 1;
        let name = format!("{}-range{}", self.name, self.ranges);
        let compile = |fun: &mut Self, far| fun.body_function(&name, far, [first, second], &types, label, body, code);
        let compiled = match compile(self, self.far) {
            Err(super::builder::TooLarge::Jump) if !self.far => compile(self, true),
            compiled => compiled,
        };
        let (function, exits) = match compiled {
            Ok(compiled) => compiled,
            Err(problem) => {
                self.failed = Some(problem);
                return;
            }
        };
        self.g.fill(index, function, vec![WordKind::Scalar, WordKind::Pointer, WordKind::Scalar]);
        let (closure, frame) = (self.pointer(), self.scalar());
        self.b.emit_long(Op::Closure, closure, index);
        self.b.emit(Op::StP, closure, state, 8);
        self.b.emit(Op::FrameAddr, frame, 0, 0);
        self.b.emit(Op::St64, closure, frame, 16);
        self.call_slots(Callee::Closure(iterator), &[(closure, yield_ty)], &sig);

        // The body was left by a panic that the iterator has swallowed, or it may not be called any more.
        let (now, fine) = (self.scalar(), self.b.label());
        self.b.emit(Op::Ld64, now, state, 0);
        self.jump_if(Op::JNeI, now, RUNNING as u16, fine);
        self.b.emit_long(Op::Imm, now, EXHAUSTED as u32 + 1);
        self.b.emit(Op::BadRange, now, 0, 0);
        self.b.bind(fine);
        self.integer(now, EXHAUSTED);
        self.b.emit(Op::St64, state, now, 0);
        for (i, exit) in exits.into_iter().enumerate() {
            let other = self.b.label();
            self.jump_if(Op::JNeI, code, i as u16 + 1, other);
            match exit {
                Exit::Return => self.leave(),
                Exit::Branch(kind, label) => self.branch_stmt(kind, label),
            }
            self.b.bind(other);
        }
    }

    /// The body as a function.
    #[expect(clippy::too_many_arguments, reason = "a loop's parts")]
    fn body_function(
        &mut self,
        name: &str,
        far: bool,
        [first, second]: [Var; 2],
        types: &[TypeId],
        label: Option<Symbol>,
        body: BlockId,
        code: u16,
    ) -> Result<(Function, Vec<Exit>), super::builder::TooLarge> {
        let place = self.b.place();
        let own_bases = self.outer.as_ref().map_or(Vec::new(), |outer| outer.bases.clone());
        let stmts = self.ast().block(body).stmts;
        let mut labels = Vec::new();
        labels_in(self.ast(), stmts, &mut labels);
        // The slots of the body's own frame: parameters come first, so bases are known when those are taken.
        let env = self.env.clone();
        let (result_types, vars, results) = (self.result_types.clone(), self.vars.clone(), self.result_vars.clone());
        let mut function = Function::default();
        let mut fun = Fun::new(&mut *self.g, env, name.to_owned(), far);
        fun.b.set_place(place);
        fun.begin(&[], types, &mut function);
        let state = fun.b.fresh(&[WordKind::Pointer]);
        let bases: Vec<u16> = (0..=own_bases.len()).map(|_| fun.b.fresh(&[WordKind::Scalar])).collect();
        fun.b.emit(Op::Ld64, state, CLOSURE as u16, 8);
        fun.b.emit(Op::Ld64, bases[0], CLOSURE as u16, 16);
        // Whether it may run is known before anything outside is touched.
        let (now, fine) = (fun.scalar(), fun.b.label());
        fun.b.emit(Op::Ld64, now, state, 0);
        fun.jump_if(Op::JEqI, now, READY as u16, fine);
        fun.b.emit(Op::BadRange, now, 0, 0);
        fun.b.bind(fine);
        fun.set_state(state, RUNNING);
        for (i, &base) in own_bases.iter().enumerate() {
            fun.b.emit(Op::Ld64, bases[i + 1], bases[0], 8 * base);
        }
        fun.outer = Some(Outer { bases: bases.clone(), used: Vec::new(), exits: Vec::new(), labels, code, state });
        fun.result_types = result_types;
        // What the outer function's variables are from here.
        let seen = |storage| match storage {
            Storage::Outer { base, slot, cell } => {
                let level = own_bases.iter().position(|b| *b == base).unwrap_or(0);
                Storage::Outer { base: bases[level + 1], slot, cell }
            }
            Storage::Slots(slot) => Storage::Outer { base: bases[0], slot, cell: false },
            Storage::Cell(slot) => Storage::Outer { base: bases[0], slot, cell: true },
            global @ Storage::Global(_) => global,
        };
        fun.vars = vars.into_iter().map(|(obj, storage)| (obj, seen(storage))).collect::<FxHashMap<_, _>>();
        fun.result_vars = results.map(|vars| vars.into_iter().map(seen).collect());

        let (next, end) = (fun.b.label(), fun.b.label());
        let (offsets, _) = fun.sequence(types);
        fun.open_scope();
        let vars = fun.settled([first, second]);
        for (var, (&ty, offset)) in vars.into_iter().zip(types.iter().zip(offsets)) {
            fun.bind(var, HEADER + offset, ty);
        }
        fun.targets.push(Target { label, breaks: end, continues: Some(next), plain: true });
        fun.block(body);
        fun.targets.pop();
        fun.close_scope();
        fun.b.bind(next);
        fun.set_state(state, READY);
        fun.b.emit_long(Op::Imm, HEADER, 1);
        fun.b.emit(Op::Ret, 0, 0, 0);
        fun.b.bind(end);
        fun.set_state(state, DONE);
        fun.b.emit_long(Op::Imm, HEADER, 0);
        fun.b.emit(Op::Ret, 0, 0, 0);

        let outer = fun.outer.take();
        fun.result_types = vec![tid::BOOL];
        fun.exit = None;
        let function = fun.finish(function)?;
        let Some(outer) = outer else { return Ok((function, Vec::new())) };
        for (level, slot, count) in outer.used {
            match level {
                0 => self.b.pin(slot, count),
                level => {
                    if let Some(own) = self.outer.as_mut()
                        && !own.used.contains(&(level - 1, slot, count))
                    {
                        own.used.push((level - 1, slot, count));
                    }
                }
            }
        }
        Ok((function, outer.exits))
    }

    fn set_state(&mut self, state: u16, value: u64) {
        let word = self.scalar();
        self.integer(word, value);
        self.b.emit(Op::St64, state, word, 0);
    }

    // ---- leaving the body

    /// Leaves the body of a loop over a function for the end of the outer function; whether this is such a body.
    pub fn leave_body(&mut self) -> bool {
        if self.outer.is_none() {
            return false;
        }
        self.exit_body(Exit::Return);
        true
    }

    /// Leaves the body for a statement that the body does not contain; whether that is so.
    pub fn branch_out(&mut self, kind: BranchKind, label: Option<LabelId>) -> bool {
        let name = label.map(|label| self.ast().label(label).symbol);
        let Some(outer) = self.outer.as_ref() else { return false };
        let own = match kind {
            BranchKind::Goto => name.is_some_and(|name| outer.labels.contains(&name)),
            BranchKind::Fallthrough => true,
            BranchKind::Break | BranchKind::Continue => {
                name.is_none_or(|name| self.targets.iter().any(|target| target.label == Some(name)))
            }
        };
        if !own {
            self.exit_body(Exit::Branch(kind, label));
        }
        !own
    }

    fn exit_body(&mut self, exit: Exit) {
        let Some(outer) = self.outer.as_mut() else { return };
        let number = outer.exits.iter().position(|known| *known == exit).unwrap_or_else(|| {
            outer.exits.push(exit);
            outer.exits.len() - 1
        });
        let (base, code, state) = (outer.bases[0], outer.code, outer.state);
        let word = self.scalar();
        self.integer(word, number as u64 + 1);
        self.outer_store(base, code, word, &[WordKind::Scalar]);
        self.set_state(state, DONE);
        self.b.emit_long(Op::Imm, HEADER, 0);
        self.b.emit(Op::Ret, 0, 0, 0);
        self.b.dead = true;
    }
}

/// The labels that statements declare, function literals left aside.
fn labels_in(ast: &Ast, stmts: List<StmtId>, labels: &mut Vec<Symbol>) {
    for stmt in ast.list(stmts) {
        labels_of(ast, stmt, labels);
    }
}

fn labels_of(ast: &Ast, stmt: StmtId, labels: &mut Vec<Symbol>) {
    let block = |id: BlockId, labels: &mut Vec<Symbol>| labels_in(ast, ast.block(id).stmts, labels);
    match ast.stmt(stmt) {
        Stmt::Labeled { label, stmt } => {
            labels.push(ast.label(label).symbol);
            labels_of(ast, stmt, labels);
        }
        Stmt::Block(id) => block(id, labels),
        Stmt::If { then, els, .. } => {
            block(then, labels);
            if let Some(els) = els {
                labels_of(ast, els, labels);
            }
        }
        Stmt::Switch { clauses, .. } | Stmt::TypeSwitch { clauses, .. } | Stmt::Select(clauses) => {
            for clause in ast.list(clauses) {
                labels_in(ast, ast.clause(clause).body, labels);
            }
        }
        Stmt::For { body, .. } | Stmt::Range { body, .. } => block(body, labels),
        _ => {}
    }
}
