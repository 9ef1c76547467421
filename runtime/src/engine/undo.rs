//! Rolling migrations back, one at a time: the row first, so that nobody else does the same, then the script. Those
//! outside of a transaction go [step by step](super::stepwise).

use std::ops::Range;

use gapless_core::{Down, Migration};

use super::batch::offset;
use super::reply::DbError;
use super::run::{Rollback, Run, State};
use super::way::Way;
use crate::Failure;
use crate::dialect::{Class, Timeouts};
use crate::error::ErrorKind;

/// A migration that is being rolled back, in one transaction.
#[derive(Debug)]
pub(super) struct Undo<'a> {
    migration: &'a Migration,
    /// Where the script lies in the message.
    script: Range<usize>,
}

impl<'a> Run<'a> {
    /// The next of the queue, or the end.
    pub(super) fn take_back(&mut self) -> State<'a> {
        let Some(migration) = self.queue.front().copied() else { return self.end(Ok(())) };
        let Some(down) = migration.down() else { return self.misused("a migration without a way back") };
        let version = migration.version();
        let begun = self.history.find(version).is_some_and(|row| row.going_back);
        if down.directives().no_transaction() || (begun && self.asked != Some(version)) {
            return self.begin_steps(migration, Way::Down(down));
        }
        self.message = self.same_backend();
        self.message += &self.dialect.begin(self.down_timeouts(down));
        self.message += &self.lock_transaction();
        self.message += &self.dialect.take_back(&self.tracker, version);
        self.message += &self.dialect.mark(&self.token);
        let script = self.message.len();
        self.message += down.sql();
        let script = script..self.message.len();
        self.message += "\n;\n";
        self.message += &self.restore();
        self.message += &self.dialect.check_mark(&self.token);
        self.message += &self.dialect.check_taken_back(&self.tracker, migration.version());
        self.message += &self.dialect.commit(true);
        State::Undoing(Undo { migration, script })
    }

    pub(super) fn down_timeouts(&self, down: &Down) -> Timeouts {
        let directives = down.directives();
        Timeouts {
            lock: directives.lock_timeout().or(self.options.lock_timeout),
            statement: directives.statement_timeout().or(self.options.statement_timeout),
        }
    }

    pub(super) fn undone(&mut self, undo: &Undo<'a>) -> State<'a> {
        let spent = self.spent;
        self.session.dirty = false;
        self.went_back(undo.migration, Some(spent))
    }

    pub(super) fn not_undone(&mut self, undo: &Undo<'a>, error: DbError) -> State<'a> {
        if let Some(kind) = self.handed_on(&error) {
            return self.end(Err(kind));
        }
        let class = self.dialect.classify(&error, &self.tracker);
        let within = offset(&error, &self.message, self.dialect);
        let script = &undo.script;
        let at = within.filter(|at| script.contains(at)).map(|at| at - script.start);
        // Its row is gone: another runner has rolled it back.
        let again = class == Class::Retry || (class == Class::Unrecorded && at.is_none());
        if again && let Some(state) = self.try_again(Some(undo.migration.version()), &error.message) {
            return state;
        }
        if class == Class::Busy {
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
}
