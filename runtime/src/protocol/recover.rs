//! Recovers from a refused batch: finds the culprit, keeps what was applied, and goes on with the rest.

use gapless_core::{Migration, Version};

use super::batch::{Batch, Culprit};
use super::errors::Work;
use super::item::Item;
use super::observe::Observed;
use super::protocol::Protocol;
use super::{Stop, errors};
use crate::dialect::{Class, Observation, Recorded};
use crate::engine::{DbError, Position, ResultSet};
use crate::history::History;
use crate::report::error::ErrorKind;

/// A refused batch, and the state of the database after the rollback.
struct Refusal<'a> {
    batch: Batch<'a>,
    error: DbError,
    class: Class,
    /// The place of the error, as far as it is known.
    located: Option<Culprit>,
    history: History,
    /// The journal's word on how versions came into the history.
    how: Recorded,
    /// The class of the error allows another try.
    retries: bool,
}

impl<'a> Protocol<'a> {
    /// Rolls back, and finds out what has become of the batch. Returns the failure of its culprit, and leaves in the
    /// queue the migrations before it that the server refused along with it.
    pub(super) async fn recover(
        &mut self,
        mut batch: Batch<'a>,
        mut error: DbError,
    ) -> Result<Option<ErrorKind>, Stop> {
        let lacking = self.dialect.untranslatable(&error, &batch.message).map(Position::Byte);
        error.position = error.position.or(lacking);
        let culprit = batch.culprit(&error, self.dialect);
        let class = self.class_at(&error, culprit.is_some_and(|culprit| culprit.at.is_some()));
        if let Class::HandedOn { pid } = class {
            return Err(self.handed_on(pid));
        }
        if class == Class::Unfinished {
            return self.settle_unfinished().await.map(|()| None);
        }
        let located = culprit.or_else(|| batch.fenced(class));
        self.cleanup.prepared = batch.prepared.take();
        let (history, how) = (History::default(), Recorded::default());
        let retries = class == Class::Retry && self.may_retry();
        let mut refusal = Refusal { batch, error, class, located, history, how, retries };
        // Ends with an answer, with an error, or when the time for waiting is over.
        let found = match self.roll_back().await {
            Ok(()) => self.observe_after(&refusal).await,
            Err(stop) => Err(stop),
        };
        let Some((history, how)) = found.map_err(|stop| self.unreviewed(stop, &refusal))? else {
            if refusal.batch.bootstraps {
                return self.take_apart(History::default());
            }
            // The database shows neither: report the first error.
            return self.refused(&refusal, |_| true).await.map(Some);
        };
        (refusal.history, refusal.how) = (history, how);
        self.judge(refusal).await
    }

    async fn judge(&mut self, mut refusal: Refusal<'a>) -> Result<Option<ErrorKind>, Stop> {
        let class = refusal.class;
        let fence = matches!(class, Class::Fence { .. });
        // A position may belong to another text, that of a prepared statement or a function: a recorded migration has
        // not failed.
        if !fence && refusal.migration().is_some_and(|migration| refusal.is_settled(migration)) {
            refusal.located = None;
        }
        // Another runner may have recorded some while this message ran: it reports those.
        let ours = |member: &&Migration| refusal.how.is_of(member.version(), &self.token);
        let done: Vec<_> = refusal.batch.members().filter(ours).collect();
        let interrupted = class == Class::Canceled && self.is_cancelled();
        if refusal.batch.bootstraps && done.is_empty() && !refusal.retries && !interrupted {
            return self.take_apart(refusal.history);
        }
        let ran = !done.is_empty();
        // Only the last of a message commits durably, and it has not run.
        self.cleanup.undurable |= ran;
        for migration in done {
            self.renew_patience();
            self.mark(migration, None);
        }
        let missing = refusal.batch.members().position(|member| !refusal.is_settled(member));
        // Statements run one after the other. Only a message that the server refused before it ran any of it can have
        // its error further on; and a script may hide statements from our count.
        let refused_whole = self.abilities.reads_ahead && !ran && refusal.error.position.is_some();
        if !fence && !refused_whole {
            refusal.located = refusal.located.filter(|culprit| Some(culprit.index) == missing);
        }
        let overtaken = self.is_overtaken_by(&refusal);
        refusal.located = refusal.located.or(missing.map(|index| Culprit { index, at: None }));
        // No other runner has recorded it: this message has, in a transaction that ended too early.
        if !fence
            && refusal.migration().is_some_and(|one| refusal.is_recorded(one) && !refusal.is_settled(one))
        {
            return Err(self.ended_early(&refusal, true));
        }
        self.go_on(refusal, overtaken).await
    }

