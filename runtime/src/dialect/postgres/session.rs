//! A session of Postgres: observing, the advisory lock, the settings.

use std::fmt::Write as _;

use super::transaction::set;
use super::{Postgres, catalog};
use crate::dialect::{CURRENT, Language, Look, OPEN, SessionSql, Timeouts};
use crate::tracker::Tracker;

/// [`SessionSql::same_backend`] tries to read this as a number, with the backend's pid behind it.
pub(super) const HANDED_ON: &str = "gapless: another backend has the lock, and not ";

impl SessionSql for Postgres {
    fn observe(&self, tracker: &Tracker, digest: Option<i64>) -> String {
        observe(tracker, digest)
    }

    fn select_set(&self, tracker: &Tracker) -> String {
        select_set(tracker)
    }

    fn lock(&self, tracker: &Tracker, look: Look) -> String {
        lock(self, tracker, look)
    }

    fn unlock(&self, tracker: &Tracker, pid: Option<i32>) -> String {
        let unlock = format!("pg_catalog.pg_advisory_unlock({})", tracker.lock_key());
        let guarded = pid.map_or(unlock.clone(), |pid| {
            format!("CASE WHEN pg_catalog.pg_backend_pid() = {pid} THEN {unlock} END")
        });
        format!("SELECT {guarded}, pg_catalog.pg_backend_pid();\n")
    }

    fn same_backend(&self, pid: i32) -> String {
        // Not a block: the first of a session loads its language, which takes a millisecond.
        format!(
            "SELECT CASE WHEN pg_catalog.pg_backend_pid() <> {pid} THEN \
             CAST(pg_catalog.textcat('{HANDED_ON}', CAST(pg_catalog.pg_backend_pid() AS text)) AS integer) END;\n"
        )
    }

    fn unlock_all(&self) -> &'static [&'static str] {
        &["DISCARD ALL", "pg_advisory_unlock_all()"]
    }

    fn set_timeouts(&self, timeouts: Timeouts) -> String {
        set(timeouts, "SET")
    }

    /// `RESET ALL` would also take what the application has set, and settings of its own making are in
    /// no catalog; so each setting that differs from the beginning is put back by itself.
    fn restore(&self, settings: &[(String, String)]) -> String {
        restore(self, settings)
    }

    fn outside(&self) -> String {
        format!(
            "SELECT CASE WHEN pg_catalog.now() <> pg_catalog.statement_timestamp() THEN \
             CAST(pg_catalog.textcat('{OPEN}, backend ', CAST(pg_catalog.pg_backend_pid() AS text)) AS integer) END;\n"
        )
    }
}

/// Everything of ours is found whatever the search path: `pg_catalog` is named, tables are qualified.
/// No operators: to look one up costs a new backend more than to run it, and everything here runs once.
const SESSION: &str = "pg_catalog.pg_backend_pid(), pg_catalog.current_setting('transaction_read_only'), \
    pg_catalog.pg_is_in_recovery()";

/// The time of application, as bytes of a number that counts from the year 2000: any other form of it depends
/// on the session's settings. Sorting here costs a new backend 0.3 ms, and nearly always nobody asks for it.
const TIME: &str = "pg_catalog.encode(pg_catalog.timestamptz_send(applied_at), 'hex')";

/// As [`gapless_core::MigrationSet::digest`] says; a row without a checksum must not go uncounted. The number of rows
/// goes in too: without a key, one that is there twice would cancel itself.
const DIGEST: &str = "pg_catalog.int8xor(pg_catalog.bit_xor(pg_catalog.hashtextextended(coalesce(name, ''), \
    pg_catalog.hashtextextended(coalesce(checksum, ''), version))), pg_catalog.count(*))";

/// The version; the function takes integers alone, so that a column of another type is refused however few the rows.
const VERSION: &str = "pg_catalog.int8up(version)";

/// Settings that cannot be put back: those that belong to a transaction, and one that is fixed once a temporary table
/// was used (and that changes no result).
pub(super) const OF_TRANSACTION: &str =
    "'transaction_isolation', 'transaction_read_only', 'transaction_deferrable', 'temp_buffers'";

/// See [`SessionSql::observe`]. Outside of a transaction block a message's first statement begins its transaction, so the two
/// times are the same.
pub(super) fn observe(tracker: &Tracker, digest: Option<i64>) -> String {
    let begun = "pg_catalog.timestamptz_ne(pg_catalog.now(), pg_catalog.statement_timestamp())";
    format!("SELECT {SESSION}, {begun};\n{}", select(tracker, digest))
}

/// The rows, unless they have this digest.
fn select(tracker: &Tracker, digest: Option<i64>) -> String {
    digest.map_or_else(|| select_set(tracker), |digest| select_unless(tracker, digest))
}

/// One statement, so that the digest is that of the rows which it stands for.
fn select_unless(tracker: &Tracker, digest: i64) -> String {
    let set = tracker.set();
    // Behind a minus, a literal would be read as its positive number, which may be too large.
    format!(
        "WITH d AS MATERIALIZED (SELECT {DIGEST} IS NOT DISTINCT FROM '{digest}'::pg_catalog.int8 AS same FROM {set}) \
         SELECT {VERSION}, name, checksum, {TIME} FROM {set} WHERE NOT (SELECT same FROM d) \
         UNION ALL SELECT NULL, '{CURRENT}', NULL, NULL FROM d WHERE same;\n"
    )
}

