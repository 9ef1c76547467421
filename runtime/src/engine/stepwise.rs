//! Migrations outside of a transaction: statement by statement, each journaled with what it does, or before and behind
//! it, so that a run that was cut off knows where it stopped.

use std::ops::Range;
use std::time::Duration;

use gapless_core::{Checksum, Concurrent, Migration, Statement, split};

use super::ending::shown;
use super::progress::Progress;
use super::reply::ResultSet;
use super::run::{Run, State};
use super::way::Way;
use crate::dialect::steps::BEGUN;
use crate::dialect::{Entry, Timeouts};
use crate::error::ErrorKind;

#[derive(Debug)]
pub(super) struct Stepwise<'a> {
    pub(super) migration: &'a Migration,
    pub(super) way: Way<'a>,
    pub(super) statements: Vec<Statement<'a>>,
    /// The step at hand, counted from zero: a statement, or the code.
    pub(super) at: usize,
    pub(super) phase: Phase,
    /// Where the statement lies in the message.
    pub(super) script: Range<usize>,
    /// Whether the journal says that the step at hand is about to be sent by itself.
    pub(super) announced: bool,
    /// Whether the database has refused to run it in a transaction.
    pub(super) apart: bool,
    /// Whether the step at hand was begun in an earlier try.
    pub(super) begun_before: bool,
    /// Whether nobody knows what became of it then.
    pub(super) in_doubt: bool,
    /// Indexes that it left behind, to be dropped before it runs again.
    pub(super) leftovers: Vec<String>,
    /// Statements before it whose effect on the session ended with the session that ran them, last first.
    pub(super) replay: Vec<usize>,
    /// How often the step at hand was begun again.
    pub(super) tries: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Reading what the journal has on this version.
    Asking,
    /// Journaling that nothing is left of the tries before.
    Closing,
    /// Journaling that it begins.
    Starting,
    /// Journaling that a step is about to be sent by itself.
    Announcing,
    /// Asking the catalog what an earlier try of the statement left.
    Inspecting,
    Dropping,
    /// Repeating a `SET` of a try before.
    Replaying,
    Executing,
    /// Journaling that a step is done.
    Noting,
    /// Recording the version in the set, or taking it out.
    Recording,
}

/// How a step is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// In one transaction with its row of the journal: it is never in doubt.
    Together,
    /// In one message with its row: it changes the session, and may be repeated.
    Session,
    /// By itself, since no transaction takes it.
    Alone,
    Code,
}

impl<'a> Stepwise<'a> {
    pub(super) fn total(&self) -> usize {
        if self.way.directives(self.migration).rust() { 1 } else { self.statements.len() }
    }

