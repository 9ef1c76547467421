//! Asks the program `git`.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use gapless::Version;

use super::tree::{Tree, identify};
use crate::exit::CommandError;

/// A working tree of git.
#[derive(Clone, Debug)]
pub(super) struct Git {
    /// The directory in which git is asked.
    at: PathBuf,
    /// The top of the working tree, without links.
    pub(super) top: PathBuf,
}

impl Git {
    /// The working tree around a directory.
    pub(super) fn around(directory: &Path) -> Result<Git, CommandError> {
        let mut git = Git { at: directory.to_owned(), top: PathBuf::new() };
        let top = git.text(&["rev-parse", "--show-toplevel"]).map_err(|problem| {
            let hint = if problem.contains("not a git repository") {
                format!("{} is not in a git repository", directory.display())
            } else {
                format!("git does not know the directory {}: {problem}", directory.display())
            };
            CommandError::failed(hint)
        })?;
        git.top = std::fs::canonicalize(&top).unwrap_or_else(|_| PathBuf::from(top));
        Ok(git)
    }

    fn command(&self) -> Command {
        let mut command = Command::new("git");
        // Messages are read, and names are names, whatever signs they hold.
        let settings = [("LC_ALL", "C"), ("GIT_OPTIONAL_LOCKS", "0"), ("GIT_LITERAL_PATHSPECS", "1")];
        command.arg("-C").arg(&self.at).envs(settings);
        // Git sets these for its hooks, and they would lead elsewhere from another directory.
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE"] {
            command.env_remove(name);
        }
        command
    }

    /// The output of a command.
    ///
    /// # Errors
    ///
    /// What git says.
    pub(super) fn bytes(&self, arguments: &[&str], input: &[u8]) -> Result<Vec<u8>, String> {
        let mut command = self.command();
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => {
                "the program `git` is not installed".to_owned()
            }
            _ => format!("the program `git` cannot be started: {error}"),
        })?;
        let stdin = child.stdin.take();
        let output = std::thread::scope(|scope| {
            scope.spawn(move || {
                if let Some(mut stdin) = stdin {
                    // A child that has ended says itself why.
                    let _ = stdin.write_all(input);
                }
            });
            child.wait_with_output()
        });
        let output = output.map_err(|error| format!("the program `git` cannot be used: {error}"))?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Err(if said.is_empty() { format!("git ended with {}", output.status) } else { said })
    }

    /// The output as text, without the newline at its end.
    pub(super) fn text(&self, arguments: &[&str]) -> Result<String, String> {
        let bytes = self.bytes(arguments, &[])?;
        Ok(String::from_utf8_lossy(&bytes).trim_end_matches('\n').to_owned())
    }

    /// The path of a directory below the top, with forward slashes. The directory need not be there.
    pub(super) fn relative(&self, path: &Path) -> Option<String> {
        let absolute = std::path::absolute(path).ok()?;
        // The nearest directory that is there, without links, and what comes below it.
        let found = absolute.ancestors().find_map(|above| Some((above, std::fs::canonicalize(above).ok()?)));
        let (above, resolved) = found?;
        let path = resolved.join(absolute.strip_prefix(above).ok()?);
        let relative = path.strip_prefix(&self.top).ok()?;
        let parts: Vec<_> = relative.components().map(|part| part.as_os_str().to_string_lossy()).collect();
        Some(parts.join("/"))
    }
}

/// The versions that the directories hold on other branches, each with a branch that has it. `None` without git.
pub(super) fn taken(tree: &Tree) -> Option<Vec<(Version, String)>> {
    let git = Git::around(tree.place()).ok()?;
    let refs = git
        .text(&["for-each-ref", "--format=%(objectname) %(refname:short)", "refs/heads", "refs/remotes"])
        .ok()?;
    let directories: Vec<_> = tree.directories.iter().filter_map(|one| git.relative(&one.path)).collect();
    let mut branches = BTreeMap::new();
    for (commit, branch) in refs.lines().filter_map(|line| line.split_once(' ')).take(MOST_REFS) {
        branches.entry(commit).or_insert(branch);
    }
    let asked =
        branches.iter().flat_map(|(commit, branch)| directories.iter().map(move |one| (commit, branch, one)));
    let asked: Vec<_> = asked.collect();
    let input: String =
        asked.iter().map(|(commit, _, directory)| format!("{commit}:{directory}\n")).collect();
    let output = git.bytes(&["cat-file", "--batch"], input.as_bytes()).ok()?;
    let mut taken = Vec::new();
    for ((commit, branch, _), object) in asked.into_iter().zip(objects(&output)) {
        let names = object.map(|text| tree_names(text, commit.len() / 2)).unwrap_or_default();
        for (name, is_directory) in names {
            let named = identify(tree.rules.layout, &name, is_directory);
            taken.extend(named.map(|named| (named.version, (*branch).to_owned())));
        }
    }
    Some(taken)
}

/// More branches than that are not looked at.
const MOST_REFS: usize = 2_000;

/// The objects of `cat-file --batch`, in the order that they were asked for; `None` for one that is missing.
pub(super) fn objects(output: &[u8]) -> impl Iterator<Item = Option<&[u8]>> {
    let mut rest = output;
    std::iter::from_fn(move || object(&mut rest))
}

/// The next object of `cat-file --batch`; within it `None` for one that is missing.
fn object<'o>(rest: &mut &'o [u8]) -> Option<Option<&'o [u8]>> {
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    let head = String::from_utf8_lossy(&rest[..end]).into_owned();
    *rest = rest.get(end + 1..)?;
    if head.ends_with(" missing") {
        return Some(None);
    }
    let size: usize = head.rsplit(' ').next()?.parse().ok()?;
    let object = rest.get(..size)?;
    *rest = rest.get(size + 1..)?;
    Some(Some(object))
}

/// The names in a tree object, and whether each is a directory.
fn tree_names(mut object: &[u8], hash: usize) -> Vec<(String, bool)> {
    let mut names = Vec::new();
    while let Some(end) = object.iter().position(|byte| *byte == 0) {
        let entry = String::from_utf8_lossy(&object[..end]).into_owned();
        if let Some((mode, name)) = entry.split_once(' ') {
            names.push((name.to_owned(), mode == "40000"));
        }
        object = object.get(end + 1 + hash..).unwrap_or_default();
    }
    names
}
