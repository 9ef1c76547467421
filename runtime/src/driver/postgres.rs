use postgres::error::{ErrorPosition, Severity};
use postgres::{Client, SimpleQueryMessage, SimpleQueryRow};

use super::{Connection, ExchangeError};
use crate::engine::{DbError, Dialect, Position, Postgres, ResultSet};

impl Connection for Client {
    fn dialect(&self) -> &'static dyn Dialect {
        &Postgres
    }

    fn exchange(&mut self, message: &str) -> Result<Vec<ResultSet>, ExchangeError> {
        match self.simple_query(message) {
            Ok(messages) => Ok(results(&messages)),
            Err(error) => Err(match error.as_db_error() {
                // The server says goodbye with an error, before the client notices that it is closed.
                Some(said) if is_last_word(said) => ExchangeError::Lost(Box::new(said.clone())),
                Some(said) if !self.is_closed() => ExchangeError::Database(Box::new(db_error(said))),
                _ => ExchangeError::Lost(Box::new(error)),
            }),
        }
    }
}

/// A result for each completed statement.
fn results(messages: &[SimpleQueryMessage]) -> Vec<ResultSet> {
    let mut results = Vec::new();
    let mut open = ResultSet::default();
    for message in messages {
        match message {
            SimpleQueryMessage::Row(row) => open.push(text(row)),
            SimpleQueryMessage::CommandComplete(_) => results.push(std::mem::take(&mut open)),
            _ => {}
        }
    }
    results
}

fn text(row: &SimpleQueryRow) -> Vec<Option<String>> {
    (0..row.len()).map(|column| row.get(column).map(str::to_owned)).collect()
}

fn is_last_word(error: &postgres::error::DbError) -> bool {
    matches!(error.parsed_severity(), Some(Severity::Fatal | Severity::Panic))
}

fn db_error(error: &postgres::error::DbError) -> DbError {
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
        // The client drops what came before an error.
        completed: None,
    }
}
