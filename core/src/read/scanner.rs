//! The state of a scan: the files and directories that were read, and their problems.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::layout::section::Named;
use crate::lint::Problem;
use crate::set::{Checksum, Directives, Rules};

/// A file whose name is a migration's.
pub(crate) struct File {
    pub(crate) name: Named,
    pub(crate) pattern: usize,
    /// The index of the directory that it lies in.
    pub(crate) directory: usize,
    /// Its name in that directory.
    pub(crate) entry: String,
    /// Relative to the root, with forward slashes: what messages and the table show.
    pub(crate) shown: String,
    pub(crate) path: PathBuf,
    /// True if the layout has it run outside of a transaction.
    pub(crate) no_transaction: bool,
}

impl File {
    pub(crate) fn directives(&self) -> Directives {
        if self.no_transaction { Directives::NONE.outside_of_transaction() } else { Directives::NONE }
    }
}

pub(crate) struct Scanner<'a> {
    pub(crate) root: &'a Path,
    pub(crate) rules: Rules,
    /// True if it reads for the sake of a new lock.
    pub(crate) locking: bool,
    /// Every directory that is read.
    pub(crate) named: Vec<PathBuf>,
    pub(crate) problems: Vec<Problem>,
    pub(crate) directories: Vec<Directory>,
    pub(crate) files: Vec<File>,
    pub(crate) watched: Vec<PathBuf>,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(root: &'a Path, rules: Rules) -> Scanner<'a> {
        Scanner {
            root,
            rules,
            locking: false,
            named: Vec::new(),
            problems: Vec::new(),
            directories: Vec::new(),
            files: Vec::new(),
            watched: Vec::new(),
        }
    }
}

/// A directory that was named, or that a pattern led to.
pub(crate) struct Directory {
    pub(crate) pattern: usize,
    /// Relative to the root, with forward slashes.
    pub(crate) shown: String,
    pub(crate) path: PathBuf,
    /// The checksums of its files, where they are asked for.
    pub(crate) files: Option<Files>,
    /// The text of its `migrations.lock`.
    pub(crate) lock: Option<String>,
    /// The text of its `renames.txt`.
    pub(crate) renames: Option<String>,
}

/// The files of a directory, by name, with the checksum of each.
pub(crate) type Files = BTreeMap<String, Checksum>;
