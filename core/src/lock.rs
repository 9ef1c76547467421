//! `migrations.lock`: what the files of a directory held when it was written, in the format of `sha256sum`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::scan::Scanner;
use crate::{Checksum, Pattern, Problem, Problems, Rules};

/// The name of the file, in each directory of migrations.
pub(crate) const LOCK: &str = "migrations.lock";

/// The files of a directory, by name, with the checksum of each.
pub(crate) type Files = BTreeMap<String, Checksum>;

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
        let files = directory.files.as_ref().map(written).unwrap_or_default();
        if let Err(error) = fs::write(directory.path.join(LOCK), files) {
            let problem = Problem::new(directory.pattern, format!("the file cannot be written: {error}"));
            scanner.problems.push(problem.file(format!("{}/{LOCK}", directory.shown)));
        }
    }
    Problems::check(scanner.problems)
}

/// As `sha256sum` writes it.
fn written(files: &Files) -> String {
    files.iter().fold(String::new(), |mut text, (name, checksum)| {
        let _ = writeln!(text, "{checksum}  {name}");
        text
    })
}

/// Reads a lock.
///
/// # Errors
///
/// The number of the first line that is not of the format.
fn read(text: &str) -> Result<Files, usize> {
    let lines =
        text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
    let read = |(index, line): (usize, &str)| {
        let (checksum, name) = line.split_once(' ').ok_or(index + 1)?;
        // `*` marks a file that was read as binary; `./` comes from a shell's pattern.
        let name = name.strip_prefix([' ', '*']).unwrap_or(name).trim_end();
        let name = name.strip_prefix("./").unwrap_or(name).to_owned();
        Ok((name, checksum.parse().map_err(|_| index + 1)?))
    };
    lines.map(read).collect()
}

/// What of a directory is not as its lock says.
pub(crate) fn compare(pattern: usize, shown: &str, lock: &str, files: &Files) -> Vec<Problem> {
    let locked = match read(lock) {
        Ok(locked) => locked,
        Err(line) => {
            let message = format!("line {line} is not a checksum and a file name");
            let help = format!("restore the file from version control, or write it anew: {WRITE}");
            return vec![Problem::new(pattern, message).file(format!("{shown}/{LOCK}")).help(help)];
        }
    };
    let path = |name: &String| format!("{shown}/{name}");
    let edited = files.iter().filter(|(name, now)| locked.get(*name).is_some_and(|then| then != *now));
    let missing = locked.keys().filter(|name| !files.contains_key(*name));
    let unlisted = files.keys().filter(|name| !locked.contains_key(*name));
    let restore = "restore it from version control, and put the change into a new migration; if it is applied \
                   nowhere, write the lock anew: ";
    let groups = [
        ("edited since migrations.lock was written", restore, edited.map(|(name, _)| path(name)).collect()),
        (
            "listed in migrations.lock, and not there",
            "restore it, or leave a tombstone; then write the lock anew: ",
            missing.map(path).collect::<Vec<_>>(),
        ),
        ("not listed in migrations.lock", "write the lock anew: ", unlisted.map(path).collect()),
    ];
    let told = groups.into_iter().filter(|(_, _, files)| !files.is_empty()).map(|(what, help, files)| {
        let problem = files.into_iter().fold(Problem::new(pattern, what), Problem::file);
        problem.help(format!("{help}{WRITE}"))
    });
    told.collect()
}

const WRITE: &str = "`GAPLESS_LOCK=write cargo build`";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let files = Files::from([
            ("1_a.sql".to_owned(), Checksum::of("a")),
            ("dir/up.sql".to_owned(), Checksum::of("b")),
        ]);
        assert_eq!(read(&written(&files)), Ok(files));
        // `printf 'SELECT 1;\n' > 1_a.sql; sha256sum --binary ./1_a.sql`
        let line = "b4e0497804e46e0a0b0b8c31975b062152d551bac49c3c2e80932567b4085dcd *./1_a.sql";
        assert_eq!(read(line), Ok(Files::from([("1_a.sql".to_owned(), Checksum::of("SELECT 1;\n"))])));
        assert_eq!(read("\n# x\nnonsense"), Err(3));
    }
}
