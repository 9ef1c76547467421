//! Methods that run, plan, verify and roll back, for blocking and asynchronous clients.

use crate::driver::{self, AsyncClient, Connection};
use crate::engine::{Dialect, Run};
use crate::runner::{Goal, Runner};
use crate::{DryRun, Error, Plan, Report, Rollback, Status};

impl<'a> Runner<'a> {
    /// Applies all pending migrations.
    ///
    /// ```
    /// # #[cfg(feature = "rusqlite")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gapless::{MigrationSet, embed_migrations};
    /// # static MIGRATIONS: MigrationSet = embed_migrations!("../migrations");
    /// # let mut client = rusqlite::Connection::open_in_memory()?;
    /// let report = MIGRATIONS.runner().run(&mut client)?;
    /// assert_eq!(report.applied().len(), 10);
    /// let report = MIGRATIONS.runner().run(&mut client)?;
    /// assert_eq!((report.applied().len(), report.round_trips()), (0, 1));
    /// # Ok(()) }
    /// # #[cfg(not(feature = "rusqlite"))]
    /// # fn main() {}
    /// ```
    ///
    /// # Errors
    ///
    /// A database that contradicts the embedded set, a migration that fails, a lock that another runner holds for too
    /// long, a lost connection, and more; see [`Error`]. Migrations that were applied before the error stay applied and
    /// recorded, and the run leaves neither a lock nor an open transaction in the session.
    pub fn run<C: Connection>(self, client: &mut C) -> Result<Report, Error> {
        let run = self.start_with(Goal::Apply, client.dialect(), client.runs())?;
        Ok(driver::drive(client, run)?.report)
    }

    /// Returns the plan of what [`run`](Runner::run) would do now. Reads only and takes no lock.
    ///
    /// # Errors
    ///
    /// The errors of [`run`](Runner::run) that show without running anything.
    pub fn plan<C: Connection>(self, client: &mut C) -> Result<Plan, Error> {
        let run = self.start_with(Goal::Plan, client.dialect(), client.runs())?;
        Ok(driver::drive(client, run)?.plan)
    }

    /// Tries all pending migrations in one transaction, which it rolls back.
    ///
    /// Each migration sees the work of those before it, and nothing stays behind, not even a tracker; only sequences keep
    /// the numbers that they have given out. The dry run takes the run's lock and all locks of the statements. It stops at
    /// the first migration that it cannot try: one with `no-transaction`, one in Rust, or one that uses a value of an enum
    /// that was added in the same transaction. [`DryRun::not_tried`] lists that migration and all after it. On SQLite only a
    /// commit checks deferred foreign keys, so a dry run does not. MySQL and MariaDB commit DDL at once, so there it stops at
    /// the first migration that holds any, or where there is no tracker yet; [`dry_run_on`](Runner::dry_run_on) tries DDL.
    ///
    /// ```
    /// # #[cfg(feature = "rusqlite")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gapless::{MigrationSet, embed_migrations};
    /// # static MIGRATIONS: MigrationSet = embed_migrations!("../migrations");
    /// # let mut client = rusqlite::Connection::open_in_memory()?;
    /// let dry_run = MIGRATIONS.runner().dry_run(&mut client)?;
    /// assert_eq!((dry_run.tried().len(), dry_run.not_tried().len()), (10, 0));
    /// assert!(MIGRATIONS.runner().verify(&mut client).unwrap_err().is_pending());
    /// # Ok(()) }
    /// # #[cfg(not(feature = "rusqlite"))]
    /// # fn main() {}
    /// ```
    ///
    /// # Errors
    ///
    /// The errors of [`run`](Runner::run). [`Error::failure`] is the first migration that fails. Nothing is applied.
    pub fn dry_run<C: Connection>(self, client: &mut C) -> Result<DryRun, Error> {
        let run = self.start_with(Goal::DryRun, client.dialect(), client.runs())?;
        Ok(DryRun::from(driver::drive(client, run)?))
    }

