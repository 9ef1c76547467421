//! The texts of errors, a function each.

use std::error::Error as StdError;
use std::fmt::{Display, Formatter, Result};
use std::time::Duration;

use gapless_core::{Syntax, Version};

use crate::engine::DbError;
use crate::report::error_kind::Since;
use crate::report::event::Holder;
use crate::report::remedy::Remedy;
use crate::report::shown;
use crate::runner::Goal;

/// Writes several problems with an empty line between them.
pub(super) fn each<T: Display>(f: &mut Formatter<'_>, problems: &[T]) -> Result {
    let texts: Vec<_> = problems.iter().map(ToString::to_string).collect();
    f.write_str(&texts.join("\n\n"))
}

pub(super) const IN_TRANSACTION: &str = "the connection is inside of a transaction\n\
    help: commit it first, or give the run a connection of its own";

pub(super) const NO_DATABASE: &str = "the connection has no database\n\
    help: name one in its URL, or the one of the tracker with `.schema(...)`";

pub(super) fn too_old(f: &mut Formatter<'_>, server: &str, version: &str, needed: &str) -> Result {
    write!(
        f,
        "the server is {server} {version}, and migrations need {needed} or later\nhelp: upgrade the server"
    )
}

pub(super) fn strings(syntax: Syntax) -> &'static str {
    match syntax {
        Syntax::Mysql => {
            "sql_mode has ANSI_QUOTES or NO_BACKSLASH_ESCAPES, so the server would read the backslashes in the scripts \
             by other rules than the build did\n\
             help: SET sql_mode without them, for the connection or for the server"
        }
        _ => {
            "standard_conforming_strings is off, so the server would read the scripts by other rules than the build \
             did\n\
             help: SET standard_conforming_strings = on, for the connection or for the database"
        }
    }
}

pub(super) const NO_LOCK_TRACE: &str = "locks cannot be traced: this database does not tell which tables a session has \
    locked\nhelp: remove `.trace_locks()`; Postgres tells";

pub(super) const NO_TRANSACTION_LOCK: &str = "MySQL and MariaDB have no lock that a transaction holds, which \
    `Locking::Transaction` asks for\n\
    help: use `Locking::Session`, and connect past a proxy that hands sessions on";

pub(super) const NEEDS_SESSION: &str = "runs outside of a transaction and needs a session of its own, which \
    `Locking::Transaction` does not have\n\
    help: apply it once over a direct connection with `Locking::Session`; then this program starts here too";

pub(super) fn stale(f: &mut Formatter<'_>, since: &Since) -> Result {
    match since {
        Since::Plan => f.write_str(
            "the database is not as it was when the plan was made, and nothing was changed\nhelp: look at a new plan",
        ),
        Since::Entry(version, seen) => write!(
            f,
            "version {version} has gone on since entry {seen} of the journal, to which the resolution is bound\n\
             help: look at its status again"
        ),
        Since::Session(version, pid, ends) => {
            let number = pid.map_or("N".to_owned(), |pid| pid.to_string());
            write!(
                f,
                "version {version} is not interrupted: session {number} is at work on it\nhelp: wait until that has \
                 ended, or end it with `{}`, and look again",
                ends.replace("{}", &number)
            )
        }
    }
}

pub(super) fn interrupted(
    f: &mut Formatter<'_>,
    version: Version,
    path: &str,
    (statement, statements): (usize, usize),
    why: &str,
    ways: &str,
) -> Result {
    write!(
        f,
        "version {version} was interrupted in statement {statement} of {}: {path}\n  {why}\nhelp: {ways}",
        statements.max(statement)
    )
}

pub(super) fn connection(
    f: &mut Formatter<'_>,
    doing: &str,
    said: Option<&DbError>,
    source: &dyn StdError,
) -> Result {
    write!(f, "the connection was lost while {doing}: {source}")?;
    if let Some(error) = said {
        write!(f, "\nthe database had said: {}", error.message)?;
        error.fmt_details(f)?;
    }
    f.write_str("\nhelp: run again; the next run finds out what the last message did")
}

pub(super) fn database(f: &mut Formatter<'_>, doing: &str, error: &DbError, remedy: Remedy) -> Result {
    write!(f, "the database failed while {doing}: {}", error.message)?;
    error.fmt_details(f)?;
    match remedy {
        Remedy::File => Ok(()),
        remedy => write!(f, "\nhelp: {}", remedy.text("")),
    }
}

