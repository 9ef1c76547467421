//! The classes of errors, by what they mean to a run.

use gapless_core::Version;

/// What an error means to a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Class {
    /// A table of the tracker is not there.
    Missing,
    /// Something of the tracker is there already: another runner created it.
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
    /// It cannot be tried in the transaction in which it came about: a dry run stops here.
    Untriable,
    /// The database is locked as a whole: wait and look again.
    Busy,
    /// A statement timeout, or somebody canceled it.
    Canceled,
    /// A lock timeout, a deadlock, a serialization failure: begin again.
    Retry,
    /// A privilege is missing.
    Permission,
    /// The database takes no writes.
    ReadOnly,
    /// The connection is inside of a transaction.
    InTransaction,
    /// A column of the tracker is not there.
    Shape,
    /// The row of the applied set is gone or another transaction's: the script has removed it, or has ended the
    /// transaction. Or another runner has taken the migration over.
    Unrecorded,
    /// The script has ended the transaction.
    Ended,
    /// It has begun outside of a transaction, by a release that ran it so, and not ended.
    Unfinished,
    /// Code has left a transaction open.
    LeftOpen,
    /// A statement that no transaction takes.
    Apart,
    /// Anything else.
    Other,
}
