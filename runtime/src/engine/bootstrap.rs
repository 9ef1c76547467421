//! Creating the tracker: along with the first migrations, or by itself.

use gapless_core::Migration;

use super::reply::DbError;
use super::run::{Rollback, Run, State};
use crate::dialect::{Class, Missing, Timeouts};
use crate::error::ErrorKind;
use crate::runner::Goal;

impl<'a> Run<'a> {
    /// Whether the tracker can come with the first migrations: those are sent in one message, and no such message
    /// has failed before.
    pub(super) fn brings_tracker(&self) -> bool {
        let batched = |first: &&Migration| !first.directives().no_transaction() && !first.directives().rust();
        let first = self.queue.front().filter(|first| batched(first));
        self.goal == Goal::Apply && !self.apart && self.plan.changes().is_empty() && first.is_some()
    }

    /// Creates what of the tracker is missing, in a transaction.
    pub(super) fn bootstrap(&self, missing: Missing, durable: bool) -> String {
        self.dialect.begin(Timeouts::default())
            + &self.lock_transaction()
            + &self.dialect.create(&self.tracker, missing)
            + &self.dialect.commit(durable)
    }

    /// A message that brought the tracker along has failed before it recorded anything: what it held is sent in parts,
    /// each of which tells what is wrong with it.
    pub(super) fn take_apart(&mut self) -> State<'a> {
        self.apart = true;
        self.ask(false)
    }

    pub(super) fn not_bootstrapped(&mut self, error: DbError) -> State<'a> {
        if let Some(kind) = self.handed_on(&error) {
            return self.end(Err(kind));
        }
        let doing = format!("creating {} and its journal", self.tracker.shown());
        match self.dialect.classify(&error, &self.tracker) {
            Class::Exists | Class::Busy => self.roll_back(Rollback::Look),
            Class::Permission => self.roll_back(Rollback::End(ErrorKind::Permission { doing, error })),
            Class::ReadOnly => {
                let (pending, standby) = (self.queue.len(), self.session.standby);
                self.roll_back(Rollback::End(ErrorKind::ReadOnly { pending, standby }))
            }
            _ => self.roll_back(Rollback::End(ErrorKind::Database { doing, error })),
        }
    }
}
