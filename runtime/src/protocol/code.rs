//! Migrations in Rust: the record, then the code, then the journal, in one transaction that the driver
//! begins and commits.

use gapless_core::Migration;

use super::Stop;
use super::batch::{headline, shown};
use super::envelope::Envelope;
use super::protocol::Protocol;
use super::reply::DbError;
use crate::Failure;
use crate::code::Call;
use crate::dialect::{Class, durations};
use crate::report::error::ErrorKind;

/// What is said of code that has left a transaction open.
pub(super) fn left_open() -> DbError {
    let message = "the code has left a transaction open, which was rolled back".to_owned();
    DbError { message, ..DbError::default() }
}

impl<'a> Protocol<'a> {
    pub(super) async fn apply_code(&mut self, migration: &'a Migration) -> Result<(), Stop> {
        let version = migration.version();
        let Some(code) = self.codes.remove(&version) else {
            return Err(Stop::failed(ErrorKind::NoCode(vec![(version, migration.file())])));
        };
        self.session.is_at(format!("applying the migration in Rust {}", shown(migration)));
        let Envelope { before, after } = self.code_envelope(migration);
        let before = headline(&[migration]) + &before;
        self.tell_applying([version]);
        let (returned, answer) = self.session.call(Call { before, code, after }).await?;
        if let Some(call) = returned {
            self.codes.insert(version, call.code);
        }
        match answer {
            Ok(results) => {
                let duration = durations(&results).next().flatten();
                self.mark(migration, duration);
                self.patience.attempt = 1;
                Ok(())
            }
            Err(error) => Err(self.code_failed(migration, error).await),
        }
    }

    async fn code_failed(&mut self, migration: &'a Migration, error: DbError) -> Stop {
        let class = self.dialect.classify(&error, &self.tracker);
        let failure = |error| Failure::new(migration, error, None, self.dialect.syntax());
        match class {
            Class::HandedOn { pid } => self.handed_on(pid),
            Class::Unfinished => self.settle_unfinished().await.err().unwrap_or(Stop::Again),
            Class::Busy => self.stand_back_from(&error).await,
            // The record's own key: another runner was faster, or the code has met it by itself.
            Class::Fence { .. } | Class::Retry => {
                let reason = error.message.clone();
                let kind = ErrorKind::Migration(failure(error));
                self.retry_or(kind, Some(migration.version()), &reason).await
            }
            Class::Unrecorded | Class::Ended => {
                let message =
                    "the code has ended the migration's transaction, or removed its row from the tracker";
                let error = DbError { message: message.to_owned(), ..DbError::default() };
                Stop::failed(ErrorKind::Migration(failure(error).left_behind()))
            }
            _ => Stop::failed(ErrorKind::Migration(failure(error))),
        }
    }
}
