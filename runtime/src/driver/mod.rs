//! Drives a run over connections of other crates, in a loop without decisions.

mod asynchronous;
#[cfg(any(feature = "postgres", feature = "tokio-postgres"))]
mod messages;
#[cfg(any(feature = "mysql", feature = "mysql_async", feature = "sqlx-mysql"))]
mod messages_mysql;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "mysql_async")]
mod mysql_async;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "rusqlite")]
mod rusqlite;
#[cfg(any(feature = "sqlx", feature = "sqlx-mysql"))]
mod sqlx;
#[cfg(feature = "tokio-postgres")]
mod tokio_postgres;

use std::error::Error as StdError;
use std::time::Instant;

pub(crate) use self::asynchronous::drive_async;
pub use self::asynchronous::{AsyncClient, AsyncConnection};
use crate::Error;
#[cfg(any(
    feature = "mysql",
    feature = "mysql_async",
    feature = "postgres",
    feature = "rusqlite",
    feature = "tokio-postgres"
))]
use crate::code::BoxError;
use crate::engine::{Call, DbError, Dialect, Finished, Reply, ResultSet, Run, Step};
use crate::report::error::ErrorKind;
use crate::report::remedy::Remedy;

/// Connection that a run can use: `postgres::Client` with the feature `postgres`, `mysql::Conn` and `mysql::PooledConn`
/// with the feature `mysql`, `rusqlite::Connection` with the feature `rusqlite`, or your own.
pub trait Connection {
    /// Returns the dialect of the database.
    fn dialect(&self) -> &'static dyn Dialect;

    /// Returns the name of the client for which code must be made, or an empty text if the driver runs no code.
    fn runs(&self) -> &'static str {
        ""
    }

    /// Returns true if the caller has a transaction open, for databases that do not tell in SQL.
    fn in_transaction(&self) -> bool {
        false
    }

    /// Sends one message of one or more statements, and waits for the whole answer.
    ///
    /// # Errors
    ///
    /// The error of the database, or that of a lost connection.
    fn exchange(&mut self, message: &str) -> Result<Vec<ResultSet>, ExchangeError>;

    /// Runs a migration in Rust: sends [`Call::before`], runs the code, and sends [`Call::after`], all in one transaction.
    /// Returns the rows of the last. If [`Call::is_outside`] returns true, it opens no transaction.
    ///
    /// Your own driver names its client in [`runs`](Connection::runs), and runs code that was made with
    /// [`Code::for_client`](crate::Code::for_client) for that name. On SQLite, begin with `BEGIN IMMEDIATE`. Put the code of
    /// the database's error into [`DbError::code`], by which a run recognises a deadlock and calls again.
    ///
    /// ```
    /// # #[cfg(feature = "postgres")] {
    /// use gapless::engine::{Call, DbError, Dialect, Postgres, ResultSet};
    /// use gapless::{Code, Connection, ExchangeError};
    ///
    /// struct Own(postgres::Client);
    ///
    /// impl Connection for Own {
    ///     fn dialect(&self) -> &'static dyn Dialect {
    ///         &Postgres
    ///     }
    ///
    ///     fn runs(&self) -> &'static str {
    ///         "app::Own"
    ///     }
    ///
    ///     fn exchange(&mut self, message: &str) -> Result<Vec<ResultSet>, ExchangeError> {
    ///         self.0.exchange(message)
    ///     }
    ///
    ///     fn call(&mut self, call: &mut Call) -> Result<Vec<ResultSet>, ExchangeError> {
    ///         if call.is_outside() {
    ///             return self.work(call);
    ///         }
    ///         self.exchange("BEGIN")?;
    ///         let outcome = self.work(call).and_then(|rows| self.exchange("COMMIT").map(|_| rows));
    ///         if let Err(ExchangeError::Database(_)) = outcome {
    ///             self.exchange("ROLLBACK")?;
    ///         }
    ///         outcome
    ///     }
    /// }
    ///
    /// impl Own {
    ///     fn work(&mut self, call: &mut Call) -> Result<Vec<ResultSet>, ExchangeError> {
    ///         self.exchange(call.before())?;
    ///         call.run(&mut self.0).map_err(|error| {
    ///             let of_server = error.downcast_ref::<postgres::Error>().and_then(|error| error.code());
    ///             let code = of_server.map(|state| state.code().to_owned()).unwrap_or_default();
    ///             let (message, source) = (error.to_string(), Some(error.into()));
    ///             ExchangeError::Database(Box::new(DbError { code, message, source, ..DbError::default() }))
    ///         })?;
    ///         self.exchange(call.after())
    ///     }
    /// }
    ///
    /// let fill = Code::for_client("app::Own", |client: &mut postgres::Client| {
    ///     client.execute("UPDATE users SET email = lower(email)", &[])?;
    ///     Ok(())
    /// });
    /// # let _ = fill;
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The error of the code or of the database, after a rollback. The default implementation refuses all code.
    fn call(&mut self, call: &mut Call) -> Result<Vec<ResultSet>, ExchangeError> {
        Err(unsuited(call))
    }
}

