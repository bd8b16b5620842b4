//! Phase 4: the order in which package variables are initialised.
//!
//! A variable waits for every variable that its initialiser refers to, directly or through functions; among those that
//! are ready the first declared goes first. Functions may refer to each other in circles, so the reference graph is
//! first condensed into strongly connected components: one with a variable in it is an initialisation cycle, the others
//! are groups of functions that count as one node.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use rustc_hash::{FxHashMap, FxHashSet};

use super::Checker;
use super::collect::DeclKind;
use super::info::Initializer;
use crate::compiler::types::{ObjId, ObjKind, PkgId};

/// The reference graph with dense indices.
struct Graph {
    objects: Vec<ObjId>,
    edges: Vec<Vec<usize>>,
}

impl Checker<'_> {
    /// Records the order of a package's initialisers; reports cycles.
    pub(super) fn init_order(&mut self, pkg: PkgId) {
        let graph = self.reference_graph(pkg);
        let components = components(&graph.edges);
        let mut of = vec![0; graph.objects.len()];
        for (index, members) in components.iter().enumerate() {
            for &member in members {
                of[member] = index;
            }
        }
        let mut cyclic = false;
        for members in &components {
            cyclic |= self.report_component(&graph, members, &of);
        }
        if cyclic {
            return;
        }
        // Dependents and open dependencies of each component.
        let mut dependents: Vec<Vec<usize>> = vec![Vec::new(); components.len()];
        let mut open = vec![0usize; components.len()];
        let mut seen: FxHashSet<(usize, usize)> = FxHashSet::default();
        for (from, targets) in graph.edges.iter().enumerate() {
            for &to in targets {
                if of[from] != of[to] && seen.insert((of[from], of[to])) {
                    dependents[of[to]].push(of[from]);
                    open[of[from]] += 1;
                }
            }
        }
        self.emit_in_order(pkg, &graph, &components, &dependents, open);
    }

    fn reference_graph(&self, pkg: PkgId) -> Graph {
        let mut objects: Vec<ObjId> = self
            .decls
            .keys()
            .copied()
            .filter(|&o| self.objects[o].pkg == Some(pkg))
            .filter(|&o| matches!(self.objects[o].kind, ObjKind::Var(_) | ObjKind::Func { .. }))
            .collect();
        objects.sort_unstable();
        let index: FxHashMap<ObjId, usize> = objects.iter().enumerate().map(|(i, &o)| (o, i)).collect();
        let edges = objects
            .iter()
            .map(|o| self.deps.get(o).map(Vec::as_slice).unwrap_or_default())
            .map(|deps| deps.iter().filter_map(|d| index.get(d).copied()).collect())
            .collect();
        Graph { objects, edges }
    }

    /// Reports a component that holds a variable which depends on itself.
    fn report_component(&mut self, graph: &Graph, members: &[usize], of: &[usize]) -> bool {
        let is_var = |c: &Self, m: usize| matches!(c.objects[graph.objects[m]].kind, ObjKind::Var(_));
        let first = members.iter().copied().filter(|&m| is_var(self, m)).min();
        let Some(first) = first else { return false };
        if members.len() == 1 && !graph.edges[first].contains(&first) {
            return false;
        }
        let cycle = shortest_cycle(&graph.edges, first, |m| of[m] == of[first]);
        let cycle: Vec<ObjId> = cycle.into_iter().map(|m| graph.objects[m]).collect();
        self.report_init_cycle(&cycle);
        true
    }

    fn emit_in_order(
        &mut self,
        pkg: PkgId,
        graph: &Graph,
        components: &[Vec<usize>],
        dependents: &[Vec<usize>],
        mut open: Vec<usize>,
    ) {
        // Functions need no turn of their own: they pass readiness on at once.
        let mut functions: VecDeque<usize> = VecDeque::new();
        let mut variables: BinaryHeap<Reverse<(ObjId, usize)>> = BinaryHeap::new();
        let mut emitted: FxHashSet<ObjId> = FxHashSet::default();
        let mut ready: Vec<usize> = (0..components.len()).filter(|&c| open[c] == 0).collect();
        loop {
            for component in ready.drain(..) {
                let object = graph.objects[components[component][0]];
                match self.objects[object].kind {
                    ObjKind::Var(_) => variables.push(Reverse((object, component))),
                    _ => functions.push_back(component),
                }
            }
            let done = match functions.pop_front() {
                Some(component) => component,
                None => {
                    let Some(Reverse((object, component))) = variables.pop() else { return };
                    self.emit_initializer(pkg, object, &mut emitted);
                    component
                }
            };
            for &dependent in &dependents[done] {
                open[dependent] -= 1;
                if open[dependent] == 0 {
                    ready.push(dependent);
                }
            }
        }
    }

    fn emit_initializer(&mut self, pkg: PkgId, object: ObjId, emitted: &mut FxHashSet<ObjId>) {
        let Some(info) = self.decls.get(&object) else { return };
        let DeclKind::Var { together, init: Some(rhs), .. } = &info.kind else { return };
        let lhs = if together.is_empty() { vec![object] } else { together.to_vec() };
        if lhs.iter().any(|o| !emitted.insert(*o)) {
            return;
        }
        self.info.init_order.push(Initializer { pkg, lhs, rhs: *rhs });
    }
}

