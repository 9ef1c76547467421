//! Repairing the history without applying what is pending.

use crate::driver::{self, AsyncClient, Connection};
use crate::runner::{Goal, Runner};
use crate::{Error, Plan, Report};

impl Runner<'_> {
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
