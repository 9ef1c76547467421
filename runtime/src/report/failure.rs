//! The failure of one migration, with its place in the file.

use std::fmt;

use gapless_core::{Directives, Location, Migration, Syntax, Version, snippet, split};

use crate::engine::DbError;
use crate::report::event::Holder;
use crate::report::near;
use crate::report::remedy::Remedy;

/// Failure of a migration that the database refused.
#[derive(Clone, Debug)]
pub struct Failure {
    version: Version,
    name: String,
    path: String,
    error: DbError,
    place: Option<Place>,
    manner: Manner,
    /// The database's.
    syntax: Syntax,
    /// True for a migration in Rust, whose error is in the code's own words.
    rust: bool,
    remedy: Remedy,
    /// True for the down script of a rollback.
    back: bool,
    aftermath: Box<Aftermath>,
}

/// Facts that the run asks the database for after a failure.
#[derive(Clone, Debug, Default)]
pub(crate) struct Aftermath {
    /// Invalid indexes that the migration has left behind.
    pub(crate) invalid: Vec<String>,
    /// The session that holds a lock on a table of the statement, and the lock.
    pub(crate) blocker: Option<(Holder, String)>,
}

/// The way in which it ran, which decides how much of it was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    Transaction,
    /// Statement by statement.
    Steps,
    /// In a statement that may have committed a part of its work.
    HalfDone,
    /// As code, which may end the transaction by itself.
    Code,
    /// As code outside of a transaction, which may be run again.
    CodeOutside,
    /// As code that has ended the transaction.
    LeftBehind,
    /// As a script that has ended the transaction, with the record or without.
    Ended {
        recorded: bool,
    },
}

impl Manner {
    fn of(directives: Directives) -> Manner {
        match (directives.rust(), directives.no_transaction()) {
            (true, true) => Manner::CodeOutside,
            (true, false) => Manner::Code,
            (false, true) => Manner::Steps,
            (false, false) => Manner::Transaction,
        }
    }

    /// Returns a clause that says how much was kept.
    fn kept(self) -> &'static str {
        match self {
            Manner::LeftBehind => {
                "everything that it did until then is committed, and so is its record: look at the database, and do \
                 not end the transaction in the code"
            }
            Manner::Ended { recorded: true } => {
                "its transaction ended inside of its script: everything up to there is committed, and so is its \
                 record; do the rest by hand, or undo what was done and delete its row from the tracker"
            }
            Manner::Ended { recorded: false } => {
                "its transaction ended inside of its script, and everything up to there may be committed: look at \
                 the database before you run again"
            }
            Manner::HalfDone => {
                "it may have committed a part of its work: look at the database, then run once with `.resolve(...)`"
            }
            Manner::Steps => "the statements before this one stay done and will not be repeated",
            Manner::CodeOutside => "what it did before is kept, and the next run calls it again",
            Manner::Transaction | Manner::Code => "it was rolled back",
        }
    }

    /// Returns what to do if the migration itself is at fault; none if somebody has to look at the database first.
    fn own_fault(self) -> Option<&'static str> {
        match self {
            Manner::LeftBehind | Manner::HalfDone | Manner::Ended { .. } => None,
            Manner::Code | Manner::CodeOutside => Some("fix the code and run again"),
            Manner::Steps | Manner::Transaction => Some("fix the file and run again"),
        }
    }
}

/// A place in the file.
#[derive(Clone, Debug)]
struct Place {
    location: Location,
    /// The number of the statement, counted from 1, and the number of all statements.
    statement: Option<(usize, usize)>,
    shown: String,
}

impl Failure {
    /// Builds the failure of a migration; `at` is the place in bytes of its script, if it is known.
    pub(crate) fn new(migration: &Migration, error: DbError, at: Option<usize>, syntax: Syntax) -> Failure {
        let (error, at) = narrowed(error, migration.sql(), at, syntax);
        Failure::of(migration, error, at, syntax)
    }

    fn of(migration: &Migration, error: DbError, at: Option<usize>, syntax: Syntax) -> Failure {
        let path = migration.file();
        let place = at.map(|at| Place::new(&path, migration.sql(), at, syntax));
        let (version, name) = (migration.version(), migration.name().to_owned());
        let manner = Manner::of(migration.directives());
        let (rust, back) = (migration.directives().rust(), false);
        let remedy = Remedy::of(&error, syntax);
        let aftermath = Box::default();
        Failure { version, name, path, error, place, manner, syntax, rust, remedy, back, aftermath }
    }

    /// Builds the failure of a migration's down script.
    pub(crate) fn back(migration: &Migration, error: DbError, at: Option<usize>, syntax: Syntax) -> Failure {
        let Some(down) = migration.down() else { return Failure::of(migration, error, None, syntax) };
        let (error, at) = narrowed(error, down.sql(), at, syntax);
        let failure = Failure::of(migration, error, None, syntax);
        let path = migration.package().map_or(String::new(), |package| format!("{package}: ")) + down.path();
        let place = at.map(|at| Place::new(&path, down.sql(), at, syntax));
        let manner = Manner::of(down.directives());
        Failure { path, place, manner, rust: down.directives().rust(), back: true, ..failure }
    }

    /// Marks a script that ran statement by statement, whatever its file says.
    pub(crate) fn stepwise(self) -> Failure {
        let manner = if self.manner == Manner::Transaction { Manner::Steps } else { self.manner };
        Failure { manner, ..self }
    }

    /// Marks a statement that may have committed a part of its work.
    pub(crate) fn half_done(self) -> Failure {
        Failure { manner: Manner::HalfDone, ..self }
    }

    /// Marks code that has ended its transaction, so that some of its work is committed.
    pub(crate) fn left_behind(self) -> Failure {
        Failure { manner: Manner::LeftBehind, ..self }
    }

