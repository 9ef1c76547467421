//! The builder of a run.

mod endings;
mod log;
pub(crate) mod options;
mod verify_baseline;

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gapless_core::{MigrationSet, Version};

use crate::engine::{Dialect, Run};
use crate::history::reconcile::Reconcile;
use crate::protocol::Request;
use crate::report::error::ErrorKind;
use crate::runner::options::{Drift, Locking, Options, OutOfOrder, Resolution, Unknown};
use crate::{Code, Error, Event, Legacy};

/// Builder for a migration run; begin one with [`MigrationSet::runner`](crate::MigrationSet::runner).
///
/// Its endings are [`run`](Runner::run), [`dry_run`](Runner::dry_run), [`plan`](Runner::plan) and
/// [`verify`](Runner::verify). Each of them consumes the runner: clone it to plan, ask, and then run.
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

/// What a run is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Goal {
    Apply,
    DryRun,
    Plan,
    Verify,
    Rollback,
    PlanRollback,
    Status,
    Log,
}

impl<'a> Runner<'a> {
    pub(crate) fn new(set: &'a MigrationSet) -> Runner<'a> {
        let (options, listener, codes) = (Options::default(), Listener::default(), BTreeMap::new());
        Runner { set, options, listener, codes }
    }

    /// Sets the schema of the tracker; created if it is not there. Default: `public` on Postgres, `main` on
    /// SQLite. One schema for each application keeps their histories apart.
    pub fn schema(mut self, schema: impl Into<String>) -> Self {
        self.options.schema = Some(schema.into());
        self
    }

    /// Sets the table of the applied set. Default: `applied_migrations`; the journal is beside it, with
    /// `_journal` appended.
    pub fn table(mut self, table: impl Into<String>) -> Self {
        self.options.table = table.into();
        self
    }

    /// Sets how long to wait for another runner before that is an error. Default: 10 minutes.
    pub fn lock_wait(mut self, wait: Duration) -> Self {
        self.options.lock_wait = wait;
        self
    }

    /// Sets how long a statement of a migration may wait for a lock, in whole milliseconds; zero is for ever.
    /// Default: the session's. A file may say otherwise with `-- gapless: lock-timeout 2s`.
    pub fn lock_timeout(mut self, timeout: Duration) -> Self {
        self.options.lock_timeout = Some(timeout);
        self
    }

    /// Sets how long a statement of a migration may take, in whole milliseconds; zero is for ever. Default: the
    /// session's. A file may say otherwise with `-- gapless: statement-timeout 1h`.
    pub fn statement_timeout(mut self, timeout: Duration) -> Self {
        self.options.statement_timeout = Some(timeout);
        self
    }

    /// Sets how often a migration is begun again after a lock timeout, a deadlock or a serialization failure.
    /// Default: 5.
    pub fn retries(mut self, retries: u32) -> Self {
        self.options.retries = retries;
        self
    }

    /// Sets what keeps replicas apart. Default: [`Locking::Session`].
    pub fn locking(mut self, locking: Locking) -> Self {
        self.options.locking = locking;
        self
    }

    /// Sets what to do about applied versions that the binary does not have. Default: [`Unknown::AllowAhead`].
    pub fn unknown(mut self, unknown: Unknown) -> Self {
        self.options.unknown = unknown;
        self
    }

    /// Sets what to do about applied migrations that were edited. Default: [`Drift::Refuse`].
    pub fn drift(mut self, drift: Drift) -> Self {
        self.options.drift = drift;
        self
    }

    /// Sets what to do about versions that arrive below applied ones. Default: [`OutOfOrder::Allow`].
    pub fn out_of_order(mut self, out_of_order: OutOfOrder) -> Self {
        self.options.out_of_order = out_of_order;
        self
    }

    /// Sets the last version to apply; it must be embedded. Default: the last one.
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

    /// Takes over the history of another tool, if nothing is recorded here yet: what that tool has applied is
    /// recorded and not run. Under the lock, and the other tool's own lock where it has one, in one transaction;
    /// [`plan`](Runner::plan) shows it first. Its table is only read. Where that table is not there, this
    /// changes nothing, so it can stay in the program.
    pub fn adopt(mut self, legacy: Legacy) -> Self {
        self.options.adopt = Some(legacy);
        self
    }

    /// Records versions without running them, where what they create is there already: if all of `tables` exist
    /// and none of `versions` is recorded. With none of the tables there they are applied like any other; with
    /// some of them it is an error. Tables are written as in a statement: `billing.invoices`, or `invoices` found
    /// by the search path. May be said several times, once for each group.
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

    /// Takes the embedded text of an applied migration for what was applied, although the recorded checksum is
    /// another one or is not known. It is journaled with the checksum before.
    pub fn accept(mut self, version: Version) -> Self {
        self.options.accept.push(version);
        self
    }

    /// Gives the code of a migration whose file says `-- gapless: rust`. A run in which it is pending and that was not
    /// given its code is an error before anything is applied.
    pub fn code(mut self, version: Version, code: Code) -> Self {
        self.codes.insert(version, code);
        self
    }

    /// Leaves out of errors, events and the journal what may be values of rows: the details and the context that the
    /// database gives, and its message where it quotes values or is what a script or code says by itself. For
    /// databases whose rows must not end up in logs. Default: everything that the database says is told.
    pub fn hide_values(mut self) -> Self {
        self.options.hide_values = true;
        self
    }

    /// Calls the listener with each event of the run, as it happens.
    pub fn on_event(mut self, listener: impl FnMut(&Event<'_>) + Send + 'a) -> Self {
        self.listener = Listener(Some(Arc::new(Mutex::new(listener))));
        self
    }

    /// The run for a client that runs code made for `client`.
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

type Callback<'a> = Arc<Mutex<dyn FnMut(&Event<'_>) + Send + 'a>>;

/// Who is told of events, by all clones of a runner.
#[derive(Clone, Default)]
pub(crate) struct Listener<'a>(Option<Callback<'a>>);

impl Listener<'_> {
    pub(crate) fn tell(&mut self, event: &Event<'_>) {
        #[cfg(feature = "tracing")]
        crate::report::trace::event(event);
        if let Some(listener) = &self.0 {
            // A panic in a listener is the end of its own run alone.
            (listener.lock().unwrap_or_else(PoisonError::into_inner))(event);
        }
    }
}

impl fmt::Debug for Listener<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Listener(..)" } else { "Listener" })
    }
}
