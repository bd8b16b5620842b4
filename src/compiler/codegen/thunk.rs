//! Functions that pass a call on: methods as interfaces call them, bound methods, method expressions, deferred calls.

use std::sync::Arc;

use super::assign::Dest;
use super::builder::ARGS;
use super::call::Callee;
use super::func::Fun;
use super::{Env, Gen, Work};
use crate::base::{Span, Symbol};
use crate::bytecode::isa::Op;
use crate::bytecode::program::{CLOSURE, FuncIdx, Function, HEADER, Kind, TypeIdx, WordKind};
use crate::compiler::check::MethodOf;
use crate::compiler::types::{Builtin, PkgId, Signature, Type, TypeId, tid};

/// A function that passes a call on.
pub struct Thunk {
    pub kind: ThunkKind,
    /// Its parameters and results.
    pub sig: Arc<Signature>,
    /// Where the values that it has lie in its closure.
    pub offsets: Vec<u16>,
}

/// What it passes on.
pub enum ThunkKind {
    /// A call of a method; the closure has the receiver.
    Bound(Receiver),
    /// A call of a method of the first parameter.
    Expression { recv: TypeId, name: Symbol, pkg: Option<PkgId>, own: Vec<TypeId> },
    /// A call through an interface that holds a value of the type: the first parameter is the payload.
    Dynamic { ty: TypeId, name: Symbol, pkg: Option<PkgId> },
    /// A call whose operands the closure has: for closures and interfaces the callee first.
    Delayed(Callee, Vec<TypeId>),
    /// The same of a built-in function.
    Builtin(Builtin, Vec<TypeId>),
}

/// What a bound method calls.
#[derive(Clone, Copy)]
pub enum Receiver {
    /// A method of an interface.
    Interface(u16),
    /// A function with a receiver of the type.
    Static(FuncIdx, TypeId),
    /// The same, written in Rust.
    Native(u32, TypeId),
}

impl Fun<'_, '_> {
    pub(super) fn thunk(&mut self, thunk: &Thunk, function: &mut Function) {
        function.wrapper = true;
        let sig = thunk.sig.clone();
        let results: Vec<TypeId> = sig.results.iter().map(|p| p.ty).collect();
        let results: Vec<TypeId> = results.into_iter().map(|ty| self.inst(ty)).collect();
        self.result_types.clone_from(&results);
        let mut params: Vec<TypeId> = sig.params.iter().map(|p| p.ty).collect();
        params = params.into_iter().map(|ty| self.inst(ty)).collect();
        match &thunk.kind {
            ThunkKind::Dynamic { ty, .. } => {
                let layout = self.layout(*ty);
                let pointer = self.g.query.types_mut().pointer_to(*ty);
                // The payload takes a slot even if there is nothing in it.
                let own = if layout.width() == 0 { tid::UINTPTR } else { *ty };
                params.insert(0, if layout.is_boxed() { pointer } else { own });
            }
            ThunkKind::Delayed(..) | ThunkKind::Builtin(..) => params.clear(),
            _ => {}
        }
        let (offsets, kinds) = self.sequence(&params);
        self.b.kinds.extend_from_slice(&kinds);
        function.params = kinds;
        let (_, outs) = self.sequence(&results);
        while self.b.kinds.len() < usize::from(HEADER) + outs.len() {
            self.b.kinds.push(WordKind::Scalar);
        }
        let mut args: Vec<(u16, TypeId)> =
            offsets.iter().zip(&params).map(|(&offset, &ty)| (HEADER + offset, ty)).collect();
        match &thunk.kind {
            ThunkKind::Bound(receiver) => {
                let (callee, ty) = match *receiver {
                    Receiver::Interface(number) => (Callee::Method(0, number), tid::ANY),
                    Receiver::Static(index, ty) => (Callee::Static(index), ty),
                    Receiver::Native(index, ty) => (Callee::Native(index), ty),
                };
                let slot = self.captured(thunk.offsets[0], ty);
                let callee = match callee {
                    Callee::Method(_, number) => Callee::Method(slot, number),
                    callee => {
                        args.insert(0, (slot, ty));
                        callee
                    }
                };
                self.call_slots(callee, &args, &sig);
            }
            ThunkKind::Expression { recv, name, pkg, own } => {
                let (slot, _) = args.remove(0);
                self.pass_on(Dest::Slots(slot), *recv, *name, *pkg, own, args, &sig);
            }
            ThunkKind::Dynamic { ty, name, pkg } => {
                let (slot, _) = args.remove(0);
                let place = if self.layout(*ty).is_boxed() { Dest::Mem(slot, 0) } else { Dest::Slots(slot) };
                self.pass_on(place, *ty, *name, *pkg, &[], args, &sig);
            }
            ThunkKind::Delayed(callee, types) => {
                let mut offsets = thunk.offsets.iter().copied();
                let callee = match *callee {
                    Callee::Closure(_) => {
                        let slot = self.pointer();
                        self.b.emit(Op::Ld64, slot, CLOSURE as u16, offsets.next().unwrap_or(0));
                        Callee::Closure(slot)
                    }
                    Callee::Method(_, number) => {
                        Callee::Method(self.captured(offsets.next().unwrap_or(0), tid::ANY), number)
                    }
                    callee => callee,
                };
                let args: Vec<(u16, TypeId)> =
                    types.iter().zip(offsets).map(|(&ty, offset)| (self.captured(offset, ty), ty)).collect();
                self.call_slots(callee, &args, &sig);
            }
            ThunkKind::Builtin(builtin, types) => {
                let args: Vec<(u16, TypeId)> =
                    types.iter().zip(&thunk.offsets).map(|(&ty, &offset)| (self.captured(offset, ty), ty)).collect();
                self.builtin_slots(*builtin, &args);
                return self.b.emit(Op::Ret, 0, 0, 0);
            }
        }
        self.mov(HEADER, ARGS, outs.len() as u16);
        self.b.emit(Op::Ret, 0, 0, 0);
    }

