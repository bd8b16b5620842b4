//! The outline of the library's sources: which declarations there are, and which names each of them mentions.
//!
//! A source falls into declarations, which begin at lines with a keyword; it is read by lines, as the formatter leaves
//! them, and by words, without scopes. What a program can reach is found with this table
//! (`src/compiler/load/reach.rs`), so whatever a word could mean counts as mentioned.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// The directive by which a package shows a lower-case name to scripts.
const EXPORT: &str = "//vm:export\n";

/// The words that declarations begin with.
const KEYWORDS: [&str; 4] = ["func ", "type ", "var ", "const "];

/// A declared name: the path of the package, or none for a method, and the name.
pub type Name<'t> = (Option<&'t str>, &'t str);

/// A source file.
pub struct Source<'t> {
    /// The path of its package.
    package: &'t str,
    /// What it imports.
    pub imports: Vec<Import<'t>>,
    /// Where the first declaration's comments begin: what stands before are the package clause and the imports.
    head: usize,
    /// Its declarations.
    pub pieces: Vec<Piece<'t>>,
}

/// An import.
#[derive(PartialEq, Eq, Debug)]
pub struct Import<'t> {
    /// The line, from 0.
    pub line: usize,
    /// The name in the file.
    pub name: &'t str,
    /// The path of the package.
    pub path: &'t str,
}

/// A declaration.
pub struct Piece<'t> {
    /// Where the comments and empty lines above it begin.
    start: usize,
    /// Those.
    pub above: &'t str,
    /// The declaration.
    pub text: &'t str,
    /// What it declares.
    pub names: Vec<Name<'t>>,
    /// The type of a method.
    pub receiver: Option<Name<'t>>,
}

impl<'t> Source<'t> {
    /// The outline of a source of a package.
    pub fn new(package: &'t str, text: &'t str) -> Self {
        let (imports, pieces) = (Vec::new(), Vec::new());
        let mut source = Self { package, imports, head: 0, pieces };
        let piece =
            |above: usize, begin: usize, end: usize| Piece::new(package, above, &text[above..begin], &text[begin..end]);
        // Where the last line ends that is neither empty nor a comment, and where the declaration begins.
        let (mut at, mut end, mut above, mut begin) = (0, 0, 0, None);
        for line in text.split_inclusive('\n') {
            if KEYWORDS.iter().any(|keyword| line.starts_with(keyword)) {
                match begin {
                    Some(begin) => source.pieces.push(piece(above, begin, end)),
                    None => source.head = end,
                }
                (above, begin) = (end, Some(at));
            }
            at += line.len();
            if !line.starts_with("//") && line != "\n" {
                end = at;
            }
        }
        match begin {
            Some(begin) => source.pieces.push(piece(above, begin, text.len())),
            None => source.head = text.len(),
        }
        source.imports =
            text[..source.head].lines().enumerate().filter_map(|(line, text)| import(line, text)).collect();
        source
    }

    /// What the words of a declaration can mean, and which imports they use.
    fn mentioned(&self, piece: &Piece<'t>) -> (BTreeSet<Name<'t>>, u64) {
        let (mut names, mut used) = (BTreeSet::new(), 0);
        let has_interface = piece.text.contains("interface {") || piece.text.contains("interface{ ");
        for word in words(piece.text) {
            if let Some(of) = word.of {
                if let Some(i) = self.imports.iter().position(|import| import.name == of) {
                    used |= 1 << i;
                    names.insert((Some(self.imports[i].path), word.text));
                } else {
                    names.insert((None, word.text));
                }
                continue;
            }
            if word.is_selector {
                names.insert((None, word.text));
                continue;
            }
            names.insert((Some(self.package), word.text));
            if has_interface {
                names.insert((None, word.text));
            }
        }
        (names, used)
    }
}

impl<'t> Piece<'t> {
    fn new(package: &'t str, start: usize, above: &'t str, text: &'t str) -> Self {
        let mut piece = Self { start, above, text, names: Vec::new(), receiver: None };
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

/// The import in a line, if it is one.
fn import(line: usize, text: &str) -> Option<Import<'_>> {
    let rest = text.strip_prefix("import ").or_else(|| text.strip_prefix('\t'))?;
    let (name, path) = rest.split_once('"')?;
    let path = path.split('"').next()?;
    let name = name.trim_end();
    Some(Import { line, name: if name.is_empty() { path.rsplit('/').next()? } else { name }, path })
}

fn is_word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_' || b >= 0x80
}

