//! Topics of functions: statements, closures, goroutines, numbers, strings, maps.

use super::{Program, small};

/// Two functions of random statements over integers.
pub fn arithmetic(out: &mut Program, name: &str) {
    let names = out.field_names(6);
    out.blank();
    out.add("// steps@T calculates; the steps have no deeper meaning.", &[('T', name)]);
    for (suffix, from) in [("", 0), ("Again", 3)] {
        let [a, b, c] = [names[from], names[from + 1], names[from + 2]];
        let texts = [('T', name), ('s', suffix), ('a', a), ('b', b), ('c', c)];
        out.add("func steps@T@s(@a, @b int) (int, error) {\n    @c := @a*2 + @b", &texts);
        for _ in 0..out.below(5) + 4 {
            statement(out, &[a, b, c], 1, 2);
        }
        out.add("    if @c < @a {\n        return @c, errMissing\n    }\n    return @a + @b - @c, nil\n}\n", &texts);
        out.blank();
    }
    let (x, y) = (out.below(1000).to_string(), out.below(1000).to_string());
    out.add(
        r#"
func run@T() {
    first, err := steps@T(@x, @y)
    if err != nil {
        first = -1
    }
    second, _ := steps@TAgain(first, @y)
    report("@T", first, second)
}
"#,
        &[('T', name), ('x', &x), ('y', &y)],
    );
}

/// A statement over three int variables, `level` deep in the text, with at most `depth` levels of blocks inside.
fn statement(out: &mut Program, variables: &[&str; 3], level: usize, depth: usize) {
    let indent = "    ".repeat(level);
    let [x, y] = [out.expression(variables, 2), out.expression(variables, 2)];
    let target = out.pick(variables);
    let limit = (out.below(9) + 2).to_string();
    let texts = [('v', target), ('x', &x[..]), ('y', &y[..]), ('n', &limit[..]), ('a', variables[0])];
    let kind = if depth == 0 { 0 } else { out.below(10) };
    let (open, close) = match kind {
        0..4 => {
            let forms = [
                "@v = 1 + @x",
                "@v += @x",
                "@v, _ = 2 + @y, @x",
                "@v++",
                "@v ^= @x",
                "@v -= @x / @n",
                "var _ = []int{@x, @y}",
            ];
            let form = out.pick(&forms);
            return out.add(&format!("{indent}{form}"), &texts);
        }
        4 => ("if @v > @x {", "}"),
        5 => ("if d := @x; d < @v && @v != @n {", "} else if @v == @y {\n    @v--\n} else {\n    @v = d\n}"),
        6 => ("for i := 0; i < @n; i++ {", "    @v += i\n}"),
        7 => ("for range @n {", "}"),
        8 => ("switch @v % @n {\ncase 0:", "case 1, -1:\n    @v = @x + 1\ndefault:\n    @v += @n\n}"),
        _ => ("func(k int) {", "    @a = k\n}(@x)"),
    };
    let put = |out: &mut Program, text: &str| {
        for line in text.lines() {
            out.add(&format!("{indent}{line}"), &texts);
        }
    };
    put(out, open);
    for _ in 0..out.below(2) + 1 {
        statement(out, variables, level + 1, depth - 1);
    }
    put(out, close);
}

/// Closures, function types, defer and recover.
pub fn closures(out: &mut Program, name: &str) {
    let [a, b] = [out.below(50) + 1, out.below(9) + 1].map(|n| n.to_string());
    out.blank();
    out.add(
        r#"
// @tHandler handles one request; the middleware below wraps it.
type @tHandler func(path string, depth int) (int, error)

// With puts something in front.
func (h @tHandler) With(before func(string) bool) @tHandler {
    return func(path string, depth int) (int, error) {
        if !before(path) {
            return 0, fmt.Errorf("%s refused at %d", path, depth)
        }
        return h(path, depth+1)
    }
}

// @tGuard turns a panic into an error.
func @tGuard(work func() int) (result int, err error) {
    defer func() {
        if reason := recover(); reason != nil {
            err = fmt.Errorf("recovered: %v", reason)
        }
    }()
    return work(), nil
}

func run@T() {
    calls := make(map[string]int, @a)
    count := func(path string) bool {
        calls[path]++
        return calls[path] <= @b
    }
    var handler @tHandler = func(path string, depth int) (int, error) {
        return len(path) * depth, nil
    }
    handler = handler.With(count).With(func(p string) bool { return strings.HasPrefix(p, "/") })

    var failures []error
    for i := range @a {
        path := strings.Repeat("/x", i%3+1)
        if n, err := handler(path, 1); err != nil {
            failures = append(failures, err)
        } else if n > @a {
            break
        }
    }
    next := func() func() int {
        n := @b
        return func() int { n += @b; return n }
    }()
    _, err := @tGuard(func() int { return [...]int{1, 2, 3}[next()] })
    report("@T", len(failures), errors.Join(failures...) == nil, err, next())
}
"#,
        &[('T', name), ('t', &small(name)), ('a', &a), ('b', &b)],
    );
}

