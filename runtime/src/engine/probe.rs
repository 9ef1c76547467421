//! Which statement of a migration failed, where neither the database nor the driver has said: it is asked again, statement
//! by statement, in a transaction that is rolled back.

use gapless_core::{Migration, split};

use super::batch::headline;
use super::reply::DbError;
use super::run::{Rollback, Run, State};
use crate::Failure;
use crate::error::ErrorKind;

/// Each statement is a message of its own, so that much patience nobody has.
const MOST_STATEMENTS: usize = 200;

/// A migration that is tried again.
#[derive(Debug)]
pub(super) struct Probe<'a> {
    migration: &'a Migration,
    error: DbError,
    /// The statement that was sent last, counted from 1; before that the record is sent.
    sent: usize,
}

impl<'a> Run<'a> {
    /// Begins to look for the place of this error; `Err` gives it back where there is nothing to find out.
    pub(super) fn probe(
        &mut self,
        migration: &'a Migration,
        error: DbError,
    ) -> Result<State<'a>, Box<DbError>> {
        let told = error.position.is_some() || error.completed.is_some();
        let statements =
            split(migration.sql(), self.dialect.syntax()).map_or(0, |statements| statements.len());
        if told || !(2..=MOST_STATEMENTS).contains(&statements) {
            return Err(Box::new(error));
        }
        self.message = headline(&[migration]) + &self.same_backend();
        self.message += &self.dialect.begin(self.timeouts(migration));
        self.message += &self.lock_transaction();
        self.message += &self.record(migration, None);
        Ok(State::Probing(Probe { migration, error, sent: 0 }))
    }

    pub(super) fn probed(&mut self, mut probe: Probe<'a>) -> State<'a> {
        let statements = split(probe.migration.sql(), self.dialect.syntax()).unwrap_or_default();
        let Some(statement) = statements.get(probe.sent) else {
            // It fails at its commit, or not at all this time.
            let kind = self.found(probe, None);
            return self.roll_back(Rollback::Fail(kind));
        };
        self.message = statement.text().to_owned();
        probe.sent += 1;
        State::Probing(probe)
    }

    pub(super) fn not_probed(&mut self, probe: Probe<'a>, error: &DbError) -> State<'a> {
        let same = (&error.code, &error.message) == (&probe.error.code, &probe.error.message);
        let statements = split(probe.migration.sql(), self.dialect.syntax()).unwrap_or_default();
        let sent = probe.sent.checked_sub(1).filter(|_| same).and_then(|sent| statements.get(sent));
        let kind = self.found(probe, sent.map(|statement| statement.span().start));
        self.roll_back(Rollback::Fail(kind))
    }

    /// The error that is looked into, with its place if that is known.
    pub(super) fn found(&self, probe: Probe<'a>, at: Option<usize>) -> ErrorKind {
        ErrorKind::Migration(Failure::new(probe.migration, probe.error, at, self.dialect.syntax()))
    }
}
