//! The pool of mark work, and how its end is found.
//!
//! Each worker marks from a list of its own. What it can spare, and what it is told to begin with, goes through this
//! pool: batches of pointers (full barrier buffers are such batches), pieces of large objects, queued spans. Batches
//! are large, so one lock is enough; how much lies in the pool is also kept in an atomic, which is what is looked at
//! all the time.
//!
//! **The end.** A worker is *active* from before it takes work until after it has put back all that it has left.
//! Nobody is active and the pool is empty: then no work exists in workers, and none can appear, because only workers
//! make work. Except for the barrier buffers of mutators: so this is only a *candidate* for the end, and who sees it
//! asks the mutators for their buffers, and at last stops the world to look once more (`gc::cycle`).

use crate::base::sync::{AtomicUsize, Condvar, Mutex, Ordering, lock};

/// A pool of work items.
pub struct WorkPool<T> {
    items: Mutex<Vec<T>>,
    /// How many items there are.
    len: AtomicUsize,
    /// Workers that may have work of their own.
    active: AtomicUsize,
    /// Workers that would like to have work.
    hungry: AtomicUsize,
    /// Work has come, or the wait shall end.
    wake: Condvar,
}

impl<T> Default for WorkPool<T> {
    fn default() -> Self {
        Self {
            items: Mutex::new(Vec::new()),
            len: AtomicUsize::new(0),
            active: AtomicUsize::new(0),
            hungry: AtomicUsize::new(0),
            wake: Condvar::new(),
        }
    }
}

impl<T> WorkPool<T> {
    /// Adds an item that can wait until a worker looks by itself: to wake one costs the caller more than the item.
    pub fn leave(&self, item: T) {
        let mut items = lock(&self.items);
        items.push(item);
        self.len.store(items.len(), Ordering::SeqCst);
    }

    /// Adds an item, and wakes a worker for it.
    pub fn put(&self, item: T) {
        self.leave(item);
        if self.hungry.load(Ordering::SeqCst) > 0 {
            self.wake.notify_one();
        }
    }

    /// Takes an item. For an active worker.
    pub fn take(&self) -> Option<T> {
        if self.is_empty() {
            return None;
        }
        let mut items = lock(&self.items);
        let item = items.pop();
        self.len.store(items.len(), Ordering::SeqCst);
        item
    }

    /// Whether no items are in the pool.
    pub fn is_empty(&self) -> bool {
        self.len.load(Ordering::SeqCst) == 0
    }

    /// Whether somebody waits for work.
    #[inline]
    pub fn is_wanted(&self) -> bool {
        self.hungry.load(Ordering::Relaxed) > 0
    }

    /// A worker becomes active.
    pub fn begin(&self) {
        self.active.fetch_add(1, Ordering::SeqCst);
    }

    /// A worker that has nothing left is not active any more; whether that may be the end.
    pub fn end(&self) -> bool {
        self.active.fetch_sub(1, Ordering::SeqCst) == 1 && self.is_finished()
    }

    /// Whether nobody is active and nothing is in the pool.
    pub fn is_finished(&self) -> bool {
        if !self.is_empty() {
            return false;
        }
        // Nobody takes or puts anything while the lock is held, so both hold at one moment.
        let items = lock(&self.items);
        items.is_empty() && self.active.load(Ordering::SeqCst) == 0
    }

    /// Waits until there is something in the pool, `give_up` says so, or `wake_all` is called. Not for an active
    /// worker.
    pub fn wait(&self, timeout: std::time::Duration, give_up: impl Fn() -> bool) {
        let items = lock(&self.items);
        self.hungry.fetch_add(1, Ordering::SeqCst);
        if items.is_empty() && !give_up() {
            let _unused = self.wake.wait_timeout(items, timeout);
        }
        self.hungry.fetch_sub(1, Ordering::SeqCst);
    }

    /// Ends all waits.
    pub fn wake_all(&self) {
        let _items = lock(&self.items);
        self.wake.notify_all();
    }

    /// Takes all items. While nobody is active.
    pub fn drain(&self) -> Vec<T> {
        let mut items = lock(&self.items);
        self.len.store(0, Ordering::SeqCst);
        std::mem::take(&mut items)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_seen_once_all_is_done() {
        let pool = WorkPool::default();
        pool.put(1);
        assert!(!pool.is_finished());
        pool.begin();
        assert_eq!((pool.take(), pool.take()), (Some(1), None));
        assert!(!pool.is_finished(), "its worker may still make work");
        pool.begin();
        assert!(!pool.end());
        pool.put(2);
        assert!(!pool.end(), "something was put back");
        pool.begin();
        assert_eq!(pool.take(), Some(2));
        assert!(pool.end() && pool.is_finished());
    }
}

#[cfg(all(test, loom))]
mod models {
    use loom::sync::Arc;
    use loom::sync::atomic::{AtomicU32, Ordering};

    use super::WorkPool;

    /// Works until there is nothing left: an item above 0 makes two that are one less.
    fn work(pool: &WorkPool<u32>, done: &AtomicU32, left: &AtomicU32) -> bool {
        pool.begin();
        while let Some(item) = pool.take() {
            if item > 0 {
                left.fetch_add(2, Ordering::SeqCst);
                pool.put(item - 1);
                pool.put(item - 1);
            }
            done.fetch_add(1, Ordering::SeqCst);
            left.fetch_sub(1, Ordering::SeqCst);
        }
        pool.end()
    }

    #[test]
    fn every_item_is_taken_once_and_the_end_is_seen() {
        loom::model(|| {
            let pool = Arc::new(WorkPool::default());
            let (done, left) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(1)));
            pool.put(1);
            let other = {
                let (pool, done, left) = (pool.clone(), done.clone(), left.clone());
                loom::thread::spawn(move || {
                    let end = work(&pool, &done, &left);
                    // What is seen as the end is the end, for good: nothing makes work but work.
                    assert!(!end || left.load(Ordering::SeqCst) == 0, "an end with work left");
                    end
                })
            };
            let end = work(&pool, &done, &left);
            assert!(!end || left.load(Ordering::SeqCst) == 0, "an end with work left");
            let other = other.join().unwrap();
            assert_eq!(done.load(Ordering::SeqCst), 3);
            assert!(end || other, "nobody saw the end");
        });
    }

    #[test]
    fn a_worker_that_begins_late_is_no_end() {
        loom::model(|| {
            let pool = Arc::new(WorkPool::default());
            let left = Arc::new(AtomicU32::new(1));
            pool.put(0);
            let worker = {
                let (pool, left) = (pool.clone(), left.clone());
                loom::thread::spawn(move || {
                    pool.begin();
                    let item = pool.take();
                    // Marking goes on here, with the item in hand.
                    if item.is_some() {
                        left.fetch_sub(1, Ordering::SeqCst);
                    }
                    pool.end();
                })
            };
            // Another looks for the end meanwhile.
            if pool.is_finished() {
                assert_eq!(left.load(Ordering::SeqCst), 0, "a worker has an item");
            }
            worker.join().unwrap();
            assert!(pool.is_finished());
        });
    }
}
