//! Connects a run to `postgres::Client`.

use postgres::Client;

use super::messages::{Results, exchange_error, is_lost, said};
use super::{Connection, ExchangeError, code_failed, unsuited};
use crate::code::Inner;
use crate::engine::{Call, Dialect, Postgres, ResultSet};

impl Connection for Client {
    fn dialect(&self) -> &'static dyn Dialect {
        &Postgres
    }

    fn runs(&self) -> &'static str {
        "postgres::Client"
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

    fn call(&mut self, call: &mut Call) -> Result<Vec<ResultSet>, ExchangeError> {
        if let Inner::PostgresOutside(code) = &call.code.0 {
            self.exchange(&call.before)?;
            (code.lock())(self).map_err(|error| code_failed(error, is_lost, said))?;
            return self.exchange(&call.after);
        }
        let Inner::Postgres(code) = &call.code.0 else { return Err(unsuited(call)) };
        let refused = |error| exchange_error(error, false, None);
        let mut transaction = self.transaction().map_err(refused)?;
        transaction.batch_execute(&call.before).map_err(refused)?;
        (code.lock())(&mut transaction).map_err(|error| code_failed(error, is_lost, said))?;
        let messages = transaction.simple_query(&call.after).map_err(refused)?;
        transaction.commit().map_err(refused)?;
        let mut results = Results::default();
        messages.iter().for_each(|message| results.push(message));
        Ok(results.complete())
    }
}
