//! Maps: entries in the order of their insertion, and a table of their positions.
//!
//! A map is an object with a [`hashbrown::HashTable`] of positions, whose memory is the heap's, and the address of the
//! entries: hash, key and element, next to each other. Small maps have no table and are searched from the front.
//! A deleted entry keeps its place until the entries move, which they do when they need more room.
//!
//! An iterator keeps the entries that it began with. While they are those of the map, it reads them; once the map has
//! moved on, it looks each key up, so that it sees deletions and new elements, and no key twice.
//!
//! Goroutines that use a map at the same time must not break it. A map has a version, which is odd while somebody
//! changes it: a second one who wants to change it is told. Who reads takes a [`View`] of it first, and looks at the
//! version again at the end. What a view leads to stays readable, because nothing is freed before the reader comes to
//! a safepoint, and entries that others write meanwhile have whole words and pairs.

use std::alloc::Layout;
use std::cell::Cell;
use std::hash::{BuildHasher as _, Hasher as _};
use std::mem::ManuallyDrop;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU32, Ordering::Acquire, Ordering::Relaxed, Ordering::Release, fence};

use allocator_api2::alloc::{AllocError, Allocator};
use foldhash::fast::FixedState;
use hashbrown::HashTable;

use super::memory::copy_units;
use super::types::Types;
use super::{Memory, Str, Trap};
use crate::bytecode::program::{Kind, Program, TypeIdx, WordKind};
use crate::memory::{Mutator, ShapeId};

/// Maps with at most so many entries have no table.
const SMALL: u32 = 8;
/// Set in an entry's head while it is in the map.
const LIVE: u64 = 1 << 32;
/// Most entries.
const MOST: u64 = 1 << 31;

/// How keys of a type are hashed and compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Keys {
    /// One slot whose bits are the key, in memory as its parts say.
    Word,
    /// A string.
    Text,
    /// Anything else.
    Other,
}

/// Whether a map is nil or has no entries.
///
/// # Safety
/// The map is nil or one.
unsafe fn is_empty(map: usize) -> bool {
    // SAFETY: the caller's promise.
    map == 0 || unsafe { (*(map as *const Map)).live == 0 }
}

/// What Go says of a key without a hash where there is nothing to find.
fn in_nothing(trap: Trap) -> Trap {
    match trap {
        Trap::Error(text) => Trap::plain(text.replace("unhashable type ", "unhashable type: ")),
        trap => trap,
    }
}

/// How the entries of a map type are laid out.
#[derive(Clone, Copy, Debug)]
pub struct Entries {
    keys: Keys,
    key: TypeIdx,
    elem: TypeIdx,
    key_at: usize,
    elem_at: usize,
    size: usize,
    shape: ShapeId,
    scans: bool,
}

/// The table's way to the heap: the mutator of the operation that is under way.
struct Source(Cell<*mut Mutator>);

// SAFETY: the memory is an object without pointers, which stays as long as the table leads to it; copies of the
// allocator do not exist.
unsafe impl Allocator for Source {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        debug_assert!(layout.align() <= 16);
        // SAFETY: every operation that can allocate sets its mutator before.
        let mutator = unsafe { &mut *self.0.get() };
        let at = mutator.alloc(ShapeId::NOSCAN_PAIRS, layout.size().next_multiple_of(16)).map_err(|_| AllocError)?;
        Ok(NonNull::slice_from_raw_parts(at, layout.size()))
    }

    unsafe fn deallocate(&self, _: NonNull<u8>, _: Layout) {}
}

/// A map in the heap.
#[repr(C)]
struct Map {
    table: HashTable<u32, Source>,
    entries: usize,
    /// Entries that were made, deleted ones included.
    used: u32,
    /// Entries that there is room for.
    room: u32,
    live: u32,
    /// How often the map was cleared.
    clears: u32,
    seed: u64,
    /// Odd while the map is changed.
    version: AtomicU32,
}

/// What a reader has of a map: its fields at one moment.
struct View {
    /// Never dropped: the table belongs to the map.
    table: ManuallyDrop<HashTable<u32, Source>>,
    entries: usize,
    used: u32,
    live: u32,
    clears: u32,
    seed: u64,
    version: u32,
}

