//! A copy of the migrations, in which a baseline can be tried.

use std::fs;
use std::io;
use std::path::Path;

use gapless::{Layout, MigrationSet, Pattern, Rules, Syntax, Version};
use gapless_core::Kind;

use super::directory_of;
use crate::binary::configuration::Configuration;
use crate::binary::files::numbering::written;
use crate::binary::files::tree::Tree;
use crate::binary::source;
use crate::exit::CommandError;

/// The directories of the configuration, copied.
#[derive(Debug)]
pub(super) struct Mirror {
    copy: tempfile::TempDir,
    patterns: Vec<Pattern>,
    rules: Rules,
    /// The version of the baseline, as the directory writes it.
    pub(super) version: String,
    /// The number of the directory that the baseline belongs into.
    pub(super) number: usize,
}

impl Mirror {
    /// Copies the directories.
    ///
    /// # Errors
    ///
    /// A set that has problems or a baseline, and a version that it does not have.
    pub(super) fn new(
        configuration: &Configuration,
        syntax: Syntax,
        version: Version,
    ) -> Result<Mirror, CommandError> {
        let set = source::scan(configuration, syntax)?;
        let tree = Tree::read(configuration)?;
        if set.find(version).is_none() {
            return Err(CommandError::usage(format!(
                "version {version} is no migration of this set\nhelp: name the last version that the baseline stands for"
            )));
        }
        if let Some(baseline) = set.baseline() {
            let path = baseline.path();
            return Err(CommandError::usage(format!(
                "the set has a baseline already: {path}\nhelp: remove it first; a set has at most one"
            )));
        }
        let number = directory_of(&tree, version).unwrap_or_default();
        let own = tree
            .entries
            .iter()
            .find(|entry| entry.named.version == version && entry.named.kind != Kind::Down);
        let own = own.map(|entry| written(tree.rules.layout, &entry.entry).to_owned());
        let copied = copy(&tree).map_err(|error| {
            CommandError::failed(format!("cannot copy the migrations to try a baseline with them: {error}"))
        })?;
        let patterns = (0..tree.directories.len()).map(|number| Pattern::new(&format!("{number}")));
        let patterns: Result<Vec<_>, _> = patterns.collect();
        Ok(Mirror {
            copy: copied,
            patterns: patterns.map_err(|error| CommandError::failed(error.to_string()))?,
            rules: source::rules(configuration, syntax)?,
            version: own.unwrap_or_else(|| version.to_string()),
            number,
        })
    }

    pub(super) fn scan(&self) -> Result<MigrationSet, CommandError> {
        MigrationSet::scan(self.copy.path(), &self.patterns, self.rules).map_err(CommandError::refused)
    }

    /// The set with this baseline.
    pub(super) fn with_baseline(&self, name: &str, text: &str) -> Result<MigrationSet, CommandError> {
        let path = self.copy.path().join(self.number.to_string()).join(self.file_name(name)?);
        fs::write(&path, text)
            .map_err(|error| CommandError::failed(format!("cannot write {}: {error}", path.display())))?;
        self.scan().map_err(|error| {
            CommandError::failed(format!("the baseline that was written down cannot be embedded:\n{error}"))
        })
    }
}

/// Copies the directories, each to its number.
fn copy(tree: &Tree) -> io::Result<tempfile::TempDir> {
    let copy = tempfile::tempdir()?;
    for (number, directory) in tree.directories.iter().enumerate() {
        let to = copy.path().join(number.to_string());
        fs::create_dir(&to)?;
        files(&directory.path, &to)?;
        if tree.rules.layout == Layout::Diesel {
            for entry in tree.entries.iter().filter(|entry| entry.directory == number) {
                let (from, to) = (directory.path.join(&entry.entry), to.join(&entry.entry));
                if from.is_dir() {
                    fs::create_dir(&to)?;
                    files(&from, &to)?;
                }
            }
        }
    }
    Ok(copy)
}

/// Copies the files of a directory. The lock of the past does not hold for what is tried.
fn files(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let is_file = fs::metadata(entry.path()).is_ok_and(|found| found.is_file());
        if is_file && entry.file_name() != gapless_core::LOCK {
            fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}
