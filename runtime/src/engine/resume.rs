//! How to go on with a migration outside of a transaction, by what the journal says of it.

use gapless_core::Statement;

use super::progress::Progress;
use super::reply::DbError;
use super::run::{After, Run, State};
use super::stepwise::{Phase, Stepwise};
use super::way::Way;
use crate::dialect::{Entry, Timeouts};
use crate::error::ErrorKind;
use crate::event::Event;
use crate::options::Resolution;

impl<'a> Run<'a> {
    pub(super) fn start(&mut self, mut steps: Stepwise<'a>, mut progress: Progress) -> State<'a> {
        let back = matches!(steps.way, Way::Down(_));
        if progress.rows > 0 && progress.recorded != back {
            return self.start_elsewhere(&steps, back);
        }
        if progress.back != back {
            progress.begin_anew();
        }
        self.watch(&steps, &progress);
        if self.lock_waited + self.spent < progress.patience(self.options.lock_wait) && !self.resolves(&steps)
        {
            return self.wait(After::Look, None);
        }
        let resolution = self.resolution(&steps, &progress);
        if steps.is_turned() && resolution != Some(Resolution::MarkApplied) {
            return self.turn(steps, &progress, resolution);
        }
        let total = steps.total();
        steps.at = match resolution {
            Some(Resolution::MarkApplied) => total,
            Some(Resolution::RetryFrom(statement)) if (1..=total + 1).contains(&statement) => statement - 1,
            Some(Resolution::RetryFrom(_)) => {
                let version = steps.migration.version();
                return self.end(Err(ErrorKind::Resolve(version, "the file has no such statement")));
            }
            Some(Resolution::Retry) => progress.done,
            None => match self.undecidable(&steps, &progress) {
                Some(why) => return self.interrupted(&steps, progress.done, &why),
                None => progress.done,
            },
        };
        steps.begun_before = progress.announced.is_some();
        steps.in_doubt = progress.in_doubt && resolution.is_none();
        if resolution != Some(Resolution::MarkApplied) {
            // A file that was edited may have fewer statements than are done.
            let sets = |index: &usize| steps.statements.get(*index).is_some_and(Statement::sets_session);
            steps.replay = (0..steps.at).rev().filter(sets).collect();
        }
        self.attempt = progress.attempt + 1;
        self.begin_try(steps, &progress, resolution.is_some())
    }

    /// Another runner has recorded it, or taken it back, since the set was looked at.
    fn start_elsewhere(&mut self, steps: &Stepwise<'a>, back: bool) -> State<'a> {
        if self.is_overtaken(self.history.rows().len()) {
            return self.look_anew();
        }
        let (is, doing) = if back { ("is not", "rolling back") } else { ("is", "applying") };
        let message =
            format!("it {is} in the set, and the set was read to hold something else under that version");
        let error = DbError { message, ..DbError::default() };
        self.broke_off(&format!("{doing} version {}", steps.migration.version()), error)
    }

    /// What the caller says of it, if there is something to say it of.
    fn resolution(&mut self, steps: &Stepwise<'a>, progress: &Progress) -> Option<Resolution> {
        let (version, resolution) = self.options.resolve.filter(|_| self.resolves(steps))?;
        if !progress.begun {
            self.warn(format!("`.resolve({version}, ...)` had nothing to resolve, and was passed over"));
        }
        progress.begun.then_some(resolution)
    }

    /// Journals that a try begins, and what is known before it does.
    fn begin_try(&mut self, mut steps: Stepwise<'a>, progress: &Progress, resolved: bool) -> State<'a> {
        let version = steps.migration.version();
        let before = self.names_before(steps.migration.version());
        let mut known = progress.rows;
        self.message = self.same_backend() + &self.dialect.begin(Timeouts::default());
        if matches!(steps.way, Way::Down(_)) {
            self.message += &self.dialect.go_back(&self.tracker, version);
            if !progress.begun {
                self.message += &self.dialect.journal(&self.tracker, &self.entry(&steps, "rolling_back"));
                known += 1;
            }
        }
        if resolved {
            let entry = Entry { statement: Some(steps.at), ..self.entry(&steps, "resolved") };
            self.message += &self.dialect.journal(&self.tracker, &entry);
            known += 1;
        }
        let entry = self.entry(&steps, "started");
        self.message += &self.dialect.journal_start(&self.tracker, &entry, &before, known);
        // What is set again comes first: names may mean something else then.
        if steps.replay.is_empty() {
            self.message += &self.announce(&steps, steps.at);
            steps.announced = steps.is_announced(steps.at);
        }
        self.message += &self.dialect.commit(true);
        if steps.keeps_session() {
            self.message += &self.dialect.set_timeouts(self.step_timeouts(&steps));
            self.session.dirty = true;
        }
        let pending: Vec<_> = self.pending(version).into_iter().collect();
        if matches!(steps.way, Way::Up) {
            self.emit(&Event::Applying(&pending));
        }
        steps.phase = Phase::Starting;
        State::Stepping(steps)
    }

    fn resolves(&self, steps: &Stepwise<'a>) -> bool {
        self.options.resolve.is_some_and(|(version, _)| version == steps.migration.version())
    }

    /// Begins to wait anew whenever the journal has grown: somebody is at it.
    fn watch(&mut self, steps: &Stepwise<'a>, progress: &Progress) {
        let now = Some((steps.migration.version(), progress.attempt, progress.rows));
        if self.watched != now {
            self.watched = now;
            self.lock_waited = std::time::Duration::ZERO;
        }
    }

    /// Why it cannot be gone on with, unless somebody looks.
    fn undecidable(&self, steps: &Stepwise<'a>, progress: &Progress) -> Option<String> {
        if let Some(index) = progress.edited(|index| steps.checksum(index)) {
            return Some(format!("statement {} was done, and has been edited since", index + 1));
        }
        if progress.open && progress.alive == Some(true) {
            return Some("its session is still there, and may be at work".to_owned());
        }
        if !progress.in_doubt || steps.is_rerunnable() {
            return None;
        }
        let statement = steps.statements.get(progress.done);
        if statement.is_some_and(Statement::is_repeatable) {
            return None;
        }
        if progress.announced.as_ref().is_some_and(|begun| *begun != steps.checksum(progress.done)) {
            return Some(EDITED.to_owned());
        }
        let told = statement.and_then(Statement::concurrent).is_some_and(|concurrent| {
            self.dialect.inspect(&self.tracker, steps.migration.version(), 0, &concurrent).is_some()
        });
        (!told).then(|| LOST.to_owned())
    }

    pub(super) fn interrupted(&mut self, steps: &Stepwise<'a>, done: usize, why: &str) -> State<'a> {
        let version = steps.migration.version();
        let statement = done + 1;
        let start = match steps.way {
            Way::Up => "start once",
            Way::Down(_) => "roll back once more",
        };
        let ways = format!(
            "look at the database, then {start} with one of `.resolve({version}, Resolution::Retry)` to run \
             statement {statement} again, `Resolution::RetryFrom({})` if it took effect, or \
             `Resolution::MarkApplied` if all of the file did",
            statement + 1
        );
        self.broken(steps, statement, why, ways)
    }

    pub(super) fn broken(
        &mut self,
        steps: &Stepwise<'a>,
        statement: usize,
        why: &str,
        ways: String,
    ) -> State<'a> {
        self.end(Err(ErrorKind::Interrupted {
            version: steps.migration.version(),
            path: steps.way.path(steps.migration).to_owned(),
            statement,
            statements: steps.total(),
            why: why.to_owned(),
            ways,
        }))
    }
}

const LOST: &str = "its session ended without a word: the statement may or may not have taken effect";

const EDITED: &str = "its session ended without a word, and the statement has been edited since: the text before may or may not have \
     taken effect";
