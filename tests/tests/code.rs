//! Migrations in Rust, by each client that runs them: what code may not do, and what becomes of its errors.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use gapless::{Code, MigrationSet, Version};
use gapless_tests::cluster::{Database, cluster};
use gapless_tests::driver::{Driver, TokioPostgres};
use gapless_tests::set::set;
use postgres::Client;

const CODE: Version = Version::new(2).unwrap();
const ROWS: &str = "SELECT version || '|' || name FROM applied_migrations ORDER BY version";

/// One migration in SQL, and one in Rust.
fn with_code() -> MigrationSet {
    set(&[("1_a.sql", "CREATE TABLE a (id int);"), ("2_fill.sql", "-- gapless: rust\n-- Reckons.\n")])
}

fn column(client: &mut Client, sql: &str) -> Vec<String> {
    client.query(sql, &[]).unwrap().iter().map(|row| row.get(0)).collect()
}

fn advisory_locks(database: &Database) -> String {
    let locks = "SELECT count(*)::text FROM pg_locks WHERE locktype = 'advisory' \
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    column(&mut database.connect(), locks).remove(0)
}

/// Fails twice with this code of the server's, wrapped or not.
fn failing_twice(code: &'static str, wrapped: bool) -> Code {
    let mut tries = 0;
    Code::postgres(move |transaction| {
        tries += 1;
        if tries < 3 {
            let raise = format!("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{code}'; END $$");
            let result = transaction.batch_execute(&raise);
            if wrapped { result.map_err(Wrapped)? } else { result? }
        }
        Ok(())
    })
}

/// An error of the application's own, with that of the server below it.
#[derive(Debug)]
struct Wrapped(postgres::Error);

impl fmt::Display for Wrapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the names could not be split")
    }
}

