//! What differs between databases: text and a few judgements.

mod amend;
mod answers;
mod catalog;
mod class;
mod contest;
mod describe;
mod looks;
mod postgres;
mod prepared;
mod sqlite;
mod steps;
mod terms;

use std::fmt;

use gapless_core::{Concurrent, Migration, Syntax, Version};

pub(crate) use self::answers::{
    LockAnswer, Observation, Recorded, Rows, SessionFacts, durations, holder, versions,
};
pub use self::class::Class;
pub use self::postgres::Postgres;
pub use self::prepared::Prepared;
pub use self::sqlite::Sqlite;
pub(crate) use self::steps::BEGUN;
pub use self::terms::{APPLIED, CURRENT, Entry, Look, Missing, Table, Timeouts};
pub(crate) use self::terms::{LEFT, MARK, OPEN, savepoint};
use crate::Change;
use crate::engine::DbError;
use crate::tracker::Tracker;

/// The text that a [`Run`](crate::engine::Run) sends to one kind of database, and how it reads errors.
///
/// Every method returns whole statements, each ended by a semicolon. The first columns of what they
/// select are fixed and described at each.
pub trait Dialect: fmt::Debug + Sync {
    /// The rules by which scripts for this database are taken apart.
    fn syntax(&self) -> Syntax;

    /// The schema of the tracker unless another one is named.
    fn default_schema(&self) -> &'static str;

    /// How many bytes of an identifier the database keeps; `None` is all of them.
    fn longest_identifier(&self) -> Option<usize>;

    /// Two selects: the session (backend pid, takes no writes, is a standby, inside of a transaction), and the applied
    /// set as [`Dialect::select_set`] has it; or a row of NULL and [`CURRENT`] alone, if that has this
    /// [digest](gapless_core::MigrationSet::digest).
    fn observe(&self, tracker: &Tracker, digest: Option<i64>) -> String;

    /// Up to four selects: the lock (ours now, schema there, set there, journal there, backend pid, takes
    /// no writes, is a standby, reads strings by the standard, the set has its key), the session's settings (name,
    /// value) if [`Look::settings`], the applied set if [`Look::set`], the lock's holder (pid, application, since,
    /// query, state) if [`Look::holder`].
    fn lock(&self, tracker: &Tracker, look: Look) -> String;

    /// Gives the lock back (done, backend pid) if this is the backend that took it, as far as that is known,
    /// and selects NULL if it is another; `None` if there is no lock to give.
    fn unlock(&self, tracker: &Tracker, pid: Option<i32>) -> Option<String>;

    /// Creates what is missing; inside of a transaction.
    fn create(&self, tracker: &Tracker, missing: Missing) -> String;

    /// Takes the lock until the end of the transaction, or fails with [`Class::Busy`]; empty if there is
    /// none to take.
    fn lock_transaction(&self, tracker: &Tracker) -> String;

    /// Fails with [`Class::HandedOn`] on any other backend; empty where a session stays with its client.
    fn same_backend(&self, _pid: i32) -> String {
        String::new()
    }

    /// Whether a rollback leaves settings as a script has set them.
    fn settings_outlive_rollback(&self) -> bool {
        false
    }

