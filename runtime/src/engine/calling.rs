//! Migrations in Rust: the record, then the code, then the journal, in one transaction that the driver
//! begins and commits. Outside of a transaction the code is [a step](super::stepwise).

use gapless_core::Migration;

use super::batch::headline;
use super::reply::{DbError, ResultSet};
use super::run::{Rollback, Run, State};
use super::stepwise::Stepwise;
use crate::Failure;
use crate::code::Call;
use crate::dialect::{APPLIED, Class};
use crate::error::ErrorKind;
use crate::event::Event;

impl<'a> Run<'a> {
    pub(super) fn begin_call(&mut self, migration: &'a Migration) -> State<'a> {
        let version = migration.version();
        let Some(code) = self.codes.remove(&version) else {
            return self.end(Err(ErrorKind::NoCode(vec![(version, migration.file())])));
        };
        let before = headline(&[migration])
            + &self.same_backend()
            + &self.none_unfinished(&[migration])
            + &self.dialect.set_local_timeouts(self.timeouts(migration))
            + &self.lock_transaction()
            + &self.record(migration, None)
            + &self.dialect.mark(&self.token);
        let after = self.restore()
            + &self.dialect.check_mark(&self.token)
            + &self.dialect.journal_applied(&self.tracker, migration, &self.token);
        let applying: Vec<_> = self.pending(version).into_iter().collect();
        self.emit(&Event::Applying(&applying));
        self.call = Some(Call { before, code, after });
        State::Calling(migration)
    }

    /// The code of a migration outside of a transaction.
    pub(super) fn call_step(&mut self, steps: Stepwise<'a>) -> State<'a> {
        let version = steps.migration.version();
        let Some(code) = self.codes.remove(&version) else {
            return self.end(Err(ErrorKind::NoCode(vec![(version, steps.migration.file())])));
        };
        self.call = Some(Call { before: self.same_backend(), code, after: self.dialect.outside() });
        State::CallingStep(steps)
    }

    pub(super) fn step_call_failed(&mut self, steps: Stepwise<'a>, error: DbError) -> State<'a> {
        let class = self.dialect.classify(&error, &self.tracker);
        if !matches!(class, Class::LeftOpen | Class::InTransaction) {
            return self.not_stepped(steps, error);
        }
        let message = "the code has left a transaction open, which was rolled back".to_owned();
        self.not_stepped(steps, DbError { message, ..DbError::default() })
    }

    /// What the driver is to run; none unless the step says so.
    pub fn take_call(&mut self) -> Option<Call> {
        self.call.take()
    }

    /// Gives the code back once it was called: it may be called again.
    pub fn called(&mut self, call: Call) {
        let migration = match &self.state {
            State::Calling(migration) => migration,
            State::CallingStep(steps) => steps.migration,
            _ => return,
        };
        self.codes.insert(migration.version(), call.code);
    }

    pub(super) fn call_returned(&mut self, migration: &'a Migration, results: &[ResultSet]) -> State<'a> {
        let mark = results.iter().find(|result| result.value(0) == Some(APPLIED));
        let micros = mark.and_then(|mark| mark.value(2)?.parse().ok());
        self.mark(migration, micros.map(std::time::Duration::from_micros));
        self.attempt = 1;
        self.next()
    }

    pub(super) fn call_failed(&mut self, migration: &'a Migration, error: DbError) -> State<'a> {
        if let Some(kind) = self.handed_on(&error) {
            return self.end(Err(kind));
        }
        let failure =
            |error| ErrorKind::Migration(Failure::new(migration, error, None, self.dialect.syntax()));
        let class = self.dialect.classify(&error, &self.tracker);
        // The record's own key: another runner was faster, or the code has met it by itself.
        if matches!(class, Class::Fence | Class::Retry)
            && let Some(state) = self.try_again(Some(migration.version()), &error.message)
        {
            return state;
        }
        match class {
            Class::Unfinished => self.roll_back(Rollback::Unfinished),
            Class::Busy => self.roll_back(Rollback::Busy(error)),
            Class::Unrecorded | Class::Ended => {
                let message =
                    "the code has ended the migration's transaction, or removed its row from the tracker";
                let error = DbError { message: message.to_owned(), ..DbError::default() };
                let failure = Failure::new(migration, error, None, self.dialect.syntax()).left_behind();
                self.roll_back(Rollback::Fail(ErrorKind::Migration(failure)))
            }
            _ => {
                let kind = failure(error);
                self.roll_back(Rollback::Fail(kind))
            }
        }
    }
}
