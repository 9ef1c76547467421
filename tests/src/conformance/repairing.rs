use std::time::Duration;

use gapless::{Change, Legacy, Resolution, Runner, Version};

use super::{SET, assert_clean, rows, run, versions};
use crate::driver::Driver;
use crate::set::{set, tables};

/// The versions of the changes of a plan or a report.
fn changed(changes: &[Change]) -> Vec<i64> {
    changes.iter().map(|change| change.version().number()).collect()
}

pub(super) fn a_repair_applies_nothing_else<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    run::<D>(&mut client, &tables(2)).unwrap();
    let edited = set(&[
        ("1_t1.sql", "CREATE TABLE t1 (id bigint);"),
        ("2_t2.sql", "CREATE TABLE t2 (id int);"),
        ("3_t3.sql", "CREATE TABLE t3 (id int);"),
    ]);
    let runner = || edited.runner().accept(Version::from(1));
    let plan = D::plan_repair(&mut client, runner()).unwrap();
    assert_eq!((changed(plan.changes()), plan.pending().len()), (vec![1], 0));
    assert!(run::<D>(&mut client, &edited).is_err(), "a plan changes nothing");
    let report = D::repair(&mut client, runner()).unwrap();
    assert_eq!((changed(report.changes()), versions(report.applied())), (vec![1], vec![]));
    assert_eq!(rows::<D>(&mut client, SET), ["1|t1", "2|t2"]);
    assert_clean::<D>(&mut client);
    assert_eq!(versions(run::<D>(&mut client, &edited).unwrap().applied()), [3]);
}

pub(super) fn a_repair_adopts_and_leaves_the_rest_pending<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    rows::<D>(
        &mut client,
        "CREATE TABLE schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL)",
    );
    rows::<D>(&mut client, "INSERT INTO schema_migrations VALUES (2, false)");
    let all = tables(3);
    let legacy = || Legacy::golang_migrate("schema_migrations");
    let plan = D::plan_repair(&mut client, all.runner().adopt(legacy())).unwrap();
    assert_eq!((changed(plan.changes()), plan.pending().len()), (vec![1, 2], 0));
    let report = D::repair(&mut client, all.runner().adopt(legacy())).unwrap();
    assert_eq!((changed(report.changes()), versions(report.applied())), (vec![1, 2], vec![]));
    assert_eq!(rows::<D>(&mut client, SET), ["1|t1", "2|t2"]);
    rows::<D>(&mut client, "DROP TABLE IF EXISTS t3");
    assert_eq!(versions(run::<D>(&mut client, &all).unwrap().applied()), [3]);
}

pub(super) fn other_contradictions_do_not_stand_in_the_way<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    run::<D>(&mut client, &tables(4)).unwrap();
    // Two are edited, and one is lost.
    let broken = set(&[
        ("1_t1.sql", "CREATE TABLE t1 (id bigint);"),
        ("2_t2.sql", "CREATE TABLE t2 (id bigint);"),
        ("4_t4.sql", "CREATE TABLE t4 (id int);"),
    ]);
    let report = D::repair(&mut client, broken.runner().accept(Version::from(1))).unwrap();
    assert_eq!(changed(report.changes()), [1]);
    let warnings = report.warnings().join("\n");
    assert!(warnings.contains("version 2 was edited") && warnings.contains("version 3 (`t3`)"), "{warnings}");
    assert_eq!(run::<D>(&mut client, &broken).unwrap_err().conflicts().len(), 2);
    D::repair(&mut client, broken.runner().accept(Version::from(2))).unwrap();
    assert_eq!(run::<D>(&mut client, &broken).unwrap_err().conflicts().len(), 1);
}

const STEPS: &str = "-- gapless: no-transaction\nINSERT INTO a VALUES (1);\nINSERT INTO a VALUES (2);\n";

pub(super) fn a_resolved_migration_is_gone_on_with_alone<D: Driver>() {
    for (resolution, ids) in [(Resolution::Retry, vec!["1", "2"]), (Resolution::MarkApplied, vec!["1"])] {
        let driver = D::fresh();
        let mut client = driver.connect();
        let of = |steps: &str| {
            set(&[
                ("1_a.sql", "CREATE TABLE a (id int PRIMARY KEY);"),
                ("2_b.sql", steps),
                ("3_c.sql", "CREATE TABLE c (id int);"),
            ])
        };
        run::<D>(&mut client, &of(&STEPS.replace("VALUES (2)", "VALUES (nothing)"))).unwrap_err();
        // As a killed process leaves it.
        rows::<D>(
            &mut client,
            "UPDATE applied_migrations_journal SET event = 'statement_begun', detail = NULL WHERE event = 'failed'",
        );
        let steps = of(STEPS);
        let runner =
            || steps.runner().lock_wait(Duration::from_millis(50)).resolve(Version::from(2), resolution);
        let plan = D::plan_repair(&mut client, runner()).unwrap();
        let pending: Vec<_> = plan.pending().iter().map(|pending| pending.version().number()).collect();
        assert_eq!(pending, [2]);
        let report = D::repair(&mut client, runner()).unwrap();
        assert_eq!(versions(report.applied()), [2], "{resolution:?}");
        assert_eq!(rows::<D>(&mut client, "SELECT id FROM a ORDER BY id"), ids);
        assert_eq!(rows::<D>(&mut client, SET), ["1|a", "2|b"]);
        assert_clean::<D>(&mut client);
        assert_eq!(versions(run::<D>(&mut client, &steps).unwrap().applied()), [3]);
    }
}

pub(super) fn a_repair_with_nothing_to_do_writes_nothing<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    let all = tables(2);
    let nothing = |client: &mut D::Client, runner: Runner<'_>| {
        let report = D::repair(client, runner).unwrap();
        assert!(report.changes().is_empty() && report.applied().is_empty(), "{report}");
    };
    nothing(&mut client, all.runner());
    assert!(D::sql(&mut client, SET).is_err(), "a repair has created a tracker");
    run::<D>(&mut client, &tables(1)).unwrap();
    nothing(&mut client, all.runner().accept(Version::from(1)));
    assert_eq!(rows::<D>(&mut client, SET), ["1|t1"]);
}
