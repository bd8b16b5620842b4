//! Prints a tree as source.
//!
//! What is printed parses to the same tree again (positions aside), so printing, parsing and printing once more gives
//! the same text; the tests rest on that. Comments are not in the tree; `//vm:export` is.
//!
//! Layout is plain: a statement, field or specification per line, tabs for depth, no alignment.

use super::ast::*;
use crate::base::Symbol;

/// The source of a file.
pub fn print_file(ast: &Ast, file: &File) -> String {
    let mut printer = Printer { ast, out: String::new(), depth: 0 };
    if let Some(name) = file.package {
        printer.text("package ");
        printer.symbol(name.symbol);
        printer.line();
    }
    for item in ast.list(file.items) {
        printer.stmt(item);
        printer.line();
    }
    printer.out
}

/// The source of an expression or type.
pub fn print_expr(ast: &Ast, id: ExprId) -> String {
    let mut printer = Printer { ast, out: String::new(), depth: 0 };
    printer.expr(id);
    printer.out
}

struct Printer<'a> {
    ast: &'a Ast,
    out: String,
    depth: usize,
}

impl Printer<'_> {
    fn text(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn symbol(&mut self, symbol: Symbol) {
        self.out.push_str(self.ast.names.get(symbol));
    }

    fn line(&mut self) {
        self.out.push('\n');
        self.out.extend(std::iter::repeat_n('\t', self.depth));
    }

    /// Lines in braces or parentheses.
    fn lines<T>(&mut self, brackets: [&str; 2], items: impl ExactSizeIterator<Item = T>, print: impl Fn(&mut Self, T)) {
        self.text(brackets[0]);
        if items.len() > 0 {
            self.depth += 1;
            for item in items {
                self.line();
                print(self, item);
            }
            self.depth -= 1;
            self.line();
        }
        self.text(brackets[1]);
    }

    fn exprs(&mut self, list: List<ExprId>) {
        for (i, x) in self.ast.list(list).enumerate() {
            if i > 0 {
                self.text(", ");
            }
            self.expr(x);
        }
    }

    fn expr(&mut self, id: ExprId) {
        match self.ast.expr(id) {
            Expr::Bad => self.text("_"),
            Expr::Ident(symbol) | Expr::Literal(_, symbol) => self.symbol(symbol),
            Expr::Composite { ty, elems } => {
                if let Some(ty) = ty {
                    self.expr(ty);
                }
                self.text("{");
                self.exprs(elems);
                self.text("}");
            }
            Expr::KeyValue { key, value } => self.pair(key, ": ", value),
            Expr::FuncLit { ty, body } => {
                self.expr(ty);
                self.text(" ");
                self.block(body);
            }
            Expr::Paren(x) => self.wrapped("(", x, ")"),
            Expr::Selector { x, name } => {
                self.expr(x);
                self.text(".");
                self.symbol(name);
            }
            Expr::Index { x, indices } => {
                self.expr(x);
                self.text("[");
                self.exprs(indices);
                self.text("]");
            }
            Expr::Slice { x, parts } => self.slice(x, self.ast.slice_parts(parts)),
            Expr::Assert { x, ty } => {
                self.expr(x);
                match ty {
                    Some(ty) => self.wrapped(".(", ty, ")"),
                    None => self.text(".(type)"),
                }
            }
            Expr::Call { fun, args, spread } => {
                self.expr(fun);
                self.text("(");
                self.exprs(args);
                self.text(if spread { "...)" } else { ")" });
            }
            Expr::Star(x) => self.wrapped("*", x, ""),
            Expr::Unary(op, x) => self.unary(op, x),
            Expr::Binary(op, x, y) => {
                self.expr(x);
                self.text(" ");
                self.text(op.text());
                self.text(" ");
                self.expr(y);
            }
            _ => self.type_literal(id),
        }
    }

    fn type_literal(&mut self, id: ExprId) {
        match self.ast.expr(id) {
            Expr::ArrayType { len, elem } => {
                self.wrapped("[", len, "]");
                self.expr(elem);
            }
            Expr::Ellipsis => self.text("..."),
            Expr::SliceType(elem) => self.wrapped("[]", elem, ""),
            Expr::MapType { key, value } => {
                self.wrapped("map[", key, "]");
                self.expr(value);
            }
            Expr::ChanType(dir, elem) => {
                self.text(match dir {
                    ChanDir::Both => "chan ",
                    ChanDir::Send => "chan<- ",
                    ChanDir::Recv => "<-chan ",
                });
                self.expr(elem);
            }
            Expr::FuncType(sig) => {
                self.text("func");
                self.signature(sig);
            }
            Expr::StructType(fields) => {
                self.lines(["struct {", "}"], self.ast.list(fields), Self::struct_field);
            }
            Expr::InterfaceType(elems) => self.lines(["interface {", "}"], self.ast.list(elems), Self::elem),
            _ => {}
        }
    }

    fn wrapped(&mut self, before: &str, x: ExprId, behind: &str) {
        self.text(before);
        self.expr(x);
        self.text(behind);
    }

    fn pair(&mut self, x: ExprId, between: &str, y: ExprId) {
        self.expr(x);
        self.text(between);
        self.expr(y);
    }

    /// A blank keeps `- -x`, `& &x` and `& ^x` from becoming other tokens.
    fn unary(&mut self, op: UnOp, x: ExprId) {
        self.text(op.text());
        if let Expr::Unary(inner, _) = self.ast.expr(x)
            && (inner == op || (op == UnOp::Addr && inner == UnOp::Xor))
        {
            self.text(" ");
        }
        self.expr(x);
    }

    fn slice(&mut self, x: ExprId, parts: [Option<ExprId>; 3]) {
        self.expr(x);
        self.text("[");
        for (i, part) in parts.into_iter().enumerate() {
            if i == 1 || (i == 2 && part.is_some()) {
                self.text(":");
            }
            if let Some(part) = part {
                self.expr(part);
            }
        }
        self.text("]");
    }

    /// A string literal with a given value.
    fn quoted(&mut self, value: Symbol) {
        let value = self.ast.names.get(value);
        if !value.contains(['`', '\r', '\u{feff}']) {
            self.out.extend(["`", value, "`"]);
            return;
        }
        self.out.push('"');
        for c in value.chars() {
            match c {
                '"' | '\\' => self.out.extend(['\\', c]),
                c if c.is_control() || c == '\u{feff}' => self.out.push_str(&format!("\\u{:04x}", u32::from(c))),
                c => self.out.push(c),
            }
        }
        self.out.push('"');
    }

    fn struct_field(&mut self, id: FieldId) {
        let field = self.ast.field(id);
        self.field(field);
        if let Some(tag) = field.tag {
            self.text(" ");
            self.quoted(tag);
        }
    }

    fn field(&mut self, field: Field) {
        if let Some(name) = field.name {
            self.symbol(name.symbol);
            self.text(" ");
        }
        if field.variadic {
            self.text("...");
        }
        self.expr(field.ty);
    }

    fn fields(&mut self, brackets: [&str; 2], list: List<FieldId>) {
        self.text(brackets[0]);
        for (i, id) in self.ast.list(list).enumerate() {
            if i > 0 {
                self.text(", ");
            }
            self.field(self.ast.field(id));
        }
        self.text(brackets[1]);
    }

    fn type_params(&mut self, list: List<FieldId>) {
        if !list.is_empty() {
            // The comma keeps `[P *C,]` from being the length of an array.
            self.fields(["[", ",]"], list);
        }
    }

    fn signature(&mut self, sig: Signature) {
        self.fields(["(", ")"], sig.params);
        let single = self.ast.first(sig.results).map(|id| self.ast.field(id)).filter(|_| sig.results.len() == 1);
        match single {
            _ if sig.results.is_empty() => {}
            Some(field) if field.name.is_none() && !matches!(self.ast.expr(field.ty), Expr::Paren(_)) => {
                self.text(" ");
                self.expr(field.ty);
            }
            _ => self.fields([" (", ")"], sig.results),
        }
    }

    fn elem(&mut self, id: ElemId) {
        match self.ast.elem(id) {
            Elem::Method { name, ty } => {
                self.symbol(name.symbol);
                if let Expr::FuncType(sig) = self.ast.expr(ty) {
                    self.signature(sig);
                }
            }
            Elem::Embed(ty) => self.expr(ty),
        }
    }

    fn block(&mut self, id: BlockId) {
        let stmts = self.ast.block(id).stmts;
        self.lines(["{", "}"], self.ast.list(stmts), Self::stmt);
    }

    fn stmt(&mut self, id: StmtId) {
        match self.ast.stmt(id) {
            Stmt::Bad => self.text("_"),
            Stmt::Empty => self.text(";"),
            Stmt::Expr(x) => self.expr(x),
            Stmt::Send { chan, value } => self.pair(chan, " <- ", value),
            Stmt::IncDec { x, inc } => self.wrapped("", x, if inc { "++" } else { "--" }),
            Stmt::Assign { lhs, rhs } => self.assignment(lhs, " = ", rhs),
            Stmt::Define { lhs, rhs } => self.assignment(lhs, " := ", rhs),
            Stmt::OpAssign { op, x, y } => {
                self.expr(x);
                self.text(" ");
                self.text(op.text());
                self.text("= ");
                self.expr(y);
            }
            Stmt::Go(x) => self.wrapped("go ", x, ""),
            Stmt::Defer(x) => self.wrapped("defer ", x, ""),
            Stmt::Return(values) => {
                self.text(if values.is_empty() { "return" } else { "return " });
                self.exprs(values);
            }
            Stmt::Branch { kind, label } => {
                self.text(match kind {
                    BranchKind::Break => "break",
                    BranchKind::Continue => "continue",
                    BranchKind::Goto => "goto",
                    BranchKind::Fallthrough => "fallthrough",
                });
                if let Some(label) = label {
                    self.text(" ");
                    self.symbol(self.ast.label(label).symbol);
                }
            }
            Stmt::Block(block) => self.block(block),
            Stmt::Labeled { label, stmt } => {
                self.symbol(self.ast.label(label).symbol);
                self.text(":");
                self.line();
                self.stmt(stmt);
            }
            Stmt::Decl(decl) => self.decl(decl),
            _ => self.control(id),
        }
    }

    fn assignment(&mut self, lhs: List<ExprId>, op: &str, rhs: List<ExprId>) {
        self.exprs(lhs);
        self.text(op);
        self.exprs(rhs);
    }

    /// Statements with blocks.
    fn control(&mut self, id: StmtId) {
        match self.ast.stmt(id) {
            Stmt::If { init, cond, then, els } => {
                self.text("if ");
                self.init(init);
                self.wrapped("", cond, " ");
                self.block(then);
                if let Some(els) = els {
                    self.text(" else ");
                    self.stmt(els);
                }
            }
            Stmt::Switch { init, tag, clauses } => {
                self.text("switch ");
                self.init(init);
                if let Some(tag) = tag {
                    self.wrapped("", tag, " ");
                }
                self.clauses(clauses);
            }
            Stmt::TypeSwitch { init, bind, guard, clauses } => {
                self.text("switch ");
                self.init(init);
                if let Some(bind) = bind {
                    self.wrapped("", bind, " := ");
                }
                self.wrapped("", guard, " ");
                self.clauses(clauses);
            }
            Stmt::Select(clauses) => {
                self.text("select ");
                self.clauses(clauses);
            }
            Stmt::For { init, cond, post, body } => {
                self.text("for ");
                if init.is_some() || post.is_some() {
                    self.clause_header(init, cond, post);
                } else if let Some(cond) = cond {
                    self.wrapped("", cond, " ");
                }
                self.block(body);
            }
            Stmt::Range { vars, define, x, body } => {
                self.text("for ");
                self.exprs(vars);
                self.text(match (vars.is_empty(), define) {
                    (true, _) => "range ",
                    (false, true) => " := range ",
                    (false, false) => " = range ",
                });
                self.wrapped("", x, " ");
                self.block(body);
            }
            _ => {}
        }
    }

    fn init(&mut self, init: Option<StmtId>) {
        if let Some(init) = init {
            self.stmt(init);
            self.text("; ");
        }
    }

    fn clause_header(&mut self, init: Option<StmtId>, cond: Option<ExprId>, post: Option<StmtId>) {
        if let Some(init) = init {
            self.stmt(init);
        }
        self.text("; ");
        if let Some(cond) = cond {
            self.expr(cond);
        }
        self.text("; ");
        if let Some(post) = post {
            self.stmt(post);
            self.text(" ");
        }
    }

    fn clauses(&mut self, list: List<ClauseId>) {
        self.text("{");
        for id in self.ast.list(list) {
            let clause = self.ast.clause(id);
            self.line();
            self.text(if clause.is_default { "default" } else { "case " });
            self.exprs(clause.exprs);
            if let Some(comm) = clause.comm {
                self.stmt(comm);
            }
            self.text(":");
            self.depth += 1;
            for stmt in self.ast.list(clause.body) {
                self.line();
                self.stmt(stmt);
            }
            self.depth -= 1;
        }
        self.line();
        self.text("}");
    }

    fn export(&mut self, start: u32) {
        if self.ast.exports.contains(&start) {
            self.text("//vm:export");
            self.line();
        }
    }

    fn decl(&mut self, id: DeclId) {
        match self.ast.decl(id) {
            Decl::Group { keyword, specs, parens, span } => {
                self.export(span.lo);
                self.text(match keyword {
                    DeclKeyword::Import => "import ",
                    DeclKeyword::Const => "const ",
                    DeclKeyword::Var => "var ",
                    DeclKeyword::Type => "type ",
                });
                if parens {
                    self.lines(["(", ")"], self.ast.list(specs), |p, spec| {
                        p.export(p.ast.spec_span(spec).lo);
                        p.spec(spec);
                    });
                } else if let Some(spec) = self.ast.first(specs) {
                    self.spec(spec);
                }
            }
            Decl::Func(id) => {
                let func = self.ast.func(id);
                self.export(func.span.lo);
                self.text("func ");
                if let Some(recv) = func.recv {
                    self.text("(");
                    self.field(self.ast.field(recv));
                    self.text(") ");
                }
                self.symbol(func.name.symbol);
                self.type_params(func.tparams);
                self.signature(func.sig);
                if let Some(body) = func.body {
                    self.text(" ");
                    self.block(body);
                }
            }
        }
    }

    fn spec(&mut self, id: SpecId) {
        match self.ast.spec(id) {
            Spec::Bad => {}
            Spec::Import { name, path } => {
                if let Some(name) = name {
                    self.symbol(name.symbol);
                    self.text(" ");
                }
                self.symbol(path.symbol);
            }
            Spec::Const { names, repeated: true, .. } => self.exprs(names),
            Spec::Const { names, ty, values, .. } | Spec::Var { names, ty, values } => {
                self.exprs(names);
                if let Some(ty) = ty {
                    self.wrapped(" ", ty, "");
                }
                if !values.is_empty() {
                    self.text(" = ");
                    self.exprs(values);
                }
            }
            Spec::Type { name, tparams, alias, ty } => {
                self.symbol(name.symbol);
                self.type_params(tparams);
                self.wrapped(if alias { " = " } else { " " }, ty, "");
            }
        }
    }
}
