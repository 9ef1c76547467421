//! Works out the status of each version from the applied set, the embedded set and the journal.

use std::collections::BTreeMap;
use std::time::Duration;

use gapless_core::{Migration, MigrationSet, Version};

use crate::dialect::ASIDE;
use crate::engine::ResultSet;
use crate::history::repair::{Facts, names_of, repair};
use crate::history::{History, Row};
use crate::plan::{BEGUN, Origin, Plan, plan};
use crate::report::status::Journaled;
use crate::runner::options::Options;
use crate::{Change, Conflict, Pending, Status, VersionState, VersionStatus};

/// The events that put a row into the set.
const RECORDING: [&str; 4] = ["applied", "adopted", "baselined", "reconciled"];

/// The last entry of each event of each version and name, in the order of the journal.
#[derive(Debug, Default)]
pub(crate) struct Journal(BTreeMap<(Version, String), Vec<Entry>>);

/// A row of the journal.
#[derive(Debug)]
struct Entry {
    event: String,
    statement: Option<String>,
    detail: Option<String>,
    journaled: Journaled,
}

impl Journal {
    /// Reads version, name, event, time, statement, milliseconds, user, application, detail and number.
    pub(crate) fn read(rows: &ResultSet, time: impl Fn(&str) -> String) -> Journal {
        let mut journal = Journal::default();
        for row in rows.rows() {
            let text = |column: usize| row.get(column).cloned().flatten();
            let Some((version, name)) = text(0).and_then(|version| Some((version.parse().ok()?, text(1)?)))
            else {
                continue;
            };
            let millis = text(5).and_then(|millis| millis.parse().ok());
            let last_entry = text(9).and_then(|id| id.parse().ok()).filter(|_| {
                let event = row.get(2).and_then(Option::as_deref);
                !event.is_some_and(|event| ASIDE.contains(&event))
            });
            let journaled = Journaled {
                last_entry,
                at: text(3).as_deref().map(&time),
                duration: millis.map(Duration::from_millis),
                db_user: text(6),
                application: text(7),
                ..Journaled::default()
            };
            let (event, statement, detail) = (text(2).unwrap_or_default(), text(4), text(8));
            let entries = journal.0.entry((version, name)).or_default();
            entries.push(Entry { event, statement, detail, journaled });
        }
        journal
    }

    /// Returns the last entry about the tries of a migration, under any of its names.
    fn last_entry(&self, names: &[(Version, String)]) -> Option<i64> {
        let entries = names.iter().filter_map(|name| self.0.get(name)).flatten();
        entries.filter_map(|entry| entry.journaled.last_entry).max()
    }

    fn entries(&self, names: &[(Version, String)]) -> Option<&[Entry]> {
        names.iter().find_map(|name| self.0.get(name)).map(Vec::as_slice)
    }

    /// Returns the entry that put a row into the set.
    fn recording(&self, names: &[(Version, String)]) -> Journaled {
        let mut entries = self.entries(names).unwrap_or_default().iter().rev();
        let entry = entries.find(|entry| RECORDING.contains(&entry.event.as_str()));
        let last_entry = self.last_entry(names);
        let journaled = entry.map_or(Journaled::default(), |entry| entry.journaled.clone());
        Journaled { at: None, last_entry, ..journaled }
    }

    /// Returns the outcome of the last try, for a version that is not in the set.
    fn attempt(&self, names: &[(Version, String)]) -> Option<(VersionState, Journaled)> {
        let entries = self.entries(names)?;
        let Entry { event, statement, detail, journaled } = entries.last()?;
        let (state, error) = match event.as_str() {
            "rolled_back" => return None,
            event if RECORDING.contains(&event) => return None,
            "resolved" if statement.as_deref() == Some("0") => return None,
            "failed" => (VersionState::Failed, detail.clone()),
            _ => (VersionState::Interrupted, None),
        };
        let statements_done = done(entries);
        let last_entry = self.last_entry(names);
        Some((state, Journaled { duration: None, error, statements_done, last_entry, ..journaled.clone() }))
    }
}

/// Counts the statements that are done since the migration was recorded or rolled back, if it ever was.
fn done(entries: &[Entry]) -> usize {
    let is_end = |event: &str| RECORDING.contains(&event) || event == "rolled_back";
    let open = entries.iter().rev().take_while(|entry| !is_end(&entry.event));
    let mut steps = open.filter(|entry| ["statement", "resolved"].contains(&&*entry.event));
    steps.next().and_then(|entry| entry.statement.as_ref()?.parse().ok()).unwrap_or_default()
}

/// Everything that a status is made of.
#[derive(Debug)]
pub(crate) struct Survey<'s> {
    pub(crate) set: &'s MigrationSet,
    pub(crate) history: &'s History,
    pub(crate) options: &'s Options,
    /// The renames and runs in the journal.
    pub(crate) facts: &'s Facts,
    pub(crate) journal: &'s Journal,
    /// The time of each row, by its version in the database.
    pub(crate) times: &'s BTreeMap<Version, String>,
}

