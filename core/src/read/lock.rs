//! Compares the files of a directory with its `migrations.lock`, which has the format of `sha256sum`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::lint::Problem;
use crate::set::Checksum;

/// The files of a directory, by name, with the checksum of each.
pub(crate) type Files = BTreeMap<String, Checksum>;

/// The name of a lock.
pub const LOCK: &str = "migrations.lock";

/// Writes a lock, as `sha256sum` would.
pub(super) fn written(files: &Files) -> String {
    files.iter().fold(String::new(), |mut text, (name, checksum)| {
        let _ = writeln!(text, "{checksum}  {name}");
        text
    })
}

/// The error for a lock that cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Odd {
    /// The number of a line that does not have the format, counted from 1.
    Line(usize),
    /// A file that is listed twice.
    Twice(String),
}

/// Reads a lock.
///
/// # Errors
///
/// Returns the first mistake.
pub(super) fn parse(text: &str) -> Result<Files, Odd> {
    let lines =
        text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
    let read = |(index, line): (usize, &str)| {
        let odd = || Odd::Line(index + 1);
        let (checksum, name) = line.split_once(' ').ok_or_else(odd)?;
        // `*` marks a file that was read as binary; `./` comes from a shell's pattern.
        let name = name.strip_prefix([' ', '*']).unwrap_or(name).trim_end();
        let name = name.strip_prefix("./").unwrap_or(name).to_owned();
        Ok((name, checksum.parse().map_err(|_| odd())?))
    };
    let mut files = Files::new();
    for listed in lines.map(read) {
        let (name, checksum) = listed?;
        if files.insert(name.clone(), checksum).is_some() {
            return Err(Odd::Twice(name));
        }
    }
    Ok(files)
}

/// Returns the names of the files that a lock lists: none, if it cannot be read, which a scan reports.
pub fn listed(text: &str) -> Vec<String> {
    parse(text).unwrap_or_default().into_keys().collect()
}

/// Returns the problems of a directory that differs from its lock.
pub(crate) fn compare(pattern: usize, shown: &str, lock: &str, files: &Files) -> Vec<Problem> {
    let locked = match parse(lock) {
        Ok(locked) => locked,
        Err(odd) => {
            let message = match odd {
                Odd::Line(line) => format!("line {line} is not a checksum and a file name"),
                Odd::Twice(name) => format!("`{name}` is listed twice"),
            };
            let help = format!("restore the file from version control, or rewrite it: {WRITE}");
            return vec![Problem::new(pattern, message).file(format!("{shown}/{LOCK}")).help(help)];
        }
    };
    let path = |name: &String| format!("{shown}/{name}");
    let edited = files.iter().filter(|(name, now)| locked.get(*name).is_some_and(|then| then != *now));
    let missing = locked.keys().filter(|name| !files.contains_key(*name));
    let unlisted = files.keys().filter(|name| !locked.contains_key(*name));
    let restore = "restore it from version control, and put the change into a new migration; if it has not been \
                   applied anywhere, rewrite the lock: ";
    let groups = [
        ("edited since migrations.lock was written", restore, edited.map(|(name, _)| path(name)).collect()),
        (
            "listed in migrations.lock, but missing",
            "restore it, or leave a tombstone; then rewrite the lock: ",
            missing.map(path).collect::<Vec<_>>(),
        ),
        ("not listed in migrations.lock", "rewrite the lock: ", unlisted.map(path).collect()),
    ];
    let problems =
        groups.into_iter().filter(|(_, _, files)| !files.is_empty()).map(|(message, help, files)| {
            let problem = files.into_iter().fold(Problem::new(pattern, message), Problem::file);
            problem.help(format!("{help}{WRITE}"))
        });
    problems.collect()
}

const WRITE: &str = "`GAPLESS_LOCK=write cargo build`";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_lock_reads_back() {
        let files = Files::from([
            ("1_a.sql".to_owned(), Checksum::of("a")),
            ("dir/up.sql".to_owned(), Checksum::of("b")),
        ]);
        assert_eq!(listed(&written(&files)), ["1_a.sql", "dir/up.sql"]);
        assert_eq!(parse(&written(&files)), Ok(files));
        // `printf 'SELECT 1;\n' > 1_a.sql; sha256sum --binary ./1_a.sql`
        let line = "b4e0497804e46e0a0b0b8c31975b062152d551bac49c3c2e80932567b4085dcd *./1_a.sql";
        assert_eq!(parse(line), Ok(Files::from([("1_a.sql".to_owned(), Checksum::of("SELECT 1;\n"))])));
        assert_eq!(parse("\n# x\nnonsense"), Err(Odd::Line(3)));
        assert_eq!(listed("nonsense"), Vec::<String>::new());
        assert_eq!(parse(&format!("{line}\n{line}")), Err(Odd::Twice("1_a.sql".to_owned())));
    }
}
