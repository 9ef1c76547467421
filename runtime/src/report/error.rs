//! The public error, which is opaque and has predicates.

use std::error::Error as StdError;
use std::fmt;

use crate::engine::DbError;
pub(crate) use crate::report::error_kind::{ErrorKind, Since};
use crate::{Applied, Conflict, Failure, Report};

/// Error of a run.
///
/// Its `Display` names the object, shows the line of SQL where there is one, and says what was done before and what to do
/// next. The predicates tell the kinds apart:
///
/// ```no_run
/// # #[cfg(feature = "postgres")] {
/// # use gapless::{MigrationSet, embed_migrations};
/// # static MIGRATIONS: MigrationSet = embed_migrations!("../migrations");
/// # fn example(mut client: postgres::Client) {
/// match MIGRATIONS.runner().run(&mut client) {
///     Ok(report) => println!("{report}"),
///     Err(error) if error.is_lock_wait() => eprintln!("another replica is still at work: {error}"),
///     Err(error) if error.is_connection() => eprintln!("connect anew and run again: {error}"),
///     Err(error) => {
///         if let Some(failure) = error.failure() {
///             eprintln!("version {} failed in {}", failure.version(), failure.path());
///         }
///         panic!("{error}");
///     }
/// }
/// # }
/// # }
/// ```
///
/// `source()` returns the error of the driver, or that of a migration's code: of the lost connection or of the refused
/// statement. It is `None` if neither has failed, for an error of the database after
/// [`hide_values`](crate::Runner::hide_values), and for a driver that does not keep its error. Its text is part of
/// `Display` already. [`database_error`](Error::database_error) returns a refusal with code, detail, hint and position.
pub struct Error {
    inner: Box<Inner>,
}

struct Inner {
    kind: ErrorKind,
    lost: Option<Lost>,
    applied: Vec<Applied>,
    rolled_back: Vec<Applied>,
}

