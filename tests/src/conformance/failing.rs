use std::error::Error;

use super::{SET, assert_clean, outcomes, rows, run, versions};
use crate::driver::Driver;
use crate::set::{set, tables};

pub(super) fn a_failure_keeps_what_came_before<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    let broken = set(&[
        ("1_a.sql", "CREATE TABLE a (id int PRIMARY KEY);"),
        ("2_b.sql", "INSERT INTO a VALUES (1);"),
        ("3_c.sql", "INSERT INTO a VALUES (2);\nINSERT INTO a VALUES (1);"),
        ("4_d.sql", "INSERT INTO a VALUES (4);"),
    ]);
    let error = run::<D>(&mut client, &broken).unwrap_err();
    let failure = error.failure().expect("a migration failed");
    assert_eq!((failure.version().number(), failure.path()), (3, "migrations/3_c.sql"));
    assert_eq!(versions(error.applied()), [1, 2]);
    assert!(
        error.to_string().ends_with("note: 2 were applied before, from version 1 to 2, and stay applied"),
        "{error}"
    );
    assert_eq!(rows::<D>(&mut client, SET), ["1|a", "2|b"]);
    assert_eq!(rows::<D>(&mut client, "SELECT id FROM a"), ["1"]);
    let journal = outcomes::<D>(&mut client, "version, event");
    assert_eq!(journal, ["1|applied", "2|applied", "3|failed"]);
    assert_clean::<D>(&mut client);
}

/// Some servers read a message whole before they run any of it.
pub(super) fn a_syntax_error_keeps_what_came_before<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    let broken = set(&[
        ("1_a.sql", "CREATE TABLE a (id int);"),
        ("2_b.sql", "CREATE TABLE b (id int);"),
        ("3_c.sql", "CREATE TABLE c (id int);\nCREATE TABEL d (id int);"),
        ("4_d.sql", "CREATE TABLE e (id int);"),
    ]);
    let error = run::<D>(&mut client, &broken).unwrap_err();
    assert_eq!(error.failure().expect("a migration failed").version().number(), 3);
    assert_eq!(versions(error.applied()), [1, 2]);
    assert_eq!(rows::<D>(&mut client, SET), ["1|a", "2|b"]);
    assert_clean::<D>(&mut client);
    assert_eq!(D::sql(&mut client, "SELECT * FROM c").is_ok(), D::DDL_COMMITS, "half of the file");
    let kept = "help: the statements before this one stay done and will not be repeated";
    assert_eq!(error.to_string().contains(kept), D::DDL_COMMITS, "{error}");
    let mended = set(&[
        ("1_a.sql", "CREATE TABLE a (id int);"),
        ("2_b.sql", "CREATE TABLE b (id int);"),
        ("3_c.sql", "CREATE TABLE c (id int);\nCREATE TABLE d (id int);"),
    ]);
    assert_eq!(versions(run::<D>(&mut client, &mended).unwrap().applied()), [3]);
    assert_eq!(rows::<D>(&mut client, "SELECT * FROM d"), Vec::<String>::new());
}

pub(super) fn a_refusal_has_the_driver_s_error_as_its_source<D: Driver>() {
    for sql in [
        "CREATE TABLE a (id int);\nINSERT INTO nowhere VALUES (1);",
        "CREATE TABEL a (id int);",
        "-- gapless: no-transaction\nINSERT INTO nowhere VALUES (1);",
    ] {
        let driver = D::fresh();
        let mut client = driver.connect();
        let set = set(&[("1_a.sql", sql)]);
        let error = D::run(&mut client, set.runner().hide_values()).unwrap_err();
        assert!(error.source().is_none() && error.failure().is_some(), "it may quote values: {error}");
        let error = run::<D>(&mut client, &set).unwrap_err();
        let source = error.source().expect("the driver's error");
        assert!(source.is::<D::Refusal>(), "{source:?}");
    }
}

