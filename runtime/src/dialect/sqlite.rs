use std::fmt::Write as _;

use gapless_core::{Migration, Syntax, Version};

use super::{
    APPLIED, Class, Dialect, LEFT, Look, MARK, Missing, OPEN, Table, Timeouts, describe, savepoint, steps,
};
use crate::engine::DbError;
use crate::history::GOING_BACK;
use crate::tracker::{Tracker, quoted};

/// SQLite 3.37 and later (for `RETURNING` and `pragma_table_list`). It has one lock, the database's: `BEGIN IMMEDIATE` takes it.
#[derive(Clone, Copy, Debug)]
pub struct Sqlite;

/// What [`Dialect::none_unfinished`] fails with.
const UNFINISHED: &str = "ESCAPE expression must be a single character";

/// Milliseconds since the epoch do not fit the journal's form of a time; this is ISO 8601 in UTC.
const NOW: &str = "(strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))";

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

impl Dialect for Sqlite {
    fn syntax(&self) -> Syntax {
        Syntax::Sqlite
    }

    fn default_schema(&self) -> &'static str {
        "main"
    }

    fn longest_identifier(&self) -> Option<usize> {
        None
    }

    /// Nothing is sent over a wire, so all rows are read.
    fn observe(&self, tracker: &Tracker, _: Option<i64>) -> String {
        format!("SELECT NULL, query_only, 0, 0 FROM pragma_query_only;\n{}", self.select_set(tracker))
    }

    fn select_set(&self, tracker: &Tracker) -> String {
        format!("SELECT version, name, checksum, applied_at FROM {};\n", tracker.set())
    }

    /// There is no lock to take: each migration's own transaction takes the database's.
    fn lock(&self, tracker: &Tracker, look: Look) -> String {
        let there = |name: &str| {
            let schema = quoted(tracker.schema());
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
        if look.settings {
            let settings = SETTINGS.map(|name| format!("SELECT '{name}', {name} FROM pragma_{name}"));
            let _ = writeln!(sql, "{};", settings.join(" UNION ALL "));
        }
        if look.set {
            sql.push_str(&self.select_set(tracker));
        }
        sql
    }

    fn unlock(&self, _: &Tracker, _: Option<i32>) -> Option<String> {
        None
    }

    fn create(&self, tracker: &Tracker, _: Missing) -> String {
        let (set, journal) = (tracker.set(), tracker.journal());
        let [index, names] =
            ["started", "renamed"].map(|name| quoted(&format!("{}_{name}", tracker.journal_table())));
        let (schema, table) = (quoted(tracker.schema()), quoted(&tracker.journal_table()));
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

    /// `BEGIN IMMEDIATE` has taken the database's.
    fn lock_transaction(&self, _: &Tracker) -> String {
        String::new()
    }

    fn progress(
        &self,
        tracker: &Tracker,
        version: Version,
        name: &str,
        before: &[(Version, &str)],
    ) -> String {
        let about = steps::about(self, tracker, version, name, before);
        format!(
            "SELECT event, attempt, statement, detail, NULL, EXISTS (SELECT 1 FROM {} WHERE {about}), {} \
             FROM {} WHERE {about} ORDER BY id;\n",
            tracker.set(),
            steps::is_own(self, tracker, version, name, before),
            tracker.journal()
        )
    }

    /// An error that no script comes by.
    fn none_unfinished(&self, tracker: &Tracker, known: &[(Version, (Version, &str))]) -> String {
        format!(
            "SELECT '' LIKE '' ESCAPE 'gapless ' || min(u.version) FROM ({}) u HAVING count(*) > 0;\n",
            self.unfinished(tracker, known)
        )
    }

    fn begin(&self, _: Timeouts) -> String {
        "BEGIN IMMEDIATE;\n".to_owned()
    }

    fn set_local_timeouts(&self, _: Timeouts) -> String {
        String::new()
    }

    fn settings_outlive_rollback(&self) -> bool {
        true
    }

    /// There is no such statement; a commit alone tells.
    fn check_deferred(&self) -> &'static str {
        ""
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

    fn clock(&self) -> &'static str {
        NOW
    }

    fn journal_applied(&self, tracker: &Tracker, migration: &Migration, token: &str) -> String {
        let (version, set) = (migration.version(), tracker.set());
        let event = if migration.is_baseline() { "baselined" } else { "applied" };
        let micros = format!(
            "(julianday('now') - julianday((SELECT applied_at FROM {set} WHERE version = {version}))) * 86400000000"
        );
        format!(
            "INSERT INTO {} (version, name, event, detail, duration_ms) \
             VALUES ({version}, (SELECT name FROM {set} WHERE version = {version}), '{event}', {}, \
             CAST({micros} / 1000 AS INTEGER)) \
             RETURNING '{APPLIED}', version, CAST({micros} AS INTEGER);\n",
            tracker.journal(),
            self.literal(token),
        )
    }

    /// `BEGIN IMMEDIATE` keeps everyone else out, so the row that is named is the row that goes.
    fn take_back(&self, tracker: &Tracker, version: Version) -> String {
        let (set, journal) = (tracker.set(), tracker.journal());
        format!(
            "INSERT INTO {journal} (version, name, event) \
             SELECT {version}, (SELECT replace(name, {mark}, '') FROM {set} WHERE version = {version}), 'rolled_back';\n\
             DELETE FROM {set} WHERE version = {version};\n",
            mark = self.literal(GOING_BACK),
        )
    }

    /// A savepoint does not outlive its transaction.
    fn mark(&self, token: &str) -> String {
        format!("SAVEPOINT {};\n", savepoint(token))
    }

    fn check_mark(&self, token: &str) -> String {
        format!("RELEASE {};\n", savepoint(token))
    }

    fn columns(&self, table: Table<'_>) -> String {
        let schema = table.schema.unwrap_or("main");
        let (name, schema) = (self.literal(table.name), self.literal(schema));
        format!("SELECT name, type, '', {schema} FROM pragma_table_info({name}, {schema});\n")
    }

    fn hex(&self, column: &str) -> String {
        format!("lower(hex({column}))")
    }

    fn tables(&self, names: &[&str]) -> String {
        let there = |name: &&str| {
            let (schema, table) = qualified(name);
            let (table, lists) = (self.literal(&table), self.literal(schema.as_deref().unwrap_or("main")));
            format!(
                "SELECT EXISTS (SELECT 1 FROM pragma_table_list WHERE lower(schema) = lower({lists}) \
                 AND lower(schema) <> 'temp' \
                 AND type IN ('table', 'virtual') AND lower(name) = lower({table}))"
            )
        };
        names.iter().map(there).collect::<Vec<_>>().join(" UNION ALL ") + ";\n"
    }

    fn describe(&self, tracker: &Tracker) -> String {
        describe::sqlite(self, tracker)
    }

    fn commit(&self, _: bool) -> String {
        "COMMIT;\n".to_owned()
    }

    fn literal(&self, text: &str) -> String {
        format!("'{}'", text.replace('\0', "").replace('\'', "''"))
    }

    /// Source: <https://www.sqlite.org/rescode.html>; the code is the extended one.
    fn classify(&self, error: &DbError, tracker: &Tracker) -> Class {
        let code: i32 = error.code.parse().unwrap_or_default();
        let column = |table: &str| error.message.contains(&format!("failed: {table}.version"));
        match (code, code & 0xff) {
            _ if error.message == LEFT => Class::Ended,
            _ if error.message == OPEN => Class::LeftOpen,
            (1, _) if error.message == UNFINISHED => Class::Unfinished,
            (1, _) if error.message.starts_with(&format!("no such savepoint: {MARK}")) => Class::Ended,
            (1555 | 2067, _) if column(tracker.table()) || column(&tracker.journal_table()) => {
                Class::Fence { version: None }
            }
            (1299, _) if error.message.contains(&format!("failed: {}.name", tracker.journal_table())) => {
                Class::Unrecorded
            }
            (_, 5 | 6) => Class::Busy,
            (_, 9) => Class::Canceled,
            (_, 8) => Class::ReadOnly,
            (_, 3 | 23) => Class::Permission,
            (1, _) if error.message.starts_with("no such table: ") => Class::Missing,
            (1, _) if error.message.starts_with("no such column: ") => Class::Shape,
            (1, _) if error.message.ends_with(" already exists") => Class::Exists,
            _ => Class::Other,
        }
    }
}

/// A name as it is written in a statement, taken apart: the schema, if there is one, and the table.
fn qualified(name: &str) -> (Option<String>, String) {
    let (mut parts, mut open) = (vec![String::new()], false);
    for char in name.chars() {
        match char {
            '"' => open = !open,
            '.' if !open => parts.push(String::new()),
            char => parts.iter_mut().last().into_iter().for_each(|part| part.push(char)),
        }
    }
    let table = parts.pop().unwrap_or_default();
    (parts.pop(), table)
}
