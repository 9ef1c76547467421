//! What the journal says of earlier tries of a migration outside of a transaction.

use std::time::Duration;

use super::reply::ResultSet;

/// How long a statement is left alone that may still be at work, where nobody can tell.
pub(super) const GRACE: Duration = Duration::from_secs(10);

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Progress {
    /// The number of the last try; none is zero.
    pub(super) attempt: u32,
    /// How many statements are known to be done.
    pub(super) done: usize,
    /// Whether the last try ended without a word.
    pub(super) in_doubt: bool,
    /// Whether the session of the last try lives; `None` if that cannot be known.
    pub(super) alive: Option<bool>,
    checksums: Vec<Option<String>>,
}

impl Progress {
    /// Reads event, attempt, statement, detail and alive, in the order of the journal.
    pub(super) fn read(rows: &ResultSet) -> Progress {
        let mut progress = Progress::default();
        for row in rows.rows() {
            let text = |column: usize| row.get(column).and_then(Option::as_deref);
            let number = |column: usize| text(column).and_then(|text| text.parse::<usize>().ok());
            match text(0) {
                Some("started") => {
                    progress.attempt = number(1).and_then(|n| u32::try_from(n).ok()).unwrap_or_default();
                    progress.in_doubt = true;
                    progress.alive = text(4).map(|alive| matches!(alive, "t" | "true" | "1"));
                }
                Some("statement") => progress.reach(number(2), text(3)),
                Some("failed") => progress.in_doubt = false,
                Some("resolved") => {
                    progress.in_doubt = false;
                    progress.reach(number(2), None);
                }
                _ => {}
            }
        }
        progress
    }

    fn reach(&mut self, statement: Option<usize>, checksum: Option<&str>) {
        self.done = statement.unwrap_or_default();
        self.checksums.resize(self.done, None);
        if let Some(last) = self.checksums.last_mut() {
            *last = checksum.map(str::to_owned);
        }
    }

    /// The first of the done statements, counted from zero, whose text is not what it was.
    pub(super) fn edited(&self, checksum: impl Fn(usize) -> String) -> Option<usize> {
        self.checksums
            .iter()
            .enumerate()
            .find(|(index, known)| known.as_ref().is_some_and(|known| *known != checksum(*index)))
            .map(|(index, _)| index)
    }

    /// How long to leave it alone: as long as its session lives, within the time for waiting.
    pub(super) fn patience(&self, lock_wait: Duration) -> Duration {
        match self.alive {
            _ if !self.in_doubt => Duration::ZERO,
            Some(true) => lock_wait,
            None => lock_wait.min(GRACE),
            Some(false) => Duration::ZERO,
        }
    }
}
