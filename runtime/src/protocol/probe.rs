//! Probes what lies beside the applied set: another tool's history, tables to reconcile, and the journal's renames.

use std::collections::BTreeMap;

use gapless_core::Version;

use super::Stop;
use super::bootstrap::CREATED;
use super::errors::Work;
use super::protocol::Protocol;
use super::reply::{DbError, ResultSet};
use crate::dialect::{Class, TableForm, ToolLocks, renames, runs, seen, tables_there, versions};
use crate::history::repair::{Facts, known_as};
use crate::history::{History, Row};
use crate::legacy::Adoption;
use crate::report::error::ErrorKind;
use crate::runner::Goal;

/// A question to the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// The columns of another tool's table.
    LegacyForm,
    /// The rows of that table.
    LegacyRows,
    /// The existence of each table to reconcile.
    Tables,
    /// The renames in the journal.
    Renamed,
    /// The other events in the journal.
    Journal,
    /// The migrations that were begun and not finished.
    Unfinished,
}

/// The facts about the database.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// The applied set at the last observation.
    pub(super) history: History,
    /// The answers of the probes since then.
    pub(super) facts: Facts,
    /// The time of each row, if the goal is the status.
    pub(super) times: BTreeMap<Version, String>,
    pub(super) legacy: Option<LegacyTable>,
}

impl Known {
    /// Forgets the answers of the probes.
    pub(super) fn forget(&mut self) {
        (self.facts, self.legacy) = (Facts::default(), None);
    }
}

/// The facts about another tool's table.
#[derive(Debug, Default)]
pub(super) struct LegacyTable {
    pub(super) locks: ToolLocks,
    /// Its rows, as the run read them.
    pub(super) rows: ResultSet,
}

