//! The parser as others see it: trees that print stably, exact spans, several errors in one run, and no depth of
//! nesting that does harm.

use std::fs;
use std::path::{Path, PathBuf};

use tricolor::base::{SourceMap, Span};
use tricolor::compiler::diag::{Code, Diagnostic};
use tricolor::compiler::syntax::ast::{Ast, BinOp, Decl, Expr, ExprId, File, Spec, Stmt};
use tricolor::compiler::syntax::printer::{print_expr, print_file};
use tricolor::compiler::syntax::{parse_expr, parse_file};

/// A parsed text with all that belongs to it.
struct Parsed {
    sources: SourceMap,
    ast: Ast,
    file: File,
    diagnostics: Vec<Diagnostic>,
}

fn parse(text: &str) -> Parsed {
    let mut sources = SourceMap::new();
    let id = sources.add("main.lang", text).expect("the text is small");
    let mut ast = Ast::new();
    let (file, diagnostics) = parse_file(&mut ast, &sources, id);
    Parsed { sources, ast, file, diagnostics }
}

impl Parsed {
    /// `line: message` of each diagnostic.
    fn messages(&self) -> Vec<String> {
        let line = |d: &Diagnostic| self.sources.describe(d.span).split(':').nth(1).unwrap_or("?").to_owned();
        self.diagnostics.iter().map(|d| format!("{}: {}", line(d), d.message)).collect()
    }

    fn text(&self, id: ExprId) -> &str {
        self.sources.text(self.ast.span(id))
    }
}

/// The expression of a text, fully parenthesised.
fn shape(text: &str) -> String {
    let mut sources = SourceMap::new();
    let id = sources.add("<expr>", text).expect("the text is small");
    let mut ast = Ast::new();
    let (x, diagnostics) = parse_expr(&mut ast, &sources, id);
    assert!(diagnostics.is_empty(), "{text}: {diagnostics:?}");
    fn show(ast: &Ast, x: ExprId) -> String {
        match ast.expr(x) {
            Expr::Binary(op, l, r) => format!("({} {} {})", show(ast, l), op.text(), show(ast, r)),
            Expr::Unary(op, x) => format!("({}{})", op.text(), show(ast, x)),
            Expr::Star(x) => format!("(*{})", show(ast, x)),
            _ => print_expr(ast, x),
        }
    }
    show(&ast, x.expect("an expression without errors"))
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|e| e == "lang") {
            found.push(path);
        }
    }
}

#[test]
fn printing_is_stable_over_all_valid_sources() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in ["tests/ui/valid", "stdlib", "examples"] {
        collect(&root.join(folder), &mut files);
    }
    files.sort();
    for path in files {
        let text = fs::read_to_string(&path).expect("a readable file");
        let first = parse(&text);
        assert!(first.diagnostics.is_empty(), "{}: {:#?}", path.display(), first.messages());
        let printed = print_file(&first.ast, &first.file);
        let second = parse(&printed);
        assert!(second.diagnostics.is_empty(), "{}: {:#?}\n{printed}", path.display(), second.messages());
        assert_eq!(second.ast.exports.len(), first.ast.exports.len(), "{}", path.display());
        let again = print_file(&second.ast, &second.file);
        assert!(printed == again, "{}:\n{printed}\n--- again ---\n{again}", path.display());
    }
}

#[test]
fn operators_bind_by_strength_and_to_the_left() {
    let cases = [
        ("a + b*c", "(a + (b * c))"),
        ("a*b + c", "((a * b) + c)"),
        ("a - b - c", "((a - b) - c)"),
        ("a || b && c == d + e<<f", "(a || (b && (c == (d + (e << f)))))"),
        ("a<<b + c == d && e || f", "(((((a << b) + c) == d) && e) || f)"),
        ("a == b*c + d && e", "((a == ((b * c) + d)) && e)"),
        ("-a * b", "((-a) * b)"),
        ("-a.b[c](d)", "(-a.b[c](d))"),
        ("!a && <-b == *c", "((!a) && ((<-b) == (*c)))"),
        ("a &^ b | c ^ d", "(((a &^ b) | c) ^ d)"),
        ("<-chan int(x)", "(<-chan int(x))"),
        ("(<-chan int)(x)", "(<-chan int)(x)"),
        ("&T{a: 1}", "(&T{a: 1})"),
        ("func() int (x)", "func() int(x)"),
        ("[]func(){f, g}", "[]func(){f, g}"),
        ("<-chan <-chan int(nil)", "(<-chan<- chan int(nil))"),
    ];
    for (text, want) in cases {
        assert_eq!(shape(text), want, "{text}");
    }
}

