//! Input that is out to break the compiler: the answer is always diagnostics or success, never a panic, an overflown
//! stack or a run without end.
//!
//! Each source is checked, and all its messages are drawn, under a watchdog: what hangs fails. `cargo test --release
//! --test bad_input -- --nocapture` prints how long each took.

mod support;
#[path = "support/text.rs"]
mod text;

use std::fmt::Write as _;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use tricolor::compiler::diag::Severity;

/// Far beyond what any source needs, also in a debug build on a busy machine.
const WATCHDOG: Duration = Duration::from_secs(120);
/// How many of a thing nests or repeats.
const MANY: usize = 100_000;

/// What a source must get.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Errors,
    Fine,
    Either,
}
use Verdict::{Either, Errors, Fine};

fn examine(name: &str, files: Vec<(String, Vec<u8>)>, verdict: Verdict) {
    let (done, result) = mpsc::channel();
    let (title, start) = (name.to_owned(), Instant::now());
    thread::spawn(move || {
        let entry = files[0].0.clone();
        let files: Vec<(&str, &[u8])> = files.iter().map(|(n, b)| (n.as_str(), b.as_slice())).collect();
        let checked = support::check(&entry, &files);
        let errors = checked.diagnostics.iter().filter(|d| d.severity == Severity::Error).count();
        // A thousand messages tell whether they can be drawn.
        let mut checked = checked;
        checked.diagnostics.truncate(1000);
        text::rendered(&checked);
        let _ = done.send(errors);
    });
    let errors = result.recv_timeout(WATCHDOG).unwrap_or_else(|e| panic!("{title}: {e}"));
    println!("{:8.3} s  {name}: {errors} errors", start.elapsed().as_secs_f64());
    match verdict {
        Errors => assert!(errors > 0, "{name}: no error"),
        Fine => assert_eq!(errors, 0, "{name}"),
        Either => {}
    }
}

fn source(name: &str, text: impl Into<Vec<u8>>, verdict: Verdict) {
    examine(name, vec![("main.lang".to_owned(), text.into())], verdict);
}

/// `open` many times, then `middle`, then `close` many times.
fn nested(open: &str, middle: &str, close: &str) -> String {
    [&open.repeat(MANY), middle, &close.repeat(MANY)].concat()
}

#[test]
fn deep_nesting() {
    for (open, middle, close) in [
        ("(", "1", ")"),
        ("[", "1", "]"),
        ("{", "", "}"),
        ("x[", "1", "]"),
        ("f(", "1", ")"),
        ("-", "1", ""),
        ("- ", "1", ""),
        ("!", "true", ""),
        ("&", "x", ""),
        ("*", "x", ""),
        ("<-", "x", ""),
        ("^", "1", ""),
        ("[]", "int{}", ""),
        ("[3]", "int{}", ""),
        ("map[int]", "int{}", ""),
        ("func() ", "{}", ""),
        ("func(", "", ")"),
        ("struct{ x ", "int", "}"),
        ("interface{ m(", "", ") }"),
        ("chan ", "int", ""),
        ("[]any{", "1", "}"),
        ("map[string]any{\"a\": ", "1", "}"),
        ("func() {", "", "}()"),
        ("(", "", ""),
        ("[", "", ""),
        ("{", "", ""),
        ("((((f)(", "", ""),
    ] {
        source(&format!("_ = {open}"), format!("x, f := 1, 2\n_ = {}\n", nested(open, middle, close)), Either);
        source(&format!("type {open}"), format!("type T {}\n", nested(open, middle, close)), Either);
    }
}

#[test]
fn deep_statements() {
    for (open, middle, close) in [
        ("if true {\n", "", "}\n"),
        ("for {\n", "", "}\n"),
        ("switch {\ncase true:\n", "", "}\n"),
        ("select {\ndefault:\n", "", "}\n"),
        ("func() {\n", "", "}()\n"),
        ("if x := 1; x > 0 {} else ", "{}\n", ""),
        ("L: ", "x()\n", ""),
        ("go func() { defer ", "x()", "}()\n"),
    ] {
        source(open.trim(), nested(open, middle, close), Either);
        let program = format!("package main\n\nfunc main() {{\n{}\n}}\n", nested(open, middle, close));
        source(&format!("{} in a program", open.trim()), program, Either);
    }
}