pub(super) fn permission(f: &mut Formatter<'_>, doing: &str, error: &DbError) -> Result {
    write!(f, "not permitted while {doing}: {}", error.message)?;
    error.fmt_details(f)?;
    f.write_str("\nhelp: grant what is missing, or run the migrations as the owner")
}

pub(super) fn pooler(f: &mut Formatter<'_>, before: i32, after: &str, transaction_lock: bool) -> Result {
    if !transaction_lock {
        return write!(
            f,
            "connection {before} answered first, and connection {after} later: a proxy hands sessions on, and a lock \
             does not stay with its client\nhelp: connect past the proxy; if connection {before} still holds the \
             lock, `KILL {before}` ends it"
        );
    }
    write!(
        f,
        "backend {before} answered first, and backend {after} later: the connection goes through a transaction \
         pooler, where a session lock does not stay with its client\nhelp: use \
         `.locking(Locking::Transaction)`, or connect past the pooler; if backend {before} still holds the lock, \
         `SELECT pg_terminate_backend({before})` ends it"
    )
}

/// A run that was not to wait has waited less.
const MOMENT: Duration = Duration::from_millis(100);

pub(super) fn lock_wait(
    f: &mut Formatter<'_>,
    waited: Duration,
    holder: Option<&Holder>,
    busy: Option<&str>,
) -> Result {
    let at_once = waited < MOMENT;
    let waited = shown(waited);
    match (busy, at_once) {
        (Some(said), true) => write!(f, "the database is busy: {said}")?,
        (Some(said), false) => write!(f, "the database was busy for all of {waited}: {said}")?,
        (None, true) => f.write_str("another runner has the lock")?,
        (None, false) => write!(f, "another runner held the lock for all of {waited}")?,
    }
    holder.map_or(Ok(()), |holder| write!(f, "\n  {holder}"))?;
    let what = if busy.is_some() { "what keeps it busy" } else { "what it is doing" };
    write!(f, "\nhelp: find out {what}, or wait longer with `.lock_wait(...)`")
}

pub(super) fn read_only(f: &mut Formatter<'_>, goal: Goal, count: usize, standby: bool) -> Result {
    let (one, many, way) = match goal {
        Goal::Rollback => ("migration is to be rolled back", "migrations are to be rolled back", "roll back"),
        Goal::Repair => ("change of the history is due", "changes of the history are due", "make it"),
        _ => ("migration is pending", "migrations are pending", "apply them"),
    };
    let work = if count == 1 { one } else { many };
    if standby {
        write!(f, "{count} {work} and the database is a standby\nhelp: {way} on the primary")?;
    } else {
        write!(f, "{count} {work} and the database takes no writes\nhelp: connect for writing, once")?;
    }
    f.write_str(if goal == Goal::Apply { "; then this program starts here too" } else { "" })
}

pub(super) fn too_long(
    f: &mut Formatter<'_>,
    path: &str,
    line: Option<usize>,
    length: usize,
    longest: usize,
) -> Result {
    let (what, way) = match line {
        Some(line) => (format!("the statement in {path}:{line}"), "or make several statements of it"),
        None => (
            path.to_owned(),
            "split the file, or write `-- gapless: no-transaction` into it so that its statements go one by one",
        ),
    };
    write!(
        f,
        "{what} is too long for the server: it has {length} bytes, and `max_allowed_packet` is {longest}, which our own \
         statements need a part of\nhelp: raise `max_allowed_packet`, {way}"
    )
}

pub(super) fn shape(f: &mut Formatter<'_>, table: &str, problem: &str) -> Result {
    write!(
        f,
        "the table {table} is not a tracker of applied migrations: {problem}\n\
         help: choose another name with `.table(...)` or `.schema(...)`; a tracker has the columns version (its \
         key), name, applied_at and checksum"
    )
}

pub(super) fn pending(f: &mut Formatter<'_>, changes: &[String], paths: &[String]) -> Result {
    let count = |count: usize, one: &str, many: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        _ => Some(format!("{count} {many}")),
    };
    let counts = [
        count(changes.len(), "change of the history", "changes of the history"),
        count(paths.len(), "migration", "migrations"),
    ];
    let what = counts.into_iter().flatten().collect::<Vec<_>>().join(" and ");
    let are = if changes.len() + paths.len() == 1 { "is" } else { "are" };
    let all = changes.iter().chain(paths).map(|one| format!("\n  {one}")).collect::<String>();
    write!(f, "{what} {are} not applied:{all}\nhelp: run the migrations first")
}

