//! Migrations outside of a transaction whose file, name or directive changes after a cut, their way back, and what
//! concurrent statements leave behind.

use std::thread;
use std::time::Duration;

use gapless::{MigrationSet, Resolution, Rollback, Version};
use gapless_tests::cluster::{Database, cluster};
use gapless_tests::killed::{killed_in, value};
use gapless_tests::set::set;
use postgres::Client;

const STEPS: &str = "-- gapless: no-transaction\n";

/// The only file of a set.
fn one(file: &str, sql: &str) -> MigrationSet {
    set(&[(file, sql)])
}

fn version(number: u32) -> Version {
    Version::from(number)
}

/// A transaction that keeps concurrent statements on `t` waiting.
fn holder(database: &Database) -> Client {
    let mut holder = database.connect();
    holder.batch_execute("BEGIN; INSERT INTO t VALUES (7, 7)").unwrap();
    holder
}

fn with_table() -> Database {
    let database = cluster().database();
    database.connect().batch_execute("CREATE TABLE t (a int, b int); INSERT INTO t VALUES (1, 1)").unwrap();
    database
}

#[test]
fn a_statement_that_was_edited_after_the_cut_is_not_taken_for_done() {
    let database = with_table();
    let mut holder = holder(&database);
    let before = one("1_i.sql", &format!("{STEPS}CREATE INDEX CONCURRENTLY i ON t (a);"));
    killed_in(&database, "CREATE INDEX CONCURRENTLY i%", |client| before.runner().run(client).unwrap_err());
    holder.batch_execute("COMMIT").unwrap();
    // Somebody finishes it by hand.
    holder.batch_execute("DROP INDEX i; CREATE INDEX i ON t (a)").unwrap();
    let edited = one("1_i.sql", &format!("{STEPS}CREATE UNIQUE INDEX CONCURRENTLY i ON t (b);"));
    let error = edited.runner().run(&mut holder).unwrap_err();
    assert!(error.is_interrupted() && error.to_string().contains("edited since"), "{error}");
    assert_eq!(before.runner().run(&mut holder).unwrap().applied().len(), 1);
}

/// An index that existed before the statement began is not its work.
#[test]
fn an_index_that_was_there_before_is_not_the_statements() {
    let database = with_table();
    let mut client = database.connect();
    client.batch_execute("CREATE INDEX i ON t (b)").unwrap();
    let index = one("1_i.sql", &format!("{STEPS}CREATE INDEX CONCURRENTLY i ON t (a);"));
    index.runner().run(&mut client).unwrap_err();
    // As if the answer had been lost.
    client.batch_execute("DELETE FROM applied_migrations_journal WHERE event = 'failed'").unwrap();
    let error = index.runner().run(&mut client).unwrap_err();
    assert_eq!(error.database_error().unwrap().code, "42P07", "{error}");
}

#[test]
fn a_name_that_stands_for_another_index_is_not_dropped() {
    let database = with_table();
    let mut client = database.connect();
    client
        .batch_execute(
            "CREATE SCHEMA s; CREATE TABLE s.t (a int); CREATE INDEX i ON s.t (a); CREATE INDEX i ON t (a); \
             SET search_path = s, public",
        )
        .unwrap();
    let mut holder = database.connect();
    holder.batch_execute("BEGIN; INSERT INTO s.t VALUES (1)").unwrap();
    let drop = one("1_d.sql", &format!("{STEPS}DROP INDEX CONCURRENTLY i;"));
    killed_in(&database, "DROP INDEX CONCURRENTLY i%", |client| {
        client.batch_execute("SET search_path = s, public").unwrap();
        drop.runner().schema("public").run(client).unwrap_err()
    });
    holder.batch_execute("COMMIT; DROP INDEX s.i").unwrap();
    let error = drop.runner().schema("public").run(&mut client).unwrap_err();
    assert!(error.is_interrupted() && error.to_string().contains("another index"), "{error}");
    assert_eq!(value(&mut client, "SELECT to_regclass('public.i')::text"), "i");
}

