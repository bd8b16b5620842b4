//! Functions: variables, parameters, results, closures, the frame's begin and end.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::builder::{ARGS, Builder, Label, TooLarge, sequence};
use super::iterate::Outer;
use super::types::Layout;
use super::{Env, Gen, Job, Work, liveness};
use crate::base::{Span, Symbol, sym};
use crate::bytecode::isa::Op;
use crate::bytecode::program::{CLOSURE, Function, HEADER, WordKind};
use crate::compiler::syntax::ast::{Ast, BlockId, Expr};
use crate::compiler::syntax::ast::{ExprId, FieldId, FuncId, List, Signature as Syntax, Stmt, StmtId};
use crate::compiler::types::{ObjId, ObjKind, PkgId, Signature, Type, TypeId, VarKind};

/// Where a variable lives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Storage {
    /// In slots.
    Slots(u16),
    /// In the heap; the slot has its address.
    Cell(u16),
    /// Among the globals, at a distance in bytes.
    Global(u32),
    /// In a slot of an outer frame, whose address is in slot `base`: the variable, or the address of its cell.
    Outer { base: u16, slot: u16, cell: bool },
}

/// What a closure has of a variable around it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Capture {
    pub obj: ObjId,
    /// The address of its cell, not its value.
    pub by_ref: bool,
}

/// A statement that `break` or `continue` can leave.
pub struct Target {
    pub label: Option<Symbol>,
    pub breaks: Label,
    pub continues: Option<Label>,
    /// Whether `break` without a label leaves it.
    pub plain: bool,
}

/// The compilation of a function.
pub struct Fun<'g, 'a> {
    pub g: &'g mut Gen<'a>,
    pub b: Builder,
    pub env: Env,
    pub name: String,
    pub vars: FxHashMap<ObjId, Storage>,
    pub targets: Vec<Target>,
    pub labels: FxHashMap<Symbol, Label>,
    /// The label of the statement that follows.
    pub pending_label: Option<Symbol>,
    pub fallthrough: Option<Label>,
    /// Result types and, if they are named or calls are deferred, where they live.
    pub result_types: Vec<TypeId>,
    pub result_vars: Option<Vec<Storage>>,
    pub exit: Option<Label>,
    /// Conditional jumps are written so that they reach everything.
    pub far: bool,
    literals: u32,
    /// Whether it is a function literal itself.
    nested: bool,
    /// Loops over functions so far.
    pub ranges: u32,
    /// What is around the body of a loop over a function.
    pub outer: Option<Outer>,
    /// The head of the loop whose end is being compiled: jumps there are safepoints.
    pub back_edge: Option<Label>,
    /// Why a part of it could not be encoded.
    pub failed: Option<TooLarge>,
    scopes: Vec<usize>,
}

impl<'g, 'a> Fun<'g, 'a> {
    pub(super) fn new(g: &'g mut Gen<'a>, env: Env, name: String, far: bool) -> Self {
        Self {
            g,
            b: Builder::new(),
            env,
            name,
            vars: FxHashMap::default(),
            targets: Vec::new(),
            labels: FxHashMap::default(),
            pending_label: None,
            fallthrough: None,
            result_types: Vec::new(),
            result_vars: None,
            exit: None,
            far,
            literals: 0,
            nested: false,
            ranges: 0,
            outer: None,
            failed: None,
            back_edge: None,
            scopes: Vec::new(),
        }
    }

    pub(super) fn compile(g: &'g mut Gen<'a>, job: &Job, name: String, far: bool) -> Result<Function, TooLarge> {
        let mut fun = Self::new(g, job.env.clone(), name, far);
        fun.nested = matches!(job.work, Work::Lit { .. });
        let mut function = Function::default();
        match &job.work {
            Work::Decl { func, obj } => fun.declaration(*func, *obj, &mut function),
            Work::Lit { expr, captures } => fun.literal(*expr, captures, &mut function),
            Work::Init(pkg) => fun.package_init(*pkg),
            Work::Script(items) => fun.script(*items),
            Work::Entry => fun.entry(),
            Work::Thunk(thunk) => fun.thunk(thunk, &mut function),
        }
        fun.finish(function)
    }

