//! Opens files in the user's editor.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use crate::exit::CommandError;

/// The editor that the user has named.
pub(super) fn named() -> Result<OsString, CommandError> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.to_string_lossy().trim().is_empty());
    set("VISUAL").or_else(|| set("EDITOR")).ok_or_else(|| {
        CommandError::usage("no editor is named, and nothing was created\nhelp: set VISUAL or EDITOR")
    })
}

/// Opens the files, and waits until the editor ends.
pub(super) fn open(editor: &OsString, files: &[PathBuf]) -> Result<(), CommandError> {
    let status = command(editor, files).status();
    let problem = match status {
        Ok(status) if status.success() => return Ok(()),
        Ok(status) => format!("ended with {status}"),
        Err(error) => error.to_string(),
    };
    let editor = editor.to_string_lossy();
    Err(CommandError::failed(format!(
        "the editor `{editor}` could not be used: {problem}; the files were created"
    )))
}

/// The variable may hold arguments and quotes: the shell takes it apart, as git and others do.
#[cfg(unix)]
fn command(editor: &OsString, files: &[PathBuf]) -> Command {
    let mut command = Command::new("sh");
    let mut script = editor.clone();
    script.push(" \"$@\"");
    command.arg("-c").arg(script).arg("sh").args(files);
    command
}

#[cfg(not(unix))]
fn command(editor: &OsString, files: &[PathBuf]) -> Command {
    let mut command = Command::new(editor);
    command.args(files);
    command
}
