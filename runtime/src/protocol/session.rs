//! The connection as the protocol sees it: the protocol asks, and a driver answers.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use gapless_core::{Statement, Syntax, split};

use super::Stop;
use super::reply::{DbError, Outcome, Reply, ResultSet};
use crate::Report;
use crate::code::Call;
use crate::report::error::{ErrorKind, Lost};

/// A question of the protocol.
#[derive(Debug)]
pub(super) enum Question {
    Send(String),
    Call,
    Sleep(Duration),
}

/// The slot through which questions and replies pass between the protocol and the [`Run`](super::Run) that polls it.
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
        // Both sides are on one thread, and a panic of one ends the other.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks, and waits for the driver's reply.
    async fn ask(&self, question: Question) -> Reply {
        self.slot().question = Some(question);
        poll_fn(|_| self.slot().reply.take().map_or(Poll::Pending, Poll::Ready)).await
    }
}

/// The answer to a message. A refusal by the database is a value, which the caller handles.
pub(super) type Answer = Result<Vec<ResultSet>, DbError>;

/// The connection, and the facts about it.
#[derive(Debug, Default)]
pub(super) struct Session {
    link: Link,
    /// The run's work, for the error if the connection breaks.
    doing: String,
    /// The time that the last message took.
    pub(super) spent: Duration,
    /// The time that refused messages took since the run last paused.
    pub(super) in_vain: Duration,
    /// This session has the advisory lock.
    pub(super) locked: bool,
    /// This server is a node of a cluster, with this syntax: the lock keeps nobody away who is at another node. A
    /// transaction that another node's commit has ended goes unnoticed behind a statement in the middle of a message, and
    /// the rest of the message would commit by itself; so each statement is a message of its own.
    pub(super) node: Option<Syntax>,
    /// The lock may not be this session's after all: the database refused the message that asked for it.
    pub(super) unsure: bool,
    /// Settings may have changed, outside of any transaction.
    pub(super) dirty: bool,
    /// A transaction may be open: the database refused a message that began one.
    pub(super) open: bool,
    /// The backend that answered first.
    pub(super) pid: Option<i32>,
    pub(super) set_exists: bool,
    /// The settings at the beginning, if the run has asked for them.
    pub(super) settings: Option<Vec<(String, String)>>,
    /// The statement that gives back settings under which reading has side effects, if the session has any.
    pub(super) peculiar: Option<String>,
    /// The run has taken these from the session.
    pub(super) prepared: bool,
    /// The run has changed some of them for itself.
    pub(super) needs_own: bool,
    /// It has asked for the lock, and another runner had it.
    pub(super) refused: bool,
    /// The longest message that the server takes, in bytes; `None` where it takes any.
    pub(super) longest: Option<usize>,
    pub(super) standby: bool,
    pub(super) read_only: bool,
    /// The journal existed when the run took the lock.
    pub(super) journal: bool,
    /// Nothing of the tracker is missing.
    pub(super) whole: bool,
}

impl Session {
    pub(super) fn new(link: Link) -> Session {
        Session { link, set_exists: true, ..Session::default() }
    }

    /// Sends one message.
    pub(super) async fn send(&mut self, message: String) -> Result<Answer, Stop> {
        match self.node.map(|syntax| split(&message, syntax)) {
            Some(Ok(statements)) => self.send_apart(&statements).await,
            _ => self.asked(Question::Send(message)).await,
        }
    }

    /// Sends statements one by one, and answers as for one message.
    async fn send_apart(&mut self, statements: &[Statement<'_>]) -> Result<Answer, Stop> {
        let (mut results, mut spent) = (Vec::new(), Duration::ZERO);
        for statement in statements {
            let answer = self.asked(Question::Send(statement.text().to_owned())).await?;
            spent += self.spent;
            self.spent = spent;
            match answer {
                Ok(more) => results.extend(more),
                Err(error) => {
                    let completed = error.completed.map(|completed| completed + results.len());
                    return Ok(Err(DbError { completed, ..error }));
                }
            }
        }
        Ok(Ok(results))
    }

    /// Sends one message that begins a transaction and ends it.
    pub(super) async fn transact(&mut self, message: String) -> Result<Answer, Stop> {
        let answer = self.send(message).await?;
        self.open |= answer.is_err();
        Ok(answer)
    }

    /// Lets the driver run a migration's code, and returns the code and the answer.
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

    /// Sets the run's work, for the error if the connection breaks.
    pub(super) fn is_at(&mut self, doing: impl Into<String>) {
        self.doing = doing.into();
    }

    /// Reads or changes the report.
    pub(super) fn report<T>(&self, change: impl FnOnce(&mut Report) -> T) -> T {
        change(&mut self.link.slot().report)
    }

    async fn asked(&mut self, question: Question) -> Result<Answer, Stop> {
        let reply = self.link.ask(question).await;
        self.spent = reply.elapsed;
        match reply.outcome {
            Outcome::Rows(results) => Ok(Ok(results)),
            Outcome::Failed(error) => {
                self.in_vain += reply.elapsed;
                Ok(Err(*error))
            }
            Outcome::Lost(source) => Err(Stop::lost(Lost { doing: self.doing.clone(), source })),
            // `Run::reply` lets no such reply through.
            Outcome::Slept => Err(Stop::failed(ErrorKind::Misuse("a reply to another step"))),
        }
    }
}
