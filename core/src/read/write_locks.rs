//! Writes `migrations.lock` into directories.

use std::fs;
use std::path::Path;

use super::lock::{LOCK, read, written};
use super::pattern::Pattern;
use super::scanner::{Files, Scanner};
use crate::lint::{Problem, Problems};
use crate::set::Rules;

/// Writes `migrations.lock` into each directory that the patterns name below `root`: a line for each file of a
/// migration. `sha256sum *.sql > migrations.lock` writes the same where no file has a byte order mark or
/// CRLF line endings.
///
/// # Errors
///
/// Everything that is wrong with the directories, other than what an older lock says of them.
pub fn write_locks(root: &Path, patterns: &[Pattern], rules: impl Into<Rules>) -> Result<(), Problems> {
    let mut scanner = Scanner::new(root, rules.into());
    scanner.locking = true;
    scanner.read(patterns);
    scanner.assemble();
    Problems::check(std::mem::take(&mut scanner.problems))?;
    for directory in &scanner.directories {
        let files = directory.files.as_ref().unwrap_or(const { &Files::new() });
        let right = directory.lock.as_deref().is_some_and(|lock| read(lock).as_ref() == Ok(files));
        if right {
            continue;
        }
        if let Err(error) = replace(&directory.path, &written(files)) {
            let problem = Problem::new(directory.pattern, format!("the file cannot be written: {error}"));
            scanner.problems.push(problem.file(format!("{}/{LOCK}", directory.shown)));
        }
    }
    Problems::check(scanner.problems)
}

/// Writes the lock of a directory at once: whoever reads it meanwhile sees the old one or the new one.
fn replace(directory: &Path, text: &str) -> std::io::Result<()> {
    // Hidden, and so no file of the directory; two compilers may be at work in it.
    let new = directory.join(format!(".{LOCK}.{}", std::process::id()));
    let replaced = fs::write(&new, text).and_then(|()| fs::rename(&new, directory.join(LOCK)));
    replaced.inspect_err(|_| drop(fs::remove_file(&new)))
}
