//! The trace of a dry run: statement by statement, the locks that each takes. Between two statements the run asks the
//! catalog, in the same transaction.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use gapless_core::{Location, Statement, split};

use super::Stop;
use super::aftermath::words;
use super::batch::offset;
use super::errors::Work;
use super::item::Item;
use super::protocol::Protocol;
use crate::dialect::{Class, OwnLock, Relation, Timeouts, lock_holders};
use crate::engine::ResultSet;
use crate::{LockHolder, LockMode, StatementBegun, StatementTrace, TracedLock, TracedRelation, Untried};

/// The longest wait for a lock, unless the caller sets another: whoever comes later waits behind the dry run.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// The knowledge of a dry run that traces locks.
#[derive(Debug, Default)]
pub(super) struct LockTrace {
    /// The relations that were there before, by number.
    relations: BTreeMap<String, Relation>,
    /// The locks that the transaction has.
    held: BTreeSet<(String, LockMode)>,
    pub(super) statements: Vec<StatementTrace>,
}

impl LockTrace {
    /// Returns `true` if the transaction has a stronger lock on this relation.
    fn is_covered(&self, relation: &str, mode: LockMode) -> bool {
        let stronger = |other: &LockMode| *other != mode && other.covers(mode);
        self.held.iter().any(|(locked, other)| locked == relation && stronger(other))
    }
}

impl<'a> Protocol<'a> {
    /// Reads the relations that are there before anything is tried.
    pub(super) async fn begin_trace(&mut self) -> Result<(), Stop> {
        let Some(message) = self.dialect.relations() else { return Ok(()) };
        let results = self.ask_trace(message).await?;
        let relations = results.first().map(|rows| rows.rows().filter_map(Relation::read).collect());
        self.trace = LockTrace { relations: relations.unwrap_or_default(), ..LockTrace::default() };
        Ok(())
    }

    /// Tries a migration in a savepoint of its own, statement by statement.
    pub(super) async fn trace_one(&mut self, item: Item<'a>) -> Result<(), Stop> {
        let syntax = self.dialect.syntax();
        let statements = split(item.sql(), syntax)
            .map_err(|_| Stop::failed(crate::report::error::ErrorKind::Refused(item.problems(syntax))))?;
        let envelope = self.dry_envelope(item.migration);
        let wait = self.timeouts(item.migration.directives()).lock.filter(|wait| !wait.is_zero());
        let timeouts = Timeouts { lock: Some(wait.unwrap_or(LONGEST_WAIT)), statement: None };
        let before = envelope.before + &self.dialect.set_local_timeouts(timeouts);
        if let Err(error) = self.session.transact(before).await? {
            return self.not_tried(&item, error, None).await;
        }
        self.take_locks().await?;
        let first = self.trace.statements.len();
        for (index, statement) in statements.iter().enumerate() {
            self.check_cancelled_before_next(&mut None)?;
            let begun = begun(&item, statement, index, statements.len());
            let text = statement.text().to_owned();
            if let Err(error) = self.session.transact(text.clone()).await? {
                if self.class(&error) == Class::Retry {
                    return self.would_wait(item, begun).await;
                }
                let at = offset(&error, &text, self.dialect).unwrap_or_default();
                return self.not_tried(&item, error, Some(statement.span().start + at)).await;
            }
            let duration = self.session.spent;
            let (locks, rewrites) = self.take_locks().await?;
            let waits_for = Vec::new();
            self.trace.statements.push(StatementTrace {
                statement: begun,
                duration,
                locks,
                rewrites,
                waits_for,
            });
        }
        if let Err(error) = self.session.transact(envelope.after).await? {
            return self.not_tried(&item, error, None).await;
        }
        let took = self.end_migration(first, self.session.spent);
        let tried = self.applied(item.migration, Some(took));
        self.tried.tried.push(tried);
        Ok(())
    }

    /// Counts how long each lock of a migration was held, up to its end; returns how long the migration took.
    fn end_migration(&mut self, first: usize, end: Duration) -> Duration {
        let mut held = end;
        for trace in self.trace.statements.iter_mut().skip(first).rev() {
            held += trace.duration;
            trace.locks.iter_mut().for_each(|lock| lock.held = held);
        }
        held
    }

    /// Compares the locks and the files of relations with those known before.
    async fn take_locks(&mut self) -> Result<(Vec<TracedLock>, Vec<TracedRelation>), Stop> {
        let Some(message) = self.dialect.own_locks(&self.tracker) else { return Ok(<_>::default()) };
        let results = self.ask_trace(message).await?;
        let (mut taken, mut rewrites) = (Vec::new(), BTreeMap::new());
        for own in results.iter().flat_map(ResultSet::rows).filter_map(OwnLock::read) {
            // A relation that the dry run has created is in nobody's way.
            let Some(known) = self.trace.relations.get_mut(&own.relation) else { continue };
            let bytes = own.bytes.or(known.bytes);
            let (name, kind, rows) = (known.name.clone(), known.kind.clone(), known.rows);
            let relation = TracedRelation { name, kind, rows, bytes };
            if let Some(file) = own.file.filter(|file| *file != known.file) {
                known.file = file;
                rewrites.insert(own.relation.clone(), relation.clone());
            }
            if self.trace.held.insert((own.relation.clone(), own.mode)) {
                taken.push((own.relation, TracedLock { relation, mode: own.mode, held: Duration::ZERO }));
            }
        }
        taken.retain(|(relation, lock)| !self.trace.is_covered(relation, lock.mode));
        Ok((taken.into_iter().map(|(_, lock)| lock).collect(), rewrites.into_values().collect()))
    }

    /// Ends the dry run at a statement that does not get a lock, and finds out who has it.
    async fn would_wait(&mut self, item: Item<'a>, statement: StatementBegun) -> Result<(), Stop> {
        let duration = self.session.spent;
        self.roll_back().await?;
        let mut waits_for = Vec::new();
        if let Some(message) = self.dialect.lock_holders(&words(statement.sql())) {
            let results = self.ask_trace(message).await?;
            let holders = results.iter().flat_map(lock_holders);
            waits_for.extend(holders.map(|(session, mode, relation)| LockHolder { session, relation, mode }));
        }
        let (locks, rewrites) = (Vec::new(), Vec::new());
        self.trace.statements.push(StatementTrace { statement, duration, locks, rewrites, waits_for });
        self.break_off(item, Untried::Locked);
        Ok(())
    }

    async fn ask_trace(&mut self, message: String) -> Result<Vec<ResultSet>, Stop> {
        let answer = self.session.transact(message).await?;
        answer.map_err(|error| Stop::failed(self.error(Work::TracingLocks, error)))
    }
}

fn begun(item: &Item<'_>, statement: &Statement<'_>, index: usize, total: usize) -> StatementBegun {
    StatementBegun {
        version: item.migration.version(),
        name: item.migration.name().to_owned(),
        path: item.file(),
        number: index + 1,
        total,
        location: Some(Location::of(item.sql(), statement.span().start)),
        sql: statement.text().to_owned(),
    }
}
