//! Takes the names of entries apart, for tools that write into directories of migrations.

use std::ops::Range;

use super::judge::judge;
use super::name::{FileName, Kind, NameError};
use crate::lint::is_directive;
use crate::set::{Directives, Layout, Part, Rules};
use crate::sql::{Syntax, parse};

impl Layout {
    /// Takes the name of an entry apart: a file's or, where migrations are directories, a directory's. Returns `None` for
    /// an entry that is not a migration.
    ///
    /// # Errors
    ///
    /// Returns an error for a name that is nearly a migration's.
    #[doc(hidden)]
    pub fn __entry(self, entry: &str) -> Result<Option<FileName>, NameError> {
        let named = self.tool().special(entry).unwrap_or_else(|| self.tool().parse(entry))?;
        Ok(named.map(|named| {
            let kind = match named.part {
                Part::Up | Part::Sections => Kind::Up,
                Part::Down => Kind::Down,
                Part::Tombstone => Kind::Tombstone,
                Part::Baseline => Kind::Baseline,
            };
            FileName { version: named.version, name: named.name, kind }
        }))
    }
}

/// Returns the places of a script's comments.
#[doc(hidden)]
pub fn comments(text: &str, syntax: Syntax) -> Vec<Range<usize>> {
    parse(text, syntax).comments
}

/// Returns the first line of a comment that would be read as a directive, or as an instruction to a tool.
#[doc(hidden)]
pub fn instruction_in(comment: &str, rules: Rules) -> Option<String> {
    let judged = judge(rules, Part::Tombstone, comment, None, Directives::NONE);
    let mut faults = rules.layout.tool().unfilled(comment).into_iter().chain(judged.linted.faults);
    let line = |at: usize| comment[at..].lines().next().unwrap_or_default().to_owned();
    let fault = faults.next().map(|fault| line(fault.span.start));
    let addressed = || comment.lines().find(|line| is_directive(line)).map(str::to_owned);
    let obeyed = || (judged.linted.directives != Directives::NONE).then(|| line(0));
    fault.or_else(addressed).or_else(obeyed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_layout_takes_the_names_of_entries_apart() {
        for (layout, entry, version, name, kind) in [
            (Layout::Native, "0001_users.up.sql", 1, "users", Kind::Up),
            (Layout::Goose, "00001_users.sql", 1, "users", Kind::Up),
            (Layout::Goose, "00002_users.tombstone.sql", 2, "users", Kind::Tombstone),
            (Layout::Flyway, "U3__users.sql", 3, "users", Kind::Down),
            (Layout::Diesel, "2020-01-01-000000_users", 20_200_101_000_000, "users", Kind::Up),
            (Layout::Diesel, "4_all.baseline.sql", 4, "all", Kind::Baseline),
        ] {
            let found = layout.__entry(entry).unwrap().unwrap();
            assert_eq!((found.version.number(), &*found.name, found.kind), (version, name, kind), "{entry}");
        }
        assert_eq!(Layout::Native.__entry("renames.txt"), Ok(None));
        assert!(Layout::Native.__entry("users.sql").is_err());
    }
}