pub(super) fn a_failure_is_shown_with_its_line<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    let broken = set(&[
        ("1_a.sql", "-- ümläute: 日本語\nCREATE TABLE a (id int);"),
        ("2_b.sql", "-- é\nINSERT INTO a VALUES (1);\n\n/* ∑ */ INSERT INTO nowhere VALUES (1);\n"),
    ]);
    let error = run::<D>(&mut client, &broken).unwrap_err();
    let failure = error.failure().expect("a migration failed");
    let location = failure.location().expect("the place is known");
    assert_eq!((location.line, failure.statement()), (4, Some(2)), "{error}");
    let text = error.to_string();
    assert!(text.contains("--> migrations/2_b.sql:4:"), "{text}");
    assert!(text.contains("4 | /* ∑ */ INSERT INTO nowhere VALUES (1);"), "{text}");
}

pub(super) fn a_fixed_file_is_applied<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    let broken = set(&[("1_a.sql", "CREATE TABLE a (id int);"), ("2_b.sql", "INSERT INTO b VALUES (1);")]);
    run::<D>(&mut client, &broken).unwrap_err();
    let mended = set(&[("1_a.sql", "CREATE TABLE a (id int);"), ("2_b.sql", "INSERT INTO a VALUES (1);")]);
    assert_eq!(versions(run::<D>(&mut client, &mended).unwrap().applied()), [2]);
}

pub(super) fn a_failed_commit_is_the_migrations_failure<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    let refers = format!("CREATE TABLE b (a int, FOREIGN KEY (a) REFERENCES a (id) {});", D::DEFERRED);
    let deferred = set(&[
        ("1_a.sql", "CREATE TABLE a (id int PRIMARY KEY);"),
        ("2_b.sql", &refers),
        ("3_c.sql", "INSERT INTO b VALUES (7);"),
    ]);
    // SQLite needs this to check references; others refuse it as a syntax error.
    let _ = D::sql(&mut client, "PRAGMA foreign_keys = ON");
    let error = run::<D>(&mut client, &deferred).unwrap_err();
    assert_eq!(error.failure().expect("a migration failed").version().number(), 3, "{error}");
    assert_eq!(rows::<D>(&mut client, SET), ["1|a", "2|b"]);
    assert_clean::<D>(&mut client);
}

pub(super) fn a_read_only_connection_boots_when_current<D: Driver>() {
    let driver = D::fresh();
    run::<D>(&mut driver.connect(), &tables(1)).unwrap();
    let mut client = driver.connect();
    rows::<D>(&mut client, D::MAKE_READ_ONLY);
    assert_eq!(run::<D>(&mut client, &tables(1)).unwrap().round_trips(), 1);
    let error = run::<D>(&mut client, &tables(3)).unwrap_err();
    assert!(error.is_read_only(), "{error}");
    assert!(
        error.to_string().starts_with("2 migrations are pending and the database takes no writes"),
        "{error}"
    );
    let fresh = D::fresh();
    let mut client = fresh.connect();
    rows::<D>(&mut client, D::MAKE_READ_ONLY);
    assert!(run::<D>(&mut client, &tables(1)).unwrap_err().is_read_only());
}

pub(super) fn a_transaction_of_the_callers_is_left_alone<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    rows::<D>(&mut client, "CREATE TABLE mine (id int)");
    for tracker in [false, true] {
        rows::<D>(&mut client, "BEGIN");
        rows::<D>(&mut client, "INSERT INTO mine VALUES (1)");
        let error = run::<D>(&mut client, &tables(1)).unwrap_err();
        assert!(error.is_usage(), "tracker: {tracker}: {error}");
        assert!(error.to_string().contains("inside of a transaction"), "{error}");
        if tracker {
            rows::<D>(&mut client, "COMMIT");
        } else {
            // Postgres has aborted it when it found no tracker, and rolls it back.
            rows::<D>(&mut client, "ROLLBACK");
            run::<D>(&mut client, &tables(0)).unwrap();
            run::<D>(&mut driver.connect(), &set(&[("9_z.sql", "CREATE TABLE z (id int)")])).unwrap();
        }
    }
    assert_eq!(rows::<D>(&mut client, "SELECT count(*) FROM mine"), ["1"]);
}

