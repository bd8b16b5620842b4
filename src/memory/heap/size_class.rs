//! Size classes: the sizes that small objects are rounded up to, and the spans that hold them.
//!
//! A span is a run of pages cut into objects of one size. Few classes mean that memory freed in one is likely to be
//! wanted again in the same one; many classes mean that little is lost by rounding up. All numbers here come from one
//! rule, run by the compiler; nothing is typed in.
//!
//! The rule. The first size is 16; from there on, until 32 KiB are reached:
//! 1. *Step.* The next candidate is the last size plus its step: the power of two at or below the size, divided by 8,
//!    at least 16 and at most 128. Only below 32 the step is 8, which gives the class 24.
//! 2. *Span.* Its span has the fewest pages whose tail, the bytes that are left over after the last whole object, is
//!    at most an eighth of the span.
//! 3. *Stretch.* The tail is then handed to the objects: the size grows to the largest multiple of the step of which
//!    the span holds as many. So candidates that would share a span's geometry become one class, the largest of them.
//!
//! What the rule achieves (tested):
//! - Class 24 is the only size that is not a multiple of 16. From 256 bytes on sizes are multiples of 32, from 512 on
//!   of 64, from 1024 on of 128. Spans start at a page, so objects are aligned to the power of two in their size.
//! - A request of more than 128 bytes wastes at most 15.6 % of its share of the span, by rounding and tail together;
//!   rounding alone is below 14.3 %, the one-page halves at 4096 (15.6 %) excepted; on average, over sizes of equal
//!   weight per octave, 6.4 %. Below, the alignment of 16 decides: at most 31.5 %, from 17 bytes on.
//! - A span has at most 10 pages and at most 512 objects, so its mark bits fill one cache line.
//!
//! Where an object lies in its span is a division by the size. A multiplication by the reciprocal, rounded up to 32
//! bits after the point, gives the same quotient for each offset of each span; a test tries all of them.
//!
//! Class 0 stands for objects of more than [`MAX_SMALL`] bytes, which have a span of their own.
//!
//! The shape of the rule (an eighth as the bound for the tail, stretching) is that of Go's generator of size classes.

use std::fmt::Write;

use super::{PAGE_SHIFT, PAGE_SIZE};

/// The smallest object, in bytes; smaller ones share a block of this size.
pub const MIN_SIZE: usize = 16;
/// The largest object that has a size class, in bytes.
pub const MAX_SMALL: usize = 32 << 10;
/// The most objects in a span.
pub const MAX_OBJECTS: usize = PAGE_SIZE / MIN_SIZE;
/// How many values a class can have, 0 for large objects included: the length of a table indexed by class.
pub const CLASSES: usize = count() + 1;

/// Up to here sizes are looked up in steps of 8 bytes, above in steps of [`COARSE_STEP`].
const FINE_MAX: usize = 1024;
const FINE_STEP: usize = 8;
const COARSE_STEP: usize = 128;

/// Bytes per object, by class; 0 for class 0. One entry for each `u8`, so that indexing needs no check.
static SIZE: [u16; 256] = TABLES.size;
/// Pages per span, by class.
static PAGES: [u8; 256] = TABLES.pages;
/// Objects per span, by class.
static OBJECTS: [u16; 256] = TABLES.objects;
/// 2³² divided by the size and rounded up, by class.
static RECIPROCAL: [u32; 256] = TABLES.reciprocal;
/// Class by size, rounded up to steps of [`FINE_STEP`].
static FINE: [u8; FINE_MAX / FINE_STEP + 1] = fine();
/// Class by how far the size is above [`FINE_MAX`], rounded up to steps of [`COARSE_STEP`].
static COARSE: [u8; (MAX_SMALL - FINE_MAX) / COARSE_STEP + 1] = coarse();

const TABLES: Tables = tables();

/// A size class: 1 and up in order of size, or [`SizeClass::LARGE`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SizeClass(u8);

impl SizeClass {
    /// The class of objects that have a span of their own. It has no size.
    pub const LARGE: Self = Self(0);

