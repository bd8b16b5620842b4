//! Instantiation cycles: generic code that would need ever larger instances of itself.
//!
//! An edge says that a type parameter is instantiated with a type in which another (or the same) occurs. A cycle of
//! edges of which one wraps its type parameter in a larger type can be followed without end, so it is refused. A type
//! declared inside of a generic function counts as a wrapping of that function's type parameters.

use std::collections::VecDeque;

use rustc_hash::{FxHashMap, FxHashSet};

use super::Checker;
use super::collect::DeclKind;
use super::instantiate::MAX_DEPTH;
use crate::base::Span;
use crate::compiler::diag::{Code, Diagnostic, has_errors};
use crate::compiler::types::{ObjId, TParamId, Type, TypeId};

/// `instantiated` is given a type argument in which `mentioned` occurs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edge {
    instantiated: TParamId,
    mentioned: TParamId,
    /// Whether the argument is larger than the type parameter alone.
    grows: bool,
    span: Span,
    argument: TypeId,
}

impl Checker<'_> {
    /// Notes an instantiation for [`Checker::check_instantiation_cycles`].
    pub(super) fn note_instance(&mut self, span: Span, tparams: &[TypeId], targs: &[TypeId], arg_spans: &[Span]) {
        for (i, (&tparam, &targ)) in tparams.iter().zip(targs).enumerate() {
            let Some(instantiated) = self.types.as_tparam(tparam) else { continue };
            if tparam == targ {
                continue;
            }
            let mut mentioned = Vec::new();
            self.mentioned_tparams(targ, &mut FxHashSet::default(), &mut mentioned);
            let span = arg_spans.get(i).copied().unwrap_or(span);
            for (p, local) in mentioned {
                let grows = local || self.types.tparam(p).ty != self.types.unalias(targ);
                self.generics.edges.push(Edge { instantiated, mentioned: p, grows, span, argument: targ });
            }
        }
    }

    /// The type parameters that a type depends on, and whether by way of a local type. A type is looked into once: it
    /// may occur in another more often than there are atoms in the world.
    fn mentioned_tparams(&self, ty: TypeId, seen: &mut FxHashSet<TypeId>, found: &mut Vec<(TParamId, bool)>) {
        if matches!(self.types.spelled(ty), Type::Basic(_)) || !seen.insert(ty) {
            return;
        }
        match self.types.spelled(ty) {
            Type::TypeParam(p) => found.push((*p, false)),
            Type::Named(id) => {
                let named = self.types.named(*id);
                if let Some(function) = named.enclosing {
                    self.function_tparams(function, found);
                }
                named.targs.iter().for_each(|&targ| self.mentioned_tparams(targ, seen, found));
            }
            structure => self.types.each_part(structure, |part| self.mentioned_tparams(part, seen, found)),
        }
    }

    /// The type parameters of a function and of its receiver.
    fn function_tparams(&self, function: ObjId, found: &mut Vec<(TParamId, bool)>) {
        let own = match self.types.get(self.objects[function].ty) {
            Type::Signature(sig) => sig.tparams.as_slice(),
            _ => &[],
        };
        found.extend(own.iter().filter_map(|&p| Some((self.types.as_tparam(p)?, true))));
        let Some(DeclKind::Func(id)) = self.decls.get(&function).map(|d| &d.kind) else { return };
        let Some(receiver) = self.ast.func(*id).recv.and_then(|field| self.field_object(field)) else { return };
        let (base, _) = self.deref(self.objects[receiver].ty);
        if let Some(named) = self.types.as_named(base) {
            let targs = &self.types.named(named).targs;
            found.extend(targs.iter().filter_map(|&p| Some((self.types.as_tparam(p)?, true))));
        }
    }

    /// Reports the first cycle of instantiations that grows; forgets what was noted. As in Go, only a program without
    /// other errors is looked at, unless types were cut off for their depth.
    pub(super) fn check_instantiation_cycles(&mut self) {
        let edges = std::mem::take(&mut self.generics.edges);
        let cut_off = self.generics.cut_off.take();
        if cut_off.is_none() && has_errors(&self.diagnostics) {
            return;
        }
        if let Some(cycle) = growing_cycle(&edges) {
            self.report_instantiation_cycle(&cycle);
        } else if let Some(generic) = cut_off {
            let span = self.objects[generic].span;
            self.error(span, Code::Limit, format!("type arguments nested more than {MAX_DEPTH} deep"));
        }
    }

    fn report_instantiation_cycle(&mut self, cycle: &[Edge]) {
        let place = |c: &Self, e: &Edge| c.objects[c.types.tparam(e.instantiated).obj].span;
        let Some(first) = (0..cycle.len()).min_by_key(|&i| place(self, &cycle[i])) else { return };
        let mut diagnostic =
            Diagnostic::error(Code::InstantiationCycle, place(self, &cycle[first]), "instantiation cycle:");
        for edge in cycle.iter().cycle().skip(first).take(cycle.len()) {
            let tparam = self.types.tparam(edge.instantiated).ty;
            let at = self.sources.describe(edge.span);
            let (name, argument) = (self.text(tparam), self.text(edge.argument));
            diagnostic = diagnostic
                .label(edge.span, format!("{name} instantiated as {argument}"))
                .note(format!("{at}: {name} instantiated as {argument}"));
        }
        self.report(diagnostic);
    }
}