#[test]
fn long_chains() {
    let chain = |one: &str| one.repeat(MANY);
    source("a sum", format!("x := 1\ny := x{}\nprintln(y)\n", chain(" + x")), Either);
    source("a constant sum", format!("const c = 1{}\nprintln(c)\n", chain(" + 1")), Either);
    source("a concatenation", format!("const c = \"\"{}\nprintln(len(c))\n", chain(" + \"ab\"")), Either);
    source("a product", format!("const c = 1{}\n", chain(" * 3")), Errors);
    source("a right-leaning sum", format!("x := 1\ny := {}x{}\nprintln(y)\n", chain("x + ("), chain(")")), Either);
    source("comparisons", format!("x := true\ny := x{}\nprintln(y)\n", chain(" && x")), Either);
    source("selectors", format!("x := 1\n_ = x{}\n", chain(".y")), Errors);
    source("calls", format!("func f() int {{ return 1 }}\n_ = f{}\n", chain("()")), Errors);
    source("indices", format!("x := 1\n_ = x{}\n", chain("[0]")), Errors);
    source("slices", format!("x := []int{{}}\n_ = x{}\n", chain("[:]")), Either);
    source("assertions", format!("var x any\n_ = x{}\n", chain(".(any)")), Either);
    source("assignments", format!("x := 1\n{}println(x)\n", chain("x = x + 1\n")), Fine);
    source("arguments", format!("println({}1)\n", chain("1, ")), Fine);
    source("elements", format!("x := []int{{{}}}\nprintln(len(x))\n", chain("1, ")), Fine);
    source(
        "map keys",
        {
            let mut text = "x := map[int]bool{".to_owned();
            (0..MANY).for_each(|i| write!(text, "{i}: true, ").unwrap());
            text + "}\nprintln(len(x))\n"
        },
        Fine,
    );
    source(
        "cases",
        {
            let mut text = "switch len(os.Args) {\n".to_owned();
            (0..MANY).for_each(|i| writeln!(text, "case {i}:").unwrap());
            text + "}\n"
        },
        Fine,
    );
    source("duplicate cases", format!("switch len(os.Args) {{\n{}}}\n", "case 1:\n".repeat(20_000)), Errors);
    source("semicolons", ";".repeat(1_000_000), Fine);
    source("commas", format!("f({})", ",".repeat(1_000_000)), Errors);
    source("labels", (0..20_000).map(|i| format!("L{i}:\n")).collect::<String>(), Either);
    source("gotos", (0..20_000).map(|i| format!("goto L{i}\nL{i}:\n")).collect::<String>() + "println()\n", Either);
    source("undefined names", (0..20_000).map(|i| format!("println(undefined{i})\n")).collect::<String>(), Errors);
    source("unused variables", (0..20_000).map(|i| format!("v{i} := {i}\n")).collect::<String>(), Fine);
}

#[test]
fn long_lines() {
    let million = 1_000_000;
    for (name, text, verdict) in [
        ("a name", "a".repeat(million), Errors),
        ("digits", format!("println({})", "9".repeat(million)), Errors),
        ("a hexadecimal number", format!("println(0x{})", "f".repeat(million)), Errors),
        ("a fraction", format!("println(0.{}1)", "0".repeat(million)), Either),
        ("a string", format!("println(\"{}\")", "s".repeat(million)), Fine),
        ("an open string", format!("println(\"{}", "s".repeat(million)), Errors),
        ("an open raw string", format!("println(`{}", "s\n".repeat(million / 2)), Errors),
        ("an open comment", format!("/*{}", "*".repeat(million)), Errors),
        ("a comment", format!("//{}", "/".repeat(million)), Fine),
        ("blanks", " ".repeat(million), Fine),
        ("operators", "+".repeat(million), Errors),
        ("less-than", "<".repeat(million), Errors),
        ("dots", ".".repeat(million), Errors),
        ("quotes", "'".repeat(million), Errors),
        ("backslashes", "\\".repeat(million), Errors),
        ("not a token", "\u{2603}".repeat(million / 3), Errors),
        ("accents", "e\u{301}".repeat(million / 3), Errors),
        ("an error in a long line", format!("x := 1; {}println(y)", "println(x); ".repeat(million / 12)), Errors),
    ] {
        source(name, text, verdict);
    }
}

