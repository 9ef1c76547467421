//! Reads the lines of `renames.txt`.

use super::name::{self, FileName};
use crate::set::Version;

/// The name of the file that declares renames.
pub const RENAMES: &str = "renames.txt";

/// Takes `NNN_name` apart; returns `None` for any other text.
///
/// ```
/// use gapless_core::{Version, stem};
///
/// assert_eq!(stem("0012_orders"), Some((Version::from(12), "orders")));
/// assert_eq!(stem("orders"), None);
/// ```
pub fn stem(text: &str) -> Option<(Version, &str)> {
    let (digits, name) = text.split_once('_')?;
    let parsed = FileName::parse(&format!("{text}.up.sql")).ok()??;
    digits.parse().ok().filter(|version| *version == parsed.version).map(|version| (version, name))
}

/// A line and its number, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) number: usize,
    pub(crate) from: String,
    pub(crate) to: String,
}

/// Reads the lines of a file. Returns the lines that are not `old -> new` apart, by number, and skips blank lines and
/// those that begin with `#`.
pub(crate) fn lines(text: &str) -> (Vec<Line>, Vec<(usize, String)>) {
    let mut lines = Vec::new();
    let mut odd = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let (number, line) = (index + 1, line.trim());
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match line.split_once("->").map(|(from, to)| (without_suffix(from), without_suffix(to))) {
            Some((from, to)) if !from.is_empty() && !to.is_empty() && !to.contains("->") => {
                lines.push(Line { number, from: from.to_owned(), to: to.to_owned() });
            }
            _ => odd.push((number, line.to_owned())),
        }
    }
    (lines, odd)
}

/// Returns the lines that are not renames, by number.
pub fn odd_renames(text: &str) -> Vec<(usize, String)> {
    lines(text).1
}

/// Reads a file name as its stem.
fn without_suffix(text: &str) -> &str {
    name::stem(text.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_and_odd_ones_named() {
        let (read, odd) = lines("# why\n\n 0001_a.up.sql -> 0002_b \n20200101-x.sql -> 3_c\n");
        assert_eq!(odd, []);
        let read: Vec<_> = read.iter().map(|line| (line.number, &*line.from, &*line.to)).collect();
        assert_eq!(read, [(3, "0001_a", "0002_b"), (4, "20200101-x", "3_c")]);
        for odd in ["a b", "a ->", "-> b", "a -> b -> c", "a => b"] {
            assert_eq!(lines(odd), (vec![], vec![(1, odd.to_owned())]));
        }
    }

    #[test]
    fn stems_are_taken_apart() {
        assert_eq!(stem("0012_a_b"), Some((Version::from(12), "a_b")));
        for other in ["20200101-x", "x", "_x", "1_", "1.2_x", "V1__x"] {
            assert_eq!(stem(other), None, "{other}");
        }
    }
}