impl View {
    /// # Safety
    /// `map` is a map that the caller changes, or whose version it looks at afterwards.
    #[inline]
    unsafe fn of(map: *const Map, version: u32) -> Self {
        // SAFETY: the caller's promise; the copy of the table is only read, and used only if it is whole.
        unsafe {
            Self {
                table: ptr::read_volatile((&raw const (*map).table).cast()),
                entries: (&raw const (*map).entries).read_volatile(),
                used: (&raw const (*map).used).read_volatile(),
                live: (&raw const (*map).live).read_volatile(),
                clears: (&raw const (*map).clears).read_volatile(),
                seed: (*map).seed,
                version,
            }
        }
    }

    /// A view for reading.
    ///
    /// # Errors
    /// Somebody changes the map.
    ///
    /// # Safety
    /// `map` is a map of the program.
    #[inline]
    unsafe fn new(map: usize, what: &'static str) -> Result<Self, Trap> {
        let map = map as *const Map;
        // SAFETY: the caller's promise.
        unsafe {
            let version = (*map).version.load(Acquire);
            let view = Self::of(map, version);
            view.check(map as usize, what)?;
            Ok(view)
        }
    }

    /// Whether the map is still as it was.
    ///
    /// # Errors
    /// Somebody has changed it, or does.
    ///
    /// # Safety
    /// `map` is the map.
    #[inline]
    unsafe fn check(&self, map: usize, what: &'static str) -> Result<(), Trap> {
        fence(Acquire);
        // SAFETY: the caller's promise.
        let version = unsafe { (*(map as *const Map)).version.load(Relaxed) };
        if version != self.version || !version.is_multiple_of(2) { Err(Trap::fatal(what)) } else { Ok(()) }
    }
}

/// What Go says of maps that goroutines use at the same time.
const READ_AND_WRITE: &str = "concurrent map read and map write";
const WRITES: &str = "concurrent map writes";
const ITERATION: &str = "concurrent map iteration and map write";

const WORDS: usize = size_of::<Map>() / 8;

/// An iterator in the heap.
#[repr(C)]
struct Iter {
    map: usize,
    entries: usize,
    next: u32,
    /// Entries left to look at.
    left: u32,
    used: u32,
    clears: u32,
}

/// The shapes of maps and iterators. The table's address is somewhere in the first words, and none of the others looks
/// like one.
pub(super) fn shapes() -> ([WordKind; WORDS], [WordKind; 4]) {
    let mut map = [WordKind::Pointer; WORDS];
    map[WORDS - 4..].fill(WordKind::Scalar);
    (map, [WordKind::Pointer, WordKind::Pointer, WordKind::Scalar, WordKind::Scalar])
}

/// The words of an entry and how it is laid out, for a map type.
pub(super) fn layout(program: &Program, ty: TypeIdx) -> (Entries, Vec<WordKind>) {
    let desc = &program.types[ty as usize];
    let (key, elem) = (&program.types[desc.key as usize], &program.types[desc.elem as usize]);
    // What has no size lies at the beginning: behind the last part there may be another object.
    let key_at = match key.size {
        0 => 0,
        _ => 8usize.next_multiple_of(usize::from(key.align.max(1))),
    };
    let elem_at = match elem.size {
        0 => 0,
        _ => (key_at + key.size as usize).max(8).next_multiple_of(usize::from(elem.align.max(1))),
    };
    let align = if key.align == 16 || elem.align == 16 { 16 } else { 8 };
    let size = (elem_at + elem.size as usize).max(key_at + key.size as usize).max(8).next_multiple_of(align);
    let mut words = vec![WordKind::Scalar; size / 8];
    for (at, part) in [(key_at, key), (elem_at, elem)] {
        // Types with pointers are whole words.
        if part.words.iter().any(|kind| *kind != WordKind::Scalar) {
            let repeated = part.words.iter().cycle().take(part.size as usize / 8);
            words.iter_mut().skip(at / 8).zip(repeated).for_each(|(word, kind)| *word = *kind);
        }
    }
    let keys = match key.kind {
        Kind::String => Keys::Text,
        Kind::Float32 | Kind::Float64 | Kind::Interface | Kind::Struct | Kind::Array => Keys::Other,
        _ => Keys::Word,
    };
    let scans = words.iter().any(|kind| *kind != WordKind::Scalar);
    let (key, elem) = (desc.key, desc.elem);
    (Entries { keys, key, elem, key_at, elem_at, size, shape: ShapeId::NOSCAN_PAIRS, scans }, words)
}