#[test]
fn odd_bytes() {
    let mut state = 1u64;
    let mut random = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u8
    };
    for round in 0..40 {
        let bytes: Vec<u8> = (0..5000).map(|_| if round % 2 == 0 { random() } else { random() % 96 + 32 }).collect();
        source(&format!("random bytes {round}"), bytes, Either);
    }
    source("nothing", "", Fine);
    source("a byte order mark", "\u{feff}println(1)\n", Fine);
    source("byte order marks", "\u{feff}\u{feff}println(1)\u{feff}\n", Errors);
    source("a NUL byte", b"println(1)\0\n".to_vec(), Errors);
    source("NUL bytes", vec![0; 100_000], Errors);
    source("invalid UTF-8", b"x := \"\xff\xfe\"\nprintln(x)\xc3\n".to_vec(), Errors);
    source("only invalid UTF-8", vec![0xff; 100_000], Errors);
    source("a surrogate", b"println(\"\xed\xa0\x80\")\n".to_vec(), Errors);
    source("an overlong slash", b"\xc0\xaf\n".to_vec(), Errors);
    source("carriage returns", "x := 1\r\nprintln(x)\r\n".to_owned(), Fine);
    source("only carriage returns", "\r".repeat(100_000), Fine);
    source("a shebang without an end", "#!".to_owned() + &"x".repeat(100_000), Fine);
}

#[test]
fn recursive_declarations() {
    for (name, text, verdict) in [
        ("types", "type A B\ntype B C\ntype C A\n", Errors),
        ("structs", "type A struct { b B }\ntype B struct { a A }\n", Errors),
        ("arrays", "type A [2]A\n", Errors),
        ("lengths", "type A [len(A{})]int\n", Errors),
        ("aliases", "type A = B\ntype B = A\n", Errors),
        ("pointers", "type A *A\nvar a A\na = &a\n", Fine),
        ("functions", "type F func(F) F\nfunc f(x F) F { return x }\n_ = f(f)\n", Fine),
        ("interfaces", "type I interface { I }\n", Errors),
        ("constraints", "type I[T I[T]] interface { m(T) }\n", Either),
        ("constants", "const a = b\nconst b = a\n", Errors),
        ("variables", "package main\nvar a = b\nvar b = a\nfunc main() {}\n", Errors),
        (
            "variables through functions",
            "package main\nvar a = f()\nfunc f() int { return a }\nfunc main() {}\n",
            Errors,
        ),
        ("generic growth", "type T[P any] struct { next *T[*P] }\nvar t T[int]\n_ = t\n", Either),
        ("generic calls without end", "func f[P any](n int) { if n > 0 { f[*P](n - 1) } }\nf[int](3)\n", Errors),
        ("an alias that doubles", "type A[P any] = struct { a, b P }\ntype B = A[A[A[A[A[A[A[A[int]]]]]]]]\n", Fine),
    ] {
        source(name, text, verdict);
    }
}

/// `line(i)` for each i.
fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect()
}

