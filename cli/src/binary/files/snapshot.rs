//! The migrations of a commit.

use std::collections::BTreeSet;
use std::fs;

use gapless::{Layout, Migration, Version};
use gapless_core::{FileName, Kind, MigrationSet, scan_leniently};

use super::git::{Git, objects};
use super::place::Place;
use super::tree::{Tree, identify};
use crate::exit::CommandError;

/// The migrations of a commit.
#[derive(Debug)]
pub(super) struct Snapshot {
    pub(super) commit: String,
    pub(super) entries: Vec<Recorded>,
    /// What could be read of them.
    pub(super) set: MigrationSet,
}

/// An entry of a directory in a commit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Recorded {
    /// From the top of the repository, with forward slashes.
    pub(super) path: String,
    /// Its name in its directory.
    pub(super) entry: String,
    pub(super) version: Version,
    pub(super) name: String,
    pub(super) kind: EntryKind,
}

/// The kinds of entries that differ here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum EntryKind {
    Up,
    Down,
    Tombstone,
    Baseline,
}

impl Snapshot {
    pub(super) fn read(
        git: &Git,
        tree: &Tree,
        places: &[Place],
        commit: &str,
    ) -> Result<Snapshot, CommandError> {
        let failed = |problem: String| CommandError::failed(format!("git cannot read {commit}: {problem}"));
        let unwritten = |error: std::io::Error| {
            CommandError::failed(format!("cannot write the migrations of {commit} down: {error}"))
        };
        let copy = tempfile::tempdir().map_err(unwritten)?;
        let mut entries = BTreeSet::new();
        for place in places {
            let folder = format!("{}/", place.before);
            let listed =
                git.text(&["ls-tree", "-r", "-z", "--full-tree", commit, "--", &folder]).map_err(failed)?;
            let mut files = Vec::new();
            for (mode, hash, path) in listed.split('\0').filter_map(listed_file) {
                let Some((directory, rest)) = place.split(path) else { continue };
                entries.extend(Recorded::of(tree.rules.layout, directory, rest));
                // What a link leads to is not here.
                if mode.starts_with("100") {
                    files.push((hash, path));
                }
            }
            let input: String = files.iter().map(|(hash, _)| format!("{hash}\n")).collect();
            let output = git.bytes(&["cat-file", "--batch"], input.as_bytes()).map_err(failed)?;
            for ((_, path), text) in files.iter().zip(objects(&output)) {
                let (path, Some(text)) = (copy.path().join(path), text) else {
                    return Err(failed(format!("{path} is not in this clone")));
                };
                let parent = path.parent().unwrap_or(copy.path());
                fs::create_dir_all(parent).and_then(|()| fs::write(&path, text)).map_err(unwritten)?;
            }
        }
        let patterns: Vec<_> = places.iter().filter_map(Place::pattern).collect();
        let (scan, _) = scan_leniently(copy.path(), &patterns, tree.rules);
        Ok(Snapshot {
            commit: commit.to_owned(),
            entries: entries.into_iter().collect(),
            set: scan.into_set(),
        })
    }

    /// The entry of a migration, a tombstone or a baseline.
    pub(super) fn find(&self, version: Version, name: &str) -> Option<&Recorded> {
        self.migrations().find(|entry| entry.version == version && entry.name == name)
    }

    /// The entries other than down files.
    pub(super) fn migrations(&self) -> impl Iterator<Item = &Recorded> {
        self.entries.iter().filter(|entry| entry.kind != EntryKind::Down)
    }

    pub(super) fn highest(&self) -> Option<&Recorded> {
        self.migrations().max_by_key(|entry| entry.version)
    }

    /// True if a place has an entry here.
    pub(super) fn holds(&self, place: &Place) -> bool {
        self.entries.iter().any(|entry| place.split(&entry.path).is_some())
    }

    /// The migration of an entry, if it could be read.
    pub(super) fn migration(&self, entry: &Recorded) -> Option<&Migration> {
        self.set.find(entry.version).filter(|migration| migration.name() == entry.name)
    }

    /// A commit as people write it.
    pub(super) fn short(&self) -> &str {
        self.commit.get(..12).unwrap_or(&self.commit)
    }
}

impl Recorded {
    pub(super) fn of(layout: Layout, directory: &str, rest: &str) -> Option<Recorded> {
        let (entry, is_directory) = match rest.split_once('/') {
            Some((directory, _)) => (directory, true),
            None => (rest, false),
        };
        let FileName { version, name, kind, .. } = identify(layout, entry, is_directory)?;
        let kind = match kind {
            Kind::Up => EntryKind::Up,
            Kind::Down => EntryKind::Down,
            Kind::Tombstone => EntryKind::Tombstone,
            Kind::Baseline => EntryKind::Baseline,
        };
        Some(Recorded { path: format!("{directory}/{entry}"), entry: entry.to_owned(), version, name, kind })
    }
}

/// Mode, hash and path of a line of `ls-tree`.
fn listed_file(line: &str) -> Option<(&str, &str, &str)> {
    let (head, path) = line.split_once('\t')?;
    let mut words = head.split(' ');
    Some((words.next()?, words.nth(1)?, path))
}
