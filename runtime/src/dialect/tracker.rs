//! The tracker's rows: inserting, removing and selecting them.

use std::collections::BTreeMap;
use std::time::Duration;

use gapless_core::{Migration, Version};

use super::{APPLIED, Entry, Language, Missing, Names, Prepared, contest, repair, steps};
use crate::Change;
use crate::engine::ResultSet;
use crate::history::repair::Known;
use crate::tracker::Tracker;

/// The statements that write and read the tracker's rows.
pub trait TrackerSql: Language {
    /// Creates the missing parts, in a transaction.
    fn create(&self, tracker: &Tracker, missing: Missing) -> String;

    /// Inserts the row of the applied set, which is the fence.
    fn record(&self, tracker: &Tracker, migration: &Migration) -> String {
        format!(
            "INSERT INTO {} (version, name, applied_at, checksum) VALUES ({}, {}, {}, '{}');\n",
            tracker.set(),
            migration.version(),
            self.literal(migration.name()),
            self.clock(),
            migration.checksum()
        )
    }

    /// Inserts the rows of the migrations that a baseline stands for, without checksums, because their own texts did
    /// not run.
    fn record_covered(&self, tracker: &Tracker, migrations: &mut dyn Iterator<Item = &Migration>) -> String {
        repair::record_covered(self, tracker, migrations)
    }

    /// Removes a version from the set, and journals that, in a transaction. Fails with
    /// [`Class::Unrecorded`](super::Class::Unrecorded) if the version is not in the set.
    fn remove(&self, tracker: &Tracker, version: Version) -> String;

    /// Fails with [`Class::Ended`](super::Class::Ended) unless this transaction has removed the version from the set.
    fn check_removed(&self, _tracker: &Tracker, _version: Version) -> String {
        String::new()
    }

    /// Repairs the tracker, and journals that, in a transaction.
    fn repair(&self, tracker: &Tracker, changes: &[Change]) -> String {
        repair::statements(self, tracker, changes)
    }

