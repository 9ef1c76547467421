//! A connection that breaks, or that a pooler hands on.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gapless::engine::{Call, DbError, Dialect, ResultSet, Statement, split};
use gapless::{CancellationToken, Connection, ExchangeError};

use super::place::{Fuse, Place};

/// Where a connection breaks: at which message, counted from zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Before the server sees it.
    Before(usize),
    /// After the server has done all of it.
    After(usize),
    /// After so many of its statements, or in the middle of the only one.
    Within(usize, usize),
    /// Nothing breaks: from this message on, or for it alone, another backend answers.
    HandedOn { from: usize, alone: bool },
    /// Nothing breaks: the program cancels the run before this message, and the server goes on with it; or it cancels
    /// that on the server too, after so many of its statements.
    Cancelled { at: usize, within: Option<usize> },
}

impl Cut {
    pub fn is_pooler(self) -> bool {
        matches!(self, Cut::HandedOn { .. })
    }

    fn message(self) -> usize {
        match self {
            Cut::Before(message) | Cut::After(message) | Cut::Within(message, _) => message,
            Cut::HandedOn { from: message, .. } | Cut::Cancelled { at: message, .. } => message,
        }
    }
}

/// More steps than any two runs may take together; to wait is a step.
pub const ENDLESS_RACE: usize = 4000;

/// A record of its work.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    sent: Arc<AtomicUsize>,
    cut: Arc<AtomicUsize>,
    cancelled: CancellationToken,
}

impl Trace {
    pub fn sent(&self) -> usize {
        self.sent.load(Ordering::Relaxed)
    }

    /// By which the program cancels the run.
    pub fn token(&self) -> &CancellationToken {
        &self.cancelled
    }

    /// Returns true once it has cut.
    pub fn is_cut(&self) -> bool {
        self.cut.load(Ordering::Relaxed) > 0
    }
}

pub struct Cutter<'p, P: Place> {
    place: &'p P,
    /// Gone once it is cut.
    client: Option<P::Client>,
    other: Option<P::Client>,
    other_pid: Option<String>,
    cut: Option<Cut>,
    fuse: Fuse,
    pub trace: Trace,
    bound: usize,
    /// True while a transaction is open between two messages: a pooler does not hand on such a session.
    open: bool,
}

