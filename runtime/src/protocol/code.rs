//! Runs migrations in Rust: the record, the code and the journal's row, in one transaction that the driver begins and
//! commits.

use super::batch::{headline, shown};
use super::envelope::Envelope;
use super::item::Item;
use super::protocol::Protocol;
use super::reply::DbError;
use super::{Stop, errors};
use crate::code::Call;
use crate::dialect::{Class, durations};
use crate::report::error::ErrorKind;

impl<'a> Protocol<'a> {
    pub(super) async fn apply_code(&mut self, item: Item<'a>) -> Result<(), Stop> {
        let migration = item.migration;
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
            Err(error) => Err(self.code_failed(&item, error).await),
        }
    }

    async fn code_failed(&mut self, item: &Item<'a>, error: DbError) -> Stop {
        match self.class(&error) {
            Class::HandedOn { pid } => self.handed_on(pid),
            Class::Unfinished => self.settle_unfinished().await.err().unwrap_or(Stop::Again),
            Class::Busy => self.stand_back_from(&error).await,
            // The record's own key: another runner was faster, or the code violated it itself.
            Class::Fence { .. } | Class::Retry => {
                let reason = error.message.clone();
                let kind = self.failure(item, error, None);
                self.retry_or(kind, Some(item.migration.version()), &reason).await
            }
            Class::Unrecorded | Class::Ended => {
                let failure = item.failure(errors::code_ended(), None, self.dialect.syntax());
                Stop::failed(ErrorKind::Migration(failure.left_behind()))
            }
            _ => Stop::failed(self.failure(item, error, None)),
        }
    }
}