/// Goroutines, channels with directions, select.
pub fn workers(out: &mut Program, name: &str) {
    let [jobs, hands] = [out.below(90) + 10, out.below(6) + 1].map(|n| n.to_string());
    out.blank();
    out.add(
        r#"
// @T is a task with the place for its answer.
type @T struct {
    id     int
    answer chan<- @tAnswer
}

type @tAnswer struct {
    id, value int
    err       error
}

// @tWork answers tasks until there are no more.
func @tWork(tasks <-chan @T, done chan struct{}) {
    defer func() { done <- struct{}{} }()
    for task := range tasks {
        answer := @tAnswer{id: task.id, value: task.id * task.id}
        if task.id%7 == 0 {
            answer.err = errMissing
        }
        task.answer <- answer
    }
}

func run@T() {
    tasks, done := make(chan @T), make(chan struct{})
    answers := make(chan @tAnswer, 8)
    for range @h {
        go @tWork(tasks, done)
    }
    go func() {
        for id := 1; id <= @j; id++ {
            tasks <- @T{id, answers}
        }
        close(tasks)
        for range @h {
            <-done
        }
        close(answers)
    }()

    sum, failed := 0, 0
    quit := make(chan bool)
loop:
    for {
        select {
        case answer, open := <-answers:
            if !open {
                break loop
            }
            if answer.err != nil {
                failed++
                continue loop
            }
            sum += answer.value
        case <-quit:
            break loop
        }
    }
    report("@T", sum, failed)
}
"#,
        &[('T', name), ('t', &small(name)), ('j', &jobs), ('h', &hands)],
    );
}

/// Arrays, slices of slices, numeric loops.
pub fn matrix(out: &mut Program, name: &str) {
    let size = (out.below(6) + 3).to_string();
    out.blank();
    out.add(
        r#"
const @tSize = @s

// @T is a square matrix, by rows.
type @T [@tSize][@tSize]float64

// @tIdentity has ones on its diagonal.
func @tIdentity() (m @T) {
    for i := range m {
        m[i][i] = 1
    }
    return m
}

// Times is the product of two matrices.
func (m *@T) Times(other *@T) @T {
    var product @T
    for i := 0; i < @tSize; i++ {
        for j := 0; j < @tSize; j++ {
            sum := 0.0
            for k := range @tSize {
                sum += m[i][k] * other[k][j]
            }
            product[i][j] = sum
        }
    }
    return product
}

// Rows copies the matrix into slices.
func (m @T) Rows() [][]float64 {
    rows := make([][]float64, 0, len(m))
    for _, row := range m {
        rows = append(rows, append([]float64(nil), row[:]...))
    }
    return rows
}

func run@T() {
    m := @tIdentity()
    m[0][@tSize-1], m[@tSize-1][0] = 2, 0.5
    square := m.Times(&m)
    rows := square.Rows()
    trace, bits := 0.0, uint32(0)
    for i, row := range rows[1:] {
        trace += row[i+1]
        bits = bits<<1 | uint32(len(row))&1
    }
    copied := copy(rows[0], []float64{1, 2, 3})
    clear(rows[1])
    report("@T", trace, bits&^3, copied, rows[0][:2:2], m == @tIdentity())
}
"#,
        &[('T', name), ('t', &small(name)), ('s', &size)],
    );
}

