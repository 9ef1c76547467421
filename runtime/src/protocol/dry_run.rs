//! The dry run: one transaction holds everything, so that each migration sees the changes of those before it. The
//! teardown rolls it back.

use super::Stop;
use super::batch::offset;
use super::errors::Work;
use super::item::{Execution, Item};
use super::protocol::Protocol;
use crate::dialect::{Class, Missing, Timeouts};
use crate::engine::DbError;
use crate::{Applied, NotTried, Untried};

/// The result of a dry run.
#[derive(Debug, Default)]
pub(super) struct Tried {
    pub(super) tried: Vec<Applied>,
    pub(super) not_tried: Vec<NotTried>,
}

impl<'a> Protocol<'a> {
    /// Tries the queue up to the first migration that a dry run cannot try.
    pub(super) async fn dry_run(&mut self, missing: Missing) -> Result<(), Stop> {
        self.session.is_at("trying the migrations");
        // DDL that commits by itself would leave a tracker behind.
        if (missing.any() || self.plan.creates.is_some()) && !self.abilities.transactional_ddl {
            if let Some(first) = self.queue.pop_front() {
                self.break_off(first, Untried::NoTracker);
            }
            return Ok(());
        }
        let begin = self.begin_dry_run(missing);
        if let Err(error) = self.session.transact(begin).await? {
            return Err(self.dry_run_not_begun(error).await);
        }
        // The teardown rolls back, wherever it ends.
        self.session.open = true;
        if self.options.trace_locks {
            self.begin_trace().await?;
        }
        while let Some(item) = self.queue.front().copied() {
            self.check_cancelled_before_next(&mut None)?;
            self.queue.pop_front();
            match item.execution {
                Execution::Code => self.break_off(item, Untried::Rust),
                Execution::Stepwise if item.directives().no_transaction() => {
                    self.break_off(item, Untried::NoTransaction);
                }
                Execution::Stepwise => self.break_off(item, Untried::CommitsByItself),
                Execution::Batched if self.options.trace_locks => self.trace_one(item).await?,
                Execution::Batched => self.try_one(item).await?,
            }
        }
        Ok(())
    }

    /// Opens the transaction, and creates a missing tracker in it.
    fn begin_dry_run(&self, missing: Missing) -> String {
        let mut message = self.begin(Timeouts::default());
        if missing.any() {
            message += &self.dialect.create(&self.tracker, missing);
        }
        message += &self.create_legacy();
        if !self.plan.changes().is_empty() {
            message += &self.repairs();
        }
        message
    }

    async fn dry_run_not_begun(&mut self, error: DbError) -> Stop {
        match self.class(&error) {
            Class::Busy => self.stand_back_from(&error).await,
            _ => Stop::failed(self.error(Work::BeginningDryRun, error)),
        }
    }

    /// Tries a migration in a savepoint of its own.
    async fn try_one(&mut self, item: Item<'a>) -> Result<(), Stop> {
        let mut message = String::new();
        let script =
            self.dry_envelope(item.migration).write(&mut message, item.migration.sql(), self.dialect);
        let error = match self.session.transact(message.clone()).await? {
            Ok(_) => {
                let tried = self.applied(item.migration, Some(self.session.spent));
                self.tried.tried.push(tried);
                return Ok(());
            }
            Err(error) => error,
        };
        let at = offset(&error, &message, self.dialect).filter(|at| script.contains(at));
        self.not_tried(&item, error, at.map(|at| at - script.start)).await
    }

    /// Ends the dry run at a migration that the database refused; the error lies `at` this byte of the script.
    pub(super) async fn not_tried(
        &mut self,
        item: &Item<'a>,
        error: DbError,
        at: Option<usize>,
    ) -> Result<(), Stop> {
        match self.class(&error) {
            Class::Busy => Err(self.stand_back_from(&error).await),
            Class::Untriable => {
                self.break_off(*item, Untried::Uncommitted);
                Ok(())
            }
            _ => Err(Stop::failed(self.migration_error(item, error, at))),
        }
    }

    /// Stops at a migration that a dry run cannot try. The migrations after it would run on a database that they will
    /// never meet: an error there says nothing, and success next to nothing.
    pub(super) fn break_off(&mut self, item: Item<'a>, reason: Untried) {
        let after = Untried::After(item.migration.version());
        let rest: Vec<_> = self.queue.drain(..).map(|later| (later, after)).collect();
        for (item, reason) in std::iter::once((item, reason)).chain(rest) {
            let pending = self.pending(item.migration.version());
            self.tried.not_tried.extend(pending.map(|pending| NotTried { pending, reason }));
        }
    }
}
