//! Repairing the history without applying what is pending.

use crate::driver::{self, AsyncClient, Connection};
use crate::runner::{Goal, Runner};
use crate::{Error, Plan, Report};

impl Runner<'_> {
    /// Binds the run to a plan that somebody has looked at: it does what the plan says, or nothing. If the database has
    /// changed meanwhile, so that other changes of the history, other migrations to apply or other ones to roll back are
    /// due, the run fails with [`Error::is_stale`]. Where nothing is due any more, it does nothing.
    ///
    /// ```
    /// # #[cfg(feature = "rusqlite")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gapless::{MigrationSet, Rollback, embed_migrations};
    /// # static MIGRATIONS: MigrationSet = embed_migrations!("../migrations");
    /// # let mut client = rusqlite::Connection::open_in_memory()?;
    /// MIGRATIONS.runner().run(&mut client)?;
    /// let plan = MIGRATIONS.runner().plan_rollback(Rollback::steps(1), &mut client)?;
    /// // Somebody reads the plan, and somebody else rolls back.
    /// MIGRATIONS.runner().rollback(Rollback::steps(1), &mut client)?;
    /// let late = MIGRATIONS.runner().as_planned(&plan).rollback(Rollback::steps(1), &mut client);
    /// assert!(late.unwrap_err().is_stale());
    /// # Ok(()) }
    /// # #[cfg(not(feature = "rusqlite"))]
    /// # fn main() {}
    /// ```
    pub fn as_planned(mut self, plan: &Plan) -> Self {
        self.options.planned = Some(Box::new(plan.clone()));
        self
    }

    /// Binds [`resolve`](Runner::resolve) to what you have looked at: [`VersionStatus::last_entry`] of that version. If the
    /// journal has a later entry about it by the time the run has the lock, the run fails with [`Error::is_stale`] and
    /// changes nothing: another runner has gone on meanwhile, and your answer is about another statement.
    ///
    /// [`VersionStatus::last_entry`]: crate::VersionStatus::last_entry
    pub fn seen(mut self, entry: i64) -> Self {
        self.options.seen = Some(entry);
        self
    }

    /// Makes the repairs that the options ask for, and applies nothing else: [`adopt`](Runner::adopt),
    /// [`reconcile`](Runner::reconcile), [`accept`](Runner::accept), declared renames, and
    /// [`resolve`](Runner::resolve), which goes on with the one migration that it names. What is pending besides stays
    /// pending.
    ///
    /// Other contradictions of the history do not stand in the way, so that they can be settled one by one; they become
    /// warnings of the report. Only `resolve` with [`Retry`](crate::Resolution::Retry) or
    /// [`RetryFrom`](crate::Resolution::RetryFrom), which runs SQL, refuses them as [`run`](Runner::run) does.
    ///
    /// ```no_run
    /// # #[cfg(feature = "postgres")] {
    /// # use gapless::{MigrationSet, Version, embed_migrations};
    /// # static MIGRATIONS: MigrationSet = embed_migrations!("../migrations");
    /// # fn example(mut client: postgres::Client) -> Result<(), gapless::Error> {
    /// let runner = MIGRATIONS.runner().accept(Version::from(2));
    /// println!("{}", runner.clone().plan_repair(&mut client)?);
    /// runner.repair(&mut client)?;
    /// # Ok(()) }
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`run`](Runner::run).
    pub fn repair<C: Connection>(self, client: &mut C) -> Result<Report, Error> {
        let run = self.start_with(Goal::Repair, client.dialect(), client.runs())?;
        Ok(driver::drive(client, run)?.report)
    }

    /// Returns the plan of what [`repair`](Runner::repair) would do now. Reads only, takes no lock.
    ///
    /// # Errors
    ///
    /// As [`repair`](Runner::repair), as far as it can be seen without running.
    pub fn plan_repair<C: Connection>(self, client: &mut C) -> Result<Plan, Error> {
        let run = self.start_with(Goal::PlanRepair, client.dialect(), client.runs())?;
        Ok(driver::drive(client, run)?.plan)
    }

    /// [`repair`](Runner::repair) for an asynchronous client.
    ///
    /// # Errors
    ///
    /// As [`repair`](Runner::repair).
    pub async fn repair_async<C: AsyncClient>(self, client: &mut C) -> Result<Report, Error> {
        let run = self.start_with(Goal::Repair, client.dialect(), client.runs())?;
        Ok(client.drive(run).await?.report)
    }

    /// [`plan_repair`](Runner::plan_repair) for an asynchronous client.
    ///
    /// # Errors
    ///
    /// As [`plan_repair`](Runner::plan_repair).
    pub async fn plan_repair_async<C: AsyncClient>(self, client: &mut C) -> Result<Plan, Error> {
        let run = self.start_with(Goal::PlanRepair, client.dialect(), client.runs())?;
        Ok(client.drive(run).await?.plan)
    }
}
