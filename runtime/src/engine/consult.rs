//! Questions beside the tracker: what another tool has applied, which tables are there, what newer
//! releases have renamed.

use gapless_core::Version;

use super::bootstrap::CREATED;
use super::look::{Asked, Decision};
use super::reply::{DbError, ResultSet};
use super::run::{After, Run, State};
use crate::amend::{Known, known_as};
use crate::dialect::Class;
use crate::error::ErrorKind;
use crate::history::{History, Row};
use crate::legacy::{Adoption, Legacy};
use crate::runner::Goal;

/// What is to be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// The form of another tool's table.
    LegacyForm,
    /// What it holds.
    LegacyRows,
    /// Which of the tables to be reconciled are there.
    Tables,
    /// What the journal knows of renames.
    Renamed,
    /// What else the journal has seen.
    Journal,
}

/// What was at hand when the question came up.
#[derive(Debug)]
pub(super) enum Then {
    Observed,
    Asked(Box<Asked>),
}

/// What is known of another tool's table.
#[derive(Debug, Default)]
pub(super) struct LegacyTable {
    /// The advisory locks of the tool.
    pub(super) keys: Vec<i64>,
    /// Its rows, as they were read.
    pub(super) rows: ResultSet,
}

impl<'a> Run<'a> {
    /// What must be known before anything is decided, and is not.
    pub(super) fn question(&self, history: &History) -> Option<Question> {
        let mut open = self.reconciles(history);
        if open && history.rows().iter().any(|row| self.is_strange(row)) {
            // A newer release may have recorded them under other names.
            if self.facts.renamed.is_none() {
                return Some(Question::Renamed);
            }
            open = self.reconciles(&known_as(self.set, history, &self.facts));
        }
        let adopts = self.options.adopt.is_some() && history.is_empty();
        if (open || adopts) && self.facts.seen.is_none() {
            return Some(Question::Journal);
        }
        if adopts && self.facts.legacy.is_none() {
            return Some(if self.legacy.is_none() { Question::LegacyForm } else { Question::LegacyRows });
        }
        (open && self.facts.tables.is_none()).then_some(Question::Tables)
    }

    /// Whether the versions of a group that is to be reconciled are not recorded.
    fn reconciles(&self, history: &History) -> bool {
        let recorded = |versions: &[Version]| versions.iter().any(|version| history.find(*version).is_some());
        let mut groups = self.options.reconcile.iter();
        groups.any(|one| !recorded(one.versions()) && !one.is_beyond(self.options.target))
    }

    /// Whether no migration of ours has this version and name.
    fn is_strange(&self, row: &Row) -> bool {
        self.set.find(row.version).is_none_or(|ours| ours.name() != row.name)
    }

    /// Whether to ask right away: a run that may write asks under the lock.
    pub(super) fn asks_now(&self, question: Question) -> bool {
        let writes = !matches!(self.goal, Goal::Plan | Goal::Verify | Goal::PlanRollback);
        self.session.locked || !writes || question == Question::Renamed
    }