    /// Has [`dry_run`](Runner::dry_run) trace, on Postgres, for each statement: the locks that it takes and what they keep
    /// others from, how long a run would hold them, the tables that it writes anew, their rows and sizes, and the
    /// sessions for which it would wait; see [`DryRun::statements`].
    ///
    /// The statements are sent one by one, with a question to the catalog after each. Each waits 2 s at most for a lock,
    /// unless [`lock_timeout`](Runner::lock_timeout) or the file says otherwise, because everybody else waits behind it:
    /// then the dry run ends, and says who has locks there. A lock that an earlier migration of the dry run has taken is
    /// not told again, nor is a weaker one on the same table.
    ///
    /// ```no_run
    /// # #[cfg(feature = "postgres")] {
    /// # use gapless::{MigrationSet, embed_migrations};
    /// # static MIGRATIONS: MigrationSet = embed_migrations!("../migrations");
    /// # fn example(mut client: postgres::Client) -> Result<(), gapless::Error> {
    /// let dry_run = MIGRATIONS.runner().trace_locks().dry_run(&mut client)?;
    /// for trace in dry_run.statements() {
    ///     if trace.locks().iter().any(|lock| lock.mode().blocks_writes()) {
    ///         println!("{trace}");
    ///     }
    /// }
    /// # Ok(()) }
    /// # }
    /// ```
    pub fn trace_locks(mut self) -> Self {
        self.options.trace_locks = true;
        self
    }

    /// [`dry_run`](Runner::dry_run) for an asynchronous client.
    ///
    /// If you drop the future before it is ready, the connection is left inside of a transaction: close it. A pool
    /// closes it by itself.
    ///
    /// # Errors
    ///
    /// The errors of [`dry_run`](Runner::dry_run).
    pub async fn dry_run_async<C: AsyncClient>(self, client: &mut C) -> Result<DryRun, Error> {
        let run = self.start_with(Goal::DryRun, client.dialect(), client.runs())?;
        Ok(DryRun::from(client.drive(run).await?))
    }

    /// Returns the state of each version that the binary or the database knows. Reads only, takes no lock, and sends at
    /// most two messages.
    ///
    /// Contradictions are states here, not errors, whatever the policies say. Of the options, only the tracker's names and
    /// the target count. The status leaves out the history of another tool, and tables to reconcile:
    /// [`plan`](Runner::plan) shows what a run would do about them. For a role that may not read the journal, it leaves out
    /// what the journal knows, and adds a warning.
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
    /// A lost connection, a connection inside of a transaction, or a table of the tracker's name that is not a tracker or
    /// that the role may not read.
    pub fn status<C: Connection>(mut self, client: &mut C) -> Result<Status, Error> {
        self.options.survey();
        let run = self.start(Goal::Status, client.dialect())?;
        Ok(driver::drive(client, run)?.status.unwrap_or_default())
    }

    /// [`status`](Runner::status) for an asynchronous client.
    ///
    /// # Errors
    ///
    /// The errors of [`status`](Runner::status).
    pub async fn status_async<C: AsyncClient>(mut self, client: &mut C) -> Result<Status, Error> {
        self.options.survey();
        let run = self.start(Goal::Status, client.dialect())?;
        Ok(client.drive(run).await?.status.unwrap_or_default())
    }

    /// Checks that nothing is pending and that the database does not contradict the binary. Reads only and takes no lock.
    /// Call it in a program that leaves migrating to another.
    ///
    /// ```
    /// # #[cfg(feature = "rusqlite")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gapless::{MigrationSet, embed_migrations};
    /// # static MIGRATIONS: MigrationSet = embed_migrations!("../migrations");
    /// # let mut client = rusqlite::Connection::open_in_memory()?;
    /// MIGRATIONS.runner().run(&mut client)?;
    /// let report = MIGRATIONS.runner().verify(&mut client)?;
    /// assert_eq!(report.already_applied(), 10);
    /// # Ok(()) }
    /// # #[cfg(not(feature = "rusqlite"))]
    /// # fn main() {}
    /// ```
    ///
    /// # Errors
    ///
    /// The errors of [`plan`](Runner::plan), and [`Error::is_pending`] if something is pending.
    pub fn verify<C: Connection>(self, client: &mut C) -> Result<Report, Error> {
        let run = self.start_with(Goal::Verify, client.dialect(), client.runs())?;
        Ok(driver::drive(client, run)?.report)
    }

