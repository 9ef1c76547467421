//! Where a cancelled run stops: before the next migration, before the next step, and what of it stays in doubt.

use std::thread;

use gapless::engine::{Dialect, ResultSet};
use gapless::{CancellationToken, Connection, ExchangeError, LogEvent};
use gapless_tests::cancelled::{SLEEPS, await_event};
use gapless_tests::cluster::cluster;
use gapless_tests::killed::value;
use gapless_tests::set::set;
use postgres::{Client, NoTls};

#[test]
fn the_first_migration_of_a_fresh_database_is_named_and_journaled() {
    let database = cluster().database();
    let all =
        set(&[("1_slow.sql", "CREATE TABLE a (id int); SELECT pg_sleep(60);"), ("2_b.sql", "SELECT 1;")]);
    let token = CancellationToken::new();
    let mut client = database.connect();
    let server = client.cancel_token();
    token.on_cancel(move || server.cancel_query(NoTls).unwrap());
    let error = thread::scope(|scope| {
        let run = scope.spawn(|| all.runner().cancel_on(&token).run(&mut client).unwrap_err());
        await_event(&database, SLEEPS);
        token.cancel();
        run.join().unwrap()
    });
    assert!(error.is_cancelled(), "{error}");
    assert_eq!(error.failure().map(|failure| failure.version().number()), Some(1), "{error}");
    let log = all.runner().log(&mut client).unwrap();
    let [failed] = log.entries() else { panic!("{log}") };
    assert_eq!(failed.event(), &LogEvent::Failed);
}

#[test]
fn no_other_migration_begins_after_the_last_step_of_one() {
    let database = cluster().database();
    let all = set(&[
        ("1_a.sql", "-- gapless: no-transaction\nSELECT pg_sleep(0.5);"),
        ("2_b.sql", "CREATE TABLE b (id int);"),
    ]);
    let token = CancellationToken::new();
    let error = thread::scope(|scope| {
        let run = scope.spawn(|| all.runner().cancel_on(&token).run(&mut database.connect()).unwrap_err());
        await_event(&database, SLEEPS);
        token.cancel();
        run.join().unwrap()
    });
    assert!(error.is_cancelled() && error.failure().is_none(), "{error}");
    let said = error.to_string();
    assert!(said.starts_with("cancelled before migration 2 `b`\nhelp: run again to go on\n"), "{said}");
    assert!(said.ends_with("note: version 1 was applied before and stays applied"), "{said}");
    assert_eq!(value(&mut database.connect(), "SELECT to_regclass('b')::text"), "");
}

/// Loses the connection after an index was built, or cancels before it sends a message with these words.
struct Meddling<'t> {
    client: Client,
    loses: bool,
    cancels: Option<(&'static str, &'t CancellationToken)>,
}

impl Connection for Meddling<'_> {
    fn dialect(&self) -> &'static dyn Dialect {
        Connection::dialect(&self.client)
    }

    fn exchange(&mut self, message: &str) -> Result<Vec<ResultSet>, ExchangeError> {
        if let Some((_, token)) = self.cancels.filter(|(words, _)| message.contains(words)) {
            token.cancel();
        }
        let answer = self.client.exchange(message);
        if self.loses && message.starts_with("CREATE INDEX CONCURRENTLY") {
            return Err(ExchangeError::Lost("gone".into()));
        }
        answer
    }
}

#[test]
fn a_step_that_was_in_doubt_stays_in_doubt_if_it_is_not_sent() {
    let database = cluster().database();
    database.connect().batch_execute("CREATE TABLE a (id int)").unwrap();
    let all = set(&[("1_i.sql", "-- gapless: no-transaction\nCREATE INDEX CONCURRENTLY a_id ON a (id);")]);
    let mut lost = Meddling { client: database.connect(), loses: true, cancels: None };
    assert!(all.runner().run(&mut lost).unwrap_err().is_connection());
    drop(lost);
    let token = CancellationToken::new();
    let cancels = Some(("'started'", &token));
    let mut cancelled = Meddling { client: database.connect(), loses: false, cancels };
    let error = all.runner().cancel_on(&token).run(&mut cancelled).unwrap_err();
    assert!(error.is_cancelled() && error.failure().is_some(), "{error}");
    // The index is there, and must not be built once more.
    let report = all.runner().run(&mut cancelled.client).unwrap();
    assert_eq!(report.applied().len(), 1);
    let log = all.runner().log(&mut cancelled.client).unwrap();
    assert!(log.entries().iter().all(|entry| *entry.event() != LogEvent::Failed), "{log}");
}
