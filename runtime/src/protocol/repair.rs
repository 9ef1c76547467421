//! Repairs the history in one transaction, before the run applies anything: adopted rows, renames, reconciled rows,
//! accepted checksums.

use super::Stop;
use super::errors::Work;
use super::other_tool::is_lock_of_others;
use super::protocol::Protocol;
use super::reply::{DbError, ResultSet};
use crate::dialect::{Class, Timeouts};
use crate::history::History;
use crate::plan::Plan;
use crate::report::event::Event;
use crate::runner::Goal;
use crate::runner::options::Resolution;
use crate::{Change, Conflict};

impl Protocol<'_> {
    /// Returns true if the run is for the repairs and not for what is pending.
    pub(super) fn repairs_alone(&self) -> bool {
        matches!(self.goal, Goal::Repair | Goal::PlanRepair)
    }

    /// Returns the contradictions that stop the run. Where it only repairs, and runs no SQL of a migration, the others are
    /// settled one by one: they become warnings of the plan.
    pub(super) fn stopping(&self, conflicts: Vec<Conflict>, plan: &mut Plan) -> Vec<Conflict> {
        let named = self.options.resolve.map(|(version, _)| version);
        let runs = self.options.resolve.is_some_and(|(_, resolution)| resolution != Resolution::MarkApplied);
        if !self.repairs_alone() || runs {
            return conflicts;
        }
        let (stopping, others): (Vec<_>, Vec<_>) =
            conflicts.into_iter().partition(|conflict| Some(conflict.version()) == named);
        plan.warnings.extend(others.iter().map(ToString::to_string));
        stopping
    }

    /// Makes the plan's changes, if there are any.
    pub(super) async fn repair(&mut self) -> Result<(), Stop> {
        if self.plan.changes().is_empty() {
            return Ok(());
        }
        self.session.is_at("repairing the history");
        let adopts = self.plan.changes().iter().any(|change| matches!(change, Change::Adopted { .. }));
        // Under every lock there is, the set and the other tool's table must be as the plan saw them.
        let message = self.reread(adopts);
        let results = match self.session.transact(message).await? {
            Ok(results) => results,
            Err(error) if adopts && self.class(&error) == Class::Retry => {
                return Err(self.stand_back_from(&error).await);
            }
            Err(error) => return self.not_repaired(error).await,
        };
        if results.iter().any(is_lock_of_others) {
            return Err(self.stand_back_from_tool().await);
        }
        if !self.is_unchanged(adopts, &results) {
            return Err(self.stand_back().await);
        }
        let message = self.repairs() + &self.dialect.commit(true) + &self.cleanup.unlock_tool;
        if let Err(error) = self.session.transact(message).await? {
            return self.not_repaired(error).await;
        }
        self.cleanup.unlock_tool.clear();
        let changes = std::mem::take(&mut self.plan.changes);
        for change in &changes {
            self.emit(&Event::Changed(change));
        }
        self.session.report(|report| report.changes.extend(changes));
        self.patience.attempt = 1;
        Ok(())
    }

    /// Begins the transaction, takes the locks, and reads again.
    fn reread(&mut self, adopts: bool) -> String {
        let mut message = self.same_backend() + &self.begin(Timeouts::default());
        let moves = |change: &Change| matches!(change, Change::Renamed { .. } | Change::Accepted { .. });
        if self.plan.changes().iter().any(moves) {
            message += &self.dialect.lock_set(&self.tracker);
        }
        if adopts {
            message += &self.lock_tool();
        }
        message + &self.dialect.select_set(&self.tracker)
    }

    /// Returns `true` if nothing has changed since the plan.
    fn is_unchanged(&self, adopts: bool, results: &[ResultSet]) -> bool {
        let (set, before) = results.split_last().map_or((None, results), |(set, before)| (Some(set), before));
        let same = set
            .map(History::read)
            .is_some_and(|now| now.is_ok_and(|now| now.rows() == self.known.history.rows()));
        let read = self.known.legacy.as_ref().map(|table| &table.rows);
        same && (!adopts || read == before.last())
    }

    async fn not_repaired(&mut self, error: DbError) -> Result<(), Stop> {
        Err(match self.class(&error) {
            Class::HandedOn { pid } => self.handed_on(pid),
            Class::Busy => self.stand_back_from(&error).await,
            // Another runner was faster, or a key of the table's own refuses this for ever.
            Class::Fence { .. } | Class::Retry => {
                self.retry_or(self.error(Work::Repairing, error), None, "").await
            }
            _ => Stop::failed(self.error(Work::Repairing, error)),
        })
    }
}
