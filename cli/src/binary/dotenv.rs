//! Reads the nearest `.env`, without changing the environment.

use std::fs;
use std::path::{Path, PathBuf};

use crate::exit::CommandError;

const FILE: &str = ".env";

/// The value that the file gives a variable.
pub(super) fn variable(wanted: &str) -> Result<Option<String>, CommandError> {
    let Some(path) = nearest() else { return Ok(None) };
    let shown = path.display();
    let text = fs::read_to_string(&path)
        .map_err(|error| CommandError::usage(format!("cannot read {shown}: {error}")))?;
    for variable in dotenvy::from_read_iter(text.as_bytes()) {
        match variable {
            Ok((name, value)) if name == wanted => return Ok(Some(value)),
            Ok(_) => {}
            // The error would quote the line, which may hold a password.
            Err(error) => {
                let line =
                    line(&text, &error).map(|line| format!("line {line}")).unwrap_or("a line".to_owned());
                return Err(CommandError::usage(format!("{shown} cannot be used: {line} is not NAME=value")));
            }
        }
    }
    Ok(None)
}

/// The file in the current directory, or in the nearest one above that has one.
fn nearest() -> Option<PathBuf> {
    let current = std::env::current_dir().ok()?;
    let found = current.ancestors().map(|directory| directory.join(FILE)).find(|path| path.is_file())?;
    Some(found.strip_prefix(&current).map(Path::to_owned).unwrap_or(found))
}

/// The number of the line that an error is about.
fn line(text: &str, error: &dotenvy::Error) -> Option<usize> {
    let dotenvy::Error::LineParse(wrong, _) = error else { return None };
    // It has the line, or the value alone.
    let first = wrong.lines().next()?.trim_end();
    let whole = text.lines().position(|line| line.trim_end() == first);
    let index = whole.or_else(|| text.lines().position(|line| line.contains(first)))?;
    Some(index + 1)
}
