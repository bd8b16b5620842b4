//! Typed 32-bit indices and the vectors they index.
//!
//! An index is meaningful only for the arena that issued it; the type parameter of [`IdVec`] keeps different
//! arenas apart at compile time. `u32::MAX` is never issued, so `Option<Id>` has the size of `Id`.

use std::fmt;
use std::marker::PhantomData;
use std::num::NonZeroU32;
use std::ops::{Index, IndexMut};

/// A dense index type: created by [`define_id!`](crate::define_id).
pub trait Id: Copy {
    /// The id for arena position `index`. Panics when the arena exceeds 2³²−2 entries.
    fn new(index: usize) -> Self;
    /// The position in the arena.
    fn index(self) -> usize;
}

/// Storage of an id: `index + 1`, so that zero is the niche of `Option`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RawId(NonZeroU32);

impl RawId {
    /// Packs `index`.
    #[inline]
    pub fn new(index: usize) -> Self {
        let raw = u32::try_from(index).ok().and_then(|i| i.checked_add(1)).and_then(NonZeroU32::new);
        Self(raw.expect("an arena holds at most 2^32-2 entries"))
    }

    /// Packs `index` in a constant.
    pub const fn constant(index: u32) -> Self {
        match NonZeroU32::new(index + 1) {
            Some(raw) => Self(raw),
            None => panic!("index out of range"),
        }
    }

    /// Unpacks the index.
    #[inline]
    pub const fn index(self) -> usize {
        (self.0.get() - 1) as usize
    }
}

/// Defines index types: `define_id! { /// Names an expression. pub struct ExprId; }`.
#[macro_export]
macro_rules! define_id {
    ($($(#[$doc:meta])* pub struct $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name($crate::base::ids::RawId);

        impl $name {
            /// The id of a fixed arena position.
            pub const fn constant(index: u32) -> Self {
                Self($crate::base::ids::RawId::constant(index))
            }
        }

        impl $crate::base::ids::Id for $name {
            #[inline]
            fn new(index: usize) -> Self {
                Self($crate::base::ids::RawId::new(index))
            }
            #[inline]
            fn index(self) -> usize {
                self.0.index()
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0.index())
            }
        }
    )*};
}

/// A vector indexed by one id type.
#[derive(Clone)]
pub struct IdVec<I, T> {
    items: Vec<T>,
    ids: PhantomData<fn(I)>,
}

impl<I, T> Default for IdVec<I, T> {
    fn default() -> Self {
        Self { items: Vec::new(), ids: PhantomData }
    }
}

impl<I: Id, T> IdVec<I, T> {
    /// An empty vector.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends and returns the new id.
    #[inline]
    pub fn push(&mut self, item: T) -> I {
        let id = I::new(self.items.len());
        self.items.push(item);
        id
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The entry, if the id is in range.
    #[inline]
    pub fn get(&self, id: I) -> Option<&T> {
        self.items.get(id.index())
    }

    /// All entries in order of their ids.
    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        self.items.iter()
    }

    /// All ids in order.
    pub fn ids(&self) -> impl Iterator<Item = I> + use<I, T> {
        (0..self.items.len()).map(I::new)
    }

    /// Drops the entries from position `len` on.
    pub fn truncate(&mut self, len: usize) {
        self.items.truncate(len);
    }
}

impl<I: Id, T: Clone> IdVec<I, T> {
    /// Grows to `len` entries with copies of `value`; never shrinks.
    pub fn grow(&mut self, len: usize, value: T) {
        if self.items.len() < len {
            self.items.resize(len, value);
        }
    }
}

impl<I: Id, T> Index<I> for IdVec<I, T> {
    type Output = T;
    #[inline]
    fn index(&self, id: I) -> &T {
        &self.items[id.index()]
    }
}

impl<I: Id, T> IndexMut<I> for IdVec<I, T> {
    #[inline]
    fn index_mut(&mut self, id: I) -> &mut T {
        &mut self.items[id.index()]
    }
}

impl<I, T: fmt::Debug> fmt::Debug for IdVec<I, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.items).finish()
    }
}
