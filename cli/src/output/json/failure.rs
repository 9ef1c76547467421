//! Why a command failed, as a document.

use gapless::{Applied, Error};
use serde::Serialize;

use super::report::AppliedDocument;
use crate::exit::CommandError;
use crate::voice::in_commands;

/// Why a command failed, and what its run did before.
#[derive(Serialize)]
pub(super) struct FailureDocument {
    exit_code: u8,
    message: String,
    version: Option<i64>,
    path: Option<String>,
    line: Option<usize>,
    /// The code of the database's error: on Postgres a SQLSTATE.
    code: Option<String>,
    applied: Vec<AppliedDocument>,
    rolled_back: Vec<AppliedDocument>,
}

impl From<&CommandError> for FailureDocument {
    fn from(error: &CommandError) -> FailureDocument {
        let (run, refused) = match error {
            CommandError::Run(error) => (Some(error), None),
            CommandError::Unreachable { code, .. } => (None, code.clone()),
            CommandError::Output(_) | CommandError::Other(..) => (None, None),
        };
        let failure = run.and_then(Error::failure);
        let documents = |applied: &[Applied]| applied.iter().map(AppliedDocument::from).collect();
        let said = run.and_then(Error::database_error).map(|said| said.code.clone());
        FailureDocument {
            exit_code: error.exit().code(),
            message: in_commands(&error.to_string()),
            version: failure.map(|failure| failure.version().number()),
            path: failure.map(|failure| failure.path().to_owned()),
            line: failure.and_then(|failure| failure.location()).map(|place| place.line),
            code: refused.or(said).filter(|code| !code.is_empty()),
            applied: run.map(|error| documents(error.applied())).unwrap_or_default(),
            rolled_back: run.map(|error| documents(error.rolled_back())).unwrap_or_default(),
        }
    }
}
