//! Shows a run while it goes on: a bar on a terminal, plain lines elsewhere, JSON for programs.

mod bar;
mod echo;
mod lines;

use std::io::{self, IsTerminal};

use gapless::{Error, Event, Report, Runner};

use self::bar::Bar;
use crate::exit::{CommandError, Exit};
use crate::output::Output;
use crate::output::json::EventDocument;
use crate::signals::{self, Guard};

/// Shows a run.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    face: Face,
}

/// The reader's.
#[derive(Clone, Debug)]
enum Face {
    /// A person at a terminal.
    Bar(Bar),
    /// A person who reads it later.
    Lines,
    /// A program.
    Json,
}

impl Progress {
    pub(crate) fn new(json: bool) -> Progress {
        let face = match json {
            true => Face::Json,
            false if io::stderr().is_terminal() => Face::Bar(Bar::new()),
            false => Face::Lines,
        };
        Progress { face }
    }

    /// The runner that shows its events.
    pub(crate) fn listen<'a>(&self, runner: Runner<'a>) -> Runner<'a> {
        let progress = self.clone();
        runner.on_event(move |event: &Event<'_>| progress.show(event))
    }

    fn show(&self, event: &Event<'_>) {
        match &self.face {
            Face::Bar(bar) => bar.show(event),
            Face::Lines => lines::show(event),
            Face::Json => write_json(&EventDocument::from(event)),
        }
    }

    /// Cancels the run at a signal, until the guard is dropped.
    pub(crate) fn attend(&self, runner: &Runner<'_>) -> Guard {
        let (saying, leaving) = (self.clone(), self.clone());
        signals::cancel_on_signal(
            runner.cancellation(),
            move |text| saying.say(text),
            move || leaving.leave(),
        )
    }

    /// Gives the terminal back as it was.
    fn leave(&self) {
        if let Face::Bar(bar) = &self.face {
            bar.clear();
        }
    }

    /// Says something beside the events.
    fn say(&self, text: &str) {
        match &self.face {
            Face::Bar(bar) => bar.print(text),
            Face::Lines | Face::Json => anstream::eprintln!("{text}"),
        }
    }

    /// Shows how the run ended.
    pub(crate) fn conclude(
        &self,
        outcome: Result<Report, Error>,
        output: &mut Output,
    ) -> Result<Exit, CommandError> {
        self.leave();
        match (&self.face, outcome.map_err(CommandError::from)) {
            (Face::Json, Ok(report)) => output.json_line(&EventDocument::finished(&report))?,
            (Face::Json, Err(error)) => {
                output.json_line(&EventDocument::failed(&error))?;
                return Err(error);
            }
            (_, Ok(report)) => output.line(report)?,
            (_, Err(error)) => return Err(error),
        }
        Ok(Exit::Done)
    }
}

/// What cannot be written any more does not stop a run.
fn write_json(document: &EventDocument) {
    let _ = Output::new().json_line(document);
}
