//! Connects a run to `mysql_async::Conn` and `mysql_async::Pool`.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, DriverError, Pool, Row, TxOpts, Value};

use super::messages_mysql::{ends_session, text};
use super::{AsyncClient, AsyncConnection, ExchangeError, code_failed, drive_async, not_lent, unsuited};
use crate::Error;
use crate::code::Inner;
use crate::engine::{Call, DbError, Dialect, Finished, Mysql, ResultSet, Run};
use crate::report::error::ErrorKind;

impl AsyncConnection for Conn {
    fn dialect(&self) -> &'static dyn Dialect {
        &Mysql
    }

    fn runs(&self) -> &'static str {
        "mysql_async::Conn"
    }

    async fn exchange(&mut self, message: &str) -> Result<Vec<ResultSet>, ExchangeError> {
        exchange(self, message).await
    }

    async fn call(&mut self, call: &mut Call) -> Result<Vec<ResultSet>, ExchangeError> {
        if let Inner::MysqlAsyncOutside(code) = &call.code.0 {
            exchange(self, &call.before).await?;
            let working = (code.lock())(self);
            working.await.map_err(|error| code_failed(error, is_lost, said))?;
            return exchange(self, &call.after).await;
        }
        let Inner::MysqlAsync(code) = &call.code.0 else { return Err(unsuited(call)) };
        let refused = |error| exchange_error(error, None);
        // Dropped, it rolls back before the next message.
        let mut transaction = self.start_transaction(TxOpts::default()).await.map_err(refused)?;
        exchange(&mut transaction, &call.before).await?;
        let working = (code.lock())(&mut transaction);
        working.await.map_err(|error| code_failed(error, is_lost, said))?;
        let results = exchange(&mut transaction, &call.after).await?;
        transaction.commit().await.map_err(refused)?;
        Ok(results)
    }

    async fn sleep(&mut self, pause: Duration) {
        tokio::time::sleep(pause).await;
    }
}

/// Runs on one connection of the pool.
impl AsyncClient for Pool {
    fn dialect(&self) -> &'static dyn Dialect {
        &Mysql
    }

    fn runs(&self) -> &'static str {
        "mysql_async::Conn"
    }

    async fn drive(&mut self, run: Run<'_>) -> Result<Finished, Error> {
        let mut lent = Lent(Some(self.get_conn().await.map_err(not_lent)?));
        let Some(connection) = &mut lent.0 else {
            return Err(Error::new(ErrorKind::Misuse("nothing was lent")));
        };
        let finished = drive_async(connection, run).await;
        drop(lent.0.take());
        finished
    }

    async fn sleep(&mut self, pause: Duration) {
        tokio::time::sleep(pause).await;
    }
}

/// A connection that goes back to its pool once its run is over. If the run is dropped before that, the connection is
/// closed, because it may hold a lock or a transaction.
struct Lent(Option<Conn>);

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            // The first step marks it as disconnected, and its pool closes one that is.
            let _ = pin!(connection.disconnect()).poll(&mut Context::from_waker(Waker::noop()));
        }
    }
}

/// Reads all results, also those of statements without rows: an error may come behind any. The error of the last one
/// shows only where the answer is consumed: the columns are missing then as at the end.
async fn exchange<Q: Queryable>(client: &mut Q, message: &str) -> Result<Vec<ResultSet>, ExchangeError> {
    let mut results = Vec::new();
    if message.is_empty() {
        return Ok(results);
    }
    let mut answer = client.query_iter(message).await.map_err(|error| exchange_error(error, Some(0)))?;
    let failed = |results: &[ResultSet]| {
        let completed = Some(results.len());
        move |error| exchange_error(error, completed)
    };
    while answer.columns().is_some() {
        let mut result = ResultSet::default();
        while let Some(row) = answer.next().await.map_err(failed(&results))? {
            result.push(line(row));
        }
        results.push(result);
    }
    answer.drop_result().await.map_err(failed(&results))?;
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
fn exchange_error(error: mysql_async::Error, completed: Option<usize>) -> ExchangeError {
    match said(&error) {
        Some(said) if !is_lost(&error) => {
            ExchangeError::Database(Box::new(DbError { completed, source: Some(error.into()), ..said }))
        }
        _ => ExchangeError::Lost(Box::new(error)),
    }
}

/// Returns true if the connection is of no use any more. Other errors of the driver may be the code's.
fn is_lost(error: &mysql_async::Error) -> bool {
    match error {
        mysql_async::Error::Server(said) => ends_session(said.code),
        mysql_async::Error::Io(_) => true,
        mysql_async::Error::Driver(error) => matches!(error, DriverError::ConnectionClosed),
        mysql_async::Error::Other(_) | mysql_async::Error::Url(_) => false,
    }
}

fn said(error: &mysql_async::Error) -> Option<DbError> {
    let mysql_async::Error::Server(said) = error else { return None };
    Some(DbError { code: said.code.to_string(), message: said.message.clone(), ..DbError::default() })
}
