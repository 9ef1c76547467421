//! The history as it is once the tracker was put right, and the changes that make it so.

use std::collections::BTreeMap;

use gapless_core::{Migration, MigrationSet, Version};

use crate::Change;
use crate::history::{History, Row, Told};
use crate::legacy::Adoption;
use crate::runner::options::Options;

/// What a run has asked the database beside its tracker.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// What another tool's tracker comes to; `Some(None)` if there is none.
    pub(crate) legacy: Option<Option<Adoption>>,
    /// Whether each of the tables of [`Options::reconcile`] is there.
    pub(crate) tables: Option<Vec<Vec<bool>>>,
    /// What any release has renamed, as the journal says.
    pub(crate) renamed: Option<Vec<Known>>,
    /// What was recorded by whom, in the order of the journal: version, name, and a mark of the run.
    pub(crate) runs: Vec<(Version, String, String)>,
    /// What else the journal has seen: each event with its version.
    pub(crate) seen: Option<Vec<(String, Version)>>,
}

/// The events by which something was recorded, whatever became of it since.
const RECORDED: [&str; 5] = ["adopted", "applied", "baselined", "reconciled", "rolled_back"];

impl Facts {
    /// Whether this tracker has had a history before.
    pub(crate) fn saw_history(&self) -> bool {
        self.saw(&RECORDED, None)
    }

    /// Whether the journal has one of these events, of this version or of any.
    pub(crate) fn saw(&self, events: &[&str], version: Option<Version>) -> bool {
        let of_it = |seen: &Version| version.is_none_or(|version| version == *seen);
        let seen = self.seen.iter().flatten();
        seen.into_iter().any(|(event, version)| events.contains(&event.as_str()) && of_it(version))
    }
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
    // What was taken over once and is gone again was taken back.
    if history.is_empty() && !facts.saw_history() {
        amended.adopt(set, facts.legacy.iter().flatten().next(), options);
    }
    // First what we say ourselves: a number that it leaves behind may be that of another, which the journal knows.
    amended.rename(set);
    amended.under_old_names(set, facts.renamed.as_deref().unwrap_or_default());
    amended.tell(facts);
    amended.reconcile(set, options, facts)?;
    amended.accept(set, &options.accept);
    Ok(amended)
}

/// The history with the names that we know its rows by.
pub(crate) fn known_as(set: &MigrationSet, history: &History, facts: &Facts) -> History {
    let mut amended = Amended { history: history.clone(), ..Amended::default() };
    amended.rename(set);
    amended.under_old_names(set, facts.renamed.as_deref().unwrap_or_default());
    amended.history
}

/// Whether anything about the history is to be amended; nearly always nothing is.
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

impl Amended {
    /// Rows that a newer release has renamed, and that we know under a name before. The journal has every name
    /// that a release has declared; ours are in the binary.
    fn under_old_names(&mut self, set: &MigrationSet, renamed: &[Known]) {
        if renamed.is_empty() {
            return;
        }
        let mut known = Vec::new();
        // What we have declared ourselves is about to be recorded under its new name.
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

    /// By which runs rows were recorded, under whatever name they bore then.
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
            // What is half rolled back keeps the name that the release knows which began it.
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
        // All at once: they may change places.
        let moved = self.changes.iter().filter_map(|change| match change {
            Change::Renamed { from, to, both: false } => Some((from.0, to.0, to.1.clone())),
            _ => None,
        });
        self.history.rename(&moved.collect::<Vec<_>>());
    }

    fn reconcile(&mut self, set: &MigrationSet, options: &Options, facts: &Facts) -> Result<(), Partial> {
        let tables = facts.tables.as_deref().unwrap_or_default();
        // Groups may overlap: each is judged by what was recorded before any of them.
        let before = self.history.clone();
        for (reconcile, there) in options.reconcile.iter().zip(tables) {
            let recorded = reconcile.versions().iter().any(|version| before.find(*version).is_some());
            // What stands there may be the half of a migration that was interrupted.
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

/// A name that was declared as renamed, and the version and name since.
pub(crate) type Known = ((Version, String), (Version, String));

fn is_ours(set: &MigrationSet, version: Version, name: &str) -> bool {
    set.find(version).is_some_and(|migration| migration.name() == name)
}

/// The migration that this name is of, as the files have it or as `renames.txt` says.
fn ours<'a>(set: &'a MigrationSet, version: Version, name: &str) -> Option<&'a Migration> {
    let declared = set.renames().iter().find(|rename| rename.from_stem() == Some((version, name)));
    let version = declared.map_or(version, gapless_core::Rename::to);
    set.find(version).filter(|migration| declared.is_some() || migration.name() == name)
}

/// Every name that a row has had before, the latest first.
fn names_before(row: &Row, renamed: &[Known]) -> Vec<(Version, String)> {
    names_of(vec![(row.version, row.name.clone())], renamed)
}

/// These names and every one that was declared as renamed to one of them.
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

/// Whether a row is itself to be recorded under another version.
fn moves(set: &MigrationSet, row: &Row) -> bool {
    let renames = set.renames().iter().filter(|rename| rename.to() != row.version);
    renames
        .filter_map(|rename| rename.from_stem())
        .any(|(version, name)| version == row.version && name == row.name)
}
