//! Connects a run to `tokio_postgres::Client`.

use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt;
use tokio_postgres::Client;

use super::messages::{Results, exchange_error, is_lost, said};
use super::{AsyncConnection, ExchangeError, code_failed, unsuited};
use crate::code::Inner;
use crate::engine::{Call, Dialect, Postgres, ResultSet};

impl AsyncConnection for Client {
    fn dialect(&self) -> &'static dyn Dialect {
        &Postgres
    }

    fn runs(&self) -> &'static str {
        "tokio_postgres::Client"
    }

    async fn exchange(&mut self, message: &str) -> Result<Vec<ResultSet>, ExchangeError> {
        let stream = self.simple_query_raw(message).await;
        let mut stream = pin!(stream.map_err(|error| exchange_error(error, self.is_closed(), None))?);
        let mut results = Results::default();
        while let Some(message) = stream.next().await {
            match message {
                Ok(message) => results.push(&message),
                Err(error) => return Err(exchange_error(error, self.is_closed(), Some(results.completed()))),
            }
        }
        Ok(results.complete())
    }

    async fn call(&mut self, call: &mut Call) -> Result<Vec<ResultSet>, ExchangeError> {
        if let Inner::TokioPostgresOutside(code) = &call.code.0 {
            self.exchange(&call.before).await?;
            let working = (code.lock())(self);
            working.await.map_err(|error| code_failed(error, is_lost, said))?;
            return self.exchange(&call.after).await;
        }
        let Inner::TokioPostgres(code) = &call.code.0 else { return Err(unsuited(call)) };
        let refused = |error| exchange_error(error, false, None);
        let mut transaction = self.transaction().await.map_err(refused)?;
        transaction.batch_execute(&call.before).await.map_err(refused)?;
        let working = (code.lock())(&mut transaction);
        working.await.map_err(|error| code_failed(error, is_lost, said))?;
        let messages = transaction.simple_query(&call.after).await.map_err(refused)?;
        transaction.commit().await.map_err(refused)?;
        let mut results = Results::default();
        messages.iter().for_each(|message| results.push(message));
        Ok(results.complete())
    }

    async fn sleep(&mut self, pause: Duration) {
        tokio::time::sleep(pause).await;
    }
}
