//! Rollbacks: in a transaction and in steps, with retries, by older releases.

use std::thread;
use std::time::Duration;

use gapless::{Failure, Layout, Locking, MigrationSet, Resolution, Rollback, Version};
use gapless_tests::cluster::{Database, cluster};
use gapless_tests::set::{set, set_of};
use postgres::Client;

const SET: &str = "SELECT version || '|' || name FROM applied_migrations ORDER BY version";
const EVENTS: &str = "SELECT version || '|' || event FROM applied_migrations_journal ORDER BY id";

fn column(client: &mut Client, sql: &str) -> Vec<String> {
    client.query(sql, &[]).unwrap().iter().map(|row| row.get(0)).collect()
}

fn there(client: &mut Client, table: &str) -> bool {
    client.query_one("SELECT to_regclass($1::text) IS NOT NULL", &[&table]).unwrap().get(0)
}

fn versions(applied: &[gapless::Applied]) -> Vec<i64> {
    applied.iter().map(|applied| applied.version().number()).collect()
}

/// A session that has the table locked.
fn locking(database: &Database, table: &str) -> Client {
    let mut holder = database.connect();
    holder.batch_execute(&format!("BEGIN; LOCK TABLE {table}")).unwrap();
    holder
}

fn two() -> MigrationSet {
    set(&[
        ("1_t1.up.sql", "CREATE TABLE t1 (id int);"),
        ("1_t1.down.sql", "DROP TABLE t1;"),
        ("2_t2.up.sql", "CREATE TABLE t2 (id int);"),
        ("2_t2.down.sql", "DROP TABLE t2;"),
    ])
}

/// The release after [`two`].
fn renamed() -> MigrationSet {
    set(&[
        ("1_t1.up.sql", "CREATE TABLE t1 (id int);"),
        ("1_t1.down.sql", "DROP TABLE t1;"),
        ("9_t2.up.sql", "CREATE TABLE t2 (id int);"),
        ("9_t2.down.sql", "DROP TABLE t2;"),
        ("renames.txt", "2_t2 -> 9_t2"),
    ])
}

#[test]
fn an_older_release_rolls_back_nothing_that_a_newer_one_renamed() {
    let mut client = cluster().database().connect();
    let mut lite = rusqlite::Connection::open_in_memory().unwrap();
    for release in [two(), renamed()] {
        release.runner().run(&mut client).unwrap();
        release.runner().run(&mut lite).unwrap();
    }
    let older = two();
    for error in [
        older.runner().plan_rollback(Rollback::steps(1), &mut client).unwrap_err(),
        older.runner().rollback(Rollback::steps(1), &mut client).unwrap_err(),
        older.runner().rollback(Rollback::to(Version::from(1)), &mut client).unwrap_err(),
        older.runner().rollback(Rollback::steps(1), &mut lite).unwrap_err(),
    ] {
        assert!(error.is_irreversible(), "{error}");
        let told = "version 2 cannot be rolled back: a newer release has renamed it to 9 `t2`";
        assert!(error.to_string().starts_with(told), "{error}");
    }
    assert_eq!(column(&mut client, SET), ["1|t1", "9|t2"]);
    let report = renamed().runner().rollback(Rollback::steps(1), &mut client).unwrap();
    assert_eq!(versions(report.rolled_back()), [9]);
}

const STEPS_BACK: &str =
    "-- gapless: no-transaction\n-- gapless: lock-timeout 100ms\nDROP TABLE b;\nDROP TABLE a;";

fn with_steps_back(down: &str) -> MigrationSet {
    set(&[("1_a.up.sql", "CREATE TABLE a (id int); CREATE TABLE b (id int);"), ("1_a.down.sql", down)])
}

#[test]
fn a_rollback_in_steps_gives_up_at_its_lock_timeout() {
    let database = cluster().database();
    let mut client = database.connect();
    let steps = with_steps_back(STEPS_BACK);
    steps.runner().run(&mut client).unwrap();
    let holder = locking(&database, "a");
    let error = steps.runner().retries(1).rollback(Rollback::steps(1), &mut client).unwrap_err();
    assert_eq!(error.database_error().unwrap().code, "55P03", "{error}");
    assert_eq!(error.failure().and_then(Failure::statement), Some(2), "{error}");
    assert!(error.to_string().contains("the statements before this one stay done"), "{error}");
    assert_eq!(column(&mut client, SET), ["1|a.rolling-back"]);
    assert_eq!((there(&mut client, "a"), there(&mut client, "b")), (true, false));
    drop(holder);
    let report = steps.runner().rollback(Rollback::steps(1), &mut client).unwrap();
    assert_eq!(versions(report.rolled_back()), [1]);
    assert_eq!(column(&mut client, SET), Vec::<String>::new());
}

