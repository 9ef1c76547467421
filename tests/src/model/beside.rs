//! Actions other than one run: plans, rollbacks, and two runs at once.

use gapless::{Locking, Rollback};

use super::absorb::{Allowed, Direction};
use super::action::Action;
use super::cutter::ENDLESS_RACE;
use super::file::File;
use super::forward::{Stepped, step, told};
use super::outcome::Extent;
use super::place::Place;
use super::play::{Play, version};
use super::random::Random;
use super::release::Program;

impl<'w, P: Place> Play<'w, P> {
    pub(super) fn dry_run(&mut self, number: usize, action: Action) -> Result<(), String> {
        let program = &self.programs[action.release];
        let before = self.picture();
        let judgement = self.reference.judge(program, None, number);
        let mut cutter = self.cutter(None);
        let result = self.runner(program, action.locking).dry_run(&mut cutter);
        self.give_back(cutter.into_client());
        let after = self.absorb(&looking(number, program))?;
        self.tag("dry run");
        if before != after {
            return Err("a dry run has done something".to_owned());
        }
        if !judgement.unclear.is_empty() || self.reference.halfway().is_some() {
            return Ok(());
        }
        let untried = |file: &&File| file.is_stepwise() || file.is_code();
        let steps = judgement.pending.iter().position(|file| file.is_stepwise());
        let untried = judgement.pending.iter().position(untried);
        let fails = judgement.pending.iter().position(|file| file.fails() && !file.is_stepwise());
        match result {
            Err(error) if !judgement.conflicts.is_empty() && !error.conflicts().is_empty() => Ok(()),
            _ if !judgement.conflicts.is_empty() => Err(format!("no conflict: {:?}", judgement.conflicts)),
            Err(error) if action.locking == Locking::Transaction && steps.is_some() && error.is_pooler() => {
                Ok(())
            }
            Err(error) if fails.is_some() && error.failure().is_some() => Ok(()),
            Err(error) => Err(format!("a dry run fails: {error}")),
            // Migrations behind one that cannot be tried may be left out too.
            Ok(_) if fails.is_some_and(|fails| untried.is_none_or(|untried| untried > fails)) => {
                Err("a dry run passes over a failure".to_owned())
            }
            Ok(tried) if tried.tried().len() + tried.not_tried().len() == judgement.pending.len() => Ok(()),
            Ok(tried) => Err(format!("{} are pending: {tried}", judgement.pending.len())),
        }
    }

    pub(super) fn verify(&mut self, number: usize, action: Action) -> Result<(), String> {
        let program = &self.programs[action.release];
        let judgement = self.reference.judge(program, None, number);
        let mut cutter = self.cutter(None);
        let result = self.runner(program, action.locking).verify(&mut cutter);
        self.give_back(cutter.into_client());
        self.absorb(&looking(number, program))?;
        self.tag("verify");
        let halfway = self.reference.halfway();
        match result {
            _ if !judgement.unclear.is_empty() => Ok(()),
            Err(error) if !judgement.conflicts.is_empty() && !error.conflicts().is_empty() => Ok(()),
            _ if !judgement.conflicts.is_empty() => Err(format!("no conflict: {:?}", judgement.conflicts)),
            Ok(_) if halfway.is_some_and(|open| !open.done.is_empty()) => {
                Err("what is half taken back is verified".to_owned())
            }
            _ if halfway.is_some() => Ok(()),
            Err(error) if error.is_pending() && !(judgement.pending.is_empty() && judgement.changes == 0) => {
                Ok(())
            }
            Err(error) => Err(format!("it is not verified: {error}")),
            Ok(_) if judgement.pending.is_empty() && judgement.changes == 0 => Ok(()),
            Ok(_) => Err("what is pending is verified".to_owned()),
        }
    }

    pub(super) fn back(&mut self, number: usize, action: Action, extent: Extent) -> Result<(), String> {
        let program = &self.programs[action.release];
        if !self.reference.legacy.is_empty() && !self.reference.ever {
            return Ok(());
        }
        let before = self.picture();
        let judgement = self.reference.judge(program, None, number);
        let wanted = self.reference.back(program, extent);
        let halfway = self.reference.halfway().cloned();
        // It was cut off, and nobody knows whether its first statement was announced.
        let doubtful = self.reference.forward.values().any(|open| open.doubt && open.done.is_empty());
        let rollback = match extent {
            Extent::Steps(steps) => Rollback::steps(steps),
            Extent::To(to) => Rollback::to(version(to)),
        };
        let mut cutter = self.cutter(action.cut.filter(|cut| !cut.is_pooler()));
        let runner = self.runner(program, action.locking).cancel_on(cutter.trace.token());
        let result = runner.rollback(rollback, &mut cutter);
        let (cut, endless) = (cutter.trace.is_cut(), cutter.is_endless());
        self.give_back(cutter.into_client());
        let told = |problem: String| match &result {
            Ok(report) => format!("{problem}\nthe rollback said: {report}"),
            Err(error) => format!("{problem}\nthe rollback said: {error}"),
        };
        if endless {
            return Err(told("a rollback does not end".to_owned()));
        }
        let files = wanted.clone().unwrap_or_default();
        let chain = files.iter().map(|file| file.identity).collect();
        let allowed = Allowed { direction: Direction::Back, cut, chain, ..looking(number, program) };
        let after = self.absorb(&allowed).map_err(told)?;
        self.tag(if cut { "rollback cut" } else { "rollback" });
        if let Some(error) = result.as_ref().err().filter(|error| error.is_cancelled()) {
            self.tag("rollback cancelled");
            return self.after_cancelling(error, &before, &after).map_err(told);
        }
        if cut || !judgement.unclear.is_empty() {
            return Ok(());
        }
        let refused = match &wanted {
            _ if !judgement.conflicts.is_empty() => Some(format!("{:?}", judgement.conflicts)),
            Err(problem) => Some(problem.clone()),
            Ok(files) if action.locking == Locking::Transaction && steps_back(files) => {
                Some("steps".to_owned())
            }
            Ok(_) => None,
        };
        match (&result, refused) {
            (Ok(_), Some(problem)) => Err(told(format!("it should be refused: {problem}"))),
            (Err(_), Some(_)) if before == after => {
                self.tag("rollback refused");
                Ok(())
            }
            (Err(_), Some(_)) => Err(told("a refused rollback has done something".to_owned())),
            (Err(error), None) if halfway.is_some() && error.is_interrupted() => Ok(()),
            (Err(error), None) if doubtful && error.is_irreversible() && before == after => Ok(()),
            (Err(_), None) => Err(told("the rollback fails".to_owned())),
            (Ok(_), None) if files.iter().all(|file| after.row(file.identity).is_none()) => Ok(()),
            (Ok(_), None) => Err(told("something is still recorded".to_owned())),
        }
    }

