//! The help of a failure fits its cause.

use std::time::Duration;

use gapless::{Error, Legacy, MigrationSet};
use gapless_tests::cluster::{Database, cluster};
use gapless_tests::server::Server;
use gapless_tests::set::{set, tables};
use gapless_tests::simulator::{Client, Fault};
use postgres::Client as Postgres;

fn role(database: &Database) -> String {
    let role = format!("role_{}", database.name);
    database.connect().batch_execute(&format!("CREATE ROLE {role} LOGIN")).unwrap();
    role
}

fn help(error: &Error) -> String {
    error.to_string().lines().filter(|line| line.starts_with("help: ")).collect()
}

fn failed(all: &MigrationSet, client: &mut Postgres) -> Error {
    let error = all.runner().retries(0).run(client).unwrap_err();
    assert!(error.failure().is_some(), "{error}");
    error
}

#[test]
fn a_character_that_the_database_lacks_is_found() {
    let encoded = || {
        let database = cluster().database();
        let name = format!("{}_latin", database.name);
        let create = format!(
            "CREATE DATABASE {name} ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
        );
        database.connect().batch_execute(&create).unwrap();
        Database { name, ..database }
    };
    let all = set(&[
        ("1_a.sql", "CREATE TABLE a (t text);"),
        ("2_b.sql", "INSERT INTO a VALUES ('Grüße');"),
        ("3_c.sql", "INSERT INTO a VALUES ('x');\n\nINSERT INTO a VALUES ('☃');"),
        ("4_d.sql", "CREATE TABLE d (t text);"),
    ]);
    let error = failed(&all, &mut encoded().connect());
    let failure = error.failure().unwrap();
    assert_eq!((failure.path(), failure.statement()), ("migrations/3_c.sql", Some(2)), "{error}");
    assert_eq!(failure.location().map(|at| at.line), Some(3), "{error}");
    assert_eq!(error.applied().len(), 2, "{error}");
    let steps = set(&[(
        "1_a.sql",
        "-- gapless: no-transaction\nCREATE TABLE a (t text);\nINSERT INTO a VALUES ('☃');",
    )]);
    let error = failed(&steps, &mut encoded().connect());
    assert_eq!(error.failure().unwrap().location().map(|at| at.line), Some(3), "{error}");
    let error = all.runner().dry_run(&mut encoded().connect()).unwrap_err();
    assert_eq!(error.failure().unwrap().location().map(|at| at.line), Some(3), "{error}");
}

#[test]
fn a_server_may_speak_any_language() {
    let Some(server) = Server::start_in_japanese() else {
        eprintln!("skipped: no server that speaks Japanese");
        return;
    };
    let database = server.database("japanese", true);
    let role = role(&database);
    let mut owner = database.connect();
    tables(1).runner().run(&mut owner).unwrap();
    let denied = tables(1).runner().run(&mut database.connect_as(&role)).unwrap_err();
    assert!(denied.is_permission_denied(), "{denied}");
    owner.batch_execute(&format!("GRANT SELECT ON applied_migrations TO {role}")).unwrap();
    let denied = tables(2).runner().run(&mut database.connect_as(&role)).unwrap_err();
    assert!(denied.is_permission_denied(), "{denied}");
    assert!(denied.to_string().contains("recording version 2 in public.applied_migrations"), "{denied}");
    owner
        .batch_execute(&format!(
            "GRANT ALL ON applied_migrations TO {role}; GRANT ALL ON SCHEMA public TO {role}"
        ))
        .unwrap();
    let denied = tables(2).runner().run(&mut database.connect_as(&role)).unwrap_err();
    assert!(denied.is_permission_denied(), "{denied}");
    // Whoever shares a part of the tracker's name is not the tracker.
    owner
        .batch_execute(&format!(
            "GRANT ALL ON applied_migrations_journal TO {role}; CREATE TABLE old_applied_migrations ()"
        ))
        .unwrap();
    let all =
        set(&[("1_t1.sql", "CREATE TABLE t1 (id int);"), ("2_b.sql", "DELETE FROM old_applied_migrations;")]);
    assert_eq!(failed(&all, &mut database.connect_as(&role)).failure().unwrap().version().number(), 2);
    // Everything else that is told by the server's words: the fence, the lock, a column.
    let racing: usize = std::thread::scope(|scope| {
        let racers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let runner = gapless::Locking::None;
                    tables(30).runner().locking(runner).run(&mut database.connect()).unwrap().applied().len()
                })
            })
            .collect();
        racers.into_iter().map(|racer| racer.join().unwrap()).sum()
    });
    assert_eq!(racing, 29);
}

