//! The base that a branch is measured by: where the branch left it, and the base as it is now.

use std::collections::BTreeSet;

use gapless::Version;

use super::git::Git;
use super::place::{Place, counterparts};
use super::snapshot::{Recorded, Snapshot};
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
    /// The migrations that the branch has added in its commits, be they there still or not.
    committed: BTreeSet<(Version, String)>,
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
        let forks: Vec<_> = forks.lines().collect();
        let mut reader = Reader::new(&git, tree)?;
        let snapshots: Result<_, _> = forks.iter().map(|fork| reader.fork(fork)).collect();
        Ok(Base {
            name: name.to_owned(),
            forks: snapshots?,
            tip: reader.tip(forks[0], &tip)?,
            committed: reader.committed(&forks)?,
        })
    }

    /// True if the base has a migration of this version and name, now or where the branch left it.
    pub(super) fn has(&self, version: Version, name: &str) -> bool {
        let mut snapshots = self.forks.iter().chain([&self.tip]);
        snapshots.any(|snapshot| snapshot.find(version, name).is_some())
    }

    /// True if a commit of the branch has added the migration.
    pub(super) fn was_added_by_the_branch(&self, version: Version, name: &str) -> bool {
        self.committed.iter().any(|(own, known)| *own == version && known == name)
    }
}

fn commit(git: &Git, name: &str) -> Result<String, CommandError> {
    let wanted = format!("{name}^{{commit}}");
    git.text(&["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted]).map_err(|_| {
        CommandError::usage(format!(
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

/// Reads commits, and follows directories that were moved between them.
struct Reader<'r> {
    git: &'r Git,
    tree: &'r Tree,
    /// The directories here, and where they were.
    places: Vec<Place>,
}

impl<'r> Reader<'r> {
    fn new(git: &'r Git, tree: &'r Tree) -> Result<Reader<'r>, CommandError> {
        let places = tree.patterns.iter().map(|pattern| Place::of(git, tree, pattern));
        Ok(Reader { git, tree, places: places.collect::<Result<_, _>>()? })
    }

    fn read(&self, commit: &str) -> Result<Snapshot, CommandError> {
        Snapshot::read(self.git, self.tree, &self.places, commit)
    }

    /// The commit where the branch left its base. A directory that is not there may have had another name.
    fn fork(&mut self, commit: &str) -> Result<Snapshot, CommandError> {
        let snapshot = self.read(commit)?;
        let new: Vec<_> = self.places.iter().filter(|place| !snapshot.holds(place)).collect();
        if new.is_empty() {
            return Ok(snapshot);
        }
        let renames = self.renames(&["diff-index", commit])?;
        let pairs = renames.iter().map(|(old, new)| (&**new, &**old));
        let former = counterparts(pairs, &new, self.tree.rules.layout);
        // A file that has left a directory is no reason to take all that it holds for migrations.
        let moved: Vec<_> = former.into_iter().filter(|place| !self.is_here(place)).collect();
        if moved.is_empty() {
            return Ok(snapshot);
        }
        self.places.extend(moved);
        self.read(commit)
    }

    /// The base as it is now. It may have moved a directory since.
    fn tip(&mut self, fork: &str, commit: &str) -> Result<Snapshot, CommandError> {
        let snapshot = self.read(commit)?;
        let gone: Vec<_> = self.places.iter().filter(|place| !snapshot.holds(place)).collect();
        if gone.is_empty() {
            return Ok(snapshot);
        }
        let renames = self.renames(&["diff-tree", fork, commit])?;
        let pairs = renames.iter().map(|(old, new)| (&**old, &**new));
        let moved = counterparts(pairs, &gone, self.tree.rules.layout);
        self.places.extend(moved);
        self.read(commit)
    }

    /// Each file that git takes for a renamed one: its old path and its new one.
    fn renames(&self, comparison: &[&str]) -> Result<Vec<(String, String)>, CommandError> {
        let options = ["-r", "-z", "--find-renames", "--name-status", "--diff-filter=R"];
        let listed = self.git.text(&[&comparison[..1], &options, &comparison[1..]].concat());
        let listed =
            listed.map_err(|problem| CommandError::failed(format!("git cannot compare: {problem}")))?;
        let mut words = listed.split('\0');
        let rename = || {
            words.next().filter(|status| status.starts_with('R'))?;
            Some((words.next()?.to_owned(), words.next()?.to_owned()))
        };
        Ok(std::iter::from_fn(rename).collect())
    }

    /// The migrations that commits of the branch have added.
    fn committed(&self, forks: &[&str]) -> Result<BTreeSet<(Version, String)>, CommandError> {
        let failed = |problem: String| CommandError::failed(format!("git cannot read the branch: {problem}"));
        let commits =
            self.git.bytes(&[&["rev-list", "HEAD", "--not"], forks].concat(), &[]).map_err(failed)?;
        let options = [
            "diff-tree",
            "--stdin",
            "--root",
            "-r",
            "-z",
            "--no-commit-id",
            "--name-only",
            "--diff-filter=A",
        ];
        let listed = self.git.bytes(&options, &commits).map_err(failed)?;
        let listed = String::from_utf8_lossy(&listed);
        let added = listed.split('\0').filter_map(|path| {
            let (directory, rest) = self.places.iter().find_map(|place| place.split(path))?;
            let Recorded { version, name, .. } = Recorded::of(self.tree.rules.layout, directory, rest)?;
            Some((version, name))
        });
        Ok(added.collect())
    }

    /// True if a directory of the working tree holds migrations.
    fn is_here(&self, place: &Place) -> bool {
        let directory = self.git.top.join(&place.before);
        let entries = directory.read_dir().into_iter().flatten().filter_map(Result::ok);
        let mut names = entries.map(|entry| (entry.file_name(), entry.path().is_dir()));
        names.any(|(name, is_directory)| {
            identify(self.tree.rules.layout, &name.to_string_lossy(), is_directory).is_some()
        })
    }
}
