//! `renames.txt`: what is applied under another name than its file has now.

use std::borrow::Cow;

use crate::migration::constant;
use crate::{FileName, Version};

/// A line of `renames.txt`: what had this identifier is the migration with that version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rename {
    from: Cow<'static, str>,
    /// What the old identifier spells, in our own form or in that of the layout.
    old: Option<(Version, Cow<'static, str>)>,
    to: Version,
}

impl Rename {
    pub(crate) fn new(from: String, old: Option<(Version, String)>, to: Version) -> Rename {
        Rename { from: from.into(), old: old.map(|(version, name)| (version, name.into())), to }
    }

    /// The macro's way to write it down as a constant; `old` is what the old identifier spells.
    ///
    /// # Panics
    ///
    /// At compile time, on a negative version.
    #[doc(hidden)]
    pub const fn __embedded(from: &'static str, old: Option<(i64, &'static str)>, to: i64) -> Rename {
        const NEGATIVE: &str = "a version is not negative";
        let old = match old {
            None => None,
            Some((version, name)) => Some((Version::new(version).expect(NEGATIVE), Cow::Borrowed(name))),
        };
        Rename { from: Cow::Borrowed(from), old, to: Version::new(to).expect(NEGATIVE) }
    }

    /// A copy for a set that is merged at compile time.
    ///
    /// # Panics
    ///
    /// At compile time, if it is not a constant.
    #[doc(hidden)]
    #[must_use]
    pub const fn __copy(&self) -> Rename {
        let old = match &self.old {
            None => None,
            Some((version, name)) => Some((*version, Cow::Borrowed(constant(name)))),
        };
        Rename { from: Cow::Borrowed(constant(&self.from)), old, to: self.to }
    }

    /// The old identifier, where a constant may ask.
    #[doc(hidden)]
    pub const fn __from(&self) -> &str {
        constant(&self.from)
    }

    /// What the old identifier spells, where a constant may ask.
    #[doc(hidden)]
    pub const fn __old(&self) -> Option<(Version, &str)> {
        match &self.old {
            None => None,
            Some((version, name)) => Some((*version, constant(name))),
        }
    }

    /// The old identifier: `NNN_name`, or that of another tool.
    pub fn from(&self) -> &str {
        &self.from
    }

    /// The version and name that the old identifier spells, in our own form or in that of the directory's layout;
    /// `None` for any other.
    pub fn from_stem(&self) -> Option<(Version, &str)> {
        self.old.as_ref().map(|(version, name)| (*version, &**name))
    }

    /// The version of the migration that it is now.
    pub const fn to(&self) -> Version {
        self.to
    }
}

/// `NNN_name` taken apart; `None` for anything else.
pub fn stem(text: &str) -> Option<(Version, &str)> {
    let (digits, name) = text.split_once('_')?;
    let parsed = FileName::parse(&format!("{text}.up.sql")).ok()??;
    digits.parse().ok().filter(|version| *version == parsed.version).map(|version| (version, name))
}

/// A line: what it says, and its number, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) number: usize,
    pub(crate) from: String,
    pub(crate) to: String,
}

/// Reads the lines of a file, and those that are not `old -> new`, by number. Blank ones and those that begin
/// with `#` say nothing.
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

/// File names are taken for the stems that they have.
fn without_suffix(text: &str) -> &str {
    crate::name::stem(text.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_and_odd_ones_named() {
        let (read, odd) = lines("# why\n\n 0001_a.up.sql -> 0002_b \n20200101-x.sql -> 3_c\n");
        assert_eq!(odd, []);
        let told: Vec<_> = read.iter().map(|line| (line.number, &*line.from, &*line.to)).collect();
        assert_eq!(told, [(3, "0001_a", "0002_b"), (4, "20200101-x", "3_c")]);
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
