//! Migrations outside of a transaction: statement by statement, each journaled once it is done, so that
//! a run that was cut off knows where it stopped.

use std::ops::Range;

use gapless_core::{Checksum, Concurrent, Migration, Syntax, split};

use super::batch::offset;
use super::reply::{DbError, ResultSet};
use super::resume::Progress;
use super::run::{After, Rollback, Run, State};
use crate::dialect::{Class, Entry, Timeouts};
use crate::error::ErrorKind;
use crate::event::Event;
use crate::{Failure, Resolution};

#[derive(Debug)]
pub(super) struct Stepwise<'a> {
    migration: &'a Migration,
    statements: Vec<Range<usize>>,
    /// The statement at hand, counted from zero.
    at: usize,
    phase: Phase,
    /// Whether the statement at hand was begun in an earlier try.
    begun_before: bool,
    /// Whether nobody knows what became of it then.
    in_doubt: bool,
    /// Indexes that it left behind, to be dropped before it runs again.
    leftovers: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Reading what the journal has on this version.
    Asking,
    /// Journaling that it begins.
    Starting,
    /// Asking the catalog what an earlier try of the statement left.
    Inspecting,
    Dropping,
    Executing,
    /// Journaling that a statement is done.
    Noting,
    /// Recording the version in the set.
    Recording,
}

impl<'a> Stepwise<'a> {
    fn concurrent(&self, syntax: Syntax) -> Option<Concurrent<'a>> {
        split(self.text(self.at), syntax).ok()?.first()?.concurrent()
    }

    fn text(&self, index: usize) -> &'a str {
        self.statements.get(index).map_or("", |span| &self.migration.sql()[span.clone()])
    }

    fn checksum(&self, index: usize) -> String {
        Checksum::of(self.text(index)).to_string()
    }
}

