//! A history from a seed, and a shorter one that fails too.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::action::{Action, random};
use super::place::Place;
use super::play::{Coverage, play};
use super::random::Random;
use super::world::World;

/// A history that went wrong.
#[derive(Debug)]
pub struct Found {
    pub seed: u64,
    pub problem: String,
    world: World,
    actions: Vec<Action>,
}

/// Plays the history of a seed.
///
/// # Errors
///
/// The history, if it goes wrong.
pub fn check<P: Place>(place: &mut P, seed: u64) -> Result<Coverage, Box<Found>> {
    let mut source = Random::new(seed);
    let world = World::random(&mut source, P::INDEXES);
    let actions = random(&mut source, &world, P::INDEXES);
    match attempt(place, &world, &actions) {
        Ok(coverage) => Ok(coverage),
        Err(problem) => Err(Box::new(Found { seed, problem, world, actions })),
    }
}

fn attempt<P: Place>(place: &mut P, world: &World, actions: &[Action]) -> Result<Coverage, String> {
    let played = catch_unwind(AssertUnwindSafe(|| play(place, world, actions)));
    played.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Err(format!("panic: {}", text.unwrap_or_default()))
    })
}

impl Found {
    /// Leaves out actions, cuts and migrations, as long as it goes wrong.
    #[must_use]
    pub fn shrink<P: Place>(mut self, place: &mut P) -> Found {
        loop {
            let shorter = candidates(&self).into_iter().find_map(|(world, actions)| {
                let problem = attempt(place, &world, &actions).err()?;
                Some(Found { seed: self.seed, problem, world, actions })
            });
            match shorter {
                Some(shorter) => self = shorter,
                None => return self,
            }
        }
    }
}

fn candidates(found: &Found) -> Vec<(World, Vec<Action>)> {
    let Found { world, actions, .. } = found;
    let mut candidates = Vec::new();
    for index in 0..actions.len() {
        let mut fewer = actions.clone();
        fewer.remove(index);
        candidates.push((world.clone(), fewer));
    }
    for index in (0..actions.len()).filter(|index| actions[*index].cut.is_some()) {
        let mut whole = actions.clone();
        whole[index].cut = None;
        candidates.push((world.clone(), whole));
    }
    let started = world.start.there();
    let mut identities: Vec<_> =
        world.releases.iter().flat_map(|release| &release.files).map(|file| file.identity).collect();
    identities.sort_unstable();
    identities.dedup();
    for identity in identities.into_iter().filter(|one| started.iter().all(|(other, _)| other != one)) {
        let mut fewer = world.clone();
        fewer.releases.iter_mut().for_each(|release| release.remove(identity));
        if fewer.releases.iter().all(|release| !release.files.is_empty()) {
            candidates.push((fewer, actions.clone()));
        }
    }
    candidates
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Found { seed, problem, world, actions } = self;
        writeln!(f, "{problem}\n\nseed {seed}, {:?}, begins {:?}", world.theme, world.start)?;
        let used = |index: usize| {
            let raced = |action: &Action| matches!(action.what, super::action::What::Race { other, .. } if other == index);
            actions.iter().any(|action| action.release == index || raced(action))
        };
        for (index, release) in world.releases.iter().enumerate() {
            writeln!(
                f,
                "release {index}{} {}",
                if used(index) { "" } else { " (not run by an action)" },
                world.story[index]
            )?;
            for file in release.files.iter().chain(&release.baseline) {
                for (name, text) in file.written() {
                    writeln!(f, "    {name}: {}", text.trim_end().replace('\n', " "))?;
                }
            }
            for ((old, known), (new, name)) in &release.renames {
                writeln!(f, "    {old}_{known} -> {new}_{name}")?;
            }
        }
        for (number, action) in actions.iter().enumerate() {
            writeln!(f, "action {number}: {action:?}")?;
        }
        Ok(())
    }
}
