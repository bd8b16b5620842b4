//! Calls, method values and expressions.
//!
//! Arguments are evaluated in order; those whose evaluation calls something come first and wait in temporaries, the
//! others go straight to the callee's frame.

use std::sync::Arc;

use super::Work;
use super::assign::Dest;
use super::builder::{ARGS, WINDOW};
use super::func::Fun;
use super::thunk::{Receiver, Thunk, ThunkKind};
use crate::base::Symbol;
use crate::bytecode::isa::Op;
use crate::bytecode::program::{FuncIdx, WordKind};
use crate::compiler::check::{MethodOf, Mode, Selection, SelectionKind};
use crate::compiler::syntax::ast::{Expr, ExprId, List, UnOp};
use crate::compiler::types::{ObjId, ObjKind, PkgId, Signature, Type, TypeId, tid};

/// What is called.
#[derive(Clone, Copy, Debug)]
pub enum Callee {
    /// A function of the program.
    Static(FuncIdx),
    /// A function that is written in Rust.
    Native(u32),
    /// The closure in a slot.
    Closure(u16),
    /// A method of the interface in slots; its payload becomes the first argument.
    Method(u16, u16),
}

/// An argument of a call.
#[derive(Clone, Copy, Debug)]
enum Arg {
    /// An expression, converted to the parameter's type.
    Expr(ExprId),
    /// A value in slots.
    Slots(u16),
}

impl Fun<'_, '_> {
    /// A call as a value.
    pub fn call_value(&mut self, e: ExprId, ty: TypeId, want: Option<u16>) -> u16 {
        let Expr::Call { fun, args, .. } = self.ast().expr(e) else { return ARGS };
        match self.g.query.info().mode(fun) {
            Mode::Type => {
                let arg = self.ast().first(args).unwrap_or(fun);
                let target = self.ty(fun);
                return self.conversion(arg, target, want);
            }
            Mode::Builtin(builtin) => return self.builtin(e, builtin, args, ty, want),
            _ => {}
        }
        if let Some(slot) = self.intrinsic(fun, args, want) {
            return slot;
        }
        self.call(e);
        let layout = self.layout(ty);
        let to = want.unwrap_or_else(|| self.take(&layout));
        self.mov(to, ARGS, layout.width());
        to
    }

    /// A call of a native function that is an instruction.
    fn intrinsic(&mut self, fun: ExprId, args: List<ExprId>, want: Option<u16>) -> Option<u16> {
        let obj = self.declared_function(fun)?;
        let native = self.g.decls.get(&obj).is_some_and(|&func| self.ast().func(func).body.is_none());
        if !native || self.ast().list(args).count() != 1 {
            return None;
        }
        let op = match self.g.function_name(obj, &[]).as_str() {
            "math.Sqrt" => Op::Fsqrt,
            "math.Abs" => Op::Fabs,
            "math.Floor" => Op::Ffloor,
            "math.Ceil" => Op::Fceil,
            "math.Trunc" => Op::Ftrunc,
            _ => return None,
        };
        let x = self.expr_as(self.ast().first(args)?, tid::FLOAT64);
        let to = want.unwrap_or_else(|| self.scalar());
        self.b.emit(op, to, x, 0);
        Some(to)
    }

    /// Calls; the results are in the window.
    pub fn call(&mut self, e: ExprId) {
        let Expr::Call { fun, args, spread } = self.ast().expr(e) else { return };
        // As in Go's traces, the place is that of the parenthesis, which is on the line where the function ends.
        let place = self.ast().span(fun).end();
        let (callee, first, sig) = self.callee(fun);
        let args = self.arguments(args, spread, &sig);
        let mut all: Vec<(Arg, TypeId)> = first.into_iter().map(|(slot, ty)| (Arg::Slots(slot), ty)).collect();
        all.extend(args);
        self.set_place(place);
        self.invoke(callee, &all, &sig);
    }