impl Entries {
    /// The same with the shape of an entry.
    pub(super) fn with_shape(self, shape: ShapeId) -> Self {
        Self { shape, ..self }
    }

    /// Whether entries have pointers.
    pub(super) fn scans(&self) -> bool {
        self.scans
    }
}

/// A key of an operation.
#[derive(Clone, Copy)]
enum Key {
    Word(u64),
    Text(Str),
    /// In memory.
    At(usize),
}

fn spread(hash: u64) -> u32 {
    (hash >> 32) as u32 ^ hash as u32
}

/// The hash that the table gets: its position comes from the low bits, its tag from the high ones.
fn wide(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
}

impl Key {
    /// # Safety
    /// The key is one of such entries.
    #[inline]
    unsafe fn hash(self, types: &Types, entries: &Entries, seed: u64) -> Result<u32, Trap> {
        let state = FixedState::with_seed(seed);
        Ok(match self {
            Self::Word(word) => spread(state.hash_one(word)),
            Self::Text(text) => {
                let mut hasher = state.build_hasher();
                // SAFETY: the caller's promise.
                hasher.write(unsafe { text.bytes() });
                spread(hasher.finish())
            }
            Self::At(at) => {
                let mut hasher = state.build_hasher();
                // SAFETY: the caller's promise.
                unsafe { types.hash(entries.key, at, &mut hasher)? };
                spread(hasher.finish())
            }
        })
    }

    /// Whether it is the key in memory.
    ///
    /// # Safety
    /// Both are keys of such entries.
    #[inline]
    unsafe fn is(self, memory: &Memory, entries: &Entries, at: usize) -> bool {
        // SAFETY: the caller's promise.
        unsafe {
            match self {
                Self::Word(word) => {
                    let mut own = 0;
                    memory.load(entries.key, at, &raw mut own);
                    own == word
                }
                Self::Text(text) => text.bytes() == super::value::text(at).bytes(),
                // What cannot be compared has no hash either.
                Self::At(key) => memory.types().equal(entries.key, key, at).unwrap_or(false),
            }
        }
    }
}

/// A map's version is odd as long as this exists.
struct Changing(*const AtomicU32);

impl Changing {
    /// # Errors
    /// Another goroutine changes the map.
    ///
    /// # Safety
    /// `map` is a map of the program.
    #[inline]
    unsafe fn new(map: usize) -> Result<Self, Trap> {
        // SAFETY: the caller's promise.
        let version = unsafe { &(*(map as *const Map)).version };
        let now = version.load(Relaxed);
        if !now.is_multiple_of(2) || version.compare_exchange(now, now.wrapping_add(1), Acquire, Relaxed).is_err() {
            return Err(Trap::fatal(WRITES));
        }
        Ok(Self(version))
    }
}

impl Drop for Changing {
    fn drop(&mut self) {
        // SAFETY: who changes the map keeps it alive.
        let version = unsafe { &*self.0 };
        version.store(version.load(Relaxed).wrapping_add(1), Release);
    }
}

impl Memory {
    fn entries(&self, ty: TypeIdx) -> Entries {
        self.types().get(ty).map.unwrap_or_else(|| unreachable!("{} is no map", self.types().get(ty).name()))
    }

    /// The key in slots; one that is neither a word nor a string is put into memory.
    ///
    /// # Safety
    /// `slots` leads to a key of such entries.
    #[inline]
    unsafe fn key(&mut self, entries: &Entries, slots: *const u64) -> Key {
        // SAFETY: the caller's promise; the scratch memory is made large enough.
        unsafe {
            match entries.keys {
                Keys::Word => Key::Word(*slots),
                Keys::Text => Key::Text(*slots.cast()),
                Keys::Other => {
                    let words = self.types().get(entries.key).size().div_ceil(16).max(1);
                    let at = self.scratch(words);
                    self.store(entries.key, at, slots);
                    Key::At(at)
                }
            }
        }
    }

