//! The states of a run.

use std::time::Duration;

use gapless_core::Migration;

use super::amending::Amending;
use super::batch::Batch;
use super::consult::{Question, Then};
use super::probe::Probe;
use super::rehearse::Scene;
use super::reply::DbError;
use super::review::Refusal;
use super::stepwise::Stepwise;
use super::undo::Undo;
use crate::dialect::Look;
use crate::error::ErrorKind;

#[derive(Debug)]
pub(super) enum State<'a> {
    /// Looking, without the lock or, after a retry, with it.
    Observing,
    Locking(Look),
    Waiting(Duration, After),
    /// Before the same message is sent again, because the database was busy.
    Repeating(Duration, Box<State<'a>>),
    Consulting(Question, Then),
    Bootstrapping,
    Amending(Amending),
    Calling(&'a Migration),
    /// Code outside of a transaction.
    CallingStep(Stepwise<'a>),
    /// Asking which migration was begun outside of a transaction.
    Unfinished,
    Undoing(Undo<'a>),
    Rehearsing(Option<Scene<'a>>),
    Applying(Batch<'a>),
    RollingBack(Rollback<'a>),
    Reviewing(Refusal<'a>),
    Probing(Probe<'a>),
    Stepping(Stepwise<'a>),
    /// Before a step is tried again.
    Pausing(Duration, Stepwise<'a>),
    /// Writing the failure down before it is reported.
    Journaling(ErrorKind),
    /// Putting the session's settings back.
    Restoring,
    /// Making durable what was committed before a message was refused.
    Flushing,
    Unlocking,
    Finished,
}

/// What a pause was for.
#[derive(Clone, Copy, Debug)]
pub(super) enum After {
    Lock,
    Look,
}

/// What follows a rollback, whose own outcome does not matter.
#[derive(Debug)]
pub(super) enum Rollback<'a> {
    Review(Refusal<'a>),
    Look,
    /// A pause because of somebody else, and then a look.
    Wait,
    /// The same because of a busy database.
    Busy(DbError),
    /// A pause before another try, which begins with a look.
    Retry,
    /// The end of a dry run.
    Done,
    /// Another try of the step, for this reason.
    Again(Stepwise<'a>, String),
    Step(Stepwise<'a>),
    Unfinished,
    Fail(ErrorKind),
    End(ErrorKind),
}
