//! Scripts that end their transaction in a way that the lexer cannot see: the server reveals it.

use gapless::engine::{Dialect, ResultSet};
use gapless::{Code, Connection, Error, ExchangeError, Locking, MigrationSet, Rollback, Version};
use gapless_tests::cluster::cluster;
use gapless_tests::set::set;
use postgres::Client;

/// Runs what the scripts hide in `/*~ ... ~*/`, as a server does that reads them otherwise than the build did.
struct Revealing<C>(C);

impl<C: Connection> Connection for Revealing<C> {
    fn dialect(&self) -> &'static dyn Dialect {
        self.0.dialect()
    }

    fn exchange(&mut self, message: &str) -> Result<Vec<ResultSet>, ExchangeError> {
        self.0.exchange(&message.replace("/*~", "   ").replace("~*/", "   "))
    }
}

/// A hidden piece of a script, and whether the record is kept.
const HIDDEN: [(&str, bool); 7] = [
    ("COMMIT;", true),
    ("COMMIT; BEGIN;", true),
    ("COMMIT; SELECT 1/0;", true),
    ("COMMIT; BEGIN; SELECT 1/0;", true),
    ("COMMIT; BEGIN; INSERT INTO b VALUES (1);", true),
    ("ROLLBACK;", false),
    ("ROLLBACK; BEGIN;", false),
];

fn hiding(hidden: &str) -> MigrationSet {
    let script = format!("INSERT INTO b VALUES (7); /*~ {hidden} ~*/");
    set(&[
        ("1_a.sql", "CREATE TABLE a (id int);"),
        ("2_b.sql", "CREATE TABLE b (id int NOT NULL);"),
        ("3_hides.sql", &script),
        ("4_c.sql", "CREATE TABLE c (id int);"),
    ])
}

fn assert_said(error: &Error, kept: bool, context: &str) {
    let failure = error.failure().unwrap_or_else(|| panic!("{context}: {error}"));
    assert_eq!(failure.path(), "migrations/3_hides.sql", "{context}: {error}");
    assert_eq!(error.applied().len(), 2, "{context}: {error}");
    let told = if kept { "is committed, and so is its record" } else { "may be committed" };
    assert!(error.to_string().contains(told), "{context}: {error}");
    assert!(!error.to_string().contains("it was rolled back"), "{context}: {error}");
}

fn text(client: &mut Client, sql: &str) -> String {
    client.query_one(sql, &[]).unwrap().get::<_, Option<String>>(0).unwrap_or_default()
}

const SET: &str = "SELECT string_agg(version::text, ' ' ORDER BY version) FROM applied_migrations";

#[test]
fn a_script_that_ends_its_transaction_is_an_error_on_postgres() {
    for locking in [Locking::Session, Locking::Transaction, Locking::None] {
        for (hidden, kept) in HIDDEN {
            let mut client = Revealing(cluster().database().connect());
            let error = hiding(hidden).runner().locking(locking).run(&mut client).unwrap_err();
            assert_said(&error, kept, hidden);
            assert_eq!(text(&mut client.0, SET), if kept { "1 2 3" } else { "1 2" }, "{hidden}");
            let events =
                "SELECT string_agg(version || event, ' ' ORDER BY id) FROM applied_migrations_journal";
            assert_eq!(text(&mut client.0, events), "1applied 2applied 3interrupted", "{hidden}");
            let locks =
                "SELECT count(*)::text FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()";
            assert_eq!(text(&mut client.0, locks), "0", "{hidden}");
        }
    }
}

/// Only what was refused may be tried again, and this was not.
#[test]
fn a_transaction_that_ended_is_not_tried_again() {
    for code in ["40P01", "55P03", "40001"] {
        let hidden = format!("COMMIT; DO $$BEGIN RAISE EXCEPTION USING ERRCODE = '{code}'; END$$;");
        let mut client = Revealing(cluster().database().connect());
        let error = hiding(&hidden).runner().run(&mut client).unwrap_err();
        assert_said(&error, true, code);
        assert_eq!(text(&mut client.0, "SELECT count(*)::text FROM b"), "1");
    }
}

#[test]
fn a_script_that_ends_its_transaction_is_an_error_on_sqlite() {
    for (hidden, kept) in HIDDEN {
        // There a division by zero is NULL.
        let hidden = hidden.replace("SELECT 1/0", "INSERT INTO b VALUES (NULL)");
        let mut client = Revealing(rusqlite::Connection::open_in_memory().unwrap());
        let error = hiding(&hidden).runner().run(&mut client).unwrap_err();
        assert_said(&error, kept, &hidden);
        let value = |sql: &str| client.0.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap();
        let versions = value("SELECT group_concat(version, ' ') FROM applied_migrations");
        assert_eq!(versions, if kept { "1 2 3" } else { "1 2" }, "{hidden}");
        assert!(client.0.is_autocommit(), "{hidden}");
    }
}

