//! Scripts that change their session: the run restores the state, or reports that it cannot.

use std::time::Duration;

use gapless::engine::{Dialect, ResultSet};
use gapless::{Connection, ExchangeError, Locking};
use gapless_tests::cluster::cluster;
use gapless_tests::server::Server;
use gapless_tests::set::{set, tables};
use postgres::Client;

fn text(client: &mut Client, sql: &str) -> String {
    client.query_one(sql, &[]).unwrap().get(0)
}

#[test]
fn a_script_leaves_no_prepared_statement_and_no_cursor_to_the_next() {
    let mut client = cluster().database().connect();
    client.batch_execute("PREPARE of_the_application AS SELECT 1; BEGIN; DECLARE own CURSOR WITH HOLD FOR SELECT 1; COMMIT").unwrap();
    let prepares = "PREPARE p AS SELECT 1; EXECUTE p;";
    let declares = "DECLARE c CURSOR WITH HOLD FOR SELECT 1; FETCH c;";
    let sets = "SET search_path = nowhere; PREPARE \"q Q\" AS SELECT 1;";
    let all = set(&[
        ("1_a.sql", prepares),
        ("2_a.sql", prepares),
        ("3_a.sql", declares),
        ("4_a.sql", declares),
        ("5_a.sql", sets),
        ("6_a.sql", sets),
    ]);
    assert_eq!(all.runner().run(&mut client).unwrap().applied().len(), 6);
    let left = "SELECT (SELECT string_agg(name, ' ') FROM pg_prepared_statements WHERE from_sql) || ' ' || \
                (SELECT string_agg(name, ' ') FROM pg_cursors WHERE is_holdable)";
    assert_eq!(text(&mut client, left), "of_the_application own");
}

#[test]
fn temporary_buffers_are_left_as_they_are() {
    let mut client = cluster().database().connect();
    let buffers =
        "SET LOCAL temp_buffers = '16MB'; CREATE TEMPORARY TABLE t (id int); INSERT INTO t VALUES (1);";
    let all = set(&[("1_a.sql", buffers), ("2_b.sql", "SELECT 1;")]);
    assert_eq!(all.runner().run(&mut client).unwrap().applied().len(), 2);
    assert_eq!(text(&mut client, "SHOW temp_buffers"), "8MB");
}

#[test]
fn a_lost_lock_is_blamed_on_the_migration_that_lost_it() {
    let unlock = "SELECT pg_advisory_unlock_all();";
    for (script, told) in [
        (unlock, "pg_advisory_unlock_all in migrations/1_a.sql has given it up"),
        (
            "DO 'BEGIN EXECUTE ''SELECT pg_advisory_'' || ''unlock_all()''; END';",
            "the session has given up its locks",
        ),
    ] {
        let mut client = cluster().database().connect();
        let report = set(&[("1_a.sql", script)]).runner().run(&mut client).unwrap();
        assert!(report.warnings().iter().any(|one| one.contains(told)), "{told}: {report}");
        assert!(!report.warnings().iter().any(|one| one.contains("pooler")), "{report}");
    }
}

/// Another runner records the second of two in the moment before both are sent.
struct Overtaken<'a> {
    client: Client,
    other: Option<&'a mut Client>,
}

impl Connection for Overtaken<'_> {
    fn dialect(&self) -> &'static dyn Dialect {
        self.client.dialect()
    }

    fn exchange(&mut self, message: &str) -> Result<Vec<ResultSet>, ExchangeError> {
        if message.contains("-- gapless: applying 2")
            && let Some(other) = self.other.take()
        {
            let row = "INSERT INTO applied_migrations SELECT 3, 't3', now(), NULL; \
                       INSERT INTO applied_migrations_journal (version, name, event) VALUES (3, 't3', 'applied')";
            other.batch_execute(row).unwrap();
        }
        self.client.exchange(message)
    }
}

#[test]
fn reported_migrations_outlive_a_crash() {
    let server = Server::start_new();
    let database = server.database("crash", true);
    let mut other = database.connect();
    // Nobody but a durable commit flushes the log.
    other.batch_execute("ALTER SYSTEM SET wal_writer_delay = '10s'").unwrap();
    other.batch_execute("SELECT pg_reload_conf()").unwrap();
    std::thread::sleep(Duration::from_millis(500));
    tables(1).runner().run(&mut other).unwrap();
    let mut client = Overtaken { client: database.connect(), other: Some(&mut other) };
    let report = tables(3).runner().locking(Locking::None).run(&mut client).unwrap();
    assert_eq!(report.applied().len(), 1, "{report}");
    server.stop_immediately();
    server.start();
    let there = "SELECT concat(to_regclass('t2'), (SELECT name FROM applied_migrations WHERE version = 2))";
    assert_eq!(text(&mut database.connect(), there), "t2t2");
}
