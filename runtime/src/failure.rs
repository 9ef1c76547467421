use std::fmt;

use gapless_core::{Location, Migration, Syntax, Version, snippet, split};

use crate::engine::DbError;

/// A migration that the database refused.
#[derive(Clone, Debug)]
pub struct Failure {
    version: Version,
    name: String,
    path: String,
    error: DbError,
    place: Option<Place>,
    no_transaction: bool,
    half_done: bool,
    back: bool,
    /// Whether the transaction was over before its end.
    left_behind: bool,
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
        let no_transaction = migration.directives().no_transaction();
        let (version, name) = (migration.version(), migration.name().to_owned());
        Failure {
            version,
            name,
            path,
            error,
            place,
            no_transaction,
            half_done: false,
            back: false,
            left_behind: false,
        }
    }

    /// The same of the way back.
    pub(crate) fn back(migration: &Migration, error: DbError, at: Option<usize>, syntax: Syntax) -> Failure {
        let failure = Failure::new(migration, error, None, syntax);
        let Some(down) = migration.down() else { return failure };
        let path = migration.package().map_or(String::new(), |package| format!("{package}: ")) + down.path();
        let place = at.map(|at| Place::new(&path, down.sql(), at, syntax));
        let no_transaction = down.directives().no_transaction();
        Failure { path, place, no_transaction, back: true, ..failure }
    }

    /// The statement may have committed a part of its work.
    pub(crate) fn half_done(self) -> Failure {
        Failure { half_done: true, ..self }
    }

    /// The transaction was over before its end, so that some of it is committed.
    pub(crate) fn left_behind(self) -> Failure {
        Failure { left_behind: true, ..self }
    }

    pub(crate) fn is_half_done(&self) -> bool {
        self.half_done
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

    /// What the database said.
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
        let kept = if self.left_behind {
            "what it had done by then is committed, and with it the record: look at the database; do not end the \
             transaction in the code"
        } else if self.half_done {
            "it may have committed a part of its work: look at the database, then start once with `.resolve(...)`"
        } else if self.no_transaction && self.back {
            "its statements before this one stay done, and would be repeated: mend the file so that it can begin \
             there, and start again"
        } else if self.no_transaction {
            "its statements before this one stay done and will not be repeated; mend the file and start again"
        } else {
            "nothing of it was kept; mend the file and start again"
        };
        write!(f, "\nhelp: {kept}")
    }
}
