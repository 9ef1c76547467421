//! Connects a run to `mysql::Conn` and `mysql::PooledConn`.

use mysql::prelude::{Protocol, Queryable};
use mysql::{Conn, PooledConn, QueryResult, Row, TxOpts, Value};

use super::messages_mysql::{ends_session, text};
use super::{Connection, ExchangeError, code_failed, unsuited};
use crate::code::Inner;
use crate::engine::{Call, DbError, Dialect, Mysql, ResultSet};

impl Connection for Conn {
    fn dialect(&self) -> &'static dyn Dialect {
        &Mysql
    }

    fn runs(&self) -> &'static str {
        "mysql::Conn"
    }

    fn exchange(&mut self, message: &str) -> Result<Vec<ResultSet>, ExchangeError> {
        exchange(self, message)
    }

    fn call(&mut self, call: &mut Call) -> Result<Vec<ResultSet>, ExchangeError> {
        if let Inner::MysqlOutside(code) = &call.code.0 {
            exchange(self, &call.before)?;
            (code.lock())(self).map_err(|error| code_failed(error, is_lost, said))?;
            return exchange(self, &call.after);
        }
        let Inner::Mysql(code) = &call.code.0 else { return Err(unsuited(call)) };
        let refused = |error| exchange_error(error, None);
        // Dropped, it rolls back.
        let mut transaction = self.start_transaction(TxOpts::default()).map_err(refused)?;
        exchange(&mut transaction, &call.before)?;
        (code.lock())(&mut transaction).map_err(|error| code_failed(error, is_lost, said))?;
        let results = exchange(&mut transaction, &call.after)?;
        transaction.commit().map_err(refused)?;
        Ok(results)
    }
}

/// The connection goes back to its pool when the caller drops it.
impl Connection for PooledConn {
    fn dialect(&self) -> &'static dyn Dialect {
        &Mysql
    }

    fn runs(&self) -> &'static str {
        "mysql::Conn"
    }

    fn exchange(&mut self, message: &str) -> Result<Vec<ResultSet>, ExchangeError> {
        exchange(self, message)
    }

    fn call(&mut self, call: &mut Call) -> Result<Vec<ResultSet>, ExchangeError> {
        Connection::call(AsMut::<Conn>::as_mut(self), call)
    }
}

fn exchange(client: &mut impl Queryable, message: &str) -> Result<Vec<ResultSet>, ExchangeError> {
    if message.is_empty() {
        return Ok(Vec::new());
    }
    let answer = client.query_iter(message).map_err(|error| exchange_error(error, Some(0)))?;
    read(answer)
}

/// Reads all results, also those of statements without rows: an error may come behind any.
fn read<P: Protocol>(mut answer: QueryResult<'_, '_, '_, P>) -> Result<Vec<ResultSet>, ExchangeError> {
    let mut results = Vec::new();
    while let Some(set) = answer.iter() {
        let mut result = ResultSet::default();
        for row in set {
            result.push(line(row.map_err(|error| exchange_error(error, Some(results.len())))?));
        }
        results.push(result);
    }
    Ok(results)
}

/// The text protocol answers in text.
fn line(row: Row) -> Vec<Option<String>> {
    let value = |value: Value| match value {
        Value::NULL => None,
        Value::Bytes(bytes) => Some(text(bytes)),
        other => Some(other.as_sql(true)),
    };
    row.unwrap().into_iter().map(value).collect()
}

/// Returns the error of a message of which `completed` statements had ended well, if that is known.
fn exchange_error(error: mysql::Error, completed: Option<usize>) -> ExchangeError {
    match said(&error) {
        Some(said) if !is_lost(&error) => {
            ExchangeError::Database(Box::new(DbError { completed, source: Some(error.into()), ..said }))
        }
        _ => ExchangeError::Lost(Box::new(error)),
    }
}

/// Returns true if the connection is of no use any more.
fn is_lost(error: &mysql::Error) -> bool {
    match error {
        mysql::Error::MySqlError(said) => ends_session(said.code),
        other => other.is_connectivity_error(),
    }
}

fn said(error: &mysql::Error) -> Option<DbError> {
    let mysql::Error::MySqlError(said) = error else { return None };
    Some(DbError { code: said.code.to_string(), message: said.message.clone(), ..DbError::default() })
}
