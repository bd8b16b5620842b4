//! What Unicode says of code points.
//!
//! The data are those of `stdlib/unicode/tables.txt`, which is part of the program; its head says what is in it. They
//! are read when a code point beyond ASCII is looked at for the first time: the general categories of all code points
//! into one list, cases and folds into others, each named set when it is asked for.

use std::sync::OnceLock;

const TEXT: &str = include_str!("../../../../stdlib/unicode/tables.txt");

/// The general categories.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Category {
    Cc,
    Cf,
    Cn,
    Co,
    Cs,
    Ll,
    Lm,
    Lo,
    Lt,
    Lu,
    Mc,
    Me,
    Mn,
    Nd,
    Nl,
    No,
    Pc,
    Pd,
    Pe,
    Pf,
    Pi,
    Po,
    Ps,
    Sc,
    Sk,
    Sm,
    So,
    Zl,
    Zp,
    Zs,
}

use Category::*;

impl Category {
    const ALL: [Self; 30] = [
        Cc, Cf, Cn, Co, Cs, Ll, Lm, Lo, Lt, Lu, Mc, Me, Mn, Nd, Nl, No, Pc, Pd, Pe, Pf, Pi, Po, Ps, Sc, Sk, Sm, So, Zl,
        Zp, Zs,
    ];

    /// Whether it is one of letters.
    pub fn is_letter(self) -> bool {
        (Ll..=Lu).contains(&self)
    }

    /// Whether it is one of marks.
    pub fn is_mark(self) -> bool {
        (Mc..=Mn).contains(&self)
    }

    /// Whether it is one of numbers.
    pub fn is_number(self) -> bool {
        (Nd..=No).contains(&self)
    }

    /// Whether it is one of punctuation.
    pub fn is_punctuation(self) -> bool {
        (Pc..=Ps).contains(&self)
    }

    /// Whether it is one of symbols.
    pub fn is_symbol(self) -> bool {
        (Sc..=So).contains(&self)
    }

    /// Whether its characters leave ink.
    pub fn is_visible(self) -> bool {
        (Ll..=So).contains(&self)
    }
}

/// Code points from `low` to `high`, every `stride`-th of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Range {
    low: u32,
    high: u32,
    stride: u32,
}

impl Range {
    /// From `lo-hi/stride`.
    fn parse(text: &str) -> Option<Self> {
        let (low, rest) = text.split_once('-')?;
        let (high, stride) = rest.split_once('/').unwrap_or((rest, "1"));
        Some(Self { low: hexadecimal(low)?, high: hexadecimal(high)?, stride: stride.parse::<u32>().ok()?.max(1) })
    }
}

fn hexadecimal(text: &str) -> Option<u32> {
    u32::from_str_radix(text, 16).ok()
}

/// A line of a set: its name and its ranges.
fn set(line: &str) -> (&str, impl Iterator<Item = Range>) {
    let mut words = line.split_ascii_whitespace().skip(2);
    (words.next().unwrap_or(""), words.filter_map(Range::parse))
}

/// The lines of the sets: line `id - 1` is that of set `id`.
fn sets() -> &'static [&'static str] {
    static SETS: OnceLock<Vec<&str>> = OnceLock::new();
    SETS.get_or_init(|| {
        let lines = TEXT.lines().filter(|line| !line.starts_with('#'));
        lines.take_while(|line| line.starts_with(|c: char| c.is_ascii_digit())).collect()
    })
}

/// Whether a code point is in the set with this number.
pub fn in_set(id: i64, point: u32) -> bool {
    static RANGES: OnceLock<Vec<OnceLock<Vec<Range>>>> = OnceLock::new();
    let Some(index) = usize::try_from(id).ok().and_then(|id| id.checked_sub(1)) else { return false };
    let all = RANGES.get_or_init(|| sets().iter().map(|_| OnceLock::new()).collect());
    let Some(own) = all.get(index) else { return false };
    let ranges = own.get_or_init(|| set(sets()[index]).1.collect());
    let after = ranges.partition_point(|range| range.low <= point);
    let Some(range) = after.checked_sub(1).and_then(|at| ranges.get(at)) else { return false };
    point <= range.high && (point - range.low).is_multiple_of(range.stride)
}

/// Runs of code points with the same category: where each begins, shifted left by [`CATEGORY_BITS`], and its category.
struct Categories {
    runs: Vec<u32>,
    /// For each block of 256 code points the run that its first one lies in.
    blocks: Vec<u16>,
}