/// By the shared rules each of these hides a `COMMIT`, in a name with backquotes or as text; by those of Postgres the
/// first does not, by those of SQLite the second, and by those of MySQL the third.
pub(super) fn a_set_read_by_other_rules_is_read_again<D: Driver>() {
    let set = set(&[
        ("1_a.sql", "SELECT 1 ` 2;\nCOMMIT;\nSELECT 3 ` 4;"),
        ("2_b.sql", "CREATE TABLE [it's] (a int);\nCOMMIT;\nCREATE TABLE [bob's] (a int);"),
        ("3_c.sql", "SELECT 'it\\'';\nCOMMIT;\nSELECT 1 -- '"),
    ]);
    let driver = D::fresh();
    let mut client = driver.connect();
    let error = run::<D>(&mut client, &set).unwrap_err();
    assert!(error.is_refused(), "{error}");
    assert!(error.to_string().contains(".sql:2:1\n  |\n2 | COMMIT;"), "{error}");
}

pub(super) fn a_set_for_other_databases_is_refused<D: Driver>() {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir(root.path().join("m")).unwrap();
    std::fs::write(root.path().join("m/1_a.sql"), "CREATE TABLE a (id int);").unwrap();
    let pattern = gapless::Pattern::new("m").unwrap();
    let foreign = gapless::MigrationSet::scan(root.path(), &[pattern], D::FOREIGN.0).unwrap();
    let driver = D::fresh();
    let mut client = driver.connect();
    let error = run::<D>(&mut client, &foreign).unwrap_err();
    let said = error.to_string();
    let told = format!("the migrations are for {}, as their `dialect` says, and this", D::FOREIGN.1);
    assert!(said.starts_with(&told), "{said}");
    assert!(error.is_usage(), "{error}");
    for table in ["a", "applied_migrations"] {
        assert!(D::sql(&mut client, &format!("SELECT * FROM {table}")).is_err(), "{table}");
    }
}

pub(super) fn a_script_that_removes_its_record_fails<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    let eraser =
        set(&[("1_a.sql", "CREATE TABLE a (id int);"), ("2_b.sql", "DELETE FROM applied_migrations;")]);
    let error = run::<D>(&mut client, &eraser).unwrap_err();
    assert!(error.to_string().contains("removed its own row"), "{error}");
    assert_eq!(error.failure().unwrap().version().number(), 2);
    assert_eq!(rows::<D>(&mut client, SET), ["1|a"]);
    assert_clean::<D>(&mut client);
}

/// Names that SQLite quotes otherwise, so that statements are counted otherwise.
pub(super) fn a_recorded_migration_is_not_blamed<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    let odd = set(&[
        ("1_a.sql", "CREATE TABLE a (id int PRIMARY KEY)"),
        ("2_b.sql", "SELECT 1 AS \"a;b;c;d;e;f\""),
        ("3_c.sql", "CREATE TABLE c (id int)"),
        ("4_d.sql", "INSERT INTO a VALUES (1), (1)"),
    ]);
    let error = run::<D>(&mut client, &odd).unwrap_err();
    assert_eq!(error.failure().unwrap().version().number(), 4, "{error}");
    assert_eq!(versions(error.applied()), [1, 2, 3]);
}

/// The one who failed keeps its connection; nobody waits for it.
pub(super) fn a_failure_gives_the_lock_back<D: Driver>() {
    let driver = D::fresh();
    let mut failed = driver.connect();
    let broken =
        set(&[("1_a.sql", "CREATE TABLE a (id int);"), ("2_b.sql", "INSERT INTO nowhere VALUES (1);")]);
    run::<D>(&mut failed, &broken).unwrap_err();
    let mended = set(&[("1_a.sql", "CREATE TABLE a (id int);"), ("2_b.sql", "INSERT INTO a VALUES (1);")]);
    let runner = mended.runner().lock_wait(std::time::Duration::ZERO);
    assert_eq!(versions(D::run(&mut driver.connect(), runner).unwrap().applied()), [2]);
    drop(failed);
}
