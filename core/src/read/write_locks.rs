//! Writes `migrations.lock` into directories, and says what a new one would change.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::lock::{Files, LOCK, parse, sides, written};
use super::pattern::Pattern;
use super::scan::read;
use crate::lint::{Problem, Problems};
use crate::set::Rules;

/// Writes `migrations.lock` into each directory that the patterns name below `root`: a line for each file of a
/// migration. `sha256sum *.sql > migrations.lock` writes the same if no file has a byte order mark or CRLF line endings.
///
/// # Errors
///
/// Returns every problem of the directories, except differences from an older lock.
pub fn write_locks(root: &Path, patterns: &[Pattern], rules: impl Into<Rules>) -> Result<(), Problems> {
    let reading = read(root, patterns, rules.into(), |_| true);
    Problems::check(reading.problems)?;
    let mut problems = Vec::new();
    for (directory, files) in reading.directories {
        let files = files.unwrap_or_default();
        if directory.lock.is_some_and(|lock| parse(&lock).as_ref() == Ok(&files)) {
            continue;
        }
        if let Err(error) = replace(&directory.path, &written(&files)) {
            let problem = Problem::new(directory.pattern, format!("cannot write the file: {error}"));
            problems.push(problem.file(format!("{}/{LOCK}", directory.shown)));
        }
    }
    Problems::check(problems)
}

/// Replaces the lock of a directory at once: a concurrent reader sees the old one or the new one.
fn replace(directory: &Path, text: &str) -> std::io::Result<()> {
    let lock = directory.join(LOCK);
    // A link stays one.
    let lock = fs::canonicalize(&lock).unwrap_or(lock);
    // A hidden file is not a migration. Its name has the process, because two compilers may work in the directory.
    let new = lock.with_file_name(format!(".{LOCK}.{}", std::process::id()));
    let replaced = fs::write(&new, text).and_then(|()| fs::rename(&new, &lock));
    replaced.inspect_err(|_| drop(fs::remove_file(&new)))
}

/// A difference between a lock that is there and the one that would be written.
#[doc(hidden)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockChange {
    /// The file, relative to the root.
    pub file: String,
    pub kind: LockChangeKind,
}

#[doc(hidden)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LockChangeKind {
    /// The file is not listed.
    Added,
    /// The file is listed with another checksum.
    Edited,
    /// One side of a merge lists the file with another checksum, and the other side as it is.
    EditedOnOneSide,
    /// The listed file is missing.
    Missing,
    /// The lock cannot be read, for this reason. It is the file.
    Unreadable(String),
}

/// Returns what writing the locks anew would change in those that are there. Of a lock in a merge conflict, both sides
/// count.
///
/// # Errors
///
/// Returns every problem of the directories, except differences from a lock.
#[doc(hidden)]
pub fn lock_changes(
    root: &Path,
    patterns: &[Pattern],
    rules: impl Into<Rules>,
) -> Result<Vec<LockChange>, Problems> {
    let reading = read(root, patterns, rules.into(), |directory| directory.lock.is_some());
    Problems::check(reading.problems)?;
    let mut changes = Vec::new();
    for (directory, files) in &reading.directories {
        let (Some(lock), Some(files)) = (&directory.lock, files) else { continue };
        let change = |name: &str, kind| LockChange { file: format!("{}/{name}", directory.shown), kind };
        match sides(lock) {
            Err(odd) => changes.push(change(LOCK, LockChangeKind::Unreadable(odd.to_string()))),
            Ok(sides) => {
                let names: BTreeSet<_> = sides.iter().flat_map(Files::keys).chain(files.keys()).collect();
                let found = names.into_iter().filter_map(|name| Some((name, changed(name, &sides, files)?)));
                changes.extend(found.map(|(name, kind)| change(name, kind)));
            }
        }
    }
    Ok(changes)
}

fn changed(name: &str, sides: &[Files], files: &Files) -> Option<LockChangeKind> {
    let listed: Vec<_> = sides.iter().filter_map(|side| side.get(name)).collect();
    let Some(now) = files.get(name) else { return Some(LockChangeKind::Missing) };
    match listed.iter().filter(|then| **then == now).count() {
        _ if listed.is_empty() => Some(LockChangeKind::Added),
        0 => Some(LockChangeKind::Edited),
        same if same == listed.len() => None,
        _ => Some(LockChangeKind::EditedOnOneSide),
    }
}
