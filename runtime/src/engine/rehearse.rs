//! The dry run: everything in one transaction, so that each migration sees what those before it did, and
//! then back.

use std::ops::Range;

use gapless_core::Migration;

use super::batch::offset;
use super::reply::DbError;
use super::run::{Rollback, Run, State};
use crate::dialect::{Class, Missing, Timeouts};
use crate::error::ErrorKind;
use crate::{Applied, Failure, Pending};

/// What a dry run has tried so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Rehearsal {
    pub(super) tried: Vec<Applied>,
    pub(super) not_tried: Vec<Pending>,
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
            self.message += &self.dialect.amend(&self.tracker, self.plan.changes());
        }
        State::Rehearsing(None)
    }

    pub(super) fn rehearsed(&mut self, scene: Option<Scene<'a>>) -> State<'a> {
        if let Some(scene) = scene {
            let duration = Some(self.spent);
            let applied = self.applied(scene.migration, duration);
            self.rehearsal.tried.push(applied);
        }
        while let Some(migration) = self.queue.pop_front() {
            if migration.directives().no_transaction() || migration.directives().rust() {
                let pending = self.pending(migration.version());
                self.rehearsal.not_tried.extend(pending);
                continue;
            }
            return self.rehearse(migration);
        }
        self.roll_back(Rollback::Done)
    }

    fn rehearse(&mut self, migration: &'a Migration) -> State<'a> {
        let timeouts = self.dialect.set_local_timeouts(self.timeouts(migration));
        self.message = format!("SAVEPOINT gapless;\n{timeouts}");
        self.message += &self.record(migration, None);
        let script = self.message.len();
        self.message += migration.sql();
        let script = script..self.message.len();
        self.message += "\n;\n";
        self.message += self.dialect.check_deferred();
        self.message += &self.restore();
        self.message += "RELEASE SAVEPOINT gapless;\n";
        State::Rehearsing(Some(Scene { migration, script }))
    }

    pub(super) fn not_rehearsed(&mut self, scene: Option<Scene<'a>>, error: DbError) -> State<'a> {
        let kind = match (scene, self.dialect.classify(&error, &self.tracker)) {
            (_, Class::Busy) => return self.roll_back(Rollback::Look),
            (Some(scene), Class::Untriable) => {
                let left = [scene.migration].into_iter().chain(self.queue.drain(..).collect::<Vec<_>>());
                let left: Vec<_> = left.filter_map(|migration| self.pending(migration.version())).collect();
                self.rehearsal.not_tried.extend(left);
                return self.roll_back(Rollback::Done);
            }
            (None, Class::Permission) => {
                ErrorKind::Permission { doing: format!("trying to create {}", self.tracker.shown()), error }
            }
            (None, _) => ErrorKind::Database { doing: "beginning the dry run".to_owned(), error },
            (Some(scene), _) => {
                let at = offset(&error, &self.message, self.dialect);
                let at = at.filter(|at| scene.script.contains(at)).map(|at| at - scene.script.start);
                ErrorKind::Migration(Failure::new(scene.migration, error, at, self.dialect.syntax()))
            }
        };
        self.roll_back(Rollback::End(kind))
    }
}
