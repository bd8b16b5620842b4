//! Labels: `goto`, labelled `break` and `continue`, and what unlabelled branches may do.
//!
//! A function's labels are checked in one walk after its statements. Blocks nest in a list; a `goto` forward waits in
//! its block for the label and moves outwards when the block ends without it.

use rustc_hash::{FxHashMap, FxHashSet};

use super::Checker;
use crate::base::{Span, Symbol, sym};
use crate::compiler::diag::{Code, Diagnostic};
use crate::compiler::syntax::ast::{BlockId, BranchKind, Decl, DeclKeyword, Expr, LabelId, List, Spec, Stmt, StmtId};

/// What the statements around one allow.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Flow {
    /// `break` leaves something.
    pub break_ok: bool,
    /// `continue` continues a loop.
    pub continue_ok: bool,
    /// The statement may be `fallthrough`.
    pub fallthrough_ok: bool,
    /// It ends the last clause of a switch.
    pub final_clause: bool,
    /// It ends a clause of a type switch.
    pub type_switch: bool,
}

impl Flow {
    /// For the statements of a nested block: no `fallthrough`.
    pub fn nested(self) -> Self {
        Self { fallthrough_ok: false, final_clause: false, type_switch: false, ..self }
    }

    /// For the body of a loop.
    pub fn in_loop(self) -> Self {
        Self { break_ok: true, continue_ok: true, ..self.nested() }
    }

    /// For a clause of `select`.
    pub fn in_select(self) -> Self {
        Self { break_ok: true, ..self.nested() }
    }
}

/// A label of the function.
struct Label {
    name: LabelId,
    used: bool,
    /// The blocks around it, outermost first.
    blocks: Vec<u32>,
    /// Position of the labelled statement.
    at: Span,
    /// Whether the labelled statement is a loop, and whether it can be left by `break`.
    is_loop: bool,
    breakable: bool,
}

/// A variable declaration in a block, that a `goto` must not jump over.
struct Variable {
    block: u32,
    name: Symbol,
    at: Span,
}

/// A `goto` with the blocks around it.
struct Goto {
    target: LabelId,
    blocks: Vec<u32>,
}

#[derive(Default)]
struct Walk {
    labels: Vec<Label>,
    by_name: FxHashMap<Symbol, usize>,
    variables: Vec<Variable>,
    gotos: Vec<Goto>,
    branches: Vec<(BranchKind, LabelId, Vec<Symbol>, Vec<Symbol>)>,
    blocks: Vec<u32>,
    next_block: u32,
    /// Labels of enclosing statements that `break` and `continue` may name, innermost last.
    enclosing: Vec<Symbol>,
}