#[test]
fn a_rollback_in_steps_is_tried_again_where_it_stopped() {
    let database = cluster().database();
    let mut client = database.connect();
    let steps = with_steps_back(STEPS_BACK);
    steps.runner().run(&mut client).unwrap();
    let mut holder = locking(&database, "a");
    let report = thread::scope(|scope| {
        scope.spawn(move || {
            thread::sleep(Duration::from_millis(400));
            holder.batch_execute("COMMIT").unwrap();
        });
        steps.runner().retries(50).rollback(Rollback::steps(1), &mut client).unwrap()
    });
    assert!(report.retries() > 0, "{report}");
    assert_eq!(versions(report.rolled_back()), [1]);
    let events = ["1|applied", "1|rolling_back", "1|started", "1|statement", "1|statement", "1|rolled_back"];
    assert_eq!(column(&mut client, EVENTS), events);
    // There and back again.
    assert_eq!(versions(steps.runner().run(&mut client).unwrap().applied()), [1]);
    let report = steps.runner().rollback(Rollback::steps(1), &mut client).unwrap();
    assert_eq!(versions(report.rolled_back()), [1]);
}

#[test]
fn retries_of_a_rollback_are_counted_for_each_migration() {
    let database = cluster().database();
    let mut client = database.connect();
    let all = set(&[
        ("1_a.up.sql", "CREATE TABLE a (id int);"),
        ("1_a.down.sql", "-- gapless: lock-timeout 100ms\nDROP TABLE a;"),
        ("2_b.up.sql", "CREATE TABLE b (id int);"),
        ("2_b.down.sql", "-- gapless: lock-timeout 100ms\nDROP TABLE b;"),
    ]);
    all.runner().run(&mut client).unwrap();
    // Whichever is tried first, each meets a lock.
    let (mut one, mut other) = (locking(&database, "a"), locking(&database, "b"));
    let mut told = Vec::new();
    let report = thread::scope(|scope| {
        scope.spawn(move || {
            thread::sleep(Duration::from_millis(300));
            other.batch_execute("COMMIT").unwrap();
            thread::sleep(Duration::from_millis(500));
            one.batch_execute("COMMIT").unwrap();
        });
        let runner = all.runner().retries(50).on_event(|event| told.push(event.to_string()));
        runner.rollback(Rollback::steps(2), &mut client).unwrap()
    });
    assert_eq!(versions(report.rolled_back()), [2, 1], "{report}");
    for first in ["version 2, try 1: ", "version 1, try 1: "] {
        assert_eq!(told.iter().filter(|event| event.starts_with(first)).count(), 1, "{told:#?}");
    }
    let retried = told.iter().filter(|event| event.ends_with("trying again")).count();
    assert_eq!(report.retries() as usize, retried, "{told:#?}");
}

#[test]
fn an_error_of_a_rollback_lists_what_was_rolled_back() {
    let mut client = cluster().database().connect();
    let all = set(&[
        ("1_a.up.sql", "CREATE TABLE a (id int);"),
        ("1_a.down.sql", "DROP TABLE nothing;"),
        ("2_b.up.sql", "CREATE TABLE b (id int);"),
        ("2_b.down.sql", "DROP TABLE b;"),
    ]);
    all.runner().run(&mut client).unwrap();
    let error = all.runner().rollback(Rollback::steps(2), &mut client).unwrap_err();
    assert_eq!(error.failure().unwrap().path(), "migrations/1_a.down.sql", "{error}");
    assert_eq!(versions(error.rolled_back()), [2]);
    assert!(error.to_string().contains("rolled back before, and stays so: version 2"), "{error}");
    assert_eq!(column(&mut client, SET), ["1|a"]);
}

