use std::fmt::Write as _;

use gapless_core::{Concurrent, Migration, Syntax, Version};

use super::looks;
use super::prepared::OURS;
use super::{
    Class, Dialect, Entry, LEFT, Look, MARK, Missing, OPEN, Prepared, Table, Timeouts, catalog, describe,
    prepared, steps,
};
use crate::engine::DbError;
use crate::history::GOING_BACK;
use crate::tracker::{Tracker, quoted};

/// PostgreSQL 14 and later, in messages of the simple query protocol.
#[derive(Clone, Copy, Debug)]
pub struct Postgres;

/// What [`Dialect::same_backend`] tries to read as a number, the backend's pid behind it.
const HANDED_ON: &str = "gapless: another backend has the lock, and not ";

/// What [`Dialect::none_unfinished`] tries to read as a number, a version behind it.
const UNFINISHED: &str = "gapless: begun outside of a transaction: ";

/// What [`Dialect::lock_transaction`] fails with.
const HELD: &str = "gapless: another runner has the lock";

impl Dialect for Postgres {
    fn syntax(&self) -> Syntax {
        Syntax::Postgres
    }

    fn default_schema(&self) -> &'static str {
        "public"
    }

    /// `NAMEDATALEN - 1`.
    fn longest_identifier(&self) -> Option<usize> {
        Some(63)
    }

    fn observe(&self, tracker: &Tracker, digest: Option<i64>) -> String {
        looks::observe(tracker, digest)
    }

    fn select_set(&self, tracker: &Tracker) -> String {
        looks::select_set(tracker)
    }

    fn lock(&self, tracker: &Tracker, look: Look) -> String {
        looks::lock(self, tracker, look)
    }

    fn unlock(&self, tracker: &Tracker, pid: Option<i32>) -> Option<String> {
        let unlock = format!("pg_catalog.pg_advisory_unlock({})", tracker.lock_key());
        let guarded = pid.map_or(unlock.clone(), |pid| {
            format!("CASE WHEN pg_catalog.pg_backend_pid() = {pid} THEN {unlock} END")
        });
        Some(format!("SELECT {guarded}, pg_catalog.pg_backend_pid();\n"))
    }

    /// Without `IF NOT EXISTS`, which wants the privilege to create even where nothing is to be created.
    fn create(&self, tracker: &Tracker, missing: Missing) -> String {
        let (set, journal) = (tracker.set(), tracker.journal());
        let mut sql = String::new();
        if missing.schema {
            let _ = writeln!(sql, "CREATE SCHEMA {};", quoted(tracker.schema()));
        }
        if missing.set {
            let _ = writeln!(
                sql,
                "CREATE TABLE {set} (version bigint PRIMARY KEY, name text NOT NULL, \
                 applied_at timestamptz NOT NULL DEFAULT now(), checksum text);"
            );
        }
        if missing.journal {
            let _ = writeln!(
                sql,
                "CREATE TABLE {journal} (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, \
                 at timestamptz NOT NULL DEFAULT clock_timestamp(), version bigint NOT NULL, name text NOT NULL, \
                 event text NOT NULL, attempt integer NOT NULL DEFAULT 1, statement integer, statements integer, \
                 duration_ms bigint, db_user text DEFAULT current_user, \
                 application text DEFAULT current_setting('application_name'), \
                 backend_pid integer DEFAULT pg_backend_pid(), detail text);\n\
                 CREATE UNIQUE INDEX ON {journal} (version, attempt) WHERE event = 'started';"
            );
        }
        sql
    }

    /// An error rather than a row: only that keeps the rest of the transaction from running.
    fn lock_transaction(&self, tracker: &Tracker) -> String {
        try_lock(tracker.lock_key())
    }

    fn same_backend(&self, pid: i32) -> String {
        // Not a block: the first of a session loads its language, which takes a millisecond.
        format!(
            "SELECT CASE WHEN pg_catalog.pg_backend_pid() <> {pid} THEN \
             CAST(pg_catalog.textcat('{HANDED_ON}', CAST(pg_catalog.pg_backend_pid() AS text)) AS integer) END;\n"
        )
    }

    fn session_mark(&self) -> &'static str {
        "(SELECT extract(epoch FROM backend_start)::text FROM pg_catalog.pg_stat_activity \
         WHERE pid = pg_catalog.pg_backend_pid())"
    }

    /// A role that may not see another's session sees no `backend_start` of it: the pid has to do then.
    fn progress(
        &self,
        tracker: &Tracker,
        version: Version,
        name: &str,
        before: &[(Version, &str)],
    ) -> String {
        let about = steps::about(self, tracker, version, name, before);
        format!(
            "SELECT event, attempt, statement, detail, EXISTS (SELECT 1 FROM pg_catalog.pg_stat_activity a \
             WHERE a.pid = j.backend_pid AND a.pid <> pg_catalog.pg_backend_pid() AND \
             coalesce(extract(epoch FROM a.backend_start)::text, j.detail) = j.detail), \
             EXISTS (SELECT 1 FROM {} WHERE {about}), {} \
             FROM {} j WHERE {about} ORDER BY id;\n",
            tracker.set(),
            steps::is_own(self, tracker, version, name, before),
            tracker.journal()
        )
    }

    fn inspect(
        &self,
        tracker: &Tracker,
        version: Version,
        number: usize,
        statement: &Concurrent<'_>,
    ) -> Option<String> {
        steps::indexes(self, tracker, version, number, statement)
    }

    fn journal_begun(
        &self,
        tracker: &Tracker,
        entry: &Entry<'_>,
        statement: Option<&Concurrent<'_>>,
    ) -> String {
        steps::begun(self, tracker, entry, statement.map(|statement| steps::there(self, statement)))
    }

    fn none_unfinished(&self, tracker: &Tracker, known: &[(Version, (Version, &str))]) -> String {
        format!(
            "SELECT CAST(pg_catalog.textcat('{UNFINISHED}', CAST(min(u.version) AS text)) AS integer) \
             FROM ({}) u HAVING count(*) > 0;\n",
            self.unfinished(tracker, known)
        )
    }

    fn outside(&self) -> String {
        format!(
            "SELECT CASE WHEN pg_catalog.now() <> pg_catalog.statement_timestamp() THEN \
             CAST(pg_catalog.textcat('{OPEN}, backend ', CAST(pg_catalog.pg_backend_pid() AS text)) AS integer) END;\n"
        )
    }

    fn blocker(&self, names: &[String]) -> Option<String> {
        catalog::blocker(self, names)
    }

    fn begin(&self, timeouts: Timeouts) -> String {
        format!("BEGIN;\n{}", self.set_local_timeouts(timeouts))
    }

    fn set_local_timeouts(&self, timeouts: Timeouts) -> String {
        set(timeouts, "SET LOCAL")
    }

    fn check_deferred(&self) -> &'static str {
        "SAVEPOINT deferred;\nSET CONSTRAINTS ALL IMMEDIATE;\nROLLBACK TO deferred;\nRELEASE deferred;\n"
    }

    fn set_timeouts(&self, timeouts: Timeouts) -> String {
        set(timeouts, "SET")
    }

    /// `RESET ALL` would also take what the application has set, and settings of its own making are in
    /// no catalog; so each setting that differs from the beginning is put back by itself.
    fn restore(&self, settings: &[(String, String)]) -> String {
        looks::restore(self, settings)
    }

    /// Not `now()`: all transactions of a message share the time at which the message came.
    fn clock(&self) -> &'static str {
        "clock_timestamp()"
    }

    fn journal_applied(&self, tracker: &Tracker, migration: &Migration, token: &str) -> String {
        let event = if migration.is_baseline() { "baselined" } else { "applied" };
        prepared::journal_applied(self, tracker, &migration.version().to_string(), event, token)
    }

    fn prepared(&self, tracker: &Tracker, token: &str) -> Option<Prepared> {
        Some(Prepared::on_postgres(self, tracker, token))
    }

    fn lock_set(&self, tracker: &Tracker) -> String {
        format!("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE;\n", tracker.set())
    }

    fn claim_name(&self, tracker: &Tracker, version: Version, name: &str) -> String {
        format!("SELECT pg_catalog.pg_advisory_xact_lock({});\n", tracker.name_key(version, name))
    }

    fn take_back(&self, tracker: &Tracker, version: Version) -> String {
        format!(
            "WITH gone AS (DELETE FROM {} WHERE version = {version} RETURNING name) \
             INSERT INTO {} (version, name, event) \
             SELECT {version}, (SELECT pg_catalog.replace(name, {}, '') FROM gone), 'rolled_back';\n",
            tracker.set(),
            tracker.journal(),
            self.literal(GOING_BACK)
        )
    }

    /// The journal's row bears the transaction's number.
    fn check_taken_back(&self, tracker: &Tracker, version: Version) -> String {
        format!(
            "SELECT CASE WHEN NOT EXISTS (SELECT 1 FROM {} WHERE version = {version} AND event = 'rolled_back' AND \
             {OURS}) THEN CAST(pg_catalog.textcat('{LEFT}, in backend ', \
             CAST(pg_catalog.pg_backend_pid() AS text)) AS integer) END;\n",
            tracker.journal()
        )
    }

    fn columns(&self, table: Table<'_>) -> String {
        catalog::columns(self, table)
    }

    fn hex(&self, column: &str) -> String {
        format!("pg_catalog.encode({column}, 'hex')")
    }

    fn tables(&self, names: &[&str]) -> String {
        catalog::tables(self, names)
    }

    fn lock_legacy(&self, key: i64) -> String {
        try_lock(key)
    }

    fn describe(&self, tracker: &Tracker) -> String {
        describe::postgres(self, tracker)
    }

    /// Something must be written, or the commit has nothing to wait for.
    fn flush(&self) -> &'static str {
        "SELECT pg_catalog.pg_logical_emit_message(true, 'gapless', '');\n"
    }

    /// What the application has prepared is older: all transactions of a message begin when it comes.
    fn close(&self) -> &'static str {
        "DO $gapless$DECLARE found record; BEGIN \
         FOR found IN SELECT name FROM pg_catalog.pg_prepared_statements WHERE from_sql AND prepare_time >= now() \
         LOOP EXECUTE pg_catalog.format('DEALLOCATE %I', found.name); END LOOP; \
         FOR found IN SELECT name FROM pg_catalog.pg_cursors WHERE is_holdable AND creation_time >= now() \
         LOOP EXECUTE pg_catalog.format('CLOSE %I', found.name); END LOOP; END$gapless$;\n"
    }

    fn commit(&self, durable: bool) -> String {
        if durable {
            "COMMIT;\n".to_owned()
        } else {
            "SET LOCAL synchronous_commit = off;\nCOMMIT;\n".to_owned()
        }
    }

    /// A string that means the same with `standard_conforming_strings` on and off.
    fn literal(&self, text: &str) -> String {
        let text = text.replace('\0', "").replace('\'', "''");
        if text.contains('\\') { format!("E'{}'", text.replace('\\', "\\\\")) } else { format!("'{text}'") }
    }

    /// Source: PostgreSQL 18, appendix A, "PostgreSQL Error Codes".
    fn classify(&self, error: &DbError, tracker: &Tracker) -> Class {
        let ours = error.schema.as_deref() == Some(tracker.schema());
        let table = |name: &str| ours && error.table.as_deref() == Some(name);
        match error.code.as_str() {
            "42P01" | "3F000" => Class::Missing,
            "23505" if table(tracker.table()) => {
                Class::Fence { version: error.detail.as_deref().and_then(key_of) }
            }
            // The journal's key is a sequence's; its other index is that of `started`.
            "23505" if table(&tracker.journal_table()) && !primary(error) => Class::Fence { version: None },
            "23502" if table(&tracker.journal_table()) => Class::Unrecorded,
            // Two sessions that create the same object collide on the catalog's own indexes.
            "23505" if error.schema.as_deref() == Some("pg_catalog") => Class::Exists,
            "42P07" | "42P06" | "42710" => Class::Exists,
            "22P02" if error.message.contains(LEFT) => Class::Ended,
            // There is no transaction, or it is not the one of our savepoint.
            "25P01" => Class::Ended,
            "3B001" if error.message.contains(MARK) => Class::Ended,
            "55P03" if error.message == HELD => Class::Busy,
            "22P02" if error.message.contains(HANDED_ON) => {
                Class::HandedOn { pid: last_number(&error.message) }
            }
            "22P02" if error.message.contains(UNFINISHED) => Class::Unfinished,
            "22P02" if error.message.contains(OPEN) => Class::LeftOpen,
            "25001" => Class::Apart,
            "55P04" => Class::Untriable,
            "55P03" | "40P01" | "40001" => Class::Retry,
            "57014" => Class::Canceled,
            "42501" => Class::Permission,
            "25006" => Class::ReadOnly,
            "25P02" => Class::InTransaction,
            // A column that is not there, or is no time or text: the time and the digest are functions of them.
            "42703" | "42883" => Class::Shape,
            _ => Class::Other,
        }
    }
}

