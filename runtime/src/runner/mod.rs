//! Builder for a migration run.

mod dry_run_on;
mod endings;
mod listener;
mod log;
pub(crate) mod options;
mod repair;
mod verify_baseline;

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use gapless_core::{MigrationSet, Version};

use crate::engine::{Dialect, Run};
use crate::history::reconcile::Reconcile;
use crate::protocol::Request;
use crate::report::error::ErrorKind;
pub(crate) use crate::runner::listener::Listener;
use crate::runner::options::{Drift, Locking, Options, OtherTools, OutOfOrder, Resolution, Unknown};
use crate::{CancellationToken, Code, Error, Event, Legacy};

/// Builder for a migration run; begin one with [`MigrationSet::runner`](crate::MigrationSet::runner).
///
/// End it with [`run`](Runner::run), [`rollback`](Runner::rollback), [`dry_run`](Runner::dry_run),
/// [`plan`](Runner::plan), [`verify`](Runner::verify), [`status`](Runner::status) or [`log`](Runner::log). Each of them
/// consumes the runner: clone it to plan, ask, and then run.
///
/// ```no_run
/// # #[cfg(feature = "postgres")] {
/// # use gapless::{MigrationSet, embed_migrations};
/// # static MIGRATIONS: MigrationSet = embed_migrations!("../migrations");
/// # fn confirmed() -> bool { true }
/// # fn example(mut client: postgres::Client) -> Result<(), gapless::Error> {
/// let runner = MIGRATIONS.runner().on_event(|event| println!("{event}"));
/// let plan = runner.clone().plan(&mut client)?;
/// if !plan.is_empty() && confirmed() {
///     runner.run(&mut client)?;
/// }
/// # Ok(()) }
/// # }
/// ```
///
/// Clones share the listener of [`on_event`](Runner::on_event) and the code of migrations in Rust.
#[must_use = "a runner does nothing until `run`, `plan` or `verify` is called"]
#[derive(Clone, Debug)]
pub struct Runner<'a> {
    pub(crate) set: &'a MigrationSet,
    pub(crate) options: Options,
    listener: Listener<'a>,
    codes: BTreeMap<Version, Code>,
}

/// The purpose of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Goal {
    Apply,
    DryRun,
    Plan,
    Verify,
    Rollback,
    PlanRollback,
    Repair,
    PlanRepair,
    Status,
    Log,
}

impl<'a> Runner<'a> {
    pub(crate) fn new(set: &'a MigrationSet) -> Runner<'a> {
        let (options, listener, codes) = (Options::default(), Listener::default(), BTreeMap::new());
        Runner { set, options, listener, codes }
    }

    /// Returns the migrations that it runs.
    pub fn set(&self) -> &'a MigrationSet {
        self.set
    }

    /// Sets the schema of the tracker, which the run creates if it is missing. Default: `public` on Postgres, `main` on
    /// SQLite. A schema for each application keeps their histories apart.
    pub fn schema(mut self, schema: impl Into<String>) -> Self {
        self.options.schema = Some(schema.into());
        self
    }

    /// Sets the table of the applied set. Default: `applied_migrations`. The journal has the same name with `_journal`
    /// appended.
    pub fn table(mut self, table: impl Into<String>) -> Self {
        self.options.table = table.into();
        self
    }

    /// Sets how long to wait for another runner, or for a busy database, before the run fails with
    /// [`Error::is_lock_wait`]. Default: 10 minutes.
    pub fn lock_wait(mut self, wait: Duration) -> Self {
        self.options.lock_wait = wait;
        self
    }

    /// Sets how long a statement of a migration may wait for a lock, in whole milliseconds; zero means forever.
    /// Default: the session's setting. A file overrides it with `-- gapless: lock-timeout 2s`.
    pub fn lock_timeout(mut self, timeout: Duration) -> Self {
        self.options.lock_timeout = Some(timeout);
        self
    }

    /// Sets how long a statement of a migration may take, in whole milliseconds; zero means forever. Default: the
    /// session's setting. A file overrides it with `-- gapless: statement-timeout 1h`.
    pub fn statement_timeout(mut self, timeout: Duration) -> Self {
        self.options.statement_timeout = Some(timeout);
        self
    }

    /// Sets how often the run begins a migration again after a lock timeout, a deadlock or a serialization failure.
    /// Default: 5.
    pub fn retries(mut self, retries: u32) -> Self {
        self.options.retries = retries;
        self
    }

    /// Sets the lock that keeps replicas apart. Default: [`Locking::Session`].
    pub fn locking(mut self, locking: Locking) -> Self {
        self.options.locking = locking;
        self
    }

