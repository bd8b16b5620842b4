//! Calls of built-in functions.
//!
//! `make` and `new` look at their first argument themselves; the arguments of all others are evaluated first, a single
//! call with several results counting as that many arguments. Most built-ins accept a type parameter if each type of
//! its type set would do.

use smallvec::SmallVec;

use super::info::Mode;
use super::{Checker, Operand};
use crate::base::{Span, sym};
use crate::compiler::diag::{Code, Diagnostic};
use crate::compiler::syntax::ast::{BinOp, ChanDir, Expr, ExprId, List};
use crate::compiler::types::constant::{self, Value};
use crate::compiler::types::{Builtin, Param, Type, TypeId, tid};

/// Checked arguments.
type Args = SmallVec<[Operand; 2]>;

/// How many arguments a built-in needs, and whether it takes more.
fn arity(id: Builtin) -> (usize, bool) {
    use Builtin::*;
    match id {
        Print | Println => (0, true),
        Recover => (0, false),
        Append | Make | Max | Min => (1, true),
        Cap | Clear | Close | Imag | Len | New | Panic | Real => (1, false),
        Complex | Copy | Delete => (2, false),
    }
}

/// As it is written.
fn name(id: Builtin) -> &'static str {
    use Builtin::*;
    match id {
        Append => "append",
        Cap => "cap",
        Clear => "clear",
        Close => "close",
        Complex => "complex",
        Copy => "copy",
        Delete => "delete",
        Imag => "imag",
        Len => "len",
        Make => "make",
        Max => "max",
        Min => "min",
        New => "new",
        Panic => "panic",
        Print => "print",
        Println => "println",
        Real => "real",
        Recover => "recover",
    }
}

