use std::thread;
use std::time::Duration;

use gapless::{MigrationSet, Resolution, Runner, Version};

use super::{SET, assert_clean, rows, run, versions};
use crate::driver::Driver;
use crate::set::set;

const STEPS: &str = "-- gapless: no-transaction\nCREATE TABLE a (id int PRIMARY KEY);\n\
                     INSERT INTO a VALUES (1);\nINSERT INTO a VALUES (2);\n";

const JOURNAL: &str =
    "SELECT version, event, attempt, coalesce(statement, 0) FROM applied_migrations_journal ORDER BY id";

pub(super) fn statements_run_one_by_one_and_are_journaled<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    // It cannot run inside of a transaction on any database.
    let alone = format!("-- gapless: no-transaction\n{};", D::ALONE);
    let vacuum = set(&[("1_a.sql", STEPS), ("2_vacuum.sql", &alone)]);
    let report = run::<D>(&mut client, &vacuum).unwrap();
    assert_eq!(versions(report.applied()), [1, 2]);
    let begun: &[_] = if D::DDL_COMMITS { &["1|statement_begun|1|1"] } else { &[] };
    let steps = [
        "1|statement|1|1",
        "1|statement|1|2",
        "1|statement|1|3",
        "1|applied|1|0",
        "2|started|1|0",
        "2|statement|1|1",
        "2|applied|1|0",
    ];
    assert_eq!(rows::<D>(&mut client, JOURNAL), [&["1|started|1|0"], begun, &steps[..]].concat());
    assert_eq!(run::<D>(&mut client, &vacuum).unwrap().round_trips(), 1);
    assert_clean::<D>(&mut client);
}

pub(super) fn a_failed_statement_is_where_the_next_run_goes_on<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    let broken = set(&[("1_a.sql", &STEPS.replace("VALUES (2)", "VALUES (1)")), ("2_b.sql", "SELECT 1")]);
    let error = run::<D>(&mut client, &broken).unwrap_err();
    let failure = error.failure().expect("a migration failed");
    assert_eq!((failure.statement(), failure.location().unwrap().line), (Some(3), 4), "{error}");
    assert!(error.to_string().contains("the statements before this one stay done"), "{error}");
    assert_eq!(rows::<D>(&mut client, SET), Vec::<String>::new());
    assert_clean::<D>(&mut client);
    let mended = set(&[("1_a.sql", STEPS), ("2_b.sql", "SELECT 1")]);
    assert_eq!(versions(run::<D>(&mut client, &mended).unwrap().applied()), [1, 2]);
    assert_eq!(rows::<D>(&mut client, "SELECT id FROM a ORDER BY id"), ["1", "2"]);
    let journal = rows::<D>(&mut client, JOURNAL);
    let failed = if D::DDL_COMMITS { 4 } else { 3 };
    assert_eq!(journal[failed..failed + 3], ["1|failed|1|3", "1|started|2|0", "1|statement|2|3"]);
}

/// As a killed process leaves it: the first statement is done and noted, the second was sent by itself, and nobody
/// knows what became of it.
fn interrupted<D: Driver>(client: &mut D::Client, script: &str) {
    let start = set(&[("1_a.sql", &script.replace("VALUES (1)", "VALUES (nothing)"))]);
    run::<D>(client, &start).unwrap_err();
    rows::<D>(
        client,
        "UPDATE applied_migrations_journal SET event = 'statement_begun', detail = NULL WHERE event = 'failed'",
    );
}

/// Committed with its row of the journal or not at all: the next run goes on, and asks nobody.
pub(super) fn a_statement_that_a_transaction_takes_is_never_in_doubt<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    let start = set(&[("1_a.sql", &STEPS.replace("VALUES (1)", "VALUES (nothing)"))]);
    run::<D>(&mut client, &start).unwrap_err();
    rows::<D>(&mut client, "DELETE FROM applied_migrations_journal WHERE event = 'failed'");
    let steps = set(&[("1_a.sql", STEPS)]);
    assert_eq!(versions(D::run(&mut client, impatient(&steps)).unwrap().applied()), [1]);
    assert_eq!(rows::<D>(&mut client, "SELECT id FROM a ORDER BY id"), ["1", "2"]);
}