    /// Sets the policy for applied versions that the binary does not have. Default: [`Unknown::AllowAhead`].
    pub fn unknown(mut self, unknown: Unknown) -> Self {
        self.options.unknown = unknown;
        self
    }

    /// Sets the policy for applied migrations that were edited. Default: [`Drift::Refuse`].
    pub fn drift(mut self, drift: Drift) -> Self {
        self.options.drift = drift;
        self
    }

    /// Sets the policy for pending versions below applied ones. Default: [`OutOfOrder::Allow`].
    pub fn out_of_order(mut self, out_of_order: OutOfOrder) -> Self {
        self.options.out_of_order = out_of_order;
        self
    }

    /// Sets the last version to apply, which must be embedded. Default: the last embedded version.
    ///
    /// ```
    /// # #[cfg(feature = "rusqlite")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gapless::{MigrationSet, embed_migrations};
    /// # static MIGRATIONS: MigrationSet = embed_migrations!("../migrations");
    /// # let mut client = rusqlite::Connection::open_in_memory()?;
    /// use gapless::Version;
    ///
    /// let report = MIGRATIONS.runner().target(Version::from(3)).run(&mut client)?;
    /// assert_eq!((report.applied().len(), report.held_back()), (3, 7));
    /// # Ok(()) }
    /// # #[cfg(not(feature = "rusqlite"))]
    /// # fn main() {}
    /// ```
    pub fn target(mut self, version: Version) -> Self {
        self.options.target = Some(version);
        self
    }

    /// Settles an interrupted `no-transaction` migration, after you have looked at the database. The run journals the
    /// resolution. It counts for this run only.
    ///
    /// ```no_run
    /// # #[cfg(feature = "postgres")] {
    /// # use gapless::{MigrationSet, embed_migrations};
    /// # static MIGRATIONS: MigrationSet = embed_migrations!("../migrations");
    /// # fn example(mut client: postgres::Client) -> Result<(), gapless::Error> {
    /// use gapless::{Resolution, Version};
    ///
    /// // The statement in doubt had no effect: run it again.
    /// MIGRATIONS.runner().resolve(Version::from(10), Resolution::Retry).run(&mut client)?;
    /// # Ok(()) }
    /// # }
    /// ```
    pub fn resolve(mut self, version: Version, resolution: Resolution) -> Self {
        self.options.resolve = Some((version, resolution));
        self
    }

    /// Adopts the history of another tool, if nothing is recorded yet: the run records what that tool has applied,
    /// and does not run it. It does so in one transaction, under its own lock and that of the tool, if the tool has one;
    /// it only reads the tool's table. [`plan`](Runner::plan) shows the adoption first. Without the table this changes
    /// nothing, so the line can stay in the program.
    ///
    /// ```
    /// # #[cfg(feature = "rusqlite")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gapless::{MigrationSet, embed_migrations};
    /// # static MIGRATIONS: MigrationSet = embed_migrations!("../migrations");
    /// # let mut client = rusqlite::Connection::open_in_memory()?;
    /// use gapless::Legacy;
    ///
    /// client.execute_batch(
    ///     "CREATE TABLE schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL);
    ///      INSERT INTO schema_migrations VALUES (9, false)",
    /// )?;
    /// let runner = MIGRATIONS.runner().adopt(Legacy::golang_migrate("schema_migrations"));
    /// let plan = runner.plan(&mut client)?;
    /// assert_eq!((plan.changes().len(), plan.pending().len()), (9, 1));
    /// # Ok(()) }
    /// # #[cfg(not(feature = "rusqlite"))]
    /// # fn main() {}
    /// ```
    pub fn adopt(mut self, legacy: Legacy) -> Self {
        self.options.adopt = Some(legacy);
        self
    }

    /// Applies migrations although the database holds the history of another tool that the run does not adopt. Default: the
    /// first run on such a database fails with [`Error::is_legacy`], because it would apply again what the tool has applied.
    /// The run knows a tool's table by the name that the tool gives it. Once anything is recorded, it does not look.
    pub fn ignore_other_tools(mut self) -> Self {
        self.options.other_tools = OtherTools::Ignore;
        self
    }

