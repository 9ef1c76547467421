//! Migrations outside of a transaction: statement by statement, each journaled once it is done, so that
//! a run that was cut off knows where it stopped.

use std::ops::Range;

use gapless_core::{Checksum, Migration, split};

use super::batch::offset;
use super::reply::{DbError, ResultSet};
use super::run::{Rollback, Run, State};
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
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Reading what the journal has on this version.
    Asking,
    /// Journaling that it begins.
    Starting,
    Executing,
    /// Journaling that a statement is done.
    Noting,
    /// Recording the version in the set.
    Recording,
}

/// What the journal says of earlier tries.
#[derive(Debug, Default, PartialEq, Eq)]
struct Progress {
    attempt: u32,
    /// How many statements are known to be done.
    done: usize,
    /// Whether the last try ended without a word.
    in_doubt: bool,
    checksums: Vec<Option<String>>,
}

impl Progress {
    fn read(rows: &ResultSet) -> Progress {
        let mut progress = Progress::default();
        for row in rows.rows() {
            let text = |column: usize| row.get(column).and_then(Option::as_deref);
            let number = |column: usize| text(column).and_then(|text| text.parse::<usize>().ok());
            match text(0) {
                Some("started") => {
                    progress.attempt = number(1).and_then(|n| u32::try_from(n).ok()).unwrap_or_default();
                    progress.in_doubt = true;
                }
                Some("statement") => {
                    progress.done = number(2).unwrap_or_default();
                    progress.checksums.resize(progress.done, None);
                    if let Some(last) = progress.checksums.last_mut() {
                        *last = text(3).map(str::to_owned);
                    }
                }
                Some("failed") => progress.in_doubt = false,
                Some("resolved") => {
                    progress.in_doubt = false;
                    progress.done = number(2).unwrap_or_default();
                    progress.checksums.resize(progress.done, None);
                }
                _ => {}
            }
        }
        progress
    }
}

impl<'a> Stepwise<'a> {
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
        State::Stepping(Stepwise { migration, statements, at: 0, phase: Phase::Asking })
    }

    pub(super) fn stepped(&mut self, mut steps: Stepwise<'a>, results: &[ResultSet]) -> State<'a> {
        match steps.phase {
            Phase::Asking => {
                let progress = results.first().map(Progress::read).unwrap_or_default();
                self.start(steps, &progress)
            }
            Phase::Starting => self.execute(steps),
            Phase::Executing => {
                self.message = self.note(&steps, "statement");
                steps.phase = Phase::Noting;
                State::Stepping(steps)
            }
            Phase::Noting => {
                steps.at += 1;
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
        let rerunnable = steps.migration.directives().rerunnable();
        steps.at = match resolution.map(|(_, resolution)| resolution) {
            Some(Resolution::MarkApplied) => total,
            Some(Resolution::RetryFrom(statement)) => statement.saturating_sub(1).min(total),
            Some(Resolution::Retry) => progress.done,
            None if progress.in_doubt && progress.done < total && !rerunnable => {
                let why = "its session ended without a word: the statement may or may not have taken effect";
                return self.interrupted(&steps, progress.done, why);
            }
            None => progress.done,
        };
        let edited = progress.checksums.iter().take(steps.at).enumerate().find(|(index, checksum)| {
            checksum.as_ref().is_some_and(|checksum| *checksum != steps.checksum(*index))
        });
        if let (Some((index, _)), None) = (edited, resolution) {
            let why = format!("statement {} was done, and has been edited since", index + 1);
            return self.interrupted(&steps, progress.done, &why);
        }
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
            // Alone in its message: several would share a transaction.
            steps.phase = Phase::Executing;
            self.message = steps.text(steps.at).to_owned();
            return State::Stepping(steps);
        }
        steps.phase = Phase::Recording;
        self.message = self.dialect.restore(&self.session.settings);
        self.message += &self.dialect.begin(Timeouts::default());
        self.message += &self.dialect.record(&self.tracker, steps.migration);
        self.message += &self.dialect.journal_applied(&self.tracker, steps.migration);
        self.message += &self.dialect.commit(true);
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
            _ if class == Class::Fence => self.look(),
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