    /// Makes another attempt, or names the culprit.
    async fn go_on(&mut self, refusal: Refusal<'a>, overtaken: bool) -> Result<Option<ErrorKind>, Stop> {
        match refusal.class {
            Class::Fence { .. } if overtaken && self.is_overtaken(refusal.history.rows().len()) => {
                Err(self.overtaken_by(Some(refusal.history)).await)
            }
            Class::Unrecorded | Class::Ended => Err(self.ended_early(&refusal, false)),
            Class::Busy => {
                self.wait_for_database(&refusal.error).await?;
                Err(Stop::Again)
            }
            Class::Retry if refusal.retries => {
                self.count_retry(refusal.migration().map(Migration::version), &refusal.error.message);
                self.pause_before_retry().await;
                Err(Stop::Again)
            }
            _ => self.refused(&refusal, |member| refusal.is_recorded(member)).await.map(Some),
        }
    }

    /// Observes the set, and how the batch's versions came into it. If the role may not read the journal, it observes
    /// the set alone. Returns `None` if it cannot read the set either.
    async fn observe_after(&mut self, refusal: &Refusal<'a>) -> Result<Option<(History, Recorded)>, Stop> {
        self.session.is_at("reading the applied migrations");
        let mut versions = refusal.batch.members().map(Migration::version);
        let first = versions.next().unwrap_or(Version::MIN);
        let observe = self.dialect.observe(&self.tracker, None);
        let journal = self.dialect.recorded_how(&self.tracker, first, versions.last().unwrap_or(first));
        for (message, tells_how) in [(observe.clone() + &journal, true), (observe, false)] {
            let Some(results) = self.ask_patiently(&message).await? else {
                if refusal.batch.bootstraps {
                    break;
                }
                continue;
            };
            self.session.set_exists = true;
            let history = match self.read(Observation::read(&results).set)? {
                Observed::History(history) => history,
                Observed::Current => History::default(),
            };
            return Ok(Some((history, Recorded::read(results.last().filter(|_| tells_how)))));
        }
        Ok(None)
    }

    /// Sends a message until the database is not busy. Returns `None` if the database refuses it.
    async fn ask_patiently(&mut self, message: &str) -> Result<Option<Vec<ResultSet>>, Stop> {
        // Ends with an answer, or when the time for waiting is over.
        loop {
            let error = match self.session.send(message.to_owned()).await? {
                Ok(results) => return Ok(Some(results)),
                Err(error) => error,
            };
            match self.class(&error) {
                Class::Busy | Class::Retry | Class::Canceled => self.wait_to_end(&error).await?,
                _ => return Ok(None),
            }
        }
    }

    /// Adds to the end of a run that cannot observe any more what is known of the refusal: the migration that failed,
    /// if the database located the error and did not mean another runner, or else the database's error.
    fn unreviewed(&self, stop: Stop, refusal: &Refusal<'a>) -> Stop {
        let batch = &refusal.batch;
        let only = batch.items().next().filter(|_| batch.items().count() == 1 && !batch.bootstraps);
        let passing = match refusal.class {
            Class::Fence { .. } | Class::Busy | Class::Retry | Class::HandedOn { .. } | Class::Exists => true,
            _ => self.tracker.is_named_by(&refusal.error),
        };
        let culprit = refusal.culprit().map(|(_, item)| item).or(only).filter(|_| !passing);
        let at = refusal.located.and_then(|culprit| culprit.at);
        let failed = culprit.map(|item| self.failure(&item, refusal.error.clone(), at));
        match stop {
            // The time for observing is over. The first error is the one to report, unless the database was busy then
            // too.
            Stop::Failed(mut kind) if matches!(*kind, ErrorKind::LockWait { .. }) => {
                if let ErrorKind::LockWait { busy, .. } = &mut *kind {
                    *busy = Some(refusal.error.message.clone());
                }
                Stop::failed(failed.unwrap_or(*kind))
            }
            stop if failed.is_some() => stop.knowing(failed),
            stop => stop.after(refusal.error.clone()),
        }
    }

