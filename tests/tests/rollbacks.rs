//! Ways back, and what is not run: tables that were there, statements that were done, baselines.

use std::thread;
use std::time::Duration;

use gapless::{Conflict, Failure, Layout, Legacy, Locking, MigrationSet, Resolution, Rollback, Version};
use gapless_tests::cluster::{Database, cluster};
use gapless_tests::set::{set, set_of, tables};
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
fn an_older_release_takes_back_nothing_that_a_newer_one_renamed() {
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
fn a_way_back_without_transaction_gives_up_at_its_lock_timeout() {
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
fn a_way_back_without_transaction_is_tried_again_where_it_stopped() {
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
fn an_error_of_a_rollback_says_what_was_taken_back() {
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
fn a_way_back_needs_a_session_of_its_own_only_where_it_has_steps() {
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
fn what_was_adopted_and_taken_back_is_not_adopted_again() {
    let mut client = cluster().database().connect();
    let dbmate = "CREATE TABLE g (version varchar); INSERT INTO g VALUES ('1'), ('2'); \
                  CREATE TABLE t1 (id int); CREATE TABLE t2 (id int)";
    client.batch_execute(dbmate).unwrap();
    let all = two();
    let runner = || all.runner().adopt(Legacy::dbmate("g"));
    // A rollback adopts nothing by itself.
    let error = runner().rollback(Rollback::steps(1), &mut client).unwrap_err();
    assert!(error.is_irreversible(), "{error}");
    assert!(error.to_string().starts_with("`Rollback::steps(1)` is too many"), "{error}");
    runner().rollback(Rollback::steps(0), &mut client).unwrap();
    assert!(!there(&mut client, "applied_migrations"));
    assert_eq!(runner().run(&mut client).unwrap().changes().len(), 2);
    let report = runner().rollback(Rollback::steps(2).unproven(), &mut client).unwrap();
    assert_eq!(versions(report.rolled_back()), [2, 1]);
    let report = runner().run(&mut client).unwrap();
    assert_eq!((versions(report.applied()), report.changes().len()), (vec![1, 2], 0));
    assert!(there(&mut client, "t1"));
}

#[test]
fn an_interrupted_migration_is_resumed_and_not_reconciled() {
    let mut client = cluster().database().connect();
    let steps = "-- gapless: no-transaction\nCREATE TABLE t1 (id int);\nINSERT INTO t1 VALUES (1), (1);\n\
                 CREATE UNIQUE INDEX CONCURRENTLY t1_id ON t1 (id);";
    let all = set(&[("1_t1.sql", steps)]);
    let runner = || all.runner().reconcile([Version::from(1)], ["t1"]);
    for _ in 0..2 {
        let error = runner().run(&mut client).unwrap_err();
        assert_eq!(error.failure().and_then(Failure::statement), Some(3), "{error}");
        assert_eq!(column(&mut client, SET), Vec::<String>::new());
    }
    client.batch_execute("DELETE FROM t1 WHERE ctid <> (SELECT min(ctid) FROM t1)").unwrap();
    let report = runner().run(&mut client).unwrap();
    assert_eq!((versions(report.applied()), report.changes().len()), (vec![1], 0));
}

#[test]
fn what_was_interrupted_and_taken_back_begins_anew() {
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

#[test]
fn what_a_baseline_stands_for_was_not_applied_before_the_run() {
    let database = cluster().database();
    database.connect().batch_execute("CREATE TABLE busy (id int)").unwrap();
    let mut holder = locking(&database, "busy");
    let all = set(&[
        ("1_a.sql", "SELECT 1;"),
        ("2_b.sql", "SELECT 1;"),
        ("2_all.baseline.sql", "SELECT 1;"),
        ("3_c.sql", "-- gapless: lock-timeout 100ms\nALTER TABLE busy ADD x int;"),
    ]);
    // A retry looks at the database again.
    let report = thread::scope(|scope| {
        scope.spawn(move || {
            thread::sleep(Duration::from_millis(400));
            holder.batch_execute("COMMIT").unwrap();
        });
        all.runner().retries(50).run(&mut database.connect()).unwrap()
    });
    assert!(report.retries() > 0, "{report}");
    assert_eq!((versions(report.applied()), report.already_applied()), (vec![2, 3], 0));
}

#[test]
fn a_baseline_gives_way_to_an_older_release_that_has_no_lock() {
    let database = cluster().database();
    let slowly = [
        "CREATE TABLE t1 (id int);\nSELECT pg_sleep(0.6);",
        "CREATE TABLE t2 (id int);\nSELECT pg_sleep(0.6);",
    ];
    let files = [("1_t1.sql", slowly[0]), ("2_t2.sql", slowly[1])];
    let baseline = ("2_all.baseline.sql", "CREATE TABLE t1 (id int); CREATE TABLE t2 (id int);");
    let (older, newer) = (set(&files), set(&[files[0], files[1], baseline]));
    // Both of them find a tracker, and nothing in it.
    let mut client = database.connect();
    tables(1).runner().run(&mut client).unwrap();
    client.batch_execute("TRUNCATE applied_migrations, applied_migrations_journal; DROP TABLE t1").unwrap();
    let applied = |all: &MigrationSet| {
        let report = all.runner().locking(Locking::None).run(&mut database.connect()).unwrap();
        versions(report.applied())
    };
    thread::scope(|scope| {
        let first = scope.spawn(|| applied(&older));
        thread::sleep(Duration::from_millis(300));
        assert_eq!(applied(&newer), Vec::<i64>::new());
        assert_eq!(first.join().unwrap(), [1, 2]);
    });
}

#[test]
fn a_release_before_the_squash_refuses_what_began_at_the_baseline() {
    for (file, recorded) in [("2_t2.baseline.sql", "2|t2.baseline"), ("2_all.baseline.sql", "2|all.baseline")]
    {
        let mut client = cluster().database().connect();
        let squashed = set(&[(file, "CREATE TABLE log (at text);"), ("3_t3.sql", "SELECT 3;")]);
        squashed.runner().run(&mut client).unwrap();
        let older = set(&[
            ("1_t1.sql", "CREATE TABLE log (at text);"),
            ("2_t2.sql", "SELECT 2;"),
            ("3_t3.sql", "SELECT 3;"),
        ]);
        let error = older.runner().run(&mut client).unwrap_err();
        assert!(matches!(error.conflicts(), [Conflict::Renamed { .. }]), "{error}");
        assert!(error.to_string().starts_with("this database began at a baseline for version 2"), "{error}");
        assert_eq!(column(&mut client, SET), [recorded, "3|t3"]);
    }
}