    /// The class for an object of `size` bytes; `None` when it is large. With `align16` its address will be a
    /// multiple of 16, without it perhaps only of 8. Size 0 counts as 1.
    #[inline]
    pub fn for_size(size: usize, align16: bool) -> Option<Self> {
        let class = if size <= FINE_MAX {
            // 17..=24 with alignment go where 32 goes: one step further.
            let skip = usize::from(align16 && size.wrapping_sub(17) < 8);
            FINE[size.div_ceil(FINE_STEP) + skip]
        } else if size <= MAX_SMALL {
            COARSE[(size - FINE_MAX).div_ceil(COARSE_STEP)]
        } else {
            0
        };
        (class != 0).then_some(Self(class))
    }

    /// The class with this number, below [`CLASSES`].
    #[inline]
    pub fn from_index(index: usize) -> Self {
        debug_assert!(index < CLASSES, "class {index} does not exist");
        Self(index as u8)
    }

    /// Its number; 0 for `LARGE`.
    #[inline]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// All classes of small objects in order of size.
    pub fn all() -> impl Iterator<Item = Self> {
        (1..CLASSES).map(Self::from_index)
    }

    /// Bytes per object.
    #[inline]
    pub fn size(self) -> usize {
        usize::from(SIZE[self.index()])
    }

    /// Pages per span.
    #[inline]
    pub fn pages(self) -> usize {
        usize::from(PAGES[self.index()])
    }

    /// Bytes per span, the tail included.
    #[inline]
    pub fn span_bytes(self) -> usize {
        self.pages() << PAGE_SHIFT
    }

    /// Objects per span.
    #[inline]
    pub fn objects(self) -> usize {
        usize::from(OBJECTS[self.index()])
    }

    /// Which object of its span holds the byte at `offset` from the span's start. In the tail this is
    /// [`SizeClass::objects`], which is no object's index. `offset` must lie in the span.
    #[inline]
    pub fn index_of(self, offset: usize) -> usize {
        debug_assert!(offset < self.span_bytes(), "offset {offset} is outside of a span of {self:?}");
        ((offset as u64 * u64::from(RECIPROCAL[self.index()])) >> 32) as usize
    }

    /// The largest request that goes to a smaller class, in bytes.
    fn below(self) -> usize {
        usize::from(SIZE[self.index() - 1])
    }
}

/// The classes as a table of text: bytes per object and span, objects per span, the bytes left over at the span's end,
/// and the largest part of a span that can be lost, by the tail and by requests that are just too large for the class
/// below.
pub fn waste_table() -> String {
    let mut out = String::from("class  bytes/object  bytes/span  objects  tail waste  max waste\n");
    for class in SizeClass::all() {
        let (size, span, objects) = (class.size(), class.span_bytes(), class.objects());
        let tail = span - objects * size;
        let wasted = span - objects * (class.below() + 1);
        let percent = 100.0 * wasted as f64 / span as f64;
        writeln!(out, "{:5}  {size:12}  {span:10}  {objects:7}  {tail:10}  {percent:8.2}%", class.index())
            .expect("writing to a string does not fail");
    }
    out
}

/// The columns of the class table while it is computed.
struct Tables {
    size: [u16; 256],
    pages: [u8; 256],
    objects: [u16; 256],
    reciprocal: [u32; 256],
}

/// A candidate after the rule's steps 2 and 3.
struct Geometry {
    size: usize,
    pages: usize,
    objects: usize,
}

/// The distance from `size` to the next candidate, and what stretched sizes are multiples of.
const fn step(size: usize) -> usize {
    let eighth = (1 << size.ilog2()) / 8;
    match size {
        ..32 => 8,
        32..128 => 16,
        128..1024 => eighth,
        _ => 128,
    }
}

const fn geometry(candidate: usize) -> Geometry {
    let mut pages = 1;
    while (pages * PAGE_SIZE) % candidate > pages * PAGE_SIZE / 8 {
        pages += 1;
    }
    let objects = pages * PAGE_SIZE / candidate;
    let room = pages * PAGE_SIZE / objects;
    Geometry { size: room - room % step(candidate), pages, objects }
}

