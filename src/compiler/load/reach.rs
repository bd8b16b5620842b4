//! What of the library a program can reach, by names alone.
//!
//! A program uses a small part of the packages that it imports, and to parse, check and compile the rest would be most
//! of the work on a short script. So the library's text is cut down first. A declaration stays if it is named where it
//! can be meant: in its package, behind the name of its package where that is imported, or anywhere in own code; a
//! method, if its type stays and its name stands behind a dot or in an interface. Scopes are not regarded, so what
//! stays is always enough, and what goes leaves empty lines, so that places stay what they are. Which declarations
//! there are and what they mention is known since the build (`build/outline.rs`).
//!
//! Whoever finds anything wrong in such a program loads it again with the whole library: nothing that is said about a
//! program depends on this module.

use rustc_hash::FxHashMap;

use super::library;

/// What the library declares. Names, files and pieces are known by their positions; a pair of numbers is where
/// something begins and ends, mostly in `lists`.
struct Outline {
    /// The texts of names, one after another.
    texts: &'static str,
    /// Names, sorted by text; equal ones of several packages lie together.
    names: &'static [Name],
    /// The sources, in the order of [`library::SOURCES`].
    files: &'static [File],
    pieces: &'static [Piece],
    packages: &'static [&'static str],
    lists: &'static [u32],
}

/// A declared name.
struct Name {
    at: u32,
    len: u32,
    /// Its package; none for a method's name.
    package: u32,
    /// The pieces that declare it or, if it is a type, its methods.
    declarers: [u32; 2],
}

/// A source.
struct File {
    package: u32,
    /// Where the package clause and the imports end.
    head: u32,
    /// Lines and packages.
    imports: [u32; 2],
    pieces: [u32; 2],
}

/// A declaration.
struct Piece {
    file: u32,
    text: [u32; 2],
    /// The lines of the comments above it.
    above: u32,
    /// Which of these is the directive that shows a name to scripts, if there is one.
    export: u32,
    /// Its line breaks.
    lines: u32,
    declares: [u32; 2],
    /// The type of a method.
    receiver: u32,
    /// Names that its words can mean.
    mentions: [u32; 2],
    /// Which of its file's imports it uses, as bits.
    uses: u64,
}

/// No name, package or line.
const NONE: u32 = u32::MAX;

static OUTLINE: Outline = include!(concat!(env!("OUT_DIR"), "/outline.rs"));

/// Names that are used without being written: the machine makes errors.
const ROOTS: &[(Option<&str>, &str)] = &[
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

impl Outline {
    fn list(&self, [start, end]: [u32; 2]) -> &'static [u32] {
        &self.lists[start as usize..end as usize]
    }

    fn text(&self, name: &Name) -> &'static str {
        &self.texts[name.at as usize..][..name.len as usize]
    }

    /// The names with a text.
    fn names(&self, text: &str) -> impl Iterator<Item = u32> + use<'_> {
        let start = self.names.partition_point(|name| self.text(name) < text);
        let count = self.names[start..].iter().take_while(|name| self.text(name) == text).count();
        (start..start + count).map(|name| name as u32)
    }
}

/// The sources of the library that a program can reach, by name.
pub(super) struct Reachable {
    texts: FxHashMap<&'static str, String>,
}

/// What has been reached so far.
struct Search {
    /// Packages that are imported, by own code or by one that is.
    loaded: Vec<bool>,
    named: Vec<bool>,
    stays: Vec<bool>,
    /// Which of a file's imports are used, as bits.
    used: Vec<u64>,
    /// Names that have been reached, and pieces that stay, of which nothing has followed yet.
    names: Vec<u32>,
    pieces: Vec<u32>,
}

impl Reachable {
    /// The text of a source; none if all of it can be left out.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.texts.get(name).map(String::as_str)
    }

    /// What of `packages`, which own code imports, and of what those import, a program can reach, in whose own code
    /// `words` occur.
    pub fn new<'w>(packages: &[&'static str], words: impl Iterator<Item = &'w str>) -> Self {
        let outline = &OUTLINE;
        let mut search = Search {
            loaded: vec![false; outline.packages.len()],
            named: vec![false; outline.names.len()],
            stays: vec![false; outline.pieces.len()],
            used: vec![0; outline.files.len()],
            names: Vec::new(),
            pieces: Vec::new(),
        };
        let is_imported: Vec<bool> = outline.packages.iter().map(|path| packages.contains(path)).collect();
        search.load(&is_imported);
        for word in words {
            for name in outline.names(word) {
                let package = outline.names[name as usize].package;
                if package == NONE || is_imported[package as usize] {
                    search.name(name);
                }
            }
        }
        for &(package, text) in ROOTS {
            let package = package.map(|path| outline.packages.binary_search(&path).unwrap_or(NONE as usize) as u32);
            outline
                .names(text)
                .filter(|&name| outline.names[name as usize].package == package.unwrap_or(NONE))
                .for_each(|name| search.name(name));
        }
        outline.names("init").for_each(|name| search.name(name));
        search.follow();
        let mut texts = FxHashMap::default();
        for ((file, used), &(name, text)) in outline.files.iter().zip(&search.used).zip(library::SOURCES) {
            if search.loaded[file.package as usize]
                && let Some(text) = cut(file, *used, &search.stays, text)
            {
                texts.insert(name, text);
            }
        }
        Self { texts }
    }
}

