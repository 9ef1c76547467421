//! Creating the tracker: along with the first migrations, or in a message of its own.

use super::Stop;
use super::errors::Work;
use super::item::Execution;
use super::protocol::Protocol;
use super::reply::DbError;
use crate::Plan;
use crate::dialect::{Class, Entry, Missing, Timeouts};
use crate::legacy::Legacy;
use crate::runner::Goal;

/// Another runner gets in the way once for each object. What is in the way for longer is of another kind, such as a
/// type of that name.
const MOST_COLLISIONS: u32 = 10;

/// The event of a table that was created for migrations that refer to it.
pub(super) const CREATED: &str = "table_created";

/// How the tracker comes into being.
#[derive(Debug, Default)]
pub(super) struct Bootstrapping {
    /// The missing parts that the first batch is to create.
    pub(super) with_batch: Option<Missing>,
    /// The tracker gets a message of its own, because a batch that brought it along has failed.
    pub(super) apart: bool,
    /// How often somebody else created an object that this run was about to create.
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

    /// Returns `true` if the tracker can come with the first migrations: one message holds them, that of the tracker
    /// commits whole, and no such message has failed before.
    fn brings_tracker(&self) -> bool {
        let batched = self.queue.front().is_some_and(|first| first.execution == Execution::Batched)
            && self.abilities.transactional_ddl;
        self.goal == Goal::Apply && !self.bootstrapping.apart && self.plan.changes().is_empty() && batched
    }

    /// The other tool's table that is to be created, if the caller wants it: nothing is recorded, and it is missing.
    pub(super) fn creates(&self, plan: &Plan) -> Option<String> {
        let legacy = self.options.adopt.as_ref().filter(|legacy| legacy.creates());
        let absent = matches!(self.known.facts.legacy, Some(None)) && !plan.pending().is_empty();
        legacy.filter(|_| absent).map(Legacy::shown)
    }

    /// Creates what of the tracker is missing, in a transaction.
    pub(super) fn create(&self, missing: Missing, durable: bool) -> String {
        self.begin(Timeouts::default())
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

    /// The tracker is there now, and all that was to come with it.
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
