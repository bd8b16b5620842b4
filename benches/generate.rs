//! Writes realistic programs of any length, for measuring.
//!
//! A program is one `package main` made of *topics*: groups of declarations as people write them, each from a
//! template whose names, numbers, fields and statements vary. All topics follow each other in rounds, so that every
//! construct has its share in programs of a few hundred lines already and the mixture does not depend on the length.
//! The same length gives the same text, on every machine. The programs are correct, for Go's compiler too: it is the
//! judge when a template changes, since a bench that measures error messages measures nothing.

use std::fmt::Write as _;

#[path = "topics/mod.rs"]
mod topics;

use self::topics::TOPICS;

/// First words of names.
const FIRST: &[&str] = &[
    "Active", "Basic", "Cached", "Daily", "Eager", "Final", "Global", "Hidden", "Inner", "Joint", "Keyed", "Local",
    "Main", "Native", "Open", "Pending", "Quick", "Remote", "Shared", "Timed", "Upper", "Valid", "Weekly", "Zoned",
];
/// Second words of names.
const SECOND: &[&str] = &[
    "Account", "Batch", "Cart", "Device", "Event", "Folder", "Grade", "Host", "Invoice", "Job", "Kernel", "Ledger",
    "Message", "Node", "Order", "Packet", "Query", "Route", "Sensor", "Ticket", "Update", "Vector", "Wallet", "Zone",
    "Agent", "Bucket", "Client", "Draft", "Entry", "Frame", "Group",
];
/// Names of fields and variables. None is a keyword, a predeclared name or a name that a template uses.
const FIELDS: &[&str] = &[
    "amount", "balance", "capacity", "depth", "offset", "factor", "height", "index", "limit", "margin", "number",
    "priority", "quota", "rating", "score", "total", "usage", "volume", "weight", "year",
];
/// Types of fields, with a value of each.
const TYPES: &[(&str, &str)] = &[
    ("int", "42"),
    ("string", "\"none\""),
    ("float64", "0.5"),
    ("bool", "true"),
    ("[]int", "[]int{1, 2, 3}"),
    ("map[string]int", "map[string]int{\"one\": 1}"),
    ("uint32", "0xff"),
    ("[4]byte", "[4]byte{1, 2}"),
    ("func(int) int", "nil"),
    ("*int", "new(int)"),
    ("rune", "'x'"),
    ("error", "nil"),
    ("int64", "1 << 40"),
];

/// A program of about `lines` lines, give or take a topic.
pub fn program(lines: usize) -> String {
    let mut out = Program { text: String::with_capacity(lines * 28), lines: 0, random: Random(0x2545_f491), runs: 0 };
    out.add(HEAD, &[]);
    let mut topic = 0;
    // What is still to come: the last group, and `main`, which has a line for each group.
    while out.lines + out.runs + 48 < lines || topic == 0 {
        let name = name(topic);
        (TOPICS[topic % TOPICS.len()])(&mut out, &name);
        topic += 1;
        if topic.is_multiple_of(GROUP) {
            out.group(topic - GROUP..topic);
        }
    }
    out.group(topic - topic % GROUP..topic);
    out.main();
    out.text
}

/// Topics that one function runs.
const GROUP: usize = 24;

const HEAD: &str = r#"
// Command generated measures the front end: each topic declares something and tries it.
package main

import (
    "errors"
    "fmt"
    "sort"
    "strings"
)

// errMissing is what lookups fail with.
var errMissing = errors.New("missing")

// runs counts the topics that ran; trace is for debugging.
var (
    runs  int
    trace []string
)

// number is what the generic helpers calculate with.
type number interface {
    ~int | ~int64 | ~float64
}

// report keeps a line for the end.
func report(topic string, values ...any) {
    runs++
    trace = append(trace, fmt.Sprintf("%s: %v", topic, values))
}
"#;

