//! The dry run: everything in one transaction, so that each migration sees what those before it did, and
//! then back.

use std::ops::Range;

use gapless_core::Migration;

use super::batch::offset;
use super::reply::DbError;
use super::run::{Rollback, Run, State};
use crate::dialect::{Class, Missing, Timeouts, savepoint};
use crate::error::ErrorKind;
use crate::{Applied, Failure, NotTried, Untried};

/// What a dry run has tried so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Rehearsal {
    pub(super) tried: Vec<Applied>,
    pub(super) not_tried: Vec<NotTried>,
}

/// The migration that is being tried, and where its script lies in the message.
#[derive(Debug)]
pub(super) struct Scene<'a> {
    migration: &'a Migration,
    script: Range<usize>,
}

impl<'a> Run<'a> {
    /// Opens the one transaction, with a tracker in it if there is none.
    pub(super) fn begin_rehearsal(&mut self, missing: Missing) -> State<'a> {
        self.message = self.dialect.begin(Timeouts::default());
        self.message += &self.lock_transaction();
        if missing.any() {
            self.message += &self.dialect.create(&self.tracker, missing);
        }
        self.message += &self.create_legacy();
        if !self.plan.changes().is_empty() {
            self.message += &self.amendments();
        }
        State::Rehearsing(None)
    }

    pub(super) fn rehearsed(&mut self, scene: Option<Scene<'a>>) -> State<'a> {
        if let Some(scene) = scene {
            let duration = Some(self.spent);
            let applied = self.applied(scene.migration, duration);
            self.rehearsal.tried.push(applied);
        }
        let Some(migration) = self.queue.pop_front() else { return self.roll_back(Rollback::Done) };
        let directives = migration.directives();
        match (directives.rust(), directives.no_transaction()) {
            (true, _) => self.break_off(migration, Untried::Rust),
            (false, true) => self.break_off(migration, Untried::NoTransaction),
            (false, false) => self.rehearse(migration),
        }
    }

    /// Ends at a migration that cannot be tried. What comes after it would run on a database that it will never
    /// meet: an error there says nothing, and success next to nothing.
    fn break_off(&mut self, migration: &'a Migration, reason: Untried) -> State<'a> {
        let after = Untried::After(migration.version());
        let rest: Vec<_> = self.queue.drain(..).map(|later| (later, after)).collect();
        for (migration, reason) in [(migration, reason)].into_iter().chain(rest) {
            let pending = self.pending(migration.version());
            self.rehearsal.not_tried.extend(pending.map(|pending| NotTried { pending, reason }));
        }
        self.roll_back(Rollback::Done)
    }

    fn rehearse(&mut self, migration: &'a Migration) -> State<'a> {
        let timeouts = self.dialect.set_local_timeouts(self.timeouts(migration));
        let savepoint = savepoint(&self.token);
        self.message = format!("SAVEPOINT {savepoint};\n{timeouts}");
        self.message += &self.record(migration, None);
        let script = self.message.len();
        self.message += migration.sql();
        let script = script..self.message.len();
        self.message += "\n;\n";
        self.message += self.dialect.check_deferred();
        self.message += &self.restore();
        self.message += &format!("RELEASE SAVEPOINT {savepoint};\n");
        State::Rehearsing(Some(Scene { migration, script }))
    }

    pub(super) fn not_rehearsed(&mut self, scene: Option<Scene<'a>>, error: DbError) -> State<'a> {
        let kind = match (scene, self.dialect.classify(&error, &self.tracker)) {
            (_, Class::Busy) => return self.roll_back(Rollback::Busy(error)),
            (Some(scene), Class::Untriable) => return self.break_off(scene.migration, Untried::Uncommitted),
            (None, Class::Permission) => {
                ErrorKind::Permission { doing: format!("trying to create {}", self.tracker.shown()), error }
            }
            (None, _) => ErrorKind::Database { doing: "beginning the dry run".to_owned(), error },
            (Some(scene), class) => {
                let at = offset(&error, &self.message, self.dialect);
                let at = at.filter(|at| scene.script.contains(at)).map(|at| at - scene.script.start);
                let failure = Failure::new(scene.migration, error, at, self.dialect.syntax());
                ErrorKind::Migration(if class == Class::Ended { failure.ended(false) } else { failure })
            }
        };
        self.roll_back(Rollback::End(kind))
    }
}
