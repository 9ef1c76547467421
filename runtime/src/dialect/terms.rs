//! The arguments of statements, and the names in them.

use std::time::Duration;

use gapless_core::Version;

/// A table as another tool names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table<'a> {
    /// The schema, not quoted; without it, the search path finds the table.
    pub schema: Option<&'a str>,
    /// The name, not quoted.
    pub name: &'a str,
}

/// The locks by which another tool keeps its own processes apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToolLocks {
    /// The keys of advisory locks on Postgres.
    pub keys: Vec<i64>,
    /// The names of locks on MySQL.
    pub names: Vec<String>,
}

impl ToolLocks {
    /// Returns `true` if the tool takes no lock.
    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.names.is_empty()
    }
}

/// The extent of a question for the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockQuery {
    /// Takes the lock.
    pub take: bool,
    /// The backend that answered before, if it is known. Another backend does not take the lock, and answers NULL.
    pub pid: Option<i32>,
    /// This session has asked before, and another runner had the lock: columns that cannot have changed may be true
    /// without a look-up.
    pub again: bool,
    /// Selects the session's settings.
    pub settings: bool,
    /// Selects the applied set, which must exist.
    pub set: bool,
    /// The digest of the known rows: the answer is [`CURRENT`](super::CURRENT) if they have not changed.
    pub digest: Option<i64>,
    /// Selects the lock's holder.
    pub holder: bool,
    /// Another question stands behind this one.
    pub tables: bool,
}

/// The missing parts of the tracker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The schema.
    pub schema: bool,
    /// The applied set.
    pub set: bool,
    /// The journal.
    pub journal: bool,
}

impl Missing {
    /// Nothing is missing.
    pub const NOTHING: Missing = Missing { schema: false, set: false, journal: false };

    /// Returns `true` if any part is missing.
    pub fn any(self) -> bool {
        self.schema || self.set || self.journal
    }
}

/// The names of a migration: the one that it has, and those that it had before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names<'a> {
    /// The version.
    pub version: Version,
    /// The name.
    pub name: &'a str,
    /// The versions and names that `renames.txt` says it had.
    pub before: Vec<(Version, &'a str)>,
}

impl<'a> Names<'a> {
    /// Returns the present name, and those before it.
    pub(crate) fn all(&self) -> impl Iterator<Item = (Version, &'a str)> {
        std::iter::once((self.version, self.name)).chain(self.before.iter().copied())
    }
}

/// Limits for each statement of a migration; zero is none, `None` leaves the session's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timeouts {
    /// The longest wait for a lock.
    pub lock: Option<Duration>,
    /// The longest time of the whole statement.
    pub statement: Option<Duration>,
}

/// A row of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The migration's version.
    pub version: Version,
    /// The migration's name.
    pub name: &'a str,
    /// The event.
    pub event: &'static str,
    /// The number of the try, counted from 1.
    pub attempt: u32,
    /// The number of the statement, counted from 1.
    pub statement: Option<usize>,
    /// The number of all statements.
    pub statements: Option<usize>,
    /// The details of the event.
    pub detail: Option<String>,
}

/// The first column of the journal's row of an applied migration, which distinguishes that row from the rows of
/// scripts.
pub const APPLIED: &str = "gapless:applied";

/// After a version that is NULL, the answer that the applied set is the embedded set, row by row.
pub(crate) const CURRENT: &str = "gapless:current";

/// The error of [`TrackerSql::check_removed`](super::TrackerSql::check_removed), and of a driver whose code has ended
/// the transaction.
pub(crate) const LEFT: &str = "gapless: the transaction of the record is over";

/// The beginning of the names of our savepoints, before the run's token: no script can name one.
pub(crate) const MARK: &str = "gapless run ";

/// The error of [`SessionSql::outside`](super::SessionSql::outside), and of drivers whose database has no such
/// question.
pub(crate) const OPEN: &str = "gapless: the code has left a transaction open";

/// The events that tell nothing of a try.
pub(crate) const ASIDE: [&str; 3] = ["renamed", "checksum_accepted", "table_created"];

/// The event of a statement that the run is about to send by itself.
pub(crate) const BEGUN: &str = "statement_begun";

/// A row with this tells whether another tool's lock is ours now.
pub(crate) const TOOL_LOCK: &str = "gapless: the lock of another tool";