/// The name of a topic; no two have the same.
fn name(topic: usize) -> String {
    let (first, rest) = (topic % FIRST.len(), topic / FIRST.len());
    // The second word moves with the first, or rounds would differ in their first word only.
    let second = (rest + first * 7) % SECOND.len();
    match rest / SECOND.len() {
        0 => format!("{}{}", FIRST[first], SECOND[second]),
        generation => format!("{}{}{}", FIRST[first], SECOND[second], generation + 1),
    }
}

/// A program in the making.
pub struct Program {
    text: String,
    lines: usize,
    random: Random,
    runs: usize,
}

impl Program {
    /// Adds a template without its first line break. Four blanks at the start of a line become a tab, and `@x` the
    /// text of `x`.
    pub fn add(&mut self, template: &str, texts: &[(char, &str)]) {
        for line in template.trim_start_matches('\n').lines() {
            let body = line.trim_start_matches(' ');
            self.text.extend(std::iter::repeat_n('\t', (line.len() - body.len()) / 4));
            let mut parts = body.split('@');
            self.text.push_str(parts.next().unwrap_or(""));
            for part in parts {
                let mut rest = part.chars();
                let key = rest.next();
                let known = texts.iter().find(|(name, _)| Some(*name) == key);
                self.text.push_str(known.unwrap_or_else(|| panic!("no text for @{part}")).1);
                self.text.push_str(rest.as_str());
            }
            self.text.push('\n');
            self.lines += 1;
        }
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        self.random.below(limit)
    }

    /// One of `choices`.
    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// `count` neighbours in the list of field names.
    pub fn field_names(&mut self, count: usize) -> Vec<&'static str> {
        let start = self.below(FIELDS.len());
        (start..start + count).map(|i| FIELDS[i % FIELDS.len()]).collect()
    }

    /// A type with a value of it.
    pub fn field_type(&mut self) -> (&'static str, &'static str) {
        self.pick(TYPES)
    }

    /// An expression of type int over int variables.
    pub fn expression(&mut self, variables: &[&str], depth: usize) -> String {
        if depth == 0 || self.below(4) == 0 {
            return match self.below(3) {
                0 => (self.below(99) + 1).to_string(),
                _ => self.pick(variables).to_owned(),
            };
        }
        let (x, y) = (self.expression(variables, depth - 1), self.expression(variables, depth - 1));
        match self.below(8) {
            0 => format!("({x} - {y})"),
            1 => format!("{x}*{y}"),
            2 => format!("({x})%{}", self.below(50) + 2),
            3 => format!("max({x}, {y})"),
            4 => format!("{x}&{y}"),
            5 => format!("-({x})"),
            _ => format!("{x} + {y}"),
        }
    }

    /// The function that runs a group of topics.
    fn group(&mut self, topics: std::ops::Range<usize>) {
        if topics.is_empty() {
            return;
        }
        self.blank();
        self.add("func runGroup@n() {", &[('n', &self.runs.to_string())]);
        for topic in topics {
            self.add("    run@T()", &[('T', &name(topic))]);
        }
        self.add("}", &[]);
        self.runs += 1;
    }

    fn main(&mut self) {
        let mut calls = String::new();
        for group in 0..self.runs {
            let _ = writeln!(calls, "    runGroup{group}()");
        }
        self.blank();
        self.add("func main() {", &[]);
        self.add(&calls, &[]);
        self.add(
            r#"
    sort.Strings(trace)
    if err := check(runs); errors.Is(err, errMissing) {
        fmt.Println(err)
    }
    fmt.Println(len(trace), strings.Count(strings.Join(trace, "\n"), "true"))
}

func check(runs int) error {
    if runs == 0 {
        return fmt.Errorf("no topic: %w", errMissing)
    }
    return nil
}
"#,
            &[],
        );
    }

    /// An empty line.
    pub fn blank(&mut self) {
        self.text.push('\n');
        self.lines += 1;
    }
}

/// Marsaglia's xorshift: enough to vary a text.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 20) % limit as u64) as usize
    }
}