fn try_lock(key: i64) -> String {
    format!(
        "DO $gapless$BEGIN IF NOT pg_catalog.pg_try_advisory_xact_lock({key}) THEN \
         RAISE EXCEPTION USING ERRCODE = '55P03', MESSAGE = '{HELD}'; END IF; END$gapless$;\n"
    )
}

fn set(timeouts: Timeouts, how: &str) -> String {
    let line = |name: &str, timeout: Option<std::time::Duration>| {
        timeout.map_or(String::new(), |timeout| format!("{how} {name} = {};\n", timeout.as_millis()))
    };
    line("lock_timeout", timeouts.lock) + &line("statement_timeout", timeouts.statement)
}

/// As `CREATE TABLE` names a primary key.
fn primary(error: &DbError) -> bool {
    error.constraint.as_deref().is_some_and(|name| name.ends_with("_pkey"))
}

/// The version in `Key (version)=(7) already exists.`, in whatever language the server says it.
fn key_of(detail: &str) -> Option<Version> {
    let (_, after) = detail.split_once("(version)=(")?;
    after.split_once(')')?.0.parse().ok()
}

fn last_number(text: &str) -> Option<i32> {
    text.rsplit(|char: char| !char.is_ascii_digit()).find(|digits| !digits.is_empty())?.parse().ok()
}