/// A name or keyword in a text.
pub struct Word<'t> {
    /// The word.
    pub text: &'t str,
    /// Whether it stands behind a dot.
    pub is_selector: bool,
    /// The name before the dot, if it is not behind one itself.
    pub of: Option<&'t str>,
}

/// The words of a text, without comments and literals.
pub fn words(text: &str) -> impl Iterator<Item = Word<'_>> {
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

/// Lists of numbers, one after another; a list is known by where it begins and ends.
#[derive(Default)]
struct Lists(Vec<u32>);

impl Lists {
    fn add(&mut self, numbers: impl IntoIterator<Item = u32>) -> String {
        let start = self.0.len();
        self.0.extend(numbers);
        format!("[{start}, {}]", self.0.len())
    }
}

/// The outline of sources as Rust source: a value of the type `Outline` in `src/compiler/load/reach.rs`. A file has the
/// path of its package, and its text.
pub fn table(files: &[(String, String)]) -> Result<String, Box<dyn std::error::Error>> {
    let sources: Vec<Source<'_>> = files.iter().map(|(package, text)| Source::new(package, text)).collect();
    let packages: BTreeMap<&str, u32> =
        sources.iter().map(|s| s.package).collect::<BTreeSet<_>>().into_iter().zip(0..).collect();
    let number = |path: &str| packages.get(path).copied().ok_or(format!("there is no package {path}"));
    // By their text, so that what a word can mean lies together.
    let mut declarers: BTreeMap<(&str, Option<&str>), Vec<u32>> = BTreeMap::new();
    for (piece, p) in sources.iter().flat_map(|source| &source.pieces).zip(0..) {
        for &(package, name) in piece.names.iter().chain(&piece.receiver) {
            declarers.entry((name, package)).or_default().push(p);
        }
    }
    let names: BTreeMap<(&str, Option<&str>), u32> = declarers.keys().copied().zip(0..).collect();
    let mut lists = Lists::default();
    let (mut texts, mut rows) = (String::new(), String::new());
    for (&(text, package), pieces) in &declarers {
        let package = package.map_or(Ok(u32::MAX), number)?;
        let pieces = lists.add(pieces.iter().copied());
        writeln!(
            rows,
            "Name {{ at: {}, len: {}, package: {package}, declarers: {pieces} }},",
            texts.len(),
            text.len()
        )?;
        texts.push_str(text);
    }
    let mut out = format!("Outline {{\ntexts: {texts:?},\nnames: &[\n{rows}],\nfiles: &[\n");
    let mut pieces = String::new();
    let mut count = 0;
    for (source, file) in sources.iter().zip(0..) {
        let mut imports = Vec::new();
        for import in &source.imports {
            imports.extend([u32::try_from(import.line)?, number(import.path)?]);
        }
        let first = count;
        for piece in &source.pieces {
            let (mentioned, uses) = source.mentioned(piece);
            let id = |&(package, name): &Name<'_>| names.get(&(name, package)).copied();
            let declares = lists.add(piece.names.iter().filter_map(id));
            let receiver = piece.receiver.as_ref().and_then(id).unwrap_or(u32::MAX);
            let mentions = lists.add(mentioned.iter().filter_map(id));
            let export = piece.above.split_inclusive('\n').position(|line| line == EXPORT);
            let lines = piece.above.matches('\n').count();
            let begin = piece.start + piece.above.len();
            writeln!(
                pieces,
                "Piece {{ file: {file}, text: [{begin}, {}], above: {lines}, export: {}, lines: {}, declares: \
                 {declares}, receiver: {receiver}, mentions: {mentions}, uses: {uses} }},",
                begin + piece.text.len(),
                export.map_or(u32::MAX, |line| line as u32),
                piece.text.matches('\n').count(),
            )?;
            count += 1;
        }
        let imports = lists.add(imports);
        let package = number(source.package)?;
        writeln!(
            out,
            "File {{ package: {package}, head: {}, imports: {imports}, pieces: [{first}, {count}] }},",
            source.head
        )?;
    }
    let paths: Vec<&str> = packages.keys().copied().collect();
    writeln!(out, "],\npieces: &[\n{pieces}],\npackages: &{paths:?},\nlists: &{:?},\n}}", lists.0)?;
    Ok(out)
}