const CATEGORY_BITS: u32 = 8;
const POINTS: u32 = 0x11_0000;

impl Categories {
    fn read() -> Self {
        let mut runs = Vec::with_capacity(8192);
        for line in sets() {
            let (name, ranges) = set(line);
            let Some(category) = Category::ALL.into_iter().find(|c| *c != Cn && format!("{c:?}") == name) else {
                continue;
            };
            for Range { low, high, stride } in ranges {
                let length = if stride == 1 { high - low + 1 } else { 1 };
                for start in (low..=high).step_by(if stride == 1 { length as usize } else { stride as usize }) {
                    runs.push((start, start + length, category));
                }
            }
        }
        runs.sort_unstable_by_key(|run| run.0);
        let mut all = Vec::with_capacity(2 * runs.len());
        let mut end = 0;
        for (start, next, category) in runs {
            if start > end {
                all.push(end << CATEGORY_BITS | Cn as u32);
            }
            all.push(start << CATEGORY_BITS | category as u32);
            end = next;
        }
        all.push(end << CATEGORY_BITS | Cn as u32);
        let block = |block: u32| all.partition_point(|run| run >> CATEGORY_BITS <= block << 8).saturating_sub(1) as u16;
        Self { blocks: (0..=POINTS >> 8).map(block).collect(), runs: all }
    }

    fn get(&self, point: u32) -> Category {
        if point >= POINTS {
            return Cn;
        }
        let block = (point >> 8) as usize;
        let (first, last) = (usize::from(self.blocks[block]), usize::from(self.blocks[block + 1]));
        let runs = &self.runs[first..=last];
        let run = runs[runs.partition_point(|run| run >> CATEGORY_BITS <= point).saturating_sub(1)];
        Category::ALL[(run & ((1 << CATEGORY_BITS) - 1)) as usize]
    }
}

/// The general category of a code point; what is none is unassigned.
pub fn category(point: u32) -> Category {
    static CATEGORIES: OnceLock<Categories> = OnceLock::new();
    CATEGORIES.get_or_init(Categories::read).get(point)
}

/// Whether a code point is printable: visible, or the space.
pub fn is_print(point: u32) -> bool {
    if point < 0x80 { (0x20..0x7F).contains(&point) } else { category(point).is_visible() }
}

/// Whether a code point is visible or any space.
pub fn is_graphic(point: u32) -> bool {
    if point < 0x80 {
        return (0x20..0x7F).contains(&point);
    }
    let category = category(point);
    category.is_visible() || category == Zs
}

/// Whether a code point is white space.
pub fn is_space(point: u32) -> bool {
    matches!(point, 9..=13 | 0x20 | 0x85 | 0xA0 | 0x1680 | 0x2000..=0x200A | 0x2028 | 0x2029 | 0x202F | 0x205F | 0x3000)
}

/// The cases that a letter is mapped to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Case {
    /// As in "ABC".
    Upper,
    /// As in "abc".
    Lower,
    /// As the first letter of "Abc".
    Title,
}

/// Code points with the same distance to their other cases.
struct Mapping {
    low: u32,
    high: u32,
    deltas: [i32; 3],
}

/// Stands for letters that are in upper and lower case by turns.
const ALTERNATING: i32 = 0x11_0000;

fn mappings() -> &'static [Mapping] {
    static MAPPINGS: OnceLock<Vec<Mapping>> = OnceLock::new();
    MAPPINGS.get_or_init(|| {
        let mapping = |line: &str| {
            let mut words = line.strip_prefix("case ")?.split_ascii_whitespace();
            let (low, high) = words.next()?.split_once('-')?;
            let mut delta = || words.next()?.parse().ok();
            let deltas = [delta()?, delta()?, delta()?];
            Some(Mapping { low: hexadecimal(low)?, high: hexadecimal(high)?, deltas })
        };
        TEXT.lines().filter_map(mapping).collect()
    })
}

/// A code point in another case, itself if there is none.
pub fn map_case(case: Case, point: u32) -> u32 {
    if point < 0x80 {
        let c = point as u8;
        return u32::from(if case == Case::Lower { c.to_ascii_lowercase() } else { c.to_ascii_uppercase() });
    }
    let mappings = mappings();
    let after = mappings.partition_point(|mapping| mapping.low <= point);
    let Some(mapping) = after.checked_sub(1).and_then(|at| mappings.get(at)) else { return point };
    if point > mapping.high {
        return point;
    }
    match mapping.deltas[case as usize] {
        ALTERNATING => {
            let offset = point - mapping.low;
            mapping.low + if case == Case::Lower { offset | 1 } else { offset & !1 }
        }
        delta => point.wrapping_add_signed(delta),
    }
}

