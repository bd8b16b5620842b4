//! The adaptor between the token automaton and the grammar.
//!
//! It fills a buffer with whole *items* (what ends with a semicolon outside of all brackets) and settles there what
//! an LR(1) grammar cannot know:
//! - **Semicolons** are added by Go's rule: at the end of a line, of the file, or at a comment that holds a line break.
//! - **Block braces**: in the header of if, for, switch and select, at the header's own bracket level, `{` opens the
//!   block, unless it belongs to `struct`, `interface` or a function literal. It becomes [`Token::BlockLBrace`].
//! - **Results**: `)` behind the parameters of a function type becomes [`Token::ResultRParen`] when what follows can
//!   only be a result.
//! - **Type parameters**: in `type T[P …`, a name first in its entry becomes [`Token::TypeParam`] when what follows
//!   cannot continue an expression. `P *C` and `P (C)` stay expressions; the builder decides.
//! - **Declarations**: `func` that begins a declaration becomes [`Token::FuncDecl`].
//!
//! Depth is bounded here, before the parser sees a token: every bracket and every token that can deepen the tree
//! counts until its list element or statement ends. Beyond [`MAX_DEPTH`] the text is cut off with one diagnostic.

use logos::Logos;

use super::token::{Faults, Semi, Token};
use crate::base::Span;
use crate::compiler::diag::{Code, Diagnostic};

/// How deep the tree of a file may become.
pub const MAX_DEPTH: u32 = 10_000;
/// Tokens after which the buffer is handed over at the next end of an item.
const CHUNK: usize = 2_048;
/// Faults after which no more are noted.
const MAX_FAULTS: usize = 1_000;
/// How many unclosed brackets a closing one may pass over.
const REACH: usize = 16;

/// A token with its place.
#[derive(Clone, Copy, Debug)]
pub struct Spanned {
    /// Which.
    pub token: Token,
    /// First byte.
    pub lo: u32,
    /// One past the last byte.
    pub hi: u32,
}

/// What [`Lexer::fill`] found.
#[derive(Default)]
pub struct Chunk {
    /// The tokens of whole items; at the end of the file possibly of an unfinished one.
    pub tokens: Vec<Spanned>,
    /// Where each item begins.
    pub items: Vec<u32>,
}

/// A pair of brackets, or outside of all.
#[derive(Clone, Copy, Default)]
struct Level {
    /// The opening token; none outside of all brackets.
    open: Option<Token>,
    /// In a header whose block is still to come.
    header: bool,
    /// The next `{` belongs to `struct` or `interface`.
    type_body: bool,
    /// The next `{` in a header belongs to a function literal.
    func_body: bool,
    /// The next `{` in a header belongs to a literal of an array, slice, struct or map type.
    literal_body: bool,
    /// These are the parameters of a function type.
    func_params: bool,
    /// The group of a `type` declaration.
    type_group: bool,
    /// The brackets behind the name of a type declaration.
    type_brackets: bool,
    /// It is known that they hold type parameters.
    type_params: bool,
    /// Token index of the start of the current list element.
    element: u32,
    /// Depth outside of these brackets.
    depth: u32,
    /// Depth added by the current element or statement.
    weight: u32,
}

impl Level {
    #[inline]
    fn is_brace(&self) -> bool {
        self.open == Some(Token::LBrace)
    }
}

/// Reads one file.
pub struct Lexer<'s> {
    automaton: logos::Lexer<'s, Token>,
    base: u32,
    /// Whether a line break would be a semicolon.
    newline_ends: bool,
    /// Whether the previous token closed the parameters of a function type.
    after_params: bool,
    /// Whether a `//vm:export` awaits its declaration.
    export: bool,
    /// Whether the file has a package clause: then `func` outside of brackets always declares.
    program: bool,
    current: Level,
    outer: Vec<Level>,
    /// How many of the levels are braces.
    braces: u32,
    ended: bool,
    /// Whether the depth limit ended the file early.
    pub cut: bool,
    /// What was wrong.
    pub diagnostics: Vec<Diagnostic>,
    /// Starts of the tokens that `//vm:export` precedes.
    pub exports: Vec<u32>,
    /// Starts of literals whose value must not be looked at, ascending.
    pub bad_literals: Vec<u32>,
}

impl<'s> Lexer<'s> {
    /// A lexer of `text`, whose first byte is at position `base`.
    pub fn new(text: &'s str, base: u32) -> Self {
        let mut lexer = Self {
            automaton: Token::lexer_with_extras(text, Faults::default()),
            base,
            newline_ends: false,
            after_params: false,
            export: false,
            program: false,
            current: Level::default(),
            outer: Vec::new(),
            braces: 0,
            ended: false,
            cut: false,
            diagnostics: Vec::new(),
            exports: Vec::new(),
            bad_literals: Vec::new(),
        };
        lexer.check_characters(text);
        lexer.skip_preamble(text);
        lexer
    }

