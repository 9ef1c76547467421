//! Baselines: databases that begin there, beside older releases, tombstones, renames and the histories of other tools.

use std::thread;
use std::time::Duration;

use gapless::{Conflict, Legacy, Locking, MigrationSet};
use gapless_tests::cluster::{Database, cluster};
use gapless_tests::set::{set, tables};
use postgres::Client;

const SET: &str = "SELECT version || '|' || name FROM applied_migrations ORDER BY version";
const COUNTER: &str = "CREATE TABLE g (version bigint, dirty boolean); INSERT INTO g VALUES (2, false)";

fn column(client: &mut Client, sql: &str) -> Vec<String> {
    client.query(sql, &[]).unwrap().iter().map(|row| row.get(0)).collect()
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

/// Another tool's table, in which versions 1 and 2 are applied, and what they have created.
fn legacy(table: &str) -> Client {
    let mut client = cluster().database().connect();
    client.batch_execute(table).unwrap();
    client.batch_execute("CREATE TABLE t1 (id int); CREATE TABLE t2 (id int)").unwrap();
    client
}

/// Its files up to 3 are there still.
fn unsquashed(more: &[(&str, &str)]) -> MigrationSet {
    let files = [
        ("1_t1.sql", "CREATE TABLE t1 (id int);"),
        ("3_t3.sql", "CREATE TABLE t3 (id int);"),
        ("3_all.baseline.sql", "CREATE TABLE t1 (id int); CREATE TABLE t3 (id int);"),
    ];
    set(&[&files, more].concat())
}

/// A retired migration is not part of the baseline, and no database that begins there has run it.
#[test]
fn a_tombstone_below_a_baseline_is_not_recorded() {
    let mut client = cluster().database().connect();
    let retired = unsquashed(&[("2_gone.tombstone.sql", "-- The module is gone.")]);
    retired.runner().run(&mut client).unwrap();
    assert_eq!(column(&mut client, SET), ["1|t1", "3|t3"]);
    assert_eq!(retired.runner().run(&mut client).unwrap().round_trips(), 1);
}

/// The release before knows the second by another number, on a database that began at the baseline too.
#[test]
fn an_older_release_knows_what_a_baseline_stands_for() {
    let mut client = cluster().database().connect();
    unsquashed(&[("renames.txt", "2_t3 -> 3_t3")]).runner().run(&mut client).unwrap();
    assert_eq!(column(&mut client, SET), ["1|t1", "3|t3"]);
    let older = set(&[("1_t1.sql", "CREATE TABLE t1 (id int);"), ("2_t3.sql", "CREATE TABLE t3 (id int);")]);
    let report = older.runner().run(&mut client).unwrap();
    assert_eq!((report.applied().len(), report.already_applied()), (0, 2), "{report}");
    assert_eq!(report.warnings(), ["version 2 (`t3`) is applied as 3 `t3`: a newer release has renamed it"]);
}

/// The tool stopped below the baseline: neither can its history be brought there, nor may the baseline run on it.
#[test]
fn a_history_of_another_tool_that_has_not_reached_the_baseline_is_refused() {
    let mut client = cluster().database().connect();
    client.batch_execute("CREATE TABLE g (version varchar); INSERT INTO g VALUES ('1'), ('2')").unwrap();
    let squashed = set(&[("3_all.baseline.sql", "CREATE TABLE t1 (id int);"), ("4_t4.sql", "SELECT 4;")]);
    let runner = || squashed.runner().adopt(Legacy::dbmate("g"));
    let error = runner().run(&mut client).unwrap_err();
    assert!(error.is_legacy(), "{error}");
    for version in [1, 2] {
        assert!(error.to_string().contains(&format!("`{version}` was applied by dbmate")), "{error}");
    }
    assert!(client.batch_execute("SELECT * FROM t1").is_err(), "the baseline ran");
    client.batch_execute("INSERT INTO g VALUES ('3')").unwrap();
    let report = runner().run(&mut client).unwrap();
    assert_eq!((report.changes().len(), report.applied().len()), (1, 1), "{report}");
    assert_eq!(column(&mut client, SET), ["3|all", "4|t4"]);
}

/// The tool was here, though nothing of what it has applied is embedded: the database is not empty.
#[test]
fn a_baseline_does_not_run_where_another_tool_has_been() {
    let mut client = cluster().database().connect();
    client.batch_execute("CREATE TABLE g (version varchar); INSERT INTO g VALUES ('900')").unwrap();
    let adopt = || Legacy::dbmate("g").pass_over_unknown();
    let report = unsquashed(&[]).runner().adopt(adopt()).run(&mut client).unwrap();
    assert_eq!(
        report.applied().iter().map(|one| one.version().number()).collect::<Vec<_>>(),
        [1, 3],
        "{report}"
    );
}

#[test]
fn migrations_under_a_new_baseline_do_not_count_as_applied_before() {
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

#[test]
fn a_counter_is_adopted_beside_a_squashed_baseline() {
    let squashed = set(&[
        ("2_all.baseline.sql", "CREATE TABLE t1 (id int); CREATE TABLE t2 (id int);"),
        ("3_t3.sql", "CREATE TABLE t3 (id int);"),
        ("4_t4.sql", "CREATE TABLE t4 (id int);"),
    ]);
    for (at, pending) in [(3, vec![4]), (2, vec![3, 4])] {
        let mut client = legacy(COUNTER);
        client.batch_execute(&format!("UPDATE g SET version = {at}")).unwrap();
        let report = squashed.runner().adopt(Legacy::golang_migrate("g")).run(&mut client).unwrap();
        assert_eq!(versions(report.applied()), pending, "{report}");
        assert_eq!(column(&mut client, SET), ["2|all", "3|t3", "4|t4"]);
    }
}
