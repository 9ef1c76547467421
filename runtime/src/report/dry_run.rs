//! Result of a dry run.

use std::fmt;

use gapless_core::Version;

use crate::engine::Finished;
use crate::{Applied, Pending, StatementTrace};

/// Result of a dry run.
#[derive(Clone, Debug)]
pub struct DryRun {
    tried: Vec<Applied>,
    not_tried: Vec<NotTried>,
    statements: Vec<StatementTrace>,
}

impl DryRun {
    /// Returns the migrations that ran without an error, in order, with the time that each took. Each ran on the schema that
    /// it would meet in a real run.
    pub fn tried(&self) -> &[Applied] {
        &self.tried
    }

    /// Returns the migrations that the dry run did not try, in order, with the reasons. It stops at the first migration
    /// that it cannot try: without it, the outcome of the later ones would prove nothing.
    pub fn not_tried(&self) -> &[NotTried] {
        &self.not_tried
    }

    /// Returns the locks that each statement took, in order, if the runner was asked to
    /// [trace them](crate::Runner::trace_locks); otherwise nothing.
    pub fn statements(&self) -> &[StatementTrace] {
        &self.statements
    }
}

impl DryRun {
    /// Returns the result of a dry run that has tried everything.
    pub(crate) fn of(tried: Vec<Applied>) -> DryRun {
        DryRun { tried, not_tried: Vec::new(), statements: Vec::new() }
    }
}

impl From<Finished> for DryRun {
    fn from(finished: Finished) -> DryRun {
        DryRun { tried: finished.tried, not_tried: finished.not_tried, statements: finished.traced }
    }
}

impl fmt::Display for DryRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.tried.len(), self.not_tried.len()) {
            (0, 0) => f.write_str("nothing to try")?,
            (0, _) => f.write_str("none tried")?,
            (tried, _) => write!(f, "{tried} tried and rolled back")?,
        }
        self.tried.iter().try_for_each(|tried| write!(f, "\n  {tried}"))?;
        self.not_tried.iter().try_for_each(|not_tried| write!(f, "\n  {not_tried}"))?;
        self.statements.iter().try_for_each(|statement| write!(f, "\n{statement}"))
    }
}

/// Migration that a dry run did not try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotTried {
    pub(crate) pending: Pending,
    pub(crate) reason: Untried,
}

impl NotTried {
    /// Returns the migration.
    pub fn pending(&self) -> &Pending {
        &self.pending
    }

    /// Returns the reason.
    pub fn reason(&self) -> Untried {
        self.reason
    }
}

impl fmt::Display for NotTried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (version, name) = (self.pending.version(), self.pending.name());
        write!(f, "not tried: {version} {name}, because {}", self.reason)
    }
}

/// Reason why a dry run did not try a migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Untried {
    /// It runs outside of a transaction, and a dry run is a transaction.
    NoTransaction,
    /// The database would commit it: it holds DDL, or another statement that may commit by itself.
    CommitsByItself,
    /// The tracker does not exist yet, and the database would commit its tables.
    NoTracker,
    /// It is in Rust, and a dry run cannot roll back everything that code does.
    Rust,
    /// It uses something that the transaction has added and cannot use before its commit, such as a value of an enum.
    Uncommitted,
    /// It did not get a lock in time, which another session has; known where a run
    /// [traces locks](crate::Runner::trace_locks).
    Locked,
    /// It comes after this version, which was not tried.
    After(Version),
}

impl fmt::Display for Untried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Untried::NoTransaction => f.write_str("it runs outside of a transaction"),
            Untried::CommitsByItself => f.write_str("the database commits DDL at once"),
            Untried::NoTracker => {
                f.write_str("there is no tracker yet, and the database commits DDL at once")
            }
            Untried::Rust => f.write_str("it is in Rust"),
            Untried::Uncommitted => f.write_str("it uses a value of an enum that is not committed yet"),
            Untried::Locked => f.write_str("another session has a lock that it needs"),
            Untried::After(version) => write!(f, "version {version} before it was not"),
        }
    }
}
