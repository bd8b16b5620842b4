//! What of the library a program can reach, by names alone.
//!
//! A program uses a small part of the packages that it imports, and to parse, check and compile the rest would be most
//! of the work on a short script. So the library's text is cut down first. A declaration stays if it is named where it
//! can be meant: in its package, behind the name of its package where that is imported, or anywhere in own code; a
//! method, if its type stays and its name stands behind a dot or in an interface. Scopes are not regarded, so what
//! stays is always enough, and what goes leaves empty lines, so that places stay what they are. The text is read by
//! lines, as the formatter of the library's sources leaves them.
//!
//! Whoever finds anything wrong in such a program loads it again with the whole library: nothing that is said about a
//! program depends on this module.

use rustc_hash::{FxHashMap, FxHashSet};

use super::library;

/// A declared name: the path of the package, or none for a method, and the name.
type Name = (Option<&'static str>, &'static str);

/// Names that are used without being written, beside `init`: the machine makes errors.
const ROOTS: &[Name] = &[
    (None, "Error"),
    (Some("runtime"), "errorString"),
    (Some("runtime"), "boundsError"),
    (Some("runtime"), "plainError"),
    (Some("runtime"), "TypeAssertionError"),
    (Some("runtime"), "PanicNilError"),
    (Some("runtime"), "stringer"),
];

/// The directive by which a package shows a lower-case name to scripts.
const EXPORT: &str = "//vm:export\n";

/// The words that declarations begin with.
const KEYWORDS: [&str; 4] = ["func ", "type ", "var ", "const "];

/// The sources of the library that a program can reach, by name.
pub(super) struct Reachable {
    texts: FxHashMap<&'static str, String>,
}

impl Reachable {
    /// The text of a source; none if all of it can be left out.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.texts.get(name).map(String::as_str)
    }

    /// What of `packages`, which own code imports, and of what those import, a program can reach. `is_named` says
    /// whether a name occurs in own code.
    pub fn new(packages: &[&'static str], is_named: impl Fn(&str) -> bool) -> Self {
        let mut sources = sources(packages);
        let mut named: FxHashSet<Name> = ROOTS.iter().copied().collect();
        let mut waiting: FxHashMap<Name, Vec<(usize, usize)>> = FxHashMap::default();
        let mut todo = Vec::new();
        for (s, source) in sources.iter().enumerate() {
            let is_imported = packages.contains(&source.package);
            for (p, piece) in source.pieces.iter().enumerate() {
                for &name in piece.names.iter().chain(&piece.receiver) {
                    let can_be_meant = name.0.is_none() || is_imported;
                    if name.1 == "init" || can_be_meant && !named.contains(&name) && is_named(name.1) {
                        named.insert(name);
                    }
                    if named.contains(&name) {
                        todo.push((s, p));
                    } else {
                        waiting.entry(name).or_default().push((s, p));
                    }
                }
            }
        }
        while let Some((s, p)) = todo.pop() {
            let source = &mut sources[s];
            let piece = &mut source.pieces[p];
            let wanted = piece.names.iter().any(|name| named.contains(name));
            if piece.stays || !wanted || piece.receiver.is_some_and(|ty| !named.contains(&ty)) {
                continue;
            }
            piece.stays = true;
            let has_interface = piece.text.contains("interface {") || piece.text.contains("interface{ ");
            for word in words(piece.text) {
                let mut meant = [Some((Some(source.package), word.text)), None];
                if let Some(of) = word.of {
                    let import = source.imports.iter().find(|(name, _)| *name == of);
                    source.used.extend(import.map(|(name, _)| *name));
                    meant[0] = Some((import.map(|(_, path)| *path), word.text));
                } else if word.is_selector {
                    meant[0] = Some((None, word.text));
                } else if has_interface {
                    meant[1] = Some((None, word.text));
                }
                for name in meant.into_iter().flatten() {
                    if named.insert(name) {
                        todo.extend(waiting.remove(&name).unwrap_or_default());
                    }
                }
            }
        }
        let texts = sources.iter().filter_map(|source| Some((source.name, source.cut()?))).collect();
        Self { texts }
    }
}

/// A source file.
struct Source {
    name: &'static str,
    /// The path of its package.
    package: &'static str,
    /// Names and paths of what it imports.
    imports: Vec<(&'static str, &'static str)>,
    /// What stands before the first declaration: the package clause and the imports.
    head: &'static str,
    pieces: Vec<Piece>,
    /// The names of packages in the pieces that stay.
    used: FxHashSet<&'static str>,
}

