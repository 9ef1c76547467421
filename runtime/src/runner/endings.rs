//! The methods that start a run, blocking and not.

use crate::driver::{self, AsyncClient, Connection};
use crate::engine::{Dialect, Run};
use crate::runner::{Goal, Runner};
use crate::{DryRun, Error, Plan, Report, Rollback, Status};

impl<'a> Runner<'a> {
    /// Applies everything that is pending.
    ///
    /// # Errors
    ///
    /// A database that contradicts the embedded set, a migration that fails, a lock that does not come
    /// free, a lost connection; see [`Error`]. What was applied before stays applied and recorded, and the
    /// session is left without lock and transaction.
    pub fn run<C: Connection>(self, client: &mut C) -> Result<Report, Error> {
        let run = self.start_with(Goal::Apply, client.dialect(), client.runs())?;
        Ok(driver::drive(client, run)?.report)
    }

    /// Returns the plan of what [`run`](Runner::run) would do now. Reads only, takes no lock.
    ///
    /// # Errors
    ///
    /// As [`run`](Runner::run), as far as it can be seen without running.
    pub fn plan<C: Connection>(self, client: &mut C) -> Result<Plan, Error> {
        let run = self.start_with(Goal::Plan, client.dialect(), client.runs())?;
        Ok(driver::drive(client, run)?.plan)
    }

    /// Tries everything that is pending, in one transaction that is rolled back: each migration sees what
    /// those before it did, and nothing is left behind, not even a tracker. Takes the lock, and the locks of
    /// the statements. It ends at the first migration that it cannot try, with `no-transaction`, in Rust, or with an
    /// enum's value that was added in the same transaction: [`DryRun::not_tried`] lists it and what comes after it.
    /// Sequences keep the numbers they gave. On SQLite deferred
    /// references are checked by a commit alone, and so not here.
    ///
    /// # Errors
    ///
    /// As [`run`](Runner::run); the first migration that fails is named, and nothing was applied.
    pub fn dry_run<C: Connection>(self, client: &mut C) -> Result<DryRun, Error> {
        let run = self.start_with(Goal::DryRun, client.dialect(), client.runs())?;
        Ok(DryRun::from(driver::drive(client, run)?))
    }

    /// [`dry_run`](Runner::dry_run) for an asynchronous client.
    ///
    /// If the future is dropped before it is done, the connection is left inside of a transaction: close it
    /// (a `PgPool` does it by itself).
    ///
    /// # Errors
    ///
    /// As [`dry_run`](Runner::dry_run).
    pub async fn dry_run_async<C: AsyncClient>(self, client: &mut C) -> Result<DryRun, Error> {
        let run = self.start_with(Goal::DryRun, client.dialect(), client.runs())?;
        Ok(DryRun::from(client.drive(run).await?))
    }

    /// Reads the state of each version that the binary or the database knows. Reads only, takes no lock, and sends
    /// at most two messages.
    ///
    /// Contradictions are states here, not errors, whatever the options say of them; of the options only the tracker's
    /// names and the target count. What another tool has applied is not looked at: [`plan`](Runner::plan) shows what a
    /// run would adopt, and what it would reconcile. A role that may not read the journal gets a status without what the
    /// journal knows, and a warning.
    ///
    /// ```no_run
    /// # #[cfg(feature = "postgres")] {
    /// use gapless::{MigrationSet, VersionState, embed_migrations};
    ///
    /// static MIGRATIONS: MigrationSet = embed_migrations!("../migrations");
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut client = postgres::Client::connect("host=localhost user=app", postgres::NoTls)?;
    /// let status = MIGRATIONS.runner().status(&mut client)?;
    /// println!("{status}");
    /// let interrupted = status.versions().iter().any(|one| one.state() == VersionState::Interrupted);
    /// # Ok(()) }
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// A lost connection, a transaction of the caller's, or a tracker that is not ours or that the role may not read.
    pub fn status<C: Connection>(mut self, client: &mut C) -> Result<Status, Error> {
        self.options.survey();
        let run = self.start(Goal::Status, client.dialect())?;
        Ok(driver::drive(client, run)?.status.unwrap_or_default())
    }

    /// [`status`](Runner::status) for an asynchronous client.
    ///
    /// # Errors
    ///
    /// As [`status`](Runner::status).
    pub async fn status_async<C: AsyncClient>(mut self, client: &mut C) -> Result<Status, Error> {
        self.options.survey();
        let run = self.start(Goal::Status, client.dialect())?;
        Ok(client.drive(run).await?.status.unwrap_or_default())
    }

