//! How a run ends: whatever happened, the lock is given back and the failure is written down.

use std::error::Error as StdError;

use super::reply::{DbError, ResultSet};
use super::run::{Rollback, Run, State};
use crate::dialect::Entry;
use crate::error::ErrorKind;

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

    pub(super) fn wind_up(&mut self) -> State<'a> {
        if std::mem::take(&mut self.session.dirty) {
            self.message = self.restore();
            if !self.message.is_empty() {
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
        if failure.is_code() {
            self.message += &self.dialect.is_recorded(&self.tracker, failure.version());
        }
        State::Journaling(kind)
    }

    pub(super) fn journaled(&mut self, kind: ErrorKind, results: &[ResultSet]) -> State<'a> {
        let kept = results.last().is_some_and(|result| result.is_true(0));
        self.end(Err(match kind {
            ErrorKind::Migration(failure) if failure.is_code() && kept => {
                ErrorKind::Migration(failure.left_behind())
            }
            kind => kind,
        }))
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
        if !result.is_some_and(|result| result.is_true(0)) {
            let warning = "the advisory lock was not this session's when it was given back: \
                           a transaction pooler may be in between, for which \
                           there is `.locking(Locking::Transaction)`";
            self.warn(warning.to_owned());
        }
    }

    pub(super) fn lost(&mut self, state: &State<'a>, source: Box<dyn StdError + Send + Sync>) -> State<'a> {
        let said = match state {
            State::RollingBack(Rollback::Review(refusal)) | State::Reviewing(refusal) => {
                Some(refusal.error.clone())
            }
            _ => None,
        };
        let doing = doing(state);
        // What the run had to report counts for more than that the connection broke afterwards.
        self.result = match (state, std::mem::replace(&mut self.result, Ok(()))) {
            (State::Restoring | State::Unlocking, result) => result,
            _ => Err(ErrorKind::Connection { doing, said, source }),
        };
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

fn doing(state: &State<'_>) -> &'static str {
    match state {
        State::Observing | State::Reviewing(_) => "reading the applied migrations",
        State::Locking(_) | State::Waiting(..) => "asking for the lock",
        State::Consulting(..) => "looking at what is there",
        State::Amending(_) => "putting the tracker right",
        State::Calling(_) => "applying a migration in Rust",
        State::Undoing(_) | State::Resting(..) => "taking migrations back",
        State::Bootstrapping => "creating the tracker",
        State::Applying(_) | State::Stepping(_) | State::Pausing(..) => "applying migrations",
        State::Rehearsing(_) => "trying the migrations",
        State::RollingBack(_) => "rolling back",
        State::Journaling(_) => "journaling a failure",
        State::Restoring => "putting the session's settings back",
        State::Unlocking | State::Finished => "giving the lock back",
    }
}
