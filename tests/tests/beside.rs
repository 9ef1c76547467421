//! What somebody else does to the tracker between a run's look and its own writing, and what a run makes of
//! groups, targets and limits that only count beside others.

use std::thread;
use std::time::Duration;

use gapless::engine::{Dialect, ResultSet};
use gapless::{Conflict, Connection, ExchangeError, Legacy, Locking, MigrationSet, Rollback, Version};
use gapless_tests::cluster::{Database, cluster};
use gapless_tests::set::{set, tables};
use postgres::Client;

const SET: &str = "SELECT version || '|' || name FROM applied_migrations ORDER BY version";

fn column(client: &mut Client, sql: &str) -> Vec<String> {
    client.query(sql, &[]).unwrap().iter().map(|row| row.get(0)).collect()
}

fn versions(applied: &[gapless::Applied]) -> Vec<i64> {
    applied.iter().map(|applied| applied.version().number()).collect()
}

/// Lets another session work right before the first message that holds this text.
struct Interrupted<F> {
    client: Client,
    before: &'static str,
    work: Option<F>,
}

impl<F: FnOnce()> Connection for Interrupted<F> {
    fn dialect(&self) -> &'static dyn Dialect {
        self.client.dialect()
    }

    fn exchange(&mut self, message: &str) -> Result<Vec<ResultSet>, ExchangeError> {
        if message.contains(self.before)
            && let Some(work) = self.work.take()
        {
            work();
        }
        self.client.exchange(message)
    }
}

/// A database on which the second of two waits for its rename.
fn to_be_renamed() -> (Database, MigrationSet) {
    let database = cluster().database();
    tables(2).runner().run(&mut database.connect()).unwrap();
    let moved = set(&[
        ("1_t1.sql", "CREATE TABLE t1 (id int);"),
        ("7_t2.sql", "CREATE TABLE t2 (id int);"),
        ("renames.txt", "2_t2 -> 7_t2"),
    ]);
    (database, moved)
}

#[test]
fn a_set_that_has_changed_since_the_look_is_looked_at_again() {
    let (database, moved) = to_be_renamed();
    let mut other = database.connect();
    let work =
        || other.batch_execute("DELETE FROM applied_migrations WHERE version = 2; DROP TABLE t2").unwrap();
    let mut client = Interrupted { client: database.connect(), before: "LOCK TABLE", work: Some(work) };
    let report = moved.runner().run(&mut client).unwrap();
    assert!(client.work.is_none(), "the run has locked no table");
    assert_eq!((versions(report.applied()), report.changes().len()), (vec![7], 0), "{report}");
    assert_eq!(column(&mut database.connect(), SET), ["1|t1", "7|t2"]);
}

#[test]
fn nobody_writes_to_the_set_while_it_is_put_right() {
    let (database, moved) = to_be_renamed();
    let mut other = database.connect();
    let work = || {
        let delete = "SET lock_timeout = '200ms'; DELETE FROM applied_migrations WHERE version = 2";
        let error = other.batch_execute(delete).unwrap_err();
        assert_eq!(error.code().map(|code| code.code().to_owned()).as_deref(), Some("55P03"), "{error}");
    };
    let mut client = Interrupted { client: database.connect(), before: "UPDATE ", work: Some(work) };
    let report = moved.runner().run(&mut client).unwrap();
    assert!(client.work.is_none(), "the run has updated no row");
    assert_eq!(report.changes().len(), 1, "{report}");
}

#[test]
fn a_rename_onto_the_version_of_another_is_a_conflict() {
    let (database, moved) = to_be_renamed();
    let mut client = database.connect();
    client.batch_execute("INSERT INTO applied_migrations (version, name) VALUES (7, 'other')").unwrap();
    let error = moved.runner().run(&mut client).unwrap_err();
    let there =
        |conflict: &Conflict| matches!(conflict, Conflict::Renamed { version, .. } if *version == 7.into());
    assert!(error.conflicts().iter().any(there), "{error}");
    assert_eq!(column(&mut client, SET), ["1|t1", "2|t2", "7|other"]);
}

/// Without a checksum the name is all there is to go by.
#[test]
fn a_name_that_is_applied_under_another_version_is_a_conflict() {
    let mut client = cluster().database().connect();
    tables(2).runner().run(&mut client).unwrap();
    client.batch_execute("UPDATE applied_migrations SET checksum = NULL").unwrap();
    let moved = set(&[("1_t1.sql", "CREATE TABLE t1 (id int);"), ("3_t2.sql", "SELECT 'edited too';")]);
    let error = moved.runner().run(&mut client).unwrap_err();
    assert!(matches!(error.conflicts(), [Conflict::Moved { .. }]), "{error}");
}

