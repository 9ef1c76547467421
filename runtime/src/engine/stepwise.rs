//! Migrations outside of a transaction: statement by statement, each journaled once it is done, so that
//! a run that was cut off knows where it stopped.

use std::time::Duration;

use gapless_core::{Checksum, Concurrent, Migration, Statement, split};

use super::batch::offset;
use super::ending::shown;
use super::reply::{DbError, ResultSet};
use super::resume::Progress;
use super::run::{After, Rollback, Run, State};
use crate::Failure;
use crate::dialect::{Class, Entry, Timeouts};
use crate::error::ErrorKind;
use crate::event::Event;

#[derive(Debug)]
pub(super) struct Stepwise<'a> {
    pub(super) migration: &'a Migration,
    pub(super) statements: Vec<Statement<'a>>,
    /// The statement at hand, counted from zero.
    pub(super) at: usize,
    pub(super) phase: Phase,
    /// Whether the statement at hand was begun in an earlier try.
    pub(super) begun_before: bool,
    /// Whether nobody knows what became of it then.
    pub(super) in_doubt: bool,
    /// Indexes that it left behind, to be dropped before it runs again.
    pub(super) leftovers: Vec<String>,
    /// Statements before it whose effect on the session ended with the session that ran them, last first.
    pub(super) replay: Vec<usize>,
    /// How often the statement at hand was begun again.
    pub(super) tries: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Reading what the journal has on this version.
    Asking,
    /// Journaling that it begins.
    Starting,
    /// Asking the catalog what an earlier try of the statement left.
    Inspecting,
    Dropping,
    /// Repeating a `SET` of a try before.
    Replaying,
    Executing,
    /// Journaling that a statement is done.
    Noting,
    /// Recording the version in the set.
    Recording,
}

impl<'a> Stepwise<'a> {
    /// The statement at hand; `None` once all are done.
    pub(super) fn statement(&self) -> Option<&Statement<'a>> {
        self.statements.get(self.at)
    }

    pub(super) fn concurrent(&self) -> Option<Concurrent<'a>> {
        self.statement()?.concurrent()
    }

    /// Where it is, in few words.
    pub(super) fn shown(&self) -> String {
        let (migration, total) = (shown(self.migration), self.statements.len());
        match self.phase {
            Phase::Executing => format!("statement {} of {total} of migration {migration}", self.at + 1),
            _ => format!("migration {migration}"),
        }
    }

    pub(super) fn text(&self, index: usize) -> &'a str {
        self.statements.get(index).map_or("", Statement::text)
    }

    /// Where the statement begins that was sent last, or that was about to be.
    fn sent(&self) -> Option<usize> {
        let index = if self.phase == Phase::Replaying { self.replay.len() } else { self.at };
        self.statements.get(index).map(|statement| statement.span().start)
    }

    pub(super) fn checksum(&self, index: usize) -> String {
        Checksum::of(self.text(index)).to_string()
    }
}