    /// Two runs, step by step in a random order.
    pub(super) fn race(
        &mut self,
        number: usize,
        action: Action,
        other: usize,
        seed: u64,
    ) -> Result<(), String> {
        let programs = [&self.programs[action.release], &self.programs[other]];
        let judged = programs.map(|program| self.reference.judge(program, None, number));
        let halfway = self.reference.halfway().is_some();
        let stops = judged[0].pending.iter().any(|file| self.reference.stop(file, P::INDEXES).is_some());
        let steps = judged[0].pending.iter().any(|file| file.is_stepwise());
        let results = self.both(programs, action.locking, seed)?;
        let allowed = Allowed {
            programs: programs.to_vec(),
            direction: Direction::Forward,
            ..looking(number, programs[0])
        };
        let said = format!("{}\n{}", told(&results[0]), told(&results[1]));
        let told = |problem: String| format!("{problem}\nthe runs said: {said}");
        let after = self.absorb(&allowed).map_err(told)?;
        self.tag("race");
        for (program, result) in programs.iter().zip(&results) {
            if result.is_ok() {
                self.complete(program, None, &after).map_err(told)?;
            }
        }
        let transaction = action.locking == Locking::Transaction && steps;
        let clear = judged[0].unclear.is_empty() && judged[0].conflicts.is_empty() && !stops && !halfway;
        // Rows that one run passes over as a newer release's are orphans for the other, once the first has applied something.
        let orphaned = !self.reference.judge(programs[0], None, number).conflicts.is_empty();
        if action.release == other && clear && !transaction && !orphaned {
            self.tag("race of equals");
            if results.iter().any(Result::is_err) {
                return Err(told("replicas of one release fail".to_owned()));
            }
        }
        Ok(())
    }

    fn both(
        &mut self,
        programs: [&'w Program; 2],
        locking: Locking,
        seed: u64,
    ) -> Result<[Result<gapless::engine::Finished, gapless::Error>; 2], String> {
        let mut random = Random::new(seed);
        let mut clients = [self.cutter(None), self.cutter(None)];
        let mut runs = Vec::new();
        for (program, client) in programs.into_iter().zip(&clients) {
            let runner = Self::with_code(self.runner(program, locking), program, &client.fuse());
            let run =
                runner.into_run(gapless::Connection::dialect(client)).map_err(|error| error.to_string())?;
            runs.push(Some(run));
        }
        let mut results = [None, None];
        let (mut next, mut steps, mut open) = (random.below(2), 0, [false; 2]);
        let mut lives: Vec<_> = clients.iter_mut().map(Some).collect();
        while results.iter().any(Option::is_none) {
            if results[next].is_some() {
                next = 1 - next;
            }
            steps += 1;
            if steps > ENDLESS_RACE {
                return Err("two runs do not end".to_owned());
            }
            let (Some(run), Some(client)) = (&mut runs[next], &mut lives[next]) else { break };
            open[next] = leaves_open(&run.step()).unwrap_or(open[next]);
            match step(run, *client) {
                Stepped::Finished => {
                    results[next] = runs[next].take().map(gapless::engine::Run::finish);
                    // A program that is done has no session for others to wait for.
                    if let Some(client) = lives[next].take() {
                        client.close();
                    }
                }
                // The other goes on while this one waits.
                Stepped::Slept => next = 1 - next,
                // Inside of the server the other would wait for this transaction, and never give the turn back.
                Stepped::Sent if open[next] => {}
                Stepped::Sent if random.chance(40) => next = 1 - next,
                Stepped::Sent => {}
            }
        }
        let [Some(one), Some(other)] = results else { return Err("a run has no end".to_owned()) };
        Ok([one, other])
    }
}

/// Returns whether a step that begins or ends a transaction leaves it open.
fn leaves_open(step: &gapless::engine::Step<'_>) -> Option<bool> {
    let gapless::engine::Step::Send(message) = step else { return None };
    let begun = message.rfind("BEGIN;").max(message.rfind("BEGIN IMMEDIATE;"));
    let ended = message.rfind("COMMIT;").max(message.rfind("ROLLBACK;"));
    begun.or(ended).map(|_| begun > ended)
}

fn steps_back(files: &[&File]) -> bool {
    files.iter().any(|file| file.down.as_ref().is_some_and(|down| down.steps))
}

/// Returns what an action may do that changes nothing.
pub(super) fn looking<'w>(number: usize, program: &'w Program) -> Allowed<'w> {
    Allowed {
        number,
        programs: vec![program],
        direction: Direction::Nowhere,
        cut: false,
        resolved: false,
        failed: None,
        chain: Vec::new(),
    }
}
