//! Reads the answers of `postgres` and `tokio-postgres`, which share their types.

use tokio_postgres::error::{DbError as ServerError, ErrorPosition, Severity};
use tokio_postgres::{SimpleQueryMessage, SimpleQueryRow};

use super::ExchangeError;
use crate::engine::{DbError, Position, ResultSet};

/// The results of the completed statements.
#[derive(Debug, Default)]
pub(super) struct Results {
    complete: Vec<ResultSet>,
    open: ResultSet,
}

impl Results {
    pub(super) fn push(&mut self, message: &SimpleQueryMessage) {
        match message {
            SimpleQueryMessage::Row(row) => self.open.push(text(row)),
            SimpleQueryMessage::CommandComplete(_) => self.complete.push(std::mem::take(&mut self.open)),
            _ => {}
        }
    }

    pub(super) fn complete(self) -> Vec<ResultSet> {
        self.complete
    }

    #[cfg(feature = "tokio-postgres")]
    pub(super) fn completed(&self) -> usize {
        self.complete.len()
    }
}

fn text(row: &SimpleQueryRow) -> Vec<Option<String>> {
    (0..row.len()).map(|column| row.get(column).map(str::to_owned)).collect()
}

/// Returns the error of a message of which `completed` statements had ended well, if the driver knows that.
pub(super) fn exchange_error(
    error: tokio_postgres::Error,
    closed: bool,
    completed: Option<usize>,
) -> ExchangeError {
    let said = match error.as_db_error() {
        // The server says goodbye with an error, before the client notices that it is closed.
        Some(said) if is_last_word(said) => return ExchangeError::Lost(Box::new(said.clone())),
        Some(said) if !closed => db_error(said),
        _ => return ExchangeError::Lost(Box::new(error)),
    };
    ExchangeError::Database(Box::new(DbError { completed, source: Some(error.into()), ..said }))
}

/// Returns true if the code of a migration has lost the connection; other errors of the client do not count.
pub(super) fn is_lost(error: &tokio_postgres::Error) -> bool {
    error.is_closed() || error.as_db_error().is_some_and(is_last_word)
}

/// Returns the server's error behind an error of a migration's code.
pub(super) fn said(error: &tokio_postgres::Error) -> Option<DbError> {
    error.as_db_error().map(db_error)
}

fn is_last_word(error: &ServerError) -> bool {
    matches!(error.parsed_severity(), Some(Severity::Fatal | Severity::Panic))
}

fn db_error(error: &ServerError) -> DbError {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    DbError {
        code: error.code().code().to_owned(),
        message: error.message().to_owned(),
        detail: owned(error.detail()),
        hint: owned(error.hint()),
        context: owned(error.where_()),
        schema: owned(error.schema()),
        table: owned(error.table()),
        constraint: owned(error.constraint()),
        position: match error.position() {
            Some(ErrorPosition::Original(at)) => usize::try_from(*at).ok().map(Position::Character),
            _ => None,
        },
        completed: None,
        source: None,
    }
}
