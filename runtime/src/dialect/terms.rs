//! The arguments of statements, and the names in them.

use std::time::Duration;

use gapless_core::Version;

/// A table as another tool names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table<'a> {
    /// The schema, not quoted; `None` is wherever the search path finds it.
    pub schema: Option<&'a str>,
    /// The name, not quoted.
    pub name: &'a str,
}

/// What to look at while asking for the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Whether to take the lock at all.
    pub take: bool,
    /// The backend that answered before, if it is known: from another one the lock is not taken, and the
    /// answer is NULL.
    pub pid: Option<i32>,
    /// Whether this session has asked before and was refused: then columns that cannot have changed may be true
    /// without a look.
    pub again: bool,
    /// Whether to select the session's settings.
    pub settings: bool,
    /// Whether to select the applied set, which then must exist.
    pub set: bool,
    /// The digest of the rows that are known already: [`CURRENT`](super::CURRENT) says that they are still the same.
    pub digest: Option<i64>,
    /// Whether to select the lock's holder.
    pub holder: bool,
}

/// What of the tracker is not there.
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
    /// All of it is there.
    pub const NOTHING: Missing = Missing { schema: false, set: false, journal: false };

    /// Whether something is missing.
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
    /// For waiting on a lock.
    pub lock: Option<Duration>,
    /// For the whole statement.
    pub statement: Option<Duration>,
}

/// A row of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The migration's version.
    pub version: Version,
    /// The migration's name.
    pub name: &'a str,
    /// What happened.
    pub event: &'static str,
    /// Which try, counted from 1.
    pub attempt: u32,
    /// Which statement, counted from 1.
    pub statement: Option<usize>,
    /// Of how many.
    pub statements: Option<usize>,
    /// What the event has to say.
    pub detail: Option<String>,
}

/// The first column of the journal's row of an applied migration, which tells that row from the rows of scripts.
pub const APPLIED: &str = "gapless:applied";

/// Behind a version that is NULL, the answer that the applied set is ours, row by row.
pub(crate) const CURRENT: &str = "gapless:current";

/// What [`TrackerSql::check_taken_back`](super::TrackerSql::check_taken_back) fails with, and a driver whose code has ended the transaction.
pub(crate) const LEFT: &str = "gapless: the transaction of the record is over";

/// How the names of our savepoints begin, the run's token behind it: no script can name one.
pub(crate) const MARK: &str = "gapless run ";

/// What [`SessionSql::outside`](super::SessionSql::outside) fails with, and drivers where it cannot be asked.
pub(crate) const OPEN: &str = "gapless: the code has left a transaction open";

/// A statement that is about to be sent by itself.
pub(crate) const BEGUN: &str = "statement_begun";
