//! The kinds of errors; [`message`](super::message) has their texts.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use gapless_core::{Problem, Syntax, Version};

use crate::engine::DbError;
use crate::history::repair::Partial;
use crate::history::rollback::Stuck;
use crate::report::event::Holder;
use crate::report::message;
use crate::report::remedy::Remedy;
use crate::runner::Goal;
use crate::{Conflict, Failure};

/// The reason why a run is about a state that has passed.
#[derive(Debug)]
pub(crate) enum Since {
    /// The journal has gone on about the version since this entry.
    Entry(Version, i64),
    /// The session with this number is at work on the version; the statement ends the session `{}`.
    Session(Version, Option<i64>, &'static str),
    /// The plan was made.
    Plan,
}

/// The kind of an [`Error`](crate::Error).
#[derive(Debug)]
pub(crate) enum ErrorKind {
    Conflict(Vec<Conflict>),
    Migration(Failure),
    /// The program has cancelled the run.
    Cancelled {
        when: String,
        /// The migration that was interrupted, if there was one.
        failure: Option<Failure>,
    },
    /// A no-transaction migration was interrupted, and its outcome is unknown.
    Interrupted {
        version: Version,
        path: String,
        statement: usize,
        statements: usize,
        why: String,
        ways: String,
    },
    /// The run is about a state that has passed.
    Stale(Since),
    LockWait {
        waited: Duration,
        holder: Option<Holder>,
        /// The database's error, if the database was busy and no other runner held the lock.
        busy: Option<String>,
    },
    Connection {
        doing: String,
        said: Option<DbError>,
        source: Box<dyn StdError + Send + Sync>,
    },
    Permission {
        doing: String,
        error: DbError,
    },
    /// The database takes no writes, and the run has so much to do for its goal.
    ReadOnly {
        goal: Goal,
        count: usize,
        standby: bool,
    },
    /// A table of the tracker's name exists and does not have the tracker's columns.
    Shape {
        table: String,
        problem: String,
    },
    Database {
        doing: String,
        error: DbError,
        remedy: Remedy,
    },
    /// The server's name and version, and the versions that will do.
    TooOld {
        server: &'static str,
        version: String,
        needed: &'static str,
    },
    /// A script, or the statement in this line of it, is longer than the longest message that the server takes.
    TooLong {
        path: String,
        line: Option<usize>,
        length: usize,
        longest: usize,
    },
    InTransaction,
    /// The connection has no database.
    NoDatabase,
    /// The server would read strings in scripts by other rules than the build did.
    Strings(Syntax),
    /// The set is for other databases than this one, by their names.
    OtherDialect {
        set: &'static str,
        database: &'static str,
    },
    /// Problems that only this database's quoting rules show.
    Refused(Vec<Problem>),
    /// A `no-transaction` migration, by its file, under [`Locking::Transaction`](crate::Locking::Transaction).
    NeedsSession(String),
    /// Another backend answered than before.
    Pooler {
        before: i32,
        after: String,
        /// The lock can be had inside of a transaction.
        transaction_lock: bool,
    },
    Name {
        what: &'static str,
        name: String,
        problem: String,
    },
    Target(Version),
    /// A version that was passed to the method `what`.
    NotEmbedded {
        what: &'static str,
        version: Version,
    },
    NotRust(Version),
    /// A `reconcile` without versions, or without tables for this version.
    NothingToReconcile(Option<Version>),
    /// Pending migrations in Rust without code, with their files.
    NoCode(Vec<(Version, String)>),
    /// Code made for inside of a transaction where its file says `no-transaction`, or the other way round.
    UnfitCode {
        version: Version,
        outside: bool,
    },
    /// Code for another client than the run has.
    UnsuitedCode {
        version: Version,
        made_for: &'static str,
    },
    /// Code for a driver of the application's own under the name of a built-in client.
    ReservedClient {
        version: Version,
        client: &'static str,
        constructor: &'static str,
    },
    /// The reasons not to adopt another tool's history.
    Legacy(Vec<String>),
    Partial(Partial),
    Stuck(Vec<Stuck>),
    /// The differences between the baseline's schema and that of the migrations.
    Baseline(Vec<String>),
    NoBaseline(&'static str),
    /// A scratch database that cannot serve.
    Scratch(String),
    Resolve(Version, &'static str),
    /// `trace_locks` on a database that does not tell which locks a session has.
    NoLockTrace,
    /// [`Locking::Transaction`](crate::Locking::Transaction) where no transaction holds a lock.
    NoTransactionLock,
    /// What `verify` finds: changes of the history, and the files of pending migrations.
    Pending {
        changes: Vec<String>,
        paths: Vec<String>,
    },
    Misuse(&'static str),
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ErrorKind::Conflict(conflicts) => message::each(f, conflicts),
            ErrorKind::Migration(failure) => failure.fmt(f),
            ErrorKind::Cancelled { when, failure } => {
                write!(f, "cancelled {when}")?;
                match failure {
                    Some(failure) => failure.fmt_cancelled(f),
                    None => f.write_str("\nhelp: run again to go on"),
                }
            }
            ErrorKind::Interrupted { version, path, statement, statements, why, ways } => {
                message::interrupted(f, *version, path, (*statement, *statements), why, ways)
            }
            ErrorKind::Stale(since) => message::stale(f, since),
            ErrorKind::LockWait { waited, holder, busy } => {
                message::lock_wait(f, *waited, holder.as_ref(), busy.as_deref())
            }
            ErrorKind::Connection { doing, said, source } => {
                message::connection(f, doing, said.as_ref(), &**source)
            }
            ErrorKind::Permission { doing, error } => message::permission(f, doing, error),
            ErrorKind::ReadOnly { goal, count, standby } => message::read_only(f, *goal, *count, *standby),
            ErrorKind::Shape { table, problem } => message::shape(f, table, problem),
            ErrorKind::Database { doing, error, remedy } => message::database(f, doing, error, *remedy),
            ErrorKind::TooOld { server, version, needed } => message::too_old(f, server, version, needed),
            ErrorKind::TooLong { path, line, length, longest } => {
                message::too_long(f, path, *line, *length, *longest)
            }
            ErrorKind::InTransaction => f.write_str(message::IN_TRANSACTION),
            ErrorKind::NoDatabase => f.write_str(message::NO_DATABASE),
            ErrorKind::Strings(syntax) => f.write_str(message::strings(*syntax)),
            ErrorKind::OtherDialect { set, database } => message::other_dialect(f, set, database),
            ErrorKind::Refused(problems) => message::each(f, problems),
            ErrorKind::NeedsSession(path) => write!(f, "{path} {}", message::NEEDS_SESSION),
            ErrorKind::Pooler { before, after, transaction_lock } => {
                message::pooler(f, *before, after, *transaction_lock)
            }
            ErrorKind::Name { what, name, problem } => message::name(f, what, name, problem),
            ErrorKind::Target(version) => message::target(f, *version),
            ErrorKind::NotEmbedded { what, version } => message::not_embedded(f, what, *version),
            ErrorKind::NoTransactionLock => f.write_str(message::NO_TRANSACTION_LOCK),
            ErrorKind::NoLockTrace => f.write_str(message::NO_LOCK_TRACE),
            ErrorKind::NotRust(version) => message::not_rust(f, *version),
            ErrorKind::NothingToReconcile(version) => message::nothing_to_reconcile(f, *version),
            ErrorKind::NoCode(lacking) => message::no_code(f, lacking),
            ErrorKind::UnfitCode { version, outside } => message::unfit_code(f, *version, *outside),
            ErrorKind::UnsuitedCode { version, made_for } => message::unsuited_code(f, *version, made_for),
            ErrorKind::ReservedClient { version, client, constructor } => {
                message::reserved_client(f, *version, client, constructor)
            }
            ErrorKind::Legacy(problems) => message::each(f, problems),
            ErrorKind::Partial(Partial { there, missing }) => message::partial(f, there, missing),
            ErrorKind::Stuck(stuck) => message::each(f, stuck),
            ErrorKind::Baseline(differences) => message::baseline(f, differences),
            ErrorKind::Scratch(problem) => write!(f, "no dry run on a scratch database: {problem}"),
            ErrorKind::NoBaseline(problem) => write!(f, "the baseline cannot be verified: {problem}"),
            ErrorKind::Resolve(version, problem) => message::resolve(f, *version, problem),
            ErrorKind::Pending { changes, paths } => message::pending(f, changes, paths),
            ErrorKind::Misuse(what) => write!(f, "the driver broke the protocol of a run: {what}"),
        }
    }
}

impl ErrorKind {
    /// Removes everything that may be a value of a row.
    pub(crate) fn without_values(self) -> ErrorKind {
        match self {
            ErrorKind::Migration(failure) => ErrorKind::Migration(failure.without_values()),
            ErrorKind::Cancelled { when, failure } => {
                ErrorKind::Cancelled { when, failure: failure.map(Failure::without_values) }
            }
            ErrorKind::Connection { doing, said, source } => {
                ErrorKind::Connection { doing, said: said.map(DbError::without_values), source }
            }
            ErrorKind::Permission { doing, error } => {
                ErrorKind::Permission { doing, error: error.without_values() }
            }
            ErrorKind::Database { doing, error, remedy } => {
                ErrorKind::Database { doing, error: error.without_values(), remedy }
            }
            kind => kind,
        }
    }
}
