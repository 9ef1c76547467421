//! The end of every run: rolls back an open transaction, journals a failure, restores the settings, and gives the lock
//! back.

use std::time::Duration;

use gapless_core::Version;

use super::protocol::Protocol;
use super::session::Answer;
use super::{Broken, Stop};
use crate::Failure;
use crate::dialect::{Class, Entry, Prepared, Unlock};
use crate::report::error::{ErrorKind, Lost};
use crate::runner::Goal;

/// The number of tries to reach a pooler's backend that has the lock.
const UNLOCK_TRIES: u32 = 50;

/// The number of those tries without a pause.
const AT_ONCE: u32 = 10;

/// The remains of a run, which the teardown cleans up.
#[derive(Debug, Default)]
pub(super) struct Cleanup {
    /// The statements that a refused batch has prepared.
    pub(super) prepared: Option<Prepared>,
    /// The statements that give another tool's locks back.
    pub(super) unlock_tool: String,
    /// The run has reported migrations that a crash of the server could still lose.
    pub(super) undurable: bool,
    /// The version that stays applied, because its rollback failed before it did anything.
    pub(super) staying: Option<Version>,
}

impl Protocol<'_> {
    /// Cleans up after any outcome. After a lost connection there is nothing to clean up: the run ends with the outcome
    /// known before, and the error tells of the loss beside it.
    pub(super) async fn tear_down(
        &mut self,
        outcome: Result<(), Stop>,
    ) -> (Result<(), ErrorKind>, Option<Lost>) {
        let journals = !matches!(outcome, Err(Stop::Unjournaled(_))) && self.goal != Goal::DryRun;
        let mut result = match outcome {
            Ok(()) => Ok(()),
            Err(Stop::Failed(kind) | Stop::Unjournaled(kind)) => Err(self.for_caller(*kind)),
            Err(Stop::Lost(broken)) => {
                let Broken { lost, known, said } = *broken;
                if let Some(kind) = known {
                    return (Err(self.for_caller(kind)), Some(lost));
                }
                let Lost { doing, source } = lost;
                return (Err(self.for_caller(ErrorKind::Connection { doing, said, source })), None);
            }
            // `attempts` begins another attempt instead.
            Err(Stop::Again) => Err(ErrorKind::Misuse("an attempt that no other follows")),
        };
        let Err(Stop::Lost(broken)) = self.clean_up(&mut result, journals).await else {
            return (result, None);
        };
        let lost = broken.lost;
        if result.is_err() {
            return (result, Some(lost));
        }
        self.warn(format!("the connection was lost while {}: {}", lost.doing, lost.source));
        (result, None)
    }

    async fn clean_up(&mut self, result: &mut Result<(), ErrorKind>, journals: bool) -> Result<(), Stop> {
        if self.session.open {
            self.roll_back().await?;
        }
        if let Err(ErrorKind::Migration(failure) | ErrorKind::Cancelled { failure: Some(failure), .. }) =
            result
            && journals
        {
            *failure = self.journal_failure(failure).await?;
        }
        self.flush().await?;
        if let Some(kind) = self.restore_settings().await?
            && result.is_ok()
        {
            *result = Err(kind);
        }
        self.unlock().await?;
        self.give_back_peculiar().await
    }

    /// Adapts a failure to what the caller may see.
    fn for_caller(&self, kind: ErrorKind) -> ErrorKind {
        let first = self.session.report(|report| report.already == 0);
        let kind = match self.told_cancelled(kind) {
            ErrorKind::Migration(failure) if first => ErrorKind::Migration(failure.without_history()),
            kind => kind,
        };
        if self.options.hide_values { kind.without_values() } else { kind }
    }

    /// Rolls back the transaction that a refused message has left open. The answer does not matter.
    pub(super) async fn roll_back(&mut self) -> Result<(), Stop> {
        self.session.dirty |= !self.abilities.transactional_settings;
        self.session.open = false;
        self.session.is_at("rolling back");
        let mut message = self.dialect.roll_back().to_owned();
        message.extend(self.cleanup.prepared.take().map(|prepared| prepared.forget));
        message += &std::mem::take(&mut self.cleanup.unlock_tool);
        let _answer = self.send_to_end(message).await?;
        Ok(())
    }

    /// Journals a failed migration, and asks for its aftermath. The commit of that row is durable, and makes everything
    /// before it durable.
    async fn journal_failure(&mut self, failure: &Failure) -> Result<Failure, Stop> {
        self.session.is_at("journaling the failure");
        let entry = Entry {
            version: failure.version(),
            name: failure.name(),
            event: if failure.is_half_done() { "interrupted" } else { "failed" },
            attempt: self.patience.attempt,
            statement: failure.statement(),
            statements: None,
            detail: Some(failure.database_error().message.clone()),
        };
        let journal = self.dialect.journal(&self.tracker, &entry);
        let stay = self
            .cleanup
            .staying
            .take()
            .map_or(String::new(), |version| self.dialect.stay(&self.tracker, version));
        let questions = self.questions(failure);
        let asked = questions.message();
        let mut answer = self.send_patiently(format!("{journal}{asked}{stay}")).await?;
        if answer.is_err() && !asked.is_empty() {
            // The row counts for more than the answers.
            answer = self.send_patiently(journal + &stay).await?.map(|_| Vec::new());
        }
        Ok(match answer {
            Ok(results) => {
                self.cleanup.undurable = false;
                questions.read(failure.clone(), &results)
            }
            Err(error) => {
                // A failure that the journal does not take must not hide the failure itself.
                self.warn(format!("could not journal the failure: {}", error.message));
                failure.clone()
            }
        })
    }

    /// Makes durable what the run committed before a refusal.
    async fn flush(&mut self) -> Result<(), Stop> {
        self.session.is_at("making the applied migrations durable");
        if std::mem::take(&mut self.cleanup.undurable) && self.abilities.asynchronous_commit {
            let _answer = self.send_to_end(self.dialect.flush().to_owned()).await?;
        }
        Ok(())
    }

    /// Restores the settings. Returns an error if a pooler has handed the session on and does not hand it back.
    async fn restore_settings(&mut self) -> Result<Option<ErrorKind>, Stop> {
        self.session.is_at("restoring the session's settings");
        let restore = self.give_back();
        let changed = std::mem::take(&mut self.session.dirty) || self.session.needs_own;
        if !changed || restore.is_empty() {
            return Ok(None);
        }
        // The settings of another backend are not the run's to restore.
        let message = self.same_backend() + &restore;
        let mut elsewhere = None;
        for tries in 0..=UNLOCK_TRIES {
            self.await_backend(tries).await;
            let Err(error) = self.send_patiently(message.clone()).await? else { return Ok(None) };
            let Class::HandedOn { pid } = self.class(&error) else {
                self.warn(format!("could not restore the session's settings: {}", error.message));
                return Ok(None);
            };
            elsewhere = Some(self.pooler(pid));
        }
        Ok(elsewhere)
    }

    /// Gives a pooler time to hand the session's own backend back: another client may be in a transaction on it.
    async fn await_backend(&mut self, tries: u32) {
        if tries >= AT_ONCE {
            self.session.sleep(Duration::from_millis(2 * u64::from(tries))).await;
        }
    }

    /// Sends a message until the database is not busy, or until the time for waiting is over.
    pub(super) async fn send_patiently(&mut self, message: String) -> Result<Answer, Stop> {
        loop {
            let answer = self.session.send(message.clone()).await?;
            let Err(error) = &answer else { return Ok(answer) };
            let busy = {
                let class = self.class(error);
                matches!(class, Class::Busy | Class::Retry | Class::Canceled)
            };
            if !busy || self.wait_to_end(error).await.is_err() {
                return Ok(answer);
            }
        }
    }

    async fn unlock(&mut self) -> Result<(), Stop> {
        self.session.is_at("giving the lock back");
        if !self.session.locked {
            return Ok(());
        }
        let message = self.dialect.unlock(&self.tracker, self.session.pid);
        let mut answer = None;
        for tries in 0..=UNLOCK_TRIES {
            self.await_backend(tries).await;
            answer = self.send_to_end(message.clone()).await?.ok().and_then(|results| Unlock::read(&results));
            // A pooler has handed the session on, and may hand it back.
            if answer != Some(Unlock::Elsewhere) {
                break;
            }
        }
        self.session.locked = false;
        self.check_unlock(answer);
        Ok(())
    }

    pub(super) fn check_unlock(&mut self, answer: Option<Unlock>) {
        let never_had = std::mem::take(&mut self.session.unsure) && answer == Some(Unlock::NotHeld);
        if answer == Some(Unlock::Done) || never_had {
            return;
        }
        // On any other backend than the one that took it, the unlock does nothing.
        let blamed = if answer != Some(Unlock::NotHeld) {
            let way = if self.abilities.transaction_lock {
                ", for which there is `.locking(Locking::Transaction)`"
            } else {
                ": connect past it"
            };
            format!("a transaction pooler may be in between{way}")
        } else {
            self.unlocking_script().map_or_else(
                || {
                    format!(
                        "the session has given up its locks (`{}`)",
                        self.dialect.unlock_all().join("`, `")
                    )
                },
                |(path, function)| format!("{function} in {path} has given it up"),
            )
        };
        self.warn(format!(
            "the session did not have the advisory lock any more when it gave it back: {blamed}"
        ));
    }

    /// Finds the file that has given up all locks of its session, among those that this run has applied.
    fn unlocking_script(&self) -> Option<(String, &'static str)> {
        // The build refuses a statement that does so.
        let function = self.dialect.unlock_all().iter().find_map(|way| way.strip_suffix("()"))?;
        let gives_up = |version| {
            self.set.find(version).is_some_and(|one| one.sql().to_ascii_lowercase().contains(function))
        };
        self.session.report(|report| {
            let applied = report.applied.iter().find(|applied| gives_up(applied.version()));
            applied.map(|applied| (applied.path().to_owned(), function))
        })
    }
}
