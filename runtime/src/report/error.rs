//! The public error: opaque, with predicates.

use std::error::Error as StdError;
use std::fmt;

use crate::engine::DbError;
pub(crate) use crate::report::error_kind::ErrorKind;
use crate::{Applied, Conflict, Failure, Report};

/// Error of a run that did not bring the database to where it should be.
///
/// Its `Display` names the object, shows the line where there is one, and says what was done before and
/// what to do next. Ask for the kind with the predicates.
///
/// `source()` returns the driver's error if the connection was lost, by itself or after another failure, and `None`
/// otherwise. A refusal of the database is not a source: it is part of the message, and
/// [`database_error`](Error::database_error) returns it with code, detail, hint and position.
pub struct Error {
    inner: Box<Inner>,
}

struct Inner {
    kind: ErrorKind,
    lost: Option<Lost>,
    applied: Vec<Applied>,
    rolled_back: Vec<Applied>,
}

/// A connection that was lost after something worse had happened.
#[derive(Debug)]
pub(crate) struct Lost {
    pub(crate) doing: String,
    pub(crate) source: Box<dyn StdError + Send + Sync>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind) -> Error {
        Error { inner: Box::new(Inner { kind, lost: None, applied: Vec::new(), rolled_back: Vec::new() }) }
    }

    pub(crate) fn after(mut self, report: Report) -> Error {
        (self.inner.applied, self.inner.rolled_back) = (report.applied, report.rolled_back);
        self
    }

    /// The connection was lost on top of it.
    pub(crate) fn and_lost(mut self, lost: Option<Lost>) -> Error {
        self.inner.lost = lost;
        self
    }

    /// Returns the migrations that this run applied before it failed; they stay applied and recorded.
    pub fn applied(&self) -> &[Applied] {
        &self.inner.applied
    }

    /// Returns the migrations that this run rolled back before it failed; they stay rolled back.
    pub fn rolled_back(&self) -> &[Applied] {
        &self.inner.rolled_back
    }

    /// Returns the migration that the database refused, with the place in its file.
    pub fn failure(&self) -> Option<&Failure> {
        match &self.inner.kind {
            ErrorKind::Migration(failure) => Some(failure),
            _ => None,
        }
    }

    /// Returns the contradictions between binary and database; empty if it was something else.
    pub fn conflicts(&self) -> &[Conflict] {
        match &self.inner.kind {
            ErrorKind::Conflict(conflicts) => conflicts,
            _ => &[],
        }
    }

    /// Returns the error of the database, if there is one.
    pub fn database_error(&self) -> Option<&DbError> {
        match &self.inner.kind {
            ErrorKind::Migration(failure) => Some(failure.database_error()),
            ErrorKind::Connection { said, .. } => said.as_ref(),
            ErrorKind::Permission { error, .. } | ErrorKind::Database { error, .. } => Some(error),
            _ => None,
        }
    }

    /// Another runner had the lock, or the database was busy, for longer than `lock_wait`.
    pub fn is_lock_wait(&self) -> bool {
        matches!(self.inner.kind, ErrorKind::LockWait { .. })
    }

    /// The connection was lost, by itself or after something else had failed, which the other predicates and
    /// [`failure`](Error::failure) tell. What the last message did is not known; the next run looks.
    pub fn is_connection(&self) -> bool {
        self.inner.lost.is_some() || matches!(self.inner.kind, ErrorKind::Connection { .. })
    }

    /// The database refused for want of a privilege.
    pub fn is_permission_denied(&self) -> bool {
        matches!(self.inner.kind, ErrorKind::Permission { .. })
    }

    /// Something is pending and the database takes no writes.
    pub fn is_read_only(&self) -> bool {
        matches!(self.inner.kind, ErrorKind::ReadOnly { .. })
    }

    /// The tracker's table is there and has not the tracker's form.
    pub fn is_foreign_table(&self) -> bool {
        matches!(self.inner.kind, ErrorKind::Shape { .. })
    }

    /// [`verify`](crate::Runner::verify) found something that is not applied.
    pub fn is_pending(&self) -> bool {
        matches!(self.inner.kind, ErrorKind::Pending(_))
    }

    /// A no-transaction migration was interrupted and must be looked at, or its rollback must be finished.
    pub fn is_interrupted(&self) -> bool {
        let going_back = |conflict: &Conflict| matches!(conflict, Conflict::GoingBack { .. });
        matches!(self.inner.kind, ErrorKind::Interrupted { .. }) || self.conflicts().iter().any(going_back)
    }

    /// A transaction pooler is in between, and the lock is the session's or a migration needs one of its own.
    pub fn is_pooler(&self) -> bool {
        matches!(self.inner.kind, ErrorKind::Pooler { .. } | ErrorKind::NeedsSession(_))
    }

    /// A script that the build let through holds what this database's rules of quoting bring to light.
    pub fn is_refused(&self) -> bool {
        matches!(self.inner.kind, ErrorKind::Refused(_))
    }

    /// The history of another tool cannot be taken over as it is.
    pub fn is_legacy(&self) -> bool {
        matches!(self.inner.kind, ErrorKind::Legacy(_))
    }

    /// Of the tables to be reconciled some are there, and some are not.
    pub fn is_partial(&self) -> bool {
        matches!(self.inner.kind, ErrorKind::Partial(_))
    }

    /// Something of what was to be rolled back cannot be rolled back.
    pub fn is_irreversible(&self) -> bool {
        matches!(self.inner.kind, ErrorKind::Stuck(_))
    }

    /// The baseline makes another schema than the migrations that it stands for.
    pub fn is_baseline(&self) -> bool {
        matches!(self.inner.kind, ErrorKind::Baseline(_))
    }

    /// What was asked for cannot be: a name, a version, code that is missing, a connection inside of a
    /// transaction or with `standard_conforming_strings` off.
    pub fn is_usage(&self) -> bool {
        use ErrorKind::{
            InTransaction, Misuse, Name, NoBaseline, NoCode, NotEmbedded, NotRust, NothingToReconcile,
            ReservedClient, Resolve, Strings, Target, UnfitCode, UnsuitedCode,
        };
        matches!(
            self.inner.kind,
            InTransaction
                | Misuse(_)
                | Name { .. }
                | NoBaseline(_)
                | NoCode(_)
                | UnfitCode { .. }
                | NotEmbedded { .. }
                | NotRust(_)
                | NothingToReconcile(_)
                | ReservedClient { .. }
                | UnsuitedCode { .. }
                | Resolve(..)
                | Strings
                | Target(_)
        )
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.kind.fmt(f)?;
        if let Some(Lost { doing, source }) = &self.inner.lost {
            write!(f, "\nnote: the connection was lost afterwards, while {doing}: {source}")?;
        }
        if !self.rolled_back().is_empty() {
            let versions: Vec<_> =
                self.rolled_back().iter().map(|applied| applied.version().to_string()).collect();
            write!(f, "\nnote: rolled back before, and stays so: version {}", versions.join(", "))?;
        }
        let versions: Vec<_> = self.applied().iter().map(|applied| applied.version().to_string()).collect();
        match versions.as_slice() {
            [] => Ok(()),
            [one] => write!(f, "\nnote: version {one} was applied before and stays applied"),
            [first, .., last] => {
                let count = versions.len();
                write!(
                    f,
                    "\nnote: {count} were applied before, from version {first} to {last}, and stay applied"
                )
            }
        }
    }
}

impl fmt::Debug for Error {
    /// As it is displayed: what `main` prints when it returns an error.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.inner.kind {
            ErrorKind::Connection { source, .. } => Some(&**source),
            _ => self.inner.lost.as_ref().map(|lost| &*lost.source as &(dyn StdError + 'static)),
        }
    }
}
