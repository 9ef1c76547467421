//! The frame of a transaction: its beginning, its locks, its end.

use gapless_core::Version;

use super::{Language, Timeouts, ToolLocks};
use crate::tracker::Tracker;

/// The statements that begin a transaction, guard it and end it.
pub trait TransactionSql: Language {
    /// Begins a transaction with these timeouts in it.
    fn begin(&self, timeouts: Timeouts) -> String;

    /// Sets these timeouts for the transaction.
    fn set_local_timeouts(&self, timeouts: Timeouts) -> String;

    /// Takes the lock until the end of the transaction, or fails with [`Class::Busy`](super::Class::Busy); empty if
    /// there is none to take.
    fn lock_transaction(&self, tracker: &Tracker) -> String;

    /// Keeps others from writing to the set until the end of the transaction.
    fn lock_set(&self, _tracker: &Tracker) -> String {
        String::new()
    }

    /// Takes another tool's locks until the end of the transaction, or fails with [`Class::Busy`](super::Class::Busy).
    /// Where locks outlive transactions, it selects for each ([`TOOL_LOCK`](super::TOOL_LOCK), ours now), and
    /// [`TransactionSql::unlock_legacy`] gives them back.
    fn lock_legacy(&self, _locks: &ToolLocks) -> String {
        String::new()
    }

    /// Gives another tool's locks back that outlive the transaction.
    fn unlock_legacy(&self, _locks: &ToolLocks) -> String {
        String::new()
    }

    /// Keeps others from writing to the rows that a query selects, until the end of the transaction; the end of a query.
    /// It fails with [`Class::Retry`](super::Class::Retry) where somebody writes to them. Empty where a lock of the tool's
    /// own does that.
    fn keep_rows(&self) -> &'static str {
        ""
    }

    /// Waits for every other transaction that claims this name of a migration, and claims it until the end of this
    /// one; empty where transactions that write do not overlap.
    fn claim_name(&self, _tracker: &Tracker, _version: Version, _name: &str) -> String {
        String::new()
    }

    /// Writes the name of the savepoint of the run with this token; an identifier.
    fn savepoint(&self, token: &str) -> String {
        self.identifier(&format!("gapless {token}"))
    }

    /// Sets that savepoint.
    fn set_savepoint(&self, token: &str) -> String {
        format!("SAVEPOINT {};\n", self.savepoint(token))
    }

    /// Releases that savepoint; fails with [`Class::Ended`](super::Class::Ended) in any other transaction.
    fn release_savepoint(&self, token: &str) -> String {
        format!("RELEASE SAVEPOINT {};\n", self.savepoint(token))
    }

    /// Marks the transaction of the run with this token, for [`TransactionSql::check_mark`]; empty where the rows bear
    /// the transaction's number, which [`TrackerSql::journal_applied`](super::TrackerSql::journal_applied) compares.
    fn mark(&self, _token: &str) -> String {
        String::new()
    }

    /// Fails with [`Class::Ended`](super::Class::Ended) in any transaction but the one that was marked.
    fn check_mark(&self, _token: &str) -> String {
        String::new()
    }

    /// Checks what a commit would check.
    fn check_deferred(&self) -> &'static str;

    /// Closes what the transaction has prepared or declared for its session; empty where there is nothing such.
    fn close(&self) -> &'static str {
        ""
    }

    /// Commits; a commit that is not durable may be lost in a crash of the server, with all after it.
    fn commit(&self, durable: bool) -> String;

    /// Rolls back.
    fn roll_back(&self) -> &'static str {
        "ROLLBACK;\n"
    }

    /// Makes everything durable that was committed before; empty unless
    /// [`Abilities::asynchronous_commit`](super::Abilities::asynchronous_commit).
    fn flush(&self) -> &'static str {
        ""
    }
}