#[test]
fn spans_are_exact() {
    let parsed = parse("x := a.b + f(1, /* c */ T{2}) * -3 // d\n");
    assert!(parsed.diagnostics.is_empty());
    let stmt = parsed.ast.first(parsed.file.items).unwrap();
    assert_eq!(parsed.sources.text(parsed.ast.stmt_span(stmt)), "x := a.b + f(1, /* c */ T{2}) * -3");
    let Stmt::Define { rhs, .. } = parsed.ast.stmt(stmt) else { panic!("a definition") };
    let sum = parsed.ast.first(rhs).unwrap();
    let Expr::Binary(BinOp::Add, left, right) = parsed.ast.expr(sum) else { panic!("a sum") };
    assert_eq!(parsed.text(left), "a.b");
    assert_eq!(parsed.sources.text(parsed.ast.selector_name_span(left)), "b");
    assert_eq!(parsed.text(right), "f(1, /* c */ T{2}) * -3");
    let Expr::Binary(BinOp::Mul, call, minus) = parsed.ast.expr(right) else { panic!("a product") };
    assert_eq!((parsed.text(call), parsed.text(minus)), ("f(1, /* c */ T{2})", "-3"));
}

#[test]
fn declarations_have_exact_spans() {
    let text = "package p\n\nfunc (r *T) m(a, b int, c ...string) (n int) {\n\treturn\n}\n";
    let parsed = parse(text);
    let item = parsed.ast.first(parsed.file.items).unwrap();
    let Stmt::Decl(decl) = parsed.ast.stmt(item) else { panic!("a declaration") };
    let Decl::Func(id) = parsed.ast.decl(decl) else { panic!("a function") };
    let func = parsed.ast.func(id);
    let at = |span: Span| parsed.sources.text(span);
    assert_eq!(at(func.head), "func (r *T) m(a, b int, c ...string) (n int)");
    assert!(at(func.span).ends_with('}') && at(func.span).starts_with("func"));
    let fields: Vec<_> = parsed.ast.list(func.sig.params).map(|f| at(parsed.ast.field(f).span)).collect();
    assert_eq!(fields, ["a, b int", "b int", "c ...string"]);
    assert_eq!(at(parsed.ast.field(func.recv.unwrap()).span), "r *T");
    assert_eq!(at(parsed.ast.block(func.body.unwrap()).span), "{\n\treturn\n}");
}

#[test]
fn clauses_end_with_their_last_statement() {
    let parsed = parse("switch x {\ncase 1, 2:\n\tf()\n\tg() \n\ndefault:\n}\n");
    let item = parsed.ast.first(parsed.file.items).unwrap();
    let Stmt::Switch { clauses, .. } = parsed.ast.stmt(item) else { panic!("a switch") };
    let spans: Vec<_> = parsed.ast.list(clauses).map(|c| parsed.sources.text(parsed.ast.clause(c).span)).collect();
    assert_eq!(spans, ["case 1, 2:\n\tf()\n\tg()", "default:"]);
}

#[test]
fn constants_repeat() {
    let parsed = parse("const (\n\ta, b int = iota, 1\n\tc, d\n\te = 2\n\tf\n)\n");
    let item = parsed.ast.first(parsed.file.items).unwrap();
    let Stmt::Decl(decl) = parsed.ast.stmt(item) else { panic!("a declaration") };
    let Decl::Group { specs, .. } = parsed.ast.decl(decl) else { panic!("a group") };
    let seen: Vec<_> = parsed
        .ast
        .list(specs)
        .map(|s| match parsed.ast.spec(s) {
            Spec::Const { ty, values, repeated, iota, .. } => (ty.is_some(), values.len(), repeated, iota),
            _ => panic!("constants"),
        })
        .collect();
    assert_eq!(seen, [(true, 2, false, 0), (true, 2, true, 1), (false, 1, false, 2), (false, 1, true, 3)]);
}