    /// Records versions without running them if all of `tables` exist and none of `versions` is recorded. If none of the
    /// tables exist, the run applies the versions like any other; if some do, it fails with [`Error::is_partial`]. Write
    /// tables as in a statement: `billing.invoices`, or `invoices` to find it by the search path. Call it once for each
    /// group of versions.
    ///
    /// ```
    /// # #[cfg(feature = "rusqlite")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gapless::{MigrationSet, embed_migrations};
    /// # static MIGRATIONS: MigrationSet = embed_migrations!("../migrations");
    /// # let mut client = rusqlite::Connection::open_in_memory()?;
    /// use gapless::Version;
    ///
    /// client.execute_batch("CREATE TABLE customers (id integer PRIMARY KEY, email text NOT NULL)")?;
    /// let plan = MIGRATIONS.runner().reconcile([Version::from(1)], ["customers"]).plan(&mut client)?;
    /// assert_eq!(plan.changes()[0].to_string(), "record 1 customers: its tables exist");
    /// # Ok(()) }
    /// # #[cfg(not(feature = "rusqlite"))]
    /// # fn main() {}
    /// ```
    pub fn reconcile<'t>(
        mut self,
        versions: impl IntoIterator<Item = Version>,
        tables: impl IntoIterator<Item = &'t str>,
    ) -> Self {
        let versions = versions.into_iter().collect();
        let tables = tables.into_iter().map(str::to_owned).collect();
        self.options.reconcile.push(Reconcile::new(versions, tables));
        self
    }

    /// Accepts the embedded text of an applied migration as the applied one, although the recorded checksum differs or is
    /// unknown. The run journals the previous checksum.
    pub fn accept(mut self, version: Version) -> Self {
        self.options.accept.push(version);
        self
    }

    /// Sets the code of a migration whose file says `-- gapless: rust`. If such a migration is pending and has no code,
    /// the run fails before it applies anything.
    ///
    /// ```no_run
    /// # #[cfg(feature = "postgres")] {
    /// # use gapless::{MigrationSet, embed_migrations};
    /// # static MIGRATIONS: MigrationSet = embed_migrations!("../migrations");
    /// # fn example(mut client: postgres::Client) -> Result<(), gapless::Error> {
    /// use gapless::{Code, Version};
    ///
    /// let lower = Code::postgres(|transaction| {
    ///     transaction.execute("UPDATE customers SET email = lower(email)", &[])?;
    ///     Ok(())
    /// });
    /// MIGRATIONS.runner().code(Version::from(11), lower).run(&mut client)?;
    /// # Ok(()) }
    /// # }
    /// ```
    pub fn code(mut self, version: Version, code: Code) -> Self {
        self.codes.insert(version, code);
        self
    }

    /// Keeps everything that may be a value of a row out of errors, events and the journal: the detail and the context of
    /// a database error, and its message where that quotes values or comes from a script or from code. Use it for
    /// databases whose rows must not end up in logs. Default: errors hold everything that the database says.
    pub fn hide_values(mut self) -> Self {
        self.options.hide_values = true;
        self
    }

    /// Returns the token that cancels the run.
    pub fn cancellation(&self) -> &CancellationToken {
        &self.options.cancellation
    }

    /// Ends the run when this token is cancelled, whatever its ending; see [`CancellationToken`].
    pub fn cancel_on(mut self, token: &CancellationToken) -> Self {
        self.options.cancellation = token.clone();
        self
    }

    /// Calls the listener with each event of the run, as it happens, after the listeners that it was given before.
    pub fn on_event(mut self, listener: impl FnMut(&Event<'_>) + Send + 'a) -> Self {
        self.listener.add(listener);
        self
    }

    /// Starts a run for a client that runs code made for `client`.
    pub(crate) fn start_with(
        self,
        goal: Goal,
        dialect: &'static dyn Dialect,
        client: &str,
    ) -> Result<Run<'a>, Error> {
        let reserved = self.codes.iter().find_map(|(version, code)| Some((*version, code, code.reserved()?)));
        if let Some((version, code, constructor)) = reserved {
            let client = code.driver();
            return Err(Error::new(ErrorKind::ReservedClient { version, client, constructor }));
        }
        let unsuited = self.codes.iter().find(|(_, code)| code.driver() != client);
        if let Some((version, code)) = unsuited {
            let (version, made_for) = (*version, code.driver());
            return Err(Error::new(ErrorKind::UnsuitedCode { version, made_for }));
        }
        self.start(goal, dialect)
    }

    pub(crate) fn start(self, goal: Goal, dialect: &'static dyn Dialect) -> Result<Run<'a>, Error> {
        // Any number will do, as long as replicas differ in it.
        let seed = RandomState::new().hash_one(std::process::id());
        let Runner { set, options, listener, codes } = self;
        Run::new(Request { set, options, goal, dialect, listener, codes, seed })
    }
}
