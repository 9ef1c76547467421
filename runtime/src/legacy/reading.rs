//! Turns the rows of another tool into an adoption, with warnings, or into refusals.

use std::collections::BTreeMap;

use gapless_core::{Checksum, Migration, MigrationSet, Version};

use super::{Adopted, Adoption, Legacy, Refusal};
use crate::engine::ResultSet;

/// The state of reading a history.
pub(super) struct Reading<'a> {
    legacy: &'a Legacy,
    set: &'a MigrationSet,
    renames: &'a dyn Fn(&str) -> Option<Version>,
    /// The versions whose embedded text counts as applied, whatever the tool's checksums say.
    accepted: &'a [Version],
    /// The entries below the baseline whose files are gone.
    covered: Vec<(String, Option<String>)>,
    found: BTreeMap<Version, Option<Checksum>>,
    not_taken: Vec<String>,
    refusals: Vec<Refusal>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(
        legacy: &'a Legacy,
        set: &'a MigrationSet,
        renames: &'a dyn Fn(&str) -> Option<Version>,
        accepted: &'a [Version],
    ) -> Reading<'a> {
        let (covered, found, not_taken, refusals) = (Vec::new(), BTreeMap::new(), Vec::new(), Vec::new());
        Reading { legacy, set, renames, accepted, covered, found, not_taken, refusals }
    }

    pub(super) fn finish(mut self) -> Result<Adoption, Vec<Refusal>> {
        // A history that has not reached the baseline cannot be brought there, because the files are gone.
        let reached =
            self.set.baseline().is_some_and(|baseline| self.found.contains_key(&baseline.version()));
        for (identifier, name) in std::mem::take(&mut self.covered) {
            if !reached {
                self.refuse_unknown(&identifier, name.as_deref());
            }
        }
        if !self.refusals.is_empty() {
            return Err(self.refusals);
        }
        for version in &self.legacy.except {
            self.found.remove(version);
            if self.set.find(*version).is_none() {
                // With a typing error here, the version that was meant would pass for applied.
                self.not_taken
                    .push(format!("version {version} is excepted, and the binary does not have it"));
            }
        }
        let adopted = |(version, checksum)| Adopted { version, checksum };
        Ok(Adoption { rows: self.found.into_iter().map(adopted).collect(), not_taken: self.not_taken })
    }

    /// Returns the columns of a row, or refuses a row with another number of columns.
    pub(super) fn columns<'r, const N: usize>(
        &mut self,
        row: &'r [Option<String>],
    ) -> Option<[Option<&'r str>; N]> {
        match <&[Option<String>; N]>::try_from(row) {
            Ok(row) => Some(row.each_ref().map(Option::as_deref)),
            Err(_) => {
                self.malformed(format!("a row has {} columns instead of {N}", row.len()));
                None
            }
        }
    }

    /// Returns the columns of a row, or refuses a NULL among them.
    pub(super) fn values<'r, const N: usize>(&mut self, row: &'r [Option<String>]) -> Option<[&'r str; N]> {
        let columns = self.columns::<N>(row)?;
        if columns.contains(&None) {
            self.malformed(format!("there is a NULL in the row ({})", columns.map(or_null).join(", ")));
            return None;
        }
        Some(columns.map(Option::unwrap_or_default))
    }

    /// Returns the row of a table that has at most one.
    pub(super) fn only<'r>(&mut self, rows: &'r ResultSet) -> Option<&'r [Option<String>]> {
        match rows.rows().count() {
            0 => None,
            1 => rows.rows().next(),
            more => {
                self.malformed(format!("it has {more} rows where the tool keeps one"));
                None
            }
        }
    }

    /// Reads a truth value as databases write it.
    pub(super) fn flag(&mut self, text: &str) -> Option<bool> {
        match text {
            "t" | "true" | "1" => Some(true),
            "f" | "false" | "0" => Some(false),
            _ => {
                self.malformed(format!("`{text}` is not a truth value"));
                None
            }
        }
    }

    /// Finds the embedded migration that the tool knows by one of these names, or else by this number.
    pub(super) fn find(&self, names: &[&str], number: &str) -> Option<&'a Migration> {
        let version = self.renamed(names).or_else(|| self.renamed(&[number])).or_else(|| number.parse().ok());
        self.set.find(version?)
    }

    /// Returns the version that a declared rename gives to one of these names.
    pub(super) fn renamed(&self, names: &[&str]) -> Option<Version> {
        names.iter().find_map(|name| (self.renames)(name))
    }

    /// Returns the embedded migration with this version.
    pub(super) fn embedded(&self, version: Version) -> Option<&'a Migration> {
        self.set.find(version)
    }

    /// Adopts a migration whose applied text is unknown.
    pub(super) fn take(&mut self, migration: &Migration) {
        self.found.entry(migration.version()).or_default();
    }

    /// Adopts a migration if the tool's checksum proves its embedded text, and refuses it otherwise.
    pub(super) fn take_if(&mut self, migration: &Migration, proven: bool) {
        let version = migration.version();
        // A tombstone's text is not the text that was applied.
        if migration.is_tombstone() || (!proven && self.accepted.contains(&version)) {
            self.take(migration);
        } else if proven {
            self.found.insert(version, Some(migration.checksum()));
        } else {
            let (tool, path) = (self.legacy.tool(), migration.path().to_owned());
            self.refusals.push(Refusal::Mismatch { tool, version, path });
        }
    }

    /// Adopts the migrations that a counter has passed, by the numbers that the tool knew, of which `counter` is the last;
    /// that migration's number is `last` now. A file that was never renamed counts only if its number is not above either
    /// of the two, because new numbers are not comparable with old ones.
    pub(super) fn take_up_to(&mut self, counter: Version, last: Version) {
        let set = self.set;
        for migration in set.migrations() {
            // The counter knows a renamed migration by its old number.
            let before = set.renames().iter().filter(|rename| rename.to() == migration.version());
            let numbers: Vec<_> = before.filter_map(|rename| number(rename.from())).collect();
            // A number that a rename has freed belongs to a new migration.
            let counted = migration.version() <= last.min(counter) && !self.is_renamed(migration.version());
            let is_at = last != counter && migration.version() == last;
            let passed = is_at || numbers.iter().any(|number| *number <= counter);
            if passed || (counted && numbers.is_empty()) {
                self.take(migration);
            }
        }
        let reached =
            |baseline: &&Migration| baseline.version() <= last && set.find(baseline.version()).is_none();
        if let Some(baseline) = set.baseline().filter(reached) {
            self.take(baseline);
        }
    }

    /// Adopts the migrations that this counter has passed. It stands at an embedded version, or at that of a later release.
    pub(super) fn take_counter(&mut self, counter: &str) {
        let Some(last) = self.renamed(&[counter]).or_else(|| counter.parse().ok()) else {
            return self.malformed(format!("`{counter}` is not a version"));
        };
        if self.embedded(last).is_none() && !self.is_renamed(last) {
            self.unknown(counter, None);
        }
        self.take_up_to(counter.parse().unwrap_or(last), last);
    }

    /// Adds a warning about an entry that is not adopted.
    pub(super) fn leave(&mut self, warning: String) {
        self.not_taken.push(warning);
    }

    /// Returns true if a migration had this number before it was renamed.
    fn is_renamed(&self, version: Version) -> bool {
        self.set.renames().iter().any(|rename| number(rename.from()) == Some(version))
    }

    /// Judges a migration that the tool has applied and the binary does not have; `name` is the tool's name for it beside
    /// the number.
    pub(super) fn unknown(&mut self, identifier: &str, name: Option<&str>) {
        match (self.set.baseline(), number(identifier)) {
            (Some(baseline), Some(version)) if version == baseline.version() => self.take(baseline),
            (Some(baseline), Some(version)) if version < baseline.version() => {
                self.covered.push((identifier.to_owned(), name.map(str::to_owned)));
            }
            _ => self.refuse_unknown(identifier, name),
        }
    }

    fn refuse_unknown(&mut self, identifier: &str, name: Option<&str>) {
        let tool = self.legacy.tool();
        if self.legacy.pass_over_unknown {
            return self
                .leave(format!("`{identifier}` was applied by {tool}, and the binary does not have it"));
        }
        let stem = name.and_then(|name| self.only_one_named(name)).map_or("NNN_description", stem);
        let (identifier, rename) = (identifier.to_owned(), format!("{identifier} -> {stem}"));
        self.refusals.push(Refusal::Unknown { tool, identifier, rename });
    }

    pub(super) fn dirty(&mut self, version: &str) {
        let (table, version) = (self.legacy.shown(), version.to_owned());
        self.refusals.push(Refusal::Dirty { table, version });
    }

    pub(super) fn failed(&mut self, identifier: &str) {
        let (table, identifier) = (self.legacy.shown(), identifier.to_owned());
        self.refusals.push(Refusal::Failed { table, identifier });
    }

    pub(super) fn malformed(&mut self, problem: String) {
        self.refusals.push(Refusal::Malformed { table: self.legacy.shown(), problem });
    }

    fn only_one_named(&self, name: &str) -> Option<&'a Migration> {
        let mut same = self.set.migrations().iter().filter(|migration| migration.name() == name);
        same.next().filter(|_| same.next().is_none())
    }
}

/// Returns the number in an identifier, behind a letter or before a name.
fn number(identifier: &str) -> Option<Version> {
    let rest = identifier.trim_start_matches(['V', 'U', 'B']);
    rest.split(|next: char| !next.is_ascii_digit()).next()?.parse().ok()
}

fn or_null(column: Option<&str>) -> &str {
    column.unwrap_or("NULL")
}

/// Returns the file's name without its suffix, which is the migration's name in `renames.txt`.
fn stem(migration: &Migration) -> &str {
    let file = migration.path().rsplit(['/', '\\']).next().unwrap_or_default();
    file.strip_suffix(".up.sql").or_else(|| file.strip_suffix(".sql")).unwrap_or(file)
}
