//! Laws of a run, whatever is embedded and whatever is applied.

use gapless::engine::Postgres;
use gapless::{MigrationSet, Report, Runner, Unknown, Version};
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

    /// What is applied is embedded minus applied, ascending, whatever the order of either.
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
}
