//! Transactions of Postgres: beginning, locks, checks, commit.

use gapless_core::Version;

use super::Postgres;
use crate::dialect::{Timeouts, ToolLocks, TransactionSql};
use crate::tracker::Tracker;

/// [`TransactionSql::lock_transaction`] fails with this.
pub(super) const HELD: &str = "gapless: another runner has the lock";

impl TransactionSql for Postgres {
    fn begin(&self, timeouts: Timeouts) -> String {
        format!("BEGIN;\n{}", self.set_local_timeouts(timeouts))
    }

    fn set_local_timeouts(&self, timeouts: Timeouts) -> String {
        set(timeouts, "SET LOCAL")
    }

    /// An error rather than a row: only that keeps the rest of the transaction from running.
    fn lock_transaction(&self, tracker: &Tracker) -> String {
        try_lock(tracker.lock_key())
    }

    fn lock_set(&self, tracker: &Tracker) -> String {
        format!("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE;\n", tracker.set())
    }

    fn lock_legacy(&self, locks: &ToolLocks) -> String {
        locks.keys.iter().map(|key| try_lock(*key)).collect()
    }

    fn claim_name(&self, tracker: &Tracker, version: Version, name: &str) -> String {
        format!("SELECT pg_catalog.pg_advisory_xact_lock({});\n", tracker.name_key(version, name))
    }

    fn check_deferred(&self) -> &'static str {
        "SAVEPOINT deferred;\nSET CONSTRAINTS ALL IMMEDIATE;\nROLLBACK TO deferred;\nRELEASE deferred;\n"
    }

    /// Statements that the application has prepared are older: all transactions of a message begin when it arrives.
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

    /// It writes a record, because otherwise the commit has nothing to wait for.
    fn flush(&self) -> &'static str {
        "SELECT pg_catalog.pg_logical_emit_message(true, 'gapless', '');\n"
    }
}

fn try_lock(key: i64) -> String {
    format!(
        "DO $gapless$BEGIN IF NOT pg_catalog.pg_try_advisory_xact_lock({key}) THEN \
         RAISE EXCEPTION USING ERRCODE = '55P03', MESSAGE = '{HELD}'; END IF; END$gapless$;\n"
    )
}

/// Sets timeouts, of the session or of the transaction.
pub(super) fn set(timeouts: Timeouts, how: &str) -> String {
    let line = |name: &str, timeout: Option<std::time::Duration>| {
        timeout.map_or(String::new(), |timeout| format!("{how} {name} = {};\n", timeout.as_millis()))
    };
    line("lock_timeout", timeouts.lock) + &line("statement_timeout", timeouts.statement)
}
