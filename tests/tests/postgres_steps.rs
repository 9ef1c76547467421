//! Migrations outside of a transaction, on Postgres.

use std::thread;
use std::time::Duration;

use gapless::{Event, Locking, NotTried, Untried};
use gapless_tests::cluster::cluster;
use gapless_tests::set::set;
use postgres::Client;

fn value(client: &mut Client, sql: &str) -> String {
    client.query_one(sql, &[]).unwrap().get(0)
}

#[test]
fn an_index_is_built_concurrently_beside_waiting_replicas() {
    let database = cluster().database();
    let before = set(&[("1_a.sql", "CREATE TABLE a AS SELECT generate_series(1, 20000) AS id;")]);
    before.runner().run(&mut database.connect()).unwrap();
    let all = set(&[
        ("1_a.sql", "CREATE TABLE a AS SELECT generate_series(1, 20000) AS id;"),
        (
            "2_index.sql",
            "-- gapless: no-transaction\nCREATE INDEX CONCURRENTLY a_id ON a (id);\nCREATE INDEX CONCURRENTLY a_no ON a ((-id));",
        ),
    ]);
    let applied: usize = thread::scope(|scope| {
        let runs: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| all.runner().run(&mut database.connect()).unwrap().applied().len()))
            .collect();
        runs.into_iter().map(|run| run.join().unwrap()).sum()
    });
    assert_eq!(applied, 1);
    let valid = "SELECT count(*)::text FROM pg_index WHERE indrelid = 'a'::regclass AND indisvalid";
    assert_eq!(value(&mut database.connect(), valid), "2");
}

/// The invalid index of a failed build satisfies `IF NOT EXISTS`.
#[test]
fn an_invalid_index_is_never_taken_for_the_one_that_is_wanted() {
    let mut client = cluster().database().connect();
    client.batch_execute("CREATE TABLE t AS SELECT 1 AS id FROM generate_series(1, 2)").unwrap();
    for exists in ["", "IF NOT EXISTS "] {
        let sql = format!(
            "-- gapless: no-transaction\nCREATE UNIQUE INDEX CONCURRENTLY {exists}t_id ON public.t (id);"
        );
        let index = set(&[(if exists.is_empty() { "1_a.sql" } else { "2_b.sql" }, sql.as_str())]);
        let runner = || index.runner().unknown(gapless::Unknown::Allow);
        for _ in 0..2 {
            let error = runner().run(&mut client).unwrap_err();
            assert_eq!(error.database_error().unwrap().code, "23505", "{error}");
        }
        client.batch_execute("DELETE FROM t WHERE ctid <> (SELECT min(ctid) FROM t)").unwrap();
        assert_eq!(runner().run(&mut client).unwrap().applied().len(), 1);
        let valid = "SELECT indisvalid::text FROM pg_index WHERE indexrelid = 't_id'::regclass";
        assert_eq!(value(&mut client, valid), "true");
        client.batch_execute("DROP INDEX t_id; INSERT INTO t VALUES (1), (1)").unwrap();
    }
}

/// The connection is cut off while the index waits for an old snapshot; the catalog then tells what became
/// of it.
#[test]
fn an_interrupted_index_is_built_again() {
    let database = cluster().database();
    let mut other = database.connect();
    other.batch_execute("CREATE TABLE t (id int); INSERT INTO t VALUES (1)").unwrap();
    other.batch_execute("BEGIN; INSERT INTO t VALUES (2)").unwrap();
    let index =
        set(&[("1_a.sql", "-- gapless: no-transaction\nCREATE INDEX CONCURRENTLY \"T id\" ON t (id);")]);
    thread::scope(|scope| {
        let cut = scope.spawn(|| index.runner().run(&mut database.connect()).unwrap_err());
        let mut watcher = database.connect();
        let building = "SELECT count(pg_terminate_backend(pid))::text FROM pg_stat_activity \
                        WHERE query LIKE 'CREATE INDEX CONCURRENTLY%' AND wait_event_type = 'Lock' AND datname = current_database()";
        while value(&mut watcher, building) == "0" {
            thread::sleep(Duration::from_millis(10));
        }
        assert!(cut.join().unwrap().is_connection());
    });
    other.batch_execute("COMMIT").unwrap();
    let state = "SELECT indisvalid::text FROM pg_index WHERE indexrelid = '\"T id\"'::regclass";
    assert_eq!(value(&mut other, state), "false");
    assert_eq!(index.runner().run(&mut other).unwrap().applied().len(), 1);
    assert_eq!(value(&mut other, state), "true");
}