    /// What an expression calls, the receiver's value that comes first, and the signature.
    fn callee(&mut self, fun: ExprId) -> (Callee, Option<(u16, TypeId)>, Arc<Signature>) {
        let sig_ty = self.ty(fun);
        let sig = self.sig(sig_ty);
        let fun = self.ast().unparen(fun);
        let fun = self.generic_method(fun).unwrap_or(fun);
        if let Some(selection) = self.g.query.info().selections.get(&fun).cloned()
            && selection.kind == SelectionKind::Method
            && let Expr::Selector { x, name } = self.ast().expr(fun)
        {
            let (callee, receiver) = self.method_callee(fun, x, name, &selection);
            return (callee, receiver, sig);
        }
        if let Some(obj) = self.declared_function(fun) {
            return (self.static_callee(obj, fun), None, sig);
        }
        let slot = self.expr(fun);
        (Callee::Closure(slot), None, sig)
    }

    /// The selector of a method in an expression that gives it type arguments.
    pub fn generic_method(&self, e: ExprId) -> Option<ExprId> {
        let Expr::Index { x, .. } = self.ast().expr(self.ast().unparen(e)) else { return None };
        let x = self.ast().unparen(x);
        let selection = self.g.query.info().selections.get(&x)?;
        matches!(selection.kind, SelectionKind::Method | SelectionKind::MethodExpr).then_some(x)
    }

    /// The declared function that an expression names.
    fn declared_function(&mut self, e: ExprId) -> Option<ObjId> {
        let e = self.ast().unparen(e);
        let named = match self.ast().expr(e) {
            Expr::Index { x, .. } => self.ast().unparen(x),
            _ => e,
        };
        if let Some(selection) = self.g.query.info().selections.get(&named)
            && selection.kind != SelectionKind::Qualified
        {
            return None;
        }
        let obj = self.g.query.info().object(named)?;
        matches!(self.g.query.objects()[obj].kind, ObjKind::Func { .. }).then_some(obj)
    }

    fn static_callee(&mut self, obj: ObjId, e: ExprId) -> Callee {
        let native = self.g.decls.get(&obj).is_some_and(|&func| self.ast().func(func).body.is_none());
        if native { Callee::Native(self.native_index(obj)) } else { Callee::Static(self.function_of(e)) }
    }

    /// The method that `x.name` calls, and the receiver as its first argument.
    fn method_callee(
        &mut self,
        e: ExprId,
        x: ExprId,
        name: Symbol,
        selection: &Selection,
    ) -> (Callee, Option<(u16, TypeId)>) {
        let x_ty = self.ty(x);
        let own = self.type_args(e);
        let pkg = self.method_pkg(selection, name);
        let Some(method) = self.g.query.method(x_ty, name, pkg) else {
            self.g.unsupported(self.ast().span(e), "this method call");
            return (Callee::Static(0), None);
        };
        let place = match (method.ptr_recv || !method.path.is_empty(), self.g.query.info().mode(x)) {
            (true, Mode::Variable) if !self.is_pointer(x_ty) => self.address(x),
            _ => Dest::Slots(self.expr(x)),
        };
        self.receiver(place, x_ty, &method, name, pkg, &own)
    }

    /// The package that decides which method a name means.
    fn method_pkg(&mut self, selection: &Selection, name: Symbol) -> Option<PkgId> {
        let text = self.g.query.ast().names.get(name);
        if text.chars().next().is_some_and(char::is_uppercase) {
            return None;
        }
        match selection.obj {
            Some(obj) => self.g.query.objects()[obj].pkg,
            None => {
                let recv = self.inst(selection.recv);
                self.g.current_pkg(recv, name)
            }
        }
    }

    pub fn is_pointer(&mut self, ty: TypeId) -> bool {
        matches!(self.under(ty), Type::Pointer(_))
    }