impl Checker<'_> {
    /// Checks the labels of a function body.
    pub(super) fn check_labels(&mut self, body: List<StmtId>) {
        let mut walk = Walk::default();
        self.walk_block(&mut walk, body);
        for goto in &walk.gotos {
            self.check_goto(&walk, goto);
        }
        for i in 0..walk.branches.len() {
            let (kind, target, ..) = walk.branches[i];
            self.check_branch(&mut walk, i, kind, target);
        }
        let targets: FxHashSet<Symbol> = walk.gotos.iter().map(|g| self.ast.label(g.target).symbol).collect();
        for label in &walk.labels {
            let name = self.ast.label(label.name);
            if !label.used && !targets.contains(&name.symbol) && name.symbol != sym::BLANK {
                let message = format!("label {} defined and not used", self.name(name.symbol));
                self.report(Diagnostic::error(Code::UnusedLabel, name.span, message));
            }
        }
    }

    fn walk_block(&mut self, walk: &mut Walk, list: List<StmtId>) {
        walk.blocks.push(walk.next_block);
        walk.next_block += 1;
        let ast = self.ast;
        for stmt in ast.list(list) {
            self.walk_stmt(walk, stmt);
        }
        walk.blocks.pop();
    }

    fn walk_body(&mut self, walk: &mut Walk, block: BlockId) {
        let stmts = self.ast.block(block).stmts;
        self.walk_block(walk, stmts);
    }

    fn walk_stmt(&mut self, walk: &mut Walk, stmt: StmtId) {
        let ast = self.ast;
        let mut stmt = stmt;
        let mut labels = 0;
        // Labels stack up on one statement; chains of `else if` run on.
        loop {
            match ast.stmt(stmt) {
                Stmt::Labeled { label, stmt: inner } => {
                    self.declare_label(walk, label, stmt, inner);
                    walk.enclosing.push(ast.label(label).symbol);
                    labels += 1;
                    stmt = inner;
                    continue;
                }
                Stmt::Branch { kind, label: Some(target) } => {
                    if kind == BranchKind::Goto {
                        walk.gotos.push(Goto { target, blocks: walk.blocks.clone() });
                    } else {
                        walk.branches.push((kind, target, walk.enclosing.clone(), Vec::new()));
                    }
                }
                Stmt::Decl(decl) => self.walk_decl(walk, decl),
                Stmt::Define { lhs, .. } => {
                    let block = walk.blocks.last().copied().unwrap_or(0);
                    for e in ast.list(lhs) {
                        if let Expr::Ident(name) = ast.expr(e) {
                            walk.variables.push(Variable { block, name, at: ast.span(e) });
                        }
                    }
                }
                Stmt::Block(block) => self.walk_body(walk, block),
                Stmt::If { then, els, .. } => {
                    self.walk_body(walk, then);
                    if let Some(els) = els {
                        stmt = els;
                        continue;
                    }
                }
                Stmt::For { body, .. } | Stmt::Range { body, .. } => self.walk_body(walk, body),
                Stmt::Switch { clauses, .. } | Stmt::TypeSwitch { clauses, .. } | Stmt::Select(clauses) => {
                    for clause in ast.list(clauses) {
                        self.walk_block(walk, ast.clause(clause).body);
                    }
                }
                _ => {}
            }
            break;
        }
        walk.enclosing.truncate(walk.enclosing.len() - labels);
    }

    fn walk_decl(&mut self, walk: &mut Walk, decl: crate::compiler::syntax::ast::DeclId) {
        let ast = self.ast;
        let Decl::Group { keyword: DeclKeyword::Var, specs, .. } = ast.decl(decl) else { return };
        let block = walk.blocks.last().copied().unwrap_or(0);
        for spec in ast.list(specs) {
            let Spec::Var { names, .. } = ast.spec(spec) else { continue };
            for e in ast.list(names) {
                if let Expr::Ident(name) = ast.expr(e) {
                    walk.variables.push(Variable { block, name, at: ast.span(e) });
                }
            }
        }
    }

    fn declare_label(&mut self, walk: &mut Walk, label: LabelId, stmt: StmtId, inner: StmtId) {
        let name = self.ast.label(label);
        if let Some(&previous) = walk.by_name.get(&name.symbol) {
            let first = self.ast.label(walk.labels[previous].name).span;
            let message =
                format!("label {} already defined at {}", self.name(name.symbol), self.sources.describe(first));
            let diagnostic =
                Diagnostic::error(Code::InvalidLabel, name.span, message).label(first, "first defined here");
            return self.report(diagnostic);
        }
        let inner = self.ast.stmt(inner);
        let is_loop = matches!(inner, Stmt::For { .. } | Stmt::Range { .. });
        let breakable = is_loop || matches!(inner, Stmt::Switch { .. } | Stmt::TypeSwitch { .. } | Stmt::Select(_));
        if name.symbol != sym::BLANK {
            walk.by_name.insert(name.symbol, walk.labels.len());
        }
        walk.labels.push(Label {
            name: label,
            used: false,
            blocks: walk.blocks.clone(),
            at: self.ast.stmt_span(stmt),
            is_loop,
            breakable,
        });
    }

    fn check_goto(&mut self, walk: &Walk, goto: &Goto) {
        let target = self.ast.label(goto.target);
        let text = self.name(target.symbol);
        let Some(label) = walk.by_name.get(&target.symbol).map(|&i| &walk.labels[i]) else {
            let message = format!("label {text} not defined");
            return self.error(target.span, Code::InvalidLabel, message);
        };
        let Some(&block) = label.blocks.last() else { return };
        if !goto.blocks.contains(&block) {
            let diagnostic = Diagnostic::error(Code::InvalidGoto, target.span, format!("goto {text} jumps into block"))
                .label(label.at.start(), "the label");
            return self.report(diagnostic);
        }
        let jumped =
            walk.variables.iter().find(|v| v.block == block && v.at.lo > target.span.lo && v.at.lo < label.at.lo);
        if let Some(variable) = jumped {
            let line = self.sources.describe(variable.at);
            let message = format!("goto {text} jumps over declaration of {} at {line}", self.name(variable.name));
            let diagnostic =
                Diagnostic::error(Code::InvalidGoto, target.span, message).label(variable.at, "declared here");
            self.report(diagnostic);
        }
    }

    fn check_branch(&mut self, walk: &mut Walk, index: usize, kind: BranchKind, target: LabelId) {
        let name = self.ast.label(target);
        let text = self.name(name.symbol);
        let word = if kind == BranchKind::Break { "break" } else { "continue" };
        let enclosed = walk.branches[index].2.contains(&name.symbol);
        let declared = walk.by_name.get(&name.symbol).copied();
        // As in Go, a label further down is not looked for.
        let before = |at: &usize| self.ast.label(walk.labels[*at].name).span.lo < name.span.lo;
        let Some(at) = declared.filter(before) else {
            let message = format!("{word} label not defined: {text}");
            return self.error(name.span, Code::InvalidLabel, message);
        };
        let label = &mut walk.labels[at];
        label.used = true;
        let fits = enclosed && if kind == BranchKind::Break { label.breakable } else { label.is_loop };
        if !fits {
            self.error(name.span, Code::InvalidLabel, format!("invalid {word} label {text}"));
        }
    }
}