    /// The byte order mark, and a first line that begins with `#!`.
    fn skip_preamble(&mut self, text: &str) {
        let mut skip = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        if let Some(rest) = text.get(skip..).filter(|rest| rest.starts_with("#!")) {
            skip += rest.find('\n').unwrap_or(rest.len());
        }
        self.automaton.bump(skip);
    }

    /// Reports characters that may stand nowhere, not even in comments; the automaton takes them for blanks.
    fn check_characters(&mut self, text: &str) {
        if text.as_bytes().contains(&0) {
            for (i, _) in text.match_indices('\0') {
                self.fault(i, 1, Code::InvalidCharacter, "invalid NUL character");
            }
        }
        for (i, bom) in text.match_indices('\u{feff}').filter(|&(i, _)| i > 0) {
            self.fault(i, bom.len(), Code::InvalidCharacter, "invalid BOM in the middle of the file");
        }
    }

    #[cold]
    fn fault(&mut self, offset: usize, len: usize, code: Code, message: impl Into<String>) {
        if self.diagnostics.len() >= MAX_FAULTS {
            return;
        }
        let lo = self.base + offset as u32;
        self.diagnostics.push(Diagnostic::error(code, Span::new(lo, lo + len as u32), message));
    }

    /// Position of the end of the text.
    pub fn end(&self) -> u32 {
        self.base + self.automaton.source().len() as u32
    }

    /// Puts the next items into `chunk`, behind what it holds. False when the file has ended.
    pub fn fill(&mut self, chunk: &mut Chunk) -> bool {
        if self.ended {
            return false;
        }
        chunk.items.push(chunk.tokens.len() as u32);
        while let Some(result) = self.automaton.next() {
            let range = self.automaton.span();
            let (lo, hi) = (self.base + range.start as u32, self.base + range.end as u32);
            let Ok(token) = result else {
                self.invalid(chunk, lo, hi);
                continue;
            };
            match token {
                Token::Newline => {
                    if self.newline_ends && self.semicolon(chunk, Semi::Newline, lo) {
                        return true;
                    }
                }
                Token::LineComment | Token::BlockComment => {
                    if self.comment(token, chunk, lo) {
                        return true;
                    }
                }
                Token::Semi(kind) => {
                    if self.semicolon(chunk, kind, lo) {
                        return true;
                    }
                }
                _ => self.token(chunk, Spanned { token, lo, hi }),
            }
            if self.ended {
                break;
            }
        }
        self.finish(chunk);
        true
    }

    /// The end of the file.
    fn finish(&mut self, chunk: &mut Chunk) {
        self.take_faults();
        self.ended = true;
        let end = self.end();
        if self.newline_ends {
            self.semicolon(chunk, Semi::Eof, end);
        }
        self.end_item(chunk);
        if chunk.items.last() == Some(&(chunk.tokens.len() as u32)) {
            chunk.items.pop();
        }
    }

    /// A semicolon; true when the chunk is full.
    fn semicolon(&mut self, chunk: &mut Chunk, kind: Semi, lo: u32) -> bool {
        self.newline_ends = false;
        self.after_params = false;
        let hi = if kind == Semi::Eof { lo } else { lo + 1 };
        chunk.tokens.push(Spanned { token: Token::Semi(kind), lo, hi });
        self.end_element(chunk, lo);
        if self.current.open.is_some() || self.current.header {
            return false;
        }
        self.end_item(chunk);
        if kind == Semi::Eof {
            return false;
        }
        let full = chunk.tokens.len() >= CHUNK;
        if !full {
            chunk.items.push(chunk.tokens.len() as u32);
        }
        full
    }

    fn end_element(&mut self, chunk: &Chunk, lo: u32) {
        self.check_depth(lo);
        self.current.weight = 0;
        self.current.element = chunk.tokens.len() as u32;
    }

    fn check_depth(&mut self, lo: u32) {
        if self.current.depth + self.current.weight > MAX_DEPTH && !self.ended {
            let message = format!("nesting too deep: more than {MAX_DEPTH} levels");
            self.diagnostics.push(Diagnostic::error(Code::NestingTooDeep, Span::new(lo, lo + 1), message));
            (self.ended, self.cut) = (true, true);
        }
    }