#[test]
fn a_file_that_was_begun_outside_does_not_begin_anew_inside() {
    let broken = format!("{STEPS}CREATE TABLE a (n int);\nINSERT INTO a VALUES (1);\nSELECT 1/0;");
    let inside = "CREATE TABLE IF NOT EXISTS a (n int);\nINSERT INTO a VALUES (1);\nSELECT 1;";
    let begun = |database: &Database| {
        let mut client = database.connect();
        set(&[("1_z.sql", "SELECT 1;"), ("2_a.sql", &broken)]).runner().run(&mut client).unwrap_err();
        client
    };
    let all = set(&[("1_z.sql", "SELECT 1;"), ("2_a.sql", inside), ("3_b.sql", "CREATE TABLE b (n int);")]);
    let mut client = begun(&cluster().database());
    let error = all.runner().run(&mut client).unwrap_err();
    assert!(error.is_interrupted(), "{error}");
    let text = "version 2 was interrupted in statement 3 of 3: migrations/2_a.sql\n  2 of its statements are done; \
                now the file runs in a transaction";
    assert!(error.to_string().starts_with(text), "{error}");
    assert_eq!(value(&mut client, "SELECT count(*)::text FROM a"), "1");
    let refused = all.runner().resolve(version(2), Resolution::RetryFrom(3)).run(&mut client).unwrap_err();
    assert!(refused.is_usage(), "{refused}");
    client.batch_execute("TRUNCATE a").unwrap();
    let report = all.runner().resolve(version(2), Resolution::Retry).run(&mut client).unwrap();
    assert_eq!(report.applied().len(), 2);
    assert_eq!(value(&mut client, "SELECT count(*)::text FROM a"), "1");
    // Or all of it was done by hand.
    let mut client = begun(&cluster().database());
    let report = all.runner().resolve(version(2), Resolution::MarkApplied).run(&mut client).unwrap();
    assert_eq!(report.applied().len(), 2);
    assert_eq!(value(&mut client, "SELECT count(*)::text FROM a"), "1");
    // With the directive back, it goes on.
    let mut client = begun(&cluster().database());
    let back = format!("{STEPS}CREATE TABLE a (n int);\nINSERT INTO a VALUES (1);\nSELECT 1;");
    set(&[("1_z.sql", "SELECT 1;"), ("2_a.sql", &back)]).runner().run(&mut client).unwrap();
    assert_eq!(value(&mut client, "SELECT count(*)::text FROM a"), "1");
}

/// Nothing of it is done, so nothing speaks against a transaction.
#[test]
fn a_file_of_which_nothing_was_done_may_run_inside() {
    let mut client = cluster().database().connect();
    one("1_a.sql", &format!("{STEPS}SELECT 1/0;\nSELECT 1;")).runner().run(&mut client).unwrap_err();
    let inside = one("1_a.sql", "CREATE TABLE a (n int);");
    assert_eq!(inside.runner().run(&mut client).unwrap().applied().len(), 1);
}

#[test]
fn another_file_with_the_version_was_not_begun() {
    for sql in ["CREATE TABLE b (n int);", "-- gapless: no-transaction\nCREATE TABLE b (n int);"] {
        let mut client = cluster().database().connect();
        let broken = format!("{STEPS}CREATE TABLE a (n int);\nSELECT 1/0;\nVACUUM;");
        one("1_a.sql", &broken).runner().run(&mut client).unwrap_err();
        let other = one("1_b.sql", sql);
        let report = other.runner().resolve(version(1), Resolution::MarkApplied).run(&mut client).unwrap();
        assert!(report.warnings()[0].contains("had nothing to resolve"), "{report}");
        assert_eq!(value(&mut client, "SELECT to_regclass('b')::text"), "b", "it was not run");
    }
}

