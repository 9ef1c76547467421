//! The steps of a migration that runs outside of a transaction: its statements, or its code.

use gapless_core::{Checksum, Concurrent, Definition, Statement, split};

use super::Stop;
use super::batch::shown;
use super::item::{Execution, Item};
use super::protocol::Protocol;
use crate::dialect::{Abilities, BEGUN, Entry, Timeouts};
use crate::report::error::ErrorKind;

#[derive(Debug)]
pub(super) struct Steps<'a> {
    pub(super) item: Item<'a>,
    abilities: Abilities,
    pub(super) statements: Vec<Statement<'a>>,
    /// The current step, counted from zero: a statement, or the code.
    pub(super) at: usize,
    /// The journal says that the run is about to send the current step by itself.
    pub(super) announced: bool,
    /// The database has refused to run it in a transaction.
    pub(super) apart: bool,
    /// An earlier try has begun the current step.
    pub(super) begun_before: bool,
    /// The outcome of that earlier try is unknown.
    pub(super) in_doubt: bool,
    /// The current step may have taken effect although the database says that it was canceled.
    pub(super) unclear: bool,
    /// Earlier statements whose effect ended with the session that ran them, last first.
    pub(super) replay: Vec<usize>,
    /// The number of times that the current step began again.
    pub(super) tries: u32,
    /// The step that the listener was told of last.
    pub(super) told: Option<usize>,
}

/// The manner of sending a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// In one transaction with its row of the journal, and so never in doubt.
    Together,
    /// In one message with its row: it changes the session, and may be repeated.
    Session,
    /// By itself, since no transaction takes it.
    Alone,
    /// In one transaction with the row of its beginning and that of its end. It may commit by itself: the first row says
    /// so then, as it is there without the other.
    Claimed,
    Code,
}

impl<'a> Steps<'a> {
    pub(super) fn total(&self) -> usize {
        if self.item.directives().rust() { 1 } else { self.statements.len() }
    }

    /// Returns the current statement; `None` for code, and once all are done.
    pub(super) fn statement(&self) -> Option<&Statement<'a>> {
        self.statements.get(self.at)
    }

    /// Returns the statements up to this one; none for code.
    pub(super) fn begun_with(&self, index: usize) -> &[Statement<'a>] {
        self.statements.get(..=index).unwrap_or_default()
    }

    /// Returns what the current statement defines, if the catalog shows it.
    pub(super) fn definition(&self) -> Option<Definition<'a>> {
        let (statement, before) = self.begun_with(self.at).split_last()?;
        statement.definition(before)
    }

    pub(super) fn concurrent(&self) -> Option<Concurrent<'a>> {
        self.statement()?.concurrent()
    }

    pub(super) fn text(&self, index: usize) -> &'a str {
        self.statements.get(index).map_or("", Statement::text)
    }

    pub(super) fn checksum(&self, index: usize) -> String {
        if index == 0 && self.item.directives().rust() {
            return self.item.migration.checksum().to_string();
        }
        Checksum::of(self.text(index)).to_string()
    }

    pub(super) fn manner(&self, index: usize) -> Manner {
        match self.statements.get(index) {
            None => Manner::Code,
            Some(statement) if statement.sets_session() => Manner::Session,
            Some(_) if self.apart && index == self.at => Manner::Alone,
            Some(statement) if self.is_atomic(statement) => Manner::Together,
            Some(statement) if !self.abilities.transactional_ddl && !statement.commits_first() => {
                Manner::Claimed
            }
            Some(_) => Manner::Alone,
        }
    }

    /// Returns `true` for a statement that commits with its row of the journal or not at all.
    fn is_atomic(&self, statement: &Statement<'_>) -> bool {
        statement.is_transactional() && (self.abilities.transactional_ddl || statement.is_dml())
    }

    /// Returns `true` if the journal must know of it before the run sends it.
    pub(super) fn is_announced(&self, index: usize) -> bool {
        let repeatable = || self.statements.get(index).is_some_and(Statement::is_repeatable);
        index < self.total()
            && match self.manner(index) {
                Manner::Code => true,
                Manner::Alone => self.apart || !repeatable(),
                Manner::Together | Manner::Claimed | Manner::Session => false,
            }
    }

    /// Returns `true` if the session's settings count: those of a transaction end with it.
    pub(super) fn keeps_session(&self) -> bool {
        (0..self.total()).any(|index| self.manner(index) != Manner::Together)
    }

    pub(super) fn is_rerunnable(&self) -> bool {
        self.item.directives().rerunnable()
    }

    /// Returns `true` if the current step may have committed a part of its work before it failed.
    pub(super) fn may_be_half_done(&self) -> bool {
        let may_commit = match self.manner(self.at) {
            Manner::Code | Manner::Claimed => true,
            _ => self.statement().is_some_and(Statement::may_commit),
        };
        (may_commit || self.unclear) && !self.is_rerunnable()
    }

    /// Returns `true` if the file runs in a transaction now, although a run has begun it outside of one.
    pub(super) fn is_turned(&self) -> bool {
        self.item.execution != Execution::Stepwise
    }

    /// Goes on with the next step. The journal knows of it already if it goes by itself.
    pub(super) fn advance(&mut self) {
        self.at += 1;
        self.apart = false;
        self.announced = self.is_announced(self.at);
        (self.begun_before, self.in_doubt, self.unclear, self.tries) = (false, false, false, 0);
    }

    /// Names the run's work in few words: the current step, or the migration as a whole.
    pub(super) fn doing(&self, executing: bool) -> String {
        let verb = if self.item.is_down() { "rolling back" } else { "applying" };
        let migration = shown(self.item.migration);
        if executing {
            return format!("{verb} statement {} of {} of migration {migration}", self.at + 1, self.total());
        }
        format!("{verb} migration {migration}")
    }
}