    /// A value that the closure has.
    fn captured(&mut self, offset: u16, ty: TypeId) -> u16 {
        let layout = self.layout(ty);
        let slot = self.take(&layout);
        self.load_words(slot, CLOSURE as u16, offset, &layout.slots);
        slot
    }

    #[expect(clippy::too_many_arguments, reason = "a call's parts")]
    fn pass_on(
        &mut self,
        place: Dest,
        ty: TypeId,
        name: Symbol,
        pkg: Option<PkgId>,
        own: &[TypeId],
        mut args: Vec<(u16, TypeId)>,
        sig: &Signature,
    ) {
        let Some(method) = self.g.query.method(ty, name, pkg) else {
            return self.g.unsupported(Span::NONE, "this method");
        };
        if let Dest::Slots(slot) = place
            && method.path.is_empty()
            && !method.ptr_recv
        {
            self.refuse_nil(slot, ty, &method);
        }
        let (callee, receiver) = self.receiver(place, ty, &method, name, pkg, own);
        if let Some(receiver) = receiver {
            args.insert(0, receiver);
        }
        self.call_slots(callee, &args, sig);
    }
}

impl Fun<'_, '_> {
    /// Panics as Go does if a method of values is to be called with a pointer that is nil.
    fn refuse_nil(&mut self, pointer: u16, ty: TypeId, method: &MethodOf) {
        let (Type::Pointer(base), Some(obj)) = (self.under(ty), method.obj) else { return };
        if self.g.query.types().as_named(ty).is_some() {
            return;
        }
        let mut base = self.g.runtime_name(base);
        let name = self.g.query.ast().names.get(self.g.query.objects()[obj].name).to_owned();
        let full = format!("{base}.{name}");
        if let Some(dot) = base.rfind('.') {
            base.drain(..=dot);
        }
        let text = format!("value method {full} called using nil *{base} pointer");
        let fine = self.b.label();
        self.b.jump(Op::JNeI, pointer, 0, fine);
        let text = self.g.string(text.as_bytes());
        self.b.emit_long(Op::Refuse, 0, text);
        self.b.bind(fine);
    }
}