impl std::error::Error for Wrapped {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

#[test]
fn an_error_of_the_client_is_the_codes_failure_and_gives_the_lock_back() {
    let database = cluster().database();
    let mut client = database.connect();
    // The value is an int4, which the client finds out and not the server.
    let code = Code::postgres(|transaction| {
        transaction.query_one("SELECT 1", &[])?.try_get::<_, String>(0)?;
        Ok(())
    });
    let error = with_code().runner().code(CODE, code).run(&mut client).unwrap_err();
    assert!(!error.is_connection(), "{error}");
    assert_eq!(error.failure().unwrap().path(), "migrations/2_fill.sql", "{error}");
    assert_eq!(column(&mut client, ROWS), ["1|a"]);
    assert_eq!(advisory_locks(&database), "0");
}

#[test]
fn an_error_of_the_asynchronous_client_is_the_codes_failure_too() {
    let driver = TokioPostgres::fresh();
    let mut client = driver.connect();
    let code = Code::tokio_postgres(|transaction| {
        Box::pin(async move {
            transaction.query_one("SELECT 1 WHERE false", &[]).await?;
            Ok(())
        })
    });
    let all = with_code();
    let error = TokioPostgres::run(&mut client, all.runner().code(CODE, code)).unwrap_err();
    assert!(!error.is_connection(), "{error}");
    assert_eq!(error.failure().unwrap().path(), "migrations/2_fill.sql", "{error}");
    assert_eq!(TokioPostgres::sql(&mut client, ROWS).unwrap(), ["1|a"]);
    assert_eq!(advisory_locks(&driver.0), "0");
}

/// Another runner's row looks the same: that one is not waited for.
#[test]
fn code_that_meets_the_key_of_the_tracker_fails() {
    let database = cluster().database();
    let mut client = database.connect();
    let code = Code::postgres(|transaction| {
        transaction.batch_execute("INSERT INTO applied_migrations (version, name) VALUES (1, 'a')")?;
        Ok(())
    });
    let error = with_code().runner().code(CODE, code).run(&mut client).unwrap_err();
    assert_eq!(error.database_error().unwrap().code, "23505", "{error}");
    assert_eq!(error.failure().unwrap().path(), "migrations/2_fill.sql", "{error}");
    assert_eq!(column(&mut client, ROWS), ["1|a"]);
    assert_eq!(advisory_locks(&database), "0");
}

#[test]
fn code_on_sqlite_that_commits_and_fails_is_reported_as_committed() {
    let mut client = rusqlite::Connection::open_in_memory().unwrap();
    let code = Code::rusqlite(|transaction| {
        transaction.execute_batch("INSERT INTO a VALUES (1); COMMIT")?;
        Err("after all".into())
    });
    let error = with_code().runner().code(CODE, code).run(&mut client).unwrap_err();
    let told = "everything that it did until then is committed, and so is its record";
    assert!(error.to_string().contains(told), "{error}");
    assert!(error.to_string().contains("the code has ended the migration's transaction"), "{error}");
    for (sql, expected) in [
        ("SELECT group_concat(version) FROM applied_migrations", "1,2"),
        (
            "SELECT group_concat(version || ' ' || event) FROM applied_migrations_journal",
            "1 applied,2 failed",
        ),
        ("SELECT group_concat(id) FROM a", "1"),
    ] {
        assert_eq!(client.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap(), expected, "{sql}");
    }
}

#[test]
fn code_that_begins_another_transaction_is_found_out() {
    let mut client = cluster().database().connect();
    let code = Code::postgres(|transaction| {
        transaction.batch_execute("COMMIT; BEGIN")?;
        Ok(())
    });
    let error = with_code().runner().code(CODE, code).run(&mut client).unwrap_err();
    assert_eq!(error.failure().unwrap().path(), "migrations/2_fill.sql", "{error}");
    assert!(error.to_string().contains("the code has ended the migration's transaction"), "{error}");
}

#[test]
fn code_for_another_client_is_an_error_before_anything() {
    let database = cluster().database();
    let mut client = database.connect();
    let mut lite = rusqlite::Connection::open_in_memory().unwrap();
    let all = with_code();
    let asynchronous = || Code::tokio_postgres(|_| Box::pin(async { Ok(()) }));
    let driver = TokioPostgres(database.clone());
    for error in [
        all.runner().code(CODE, Code::rusqlite(|_| Ok(()))).run(&mut client).unwrap_err(),
        all.runner().code(CODE, asynchronous()).run(&mut client).unwrap_err(),
        all.runner().code(CODE, Code::postgres(|_| Ok(()))).run(&mut lite).unwrap_err(),
        TokioPostgres::run(&mut driver.connect(), all.runner().code(CODE, Code::postgres(|_| Ok(()))))
            .unwrap_err(),
    ] {
        assert!(error.is_usage() && error.applied().is_empty(), "{error}");
        assert!(error.to_string().starts_with("the code of version 2 is for `"), "{error}");
    }
    assert_eq!(
        column(&mut client, "SELECT count(*)::text FROM pg_tables WHERE schemaname = 'public'"),
        ["0"]
    );
    assert_eq!(lite.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get::<_, i64>(0)), Ok(0));
    // A plan runs nothing, and needs no code.
    assert_eq!(all.runner().plan(&mut client).unwrap().pending().len(), 2);
}

#[test]
fn code_is_tried_again_whoever_wraps_the_error() {
    for (code, wrapped) in [("40001", false), ("40P01", true)] {
        let mut client = cluster().database().connect();
        let all = with_code();
        let report = all.runner().code(CODE, failing_twice(code, wrapped)).run(&mut client).unwrap();
        assert_eq!((report.applied().len(), report.retries()), (2, 2), "{report}");
        assert_eq!(column(&mut client, ROWS), ["1|a", "2|fill"]);
    }
}