    /// # Safety
    /// `map` is a map of the program, and there is no other reference to it.
    #[inline]
    unsafe fn map<'m>(&mut self, map: usize) -> &'m mut Map {
        // SAFETY: the caller's promise.
        let map = unsafe { &mut *(map as *mut Map) };
        map.table.allocator().0.set(&raw mut self.mutator);
        map
    }

    /// `make(map[K]V, hint)`
    ///
    /// # Errors
    /// The heap is exhausted.
    pub fn make_map(&mut self, ty: TypeIdx, hint: i64) -> Result<usize, Trap> {
        let at = self.new_shaped(self.types().map_shape, size_of::<Map>())?;
        let table = HashTable::new_in(Source(Cell::new(&raw mut self.mutator)));
        let seed = self.random();
        let map = Map { table, entries: 0, used: 0, room: 0, live: 0, clears: 0, seed, version: AtomicU32::new(0) };
        // SAFETY: the object is new and has this size and alignment.
        unsafe { (at as *mut Map).write(map) };
        let hint = u64::try_from(hint).unwrap_or(0).min(1 << 24) as u32;
        if hint > 0 {
            let entries = self.entries(ty);
            // SAFETY: as above; nobody else knows the map.
            unsafe { self.make_room(&entries, at, hint.max(4))? };
        }
        Ok(at)
    }

    /// `len(m)`
    ///
    /// # Safety
    /// `map` is a map or null.
    pub unsafe fn map_len(map: usize) -> u64 {
        // SAFETY: the caller's promise.
        if map == 0 { 0 } else { u64::from(unsafe { (*(map as *const Map)).live }) }
    }

    /// The position of a key.
    ///
    /// # Safety
    /// The map has such entries, and the key is one of theirs.
    #[inline]
    unsafe fn position(&self, entries: &Entries, map: &View, key: Key, hash: u32) -> Option<u32> {
        let is = |i: u32| {
            let at = map.entries + i as usize * entries.size;
            // What stands in a table that is written meanwhile may be any number.
            // SAFETY: entries up to `used` are written.
            i < map.used
                && unsafe { Self::word(at) == LIVE | u64::from(hash) && key.is(self, entries, at + entries.key_at) }
        };
        if map.table.is_empty() {
            return (0..map.used).find(|&i| is(i));
        }
        map.table.find(wide(hash), |&i| is(i)).copied()
    }

    /// The address of the element for a key, or null.
    ///
    /// # Errors
    /// The key's type cannot be hashed.
    ///
    /// # Safety
    /// `map` is a map of the type, or null, and `slots` leads to a key.
    pub unsafe fn map_find(&mut self, ty: TypeIdx, map: usize, slots: *const u64) -> Result<usize, Trap> {
        let entries = self.entries(ty);
        // SAFETY: the caller's promise.
        unsafe {
            let key = self.key(&entries, slots);
            self.find_key(&entries, map, key)
        }
    }

    /// # Safety
    /// As for [`Memory::map_find`].
    unsafe fn find_key(&mut self, entries: &Entries, map: usize, key: Key) -> Result<usize, Trap> {
        // SAFETY: the caller's promise.
        unsafe {
            if is_empty(map) {
                return key.hash(self.types(), entries, 0).map_or_else(|trap| Err(in_nothing(trap)), |_| Ok(0));
            }
            let view = View::new(map, READ_AND_WRITE)?;
            let hash = key.hash(self.types(), entries, view.seed)?;
            let found = self.position(entries, &view, key, hash);
            view.check(map, READ_AND_WRITE)?;
            Ok(found.map_or(0, |i| view.entries + i as usize * entries.size + entries.elem_at))
        }
    }