impl<'a> Run<'a> {
    pub(super) fn begin_stepwise(&mut self, migration: &'a Migration) -> State<'a> {
        let statements = split(migration.sql(), self.dialect.syntax()).unwrap_or_default();
        let statements = statements.iter().map(gapless_core::Statement::span).collect();
        self.message = self.dialect.progress(&self.tracker, migration.version());
        State::Stepping(Stepwise {
            migration,
            statements,
            at: 0,
            phase: Phase::Asking,
            begun_before: false,
            in_doubt: false,
            leftovers: Vec::new(),
        })
    }

    pub(super) fn stepped(&mut self, mut steps: Stepwise<'a>, results: &[ResultSet]) -> State<'a> {
        match steps.phase {
            Phase::Asking => {
                let progress = results.first().map(Progress::read).unwrap_or_default();
                self.start(steps, &progress)
            }
            Phase::Starting => self.execute(steps),
            Phase::Inspecting => self.inspected(steps, results.first()),
            Phase::Dropping => self.drop_or_send(steps),
            Phase::Executing => self.executed(steps),
            Phase::Noting => {
                steps.at += 1;
                (steps.begun_before, steps.in_doubt) = (false, false);
                self.execute(steps)
            }
            Phase::Recording => {
                self.mark(steps.migration, None);
                self.attempt = 1;
                self.next()
            }
        }
    }

    fn start(&mut self, mut steps: Stepwise<'a>, progress: &Progress) -> State<'a> {
        let total = steps.statements.len();
        let resolution = self.options.resolve.filter(|(version, _)| *version == steps.migration.version());
        steps.at = match resolution.map(|(_, resolution)| resolution) {
            Some(Resolution::MarkApplied) => total,
            Some(Resolution::RetryFrom(statement)) => statement.saturating_sub(1).min(total),
            Some(Resolution::Retry) | None => progress.done,
        };
        if resolution.is_none() {
            if self.lock_waited + self.spent < progress.patience(self.options.lock_wait) {
                return self.wait(After::Look, None);
            }
            if let Some(why) = self.undecidable(&steps, progress) {
                return self.interrupted(&steps, progress.done, &why);
            }
        }
        steps.begun_before = progress.attempt > 0;
        steps.in_doubt = progress.in_doubt && resolution.is_none();
        self.attempt = progress.attempt + 1;
        self.message = if resolution.is_some() {
            let entry = Entry { statement: Some(steps.at), ..self.entry(&steps, "resolved") };
            self.dialect.journal(&self.tracker, &entry)
        } else {
            String::new()
        };
        let started = self.note(&steps, "started");
        self.message += &started;
        self.message += &self.dialect.set_timeouts(self.timeouts(steps.migration));
        let pending: Vec<_> = self.pending(steps.migration.version()).into_iter().collect();
        self.emit(&Event::Applying(&pending));
        steps.phase = Phase::Starting;
        State::Stepping(steps)
    }

    /// Why it cannot be gone on with, unless somebody looks.
    fn undecidable(&self, steps: &Stepwise<'a>, progress: &Progress) -> Option<String> {
        if let Some(index) = progress.edited(|index| steps.checksum(index)) {
            return Some(format!("statement {} was done, and has been edited since", index + 1));
        }
        let rerunnable = steps.migration.directives().rerunnable();
        let concurrent = steps.concurrent(self.dialect.syntax());
        let told = concurrent.is_some_and(|concurrent| self.dialect.inspect(&concurrent).is_some());
        let open = progress.in_doubt && progress.done < steps.statements.len() && !rerunnable && !told;
        open.then(|| match progress.alive {
            Some(true) => "its session is still there, and may be at work".to_owned(),
            _ => {
                "its session ended without a word: the statement may or may not have taken effect".to_owned()
            }
        })
    }

    fn interrupted(&mut self, steps: &Stepwise<'a>, done: usize, why: &str) -> State<'a> {
        let version = steps.migration.version();
        let statement = done + 1;
        let ways = format!(
            "look at the database, then start once with one of `.resolve({version}, Resolution::Retry)` to run \
             statement {statement} again, `Resolution::RetryFrom({})` if it took effect, or \
             `Resolution::MarkApplied` if all of the file did",
            statement + 1
        );
        self.end(Err(ErrorKind::Interrupted {
            version,
            path: steps.migration.path().to_owned(),
            statement,
            statements: steps.statements.len(),
            why: why.to_owned(),
            ways,
        }))
    }

    fn execute(&mut self, mut steps: Stepwise<'a>) -> State<'a> {
        if steps.at < steps.statements.len() {
            if let Some(message) = self.inspection(&steps) {
                self.message = message;
                steps.phase = Phase::Inspecting;
                return State::Stepping(steps);
            }
            return self.drop_or_send(steps);
        }
        steps.phase = Phase::Recording;
        self.message = self.dialect.restore(&self.session.settings);
        self.message += &self.dialect.begin(Timeouts::default());
        self.message += &self.lock_transaction();
        self.message += &self.dialect.record(&self.tracker, steps.migration);
        self.message += &self.dialect.journal_applied(&self.tracker, steps.migration);
        self.message += &self.dialect.commit(true);
        State::Stepping(steps)
    }

    /// The question to the catalog, where its answer makes a difference.
    fn inspection(&self, steps: &Stepwise<'a>) -> Option<String> {
        let concurrent = steps.concurrent(self.dialect.syntax())?;
        let needed = match concurrent {
            // An invalid index satisfies `IF NOT EXISTS`, and must not be taken for the one that is wanted.
            Concurrent::Create { if_not_exists, .. } => steps.begun_before || if_not_exists,
            Concurrent::Drop { .. } => steps.in_doubt,
            Concurrent::Reindex { .. } => steps.begun_before,
        };
        self.dialect.inspect(&concurrent).filter(|_| needed)
    }

    fn inspected(&mut self, mut steps: Stepwise<'a>, found: Option<&ResultSet>) -> State<'a> {
        let rows: Vec<_> = found.iter().flat_map(|found| found.rows()).collect();
        let is_valid = |row: &&[Option<String>]| matches!(row.get(1), Some(Some(valid)) if valid == "t");
        let done = steps.in_doubt
            && match steps.concurrent(self.dialect.syntax()) {
                Some(Concurrent::Create { .. }) => rows.iter().any(is_valid),
                Some(Concurrent::Drop { .. }) => rows.is_empty(),
                _ => false,
            };
        if done {
            return self.executed(steps);
        }
        if !matches!(steps.concurrent(self.dialect.syntax()), Some(Concurrent::Drop { .. })) {
            let invalid = rows.iter().filter(|row| !is_valid(row));
            steps.leftovers = invalid.filter_map(|row| row.first().cloned().flatten()).collect();
        }
        self.drop_or_send(steps)
    }

    /// The next leftover to be dropped, or the statement itself. Alone in its message: several would share
    /// a transaction.
    fn drop_or_send(&mut self, mut steps: Stepwise<'a>) -> State<'a> {
        if let Some(index) = steps.leftovers.pop() {
            self.message = format!("DROP INDEX CONCURRENTLY IF EXISTS {index};\n");
            steps.phase = Phase::Dropping;
        } else {
            self.message = steps.text(steps.at).to_owned();
            steps.phase = Phase::Executing;
        }
        State::Stepping(steps)
    }

    fn executed(&mut self, mut steps: Stepwise<'a>) -> State<'a> {
        self.message = self.note(&steps, "statement");
        steps.phase = Phase::Noting;
        State::Stepping(steps)
    }

    pub(super) fn not_stepped(&mut self, steps: Stepwise<'a>, error: DbError) -> State<'a> {
        let syntax = self.dialect.syntax();
        let class = self.dialect.classify(&error, &self.tracker);
        match steps.phase {
            Phase::Executing => {
                let within = offset(&error, &self.message, self.dialect).unwrap_or_default();
                let at = steps.statements.get(steps.at).map(|span| span.start + within);
                let failure = Failure::new(steps.migration, error, at, syntax);
                self.fail(ErrorKind::Migration(failure))
            }
            Phase::Recording => {
                let failure = Failure::new(steps.migration, error, None, syntax);
                self.roll_back(Rollback::End(ErrorKind::Migration(failure)))
            }
            Phase::Dropping => {
                let at = steps.statements.get(steps.at).map(|span| span.start);
                let failure = Failure::new(steps.migration, error, at, syntax);
                self.fail(ErrorKind::Migration(failure))
            }
            // Another runner began it at the same moment.
            _ if class == Class::Fence => self.wait(After::Look, None),
            _ => self.broke_off("journaling a migration without a transaction", error),
        }
    }

    fn entry<'s>(&self, steps: &'s Stepwise<'a>, event: &'static str) -> Entry<'s> {
        Entry {
            version: steps.migration.version(),
            name: steps.migration.name(),
            event,
            attempt: self.attempt,
            statement: None,
            statements: Some(steps.statements.len()),
            detail: None,
        }
    }

    /// The journal's row for the start, or for the statement at hand.
    fn note(&self, steps: &Stepwise<'a>, event: &'static str) -> String {
        let mut entry = self.entry(steps, event);
        if event == "statement" {
            entry.statement = Some(steps.at + 1);
            entry.detail = Some(steps.checksum(steps.at));
        }
        self.dialect.journal(&self.tracker, &entry)
    }
}
