//! Reads the names in a directory.

use std::fs;
use std::io;
use std::path::Path;

/// Returns the names of all entries, sorted.
pub(crate) fn sorted_names(path: &Path) -> io::Result<Vec<String>> {
    let mut names = fs::read_dir(path)?
        .map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()))
        .collect::<io::Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

/// Returns true if a name ends in `.sql`, in any case.
pub(crate) fn is_sql(name: &str) -> bool {
    name.len() >= 4
        && name.is_char_boundary(name.len() - 4)
        && name[name.len() - 4..].eq_ignore_ascii_case(".sql")
}

/// Returns true if a file that looks like SQL lies in the directory or below it.
pub(crate) fn holds_sql(path: &Path) -> io::Result<bool> {
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        // Links are not followed, because they can form a cycle.
        let directory = entry.file_type()?.is_dir();
        if is_sql(&entry.file_name().to_string_lossy()) || (directory && holds_sql(&entry.path())?) {
            return Ok(true);
        }
    }
    Ok(false)
}