    /// The address of the element for a key, which is made, zero, if there is none.
    ///
    /// # Errors
    /// The key's type cannot be hashed, the map is null, or the heap is exhausted.
    ///
    /// # Safety
    /// As for [`Memory::map_find`].
    pub unsafe fn map_place(&mut self, ty: TypeIdx, at: usize, slots: *const u64) -> Result<usize, Trap> {
        let entries = self.entries(ty);
        if at == 0 {
            return Err(Trap::plain("assignment to entry in nil map"));
        }
        // SAFETY: the caller's promise.
        unsafe {
            let key = self.key(&entries, slots);
            let hash = key.hash(self.types(), &entries, (*(at as *const Map)).seed)?;
            let _changing = Changing::new(at)?;
            if let Some(i) = self.position(&entries, &View::of(at as *const Map, 0), key, hash) {
                let place = (*(at as *const Map)).entries + i as usize * entries.size;
                // A key that is equal may still be another: of zeros the last one written stays.
                if entries.keys == Keys::Other {
                    self.store(entries.key, place + entries.key_at, slots);
                }
                return Ok(place + entries.elem_at);
            }
            let map = &*(at as *const Map);
            if map.used == map.room {
                let wanted = if map.live <= map.room / 2 { map.room } else { map.room.saturating_mul(2) };
                self.make_room(&entries, at, wanted.max(4))?;
            }
            let map = self.map(at);
            let i = map.used;
            if i >= SMALL || !map.table.is_empty() {
                let (base, size) = (map.entries, entries.size);
                let rehash = |&i: &u32| wide(Self::word(base + i as usize * size) as u32);
                if map.table.is_empty() {
                    self.index(&entries, map)?;
                }
                map.table.try_reserve(1, rehash).map_err(|_| Self::exhausted())?;
                map.table.insert_unique(wide(hash), i, rehash);
            }
            map.used += 1;
            map.live += 1;
            let place = map.entries + i as usize * entries.size;
            *(place as *mut u64) = LIVE | u64::from(hash);
            self.store(entries.key, place + entries.key_at, slots);
            Ok(place + entries.elem_at)
        }
    }

    fn exhausted() -> Trap {
        Trap::OutOfMemory(crate::memory::AllocError::HardLimit)
    }

    /// Fills the table anew.
    ///
    /// # Safety
    /// The map has such entries.
    unsafe fn index(&mut self, entries: &Entries, map: &mut Map) -> Result<(), Trap> {
        let (base, size) = (map.entries, entries.size);
        // SAFETY: entries up to `used` are written.
        let head = |i: u32| unsafe { Self::word(base + i as usize * size) };
        let rehash = |&i: &u32| wide(head(i) as u32);
        map.table.clear();
        map.table.try_reserve(map.room.max(map.used + 1) as usize, rehash).map_err(|_| Self::exhausted())?;
        for i in (0..map.used).filter(|&i| head(i) & LIVE != 0) {
            map.table.insert_unique(wide(head(i) as u32), i, rehash);
        }
        Ok(())
    }

    /// Moves the entries to where there is room for so many.
    ///
    /// # Safety
    /// It is a map with such entries.
    #[cold]
    #[inline(never)]
    unsafe fn make_room(&mut self, entries: &Entries, at: usize, room: u32) -> Result<(), Trap> {
        if u64::from(room) > MOST {
            return Err(Self::exhausted());
        }
        let bytes = room as usize * entries.size;
        let new = if entries.scans {
            self.new_shaped(entries.shape, bytes)?
        } else {
            self.new_shaped(ShapeId::NOSCAN_PAIRS, bytes.next_multiple_of(16))?
        };
        // SAFETY: the caller's promise; the new object has room for all live entries, and is not known to others.
        unsafe {
            let map = self.map(at);
            let old = map.entries;
            let mut used = 0;
            for i in 0..map.used as usize {
                let from = old + i * entries.size;
                if Self::word(from) & LIVE != 0 {
                    let to = new + used as usize * entries.size;
                    copy_units(to, from, entries.size, (to | from | entries.size).is_multiple_of(16));
                    used += 1;
                }
            }
            let moved = used != map.used;
            self.set_pointer((&raw mut map.entries).expose_provenance(), new as u64);
            map.room = room;
            map.used = used;
            if moved && !map.table.is_empty() || room > SMALL && map.table.is_empty() && used > 0 {
                self.index(entries, map)?;
            }
        }
        Ok(())
    }

