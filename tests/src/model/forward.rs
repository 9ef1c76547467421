//! A run by itself: whether it ends as it must.

use gapless::engine::{Finished, Reply, Run, Step};
use gapless::{Connection, Error, Resolution, Runner};
use std::time::Duration;

use super::absorb::{Allowed, Direction};
use super::action::Action;
use super::cancelled::may_be_half_done;
use super::cutter::Cut;
use super::expected::Expected;
use super::file::{File, Kind};
use super::place::{Picture, Place};
use super::play::{Play, version};
use super::release::Program;

/// The outcome of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stepped {
    Sent,
    Slept,
    Finished,
}

/// One step of a run; time passes at once.
pub(super) fn step<C: Connection>(run: &mut Run<'_>, client: &mut C) -> Stepped {
    let answer = match run.step() {
        Step::Finished => return Stepped::Finished,
        Step::Sleep(_) => {
            run.reply(Reply::slept());
            return Stepped::Slept;
        }
        Step::Send(message) => client.exchange(message),
        Step::Call => match run.take_call() {
            Some(mut call) => {
                let answer = client.call(&mut call);
                run.called(call);
                answer
            }
            None => Ok(Vec::new()),
        },
    };
    run.reply(Reply::answered(answer, Duration::ZERO));
    Stepped::Sent
}

/// Runs to the end, and says how often it slept.
pub(super) fn finish<C: Connection>(runner: Runner<'_>, client: &mut C) -> (Result<Finished, Error>, usize) {
    let mut slept = 0;
    let mut run = match runner.into_run(client.dialect()) {
        Ok(run) => run,
        Err(error) => return (Err(error), slept),
    };
    loop {
        match step(&mut run, client) {
            Stepped::Sent => {}
            Stepped::Slept => slept += 1,
            Stepped::Finished => return (run.finish(), slept),
        }
    }
}

impl<'w, P: Place> Play<'w, P> {
    pub(super) fn forward(
        &mut self,
        number: usize,
        action: Action,
        target: Option<usize>,
        looks: bool,
    ) -> Result<(), String> {
        let program = &self.programs[action.release];
        let target = target.and_then(|index| program.release.files.get(index)).map(|file| file.version);
        let result = self.run_once(number, action, target, None)?;
        let interrupted = result.err().filter(Error::is_interrupted);
        if let Some(error) = interrupted.filter(|_| looks) {
            self.look(number, action, target, &error)?;
        }
        Ok(())
    }

    /// Somebody looks at the database and says where to go on.
    pub(super) fn look(
        &mut self,
        number: usize,
        action: Action,
        target: Option<i64>,
        error: &Error,
    ) -> Result<bool, String> {
        let program = &self.programs[action.release];
        let text = error.to_string();
        let of_it = |file: &&File| text.starts_with(&format!("version {} ", file.version));
        if self.reference.halfway().is_some() {
            return Ok(false);
        }
        let Some(file) = program.release.files.iter().find(of_it) else {
            return Err(format!("the interrupted version is nowhere: {text}"));
        };
        let Some(statement) = self.reference.way_on(file) else { return Ok(false) };
        self.tag("resolved");
        let resolution = (file.version, Resolution::RetryFrom(statement));
        let result = self.run_once(number, Action { cut: None, ..action }, target, Some(resolution))?;
        Ok(!result.is_err_and(|again| again.to_string() == text))
    }

