//! Settles migrations that a release began outside of a transaction and did not finish, and that run in one now.

use gapless_core::{Migration, Version};

use super::Stop;
use super::errors::{Work, said};
use super::item::{Execution, Item};
use super::part::{Message, Part};
use super::progress::Progress;
use super::protocol::Protocol;
use super::resume::{Begin, broken};
use super::steps::Steps;
use crate::dialect::{Entry, versions};
use crate::report::error::ErrorKind;
use crate::runner::options::Resolution;

impl<'a> Protocol<'a> {
    /// Fails a message if a release has begun one of these migrations outside of a transaction.
    pub(super) fn none_unfinished(&self, migrations: &[&Migration]) -> String {
        // A missing journal knows of none.
        if !self.session.journal || migrations.is_empty() {
            return String::new();
        }
        let names: Vec<_> = migrations.iter().map(|one| self.names(one)).collect();
        self.dialect.none_unfinished(&self.tracker, &names)
    }

    /// Asks which migrations that are not in the set were begun and not finished; a statement for so many of them as every
    /// database takes.
    pub(super) fn ask_unfinished(&self) -> String {
        let known = &self.known.history;
        let open = self.set.migrations().iter().filter(|one| known.find(one.version()).is_none());
        let names: Vec<_> = open.map(|migration| self.names(migration)).collect();
        names.chunks(100).map(|names| self.dialect.unfinished(&self.tracker, names) + ";\n").collect()
    }

    /// Settles the migration for which the database refused such a message, so that it can run in a transaction.
    pub(super) async fn settle_unfinished(&mut self) -> Result<(), Stop> {
        self.roll_back().await?;
        let begun = self.unfinished().await?;
        let of_it = |item: &&Item<'a>| {
            item.execution != Execution::Stepwise && begun.contains(&item.migration.version())
        };
        match self.queue.iter().find(of_it).copied() {
            Some(item) => self.run_steps(item).await,
            // Another runner has finished it since.
            None if self.is_overtaken(self.known.history.rows().len()) => Err(self.overtaken_by(None).await),
            None => {
                let error = said("a migration that began outside of a transaction is not pending");
                Err(Stop::failed(self.error(Work::Settling, error)))
            }
        }
    }

    /// Finds the versions in the queue that a release has begun outside of a transaction and not finished.
    pub(super) async fn unfinished(&mut self) -> Result<Vec<Version>, Stop> {
        self.session.is_at("reading the journal");
        let names: Vec<_> = self.queue.iter().map(|item| self.names(item.migration)).collect();
        let message = self.dialect.unfinished(&self.tracker, &names) + ";\n";
        let answer = self.session.send(message).await?;
        let results = answer.map_err(|error| Stop::failed(self.error(Work::Settling, error)))?;
        Ok(versions(results.first()))
    }

    /// Returns `true` if the caller resolves it, and the run has not read its journal yet.
    pub(super) fn is_to_be_asked(&self, migration: &Migration) -> bool {
        let version = migration.version();
        let named = self.options.resolve.is_some_and(|(resolved, _)| resolved == version);
        named && !self.stepwise.has_settled(version)
    }

    /// Goes on with the file in a transaction, if nothing is left of earlier tries outside of one.
    pub(super) async fn turn(
        &mut self,
        steps: &mut Steps<'a>,
        progress: &Progress,
        resolution: Option<Resolution>,
    ) -> Result<Begin, Stop> {
        let version = steps.item.migration.version();
        let alive = progress.open && progress.alive == Some(true);
        match resolution {
            Some(Resolution::RetryFrom(2..)) => {
                let problem = "the file runs in a transaction, as a whole";
                return Err(Stop::failed(ErrorKind::Resolve(version, problem)));
            }
            None if !progress.begun => return Ok(self.turned(version)),
            None if alive || !progress.is_untouched() => {
                let done = progress.done;
                let doubt = if progress.in_doubt { ", and the outcome of the next is unknown" } else { "" };
                let why =
                    format!("{done} of its statements are done{doubt}; now the file runs in a transaction");
                let ways = format!(
                    "put `-- gapless: no-transaction` back into the file, and it goes on there; or undo by hand the \
                     statements that are done, and start once with `.resolve({version}, Resolution::Retry)`, or with \
                     `Resolution::MarkApplied` if all of the file took effect"
                );
                return Err(broken(steps, done + 1, &why, ways));
            }
            _ => {}
        }
        self.patience.attempt = progress.attempt.max(1);
        let entry = Entry { statement: Some(0), ..self.entry(steps, "resolved") };
        let message = self.in_transaction(&self.dialect.journal(&self.tracker, &entry));
        let closed = self.send_part(steps, Part::Closing, Message::plain(message)).await?.is_some();
        Ok(if closed { self.turned(version) } else { Begin::Again })
    }

    fn turned(&mut self, version: Version) -> Begin {
        self.patience.attempt = 1;
        self.stepwise.settled = Some(version);
        Begin::Turned
    }
}