    /// Violates the key of the migration's row, which this transaction has written, if the set has an earlier name of
    /// one of these migrations, or has one of them under a name that another release has given it.
    fn contest(&self, tracker: &Tracker, migration: &Migration, recorded: &[Names<'_>]) -> String {
        contest::statement(self, tracker, migration, recorded)
    }

    /// Inserts a row of the journal.
    fn journal(&self, tracker: &Tracker, entry: &Entry<'_>) -> String {
        steps::row(self, tracker, entry, &self.literal(entry.name))
    }

    /// Journals the earlier names of a migration, for releases that know no other.
    fn journal_names(&self, tracker: &Tracker, names: &Names<'_>) -> String {
        repair::journal_names(self, tracker, names)
    }

    /// Inserts the journal's row of a migration before the commit of its transaction; selects
    /// [`APPLIED`](super::APPLIED), the version, and the duration of the transaction in microseconds. The row's detail
    /// is the run's token. Fails with [`Class::Unrecorded`](super::Class::Unrecorded) if the version's row is not in
    /// the set, or is another transaction's.
    fn journal_applied(&self, tracker: &Tracker, migration: &Migration, token: &str) -> String;

    /// [`TrackerSql::journal_applied`] for a migration whose row of the set is written behind its last step: it has
    /// worked since the journal's row of its start.
    fn journal_applied_in_steps(&self, tracker: &Tracker, migration: &Migration, token: &str) -> String {
        self.journal_applied(tracker, migration, token)
    }

    /// Prepares the same rows for many migrations; `None` where that saves nothing.
    fn prepared(&self, _tracker: &Tracker, _token: &str) -> Option<Prepared> {
        None
    }

    /// Selects the journal's renames (old identifier, present version and name), in the order of its rows.
    fn renamed(&self, tracker: &Tracker) -> String {
        let journal = tracker.journal();
        format!("SELECT detail, version, name FROM {journal} WHERE event = 'renamed' ORDER BY id;\n")
    }

    /// Selects the migrations that each run has recorded (version, name, event, the run's token), in the order of the
    /// journal.
    fn runs(&self, tracker: &Tracker) -> String {
        let journal = tracker.journal();
        format!(
            "SELECT version, name, event, detail FROM {journal} \
             WHERE event IN ('applied', 'baselined', 'adopted') ORDER BY id;\n"
        )
    }

    /// Selects the other events in the journal (event, version), each once.
    fn seen(&self, tracker: &Tracker) -> String {
        let journal = tracker.journal();
        format!("SELECT DISTINCT event, version FROM {journal} WHERE event NOT IN ('statement', 'failed');\n")
    }

    /// Selects the events that brought versions from the first to the last into the set or out of it (version, event,
    /// detail), in the order of the journal. [`Recorded`] reads the answer.
    fn recorded_how(&self, tracker: &Tracker, first: Version, last: Version) -> String {
        let journal = tracker.journal();
        format!(
            "SELECT version, event, detail FROM {journal} WHERE version BETWEEN {first} AND {last} AND event IN \
             ('applied', 'baselined', 'adopted', 'reconciled', 'rolled_back') ORDER BY id;\n"
        )
    }

    /// Selects a truth value: the version is in the set.
    fn is_recorded(&self, tracker: &Tracker, version: Version) -> String {
        format!("SELECT EXISTS (SELECT 1 FROM {} WHERE version = {version});\n", tracker.set())
    }
}

/// The time at which the last try in steps began; an expression.
pub(super) fn started(tracker: &Tracker, version: &str) -> String {
    format!("(SELECT max(at) FROM {} WHERE version = {version} AND event = 'started')", tracker.journal())
}

/// Reads the duration of each applied migration from the rows that [`TrackerSql::journal_applied`] selects, among those
/// of scripts.
pub(crate) fn durations(results: &[ResultSet]) -> impl Iterator<Item = Option<Duration>> {
    let marks = results.iter().filter(|result| result.value(0) == Some(APPLIED));
    marks.map(|mark| mark.value(2)?.parse().ok().map(Duration::from_micros))
}

/// Reads the answer to [`TrackerSql::is_recorded`].
pub(crate) fn is_recorded(result: &ResultSet) -> bool {
    result.is_true(0)
}

/// Reads the answer to [`TrackerSql::renamed`].
pub(crate) fn renames(rows: &ResultSet) -> Vec<Known> {
    let rename = |row: &[Option<String>]| {
        let [Some(old), Some(version), Some(name)] = row else { return None };
        let (before, known) = gapless_core::stem(old)?;
        Some(((before, known.to_owned()), (version.parse().ok()?, name.clone())))
    };
    rows.rows().filter_map(rename).collect()
}

/// Reads the answer to [`TrackerSql::runs`] as version, name and token. An adoption has no run's token, and stands
/// under its event.
pub(crate) fn runs(rows: &ResultSet) -> Vec<(Version, String, String)> {
    let run = |row: &[Option<String>]| {
        let [Some(version), Some(name), Some(event), detail] = row else { return None };
        let token = detail.clone().filter(|_| event != "adopted");
        Some((version.parse().ok()?, name.clone(), token.unwrap_or_else(|| event.clone())))
    };
    rows.rows().filter_map(run).collect()
}

/// Reads the answer to [`TrackerSql::seen`].
pub(crate) fn seen(rows: &ResultSet) -> Vec<(String, Version)> {
    let event = |row: &[Option<String>]| {
        let [Some(event), Some(version)] = row else { return None };
        Some((event.clone(), version.parse().ok()?))
    };
    rows.rows().filter_map(event).collect()
}

/// The journal's word on how versions came into the set.
#[derive(Debug, Default)]
pub(crate) struct Recorded {
    /// The last event of each, with its detail; `None` if the journal could not be read.
    last: Option<BTreeMap<Version, (String, Option<String>)>>,
}

impl Recorded {
    pub(crate) fn read(rows: Option<&ResultSet>) -> Recorded {
        let entry = |row: &[Option<String>]| match row {
            [Some(version), Some(event), detail] => {
                Some((version.parse().ok()?, (event.clone(), detail.clone())))
            }
            _ => None,
        };
        Recorded { last: rows.map(|rows| rows.rows().filter_map(entry).collect()) }
    }

    /// Returns `true` if the run with this token has applied it.
    pub(crate) fn is_of(&self, version: Version, token: &str) -> bool {
        let last = self.last.as_ref().and_then(|last| last.get(&version));
        last.is_some_and(|(event, detail)| {
            matches!(event.as_str(), "applied" | "baselined") && detail.as_deref() == Some(token)
        })
    }

    /// Returns `true` if the journal has it in the set, or cannot be read.
    pub(crate) fn is_told(&self, version: Version) -> bool {
        self.last
            .as_ref()
            .is_none_or(|last| last.get(&version).is_some_and(|(event, _)| event != "rolled_back"))
    }
}
