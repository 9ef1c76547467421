//! Shows a run while it goes on.

mod lines;

use gapless::{Error, Event, Report, Runner};

use crate::exit::{CommandError, Exit};
use crate::output::Output;
use crate::output::json::EventDocument;

/// How a run is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// For people: events on the standard error, and the report at the end.
    People,
    /// For programs: a JSON document in a line for each event.
    Json,
}

impl Progress {
    pub(crate) fn new(json: bool) -> Progress {
        if json { Progress::Json } else { Progress::People }
    }

    /// The runner that shows its events.
    pub(crate) fn listen(self, runner: Runner<'_>) -> Runner<'_> {
        // What cannot be written any more does not stop a run.
        match self {
            Progress::Json => runner.on_event(|event: &Event<'_>| {
                let _ = Output::new().json_line(&EventDocument::from(event));
            }),
            Progress::People => runner.on_event(lines::show),
        }
    }

    /// Shows how the run ended.
    pub(crate) fn conclude(
        self,
        outcome: Result<Report, Error>,
        output: &mut Output,
    ) -> Result<Exit, CommandError> {
        match (self, outcome.map_err(CommandError::from)) {
            (Progress::People, Ok(report)) => output.line(report)?,
            (Progress::Json, Ok(report)) => output.json_line(&EventDocument::finished(&report))?,
            (Progress::People, Err(error)) => return Err(error),
            (Progress::Json, Err(error)) => {
                output.json_line(&EventDocument::failed(&error))?;
                return Err(error);
            }
        }
        Ok(Exit::Done)
    }
}