    /// From a place to the receiver of a method and what to call.
    pub fn receiver(
        &mut self,
        place: Dest,
        ty: TypeId,
        method: &MethodOf,
        name: Symbol,
        pkg: Option<PkgId>,
        own: &[TypeId],
    ) -> (Callee, Option<(u16, TypeId)>) {
        let (place, at) = self.walk(place, ty, &method.path);
        let Some(obj) = method.obj else {
            let slot = self.load_dest(place, at, None);
            let number = self.g.method_number(name, pkg, method.ty);
            return (Callee::Method(slot, number as u16), None);
        };
        let (base, pointer) = match self.under(at) {
            Type::Pointer(elem) if self.g.query.types().as_named(at).is_none() => (elem, true),
            _ => (at, false),
        };
        let mut targs: Vec<TypeId> = match self.g.query.types().as_named(base) {
            Some(id) => self.g.query.types().named(id).targs.to_vec(),
            None => Vec::new(),
        };
        targs.extend_from_slice(own);
        let native = self.g.decls.get(&obj).is_some_and(|&func| self.ast().func(func).body.is_none());
        let callee =
            if native { Callee::Native(self.native_index(obj)) } else { Callee::Static(self.g.function(obj, &targs)) };
        let pointer_ty = self.g.query.types_mut().pointer_to(base);
        let receiver = match (method.ptr_recv, pointer) {
            (true, true) | (false, false) => (self.load_dest(place, at, None), at),
            (false, true) => {
                let pointer = self.load_dest(place, at, None);
                (self.load_at(pointer, 0, base, None), base)
            }
            (true, false) => {
                let to = self.pointer();
                match place {
                    Dest::Mem(pointer, 0) => self.mov(to, pointer, 1),
                    Dest::Mem(pointer, offset) => self.b.emit(Op::Lea, to, pointer, offset),
                    Dest::Slots(slot) => {
                        let idx = self.layout(base).idx;
                        self.b.emit_long(Op::New, to, idx);
                        self.store_at(to, 0, base, slot);
                    }
                    _ => self.zero(to, 1),
                }
                (to, pointer_ty)
            }
        };
        (callee, Some(receiver))
    }

    // ---- arguments

    fn arguments(&mut self, args: List<ExprId>, spread: bool, sig: &Signature) -> Vec<(Arg, TypeId)> {
        let exprs: Vec<ExprId> = self.ast().list(args).collect();
        let params: Vec<TypeId> = sig.params.iter().map(|p| p.ty).collect();
        let params: Vec<TypeId> = params.into_iter().map(|ty| self.inst(ty)).collect();
        if let ([e], true) = (&exprs[..], params.len() != 1 || sig.variadic) {
            let ty = self.ty(*e);
            if let Type::Tuple(parts) = self.under(ty) {
                return self.spread_results(*e, parts.len(), &params, sig.variadic);
            }
        }
        let fixed = if sig.variadic { params.len() - 1 } else { params.len() };
        let mut all: Vec<(Arg, TypeId)> =
            exprs.iter().zip(&params).take(fixed).map(|(&e, &ty)| (Arg::Expr(e), ty)).collect();
        if sig.variadic {
            let ty = params[fixed];
            if spread {
                all.push((Arg::Expr(exprs[fixed]), ty));
            } else if exprs.len() == fixed {
                let slot = self.temp(ty);
                self.zero(slot, 2);
                all.push((Arg::Slots(slot), ty));
            } else {
                let rest = &exprs[fixed..];
                // All arguments before are evaluated first.
                if rest.iter().any(|&e| self.calls(e)) || exprs[..fixed].iter().any(|&e| self.calls(e)) {
                    for (arg, ty) in &mut all {
                        if let Arg::Expr(e) = *arg {
                            let to = self.temp(*ty);
                            self.expr_as_into(e, *ty, to);
                            *arg = Arg::Slots(to);
                        }
                    }
                }
                let slot = self.variadic(rest, ty);
                all.push((Arg::Slots(slot), ty));
            }
        }
        all
    }

    /// The slice of variadic arguments.
    fn variadic(&mut self, exprs: &[ExprId], ty: TypeId) -> u16 {
        let Type::Slice(elem) = self.under(ty) else { return self.temp(ty) };
        let values: Vec<u16> = exprs.iter().map(|&e| self.expr_as(e, elem)).collect();
        self.slice_of(&values, elem, ty)
    }

