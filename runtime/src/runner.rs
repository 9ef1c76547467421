use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use gapless_core::{MigrationSet, Version};

use crate::driver::{self, AsyncClient, Connection};
use crate::engine::{Dialect, Run};
use crate::options::{Drift, Locking, Options, OutOfOrder, Resolution, Unknown};
use crate::{DryRun, Error, Event, Plan, Report};

/// How a run goes; begin one with [`MigrationSet::runner`](crate::MigrationSet::runner).
///
/// Its endings are [`run`](Runner::run), [`dry_run`](Runner::dry_run), [`plan`](Runner::plan) and
/// [`verify`](Runner::verify).
#[must_use = "a runner does nothing until `run`, `plan` or `verify` is called"]
#[derive(Debug)]
pub struct Runner<'a> {
    set: &'a MigrationSet,
    options: Options,
    listener: Listener<'a>,
}

/// What a run is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Goal {
    Apply,
    DryRun,
    Plan,
    Verify,
}

impl<'a> Runner<'a> {
    pub(crate) fn new(set: &'a MigrationSet) -> Runner<'a> {
        Runner { set, options: Options::default(), listener: Listener::default() }
    }

    /// The schema of the tracker; created if it is not there. Default: `public` on Postgres, `main` on
    /// SQLite. One schema for each application keeps their histories apart.
    pub fn schema(mut self, schema: impl Into<String>) -> Self {
        self.options.schema = Some(schema.into());
        self
    }

    /// The table of the applied set. Default: `applied_migrations`; the journal is beside it, with
    /// `_journal` appended.
    pub fn table(mut self, table: impl Into<String>) -> Self {
        self.options.table = table.into();
        self
    }

    /// How long to wait for another runner before that is an error. Default: 10 minutes.
    pub fn lock_wait(mut self, wait: Duration) -> Self {
        self.options.lock_wait = wait;
        self
    }

    /// How long a statement of a migration may wait for a lock, in whole milliseconds; zero is for ever.
    /// Default: the session's. A file may say otherwise with `-- gapless: lock-timeout 2s`.
    pub fn lock_timeout(mut self, timeout: Duration) -> Self {
        self.options.lock_timeout = Some(timeout);
        self
    }

    /// How long a statement of a migration may take, in whole milliseconds; zero is for ever. Default: the
    /// session's. A file may say otherwise with `-- gapless: statement-timeout 1h`.
    pub fn statement_timeout(mut self, timeout: Duration) -> Self {
        self.options.statement_timeout = Some(timeout);
        self
    }

    /// How often a migration is begun again after a lock timeout, a deadlock or a serialization failure.
    /// Default: 5.
    pub fn retries(mut self, retries: u32) -> Self {
        self.options.retries = retries;
        self
    }

    /// What keeps replicas apart. Default: [`Locking::Session`].
    pub fn locking(mut self, locking: Locking) -> Self {
        self.options.locking = locking;
        self
    }

    /// What to do about applied versions that the binary does not have. Default: [`Unknown::AllowAhead`].
    pub fn unknown(mut self, unknown: Unknown) -> Self {
        self.options.unknown = unknown;
        self
    }

    /// What to do about applied migrations that were edited. Default: [`Drift::Refuse`].
    pub fn drift(mut self, drift: Drift) -> Self {
        self.options.drift = drift;
        self
    }

    /// What to do about versions that arrive below applied ones. Default: [`OutOfOrder::Allow`].
    pub fn out_of_order(mut self, out_of_order: OutOfOrder) -> Self {
        self.options.out_of_order = out_of_order;
        self
    }

    /// The last version to apply; it must be embedded. Default: the last one.
    pub fn target(mut self, version: Version) -> Self {
        self.options.target = Some(version);
        self
    }

    /// Says what became of a no-transaction migration that was interrupted, after a look at the database.
    /// It is journaled, and counts for this run only.
    pub fn resolve(mut self, version: Version, resolution: Resolution) -> Self {
        self.options.resolve = Some((version, resolution));
        self
    }

    /// Is told what the run is at, as it happens.
    pub fn on_event(mut self, listener: impl FnMut(&Event<'_>) + Send + 'a) -> Self {
        self.listener = Listener(Some(Box::new(listener)));
        self
    }

    /// Applies everything that is pending.
    ///
    /// # Errors
    ///
    /// A database that contradicts the embedded set, a migration that fails, a lock that does not come
    /// free, a lost connection; see [`Error`]. What was applied before stays applied and recorded, and the
    /// session is left without lock and transaction.
    pub fn run<C: Connection>(self, client: &mut C) -> Result<Report, Error> {
        let run = self.start(Goal::Apply, client.dialect())?;
        Ok(driver::drive(client, run)?.report)
    }

    /// Says what [`run`](Runner::run) would do now. Reads only, takes no lock.
    ///
    /// # Errors
    ///
    /// As [`run`](Runner::run), as far as it can be seen without running.
    pub fn plan<C: Connection>(self, client: &mut C) -> Result<Plan, Error> {
        let run = self.start(Goal::Plan, client.dialect())?;
        Ok(driver::drive(client, run)?.plan)
    }

    /// Tries everything that is pending, in one transaction that is rolled back: each migration sees what
    /// those before it did, and nothing is left behind, not even a tracker. Takes the lock, and the locks of
    /// the statements. Those with `no-transaction` are not tried, nor is what comes after the use of an enum's
    /// value that was added in the same transaction; sequences keep the numbers they gave. On SQLite deferred
    /// references are checked by a commit alone, and so not here.
    ///
    /// # Errors
    ///
    /// As [`run`](Runner::run); the first migration that fails is named, and nothing was applied.
    pub fn dry_run<C: Connection>(self, client: &mut C) -> Result<DryRun, Error> {
        let run = self.start(Goal::DryRun, client.dialect())?;
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
        let run = self.start(Goal::DryRun, client.dialect())?;
        Ok(DryRun::from(client.drive(run).await?))
    }

    /// Makes sure that nothing is pending and nothing contradicts. Reads only, takes no lock: what a
    /// program calls that leaves migrating to another.
    ///
    /// # Errors
    ///
    /// As [`plan`](Runner::plan), and [`Error::is_pending`] if something is pending.
    pub fn verify<C: Connection>(self, client: &mut C) -> Result<Report, Error> {
        let run = self.start(Goal::Verify, client.dialect())?;
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
        let run = self.start(Goal::Apply, client.dialect())?;
        Ok(client.drive(run).await?.report)
    }

    /// [`plan`](Runner::plan) for an asynchronous client.
    ///
    /// # Errors
    ///
    /// As [`plan`](Runner::plan).
    pub async fn plan_async<C: AsyncClient>(self, client: &mut C) -> Result<Plan, Error> {
        let run = self.start(Goal::Plan, client.dialect())?;
        Ok(client.drive(run).await?.plan)
    }

    /// [`verify`](Runner::verify) for an asynchronous client.
    ///
    /// # Errors
    ///
    /// As [`verify`](Runner::verify).
    pub async fn verify_async<C: AsyncClient>(self, client: &mut C) -> Result<Report, Error> {
        let run = self.start(Goal::Verify, client.dialect())?;
        Ok(client.drive(run).await?.report)
    }

    /// The run that [`run`](Runner::run) drives, for a driver of your own.
    ///
    /// # Errors
    ///
    /// A name that cannot be, or a target that is not embedded.
    pub fn into_run(self, dialect: &'static dyn Dialect) -> Result<Run<'a>, Error> {
        self.start(Goal::Apply, dialect)
    }

    fn start(self, goal: Goal, dialect: &'static dyn Dialect) -> Result<Run<'a>, Error> {
        // Any number will do, as long as replicas differ in it.
        let seed = RandomState::new().hash_one(std::process::id());
        Run::new(self.set, self.options, goal, dialect, self.listener, seed)
    }
}

type Callback<'a> = Box<dyn FnMut(&Event<'_>) + Send + 'a>;

/// Who is told of events.
#[derive(Default)]
pub(crate) struct Listener<'a>(Option<Callback<'a>>);

impl Listener<'_> {
    pub(crate) fn tell(&mut self, event: &Event<'_>) {
        #[cfg(feature = "tracing")]
        crate::trace::event(event);
        if let Some(listener) = &mut self.0 {
            listener(event);
        }
    }
}

impl fmt::Debug for Listener<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Listener(..)" } else { "Listener" })
    }
}
