//! Rewords comments that mention a migration by the version or the name that it had.

use gapless::{Syntax, Version};
use gapless_core::comments;

/// A migration that got another version.
#[derive(Clone, Debug)]
pub(super) struct Moved {
    pub(super) version: Version,
    /// The version before and after, as files write it.
    pub(super) old: String,
    pub(super) new: String,
    /// The name with it: `0012_orders`.
    pub(super) old_stem: String,
    pub(super) new_stem: String,
}

/// The text with its comments reworded, and the number of mentions; `None` if there are none.
pub(super) fn reworded(text: &str, syntax: Syntax, moved: &[Moved]) -> Option<(String, usize)> {
    let (mut out, mut count, mut end) = (String::with_capacity(text.len()), 0, 0);
    for comment in comments(text, syntax) {
        out += &text[end..comment.start];
        end = comment.end;
        let mut rest = &text[comment];
        // One pass, so that what was just put there is not reworded again.
        while let Some((before, mention, after)) = next(rest, moved) {
            out += before;
            out += mention;
            rest = after;
            count += 1;
        }
        out += rest;
    }
    out += &text[end..];
    (count > 0).then_some((out, count))
}

/// What comes before the first mention, what is to stand in its place, and what comes after it.
fn next<'t>(text: &'t str, moved: &'t [Moved]) -> Option<(&'t str, &'t str, &'t str)> {
    let found = moved.iter().flat_map(|one| {
        let stem = places(text, &one.old_stem).next().map(|at| (at, one.old_stem.len(), &*one.new_stem));
        let number = one.number(text).map(|(at, length)| (at, length, &*one.new));
        [stem, number].into_iter().flatten()
    });
    // The longer one where two begin at one place: the name before its version.
    let (at, length, new) = found.min_by_key(|(at, length, _)| (*at, usize::MAX - length))?;
    Some((&text[..at], new, &text[at + length..]))
}

impl Moved {
    /// The first place where the version stands alone: with leading zeros or as a date, or behind a word that says what
    /// the number is.
    fn number(&self, text: &str) -> Option<(usize, usize)> {
        let plain = self.version.to_string();
        let telling = self.old.len() >= 8 || self.old.starts_with('0') && self.old.len() > 2;
        let written = places(text, &self.old).find(|at| telling || is_named(&text[..*at]));
        let bare = places(text, &plain).find(|at| is_named(&text[..*at]));
        let written = written.map(|at| (at, self.old.len()));
        written.into_iter().chain(bare.map(|at| (at, plain.len()))).min()
    }
}

/// True if the text ends in a word that a version follows.
fn is_named(before: &str) -> bool {
    let before = before.trim_end_matches([' ', '#', '`']).to_ascii_lowercase();
    ["version", "migration", "versions", "migrations"].iter().any(|word| before.ends_with(word))
}

/// Where a word stands that is no part of a longer one.
fn places<'t>(text: &'t str, word: &'t str) -> impl Iterator<Item = usize> + 't {
    let joins = |one: char| one.is_alphanumeric() || one == '_';
    let alone = move |at: &usize| {
        let before = text[..*at].chars().next_back().is_some_and(joins);
        let after = text[*at + word.len()..].chars().next().is_some_and(joins);
        !before && !after
    };
    text.match_indices(word).map(|(at, _)| at).filter(alone)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moved(version: u32, old: &str, new: &str) -> Moved {
        let name = |number: &str| format!("{number}_orders");
        Moved {
            version: Version::from(version),
            old: old.to_owned(),
            new: new.to_owned(),
            old_stem: name(old),
            new_stem: name(new),
        }
    }

    fn reword(text: &str, moved: &[Moved]) -> String {
        reworded(text, Syntax::Postgres, moved).map_or(text.to_owned(), |(text, _)| text)
    }

    #[test]
    fn comments_are_reworded_and_nothing_else() {
        let padded = [moved(12, "0012", "0015")];
        for (before, after) in [
            ("-- see 0012_orders.up.sql\n", "-- see 0015_orders.up.sql\n"),
            ("/* 0012, version 12 and migration #12 */", "/* 0015, version 0015 and migration #0015 */"),
            (
                "-- 12 rows, 00123, x0012_orders, 0012_orders_old",
                "-- 12 rows, 00123, x0012_orders, 0012_orders_old",
            ),
            ("SELECT '-- 0012_orders', 0012;", "SELECT '-- 0012_orders', 0012;"),
            ("SELECT $$\n-- 0012\n$$; -- 0012", "SELECT $$\n-- 0012\n$$; -- 0015"),
        ] {
            assert_eq!(reword(before, &padded), after);
        }
        assert_eq!(reword("-- 3 of 3, migration 3", &[moved(3, "3", "7")]), "-- 3 of 3, migration 7");
    }

    #[test]
    fn several_move_at_once() {
        let moves = [moved(3, "0003", "0004"), moved(4, "0004", "0005")];
        assert_eq!(reword("-- 0003_orders before 0004_orders", &moves), "-- 0004_orders before 0005_orders");
    }
}