    /// A new slice of values in slots.
    pub fn slice_of(&mut self, values: &[u16], elem: TypeId, ty: TypeId) -> u16 {
        let slot = self.temp(ty);
        let (layout, count) = (self.layout(elem), self.scalar());
        self.integer(count, values.len() as u64);
        self.b.emit_ext(Op::MakeSlice, [slot, count, count], layout.idx, 0);
        for (i, &value) in values.iter().enumerate() {
            let (pointer, offset) = self.offset(slot, i as u64 * layout.size);
            if layout.size > 0 {
                self.store_at(pointer, offset, elem, value);
            }
        }
        slot
    }

    /// The results of a call as arguments of another.
    fn spread_results(&mut self, e: ExprId, count: usize, params: &[TypeId], variadic: bool) -> Vec<(Arg, TypeId)> {
        let values = self.several(e, count);
        let fixed = if variadic { params.len() - 1 } else { params.len() };
        let mut all = Vec::new();
        for (&(slot, from), &ty) in values.iter().zip(params).take(fixed) {
            all.push((Arg::Slots(self.converted(slot, from, ty, None)), ty));
        }
        if variadic {
            let ty = params[fixed];
            let Type::Slice(elem) = self.under(ty) else { return all };
            let rest: Vec<u16> =
                values[fixed..].iter().map(|&(slot, from)| self.converted(slot, from, elem, None)).collect();
            let slot = if rest.is_empty() {
                let slot = self.temp(ty);
                self.zero(slot, 2);
                slot
            } else {
                self.slice_of(&rest, elem, ty)
            };
            all.push((Arg::Slots(slot), ty));
        }
        all
    }

    /// Whether evaluating an expression uses the window or can stop.
    pub fn calls(&self, e: ExprId) -> bool {
        if self.g.query.info().value(e).is_some() {
            return false;
        }
        let any = |list: List<ExprId>| self.ast().list(list).any(|e| self.calls(e));
        match self.ast().expr(e) {
            Expr::Call { fun, args, .. } => match self.g.query.info().mode(fun) {
                Mode::Type | Mode::Builtin(_) => any(args),
                _ => true,
            },
            Expr::Unary(UnOp::Recv, _) => true,
            Expr::Paren(x) | Expr::Star(x) | Expr::Unary(_, x) | Expr::Selector { x, .. } => self.calls(x),
            Expr::Assert { x, .. } => self.calls(x),
            Expr::Binary(_, x, y) => self.calls(x) || self.calls(y),
            Expr::Index { x, indices } => self.calls(x) || any(indices),
            Expr::Slice { x, parts } => {
                self.calls(x) || self.ast().slice_parts(parts).into_iter().flatten().any(|e| self.calls(e))
            }
            Expr::Composite { elems, .. } => any(elems),
            Expr::KeyValue { key, value } => self.calls(key) || self.calls(value),
            _ => false,
        }
    }

