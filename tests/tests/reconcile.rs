//! Reconciling: versions are recorded without being run where their tables exist.

use gapless::{Failure, Version};
use gapless_tests::cluster::cluster;
use gapless_tests::mysql_server::server;
use gapless_tests::set::{set, tables};
use mysql::prelude::Queryable;
use postgres::Client;
use rusqlite::Connection;

const SET: &str = "SELECT version || '|' || name FROM applied_migrations ORDER BY version";

fn column(client: &mut Client, sql: &str) -> Vec<String> {
    client.query(sql, &[]).unwrap().iter().map(|row| row.get(0)).collect()
}

fn versions(applied: &[gapless::Applied]) -> Vec<i64> {
    applied.iter().map(|applied| applied.version().number()).collect()
}

fn lite() -> Connection {
    Connection::open_in_memory().unwrap()
}

#[test]
fn tables_are_reconciled_by_their_names_in_a_statement() {
    let mut client = cluster().database().connect();
    let made = "CREATE TABLE \"odd.name\" (id int); CREATE SCHEMA app; CREATE TABLE app.\"Mine\" (id int); \
                CREATE TABLE p (id int) PARTITION BY RANGE (id)";
    client.batch_execute(made).unwrap();
    let one = tables(1);
    for (name, there) in [
        ("\"odd.name\"", true),
        ("odd.name", false),
        ("app.\"Mine\"", true),
        ("APP.\"Mine\"", true),
        ("app.mine", false),
        ("\"x\".\"y\"", false),
        ("P", true),
    ] {
        let plan = one.runner().reconcile([Version::from(1)], [name]).plan(&mut client).unwrap();
        assert_eq!(plan.changes().len(), usize::from(there), "{name}: {plan}");
    }
    for name in ["a.b.c.d", "\"", ""] {
        let error = one.runner().reconcile([Version::from(1)], [name]).run(&mut client).unwrap_err();
        assert!(error.to_string().contains("looking for the tables to reconcile"), "{name}: {error}");
    }
    let tracker = "SELECT count(*)::text FROM pg_tables WHERE tablename = 'applied_migrations'";
    assert_eq!(column(&mut client, tracker), ["0"]);
}

/// Neither a view counts nor a temporary table.
#[test]
fn tables_of_mysql_are_reconciled_by_their_names_in_a_statement() {
    let (database, other) = (server().database(), server().database());
    let mut client = database.connect();
    client.query_drop(format!("CREATE TABLE {}.theirs (id int)", other.name)).unwrap();
    for made in [
        "CREATE TABLE `odd.name` (id int)",
        "CREATE TABLE mine (id int)",
        "CREATE VIEW seen AS SELECT * FROM mine",
        "CREATE TEMPORARY TABLE passing (id int)",
    ] {
        client.query_drop(made).unwrap();
    }
    let one = tables(1);
    for (name, there) in [
        ("mine", true),
        ("`mine`", true),
        (&format!("{}.mine", database.name), true),
        (&format!("`{}`.`theirs`", other.name), true),
        ("theirs", false),
        ("`odd.name`", true),
        ("\"odd.name\"", true),
        ("odd.name", false),
        ("seen", false),
        ("passing", false),
    ] {
        let plan = one.runner().reconcile([Version::from(1)], [name]).plan(&mut client).unwrap();
        assert_eq!(plan.changes().len(), usize::from(there), "{name}: {plan}");
    }
}

#[test]
fn only_tables_of_the_database_are_reconciled_on_sqlite() {
    let mut client = lite();
    let made = "CREATE TABLE \"odd.name\" (id int); CREATE TABLE a (x); CREATE INDEX ai ON a (x); \
                CREATE TEMP TABLE tt (id int)";
    client.execute_batch(made).unwrap();
    let one = tables(1);
    for (name, there) in [
        ("\"odd.name\"", true),
        ("a", true),
        ("A", true),
        ("ai", false),
        ("tt", false),
        ("temp.tt", false),
        ("\"x\".\"y\"", false),
        ("a.b.c.d", false),
        ("\"", false),
        ("", false),
    ] {
        let plan = one.runner().reconcile([Version::from(1)], [name]).plan(&mut client).unwrap();
        assert_eq!(plan.changes().len(), usize::from(there), "{name}: {plan}");
    }
}

#[test]
fn only_tables_of_the_database_are_reconciled_on_postgres() {
    for other in [
        "CREATE SEQUENCE q",
        "CREATE TABLE z (a int); CREATE INDEX q ON z (a)",
        "CREATE TYPE q AS (a int)",
        "CREATE VIEW q AS SELECT 1",
        "CREATE TEMP TABLE q (id int)",
    ] {
        let mut client = cluster().database().connect();
        client.batch_execute(other).unwrap();
        let plan = tables(1).runner().reconcile([Version::from(1)], ["q"]).plan(&mut client).unwrap();
        assert!(plan.changes().is_empty(), "{other}: {plan}");
    }
}

#[test]
fn a_version_may_be_reconciled_twice() {
    let mut client = cluster().database().connect();
    client.batch_execute("CREATE TABLE t1 (id int)").unwrap();
    let one = tables(1);
    let runner = || one.runner().reconcile([1, 1].map(Version::from), ["t1"]);
    let report = runner().run(&mut client).unwrap();
    assert_eq!((report.applied().len(), report.changes().len()), (0, 1), "{report}");
    let events = "SELECT version || '|' || event FROM applied_migrations_journal";
    assert_eq!(column(&mut client, events), ["1|reconciled"]);
    assert_eq!(runner().run(&mut client).unwrap().round_trips(), 1);
}

#[test]
fn nothing_is_reconciled_beyond_the_target() {
    let mut client = cluster().database().connect();
    let two = tables(2);
    let runner = || two.runner().target(Version::from(1));
    runner().run(&mut client).unwrap();
    for there in ["", "CREATE TABLE t2 (id int)"] {
        client.batch_execute(there).unwrap();
        let report = runner().reconcile([Version::from(2)], ["t2"]).run(&mut client).unwrap();
        assert_eq!((report.round_trips(), report.held_back(), report.changes().len()), (1, 1, 0));
    }
}

#[test]
fn groups_that_overlap_are_each_judged_by_what_was_there() {
    let mut client = cluster().database().connect();
    client.batch_execute("CREATE TABLE t1 (); CREATE TABLE t2 (); CREATE TABLE t3 ()").unwrap();
    let all = tables(3);
    let two = |one: u32| [Version::from(one), Version::from(one + 1)];
    let runner = all.runner().reconcile(two(1), ["t1", "t2"]).reconcile(two(2), ["t2", "t3"]);
    let report = runner.run(&mut client).unwrap();
    assert_eq!((report.changes().len(), report.applied().len()), (3, 0), "{report}");
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