/// `[it's]` is a name to SQLite; in the syntax that all databases share it hides what is between two of them.
#[test]
fn down_files_are_read_again_by_the_rules_of_the_database() {
    let mut client = rusqlite::Connection::open_in_memory().unwrap();
    let hiding = "SELECT 1 AS [it's];\nDROP TABLE a;\nCOMMIT;\nSELECT 1 AS [it's];";
    let files = [("1_a.up.sql", "CREATE TABLE a (id int);"), ("1_a.down.sql", hiding)];
    let down = set_of(Layout::Native, &files).unwrap();
    down.runner().run(&mut client).unwrap();
    let error = down.runner().rollback(Rollback::steps(1), &mut client).unwrap_err();
    assert!(error.to_string().starts_with("`COMMIT` would break out"), "{error}");
    assert!(error.to_string().contains("--> migrations/1_a.down.sql:3:1\n"), "{error}");
    let rows =
        "SELECT (SELECT count(*) FROM applied_migrations) + (SELECT count(*) FROM pragma_table_info('a'))";
    assert_eq!(client.query_row(rows, [], |row| row.get::<_, i64>(0)).unwrap(), 2);
    let up = set(&[("7_b.up.sql", hiding)]);
    let error = up.runner().unknown(gapless::Unknown::Allow).run(&mut client).unwrap_err();
    assert!(error.to_string().starts_with("`COMMIT` would break out"), "{error}");
}

#[test]
fn a_rollback_needs_a_session_of_its_own_only_for_steps() {
    let mut client = cluster().database().connect();
    let steps = with_steps_back(STEPS_BACK);
    let runner = || steps.runner().locking(Locking::Transaction);
    runner().run(&mut client).unwrap();
    let error = runner().rollback(Rollback::steps(1), &mut client).unwrap_err();
    assert!(error.is_pooler(), "{error}");
    assert_eq!(column(&mut client, SET), ["1|a"]);
    let mut client = cluster().database().connect();
    let up = set(&[
        ("1_a.up.sql", "-- gapless: no-transaction\nCREATE TABLE a (id int);"),
        ("1_a.down.sql", "DROP TABLE a;"),
    ]);
    up.runner().run(&mut client).unwrap();
    let runner = up.runner().locking(Locking::Transaction);
    assert_eq!(versions(runner.rollback(Rollback::steps(1), &mut client).unwrap().rolled_back()), [1]);
}

#[test]
fn an_interrupted_migration_begins_anew_after_a_rollback() {
    let mut client = cluster().database().connect();
    let steps = "-- gapless: no-transaction\nCREATE TABLE t1 (id int);\nCREATE TABLE t2 (id int);\n\
                 SELECT 1/(SELECT count(*) FROM pg_class WHERE relname = 'wanted');";
    let all = set(&[("1_t1.up.sql", steps), ("1_t1.down.sql", "DROP TABLE t1; DROP TABLE t2;")]);
    all.runner().run(&mut client).unwrap_err();
    all.runner().resolve(Version::from(1), Resolution::MarkApplied).run(&mut client).unwrap();
    all.runner().rollback(Rollback::steps(1).unproven(), &mut client).unwrap();
    client.batch_execute("CREATE TABLE wanted ()").unwrap();
    assert_eq!(versions(all.runner().run(&mut client).unwrap().applied()), [1]);
    assert!(there(&mut client, "t1") && there(&mut client, "t2"));
}

/// The second was merged late, so it is the last that was applied and stays.
#[test]
fn a_late_version_that_stays_blocks_the_rollback_of_a_higher_one() {
    let mut client = cluster().database().connect();
    let file = |number: u32| {
        [(format!("{number}_t.up.sql"), "SELECT 1"), (format!("{number}_t.down.sql"), "SELECT 1")]
    };
    let of = |numbers: &[u32]| {
        let files: Vec<_> = numbers.iter().flat_map(|number| file(*number)).collect();
        set(&files.iter().map(|(file, sql)| (file.as_str(), *sql)).collect::<Vec<_>>())
    };
    of(&[1, 3]).runner().run(&mut client).unwrap();
    let all = of(&[1, 2, 3]);
    all.runner().run(&mut client).unwrap();
    let back = || Rollback::to(Version::from(2));
    let error = all.runner().rollback(back(), &mut client).unwrap_err();
    assert!(
        error.to_string().starts_with("version 3 cannot be rolled back: version 2 came later"),
        "{error}"
    );
    let report = all.runner().rollback(back().past_later(), &mut client).unwrap();
    assert_eq!(versions(report.rolled_back()), [3]);
}
