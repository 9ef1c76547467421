//! Laws of a run, whatever is embedded and whatever is applied.

use gapless::engine::Postgres;
use gapless::{Locking, MigrationSet, Report, Runner, Unknown, Version};
use gapless_tests::set::set;
use gapless_tests::simulator::{Client, Data, Fault, Server};
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use proptest::sample::Index;

/// Versions that are embedded; what is applied, in order, some of it not embedded.
fn worlds() -> impl Strategy<Value = (Vec<i64>, Vec<i64>)> {
    (btree_set(0i64..20, 0..12), btree_set(0i64..20, 0..12), vec(any::<Index>(), 12)).prop_map(
        |(embedded, applied, order)| {
            let mut rest: Vec<_> = applied.into_iter().collect();
            let mut applied = Vec::new();
            for index in order {
                if !rest.is_empty() {
                    applied.push(rest.remove(index.index(rest.len())));
                }
            }
            (embedded.into_iter().collect(), applied)
        },
    )
}

fn set_of(versions: &[i64]) -> MigrationSet {
    let files: Vec<_> = versions.iter().map(|v| (format!("{v}_x.sql"), format!("EFFECT {v}"))).collect();
    let files: Vec<_> = files.iter().map(|(file, sql)| (file.as_str(), sql.as_str())).collect();
    set(&files)
}

fn server_with(applied: &[i64]) -> Server {
    let row = |number: &i64| [number.to_string(), "x".to_owned(), "NULL".to_owned()];
    let set = applied.iter().map(row).collect();
    Server::with(Data { set_exists: true, journal_exists: true, set, ..Data::default() })
}

fn run(server: &mut Server, runner: Runner<'_>) -> Result<Report, gapless::Error> {
    let run = runner.into_run(&Postgres)?;
    Client::new(server, run, Fault::None).finish(server)
}

