//! From the applied set to what is to be done.

use gapless_core::{Migration, MigrationSet};

use super::look::Decision;
use super::reply::ResultSet;
use super::run::{Run, State};
use crate::amend::{Amended, Facts, amend, touches};
use crate::error::ErrorKind;
use crate::event::Event;
use crate::history::History;
use crate::plan::{Origin, Plan, plan, taken};
use crate::rollback::{Rollback, Stuck, taken_back};
use crate::runner::Goal;
use crate::{Change, Conflict};

impl<'a> Run<'a> {
    /// Compares the applied set with ours.
    pub(super) fn decide(&mut self, applied: Option<&ResultSet>) -> Decision<'a> {
        match applied.map_or_else(|| Ok(History::default()), History::read) {
            Ok(history) => self.decide_on(history),
            Err(problem) => {
                let table = self.tracker.shown();
                self.ended(ErrorKind::Shape { table, problem })
            }
        }
    }

    /// The applied set is ours, row by row.
    pub(super) fn nothing_to_do(&mut self) -> Decision<'a> {
        (self.facts, self.legacy) = (Facts::default(), None);
        self.history = History::default();
        match self.intend(Plan::of_current(self.set), &History::default()) {
            Some(end) => Decision::End(Box::new(end)),
            None => Decision::Work,
        }
    }

    pub(super) fn decide_on(&mut self, history: History) -> Decision<'a> {
        // What was asked at an earlier look may not hold any more.
        (self.facts, self.legacy) = (Facts::default(), None);
        self.history = history;
        self.decide_again()
    }

    /// Decides with what has been learned since the look.
    pub(super) fn decide_again(&mut self) -> Decision<'a> {
        if let Some(question) = self.question(&self.history) {
            return Decision::Ask(question);
        }
        if !touches(self.set, &self.history, &self.options, &self.facts) {
            let history = std::mem::take(&mut self.history);
            let decision = self.decide_with(&history, Vec::new(), Vec::new());
            self.history = history;
            return decision;
        }
        match amend(self.set, &self.history, &self.options, &self.facts) {
            Ok(Amended { history, changes, warnings }) => self.decide_with(&history, changes, warnings),
            Err(partial) => self.ended(ErrorKind::Partial(partial)),
        }
    }

    /// Decides on a history that was amended.
    fn decide_with(
        &mut self,
        history: &History,
        changes: Vec<Change>,
        warnings: Vec<String>,
    ) -> Decision<'a> {
        let found = self.facts.legacy.iter().flatten().next();
        let filled =
            found.is_some_and(|adoption| !adoption.rows.is_empty() || !adoption.not_taken.is_empty());
        let origin = if filled { Origin::Filled } else { Origin::Empty };
        let forgiven = self.wanted().map_or(Vec::new(), |wanted| wanted.forgives(history));
        let planned = plan(self.set, history, origin, &self.options, &forgiven);
        if self.suspects_rename(&planned) {
            return Decision::Ask(super::consult::Question::Renamed);
        }
        let mut plan = match planned {
            Ok(plan) => plan,
            Err(conflicts) => return self.ended(ErrorKind::Conflict(conflicts)),
        };
        let conflicts: Vec<_> = changes.iter().filter_map(|change| self.taken(change, history)).collect();
        if !conflicts.is_empty() {
            return self.ended(ErrorKind::Conflict(conflicts));
        }
        plan.changes = changes;
        plan.creates = self.creates(&plan);
        plan.warnings.extend(warnings);
        match self.intend(plan, history) {
            Some(end) => Decision::End(Box::new(end)),
            None => Decision::Work,
        }
    }

    /// The conflict of a change that would record a version which the database has for another.
    fn taken(&self, change: &Change, history: &History) -> Option<Conflict> {
        if let Change::Accepted { .. } | Change::Renamed { both: true, .. } = change {
            return None;
        }
        let path = self.set.find(change.version()).map(Migration::file).unwrap_or_default();
        taken(history, change.version(), change.name(), path)
    }

    fn ended(&mut self, kind: ErrorKind) -> Decision<'a> {
        Decision::End(Box::new(self.end(Err(kind))))
    }

    /// Takes a plan for its own. `None`: there is work.
    fn intend(&mut self, mut plan: Plan, history: &History) -> Option<State<'a>> {
        // What failed before is pending again, and is tried again.
        self.doomed = None;
        self.report.already = (plan.applied() + self.report.rolled_back.len()).saturating_sub(self.recorded);
        self.report.held_back = plan.held_back();
        if let Err(stuck) = self.fill_queue(&mut plan, history) {
            return Some(self.end(Err(ErrorKind::Stuck(stuck))));
        }
        for warning in plan.warnings() {
            if !self.report.warnings.contains(warning) {
                self.warn(warning.clone());
            }
        }
        if plan != self.plan && !plan.is_empty() {
            self.emit(&Event::Planned(&plan));
        }
        self.plan = plan;
        let count = self.queue.len() + self.plan.changes().len();
        if count == 0 || matches!(self.goal, Goal::Plan | Goal::PlanRollback) {
            return Some(self.end(Ok(())));
        }
        if self.goal == Goal::Verify {
            let changes = self.plan.changes().iter().map(ToString::to_string);
            let paths = self.plan.pending().iter().map(|pending| pending.path().to_owned());
            let todo = changes.chain(paths).collect();
            return Some(self.end(Err(ErrorKind::Pending(todo))));
        }
        let standby = self.session.standby;
        self.session.read_only.then(|| self.end(Err(ErrorKind::ReadOnly { pending: count, standby })))
    }

    /// What is left of the rollback.
    fn wanted(&self) -> Option<Rollback> {
        Some(self.options.rollback?.less(self.report.rolled_back.len()))
    }

    fn fill_queue(&mut self, plan: &mut Plan, history: &History) -> Result<(), Vec<Stuck>> {
        let Some(wanted) = self.wanted() else {
            let set = self.set;
            self.queue = plan.pending().iter().filter_map(|pending| pending.of(set)).collect();
            return Ok(());
        };
        let back = taken_back(self.set, history, wanted)?;
        plan.take_back(self.set, &back);
        self.queue = back.into();
        Ok(())
    }
}

impl crate::Pending {
    /// The migration that it is about.
    fn of<'a>(&self, set: &'a MigrationSet) -> Option<&'a gapless_core::Migration> {
        if self.stands_for().is_some() { set.baseline() } else { set.find(self.version()) }
    }
}
