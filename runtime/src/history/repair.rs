//! The history after repair, and the changes that lead to it.

use std::collections::BTreeMap;

use gapless_core::{Migration, MigrationSet, Version};

use crate::Change;
use crate::history::{History, Row, Told};
use crate::legacy::Adoption;
use crate::runner::options::Options;

/// Answers of the database to the questions of a run beside its applied set.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// The adoption of another tool's history; `Some(None)` if the tool has no table.
    pub(crate) legacy: Option<Option<Adoption>>,
    /// For each table of [`Options::reconcile`], whether it exists.
    pub(crate) tables: Option<Vec<Vec<bool>>>,
    /// The renames of all releases, from the journal.
    pub(crate) renamed: Option<Vec<Known>>,
    /// The records in the order of the journal: version, name, and a mark of the run that wrote it.
    pub(crate) runs: Vec<(Version, String, String)>,
    /// The versions that were begun outside of a transaction and not finished.
    pub(crate) unfinished: Option<Vec<Version>>,
    /// The other events of the journal, each with its version.
    pub(crate) seen: Option<Vec<(String, Version)>>,
}

/// The events that show that a version was recorded once.
const RECORDED: [&str; 5] = ["adopted", "applied", "baselined", "reconciled", "rolled_back"];

impl Facts {
    /// Returns true if this tracker has had a history before.
    pub(crate) fn saw_history(&self) -> bool {
        self.saw(&RECORDED, None)
    }

    /// Returns true if the journal has one of these events, of this version or of any.
    pub(crate) fn saw(&self, events: &[&str], version: Option<Version>) -> bool {
        let of_it = |seen: &Version| version.is_none_or(|version| version == *seen);
        let seen = self.seen.iter().flatten();
        seen.into_iter().any(|(event, version)| events.contains(&event.as_str()) && of_it(version))
    }
}

/// The history after the changes, and the changes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Repaired {
    pub(crate) history: History,
    pub(crate) changes: Vec<Change>,
    pub(crate) warnings: Vec<String>,
}

/// Tables to reconcile of which some exist and some do not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Partial {
    pub(crate) there: Vec<String>,
    pub(crate) missing: Vec<String>,
}

/// Works out the changes. A question that was not asked counts as answered with no.
///
/// # Errors
///
/// Tables to reconcile of which some exist and some do not.
pub(crate) fn repair(
    set: &MigrationSet,
    history: &History,
    options: &Options,
    facts: &Facts,
) -> Result<Repaired, Partial> {
    let mut repaired = Repaired { history: history.clone(), ..Repaired::default() };
    // A history that was adopted before and is empty now was rolled back.
    if history.is_empty() && !facts.saw_history() {
        repaired.adopt(set, facts.legacy.iter().flatten().next(), options);
    }
    // Our own renames come first: a number that they free may belong to another migration, which the journal knows.
    repaired.rename(set);
    repaired.under_old_names(set, facts.renamed.as_deref().unwrap_or_default());
    repaired.tell(facts);
    repaired.reconcile(set, options, facts)?;
    repaired.accept(set, &options.accept);
    Ok(repaired)
}

/// Returns the history with the names by which this release knows its rows.
pub(crate) fn known_as(set: &MigrationSet, history: &History, facts: &Facts) -> History {
    let mut repaired = Repaired { history: history.clone(), ..Repaired::default() };
    repaired.rename(set);
    repaired.under_old_names(set, facts.renamed.as_deref().unwrap_or_default());
    repaired.history
}

/// Returns true if the history needs a repair, which is rare.
pub(crate) fn touches(set: &MigrationSet, history: &History, options: &Options, facts: &Facts) -> bool {
    let renamed = |rename: &gapless_core::Rename| {
        let row = rename.from_stem().and_then(|(version, name)| Some((history.find(version)?, name)));
        row.is_some_and(|(row, name)| row.name == name)
    };
    let accepted = |version: &Version| {
        let text = set.find(*version).map(Migration::checksum);
        history.find(*version).is_some_and(|row| row.checksum != text)
    };
    facts.legacy.is_some()
        || facts.tables.is_some()
        || facts.renamed.is_some()
        || set.renames().iter().any(renamed)
        || options.accept.iter().any(accepted)
}

