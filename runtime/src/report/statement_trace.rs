//! The locks that a statement of a dry run took.

use std::fmt;
use std::time::Duration;

use crate::report::shown;
use crate::{Holder, LockMode, StatementBegun};

/// Trace of a statement in a dry run that [traces locks](crate::Runner::trace_locks).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementTrace {
    pub(crate) statement: StatementBegun,
    pub(crate) duration: Duration,
    pub(crate) locks: Vec<TracedLock>,
    pub(crate) rewrites: Vec<TracedRelation>,
    pub(crate) waits_for: Vec<LockHolder>,
}

impl StatementTrace {
    /// Returns the statement: its migration, its number, its place and its text.
    pub fn statement(&self) -> &StatementBegun {
        &self.statement
    }

    /// Returns how long it took, with the way to the server; or how long it waited, if
    /// [`waits_for`](StatementTrace::waits_for) names somebody.
    pub fn duration(&self) -> Duration {
        self.duration
    }

    /// Returns the locks that it took on tables, indexes and other relations that were there before the dry run: of each
    /// relation the strongest, if the dry run did not have it, or a stronger one, before.
    pub fn locks(&self) -> &[TracedLock] {
        &self.locks
    }

    /// Returns the tables and indexes that it wrote anew, with the size that they have now.
    pub fn rewrites(&self) -> &[TracedRelation] {
        &self.rewrites
    }

    /// Returns the sessions with a lock on a relation that it names, if it did not get a lock in time: it would wait for
    /// them now.
    pub fn waits_for(&self) -> &[LockHolder] {
        &self.waits_for
    }
}

/// Lock that a statement took; see [`StatementTrace::locks`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TracedLock {
    pub(crate) relation: TracedRelation,
    pub(crate) mode: LockMode,
    pub(crate) held: Duration,
}

impl TracedLock {
    /// Returns the relation.
    pub fn relation(&self) -> &TracedRelation {
        &self.relation
    }

    /// Returns the mode, which says what it keeps others from.
    pub fn mode(&self) -> LockMode {
        self.mode
    }

    /// Returns how long the lock was held until the end of its migration, where a run commits.
    pub fn held(&self) -> Duration {
        self.held
    }
}

/// Table, index or other relation in a [`StatementTrace`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TracedRelation {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) rows: Option<u64>,
    pub(crate) bytes: Option<u64>,
}

impl TracedRelation {
    /// Returns its name with its schema, in quotes where it needs them.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns what it is: `table`, `index`, `view` and so on.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Returns the server's estimate of its rows; `None` if it was never analyzed.
    pub fn rows(&self) -> Option<u64> {
        self.rows
    }

    /// Returns its size on disk, a table's without its indexes.
    pub fn bytes(&self) -> Option<u64> {
        self.bytes
    }
}

/// Session that has a lock; see [`StatementTrace::waits_for`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockHolder {
    pub(crate) session: Holder,
    pub(crate) relation: String,
    pub(crate) mode: LockMode,
}

impl LockHolder {
    /// Returns the session.
    pub fn session(&self) -> &Holder {
        &self.session
    }

    /// Returns the relation that it has locked.
    pub fn relation(&self) -> &str {
        &self.relation
    }

    /// Returns the mode of its lock.
    pub fn mode(&self) -> LockMode {
        self.mode
    }
}

impl fmt::Display for TracedRelation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.name)?;
        let rows = self.rows.map(|rows| format!("about {rows} rows"));
        let told: Vec<_> = rows.into_iter().chain(self.bytes.map(size)).collect();
        if told.is_empty() { Ok(()) } else { write!(f, " ({})", told.join(", ")) }
    }
}

impl fmt::Display for TracedLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TracedLock { relation, mode, held } = self;
        write!(f, "{mode} on {relation} blocks {} for {}", mode.blocks(), shown(*held))
    }
}

impl fmt::Display for LockHolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, which has {} on {}", self.session, self.mode, self.relation)
    }
}

impl fmt::Display for StatementTrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}", self.statement, shown(self.duration))?;
        self.locks.iter().try_for_each(|lock| write!(f, "\n  {lock}"))?;
        self.rewrites.iter().try_for_each(|relation| write!(f, "\n  rewrites {relation}"))?;
        self.waits_for.iter().try_for_each(|holder| write!(f, "\n  would wait for {holder}"))
    }
}

/// A size in the unit that makes it short.
fn size(bytes: u64) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB"];
    let mut unit = 0;
    let mut rest = bytes.div_ceil(1024);
    while rest >= 10 * 1024 && unit + 1 < units.len() {
        (rest, unit) = (rest.div_ceil(1024), unit + 1);
    }
    format!("{rest} {}", units[unit])
}