impl Protocol<'_> {
    /// Returns a question whose answer the decision needs.
    pub(super) fn question(&self, history: &History) -> Option<Question> {
        let mut open = self.reconciles(history);
        if open && history.rows().iter().any(|row| self.is_strange(row)) {
            // A newer release may have recorded them under other names.
            if self.known.facts.renamed.is_none() {
                return Some(Question::Renamed);
            }
            open = self.reconciles(&known_as(self.set, history, &self.known.facts));
        }
        let adopts = self.options.adopt.is_some() && history.is_empty();
        if (open || adopts) && self.known.facts.seen.is_none() {
            return Some(Question::Journal);
        }
        if adopts && self.known.facts.legacy.is_none() {
            return Some(if self.known.legacy.is_none() {
                Question::LegacyForm
            } else {
                Question::LegacyRows
            });
        }
        if open && self.known.facts.tables.is_none() {
            return Some(Question::Tables);
        }
        let open = || self.set.migrations().iter().any(|one| history.find(one.version()).is_none());
        let goes_back = self.options.rollback.is_some() && !history.is_empty() && open();
        (goes_back && self.known.facts.unfinished.is_none()).then_some(Question::Unfinished)
    }

    /// Returns `true` if some group to reconcile is not recorded.
    fn reconciles(&self, history: &History) -> bool {
        let recorded = |versions: &[Version]| versions.iter().any(|version| history.find(*version).is_some());
        let mut groups = self.options.reconcile.iter();
        groups.any(|one| !recorded(one.versions()) && !one.is_beyond(self.options.target))
    }

    /// Returns `true` if none of our migrations has this version and name.
    pub(super) fn is_strange(&self, row: &Row) -> bool {
        self.set.find(row.version).is_none_or(|ours| ours.name() != row.name)
    }

    /// Returns `true` to ask without the lock. A run that may write asks under it.
    pub(super) fn probes_unlocked(&self, question: Question) -> bool {
        self.session.locked || !self.writes() || question == Question::Renamed
    }

    /// Returns `true` if the run may write, and so takes locks.
    pub(super) fn writes(&self) -> bool {
        !matches!(self.goal, Goal::Plan | Goal::Verify | Goal::PlanRollback | Goal::PlanRepair)
    }

    /// Asks, and keeps the answer.
    pub(super) async fn probe(&mut self, question: Question) -> Result<(), Stop> {
        self.prepare().await?;
        self.session.is_at("probing the database");
        match self.session.send(self.probe_message(question)).await? {
            Ok(results) => match self.learn(question, results) {
                Err(problems) if question == Question::LegacyRows => self.read_undisturbed(problems).await,
                learned => learned.map_err(|problems| Stop::failed(ErrorKind::Legacy(problems))),
            },
            Err(error) => self.not_probed(question, error).await,
        }
    }

    fn probe_message(&self, question: Question) -> String {
        match (question, &self.options.adopt) {
            (Question::LegacyForm, Some(legacy)) => self.dialect.columns(legacy.place()),
            (Question::LegacyRows, Some(legacy)) => legacy.select(self.dialect, ""),
            (Question::Renamed, _) => self.dialect.renamed(&self.tracker) + &self.dialect.runs(&self.tracker),
            (Question::Journal, _) => self.dialect.seen(&self.tracker),
            (Question::Unfinished, _) => self.ask_unfinished(),
            (Question::Tables | Question::LegacyForm | Question::LegacyRows, _) => {
                let tables = self.options.reconcile.iter().flat_map(|reconcile| &reconcile.tables);
                self.dialect.tables(&tables.map(String::as_str).collect::<Vec<_>>())
            }
        }
    }

    fn learn(&mut self, question: Question, mut results: Vec<ResultSet>) -> Result<(), Vec<String>> {
        if question == Question::Unfinished {
            self.known.facts.unfinished =
                Some(results.iter().flat_map(|rows| versions(Some(rows))).collect());
            return Ok(());
        }
        let rows = results.pop().unwrap_or_default();
        match question {
            Question::LegacyForm => self.learn_form(&rows)?,
            Question::LegacyRows => self.learn_rows(rows)?,
            Question::Tables => {
                let mut there = tables_there(&rows);
                let tables = self.options.reconcile.iter();
                let tables = tables.map(|one| there.by_ref().take(one.tables.len()).collect()).collect();
                self.known.facts.tables = Some(tables);
            }
            Question::Renamed => {
                self.known.facts.runs = runs(&rows);
                let renamed = results.pop().unwrap_or_default();
                self.known.facts.renamed = Some(renames(&renamed));
            }
            Question::Journal => self.known.facts.seen = Some(seen(&rows)),
            Question::Unfinished => {}
        }
        Ok(())
    }

    async fn not_probed(&mut self, question: Question, error: DbError) -> Result<(), Stop> {
        let class = self.class(&error);
        let journal = matches!(question, Question::Renamed | Question::Journal | Question::Unfinished);
        if journal && class == Class::Missing {
            // Without a journal, no release has renamed anything.
            let facts = &mut self.known.facts;
            (facts.renamed, facts.seen) = (Some(Vec::new()), Some(Vec::new()));
            facts.unfinished = Some(Vec::new());
            return Ok(());
        }
        if matches!(class, Class::Busy | Class::Retry) {
            self.wait_for_database(&error).await?;
            return Err(Stop::Again);
        }
        let work = match &self.options.adopt {
            _ if journal => Work::ReadingJournal,
            Some(legacy) if question != Question::Tables => Work::Reading(legacy.shown()),
            _ => Work::LookingForTables,
        };
        if question == Question::Renamed && class == Class::Permission {
            // A role that may not read the journal cannot know of renames. The run reports contradictions, and applies
            // nothing.
            self.known.facts.renamed = Some(Vec::new());
            if let Err(Stop::Failed(conflict)) = self.decide_with_probes()
                && matches!(*conflict, ErrorKind::Conflict(_))
            {
                return Err(Stop::Failed(conflict));
            }
        }
        Err(Stop::failed(self.error(work, error)))
    }

    fn learn_form(&mut self, rows: &ResultSet) -> Result<(), Vec<String>> {
        let Some(legacy) = &self.options.adopt else { return Ok(()) };
        let form = TableForm::read(rows);
        let absent = form.is_none();
        // A table that a run of ours has created never held another tool's history.
        let ours = self.known.facts.saw_history() && self.known.facts.saw(&[CREATED], None);
        let Some(form) = form.filter(|_| !ours) else {
            self.known.facts.legacy = Some((!absent).then(Adoption::default));
            if !absent || legacy.creates() {
                return Ok(());
            }
            let warning = format!("{} does not exist, so there is nothing to adopt", legacy.shown());
            self.warn(warning);
            return Ok(());
        };
        legacy.check_columns(&form.columns).map_err(|problem| vec![problem])?;
        let locks = legacy.locks(&form.database, &form.schema);
        self.known.legacy = Some(LegacyTable { locks, rows: ResultSet::default() });
        Ok(())
    }

    pub(super) fn learn_rows(&mut self, rows: ResultSet) -> Result<(), Vec<String>> {
        let Some(legacy) = &self.options.adopt else { return Ok(()) };
        let renames = |identifier: &str| {
            let stem = identifier.strip_suffix(".sql").unwrap_or(identifier);
            // A tool that keeps numbers knows an old name by its number alone.
            let number: Option<Version> = identifier.parse().ok();
            let was = |rename: &&gapless_core::Rename| {
                let before = rename.from_stem().map(|(version, _)| version);
                [identifier, stem].contains(&rename.from()) || (number.is_some() && before == number)
            };
            self.set.renames().iter().find(was).map(gapless_core::Rename::to)
        };
        let adoption = legacy
            .read(&rows, self.set, &renames, &self.options.accept)
            .map_err(|refusals| crate::legacy::told(&refusals))?;
        self.known.facts.legacy = Some(Some(adoption));
        if let Some(table) = &mut self.known.legacy {
            table.rows = rows;
        }
        Ok(())
    }

    /// Returns `true` if a newer release's rename may explain the decision: the journal would know.
    pub(super) fn suspects_rename(&self, plan: &crate::Plan, conflicts: &[crate::Conflict]) -> bool {
        use crate::Conflict::{Moved, Orphan, Renamed};
        let suspicious = if conflicts.is_empty() {
            !plan.pending().is_empty() && plan.knows_not_all()
        } else {
            conflicts.iter().any(|conflict| matches!(conflict, Moved { .. } | Renamed { .. } | Orphan { .. }))
        };
        suspicious && self.known.facts.renamed.is_none()
    }
}
