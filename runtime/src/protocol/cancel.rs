//! Ending a run that its program has cancelled, with the statement that was interrupted, if there was one.

use gapless_core::Statement;

use super::Stop;
use super::batch::shown;
use super::protocol::Protocol;
use super::session::Answer;
use super::steps::Steps;
use crate::dialect::Class;
use crate::engine::DbError;
use crate::report::error::ErrorKind;
use crate::{Failure, Holder};

/// So often a cancelled run waits for the database where it has something to bring to its end: for two seconds or so.
const LAST_WAITS: u32 = 12;

impl<'a> Protocol<'a> {
    pub(super) fn is_cancelled(&self) -> bool {
        self.options.cancellation.is_cancelled()
    }

    /// Ends a cancelled run between two messages.
    pub(super) fn check_cancelled(&self, when: impl FnOnce() -> String) -> Result<(), Stop> {
        if self.is_cancelled() { Err(cancelled(when())) } else { Ok(()) }
    }

    /// Ends a cancelled run before the migration at the head of the queue, or with the failure of one before.
    pub(super) fn check_cancelled_before_next(&self, failed: &mut Option<ErrorKind>) -> Result<(), Stop> {
        let before = || {
            let next = self.queue.front().map(|item| shown(item.migration));
            format!("before migration {}", next.unwrap_or_default())
        };
        match failed.take_if(|_| self.is_cancelled()) {
            Some(kind) => Err(Stop::failed(kind)),
            None => self.check_cancelled(before),
        }
    }

    /// Ends a cancelled run that waits.
    pub(super) fn check_cancelled_waiting(
        &self,
        holder: Option<&Holder>,
        busy: Option<&str>,
    ) -> Result<(), Stop> {
        self.check_cancelled(|| match (holder, busy) {
            (_, Some(said)) => format!("while waiting for the database: {said}"),
            (Some(holder), None) => format!("while waiting for another runner: {holder}"),
            (None, None) => "while waiting for another runner".to_owned(),
        })
    }

    /// Ends a cancelled run before the step at hand is sent. It is journaled as failed, and so not in doubt; unless it was
    /// in doubt before.
    pub(super) fn cancelled_before(&mut self, steps: &Steps<'a>) -> Stop {
        let message = "cancelled before it was sent".to_owned();
        let error = DbError { message, ..DbError::default() };
        let at = steps.statement().map(Statement::span).map(|span| span.start);
        let failure = steps.item.failure(error, at, self.dialect.syntax());
        let kind = Box::new(ErrorKind::Cancelled {
            when: format!("while {}", steps.doing(false)),
            failure: Some(failure),
        });
        let untouched = steps.item.is_down() && steps.at == 0 && !steps.begun_before;
        self.cleanup.staying = untouched.then(|| steps.item.migration.version());
        if steps.in_doubt { Stop::Unjournaled(kind) } else { Stop::Failed(kind) }
    }

    /// Makes the error of an interrupted statement say that the run was cancelled.
    pub(super) fn told_cancelled(&self, kind: ErrorKind) -> ErrorKind {
        let interrupted = |error: &DbError| self.is_cancelled() && self.class(error) == Class::Canceled;
        match kind {
            ErrorKind::Migration(failure) if interrupted(failure.database_error()) => {
                ErrorKind::Cancelled { when: when(&failure), failure: Some(failure) }
            }
            ErrorKind::Database { doing, error, .. } if interrupted(&error) => {
                ErrorKind::Cancelled { when: format!("while {doing}"), failure: None }
            }
            kind => kind,
        }
    }

    /// Counts the waits of a cancelled run; returns true while it may wait once more.
    pub(super) fn may_wait_cancelled(&mut self) -> bool {
        self.patience.cancelled += 1;
        self.patience.cancelled <= LAST_WAITS
    }

    /// Sends a message that must come to its end, again each time that somebody cancels it: a program that cancels a statement
    /// may be late, and hit the message after it.
    pub(super) async fn send_to_end(&mut self, message: String) -> Result<Answer, Stop> {
        for _ in 1..LAST_WAITS {
            let answer = self.session.send(message.clone()).await?;
            if !answer.as_ref().is_err_and(|error| self.is_canceled(error)) {
                return Ok(answer);
            }
        }
        self.session.send(message).await
    }
}

fn when(failure: &Failure) -> String {
    let verb = if failure.is_back() { "rolling back" } else { "applying" };
    format!("while {verb} migration {} `{}`", failure.version(), failure.name())
}

fn cancelled(when: String) -> Stop {
    Stop::failed(ErrorKind::Cancelled { when, failure: None })
}
