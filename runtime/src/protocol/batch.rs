//! Applies many migrations in one message, each in its own transaction.

use std::ops::Range;

use gapless_core::{Migration, split};

use super::Stop;
use super::item::{Execution, Item};
use super::length::AROUND_EACH;
use super::protocol::Protocol;
use super::reply::DbError;
use crate::dialect::{Class, Dialect, Prepared, Unlock, durations};
use crate::report::error::ErrorKind;
use crate::runner::options::Locking;

/// The length of a message, about, so that neither side holds much of it at once.
pub(super) const MOST_BYTES: usize = 1 << 20;

/// Preparing the rows of fewer migrations costs as much as it saves: a server plans a statement anew the first five
/// times (PostgreSQL's documentation of `PREPARE`).
const WORTH_PREPARING: usize = 10;

/// The most migrations in a message, so that users see progress.
pub(super) const MOST_MIGRATIONS: usize = 200;

/// A message of migrations, as the run sent it.
#[derive(Debug)]
pub(super) struct Batch<'a> {
    pub(super) message: String,
    segments: Vec<Segment<'a>>,
    /// The message ends by giving the lock back.
    unlocks: bool,
    /// The message creates the tracker first.
    pub(super) bootstraps: bool,
    /// The statements that the message prepares.
    pub(super) prepared: Option<Prepared>,
}

/// A migration's part of the message.
#[derive(Debug)]
struct Segment<'a> {
    item: Item<'a>,
    /// From its `BEGIN` to its `COMMIT`.
    whole: Range<usize>,
    script: Range<usize>,
}

/// The place of an error in a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Culprit {
    pub(super) index: usize,
    /// The byte in the migration's script, if the error lies there.
    pub(super) at: Option<usize>,
}

impl<'a> Batch<'a> {
    pub(super) fn members(&self) -> impl Iterator<Item = &'a Migration> {
        self.items().map(|item| item.migration)
    }

    pub(super) fn items(&self) -> impl Iterator<Item = Item<'a>> {
        self.segments.iter().map(|segment| segment.item)
    }

    /// Names its migrations in few words.
    pub(super) fn shown(&self) -> String {
        match self.segments.as_slice() {
            [] => "nothing".to_owned(),
            [one] => format!("migration {}", shown(one.item.migration)),
            [first, .., last] => {
                format!("migrations {} to {}", shown(first.item.migration), shown(last.item.migration))
            }
        }
    }

    /// Finds the member that another runner has recorded before. Only the tracker's own key tells, as scripts have
    /// unique keys too.
    pub(super) fn fenced(&self, class: Class) -> Option<Culprit> {
        let Class::Fence { version: Some(version) } = class else { return None };
        // A baseline records other versions too.
        let of_it = |member: &Migration| {
            member.version() == version || (member.is_baseline() && version < member.version())
        };
        let index = self.members().position(of_it)?;
        Some(Culprit { index, at: None })
    }

    /// Finds the member whose part of the message holds the error, if the database said where it lies.
    pub(super) fn culprit(&self, error: &DbError, dialect: &dyn Dialect) -> Option<Culprit> {
        let at = offset(error, &self.message, dialect)?;
        let index = self.segments.iter().position(|segment| segment.whole.contains(&at))?;
        let script = &self.segments[index].script;
        Some(Culprit { index, at: script.contains(&at).then(|| at - script.start) })
    }
}

impl<'a> Protocol<'a> {
    /// Applies the batch at the head of the queue. Returns the failure that ends the run once the rest of the queue is
    /// applied.
    pub(super) async fn apply_batch(&mut self, ends_run: bool) -> Result<Option<ErrorKind>, Stop> {
        let batch = self.batch(ends_run);
        self.tell_applying(batch.members().map(Migration::version));
        self.session.is_at(format!("applying {}", batch.shown()));
        let results = match self.session.transact(batch.message.clone()).await? {
            Ok(results) => results,
            Err(error) => return self.recover(batch, error).await,
        };
        self.session.set_exists = true;
        self.cleanup.undurable = false;
        if batch.bootstraps {
            self.bootstrapped();
        }
        let durations = durations(&results).map(Some).chain(std::iter::repeat(None));
        for (migration, duration) in batch.members().zip(durations) {
            self.mark(migration, duration.flatten());
        }
        self.renew_patience();
        if batch.unlocks {
            self.session.locked = false;
            self.check_unlock(Unlock::read(&results));
        }
        Ok(None)
    }

