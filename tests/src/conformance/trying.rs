use gapless::{DryRun, NotTried, Pending, Rollback, Untried, Version};

use super::{SET, assert_clean, rows, run, versions};
use crate::driver::Driver;
use crate::set::set;

const GOOD: [(&str, &str); 3] = [
    ("1_a.sql", "CREATE TABLE a (id int PRIMARY KEY);"),
    ("2_b.sql", "INSERT INTO a VALUES (1);"),
    ("4_d.sql", "INSERT INTO a VALUES (2);"),
];

const BROKEN: (&str, &str) = ("5_e.sql", "SELECT 1;\nINSERT INTO a VALUES (1);");

pub(super) fn a_dry_run_is_true_and_leaves_no_trace<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    if D::DDL_COMMITS {
        return of_dml_alone::<D>(&mut client);
    }
    for tracker in [false, true] {
        let done = D::dry_run(&mut client, set(&GOOD).runner()).unwrap();
        assert_eq!((versions(done.tried()), done.not_tried().len()), (vec![1, 2, 4], 0), "{done}");
        let broken = set(&[&GOOD[..], &[BROKEN]].concat());
        let error = D::dry_run(&mut client, broken.runner()).unwrap_err();
        assert_eq!(error.failure().unwrap().version().number(), 5, "{error}");
        assert!(error.applied().is_empty());
        assert!(D::sql(&mut client, "SELECT * FROM a").is_err());
        assert_eq!(D::sql(&mut client, SET).is_ok(), tracker);
        assert_clean::<D>(&mut client);
        run::<D>(&mut client, &set(&[("9_z.sql", "SELECT 1")])).unwrap();
    }
    run::<D>(&mut client, &set(&GOOD)).unwrap();
    assert!(D::dry_run(&mut client, set(&GOOD).runner()).unwrap().tried().is_empty());
}

/// A dry run does not try what a database commits at once: DDL, and the tracker.
fn of_dml_alone<D: Driver>(client: &mut D::Client) {
    let first = ("0_nothing.sql", "SELECT 1;");
    let all = || set(&[&[first], &GOOD[..]].concat());
    let reasons = |done: &DryRun| done.not_tried().iter().map(NotTried::reason).collect::<Vec<_>>();
    let after = |version: u32| Untried::After(version.into());
    let done = D::dry_run(client, all().runner()).unwrap();
    assert_eq!(reasons(&done), [Untried::NoTracker, after(0), after(0), after(0)], "{done}");
    let told = "not tried: 0 nothing, because there is no tracker yet, and the database commits DDL at once";
    assert!(done.to_string().contains(told), "{done}");
    assert!(D::sql(client, SET).is_err(), "a tracker was created");
    run::<D>(client, &set(&[first])).unwrap();
    let done = D::dry_run(client, all().runner()).unwrap();
    assert_eq!(reasons(&done), [Untried::CommitsByItself, after(1), after(1)], "{done}");
    let told = "not tried: 1 a, because the database commits DDL at once";
    assert!(done.to_string().contains(told), "{done}");
    assert!(D::sql(client, "SELECT * FROM a").is_err());
    run::<D>(client, &set(&[first, GOOD[0]])).unwrap();
    let journal = "SELECT count(*) FROM applied_migrations_journal";
    let before = rows::<D>(client, journal);
    let done = D::dry_run(client, all().runner()).unwrap();
    assert_eq!((versions(done.tried()), done.not_tried().len()), (vec![2, 4], 0), "{done}");
    let broken = set(&[&[first], &GOOD[..], &[BROKEN]].concat());
    let error = D::dry_run(client, broken.runner()).unwrap_err();
    assert_eq!(error.failure().unwrap().version().number(), 5, "{error}");
    assert!(error.applied().is_empty());
    assert_eq!(rows::<D>(client, "SELECT count(*) FROM a"), ["0"]);
    assert_eq!(rows::<D>(client, SET), ["0|nothing", "1|a"]);
    assert_eq!(rows::<D>(client, journal), before);
    assert_clean::<D>(client);
    run::<D>(client, &all()).unwrap();
    assert!(D::dry_run(client, all().runner()).unwrap().tried().is_empty());
}

/// Later migrations could fail only because it did not run.
pub(super) fn a_dry_run_ends_where_it_cannot_try<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    let all = set(&[
        ("1_a.sql", "CREATE TABLE a (id int);"),
        ("2_b.sql", "INSERT INTO a VALUES (1);"),
        ("3_c.sql", "-- gapless: no-transaction\nCREATE TABLE b (id int);"),
        ("4_d.sql", "INSERT INTO b VALUES (1);"),
        ("5_e.sql", "-- gapless: rust\n"),
    ]);
    if D::DDL_COMMITS {
        D::run(&mut client, all.runner().target(Version::from(1))).unwrap();
    }
    let done = D::dry_run(&mut client, all.runner()).unwrap();
    assert_eq!(versions(done.tried()), if D::DDL_COMMITS { vec![2] } else { vec![1, 2] });
    let reasons: Vec<_> =
        done.not_tried().iter().map(|left| (left.pending().version().number(), left.reason())).collect();
    let after = Untried::After(3.into());
    assert_eq!(reasons, [(3, Untried::NoTransaction), (4, after), (5, after)]);
    let told = "  not tried: 3 c, because it runs outside of a transaction\n  \
                not tried: 4 d, because version 3 before it was not\n";
    assert!(done.to_string().contains(told), "{done}");
    assert_clean::<D>(&mut client);
}

pub(super) fn a_plan_tells_what_runs_in_one_transaction<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    let all = set(&[
        ("1_ddl.up.sql", "CREATE TABLE a (id int);"),
        ("1_ddl.down.sql", "DROP TABLE a;"),
        ("2_dml.sql", "INSERT INTO a VALUES (1);"),
        ("3_steps.sql", "-- gapless: no-transaction\nINSERT INTO a VALUES (2);"),
        ("4_code.sql", "-- gapless: rust\n"),
        ("5_code.sql", "-- gapless: rust\n-- gapless: no-transaction\n"),
    ]);
    let plan = D::plan(&mut client, all.runner()).unwrap();
    let atomic: Vec<_> = plan.pending().iter().map(Pending::is_atomic).collect();
    assert_eq!(atomic, [!D::DDL_COMMITS, true, false, true, false]);
    let shown = plan.to_string();
    let steps = if D::DDL_COMMITS { " (statement by statement)" } else { "" };
    let lines =
        format!("  1 ddl{steps}\n  2 dml\n  3 steps (outside of a transaction)\n  4 code\n  5 code (outside");
    assert!(shown.contains(&lines), "{shown}");
    D::run(&mut client, all.runner().target(all.migrations()[0].version())).unwrap();
    let plan = D::plan_rollback(&mut client, all.runner(), Rollback::steps(1)).unwrap();
    let atomic: Vec<_> = plan.rolled_back().iter().map(Pending::is_atomic).collect();
    assert_eq!(atomic, [!D::DDL_COMMITS]);
}