impl<'p, P: Place> Cutter<'p, P> {
    /// At most `bound` messages are let through: a run that sends more does not end.
    pub fn new(place: &'p P, client: P::Client, cut: Option<Cut>, bound: usize) -> Cutter<'p, P> {
        let mut other = matches!(cut, Some(Cut::HandedOn { .. })).then(|| place.connect());
        let other_pid = other.as_mut().and_then(|other| place.pid(other));
        let (fuse, trace) = (Fuse::default(), Trace::default());
        Cutter { place, client: Some(client), other, other_pid, cut, fuse, trace, bound, open: false }
    }

    pub fn fuse(&self) -> Fuse {
        self.fuse.clone()
    }

    /// The backend that a pooler hands its client on to.
    pub fn other(&self) -> Option<String> {
        self.other_pid.clone()
    }

    pub fn is_endless(&self) -> bool {
        self.trace.sent() > self.bound
    }

    /// The client, if it still lives.
    pub fn into_client(mut self) -> Option<P::Client> {
        if let Some(other) = self.other.take() {
            self.place.end(other);
        }
        self.client.take()
    }

    /// Ends the session.
    pub fn close(&mut self) {
        if let Some(client) = self.client.take() {
            self.place.end(client);
        }
    }

    fn lose(&mut self) -> ExchangeError {
        self.trace.cut.fetch_add(1, Ordering::Relaxed);
        if let Some(client) = self.client.take() {
            self.place.end(client);
        }
        ExchangeError::Lost("cut".into())
    }

    /// The cut, if it is this message's turn.
    fn turn(&mut self) -> Option<Cut> {
        let number = self.trace.sent.fetch_add(1, Ordering::Relaxed);
        if number > self.bound {
            // Nobody waits for what does not end.
            return Some(Cut::Before(number));
        }
        let cut = self.cut?;
        let come = match cut {
            // A session is handed on between transactions.
            Cut::HandedOn { from, alone } => number >= from && !self.open && (!alone || !self.trace.is_cut()),
            _ => cut.message() == number,
        };
        come.then_some(cut)
    }

    /// The server cancels what it is at: what the message has done in transactions that are over stays done.
    fn interrupted(&mut self, message: &str, count: usize) -> ExchangeError {
        let Some(client) = &mut self.client else { return self.lose() };
        let statements = split(message, client.dialect().syntax()).unwrap_or_default();
        let refused = if statements.len() > 1 {
            client.exchange(&broken(message, &statements, count)).err()
        } else {
            None
        };
        let said = match refused {
            Some(ExchangeError::Database(said)) => DbError { position: None, ..*said },
            _ => DbError::default(),
        };
        let code = if client.dialect().default_schema() == "main" { "9" } else { "57014" };
        self.open = leaves_open(self.open, message, true);
        let message = "canceled by its program".to_owned();
        ExchangeError::Database(Box::new(DbError { code: code.to_owned(), message, ..said }))
    }

    fn within(&mut self, message: &str, count: usize) -> ExchangeError {
        let Some(client) = &mut self.client else { return self.lose() };
        let statements = split(message, client.dialect().syntax()).unwrap_or_default();
        if statements.len() == 1 {
            let text = statements.first().map_or("", |statement| statement.text()).to_owned();
            self.place.halve(client, &text);
            return self.lose();
        }
        let _ = client.exchange(&broken(message, &statements, count));
        self.lose()
    }
}

impl<P: Place> Connection for Cutter<'_, P> {
    fn dialect(&self) -> &'static dyn Dialect {
        self.client
            .as_ref()
            .or(self.other.as_ref())
            .map_or(&gapless::engine::Postgres, |client| client.dialect())
    }

    fn runs(&self) -> &'static str {
        self.client.as_ref().map_or("", |client| client.runs())
    }

    fn in_transaction(&self) -> bool {
        self.client.as_ref().is_some_and(|client| client.in_transaction())
    }

    fn exchange(&mut self, message: &str) -> Result<Vec<ResultSet>, ExchangeError> {
        let cut = self.turn();
        let Some(client) = &mut self.client else { return Err(ExchangeError::Lost("cut before".into())) };
        match cut {
            None => {
                let answer = client.exchange(message);
                self.open = leaves_open(self.open, message, answer.is_err());
                answer
            }
            Some(Cut::Before(_)) => Err(self.lose()),
            Some(Cut::After(_)) => {
                let _ = client.exchange(message);
                Err(self.lose())
            }
            Some(Cut::Within(_, count)) => Err(self.within(message, count)),
            Some(Cut::HandedOn { .. }) => {
                self.trace.cut.fetch_add(1, Ordering::Relaxed);
                self.other.as_mut().map_or(Ok(Vec::new()), |other| other.exchange(message))
            }
            Some(Cut::Cancelled { within, .. }) => {
                self.trace.cancelled.cancel();
                if let Some(count) = within {
                    return Err(self.interrupted(message, count));
                }
                let answer = client.exchange(message);
                self.open = leaves_open(self.open, message, answer.is_err());
                answer
            }
        }
    }

    fn call(&mut self, call: &mut Call) -> Result<Vec<ResultSet>, ExchangeError> {
        let cut = self.turn();
        let Some(client) = &mut self.client else { return Err(ExchangeError::Lost("cut before".into())) };
        match cut {
            None => client.call(call),
            Some(Cut::Before(_)) => Err(self.lose()),
            Some(Cut::After(_)) => {
                let _ = client.call(call);
                Err(self.lose())
            }
            Some(Cut::Within(..)) => {
                self.fuse.light();
                let _ = client.call(call);
                Err(self.lose())
            }
            Some(Cut::HandedOn { .. }) => {
                self.trace.cut.fetch_add(1, Ordering::Relaxed);
                self.other.as_mut().map_or(Ok(Vec::new()), |other| other.call(call))
            }
            Some(Cut::Cancelled { within, .. }) => {
                self.trace.cancelled.cancel();
                match within {
                    Some(count) => Err(self.interrupted("", count)),
                    None => client.call(call),
                }
            }
        }
    }
}

/// The message up to one of its statements. What it has done outside of a transaction of its own is undone with its end.
fn broken(message: &str, statements: &[Statement<'_>], count: usize) -> String {
    let end = statements.get(count % statements.len().max(1)).map_or(0, |statement| statement.span().start);
    format!("{}\nSELECT broken_off;", &message[..end])
}

/// Returns true if a message leaves a transaction open, even a failed one.
fn leaves_open(before: bool, message: &str, failed: bool) -> bool {
    let lines = || {
        message.lines().filter(|line| line.starts_with("BEGIN") || matches!(*line, "COMMIT;" | "ROLLBACK;"))
    };
    match lines().next_back() {
        None => before,
        Some(last) => last.starts_with("BEGIN") || (failed && lines().any(|line| line.starts_with("BEGIN"))),
    }
}