    /// Any other token.
    #[inline]
    fn token(&mut self, chunk: &mut Chunk, mut next: Spanned) {
        if self.after_params | self.current.type_brackets | self.export {
            self.watch(chunk, next);
        }
        self.newline_ends = next.token.ends_statement();
        match next.token {
            Token::Name | Token::Assign | Token::Define => {}
            Token::Literal(_) if !self.automaton.extras.list.is_empty() => {
                self.take_faults();
                self.bad_literals.push(next.lo);
            }
            Token::LParen | Token::LBrack | Token::LBrace => self.open(chunk, &mut next),
            Token::RParen | Token::RBrack | Token::RBrace => self.close(next),
            Token::Comma => {
                chunk.tokens.push(next);
                self.end_element(chunk, next.lo);
                return;
            }
            Token::If | Token::For | Token::Switch | Token::Select => {
                self.current.header = true;
                self.current.type_body = false;
                self.current.func_body = false;
                self.current.literal_body = false;
            }
            Token::Struct => {
                self.current.type_body = true;
                self.current.literal_body = !self.current.func_body;
            }
            Token::Interface => self.current.type_body = true,
            Token::Map => {
                self.current.literal_body = !self.current.func_body;
                self.current.weight += 1;
            }
            Token::Func => {
                self.current.func_body = true;
                self.current.weight += 1;
            }
            Token::Binary(_)
            | Token::Sign(_)
            | Token::Star
            | Token::Amp
            | Token::Pipe
            | Token::Not
            | Token::Tilde
            | Token::Arrow
            | Token::Dot
            | Token::Chan
            | Token::Else
            | Token::Colon => {
                self.current.weight += 1;
            }
            // A header that lacks its block ends here, but `if var x = …` is a mistake of its own.
            Token::Var
                if chunk.tokens.last().is_some_and(|t| matches!(t.token, Token::If | Token::For | Token::Switch)) => {}
            Token::Case | Token::Default => {
                self.current.header = false;
                // A clause ends the one before it.
                self.current.weight = 0;
            }
            Token::Return | Token::Var | Token::Const | Token::Type | Token::Go | Token::Defer => {
                self.current.header = false;
            }
            _ => {}
        }
        chunk.tokens.push(next);
    }

    /// An opening bracket: what kind it is, and a level for what is inside.
    fn open(&mut self, chunk: &Chunk, next: &mut Spanned) {
        let index = chunk.tokens.len();
        let before = |n: usize| index.checked_sub(n).and_then(|i| chunk.tokens.get(i)).map(|t| t.token);
        let mut inner = Level { open: Some(next.token), element: index as u32 + 1, ..Level::default() };
        match next.token {
            Token::LParen => {
                inner.func_params = before(1) == Some(Token::Func);
                inner.type_group = before(1) == Some(Token::Type);
                // A conversion: what follows is no literal.
                self.current.literal_body &= self.current.func_body || before(1) == Some(Token::RBrack);
                self.current.weight += 1;
            }
            Token::LBrack => {
                let in_group = self.current.type_group && self.current.element + 1 == index as u32;
                inner.type_brackets = before(1) == Some(Token::Name) && (before(2) == Some(Token::Type) || in_group);
                let operand = !before(1).is_some_and(Token::ends_operand);
                self.current.literal_body |= operand && !self.current.func_body;
                self.current.weight += 1;
            }
            _ if self.current.type_body => self.current.type_body = false,
            _ if !self.current.header => {}
            _ if self.current.func_body || self.current.literal_body => {
                self.current.func_body = false;
                self.current.literal_body = false;
            }
            _ => {
                self.current.header = false;
                next.token = Token::BlockLBrace;
            }
        }
        inner.depth = self.current.depth + self.current.weight + u32::from(inner.is_brace());
        self.braces += u32::from(inner.is_brace());
        self.outer.push(self.current);
        self.current = inner;
        self.check_depth(next.lo);
    }

    /// A closing bracket: back to the level outside of its partner. One without a partner changes nothing.
    fn close(&mut self, next: Spanned) {
        self.check_depth(next.lo);
        let partner = match next.token {
            Token::RParen => Token::LParen,
            Token::RBrack => Token::LBrack,
            _ => Token::LBrace,
        };
        while self.current.open != Some(partner) {
            // Unclosed parentheses end with their block; a stray parenthesis ends nothing.
            let known = match partner {
                Token::LBrace => self.braces > 0,
                _ => self.outer.iter().rev().take(REACH).take_while(|l| !l.is_brace()).any(|l| l.open == Some(partner)),
            };
            if !known || (self.current.is_brace() && partner != Token::LBrace) {
                return;
            }
            self.leave();
        }
        self.after_params = self.current.func_params;
        self.leave();
    }

    fn leave(&mut self) {
        self.braces -= u32::from(self.current.is_brace());
        self.current = self.outer.pop().unwrap_or_default();
    }