fn numbers(report: &Report) -> Vec<i64> {
    report.applied().iter().map(|applied| applied.version().number()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// A run applies the embedded set minus the applied one, ascending, whatever the order of either.
    #[test]
    fn nothing_is_skipped((embedded, applied) in worlds()) {
        let mut server = server_with(&applied);
        let report = run(&mut server, set_of(&embedded).runner().unknown(Unknown::Allow)).unwrap();
        let missing: Vec<_> = embedded.iter().copied().filter(|number| !applied.contains(number)).collect();
        prop_assert_eq!(numbers(&report), &missing[..]);
        let effects: Vec<_> = missing.iter().map(ToString::to_string).collect();
        prop_assert_eq!(&server.data.effects, &effects);
        prop_assert_eq!(report.already_applied() + missing.len(), embedded.len());
        for one in report.applied() {
            prop_assert_eq!(one.out_of_order(), Some(&one.version().number()) < applied.iter().max());
        }
    }

    /// A second run has nothing to do, in one round trip.
    #[test]
    fn one_run_is_enough((embedded, applied) in worlds()) {
        let mut server = server_with(&applied);
        let embedded = set_of(&embedded);
        run(&mut server, embedded.runner().unknown(Unknown::Allow)).unwrap();
        let again = run(&mut server, embedded.runner().unknown(Unknown::Allow)).unwrap();
        prop_assert_eq!((again.applied().len(), again.round_trips()), (0, 1));
    }

    /// A release boots on everything that newer releases, which know all of its migrations, have added
    /// since: whatever their versions.
    #[test]
    fn a_rollback_boots(known in btree_set(0i64..20, 1..8), newer in btree_set(0i64..20, 0..8)) {
        let known: Vec<_> = known.into_iter().collect();
        let later: Vec<_> = newer.into_iter().filter(|number| !known.contains(number)).collect();
        let mut server = server_with(&[&known[..], &later[..]].concat());
        let report = run(&mut server, set_of(&known).runner()).unwrap();
        prop_assert_eq!((report.applied().len(), report.warnings().len()), (0, later.len()));
    }

    /// A target holds back what is beyond it, and nothing else.
    #[test]
    fn a_target_splits_the_work((embedded, applied) in worlds(), pick in any::<Index>()) {
        prop_assume!(!embedded.is_empty());
        let target = embedded[pick.index(embedded.len())];
        let embedded = set_of(&embedded);
        let runner = || embedded.runner().unknown(Unknown::Allow);
        let all = numbers(&run(&mut server_with(&applied), runner()).unwrap());
        let version = Version::new(target).unwrap();
        let some = run(&mut server_with(&applied), runner().target(version)).unwrap();
        let below: Vec<_> = all.iter().copied().filter(|number| *number <= target).collect();
        prop_assert_eq!(some.held_back() + below.len(), all.len());
        prop_assert_eq!(numbers(&some), below);
    }

    /// Releases that add, renumber and branch off run in any order, and two of them at once: each run ends within so
    /// many messages, and nothing is done twice.
    #[test]
    fn every_run_ends_and_nothing_runs_twice(lineage in lineages(), runs in vec((any::<Index>(), any::<Index>(), any::<u16>()), 1..8)) {
        let mut server = Server::default();
        for (first, second, schedule) in runs {
            let pair = [first, second].map(|pick| &lineage[pick.index(lineage.len())]);
            let locking = if schedule % 2 == 0 { Locking::Session } else { Locking::None };
            let sets = pair.map(Release::set);
            let started = sets.each_ref().map(|set| set.runner().locking(locking).into_run(&Postgres).unwrap());
            let mut clients = started.map(|run| Client::new(&mut server, run, Fault::None));
            let mut open = [true; 2];
            for step in 0_u32.. {
                prop_assert!(step < 2000, "the runs do not end: {:?}", pair);
                let turn = usize::from(schedule >> (step % 16) & 1 == 1);
                let turn = if open[turn] { turn } else { 1 - turn };
                if !open[turn] {
                    break;
                }
                open[turn] = clients[turn].advance(&mut server);
            }
            let sent = clients.iter().map(Client::sent).max().unwrap_or_default();
            prop_assert!(sent <= 40 + 6 * 8, "{sent} messages: {:?}", pair);
            prop_assert!(server.is_quiet());
            let mut once = server.data.effects.clone();
            once.sort();
            let before = once.len();
            once.dedup();
            prop_assert_eq!(once.len(), before, "done twice by {:?}: {:?}", pair, &server.data);
        }
    }
}

/// A release: each migration by what it is, with its number; and what was renumbered on the way to it.
#[derive(Clone, Debug, Default)]
struct Release {
    numbers: Vec<(usize, i64)>,
    renames: Vec<(usize, i64, i64)>,
}

impl Release {
    fn set(&self) -> MigrationSet {
        let mut files: Vec<_> = self
            .numbers
            .iter()
            .map(|(what, number)| (format!("{number}_m{what}.sql"), format!("EFFECT {what}")))
            .collect();
        let lines = self.renames.iter().map(|(what, old, new)| format!("{old}_m{what} -> {new}_m{what}\n"));
        let lines: String = lines.collect();
        if !lines.is_empty() {
            files.push(("renames.txt".to_owned(), lines));
        }
        set(&files.iter().map(|(file, text)| (file.as_str(), text.as_str())).collect::<Vec<_>>())
    }

    /// The next one: with something new under this number, or with something under another; itself if that is taken.
    fn next(&self, added: usize, what: usize, number: i64, moves: bool) -> Release {
        let mut next = self.clone();
        if self.numbers.iter().any(|(_, taken)| *taken == number) {
            return next;
        }
        let at = what % self.numbers.len().max(1);
        match next.numbers.get_mut(at).filter(|_| moves) {
            // A number is left behind once.
            Some((what, old))
                if !self.renames.iter().any(|(other, before, _)| (other, before) == (what, &number)) =>
            {
                next.renames.push((*what, *old, number));
                *old = number;
            }
            Some(_) => {}
            None => next.numbers.push((added, number)),
        }
        next
    }
}

/// Each release comes from an earlier one, not always the last.
fn lineages() -> impl Strategy<Value = Vec<Release>> {
    vec((any::<Index>(), 0usize..10, 1i64..7, any::<bool>()), 2..8).prop_map(|steps| {
        let mut releases = vec![Release { numbers: vec![(0, 1), (1, 2)], ..Release::default() }];
        for (parent, what, number, moves) in steps {
            let parent = &releases[parent.index(releases.len())];
            // Migrations added on two branches are different ones.
            let next = parent.next(releases.len() + 1, what, number, moves);
            releases.push(next);
        }
        releases
    })
}
