//! Did you mean …? The likely meaning of a misspelled name.

/// The name of `known` that a misspelled `text` most likely means.
pub fn closest<'a>(text: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let limit = match text.chars().count() {
        0..=2 => return None,
        3..=5 => 1,
        _ => 2,
    };
    // A character has up to four bytes.
    let names = known.filter(|n| n.len() > 1 && *n != text && n.len().abs_diff(text.len()) <= 4 * limit);
    let scored = names.map(|n| (edit_distance(text, n, limit), n)).filter(|&(d, _)| d <= limit);
    scored.min().map(|(_, n)| n)
}

/// Edits (insert, delete, replace, swap neighbours) between two names, case ignored; more than `limit` is `limit + 1`.
fn edit_distance(a: &str, b: &str, limit: usize) -> usize {
    let a: Vec<char> = a.to_lowercase().chars().collect();
    let b: Vec<char> = b.to_lowercase().chars().collect();
    if a.len().abs_diff(b.len()) > limit {
        return limit + 1;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut previous: Vec<usize> = (0..=b.len()).collect();
    for (i, &ca) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, &cb) in b.iter().enumerate() {
            let replace = previous[j] + usize::from(ca != cb);
            let mut best = replace.min(previous[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && ca == b[j - 1] && a[i - 1] == cb {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut previous, row);
    }
    previous.last().copied().unwrap_or(limit + 1)
}

#[cfg(test)]
mod tests {
    use super::{closest, edit_distance};

    #[test]
    fn distance_counts_edits_and_swaps() {
        assert_eq!(edit_distance("Printn", "Println", 2), 1);
        assert_eq!(edit_distance("lenght", "length", 2), 1);
        assert_eq!(edit_distance("abc", "xyzzy", 1), 2);
    }

    #[test]
    fn short_names_mean_only_themselves() {
        let known = ["fmt", "sort", "strings"];
        assert_eq!(closest("strngs", known.into_iter()), Some("strings"));
        assert_eq!(closest("sot", known.into_iter()), Some("sort"));
        assert_eq!(closest("fm", known.into_iter()), None);
        assert_eq!(closest("zebra", known.into_iter()), None);
    }
}