    /// By what a later run recognises whether this session still lives; an expression.
    fn session_mark(&self) -> &'static str {
        "NULL"
    }

    /// Asks the catalog for the indexes (qualified name, valid, named by the statement, made since it was first begun)
    /// that tell what became of a concurrent statement, by its number in the script; `None` if nothing can tell.
    fn inspect(
        &self,
        _tracker: &Tracker,
        _version: Version,
        _number: usize,
        _statement: &Concurrent<'_>,
    ) -> Option<String> {
        None
    }

    /// Another session that has a lock on a relation with one of these names (pid, application, since, query, state,
    /// what it has); `None` if nothing can tell.
    fn blocker(&self, _names: &[String]) -> Option<String> {
        None
    }

    /// Begins a transaction with these timeouts in it.
    fn begin(&self, timeouts: Timeouts) -> String;

    /// Sets these timeouts for the transaction.
    fn set_local_timeouts(&self, timeouts: Timeouts) -> String;

    /// Checks what a commit would check.
    fn check_deferred(&self) -> &'static str;

    /// Sets these timeouts for the session.
    fn set_timeouts(&self, timeouts: Timeouts) -> String;

    /// A string as this database writes it.
    fn literal(&self, text: &str) -> String;

    /// The applied set (version, name, checksum, time of application) in any order. The time is text that sorts as
    /// it: it tells a newer release's rows from lost files.
    fn select_set(&self, tracker: &Tracker) -> String;

    /// The time of the call, not of the transaction or message.
    fn clock(&self) -> &'static str;

    /// The row of the applied set: the fence.
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

    /// The rows of what a baseline stands for: nobody has run their own texts.
    fn record_covered(&self, tracker: &Tracker, migrations: &mut dyn Iterator<Item = &Migration>) -> String {
        amend::record_covered(self, tracker, migrations)
    }

    /// Keeps others from writing to the set until the end of the transaction.
    fn lock_set(&self, _tracker: &Tracker) -> String {
        String::new()
    }

    /// Puts the tracker right, and journals it; inside of a transaction.
    fn amend(&self, tracker: &Tracker, changes: &[Change]) -> String {
        amend::statements(self, tracker, changes)
    }

    /// Takes a version out of the set and journals that; inside of a transaction. Fails with
    /// [`Class::Unrecorded`] if it is not in the set.
    fn take_back(&self, tracker: &Tracker, version: Version) -> String;

    /// What the journal knows of renames (old identifier, version and name since), in the order of its rows.
    fn renamed(&self, tracker: &Tracker) -> String {
        let journal = tracker.journal();
        format!("SELECT detail, version, name FROM {journal} WHERE event = 'renamed' ORDER BY id;\n")
    }

    /// What was recorded by which run (version, name, event, the run's token), in the order of the journal.
    fn runs(&self, tracker: &Tracker) -> String {
        let journal = tracker.journal();
        format!(
            "SELECT version, name, event, detail FROM {journal} \
             WHERE event IN ('applied', 'baselined', 'adopted') ORDER BY id;\n"
        )
    }

    /// What else the journal has seen (event, version), each once.
    fn seen(&self, tracker: &Tracker) -> String {
        let journal = tracker.journal();
        format!("SELECT DISTINCT event, version FROM {journal} WHERE event NOT IN ('statement', 'failed');\n")
    }

    /// Journals that these stems were names of a migration before, for releases that know no other.
    fn journal_names(
        &self,
        tracker: &Tracker,
        version: Version,
        name: &str,
        stems: &[(Version, &str)],
    ) -> String {
        amend::journal_names(self, tracker, version, name, stems)
    }

    /// Waits for every other transaction that claims this name of a migration, until whose end this one holds it; empty
    /// where transactions that write do not overlap.
    fn claim_name(&self, _tracker: &Tracker, _version: Version, _name: &str) -> String {
        String::new()
    }

    /// Violates the key of the migration's row, which this transaction has written, if one of these old names is in the
    /// set, or the set has under another name what was once called one of these.
    fn contest(
        &self,
        tracker: &Tracker,
        migration: &Migration,
        before: &[(Version, &str)],
        own: &[(Version, &str)],
    ) -> String {
        contest::statement(self, tracker, migration, before, own)
    }

    /// The columns of another table (name, type, the database, the schema that it is in); no rows if it is
    /// not there.
    fn columns(&self, table: Table<'_>) -> String;

    /// An expression of bytes as hex digits.
    fn hex(&self, column: &str) -> String;

    /// For each of these tables, whether it is there: a row with one truth value. Names are written as in a
    /// statement, with their schema or found by the search path.
    fn tables(&self, names: &[&str]) -> String;

    /// Takes another tool's advisory lock until the end of the transaction, or fails with [`Class::Busy`].
    fn lock_legacy(&self, _key: i64) -> String {
        String::new()
    }

    /// Selects everything that the schemas of the database hold, other than the tracker: object, property, value.
    fn describe(&self, tracker: &Tracker) -> String;

    /// Puts the session's settings back to what they were.
    fn restore(&self, settings: &[(String, String)]) -> String;

    /// A row of the journal.
    fn journal(&self, tracker: &Tracker, entry: &Entry<'_>) -> String {
        steps::row(self, tracker, entry, &self.literal(entry.name))
    }

    /// The row of a try that begins; fails with [`Class::Unrecorded`] if [`Dialect::progress`] would not show so many
    /// rows any more.
    fn journal_start(
        &self,
        tracker: &Tracker,
        entry: &Entry<'_>,
        before: &[(Version, &str)],
        known: usize,
    ) -> String {
        steps::start(self, tracker, entry, before, known)
    }

    /// The row of a statement that is done; fails with [`Class::Unrecorded`] if a later try has begun.
    fn journal_step(&self, tracker: &Tracker, entry: &Entry<'_>, before: &[(Version, &str)]) -> String {
        steps::step(self, tracker, entry, before)
    }

    /// The row of a statement that is about to be sent by itself: its checksum and, if it is a concurrent one, the
    /// indexes that are there already.
    fn journal_begun(
        &self,
        tracker: &Tracker,
        entry: &Entry<'_>,
        _statement: Option<&Concurrent<'_>>,
    ) -> String {
        steps::begun(self, tracker, entry, None)
    }

    /// Which of these have begun outside of a transaction and not ended (version), each with all names that it has had;
    /// without a semicolon.
    fn unfinished(&self, tracker: &Tracker, known: &[(Version, (Version, &str))]) -> String {
        steps::unfinished(self, tracker, known)
    }

    /// Fails with [`Class::Unfinished`] if one of these has.
    fn none_unfinished(&self, tracker: &Tracker, known: &[(Version, (Version, &str))]) -> String;

    /// Marks a row as being rolled back, so that no release takes it for applied.
    fn go_back(&self, tracker: &Tracker, version: Version) -> String {
        steps::go_back(self, tracker, version)
    }

    /// Takes that mark away: nothing of it was rolled back.
    fn stay(&self, tracker: &Tracker, version: Version) -> String {
        steps::stay(self, tracker, version)
    }

    /// Fails with [`Class::LeftOpen`] inside of a transaction, where that can be asked in SQL.
    fn outside(&self) -> String {
        String::new()
    }

    /// The journal's row of a migration whose transaction is about to be committed; selects
    /// [`APPLIED`], the version, and how long the transaction has taken in microseconds.
    /// The row's detail is the run's token. Fails with [`Class::Unrecorded`] if the version's row is not in the set,
    /// or is that of another transaction.
    fn journal_applied(&self, tracker: &Tracker, migration: &Migration, token: &str) -> String;

    /// The same rows as statements that are prepared for many migrations; `None` where that saves nothing.
    fn prepared(&self, _tracker: &Tracker, _token: &str) -> Option<Prepared> {
        None
    }

    /// How versions from the first to the last came into the set or out of it (version, event, detail), in the order
    /// of the journal.
    fn recorded_how(&self, tracker: &Tracker, first: Version, last: Version) -> String {
        let journal = tracker.journal();
        format!(
            "SELECT version, event, detail FROM {journal} WHERE version BETWEEN {first} AND {last} AND event IN \
             ('applied', 'baselined', 'adopted', 'reconciled', 'rolled_back') ORDER BY id;\n"
        )
    }

    /// Whether a version is in the set.
    fn is_recorded(&self, tracker: &Tracker, version: Version) -> String {
        format!("SELECT EXISTS (SELECT 1 FROM {} WHERE version = {version});\n", tracker.set())
    }

    /// Marks the transaction of the run with this token, for [`Dialect::check_mark`]; empty where the rows bear the
    /// transaction's number, which [`Dialect::journal_applied`] compares.
    fn mark(&self, _token: &str) -> String {
        String::new()
    }

    /// Fails with [`Class::Ended`] in any transaction but the one that was marked.
    fn check_mark(&self, _token: &str) -> String {
        String::new()
    }

    /// Fails with [`Class::Ended`] unless this transaction has taken the version out of the set.
    fn check_taken_back(&self, _tracker: &Tracker, _version: Version) -> String {
        String::new()
    }

    /// Makes everything durable that was committed before; empty where every commit is.
    fn flush(&self) -> &'static str {
        ""
    }

    /// Closes what the transaction has prepared or declared for its session; empty where there is nothing such.
    fn close(&self) -> &'static str {
        ""
    }

    /// Commits; a commit that is not durable may be lost in a crash of the server, with all after it.
    fn commit(&self, durable: bool) -> String;

    /// The journal of one version (event, attempt, statement, detail, whether the session lives that wrote
    /// it and is not this one, or NULL if that cannot be known, whether the version is in the set now, whether the row
    /// is about this migration) in the order of its rows; also what it has under the names that the migration had before,
    /// or has for a newer release.
    fn progress(&self, tracker: &Tracker, version: Version, name: &str, before: &[(Version, &str)])
    -> String;

    /// What an error means.
    fn classify(&self, error: &DbError, tracker: &Tracker) -> Class;
}
