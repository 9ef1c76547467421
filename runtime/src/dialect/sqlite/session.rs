//! A session of SQLite: observing, the settings.

use std::fmt::Write as _;

use super::Sqlite;
use crate::dialect::{Language, LockQuery, SessionSql, Timeouts};
use crate::tracker::Tracker;

/// Settings of a connection that change what a script does and that a script may change.
const SETTINGS: [&str; 7] = [
    "foreign_keys",
    "ignore_check_constraints",
    "legacy_alter_table",
    "query_only",
    "recursive_triggers",
    "reverse_unordered_selects",
    "writable_schema",
];

impl SessionSql for Sqlite {
    /// No wire lies in between, so the run reads all rows.
    fn observe(&self, tracker: &Tracker, _: Option<i64>) -> String {
        format!("SELECT NULL, query_only, 0, 0 FROM pragma_query_only;\n{}", self.select_set(tracker))
    }

    fn select_set(&self, tracker: &Tracker) -> String {
        format!("SELECT version, name, checksum, applied_at FROM {};\n", tracker.set())
    }

    /// There is no lock to take: each migration's own transaction takes the database's.
    fn lock(&self, tracker: &Tracker, query: LockQuery) -> String {
        let there = |name: &str| {
            let schema = self.identifier(tracker.schema());
            format!(
                "EXISTS (SELECT 1 FROM {schema}.sqlite_master WHERE lower(name) = lower({}))",
                self.literal(name)
            )
        };
        let (table, schema) = (self.literal(tracker.table()), self.literal(tracker.schema()));
        let fence = format!(
            "(EXISTS (SELECT 1 FROM pragma_table_info({table}, {schema}) WHERE name = 'version' AND pk = 1) AND \
             (SELECT count(*) FROM pragma_table_info({table}, {schema}) WHERE pk > 0) = 1) OR \
             EXISTS (SELECT 1 FROM pragma_index_list({table}, {schema}) l WHERE l.\"unique\" AND NOT l.partial AND \
             (SELECT group_concat(i.name) FROM pragma_index_info(l.name, {schema}) i) = 'version')"
        );
        let mut sql = format!(
            "SELECT 1, 1, {}, {}, NULL, query_only, 0, 1, {fence} FROM pragma_query_only;\n",
            there(tracker.table()),
            there(&tracker.journal_table()),
        );
        if query.settings {
            let settings = SETTINGS.map(|name| format!("SELECT '{name}', {name} FROM pragma_{name}"));
            let _ = writeln!(sql, "{};", settings.join(" UNION ALL "));
        }
        if query.set {
            sql.push_str(&self.select_set(tracker));
        }
        sql
    }

    fn set_timeouts(&self, _: Timeouts) -> String {
        String::new()
    }

    fn restore(&self, settings: &[(String, String)]) -> String {
        settings.iter().fold(String::new(), |mut sql, (name, value)| {
            let _ = writeln!(sql, "PRAGMA {name} = {value};");
            sql
        })
    }
}
