//! What becomes of a step that is refused.

use gapless_core::Statement;

use super::batch::offset;
use super::reply::{DbError, ResultSet};
use super::run::{Rollback, Run, State};
use super::stepwise::{Manner, Phase, Stepwise};
use super::way::Way;
use crate::dialect::Class;
use crate::error::ErrorKind;
use crate::event::Event;

impl<'a> Run<'a> {
    /// An answer to a step, or to a question about one.
    pub(super) fn went_on(&mut self, state: State<'a>, results: &[ResultSet]) -> State<'a> {
        match state {
            State::Stepping(steps) => self.stepped(steps, results),
            State::CallingStep(steps) => self.executed(steps),
            _ => self.found_unfinished(results),
        }
    }

    pub(super) fn did_not_go_on(&mut self, state: State<'a>, error: DbError) -> State<'a> {
        match state {
            State::Stepping(steps) => self.not_stepped(steps, error),
            State::CallingStep(steps) => self.step_call_failed(steps, error),
            _ => self.broke_off("reading the journal", error),
        }
    }

    pub(super) fn not_stepped(&mut self, mut steps: Stepwise<'a>, error: DbError) -> State<'a> {
        if let Some(kind) = self.handed_on(&error) {
            return self.leave(&steps, Rollback::End(kind));
        }
        let class = self.dialect.classify(&error, &self.tracker);
        let executing = steps.phase == Phase::Executing;
        let within = offset(&error, &self.message, self.dialect);
        let at = within.filter(|at| steps.script.contains(at)).map(|at| at - steps.script.start);
        if class == Class::Apart && executing && steps.manner(steps.at) == Manner::Together {
            steps.apart = true;
            return self.roll_back(Rollback::Step(steps));
        }
        // Another runner has begun it, taken it over, or recorded it.
        let overtaken = match steps.phase {
            Phase::Starting => matches!(class, Class::Fence | Class::Unrecorded),
            Phase::Noting | Phase::Executing => class == Class::Unrecorded && at.is_none(),
            _ => false,
        };
        if overtaken {
            return self.roll_back(Rollback::Wait);
        }
        let gone = steps.phase == Phase::Recording && matches!(class, Class::Fence | Class::Unrecorded);
        if gone && self.is_overtaken(self.history.rows().len()) {
            let again = if self.overtaken.is_new() { Rollback::Look } else { Rollback::Retry };
            return self.roll_back(again);
        }
        let half_done = executing && !steps.is_rerunnable() && steps.may_be_half_done();
        let again = class == Class::Busy || (class == Class::Retry && steps.tries < self.options.retries);
        if again && !half_done {
            steps.begun_before |= executing;
            return if steps.in_block() {
                self.roll_back(Rollback::Again(steps, error.message))
            } else {
                self.again(steps, &error.message)
            };
        }
        match steps.phase {
            Phase::Executing | Phase::Dropping | Phase::Replaying => {
                self.refuse_step(&steps, error, at, half_done)
            }
            Phase::Recording => {
                let failure = self.step_failure(&steps, error, None);
                self.roll_back(Rollback::Fail(ErrorKind::Migration(failure)))
            }
            _ => {
                let doing = "journaling a migration without a transaction".to_owned();
                self.leave(&steps, Rollback::End(ErrorKind::Database { doing, error }))
            }
        }
    }

    /// A statement that failed, or what had to come before it.
    fn refuse_step(
        &mut self,
        steps: &Stepwise<'a>,
        error: DbError,
        at: Option<usize>,
        half_done: bool,
    ) -> State<'a> {
        if steps.phase == Phase::Executing && at.is_none() && self.is_ours(&error) {
            let doing = "journaling a migration without a transaction".to_owned();
            return self.leave(steps, Rollback::End(ErrorKind::Database { doing, error }));
        }
        let index = if steps.phase == Phase::Replaying { steps.replay.len() } else { steps.at };
        let start = steps.statements.get(index).map(|statement| statement.span().start);
        let within = at.filter(|_| steps.phase != Phase::Dropping).unwrap_or_default();
        let failure = self.step_failure(steps, error, start.map(|start| start + within));
        let failure = if half_done { failure.half_done() } else { failure };
        let kind = ErrorKind::Migration(failure);
        if steps.in_doubt && steps.phase != Phase::Executing {
            // The statement itself was not sent: what became of it before is still not known.
            return self.end(Err(kind));
        }
        let untouched = matches!(steps.way, Way::Down(_))
            && steps.phase == Phase::Executing
            && steps.at == 0
            && !half_done
            && steps.concurrent().is_none();
        self.staying = untouched.then(|| steps.migration.version());
        self.leave(steps, Rollback::Fail(kind))
    }

    /// Rolls back first, where there is something to roll back.
    fn leave(&mut self, steps: &Stepwise<'a>, then: Rollback<'a>) -> State<'a> {
        if steps.in_block() { self.roll_back(then) } else { self.rolled_back(then) }
    }

    /// Pauses before the same message is sent again, or the same step.
    pub(super) fn again(&mut self, mut steps: Stepwise<'a>, reason: &str) -> State<'a> {
        steps.tries += 1;
        self.report.retries += 1;
        self.lock_waited += self.spent;
        let waited = self.lock_waited;
        if waited >= self.options.lock_wait {
            let busy = Some(format!("{}: {reason}", steps.shown()));
            return self.end(Err(ErrorKind::LockWait { waited, holder: None, busy }));
        }
        let version = steps.migration.version();
        self.emit(&Event::Retrying { version, attempt: steps.tries, reason });
        State::Pausing(self.backoff.retry(), steps)
    }
}

impl Stepwise<'_> {
    /// Whether it may have committed a part of its work before it failed.
    fn may_be_half_done(&self) -> bool {
        match self.manner(self.at) {
            Manner::Code => true,
            _ => self.statement().is_some_and(Statement::may_commit),
        }
    }
}
