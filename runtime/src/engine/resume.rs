//! What the journal says of earlier tries of a migration outside of a transaction, and how to go on.

use std::time::Duration;

use gapless_core::Statement;

use super::reply::{DbError, ResultSet, is_truth};
use super::run::{After, Run, State};
use super::stepwise::{Phase, Stepwise};
use crate::dialect::Entry;
use crate::error::ErrorKind;
use crate::event::Event;
use crate::options::Resolution;

/// How long a statement is left alone that may still be at work, where nobody can tell.
pub(super) const GRACE: Duration = Duration::from_secs(10);

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Progress {
    /// The number of the last try; none is zero.
    pub(super) attempt: u32,
    /// How many statements are known to be done.
    pub(super) done: usize,
    /// Whether there was a try since it was last applied.
    pub(super) begun: bool,
    /// Whether the last try ended without a word.
    pub(super) in_doubt: bool,
    /// Whether the session of the last try lives; `None` if that cannot be known.
    pub(super) alive: Option<bool>,
    /// Whether another runner has recorded it since the set was looked at.
    pub(super) recorded: bool,
    checksums: Vec<Option<String>>,
}

impl Progress {
    /// Reads event, attempt, statement, detail, alive and recorded, in the order of the journal.
    pub(super) fn read(rows: &ResultSet) -> Progress {
        let mut progress = Progress::default();
        for row in rows.rows() {
            let text = |column: usize| row.get(column).and_then(Option::as_deref);
            let number = |column: usize| text(column).and_then(|text| text.parse::<usize>().ok());
            let is_true = |column: usize| text(column).map(is_truth);
            progress.recorded = is_true(5).unwrap_or_default();
            match text(0) {
                Some("started") => {
                    progress.attempt = number(1).and_then(|n| u32::try_from(n).ok()).unwrap_or_default();
                    progress.in_doubt = true;
                    progress.begun = true;
                    progress.alive = is_true(4);
                }
                Some("statement") => progress.reach(number(2), text(3)),
                Some("failed") => progress.in_doubt = false,
                Some("interrupted") => (progress.in_doubt, progress.alive) = (true, Some(false)),
                // Its row has been taken out of the set since: all of it is to be done again.
                Some("applied" | "adopted" | "baselined" | "reconciled" | "rolled_back") => {
                    progress = Progress {
                        attempt: progress.attempt,
                        recorded: progress.recorded,
                        ..Progress::default()
                    }
                }
                Some("resolved") => {
                    progress.in_doubt = false;
                    progress.reach(number(2), None);
                }
                _ => {}
            }
        }
        progress
    }

    fn reach(&mut self, statement: Option<usize>, checksum: Option<&str>) {
        self.done = statement.unwrap_or_default();
        self.checksums.resize(self.done, None);
        if let Some(last) = self.checksums.last_mut() {
            *last = checksum.map(str::to_owned);
        }
    }

    /// The first of the done statements, counted from zero, whose text is not what it was.
    pub(super) fn edited(&self, checksum: impl Fn(usize) -> String) -> Option<usize> {
        self.checksums
            .iter()
            .enumerate()
            .find(|(index, known)| known.as_ref().is_some_and(|known| *known != checksum(*index)))
            .map(|(index, _)| index)
    }

    /// How long to leave it alone: as long as its session lives, within the time for waiting.
    pub(super) fn patience(&self, lock_wait: Duration) -> Duration {
        match self.alive {
            _ if !self.in_doubt => Duration::ZERO,
            Some(true) => lock_wait,
            None => lock_wait.min(GRACE),
            Some(false) => Duration::ZERO,
        }
    }
}