/// On a database that cannot tell whether a session lives, a statement in doubt is left alone for a while.
fn impatient(steps: &MigrationSet) -> Runner<'_> {
    steps.runner().lock_wait(Duration::from_millis(50))
}

pub(super) fn a_statement_in_doubt_stops_the_next_run<D: Driver>() {
    for (resolution, ids) in [
        (Resolution::Retry, vec!["1", "2"]),
        (Resolution::RetryFrom(3), vec!["2"]),
        (Resolution::MarkApplied, vec![]),
    ] {
        let driver = D::fresh();
        let mut client = driver.connect();
        interrupted::<D>(&mut client, STEPS);
        let steps = set(&[("1_a.sql", STEPS)]);
        let error = D::run(&mut client, impatient(&steps)).unwrap_err();
        assert!(error.is_interrupted(), "{error}");
        let text = error.to_string();
        assert!(
            text.starts_with("version 1 was interrupted in statement 2 of 3: migrations/1_a.sql"),
            "{text}"
        );
        assert_clean::<D>(&mut client);
        let runner = steps.runner().resolve(Version::from(1), resolution);
        assert_eq!(versions(D::run(&mut client, runner).unwrap().applied()), [1]);
        assert_eq!(rows::<D>(&mut client, "SELECT id FROM a ORDER BY id"), ids, "{resolution:?}");
        let resolved = "SELECT count(*) FROM applied_migrations_journal WHERE event = 'resolved'";
        assert_eq!(rows::<D>(&mut client, resolved), ["1"]);
    }
}

pub(super) fn a_rerunnable_statement_in_doubt_is_repeated<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    let rerunnable = format!("-- gapless: rerunnable\n{STEPS}");
    interrupted::<D>(&mut client, &rerunnable);
    let steps = set(&[("1_a.sql", rerunnable.as_str())]);
    assert_eq!(versions(D::run(&mut client, impatient(&steps)).unwrap().applied()), [1]);
    assert_eq!(rows::<D>(&mut client, "SELECT id FROM a ORDER BY id"), ["1", "2"]);
}

pub(super) fn edits_above_the_stop_are_refused<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    run::<D>(&mut client, &set(&[("1_a.sql", &STEPS.replace("VALUES (2)", "VALUES (1)"))])).unwrap_err();
    let edited = set(&[("1_a.sql", &STEPS.replace("VALUES (1)", "VALUES (7)"))]);
    let error = run::<D>(&mut client, &edited).unwrap_err();
    assert!(error.is_interrupted(), "{error}");
    assert!(error.to_string().contains("statement 2 is done, and has been edited since"), "{error}");
}

pub(super) fn transactional_neighbours_keep_their_order<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    let mixed = set(&[
        ("1_a.sql", "CREATE TABLE log (n int);"),
        ("2_b.sql", "-- gapless: no-transaction\nINSERT INTO log SELECT 2;"),
        ("3_c.sql", "INSERT INTO log SELECT 3;"),
        ("4_d.sql", "-- gapless: no-transaction\nINSERT INTO log SELECT 4;\nINSERT INTO log SELECT 5;"),
    ]);
    assert_eq!(versions(run::<D>(&mut client, &mixed).unwrap().applied()), [1, 2, 3, 4]);
    assert_eq!(rows::<D>(&mut client, "SELECT n FROM log"), ["2", "3", "4", "5"]);
}

/// Taken back by hand, as there is no other way yet: all of it is to be done again.
pub(super) fn rolled_back_steps_run_again<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    let steps = set(&[("1_a.sql", STEPS)]);
    run::<D>(&mut client, &steps).unwrap();
    rows::<D>(&mut client, "DROP TABLE a");
    rows::<D>(&mut client, "DELETE FROM applied_migrations");
    run::<D>(&mut client, &steps).unwrap();
    assert_eq!(rows::<D>(&mut client, "SELECT id FROM a ORDER BY id"), ["1", "2"]);
}

