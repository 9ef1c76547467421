//! The end of every history: the newest release that fits is run until nothing is left to do.

use gapless::Locking;

use super::action::{Action, What};
use super::outcome::Extent;
use super::place::Place;
use super::play::Play;

impl<P: Place> Play<'_, P> {
    pub(super) fn finale(&mut self, number: usize) -> Result<(), String> {
        let fits = |index: &usize| {
            let program = &self.programs[*index];
            let judgement = self.reference.judge(program, None, number);
            judgement.conflicts.is_empty() && judgement.unclear.is_empty() && self.can_take_over(program)
        };
        let Some(release) = (0..self.programs.len()).rev().find(fits) else {
            self.tag("nothing fits");
            return Ok(());
        };
        let what = What::Run { target: None, looks: true };
        let action = Action { release, what, locking: Locking::Session, cut: None };
        // Each migration may have to be looked at once.
        for _ in 0..=self.programs[release].release.files.len() {
            if self.reference.halfway().is_some() {
                self.back(number, action, Extent::Steps(1))?;
            }
            let result = self.run_once(number, action, None, None)?;
            match result {
                Ok(_) => {
                    self.tag("finished");
                    return self.verify(number, action);
                }
                Err(error) if error.is_interrupted() => {
                    if !self.look(number, action, None, &error)? {
                        self.tag("contradiction at the end");
                        return Ok(());
                    }
                }
                Err(error) if error.failure().is_some() => {
                    self.tag("failure at the end");
                    return Ok(());
                }
                // Rows passed over as a newer release's are orphans once something is applied after them.
                Err(error) if !error.conflicts().is_empty() => {
                    self.tag("boots once");
                    return Ok(());
                }
                // A half rollback that cannot be finished here is for the release that began it.
                Err(_) if self.reference.halfway().is_some() => {
                    self.tag("half taken back at the end");
                    return Ok(());
                }
                Err(error) => return Err(format!("it does not end well: {error}")),
            }
        }
        Err("it does not come to its end".to_owned())
    }
}
