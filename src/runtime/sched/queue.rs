//! The queue of goroutines that are ready on a processor.
//!
//! A ring that only its owner adds to. The owner and thieves take from its head, each by one exchange of the head's
//! position, so that what was read counts only if nobody else has taken it. Beside the ring there is one place for
//! the goroutine that runs next: who was woken by what runs now. The others take that one only when they are patient.

use crate::base::sync::{AtomicU32, AtomicUsize, Ordering};

/// Places in the ring.
#[cfg(not(loom))]
const PLACES: usize = 256;
#[cfg(loom)]
const PLACES: usize = 4;

/// A queue of addresses, none of which is 0.
pub struct Queue {
    head: AtomicU32,
    tail: AtomicU32,
    ring: [AtomicUsize; PLACES],
    next: AtomicUsize,
}

/// What a queue had no room for.
#[derive(Debug, PartialEq, Eq)]
pub struct Overflow(pub Vec<usize>);

impl Default for Queue {
    fn default() -> Self {
        Self {
            head: AtomicU32::new(0),
            tail: AtomicU32::new(0),
            ring: std::array::from_fn(|_| AtomicUsize::new(0)),
            next: AtomicUsize::new(0),
        }
    }
}

impl Queue {
    /// Whether there is nothing in it, at some moment of the call.
    pub fn is_empty(&self) -> bool {
        let head = self.head.load(Ordering::SeqCst);
        head == self.tail.load(Ordering::SeqCst) && self.next.load(Ordering::SeqCst) == 0
    }

    /// The owner puts something where it is taken from next; what was there goes to the end of the ring.
    pub fn push_next(&self, item: usize) -> Result<(), Overflow> {
        match self.next.swap(item, Ordering::AcqRel) {
            0 => Ok(()),
            before => self.push(before),
        }
    }

    /// The owner puts something at the end of the ring.
    ///
    /// # Errors
    /// The ring is full: half of it and the new one are for the queue of all processors.
    pub fn push(&self, item: usize) -> Result<(), Overflow> {
        loop {
            let (head, tail) = (self.head.load(Ordering::Acquire), self.tail.load(Ordering::Relaxed));
            if (tail.wrapping_sub(head) as usize) < PLACES {
                self.place(tail).store(item, Ordering::Relaxed);
                self.tail.store(tail.wrapping_add(1), Ordering::SeqCst);
                return Ok(());
            }
            if let Some(mut half) = self.take_half(head, tail) {
                half.push(item);
                return Err(Overflow(half));
            }
        }
    }

    /// The owner takes what runs next, if something does.
    pub fn pop_next(&self) -> Option<usize> {
        // Nobody else puts something there.
        if self.next.load(Ordering::Relaxed) == 0 {
            return None;
        }
        Some(self.next.swap(0, Ordering::AcqRel)).filter(|&next| next != 0)
    }

    /// The owner takes the oldest of the ring.
    pub fn pop(&self) -> Option<usize> {
        loop {
            let (head, tail) = (self.head.load(Ordering::Acquire), self.tail.load(Ordering::Relaxed));
            if head == tail {
                return None;
            }
            let item = self.place(head).load(Ordering::Relaxed);
            if self.advance(head, 1) {
                return Some(item);
            }
        }
    }

    /// Another processor takes half of what is in the ring: the oldest is returned, the others go to its own queue,
    /// which is empty. If nothing is in the ring and `patient` says so, it takes what would come next.
    pub fn steal(&self, own: &Self, patient: impl FnOnce() -> bool) -> Option<usize> {
        loop {
            let head = self.head.load(Ordering::Acquire);
            let tail = self.tail.load(Ordering::Acquire);
            let count = tail.wrapping_sub(head) as usize;
            if count == 0 {
                break;
            }
            if count > PLACES {
                // The two were read at different moments.
                continue;
            }
            if let Some(half) = self.take_half(head, tail) {
                let (first, rest) = half.split_first()?;
                for &item in rest {
                    let room = own.push(item);
                    debug_assert!(room.is_ok(), "the thief's queue is empty and half fits");
                }
                return Some(*first);
            }
        }
        let next = self.next.load(Ordering::Acquire);
        if next == 0 || !patient() {
            return None;
        }
        self.next.compare_exchange(next, 0, Ordering::AcqRel, Ordering::Relaxed).ok()
    }

    /// All that is in it, for the owner.
    pub fn drain(&self) -> impl Iterator<Item = usize> {
        std::iter::from_fn(|| self.pop_next().or_else(|| self.pop()))
    }

    fn take_half(&self, head: u32, tail: u32) -> Option<Vec<usize>> {
        let count = tail.wrapping_sub(head).div_ceil(2);
        let items = (0..count).map(|i| self.place(head.wrapping_add(i)).load(Ordering::Relaxed)).collect();
        self.advance(head, count).then_some(items)
    }

