//! Sends the messages of a migration outside of a transaction, and handles their refusal.

use std::ops::Range;

use super::Stop;
use super::batch::offset;
use super::errors::{self, Work};
use super::protocol::Protocol;
use super::steps::{Manner, Steps};
use crate::dialect::{BEGUN, Class, Entry};
use crate::engine::{DbError, ResultSet};
use crate::report::error::ErrorKind;
use crate::report::event::Event;

/// The purpose of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Reading the journal of the migration.
    Progress,
    /// Journaling that nothing is left of earlier tries.
    Closing,
    /// Journaling that a try begins.
    Start,
    /// Journaling that the run is about to send a step by itself.
    Announcement,
    /// Asking the catalog what an earlier try of the statement left.
    Inspection,
    /// Dropping an index that an earlier try left.
    Drop,
    /// Repeating a `SET` of an earlier try.
    Replay,
    /// The step itself.
    Statement,
    /// Journaling that a step is done.
    Note,
    /// Recording the version in the set, or removing it.
    Record,
}

/// A message, and the place of a statement of the file in it.
#[derive(Clone, Debug, Default)]
pub(super) struct Message {
    pub(super) text: String,
    pub(super) script: Range<usize>,
}

impl Message {
    /// Makes a message without a statement of the file.
    pub(super) fn plain(text: String) -> Message {
        Message { text, script: 0..0 }
    }

    /// Makes a message that ends in this statement.
    pub(super) fn of(before: String, statement: &str) -> Message {
        let script = before.len()..before.len() + statement.len();
        Message { text: before + statement + ";\n", script }
    }
}

impl Part {
    /// Returns `true` if its message is a transaction that an error leaves open.
    fn is_transaction(self, steps: &Steps<'_>) -> bool {
        match self {
            Part::Closing | Part::Start | Part::Announcement | Part::Note | Part::Record => true,
            Part::Statement => {
                matches!(steps.manner(steps.at), Manner::Together | Manner::Claimed | Manner::Code)
            }
            Part::Progress | Part::Inspection | Part::Drop | Part::Replay => false,
        }
    }

    /// Returns `true` if an error says that another runner has begun the migration, or taken it over.
    fn is_overtaken(self, class: Class, in_script: bool) -> bool {
        match self {
            Part::Start => matches!(class, Class::Fence { .. } | Class::Unrecorded),
            Part::Note | Part::Statement => class == Class::Unrecorded && !in_script,
            _ => false,
        }
    }
}

impl<'a> Protocol<'a> {
    /// Sends a message. Returns `None` after a pause: try again.
    pub(super) async fn send_part(
        &mut self,
        steps: &mut Steps<'a>,
        part: Part,
        message: Message,
    ) -> Result<Option<Vec<ResultSet>>, Stop> {
        self.session.is_at(steps.doing(part == Part::Statement));
        match self.session.send(message.text.clone()).await? {
            Ok(results) => Ok(Some(results)),
            Err(error) => {
                self.session.open = part.is_transaction(steps);
                self.part_failed(steps, part, &message, error).await?;
                Ok(None)
            }
        }
    }

    /// Pauses, if another try is due.
    ///
    /// # Errors
    ///
    /// Every other outcome of the refusal.
    pub(super) async fn part_failed(
        &mut self,
        steps: &mut Steps<'a>,
        part: Part,
        message: &Message,
        error: DbError,
    ) -> Result<(), Stop> {
        let executing = part == Part::Statement;
        let within = offset(&error, &message.text, self.dialect);
        let at = within.filter(|at| message.script.contains(at)).map(|at| at - message.script.start);
        let class = self.class_at(&error, at.is_some());
        if let Class::HandedOn { pid } = class {
            return Err(self.handed_on(pid));
        }
        if class == Class::Apart && executing && steps.manner(steps.at) == Manner::Together {
            steps.apart = true;
            return self.roll_back().await;
        }
        if part.is_overtaken(class, at.is_some()) {
            return Err(self.stand_back().await);
        }
        // Another runner has recorded it, or removed its record.
        let gone = part == Part::Record && matches!(class, Class::Fence { .. } | Class::Unrecorded);
        if gone && self.is_overtaken(self.known.history.rows().len()) {
            self.roll_back().await?;
            return Err(self.overtaken_by(None).await);
        }
        let half_done =
            executing && steps.may_be_half_done() && self.has_committed(steps, at.is_some()).await?;
        let passing = matches!(class, Class::Busy | Class::Retry | Class::Canceled) && !half_done;
        if passing && self.is_cancelled() && !(executing && class == Class::Canceled) {
            return self.part_cancelled(steps, part).await;
        }
        let again = class == Class::Busy || (class == Class::Retry && steps.tries < self.options.retries);
        if again && !half_done {
            steps.begun_before |= executing;
            if self.session.open {
                self.roll_back().await?;
            }
            return self.pause_step(steps, executing, &error.message).await;
        }
        Err(match part {
            Part::Statement | Part::Drop | Part::Replay => {
                self.step_failed(steps, part, error, at, half_done)
            }
            Part::Record => {
                let failure = steps.item.failure(error, None, self.dialect.syntax());
                Stop::failed(ErrorKind::Migration(failure))
            }
            _ => Stop::failed(self.error(Work::Journaling, error)),
        })
    }

