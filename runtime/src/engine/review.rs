//! What a refused message came to.

use std::collections::BTreeMap;

use gapless_core::{Migration, Version};

use super::batch::{Batch, Culprit, untranslatable};
use super::look::Decision;
use super::reply::{DbError, Position, ResultSet};
use super::run::{After, Rollback, Run, State};
use crate::Failure;
use crate::dialect::Class;
use crate::error::ErrorKind;
use crate::event::Event;
use crate::history::{History, Row};

/// A message that the database refused.
#[derive(Debug)]
pub(super) struct Refusal<'a> {
    batch: Batch<'a>,
    pub(super) error: DbError,
    /// Where the error lies, if the database said so.
    located: Option<Culprit>,
    /// Whether the look has done without the journal, which the role may not read.
    plain: bool,
}

impl<'a> Refusal<'a> {
    pub(super) fn new(run: &Run<'a>, batch: Batch<'a>, mut error: DbError) -> Refusal<'a> {
        let lacking = untranslatable(&error, &run.message).map(Position::Byte);
        error.position = error.position.or(lacking);
        let fenced = || {
            // Only of the tracker's own key: scripts have unique keys too.
            let ours = run.dialect.classify(&error, &run.tracker) == Class::Fence;
            let version = key_of(error.detail.as_deref().filter(|_| ours)?)?;
            // A baseline records other versions too.
            let of_it = |member: &Migration| {
                member.version() == version || (member.is_baseline() && version < member.version())
            };
            let index = batch.members().position(of_it)?;
            Some(Culprit { index, at: None })
        };
        let located = batch.culprit(&error, &run.message, run.dialect).or_else(fenced);
        Refusal { batch, error, located, plain: false }
    }
}