    /// Checks that nothing is pending and nothing contradicts. Reads only, takes no lock: what a
    /// program calls that leaves migrating to another.
    ///
    /// # Errors
    ///
    /// As [`plan`](Runner::plan), and [`Error::is_pending`] if something is pending.
    pub fn verify<C: Connection>(self, client: &mut C) -> Result<Report, Error> {
        let run = self.start_with(Goal::Verify, client.dialect(), client.runs())?;
        Ok(driver::drive(client, run)?.report)
    }

    /// [`run`](Runner::run) for an asynchronous client.
    ///
    /// If the future is dropped before it is done, the server goes on with the message it has: it may
    /// still commit migrations, each together with its record. Close the connection then (a `PgPool` does
    /// it by itself). It holds the lock until the server notices, the next run waits for that, and goes on
    /// with what is left.
    ///
    /// # Errors
    ///
    /// As [`run`](Runner::run).
    pub async fn run_async<C: AsyncClient>(self, client: &mut C) -> Result<Report, Error> {
        let run = self.start_with(Goal::Apply, client.dialect(), client.runs())?;
        Ok(client.drive(run).await?.report)
    }

    /// [`plan`](Runner::plan) for an asynchronous client.
    ///
    /// # Errors
    ///
    /// As [`plan`](Runner::plan).
    pub async fn plan_async<C: AsyncClient>(self, client: &mut C) -> Result<Plan, Error> {
        let run = self.start_with(Goal::Plan, client.dialect(), client.runs())?;
        Ok(client.drive(run).await?.plan)
    }

    /// [`verify`](Runner::verify) for an asynchronous client.
    ///
    /// # Errors
    ///
    /// As [`verify`](Runner::verify).
    pub async fn verify_async<C: AsyncClient>(self, client: &mut C) -> Result<Report, Error> {
        let run = self.start_with(Goal::Verify, client.dialect(), client.runs())?;
        Ok(client.drive(run).await?.report)
    }

    /// Returns the run that [`run`](Runner::run) drives, for a driver of your own.
    ///
    /// # Errors
    ///
    /// A name that cannot be, or a target that is not embedded.
    pub fn into_run(self, dialect: &'static dyn Dialect) -> Result<Run<'a>, Error> {
        self.start(Goal::Apply, dialect)
    }

    /// Rolls applied migrations back with their down files, the last applied first, each in one transaction with
    /// the removal of its row. Applies nothing.
    ///
    /// # Errors
    ///
    /// Before anything is done: a migration without a down file, that the binary does not have, that was adopted
    /// with no proof of its text, or from under a later one that stays; see [`Rollback`] for the ways to say
    /// that it is meant. And as [`run`](Runner::run).
    pub fn rollback<C: Connection>(mut self, rollback: Rollback, client: &mut C) -> Result<Report, Error> {
        self.options.go_back(rollback);
        let run = self.start_with(Goal::Rollback, client.dialect(), client.runs())?;
        Ok(driver::drive(client, run)?.report)
    }

    /// Returns the plan of what [`rollback`](Runner::rollback) would roll back now. Reads only, takes no lock.
    ///
    /// # Errors
    ///
    /// As [`rollback`](Runner::rollback), as far as it can be seen without running.
    pub fn plan_rollback<C: Connection>(mut self, rollback: Rollback, client: &mut C) -> Result<Plan, Error> {
        self.options.go_back(rollback);
        let run = self.start_with(Goal::PlanRollback, client.dialect(), client.runs())?;
        Ok(driver::drive(client, run)?.plan)
    }

    /// [`rollback`](Runner::rollback) for an asynchronous client.
    ///
    /// # Errors
    ///
    /// As [`rollback`](Runner::rollback).
    pub async fn rollback_async<C: AsyncClient>(
        mut self,
        rollback: Rollback,
        client: &mut C,
    ) -> Result<Report, Error> {
        self.options.go_back(rollback);
        let run = self.start_with(Goal::Rollback, client.dialect(), client.runs())?;
        Ok(client.drive(run).await?.report)
    }

    /// [`plan_rollback`](Runner::plan_rollback) for an asynchronous client.
    ///
    /// # Errors
    ///
    /// As [`plan_rollback`](Runner::plan_rollback).
    pub async fn plan_rollback_async<C: AsyncClient>(
        mut self,
        rollback: Rollback,
        client: &mut C,
    ) -> Result<Plan, Error> {
        self.options.go_back(rollback);
        let run = self.start_with(Goal::PlanRollback, client.dialect(), client.runs())?;
        Ok(client.drive(run).await?.plan)
    }
}