/// See [`SessionSql::select_set`].
pub(super) fn select_set(tracker: &Tracker) -> String {
    format!("SELECT {VERSION}, name, checksum, {TIME} FROM {};\n", tracker.set())
}

/// See [`SessionSql::lock`].
pub(super) fn lock(dialect: &dyn Language, tracker: &Tracker, look: Look) -> String {
    let mut sql = if look.again { take_again(dialect, tracker, look) } else { take(dialect, tracker, look) };
    if look.settings {
        let _ = writeln!(
            sql,
            "SELECT 'session_authorization', pg_catalog.current_setting('session_authorization') \
             UNION ALL SELECT 'role', pg_catalog.current_setting('role') \
             UNION ALL SELECT name, setting FROM pg_catalog.pg_settings \
             WHERE source = 'session' AND name NOT IN ({OF_TRANSACTION});"
        );
    }
    if look.set {
        sql.push_str(&select(tracker, look.digest));
    }
    if look.holder {
        let held = catalog::held(tracker.lock_key());
        let _ = writeln!(
            sql,
            "SELECT {SESSION_OF} \
             FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a USING (pid) \
             WHERE {held} LIMIT 1;"
        );
    }
    sql
}

/// Another session `a`: pid, application, since, query, state. The last query of a session that is idle is nobody's
/// business; that of a session of another role is not shown by the server, nor is its state.
pub(super) const SESSION_OF: &str = "a.pid, a.application_name, \
     pg_catalog.date_trunc('second', pg_catalog.clock_timestamp() - coalesce(a.xact_start, \
     CASE a.state WHEN 'idle' THEN a.state_change ELSE a.query_start END)), \
     CASE WHEN a.state <> 'idle' THEN pg_catalog.left(pg_catalog.split_part(a.query, E'\\n', 1), 120) END, a.state";

fn take(dialect: &dyn Language, tracker: &Tracker, look: Look) -> String {
    let key = tracker.lock_key();
    let ours = catalog::is_lock(key);
    // Taken twice, it would have to be given back twice: a run that was dropped on this session has left it.
    let attempt = format!(
        "CASE WHEN EXISTS (SELECT 1 FROM pg_catalog.pg_locks l WHERE l.pid = pg_catalog.pg_backend_pid() AND {ours}) \
         THEN true ELSE pg_catalog.pg_try_advisory_lock({key}) END"
    );
    let take = guarded(look, &attempt);
    let there = |name: String| format!("pg_catalog.to_regclass({}) IS NOT NULL", dialect.literal(&name));
    let schema = dialect.literal(&dialect.identifier(tracker.schema()));
    let fence = catalog::has_key(dialect, tracker);
    format!(
        "SELECT {take}, pg_catalog.to_regnamespace({schema}) IS NOT NULL, {}, {}, {SESSION}, \
         pg_catalog.current_setting('standard_conforming_strings'), {fence};\n",
        there(tracker.set()),
        there(tracker.journal()),
    )
}

/// Many replicas may ask many times, while one of them works on the same machine.
fn take_again(dialect: &dyn Language, tracker: &Tracker, look: Look) -> String {
    let attempt = format!("pg_catalog.pg_try_advisory_lock({})", tracker.lock_key());
    format!(
        "SELECT {}, true, pg_catalog.to_regclass({}) IS NOT NULL, true, {SESSION}, true, true;\n",
        guarded(look, &attempt),
        dialect.literal(&tracker.set())
    )
}

/// The attempt, on the backend that answered before.
fn guarded(look: Look, attempt: &str) -> String {
    match (look.take, look.pid) {
        (false, _) => "true".to_owned(),
        (true, None) => attempt.to_owned(),
        // A pooler may have handed the session on: a lock taken there would stay there.
        (true, Some(pid)) => format!("CASE WHEN pg_catalog.pg_backend_pid() = {pid} THEN {attempt} END"),
    }
}

/// See [`SessionSql::restore`].
pub(super) fn restore(dialect: &dyn Language, settings: &[(String, String)]) -> String {
    let value =
        |name: &str| settings.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let mut sql = String::new();
    // The order matters: setting the session's user resets the role.
    for name in ["session_authorization", "role"] {
        if let Some(value) = value(name) {
            let _ =
                writeln!(sql, "SELECT pg_catalog.set_config('{name}', {}, false);", dialect.literal(value));
        }
    }
    let own = settings.iter().filter(|(name, _)| !matches!(name.as_str(), "session_authorization" | "role"));
    let rows: String = own
        .map(|(name, value)| format!(", ({}, {})", dialect.literal(name), dialect.literal(value)))
        .collect();
    let _ = writeln!(
        sql,
        "SELECT pg_catalog.set_config(s.name, coalesce(o.value, s.reset_val), false) \
         FROM pg_catalog.pg_settings s LEFT JOIN (VALUES (NULL::text, NULL::text){rows}) o (name, value) \
         ON o.name = s.name WHERE (s.source = 'session' OR o.name IS NOT NULL) \
         AND s.name NOT IN ({OF_TRANSACTION}) AND s.setting IS DISTINCT FROM coalesce(o.value, s.reset_val);"
    );
    sql
}
