//! The connection as the protocol sees it: it asks, and a driver answers.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use super::Stop;
use super::reply::{DbError, Outcome, Reply, ResultSet};
use crate::Report;
use crate::code::Call;
use crate::report::error::{ErrorKind, Lost};

/// What the protocol asks for.
#[derive(Debug)]
pub(super) enum Question {
    Send(String),
    Call,
    Sleep(Duration),
}

/// Where a question and its reply pass between the protocol and the [`Run`](super::Run) that polls it.
#[derive(Clone, Debug, Default)]
pub(super) struct Link(Arc<Mutex<Slot>>);

#[derive(Debug, Default)]
pub(super) struct Slot {
    pub(super) question: Option<Question>,
    pub(super) reply: Option<Reply>,
    /// The code that the driver runs, or has given back.
    pub(super) call: Option<Call>,
    pub(super) report: Report,
}

impl Link {
    pub(super) fn slot(&self) -> MutexGuard<'_, Slot> {
        // Both sides are on one thread, and a panic of one is the end of the other.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks, and waits for the driver's reply.
    async fn ask(&self, question: Question) -> Reply {
        self.slot().question = Some(question);
        poll_fn(|_| self.slot().reply.take().map_or(Poll::Pending, Poll::Ready)).await
    }
}

/// The answer to a message: the database's refusal is a value that the caller looks at.
pub(super) type Answer = Result<Vec<ResultSet>, DbError>;

/// The connection, and what is known of it.
#[derive(Debug, Default)]
pub(super) struct Session {
    link: Link,
    /// What the run is at, for the error if the connection breaks.
    doing: String,
    /// How long the last message took.
    pub(super) spent: Duration,
    /// Whether the advisory lock is this session's.
    pub(super) locked: bool,
    /// Whether settings may differ from those at the beginning, outside of any transaction.
    pub(super) dirty: bool,
    /// Whether a transaction may be open: a message that began one was refused.
    pub(super) open: bool,
    /// The backend that answered first.
    pub(super) pid: Option<i32>,
    pub(super) set_exists: bool,
    /// As they were before anything was run, if that is known.
    pub(super) settings: Option<Vec<(String, String)>>,
    /// Whether it has asked for the lock, and another runner had it.
    pub(super) refused: bool,
    pub(super) standby: bool,
    pub(super) read_only: bool,
    /// Whether the journal was there when the lock was taken.
    pub(super) journal: bool,
    /// Whether nothing of the tracker is missing.
    pub(super) whole: bool,
}

impl Session {
    pub(super) fn new(link: Link) -> Session {
        Session { link, set_exists: true, ..Session::default() }
    }

    /// Sends one message.
    pub(super) async fn send(&mut self, message: String) -> Result<Answer, Stop> {
        self.asked(Question::Send(message)).await
    }

    /// Sends one message that begins a transaction and ends it.
    pub(super) async fn transact(&mut self, message: String) -> Result<Answer, Stop> {
        let answer = self.send(message).await?;
        self.open |= answer.is_err();
        Ok(answer)
    }

    /// Has the driver run a migration's code, and gives the code back.
    pub(super) async fn call(&mut self, call: Call) -> Result<(Option<Call>, Answer), Stop> {
        self.link.slot().call = Some(call);
        let answer = self.asked(Question::Call).await?;
        self.open |= answer.is_err();
        Ok((self.link.slot().call.take(), answer))
    }

    pub(super) async fn sleep(&mut self, pause: Duration) {
        self.link.ask(Question::Sleep(pause)).await;
        self.report(|report| {
            report.waited += pause;
            report.elapsed += pause;
        });
    }

    /// Says what the run is at, for the error if the connection breaks.
    pub(super) fn is_at(&mut self, doing: impl Into<String>) {
        self.doing = doing.into();
    }

    /// Changes the report.
    pub(super) fn report<T>(&self, change: impl FnOnce(&mut Report) -> T) -> T {
        change(&mut self.link.slot().report)
    }

    async fn asked(&mut self, question: Question) -> Result<Answer, Stop> {
        let reply = self.link.ask(question).await;
        self.spent = reply.elapsed;
        match reply.outcome {
            Outcome::Rows(results) => Ok(Ok(results)),
            Outcome::Failed(error) => Ok(Err(*error)),
            Outcome::Lost(source) => Err(Stop::lost(Lost { doing: self.doing.clone(), source })),
            // `Run::reply` lets no such reply through.
            Outcome::Slept => Err(Stop::failed(ErrorKind::Misuse("a reply to another step"))),
        }
    }
}
