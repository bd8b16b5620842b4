//! Constant strings: any bytes, concatenated without copying.
//!
//! Long chains of `+`, common in generated code, make a new value at each step. Copying at each step would take
//! quadratic time, and doubling a string thirty times would fill the memory; so a large concatenation is a node that
//! refers to its halves. The bytes are laid out on demand, once, by [`Text::bytes`].
//!
//! Chains are as deep as programs are long: nothing here recurses, not even `drop`.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

use super::format::quote;

/// Constant strings have at most this many bytes.
pub const STRING_LIMIT: u64 = 2_000_000_000;

/// Concatenations up to this size are copied.
const COPY_LIMIT: usize = 256;

/// A constant string. Cheap to clone.
#[derive(Clone)]
pub struct Text(Arc<Node>);

struct Node {
    len: usize,
    /// The bytes; of a concatenation only once somebody asked for them.
    flat: OnceLock<Box<[u8]>>,
    /// The two sides of a concatenation.
    halves: Option<(Text, Text)>,
}

impl Text {
    /// The text of these bytes.
    pub fn new(bytes: impl Into<Box<[u8]>>) -> Self {
        let bytes = bytes.into();
        Self(Arc::new(Node { len: bytes.len(), flat: OnceLock::from(bytes), halves: None }))
    }

    /// The number of bytes.
    pub fn len(&self) -> usize {
        self.0.len
    }

    /// Whether there is no byte.
    pub fn is_empty(&self) -> bool {
        self.0.len == 0
    }

    /// The bytes, in one piece.
    pub fn bytes(&self) -> &[u8] {
        self.0.flat.get_or_init(|| {
            let mut bytes = Vec::with_capacity(self.len());
            self.chunks().for_each(|chunk| bytes.extend_from_slice(chunk));
            bytes.into()
        })
    }

    /// `self + other`, or the length it would have if that is beyond [`STRING_LIMIT`].
    pub fn concat(&self, other: &Self) -> Result<Self, u64> {
        let len = self.len() as u64 + other.len() as u64;
        if len > STRING_LIMIT {
            return Err(len);
        }
        if other.is_empty() {
            return Ok(self.clone());
        }
        if self.is_empty() {
            return Ok(other.clone());
        }
        let len = self.len() + other.len();
        if len <= COPY_LIMIT {
            return Ok(Self::new([self.bytes(), other.bytes()].concat()));
        }
        let halves = Some((self.clone(), other.clone()));
        Ok(Self(Arc::new(Node { len, flat: OnceLock::new(), halves })))
    }

    /// The first `n` bytes, or all if there are fewer.
    pub fn prefix(&self, n: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(n.min(self.len()));
        for chunk in self.chunks() {
            bytes.extend(chunk.iter().take(n - bytes.len()));
            if bytes.len() == n {
                break;
            }
        }
        bytes
    }

    /// The bytes in pieces, in order.
    pub fn chunks(&self) -> impl Iterator<Item = &[u8]> {
        let mut pending = Vec::new();
        let mut next = Some(self);
        std::iter::from_fn(move || {
            let mut text = next.take().or_else(|| pending.pop())?;
            loop {
                if let Some(flat) = text.0.flat.get() {
                    return Some(&flat[..]);
                }
                let (left, right) = text.0.halves.as_ref()?;
                pending.push(right);
                text = left;
            }
        })
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let mut pending: Vec<Text> = Vec::new();
        let mut halves = self.halves.take();
        loop {
            if let Some((left, right)) = halves.take() {
                pending.extend([left, right]);
            }
            let Some(text) = pending.pop() else { return };
            // Only the last owner takes the node apart, so that its own drop finds no halves.
            halves = Arc::into_inner(text.0).and_then(|mut node| node.halves.take());
        }
    }
}

impl Ord for Text {
    fn cmp(&self, other: &Self) -> Ordering {
        if Arc::ptr_eq(&self.0, &other.0) {
            return Ordering::Equal;
        }
        let (mut ours, mut theirs) = (self.chunks(), other.chunks());
        let (mut a, mut b): (&[u8], &[u8]) = (&[], &[]);
        loop {
            if a.is_empty() {
                a = ours.next().unwrap_or_default();
            }
            if b.is_empty() {
                b = theirs.next().unwrap_or_default();
            }
            // Pieces are never empty except that of the empty text.
            let shared = a.len().min(b.len());
            let ((a_head, a_tail), (b_head, b_tail)) = (a.split_at(shared), b.split_at(shared));
            match a_head.cmp(b_head) {
                Ordering::Equal if shared == 0 => return a.len().cmp(&b.len()),
                Ordering::Equal => (a, b) = (a_tail, b_tail),
                unequal => return unequal,
            }
        }
    }
}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.cmp(other).is_eq()
    }
}

impl Eq for Text {}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.bytes().hash(state);
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&quote(&self.prefix(1000)))
    }
}
