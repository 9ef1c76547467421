//! Transactions of SQLite: beginning, marks, commit.

use super::Sqlite;
use crate::dialect::{Timeouts, TransactionSql};
use crate::tracker::Tracker;

impl TransactionSql for Sqlite {
    fn begin(&self, _: Timeouts) -> String {
        "BEGIN IMMEDIATE;\n".to_owned()
    }

    fn set_local_timeouts(&self, _: Timeouts) -> String {
        String::new()
    }

    /// `BEGIN IMMEDIATE` has taken the database's.
    fn lock_transaction(&self, _: &Tracker) -> String {
        String::new()
    }

    /// A savepoint does not outlive its transaction.
    fn mark(&self, token: &str) -> String {
        self.set_savepoint(token)
    }

    fn check_mark(&self, token: &str) -> String {
        format!("RELEASE {};\n", self.savepoint(token))
    }

    /// There is no such statement; only a commit checks them.
    fn check_deferred(&self) -> &'static str {
        ""
    }

    fn commit(&self, _: bool) -> String {
        "COMMIT;\n".to_owned()
    }
}