    /// The statement at hand; `None` once all are done, and of code.
    pub(super) fn statement(&self) -> Option<&Statement<'a>> {
        self.statements.get(self.at)
    }

    pub(super) fn concurrent(&self) -> Option<Concurrent<'a>> {
        self.statement()?.concurrent()
    }

    /// Where it is, in few words.
    pub(super) fn shown(&self) -> String {
        let (migration, total) = (shown(self.migration), self.total());
        match self.phase {
            Phase::Executing => format!("statement {} of {total} of migration {migration}", self.at + 1),
            _ => format!("migration {migration}"),
        }
    }

    pub(super) fn text(&self, index: usize) -> &'a str {
        self.statements.get(index).map_or("", Statement::text)
    }

    pub(super) fn checksum(&self, index: usize) -> String {
        if index == 0 && self.way.directives(self.migration).rust() {
            return self.migration.checksum().to_string();
        }
        Checksum::of(self.text(index)).to_string()
    }

    pub(super) fn manner(&self, index: usize) -> Manner {
        match self.statements.get(index) {
            None => Manner::Code,
            Some(statement) if statement.sets_session() => Manner::Session,
            Some(_) if self.apart && index == self.at => Manner::Alone,
            Some(statement) if statement.is_transactional() => Manner::Together,
            Some(_) => Manner::Alone,
        }
    }

    /// Whether the journal must know of it before it is sent.
    pub(super) fn is_announced(&self, index: usize) -> bool {
        let repeatable = || self.statements.get(index).is_some_and(Statement::is_repeatable);
        index < self.total()
            && match self.manner(index) {
                Manner::Code => true,
                Manner::Alone => self.apart || !repeatable(),
                Manner::Together | Manner::Session => false,
            }
    }

    /// Whether the session's settings count: those of a transaction end with it.
    pub(super) fn keeps_session(&self) -> bool {
        (0..self.total()).any(|index| self.manner(index) != Manner::Together)
    }

    pub(super) fn is_rerunnable(&self) -> bool {
        self.way.directives(self.migration).rerunnable()
    }

    /// Whether what was sent last is a transaction that an error leaves open.
    pub(super) fn in_block(&self) -> bool {
        match self.phase {
            Phase::Closing | Phase::Starting | Phase::Announcing | Phase::Noting | Phase::Recording => true,
            Phase::Executing => matches!(self.manner(self.at), Manner::Together | Manner::Code),
            Phase::Asking | Phase::Inspecting | Phase::Dropping | Phase::Replaying => false,
        }
    }
}

