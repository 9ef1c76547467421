//! The failure of one migration, with the place in its file.

use std::fmt;

use gapless_core::{Directives, Location, Migration, Syntax, Version, snippet, split};

use crate::engine::DbError;
use crate::report::event::Holder;
use crate::report::remedy::Remedy;

/// A migration that the database refused.
#[derive(Clone, Debug)]
pub struct Failure {
    version: Version,
    name: String,
    path: String,
    error: DbError,
    place: Option<Place>,
    manner: Manner,
    remedy: Remedy,
    /// Whether it was taken back.
    back: bool,
    aftermath: Box<Aftermath>,
}

/// What the database was asked afterwards.
#[derive(Clone, Debug, Default)]
pub(crate) struct Aftermath {
    /// Indexes that it left behind, and that are invalid.
    pub(crate) invalid: Vec<String>,
    /// Who had a lock on what it names, and which.
    pub(crate) blocker: Option<(Holder, String)>,
}

/// How it ran, which decides what was kept of it.
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
    /// As code that has ended it.
    LeftBehind,
    /// As a script that has ended it, with the record or without.
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
}

/// Where in the file.
#[derive(Clone, Debug)]
struct Place {
    location: Location,
    /// Which statement, counted from 1, of how many.
    statement: Option<(usize, usize)>,
    shown: String,
}

impl Failure {
    /// `at` is the place in bytes of the migration's script, where it is known.
    pub(crate) fn new(migration: &Migration, error: DbError, at: Option<usize>, syntax: Syntax) -> Failure {
        let path = migration.file();
        let place = at.map(|at| Place::new(&path, migration.sql(), at, syntax));
        let (version, name) = (migration.version(), migration.name().to_owned());
        let manner = Manner::of(migration.directives());
        let remedy = Remedy::of(&error);
        let aftermath = Box::default();
        Failure { version, name, path, error, place, manner, remedy, back: false, aftermath }
    }

    /// The same of the way back.
    pub(crate) fn back(migration: &Migration, error: DbError, at: Option<usize>, syntax: Syntax) -> Failure {
        let failure = Failure::new(migration, error, None, syntax);
        let Some(down) = migration.down() else { return failure };
        let path = migration.package().map_or(String::new(), |package| format!("{package}: ")) + down.path();
        let place = at.map(|at| Place::new(&path, down.sql(), at, syntax));
        let manner = Manner::of(down.directives());
        Failure { path, place, manner, back: true, ..failure }
    }

    /// The statement may have committed a part of its work.
    pub(crate) fn half_done(self) -> Failure {
        Failure { manner: Manner::HalfDone, ..self }
    }

    /// The transaction was over before its end, so that some of it is committed.
    pub(crate) fn left_behind(self) -> Failure {
        Failure { manner: Manner::LeftBehind, ..self }
    }

    /// The transaction was over before the end of its script.
    pub(crate) fn ended(self, recorded: bool) -> Failure {
        Failure { manner: Manner::Ended { recorded }, ..self }
    }

    pub(crate) fn with_aftermath(self, aftermath: Aftermath) -> Failure {
        Failure { aftermath: Box::new(aftermath), ..self }
    }

    pub(crate) fn is_back(&self) -> bool {
        self.back
    }

    /// Whether it ran statement by statement.
    pub(crate) fn is_step(&self) -> bool {
        self.manner == Manner::Steps
    }

    /// The database had no history when the run began.
    pub(crate) fn without_history(self) -> Failure {
        let known = self.back || !Remedy::is_of_existing(&self.error);
        Failure { remedy: if known { self.remedy } else { Remedy::History }, ..self }
    }

    /// Without what may be values of rows.
    pub(crate) fn without_values(self) -> Failure {
        let error = if self.is_code() { self.error.without_words() } else { self.error.without_values() };
        Failure { error, ..self }
    }

