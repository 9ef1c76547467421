//! Believes, a bounded number of times, that another runner was faster.
//!
//! The end of each loop of a run:
//!
//! - Waiting for the lock, for a busy database, for another tool's lock and for a rereading that has found something
//!   else: `lock_wait`, since every pause counts.
//! - Observing again because another runner was faster: [`Overtaken`].
//! - Lock timeouts, deadlocks, serialization failures: `retries`, counted anew only when something was applied.
//! - Work: each message that succeeds takes a migration from the queue, or a statement from its file; each that is
//!   refused for its text leaves fewer before the culprit.
//! - Probes: each question is asked once after an observation. Creating the tracker: so many collisions. The lock
//!   of a pooler's other backend: so many tries to give it back.

use super::Stop;
use super::protocol::Protocol;
use crate::history::History;

/// The number of times that a run observes again without finding or doing anything new.
const MOST: u32 = 5;

/// The number of times that another runner was faster, and the state at the last.
#[derive(Debug, Default)]
pub(super) struct Overtaken {
    /// The number of rows, and of migrations that this run had applied and rolled back.
    before: Option<(usize, usize)>,
    times: u32,
    /// The observation with which the next attempt begins.
    pub(super) observed: Option<History>,
}

impl Protocol<'_> {
    /// Returns `true` to believe once more that another runner was faster, while the set has so many rows. Another
    /// runner changes something each time. A key of the user's own does not, nor does a row that the run misreads, and
    /// both would fence the run for ever.
    pub(super) fn is_overtaken(&mut self, rows: usize) -> bool {
        let done = self.session.report(|report| report.applied.len() + report.rolled_back.len());
        let now = (rows, done);
        if self.overtaken.before.replace(now) == Some(now) {
            self.overtaken.times += 1;
        } else {
            self.overtaken.times = 0;
        }
        self.overtaken.times <= MOST
    }

    /// Begins another attempt with this observation. If the last attempt has not helped, it pauses, and the next one
    /// observes for itself.
    pub(super) async fn overtaken_by(&mut self, observed: Option<History>) -> Stop {
        if self.overtaken.times == 0 {
            self.overtaken.observed = observed;
        } else {
            self.pause_before_retry().await;
        }
        Stop::Again
    }
}
