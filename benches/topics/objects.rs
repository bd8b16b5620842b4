//! Topics of types with methods: structures, enumerations, interfaces, trees, embedding.

use super::{Program, small};

/// A structure with a constructor, methods and validation.
pub fn record(out: &mut Program, name: &str) {
    let count = out.below(5) + 3;
    let fields = out.field_names(count);
    let types: Vec<_> = fields.iter().map(|_| out.field_type()).collect();
    let s = [('T', name)];
    out.blank();
    out.add(
        "// @T is what one row of the table holds.\ntype @T struct {\n    Name string `json:\"name\"`\n    id   int",
        &s,
    );
    for (field, (ty, _)) in fields.iter().zip(&types) {
        out.add("    @f @t", &[('f', field), ('t', ty)]);
    }
    out.add("    notes []string\n}\n\n// New@T makes one with the usual values.", &s);
    out.add("func New@T(name string, id int) *@T {\n    return &@T{\n        Name: name,\n        id:   id,", &s);
    for (field, (_, value)) in fields.iter().zip(&types) {
        out.add("        @f: @v,", &[('f', field), ('v', value)]);
    }
    let limit = (out.below(90) + 10).to_string();
    out.add(
        r#"
    }
}

// Validate says what is wrong, if anything is.
func (r *@T) Validate() error {
    switch {
    case r == nil:
        return errMissing
    case r.Name == "":
        return errors.New("@T: no name")
    case r.id < 0 || r.id > @l:
        return fmt.Errorf("@T: id %d is not in [0, @l]", r.id)
    }
    for i, note := range r.notes {
        if strings.TrimSpace(note) == "" {
            return fmt.Errorf("@T %q: note %d is empty", r.Name, i)
        }
    }
    return nil
}

// String is the short form.
func (r *@T) String() string { return fmt.Sprintf("%s#%d", r.Name, r.id) }

func (r *@T) annotate(format string, args ...any) *@T {
    r.notes = append(r.notes, fmt.Sprintf(format, args...))
    return r
}

func run@T() {
    r := New@T("first", @l).annotate("made with %d", @l).annotate("%v", true)
    if err := r.Validate(); err != nil {
        report("@T", err)
        return
    }
    // A copy has its own fields.
    second := *r
    second.Name, second.id = "second", r.id-1
    report("@T", r, &second, len(second.notes))
}
"#,
        &[('T', name), ('l', &limit)],
    );
}

/// Constants with iota, a table of names, switches.
pub fn enumeration(out: &mut Program, name: &str) {
    let count = out.below(6) + 4;
    let fields = out.field_names(count);
    let s = [('T', name), ('t', &small(name)[..])];
    out.blank();
    out.add("// @T is a state; the zero value is none.\ntype @T uint8\n\nconst (\n    @TNone @T = iota", &s);
    let upper = |field: &str| field[..1].to_uppercase() + &field[1..];
    for field in &fields {
        out.add("    @T@f", &[('T', name), ('f', &upper(field))]);
    }
    out.add("    @tEnd\n)\n\nvar @tNames = map[@T]string{", &s);
    for field in &fields {
        out.add("    @T@f: \"@g\",", &[('T', name), ('f', &upper(field)), ('g', field)]);
    }
    out.add("}\n\n// String is the name of the state.\nfunc (s @T) String() string {\n    switch s {", &s);
    out.add("    case @TNone:\n        return \"none\"", &s);
    for field in fields.iter().take(3) {
        out.add("    case @T@f:\n        return \"@g\"", &[('T', name), ('f', &upper(field)), ('g', field)]);
    }
    out.add(
        r#"
    }
    if name, ok := @tNames[s]; ok {
        return name
    }
    return "@T(" + fmt.Sprint(uint8(s)) + ")"
}

// parse@T is the inverse of String.
func parse@T(text string) (@T, error) {
    for s := @TNone; s < @tEnd; s++ {
        if s.String() == text {
            return s, nil
        }
    }
    return @TNone, fmt.Errorf("parse %q: %w", text, errMissing)
}

const (
    @tMask  = 1<<@tEnd - 1
    @tKilo  = 1 << (10 * (iota + 1))
    @tMega
    @tRatio = @tMega / 3.0
)

func run@T() {
    seen := 0
    for s := range @tEnd {
        back, err := parse@T(s.String())
        if err != nil || back != s {
            continue
        }
        seen |= 1 << back
    }
    report("@T", seen == @tMask, @tKilo, @tRatio > 1)
}
"#,
        &s,
    );
}