/// Returns the error of a driver that cannot run the code.
fn unsuited(call: &Call) -> ExchangeError {
    let error = DbError { message: call.unsuited(), ..DbError::default() };
    ExchangeError::Database(Box::new(error))
}

/// Turns the error of code into one of the exchange: with its own words, and those of the database if that is a cause.
#[cfg(any(
    feature = "mysql",
    feature = "mysql_async",
    feature = "postgres",
    feature = "rusqlite",
    feature = "tokio-postgres"
))]
fn code_failed<E: StdError + 'static>(
    error: BoxError,
    is_lost: impl FnOnce(&E) -> bool,
    said: impl FnOnce(&E) -> Option<DbError>,
) -> ExchangeError {
    let mut message = error.to_string();
    let mut of_database = error.downcast_ref::<E>();
    let mut source = error.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        if !message.contains(&text) {
            message = format!("{message}: {text}");
        }
        of_database = of_database.or_else(|| cause.downcast_ref::<E>());
        source = cause.source();
    }
    match of_database {
        Some(lost) if is_lost(lost) => ExchangeError::Lost(error),
        found => {
            let said = found.and_then(said).unwrap_or_default();
            ExchangeError::Database(Box::new(DbError { message, source: Some(error.into()), ..said }))
        }
    }
}

/// Returns the error of a run for which a pool has no connection.
#[cfg(any(feature = "mysql_async", feature = "sqlx", feature = "sqlx-mysql"))]
fn not_lent(error: impl StdError + Send + Sync + 'static) -> Error {
    let doing = "taking it from the pool".to_owned();
    Error::new(ErrorKind::Connection { doing, said: None, source: Box::new(error) })
}

/// Error of a message that was not answered with rows.
#[derive(Debug)]
#[non_exhaustive]
pub enum ExchangeError {
    /// The database refused a statement.
    Database(Box<DbError>),
    /// The connection was lost.
    Lost(Box<dyn StdError + Send + Sync>),
}

pub(crate) fn drive<'a, C: Connection>(client: &mut C, mut run: Run<'a>) -> Result<Finished, Error> {
    #[cfg(feature = "tracing")]
    let _span = crate::report::trace::span().entered();
    if client.in_transaction() {
        return Err(Error::new(ErrorKind::InTransaction));
    }
    loop {
        let reply = match run.step() {
            Step::Finished => return finish(run),
            Step::Sleep(pause) => {
                run.cancellation().sleep(pause);
                Reply::slept()
            }
            Step::Send(message) => {
                let begun = Instant::now();
                answer(client.exchange(message), begun)
            }
            Step::Call => match run.take_call() {
                None => Reply::slept(),
                Some(mut call) => {
                    let begun = Instant::now();
                    let reply = answer(client.call(&mut call), begun);
                    run.called(call);
                    reply
                }
            },
        };
        run.reply(reply);
    }
}

/// Reads the answer to a message that belongs to no run.
pub(crate) fn answered(
    doing: &str,
    answer: Result<Vec<ResultSet>, ExchangeError>,
) -> Result<Vec<ResultSet>, Error> {
    let doing = doing.to_owned();
    answer.map_err(|error| {
        Error::new(match error {
            ExchangeError::Database(error) => {
                ErrorKind::Database { doing, error: *error, remedy: Remedy::File }
            }
            ExchangeError::Lost(source) => ErrorKind::Connection { doing, said: None, source },
        })
    })
}

/// The end of every run.
pub(crate) fn finish(run: Run<'_>) -> Result<Finished, Error> {
    let finished = run.finish();
    #[cfg(feature = "tracing")]
    crate::report::trace::finished(&finished);
    finished
}

fn answer(outcome: Result<Vec<ResultSet>, ExchangeError>, begun: Instant) -> Reply {
    Reply::answered(outcome, begun.elapsed())
}
