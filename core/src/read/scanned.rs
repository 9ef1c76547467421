//! The result of a scan: migrations and the files that they were read from.

use std::path::PathBuf;

use super::pattern::Pattern;
use crate::set::{Migration, MigrationSet, Rename, Rules, digest};

/// The result of a scan: the migrations, ascending by version, and their files.
#[derive(Debug)]
pub struct Scan {
    pub(super) found: Found,
    pub(super) patterns: Vec<Pattern>,
    pub(super) rules: Rules,
    pub(super) watched: Vec<PathBuf>,
}

/// The migrations, the baseline and the renames that were put together from the files.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(super) migrations: Vec<Scanned>,
    pub(super) baseline: Option<Scanned>,
    pub(super) renames: Vec<Rename>,
}

/// A migration and the files that it was read from.
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

/// A file that was read.
#[derive(Debug)]
#[non_exhaustive]
pub struct ScannedFile {
    /// Where it is.
    pub path: PathBuf,
    /// True if its text was normalised, so that it differs from the file's bytes.
    pub rewritten: bool,
}

impl Scan {
    /// The migrations, ascending.
    pub fn migrations(&self) -> &[Scanned] {
        &self.found.migrations
    }

    /// The script that stands for all migrations up to its version on an empty database.
    pub fn baseline(&self) -> Option<&Scanned> {
        self.found.baseline.as_ref()
    }

    /// The migrations that are applied under another name.
    pub fn renames(&self) -> &[Rename] {
        &self.found.renames
    }

    /// See [`MigrationSet::digest`].
    pub fn digest(&self) -> Option<i64> {
        let migrations = self.found.migrations.iter().map(|scanned| &scanned.migration);
        digest(migrations, self.found.baseline.as_ref().map(|scanned| &scanned.migration))
    }

    /// Files beside the migrations that the result depends on.
    pub fn watched(&self) -> &[PathBuf] {
        &self.watched
    }

    pub(crate) fn rules(&self) -> Rules {
        self.rules
    }

    /// The set without its files.
    pub fn into_set(self) -> MigrationSet {
        let Found { migrations, baseline, renames } = self.found;
        let migrations = migrations.into_iter().map(|scanned| scanned.migration).collect();
        let baseline = baseline.map(|scanned| scanned.migration);
        let sources = self.patterns.iter().map(|pattern| pattern.as_str().to_owned().into()).collect();
        MigrationSet::scanned(migrations, baseline, renames, sources, self.rules)
    }
}
