//! In which direction a migration runs outside of a transaction, and what differs with it.

use gapless_core::{Directives, Down, Migration};

use super::reply::DbError;
use super::run::{Run, State};
use super::stepwise::Stepwise;
use crate::Failure;
use crate::dialect::Timeouts;
use crate::event::Event;

#[derive(Clone, Copy, Debug)]
pub(super) enum Way<'a> {
    Up,
    Down(&'a Down),
}

impl<'a> Way<'a> {
    pub(super) fn sql(self, migration: &'a Migration) -> &'a str {
        match self {
            Way::Up => migration.sql(),
            Way::Down(down) => down.sql(),
        }
    }

    pub(super) fn path(self, migration: &'a Migration) -> &'a str {
        match self {
            Way::Up => migration.path(),
            Way::Down(down) => down.path(),
        }
    }

    pub(super) fn directives(self, migration: &Migration) -> Directives {
        match self {
            Way::Up => migration.directives(),
            Way::Down(down) => down.directives(),
        }
    }
}

impl<'a> Run<'a> {
    pub(super) fn step_timeouts(&self, steps: &Stepwise<'a>) -> Timeouts {
        match steps.way {
            Way::Up => self.timeouts(steps.migration),
            Way::Down(down) => self.down_timeouts(down),
        }
    }

    pub(super) fn step_failure(&self, steps: &Stepwise<'a>, error: DbError, at: Option<usize>) -> Failure {
        match steps.way {
            Way::Up => Failure::new(steps.migration, error, at, self.dialect.syntax()),
            Way::Down(_) => Failure::back(steps.migration, error, at, self.dialect.syntax()),
        }
    }

    /// The version's row comes, or goes, once all of the steps are done.
    pub(super) fn record_steps(&self, steps: &Stepwise<'a>) -> String {
        let mut sql = self.same_backend();
        sql += &self.restore();
        sql += &self.dialect.begin(Timeouts::default());
        sql += &self.lock_transaction();
        match steps.way {
            Way::Up => {
                sql += &self.record(steps.migration, None);
                sql += &self.dialect.journal_applied(&self.tracker, steps.migration, &self.token);
            }
            Way::Down(_) => sql += &self.dialect.take_back(&self.tracker, steps.migration.version()),
        }
        sql + &self.dialect.commit(true)
    }

    pub(super) fn recorded_steps(&mut self, steps: &Stepwise<'a>) -> State<'a> {
        self.session.dirty = false;
        match steps.way {
            Way::Up => {
                self.mark(steps.migration, None);
                self.attempt = 1;
                self.next()
            }
            Way::Down(_) => self.went_back(steps.migration, None),
        }
    }

    /// Reports a migration that was rolled back, and goes on with the next.
    pub(super) fn went_back(
        &mut self,
        migration: &'a Migration,
        duration: Option<std::time::Duration>,
    ) -> State<'a> {
        (self.attempt, self.lock_waited) = (1, std::time::Duration::ZERO);
        self.backoff.reset();
        self.queue.pop_front();
        let applied = self.applied(migration, duration);
        self.emit(&Event::RolledBack(&applied));
        self.report.rolled_back.push(applied);
        self.take_back()
    }
}
