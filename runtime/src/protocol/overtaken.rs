//! Finding that another runner was faster, and how often that is believed.
//!
//! What ends each loop of a run:
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

/// So often a run observes again without finding or doing anything new.
const MOST: u32 = 5;

/// How often another runner was faster, and what there was then.
#[derive(Debug, Default)]
pub(super) struct Overtaken {
    /// How many rows there were, and how many migrations this run had applied and rolled back.
    before: Option<(usize, usize)>,
    times: u32,
    /// An observation that was made on the way, with which the next attempt begins.
    pub(super) observed: Option<History>,
}

impl Protocol<'_> {
    /// Whether to believe once more that another runner was faster, when the set has so many rows: each time that it
    /// is so there is something new. A key of the user's own, or a row that is not taken for the one that it is, says
    /// it for ever.
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

    /// Makes another attempt, which begins with what was observed already; after a pause and with an observation of its
    /// own if the attempt before has not helped.
    pub(super) async fn overtaken_by(&mut self, observed: Option<History>) -> Stop {
        if self.overtaken.times == 0 {
            self.overtaken.observed = observed;
        } else {
            self.pause_before_retry().await;
        }
        Stop::Again
    }
}
