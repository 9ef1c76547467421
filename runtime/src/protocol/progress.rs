//! What the journal says of earlier tries of a migration outside of a transaction.

use std::time::Duration;

use crate::dialect::{BEGUN, ProgressRow};
use crate::engine::ResultSet;

/// How long a step is left alone that may still be at work, where nobody can tell.
const GRACE: Duration = Duration::from_secs(10);

/// And how long a runner that is between two steps. It cannot do another one once a later try has begun.
const TURN: Duration = Duration::from_secs(1);

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Progress {
    /// The number of the last try; none is zero.
    pub(super) attempt: u32,
    /// How many steps are known to be done.
    pub(super) done: usize,
    /// Whether there was a try since it was last applied.
    pub(super) begun: bool,
    /// Whether the last try has ended without a word, or not ended.
    pub(super) open: bool,
    /// Whether nobody knows what became of the step that was begun last.
    pub(super) in_doubt: bool,
    /// The checksum of the step that was begun last and is not known to be done.
    pub(super) announced: Option<String>,
    /// Whether the session of the last try lives; `None` if that cannot be known.
    pub(super) alive: Option<bool>,
    /// Whether the version is in the set.
    pub(super) recorded: bool,
    /// Whether the tries were to roll it back.
    pub(super) back: bool,
    /// How many rows of the journal this was read from.
    pub(super) rows: usize,
    checksums: Vec<Option<String>>,
}

impl Progress {
    /// Reads the journal of a migration, in the order of its rows.
    pub(super) fn read(rows: &ResultSet) -> Progress {
        let mut progress = Progress::default();
        for row in rows.rows().map(ProgressRow::read) {
            progress.recorded = row.recorded;
            progress.rows += 1;
            if row.event == "started" {
                // Tries are counted by version alone, whatever bore it.
                progress.attempt = progress.attempt.max(row.attempt);
            }
            if row.own {
                progress.take(&row);
            }
        }
        progress
    }

    fn take(&mut self, row: &ProgressRow<'_>) {
        match row.event {
            "started" => (self.begun, self.open, self.alive) = (true, true, row.alive),
            BEGUN => {
                let checksum = row.detail.and_then(|detail| detail.split(' ').next());
                (self.in_doubt, self.announced) = (true, checksum.map(str::to_owned));
            }
            "statement" => self.reach(row.statement, row.detail),
            "failed" => (self.open, self.in_doubt) = (false, false),
            "interrupted" => (self.open, self.in_doubt, self.alive) = (false, true, Some(false)),
            "resolved" => {
                self.open = false;
                self.reach(row.statement, None);
            }
            "rolling_back" => {
                self.begin_anew();
                self.back = true;
            }
            // Its row has come into the set, or gone out of it.
            "applied" | "adopted" | "baselined" | "reconciled" | "rolled_back" => self.begin_anew(),
            _ => {}
        }
    }

    /// All of it is to be done again.
    pub(super) fn begin_anew(&mut self) {
        let (attempt, recorded, rows) = (self.attempt, self.recorded, self.rows);
        *self = Progress { attempt, recorded, rows, ..Progress::default() };
    }

    fn reach(&mut self, statement: Option<usize>, checksum: Option<&str>) {
        self.done = statement.unwrap_or_default();
        (self.in_doubt, self.announced) = (false, None);
        self.checksums.resize(self.done, None);
        if let Some(last) = self.checksums.last_mut() {
            *last = checksum.map(str::to_owned);
        }
    }

    /// The first of the done steps, counted from zero, whose text is not what it was.
    pub(super) fn edited(&self, checksum: impl Fn(usize) -> String) -> Option<usize> {
        self.checksums
            .iter()
            .enumerate()
            .find(|(index, known)| known.as_ref().is_some_and(|known| *known != checksum(*index)))
            .map(|(index, _)| index)
    }

    /// Whether nothing of it was done.
    pub(super) fn is_untouched(&self) -> bool {
        self.done == 0 && !self.in_doubt
    }

    /// How long to leave it alone: as long as its session lives, within the time for waiting.
    pub(super) fn patience(&self, lock_wait: Duration) -> Duration {
        match self.alive {
            _ if !self.open => Duration::ZERO,
            Some(true) => lock_wait,
            Some(false) => Duration::ZERO,
            None => lock_wait.min(if self.in_doubt { GRACE } else { TURN }),
        }
    }
}