impl<'a> Protocol<'a> {
    pub(super) fn steps(&self, item: Item<'a>) -> Result<Steps<'a>, Stop> {
        let syntax = self.dialect.syntax();
        let statements =
            split(item.sql(), syntax).map_err(|_| Stop::failed(ErrorKind::Refused(item.problems(syntax))))?;
        Ok(Steps {
            item,
            abilities: self.abilities,
            statements,
            at: 0,
            announced: false,
            apart: false,
            begun_before: false,
            in_doubt: false,
            unclear: false,
            replay: Vec::new(),
            tries: 0,
            told: None,
        })
    }

    pub(super) fn step_timeouts(&self, steps: &Steps<'a>) -> Timeouts {
        self.timeouts(steps.item.directives())
    }

    pub(super) fn entry<'s>(&self, steps: &'s Steps<'a>, event: &'static str) -> Entry<'s> {
        Entry {
            version: steps.item.migration.version(),
            name: steps.item.migration.name(),
            event,
            attempt: self.patience.attempt,
            statement: None,
            statements: Some(steps.total()),
            detail: None,
        }
    }

    /// Writes the journal's rows for the current step, and for the next if that goes by itself.
    pub(super) fn journal_done(&self, steps: &Steps<'a>) -> String {
        let mut entry = self.entry(steps, "statement");
        entry.statement = Some(steps.at + 1);
        entry.detail = Some(steps.checksum(steps.at));
        let names = self.names(steps.item.migration);
        self.dialect.journal_step(&self.tracker, &entry, &names) + &self.announce(steps, steps.at + 1)
    }

    /// Writes the journal's row for a step that goes by itself.
    pub(super) fn announce(&self, steps: &Steps<'a>, index: usize) -> String {
        if steps.is_announced(index) { self.begun(steps, index) } else { String::new() }
    }

    /// Writes the journal's row for the beginning of a step.
    pub(super) fn begun(&self, steps: &Steps<'a>, index: usize) -> String {
        let mut entry = self.entry(steps, BEGUN);
        entry.statement = Some(index + 1);
        entry.detail = Some(steps.checksum(index));
        self.dialect.journal_begun(&self.tracker, &entry, steps.begun_with(index))
    }

    /// Wraps these statements in a transaction, on the backend that has the lock.
    pub(super) fn in_transaction(&self, statements: &str) -> String {
        self.same_backend()
            + &self.dialect.begin(Timeouts::default())
            + statements
            + &self.dialect.commit(true)
    }
}
