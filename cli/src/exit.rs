//! The exit codes of the commands, and the errors that lead to them.

use std::fmt;
use std::io;
use std::process::{ExitCode, Termination};

use gapless::Conflict;

use crate::output::json::EventDocument;
use crate::output::{Output, complain};
use crate::voice::in_commands;

/// How a command ended. `fn main` may return it: it becomes the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "return it from `main`, or act on it"]
#[non_exhaustive]
pub enum Exit {
    /// Done, or nothing to do. Exit code 0.
    Done,
    /// The command failed. Exit code 1.
    Failed,
    /// The arguments or the configuration cannot be used. Exit code 2.
    Usage,
    /// Something is pending. Exit code 3.
    Pending,
    /// The history contradicts the migrations: one was edited, lost or interrupted. Exit code 4.
    Contradiction,
    /// Another runner holds the lock. Exit code 5.
    Locked,
}

impl Exit {
    /// Returns the exit code.
    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Pending => 3,
            Exit::Contradiction => 4,
            Exit::Locked => 5,
        }
    }

    /// Returns the exit code's meaning for an error of a run.
    pub(crate) fn of(error: &gapless::Error) -> Exit {
        if error.is_lock_wait() {
            Exit::Locked
        } else if error.is_pending() {
            Exit::Pending
        } else if error.is_interrupted() || error.is_stale() || !error.conflicts().is_empty() {
            Exit::Contradiction
        } else if error.is_usage() {
            Exit::Usage
        } else {
            Exit::Failed
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

impl Termination for Exit {
    fn report(self) -> ExitCode {
        self.into()
    }
}

/// The reason that a command did not come to its end.
#[derive(Debug)]
pub(crate) enum CommandError {
    /// The run's error.
    Run(gapless::Error),
    /// The output could not be written.
    Output(io::Error),
    /// There is no connection; the code is the database's.
    Unreachable { message: String, code: Option<String> },
    /// Anything else, with its exit code.
    Other(Exit, String),
}

impl CommandError {
    pub(crate) fn usage(message: impl Into<String>) -> CommandError {
        CommandError::Other(Exit::Usage, message.into())
    }

    pub(crate) fn failed(message: impl Into<String>) -> CommandError {
        CommandError::Other(Exit::Failed, message.into())
    }

    /// The error for what a scan refuses: each problem begins as an error of its own.
    #[cfg(feature = "binary")]
    pub(crate) fn refused(problems: gapless::Problems) -> CommandError {
        let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
        CommandError::failed(problems.join("\n\nerror: "))
    }

    pub(crate) fn exit(&self) -> Exit {
        match self {
            CommandError::Run(error) => Exit::of(error),
            // The reader has seen enough: `gapless status | head`.
            CommandError::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
            CommandError::Output(_) | CommandError::Unreachable { .. } => Exit::Failed,
            CommandError::Other(exit, _) => *exit,
        }
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CommandError::Run(error) => error.fmt(f),
            CommandError::Output(error) => write!(f, "cannot write the output: {error}"),
            CommandError::Unreachable { message, .. } | CommandError::Other(_, message) => {
                f.write_str(message)
            }
        }
    }
}

impl From<gapless::Error> for CommandError {
    fn from(error: gapless::Error) -> CommandError {
        CommandError::Run(error)
    }
}

impl From<io::Error> for CommandError {
    fn from(error: io::Error) -> CommandError {
        CommandError::Output(error)
    }
}

/// The form in which a command prints its result, and its failure beside the text for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Text,
    /// A JSON document.
    Document,
    /// A JSON document in a line for each event.
    Lines,
}

/// Prints the error, if there is one that anybody should read, and returns the exit code.
pub(crate) fn conclude(result: Result<Exit, CommandError>, form: Form) -> Exit {
    result.unwrap_or_else(|error| {
        let quiet =
            matches!(&error, CommandError::Output(error) if error.kind() == io::ErrorKind::BrokenPipe);
        if !quiet {
            let (document, mut output) = (EventDocument::failed(&error), Output::new());
            // Where it cannot be written, the text on the standard error is left.
            let _ = match form {
                Form::Text => Ok(()),
                Form::Document => output.json(&document),
                Form::Lines => output.json_line(&document),
            };
            complain(format_args!("error: {}", in_commands(&error.to_string())));
            if let CommandError::Run(error) = &error
                && let Some(command) = command(error)
            {
                complain(format_args!("command: {command}"));
            }
        }
        error.exit()
    })
}

/// The command that takes what the error is about for right, if there is one.
fn command(error: &gapless::Error) -> Option<String> {
    let edited = error.conflicts().iter().filter(|conflict| matches!(conflict, Conflict::Drift { .. }));
    let versions: Vec<_> = edited.map(|conflict| conflict.version().to_string()).collect();
    let accept =
        || format!("`accept {}` keeps the edits, if the database needs no change", versions.join(" "));
    (!versions.is_empty()).then(accept)
}
