//! Strings: an address and a length.

use super::{Memory, Trap};

/// A string in two slots.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(C)]
pub struct Str {
    /// Where its bytes are.
    pub at: usize,
    /// How many.
    pub len: usize,
}

impl Str {
    /// The bytes.
    ///
    /// # Safety
    /// It is a string of the program; the bytes are used only until the next safepoint.
    #[inline]
    pub unsafe fn bytes<'a>(self) -> &'a [u8] {
        if self.len == 0 {
            return &[];
        }
        // SAFETY: a string of the program leads to so many bytes, which never change.
        unsafe { std::slice::from_raw_parts(std::ptr::with_exposed_provenance(self.at), self.len) }
    }

    /// Its two words.
    #[inline]
    pub fn words(self) -> [u64; 2] {
        [self.at as u64, self.len as u64]
    }
}

/// Longest string, in bytes.
pub const MAX_LEN: usize = (1 << 47) - 1;

impl Memory {
    /// A new string.
    ///
    /// # Errors
    /// The heap is exhausted.
    pub fn new_string(&mut self, bytes: &[u8]) -> Result<Str, Trap> {
        let at = self.new_bytes(bytes.len())?;
        // SAFETY: the object is new and has this size.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), at as *mut u8, bytes.len()) };
        Ok(Str { at, len: bytes.len() })
    }

    /// Strings one after another.
    ///
    /// # Errors
    /// The heap is exhausted.
    ///
    /// # Safety
    /// They are strings of the program.
    pub unsafe fn concat(&mut self, parts: &[Str]) -> Result<Str, Trap> {
        let len = parts.iter().map(|part| part.len).sum::<usize>();
        // One that is all of it need not be copied.
        if let Some(&only) = parts.iter().find(|part| part.len == len) {
            return Ok(only);
        }
        let at = self.new_bytes(len)?;
        let mut to = at as *mut u8;
        for part in parts {
            // SAFETY: the parts together have the new object's size; the caller's strings are valid.
            unsafe {
                std::ptr::copy_nonoverlapping(part.bytes().as_ptr(), to, part.len);
                to = to.add(part.len);
            }
        }
        Ok(Str { at, len })
    }
}

/// The first character of some bytes, and how many bytes it takes; as the language says, a byte that begins no
/// character counts as U+FFFD.
pub fn decode(bytes: &[u8]) -> (char, usize) {
    const BAD: (char, usize) = (char::REPLACEMENT_CHARACTER, 1);
    let Some(&first) = bytes.first() else { return (char::REPLACEMENT_CHARACTER, 0) };
    if first < 0x80 {
        return (char::from(first), 1);
    }
    let len = match first {
        0xC2..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF4 => 4,
        _ => return BAD,
    };
    let Some(head) = bytes.get(..len) else { return BAD };
    // Bytes of a slice may be written meanwhile.
    let mut copy = [0; 4];
    copy[..len].copy_from_slice(head);
    match std::str::from_utf8(&copy[..len]).ok().and_then(|text| text.chars().next()) {
        Some(c) => (c, len),
        None => BAD,
    }
}

/// The character with a number, U+FFFD if there is none.
pub fn char_of(rune: i64) -> char {
    u32::try_from(rune).ok().and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER)
}
