//! What ends each loop of a run.
//!
//! - Waiting for the lock, for a busy database, for another tool's lock and for a rereading that has found something
//!   else: `lock_wait`, since every pause counts.
//! - Looking again because another runner was faster: [`Overtaken`].
//! - Lock timeouts, deadlocks, serialization failures: `retries`, counted anew only when something was applied.
//! - Work: each message that succeeds takes a migration from the queue, or a statement from its file; each that is
//!   refused for its text leaves fewer before the culprit.
//! - Questions beside the tracker: each is asked once after a look. Creating the tracker: so many collisions. The lock
//!   of a pooler's other backend: so many tries to give it back.

use super::run::{After, Run, State};

/// So often a run looks again without finding or doing anything new.
const MOST: u32 = 5;

/// How often another runner was faster, and what there was then.
#[derive(Debug, Default)]
pub(super) struct Overtaken {
    /// How many rows there were, and how many migrations this run had applied and taken back.
    before: Option<(usize, usize)>,
    times: u32,
}

impl Overtaken {
    /// Whether there was something new when it was last asked.
    pub(super) fn is_new(&self) -> bool {
        self.times == 0
    }
}

impl<'a> Run<'a> {
    /// Whether to believe once more that another runner was faster, when the set has so many rows: each time that it
    /// is so there is something new. A key of the user's own, or a row that is not taken for the one that it is, says it for ever.
    pub(super) fn is_overtaken(&mut self, rows: usize) -> bool {
        let now = (rows, self.report.applied.len() + self.report.rolled_back.len());
        if self.overtaken.before.replace(now) == Some(now) {
            self.overtaken.times += 1;
        } else {
            self.overtaken.times = 0;
        }
        self.overtaken.times <= MOST
    }

    /// Looks again, after a pause if the look before has not helped.
    pub(super) fn look_anew(&mut self) -> State<'a> {
        if self.overtaken.is_new() { self.look() } else { State::Waiting(self.backoff.retry(), After::Look) }
    }
}