#[test]
fn settings_of_an_earlier_try_are_set_again() {
    let mut client = cluster().database().connect();
    client
        .batch_execute(
            "CREATE SCHEMA billing; CREATE TABLE public.t (id int); CREATE TABLE billing.t (id int); \
             INSERT INTO billing.t VALUES (1), (1)",
        )
        .unwrap();
    let steps = set(&[(
        "1_a.sql",
        "-- gapless: no-transaction\nSET search_path = billing;\nCREATE UNIQUE INDEX CONCURRENTLY t_id ON t (id);",
    )]);
    steps.runner().run(&mut client).unwrap_err();
    assert_eq!(value(&mut client, "SELECT current_setting('search_path')"), "\"$user\", public");
    client.batch_execute("TRUNCATE billing.t").unwrap();
    steps.runner().run(&mut client).unwrap();
    let place = "SELECT schemaname::text FROM pg_indexes WHERE indexname = 't_id'";
    assert_eq!(value(&mut client, place), "billing");
    assert_eq!(value(&mut client, "SELECT current_setting('search_path')"), "\"$user\", public");
}

#[test]
fn a_step_that_meets_a_lock_is_tried_again() {
    let database = cluster().database();
    let mut holder = database.connect();
    holder.batch_execute("CREATE TABLE busy (id int)").unwrap();
    holder.batch_execute("BEGIN; LOCK TABLE busy").unwrap();
    let steps = set(&[(
        "1_a.sql",
        "-- gapless: no-transaction\n-- gapless: lock-timeout 100ms\nALTER TABLE busy ADD name text;\nVACUUM busy;",
    )]);
    let mut retried = 0;
    thread::scope(|scope| {
        scope.spawn(move || {
            thread::sleep(Duration::from_millis(400));
            holder.batch_execute("COMMIT").unwrap();
        });
        let count = |event: &Event<'_>| retried += usize::from(matches!(event, Event::Retrying { .. }));
        steps.runner().retries(50).on_event(count).run(&mut database.connect()).unwrap();
    });
    assert!(retried > 0);
}

/// Whose steps these are is told by the session that journaled their start.
#[test]
fn steps_of_a_living_session_are_waited_for_without_a_lock() {
    let database = cluster().database();
    let steps = set(&[(
        "1_a.sql",
        "-- gapless: no-transaction\nCREATE TABLE a (id int);\nSELECT pg_sleep(1);\nINSERT INTO a VALUES (1);",
    )]);
    let applied: usize = thread::scope(|scope| {
        let run =
            || steps.runner().locking(Locking::None).run(&mut database.connect()).unwrap().applied().len();
        let runs: Vec<_> = (0..3).map(|_| scope.spawn(run)).collect();
        runs.into_iter().map(|run| run.join().unwrap()).sum()
    });
    assert_eq!(applied, 1);
    assert_eq!(value(&mut database.connect(), "SELECT count(*)::text FROM a"), "1");
}

#[test]
fn a_schema_that_appears_while_it_is_looked_for_leaves_no_lock() {
    let database = cluster().database();
    let table = set(&[("1_a.sql", "SELECT 1;")]);
    for round in 0..6 {
        let schema = format!("s{round}");
        let mut clients: Vec<_> = (0..4).map(|_| database.connect()).collect();
        thread::scope(|scope| {
            for (number, client) in clients.iter_mut().enumerate() {
                let runner = table.runner().schema(&schema).table(format!("t{number}"));
                scope.spawn(move || runner.run(client).unwrap());
            }
        });
        let locks = "SELECT count(*)::text FROM pg_locks WHERE locktype = 'advisory' \
                     AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        assert_eq!(value(&mut database.connect(), locks), "0", "round {round}");
    }
}

#[test]
fn strings_are_read_as_they_were_checked() {
    let mut client = cluster().database().connect();
    client.batch_execute("SET standard_conforming_strings = off").unwrap();
    let hidden = set(&[("1_a.sql", "CREATE TABLE a (x text);\nINSERT INTO a SELECT 'c:\\' AS x;")]);
    let error = hidden.runner().run(&mut client).unwrap_err();
    assert!(error.is_usage() && error.to_string().contains("standard_conforming_strings is off"), "{error}");
    client.batch_execute("SET standard_conforming_strings = on").unwrap();
    hidden.runner().run(&mut client).unwrap();
}

#[test]
fn steps_are_refused_where_no_session_stays_with_its_client() {
    let mut client = cluster().database().connect();
    let steps =
        set(&[("1_a.sql", "CREATE TABLE a (n int);"), ("2_b.sql", "-- gapless: no-transaction\nVACUUM a;")]);
    let error = steps.runner().locking(Locking::Transaction).run(&mut client).unwrap_err();
    assert!(error.is_pooler() && error.to_string().starts_with("migrations/2_b.sql runs outside"), "{error}");
    assert!(client.simple_query("SELECT * FROM a").is_err());
}

