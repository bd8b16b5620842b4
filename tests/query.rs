//! What the checker knows, asked through marks: `«expr»` in a source asks for the expression's type and constant.
//!
//! Marks are taken out before the source is checked. A source with a `package` clause is a program, any other a
//! script, whose unused variables are only warnings. The first part asks through [`check`] alone; the second asks for
//! the side tables that later phases read, each through a small function over the same marked source.

#[path = "support/memory.rs"]
mod memory;

use std::path::Path;

use memory::Memory;
use tricolor::base::Span;
use tricolor::compiler::check::{Checked, Initializer, Mode, SelectionKind};
use tricolor::compiler::diag::Severity;
use tricolor::compiler::syntax::ast::ExprId;
use tricolor::compiler::types::{ObjId, ObjKind, TypeId, TypePrinter, Var, tid};
use tricolor::compiler::{Program, check_program};

/// A checked source and the places that were marked in it, in order of their ends.
struct Marked {
    program: Program,
    marks: Vec<Span>,
}

impl Marked {
    fn new(source: &str) -> Self {
        let (mut text, mut open, mut marks) = (String::new(), Vec::new(), Vec::new());
        for c in source.chars() {
            match c {
                '«' => open.push(text.len() as u32),
                '»' => marks.push((open.pop().expect("a mark that is open"), text.len() as u32)),
                c => text.push(c),
            }
        }
        assert!(open.is_empty(), "a mark is not closed: {source}");
        let program = check_program(Path::new("main.lang"), &Memory::new([("main.lang", text.as_bytes())]));
        let errors: Vec<_> = program.diagnostics.iter().filter(|d| d.severity == Severity::Error).collect();
        assert!(errors.is_empty(), "{source}\n{errors:#?}");
        let base = program.sources.files().find(|(_, f)| f.name == "main.lang").expect("the source").1.base;
        let marks = marks.into_iter().map(|(lo, hi)| Span::new(base + lo, base + hi)).collect();
        Self { program, marks }
    }

    fn checked(&self) -> &Checked {
        self.program.checked.as_ref().expect("a checked program")
    }

    fn name(&self, object: ObjId) -> &str {
        self.program.ast.names.get(self.checked().objects[object].name)
    }

    fn type_text(&self, ty: TypeId) -> String {
        let checked = self.checked();
        let current = checked.packages.ids().last();
        let (types, objects, packages) = (&checked.types, &checked.objects, &checked.packages);
        TypePrinter { names: &self.program.ast.names, types, objects, packages, current }.text(ty)
    }

    /// The expressions at a place; several when one is another's only part.
    fn expressions(&self, place: Span) -> impl Iterator<Item = ExprId> {
        let count = self.program.ast.expr_count() as u32;
        (0..count).map(ExprId::constant).filter(move |&x| self.program.ast.span(x) == place)
    }

    /// The objects that are declared at a place.
    fn declared(&self, place: Span) -> impl Iterator<Item = ObjId> {
        let objects = &self.checked().objects;
        objects.ids().filter(move |&object| objects[object].span == place)
    }

    /// `type` or `type = constant` of what stands at a place.
    fn describe(&self, place: Span) -> String {
        let checked = self.checked();
        let used = self.expressions(place).find(|&x| checked.info.mode(x) != Mode::Invalid);
        let (ty, value) = match (used, self.declared(place).next()) {
            (Some(x), _) => (checked.info.type_of(x), checked.info.value(x)),
            (None, Some(object)) => match &checked.objects[object] {
                declared if let ObjKind::Const { value } = &declared.kind => (declared.ty, Some(value)),
                declared => (declared.ty, None),
            },
            (None, None) => panic!("nothing stands at {:?}", self.program.sources.text(place)),
        };
        let float = [tid::FLOAT32, tid::FLOAT64, tid::UNTYPED_FLOAT].contains(&checked.types.unalias(ty));
        let value = value.map(|v| format!(" = {}", v.to_string_short(float))).unwrap_or_default();
        format!("{}{value}", self.type_text(ty))
    }

    /// The names of the variables of the entry's package for which `holds`, in order of their declaration.
    fn variables(&self, holds: impl Fn(&Var) -> bool) -> Vec<&str> {
        let checked = self.checked();
        let current = checked.packages.ids().last();
        let objects = checked.objects.ids().filter(|&object| {
            let object = &checked.objects[object];
            object.pkg == current && object.var().is_some_and(&holds)
        });
        let mut objects: Vec<_> = objects.collect();
        objects.sort_by_key(|&object| checked.objects[object].span.lo);
        objects.into_iter().map(|object| self.name(object)).collect()
    }

