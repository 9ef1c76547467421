//! The migrations of the commits that a branch is measured by: where it left its base, and the base as it is now.

use std::collections::BTreeSet;
use std::fs;

use gapless::{Migration, Pattern, Version};
use gapless_core::{FileName, Kind, MigrationSet, scan_leniently};

use super::git::{Git, objects};
use super::tree::{Tree, identify};
use crate::exit::CommandError;

/// The base of a branch.
#[derive(Debug)]
pub(super) struct Base {
    /// As the caller names it.
    pub(super) name: String,
    /// Where the branch left it; more than one commit after criss-cross merges.
    pub(super) forks: Vec<Snapshot>,
    /// As it is now.
    pub(super) tip: Snapshot,
}

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

impl Base {
    /// Reads the base of the branch that is checked out.
    ///
    /// # Errors
    ///
    /// A directory without git, a name that is no commit here, or a history that does not reach back far enough.
    pub(super) fn read(tree: &Tree, name: &str) -> Result<Base, CommandError> {
        let git = Git::around(tree.place())?;
        let tip = commit(&git, name)?;
        git.text(&["rev-parse", "--verify", "--quiet", "HEAD^{commit}"])
            .map_err(|_| CommandError::failed("the repository has no commit yet"))?;
        // It ends with an error where there is none.
        let forks = git.text(&["merge-base", "--all", &tip, "HEAD"]).unwrap_or_default();
        if forks.is_empty() {
            return Err(unrelated(&git, name));
        }
        let forks: Result<_, _> = forks.lines().map(|fork| Snapshot::read(&git, tree, fork)).collect();
        Ok(Base { name: name.to_owned(), forks: forks?, tip: Snapshot::read(&git, tree, &tip)? })
    }

    /// True if the base has a migration of this version and name, now or where the branch left it.
    pub(super) fn has(&self, version: Version, name: &str) -> bool {
        let mut snapshots = self.forks.iter().chain([&self.tip]);
        snapshots.any(|snapshot| snapshot.find(version, name).is_some())
    }
}

fn commit(git: &Git, name: &str) -> Result<String, CommandError> {
    let wanted = format!("{name}^{{commit}}");
    git.text(&["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted]).map_err(|_| {
        CommandError::failed(format!(
            "`{name}` is no commit of this repository\nhelp: fetch it first, for example with `git fetch origin main`, \
             and name it `origin/main`"
        ))
    })
}

fn unrelated(git: &Git, name: &str) -> CommandError {
    let shallow = git.text(&["rev-parse", "--is-shallow-repository"]).is_ok_and(|answer| answer == "true");
    let help = if shallow {
        "the clone is shallow: run `git fetch --unshallow`, or check out with `fetch-depth: 0`"
    } else {
        "name the branch that this one began at"
    };
    CommandError::failed(format!("`{name}` and HEAD have no commit in common here\nhelp: {help}"))
}

/// A pattern as git knows it: what comes before the star and what comes after it.
struct Place {
    before: String,
    after: Option<String>,
}

impl Place {
    fn of(git: &Git, tree: &Tree, pattern: &Pattern) -> Result<Place, CommandError> {
        let (before, after) = match pattern.as_str().split_once("/*") {
            Some((before, after)) => (before, Some(after.trim_start_matches('/').to_owned())),
            None => (pattern.as_str(), None),
        };
        let relative = git.relative(&tree.root.join(before)).filter(|relative| !relative.is_empty());
        let before = relative.ok_or_else(|| {
            CommandError::failed(format!(
                "{} lies outside of the git repository",
                tree.root.join(before).display()
            ))
        })?;
        Ok(Place { before, after })
    }

    fn pattern(&self) -> Option<Pattern> {
        let text = match &self.after {
            None => self.before.clone(),
            Some(after) => format!("{}/*/{after}", self.before),
        };
        Pattern::new(&text).ok()
    }

    /// The directory that the file lies in or below, and its path from there.
    fn split<'p>(&self, path: &'p str) -> Option<(&'p str, &'p str)> {
        let rest = path.strip_prefix(&*self.before)?.strip_prefix('/')?;
        let rest = match &self.after {
            None => rest,
            Some(after) => {
                let below = rest.split_once('/')?.1;
                if after.is_empty() { below } else { below.strip_prefix(&**after)?.strip_prefix('/')? }
            }
        };
        Some((&path[..path.len() - rest.len() - 1], rest))
    }
}

impl Snapshot {
    fn read(git: &Git, tree: &Tree, commit: &str) -> Result<Snapshot, CommandError> {
        let failed = |problem: String| CommandError::failed(format!("git cannot read {commit}: {problem}"));
        let unwritten = |error: std::io::Error| {
            CommandError::failed(format!("cannot write the migrations of {commit} down: {error}"))
        };
        let copy = tempfile::tempdir().map_err(unwritten)?;
        let places: Vec<_> =
            tree.patterns.iter().map(|pattern| Place::of(git, tree, pattern)).collect::<Result<_, _>>()?;
        let mut entries = BTreeSet::new();
        for place in &places {
            let folder = format!("{}/", place.before);
            let listed =
                git.text(&["ls-tree", "-r", "-z", "--full-tree", commit, "--", &folder]).map_err(failed)?;
            let mut files = Vec::new();
            for (mode, hash, path) in listed.split('\0').filter_map(listed_file) {
                let Some((directory, rest)) = place.split(path) else { continue };
                entries.extend(Recorded::of(tree, directory, rest));
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

    /// The migration of an entry, if it could be read.
    pub(super) fn migration(&self, entry: &Recorded) -> Option<&Migration> {
        self.set.find(entry.version).filter(|migration| migration.name() == entry.name)
    }
}

impl Recorded {
    fn of(tree: &Tree, directory: &str, rest: &str) -> Option<Recorded> {
        let (entry, is_directory) = match rest.split_once('/') {
            Some((directory, _)) => (directory, true),
            None => (rest, false),
        };
        let FileName { version, name, kind, .. } = identify(tree.rules.layout, entry, is_directory)?;
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
