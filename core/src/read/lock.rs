//! Compares the files of a directory with its `migrations.lock`, which has the format of `sha256sum`.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

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
    /// The number of the line that begins a merge conflict.
    Conflict(usize),
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
    if let Some(line) = conflict(text) {
        return Err(Odd::Conflict(line));
    }
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

/// Returns the number of the first line that begins a merge conflict.
fn conflict(text: &str) -> Option<usize> {
    text.lines().position(|line| mark(line, '<').is_some()).map(|index| index + 1)
}

/// Returns the width of the mark that git writes into a line of a conflict.
fn mark(line: &str, char: char) -> Option<usize> {
    let rest = line.trim_start_matches(char);
    let width = line.len() - rest.len();
    (width >= 7 && (rest.trim_end().is_empty() || rest.starts_with(' '))).then_some(width)
}

/// Reads what each side of a merge conflict lists; without a conflict there is one side.
///
/// # Errors
///
/// Returns the first mistake of a side.
pub(super) fn sides(text: &str) -> Result<Vec<Files>, Odd> {
    if conflict(text).is_none() {
        return Ok(vec![parse(text)?]);
    }
    let mut sides = [String::new(), String::new()];
    let mut counts = [true, true];
    let mut width = None;
    for line in text.lines() {
        // Marks of another width belong to a conflict within the common ancestor, which is of neither side.
        let is = |char: char| width.is_some() && mark(line, char) == width;
        match () {
            () if width.is_none() && mark(line, '<').is_some() => {
                (counts, width) = ([true, false], mark(line, '<'));
            }
            () if is('|') => counts = [false, false],
            () if is('=') => counts = [false, true],
            () if is('>') => (counts, width) = ([true, true], None),
            () => {
                for (side, _) in sides.iter_mut().zip(counts).filter(|(_, counts)| *counts) {
                    *side += line;
                    side.push('\n');
                }
            }
        }
    }
    sides.iter().map(|side| parse(side)).collect()
}

impl fmt::Display for Odd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Odd::Conflict(line) => write!(f, "line {line} begins a merge conflict"),
            Odd::Line(line) => write!(f, "line {line} is not a checksum and a file name"),
            Odd::Twice(name) => write!(f, "`{name}` is listed twice"),
        }
    }
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
            let help = match odd {
                Odd::Conflict(_) => "keep the lines of both sides and none of git's, or rewrite the lock: ",
                _ => "restore the file from version control, or rewrite it: ",
            };
            let problem = Problem::new(pattern, odd.to_string()).file(format!("{shown}/{LOCK}"));
            return vec![problem.help(format!("{help}{WRITE}"))];
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

    #[test]
    fn both_sides_of_a_conflict_are_read() {
        let line = |text: &str, name: &str| format!("{}  {name}\n", Checksum::of(text));
        let (one, two, base) = (line("a", "2_a.sql"), line("b", "2_b.sql"), line("c", "2_c.sql"));
        let common = line("x", "1_x.sql");
        let both = |first: &str, second: &str| {
            Ok(vec![
                parse(&format!("{common}{first}")).unwrap(),
                parse(&format!("{common}{second}")).unwrap(),
            ])
        };
        for (conflict, sides_of_it) in [
            (format!("<<<<<<< HEAD\n{one}=======\n{two}>>>>>>> main\n"), both(&one, &two)),
            (format!("<<<<<<< HEAD\r\n{one}=======\r\n>>>>>>> main\r\n"), both(&one, "")),
            (
                format!(
                    "<<<<<<< a\n{one}||||||| merged\n<<<<<<<<< b\n{base}=========\n{base}>>>>>>>>> c\n=======\n{two}>>>>>>> d\n"
                ),
                both(&one, &two),
            ),
        ] {
            let text = format!("{common}{conflict}");
            assert_eq!(sides(&text), sides_of_it, "{text}");
            assert_eq!(parse(&text), Err(Odd::Conflict(2)), "{text}");
        }
        assert_eq!(sides(&common), Ok(vec![parse(&common).unwrap()]));
        assert_eq!(sides(&format!("<<<<<<< a\nx\n=======\n{one}>>>>>>> b\n")), Err(Odd::Line(1)));
    }
}
