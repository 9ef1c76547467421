//! Actions on the database, one after the other.

use gapless::Locking;

use super::cutter::Cut;
use super::outcome::Extent;
use super::random::Random;
use super::world::{Indexes, Start, World};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Action {
    /// Which release is started.
    pub release: usize,
    pub what: What,
    pub locking: Locking,
    pub cut: Option<Cut>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// All of it, or up to the file with this index. What was interrupted is decided, if somebody looks.
    Run {
        target: Option<usize>,
        looks: bool,
    },
    DryRun,
    Verify,
    Back(Extent),
    /// Beside a run of another release, in an order that the seed says.
    Race {
        other: usize,
        seed: u64,
    },
}

/// Some actions.
pub fn random(random: &mut Random, world: &World, indexes: Indexes) -> Vec<Action> {
    let mut actions: Vec<Action> = Vec::new();
    for _ in 0..2 + random.below(6) {
        let mut action = one(random, world, indexes);
        // Nearly always it is the release that runs which is taken back.
        if let (What::Back(_), Some(before)) = (action.what, actions.last())
            && random.chance(75)
        {
            action.release = before.release;
        }
        actions.push(action);
    }
    actions
}

fn one(random: &mut Random, world: &World, indexes: Indexes) -> Action {
    let count = world.releases.len();
    let release = if random.chance(30) { count - 1 } else { random.below(count) };
    let what = what(random, world, release);
    let locking = match random.below(10) {
        0 | 1 => Locking::None,
        2 => Locking::Transaction,
        _ => Locking::Session,
    };
    let cuts = !matches!(what, What::DryRun | What::Verify);
    let cut = (cuts && random.chance(45)).then(|| cut(random, &what, locking, indexes));
    Action { release, what, locking, cut }
}

fn what(random: &mut Random, world: &World, release: usize) -> What {
    let files = world.releases[release].files.len();
    let backs = if world.theme == super::world::Theme::Downs { 35 } else { 12 };
    match random.below(100) {
        at if at < backs && random.chance(70) => What::Back(Extent::Steps(1 + random.below(3))),
        at if at < backs => What::Back(Extent::To(i64::try_from(random.below(8)).unwrap_or_default())),
        at if at < backs + 14 => {
            let other = if random.chance(40) { release } else { random.below(world.releases.len()) };
            What::Race { other, seed: random.next() }
        }
        at if at < backs + 20 => What::DryRun,
        at if at < backs + 26 => What::Verify,
        _ => {
            let free = world.start == Start::Empty && files > 0;
            let target = (free && random.chance(10)).then(|| random.below(files));
            What::Run { target, looks: random.chance(70) }
        }
    }
}

fn cut(random: &mut Random, what: &What, locking: gapless::Locking, indexes: Indexes) -> Cut {
    let message = if random.chance(70) { 1 + random.below(8) } else { random.below(25) };
    let pooler =
        indexes == Indexes::Concurrent && locking == Locking::Session && matches!(what, What::Run { .. });
    match random.below(14) {
        10 | 11 => Cut::Cancelled { at: message, within: None },
        12 | 13 => Cut::Cancelled { at: message, within: Some(random.below(40)) },
        0..=2 => Cut::Before(message),
        3 if pooler => Cut::HandedOn { from: message, alone: random.chance(50) },
        4..=6 => Cut::Within(message, random.below(40)),
        _ => Cut::After(message),
    }
}
