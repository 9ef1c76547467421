//! What an earlier try of a concurrent statement has left in the catalog.

use gapless_core::Concurrent;

use super::reply::{ResultSet, is_truth};
use super::run::{Run, State};
use super::stepwise::{Phase, Stepwise};

impl<'a> Run<'a> {
    /// The question to the catalog, where its answer makes a difference.
    pub(super) fn inspection(&self, steps: &Stepwise<'a>) -> Option<String> {
        let concurrent = steps.concurrent()?;
        let needed = match concurrent {
            // An invalid index satisfies `IF NOT EXISTS`, and must not be taken for the one that is wanted.
            Concurrent::Create { if_not_exists, .. } => steps.begun_before || if_not_exists,
            Concurrent::Drop { .. } => steps.in_doubt,
            Concurrent::Reindex { .. } => steps.begun_before,
        };
        self.dialect.inspect(&concurrent).filter(|_| needed)
    }

    pub(super) fn inspected(&mut self, mut steps: Stepwise<'a>, found: Option<&ResultSet>) -> State<'a> {
        let rows: Vec<_> = found.iter().flat_map(|found| found.rows()).collect();
        let is_valid = |row: &&[Option<String>]| matches!(row.get(1), Some(Some(valid)) if is_truth(valid));
        let done = steps.in_doubt
            && match steps.concurrent() {
                Some(Concurrent::Create { .. }) => rows.iter().any(is_valid),
                Some(Concurrent::Drop { .. }) => rows.is_empty(),
                _ => false,
            };
        if done {
            return self.executed(steps);
        }
        if !matches!(steps.concurrent(), Some(Concurrent::Drop { .. })) {
            let invalid = rows.iter().filter(|row| !is_valid(row));
            steps.leftovers = invalid.filter_map(|row| row.first().cloned().flatten()).collect();
        }
        self.drop_or_send(steps)
    }

    /// The next leftover to be dropped, or the statement itself. Alone in its message: several would share
    /// a transaction.
    pub(super) fn drop_or_send(&mut self, mut steps: Stepwise<'a>) -> State<'a> {
        if let Some(index) = steps.leftovers.pop() {
            self.message = format!("DROP INDEX CONCURRENTLY IF EXISTS {index};\n");
            steps.phase = Phase::Dropping;
        } else {
            self.message = steps.text(steps.at).to_owned();
            steps.phase = Phase::Executing;
        }
        State::Stepping(steps)
    }
}