#[test]
fn retries_are_no_waiting_for_a_lock() {
    let mut client = cluster().database().connect();
    let all = with_code();
    let runner = || all.runner().lock_wait(Duration::ZERO);
    let report = runner().code(CODE, failing_twice("40001", false)).run(&mut client).unwrap();
    assert_eq!(report.retries(), 2, "{report}");
    // The same in SQL: a sequence is not taken back.
    let mut client = cluster().database().connect();
    client.batch_execute("CREATE SEQUENCE tries").unwrap();
    let raises =
        "DO $$ BEGIN IF nextval('tries') < 3 THEN RAISE EXCEPTION USING ERRCODE = '40001'; END IF; END $$;";
    let all = set(&[("1_a.sql", raises)]);
    let report = all.runner().lock_wait(Duration::ZERO).run(&mut client).unwrap();
    assert_eq!(report.retries(), 2, "{report}");
}

#[test]
fn a_connection_that_code_loses_is_reported() {
    let database = cluster().database();
    let code = Code::postgres(|transaction| {
        transaction.batch_execute("SELECT pg_terminate_backend(pg_backend_pid())").map_err(Wrapped)?;
        Ok(())
    });
    let all = with_code();
    let error = all.runner().code(CODE, code).run(&mut database.connect()).unwrap_err();
    assert!(error.is_connection(), "{error}");
    assert!(error.to_string().contains("the names could not be split"), "{error}");
    let mut client = database.connect();
    assert_eq!(column(&mut client, ROWS), ["1|a"]);
    let report = all.runner().code(CODE, Code::postgres(|_| Ok(()))).run(&mut client).unwrap();
    assert_eq!((report.applied().len(), report.already_applied()), (1, 1));
}

#[test]
fn code_that_panics_leaves_a_client_that_can_go_on() {
    let database = cluster().database();
    let mut client = database.connect();
    let all = with_code();
    let code = Code::postgres(|transaction| {
        transaction.batch_execute("INSERT INTO a VALUES (1)")?;
        panic!("the moon is full")
    });
    let runner = all.runner().code(CODE, code);
    catch_unwind(AssertUnwindSafe(|| runner.run(&mut client))).unwrap_err();
    assert_eq!(column(&mut client, "SELECT count(*)::text FROM a"), ["0"]);
    let report = all.runner().code(CODE, Code::postgres(|_| Ok(()))).run(&mut client).unwrap();
    assert_eq!((report.applied().len(), report.already_applied()), (1, 1));
    assert_eq!(advisory_locks(&database), "0");
}

#[test]
fn code_may_leave_savepoints_settings_and_a_role_behind() {
    let database = cluster().database();
    let mut client = database.connect();
    // Roles belong to the whole cluster.
    let role = format!("role_{}", database.name);
    client.batch_execute(&format!("CREATE ROLE {role}")).unwrap();
    let code = Code::postgres(move |transaction| {
        transaction.batch_execute(&format!("SET search_path = x; SET ROLE {role}; SAVEPOINT s"))?;
        let mut inner = transaction.savepoint("z")?;
        inner.batch_execute("SELECT * FROM never_was").unwrap_err();
        Ok(())
    });
    with_code().runner().code(CODE, code).run(&mut client).unwrap();
    let settings = "SELECT current_setting('search_path') || ' ' || current_user";
    assert_eq!(column(&mut client, settings), ["\"$user\", public postgres"]);
    assert_eq!(column(&mut client, ROWS), ["1|a", "2|fill"]);
    assert_eq!(advisory_locks(&database), "0");
}

#[test]
fn code_that_commits_begins_anew_and_fails_is_reported_as_committed() {
    let mut client = cluster().database().connect();
    let code = Code::postgres(|transaction| {
        transaction.batch_execute("INSERT INTO a VALUES (1); COMMIT; BEGIN; INSERT INTO a VALUES (2)")?;
        Err("after all".into())
    });
    let error = with_code().runner().code(CODE, code).run(&mut client).unwrap_err();
    assert!(error.to_string().contains("is committed, and so is its record"), "{error}");
    assert_eq!(column(&mut client, ROWS), ["1|a", "2|fill"]);
}