impl<'a> Run<'a> {
    pub(super) fn begin_stepwise(&mut self, migration: &'a Migration) -> State<'a> {
        let statements = match split(migration.sql(), self.dialect.syntax()) {
            Ok(statements) => statements,
            Err(_) => {
                let problems = migration.problems(self.dialect.syntax());
                return self.end(Err(ErrorKind::Refused(problems)));
            }
        };
        self.message = self.dialect.progress(
            &self.tracker,
            migration.version(),
            &self.names_before(migration.version()),
        );
        State::Stepping(Stepwise {
            migration,
            statements,
            at: 0,
            phase: Phase::Asking,
            begun_before: false,
            in_doubt: false,
            leftovers: Vec::new(),
            replay: Vec::new(),
            tries: 0,
        })
    }

    pub(super) fn stepped(&mut self, mut steps: Stepwise<'a>, results: &[ResultSet]) -> State<'a> {
        match steps.phase {
            Phase::Asking => {
                let progress = results.first().map(Progress::read).unwrap_or_default();
                self.start(steps, &progress)
            }
            Phase::Starting | Phase::Replaying => self.execute(steps),
            Phase::Inspecting => self.inspected(steps, results.first()),
            Phase::Dropping => self.drop_or_send(steps),
            Phase::Executing => self.executed(steps),
            Phase::Noting => {
                steps.at += 1;
                (steps.begun_before, steps.in_doubt, steps.tries) = (false, false, 0);
                self.execute(steps)
            }
            Phase::Recording => {
                self.session.dirty = false;
                self.mark(steps.migration, None);
                self.attempt = 1;
                self.next()
            }
        }
    }

    pub(super) fn execute(&mut self, mut steps: Stepwise<'a>) -> State<'a> {
        if let Some(index) = steps.replay.pop() {
            self.message = steps.text(index).to_owned();
            steps.phase = Phase::Replaying;
            return State::Stepping(steps);
        }
        if steps.at < steps.statements.len() {
            if let Some(message) = self.inspection(&steps) {
                self.message = message;
                steps.phase = Phase::Inspecting;
                return State::Stepping(steps);
            }
            return self.drop_or_send(steps);
        }
        steps.phase = Phase::Recording;
        self.message = self.restore();
        self.message += &self.dialect.begin(Timeouts::default());
        self.message += &self.lock_transaction();
        self.message += &self.record(steps.migration, None);
        self.message += &self.dialect.journal_applied(&self.tracker, steps.migration, &self.token);
        self.message += &self.dialect.commit(true);
        State::Stepping(steps)
    }

    pub(super) fn executed(&mut self, mut steps: Stepwise<'a>) -> State<'a> {
        self.message = self.note(&steps, "statement");
        steps.phase = Phase::Noting;
        State::Stepping(steps)
    }

    pub(super) fn not_stepped(&mut self, mut steps: Stepwise<'a>, error: DbError) -> State<'a> {
        let class = self.dialect.classify(&error, &self.tracker);
        let half_done = steps.phase == Phase::Executing
            && !steps.migration.directives().rerunnable()
            && steps.statement().is_some_and(Statement::may_commit);
        let again = class == Class::Busy || (class == Class::Retry && steps.tries < self.options.retries);
        let again = again && !half_done;
        match steps.phase {
            // Another runner began it, or recorded it, at the same moment.
            Phase::Starting if class == Class::Fence => self.wait(After::Look, None),
            Phase::Recording if class == Class::Fence && self.is_overtaken(self.history.rows().len()) => {
                let again = if self.overtaken.is_new() { Rollback::Look } else { Rollback::Retry };
                self.roll_back(again)
            }
            Phase::Recording if again => self.roll_back(Rollback::Again(steps)),
            _ if again => {
                steps.begun_before |= steps.phase == Phase::Executing;
                self.again(steps, &error.message)
            }
            Phase::Executing | Phase::Dropping | Phase::Replaying => {
                let within =
                    offset(&error, &self.message, self.dialect).filter(|_| steps.phase != Phase::Dropping);
                let at = steps.sent().map(|start| start + within.unwrap_or_default());
                let failure = Failure::new(steps.migration, error, at, self.dialect.syntax());
                self.fail(ErrorKind::Migration(if half_done { failure.half_done() } else { failure }))
            }
            Phase::Recording => {
                let failure = Failure::new(steps.migration, error, None, self.dialect.syntax());
                self.roll_back(Rollback::Fail(ErrorKind::Migration(failure)))
            }
            Phase::Asking | Phase::Starting | Phase::Inspecting | Phase::Noting => {
                self.broke_off("journaling a migration without a transaction", error)
            }
        }
    }

    /// Pauses before the same message is sent again, or the same statement.
    pub(super) fn again(&mut self, mut steps: Stepwise<'a>, reason: &str) -> State<'a> {
        steps.tries += 1;
        self.report.retries += 1;
        self.lock_waited += self.spent;
        let waited = self.lock_waited;
        if waited >= self.options.lock_wait {
            let busy = Some(format!("{}: {reason}", steps.shown()));
            return self.end(Err(ErrorKind::LockWait { waited, holder: None, busy }));
        }
        let version = steps.migration.version();
        self.emit(&Event::Retrying { version, attempt: steps.tries, reason });
        State::Pausing(self.backoff.retry(), steps)
    }

    pub(super) fn resume(&mut self, pause: Duration, steps: Stepwise<'a>) -> State<'a> {
        self.slept(pause);
        match steps.phase {
            Phase::Executing | Phase::Recording => self.execute(steps),
            _ => State::Stepping(steps),
        }
    }

    pub(super) fn entry<'s>(&self, steps: &'s Stepwise<'a>, event: &'static str) -> Entry<'s> {
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
    pub(super) fn note(&self, steps: &Stepwise<'a>, event: &'static str) -> String {
        let mut entry = self.entry(steps, event);
        if event == "statement" {
            entry.statement = Some(steps.at + 1);
            entry.detail = Some(steps.checksum(steps.at));
        }
        self.dialect.journal(&self.tracker, &entry)
    }
}
