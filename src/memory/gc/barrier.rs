//! The write barrier's buffer.
//!
//! While the marker runs, a mutator that overwrites a pointer in the heap shades both the pointer that was there and
//! the one that comes: the first, because a stack that was scanned already may have loaded it from a place that the
//! marker has not seen; the second, because a mutator that was in the middle of an allocation when marking began runs
//! on with a stack that is not scanned yet. To shade is to put the pointer into this buffer, no more; a full buffer
//! becomes work for the marker.

/// How many pointers a buffer holds.
pub const BUFFER: usize = 512;

/// Pointers that a mutator has shaded and not handed over.
pub struct Buffer {
    pointers: Box<[usize; BUFFER]>,
    len: usize,
}

impl Default for Buffer {
    fn default() -> Self {
        Self { pointers: Box::new([0; BUFFER]), len: 0 }
    }
}

impl Buffer {
    /// Shades two pointers, or what may be pointers; whether the buffer is full and must be handed over.
    #[inline]
    pub fn shade(&mut self, old: usize, new: usize) -> bool {
        // `len` is even and below BUFFER here: a full buffer was emptied.
        self.pointers[self.len % BUFFER] = old;
        self.pointers[(self.len + 1) % BUFFER] = new;
        self.len += 2;
        self.len == BUFFER
    }

    /// Takes what is in it.
    pub fn take(&mut self) -> Option<Vec<usize>> {
        let pointers: Vec<usize> = self.pointers[..self.len].iter().copied().filter(|&p| p != 0).collect();
        self.len = 0;
        (!pointers.is_empty()).then_some(pointers)
    }

    /// Forgets what is in it: the cycle is over.
    pub fn clear(&mut self) {
        self.len = 0;
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}
