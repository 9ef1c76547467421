//! Guesses the tool of a directory whose layout is not named.

use std::path::Path;

use crate::lint::Problem;
use crate::set::Layout;

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
