//! Holds the directories that patterns name, and the files of migrations in them.

use std::path::PathBuf;

use super::layout::Named;
use crate::lint::Problem;
use crate::set::Directives;

/// The contents of directories.
#[derive(Default)]
pub(crate) struct Listing {
    pub(crate) directories: Vec<Directory>,
    /// In the order of the directories, and then by name.
    pub(crate) files: Vec<File>,
    /// Files beside the migrations that the result depends on.
    pub(crate) watched: Vec<PathBuf>,
    pub(crate) problems: Vec<Problem>,
}

/// A directory of migrations.
pub(crate) struct Directory {
    pub(crate) pattern: usize,
    /// Relative to the root, with forward slashes.
    pub(crate) shown: String,
    pub(crate) path: PathBuf,
    /// The text of its `migrations.lock`.
    pub(crate) lock: Option<String>,
    /// The text of its `renames.txt`.
    pub(crate) renames: Option<String>,
}

/// An entry of a directory.
pub(crate) struct Entry<'a> {
    pub(crate) pattern: usize,
    /// Relative to the root, with forward slashes.
    pub(crate) shown: String,
    pub(crate) name: &'a str,
    pub(crate) path: PathBuf,
}

impl Entry<'_> {
    pub(crate) fn problem(&self, message: impl Into<String>) -> Problem {
        Problem::new(self.pattern, message).file(&self.shown)
    }
}

/// A file whose name is a migration's.
pub(crate) struct File {
    pub(crate) name: Named,
    pub(crate) pattern: usize,
    /// The index of the directory that it lies in.
    pub(crate) directory: usize,
    /// Its name in that directory.
    pub(crate) entry: String,
    /// Relative to the root, with forward slashes, as messages and the table show it.
    pub(crate) shown: String,
    pub(crate) path: PathBuf,
    /// True if its sidecar has it run outside of a transaction.
    pub(crate) no_transaction: bool,
}

impl File {
    pub(crate) fn problem(&self, message: impl Into<String>) -> Problem {
        Problem::new(self.pattern, message).file(&self.shown)
    }

    pub(crate) fn directives(&self) -> Directives {
        if self.no_transaction { Directives::NONE.outside_of_transaction() } else { Directives::NONE }
    }
}