    /// Marks a script that has ended its transaction.
    pub(crate) fn ended(self, recorded: bool) -> Failure {
        Failure { manner: Manner::Ended { recorded }, ..self }
    }

    pub(crate) fn with_aftermath(self, aftermath: Aftermath) -> Failure {
        Failure { aftermath: Box::new(aftermath), ..self }
    }

    pub(crate) fn is_back(&self) -> bool {
        self.back
    }

    /// Returns true if it ran statement by statement.
    pub(crate) fn is_step(&self) -> bool {
        self.manner == Manner::Steps
    }

    /// Marks a database that had no history when the run began.
    pub(crate) fn without_history(self) -> Failure {
        let known = self.back || !Remedy::is_of_existing(&self.error, self.syntax);
        Failure { remedy: if known { self.remedy } else { Remedy::History }, ..self }
    }

    /// Removes everything that may be a value of a row.
    pub(crate) fn without_values(self) -> Failure {
        let error = if self.rust { self.error.without_words() } else { self.error.without_values() };
        Failure { error, ..self }
    }

    /// Returns true if some of it may be committed.
    pub(crate) fn is_half_done(&self) -> bool {
        matches!(self.manner, Manner::HalfDone | Manner::Ended { .. })
    }

    /// Returns true for code in a transaction, which it may have ended by itself.
    pub(crate) fn is_code(&self) -> bool {
        self.manner == Manner::Code
    }

    /// Returns the version.
    pub fn version(&self) -> Version {
        self.version
    }

    /// Returns the description from the file name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the file, relative to the embedding crate.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the line and column in the file, if the database gave a position.
    pub fn location(&self) -> Option<Location> {
        self.place.as_ref().map(|place| place.location)
    }

    /// Returns the number of the statement in the file, counted from 1, if it is known.
    pub fn statement(&self) -> Option<usize> {
        self.place.as_ref().and_then(|place| place.statement).map(|(number, _)| number)
    }

    /// Returns a session that still held a lock on a table of the statement after a lock timeout or a deadlock.
    pub fn blocker(&self) -> Option<&Holder> {
        self.aftermath.blocker.as_ref().map(|(holder, _)| holder)
    }

    /// Returns the invalid indexes that a failed `CREATE INDEX CONCURRENTLY` or `REINDEX` has left behind.
    pub fn invalid_indexes(&self) -> &[String] {
        &self.aftermath.invalid
    }

    /// Returns the error of the database.
    pub fn database_error(&self) -> &DbError {
        &self.error
    }
}

/// Returns the error without what it quotes from behind the script, and its place as exactly as it tells.
fn narrowed(error: DbError, sql: &str, at: Option<usize>, syntax: Syntax) -> (DbError, Option<usize>) {
    if syntax == Syntax::Mysql { near::narrowed(error, sql, at) } else { (error, at) }
}

impl Place {
    fn new(path: &str, sql: &str, at: usize, syntax: Syntax) -> Place {
        let statements = split(sql, syntax).unwrap_or_default();
        let number = statements.iter().filter(|statement| statement.span().start <= at).count();
        Place {
            location: Location::of(sql, at),
            statement: (number > 0).then_some((number, statements.len())),
            shown: snippet(path, sql, at..at + word_length(sql, at)),
        }
    }
}

/// Returns the number of bytes to underline: the word that begins here, or one character.
fn word_length(sql: &str, at: usize) -> usize {
    let rest = sql.get(at..).unwrap_or_default();
    let word = rest.find(|char: char| !(char.is_alphanumeric() || char == '_')).unwrap_or(rest.len());
    word.max(rest.chars().next().map_or(0, char::len_utf8))
}

impl Failure {
    /// Writes what became of it, behind the words that the run was cancelled.
    pub(crate) fn fmt_cancelled(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fmt_place(f)?;
        self.fmt_aftermath(f)?;
        let again = if self.manner.own_fault().is_some() { "; run again to go on" } else { "" };
        write!(f, "\nhelp: {}{again}", self.kept())
    }

    /// Returns a clause that says how much was kept.
    fn kept(&self) -> &'static str {
        match (self.manner, self.statement()) {
            (Manner::Steps, Some(1)) => "none of its statements is done",
            (manner, _) => manner.kept(),
        }
    }

    fn fmt_place(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(place) = &self.place else { return write!(f, "\n --> {}", self.path) };
        write!(f, "\n{}", place.shown)?;
        let one_of_several = place.statement.filter(|(_, of)| *of > 1);
        one_of_several.map_or(Ok(()), |(number, of)| write!(f, "\nstatement {number} of {of}"))
    }

    fn fmt_aftermath(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Aftermath { invalid, blocker } = &*self.aftermath;
        if let Some((holder, lock)) = blocker {
            write!(f, "\nnote: {lock} is held by {holder}")?;
        }
        if invalid.is_empty() {
            return Ok(());
        }
        write!(f, "\nnote: left behind and invalid, while writes still maintain it: {}", invalid.join(", "))?;
        if self.back { Ok(()) } else { f.write_str("; the next run drops it before it builds it again") }
    }

    fn fmt_help(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kept = self.kept();
        match self.manner.own_fault() {
            Some(way) => write!(f, "\nhelp: {kept}; {}", self.remedy.text(way)),
            None => write!(f, "\nhelp: {kept}"),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.back { "rolling back migration" } else { "migration" };
        write!(f, "{what} {} `{}` failed: {}", self.version, self.name, self.error.message)?;
        self.fmt_place(f)?;
        self.error.fmt_details(f)?;
        self.fmt_aftermath(f)?;
        self.fmt_help(f)
    }
}
