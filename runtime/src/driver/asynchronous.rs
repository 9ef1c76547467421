//! Drives a run over an asynchronous connection.

use std::future::Future;
use std::time::{Duration, Instant};

use super::{ExchangeError, answer, finish, unsuited};
use crate::Error;
use crate::engine::{Call, Dialect, Finished, Reply, ResultSet, Run, Step};

/// Asynchronous connection that a run can use: `tokio_postgres::Client` with the feature `tokio-postgres`,
/// `sqlx::PgConnection` with the feature `sqlx`, `mysql_async::Conn` with the feature `mysql_async`,
/// `sqlx::MySqlConnection` with the feature `sqlx-mysql`, or your own.
pub trait AsyncConnection: Send {
    /// Returns the dialect of the database.
    fn dialect(&self) -> &'static dyn Dialect;

    /// Returns the name of the client for which code must be made, or an empty text if the driver runs no code.
    fn runs(&self) -> &'static str {
        ""
    }

    /// Sends one message of one or more statements, and waits for the whole answer.
    ///
    /// # Errors
    ///
    /// The error of the database, or that of a lost connection.
    fn exchange(
        &mut self,
        message: &str,
    ) -> impl Future<Output = Result<Vec<ResultSet>, ExchangeError>> + Send;

    /// Runs a migration in Rust: sends [`Call::before`], runs the code, and sends [`Call::after`], all in one transaction.
    /// Returns the rows of the last.
    ///
    /// # Errors
    ///
    /// The error of the code or of the database, after a rollback. The default implementation refuses all code.
    fn call(
        &mut self,
        call: &mut Call,
    ) -> impl Future<Output = Result<Vec<ResultSet>, ExchangeError>> + Send {
        let error = unsuited(call);
        async { Err(error) }
    }

    /// Waits, with the timer of the connection's runtime.
    fn sleep(&mut self, pause: Duration) -> impl Future<Output = ()> + Send;
}

/// Client that [`run_async`](crate::Runner::run_async) takes: an [`AsyncConnection`], or a pool, which lends one for
/// the run: `sqlx::PgPool`, `sqlx::MySqlPool`, `mysql_async::Pool`.
pub trait AsyncClient: Send {
    /// Returns the dialect of the database.
    fn dialect(&self) -> &'static dyn Dialect;

    /// Returns the name of the client for which code must be made, or an empty text if the driver runs no code.
    fn runs(&self) -> &'static str {
        ""
    }

    /// Drives a run to its end.
    ///
    /// # Errors
    ///
    /// The error of the run.
    fn drive(&mut self, run: Run<'_>) -> impl Future<Output = Result<Finished, Error>> + Send;

    /// Waits between two runs, with the timer of the runtime that the client lives in.
    fn sleep(&mut self, pause: Duration) -> impl Future<Output = ()> + Send;
}

impl<C: AsyncConnection> AsyncClient for C {
    fn dialect(&self) -> &'static dyn Dialect {
        AsyncConnection::dialect(self)
    }

    fn runs(&self) -> &'static str {
        AsyncConnection::runs(self)
    }

    async fn sleep(&mut self, pause: Duration) {
        AsyncConnection::sleep(self, pause).await;
    }

    async fn drive(&mut self, run: Run<'_>) -> Result<Finished, Error> {
        drive_async(self, run).await
    }
}

pub(crate) async fn drive_async<C: AsyncConnection>(client: &mut C, run: Run<'_>) -> Result<Finished, Error> {
    let driven = take_to_end(client, run);
    #[cfg(feature = "tracing")]
    let driven = tracing::Instrument::instrument(driven, crate::report::trace::span());
    driven.await
}

async fn take_to_end<C: AsyncConnection>(client: &mut C, mut run: Run<'_>) -> Result<Finished, Error> {
    loop {
        let reply = match run.step() {
            Step::Finished => return finish(run),
            Step::Sleep(pause) => {
                let token = run.cancellation().clone();
                token.race(client.sleep(pause)).await;
                Reply::slept()
            }
            Step::Send(message) => {
                // A copy: a future that borrows from the run could not move between threads.
                let message = message.to_owned();
                let begun = Instant::now();
                answer(client.exchange(&message).await, begun)
            }
            Step::Call => match run.take_call() {
                None => Reply::slept(),
                Some(mut call) => {
                    let begun = Instant::now();
                    let reply = answer(client.call(&mut call).await, begun);
                    run.called(call);
                    reply
                }
            },
        };
        run.reply(reply);
    }
}