/// The number of classes, 0 not included.
const fn count() -> usize {
    let (mut count, mut candidate) = (0, MIN_SIZE);
    while candidate <= MAX_SMALL {
        let size = geometry(candidate).size;
        candidate = size + step(size);
        count += 1;
    }
    count
}

const fn tables() -> Tables {
    let mut tables = Tables { size: [0; 256], pages: [0; 256], objects: [0; 256], reciprocal: [0; 256] };
    let (mut class, mut candidate) = (1, MIN_SIZE);
    while candidate <= MAX_SMALL {
        let Geometry { size, pages, objects } = geometry(candidate);
        assert!(class < 256 && size <= u16::MAX as usize && pages <= u8::MAX as usize && objects <= MAX_OBJECTS);
        tables.size[class] = size as u16;
        tables.pages[class] = pages as u8;
        tables.objects[class] = objects as u16;
        tables.reciprocal[class] = (1u64 << 32).div_ceil(size as u64) as u32;
        candidate = size + step(size);
        class += 1;
    }
    assert!(tables.size[class - 1] as usize == MAX_SMALL, "the largest class is the largest small size");
    tables
}

const fn fine() -> [u8; FINE_MAX / FINE_STEP + 1] {
    let mut table = [0; FINE_MAX / FINE_STEP + 1];
    let (mut class, mut i) = (1, 0);
    while i < table.len() {
        while (TABLES.size[class] as usize) < i * FINE_STEP {
            class += 1;
        }
        table[i] = class as u8;
        i += 1;
    }
    table
}

