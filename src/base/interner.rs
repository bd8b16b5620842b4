//! The interner: each distinct text is stored once and named by a [`Symbol`].
//!
//! Texts lie end to end in one buffer, so interning costs no allocation of its own; equal texts always get the
//! same symbol, so comparing names is comparing integers. The names the compiler itself refers to have fixed
//! symbols, the constants of [`sym`].

use std::hash::BuildHasher;

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;

use super::ids::{Id, IdVec};
use crate::define_id;

define_id! {
    /// An interned text. Cheap to copy and compare.
    pub struct Symbol;
}

/// Declares the texts that are interned before all others, in order.
macro_rules! predeclared {
    ($($name:ident = $text:literal),* $(,)?) => {
        /// Fixed symbols of the names that the compiler refers to.
        pub mod sym {
            use super::Symbol;
            #[expect(non_camel_case_types, clippy::upper_case_acronyms, reason = "only the order is used")]
            enum Order { $($name),* }
            $(#[doc = concat!("`", $text, "`")]
              pub const $name: Symbol = Symbol::constant(Order::$name as u32);)*
        }
        const PREDECLARED: &[&str] = &[$($text),*];
    };
}

predeclared! {
    EMPTY = "", BLANK = "_", INIT = "init", MAIN = "main", DOT = ".",
    IOTA = "iota", NIL = "nil", TRUE = "true", FALSE = "false",
    ANY = "any", ERROR_TYPE = "error", ERROR_METHOD = "Error", COMPARABLE = "comparable",
    BOOL = "bool", STRING = "string", BYTE = "byte", RUNE = "rune", UINTPTR = "uintptr",
    INT = "int", INT8 = "int8", INT16 = "int16", INT32 = "int32", INT64 = "int64",
    UINT = "uint", UINT8 = "uint8", UINT16 = "uint16", UINT32 = "uint32", UINT64 = "uint64",
    FLOAT32 = "float32", FLOAT64 = "float64", COMPLEX64 = "complex64", COMPLEX128 = "complex128",
    APPEND = "append", CAP = "cap", CLEAR = "clear", CLOSE = "close", COMPLEX = "complex", COPY = "copy",
    DELETE = "delete", IMAG = "imag", LEN = "len", MAKE = "make", MAX = "max", MIN = "min", NEW = "new",
    PANIC = "panic", PRINT = "print", PRINTLN = "println", REAL = "real", RECOVER = "recover",
    UNSAFE = "unsafe", C = "C",
}

/// Owns the texts of all symbols.
pub struct Interner {
    text: String,
    ends: IdVec<Symbol, u32>,
    table: HashTable<Symbol>,
}

impl Default for Interner {
    fn default() -> Self {
        Self::new()
    }
}

impl Interner {
    /// An interner that holds the texts of [`sym`].
    pub fn new() -> Self {
        let mut interner = Self { text: String::new(), ends: IdVec::new(), table: HashTable::new() };
        for text in PREDECLARED {
            interner.intern(text);
        }
        interner
    }

    /// The symbol of `text`, new or known.
    #[inline]
    pub fn intern(&mut self, text: &str) -> Symbol {
        let hash = FxBuildHasher.hash_one(text);
        let (all, ends) = (&self.text, &self.ends);
        if let Some(&known) = self.table.find(hash, |&s| slice(all, ends, s) == text) {
            return known;
        }
        self.text.push_str(text);
        let end = u32::try_from(self.text.len()).expect("all names together stay below 4 GiB");
        let symbol = self.ends.push(end);
        let (all, ends) = (&self.text, &self.ends);
        self.table.insert_unique(hash, symbol, |&s| FxBuildHasher.hash_one(slice(all, ends, s)));
        symbol
    }

    /// The symbol of `text`, if it was ever interned.
    pub fn lookup(&self, text: &str) -> Option<Symbol> {
        let hash = FxBuildHasher.hash_one(text);
        self.table.find(hash, |&s| self.get(s) == text).copied()
    }

    /// All texts.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.ends.iter().scan(0, |start, &end| {
            let start = std::mem::replace(start, end);
            Some(&self.text[start as usize..end as usize])
        })
    }

    /// The text of `symbol`.
    #[inline]
    pub fn get(&self, symbol: Symbol) -> &str {
        slice(&self.text, &self.ends, symbol)
    }
}

#[inline]
fn slice<'a>(text: &'a str, ends: &IdVec<Symbol, u32>, symbol: Symbol) -> &'a str {
    let start = match symbol.index() {
        0 => 0,
        i => ends[Symbol::new(i - 1)],
    };
    &text[start as usize..ends[symbol] as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_share_a_symbol() {
        let mut names = Interner::new();
        let a = names.intern("alpha");
        let b = names.intern("beta");
        assert_ne!(a, b);
        assert_eq!(a, names.intern("alpha"));
        assert_eq!(names.get(b), "beta");
        assert_eq!(names.lookup("gamma"), None);
    }

    #[test]
    fn predeclared_symbols_name_their_texts() {
        let names = Interner::new();
        assert_eq!(names.get(sym::EMPTY), "");
        assert_eq!(names.get(sym::INIT), "init");
        assert_eq!(names.get(sym::C), "C");
    }
}
