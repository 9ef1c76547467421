//! Creates the tracker, along with the first migrations or in a message of its own.

use super::Stop;
use super::errors::Work;
use super::item::Execution;
use super::protocol::Protocol;
use super::reply::DbError;
use crate::Plan;
use crate::dialect::{Class, Entry, Missing, Timeouts};
use crate::legacy::Legacy;
use crate::runner::Goal;

/// Another runner gets in the way once for each object. An obstacle that stays longer is of another kind, such as a
/// type of that name.
const MOST_COLLISIONS: u32 = 10;

/// The event of a table that the run creates for migrations that refer to it.
pub(super) const CREATED: &str = "table_created";

/// The state of the tracker's creation.
#[derive(Debug, Default)]
pub(super) struct Bootstrapping {
    /// The missing parts that the first batch creates.
    pub(super) with_batch: Option<Missing>,
    /// The tracker gets a message of its own, because a batch with it has failed.
    pub(super) apart: bool,
    /// The number of times that somebody else created an object first.
    collisions: u32,
}

impl Protocol<'_> {
    /// Creates what is missing, or leaves it to the first batch.
    pub(super) async fn bootstrap(&mut self, missing: Missing) -> Result<(), Stop> {
        let whole = !missing.any() && self.plan.creates.is_none();
        self.bootstrapping.with_batch = Some(missing).filter(|_| !whole && self.brings_tracker());
        if whole || self.bootstrapping.with_batch.is_some() {
            return Ok(());
        }
        self.session.is_at("creating the tracker");
        let message = self.same_backend() + &self.create(missing, true);
        match self.session.transact(message).await? {
            Ok(_) => {
                self.bootstrapped();
                Ok(())
            }
            Err(error) => self.not_bootstrapped(error).await,
        }
    }

    /// Returns `true` if the tracker can come with the first migrations: they are a batch, its DDL commits whole, and
    /// no such batch has failed before.
    fn brings_tracker(&self) -> bool {
        let batched = self.queue.front().is_some_and(|first| first.execution == Execution::Batched)
            && self.abilities.transactional_ddl;
        self.goal == Goal::Apply && !self.bootstrapping.apart && self.plan.changes().is_empty() && batched
    }

    /// Returns the other tool's table to create, if the caller asks for it, the table is missing and nothing is
    /// recorded.
    pub(super) fn creates(&self, plan: &Plan) -> Option<String> {
        let legacy = self.options.adopt.as_ref().filter(|legacy| legacy.creates());
        let absent = matches!(self.known.facts.legacy, Some(None)) && !plan.pending().is_empty();
        legacy.filter(|_| absent).map(Legacy::shown)
    }

    /// Writes a transaction that creates the missing parts of the tracker.
    pub(super) fn create(&self, missing: Missing, durable: bool) -> String {
        self.begin(Timeouts::default())
            + &self.dialect.create(&self.tracker, missing)
            + &self.create_legacy()
            + &self.dialect.commit(durable)
    }

    /// Writes the creation of the other tool's table, journaled with the first migration after it.
    pub(super) fn create_legacy(&self) -> String {
        let (Some(table), Some(legacy), Some(first)) =
            (&self.plan.creates, &self.options.adopt, self.queue.front())
        else {
            return String::new();
        };
        let entry = Entry {
            version: first.migration.version(),
            name: first.migration.name(),
            event: CREATED,
            attempt: 1,
            statement: None,
            statements: None,
            detail: Some(table.clone()),
        };
        legacy.create(self.dialect) + &self.dialect.journal(&self.tracker, &entry)
    }

    /// Notes that the tracker exists, and everything that came with it.
    pub(super) fn bootstrapped(&mut self) {
        (self.session.set_exists, self.session.whole) = (true, true);
        self.session.journal = true;
        let created = self.plan.creates.take();
        self.session.report(|report| report.created = created.or(report.created.take()));
    }

    async fn not_bootstrapped(&mut self, error: DbError) -> Result<(), Stop> {
        Err(match self.class(&error) {
            Class::HandedOn { pid } => self.handed_on(pid),
            Class::Exists if self.bootstrapping.collisions < MOST_COLLISIONS => {
                self.bootstrapping.collisions += 1;
                self.observe_again().await
            }
            Class::Busy | Class::Retry => self.stand_back_from(&error).await,
            _ => Stop::failed(self.error(Work::Bootstrapping, error)),
        })
    }

    /// Rolls back and observes again; without the lock, after a pause.
    async fn observe_again(&mut self) -> Stop {
        if !self.session.locked {
            return self.stand_back().await;
        }
        self.roll_back().await.err().unwrap_or(Stop::Again)
    }
}
