use postgres::Client;

use super::messages::{Results, exchange_error};
use super::{Connection, ExchangeError};
use crate::engine::{Dialect, Postgres, ResultSet};

impl Connection for Client {
    fn dialect(&self) -> &'static dyn Dialect {
        &Postgres
    }

    fn exchange(&mut self, message: &str) -> Result<Vec<ResultSet>, ExchangeError> {
        match self.simple_query(message) {
            Ok(messages) => {
                let mut results = Results::default();
                messages.iter().for_each(|message| results.push(message));
                Ok(results.complete())
            }
            // The client drops what came before an error: how much had been done is not known.
            Err(error) => Err(exchange_error(error, self.is_closed(), None)),
        }
    }
}
