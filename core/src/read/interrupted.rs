//! Finds what the program's commands leave in a directory when they are killed while they change files.

use super::listing::Directory;
use crate::lint::Problem;

/// The beginning of the names under which files lie on their way to another name.
pub const MAKESHIFT: &str = ".gapless-";

/// The name of the file in which changes are noted before they are made.
pub const UNFINISHED: &str = ".gapless-unfinished";

/// The problem of a directory that holds such a file.
pub const INTERRUPTED: &str = "a command that changes files was interrupted here";

/// The way out.
pub const INTERRUPTED_HELP: &str = "run `gapless rename`, `gapless renumber` or `gapless retire` again, which takes back \
                                    what was done; or restore the directory from version control, and remove the hidden \
                                    files";

/// Returns the problem of a directory in which a command was interrupted. A file that lies aside may be a migration, and
/// one that has its new name may lack its line in `renames.txt`.
pub(super) fn interrupted(directory: &Directory, names: &[String]) -> Option<Problem> {
    let mut left = names.iter().filter(|name| name.starts_with(MAKESHIFT)).peekable();
    left.peek()?;
    let problem = Problem::new(directory.pattern, INTERRUPTED);
    let problem = left.fold(problem, |problem, name| problem.file(format!("{}/{name}", directory.shown)));
    Some(problem.help(INTERRUPTED_HELP))
}
