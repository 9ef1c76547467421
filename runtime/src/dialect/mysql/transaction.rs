//! Transactions of MySQL: beginning, marks, commit.

use std::time::Duration;

use gapless_core::Version;

use super::Mysql;
use crate::dialect::{Language, TOOL_LOCK, Timeouts, ToolLocks, TransactionSql};
use crate::tracker::Tracker;

/// The longest that the servers take, a year in seconds.
const LONGEST: u64 = 31_536_000;

impl TransactionSql for Mysql {
    fn begin(&self, timeouts: Timeouts) -> String {
        set(timeouts) + "START TRANSACTION;\n"
    }

    fn set_local_timeouts(&self, timeouts: Timeouts) -> String {
        set(timeouts)
    }

    /// There is no lock that ends with a transaction.
    fn lock_transaction(&self, _: &Tracker) -> String {
        String::new()
    }

    /// Locks every row: a transaction reads the set as it was at its first read, which comes after this.
    fn lock_set(&self, tracker: &Tracker) -> String {
        format!("SELECT version FROM {} ORDER BY version FOR UPDATE;\n", tracker.set())
    }

    fn lock_legacy(&self, locks: &ToolLocks) -> String {
        let row = |name: &String| {
            format!("SELECT '{TOOL_LOCK}', coalesce(get_lock({}, 0), 0);\n", self.literal(name))
        };
        locks.names.iter().map(row).collect()
    }

    fn unlock_legacy(&self, locks: &ToolLocks) -> String {
        locks.names.iter().map(|name| format!("DO release_lock({});\n", self.literal(name))).collect()
    }

    /// Some tools take no lock but those of the rows that they write.
    fn keep_rows(&self) -> &'static str {
        " /*M!100600 LOCK IN SHARE MODE NOWAIT */ /*!80000 FOR SHARE NOWAIT */"
    }

    /// The key of the journal's claims is this transaction's until its end, also when the row is gone again, and sets
    /// transactions of two nodes of a cluster against each other. Tries count from one.
    fn claim_name(&self, tracker: &Tracker, version: Version, name: &str) -> String {
        let (journal, name) = (tracker.journal(), self.literal(name));
        format!(
            "INSERT INTO {journal} (version, name, event, attempt) VALUES ({version}, {name}, 'started', 0);\n\
             DELETE FROM {journal} WHERE claim = '{version} 0';\n"
        )
    }

    /// A savepoint does not outlive its transaction.
    fn mark(&self, token: &str) -> String {
        self.set_savepoint(token)
    }

    fn check_mark(&self, token: &str) -> String {
        self.release_savepoint(token)
    }

    /// InnoDB checks each row at once.
    fn check_deferred(&self) -> &'static str {
        ""
    }

    fn commit(&self, _: bool) -> String {
        "COMMIT;\n".to_owned()
    }
}

/// Sets timeouts of the session, as others do not exist.
pub(super) fn set(timeouts: Timeouts) -> String {
    let lock = timeouts.lock.map_or(String::new(), |lock| {
        let lock = seconds(lock);
        format!("SET lock_wait_timeout = {lock}, innodb_lock_wait_timeout = {lock};\n")
    });
    let limit = timeouts.statement.map_or(String::new(), |limit| {
        let millis = limit.as_millis().min(u128::from(u32::MAX));
        let (whole, rest) = (limit.as_secs().min(LONGEST), limit.subsec_millis());
        format!("SET /*M!100600 max_statement_time = {whole}.{rest:03} */ /*!80000 max_execution_time = {millis} */;\n")
    });
    lock + &limit
}

/// Rounds up to seconds; no limit is the longest.
fn seconds(timeout: Duration) -> u64 {
    match timeout.as_secs() + u64::from(timeout.subsec_nanos() > 0) {
        0 => LONGEST,
        seconds => seconds.min(LONGEST),
    }
}
