//! A session of Postgres: observing, the advisory lock, the settings.

use std::fmt::Write as _;

use super::transaction::set;
use super::{Postgres, catalog};
use crate::dialect::{CURRENT, Language, LockQuery, OPEN, SessionSql, Timeouts};
use crate::tracker::Tracker;

/// [`SessionSql::same_backend`] tries to read this as a number, with the backend's pid behind it.
pub(super) const HANDED_ON: &str = "gapless: another backend has the lock, and not ";

impl SessionSql for Postgres {
    fn end_session(&self) -> &'static str {
        "SELECT pg_terminate_backend({})"
    }

    fn observe(&self, tracker: &Tracker, digest: Option<i64>) -> String {
        observe(tracker, digest)
    }

    fn select_set(&self, tracker: &Tracker) -> String {
        select_set(tracker)
    }

    fn lock(&self, tracker: &Tracker, query: LockQuery) -> String {
        lock(self, tracker, query)
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

    /// `RESET ALL` would also take the application's settings, and no catalog lists settings of its own making; so the
    /// run puts back each setting that differs from the beginning.
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

/// Names are qualified, so that any search path will do. There are no operators: to look one up costs a new backend
/// more than to run it, and everything here runs once.
const SESSION: &str = "pg_catalog.pg_backend_pid(), pg_catalog.current_setting('transaction_read_only'), \
    pg_catalog.pg_is_in_recovery()";

/// The time of application, as bytes of a number that counts from the year 2000: any other form depends on the
/// session's settings. Sorting here costs a new backend 0.3 ms, and nearly always nobody needs it.
const TIME: &str = "pg_catalog.encode(pg_catalog.timestamptz_send(applied_at), 'hex')";

/// The digest as [`gapless_core::MigrationSet::digest`] computes it. A row without a checksum counts too. So does the
/// number of rows, because without a key a row that is there twice would cancel itself.
const DIGEST: &str = "pg_catalog.int8xor(pg_catalog.bit_xor(pg_catalog.hashtextextended(coalesce(name, ''), \
    pg_catalog.hashtextextended(coalesce(checksum, ''), version))), pg_catalog.count(*))";

/// The version, by a function that takes integers alone: it refuses a column of another type however few the rows.
const VERSION: &str = "pg_catalog.int8up(version)";

/// Settings that cannot be put back: those of a transaction, and one that is fixed once a temporary table was used (and
/// that changes no result).
pub(super) const OF_TRANSACTION: &str =
    "'transaction_isolation', 'transaction_read_only', 'transaction_deferrable', 'temp_buffers'";

/// See [`SessionSql::observe`]. Outside of a transaction block, a message's first statement begins its transaction, so
/// the two times are the same.
pub(super) fn observe(tracker: &Tracker, digest: Option<i64>) -> String {
    let begun = "pg_catalog.timestamptz_ne(pg_catalog.now(), pg_catalog.statement_timestamp())";
    format!("SELECT {SESSION}, {begun};\n{}", select(tracker, digest))
}

/// Selects the rows, unless they have this digest.
fn select(tracker: &Tracker, digest: Option<i64>) -> String {
    digest.map_or_else(|| select_set(tracker), |digest| select_unless(tracker, digest))
}

/// Selects the rows or their digest in one statement, so that both are of one snapshot.
fn select_unless(tracker: &Tracker, digest: i64) -> String {
    let set = tracker.set();
    // The server reads a literal behind a minus as its positive number, which may be too large.
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
pub(super) fn lock(dialect: &dyn Language, tracker: &Tracker, query: LockQuery) -> String {
    let mut sql =
        if query.again { take_again(dialect, tracker, query) } else { take(dialect, tracker, query) };
    if query.settings {
        let _ = writeln!(
            sql,
            "SELECT 'session_authorization', pg_catalog.current_setting('session_authorization') \
             UNION ALL SELECT 'role', pg_catalog.current_setting('role') \
             UNION ALL SELECT name, setting FROM pg_catalog.pg_settings \
             WHERE source = 'session' AND name NOT IN ({OF_TRANSACTION});"
        );
    }
    if query.set {
        sql.push_str(&select(tracker, query.digest));
    }
    if query.holder {
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

/// The columns of another session `a`: pid, application, since, query, state. An idle session's last query is its own
/// affair. The server hides the query and the state of other roles' sessions.
pub(super) const SESSION_OF: &str = "a.pid, a.application_name, \
     pg_catalog.date_trunc('second', pg_catalog.clock_timestamp() - coalesce(a.xact_start, \
     CASE a.state WHEN 'idle' THEN a.state_change ELSE a.query_start END)), \
     CASE WHEN a.state <> 'idle' THEN pg_catalog.left(pg_catalog.split_part(a.query, E'\\n', 1), 120) END, a.state";

fn take(dialect: &dyn Language, tracker: &Tracker, query: LockQuery) -> String {
    let key = tracker.lock_key();
    let ours = catalog::is_lock(key);
    // A dropped run may have left the lock on this session. Taken twice, it would have to be given back twice.
    let attempt = format!(
        "CASE WHEN EXISTS (SELECT 1 FROM pg_catalog.pg_locks l WHERE l.pid = pg_catalog.pg_backend_pid() AND {ours}) \
         THEN true ELSE pg_catalog.pg_try_advisory_lock({key}) END"
    );
    let take = guarded(query, &attempt);
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
fn take_again(dialect: &dyn Language, tracker: &Tracker, query: LockQuery) -> String {
    let attempt = format!("pg_catalog.pg_try_advisory_lock({})", tracker.lock_key());
    format!(
        "SELECT {}, true, pg_catalog.to_regclass({}) IS NOT NULL, true, {SESSION}, true, true;\n",
        guarded(query, &attempt),
        dialect.literal(&tracker.set())
    )
}

/// Makes the attempt only on the backend that answered before.
fn guarded(query: LockQuery, attempt: &str) -> String {
    match (query.take, query.pid) {
        (false, _) => "true".to_owned(),
        (true, None) => attempt.to_owned(),
        // A pooler may have handed the session on, and a lock that another backend takes would stay there.
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