/// A procedure commits by itself: what it did before it failed is done.
#[test]
fn a_procedure_that_fails_is_in_doubt_and_not_repeated() {
    let mut client = cluster().database().connect();
    let procedure = "CREATE TABLE counter (n int);\nINSERT INTO counter VALUES (0);\nCREATE SEQUENCE tries;\n\
        CREATE PROCEDURE backfill() LANGUAGE plpgsql AS $$ BEGIN UPDATE counter SET n = n + 1; COMMIT; \
        IF nextval('tries') = 1 THEN RAISE EXCEPTION USING ERRCODE = '40P01'; END IF; END $$;";
    let all = set(&[
        ("1_procedure.sql", procedure),
        ("2_call.sql", "-- gapless: no-transaction\nCALL backfill();"),
    ]);
    let error = all.runner().run(&mut client).unwrap_err();
    assert!(error.to_string().contains("it may have committed a part of its work"), "{error}");
    assert!(all.runner().run(&mut client).unwrap_err().is_interrupted());
    assert_eq!(value(&mut client, "SELECT n::text FROM counter"), "1");
    let version = gapless::Version::from(2);
    all.runner().resolve(version, gapless::Resolution::MarkApplied).run(&mut client).unwrap();
    assert_eq!(value(&mut client, "SELECT n::text FROM counter"), "1");
}

#[test]
fn names_that_the_server_cuts_off_are_found() {
    let mut client = cluster().database().connect();
    let name = "i".repeat(69);
    client.batch_execute("CREATE TABLE t AS SELECT 1 AS id FROM generate_series(1, 2)").unwrap();
    client.simple_query(&format!("CREATE UNIQUE INDEX CONCURRENTLY {name} ON t (id)")).unwrap_err();
    client.batch_execute("DELETE FROM t").unwrap();
    let sql = format!(
        "-- gapless: no-transaction\nCREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS {name} ON t (id);"
    );
    set(&[("1_a.sql", sql.as_str())]).runner().run(&mut client).unwrap();
    assert_eq!(
        value(&mut client, "SELECT indisvalid::text FROM pg_index WHERE indrelid = 't'::regclass"),
        "true"
    );
}

#[test]
fn only_settings_are_set_again() {
    let mut client = cluster().database().connect();
    let sql = "-- gapless: no-transaction\nCREATE TABLE set_config (n int);\nINSERT INTO set_config VALUES (1);\nSELECT 1/0;";
    set(&[("1_a.sql", sql)]).runner().run(&mut client).unwrap_err();
    set(&[("1_a.sql", &sql.replace("1/0", "1"))]).runner().run(&mut client).unwrap();
    assert_eq!(value(&mut client, "SELECT count(*)::text FROM set_config"), "1");
}

#[test]
fn a_dry_run_does_not_check_before_its_time() {
    let mut client = cluster().database().connect();
    let all = set(&[
        (
            "1_a.sql",
            "CREATE TABLE a (id int PRIMARY KEY);\nCREATE TABLE b (a int REFERENCES a INITIALLY DEFERRED);",
        ),
        ("2_b.sql", "CREATE TYPE mood AS ENUM ('x');"),
        ("3_c.sql", "INSERT INTO b VALUES (1);\nINSERT INTO a VALUES (1);"),
        ("4_d.sql", "INSERT INTO b VALUES (2);\nINSERT INTO a VALUES (2);"),
    ]);
    assert_eq!(all.runner().dry_run(&mut client).unwrap().tried().len(), 4);
    all.runner().run(&mut client).unwrap();
    let broken = set(&[("5_e.sql", "INSERT INTO b VALUES (7);")]);
    let runner = broken.runner().unknown(gapless::Unknown::Allow);
    assert_eq!(runner.dry_run(&mut client).unwrap_err().database_error().unwrap().code, "23503");
    // An enum's value cannot be used in the transaction that adds it: the rest is not tried.
    let values = set(&[
        ("5_e.sql", "ALTER TYPE mood ADD VALUE 'y';"),
        ("6_f.sql", "CREATE TABLE f AS SELECT 'y'::mood;"),
        ("7_g.sql", "SELECT 1;"),
    ]);
    let done = values.runner().unknown(gapless::Unknown::Allow).dry_run(&mut client).unwrap();
    let reasons: Vec<_> = done.not_tried().iter().map(NotTried::reason).collect();
    assert_eq!(reasons, [Untried::Uncommitted, Untried::After(6.into())], "{done}");
    assert_eq!(values.runner().unknown(gapless::Unknown::Allow).run(&mut client).unwrap().applied().len(), 3);
}

#[test]
fn timeouts_of_a_step_end_with_it() {
    let mut client = cluster().database().connect();
    client.batch_execute("CREATE TABLE t (id int); SET lock_timeout = '7s'").unwrap();
    let index = "-- gapless: no-transaction\n-- gapless: lock-timeout 2s\n\
                 -- gapless: statement-timeout 3s\nCREATE INDEX CONCURRENTLY i ON t (id);";
    set(&[("1_index.sql", index)]).runner().run(&mut client).unwrap();
    assert_eq!(value(&mut client, "SHOW lock_timeout"), "7s");
    assert_eq!(value(&mut client, "SHOW statement_timeout"), "0");
}
