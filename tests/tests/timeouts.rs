//! Timeouts of statements and locks, and the tries that follow.

use std::thread;
use std::time::Duration;

use gapless_tests::cluster::cluster;
use gapless_tests::set::set;

fn versions(applied: &[gapless::Applied]) -> Vec<i64> {
    applied.iter().map(|applied| applied.version().number()).collect()
}

#[test]
fn a_file_limits_its_statements_and_no_others() {
    let mut client = cluster().database().connect();
    let limited = set(&[
        ("1_a.sql", "SELECT pg_sleep(0.3);"),
        ("2_b.sql", "-- gapless: statement-timeout 100ms\nSELECT pg_sleep(5);"),
    ]);
    let error = limited.runner().run(&mut client).unwrap_err();
    assert_eq!(error.database_error().map(|said| &*said.code), Some("57014"), "{error}");
    assert_eq!(
        (versions(error.applied()), error.failure().unwrap().version()),
        (vec![1], 2.into()),
        "{error}"
    );
    // The runner's limit is for files without one of their own.
    let runner =
        limited.runner().statement_timeout(Duration::from_millis(100)).unknown(gapless::Unknown::Allow);
    let mut client = cluster().database().connect();
    assert_eq!(runner.run(&mut client).unwrap_err().failure().unwrap().version(), 1.into());
}

#[test]
fn tries_are_counted_for_each_migration() {
    let database = cluster().database();
    let mut client = database.connect();
    client.batch_execute("CREATE TABLE a (id int); CREATE TABLE b (id int)").unwrap();
    // Long enough for a message of its own.
    let second =
        format!("-- gapless: lock-timeout 100ms\n-- {}\nALTER TABLE b ADD x int;", "x".repeat(1 << 20));
    let all =
        set(&[("1_a.sql", "-- gapless: lock-timeout 100ms\nALTER TABLE a ADD x int;"), ("2_b.sql", &second)]);
    let locked = |table: &str| {
        let mut holder = database.connect();
        holder.batch_execute(&format!("BEGIN; LOCK TABLE {table}")).unwrap();
        holder
    };
    let (mut one, mut other) = (locked("a"), locked("b"));
    let mut told = Vec::new();
    let report = thread::scope(|scope| {
        scope.spawn(move || {
            thread::sleep(Duration::from_millis(400));
            one.batch_execute("COMMIT").unwrap();
            thread::sleep(Duration::from_millis(600));
            other.batch_execute("COMMIT").unwrap();
        });
        let runner = all.runner().retries(50).on_event(|event| told.push(event.to_string()));
        runner.run(&mut client).unwrap()
    });
    assert_eq!(versions(report.applied()), [1, 2]);
    for first in ["version 1, try 1: ", "version 2, try 1: "] {
        assert_eq!(told.iter().filter(|event| event.starts_with(first)).count(), 1, "{told:#?}");
    }
}
