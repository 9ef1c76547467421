//! Connections of other crates, driven by a loop without decisions.

mod asynchronous;
#[cfg(any(feature = "postgres", feature = "tokio-postgres"))]
mod messages;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "rusqlite")]
mod rusqlite;
#[cfg(feature = "sqlx")]
mod sqlx;
#[cfg(feature = "tokio-postgres")]
mod tokio_postgres;

use std::error::Error as StdError;
use std::thread;
use std::time::Instant;

#[cfg(feature = "sqlx")]
pub(crate) use self::asynchronous::drive_async;
pub use self::asynchronous::{AsyncClient, AsyncConnection};
use crate::Error;
use crate::engine::{DbError, Dialect, Finished, Reply, ResultSet, Run, Step};
use crate::error::ErrorKind;

/// A connection that a run can use: `postgres::Client` with the feature `postgres`,
/// `rusqlite::Connection` with the feature `rusqlite`, or one of your own.
pub trait Connection {
    /// The text for this kind of database.
    fn dialect(&self) -> &'static dyn Dialect;

    /// Whether the caller has a transaction open, for databases that cannot be asked in SQL.
    fn in_transaction(&self) -> bool {
        false
    }

    /// Sends one message of one or more statements, and waits for all of the answer.
    ///
    /// # Errors
    ///
    /// What the database said, or how the connection broke.
    fn exchange(&mut self, message: &str) -> Result<Vec<ResultSet>, ExchangeError>;
}

/// Why a message was not answered with rows.
#[derive(Debug)]
pub enum ExchangeError {
    /// The database refused.
    Database(Box<DbError>),
    /// The connection broke.
    Lost(Box<dyn StdError + Send + Sync>),
}

pub(crate) fn drive<'a, C: Connection>(client: &mut C, mut run: Run<'a>) -> Result<Finished, Error> {
    #[cfg(feature = "tracing")]
    let _span = tracing::info_span!("gapless").entered();
    if client.in_transaction() {
        return Err(Error::new(ErrorKind::InTransaction));
    }
    loop {
        let reply = match run.step() {
            Step::Finished => return run.finish(),
            Step::Sleep(pause) => {
                thread::sleep(pause);
                Reply::slept()
            }
            Step::Send(message) => {
                let begun = Instant::now();
                answer(client.exchange(message), begun)
            }
        };
        run.reply(reply);
    }
}

fn answer(outcome: Result<Vec<ResultSet>, ExchangeError>, begun: Instant) -> Reply {
    match outcome {
        Ok(results) => Reply::rows(results, begun.elapsed()),
        Err(ExchangeError::Database(error)) => Reply::failed(*error, begun.elapsed()),
        Err(ExchangeError::Lost(source)) => Reply::lost(source, begun.elapsed()),
    }
}
