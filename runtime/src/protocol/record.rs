//! Writes the row of a migration in the applied set, and all that goes with each such row: the names that the migration
//! had before, and a check that no other release has it under one of its names.

use gapless_core::{Migration, Version};

use super::protocol::Protocol;
use crate::Change;
use crate::dialect::{Names, Prepared};
use crate::plan::covered;

impl<'a> Protocol<'a> {
    /// Records a migration, or all migrations of a baseline, in the open transaction.
    pub(super) fn record(&self, migration: &Migration, prepared: Option<&Prepared>) -> String {
        let baseline = self.set.baseline().filter(|_| migration.is_baseline());
        let recorded: Vec<_> = match baseline {
            Some(baseline) => covered(self.set, baseline).collect(),
            None => vec![migration],
        };
        let row = match (baseline, prepared) {
            (Some(baseline), _) => {
                self.dialect.record_covered(&self.tracker, &mut covered(self.set, baseline))
            }
            (None, Some(prepared)) => prepared.record(self.dialect, migration),
            (None, None) => self.dialect.record(&self.tracker, migration),
        };
        let mut sql = self.claim(&recorded);
        sql += &row;
        for one in &recorded {
            sql += &self.journal_names(&self.names(one));
        }
        sql + &self.contest(migration, &recorded)
    }

    /// Writes the repairs of the history, and the earlier names of the recorded migrations.
    pub(super) fn repairs(&self) -> String {
        let changes = self.plan.changes();
        let mut sql = self.dialect.repair(&self.tracker, changes);
        for change in changes {
            let mut names = self.names_of(change.version(), change.name());
            match change {
                // Its own row of the journal tells this one.
                Change::Renamed { from: (old, known), .. } => {
                    names.before.retain(|stem| *stem != (*old, known.as_str()));
                }
                Change::Accepted { .. } => continue,
                _ => {}
            }
            sql += &self.journal_names(&names);
        }
        sql
    }

    /// Journals the earlier names of a migration, for releases that know no other.
    pub(super) fn journal_names(&self, names: &Names<'_>) -> String {
        if names.before.is_empty() {
            return String::new();
        }
        self.dialect.journal_names(&self.tracker, names)
    }

    /// Returns the names of a migration.
    pub(super) fn names<'m>(&self, migration: &'m Migration) -> Names<'m>
    where
        'a: 'm,
    {
        self.names_of(migration.version(), migration.name())
    }

    /// Returns this name of a version, and those that `renames.txt` says it had before.
    fn names_of<'m>(&self, version: Version, name: &'m str) -> Names<'m>
    where
        'a: 'm,
    {
        let renames = self.set.renames().iter().filter(|rename| rename.to() == version);
        Names { version, name, before: renames.filter_map(gapless_core::Rename::from_stem).collect() }
    }

    /// Keeps releases that have a migration under different numbers from recording it at the same time, where no lock
    /// does: the key of the set only keeps numbers apart.
    pub(super) fn claim(&self, recorded: &[&Migration]) -> String {
        if self.is_alone() || self.options.locking == crate::Locking::Transaction {
            return String::new();
        }
        let before = recorded.iter().flat_map(|one| self.names(one).before);
        let own = recorded.iter().filter(|_| recorded.len() == 1).map(|one| (one.version(), one.name()));
        let mut stems: Vec<_> = before.chain(own).collect();
        // All runs claim names in one order, so that no two wait for each other.
        stems.sort_unstable();
        stems.dedup();
        stems
            .into_iter()
            .map(|(version, name)| self.dialect.claim_name(&self.tracker, version, name))
            .collect()
    }

    /// Fails like the key of the set if another release has recorded one of these under another name since the
    /// observation.
    fn contest(&self, migration: &Migration, recorded: &[&Migration]) -> String {
        if self.is_alone() {
            return String::new();
        }
        let recorded: Vec<_> = recorded.iter().map(|one| self.names(one)).collect();
        self.dialect.contest(&self.tracker, migration, &recorded)
    }

    /// Returns `true` if no other runner can have recorded anything since the observation.
    pub(super) fn is_alone(&self) -> bool {
        self.session.locked && self.session.node.is_none()
    }
}
