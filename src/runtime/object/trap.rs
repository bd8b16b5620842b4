//! Why an operation did not end as usual: a panic of the language, or the end of the program.

use std::borrow::Cow;

use super::value::Value;
use crate::memory::AllocError;

/// Why an operation did not end as usual.
#[derive(Clone, Debug, PartialEq)]
pub enum Trap {
    /// A panic with a `runtime.errorString`: the text after "runtime error: ".
    Error(Cow<'static, str>),
    /// A panic with a `runtime.boundsError`: the text after "runtime error: ".
    Bounds(String),
    /// A panic with a `runtime.plainError`: the whole text.
    Plain(Cow<'static, str>),
    /// A panic with a `*runtime.TypeAssertionError`: the whole text.
    Assertion(String),
    /// A panic with a value of the program.
    Value(Value),
    /// The use of a nil pointer: a panic, and a signal in traces.
    Nil,
    /// The stack has reached its limit: the end of the program.
    StackOverflow,
    /// The goroutine runs its deferred calls and ends.
    Goexit,
    /// The end of the program: the text after "fatal error: ".
    Fatal(Cow<'static, str>),
    /// The heap is exhausted: the end of the program.
    OutOfMemory(AllocError),
}

impl Trap {
    /// A panic with a `runtime.errorString`.
    pub fn error(text: impl Into<Cow<'static, str>>) -> Self {
        Self::Error(text.into())
    }

    /// A panic with a `runtime.plainError`.
    pub fn plain(text: impl Into<Cow<'static, str>>) -> Self {
        Self::Plain(text.into())
    }

    /// The end of the program.
    pub fn fatal(text: impl Into<Cow<'static, str>>) -> Self {
        Self::Fatal(text.into())
    }
}

impl From<AllocError> for Trap {
    fn from(error: AllocError) -> Self {
        Self::OutOfMemory(error)
    }
}
