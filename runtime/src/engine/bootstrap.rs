//! Creating the tracker: along with the first migrations, or by itself.

use gapless_core::Migration;

use super::reply::DbError;
use super::run::{Rollback, Run, State};
use crate::Plan;
use crate::dialect::{Class, Entry, Missing, Timeouts};
use crate::error::ErrorKind;
use crate::legacy::Legacy;
use crate::runner::Goal;

/// Another runner gets in the way once for each object. What is in the way for longer is of another kind, such as a
/// type of that name.
const MOST_COLLISIONS: u32 = 10;

/// The event of a table that was created for migrations that refer to it.
pub(super) const CREATED: &str = "table_created";

impl<'a> Run<'a> {
    /// Whether the tracker can come with the first migrations: those are sent in one message, and no such message
    /// has failed before.
    pub(super) fn brings_tracker(&self) -> bool {
        let batched = |first: &&Migration| !first.directives().no_transaction() && !first.directives().rust();
        let first = self.queue.front().filter(|first| batched(first));
        self.goal == Goal::Apply && !self.apart && self.plan.changes().is_empty() && first.is_some()
    }

    /// Whether something is to be created before the work begins, for which the database is asked what is missing.
    pub(super) fn prepares(&self) -> bool {
        self.goal == Goal::DryRun || self.plan.creates.is_some()
    }

    /// The other tool's table that is to be created, if the caller wants it: nothing is recorded, and it is missing.
    pub(super) fn creates(&self, plan: &Plan) -> Option<String> {
        let legacy = self.options.adopt.as_ref().filter(|legacy| legacy.creates());
        let absent = matches!(self.facts.legacy, Some(None)) && !plan.pending().is_empty();
        legacy.filter(|_| absent).map(Legacy::shown)
    }

    /// Creates what of the tracker is missing, in a transaction.
    pub(super) fn bootstrap(&self, missing: Missing, durable: bool) -> String {
        self.dialect.begin(Timeouts::default())
            + &self.lock_transaction()
            + &self.dialect.create(&self.tracker, missing)
            + &self.create_legacy()
            + &self.dialect.commit(durable)
    }

    /// Creates the other tool's table, and journals it with the first migration that follows.
    pub(super) fn create_legacy(&self) -> String {
        let (Some(table), Some(legacy), Some(first)) =
            (&self.plan.creates, &self.options.adopt, self.queue.front())
        else {
            return String::new();
        };
        let entry = Entry {
            version: first.version(),
            name: first.name(),
            event: CREATED,
            attempt: 1,
            statement: None,
            statements: None,
            detail: Some(table.clone()),
        };
        legacy.create(self.dialect.syntax()) + &self.dialect.journal(&self.tracker, &entry)
    }

    /// The tracker is there now, and all that was to come with it.
    pub(super) fn bootstrapped(&mut self) {
        self.session.set_exists = true;
        self.report.created = self.plan.creates.take().or(self.report.created.take());
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
        let doing = match &self.plan.creates {
            Some(table) => format!("creating {} and {table}", self.tracker.shown()),
            None => format!("creating {} and its journal", self.tracker.shown()),
        };
        match self.dialect.classify(&error, &self.tracker) {
            Class::Exists if self.collisions < MOST_COLLISIONS => {
                self.collisions += 1;
                self.roll_back(Rollback::Look)
            }
            Class::Busy | Class::Retry => self.roll_back(Rollback::Busy(error)),
            Class::Permission => self.roll_back(Rollback::End(ErrorKind::Permission { doing, error })),
            Class::ReadOnly => {
                let (pending, standby) = (self.queue.len(), self.session.standby);
                self.roll_back(Rollback::End(ErrorKind::ReadOnly { pending, standby }))
            }
            _ => self.roll_back(Rollback::End(ErrorKind::Database { doing, error })),
        }
    }
}