    /// Returns `true` if the current step may have committed a part of its work before the database refused it, or the row
    /// behind it: the row of its beginning is there.
    async fn has_committed(&mut self, steps: &mut Steps<'a>, in_script: bool) -> Result<bool, Stop> {
        if steps.manner(steps.at) != Manner::Claimed {
            return Ok(true);
        }
        if self.session.open {
            self.roll_back().await?;
        }
        let entry = Entry { statement: Some(steps.at + 1), ..self.entry(steps, BEGUN) };
        let Ok(results) = self.send_patiently(self.dialect.find_begun(&self.tracker, &entry)).await? else {
            return Ok(true);
        };
        let row = results.first().and_then(|rows| rows.rows().next());
        steps.announced = row.is_some();
        // A definition takes effect or fails.
        let shown = |row: &[Option<String>]| row.iter().flatten().any(|detail| detail.contains(' '));
        let whole = in_script && steps.definition().is_some_and(|definition| !definition.one_by_one);
        Ok(row.is_some_and(|row| !(whole && shown(row))))
    }

    /// Ends a cancelled run where a message of a migration was refused. The record of a step that is done is sent again, for
    /// a moment.
    async fn part_cancelled(&mut self, steps: &mut Steps<'a>, part: Part) -> Result<(), Stop> {
        let when = || format!("while {}", steps.doing(false));
        match part {
            Part::Note | Part::Record if self.may_wait_cancelled() => {
                if self.session.open {
                    self.roll_back().await?;
                }
                self.pause_before_retry().await;
                Ok(())
            }
            Part::Note | Part::Record => {
                Err(Stop::Unjournaled(Box::new(ErrorKind::Cancelled { when: when(), failure: None })))
            }
            Part::Progress | Part::Closing | Part::Start => self.check_cancelled(when),
            Part::Announcement | Part::Inspection | Part::Drop | Part::Replay | Part::Statement => {
                steps.begun_before |= part == Part::Statement;
                Err(self.cancelled_before(steps))
            }
        }
    }

    /// Ends the run because a statement failed, or a message that it needs.
    fn step_failed(
        &mut self,
        steps: &Steps<'a>,
        part: Part,
        error: DbError,
        at: Option<usize>,
        half_done: bool,
    ) -> Stop {
        let executing = part == Part::Statement;
        if executing && at.is_none() && self.tracker.is_named_by(&error) {
            return Stop::failed(self.error(Work::Journaling, error));
        }
        let index = if part == Part::Replay { steps.replay.last().copied() } else { Some(steps.at) };
        let start =
            index.and_then(|index| steps.statements.get(index)).map(|statement| statement.span().start);
        let within = at.filter(|_| part != Part::Drop).unwrap_or_default();
        let place = start.map(|start| start + within);
        let failure = steps.item.failure(error, place, self.dialect.syntax());
        let kind = ErrorKind::Migration(if half_done { failure.half_done() } else { failure });
        if steps.in_doubt && !executing {
            // The statement itself was not sent: its earlier outcome is still unknown.
            return Stop::Unjournaled(Box::new(kind));
        }
        let untouched =
            steps.item.is_down() && executing && steps.at == 0 && !half_done && steps.concurrent().is_none();
        self.cleanup.staying = untouched.then(|| steps.item.migration.version());
        Stop::failed(kind)
    }

    /// Pauses before the next try of the same message or step.
    async fn pause_step(&mut self, steps: &mut Steps<'a>, executing: bool, reason: &str) -> Result<(), Stop> {
        steps.tries += 1;
        self.session.report(|report| report.retries += 1);
        let waited = self.count_waiting();
        if waited >= self.options.lock_wait {
            let busy = Some(format!("{}: {reason}", steps.doing(executing)));
            return Err(Stop::failed(ErrorKind::LockWait { waited, holder: None, busy }));
        }
        let version = steps.item.migration.version();
        self.emit(&Event::Retrying { version, attempt: steps.tries, reason });
        self.pause_before_retry().await;
        Ok(())
    }

    /// Says in clear words that code has left a transaction open.
    pub(super) fn without_our_words(&self, error: DbError) -> DbError {
        let class = self.class(&error);
        if matches!(class, Class::LeftOpen | Class::InTransaction) { errors::left_open() } else { error }
    }
}