impl Gen<'_> {
    /// The package that an unexported method name of a type belongs to.
    pub fn current_pkg(&mut self, ty: TypeId, name: Symbol) -> Option<PkgId> {
        self.query.method_names(ty).into_iter().find(|(n, _)| *n == name).and_then(|(_, pkg)| pkg)
    }

    /// Compiles the methods of a type that values in interfaces have, and sees to what they lead to.
    pub(super) fn methods_of(&mut self, idx: TypeIdx) {
        let ty = self.table.of[idx as usize];
        let kind = self.program.types[idx as usize].kind;
        // What reflection finds inside.
        match self.query.under_type(ty) {
            Type::Pointer(elem) | Type::Slice(elem) | Type::Array(elem, _) | Type::Chan(_, elem) => {
                self.dynamic_type(elem);
            }
            Type::Map(key, elem) => {
                self.dynamic_type(key);
                self.dynamic_type(elem);
            }
            Type::Struct(s) => s.fields.iter().for_each(|field| _ = self.dynamic_type(field.ty)),
            _ => {}
        }
        if kind == Kind::Interface {
            return;
        }
        let mut methods = Vec::new();
        for (name, pkg) in self.query.method_names(ty) {
            if !self.dynamic.contains(&name) {
                continue;
            }
            let Some(method) = self.query.method(ty, name, pkg) else { continue };
            if method.ptr_recv && !self.reaches_pointer(ty, &method.path) {
                continue;
            }
            if let Type::Signature(sig) = self.query.types().get(method.ty)
                && !sig.tparams.is_empty()
            {
                continue;
            }
            let number = self.method_number(name, pkg, method.ty);
            methods.push((number, self.dynamic_method(ty, name, pkg)));
        }
        self.program.types[idx as usize].methods = methods;
    }

    /// Whether a method with a pointer receiver is in the method set: a pointer is there, or followed on the way.
    fn reaches_pointer(&mut self, ty: TypeId, path: &[u32]) -> bool {
        let mut at = ty;
        let mut pointer = matches!(self.query.types().get(at), Type::Pointer(_));
        for &index in path {
            if let Type::Pointer(elem) = self.query.under_type(at) {
                at = elem;
            }
            let Type::Struct(s) = self.query.under_type(at) else { return pointer };
            at = s.fields[index as usize].ty;
            pointer |= matches!(self.query.types().get(at), Type::Pointer(_));
        }
        pointer
    }

    /// The function that interfaces call for a method of a type.
    fn dynamic_method(&mut self, ty: TypeId, name: Symbol, pkg: Option<PkgId>) -> FuncIdx {
        let ty = self.query.types().canon(ty);
        if let Some(&known) = self.wrappers.get(&(ty, name, pkg)) {
            return known;
        }
        let Some(method) = self.query.method(ty, name, pkg) else { return 0 };
        let index = match (method.obj, self.direct_receiver(ty, &method)) {
            (Some(obj), Some(targs)) => self.function(obj, &targs),
            _ => {
                let sig = match self.query.types().get(method.ty) {
                    Type::Signature(sig) => sig.clone(),
                    _ => return 0,
                };
                let label = format!("{}.{}", self.runtime_name(ty), self.query.ast().names.get(name));
                let kind = ThunkKind::Dynamic { ty, name, pkg };
                self.job(label, Work::Thunk(Thunk { kind, sig, offsets: Vec::new() }), Env::default())
            }
        };
        self.wrappers.insert((ty, name, pkg), index);
        index
    }

    /// The type arguments of a method that takes the payload of an interface as its receiver.
    fn direct_receiver(&mut self, ty: TypeId, method: &MethodOf) -> Option<Vec<TypeId>> {
        let obj = method.obj?;
        if !method.path.is_empty() || self.layout(ty).is_boxed() || self.layout(ty).width() != 1 {
            return None;
        }
        if self.decls.get(&obj).is_none_or(|&func| self.query.ast().func(func).body.is_none()) {
            return None;
        }
        let base = match *self.query.types().get(ty) {
            Type::Pointer(elem) if method.ptr_recv => elem,
            Type::Pointer(_) => return None,
            _ if method.ptr_recv => return None,
            _ => ty,
        };
        let id = self.query.types().as_named(base)?;
        Some(self.query.types().named(id).targs.to_vec())
    }
}
