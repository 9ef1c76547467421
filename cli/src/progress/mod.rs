//! Shows a run while it goes on: a bar on a terminal, plain lines elsewhere, JSON for programs.

pub(crate) mod activity;
mod bar;
mod echo;
mod lines;
pub(crate) mod watcher;

use std::io::{self, IsTerminal};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gapless::{Error, Event, Report, Runner};

use self::activity::Activity;
use self::bar::Bar;
use self::lines::Lines;
use self::watcher::{Opener, Watcher};
use crate::exit::{CommandError, Exit};
use crate::output::Output;
use crate::output::complain;
use crate::output::json::EventDocument;
use crate::signals::{self, Guard};

/// Shows a run.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    face: Face,
    run: Arc<Mutex<Run>>,
}

/// What the events have told so far.
#[derive(Debug, Default)]
struct Run {
    backend: Option<i32>,
    pending: Vec<i64>,
    seen: Activity,
}

/// The reader's.
#[derive(Clone, Debug)]
enum Face {
    /// A person at a terminal.
    Bar(Bar),
    /// A person who reads it later.
    Lines(Lines),
    /// A program.
    Json,
}

impl Progress {
    pub(crate) fn new(json: bool) -> Progress {
        let face = match json {
            true => Face::Json,
            false if io::stderr().is_terminal() => Face::Bar(Bar::new()),
            false => Face::Lines(Lines::default()),
        };
        Progress { face, run: Arc::default() }
    }

    /// The runner that shows its events.
    pub(crate) fn listen<'a>(&self, runner: Runner<'a>) -> Runner<'a> {
        let progress = self.clone();
        runner.on_event(move |event: &Event<'_>| progress.show(event))
    }

    fn show(&self, event: &Event<'_>) {
        match event {
            Event::Planned(plan) => {
                let versions = plan.pending().iter().map(|pending| pending.version().number());
                self.run().pending = versions.collect();
            }
            Event::Started { pid } => self.run().backend = *pid,
            _ => {}
        }
        match &self.face {
            Face::Bar(bar) => bar.show(event),
            Face::Lines(lines) => lines.show(event),
            Face::Json => write_json(&EventDocument::from(event)),
        }
    }

    /// Shows what is new to be seen from beside the run.
    fn see(&self, activity: &Activity) {
        if std::mem::replace(&mut self.run().seen, activity.clone()) == *activity {
            return;
        }
        match &self.face {
            Face::Bar(bar) => bar.see(activity),
            Face::Lines(lines) => lines.see(activity),
            Face::Json => write_json(&EventDocument::from(activity)),
        }
    }

    fn run(&self) -> MutexGuard<'_, Run> {
        self.run.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The process id of the run's backend, once it has begun.
    fn backend(&self) -> Option<i32> {
        self.run().backend
    }

    fn pending(&self) -> Vec<i64> {
        self.run().pending.clone()
    }

    /// Looks at the run from beside it, until the watcher is dropped.
    pub(crate) fn watch(&self, open: Option<Opener>) -> Watcher {
        Watcher::begin(open, self)
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
    pub(crate) fn leave(&self) {
        if let Face::Bar(bar) = &self.face {
            bar.clear();
        }
    }

    /// Says something beside the events.
    fn say(&self, text: &str) {
        match &self.face {
            Face::Bar(bar) => bar.print(text),
            Face::Lines(_) | Face::Json => complain(text),
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
            (_, Ok(report)) => output.line(report)?,
            (_, Err(error)) => return Err(error),
        }
        Ok(Exit::Done)
    }
}

/// The runner that says for whom it waits, for commands that have nothing else to show before their end.
pub(crate) fn tell_waiting(runner: Runner<'_>) -> Runner<'_> {
    runner.on_event(|event: &Event<'_>| {
        if matches!(event, Event::Waiting { .. }) {
            complain(event);
        }
    })
}

/// What cannot be written any more does not stop a run.
fn write_json(document: &EventDocument) {
    let _ = Output::new().json_line(document);
}
