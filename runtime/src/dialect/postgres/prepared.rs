//! Statements that Postgres reads and plans once for many migrations.

use std::fmt::Write as _;

use gapless_core::Migration;

use crate::dialect::{APPLIED, Dialect, Language};
use crate::tracker::Tracker;

/// Tests that a row is this transaction's: a commit in between would have changed the transaction's number.
pub(super) const OURS: &str = "pg_catalog.xideq(xmin, pg_catalog.xid(pg_catalog.pg_current_xact_id()))";

/// The statements for the rows of many migrations, in the set and in the journal, which a server reads and plans once.
/// They belong to the session, so a message that prepares them has to forget them as well.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// Prepares them.
    pub begin: String,
    /// Forgets them.
    pub end: String,
    /// Forgets them, if they exist.
    pub forget: String,
    /// Their names, quoted.
    record: String,
    journal: String,
}

impl Prepared {
    /// Makes those of the run with this token.
    pub(super) fn new(dialect: &dyn Language, tracker: &Tracker, token: &str) -> Prepared {
        let names = ["record", "journal"].map(|what| format!("gapless {what}, {token}"));
        let [record, journal] = names.each_ref().map(|name| dialect.identifier(name));
        let row = format!(
            "INSERT INTO {} (version, name, applied_at, checksum) VALUES ($1, $2, {}, $3);\n",
            tracker.set(),
            dialect.clock()
        );
        let entry = journal_applied(dialect, tracker, "$1", "applied", token, &recorded(tracker, "$1"));
        let gone = names.iter().fold(String::new(), |mut sql, name| {
            let (there, quoted) = (dialect.literal(name), dialect.identifier(name));
            let _ = write!(
                sql,
                "IF EXISTS (SELECT 1 FROM pg_catalog.pg_prepared_statements WHERE name = {there}) THEN \
                 DEALLOCATE {quoted}; END IF; "
            );
            sql
        });
        Prepared {
            begin: format!(
                "PREPARE {record} (bigint, text, text) AS {row}PREPARE {journal} (bigint) AS {entry}"
            ),
            end: format!("DEALLOCATE {record};\nDEALLOCATE {journal};\n"),
            forget: format!("DO $gapless$BEGIN {gone}END$gapless$;\n"),
            record,
            journal,
        }
    }

    /// See [`TrackerSql::record`](crate::dialect::TrackerSql::record).
    pub(crate) fn record(&self, dialect: &dyn Dialect, migration: &Migration) -> String {
        format!(
            "EXECUTE {} ({}, {}, '{}');\n",
            self.record,
            migration.version(),
            dialect.literal(migration.name()),
            migration.checksum()
        )
    }

    /// See [`TrackerSql::journal_applied`](crate::dialect::TrackerSql::journal_applied).
    pub(crate) fn journal_applied(&self, migration: &Migration) -> String {
        format!("EXECUTE {} ({});\n", self.journal, migration.version())
    }
}

/// The time at which a version was recorded in the set; an expression.
pub(super) fn recorded(tracker: &Tracker, version: &str) -> String {
    format!("(SELECT applied_at FROM {} WHERE version = {version})", tracker.set())
}

/// See [`TrackerSql::journal_applied`](crate::dialect::TrackerSql::journal_applied); the version and the time since when
/// it has worked are expressions.
pub(super) fn journal_applied(
    dialect: &dyn Language,
    tracker: &Tracker,
    version: &str,
    event: &str,
    token: &str,
    since: &str,
) -> String {
    let set = tracker.set();
    let seconds = format!("extract(epoch FROM clock_timestamp() - {since})");
    // Without a name the journal refuses the row.
    format!(
        "INSERT INTO {} (version, name, event, detail, duration_ms) \
         VALUES ({version}, (SELECT name FROM {set} WHERE version = {version} AND {OURS}), '{event}', {}, \
         ({seconds} * 1000)::bigint) \
         RETURNING '{APPLIED}', version, ({seconds} * 1000000)::bigint;\n",
        tracker.journal(),
        dialect.literal(token),
    )
}