impl Survey<'_> {
    pub(crate) fn status(&self) -> Status {
        let repaired = repair(self.set, self.history, self.options, self.facts).unwrap_or_default();
        let (plan, conflicts) = plan(self.set, &repaired.history, Origin::Empty, self.options, &[]);
        let mut entries = BTreeMap::new();
        for migration in self.set.migrations() {
            let version = migration.version();
            if repaired.history.find(version).is_none() {
                entries.insert(version, self.unrecorded(migration, &plan));
            }
        }
        if let Some(baseline) = self.set.baseline() {
            let below = |conflict: &Conflict| matches!(conflict, Conflict::BelowBaseline { .. });
            let begins = plan.pending().iter().any(|pending| pending.stands_for().is_some());
            if begins || conflicts.iter().any(below) {
                entries.insert(baseline.version(), self.unrecorded(baseline, &plan));
            }
        }
        for row in repaired.history.rows() {
            entries.insert(row.version, self.recorded(row, &repaired.changes));
        }
        for conflict in &conflicts {
            let (version, state) = (conflict.version(), contradiction(conflict));
            if let Some(entry) = entries.get_mut(&version).filter(|entry| is_settled(entry.state)) {
                entry.state = state;
            }
        }
        for change in &repaired.changes {
            if let Change::Renamed { from: (version, _), both: true, .. } = change
                && let Some(row) = self.history.find(*version).filter(|_| !entries.contains_key(version))
            {
                let duplicate = self.recorded(row, &[]);
                entries.insert(*version, VersionStatus { state: VersionState::Duplicate, ..duplicate });
            }
        }
        Status { versions: entries.into_values().collect(), warnings: repaired.warnings }
    }

    /// Returns the status of a migration that is not in the database.
    fn unrecorded(&self, migration: &Migration, plan: &Plan) -> VersionStatus {
        let version = migration.version();
        let mut names = vec![(version, migration.name().to_owned())];
        let renames = self.set.renames().iter().filter(|rename| rename.to() == version);
        names.extend(
            renames.filter_map(|rename| rename.from_stem()).map(|(version, name)| (version, name.to_owned())),
        );
        let pending = plan.pending().iter().find(|pending| pending.version() == version);
        let stands = plan.pending().iter().find(|pending| pending.stands_for().is_some());
        let attempt = self.journal.attempt(&names).filter(|_| !migration.is_tombstone());
        let (state, journaled) = match (attempt, pending) {
            _ if migration.is_tombstone() => (VersionState::Tombstone, Journaled::default()),
            (Some((state, attempt)), _) => {
                let error = attempt.error.filter(|_| !self.options.hide_values);
                (state, Journaled { error, ..attempt })
            }
            (None, Some(pending)) if Pending::out_of_order(pending) => {
                (VersionState::Late, Journaled::default())
            }
            (None, Some(_)) => (VersionState::Pending, Journaled::default()),
            (None, None) if stands.is_some_and(|baseline| version <= baseline.version()) => {
                (VersionState::Covered, Journaled::default())
            }
            (None, None) => (VersionState::HeldBack, Journaled::default()),
        };
        VersionStatus {
            version,
            name: migration.name().to_owned(),
            path: Some(migration.file()),
            state,
            recorded_as: None,
            applied_at: None,
            recorded: None,
            embedded: text(migration),
            journaled,
        }
    }

    /// Returns the status of a row of the set.
    fn recorded(&self, row: &Row, changes: &[Change]) -> VersionStatus {
        let began = || {
            self.set
                .baseline()
                .filter(|baseline| baseline.version() == row.version && row.name.ends_with(BEGUN))
        };
        let migration = self.set.find(row.version).or_else(began);
        let declared = changes.iter().find_map(|change| match change {
            Change::Renamed { from, to, both: false } if to.0 == row.version => Some(from.clone()),
            _ => None,
        });
        let in_database = row.recorded.clone().or(declared);
        let key = in_database.as_ref().map_or(row.version, |(version, _)| *version);
        let covered = || self.set.baseline().is_some_and(|baseline| row.version <= baseline.version());
        let state = match migration {
            _ if row.going_back => VersionState::RollingBack,
            Some(migration) if migration.is_tombstone() => VersionState::Tombstone,
            Some(_) => VersionState::Applied,
            None if covered() => VersionState::Applied,
            // An orphan is a conflict, which replaces this state.
            None => VersionState::Ahead,
        };
        let own = (row.version, row.name.clone());
        let mut start: Vec<_> = in_database.clone().into_iter().collect();
        start.push(own.clone());
        let names = names_of(start, self.facts.renamed.as_deref().unwrap_or_default());
        let other = |migration: &&Migration| migration.name() != row.name && !row.name.ends_with(BEGUN);
        let misnamed = migration.filter(other).map(|_| own);
        VersionStatus {
            version: row.version,
            name: migration.map_or_else(|| row.name.clone(), |migration| migration.name().to_owned()),
            path: migration.map(Migration::file),
            state,
            recorded_as: in_database.or(misnamed),
            applied_at: self.times.get(&key).cloned(),
            recorded: row.checksum,
            embedded: migration.and_then(text),
            journaled: self.journal.recording(&names),
        }
    }
}

/// Returns the checksum of the text; a tombstone's text is not the text that was applied.
fn text(migration: &Migration) -> Option<gapless_core::Checksum> {
    (!migration.is_tombstone()).then(|| migration.checksum())
}

/// Returns true if a conflict replaces this state.
fn is_settled(state: VersionState) -> bool {
    use VersionState::{Ahead, Applied, Covered, Failed, HeldBack, Interrupted, Late, Pending, Tombstone};
    matches!(state, Ahead | Applied | Covered | Failed | HeldBack | Interrupted | Late | Pending | Tombstone)
}

fn contradiction(conflict: &Conflict) -> VersionState {
    match conflict {
        Conflict::Drift { .. } => VersionState::Edited,
        Conflict::Renamed { .. } => VersionState::Renamed,
        Conflict::Orphan { .. } => VersionState::Orphan,
        Conflict::Moved { .. } => VersionState::Moved,
        Conflict::Taken { .. } => VersionState::Taken,
        Conflict::BelowBaseline { .. } => VersionState::BelowBaseline,
        Conflict::OutOfOrder { .. } => VersionState::Late,
        Conflict::GoingBack { .. } => VersionState::RollingBack,
    }
}