pub(super) fn partial(f: &mut Formatter<'_>, there: &[String], missing: &[String]) -> Result {
    write!(
        f,
        "some of the tables to reconcile exist, and some do not\n  existing: {}\n  missing: {}\n\
         help: find out what became of the missing ones; create them by hand, or drop the others so that \
         the migrations create all of them",
        there.join(", "),
        missing.join(", ")
    )
}

pub(super) fn baseline(f: &mut Formatter<'_>, differences: &[String]) -> Result {
    write!(
        f,
        "the baseline makes another schema than the migrations that it stands for\n  {}\n\
         help: `-` is what the migrations make, `+` what the baseline makes; fix the baseline",
        differences.join("\n  ")
    )
}

pub(super) fn name(f: &mut Formatter<'_>, what: &str, name: &str, problem: &str) -> Result {
    write!(
        f,
        "{name:?} cannot be the tracker's {what}: {problem}\nhelp: give it another name with `.{what}(...)`"
    )
}

pub(super) fn target(f: &mut Formatter<'_>, version: Version) -> Result {
    write!(
        f,
        "the target version {version} is not embedded\nhelp: name the version of a migration in the binary"
    )
}

pub(super) fn not_embedded(f: &mut Formatter<'_>, what: &str, version: Version) -> Result {
    write!(
        f,
        "`.{what}(...)` names version {version}, which is not embedded\n\
         help: name the version of a migration in the binary"
    )
}

pub(super) fn nothing_to_reconcile(f: &mut Formatter<'_>, version: Option<Version>) -> Result {
    match version {
        Some(version) => write!(
            f,
            "`.reconcile(...)` names no table for version {version}\nhelp: name the tables that it creates"
        ),
        None => {
            f.write_str("`.reconcile(...)` names no version\nhelp: name the versions that create the tables")
        }
    }
}

pub(super) fn resolve(f: &mut Formatter<'_>, version: Version, problem: &str) -> Result {
    write!(f, "`.resolve({version}, ...)` resolves nothing: {problem}\nhelp: remove it")
}

pub(super) fn not_rust(f: &mut Formatter<'_>, version: Version) -> Result {
    write!(
        f,
        "the runner has code for version {version}, whose file is SQL\n\
         help: write `-- gapless: rust` into the file, and nothing but comments beside it"
    )
}

pub(super) fn no_code(f: &mut Formatter<'_>, lacking: &[(Version, String)]) -> Result {
    for (version, path) in lacking {
        writeln!(f, "version {version} is a migration in Rust, and the runner has no code for it: {path}")?;
    }
    let which = if lacking.len() == 1 { "that version" } else { "each of these versions" };
    write!(f, "help: give it with `.code(...)` for {which}")
}

pub(super) fn unfit_code(f: &mut Formatter<'_>, version: Version, outside: bool) -> Result {
    let (made, says, way) = if outside {
        ("outside", "does not say", "a constructor without `_no_transaction`")
    } else {
        ("inside", "says", "the constructor that ends in `_no_transaction`")
    };
    write!(
        f,
        "the code of version {version} is made to run {made} of a transaction, and its file {says} \
         `-- gapless: no-transaction`\nhelp: make it with {way}, or change the file"
    )
}

pub(super) fn unsuited_code(f: &mut Formatter<'_>, version: Version, made_for: &str) -> Result {
    write!(
        f,
        "the code of version {version} is for `{made_for}`, and the run has another client\n\
         help: make it with the constructor of `Code` for the client that runs it"
    )
}

pub(super) fn reserved_client(
    f: &mut Formatter<'_>,
    version: Version,
    client: &str,
    constructor: &str,
) -> Result {
    write!(
        f,
        "the code of version {version} is made for a driver of your own under the name `{client}`, which belongs to \
         a built-in one\nhelp: make it with `Code::{constructor}`, or give your driver another name"
    )
}

pub(super) fn other_dialect(f: &mut Formatter<'_>, set: &str, database: &str) -> Result {
    write!(
        f,
        "the migrations are for {set}, as their `dialect` says, and this database is {database}\n\
         help: connect to the database that they are for, or remove `dialect` if they are for both"
    )
}