    /// Whether something of it may have been kept.
    pub(crate) fn is_half_done(&self) -> bool {
        matches!(self.manner, Manner::HalfDone | Manner::Ended { .. })
    }

    /// Whether it is a migration in Rust, which may have ended its transaction by itself.
    pub(crate) fn is_code(&self) -> bool {
        self.manner == Manner::Code
    }

    /// The version.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The description of its file name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its file, relative to the embedding crate.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The line and column in the file, where the database gave a position.
    pub fn location(&self) -> Option<Location> {
        self.place.as_ref().map(|place| place.location)
    }

    /// Which statement of the file, counted from 1, where that is known.
    pub fn statement(&self) -> Option<usize> {
        self.place.as_ref().and_then(|place| place.statement).map(|(number, _)| number)
    }

    /// After a lock timeout or a deadlock, a session that still had a lock on a table that the statement names.
    pub fn blocker(&self) -> Option<&Holder> {
        self.aftermath.blocker.as_ref().map(|(holder, _)| holder)
    }

    /// The invalid indexes that a failed `CREATE INDEX CONCURRENTLY` or `REINDEX` has left behind.
    pub fn invalid_indexes(&self) -> &[String] {
        &self.aftermath.invalid
    }

    /// Returns the error of the database.
    pub fn database_error(&self) -> &DbError {
        &self.error
    }
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

/// How many bytes to underline: the word that begins here, or one character.
fn word_length(sql: &str, at: usize) -> usize {
    let rest = sql.get(at..).unwrap_or_default();
    let word = rest.find(|char: char| !(char.is_alphanumeric() || char == '_')).unwrap_or(rest.len());
    word.max(rest.chars().next().map_or(0, char::len_utf8))
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.back { "taking back migration" } else { "migration" };
        write!(f, "{what} {} `{}` failed: {}", self.version, self.name, self.error.message)?;
        match &self.place {
            Some(place) => write!(f, "\n{}", place.shown)?,
            None => write!(f, "\n --> {}", self.path)?,
        }
        if let Some((number, of)) =
            self.place.as_ref().and_then(|place| place.statement).filter(|(_, of)| *of > 1)
        {
            write!(f, "\nstatement {number} of {of}")?;
        }
        self.error.fmt_details(f)?;
        let Aftermath { invalid, blocker } = &*self.aftermath;
        if let Some((holder, lock)) = blocker {
            write!(f, "\nnote: {lock} is held by {holder}")?;
        }
        if !invalid.is_empty() {
            write!(
                f,
                "\nnote: left behind and invalid, while writes still maintain it: {}",
                invalid.join(", ")
            )?;
            if !self.back {
                f.write_str("; the next run drops it before it builds it again")?;
            }
        }
        let kept = match self.manner {
            Manner::LeftBehind => {
                "what it had done by then is committed, and with it the record: look at the database; do not end the \
                 transaction in the code"
            }
            Manner::Ended { recorded: true } => {
                "its transaction ended inside of its script: what it had done by then is committed, and with it the \
                 record; do the rest by hand, or undo what was done and delete its row from the tracker"
            }
            Manner::Ended { recorded: false } => {
                "its transaction ended inside of its script, and what it had done by then may be committed: look at \
                 the database before you run again"
            }
            Manner::HalfDone => {
                "it may have committed a part of its work: look at the database, then start once with `.resolve(...)`"
            }
            Manner::Steps => "its statements before this one stay done and will not be repeated",
            Manner::CodeOutside => "what it did before is kept, and it is run again",
            Manner::Transaction | Manner::Code => "it was rolled back",
        };
        let own = match self.manner {
            Manner::LeftBehind | Manner::HalfDone | Manner::Ended { .. } => {
                return write!(f, "\nhelp: {kept}");
            }
            Manner::Code | Manner::CodeOutside => "fix the code and run again",
            Manner::Steps | Manner::Transaction => "fix the file and run again",
        };
        write!(f, "\nhelp: {kept}; {}", self.remedy.text(own))
    }
}