    fn advance(&self, head: u32, count: u32) -> bool {
        let to = head.wrapping_add(count);
        self.head.compare_exchange(head, to, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    fn place(&self, position: u32) -> &AtomicUsize {
        &self.ring[position as usize % PLACES]
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn what_runs_next_comes_before_the_ring() {
        let queue = Queue::default();
        queue.push(1).unwrap();
        queue.push_next(2).unwrap();
        queue.push_next(3).unwrap();
        assert_eq!(queue.drain().collect::<Vec<_>>(), [3, 1, 2]);
        assert!(queue.is_empty());
    }

    #[test]
    fn a_full_ring_gives_half_away() {
        let queue = Queue::default();
        (1..=PLACES).for_each(|i| queue.push(i).unwrap());
        let Err(Overflow(half)) = queue.push(1000) else { panic!("the ring is full") };
        assert_eq!(half.len(), PLACES / 2 + 1);
        assert_eq!((half[0], half[PLACES / 2]), (1, 1000));
        assert_eq!(queue.pop(), Some(PLACES / 2 + 1));
    }

    #[test]
    fn thieves_take_the_older_half() {
        let (queue, own) = (Queue::default(), Queue::default());
        (1..=5).for_each(|i| queue.push(i).unwrap());
        assert_eq!(queue.steal(&own, || false), Some(1));
        assert_eq!(own.drain().collect::<Vec<_>>(), [2, 3]);
        assert_eq!(queue.drain().collect::<Vec<_>>(), [4, 5]);
        queue.push_next(6).unwrap();
        assert_eq!(queue.steal(&own, || false), None);
        assert_eq!(queue.steal(&own, || true), Some(6));
    }

    #[test]
    fn nothing_is_lost_or_taken_twice() {
        use std::sync::atomic::AtomicBool;
        const ITEMS: usize = 200_000;
        let (queue, done) = (Queue::default(), AtomicBool::new(false));
        let mut taken: Vec<usize> = std::thread::scope(|scope| {
            let thieves: Vec<_> = (0..2)
                .map(|_| {
                    scope.spawn(|| {
                        let (own, mut taken) = (Queue::default(), Vec::new());
                        while !done.load(Ordering::Relaxed) || !queue.is_empty() {
                            taken.extend(queue.steal(&own, || true));
                            taken.extend(own.drain());
                        }
                        taken
                    })
                })
                .collect();
            let mut taken = Vec::new();
            for i in 1..=ITEMS {
                let pushed = if i % 3 == 0 { queue.push_next(i) } else { queue.push(i) };
                if let Err(Overflow(half)) = pushed {
                    taken.extend(half);
                }
                if i % 5 == 0 {
                    taken.extend(queue.pop_next().or_else(|| queue.pop()));
                }
            }
            done.store(true, Ordering::Relaxed);
            taken.extend(queue.drain());
            thieves.into_iter().for_each(|thief| taken.extend(thief.join().unwrap()));
            taken
        });
        taken.sort_unstable();
        assert!(taken.iter().copied().eq(1..=ITEMS));
    }
}

#[cfg(all(test, loom))]
mod models {
    use loom::sync::Arc;

    use super::*;

    #[test]
    fn owner_and_thief_share_a_queue() {
        loom::model(|| {
            let queue = Arc::new(Queue::default());
            let thief = {
                let queue = queue.clone();
                loom::thread::spawn(move || {
                    let own = Queue::default();
                    let mut taken: Vec<usize> = queue.steal(&own, || true).into_iter().collect();
                    taken.extend(own.drain());
                    taken
                })
            };
            let mut taken = Vec::new();
            for i in 1..=3 {
                let pushed = if i == 2 { queue.push_next(i) } else { queue.push(i) };
                pushed.unwrap();
            }
            taken.extend(queue.pop_next().or_else(|| queue.pop()));
            taken.extend(thief.join().unwrap());
            taken.extend(queue.drain());
            taken.sort_unstable();
            assert_eq!(taken, [1, 2, 3]);
        });
    }

    #[test]
    fn a_full_ring_is_halved_while_a_thief_takes() {
        let mut model = loom::model::Builder::new();
        model.preemption_bound = model.preemption_bound.or(Some(3));
        model.check(|| {
            let queue = Arc::new(Queue::default());
            (1..=PLACES).for_each(|i| queue.push(i).unwrap());
            let thief = {
                let queue = queue.clone();
                loom::thread::spawn(move || {
                    let own = Queue::default();
                    let mut taken: Vec<usize> = queue.steal(&own, || false).into_iter().collect();
                    taken.extend(own.drain());
                    taken
                })
            };
            let mut taken = Vec::new();
            if let Err(Overflow(half)) = queue.push(PLACES + 1) {
                taken.extend(half);
            }
            taken.extend(thief.join().unwrap());
            taken.extend(queue.drain());
            taken.sort_unstable();
            assert!(taken.into_iter().eq(1..=PLACES + 1));
        });
    }
}
