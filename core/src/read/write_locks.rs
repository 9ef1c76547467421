//! Writes `migrations.lock` into directories.

use std::fs;
use std::path::Path;

use super::lock::{LOCK, parse, written};
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
    // A hidden file is not a migration. Its name has the process, because two compilers may work in the directory.
    let new = directory.join(format!(".{LOCK}.{}", std::process::id()));
    let replaced = fs::write(&new, text).and_then(|()| fs::rename(&new, directory.join(LOCK)));
    replaced.inspect_err(|_| drop(fs::remove_file(&new)))
}