/// The folds of more than an upper and a lower case letter: each code point and the one after it.
fn folds() -> &'static [(u32, u32)] {
    static FOLDS: OnceLock<Vec<(u32, u32)>> = OnceLock::new();
    FOLDS.get_or_init(|| {
        let mut all = Vec::with_capacity(512);
        for line in TEXT.lines().filter_map(|line| line.strip_prefix("fold ")) {
            let orbit: Vec<u32> = line.split_ascii_whitespace().filter_map(hexadecimal).collect();
            all.extend(orbit.iter().zip(orbit.iter().cycle().skip(1)).map(|(&point, &next)| (point, next)));
        }
        all.sort_unstable();
        all
    })
}

/// The next larger code point that is the same but for case, or the smallest such.
pub fn simple_fold(point: u32) -> u32 {
    if point < 0x80 && !matches!(point, 0x4B | 0x53 | 0x6B | 0x73) {
        let c = point as u8;
        return u32::from(if c.is_ascii_alphabetic() { c ^ 0x20 } else { c });
    }
    if let Ok(at) = folds().binary_search_by_key(&point, |fold| fold.0) {
        return folds()[at].1;
    }
    let lower = map_case(Case::Lower, point);
    if lower != point { lower } else { map_case(Case::Upper, point) }
}

/// Whether code points are the same but for case.
pub fn same_folded(a: u32, b: u32) -> bool {
    if a == b {
        return true;
    }
    if a < 0x80 && b < 0x80 {
        return (a as u8).eq_ignore_ascii_case(&(b as u8));
    }
    let mut other = simple_fold(a);
    while other != a {
        if other == b {
            return true;
        }
        other = simple_fold(other);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_set_is_where_its_number_says() {
        for (at, line) in sets().iter().enumerate() {
            assert!(line.starts_with(&format!("{} ", at + 1)), "{line}");
        }
        assert_eq!(sets().len(), 251);
    }

    #[test]
    fn categories() {
        let of = |c: char| category(c as u32);
        assert_eq!([of('a'), of('Z'), of('5'), of(' '), of('\0')], [Ll, Lu, Nd, Zs, Cc]);
        assert_eq!([of('ǅ'), of('世'), of('€'), of('\u{300}'), of('\u{E000}')], [Lt, Lo, Sc, Mn, Co]);
        assert_eq!([category(0xD800), category(0x378), category(u32::MAX)], [Cs, Cn, Cn]);
    }

    #[test]
    fn sets_and_categories_agree() {
        for (at, name) in ["Cc", "Lu", "Nd", "Zs", "So"].iter().zip([2, 13, 19, 38, 34]).map(|(name, id)| (id, name)) {
            for point in 0..POINTS {
                assert_eq!(in_set(at, point), format!("{:?}", category(point)) == **name, "{point:x} in {name}");
            }
        }
        for point in 0..POINTS {
            assert_eq!(is_space(point), in_set(251, point), "{point:x}");
        }
        assert!(!in_set(0, 65) && !in_set(-1, 65) && !in_set(252, 65));
    }

    #[test]
    fn cases() {
        let all = |c: char| [Case::Upper, Case::Lower, Case::Title].map(|case| map_case(case, c as u32));
        assert_eq!(all('ǆ'), [0x1C4, 0x1C6, 0x1C5]);
        assert_eq!(all('ÿ'), [0x178, 0xFF, 0x178]);
        assert_eq!(all('Ā'), [0x100, 0x101, 0x100]);
        assert_eq!(all('1'), [0x31; 3]);
        assert_eq!(map_case(Case::Upper, u32::MAX), u32::MAX);
    }

    #[test]
    fn folding() {
        assert_eq!(simple_fold('A' as u32), 'a' as u32);
        assert_eq!(simple_fold('K' as u32), 'k' as u32);
        assert_eq!(simple_fold('k' as u32), 0x212A);
        assert_eq!(simple_fold(0x212A), 'K' as u32);
        assert_eq!(simple_fold('1' as u32), '1' as u32);
        assert!(same_folded('Σ' as u32, 'ς' as u32) && !same_folded('Σ' as u32, 'a' as u32));
    }
}