    /// Puts the arguments into the window and calls.
    fn invoke(&mut self, callee: Callee, args: &[(Arg, TypeId)], sig: &Signature) {
        let mut types: Vec<TypeId> = args.iter().map(|(_, ty)| *ty).collect();
        if let Callee::Method(..) = callee {
            types.insert(0, tid::UINTPTR);
        }
        let (offsets, _) = self.sequence(&types);
        let offsets = &offsets[types.len() - args.len()..];
        // What calls must be ready before the window is written; the last of those may be written there itself.
        let mut ready: Vec<Option<u16>> = Vec::new();
        let calling: Vec<bool> = args.iter().map(|(arg, _)| matches!(arg, Arg::Expr(e) if self.calls(*e))).collect();
        let last = calling.iter().rposition(|&c| c);
        for (i, (arg, ty)) in args.iter().enumerate() {
            ready.push(match *arg {
                Arg::Slots(slot) => Some(slot),
                Arg::Expr(e) if calling[i] && Some(i) != last => {
                    let to = self.temp(*ty);
                    self.expr_as_into(e, *ty, to);
                    Some(to)
                }
                _ => None,
            });
        }
        if let Some(i) = last
            && let (Arg::Expr(e), ty) = args[i]
        {
            let direct = self.layout(ty).width() <= 2;
            if direct {
                self.expr_as_into(e, ty, ARGS + offsets[i]);
            } else {
                let to = self.temp(ty);
                self.expr_as_into(e, ty, to);
                ready[i] = Some(to);
            }
        }
        for (i, (arg, ty)) in args.iter().enumerate() {
            let to = ARGS + offsets[i];
            match (ready[i], *arg) {
                (Some(slot), _) => {
                    let width = self.layout(*ty).width();
                    self.mov(to, slot, width);
                }
                (None, Arg::Expr(e)) if !calling[i] => self.expr_as_into(e, *ty, to),
                _ => {}
            }
        }
        self.finish_call(callee, &types, sig);
    }

    /// Calls with arguments in slots.
    pub fn call_slots(&mut self, callee: Callee, args: &[(u16, TypeId)], sig: &Signature) {
        let all: Vec<(Arg, TypeId)> = args.iter().map(|&(slot, ty)| (Arg::Slots(slot), ty)).collect();
        self.invoke(callee, &all, sig);
    }

    fn finish_call(&mut self, callee: Callee, types: &[TypeId], sig: &Signature) {
        let results: Vec<TypeId> = sig.results.iter().map(|p| p.ty).collect();
        let results: Vec<TypeId> = results.into_iter().map(|ty| self.inst(ty)).collect();
        let (_, outs) = self.sequence(&results);
        let (_, ins) = self.sequence(types);
        self.b.reserve_window(ins.len().max(outs.len()) as u16);
        match callee {
            Callee::Static(index) => self.b.call(index),
            Callee::Native(index) => self.b.emit_long(Op::CallNative, WINDOW, index),
            Callee::Closure(slot) => self.b.emit(Op::CallClosure, WINDOW, slot, 0),
            Callee::Method(slot, number) => self.b.emit(Op::CallMethod, WINDOW, slot, number),
        }
    }

    // ---- methods as values

    /// `x.m`, a closure that has the receiver; `whole` has the type arguments too, if there are any.
    pub fn method_value(&mut self, e: ExprId, whole: ExprId, want: Option<u16>) -> u16 {
        let Expr::Selector { x, name } = self.ast().expr(e) else { return ARGS };
        let Some(selection) = self.g.query.info().selections.get(&e).cloned() else { return ARGS };
        let (callee, receiver) = self.method_callee(e, x, name, &selection);
        let (slot, ty) = match (receiver, callee) {
            (Some(receiver), _) => receiver,
            (None, Callee::Method(slot, _)) => {
                // A nil interface has no method to bind.
                self.b.emit(Op::Check, slot, 0, 0);
                (slot, tid::ANY)
            }
            _ => return ARGS,
        };
        let sig_ty = self.ty(whole);
        let sig = self.sig(sig_ty);
        let bound = match callee {
            Callee::Method(_, number) => Receiver::Interface(number),
            Callee::Static(index) => Receiver::Static(index, ty),
            Callee::Native(index) => Receiver::Native(index, ty),
            Callee::Closure(_) => return ARGS,
        };
        let kinds = self.layout(ty).slots.clone();
        self.thunk_closure(ThunkKind::Bound(bound), sig, &[(slot, kinds)], want)
    }