#[test]
fn large_types() {
    source(
        "fields",
        format!("type T struct {{\n{}}}\nvar t T\n_ = t.f4999\n", lines(5000, |i| format!("f{i} int\n"))),
        Fine,
    );
    source("equal fields", format!("type T struct {{\n{}}}\n", "f int\n".repeat(5000)), Errors);
    source(
        "interface methods",
        {
            let methods = lines(5000, |i| format!("m{i}()\n"));
            format!(
                "type I interface {{\n{methods}}}\nvar i I\ni.m4999()\nvar j interface {{\n{methods}}} = i\n_ = j\n"
            )
        },
        Fine,
    );
    source(
        "methods",
        {
            let methods = lines(5000, |i| format!("func (T) m{i}() {{}}\n"));
            format!("type T struct{{}}\n{methods}var i interface {{ m1(); m4999() }} = T{{}}\ni.m1()\n")
        },
        Fine,
    );
    source(
        "doubling structs",
        {
            "type T0 struct { x int }\n".to_owned()
                + &lines(300, |i| format!("type T{} struct {{ a, b T{i} }}\n", i + 1))
                + "var t T300\n_ = t == t\n"
        },
        Fine,
    );
    source(
        "doubling generics",
        {
            let open: String = "P[".repeat(200);
            format!("type P[T any] struct {{ a, b T }}\nvar x {open}int{}\n_ = x\n", "]".repeat(200))
        },
        Fine,
    );
    source(
        "doubling arguments",
        {
            "type P[A, B any] struct { a A; b B }\ntype T0 = int\n".to_owned()
                + &lines(60, |i| format!("type T{} = P[T{i}, T{i}]\n", i + 1))
                + "var t T60\n_ = t\n"
        },
        Either,
    );
    source(
        "doubling literals",
        {
            "x0 := 1\n".to_owned()
                + &lines(60, |i| format!("x{} := struct {{ a, b any }}{{x{i}, x{i}}}\n", i + 1))
                + "println(x60.a != nil)\n"
        },
        Fine,
    );
    source(
        "embedding in diamonds",
        {
            "type T0 struct { x int }\n".to_owned()
                + &lines(60, |i| {
                    format!(
                        "type L{i} struct {{ T{i} }}\ntype R{i} struct {{ T{i} }}\ntype T{} struct {{ L{i}; R{i} }}\n",
                        i + 1
                    )
                })
                + "var t T60\n_ = t.x\n_ = t.y\n"
        },
        Errors,
    );
    source(
        "embedding in a chain",
        {
            "type T0 struct { x int }\n".to_owned()
                + &lines(2000, |i| format!("type T{} struct {{ T{i} }}\n", i + 1))
                + "var t T2000\n_ = t.x\n"
        },
        Fine,
    );
    source(
        "embedded interfaces",
        {
            "type I0 interface { m() }\n".to_owned()
                + &lines(300, |i| format!("type I{} interface {{ I{i}; n{i}() }}\n", i + 1))
                + "var i I300\ni.m()\n"
        },
        Fine,
    );
    source(
        "type parameters",
        {
            let params = (0..500).map(|i| format!("T{i}")).collect::<Vec<_>>().join(", ");
            let args = vec!["1"; 500].join(", ");
            format!(
                "func f[{params} any]({}) {{}}\nf({args})\n",
                (0..500).map(|i| format!("x{i} T{i}")).collect::<Vec<_>>().join(", ")
            )
        },
        Fine,
    );
    source(
        "chained constraints",
        {
            let params = (0..60).map(|i| format!("T{i} *T{}", i + 1)).collect::<Vec<_>>().join(", ");
            format!("func f[{params}, T60 any](x T60) {{}}\nf(1)\n")
        },
        Either,
    );
    source("functions", lines(20_000, |i| format!("func f{i}() int {{ return {i} }}\n")), Fine);
    source("one name again and again", "func f() {}\n".repeat(20_000), Errors);
}

