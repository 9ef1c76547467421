//! The options of a run.

use std::time::Duration;

use gapless_core::Version;

use crate::history::reconcile::Reconcile;
use crate::history::rollback::Rollback;
use crate::legacy::Legacy;

/// Policy for rows of the tracker that the binary does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Unknown {
    /// Those that came after everything the binary knows are a newer release's: go on, with a warning.
    /// A row among the known ones is a file that was lost: refuse.
    #[default]
    AllowAhead,
    /// Go on with a warning, wherever they stand.
    Allow,
    /// Refuse, wherever they stand. A rollback to an older release will not boot.
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
    /// Apply it, and say so: it came late from a parallel branch.
    #[default]
    Allow,
    /// Refuse, naming it.
    Refuse,
}

/// Whether a baseline is used; a comparison with the full history leaves it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) enum Baseline {
    #[default]
    Use,
    LeaveOut,
}

/// The lock that keeps replicas out of each other's way. Correctness never depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Locking {
    /// A session advisory lock, polled. Databases without one go by the fence alone.
    #[default]
    Session,
    /// An advisory lock inside of each migration's own transaction: for transaction poolers (pgbouncer), where
    /// a session does not stay with its client.
    Transaction,
    /// No lock: the primary key of the tracker alone decides between runners.
    None,
}

/// Outcome of a no-transaction migration that was interrupted, as the caller has found it; see
/// [`Runner::resolve`](crate::Runner::resolve).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Resolution {
    /// The statement in doubt did not take effect, or may be repeated: run it again.
    Retry,
    /// Everything before this statement, counted from 1, is done: go on from there.
    RetryFrom(usize),
    /// All of the file is done: record it.
    MarkApplied,
}

/// Everything that a run can be told.
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
    pub(crate) adopt: Option<Legacy>,
    pub(crate) reconcile: Vec<Reconcile>,
    pub(crate) accept: Vec<Version>,
    pub(crate) baseline: Baseline,
    pub(crate) rollback: Option<Rollback>,
    pub(crate) hide_values: bool,
    pub(crate) log_version: Option<Version>,
    pub(crate) log_limit: Option<usize>,
}

impl Options {
    /// Takes back and does nothing else: nothing is adopted, reconciled or accepted on the way.
    pub(crate) fn go_back(&mut self, rollback: Rollback) {
        self.rollback = Some(rollback);
        (self.adopt, self.reconcile, self.accept) = (None, Vec::new(), Vec::new());
    }
}

impl Options {
    /// Looks at what is there, whatever a run would do about it. What a run would adopt, reconcile or accept is not.
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
            adopt: None,
            reconcile: Vec::new(),
            accept: Vec::new(),
            baseline: Baseline::default(),
            rollback: None,
            hide_values: false,
            log_version: None,
            log_limit: None,
        }
    }
}