impl Repaired {
    /// Finds rows that a newer release has renamed, and that this release knows under an earlier name. The journal has
    /// all names that releases have declared; the binary has our own.
    fn under_old_names(&mut self, set: &MigrationSet, renamed: &[Known]) {
        if renamed.is_empty() {
            return;
        }
        let mut known = Vec::new();
        // A row that our own `renames.txt` names gets its new name anyway.
        let declared = |row: &Row| {
            set.renames().iter().any(|rename| rename.from_stem() == Some((row.version, row.name.as_str())))
        };
        let strange = |row: &&Row| !is_ours(set, row.version, &row.name) && !declared(row);
        for row in self.history.rows().iter().filter(strange) {
            let names = names_before(row, renamed);
            let ours = names.iter().find_map(|(version, name)| ours(set, *version, name));
            if let Some(migration) = ours {
                let (version, name) = (migration.version(), migration.name().to_owned());
                let (number, called) = (row.version, &row.name);
                let warning = format!(
                    "version {version} (`{name}`) is applied as {number} `{called}`: a newer release has renamed it"
                );
                self.warnings.push(warning);
                known.push((number, version, name));
            }
        }
        self.history.know_as(&known);
    }

    /// Finds the run that recorded each row, under any name that the row has had.
    fn tell(&mut self, facts: &Facts) {
        let (mut begun, mut last) = (BTreeMap::new(), BTreeMap::new());
        for (at, (version, name, run)) in facts.runs.iter().enumerate() {
            let begun = *begun.entry(run.as_str()).or_insert(at);
            last.insert((*version, name.as_str()), Told { at, begun });
        }
        let renamed = facts.renamed.as_deref().unwrap_or_default();
        self.history.tell(|row| {
            let find = |version: Version, name: &str| last.get(&(version, name)).copied();
            let before =
                || names_before(row, renamed).iter().find_map(|(version, name)| find(*version, name));
            find(row.version, &row.name).or_else(before)
        });
    }

    fn adopt(&mut self, set: &MigrationSet, adoption: Option<&Adoption>, options: &Options) {
        let (Some(adoption), Some(legacy)) = (adoption, &options.adopt) else { return };
        for adopted in &adoption.rows {
            let covered = || set.baseline().filter(|baseline| baseline.version() == adopted.version);
            let Some(migration) = set.find(adopted.version).or_else(covered) else { continue };
            let (version, name) = (adopted.version, migration.name().to_owned());
            self.history.push(Row::new(version, name.clone(), adopted.checksum));
            let (proven, from) = (adopted.checksum, legacy.shown());
            self.changes.push(Change::Adopted { version, name, proven, from });
        }
        self.warnings.extend(adoption.not_taken.iter().cloned());
        if !adoption.rows.is_empty() {
            let note = format!(
                "{} is not used any more once every replica runs this release; drop it then",
                legacy.shown()
            );
            self.warnings.push(note);
        }
    }

    fn rename(&mut self, set: &MigrationSet) {
        for rename in set.renames() {
            let (Some((old, known)), Some(migration)) = (rename.from_stem(), set.find(rename.to())) else {
                continue;
            };
            let (new, name) = (migration.version(), migration.name());
            // A half rolled back migration keeps its name, because the release that began the rollback must find it.
            if self.history.find(old).is_none_or(|row| row.name != known || row.going_back) {
                continue;
            }
            let (from, to) = ((old, known.to_owned()), (new, name.to_owned()));
            let moving = self.changes.iter().any(
                |change| matches!(change, Change::Renamed { to: (other, _), both: false, .. } if *other == new),
            );
            match self.history.find(new).filter(|_| old != new) {
                _ if moving => {
                    self.history.remove(old);
                    self.changes.push(Change::Renamed { from, to, both: true });
                }
                Some(row) if row.name == name => {
                    self.history.remove(old);
                    self.changes.push(Change::Renamed { from, to, both: true });
                }
                // Another migration has that version, unless it moves away itself.
                Some(row) if !moves(set, row) => {}
                _ => self.changes.push(Change::Renamed { from, to, both: false }),
            }
        }
        // All at once, because rows may change places.
        let moved = self.changes.iter().filter_map(|change| match change {
            Change::Renamed { from, to, both: false } => Some((from.0, to.0, to.1.clone())),
            _ => None,
        });
        self.history.rename(&moved.collect::<Vec<_>>());
    }

