//! Checks that a run that nothing has cut ends as predicted.

use gapless::Error;
use gapless::engine::Finished;

use super::action::Action;
use super::file::{File, Kind};
use super::forward::{finish, told};
use super::outcome::Stop;
use super::place::{Picture, Place};
use super::play::Play;
use super::reference::{Judgement, Known, Reference, Row};
use super::release::Program;

/// The state that a run found, and the prediction.
pub(super) struct Expected<'e, 'w> {
    pub(super) known: &'e Reference,
    pub(super) program: &'w Program,
    pub(super) judgement: Judgement<'w>,
    pub(super) action: Action,
    /// The version of which somebody has said what became of it.
    pub(super) resolved: Option<i64>,
}

impl<'w, P: Place> Play<'w, P> {
    /// Checks that the run ended as predicted.
    pub(super) fn expect(
        &mut self,
        expected: &Expected<'_, 'w>,
        result: &Result<Finished, Error>,
        before: &Picture,
        after: &Picture,
    ) -> Result<(), String> {
        let Expected { known, program, judgement, action, resolved } = expected;
        if !judgement.unclear.is_empty() {
            self.tag("unclear");
            return Ok(());
        }
        let unchanged = || if before == after { Ok(()) } else { Err("something was done".to_owned()) };
        if !judgement.conflicts.is_empty() {
            self.tag("conflict");
            return match result {
                Err(error) if !error.conflicts().is_empty() => unchanged(),
                _ => Err(format!("it is not refused: {:?}", judgement.conflicts)),
            };
        }
        if let Some(open) = known.halfway() {
            self.tag("half taken back");
            return match result {
                Ok(_) if !open.done.is_empty() => {
                    Err("what is half taken back passes for applied".to_owned())
                }
                _ => Ok(()),
            };
        }
        let steps = judgement.pending.iter().any(|file| file.is_stepwise());
        if action.locking == gapless::Locking::Transaction && steps {
            return match result {
                Err(error) if error.is_pooler() => unchanged(),
                _ => Err("steps are run under a lock of transactions".to_owned()),
            };
        }
        let turned = judgement
            .pending
            .iter()
            .any(|file| !file.is_stepwise() && known.forward.contains_key(&file.identity));
        for file in &judgement.pending {
            let recorded = self.is_recorded(program, file, after);
            let stop = match known.stop(file, P::INDEXES) {
                Some(Stop::Doubt) if *resolved == Some(file.version) => file.fails().then_some(Stop::Fails),
                stop => stop,
            };
            match (stop, result) {
                (None, _) if recorded => {}
                // The message that holds it is refused for one that was begun outside of a transaction.
                (None | Some(Stop::Fails), Err(error)) if error.is_interrupted() && turned && !recorded => {
                    self.tag("interrupted");
                    return Ok(());
                }
                (None, _) => return Err(format!("{} is not applied", file.name)),
                (Some(Stop::Doubt), _) if recorded => self.tag("doubt decided"),
                (Some(Stop::Fails), Err(error)) if error.failure().is_some() && !recorded => {
                    self.tag("fails");
                    return Ok(());
                }
                (Some(Stop::Doubt), Err(error)) if error.failure().is_some() && file.fails() => return Ok(()),
                (Some(Stop::Doubt | Stop::Contradicts), Err(error))
                    if error.is_interrupted() && !recorded =>
                {
                    self.tag("interrupted");
                    return Ok(());
                }
                // It has looked again, and what it passed over as a newer release's came before what it had applied.
                (Some(Stop::Doubt), Err(error))
                    if !error.conflicts().is_empty() && self.is_refused(program) =>
                {
                    self.tag("boots once");
                    return Ok(());
                }
                (Some(stop), _) => return Err(format!("{} does not stop: {stop:?}", file.name)),
            }
        }
        match result {
            Ok(_) => self.again(*action, program),
            Err(_) => Err("it ends with an error, and has done its work".to_owned()),
        }
    }

    fn is_refused(&self, program: &Program) -> bool {
        !self.reference.judge(program, None, usize::MAX).conflicts.is_empty()
    }

    fn is_recorded(&self, program: &Program, file: &File, after: &Picture) -> bool {
        let of_it = || program.release.at(file.version).map(|file| file.identity);
        let identity = if file.kind == Kind::Baseline { of_it() } else { None };
        after.row(identity.unwrap_or(file.identity)).is_some()
    }

    /// A second run has nothing to do, in one round trip; in two where the journal is asked about a newer release.
    fn again(&mut self, action: Action, program: &'w Program) -> Result<(), String> {
        let judgement = self.reference.judge(program, None, usize::MAX);
        let clear = judgement.conflicts.is_empty() && judgement.unclear.is_empty();
        if !clear || !judgement.pending.is_empty() {
            self.tag("boots once");
            return Ok(());
        }
        let strange = |row: &Row| matches!(self.reference.known(program, row), Known::Alias(_) | Known::No);
        let trips = if self.reference.rows.iter().any(strange) { 2 } else { 1 };
        let mut cutter = self.cutter(None);
        let runner = Self::with_code(self.runner(program, action.locking), program, &cutter.fuse());
        let (result, _) = finish(runner, &mut cutter);
        self.give_back(cutter.into_client());
        match result {
            Ok(again) if again.report.applied().is_empty() && again.report.round_trips() <= trips => Ok(()),
            other => Err(format!("a second run: {}", told(&other))),
        }
    }
}
