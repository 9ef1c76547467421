//! Guesses the tool of a directory whose layout is not named.

use std::path::Path;

use crate::lint::Problem;
use crate::set::Layout;
use crate::sql::{Syntax, parse};

/// Returns the entries that another tool has named, and one problem for all, because one fix helps all.
pub(crate) fn misread(
    pattern: usize,
    shown: &str,
    path: &Path,
    names: &[String],
) -> Option<(Vec<String>, Problem)> {
    let versioned = |name: &&String| {
        let parsed = Layout::Flyway.tool().parse(name);
        name.starts_with(['V', 'U', 'v', 'u']) && name.contains("__") && matches!(parsed, Ok(Some(_)))
    };
    let directories = |name: &&String| {
        let parsed = Layout::Diesel.tool().parse(name);
        matches!(parsed, Ok(Some(_))) && path.join(name).join("up.sql").is_file()
    };
    let is_versioned = names.iter().any(|name| versioned(&name));
    let found: Vec<_> = if is_versioned {
        names.iter().filter(versioned).cloned().collect()
    } else {
        names.iter().filter(directories).cloned().collect()
    };
    let (message, help) = match found.len() {
        0 => return None,
        _ if is_versioned => (
            "these files are named like those of Flyway and refinery",
            "add `layout = \"flyway\"` or `layout = \"refinery\"` if the directory belongs to that tool; native files \
             are named `NNN_description.sql`",
        ),
        _ => (
            "these directories hold one migration each, like those of Diesel",
            "add `layout = \"diesel\"` if the directory belongs to Diesel; native migrations are files, `NNN_description.up.sql`",
        ),
    };
    let listed = found.iter().take(MOST_LISTED).map(|name| format!("{shown}/{name}"));
    let problem = listed.fold(Problem::new(pattern, message), |problem, file| problem.file(file));
    let more = found.len().saturating_sub(MOST_LISTED);
    let problem = if more > 0 { problem.file(format!("and {more} more")) } else { problem };
    Some((found, problem.help(help)))
}

/// The number of names that are shown.
const MOST_LISTED: usize = 5;

/// Returns true for a script that no other database takes: with the options of a MySQL table and its quotes, `#` comments,
/// or routines between delimiters.
pub(crate) fn is_plainly_mysql(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let begins = |word: &str| lower.lines().any(|line| line.trim_start().starts_with(word));
    (lower.contains('`') && says(&["auto_increment", "engine=", "engine ="]))
        || (begins("#") && !text.contains("$$") && has_hash_comment(text))
        || (begins("delimiter ") && says(&["procedure", "function", "trigger", "event"]))
}

/// Returns true if the script has a `#` comment, which is none in other comments and in strings.
fn has_hash_comment(text: &str) -> bool {
    let script = parse(text, Syntax::Mysql);
    script.faults.is_empty() && script.comments.iter().any(|comment| text[comment.clone()].starts_with('#'))
}

/// Returns one problem for the files that are written for MySQL and were read by other rules.
pub(crate) fn misread_mysql(files: &[(usize, String)]) -> Option<Problem> {
    let (pattern, _) = files.first()?;
    let problem = Problem::new(*pattern, "these scripts are written for MySQL or MariaDB");
    let shown = files.iter().take(MOST_LISTED).fold(problem, |problem, (_, file)| problem.file(file));
    let more = files.len().saturating_sub(MOST_LISTED);
    let shown = if more > 0 { shown.file(format!("and {more} more")) } else { shown };
    Some(shown.help("add `dialect = \"mysql\"`, so that they are read by its rules"))
}