impl<'a> Run<'a> {
    pub(super) fn not_applied(&mut self, batch: Batch<'a>, error: DbError) -> State<'a> {
        if let Some(kind) = self.handed_on(&error) {
            return self.end(Err(kind));
        }
        if self.dialect.classify(&error, &self.tracker) == Class::Unfinished {
            return self.roll_back(Rollback::Unfinished);
        }
        let refusal = Refusal::new(self, batch, error);
        self.roll_back(Rollback::Review(refusal))
    }

    /// Looks at the database after a rollback: the set, and which of it is this run's.
    pub(super) fn look_after(&mut self, refusal: Refusal<'a>) -> State<'a> {
        self.message = self.dialect.observe(&self.tracker, None);
        if !refusal.plain {
            let mut versions = refusal.batch.versions();
            let first = versions.next().unwrap_or(Version::MIN);
            self.message +=
                &self.dialect.recorded_how(&self.tracker, first, versions.last().unwrap_or(first));
        }
        State::Reviewing(refusal)
    }

    /// A look that failed too: the first error is the one to report.
    pub(super) fn not_reviewed(&mut self, refusal: Refusal<'a>, error: &DbError) -> State<'a> {
        let class = self.dialect.classify(error, &self.tracker);
        if matches!(class, Class::Busy | Class::Retry | Class::Canceled) {
            return match self.repeat(State::Reviewing(refusal), error) {
                Ok(state) => state,
                Err(state) => match *state {
                    State::Reviewing(refusal) => self.unlooked(refusal),
                    state => state,
                },
            };
        }
        if refusal.batch.bootstraps() {
            return self.take_apart();
        }
        if refusal.plain {
            return self.refused(refusal, |_| true);
        }
        self.look_after(Refusal { plain: true, ..refusal })
    }

    /// The time for looking is over: the first error is the one to report, unless it was a busy database too.
    fn unlooked(&mut self, refusal: Refusal<'a>) -> State<'a> {
        let kind = self.unreviewed(refusal).unwrap_or_else(|said| ErrorKind::LockWait {
            waited: self.lock_waited,
            holder: None,
            busy: Some(said.message),
        });
        self.end(Err(kind))
    }

    /// `results` are those of a look at the database after the rollback.
    pub(super) fn review(&mut self, mut refusal: Refusal<'a>, results: &[ResultSet]) -> State<'a> {
        let history = match results.get(1).map(History::read) {
            Some(Ok(history)) => history,
            Some(Err(problem)) => {
                let table = self.tracker.shown();
                return self.end(Err(ErrorKind::Shape { table, problem }));
            }
            None => History::default(),
        };
        let recorded = |migration: &Migration| history.find(migration.version()).is_some();
        let how = Recorded::read(results.get(2));
        // In the set, and the journal says by whom.
        let settled = |migration: &Migration| recorded(migration) && how.is_told(migration.version());
        let missing = refusal.batch.members().position(|member| !settled(member));
        let class = self.dialect.classify(&refusal.error, &self.tracker);
        // A position may belong to another text, that of a prepared statement or a function: what is recorded
        // has not failed.
        if class != Class::Fence && refusal.migration().is_some_and(settled) {
            refusal.located = None;
        }
        self.session.set_exists = true;
        let retries = class == Class::Retry && self.attempt <= self.options.retries;
        // What another runner recorded while this message ran is not ours to report.
        let ours = |member: &&Migration| how.is_of(member.version(), &self.token);
        let done: Vec<_> = refusal.batch.members().filter(ours).collect();
        if refusal.batch.bootstraps() && done.is_empty() && !retries {
            return self.take_apart();
        }
        let ran = !done.is_empty();
        // Only the last of a message commits durably, and it has not come to that.
        self.undurable |= ran;
        if ran {
            self.attempt = 1;
        }
        for migration in done {
            self.mark(migration, None);
        }
        // Statements run one after the other. Only a message that was refused before any of it ran can have its error
        // further on; and what a script hides from us is not counted by us.
        let further = |culprit: Culprit| Some(culprit.index) != missing;
        if class != Class::Fence && (ran || refusal.error.position.is_none()) {
            refusal.located = refusal.located.filter(|culprit| !further(*culprit));
        }
        // A script that writes to the tracker meets the fence too, and no other runner is to blame.
        let overtaken = match refusal.migration() {
            Some(migration) if migration.is_baseline() => !history.is_empty(),
            Some(migration) => recorded(migration) || self.is_elsewhere(migration, &history),
            None => refusal.batch.members().any(recorded),
        };
        refusal.located = refusal.located.or(missing.map(|index| Culprit { index, at: None }));
        // Nobody else has recorded it: this message has, in a transaction that ended too early.
        if class != Class::Fence && refusal.migration().is_some_and(|one| recorded(one) && !settled(one)) {
            return self.ended_early(refusal, true);
        }
        match class {
            Class::Fence if overtaken && self.is_overtaken(history.rows().len()) => self.go_on(history),
            Class::Unrecorded | Class::Ended => self.ended_early(refusal, false),
            Class::Busy => self.await_database(After::Look, &refusal.error),
            Class::Retry if retries => self.retry(&refusal),
            _ => self.refused(refusal, recorded),
        }
    }

    /// Whether another release may have recorded it under another name.
    fn is_elsewhere(&self, migration: &Migration, history: &History) -> bool {
        let known =
            |(version, name): &(Version, &str)| history.find(*version).is_some_and(|row| row.name == *name);
        let strange = |row: &Row| self.set.find(row.version).is_none_or(|ours| ours.name() != row.name);
        self.names_before(migration.version()).iter().any(known) || history.rows().iter().any(strange)
    }

    /// Another runner was faster with one of them: what is left is ours.
    fn go_on(&mut self, history: History) -> State<'a> {
        match self.decide_on(history) {
            Decision::End(end) => *end,
            Decision::Work if self.overtaken.is_new() => self.begin_work(),
            Decision::Work | Decision::Ask(_) => self.look_anew(),
        }
    }

    fn retry(&mut self, refusal: &Refusal<'a>) -> State<'a> {
        if let Some(migration) = refusal.migration() {
            let (version, attempt) = (migration.version(), self.attempt);
            self.emit(&Event::Retrying { version, attempt, reason: &refusal.error.message });
        }
        self.attempt += 1;
        self.report.retries += 1;
        State::Waiting(self.backoff.retry(), After::Look)
    }

    /// The transaction was over before its end: something may be kept, and to try again may do it twice.
    fn ended_early(&mut self, refusal: Refusal<'a>, kept: bool) -> State<'a> {
        let migration = refusal.migration();
        let Refusal { error, located, .. } = refusal;
        let (Some(culprit), Some(migration)) = (located, migration) else {
            return self.broke_off("applying migrations, all of which are recorded", error);
        };
        let error = match self.dialect.classify(&error, &self.tracker) {
            Class::Unrecorded | Class::Ended if kept => {
                said("the script has ended the migration's transaction")
            }
            Class::Unrecorded | Class::Ended => said(
                "the script has ended the migration's transaction, or removed its own row from the tracker",
            ),
            _ => error,
        };
        let failure = Failure::new(migration, error, culprit.at, self.dialect.syntax()).ended(kept);
        self.fail(ErrorKind::Migration(failure))
    }

    /// What is known of a refusal when nobody can look at the database any more: the migration that failed, where
    /// the database said where it lies and did not mean another runner, or else what it said.
    pub(super) fn unreviewed(&self, refusal: Refusal<'a>) -> Result<ErrorKind, Box<DbError>> {
        let migration = refusal.migration();
        let Refusal { batch, error, located, .. } = refusal;
        let only = batch.members().next().filter(|_| batch.members().count() == 1 && !batch.bootstraps());
        let passing = [Class::Fence, Class::Busy, Class::Retry, Class::HandedOn, Class::Exists];
        let class = self.dialect.classify(&error, &self.tracker);
        match migration.or(only).filter(|_| !passing.contains(&class) && !self.is_ours(&error)) {
            Some(migration) => {
                let at = located.and_then(|culprit| culprit.at);
                Ok(ErrorKind::Migration(Failure::new(migration, error, at, self.dialect.syntax())))
            }
            None => Err(Box::new(error)),
        }
    }

    /// Names the culprit. What came before it and was refused along with it, because the server reads a
    /// message whole before it runs any of it, is applied first.
    pub(super) fn refused(
        &mut self,
        refusal: Refusal<'a>,
        recorded: impl Fn(&Migration) -> bool,
    ) -> State<'a> {
        let migration = refusal.migration();
        let Refusal { batch, error, located, .. } = refusal;
        let (Some(culprit), Some(migration)) = (located, migration) else {
            return self.broke_off("applying migrations, all of which are recorded", error);
        };
        let (class, before) = (self.dialect.classify(&error, &self.tracker), culprit.index);
        let unsaid =
            matches!(class, Class::Other | Class::Permission | Class::Exists) && culprit.at.is_none();
        let ready = batch.members().take(before).all(&recorded) && !self.is_ours(&error);
        let probed = if unsaid && ready { self.probe(migration, error) } else { Err(Box::new(error)) };
        let error = match probed {
            Ok(probing) => return probing,
            Err(error) => *error,
        };
        let doing = || format!("recording version {} in {}", migration.version(), self.tracker.shown());
        let kind = match self.dialect.classify(&error, &self.tracker) {
            Class::ReadOnly if self.session.read_only => {
                ErrorKind::ReadOnly { pending: self.queue.len(), standby: self.session.standby }
            }
            Class::Permission if culprit.at.is_none() && self.is_ours(&error) => {
                ErrorKind::Permission { doing: doing(), error }
            }
            _ if culprit.at.is_none() && self.is_ours(&error) => {
                ErrorKind::Database { doing: doing(), error }
            }
            _ => ErrorKind::Migration(Failure::new(migration, error, culprit.at, self.dialect.syntax())),
        };
        self.queue = batch.members().take(culprit.index).filter(|member| !recorded(member)).collect();
        self.doomed = Some(kind);
        self.next()
    }

    /// Whether a refusal names the tracker's own tables.
    pub(super) fn is_ours(&self, error: &DbError) -> bool {
        let tables = [self.tracker.table(), &self.tracker.journal_table()];
        if error.schema.as_deref() == Some(self.tracker.schema())
            && tables.map(Some).contains(&error.table.as_deref())
        {
            return true;
        }
        // No field names the table that a privilege is missing for, and the words around it are in any language.
        let part = |char: char| char.is_alphanumeric() || char == '_' || char == '$';
        let ends = |rest: &str, next: Option<char>| rest.is_empty() || !next.is_some_and(part);
        let named = |name: &str| {
            error.message.match_indices(name).any(|(at, _)| {
                let (before, after) = (&error.message[..at], &error.message[at + name.len()..]);
                ends(before, before.chars().next_back()) && ends(after, after.chars().next())
            })
        };
        named(self.tracker.table()) || named(&self.tracker.journal_table())
    }
}

impl<'a> Refusal<'a> {
    /// The migration at fault.
    fn migration(&self) -> Option<&'a Migration> {
        self.batch.members().nth(self.located?.index)
    }
}

/// The version in `Key (version)=(7) already exists.`, in whatever language the server says it.
fn key_of(detail: &str) -> Option<Version> {
    let (_, after) = detail.split_once("(version)=(")?;
    after.split_once(')')?.0.parse().ok()
}

fn said(message: &str) -> DbError {
    DbError { message: message.to_owned(), ..DbError::default() }
}

/// How versions came into the set, as the journal says.
struct Recorded {
    /// The last event of each, with its detail; `None` if the journal could not be read.
    last: Option<BTreeMap<Version, (String, Option<String>)>>,
}

impl Recorded {
    fn read(rows: Option<&ResultSet>) -> Recorded {
        let entry = |row: &[Option<String>]| match row {
            [Some(version), Some(event), detail] => {
                Some((version.parse().ok()?, (event.clone(), detail.clone())))
            }
            _ => None,
        };
        Recorded { last: rows.map(|rows| rows.rows().filter_map(entry).collect()) }
    }

    /// Whether the run with this token has applied it.
    fn is_of(&self, version: Version, token: &str) -> bool {
        let last = self.last.as_ref().and_then(|last| last.get(&version));
        last.is_some_and(|(event, detail)| {
            matches!(event.as_str(), "applied" | "baselined") && detail.as_deref() == Some(token)
        })
    }

    /// Whether somebody has journaled that it is in the set, as far as that can be known.
    fn is_told(&self, version: Version) -> bool {
        self.last
            .as_ref()
            .is_none_or(|last| last.get(&version).is_some_and(|(event, _)| event != "rolled_back"))
    }
}