    /// `delete(m, k)`
    ///
    /// # Errors
    /// The key's type cannot be hashed.
    ///
    /// # Safety
    /// As for [`Memory::map_find`].
    pub unsafe fn map_delete(&mut self, ty: TypeIdx, at: usize, slots: *const u64) -> Result<(), Trap> {
        let entries = self.entries(ty);
        // SAFETY: the caller's promise.
        unsafe {
            let key = self.key(&entries, slots);
            if is_empty(at) {
                return key.hash(self.types(), &entries, 0).map_or_else(|trap| Err(in_nothing(trap)), |_| Ok(()));
            }
            let hash = key.hash(self.types(), &entries, (*(at as *const Map)).seed)?;
            let _changing = Changing::new(at)?;
            let Some(i) = self.position(&entries, &View::of(at as *const Map, 0), key, hash) else { return Ok(()) };
            let map = self.map(at);
            if let Ok(found) = map.table.find_entry(wide(hash), |&other| other == i) {
                found.remove();
            }
            map.live -= 1;
            let place = map.entries + i as usize * entries.size;
            *(place as *mut u64) = 0;
            self.clear(entries.key, place + entries.key_at, 1);
            self.clear(entries.elem, place + entries.elem_at, 1);
            if map.live == 0 {
                map.used = 0;
                map.table.clear();
            }
        }
        Ok(())
    }

    /// `clear(m)`
    ///
    /// # Errors
    /// Another goroutine changes the map.
    ///
    /// # Safety
    /// `map` is a map or null.
    pub unsafe fn map_clear(&mut self, at: usize) -> Result<(), Trap> {
        if at == 0 {
            return Ok(());
        }
        // SAFETY: the caller's promise.
        unsafe {
            let _changing = Changing::new(at)?;
            let map = self.map(at);
            self.set_pointer((&raw mut map.entries).expose_provenance(), 0);
            (map.used, map.room, map.live) = (0, 0, 0);
            map.clears += 1;
            map.table.clear();
        }
        Ok(())
    }

    /// An iterator over a map, null for a null map.
    ///
    /// # Errors
    /// The heap is exhausted.
    ///
    /// # Safety
    /// `map` is a map or null.
    pub unsafe fn map_iter(&mut self, at: usize) -> Result<usize, Trap> {
        // SAFETY: the caller's promise.
        if unsafe { is_empty(at) } {
            return Ok(0);
        }
        // SAFETY: as above.
        let map = unsafe { View::new(at, ITERATION)? };
        if map.live == 0 {
            return Ok(0);
        }
        let iter = self.new_shaped(self.types().iter_shape, size_of::<Iter>())?;
        // SAFETY: the map is one; the iterator is new and nobody knows it.
        unsafe {
            let next = (self.random() % u64::from(map.used)) as u32;
            let (entries, used, clears) = (map.entries, map.used, map.clears);
            *(iter as *mut Iter) = Iter { map: at, entries, next, left: used, used, clears };
        }
        Ok(iter)
    }

    /// The addresses of the next key and element, null at the end.
    ///
    /// # Errors
    /// Another goroutine changes the map.
    ///
    /// # Safety
    /// `iter` is an iterator over a map of the type, or null.
    pub unsafe fn map_next(&mut self, ty: TypeIdx, iter: usize) -> Result<(usize, usize), Trap> {
        if iter == 0 {
            return Ok((0, 0));
        }
        let entries = self.entries(ty);
        // SAFETY: the caller's promise; an iterator's entries stay as long as it leads to them.
        unsafe {
            let iter = &mut *(iter as *mut Iter);
            while iter.left > 0 {
                let at = iter.entries + iter.next as usize * entries.size;
                iter.left -= 1;
                iter.next = if iter.next + 1 == iter.used { 0 } else { iter.next + 1 };
                if Self::word(at) & LIVE == 0 {
                    continue;
                }
                let (key_at, elem_at) = (at + entries.key_at, at + entries.elem_at);
                let map = View::new(iter.map, ITERATION)?;
                if map.entries == iter.entries {
                    return Ok((key_at, elem_at));
                }
                let key = match entries.keys {
                    Keys::Word => {
                        let mut word = 0;
                        self.load(entries.key, key_at, &raw mut word);
                        Key::Word(word)
                    }
                    Keys::Text => Key::Text(super::value::text(key_at)),
                    Keys::Other => Key::At(key_at),
                };
                if !key.is(self, &entries, key_at) {
                    // A NaN is found by nobody, so only clearing deletes it.
                    if map.clears == iter.clears {
                        return Ok((key_at, elem_at));
                    }
                    continue;
                }
                let elem = self.find_key(&entries, iter.map, key)?;
                if elem != 0 {
                    return Ok((elem - entries.elem_at + entries.key_at, elem));
                }
            }
        }
        Ok((0, 0))
    }
}