    /// Returns `true` if another runner was faster. A script that writes to the tracker meets the fence too, without
    /// another runner.
    fn is_overtaken_by(&self, refusal: &Refusal<'a>) -> bool {
        match refusal.migration() {
            Some(migration) if migration.is_baseline() => !refusal.history.is_empty(),
            Some(migration) => {
                refusal.is_recorded(migration) || self.is_elsewhere(migration, &refusal.history)
            }
            None => refusal.batch.members().any(|member| refusal.is_recorded(member)),
        }
    }

    /// Returns `true` if another release may have recorded it under another name.
    fn is_elsewhere(&self, migration: &Migration, history: &History) -> bool {
        let known =
            |(version, name): &(Version, &str)| history.find(*version).is_some_and(|row| row.name == *name);
        self.names(migration).before.iter().any(known)
            || history.rows().iter().any(|row| self.is_strange(row))
    }

    /// Begins an attempt without the tracker in the batch: the message failed before it recorded anything, and its
    /// parts tell which of them is wrong.
    fn take_apart(&mut self, history: History) -> Result<Option<ErrorKind>, Stop> {
        self.bootstrapping.apart = true;
        self.overtaken.observed = Some(history);
        Err(Stop::Again)
    }

    /// Ends the run because a transaction was over before its end: a part may be committed, and another try may do that
    /// twice.
    fn ended_early(&self, refusal: &Refusal<'a>, kept: bool) -> Stop {
        let Some((culprit, item)) = refusal.culprit() else { return self.unexplained(refusal) };
        let error = match refusal.class {
            Class::Unrecorded | Class::Ended => errors::script_ended(kept),
            _ => refusal.error.clone(),
        };
        let failure = item.failure(error, culprit.at, self.dialect.syntax()).ended(kept);
        Stop::failed(ErrorKind::Migration(failure))
    }

    /// Names the culprit, and leaves in the queue the migrations before it that the server refused along with it,
    /// because it reads a message whole before it runs any.
    async fn refused(
        &mut self,
        refusal: &Refusal<'a>,
        recorded: impl Fn(&Migration) -> bool,
    ) -> Result<ErrorKind, Stop> {
        let Some((mut culprit, item)) = refusal.culprit() else { return Err(self.unexplained(refusal)) };
        let unsaid = matches!(refusal.class, Class::Other | Class::Permission | Class::Exists)
            && culprit.at.is_none()
            && !self.tracker.is_named_by(&refusal.error);
        if unsaid && refusal.batch.members().take(culprit.index).all(&recorded) {
            let located = self.locate(item.migration, &refusal.error).await;
            let failed = || Some(self.migration_error(&item, refusal.error.clone(), None));
            culprit.at = located.map_err(|stop| stop.knowing(failed()))?;
        }
        let kind = self.migration_error(&item, refusal.error.clone(), culprit.at);
        let before = refusal.batch.members().take(culprit.index);
        let kept: Vec<_> = before.filter(|member| !recorded(member)).map(Migration::version).collect();
        self.queue.retain(|item| kept.contains(&item.migration.version()));
        Ok(kind)
    }

    /// Ends the run on an error that no member of the batch can have caused.
    fn unexplained(&self, refusal: &Refusal<'a>) -> Stop {
        Stop::failed(self.error(Work::ApplyingAgain, refusal.error.clone()))
    }
}

impl<'a> Refusal<'a> {
    /// Returns the place of the error, and the item at fault.
    fn culprit(&self) -> Option<(Culprit, Item<'a>)> {
        let culprit = self.located?;
        Some((culprit, self.batch.items().nth(culprit.index)?))
    }

    fn migration(&self) -> Option<&'a Migration> {
        self.culprit().map(|(_, item)| item.migration)
    }

    fn is_recorded(&self, migration: &Migration) -> bool {
        self.history.find(migration.version()).is_some()
    }

    /// Returns `true` if it is in the set and the journal says who recorded it.
    fn is_settled(&self, migration: &Migration) -> bool {
        self.is_recorded(migration) && self.how.is_told(migration.version())
    }
}
