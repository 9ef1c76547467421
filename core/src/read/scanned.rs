//! Holds the result of a scan: migrations and their files.

use std::path::PathBuf;

use super::pattern::Pattern;
use crate::set::{Migration, MigrationSet, Rename, Rules, digest};

/// The result of a scan: the migrations, in ascending order, and their files.
#[derive(Debug)]
pub struct Scan {
    pub(super) found: Found,
    pub(super) patterns: Vec<Pattern>,
    pub(super) rules: Rules,
    pub(super) watched: Vec<PathBuf>,
}

/// The migrations, the baseline and the renames of the directories.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(super) migrations: Vec<Scanned>,
    pub(super) baseline: Option<Scanned>,
    pub(super) renames: Vec<Rename>,
}

/// A migration and its files.
#[derive(Debug)]
#[non_exhaustive]
pub struct Scanned {
    /// The migration.
    pub migration: Migration,
    /// The file of [`Migration::sql`].
    pub up: ScannedFile,
    /// The file of [`Migration::down`].
    pub down: Option<ScannedFile>,
}

/// A file of a migration.
#[derive(Debug)]
#[non_exhaustive]
pub struct ScannedFile {
    /// The absolute path.
    pub path: PathBuf,
    /// True if the migration's text differs from the file's bytes.
    pub rewritten: bool,
}

impl Scan {
    /// Returns the migrations, in ascending order.
    pub fn migrations(&self) -> &[Scanned] {
        &self.found.migrations
    }

    /// Returns the baseline, which stands for all migrations up to its version on an empty database.
    pub fn baseline(&self) -> Option<&Scanned> {
        self.found.baseline.as_ref()
    }

    /// Returns the renames: migrations that may be applied under another name.
    pub fn renames(&self) -> &[Rename] {
        &self.found.renames
    }

    /// Returns the [digest](MigrationSet::digest) of the set.
    pub fn digest(&self) -> Option<i64> {
        let migrations = self.found.migrations.iter().map(|scanned| &scanned.migration);
        digest(migrations, self.found.baseline.as_ref().map(|scanned| &scanned.migration))
    }

    /// Returns the files beside the migrations on which the result depends.
    pub fn watched(&self) -> &[PathBuf] {
        &self.watched
    }

    pub(crate) fn rules(&self) -> Rules {
        self.rules
    }

    /// Returns the set without its files.
    pub fn into_set(self) -> MigrationSet {
        let Found { migrations, baseline, renames } = self.found;
        let migrations = migrations.into_iter().map(|scanned| scanned.migration).collect();
        let baseline = baseline.map(|scanned| scanned.migration);
        let sources = self.patterns.iter().map(|pattern| pattern.as_str().to_owned().into()).collect();
        MigrationSet::scanned(migrations, baseline, renames, sources, self.rules)
    }
}
