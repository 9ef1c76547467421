//! The history as it is once the tracker was put right, and the changes that make it so.

use gapless_core::{MigrationSet, Version};

use crate::Change;
use crate::history::{History, Row};
use crate::legacy::Adoption;
use crate::options::Options;

/// What a run has asked the database beside its tracker.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// What another tool's tracker comes to; `Some(None)` if there is none.
    pub(crate) legacy: Option<Option<Adoption>>,
    /// Whether each of the tables of [`Options::reconcile`] is there.
    pub(crate) tables: Option<Vec<Vec<bool>>>,
    /// What newer releases have renamed, as the journal says: the old stem, and version and name since.
    pub(crate) renamed: Option<Vec<(String, Version, String)>>,
}

/// The history after the changes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Amended {
    pub(crate) history: History,
    pub(crate) changes: Vec<Change>,
    pub(crate) warnings: Vec<String>,
}

/// Some of the tables to be reconciled are there, and some are not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Partial {
    pub(crate) there: Vec<String>,
    pub(crate) missing: Vec<String>,
}

/// Works out the changes. What was not asked is taken for absent.
///
/// # Errors
///
/// Tables of which some are there and some are not.
pub(crate) fn amend(
    set: &MigrationSet,
    history: &History,
    options: &Options,
    facts: &Facts,
) -> Result<Amended, Partial> {
    let mut amended = Amended { history: history.clone(), ..Amended::default() };
    amended.under_old_names(set, facts.renamed.as_deref().unwrap_or_default());
    if history.is_empty() {
        amended.adopt(set, facts.legacy.iter().flatten().next(), options);
    }
    amended.rename(set);
    amended.reconcile(set, options, facts.tables.as_deref().unwrap_or_default())?;
    amended.accept(set, &options.accept);
    Ok(amended)
}

impl Amended {
    /// Rows that a newer release has renamed, and that we know under the name before.
    fn under_old_names(&mut self, set: &MigrationSet, renamed: &[(String, Version, String)]) {
        for (old, version, name) in renamed.iter().rev() {
            let Some((before, known)) = gapless_core::stem(old) else { continue };
            let ours = |version: Version, name: &str| {
                set.find(version).is_some_and(|migration| migration.name() == name)
            };
            let is_row = self.history.find(*version).is_some_and(|row| row.name == *name);
            if ours(*version, name) || !ours(before, known) || !is_row {
                continue;
            }
            if self.history.find(before).is_some_and(|_| before != *version) {
                continue;
            }
            self.history.rename(&[(*version, before, known.to_owned())]);
            let warning = format!(
                "version {before} (`{known}`) is applied as {version} `{name}`: a newer release has renamed it"
            );
            self.warnings.push(warning);
        }
    }

    fn adopt(&mut self, set: &MigrationSet, adoption: Option<&Adoption>, options: &Options) {
        let (Some(adoption), Some(legacy)) = (adoption, &options.adopt) else { return };
        for adopted in &adoption.rows {
            let covered = || set.baseline().filter(|baseline| baseline.version() == adopted.version);
            let Some(migration) = set.find(adopted.version).or_else(covered) else { continue };
            let (version, name) = (adopted.version, migration.name().to_owned());
            self.history.push(Row { version, name: name.clone(), checksum: adopted.checksum });
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
            if self.history.find(old).is_none_or(|row| row.name != known) {
                continue;
            }
            let (from, to) = ((old, known.to_owned()), (new, name.to_owned()));
            match self.history.find(new).filter(|_| old != new) {
                Some(row) if row.name == name => {
                    self.history.remove(old);
                    self.changes.push(Change::Renamed { from, to, both: true });
                }
                // Another migration has that version, unless it moves away itself.
                Some(row) if !moves(set, row) => {}
                _ => self.changes.push(Change::Renamed { from, to, both: false }),
            }
        }
        // All at once: they may change places.
        let moved = self.changes.iter().filter_map(|change| match change {
            Change::Renamed { from, to, both: false } => Some((from.0, to.0, to.1.clone())),
            _ => None,
        });
        self.history.rename(&moved.collect::<Vec<_>>());
    }

    fn reconcile(
        &mut self,
        set: &MigrationSet,
        options: &Options,
        tables: &[Vec<bool>],
    ) -> Result<(), Partial> {
        for (reconcile, there) in options.reconcile.iter().zip(tables) {
            let recorded = reconcile.versions.iter().any(|version| self.history.find(*version).is_some());
            if recorded || !there.contains(&true) {
                continue;
            }
            if there.contains(&false) {
                let split = |wanted: bool| {
                    let named = reconcile.tables.iter().zip(there).filter(|(_, there)| **there == wanted);
                    named.map(|(table, _)| table.clone()).collect()
                };
                return Err(Partial { there: split(true), missing: split(false) });
            }
            for version in &reconcile.versions {
                let Some(migration) = set.find(*version) else { continue };
                let (version, name) = (*version, migration.name().to_owned());
                self.history.push(Row { version, name: name.clone(), checksum: None });
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
            let (before, now) = (row.checksum, migration.checksum());
            if before != Some(now) {
                self.history.accept(*version, now);
                let (version, name) = (*version, migration.name().to_owned());
                self.changes.push(Change::Accepted { version, name, before, now });
            }
        }
    }
}

/// Whether a row is itself to be recorded under another version.
fn moves(set: &MigrationSet, row: &Row) -> bool {
    let renames = set.renames().iter().filter(|rename| rename.to() != row.version);
    renames
        .filter_map(|rename| rename.from_stem())
        .any(|(version, name)| version == row.version && name == row.name)
}
