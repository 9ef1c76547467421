//! Taking migrations back, one at a time: the row first, so that nobody else does the same, then the script.

use std::ops::Range;

use gapless_core::{Down, Migration, split};

use super::batch::offset;
use super::ending::shown;
use super::reply::DbError;
use super::run::{Rollback, Run, State};
use crate::Failure;
use crate::dialect::{Class, Timeouts};
use crate::error::ErrorKind;
use crate::event::Event;

/// A migration that is being taken back.
#[derive(Debug)]
pub(super) struct Undo<'a> {
    migration: &'a Migration,
    part: Part,
    /// How often the statement at hand was begun again.
    tries: u32,
}

/// What the message holds of it.
#[derive(Debug)]
enum Part {
    /// All of it, with the script here.
    Whole(Range<usize>),
    /// The timeouts for the statements to come.
    Timeouts,
    /// A statement, with its place in the file: they run outside of a transaction.
    Statement { next: usize, start: usize },
    /// The row, once all statements have run.
    Row,
}

impl<'a> Run<'a> {
    /// The next of the queue, or the end.
    pub(super) fn take_back(&mut self) -> State<'a> {
        let Some(migration) = self.queue.front().copied() else { return self.end(Ok(())) };
        let Some(down) = migration.down() else { return self.misused("a migration without a way back") };
        if down.directives().no_transaction() {
            self.session.dirty = true;
            self.message = self.dialect.set_timeouts(self.down_timeouts(down));
            if self.message.is_empty() {
                return self.step_back(migration, down, 0);
            }
            return State::Undoing(Undo { migration, part: Part::Timeouts, tries: 0 });
        }
        self.message = self.same_backend();
        self.message += &self.dialect.begin(self.down_timeouts(down));
        self.message += &self.lock_transaction();
        self.message += &self.dialect.take_back(&self.tracker, migration.version());
        self.message += &self.dialect.mark(&self.token);
        let script = self.message.len();
        self.message += down.sql();
        let script = script..self.message.len();
        self.message += "\n;\n";
        self.message += &self.restore();
        self.message += &self.dialect.check_mark(&self.token);
        self.message += &self.dialect.check_taken_back(&self.tracker, migration.version());
        self.message += &self.dialect.commit(true);
        State::Undoing(Undo { migration, part: Part::Whole(script), tries: 0 })
    }

    fn down_timeouts(&self, down: &Down) -> Timeouts {
        let directives = down.directives();
        Timeouts {
            lock: directives.lock_timeout().or(self.options.lock_timeout),
            statement: directives.statement_timeout().or(self.options.statement_timeout),
        }
    }

    /// A statement by itself, or the row once all have run.
    fn step_back(&mut self, migration: &'a Migration, down: &'a Down, index: usize) -> State<'a> {
        let statements = split(down.sql(), self.dialect.syntax()).unwrap_or_default();
        let Some(statement) = statements.get(index) else {
            self.write_row(migration);
            return State::Undoing(Undo { migration, part: Part::Row, tries: 0 });
        };
        self.message = statement.text().to_owned();
        let part = Part::Statement { next: index + 1, start: statement.span().start };
        State::Undoing(Undo { migration, part, tries: 0 })
    }

    fn write_row(&mut self, migration: &Migration) {
        self.message = self.restore();
        self.message += &self.dialect.begin(Timeouts::default());
        self.message += &self.lock_transaction();
        self.message += &self.dialect.take_back(&self.tracker, migration.version());
        self.message += &self.dialect.commit(true);
    }

    pub(super) fn undone(&mut self, undo: Undo<'a>) -> State<'a> {
        let next = match undo.part {
            Part::Timeouts => Some(0),
            Part::Statement { next, .. } => Some(next),
            Part::Whole(_) | Part::Row => None,
        };
        if let (Some(next), Some(down)) = (next, undo.migration.down()) {
            return self.step_back(undo.migration, down, next);
        }
        self.session.dirty = false;
        (self.attempt, self.lock_waited) = (1, std::time::Duration::ZERO);
        self.backoff.reset();
        self.queue.pop_front();
        let applied = self.applied(undo.migration, Some(self.spent));
        self.emit(&Event::RolledBack(&applied));
        self.report.rolled_back.push(applied);
        self.take_back()
    }

    pub(super) fn not_undone(&mut self, undo: Undo<'a>, error: DbError) -> State<'a> {
        if let Some(kind) = self.handed_on(&error) {
            return self.end(Err(kind));
        }
        let class = self.dialect.classify(&error, &self.tracker);
        if let Part::Statement { .. } | Part::Timeouts = undo.part
            && matches!(class, Class::Busy | Class::Retry)
            && (class == Class::Busy || undo.tries < self.options.retries)
        {
            return self.rest(undo, &error);
        }
        let within = offset(&error, &self.message, self.dialect);
        let at = match &undo.part {
            Part::Whole(script) => within.filter(|at| script.contains(at)).map(|at| at - script.start),
            Part::Statement { start, .. } => Some(start + within.unwrap_or_default()),
            Part::Timeouts | Part::Row => None,
        };
        // Its row is gone: another runner has taken it back.
        let again = class == Class::Retry || (class == Class::Unrecorded && at.is_none());
        let whole = !matches!(undo.part, Part::Statement { .. } | Part::Timeouts);
        if again
            && whole
            && let Some(state) = self.try_again(Some(undo.migration.version()), &error.message)
        {
            return state;
        }
        if class == Class::Busy && matches!(undo.part, Part::Row) {
            return self.roll_back(Rollback::Row(undo, error));
        }
        if class == Class::Busy && whole {
            return self.roll_back(Rollback::Busy(error));
        }
        if class == Class::Permission && at.is_none() && self.is_ours(&error) {
            let doing =
                format!("taking version {} out of {}", undo.migration.version(), self.tracker.shown());
            return self.roll_back(Rollback::End(ErrorKind::Permission { doing, error }));
        }
        let failure = Failure::back(undo.migration, error, at, self.dialect.syntax());
        let failure = if class == Class::Ended { failure.ended(false) } else { failure };
        self.roll_back(Rollback::Fail(ErrorKind::Migration(failure)))
    }

    /// Waits before the same statement is sent again: what came before it is done.
    pub(super) fn rest(&mut self, mut undo: Undo<'a>, error: &DbError) -> State<'a> {
        undo.tries += 1;
        self.report.retries += 1;
        self.lock_waited += self.spent;
        let waited = self.lock_waited;
        if waited >= self.options.lock_wait {
            let busy = Some(format!("rolling back migration {}: {}", shown(undo.migration), error.message));
            return self.end(Err(ErrorKind::LockWait { waited, holder: None, busy }));
        }
        let version = undo.migration.version();
        self.emit(&Event::Retrying { version, attempt: undo.tries, reason: &error.message });
        if matches!(undo.part, Part::Row) {
            self.write_row(undo.migration);
        }
        State::Resting(self.backoff.retry(), undo)
    }
}