/// A declaration.
struct Piece {
    /// The comments and empty lines above it.
    above: &'static str,
    text: &'static str,
    /// What it declares.
    names: Vec<Name>,
    /// The type of a method.
    receiver: Option<Name>,
    stays: bool,
}

/// The files of packages and of what those import.
fn sources(packages: &[&'static str]) -> Vec<Source> {
    let mut seen: FxHashSet<&'static str> = packages.iter().copied().collect();
    let mut todo = packages.to_vec();
    let mut sources = Vec::new();
    while let Some(path) = todo.pop() {
        for (name, text) in library::sources(path) {
            let source = Source::new(path, name, text);
            todo.extend(source.imports.iter().map(|(_, path)| *path).filter(|path| seen.insert(path)));
            sources.push(source);
        }
    }
    sources
}

impl Source {
    fn new(package: &'static str, name: &'static str, text: &'static str) -> Self {
        let (imports, pieces) = (Vec::new(), Vec::new());
        let mut source = Self { name, package, imports, head: "", pieces, used: FxHashSet::default() };
        let piece = |above, text| Piece::new(package, above, text);
        // Where the last line ends that is neither empty nor a comment, and where the declaration begins.
        let (mut at, mut end, mut above, mut begin) = (0, 0, 0, None);
        for line in text.split_inclusive('\n') {
            if KEYWORDS.iter().any(|keyword| line.starts_with(keyword)) {
                match begin {
                    Some(begin) => source.pieces.push(piece(&text[above..begin], &text[begin..end])),
                    None => source.head = &text[..end],
                }
                (above, begin) = (end, Some(at));
            }
            at += line.len();
            if !line.starts_with("//") && line != "\n" {
                end = at;
            }
        }
        match begin {
            Some(begin) => source.pieces.push(piece(&text[above..begin], &text[begin..])),
            None => source.head = text,
        }
        source.imports = source.head.lines().filter_map(import).collect();
        source
    }

    /// Its text without what cannot be reached; none if that is all.
    fn cut(&self) -> Option<String> {
        let mut text = String::new();
        for line in self.head.split_inclusive('\n') {
            let goes = line.starts_with("//") || import(line).is_some_and(|(name, _)| !self.used.contains(name));
            text.push_str(if goes { "\n" } else { line });
        }
        for piece in &self.pieces {
            for line in piece.above.split_inclusive('\n') {
                text.push_str(if piece.stays && line == EXPORT { line } else { "\n" });
            }
            if piece.stays {
                text.push_str(piece.text);
            } else {
                text.extend(piece.text.matches('\n'));
            }
        }
        self.pieces.iter().any(|piece| piece.stays).then_some(text)
    }
}

impl Piece {
    fn new(package: &'static str, above: &'static str, text: &'static str) -> Self {
        let mut piece = Self { above, text, names: Vec::new(), receiver: None, stays: false };
        let (keyword, rest) = text.split_once(' ').unwrap_or((text, ""));
        if let Some(group) = rest.strip_prefix("(\n") {
            for line in group.lines().filter_map(|line| line.strip_prefix('\t')) {
                piece.names.extend(declared(line).map(|name| (Some(package), name)));
            }
        } else if let Some(method) = rest.strip_prefix('(').filter(|_| keyword == "func") {
            // The receiver: a name if there is one, a star, the type and its parameters.
            let (receiver, name) = method.split_once(") ").unwrap_or((method, ""));
            let ty = receiver.split('[').next().unwrap_or(receiver);
            piece.receiver = words(ty).last().map(|word| (Some(package), word.text));
            piece.names.extend(declared(name).map(|name| (None, name)));
        } else {
            piece.names.extend(declared(rest).map(|name| (Some(package), name)));
        }
        piece
    }
}

/// The names in the list that a text begins with.
fn declared(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let (name, behind) = text.split_at(text.bytes().take_while(|&b| is_word(b)).count());
        rest = behind.strip_prefix(", ");
        (!name.is_empty()).then_some(name)
    })
}

/// The name and the path of an import, if the line is one.
fn import(line: &'static str) -> Option<(&'static str, &'static str)> {
    let rest = line.strip_prefix("import ").or_else(|| line.strip_prefix('\t'))?;
    let (name, path) = rest.split_once('"')?;
    let path = path.split('"').next()?;
    let name = name.trim_end();
    Some((if name.is_empty() { path.rsplit('/').next()? } else { name }, path))
}

fn is_word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_' || b >= 0x80
}

