//! Topics with type parameters.

use super::Program;

/// A generic type with methods, generic functions with inferred and explicit arguments.
pub fn container(out: &mut Program, name: &str) {
    let (ty, value) = out.pick(&[("int", "7"), ("string", "\"seven\""), ("float64", "7.5"), ("rune", "'7'")]);
    let size = (out.below(60) + 4).to_string();
    out.blank();
    out.add(
        r#"
// @T is a ring of the latest values under each key.
type @T[K comparable, V any] struct {
    rings map[K][]V
    size  int
    drop  func(K, V)
}

// New@T makes an empty one; each ring holds size values.
func New@T[K comparable, V any](size int) *@T[K, V] {
    return &@T[K, V]{rings: make(map[K][]V), size: size}
}

// Put adds a value and drops the oldest if there are too many.
func (c *@T[K, V]) Put(key K, values ...V) {
    ring := append(c.rings[key], values...)
    for len(ring) > c.size {
        if c.drop != nil {
            c.drop(key, ring[0])
        }
        ring = ring[1:]
    }
    c.rings[key] = ring
}

// Latest is the newest value of a key.
func (c *@T[K, V]) Latest(key K) (value V, ok bool) {
    if ring := c.rings[key]; len(ring) > 0 {
        value, ok = ring[len(ring)-1], true
    }
    return value, ok
}

// All goes over every value.
func (c *@T[K, V]) All() func(yield func(K, V) bool) {
    return func(yield func(K, V) bool) {
        for key, ring := range c.rings {
            for _, value := range ring {
                if !yield(key, value) {
                    return
                }
            }
        }
    }
}

func sum@T[N number](values ...N) (total N) {
    for _, v := range values {
        total += v
    }
    return total
}

func keys@T[M ~map[K]V, K comparable, V any](m M) []K {
    keys := make([]K, 0, len(m))
    for k := range m {
        keys = append(keys, k)
    }
    return keys
}

func run@T() {
    c := New@T[string, @y](@s)
    c.Put("one", @v)
    c.Put("two", @v, @v)
    dropped := map[string]int{}
    c.drop = func(key string, _ @y) { dropped[key]++ }
    for key, value := range c.All() {
        if value == @v {
            continue
        }
        dropped[key] = -1
    }
    latest, ok := c.Latest("two")
    report("@T", latest, ok, len(keys@T(dropped)), sum@T(1, 2, @s), sum@T[float64](0.5, 2))
}
"#,
        &[('T', name), ('y', ty), ('v', value), ('s', &size)],
    );
}

/// Generic functions of higher order.
pub fn functional(out: &mut Program, name: &str) {
    let [a, b] = [out.below(40) + 3, out.below(9) + 2].map(|n| n.to_string());
    out.blank();
    out.add(
        r#"
// @T is a value or an error.
type @T[V any] struct {
    value V
    err   error
}

func (r @T[V]) or(other V) V {
    if r.err != nil {
        return other
    }
    return r.value
}

func map@T[A, B any](list []A, change func(A) B) []B {
    changed := make([]B, len(list))
    for i, a := range list {
        changed[i] = change(a)
    }
    return changed
}

func filter@T[S ~[]E, E any](list S, keep func(E) bool) (kept S) {
    for _, e := range list {
        if keep(e) {
            kept = append(kept, e)
        }
    }
    return kept
}

func fold@T[E, R any](list []E, start R, step func(R, E) R) R {
    for _, e := range list {
        start = step(start, e)
    }
    return start
}

func run@T() {
    type ids []int
    all := make(ids, @a)
    for i := range all {
        all[i] = i * @b
    }
    even := filter@T(all, func(n int) bool { return n%2 == 0 })
    texts := map@T(even, func(n int) string { return fmt.Sprintf("%03d", n) })
    length := fold@T(texts, 0.0, func(sum float64, s string) float64 { return sum + float64(len(s))/2 })
    results := map@T(texts, func(s string) @T[int] {
        if len(s) > 3 {
            return @T[int]{err: errMissing}
        }
        return @T[int]{value: len(s)}
    })
    worst := fold@T(results, @b, func(low int, r @T[int]) int { return min(low, r.or(-1)) })
    report("@T", length, worst, len(even) <= cap(all))
}
"#,
        &[('T', name), ('a', &a), ('b', &b)],
    );
}