pub(super) fn nothing_is_resolved_that_was_not_interrupted<D: Driver>() {
    let steps = set(&[("1_a.sql", STEPS), ("2_b.sql", "SELECT 1")]);
    for resolution in [Resolution::MarkApplied, Resolution::RetryFrom(99), Resolution::Retry] {
        let driver = D::fresh();
        let mut client = driver.connect();
        let report = D::run(&mut client, steps.runner().resolve(Version::from(1), resolution)).unwrap();
        assert_eq!(rows::<D>(&mut client, "SELECT id FROM a ORDER BY id"), ["1", "2"], "{resolution:?}");
        assert!(report.warnings()[0].contains("had nothing to resolve"), "{report}");
    }
    let driver = D::fresh();
    let mut client = driver.connect();
    interrupted::<D>(&mut client, STEPS);
    let runner = impatient(&steps).resolve(Version::from(1), Resolution::RetryFrom(99));
    assert!(D::run(&mut client, runner).unwrap_err().is_usage());
    let runner = steps.runner().resolve(Version::from(3), Resolution::Retry);
    assert!(D::run(&mut client, runner).unwrap_err().is_usage());
    // One that runs in a transaction may have been begun outside of one.
    rows::<D>(&mut client, "DELETE FROM applied_migrations_journal");
    rows::<D>(&mut client, "DROP TABLE a");
    let report = D::run(&mut client, steps.runner().resolve(Version::from(2), Resolution::Retry)).unwrap();
    assert_eq!(versions(report.applied()), [1, 2]);
    assert!(report.warnings()[0].contains("had nothing to resolve"), "{report}");
}

/// Replicas that start together find each other at work, and none of them calls it interrupted.
pub(super) fn replicas_do_not_share_steps<D: Driver>() {
    let inserts: String = (0..60).map(|n| format!("INSERT INTO log VALUES ({n});\n")).collect();
    let steps = format!("-- gapless: no-transaction\nCREATE TABLE log (n int PRIMARY KEY);\n{inserts}");
    let steps = set(&[("1_a.sql", steps.as_str()), ("2_b.sql", "INSERT INTO log VALUES (1000)")]);
    let driver = D::fresh();
    let applied: usize = thread::scope(|scope| {
        let runs: Vec<_> =
            (0..3).map(|_| scope.spawn(|| run::<D>(&mut driver.connect(), &steps).unwrap())).collect();
        runs.into_iter().map(|run| run.join().unwrap().applied().len()).sum()
    });
    assert_eq!(applied, 2);
    assert_eq!(rows::<D>(&mut driver.connect(), "SELECT count(*) FROM log"), ["61"]);
}

/// Somebody repaired it by hand after it failed, and says so.
pub(super) fn a_failed_statement_can_be_resolved<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    let broken = set(&[("1_a.sql", &STEPS.replace("VALUES (1)", "VALUES (nothing)"))]);
    run::<D>(&mut client, &broken).unwrap_err();
    let runner = broken.runner().resolve(Version::from(1), Resolution::MarkApplied);
    assert_eq!(versions(D::run(&mut client, runner).unwrap().applied()), [1]);
    assert_eq!(rows::<D>(&mut client, "SELECT id FROM a"), Vec::<String>::new());
}

/// A newer release has begun it under another name: the one before does not begin it anew.
pub(super) fn steps_begun_under_a_newer_name_are_not_begun_anew<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    rows::<D>(&mut client, "CREATE TABLE log (k int NOT NULL)");
    let sql = "-- gapless: no-transaction\nINSERT INTO log VALUES (1);\nINSERT INTO log VALUES (NULL);";
    let newer = set(&[("5_fill.sql", sql), ("renames.txt", "2_fill -> 5_fill")]);
    assert_eq!(run::<D>(&mut client, &newer).unwrap_err().failure().unwrap().statement(), Some(2));
    for other in
        [set(&[("2_fill.sql", sql)]), set(&[("4_fill.sql", sql), ("renames.txt", "2_fill -> 4_fill")])]
    {
        assert_eq!(run::<D>(&mut client, &other).unwrap_err().failure().unwrap().statement(), Some(2));
        assert_eq!(rows::<D>(&mut client, "SELECT k FROM log"), ["1"]);
    }
}