/// A name or keyword in a text.
struct Word<'t> {
    text: &'t str,
    /// Whether it stands behind a dot.
    is_selector: bool,
    /// The name before the dot, if it is not behind one itself.
    of: Option<&'t str>,
}

/// The words of a text, without comments and literals.
fn words(text: &str) -> impl Iterator<Item = Word<'_>> {
    let bytes = text.as_bytes();
    let mut at = 0;
    // The last word that was no selector, and where it ended.
    let (mut last, mut last_end) = ("", 0);
    std::iter::from_fn(move || {
        while let Some(&b) = bytes.get(at) {
            let start = at;
            at += 1;
            match b {
                b'/' if bytes.get(at) == Some(&b'/') => {
                    at += bytes[at..].iter().take_while(|&&b| b != b'\n').count();
                }
                b'`' => at += bytes[at..].iter().take_while(|&&b| b != b'`').count() + 1,
                b'"' | b'\'' => {
                    while let Some(&next) = bytes.get(at).filter(|&&next| next != b) {
                        at += if next == b'\\' { 2 } else { 1 };
                    }
                    at += 1;
                }
                _ if is_word(b) => {
                    at += bytes[at..].iter().take_while(|&&b| is_word(b)).count();
                    let word = &text[start..at];
                    if b.is_ascii_digit() {
                        continue;
                    }
                    let is_selector = start > 0 && bytes[start - 1] == b'.' && !text[..start].ends_with("...");
                    let of = (is_selector && last_end + 1 == start && last_end > 0).then_some(last);
                    if !is_selector {
                        (last, last_end) = (word, at);
                    }
                    return Some(Word { text: word, is_selector, of });
                }
                _ => {}
            }
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "// Package p.\npackage p\n\nimport (\n\t\"a\"\n\tother \"b/c\"\n)\n\n// T\n//\n//vm:export\n\
        type T struct{ f int }\n\nfunc (t *T[K]) M() { a.F('\\'', other, \"x\", `y`) } // z\n\nconst (\n\tA, B = 1, \
        2\n)\n";

    #[test]
    fn a_source_falls_into_declarations() {
        let source = Source::new("p", "p/p.lang", TEXT);
        assert_eq!(source.imports, [("a", "a"), ("other", "b/c")]);
        let own = |name| (Some("p"), name);
        let shown: Vec<_> = source.pieces.iter().map(|piece| (piece.names.clone(), piece.receiver)).collect();
        let wanted = [(vec![own("T")], None), (vec![(None, "M")], Some(own("T"))), (vec![own("A"), own("B")], None)];
        assert_eq!(shown, wanted);
        assert_eq!(source.pieces[0].above, "\n// T\n//\n//vm:export\n");
        let names: Vec<_> = words(source.pieces[1].text).map(|word| word.text).collect();
        assert_eq!(names, ["func", "t", "T", "K", "M", "a", "F", "other"]);
    }

    #[test]
    fn words_know_what_they_belong_to() {
        let shown: Vec<_> = words("a.b.c(d...) [...]e .f").map(|w| (w.text, w.is_selector, w.of)).collect();
        let plain = |text| (text, false, None);
        let wanted = [plain("a"), ("b", true, Some("a")), ("c", true, None), plain("d"), plain("e"), ("f", true, None)];
        assert_eq!(shown, wanted);
    }

    #[test]
    fn what_goes_leaves_its_lines() {
        let mut source = Source::new("p", "p/p.lang", TEXT);
        assert_eq!(source.cut(), None);
        source.pieces[0].stays = true;
        source.used.insert("a");
        let text = source.cut().unwrap();
        assert_eq!(text.lines().count(), TEXT.lines().count());
        let left: Vec<_> = text.lines().enumerate().filter(|(_, line)| !line.is_empty()).collect();
        let wanted = [
            (1, "package p"),
            (3, "import ("),
            (4, "\t\"a\""),
            (6, ")"),
            (10, "//vm:export"),
            (11, "type T struct{ f int }"),
        ];
        assert_eq!(left, wanted);
    }

    #[test]
    fn what_is_named_is_reached() {
        let reached = |names: &[&str]| Reachable::new(&["strings"], |name| names.contains(&name));
        let all = |reached: &Reachable| reached.texts.values().map(String::as_str).collect::<String>();
        let few = all(&reached(&["Repeat"]));
        assert!(few.contains("func Repeat(") && !few.contains("func Fields("));
        let more = all(&reached(&["Builder", "WriteString"]));
        assert!(more.contains("func (b *Builder) WriteString(") && !more.contains("func (b *Builder) Cap("));
    }
}