    /// Writes the message for the transactional migrations at the head of the queue.
    fn batch(&mut self, ends_run: bool) -> Batch<'a> {
        let ready = self.queue.iter().take_while(|item| !self.is_to_be_asked(item.migration));
        let items = self.members(ready);
        let members: Vec<_> = items.iter().map(|item| item.migration).collect();
        let last = ends_run && members.len() == self.queue.len();
        let mut message = headline(&members) + &self.same_backend() + &self.none_unfinished(&members);
        let missing = self.bootstrapping.with_batch.take();
        // The commit that makes the last migration durable makes this durable too.
        message.extend(missing.map(|missing| self.create(missing, false)));
        let mut batch = Batch {
            message,
            segments: Vec::new(),
            unlocks: false,
            bootstraps: missing.is_some(),
            prepared: None,
        };
        self.write_segments(&mut batch, &items);
        batch.unlocks = last && self.session.locked;
        if batch.unlocks {
            batch.message += &self.dialect.unlock(&self.tracker, self.session.pid);
        }
        batch
    }

    fn members<'q>(&self, queue: impl Iterator<Item = &'q Item<'a>>) -> Vec<Item<'a>>
    where
        'a: 'q,
    {
        let most = self.most_together();
        let around = self.session.longest.map_or(0, |_| AROUND_EACH);
        let mut bytes = 0;
        let fits = |item: &&'q Item<'a>| {
            let fits = bytes == 0 || bytes + item.migration.sql().len() <= most;
            bytes += item.migration.sql().len() + around;
            fits && item.execution == Execution::Batched
        };
        queue.take_while(fits).take(MOST_MIGRATIONS).copied().collect()
    }

    /// Writes each member's part. Where many scripts in a row define objects and do nothing else, it prepares their
    /// rows: any other script may make the session forget prepared statements.
    fn write_segments(&self, batch: &mut Batch<'a>, items: &[Item<'a>]) {
        let syntax = self.dialect.syntax();
        let plain: Vec<_> = items.iter().map(|item| item.migration.is_ddl_only(syntax)).collect();
        let alike = |index: &usize| plain[*index] && !items[*index].migration.is_baseline();
        let restore = self.restore();
        // A pooler may hand the session on before the statements are forgotten.
        let session = self.options.locking == Locking::Session;
        let prepared = self.dialect.prepared(&self.tracker, &self.token).filter(|_| session);
        let (mut ready, mut used): (Option<&Prepared>, bool) = (None, false);
        for (index, item) in items.iter().enumerate() {
            let many = || (index..items.len()).take_while(alike).nth(WORTH_PREPARING).is_some();
            if let Some(prepared) = ready.filter(|_| !alike(&index)) {
                batch.message.push_str(&prepared.end);
                ready = None;
            } else if let (None, Some(prepared)) = (ready, prepared.as_ref().filter(|_| many())) {
                batch.message.push_str(&prepared.begin);
                (ready, used) = (Some(prepared), true);
            }
            // Comparing the settings takes as long as a small migration.
            let restore = if plain[index] { "" } else { &restore };
            let durable = index + 1 == items.len();
            let envelope = self.up_envelope(item.migration, ready, restore, durable);
            let whole = batch.message.len();
            let script = envelope.write(&mut batch.message, item.sql(), self.dialect);
            batch.segments.push(Segment { item: *item, whole: whole..batch.message.len(), script });
        }
        if let Some(prepared) = ready {
            batch.message.push_str(&prepared.end);
        }
        batch.prepared = prepared.filter(|_| used);
    }
}

/// Names a migration in few words.
pub(super) fn shown(migration: &Migration) -> String {
    format!("{} `{}`", migration.version(), migration.name())
}

/// Finds the byte of the message where an error lies: the position that the database states, or the statement after the
/// last that succeeded.
pub(super) fn offset(error: &DbError, message: &str, dialect: &dyn Dialect) -> Option<usize> {
    let stated = error.position.map(|position| position.bytes(message));
    stated.or_else(|| dialect.untranslatable(error, message)).or_else(|| {
        let statements = split(message, dialect.syntax()).ok()?;
        statements.get(error.completed?).map(|statement| statement.span().start)
    })
}

/// Writes the line that the server's list of activity shows first.
pub(super) fn headline(members: &[&Migration]) -> String {
    let shown = |migration: &Migration| format!("{} {}", migration.version(), migration.name());
    match members {
        [] => String::new(),
        [one] => format!("-- gapless: applying {}\n", shown(one)),
        [first, .., last] => {
            format!(
                "-- gapless: applying {} migrations, {} to {}\n",
                members.len(),
                shown(first),
                shown(last)
            )
        }
    }
}

/// Writes the same line for a statement that is sent by itself.
pub(super) fn step_headline(item: &Item<'_>, at: usize, total: usize) -> String {
    let (migration, work) = (item.migration, if item.is_down() { "rolling back" } else { "applying" });
    let (version, name) = (migration.version(), migration.name());
    format!("-- gapless: {work} {version} {name}, statement {} of {total}\n", at + 1)
}
