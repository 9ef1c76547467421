//! The outcome of a step, as a driver replies it.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::ExchangeError;

/// The outcome of a [`Step`](super::Step).
#[derive(Debug)]
pub struct Reply {
    pub(super) outcome: Outcome,
    pub(super) elapsed: Duration,
}

#[derive(Debug)]
pub(super) enum Outcome {
    Rows(Vec<ResultSet>),
    Failed(Box<DbError>),
    Lost(Box<dyn StdError + Send + Sync>),
    Slept,
}

impl Reply {
    /// Turns the answer of [`Connection::exchange`](crate::Connection::exchange) or
    /// [`Connection::call`](crate::Connection::call) into a reply.
    pub fn answered(outcome: Result<Vec<ResultSet>, ExchangeError>, elapsed: Duration) -> Reply {
        match outcome {
            Ok(results) => Reply::rows(results, elapsed),
            Err(ExchangeError::Database(error)) => Reply::failed(*error, elapsed),
            Err(ExchangeError::Lost(source)) => Reply::lost(source, elapsed),
        }
    }

    /// Replies that all statements of the message succeeded, with a result for each, also for those without rows.
    pub fn rows(results: Vec<ResultSet>, elapsed: Duration) -> Reply {
        Reply { outcome: Outcome::Rows(results), elapsed }
    }

    /// Replies that the database refused a statement, and ran nothing of the message after it.
    pub fn failed(error: DbError, elapsed: Duration) -> Reply {
        Reply { outcome: Outcome::Failed(Box::new(error)), elapsed }
    }

    /// Replies that the connection is lost, and the answer with it.
    pub fn lost(source: impl Into<Box<dyn StdError + Send + Sync>>, elapsed: Duration) -> Reply {
        Reply { outcome: Outcome::Lost(source.into()), elapsed }
    }

    /// Replies that the time of a [`Step::Sleep`](super::Step::Sleep) has passed.
    pub fn slept() -> Reply {
        Reply { outcome: Outcome::Slept, elapsed: Duration::ZERO }
    }
}

/// The rows of one statement, as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResultSet(Vec<Vec<Option<String>>>);

impl ResultSet {
    /// Makes a result of these rows; `None` is NULL.
    pub fn new(rows: Vec<Vec<Option<String>>>) -> ResultSet {
        ResultSet(rows)
    }

    /// Adds a row.
    pub fn push(&mut self, row: Vec<Option<String>>) {
        self.0.push(row);
    }

    /// Returns the rows.
    pub fn rows(&self) -> impl Iterator<Item = &[Option<String>]> {
        self.0.iter().map(Vec::as_slice)
    }

    /// Returns a value of the first row; `None` if it is NULL or missing.
    pub(crate) fn value(&self, column: usize) -> Option<&str> {
        self.0.first()?.get(column)?.as_deref()
    }

    /// Returns a truth value of the first row.
    pub(crate) fn is_true(&self, column: usize) -> bool {
        self.value(column).is_some_and(is_truth)
    }
}

/// Reads a truth value as databases write them.
pub(crate) fn is_truth(text: &str) -> bool {
    matches!(text, "t" | "true" | "on" | "1")
}

/// The place of an error in a message, as a database counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Position {
    /// Characters, from 1.
    Character(usize),
    /// Bytes, from 0.
    Byte(usize),
}

impl Position {
    /// Converts it to bytes of the message, from 0.
    pub(super) fn bytes(self, message: &str) -> usize {
        match self {
            Position::Byte(at) => at,
            Position::Character(at) => {
                message.char_indices().nth(at.saturating_sub(1)).map_or(message.len(), |(byte, _)| byte)
            }
        }
    }
}

/// Error of a database that refuses a statement.
///
/// Drivers build it with `..DbError::default()`, which is why it is not `#[non_exhaustive]`: write the fields that way,
/// and new ones will not break your driver.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DbError {
    /// SQLSTATE, or SQLite's extended result code.
    pub code: String,
    /// The message.
    pub message: String,
    /// Details of the error.
    pub detail: Option<String>,
    /// The database's advice.
    pub hint: Option<String>,
    /// The functions and triggers in which the error happened.
    pub context: Option<String>,
    /// The schema of the table or constraint.
    pub schema: Option<String>,
    /// The table.
    pub table: Option<String>,
    /// The constraint.
    pub constraint: Option<String>,
    /// The place in the message.
    pub position: Option<Position>,
    /// The number of statements of the message that succeeded, where the driver can know it.
    pub completed: Option<usize>,
    /// The error of the driver or of the code, which becomes the source of [`Error`](crate::Error).
    pub source: Option<Source>,
}

/// An error of a driver, or of a migration's code, that a [`DbError`] was made from.
#[derive(Clone, Debug)]
pub struct Source(Arc<dyn StdError + Send + Sync>);

impl<E: Into<Box<dyn StdError + Send + Sync>>> From<E> for Source {
    fn from(error: E) -> Source {
        Source(Arc::from(error.into()))
    }
}

impl PartialEq for Source {
    /// Returns true for the same error, not for another of the same text.
    fn eq(&self, other: &Source) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Source {}

impl DbError {
    /// Returns the error that it was made from.
    pub(crate) fn cause(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_ref().map(|source| &*source.0 as &(dyn StdError + 'static))
    }

    /// Removes everything that may hold values of rows: the detail, the context, and a message that quotes values (data
    /// exceptions) or is somebody's own (`RAISE`).
    pub(crate) fn without_values(self) -> DbError {
        let quotes = self.code.len() == 5 && ["22", "P0"].iter().any(|class| self.code.starts_with(class));
        if quotes {
            return self.without_words();
        }
        DbError { detail: None, context: None, source: None, ..self }
    }

    /// Removes all words of the database.
    pub(crate) fn without_words(self) -> DbError {
        let message = "its words are left out, for they may hold values of rows".to_owned();
        DbError { message, detail: None, hint: None, context: None, source: None, ..self }
    }

    /// Writes everything but the message, a line each.
    pub(crate) fn fmt_details(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            ("code", Some(&self.code).filter(|code| !code.is_empty())),
            ("detail", self.detail.as_ref()),
            ("hint", self.hint.as_ref()),
            ("constraint", self.constraint.as_ref()),
            ("context", self.context.as_ref()),
        ];
        parts
            .into_iter()
            .filter_map(|(name, text)| Some((name, text?)))
            .try_for_each(|(name, text)| write!(f, "\n{name}: {}", text.replace('\n', "\n  ")))
    }
}