/// Runes, bytes and strings; a loop with states.
pub fn scanner(out: &mut Program, name: &str) {
    let text = out.pick(&["a + 12*(bc - 7)", "x1 = y2 / 30", "(((1)))", "if a < b { c }"]);
    out.blank();
    out.add(
        r#"
// @tToken is a piece of the input.
type @tToken struct {
    kind rune
    text string
    pos  int
}

// @T cuts a text into tokens.
type @T struct {
    input  string
    pos    int
    tokens []@tToken
}

func (s *@T) peek() byte {
    if s.pos >= len(s.input) {
        return 0
    }
    return s.input[s.pos]
}

func (s *@T) take(kind rune, accept func(byte) bool) {
    start := s.pos
    for s.pos < len(s.input) && accept(s.input[s.pos]) {
        s.pos++
    }
    s.tokens = append(s.tokens, @tToken{kind: kind, text: s.input[start:s.pos], pos: start})
}

// Run reads the whole input.
func (s *@T) Run() ([]@tToken, error) {
    isDigit := func(b byte) bool { return '0' <= b && b <= '9' }
    isLetter := func(b byte) bool { return 'a' <= b|0x20 && b|0x20 <= 'z' || b == '_' }
    for {
        switch b := s.peek(); {
        case b == 0:
            return s.tokens, nil
        case b == ' ' || b == '\t':
            s.pos++
        case isDigit(b):
            s.take('0', isDigit)
        case isLetter(b):
            s.take('a', func(b byte) bool { return isLetter(b) || isDigit(b) })
        case strings.IndexByte("+-*/()<>={}", b) >= 0:
            s.tokens = append(s.tokens, @tToken{rune(b), string(rune(b)), s.pos})
            s.pos++
        default:
            return nil, fmt.Errorf("offset %d: %q is no token", s.pos, b)
        }
    }
}

func run@T() {
    s := @T{input: "@x"}
    tokens, err := s.Run()
    if err != nil {
        report("@T", err)
        return
    }
    var line strings.Builder
    for _, token := range tokens {
        switch token.kind {
        case '0', 'a':
            line.WriteString(token.text)
        case '(':
            fallthrough
        case ')':
            line.WriteByte('|')
        default:
            line.WriteRune(token.kind)
        }
    }
    for i, r := range line.String() {
        if r > 0x7f {
            report("@T", i, string(r))
        }
    }
    report("@T", line.String(), line.Len(), []byte(s.input)[0])
}
"#,
        &[('T', name), ('t', &small(name)), ('x', text)],
    );
}

/// Maps of slices, breadth-first search, sorting.
pub fn graph(out: &mut Program, name: &str) {
    let [nodes, step] = [out.below(90) + 10, out.below(5) + 2].map(|n| n.to_string());
    out.blank();
    out.add(
        r#"
// @T maps a node to its neighbours.
type @T map[int][]int

func (g @T) connect(a, b int) {
    g[a] = append(g[a], b)
    g[b] = append(g[b], a)
}

// distances finds how far each node is from start.
func (g @T) distances(start int) map[int]int {
    found := map[int]int{start: 0}
    queue := []int{start}
    for len(queue) > 0 {
        node := queue[0]
        queue = queue[1:]
        for _, next := range g[node] {
            if _, seen := found[next]; seen {
                continue
            }
            found[next] = found[node] + 1
            queue = append(queue, next)
        }
    }
    return found
}

func run@T() {
    g := make(@T)
    for i := 1; i < @n; i++ {
        g.connect(i, i/@s)
        if i%(@s+1) == 0 {
            g.connect(i, i-1)
        }
    }
    delete(g, @n)
    type entry struct{ node, distance int }
    var entries []entry
    for node, distance := range g.distances(0) {
        entries = append(entries, entry{node, distance})
    }
    sort.Slice(entries, func(i, j int) bool {
        if a, b := entries[i], entries[j]; a.distance != b.distance {
            return a.distance > b.distance
        }
        return entries[i].node < entries[j].node
    })
    if len(entries) == 0 {
        panic("@T: nothing was found")
    }
    far := entries[0]
    report("@T", len(entries), far.node, far.distance, min(far.node, @n), far)
}
"#,
        &[('T', name), ('n', &nodes), ('s', &step)],
    );
}