impl<'a> Run<'a> {
    pub(super) fn start(&mut self, mut steps: Stepwise<'a>, progress: &Progress) -> State<'a> {
        let version = steps.migration.version();
        let total = steps.statements.len();
        if progress.recorded {
            if self.is_overtaken(self.history.rows().len()) {
                return self.look_anew();
            }
            let message = "it is in the set, and is not what the set was read to hold under that version";
            let error = DbError { message: message.to_owned(), ..DbError::default() };
            return self.broke_off(&format!("applying version {version}"), error);
        }
        self.watch(&steps, progress);
        if self.lock_waited + self.spent < progress.patience(self.options.lock_wait) && !self.resolves(&steps)
        {
            return self.wait(After::Look, None);
        }
        let why = self.undecidable(&steps, progress);
        let mut resolution =
            self.options.resolve.filter(|_| self.resolves(&steps)).map(|(_, resolution)| resolution);
        if resolution.is_some() && !progress.begun {
            self.warn(format!("`.resolve({version}, ...)` had nothing to resolve, and was passed over"));
            resolution = None;
        }
        steps.at = match (resolution, why) {
            (Some(Resolution::MarkApplied), _) => total,
            (Some(Resolution::RetryFrom(statement)), _) if (1..=total + 1).contains(&statement) => {
                statement - 1
            }
            (Some(Resolution::RetryFrom(_)), _) => {
                return self.end(Err(ErrorKind::Resolve(version, "the file has no such statement")));
            }
            (None, Some(why)) => return self.interrupted(&steps, progress.done, &why),
            (Some(Resolution::Retry) | None, _) => progress.done,
        };
        steps.begun_before = progress.attempt > 0;
        steps.in_doubt = progress.in_doubt && resolution.is_none();
        if resolution != Some(Resolution::MarkApplied) {
            // A file that was edited may have fewer statements than are done.
            let sets = |index: &usize| steps.statements.get(*index).is_some_and(Statement::sets_session);
            steps.replay = (0..steps.at).rev().filter(sets).collect();
        }
        self.attempt = progress.attempt + 1;
        self.message.clear();
        if resolution.is_some() {
            let entry = Entry { statement: Some(steps.at), ..self.entry(&steps, "resolved") };
            self.message += &self.dialect.journal(&self.tracker, &entry);
        }
        let started = self.note(&steps, "started");
        self.message += &started;
        self.message += &self.dialect.set_timeouts(self.timeouts(steps.migration));
        self.session.dirty = true;
        let pending: Vec<_> = self.pending(version).into_iter().collect();
        self.emit(&Event::Applying(&pending));
        steps.phase = Phase::Starting;
        State::Stepping(steps)
    }

    fn resolves(&self, steps: &Stepwise<'a>) -> bool {
        self.options.resolve.is_some_and(|(version, _)| version == steps.migration.version())
    }

    /// Begins to wait anew whenever the journal has grown: somebody is at it.
    fn watch(&mut self, steps: &Stepwise<'a>, progress: &Progress) {
        let now = Some((steps.migration.version(), progress.attempt, progress.done));
        if self.watched != now {
            self.watched = now;
            self.lock_waited = Duration::ZERO;
        }
    }

    /// Why it cannot be gone on with, unless somebody looks.
    fn undecidable(&self, steps: &Stepwise<'a>, progress: &Progress) -> Option<String> {
        if let Some(index) = progress.edited(|index| steps.checksum(index)) {
            return Some(format!("statement {} was done, and has been edited since", index + 1));
        }
        let rerunnable = steps.migration.directives().rerunnable();
        let told = steps.concurrent().is_some_and(|concurrent| self.dialect.inspect(&concurrent).is_some());
        let open = progress.in_doubt && progress.done < steps.statements.len() && !rerunnable && !told;
        open.then(|| match progress.alive {
            Some(true) => "its session is still there, and may be at work".to_owned(),
            _ => {
                "its session ended without a word: the statement may or may not have taken effect".to_owned()
            }
        })
    }

    fn interrupted(&mut self, steps: &Stepwise<'a>, done: usize, why: &str) -> State<'a> {
        let version = steps.migration.version();
        let statement = done + 1;
        let ways = format!(
            "look at the database, then start once with one of `.resolve({version}, Resolution::Retry)` to run \
             statement {statement} again, `Resolution::RetryFrom({})` if it took effect, or \
             `Resolution::MarkApplied` if all of the file did",
            statement + 1
        );
        self.end(Err(ErrorKind::Interrupted {
            version,
            path: steps.migration.path().to_owned(),
            statement,
            statements: steps.statements.len(),
            why: why.to_owned(),
            ways,
        }))
    }
}