#[test]
fn a_lock_that_somebody_has_is_no_fault_of_the_file() {
    let database = cluster().database();
    let mut holder = database.connect();
    tables(1).runner().run(&mut holder).unwrap();
    holder.batch_execute("BEGIN; LOCK TABLE t1").unwrap();
    let text = "ALTER TABLE t1 ADD name text;";
    let waits = [
        format!("-- gapless: lock-timeout 50ms\n{text}"),
        format!("-- gapless: no-transaction\n-- gapless: lock-timeout 50ms\n{text}"),
    ];
    for sql in &waits {
        let all = set(&[("1_t1.sql", "CREATE TABLE t1 (id int);"), ("2_b.sql", sql)]);
        let error = failed(&all, &mut database.connect());
        assert!(help(&error).contains("run again when the lock is free"), "{error}");
        assert!(!error.to_string().contains("fix the file"), "{error}");
        let pid: i32 = holder.query_one("SELECT pg_backend_pid()", &[]).unwrap().get(0);
        assert_eq!(error.failure().unwrap().blocker().and_then(gapless::Holder::pid), Some(pid), "{error}");
        let note = "note: AccessExclusiveLock on public.t1 is held by backend ";
        assert!(
            error.to_string().contains(note) && error.to_string().contains("idle in transaction for "),
            "{error}"
        );
    }
    let slow = set(&[
        ("1_t1.sql", "CREATE TABLE t1 (id int);"),
        ("2_b.sql", "-- gapless: statement-timeout 50ms\nSELECT pg_sleep(9);"),
    ]);
    let error = failed(&slow, &mut database.connect());
    assert!(help(&error).contains("with a longer `statement-timeout`"), "{error}");
}

#[test]
fn what_the_server_lacks_is_no_fault_of_the_file() {
    let database = cluster().database();
    let cases = [
        (
            "SET temp_file_limit = 64;\nSET work_mem = 64;\nSELECT i, repeat('x', 100) FROM generate_series(1, 100000) i ORDER BY i * -1;",
            "give the database the resources that it lacks",
        ),
        ("SET TRANSACTION READ ONLY;\nCREATE TABLE a (id int);", "connect to a database that takes writes"),
        (
            "DO $$BEGIN RAISE EXCEPTION 'no space' USING ERRCODE = '53100'; END$$;",
            "give the database the resources that it lacks",
        ),
        ("DO $$BEGIN RAISE EXCEPTION 'oops' USING ERRCODE = '58030'; END$$;", "see the log of the database"),
        (
            "DO $$BEGIN RAISE EXCEPTION 'oops' USING ERRCODE = '40001'; END$$;",
            "another transaction was in the way",
        ),
        ("SELECT 1 / 0;", "fix the file"),
    ];
    for (sql, expected) in cases {
        let error = failed(&set(&[("1_a.sql", sql)]), &mut database.connect());
        assert!(
            help(&error).starts_with("help: it was rolled back; ") && help(&error).contains(expected),
            "{error}"
        );
    }
    let role = role(&database);
    database
        .connect()
        .batch_execute(&format!("CREATE TABLE secret (id int); CREATE SCHEMA app AUTHORIZATION {role}"))
        .unwrap();
    let delete = set(&[("1_a.sql", "DELETE FROM secret;")]);
    let error = delete.runner().schema("app").run(&mut database.connect_as(&role)).unwrap_err();
    assert!(help(&error).contains("grant what is missing"), "{error}");
    // On SQLite: a database that may not grow.
    let mut client = rusqlite::Connection::open_in_memory().unwrap();
    tables(1).runner().run(&mut client).unwrap();
    client.execute_batch("PRAGMA max_page_count = 8").unwrap();
    let full = set(&[
        ("1_t1.sql", "CREATE TABLE t1 (id int);"),
        ("2_b.sql", "CREATE TABLE b AS SELECT zeroblob(100000) AS data;"),
    ]);
    let error = full.runner().run(&mut client).unwrap_err();
    assert!(help(&error).contains("give the database the resources that it lacks"), "{error}");
}

#[test]
fn a_schema_without_a_history_is_told_how_to_begin() {
    let database = cluster().database();
    let mut client = database.connect();
    client.batch_execute("CREATE TABLE t2 (id int)").unwrap();
    let error = failed(&tables(3), &mut client);
    assert!(help(&error).contains("the database may be older than its history"), "{error}");
    assert!(help(&error).contains(".reconcile("), "{error}");
    // With a history, it is the file.
    let twice = set(&[("1_t1.sql", "CREATE TABLE t1 (id int);"), ("2_t1.sql", "CREATE TABLE t1 (id int);")]);
    assert!(help(&failed(&twice, &mut client)).contains("fix the file"));
    let mut client = rusqlite::Connection::open_in_memory().unwrap();
    client.execute_batch("CREATE TABLE t1 (id int)").unwrap();
    let error = tables(1).runner().run(&mut client).unwrap_err();
    assert!(help(&error).contains("the database may be older than its history"), "{error}");
}