#[test]
fn retries_leave_no_invalid_index() {
    let database = with_table();
    let mut client = database.connect();
    client
        .batch_execute(
            "CREATE INDEX t_b ON t (b); CREATE TABLE p (a int) PARTITION BY RANGE (a); \
             CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10); CREATE INDEX p_a ON p (a)",
        )
        .unwrap();
    for (number, (statement, table)) in [
        ("CREATE INDEX CONCURRENTLY ON t (a)", "t"),
        ("CREATE INDEX CONCURRENTLY U&\"d\\0061ta\" ON t (a)", "t"),
        ("REINDEX TABLE CONCURRENTLY t", "t"),
        ("REINDEX INDEX CONCURRENTLY p_a", "p1"),
        ("REINDEX TABLE CONCURRENTLY p", "p1"),
    ]
    .into_iter()
    .enumerate()
    {
        let mut holder = database.connect();
        holder.batch_execute(&format!("BEGIN; INSERT INTO {table} VALUES (1)")).unwrap();
        let sql = format!("{STEPS}-- gapless: lock-timeout 150ms\n{statement};");
        let steps = one(&format!("{number}_i.sql"), &sql);
        let report = thread::scope(|scope| {
            scope.spawn(move || {
                thread::sleep(Duration::from_millis(600));
                holder.batch_execute("COMMIT").unwrap();
            });
            let runner = steps.runner().retries(100).unknown(gapless::Unknown::Allow);
            runner.run(&mut client).unwrap_or_else(|error| panic!("{statement}: {error}"))
        });
        assert!(report.retries() > 0, "{statement}: {report}");
        let invalid = "SELECT string_agg(indexrelid::regclass::text, ' ') FROM pg_index WHERE NOT indisvalid";
        assert_eq!(value(&mut client, invalid), "", "{statement}");
    }
    let indexes = "SELECT count(*)::text FROM pg_index WHERE indrelid = 't'::regclass";
    assert_eq!(value(&mut client, indexes), "3");
}

/// The index of another session that is at work is not what an earlier try has left.
#[test]
fn an_index_that_is_being_built_is_left_alone() {
    let database = with_table();
    let mut client = database.connect();
    client.batch_execute("CREATE TABLE u (a int); INSERT INTO t SELECT 1, 1").unwrap();
    let unique = one("1_i.sql", &format!("{STEPS}CREATE UNIQUE INDEX CONCURRENTLY i ON t (a);"));
    unique.runner().run(&mut client).unwrap_err();
    client.batch_execute("DELETE FROM t").unwrap();
    unique.runner().run(&mut client).unwrap();
    let invalid = "SELECT count(*)::text FROM pg_index WHERE NOT indisvalid";
    assert_eq!(value(&mut client, invalid), "0");
}

fn there_and_back(down: &str) -> MigrationSet {
    set(&[
        ("1_a.up.sql", "CREATE TABLE a (n int); CREATE TABLE b (n int); CREATE TABLE log (n int);"),
        ("1_a.down.sql", down),
    ])
}

#[test]
fn a_killed_rollback_is_noticed_and_resumed() {
    let database = cluster().database();
    let mut client = database.connect();
    let slow = "DROP TABLE a;\nINSERT INTO log SELECT 1 FROM pg_sleep(5);\nDROP TABLE b;";
    let quick = slow.replace("pg_sleep(5)", "pg_sleep(0)");
    let set = there_and_back(&format!("{STEPS}{slow}"));
    set.runner().run(&mut client).unwrap();
    killed_in(&database, "%pg_sleep(5)%", |client| {
        set.runner().rollback(Rollback::steps(1), client).unwrap_err()
    });
    for _ in 0..2 {
        let error = set.runner().run(&mut client).unwrap_err();
        assert!(error.is_interrupted() && !error.conflicts().is_empty(), "{error}");
        assert!(set.runner().verify(&mut client).unwrap_err().is_interrupted());
    }
    // A statement that was not done may be another one now.
    let mended = there_and_back(&format!("{STEPS}{quick}"));
    let report = mended.runner().rollback(Rollback::steps(1), &mut client).unwrap();
    assert_eq!(report.rolled_back().len(), 1);
    assert_eq!(value(&mut client, "SELECT count(*)::text FROM log"), "1");
    assert_eq!(value(&mut client, "SELECT count(*)::text FROM applied_migrations"), "0");
    client.batch_execute("DROP TABLE log").unwrap();
    assert_eq!(set.runner().run(&mut client).unwrap().applied().len(), 1);
}

