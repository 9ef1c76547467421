//! Putting the tracker right, in one transaction, before anything is applied.

use super::reply::{DbError, ResultSet};
use super::run::{Rollback, Run, State};
use crate::Change;
use crate::dialect::{Class, Timeouts};
use crate::error::ErrorKind;
use crate::event::Event;
use crate::history::History;
use crate::runner::Goal;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Amending {
    /// Making sure, under every lock there is, that the set is as it was read, and another tool's table too.
    Rereading {
        adopts: bool,
    },
    Writing,
}

impl<'a> Run<'a> {
    /// The changes, if there are any, and then the queue.
    pub(super) fn begin_work(&mut self) -> State<'a> {
        if self.lacks_settings() {
            return self.ask(false);
        }
        if self.plan.changes().is_empty() {
            return self.work();
        }
        self.message = self.same_backend();
        self.message += &self.dialect.begin(Timeouts::default());
        self.message += &self.lock_transaction();
        let moves = |change: &Change| matches!(change, Change::Renamed { .. } | Change::Accepted { .. });
        if self.plan.changes().iter().any(moves) {
            self.message += &self.dialect.lock_set(&self.tracker);
        }
        let adopts = self.plan.changes().iter().any(|change| matches!(change, Change::Adopted { .. }));
        if let (Some(legacy), Some(table)) = (self.options.adopt.as_ref().filter(|_| adopts), &self.legacy) {
            for key in &table.keys {
                self.message += &self.dialect.lock_legacy(*key);
            }
            self.message += &self.legacy_rows(legacy);
        }
        self.message += &self.dialect.select_set(&self.tracker);
        State::Amending(Amending::Rereading { adopts })
    }

    fn work(&mut self) -> State<'a> {
        if self.goal == Goal::Rollback { self.take_back() } else { self.next() }
    }

    pub(super) fn amended(&mut self, amending: Amending, results: &[ResultSet]) -> State<'a> {
        if let Amending::Rereading { adopts } = amending {
            return self.reread(adopts, results);
        }
        let changes = std::mem::take(&mut self.plan.changes);
        for change in &changes {
            self.emit(&Event::Changed(change));
        }
        self.report.changes.extend(changes);
        self.attempt = 1;
        self.work()
    }

    /// Writes the changes, unless somebody was at work since they were reckoned.
    fn reread(&mut self, adopts: bool, results: &[ResultSet]) -> State<'a> {
        let (set, before) = results.split_last().map_or((None, results), |(set, before)| (Some(set), before));
        let same =
            set.map(History::read).is_some_and(|now| now.is_ok_and(|now| now.rows() == self.history.rows()));
        let read = self.legacy.as_ref().map(|table| &table.rows);
        if !same || (adopts && read != before.last()) {
            return self.roll_back(Rollback::Wait);
        }
        self.message = self.amendments();
        self.message += &self.dialect.commit(true);
        State::Amending(Amending::Writing)
    }

    pub(super) fn not_amended(&mut self, error: DbError) -> State<'a> {
        if let Some(kind) = self.handed_on(&error) {
            return self.end(Err(kind));
        }
        let doing = format!("putting {} right", self.tracker.shown());
        match self.dialect.classify(&error, &self.tracker) {
            Class::Busy => self.roll_back(Rollback::Busy(error)),
            // Another runner was faster; or a key of the tracker's own says that it cannot be.
            Class::Fence | Class::Retry => match self.try_again(None, "") {
                Some(state) => state,
                None => self.roll_back(Rollback::End(ErrorKind::Database { doing, error })),
            },
            Class::Permission => self.roll_back(Rollback::End(ErrorKind::Permission { doing, error })),
            Class::ReadOnly => {
                let (pending, standby) = (self.queue.len(), self.session.standby);
                self.roll_back(Rollback::End(ErrorKind::ReadOnly { pending, standby }))
            }
            _ => self.roll_back(Rollback::End(ErrorKind::Database { doing, error })),
        }
    }
}
