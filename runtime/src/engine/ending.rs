//! How a run ends: whatever happened, the lock is given back and the failure is written down.

use std::error::Error as StdError;

use gapless_core::Migration;

use super::reply::{DbError, ResultSet};
use super::run::{Rollback, Run, State};
use super::way::Way;
use crate::Report;
use crate::dialect::{Class, Entry};
use crate::error::{ErrorKind, Lost};
use crate::options::Options;

/// How often a lock is looked for that a pooler has left with another backend.
const UNLOCK_TRIES: u32 = 50;

impl<'a> Run<'a> {
    /// Ends with this result, after putting the settings back and giving the lock back.
    pub(super) fn end(&mut self, result: Result<(), ErrorKind>) -> State<'a> {
        self.result = result;
        self.wind_up()
    }

    /// Puts the settings back, if they can have changed: if not, they were never asked for.
    pub(super) fn restore(&self) -> String {
        let settings = self.session.settings.as_deref();
        settings.map_or(String::new(), |settings| self.dialect.restore(settings))
    }

    /// A session that keeps what a script has set is told of. A pooler has handed it on, and may hand it back.
    pub(super) fn not_restored(&mut self, error: &DbError) -> State<'a> {
        if let Some(kind) = self.handed_on(error) {
            if self.restore_tries < UNLOCK_TRIES {
                self.restore_tries += 1;
                return State::Restoring;
            }
            if self.result.is_ok() {
                self.result = Err(kind);
            }
            return self.wind_up();
        }
        if self.dialect.classify(error, &self.tracker) == Class::Busy
            && let Ok(pause) = self.repeat(State::Restoring, error)
        {
            return pause;
        }
        self.warn(format!("the session's settings were not put back: {}", error.message));
        self.wind_up()
    }

    pub(super) fn wind_up(&mut self) -> State<'a> {
        if std::mem::take(&mut self.undurable) {
            self.message = self.dialect.flush().to_owned();
            if !self.message.is_empty() {
                return State::Flushing;
            }
        }
        if std::mem::take(&mut self.session.dirty) {
            let restore = self.restore();
            if !restore.is_empty() {
                // Another backend's settings are not the run's to put back.
                self.message = self.same_backend() + &restore;
                return State::Restoring;
            }
        }
        let unlock = self.dialect.unlock(&self.tracker, self.session.pid).filter(|_| self.session.locked);
        match unlock {
            None => State::Finished,
            Some(message) => {
                self.message = message;
                State::Unlocking
            }
        }
    }

    /// Ends with a failed migration, after journaling it. The commit of that row is durable, and so
    /// makes everything before it durable.
    pub(super) fn fail(&mut self, kind: ErrorKind) -> State<'a> {
        let kind = told(kind, &self.options, &self.report);
        let ErrorKind::Migration(failure) = &kind else { return self.end(Err(kind)) };
        let entry = Entry {
            version: failure.version(),
            name: failure.name(),
            event: if failure.is_half_done() { "interrupted" } else { "failed" },
            attempt: self.attempt,
            statement: failure.statement(),
            statements: None,
            detail: Some(failure.database_error().message.clone()),
        };
        self.message = self.dialect.journal(&self.tracker, &entry);
        if self.asks {
            self.message += &self.questions(failure).message();
        }
        // Behind the questions, whose answers are counted.
        if let Some(version) = self.staying.take() {
            self.message += &self.dialect.stay(&self.tracker, version);
        }
        State::Journaling(kind)
    }

    pub(super) fn journaled(&mut self, kind: ErrorKind, results: &[ResultSet]) -> State<'a> {
        self.undurable = false;
        self.end(Err(match kind {
            ErrorKind::Migration(failure) if self.asks => {
                ErrorKind::Migration(self.questions(&failure).read(failure, results))
            }
            kind => kind,
        }))
    }

    fn has_asked(&self, kind: &ErrorKind) -> bool {
        let ErrorKind::Migration(failure) = kind else { return false };
        self.asks && !self.questions(failure).message().is_empty()
    }

    pub(super) fn not_journaled(&mut self, kind: ErrorKind, error: &DbError) -> State<'a> {
        let kind = match self.dialect.classify(error, &self.tracker) {
            Class::Busy | Class::Retry | Class::Canceled => match self.repeat(State::Journaling(kind), error)
            {
                Ok(state) => return state,
                Err(state) => match *state {
                    State::Journaling(kind) => kind,
                    state => return state,
                },
            },
            // The row counts for more than what was asked along with it.
            _ if self.has_asked(&kind) => {
                self.asks = false;
                return self.fail(kind);
            }
            _ => kind,
        };
        self.warn(format!("the failure is not in the journal: {}", error.message));
        self.end(Err(kind))
    }

    pub(super) fn unlocked(&mut self, result: Option<&ResultSet>) -> State<'a> {
        let elsewhere = result.is_some_and(|result| result.value(0).is_none());
        if elsewhere && self.unlock_tries < UNLOCK_TRIES {
            // A pooler has handed the session on, and may hand it back.
            self.unlock_tries += 1;
            return State::Unlocking;
        }
        self.session.locked = false;
        self.check_unlock(result);
        State::Finished
    }

    pub(super) fn check_unlock(&mut self, result: Option<&ResultSet>) {
        if result.is_some_and(|result| result.is_true(0)) {
            return;
        }
        // On another backend than the one that took it, nothing is given back.
        let elsewhere = result.is_none_or(|result| result.value(0).is_none());
        let blamed = if elsewhere {
            "a transaction pooler may be in between, for which there is `.locking(Locking::Transaction)`"
                .to_owned()
        } else {
            self.unlocking_script().map_or_else(
                || {
                    "the session has given up its locks (`DISCARD ALL`, `pg_advisory_unlock_all()`)"
                        .to_owned()
                },
                |(path, what)| format!("{what} in {path} has given it up"),
            )
        };
        self.warn(format!("the advisory lock was not this session's when it was given back: {blamed}"));
    }

    /// The file that has given up all locks of its session, among those that this run has applied.
    fn unlocking_script(&self) -> Option<(String, &'static str)> {
        let way = "pg_advisory_unlock_all";
        let gives_up = |applied: &&crate::Applied| {
            self.set.find(applied.version()).is_some_and(|one| one.sql().to_ascii_lowercase().contains(way))
        };
        Some((self.report.applied.iter().find(gives_up)?.path().to_owned(), way))
    }

    /// Whatever was known before the connection broke is what the run ends with: that it broke is told beside it.
    pub(super) fn lost(&mut self, state: State<'a>, source: Box<dyn StdError + Send + Sync>) -> State<'a> {
        let doing = self.doing(&state);
        let known = match (state, std::mem::replace(&mut self.result, Ok(()))) {
            // What the run had to report, good or bad, was settled before.
            (State::Restoring | State::Unlocking, Ok(())) | (State::RollingBack(Rollback::Done), _) => {
                self.warn(format!("the connection was lost while {doing}: {source}"));
                return State::Finished;
            }
            (State::Flushing | State::Restoring | State::Unlocking, Err(kind)) => Ok(kind),
            (State::Journaling(kind) | State::RollingBack(Rollback::Fail(kind) | Rollback::End(kind)), _) => {
                Ok(kind)
            }
            (State::RollingBack(Rollback::Review(refusal)) | State::Reviewing(refusal), _) => {
                self.unreviewed(refusal).map_err(Some)
            }
            (State::Probing(probe), _) => Ok(self.found(probe, None)),
            _ => Err(None),
        };
        self.result = Err(match known.or_else(|said| self.doomed.take().ok_or(said)) {
            Ok(kind) => {
                self.lost = Some(Lost { doing, source });
                kind
            }
            Err(said) => ErrorKind::Connection { doing, said: said.map(|said| *said), source },
        });
        State::Finished
    }

    pub(super) fn misused(&mut self, what: &'static str) -> State<'a> {
        self.result = Err(ErrorKind::Misuse(what));
        State::Finished
    }

    pub(super) fn broke_off(&mut self, doing: &str, error: DbError) -> State<'a> {
        self.end(Err(ErrorKind::Database { doing: doing.to_owned(), error }))
    }
}

