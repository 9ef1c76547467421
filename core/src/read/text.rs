//! Reads the normalised text of a file.

use std::fs;
use std::path::Path;

use crate::lint::Problem;
use crate::set::normalise;

/// The text of a file.
pub(crate) struct Text {
    pub(crate) text: String,
    /// True if normalising has changed it, so that it differs from the file's bytes.
    pub(crate) rewritten: bool,
}

impl Text {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// The message and the help for a file that cannot be read, or is not UTF-8.
    pub(crate) fn read(pattern: usize, shown: &str, path: &Path) -> Result<Text, Problem> {
        let problem = |message: String| Problem::new(pattern, message).file(shown);
        let bytes = fs::read(path).map_err(|error| problem(format!("cannot read the file: {error}")))?;
        let raw = String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            let message = format!("the file is not UTF-8: invalid byte at offset {at}");
            problem(message).help("save the file as UTF-8")
        })?;
        let text = normalise(&raw).into_owned();
        Ok(Text { rewritten: text.len() != raw.len(), text })
    }
}