#[test]
fn large_constants() {
    for (name, text, verdict) in [
        ("a shift", "const c = 1 << 1000000000\n".to_owned(), Errors),
        ("shifts of shifts", "const a = 1 << 500\nconst b = a << 500\nconst c = b << 500\n".to_owned(), Errors),
        ("a negative shift", "const c = 1 << -1\n".to_owned(), Errors),
        ("a large exponent", "const c = 1e1000000000\n".to_owned(), Either),
        ("a large negative exponent", "const c = 1e-1000000000\nprintln(c)\n".to_owned(), Either),
        ("an exponent beyond numbers", "const c = 1e99999999999999999999\n".to_owned(), Errors),
        ("a hexadecimal exponent", "const c = 0x1p1000000000\n".to_owned(), Either),
        ("squares", "const c0 = 3\n".to_owned() + &lines(60, |i| format!("const c{} = c{i} * c{i}\n", i + 1)), Errors),
        (
            "squared fractions",
            "const c0 = 1.1\n".to_owned() + &lines(60, |i| format!("const c{} = c{i} * c{i}\n", i + 1)),
            Either,
        ),
        (
            "reciprocals",
            "const c0 = 3.7\n".to_owned() + &lines(60, |i| format!("const c{} = 1 / c{i} + c{i}\n", i + 1)),
            Either,
        ),
        (
            "doubled strings",
            "const c0 = \"ab\"\n".to_owned() + &lines(60, |i| format!("const c{} = c{i} + c{i}\n", i + 1)),
            Either,
        ),
        (
            "lengths of doubled strings",
            "const c0 = \"ab\"\n".to_owned()
                + &lines(40, |i| format!("const c{} = c{i} + c{i}\n", i + 1))
                + "println(len(c40))\n",
            Either,
        ),
        ("division by zero", "const c = 1 / 0\nconst d = 1.0 / 0.0\nconst e = 1 % 0\n".to_owned(), Errors),
        ("an array of everything", "var x [1 << 62][1 << 62]int\n_ = x\n".to_owned(), Either),
        ("an index beyond", "x := [...]int{1 << 60: 1}\n_ = x\n".to_owned(), Either),
        (
            "an iota group",
            format!("const (\n\tc0 = iota\n{})\nprintln(c9)\n", lines(50_000, |i| format!("\tc{}\n", i + 1))),
            Fine,
        ),
    ] {
        source(name, text, verdict);
    }
}

#[test]
fn declarations_that_need_many_others() {
    let structs = lines(200_000, |i| format!("type t{i} struct {{ x t{} }}\n", i + 1));
    source("a chain of types", structs + "type t200000 int\n", Either);
    let variables = lines(200_000, |i| format!("var v{i} = v{}\n", i + 1));
    source("a chain of variables", format!("package main\n{variables}var v200000 = 1\nfunc main() {{}}\n"), Either);
    let pointers = lines(250, |i| format!("type t{i} {}t{}\n", "*".repeat(9_900), i + 1));
    source("deep types that name each other", pointers + "type t250 int\n", Either);
    let sums = lines(250, |i| format!("const c{i} = {}c{}{}\n", "(".repeat(9_900), i + 1, ")".repeat(9_900)));
    source("deep constants that name each other", sums + "const c250 = 1\n", Either);
}

#[test]
fn imports_in_circles() {
    let files = |list: &[(&str, &str)]| list.iter().map(|(n, t)| ((*n).to_owned(), t.as_bytes().to_vec())).collect();
    let own = "package own\nimport \"./own\"\nvar X = own.X\n";
    examine("a file that imports itself", files(&[("own.lang", own)]), Errors);
    let main = "package main\nimport \"./main\"\nfunc main() {}\n";
    examine("a program that imports itself", files(&[("main.lang", main)]), Errors);
    let folder = "package f\nimport \"../f\"\nvar X = f.X\n";
    examine(
        "a folder that imports itself",
        files(&[("main.lang", "import \"./f\"\n_ = f.X\n"), ("f/a.lang", folder)]),
        Errors,
    );
    let circle: Vec<(String, Vec<u8>)> = (0..500)
        .map(|i| {
            let text = format!("package p{i}\nimport \"./p{}\"\nvar X = p{}.X\n", (i + 1) % 500, (i + 1) % 500);
            (format!("p{i}.lang"), text.into_bytes())
        })
        .collect();
    examine("a long circle", circle, Errors);
    let chain: Vec<(String, Vec<u8>)> = (0..2000)
        .map(|i| {
            let text = match i {
                1999 => "package p1999\nvar X = 1\n".to_owned(),
                _ => format!("package p{i}\nimport \"./p{0}\"\nvar X = p{0}.X\n", i + 1),
            };
            (format!("p{i}.lang"), text.into_bytes())
        })
        .collect();
    examine("a long chain", chain, Fine);
    let missing = lines(2000, |i| format!("import \"./missing{i}\"\n"));
    examine("missing files", vec![("main.lang".to_owned(), missing.into_bytes())], Errors);
    let up = format!("import \"{}x\"\n", "../".repeat(10_000));
    examine("a path that climbs", vec![("main.lang".to_owned(), up.into_bytes())], Errors);
}