    /// [`run`](Runner::run) for an asynchronous client.
    ///
    /// If you drop the future before it is ready, the server still finishes the message that it has: it may commit
    /// migrations, each together with its record. Close the connection then; a pool closes it by itself. It holds the
    /// lock until the server notices. The next run waits for that, and applies the rest.
    ///
    /// ```no_run
    /// # #[cfg(feature = "tokio-postgres")] {
    /// # use gapless::{MigrationSet, embed_migrations};
    /// # static MIGRATIONS: MigrationSet = embed_migrations!("../migrations");
    /// # async fn example(mut client: tokio_postgres::Client) -> Result<(), gapless::Error> {
    /// let report = MIGRATIONS.runner().run_async(&mut client).await?;
    /// println!("{report}");
    /// # Ok(()) }
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The errors of [`run`](Runner::run).
    pub async fn run_async<C: AsyncClient>(self, client: &mut C) -> Result<Report, Error> {
        let run = self.start_with(Goal::Apply, client.dialect(), client.runs())?;
        Ok(client.drive(run).await?.report)
    }

    /// [`plan`](Runner::plan) for an asynchronous client.
    ///
    /// # Errors
    ///
    /// The errors of [`plan`](Runner::plan).
    pub async fn plan_async<C: AsyncClient>(self, client: &mut C) -> Result<Plan, Error> {
        let run = self.start_with(Goal::Plan, client.dialect(), client.runs())?;
        Ok(client.drive(run).await?.plan)
    }

    /// [`verify`](Runner::verify) for an asynchronous client.
    ///
    /// # Errors
    ///
    /// The errors of [`verify`](Runner::verify).
    pub async fn verify_async<C: AsyncClient>(self, client: &mut C) -> Result<Report, Error> {
        let run = self.start_with(Goal::Verify, client.dialect(), client.runs())?;
        Ok(client.drive(run).await?.report)
    }

    /// Returns the run that [`run`](Runner::run) drives, for your own loop; see [`engine`](crate::engine).
    ///
    /// # Errors
    ///
    /// A name that the tracker cannot have, or options that name a version that is not embedded.
    pub fn into_run(self, dialect: &'static dyn Dialect) -> Result<Run<'a>, Error> {
        self.start(Goal::Apply, dialect)
    }

    /// Rolls applied migrations back with their down files, the last applied first, each in one transaction with
    /// the removal of its row. Applies nothing.
    ///
    /// ```
    /// # #[cfg(feature = "rusqlite")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gapless::{MigrationSet, embed_migrations};
    /// # static MIGRATIONS: MigrationSet = embed_migrations!("../migrations");
    /// # let mut client = rusqlite::Connection::open_in_memory()?;
    /// use gapless::Rollback;
    ///
    /// MIGRATIONS.runner().run(&mut client)?;
    /// let report = MIGRATIONS.runner().rollback(Rollback::steps(2), &mut client)?;
    /// let versions = report.rolled_back().iter().map(|one| one.version().number());
    /// assert_eq!(versions.collect::<Vec<_>>(), [10, 9]);
    /// # Ok(()) }
    /// # #[cfg(not(feature = "rusqlite"))]
    /// # fn main() {}
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::is_irreversible`], before anything is rolled back, if one of the migrations has no down file, is not in the
    /// binary, was adopted without proof of its text, or lies below a later one that stays. [`Rollback`] has options to
    /// allow the last two. Also the errors of [`run`](Runner::run).
    pub fn rollback<C: Connection>(mut self, rollback: Rollback, client: &mut C) -> Result<Report, Error> {
        self.options.go_back(rollback);
        let run = self.start_with(Goal::Rollback, client.dialect(), client.runs())?;
        Ok(driver::drive(client, run)?.report)
    }

    /// Returns the plan of what [`rollback`](Runner::rollback) would do now. Reads only and takes no lock.
    ///
    /// # Errors
    ///
    /// The errors of [`rollback`](Runner::rollback) that show without running anything.
    pub fn plan_rollback<C: Connection>(mut self, rollback: Rollback, client: &mut C) -> Result<Plan, Error> {
        self.options.go_back(rollback);
        let run = self.start_with(Goal::PlanRollback, client.dialect(), client.runs())?;
        Ok(driver::drive(client, run)?.plan)
    }

    /// [`rollback`](Runner::rollback) for an asynchronous client.
    ///
    /// # Errors
    ///
    /// The errors of [`rollback`](Runner::rollback).
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
    /// The errors of [`plan_rollback`](Runner::plan_rollback).
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
