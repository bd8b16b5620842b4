//! Room for the records of spans.
//!
//! Records are cut from the metadata range one behind the other. One that is given back waits for a span that needs
//! a record of the same size; there are few sizes, one or two per size class. The range never shrinks: at its worst
//! it is an eighth of the largest heap there was.

use super::page_table::RECORD_UNIT;

/// The metadata range's room.
#[derive(Default)]
pub struct Records {
    end: usize,
    limit: usize,
    /// By size in units: positions of records that are free.
    free: Vec<Vec<u32>>,
    in_use: usize,
}

impl Records {
    /// Room of `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self { limit, ..Self::default() }
    }

    /// The position of a record of `bytes`; `None` if the room is used up.
    pub fn alloc(&mut self, bytes: usize) -> Option<usize> {
        let units = bytes.div_ceil(RECORD_UNIT);
        let position = match self.free.get_mut(units).and_then(Vec::pop) {
            Some(unit) => unit as usize * RECORD_UNIT,
            None => {
                let position = self.end;
                if bytes > self.limit - position {
                    return None;
                }
                self.end += units * RECORD_UNIT;
                position
            }
        };
        self.in_use += units * RECORD_UNIT;
        Some(position)
    }

    /// Gives back the record of `bytes` at a position.
    pub fn free(&mut self, position: usize, bytes: usize) {
        let units = bytes.div_ceil(RECORD_UNIT);
        if self.free.len() <= units {
            self.free.resize_with(units + 1, Vec::new);
        }
        self.free[units].push((position / RECORD_UNIT) as u32);
        self.in_use -= units * RECORD_UNIT;
    }

    /// Bytes of records in use.
    pub fn in_use(&self) -> usize {
        self.in_use
    }

    /// Bytes that were ever in use, and so are backed by memory.
    pub fn mapped(&self) -> usize {
        self.end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_used_again_and_end() {
        let mut records = Records::new(512);
        let first = records.alloc(100).unwrap();
        let second = records.alloc(128).unwrap();
        assert_eq!((first, second, records.in_use()), (0, 128, 256));
        records.free(first, 100);
        assert_eq!((records.alloc(64), records.alloc(128)), (Some(256), Some(first)));
        assert_eq!((records.alloc(128), records.alloc(256)), (Some(320), None));
        assert_eq!((records.in_use(), records.mapped()), (448, 448));
    }
}