    pub(super) fn finish(mut self, mut function: Function) -> Result<Function, TooLarge> {
        if let Some(problem) = self.failed {
            return Err(problem);
        }
        self.b.params = function.params.len() as u16;
        function.frame = self.b.finish()?;
        let results = self.result_types.clone();
        let (_, results) = self.sequence(&results);
        function.signature = function.params.len().max(results.len()) as u16;
        function.recovery = self.exit.and_then(|exit| self.b.position(exit));
        function.name = self.name;
        function.code = std::mem::take(&mut self.b.code);
        function.places = std::mem::take(&mut self.b.places);
        function.pointers = vec![0; self.b.kinds.len().div_ceil(64)];
        for (slot, kind) in self.b.kinds.iter().enumerate() {
            function.pointers[slot / 64] |= u64::from(*kind != WordKind::Scalar) << (slot % 64);
        }
        // How many slots an instruction touches may depend on the parts of a type.
        self.g.finish_types();
        let frame = liveness::Frame {
            kinds: &self.b.kinds,
            pinned: &self.b.pinned,
            params: self.b.params,
            results: results.len() as u16,
        };
        function.maps = liveness::maps(&self.g.program, &function, &frame);
        Ok(function)
    }

    // ---- types

    pub fn ast(&self) -> &'a Ast {
        self.g.query.ast()
    }

    /// A type in this instance.
    pub fn inst(&mut self, ty: TypeId) -> TypeId {
        self.g.query.subst(ty, &self.env.from, &self.env.to)
    }

    /// The type of an expression in this instance.
    pub fn ty(&mut self, e: ExprId) -> TypeId {
        let ty = self.g.query.info().type_of(e);
        self.inst(ty)
    }

    pub fn obj_ty(&mut self, obj: ObjId) -> TypeId {
        let ty = self.g.query.objects()[obj].ty;
        self.inst(ty)
    }

    pub fn layout(&mut self, ty: TypeId) -> Arc<Layout> {
        self.g.layout(ty)
    }

    pub fn under(&mut self, ty: TypeId) -> Type {
        self.g.query.under_type(ty)
    }

    pub fn sig(&mut self, ty: TypeId) -> Arc<Signature> {
        match self.under(ty) {
            Type::Signature(sig) => sig,
            _ => Arc::new(Signature { tparams: Vec::new(), params: Vec::new(), results: Vec::new(), variadic: false }),
        }
    }

    /// Where values of these types lie as arguments or results, from the first slot on.
    pub fn sequence(&mut self, types: &[TypeId]) -> (Vec<u16>, Vec<WordKind>) {
        let layouts: Vec<_> = types.iter().map(|&ty| self.layout(ty)).collect();
        let (offsets, kinds) = sequence(layouts.iter().map(|l| (&l.slots[..], l.align)));
        (offsets.to_vec(), kinds.to_vec())
    }

    pub fn set_place(&mut self, span: Span) {
        if let Some(place) = self.g.place(span) {
            self.b.set_place(place);
        }
    }

    // ---- slots

    /// Slots for a value of a type, until the end of the statement or scope.
    pub fn temp(&mut self, ty: TypeId) -> u16 {
        let layout = self.layout(ty);
        self.take(&layout)
    }

    pub fn take(&mut self, layout: &Layout) -> u16 {
        self.b.take(&layout.slots)
    }

    pub fn scalar(&mut self) -> u16 {
        self.b.take(&Arc::from([WordKind::Scalar]))
    }

    pub fn pointer(&mut self) -> u16 {
        self.b.take(&Arc::from([WordKind::Pointer]))
    }

    pub fn zero(&mut self, slot: u16, count: u16) {
        match count {
            0 => {}
            1 => self.b.emit_long(Op::Imm, slot, 0),
            _ => self.b.emit(Op::ZeroN, slot, count, 0),
        }
    }

    pub fn mov(&mut self, to: u16, from: u16, count: u16) {
        if to == from {
            return;
        }
        match count {
            0 => {}
            1 => self.b.emit(Op::Mov, to, from, 0),
            2 if to.is_multiple_of(2) && from.is_multiple_of(2) => self.b.emit(Op::Mov2, to, from, 0),
            3 => self.b.emit(Op::Mov3, to, from, 0),
            4 => self.b.emit(Op::Mov4, to, from, 0),
            _ => self.b.emit(Op::MovN, to, from, count),
        }
    }

    // ---- variables

    /// Whether a variable lives in the heap. The one place where that is decided.
    pub fn is_in_heap(&mut self, obj: ObjId) -> bool {
        let Some(var) = self.g.query.objects()[obj].var().copied() else { return false };
        if var.addressed || (var.captured && var.reassigned) {
            return true;
        }
        let ty = self.obj_ty(obj);
        self.layout(ty).large
    }

    /// A new variable, not initialised unless it is in the heap.
    pub fn declare(&mut self, obj: ObjId) -> Storage {
        if self.is_global(obj) {
            return self.storage(obj);
        }
        let ty = self.obj_ty(obj);
        let storage = if self.is_in_heap(obj) {
            let cell = self.pointer();
            let idx = self.layout(ty).idx;
            self.b.emit_long(Op::New, cell, idx);
            Storage::Cell(cell)
        } else {
            let layout = self.layout(ty);
            Storage::Slots(self.b.take(&layout.slots))
        };
        self.vars.insert(obj, storage);
        storage
    }

    fn is_global(&self, obj: ObjId) -> bool {
        self.g.query.objects()[obj].var().is_some_and(|var| var.kind == VarKind::Global)
    }

    /// Where a variable lives.
    pub fn storage(&mut self, obj: ObjId) -> Storage {
        if let Some(&known) = self.vars.get(&obj) {
            if let Storage::Outer { .. } = known {
                let ty = self.obj_ty(obj);
                self.note_outer(known, ty);
            }
            return known;
        }
        if self.is_global(obj) {
            return Storage::Global(self.g.global(obj));
        }
        // Only after an error.
        self.declare(obj)
    }

    pub fn open_scope(&mut self) {
        self.scopes.push(self.b.mark());
    }

    pub fn close_scope(&mut self) {
        if let Some(mark) = self.scopes.pop() {
            self.b.release(mark);
        }
    }

    // ---- bodies

    fn declaration(&mut self, id: FuncId, obj: ObjId, function: &mut Function) {
        let func = self.ast().func(id);
        self.set_place(func.head);
        let mut fields: Vec<FieldId> = func.recv.into_iter().collect();
        fields.extend(self.ast().list(func.sig.params));
        let declared = self.g.query.objects()[obj].ty;
        let sig = self.sig(declared);
        let mut types: Vec<TypeId> = Vec::new();
        if let Some(recv) = func.recv {
            let ty = self.g.query.info().fields.get(&recv).map(|&var| self.g.query.objects()[var].ty);
            types.extend(ty.map(|ty| self.inst(ty)));
        }
        types.extend(sig.params.iter().map(|p| p.ty).collect::<Vec<_>>().into_iter().map(|ty| self.inst(ty)));
        self.begin(&fields, &types, function);
        let Some(body) = func.body else { return self.native_body(obj, &types, &sig) };
        self.body(func.sig, &sig, body);
    }

    /// A function that is written in Rust, as a value.
    fn native_body(&mut self, obj: ObjId, types: &[TypeId], sig: &Signature) {
        let index = self.native_index(obj);
        let (_, kinds) = self.sequence(types);
        self.mov(ARGS, HEADER, kinds.len() as u16);
        let results: Vec<TypeId> = sig.results.iter().map(|p| p.ty).collect();
        let (_, kinds) = self.sequence(&results);
        self.b.reserve_window(kinds.len() as u16);
        self.b.emit_long(Op::CallNative, super::builder::WINDOW, index);
        self.mov(HEADER, ARGS, kinds.len() as u16);
        self.b.emit(Op::Ret, 0, 0, 0);
    }

    /// The number of a function that is written in Rust.
    pub fn native_index(&mut self, obj: ObjId) -> u32 {
        let name = self.g.function_name(obj, &[]);
        self.g.native(name)
    }

    fn literal(&mut self, e: ExprId, captures: &[Capture], function: &mut Function) {
        let Expr::FuncLit { ty, body } = self.ast().expr(e) else { return };
        let Expr::FuncType(syntax) = self.ast().expr(ty) else { return };
        self.set_place(self.ast().span(e));
        let sig_ty = self.g.query.info().type_of(e);
        let sig = self.sig(sig_ty);
        let fields: Vec<FieldId> = self.ast().list(syntax.params).collect();
        let types: Vec<TypeId> = sig.params.iter().map(|p| p.ty).collect();
        let types: Vec<TypeId> = types.into_iter().map(|ty| self.inst(ty)).collect();
        self.begin(&fields, &types, function);
        self.load_captures(captures);
        self.body(syntax, &sig, body);
    }

    /// Where each capture lies in a closure, in bytes, and what the closure's words are behind the function's number.
    pub fn closure_layout(&mut self, captures: &[Capture]) -> (Vec<u16>, Vec<WordKind>) {
        let mut kinds = vec![WordKind::Scalar];
        let mut offsets = Vec::new();
        for capture in captures {
            let slots: Arc<[WordKind]> = if capture.by_ref {
                Arc::from([WordKind::Pointer])
            } else {
                let ty = self.obj_ty(capture.obj);
                self.layout(ty).slots.clone()
            };
            if slots.len() > 1 && kinds.len() % 2 == 1 {
                kinds.push(WordKind::Scalar);
            }
            offsets.push(kinds.len() as u16 * 8);
            kinds.extend_from_slice(&slots);
        }
        (offsets, kinds)
    }

    fn load_captures(&mut self, captures: &[Capture]) {
        let (offsets, _) = self.closure_layout(captures);
        for (capture, offset) in captures.iter().zip(offsets) {
            let storage = if capture.by_ref {
                let cell = self.b.fresh(&[WordKind::Pointer]);
                self.b.emit(Op::Ld64, cell, CLOSURE as u16, offset);
                Storage::Cell(cell)
            } else {
                let ty = self.obj_ty(capture.obj);
                let layout = self.layout(ty);
                let slot = self.b.fresh(&layout.slots);
                self.load_words(slot, CLOSURE as u16, offset, &layout.slots);
                Storage::Slots(slot)
            };
            self.vars.insert(capture.obj, storage);
        }
    }

    /// Copies words of a closure to slots.
    pub fn load_words(&mut self, slot: u16, closure: u16, offset: u16, kinds: &[WordKind]) {
        let mut i = 0;
        while i < kinds.len() {
            let (to, at) = (slot + i as u16, offset + 8 * i as u16);
            if kinds.get(i + 1) == Some(&WordKind::Tagged) {
                self.b.emit(Op::Ld2, to, closure, at);
                i += 2;
            } else {
                self.b.emit(Op::Ld64, to, closure, at);
                i += 1;
            }
        }
    }

    /// Copies slots to words of a closure.
    pub fn store_words(&mut self, closure: u16, offset: u16, slot: u16, kinds: &[WordKind]) {
        let mut i = 0;
        while i < kinds.len() {
            let (from, at) = (slot + i as u16, offset + 8 * i as u16);
            if kinds.get(i + 1) == Some(&WordKind::Tagged) {
                self.b.emit(Op::StI, closure, from, at);
                i += 2;
            } else {
                let op = if kinds[i] == WordKind::Pointer { Op::StP } else { Op::St64 };
                self.b.emit(op, closure, from, at);
                i += 1;
            }
        }
    }

    /// The parameters of a function: where they are, and those that live in the heap.
    pub fn begin(&mut self, fields: &[FieldId], types: &[TypeId], function: &mut Function) {
        let (offsets, kinds) = self.sequence(types);
        self.b.kinds.extend_from_slice(&kinds);
        function.params = kinds;
        for ((&field, &offset), &ty) in fields.iter().zip(&offsets).zip(types) {
            let Some(&obj) = self.g.query.info().fields.get(&field) else { continue };
            let slot = HEADER + offset;
            if self.is_in_heap(obj) {
                let cell = self.b.fresh(&[WordKind::Pointer]);
                let layout = self.layout(ty);
                self.b.emit_long(Op::New, cell, layout.idx);
                self.store_at(cell, 0, ty, slot);
                self.vars.insert(obj, Storage::Cell(cell));
            } else {
                self.vars.insert(obj, Storage::Slots(slot));
            }
        }
    }

    /// Makes room for the results where the parameters are.
    fn reserve_results(&mut self) {
        let types = self.result_types.clone();
        let (_, kinds) = self.sequence(&types);
        while self.b.kinds.len() < usize::from(HEADER) + kinds.len() {
            self.b.kinds.push(WordKind::Scalar);
        }
    }

    fn body(&mut self, syntax: Syntax, sig: &Signature, body: BlockId) {
        let results: Vec<TypeId> = sig.results.iter().map(|p| p.ty).collect();
        self.result_types = results.into_iter().map(|ty| self.inst(ty)).collect();
        self.reserve_results();
        let block = self.ast().block(body);
        let defers = has_defer(self.ast(), block.stmts);
        let fields: Vec<FieldId> = self.ast().list(syntax.results).collect();
        let named = fields.first().is_some_and(|&f| self.ast().field(f).name.is_some());
        if named || defers {
            let mut vars = Vec::new();
            for i in 0..self.result_types.len() {
                let ty = self.result_types[i];
                let obj = fields.get(i).and_then(|f| self.g.query.info().fields.get(f)).copied();
                let layout = self.layout(ty);
                let storage = match obj {
                    Some(obj) if self.is_in_heap(obj) => {
                        let cell = self.b.fresh(&[WordKind::Pointer]);
                        self.b.emit_long(Op::New, cell, layout.idx);
                        if defers {
                            self.b.pin(cell, 1);
                        }
                        Storage::Cell(cell)
                    }
                    _ => {
                        let slot = self.b.fresh(&layout.slots);
                        self.zero(slot, layout.width());
                        if defers {
                            self.b.pin(slot, layout.width());
                        }
                        Storage::Slots(slot)
                    }
                };
                if let Some(obj) = obj {
                    self.vars.insert(obj, storage);
                }
                vars.push(storage);
            }
            self.result_vars = Some(vars);
        }
        if defers {
            // The list of deferred calls is empty.
            self.zero(crate::bytecode::program::DEFERS as u16, 1);
            self.exit = Some(self.b.label());
        }
        self.statements(block.stmts);
        self.set_place(block.span.end());
        if !self.b.dead {
            self.leave();
        }
        self.epilogue();
    }

    /// Leaves the function; the results are in their variables, if there are any.
    pub fn leave(&mut self) {
        if self.leave_body() {
            return;
        }
        if self.exit.is_some() {
            self.b.emit(Op::Nop, 0, 0, 0);
            self.run_defers();
        } else {
            self.load_results();
            self.b.emit(Op::Ret, 0, 0, 0);
        }
        self.b.dead = true;
    }

    /// Runs the deferred calls, and returns.
    fn run_defers(&mut self) {
        self.b.reserve_window(0);
        self.b.emit(Op::RunDefers, super::builder::WINDOW, 0, 0);
        self.load_results();
        self.b.emit(Op::Ret, 0, 0, 0);
    }

    fn load_results(&mut self) {
        let Some(vars) = self.result_vars.clone() else { return };
        let types = self.result_types.clone();
        let (offsets, _) = self.sequence(&types);
        for ((storage, offset), ty) in vars.into_iter().zip(offsets).zip(types) {
            self.load_storage(storage, ty, Some(HEADER + offset));
        }
    }

    fn epilogue(&mut self) {
        if let Some(exit) = self.exit {
            // Where it goes on after a deferred call has recovered.
            self.b.emit(Op::Nop, 0, 0, 0);
            self.b.bind(exit);
            self.run_defers();
        }
    }

    // ---- the program

    fn package_init(&mut self, pkg: PkgId) {
        let steps: Vec<_> = self.g.query.info().init_order.iter().filter(|i| i.pkg == pkg).cloned().collect();
        for step in steps {
            self.set_place(self.ast().span(step.rhs));
            let mark = self.b.mark();
            self.initialise(&step.lhs, step.rhs);
            self.b.release(mark);
        }
        self.b.emit(Op::Ret, 0, 0, 0);
    }

    /// The functions `init` of a package, in order.
    fn inits(&self, pkg: PkgId) -> Vec<(FuncId, ObjId)> {
        let info = self.g.query.info();
        let own = info.bodies.iter().filter(|(p, _)| *p == pkg).map(|(_, func)| *func);
        own.filter(|&func| {
            let func = self.ast().func(func);
            func.recv.is_none() && func.name.symbol == sym::INIT
        })
        .filter_map(|func| Some((func, info.funcs.get(&func).copied()?)))
        .collect()
    }

    fn entry(&mut self) {
        let packages: Vec<PkgId> = self.g.query.packages().ids().collect();
        for pkg in packages {
            let name = format!("{}.init", self.g.package_name(pkg));
            if self.g.query.info().init_order.iter().any(|step| step.pkg == pkg) {
                let index = self.g.job(name.clone(), Work::Init(pkg), Env::default());
                self.b.call(index);
            }
            for (n, (func, obj)) in self.inits(pkg).into_iter().enumerate() {
                let index = self.g.job(format!("{name}.{n}"), Work::Decl { func, obj }, Env::default());
                self.b.call(index);
            }
        }
        let main = match (self.g.script, self.g.main_function()) {
            (Some(items), _) => self.g.job("main.main", Work::Script(items), Env::default()),
            (None, Some(main)) => self.g.function(main, &[]),
            (None, None) => return self.b.emit(Op::Ret, 0, 0, 0),
        };
        self.b.call(main);
        self.b.emit(Op::Ret, 0, 0, 0);
    }

    fn script(&mut self, items: List<StmtId>) {
        if has_defer(self.ast(), items) {
            self.zero(crate::bytecode::program::DEFERS as u16, 1);
            self.exit = Some(self.b.label());
        }
        self.statements(items);
        if !self.b.dead {
            self.leave();
        }
        self.epilogue();
    }

    /// The name of the next function literal, as Go numbers them.
    pub fn literal_name(&mut self) -> String {
        self.literals += 1;
        format!("{}.{}{}", self.name, if self.nested { "" } else { "func" }, self.literals)
    }

    /// Whether a variable lives in a cell.
    fn is_cell(&mut self, obj: ObjId) -> bool {
        matches!(self.storage(obj), Storage::Cell(_) | Storage::Outer { cell: true, .. })
    }

    /// The captures of a function literal.
    pub fn captures(&mut self, lit: ExprId) -> Vec<Capture> {
        let objs = self.g.query.info().captures.get(&lit).cloned().unwrap_or_default();
        let is_local =
            |fun: &Self, obj| matches!(fun.g.query.objects()[obj].kind, ObjKind::Var(_)) && !fun.is_global(obj);
        let locals: Vec<ObjId> = objs.into_iter().filter(|&obj| is_local(self, obj)).collect();
        locals.into_iter().map(|obj| Capture { obj, by_ref: self.is_cell(obj) }).collect()
    }
}

/// Whether statements defer a call, function literals left aside.
pub fn has_defer(ast: &Ast, stmts: List<StmtId>) -> bool {
    ast.list(stmts).any(|stmt| stmt_defers(ast, stmt))
}

fn stmt_defers(ast: &Ast, stmt: StmtId) -> bool {
    let block = |id: BlockId| has_defer(ast, ast.block(id).stmts);
    let clauses = |list| ast.list(list).any(|clause| has_defer(ast, ast.clause(clause).body));
    match ast.stmt(stmt) {
        Stmt::Defer(_) => true,
        Stmt::Block(id) => block(id),
        Stmt::If { then, els, .. } => block(then) || els.is_some_and(|els| stmt_defers(ast, els)),
        Stmt::Switch { clauses: list, .. } | Stmt::TypeSwitch { clauses: list, .. } | Stmt::Select(list) => {
            clauses(list)
        }
        Stmt::For { body, .. } | Stmt::Range { body, .. } => block(body),
        Stmt::Labeled { stmt, .. } => stmt_defers(ast, stmt),
        _ => false,
    }
}
