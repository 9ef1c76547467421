//! Plans: from the applied set to the plan and the queue.

use gapless_core::Migration;

use super::Stop;
use super::item::{Execution, Item};
use super::observe::Observed;
use super::probe::Question;
use super::protocol::Protocol;
use crate::history::History;
use crate::history::repair::{Repaired, repair, touches};
use crate::history::rollback::{Rollback, Stuck, to_roll_back};
use crate::plan::{Origin, Plan, plan, taken};
use crate::report::error::{ErrorKind, Since};
use crate::report::event::Event;
use crate::runner::Goal;
use crate::{Change, Conflict};

/// The decision on an observation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// There is nothing to do, or nothing that this goal does.
    Nothing,
    /// There is work, and the queue holds it.
    Work,
    /// The answer to this question decides.
    Unknown(Question),
}

impl Protocol<'_> {
    /// Plans from an observation without the lock. Returns `false` if there is nothing to do.
    pub(super) async fn plan_from(&mut self, observed: Observed) -> Result<bool, Stop> {
        let mut decision = match observed {
            Observed::Current => self.decide_current()?,
            Observed::History(history) => self.decide(history)?,
        };
        // Each question is asked once at most.
        while let Decision::Unknown(question) = decision {
            if !self.probes_unlocked(question) {
                return Ok(true);
            }
            self.probe(question).await?;
            decision = self.decide_with_probes()?;
        }
        self.warn_of_other_histories().await?;
        Ok(decision == Decision::Work)
    }

    /// Decides on a new observation of the applied set.
    pub(super) fn decide(&mut self, history: History) -> Result<Decision, Stop> {
        // Answers of an earlier observation may be out of date.
        self.known.forget();
        self.known.history = history;
        self.decide_with_probes()
    }

    /// Decides again: the applied set has not changed.
    pub(super) fn decide_as_before(&mut self) -> Result<Decision, Stop> {
        let history = std::mem::take(&mut self.known.history);
        self.decide(history)
    }

    /// Decides on an applied set that is the embedded set, row by row.
    fn decide_current(&mut self) -> Result<Decision, Stop> {
        self.known.forget();
        self.known.history = History::default();
        self.intend(Plan::of_current(self.set), &History::default())
    }

    /// Decides with the answers of the probes.
    pub(super) fn decide_with_probes(&mut self) -> Result<Decision, Stop> {
        let history = std::mem::take(&mut self.known.history);
        let decision = self.decide_on(&history);
        self.known.history = history;
        decision
    }

    fn decide_on(&mut self, history: &History) -> Result<Decision, Stop> {
        if let Some(question) = self.question(history) {
            return Ok(Decision::Unknown(question));
        }
        if !touches(self.set, history, &self.options, &self.known.facts) {
            return self.decide_repaired(history, Vec::new(), Vec::new());
        }
        let Repaired { history, changes, warnings } =
            repair(self.set, history, &self.options, &self.known.facts)
                .map_err(|partial| Stop::failed(ErrorKind::Partial(partial)))?;
        self.decide_repaired(&history, changes, warnings)
    }

    /// Decides on the history after these changes.
    fn decide_repaired(
        &mut self,
        history: &History,
        changes: Vec<Change>,
        warnings: Vec<String>,
    ) -> Result<Decision, Stop> {
        let found = self.known.facts.legacy.iter().flatten().next();
        let filled =
            found.is_some_and(|adoption| !adoption.rows.is_empty() || !adoption.not_taken.is_empty());
        let origin = if filled { Origin::Filled } else { Origin::Empty };
        let forgiven = self.wanted().map_or(Vec::new(), |wanted| wanted.forgives(history));
        let (mut plan, conflicts) = plan(self.set, history, origin, &self.options, &forgiven);
        if self.suspects_rename(&plan, &conflicts) {
            return Ok(Decision::Unknown(Question::Renamed));
        }
        let conflicts = self.stopping(conflicts, &mut plan);
        if !conflicts.is_empty() {
            return Err(Stop::failed(ErrorKind::Conflict(conflicts)));
        }
        let conflicts: Vec<_> = changes.iter().filter_map(|change| self.taken(change, history)).collect();
        if !conflicts.is_empty() {
            return Err(Stop::failed(ErrorKind::Conflict(conflicts)));
        }
        plan.changes = changes;
        if self.repairs_alone() {
            plan.keep_pending(self.options.resolve.map(|(version, _)| version));
        }
        plan.creates = self.creates(&plan);
        plan.warnings.extend(warnings);
        self.intend(plan, history)
    }

    /// Returns the conflict of a change that would record a version which the database has for another migration.
    fn taken(&self, change: &Change, history: &History) -> Option<Conflict> {
        if let Change::Accepted { .. } | Change::Renamed { both: true, .. } = change {
            return None;
        }
        let path = self.set.find(change.version()).map(Migration::file).unwrap_or_default();
        taken(history, change.version(), change.name(), path)
    }

    /// Fails if the caller has looked at another plan. What this run has done itself is no news.
    fn check_planned(&self, plan: &Plan) -> Result<(), Stop> {
        let Some(planned) = self.options.planned.as_ref().filter(|_| self.writes()) else { return Ok(()) };
        let begun = self.session.report(|report| {
            !(report.changes.is_empty() && report.applied.is_empty() && report.rolled_back.is_empty())
        });
        if begun || plan.is_empty() || plan.does_as(planned) {
            return Ok(());
        }
        Err(Stop::failed(ErrorKind::Stale(Since::Plan)))
    }

    /// Adopts a plan, and fills the queue with it.
    fn intend(&mut self, mut plan: Plan, history: &History) -> Result<Decision, Stop> {
        let recorded = self.applying.recorded;
        self.session.report(|report| {
            report.already = (plan.applied() + report.rolled_back.len()).saturating_sub(recorded);
            (report.held_back, report.left_pending) = (plan.held_back(), plan.left_pending);
        });
        self.fill_queue(&mut plan, history).map_err(|stuck| Stop::failed(ErrorKind::Stuck(stuck)))?;
        self.check_planned(&plan)?;
        for warning in plan.warnings() {
            if !self.session.report(|report| report.warnings.contains(warning)) {
                self.warn(warning.clone());
            }
        }
        if plan != self.plan && !plan.is_empty() {
            self.emit(&Event::Planned(&plan));
        }
        self.plan = plan;
        let count = self.queue.len() + self.plan.changes().len();
        if count == 0 || matches!(self.goal, Goal::Plan | Goal::PlanRollback | Goal::PlanRepair) {
            return Ok(Decision::Nothing);
        }
        if self.goal == Goal::Verify {
            let changes = self.plan.changes().iter().map(ToString::to_string).collect();
            let paths = self.plan.pending().iter().map(|pending| pending.path().to_owned()).collect();
            return Err(Stop::failed(ErrorKind::Pending { changes, paths }));
        }
        if self.session.read_only {
            return Err(Stop::failed(self.read_only(count)));
        }
        Ok(Decision::Work)
    }

    /// Returns the rest of the rollback.
    fn wanted(&self) -> Option<Rollback> {
        let done = self.session.report(|report| report.rolled_back.len());
        Some(self.options.rollback?.less(done))
    }

    fn fill_queue(&mut self, plan: &mut Plan, history: &History) -> Result<(), Vec<Stuck>> {
        let (abilities, syntax) = (self.abilities, self.dialect.syntax());
        if let Some(wanted) = self.wanted() {
            let back = {
                let unfinished = self.known.facts.unfinished.as_deref().unwrap_or_default();
                to_roll_back(self.set, history, unfinished, wanted)?
            };
            plan.roll_back(self.set, &back);
            self.queue = back.into_iter().filter_map(|one| Item::down(one, abilities, syntax)).collect();
        } else {
            let pending = plan.pending().iter().filter_map(|pending| pending.of(self.set));
            self.queue = pending.map(|migration| Item::up(migration, abilities, syntax)).collect();
        }
        plan.learn_atomic(self.queue.iter().map(|item| item.execution != Execution::Stepwise));
        Ok(())
    }
}

impl crate::Pending {
    /// Finds its migration.
    fn of<'a>(&self, set: &'a gapless_core::MigrationSet) -> Option<&'a gapless_core::Migration> {
        if self.stands_for().is_some() { set.baseline() } else { set.find(self.version()) }
    }
}