    fn reconcile(&mut self, set: &MigrationSet, options: &Options, facts: &Facts) -> Result<(), Partial> {
        let tables = facts.tables.as_deref().unwrap_or_default();
        // Groups may overlap, so each is judged by the history before any of them.
        let before = self.history.clone();
        for (reconcile, there) in options.reconcile.iter().zip(tables) {
            let recorded = reconcile.versions().iter().any(|version| before.find(*version).is_some());
            // The tables may come from a migration that was interrupted half-way.
            let begun = reconcile.versions().iter().any(|version| facts.saw(&["started"], Some(*version)));
            if recorded || begun || reconcile.is_beyond(options.target) || !there.contains(&true) {
                continue;
            }
            if there.contains(&false) {
                let split = |wanted: bool| {
                    let named = reconcile.tables.iter().zip(there).filter(|(_, there)| **there == wanted);
                    named.map(|(table, _)| table.clone()).collect()
                };
                return Err(Partial { there: split(true), missing: split(false) });
            }
            for version in reconcile.versions() {
                let open = self.history.find(*version).is_none();
                let Some(migration) = set.find(*version).filter(|_| open) else { continue };
                let (version, name) = (*version, migration.name().to_owned());
                self.history.push(Row::new(version, name.clone(), None));
                self.changes.push(Change::Reconciled { version, name });
            }
        }
        Ok(())
    }

    fn accept(&mut self, set: &MigrationSet, versions: &[Version]) {
        for version in versions {
            let (Some(migration), Some(row)) = (set.find(*version), self.history.find(*version)) else {
                continue;
            };
            if row.recorded.is_some() {
                let warning =
                    format!("the text of version {version} is not accepted: a newer release has renamed it");
                self.warnings.push(warning);
                continue;
            }
            let (before, now) = (row.checksum, migration.checksum());
            if before != Some(now) {
                self.history.accept(*version, now);
                let (version, name) = (*version, migration.name().to_owned());
                self.changes.push(Change::Accepted { version, name, before, now });
            }
        }
    }
}

/// A declared rename: the old version and name, and the new ones.
pub(crate) type Known = ((Version, String), (Version, String));

fn is_ours(set: &MigrationSet, version: Version, name: &str) -> bool {
    set.find(version).is_some_and(|migration| migration.name() == name)
}

/// Returns the migration with this name, in the set or by `renames.txt`.
fn ours<'a>(set: &'a MigrationSet, version: Version, name: &str) -> Option<&'a Migration> {
    let declared = set.renames().iter().find(|rename| rename.from_stem() == Some((version, name)));
    let version = declared.map_or(version, gapless_core::Rename::to);
    set.find(version).filter(|migration| declared.is_some() || migration.name() == name)
}

/// Returns all names that a row has had, the latest first.
fn names_before(row: &Row, renamed: &[Known]) -> Vec<(Version, String)> {
    names_of(vec![(row.version, row.name.clone())], renamed)
}

/// Returns these names, and all names that were renamed to one of them.
pub(crate) fn names_of(mut names: Vec<(Version, String)>, renamed: &[Known]) -> Vec<(Version, String)> {
    let mut at = 0;
    while let Some(name) = names.get(at).cloned() {
        for (old, _) in renamed.iter().rev().filter(|(_, new)| *new == name) {
            if !names.contains(old) {
                names.push(old.clone());
            }
        }
        at += 1;
    }
    names
}

/// Returns true if a rename gives the row another version.
fn moves(set: &MigrationSet, row: &Row) -> bool {
    let renames = set.renames().iter().filter(|rename| rename.to() != row.version);
    renames
        .filter_map(|rename| rename.from_stem())
        .any(|(version, name)| version == row.version && name == row.name)
}