/// The shortest way from `start` back to itself through nodes that `inside` admits.
fn shortest_cycle(edges: &[Vec<usize>], start: usize, inside: impl Fn(usize) -> bool) -> Vec<usize> {
    let mut from: FxHashMap<usize, usize> = FxHashMap::default();
    let mut queue = VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        for &next in edges[node].iter().filter(|&&n| inside(n)) {
            if next == start {
                let mut cycle = vec![node];
                while let Some(&before) = from.get(cycle.last().unwrap_or(&start)) {
                    cycle.push(before);
                }
                cycle.reverse();
                return cycle;
            }
            if next != start && !from.contains_key(&next) {
                from.insert(next, node);
                queue.push_back(next);
            }
        }
    }
    vec![start]
}

/// Strongly connected components, by Tarjan's method with an explicit stack: reference chains may be long.
fn components(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    const UNSEEN: usize = usize::MAX;
    let count = edges.len();
    let (mut number, mut low) = (vec![UNSEEN; count], vec![0; count]);
    let mut on_stack = vec![false; count];
    let (mut stack, mut result, mut next) = (Vec::new(), Vec::new(), 0);
    for root in 0..count {
        if number[root] != UNSEEN {
            continue;
        }
        let mut visits = vec![(root, 0)];
        while let Some(&mut (node, ref mut edge)) = visits.last_mut() {
            if *edge == 0 {
                (number[node], low[node]) = (next, next);
                next += 1;
                stack.push(node);
                on_stack[node] = true;
            }
            if let Some(&target) = edges[node].get(*edge) {
                *edge += 1;
                if number[target] == UNSEEN {
                    visits.push((target, 0));
                } else if on_stack[target] {
                    low[node] = low[node].min(number[target]);
                }
                continue;
            }
            visits.pop();
            if let Some(&(parent, _)) = visits.last() {
                low[parent] = low[parent].min(low[node]);
            }
            if low[node] == number[node] {
                let start = stack.iter().rposition(|&n| n == node).unwrap_or(0);
                let members: Vec<usize> = stack.drain(start..).collect();
                members.iter().for_each(|&m| on_stack[m] = false);
                result.push(members);
            }
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::{components, shortest_cycle};

    #[test]
    fn components_of_two_circles_and_a_tail() {
        let edges = vec![vec![1], vec![0, 2], vec![3], vec![2], vec![0]];
        let mut found = components(&edges);
        found.iter_mut().for_each(|c| c.sort_unstable());
        found.sort();
        assert_eq!(found, [vec![0, 1], vec![2, 3], vec![4]]);
        assert_eq!(shortest_cycle(&edges, 1, |n| n < 2), [1, 0]);
    }

    #[test]
    fn a_node_without_edges_is_visited_once() {
        assert_eq!(components(&[vec![], vec![1]]).len(), 2);
    }
}
