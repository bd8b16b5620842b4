//! Methods: receivers, their type parameters, and the parameters that a body sees.

use super::Checker;
use crate::base::sym;
use crate::compiler::diag::Code;
use crate::compiler::syntax::ast::{Expr, ExprId, FieldId, Func, FuncId, List};
use crate::compiler::types::{ObjKind, Object, Type, TypeId, VarKind, tid};

impl Checker<'_> {
    /// The signature of a method. The receiver's type parameters are names for those of its type, so a method's
    /// signature is expressed in the type's own parameters.
    pub(super) fn method_signature(&mut self, id: FuncId, recv: FieldId, func: &Func) -> TypeId {
        self.open_scope();
        let field = self.ast.field(recv);
        let recv_ty = self.receiver_type(id, field.ty);
        let tparams = self.type_params(func.tparams);
        let name = field.name.map_or(sym::EMPTY, |n| n.symbol);
        let span = field.name.map_or(field.span, |n| n.span);
        let mut variable = Object::new_var(name, span, self.env.pkg, recv_ty, VarKind::Receiver, 0);
        if let Some(var) = variable.var_mut() {
            var.depth = self.funcs.len() as u16 + 1;
        }
        let variable = self.objects.push(variable);
        self.info.fields.insert(recv, variable);
        let sig = self.func_type(func.sig, tparams);
        self.declare_local(variable);
        self.close_scope();
        sig
    }

    fn receiver_type(&mut self, id: FuncId, e: ExprId) -> TypeId {
        let ast = self.ast;
        let inner = ast.unparen(e);
        let (base_expr, pointer) = match ast.expr(inner) {
            Expr::Star(base) => (ast.unparen(base), true),
            _ => (inner, false),
        };
        let mut base = match ast.expr(base_expr) {
            Expr::Index { x, indices } => self.generic_receiver(id, base_expr, x, indices),
            _ => self.type_expr(base_expr),
        };
        if base == tid::INVALID {
            return tid::INVALID;
        }
        if !matches!(ast.expr(base_expr), Expr::Index { .. }) && self.refuse_instance(base, e) {
            return tid::INVALID;
        }
        let ty = if pointer { self.types.pointer_to(base) } else { base };
        if let (Type::Pointer(elem), false) = (self.types.get(base), pointer) {
            // An alias of a pointer type.
            base = *elem;
        }
        self.later(move |c| c.check_receiver(base, ty, e));
        ty
    }

    /// Methods belong to the generic type, so an alias of one of its instances cannot be a receiver.
    fn refuse_instance(&mut self, base: TypeId, e: ExprId) -> bool {
        let (base, _) = self.deref(base);
        let base = self.types.unalias(base);
        let instance = self.types.as_named(base).is_some_and(|id| self.types.named(id).origin.is_some());
        if instance {
            let message = format!("cannot define new methods on instantiated type {}", self.text(base));
            self.error(self.ast.span(e), Code::InvalidReceiver, message);
        }
        instance
    }

    /// `List[T]`: declares `T` as a name of the first type parameter of `List`.
    fn generic_receiver(&mut self, id: FuncId, e: ExprId, generic: ExprId, indices: List<ExprId>) -> TypeId {
        let ast = self.ast;
        let generic_ty = self.generic_type(generic);
        if generic_ty == tid::INVALID {
            return tid::INVALID;
        }
        if matches!(self.types.spelled(generic_ty), Type::Alias(_)) && self.is_generic_type(generic_ty) {
            let message = format!("cannot define new methods on generic alias type {}", self.text(generic_ty));
            self.error(ast.span(generic), Code::InvalidReceiver, message);
            return tid::INVALID;
        }
        let tparams = self.types.as_named(generic_ty).map(|n| self.types.named(n).tparams.clone());
        let Some(tparams) = tparams.filter(|p| !p.is_empty()) else {
            let message = format!("{} is not a generic type", self.text(generic_ty));
            self.error(ast.span(generic), Code::NotGeneric, message);
            return tid::INVALID;
        };
        let mut names = Vec::with_capacity(indices.len());
        for (i, index) in ast.list(indices).enumerate() {
            let Expr::Ident(symbol) = ast.expr(index) else {
                let message = format!("receiver type parameter {} must be an identifier", self.expr_text(index));
                self.error(ast.span(index), Code::InvalidReceiver, message);
                return tid::INVALID;
            };
            let mut object = Object::new(symbol, ast.span(index), self.env.pkg, ObjKind::TypeName);
            object.ty = tparams.get(i).copied().unwrap_or(tid::INVALID);
            let ty = object.ty;
            let object = self.objects.push(object);
            self.info.record_use(index, object);
            self.info.record(index, ty, super::Mode::Type, &crate::compiler::types::constant::Value::Unknown);
            self.declare_local(object);
            names.push(object);
        }
        if indices.len() != tparams.len() {
            let plural = if indices.len() == 1 { "" } else { "s" };
            let message = format!(
                "receiver declares {} type parameter{plural}, but receiver base type declares {}",
                indices.len(),
                tparams.len()
            );
            self.error(ast.span(e), Code::TypeArgumentCount, message);
            return tid::INVALID;
        }
        self.receiver_params.insert(id, names);
        let Some(origin) = self.types.as_named(generic_ty) else { return tid::INVALID };
        let instance = self.types.instance(origin, &tparams);
        self.info.record(e, instance, super::Mode::Type, &crate::compiler::types::constant::Value::Unknown);
        instance
    }

    fn check_receiver(&mut self, base: TypeId, ty: TypeId, e: ExprId) {
        let span = self.ast.span(e);
        let own = match self.types.get(base) {
            Type::Named(id) => {
                let object = self.types.named(*id).obj;
                let (object, local) = (&self.objects[object], self.objects[object].pkg == self.env.pkg);
                if !local || object.pkg.is_none() {
                    let message = format!("cannot define new methods on non-local type {}", self.text(base));
                    return self.error(span, Code::InvalidReceiver, message);
                }
                true
            }
            Type::Basic(basic) if *basic != crate::compiler::types::Basic::Invalid => {
                let message = format!("cannot define new methods on non-local type {}", self.text(base));
                return self.error(span, Code::InvalidReceiver, message);
            }
            _ => false,
        };
        if !own {
            let message = format!("invalid receiver type {}", self.text(ty));
            return self.error(span, Code::InvalidReceiver, message);
        }
        if matches!(self.under_type(base), Type::Pointer(_) | Type::Interface(_)) {
            let message = format!("invalid receiver type {} (pointer or interface type)", self.text(base));
            self.error(span, Code::InvalidReceiver, message);
        }
    }

    /// Makes the parameters of a function visible to its body.
    pub(super) fn declare_func_params(&mut self, id: FuncId) {
        let func = self.ast.func(id);
        for object in self.receiver_params.get(&id).cloned().unwrap_or_default() {
            self.declare_local(object);
        }
        self.declare_fields(func.tparams);
        if let Some(recv) = func.recv {
            self.declare_field(recv);
        }
        self.declare_sig_params(func.sig);
    }

    /// Makes the parameters and results of a signature visible; notes the named results.
    pub(super) fn declare_sig_params(&mut self, sig: crate::compiler::syntax::ast::Signature) {
        self.declare_fields(sig.params);
        let ast = self.ast;
        for id in ast.list(sig.results) {
            self.declare_field(id);
            if let (Some(object), Some(_)) = (self.field_object(id), ast.field(id).name)
                && let Some(func) = self.funcs.last_mut()
            {
                func.results.push(object);
            }
        }
    }

    fn declare_fields(&mut self, fields: List<FieldId>) {
        let ast = self.ast;
        for id in ast.list(fields) {
            self.declare_field(id);
        }
    }

    fn declare_field(&mut self, id: FieldId) {
        let Some(object) = self.field_object(id) else { return };
        // A redeclaration was reported with the signature.
        if self.local_in_scope(self.objects[object].name).is_none() {
            self.declare_local(object);
        }
    }
}