impl<'a> Run<'a> {
    pub(super) fn begin_steps(&mut self, migration: &'a Migration, way: Way<'a>) -> State<'a> {
        let statements = match split(way.sql(migration), self.dialect.syntax()) {
            Ok(statements) => statements,
            Err(_) => {
                let problems = match way {
                    Way::Up => migration.problems(self.dialect.syntax()),
                    Way::Down(_) => migration.down_problems(self.dialect.syntax()),
                };
                return self.end(Err(ErrorKind::Refused(problems)));
            }
        };
        let before = self.names_before(migration.version());
        self.message = self.dialect.progress(&self.tracker, migration.version(), migration.name(), &before);
        State::Stepping(Stepwise {
            migration,
            way,
            statements,
            at: 0,
            phase: Phase::Asking,
            script: 0..0,
            announced: false,
            apart: false,
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
                self.start(steps, progress)
            }
            Phase::Closing => self.closed(&steps),
            Phase::Announcing => {
                steps.announced = true;
                self.execute(steps)
            }
            Phase::Starting | Phase::Replaying => self.execute(steps),
            Phase::Inspecting => self.inspected(steps, results.first()),
            Phase::Dropping => self.drop_or_send(steps),
            Phase::Executing => self.executed(steps),
            Phase::Noting => self.advance(steps),
            Phase::Recording => self.recorded_steps(&steps),
        }
    }

    pub(super) fn execute(&mut self, mut steps: Stepwise<'a>) -> State<'a> {
        if let Some(index) = steps.replay.pop() {
            self.message = self.same_backend();
            steps.script = self.write(steps.text(index));
            steps.phase = Phase::Replaying;
            return State::Stepping(steps);
        }
        if steps.at >= steps.total() {
            steps.phase = Phase::Recording;
            self.message = self.record_steps(&steps);
            return State::Stepping(steps);
        }
        if !steps.announced && steps.is_announced(steps.at) {
            steps.phase = Phase::Announcing;
            self.message = self.same_backend() + &self.dialect.begin(Timeouts::default());
            self.message += &self.announce(&steps, steps.at);
            self.message += &self.dialect.commit(true);
            if steps.apart {
                self.session.dirty = true;
                self.message += &self.dialect.set_timeouts(self.step_timeouts(&steps));
            }
            return State::Stepping(steps);
        }
        if let Some(message) = self.inspection(&steps) {
            self.message = message;
            steps.phase = Phase::Inspecting;
            return State::Stepping(steps);
        }
        self.drop_or_send(steps)
    }

    /// The step itself.
    pub(super) fn send(&mut self, mut steps: Stepwise<'a>) -> State<'a> {
        steps.phase = Phase::Executing;
        let text = steps.text(steps.at);
        match steps.manner(steps.at) {
            Manner::Code => return self.call_step(steps),
            // Several statements in a message would share a transaction.
            Manner::Alone => {
                self.message = text.to_owned();
                steps.script = 0..text.len();
            }
            Manner::Session => {
                self.message = self.same_backend();
                steps.script = self.write(text);
                self.message += &self.done(&steps);
            }
            Manner::Together => {
                // Those of the session count already, unless every statement has its own.
                let own =
                    if steps.keeps_session() { Timeouts::default() } else { self.step_timeouts(&steps) };
                self.message = self.same_backend() + &self.dialect.begin(own);
                steps.script = self.write(text);
                self.message += &self.done(&steps);
                self.message += &self.dialect.commit(true);
            }
        }
        State::Stepping(steps)
    }

    /// Appends a statement to the message.
    fn write(&mut self, text: &str) -> Range<usize> {
        let start = self.message.len();
        self.message += text;
        self.message += ";\n";
        start..start + text.len()
    }

    pub(super) fn executed(&mut self, steps: Stepwise<'a>) -> State<'a> {
        match steps.manner(steps.at) {
            Manner::Together | Manner::Session => self.advance(steps),
            Manner::Alone | Manner::Code => self.note(steps),
        }
    }

    /// Journals that the step at hand is done.
    pub(super) fn note(&mut self, mut steps: Stepwise<'a>) -> State<'a> {
        self.message = self.same_backend() + &self.dialect.begin(Timeouts::default());
        self.message += &self.done(&steps);
        self.message += &self.dialect.commit(true);
        steps.phase = Phase::Noting;
        State::Stepping(steps)
    }

    fn advance(&mut self, mut steps: Stepwise<'a>) -> State<'a> {
        steps.at += 1;
        steps.apart = false;
        steps.announced = steps.is_announced(steps.at);
        (steps.begun_before, steps.in_doubt, steps.tries) = (false, false, 0);
        self.execute(steps)
    }

    pub(super) fn resume(&mut self, pause: Duration, steps: Stepwise<'a>) -> State<'a> {
        self.slept(pause);
        match steps.phase {
            Phase::Executing | Phase::Announcing | Phase::Recording => self.execute(steps),
            Phase::Noting => self.note(steps),
            Phase::Starting | Phase::Closing => self.begin_steps(steps.migration, steps.way),
            Phase::Asking | Phase::Inspecting | Phase::Dropping | Phase::Replaying => State::Stepping(steps),
        }
    }

    pub(super) fn entry<'s>(&self, steps: &'s Stepwise<'a>, event: &'static str) -> Entry<'s> {
        Entry {
            version: steps.migration.version(),
            name: steps.migration.name(),
            event,
            attempt: self.attempt,
            statement: None,
            statements: Some(steps.total()),
            detail: None,
        }
    }

    /// The journal's rows for the step at hand, and for the one after it if that goes by itself.
    fn done(&self, steps: &Stepwise<'a>) -> String {
        let mut entry = self.entry(steps, "statement");
        entry.statement = Some(steps.at + 1);
        entry.detail = Some(steps.checksum(steps.at));
        self.dialect.journal_step(&self.tracker, &entry) + &self.announce(steps, steps.at + 1)
    }

    /// The journal's row for a step that goes by itself.
    pub(super) fn announce(&self, steps: &Stepwise<'a>, index: usize) -> String {
        if !steps.is_announced(index) {
            return String::new();
        }
        let mut entry = self.entry(steps, BEGUN);
        entry.statement = Some(index + 1);
        entry.detail = Some(steps.checksum(index));
        let concurrent = steps.statements.get(index).and_then(Statement::concurrent);
        self.dialect.journal_begun(&self.tracker, &entry, concurrent.as_ref())
    }
}
