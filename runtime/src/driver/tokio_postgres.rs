use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt;
use tokio_postgres::Client;

use super::messages::{Results, exchange_error};
use super::{AsyncConnection, ExchangeError};
use crate::engine::{Dialect, Postgres, ResultSet};

impl AsyncConnection for Client {
    fn dialect(&self) -> &'static dyn Dialect {
        &Postgres
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

    async fn sleep(&mut self, pause: Duration) {
        tokio::time::sleep(pause).await;
    }
}