impl Run<'_> {
    fn doing(&self, state: &State<'_>) -> String {
        let at_work = match state {
            State::Applying(batch) => batch.shown(),
            _ => self.queue.front().map_or(String::new(), |first| shown(first)),
        };
        let known = match state {
            State::Observing | State::Reviewing(_) => "reading the applied migrations",
            State::Repeating(_, state) => return self.doing(state),
            State::Locking(_) | State::Waiting(..) => "asking for the lock",
            State::Consulting(..) => "looking at what is there",
            State::Amending(_) => "putting the tracker right",
            State::Calling(_) | State::CallingStep(_) => {
                return format!("applying the migration in Rust {at_work}");
            }
            State::Undoing(_) => return format!("rolling back migration {at_work}"),
            State::Unfinished => "reading the journal",
            State::Bootstrapping => "creating the tracker",
            State::Applying(_) => return format!("applying {at_work}"),
            State::Stepping(steps) | State::Pausing(_, steps) => {
                let doing = if matches!(steps.way, Way::Up) { "applying" } else { "rolling back" };
                return format!("{doing} {}", steps.shown());
            }
            State::Probing(_) => "looking for the statement that failed",
            State::Rehearsing(_) => "trying the migrations",
            State::RollingBack(_) => "rolling back",
            State::Journaling(_) => "journaling the failure",
            State::Flushing => "making sure that what was applied outlives a crash",
            State::Restoring => "putting the session's settings back",
            State::Unlocking | State::Finished => "giving the lock back",
        };
        known.to_owned()
    }
}

/// A migration in few words.
pub(super) fn shown(migration: &Migration) -> String {
    format!("{} `{}`", migration.version(), migration.name())
}

/// As the caller wants to be told it.
pub(super) fn told(kind: ErrorKind, options: &Options, report: &Report) -> ErrorKind {
    let kind = match kind {
        ErrorKind::Migration(failure) if report.already == 0 => {
            ErrorKind::Migration(failure.without_history())
        }
        kind => kind,
    };
    if options.hide_values { kind.without_values() } else { kind }
}
