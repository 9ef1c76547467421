use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// What came of a [`Step`](super::Step).
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
    /// All statements of the message ended well: a result for each, also for those without rows.
    pub fn rows(results: Vec<ResultSet>, elapsed: Duration) -> Reply {
        Reply { outcome: Outcome::Rows(results), elapsed }
    }

    /// The database refused a statement; it ran nothing of the message after it.
    pub fn failed(error: DbError, elapsed: Duration) -> Reply {
        Reply { outcome: Outcome::Failed(Box::new(error)), elapsed }
    }

    /// The connection is gone, and with it the answer.
    pub fn lost(source: impl Into<Box<dyn StdError + Send + Sync>>, elapsed: Duration) -> Reply {
        Reply { outcome: Outcome::Lost(source.into()), elapsed }
    }

    /// The time of a [`Step::Sleep`](super::Step::Sleep) has passed.
    pub fn slept() -> Reply {
        Reply { outcome: Outcome::Slept, elapsed: Duration::ZERO }
    }
}

/// The rows of one statement, as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResultSet(Vec<Vec<Option<String>>>);

impl ResultSet {
    /// A result with these rows; `None` is NULL.
    pub fn new(rows: Vec<Vec<Option<String>>>) -> ResultSet {
        ResultSet(rows)
    }

    /// Adds a row.
    pub fn push(&mut self, row: Vec<Option<String>>) {
        self.0.push(row);
    }

    /// The rows.
    pub fn rows(&self) -> impl Iterator<Item = &[Option<String>]> {
        self.0.iter().map(Vec::as_slice)
    }

    /// A value of the first row; `None` is NULL, or not there.
    pub(crate) fn value(&self, column: usize) -> Option<&str> {
        self.0.first()?.get(column)?.as_deref()
    }

    /// A truth value of the first row.
    pub(crate) fn is_true(&self, column: usize) -> bool {
        self.value(column).is_some_and(is_truth)
    }
}

/// A truth value as databases write them.
pub(crate) fn is_truth(text: &str) -> bool {
    matches!(text, "t" | "true" | "on" | "1")
}

/// Where in a message an error lies, as a database counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Position {
    /// Characters, from 1.
    Character(usize),
    /// Bytes, from 0.
    Byte(usize),
}

impl Position {
    /// In bytes of the message, from 0.
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
    /// What is wrong.
    pub message: String,
    /// More about it.
    pub detail: Option<String>,
    /// What to do, as the database sees it.
    pub hint: Option<String>,
    /// Where it happened inside of functions and triggers.
    pub context: Option<String>,
    /// The schema of the table or constraint.
    pub schema: Option<String>,
    /// The table.
    pub table: Option<String>,
    /// The constraint.
    pub constraint: Option<String>,
    /// Where in the message.
    pub position: Option<Position>,
    /// How many statements of the message had ended well, where the driver can know it.
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

    /// Without what may be values of rows: the detail, the context, and the message where it quotes values (data
    /// exceptions) or is somebody's own (`RAISE`).
    pub(crate) fn without_values(self) -> DbError {
        let quotes = self.code.len() == 5 && ["22", "P0"].iter().any(|class| self.code.starts_with(class));
        if quotes {
            return self.without_words();
        }
        DbError { detail: None, context: None, source: None, ..self }
    }

    /// Without any words of it.
    pub(crate) fn without_words(self) -> DbError {
        let message = "its words are left out, for they may hold values of rows".to_owned();
        DbError { message, detail: None, hint: None, context: None, source: None, ..self }
    }

    /// Everything but the message, a line each.
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