    /// A closure of a function that passes a call on; it has the values.
    pub fn thunk_closure(
        &mut self,
        kind: ThunkKind,
        sig: Arc<Signature>,
        values: &[(u16, Arc<[WordKind]>)],
        want: Option<u16>,
    ) -> u16 {
        let mut kinds = vec![WordKind::Scalar];
        let mut offsets = Vec::new();
        for (_, slots) in values {
            if slots.len() > 1 && kinds.len() % 2 == 1 {
                kinds.push(WordKind::Scalar);
            }
            offsets.push(kinds.len() as u16 * 8);
            kinds.extend_from_slice(slots);
        }
        let name = format!("{}.wrapper", self.name);
        let thunk = Thunk { kind, sig, offsets: offsets.clone() };
        let index = self.g.job(name, Work::Thunk(thunk), self.env.clone());
        let to = want.unwrap_or_else(|| self.pointer());
        if values.is_empty() {
            self.b.emit_long(Op::FuncValue, to, index);
            return to;
        }
        self.g.program.functions[index as usize].captures = kinds;
        let made = self.pointer();
        self.b.emit_long(Op::Closure, made, index);
        for ((slot, kinds), offset) in values.iter().zip(offsets) {
            self.store_words(made, offset, *slot, kinds);
        }
        self.mov(to, made, 1);
        to
    }

    /// `T.m`, a function whose first parameter is the receiver; `whole` as for method values.
    pub fn method_expression(&mut self, e: ExprId, whole: ExprId, want: Option<u16>) -> u16 {
        let Expr::Selector { x, name } = self.ast().expr(e) else { return ARGS };
        let Some(selection) = self.g.query.info().selections.get(&e).cloned() else { return ARGS };
        let recv = self.ty(x);
        let pkg = self.method_pkg(&selection, name);
        let own = self.type_args(e);
        let sig_ty = self.ty(whole);
        let sig = self.sig(sig_ty);
        self.thunk_closure(ThunkKind::Expression { recv, name, pkg, own }, sig, &[], want)
    }

    // ---- go and defer

    /// A closure without parameters that does a call whose operands are evaluated now.
    pub fn delayed_call(&mut self, e: ExprId) -> u16 {
        let e = self.ast().unparen(e);
        let Expr::Call { fun, args, spread } = self.ast().expr(e) else { return ARGS };
        if let Mode::Builtin(builtin) = self.g.query.info().mode(fun) {
            let exprs: Vec<ExprId> = self.ast().list(args).collect();
            let mut values = Vec::new();
            let mut types = Vec::new();
            for e in exprs {
                let ty = self.ty(e);
                let slot = self.expr(e);
                values.push((slot, self.layout(ty).slots.clone()));
                types.push(ty);
            }
            let sig = Arc::new(Signature { tparams: vec![], params: vec![], results: vec![], variadic: false });
            return self.thunk_closure(ThunkKind::Builtin(builtin, types), sig, &values, None);
        }
        let (callee, receiver, sig) = self.callee(fun);
        let args = self.arguments(args, spread, &sig);
        if let (Callee::Closure(slot), true, None) = (callee, args.is_empty(), receiver)
            && sig.results.is_empty()
        {
            return slot;
        }
        if let (Callee::Static(index), true, None) = (callee, args.is_empty(), receiver) {
            let to = self.pointer();
            self.b.emit_long(Op::FuncValue, to, index);
            return to;
        }
        let mut values = Vec::new();
        let mut types = Vec::new();
        match callee {
            Callee::Closure(slot) => values.push((slot, Arc::from([WordKind::Pointer]))),
            Callee::Method(slot, _) => {
                self.b.emit(Op::Check, slot, 0, 0);
                values.push((slot, self.layout(tid::ANY).slots.clone()));
            }
            _ => {}
        }
        if let Some((slot, ty)) = receiver {
            values.push((slot, self.layout(ty).slots.clone()));
            types.push(ty);
        }
        for (arg, ty) in args {
            let slot = match arg {
                Arg::Expr(e) => {
                    let to = self.temp(ty);
                    self.expr_as_into(e, ty, to);
                    to
                }
                Arg::Slots(slot) => slot,
            };
            values.push((slot, self.layout(ty).slots.clone()));
            types.push(ty);
        }
        self.thunk_closure(ThunkKind::Delayed(callee, types), sig, &values, None)
    }
}