#[test]
fn a_down_script_that_ends_its_transaction_is_an_error() {
    for hidden in ["COMMIT;", "COMMIT; BEGIN;", "ROLLBACK;", "ROLLBACK; BEGIN;"] {
        let down = format!("DROP TABLE b; /*~ {hidden} ~*/");
        let all = set(&[("1_b.up.sql", "CREATE TABLE b (id int);"), ("1_b.down.sql", &down)]);
        let mut client = Revealing(cluster().database().connect());
        all.runner().run(&mut client).unwrap();
        let error = all.runner().rollback(Rollback::steps(1), &mut client).unwrap_err();
        let mut lite = Revealing(rusqlite::Connection::open_in_memory().unwrap());
        all.runner().run(&mut lite).unwrap();
        let on_sqlite = all.runner().rollback(Rollback::steps(1), &mut lite).unwrap_err();
        for error in [error, on_sqlite] {
            assert_eq!(error.failure().unwrap().path(), "migrations/1_b.down.sql", "{hidden}: {error}");
            assert!(error.rolled_back().is_empty(), "{hidden}: {error}");
            assert!(error.to_string().contains("ended inside of its script"), "{hidden}: {error}");
        }
    }
}

#[test]
fn a_dry_run_reports_what_it_could_not_roll_back() {
    for hidden in ["COMMIT;", "COMMIT; BEGIN;", "COMMIT; BEGIN; SAVEPOINT gapless;"] {
        let mut client = Revealing(cluster().database().connect());
        let error = hiding(hidden).runner().dry_run(&mut client).unwrap_err();
        let mut lite = Revealing(rusqlite::Connection::open_in_memory().unwrap());
        let on_sqlite = hiding(hidden).runner().dry_run(&mut lite).unwrap_err();
        for error in [error, on_sqlite] {
            assert_eq!(error.failure().unwrap().path(), "migrations/3_hides.sql", "{hidden}: {error}");
            assert!(error.to_string().contains("ended inside of its script"), "{hidden}: {error}");
        }
    }
}

#[test]
fn code_on_sqlite_that_begins_another_transaction_is_found_out() {
    let all = set(&[("1_a.sql", "CREATE TABLE a (id int);"), ("2_fill.sql", "-- gapless: rust\n")]);
    let mut client = rusqlite::Connection::open_in_memory().unwrap();
    let code = Code::rusqlite(|transaction| {
        transaction.execute_batch("COMMIT; BEGIN")?;
        Ok(())
    });
    let error = all.runner().code(Version::from(2), code).run(&mut client).unwrap_err();
    assert!(error.to_string().contains("the code has ended the migration's transaction"), "{error}");
}

/// Pieces that touch the transaction and the tracker without ending the transaction.
#[test]
fn scripts_that_only_seem_to_end_their_transaction_run() {
    for script in [
        "SAVEPOINT s; INSERT INTO b VALUES (1); ROLLBACK TO s;",
        "SAVEPOINT s; INSERT INTO b VALUES (1); RELEASE s;",
        "SAVEPOINT s;",
        "SELECT count(*) FROM applied_migrations;",
    ] {
        let all = hiding("");
        let all: Vec<_> =
            all.migrations().iter().filter(|one| one.version() < Version::from(3)).cloned().collect();
        let earlier = MigrationSet::new(all).unwrap();
        let later = set(&[
            ("1_a.sql", "CREATE TABLE a (id int);"),
            ("2_b.sql", "CREATE TABLE b (id int NOT NULL);"),
            ("3_s.sql", script),
        ]);
        let mut client = cluster().database().connect();
        let mut lite = rusqlite::Connection::open_in_memory().unwrap();
        for all in [&earlier, &later] {
            all.runner().run(&mut client).unwrap_or_else(|error| panic!("{script}: {error}"));
            all.runner().run(&mut lite).unwrap_or_else(|error| panic!("{script}: {error}"));
        }
    }
    let mut client = cluster().database().connect();
    let vacuumed = "ALTER TABLE applied_migrations ADD COLUMN note text DEFAULT clock_timestamp()::text;";
    set(&[("1_a.sql", vacuumed)]).runner().run(&mut client).unwrap();
}
