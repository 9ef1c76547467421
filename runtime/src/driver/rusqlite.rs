//! Connects a run to `rusqlite::Connection`.

use std::time::Duration;

use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::types::ValueRef;
use rusqlite::{Batch, DropBehavior, Row, Statement, Transaction, TransactionBehavior};

use super::{Connection, ExchangeError, code_failed, unsuited};
use crate::code::Inner;
use crate::dialect::{LEFT, OPEN};
use crate::engine::{Call, DbError, Dialect, Position, ResultSet, Sqlite};

impl Connection for rusqlite::Connection {
    fn dialect(&self) -> &'static dyn Dialect {
        &Sqlite
    }

    fn runs(&self) -> &'static str {
        "rusqlite::Connection"
    }

    fn in_transaction(&self) -> bool {
        !self.is_autocommit()
    }

    fn exchange(&mut self, message: &str) -> Result<Vec<ResultSet>, ExchangeError> {
        batch(self, message)
    }

    fn call(&mut self, call: &mut Call) -> Result<Vec<ResultSet>, ExchangeError> {
        if let Inner::RusqliteOutside(code) = &call.code.0 {
            let said = |error: &rusqlite::Error| Some(db_error(error, "", 0));
            (code.lock())(self).map_err(|error| code_failed(error, |_| false, said))?;
            if !self.is_autocommit() {
                let error = DbError { message: OPEN.to_owned(), ..DbError::default() };
                return Err(ExchangeError::Database(Box::new(error)));
            }
            return Ok(Vec::new());
        }
        let Inner::Rusqlite(code) = &call.code.0 else { return Err(unsuited(call)) };
        let refused = |error: rusqlite::Error| refused(error, "", 0);
        let timeout = BusyTimeout::of(self);
        timeout.shorten(self);
        let begun = Transaction::new_unchecked(self, TransactionBehavior::Immediate);
        timeout.put_back(self);
        let mut transaction = begun.map_err(refused)?;
        batch(&transaction, &call.before)?;
        let said = |error: &rusqlite::Error| Some(db_error(error, "", 0));
        let outcome = (code.lock())(&mut transaction).map_err(|error| code_failed(error, |_| false, said));
        if transaction.is_autocommit() {
            // Dropped, it would roll back what is not there.
            transaction.set_drop_behavior(DropBehavior::Ignore);
            let error = DbError { message: LEFT.to_owned(), ..DbError::default() };
            return Err(ExchangeError::Database(Box::new(error)));
        }
        outcome?;
        let results = batch(&transaction, &call.after)?;
        transaction.commit().map_err(refused)?;
        Ok(results)
    }
}

/// The client's busy timeout. SQLite waits that long for a lock in the middle of a message, where the run can neither
/// tell of the wait nor be cancelled; so the lock that begins a transaction is asked for briefly, and by the run again.
/// Inside of a transaction the client's own time holds: a commit that gives up early repeats the whole migration.
#[derive(Clone, Copy)]
struct BusyTimeout(Option<Duration>);

const BRIEFLY: Duration = Duration::from_millis(100);

impl BusyTimeout {
    /// Reads the timeout. One that is as short already stays as it is, and so does a handler of the client's own, which
    /// SQLite shows as no timeout and nobody could put back.
    fn of(connection: &rusqlite::Connection) -> BusyTimeout {
        let own = connection.pragma_query_value(None, "busy_timeout", |row| row.get::<_, u32>(0));
        BusyTimeout(own.ok().map(|own| Duration::from_millis(own.into())).filter(|own| *own > BRIEFLY))
    }

    /// Shortens the timeout outside of a transaction.
    fn shorten(self, connection: &rusqlite::Connection) {
        if self.0.is_some() && connection.is_autocommit() {
            // SQLite refuses no timeout.
            let _ = connection.busy_timeout(BRIEFLY);
        } else {
            self.put_back(connection);
        }
    }

    fn put_back(self, connection: &rusqlite::Connection) {
        let _ = self.0.map(|own| connection.busy_timeout(own));
    }
}

fn batch(connection: &rusqlite::Connection, message: &str) -> Result<Vec<ResultSet>, ExchangeError> {
    let timeout = BusyTimeout::of(connection);
    let answer = statements(connection, message, timeout);
    timeout.put_back(connection);
    answer
}

fn statements(
    connection: &rusqlite::Connection,
    message: &str,
    timeout: BusyTimeout,
) -> Result<Vec<ResultSet>, ExchangeError> {
    let mut results = Vec::new();
    let mut batch = Batch::new(connection, message);
    loop {
        timeout.shorten(connection);
        let result = match batch.next() {
            Ok(Some(mut statement)) => rows(&mut statement),
            Ok(None) => return Ok(results),
            Err(error) => Err(error),
        };
        match result {
            Ok(result) => results.push(result),
            Err(error) => return Err(refused(error, message, results.len())),
        }
    }
}

fn rows(statement: &mut Statement<'_>) -> rusqlite::Result<ResultSet> {
    let columns = statement.column_count();
    let mut result = ResultSet::default();
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        result.push((0..columns).map(|column| text(row, column)).collect::<rusqlite::Result<_>>()?);
    }
    Ok(result)
}

fn text(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<String>> {
    Ok(match row.get_ref(column)? {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
    })
}

fn refused(error: rusqlite::Error, message: &str, completed: usize) -> ExchangeError {
    let said = db_error(&error, message, completed);
    ExchangeError::Database(Box::new(DbError { source: Some(error.into()), ..said }))
}

fn db_error(error: &rusqlite::Error, message: &str, completed: usize) -> DbError {
    let (code, said, position) = match error {
        rusqlite::Error::SqlInputError { error, msg, sql, offset } => {
            // The text is what was left of the message when the statement began.
            let begun = message.len().saturating_sub(sql.len());
            let at = usize::try_from(*offset).ok().map(|offset| Position::Byte(begun + offset));
            (error.extended_code, msg.clone(), at)
        }
        rusqlite::Error::SqliteFailure(error, said) => {
            (error.extended_code, said.clone().unwrap_or_else(|| error.to_string()), None)
        }
        other => (0, other.to_string(), None),
    };
    DbError {
        code: code.to_string(),
        message: said,
        position,
        completed: Some(completed),
        ..DbError::default()
    }
}