/// The first cycle of edges of which one grows.
fn growing_cycle(edges: &[Edge]) -> Option<Vec<Edge>> {
    let mut by_instantiated: FxHashMap<TParamId, Vec<usize>> = FxHashMap::default();
    for (i, edge) in edges.iter().enumerate() {
        by_instantiated.entry(edge.instantiated).or_default().push(i);
    }
    let cycle = edges.iter().enumerate().filter(|(_, e)| e.grows).find_map(|(i, e)| {
        let back = path(edges, &by_instantiated, e.mentioned, e.instantiated)?;
        Some(std::iter::once(i).chain(back))
    })?;
    Some(cycle.filter_map(|i| edges.get(i).copied()).collect())
}

/// The shortest list of edges that leads from `from` to `to`, following what each type parameter is instantiated with.
fn path(
    edges: &[Edge],
    by_instantiated: &FxHashMap<TParamId, Vec<usize>>,
    from: TParamId,
    to: TParamId,
) -> Option<Vec<usize>> {
    let mut reached_by: FxHashMap<TParamId, Option<usize>> = FxHashMap::default();
    reached_by.insert(from, None);
    let mut queue = VecDeque::from([from]);
    while let Some(at) = queue.pop_front() {
        if at == to {
            let mut list = Vec::new();
            let mut back = to;
            while let Some(&Some(edge)) = reached_by.get(&back) {
                list.push(edge);
                back = edges.get(edge)?.instantiated;
            }
            list.reverse();
            return Some(list);
        }
        for &edge in by_instantiated.get(&at).into_iter().flatten() {
            let next = edges.get(edge)?.mentioned;
            reached_by.entry(next).or_insert_with(|| {
                queue.push_back(next);
                Some(edge)
            });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compiler::types::tid;

    fn edge(instantiated: u32, mentioned: u32, grows: bool) -> Edge {
        let id = TParamId::constant;
        Edge { instantiated: id(instantiated), mentioned: id(mentioned), grows, span: Span::NONE, argument: tid::INT }
    }

    #[test]
    fn only_cycles_that_grow_are_endless() {
        assert!(growing_cycle(&[edge(0, 1, false), edge(1, 0, false)]).is_none());
        assert!(growing_cycle(&[edge(0, 1, true), edge(1, 2, true)]).is_none());
        let cycle = growing_cycle(&[edge(0, 1, false), edge(1, 2, true), edge(2, 0, false)]);
        assert_eq!(cycle.map(|c| c.len()), Some(3));
        assert_eq!(growing_cycle(&[edge(3, 3, true)]).map(|c| c.len()), Some(1));
    }
}