impl Search {
    /// Notes the packages that are imported, and what those import.
    fn load(&mut self, is_imported: &[bool]) {
        self.loaded.copy_from_slice(is_imported);
        let mut imports: Vec<Vec<u32>> = vec![Vec::new(); OUTLINE.packages.len()];
        for file in OUTLINE.files {
            imports[file.package as usize].extend(OUTLINE.list(file.imports).iter().skip(1).step_by(2));
        }
        let mut todo: Vec<usize> = (0..is_imported.len()).filter(|&package| is_imported[package]).collect();
        while let Some(package) = todo.pop() {
            for &import in &imports[package] {
                if !std::mem::replace(&mut self.loaded[import as usize], true) {
                    todo.push(import as usize);
                }
            }
        }
    }

    fn name(&mut self, name: u32) {
        if !std::mem::replace(&mut self.named[name as usize], true) {
            self.names.push(name);
        }
    }

    /// Finds all that what has been named leads to.
    fn follow(&mut self) {
        loop {
            while let Some(name) = self.names.pop() {
                for &piece in OUTLINE.list(OUTLINE.names[name as usize].declarers) {
                    self.declaration(piece);
                }
            }
            let Some(piece) = self.pieces.pop() else { return };
            let piece = &OUTLINE.pieces[piece as usize];
            self.used[piece.file as usize] |= piece.uses;
            OUTLINE.list(piece.mentions).iter().for_each(|&name| self.name(name));
        }
    }

    /// A piece stays if what it declares is named, and the type whose method it is.
    fn declaration(&mut self, number: u32) {
        let piece = &OUTLINE.pieces[number as usize];
        let is_named = |&name: &u32| self.named[name as usize];
        if self.loaded[OUTLINE.files[piece.file as usize].package as usize]
            && OUTLINE.list(piece.declares).iter().any(is_named)
            && (piece.receiver == NONE || is_named(&piece.receiver))
            && !std::mem::replace(&mut self.stays[number as usize], true)
        {
            self.pieces.push(number);
        }
    }
}

/// A source's text without what cannot be reached; none if that is all.
fn cut(file: &File, used: u64, stays: &[bool], text: &str) -> Option<String> {
    let [first, end] = file.pieces.map(|piece| piece as usize);
    if !stays[first..end].contains(&true) {
        return None;
    }
    let mut cut = String::with_capacity(text.len());
    let mut imports = OUTLINE.list(file.imports).chunks_exact(2).zip(0..).peekable();
    for (number, line) in (0..).zip(text[..file.head as usize].split_inclusive('\n')) {
        let import = imports.next_if(|(import, _)| import[0] == number);
        let goes = line.starts_with("//") || import.is_some_and(|(_, i)| used >> i & 1 == 0);
        cut.push_str(if goes { "\n" } else { line });
    }
    let lines = |cut: &mut String, count: u32| cut.extend(std::iter::repeat_n('\n', count as usize));
    for (piece, stays) in OUTLINE.pieces[first..end].iter().zip(&stays[first..end]) {
        if !stays {
            lines(&mut cut, piece.above + piece.lines);
            continue;
        }
        if piece.export == NONE {
            lines(&mut cut, piece.above);
        } else {
            lines(&mut cut, piece.export);
            cut.push_str(EXPORT);
            lines(&mut cut, piece.above - piece.export - 1);
        }
        cut.push_str(&text[piece.text[0] as usize..piece.text[1] as usize]);
    }
    Some(cut)
}

#[cfg(test)]
#[path = "../../../build/outline.rs"]
#[expect(dead_code, reason = "what only the build uses")]
mod outline;

#[cfg(test)]
mod tests {
    use super::*;

    use super::outline::{Import, Source, words};

    const TEXT: &str = "// Package p.\npackage p\n\nimport (\n\t\"a\"\n\tother \"b/c\"\n)\n\n// T\n//\n//vm:export\n\
        type T struct{ f int }\n\nfunc (t *T[K]) M() { a.F('\\'', other, \"x\", `y`) } // z\n\nconst (\n\tA, B = 1, \
        2\n)\n";

    #[test]
    fn a_source_falls_into_declarations() {
        let source = Source::new("p", TEXT);
        let import = |line, name, path| Import { line, name, path };
        assert_eq!(source.imports, [import(4, "a", "a"), import(5, "other", "b/c")]);
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

    fn reached(packages: &[&'static str], words: &[&str]) -> Reachable {
        Reachable::new(packages, words.iter().copied())
    }

    #[test]
    fn what_goes_leaves_its_lines() {
        let reached = reached(&["runtime", "strings"], &["Repeat", "gc"]);
        for (name, cut) in &reached.texts {
            let (_, text) = library::SOURCES.iter().find(|(known, _)| known == name).unwrap();
            assert_eq!(cut.lines().count(), text.lines().count(), "{name}");
            for (cut, line) in cut.lines().zip(text.lines()) {
                assert!(cut == line || cut.is_empty(), "{name}: {cut}");
            }
        }
        let exported = |(_, text): (_, &String)| text.contains("//vm:export\nfunc gc(");
        assert!(reached.texts.iter().any(exported) && reached.texts.values().any(|text| !text.contains("import")));
    }

    #[test]
    fn what_is_named_is_reached() {
        let all = |reached: &Reachable| reached.texts.values().map(String::as_str).collect::<String>();
        let few = all(&reached(&["strings"], &["Repeat"]));
        assert!(few.contains("func Repeat(") && !few.contains("func Fields("));
        let more = all(&reached(&["strings"], &["Builder", "WriteString"]));
        assert!(more.contains("func (b *Builder) WriteString(") && !more.contains("func (b *Builder) Cap("));
    }
}
