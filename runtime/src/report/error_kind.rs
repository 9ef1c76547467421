//! The kinds of errors, and their messages.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use gapless_core::{Problem, Version};

use crate::engine::DbError;
use crate::history::repair::Partial;
use crate::history::rollback::Stuck;
use crate::report::event::Holder;
use crate::report::remedy::Remedy;
use crate::report::shown;
use crate::{Conflict, Failure};

/// What an [`Error`](crate::Error) is about.
#[derive(Debug)]
pub(crate) enum ErrorKind {
    Conflict(Vec<Conflict>),
    Migration(Failure),
    /// A no-transaction migration whose last run ended nobody knows how.
    Interrupted {
        version: Version,
        path: String,
        statement: usize,
        statements: usize,
        why: String,
        ways: String,
    },
    LockWait {
        waited: Duration,
        holder: Option<Holder>,
        /// What the database said, if it was busy and not the lock another runner's.
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
    ReadOnly {
        pending: usize,
        standby: bool,
    },
    /// The table is there and is not ours.
    Shape {
        table: String,
        problem: String,
    },
    Database {
        doing: String,
        error: DbError,
    },
    InTransaction,
    /// Scripts would be read otherwise than they were checked.
    Strings,
    /// What this database's rules of quoting bring to light.
    Refused(Vec<Problem>),
    /// Steps outside of a transaction, where no session stays with its client.
    NeedsSession(String),
    /// The session is not always the same.
    Pooler {
        before: i32,
        after: String,
    },
    Name {
        what: &'static str,
        name: String,
        problem: String,
    },
    Target(Version),
    /// A version that some method was given.
    NotEmbedded {
        what: &'static str,
        version: Version,
    },
    NotRust(Version),
    NothingToReconcile(Option<Version>),
    /// Migrations in Rust, with their files.
    NoCode(Vec<(Version, String)>),
    /// Code for inside of a transaction where its file says outside, or the other way round.
    UnfitCode {
        version: Version,
        outside: bool,
    },
    /// Code for another client than the run has.
    UnsuitedCode {
        version: Version,
        made_for: &'static str,
    },
    /// What speaks against taking over another tool's history.
    Legacy(Vec<String>),
    Partial(Partial),
    Stuck(Vec<Stuck>),
    /// How the schema of a baseline differs from that of the full history.
    Baseline(Vec<String>),
    NoBaseline(&'static str),
    Resolve(Version, &'static str),
    Pending(Vec<String>),
    Misuse(&'static str),
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ErrorKind::Conflict(conflicts) => {
                let texts: Vec<_> = conflicts.iter().map(ToString::to_string).collect();
                f.write_str(&texts.join("\n\n"))
            }
            ErrorKind::Migration(failure) => failure.fmt(f),
            ErrorKind::Interrupted { version, path, statement, statements, why, ways } => write!(
                f,
                "version {version} was interrupted in statement {statement} of {statements}: {path}\n  {why}\n\
                 help: {ways}",
                statements = statements.max(statement)
            ),
            ErrorKind::LockWait { waited, busy: Some(said), .. } => {
                write!(f, "the database was busy for all of {}: {said}\n{BUSY}", shown(*waited))
            }
            ErrorKind::LockWait { waited, holder, busy: None } => lock_wait(f, *waited, holder.as_ref()),
            ErrorKind::Connection { doing, said, source } => {
                write!(f, "the connection was lost while {doing}: {source}")?;
                connection(f, said.as_ref())
            }
            ErrorKind::Permission { doing, error } => {
                write!(f, "not permitted while {doing}: {}", error.message)?;
                error.fmt_details(f)?;
                f.write_str("\nhelp: grant what is missing, or run the migrations as the owner")
            }
            ErrorKind::ReadOnly { pending, standby } => read_only(f, *pending, *standby),
            ErrorKind::Shape { table, problem } => {
                write!(f, "the table {table} is not a tracker of applied migrations: {problem}\n{SHAPE}")
            }
            ErrorKind::Database { doing, error } => database(f, doing, error),
            ErrorKind::InTransaction => f.write_str(IN_TRANSACTION),
            ErrorKind::Strings => f.write_str(STRINGS),
            ErrorKind::Refused(problems) => {
                let texts: Vec<_> = problems.iter().map(ToString::to_string).collect();
                f.write_str(&texts.join("\n\n"))
            }
            ErrorKind::Pooler { before, after } => pooler(f, *before, after),
            ErrorKind::NeedsSession(path) => write!(f, "{path} {NEEDS_SESSION}"),
            ErrorKind::Legacy(problems) => f.write_str(&problems.join("\n\n")),
            ErrorKind::Partial(Partial { there, missing }) => partial(f, there, missing),
            ErrorKind::Stuck(stuck) => {
                let texts: Vec<_> = stuck.iter().map(ToString::to_string).collect();
                f.write_str(&texts.join("\n\n"))
            }
            ErrorKind::Baseline(differences) => baseline(f, differences),
            ErrorKind::Pending(paths) => {
                write!(
                    f,
                    "{} not applied:\n  {}\nhelp: run the migrations first",
                    paths.len(),
                    paths.join("\n  ")
                )
            }
            ErrorKind::Misuse(what) => write!(f, "the run was driven wrongly: {what}"),
            usage => usage.fmt_usage(f),
        }
    }
}

impl ErrorKind {
    /// Without what may be values of rows.
    pub(crate) fn without_values(self) -> ErrorKind {
        match self {
            ErrorKind::Migration(failure) => ErrorKind::Migration(failure.without_values()),
            ErrorKind::Connection { doing, said, source } => {
                ErrorKind::Connection { doing, said: said.map(DbError::without_values), source }
            }
            ErrorKind::Permission { doing, error } => {
                ErrorKind::Permission { doing, error: error.without_values() }
            }
            ErrorKind::Database { doing, error } => {
                ErrorKind::Database { doing, error: error.without_values() }
            }
            kind => kind,
        }
    }

    /// What was asked for and cannot be.
    fn fmt_usage(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ErrorKind::Name { what, name, problem } => write!(
                f,
                "{name:?} cannot be the tracker's {what}: {problem}\nhelp: give it another name with `.{what}(...)`"
            ),
            ErrorKind::Target(version) => write!(
                f,
                "the target version {version} is not embedded\n\
                 help: name the version of a migration in the binary"
            ),
            ErrorKind::NotEmbedded { what, version } => write!(
                f,
                "`.{what}(...)` names version {version}, which is not embedded\n\
                 help: name the version of a migration in the binary"
            ),
            ErrorKind::UnsuitedCode { version, made_for } => write!(
                f,
                "the code of version {version} is for `{made_for}`, and the run has another client\n\
                 help: make it with the constructor of `Code` for the client that runs it"
            ),
            ErrorKind::NotRust(version) => write!(
                f,
                "code was given for version {version}, whose file is SQL\n\
                 help: say `-- gapless: rust` in the file, and nothing but comments"
            ),
            ErrorKind::NothingToReconcile(version) => {
                let version = version.map_or("no version".to_owned(), |version| format!("version {version}"));
                write!(
                    f,
                    "`.reconcile(...)` for {version} names nothing to go by\n\
                     help: name the versions, and the tables that they create"
                )
            }
            ErrorKind::NoCode(lacking) => {
                for (version, path) in lacking {
                    writeln!(
                        f,
                        "version {version} is a migration in Rust, and the run was not given its code: {path}"
                    )?;
                }
                let which = if lacking.len() == 1 { "that version" } else { "each of these versions" };
                write!(f, "help: give it with `.code(...)` for {which}")
            }
            ErrorKind::UnfitCode { version, outside } => unfit(f, *version, *outside),
            ErrorKind::NoBaseline(problem) => write!(f, "the baseline cannot be verified: {problem}"),
            ErrorKind::Resolve(version, problem) => {
                write!(f, "`.resolve({version}, ...)` resolves nothing: {problem}\nhelp: remove it")
            }
            _ => Ok(()),
        }
    }
}

fn database(f: &mut fmt::Formatter<'_>, doing: &str, error: &DbError) -> fmt::Result {
    write!(f, "the database failed while {doing}: {}", error.message)?;
    error.fmt_details(f)?;
    match Remedy::of(error) {
        Remedy::File => Ok(()),
        remedy => write!(f, "\nhelp: {}", remedy.text("")),
    }
}

fn connection(f: &mut fmt::Formatter<'_>, said: Option<&DbError>) -> fmt::Result {
    if let Some(error) = said {
        write!(f, "\nthe database had said: {}", error.message)?;
        error.fmt_details(f)?;
    }
    f.write_str("\nhelp: run again, which finds out what the last message did")
}

fn unfit(f: &mut fmt::Formatter<'_>, version: Version, outside: bool) -> fmt::Result {
    let (made, says, way) = if outside {
        ("outside", "does not say", "a constructor without `_no_transaction`")
    } else {
        ("inside", "says", "its constructor with `_no_transaction`")
    };
    write!(
        f,
        "the code of version {version} is made to run {made} of a transaction, and its file {says} \
         `-- gapless: no-transaction`\nhelp: make it with {way}, or change the file"
    )
}

fn partial(f: &mut fmt::Formatter<'_>, there: &[String], missing: &[String]) -> fmt::Result {
    write!(
        f,
        "of the tables to be reconciled some exist and some do not\n  there: {}\n  missing: {}\n\
         help: find out what became of the missing ones; create them by hand, or drop the others so that \
         the migrations create all of them",
        there.join(", "),
        missing.join(", ")
    )
}

fn baseline(f: &mut fmt::Formatter<'_>, differences: &[String]) -> fmt::Result {
    write!(
        f,
        "the baseline's schema is not that of the migrations it stands for\n  {}\n\
         help: `-` is what the migrations make, `+` what the baseline makes; fix the baseline",
        differences.join("\n  ")
    )
}

const IN_TRANSACTION: &str = "the connection is inside of a transaction\n\
    help: commit it first, or give the run a connection of its own";

const STRINGS: &str = "standard_conforming_strings is off: the server would read the scripts otherwise than they \
    were checked\nhelp: SET standard_conforming_strings = on, for the connection or for the database";

const NEEDS_SESSION: &str = "runs outside of a transaction, and with `Locking::Transaction` no session is its own\n\
    help: apply it past the pooler, with session locking; then this program starts here too";

const SHAPE: &str = "help: choose another name with `.table(...)` or `.schema(...)`; a tracker has the columns \
    version (its key), name, applied_at and checksum";

const BUSY: &str = "help: see who keeps it busy; wait longer with `.lock_wait(...)`";

fn pooler(f: &mut fmt::Formatter<'_>, before: i32, after: &str) -> fmt::Result {
    write!(
        f,
        "backend {before} answered first, and backend {after} then: a transaction pooler is in between, where \
         a session lock belongs to nobody\nhelp: use `.locking(Locking::Transaction)`, or connect past the pooler; \
         if backend {before} keeps the lock, `SELECT pg_terminate_backend({before})` ends it"
    )
}

fn lock_wait(f: &mut fmt::Formatter<'_>, waited: Duration, holder: Option<&Holder>) -> fmt::Result {
    write!(f, "another runner had the lock for all of {}", shown(waited))?;
    holder.map_or(Ok(()), |holder| write!(f, "\n  {holder}"))?;
    f.write_str("\nhelp: see what it does; wait longer with `.lock_wait(...)`")
}

fn read_only(f: &mut fmt::Formatter<'_>, pending: usize, standby: bool) -> fmt::Result {
    let noun = if pending == 1 { "migration is" } else { "migrations are" };
    let (what, way) = if standby {
        ("is a standby", "apply them on the primary")
    } else {
        ("takes no writes", "connect for writing, once")
    };
    write!(
        f,
        "{pending} {noun} pending and the database {what}\nhelp: {way}; then this program starts here too"
    )
}
