//! The queue of pending migrations, message by message.

use std::time::Duration;

use gapless_core::{Migration, Version};

use super::batch::Batch;
use super::reply::ResultSet;
use super::run::{After, Rollback, Run, State};
use super::way::Way;
use crate::dialect::Timeouts;
use crate::event::Event;
use crate::{Applied, Pending};

impl<'a> Run<'a> {
    pub(super) fn timeouts(&self, migration: &Migration) -> Timeouts {
        let directives = migration.directives();
        Timeouts {
            lock: directives.lock_timeout().or(self.options.lock_timeout),
            statement: directives.statement_timeout().or(self.options.statement_timeout),
        }
    }

    /// The next message of work, or the end if there is none.
    pub(super) fn next(&mut self) -> State<'a> {
        let Some(first) = self.queue.front() else {
            return match self.doomed.take() {
                Some(kind) => self.fail(kind),
                None => self.end(Ok(())),
            };
        };
        if first.directives().no_transaction() {
            let migration = *first;
            return self.begin_steps(migration, Way::Up);
        }
        if self.is_to_be_asked(first) {
            let migration = *first;
            return self.begin_steps(migration, Way::Up);
        }
        if first.directives().rust() {
            let migration = *first;
            return self.begin_call(migration);
        }
        let batch = Batch::build(self);
        let applying: Vec<_> = batch.versions().filter_map(|version| self.pending(version)).collect();
        if self.announced != applying {
            self.emit(&Event::Applying(&applying));
            self.announced = applying;
        }
        State::Applying(batch)
    }

    pub(super) fn pending(&self, version: Version) -> Option<Pending> {
        let pending = self.plan.pending();
        // Ascending, as the set is.
        let at = pending.binary_search_by_key(&version, Pending::version).ok()?;
        pending.get(at).cloned()
    }

    pub(super) fn committed(&mut self, batch: &Batch<'a>, results: &[ResultSet]) -> State<'a> {
        self.session.set_exists = true;
        if batch.bootstraps() {
            self.bootstrapped();
        }
        (self.prepared, self.undurable) = (None, false);
        let durations = batch.durations(results);
        for (migration, duration) in batch.members().zip(durations) {
            self.mark(migration, duration);
        }
        self.attempt = 1;
        self.lock_waited = Duration::ZERO;
        self.backoff.reset();
        if batch.unlocks() {
            self.session.locked = false;
            self.check_unlock(results.last());
        }
        self.next()
    }

    pub(super) fn applied(&self, migration: &Migration, duration: Option<Duration>) -> Applied {
        Applied {
            version: migration.version(),
            name: migration.name().to_owned(),
            path: migration.file(),
            source: self.pending(migration.version()).and_then(|pending| pending.source().map(str::to_owned)),
            out_of_order: self.pending(migration.version()).is_some_and(|pending| pending.out_of_order()),
            duration,
        }
    }

    /// Takes a migration from the queue and reports it as applied by this run.
    pub(super) fn mark(&mut self, migration: &Migration, duration: Option<Duration>) {
        if let Ok(at) = self.queue.binary_search_by_key(&migration.version(), |queued| queued.version()) {
            self.queue.remove(at);
        }
        self.recorded +=
            self.pending(migration.version()).and_then(|pending| pending.stands_for()).unwrap_or(1);
        let applied = self.applied(migration, duration);
        self.emit(&Event::Applied(&applied));
        self.report.applied.push(applied);
    }

    /// Rolls back and tries again from a look on, so often. `None`: it was tried often enough.
    pub(super) fn try_again(&mut self, version: Option<Version>, reason: &str) -> Option<State<'a>> {
        if self.attempt > self.options.retries {
            return None;
        }
        if let Some(version) = version {
            self.emit(&Event::Retrying { version, attempt: self.attempt, reason });
        }
        self.attempt += 1;
        self.report.retries += 1;
        Some(self.roll_back(Rollback::Retry))
    }

    pub(super) fn roll_back(&mut self, then: Rollback<'a>) -> State<'a> {
        self.session.dirty |= self.dialect.settings_outlive_rollback();
        self.message = "ROLLBACK;\n".to_owned();
        self.message.extend(self.prepared.take().map(|prepared| prepared.forget));
        State::RollingBack(then)
    }

    pub(super) fn rolled_back(&mut self, then: Rollback<'a>) -> State<'a> {
        match then {
            Rollback::End(kind) => self.end(Err(kind)),
            Rollback::Done => self.end(Ok(())),
            Rollback::Fail(kind) => self.fail(kind),
            Rollback::Again(steps, reason) => self.again(steps, &reason),
            Rollback::Step(steps) => self.execute(steps),
            Rollback::Unfinished => self.ask_unfinished(),
            Rollback::Wait => self.wait(After::Look, None),
            Rollback::Busy(error) => self.await_database(After::Look, &error),
            Rollback::Retry => State::Waiting(self.backoff.retry(), After::Look),
            Rollback::Look if self.session.locked => self.look(),
            Rollback::Look => self.wait(After::Look, None),
            Rollback::Review(refusal) => self.look_after(refusal),
        }
    }
}