/// A connection that was lost after another failure.
#[derive(Debug)]
pub(crate) struct Lost {
    pub(crate) doing: String,
    pub(crate) source: Box<dyn StdError + Send + Sync>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind) -> Error {
        Error { inner: Box::new(Inner { kind, lost: None, applied: Vec::new(), rolled_back: Vec::new() }) }
    }

    pub(crate) fn into_kind(self) -> ErrorKind {
        self.inner.kind
    }

    /// Forgets what was applied: it was on a scratch database.
    pub(crate) fn undone(mut self) -> Error {
        self.inner.applied.clear();
        self
    }

    pub(crate) fn after(mut self, report: Report) -> Error {
        (self.inner.applied, self.inner.rolled_back) = (report.applied, report.rolled_back);
        self
    }

    /// Adds that the connection was lost afterwards.
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

    /// Returns the failure of the migration that the database refused; of a run that
    /// [was cancelled](Error::is_cancelled), the migration that was interrupted.
    pub fn failure(&self) -> Option<&Failure> {
        match &self.inner.kind {
            ErrorKind::Migration(failure) => Some(failure),
            ErrorKind::Cancelled { failure, .. } => failure.as_ref(),
            _ => None,
        }
    }

    /// Returns the contradictions between binary and database, or nothing for any other error.
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
            ErrorKind::Cancelled { failure, .. } => failure.as_ref().map(Failure::database_error),
            ErrorKind::Connection { said, .. } => said.as_ref(),
            ErrorKind::Permission { error, .. } | ErrorKind::Database { error, .. } => Some(error),
            _ => None,
        }
    }

    /// Returns true if the program has cancelled the run with a [`CancellationToken`](crate::CancellationToken). What it
    /// had applied stays applied.
    pub fn is_cancelled(&self) -> bool {
        matches!(self.inner.kind, ErrorKind::Cancelled { .. })
    }

    /// Returns true if another runner held the lock, or the database was busy, for longer than
    /// [`lock_wait`](crate::Runner::lock_wait).
    pub fn is_lock_wait(&self) -> bool {
        matches!(self.inner.kind, ErrorKind::LockWait { .. })
    }

    /// Returns true if the connection was lost, also after another failure, which the other predicates and
    /// [`failure`](Error::failure) still tell. The effect of the last message is unknown; the next run finds it out.
    pub fn is_connection(&self) -> bool {
        self.inner.lost.is_some() || matches!(self.inner.kind, ErrorKind::Connection { .. })
    }

    /// Returns true if the role lacks a privilege.
    pub fn is_permission_denied(&self) -> bool {
        matches!(self.inner.kind, ErrorKind::Permission { .. })
    }

    /// Returns true if something is pending and the database takes no writes.
    pub fn is_read_only(&self) -> bool {
        matches!(self.inner.kind, ErrorKind::ReadOnly { .. })
    }

    /// Returns true if a table of the tracker's name exists and does not have the tracker's columns.
    pub fn is_foreign_table(&self) -> bool {
        matches!(self.inner.kind, ErrorKind::Shape { .. })
    }

    /// Returns true if [`verify`](crate::Runner::verify) found something that is not applied.
    pub fn is_pending(&self) -> bool {
        matches!(self.inner.kind, ErrorKind::Pending { .. })
    }

    /// Returns true if the run is about a state that has passed: the plan is another one than
    /// [`as_planned`](crate::Runner::as_planned) asks for, the migration to [`resolve`](crate::Runner::resolve) has gone on
    /// since [`seen`](crate::Runner::seen), or a session is at work on it.
    pub fn is_stale(&self) -> bool {
        matches!(self.inner.kind, ErrorKind::Stale(..))
    }

    /// Returns true if a `no-transaction` migration was interrupted and needs [`resolve`](crate::Runner::resolve), or if
    /// its rollback was interrupted and must be finished.
    pub fn is_interrupted(&self) -> bool {
        let going_back = |conflict: &Conflict| matches!(conflict, Conflict::GoingBack { .. });
        matches!(self.inner.kind, ErrorKind::Interrupted { .. }) || self.conflicts().iter().any(going_back)
    }

    /// Returns true if a transaction pooler is in between, and the run holds a session lock or a migration needs a session
    /// of its own.
    pub fn is_pooler(&self) -> bool {
        matches!(self.inner.kind, ErrorKind::Pooler { .. } | ErrorKind::NeedsSession(_))
    }

    /// Returns true if a script that passed the build is wrong by this database's quoting rules.
    pub fn is_refused(&self) -> bool {
        matches!(self.inner.kind, ErrorKind::Refused(_))
    }

    /// Returns true if the run cannot adopt the history of another tool.
    pub fn is_legacy(&self) -> bool {
        matches!(self.inner.kind, ErrorKind::Legacy(_))
    }

    /// Returns true if the server is older than any that migrations run on.
    pub fn is_too_old(&self) -> bool {
        matches!(self.inner.kind, ErrorKind::TooOld { .. })
    }

    /// Returns true if a script, or a statement of one, is longer than the server takes. Nothing of it ran.
    pub fn is_too_long(&self) -> bool {
        matches!(self.inner.kind, ErrorKind::TooLong { .. })
    }

    /// Returns true if some of the tables to [`reconcile`](crate::Runner::reconcile) exist and some do not.
    pub fn is_partial(&self) -> bool {
        matches!(self.inner.kind, ErrorKind::Partial(_))
    }

    /// Returns true if one of the migrations to roll back cannot be rolled back.
    pub fn is_irreversible(&self) -> bool {
        matches!(self.inner.kind, ErrorKind::Stuck(_))
    }

    /// Returns true if [`verify_baseline`](crate::Runner::verify_baseline) found that the schemas differ.
    pub fn is_baseline(&self) -> bool {
        matches!(self.inner.kind, ErrorKind::Baseline(_))
    }

    /// Returns true if the program is wrong: a name or a version that cannot be, missing or unsuitable code, a connection
    /// inside of a transaction, without a database or with other rules for strings, a set for other databases.
    pub fn is_usage(&self) -> bool {
        use ErrorKind::{
            InTransaction, Misuse, Name, NoBaseline, NoCode, NoDatabase, NoLockTrace, NoTransactionLock,
            NotEmbedded, NotRust, NothingToReconcile, OtherDialect, ReservedClient, Resolve, Scratch,
            Strings, Target, UnfitCode, UnsuitedCode,
        };
        matches!(
            self.inner.kind,
            InTransaction
                | Misuse(_)
                | Name { .. }
                | NoBaseline(_)
                | NoCode(_)
                | NoDatabase
                | NoLockTrace
                | NoTransactionLock
                | UnfitCode { .. }
                | NotEmbedded { .. }
                | NotRust(_)
                | NothingToReconcile(_)
                | OtherDialect { .. }
                | ReservedClient { .. }
                | UnsuitedCode { .. }
                | Resolve(..)
                | Scratch(_)
                | Strings(_)
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
            [] if self.is_cancelled() && self.rolled_back().is_empty() => {
                f.write_str("\nnote: no migration was applied before")
            }
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
    /// Writes the same as `Display`, because `main` prints the error that it returns in this form.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        if let ErrorKind::Connection { source, .. } = &self.inner.kind {
            return Some(&**source);
        }
        let lost = self.inner.lost.as_ref().map(|lost| &*lost.source as &(dyn StdError + 'static));
        self.database_error().and_then(DbError::cause).or(lost)
    }
}
