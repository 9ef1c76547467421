//! One release of the project.

use std::collections::BTreeMap;

use gapless::{MigrationSet, Version};

use super::file::{File, Kind, Stem};
use crate::set::set;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Release {
    /// Ascending by version.
    pub files: Vec<File>,
    pub baseline: Option<File>,
    /// Each line of `renames.txt`.
    pub renames: Vec<(Stem, Stem)>,
}

impl Release {
    pub fn find(&self, identity: usize) -> Option<&File> {
        self.files.iter().find(|file| file.identity == identity)
    }

    pub fn at(&self, version: i64) -> Option<&File> {
        self.files.iter().find(|file| file.version == version)
    }

    pub fn last(&self) -> i64 {
        self.files.last().map_or(-1, |file| file.version)
    }

    /// The migration that this stem is declared to be now.
    pub fn declared(&self, stem: &Stem) -> Option<&File> {
        let mut at = stem;
        for _ in 0..=self.renames.len() {
            if at != stem
                && let Some(file) = self.files.iter().find(|file| file.stem() == *at)
            {
                return Some(file);
            }
            at = &self.renames.iter().find(|(from, _)| from == at)?.1;
        }
        None
    }

    /// The stems that are declared to have been this migration.
    pub fn stems_before(&self, identity: usize) -> Vec<Stem> {
        let of_it = |stem: &&Stem| self.declared(stem).is_some_and(|file| file.identity == identity);
        self.renames.iter().map(|(from, _)| from).filter(of_it).cloned().collect()
    }

    /// The migrations that the baseline stands for and that have files still; its own version is among them.
    pub fn covered(&self) -> impl Iterator<Item = &File> {
        let version = self.baseline.as_ref().map(|baseline| baseline.version);
        self.files.iter().filter(move |file| match version {
            Some(version) => {
                file.version == version || (file.version < version && file.kind != Kind::Tombstone)
            }
            None => false,
        })
    }

    /// Gives a migration another stem, and says so.
    pub fn rename(&mut self, identity: usize, to: Stem) {
        let Some(file) = self.files.iter_mut().find(|file| file.identity == identity) else { return };
        let from = file.stem();
        if from == to {
            return;
        }
        (file.version, file.name) = to.clone();
        // A line about what is there again would be an error.
        self.renames.retain(|(old, _)| *old != from && *old != to);
        self.renames.push((from, to));
        self.sort();
    }

    /// Takes a migration out, and the lines that lead to it.
    pub fn remove(&mut self, identity: usize) {
        let gone: Vec<_> = self.stems_before(identity);
        self.renames.retain(|(from, _)| !gone.contains(from));
        self.files.retain(|file| file.identity != identity);
    }

    pub fn sort(&mut self) {
        self.files.sort_by_key(|file| file.version);
    }

    /// As the macro would read it.
    pub fn read(&self) -> MigrationSet {
        let mut files: Vec<(String, String)> = self.files.iter().flat_map(File::written).collect();
        files.extend(self.baseline.iter().flat_map(File::written));
        let line = |((old, known), (new, name)): &(Stem, Stem)| format!("{old}_{known} -> {new}_{name}\n");
        let renames: String = self.renames.iter().map(line).collect();
        if !renames.is_empty() {
            files.push(("renames.txt".to_owned(), renames));
        }
        let files: Vec<_> = files.iter().map(|(file, text)| (file.as_str(), text.as_str())).collect();
        set(&files)
    }
}

/// A release, and the set that its program embeds.
#[derive(Debug)]
pub struct Program {
    pub release: Release,
    pub set: MigrationSet,
    /// By identity.
    pub checksums: BTreeMap<usize, String>,
}

impl Program {
    pub fn new(release: Release) -> Program {
        let set = release.read();
        let checksum = |file: &File| {
            let version = Version::new(file.version).expect("it is not negative");
            (file.identity, set.find(version).expect("it was read").checksum().to_string())
        };
        let checksums = release.files.iter().map(checksum).collect();
        Program { release, set, checksums }
    }
}
