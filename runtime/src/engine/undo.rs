//! Taking migrations back, one at a time: the row first, so that nobody else does the same, then the script.

use std::ops::Range;

use gapless_core::{Down, Migration, split};

use super::batch::offset;
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
}

/// What the message holds of it.
#[derive(Debug)]
enum Part {
    /// All of it, with the script here.
    Whole(Range<usize>),
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
            return self.step_back(migration, down, 0);
        }
        self.message = self.same_backend();
        self.message += &self.dialect.begin(self.down_timeouts(down));
        self.message += &self.lock_transaction();
        self.message += &self.dialect.take_back(&self.tracker, migration.version());
        let script = self.message.len();
        self.message += down.sql();
        let script = script..self.message.len();
        self.message += "\n;\n";
        self.message += &self.dialect.restore(&self.session.settings);
        self.message += &self.dialect.commit(true);
        State::Undoing(Undo { migration, part: Part::Whole(script) })
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
            self.message = self.dialect.restore(&self.session.settings);
            self.message += &self.dialect.begin(Timeouts::default());
            self.message += &self.lock_transaction();
            self.message += &self.dialect.take_back(&self.tracker, migration.version());
            self.message += &self.dialect.commit(true);
            return State::Undoing(Undo { migration, part: Part::Row });
        };
        self.session.dirty = true;
        self.message = statement.text().to_owned();
        let part = Part::Statement { next: index + 1, start: statement.span().start };
        State::Undoing(Undo { migration, part })
    }

    pub(super) fn undone(&mut self, undo: Undo<'a>) -> State<'a> {
        if let (Part::Statement { next, .. }, Some(down)) = (undo.part, undo.migration.down()) {
            return self.step_back(undo.migration, down, next);
        }
        self.session.dirty = false;
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
        let within = offset(&error, &self.message, self.dialect);
        let at = match undo.part {
            Part::Whole(script) => within.filter(|at| script.contains(at)).map(|at| at - script.start),
            Part::Statement { start, .. } => Some(start + within.unwrap_or_default()),
            Part::Row => None,
        };
        match class {
            // Its row is gone: another runner has taken it back.
            Class::Unrecorded if at.is_none() => self.roll_back(Rollback::Look),
            Class::Busy => self.roll_back(Rollback::Wait),
            Class::Retry if self.attempt <= self.options.retries => {
                self.attempt += 1;
                self.report.retries += 1;
                self.roll_back(Rollback::Wait)
            }
            _ => {
                let failure = Failure::back(undo.migration, error, at, self.dialect.syntax());
                self.roll_back(Rollback::Fail(ErrorKind::Migration(failure)))
            }
        }
    }
}