#[test]
fn a_rollback_in_doubt_is_resolved() {
    let database = cluster().database();
    let mut client = database.connect();
    let set = there_and_back(&format!(
        "{STEPS}DROP TABLE a;\nDO $$ BEGIN DROP TABLE b; COMMIT; PERFORM pg_sleep(5); END $$;\nDROP TABLE log;"
    ));
    set.runner().run(&mut client).unwrap();
    killed_in(&database, "DO %", |client| set.runner().rollback(Rollback::steps(1), client).unwrap_err());
    let error = set.runner().rollback(Rollback::steps(1), &mut client).unwrap_err();
    let text = "version 1 was interrupted in statement 2 of 3: migrations/1_a.down.sql";
    assert!(error.is_interrupted() && error.to_string().starts_with(text), "{error}");
    // In a transaction it would drop `a` once more.
    let inside = there_and_back("DROP TABLE a;\nDROP TABLE b;\nDROP TABLE log;");
    assert!(inside.runner().rollback(Rollback::steps(1), &mut client).unwrap_err().is_interrupted());
    let runner = set.runner().resolve(version(1), Resolution::RetryFrom(3));
    assert_eq!(runner.rollback(Rollback::steps(1), &mut client).unwrap().rolled_back().len(), 1);
    assert_eq!(
        value(&mut client, "SELECT concat(to_regclass('a'), to_regclass('b'), to_regclass('log'))"),
        ""
    );
}

/// The index that a try left is known by the migration's names, not by its number.
#[test]
fn an_invalid_index_is_dropped_under_another_number() {
    let mut client = cluster().database().connect();
    client.batch_execute("CREATE TABLE t (a int); INSERT INTO t VALUES (1), (1)").unwrap();
    let sql = format!("{STEPS}CREATE UNIQUE INDEX CONCURRENTLY i ON t (a);");
    assert!(one("1_i.sql", &sql).runner().run(&mut client).unwrap_err().failure().is_some());
    client.batch_execute("TRUNCATE t").unwrap();
    // Another branch has used the number.
    one("1_other.sql", "CREATE TABLE other (id int);").runner().run(&mut client).unwrap();
    let renamed = set(&[
        ("1_other.sql", "CREATE TABLE other (id int);"),
        ("8_i.sql", &sql),
        ("renames.txt", "1_i -> 8_i"),
    ]);
    assert_eq!(renamed.runner().run(&mut client).unwrap().applied().len(), 1);
    let valid = "SELECT string_agg(indexrelid::regclass::text || indisvalid, ' ') FROM pg_index \
                 WHERE indrelid = 't'::regclass";
    assert_eq!(value(&mut client, valid), "itrue");
}

/// A release that has renamed what is half rolled back does not know what was done under its name.
#[test]
fn a_half_rollback_is_the_matter_of_the_release_that_began_it() {
    let database = cluster().database();
    let mut client = database.connect();
    let down = format!("{STEPS}DROP TABLE a;\nDO $$ BEGIN PERFORM pg_sleep(5); END $$;");
    let files = |stem: &str| [format!("{stem}.up.sql"), format!("{stem}.down.sql")];
    let [up, back] = files("1_a");
    let began = set(&[(&up, "CREATE TABLE a (id int);"), (&back, &down)]);
    began.runner().run(&mut client).unwrap();
    killed_in(&database, "DO %", |client| began.runner().rollback(Rollback::steps(1), client).unwrap_err());
    let [up, back] = files("4_a");
    let renamed = set(&[(&up, "CREATE TABLE a (id int);"), (&back, &down), ("renames.txt", "1_a -> 4_a")]);
    for error in [
        renamed.runner().rollback(Rollback::steps(1), &mut client).unwrap_err(),
        renamed.runner().run(&mut client).unwrap_err(),
    ] {
        assert!(error.is_interrupted(), "{error}");
        assert!(error.to_string().contains("roll it back again with the release that began"), "{error}");
    }
    assert_eq!(value(&mut client, "SELECT name FROM applied_migrations"), "a.rolling-back");
}
