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
        // To open a pipe would be to wait for a writer.
        if let Some(kind) = no_file(path) {
            let help = "put a file in its place, or give it a name that no migration has";
            return Err(problem(format!("this is a {kind}, not a file")).help(help));
        }
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

/// Returns the word for what lies at a path instead of a file; `None` for a file, and for what is not there.
pub fn no_file(path: &Path) -> Option<&'static str> {
    let kind = fs::metadata(path).ok()?.file_type();
    if kind.is_file() {
        return None;
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if kind.is_fifo() {
            return Some("pipe");
        }
        if kind.is_socket() {
            return Some("socket");
        }
    }
    Some(if kind.is_dir() { "directory" } else { "device" })
}