    /// The answer of `ask` for an expression at each mark; `-` where there is none.
    fn ask(&self, ask: impl Fn(ExprId) -> Option<String>) -> Vec<String> {
        let answer = |&place: &Span| self.expressions(place).find_map(&ask).unwrap_or_else(|| "-".to_owned());
        self.marks.iter().map(answer).collect()
    }
}

/// `type` or `type = constant` of each marked expression.
fn check(source: &str) -> Vec<String> {
    let marked = Marked::new(source);
    marked.marks.iter().map(|&place| marked.describe(place)).collect()
}

/// Sources with what their marks answer.
type Table<'a> = &'a [(&'a str, &'a [&'a str])];

fn check_all(table: Table) {
    check_with(table, |source| source.to_owned());
}

/// Checks sources that `complete` makes of those in the table.
fn check_with(table: Table, complete: impl Fn(&str) -> String) {
    let wrong: Vec<_> = table
        .iter()
        .map(|(source, want)| (source, want, check(&complete(source))))
        .filter(|(_, want, got)| want[..] != got[..])
        .map(|(source, want, got)| format!("{source}\n  wanted {want:?}\n  got    {got:?}"))
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn constants_are_exact() {
    check_all(&[
        ("const big = «1 << 100»", &["untyped int = 1267650600228229401496703205376"]),
        ("const big = 1 << 500\nconst x = «big >> 498»", &["untyped int = 4"]),
        ("const huge = 1 << 511\nconst x = «huge / huge»", &["untyped int = 1"]),
        ("const x = «123456789 * 987654321 * 123456789»", &["untyped int = 15053411111487447638891241"]),
        ("const x = «1e1000 / 1e999»", &["untyped float = 10"]),
        ("const x = «0.1 + 0.2 == 0.3»", &["untyped bool = true"]),
        ("x := «1 << 3»", &["int = 8"]),
        ("x := «1 / 3»", &["int = 0"]),
        ("x := «1 / 3.0»", &["float64 = 0.333333"]),
        ("x := «-7 / 2» + «-7 % 3»", &["untyped int = -3", "untyped int = -1"]),
        ("x := «^0»", &["int = -1"]),
        ("x := «^uint8(1)»", &["uint8 = 254"]),
        ("x := «6 &^ 3 | 8»", &["int = 12"]),
        ("x := «0x_ff + 0b1010 + 0o17 + 017»", &["int = 295"]),
        ("x := «0x1p-2»", &["float64 = 0.25"]),
        ("x := «'a' + 1»", &["rune = 98"]),
        ("x := «'a' + 1.0»", &["float64 = 98"]),
        ("x := «'\\u00e9'»", &["rune = 233"]),
        ("x := «\"a\" + `b`»", &["string = \"ab\""]),
        ("x := «\"\\xff\\n\"»", &["string = \"\\xff\\n\""]),
        ("x := «len(\"h\\u00e9llo\")»", &["int = 6"]),
        ("x := «len([3]int{})»", &["int = 3"]),
        ("var a [4][5]int\nx := «cap(a[1])»", &["int = 5"]),
        ("x := «min(1, 2.5, 'a')» + «max(3, 2)»", &["untyped float = 1", "untyped float = 3"]),
        ("x := «max(\"a\", \"b\")»", &["string = \"b\""]),
        ("x := «string(rune(65))»", &["string = \"A\""]),
        ("x := «float32(0.1) == 0.1»", &["bool = true"]),
        ("x := «!(1 < 2 && \"a\" > \"b\")»", &["bool = true"]),
        ("x := «uint8(254)» + «1»", &["uint8 = 254", "uint8 = 1"]),
        ("import \"math\"\nx := uint64(«math.MaxUint64»)", &["uint64 = 18446744073709551615"]),
    ]);
}

#[test]
fn iota_counts() {
    check_all(&[
        ("const (\n\ta = iota\n\t«b»\n\t_\n\t«c» = iota * 1.5\n)", &["untyped int = 1", "untyped float = 4.5"]),
        ("const (\n\t_ = 1 << (10 * iota)\n\t«kb»\n\t«mb»\n)", &["untyped int = 1024", "untyped int = 1048576"]),
        ("type Day int\nconst (\n\tmon Day = iota\n\t«tue»\n)\nx := «tue + 1»", &["Day = 1", "Day = 2"]),
        (
            "const (\n\ta, «b» = iota, iota + 10\n\t«c», «d»\n)",
            &["untyped int = 10", "untyped int = 1", "untyped int = 11"],
        ),
        ("type S string\nconst «s» S = \"x\"\nx := «s + \"y\"»", &["S = \"x\"", "S = \"xy\""]),
    ]);
}

#[test]
fn shifts_take_their_type_from_the_context() {
    check_all(&[
        ("s := 3\nx := «1 << s»", &["int"]),
        ("s := 3\nvar x uint8 = «1» << s", &["uint8 = 1"]),
        ("s := 3\nvar x int64 = 2 + «1 << s»", &["int64"]),
        ("s := 3\nvar a [10]int\nx := a[«1» << s]", &["int = 1"]),
        ("s := 3\nx := uint16(«1» << s)", &["uint16 = 1"]),
        ("s := 3\nvar w int64 = «1.0» << 3\nb := «1.0» << s == w", &["untyped float = 1", "int64 = 1"]),
        ("s := uint(1)\nx := «'a' >> s»", &["rune"]),
    ]);
}

#[test]
fn untyped_operands_convert_by_context() {
    check_all(&[
        ("var x float64 = «1 << 3»", &["float64 = 8"]),
        ("var x any = «1»", &["int = 1"]),
        ("var x any = «'a'»", &["rune = 97"]),
        ("var f float32\nx := «f == «1»»", &["float32 = 1", "bool"]),
        ("type B bool\nvar b B = «1 < 2»", &["B = true"]),
        ("type B bool\nn := 1\nvar b B = «n < 2»", &["B"]),
        ("m := map[string]float64{«\"a\"»: «1»}", &["string = \"a\"", "float64 = 1"]),
        ("func f() float32 { return «1» }", &["float32 = 1"]),
        ("x := append([]byte{}, «'a'»)", &["byte = 97"]),
        ("c := make(chan int8, «1»)\nc <- «1»", &["int = 1", "int8 = 1"]),
        ("x := make([]int, «1e3»)", &["int = 1000"]),
        ("type F float32\nvar f F\nx := «f * «2»»", &["F = 2", "F"]),
        ("x := 2.5\nx += «1»", &["float64 = 1"]),
        ("var e error\nx := «e == nil»", &["bool"]),
        ("x := []float64{«2»: «1», «'a'»}", &["int = 2", "float64 = 1", "float64 = 97"]),
        ("func f(xs ...uint8) {}\nf(«1», «'b'»)", &["uint8 = 1", "uint8 = 98"]),
        ("var i any\nx := «i == «1»»", &["int = 1", "bool"]),
        ("switch x := uint8(1); x {\ncase «1», «'a'»:\n}", &["uint8 = 1", "uint8 = 97"]),
        ("x := [...]string{5: \"a\", \"b\"}\nprintln(«x», «len(x)»)", &["[7]string", "int = 7"]),
        ("x := \"abc\"\ny, z := «x[1]», «x[1:]»", &["byte", "string"]),
        ("println(«1», «2.5», «'c'»)", &["int = 1", "float64 = 2.5", "rune = 99"]),
    ]);
}

/// What the sources on generics declare.
const GENERIC: &str = "package p
type Number interface { ~int | ~float64 }
type Pair[K comparable, V any] struct { Key K; Val V }
type List[T any] struct { items []T; next *List[T] }
type Ints []int
type Vec[T any] = []T
func id[T any](x T) T { return x }
func larger[T Number](a, b T) T { return max(a, b) }
func convert[To, From any](x From) To { var to To; return to }
func apply[T, U any](s []T, f func(T) U) []U { return nil }
func scale[S ~[]E, E Number](s S, by E) S { return s }
func keys[M ~map[K]V, K comparable, V any](m M) []K { return nil }
func send[T any](c chan<- T, x T) {}
func pair[K comparable, V any](k K, v V) Pair[K, V] { return Pair[K, V]{k, v} }
func (l *List[T]) Get(i int) T { return l.items[i] }
func (l *List[T]) Each(f func(T) bool) {}
func (l List[T]) Map[U any](f func(T) U) List[U] { return List[U]{} }
";

#[test]
fn type_arguments_are_inferred() {
    let table: Table = &[
        ("_ = «larger(1, 2)»", &["int"]),
        ("_ = «larger(«1», 2.5)»", &["float64 = 1", "float64"]),
        ("f := 1.5\n_ = larger(«2», f)", &["float64 = 2"]),
        ("_ = «id»(«'a'»)", &["func(x rune) rune", "rune = 97"]),
        ("_ = «id[any]»(«1»)", &["func(x any) any", "int = 1"]),
        ("_ = «convert[string](1)»", &["string"]),
        ("_ = «convert[string]»(1)", &["func(x int) string"]),
        ("_ = «apply»([]int{1}, func(i int) string { return \"\" })", &["func(s []int, f func(int) string) []string"]),
        ("_ = «apply([]int{1}, «id»)»", &["func(x int) int", "[]int"]),
        ("var f func(string) string = «id»\n_ = f", &["func(x string) string"]),
        ("_ = «scale(Ints{1}, «2»)»", &["int = 2", "Ints"]),
        ("_ = «keys(map[string]int{})»", &["[]string"]),
        ("send(make(chan any), «1»)", &["int = 1"]),
        ("_ = «pair(\"a\", pair(1, 2.5))»", &["Pair[string, Pair[int, float64]]"]),
        ("x := pair(\"a\", 1)\n_, _ = «x.Key», «x.Val»", &["string", "int"]),
        ("var l List[string]\n_, _ = «l.Get», «l.next.next.Get(0)»", &["func(i int) string", "string"]),
        ("_ = «(*List[int]).Get»", &["func(l *List[int], i int) int"]),
        ("var l List[int]\n_ = «l.Map(func(i int) string { return \"\" })»", &["List[string]"]),
        ("var l List[int]\n_ = «l.Map[bool]»", &["func(f func(int) bool) List[bool]"]),
        ("var v Vec[int]\n_, _ = «v», «v[0]»", &["Vec[int]", "int"]),
        ("var l List[rune]\nfor «x» := range l.Each {\n_ = «x»\n}", &["rune", "rune"]),
        ("_ = func(x «Pair[int, []string]») {}", &["Pair[int, []string]"]),
    ];
    check_with(table, |source| format!("{GENERIC}func _() {{\n{source}\n}}\n"));
    check_all(&[
        ("func f[T ~[]E, E any](x T) {\n\ty := «x[0]»\n\tz := «x[1:]»\n}", &["E", "T"]),
        ("func f[T int | float64](x T) {\n\ty := «x + «1»»\n}", &["T = 1", "T"]),
        ("func f[P *T, T any](p P) {\n\tx := «*p»\n}", &["T"]),
        (
            "type Set[T comparable] map[T]struct{}\n\
             func (s Set[E]) has(e E) bool {\n\t_, ok := «s[e]»\n\treturn «ok»\n}",
            &["struct{}", "bool"],
        ),
    ]);
}

/// What the sources on methods and fields declare.
const METHODS: &str = "package p
type Inner struct { n int; tag string }
func (Inner) Show(prefix string) string { return prefix }
func (i *Inner) Set(n int) { i.n = n }
type Middle struct { *Inner; name string }
type Outer struct { Middle; count int64 }
type Shower interface { Show(string) string }
type Both interface { Shower; Close() error }
type Handler func(int) string
func (h Handler) Serve(n int) string { return h(n) }
var inner Inner
var outer Outer
var both Both
";

#[test]
fn methods_and_fields_are_selected() {
    let table: Table = &[
        ("_ = «inner.Show»", &["func(prefix string) string"]),
        ("_ = «Inner.Show»", &["func(_ Inner, prefix string) string"]),
        ("_ = «(*Inner).Set»", &["func(i *Inner, n int)"]),
        ("_ = «(*Inner).Show»", &["func(_ *Inner, prefix string) string"]),
        ("_ = «Shower.Show»", &["func(Shower, string) string"]),
        ("_ = «Both.Close»", &["func(Both) error"]),
        ("_, _ = «outer.Middle», «outer.Inner»", &["Middle", "*Inner"]),
        ("_, _, _ = «outer.n», «outer.tag», «outer.name»", &["int", "string", "string"]),
        ("_ = «outer.Show»", &["func(prefix string) string"]),
        ("_ = «Outer.Set»", &["func(i Outer, n int)"]),
        ("f := outer.Set\n_ = «f»", &["func(n int)"]),
        ("_ = «both.Show(\"\")»", &["string"]),
        ("_ = «Handler(func(int) string { return \"\" }).Serve(1)»", &["string"]),
        ("p := &outer\n_ = «&p.count»", &["*int64"]),
        ("_ = «struct{ Inner; x float32 }{}.n»", &["int"]),
    ];
    check_with(table, |source| format!("{METHODS}func _() {{\n{source}\n}}\n"));
}

#[test]
fn second_values() {
    check_all(&[
        ("m := map[string]float32{}\n«v», «ok» := m[\"a\"]", &["float32", "bool"]),
        ("var x any\n«v», «ok» := x.([]int)", &["[]int", "bool"]),
        ("c := make(<-chan error)\n«v», «ok» := <-c", &["error", "bool"]),
        ("type B bool\nm := map[int]int{}\nvar v int\nvar b B\nv, «b» = m[1]", &["B"]),
        ("func f() (int, error) { return 0, nil }\n«a», «b» := «f()»", &["int", "error", "(int, error)"]),
        ("func f() (n int, err error) { return }\nx := «f»", &["func() (n int, err error)"]),
        ("c := make(chan string)\nselect {\ncase «s», «ok» := <-c:\n\tprintln(s, ok)\n}", &["string", "bool"]),
        ("var x any\nif «s», ok := x.(string); «ok» {\n\tprintln(s)\n}", &["string", "bool"]),
    ]);
}

#[test]
fn closures_and_channels() {
    check_all(&[
        ("x := «func(a, b int, c ...string) (n int) { return }»", &["func(a int, b int, c ...string) (n int)"]),
        (
            "n := 0\nadd := func(by int) func() int { return func() int { n += by; return n } }\nx := «add(2)»",
            &["func() int"],
        ),
        ("c := «make(chan<- chan<- int)»", &["chan<- chan<- int"]),
        ("var c chan (<-chan int)\nx := «<-c»\ny := «<-<-c»", &["<-chan int", "int"]),
        ("var c chan int\nvar r <-chan int = «c»\nx := «<-r»", &["chan int", "int"]),
        ("func f(xs ...int) { println(«xs») }", &["[]int"]),
        ("x := «recover()»", &["interface{}"]),
        ("x := «new(int)»\ny := «*x»", &["*int", "int"]),
        ("x := «copy([]int{}, []int{})»", &["int"]),
    ]);
}

#[test]
fn range_variables() {
    check_all(&[
        ("for «i», «x» := range []string{} {}", &["int", "string"]),
        ("for «i», «x» := range [3]bool{} {}", &["int", "bool"]),
        ("a := [3]bool{}\nfor «i», «x» := range &a {}", &["int", "bool"]),
        ("for «i», «r» := range \"abc\" {}", &["int", "rune"]),
        ("for «k», «v» := range map[string]float32{} {}", &["string", "float32"]),
        ("var c <-chan error\nfor «e» := range c {}", &["error"]),
        ("for «i» := range 10 {}", &["int"]),
        ("n := uint8(10)\nfor «i» := range n {}", &["uint8"]),
        ("var i int64\nfor i = range «10» {}", &["int64 = 10"]),
        ("type N int16\nfor «i» := range N(3) {}", &["N"]),
        ("for range «3» {}", &["int = 3"]),
        ("f := func(yield func() bool) {}\nfor range «f» {}", &["func(yield func() bool)"]),
        ("f := func(yield func(int) bool) {}\nfor «x» := range f {}", &["int"]),
        ("f := func(yield func(string, error) bool) {}\nfor «k», «v» := range f {}", &["string", "error"]),
        (
            "import \"iter\"\nfunc seq() iter.Seq2[int, string] { return nil }\nfor «k», «v» := range «seq()» {}",
            &["int", "string", "iter.Seq2[int, string]"],
        ),
        ("import \"maps\"\nfor «k», «v» := range maps.All(map[string]bool{}) {}", &["string", "bool"]),
        ("import \"slices\"\nx := «slices.Collect(slices.Values([]rune{}))»", &["[]rune"]),
        ("func f[T ~[]E, E any](s T) {\n\tfor _, «x» := range s {}\n}", &["E"]),
    ]);
}

#[test]
fn clause_variables() {
    check_all(&[
        (
            "var x any\nswitch y := x.(type) {\ncase int:\n\tprintln(«y»)\ncase string, bool:\n\tprintln(«y»)\n\
             case nil:\n\tprintln(«y»)\ncase error:\n\tprintln(«y»)\ndefault:\n\tprintln(«y»)\n}",
            &["int", "any", "any", "error", "any"],
        ),
        ("var e error\nswitch y := e.(type) {\ncase interface{ Is() }:\n\tprintln(«y»)\n}", &["interface{Is()}"]),
        (
            "func f[T any](x T) {\n\tswitch y := any(x).(type) {\n\tcase []T:\n\t\tprintln(«y»)\n\
             \tcase *T:\n\t\tprintln(«*y»)\n\t}\n}",
            &["[]T", "T"],
        ),
        ("switch x := 1; {\ncase «x > «0»»:\n}", &["int = 0", "bool"]),
    ]);
}

/// The variables that each marked function literal captures.
fn captures(source: &str) -> Vec<String> {
    let marked = Marked::new(source);
    let names = |objects: &Vec<ObjId>| objects.iter().map(|&o| marked.name(o)).collect::<Vec<_>>().join(" ");
    marked.ask(|x| marked.checked().info.captures.get(&x).map(names))
}

#[test]
fn function_literals_capture_variables() {
    let of = |body: &str| captures(&format!("package p\nvar global int\nfunc f(a, b int) (r int) {{\n{body}\n}}\n"));
    assert_eq!(of("return «func() int { return a }»()"), ["a"]);
    assert_eq!(of("return «func() int { return b + a + b }»()"), ["b a"], "in order of first use, each once");
    assert_eq!(of("return «func(a int) int { c := a; return c + global }»(1)"), ["-"], "own names and globals");
    assert_eq!(of("«func() { r++ }»()\nreturn"), ["r"]);
    let nested = "«func() { «func() { a = b }»() }»()\nreturn";
    assert_eq!(of(nested), ["a b", "a b"], "what an inner literal captures passes through the outer one");
    assert_eq!(of("for i := range 3 {\ndefer «func() { println(i) }»()\n}\nreturn"), ["i"]);
    let clause = "switch x := any(a).(type) {\ncase int:\n«func() { println(x) }»()\n}\nreturn";
    assert_eq!(of(clause), ["x"]);
    assert_eq!(of("x := «func() int { x := a; return x }»()\nreturn x"), ["a"], "`x` is not declared yet");
    assert_eq!(
        of("type T struct{ a int }\n_ = «func() T { return T{a: b} }»\nreturn"),
        ["b"],
        "a field is no variable"
    );
    assert_eq!(captures("x := 1\nf := «func() int { return x }»\n"), ["-"], "globals of a script are no captures");
}

#[test]
fn captured_variables_know_it() {
    let source = "package p\nfunc f(a, b int) (r int) {\nc := a\ngo func() { r = c }()\nreturn b\n}\n";
    assert_eq!(Marked::new(source).variables(|v| v.captured), ["r", "c"]);
}

/// The variables whose address is taken.
fn addressed(body: &str) -> Vec<String> {
    let declarations = "type T struct{ n int; in struct{ m int }; p *T }\nfunc (T) get() {}\nfunc (*T) set() {}\n";
    let marked = Marked::new(&format!("package p\n{declarations}func f() {{\n{body}\n}}\n"));
    marked.variables(|v| v.addressed).into_iter().map(str::to_owned).collect()
}

#[test]
fn variables_know_that_their_address_is_taken() {
    assert_eq!(addressed("x := 1\ny := &x\n_ = y"), ["x"]);
    assert_eq!(addressed("x := (1)\n_ = &(x)"), ["x"]);
    assert_eq!(addressed("var t T\n_ = &t.in.m"), ["t"], "through fields");
    assert_eq!(addressed("var a [3]T\n_ = &a[1].n"), ["a"], "through elements");
    assert_eq!(addressed("var t T\nt.set()"), ["t"], "by a method with a pointer receiver");
    assert_eq!(addressed("var t T\nt.get()\n(&T{}).set()"), [""; 0]);
    assert_eq!(addressed("var t T\n_ = t.set"), ["t"], "by a method value");
    assert_eq!(addressed("var a [3]int\n_ = a[:]"), ["a"], "by slicing an array");
    assert_eq!(addressed("var t T\nt.p.set()\n_ = &t.p.n"), [""; 0], "a pointer leads elsewhere");
    assert_eq!(addressed("s := []int{1}\n_ = &s[0]\n_ = s[:]"), [""; 0], "elements of a slice lie elsewhere");
    assert_eq!(addressed("x := 1\n_ = x\ny := &T{n: x}\n_ = y"), [""; 0]);
    assert_eq!(addressed("var a [3]int\nfor range a[:] {\n}"), ["a"]);
}

#[test]
fn variables_know_that_they_are_reassigned() {
    let source = "package p\nfunc f(a, b, c int) (r int) {\na = 1\nb++\nx, y := 1, 2\ny, z := 3, 4\nvar l int\n\
                  for i := 0; i < 3; i += 1 {\nfor l = range 3 {\n}\n}\nreturn c + x + y + z + l\n}\n";
    assert_eq!(Marked::new(source).variables(|v| v.reassigned), ["a", "b", "r", "y", "l", "i"]);
}

/// The types that marked expressions are converted to without a word in the source.
fn implicit(source: &str) -> Vec<String> {
    let marked = Marked::new(source);
    marked.ask(|x| marked.checked().info.implicit.get(&x).map(|&ty| marked.type_text(ty)))
}

#[test]
fn values_are_converted_where_they_are_assigned() {
    let table: Table = &[
        ("var x any = «1»", &["any"]),
        ("n := 1\nvar x any = «n»\nx = «n»", &["any", "any"]),
        ("var e error\nvar x any = «e»", &["any"]),
        ("var x any\nvar y any = «x»", &["-"]),
        ("n := 1\nvar m int = «n»", &["-"]),
        ("func f(x any, ys ...any) {}\nn := 1\nf(«n», «n», «\"a\"»)", &["any", "any", "any"]),
        ("func f() any { n := 1; return «n» }", &["any"]),
        ("n := 1\nx := []any{«n»}\nm := map[any]any{«n»: «n»}", &["any", "any", "any"]),
        ("c := make(chan any)\nn := 1\nc <- «n»", &["any"]),
        ("var x any\nn := 1\nb := x == «n»", &["any"]),
        ("type T struct{ x any }\nn := 1\nt := T{x: «n»}\nt.x = «n»", &["any", "any"]),
        ("type I interface{ M() }\ntype J interface{ M(); N() }\nvar j J\nvar i I = «j»", &["I"]),
        ("c := make(chan int)\nvar r <-chan int = «c»", &["<-chan int"]),
        ("x := append([]any{}, «1»)", &["any"]),
        ("func f() { panic(«1») }", &["interface{}"]),
    ];
    for (source, want) in table {
        assert_eq!(implicit(source), *want, "{source}");
    }
}

/// The type arguments that marked names of generic functions get.
fn instances(body: &str) -> Vec<String> {
    let marked = Marked::new(&format!("{GENERIC}func _() {{\n{body}\n}}\n"));
    marked.ask(|x| {
        let arguments = marked.checked().info.instances.get(&x)?;
        Some(arguments.iter().map(|&ty| marked.type_text(ty)).collect::<Vec<_>>().join(", "))
    })
}

#[test]
fn generic_functions_are_instantiated() {
    assert_eq!(instances("«larger»(1, 2)"), ["int"]);
    assert_eq!(instances("_ = «larger»[float64]"), ["float64"]);
    assert_eq!(instances("_ = «convert»[string](1.5)"), ["string, float64"]);
    assert_eq!(instances("_ = «apply»([]int{}, «id»)"), ["int, int", "int"]);
    assert_eq!(instances("var f func(string) string = «id»\n_ = f"), ["string"]);
    assert_eq!(instances("_ = «scale»(Ints{}, 2)"), ["Ints, int"]);
    assert_eq!(instances("_ = «pair»(\"a\", «pair»(1, true))"), ["string, Pair[int, bool]", "int, bool"]);
    assert_eq!(instances("var l List[int]\n_ = «l.Map»(func(int) string { return \"\" })"), ["string"]);
    assert_eq!(instances("var l List[int]\n_ = «l.Get»"), ["-"]);
    let marked = Marked::new("func f[T any](x T) { «g»(x) }\nfunc g[U any](x U) {}");
    let arguments = |x| marked.checked().info.instances.get(&x).map(|list| marked.type_text(list[0]));
    assert_eq!(marked.ask(arguments), ["T"], "inside of a generic function");
}

/// Kind, path and indirection of marked selectors.
fn selections(body: &str) -> Vec<String> {
    let marked = Marked::new(&format!("{METHODS}func _() {{\n{body}\n}}\n"));
    marked.ask(|x| {
        let selection = marked.checked().info.selections.get(&x)?;
        let kind = match selection.kind {
            SelectionKind::Field => "field",
            SelectionKind::Method => "method",
            SelectionKind::MethodExpr => "method of type",
            SelectionKind::Qualified => return Some("qualified".to_owned()),
        };
        let object = selection.obj.map(|o| format!(" {}", marked.name(o))).unwrap_or_default();
        let recv = marked.type_text(selection.recv);
        let indirect = if selection.indirect { " indirect" } else { "" };
        Some(format!("{kind}{object} of {recv} {:?}{indirect}", selection.path))
    })
}

#[test]
fn selectors_are_resolved_through_embedded_fields() {
    assert_eq!(selections("_ = «outer.count»"), ["field of Outer [1]"]);
    assert_eq!(selections("_ = «outer.name»"), ["field of Outer [0, 1]"]);
    assert_eq!(selections("_ = «outer.tag»"), ["field of Outer [0, 0, 1] indirect"]);
    assert_eq!(selections("_ = «outer.Middle»"), ["field of Outer [0]"]);
    assert_eq!(selections("p := &outer\n_ = «p.count»"), ["field of *Outer [1] indirect"]);
    assert_eq!(selections("_ = «inner.Show»"), ["method Show of Inner [0]"]);
    assert_eq!(selections("«inner.Set»(1)"), ["method Set of Inner [1]"]);
    assert_eq!(selections("«outer.Set»(1)"), ["method Set of Outer [0, 0, 1] indirect"]);
    assert_eq!(selections("_ = «(*Inner).Set»"), ["method of type Set of *Inner [1] indirect"]);
    assert_eq!(selections("_ = «Outer.Show»"), ["method of type Show of Outer [0, 0, 0] indirect"]);
    assert_eq!(selections("_ = «both.Show»"), ["method of Both [1]"]);
    assert_eq!(selections("_ = «both.Close»"), ["method of Both [0]"]);
    let marked = Marked::new("import \"math\"\nx := «math.Pi»");
    let kind = |x| marked.checked().info.selections.get(&x).map(|s| format!("{:?}", s.kind));
    assert_eq!(marked.ask(kind), ["Qualified"]);
}

#[test]
fn second_values_are_marked() {
    let source = "package p\nfunc f(m map[int]int, x any, c chan int) {\nv, ok := «m[1]»\n_, ok = «x.(int)»\n\
                  _, ok = «<-c»\n_, _, _, _ = v, ok, «m[1]», «x.(int)»\n}\n";
    let marked = Marked::new(source);
    let second = |x| marked.checked().info.comma_ok.contains(&x).then(|| "ok".to_owned());
    assert_eq!(marked.ask(second), ["ok", "ok", "ok", "-", "-"]);
}

/// The steps of the entry package's initialisation.
fn initialisation(source: &str) -> Vec<String> {
    let marked = Marked::new(source);
    let (checked, program) = (marked.checked(), &marked.program);
    let steps = checked.info.init_order.iter().filter(|step| checked.packages.ids().last() == Some(step.pkg));
    let text = |step: &Initializer| {
        let names: Vec<_> = step.lhs.iter().map(|&o| marked.name(o)).collect();
        format!("{} = {}", names.join(", "), program.sources.text(program.ast.span(step.rhs)))
    };
    steps.map(text).collect()
}

#[test]
fn package_variables_are_initialised_in_order_of_need() {
    assert_eq!(initialisation("package p\nvar a, b = 1, 2\nvar c int"), ["a = 1", "b = 2"]);
    assert_eq!(initialisation("package p\nvar a = b + c\nvar b = c\nvar c = 1"), ["c = 1", "b = c", "a = b + c"]);
    let through_functions = "package p\nvar a = f()\nvar b = 1\nfunc f() int { return g() }\nfunc g() int { return b }";
    assert_eq!(initialisation(through_functions), ["b = 1", "a = f()"]);
    let methods = "package p\ntype T int\nvar a = T(1).m()\nvar b = 2\nfunc (T) m() int { return b }";
    assert_eq!(initialisation(methods), ["b = 2", "a = T(1).m()"]);
    let literals = "package p\nvar a = func() int { return b }\nvar b = 1";
    assert_eq!(initialisation(literals), ["b = 1", "a = func() int { return b }"]);
    let several = "package p\nvar a, b = f()\nvar c = b\nfunc f() (int, int) { return d, d }\nvar d = 1";
    assert_eq!(initialisation(several), ["d = 1", "a, b = f()", "c = b"]);
    assert_eq!(initialisation("package p\nvar _ = a\nvar a = 1"), ["a = 1", "_ = a"]);
    // The example of the language's specification.
    let example = "package p\nvar (\na = c + b\nb = f()\nc = f()\nd = 3\n)\nfunc f() int {\nd++\nreturn d\n}";
    assert_eq!(initialisation(example), ["d = 3", "b = f()", "c = f()", "a = c + b"]);
}
