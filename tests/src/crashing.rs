//! A server of MySQL that ends in the middle of a message: what it had committed stays, everything else is gone.

use gapless::engine::{Call, Dialect, ResultSet};
use gapless::{Connection, ExchangeError};

/// Where the server ends: behind the first occurrence of this text in a message, or before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crash {
    Before,
    Behind,
}

/// A connection that sends a message up to the crash.
#[derive(Debug)]
pub struct Crashing {
    client: Option<mysql::Conn>,
    at: &'static str,
    crash: Crash,
}

impl Crashing {
    pub fn new(client: mysql::Conn, at: &'static str, crash: Crash) -> Crashing {
        Crashing { client: Some(client), at, crash }
    }

    pub fn has_crashed(&self) -> bool {
        self.client.is_none()
    }
}

impl Connection for Crashing {
    fn dialect(&self) -> &'static dyn Dialect {
        &gapless::engine::Mysql
    }

    fn exchange(&mut self, message: &str) -> Result<Vec<ResultSet>, ExchangeError> {
        let Some(client) = &mut self.client else { return Err(ExchangeError::Lost("gone".into())) };
        let Some(found) = message.find(self.at) else { return client.exchange(message) };
        // A statement is sent whole or not at all.
        let begun = message[..found].rfind(";\n").map_or(0, |end| end + 2);
        let end = if self.crash == Crash::Before { begun } else { found + self.at.len() };
        // A message that the server refuses before that place goes on as it would.
        if end > 0 {
            client.exchange(&message[..end])?;
        }
        // The server rolls back what is open.
        self.client = None;
        Err(ExchangeError::Lost("the server is gone".into()))
    }

    fn call(&mut self, _: &mut Call) -> Result<Vec<ResultSet>, ExchangeError> {
        Err(ExchangeError::Lost("no code here".into()))
    }
}