    /// What depends on the token after: rewrites the one before `next`.
    #[cold]
    fn watch(&mut self, chunk: &mut Chunk, next: Spanned) {
        if std::mem::take(&mut self.export) {
            self.exports.push(next.lo);
        }
        let index = chunk.tokens.len();
        let Some(last) = chunk.tokens.last_mut() else { return };
        if std::mem::take(&mut self.after_params) && next.token.starts_type() {
            last.token = Token::ResultRParen;
        }
        let level = &mut self.current;
        if level.type_brackets && last.token == Token::Name && level.element as usize + 1 == index {
            use Token::{Arrow, Chan, Comma, Func, Interface, LBrack, Map, Name, Struct, Tilde};
            let decides =
                matches!(next.token, Name | LBrack | Tilde | Chan | Map | Func | Struct | Interface | Arrow | Comma);
            if decides || level.type_params {
                level.type_params = true;
                last.token = Token::TypeParam;
            }
        }
    }

    /// A comment: a semicolon when it holds a line break, possibly a directive. True when the chunk is full.
    fn comment(&mut self, token: Token, chunk: &mut Chunk, lo: u32) -> bool {
        let text = self.automaton.slice();
        if token == Token::LineComment {
            match text.as_bytes().get(2) {
                Some(b'v') => self.export |= text.trim_end() == "//vm:export",
                Some(b'g') if text.starts_with("//go:linkname") => {
                    let (offset, len) = (self.automaton.span().start, text.len());
                    self.fault(offset, len, Code::InvalidDirective, "//go:linkname is not part of Lang");
                }
                _ => {}
            }
        } else if !text.contains('\n') {
            return false;
        }
        self.newline_ends && self.semicolon(chunk, Semi::Newline, lo)
    }

    /// An item is complete: settles what its `func` is.
    fn end_item(&mut self, chunk: &mut Chunk) {
        let start = chunk.items.last().map_or(0, |&i| i as usize);
        let Some(item) = chunk.tokens.get_mut(start..) else { return };
        self.current = Level { element: (start + item.len()) as u32, ..Level::default() };
        self.outer.clear();
        self.braces = 0;
        if start == 0 && matches!(item, [Spanned { token: Token::Package, .. }, ..]) {
            self.program = true;
        }
        if let [Spanned { token: Token::Func, .. }, ..] = item {
            declare_func(item, self.program);
        }
    }

    /// Bytes that are no token.
    #[cold]
    fn invalid(&mut self, chunk: &mut Chunk, lo: u32, hi: u32) {
        let offset = (lo - self.base) as usize;
        let Some(c) = self.automaton.slice().chars().next() else { return };
        let point = format!("U+{:04X}", u32::from(c));
        let shown = if c.is_control() { point } else { format!("{point} '{c}'") };
        if c.is_ascii() || c.is_control() {
            self.fault(offset, c.len_utf8(), Code::InvalidCharacter, format!("invalid character {shown}"));
            return;
        }
        // As in Go, a foreign character is taken for part of a name.
        let continues = chunk.tokens.last().is_some_and(|t| t.token == Token::Name && t.hi == lo);
        let message = if c.is_numeric() && !continues {
            format!("identifier cannot begin with digit {shown}")
        } else {
            format!("invalid character {shown} in identifier")
        };
        self.fault(offset, c.len_utf8(), Code::InvalidCharacter, message);
        if !continues {
            self.token(chunk, Spanned { token: Token::Name, lo, hi });
        }
        let rest = self.automaton.remainder();
        let tail = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        self.automaton.bump(tail);
        if let Some(name) = chunk.tokens.last_mut() {
            name.hi = hi + tail as u32;
        }
    }

    /// Turns what the automaton noted into diagnostics.
    fn take_faults(&mut self) {
        for fault in std::mem::take(&mut self.automaton.extras.list) {
            let len = self
                .automaton
                .source()
                .get(fault.offset..)
                .and_then(|rest| rest.chars().next())
                .map_or(0, char::len_utf8);
            self.fault(fault.offset, len, fault.code, fault.message);
        }
    }
}

/// Rewrites the `func` an item begins with if it declares: followed by a name, or by a receiver, a name and `(` or
/// `[`. In programs nothing else can stand there.
fn declare_func(item: &mut [Spanned], program: bool) {
    let is = |i: usize, wanted: &[Token]| item.get(i).is_some_and(|t| wanted.contains(&t.token));
    let is_method = || {
        let mut depth = 0usize;
        let close = item.iter().position(|t| {
            match t.token {
                Token::LParen => depth += 1,
                Token::RParen | Token::ResultRParen => depth = depth.saturating_sub(1),
                _ => return false,
            }
            depth == 0
        });
        let named = |i| is(i + 1, &[Token::Name]) && is(i + 2, &[Token::LParen, Token::LBrack]);
        is(1, &[Token::LParen]) && close.is_some_and(named)
    };
    if !program && !is(1, &[Token::Name]) && !is_method() {
        return;
    }
    if let Some(first) = item.first_mut() {
        first.token = Token::FuncDecl;
    }
}