#[test]
fn one_help_for_many_rows_of_another_tool() {
    let mut client = rusqlite::Connection::open_in_memory().unwrap();
    client.execute_batch("CREATE TABLE gorp_migrations (id varchar(255), applied_at datetime)").unwrap();
    for number in 1..=21 {
        client
            .execute("INSERT INTO gorp_migrations VALUES (?1, '2020-01-01')", [format!("{number}_old.sql")])
            .unwrap();
    }
    let error =
        tables(1).runner().adopt(Legacy::sql_migrate("gorp_migrations")).run(&mut client).unwrap_err();
    let text = error.to_string();
    assert!(error.is_legacy() && text.matches("was applied by").count() == 21, "{text}");
    assert_eq!(text.matches("help: ").count(), 1, "{text}");
    assert!(text.contains("add a line for each to renames.txt, such as `10_old -> "), "{text}");
}

/// A standby cancels queries that are in the way of what it replays.
#[test]
fn a_canceled_observation_is_tried_again() {
    for code in ["40001", "40P01", "55P03", "57014"] {
        for message in 0..2 {
            let mut server = gapless_tests::simulator::Server::default();
            let all = set(&[("1_a.sql", "EFFECT a;")]);
            let run =
                all.runner().lock_wait(Duration::from_secs(5)).into_run(&gapless::engine::Postgres).unwrap();
            let fault = Fault::Refused { message, statements: 0, code };
            let report = Client::new(&mut server, run, fault).finish(&mut server).unwrap();
            assert_eq!(report.applied().len(), 1, "{code} at {message}");
            assert!(server.is_quiet(), "{code} at {message}");
        }
    }
}

#[test]
fn an_invalid_index_that_is_left_is_named() {
    let database = cluster().database();
    let mut client = database.connect();
    let build = "-- gapless: no-transaction\nCREATE UNIQUE INDEX CONCURRENTLY t1_id ON t1 (id);";
    let all = set(&[
        ("1_t1.sql", "CREATE TABLE t1 (id int);"),
        ("2_twice.sql", "INSERT INTO t1 VALUES (1), (1);"),
        ("3_index.sql", build),
    ]);
    let error = failed(&all, &mut client);
    assert_eq!(error.failure().unwrap().invalid_indexes(), ["public.t1_id"], "{error}");
    assert!(
        error
            .to_string()
            .contains("note: left behind and invalid, while writes still maintain it: public.t1_id"),
        "{error}"
    );
    client.batch_execute("TRUNCATE t1").unwrap();
    assert_eq!(all.runner().run(&mut client).unwrap().applied().len(), 1);
    let broken =
        set(&[("4_index.sql", "-- gapless: no-transaction\nCREATE INDEX CONCURRENTLY i ON nowhere (id);")]);
    let error = broken.runner().unknown(gapless::Unknown::Allow).run(&mut client).unwrap_err();
    assert!(error.failure().unwrap().invalid_indexes().is_empty(), "{error}");
}

/// `postgres::Client` does not say which of several statements failed, nor does the server.
#[test]
fn a_statement_without_a_position_is_found() {
    let database = cluster().database();
    let mut client = database.connect();
    let many = "CREATE TABLE a (id int UNIQUE);\nCREATE SEQUENCE s;\nINSERT INTO a VALUES (1);\nSELECT nextval('s');\n\n\
                INSERT INTO a VALUES (2);\nINSERT INTO a VALUES (1);\nINSERT INTO a VALUES (3);\nSELECT 1;";
    let all = set(&[("1_t.sql", "CREATE TABLE t (id int);"), ("2_a.sql", many), ("3_b.sql", "SELECT 1;")]);
    for _ in 0..2 {
        let error = failed(&all, &mut client);
        let failure = error.failure().unwrap();
        assert_eq!(
            (failure.statement(), failure.location().map(|at| at.line)),
            (Some(6), Some(7)),
            "{error}"
        );
        assert!(client.query("SELECT * FROM a", &[]).is_err(), "the try was kept");
        client.batch_execute("BEGIN; ROLLBACK").unwrap();
    }
    // A failure of the commit has no statement.
    let late = set(&[
        ("1_t.sql", "CREATE TABLE t (id int);"),
        (
            "2_c.sql",
            "CREATE TABLE c (id int PRIMARY KEY, up int REFERENCES c DEFERRABLE INITIALLY DEFERRED);\nINSERT INTO c VALUES (1, 7);",
        ),
    ]);
    let error = failed(&late, &mut client);
    assert_eq!(
        (error.failure().unwrap().version().number(), error.failure().unwrap().statement()),
        (2, None),
        "{error}"
    );
}