    pub(super) fn consult(&mut self, question: Question, then: Then) -> State<'a> {
        self.message = match (question, &self.options.adopt) {
            (Question::LegacyForm, Some(legacy)) => self.dialect.columns(legacy.place()),
            (Question::LegacyRows, Some(legacy)) => self.legacy_rows(legacy),
            (Question::Renamed, _) => self.dialect.renamed(&self.tracker) + &self.dialect.runs(&self.tracker),
            (Question::Journal, _) => self.dialect.seen(&self.tracker),
            (Question::Tables | Question::LegacyForm | Question::LegacyRows, _) => {
                let tables = self.options.reconcile.iter().flat_map(|reconcile| &reconcile.tables);
                self.dialect.tables(&tables.map(String::as_str).collect::<Vec<_>>())
            }
        };
        State::Consulting(question, then)
    }

    pub(super) fn legacy_rows(&self, legacy: &Legacy) -> String {
        legacy.select(|column| self.dialect.hex(column))
    }

    pub(super) fn consulted(&mut self, question: Question, then: Then, results: &[ResultSet]) -> State<'a> {
        let rows = results.last().cloned().unwrap_or_default();
        let learned = match question {
            Question::LegacyForm => self.learn_form(&rows),
            Question::LegacyRows => self.learn_rows(rows),
            Question::Tables => {
                let mut there = rows.rows().map(|row| row.first().is_some_and(is_there));
                let tables = self.options.reconcile.iter();
                self.facts.tables =
                    Some(tables.map(|one| there.by_ref().take(one.tables.len()).collect()).collect());
                Ok(())
            }
            Question::Renamed => {
                self.facts.runs = rows.rows().filter_map(recorded).collect();
                let renamed = results.first().cloned().unwrap_or_default();
                self.facts.renamed = Some(renamed.rows().filter_map(rename).collect());
                Ok(())
            }
            Question::Journal => {
                self.facts.seen = Some(rows.rows().filter_map(event).collect());
                Ok(())
            }
        };
        if let Err(problems) = learned {
            return self.end(Err(ErrorKind::Legacy(problems)));
        }
        self.go_on_after(then)
    }

    fn go_on_after(&mut self, then: Then) -> State<'a> {
        let decision = self.decide_again();
        match then {
            Then::Observed => self.after_observing(decision),
            Then::Asked(asked) => self.after_asking(*asked, decision),
        }
    }

    pub(super) fn not_consulted(&mut self, question: Question, then: Then, error: DbError) -> State<'a> {
        let class = self.dialect.classify(&error, &self.tracker);
        let journal = matches!(question, Question::Renamed | Question::Journal);
        if journal && class == Class::Missing {
            // Without a journal nothing was ever renamed.
            (self.facts.renamed, self.facts.seen) = (Some(Vec::new()), Some(Vec::new()));
            return self.go_on_after(then);
        }
        let doing = match &self.options.adopt {
            _ if journal => format!("reading the journal of {}", self.tracker.shown()),
            Some(legacy) if question != Question::Tables => format!("reading {}", legacy.shown()),
            _ => "looking for the tables to be reconciled".to_owned(),
        };
        match class {
            Class::Busy | Class::Retry => self.await_database(After::Look, &error),
            Class::Permission if question == Question::Renamed => {
                self.unread(ErrorKind::Permission { doing, error })
            }
            Class::Permission => self.end(Err(ErrorKind::Permission { doing, error })),
            _ => self.end(Err(ErrorKind::Database { doing, error })),
        }
    }

    /// A role that may not read the journal cannot know of renames: what contradicts is told, and nothing is run.
    fn unread(&mut self, kind: ErrorKind) -> State<'a> {
        self.facts.renamed = Some(Vec::new());
        match self.decide_again() {
            Decision::End(end) if matches!(self.result, Err(ErrorKind::Conflict(_))) => *end,
            _ => self.end(Err(kind)),
        }
    }

    fn learn_form(&mut self, rows: &ResultSet) -> Result<(), Vec<String>> {
        let Some(legacy) = &self.options.adopt else { return Ok(()) };
        let text = |row: &[Option<String>], at: usize| row.get(at).cloned().flatten().unwrap_or_default();
        let columns: Vec<_> =
            rows.rows().map(|row| (text(row, 0).to_lowercase(), text(row, 1).to_lowercase())).collect();
        // A table that we have created ourselves never held another tool's history.
        let ours = self.facts.saw_history() && self.facts.saw(&[CREATED], None);
        let Some(first) = rows.rows().next().filter(|_| !ours) else {
            let absent = columns.is_empty();
            self.facts.legacy = Some((!absent).then(Adoption::default));
            if !absent || legacy.creates() {
                return Ok(());
            }
            let warning = format!("{} is not there: nothing is taken over", legacy.shown());
            self.warn(warning);
            return Ok(());
        };
        legacy.check_columns(&columns).map_err(|problem| vec![problem])?;
        let keys = legacy.lock_keys(&text(first, 2), &text(first, 3));
        self.legacy = Some(LegacyTable { keys, rows: ResultSet::default() });
        Ok(())
    }

    fn learn_rows(&mut self, rows: ResultSet) -> Result<(), Vec<String>> {
        let Some(legacy) = &self.options.adopt else { return Ok(()) };
        let renames = |identifier: &str| {
            let stem = identifier.strip_suffix(".sql").unwrap_or(identifier);
            // A tool that keeps numbers knows the number of an old name alone.
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
        self.facts.legacy = Some(Some(adoption));
        if let Some(table) = &mut self.legacy {
            table.rows = rows;
        }
        Ok(())
    }

    /// Whether what seems wrong may be a newer release's rename: the journal would know.
    pub(super) fn suspects_rename(&self, decision: &Result<crate::Plan, Vec<crate::Conflict>>) -> bool {
        use crate::Conflict::{Moved, Orphan, Renamed};
        let suspicious = match decision {
            Ok(plan) => !plan.pending().is_empty() && plan.knows_not_all(),
            Err(conflicts) => conflicts
                .iter()
                .any(|conflict| matches!(conflict, Moved { .. } | Renamed { .. } | Orphan { .. })),
        };
        suspicious && self.facts.renamed.is_none()
    }
}

fn is_there(value: &Option<String>) -> bool {
    value.as_deref().is_some_and(super::reply::is_truth)
}

/// A row of old stem, version and name.
fn rename(row: &[Option<String>]) -> Option<Known> {
    let [Some(old), Some(version), Some(name)] = row else { return None };
    let (before, known) = gapless_core::stem(old)?;
    Some(((before, known.to_owned()), (version.parse().ok()?, name.clone())))
}

/// A row of version, name, event and detail. What is adopted is so at once: it has no run's token.
fn recorded(row: &[Option<String>]) -> Option<(Version, String, String)> {
    let [Some(version), Some(name), Some(event), detail] = row else { return None };
    let token = detail.clone().filter(|_| event != "adopted");
    Some((version.parse().ok()?, name.clone(), token.unwrap_or_else(|| event.clone())))
}

/// A row of event and version.
fn event(row: &[Option<String>]) -> Option<(String, Version)> {
    let [Some(event), Some(version)] = row else { return None };
    Some((event.clone(), version.parse().ok()?))
}