#[test]
fn each_group_of_tables_is_judged_by_itself() {
    let mut client = cluster().database().connect();
    let log = "CREATE TABLE IF NOT EXISTS log (at int); INSERT INTO log VALUES (2);";
    let all = set(&[
        ("1_t1.sql", "CREATE TABLE t1 (id int);"),
        ("2_log.sql", log),
        ("3_t3.sql", "CREATE TABLE t3 ();"),
    ]);
    tables(1).runner().run(&mut client).unwrap();
    // Its first is recorded, so its second is pending like any other, although the table is there.
    let runner = all.runner().reconcile([1.into(), 2.into()], ["t1"]).reconcile([3.into()], ["t3"]);
    let report = runner.run(&mut client).unwrap();
    assert_eq!((versions(report.applied()), report.changes().len()), (vec![2, 3], 0), "{report}");
    assert_eq!(column(&mut client, "SELECT at::text FROM log"), ["2"]);
}

#[test]
fn tables_beyond_the_target_are_not_reconciled() {
    let mut client = cluster().database().connect();
    client.batch_execute("CREATE TABLE t1 (id int); CREATE TABLE t2 (id int)").unwrap();
    let all = tables(2);
    let runner = || all.runner().reconcile([1.into()], ["t1"]).reconcile([2.into()], ["t2"]);
    let report = runner().target(1.into()).run(&mut client).unwrap();
    assert_eq!((report.changes().len(), report.held_back()), (1, 1), "{report}");
    assert_eq!(column(&mut client, SET), ["1|t1"]);
    assert_eq!(runner().run(&mut client).unwrap().changes().len(), 1);
}

/// The second was merged late, so it is the last that was applied and stays.
#[test]
fn what_was_applied_later_is_in_the_way_of_a_higher_version() {
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
    // What the runner says is for files that say nothing.
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

/// A text was applied before the file was retired, and is not the tombstone's.
#[test]
fn a_tombstone_is_adopted_whatever_the_tool_has_hashed() {
    let mut client = cluster().database().connect();
    client
        .batch_execute(
            "CREATE TABLE _sqlx_migrations (version bigint, description text, installed_on timestamptz, \
             success boolean, checksum bytea, execution_time bigint); \
             INSERT INTO _sqlx_migrations VALUES (1, 'gone', now(), true, '\\x00', 0)",
        )
        .unwrap();
    let retired = set(&[("1_gone.tombstone.sql", "-- The module is gone."), ("2_t2.sql", "SELECT 2;")]);
    let runner = || retired.runner().adopt(Legacy::sqlx("_sqlx_migrations"));
    let plan = runner().verify(&mut client).unwrap_err().to_string();
    assert!(plan.contains("record 1 gone: applied by sqlx's _sqlx_migrations, checksum unknown"), "{plan}");
    let report = runner().run(&mut client).unwrap();
    assert_eq!((versions(report.applied()), report.changes().len()), (vec![2], 1), "{report}");
}

/// Waiting for a lock inside of a transaction is waiting, and not one of so many tries.
#[test]
fn a_lock_of_the_transaction_is_waited_for() {
    // As `Tracker::lock_key` reckons it for `public.applied_migrations`.
    const KEY: i64 = 6_004_593_293_802_252_145;
    let database = cluster().database();
    let mut other = database.connect();
    other.batch_execute(&format!("SELECT pg_advisory_lock({KEY})")).unwrap();
    let all = tables(2);
    let runner = || all.runner().locking(Locking::Transaction).retries(0);
    let error = runner().lock_wait(Duration::from_millis(200)).run(&mut database.connect()).unwrap_err();
    assert!(error.is_lock_wait(), "{error}");
    let report = thread::scope(|scope| {
        scope.spawn(move || {
            thread::sleep(Duration::from_millis(400));
            other.batch_execute(&format!("SELECT pg_advisory_unlock({KEY})")).unwrap();
        });
        runner().run(&mut database.connect()).unwrap()
    });
    assert!(report.waits() > 0, "{report}");
    assert_eq!((versions(report.applied()), report.retries()), (vec![1, 2], 0), "{report}");
}
