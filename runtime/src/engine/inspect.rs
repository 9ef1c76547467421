//! What an earlier try of a concurrent statement has left in the catalog.

use gapless_core::Concurrent;

use super::reply::{ResultSet, is_truth};
use super::run::{Run, State};
use super::stepwise::{Phase, Stepwise};

/// An index that the catalog tells of.
struct Found {
    name: String,
    valid: bool,
    /// Whether the statement names it.
    named: bool,
    /// Whether it was not there when the statement was begun first.
    new: bool,
}

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
        let (version, number) = (steps.migration.version(), steps.at + 1);
        needed.then(|| self.dialect.inspect(&self.tracker, version, number, &concurrent))?
    }

    pub(super) fn inspected(&mut self, mut steps: Stepwise<'a>, rows: Option<&ResultSet>) -> State<'a> {
        let found: Vec<_> = rows.iter().flat_map(|rows| rows.rows()).filter_map(Found::read).collect();
        let why = match steps.concurrent() {
            _ if !steps.in_doubt => None,
            Some(Concurrent::Create { index: Some(_), .. }) => {
                if found.iter().any(|index| index.named && index.valid && index.new) {
                    return self.executed(steps);
                }
                None
            }
            // Its index may be any of those.
            Some(Concurrent::Create { index: None, .. }) => {
                let own = found.iter().find(|index| index.valid && index.new);
                own.map(|index| {
                    format!("the index {} has come since, and may be the statement's", index.name)
                })
            }
            Some(Concurrent::Drop { .. }) => {
                if found.is_empty() {
                    return self.executed(steps);
                }
                let other = found.iter().find(|index| index.new);
                other.map(|index| format!("the name stands for another index now, {}", index.name))
            }
            _ => None,
        };
        if let Some(why) = why {
            return self.interrupted(&steps, steps.at, &why);
        }
        if !matches!(steps.concurrent(), Some(Concurrent::Drop { .. })) {
            let left = found.into_iter().filter(|index| !index.valid && (index.named || index.new));
            steps.leftovers = left.map(|index| index.name).collect();
        }
        self.drop_or_send(steps)
    }

    /// The next leftover to be dropped, or the step itself. Alone in its message: several would share
    /// a transaction.
    pub(super) fn drop_or_send(&mut self, mut steps: Stepwise<'a>) -> State<'a> {
        let Some(index) = steps.leftovers.pop() else { return self.send(steps) };
        self.message = format!("DROP INDEX CONCURRENTLY IF EXISTS {index};\n");
        steps.phase = Phase::Dropping;
        State::Stepping(steps)
    }
}

impl Found {
    fn read(row: &[Option<String>]) -> Option<Found> {
        let truth = |column: usize| row.get(column).and_then(Option::as_deref).is_some_and(is_truth);
        Some(Found { name: row.first().cloned()??, valid: truth(1), named: truth(2), new: truth(3) })
    }
}