/// An interface, types that implement it, a type switch.
pub fn shapes(out: &mut Program, name: &str) {
    let factor = (out.below(9) + 2).to_string();
    out.blank();
    out.add(
        r#"
// @T is anything with a size.
type @T interface {
    Area() float64
    Scale(by float64) @T
    fmt.Stringer
}

type @tSquare struct{ side float64 }

type @tBox struct {
    width, height float64
    label         string
}

type @tUnit int

func (q @tSquare) Area() float64            { return q.side * q.side }
func (q @tSquare) Scale(by float64) @T { return @tSquare{q.side * by} }
func (q @tSquare) String() string           { return fmt.Sprintf("square %.2f", q.side) }

func (b *@tBox) Area() float64 { return b.width * b.height }

func (b *@tBox) Scale(by float64) @T {
    return &@tBox{width: b.width * by, height: b.height * by, label: b.label}
}

func (b *@tBox) String() string { return b.label + fmt.Sprint(b.width, "x", b.height) }

func (u @tUnit) Area() float64            { return float64(u) }
func (u @tUnit) Scale(by float64) @T { return @tUnit(float64(u) * by) }
func (u @tUnit) String() string           { return "unit" }

// describe@T tells the kinds apart.
func describe@T(value any) (text string) {
    switch v := value.(type) {
    case nil:
        text = "nothing"
    case @tSquare:
        text = "a square of side " + fmt.Sprint(v.side)
    case *@tBox:
        text = v.label
    case int, int64:
        text = fmt.Sprintf("number %v", v)
    case @T:
        text = v.String()
    default:
        text = fmt.Sprintf("%T", v)
    }
    return
}

func run@T() {
    all := []@T{@tSquare{@f}, &@tBox{3, 4.5, "box"}, @tUnit(@f)}
    total := 0.0
    for _, shape := range all {
        larger := shape.Scale(@f)
        total += larger.Area() / shape.Area()
        if box, ok := shape.(*@tBox); ok && box.width > 1 {
            report(describe@T(box), box.label)
        }
    }
    report("@T", total, describe@T(nil), describe@T(all[0]), describe@T(@f))
}
"#,
        &[('T', name), ('t', &small(name)), ('f', &factor)],
    );
}

/// Pointers, recursion, iterators, method values.
pub fn tree(out: &mut Program, name: &str) {
    let count = (out.below(200) + 20).to_string();
    out.blank();
    out.add(
        r#"
// @T is a binary search tree; nil is the empty one.
type @T struct {
    key         int
    count       int64
    left, right *@T
}

func (n *@T) insert(key int) *@T {
    if n == nil {
        return &@T{key: key, count: 1}
    }
    switch {
    case key < n.key:
        n.left = n.left.insert(key)
    case key > n.key:
        n.right = n.right.insert(key)
    default:
        n.count++
    }
    return n
}

// depth is the longest way down.
func (n *@T) depth() int {
    if n == nil {
        return 0
    }
    return 1 + max(n.left.depth(), n.right.depth())
}

// walk goes over the keys in order.
func (n *@T) walk(yield func(int, int64) bool) bool {
    return n == nil || n.left.walk(yield) && yield(n.key, n.count) && n.right.walk(yield)
}

func (n *@T) all(yield func(int, int64) bool) { n.walk(yield) }

func run@T() {
    var root *@T
    seed := uint64(@c)
    for range @c {
        seed = seed*6364136223846793005 + 1442695040888963407
        root = root.insert(int(seed>>33) % @c)
    }
    last, distinct := -1, 0
    for key, count := range root.all {
        if key <= last || count < 1 {
            goto unsorted
        }
        last = key
        distinct++
    }
    report("@T", distinct > 0, root.depth() < @c)
    return

unsorted:
    report("@T", "unsorted", last)
}
"#,
        &[('T', name), ('t', &small(name)), ('c', &count)],
    );
}

/// Embedding, promoted fields and methods, method values and expressions.
pub fn embedding(out: &mut Program, name: &str) {
    let n = (out.below(30) + 1).to_string();
    out.blank();
    out.add(
        r#"
// @tBase is what all have in common.
type @tBase struct {
    id   int
    tags map[string]struct{}
}

func (b *@tBase) tag(names ...string) {
    if b.tags == nil {
        b.tags = make(map[string]struct{})
    }
    for _, name := range names {
        b.tags[name] = struct{}{}
    }
}

func (b @tBase) ident() int { return b.id }

type @tNamed interface {
    ident() int
    title() string
}

// @T adds a title and a history.
type @T struct {
    @tBase
    *strings.Reader
    heading string
    history [3]struct {
        at   int
        what string
    }
}

func (t *@T) title() string { return t.heading }

func (t *@T) remember(what string) {
    for i := len(t.history) - 1; i > 0; i-- {
        t.history[i] = t.history[i-1]
    }
    t.history[0].at++
    t.history[0].what = what
}

var _ @tNamed = (*@T)(nil)

func run@T() {
    t := &@T{@tBase: @tBase{id: @n}, Reader: strings.NewReader("body"), heading: "@T"}
    t.tag("new", "draft")
    remember := t.remember
    for _, what := range [...]string{2: "sent", 0: "made", 1: "read"} {
        remember(what)
    }
    var named @tNamed = t
    ident := (*@T).ident
    points := []struct{ x, y int }{{1, 2}, {x: @n}, {}}
    table := map[[2]int]*@tBase{{1, 2}: {id: 3}, {3, 4}: &t.@tBase}
    if other, ok := named.(interface{ Len() int }); ok && other.Len() == t.Reader.Len() {
        points[2].x = ident(t)
    }
    report(named.title(), t.id, len(t.tags), t.history[0].what, points, len(table))
}
"#,
        &[('T', name), ('t', &small(name)), ('n', &n)],
    );
}
