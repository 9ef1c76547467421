//! The transaction around a script: its record before it, the journal's row after it.

use std::ops::Range;

use gapless_core::{Directives, Down, Migration};

use super::protocol::Protocol;
use crate::dialect::{Dialect, Prepared, Timeouts};

/// The text before a script, and after it.
#[derive(Debug, Default)]
pub(super) struct Envelope {
    pub(super) before: String,
    pub(super) after: String,
}

impl Envelope {
    /// Appends all of it to a message, and returns where the script lies.
    pub(super) fn write(&self, message: &mut String, script: &str, dialect: &dyn Dialect) -> Range<usize> {
        message.push_str(&self.before);
        let begin = message.len();
        message.push_str(&dialect.script(script));
        message.push_str(&self.after);
        begin..begin + script.len()
    }
}

impl<'a> Protocol<'a> {
    /// Wraps a migration in a transaction of its own. The record comes first, as the fence. The settings come back
    /// before the journal's row, so that nothing stands between one transaction and the next.
    pub(super) fn up_envelope(
        &self,
        migration: &Migration,
        prepared: Option<&Prepared>,
        restore: &str,
        durable: bool,
    ) -> Envelope {
        let journal = match prepared {
            Some(prepared) => prepared.journal_applied(migration),
            None => self.dialect.journal_applied(&self.tracker, migration, &self.token),
        };
        let close = if leaves_open(migration.sql()) { self.dialect.close() } else { "" };
        Envelope {
            before: self.begin(self.timeouts(migration.directives()))
                + &self.record(migration, prepared)
                + &self.dialect.mark(&self.token),
            after: restore.to_owned()
                + close
                + &self.dialect.check_mark(&self.token)
                + &journal
                + &self.dialect.commit(durable),
        }
    }

    /// Wraps a down script in a transaction. The version's row goes first, so that no other runner rolls it back too.
    pub(super) fn down_envelope(&self, migration: &Migration, down: &Down) -> Envelope {
        let begin = self.begin(self.timeouts(down.directives()));
        Envelope {
            before: format!("-- gapless: rolling back {} {}\n", migration.version(), migration.name())
                + &self.same_backend()
                + &begin
                + &self.dialect.remove(&self.tracker, migration.version())
                + &self.dialect.mark(&self.token),
            after: self.restore()
                + &self.dialect.check_mark(&self.token)
                + &self.dialect.check_removed(&self.tracker, migration.version())
                + &self.dialect.commit(true),
        }
    }

    /// Wraps a migration's code, in the transaction that the driver begins and commits.
    pub(super) fn code_envelope(&self, migration: &Migration) -> Envelope {
        Envelope {
            before: self.same_backend()
                + &self.none_unfinished(&[migration])
                + &self.dialect.set_local_timeouts(self.timeouts(migration.directives()))
                + &self.lock_transaction()
                + &self.record(migration, None)
                + &self.dialect.mark(&self.token),
            after: self.restore()
                + &self.dialect.check_mark(&self.token)
                + &self.dialect.journal_applied(&self.tracker, migration, &self.token),
        }
    }

    /// Wraps a migration in a savepoint of a dry run's one transaction.
    pub(super) fn dry_envelope(&self, migration: &Migration) -> Envelope {
        let timeouts = self.dialect.set_local_timeouts(self.timeouts(migration.directives()));
        let (dialect, token) = (self.dialect, &self.token);
        // Either fails if the script has ended the transaction.
        let (begin, end) = if self.abilities.savepoints {
            (dialect.set_savepoint(token), dialect.release_savepoint(token))
        } else {
            (dialect.mark(token), dialect.check_mark(token))
        };
        Envelope {
            before: begin + &timeouts + &self.record(migration, None),
            after: dialect.check_deferred().to_owned() + &self.restore() + &end,
        }
    }

    /// Begins a transaction, and takes the lock in it with `Locking::Transaction`.
    pub(super) fn begin(&self, timeouts: Timeouts) -> String {
        self.dialect.begin(timeouts) + &self.lock_transaction()
    }

    pub(super) fn timeouts(&self, directives: Directives) -> Timeouts {
        Timeouts {
            lock: directives.lock_timeout().or(self.options.lock_timeout),
            statement: directives.statement_timeout().or(self.options.statement_timeout),
        }
    }

    /// Puts the settings back at the end of a run, with what it has set for itself.
    pub(super) fn give_back(&self) -> String {
        let settings = self.session.settings.as_deref();
        settings.map_or(String::new(), |settings| self.dialect.give_back(settings))
    }

    /// Puts the settings back. Writes nothing if the run never asked for them, because no script can change any.
    pub(super) fn restore(&self) -> String {
        let settings = self.session.settings.as_deref();
        settings.map_or(String::new(), |settings| self.dialect.restore(settings))
    }
}

/// Returns `true` if a script may prepare statements or declare cursors that outlive it.
fn leaves_open(sql: &str) -> bool {
    let sql = sql.to_ascii_uppercase();
    sql.contains("PREPARE") || (sql.contains("DECLARE") && sql.contains("HOLD"))
}
