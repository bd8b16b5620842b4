//! Terminating statements: after which control cannot go on.

use super::Checker;
use crate::base::Symbol;
use crate::compiler::syntax::ast::{BlockId, BranchKind, Clause, ClauseId, List, Stmt, StmtId};

impl Checker<'_> {
    /// Whether a statement list ends in a terminating statement.
    pub(super) fn list_terminates(&self, list: List<StmtId>) -> bool {
        let last = self.ast.list(list).rev().find(|&s| !matches!(self.ast.stmt(s), Stmt::Empty));
        last.is_some_and(|s| self.terminates(s, None))
    }

    fn block_terminates(&self, block: BlockId) -> bool {
        self.list_terminates(self.ast.block(block).stmts)
    }

    fn terminates(&self, stmt: StmtId, label: Option<Symbol>) -> bool {
        let mut stmt = stmt;
        let mut label = label;
        loop {
            match self.ast.stmt(stmt) {
                Stmt::Return(_) => return true,
                Stmt::Branch { kind, .. } => return matches!(kind, BranchKind::Goto | BranchKind::Fallthrough),
                Stmt::Expr(e) => return self.is_panic(e),
                Stmt::Block(block) => return self.block_terminates(block),
                Stmt::If { then, els, .. } => {
                    let Some(els) = els else { return false };
                    if !self.block_terminates(then) {
                        return false;
                    }
                    (stmt, label) = (els, None);
                }
                Stmt::Labeled { label: name, stmt: inner } => {
                    (stmt, label) = (inner, Some(self.ast.label(name).symbol));
                }
                Stmt::For { cond: None, body, .. } => return !self.breaks(self.ast.block(body).stmts, label, true),
                Stmt::Switch { clauses, .. } | Stmt::TypeSwitch { clauses, .. } => {
                    return self.clauses_terminate(clauses, label, true);
                }
                Stmt::Select(clauses) => return self.clauses_terminate(clauses, label, false),
                _ => return false,
            }
        }
    }

    fn clauses_terminate(&self, clauses: List<ClauseId>, label: Option<Symbol>, needs_default: bool) -> bool {
        let mut has_default = !needs_default;
        for id in self.ast.list(clauses) {
            let clause: Clause = self.ast.clause(id);
            has_default |= clause.is_default;
            if !self.list_terminates(clause.body) || self.breaks(clause.body, label, true) {
                return false;
            }
        }
        has_default
    }

    /// Whether a statement list breaks out of the statement around it: by `break` alone when `implicit`, or by its
    /// label.
    fn breaks(&self, list: List<StmtId>, label: Option<Symbol>, implicit: bool) -> bool {
        self.ast.list(list).any(|s| self.breaks_out(s, label, implicit))
    }

    fn breaks_out(&self, stmt: StmtId, label: Option<Symbol>, implicit: bool) -> bool {
        let ast = self.ast;
        let mut stmt = stmt;
        loop {
            match ast.stmt(stmt) {
                Stmt::Branch { kind: BranchKind::Break, label: None } => return implicit,
                Stmt::Branch { kind: BranchKind::Break, label: Some(target) } => {
                    return label.is_some() && label == Some(ast.label(target).symbol);
                }
                Stmt::Block(block) => return self.breaks(ast.block(block).stmts, label, implicit),
                Stmt::If { then, els, .. } => {
                    if self.breaks(ast.block(then).stmts, label, implicit) {
                        return true;
                    }
                    match els {
                        Some(els) => stmt = els,
                        None => return false,
                    }
                }
                Stmt::Labeled { stmt: inner, .. } => stmt = inner,
                Stmt::Switch { clauses, .. } | Stmt::TypeSwitch { clauses, .. } | Stmt::Select(clauses) => {
                    return label.is_some() && ast.list(clauses).any(|c| self.breaks(ast.clause(c).body, label, false));
                }
                Stmt::For { body, .. } | Stmt::Range { body, .. } => {
                    return label.is_some() && self.breaks(ast.block(body).stmts, label, false);
                }
                _ => return false,
            }
        }
    }
}
