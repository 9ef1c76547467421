//! The options of a run.

use std::time::Duration;

use gapless_core::Version;

use crate::cancellation::CancellationToken;
use crate::history::reconcile::Reconcile;
use crate::history::rollback::Rollback;
use crate::legacy::Legacy;
use crate::plan::Plan;

/// Policy for applied versions that the binary does not have.
///
/// ```
/// # let migrations = gapless::MigrationSet::new(Vec::new())?;
/// use gapless::{Drift, OutOfOrder, Unknown};
///
/// let strict = migrations
///     .runner()
///     .unknown(Unknown::Refuse)
///     .drift(Drift::Refuse)
///     .out_of_order(OutOfOrder::Refuse);
/// # let _ = strict;
/// # Ok::<(), gapless::DuplicateVersion>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Unknown {
    /// Go on with a warning if the version came after everything that the binary has: a newer release has applied it.
    /// Refuse any other: its file was lost.
    #[default]
    AllowAhead,
    /// Go on with a warning.
    Allow,
    /// Refuse. An older release does not start after a rollback to it.
    Refuse,
}

/// Policy for an applied migration whose text has changed since.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Drift {
    /// Refuse, naming the file and both checksums.
    #[default]
    Refuse,
    /// Go on with a warning; the recorded checksum stays.
    Warn,
}

/// Policy for a pending migration whose version is below one that is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum OutOfOrder {
    /// Apply it, and report that it was late: it came from a parallel branch.
    #[default]
    Allow,
    /// Refuse.
    Refuse,
}

/// Use of the baseline: a comparison with the full history leaves it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) enum Baseline {
    #[default]
    Use,
    LeaveOut,
}

/// Policy for another tool's history that the run does not adopt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) enum OtherTools {
    #[default]
    Refuse,
    Ignore,
}

/// Lock that keeps replicas out of each other's way. Correctness does not depend on it.
///
/// ```
/// # let migrations = gapless::MigrationSet::new(Vec::new())?;
/// use gapless::Locking;
///
/// // The connection goes through pgbouncer in transaction mode.
/// let runner = migrations.runner().locking(Locking::Transaction);
/// # let _ = runner;
/// # Ok::<(), gapless::DuplicateVersion>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Locking {
    /// A session advisory lock, polled. Databases without advisory locks rely on the fence.
    #[default]
    Session,
    /// An advisory lock inside of each migration's own transaction. Use it behind a transaction pooler such as pgbouncer,
    /// where a session does not stay with its client.
    Transaction,
    /// No lock. The primary key of the tracker alone decides between runners.
    None,
}

/// Way to go on with an interrupted `no-transaction` migration; see [`Runner::resolve`](crate::Runner::resolve).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Resolution {
    /// Run the statement in doubt again: it had no effect, or may be repeated.
    Retry,
    /// Go on from this statement, counted from 1: all statements before it are done.
    RetryFrom(usize),
    /// Record the migration: all of its statements are done.
    MarkApplied,
}

/// The options of a run.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) schema: Option<String>,
    pub(crate) table: String,
    pub(crate) lock_wait: Duration,
    pub(crate) lock_timeout: Option<Duration>,
    pub(crate) statement_timeout: Option<Duration>,
    pub(crate) retries: u32,
    pub(crate) locking: Locking,
    pub(crate) unknown: Unknown,
    pub(crate) drift: Drift,
    pub(crate) out_of_order: OutOfOrder,
    pub(crate) target: Option<Version>,
    pub(crate) resolve: Option<(Version, Resolution)>,
    pub(crate) seen: Option<i64>,
    pub(crate) planned: Option<Box<Plan>>,
    pub(crate) adopt: Option<Legacy>,
    pub(crate) other_tools: OtherTools,
    pub(crate) reconcile: Vec<Reconcile>,
    pub(crate) accept: Vec<Version>,
    pub(crate) baseline: Baseline,
    pub(crate) rollback: Option<Rollback>,
    pub(crate) hide_values: bool,
    pub(crate) cancellation: CancellationToken,
    pub(crate) trace_locks: bool,
    pub(crate) log_version: Option<Version>,
    pub(crate) log_limit: Option<usize>,
}

impl Options {
    /// Makes a run roll back, and neither adopt, reconcile nor accept anything on the way.
    pub(crate) fn go_back(&mut self, rollback: Rollback) {
        self.rollback = Some(rollback);
        (self.adopt, self.reconcile, self.accept) = (None, Vec::new(), Vec::new());
    }
}

impl Options {
    /// Makes a run report the state of the database: it refuses nothing, and adopts, reconciles and accepts nothing.
    pub(crate) fn survey(&mut self) {
        (self.adopt, self.reconcile, self.accept) = (None, Vec::new(), Vec::new());
        (self.unknown, self.drift, self.out_of_order) =
            (Unknown::AllowAhead, Drift::Refuse, OutOfOrder::Allow);
    }
}

impl Default for Options {
    fn default() -> Options {
        Options {
            schema: None,
            table: "applied_migrations".to_owned(),
            lock_wait: Duration::from_secs(600),
            lock_timeout: None,
            statement_timeout: None,
            retries: 5,
            locking: Locking::default(),
            unknown: Unknown::default(),
            drift: Drift::default(),
            out_of_order: OutOfOrder::default(),
            target: None,
            resolve: None,
            seen: None,
            planned: None,
            adopt: None,
            other_tools: OtherTools::default(),
            reconcile: Vec::new(),
            accept: Vec::new(),
            baseline: Baseline::default(),
            rollback: None,
            hide_values: false,
            cancellation: CancellationToken::default(),
            trace_locks: false,
            log_version: None,
            log_limit: None,
        }
    }
}
