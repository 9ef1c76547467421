//! Locates the statement that failed, where neither the database nor the driver has said: the run sends the migration
//! again, statement by statement, in a transaction that it rolls back.

use gapless_core::{Migration, Statement, split};

use super::Stop;
use super::batch::headline;
use super::protocol::Protocol;
use crate::engine::DbError;
use crate::runner::options::Locking;

/// Each statement is a message of its own, and more of them take too long.
const MOST_STATEMENTS: usize = 200;

impl Protocol<'_> {
    /// Finds the place of this error in the script. The teardown rolls back.
    pub(super) async fn locate(
        &mut self,
        migration: &Migration,
        error: &DbError,
    ) -> Result<Option<usize>, Stop> {
        let told = error.position.is_some() || error.completed.is_some();
        let statements = split(migration.sql(), self.dialect.syntax()).unwrap_or_default();
        // Without any lock, other runners would wait for this transaction inside of the server.
        let alone = self.options.locking != Locking::None && self.session.node.is_none();
        if told || !alone || !(2..=MOST_STATEMENTS).contains(&statements.len()) {
            return Ok(None);
        }
        self.session.is_at("looking for the statement that failed");
        let begin = headline(&[migration])
            + &self.same_backend()
            + &self.begin(self.timeouts(migration.directives()))
            + &self.record(migration, None);
        self.session.open = true;
        let mut answer = self.session.send(begin).await?;
        let mut sent: Option<&Statement<'_>> = None;
        for statement in &statements {
            if answer.is_err() {
                break;
            }
            answer = self.session.send(statement.text().to_owned()).await?;
            sent = Some(statement);
        }
        // Without an error, the migration fails at its commit, or not at all this time.
        let same = answer.is_err_and(|found| (&found.code, &found.message) == (&error.code, &error.message));
        Ok(sent.filter(|_| same).map(|statement| statement.span().start))
    }
}
