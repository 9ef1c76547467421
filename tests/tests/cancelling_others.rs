//! Runs over SQLite and over an asynchronous client that their programs cancel.

use std::thread;
use std::time::{Duration, Instant};

use gapless::{CancellationToken, Error, MigrationSet, Runner};
use gapless_tests::cancelled::{SLEEP, SLEEPS, applied, await_event, slow_third};
use gapless_tests::cluster::{Database, cluster};
use gapless_tests::set::tables;

/// Runs until SQLite is interrupted.
const ENDLESS: &str =
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n;";

fn interrupted(path: &std::path::Path, runner: Runner<'_>) -> Error {
    let token = CancellationToken::new();
    thread::scope(|scope| {
        let ours = token.clone();
        let run = scope.spawn(move || {
            let mut client = rusqlite::Connection::open(path).unwrap();
            let handle = client.get_interrupt_handle();
            ours.on_cancel(move || handle.interrupt());
            runner.cancel_on(&ours).run(&mut client).unwrap_err()
        });
        thread::sleep(Duration::from_millis(300));
        // The first may come too early.
        while !run.is_finished() {
            token.cancel();
            thread::sleep(Duration::from_millis(100));
        }
        run.join().unwrap()
    })
}

#[test]
fn sqlite_is_interrupted_in_a_batch_and_in_a_step() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.db");
    let slow = slow_third(&format!("INSERT INTO a VALUES (1);\n{ENDLESS}"));
    let error = interrupted(&path, slow.runner());
    assert!(error.is_cancelled() && applied(&error) == [1, 2], "{error}");
    assert_eq!(error.failure().unwrap().statement(), Some(2));
    let steps = slow_third(&format!("-- gapless: no-transaction\nINSERT INTO a VALUES (1);\n{ENDLESS}"));
    let error = interrupted(&path, steps.runner());
    assert!(error.is_cancelled() && error.applied().is_empty(), "{error}");
    assert_eq!(error.failure().unwrap().statement(), Some(2));
    let mut client = rusqlite::Connection::open(&path).unwrap();
    assert!(client.is_autocommit());
    let steps = slow_third("-- gapless: no-transaction\nINSERT INTO a VALUES (1);\nSELECT 1;");
    assert_eq!(steps.runner().run(&mut client).unwrap().applied().len(), 3);
    assert_eq!(client.query_row("SELECT count(*) FROM a", [], |row| row.get::<_, i64>(0)).unwrap(), 1);
}

#[test]
fn waiting_for_a_busy_sqlite_ends_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.db");
    let writer = rusqlite::Connection::open(&path).unwrap();
    writer.execute_batch("BEGIN EXCLUSIVE; CREATE TABLE other (id int)").unwrap();
    let token = CancellationToken::new();
    let error = thread::scope(|scope| {
        let run = scope.spawn(|| {
            let mut client = rusqlite::Connection::open(&path).unwrap();
            client.busy_timeout(Duration::ZERO).unwrap();
            tables(1).runner().cancel_on(&token).run(&mut client).unwrap_err()
        });
        thread::sleep(Duration::from_millis(500));
        let begun = Instant::now();
        token.cancel();
        let error = run.join().unwrap();
        assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
        error
    });
    assert!(error.is_cancelled(), "{error}");
    assert!(error.to_string().starts_with("cancelled while waiting for the database: "), "{error}");
}

#[test]
fn an_asynchronous_run_is_cancelled_in_a_batch_in_a_step_and_while_it_waits() {
    let database = cluster().database();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let run = |all: MigrationSet, await_it: Box<dyn FnOnce() + Send>| {
        runtime.block_on(async {
            let (mut client, connection) =
                tokio_postgres::connect(&database.url(), tokio_postgres::NoTls).await.unwrap();
            tokio::spawn(connection);
            let token = CancellationToken::new();
            let (server, handle) = (client.cancel_token(), tokio::runtime::Handle::current());
            token.on_cancel(move || {
                let server = server.clone();
                handle.spawn(async move { server.cancel_query(tokio_postgres::NoTls).await.unwrap() });
            });
            let ours = token.clone();
            let cancels = tokio::task::spawn_blocking(move || {
                await_it();
                ours.cancel();
                Instant::now()
            });
            let error = all.runner().cancel_on(&token).run_async(&mut client).await.unwrap_err();
            let ended = Instant::now();
            (error, ended.saturating_duration_since(cancels.await.unwrap()))
        })
    };
    let awaits = |database: &Database| {
        let database = database.clone();
        Box::new(move || await_event(&database, SLEEPS))
    };
    let (error, _) = run(slow_third(SLEEP), awaits(&database));
    assert!(error.is_cancelled() && applied(&error) == [1, 2], "{error}");
    assert_eq!(error.failure().unwrap().statement(), Some(3));
    let steps = slow_third("-- gapless: no-transaction\nSELECT 1;\nSELECT pg_sleep(60);");
    const WHOLE: &str = "-- gapless: no-transaction\nSELECT 1;\nSELECT 2;";
    let (error, _) = run(steps, awaits(&database));
    assert!(error.is_cancelled() && error.applied().is_empty(), "{error}");
    let mut holder = database.connect();
    holder.batch_execute("SELECT pg_advisory_lock(6004593293802252145)").unwrap();
    let waits = Box::new(|| thread::sleep(Duration::from_millis(2_500)));
    let (error, took) = run(slow_third(WHOLE), waits);
    assert!(error.is_cancelled() && took < Duration::from_millis(400), "{took:?}: {error}");
    drop(holder);
    let mut client = database.connect();
    assert_eq!(slow_third(WHOLE).runner().run(&mut client).unwrap().applied().len(), 3);
}
