//! Random histories on real databases, compared with a model of everything. `GAPLESS_MODEL_SEED=N` plays one again,
//! `GAPLESS_MODEL_CASES=N` so many, from `GAPLESS_MODEL_FIRST=N` on.

use std::thread;

use gapless_tests::model::{Coverage, Found, Place, Postgres, Sqlite, check};

const THREADS: u64 = 2;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

/// Plays so many histories, and says how often each kind of thing was reached.
fn histories<P: Place>(place: impl Fn() -> P + Sync, cases: u64) -> Coverage {
    let seed = number("GAPLESS_MODEL_SEED");
    let first = seed.or_else(|| number("GAPLESS_MODEL_FIRST")).unwrap_or_default();
    let cases = if seed.is_some() { 1 } else { number("GAPLESS_MODEL_CASES").unwrap_or(cases) };
    let play = &|thread: u64| {
        let (mut place, mut coverage, mut wrong) = (place(), Coverage::new(), Vec::new());
        for seed in (first + thread..first + cases).step_by(usize::try_from(THREADS).expect("few")) {
            match check(&mut place, seed) {
                Ok(reached) => {
                    reached.into_iter().for_each(|(what, times)| *coverage.entry(what).or_default() += times)
                }
                Err(found) => wrong.push(found),
            }
        }
        (coverage, wrong)
    };
    let played: Vec<(Coverage, Vec<Box<Found>>)> = thread::scope(|scope| {
        let handles: Vec<_> = (0..THREADS).map(|thread| scope.spawn(move || play(thread))).collect();
        handles.into_iter().map(|handle| handle.join().expect("a history is played to its end")).collect()
    });
    let (mut coverage, mut wrong) = (Coverage::new(), Vec::new());
    for (reached, found) in played {
        reached.into_iter().for_each(|(what, times)| *coverage.entry(what).or_default() += times);
        wrong.extend(found);
    }
    println!("{coverage:#?}");
    wrong.iter().for_each(|found| println!("seed {}: {}", found.seed, found.problem));
    if let Some(found) = wrong.into_iter().next() {
        panic!("{}", found.shrink(&mut place()));
    }
    coverage
}

/// Tags that every survey must have reached, because it has shown nothing otherwise.
const REACHED: [&str; 33] = [
    "baseline",
    "boots once",
    "cancelled",
    "code",
    "code outside",
    "conflict",
    "cut",
    "dry run",
    "fails",
    "finished",
    "handed on",
    "index",
    "interrupted",
    "interrupted by its program",
    "locking none",
    "locking transaction",
    "older release",
    "race",
    "race of equals",
    "reconciled",
    "renamed",
    "rerunnable",
    "resolved",
    "rollback",
    "rollback cancelled",
    "rollback cut",
    "rollback refused",
    "steps",
    "taken over",
    "target",
    "tombstone",
    "unclear",
    "verify",
];

/// `but` is what this database cannot reach.
fn assert_reached(coverage: &Coverage, but: &[&str]) {
    if number("GAPLESS_MODEL_SEED").is_some() || number("GAPLESS_MODEL_CASES").is_some() {
        return;
    }
    let missed: Vec<_> =
        REACHED.iter().filter(|what| !coverage.contains_key(*what) && !but.contains(what)).collect();
    assert!(missed.is_empty(), "no history has reached {missed:?}");
}

#[test]
fn sqlite() {
    assert_reached(&histories(Sqlite::new, 700), &["handed on", "index"]);
}

#[test]
fn postgres() {
    assert_reached(&histories(Postgres::new, 250), &["unclear", "boots once", "rollback cancelled"]);
}
