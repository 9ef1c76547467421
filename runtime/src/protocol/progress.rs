//! Reads from the journal how far earlier tries of a migration outside of a transaction came.

use std::time::Duration;

use crate::dialect::{ASIDE, BEGUN, ProgressRow};
use crate::engine::ResultSet;

/// The time that a run leaves a step alone that may still be at work, if no database tells.
const GRACE: Duration = Duration::from_secs(10);

/// The same for a runner between two steps. It cannot begin another step once a later try has begun.
const TURN: Duration = Duration::from_secs(1);

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Progress {
    /// The number of the last try, or zero.
    pub(super) attempt: u32,
    /// The number of steps that are known to be done.
    pub(super) done: usize,
    /// A try has begun since the migration was last applied.
    pub(super) begun: bool,
    /// The last try has not ended, or its end is not in the journal.
    pub(super) open: bool,
    /// The outcome of the last step that began is unknown.
    pub(super) in_doubt: bool,
    /// The checksum of the last step that began and is not known to be done.
    pub(super) announced: Option<String>,
    /// The session of the last try lives; `None` if the database cannot tell.
    pub(super) alive: Option<bool>,
    /// It was on this node of a cluster, which alone can tell, and is taken to live.
    pub(super) elsewhere: Option<String>,
    /// The version is in the set.
    pub(super) recorded: bool,
    /// The tries were to roll it back.
    pub(super) back: bool,
    /// The number of the journal's rows that this was read from.
    pub(super) rows: usize,
    /// The last entry about its tries.
    pub(super) last: Option<i64>,
    /// The session of the last try, where sessions have numbers.
    pub(super) pid: Option<i64>,
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
                // Tries are counted for each version, under all names.
                progress.attempt = progress.attempt.max(row.attempt);
            }
            if row.own {
                progress.take(&row);
                if !ASIDE.contains(&row.event) {
                    progress.last = progress.last.max(row.id);
                }
            }
        }
        progress
    }

    fn take(&mut self, row: &ProgressRow<'_>) {
        match row.event {
            "started" => {
                (self.begun, self.open, self.alive, self.pid) = (true, true, row.alive, row.pid);
                self.elsewhere = row.elsewhere.map(str::to_owned);
            }
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
            // Its row has come into the set, or gone.
            "applied" | "adopted" | "baselined" | "reconciled" | "rolled_back" => self.begin_anew(),
            _ => {}
        }
    }

    /// Forgets the steps that are done.
    pub(super) fn begin_anew(&mut self) {
        let (attempt, recorded, rows, last) = (self.attempt, self.recorded, self.rows, self.last);
        *self = Progress { attempt, recorded, rows, last, ..Progress::default() };
    }

    fn reach(&mut self, statement: Option<usize>, checksum: Option<&str>) {
        self.done = statement.unwrap_or_default();
        (self.in_doubt, self.announced) = (false, None);
        self.checksums.resize(self.done, None);
        if let Some(last) = self.checksums.last_mut() {
            *last = checksum.map(str::to_owned);
        }
    }

    /// Finds the first done step, counted from zero, whose text has changed.
    pub(super) fn edited(&self, checksum: impl Fn(usize) -> String) -> Option<usize> {
        self.checksums
            .iter()
            .enumerate()
            .find(|(index, known)| known.as_ref().is_some_and(|known| *known != checksum(*index)))
            .map(|(index, _)| index)
    }

    /// Returns `true` if its session lives for certain.
    pub(super) fn lives(&self) -> bool {
        self.open && self.alive == Some(true) && self.elsewhere.is_none()
    }

    /// Returns `true` if no step of it is done or in doubt.
    pub(super) fn is_untouched(&self) -> bool {
        self.done == 0 && !self.in_doubt
    }

    /// Returns how long to leave it alone: while its session lives, within the time for waiting.
    pub(super) fn patience(&self, lock_wait: Duration) -> Duration {
        match self.alive {
            _ if !self.open => Duration::ZERO,
            Some(true) => lock_wait,
            Some(false) => Duration::ZERO,
            None => lock_wait.min(if self.in_doubt { GRACE } else { TURN }),
        }
    }
}
