//! The classes of errors, by their meaning for a run.

use gapless_core::Version;

/// The meaning of an error for a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Class {
    /// A table of the tracker is missing.
    Missing,
    /// An object of the tracker exists already: another runner has created it.
    Exists,
    /// Another runner recorded the version first.
    Fence {
        /// The version, where the database names it.
        version: Option<Version>,
    },
    /// A pooler has handed the session on.
    HandedOn {
        /// The backend that answered.
        pid: Option<i32>,
    },
    /// The transaction cannot use what it has added itself: a dry run stops here.
    Untriable,
    /// The database is locked as a whole: wait and observe again.
    Busy,
    /// A statement timeout struck, or somebody canceled the statement.
    Canceled,
    /// A lock timeout, a deadlock or a serialization failure: begin again.
    Retry,
    /// A privilege is missing.
    Permission,
    /// The database takes no writes.
    ReadOnly,
    /// The connection has no database that holds the tracker.
    NoDatabase,
    /// The connection is in a transaction.
    InTransaction,
    /// A column of the tracker is missing.
    Shape,
    /// The row of the applied set is gone or is another transaction's: the script has removed it, or has ended the
    /// transaction. Or another runner has taken the migration over.
    Unrecorded,
    /// The script has ended the transaction.
    Ended,
    /// A release has begun the migration outside of a transaction, and has not finished it.
    Unfinished,
    /// Code has left a transaction open.
    LeftOpen,
    /// A statement that no transaction takes.
    Apart,
    /// Anything else.
    Other,
}

impl Class {
    /// Returns `true` if only a statement of the run has such an error. A database whose errors do not name their
    /// objects has it for statements of scripts too.
    pub(crate) fn is_of_run(self) -> bool {
        matches!(self, Class::Fence { .. } | Class::HandedOn { .. } | Class::Unrecorded | Class::Unfinished)
    }
}
