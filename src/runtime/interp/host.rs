//! What a program gets from outside: its arguments, its environment, the clock that begins with it.
//!
//! All processors of a program have the same host; a clone is another handle on it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::sync::Arc;

use crate::base::os;
use crate::base::sync::{Mutex, MutexGuard, lock};

/// The world outside, as a program sees it.
#[derive(Clone, Debug)]
pub struct Host {
    /// The program's name, and its arguments.
    pub args: Vec<Vec<u8>>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    environment: Mutex<Environment>,
    /// When the program began, by the monotonic clock in nanoseconds.
    start: u64,
    /// Weak handles of addresses that are no objects of the heap, which never go away.
    fixed: Mutex<BTreeMap<usize, Box<[usize; 2]>>>,
}

/// The variables of an environment, in the order in which they were set first.
#[derive(Clone, Default, Debug)]
pub struct Environment {
    variables: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Environment {
    /// A copy of the process's.
    pub fn of_process() -> Self {
        let mut own = Self::default();
        for (key, value) in std::env::vars_os() {
            // Of a variable that is there twice the first one counts.
            let key = OsString::into_vec(key);
            if own.get(&key).is_none() {
                own.variables.push((key, OsString::into_vec(value)));
            }
        }
        own
    }

    /// The value of a variable, if it is set.
    pub fn get(&self, key: &[u8]) -> Option<&[u8]> {
        self.variables.iter().find(|(own, _)| own == key).map(|(_, value)| value.as_slice())
    }

    /// Sets a variable.
    pub fn set(&mut self, key: &[u8], value: &[u8]) {
        match self.variables.iter_mut().find(|(own, _)| own == key) {
            Some((_, own)) => *own = value.to_vec(),
            None => self.variables.push((key.to_vec(), value.to_vec())),
        }
    }

    /// Removes a variable.
    pub fn unset(&mut self, key: &[u8]) {
        self.variables.retain(|(own, _)| own != key);
    }

    /// Removes all.
    pub fn clear(&mut self) {
        self.variables.clear();
    }

    /// All variables with their values.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.variables.iter().map(|(key, value)| (key.as_slice(), value.as_slice()))
    }
}

impl Host {
    /// A host for a program that begins now.
    pub fn new(args: Vec<Vec<u8>>, environment: Environment) -> Self {
        let environment = Mutex::new(environment);
        let shared = Shared { environment, start: os::monotonic_ns(), fixed: Mutex::default() };
        Self { args, shared: Arc::new(shared) }
    }

    /// The environment.
    pub fn environment(&self) -> MutexGuard<'_, Environment> {
        lock(&self.shared.environment)
    }

    /// Nanoseconds since the program began, never 0: the clock of Lang's timers.
    pub fn monotonic(&self) -> i64 {
        let passed = os::monotonic_ns().saturating_sub(self.shared.start);
        i64::try_from(passed).unwrap_or(i64::MAX).saturating_add(1)
    }

    /// The handle of an address that is no object of the heap: the address of two words, the first of which is the
    /// handle's address and the second 1, that stay as they are.
    pub fn fixed_handle(&self, at: usize) -> usize {
        let mut fixed = lock(&self.shared.fixed);
        let cell = fixed.entry(at).or_insert_with(|| Box::new([at, 1]));
        (&raw const **cell).expose_provenance()
    }
}

impl Default for Host {
    /// A host without arguments, with the process's environment.
    fn default() -> Self {
        Self::new(Vec::new(), Environment::of_process())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_keep_their_order() {
        let mut env = Environment::default();
        for (key, value) in [("a", "1"), ("b", "2"), ("c", "3"), ("a", "4")] {
            env.set(key.as_bytes(), value.as_bytes());
        }
        env.unset(b"b");
        env.set(b"b", b"5");
        let all: Vec<_> = env.iter().collect();
        assert_eq!(all, [(&b"a"[..], &b"4"[..]), (b"c", b"3"), (b"b", b"5")]);
        assert_eq!(env.get(b"b"), Some(&b"5"[..]));
        assert_eq!(env.get(b"d"), None);
        env.clear();
        assert_eq!(env.iter().count(), 0);
    }

    #[test]
    fn clones_share_what_changes() {
        let host = Host::new(vec![b"x".to_vec()], Environment::default());
        let other = host.clone();
        other.environment().set(b"k", b"v");
        assert_eq!(host.environment().get(b"k"), Some(&b"v"[..]));
        assert_eq!(host.fixed_handle(8), other.fixed_handle(8));
        assert_ne!(host.fixed_handle(8), other.fixed_handle(16));
        assert!(host.monotonic() > 0);
    }
}
