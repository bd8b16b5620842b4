//! `vm explain`: the pages of the diagnostic codes, embedded in the binary.
//!
//! The pages are `docs/errors/<code>.md`; [`Code::page`] embeds them one by one, so a code without a page does not
//! compile. Here codes are found by what people type and listed.

use std::fmt::Write as _;

use super::Code;

/// The groups of codes by their first three characters.
const GROUPS: &[(&str, &str)] = &[
    ("E00", "Reading"),
    ("E01", "Syntax"),
    ("E02", "Names and declarations"),
    ("E03", "Types"),
    ("E04", "Constants"),
    ("E05", "Expressions"),
    ("E06", "Calls"),
    ("E07", "Statements"),
    ("E08", "Generics"),
    ("E09", "Packages and limits"),
];

/// Most codes proposed for a query that names none.
const PROPOSALS: usize = 5;
/// Shorter words are not looked for in titles.
const SHORTEST_WORD: usize = 3;

/// The code that `query` names, in any case; otherwise the codes it may have meant, best first.
pub fn find(query: &str) -> Result<Code, Vec<Code>> {
    let query = query.trim();
    Code::parse(query).ok_or_else(|| similar(query))
}

/// All codes with their titles, in groups.
pub fn list() -> String {
    let mut out = String::new();
    for (prefix, name) in GROUPS {
        let separator = if out.is_empty() { "" } else { "\n" };
        let _ = writeln!(out, "{separator}{name}");
        for code in Code::ALL.iter().filter(|c| c.number().starts_with(prefix)) {
            let _ = writeln!(out, "  {}  {}", code.number(), code.title());
        }
    }
    out
}

/// Codes whose number differs in one digit, or else whose titles contain the words of `query`.
fn similar(query: &str) -> Vec<Code> {
    let digits = query.trim_start_matches(['e', 'E']);
    let take = |found: &mut dyn Iterator<Item = Code>| found.take(PROPOSALS).collect::<Vec<_>>();
    let all = || Code::ALL.iter().copied();
    if !digits.is_empty() && digits.len() <= 6 && digits.bytes().all(|b| b.is_ascii_digit()) {
        let wanted = format!("E{digits:0>4}");
        let mut codes: Vec<_> = all().filter(|c| distance(c.number(), &wanted) <= 1).collect();
        codes.sort_by_key(|c| distance(c.number(), &wanted));
        return take(&mut codes.into_iter());
    }
    let words: Vec<_> = query.split_whitespace().filter(|w| w.len() >= SHORTEST_WORD).map(str::to_lowercase).collect();
    take(&mut all().filter(|c| !words.is_empty() && words.iter().all(|w| c.title().to_lowercase().contains(w))))
}

/// In how many places two numbers differ, a missing digit included.
fn distance(a: &str, b: &str) -> usize {
    a.bytes().zip(b.bytes()).filter(|(x, y)| x != y).count() + a.len().abs_diff(b.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_found_in_any_case() {
        assert_eq!(find("e0201"), Ok(Code::Undefined));
        assert_eq!(find(" E0201 "), Ok(Code::Undefined));
    }

    #[test]
    fn what_is_not_a_code_finds_proposals() {
        assert_eq!(find("201").unwrap_err().first(), Some(&Code::Undefined));
        assert_eq!(find("E0298").unwrap_err().first(), Some(&Code::InvalidInitMain));
        assert_eq!(find("import cycle"), Err(vec![Code::ImportCycle]));
        assert!(find("unused").unwrap_err().len() <= PROPOSALS);
        for nothing in ["", "E", "é", "zebra", "99999999999999999999"] {
            assert_eq!(find(nothing), Err(Vec::new()), "{nothing}");
        }
    }

    #[test]
    fn the_list_has_every_code() {
        let list = list();
        for code in Code::ALL {
            assert!(list.contains(&format!("  {}  {}\n", code.number(), code.title())), "{code:?}");
        }
        assert!(list.starts_with("Reading\n  E0001  "));
    }

    #[test]
    fn every_page_opens_with_its_code_and_title() {
        for code in Code::ALL {
            let head = format!("# {}: {}\n\n", code.number(), code.title());
            assert!(code.page().starts_with(&head), "docs/errors/{}.md must open with {head:?}", code.number());
            assert!(code.page().contains("```lang\n"), "docs/errors/{}.md has no example", code.number());
        }
    }
}