    pub(super) fn run_once(
        &mut self,
        number: usize,
        action: Action,
        target: Option<i64>,
        resolution: Option<(i64, Resolution)>,
    ) -> Result<Result<Finished, Error>, String> {
        let program = &self.programs[action.release];
        let before = self.picture();
        if action.cut.is_none() {
            self.plan_agrees(number, action, target)?;
        }
        let mut cutter = self.cutter(action.cut);
        let token = cutter.trace.token().clone();
        let runner = self.runner(program, action.locking).cancel_on(&token);
        let mut runner = Self::with_code(runner, program, &cutter.fuse());
        if let Some(target) = target {
            self.tag("target");
            runner = runner.target(version(target));
        }
        if let Some((resolved, resolution)) = resolution {
            runner = runner.resolve(version(resolved), resolution);
        }
        let (result, slept) = finish(runner, &mut cutter);
        let (cut, sent, endless) = (cutter.trace.is_cut(), cutter.trace.sent(), cutter.is_endless());
        let foreign = cutter.other();
        let handed_on = action.cut.is_some_and(Cut::is_pooler);
        match cutter.into_client() {
            // The lock of a session that was handed on stays with its backend.
            Some(client) if handed_on => self.place.end(client),
            client => self.give_back(client),
        }
        if endless {
            return Err(format!("the run does not end: {result:?}"));
        }
        let failed = result.as_ref().err().and_then(Error::failure).map(|failure| failure.version().number());
        let cancelled = result.as_ref().err().filter(|error| error.is_cancelled());
        if cancelled.is_some() && !token.is_cancelled() {
            return Err("it says that it was cancelled".to_owned());
        }
        let at = failed.and_then(|failed| program.release.at(failed));
        let half = cancelled.is_some_and(|error| may_be_half_done(error, at));
        let allowed = Allowed {
            number,
            programs: vec![program],
            direction: Direction::Forward,
            cut: cut || half,
            resolved: resolution.is_some(),
            failed: at.filter(|_| !cut && cancelled.is_none()).map(|file| file.identity),
            chain: Vec::new(),
        };
        let told = |problem: String| format!("{problem}\nthe run said: {}", told(&result));
        let known = self.reference.clone();
        let after = self.absorb(&allowed).map_err(told)?;
        if result.is_ok() {
            self.complete(program, target, &after).map_err(told)?;
        }
        if cut {
            self.after_cut(&result, &after, foreign, action.cut)?;
            return Ok(result);
        }
        if let Some(error) = cancelled {
            self.after_cancelling(error, &before, &after).map_err(told)?;
            return Ok(result);
        }
        let judgement = known.judge(program, target, number);
        let stepwise = judgement.pending.iter().map(|file| 8 + 4 * file.statements.len()).sum::<usize>();
        if sent > 24 + stepwise + 5 * slept {
            return Err(told(format!("{sent} messages were sent")));
        }
        let expected = Expected {
            known: &known,
            program,
            judgement,
            action,
            resolved: resolution.map(|(version, _)| version),
        };
        self.expect(&expected, &result, &before, &after).map_err(told)?;
        self.left_nothing().map_err(told)?;
        Ok(result)
    }

    pub(super) fn left_nothing(&mut self) -> Result<(), String> {
        let mut client = self.client();
        let left = self.place.left(&mut client);
        self.give_back(Some(client));
        left.map_or(Ok(()), Err)
    }

    fn after_cut(
        &mut self,
        result: &Result<Finished, Error>,
        after: &Picture,
        foreign: Option<String>,
        cut: Option<Cut>,
    ) -> Result<(), String> {
        if matches!(cut, Some(Cut::HandedOn { .. })) {
            self.tag("handed on");
            // On a fresh database the first look fails, and who has answered it is not known: the lock is the other's.
            let whole = matches!(cut, Some(Cut::HandedOn { from: 0 | 1, alone: false }));
            let worked = !whole && foreign.is_some_and(|pid| after.pids.contains(&pid));
            // A statement that is alone in its message cannot be kept from running there, but must be told.
            return match result {
                Ok(_) if worked => Err(format!("another backend did the work: {}", told(result))),
                _ => Ok(()),
            };
        }
        self.tag("cut");
        Ok(())
    }

    /// Checks the work of a run that succeeded.
    pub(super) fn complete(
        &self,
        program: &Program,
        target: Option<i64>,
        after: &Picture,
    ) -> Result<(), String> {
        let within = |file: &&File| target.is_none_or(|target| file.version <= target);
        let mut files = program.release.files.iter().filter(within);
        let missing = files.find(|file| file.kind != Kind::Tombstone && after.row(file.identity).is_none());
        missing.map_or(Ok(()), |file| Err(format!("it went well, and {} is not recorded", file.name)))
    }

    /// Checks that `plan` agrees with the reference.
    fn plan_agrees(&mut self, number: usize, action: Action, target: Option<i64>) -> Result<(), String> {
        let program = &self.programs[action.release];
        let judgement = self.reference.judge(program, target, number);
        let mut runner = self.runner(program, action.locking);
        if let Some(target) = target {
            runner = runner.target(version(target));
        }
        let mut client = self.client();
        let plan = runner.plan(&mut client);
        self.give_back(Some(client));
        if !judgement.unclear.is_empty() || self.reference.halfway().is_some() {
            return Ok(());
        }
        let pending: Vec<_> = judgement.pending.iter().map(|file| file.version).collect();
        match plan {
            Err(error) if judgement.conflicts.is_empty() => Err(format!("the plan is refused: {error}")),
            Err(error) if error.conflicts().is_empty() => Err(format!("the plan fails: {error}")),
            Err(_) => Ok(()),
            Ok(_) if !judgement.conflicts.is_empty() => {
                Err(format!("the plan passes over: {:?}", judgement.conflicts))
            }
            Ok(plan) => {
                let planned: Vec<_> =
                    plan.pending().iter().map(|pending| pending.version().number()).collect();
                if planned != pending || plan.changes().len() != judgement.changes {
                    return Err(format!(
                        "{pending:?} and {} changes are planned as: {plan}",
                        judgement.changes
                    ));
                }
                Ok(())
            }
        }
    }
}

pub(super) fn told(result: &Result<Finished, Error>) -> String {
    match result {
        Ok(finished) => finished.report.to_string(),
        Err(error) => error.to_string(),
    }
}
