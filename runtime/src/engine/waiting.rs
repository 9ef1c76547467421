//! Waiting for another runner, or for a busy database, up to `lock_wait`.

use std::time::Duration;

use super::reply::DbError;
use super::run::{After, Run, State};
use crate::error::ErrorKind;
use crate::event::{Event, Holder};

/// After so long somebody may want to know who has the lock.
const PATIENCE: Duration = Duration::from_millis(200);

/// Then it is said after twice as long each time, from here on,
const AGAIN: Duration = Duration::from_secs(1);

/// and at least so often.
const RARELY: Duration = Duration::from_secs(10);

impl<'a> Run<'a> {
    /// Pauses for another runner, unless the time for waiting is over.
    pub(super) fn wait(&mut self, after: After, holder: Option<Holder>) -> State<'a> {
        match self.pause(holder, None) {
            Ok(pause) => State::Waiting(pause, after),
            Err(kind) => self.end(Err(*kind)),
        }
    }

    /// Pauses because the database is busy, and then looks again.
    pub(super) fn await_database(&mut self, after: After, error: &DbError) -> State<'a> {
        match self.pause(None, Some(&error.message)) {
            Ok(pause) => State::Waiting(pause, after),
            Err(kind) => self.end(Err(*kind)),
        }
    }

    /// Pauses because the database is busy, and then sends the message of this state again. `Err`: the time for
    /// waiting is over.
    pub(super) fn repeat(&mut self, state: State<'a>, error: &DbError) -> Result<State<'a>, Box<State<'a>>> {
        let state = Box::new(state);
        match self.pause(None, Some(&error.message)) {
            Ok(pause) => Ok(State::Repeating(pause, state)),
            Err(_) => Err(state),
        }
    }

    /// A look that was canceled, by a timeout or by somebody: it is tried as often as anything.
    pub(super) fn look_again(&mut self, error: DbError) -> State<'a> {
        if self.attempt > self.options.retries {
            let doing = format!("reading {}", self.tracker.shown());
            return self.end(Err(ErrorKind::Database { doing, error }));
        }
        self.attempt += 1;
        State::Waiting(self.backoff.retry(), After::Look)
    }

    /// How long to pause; an error if the time for waiting is over.
    fn pause(&mut self, holder: Option<Holder>, busy: Option<&str>) -> Result<Duration, Box<ErrorKind>> {
        self.lock_waited += self.spent;
        let waited = self.lock_waited;
        if waited >= self.options.lock_wait {
            let busy = busy.map(str::to_owned);
            return Err(Box::new(ErrorKind::LockWait { waited, holder, busy }));
        }
        self.report.waits += 1;
        if self.is_news(waited) {
            self.told = waited;
            self.emit(&Event::Waiting { waited, holder: holder.as_ref(), busy });
        }
        let left = self.options.lock_wait - waited;
        Ok(self.backoff.wait().min(left))
    }

    /// Whether to say that it has waited for so long.
    fn is_news(&mut self, waited: Duration) -> bool {
        if waited < self.told {
            // It has got on since.
            self.told = Duration::ZERO;
        }
        if self.told.is_zero() {
            return waited >= self.patience();
        }
        waited >= (self.told * 2).max(AGAIN).min(self.told + RARELY)
    }

    /// Who has the lock is of no interest if it is about to be free, and costs a new backend milliseconds to tell.
    fn patience(&self) -> Duration {
        PATIENCE.min(self.options.lock_wait / 2)
    }

    pub(super) fn slept(&mut self, pause: Duration) {
        self.report.waited += pause;
        self.report.elapsed += pause;
        self.lock_waited += pause;
    }

    pub(super) fn woke(&mut self, pause: Duration, after: After) -> State<'a> {
        self.slept(pause);
        match after {
            After::Lock => self.ask(self.lock_waited >= self.patience()),
            After::Look => self.look(),
        }
    }

    pub(super) fn awake(&mut self, state: State<'a>) -> State<'a> {
        match state {
            State::Waiting(pause, after) => self.woke(pause, after),
            State::Pausing(pause, steps) => self.resume(pause, steps),
            State::Repeating(pause, state) => {
                self.slept(pause);
                *state
            }
            _ => self.misused("a reply to another step"),
        }
    }
}
