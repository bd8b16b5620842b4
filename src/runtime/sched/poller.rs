//! Goroutines that wait for files: pipes, terminals, whatever the system cannot read or write at once.
//!
//! A thread asks the system about all of them together. It begins when the first goroutine waits, and sleeps while
//! none does.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd, RawFd};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::pipe::PipeFlags;

use super::{GoroutineRef, Sched, Wait};
use crate::base::sync::{Mutex, lock};

/// A goroutine that waits for a file.
struct Waiting {
    fd: RawFd,
    events: PollFlags,
    g: GoroutineRef,
    wait: u64,
}

/// Who waits for which files.
#[derive(Default)]
pub struct Poller {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    waiting: Vec<Waiting>,
    /// What is written to here is seen by the thread.
    bell: Option<OwnedFd>,
}

impl State {
    fn ring(&self) {
        if let Some(bell) = &self.bell {
            // If it is full the thread will look anyway.
            _ = rustix::io::write(bell, &[0]);
        }
    }

    /// Takes those that `over` says of that their wait is over, and that nobody else has woken.
    fn take(&mut self, over: impl FnMut(&mut Waiting) -> bool) -> Vec<GoroutineRef> {
        let taken = self.waiting.extract_if(.., over);
        taken.filter(|waiting| waiting.g.claim(waiting.wait)).map(|waiting| waiting.g).collect()
    }
}

impl Sched {
    /// The goroutine will wait until a file can be read or written, or is forgotten. False if it cannot: the system
    /// has no thread or descriptors for that.
    pub fn await_file(&self, g: GoroutineRef, fd: BorrowedFd<'_>, events: PollFlags) -> bool {
        use std::os::fd::AsRawFd;
        let mut state = lock(&self.poller.state);
        if state.bell.is_none() {
            let Ok((heard, bell)) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK) else {
                return false;
            };
            let Some(sched) = self.this.upgrade() else { return false };
            let thread = std::thread::Builder::new().name("poller".to_owned());
            if thread.spawn(move || run(&sched, &heard)).is_err() {
                return false;
            }
            state.bell = Some(bell);
        }
        let wait = g.begin_wait(Wait::File, 0, self.now());
        state.waiting.push(Waiting { fd: fd.as_raw_fd(), events, g, wait });
        state.ring();
        true
    }

    /// Wakes those that wait for a file, which is about to be closed.
    pub fn forget_file(&self, fd: RawFd) {
        let woken = {
            let mut state = lock(&self.poller.state);
            let woken = state.take(|waiting| waiting.fd == fd);
            if !woken.is_empty() {
                state.ring();
            }
            woken
        };
        woken.into_iter().for_each(|g| self.wake_anywhere(g));
    }

    /// Whether a goroutine waits for a file.
    pub(super) fn awaits_files(&self) -> bool {
        !lock(&self.poller.state).waiting.is_empty()
    }
}

/// The thread's work, until the process ends.
fn run(sched: &Sched, heard: &OwnedFd) {
    while !sched.has_ended() {
        let asked: Vec<(RawFd, u64, PollFlags)> = {
            let state = lock(&sched.poller.state);
            state.waiting.iter().map(|waiting| (waiting.fd, waiting.wait, waiting.events)).collect()
        };
        let mut polled = vec![PollFd::new(heard, PollFlags::IN)];
        for &(fd, _, events) in &asked {
            // SAFETY: not -1. If it is closed meanwhile, or another file, those who wait for it were woken.
            polled.push(PollFd::from_borrowed_fd(unsafe { BorrowedFd::borrow_raw(fd) }, events));
        }
        if poll(&mut polled, None).is_err() {
            continue;
        }
        while rustix::io::read(heard.as_fd(), &mut [0_u8; 64]).is_ok_and(|n| n > 0) {}
        let happened: Vec<bool> = polled[1..].iter().map(|fd| !fd.revents().is_empty()).collect();
        let ready = |waiting: &mut Waiting| {
            let same = |&(fd, wait, _): &(RawFd, u64, PollFlags)| (fd, wait) == (waiting.fd, waiting.wait);
            asked.iter().zip(&happened).any(|(asked, happened)| *happened && same(asked))
        };
        let woken = lock(&sched.poller.state).take(ready);
        woken.into_iter().for_each(|g| sched.wake_anywhere(g));
    }
}
