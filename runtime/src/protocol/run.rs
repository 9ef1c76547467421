//! A run as its driver sees it.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::dry_run::Tried;
use super::protocol::{Ended, Protocol, Request};
use super::reply::{Outcome, Reply};
use super::session::{Link, Question};
use crate::code::Call;
use crate::plan::Plan;
use crate::report::error::{Error, ErrorKind};
use crate::{Applied, CancellationToken, Log, NotTried, Report, StatementTrace, Status};

/// The next thing for a driver to do. Exhaustive, because a driver that skipped a step would never finish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// Send this one message and wait for its answer.
    Send(&'a str),
    /// Take the call from [`Run::take_call`]: in one transaction send its message before, run its code, send the
    /// message after. Give it back with [`Run::called`], and reply with the rows of the message after.
    Call,
    /// Wait this long.
    Sleep(Duration),
    /// Do nothing more: take the result from [`Run::finish`].
    Finished,
}

/// The result of a run that succeeded.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Finished {
    /// The report of what it did.
    pub report: Report,
    /// The last plan.
    pub plan: Plan,
    /// The migrations that a dry run tried.
    pub tried: Vec<Applied>,
    /// The migrations that a dry run could not try.
    pub not_tried: Vec<NotTried>,
    /// The statements that a dry run traced.
    pub traced: Vec<StatementTrace>,
    /// The status, if that was the goal.
    pub status: Option<Status>,
    /// The journal, if that was the goal.
    pub log: Option<Log>,
}

/// One run against one database; see the [module](crate::engine).
///
/// It polls the protocol's future by hand: the protocol asks a question, and a driver answers it.
pub struct Run<'a> {
    protocol: Pin<Box<dyn Future<Output = Ended> + Send + 'a>>,
    link: Link,
    cancellation: CancellationToken,
    question: Option<Question>,
    ended: Option<Ended>,
}

impl<'a> Run<'a> {
    pub(crate) fn new(request: Request<'a>) -> Result<Run<'a>, Error> {
        let link = Link::default();
        let protocol = Protocol::new(request, link.clone())?;
        Ok(Run::of(protocol, link))
    }

    /// Begins this protocol, which asks over this link.
    pub(super) fn of(protocol: Protocol<'a>, link: Link) -> Run<'a> {
        let cancellation = protocol.options.cancellation.clone();
        let mut run =
            Run { protocol: Box::pin(protocol.run()), link, cancellation, question: None, ended: None };
        run.resume();
        run
    }

    /// Returns the next step. Without a reply in between, it is the same again.
    pub fn step(&self) -> Step<'_> {
        match &self.question {
            Some(Question::Send(message)) => Step::Send(message),
            Some(Question::Call) => Step::Call,
            Some(Question::Sleep(pause)) => Step::Sleep(*pause),
            None => Step::Finished,
        }
    }

    /// Returns the token that cancels the run. A run looks at it by itself between two steps; a driver may end a sleep
    /// early by it.
    pub fn cancellation(&self) -> &CancellationToken {
        &self.cancellation
    }

    /// Takes the outcome of the step. A reply that does not fit the step ends the run with an error.
    pub fn reply(&mut self, reply: Reply) {
        let slept = matches!(reply.outcome, Outcome::Slept);
        {
            let report = &mut self.link.slot().report;
            report.elapsed += reply.elapsed;
            report.round_trips += u32::from(!slept);
        }
        let misused = match &self.question {
            None => Some("a reply after the end"),
            Some(Question::Sleep(_)) if slept => None,
            Some(Question::Send(_) | Question::Call) if !slept => None,
            Some(_) => Some("a reply to another step"),
        };
        if let Some(what) = misused {
            self.question = None;
            self.ended = Some(Ended::misused(what));
            return;
        }
        self.link.slot().reply = Some(reply);
        self.resume();
    }

    /// Returns the code for the driver to run, at a [`Step::Call`].
    pub fn take_call(&mut self) -> Option<Call> {
        self.question.as_ref().filter(|question| matches!(question, Question::Call))?;
        self.link.slot().call.take()
    }

    /// Takes the code back after the call, because the run may call it again.
    pub fn called(&mut self, call: Call) {
        if matches!(self.question, Some(Question::Call)) {
            self.link.slot().call = Some(call);
        }
    }

    /// Returns the result.
    ///
    /// # Errors
    ///
    /// Fails if the database is not in the state that the run was to reach. The error holds what the run applied
    /// before.
    pub fn finish(self) -> Result<Finished, Error> {
        let report = std::mem::take(&mut self.link.slot().report);
        let ended = self.ended.unwrap_or_else(|| Ended::misused("finished before its last step"));
        let Ended { result, lost, plan, tried: Tried { tried, not_tried }, traced, status, log } = ended;
        match result {
            Ok(()) => Ok(Finished { report, plan, tried, not_tried, traced, status, log }),
            Err(kind) => Err(Error::new(kind).and_lost(lost).after(report)),
        }
    }

    /// Runs the protocol up to its next question.
    fn resume(&mut self) {
        match self.protocol.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(ended) => (self.question, self.ended) = (None, Some(ended)),
            Poll::Pending => self.question = self.link.slot().question.take(),
        }
    }
}

impl fmt::Debug for Run<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run").field("step", &self.step()).finish_non_exhaustive()
    }
}

impl Ended {
    fn misused(what: &'static str) -> Ended {
        let (plan, tried) = (Plan::default(), Tried::default());
        Ended {
            result: Err(ErrorKind::Misuse(what)),
            lost: None,
            plan,
            tried,
            traced: Vec::new(),
            status: None,
            log: None,
        }
    }
}