impl Checker<'_> {
    /// Checks the call `e` of a built-in; the result is in `x`. Says whether the call is right.
    pub(super) fn builtin_call(&mut self, x: &mut Operand, e: ExprId, id: Builtin) -> bool {
        let Expr::Call { args, spread, .. } = self.ast.expr(e) else { return false };
        x.invalidate();
        if spread && id != Builtin::Append {
            let message = format!("invalid operation: invalid use of ... with built-in {}", name(id));
            self.error(x.span, Code::InvalidSpread, message);
            self.use_exprs(args);
            return false;
        }
        if matches!(id, Builtin::Make | Builtin::New) {
            if self.argument_number(e, id, args.len()) {
                if id == Builtin::Make { self.make(x, e, args) } else { self.new_call(x, args) }
            }
            return !x.is_invalid();
        }
        // Whether `len` is constant depends on the calls in its own argument alone.
        let outer_call = std::mem::take(&mut self.env.has_call);
        let operands = self.builtin_arguments(args);
        let calls = self.env.has_call;
        self.env.has_call |= outer_call;
        if operands.iter().any(Operand::is_invalid) || !self.argument_number(e, id, operands.len()) {
            return false;
        }
        if matches!(id, Builtin::Len | Builtin::Cap) {
            if !calls {
                self.env.has_call = outer_call;
            }
            if let Some(arg) = operands.first() {
                self.length(x, arg, id, calls);
            }
        } else {
            self.ordinary(x, e, id, operands, spread);
        }
        !x.is_invalid()
    }

    fn builtin_arguments(&mut self, args: List<ExprId>) -> Args {
        let ast = self.ast;
        match (ast.first(args), args.len()) {
            (Some(only), 1) => self.multi_expr(only, false).0,
            _ => ast.list(args).map(|arg| self.expr(arg)).collect(),
        }
    }

    fn argument_number(&mut self, e: ExprId, id: Builtin, found: usize) -> bool {
        let (expected, variadic) = arity(id);
        let word = if found < expected {
            "not enough"
        } else if found > expected && !variadic {
            "too many"
        } else {
            return true;
        };
        let call = self.expr_text(e);
        let message = format!("invalid operation: {word} arguments for {call} (expected {expected}, found {found})");
        self.error(self.ast.span(e), Code::ArgumentCount, message);
        false
    }

    /// The built-ins whose arguments are values.
    fn ordinary(&mut self, x: &mut Operand, e: ExprId, id: Builtin, mut args: Args, spread: bool) {
        match (id, &mut args[..]) {
            (Builtin::Append, _) => self.append(x, e, &mut args, spread),
            (Builtin::Clear, [arg]) => self.clear(x, arg),
            (Builtin::Close, [arg]) => self.close(x, arg),
            (Builtin::Copy, [to, from]) => self.copy(x, to, from),
            (Builtin::Delete, [map, key]) => self.delete(x, map, key),
            (Builtin::Max | Builtin::Min, _) => self.min_max(x, id, &mut args),
            (Builtin::Panic, [arg]) => {
                self.assignment(arg, Some(tid::EMPTY_INTERFACE), "argument to panic");
                no_value_unless(x, arg.is_invalid());
            }
            (Builtin::Print | Builtin::Println, _) => {
                let context = format!("argument to built-in {}", name(id));
                args.iter_mut().for_each(|arg| self.assignment(arg, None, &context));
                no_value_unless(x, args.iter().any(Operand::is_invalid));
            }
            (Builtin::Recover, _) => x.set_value(tid::EMPTY_INTERFACE),
            (Builtin::Complex | Builtin::Real | Builtin::Imag, _) => {
                self.error(x.span, Code::NotSupported, "complex numbers are not supported yet");
            }
            _ => {}
        }
    }

    // ---- len and cap

    fn length(&mut self, x: &mut Operand, arg: &Operand, id: Builtin, calls: bool) {
        let cap = id == Builtin::Cap;
        if self.is_tparam(arg.ty) {
            if self.type_set_all(arg.ty, |c, under| c.has_length(under, cap)) {
                return x.set_value(tid::INT);
            }
        } else if self.has_length(arg.ty, cap) {
            let constant = match self.fixed_length(arg.ty) {
                Some(len) if !calls => Some(Value::from_u64(len)),
                Some(_) => None,
                None if arg.is_constant() => arg.value.as_text().map(|text| Value::from_u64(text.len() as u64)),
                None => None,
            };
            match constant {
                Some(value) => x.set_constant(tid::INT, value),
                None => x.set_value(tid::INT),
            }
            return;
        }
        if !self.is_invalid_type(arg.ty) {
            let message = format!("invalid argument: {} for built-in {}", self.describe(arg), name(id));
            self.error(arg.span, Code::InvalidBuiltinArgument, message);
        }
    }

    fn has_length(&mut self, ty: TypeId, cap: bool) -> bool {
        match self.under_type(ty) {
            Type::Basic(basic) => basic.is_string() && !cap,
            Type::Map(..) => !cap,
            Type::Array(..) | Type::Slice(_) | Type::Chan(..) => true,
            Type::Pointer(_) => self.fixed_length(ty).is_some(),
            _ => false,
        }
    }

    /// The length of an array or of what a pointer to an array points to.
    fn fixed_length(&mut self, ty: TypeId) -> Option<u64> {
        let array = match self.under_type(ty) {
            Type::Pointer(base) => self.under(base),
            _ => self.under(ty),
        };
        match *self.types.get(array) {
            Type::Array(_, len) => Some(len),
            _ => None,
        }
    }

    // ---- Slices

    /// The element type of a slice, or of all slices of a type set; if there is none, why.
    fn slice_elem(&mut self, x: &Operand) -> Result<TypeId, String> {
        let mut elem = None;
        for term in self.each_term(x.ty) {
            let Type::Slice(next) = self.under_type(term) else {
                elem = None;
                break;
            };
            let first = *elem.get_or_insert(next);
            if !self.identical(first, next) {
                let (a, b) = (self.text(first), self.text(next));
                return Err(format!("mismatched slice element types {a} and {b} in {}", self.describe(x)));
            }
        }
        elem.ok_or_else(|| {
            let have = if x.is_nil() { "untyped nil".to_owned() } else { self.describe(x) };
            format!("argument must be a slice; have {have}")
        })
    }

    fn append(&mut self, x: &mut Operand, e: ExprId, args: &mut Args, spread: bool) {
        let Some(slice) = args.first().cloned() else { return };
        let elem = match self.slice_elem(&slice) {
            Ok(elem) => elem,
            Err(why) => return self.error(slice.span, Code::InvalidBuiltinArgument, format!("invalid append: {why}")),
        };
        let rest = self.types.slice_of(elem);
        if spread && !self.check_spread(e, args, slice.ty, rest) {
            return;
        }
        let last = args.len();
        for (i, arg) in args.iter_mut().enumerate().skip(1) {
            if !spread {
                self.assignment(arg, Some(elem), "argument to append");
            } else if i + 1 == last && !self.spreads_string(&slice, arg) {
                self.assignment(arg, Some(rest), "argument to append");
            }
        }
        x.set_value(slice.ty);
    }

    /// `append(s, t...)` takes two arguments exactly.
    fn check_spread(&mut self, e: ExprId, args: &Args, slice: TypeId, rest: TypeId) -> bool {
        let whole = self.ast.span(e);
        let (span, word) = match args.get(2) {
            _ if args.len() == 2 => return true,
            Some(_) => (args.last().map_or(whole, |arg| arg.span), "too many"),
            None => (Span::new(whole.hi.saturating_sub(1), whole.hi), "not enough"),
        };
        let params = [slice, rest].map(|ty| Param { name: sym::EMPTY, ty });
        let diagnostic = Diagnostic::error(Code::ArgumentCount, span, format!("{word} arguments in call to append"))
            .note(format!("have {}", self.operand_summary(args, true)))
            .note(format!("want {}", self.param_summary(&params, true)));
        self.report(diagnostic);
        false
    }

    /// `append(bytes, string...)`: strings are spread over byte slices.
    fn spreads_string(&mut self, slice: &Operand, arg: &mut Operand) -> bool {
        if !self.takes_string(slice, arg) {
            return false;
        }
        self.settle_default(arg);
        true
    }

    /// Whether `from` is, or may be, a string where bytes go to `to`.
    fn takes_string(&mut self, to: &Operand, from: &Operand) -> bool {
        let bytes = self.types.slice_of(tid::UINT8);
        self.all_strings_or_bytes(from.ty)
            && self.each_term(from.ty).into_iter().any(|term| self.is_string(term))
            && self.assignable(to, bytes).is_ok()
    }

    fn copy(&mut self, x: &mut Operand, to: &Operand, from: &mut Operand) {
        let refuse =
            |c: &mut Self, span, why| c.error(span, Code::InvalidBuiltinArgument, format!("invalid copy: {why}"));
        let to_elem = match self.slice_elem(to) {
            Ok(elem) => elem,
            Err(why) => return refuse(self, to.span, why),
        };
        if !self.takes_string(to, from) {
            let from_elem = match self.slice_elem(from) {
                Ok(elem) => elem,
                // The element types tell more about a string.
                Err(_) if self.all_string(from.ty) => tid::BYTE,
                Err(why) => return refuse(self, from.span, why),
            };
            if !self.identical(to_elem, from_elem) {
                let (a, b) = (self.describe(to), self.describe(from));
                let (to_elem, from_elem) = (self.text(to_elem), self.text(from_elem));
                let why = format!("arguments {a} and {b} have different element types {to_elem} and {from_elem}");
                return refuse(self, to.span, why);
            }
        }
        self.settle_default(from);
        x.set_value(tid::INT);
    }

    // ---- Maps and channels

    fn clear(&mut self, x: &mut Operand, arg: &Operand) {
        if self.type_set_all(arg.ty, |c, under| matches!(c.types.get(under), Type::Map(..) | Type::Slice(_))) {
            return no_value_unless(x, false);
        }
        let operand = self.describe(arg);
        let message =
            format!("invalid argument: cannot clear {operand}: argument must be (or constrained by) map or slice");
        self.error(arg.span, Code::InvalidBuiltinArgument, message);
    }

    fn close(&mut self, x: &mut Operand, arg: &Operand) {
        let terms = self.each_term(arg.ty);
        let mut fault = terms.is_empty().then_some("non-channel");
        for term in terms {
            fault = match self.under_type(term) {
                Type::Chan(ChanDir::Recv, _) => Some("receive-only channel"),
                Type::Chan(..) => continue,
                _ => Some("non-channel"),
            };
            break;
        }
        match fault {
            None => no_value_unless(x, false),
            Some(what) => {
                let message = format!("invalid operation: cannot close {what} {}", self.describe(arg));
                self.error(arg.span, Code::InvalidBuiltinArgument, message);
            }
        }
    }

    fn delete(&mut self, x: &mut Operand, map: &Operand, key: &mut Operand) {
        let mut wanted: Option<TypeId> = None;
        let mut fault = None;
        for term in self.each_term(map.ty) {
            let Type::Map(next, _) = self.under_type(term) else {
                wanted = None;
                break;
            };
            let first = *wanted.get_or_insert(next);
            if !self.identical(first, next) {
                fault = Some(format!("invalid argument: maps of {} must have identical key types", self.describe(map)));
                break;
            }
        }
        if wanted.is_none() {
            fault = Some(format!("invalid argument: {} is not a map", self.describe(map)));
        }
        if let Some(message) = fault {
            return self.error(map.span, Code::InvalidBuiltinArgument, message);
        }
        self.assignment(key, wanted, "argument to delete");
        no_value_unless(x, key.is_invalid());
    }

    // ---- make and new

    fn make(&mut self, x: &mut Operand, e: ExprId, args: List<ExprId>) {
        let ast = self.ast;
        let Some(first) = ast.first(args) else { return };
        let ty = self.var_type(first);
        if ty == tid::INVALID {
            return;
        }
        let needed = match self.makeable(ty) {
            Ok(needed) => needed,
            Err(why) => {
                if !self.is_invalid_type(ty) {
                    let message = format!("invalid argument: cannot make {}: {why}", self.expr_text(first));
                    self.error(ast.span(first), Code::InvalidBuiltinArgument, message);
                }
                return;
            }
        };
        let (found, most) = (args.len(), needed + 1);
        if found < needed || most < found {
            let call = self.expr_text(e);
            let message = format!("invalid operation: {call} expects {needed} or {most} arguments; found {found}");
            return self.error(x.span, Code::ArgumentCount, message);
        }
        let sizes: SmallVec<[Option<i64>; 2]> =
            ast.list(args.skip(1)).map(|size| self.check_index(size, None)).collect();
        if let [Some(len), Some(cap)] = sizes[..]
            && len > cap
        {
            let span = ast.nth(args, 1).map_or(x.span, |size| ast.span(size));
            self.error(span, Code::InvalidBuiltinArgument, "invalid argument: length and capacity swapped");
        }
        x.set_value(ty);
    }

    /// How many arguments `make` needs for a type; if it cannot make one, why.
    fn makeable(&mut self, ty: TypeId) -> Result<usize, String> {
        let under = self.common_under_or(ty)?;
        match self.types.get(under) {
            Type::Slice(_) => Ok(2),
            Type::Map(..) | Type::Chan(..) => Ok(1),
            _ => Err("type must be slice, map, or channel".into()),
        }
    }

    fn new_call(&mut self, x: &mut Operand, args: List<ExprId>) {
        let Some(arg) = self.ast.first(args) else { return };
        let ty = if self.is_type_syntax(arg) {
            self.var_type(arg)
        } else {
            let mut value = self.expr_or_type(arg, false);
            if value.mode == Mode::Type {
                self.var_type(arg)
            } else {
                self.assignment(&mut value, None, "argument to new");
                value.ty
            }
        };
        if ty != tid::INVALID {
            let pointer = self.types.pointer_to(ty);
            x.set_value(pointer);
        }
    }

    /// Whether the expression can only be a type; others are evaluated to find out.
    fn is_type_syntax(&self, e: ExprId) -> bool {
        matches!(
            self.ast.expr(self.ast.unparen(e)),
            Expr::ArrayType { .. }
                | Expr::SliceType(_)
                | Expr::MapType { .. }
                | Expr::ChanType(..)
                | Expr::FuncType(_)
                | Expr::StructType(_)
                | Expr::InterfaceType(_)
        )
    }

    // ---- min and max

    fn min_max(&mut self, x: &mut Operand, id: Builtin, args: &mut Args) {
        let wins = if id == Builtin::Min { BinOp::Lt } else { BinOp::Gt };
        let Some(mut best) = args.first().cloned() else { return };
        for (i, arg) in args.iter_mut().enumerate() {
            if !self.all_ordered(arg.ty) {
                if !self.is_invalid_type(arg.ty) {
                    let message = format!("invalid argument: {} cannot be ordered", self.describe(arg));
                    self.error(arg.span, Code::InvalidBuiltinArgument, message);
                }
                return;
            }
            if i == 0 {
                continue;
            }
            if !self.match_ordered(&mut best, arg) {
                return;
            }
            if !best.is_constant() || !arg.is_constant() {
                best.mode = Mode::Value;
            } else if constant::compare(wins, &arg.value, &best.value) == Some(true) {
                best = arg.clone();
            }
        }
        if best.is_constant() {
            return x.set_constant(best.ty, best.value);
        }
        best.mode = Mode::Value;
        if self.types.is_untyped(best.ty) {
            // A value must have a type: `max(1<<n, 2)`.
            best.ty = self.default_type(best.ty);
        }
        for arg in args.iter() {
            self.update_type(arg.expr, best.ty);
        }
        x.set_value(best.ty);
    }

    /// Brings two arguments to one type; reports if that is not possible.
    fn match_ordered(&mut self, best: &mut Operand, arg: &mut Operand) -> bool {
        let untyped = self.types.is_untyped(best.ty) || self.types.is_untyped(arg.ty);
        if untyped
            && self.all_string(best.ty) == self.all_string(arg.ty)
            && self.all_numeric(best.ty) == self.all_numeric(arg.ty)
        {
            let (best_ty, arg_ty) = (best.ty, arg.ty);
            self.convert_untyped(best, arg_ty);
            if !best.is_invalid() {
                self.convert_untyped(arg, if self.types.is_untyped(best.ty) { best.ty } else { best_ty });
            }
            if best.is_invalid() || arg.is_invalid() {
                return false;
            }
        }
        if self.identical(best.ty, arg.ty) {
            return true;
        }
        let (a, b, text) = (self.text(best.ty), self.text(arg.ty), self.expr_text(arg.expr));
        let message = format!("invalid argument: mismatched types {a} (previous argument) and {b} (type of {text})");
        self.error(arg.span, Code::Mismatched, message);
        false
    }
}

/// Makes `x` the result of a call that gives no value, unless the call is wrong.
fn no_value_unless(x: &mut Operand, wrong: bool) {
    if !wrong {
        x.mode = Mode::NoValue;
        x.ty = tid::EMPTY_TUPLE;
    }
}