#[test]
fn several_errors_in_one_run() {
    let text = "package p

func f() {
\tx y
\tg(a b)
\tif z {
\t}
\treturn 1 2
}

var a = [1 2]int{}

func h() {
\tfor i := 0; i < 10; i++ {
\t\tk(
\t}
}
";
    let want = [
        "4: syntax error: unexpected name y at end of statement",
        "5: syntax error: unexpected name b in argument list; possibly missing comma or )",
        "8: syntax error: unexpected literal 2 at end of statement",
        "11: syntax error: unexpected literal 2, expected ]",
        "16: syntax error: unexpected }, expected expression",
    ];
    assert_eq!(parse(text).messages(), want);
}

#[test]
fn an_error_leaves_the_rest_of_the_tree() {
    let parsed = parse("package p\n\nfunc f() {\n\tx := (1 + )\n\tg(x)\n}\n\nvar v int\n");
    assert_eq!(parsed.messages(), ["4: syntax error: unexpected ), expected expression"]);
    let printed = print_file(&parsed.ast, &parsed.file);
    assert_eq!(printed, "package p\nfunc f() {\n\tx := (1 + _)\n\tg(x)\n}\nvar v int\n");
}

#[test]
fn scripts_and_programs_differ_at_the_top() {
    assert!(parse("x := 1\nprintln(x)\nfunc f() {}\nfunc() { f() }()\nimport \"fmt\"\n").diagnostics.is_empty());
    assert_eq!(
        parse("package p\nx := 1\nprintln(x)\nvar y int\n").messages(),
        ["2: syntax error: non-declaration statement outside function body"]
    );
    assert_eq!(parse("import \"fmt\"\npackage p\n").messages(), ["1: syntax error: package statement must be first"]);
    assert!(parse("func (t T) m() int { return 1 }\nfunc (x int) int { return x }(1)\n").diagnostics.is_empty());
}

#[test]
fn preambles_are_skipped() {
    for text in
        ["#!/usr/bin/env vm\nprintln(1)\n", "\u{feff}println(1)\n", "\u{feff}#!vm", "", "// only a comment", "\n\n"]
    {
        assert!(parse(text).diagnostics.is_empty(), "{text:?}");
    }
}

#[test]
fn directives() {
    let text = "package p\n\n//vm:export\nfunc gc()\n\nfunc other()\n";
    let parsed = parse(text);
    assert_eq!(parsed.ast.exports.iter().copied().collect::<Vec<_>>(), [text.find("func gc").unwrap() as u32]);
    let linkname = parse("package p\n\n//go:linkname f g\nfunc f()\n");
    assert_eq!(linkname.diagnostics.first().map(|d| d.code), Some(Code::InvalidDirective));
}

#[test]
fn depth_is_limited_not_fatal() {
    let deep = |open: &str, close: &str, n: usize| format!("x := {}1{}\n", open.repeat(n), close.repeat(n));
    assert!(parse(&deep("(", ")", 9_000)).diagnostics.is_empty());
    let texts = [
        deep("(", ")", 100_000),
        deep("-(", ")", 100_000),
        deep("[]int{", "}", 100_000),
        deep("func() {", "}", 100_000),
        deep("!", "", 100_000),
        deep("1 + ", "", 100_000),
        format!("x := a{}\n", ".b".repeat(100_000)),
        format!("x := a{}\n", "(1)".repeat(100_000)),
        format!("var x {}int\n", "[]".repeat(100_000)),
        format!("var x {}int\n", "chan ".repeat(100_000)),
        format!("{}\n", "{".repeat(100_000)),
        format!("if a {{}}{}\n", " else if a {}".repeat(100_000)),
        format!("{{\n{}}}\n", "L:\n".repeat(100_000)),
    ];
    for text in texts {
        let codes: Vec<_> = parse(&text).diagnostics.iter().map(|d| d.code).collect();
        assert_eq!(codes, [Code::NestingTooDeep], "{}", text.get(..30).unwrap_or(&text));
    }
}

#[test]
fn garbage_ends() {
    let texts = [
        ") ] } x y ( [ {".repeat(10_000),
        format!("package p\nfunc f() {{\n{}", "x y\n".repeat(50_000)),
        format!("package p\nfunc f() {}{}", "{".repeat(9_000), "x y ".repeat(20_000)),
        format!("x := {}{}", "[(".repeat(4_000), ")".repeat(100_000)),
        "'".repeat(50_000),
        "\u{1}@$".repeat(50_000),
        "\u{20ac}".repeat(50_000),
    ];
    for text in texts {
        let parsed = parse(&text);
        assert!(!parsed.diagnostics.is_empty() && parsed.diagnostics.len() <= 1_300, "{}", parsed.diagnostics.len());
    }
}

#[test]
fn expressions_alone() {
    let mut sources = SourceMap::new();
    let mut ast = Ast::new();
    let good = sources.add("<expr>", "a[1:2] +\n\tb // c").unwrap();
    let (x, diagnostics) = parse_expr(&mut ast, &sources, good);
    assert!(diagnostics.is_empty());
    assert_eq!(print_expr(&ast, x.unwrap()), "a[1:2] + b");
    let bad = sources.add("<expr>", "a b").unwrap();
    let (_, diagnostics) = parse_expr(&mut ast, &sources, bad);
    assert_eq!(diagnostics.len(), 1);
}
