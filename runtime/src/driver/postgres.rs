use postgres::error::ErrorPosition;
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
            Err(error) => match error.as_db_error() {
                Some(said) if !self.is_closed() => Err(ExchangeError::Database(Box::new(db_error(said)))),
                _ => Err(ExchangeError::Lost(Box::new(error))),
            },
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
