//! Resolves the lines of `renames.txt` to migrations.

use std::collections::BTreeMap;

use super::layout::Entries;
use super::listing::Directory;
use super::renames::{Line, RENAMES, lines, stem};
use super::scanned::Scanned;
use crate::lint::Problem;
use crate::set::{Layout, Rename, Version};

/// The meaning of an identifier: `0001_a` and `1_a` are the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Stem(Version, String),
    Foreign(String),
}

/// A line, its place and its meaning.
struct Declared {
    pattern: usize,
    /// The file and the line's number.
    place: String,
    line: Line,
    from: Key,
    to: Key,
}

/// The migrations to which renames may lead.
pub(super) struct Targets<'a> {
    pub(super) migrations: &'a [Scanned],
    pub(super) baseline: Option<&'a Scanned>,
    /// True if nothing is missing because of another problem.
    pub(super) complete: bool,
}

impl Targets<'_> {
    /// Reads the renames of the directories and leads each to the migration that it is now.
    pub(super) fn resolve(
        &self,
        directories: &[Directory],
        layout: Layout,
        problems: &mut Vec<Problem>,
    ) -> Vec<Rename> {
        let declared = declared(directories, layout, problems);
        let mut chain = BTreeMap::new();
        for line in &declared {
            if chain.insert(&line.from, &line.to).is_some() {
                let problem = line.problem(format!("`{}` is renamed twice", line.line.from));
                problems.push(problem.help("keep one of the lines"));
            }
        }
        // A migration that is still there is not renamed; its line is reported below.
        chain.retain(|from, _| self.find(from).is_none());
        let mut renames = Vec::new();
        for line in &declared {
            match self.rename(line, &chain) {
                Ok(rename) => renames.extend(rename),
                Err((message, help)) => problems.push(line.problem(message).help(help)),
            }
        }
        renames
    }
    /// Resolves one line; returns `None` if its target is missing because of another problem.
    fn rename(
        &self,
        declared: &Declared,
        chain: &BTreeMap<&Key, &Key>,
    ) -> Result<Option<Rename>, (String, String)> {
        let Line { from, to, .. } = &declared.line;
        if self.find(&declared.from).is_some() {
            let help = "remove the line, or rename the file".to_owned();
            return Err((format!("`{from}` is renamed, but its file still exists"), help));
        }
        let Some(last) = resolve(&declared.from, chain) else {
            return Err((format!("the renames of `{from}` form a cycle"), "remove one of them".to_owned()));
        };
        if let Some(version) = self.find(last) {
            let old = match &declared.from {
                Key::Stem(version, name) => Some((*version, name.clone())),
                Key::Foreign(_) => None,
            };
            return Ok(Some(Rename::new(from.clone(), old, version)));
        }
        if !self.complete {
            return Ok(None);
        }
        if self.baseline.is_some_and(|baseline| is(baseline, last)) {
            let help =
                "rename to a migration or a tombstone: a database with a history never sees the baseline";
            return Err((
                format!("`{to}` is a baseline, which no migration can be renamed to"),
                help.to_owned(),
            ));
        }
        let help = "name a migration or a tombstone without its suffix, as in `0012_orders`".to_owned();
        Err((format!("`{to}` is not a migration of this set"), help))
    }

    /// Finds the migration that a key names.
    fn find(&self, key: &Key) -> Option<Version> {
        let Key::Stem(version, _) = key else { return None };
        let at = self.migrations.binary_search_by_key(version, |scanned| scanned.migration.version()).ok()?;
        self.migrations.get(at).filter(|scanned| is(scanned, key)).map(|_| *version)
    }
}

impl Declared {
    fn problem(&self, message: String) -> Problem {
        Problem::new(self.pattern, message).file(&self.place)
    }
}

/// Reads the lines of the directories, and reports those that are not renames.
fn declared(directories: &[Directory], layout: Layout, problems: &mut Vec<Problem>) -> Vec<Declared> {
    let mut declared = Vec::new();
    for directory in directories {
        let (pattern, shown) = (directory.pattern, format!("{}/{RENAMES}", directory.shown));
        let (read, odd) = directory.renames.as_deref().map(lines).unwrap_or_default();
        declared.extend(read.into_iter().map(|line| Declared {
            pattern,
            place: format!("{shown}:{}", line.number),
            from: Key::of(&line.from, layout),
            to: Key::of(&line.to, layout),
            line,
        }));
        problems.extend(odd.into_iter().map(|(number, line)| {
            let problem = Problem::new(pattern, format!("`{line}` is not a rename"));
            problem.file(format!("{shown}:{number}")).help("write `old_name -> new_name`, one per line")
        }));
    }
    declared
}

impl Key {
    /// Reads a stem as we write it, or as this layout does.
    fn of(text: &str, layout: Layout) -> Key {
        let theirs = || {
            let directories = layout.tool().entries == Entries::Directories;
            layout.identify(&if directories { text.to_owned() } else { format!("{text}.sql") })
        };
        let native = stem(text).map(|(version, name)| (version, name.to_owned()));
        match native.or_else(theirs) {
            Some((version, name)) => Key::Stem(version, name),
            None => Key::Foreign(text.to_owned()),
        }
    }
}

fn is(scanned: &Scanned, key: &Key) -> bool {
    let migration = &scanned.migration;
    matches!(key, Key::Stem(version, name) if *version == migration.version() && name == migration.name())
}

/// Follows a chain of renames: `a -> b`, `b -> c` makes an `a` a `c`. Returns `None` for a circle.
fn resolve<'a, K: Ord>(from: &K, lines: &BTreeMap<&'a K, &'a K>) -> Option<&'a K> {
    let mut at = *lines.get(from)?;
    for _ in 0..lines.len() {
        match lines.get(at) {
            Some(next) => at = next,
            None => return Some(at),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chains_are_followed_and_circles_found() {
        let chain = BTreeMap::from([(&'a', &'b'), (&'b', &'c')]);
        assert_eq!(resolve(&'a', &chain), Some(&'c'));
        assert_eq!(resolve(&'b', &chain), Some(&'c'));
        assert_eq!(resolve(&'a', &BTreeMap::from([(&'a', &'b'), (&'b', &'a')])), None);
    }
}
