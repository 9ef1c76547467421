//! Something happens between two messages of a run.

use gapless::engine::{Dialect, ResultSet};
use gapless::{Connection, ExchangeError};
use postgres::Client;

/// A connection before whose first message with this text something happens.
pub struct Between<F, C = Client> {
    /// The connection.
    pub client: C,
    /// The text.
    pub text: &'static str,
    /// Runs once, before that message.
    pub between: Option<F>,
}

impl<F: FnOnce(), C: Connection> Connection for Between<F, C> {
    fn dialect(&self) -> &'static dyn Dialect {
        self.client.dialect()
    }

    fn exchange(&mut self, message: &str) -> Result<Vec<ResultSet>, ExchangeError> {
        if message.contains(self.text)
            && let Some(between) = self.between.take()
        {
            between();
        }
        self.client.exchange(message)
    }
}