const fn coarse() -> [u8; (MAX_SMALL - FINE_MAX) / COARSE_STEP + 1] {
    let mut table = [0; (MAX_SMALL - FINE_MAX) / COARSE_STEP + 1];
    let (mut class, mut i) = (1, 0);
    while i < table.len() {
        while (TABLES.size[class] as usize) < FINE_MAX + i * COARSE_STEP {
            class += 1;
        }
        table[i] = class as u8;
        i += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::Index;

    use super::*;

    #[test]
    fn sizes_have_the_classes_of_this_table() {
        insta::assert_snapshot!(waste_table());
    }

    #[test]
    fn every_size_gets_the_smallest_class_that_holds_it() {
        for align16 in [false, true] {
            for size in 0..=MAX_SMALL {
                let class = SizeClass::for_size(size, align16).unwrap();
                let best = SizeClass::all().find(|c| c.size() >= size && (!align16 || c.size() % 16 == 0));
                assert_eq!(Some(class), best, "size {size}, align16 {align16}");
            }
            assert_eq!(SizeClass::for_size(MAX_SMALL + 1, align16), None);
            assert_eq!(SizeClass::for_size(usize::MAX, align16), None);
        }
    }

    #[test]
    fn every_offset_leads_to_its_object() {
        for class in SizeClass::all() {
            for offset in 0..class.span_bytes() {
                assert_eq!(class.index_of(offset), offset / class.size(), "{class:?}, offset {offset}");
            }
            assert_eq!(class.objects(), class.span_bytes() / class.size());
        }
    }

    #[test]
    fn sizes_are_aligned() {
        for class in SizeClass::all() {
            let multiple = match class.size() {
                24 => 8,
                ..256 => 16,
                256..512 => 32,
                512..1024 => 64,
                _ => 128,
            };
            assert_eq!(class.size() % multiple, 0, "{class:?}");
        }
    }

    #[test]
    fn waste_is_bounded() {
        let (mut sum, mut weights) = (0.0, 0.0);
        for class in SizeClass::all().filter(|c| c.size() > MIN_SIZE) {
            let share = class.span_bytes() as f64 / class.objects() as f64;
            let waste = |request: usize| 1.0 - request as f64 / share;
            let rounding = 1.0 - (class.below() + 1) as f64 / class.size() as f64;
            let (most_rounding, most) = match class.size() {
                ..=128 => (0.3126, 0.3153),
                4096 => (0.1561, 0.1561),
                _ => (0.1428, 0.1561),
            };
            assert!(waste(class.below() + 1) <= most, "{class:?} wastes {}", waste(class.below() + 1));
            assert!(rounding <= most_rounding, "{class:?} rounds by {rounding}");
            assert!(waste(class.size()) <= 0.125, "{class:?} has a long tail");
            for request in (class.below() + 1..=class.size()).filter(|r| *r > 128) {
                sum += waste(request) / request as f64;
                weights += 1.0 / request as f64;
            }
        }
        assert!(sum / weights < 0.065, "average {}", sum / weights);
    }

    #[test]
    fn spans_have_the_fewest_pages_and_no_two_the_same_cut() {
        for class in SizeClass::all() {
            for pages in 1..class.pages() {
                let span = pages * PAGE_SIZE;
                // The smallest size the class stands for decides: stretching comes after the choice of pages.
                let candidate = class.below() + if class.index() == 1 { MIN_SIZE } else { step(class.below()) };
                assert!(span % candidate > span / 8, "{class:?} would fit {pages} pages");
            }
            assert!(class.pages() <= 10 && class.objects() <= MAX_OBJECTS);
        }
        let cuts: Vec<_> = SizeClass::all().map(|c| (c.pages(), c.objects())).collect();
        assert!((1..cuts.len()).all(|i| !cuts[..i].contains(&cuts[i])), "two classes cut their spans in the same way");
    }

    #[test]
    fn bytes_name_classes() {
        assert_eq!(SizeClass::all().count(), CLASSES - 1);
        assert_eq!(SizeClass::all().map(SizeClass::size).max(), Some(MAX_SMALL));
    }

    /// Sizes of every order of magnitude, and those where another class begins: around the size of one, at the end of
    /// all, and below 32, where alignment decides.
    fn requests() -> impl Strategy<Value = usize> {
        let any = (0..usize::BITS, any::<usize>()).prop_map(|(bits, size)| size >> bits);
        let near = (1..CLASSES, 0..3_usize).prop_map(|(class, more)| SizeClass::from_index(class).size() - 1 + more);
        prop_oneof![3 => any, 3 => near, 1 => MAX_SMALL - 1..MAX_SMALL + 2, 1 => 0..33_usize]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1024))]

        #[test]
        fn a_request_of_any_size_has_the_smallest_aligned_place(size in requests(), align16: bool) {
            let align = if align16 { 16 } else { 8 };
            let holds = |class: SizeClass| class.size() >= size && class.size().is_multiple_of(align);
            let Some(class) = SizeClass::for_size(size, align16) else {
                prop_assert!(size > MAX_SMALL, "{size} bytes are small");
                return Ok(());
            };
            prop_assert!(holds(class), "{class:?} for {size} bytes");
            prop_assert_eq!(SizeClass::all().find(|class| holds(*class)), Some(class));
            // An object is aligned to the power of two in its size, wherever it lies in its span.
            let power = 1 << class.size().trailing_zeros().min(PAGE_SHIFT);
            prop_assert!((0..class.objects()).all(|object| object * class.size() % power == 0 && power >= align));
            prop_assert!(class.objects() * class.size() <= class.span_bytes());
        }

        #[test]
        fn any_offset_is_divided_by_the_size(class in 1..CLASSES, offset: Index) {
            let class = SizeClass::from_index(class);
            let offset = offset.index(class.span_bytes());
            let index = class.index_of(offset);
            prop_assert_eq!(index, offset / class.size());
            prop_assert_eq!(index == class.objects(), offset >= class.objects() * class.size(), "the tail");
            // Where a quotient that is off by one would show: the ends of the object.
            let ends = [index * class.size(), (index * class.size() + class.size()).min(class.span_bytes()) - 1];
            prop_assert_eq!(ends.map(|end| class.index_of(end)), [index; 2]);
        }
    }
}
