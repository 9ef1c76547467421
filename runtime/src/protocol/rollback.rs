//! Rolls migrations back, one at a time: the row first, so that no other runner does the same, then the down script.

use std::time::Duration;

use gapless_core::{Down, Migration};

use super::Stop;
use super::batch::{offset, shown};
use super::item::{Direction, Execution, Item};
use super::protocol::Protocol;
use crate::dialect::Class;
use crate::engine::DbError;
use crate::report::error::ErrorKind;
use crate::report::event::Event;

impl<'a> Protocol<'a> {
    /// Rolls the queue back.
    pub(super) async fn roll_back_all(&mut self) -> Result<(), Stop> {
        // Each turn shortens the queue, or ends this attempt or the run.
        while let Some(item) = self.queue.front().copied() {
            self.check_cancelled_before_next(&mut None)?;
            self.session.is_at(format!("rolling back migration {}", shown(item.migration)));
            let Direction::Down(down) = item.direction else {
                return Err(Stop::failed(ErrorKind::Misuse("a migration without a down script")));
            };
            let version = item.migration.version();
            self.tell_rolling_back(item.migration);
            // An earlier run may have begun it outside of a transaction.
            let begun = self.known.history.find(version).is_some_and(|row| row.going_back);
            if item.execution == Execution::Stepwise || (begun && !self.stepwise.has_settled(version)) {
                self.run_steps(item).await?;
                continue;
            }
            self.roll_back_whole(&item, down).await?;
            self.session.dirty = false;
            self.rolled_back(item.migration, Some(self.session.spent));
        }
        Ok(())
    }

    /// Tells the listener that a rollback begins: once, however often it is tried.
    fn tell_rolling_back(&mut self, migration: &Migration) {
        if self.applying.rolling_back.replace(migration.version()) != Some(migration.version()) {
            let applied = self.applied(migration, None);
            self.emit(&Event::RollingBack(&applied));
        }
    }

    /// Rolls a migration back in one transaction.
    async fn roll_back_whole(&mut self, item: &Item<'a>, down: &Down) -> Result<(), Stop> {
        let mut message = String::new();
        let script = self.down_envelope(item.migration, down).write(&mut message, down.sql(), self.dialect);
        let Err(error) = self.session.transact(message.clone()).await? else { return Ok(()) };
        let at = offset(&error, &message, self.dialect).filter(|at| script.contains(at));
        Err(self.not_rolled_back(item, error, at.map(|at| at - script.start)).await)
    }

    /// Handles the refusal of a rollback's transaction; the error lies `at` this byte of the down script.
    async fn not_rolled_back(&mut self, item: &Item<'a>, error: DbError, at: Option<usize>) -> Stop {
        let class = self.class(&error);
        // Its row is gone: another runner has rolled it back.
        let gone = class == Class::Unrecorded && at.is_none();
        match class {
            Class::HandedOn { pid } => self.handed_on(pid),
            Class::Busy => self.stand_back_from(&error).await,
            _ if gone || class == Class::Retry => {
                let (version, reason) = (item.migration.version(), error.message.clone());
                let kind = self.failure(item, error, at);
                self.retry_or(kind, Some(version), &reason).await
            }
            _ => Stop::failed(self.migration_error(item, error, at)),
        }
    }

    /// Reports a rolled back migration.
    pub(super) fn rolled_back(&mut self, migration: &Migration, duration: Option<Duration>) {
        self.renew_patience();
        self.queue.pop_front();
        let applied = self.applied(migration, duration);
        self.emit(&Event::RolledBack(&applied));
        self.session.report(|report| report.rolled_back.push(applied));
    }
}
