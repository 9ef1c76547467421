//! The tracker on SQLite: creating it, its rows.

use gapless_core::{Migration, Version};

use super::{NOW, Sqlite};
use crate::dialect::tracker::started;
use crate::dialect::{APPLIED, Language, Missing, TrackerSql};
use crate::history::GOING_BACK;
use crate::tracker::Tracker;

impl TrackerSql for Sqlite {
    fn create(&self, tracker: &Tracker, _: Missing) -> String {
        let (set, journal) = (tracker.set(), tracker.journal());
        let [index, names] = ["started", "renamed"]
            .map(|name| self.identifier(&format!("{}_{name}", tracker.journal_table())));
        let (schema, table) = (self.identifier(tracker.schema()), self.identifier(&tracker.journal_table()));
        format!(
            "CREATE TABLE IF NOT EXISTS {set} (version INTEGER PRIMARY KEY, name TEXT NOT NULL, \
             applied_at TEXT NOT NULL DEFAULT {NOW}, checksum TEXT);\n\
             CREATE TABLE IF NOT EXISTS {journal} (id INTEGER PRIMARY KEY, at TEXT NOT NULL DEFAULT {NOW}, \
             version INTEGER NOT NULL, name TEXT NOT NULL, event TEXT NOT NULL, \
             attempt INTEGER NOT NULL DEFAULT 1, statement INTEGER, statements INTEGER, duration_ms INTEGER, \
             db_user TEXT, application TEXT, backend_pid INTEGER, detail TEXT);\n\
             CREATE UNIQUE INDEX IF NOT EXISTS {schema}.{index} ON {table} (version, attempt) WHERE event = 'started';\n\
             CREATE INDEX IF NOT EXISTS {schema}.{names} ON {table} (detail) WHERE event = 'renamed';\n",
        )
    }

    /// `BEGIN IMMEDIATE` keeps everyone else out, so the row that is named is the row that goes.
    fn remove(&self, tracker: &Tracker, version: Version) -> String {
        let (set, journal) = (tracker.set(), tracker.journal());
        format!(
            "INSERT INTO {journal} (version, name, event) \
             SELECT {version}, (SELECT replace(name, {mark}, '') FROM {set} WHERE version = {version}), 'rolled_back';\n\
             DELETE FROM {set} WHERE version = {version};\n",
            mark = self.literal(GOING_BACK),
        )
    }

    fn journal_applied(&self, tracker: &Tracker, migration: &Migration, token: &str) -> String {
        let since =
            format!("(SELECT applied_at FROM {} WHERE version = {})", tracker.set(), migration.version());
        self.journal_applied_since(&since, tracker, migration, token)
    }

    fn journal_applied_in_steps(&self, tracker: &Tracker, migration: &Migration, token: &str) -> String {
        let since = started(tracker, &migration.version().to_string());
        self.journal_applied_since(&since, tracker, migration, token)
    }
}

impl Sqlite {
    fn journal_applied_since(
        &self,
        since: &str,
        tracker: &Tracker,
        migration: &Migration,
        token: &str,
    ) -> String {
        let (version, set) = (migration.version(), tracker.set());
        let event = if migration.is_baseline() { "baselined" } else { "applied" };
        // `julianday` counts days in floating point: a difference of 300 ms comes out as 299.99.
        let millis = format!("CAST(round((julianday('now') - julianday({since})) * 86400000) AS INTEGER)");
        format!(
            "INSERT INTO {} (version, name, event, detail, duration_ms) \
             VALUES ({version}, (SELECT name FROM {set} WHERE version = {version}), '{event}', {}, \
             {millis}) RETURNING '{APPLIED}', version, {millis} * 1000;\n",
            tracker.journal(),
            self.literal(token),
        )
    }
}
